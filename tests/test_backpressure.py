"""What is slow makes lag where it stands: a database no memory, an engine no wait for other groups."""
import json, pathlib, re

from .support.kafka import wait_for
from .test_delivery import SINK, note_catalogue, note_mapping

MIB = 1 << 20
TEXT = "x" * 32_000


def rss_bytes(part):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{part.process.pid}/status").read_text())[1]) << 10


def lag_of(it, group):
    return next(one["records"] for one in json.loads(it.cli("lag", "--json").stdout)["groups"] if one["group"] == group)


def test_a_database_that_stands_still_makes_lag_and_no_memory(loom, kafka, prefix, postgres):
    """48 partitions with 3 MB each, and a table that somebody else has locked."""
    count, partitions, budget = 4_500, 48, 8 * MIB
    group, topic = f"{prefix}-{SINK}", f"{prefix}.notes"
    it = loom(postgres, {**note_catalogue(prefix), "topics": {topic: {"partitions": partitions}},
                         "kafka": {"bootstrap": kafka.bootstrap, "consumer_budget": budget}}, note_mapping(prefix))
    it.apply()
    kafka.produce(topic, [(f"device-{n}".encode(), json.dumps({"data": {"n": n, "text": TEXT}}).encode()) for n in range(count)])
    with postgres.server.connect(postgres.name) as other:
        other.autocommit = False
        other.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
        sink = it.start("run", group)
        wait_for(lambda: "partitions assigned" in sink.text(), 60, 0.1, sink.text)
        assert lag_of(it, group) == count
        most = []
        wait_for(lambda: most.append(rss_bytes(sink)) or (len(most) > 50 and most[-1] <= most[-20]), 60, 0.1)  # it grows no more
        assert max(most) - min(most) < 100 * MIB, [m // MIB for m in most]  # of 144
        other.rollback()
    wait_for(lambda: lag_of(it, group) == 0, 120, 0.5)
    rows = postgres.rows("SELECT count(*) AS c, count(DISTINCT n) AS d FROM notes")[0]
    assert (rows["c"], rows["d"]) == (count, count) and kafka.records(f"dlq.{group}") == []


def test_a_slow_engine_holds_only_its_own_group(loom, kafka, prefix, sqlite, tmp_path):
    """The slow one waits for a file before each message; another group and the sink have all meanwhile."""
    go, groups = tmp_path / "go", [f"{prefix}-slow-consumer", f"{prefix}-fast-consumer"]
    program = tmp_path / "stage.py"
    program.write_text("import json, os, sys, time\nfor line in sys.stdin:\n    while sys.argv[1] and not os.path.exists(sys.argv[1]): time.sleep(0.05)\n"
                       "    print(json.dumps({'id': json.loads(line)['id'], 'result': {}}), flush=True)\n")
    stages = {group: {"use": "command", "input": f"{prefix}.notes", "output": f"{group}.out", "command": ["python3", str(program), waits_for], "timeout_s": 300}
              for group, waits_for in zip(groups, [str(go), ""])}
    it = loom(sqlite, note_catalogue(prefix, **stages), note_mapping(prefix))
    it.apply()
    it.start_api()
    for group in (*groups, f"{prefix}-{SINK}"):
        it.start("run", group)
    notes = [{"message_type_id": "note", "device_id": f"device-{n % 7}", "data": {"n": n}} for n in range(300)]
    sent = sorted(answer["message_id"] for answer in it.post_all(notes))
    ids = lambda group: sorted(dict(record.headers)["message_id"].decode() for record in kafka.records(f"{group}.out", 300, 60))
    assert ids(groups[1]) == sent
    wait_for(lambda: sqlite.rows("SELECT count(*) AS c FROM notes")[0]["c"] == 300, 60)
    assert kafka.records(f"{groups[0]}.out") == [] and lag_of(it, groups[0]) == 300
    go.touch()
    assert ids(groups[0]) == sent
