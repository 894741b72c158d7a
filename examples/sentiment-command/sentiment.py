"""A stage in ten lines: a message a line comes in, an answer a line goes out. Loom does the rest."""
import json, sys

for line in sys.stdin:
    request = json.loads(line)
    words = request["message"]["data"]["text"].lower().split()
    score = sum(word.startswith(("good", "great", "love")) for word in words) - sum(word.startswith(("bad", "broken", "hate")) for word in words)
    label = "positive" if score > 0 else "negative" if score < 0 else "neutral"
    print(json.dumps({"id": request["id"], "result": {"compound": score, "label": label}}), flush=True)
