"""loom rewind: groups process again, and the rows stay what they were."""
import collections, hashlib, json

import kafka as kafka_client
import pytest

from .support.kafka import headers_of, value_of, wait_for
from .test_groups import partitions_held
from .test_speech import chunks, recordings, speech

MOOD = "mood-consumer"


@pytest.fixture
def pipeline(loom, prefix, database):
    """note → stage → moods, both in tables; 40 notes went through, and everything is stopped again."""
    sink, stage = f"{prefix}-store-consumer", f"{prefix}-{MOOD}"
    it = loom(database,
              {"message_types": {"note": f"{prefix}.notes"},
               "stages": {sink: {"use": "store", "mappings": "topic_mappings.yml"},
                          stage: {"use": "sentiment", "input": f"{prefix}.notes", "output": f"{prefix}.moods", "text": "data.text"}}},
              {f"{prefix}.notes": {"table": "notes", "field_mappings": {"data.n": "n"}, "data_types": {"n": "integer"}},
               f"{prefix}.moods": {"table": "moods", "field_mappings": {f"results.{stage}.label": "label"}}})
    it.apply()
    it.start_api()
    it.sink, it.stage, it.notes, it.moods = sink, stage, f"{prefix}.notes", f"{prefix}.moods"
    it.rows = lambda table: database.rows(f"SELECT * FROM {table} ORDER BY message_id, part")
    it.ids = [answer["message_id"] for answer in it.post_all([note(n) for n in range(40)])]
    it.running = [it.start("run", group) for group in (sink, stage)]
    wait_for(lambda: len(it.rows("notes")) == 40 and len(it.rows("moods")) == 40, 60, 0.1, lambda: "for the rows")
    wait_for(lambda: lag(it) == 0, 30, 0.1)
    return it


def note(n):
    return {"message_type_id": "note", "device_id": f"d{n % 7}", "data": {"n": n, "text": f"fine number {n}"}}


def lag(it):
    return sum(group["records"] for group in json.loads(it.cli("lag", "--json").stdout)["groups"])


def stop(it):
    for part in it.running:
        part.stop()


def rewind(it, *words):
    return json.loads(it.cli("rewind", *words, "--json").stdout)


def settled_again(it):
    it.running = [it.start("run", group) for group in (it.sink, it.stage)]
    wait_for(lambda: lag(it) == 0, 60, 0.2, lambda: it.cli("lag").stdout)


def test_stage_and_sink_process_again_and_rows_stay_one(pipeline, kafka):
    it = pipeline
    refused = it.cli("rewind", it.sink, "--to", "earliest", check=False)
    assert refused.returncode != 0 and "running members" in refused.stderr and "stop them first" in refused.stderr
    assert it.cli("rewind", it.stage, "--to", "earliest", check=False).returncode != 0
    stop(it)
    before = (it.rows("notes"), it.rows("moods"))
    dry = rewind(it, it.sink, "--to", "earliest", "--dry-run")
    assert (dry["dry_run"], dry["records"], len(dry["partitions"])) == (True, 80, 12) and lag(it) == 0
    assert rewind(it, it.stage, "--to", "earliest")["records"] == 40 and lag(it) == 40
    assert rewind(it, it.sink, it.notes, "--to", "earliest")["records"] == 40 and lag(it) == 80
    settled_again(it)
    emitted = collections.Counter(headers_of(record)["message_id"] for record in kafka.records(it.moods, 80))
    assert set(emitted) == set(it.ids) and set(emitted.values()) == {2}
    wait_for(lambda: lag(it) == 0, 60, 0.2)
    kept = lambda rows: [{name: value for name, value in row.items() if name != "kafka_offset"} for row in rows]
    assert (kept(it.rows("notes")), [row["label"] for row in it.rows("moods")]) == (kept(before[0]), [row["label"] for row in before[1]])
    assert len(it.rows("moods")) == 40
    assert [kafka.records(f"dlq.{group}") for group in (it.sink, it.stage)] == [[], []]


