"""The fault matrix: `make faults [SEED=n] [ROUNDS=m]`. Exit 0 when nothing was lost, duplicated or out of order.

usage: python -m tests.faults.run [--seed N] [--rounds N] [--only WORD…] [--on PIPELINE…] [--page FILE]
  --only   the faults whose names contain a word, once each (no page is written)
Pipelines play their own faults side by side; the cluster's come when all are done. Logs stay in the folder that is named when something failed."""
import argparse, pathlib, signal, sys, threading, time

from . import plan, report
from .world import World

PIPELINES = {"pg": ("postgres", ["sound"], 1), "pg-two": ("postgres", ["web"], 2), "lite": ("sqlite", ["job", "speech"], 1)}


class Run:
    def __init__(self, world):
        self.world, self.played, self.lock, self.failed = world, [], threading.Lock(), []
        self.left_out = []
        self.proofs = {}  # pipeline → whether `loom verify` says so too

    def play(self, faults, pipe, chance):
        try:
            played = self.world.play(faults, pipe, chance)
        except Exception as error:  # a fault that could not be played is a failure of the run, the others go on
            with self.lock:
                self.failed.append(f"{' + '.join(f.name for f in faults)} on {pipe.name if pipe else 'all'}: {error!r}")
                print("     FAILED", self.failed[-1], flush=True)
            return
        with self.lock:
            self.played.append(played)
            print(report.line(len(self.played), played), *report.details(played.verdict), sep="\n", flush=True)

    def side_by_side(self, plans):
        """plans: pipeline → lists of faults."""
        threads = [threading.Thread(target=lambda pipe=pipe, faults=faults, chance=chance: [self.play(f, pipe, chance) for f in faults])
                   for pipe, (faults, chance) in plans.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def round(self, seed, number):
        plans = {}
        for pipe in self.world.pipelines:
            chance = plan.chance_of(seed, number, pipe.name)
            plans[pipe] = (plan.of_pipeline(pipe, chance), chance)
        self.side_by_side(plans)
        chance = plan.chance_of(seed, number, "cluster")
        for faults in plan.of_cluster(chance, self.world.pipelines):
            self.play(faults, None, chance)

    def only(self, words, seed):
        chosen = plan.named(words)
        self.side_by_side({pipe: ([[f] for f in chosen if f in plan.possible(pipe)], plan.chance_of(seed, pipe.name)) for pipe in self.world.pipelines})
        for fault in [f for f in chosen if f.is_wide]:
            self.play([fault], None, plan.chance_of(seed))

    def audit(self):
        for pipe in self.world.pipelines:
            pipe.load.stop()
            never = [identity for identity, sent in pipe.books.sent.items() if not sent.accepted_at]
            assert not never, f"{pipe.name} never accepted {never[:5]}"
        for pipe in self.world.pipelines:
            pipe.settle()  # what is joined ends when nothing follows it, by the clock
        audits = {pipe.name: pipe.audit() for pipe in self.world.pipelines}
        for name, verdict in audits.items():
            print(f"all of {name}: accepted {verdict.accepted} rows {verdict.rows} dropped {verdict.dropped} given up {len(verdict.given_up)} lost {len(verdict.lost)} "
                  f"duplicated {len(verdict.duplicated)} out of order {len(verdict.out_of_order)}", *report.details(verdict), sep="\n", flush=True)
        for pipe in self.world.pipelines:
            holds, text = pipe.loom_verify()
            self.proofs[pipe.name] = holds
            print(f"loom verify of {pipe.name}: {'holds' if holds else text}", flush=True)
        return audits


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--only", nargs="*")
    arguments.add_argument("--on", nargs="*", default=list(PIPELINES))
    arguments.add_argument("--page", type=pathlib.Path)
    chosen = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers and file systems go with it
    started, world = time.monotonic(), World(chosen.seed)
    run, good = Run(world), False
    try:
        for name in chosen.on:
            world.add(name, *PIPELINES[name])
        for pipe in world.pipelines:
            pipe.wait_until_flowing()
            run.left_out += [f"{name} on {pipe.name}: no file system may be mounted here (needs root)" for name in plan.left_out(pipe)]
        print(f"{len(world.pipelines)} pipelines flow after {time.monotonic() - started:.0f} s; logs in {world.folder}", *[f"LEFT OUT {name}" for name in run.left_out], sep="\n", flush=True)
        for number in range(0 if chosen.only else chosen.rounds):
            run.round(chosen.seed, number)
        run.only(chosen.only or [], chosen.seed)
        audits = run.audit()
        took = time.monotonic() - started
        for crash in world.keeper.crashes:
            print("CRASH", crash)
        good = not run.failed and not world.keeper.crashes and all(run.proofs.values()) and all(v.holds for v in audits.values()) and all(p.verdict.holds for p in run.played)
        print(f"{sum(len(p.names) for p in run.played)} faults in {took / 60:.1f} min: {'nothing lost, nothing twice' if good else 'BROKEN'}; "
              f"{sum(p.is_over for p in run.played)} over their bar, {len(run.failed)} not played")
        if chosen.page and not chosen.only:
            chosen.page.write_text("\n".join(report.page((chosen.seed, chosen.rounds, took), run, audits)) + "\n")
    finally:
        world.close(keep_logs=not good)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
