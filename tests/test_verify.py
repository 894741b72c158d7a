"""The books: the proof holds on what Loom did, and every error that is planted in it is caught and named."""
import base64, json, sys, uuid

import kafka as clients
import pytest
from kafka.admin import NewTopic

from .support.databases import Sqlite
from .support.kafka import headers_of, value_of, wait_for

STAGE_PROGRAM = """
import json, sys
for line in sys.stdin:
    call = json.loads(line)
    n = call["message"]["data"]["n"]
    answer = [{"result": {"n": n}}, {"results": [{"n": n}, {"n": -n}]}, {"drop": "even"}, {"error": "no such number"}][n % 4]
    print(json.dumps({"id": call["id"], **answer}), flush=True)
"""


class Books:
    """Loom with a stage that emits, splits, drops and rejects, and a sink; 60 messages have gone through."""

    def __init__(self, loom, kafka, prefix, database, folder):
        self.kafka, self.prefix, self.database, self.folder = kafka, prefix, database, folder
        self.stage, self.sink = f"{prefix}-stage-consumer", f"{prefix}-sink-consumer"
        self.input, self.output = f"{prefix}.numbers", f"{prefix}.results"
        (folder / "stage.py").write_text(STAGE_PROGRAM)
        self.catalogue = {
            "message_types": {"number": {"topic": self.input, "fields": {"n": "integer"}}},
            "stages": {self.stage: {"use": "command", "command": [sys.executable, "stage.py"], "input": self.input, "output": self.output, "attempts": 1},
                       self.sink: {"use": "store", "mappings": "topic_mappings.yml"}}}
        self.mapping = {self.input: {"table": "numbers"},
                        self.output: {"table": "results", "field_mappings": {"data.n": "n"}, "data_types": {"n": "integer"}}}
        self.loom = loom
        self.it = loom(database, self.catalogue, self.mapping)
        self.it.apply()
        self.it.start_api()
        self.parts = {group: self.it.start("run", group) for group in (self.stage, self.sink)}
        self.sent = self.it.post_all([self.message(n) for n in range(60)])
        self.it.post_all([{**self.message(n), "message_id": self.sent[n]["message_id"]} for n in range(8)])  # a client that tries again
        kafka.produce(self.input, [(b"k", b'{"data":{"n":4}}'), (None, b"broken")])  # foreign records
        self.receipts = folder / "receipts.jsonl"
        self.receipts.write_text("".join(json.dumps(answer) + "\n" for answer in self.sent))
        self.wait_until_settled()

    @staticmethod
    def message(n):
        return {"message_type_id": "number", "device_id": f"d{n % 7}", "data": {"n": n}}

    def wait_until_settled(self):
        wait_for(lambda: all(hop["waiting"] == 0 and hop["messages"] for hop in self.verify()["hops"]), 60, 0.3, lambda: json.dumps(self.verify()))

    def verify(self, *words, code=None):
        done = self.it.cli("verify", "--json", *words, check=False)
        assert done.returncode in (0, 1), done.stderr
        proof = json.loads(done.stdout)
        assert done.returncode == (0 if proof["holds"] else 1)
        assert code is None or done.returncode == code, done.stdout
        return proof

    def hop(self, group, topic, proof=None):
        return next(hop for hop in (proof or self.verify())["hops"] if hop["group"] == group and hop["input"] == topic)

    def assert_caught(self, group, topic, kind, identity, lost=0, duplicated=0, altered=0):
        proof = self.verify(code=1)
        assert (proof["lost"], proof["duplicated"], proof["altered"]) == (lost, duplicated, altered), proof
        breach, = self.hop(group, topic, proof)["breaches"]
        assert (breach["kind"], breach["message_id"], breach["part"]) == (kind, *identity), breach

    def commit(self, group, topic, partition, offset):
        consumer = clients.KafkaConsumer(bootstrap_servers=self.kafka.bootstrap, group_id=group, enable_auto_commit=False)
        place = clients.TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.commit({place: clients.OffsetAndMetadata(offset, "", -1)})
        consumer.close()

    def copy(self, source, target, without):
        """Every record of `source` but those that `without` holds of, in `target`, made anew."""
        records = self.kafka.records(source)
        admin = clients.KafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        if source == target:
            admin.delete_topics([source])
            wait_for(lambda: source not in admin.list_topics(), 30, 0.1)
        admin.create_topics([NewTopic(target, 1 + max((record.partition for record in records), default=0), 1)])
        wait_for(lambda: target in admin.list_topics(), 30, 0.1)
        admin.close()
        producer = clients.KafkaProducer(bootstrap_servers=self.kafka.bootstrap, acks="all")
        for record in records:
            if not without(record):
                producer.send(target, record.value, record.key, record.headers, record.partition, record.timestamp)
        producer.close()


