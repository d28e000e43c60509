"""The matrix of another process, read where it lies: rows of one moment each, without holding up who writes them."""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.arena import (
    H_DIRTY,
    H_MOVED,
    H_POSITION_EPOCH,
    NOWHERE,
    Arena,
    open_arena,
    position_in,
    read_slots,
    stamp_of,
)
from engine.inventory.matrix import Slot
from engine.kernels.row_locks import CHANGING, TOO_LONG, copy_row

WAIT_SECONDS = 0.000_05
"""Between two looks at a row that is being changed: an order's takes as long, a feed's a few times that."""

ROW_ROOM = 256


class Row(NamedTuple):
    """One item's positions [n], in the order of the row."""

    location: NDArray[np.int32]
    slot: NDArray[np.int32]
    supply: NDArray[np.int32]
    demand: NDArray[np.int32]


class MatrixAwayError(Exception):
    """Nobody has written the matrix, or who did stopped in the middle of a change and nobody has taken over."""


class MatrixReader:
    """One reader, of one thread."""

    def __init__(self, path: Path, network_version: str) -> None:
        """`path`: of the arena's file. Nothing is opened yet."""
        self._path = path
        self._stamp = stamp_of(network_version)
        self._arena: Arena | None = None
        self._row = np.zeros((4, ROW_ROOM), np.int32)
        self._slots: list[Slot] = []

    @property
    def position(self) -> str:
        """A position of the log that rows read from now on have reached; empty: none can be read."""
        arena = self._opened()
        # The sequence only grows within an epoch, and an epoch's end makes another arena.
        return position_in(arena) if arena is not None else ""

    def row(self, item: int, wait_seconds_max: float) -> Row:
        """An item's row as it was at one moment, between two entries of the log. Raises MatrixAwayError."""
        give_up_at = time.monotonic() + wait_seconds_max
        while True:
            arena = self._opened()
            count = CHANGING if arena is None else self._copied(arena, item)
            if arena is not None and count >= 0 and not arena.header[H_MOVED]:
                return Row(*self._row[:, :count].copy())
            if count == TOO_LONG:
                self._row = np.zeros((4, 2 * self._row.shape[1]), np.int32)
                continue
            if time.monotonic() >= give_up_at:
                raise MatrixAwayError(f"the row of item {item} could not be read within {wait_seconds_max} s")
            time.sleep(WAIT_SECONDS)

    def slot(self, index: int) -> Slot:
        """A slot that a row has. Raises MatrixAwayError when its arena was left meanwhile: read the row again."""
        while index >= len(self._slots):
            arena, known = self._arena, len(self._slots)
            assert arena is not None, "a row has been read"
            try:
                self._slots = [Slot(*each) for each in read_slots(self._path, arena)]
            except (OSError, ValueError) as error:
                raise MatrixAwayError("the slots belong to another matrix by now") from error
            if arena.header[H_MOVED] or len(self._slots) <= known:
                self._arena = None
                raise MatrixAwayError("the slots belong to another matrix by now")
        return self._slots[index]

    def is_settled(self) -> bool:
        """Whether the writer stands at a position of the log; it does between two entries."""
        arena = self._opened()
        return arena is not None and not arena.header[H_DIRTY]

    def _copied(self, arena: Arena, item: int) -> int:
        return copy_row(
            item, arena.row_version, arena.row_start, arena.row_count, arena.location, arena.slot, arena.supply, arena.demand,
            self._row,
        )  # fmt: skip

    def _opened(self) -> Arena | None:
        """The arena in use, if it was loaded; opened anew where the writer has moved to another."""
        if self._arena is None or self._arena.header[H_MOVED]:
            arena = open_arena(self._path)
            self._arena, self._slots = arena if arena is not None and bytes(arena.stamp) == self._stamp else None, []
        arena = self._arena
        return arena if arena is not None and arena.header[H_POSITION_EPOCH] != NOWHERE else None
