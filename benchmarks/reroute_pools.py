"""Pools of open orders for the batch optimizer: a plan that serves all of them is planted, then stock and capacity are cut.

Locations lie on a square; some are centers that carry nearly everything. Each order is given the plan that would be best
if costs were others, and stock and capacity are what these plans use: exactly that for a part of the positions, more for
the others. One location is lost: nothing may come from there, and the planted plan does without.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.pool_tables import Pool
from engine.reroute.plans import PlanSearch
from engine.reroute.pool import new_pool
from engine.reroute.prices import free_prices
from engine.reroute.workers import Workers

Ints = NDArray[np.int64]

CENTER_SHARE = 0.02
ZONES = np.array([150, 300, 600, 1_000, 1_600]) / 1_600
"""Zone borders, as shares of the side of the square."""

UNIT = 1_000_000
PACKAGE_GRAMS = 30_000


class Shape(NamedTuple):
    """How large a pool is and how scarce what it needs."""

    orders: int
    locations: int
    items: int
    carried: float = 0.06
    """Share of the items that a store carries; a center carries 0.95 of them."""
    filled: float = 0.4
    """Share of the other positions that hold anything."""
    exact: float = 0.28
    """Share of the planted positions without a unit to spare."""
    capacity_use: float = 0.95
    bias: float = 4.0
    """How far the costs of the planted plan are from the true ones, in units of money a shipment."""
    short: float = 0.0
    """Share of the lines that stock does not suffice for."""
    short_micros: int = 40 * UNIT
    lines_max: int = 5


class Planted(NamedTuple):
    """A pool, and a plan for it that serves everything that can be."""

    pool: Pool
    plan: Ints


def planted_pool(shape: Shape, rng: np.random.Generator) -> Planted:
    """A pool of a shape."""
    where = rng.random((shape.locations, 2))
    center_count = max(2, int(shape.locations * CENTER_SHARE))
    is_center = np.arange(shape.locations) < center_count
    lost = int(rng.integers(center_count, shape.locations))
    chance = np.where(is_center, 0.95, shape.carried)
    carries = rng.random((shape.items, shape.locations)) < chance
    carries[:, lost] = False
    carries[np.arange(shape.items), rng.integers(0, center_count, shape.items)] = True
    grams = rng.integers(200, 6_000, shape.items)
    fixed = np.where(is_center, 1.2, 2.5) * UNIT * rng.uniform(0.8, 1.2, shape.locations)
    pick = np.where(is_center, 0.4, 0.9) * UNIT * rng.uniform(0.8, 1.2, shape.locations)
    split = int(0.5 * UNIT)
    counts = rng.choice(np.arange(1, shape.lines_max + 1), shape.orders, p=_line_shares(shape.lines_max))
    first_line = np.concatenate(([0], np.cumsum(counts)))
    popularity = rng.permutation(1 / np.arange(1, shape.items + 1) ** 0.6)
    popularity /= popularity.sum()
    homes = rng.random((shape.orders, 2))
    parts = _Parts()
    item_cells = [np.flatnonzero(row) for row in carries]
    cell_start = np.concatenate(([0], np.cumsum([len(cells) for cells in item_cells])))
    quantity = rng.choice([1, 1, 1, 2, 3], int(first_line[-1]))
    drawn = rng.choice(shape.items, (shape.orders, 3 * shape.lines_max), p=popularity)
    for o in range(shape.orders):
        n = int(counts[o])
        items = list(dict.fromkeys(drawn[o].tolist()))[:n]
        while len(items) < n:
            items = list(dict.fromkeys([*items, int(rng.integers(shape.items))]))
        q = quantity[first_line[o] : first_line[o + 1]]
        distance = np.hypot(*(where - homes[o]).T)
        weight = _subset_grams(grams[items] * q)
        # Price of each zone and subset: by zone for each package, and by started kilogram.
        zone_price = (3.5 + 1.1 * np.arange(len(ZONES) + 1))[:, None] * UNIT
        kilo = (0.25 + 0.15 * np.arange(len(ZONES) + 1))[:, None] * UNIT
        table = (zone_price * -(-weight // PACKAGE_GRAMS) + kilo * -(-weight // 1_000)).astype(np.int64)
        cells = [item_cells[i] for i in items]
        line_of = np.repeat(np.arange(n), [len(c) for c in cells])
        location = np.concatenate(cells)
        position = np.concatenate([cell_start[i] + np.arange(len(c)) for i, c in zip(items, cells, strict=True)])
        order = np.lexsort((line_of, location))
        parts.add(location[order], line_of[order], position[order], (pick[location[order]]).astype(np.int64),
                  np.searchsorted(ZONES, distance), table)  # fmt: skip
    return _planted(shape, rng, first_line, quantity, parts, fixed.astype(np.int64) + split, split,
                    np.repeat(np.arange(shape.items), np.diff(cell_start)))  # fmt: skip


class _Parts:
    """What the orders could have, collected."""

    def __init__(self) -> None:
        self.way_location: list[Ints] = []
        self.way_price: list[Ints] = []
        self.first_way, self.first_entry, self.price_start = [0], [np.zeros(1, np.int64)], 0
        self.entry_line: list[Ints] = []
        self.entry_position: list[Ints] = []
        self.entry_micros: list[Ints] = []
        self.prices: list[Ints] = []
        self._entries = 0

    def add(self, location: Ints, line: Ints, position: Ints, micros: Ints, zone: Ints, table: Ints) -> None:
        """An order: its entries by location, and the prices of its zones."""
        ways, first = np.unique(location, return_index=True)
        self.way_location.append(ways.astype(np.int32))
        self.first_entry.append(self._entries + np.append(first[1:], len(location)))
        self._entries += len(location)
        self.way_price.append(self.price_start + zone[ways] * table.shape[1])
        self.entry_line.append(line.astype(np.int32))
        self.entry_position.append(position.astype(np.int32))
        self.entry_micros.append(micros)
        self.prices.append(table.ravel())
        self.price_start += table.size
        self.first_way.append(self.first_way[-1] + len(ways))


def _planted(
    shape: Shape, rng: np.random.Generator, first_line: Ints, quantity: Ints, parts: _Parts, fixed: Ints, split: int,
    position_item: Ints,
) -> Planted:  # fmt: skip
    """Stock and capacity of what a plan made by chance near the best uses."""
    way_location = np.concatenate(parts.way_location)
    micros = np.concatenate(parts.entry_micros)
    way_fixed, positions = fixed[way_location], len(position_item)
    pool = new_pool(
        first_line=first_line, first_way=np.array(parts.first_way), split_micros=np.full(shape.orders, split, np.int64),
        most=np.full(shape.orders, 2**15, np.int32), quantity=quantity,
        short_micros=np.full(len(quantity), shape.short_micros, np.int64) * quantity, way_slot=way_location,
        way_fixed=way_fixed, way_price=np.concatenate(parts.way_price), first_entry=np.concatenate(parts.first_entry),
        entry_line=np.concatenate(parts.entry_line), entry_position=np.concatenate(parts.entry_position),
        entry_micros=micros, prices=np.concatenate(parts.prices), position_units=np.full(positions, 2**31),
        position_item=position_item, slot_left=np.full(shape.locations, 2**31), slot_kind=np.zeros(shape.locations, np.int64),
    )  # fmt: skip
    # As if other costs held: what is best by them is a good plan by these, and not the best.
    other = rng.uniform(0.6, 1.4, shape.locations)
    biased = pool._replace(
        way_fixed=(way_fixed * other[way_location] + rng.uniform(0, shape.bias * UNIT, len(way_fixed))).astype(np.int64),
        entry_micros=(micros * rng.uniform(0.5, 1.5, len(micros))).astype(np.int64),
        short_micros=pool.short_micros + 1_000 * UNIT,
    )  # fmt: skip
    with Workers(biased, 1) as workers:
        plan = free_prices(workers).asked.plan
    search = PlanSearch(pool, 0)
    search.adopt(plan)
    plan = search.plans.plan
    units, used = pool.position_units - search.plans.units_left, pool.slot_left - search.plans.slot_left
    spare = np.where(rng.random(positions) < shape.exact, 0, rng.integers(1, 4, positions))
    stock = units + np.where(units > 0, spare, np.where(rng.random(positions) < shape.filled, rng.integers(1, 4, positions), 0))
    if shape.short:
        stock = _cut_stock(shape, rng, pool, units, stock)
    left = np.floor(used / shape.capacity_use + rng.random(shape.locations)).astype(np.int64)
    return Planted(pool._replace(position_units=stock, slot_left=left), plan)


def _cut_stock(shape: Shape, rng: np.random.Generator, pool: Pool, units: Ints, stock: Ints) -> Ints:
    """Of every item as much less as it takes for a share of what is asked to be short."""
    items = int(pool.position_item.max()) + 1
    asked = np.bincount(pool.position_item, units, items)
    kept = np.floor(asked * (1 - shape.short) + rng.random(items)).astype(np.int64)
    # Most of what is left lies where there is capacity to ship it.
    order = np.lexsort((rng.random(len(stock)) - 0.7 * (units > 0), pool.position_item))
    before = np.cumsum(stock[order]) - stock[order]
    ends = np.searchsorted(pool.position_item[order], np.arange(items))
    before -= before[ends[pool.position_item[order]]]
    cut = np.empty_like(stock)
    cut[order] = np.clip(kept[pool.position_item[order]] - before, 0, stock[order])
    return cut


def _line_shares(lines_max: int) -> NDArray[np.float64]:
    """Half of the orders have one line, half of the others two, and so on."""
    shares = 0.5 ** np.arange(1, lines_max + 1)
    shares[-1] *= 2
    return shares


def _subset_grams(grams: Ints) -> Ints:
    out = np.zeros(1, np.int64)
    for each in grams.tolist():
        out = np.concatenate((out, out + each))
    return out
