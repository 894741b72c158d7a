"""The books of many messages: `loom verify` and a full scan of `loom trace`. usage: python -m bench.books [RECORDS]
RECORDS (10 million) lie in Kafka, half of them received, half emitted by a stage; all of them are rows in PostgreSQL.
Prints the seconds and the most memory that each command took; they are in docs/benchmarks.md."""
import json, os, pathlib, subprocess, sys, tempfile, time, uuid

from tests.support.databases import Postgres, PostgresServer
from tests.support.kafka import Kafka, ROOT, wait_for
from tests.support.loom import BINARY, Loom

from . import page
from .drive import BENCH_GROUP, SINK, program, rss_mb

SLICE = 500_000
COLUMNS = ["latitude", "longitude", "altitude", "accuracy", "speed"]


def loom_of(folder, kafka, database):
    rows = {"data_types": {column: "float" for column in COLUMNS}, "field_mappings": {f"data.{column}": column for column in COLUMNS}}
    return Loom(folder, kafka, database, {
        "message_types": {"gps_reading": {"topic": "books.in"}},
        "topics": {"books.in": {"partitions": 6}, "books.out": {"partitions": 6}},
        "stages": {BENCH_GROUP: {"use": "command", "command": ["true"], "input": "books.in", "output": "books.out"},
                   SINK: {"use": "store", "mappings": "topic_mappings.yml"}}},
        {"books.in": {"table": "received", **rows}, "books.out": {"table": "emitted"}})


def fill(loom, kafka, database, messages):
    """What the sink took that stored them, with its default budget and a backlog of most of them."""
    loom.apply()
    sink = loom.start("run", SINK)
    for done in range(0, messages, SLICE):
        program("kafka_floor", "produce", kafka.bootstrap, "books.in", min(SLICE, messages - done))
        print(f"{done:,} messages received", file=sys.stderr, flush=True)
    program("runner_bench", kafka.bootstrap, "books.in", "books.out", messages)
    wait_for(lambda: int(database.rows("SELECT sum(next_offset) AS o FROM loom_offsets")[0]["o"] or 0) >= 2 * messages, 1800, 1)
    most = rss_mb(sink.process.pid, "VmHWM")
    sink.stop()
    return {"rss_mb": round(most)}


def command(loom, *words):
    """What it printed, its exit code, its seconds and its most memory."""
    began = time.monotonic()
    process = subprocess.Popen([BINARY, *words, "--config", loom.config, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    return text, {"exit": os.waitstatus_to_exitcode(status), "seconds": round(time.monotonic() - began, 1), "rss_mb": usage.ru_maxrss // 1024}


def measure(records):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "kafka").mkdir()
        kafka, server = Kafka(folder / "kafka"), PostgresServer()
        try:
            database = Postgres(server, "books")
            loom = loom_of(folder, kafka, database)
            sink = fill(loom, kafka, database, records // 2)
            text, verify = command(loom, "verify")
            proof = json.loads(text)
            verify |= {name: proof[name] for name in ("records", "lost", "duplicated", "altered")}
            stored = database.rows("SELECT message_id::text AS id FROM received LIMIT 1")[0]["id"]
            return {"records": records, "sink": sink, "verify": verify, "trace by time": command(loom, "trace", stored)[1],
                    "trace by a full scan": command(loom, "trace", str(uuid.uuid4()))[1]}
        finally:
            server.close()
            kafka.stop()


def section(figures):
    """The part of docs/benchmarks.md."""
    rows = "\n".join(f"| {what} | {figures[name]['seconds']:,.1f} | {figures[name]['rss_mb']} |" for what, name in (
        ("`loom verify` of all of them", "verify"), ("`loom trace` of an id that Loom made", "trace by time"), ("`loom trace` of an id that is nowhere: a full search", "trace by a full scan")))
    if "sink" in figures:
        rows = f"| the sink that stored them (`consumer_budget: 64MiB`) | | {figures['sink']['rss_mb']} |\n{rows}"
    proof = ", ".join(f"{figures['verify'][name]} {name}" for name in ("lost", "duplicated", "altered"))
    return (f"## The books\n\nMade by `make books`: {figures['records']:,} records in Kafka, half of them received and half made from them by a stage, all of them rows in\n"
            f"PostgreSQL. `loom verify` (its default `--memory`) found {proof}.\n\n| what | seconds | most RSS MB |\n|---|---|---|\n{rows}\n")


if __name__ == "__main__":
    figures = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
    page.keep("books", figures)
    print(section(figures))
