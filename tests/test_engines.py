"""loom engines, loom compare, and engines that are damaged or away, as an operator meets them."""
import base64, http.server, json, os, subprocess, threading

from .support.kafka import ROOT, free_port, wait_for
from .support.loom import BINARY

SCREENS = ROOT / "samples/screens"


def pictures(prefix):
    """Two groups that read the same pictures with different engines."""
    groups = [f"{prefix}-tesseract-consumer", f"{prefix}-paddle-consumer"]
    stages = {group: {"use": "ocr", "input": f"{prefix}.pictures", "output": f"{prefix}.{engine}", "engine": {"use": engine}}
              for group, engine in zip(groups, ["tesseract", "paddle"])}
    return groups, {"message_types": {"picture": {"topic": f"{prefix}.pictures", "fields": {"image_data": "base64"}}}, "stages": stages}


def damaged_home(folder):
    """A LOOM_HOME whose models are the real ones but for one."""
    for path in (ROOT / ".deps/models").rglob("*"):
        if path.is_file():
            link = folder / "models" / path.relative_to(ROOT / ".deps/models")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    damaged = folder / "models/ppocr/rec.onnx"
    damaged.unlink()
    damaged.write_bytes(b"half a download")
    return {**os.environ, "LOOM_HOME": str(folder)}


def test_engines_are_listed_with_what_they_cost(loom, prefix, sqlite):
    (tesseract, paddle), catalogue = pictures(prefix)
    catalogue["stages"][tesseract]["hints"] = {"sparse": {"engine": {"page_segmentation": 11}}}
    it = loom(sqlite, catalogue)
    answer = json.loads(it.cli("engines", "--json").stdout)
    by_group = {row["group"]: row for row in answer["engines"] if "hint" not in row}
    hinted, = [row for row in answer["engines"] if "hint" in row]
    assert (hinted["group"], hinted["hint"]) == (tesseract, "sparse") and "page_segmentation 11" in hinted["settings"]
    assert answer["ok"] and set(by_group) == {tesseract, paddle}
    assert by_group[tesseract]["version"].startswith("5.") and "eng" in by_group[tesseract]["settings"]
    assert {f["name"]: f["checksum"] for f in by_group[paddle]["files"]} == {"ppocr/det.onnx": "ok", "ppocr/rec.onnx": "ok", "ppocr/keys.txt": "ok"}
    assert all(row["load_ms"] > 0 and row["memory_bytes"] > 1 << 20 for row in by_group.values())
    unused = {row["engine"]: row for row in answer["unused"]}
    assert unused["silero"]["ok"] and unused["kyutai"]["needs_server"] and "tesseract" not in unused
    shown = it.cli("engines").stdout
    assert tesseract in shown and "checksum ok" in shown and "not used:" in shown


def test_a_damaged_model_is_named_before_anything_runs(loom, prefix, sqlite, tmp_path):
    (_, paddle), catalogue = pictures(prefix)
    it = loom(sqlite, catalogue)
    it.apply()
    home = damaged_home(tmp_path / "home")

    def run(*words):
        return subprocess.run([BINARY, *words, "--config", it.config], capture_output=True, text=True, timeout=120, env=home)
    listed = run("engines")
    assert listed.returncode == 69 and "CHECKSUM BAD ppocr/rec.onnx" in listed.stdout, listed.stdout
    for done, output in [(run("check"), "stdout"), (run("run", paddle), "stderr")]:
        assert done.returncode == 78, done
        assert "ppocr/rec.onnx" in getattr(done, output) and "tools/setup" in getattr(done, output)
    assert run("check", "--offline").returncode == 0


