"""A real Apache Kafka for the tests: one node, its own ports and folder, gone when the test session ends."""
import ctypes, json, os, pathlib, signal, socket, subprocess, time, uuid

import kafka

ROOT = pathlib.Path(__file__).resolve().parents[2]
JARS = ROOT / ".deps/kafka-4.3.1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """preexec_fn: the child is killed when the test run dies, however it dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def wait_for(what, seconds=60, every=0.05, describe=lambda: ""):
    """Polls `what` until it returns something true, which it returns; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"waited {seconds} s in vain {describe()}"
        time.sleep(every)


class Kafka:
    """kafka.bootstrap is host:port. `stop`, `start` keep the data; `pause`/`resume` are SIGSTOP/SIGCONT."""

    def __init__(self, folder, secure_port=None, scram=None, secure_via=None, **settings):
        """`secure_port`: a second listener there, called SECURE, whose `settings` say how it is secured; `scram`: its (user, password);
        `secure_via`: the port that clients of it are told, where a proxy listens."""
        self.folder, self.port, self.process = pathlib.Path(folder), free_port(), None
        secure = f",SECURE://127.0.0.1:{secure_port}" if secure_port else ""
        told = f",SECURE://127.0.0.1:{secure_via}" if secure_via else secure
        controller = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        lines = {
            "process.roles": "broker,controller", "node.id": 1, "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}{secure}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}{told}", "controller.listener.names": "CONTROLLER",
            "log.dirs": self.folder / "data", "offsets.topic.replication.factor": 1, "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1, "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1, "offsets.topic.num.partitions": 8, "group.initial.rebalance.delay.ms": 0,
            "group.consumer.session.timeout.ms": 6000, "group.consumer.min.session.timeout.ms": 6000,
            "group.consumer.heartbeat.interval.ms": 1000, "group.consumer.min.heartbeat.interval.ms": 1000,
            "auto.create.topics.enable": "false", "message.max.bytes": 33554432, **settings}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.properties = self.folder / "server.properties"
        self.properties.write_text("".join(f"{k}={v}\n" for k, v in lines.items()))
        identity = uuid.uuid4().hex[:22]
        users = ["--add-scram", "SCRAM-SHA-512=[name={},password={}]".format(*scram)] if scram else []
        subprocess.run(["java", "-cp", f"{JARS}/*", "kafka.tools.StorageTool", "format", "-t", identity, "-c", self.properties, *users],
                       check=True, capture_output=True)
        self.start()

    def start(self):
        log = open(self.folder / "log", "a")
        self.process = subprocess.Popen(["java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{JARS}/*", "kafka.Kafka", self.properties],
                                        stdout=log, stderr=log, preexec_fn=die_with_parent)
        wait_for(self.answers, 60, 0.2, lambda: f"for Kafka, see {self.folder / 'log'}")

    def answers(self):
        try:
            admin = kafka.KafkaAdminClient(bootstrap_servers=self.bootstrap)
            admin.close()
            return True
        except Exception:
            return False

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def pause(self):
        """Returns when every thread of the broker has stopped, not when it was told to."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def records(self, topic, count=None, seconds=30):
        """Every record of `topic` (a foreign client reads them); waits for at least `count`. Ordered by partition, offset."""
        consumer = kafka.KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest",
                                       receive_message_max_bytes=1 << 27)  # a fetch of several partitions is more than its default of 1 MB
        try:
            partitions = wait_for(lambda: consumer.partitions_for_topic(topic), seconds, 0.1, lambda: f"for topic {topic}")
            assigned = [kafka.TopicPartition(topic, p) for p in sorted(partitions)]
            consumer.assign(assigned)
            consumer.seek_to_beginning()
            found, end = [], time.monotonic() + seconds
            while True:
                ends = consumer.end_offsets(assigned)
                if all(consumer.position(p) >= ends[p] for p in assigned) and (count is None or len(found) >= count):
                    return sorted(found, key=lambda r: (r.partition, r.offset))
                assert time.monotonic() < end, f"{len(found)} of {count} records in {topic} after {seconds} s"
                for batch in consumer.poll(200).values():
                    found += batch
        finally:
            consumer.close()

    def produce(self, topic, records, headers=(), timestamp_ms=None):
        """Sends (key, value) byte pairs as a foreign program would; returns when all are acknowledged."""
        producer = kafka.KafkaProducer(bootstrap_servers=self.bootstrap, acks="all", linger_ms=5, max_request_size=1 << 25)
        try:
            for sent in [producer.send(topic, value, key, list(headers), None, timestamp_ms) for key, value in records]:
                sent.get(30)
        finally:
            producer.close()


def headers_of(record):
    return {name: value.decode() for name, value in record.headers}


def value_of(record):
    return json.loads(record.value)
