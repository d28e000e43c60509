"""Rows of positions by chance, as the matrix has them and as plain lists."""

import random
from typing import NamedTuple

import numpy as np

from tests.naive.stock import Position

SLOTS = (
    ("", "", 0, True), ("", "vip", 0, True), ("", "", 0, False), ("R", "", 2_000, True), ("S", "vip", 3_500, True),
    ("P", "", 0, True), ("T", "", 9_000, True), ("U", "", 2_000, False), ("V", "", 2_000, True),
)  # fmt: skip
"""(receipt, pool, available at, sellable) by slot; pool 0 is the common one, 1 is "vip"."""

HOSTILE = [(-5, 0), (4, -4), (2**31 - 1, 0), (2**31 - 1, -(2**31)), (-(2**31), 2**31 - 1)]


class Rows(NamedTuple):
    """Rows of items one behind the other, with a position of nobody between them."""

    items: list[list[Position]]
    start: np.ndarray
    count: np.ndarray
    location: np.ndarray
    slot: np.ndarray
    supply: np.ndarray
    demand: np.ndarray


AVAILABLE_AT = np.array([slot[2] for slot in SLOTS], np.int64)
POOL = np.array([slot[1] == "vip" for slot in SLOTS], np.int64)
SELLABLE = np.array([slot[3] for slot in SLOTS])


def slot_of(position: Position) -> int:
    return SLOTS.index((position.receipt, position.pool, position.available_at, position.sellable))


def drawn_rows(rng: random.Random, items: int, locations: int, *, hostile: float = 0.1, on_hand: float = 0.0) -> Rows:
    """on_hand: how many of the locations have stock on hand for all, besides what else is drawn."""
    rows, start, columns = [], [], [[0], [0], [77], [0]]
    for _ in range(items):
        row = []
        for location in range(locations):
            slots = {*rng.sample(range(len(SLOTS)), rng.choice([0, 1, 1, 2, 4])), *([0] if rng.random() < on_hand else [])}
            for slot in sorted(slots, key=lambda s: (SLOTS[s][2], s)):
                units = rng.choice(HOSTILE) if rng.random() < hostile else (rng.randint(0, 9), rng.choice([0, 0, 3, 12]))
                row.append(Position(location, *SLOTS[slot], *units))
        start.append(len(columns[0]))
        rows.append(row)
        for column, values in zip(columns, zip(*((p.location, slot_of(p), p.supply, p.demand) for p in row), strict=True),
                                  strict=False):  # fmt: skip
            column.extend(values)
        for column, value in zip(columns, (0, 0, 77, 0), strict=True):
            column.append(value)
    return Rows(
        rows, np.array(start, np.int64), np.array([len(row) for row in rows], np.int64),
        *(np.array(column, np.int32) for column in columns),
    )  # fmt: skip


def drawn_pools(rng: random.Random) -> tuple[np.ndarray, set[str]]:
    """Which pools may be taken from, as the kernels have it and by name."""
    may = [rng.random() < 0.8, rng.random() < 0.5]
    return np.array(may), {name for name, allowed in zip(("", "vip"), may, strict=True) if allowed}