def test_compare_puts_two_groups_side_by_side(loom, prefix, sqlite):
    groups, catalogue = pictures(prefix)
    it = loom(sqlite, catalogue)
    it.apply()
    it.start_api()
    for group in groups:
        it.start("run", group)
    names = ["article_light.png", "article_dark.png", "chat_light.png", "chat_dark.png"]
    data = [base64.b64encode((SCREENS / name).read_bytes()).decode() for name in names] + [base64.b64encode(b"no picture").decode()]
    ids = [answer["message_id"] for answer in it.post_all([{"message_type_id": "picture", "device_id": f"d{n}", "data": {"image_data": one}}
                                                           for n, one in enumerate(data)])]

    def compare(*more):
        return json.loads(it.cli("compare", *groups, "--json", *more).stdout)
    answer = wait_for(lambda: (lambda a: a if a["both"] == 4 and all(g["dead"] == 1 for g in a["groups"]) else None)(compare()), 90, 0.5)
    assert answer["messages"] == 5 and not answer["is_sample"] and answer["topic"] == f"{prefix}.pictures"
    assert [g["group"] for g in answer["groups"]] == groups and all(g["only"] == g["dropped"] == 0 and g["took_ms"] > 0 for g in answer["groups"])
    pairs = answer["least_alike"]
    assert {p["message_id"] for p in pairs} == set(ids[:4])
    assert [p["letters"] for p in pairs] == sorted(p["letters"] for p in pairs)
    assert 0.8 < answer["letters"] < 1 and all(s["text"] for p in pairs for s in p["sides"])
    assert answer["fields"]["width"] == {"both": 4, "equal": 4, "mean_difference": 0}
    assert len(compare("--limit", "1")["least_alike"]) == 1 and compare("--since", "2100-01-01T00:00:00Z")["messages"] == 0
    shown = it.cli("compare", *groups).stdout
    assert shown.index(pairs[0]["message_id"]) < shown.index(pairs[-1]["message_id"]) and "both groups answered 4" in shown


def test_compare_wants_two_groups_on_one_topic(loom, prefix, sqlite):
    groups, catalogue = pictures(prefix)
    catalogue["stages"][f"{prefix}-sentiment"] = {"use": "sentiment", "input": f"{prefix}.texts", "output": f"{prefix}.moods", "text": "data.text"}
    it = loom(sqlite, catalogue)
    for other, says in [(f"{prefix}-sentiment", f"{prefix}.texts"), (groups[0], "itself"), (groups[1] + "x", groups[1])]:
        done = it.cli("compare", groups[0], other, check=False)
        assert done.returncode == 64 and says in done.stderr, done.stderr
    done = it.cli("compare", *groups, "--since", "yesterday", check=False)
    assert done.returncode == 64 and "2026-11-23T12:00:00Z" in done.stderr


class Hears(http.server.BaseHTTPRequestHandler):
    """A server that hears the same in everything."""
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(b'{"data":[{"id":"whisper-1"}]}')

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b'{"text":"hello"}')

    def log_message(self, *_):
        pass


def test_a_server_that_is_away_pauses_its_group(loom, kafka, prefix, sqlite):
    group, port = f"{prefix}-stt-consumer", free_port()
    it = loom(sqlite, {
        "message_types": {"audio": {"topic": f"{prefix}.audio", "fields": {"chunk_data": "base64", "sample_rate": "integer"}}},
        "stages": {group: {"use": "transcribe", "input": f"{prefix}.audio", "output": f"{prefix}.words", "lanes": 3, "batch": 1, "attempts": 1,
                           "engine": {"use": "openai_audio", "url": f"http://127.0.0.1:{port}"}}}})
    it.apply()
    it.start_api()
    part = it.start("run", group)
    sound = base64.b64encode(bytes(3200)).decode()
    it.post_all([{"message_type_id": "audio", "device_id": f"d{n}", "data": {"chunk_data": sound, "sample_rate": 16000}} for n in range(60)])
    wait_for(lambda: "circuit open" in part.text(), 60, 0.1, part.text)
    away = it.cli("check", check=False)
    assert away.returncode == 78 and group in away.stdout
    down = it.cli("engines", check=False)
    assert down.returncode == 69 and "DOWN" in down.stdout
    assert json.loads(it.cli("dlq", "list", "--json").stdout) == []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Hears)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert len({r.key for r in kafka.records(f"{prefix}.words", 60, 60)}) == 60
        wait_for(lambda: "circuit closed" in part.text(), 30, 0.1, part.text)
        assert it.cli("engines").returncode == 0 and "whisper-1" in it.cli("engines").stdout
        assert json.loads(it.cli("dlq", "list", "--json").stdout) == []
    finally:
        server.shutdown()
        server.server_close()
