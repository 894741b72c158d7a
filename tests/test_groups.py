"""Consumer groups as the document has them: another group is a copy, another member is a share."""
import base64, json, struct, zlib

from .support.kafka import headers_of, value_of, wait_for


def tiny_picture(number):
    """A PNG of 48 x 16 grey pixels that differs from number to number: OCR of it takes a few milliseconds."""
    rows = b"".join(b"\0" + bytes((200 + (x * number) % 50) for x in range(48)) for _ in range(16))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 48, 16, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def messages(type_name, count, device="phone-1"):
    return [{"message_type_id": type_name, "device_id": device, "data": {"image_data": base64.b64encode(tiny_picture(n)).decode(), "width": 48, "height": 16}}
            for n in range(count)]


def catalogue(prefix, groups):
    return {"message_types": {"picture": {"topic": f"{prefix}.in", "key": "message_id", "fields": {"image_data": "base64"}}},
            "stages": {group: {"use": "ocr", "input": f"{prefix}.in", "output": f"{group}.out", "engine": {"use": "tesseract"}} for group in groups}}


def partitions_held(part):
    """What a member's log says it has: assigned less revoked."""
    held = 0
    for line in part.text().splitlines():
        said = json.loads(line) if line.startswith("{") else {}
        held += {"partitions assigned": 1, "partitions revoked": -1}.get(said.get("message"), 0) * said.get("count", 0)
    return held


def ids(records):
    return [headers_of(record)["message_id"] for record in records]


def test_two_groups_each_get_all(loom, kafka, prefix):
    groups = [f"{prefix}-a-consumer", f"{prefix}-b-consumer"]
    it = loom(None, catalogue(prefix, groups))
    it.apply()
    it.start_api()
    for group in groups:
        it.start("run", group)
    sent = [answer["message_id"] for answer in it.post_all(messages("picture", 1000))]
    for group in groups:
        assert sorted(ids(kafka.records(f"{group}.out", 1000, 120))) == sorted(sent)


def test_two_members_share_the_pictures_of_one_device(loom, kafka, prefix):
    group = f"{prefix}-consumer"
    it = loom(None, catalogue(prefix, [group]))
    it.apply()
    it.start_api()
    members = [it.start("run", group) for _ in range(2)]
    wait_for(lambda: [partitions_held(member) for member in members] == [3, 3], 60, 0.1, lambda: "for three partitions each")
    sent = [answer["message_id"] for answer in it.post_all(messages("picture", 1000))]
    records = kafka.records(f"{group}.out", 1000, 120)
    assert sorted(ids(records)) == sorted(sent)
    shares = {}
    for record in records:
        hop = json.loads(headers_of(record)["loom-hop"])
        shares[hop["instance"]] = shares.get(hop["instance"], 0) + 1
        assert value_of(record)["results"][group]["engine"] == "tesseract"
    assert len(shares) == 2 and all(400 <= share <= 600 for share in shares.values()), shares
