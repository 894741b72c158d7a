"""Drives the benchmarks: real Kafka, PostgreSQL with fsync, SQLite; ratios to the floor of the same run are what counts."""
import json, os, pathlib, re, subprocess, tempfile, time

import kafka as client

from tests.support.databases import Postgres, PostgresServer, Sqlite
from tests.support.kafka import Kafka, ROOT, wait_for
from tests.support.loom import Loom

from . import page

BUILD = ROOT / "build"
COUNT = int(os.environ.get("BENCH_RECORDS", "500000"))
TICK = os.sysconf("SC_CLK_TCK")
BENCH_GROUP = "bench-consumer"
SINK = "generic-kafka-to-db-consumer"


def make_topics(kafka, *names):
    admin = client.KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics([client.admin.NewTopic(name, 6, 1) for name in names])
    admin.close()


def program(name, *words):
    done = subprocess.run([next(BUILD.glob(f"**/{name}")), *map(str, words)], capture_output=True, text=True, check=True, timeout=600)
    return json.loads(done.stdout.splitlines()[-1])


def cpu_micros(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / TICK


def rss_mb(pid, which="VmRSS"):
    return int(re.search(rf"{which}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def wrk(loom, part, script, records_a_request, seconds=10, connections=256):
    """One wrk run against the API; figures are per record."""
    before = cpu_micros(part.process.pid)
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", ROOT / "bench" / script,
                           f"http://127.0.0.1:{loom.port}/ingest/batch"], capture_output=True, text=True, check=True)
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    return {"rate": rate * records_a_request, "cpu_us": (cpu_micros(part.process.pid) - before) / (requests * records_a_request),
            "p50": re.search(r"50%\s+(\S+)", done.stdout)[1], "p99": re.search(r"99%\s+(\S+)", done.stdout)[1],
            "errors": int(errors[1]) if errors else 0, "rss_mb": rss_mb(part.process.pid)}


def gps_loom(folder, kafka, database, prefix):
    topic = f"{prefix}.gps"
    columns = ["latitude", "longitude", "altitude", "accuracy", "speed"]
    return topic, Loom(folder, kafka, database, {
        "message_types": {"gps_reading": {"topic": topic, "fields": {"latitude": "number", "longitude": "number"}}},
        "stages": {f"{prefix}-{SINK}": {"use": "store", "mappings": "topic_mappings.yml"}}},
        {topic: {"table": "gps", "field_mappings": {f"data.{c}": c for c in columns}, "data_types": {c: "float" for c in columns}}})


def http_figures(folder, kafka):
    _, loom = gps_loom(folder, kafka, Sqlite(folder), "http")
    loom.apply()
    api = loom.start_api()
    idle = rss_mb(api.process.pid)
    wrk(loom, api, "post.lua", 1, 3)  # warm
    single, batch = wrk(loom, api, "post.lua", 1), wrk(loom, api, "batch.lua", 100, connections=32)
    loom.close()
    return single, batch, idle


def sink_figures(folder, kafka, database, prefix):
    """Rows a second from the first row to the last, of records that lie ready in Kafka."""
    topic, loom = gps_loom(folder, kafka, database, prefix)
    loom.apply()
    program("kafka_floor", "produce", kafka.bootstrap, topic, COUNT)
    part = loom.start("run", f"{prefix}-{SINK}")
    count = lambda: database.rows("SELECT count(*) AS c FROM gps")[0]["c"]
    offsets = lambda: sum(int(r["o"] or 0) for r in database.rows("SELECT sum(next_offset) AS o FROM loom_offsets"))
    wait_for(offsets, 60, 0.02)
    started, first, before = time.monotonic(), offsets(), cpu_micros(part.process.pid)
    wait_for(lambda: offsets() >= COUNT, 300, 0.05)
    seconds = time.monotonic() - started
    assert count() == COUNT
    figure = {"rate": (COUNT - first) / seconds, "cpu_us": (cpu_micros(part.process.pid) - before) / max(1, COUNT - first), "rss_mb": rss_mb(part.process.pid)}
    loom.close()
    return figure


def measure():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        parts = {p: folder / p for p in ("kafka", "http", "pg", "lite")}
        for part in parts.values():
            part.mkdir()
        kafka = Kafka(parts["kafka"], **{"num.partitions": 6, "auto.create.topics.enable": "true"})
        server = PostgresServer()
        try:
            server.run("psql", "-h", server.folder, "-U", "loom", "-d", "postgres", "-c", "ALTER SYSTEM SET fsync = on")
            figures = {"floor_produce": program("kafka_floor", "produce", kafka.bootstrap, "floor", COUNT)}
            figures["floor_consume"] = program("kafka_floor", "consume", kafka.bootstrap, "floor", COUNT)
            figures["http_single"], figures["http_batch"], idle = http_figures(parts["http"], kafka)
            figures["http_single"]["rss_idle_mb"] = idle
            figures["floor_forward"] = program("kafka_floor", "consume", kafka.bootstrap, "floor", COUNT, "floor.out")
            make_topics(kafka, f"dlq.{BENCH_GROUP}", f"drops.{BENCH_GROUP}", "runner.out")
            figures["runner"] = program("runner_bench", kafka.bootstrap, "floor", "runner.out", COUNT)
            postgres = Postgres(server, "bench")
            figures["floor_copy"] = program("database_floor", "postgres", f"host={server.folder} user=loom dbname=bench", COUNT)
            figures["sink_postgres"] = sink_figures(parts["pg"], kafka, postgres, "pg")
            figures["floor_insert"] = program("database_floor", "sqlite", folder / "floor.db", COUNT)
            figures["sink_sqlite"] = sink_figures(parts["lite"], kafka, Sqlite(parts["lite"]), "lite")
            return figures
        finally:
            server.close()
            kafka.stop()


ROWS = [  # figure, its floor, what it is
    ("http_single", "floor_produce", "HTTP, one message a request, 256 connections"),
    ("http_batch", "floor_produce", "HTTP, NDJSON of 100, 32 connections"),
    ("runner", "floor_forward", "runner, a stage that does nothing, topic to topic"),
    ("sink_postgres", "floor_copy", "sink into PostgreSQL, offset in the transaction"),
    ("sink_sqlite", "floor_insert", "sink into SQLite"),
]


def table(figures):
    lines = ["| what | records/s | CPU µs a record | RSS MB | floor records/s | floor CPU µs | rate ÷ floor |", "|---|---|---|---|---|---|---|"]
    for name, floor, what in ROWS:
        one, base = figures[name], figures[floor]
        lines.append(f"| {what} | {one['rate']:,.0f} | {one['cpu_us']:.2f} | {one['rss_mb']:.0f} | {base['rate']:,.0f} ({base['name']}) | {base['cpu_us']:.2f} | {one['rate'] / base['rate']:.2f} |")
    return "\n".join(lines)


def section(figures):
    """The head of docs/benchmarks.md."""
    single = figures["http_single"]
    return ("# Benchmarks\n\nMade by `make bench` on two cores that also run Kafka, the database and the load generator; the machine is noisy, so ratios to the\n"
            "floor (librdkafka alone, COPY alone, INSERT alone, measured in the same run) are what counts. CPU is that of Loom's process.\n\n" + table(figures) +
            f"\n\nHTTP single: p50 {single['p50']}, p99 {single['p99']}, {single['errors']} refused; API RSS idle {single['rss_idle_mb']:.0f} MB.\n")


def main():
    figures = measure()
    page.keep("latest", figures)
    print(table(figures))


if __name__ == "__main__":
    main()
