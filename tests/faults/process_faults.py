"""Processes of Loom: killed, stopped, paused past the session timeout, with another clock, in a crowd that comes and goes."""
import datetime, glob, signal, time

import kafka

from ..support.kafka import wait_for
from .fault import Fault, last
from .keeper import Part
from .load import AHEAD

ROLES = ("api", "words", "engine", "sink")
# jemalloc asks for the time while libfaketime is not ready, and both wait for ever: the C library's allocator comes before it
FAKETIME = " ".join([*glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[:1], "libstdc++.so.6", "libc.so.6"])


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


def clock(role, too_far=False):
    """The process lives an hour ahead, too far for Kafka or not, as the others, then an hour behind: there it stops, and its log has to say so."""
    def act(scene):
        part, file = scene.part(role), scene.pipe.folder / f"clock-{role}"
        file.write_text("+0")
        part.env = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1"}
        part.restart()
        refused, before = scene.pipe.load.refused, scene.pipe.load.refused[AHEAD]
        for step in ("+7200" if too_far else "+3600", "+0", "-3600"):
            last(2.5, scene)
            file.write_text(step)
            if step == "+7200":
                wait_for(lambda: refused[AHEAD] > before, 30, 0.05, lambda: "for a refusal because of the clock")
        last(2.5, scene)
        part.env, heard = {}, part.heard()
        part.restart()
        behind = time.time() - 1800
        assert any(said < behind for said in map(when, part.lines(heard))), f"no line of {part.name}'s log is an hour behind: the clock was not stepped"
        scene.healed()
    return act


def when(line):
    return datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()


def storm(role):
    """A second member comes or goes every second; a last one stays until it was given partitions and is killed at their work."""
    def act(scene):
        part, given = scene.part(role), 0
        for turn in range(5):
            extra = Part(f"{scene.pipe.name}-{role}-visitor", part.words, scene.pipe.folder, part.watch)
            extra.prefix = part.prefix
            heard = extra.heard()
            scene.world.keeper.keep(extra)
            if turn == 4:
                wait_for(lambda: has_partitions(extra.lines(heard)), 30, 0.05, lambda: f"for partitions of {extra.name}")
            last(1, scene)
            scene.world.keeper.dismiss(extra, signal.SIGKILL if turn > 2 else signal.SIGTERM)
            given += has_partitions(extra.lines(heard))
            last(1, scene)
        scene.note = f"{given} of 5 visitors were given partitions"
        scene.healed()
    return act


def has_partitions(lines):
    return any(line["message"] == "partitions assigned" and line["count"] > 0 for line in lines)


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
    Fault("kill -9 of ears", kill("ears"), bar=9, on="speech", touches="ears"),
    Fault("clean stop of ears", stop("ears"), bar=2, on="speech", touches="ears"),
    Fault("SIGSTOP of ears past the session timeout", pause("ears"), on="speech", touches="ears"),
    Fault("rebalance storm in the group of ears", storm("ears"), on="speech", touches="ears"),
    Fault("clock of ears an hour ahead, an hour behind", clock("ears"), on="speech", touches="ears"),
    Fault("clock of api two hours ahead, an hour behind", clock("api", too_far=True), touches="api"),  # Kafka takes nothing that is more than one ahead
    *[Fault(f"clock of {role} an hour ahead, an hour behind", clock(role), touches=role) for role in ("words", "sink")],
    *[Fault(f"rebalance storm in the group of {role}", storm(role), touches=role) for role in ("words", "sink")],
    *[Fault(f"foreign classic member in the group of {role}", foreign(role), touches=role) for role in ("words", "sink")],
]
