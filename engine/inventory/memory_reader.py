"""The matrix of a running engine, read beside it by another process of its host: each part as of one position of the log.

A part counts where nothing was begun while it was copied: the header counts what is. By the versions of rows, as quotes are
read, it would hold what is shown of plans that are not committed.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.inventory.arena import (
    H_BEAT_NS,
    H_CHANGES,
    H_DIRTY,
    H_MOVED,
    H_POSITION_EPOCH,
    H_POSITION_SEQUENCE,
    NOWHERE,
    Arena,
    open_arena,
    position_in,
    read_slots,
    version_in,
)
from engine.inventory.client import ordinal
from engine.inventory.transaction import Cell

POSITIONS_EACH = 2_000
"""Positions in one part, and at least one item: few enough that an engine under load leaves time to copy them."""

SILENT_NS_MAX = 10_000_000_000
"""A matrix that nobody has looked after for so long is that of an engine that is gone."""

READ_SECONDS_MAX = 30.0
POLL_SECONDS = 0.000_5
STATE = [H_DIRTY, H_MOVED, H_CHANGES, H_POSITION_EPOCH, H_POSITION_SEQUENCE]

NOT_HERE = "not on this host, or of one process alone"
OTHER_NETWORK = "of another network than the ledger knows"
BEHIND = "it does not come to where the store stands"


class UnreadableMemory(Exception):  # noqa: N818 - an outcome, not an error of the program
    """Why the matrix cannot be read."""


class MemoryPart(NamedTuple):
    """(position of a network, supply, demand) of those of some items that hold anything, as of a position of the log."""

    position: str
    rows: list[tuple[Cell, int, int]]


class MemoryReader:
    """Reads one arena, and the next one where its engine goes on in another."""

    def __init__(self, path: Path, network_version: str, item_ids: Sequence[str], location_ids: Sequence[str]) -> None:
        """`path`: of the arena. `item_ids`, `location_ids`: of the network of that version, in its order."""
        self._path, self._version = path, network_version
        self._item_ids, self._location_ids = item_ids, location_ids
        self.location_ids = frozenset(location_ids)
        self.item_count = len(item_ids)
        self._arena: Arena | None = None
        self._slots: list[tuple[str, str, int, bool]] = []

    def parts(self) -> Iterator[range]:
        """All items, some at a time. Raises UnreadableMemory."""
        first = 0
        while first < self.item_count:
            counts = np.cumsum(self._opened().row_count[first : first + POSITIONS_EACH])
            last = first + max(1, int(np.searchsorted(counts, POSITIONS_EACH, side="right")))
            yield range(first, last)
            first = last

    def ids(self, items: range) -> Sequence[str]:
        """Of items."""
        return self._item_ids[items.start : items.stop]

    def read(self, items: range, position_min: str) -> MemoryPart:
        """Some items, at this position or a later one, which is waited for. Raises UnreadableMemory."""
        give_up_at = time.monotonic() + READ_SECONDS_MAX
        while True:
            part = self._copied(self._opened(), items)
            if part is not None and ordinal(part.position) >= ordinal(position_min):
                return part
            if self._is_left():
                raise UnreadableMemory(NOT_HERE)
            if time.monotonic() > give_up_at:
                raise UnreadableMemory(BEHIND)
            time.sleep(POLL_SECONDS)

    def _opened(self) -> Arena:
        if self._arena is None or self._arena.header[H_MOVED]:
            arena = open_arena(self._path)
            if arena is None or version_in(arena) is None:
                raise UnreadableMemory(NOT_HERE)
            if version_in(arena) != self._version:
                raise UnreadableMemory(OTHER_NETWORK)
            self._arena, self._slots = arena, []
        return self._arena

    def _is_left(self) -> bool:
        """Whether nobody looks after it any more; one that was just made has not been yet."""
        beat_ns = int(self._opened().header[H_BEAT_NS])
        return bool(beat_ns) and time.monotonic_ns() - beat_ns > SILENT_NS_MAX

    def _copied(self, arena: Arena, items: range) -> MemoryPart | None:
        """None where it is being changed, or was meanwhile."""
        state = arena.header[STATE].tolist()
        is_dirty, is_moved, _, epoch, _ = state
        if is_dirty or is_moved or epoch == NOWHERE:
            return None
        starts, counts = (table[items.start : items.stop].copy() for table in (arena.row_start, arena.row_count))
        room = len(arena.location)
        if counts.sum() > room or starts.min(initial=0) < 0 or (starts + counts).max(initial=0) > room:
            return None  # torn, as will show below
        at = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
        location, slot, supply, demand = (column[at] for column in (arena.location, arena.slot, arena.supply, arena.demand))
        position = position_in(arena)
        if arena.header[STATE].tolist() != state or not self._knows(arena, int(slot.max(initial=0))):
            return None
        item = np.repeat(np.arange(items.start, items.stop), counts)
        holds = (supply != 0) | (demand != 0)
        columns = (column[holds].tolist() for column in (item, location, slot, supply, demand))
        return MemoryPart(position, [self._row(*row) for row in zip(*columns, strict=True)])

    def _knows(self, arena: Arena, slot: int) -> bool:
        """Whether a slot is known, or is now that those which were added have been read."""
        if slot >= len(self._slots):
            try:
                self._slots = list(read_slots(self._path, arena))
            except (OSError, ValueError):
                return False  # they are of another arena by now
        return slot < len(self._slots) and not arena.header[H_MOVED]

    def _row(self, item: int, location: int, slot: int, supply: int, demand: int) -> tuple[Cell, int, int]:
        receipt_id, pool, _, _ = self._slots[slot]
        return Cell(self._item_ids[item], self._location_ids[location], receipt_id, pool), supply, demand
