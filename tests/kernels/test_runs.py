"""Runs of locations against a dictionary of those that are alike, position by position."""

import random

import numpy as np
import pytest

from engine.kernels.runs import (
    BEGIN,
    DISTANCE,
    END,
    FIXED_MAX,
    PLACE,
    PLACE_FIELDS,
    POSITION,
    PROFILE,
    RUN,
    RUN_COUNT,
    SERVICE_FIELDS,
    SIZE_FIELDS,
    SORTED,
    ZONE_COUNT,
    RunTables,
    lay_runs,
)
from tests.naive.runs import INT32_MAX, Costs, runs_of, shipment_fixed, sizes_of

JUNK = -77


def empty_runs(rows: int, locations: int, services: int, zones: int, priority: list[int]) -> RunTables:
    return RunTables(
        np.full((rows, PLACE_FIELDS, locations), JUNK, np.int32), np.full((rows, locations), JUNK),
        np.full((rows, 2, locations), JUNK, np.int32),
        np.full((rows, locations, SERVICE_FIELDS + 2 * services), JUNK, np.int32), np.full((rows, 2, zones), JUNK, np.int32),
        np.full((rows, SIZE_FIELDS), JUNK), np.array(priority, np.int64),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(300))
def test_those_alike_stand_together(seed: int) -> None:
    """In order of priority, or of what they cost; with prices of nothing, beyond int32, and below zero."""
    rng = random.Random(seed)
    locations, services, is_sorted = rng.choice([1, 2, 7, 40]), rng.randint(1, 3), seed % 2 == 0
    kinds, money = rng.choice([1, 2, 5]), rng.choice([[0], [0, 5], [-1, 3, 2**31 - 1, 2**31, 10**15]])
    priority = [rng.choice([1, 1, 5]) for _ in range(locations)]
    by_priority = sorted(range(locations), key=lambda place: (priority[place], place))
    profile = [rng.randrange(kinds) for _ in range(locations)]
    # A zone belongs to one service.
    zone = [[-1 if rng.random() < 0.2 else 3 * s + rng.randrange(3) for _ in range(locations)] for s in range(services)]
    transit = [[rng.randint(-1, kinds) for _ in range(locations)] for _ in range(services)]
    costs = [
        Costs(*(rng.choice(money) for _ in range(3)), rng.choice([0, 999, 1_000, 5_000_000, INT32_MAX, 2**40]))
        for _ in range(locations)
    ]  # fmt: skip
    ppm = rng.choice([0, 1_000_000, 2_500_000])
    classes = {pair: number for number, pair in enumerate(sorted({(c.pick, c.unit) for c in costs}))}
    handling_class = [classes[c.pick, c.unit] if is_sorted else 0 for c in costs]
    tables = empty_runs(2, locations, services, 9, priority)
    heads = np.zeros(1 << (2 * locations - 1).bit_length(), np.int64)
    fixed, pick, unit, meters = (np.array(each, np.int64) for each in zip(*costs, strict=True))
    lay_runs(
        1, np.array(by_priority), np.array(profile, np.int32), np.array(zone, np.int32), np.array(transit, np.int32), meters,
        ppm, fixed, pick, unit, np.array(handling_class), is_sorted, heads, tables,
    )  # fmt: skip

    order = sorted(by_priority, key=lambda place: shipment_fixed(costs[place], ppm)) if is_sorted else by_priority
    runs = runs_of(
        order,
        lambda place: (profile[place], handling_class[place], *((zone[s][place], transit[s][place]) for s in range(services))),
    )
    assert tables.sizes[1].tolist() == [len(runs), tables.sizes[1, ZONE_COUNT], *sizes_of(costs, ppm)]
    assert (RUN_COUNT, FIXED_MAX) == (0, 2)
    position = 0
    zones: list[tuple[int, int]] = []
    for number, members in enumerate(runs):
        row = tables.runs[1, number].tolist()
        assert (row[BEGIN], row[END]) == (position, position + len(members))
        assert (row[PROFILE], row[SORTED]) == (profile[members[0]], is_sorted)
        for s in range(services):
            of_run = zone[s][members[0]]
            if of_run >= 0 and (of_run, s) not in zones:
                zones.append((of_run, s))
            assert row[SERVICE_FIELDS + 2 * s] == (zones.index((of_run, s)) if of_run >= 0 else -1)
            assert row[SERVICE_FIELDS + 2 * s + 1] == transit[s][members[0]]
        for place in members:
            assert tables.places[1, POSITION, position] == place
            assert tables.places[1, [RUN, PLACE, DISTANCE], place].tolist() == [
                number, position, min(costs[place].meters, INT32_MAX),
            ]  # fmt: skip
            assert tables.fixed[1, position] == shipment_fixed(costs[place], ppm)
            assert tables.handling[1, :, position].tolist() == [
                min(max(each, 0), INT32_MAX) for each in (costs[place].pick, costs[place].unit)
            ]  # fmt: skip
            position += 1
    assert tables.sizes[1, ZONE_COUNT] == len(zones)
    assert list(zip(*tables.zones[1, :, : len(zones)].tolist(), strict=True)) == zones
    assert (tables.runs[1, len(runs) :] == JUNK).all()
    # The row of another destination stays as it is.
    assert all((table[0] == JUNK).all() for table in tables[:6])


def test_equal_locations_stay_in_order_of_priority() -> None:
    """Sorted by cost: 0 and 2 cost 10, 1 costs 5; of equals the first by priority is first."""
    tables = empty_runs(1, 3, 1, 1, [9, 1, 5])
    ones = np.ones(3, np.int64)
    lay_runs(
        0, np.array([1, 2, 0]), np.zeros(3, np.int32), np.zeros((1, 3), np.int32), np.zeros((1, 3), np.int32), ones, 0,
        np.array([10, 5, 10]), ones, ones, np.zeros(3, np.int64), True, np.zeros(8, np.int64), tables,
    )  # fmt: skip
    assert tables.places[0, POSITION].tolist() == [1, 2, 0]
