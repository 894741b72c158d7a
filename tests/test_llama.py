"""A real llama-server behind the OCR stage on a real Kafka; its model is random, its protocol is not. See `make test-llama`."""
import base64, contextlib, subprocess, urllib.request

import pytest

from .support.kafka import ROOT, die_with_parent, free_port, headers_of, value_of, wait_for
from .test_pictures import ROWS, png

FOLDER = ROOT / ".deps/llama"
pytestmark = pytest.mark.skipif(not (FOLDER / "llama-server").exists(), reason="no llama-server here: run make test-llama")
GOOD = (ROOT / "samples/screens/post_light.png").read_bytes()


class Server:
    """start() returns when the model is loaded; `kill` and `start` keep the port."""

    def __init__(self, folder):
        self.log, self.port, self.process = folder / "llama.log", free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        model = FOLDER / "model"
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [FOLDER / "llama-server", "--model", model / "model.gguf", "--mmproj", model / "mmproj.gguf", "--alias", "tiny-vision",
                 "--host", "127.0.0.1", "--port", str(self.port), "--ctx-size", "1024", "--parallel", "1", "--threads", "1"],
                stdout=log, stderr=log, preexec_fn=die_with_parent)
        wait_for(self.answers, 60, 0.05, lambda: "for llama-server:\n" + self.log.read_text()[-2000:])

    def answers(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
            return answer.status == 200

    def kill(self):
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def llama(tmp_path):
    server = Server(tmp_path)
    server.start()
    yield server
    server.kill()


def stage(loom, prefix, llama):
    """(Loom, its stage, the stage's process); hint `short` wants 8 tokens, `long` asks more than the context holds."""
    group = f"{prefix}-reader"
    it = loom(None, {
        "message_types": {"picture": {"topic": f"{prefix}.pictures", "hint": "short", "fields": {"image_data": "base64"}}},
        "stages": {group: {
            "use": "ocr", "input": f"{prefix}.pictures", "output": f"{prefix}.read", "engine": {"use": "openai_chat", "url": llama.url},
            "hints": {"short": {"engine": {"max_tokens": 8}}, "whole": {"engine": {"prompt": "Read it.", "max_tokens": 3000}},
                      "long": {"engine": {"prompt": "word " * 1000}}}}}})
    it.apply()
    it.start_api()
    return it, group, it.start("run", group)


def message(picture=GOOD, **more):
    return {"message_type_id": "picture", "device_id": "d", "data": {"image_data": base64.b64encode(picture).decode()}, **more}


def test_what_it_answers_is_a_result_or_a_dead_letter(loom, kafka, prefix, llama):
    it, group, _ = stage(loom, prefix, llama)
    bad = png(100, 100, ROWS[:len(ROWS) // 2])  # whole outside: only who decodes it sees that it is none
    answers = it.post_all([message(), message(bad), message(pipeline_hint="long"), message(pipeline_hint="whole")])
    short, whole = [value_of(record)["results"][group] for record in kafka.records(f"{prefix}.read", 2)]
    assert short["text"] and short["cut_short"] is True, "its finish_reason is length"
    assert whole["text"] and all(letter >= " " or letter in "\n\t" for letter in whole["text"]), "the model says control characters"
    assert (short["engine"], short["engine_version"], short["confidence"]) == ("openai_chat", "tiny-vision", None)
    letters = {headers_of(letter)["message_id"]: headers_of(letter) for letter in kafka.records(f"dlq.{group}", 2)}
    refused, too_long = (letters[answer["message_id"]] for answer in answers[1:3])
    assert (refused["loom-error-kind"], refused["loom-attempts"]) == ("malformed", "1") and "Failed to load image" in refused["loom-error-message"]
    assert (too_long["loom-error-kind"], too_long["loom-attempts"]) == ("too_large", "1") and "1024 tokens" in too_long["loom-error-message"]


def test_killed_and_started_again_nothing_is_lost(loom, kafka, prefix, llama):
    it, group, process = stage(loom, prefix, llama)
    sent = it.post_all([message()])
    kafka.records(f"{prefix}.read", 1)
    llama.kill()
    sent += it.post_all([message() for _ in range(5)])
    wait_for(lambda: "a record has to come again" in process.text(), 30, 0.05, process.text)
    llama.start()
    read = [headers_of(record)["message_id"] for record in kafka.records(f"{prefix}.read", 6)]
    assert sorted(read) == sorted(answer["message_id"] for answer in sent)
    assert kafka.records(f"dlq.{group}") == []
