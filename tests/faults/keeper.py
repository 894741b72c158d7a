"""Keeps processes running as `loom up` does: one that ends is started again, later each time it ends again.
One thread makes every child (PR_SET_PDEATHSIG follows the thread), so no fault's own thread may start one."""
import json, os, queue, signal, subprocess, threading, time

from ..support.kafka import die_with_parent
from ..support.loom import BINARY

FIRST, LONGEST, STEADY, GRACE = 0.2, 30.0, 60.0, 20.0  # src/app/supervisor.h


class Part:
    """A process of Loom. `env` holds what is added to the environment at its next start; `watch(pid)` hears of each start."""

    def __init__(self, name, words, folder, watch=lambda pid: None):
        self.name, self.words, self.folder, self.watch = name, words, folder, watch
        self.env, self.prefix, self.process, self.wanted = {}, [], None, True
        self.deaths, self.since, self.due = 0, 0.0, 0.0
        self.ended = None  # the process that was asked to end, or killed

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return self.folder / f"{self.name}.log"

    def heard(self):
        """How long its log is by now, in bytes."""
        return self.log.stat().st_size if self.log.exists() else 0

    def lines(self, after):
        """What its log says behind that byte: a dict for each line in JSON."""
        with open(self.log, "rb") as log:
            log.seek(after)
            return [json.loads(line) for line in log if line.startswith(b"{") and line.endswith(b"}\n")]

    def send(self, number):
        self.process.send_signal(number)

    def pause(self):
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def restart(self, how=signal.SIGTERM, seconds=30):
        """Returns when another process has taken its place. One that does not end in time is killed, as `loom up` does; that is told."""
        old, grace = self.process, time.monotonic() + GRACE
        self.ended = old
        self.deaths = 0 if how == signal.SIGTERM else self.deaths  # who is asked to end has not failed
        old.send_signal(how)
        while self.process is old:
            if time.monotonic() > grace and old.poll() is None:
                old.kill()
                old.wait(10)
                raise AssertionError(f"{self.name} did not stop in {GRACE:.0f} s and was killed")
            assert time.monotonic() < grace + seconds, f"{self.name} was not started again"
            time.sleep(0.01)


class Keeper:
    def __init__(self):
        self.parts, self.spawned, self.asked, self.closing = [], [], queue.Queue(), False
        self.crashes = []  # of parts: signals that nobody sent
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def spawn(self, command, log):
        """A process that nobody starts again."""
        answer = queue.Queue()
        self.asked.put((command, log, answer))
        made = answer.get(timeout=30)
        if isinstance(made, Exception):
            raise made
        self.spawned.append(made)
        return made

    def keep(self, part):
        self.parts.append(part)
        while part.process is None:
            time.sleep(0.005)
        return part

    def dismiss(self, part, how=signal.SIGTERM):
        part.wanted = False
        if part.process.poll() is None:
            part.send(how)
            part.process.wait(30)
        self.parts.remove(part)

    def close(self):
        for part in self.parts:
            part.wanted = False
        for process in [part.process for part in self.parts] + self.spawned:
            if process and process.poll() is None:
                process.kill()
        self.closing = True
        self.thread.join(10)

    def _run(self):
        while not self.closing:
            try:
                command, log, answer = self.asked.get(timeout=0.02)
                answer.put(self._start(command, log))
            except queue.Empty:
                pass
            for part in list(self.parts):
                self._look_after(part)

    def _look_after(self, part):
        now = time.monotonic()
        if part.process is not None and part.process.poll() is not None and not part.due:
            if part.process.returncode < 0 and part.wanted and part.process is not part.ended:
                self.crashes.append(f"{part.name} ended by {signal.Signals(-part.process.returncode).name}, see {part.log}")
            part.deaths = 1 if now - part.since >= STEADY else part.deaths + 1
            part.due = now + min(LONGEST, FIRST * 2 ** (part.deaths - 1))
        if not part.wanted or (part.process is not None and now < part.due) or (part.process is not None and not part.due):
            return
        started = self._start([*part.prefix, BINARY, *part.words], part.log, part)
        if not isinstance(started, Exception):
            part.since, part.due = now, 0.0
            part.watch(started.pid)
            part.process = started

    @staticmethod
    def _start(command, log, part=None):
        try:
            with open(log, "a") as output:
                return subprocess.Popen(command, stdout=output, stderr=output, preexec_fn=die_with_parent, cwd=part.folder if part else "/",
                                        env={**os.environ, **(part.env if part else {})})
        except OSError as error:
            return error
