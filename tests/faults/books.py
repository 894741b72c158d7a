"""The checker's arithmetic: what clients were told, what lies in topics and tables, and whether the one follows from the other.
Pure: records and rows are put in, a Verdict comes out. Nothing here asks Loom.

    books.offered / accepted       what the client did and was told
    books.record / row             what was found
    books.verdict(identities)      lost, duplicated, out of order among these"""
import collections, dataclasses
from typing import Any

PADDING = 0.1  # seconds that two outputs of a device may share


@dataclasses.dataclass(frozen=True)
class Route:
    """Where a message type goes: its entry topic, the stage's output (or None), its table. joins: several messages may end
    in one, which names them, and one may end in several, its parts."""
    entry: str
    output: str | None
    table: str
    joins: bool = False

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
    answer: Any = None      # what its stage must make of it; None: not compared
    may_drop: bool = False  # there is nothing in it


@dataclasses.dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    key: bytes | None
    identity: str
    part: str = ""
    origin: str = ""  # of a dead letter or a drop: topic:partition:offset
    sources: tuple = ()  # of a joined output: the identities in it
    span: tuple = ()     # of a joined output: device, begin, end (event time, seconds)
    answer: Any = None   # what the stage made of it


@dataclasses.dataclass(frozen=True)
class Row:
    table: str
    identity: str
    part: str
    device: str
    n: int
    landed: float    # what orders it: when its transaction began, or its place
    seen: float = 0  # when the checker saw it first


@dataclasses.dataclass
class Verdict:
    accepted: int = 0
    rows: int = 0
    dropped: int = 0
    given_up: list = dataclasses.field(default_factory=list)  # dead letters and drops of what nothing was wrong with
    lost: list = dataclasses.field(default_factory=list)
    duplicated: list = dataclasses.field(default_factory=list)
    out_of_order: list = dataclasses.field(default_factory=list)

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    @property
    def holds(self):
        return not (self.given_up or self.lost or self.duplicated or self.out_of_order)


def distinct(ends):
    return len({(place, how if isinstance(how, str) else "", part) for place, how, part in ends})


