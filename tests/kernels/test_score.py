"""Scored rows agree with adding up positions one by one, whatever stands in them."""

import random

import numpy as np
import pytest

from engine.kernels.score import ANY_SHIFT, BLOCK_POSITIONS, FULL, LATER, UNITS_MAX, carry_bits, score_row
from tests.naive.stock import Position, available

SLOTS = (
    ("", "", 0, True), ("", "vip", 0, True), ("", "", 0, False), ("R", "", 50, True), ("S", "vip", 90, True),
    ("P", "", 0, True), ("T", "", 70, True),
)  # fmt: skip
"""(receipt, pool, available at, sellable) by slot."""

NOW, LATEST = 60, 85


def drawn_row(rng: random.Random, location_count: int) -> list[Position]:
    """Positions in the order of the matrix: mostly plain stock on hand, in long and short runs; seldom hostile."""
    plain, gaps, hostile = rng.choice([1.0, 0.97, 0.5]), rng.choice([0.0, 0.02, 0.6]), rng.choice([0.0, 0.05])
    row = []
    for location in range(location_count):
        if rng.random() < gaps:
            continue
        slots = [0] if rng.random() < plain else sorted(rng.sample(range(7), rng.randint(1, 3)), key=lambda s: (SLOTS[s][2], s))
        for slot in slots:
            supply, demand = rng.randint(0, 9), rng.choice([0, 0, 3, 12])
            if rng.random() < hostile:
                supply, demand = rng.choice([(-5, 0), (4, -4), (UNITS_MAX, 0), (UNITS_MAX, -(2**31)), (-(2**31), UNITS_MAX)])
            row.append(Position(location, *SLOTS[slot], supply, demand))
    return row


def score(row: list[Position], before: int, floor: list[int], pools: list[bool]) -> tuple[int, list[int]]:
    """Flags and units of a row that starts behind `before` other positions, in scratch that was used before."""
    filler = [Position(0, "", "", 0, True, 77, 0)] * before
    slots = [SLOTS.index((p.receipt, p.pool, p.available_at, p.sellable)) for p in filler + row]
    columns = [[p.location for p in filler + row], slots, [p.supply for p in filler + row], [p.demand for p in filler + row]]
    out = np.full((2, len(floor)), 99, np.int32)
    flags = score_row(
        before, len(row), before, NOW, LATEST, np.array([[False, False], pools]), 1,
        np.array([[1] * len(floor), floor], np.int32), 1, np.array([slot[2] for slot in SLOTS], np.int64),
        np.array([slot[1] == "vip" for slot in SLOTS], np.int64), np.array([slot[3] for slot in SLOTS]),
        *(np.array(column, np.int32) for column in columns), out, 1,
    )  # fmt: skip
    assert (out[0] == 99).all()
    return flags, out[1].tolist()


@pytest.mark.parametrize("seed", range(300))
def test_rows_agree_with_adding_up(seed: int) -> None:
    rng = random.Random(seed)
    location_count = rng.choice([1, 3, BLOCK_POSITIONS - 1, BLOCK_POSITIONS, 3 * BLOCK_POSITIONS + 7])
    row = drawn_row(rng, location_count)
    floor = [rng.choice([0, 0, 2, UNITS_MAX]) for _ in range(location_count)]
    pools = [rng.random() < 0.8, rng.random() < 0.5]
    names = {name for name, may in zip(("", "vip"), pools, strict=True) if may}
    flags, units = score(row, rng.choice([0, 5]), floor, pools)
    expected = [available(row, place, NOW, names, floor[place]) for place in range(location_count)]
    assert units == [min(value, UNITS_MAX) for value in expected]
    assert bool(flags & LATER) == any(NOW < p.available_at <= LATEST for p in row)
    if max(expected, default=0) > UNITS_MAX:
        assert flags & FULL


def test_no_position_and_no_location() -> None:
    assert score([], 0, [0, 0, 0], [True, True]) == (0, [0, 0, 0])
    assert score([], 3, [], [True, True]) == (0, [])


def test_bits_of_what_a_location_can_carry() -> None:
    available_units = np.array([[0, 1, 2, UNITS_MAX, 3]], np.int32)
    bits = np.array([0, 0, 0, 0, 1], np.int32)
    carry_bits(1, 0, 2, available_units, bits)
    some, whole = 1 << (ANY_SHIFT + 1), 2
    assert bits.tolist() == [0, some, some + whole, some + whole, some + whole + 1]
    bits[:] = 0
    carry_bits(0, 0, UNITS_MAX, available_units, bits)
    assert (bits & 1).tolist() == [0, 0, 0, 1, 0]
