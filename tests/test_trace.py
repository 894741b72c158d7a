"""Every hop of a message, by its id, by a place, by its device; foreign ids are found by a full scan."""
import http.server, json, threading

from .support.databases import Sqlite
from .support.kafka import headers_of, wait_for
from .test_verify import Books


def trace(books, *words):
    return json.loads(books.it.cli("trace", *words, "--json").stdout)


def hop(record, group):
    return next(one for one in record["hops"] if one["group"] == group)


def test_trace(loom, kafka, prefix, database, tmp_path):
    books = Books(loom, kafka, prefix, database, tmp_path)
    stored, split, dropped, dead = (books.sent[n]["message_id"] for n in (20, 21, 22, 23))

    told = trace(books, stored)
    assert told["by_time"] and [record["topic"] for record in told["records"]] == [books.input, books.output]
    first, second = told["records"]
    assert (first["partition"], first["offset"]) == (books.sent[20]["partition"], books.sent[20]["offset"])
    emitted = hop(first, books.stage)
    assert emitted["fate"] == "emitted" and emitted["attempts"] == 1 and emitted["took_ms"] >= 0 and emitted["instance"]
    assert emitted["outputs"] == [{name: second[name] for name in ("topic", "partition", "offset")}]
    assert second["continues_trace"] and second["trace_id"] == first["trace_id"] and second["span_id"] != first["span_id"]
    assert hop(first, books.sink)["rows"] == [{"table": "numbers", "rows": 1}]
    assert hop(second, books.sink)["rows"] == [{"table": "results", "rows": 1}]

    pieces = trace(books, split)["records"]
    assert sorted(record["part"] for record in pieces) == ["", "0", "1"] and len(hop(pieces[0], books.stage)["outputs"]) == 2
    end = hop(trace(books, dropped)["records"][0], books.stage)
    assert end["fate"] == "dropped" and end["drop"]["reason"] == "even" and end["drop"]["topic"] == f"drops.{books.stage}"
    end = hop(trace(books, dead)["records"][0], books.stage)
    assert end["fate"] == "dead" and "no such number" in end["dead_letter"]["error_message"]

    place = "{topic}:{partition}:{offset}".format(**second)
    assert [r["topic"] for r in trace(books, place)["records"]] == [books.input, books.output]
    letter = end["dead_letter"]
    assert trace(books, f"{letter['topic']}:{letter['partition']}:{letter['offset']}")["message_id"] == dead
    text = books.it.cli("trace", stored).stdout
    assert f"{books.stage} emitted: by" in text and "1 row of table results" in text

    foreign = "7b0b2f3e-0000-4000-8000-000000000001"  # no time in it: everything is read
    books.kafka.produce(books.input, [(b"k", json.dumps({"message_id": foreign.upper(), "data": {"n": 4}}).encode())])
    books.wait_until_settled()
    found = trace(books, foreign)
    assert not found["by_time"] and hop(found["records"][0], books.stage)["fate"] == "emitted"
    derived = next(headers_of(r)["message_id"] for r in kafka.records(f"drops.{books.stage}") + kafka.records(books.output)
                   if headers_of(r)["message_id"][14] == "8")
    assert len(trace(books, derived)["records"]) == 2
    near = trace(books, "--device", "d3", "--near", books.sent[3]["timestamp"])
    assert near["records"][0]["topic"] == books.input
    missing = books.it.cli("trace", "7b0b2f3e-0000-4000-8000-00000000ffff", check=False)
    assert missing.returncode != 0 and "no record tells" in missing.stderr
    assert books.it.cli("trace", check=False).returncode == 64
    assert books.it.cli("trace", "no-topic:0:1", check=False).returncode == 64

    for part in books.parts.values():
        part.stop()
    waiting, = books.it.post_all([books.message(4)])
    assert hop(trace(books, waiting["message_id"])["records"][0], books.stage)["fate"] == "waiting"
    emit_without_commit(books, waiting, after_ms=30_000)
    told = trace(books, waiting["message_id"])
    assert [record["topic"] for record in told["records"]] == [books.input, books.output]
    assert hop(told["records"][0], books.stage)["fate"] == "emitted"


def emit_without_commit(books, sent, after_ms):
    """What a stage leaves that took its time and ended before it could commit."""
    record, = (r for r in books.kafka.records(books.input) if headers_of(r).get("message_id") == sent["message_id"])
    came = {"group": books.stage, "from": "{topic}/{partition}/{offset}".format(**sent)}
    headers = {**headers_of(record), "loom-hop": json.dumps(came)}
    books.kafka.produce(books.output, [(record.key, b'{"data":{"n":4}}')], [(k, v.encode()) for k, v in headers.items()],
                        record.timestamp + after_ms)


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps what OTLP/HTTP brings, as the protocol has it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Content-Type"], self.headers["x-key"], json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"partialSuccess":{}}')

    def log_message(self, *_):
        pass


def test_spans(loom, kafka, prefix, tmp_path, monkeypatch):
    books = Books(loom, kafka, prefix, Sqlite(tmp_path), tmp_path)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=se%20cret")
    with http.server.HTTPServer(("127.0.0.1", 0), Collector) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for n in (21, 23):
            books.it.cli("trace", books.sent[n]["message_id"], "--otlp", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    (path, content, key, split), (*_, dead) = server.seen
    assert (path, content, key) == ("/v1/traces", "application/json", "se cret")
    services = {next(a["value"]["stringValue"] for a in r["resource"]["attributes"] if a["key"] == "service.name"):
                [span for scope in r["scopeSpans"] for span in scope["spans"]] for r in split["resourceSpans"]}
    (root,), pieces = services["loom-api"], services[books.stage]
    assert root["name"] == f"send {books.input}" and "parentSpanId" not in root
    assert [p["parentSpanId"] for p in pieces] == [root["spanId"]] * 2 and len({p["spanId"] for p in pieces}) == 2
    assert {s["traceId"] for s in [root, *pieces]} == {root["traceId"]}
    assert all(int(p["startTimeUnixNano"]) <= int(p["endTimeUnixNano"]) for p in pieces)
    assert "no such number" in json.dumps(dead) and '"code": 2' in json.dumps(dead)
    nobody = books.it.cli("trace", books.sent[21]["message_id"], "--otlp", "http://127.0.0.1:9", check=False)
    assert nobody.returncode == 69 and "127.0.0.1:9" in nobody.stderr
