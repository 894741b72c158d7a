"""A line a fault while they are played, and docs/faults.md of a whole run."""
import time

HEAD = ["fault", "where", "accepted", "rows", "dropped", "given up", "lost", "duplicated", "out of order", "stall s", "recovered s"]


def cells(played):
    verdict = played.verdict
    return [" + ".join(played.names), played.where, verdict.accepted, verdict.rows, verdict.dropped, len(verdict.given_up), len(verdict.lost), len(verdict.duplicated),
            len(verdict.out_of_order), f"{played.stall:.1f}" + (f" (bar {played.bar:g})" if played.bar else ""), f"{played.recovered:.1f}"]


def line(number, played):
    name, where, *numbers = cells(played)
    marks = "" if played.verdict.holds else "  BROKEN"
    marks += "  SLOW" if played.is_over else ""
    text = f"{number:>4} {where:<6} " + " ".join(f"{head.split()[0]} {value}" for head, value in zip(HEAD[2:], numbers)) + f"  {name}{marks}"
    return text + (f"  ({played.note})" if played.note else "")


def details(verdict):
    for kind in ("given_up", "lost", "duplicated", "out_of_order"):
        found = getattr(verdict, kind)
        for text in found[:5]:
            yield f"       {kind}: {text}"
        if len(found) > 5:
            yield f"       {kind}: and {len(found) - 5} more"


def page(how, run, audits):
    """how: (seed, rounds, seconds). audits: pipeline → the verdict over everything, read once more at the end."""
    (seed, rounds, took), all_played = how, run.played
    faults = sum(len(played.names) for played in all_played)
    total = [sum(len(getattr(v, kind)) for v in audits.values()) for kind in ("lost", "duplicated", "out_of_order", "given_up")]
    over = [p for p in all_played if p.is_over]
    yield from [
        "# Faults", "", "Made by `make faults`; do not edit. `tests/faults/` has the faults, the load and the checker.", "",
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, seed {seed}, {rounds} round(s), {took / 60:.0f} minutes on two cores: **{faults} faults, "
        f"{total[0]} lost, {total[1]} duplicated, {total[2]} out of order, {total[3]} given up**; {len(over)} stalls longer than their bar, "
        f"{len(run.failed)} faults not played.", "", *[f"- not played: {failure}\n" for failure in run.failed],
        *[f"- left out: {name}\n" for name in run.left_out],
        "At the end everything was read again from the beginning, by readers that knew nothing:", "",
        "| pipeline | accepted | rows | dropped | given up | lost | duplicated | out of order | `loom verify` agrees |", "|---|---|---|---|---|---|---|---|---|"]
    for name, v in audits.items():
        yield f"| {name} | {v.accepted} | {v.rows} | {v.dropped} | {len(v.given_up)} | {len(v.lost)} | {len(v.duplicated)} | {len(v.out_of_order)} | {'yes' if run.proofs[name] else 'no'} |"
    yield from [
        "", "Stall: the longest time in which a message of a partition waited (counted from the client's first try) and none of that partition reached its",
        "table (an utterance: since the message that ends it); it includes the fault's own length. Recovered: from the end of the cause until the last delayed message was stored. Bars: 9 s after a kill -9",
        "(session timeout of 6 s + 3), 2 s after a clean stop, 15 s after the loss of a broker. `pg-two` has two members in a group, `pg` and `lite` one.",
        "Dropped: silence among speech. Given up: a dead letter, or a drop of anything else; nothing that is sent deserves one.", "",
        "| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for played in all_played:
        yield "| " + " | ".join(str(cell) for cell in cells(played)) + " |"
