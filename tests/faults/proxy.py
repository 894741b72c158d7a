"""The proxies' process (asyncio). Troubles, by kind; `value` is seconds, a probability, or how many times:
  cut     nothing passes and nobody is told; when it ends the bytes flow on, as TCP would send them again
  reset   connections are closed, new ones too
  delay   every piece comes `value` s later, each way
  loss    with probability `value` a piece (and all behind it) waits for its retransmission: 0.2 to 1.6 s
  deaf    requests arrive, answers don't; those connections are closed at the end
  commit  the connection breaks where the answer to COMMIT was to be passed on, `value` times: the server has committed
  fatal   an answer to Produce says OUT_OF_ORDER_SEQUENCE_NUMBER instead of success, `value` times"""
import asyncio, contextlib, dataclasses, fnmatch, os, random, threading

from . import produce
from .engine import Engine


COMMITTED = b"COMMIT\0"  # how PostgreSQL says so; after a failure it is ROLLBACK
LOOKUPS = 40  # /proc/net/tcp may leave out a line while it is read; a stranger's connection is never found


@dataclasses.dataclass
class Trouble:
    kind: str
    label: str
    target: str
    value: float
    met: int = 0       # how often it found something that it is meant for
    happened: int = 0  # how often it did something, of kinds that do not always

    @property
    def proof(self):
        return self.happened if self.kind in ("loss", "deaf", "commit", "fatal") else self.met


@dataclasses.dataclass(eq=False)
class Link:
    target: str
    ends: tuple  # the ports of the connection that comes in: the process's and ours
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    pid: int = 0
    produces: produce.Tap = dataclasses.field(default_factory=produce.Tap)
    lookups: int = 0
    is_broken: bool = False
    commit: Trouble | None = None  # that loses the next answer

    def close(self):
        for side in (self.near, self.far):
            side.transport.abort()


def files_of(pid):
    """What a process has open; those that it closes meanwhile are left out."""
    found = set()
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return found


class Proxies:
    def __init__(self):
        self.troubles, self.labels, self.links, self.engines, self.chance = {}, {}, set(), {}, random.Random(1)

    def of(self, kind, link):
        found = next((t for t in list(self.troubles.values()) if t.kind == kind and fnmatch.fnmatch(link.target, t.target) and self.is_of(link, t.label)), None)
        if found:
            found.met += 1
        return found

    def is_of(self, link, label):
        """Whose connection it is, is looked up when it matters: that is slow where there are many sockets."""
        if label != "*" and not link.pid and link.lookups < LOOKUPS:
            link.pid, link.lookups = self.pid_of(*link.ends), link.lookups + 1
        return fnmatch.fnmatch(self.labels.get(link.pid, ""), label)

    def pid_of(self, port, ours):
        """The process at the other end of a loopback connection from `port` to `ours`; 0 for a stranger. A port alone is many
        connections': of others, and of those that were closed a moment ago."""
        wanted = [f"0100007F:{port:04X}", f"0100007F:{ours:04X}"]
        with open("/proc/net/tcp") as table:
            inode = next((line.split()[9] for line in table if line.split()[1:3] == wanted), None)
        return next((pid for pid in list(self.labels) if inode and f"socket:[{inode}]" in files_of(pid)), 0)

    async def connected(self, target, place, reader, near):
        try:
            far_reader, far = await (asyncio.open_connection("127.0.0.1", place) if isinstance(place, int) else asyncio.open_unix_connection(place))
        except (OSError, TypeError):
            return near.transport.abort()
        link = Link(target, (near.get_extra_info("peername")[1], near.get_extra_info("sockname")[1]), near, far)
        if self.of("reset", link):
            return link.close()
        self.links.add(link)
        await asyncio.gather(self.pump(link, reader, far, True), self.pump(link, far_reader, near, False), return_exceptions=True)
        link.close()
        self.links.discard(link)

    async def pump(self, link, reader, writer, is_request):
        pieces = asyncio.Queue(256)
        passing = asyncio.create_task(self.pass_on(link, pieces, writer, is_request))
        passing.add_done_callback(lambda _: link.close())  # an error of ours too: a connection that hangs would be a fault of its own
        try:
            while data := await reader.read(65536):
                delay, loss = self.of("delay", link), self.of("loss", link)
                late = delay.value if delay else 0
                if loss and self.chance.random() < loss.value:
                    late, loss.happened = late + self.chance.uniform(0.2, 1.6), loss.happened + 1
                await pieces.put((asyncio.get_running_loop().time() + late, data))
        except OSError:
            pass
        await pieces.put((0, None))
        await passing

    async def pass_on(self, link, pieces, writer, is_request):
        while True:
            due, data = await pieces.get()
            if data is None:
                return link.close()
            if (wait := due - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(wait)
            while self.of("cut", link):
                await asyncio.sleep(0.05)
            if not is_request and (deaf := self.of("deaf", link)):
                link.is_broken, deaf.happened = True, deaf.happened + 1
                continue
            if not is_request and link.commit:
                if COMMITTED not in data:
                    continue
                link.commit.happened += 1
                return link.close()
            if not is_request and link.produces.waiting and (fatal := self.of("fatal", link)):
                data = link.produces.spoil(data, fatal)
            elif link.target.startswith("broker"):
                link.produces.saw(data, is_request)
            if is_request and b"COMMIT" in data and (commit := self.of("commit", link)) and commit.happened < commit.value:
                link.commit = commit
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                return link.close()

    def end(self, number):
        self.troubles.pop(number)
        for link in [link for link in self.links if link.is_broken]:
            link.close()

    async def answer(self, words):
        what, *rest = words
        if what == "open":
            target, port = rest
            server = await asyncio.start_server(lambda r, w: self.connected(target, port, r, w), "127.0.0.1", 0)
            return server.sockets[0].getsockname()[1]
        if what == "engine":
            self.engines[rest[0]] = Engine()
            return await self.engines[rest[0]].start()
        if what == "mood":
            return await self.engines[rest[0]].become(rest[1])
        if what == "asked":
            return self.engines[rest[0]].asked
        if what == "belongs":
            self.labels[rest[0]] = rest[1]
        elif what == "begin":
            self.troubles[rest[0]] = trouble = Trouble(*rest[1:])
            for link in [link for link in self.links if trouble.kind == "reset" and self.of("reset", link)]:
                link.close()
        elif what == "end":
            self.end(rest[0])
        elif what == "count":
            return self.troubles[rest[0]].happened
        elif what == "proof":
            return self.troubles[rest[0]].proof


async def listen(pipe):
    proxies, loop, asked = Proxies(), asyncio.get_running_loop(), asyncio.Queue()

    def read():
        while True:
            try:
                words = pipe.recv()
            except EOFError:
                os._exit(0)  # the harness is gone
            loop.call_soon_threadsafe(asked.put_nowait, words)
    threading.Thread(target=read, daemon=True).start()
    while True:
        pipe.send(await proxies.answer(await asked.get()))


def serve(pipe):
    with contextlib.suppress(OSError):  # only root may; a starved proxy would be a fault that nobody asked for
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    asyncio.run(listen(pipe))
