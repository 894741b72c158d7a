"""A checker that can't fail proves nothing: each planted error is found, and nothing else."""
import dataclasses

import pytest

from .books import Books, Record, Route, Row, Sent

ROUTES = {"reading": Route("readings", None, "readings"), "note": Route("notes", "moods", "moods")}


def record(topic, n, offset, **more):
    return Record(topic, 0, offset, b"d", f"{topic[0]}{n}" if topic != "moods" else f"n{n}", **more)


def verdict_of(books, records, rows, change):
    change(records, rows)
    for one in records:
        books.record(one)
    for one in rows:
        books.row(one)
    return books.verdict(list(books.sent))


def whole(change=lambda records, rows: None):
    """Ten readings and ten notes of one device, as they must end; `change` plants the error."""
    books = Books(ROUTES)
    for n in range(10):
        for kind, topic in (("reading", "readings"), ("note", "notes")):
            books.offer(f"{kind[0]}{n}", Sent(kind, "d", n, 1.0, answer=n if kind == "note" else None))
            books.accept(f"{kind[0]}{n}", topic, 0, n, 2.0, reply=1)
    records = [record(topic, n, n, answer=n if topic == "moods" else None) for topic in ("readings", "notes", "moods") for n in range(10)]
    rows = [Row(table, f"{table[0] if table != 'moods' else 'n'}{n}", "", "d", n, 10.0 + n // 3) for table in ("readings", "moods") for n in range(10)]
    return verdict_of(books, records, rows, change)


def test_nothing_is_found_where_nothing_is_wrong():
    verdict = whole()
    assert verdict.holds and (verdict.accepted, verdict.rows, verdict.dropped) == (20, 20, 0)


def remove(things, identity, topic=None):
    things[:] = [t for t in things if not (t.identity == identity and (topic is None or t.topic == topic))]


def swap_outputs(records, _):
    moods = [i for i, r in enumerate(records) if r.topic == "moods"]
    a, b = records[moods[4]], records[moods[5]]
    records[moods[4]], records[moods[5]] = record("moods", 5, a.offset, answer=5), record("moods", 4, b.offset, answer=4)


def swap_answers(records, _):
    moods = [i for i, r in enumerate(records) if r.topic == "moods"]
    for i, answer in ((moods[4], 5), (moods[5], 4)):
        records[i] = dataclasses.replace(records[i], answer=answer)


def swap_transactions(_, rows):
    rows[0], rows[9] = (Row("readings", "r0", "", "d", 0, 13.0), Row("readings", "r9", "", "d", 9, 10.0))


def drop(records, rows):
    remove(records, "n3", "moods")
    remove(rows, "n3")
    records.append(Record("drops.words", 0, 0, b"d", "n3", "", "notes:0:3"))


PLANTED = {  # name → (what is done to records and rows, lost, duplicated, out of order, given up)
    "a row deleted": (lambda records, rows: remove(rows, "r3"), 1, 0, 0),
    "a row doubled": (lambda records, rows: rows.append(rows[3]), 0, 1, 0),
    "a row that nobody sent": (lambda records, rows: rows.append(Row("readings", "x", "", "d", 1, 20.0)), 0, 1, 0),
    "a row with another's content": (lambda records, rows: rows.__setitem__(3, Row("readings", "r3", "", "d", 4, 11.0)), 1, 0, 0),
    "a row and a dead letter": (lambda records, rows: records.append(Record("dlq.sink", 0, 0, b"d", "r3", "", "readings:0:3")), 0, 1, 0, 1),
    "an acknowledged record that is not there": (lambda records, rows: remove(records, "r3", "readings"), 2, 0, 0),
    "a stage's output left out": (lambda records, rows: [remove(records, "n3", "moods"), remove(rows, "n3")], 1, 0, 0),
    "a drop of what is not empty": (drop, 0, 0, 0, 1),
    "two answers swapped": (swap_answers, 2, 0, 0),
    "two outputs swapped": (swap_outputs, 0, 0, 1),
    "two transactions swapped": (swap_transactions, 0, 0, 9),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_found(name):
    change, *expected = PLANTED[name]
    verdict = whole(change)
    assert [len(found) for found in (verdict.lost, verdict.duplicated, verdict.out_of_order, verdict.given_up)] == (expected + [0])[:4], verdict
    assert not verdict.holds


def test_messages_of_one_reply_that_lie_in_another_order():
    books = Books(ROUTES)
    for n, offset in ((0, 1), (1, 0)):
        books.offer(f"r{n}", Sent("reading", "d", n, 1.0))
        books.accept(f"r{n}", "readings", 0, offset, 2.0, reply=1)
        books.record(Record("readings", 0, offset, b"d", f"r{n}"))
        books.row(Row("readings", f"r{n}", "", "d", n, 10.0))
    assert len(books.verdict(["r0", "r1"]).out_of_order) == 1


def test_a_dead_letter_is_an_end_and_counts_once():
    def kill(records, rows):
        remove(rows, "r3")
        for offset in (0, 1):  # written, killed before the commit, written again
            records.append(Record("dlq.sink", 0, offset, b"d", "r3", "", "readings:0:3"))
    verdict = whole(kill)
    assert not verdict.lost and not verdict.duplicated and (verdict.rows, len(verdict.given_up)) == (19, 1)


JOINING = {"speech": Route("speech", "utterances", "utterances", joins=True)}


def joined(change=lambda records, rows: None):
    """Six chunks of a device: 0 is silence, 1 and 2 end as one utterance, 3 holds two of its own, 4 and 5 one that begins in 3."""
    books = Books(JOINING)
    for n in range(6):
        books.offer(f"s{n}", Sent("speech", "d", n, 1.0, may_drop=n == 0))
        books.accept(f"s{n}", "speech", 0, n, 2.0)
    records = [Record("speech", 0, n, b"d", f"s{n}") for n in range(6)] + [Record("drops.ears", 0, 0, b"d", "s0", "", "speech:0:0")]
    for offset, (end, part, sources, begin) in enumerate([(2, "0", (1, 2), 1.5), (3, "0", (3,), 3.1), (3, "1", (3,), 3.5), (5, "0", (3, 4, 5), 3.8)]):
        records.append(Record("utterances", 0, offset, b"d", f"s{end}", part, sources=tuple(f"s{n}" for n in sources), span=("d", begin, begin + 0.3)))
    rows = [Row("utterances", identity, part, "d", int(identity[1]), 10.0) for identity, part in (("s2", "0"), ("s3", "0"), ("s3", "1"), ("s5", "0"))]
    return verdict_of(books, records, rows, change)


def test_joined_chunks_that_are_right():
    verdict = joined()
    assert verdict.holds and (verdict.accepted, verdict.rows, verdict.dropped) == (6, 4, 1), verdict


def change_utterance(records, which, **more):
    at = [i for i, r in enumerate(records) if r.topic == "utterances"][which]
    records[at] = dataclasses.replace(records[at], **more)


def drop_speech(records, rows):
    change_utterance(records, 3, sources=("s3", "s5"))
    records.append(Record("drops.ears", 0, 1, b"d", "s4", "", "speech:0:4"))


PLANTED_IN_JOINED = {
    "a chunk that no utterance names": (lambda records, rows: change_utterance(records, 0, sources=("s2",)), 1, 0),
    "an utterance's row deleted": (lambda records, rows: rows.pop(1), 1, 0),
    "an utterance's row doubled": (lambda records, rows: rows.append(rows[1]), 0, 1),
    "an utterance cut twice": (lambda records, rows: change_utterance(records, 3, span=("d", 3.5, 4.1)), 0, 1),
    "a chunk joined and dropped": (lambda records, rows: records.append(Record("drops.ears", 0, 1, b"d", "s4", "", "speech:0:4")), 0, 1, 1),
    "speech dropped as silence": (drop_speech, 0, 0, 1),
}


@pytest.mark.parametrize("name", PLANTED_IN_JOINED)
def test_an_error_planted_among_joined_chunks_is_found(name):
    change, *expected = PLANTED_IN_JOINED[name]
    verdict = joined(change)
    assert [len(found) for found in (verdict.lost, verdict.duplicated, verdict.given_up)] == (expected + [0])[:3], verdict
    assert not verdict.holds
