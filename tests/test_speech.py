"""Pattern 3 on a real Kafka with the real models: chunks of recordings become utterances, words and rows."""
import base64, collections, datetime, hashlib, json, random, re, time, uuid, wave

import pytest

from .support.kafka import ROOT, headers_of, value_of, wait_for
from .test_groups import partitions_held

JFK = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
DATA = ROOT / ".deps/testdata"


def pcm_of(path):
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


def recordings():
    """jfk.wav and the five LibriVox recordings, two seconds of silence between and after: 16 kHz, 16 bit, mono."""
    silence = bytes(2 * 2 * 16000)
    return b"".join(pcm_of(path) + silence for path in [DATA / "jfk.wav", *sorted((DATA / "librivox").glob("*.wav"))])


def chunks(pcm, seconds, device, began):
    """The sound as a phone sends it; `began` is the time of its first sample (epoch seconds)."""
    size = int(seconds * 16000) * 2
    for at in range(0, len(pcm), size):
        when = datetime.datetime.fromtimestamp(began + at / 32000, datetime.timezone.utc)
        piece = pcm[at:at + size]
        yield {"message_type_id": "audio", "device_id": device, "recorded_at": when.isoformat(),
               "data": {"chunk_data": base64.b64encode(piece).decode(), "sample_rate": 16000, "duration_ms": len(piece) / 32}}


def words(text):
    return re.findall(r"[a-z']+", text.lower().replace("mr.", "mister"))


def errors_between(a, b):
    """Words to change, add or take away."""
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


@pytest.fixture
def speech(loom, prefix, sqlite):
    """Loom with the audio pipeline, its API running: (it, prefix)."""
    vad, stt = f"{prefix}-vad-consumer", f"{prefix}-stt-consumer"
    catalogue = {
        "message_types": {"audio": {"topic": f"{prefix}.audio", "fields": {"chunk_data": "base64"}}},
        "stages": {vad: {"use": "vad", "input": f"{prefix}.audio", "output": f"{prefix}.speech", "engine": {"use": "silero"}},
                   stt: {"use": "transcribe", "input": f"{prefix}.speech", "output": f"{prefix}.words", "engine": {"use": "whisper"}},
                   f"{prefix}-sink": {"use": "store", "mappings": "topic_mappings.yml"}}}
    mapping = {f"{prefix}.words": {
        "table": "transcripts", "field_mappings": {f"results.{stt}.text": "text"},
        "data_types": {"word_start": "timestamp", "word_end": "timestamp", "end_s": "float"},
        "array_mappings": {f"results.{stt}.words": {
            "table": "words", "element_mappings": {"word": "word", "start": "word_start", "end": "word_end", "end_s": "end_s"}}}}}
    it = loom(sqlite, catalogue, mapping)
    it.apply()
    it.start_api()
    it.database_under_test = sqlite
    return it, prefix


def test_words_of_a_recording_become_rows(speech):
    it, prefix = speech
    for group in ("vad-consumer", "stt-consumer", "sink"):
        it.start("run", f"{prefix}-{group}")
    began = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
    it.post_all(list(chunks(pcm_of(DATA / "jfk.wav") + bytes(64000), 1.0, "phone", began)))
    rows = lambda: it.database_under_test.rows("SELECT word, word_start, word_end FROM words ORDER BY word_start, sequence")
    wait_for(lambda: len(rows()) >= 22, 60, 0.2, lambda: f"for 22 words: {[row['word'] for row in rows()]}")
    found = rows()
    assert words(" ".join(row["word"] for row in found)) == JFK.split()
    assert all("2026-01-01T00:00:00" <= row["word_start"] <= row["word_end"] <= "2026-01-01T00:00:11.1" for row in found)
    said = it.database_under_test.rows("SELECT part, text FROM transcripts ORDER BY kafka_offset")
    assert len(said) >= 4

    def proof():  # chunks that were joined are named in the sources of an utterance
        return json.loads(it.cli("verify", "--json").stdout)
    vad = lambda: next(hop for hop in proof()["hops"] if hop["group"].endswith("vad-consumer"))
    wait_for(lambda: vad()["waiting"] == 0, 30, 0.5, lambda: json.dumps(proof()))
    assert vad()["joined"] > 0 and vad()["messages"] == 13 and proof()["lost"] == proof()["duplicated"] == 0, proof()


def test_what_a_stopped_stage_holds_is_not_lost(speech):
    """Chunks of more than an hour ago, in the middle of an utterance: the stage has settled them and is stopped before it says more."""
    it, prefix = speech
    group, earlier = f"{prefix}-vad-consumer", int(time.time()) // 3600 * 3600 - 3600  # a stream begins anew every 15 s (0010), not in its first second
    sound = [(b"phone", json.dumps({**chunk, "message_id": str(uuid.uuid4())}).encode()) for chunk in chunks(pcm_of(DATA / "jfk.wav")[:32000], 0.2, "phone", earlier)]
    it.kafka.produce(f"{prefix}.audio", sound, timestamp_ms=earlier * 1000)

    def ended():
        done = it.cli("verify", "--json", check=False)
        assert done.returncode in (0, 1), done.stderr
        proof = json.loads(done.stdout)
        return {**next(hop for hop in proof["hops"] if hop["group"] == group), "holds": proof["holds"]}
    running = it.start("run", group)
    wait_for(lambda: partitions_held(running) == 6, 60, 0.1)
    wait_for(lambda: ended()["waiting"] == 0, 60, 0.2)
    assert running.stop() == 0
    held = ended()
    assert held["holds"] and held["joined"] > 0 and held["emitted"] == 0, json.dumps(held)
    it.start("run", group)
    wait_for(lambda: ended()["emitted"] == 1, 60, 0.5, ended)
    assert ended()["holds"], ended()


