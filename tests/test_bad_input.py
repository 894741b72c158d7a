"""What is no sound and no text ends as a dead letter that names what is wrong, and the next message is not kept waiting by it."""
import base64, json, math, struct, uuid

from .support.kafka import ROOT, headers_of, value_of
from .test_speech import DATA, pcm_of

TONE = b"".join(struct.pack("<h", int(8000 * math.sin(n / 6))) for n in range(16000))  # a second


def wav(pcm, rate=16000, claimed=None):
    size = len(pcm) if claimed is None else claimed
    return b"RIFF" + struct.pack("<I", min(36 + size, 0xffffffff)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) + b"data" + struct.pack("<I", size) + pcm


def chunk(bytes_, **fields):
    return {"chunk_data": base64.b64encode(bytes_).decode(), **fields}


BAD_SOUNDS = {  # what is sent, what the dead letter says
    "claims another rate": (chunk(wav(TONE, 48000), sample_rate=16000), "data.sample_rate is 16000, the sound has 48000"),
    "an impossible rate": (chunk(TONE, sample_rate=3), "data.sample_rate is 3"),
    "odd": (chunk(TONE + b"x", sample_rate=16000), "no whole number of 16 bit samples"),
    "empty": (chunk(b"", sample_rate=16000), "is empty"),
    "claims ten hours": (chunk(TONE, sample_rate=16000, duration_ms=36_000_000), "data.duration_ms is 36000000"),
    "a file of ten hours, cut": (chunk(wav(TONE, claimed=36000 * 32000)), "cut short"),
    "eleven minutes": (chunk(wav(bytes(660 * 8000), 4000)), "longer than 600 s"),
    "half a file": (chunk(wav(TONE)[:20]), "cannot be read"),
    "no sound": (chunk(b"RIFF but nothing of the kind, really", format="wav"), "cannot be read"),
    "no base64": ({"chunk_data": "?!"}, "no base64"),
    "none": ({"other": 1}, "chunk_data"),
}


def foreign(device, data, value=None):
    """(key, value) of a record, sent past the API, which would refuse some of them."""
    value = value or json.dumps({"message_id": str(uuid.uuid4()), "message_type": "audio", "device_id": device,
                                 "recorded_at": "2026-01-01T00:00:00Z", "data": data}).encode()
    return device.encode(), value


def test_bad_sound(loom, kafka, prefix, sqlite):
    """Of one device each, before and after it a good one: both stages that read sound."""
    vad, stt = f"{prefix}-vad-consumer", f"{prefix}-stt-consumer"
    it = loom(sqlite, {"message_types": {"audio": {"topic": f"{prefix}.audio", "fields": {"chunk_data": "base64"}}},
                       "topics": {f"{prefix}.audio": {"max_message_bytes": "16MiB"}},
                       "stages": {vad: {"use": "vad", "input": f"{prefix}.audio", "output": f"{prefix}.speech", "engine": {"use": "silero"}},
                                  stt: {"use": "transcribe", "input": f"{prefix}.audio", "output": f"{prefix}.words", "engine": {"use": "whisper"}}}})
    it.apply()
    said = chunk(pcm_of(next((DATA / "librivox").glob("*0880.wav"))) + bytes(32000), sample_rate=16000)
    kafka.produce(f"{prefix}.audio", [foreign("a-device", data) for data in (*[data for data, _ in BAD_SOUNDS.values()], said)])
    for group in (vad, stt):
        it.start("run", group)
    for group, output in ((vad, "speech"), (stt, "words")):
        good, = kafka.records(f"{prefix}.{output}", 1, 60)
        letters = kafka.records(f"dlq.{group}", len(BAD_SOUNDS))
        texts = {json.loads(letter.value)["message_id"]: headers_of(letter)["loom-error-message"] for letter in letters}
        assert len(texts) == len(letters) == len(BAD_SOUNDS)
        missing = [name for name, (_, says) in BAD_SOUNDS.items() if not any(says in text for text in texts.values())]
        assert not missing, (missing, texts)
        assert value_of(good)["device_id"] == "a-device", "what comes after them is heard"


def test_bad_text(loom, kafka, prefix, sqlite):
    group = f"{prefix}-sentiment-consumer"
    it = loom(sqlite, {"message_types": {"feedback": f"{prefix}.feedback"}, "topics": {f"{prefix}.feedback": {"max_message_bytes": "4MiB"}},
                       "stages": {group: {"use": "sentiment", "input": f"{prefix}.feedback", "output": f"{prefix}.judged"}}})
    it.apply()
    broken = foreign("web", {"text": "good @"})[1].replace(b"@", b"\xff\xfe")
    bad = {"a megabyte": (foreign("web", {"text": "good " * 200_000}), "1000000 bytes"), "not UTF-8": (foreign("web", {}, broken), "UTF-8"),
           "a number": (foreign("web", {"text": 5}), "data.text"), "no JSON": (foreign("web", {}, b"good"), "JSON")}
    kafka.produce(f"{prefix}.feedback", [*(record for record, _ in bad.values()), foreign("web", {"text": "I love it"})])
    it.start("run", group)
    good, = kafka.records(f"{prefix}.judged", 1)
    assert value_of(good)["results"][group]["label"] == "positive"
    texts = [headers_of(letter)["loom-error-message"] for letter in kafka.records(f"dlq.{group}", len(bad))]
    missing = [name for name, (_, says) in bad.items() if not any(says in text for text in texts)]
    assert len(texts) == len(bad) and not missing, (missing, texts)
