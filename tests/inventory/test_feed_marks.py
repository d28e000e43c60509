"""What a position holds by its feeds, whatever order the rows come in: against rows put in order and added up."""

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.inventory.feed_marks import CHANGES_MAX, KEPT_MS, Change, Event, Mark
from tests.naive.feed import Row, supplies

DAY_MS = 20_000 * 86_400_000


def played(rows: Sequence[Row], now_unix_ms: int = DAY_MS, *, is_dated: bool = True) -> int:
    """Supply after the rows, each of them from the text that the one before left."""
    supply, text = 0, ""
    for row in rows:
        mark = Mark.parse(text)
        assert mark.text() == text
        event = Event(DAY_MS + row.unix_ms if is_dated else now_unix_ms, is_dated, "wms", row.sequence)
        if row.is_absolute and not mark.is_superseded(event):
            assert not mark.is_forgotten(event)
            changes = mark.since(event)
            supply = row.quantity + sum(change.quantity for change in changes)
            mark.set(event, changes)
        elif not row.is_absolute and mark.counts(event):
            supply += row.quantity
            mark.add(Change(event, row.quantity), now_unix_ms)
        text = mark.text()
    return supply


rows = st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(-5, 9)), min_size=1, max_size=25).map(
    lambda drawn: [Row("ams", ms, n, is_absolute, units) for n, (ms, is_absolute, units) in enumerate(drawn, 1)]
)


@settings(deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_dated_rows_leave_the_same_in_any_order(feed: list[Row], draw: random.Random) -> None:
    shuffled = draw.sample(feed, len(feed))
    assert played(shuffled) == supplies(feed)["ams"]


@settings(deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_rows_without_dates_are_ordered_by_their_sequences(feed: list[Row], draw: random.Random) -> None:
    by_sequence = [row._replace(unix_ms=row.sequence) for row in feed]
    shuffled = draw.sample(by_sequence, len(feed))
    assert played(shuffled, is_dated=False) == supplies(by_sequence)["ams"]


def test_rows_without_dates_and_sequences_count_as_they_come() -> None:
    """Also by the clock of another engine that is behind."""
    mark = Mark()
    mark.set(Event(DAY_MS, False, "", 0), [])
    assert mark.counts(Event(DAY_MS - 100, False, "", 0))
    assert not mark.is_superseded(Event(DAY_MS - 100, False, "other", 3))
    assert not mark.counts(Event(DAY_MS - 100, True, "", 0))
    assert mark.is_superseded(Event(DAY_MS - 100, True, "", 0))
    assert mark.counts(Event(DAY_MS, True, "", 0))


def test_changes_too_many_or_too_old_are_let_go_and_then_no_record_may_speak_of_before() -> None:
    mark = Mark()
    for ms in range(CHANGES_MAX + 5):
        mark.add(Change(Event(DAY_MS + ms, True, "", 0), 1), DAY_MS)
    assert (len(mark.changes), mark.forgotten_ms) == (CHANGES_MAX, DAY_MS + 4)
    assert mark.is_forgotten(Event(DAY_MS + 3, True, "", 0))
    assert not mark.is_forgotten(Event(DAY_MS + 4, True, "", 0))
    late = DAY_MS + KEPT_MS + 500
    mark.add(Change(Event(late, True, "", 0), 1), late)
    assert (mark.changes[0].event.unix_ms, mark.forgotten_ms) == (DAY_MS + 500, DAY_MS + 499)
    again = Mark.parse(mark.text())
    assert (again, again.changes) == (mark, mark.changes)
    seen = Event(late, True, "", 0)
    mark.set(seen, mark.since(seen))
    assert mark == Mark(seen)
    assert Mark.parse("") == Mark() and Mark().text() == ""


def test_a_feed_that_dates_by_the_second_is_ordered_by_its_sequences() -> None:
    """Counted 10, then 3 less, all within one second, in whatever order they come."""
    rows = [Row("ams", 0, 1, True, 10), Row("ams", 0, 2, False, -3), Row("ams", 0, 3, False, -4)]
    assert played(rows) == played(rows[::-1]) == 3
    assert played([*rows, Row("ams", 0, 4, True, 9)]) == 9
