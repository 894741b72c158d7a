"""Pictures that are none, through the real engines: each a dead letter that names what is wrong, the next is read."""
import base64, struct, zlib

import pytest

from .support.kafka import ROOT, headers_of, value_of

MOST_KIB = 700 * 1024  # of a stage's memory, whatever it is sent; 100 megapixels in 32 bits would be 400 MB more


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, data):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


GOOD = (ROOT / "samples/screens/post_light.png").read_bytes()
ROWS = zlib.compress(bytes(101 * 100))  # 100x100 pixels
BAD = {  # what is wrong with it → (the picture, further data, the error's kind, what the dead letter says)
    "none": (b"not a picture", {}, "malformed", "no picture"),
    "only a beginning": (b"\x89PNG\r\n\x1a\n" + bytes(50), {}, "malformed", ""),
    "truncated": (GOOD[:len(GOOD) // 2], {}, "malformed", "ends early"),
    "truncated inside, whole outside": (png(100, 100, ROWS[:len(ROWS) // 2]), {}, "malformed", "does not decode"),
    "fewer rows than its header says": (png(100, 4000, ROWS), {}, "malformed", "does not decode"),
    "wider than its header's rows": (png(4000, 100, ROWS), {}, "malformed", "does not decode"),
    "another size than the message says": (png(100, 100, ROWS), {"width": 101, "height": 100}, "invalid_value", "101, the picture is 100x100"),
    "100 megapixels": (png(10000, 10000, zlib.compress(bytes(10001 * 10000), 1)), {}, "too_large", "10000x10000"),
    "100 megapixels, and no rows": (png(10000, 10000, b""), {}, "too_large", "10000x10000"),
    "a side that no engine takes": (png(40000, 1, zlib.compress(bytes(40001))), {}, "too_large", "32767"),
}


@pytest.mark.parametrize("engine", ["tesseract", "paddle"])
def test_each_is_a_dead_letter_and_the_next_is_read(loom, kafka, prefix, engine):
    group = f"{prefix}-{engine}"
    it = loom(None, {"message_types": {"picture": {"topic": f"{prefix}.pictures", "fields": {"image_data": "base64"}}},
                     "stages": {group: {"use": "ocr", "input": f"{prefix}.pictures", "output": f"{prefix}.read", "engine": {"use": engine}}}})
    it.apply()
    it.start_api()
    stage = it.start("run", group)
    message = lambda picture, **more: {"message_type_id": "picture", "device_id": "d", "data": {"image_data": base64.b64encode(picture).decode(), **more}}
    sent = {}
    for name, (picture, more, _, _) in BAD.items():
        answer, _ = it.post_all([message(picture, **more), message(GOOD)])
        sent[answer["message_id"]] = name
    letters = {sent[headers_of(letter)["message_id"]]: headers_of(letter) for letter in kafka.records(f"dlq.{group}", len(BAD))}
    assert set(letters) == set(BAD)
    for name, (_, _, kind, says) in BAD.items():
        letter = letters[name]
        assert (letter["loom-error-kind"], letter["loom-attempts"]) == (kind, "1"), (name, letter)
        assert says in letter["loom-error-message"] and letter["loom-error-field"].startswith("data."), (name, letter)
    read = [value_of(record)["results"][group]["text"] for record in kafka.records(f"{prefix}.read", len(BAD))]
    assert len(read) == len(BAD) and all("crab" in text for text in read)
    peak = next(int(line.split()[1]) for line in open(f"/proc/{stage.process.pid}/status") if line.startswith("VmHWM"))
    assert peak < MOST_KIB, f"{peak} KiB"
