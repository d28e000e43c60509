"""From lines and stock to a problem: which locations could ship what, by which service, on which date, at what cost."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import NO_LATEST, BasketLine
from engine.domain.enums import OrderBy, Term
from engine.domain.reasons import Reason
from engine.inventory.matrix import ON_HAND
from engine.kernels.columns import available_by, date_columns
from engine.kernels.dates import processing_day
from engine.kernels.tariffs import weigh
from engine.network.image import Lanes
from engine.optimizer.problem import SHORT_TOTAL_MICROS, Ints, Problem, Tariffs
from engine.optimizer.scene import ItemStock, Scene

MINUTES_PER_DAY = 1440
FULL_DAYS_MAX = 60
"""Days looked ahead for one with capacity left."""

UNLIMITED = 2**61


class Columns(NamedTuple):
    """What each column [c] of a problem stands for; minutes are UTC, `day` the local day whose capacity it takes."""

    location: Ints
    service: Ints
    start_minute: Ints
    handover: Ints
    earliest: Ints
    latest: Ints
    day: Ints


class Candidates(NamedTuple):
    """A problem with what its indexes mean. `problem` is None when no line can be shipped even in part."""

    problem: Problem | None
    lines: tuple[int, ...]
    """Lines of the basket that the problem holds, in its order."""
    items: tuple[int, ...]
    item_stock: tuple[ItemStock, ...]
    columns: Columns
    reasons: dict[int, Reason]
    """Why a line of the basket could be short, should it be."""


class Starts(NamedTuple):
    """Entries [e] of (location, start): now or when a receipt arrives, moved on to a day with capacity left."""

    location: Ints
    minute: Ints
    day: Ints
    capacity_left: Ints


@dataclass(frozen=True, slots=True)
class ShipRequest:
    """Lines of a basket to ship, by which services (indexes), within the limits of basket and policy."""

    lines: tuple[int, ...]
    services: tuple[int, ...]


def ship_candidates(scene: Scene, lanes: Lanes, request: ShipRequest) -> Candidates:
    """Every column that could ship some of the lines, in order of preference (priority, date, location, service)."""
    lines = [scene.basket.lines[i] for i in request.lines]
    items = tuple(dict.fromkeys(line.item for line in lines))
    stock = tuple(scene.item_stock(item) for item in items)
    eligible = eligible_locations(scene, lanes)
    starts = starting_entries(scene, eligible, items, stock)
    columns, left = dated_columns(scene, lanes, starts, request.services)
    available = np.empty((len(items), len(columns.location)), np.int64)
    matrix = scene.stock.matrix
    for k, s in enumerate(stock):
        available_by(
            columns.location, columns.start_minute, scene.start_minute, s.by_now, s.first, s.last, s.floor,
            scene.pool_allowed, matrix.slot_available_at, matrix.slot_pool, matrix.slot_sellable, matrix.slot,
            matrix.supply, matrix.demand, available[k],
        )  # fmt: skip
    item = np.array([items.index(line.item) for line in lines], np.int64)
    allowed = allowed_columns(scene, lines, columns) & (available[item] > 0)
    quantity = coverable(lines, item, columns.location, allowed, available, line_locations(scene, lines))
    reasons = {
        i: short_reason(scene, lanes, scene.basket.lines[i], stock[k], eligible)
        for i, k in zip(request.lines, item, strict=True)
    }
    held = np.flatnonzero(quantity)
    planned = tuple(request.lines[j] for j in held)
    problem = None
    if planned:
        keep = allowed[held].any(axis=0)
        columns = Columns(*(values[keep] for values in columns))
        problem = priced_problem(
            scene, lanes, [lines[j] for j in held], quantity[held], item[held], columns,
            np.ascontiguousarray(allowed[held][:, keep]), np.ascontiguousarray(available[:, keep]), left[keep],
        )  # fmt: skip
    return Candidates(problem, planned, items, stock, columns, reasons)


def eligible_locations(scene: Scene, lanes: Lanes) -> NDArray[np.bool_]:
    """[L]: active locations that ship, within the country and distance the basket and its policy allow."""
    image, limits = scene.image, scene.basket.constraints
    eligible: NDArray[np.bool_] = image.active & image.ships
    international = limits.international if limits.international is not None else scene.policy.international
    if not international and scene.basket.destination is not None:
        country = scene.basket.destination.country_code
        eligible = eligible & np.array([location.country_code == country for location in image.locations], np.bool_)
    farthest = [d for d in (limits.max_distance_meters, scene.policy.max_distance_meters) if d is not None]
    return eligible & (lanes.distance_meters <= min(farthest)) if farthest else eligible


def starting_entries(scene: Scene, eligible: NDArray[np.bool_], items: tuple[int, ...], stock: tuple[ItemStock, ...]) -> Starts:
    """Eligible locations that have something now, and each date at which a receipt of one of the items lands there."""
    now = np.flatnonzero(eligible & np.any([s.by_now > 0 for s in stock], axis=0))
    location, minute = now.tolist(), [scene.start_minute] * len(now)
    matrix = scene.stock.matrix
    landings: set[tuple[int, int]] = set()
    for item in items:
        row = slice(matrix.row_start[item], matrix.row_start[item] + matrix.row_count[item])
        arrival = matrix.slot_available_at[matrix.slot[row]]
        inbound = (arrival > max(ON_HAND, scene.start_minute)) & (arrival <= scene.last_minute)
        landings.update(zip(matrix.location[row][inbound].tolist(), arrival[inbound].tolist(), strict=True))
    for where, when in sorted(landings):
        if eligible[where]:
            location.append(where)
            minute.append(when)
    day, left = [], []
    for i, where in enumerate(location):
        minute[i], at, free = day_with_capacity(scene, where, minute[i])
        day.append(at)
        left.append(free)
    return Starts(*(np.array(values, np.int64) for values in (location, minute, day, left)))


def day_with_capacity(scene: Scene, location: int, minute: int) -> tuple[int, int, int]:
    """(start minute, local day, capacity left) of the first day on which a location has any capacity left."""
    image, horizon, tables = scene.image, scene.horizon, scene.horizon.tables
    profile, limit = int(image.profile_index[location]), int(image.capacity_per_day[location])
    for _ in range(FULL_DAYS_MAX):
        day = int(processing_day(minute, profile, tables))
        if limit >= UNLIMITED or day >= horizon.day_count:
            break
        left = limit - scene.stock.used_on(location, horizon.first_day + day)
        if left > 0:
            return minute, horizon.first_day + day, left
        minute = int(tables.profile_days[profile, day + 1, 0])
    return minute, horizon.first_day + day, UNLIMITED if limit >= UNLIMITED else 0


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


def allowed_columns(scene: Scene, lines: list[BasketLine], columns: Columns) -> NDArray[np.bool_]:
    """[n, c]: whether the line's own wishes (locations, service level, latest date) let the column carry it."""
    allowed = np.ones((len(lines), len(columns.location)), np.bool_)
    levels = np.array(scene.image.service_level_index, np.int64)[columns.service]
    for j, line in enumerate(lines):
        if line.allowed_locations:
            allowed[j] &= np.isin(columns.location, line.allowed_locations)
        if line.excluded_locations:
            allowed[j] &= ~np.isin(columns.location, line.excluded_locations)
        if line.preassigned_location >= 0:
            allowed[j] &= columns.location == line.preassigned_location
        if line.service_level:
            allowed[j] &= levels == scene.image.service_levels.index(line.service_level)
        if line.preferred_services:
            allowed[j] &= np.isin(columns.service, line.preferred_services)
        if not scene.policy.late_micros_per_day:
            allowed[j] &= columns.latest <= line.latest_minute
    return allowed