def test_words_are_the_same_whatever_the_chunks(speech):
    it, prefix = speech
    pcm, began = recordings(), 1_767_225_600.0
    lengths = {"c02": 0.2, "c1": 1.0, "c3": 3.0, "c10": 10.0, "whole": len(pcm) / 32000}
    for device, seconds in lengths.items():
        it.post_all(list(chunks(pcm, seconds, device, began)))
    for group in ("vad-consumer", "stt-consumer"):
        it.start("run", f"{prefix}-{group}")
    heard, of_sound = collections.defaultdict(list), collections.defaultdict(set)

    def read():
        heard.clear()
        for record in it.kafka.records(f"{prefix}.words", seconds=120):
            value = value_of(record)
            heard[value["device_id"]].append((value["results"][f"{prefix}-stt-consumer"]["words"][0]["start"],
                                              value["results"][f"{prefix}-stt-consumer"]["text"]))
            of_sound[value["data"]["chunk_data"]].add(value["results"][f"{prefix}-stt-consumer"]["text"])
        return heard
    wanted = JFK.split() + words(" ".join(re.sub(r"</?s>|\(.*\)", "", line) for line in (DATA / "librivox/transcription").read_text().splitlines()))
    is_through = lambda texts: any("himself" in text for _, text in texts)  # the last word that is said
    wait_for(lambda: set(read()) == set(lengths) and all(map(is_through, heard.values())), 400, 3, lambda: f"for the last words: {dict(heard)}")
    errors = {device: errors_between(words(" ".join(text for _, text in sorted(texts))), wanted) for device, texts in heard.items()}
    assert errors["whole"] <= 0.03 * len(wanted), (errors, heard["whole"])
    assert all(count <= errors["whole"] + 0.02 * len(wanted) for count in errors.values()), errors
    assert all(len(said) == 1 for said in of_sound.values()), "the same sound has the same words, whatever else waits"
    assert len(of_sound) < sum(map(len, heard.values())), "no sound came twice: nothing was compared"


@pytest.mark.parametrize("seed", [1])
def test_kill_9_in_the_middle_of_utterances(speech, seed):
    """Killed again and again while chunks keep coming: each chunk ends once, each utterance is there, with one content."""
    it, prefix = speech
    group, chance, pcm, sent = f"{prefix}-vad-consumer", random.Random(seed), recordings(), []
    running, began = it.start("run", group), 1_767_225_600.0
    for round_ in range(6):  # each round a minute of sound, of which the process sees some before it is killed
        for device in ("a", "b", "c"):
            part = list(chunks(pcm, 0.7, device, began))
            part = part[round_ * len(part) // 6:(round_ + 1) * len(part) // 6]
            sent += [answer["message_id"] for answer in it.post_all(part)]
        wait_for(lambda: len(it.kafka.records(f"drops.{group}")) + len(it.kafka.records(f"{prefix}.speech")) > 6 * round_, 60, 0.05)
        if chance.random() < 0.8 or round_ < 3:
            running.kill()
            running = it.start("run", group)

    utterances, sources, dropped = collections.defaultdict(set), set(), set()

    def accounted():
        utterances.clear(), sources.clear(), dropped.clear()
        for record in it.kafka.records(f"{prefix}.speech"):
            value, headers = value_of(record), headers_of(record)
            identity = (headers["message_id"], headers["part"])
            utterances[identity].add(hashlib.sha256(value["data"]["chunk_data"].encode()).hexdigest())
            sources.update(source["message_id"] for source in value["results"][group]["sources"])
            sources.add(headers["message_id"])
        dropped.update(headers_of(record)["message_id"] for record in it.kafka.records(f"drops.{group}"))
        return set(sent) <= sources | dropped
    wait_for(accounted, 90, 0.5, lambda: f"{len(set(sent) - sources - dropped)} chunks are nowhere")
    assert all(len(contents) == 1 for contents in utterances.values()), "an identity has two contents"
    assert not sources & dropped, "a chunk was dropped and is named as a source"
    assert it.kafka.records(f"dlq.{group}") == []
    once = {(headers_of(record)["message_id"], headers_of(record)["part"]): value_of(record)["device_id"]
            for record in it.kafka.records(f"{prefix}.speech")}
    of_device = collections.Counter(once.values())
    assert len(set(of_device.values())) == 1, f"the same sound gave other utterances: {of_device}"


def test_utterances_are_where_the_models_own_program_finds_them(speech):
    """tests/data/vad_reference.json holds the samples of get_speech_timestamps, made by tools/vad_reference."""
    it, prefix = speech
    group, began = f"{prefix}-vad-consumer", datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    wanted = json.loads((ROOT / "tests/data/vad_reference.json").read_text())["16000"]
    for path in [DATA / "jfk.wav", *sorted((DATA / "librivox").glob("*.wav"))]:
        pcm = pcm_of(path)
        it.post_all(list(chunks(pcm, len(pcm) / 32000, path.name, began.timestamp())))
    it.start("run", group)
    count = sum(len(segments) for segments in wanted.values())
    found = collections.defaultdict(list)
    for record in it.kafka.records(f"{prefix}.speech", count, 60):
        value = value_of(record)
        result = value["results"][group]
        samples = lambda name: (datetime.datetime.fromisoformat(result[name]) - began).total_seconds() * 16000
        found[value["device_id"]].append([samples("start"), samples("end")])
    for name, segments in wanted.items():
        assert len(found[name]) == len(segments), (name, found[name], segments)
        for ours, theirs in zip(sorted(found[name]), segments):
            assert all(abs(a - b) <= 512 for a, b in zip(ours, theirs)), (name, ours, theirs)
