"""The examples, as they are, on a real Kafka: the document's worked example done by programs that are not Loom's."""
import http.server, json, shutil, socket, subprocess, sys, threading

import pytest

from .support.kafka import ROOT, die_with_parent, free_port, headers_of, value_of, wait_for
from .support.loom import BINARY

GROUP = "sentiment-analyzer-consumer"
SENTENCES = {"web-1": ("I love it, great work", "positive"), "web-2": ("The box arrived broken", "negative"), "web-3": ("It works", "neutral")}
MAPPING = {"table": "analysis_sentiment_results",
           "field_mappings": {"data.text": "text", f"results.{GROUP}.label": "label", f"results.{GROUP}.compound": "compound"},
           "data_types": {"compound": "float"}}


def feedback():
    return [{"message_type_id": "customer_feedback", "device_id": device, "data": {"text": text}} for device, (text, _) in SENTENCES.items()]


def expect_labels(database, answers):
    rows = lambda: {row["device_id"]: row["label"] for row in database.rows("SELECT device_id, label FROM analysis_sentiment_results")}
    wait_for(lambda: len(rows()) == len(SENTENCES), 60, 0.2, lambda: f"for all labels: {rows()}")
    assert rows() == {device: label for device, (_, label) in SENTENCES.items()}
    found = {str(row["message_id"]) for row in database.rows("SELECT message_id FROM analysis_sentiment_results")}
    assert found == {answer["message_id"] for answer in answers}, "the identities went all the way"


def test_the_documents_own_consumer(loom, kafka, sqlite):
    """KafkaConsumer and producer.send, with nothing of Loom in it; its results are stored by our sink."""
    it = loom(sqlite, {"message_types": {"customer_feedback": "external.feedback.raw"},
                       "stages": {"python-example-sink": {"use": "store", "mappings": "topic_mappings.yml"}}},
              {"analysis.sentiment.results": MAPPING})
    it.apply()
    it.start_api()
    answers = it.post_all(feedback())
    it.start("run", "python-example-sink")
    consumer = subprocess.Popen([sys.executable, ROOT / "examples/sentiment-python/sentiment_consumer.py", kafka.bootstrap],
                                preexec_fn=die_with_parent)
    try:
        expect_labels(sqlite, answers)
    finally:
        consumer.kill()
        consumer.wait()


def program(example, language, folder):
    """The command line of an example in a language; Go is built first."""
    source = ROOT / "examples" / example / {"python": "sentiment.py", "node": "sentiment.js", "go": "sentiment.go"}[language]
    if language != "go":
        return [{"python": "python3", "node": "node"}[language], str(source)]
    subprocess.run(["go", "build", "-o", folder / "sentiment", source], check=True, timeout=300)
    return [str(folder / "sentiment")]


def pipeline(loom, prefix, sqlite, stage):
    """The document's feedback pipeline with this entry as its stage; applied, with the API started."""
    group = f"{prefix}-{GROUP}"
    it = loom(sqlite, {"message_types": {"customer_feedback": f"{prefix}.feedback"},
                       "stages": {group: {"input": f"{prefix}.feedback", "output": f"{prefix}.results", **stage},
                                  f"{prefix}-sink": {"use": "store", "mappings": "topic_mappings.yml"}}},
              {f"{prefix}.results": json.loads(json.dumps(MAPPING).replace(GROUP, group))})
    it.apply()
    it.start_api()
    return it, group


@pytest.mark.parametrize("language", ["python", "node", "go"])
def test_a_command(loom, kafka, prefix, sqlite, tmp_path, language):
    it, group = pipeline(loom, prefix, sqlite, {"use": "command", "command": program("sentiment-command", language, tmp_path)})
    for name in (group, f"{prefix}-sink"):
        it.start("run", name)
    expect_labels(sqlite, it.post_all(feedback()))


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("language", ["python", "node", "go"])
def test_a_service(loom, kafka, prefix, sqlite, tmp_path, language):
    """Its complaint is a dead letter that says what is wrong."""
    port = free_port()
    service = subprocess.Popen([*program("sentiment-http", language, tmp_path), str(port)], preexec_fn=die_with_parent)
    try:
        wait_for(lambda: listens(port), 30, 0.05)
        it, group = pipeline(loom, prefix, sqlite, {"use": "http", "url": f"http://127.0.0.1:{port}", "path": "/sentiment"})
        for name in (group, f"{prefix}-sink"):
            it.start("run", name)
        bad, *good = it.post_all([{"message_type_id": "customer_feedback", "device_id": "web-9", "data": {"other": 1}}, *feedback()])
        expect_labels(sqlite, good)
        letter, = kafka.records(f"dlq.{group}", 1)
        assert headers_of(letter)["message_id"] == bad["message_id"]
        assert "data.text is missing" in json.dumps(headers_of(letter))
    finally:
        service.kill()
        service.wait()


