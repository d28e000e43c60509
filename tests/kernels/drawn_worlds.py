"""One order in a small world, as the deciding kernel has it: stock, dates, capacity, tariffs and run tables by chance."""

import random
from typing import NamedTuple

import numpy as np

from engine.kernels import asked as a
from engine.kernels.asked import Arena, Limits
from engine.kernels.cheapest import TILE, TILE_ROWS
from engine.kernels.dates import HorizonTables
from engine.kernels.decide import decide_orders
from engine.kernels.entries import UNLIMITED
from engine.kernels.offers import ENTRY_FIELDS, LINE_COUNT, NEVER_MINUTE, SUBSET_ROWS, TALLY_FIELDS, Offers
from engine.kernels.partition import TABLES_EACH
from engine.kernels.runs import RunTables, lay_runs
from engine.kernels.score import ANY_SHIFT
from engine.kernels.subsets import SUBSET_LINES_MAX, sum_subsets
from tests.kernels.drawn_horizon import drawn_horizon
from tests.kernels.drawn_rows import AVAILABLE_AT, POOL, SELLABLE, Rows, drawn_pools, drawn_rows
from tests.kernels.test_runs import empty_runs
from tests.kernels.test_staircase import arrays
from tests.naive.runs import Costs
from tests.naive.tariffs import Break

SIZE = 1 << SUBSET_LINES_MAX


class World(NamedTuple):
    """Tables of one order, and what they were made of."""

    n: int
    orders: np.ndarray
    lines: np.ndarray
    options: list[int]
    wishes: np.ndarray
    pools: np.ndarray
    names: set[str]
    floor: np.ndarray
    rows: Rows
    arena: Arena
    limits: Limits
    runs: RunTables
    tables: HorizonTables
    tariffs: tuple[np.ndarray, ...]
    breaks: list[list[Break]]
    zone: list[list[int]]
    transit: list[list[int]]
    costs: list[Costs]
    distance_ppm: int
    subsets: np.ndarray
    offers: Offers

    def order(self, field: int) -> int:
        return int(self.orders[0, field])

    def line(self, field: int, j: int) -> int:
        return int(self.lines[field, self.order(a.O_FIRST_LINE) + j])