def line_locations(scene: Scene, lines: list[BasketLine]) -> Ints:
    """[n]: locations a line may be divided over."""
    limits = scene.basket.constraints
    most = [m for m in (limits.max_locations_per_line, scene.policy.max_locations_per_line) if m is not None]
    below = max(limits.no_split_below_micros or 0, scene.policy.no_split_below_micros)
    whole = not scene.policy.allow_split_lines or scene.basket.value_micros < below
    given = [1 if whole else min([*most, line.max_splits + 1 if line.max_splits else 2**31]) for line in lines]
    return np.array(given, np.int64)


def coverable(
    lines: list[BasketLine], item: Ints, location: Ints, allowed: NDArray[np.bool_], available: Ints, most: Ints
) -> Ints:
    """[n]: the part of each line that stock covers; earlier lines of one item come first. All or nothing where asked."""
    quantity = np.array([line.quantity for line in lines], np.int64)
    taken: dict[int, int] = {}
    for j, line in enumerate(lines):
        per_location: dict[int, int] = {}
        for where, units in zip(location[allowed[j]].tolist(), available[item[j]][allowed[j]].tolist(), strict=True):
            per_location[where] = max(units, per_location.get(where, 0))
        best = sorted(per_location.values(), reverse=True)[: int(min(most[j], len(per_location)))]
        cover = min(line.quantity, max(0, sum(best) - taken.get(int(item[j]), 0)))
        if cover < line.quantity and (line.fill_or_kill or line.ship_complete):
            cover = 0
        quantity[j] = cover
        taken[int(item[j])] = taken.get(int(item[j]), 0) + cover
    return quantity


