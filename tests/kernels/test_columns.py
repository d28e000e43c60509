"""Columns of an order against loops over entries and services: dates, starts, units, and what of a line can be covered."""

import random

import numpy as np
import pytest

from engine.kernels.columns import cover_lines, date_columns, start_entries, units_of_columns
from engine.kernels.dates import NEVER, HorizonTables, delivery_window, handover_minute, processing_day
from engine.kernels.entries import UNLIMITED
from tests.kernels.drawn_horizon import drawn_horizon
from tests.kernels.drawn_rows import AVAILABLE_AT, POOL, SELLABLE, drawn_pools, drawn_rows
from tests.naive.entries import days_with_room
from tests.naive.stock import available

PLACES = 4


def near_start(rng: random.Random, tables: HorizonTables) -> int:
    return tables.first_day * 1440 + rng.randint(0, 4_000)


@pytest.mark.parametrize("seed", range(200))
def test_dates_of_every_entry_by_every_service(seed: int) -> None:
    """Entries at the start of the first share handovers; the others have their own."""
    rng = random.Random(seed)
    tables = drawn_horizon(rng, 2, 3, rng.choice([2, 20]))
    count = rng.randint(0, 5)
    starts = [near_start(rng, tables) for _ in range(2)]
    location, start = [rng.randrange(PLACES) for _ in range(count)], [rng.choice(starts) for _ in range(count)]
    services, profile = rng.sample(range(3), rng.randint(0, 3)), [rng.randrange(2) for _ in range(PLACES)]
    zone, transit = ([[rng.choice([-1, 0, 1, 4]) for _ in range(PLACES)] for _ in range(3)] for _ in range(2))
    out = np.full((5, count * len(services) + 1), -7)
    columns = date_columns(
        np.array(location, np.int64), np.array(start, np.int64), np.array(services, np.int64), np.array(profile),
        np.array(zone, np.int32), np.array(transit, np.int32), tables, *out,
    )  # fmt: skip
    expected = []
    for i, (place, minute) in enumerate(zip(location, start, strict=True)):
        for s in services:
            if zone[s][place] < 0:
                continue
            handover, day = handover_minute(minute, profile[place], s, tables)
            earliest, latest = delivery_window(handover, day, transit[s][place], s, tables)
            if handover < NEVER and latest < NEVER:
                expected.append((i, s, handover, earliest, latest))
    assert list(zip(*out[:, :columns].tolist(), strict=True)) == expected
    assert (out[:, columns:] == -7).all()


@pytest.mark.parametrize("seed", range(250))
def test_entries_now_and_when_receipts_land(seed: int) -> None:
    rng = random.Random(seed)
    tables = drawn_horizon(rng, 2, 1, rng.choice([3, 30, 70]))
    items, rows = 2, drawn_rows(rng, 2, PLACES)
    profile, kind = [rng.randrange(2) for _ in range(PLACES)], [rng.randrange(3) for _ in range(PLACES)]
    limits = [rng.choice([0, 1, 3, 9, UNLIMITED, UNLIMITED]) for _ in range(PLACES)]
    used = np.array([[rng.choice([0, 1, 2, 9]) for _ in range(PLACES)] for _ in range(12)])
    first_day, eligible = tables.first_day + rng.choice([-1, 0, 1]), [rng.random() < 0.8 for _ in range(PLACES)]
    units = [[rng.choice([0, 0, 1, 5]) for _ in range(PLACES)] for _ in range(items)]
    now, latest = near_start(rng, tables), near_start(rng, tables) + rng.choice([0, 10_000])
    lands = AVAILABLE_AT.copy()
    lands[lands > 0] += tables.first_day * 1440
    lines, asked = rng.randint(1, 4), rng.randint(4, 9)

    entries = [(place, now) for place in range(PLACES) if any(row[place] > 0 for row in units)]
    landings = {(p.location, int(lands[s])) for row, begin in zip(rows.items, rows.start, strict=True)
                for p, s in zip(row, rows.slot[begin:].tolist(), strict=False)
                if max(now, 0) < lands[s] <= latest}  # fmt: skip
    expected = []
    for place, minute in entries + sorted(landings):
        if not eligible[place]:
            continue

        def taken(day: int, place: int = place) -> int:
            at = tables.first_day + day - first_day
            return int(used[at, place]) if 0 <= at < len(used) else 0

        need, p = (1, lines, asked)[kind[place]], profile[place]
        starts = tables.profile_days[p, :, 0].tolist()
        days = days_with_room(minute, limits[place], need, taken, lambda m, p=p: int(processing_day(m, p, tables)), starts)
        expected += [(place, start, tables.first_day + day, left) for start, day, left in days] or [(place, None, None, 0)]

    keys = np.empty(PLACES + len(rows.slot), np.int64)
    for room in (len(expected) + 1, max(0, len(expected) - 1)):
        out = np.full((4, room), -7)
        count = start_entries(
            now, latest, np.array(eligible), np.array(units, np.int32), rows.start, rows.count, lands, rows.location, rows.slot,
            np.array(profile), np.array(limits), np.array(kind), lines, asked, used, first_day, tables, keys, *out,
        )  # fmt: skip
        assert count == len(expected)
        for told, found in zip(expected, zip(*out.tolist(), strict=True), strict=False):
            assert found[0] == told[0]
            assert found[3] == told[3]
            assert told[3] == 0 or found == told