@pytest.fixture
def books(loom, kafka, prefix, database, tmp_path):
    return Books(loom, kafka, prefix, database, tmp_path)


def identity_of(record):
    headers = headers_of(record)
    return headers["message_id"], headers["part"]


def test_the_proof_holds_and_planted_errors_in_the_database_are_caught(books):
    it, database = books, books.database
    proof = it.verify("--receipts", str(it.receipts), code=0)
    assert (proof["lost"], proof["duplicated"], proof["altered"]) == (0, 0, 0)
    stage = it.hop(it.stage, it.input, proof)
    assert (stage["messages"], stage["emitted"], stage["dropped"], stage["dead"], stage["repeated"]) == (62, 31, 15, 16, 8), stage
    assert it.hop(it.sink, it.input, proof)["stored"] == 61 and it.hop(it.sink, it.input, proof)["dead"] == 1
    assert it.hop(it.sink, it.output, proof)["stored"] == 46  # 15 + 1 foreign + 2 * 15
    assert (proof["receipts"]["found"], proof["receipts"]["missing"]) == (60, 0)
    through = next(path for path in proof["pipelines"] if "stage-consumer" in path["pipeline"])
    assert (through["messages"], through["stored"], through["dropped"], through["dead"]) == (60, 30, 15, 15), through
    text = it.it.cli("verify").stdout
    assert text.rstrip().endswith("lost=0 duplicated=0") and it.output in text

    victim = it.sent[4]["message_id"]
    database.execute("CREATE TABLE kept AS SELECT * FROM results")
    database.execute(f"DELETE FROM results WHERE message_id = '{victim}'")
    it.assert_caught(it.sink, it.output, "lost", (victim, ""), lost=1)
    assert victim in it.it.cli("verify", check=False).stdout
    database.execute(f"INSERT INTO results SELECT * FROM kept WHERE message_id = '{victim}'")
    it.verify(code=0)

    database.execute(f"UPDATE results SET fingerprint = 'ffffffffffffffffffffffffffffffff' WHERE message_id = '{victim}'")
    it.assert_caught(it.sink, it.output, "altered", (victim, ""), altered=1)
    database.execute("DROP TABLE results; ALTER TABLE kept RENAME TO results")  # without its key
    it.verify(code=0)
    database.execute(f"INSERT INTO results SELECT * FROM results WHERE message_id = '{victim}'")
    it.assert_caught(it.sink, it.output, "duplicated", (victim, ""), duplicated=1)


def test_a_row_that_is_gone_after_other_data_was_refused_is_caught(loom, kafka, prefix, sqlite, tmp_path):
    it = Books(loom, kafka, prefix, sqlite, tmp_path)
    victim = it.sent[2]["message_id"]  # the stage drops it, so that the input's table alone tells of it
    later, = it.it.post_all([{**it.message(2), "message_id": victim, "data": {"n": 6}}])
    it.wait_until_settled()
    letter, = (record for record in kafka.records(f"dlq.{it.sink}") if headers_of(record).get("message_id") == victim)
    assert headers_of(letter)["loom-error-code"] == "identity_conflict"
    assert it.hop(it.sink, it.input, it.verify(code=0))["stored"] == 61
    since = it.verify("--since", later["timestamp"], code=0)  # its row is of what came before
    assert it.hop(it.sink, it.input, since)["messages"] == 0
    sqlite.execute(f"DELETE FROM numbers WHERE message_id = '{victim}'")
    it.assert_caught(it.sink, it.input, "lost", (victim, ""), lost=1)


