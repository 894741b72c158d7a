"""Processes of Loom: killed, stopped, paused past the session timeout, with another clock, in a crowd that comes and goes."""
import glob, signal, time

import kafka

from ..support.kafka import wait_for
from .fault import Fault, last
from .keeper import Part

ROLES = ("api", "words", "engine", "sink")
FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), "")


def kill(role):
    return lambda scene: scene.part(role).restart(signal.SIGKILL)


def stop(role):
    return lambda scene: scene.part(role).restart(signal.SIGTERM)


def pause(role):
    def act(scene):
        part = scene.part(role)
        part.pause()
        last(scene.chance.uniform(6.5, 8), scene)  # the session timeout is 6 s
        part.resume()
        scene.healed()
    return act


def clock(role):
    """The process lives an hour ahead, then an hour behind, then as the others. Harsher than a real step: librdkafka waits by
    cnd_timedwait, which libfaketime leaves as it is, until a moment that is faked: it waits an hour, or not at all."""
    def act(scene):
        part, file = scene.part(role), scene.pipe.folder / f"clock-{role}"
        file.write_text("+0")
        part.env = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1"}
        part.restart()
        for step in ("+3600", "-3600", "+0"):
            last(2.5, scene)
            file.write_text(step)
        part.env = {}
        part.restart()
        scene.healed()
    return act


def storm(role):
    """A second member comes or goes every second, cleanly or killed."""
    def act(scene):
        part = scene.part(role)
        for turn in range(4):
            extra = Part(f"{scene.pipe.name}-{role}-visitor", part.words, scene.pipe.folder, part.watch)
            extra.prefix = part.prefix
            scene.world.keeper.keep(extra)
            last(1, scene)
            scene.world.keeper.dismiss(extra, signal.SIGKILL if turn == 3 else signal.SIGTERM)
            last(1, scene)
        scene.healed()
    return act


def foreign(role):
    """A Python consumer of the classic protocol joins our group, holds what it is given, and leaves without a commit."""
    def act(scene):
        group = scene.pipe.groups[role]
        topics = {"words": [scene.pipe.routes["note"].entry], "sink": [r.last_topic for r in scene.pipe.routes.values()]}[role]
        member = kafka.KafkaConsumer(*topics, bootstrap_servers=scene.world.cluster.bootstrap.split(","), group_id=group, enable_auto_commit=False,
                                     session_timeout_ms=6000, heartbeat_interval_ms=1000)
        try:
            wait_for(lambda: member.poll(200, max_records=10) is not None and member.assignment(), 30, 0.1, lambda: "for the foreign member's partitions")
            scene.note = f"it held {len(member.assignment())} partitions"
            end = time.monotonic() + 3
            while time.monotonic() < end:
                member.poll(200, max_records=10)
        finally:
            member.close(autocommit=False)
            scene.healed()
    return act


FAULTS = [
    *[Fault(f"kill -9 of {role}", kill(role), bar=9, touches=role) for role in ROLES],
    *[Fault(f"clean stop of {role}", stop(role), bar=2, touches=role) for role in ROLES],
    *[Fault(f"SIGSTOP of {role} past the session timeout", pause(role), touches=role) for role in ROLES],
    Fault("kill -9 of ears", kill("ears"), on="speech", touches="ears"),
    Fault("clean stop of ears", stop("ears"), on="speech", touches="ears"),
    Fault("SIGSTOP of ears past the session timeout", pause("ears"), on="speech", touches="ears"),
    Fault("rebalance storm in the group of ears", storm("ears"), on="speech", touches="ears"),
    *[Fault(f"clock of {role} an hour ahead, an hour behind", clock(role), touches=role) for role in ("api", "words", "sink")],
    *[Fault(f"rebalance storm in the group of {role}", storm(role), touches=role) for role in ("words", "sink")],
    *[Fault(f"foreign classic member in the group of {role}", foreign(role), touches=role) for role in ("words", "sink")],
]
