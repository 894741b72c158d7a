"""What lies between the parts: TCP proxies that can be told to misbehave, and the engines. In a process of its own.

    network = Network()
    port = network.open("broker-1", 9092)                       # forwards to 127.0.0.1:9092
    network.belongs(pid, "sink")                                # its connections carry this label
    with network.trouble("delay", label="sink", target="broker-*", value=0.5): ...
How each trouble looks on the wire is in `proxy.py`; `engine(name)` gives the port of an HTTP engine, `mood(name, mood)` its manners."""
import contextlib, itertools, multiprocessing, threading

from ..support.kafka import wait_for
from .proxy import serve


class Network:
    def __init__(self):
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        self.lock, self.numbers = threading.Lock(), itertools.count(1)

    def _ask(self, *words):
        with self.lock:
            self.pipe.send(words)
            return self.pipe.recv()

    def open(self, target, port):
        return self._ask("open", target, port)

    def engine(self, name):
        return self._ask("engine", name)

    def mood(self, name, mood):
        self._ask("mood", name, mood)

    def asked(self, name):
        """How many questions it has had in this mood."""
        return self._ask("asked", name)

    def belongs(self, pid, label):
        self._ask("belongs", pid, label)

    @contextlib.contextmanager
    def trouble(self, kind, label="*", target="*", value=0.0, patience=30):
        """It lasts at least until it has met something: whom it is meant for may stand still for another reason (`patience` in seconds)."""
        number = next(self.numbers)
        self._ask("begin", number, kind, label, target, value)
        try:
            yield lambda: self._ask("count", number)
            wait_for(lambda: self._ask("proof", number), patience, 0.05, lambda: f"for anything between {label} and {target} that `{kind}` could meet")
        finally:
            self._ask("end", number)

    def close(self):
        self.process.kill()
        self.process.join(5)
