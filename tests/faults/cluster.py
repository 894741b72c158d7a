"""Three brokers (replication 3, min.insync 2), each with a listener for us and one that is advertised at a proxy's port.
Every process is started by the Keeper's thread: a child dies with the thread that made it."""
import pathlib, signal, subprocess, uuid

import kafka
from kafka.errors import KafkaError

from ..support.kafka import JARS, die_with_parent, free_port, wait_for

JAVA = ["java", "-Xms96m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*"]


class Broker:
    def __init__(self, cluster, number):
        self.number, self.folder = number, cluster.folder / f"broker-{number}"
        self.port, self.outside, self.controller = free_port(), free_port(), free_port()
        self.process = None
        self.folder.mkdir(parents=True)

    def configure(self, cluster, advertised):
        quorum = ",".join(f"{b.number}@127.0.0.1:{b.controller}" for b in cluster.brokers)
        lines = {
            "process.roles": "broker,controller", "node.id": self.number, "controller.quorum.voters": quorum,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},OUTSIDE://127.0.0.1:{self.outside},CONTROLLER://127.0.0.1:{self.controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port},OUTSIDE://127.0.0.1:{advertised}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT", "log.dirs": self.folder / "data",
            "num.network.threads": 2, "num.io.threads": 4, "offsets.topic.replication.factor": 3, "offsets.topic.num.partitions": 6,
            "transaction.state.log.replication.factor": 3, "share.coordinator.state.topic.replication.factor": 3,
            "group.initial.rebalance.delay.ms": 0, "auto.create.topics.enable": "false", "message.max.bytes": 33554432,
            "group.consumer.session.timeout.ms": 6000, "group.consumer.min.session.timeout.ms": 6000,
            "group.consumer.heartbeat.interval.ms": 1000, "group.consumer.min.heartbeat.interval.ms": 1000,
            "log.cleaner.dedupe.buffer.size": 4194304, "log.cleaner.threads": 1}  # the rest, broker.session.timeout (9 s) too, is Kafka's default
        (self.folder / "server.properties").write_text("".join(f"{k}={v}\n" for k, v in lines.items()))
        return subprocess.Popen([*JAVA, "kafka.tools.StorageTool", "format", "-t", cluster.identity, "-c", self.folder / "server.properties"],
                                stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def alive(self):
        return self.process is not None and self.process.poll() is None


class Cluster:
    """bootstrap: the brokers themselves, for the checker; Loom gets the proxies' ports (`outside_bootstrap`)."""

    def __init__(self, folder, keeper, network):
        self.folder, self.keeper, self.identity = pathlib.Path(folder), keeper, uuid.uuid4().hex[:22]
        self.brokers = []
        for number in (1, 2, 3):
            self.brokers.append(Broker(self, number))
        advertised = [network.open(f"broker-{b.number}", b.outside) for b in self.brokers]
        for formatting in [broker.configure(self, port) for broker, port in zip(self.brokers, advertised)]:
            assert formatting.wait(120) == 0, "Kafka's data folder could not be formatted"
        self.outside_bootstrap = ",".join(f"127.0.0.1:{port}" for port in advertised)
        self.bootstrap = ",".join(f"127.0.0.1:{b.port}" for b in self.brokers)
        for broker in self.brokers:
            self.start(broker)
        self.wait_until_whole()

    def start(self, broker):
        broker.process = self.keeper.spawn([*JAVA, "kafka.Kafka", broker.folder / "server.properties"], broker.folder / "log")

    def stop(self, broker, how=signal.SIGTERM):
        broker.process.send_signal(how)
        broker.process.wait(60)

    def admin(self):
        return kafka.KafkaAdminClient(bootstrap_servers=[f"127.0.0.1:{b.port}" for b in self.brokers if b.alive()], request_timeout_ms=5000)

    def ask(self, question):
        """question(admin), or None while the cluster can't answer."""
        try:
            admin = self.admin()
        except (KafkaError, OSError, ValueError):
            return None
        try:
            return question(admin)
        except (KafkaError, OSError, ValueError, IndexError):
            return None
        finally:
            admin.close()

    def wait_until_whole(self, seconds=90):
        """Every partition has its three copies again."""
        def whole(admin):
            if len(admin.describe_cluster()["brokers"]) < 3:
                return False
            topics = admin.describe_topics()
            return all(len(p["isr"] if "isr" in p else p["isr_nodes"]) == 3 for topic in topics for p in topic["partitions"])
        wait_for(lambda: self.ask(whole), seconds, 0.3, lambda: f"for three brokers in step, see {self.folder}")

    def leader_of(self, topic, partition):
        def leader(admin):
            described = admin.describe_topics([topic])[0]["partitions"]
            return next(p.get("leader_id", p.get("leader")) for p in described if p.get("partition_index", p.get("partition")) == partition)
        return self.brokers[wait_for(lambda: self.ask(leader), 30, 0.2) - 1]

    def coordinator_of(self, group):
        return self.brokers[wait_for(lambda: self.ask(lambda admin: admin._find_coordinator_ids([group])[group]), 30, 0.2) - 1]
