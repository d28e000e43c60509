"""Changes of many positions at once: the same as one after the other, to the order of positions in their rows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import FEW_ROWS_MAX, CapacityUse, ChangeColumns, PositionChange, changes_of
from engine.inventory.live import LiveStock
from engine.inventory.matrix import QUANTITY_MAX, QUANTITY_MIN
from engine.inventory.transaction import Cell, CellChange
from tests.stores import FIRST_DAY, contents

ITEMS, LOCATIONS = ("bolt", "lamp", "nut"), ("ams", "ehv", "rtm", "utr")
UNSELLABLE = frozenset({(0, 1, ""), (0, 2, ""), (2, 0, "vip"), (1, 3, "")})

CELLS = st.builds(
    Cell, st.sampled_from((*ITEMS, "gone")), st.sampled_from((*LOCATIONS, "gone")), st.sampled_from(("", "", "", "po1", "po2")),
    st.sampled_from(("", "", "vip", "web")),
)  # fmt: skip
MINUTES = st.none() | st.none() | st.sampled_from((0, 100, 700))
CHANGES = st.builds(CellChange, CELLS, st.integers(-9, 99), st.integers(-9, 99), st.none(), st.none(), MINUTES)
ENTRIES = st.lists(st.lists(CHANGES, min_size=FEW_ROWS_MAX + 1, max_size=60), min_size=1, max_size=4)


def empty() -> LiveStock:
    return LiveStock(
        {name: i for i, name in enumerate(ITEMS)}, {name: i for i, name in enumerate(LOCATIONS)}, UNSELLABLE, FIRST_DAY
    )  # fmt: skip


def rows(stock: LiveStock) -> list[list[object]]:
    return [list(stock.matrix.rows(item)) for item in range(len(ITEMS))]


@settings(deadline=None)
@given(ENTRIES)
def test_many_at_once_are_as_one_after_the_other(entries: list[list[CellChange]]) -> None:
    """Unknown ids, unsellable positions, pools, receipts that move in time, rows that grow."""
    one_by_one, at_once = empty(), empty()
    for number, cells in enumerate(entries):
        changes = changes_of(cells)
        assert isinstance(changes, ChangeColumns)
        at_once.apply(LogRecord(f"1-{number}", changes, ()))
        one_by_one.apply(LogRecord(f"1-{number}", tuple(changes), ()))
    assert rows(at_once) == rows(one_by_one)
    assert contents(at_once) == contents(one_by_one)
    for name in ("slots", "pools", "opened_count", "position"):
        assert getattr(at_once.matrix, name) == getattr(one_by_one.matrix, name)
    assert at_once.unknown_count == one_by_one.unknown_count


@settings(deadline=None)
@given(ENTRIES)
def test_entries_together_are_as_one_after_the_other(entries: list[list[CellChange]]) -> None:
    """Few changes each, capacity and all, as a batch of orders leaves them."""
    one_by_one, together = empty(), empty()
    records = [
        LogRecord(f"1-{number}", changes_of(cells[:FEW_ROWS_MAX]), (CapacityUse("ams", FIRST_DAY + number % 3, 1),))
        for number, cells in enumerate(entries, 1)
    ]
    for record in records:
        one_by_one.apply(record)
    if records:
        together.apply_all(records)
    assert contents(together) == contents(one_by_one)
    assert (together.matrix.position, together.unknown_count) == (one_by_one.matrix.position, one_by_one.unknown_count)


@pytest.mark.parametrize(("supply", "demand"), [(QUANTITY_MAX, 0), (0, QUANTITY_MIN), (2**40, 0), (0, -(2**40))])
@pytest.mark.parametrize("is_open", [True, False])
def test_units_stay_within_their_columns(supply: int, demand: int, is_open: bool) -> None:
    """2³¹ − 1 and another one; what stands before it in the entry is done, as with one change after the other."""
    stock = empty()
    if is_open:
        stock.apply_change(PositionChange("bolt", "ams", "", "", 1, -1, None))
    fill = [CellChange(Cell("nut", "utr", "", ""), 1, 0, None, None, None)] * FEW_ROWS_MAX
    # A position that is not there holds 0: its first change may be QUANTITY_MAX, the second leaves the range.
    beyond = [CellChange(Cell("bolt", "ams", "", ""), supply, demand, None, None, None)] * (1 if is_open else 2)
    with pytest.raises(AssertionError, match="range of int32"):
        stock.apply(LogRecord("1-1", changes_of([*fill, *beyond, *fill]), ()))
    assert contents(stock)[0][2, 3, "", ""] == (FEW_ROWS_MAX, 0, 0)
