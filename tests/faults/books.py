"""The checker's arithmetic: what clients were told, what lies in topics and tables, and whether the one follows from the other.
Pure: records and rows are put in, a Verdict comes out. Nothing here asks Loom.

    books.offered / accepted       what the client did and was told
    books.record / row             what was found
    books.verdict(identities)      lost, duplicated, out of order among these"""
import collections, dataclasses


@dataclasses.dataclass(frozen=True)
class Route:
    """Where a message type goes: its entry topic, the stage's output (or None), its table."""
    entry: str
    output: str | None
    table: str

    @property
    def last_topic(self):
        return self.output or self.entry


@dataclasses.dataclass
class Sent:
    kind: str
    device: str
    n: int
    offered_at: float
    accepted_at: float = 0.0


@dataclasses.dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    key: bytes | None
    identity: str
    part: str = ""
    origin: str = ""  # of a dead letter or a drop: topic:partition:offset


@dataclasses.dataclass(frozen=True)
class Row:
    table: str
    identity: str
    part: str
    device: str
    n: int
    landed: float    # when its transaction began
    seen: float = 0  # when the checker saw it first


@dataclasses.dataclass
class Verdict:
    accepted: int = 0
    rows: int = 0
    dead: int = 0
    lost: list = dataclasses.field(default_factory=list)
    duplicated: list = dataclasses.field(default_factory=list)
    out_of_order: list = dataclasses.field(default_factory=list)

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    @property
    def holds(self):
        return not (self.lost or self.duplicated or self.out_of_order)


class Books:
    def __init__(self, routes):
        self.routes = routes                                  # kind → Route
        self.sent, self.told = {}, []                         # identity → Sent; (identity, topic, partition, offset)
        self.offered = []                                     # identities in their order
        self.at = {}                                          # (topic, partition, offset) → identity
        self.first = collections.defaultdict(dict)            # topic → identity → Record of its first appearance
        self.appeared = collections.defaultdict(list)         # topic → those Records in the order of their partitions
        self.moved = set()                                    # sent again after partitions were added: which was first is not known
        self.ends = collections.defaultdict(list)             # identity → rows and origins of dead letters, drops
        self.rows_of = collections.defaultdict(list)          # identity → [Row]

    # --- what the client did and was told ---

    def offer(self, identity, sent):
        self.sent[identity] = sent
        self.offered.append(identity)

    def accept(self, identity, topic, partition, offset, now):
        self.told.append((identity, topic, partition, offset))
        if not self.sent[identity].accepted_at:
            self.sent[identity].accepted_at = now

    # --- what was found ---

    def record(self, record):
        """Records of one partition come in their order."""
        self.at[record.topic, record.partition, record.offset] = record.identity
        if record.origin:
            self.ends[record.identity].append((record.topic, record.origin, record.part))
        elif not (first := self.first[record.topic].get(record.identity)):
            self.first[record.topic][record.identity] = record
            self.appeared[record.topic].append(record)
        elif first.partition != record.partition:
            self.moved.add((record.topic, record.identity))

    def row(self, row):
        self.rows_of[row.identity].append(row)
        self.ends[row.identity].append((row.table, row, row.part))

    def missing(self, identities):
        """Accepted, and not yet ended as row, dead letter or drop."""
        return [identity for identity in identities if not self.ends.get(identity)]

    # --- the verdict ---

    def verdict(self, identities, told=None, after=None):
        """`told`: the receipts to prove (default all). `after`: an Order that has seen earlier verdicts; default a fresh one."""
        result = Verdict(accepted=len(identities))
        for identity in identities:
            self._judge(identity, result)
        for identity, topic, partition, offset in self.told if told is None else told:
            if self.at.get((topic, partition, offset)) != identity:
                result.lost.append(f"{identity}: acknowledged as {topic}:{partition}:{offset}, which holds {self.at.get((topic, partition, offset))}")
        for found in list(self.rows_of) if after is None else []:
            if found not in self.sent:
                result.duplicated.append(f"{found}: a row that nobody sent")
        (after or Order(self, is_final=True)).advance(result.out_of_order)
        return result

    def _judge(self, identity, result):
        sent, rows, ends = self.sent[identity], self.rows_of.get(identity, []), self.ends.get(identity, [])
        route = self.routes[sent.kind]
        result.rows += len(rows)
        result.dead += len(ends) - len(rows)
        if not ends:
            where = [topic for topic in (route.entry, route.output) if topic and identity in self.first[topic]]
            result.lost.append(f"{identity} ({sent.kind} n={sent.n}): no row, no dead letter; seen in {where or 'no topic'}")
        elif rows and identity not in self.first[route.last_topic]:
            result.lost.append(f"{identity}: its row exists, but it is not in {route.last_topic}")
        if len(rows) > 1 or len(ends) != len(set((place, origin if isinstance(origin, str) else "", part) for place, origin, part in ends)):
            result.duplicated.append(f"{identity} ({sent.kind} n={sent.n}): ended as {ends}")
        elif rows and len(ends) > 1:
            result.duplicated.append(f"{identity} ({sent.kind} n={sent.n}): a row, and {ends[1:]}")
        for row in rows:
            if (row.table, row.device, row.n) != (route.table, sent.device, sent.n):
                result.lost.append(f"{identity}: sent as {sent}, stored as {row}")


class Order:
    """Per partition and key: first appearances in an output follow first appearances in the input. Goes on where it stopped:
    before the first record that has not ended yet, unless it is the final one."""

    def __init__(self, books, is_final=False):
        self.books, self.is_final, self.done = books, is_final, collections.Counter()
        self.last = {}  # (output, its partition, input partition, key) → (input offset, identity)

    def advance(self, found):
        for route in self.books.routes.values():
            if route.output:
                self._topic(route, found)
            self._table(route, found)

    def _topic(self, route, found):
        appeared, inputs = self.books.appeared[route.output], self.books.first[route.entry]
        for record in appeared[self.done[route.output]:]:
            source = inputs.get(record.identity)
            if source and not self.books.moved & {(route.entry, record.identity), (route.output, record.identity)}:
                self._follow((route.output, record.partition, source.partition, source.key), (source.offset,), record.identity, found)
        self.done[route.output] = len(appeared)

    def _table(self, route, found):
        """A transaction's rows have no order among themselves: those of a later record may not begin earlier."""
        appeared = self.books.appeared[route.last_topic]
        for record in appeared[self.done[route.table]:]:
            if not self.books.ends.get(record.identity) and not self.is_final:
                break
            rows = self.books.rows_of.get(record.identity)
            if rows and (route.last_topic, record.identity) not in self.books.moved:
                self._follow((route.table, record.partition, record.key), (rows[0].landed,), record.identity, found)
            self.done[route.table] += 1

    def _follow(self, place, now, identity, found):
        before = self.last.get(place)
        if before and before[0] > now:
            found.append(f"{identity} after {before[1]} in {place}")
        else:
            self.last[place] = (now, identity)
