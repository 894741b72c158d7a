"""Options per hint: one stage on a real Kafka asks a server of pictures differently, as each message's hint wants it."""
import base64, http.server, json, threading

import pytest

from .support.kafka import ROOT, value_of


class ChatServer:
    """Speaks OpenAI's chat; answers what it was asked, the first `busy` times with 503."""

    def __init__(self, busy=0):
        peer, self.busy, self.asked = self, busy, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                picture, prompt = asked["messages"][0]["content"]
                peer.asked.append(picture["image_url"]["url"][:22])
                status = 503 if len(peer.asked) <= peer.busy else 200
                answer = {"model": "parrot-1", "choices": [{"finish_reason": "stop", "message": {"content": f"asked: {prompt['text']}"}}]}
                body = json.dumps(answer if status == 200 else {"error": {"message": "loading model"}}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def chat():
    server = ChatServer(busy=2)
    yield server
    server.close()


def test_one_stage_asks_each_hint_its_own_question(loom, kafka, prefix, chat):
    group = f"{prefix}-seer"
    it = loom(None, {
        "message_types": {"picture": {"topic": f"{prefix}.pictures", "hint": "ocr_extraction", "fields": {"image_data": "base64"}}},
        "stages": {group: {
            "use": "ocr", "input": f"{prefix}.pictures", "output": f"{prefix}.seen", "engine": {"use": "openai_chat", "url": chat.url, "prompt": "What is it?"},
            "when": {"metadata.keep": "yes"},
            "hints": {"ocr_extraction": {"engine": {"prompt": "Read it."}}, "scene_description": {"engine": {"prompt": "Describe it."}},
                      "offline": {"engine": {"use": "tesseract"}}}}}})
    it.apply()
    it.start_api()
    it.start("run", group)
    picture = base64.b64encode((ROOT / "samples/screens/post_light.png").read_bytes()).decode()
    message = {"message_type_id": "picture", "device_id": "d", "data": {"image_data": picture}, "metadata": {"keep": "yes"}}
    it.post_all([message, message | {"pipeline_hint": "scene_description"}, message | {"pipeline_hint": "unheard_of"},
                 message | {"pipeline_hint": "offline"}, message | {"metadata": {"keep": "no"}}])
    results = [value_of(record)["results"][group] for record in kafka.records(f"{prefix}.seen", 4)]
    assert [(one["text"], one["settings"], one.get("hint")) for one in results[:3]] == [
        ("asked: Read it.", "prompt: Read it.", "ocr_extraction"), ("asked: Describe it.", "prompt: Describe it.", "scene_description"),
        ("asked: What is it?", "prompt: What is it?", None)]
    assert [(one["engine"], one["engine_version"], one["confidence"]) for one in results[:3]] == [("openai_chat", "parrot-1", None)] * 3
    assert results[3]["engine"] == "tesseract" and results[3]["hint"] == "offline" and "one very patient hermit crab" in results[3]["text"]
    assert len(kafka.records(f"drops.{group}", 1)) == 1 and kafka.records(f"dlq.{group}") == []
    assert set(chat.asked) == {"data:image/png;base64,"} and len(chat.asked) == 5, "two answers of 503 were tried again"


def test_a_wrong_option_of_a_hint_is_found_by_check(loom, prefix):
    it = loom(None, {
        "message_types": {"picture": {"topic": f"{prefix}.pictures", "hint": "ocr_extraction"}},
        "stages": {"seer": {"use": "ocr", "input": f"{prefix}.pictures", "output": f"{prefix}.seen", "engine": {"use": "tesseract"},
                            "hints": {"ocr_extracton": {"engine": {"langauge": "eng"}}}}}})
    done = it.cli("check", "--offline", check=False)
    line = next(number for number, text in enumerate(it.config.read_text().splitlines(), 1) if "langauge" in text)
    assert done.returncode == 78
    assert f"loom.yaml:{line}: stages.seer.hints.ocr_extracton.engine: unknown option 'langauge'; did you mean 'language'?" in done.stdout
    assert "no message type here has this hint; did you mean 'ocr_extraction'?" in done.stdout