def drawn_world(seed: int, *, entries: int = 80, lines_max: int = 3) -> World:
    rng = random.Random(seed)
    n, places, services, profiles = rng.randint(1, lines_max), rng.randint(1, 4), rng.randint(1, 2), 2
    tables = drawn_horizon(rng, profiles, services, 25)
    begin = tables.first_day * 1440
    rows = drawn_rows(rng, n, places, hostile=0.03, on_hand=rng.choice([0.3, 0.7]))
    lands = AVAILABLE_AT.copy()
    lands[lands > 0] += begin
    for row in rows.items:
        for p in row:
            p.available_at += begin if p.available_at else 0
    may, names = drawn_pools(rng)
    if rng.random() < 0.8:
        may[0] = True
        names.add("")
    money = rng.choice([2, 30, 1_000_000])
    zones = 3 * services
    breaks = [
        [
            Break(limit, rng.randint(0, money), rng.choice([0, 0, rng.randint(0, 100 * money)]))
            for limit in rng.choice([(9, 25, 200), (400,), (400,), (4, 400), ()])
        ]
        for _ in range(zones)
    ]  # fmt: skip
    zone = [[-1 if rng.random() < 0.1 else 3 * s + rng.randrange(3) for _ in range(places)] for s in range(services)]
    transit = [[rng.randint(0, 2) for _ in range(places)] for _ in range(services)]
    split = rng.randint(0, money)
    costs = [
        Costs(split + rng.randint(0, money), rng.randint(0, money // 2), rng.randint(0, 2), rng.choice([0, 5_000, 90_000]))
        for _ in range(places)
    ]  # fmt: skip
    priority, profile = [rng.randint(1, 2) for _ in range(places)], [rng.randrange(profiles) for _ in range(places)]
    is_sorted, ppm = rng.random() < 0.5, rng.choice([0, 1_000_000])
    classes = {pair: k for k, pair in enumerate(sorted({(c.pick, c.unit) for c in costs}))}
    runs = empty_runs(2, places, services, zones, priority)
    fixed, pick, unit, meters = (np.array(each, np.int64) for each in zip(*costs, strict=True))
    lay_runs(
        1, np.array(sorted(range(places), key=lambda place: (priority[place], place))), np.array(profile, np.int32),
        np.array(zone, np.int32), np.array(transit, np.int32), meters, ppm, fixed, pick, unit,
        np.array([classes[c.pick, c.unit] if is_sorted else 0 for c in costs]), is_sorted, np.zeros(16, np.int64), runs,
    )  # fmt: skip

    limited = rng.random() < 0.5
    per_day = [rng.choice([0, 1, 2, 5, 9, UNLIMITED]) if limited else UNLIMITED for _ in range(places)]
    used = np.array([[rng.choice([0, 0, 1, 4]) for _ in range(places)] for _ in range(rng.choice([1, 30]))])
    limits = Limits(
        np.array([rng.choice([-1, 0, 0, 0, 0, 0, 1]) for _ in range(places)], np.int32), np.array(profile, np.int32),
        np.array([rng.randrange(3) for _ in range(places)], np.int32), np.array(per_day), used,
        np.array([[rng.choice([0, 3]) for _ in range(services)], [rng.choice([12, 2**40]) for _ in range(services)]]),
        tables.first_day,
    )  # fmt: skip
    now = begin + rng.randint(0, 3_000)
    first = rng.randint(0, 1)
    lines = np.zeros((a.LINE_FIELDS, first + n), np.int64)
    late = rng.choice([0, 0, money])
    for j in range(n):
        due = rng.choice([NEVER_MINUTE, now + rng.randint(0, 15_000), NEVER_MINUTE])
        lines[:, first + j] = (
            rows.start[j], rows.count[j], rng.randrange(2), rng.randint(1, 3), rng.randint(0, 6), rng.randint(0, 40),
            rng.choice([1, 1, 2, 2**31]), rng.random() < 0.3, due, rng.choice([3, 3, 1]),
        )  # fmt: skip
    options = [rng.randint(1, (1 << services) - 1) for _ in range(rng.randint(1, 2))]
    order = np.zeros((1, a.ORDER_FIELDS), np.int64)
    for field, value in {
        a.O_FIRST_LINE: first, a.O_LINE_COUNT: n, a.O_FIRST_OPTION: 0, a.O_OPTION_COUNT: len(options), a.O_NOW: now,
        a.O_LATEST: begin + rng.choice([3_000, 20_000]), a.O_RUN_ROW: 1, a.O_POOL_ROW: 1, a.O_WISH_ROW: 1,
        a.O_DISTANCE_MAX: rng.choice([-1, -1, -1, 4_999, 5_000]), a.O_COUNTRY: rng.choice([-1, -1, 0]), a.O_LIMITED: limited,
        a.O_SPLIT: split, a.O_CARRIER_PPM: rng.choice([0, 333_333, 10**6]), a.O_LATE_PER_DAY: late, a.O_LATE_PPM: 10**6,
        a.O_SHORT: rng.choice([-1, -1, 0, money]), a.O_MOST: rng.choice([1, 2, 2**31]),
        a.O_BY: rng.choice([2**62, 2**62, now + 8_000]),
    }.items():  # fmt: skip
        order[0, field] = value
    every = (1 << n) - 1
    wish = [[-1, -1] if rng.random() < 0.85 else [rng.randrange(every + 1)] * 2 for _ in range(places)]
    wishes = np.array([[0] * places, [w if w < 0 else w | b << ANY_SHIFT for w, b in wish]], np.int32)
    subsets = np.zeros((SUBSET_ROWS + TABLES_EACH * SUBSET_LINES_MAX, SIZE), np.int64)
    sum_subsets(SUBSET_LINES_MAX, np.ones(SUBSET_LINES_MAX, np.int64), 0, subsets[LINE_COUNT])
    return World(
        n, order, lines, options, wishes, np.stack((~may, may)), names,
        np.array([[rng.choice([0, 0, 0, 0, 1, 2**31 - 1]) for _ in range(places)] for _ in range(2)], np.int32), rows,
        Arena(*rows[3:], lands, POOL, SELLABLE), limits, runs, tables, arrays(*breaks), breaks, zone, transit, costs, ppm,
        subsets, empty_offers(places, services, profiles, zones, entries),
    )  # fmt: skip


def empty_offers(places: int, services: int, profiles: int, zones: int, entries: int) -> Offers:
    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int64)

    return Offers(
        np.zeros((2, places), np.int32), zeros(services, SIZE), zeros(services, SIZE), zeros(places + entries, services),
        zeros(profiles, services, 2), zeros(profiles), np.full(2, -1), np.zeros(places, np.bool_),
        np.zeros((SUBSET_LINES_MAX, places), np.int32), np.zeros((2, places), np.int32), zeros(SUBSET_ROWS, SIZE),
        zeros(zones * SIZE), zeros(services, TALLY_FIELDS), zeros(ENTRY_FIELDS, entries), zeros(TILE_ROWS, TILE),
    )  # fmt: skip


def decided(world: World) -> tuple[np.ndarray, np.ndarray]:
    """What the kernel says of each option: results and where its lines come from."""
    zones = len(world.breaks)
    results = np.full((len(world.options), a.RESULT_FIELDS), -7)
    placed = np.full((len(world.options), SUBSET_LINES_MAX, a.PLACED_FIELDS), -7)
    decide_orders(
        world.orders, world.lines, np.array(world.options), world.wishes, world.pools, world.floor, world.arena, world.limits,
        world.runs, world.tables, *world.tariffs, world.subsets, np.zeros(zones * SIZE, np.int64),
        np.zeros((4, zones), np.int64), world.offers, results, placed,
    )  # fmt: skip
    return results, placed
