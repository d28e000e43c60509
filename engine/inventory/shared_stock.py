"""Stock that another process of this machine keeps: mapped, read where it lies, and never written.

What is planned on is copied first, each row as it was between two entries of the log: whoever writes is never held up, and
nobody plans on a row that changes meanwhile.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.inventory.arena import (
    C_VERSION,
    H_BEAT_NS,
    H_CAPACITY,
    H_MOVED,
    H_POSITION_EPOCH,
    H_SLOT_BYTES,
    H_STALE,
    NOWHERE,
    Arena,
    open_arena,
    open_capacity,
    position_in,
    read_slots,
    stamp_of,
)
from engine.inventory.fork import EMPTY, ForkMatrix, StockFork
from engine.inventory.holds import Holds
from engine.inventory.live import LiveStock, parts_of
from engine.inventory.matrix import ON_HAND, SLOT_ROOM_MIN, InventoryMatrix, Slot
from engine.inventory.parts import PendingParts
from engine.inventory.places import PlaceTexts
from engine.inventory.write_path import recovering
from engine.kernels.row_locks import TOO_LONG, copy_rows

Ints = NDArray[np.int64]

BEAT_NS_MAX = 3_000_000_000
"""Stock that nobody has looked after for so long is stale."""

CHANGING_SECONDS_MAX = 0.25
"""A row of stale stock that is being changed for longer is one whose writer was killed, or failed, in the middle of it: it is
refused until there is another arena. Of stock that is not stale it may take longer: the arena grows, the machine is busy."""

WRITER_SECONDS_MAX = 5.0
"""How long a writer that is alive may take to end a change, or to go on in another arena, a copy of the one before."""

PAUSE_SECONDS = 0.000_02
ROOM = 1 << 16


class ArenaMoved(Exception):  # noqa: N818
    """Whoever writes has gone on to another arena."""


class SharedMatrix(InventoryMatrix):
    """The matrix of an arena that another process writes."""

    def __init__(self, path: Path, arena: Arena, item_count: int, location_count: int) -> None:
        """Raises OSError, ValueError where its slots are gone already."""
        self.item_count, self.location_count = item_count, location_count
        self._path, self._file = path, None
        self._use(arena)
        self.opened_count = 0
        self.slots: list[Slot] = []
        self._slot_index: dict[Slot, int] = {}
        self._pool_index: dict[str, int] = {"": 0}
        self._slot_bytes = 0
        self._show_slots(
            np.zeros(SLOT_ROOM_MIN, np.int64), np.zeros(SLOT_ROOM_MIN, np.int64), np.zeros(SLOT_ROOM_MIN, np.bool_)
        )
        self._add_slot(Slot("", "", ON_HAND, True))
        self.read_slots()

    @property
    def position(self) -> str:
        """Consistency token of what rows that are read from now on have reached."""
        return position_in(self.arena)

    @position.setter
    def position(self, position: str) -> None:
        raise AssertionError("it is only read")

    def read_slots(self) -> None:
        """Those that were added. Raises OSError, ValueError where whoever writes has gone on to another arena."""
        size = int(self.arena.header[H_SLOT_BYTES])
        if size == self._slot_bytes:
            return
        found = [Slot(*each) for each in read_slots(self._path, self.arena)]
        if self.arena.header[H_MOVED]:
            raise ValueError("the slots are of another arena by now")
        for slot in found[len(self.slots) :]:
            self._add_slot(slot)
        self._slot_bytes = size


class SharedStock(LiveStock):
    """What quotes need of the stock that another process keeps."""

    def __init__(
        self, item_index: Mapping[str, int], location_index: Mapping[str, int], matrix: SharedMatrix,
        capacity: tuple[Ints, Ints], following: "Callable[[SharedStock], SharedStock]",
    ) -> None:  # fmt: skip
        """capacity: header and table, as `open_capacity` has them. following: the stock that a moved one goes on in."""
        self._following = following
        self.item_index, self.location_index = item_index, location_index
        self.matrix: SharedMatrix = matrix
        self._capacity_header, table = capacity
        self.capacity_used, self.closed = parts_of(table)
        self.holds, self.parts, self.places = Holds(), PendingParts(), PlaceTexts()
        self.is_split, self.unknown_count = False, 0
        self._unsellable, self._receipt_minute, self._capacity_later = frozenset(), {}, {}
        self._rows = np.empty((4, ROOM), np.int32)
        self._given_up: dict[int, int] = {}
        """Version of each item whose change was waited for in vain: another one is odd only in another change."""

    def start_capacity(self, first_day: int) -> None:
        """Who keeps it does."""

    @property
    def is_stale(self) -> bool:
        """Whether it may lag behind the store."""
        return bool(self.matrix.arena.header[H_STALE]) or self.is_silent

    @property
    def is_silent(self) -> bool:
        """Whether nobody has looked after it for a while."""
        return time.monotonic_ns() - int(self.matrix.arena.header[H_BEAT_NS]) > BEAT_NS_MAX

    def still(self, items: Ints) -> LiveStock:
        """A copy of the rows of these items, each of one moment. It lasts until the next one is asked for."""
        try:
            return ReadRows(self, np.unique(items))
        except ArenaMoved:
            return self._following(self).still(items)

    def copied(self, items: Ints) -> tuple[Ints, Ints, NDArray[np.int32]]:
        """(start, count, columns) of rows one behind the other. Raises `ArenaMoved`; `Refusal` where a change does not end."""
        matrix = self.matrix
        start, count = np.zeros((2, len(items)), np.int64)
        done, since = 0, 0.0
        while True:
            done = int(copy_rows(
                done, items, matrix.row_version, matrix.row_start, matrix.row_count, matrix.location, matrix.slot,
                matrix.supply, matrix.demand, start, count, self._rows,
            ))  # fmt: skip
            if done == len(items):
                return start, count, self._rows
            if count[done] == TOO_LONG:
                larger = np.empty((4, 2 * self._rows.shape[1]), np.int32)
                larger[:, : self._rows.shape[1]] = self._rows
                self._rows = larger
                continue
            if matrix.arena.header[H_MOVED]:
                # Where a row was being changed as its arena became too small it stays so there for good.
                raise ArenaMoved
            now = time.monotonic()
            since = since or now
            self._check_changing(int(items[done]), now - since)
            time.sleep(PAUSE_SECONDS)

    def _check_changing(self, item: int, seconds: float) -> None:
        """Raise `Refusal` where the change of an item's row has been waited for long enough, now or before."""
        version = int(self.matrix.row_version[item])
        if version % 2 == 0:
            return  # it has ended by now
        if seconds > (CHANGING_SECONDS_MAX if self.is_stale else WRITER_SECONDS_MAX):
            self._given_up[item] = version
        if self._given_up.get(item) == version:
            raise recovering()


