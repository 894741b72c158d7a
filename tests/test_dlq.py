"""Dead letters by hand: listed, shown, replayed, dropped; each ends as one row, and no other group does its work again."""
import json, signal, subprocess

import kafka as kafka_client
import pytest

from .support.kafka import headers_of, wait_for
from .support.loom import BINARY

SINK, STAGE = "store-consumer", "mood-consumer"


@pytest.fixture
def desk(loom, prefix, database):
    """A sink and a stage on one topic, the sink on the stage's output too; topics and tables are there, the API runs."""
    sink, stage = f"{prefix}-{SINK}", f"{prefix}-{STAGE}"
    it = loom(database,
              {"message_types": {"note": f"{prefix}.notes"},
               "stages": {sink: {"use": "store", "mappings": "topic_mappings.yml"},
                          stage: {"use": "sentiment", "input": f"{prefix}.notes", "output": f"{prefix}.moods", "text": "data.text"}}},
              {f"{prefix}.notes": {"table": "notes", "field_mappings": {"data.n": "n", "data.text": "text"}, "data_types": {"n": "integer"}},
               f"{prefix}.moods": {"table": "moods", "field_mappings": {f"results.{stage}.label": "label"}}})
    it.apply()
    it.start_api()
    it.sink, it.stage, it.topic = sink, stage, f"{prefix}.notes"
    it.rows = lambda table: database.rows(f"SELECT * FROM {table} ORDER BY message_id, part")
    return it


def note(device, **data):
    return {"message_type_id": "note", "device_id": device, "data": data}


def causes(it, *words):
    return json.loads(it.cli("dlq", "list", *words, "--json").stdout)


def open_letters(it, *words):
    return sum(cause["count"] for cause in causes(it, *words))


def wait_for_letters(it, count):
    wait_for(lambda: open_letters(it) == count, 60, 0.2, lambda: f"for {count} dead letters: {causes(it)}")


def settle(it, *words):
    return json.loads(it.cli("dlq", *words, "--json").stdout)


def settled_all(it):
    """Every group that runs has read all there is."""
    wait_for(lambda: all(group["records"] == 0 for group in json.loads(it.cli("lag", "--json").stdout)["groups"] if group["members"]), 60, 0.2,
             lambda: it.cli("lag").stdout)


def test_a_replayed_letter_ends_as_one_row_and_other_groups_do_nothing_again(desk, kafka):
    it = desk
    for group in (it.sink, it.stage):
        it.start("run", group)
    answers = it.post_all([note(f"d{n % 3}", n=n, text="fine") for n in range(20)]
                          + [note("d0", n="seven", text="good"), note("d1", n=8), note("d2", n="x", text="bad")])
    ids = [answer["message_id"] for answer in answers]
    wait_for_letters(it, 3)
    found = {(cause["group"], cause["kind"], cause["field"]): cause for cause in causes(it)}
    assert {key: cause["count"] for key, cause in found.items()} == {(it.sink, "invalid_value", "data.n"): 2, (it.stage, "missing_field", "data.text"): 1}
    assert found[it.sink, "invalid_value", "data.n"]["topics"] == {it.topic: 2}
    assert open_letters(it, it.stage) == 1

    dry = settle(it, "replay", it.sink, "--patch", '{"data":{"n":7}}', "--dry-run")
    assert (dry["matched"], dry["settled"], dry["dry_run"]) == (2, 2, True) and open_letters(it) == 3
    assert len(kafka.records(it.topic)) == 23
    assert settle(it, "replay", it.sink, "--patch", '{"data":{"n":7}}')["settled"] == 2
    assert settle(it, "replay", it.stage, "--patch", '{"data":{"text":"awful"}}')["settled"] == 1
    wait_for(lambda: len(it.rows("notes")) == 23 and len(it.rows("moods")) == 23, 60, 0.2,
             lambda: f"for the rows: {len(it.rows('notes'))}, {len(it.rows('moods'))}")
    settled_all(it)
    notes = {str(row["message_id"]): row for row in it.rows("notes")}
    assert len(it.rows("notes")) == 23 and set(notes) == set(ids)
    assert [(notes[id_]["n"], notes[id_]["text"]) for id_ in ids[20:]] == [(7, "good"), (8, None), (7, "bad")]
    moods = kafka.records(f"{it.topic.split('.')[0]}.moods")
    assert sorted(headers_of(record)["message_id"] for record in moods) == sorted(ids), "the stage repeated the sink's replays"
    assert causes(it) == [] and settle(it, "replay")["matched"] == 0
    assert {(cause["group"], cause["count"], cause["replayed"]) for cause in causes(it, "--all")} == {(it.sink, 0, 2), (it.stage, 0, 1)}
    replays = [headers_of(record) for record in kafka.records(it.topic)[0:] if "loom-replay-for" in headers_of(record)]
    assert sorted(headers["loom-replay-for"] for headers in replays) == sorted([it.sink, it.sink, it.stage])
    assert {headers["message_id"] for headers in replays} == set(ids[20:]) and {headers["loom-replay-count"] for headers in replays} == {"1"}


