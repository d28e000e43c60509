"""A fork of stock for one decision: the rows of the items at hand, changed by rules, on which everything plans as ever.

What is held on a fork stays in it. A plan made on it names positions of the fork; `home_index` and `home_slot` tell those
that the shared stock knows. Units of a backorder become demand of what is on hand at their location.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.ids import BACKORDER
from engine.inventory.live import LiveStock
from engine.inventory.matrix import ON_HAND, InventoryMatrix, Slot
from engine.kernels.stock import ON_HAND_SLOT

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


GAPS_MAX = 2
"""Rows are copied with what lies between them where that is no more than so many times as much."""

EMPTY: Ints = np.empty(0, np.int64)


class Beyond(NamedTuple):
    """Units of an item that may be sold beyond its stock [n]: where, how many, and the UTC minute they will be there."""

    location: Ints
    quantity: Ints
    available_at_minute: Ints


class ForkedItem(NamedTuple):
    """An item of a decision and how its rows differ from those of the shared stock."""

    item: int
    inbound: Bools | None = None
    """[L]: where receipts count that have not come in yet; None: everywhere."""
    beyond: Beyond | None = None


class StockFork(LiveStock):
    """Stock of some items; of all others it holds nothing. It shares capacity and reservations with the stock it is of."""

    def __init__(self, live: LiveStock, items: Sequence[ForkedItem]) -> None:
        """Copies rows of the live stock as they are at this moment."""
        self.item_index, self.location_index = live.item_index, live.location_index
        self.capacity_used, self._capacity_header, self.holds = live.capacity_used, live._capacity_header, live.holds
        self.closed, self.places, self.unknown_count = live.closed, live.places, live.unknown_count
        self._unsellable, self._receipt_minute = live._unsellable, live._receipt_minute
        self._capacity_later = live._capacity_later
        self.matrix, self.home = _fork(live.matrix, items)
        self.home_slot_count = len(live.matrix.slots)

    def own_capacity(self) -> None:
        """From here on the capacity used is its own as well."""
        self.capacity_used, self._capacity_header = self.capacity_used.copy(), self._capacity_header.copy()


class ForkMatrix(InventoryMatrix):
    """A matrix that is read only, but for tentative demand: it opens neither positions nor slots."""

    def __init__(self, live: InventoryMatrix, slots: Sequence[Slot]) -> None:
        """Without positions; `slots` come after those of the live one."""
        self.item_count, self.location_count = live.item_count, live.location_count
        # Zeros are not touched until they are read, so many items cost no more than few.
        self.row_start, self.row_count, self.row_room = (np.zeros(live.item_count, np.int64) for _ in range(3))
        self.opened_count, self._position, self._file = 0, live.position, None
        self._pool_index, self._slot_index = live._pool_index, live._slot_index
        self.slots = live.slots
        self.slot_available_at, self.slot_pool = live.slot_available_at, live.slot_pool
        self.slot_sellable = live.slot_sellable
        if slots:
            self.slots = [*live.slots, *slots]
            minutes = np.array([slot.available_at_minute for slot in slots], np.int64)
            self.slot_available_at = np.concatenate((live.slot_available_at, minutes))
            self.slot_pool = np.concatenate((live.slot_pool, np.zeros(len(slots), np.int64)))
            self.slot_sellable = np.concatenate((live.slot_sellable, np.ones(len(slots), np.bool_)))

    def slot_index(self, slot: Slot) -> int:
        """Index of a slot that there is."""
        return self._slot_index[slot]

    def open(self, item: int, location: int, slot: int) -> int:
        """Arena index of a position that there is."""
        at = self.find(item, location, slot)
        assert at >= 0, "a fork opens no positions"
        return at


def home_index(stock: LiveStock, at: int) -> int:
    """Arena index in the shared stock of a position of `stock`, which may be a fork of it; −1: it has none there yet."""
    return int(stock.home[at]) if isinstance(stock, StockFork) else at


def home_slot(stock: LiveStock, slot: int) -> Slot:
    """The slot that demand of a position becomes demand of."""
    return stock.matrix.slots[ON_HAND_SLOT if is_beyond(stock, slot) else slot]


def is_beyond(stock: LiveStock, slot: int) -> bool:
    """Whether a slot holds units that may be sold beyond stock."""
    return isinstance(stock, StockFork) and slot >= stock.home_slot_count


def _fork(live: InventoryMatrix, items: Sequence[ForkedItem]) -> tuple[ForkMatrix, Ints]:
    """The matrix, and the arena index in the live one of each of its positions."""
    minutes = np.unique(np.concatenate([EMPTY, *(each.beyond.available_at_minute for each in items if each.beyond)]))
    matrix = ForkMatrix(live, [Slot(BACKORDER, "", minute, True) for minute in minutes.tolist()])
    if all(each.inbound is None and each.beyond is None for each in items):
        return matrix, _copied(live, matrix, np.array([each.item for each in items], np.int64))
    columns: list[tuple[NDArray[Any], ...]] = []
    used = 0
    for each in items:
        rows = _rows(live, matrix, each, minutes)
        columns.append(rows)
        matrix.row_start[each.item], matrix.row_count[each.item] = used, len(rows[0])
        used += len(rows[0])
    matrix.row_room = matrix.row_count
    location, slot, supply, demand, home = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    matrix.location, matrix.slot, matrix.supply, matrix.demand = location, slot, supply, demand
    return matrix, home


def _copied(live: InventoryMatrix, matrix: ForkMatrix, items: Ints) -> Ints:
    """Rows of items as they are, all of them in one step; returns the arena index in the live matrix of each position."""
    starts, counts = live.row_start[items], live.row_count[items]
    total = int(counts.sum())
    begin, end = (int(starts.min()), int((starts + counts).max())) if total else (0, 0)
    matrix.row_count[items] = counts
    matrix.row_room = matrix.row_count
    if end - begin <= GAPS_MAX * total:
        # Rows that lie together are copied with what lies between them: many times as fast as position by position.
        matrix.row_start[items] = starts - begin
        where = slice(begin, end)
        matrix.location, matrix.slot = live.location[where].copy(), live.slot[where].copy()
        matrix.supply, matrix.demand = live.supply[where].copy(), live.demand[where].copy()
        return np.arange(begin, end)
    first = np.cumsum(counts) - counts
    matrix.row_start[items] = first
    home: Ints = np.repeat(starts - first, counts) + np.arange(total)
    matrix.location, matrix.slot = live.location[home], live.slot[home]
    matrix.supply, matrix.demand = live.supply[home], live.demand[home]
    return home


def _rows(
    live: InventoryMatrix, matrix: ForkMatrix, each: ForkedItem, minutes: Ints
) -> tuple[NDArray[Any], ...]:  # fmt: skip
    """(location, slot, supply, demand, arena index in the live matrix) of an item's positions, in the order of a row."""
    row = live.row(each.item)
    at = np.arange(row.start, row.stop)
    if each.inbound is not None:
        at = at[each.inbound[live.location[at]] | (live.slot_available_at[live.slot[at]] == ON_HAND)]
    rows: tuple[NDArray[Any], ...] = (live.location[at], live.slot[at], live.supply[at], live.demand[at], at)
    if each.beyond is None:
        return rows
    location, quantity, available_at = each.beyond
    slots = (len(live.slots) + np.searchsorted(minutes, available_at)).astype(np.int32)
    is_on_hand = live.slot[at] == ON_HAND_SLOT
    home = np.full(live.location_count, -1, np.int64)
    home[live.location[at[is_on_hand]]] = at[is_on_hand]
    added: tuple[NDArray[Any], ...] = (
        # Without supply, so that no debt is paid of it: what has been sold beyond stock is taken off already.
        location.astype(np.int32), slots, np.zeros(len(location), np.int32), (-quantity).astype(np.int32), home[location],
    )  # fmt: skip
    rows = tuple(np.concatenate(pair) for pair in zip(rows, added, strict=True))
    order = np.lexsort((rows[1], matrix.slot_available_at[rows[1]], rows[0]))
    return tuple(column[order] for column in rows)
