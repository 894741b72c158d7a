"""Which faults are played, where and in which order: all from the seed. A round has every fault once on every pipeline that
can have it, some pairs, and every fault of the cluster."""
import random

from . import broker_faults, database_faults, network_faults, process_faults

FAULTS = process_faults.FAULTS + network_faults.FAULTS + database_faults.FAULTS + broker_faults.FAULTS
PAIRS = 10  # a pipeline


def possible(pipe):
    return [f for f in FAULTS if not f.is_wide and (not f.on or f.on in pipe.traits) and (not f.root or "disk" in pipe.traits)]


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


def of_cluster(chance):
    plan = [[fault] for fault in FAULTS if fault.is_wide]
    chance.shuffle(plan)
    return plan


def chance_of(seed, *words):
    return random.Random(":".join(map(str, (seed, *words))))


def named(names):
    """For trying: the faults whose names contain one of these words."""
    return [fault for fault in FAULTS if any(name in fault.name for name in names)]
