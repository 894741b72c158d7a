"""Overload: the API is offered three times what it can take, measured by the same generator a minute before (bench/offer.cc), on a
real Kafka. Two ways to be too slow: Kafka is (a link of LINK bytes a second; 16 KB messages), or this machine's CPU is (small
messages; a tenth of the time, they are many). Afterwards the topic is read: what clients were told has to be there, once."""
import json, pathlib, subprocess, sys, tempfile, threading, time, types

from tests.support.kafka import Kafka, ROOT, free_port
from tests.support.loom import BINARY, Loom

from . import page
from .drive import BUILD, rss_mb
from .slow_link import SlowLink

LINK = 4 << 20
BUDGET_MB = 64


def offer(*words):
    return [str(next(BUILD.glob("**/offer"))), *map(str, words)]


class Watch:
    """What the process holds, each second."""

    def __init__(self, pid):
        self.seen, self.stop = [], threading.Event()
        self.thread = threading.Thread(target=self.look, args=(pid,), daemon=True)
        self.thread.start()

    def look(self, pid):
        while not self.stop.wait(1):
            self.seen.append(round(rss_mb(pid)))

    def end(self):
        self.stop.set()
        self.thread.join()
        return {"rss_max_mb": max(self.seen), "rss_over_time_mb": self.seen[::max(1, len(self.seen) // 10)]}


def play(folder, kafka, through, plan):
    """Peak, overload, proof. `through`: where the API reaches Kafka."""
    folder.mkdir()
    topic = f"overload.{plan['name']}"
    fields = {"run": "string", "n": "number", "text": "string"}
    loom = Loom(folder, types.SimpleNamespace(bootstrap=through), None, {
        "message_types": {"load": {"topic": topic, "fields": fields}}, "topics": {topic: {"partitions": 6}}},
        api={"budget": f"{BUDGET_MB}MiB", "max_connections": plan["max_connections"]})
    loom.apply()
    api = loom.start_api()

    def run(name, rate, seconds, connections):
        done = subprocess.run(offer(loom.port, rate, seconds, connections, plan["bytes"], folder / name), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def proof(name):
        done = subprocess.run(offer("check", kafka.bootstrap, topic, folder / name), capture_output=True, text=True)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    run("warm", 0, 3, plan["peak_connections"])
    idle = rss_mb(api.process.pid)
    peak = run("peak", 0, plan["peak_seconds"], plan["peak_connections"])
    watch = Watch(api.process.pid)
    over = run("over", 3 * peak["rate"], plan["seconds"], plan["connections"])
    memory = watch.end()
    again = run("again", 0, plan["peak_seconds"], plan["peak_connections"])
    loom.close()
    proofs = [proof(name) for name in ("peak", "over", "again")]
    return {**plan, "peak": peak, "over": over, "again": again, "mean_peak": (peak["rate"] + again["rate"]) / 2, "idle_mb": round(idle), **memory,
            "proof": {key: sum(one[key] for one in proofs) for key in proofs[0]}}


def measure(seconds):
    few = max(10, seconds // 10)
    plans = [dict(name="link", what="Kafka behind a link of 4 MiB/s, 16 KB messages", bytes=16_000, seconds=seconds, peak_seconds=min(30, max(15, few)),
                  peak_connections=64, connections=3000, max_connections=4096),
             dict(name="cpu", what="this machine's CPU, small messages", bytes=100, seconds=few, peak_seconds=min(20, few),
                  peak_connections=256, connections=3000, max_connections=1000)]
    with tempfile.TemporaryDirectory() as name:
        folder, slow_port = pathlib.Path(name), free_port()
        link = SlowLink(slow_port, LINK)
        kafka = Kafka(folder / "kafka", secure_port=slow_port, secure_via=link.port, **{
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:PLAINTEXT"})
        try:
            return [play(folder / plan["name"], kafka, f"127.0.0.1:{link.port}" if plan["name"] == "link" else kafka.bootstrap, plan) for plan in plans]
        finally:
            kafka.stop()
            link.close()


def section(figures):
    """The part of docs/benchmarks.md."""
    lines = ["## Overload", "", f"Made by `make overload`: {figures[0]['seconds']} s of three times the peak (CPU: a tenth of that time). The same generator measures the peak",
             "before and after; ÷ peak is to the mean of both, for this machine is noisy.",
             "\"Refused\" got 429 or 503; \"unsent\" found no free connection within 5 s (the server reads no more than it can answer). What was accepted",
             "is looked up on the topic afterwards: each once, and nothing that was refused.", "",
             "| the bottleneck | peak/s | offered/s | accepted/s | ÷ peak | p50 | p99 | refused | without Retry-After | unsent | outcome unknown | RSS idle, most (budget) MB | missing, doubled |",
             "|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for one in figures:
        peak, over, proof = one["mean_peak"], one["over"], one["proof"]
        lines.append(f"| {one['what']} | {peak:,.0f} | {over['offered'] / one['seconds']:,.0f} | {over['rate']:,.0f} | {over['rate'] / peak:.2f} | "
                     f"{over['p50_ms']:,.0f} ms | {over['p99_ms']:,.0f} ms | {over['refused'] + over['connections_refused']:,} | {over['without_retry_after']} | {over['unsent']:,} | "
                     f"{over['unknown']} | {one['idle_mb']}, {one['rss_max_mb']} ({BUDGET_MB}) | {proof['missing']}, {proof['doubled']} of {proof['accepted']:,} |")
    lines += ["", "p99 in ms over the time: " + "; ".join(f"{one['name']} " + " ".join(map(str, one["over"]["p99_over_time_ms"])) for one in figures) + "."]
    lines += ["", "RSS in MB over the time: " + "; ".join(f"{one['name']} " + " ".join(map(str, one["rss_over_time_mb"])) for one in figures) + "."]
    return "\n".join(lines) + "\n"


def missed(one):
    over, proof = one["over"], one["proof"]
    bars = {"throughput of 90 % of the peak": over["rate"] >= 0.9 * one["mean_peak"],
            "p99 within half of api.ack_timeout": over["p99_ms"] <= 7500, "no outcome unknown": over["unknown"] == 0,
            "Retry-After with each refusal": over["without_retry_after"] == 0, "no other answers": over["other"] == 0,
            "RSS within twice the budget above idle": one["rss_max_mb"] <= one["idle_mb"] + 2 * BUDGET_MB,
            "all that was accepted on the topic, once": proof["missing"] + proof["doubled"] + proof["refused_and_there"] == 0}
    return [bar for bar, is_met in bars.items() if not is_met]


def main():
    figures = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
    print(section(figures))
    if BINARY == ROOT / "build/loom":  # another build's figures are not kept
        page.keep("overload", figures)
    faults = [f"{one['name']}: {bar}" for one in figures for bar in missed(one)]
    print("\n".join(f"missed: {fault}" for fault in faults) or "every bar is met")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
