"""The promise under faults that are caused for real: nothing lost, nothing twice, poison isolated, outages waited out."""
import json, random, shutil, signal, time

import pytest

from .support.databases import Sqlite
from .support.kafka import Kafka, headers_of, wait_for
from .support.loom import Loom
from .test_groups import messages
from .test_scenarios import Address

SINK = "generic-kafka-to-db-consumer"


def note_catalogue(prefix, **stages):
    return {"message_types": {"note": {"topic": f"{prefix}.notes", "fields": {"n": "integer"}}},
            "stages": {f"{prefix}-{SINK}": {"use": "store", "mappings": "topic_mappings.yml"}, **stages}}


def notes(first, count):
    return [{"message_type_id": "note", "device_id": f"device-{n % 7}", "data": {"n": n}} for n in range(first, first + count)]


def note_mapping(prefix):
    return {f"{prefix}.notes": {"table": "notes", "field_mappings": {"data.n": "n"}, "data_types": {"n": "integer"}}}


def wait_for_rows(database, table, count, seconds=90):
    wait_for(lambda: database.rows(f'SELECT count(*) AS c FROM "{table}"')[0]["c"] >= count, seconds, 0.2,
             lambda: f"for {count} rows: {database.rows(f'SELECT count(*) AS c FROM {table}')}")


def assert_each_once(database, table, sent):
    rows = database.rows(f'SELECT message_id, part FROM "{table}"')
    found = [str(row["message_id"]) for row in rows]
    assert len(found) == len(set(found)), "duplicated rows"
    assert set(found) == set(sent), f"{len(set(sent) - set(found))} lost, {len(set(found) - set(sent))} unknown"


@pytest.mark.parametrize("seed", [1])
def test_kill_9_of_sink_and_stage_under_load(loom, kafka, prefix, postgres, seed):
    """Ten seeded moments: five kills of the sink, five of the stage, while messages keep coming."""
    stage = f"{prefix}-ocr-consumer"
    catalogue = note_catalogue(prefix, **{stage: {"use": "ocr", "input": f"{prefix}.pictures", "output": f"{prefix}.texts", "engine": {"use": "tesseract"}}})
    catalogue["message_types"]["picture"] = {"topic": f"{prefix}.pictures", "key": "message_id", "fields": {"image_data": "base64"}}
    it = loom(postgres, catalogue, {**note_mapping(prefix), f"{prefix}.texts": {"table": "texts"}})
    it.apply()
    it.start_api()
    running = {"sink": it.start("run", f"{prefix}-{SINK}"), "stage": it.start("run", stage)}
    chance, sent, done = random.Random(seed), {"note": [], "picture": []}, []

    def load():
        n = 0
        while not done:
            for kind, batch in (("note", notes(n, 300)), ("picture", messages("picture", 20))):
                sent[kind] += [answer["message_id"] for answer in it.post_all(batch)]
            n += 300
    loading = it.in_background(load)
    for _ in range(5):
        for name, group in (("sink", f"{prefix}-{SINK}"), ("stage", stage)):
            time.sleep(chance.uniform(0.2, 3.0))  # the moment of the fault, not a synchronisation
            running[name].kill()
            running[name] = it.start("run", group)
    done.append(True)
    loading.join()
    wait_for_rows(postgres, "notes", len(sent["note"]))
    wait_for_rows(postgres, "texts", len(sent["picture"]))
    assert_each_once(postgres, "notes", sent["note"])
    assert_each_once(postgres, "texts", sent["picture"])
    assert kafka.records(f"dlq.{prefix}-{SINK}") == [] and kafka.records(f"dlq.{stage}") == []


POISON = {  # name → (the record's value, what the dead letter must name)
    "not JSON": (b"{broken", "malformed"),
    "not an object": (b"[1,2,3]", "malformed"),
    "wrong type": (b'{"device_id":"d","data":{"n":"seven","label":"x"}}', "'n'"),
    "NOT NULL": (b'{"device_id":"d","data":{"n":7}}', "label"),
    "CHECK": (b'{"device_id":"d","data":{"n":-7,"label":"x"}}', ""),
    "too long": (b'{"device_id":"d","data":{"n":7,"label":"' + b"x" * 50 + b'"}}', ""),
    "NUL": (b'{"device_id":"d","data":{"n":7,"label":"a\\u0000b"}}', ""),
}


def test_poison_among_ten_thousand_good_rows(loom, kafka, prefix, database):
    group, topic = f"{prefix}-{SINK}", f"{prefix}.notes"
    mapping = {topic: {"table": "notes", "field_mappings": {"data.n": "n", "data.label": "label"}, "data_types": {"n": "integer", "label": "string"}}}
    if isinstance(database, Sqlite):
        database.execute("CREATE TABLE notes (message_id TEXT, part TEXT, n INTEGER CHECK (n >= 0), label TEXT NOT NULL CHECK (length(label) <= 20), PRIMARY KEY (message_id, part))")
    else:
        database.execute("CREATE TABLE notes (message_id uuid, part text, n integer CHECK (n >= 0), label varchar(20) NOT NULL, PRIMARY KEY (message_id, part))")
    it = loom(database, note_catalogue(prefix), mapping)
    it.apply()
    good = [(b"k%d" % (n % 50), json.dumps({"device_id": "d", "data": {"n": n, "label": f"note {n}"}}).encode()) for n in range(10000)]
    records = list(good)
    for number, (value, _) in enumerate(POISON.values()):
        records.insert(1000 + 1200 * number, (b"k%d" % number, value))
    kafka.produce(topic, records)
    it.start("run", group)
    wait_for_rows(database, "notes", 10000)
    letters = {record.value: headers_of(record) for record in kafka.records(f"dlq.{group}", len(POISON))}
    assert sorted(row["n"] for row in database.rows("SELECT n FROM notes")) == list(range(10000))
    assert set(letters) == {value for value, _ in POISON.values()}
    for name, (value, named) in POISON.items():
        said = " ".join([letters[value]["loom-error-kind"], letters[value]["loom-error-message"], letters[value].get("loom-error-field", "")])
        assert named in said, f"{name}: {letters[value]}"
        assert letters[value]["loom-origin-topic"] == topic and letters[value]["loom-group"] == group


