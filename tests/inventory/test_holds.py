"""Active holds as the log tells of them: what is reserved, and which have come to their end."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.inventory.holds import HeldCapacity, HeldUnits, Hold, Holds
from engine.inventory.transaction import Cell

CELLS = (Cell("bolt", "ams", "", ""), Cell("bolt", "ams", "po1", ""), Cell("nut", "utr", "", "vip"))

units = st.builds(HeldUnits, st.sampled_from(("1", "2")), st.sampled_from(CELLS), st.integers(1, 5))
holds = st.builds(
    Hold, st.sampled_from(("a", "b", "c")), st.integers(1, 3), st.integers(0, 20), st.just("shop"), st.booleans(),
    st.booleans(), st.lists(units, max_size=3).map(tuple), st.just((HeldCapacity("ams", 20_000, 1),)),
)  # fmt: skip
steps = st.lists(st.tuples(holds, st.booleans()), max_size=30)


@given(holds)
def test_text_gives_the_hold_back(hold: Hold) -> None:
    assert Hold.parse(hold.reservation_id, hold.text()) == hold


@given(steps, st.integers(0, 25), st.integers(1, 4))
def test_holds_are_what_was_told_last(told: list[tuple[Hold, bool]], now: int, count_max: int) -> None:
    known: dict[str, Hold] = {}
    book = Holds()
    for hold, has_ended in told:
        book.apply(hold.reservation_id, "" if has_ended else hold.text())
        known.pop(hold.reservation_id, None)
        if not has_ended:
            known[hold.reservation_id] = hold
    assert {hold.reservation_id: hold for hold in book} == known and len(book) == len(known)
    for cell in CELLS:
        assert book.reserved(cell) == sum(u.quantity for hold in known.values() for u in hold.units if u.cell == cell)
        assert book.holders(cell) == sorted(key for key, hold in known.items() if any(u.cell == cell for u in hold.units))
    due = sorted(hold.expires_unix_ms for hold in known.values() if hold.expires_unix_ms <= now)
    for _ in range(2):
        found = book.due(now, count_max)
        assert [hold.expires_unix_ms for hold in found] == due[:count_max]
        assert all(known[hold.reservation_id] == hold for hold in found)
    other = Holds()
    other.load({hold.reservation_id: hold.text() for hold in known.values()})
    assert {each.reservation_id for each in other} == set(known)


def test_a_hold_that_was_extended_is_not_due_at_its_old_end() -> None:
    hold = Hold("a", 1, 10, "shop", False, True, (), ())
    book = Holds()
    book.apply("a", hold.text())
    book.apply("a", replace(hold, version=2, expires_unix_ms=30).text())
    assert book.due(20, 9) == []
    assert [each.version for each in book.due(30, 9)] == [2]
