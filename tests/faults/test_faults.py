"""A short, seeded part of the fault matrix (`make faults` is the whole): on a cluster of three brokers, two pipelines side by side.
Its times are printed and not asserted. In the end errors are planted in what the run has left, and the checker finds them."""
import os

import pytest

from . import plan, report
from .run import PIPELINES, Run
from .world import World

SEED = int(os.environ.get("SEED", 1))
SHORT = {  # one of each kind; the seed chooses their order and the moments
    "pg": ["kill -9 of sink", "clean stop of words", "connections of api to Kafka reset", "ended between rows and COMMIT", "table dropped", "fatal producer error in words",
           "engine rubbish", "clock of words"],
    "lite": ["kill -9 of api", "kill -9 of ears", "SIGSTOP of engine", "foreign classic member in the group of words", "SQLite read-only", "a partition added", "sends half of its messages again"],
}
if {"ASAN_OPTIONS", "TSAN_OPTIONS"} & set(os.environ):  # a sanitizer's library has to be the first, as libfaketime has
    SHORT["pg"].remove("clock of words")
WIDE = ["kill -9 of a partition's leader"]


@pytest.fixture(scope="module")
def world():
    made = World(SEED)
    try:
        for name in SHORT:
            made.add(name, *PIPELINES[name])
        for pipe in made.pipelines:
            pipe.wait_until_flowing()
        yield made
    finally:
        made.close()


def test_nothing_is_lost_doubled_or_out_of_order(world):
    run, plans = Run(world), {}
    for pipe in world.pipelines:
        chance = plan.chance_of(SEED, pipe.name)
        faults = [fault for fault in plan.named(SHORT[pipe.name]) if fault in plan.possible(pipe)]
        assert len(faults) == len(SHORT[pipe.name])
        chance.shuffle(faults)
        plans[pipe] = ([[fault] for fault in faults], chance)
    run.side_by_side(plans)
    run.play(plan.named(WIDE), None, plan.chance_of(SEED, "cluster"))
    audits = run.audit()
    assert run.failed == [] and world.keeper.crashes == []
    broken = [report.line(number, played) for number, played in enumerate(run.played, 1) if not played.verdict.holds]
    assert broken == []
    for name, verdict in audits.items():
        assert verdict.holds and verdict.accepted > 500, f"{name}: {list(report.details(verdict))}"


def test_errors_planted_in_its_tables_are_found(world):
    """A row deleted, a row doubled, a row that claims to have come after those that followed it."""
    pipe = world.pipelines[0]
    ask = pipe.database.execute
    moved = ask("SELECT message_id, kafka_partition, device_id FROM moods WHERE device_id = 'device-1' ORDER BY kafka_partition, kafka_offset LIMIT 1")[0]["message_id"]
    deleted = ask("SELECT message_id FROM readings LIMIT 1")[0]["message_id"]
    doubled = ask("SELECT message_id FROM done LIMIT 1")[0]["message_id"]
    ask("UPDATE moods SET landed = now() WHERE message_id = %s", moved)
    ask("DELETE FROM readings WHERE message_id = %s", deleted)
    ask(f"CREATE TEMP TABLE one AS SELECT * FROM done WHERE message_id = '{doubled}'; "
        "UPDATE one SET part = 'again', seq = nextval('done_seq_seq'); INSERT INTO done SELECT * FROM one")
    verdict = pipe.audit()
    assert len(verdict.lost) == 1 and str(deleted) in verdict.lost[0]
    assert len(verdict.duplicated) == 1 and str(doubled) in verdict.duplicated[0]
    assert verdict.out_of_order and all(str(moved) in text for text in verdict.out_of_order)


def test_a_row_planted_behind_those_that_followed_it_is_found_in_sqlite(world):
    pipe = next(pipe for pipe in world.pipelines if "sqlite" in pipe.traits)
    moved, = pipe.database.execute("SELECT message_id FROM moods WHERE device_id = 'device-1' ORDER BY kafka_partition, kafka_offset LIMIT 1")[0]
    pipe.database.execute("UPDATE moods SET rowid = (SELECT max(rowid) + 1 FROM moods) WHERE message_id = ?", moved)
    verdict = pipe.audit()
    assert not verdict.lost and not verdict.duplicated
    assert verdict.out_of_order and all(moved in text for text in verdict.out_of_order)
