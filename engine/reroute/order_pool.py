"""A pool of real orders: the ways that each could be shipped, as the optimizer's candidates have them, over the stock of all.

The scenes stand on stock on which none of the orders holds anything, so that what one frees another may have. A unit that
lands later than another is a resource of its own: what is there by then and was not before.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.entries import UNLIMITED
from engine.kernels.pool_tables import Pool
from engine.kernels.subsets import SUBSET_LINES_MAX, sum_subsets
from engine.kernels.tariffs import price_subsets
from engine.optimizer.candidates import Candidates, ShipRequest, ship_candidates
from engine.optimizer.problem import Problem
from engine.optimizer.scene import Scene
from engine.reroute.pool import COST_MAX, new_pool

Ints = NDArray[np.int64]

LEFT_OUT_MICROS = 10**10
"""A line that has no place costs as much: more than any move saves, and still summed over a pool."""

NOWHERE = (-1, -1)


class OpenOrder(NamedTuple):
    """An order to place: its scene, all lines of whose basket are shipped, and where each comes from now."""

    scene: Scene
    present: tuple[tuple[int, int], ...]
    """(location, carrier service) by line; `NOWHERE`: it has none that may stay."""


class Placed(NamedTuple):
    """Where a line comes from by a plan."""

    location: int
    service: int
    latest_minute: int
    """Delivery."""
    earliest_minute: int


class OrderPool(NamedTuple):
    """A pool, what its indexes mean, and the plan that the orders have now, as far as it is possible."""

    pool: Pool
    way: tuple[Placed, ...]
    positions: tuple[tuple[int, int], ...]
    """(item, location)"""
    slots: tuple[tuple[int, int], ...]
    """(location, local day)"""
    start: Ints
    """[lines]: the way of each, −1: none."""

    def placed(self, plan: Ints, o: int) -> list[Placed | None]:
        """Where each line of an order comes from by a plan."""
        ways = plan[self.pool.first_line[o] : self.pool.first_line[o + 1]].tolist()
        return [self.way[w] if w >= 0 else None for w in ways]


class _Numbers:
    """Numbers of resources, as they are first met, and the most that anybody sees of each."""

    def __init__(self) -> None:
        self.index: dict[tuple[int, ...], int] = {}
        self.most: list[int] = []

    def of(self, key: tuple[int, ...], there: int) -> int:
        number = self.index.setdefault(key, len(self.most))
        if number == len(self.most):
            self.most.append(there)
        self.most[number] = max(self.most[number], there)
        return number


class _Builder:
    """A pool in the making."""

    def __init__(self, move_micros: int) -> None:
        self.move_micros = move_micros
        self.positions, self.slots = _Numbers(), _Numbers()
        self.slot_kinds: list[int] = []
        self.ways: list[Placed] = []
        self.first_line, self.first_way, self.first_entry = [0], [0], [0]
        self.split: list[int] = []
        self.most: list[int] = []
        self.quantity: list[int] = []
        self.way_slot: list[int] = []
        self.way_fixed: list[int] = []
        self.way_price: list[int] = []
        self.entries: list[tuple[int, int, int]] = []
        self.prices: list[Ints] = []
        self.price_count = 0
        self.start: list[int] = []

    def add(self, order: OpenOrder) -> None:
        """An order more."""
        lines = order.scene.basket.lines
        assert 1 <= len(lines) <= SUBSET_LINES_MAX and order.scene.lanes is not None, "the door looks after it"
        found = ship_candidates(order.scene, order.scene.lanes, ShipRequest(tuple(range(len(lines))), order.scene.services))
        start = [-1] * len(lines)
        if found.problem is not None:
            self._add_ways(order, found, found.problem, start)
        self.quantity += [line.quantity for line in lines]
        self.start += start
        self.split.append(order.scene.split_micros)
        self.most.append(max(1, min(order.scene.locations_max, SUBSET_LINES_MAX)))
        self.first_line.append(len(self.quantity))
        self.first_way.append(len(self.ways))

    def _add_ways(self, order: OpenOrder, found: Candidates, problem: Problem, start: list[int]) -> None:
        scene, columns, planned = order.scene, found.columns, found.lines
        size = 1 << len(scene.basket.lines)
        table = _prices(problem, planned, len(scene.basket.lines))
        here = {location for location, _ in order.present}
        for c in range(problem.column_count):
            location, service = columns.location.item(c), columns.service.item(c)
            entries = list(self._entries(scene, found, problem, c))
            if not entries:
                continue
            fixed = int(problem.fixed[c]) + (0 if location in here else self.move_micros)
            if fixed > COST_MAX:
                continue
            left = int(problem.capacity_left[c])
            slot = -1
            if left < UNLIMITED // 2:
                slot = self.slots.of((location, columns.day.item(c)), max(0, left))
                if slot == len(self.slot_kinds):
                    self.slot_kinds.append(int(problem.capacity_kind[c]))
            self.way_slot.append(slot)
            self.way_fixed.append(fixed)
            self.way_price.append(self.price_count + int(problem.price_row[c]) * size)
            for line, _, _ in entries:
                if start[line] < 0 and order.present[line] == (location, service):
                    start[line] = len(self.ways)
            self.ways.append(Placed(location, service, columns.latest.item(c), columns.earliest.item(c)))
            self.entries += entries
            self.first_entry.append(len(self.entries))
        self.prices.append(table.ravel())
        self.price_count += table.size

    def _entries(self, scene: Scene, found: Candidates, p: Problem, c: int) -> Iterator[tuple[int, int, int]]:
        """(line, position, micros) of what a column could carry."""
        location, begin = found.columns.location.item(c), found.columns.start_minute.item(c)
        for j, line in enumerate(found.lines):
            wanted = scene.basket.lines[line]
            there = int(p.available[p.item[j], c])
            if not p.allowed[j, c] or p.quantity[j] < wanted.quantity or there < wanted.quantity:
                continue
            micros = int(p.line_micros[j, c]) + int(p.unit_micros[c]) * wanted.quantity
            if p.line_unit_micros is not None:
                micros += int(p.line_unit_micros[j, c]) * wanted.quantity
            # What lands later is there besides: it is counted as if nothing of it were there before.
            is_later = begin > scene.start_minute
            key = (wanted.item, location, begin) if is_later else (wanted.item, location)
            if micros <= COST_MAX:
                yield line, self.positions.of(key, there), micros

    def made(self) -> OrderPool:
        """The pool."""
        keys, slots = list(self.positions.index), list(self.slots.index)
        entries: Ints = np.array(self.entries, np.int64).reshape(-1, 3).T
        items = {item: n for n, item in enumerate(dict.fromkeys(key[0] for key in keys))}
        units = np.array(self.positions.most, np.int64)
        for key, number in self.positions.index.items():
            now = self.positions.index.get(key[:2])
            if len(key) > len(NOWHERE) and now is not None:
                units[number] = max(0, units[number] - self.positions.most[now])
        pool = new_pool(
            first_line=np.array(self.first_line), first_way=np.array(self.first_way), split_micros=np.array(self.split),
            most=np.array(self.most), quantity=np.array(self.quantity),
            short_micros=np.full(len(self.quantity), LEFT_OUT_MICROS), way_slot=np.array(self.way_slot),
            way_fixed=np.array(self.way_fixed), way_price=np.array(self.way_price), first_entry=np.array(self.first_entry),
            entry_line=entries[0], entry_position=entries[1], entry_micros=entries[2],
            prices=np.concatenate([np.zeros(0, np.int64), *self.prices]), position_units=units,
            position_item=np.array([items[key[0]] for key in keys]), slot_left=np.array(self.slots.most),
            slot_kind=np.array(self.slot_kinds),
        )  # fmt: skip
        return OrderPool(
            pool, tuple(self.ways), tuple((key[0], key[1]) for key in keys), tuple((key[0], key[1]) for key in slots),
            np.array(self.start, np.int64),
        )  # fmt: skip


def pool_of_orders(orders: Iterable[OpenOrder], move_micros: int) -> OrderPool:
    """The pool of some orders; a shipment from where an order has none now costs `move_micros` more."""
    builder = _Builder(move_micros)
    for order in orders:
        builder.add(order)
    return builder.made()


def _prices(p: Problem, planned: tuple[int, ...], n: int) -> Ints:
    """[rows, 2^n]: what the carrier asks for each subset of all lines; of those that are not planned nothing."""
    size = 1 << n
    grams, volume, out, step, full = (np.zeros(size, np.int64) for _ in range(5))
    table = np.zeros((len(p.zone), size), np.int64)
    each = np.zeros(n, np.int64)
    for values, sums in ((p.grams, grams), (p.volume, volume)):
        each[:] = 0
        each[list(planned)] = values * p.quantity
        sum_subsets(n, each, 0, out)
        sums[:] = out
    price_subsets(
        size, len(p.zone), 0, np.ascontiguousarray(p.zone), np.ascontiguousarray(p.divisor),
        np.ascontiguousarray(p.package_grams_max), p.carrier_weight_ppm, grams, volume, *p.tariffs, step, full, table,
    )  # fmt: skip
    return table
