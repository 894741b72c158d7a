"""A topic is deleted and created anew under a running sink: its offsets start over, and so does the sink."""
import json, uuid

import kafka as kafka_client

from .support.kafka import wait_for


def test_a_topic_that_is_created_anew_under_a_running_sink(loom, kafka, prefix, sqlite):
    topic, group = f"{prefix}.notes", f"{prefix}-sink"
    it = loom(sqlite, {"message_types": {"note": topic}, "stages": {group: {"use": "store", "mappings": "topic_mappings.yml"}}},
              {topic: {"table": "notes", "field_mappings": {"data.n": "n"}, "data_types": {"n": "integer"}}})
    it.apply()
    sink = it.start("run", group)
    rows = lambda: sorted(row["n"] for row in sqlite.rows("SELECT n FROM notes"))
    records = lambda first, count: [(b"k%d" % (n % 20), json.dumps({"message_id": str(uuid.uuid4()), "device_id": "d", "data": {"n": n}}).encode()) for n in range(first, first + count)]
    kafka.produce(topic, records(0, 100))
    wait_for(lambda: len(rows()) == 100, 60, 0.1)
    admin = kafka_client.KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        admin.delete_topics([topic])
        wait_for(lambda: topic not in admin.list_topics(), 30, 0.1)
    finally:
        admin.close()
    it.cli("topics", "apply")
    kafka.produce(topic, records(100, 300))  # past where the sink stood, so that an old position would skip some
    wait_for(lambda: len(rows()) == 400, 60, 0.2, lambda: f"{len(rows())} rows\n{sink.text()[-3000:]}")
    assert rows() == list(range(400))
    assert "records without a message_id" in sink.text()
