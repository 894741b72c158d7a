#!/usr/bin/env python3
"""A consumer of one's own, outside Loom: reads Loom's topic, sends its results to the next one. Needs kafka-python.

usage: sentiment_consumer.py BOOTSTRAP
The results are JSON objects; what Loom's sink needs to recognise the message it keeps: message_id, device_id, data.
"""
import json, sys

from kafka import KafkaConsumer, KafkaProducer

GOOD, BAD = {"good", "great", "love", "excellent", "brilliant"}, {"bad", "broken", "terrible", "hate", "disappointed"}


def analyze_sentiment(message):
    words = set(message["data"]["text"].lower().replace(".", " ").replace("!", " ").split())
    score = len(words & GOOD) - len(words & BAD)
    label = "positive" if score > 0 else "negative" if score < 0 else "neutral"
    return {**message, "results": {**message.get("results", {}), "sentiment-analyzer-consumer": {"compound": float(score), "label": label}}}


consumer = KafkaConsumer("external.feedback.raw", group_id="sentiment-analyzer-consumer", bootstrap_servers=sys.argv[1],
                         auto_offset_reset="earliest", value_deserializer=json.loads)
producer = KafkaProducer(bootstrap_servers=sys.argv[1], value_serializer=lambda value: json.dumps(value).encode())
for record in consumer:
    result = analyze_sentiment(record.value)
    producer.send("analysis.sentiment.results", result)
