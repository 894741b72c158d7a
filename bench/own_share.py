"""How much of a model stage's CPU is Loom's own: the CPU of the threads that run no handler, read from /proc.

usage: python -m bench.own_share      (make accuracy appends it to docs/accuracy.md)
A handler's thread also decodes its message; what that costs is in docs/benchmarks.md (a stage that does nothing).
"""
import os, pathlib, re, tempfile

from tests.support.databases import Sqlite
from tests.support.kafka import Kafka, wait_for
from tests.support.loom import Loom
from tests.test_speech import chunks, recordings

TICK = os.sysconf("SC_CLK_TCK")
DEVICES, UTTERANCES = 12, 9  # in the recordings


def cpu_of_threads(pid):
    """{thread: seconds}"""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        found[int(task.name)] = (int(fields[11]) + int(fields[12])) / TICK
    return found


def most_mb(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) // 1024


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
            print("\n## Loom's own share\n\nCPU and most memory of one process a group, from its start to its end of work; the busiest thread is the model's, the rest is Loom's own and Kafka's.\n\n"
                  "| group | messages | CPU s | of it not in the handler's thread | RSS MB |\n|---|---|---|---|---|")
            for device in range(DEVICES):
                it.post_all(list(chunks(recordings(), 1.0, f"device-{device}", 1_767_225_600.0)))
            for group, stage in stages.items():
                part, output = it.start("run", group), stage["output"]
                wait_for(lambda: len(kafka.records(output)) >= DEVICES * UTTERANCES, 900, 1, lambda: f"for {output}: {len(kafka.records(output))}")
                cpu = cpu_of_threads(part.process.pid)
                own = sum(cpu.values()) - max(cpu.values())
                print(f"| `{group}` | {len(kafka.records(stages[group]['input']))} | {sum(cpu.values()):.1f} | {100 * own / sum(cpu.values()):.1f} % | {most_mb(part.process.pid)} |", flush=True)
                part.stop()
        finally:
            it.close()
            kafka.stop()


if __name__ == "__main__":
    main()
