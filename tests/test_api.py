"""The HTTP contract against a real broker: every bad input has a problem document that names field and remedy."""
import base64, hashlib, json

import pytest

from .support.kafka import headers_of, value_of, wait_for

CATALOGUE = {
    "message_types": {
        "gps": {"fields": {"latitude": {"type": "number", "min": -90, "max": 90}, "longitude": {"type": "number", "min": -180, "max": 180}}},
        "picture": {"key": "message_id", "hint": "ocr_extraction", "fields": {"image_data": "base64", "width": "integer"}},
        "plain": None}}
GPS = {"message_type_id": "gps", "device_id": "phone-1", "data": {"latitude": 1.5, "longitude": 2}}


@pytest.fixture
def api(loom, prefix):
    types = {name: {**(spec or {}), "topic": f"{prefix}.{name}"} for name, spec in CATALOGUE["message_types"].items()}
    it = loom(None, {"message_types": types, "topics": {f"{prefix}.plain": {"max_message_bytes": "64KiB"}}})
    it.apply()
    it.start_api()
    it.prefix = prefix
    return it


def without(message, name):
    return {k: v for k, v in message.items() if k != name}


BAD = [  # name, message or body, status, field
    ("not JSON", b"{", 400, None),
    ("trailing brace", json.dumps(GPS).encode() + b"}", 400, None),
    ("not an object", b"[1]", 400, None),
    ("empty", b"", 400, None),
    ("invalid UTF-8", b'{"message_type_id":"gps","device_id":"\xff","data":{}}', 400, None),
    ("NUL", b'{"message_type_id":"plain","device_id":"d","data":{"a":"\\u0000"}}', 400, None),
    ("too deep", b'{"message_type_id":"plain","device_id":"d","data":{"a":' + b"[" * 2000 + b"]" * 2000 + b"}}", 400, None),
    ("no type", without(GPS, "message_type_id"), 400, "message_type_id"),
    ("no device", without(GPS, "device_id"), 400, "device_id"),
    ("no data", without(GPS, "data"), 400, "data"),
    ("data no object", {**GPS, "data": [1]}, 422, "data"),
    ("unknown type", {**GPS, "message_type_id": "gpz"}, 404, None),
    ("no latitude", {**GPS, "data": {"longitude": 1}}, 400, "data.latitude"),
    ("latitude 91", {**GPS, "data": {"latitude": 91, "longitude": 1}}, 422, "data.latitude"),
    ("latitude text", {**GPS, "data": {"latitude": "1", "longitude": 1}}, 422, "data.latitude"),
    ("bad base64", {"message_type_id": "picture", "device_id": "d", "data": {"image_data": "a", "width": 1}}, 400, "data.image_data"),
    ("width 1.5", {"message_type_id": "picture", "device_id": "d", "data": {"image_data": "aaaa", "width": 1.5}}, 422, "data.width"),
    ("id no UUID", {**GPS, "message_id": "7"}, 422, "message_id"),
    ("time", {**GPS, "recorded_at": "yesterday"}, 422, "recorded_at"),
]


@pytest.mark.parametrize("name,message,status,field", BAD, ids=[case[0] for case in BAD])
def test_bad_input(api_shared, name, message, status, field):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    found, headers, answer = api_shared.request("POST", "/ingest/message", body, {"Content-Type": "application/json"})
    problem = json.loads(answer)
    assert found == status, problem
    assert headers["Content-Type"].startswith("application/problem+json")
    assert problem["status"] == status and problem["title"] and problem["detail"]
    assert field is None or problem["field"] == field


@pytest.fixture(scope="module")
def api_shared(tmp_path_factory, kafka):
    from .support.loom import Loom
    types = {name: {**(spec or {}), "topic": f"shared.{name}"} for name, spec in CATALOGUE["message_types"].items()}
    it = Loom(tmp_path_factory.mktemp("api"), kafka, None, {"message_types": types})
    it.apply()
    it.start_api()
    yield it
    it.close()