def test_filters_leave_the_others_open_and_a_drop_says_why(desk, kafka):
    it = desk
    it.start("run", it.sink)
    it.post_all([note("a", n="x", text=str(n)) for n in range(3)] + [note("b", n="x", text=str(n)) for n in range(2)])
    kafka.produce(it.topic, [(b"c", b"\xff\xfe\0 no JSON")])
    wait_for_letters(it, 6)
    replay = ("replay", "--dry-run")
    matched = lambda *words: settle(it, *replay, *words)["matched"]
    assert (matched(), matched("--kind", "invalid_value"), matched("--kind", "malformed"), matched("--field", "data.n"), matched("--code", "22003")) == (6, 5, 1, 5, 0)
    assert (matched("--key", "a"), matched("--key", "b", "--field", "data.n"), matched("--topic", it.topic), matched("--topic", "elsewhere")) == (3, 2, 6, 0)
    assert (matched("--since", "-1h"), matched("--until", "-1h"), matched(it.stage), matched(it.sink)) == (6, 0, 0, 6)
    example = next(cause["example"] for cause in causes(it) if cause["kind"] == "malformed")
    assert matched("--letter", example) == 1
    # the bytes as they came
    assert subprocess_bytes(it, "dlq", "show", example, "--raw") == b"\xff\xfe\0 no JSON"
    it.cli("dlq", "show", example, "--out", str(it.folder / "letter.bin"))
    assert (it.folder / "letter.bin").read_bytes() == b"\xff\xfe\0 no JSON"
    shown = json.loads(it.cli("dlq", "show", example, "--json").stdout)
    assert shown["fate"] == "open" and shown["key"] == "c" and shown["headers"]["loom-origin-topic"] == it.topic
    # what is filtered out stays, what matches goes, whatever their order in the topic
    assert settle(it, "replay", "--key", "a", "--patch", '{"data":{"n":1}}')["settled"] == 3
    assert open_letters(it) == 3
    wait_for(lambda: len(it.rows("notes")) == 3, 60, 0.2)
    dropped = settle(it, "drop", it.sink, "--kind", "malformed", "--reason", "line noise")
    assert (dropped["settled"], open_letters(it)) == (1, 2)
    record, = kafka.records(f"drops.{it.sink}", 1)
    headers = headers_of(record)
    assert (headers["loom-reason"], headers["loom-dead-letter"], headers["loom-origin-topic"]) == ("line noise", example, it.topic)
    assert "dropped: line noise" in it.cli("dlq", "show", example).stdout
    assert settle(it, "drop", "--reason", "test data")["settled"] == 2
    assert causes(it) == [] and "no open dead letters" in it.cli("dlq", "list").stdout
    assert {(cause["kind"], cause["replayed"], cause["dropped"]) for cause in causes(it, "--all")} == {("invalid_value", 3, 2), ("malformed", 0, 1)}
    admin = kafka_client.KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:  # the progress that other tools see: everything is behind it
        progress = {place.partition: found.offset for place, found in admin.list_consumer_group_offsets("loom-dlq").items() if place.topic == f"dlq.{it.sink}"}
    finally:
        admin.close()
    last = {record.partition: record.offset + 1 for record in kafka.records(f"dlq.{it.sink}")}
    assert progress == last


def subprocess_bytes(it, *words):
    return subprocess.run([BINARY, *words, "--config", it.config], capture_output=True, check=True, cwd=it.folder).stdout


def test_a_letter_that_dies_again_is_a_new_one_until_the_guard(desk, kafka):
    it = desk
    it.start("run", it.sink)
    it.post_all([note("a", n="x")])
    for count in range(3):
        wait_for(lambda: len(kafka.records(f"dlq.{it.sink}")) == count + 1, 60, 0.1)
        assert causes(it)[0]["died_again"] == min(count, 1)
        assert settle(it, "replay")["settled"] == 1
    wait_for(lambda: len(kafka.records(f"dlq.{it.sink}")) == 4, 60, 0.1)
    guarded = settle(it, "replay")
    assert (guarded["settled"], guarded["guarded"]) == (0, 1) and "--max-replays" in it.cli("dlq", "replay").stdout
    assert settle(it, "replay", "--max-replays", "4", "--patch", '{"data":{"n":1}}')["settled"] == 1
    wait_for(lambda: [row["n"] for row in it.rows("notes")] == [1], 60, 0.1)


