"""The stage: one cluster, one network, and pipelines under load side by side; and how one fault is played on it and judged."""
import concurrent.futures, dataclasses, logging, os, pathlib, shutil, subprocess, tempfile, time

from .books import Verdict
from .cluster import Cluster
from .databases import Postgres, Sqlite
from .fault import Scene
from .keeper import Keeper
from .network import Network
from .pipeline import SERVED, Pipeline

DELAYED = 2.0  # seconds from the client's first try to the row; longer is a delay that the fault made


@dataclasses.dataclass
class Played:
    where: str
    names: list
    verdict: Verdict
    stall: float
    recovered: float
    bar: float | None
    note: str

    @property
    def is_over(self):
        return self.bar is not None and self.stall > self.bar


class World:
    """folder: a temporary one of its own, with the logs of every process; `close(keep_logs)`."""

    def __init__(self, seed):
        self.folder, self.seed, self.pipelines, self.mounts, self.servers = pathlib.Path(tempfile.mkdtemp(prefix="loom-faults-")), seed, [], [], []
        self.folder.chmod(0o755)  # PostgreSQL's account passes through
        logging.getLogger("kafka").setLevel(logging.CRITICAL)  # brokers are away all the time
        self.keeper, self.network = Keeper(), Network()
        try:
            self.cluster = Cluster(self.folder / "kafka", self.keeper, self.network)
        except BaseException:
            self.close(keep_logs=True)
            raise
        self.bootstrap = self.cluster.outside_bootstrap

    def add(self, name, kind, more, members=1):
        (self.folder / f"{name}-db").mkdir()
        disk = self.disk(self.folder / f"{name}-db")
        database = Sqlite(self.folder / f"{name}-db", disk) if kind == "sqlite" else Postgres(self, name, disk)
        pipe = Pipeline(self, name, database, more, members)
        pipe.traits = {kind, *more} | ({"disk"} if disk else set()) | ({"served"} if SERVED & {*more} else set())
        pipe.start(self.seed)
        self.pipelines.append(pipe)
        return pipe

    def disk(self, folder):
        """A small file system there, or None when we may not mount one."""
        if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m,mode=1777", "loom-faults", folder], capture_output=True).returncode != 0:
            return None
        self.mounts.append(folder)
        return folder

    def play(self, faults, pipe, chance):
        """Plays faults (two at a time in a pair) on one pipeline, or on all (None), and judges when work has gone on."""
        pipes = [pipe] if pipe else self.pipelines
        scenes = [Scene(self, fault.at or pipe, chance) for fault in faults]
        with concurrent.futures.ThreadPoolExecutor(len(faults)) as threads:
            for future in [threads.submit(fault.act, scene) for fault, scene in zip(faults, scenes)]:
                future.result()
        began, ended = min(scene.began for scene in scenes), max(scene.ended or scene.began for scene in scenes)
        verdict, stall, recovered = Verdict(), 0.0, 0.0
        for one in pipes:
            fresh = one.settle(joins_too=any(fault.touches == "ears" for fault in faults))
            one.load.check()
            assert fresh, f"{one.name} was told of no message: the fault met no load"
            verdict.add(one.verdict(fresh))
            stall = max(stall, stall_of(one, fresh, began))
            recovered = max(recovered, recovery_of(one, fresh, ended))
        bars = [fault.bar for fault in faults]
        note = "; ".join(scene.note for scene in scenes if scene.note)
        return Played(pipe.name if pipe else "all", [fault.name for fault in faults], verdict, stall, recovered, bars[0] if len(bars) == 1 else None, note)

    def close(self, keep_logs=False):
        for pipe in self.pipelines:
            pipe.close()
        for server in self.servers:
            server.close()
        self.keeper.close()
        self.network.close()
        for folder in self.mounts:
            subprocess.run(["umount", "-l", folder], capture_output=True)
        if not keep_logs:
            shutil.rmtree(self.folder, ignore_errors=True)


def arrivals(pipe, identities):
    """(when it was in its table and the client knew, what was sent, its place), in the order of time."""
    found = []
    for identity in identities:
        sent = pipe.books.sent[identity]
        entry = pipe.books.first[pipe.routes[sent.kind].entry].get(identity)
        for row in pipe.books.rows_of.get(identity, [])[:1]:  # one that ends an utterance gives it its name
            found.append((max(row.seen, sent.accepted_at), sent, (sent.kind, entry.partition if entry else None)))
    return sorted(found, key=lambda one: one[0])


def stall_of(pipe, identities, began):
    """The longest time since the fault began in which something of a partition waited (since the client offered it) and nothing of
    it arrived."""
    longest, before = 0.0, {}
    for arrived, sent, place in arrivals(pipe, identities):
        longest = max(longest, arrived - max(before.get(place, 0), sent.offered_at, began))
        before[place] = arrived
    return longest


def recovery_of(pipe, identities, ended):
    """From the end of the cause until the last delayed message arrived."""
    delayed = [arrived for arrived, sent, _ in arrivals(pipe, identities) if arrived - sent.offered_at > DELAYED]
    return max(0.0, max(delayed, default=ended) - ended)
