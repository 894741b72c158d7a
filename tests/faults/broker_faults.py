"""Kafka: brokers killed, paused and restarted, the partition's leader, the group's coordinator; partitions added. And a client that repeats itself."""
import signal, time

from kafka import TopicPartition
from kafka.admin import NewPartitions

from ..support.kafka import wait_for
from .fault import Fault, last

DOWN = 12  # seconds; the controllers miss a dead broker after 9


def killed(choose):
    def act(scene):
        cluster = scene.world.cluster
        broker = choose(scene)
        cluster.stop(broker, signal.SIGKILL)
        last(DOWN, scene)
        cluster.start(broker)
        scene.healed()
        cluster.wait_until_whole()
    return act


def any_pipe(scene):
    return scene.chance.choice(scene.world.pipelines)


def any_broker(scene):
    return scene.chance.choice(scene.world.cluster.brokers)


def a_leader(scene):
    pipe = any_pipe(scene)
    topic = scene.chance.choice([r.entry for r in pipe.routes.values()])
    return scene.world.cluster.leader_of(topic, scene.chance.randrange(6))


def a_coordinator(scene):
    return scene.world.cluster.coordinator_of(scene.chance.choice(list(any_pipe(scene).groups.values())))


def paused(scene):
    broker = any_broker(scene)
    broker.process.send_signal(signal.SIGSTOP)
    last(DOWN, scene)
    broker.process.send_signal(signal.SIGCONT)
    scene.healed()
    scene.world.cluster.wait_until_whole()


def stopped(scene):
    cluster, broker = scene.world.cluster, any_broker(scene)
    cluster.stop(broker)
    cluster.start(broker)
    scene.healed()
    cluster.wait_until_whole()


def rolling_restart(scene):
    cluster = scene.world.cluster
    for broker in cluster.brokers:
        cluster.stop(broker)
        cluster.start(broker)
        cluster.wait_until_whole()
    scene.healed()


def all_killed(scene):
    cluster = scene.world.cluster
    for broker in cluster.brokers:
        cluster.stop(broker, signal.SIGKILL)
    for broker in cluster.brokers:
        cluster.start(broker)
    cluster.wait_until_whole()
    scene.healed()


def partitions_added(scene):
    """Until something lies in it. (Few speak: what is theirs may never come there.)"""
    route = scene.chance.choice([route for route in scene.pipe.routes.values() if not route.joins])
    topic = scene.chance.choice([t for t in (route.entry, route.output) if t])
    admin = scene.world.cluster.admin()
    count = len(admin.describe_topics([topic])[0]["partitions"]) + 1
    admin.create_partitions({topic: NewPartitions(count)})
    admin.close()
    scene.note = f"{topic} has {count}"
    scene.world.cluster.wait_until_whole()
    new = TopicPartition(topic, count - 1)
    wait_for(lambda: scene.pipe.topics.positions.get(new), 30, 0.1, lambda: f"for a record in {topic}:{count - 1}")


def client_repeats(scene):
    scene.pipe.load.repeats = 0.5
    last(4, scene)
    scene.pipe.load.repeats = 0.01
    scene.healed()


FAULTS = [
    Fault("kill -9 of a broker", killed(any_broker), bar=15, is_wide=True),
    Fault("kill -9 of a partition's leader", killed(a_leader), bar=15, is_wide=True),
    Fault("kill -9 of a group's coordinator", killed(a_coordinator), bar=15, is_wide=True),
    Fault("SIGSTOP of a broker for 12 s", paused, bar=15, is_wide=True),
    Fault("clean restart of a broker", stopped, bar=15, is_wide=True),
    Fault("rolling restart of the brokers", rolling_restart, bar=15, is_wide=True),
    Fault("kill -9 of all brokers", all_killed, is_wide=True),
    Fault("a partition added under load", partitions_added, touches="partitions"),
    Fault("the client sends half of its messages again", client_repeats, touches="client"),
]
