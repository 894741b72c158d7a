"""POST /ingest/media/{type} on a real broker: the same bytes, whichever way they come."""
import base64, io, json, struct, uuid, wave, zlib

import pytest

from .support.kafka import value_of


def png(width, height, seed=1):
    """A real PNG, `width`×`height` pixels of noise."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    state, rows = seed, bytearray()
    for _ in range(height):
        rows.append(0)
        for _ in range(width):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            rows.append(state >> 16 & 255)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")


def wav(seconds, rate=16000, channels=1):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels), file.setsampwidth(2), file.setframerate(rate)
        file.writeframes(bytes(int(seconds * rate) * 2 * channels))
    return out.getvalue()


def form(fields, name, data, content_type):
    """(body, Content-Type) of multipart/form-data; `fields` are name → text."""
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {content_type}\r\n\r\n'.encode())
    return b"".join([*parts, data, f"\r\n--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


@pytest.fixture
def api(loom, prefix):
    it = loom(None, {
        "message_types": {
            "picture": {"topic": f"{prefix}.picture", "key": "message_id", "fields": {"image_data": "base64", "width": "integer", "height": "integer"}},
            "sound": {"topic": f"{prefix}.sound", "fields": {"chunk_data": "base64", "sample_rate": "integer", "duration_ms": "number"}},
            "plain": f"{prefix}.plain"},
        "topics": {f"{prefix}.sound": {"max_message_bytes": "256KiB"}}})
    it.apply()
    it.start_api()
    it.prefix = prefix
    return it


def upload(api, path, body, content_type):
    status, _, answer = api.request("POST", f"/ingest/media/{path}", body, {"Content-Type": content_type})
    return status, json.loads(answer or b"null")


def test_raw_and_form_give_the_same_message_as_json(api, kafka):
    picture = png(320, 195)
    assert upload(api, "picture?device_id=d", picture, "image/png")[0] == 200
    assert upload(api, "picture", *form({"device_id": "d", "metadata": '{"os":"x"}'}, "a.png", picture, "image/png"))[0] == 200
    assert api.post({"message_type_id": "picture", "device_id": "d",
                     "data": {"image_data": base64.b64encode(picture).decode(), "width": 320, "height": 195}})[0] == 200
    values = [value_of(record) for record in kafka.records(f"{api.prefix}.picture", 3)]
    assert {value["data"]["image_data"] for value in values} == {base64.b64encode(picture).decode()}
    assert {(value["data"]["width"], value["data"]["height"]) for value in values} == {(320, 195)}
    assert sorted(json.dumps(value["metadata"]) for value in values) == ['{"os": "x"}', "{}", "{}"]


def test_a_sound_says_what_it_is(api, kafka):
    sound = wav(1.5, 44100, 2)
    status, answer = upload(api, "sound?device_id=mic&recorded_at=2026-11-23T12:00:00Z", sound[:100000], "audio/wav")
    assert status == 200, answer
    record, = kafka.records(f"{api.prefix}.sound", 1)
    value = value_of(record)
    assert base64.b64decode(value["data"]["chunk_data"]) == sound[:100000] and record.key == b"mic"
    assert value["data"]["sample_rate"] == 44100 and value["data"]["channels"] == 2
    assert value["data"]["duration_ms"] == pytest.approx(1000 * (100000 - 44) / 4 / 44100)
    assert value["recorded_at"] == "2026-11-23T12:00:00.000000Z"


def test_limits_and_refusals(api):
    status, answer = upload(api, "sound?device_id=d", wav(10), "audio/wav")
    assert status == 413 and answer["limit"] == 262144 and f"{api.prefix}.sound" in answer["detail"], answer
    for path, body, content_type, wanted in [
            ("plain?device_id=d", b"x", "image/png", 422), ("nosuch?device_id=d", b"x", "image/png", 404),
            ("picture?device_id=d", b"x", "text/plain", 415), ("picture?device_id=d", b"x", "image/png", 400),
            ("picture", png(1, 1), "image/png", 400), ("picture?device_id=d", b"--x", "multipart/form-data; boundary=b", 400)]:
        status, answer = upload(api, path, body, content_type)
        assert status == wanted and answer["remedy"], (path, answer)


def test_a_resend_has_the_same_identity(api, kafka):
    mine = str(uuid.uuid4())
    for _ in range(2):
        assert upload(api, f"picture?device_id=d&message_id={mine}", png(3, 2), "image/png")[1]["message_id"] == mine
    assert {value_of(record)["message_id"] for record in kafka.records(f"{api.prefix}.picture", 2)} == {mine}
