"""Runs tests/scenarios/*.yaml: data in, data expected, on the shipped configuration with everything real (`loom up`).

A scenario: `database` (sqlite or postgres), optional `catalogue` and `mappings` (else the shipped files), optional
`scale` ({group: n}), and `steps`, each one of
  post: {message…} | [messages…]      expects 200 each; {$picture: file} in data is replaced by image_data, width, height; $times: n
  refuse: {message, status, field}    expects that problem
  produce: {topic, key, value}        a foreign program's record (value: any YAML, or {$raw: text})
  expect records: {topic, count, contain}   what a foreign consumer finds: `contain` are dotted paths → values
  expect rows: {table, count, rows}   each of `rows` (column → value) is in the table, and there are `count` in all
  expect dead letters: {group, count, kind, message}
  expect drops: {group, count, reason}
Values: "~text" means contains, "*" means present and not null.
"""
import base64, json, pathlib, re, shutil, signal, struct

import pytest
import yaml

from .support.databases import Sqlite
from .support.kafka import ROOT, Kafka, free_port, headers_of, value_of, wait_for
from .support.loom import Loom

SCENARIOS = sorted(pathlib.Path(__file__).parent.glob("scenarios/*.yaml"))


class Address:
    """Where `loom up` is to bring its own Kafka."""

    records, produce = Kafka.records, Kafka.produce

    def __init__(self):
        self.bootstrap = f"127.0.0.1:{free_port()}"


def picture_data(name):
    picture = (ROOT / "samples" / name).read_bytes()
    if picture[:4] == b"\x89PNG":
        width, height = struct.unpack(">II", picture[16:24])
        return {"image_data": base64.b64encode(picture).decode(), "width": width, "height": height}
    return {"image_data": base64.b64encode(picture).decode()}


def filled(message):
    message = dict(message)
    if isinstance(message.get("data"), dict) and "$picture" in message["data"]:
        data = dict(message["data"])
        message["data"] = {**picture_data(data.pop("$picture")), **data}
    return message


def at(value, path):
    for step in path.split("/") if "/" in path else path.split("."):
        if isinstance(value, list):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value


def matches(wanted, found):
    if wanted == "*":
        return found is not None
    if isinstance(wanted, str) and wanted.startswith("~"):
        return wanted[1:].lower() in re.sub(r"\s+", " ", str(found)).lower()
    if isinstance(wanted, float) and found is not None:
        return abs(float(found) - wanted) < 1e-9
    return wanted == found


class Run:
    def __init__(self, loom, scenario):
        self.loom, self.scenario = loom, scenario

    def post(self, messages):
        for message in messages if isinstance(messages, list) else [messages]:
            for _ in range(message.get("$times", 1)):
                status, answer = self.loom.post(filled({k: v for k, v in message.items() if k != "$times"}))
                assert status == 200, answer
                assert answer["status"] == "success" and answer["offset"] >= 0

    def refuse(self, wanted):
        status, answer = self.loom.post(filled(wanted["message"]))
        assert status == wanted["status"], answer
        assert "field" not in wanted or answer.get("field") == wanted["field"], answer

    def produce(self, record):
        value = record["value"]
        raw = value["$raw"].encode() if isinstance(value, dict) and "$raw" in value else json.dumps(value).encode()
        key = record.get("key")
        self.loom.kafka.produce(record["topic"], [(key.encode() if key else None, raw)])

    def expect_records(self, wanted):
        records = self.loom.kafka.records(wanted["topic"], wanted["count"], 60)
        assert len(records) == wanted["count"]
        for path, value in wanted.get("contain", {}).items():
            found = [at(value_of(record), path) for record in records]
            assert any(matches(value, one) for one in found), f"{path}: {value!r} not among {found!r}"

    def expect_rows(self, wanted):
        rows = []

        def there():
            rows[:] = self.loom.database.rows(f'SELECT * FROM "{wanted["table"]}"')
            return len(rows) >= wanted["count"]
        wait_for(there, 60, 0.1, lambda: f"for {wanted['count']} rows in {wanted['table']}: {len(rows)}")
        assert len(rows) == wanted["count"]
        for row in wanted.get("rows", []):
            assert any(all(matches(v, found.get(k)) for k, v in row.items()) for found in rows), f"no row like {row} among {rows}"

    def expect_dead_letters(self, wanted):
        records = self.loom.kafka.records(f"dlq.{wanted['group']}", wanted["count"], 60)
        assert len(records) == wanted["count"]
        for header, key in (("loom-error-kind", "kind"), ("loom-error-message", "message")):
            if key in wanted:
                assert all(matches(wanted[key], headers_of(r).get(header)) for r in records), [headers_of(r) for r in records]

    def expect_drops(self, wanted):
        records = self.loom.kafka.records(f"drops.{wanted['group']}", wanted["count"], 60)
        assert len(records) == wanted["count"]
        assert all(headers_of(r)["loom-reason"] == wanted["reason"] for r in records)

    def step(self, step):
        (name, what), = step.items()
        getattr(self, name.replace(" ", "_"))(what)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_scenario(path, tmp_path, request):
    scenario = yaml.safe_load(path.read_text())
    database = Sqlite(tmp_path) if scenario.get("database", "sqlite") == "sqlite" else request.getfixturevalue("postgres")
    catalogue = scenario.get("catalogue") or yaml.safe_load((ROOT / "loom.yaml").read_text())
    for section in ("kafka", "database", "api"):
        catalogue.pop(section, None)
    loom = Loom(tmp_path, Address(), database, catalogue, scenario.get("mappings"))
    if "mappings" not in scenario:
        shutil.copy(ROOT / "topic_mappings.yml", tmp_path)
    scale = [word for group, n in scenario.get("scale", {}).items() for word in ("--scale", f"{group}={n}")]
    up = loom.start("up", *scale, name="up")
    try:
        wait_for(lambda: loom.get("/readyz")[0] == 200 or up.process.poll() is not None, 90, 0.1, lambda: up.text()[-3000:])
        assert up.process.poll() is None, up.text()[-3000:]
        for step in scenario["steps"]:
            Run(loom, scenario).step(step)
        up.signal(signal.SIGINT)
        assert up.process.wait(60) == 0, up.text()[-3000:]
    finally:
        loom.close()
