"""Effects in an entry: what is written is what is read, few changes or many."""

from belofte.v1 import ledger_entry_pb2
from hypothesis import given
from hypothesis import strategies as st

from engine.inventory.effects import (
    FEW_ROWS_MAX,
    CapacityUse,
    ChangeColumns,
    PositionChange,
    add_effects,
    changes_of,
    effects_of,
)
from engine.inventory.transaction import CapacityChange, Cell, CellChange

INT64 = st.integers(-(2**63), 2**63 - 1)
CELLS = st.builds(
    Cell, st.sampled_from(("bolt", "lamp", "nut")), st.sampled_from(("ams", "ehv")), st.sampled_from(("", "po1", "po2")),
    st.sampled_from(("", "vip")),
)  # fmt: skip
CHANGES = st.builds(CellChange, CELLS, INT64, INT64, st.none(), st.none(), st.none() | st.integers(0, 2**40))
ROWS = st.integers(0, 3 * FEW_ROWS_MAX).flatmap(lambda count: st.lists(CHANGES, min_size=count, max_size=count))


def entry_of(cells: list[CellChange]) -> bytes:
    entry = ledger_entry_pb2.LedgerEntry()
    add_effects(entry, cells, [CapacityChange("ams", 20_000, 3, 9)])
    return entry.SerializeToString()


@given(ROWS)
def test_what_is_written_is_read(cells: list[CellChange]) -> None:
    """From the entry, and from the transaction of which it was written."""
    expected = [PositionChange(*each.cell, each.supply_delta, each.demand_delta, each.available_at_minute) for each in cells]
    changes, uses = effects_of(entry_of(cells))
    assert isinstance(changes, ChangeColumns) == (len(cells) > FEW_ROWS_MAX)
    for found in (changes, changes_of(cells)):
        assert len(found) == len(expected)
        assert list(found) == expected
        assert [found[i] for i in range(-len(cells), len(cells))] == expected * 2
        assert list(found[1:3]) == expected[1:3]
    assert uses == (CapacityUse("ams", 20_000, 3),)


def test_columns_name_an_id_once_and_leave_out_what_is_all_zero() -> None:
    """A thousand rows of one location, on hand: two bytes an item index, one byte a delta, and the location once."""
    cells = [CellChange(Cell(f"item-{i % 200}", "ams", "", ""), 0, 1, None, None, None) for i in range(1_000)]
    columns = ledger_entry_pb2.LedgerEntry.FromString(entry_of(cells)).position_columns
    assert (len(columns.item_ids), list(columns.location_ids), list(columns.receipt_ids)) == (200, ["ams"], [""])
    assert not columns.location_indexes and not columns.receipt_indexes and not columns.pool_indexes
    assert not columns.supply_deltas and not columns.dated_rows
    assert columns.ByteSize() < 1_000 * 3 + 200 * 10 + 100
