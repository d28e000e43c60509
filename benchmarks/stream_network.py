"""The small network of Jasin and Sinha (2015), as Ma (2023) has it: ten cities, five centers, orders of up to five items.

Coordinates and populations are facts; all else of an instance is drawn: which centers carry what, which sets of items are
ordered and how often, and the orders themselves. Stock is never replenished.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.pool_tables import Pool
from engine.reroute.pool import new_pool

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CITIES = (
    (40.6943, -73.9249, 18_680_025),  # New York
    (34.1141, -118.4068, 12_531_334),  # Los Angeles
    (41.8375, -87.6866, 8_586_888),  # Chicago
    (25.784, -80.2101, 6_076_316),  # Miami
    (32.7935, -96.7667, 5_910_669),  # Dallas
    (29.786, -95.3885, 5_724_418),  # Houston
    (40.0077, -75.1339, 5_540_199),  # Philadelphia
    (33.7628, -84.422, 5_151_496),  # Atlanta
    (38.9047, -77.0163, 5_066_973),  # Washington
    (42.3188, -71.0852, 4_465_966),  # Boston
)
"""Latitude, longitude, inhabitants."""

CENTERS = (
    (37.7448, -121.3985),  # OAK4, CA
    (39.9797, -86.3833),  # IND1, IN
    (41.2776, -75.4973),  # AVP3, PA
    (33.9114, -81.0501),  # CAE1, SC
    (32.9709, -97.3348),  # DFW7, TX
)
"""Latitude, longitude."""

ITEMS, SIZES, SETS_EACH, PERIODS, CARRIED = 20, 5, 5, 10_000, 0.75
MICROS = 1_000_000
FIXED, UNIT, MILE = 8.759, 0.423, 0.000541
"""A shipment costs FIXED, each item of it UNIT and MILE for each mile."""

UNSERVED = 2
"""What no center has comes from elsewhere, at so many times the cost of the farthest one."""

EARTH_MILES = 3_958.8
PLENTY = 2**31


class Network(NamedTuple):
    """One instance. Kinds of orders: kind 0 asks for nothing, the others are of a set of items to a city."""

    chance: Floats
    """[kinds]: of one period."""
    items: tuple[tuple[int, ...], ...]
    """[kinds]"""
    city: Ints
    """[kinds]"""
    carries: NDArray[np.bool_]
    """[items, centers]"""
    stock: Ints
    """[items, centers]"""
    miles: Floats
    """[cities, centers]"""


def draw_network(rng: np.random.Generator) -> Network:
    """An instance."""
    places, centers = np.array(CITIES), np.array(CENTERS)
    miles = distance_miles(places[:, None, :2], centers[None])
    share = places[:, 2] / places[:, 2].sum()
    of_size = rng.random(SIZES + 1)
    of_size /= of_size.sum()
    kinds: list[tuple[int, ...]] = [()]
    cities, chance = [0], [of_size[0]]
    for size in range(1, SIZES + 1):
        of_set = rng.random(SETS_EACH)
        of_set /= of_set.sum()
        for each in of_set.tolist():
            items = tuple(sorted(rng.choice(ITEMS, size, replace=False).tolist()))
            for city in range(len(CITIES)):
                kinds.append(items)
                cities.append(city)
                chance.append(of_size[size] * each * share[city])
    carries = rng.random((ITEMS, len(CENTERS))) < CARRIED
    # [items, cities]: how often an item is asked for from there.
    wanted = np.zeros((ITEMS, len(CITIES)))
    for items, city, each in zip(kinds, cities, chance, strict=True):
        for item in items:
            wanted[item, city] += each
    demand = np.zeros((ITEMS, len(CENTERS)))
    for item in range(ITEMS):
        if carries[item].any():
            nearest = np.argmin(np.where(carries[item], miles, np.inf), axis=1)
            np.add.at(demand[item], nearest, wanted[item])
    stock = np.round(PERIODS * demand + 0.5 * np.sqrt(PERIODS * demand * (1 - demand))).astype(np.int64)
    return Network(np.array(chance), tuple(kinds), np.array(cities), carries, stock, miles)


def distance_miles(one: Floats, other: Floats) -> Floats:
    """Great-circle distance of (latitude, longitude) in degrees."""
    a, b = np.radians(one), np.radians(other)
    half = np.sin((b - a) / 2) ** 2
    square = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    miles: Floats = 2 * EARTH_MILES * np.arcsin(np.sqrt(square))
    return miles


class Kind(NamedTuple):
    """What an order of a kind could have: entries by way, ways by center, the last of them from elsewhere."""

    fixed: Ints
    counts: Ints
    """Entries of each way."""
    line: Ints
    position: Ints
    micros: Ints


def ways_of(network: Network, kind: int) -> Kind:
    """Positions are (item, center), then one of each item from elsewhere."""
    items, miles = network.items[kind], network.miles[network.city[kind]]
    fixed, counts, lines, positions, micros = [], [], [], [], []
    centers = len(CENTERS)
    for center in range(centers):
        able = [j for j, item in enumerate(items) if network.carries[item, center]]
        if not able:
            continue
        fixed.append(FIXED)
        counts.append(len(able))
        lines += able
        positions += [items[j] * centers + center for j in able]
        micros += [UNIT + MILE * miles[center]] * len(able)
    fixed.append(UNSERVED * FIXED)
    counts.append(len(items))
    lines += range(len(items))
    positions += [ITEMS * centers + item for item in items]
    micros += [UNSERVED * (UNIT + MILE * miles.max())] * len(items)
    return Kind(_micros(fixed), np.array(counts), np.array(lines), np.array(positions), _micros(micros))


def pool_of(network: Network, kinds: Ints, stock: Ints) -> Pool:
    """A pool of orders of these kinds, none of them empty, in their sequence, and so much stock [items, centers]."""
    known = {kind: ways_of(network, kind) for kind in np.unique(kinds).tolist()}
    each = [known[kind] for kind in kinds.tolist()]
    line_counts = np.array([len(network.items[kind]) for kind in kinds.tolist()])
    entries = np.concatenate([kind.counts for kind in each])
    ways = np.array([len(kind.fixed) for kind in each])
    lines = int(line_counts.sum())
    return new_pool(
        first_line=ends(line_counts), first_way=ends(ways), split_micros=np.zeros(len(each), np.int64),
        most=np.full(len(each), SIZES + 1), quantity=np.ones(lines, np.int64), short_micros=np.full(lines, 10**9),
        way_slot=np.full(int(ways.sum()), -1), way_fixed=np.concatenate([kind.fixed for kind in each]),
        way_price=np.zeros(int(ways.sum()), np.int64), first_entry=ends(entries),
        entry_line=np.concatenate([kind.line for kind in each]),
        entry_position=np.concatenate([kind.position for kind in each]),
        entry_micros=np.concatenate([kind.micros for kind in each]), prices=np.zeros(1 << SIZES, np.int64),
        position_units=np.concatenate((stock.ravel(), np.full(ITEMS, PLENTY))),
        position_item=np.concatenate((np.repeat(np.arange(ITEMS), len(CENTERS)), ITEMS + np.arange(ITEMS))),
        slot_left=np.zeros(0, np.int64), slot_kind=np.zeros(0, np.int64),
    )  # fmt: skip


def ends(counts: Ints) -> Ints:
    """[n + 1]: where each of these many begins, and the last ends."""
    return np.concatenate(([0], np.cumsum(counts)))


def _micros(money: list[float]) -> Ints:
    return np.round(np.array(money) * MICROS).astype(np.int64)
