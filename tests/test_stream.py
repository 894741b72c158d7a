"""GET /ingest/stream on a real broker: one answer a message, in order; bounded; what was accepted is in Kafka."""
import json, pathlib, signal, uuid

import pytest

from .support.kafka import value_of, wait_for
from .support.websocket import Closed, WebSocket
from .test_media import api, form, png, upload  # noqa: F401 (the fixture)

STREAM = "/ingest/stream"


def message(api, n, **more):
    return json.dumps({"message_type_id": "plain", "device_id": f"d{n % 7}", "data": {"n": n}, "message_id": str(uuid.UUID(int=(n + 1) << 64)), **more})


def resident(part):
    """RSS in bytes."""
    return int(pathlib.Path(f"/proc/{part.process.pid}/statm").read_text().split()[1]) * 4096


def test_ten_thousand_messages_are_answered_in_order(api, kafka):
    stream = WebSocket(api.port, STREAM)
    sender = api.in_background(lambda: [stream.send(message(api, n)) for n in range(10_000)])
    answers = [json.loads(stream.receive()) for _ in range(10_000)]
    sender.join()
    assert [a["status"] for a in answers] == ["success"] * 10_000
    assert [a["message_id"] for a in answers] == [str(uuid.UUID(int=(n + 1) << 64)) for n in range(10_000)]
    records = kafka.records(f"{api.prefix}.plain", 10_000)
    assert {(r.partition, r.offset): value_of(r)["message_id"] for r in records} == {(a["partition"], a["offset"]): a["message_id"] for a in answers}
    seen = {}
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        seen.setdefault(record.key, []).append(value_of(record)["data"]["n"])
    assert all(numbers == sorted(numbers) for numbers in seen.values())  # a device stays in order


def test_a_client_that_reads_no_answers_is_bounded(api, kafka):
    """It stops being read: what it can push is the window and the sockets' buffers, far below what it wants to send."""
    part = api.parts[-1]
    before = resident(part)
    stream = WebSocket(api.port, STREAM, seconds=3)
    body = message(api, 1, metadata={"x": "y" * 3000})
    with pytest.raises(TimeoutError):
        for _ in range(200_000):
            stream.send(body)
    assert resident(part) - before < 120 << 20
    assert api.post(json.loads(message(api, 5)))[0] == 200  # others are served meanwhile
    stream.close()


def test_what_was_accepted_is_in_kafka_when_the_client_goes(api, kafka):
    stream = WebSocket(api.port, STREAM)
    for n in range(500):
        stream.send(message(api, n))
    answers = [json.loads(stream.receive()) for _ in range(100)]
    stream.close()
    assert api.post(json.loads(message(api, 1000)))[0] == 200
    found = {value_of(r)["message_id"] for r in kafka.records(f"{api.prefix}.plain", 101)}
    assert {a["message_id"] for a in answers} <= found


def test_media_is_the_same_by_every_way(api, kafka):
    picture = png(300, 200, seed=7)
    stream = WebSocket(api.port, STREAM)
    stream.send(json.dumps({"begin": {"message_type_id": "picture", "device_id": "d"}}))
    for start in range(0, len(picture), 10_000):
        stream.send(picture[start:start + 10_000])
    stream.send(json.dumps({"end": True}))
    assert json.loads(stream.receive())["status"] == "success"
    assert upload(api, "picture?device_id=d", picture, "image/png")[0] == 200
    assert upload(api, "picture", *form({"device_id": "d"}, "a.png", picture, "image/png"))[0] == 200
    values = [value_of(record)["data"] for record in kafka.records(f"{api.prefix}.picture", 3)]
    assert values[0] == values[1] == values[2] and values[0]["width"] == 300
    import base64
    assert base64.b64decode(values[0]["image_data"]) == picture


def test_bad_frames_are_told_and_the_stream_goes_on(api):
    stream = WebSocket(api.port, STREAM)
    for frame, status in [("{", 400), ("[]", 400), (json.dumps({"message_type_id": "plain"}), 400), (b"x", 400),
                          (json.dumps({"message_type_id": "plian", "device_id": "d", "data": {}}), 404)]:
        stream.send(frame)
        problem = json.loads(stream.receive())
        assert problem["status"] == status and problem["title"], (frame, problem)
    stream.send(message(api, 1))
    assert json.loads(stream.receive())["status"] == "success"
    stream.send("x" * (17 << 20))
    assert json.loads(stream.receive())["status"] == 413
    with pytest.raises(Closed) as closed:
        stream.receive()
    assert closed.value.code == 1009


def test_the_end_answers_what_is_in_flight(api, kafka):
    stream = WebSocket(api.port, STREAM)
    for n in range(300):
        stream.send(message(api, n))
    answers = [json.loads(stream.receive())]
    api.parts[-1].signal(signal.SIGTERM)
    with pytest.raises(Closed) as closed:
        while True:
            answers.append(json.loads(stream.receive()))
    assert closed.value.code == 1001 and api.parts[-1].process.wait(30) == 0
    found = {value_of(r)["message_id"] for r in kafka.records(f"{api.prefix}.plain", len(answers))}
    assert {a["message_id"] for a in answers} == found  # every record was answered, every answer has its record
