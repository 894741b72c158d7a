"""Between the parts: cut, reset, slow, lossy; answers that are lost; engines that are down, slow, hanging or mad."""
import signal

from ..support.kafka import wait_for
from .fault import Fault, last
from .load import FULL

SECONDS = {"cut": 8, "reset": 4, "delay": 5, "loss": 5, "deaf": 4}
HOW = {"cut": "no packet between {} and Kafka for 8 s", "reset": "connections of {} to Kafka reset for 4 s", "delay": "500 ms between {} and Kafka",
       "loss": "one packet in ten lost between {} and Kafka", "deaf": "Kafka's answers to {} lost for 4 s"}
VALUE = {"delay": 0.5, "loss": 0.1}


def kafka_trouble(kind, role):
    def act(scene):
        with scene.trouble(kind, role, value=VALUE.get(kind, 0)):
            last(SECONDS[kind], scene)
        scene.healed()
    return act


def database_trouble(kind):
    def act(scene):
        with scene.trouble(kind, "sink", scene.postgres, VALUE.get(kind, 0)):
            last(SECONDS[kind], scene)
        scene.healed()
    return act


def commit_unanswered(scene):
    heard = scene.heard("sink")
    with scene.trouble("commit", "sink", scene.postgres, 3) as happened:
        wait_for(lambda: happened() >= 3, 30, 0.05, lambda: f"for three COMMITs, {happened()} came")
    heard.wait_for("connection lost during COMMIT")
    scene.healed()


def fatal(role):
    """A true fatal error of the producer: the broker's answer claims that a sequence number is missing."""
    def act(scene):
        heard = scene.heard(role)
        with scene.trouble("fatal", role, "broker-*", 1) as happened:
            wait_for(lambda: happened() >= 1, 30, 0.02, lambda: "for an answer to Produce")
        heard.wait_for("producer: fatal error")
        scene.healed()
    return act


def queue_full(role):
    """With the smallest budget that holds a dead letter, messages of 60 KB and a slow Kafka."""
    def act(scene):
        part, load = scene.part(role), scene.pipe.load
        part.env = {"LOOM_KAFKA_PRODUCER_BUDGET": "1088KiB"}
        part.restart(signal.SIGTERM)
        before, load.padding = load.refused[FULL], 60_000
        with scene.trouble("delay", role, value=0.5):  # so that answers come within ack_timeout, 3 s
            last(6, scene)
            if role == "api":
                wait_for(lambda: load.refused[FULL] > before, 30, 0.05, lambda: "for a refusal because it is full")
        load.padding = 0
        scene.note = f"{load.refused[FULL] - before} were refused because it was full" if role == "api" else ""
        part.env = {}
        part.restart(signal.SIGTERM)
        scene.healed()
    return act


def engine(mood, seconds):
    def act(scene):
        network, heard = scene.world.network, scene.heard("engine")
        network.mood(scene.pipe.name, mood)
        try:
            last(seconds, scene)
            if mood == "down":
                heard.wait_for("Connection refused")
            else:
                wait_for(lambda: network.asked(scene.pipe.name), 30, 0.05, lambda: f"for a question to the engine of {scene.pipe.name}")
        finally:
            network.mood(scene.pipe.name, "fine")
        scene.healed()
    return act


FAULTS = [
    *[Fault(HOW[kind].format(role), kafka_trouble(kind, role), touches=role) for kind in ("cut", "reset", "delay", "loss") for role in ("api", "words", "sink")],
    *[Fault(HOW["deaf"].format(role), kafka_trouble("deaf", role), touches=role) for role in ("api", "words")],
    *[Fault(text, database_trouble(kind), on="postgres", touches="database") for kind, text in (
        ("cut", "no packet between the sink and PostgreSQL for 8 s"), ("reset", "connections to PostgreSQL reset for 4 s"),
        ("delay", "500 ms between the sink and PostgreSQL"), ("loss", "one packet in ten lost between the sink and PostgreSQL"))],
    Fault("the answers to three COMMITs lost", commit_unanswered, on="postgres", touches="database"),
    *[Fault(f"fatal producer error in {role}", fatal(role), touches=role) for role in ("api", "words")],
    *[Fault(f"producer queue of {role} full", queue_full(role), touches=role) for role in ("api", "words")],
    *[Fault(f"engine {mood}", engine(mood, seconds), on="served", touches="engine") for mood, seconds in (
        ("down", 4), ("slow", 5), ("hanging", 6), ("rubbish", 5), ("failing", 4))],
]
