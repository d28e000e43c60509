"""Long orders on a thousand locations, for the optimizer's benchmark: who carries what, and what it costs to ship.

A shipment costs a fixed part and its distance, a line its handling and its distance; with weight breaks, the distance of a
shipment is the zone of a parcel tariff instead. Money is whole micros: distances make it uneven, as real costs are.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from benchmarks.instances import CENT_MICROS, PACKAGE_GRAMS_MAX, SPLIT_CENTS, SQUARE, UNLIMITED, ZONES, parcel_tariffs
from engine.optimizer.problem import Problem, new_problem

LOCATIONS = 1_000
LINES_MIN, LINES_MAX = 10, 40
CENTERS_SHARE = 0.02

PACK_CENTS_MIN, PACK_CENTS_MAX = 50, 200
"""Per shipment, as in `instances`."""
PARCEL_CENTS = 395
PARCEL_MILE_CENTS = 8 * 55 / SQUARE
"""What the lightest parcel costs, and by distance: `parcel_tariffs` without its weight breaks, and without its steps."""
LINE_CENTS = 42.3
LINE_MILE_CENTS = 0.0541
"""Per line: Jasin & Sinha 2015, as in Ma 2023."""
EVEN_SPREAD = 1.02
"""The hard family: the dearest location costs 2 % more than the cheapest."""


class Family(StrEnum):
    """Who carries what."""

    CENTERS = "centers"
    """2 % centers that carry 95 % of the items, stores 5–30 % each."""
    THIN_CENTERS = "thin_centers"
    """The same, but centers carry 60 %."""
    STORES = "stores"
    """No centers at all."""
    HARD = "hard"
    """Stores, and all costs within 2 % of each other: nothing tells one plan from the next."""


def large_orders(seed: int, count: int, family: Family, *, weight_breaks: bool) -> list[Problem]:
    """`count` orders of 10–40 lines; the same seed gives the same orders everywhere."""
    rng = np.random.default_rng(seed)
    return [_large_order(rng, family, weight_breaks) for _ in range(count)]


def _carried(rng: np.random.Generator, family: Family, n: int) -> NDArray[np.bool_]:
    """[n, locations]: which location carries which item; nobody carries everything in the hard family."""
    share = rng.uniform(0.05, 0.30, LOCATIONS)
    if family in (Family.CENTERS, Family.THIN_CENTERS):
        share[: int(LOCATIONS * CENTERS_SHARE)] = 0.95 if family is Family.CENTERS else 0.60
    carried = rng.random((n, LOCATIONS)) < share
    if family is Family.HARD:
        everything = carried.all(axis=0)
        carried[rng.integers(0, n, LOCATIONS)[everything], np.flatnonzero(everything)] = False
    return carried


def _large_order(rng: np.random.Generator, family: Family, weight_breaks: bool) -> Problem:
    n = int(rng.integers(LINES_MIN, LINES_MAX + 1))
    carried = _carried(rng, family, n)
    where = rng.uniform(0, SQUARE, (LOCATIONS, 2))
    miles = np.hypot(*(where - rng.uniform(0, SQUARE, 2)).T)
    if family is Family.HARD:
        pack, miles = np.full(LOCATIONS, (PACK_CENTS_MIN + PACK_CENTS_MAX) / 2), np.full(LOCATIONS, SQUARE / 2)
    else:
        pack = rng.uniform(PACK_CENTS_MIN, PACK_CENTS_MAX, LOCATIONS)
    line = LINE_CENTS + LINE_MILE_CENTS * miles
    # With weight breaks, the tariff's zone is the distance of a shipment.
    shipment = pack + (0 if weight_breaks else PARCEL_CENTS + PARCEL_MILE_CENTS * miles)
    if family is Family.HARD:
        shipment, line = (cents * rng.uniform(1, EVEN_SPREAD, LOCATIONS) for cents in (shipment, line))
    zone = np.minimum(ZONES - 1, miles / SQUARE * ZONES).astype(np.int64) if weight_breaks else np.full(LOCATIONS, -1)
    zones, price_row = np.unique(zone, return_inverse=True)
    return new_problem(
        quantity=rng.choice(np.array([1, 1, 1, 2, 3]), n).astype(np.int64),
        item=np.arange(n, dtype=np.int64),
        grams=np.exp(rng.uniform(np.log(100), np.log(6_000), n)).astype(np.int64),
        volume=np.zeros(n, np.int64),
        short_micros=rng.integers(4_000, 8_001, n) * CENT_MICROS,
        line_locations_max=np.ones(n, np.int64),
        allowed=carried,
        location=np.arange(LOCATIONS, dtype=np.int64),
        fixed=((shipment + SPLIT_CENTS) * CENT_MICROS).astype(np.int64),
        line_micros=np.tile((line * CENT_MICROS).astype(np.int64), (n, 1)),
        unit_micros=np.zeros(LOCATIONS, np.int64),
        available=np.where(carried, 10, 0).astype(np.int64),
        capacity_kind=np.zeros(LOCATIONS, np.int64),
        capacity_left=np.full(LOCATIONS, UNLIMITED, np.int64),
        price_row=price_row.astype(np.int64),
        zone=zones.astype(np.int64),
        divisor=np.zeros(len(zones), np.int64),
        package_grams_max=np.full(len(zones), PACKAGE_GRAMS_MAX, np.int64),
        tariffs=parcel_tariffs(),
        split_micros=SPLIT_CENTS * CENT_MICROS,
    )
