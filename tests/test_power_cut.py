"""The machine of a Kafka without replicas loses power: its topics come back without their last records."""
import json, shutil, uuid

from .support.databases import Sqlite
from .support.kafka import Kafka, wait_for
from .support.loom import Loom


def test_records_at_offsets_that_others_had_before_the_power_cut_are_stored(tmp_path):
    kafka, database, topic, group = Kafka(tmp_path / "kafka"), Sqlite(tmp_path), "notes", "sink"
    it = None
    try:
        it = Loom(tmp_path, kafka, database, {"message_types": {"note": topic}, "topics": {topic: {"partitions": 1}},
                                              "stages": {group: {"use": "store", "mappings": "topic_mappings.yml"}}},
                  {topic: {"table": "notes", "field_mappings": {"data.n": "n"}, "data_types": {"n": "integer"}}})
        it.apply()
        rows = lambda: sorted(row["n"] for row in database.rows("SELECT n FROM notes"))

        def send(first, count):
            kafka.produce(topic, [(b"k", json.dumps({"message_id": str(uuid.uuid4()), "data": {"n": n}}).encode()) for n in range(first, first + count)])

        def stored(sink, count):
            wait_for(lambda: len(rows()) == count, 60, 0.1, lambda: f"{len(rows())} rows\n{sink.text()[-3000:]}")

        sink = it.start("run", group)
        send(0, 20)
        stored(sink, 20)
        sink.stop()
        kafka.stop()
        shutil.copytree(kafka.folder / "data", tmp_path / "flushed")
        kafka.start()
        sink = it.start("run", group)
        send(20, 30)
        stored(sink, 50)
        sink.kill()
        kafka.stop()
        shutil.rmtree(kafka.folder / "data")
        shutil.move(tmp_path / "flushed", kafka.folder / "data")
        kafka.start()
        send(50, 10)
        sink = it.start("run", group)
        wait_for(lambda: "ends before what is stored of it" in sink.text(), 60, 0.1, sink.text)
        send(60, 30)
        stored(sink, 90)
        assert rows() == list(range(90))
    finally:
        if it:
            it.close()
        kafka.stop()
