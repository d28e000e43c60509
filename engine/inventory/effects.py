"""What an entry of the log changes, by ids: written into it from a transaction, and read from it.

A few changes are messages of their own there and tuples here. Many, as a feed makes them, are columns in both, so that
whoever can works on all of them at once.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
from belofte.v1 import ledger_entry_pb2
from numpy.typing import NDArray

from engine.inventory.transaction import CapacityChange, CellChange, TextChange

FEW_ROWS_MAX = 16
"""Changes that stand row by row: up to here columns take longer to make than they save."""

Ints = NDArray[np.int64]


class PositionChange(NamedTuple):
    """One position's change, by ids. `available_at_minute` None: the receipt's date stays."""

    item_id: str
    location_id: str
    receipt_id: str
    pool: str
    supply_delta: int
    demand_delta: int
    available_at_minute: int | None


class CapacityUse(NamedTuple):
    """A location's capacity taken (or given back) on a local day."""

    location_id: str
    day: int
    quantity_delta: int


class TextEffect(NamedTuple):
    """A text of the store that became another; "" was removed."""

    table: str
    item_id: str
    field: str
    text: str


class IdColumn(NamedTuple):
    """Ids of many rows: row r has `ids[places[r]]`."""

    ids: Sequence[str]
    places: Ints

    def each(self) -> list[str]:
        """The id of every row."""
        return [self.ids[at] for at in self.places.tolist()]


class ChangeColumns(Sequence[PositionChange]):
    """Changes of many positions, column by column, each [rows]. `minutes`: new date of a receipt, by row; most have none."""

    def __init__(
        self, items: IdColumn, locations: IdColumn, receipts: IdColumn, pools: IdColumn, supply_deltas: Ints,
        demand_deltas: Ints, minutes: dict[int, int],
    ) -> None:  # fmt: skip
        self.items, self.locations, self.receipts, self.pools = items, locations, receipts, pools
        self.supply_deltas, self.demand_deltas = supply_deltas, demand_deltas
        self.minutes = minutes

    def __len__(self) -> int:
        return len(self.supply_deltas)

    def __iter__(self) -> Iterator[PositionChange]:
        return map(
            PositionChange, self.items.each(), self.locations.each(), self.receipts.each(), self.pools.each(),
            self.supply_deltas.tolist(), self.demand_deltas.tolist(), map(self.minutes.get, range(len(self))),
        )  # fmt: skip

    @overload
    def __getitem__(self, row: int) -> PositionChange: ...

    @overload
    def __getitem__(self, row: slice) -> Sequence[PositionChange]: ...

    def __getitem__(self, row: int | slice) -> PositionChange | Sequence[PositionChange]:
        if isinstance(row, slice):
            return tuple(self)[row]
        row = range(len(self))[row]
        item_id, location_id, receipt_id, pool = (
            column.ids[column.places[row]] for column in (self.items, self.locations, self.receipts, self.pools)
        )
        return PositionChange(
            item_id, location_id, receipt_id, pool, int(self.supply_deltas[row]), int(self.demand_deltas[row]),
            self.minutes.get(row),
        )  # fmt: skip


# -- writing


def add_effects(
    entry: ledger_entry_pb2.LedgerEntry, cells: Sequence[CellChange], capacities: Sequence[CapacityChange],
    texts: Sequence[TextChange] = (),
) -> None:  # fmt: skip
    """Write into an entry what its transaction changes."""
    cells = [each for each in cells if not each.is_guard]
    if len(cells) > FEW_ROWS_MAX:
        _write_columns(entry.position_columns, cells)
    else:
        for (item_id, location_id, receipt_id, pool), supply, demand, _, _, minute, *_ in cells:
            entry.positions.add(
                item_id=item_id, location_id=location_id, receipt_id=receipt_id, pool=pool, supply_delta=supply,
                demand_delta=demand, available_at_minute=minute,
            )  # fmt: skip
    for use in capacities:
        entry.capacities.add(location_id=use.location_id, day=use.day, quantity_delta=use.quantity_delta)
    for each in texts:
        entry.texts.add(table=each.table, item_id=each.item_id, field=each.field, text=each.text)


def _write_columns(columns: ledger_entry_pb2.PositionColumns, cells: Sequence[CellChange]) -> None:
    places, supply, demand, _, _, minutes, *_ = zip(*cells, strict=True)
    items, locations, receipts, pools = zip(*places, strict=True)
    columns.row_count = len(cells)
    _write_ids(items, columns.item_ids, columns.item_indexes)
    _write_ids(locations, columns.location_ids, columns.location_indexes)
    _write_ids(receipts, columns.receipt_ids, columns.receipt_indexes)
    _write_ids(pools, columns.pools, columns.pool_indexes)
    if any(supply):
        columns.supply_deltas.extend(supply)
    if any(demand):
        columns.demand_deltas.extend(demand)
    dated = [row for row, minute in enumerate(minutes) if minute is not None]
    columns.dated_rows.extend(dated)
    columns.available_at_minutes.extend([minutes[row] for row in dated])