@pytest.mark.parametrize("seed", range(150))
def test_units_of_columns(seed: int) -> None:
    rng = random.Random(seed)
    items, rows, now = 2, drawn_rows(rng, 2, PLACES), rng.choice([0, 2_000])
    may, names = zip(*(drawn_pools(rng) for _ in range(items)), strict=True)
    floor = [[rng.choice([0, 2]) for _ in range(PLACES)] for _ in range(items)]
    location = [rng.randrange(PLACES) for _ in range(6)]
    minute = [rng.choice([now, now + 1, 3_500, 10_000]) for _ in location]
    units = [
        [available(row, place, now, names[i], floor[i][place]) for place in range(PLACES)] for i, row in enumerate(rows.items)
    ]
    out = np.full((items, len(location)), -7)
    units_of_columns(
        np.array(location), np.array(minute), now, np.array(np.minimum(units, 2**31 - 1), np.int32), rows.start, rows.count,
        np.array(floor), np.stack(may), AVAILABLE_AT, POOL, SELLABLE, *rows[3:], out,
    )  # fmt: skip
    for i, row in enumerate(rows.items):
        for c, (place, by) in enumerate(zip(location, minute, strict=True)):
            there = available(row, place, max(by, now), names[i], floor[i][place])
            assert out[i, c] == (there if by > now else min(there, 2**31 - 1))


@pytest.mark.parametrize("seed", range(250))
def test_what_of_a_line_can_be_covered(seed: int) -> None:
    rng = random.Random(seed)
    n, columns, items, places = rng.randint(1, 4), rng.randint(0, 6), 2, rng.choice([1, 3])
    item, location = [rng.randrange(items) for _ in range(n)], [rng.randrange(places) for _ in range(columns)]
    allowed = [[rng.random() < 0.7 for _ in range(columns)] for _ in range(n)]
    stock = [[rng.choice([0, 1, 4, 2**31 - 1]) for _ in range(columns)] for _ in range(items)]
    most, whole, alike = (
        [rng.choice([1, 2, 2**31]) for _ in range(n)],
        *([rng.random() < 0.4 for _ in range(n)] for _ in range(2)),
    )
    quantity = [rng.choice([1, 3, 6, 2**31 - 1]) for _ in range(n)]
    expected: list[int] = []
    for j, q in enumerate(quantity):
        best = [
            max([stock[item[j]][c] for c in range(columns) if allowed[j][c] and location[c] == p], default=0)
            for p in range(places)
        ]
        earlier = sum(expected[i] for i in range(j) if item[i] == item[j]) if alike[j] else 0
        cover = min(q, max(0, sum(sorted(best)[::-1][: most[j]]) - earlier))
        expected.append(0 if whole[j] and cover < q else cover)
    out = np.array(quantity)
    cover_lines(
        np.array(item), np.array(location, np.int64), np.array(allowed, np.bool_).reshape(n, columns),
        np.array(stock, np.int64).reshape(items, columns), np.array(most), np.array(whole), np.array(alike),
        np.empty(places, np.int64), out,
    )  # fmt: skip
    assert out.tolist() == expected
