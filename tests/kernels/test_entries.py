"""Days with room and receipts that land, against looking at every day and every position."""

import random

import numpy as np
import pytest

from engine.kernels.dates import HorizonTables, processing_day
from engine.kernels.entries import MINUTE_BITS, UNLIMITED, add_landings, day_with_capacity, roomier_day, units_by
from tests.kernels.drawn_horizon import drawn_horizon
from tests.kernels.drawn_rows import AVAILABLE_AT, POOL, SELLABLE, drawn_pools, drawn_rows
from tests.naive.entries import first_with_more
from tests.naive.stock import available


def drawn_capacity(rng: random.Random, tables: HorizonTables, locations: int) -> tuple[np.ndarray, int, list[int]]:
    """What is taken of days that begin before, in or after the horizon; its first day; limits."""
    days = rng.choice([0, 1, 5, 90])
    used = np.array([[rng.choice([0, 1, 3, 9, 50]) for _ in range(locations)] for _ in range(days)], np.int64)
    limits = [rng.choice([0, 1, 3, 9, UNLIMITED - 1, UNLIMITED]) for _ in range(locations)]
    return used.reshape(days, locations), tables.first_day + rng.choice([-3, 0, 2]), limits


@pytest.mark.parametrize("seed", range(300))
def test_the_first_day_with_room_and_each_roomier_one(seed: int) -> None:
    rng = random.Random(seed)
    days, profile = rng.choice([1, 4, 20, 80]), rng.randrange(2)
    tables = drawn_horizon(rng, 2, 1, days)
    used, first, limits = drawn_capacity(rng, tables, 2)
    starts = tables.profile_days[profile, :, 0].tolist()
    minute = starts[0] + rng.randint(-2_000, days * 1440 + 100)
    place, more_than = rng.randrange(2), rng.choice([0, 1, 4])

    def taken(day: int) -> int:
        at = tables.first_day + day - first
        return int(used[at, place]) if 0 <= at < len(used) else 0

    def day_of(start: int) -> int:
        return int(processing_day(start, profile, tables))

    expected = first_with_more(minute, limits[place], more_than, taken, day_of, starts)
    arguments = used, first, tables
    start, day, left = day_with_capacity(place, minute, profile, limits[place], more_than, *arguments)
    if expected is None:
        assert left == 0
        assert roomier_day(place, day, profile, limits[place], left, 5, *arguments)[2] == 0
        return
    assert (start, day - tables.first_day, left) == expected

    need = rng.choice([1, 2, 6, 8, 100])
    while left:
        enough = left >= min(need, limits[place])
        again = None
        if not enough:
            tomorrow = starts[day - tables.first_day + 1]
            again = first_with_more(tomorrow, limits[place], left, taken, day_of, starts)
        start, day, left = roomier_day(place, day, profile, limits[place], left, need, *arguments)
        assert left == (0 if again is None else again[2])
        assert again is None or (start, day - tables.first_day) == again[:2]


@pytest.mark.parametrize("seed", range(200))
def test_landings_and_units_by_a_minute(seed: int) -> None:
    rng = random.Random(seed)
    rows, (may, names) = drawn_rows(rng, 2, 3), drawn_pools(rng)
    row, start, count = rows.items[1], int(rows.start[1]), int(rows.count[1])
    now, latest = rng.choice([-5, 0, 1_999, 2_000]), rng.choice([1_999, 2_000, 3_500, 10**6])
    landed = [(p.location << MINUTE_BITS) + p.available_at for p in row if max(now, 0) < p.available_at <= latest]
    for room in (len(landed) + 3, len(landed) + 2, *([len(landed) + 1] if landed else [])):
        keys = np.full(room, -7)
        end = add_landings(start, count, now, latest, AVAILABLE_AT, rows.location, rows.slot, keys, 2)
        if room < len(landed) + 2:
            assert end == -1
            continue
        assert end == len(landed) + 2
        assert keys[2:end].tolist() == landed
        assert (keys[:2] == -7).all()
    for place in range(4):
        for minute in (0, 1_999, 2_000, 3_500, 10**6):
            floor = rng.choice([0, 2])
            units = units_by(start, count, place, minute, may, floor, AVAILABLE_AT, POOL, SELLABLE, rows.location, rows.slot,
                             rows.supply, rows.demand)  # fmt: skip
            assert units == available(row, place, minute, names, floor)


def test_keys_of_the_last_location_and_minute() -> None:
    """2^31 − 1 locations and 2^32 − 1 minutes fit into one key; on hand is no landing, whatever the minute now."""
    at = np.array([0, 2**32 - 1])
    keys = np.zeros(2, np.int64)
    location, slot = np.array([2**31 - 1, 2**31 - 1], np.int32), np.array([1, 0], np.int32)
    assert add_landings(0, 2, -(2**40), 2**40, at, location, slot, keys, 0) == 1
    assert keys[0] == (2**31 - 1) * 2**MINUTE_BITS + 2**32 - 1
