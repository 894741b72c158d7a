"""The command line as a person meets it: errors that name file, line and remedy; exit codes; JSON that parses."""
import json, subprocess

from .support.kafka import ROOT, headers_of, wait_for
from .support.loom import BINARY

CATALOGUE = "message_types:\n  note: {topic: %s.notes, fields: {n: integer}}\n"


def run(*words, cwd=None):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, cwd=cwd, timeout=60)


def test_shipped_configuration_is_clean():
    done = run("check", "--offline", "--json", "--config", ROOT / "loom.yaml")
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer["ok"], answer
    assert [f for f in answer["findings"] if f["severity"] == "fault"] == []
    paths = {(p["type"], p.get("table")) for p in answer["pipelines"]}
    assert ("screenshot", "device_video_screen") in paths
    assert ("twitter_screenshot", "media_image_analysis_moondream_results") in paths


def test_unknown_key_names_line_and_nearest(tmp_path):
    (tmp_path / "loom.yaml").write_text("kafka:\n  bootstrp: 127.0.0.1:1\nmessage_typs: {}\n")
    done = run("check", "--offline", cwd=tmp_path)
    assert done.returncode == 78
    assert "loom.yaml:2" in done.stdout and "bootstrap" in done.stdout
    assert "loom.yaml:3" in done.stdout and "message_types" in done.stdout


def test_unknown_variable_is_an_error(tmp_path):
    (tmp_path / "loom.yaml").write_text("message_types: {}\n")
    done = subprocess.run([BINARY, "check", "--offline"], capture_output=True, text=True, cwd=tmp_path, env={"LOOM_KAFKA_BOOTSTRP": "x", "PATH": "/usr/bin"})
    assert done.returncode == 78 and "LOOM_KAFKA_BOOTSTRAP" in done.stdout


def test_usage_errors(tmp_path):
    assert run("nonsense").returncode == 64
    assert run().returncode == 64
    assert run("--help").returncode == 0
    missing = run("check", "--offline", cwd=tmp_path)
    assert missing.returncode == 78 and "loom.yaml" in missing.stdout + missing.stderr


def test_broker_away_is_one_line(tmp_path):
    (tmp_path / "loom.yaml").write_text("kafka: {bootstrap: '127.0.0.1:1'}\n" + CATALOGUE % "x")
    done = run("topics", "plan", cwd=tmp_path)
    assert done.returncode == 69 and "127.0.0.1:1" in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_send_tail_dlq_lag(loom, kafka, prefix, sqlite, tmp_path):
    group = f"{prefix}-sink-consumer"
    it = loom(sqlite, {"message_types": {"note": {"topic": f"{prefix}.notes", "fields": {"n": "integer"}}},
                       "stages": {group: {"use": "store", "mappings": "topic_mappings.yml"}}}, {f"{prefix}.notes": {"table": "notes"}})
    it.apply()
    it.start_api()
    it.start("run", group)
    receipts = tmp_path / "receipts.jsonl"
    (tmp_path / "notes.ndjson").write_text("".join(json.dumps({"n": n}) + "\n" for n in range(50)))
    it.cli("send", "note", "--device", "d1", "--file", str(tmp_path / "notes.ndjson"), "--receipts", str(receipts))
    sent = [json.loads(line) for line in receipts.read_text().splitlines()]
    assert len(sent) == 50 and all(r["status"] == "success" for r in sent)
    refused = it.cli("send", "note", "--device", "d1", "--data", '{"n":"x"}', check=False)
    assert refused.returncode == 65 and "data.n" in refused.stderr
    kafka.produce(f"{prefix}.notes", [(b"k", b"broken")])
    letter, = kafka.records(f"dlq.{group}", 1)
    causes = json.loads(it.cli("dlq", "list", "--json").stdout)
    assert [(c["group"], c["kind"], c["count"]) for c in causes] == [(group, "malformed", 1)]
    shown = it.cli("dlq", "show", causes[0]["example"]).stdout
    assert headers_of(letter)["loom-error-message"] in shown
    lines = [json.loads(line) for line in it.cli("tail", f"{prefix}.notes", "--from", "earliest", "--exit", "--json").stdout.splitlines()]
    assert len(lines) == 51 and {line["headers"].get("message_id") for line in lines} >= {r["message_id"] for r in sent}
    assert "note" in it.cli("tail", f"{prefix}.notes", "--from", "-5", "--exit").stdout

    def caught_up():
        groups = json.loads(it.cli("lag", "--json").stdout)["groups"]
        return all(g["records"] == 0 for g in groups)
    wait_for(caught_up, 30, 0.2)
    assert group in it.cli("lag").stdout


def test_plans(loom, prefix, database):
    it = loom(database, {"message_types": {"note": f"{prefix}.notes"}, "stages": {f"{prefix}-sink": {"use": "store", "mappings": "topic_mappings.yml"}}},
              {f"{prefix}.notes": {"table": "notes"}})
    assert f"{prefix}.notes" in it.cli("topics", "plan").stdout and "notes" in it.cli("tables", "plan").stdout
    it.apply()
    for what in ("topics", "tables"):
        assert json.loads(it.cli(what, "plan", "--json").stdout)["changes"] == []


def test_reference_is_current():
    """docs/reference.md is what `loom docs` prints."""
    assert (ROOT / "docs/reference.md").read_text() == run("docs").stdout, "run: build/loom docs > docs/reference.md"
