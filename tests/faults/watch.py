"""Reads topics and tables by itself (kafka-python, psycopg, sqlite3) and enters what it finds in the books."""
import datetime, json, threading, time

import kafka
from kafka.errors import KafkaError

from .books import Record, Row


def record_of(found):
    headers = {name: value.decode(errors="replace") for name, value in found.headers}
    origin, more = "", {}
    if headers.get("loom-reason") == "repeated":
        headers["message_id"] = ""  # of what a client said twice; its message is judged by what became of the first
    if found.topic.startswith(("dlq.", "drops.")):
        origin = ":".join(headers.get(f"loom-origin-{what}", "") for what in ("topic", "partition", "offset"))
    elif b'"results"' in found.value:
        more = made_in(json.loads(found.value))
    return Record(found.topic, found.partition, found.offset, found.key, headers.get("message_id", ""), headers.get("part", ""), origin, **more)


def made_in(message):
    result = next(iter(message["results"].values()))
    if "sources" not in result:
        return {"answer": result.get("seen", result.get("text"))}
    begin, end = (datetime.datetime.fromisoformat(result[which]).timestamp() for which in ("start", "end"))
    return {"sources": tuple(source["message_id"] for source in result["sources"]), "span": (message["device_id"], begin, end)}


class Watcher:
    """A thread that runs `_run` until `stop`."""

    def __init__(self):
        self.is_done = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.is_done = True
        self.thread.join(30)


class Topics(Watcher):
    """Follows topics from their beginning; a new partition is noticed within two seconds."""

    def __init__(self, cluster, topics, books):
        self.cluster, self.topics, self.books, self.positions, self.consumer = cluster, list(topics), books, {}, None
        super().__init__()

    def _run(self):
        while not self.is_done:
            try:
                self._follow()
            except (KafkaError, OSError, ValueError, AssertionError):
                time.sleep(0.2)
            finally:
                if self.consumer:
                    self.consumer.close(autocommit=False)
                    self.consumer = None

    def _follow(self):
        self.consumer = kafka.KafkaConsumer(bootstrap_servers=self.cluster.bootstrap.split(","), enable_auto_commit=False, auto_offset_reset="earliest",
                                            metadata_max_age_ms=2000, request_timeout_ms=5000, fetch_max_wait_ms=200,
                                            fetch_max_bytes=1 << 22, receive_message_max_bytes=1 << 27)  # its default breaks the connection at 1 MB
        asked = 0.0
        while not self.is_done:
            if time.monotonic() - asked > 2:
                self._assign()
                asked = time.monotonic()
            for partition, batch in self.consumer.poll(200).items():
                for found in batch:
                    if found.offset >= self.positions.get(partition, 0):
                        self.books.record(record_of(found))
                        self.positions[partition] = found.offset + 1

    def _assign(self):
        wanted = {kafka.TopicPartition(topic, p) for topic in self.topics for p in self.consumer.partitions_for_topic(topic) or ()}
        if wanted - self.consumer.assignment():
            self.consumer.assign(sorted(wanted))
            for partition in wanted:
                self.consumer.seek(partition, self.positions.get(partition, 0))

    def catch_up(self, seconds=60):
        """Until everything is read that is there now."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                consumer = kafka.KafkaConsumer(bootstrap_servers=self.cluster.bootstrap.split(","), request_timeout_ms=5000)
                try:
                    ends = consumer.end_offsets([kafka.TopicPartition(t, p) for t in self.topics for p in consumer.partitions_for_topic(t) or ()])
                finally:
                    consumer.close(autocommit=False)
                while any(self.positions.get(p, 0) < offset for p, offset in ends.items()):
                    assert time.monotonic() < end, f"the checker has not read all of {', '.join(self.topics)} within {seconds} s"
                    time.sleep(0.05)
                return
            except (KafkaError, OSError, ValueError):
                time.sleep(0.2)
        raise TimeoutError(f"Kafka did not tell the checker within {seconds} s how much there is to read")


class Tables(Watcher):
    """Looks at the tables every 150 ms: new rows by their sequence; one that commits behind a later one is looked for again."""

    def __init__(self, database, tables, books):
        self.database, self.tables, self.books, self.lock = database, list(tables), books, threading.Lock()
        self.low, self.known = dict.fromkeys(tables, 0), {table: {} for table in tables}  # known: sequences above low, when seen
        super().__init__()

    def _run(self):
        while not self.is_done:
            self.look()
            time.sleep(0.15)

    def look(self):
        """True when the database answered for every table."""
        with self.lock:
            return all([self._look(table) for table in self.tables])

    def _look(self, table):
        found = self.database.look(table, self.low[table])
        now, known = time.time(), self.known[table]
        for seq, identity, part, device, n, landed in found or ():
            if seq not in known:
                known[seq] = now
                self.books.row(Row(table, identity, part, device, n, landed, now))
        self._advance(table, now)
        return found is not None

    def _advance(self, table, now):
        """A gap is waited for: a transaction that is open yet, or one that was rolled back."""
        known = self.known[table]
        for seq in sorted(known):
            if seq != self.low[table] + 1 and now - known[seq] < 15:
                return
            self.low[table] = seq
            del known[seq]
