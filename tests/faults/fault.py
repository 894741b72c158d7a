"""What a fault is: a name, what is done, where it can be done, and how long work may stand still for it.

    Fault("kill -9 of the sink", act=lambda scene: scene.part("sink").restart(SIGKILL), bar=9)
`act` returns when the cause is gone; it calls `scene.healed()` if that is later than its beginning."""
import dataclasses, random, time
from typing import Any, Callable

from ..support.kafka import wait_for


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    act: Callable
    bar: float | None = None        # seconds that work may stand still; None: as long as the fault lasts
    on: str = ""                    # "postgres", "sqlite", "sound": pipelines that have it; "" all
    touches: str = ""               # two faults of a pair touch different things
    is_wide: bool = False           # it meets all pipelines at once
    root: bool = False              # it needs a file system of its own
    at: Any = None                  # the pipeline of one that is played beside a wide one


@dataclasses.dataclass
class Scene:
    """One fault's stage: `pipe` is None for a wide one."""
    world: Any
    pipe: Any
    chance: random.Random
    began: float = dataclasses.field(default_factory=time.time)
    ended: float = 0.0
    note: str = ""

    def part(self, role):
        """A process of that role; of several members any."""
        names = [name for name in self.pipe.parts if name == role or name.startswith(role + "-")]
        return self.pipe.parts[self.chance.choice(names)]

    def heard(self, role):
        """Listens to the logs of all processes of that role from now on."""
        return Ear([part for name, part in self.pipe.parts.items() if name == role or name.startswith(role + "-")])

    def healed(self):
        self.ended = time.time()

    def trouble(self, kind, role="*", target="broker-*", value=0.0):
        return self.world.network.trouble(kind, f"{self.pipe.name}-{role}*", target, value)

    @property
    def postgres(self):
        return f"postgres-{self.pipe.name}"


class Ear:
    """What parts say from its making on."""

    def __init__(self, parts):
        self.parts = [(part, part.heard()) for part in parts]

    def has(self, *words):
        return any(word in str(line) for part, after in self.parts for line in part.lines(after) for word in words)

    def wait_for(self, *words, seconds=30):
        """A fault that none of them noticed was none. (A record that comes again is told of every 10 s.)"""
        wait_for(lambda: self.has(*words), seconds, 0.05, lambda: f"for {' or '.join(words)} in the log of {', '.join(part.name for part, _ in self.parts)}")


def last(seconds, scene):
    """How long the cause lasts: a property of the fault, not a synchronisation."""
    time.sleep(seconds)
