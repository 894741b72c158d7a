"""The examples, as they are, on a real Kafka: the document's worked example done by programs that are not Loom's."""
import json, subprocess, sys

import pytest

from .support.kafka import ROOT, die_with_parent, headers_of, value_of, wait_for

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


@pytest.mark.parametrize("command", [["python3", "sentiment.py"], ["node", "sentiment.js"]], ids=["python", "node"])
def test_a_command(loom, kafka, prefix, sqlite, command):
    group = f"{prefix}-{GROUP}"
    program = str(ROOT / "examples/sentiment-command" / command[1])
    it = loom(sqlite, {"message_types": {"customer_feedback": f"{prefix}.feedback"},
                       "stages": {group: {"use": "command", "command": [command[0], program], "input": f"{prefix}.feedback", "output": f"{prefix}.results"},
                                  f"{prefix}-sink": {"use": "store", "mappings": "topic_mappings.yml"}}},
              {f"{prefix}.results": json.loads(json.dumps(MAPPING).replace(GROUP, group))})
    it.apply()
    it.start_api()
    for name in (group, f"{prefix}-sink"):
        it.start("run", name)
    expect_labels(sqlite, it.post_all(feedback()))


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
