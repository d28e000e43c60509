"""Locations of a network in runs for one destination and policy: those alike in dates and in tariff zone stand together.

What is the same for a whole run (handover, delivery, price by weight) is then found once. Where locations have few handling
costs between them, those of a run share theirs too and ascend by what a shipment costs there, so that the first one found
to carry some lines is the cheapest. Otherwise, and between equals, they ascend by priority, then index.

L locations, S carrier services, K rows of the tables, each for one destination and policy.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.tariffs import weigh

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]

POSITION, RUN, PLACE, DISTANCE, PLACE_FIELDS = range(5)
BEGIN, END, PROFILE, SORTED, SERVICE_FIELDS = range(5)
"""Columns of a run. SORTED: its locations share their handling costs and ascend by fixed cost. From SERVICE_FIELDS on, for
each service its price row (−1: none) and its transit days."""
ZONE, ZONE_SERVICE = range(2)
RUN_COUNT, ZONE_COUNT, FIXED_MAX, HANDLING_MAX, PICK_MIN, UNIT_MIN, SIZE_FIELDS = range(7)
INT32_MAX = 2**31 - 1
METERS_MAX = INT32_MAX
HASH_FACTOR = 4099
HASH_MASK = 2**45 - 1
"""A product of both stays within int64."""


class RunTables(NamedTuple):
    """Wide tables of many destinations; a row is written by `lay_runs` and then only read."""

    places: Int32s  # [K, PLACE_FIELDS, L]: position → location; location → run, position, distance in meters
    fixed: Ints  # [K, L], by position: weighted micros of a shipment, without its carrier
    handling: Int32s  # [K, 2, L], by position: weighted micros per line and per unit
    runs: Int32s  # [K, L, SERVICE_FIELDS + 2 · S]
    zones: Int32s  # [K, 2, Z]: tariff zone and service of each price row
    sizes: Ints  # [K, SIZE_FIELDS]
    priority: Ints  # [L]


@allocating_kernel
def lay_runs(
    row: int, by_priority: Ints, profile: Int32s, zone: Int32s, transit: Int32s, distance_meters: Ints, distance_ppm: int,
    fixed: Ints, pick: Ints, unit: Ints, handling_class: Ints, is_sorted: bool, heads: Ints, tables: RunTables,
) -> None:  # fmt: skip
    """Write row `row` of the tables: runs by (profile, zone and transit of every service), in order of first appearance.

    by_priority [L]: locations by (priority, index). handling_class [L]: numbers of equal pick and unit costs, or all 0
    where runs shall not be divided, and so not sorted, by them. zone, transit [S, L], −1 for none; fixed, pick, unit [L] are
    weighted micros, to which the distance is added. heads [a power of two ≥ 2 L] and [number of zones] are scratch.
    """
    places, runs, zones, sizes = tables.places, tables.runs, tables.zones, tables.sizes
    run_count, zone_count = 0, 0
    for i in range(heads.shape[0]):
        heads[i] = -1
    if is_sorted:
        cost = np.empty(by_priority.shape[0], np.int64)
        for i in range(by_priority.shape[0]):
            cost[i] = fixed[by_priority[i]] + weigh(distance_meters[by_priority[i]] // 1000, distance_ppm)
        by_priority = by_priority[np.argsort(cost, kind="mergesort")]
    for i in range(by_priority.shape[0]):
        l = by_priority[i]  # noqa: E741
        at = alike(l, profile, handling_class, zone, transit, heads, by_priority)
        if heads[at] < 0:
            heads[at] = i
            runs[row, run_count, END] = 0
            places[row, RUN, l] = run_count
            runs[row, run_count, PROFILE], runs[row, run_count, SORTED] = profile[l], is_sorted
            for s in range(zone.shape[0]):
                zone_count, price_row = row_of_zone(row, zone[s, l], s, zone_count, zones)
                runs[row, run_count, SERVICE_FIELDS + 2 * s] = price_row
                runs[row, run_count, SERVICE_FIELDS + 2 * s + 1] = transit[s, l]
            run_count += 1
        run = places[row, RUN, by_priority[heads[at]]]
        places[row, RUN, l] = run
        runs[row, run, END] += 1
    end = 0
    for run in range(run_count):
        begin = end
        end += runs[row, run, END]
        runs[row, run, BEGIN] = begin
        runs[row, run, END] = begin
    sizes[row, RUN_COUNT], sizes[row, ZONE_COUNT] = run_count, zone_count
    place_locations(row, by_priority, distance_meters, distance_ppm, fixed, pick, unit, tables)


@kernel
def place_locations(
    row: int, by_priority: Ints, distance_meters: Ints, distance_ppm: int, fixed: Ints, pick: Ints, unit: Ints,
    tables: RunTables,
) -> None:  # fmt: skip
    """Give each location its position in its run, and write what it costs there."""
    places, runs, sizes = tables.places, tables.runs, tables.sizes
    fixed_max, handling_max = np.int64(0), np.int64(0)
    pick_min, unit_min = np.int64(2**62), np.int64(2**62)
    for i in range(by_priority.shape[0]):
        l = by_priority[i]  # noqa: E741
        run = places[row, RUN, l]
        at = runs[row, run, END]
        runs[row, run, END] += 1
        places[row, POSITION, at], places[row, PLACE, l] = l, at
        places[row, DISTANCE, l] = min(distance_meters[l], METERS_MAX)
        tables.fixed[row, at] = fixed[l] + weigh(distance_meters[l] // 1000, distance_ppm)
        # What does not fit shows in HANDLING_MAX and is refused there.
        tables.handling[row, 0, at] = min(max(pick[l], 0), INT32_MAX)
        tables.handling[row, 1, at] = min(max(unit[l], 0), INT32_MAX)
        if min(fixed[l], pick[l], unit[l], distance_ppm) < 0:
            fixed_max = np.int64(2**62)
        fixed_max = max(fixed_max, tables.fixed[row, at])
        handling_max = max(handling_max, pick[l], unit[l])
        pick_min, unit_min = min(pick_min, pick[l]), min(unit_min, unit[l])
    sizes[row, FIXED_MAX], sizes[row, HANDLING_MAX] = fixed_max, handling_max
    sizes[row, PICK_MIN], sizes[row, UNIT_MIN] = pick_min, unit_min


@kernel
def alike(
    l: int,  # noqa: E741
    profile: Int32s,
    handling_class: Ints,
    zone: Int32s,
    transit: Int32s,
    heads: Ints,
    by_priority: Ints,
) -> int:
    """Where in the hash table `heads` the run of location l is, or would be: open addressing, a head for each run."""
    mask: int = heads.shape[0] - 1
    key: int = np.int64(profile[l]) * HASH_FACTOR + handling_class[l]
    for s in range(zone.shape[0]):
        key = (key * HASH_FACTOR + zone[s, l] + 1) & HASH_MASK
        key = (key * HASH_FACTOR + transit[s, l] + 1) & HASH_MASK
    at: int = (key ^ key >> 21) & mask
    while heads[at] >= 0:
        head = by_priority[heads[at]]
        same = profile[head] == profile[l] and handling_class[head] == handling_class[l]
        for s in range(zone.shape[0]):
            same = same and zone[s, head] == zone[s, l] and transit[s, head] == transit[s, l]
        if same:
            return at
        at = (at + 1) & mask
    return at


@kernel
def row_of_zone(row: int, zone: int, service: int, zone_count: int, zones: Int32s) -> tuple[int, int]:
    """(price rows so far, the one of this zone), opened when it is new; −1 without a zone."""
    if zone < 0:
        return zone_count, -1
    for r in range(zone_count):
        if zones[row, ZONE, r] == zone:
            return zone_count, r
    zones[row, ZONE, zone_count] = zone
    zones[row, ZONE_SERVICE, zone_count] = service
    return zone_count + 1, zone_count