def test_database_away_for_twenty_seconds(loom, kafka, prefix, postgres, postgres_server):
    group = f"{prefix}-{SINK}"
    it = loom(postgres, note_catalogue(prefix), note_mapping(prefix))
    it.apply()
    it.start_api()
    sink = it.start("run", group)
    sent = [a["message_id"] for a in it.post_all(notes(0, 1000))]
    wait_for_rows(postgres, "notes", 1000)
    postgres_server.stop("immediate")
    try:
        end = time.monotonic() + 20  # the length of the outage
        n = 1000
        while time.monotonic() < end:
            sent += [a["message_id"] for a in it.post_all(notes(n, 100))]
            n += 100
            time.sleep(0.2)
        assert sink.process.poll() is None, sink.text()[-2000:]
    finally:
        postgres_server.start()
    wait_for_rows(postgres, "notes", len(sent))
    assert_each_once(postgres, "notes", sent)
    assert kafka.records(f"dlq.{group}") == []


def test_resend_with_the_same_id(loom, kafka, prefix, database):
    group = f"{prefix}-{SINK}"
    it = loom(database, note_catalogue(prefix), note_mapping(prefix))
    it.apply()
    it.start_api()
    it.start("run", group)
    message = {**notes(5, 1)[0], "message_id": "0198f0c2-0000-7000-8000-000000000005"}
    answers = [it.post(message) for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 200] and len({a["offset"] for _, a in answers}) == 3
    status, _ = it.post({**message, "data": {"n": 6}})
    assert status == 200
    letter, = kafka.records(f"dlq.{group}", 1)
    assert headers_of(letter)["loom-error-kind"] == "conflict" and headers_of(letter)["message_id"] == message["message_id"]
    wait_for_rows(database, "notes", 1)  # the dead letter is replicated before the transaction that it belongs to commits
    assert [row["n"] for row in database.rows("SELECT n FROM notes")] == [5]


def test_kafka_deleted_while_the_database_stays(tmp_path, prefix):
    """`.loom/` is gone: another cluster, offsets start over, identities prevent doubles."""
    database = Sqlite(tmp_path)
    it = Loom(tmp_path, Address(), database, note_catalogue(prefix), note_mapping(prefix))
    sent = []
    for round_number in range(2):
        up = it.start("up", name="up")
        wait_for(lambda: it.get("/readyz")[0] == 200 or up.process.poll() is not None, 90, 0.1, lambda: up.text()[-3000:])
        message = {**notes(round_number, 1)[0], "message_id": f"0198f0c2-0000-7000-8000-00000000000{round_number}"}
        first = {**notes(0, 1)[0], "message_id": "0198f0c2-0000-7000-8000-000000000000"}
        for one in (message, first):
            status, answer = it.post(one)
            assert status == 200, answer
            sent.append(answer["message_id"])
        wait_for_rows(database, "notes", round_number + 1)
        up.signal(signal.SIGINT)
        assert up.process.wait(60) == 0, up.text()[-3000:]
        shutil.rmtree(tmp_path / ".loom")
    assert_each_once(database, "notes", set(sent))


def test_broker_away_is_told_and_recovered_from(tmp_path, prefix):
    """503 while the broker is stopped, 200 again after; nothing that got a 200 is missing."""
    broker = Kafka(tmp_path / "broker")
    it = Loom(tmp_path, broker, None, {"message_types": {"note": f"{prefix}.notes"}}, api={"ack_timeout": "2s"})
    try:
        it.apply()
        it.start_api()
        sent = [it.post(notes(n, 1)[0]) for n in range(5)]
        broker.pause()
        status, answer = it.post({**notes(9, 1)[0]})
        assert status == 503 and answer["outcome"] == "unknown" and answer["message_id"]
        wait_for(lambda: it.get("/readyz")[0] == 503, 30)
        assert it.get("/healthz")[0] == 200
        broker.resume()
        wait_for(lambda: it.get("/readyz")[0] == 200, 30)
        status, again = it.post({**notes(9, 1)[0], "message_id": answer["message_id"]})
        assert status == 200 and again["message_id"] == answer["message_id"]
        ids = [headers_of(record)["message_id"] for record in broker.records(f"{prefix}.notes", 6)]
        assert {a["message_id"] for _, a in sent} <= set(ids) and answer["message_id"] in ids
    finally:
        it.close()
        broker.resume()
        broker.stop()