def test_answer_says_where_the_record_lies(api, kafka):
    message = {**GPS, "message_id": "0198F0C2-0000-7000-8000-00000000000A", "metadata": {"os": "ä"}, "pipeline_hint": "mine", "recorded_at": "2026-11-23T13:00:00+01:00"}
    traced = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Content-Type": "application/json"}
    status, _, body = api.request("POST", "/ingest/message", json.dumps(message).encode(), traced)
    answer = json.loads(body)
    assert status == 200 and answer["status"] == "success" and answer["message_type"] == "gps"
    assert answer["message_id"] == "0198f0c2-0000-7000-8000-00000000000a" and answer["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    record, = kafka.records(f"{api.prefix}.gps", 1)
    assert (record.partition, record.offset, answer["topic"]) == (answer["partition"], answer["offset"], f"{api.prefix}.gps")
    assert record.key == b"phone-1"
    value, headers = value_of(record), headers_of(record)
    assert headers["message_id"] == value["message_id"] == answer["message_id"] and headers["part"] == ""
    assert headers["message_type"] == "gps" and headers["content-type"] == "application/json"
    assert headers["traceparent"].split("-")[1] == answer["trace_id"] == value["trace_id"]
    assert value["schema_version"] == "1.0" and value["data"] == GPS["data"] and value["metadata"] == {"os": "ä"}
    assert value["recorded_at"] == "2026-11-23T12:00:00.000000Z" and value["timestamp"] == answer["timestamp"]
    assert value["pipeline_hint"] == "mine"


def test_data_stays_byte_for_byte(api, kafka):
    raw = b'{"message_type_id":"plain","device_id":"d","data":{"b" : 1.0, "a":1e2,"t":"\\u00e4\\/","dup":[ 1 ,2]}}'
    status, _, _ = api.request("POST", "/ingest/message", raw, {"Content-Type": "application/json"})
    assert status == 200
    record, = kafka.records(f"{api.prefix}.plain", 1)
    assert b'"data":{"b" : 1.0, "a":1e2,"t":"\\u00e4\\/","dup":[ 1 ,2]}' in record.value


def test_keys_agree_with_python_and_java(api, kafka):
    """One device sits in one partition, whoever produces (murmur2)."""
    for n in range(20):
        status, answer = api.post({**GPS, "device_id": f"d{n}"})
        assert status == 200
        kafka.produce(f"{api.prefix}.gps", [(b"d%d" % n, b'{"foreign":true}')])
    where = {}
    for record in kafka.records(f"{api.prefix}.gps", 40):
        where.setdefault(record.key, set()).add(record.partition)
    assert len(where) == 20 and all(len(partitions) == 1 for partitions in where.values())


def test_batch(api, kafka):
    bad = {**GPS, "data": {"latitude": 91, "longitude": 0}}
    status, answer = api.post([GPS, bad, GPS], "/ingest/batch")
    assert status == 207 and (answer["accepted"], answer["rejected"]) == (2, 1)
    assert [r["status"] for r in answer["results"]] == ["success", "error", "success"] and answer["results"][1]["index"] == 1
    lines = b"\n".join([json.dumps(GPS).encode(), b"{broken", json.dumps(GPS).encode()]) + b"\n"
    status, _, body = api.request("POST", "/ingest/batch", lines, {"Content-Type": "application/x-ndjson"})
    answer = json.loads(body)
    assert status == 207 and (answer["accepted"], answer["rejected"]) == (2, 1)
    status, answer = api.post([GPS] * 1000, "/ingest/batch")
    assert status == 200 and answer["accepted"] == 1000
    offsets = {(r["partition"], r["offset"]) for r in answer["results"]}
    assert len(offsets) == 1000 and len(kafka.records(f"{api.prefix}.gps", 1004)) == 1004
    assert api.request("POST", "/ingest/batch", b"nonsense", {"Content-Type": "application/json"})[0] == 400


def test_too_large_names_the_limit(api):
    status, answer = api.post({"message_type_id": "plain", "device_id": "d", "data": {"a": "x" * 100_000}})
    assert status == 413 and answer["limit"] == 65536 and "max_message_bytes" in answer["remedy"], answer
    status, headers, body = api.request("POST", "/ingest/message", b"x" * (20 << 20), {"Content-Type": "application/json"})
    assert status in (413, 0), body  # refused before it was read whole: a client that goes on writing may see the close only


def test_catalogue_health_and_description(api):
    assert api.get("/healthz")[0] == 200
    wait_for(lambda: json.loads(api.get("/readyz")[2]).get("replicas") == 1, 10)
    types = json.loads(api.get("/ingest/message-types")[2])
    assert "gps" in json.dumps(types)
    one = json.loads(api.get("/ingest/message-types/gps")[2])
    assert one["topic"] == f"{api.prefix}.gps"
    assert api.get("/ingest/message-types/gpz")[0] == 404
    described = json.loads(api.get("/openapi.json")[2])
    assert described["openapi"].startswith("3.") and "/ingest/message" in described["paths"]
    api.post(GPS)
    assert b"# TYPE" in api.get("/metrics")[2]
    assert api.get("/nowhere")[0] == 404
    status, headers, _ = api.request("GET", "/ingest/message")
    assert status == 405 and "POST" in headers["Allow"]


def test_keys_types_and_rates(loom, prefix):
    def key(name, **more):
        return {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), **more}
    types = {"gps": f"{prefix}.gps", "note": f"{prefix}.note"}
    it = loom(None, {"message_types": types})
    import yaml
    whole = yaml.safe_load(it.config.read_text())
    whole["api"]["keys"] = [key("phone", types=["gps"]), key("slow", types=["*"], rate=1)]
    it.config.write_text(yaml.safe_dump(whole))
    it.apply()
    it.start_api()
    message = {"message_type_id": "gps", "device_id": "d", "data": {}}

    def post(message, **headers):
        return it.request("POST", "/ingest/message", json.dumps(message).encode(), {"Content-Type": "application/json", **headers})
    assert post(message)[0] == 401
    assert post(message, **{"X-API-Key": "wrong"})[0] == 401
    assert post(message, **{"X-API-Key": "phone"})[0] == 200
    assert post(message, Authorization="Bearer phone")[0] == 200
    assert post({**message, "message_type_id": "note"}, **{"X-API-Key": "phone"})[0] == 403
    answers = [post(message, **{"X-API-Key": "slow"}) for _ in range(30)]
    refused = [headers for status, headers, _ in answers if status == 429]
    assert refused and all(int(headers["Retry-After"]) >= 1 for headers in refused)


def test_media_survives(api, kafka):
    picture = base64.b64encode(bytes(range(256)) * 800).decode()
    status, answer = api.post({"message_type_id": "picture", "device_id": "d", "data": {"image_data": picture, "width": 3}})
    assert status == 200, answer
    record, = kafka.records(f"{api.prefix}.picture", 1)
    assert value_of(record)["data"]["image_data"] == picture and record.key.decode() == answer["message_id"]
    assert value_of(record)["pipeline_hint"] == "ocr_extraction"