class ReadRows(StockFork):
    """Rows of a shared stock as they were read."""

    def __init__(self, shared: SharedStock, items: Ints) -> None:
        """items: each once. Raises `Refusal` where whoever writes has gone on to another arena and the rows are of no use."""
        self.item_index, self.location_index = shared.item_index, shared.location_index
        self.capacity_used, self._capacity_header, self.closed = shared.capacity_used, shared._capacity_header, shared.closed
        self.holds, self.unknown_count = shared.holds, shared.unknown_count
        self._unsellable, self._receipt_minute = shared._unsellable, shared._receipt_minute
        self._capacity_later = shared._capacity_later
        start, count, rows = shared.copied(items)
        # After the rows: a slot is kept before any row has it.
        with contextlib.suppress(OSError, ValueError):
            shared.matrix.read_slots()
        end = int((start + count).max(initial=0))
        if int(rows[1, :end].max(initial=0)) >= len(shared.matrix.slots):
            raise recovering()
        matrix = ForkMatrix(shared.matrix, ())
        matrix.row_start[items], matrix.row_count[items] = start, count
        matrix.row_room = matrix.row_count
        matrix.location, matrix.slot, matrix.supply, matrix.demand = rows
        self.matrix, self.home, self.home_slot_count = matrix, EMPTY, len(shared.matrix.slots)


class SharedMemory:
    """The stock of a file, opened anew where who writes it has gone on to another. Used by one thread."""

    def __init__(
        self, path: Path, network_version: str, item_index: Mapping[str, int], location_index: Mapping[str, int]
    ) -> None:
        """`path`: of the arena. Nothing is opened yet."""
        self._path, self._stamp = path, stamp_of(network_version)
        self._item_index, self._location_index = item_index, location_index
        self._capacity_number = -1
        self._given_up: SharedStock | None = None
        self.stock: SharedStock | None = None
        self.is_other_network = False
        """Whether what is written there now is of another network: nothing more is read."""

    def look(self) -> None:
        """Follow who writes it. Where the next one is not whole yet the stock stays as it was."""
        stock = self.stock
        if stock is not None:
            header = stock.matrix.arena.header
            if not header[H_MOVED] and header[H_CAPACITY] == self._capacity_number:
                return
        arena = open_arena(self._path)
        if arena is None or arena.header[H_POSITION_EPOCH] == NOWHERE or arena.header[H_MOVED]:
            return
        if bytes(arena.stamp) != self._stamp:
            self.is_other_network = True
            return
        number, capacity = int(arena.header[H_CAPACITY]), open_capacity(self._path)
        if capacity is None or capacity[0][C_VERSION] % 2:
            return
        try:
            matrix = SharedMatrix(self._path, arena, len(self._item_index), len(self._location_index))
        except (OSError, ValueError):
            return  # another has begun meanwhile
        stock = SharedStock(self._item_index, self._location_index, matrix, capacity, self._following)
        self.stock, self._capacity_number = stock, number

    def _following(self, stock: SharedStock) -> SharedStock:
        """The one that a moved stock goes on in, which takes a moment. Raises `Refusal` where there is none.

        Where it is loaded anew it takes longer, and is waited for once.
        """
        give_up_at = time.monotonic() + (0.0 if stock is self._given_up else WRITER_SECONDS_MAX)
        while True:
            self.look()
            if self.stock is not None and self.stock is not stock:
                return self.stock
            if time.monotonic() >= give_up_at:
                self._given_up = stock
                raise recovering()
            time.sleep(PAUSE_SECONDS)