def test_rewound_rows_that_were_lost_come_back(pipeline, kafka):
    """Why a sink is rewound: its table was emptied."""
    it = pipeline
    stop(it)
    it.database.execute("DELETE FROM notes")
    assert rewind(it, it.sink, it.notes, "--to", "-1h")["records"] == 40
    settled_again(it)
    assert sorted(str(row["message_id"]) for row in it.rows("notes")) == sorted(it.ids)


def test_offsets_times_and_partitions(pipeline, kafka):
    it = pipeline
    stop(it)
    first = {record.partition for record in kafka.records(it.notes)}
    partition = min(first)
    steps = rewind(it, it.stage, it.notes, "--to", "1", "--partition", str(partition))["partitions"]
    assert [(step["partition"], step["to"]) for step in steps] == [(partition, 1)]
    assert rewind(it, it.stage, "--to", "999999")["records"] == 0, "never on"
    assert rewind(it, it.stage, "--to", "2030-01-01T00:00:00Z")["records"] == 0
    settled_again(it)
    assert len(it.rows("moods")) == 40
    stop(it)
    for words, code, told in ((("nobody", "--to", "earliest"), 64, "no consumer group"), ((it.stage, "--to", "soon"), 64, "no time and no offset"),
                              ((it.stage, it.moods, "--to", "0"), 64, "does not read topic"), ((it.sink, it.notes + "s", "--to", "0"), 64, f"did you mean '{it.notes}'"),
                              ((it.stage, "--to", "0", "--partition", "99"), 65, "loom lag")):
        done = it.cli("rewind", *words, check=False)
        assert (done.returncode, told in done.stderr) == (code, True), (done.returncode, done.stderr)


@pytest.mark.parametrize("to", ["earliest", "4"])
def test_a_stage_that_joins_says_the_same_again(speech, to):
    """To the middle of an utterance: what came before is remembered, not said again, and the identities are the same."""
    it, prefix = speech
    group = f"{prefix}-vad-consumer"
    sent = {a["message_id"] for device in "ab" for a in it.post_all(list(chunks(recordings()[:20 * 32000], 0.7, device, 1_767_225_600.0)))}
    contents, sources = collections.defaultdict(list), set()

    def accounted(records):
        contents.clear(), sources.clear()
        for record in records:
            value, headers = value_of(record), headers_of(record)
            contents[headers["message_id"], headers["part"]].append(hashlib.sha256(value["data"]["chunk_data"].encode()).hexdigest())
            sources.update([headers["message_id"], *(source["message_id"] for source in value["results"][group]["sources"])])
        dropped = {headers_of(record)["message_id"] for record in it.kafka.records(f"drops.{group}")}
        return sent <= sources | dropped
    running = it.start("run", group)
    wait_for(lambda: accounted(it.kafka.records(f"{prefix}.speech")), 120, 0.5, lambda: f"{len(sent - sources)} chunks are nowhere:\n{running.text()[-2000:]}")
    assert running.stop() == 0
    first = {identity: set(found) for identity, found in contents.items()}
    assert all(len(found) == 1 for found in contents.values())
    records = json.loads(it.cli("rewind", group, "--to", to, "--json").stdout)["records"]
    assert records > 0
    running = it.start("run", group)
    lag_of = lambda: next(one["records"] for one in json.loads(it.cli("lag", "--json").stdout)["groups"] if one["group"] == group)
    wait_for(lambda: partitions_held(running) == 6 and lag_of() == 0, 60, 0.2)
    assert running.stop() == 0
    accounted(it.kafka.records(f"{prefix}.speech"))
    assert {identity: set(found) for identity, found in contents.items()} == first, "an utterance changed, or another came"
    assert any(len(found) == 2 for found in contents.values()), "nothing was said again"
    assert it.kafka.records(f"dlq.{group}") == []
