"""The stage as a service, with the standard library alone: a message a request, its result is the answer.
usage: python3 sentiment.py [PORT]"""
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def sentiment(message):
    text = message["data"].get("text")
    if not isinstance(text, str):
        return {"error": "data.text is missing"}  # a dead letter that says so
    words = text.lower().split()
    score = sum(word.startswith(("good", "great", "love")) for word in words) - sum(word.startswith(("bad", "broken", "hate")) for word in words)
    return {"result": {"compound": score, "label": "positive" if score > 0 else "negative" if score < 0 else "neutral"}}


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(sentiment(request["message"])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000), Service).serve_forever()