def test_a_foreign_record_keeps_its_identity_and_its_time(desk, kafka):
    it = desk
    it.start("run", it.sink)
    kafka.produce(it.topic, [(None, b'{"device_id":"d","data":{"n":"x"}}')])
    wait_for_letters(it, 1)
    origin, = kafka.records(it.topic)
    assert settle(it, "replay", "--patch", '{"data":{"n":3}}')["settled"] == 1
    row, = wait_for(lambda: it.rows("notes"), 60, 0.1)
    shown = json.loads(it.cli("dlq", "show", causes(it, "--all")[0]["example"], "--json").stdout)
    assert shown["fate"] == "replayed" and shown["headers"]["loom-origin-timestamp"] == str(origin.timestamp)
    replay = headers_of(max(kafka.records(it.topic), key=lambda record: record.timestamp))
    assert str(row["message_id"]) == replay["message_id"] and replay["loom-origin-timestamp"] == str(origin.timestamp)


def test_a_known_identity_is_not_overwritten_by_a_patch(desk, kafka):
    it = desk
    it.start("run", it.sink)
    first = {**note("a", n=1), "message_id": "0198f0c2-0000-7000-8000-000000000009"}
    for message in (first, {**first, "data": {"n": 2}}):  # compact: the fingerprint is of the bytes of `data`
        body = json.dumps(message, separators=(",", ":"))
        assert it.request("POST", "/ingest/message", body, {"Content-Type": "application/json"})[0] == 200
    wait_for_letters(it, 1)
    told = it.cli("dlq", "replay").stdout
    assert "identity conflict" in told
    wait_for(lambda: len(kafka.records(f"dlq.{it.sink}")) == 2, 60, 0.1)
    assert settle(it, "replay", "--patch", '{"data":{"n":3}}')["settled"] == 1
    wait_for(lambda: len(kafka.records(f"dlq.{it.sink}")) == 3, 60, 0.1)
    assert [row["n"] for row in it.rows("notes")] == [1]
    assert settle(it, "replay", "--patch", '{"data":{"n":1}}')["settled"] == 1  # now it says what the row says
    settled_all(it)
    assert causes(it) == [] and [row["n"] for row in it.rows("notes")] == [1]


def test_kill_9_in_the_middle_of_a_replay_of_thousands(desk, kafka):
    it, count = desk, 3000
    it.start("run", it.sink)
    ids = [answer["message_id"] for answer in it.post_all([note(f"d{n % 20}", n="x", text=str(n)) for n in range(count)])]
    wait_for_letters(it, count)
    words = ("dlq", "replay", it.sink, "--patch", '{"data":{"n":1}}')
    watcher = kafka_client.KafkaConsumer(bootstrap_servers=kafka.bootstrap)
    places = [kafka_client.TopicPartition(it.topic, number) for number in range(6)]
    written = lambda: sum(watcher.end_offsets(places).values())
    for more in (500, 700):
        before = written()
        replay = it.start(*words, "--rate", "300/s", name=f"replay-{more}")
        wait_for(lambda: written() >= before + more, 60, 0.02, lambda: f"for replays:\n{replay.text()}")
        replay.signal(signal.SIGKILL)
        replay.process.wait(10)
    watcher.close()
    left = open_letters(it)
    assert 0 < left < count - 200, left
    assert settle(it, *words[1:])["settled"] == left
    wait_for(lambda: len(it.rows("notes")) >= count, 60, 0.2, lambda: f"for the rows: {len(it.rows('notes'))}")
    settled_all(it)
    assert sorted(str(row["message_id"]) for row in it.rows("notes")) == sorted(ids)
    assert causes(it) == [] and sum(cause["replayed"] for cause in causes(it, "--all")) == count
    again = len(kafka.records(it.topic)) - 2 * count  # at most what was under way when it was killed
    assert 0 <= again <= 2 * 500, again


@pytest.mark.parametrize("words, code, told", [
    (("replay", "nobody"), 64, "no consumer group"), (("replay", "--kind", "invalid_valu"), 64, "did you mean 'invalid_value'"),
    (("replay", "--patch", '{"message_id":"x"}'), 64, "keeps its identity"), (("replay", "--patch", "no-such-file"), 64, "no-such-file"),
    (("replay", "--patch", "{torn"), 64, "--patch is no JSON"), (("replay", "--rate", "fast"), 64, "100/s"), (("replay", "--since", "soon"), 64, "'soon' is no time"),
    (("replay", "--letter", "17"), 64, "topic:partition:offset"), (("drop",), 64, "--reason"), (("show", "dlq.none:0:0"), 65, "loom dlq list")])
def test_words_that_mean_nothing(loom, sqlite, kafka, prefix, words, code, told):
    it = loom(sqlite, {"message_types": {"note": f"{prefix}.notes"}, "stages": {f"{prefix}-sink": {"use": "store", "mappings": "topic_mappings.yml"}}}, {})
    done = it.cli("dlq", *words, check=False)
    assert done.returncode == code and told in done.stderr, (done.returncode, done.stdout, done.stderr)