def _write_ids(ids: Sequence[str], table: Any, indexes: Any) -> None:
    column = _distinct(ids)
    table.extend(column.ids)
    if len(column.ids) > 1:
        indexes.extend(column.places.tolist())


# -- reading


def effects_of(entry: bytes) -> tuple[Sequence[PositionChange], tuple[CapacityUse, ...]]:
    """What a serialized LedgerEntry changes: a tuple of changes where they are few, else `ChangeColumns`."""
    return effects_in(ledger_entry_pb2.LedgerEntry.FromString(entry))


def effects_in(message: ledger_entry_pb2.LedgerEntry) -> tuple[Sequence[PositionChange], tuple[CapacityUse, ...]]:
    """What a LedgerEntry changes."""
    uses = tuple(CapacityUse(c.location_id, c.day, c.quantity_delta) for c in message.capacities)
    if message.HasField("position_columns"):
        assert not message.positions, "changes are few or many"
        return _read_columns(message.position_columns), uses
    changes = tuple(
        PositionChange(
            p.item_id, p.location_id, p.receipt_id, p.pool, p.supply_delta, p.demand_delta,
            p.available_at_minute if p.HasField("available_at_minute") else None,
        )
        for p in message.positions
    )  # fmt: skip
    return changes, uses


def changes_of(cells: Sequence[CellChange]) -> Sequence[PositionChange]:
    """What a transaction changes, as it is read from its entry."""
    cells = [each for each in cells if not each.is_guard]
    if len(cells) <= FEW_ROWS_MAX:
        return tuple([PositionChange(*cell, supply, demand, minute) for cell, supply, demand, _, _, minute, *_ in cells])
    places, supply, demand, _, _, minutes, *_ = zip(*cells, strict=True)
    items, locations, receipts, pools = zip(*places, strict=True)
    return _columns(items, locations, receipts, pools, supply, demand, minutes)


def columns_of(changes: Sequence[PositionChange]) -> ChangeColumns:
    """Changes, column by column."""
    return _columns(*zip(*changes, strict=True))


def _columns(
    items: Sequence[str], locations: Sequence[str], receipts: Sequence[str], pools: Sequence[str], supply: Sequence[int],
    demand: Sequence[int], minutes: Sequence[int | None],
) -> ChangeColumns:  # fmt: skip
    dated = {row: minute for row, minute in enumerate(minutes) if minute is not None}
    return ChangeColumns(
        _distinct(items), _distinct(locations), _distinct(receipts), _distinct(pools), np.array(supply, np.int64),
        np.array(demand, np.int64), dated,
    )  # fmt: skip


def _distinct(ids: Sequence[str]) -> IdColumn:
    """Few places have many names: what is looked up by name is looked up once for each."""
    place = {each: at for at, each in enumerate(dict.fromkeys(ids))}
    if len(place) == 1:
        return IdColumn(list(place), np.zeros(len(ids), np.int64))
    return IdColumn(list(place), np.array([place[each] for each in ids], np.int64))


def texts_in(message: ledger_entry_pb2.LedgerEntry) -> tuple[TextEffect, ...]:
    """Which texts of the store a LedgerEntry replaces."""
    return tuple(TextEffect(t.table, t.item_id, t.field, t.text) for t in message.texts)


def _read_columns(columns: ledger_entry_pb2.PositionColumns) -> ChangeColumns:
    count = columns.row_count
    return ChangeColumns(
        _read_ids(columns.item_ids, columns.item_indexes, count),
        _read_ids(columns.location_ids, columns.location_indexes, count),
        _read_ids(columns.receipt_ids, columns.receipt_indexes, count), _read_ids(columns.pools, columns.pool_indexes, count),
        _read_numbers(columns.supply_deltas, count), _read_numbers(columns.demand_deltas, count),
        dict(zip(columns.dated_rows, columns.available_at_minutes, strict=True)),
    )  # fmt: skip


def _read_ids(table: Any, indexes: Any, count: int) -> IdColumn:
    return IdColumn(table[:], _read_numbers(indexes, count))


def _read_numbers(column: Any, count: int) -> Ints:
    numbers = np.array(column, np.int64) if column else np.zeros(count, np.int64)
    assert len(numbers) == count, "a column has every row"
    return numbers