class Books:
    def __init__(self, routes):
        self.routes = routes                                  # kind → Route
        self.sent, self.told = {}, []                         # identity → Sent; (identity, topic, partition, offset, reply)
        self.offered = []                                     # identities in their order
        self.at = {}                                          # (topic, partition, offset) → identity
        self.first = collections.defaultdict(dict)            # topic → identity → Record of its first appearance
        self.appeared = collections.defaultdict(list)         # topic → those Records in the order of their partitions
        self.moved = set()                                    # sent again after partitions were added: which was first is not known
        self.ends = collections.defaultdict(list)             # identity → rows and origins of dead letters, drops
        self.rows_of = collections.defaultdict(list)          # identity → [Row]
        self.spans = {}                                       # (identity, part) of a joined output → its span

    # --- what the client did and was told ---

    def offer(self, identity, sent):
        self.sent[identity] = sent
        self.offered.append(identity)

    def accept(self, identity, topic, partition, offset, now, reply=None):
        """`reply`: which one of the API's named it; one reply names messages in the order in which they were sent."""
        self.told.append((identity, topic, partition, offset, reply))
        if not self.sent[identity].accepted_at:
            self.sent[identity].accepted_at = now

    # --- what was found ---

    def record(self, record):
        """Records of one partition come in their order."""
        self.at[record.topic, record.partition, record.offset] = record.identity
        if record.origin:
            end = (record.topic, record.origin, record.part)
            if end not in self.ends[record.identity]:  # it counts once per group and origin, as often as it was written
                self.ends[record.identity].append(end)
        elif not (first := self.first[record.topic].get(record.identity)):
            self.first[record.topic][record.identity] = record
            self.appeared[record.topic].append(record)
        elif first.partition != record.partition:
            self.moved.add((record.topic, record.identity))
        if record.span and (record.identity, record.part) not in self.spans:
            self.spans[record.identity, record.part] = record.span
            for source in record.sources:
                self.ends[source].append((record.topic, "joined", record.identity + record.part))

    def row(self, row):
        self.rows_of[row.identity].append(row)
        self.ends[row.identity].append((row.table, row, row.part))

    def missing(self, identities):
        """Accepted, and not yet ended as row, dead letter or drop."""
        return [identity for identity in identities if not self.ends.get(identity)]

    def without_row(self):
        """Joined outputs that are not in their table (yet)."""
        return [(identity, part) for identity, part in list(self.spans) if part not in [row.part for row in self.rows_of.get(identity, [])]]

    # --- the verdict ---

    def verdict(self, identities, told=None, after=None):
        """`told`: the receipts to prove (default all). `after`: an Order that has seen earlier verdicts; default a fresh one."""
        result = Verdict(accepted=len(identities))
        for identity in identities:
            self._judge(identity, result)
        told = self.told if told is None else told
        for identity, topic, partition, offset, _ in told:
            if self.at.get((topic, partition, offset)) != identity:
                result.lost.append(f"{identity}: acknowledged as {topic}:{partition}:{offset}, which holds {self.at.get((topic, partition, offset))}")
        self._judge_replies(told, result)
        for found in list(self.rows_of) if after is None else []:
            if found not in self.sent:
                result.duplicated.append(f"{found}: a row that nobody sent")
        if after is None:
            self._judge_joined(result)
        (after or Order(self, is_final=True)).advance(result.out_of_order)
        return result

    def _judge(self, identity, result):
        sent, rows, ends = self.sent[identity], self.rows_of.get(identity, []), self.ends.get(identity, [])
        route = self.routes[sent.kind]
        result.rows += len(rows)
        for topic, origin, part in ends:
            if sent.may_drop and topic.startswith("drops."):
                result.dropped += 1
            elif topic.startswith(("drops.", "dlq.")):
                result.given_up.append(f"{identity} ({sent.kind} n={sent.n}) part '{part}': in {topic}, from {origin}")
        made = self.first[route.output].get(identity) if route.output and not route.joins else None
        if made and sent.answer is not None and made.answer != sent.answer:
            result.lost.append(f"{identity} ({sent.kind} n={sent.n}): the answer is {made.answer!r}, not {sent.answer!r}")
        if not ends:
            where = [topic for topic in (route.entry, route.output) if topic and identity in self.first[topic]]
            result.lost.append(f"{identity} ({sent.kind} n={sent.n}): no row, no dead letter; seen in {where or 'no topic'}")
        elif rows and identity not in self.first[route.last_topic]:
            result.lost.append(f"{identity}: its row exists, but it is not in {route.last_topic}")
        if route.joins:
            self._judge_part(identity, ends, result)
        elif len(rows) > 1 or len(ends) != distinct(ends):
            result.duplicated.append(f"{identity} ({sent.kind} n={sent.n}): ended as {ends}")
        elif rows and len(ends) > 1:
            result.duplicated.append(f"{identity} ({sent.kind} n={sent.n}): a row, and {ends[1:]}")
        for row in rows:
            if (row.table, row.device, row.n) != (route.table, sent.device, sent.n):
                result.lost.append(f"{identity}: sent as {sent}, stored as {row}")

    def _judge_replies(self, told, result):
        """One device's messages lie in their partition as they were sent."""
        last = {}
        for identity, topic, partition, offset, reply in told:
            place = (reply, topic, partition, self.sent[identity].device)
            if reply is not None and offset < last.get(place, (0, ""))[0]:
                result.out_of_order.append(f"{identity} was sent after {last[place][1]} and lies before it in {topic}:{partition}")
            last[place] = (offset, identity)

    def _judge_part(self, identity, ends, result):
        """It may be in several outputs, but once in each, and then it was not dropped."""
        dropped = [end for end in ends if isinstance(end[1], str) and end[1] != "joined"]
        if len(ends) != distinct(ends) or (dropped and len(ends) > 1):
            result.duplicated.append(f"{identity}: ended as {ends}")

    def _judge_joined(self, result):
        """Every output has its row, and no moment of a device is in two."""
        for identity, part in self.without_row():
            result.lost.append(f"{identity} part {part}: an output without a row")
        spans = sorted((span, name) for name, span in self.spans.items())
        for (before, one), (now, other) in zip(spans, spans[1:]):
            if now[0] == before[0] and now[1] < before[2] - PADDING:
                result.duplicated.append(f"{one} and {other} hold the same moments of {now[0]}: {before[1:]}, {now[1:]}")


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
