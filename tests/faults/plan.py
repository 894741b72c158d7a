"""Which faults are played, where and in which order: all from the seed. A round has every fault once on every pipeline that
can have it, some pairs, and every fault of the cluster."""
import dataclasses, random

from . import broker_faults, database_faults, network_faults, process_faults

FAULTS = process_faults.FAULTS + network_faults.FAULTS + database_faults.FAULTS + broker_faults.FAULTS
PAIRS = 10  # a pipeline
WIDE_PAIRS = 6


def possible(pipe):
    return [f for f in FAULTS if not f.is_wide and (not f.on or f.on in pipe.traits) and (not f.root or "disk" in pipe.traits)]


def left_out(pipe):
    """The names of faults that want a small file system, where we may not mount one."""
    return [] if "disk" in pipe.traits else [f.name for f in FAULTS if f.root]


def of_pipeline(pipe, chance):
    """Lists of one or two faults."""
    faults = possible(pipe)
    plan = [[fault] for fault in faults]
    while len(plan) < len(faults) + PAIRS:
        one, other = chance.sample(faults, 2)
        if one.touches != other.touches:
            plan.append([one, other])
    chance.shuffle(plan)
    return plan


def of_cluster(chance, pipelines):
    """Those of the cluster, and some of them together with one of a pipeline. (No partitions are added while a broker is away.)"""
    wide = [fault for fault in FAULTS if fault.is_wide]
    plan = [[fault] for fault in wide]
    for _ in range(WIDE_PAIRS):
        pipe = chance.choice(pipelines)
        other = chance.choice([fault for fault in possible(pipe) if fault.touches != "partitions"])
        plan.append([chance.choice(wide), dataclasses.replace(other, at=pipe, name=f"{other.name} of {pipe.name}")])
    chance.shuffle(plan)
    return plan


def chance_of(seed, *words):
    return random.Random(":".join(map(str, (seed, *words))))


def named(names):
    """For trying: the faults whose names contain one of these words."""
    return [fault for fault in FAULTS if any(name in fault.name for name in names)]
