"""The in-memory inventory matrix: every position of the network, item-major in one arena, 16 bytes a position.

It follows the commit log: `apply` is called with each log entry in order, so that at any moment it equals the shared
stock as of `position`. Planning reads rows and never writes them, but for tentative demand (see `live.py`).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.arena import (
    CAPACITY_HEADER,
    H_BEAT_NS,
    H_CHANGES,
    H_DIRTY,
    H_EPOCH,
    H_MOVED,
    H_POSITION_EPOCH,
    H_POSITION_SEQUENCE,
    H_STALE,
    H_USED,
    Arena,
    ArenaFile,
    copy_arena,
    new_arena,
    position_in,
    read_slots,
    rooms_of,
)
from engine.inventory.client import ordinal
from engine.inventory.shards import each_of
from engine.kernels.row_locks import lock_rows, unlock_rows
from engine.kernels.stock import ON_HAND as ON_HAND
from engine.kernels.stock import (
    ON_HAND_SLOT,
    change_positions,
    find_position,
    insert_position,
    read_positions,
)
from engine.kernels.stock import QUANTITY_MAX as QUANTITY_MAX
from engine.kernels.stock import QUANTITY_MIN as QUANTITY_MIN

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32] | NDArray[np.int64]

OUT_OF_RANGE = "a position left the range of int32"
ROW_ROOM_MIN = 4
ROOM_MIN = 64
"""Places of an arena, and of those behind its rows."""

SLOT_ROOM_MIN = 16


class Slot(NamedTuple):
    """What positions of one receipt and pool share. receipt_id "" is on hand, pool "" the common pool."""

    receipt_id: str
    pool: str
    available_at_minute: int
    sellable: bool


class InventoryMatrix:
    """Positions of `item_count` items over `location_count` locations; see `kernels/stock.py` for the layout."""

    def __init__(
        self, item_count: int, location_count: int, position_count_expected: int = 0, file: ArenaFile | None = None,
        kept: Arena | None = None,
    ) -> None:  # fmt: skip
        """Empty rows, in memory or in a file; another arena follows when it is full. `kept`: what the file has already.

        Raises OSError where the file finds no room.
        """
        self.item_count = item_count
        self.location_count = location_count
        self._file = file
        self._use(kept or self._new_arena(_size_for(position_count_expected)))
        self.opened_count = 0
        self._position = position_in(self.arena)
        self.slots: list[Slot] = []
        self._slot_index: dict[Slot, int] = {}
        self._pool_index: dict[str, int] = {"": 0}
        self._show_slots(
            np.zeros(SLOT_ROOM_MIN, np.int64), np.zeros(SLOT_ROOM_MIN, np.int64), np.zeros(SLOT_ROOM_MIN, np.bool_)
        )
        for each in read_slots(file.path, kept) if file and kept else ():
            self._add_slot(Slot(*each))
        assert self.slot_index(Slot("", "", ON_HAND, True)) == ON_HAND_SLOT

    @property
    def is_shared(self) -> bool:
        """Whether other processes may read it."""
        return self._file is not None

    @property
    def position(self) -> str:
        """Consistency token of what it holds; empty before the first load."""
        return self._position

    @position.setter
    def position(self, position: str) -> None:
        # Of several logs the first: a matrix over several is not taken up again.
        epoch, sequence = ordinal(each_of(position)[0])
        self._position = position
        header = self.arena.header
        header[H_POSITION_EPOCH], header[H_POSITION_SEQUENCE] = epoch, sequence

    def begin_changes(self) -> None:
        """From here on it stands at no position of the log: a file that is left so is not taken up again."""
        header = self.arena.header
        header[H_CHANGES] += 1
        header[H_DIRTY] = 1

    def end_changes(self) -> None:
        """It stands at its position."""
        self.arena.header[H_DIRTY] = 0

    def beat(self, stale: bool, monotonic_ns: int) -> None:
        """Tell those that read it that it is looked after, and whether it may lag behind the store."""
        header = self.arena.header
        header[H_STALE], header[H_BEAT_NS] = stale, monotonic_ns

    def new_capacity(self, days: int) -> tuple[Ints, Ints]:
        """Header and table [days, locations] of the capacity used, of this process alone or where others see it."""
        if self._file is not None:
            try:
                return self._file.new_capacity(self.arena, days, self.location_count)
            except OSError:
                pass  # no room: others find none, and this process goes on
        return np.zeros(CAPACITY_HEADER, np.int64), np.zeros((days, self.location_count), np.int64)

    def lock(self, item: Ints) -> None:
        """Rows of these items are about to be changed; −1 is none."""
        lock_rows(item, self.row_version)

    def unlock(self, item: Ints) -> None:
        """Rows of these items may be read again."""
        unlock_rows(item, self.row_version)

    @property
    def epoch(self) -> int:
        """Epoch of the store that it was loaded in."""
        return int(self.arena.header[H_EPOCH])

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self.arena.header[H_EPOCH] = epoch

    @property
    def used(self) -> int:
        """Places of the arena that rows have, from its beginning on."""
        return int(self.arena.header[H_USED])

    @used.setter
    def used(self, used: int) -> None:
        self.arena.header[H_USED] = used

    def _new_arena(self, room: int, before: Arena | None = None) -> Arena:
        if self._file is not None:
            try:
                return self._file.create(self.item_count, self.location_count, room, before)
            except OSError:
                # No room for it there: the matrix goes on in memory of the process, and the next one is loaded anew.
                self._file = None
                if before is not None:
                    before.header[H_MOVED] = 1
        arena = new_arena(self.item_count, self.location_count, room)
        if before is not None:
            copy_arena(before, arena)
        return arena

    def _use(self, arena: Arena) -> None:
        self.arena = arena
        self.row_start, self.row_count, self.row_room = arena.row_start, arena.row_count, arena.row_room
        self.row_version = arena.row_version
        self.location, self.slot, self.supply, self.demand = arena.location, arena.slot, arena.supply, arena.demand

    @property
    def pools(self) -> tuple[str, ...]:
        """Pool names by index; the common pool is first."""
        return tuple(self._pool_index)

    def slot_index(self, slot: Slot) -> int:
        """Index of a slot, opened when it is new."""
        found = self._slot_index.get(slot)
        if found is None:
            found = self._add_slot(slot)
            if self._file is not None:
                self._file.add_slot(self.arena, slot)
        return found

    def _add_slot(self, slot: Slot) -> int:
        added = self._slot_index[slot] = len(self.slots)
        self.slots.append(slot)
        pool = self._pool_index.setdefault(slot.pool, len(self._pool_index))
        columns = self._slot_columns
        if added == len(columns[0]):
            # Twice the room, so that opening slots one by one copies each of them less than twice in all.
            columns = tuple(np.concatenate((column, np.zeros_like(column))) for column in columns)
        for column, value in zip(columns, (slot.available_at_minute, pool, slot.sellable), strict=True):
            column[added] = value
        self._show_slots(*columns)
        return added

    def find_slot(self, slot: Slot) -> int:
        """Index of a slot, or −1."""
        return self._slot_index.get(slot, -1)

    def _show_slots(self, available_at: NDArray[np.int64], pool: NDArray[np.int64], sellable: NDArray[np.bool_]) -> None:
        """Keep the columns of slots, and show what of them is in use."""
        count = len(self.slots)
        self._slot_columns: tuple[NDArray[Any], ...] = (available_at, pool, sellable)
        self.slot_available_at, self.slot_pool, self.slot_sellable = available_at[:count], pool[:count], sellable[:count]

    def find(self, item: int, location: int, slot: int) -> int:
        """Arena index of a position, or −1."""
        start, count = self.row_start[item], self.row_count[item]
        return int(find_position(start, count, location, slot, self.location, self.slot))

    def read_many(self, item: Ints, location: Ints, slot: Ints) -> Ints:
        """[3, positions]: arena index (−1: there is none), supply and demand of positions; columns [positions]."""
        out = np.empty((3, len(item)), np.int64)
        read_positions(
            item, location, slot, self.row_start, self.row_count, self.location, self.slot, self.supply, self.demand, out
        )
        return out

    def open(self, item: int, location: int, slot: int) -> int:
        """Arena index of a position, opened with zeros when it is new."""
        at = self.find(item, location, slot)
        if at >= 0:
            return at
        self.make_room(item)
        at = int(
            insert_position(
                self.row_start[item], self.row_count[item], location, slot, self.slot_available_at, self.location,
                self.slot, self.supply, self.demand,
            )
        )  # fmt: skip
        self.row_count[item] += 1
        self.opened_count += 1
        return at

    def make_room(self, item: int) -> bool:
        """Room for another position in an item's row; whether there was none."""
        is_full = bool(self.row_count[item] == self.row_room[item])
        if is_full:
            self._grow_row(item)
        return is_full

    def change(self, item: int, location: int, slot: int, supply_delta: int, demand_delta: int) -> None:
        """Add to one position. The sums stay within int32: the door and the commit script see to it."""
        at = self.open(item, location, slot)
        supply, demand = int(self.supply[at]) + supply_delta, int(self.demand[at]) + demand_delta
        assert min(supply, demand) >= QUANTITY_MIN and max(supply, demand) <= QUANTITY_MAX, OUT_OF_RANGE
        self.supply[at], self.demand[at] = supply, demand

    def change_many(
        self, first: int, item: Ints, location: Ints, slot: Ints, supply_delta: Ints, demand_delta: Ints
    ) -> int:  # fmt: skip
        """Add to positions from change `first` on; returns the first change that it leaves to `change`, or how many there are.

        Columns [changes]. A change of item −1 is left out; one of slot −1 is left to the caller.
        """
        done, opened = change_positions(
            first, item, location, slot, supply_delta, demand_delta, self.row_start, self.row_count, self.row_room,
            self.slot_available_at, self.location, self.slot, self.supply, self.demand,
        )  # fmt: skip
        self.opened_count += int(opened)
        return int(done)

    def load(self, item: Numbers, location: Numbers, slot: Numbers, supply: Numbers, demand: Numbers) -> None:
        """Open the rows of items that have none, with distinct positions in any order; columns of equal length."""
        for quantities in (supply, demand):
            assert quantities.min(initial=0) >= QUANTITY_MIN and quantities.max(initial=0) <= QUANTITY_MAX, OUT_OF_RANGE
        place = item.astype(np.int64) * self.location_count + location
        order = np.argsort(place)
        place = place[order]
        if (place[1:] == place[:-1]).any():
            # Several positions at one location: by arrival then. Three keys take much longer than one.
            order = np.lexsort((slot, self.slot_available_at[slot], location, item))
            place = item[order].astype(np.int64) * self.location_count + location[order]
        owner = place // max(1, self.location_count)
        firsts = np.flatnonzero(np.diff(owner, prepend=-1))
        counts = np.diff(firsts, append=len(owner))
        items = owner[firsts]
        assert not self.row_room[items].any(), "load opens rows, and adds to none"
        rooms = rooms_of(counts)
        self._reserve(int(rooms.sum()))
        starts = self.used + np.cumsum(rooms) - rooms
        self.row_start[items], self.row_count[items], self.row_room[items] = starts, counts, rooms
        at = np.repeat(starts - firsts, counts) + np.arange(len(owner))
        for column, values in ((self.location, location), (self.slot, slot), (self.supply, supply), (self.demand, demand)):
            column[at] = values[order]
        self.used += int(rooms.sum())

    def run(self, item: int, location: int) -> range:
        """Arena indexes of one item's positions at one location, by arrival; until a position is opened."""
        start, count = int(self.row_start[item]), int(self.row_count[item])
        row = self.location[start : start + count]
        return range(start + int(np.searchsorted(row, location)), start + int(np.searchsorted(row, location, side="right")))

    def row(self, item: int) -> slice:
        """Where in the arena one item's positions lie; until a position is opened."""
        start = int(self.row_start[item])
        return slice(start, start + int(self.row_count[item]))

    def rows(self, item: int) -> list[tuple[int, Slot, int, int]]:
        """(location, slot, supply, demand) of one item's positions, in row order."""
        row = self.row(item)
        return [
            (int(self.location[at]), self.slots[self.slot[at]], int(self.supply[at]), int(self.demand[at]))
            for at in range(row.start, row.stop)
        ]

    def _grow_row(self, item: int) -> None:
        """Move a full row to the end of the arena with half as much room again."""
        room = max(ROW_ROOM_MIN, int(self.row_count[item]) * 3 // 2)
        self._reserve(room, item)
        start, count = int(self.row_start[item]), int(self.row_count[item])
        if count < self.row_room[item]:
            return
        end = self.used
        for column in (self.location, self.slot, self.supply, self.demand):
            column[end : end + count] = column[start : start + count]
        self.row_start[item], self.row_room[item] = end, room
        self.used = end + room

    def _reserve(self, room: int, item: int = -1) -> None:
        """Go on in another arena, unless there is so much room behind the rows. `item`: whose row asks for it.

        The other one has no holes where rows lay before they grew, and room in every row: it may well be the smaller one.
        A quarter more than its rows is little enough for 24 bytes a position, and enough that each position is copied a few
        times in all, however many there come to be.
        """
        if self.used + room <= len(self.location):
            return
        needed = int(rooms_of(self.row_count).sum())
        if item < 0 or not self.row_count[item]:
            needed += room
        self._use(self._new_arena(_size_for(needed), self.arena))


def _size_for(room: int) -> int:
    """Places of an arena whose rows need so many."""
    return room + max(ROOM_MIN, room // 4)