def priced_problem(
    scene: Scene, lanes: Lanes, lines: list[BasketLine], quantity: Ints, item: Ints, columns: Columns,
    allowed: NDArray[np.bool_], available: Ints, capacity_left: Ints,
) -> Problem:  # fmt: skip
    """The problem with every cost weighed by the policy."""
    image, policy, weights = scene.image, scene.policy, scene.weights_ppm
    where = columns.location
    zone = lanes.zone_index[columns.service, where].astype(np.int64)
    rows, price_row = np.unique(zone, return_inverse=True)
    row_service = np.zeros(len(rows), np.int64)
    row_service[price_row] = columns.service
    item_index = np.array([line.item for line in lines], np.int64)
    fixed = (
        weigh_all(image.pack_cost_micros[where], weights[Term.PACK])
        + weigh_all(image.priority[where], weights[Term.PRIORITY])
        + weigh_all(lanes.distance_meters[where] // 1000, weights[Term.DISTANCE])
        + weigh(policy.split_micros, weights[Term.SPLIT])
    )
    line_micros = np.tile(weigh_all(image.pick_cost_micros[where], weights[Term.PICK]), (len(lines), 1))
    if policy.late_micros_per_day:
        due = np.array([line.latest_minute for line in lines], np.int64)[:, None]
        late_days = np.where(due == NO_LATEST, 0, -(-np.maximum(0, columns.latest - due) // MINUTES_PER_DAY))
        line_micros += weigh_all(late_days * policy.late_micros_per_day, weights[Term.LATENESS])
    units = max(1, int(quantity.sum()))
    short = SHORT_TOTAL_MICROS // units
    if policy.short_micros is not None:
        short = weigh(policy.short_micros, weights[Term.SHORT])
    limits = [m for m in (scene.basket.constraints.max_locations, policy.max_locations_per_order) if m is not None]
    return Problem(
        quantity, item, image.weight_grams[item_index], image.volume_mm3[item_index],
        np.full(len(lines), short, np.int64), line_locations(scene, lines), allowed, where, fixed, line_micros,
        weigh_all(image.unit_cost_micros[where], weights[Term.UNIT]), available, image.capacity_unit[where].astype(np.int64),
        capacity_left, price_row.astype(np.int64), rows, image.dimensional_divisor[row_service],
        image.max_package_grams[row_service],
        Tariffs(image.tariff_start, image.tariff_max_grams, image.tariff_price_micros, image.tariff_per_kg_micros),
        int(weigh(policy.split_micros, weights[Term.SPLIT])), weights[Term.CARRIER], min([*limits, 2**31]),
        policy.order_by is not OrderBy.COST,
    )  # fmt: skip


def weigh_all(raw: Ints, weight_ppm: int) -> Ints:
    """`tariffs.weigh`, element by element."""
    return raw // 1_000_000 * weight_ppm + raw % 1_000_000 * weight_ppm // 1_000_000


def short_reason(scene: Scene, lanes: Lanes, line: BasketLine, stock: ItemStock, eligible: NDArray[np.bool_]) -> Reason:
    """Why a line could be short: the first of stock, route, date and capacity that is missing."""
    if int(stock.by_latest[scene.image.active].sum()) < line.quantity:
        return Reason.NO_STOCK
    routed = eligible & (lanes.zone_index >= 0).any(axis=0)
    if int(stock.by_latest[routed].sum()) < line.quantity:
        return Reason.NO_ROUTE
    if line.latest_minute < NO_LATEST:
        return Reason.PROMISE_UNREACHABLE
    return Reason.NO_CAPACITY if (scene.image.capacity_per_day < UNLIMITED).any() else Reason.NO_STOCK
