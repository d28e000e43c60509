"""From lines and stock to a problem: which locations could ship what, by which service, on which date, at what cost.

The long way of a decision, for what the short one leaves (see `direct`).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import NO_LATEST, BasketLine
from engine.domain.enums import OrderBy, Term
from engine.kernels.assign import MICROS_MAX
from engine.kernels.columns import date_columns, start_entries, units_of_columns
from engine.kernels.dates import START
from engine.kernels.entries import day_with_capacity
from engine.kernels.score import FULL, UNITS_MAX, score_row
from engine.kernels.stock import gather_available
from engine.network.image import Lanes
from engine.optimizer.footprint import capacity_table, carbon_table
from engine.optimizer.limits import (
    allowed_columns,
    coverable,
    delivery_days,
    eligible_locations,
    line_locations,
    shipment_penalties,
    whole_sets,
)
from engine.optimizer.load import Columns, Load
from engine.optimizer.problem import SHORT_TOTAL_MICROS, Ints, Placement, Problem, Tariffs, new_problem
from engine.optimizer.scene import Scene
from engine.optimizer.unit_prices import unit_tables
from engine.optimizer.workspace import location_costs, weigh_all

MINUTES_PER_DAY = 1440
WAITING_DAYS_MAX = 21
"""Days that a parcel waits at the most for those that must arrive with it."""

UNIT_TERM_MICROS_MAX = 10**12
"""A term of one unit beyond that is a mistake of the folder: the unit does not go that way."""


class Candidates(NamedTuple):
    """A problem with what its indexes mean. `problem` is None when no line can be shipped even in part."""

    problem: Problem | None
    lines: tuple[int, ...]
    """Lines of the basket that the problem holds, in its order."""
    columns: Columns
    via: int = -1
    """The location that everything is collected at: then `columns.service` holds transfer lanes, −1 for its own stock."""

    def loads(self, placements: Iterable[Placement]) -> tuple[Load, ...]:
        """What ships, a load for each column in use."""
        by_column: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for line, column, quantity in placements:
            if column >= 0 and quantity > 0:
                by_column[column].append((self.lines[line], quantity))
        facts, is_carried = self.columns, self.via < 0
        return tuple(
            Load(
                facts.location.item(c), facts.service.item(c) if is_carried else -1, facts.start_minute.item(c),
                facts.day.item(c), facts.handover.item(c), facts.earliest.item(c), facts.latest.item(c), tuple(quantities),
                self.via, -1 if is_carried else facts.service.item(c),
            )
            for c, quantities in sorted(by_column.items())
        )  # fmt: skip


class Starts(NamedTuple):
    """Entries [e] of (location, start): now or when a receipt arrives, moved on to a day with capacity left."""

    location: Ints
    minute: Ints
    day: Ints
    capacity_left: Ints


WHOLE_TOTAL_MICROS = 2**53
"""Charged for all of a line that should be had whole: eight times what all are charged where units short have no price."""


class ShipRequest(NamedTuple):
    """Lines of a basket to ship, by which services (indexes), within the limits of basket and policy."""

    lines: tuple[int, ...]
    services: tuple[int, ...]
    on_day: tuple[tuple[int, int], ...] = ()
    """(line, the local day on which it must be delivered)."""
    whole: tuple[int, ...] = ()
    """Lines that should be had whole before anything else is."""
    collected_at: int = -1
    """The location that the lines are collected at, by transfer or of its own stock; −1: they go to the destination."""
    is_sent_on: bool = False
    """Whether what comes together there is sent on by a carrier, not collected."""


def ship_candidates(scene: Scene, lanes: Lanes, request: ShipRequest) -> Candidates:
    """Every column that could ship some of the lines, in order of preference (priority, date, location, service)."""
    lines = [scene.basket.lines[i] for i in request.lines]
    items = tuple(dict.fromkeys(line.item for line in lines))
    eligible = eligible_locations(scene, lanes)
    floor = np.stack([scene.floor(item) for item in items])
    units = units_now(scene, items, floor)
    starts = starting_entries(scene, eligible, lines, items, units)
    starts = with_waiting(scene, starts, request)
    columns, left = dated_columns(scene, lanes, starts, request.services)
    available = available_units(scene, items, columns, units, floor)
    item = np.array([items.index(line.item) for line in lines], np.int64)
    allowed = allowed_columns(scene, lines, columns)
    least = [min(line.quantity, max(1, line.min_split_quantity)) for line in lines]
    allowed &= available[item] >= np.array(least, np.int64)[:, None]
    for i, day in request.on_day:
        if i in request.lines:
            allowed[request.lines.index(i)] &= delivery_days(scene, columns.latest) == day
    quantity = coverable(scene, request.lines, item, columns.location, allowed, available)
    held = np.flatnonzero(quantity)
    planned = tuple(request.lines[j] for j in held)
    problem = None
    if planned:
        keep = np.flatnonzero(allowed[held].any(axis=0))
        columns = Columns(*(values[keep] for values in columns))
        problem = priced_problem(
            scene, lanes, planned, quantity[held], item[held], columns, np.ascontiguousarray(allowed[np.ix_(held, keep)]),
            np.ascontiguousarray(available[:, keep]),
            left[keep],
        )  # fmt: skip
        if request.whole:
            problem = problem._replace(short_micros=dearer(problem.short_micros, planned, quantity[held], request.whole))
    return Candidates(problem, planned, columns)


def available_units(scene: Scene, items: tuple[int, ...], columns: Columns, units: Ints, floor: Ints) -> Ints:
    """[k, c]: units of each item that each column can promise; units and floor [k, L], of what is there now."""
    available = np.empty((len(items), len(columns.location)), np.int64)
    matrix, rows = scene.stock.matrix, np.array(items, np.int64)
    units_of_columns(
        columns.location, columns.start_minute, scene.start_minute, units, matrix.row_start[rows], matrix.row_count[rows],
        floor, np.stack([scene.item_pools(item) for item in items]), matrix.slot_available_at, matrix.slot_pool,
        matrix.slot_sellable, matrix.location, matrix.slot, matrix.supply, matrix.demand, available,
    )  # fmt: skip
    return available


def dearer(short_micros: Ints, planned: tuple[int, ...], quantity: Ints, whole: tuple[int, ...]) -> Ints:
    """[n]: short_micros, but for lines to be had whole, of which a unit short costs more than any plan without would save."""
    is_whole = np.isin(np.array(planned), whole)
    return np.where(is_whole, np.maximum(short_micros, WHOLE_TOTAL_MICROS // quantity), short_micros)


def units_now(scene: Scene, items: tuple[int, ...], floors: Ints) -> Ints:
    """[k, L]: units of each item that can be promised of what is there now, but for the floors [k, L]."""
    matrix, count = scene.stock.matrix, len(scene.image.location_ids)
    units = np.empty((len(items), count), np.int64)
    scored = np.empty((1, count), np.int32)
    for k, (item, floor) in enumerate(zip(items, floors, strict=True)):
        start, rows, pools = matrix.row_start[item], matrix.row_count[item], scene.item_pools(item)
        flags = score_row(
            start, rows, start, scene.start_minute, scene.start_minute, pools[None], 0,
            np.minimum(floor, UNITS_MAX).astype(np.int32)[None], 0, matrix.slot_available_at, matrix.slot_pool,
            matrix.slot_sellable, matrix.location, matrix.slot, matrix.supply, matrix.demand, scored, 0,
        )  # fmt: skip
        units[k] = scored[0]
        if flags & FULL:
            by_now, by_latest, first, last = np.zeros((4, count), np.int64)
            gather_available(
                start, rows, scene.start_minute, scene.start_minute, pools, floor, matrix.slot_available_at,
                matrix.slot_pool, matrix.slot_sellable, matrix.location, matrix.slot, matrix.supply, matrix.demand, by_now,
                by_latest, first, last,
            )  # fmt: skip
            units[k] = by_now
    return units


def starting_entries(
    scene: Scene, eligible: NDArray[np.bool_], lines: list[BasketLine], items: tuple[int, ...], units: Ints
) -> Starts:
    """Eligible locations that have something now, and each date at which a receipt of one of the items lands there."""
    image, stock, matrix = scene.image, scene.stock, scene.stock.matrix
    rows = np.array(items, np.int64)
    counts = matrix.row_count[rows]
    keys = np.empty(len(image.location_ids) + int(counts.sum()), np.int64)
    size = len(keys)
    while True:
        out = np.empty((4, size), np.int64)
        count = start_entries(
            scene.start_minute, scene.last_minute, eligible, units, matrix.row_start[rows], counts, matrix.slot_available_at,
            matrix.location, matrix.slot, image.profile_index, image.capacity_per_day, image.capacity_unit, len(lines),
            sum(line.quantity for line in lines), stock.capacity_used.T, stock.first_day, scene.horizon.tables, keys, *out,
        )  # fmt: skip
        if count <= size:
            return Starts(*out[:, :count])
        size = count


def with_waiting(scene: Scene, starts: Starts, request: ShipRequest) -> Starts:
    """The entries, and those at which work is put off for what must not be there sooner than it is asked for."""
    if request.on_day:
        starts = waiting(scene, starts, max(day for _, day in request.on_day))
    # A day more: what leaves on the day itself may be there at an hour before the one that is asked for.
    days = {scene.basket.lines[i].earliest_minute // MINUTES_PER_DAY + 1 for i in request.lines}
    for day in sorted(day for day in days if day > scene.start_minute // MINUTES_PER_DAY):
        starts = waiting(scene, starts, day)
    return starts


def waiting(scene: Scene, starts: Starts, until_day: int) -> Starts:
    """The entries, and for each location the first minutes of the days until then: what must not arrive sooner waits there."""
    image, stock, tables = scene.image, scene.stock, scene.horizon.tables
    more: list[tuple[int, ...]] = []
    first = until_day - min(WAITING_DAYS_MAX, until_day - scene.start_minute // MINUTES_PER_DAY)
    for location in dict.fromkeys(starts.location.tolist()):
        profile, limit = image.profile_index.item(location), image.capacity_per_day.item(location)
        for day in range(max(first, tables.first_day), min(until_day + 1, tables.first_day + scene.horizon.day_count)):
            minute = tables.profile_days.item(profile, day - tables.first_day, START)
            if minute > scene.start_minute:
                entry = day_with_capacity(location, minute, profile, limit, 0, stock.capacity_used.T, stock.first_day, tables)
                more.append((location, *map(int, entry)))
    added = np.array(more, np.int64).reshape(-1, 4).T
    return Starts(*(np.concatenate(pair) for pair in zip(starts, added, strict=True)))


def dated_columns(scene: Scene, lanes: Lanes, starts: Starts, services: tuple[int, ...]) -> tuple[Columns, Ints]:
    """Columns in order of preference, and the capacity each has left."""
    size = len(starts.location) * max(1, len(services))
    entry, service, handover, earliest, latest = np.empty((5, size), np.int64)
    count = 0
    if size and services:
        count = date_columns(
            starts.location, starts.minute, np.array(services, np.int64), scene.image.profile_index, lanes.zone_index,
            lanes.transit_days, scene.horizon.tables, entry, service, handover, earliest, latest,
        )  # fmt: skip
    entry = entry[:count]
    location, priority = starts.location[entry], scene.image.priority[starts.location[entry]]
    if scene.policy.order_by is OrderBy.DISTANCE:
        first = (service[:count], latest[:count], location, lanes.distance_meters[location])
    elif scene.policy.order_by is OrderBy.PRIORITY:
        first = (service[:count], latest[:count], location, priority)
    else:
        first = (service[:count], location, latest[:count], priority)
    order = np.lexsort(first)
    entry = entry[order]
    columns = Columns(
        starts.location[entry], service[order], starts.minute[entry], handover[order], earliest[order], latest[order],
        starts.day[entry],
    )  # fmt: skip
    return columns, starts.capacity_left[entry]


def priced_problem(
    scene: Scene, lanes: Lanes, planned: tuple[int, ...], quantity: Ints, item: Ints, columns: Columns,
    allowed: NDArray[np.bool_], available: Ints, capacity_left: Ints,
) -> Problem:  # fmt: skip
    """The problem with every cost weighed by the policy."""
    image, policy, weights = scene.image, scene.policy, scene.weights_ppm
    lines = [scene.basket.lines[i] for i in planned]
    where = columns.location
    rows, price_row, row_service = price_rows(lanes.zone_index[columns.service, where], columns.service, len(image.zones))
    item_index = np.array([line.item for line in lines], np.int64)
    fixed, pick, unit = location_costs(scene)
    fixed = fixed + weigh_all(lanes.distance_meters // 1000, weights[Term.DISTANCE])
    fixed = fixed[where] + weigh_all(shipment_penalties(scene, lanes, where, columns.service), weights[Term.PENALTY])
    line_micros = np.tile(pick[where], (len(lines), 1))
    late_unit = late_micros(scene, lines, columns.latest) if policy.late_micros_per_day else None
    sets = whole_sets(scene, planned)
    limit = image.capacity_per_day[where]
    opening = fixed + weigh_all(capacity_table(policy.capacity_price_micros, capacity_left, limit), weights[Term.CAPACITY])
    allowed, shared_unit, line_unit = weigh_units(scene, lanes, item_index, quantity, columns, allowed, late_unit)
    parts = np.array(line_locations(scene, planned), np.int64)
    whole = (parts <= 1) | (quantity <= 1)
    line_micros += np.where(whole[:, None], line_unit * quantity[:, None], 0)
    line_unit = np.where(whole[:, None], 0, line_unit)
    short = SHORT_TOTAL_MICROS // max(1, int(quantity.sum()))
    if scene.short_micros is not None:
        short = scene.short_micros
    return new_problem(
        quantity=quantity, item=item, grams=image.weight_grams[item_index], volume=image.volume_mm3[item_index],
        short_micros=np.full(len(lines), short, np.int64), line_locations_max=parts, allowed=allowed, location=where,
        fixed=opening, line_micros=line_micros, unit_micros=unit[where] + shared_unit, available=available,
        capacity_kind=image.capacity_unit[where], capacity_left=capacity_left, price_row=price_row, zone=rows,
        divisor=image.dimensional_divisor[row_service], package_grams_max=image.max_package_grams[row_service],
        tariffs=Tariffs(image.tariff_start, image.tariff_max_grams, image.tariff_price_micros, image.tariff_per_kg_micros),
        split_micros=scene.split_micros, carrier_weight_ppm=weights[Term.CARRIER], locations_max=scene.locations_max,
        ranked=policy.order_by is not OrderBy.COST, sets=np.array(sets, np.int64) if len(set(sets)) < len(sets) else None,
        line_unit_micros=line_unit if line_unit.any() else None,
    )  # fmt: skip


def late_micros(scene: Scene, lines: list[BasketLine], latest: Ints) -> Ints:
    """[n, c]: what a unit of each line costs by being late, before weighting, where it is delivered by `latest` [c]."""
    due = np.array([line.latest_minute for line in lines], np.int64)[:, None]
    days = np.where(due == NO_LATEST, 0, -(-np.maximum(0, latest - due) // MINUTES_PER_DAY))
    return days * scene.policy.late_micros_per_day


def weigh_units(
    scene: Scene, lanes: Lanes | None, item: Ints, quantity: Ints, columns: Columns, allowed: NDArray[np.bool_],
    late_unit: Ints | None = None,
) -> tuple[NDArray[np.bool_], Ints, Ints]:  # fmt: skip
    """(`allowed` without units beyond safe sums; weighted micros per unit of any line [c]; and of each beyond that [n, c]).

    lanes None: nothing goes by a carrier. late_unit [n, c]: what a unit costs by being late, before weighting.
    """
    image, price = scene.image, scene.policy.carbon_micros_per_kg
    tables = unit_tables(scene, item, columns.location, is_shipped=lanes is not None)
    if price and lanes is not None:
        meters = lanes.distance_meters[columns.location].astype(np.int64)
        rates = image.co2_grams_per_tonne_km[columns.service]
        tables.append((Term.CARBON, carbon_table(image.weight_grams[item], meters, rates, price)))
    if late_unit is not None and late_unit.any():
        tables.append((Term.LATENESS, late_unit))
    if not tables:
        return allowed, np.zeros(len(columns.location), np.int64), np.zeros(allowed.shape, np.int64)
    raw, weighted = np.zeros((2, *allowed.shape), np.int64)
    safe = np.ones(allowed.shape, np.bool_)
    for term, table in tables:
        within = table <= UNIT_TERM_MICROS_MAX
        micros = np.where(within, table, 0)
        raw, weighted, safe = raw + micros, weighted + weigh_all(micros, scene.weights_ppm[term]), safe & within
    most = (MICROS_MAX // quantity)[:, None]
    safe = safe & (raw <= most) & (weighted <= most)
    weighted = np.where(safe, weighted, 0)
    shared = weighted.min(axis=0)
    return allowed & safe, shared, weighted - shared


def price_rows(zone: NDArray[np.int32], service: Ints, zone_count: int) -> tuple[Ints, Ints, Ints]:
    """(the zones in use, ascending; which of them each column is in; the service of each)."""
    service_of = np.full(zone_count, -1, np.int64)
    service_of[zone] = service
    rows = np.flatnonzero(service_of >= 0)
    index = np.cumsum(service_of >= 0) - 1
    return rows, index[zone], service_of[rows]
