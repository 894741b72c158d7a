"""How much of a model stage's CPU is Loom's own: the CPU of the threads that run no handler, read from /proc, once the group
works; what it took to start (configuration, checksums, the model, joining the group, the first device) is told apart.

usage: python -m bench.own_share      (make accuracy appends it to docs/accuracy.md)
A handler's thread also decodes and encodes. Of `vad`, by `perf record` of the work: 84 % of the process's CPU inside ONNX Runtime, 12 %
elsewhere in that thread (about 5 % base64, PCM and WAV, the rest memory and the kernel), 4 % in all others.
"""
import pathlib, re, tempfile

from tests.support.databases import Sqlite
from tests.support.kafka import Kafka, wait_for
from tests.support.loom import Loom
from tests.test_speech import chunks, recordings

DEVICES, UTTERANCES = 12, 9  # in the recordings


def cpu_of_threads(pid):
    """{thread: seconds}"""
    return {int(task.name): int((task / "schedstat").read_text().split()[0]) / 1e9 for task in pathlib.Path(f"/proc/{pid}/task").iterdir()}


def spent(before, after):
    return {thread: seconds - before.get(thread, 0) for thread, seconds in after.items()}


def most_mb(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) // 1024


def post(it, devices):
    for device in devices:
        it.post_all(list(chunks(recordings(), 1.0, f"device-{device}", 1_767_225_600.0)))


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        kafka = Kafka(folder / "kafka")
        stages = {"silero-vad-consumer": {"use": "vad", "input": "audio", "output": "speech", "engine": {"use": "silero"}},
                  "kyutai-stt-consumer": {"use": "transcribe", "input": "speech", "output": "words", "engine": {"use": "whisper"}}}
        it = Loom(folder, kafka, Sqlite(folder), {"message_types": {"audio": {"topic": "audio", "fields": {"chunk_data": "base64"}}}, "stages": stages})
        try:
            it.apply()
            it.start_api()
            print("\n## Loom's own share\n\nOne process a group. Starting ends when the first device's utterances are out; the work is that of the other devices. "
                  "The busiest thread is the handler's: the model, and decoding and encoding for it (bench/own_share.py); the rest is Loom's own and Kafka's.\n\n"
                  "| group | messages | start CPU s | work CPU s | of it not in the handler's thread | RSS MB |\n|---|---|---|---|---|---|")
            for group, stage in stages.items():
                written = lambda devices: wait_for(lambda: len(kafka.records(stage["output"], seconds=120)) >= devices * UTTERANCES, 900, 1, lambda: f"for {devices} devices of {group}")
                part = it.start("run", group)
                if group == "silero-vad-consumer":  # the other's input is all there
                    post(it, range(1))
                written(1)
                start = cpu_of_threads(part.process.pid)
                if group == "silero-vad-consumer":
                    post(it, range(1, DEVICES))
                written(DEVICES)
                work = spent(start, cpu_of_threads(part.process.pid))
                own = sum(work.values()) - max(work.values())
                print(f"| `{group}` | {len(kafka.records(stage['input']))} | {sum(start.values()):.1f} | {sum(work.values()):.1f} | {100 * own / sum(work.values()):.1f} % | {most_mb(part.process.pid)} |", flush=True)
                part.stop()
        finally:
            it.close()
            kafka.stop()


if __name__ == "__main__":
    main()