class Moody(http.server.ThreadingHTTPServer):
    """A service that answers as `mood` says; it counts what it was asked, and what it answered well."""
    daemon_threads = True

    def __init__(self, port):
        self.mood, self.asked, self.heard = "answers", 0, []
        super().__init__(("127.0.0.1", port), Moods)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Moods(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["message"]
        self.server.asked += 1
        if self.server.mood == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            self.close_connection = True
            return
        status, body = {"busy": (503, b""), "page": (200, b"<html>Sign in</html>"), "key": (401, b""),
                        "answers": (200, b'{"result":{"label":"seen"}}')}[self.server.mood]
        if self.server.mood == "answers":
            self.server.heard.append(message["message_id"])
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_service_that_is_away_loses_nothing_and_dead_letters_nothing(loom, kafka, prefix, sqlite):
    """Down, busy, half an answer, a page in its place, a key refused: the stage waits, and goes on by itself."""
    port = free_port()
    it, group = pipeline(loom, prefix, sqlite, {"use": "http", "url": f"http://127.0.0.1:{port}", "attempts": 1, "timeout": "5s"})
    say = lambda n: it.post_all([{"message_type_id": "customer_feedback", "device_id": f"web-{i % 7}", "data": {"text": str(i)}} for i in range(n)])
    stage = it.start("run", group)
    sent = say(50)
    wait_for(lambda: "can't connect" in stage.text(), 30, 0.1, lambda: "for the stage to be refused:\n" + stage.text())
    service = Moody(port)
    try:
        done = lambda: len(set(service.heard)) == len(sent)
        wait_for(done, 60, 0.1, lambda: f"after it was down: {len(set(service.heard))} of {len(sent)}")
        for mood in ("busy", "half", "page", "key"):
            service.mood, asked = mood, service.asked
            sent += say(20)
            wait_for(lambda: service.asked >= asked + 3, 30, 0.05)  # it goes on asking
            service.mood = "answers"
            wait_for(done, 60, 0.1, lambda: f"after {mood}: {len(set(service.heard))} of {len(sent)}")
        results = kafka.records(f"{prefix}.results", len(sent))
        assert sorted(headers_of(record)["message_id"] for record in results) == sorted(answer["message_id"] for answer in sent)
        assert not kafka.records(f"dlq.{group}") and not kafka.records(f"drops.{group}")
    finally:
        service.shutdown()
        service.server_close()


def test_a_message_that_breaks_a_command_becomes_a_dead_letter(loom, kafka, prefix, sqlite):
    """The text is missing, so the example throws; the others are not touched."""
    group = f"{prefix}-{GROUP}"
    it = loom(sqlite, {"message_types": {"customer_feedback": f"{prefix}.feedback"},
                       "stages": {group: {"use": "command", "command": ["python3", str(ROOT / "examples/sentiment-command/sentiment.py")],
                                          "input": f"{prefix}.feedback", "output": f"{prefix}.results", "attempts": 2}}})
    it.apply()
    it.start_api()
    bad, *good = it.post_all([{"message_type_id": "customer_feedback", "device_id": "web-9", "data": {"other": 1}}, *feedback()])
    it.start("run", group)
    results = kafka.records(f"{prefix}.results", 3)
    assert {headers_of(record)["message_id"] for record in results} == {answer["message_id"] for answer in good}
    assert {value_of(record)["results"][group]["label"] for record in results} == {"positive", "negative", "neutral"}
    letter, = kafka.records(f"dlq.{group}", 1)
    assert headers_of(letter)["message_id"] == bad["message_id"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install` brings to a stage's author, and the example built with it, outside Loom's tree."""
    folder = tmp_path_factory.mktemp("out-of-tree")
    run = lambda *words: subprocess.run(words, check=True, capture_output=True, text=True)
    for component in ("program", "development"):
        run("cmake", "--install", BINARY.parent, "--prefix", folder / "loom", "--component", component)
    shutil.copytree(ROOT / "examples/sentiment-cpp", folder / "source")
    run("cmake", "-G", "Ninja", "-S", folder / "source", "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={folder / 'loom'}")
    run("cmake", "--build", folder / "build")
    assert subprocess.run([folder / "loom/bin/loom", "--version"], check=True, capture_output=True).stdout.startswith(b"loom ")
    return folder / "build/sentiment"


def test_a_stage_in_cpp(loom, prefix, sqlite, tmp_path, installed):
    """Built against the installed headers and library; `loom run` becomes it, `loom check` knows it."""
    group = f"{prefix}-{GROUP}"
    it = loom(sqlite, {"message_types": {"customer_feedback": f"{prefix}.feedback"},
                       "stages": {group: {"use": "program", "program": "sentiment", "input": f"{prefix}.feedback", "output": f"{prefix}.results",
                                          "options": {"lexicon": str(tmp_path / "words.txt")}},
                                  f"{prefix}-sink": {"use": "store", "mappings": "topic_mappings.yml"}}},
              {f"{prefix}.results": json.loads(json.dumps(MAPPING).replace(GROUP, group))})
    assert "there is no program" in it.cli("check", "--offline", check=False).stdout + it.cli("run", group, check=False).stderr
    (tmp_path / "sentiment").symlink_to(installed)
    assert "words.txt" in it.cli("run", group, check=False).stderr, "its own error ends it"
    (tmp_path / "words.txt").write_text("love 3\ngreat 2\nbroken -3\n")
    it.apply()
    it.start_api()
    part = it.start("run", group)
    it.start("run", f"{prefix}-sink")
    answers = it.post_all(feedback())
    bad, = it.post_all([{"message_type_id": "customer_feedback", "device_id": "web-9", "data": {"other": 1}}])
    expect_labels(sqlite, answers)
    letter, = it.kafka.records(f"dlq.{group}", 1)
    assert headers_of(letter)["message_id"] == bad["message_id"]
    assert part.stop() == 0, "it drains and stops as Loom's own"