def test_offsets_moved_past_a_record_are_caught(books):
    it, database = books, books.database
    for part in it.parts.values():
        part.stop()
    answer, = it.it.post_all([it.message(4)])
    proof = it.verify(code=0)
    assert it.hop(it.stage, it.input, proof)["waiting"] == it.hop(it.sink, it.input, proof)["waiting"] == 1
    key = f"consumer_group = '{it.sink}' AND topic = '{it.input}' AND kafka_partition = {answer['partition']}"
    database.execute(f"UPDATE loom_offsets SET next_offset = next_offset + 1 WHERE {key}")
    it.assert_caught(it.sink, it.input, "lost", (answer["message_id"], ""), lost=1)
    database.execute(f"UPDATE loom_offsets SET next_offset = next_offset - 1 WHERE {key}")
    it.verify(code=0)
    it.commit(it.stage, it.input, answer["partition"], answer["offset"] + 1)
    it.assert_caught(it.stage, it.input, "lost", (answer["message_id"], ""), lost=1)


def test_records_left_out_are_caught(loom, kafka, prefix, sqlite, tmp_path):
    it = Books(loom, kafka, prefix, sqlite, tmp_path)
    for part in it.parts.values():
        part.stop()
    victim, last = (identity_of(next(r for r in kafka.records(it.output) if headers_of(r)["part"] == part)) for part in "01")
    plain = identity_of(next(r for r in kafka.records(it.output) if headers_of(r)["part"] == ""))
    for name, wanted in (("piece", victim), ("last", last), ("whole", plain)):
        it.copy(it.output, f"{prefix}.{name}", lambda record: identity_of(record) == wanted)
        it.catalogue["stages"][it.stage]["output"] = f"{prefix}.{name}"
        it.it = loom(sqlite, it.catalogue, it.mapping)
        it.assert_caught(it.stage, it.input, "lost", (wanted[0], ""), lost=1)
    it.catalogue["stages"][it.stage]["output"] = it.output
    it.it = loom(sqlite, it.catalogue, it.mapping)
    it.verify(code=0)
    dropped = it.sent[58]["message_id"]
    it.copy(f"drops.{it.stage}", f"drops.{it.stage}", lambda record: headers_of(record)["message_id"] == dropped)
    it.assert_caught(it.stage, it.input, "lost", (dropped, ""), lost=1)


def test_receipts_that_nothing_stands_behind(loom, kafka, prefix, sqlite, tmp_path):
    it = Books(loom, kafka, prefix, sqlite, tmp_path)
    told = [json.loads(line) for line in it.receipts.read_text().splitlines()]
    told.append({**told[0], "message_id": str(uuid.uuid4())})
    it.receipts.write_text("".join(json.dumps(one) + "\n" for one in told))
    proof = it.verify("--receipts", str(it.receipts), code=1)
    assert (proof["receipts"]["found"], proof["receipts"]["missing"], proof["lost"]) == (60, 1, 1)
    assert proof["receipts"]["breaches"][0]["message_id"] == told[-1]["message_id"]
    it.receipts.write_text('{"message_id": 1}\nno json\n')
    refused = it.it.cli("verify", "--receipts", str(it.receipts), check=False)
    assert refused.returncode == 65 and "receipts.jsonl:2" in refused.stderr


def test_a_period_and_what_has_expired(loom, kafka, prefix, sqlite, tmp_path):
    it = Books(loom, kafka, prefix, sqlite, tmp_path)
    later, = it.it.post_all([it.message(4)])
    it.wait_until_settled()
    since = it.verify("--since", later["timestamp"], code=0)
    assert it.hop(it.stage, it.input, since)["messages"] == it.hop(it.sink, it.input, since)["stored"] == 1
    until = it.verify("--until", later["timestamp"], code=0)
    assert it.hop(it.stage, it.input, until)["messages"] == 62
    admin = clients.KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    place = clients.TopicPartition(it.input, later["partition"])
    admin.delete_records({place: later["offset"]})
    admin.close()
    proof = it.verify(code=0)
    assert it.hop(it.stage, it.input, proof)["begins_at"][later["partition"]] == later["offset"]
    assert f"begins at {later['partition']}:{later['offset']}" in it.it.cli("verify").stdout


def test_broker_away_and_usage(tmp_path):
    from .test_cli import CATALOGUE, run
    (tmp_path / "loom.yaml").write_text("kafka: {bootstrap: '127.0.0.1:1'}\n" + CATALOGUE % "x")
    away = run("verify", cwd=tmp_path)
    assert away.returncode == 69 and "127.0.0.1:1" in away.stderr
    assert run("verify", "--since", "yesterday", cwd=tmp_path).returncode == 64
    assert run("verify", "--receipts", "nowhere", cwd=tmp_path).returncode == 64
