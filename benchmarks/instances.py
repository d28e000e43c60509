"""Random orders for the optimizer benchmarks: lines, locations with stock, capacity and zones, and a carrier's weight breaks.

Money is whole cents, as in real tariffs: two plans then differ by nothing or by 10,000 micros, far above the tolerances
of a solver in floating point. The same seed gives the same orders everywhere.
"""

from typing import NamedTuple

import numpy as np

from engine.optimizer.problem import Problem, Tariffs, new_problem

CENT_MICROS = 10_000
PACKAGE_GRAMS_MAX = 31_500
BREAK_GRAMS = (1_000, 2_000, 5_000, 10_000, 20_000, PACKAGE_GRAMS_MAX)
OVERWEIGHT_CENTS = 1_250
"""Added in the last break: a parcel that one person may not lift."""
ZONES = 8
SQUARE = 1_000
SPLIT_CENTS = 100
UNLIMITED = 2**61
REPEATED_SHARE = 0.3


class Sizes(NamedTuple):
    """How large the orders are, and in which share of them a quantity may be divided over locations."""

    lines_max: int = 10
    locations_min: int = 5
    locations_max: int = 1_000
    splits_share: float = 0.5


def parcel_tariffs() -> Tariffs:
    """Eight zones of six weight breaks, the last of them overweight."""
    cents = [
        395 + 55 * zone + (90 + 12 * zone) * step + (OVERWEIGHT_CENTS if grams == PACKAGE_GRAMS_MAX else 0)
        for zone in range(ZONES)
        for step, grams in enumerate(BREAK_GRAMS)
    ]
    return Tariffs(
        start=np.arange(ZONES + 1, dtype=np.int64) * len(BREAK_GRAMS),
        max_grams=np.tile(np.array(BREAK_GRAMS, np.int64), ZONES),
        price_micros=np.array(cents, np.int64) * CENT_MICROS,
        per_kg_micros=np.zeros(len(cents), np.int64),
    )


def random_orders(seed: int, count: int, sizes: Sizes) -> list[Problem]:
    """`count` orders of one network: lines uniform from 1, locations log-uniform."""
    rng = np.random.default_rng(seed)
    tariffs = parcel_tariffs()
    return [_random_order(rng, sizes, tariffs) for _ in range(count)]


def _random_order(rng: np.random.Generator, sizes: Sizes, tariffs: Tariffs) -> Problem:
    n = int(rng.integers(1, sizes.lines_max + 1))
    columns = int(np.exp(rng.uniform(np.log(sizes.locations_min), np.log(sizes.locations_max + 1))))
    quantity = rng.choice(np.array([1, 1, 1, 2, 3, 5]), n)
    item = np.arange(n)
    # An order of one line repeats nothing, so the others do it a little more often.
    if n > 1 and rng.random() < REPEATED_SHARE * sizes.lines_max / (sizes.lines_max - 1):
        item[rng.integers(1, n)] = 0
    _, item = np.unique(item, return_inverse=True)
    items = int(item.max()) + 1
    grams = np.exp(rng.uniform(np.log(100), np.log(12_000), items)).astype(np.int64)
    carried = rng.random((items, columns)) < rng.uniform(0.25, 0.75)
    available = np.where(carried, rng.integers(1, 11, (items, columns)), 0)
    kind = rng.choice(np.array([0, 1, 2]), columns, p=[0.7, 0.15, 0.15])
    where = rng.uniform(0, SQUARE, (columns, 2))
    miles = np.hypot(*(where - rng.uniform(0, SQUARE, 2)).T)
    zone = np.minimum(ZONES - 1, miles / SQUARE * ZONES).astype(np.int64)
    zones, price_row = np.unique(zone, return_inverse=True)
    divisible = rng.random() < sizes.splits_share
    return new_problem(
        quantity=quantity.astype(np.int64),
        item=item.astype(np.int64),
        grams=grams[item],
        volume=np.zeros(n, np.int64),
        short_micros=(rng.integers(4_000, 8_001, items) * CENT_MICROS)[item],
        line_locations_max=np.full(n, 2**31 if divisible else 1, np.int64),
        allowed=available[item] > 0,
        location=np.arange(columns, dtype=np.int64),
        fixed=(rng.integers(50, 201, columns) + SPLIT_CENTS) * CENT_MICROS,
        line_micros=np.tile(rng.integers(25, 61, columns) * CENT_MICROS, (n, 1)),
        unit_micros=rng.integers(5, 21, columns) * CENT_MICROS,
        available=available.astype(np.int64),
        capacity_kind=kind.astype(np.int64),
        capacity_left=np.where(kind == 0, UNLIMITED, rng.integers(1, 7, columns)).astype(np.int64),
        price_row=price_row.astype(np.int64),
        zone=zones,
        divisor=np.zeros(len(zones), np.int64),
        package_grams_max=np.full(len(zones), PACKAGE_GRAMS_MAX, np.int64),
        tariffs=tariffs,
        split_micros=SPLIT_CENTS * CENT_MICROS,
    )
