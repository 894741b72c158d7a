"""One installation of Loom under load: API, stages, sink, a database of its own; its client, its watchers, its books.
Faults of one pipeline leave the others alone, so that several run side by side."""
import pathlib, sys, time

from ..support.kafka import wait_for
from ..support.loom import Loom
from .books import Books, Order, Route
from .keeper import Part
from .load import Load
from .watch import Tables, Topics

COMMAND = """import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], "result": {"seen": asked["message"]["data"]["n"]}}), flush=True)
"""


SERVED = {"sound", "web"}  # behind an engine or a service of the Network
ROLES = {"note": "words", "sound": "engine", "web": "engine", "job": "engine", "speech": "ears"}


class Pipeline:
    """more: the kinds beside readings and notes — "sound" (an engine behind HTTP), "web" (a service), "job" (a program),
    "speech" (a stage that joins). members: of each group, but one of an engine's."""

    def __init__(self, world, name, database, more, members=1):
        self.world, self.name, self.database, self.more, self.members = world, name, database, more, members
        self.folder = pathlib.Path(world.folder) / name
        self.folder.mkdir()
        topic = lambda what: f"{name}.{what}"
        self.routes = {"reading": Route(topic("readings"), None, "readings"), "note": Route(topic("notes"), topic("moods"), "moods")}
        for kind in more:
            self.routes[kind] = Route(topic(kind), topic("utterances"), "utterances", joins=True) if kind == "speech" else Route(topic("tasks"), topic("done"), "done")
        self.groups = {role: f"{name}-{role}" for role in [ROLES[kind] for kind in self.routes if kind in ROLES] + ["sink"]}
        self.books = Books(self.routes)
        self.order, self.told, self.cursor, self.open = Order(self.books), 0, 0, []  # how far verdicts have come
        self.parts = {}
        self.loom = Loom(self.folder, world, database, self._catalogue(), self._mappings(), {"ack_timeout": "3s"})

    def _catalogue(self):
        stages = {self.groups["sink"]: {"use": "store", "mappings": "topic_mappings.yml"}}
        for kind, route in self.routes.items():
            if route.output:
                stages[self.groups[ROLES[kind]]] = {**self._stage(kind), "input": route.entry, "output": route.output}
        return {"message_types": {f"{self.name}_{kind}": {"topic": route.entry, "fields": {"n": "integer"}} for kind, route in self.routes.items()}, "stages": stages}

    def _stage(self, kind):
        url = f"http://127.0.0.1:{self.world.network.engine(self.name)}" if kind in SERVED else ""
        (self.folder / "work.py").write_text(COMMAND)
        return {"note": {"use": "sentiment", "text": "data.text"}, "job": {"use": "command", "command": [sys.executable, "work.py"]},
                "sound": {"use": "transcribe", "engine": {"use": "openai_audio", "url": url, "timeout": "2s"}},
                "web": {"use": "http", "url": url, "timeout": "2s"}, "speech": {"use": "vad", "engine": {"use": "silero"}}}[kind]

    def _mappings(self):
        return {route.last_topic: {"table": route.table, "field_mappings": {"data.n": "n"}, "data_types": {"n": "integer"}} for route in self.routes.values()}

    def start(self, seed):
        self.loom.apply()
        self.database.prepare([route.table for route in self.routes.values()])
        self.keep("api", "api")
        for role, group in self.groups.items():
            for number in range(1 if role == "engine" else self.members):
                self.keep(role if number == 0 else f"{role}-{number + 1}", "run", group)
        self.topics, self.tables = self._watch(self.books)
        self.load = Load(self.loom.port, self.name, self.books, {"reading": 14, "note": 8, **{kind: 1 if kind == "speech" else 3 for kind in self.more}}, seed)

    def _watch(self, books):
        topics = {t for route in self.routes.values() for t in (route.entry, route.output) if t}
        topics |= {f"{kind}.{group}" for group in self.groups.values() for kind in ("dlq", "drops")}
        return Topics(self.world.cluster, topics, books), Tables(self.database, [route.table for route in self.routes.values()], books)

    def keep(self, role, *words):
        part = Part(f"{self.name}-{role}", [*words, "--config", self.loom.config], self.folder, lambda pid: self.world.network.belongs(pid, f"{self.name}-{role}"))
        part.prefix = self.database.prefix if "sink" in role else []
        self.parts[role] = self.world.keeper.keep(part)
        return part

    def settle(self, seconds=180, joins_too=False):
        """Waits until all that was offered by now was accepted and has ended, and new messages pass at once (joins_too: one that is
        joined has ended that was offered later); gives the identities that were accepted since the last time. What has not ended
        after `seconds` is lost, as far as one can tell."""
        end, began, joins_too = time.monotonic() + seconds, time.time(), joins_too and any(route.joins for route in self.routes.values())
        is_delayed = True
        while is_delayed and time.monotonic() < end:
            now = time.time()
            self._open_until(now)
            self._wait_for_ends([i for i in self.open if not self.routes[self.books.sent[i].kind].joins], end)
            is_delayed = time.time() - now > 1
        while joins_too and time.monotonic() < end and not self._has_joined_since(began):
            time.sleep(0.03)
            self._open_until(time.time())
        self._wait_for_ends(self.open, end)
        fresh = [i for i in self.open if self.books.sent[i].accepted_at]
        self.open = [i for i in self.open if not self.books.sent[i].accepted_at]
        return fresh

    def _open_until(self, now):
        offered = self.books.offered
        while self.cursor < len(offered) and self.books.sent[offered[self.cursor]].offered_at <= now:
            self.open.append(offered[self.cursor])
            self.cursor += 1

    def _has_joined_since(self, began):
        joined = [i for i in self.open if self.routes[self.books.sent[i].kind].joins and self.books.sent[i].offered_at > began]
        return any(self.books.ends.get(i) for i in joined)

    def _wait_for_ends(self, waiting, end):
        while waiting and time.monotonic() < end:
            waiting = [i for i in waiting if not self.books.sent[i].accepted_at or not self.books.ends.get(i)]
            time.sleep(0.03)

    def verdict(self, fresh):
        """Of these identities, and of every receipt since the last time."""
        told = self.books.told[self.told:]  # those that came while the topics are read are for the next time
        self.topics.catch_up()
        verdict = self.books.verdict(fresh, told, self.order)
        self.told += len(told)
        return verdict

    def wait_until_flowing(self):
        """What was slow because everything began is in no fault's window."""
        wait_for(lambda: all(any(self.books.rows_of.get(i) for i, s in list(self.books.sent.items()) if s.kind == kind) for kind in self.routes), 60, 0.1,
                 lambda: f"for the first rows of {self.name}, see {self.folder}")
        self.verdict(self.settle())

    def audit(self):
        """Everything once more, read from the beginning by readers that know nothing yet: the final word."""
        books = Books(self.routes)
        books.sent, books.told = self.books.sent, self.books.told
        topics, tables = self._watch(books)
        try:
            wait_for(tables.look, 30, 0.1, lambda: f"for the tables of {self.name}")
            topics.catch_up(300)
            end = time.monotonic() + 30
            while books.without_row() and time.monotonic() < end:
                time.sleep(0.1)
        finally:
            topics.stop()
            tables.stop()
        return books.verdict([i for i, sent in books.sent.items() if sent.accepted_at])

    def loom_verify(self):
        """What Loom's own proof says, as a cross-check: nothing here rests on it."""
        done = self.loom.cli("verify", "--show", "3", check=False)
        return done.returncode == 0, done.stdout + done.stderr

    def close(self):
        self.load.is_done = True
        self.topics.stop()
        self.tables.stop()
