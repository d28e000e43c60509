"""The problem of what is collected at one location: each line of its own stock there, or of another's by a transfer lane.

As any problem: columns are locations by lane and start, each with the minute at which the customer may come, none of them
with a carrier. A location is in the plan once, also the one collected at.
"""

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import BasketLine, DeliveryMethod
from engine.domain.enums import OrderBy, Term
from engine.kernels.entries import day_with_capacity
from engine.kernels.routes import OWN_STOCK, route_columns
from engine.network.columns import UNLIMITED, frozen
from engine.network.image import Lanes
from engine.optimizer.candidates import (
    Candidates,
    ShipRequest,
    Starts,
    available_units,
    dearer,
    ship_candidates,
    starting_entries,
    units_now,
    weigh_units,
    with_waiting,
)
from engine.optimizer.limits import coverable, delivery_days, line_locations, line_sources, whole_sets
from engine.optimizer.load import Columns
from engine.optimizer.pickup_dates import start_for
from engine.optimizer.problem import SHORT_TOTAL_MICROS, Ints, Problem, Tariffs, new_problem
from engine.optimizer.scene import Scene
from engine.optimizer.workspace import location_costs, weigh_all

Bools = NDArray[np.bool_]

_NONE = frozen(np.zeros(0, np.int64))
NO_TARIFFS = Tariffs(frozen(np.zeros(2, np.int64)), _NONE, _NONE, _NONE)
"""Those of no carrier: one zone that nobody is in."""


def candidates_of(scene: Scene, lanes: Lanes | None, request: ShipRequest) -> Candidates:
    """Every column that could carry some of the lines, to the destination or to where they are collected."""
    if request.collected_at >= 0:
        return collect_candidates(scene, request)
    assert lanes is not None, "the door asks for a destination where lines are shipped"
    return ship_candidates(scene, lanes, request)


def sources_of(scene: Scene, store: int) -> Bools:
    """[L]: active locations whose stock can be collected at a store: its own, and those that a lane leads from."""
    image = scene.image
    reached = np.zeros(len(image.location_ids), np.bool_)
    reached[image.transfers.from_location[image.transfers.lanes_into(store)]] = True
    reached[store] = True
    return reached & scene.active


def collect_candidates(scene: Scene, request: ShipRequest) -> Candidates:
    """The problem of lines that are collected at one location, in order of preference (priority, date, location, lane)."""
    store, lines = request.collected_at, [scene.basket.lines[i] for i in request.lines]
    items = tuple(dict.fromkeys(line.item for line in lines))
    own = -1 if request.is_sent_on else store
    floor = np.stack([floor_at(scene, item, own) for item in items])
    units = units_now(scene, items, floor)
    starts = with_waiting(scene, starting_entries(scene, sources_of(scene, store), lines, items, units), request)
    starts = starts if request.is_sent_on else with_hours(scene, starts, store, lines)
    columns, left = routed_columns(scene, starts, store, request.is_sent_on)
    available = available_units(scene, items, columns, units, floor)
    item = np.array([items.index(line.item) for line in lines], np.int64)
    allowed = allowed_routes(scene, lines, columns, store)
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
        problem = collection_problem(
            scene, planned, quantity[held], item[held], columns, np.ascontiguousarray(allowed[np.ix_(held, keep)]),
            np.ascontiguousarray(available[:, keep]), left[keep],
        )  # fmt: skip
        if request.whole:
            problem = problem._replace(short_micros=dearer(problem.short_micros, planned, quantity[held], request.whole))
    return Candidates(problem, planned, columns, store)


def with_hours(scene: Scene, starts: Starts, store: int, lines: list[BasketLine]) -> Starts:
    """The entries, and those of the store at which work begins that is done as soon as a line may be there, and no sooner."""
    image, stock, first = scene.image, scene.stock, scene.start_minute
    if not (starts.location == store).any():
        return starts
    profile, limit = image.profile_index.item(store), image.capacity_per_day.item(store)
    begun = {start_for(scene, store, first, line.earliest_minute) for line in lines}
    entries = {
        day_with_capacity(store, minute, profile, limit, 0, stock.capacity_used.T, stock.first_day, scene.horizon.tables)
        for minute in begun
        if minute > first
    }
    known = set(starts.minute[starts.location == store].tolist())
    added = [(store, *map(int, entry)) for entry in sorted(entries) if entry[0] not in known]
    more = np.array(added, np.int64).reshape(-1, 4).T
    return Starts(*(np.concatenate(pair) for pair in zip(starts, more, strict=True)))


def floor_at(scene: Scene, item: int, store: int) -> Ints:
    """[L]: units on hand that are left; at the store (−1: none) by lines that are collected, elsewhere as by any."""
    if store < 0:
        return scene.floor(item)
    floor = scene.floor(item).copy()
    floor[store] = scene.floor(item, is_collected=True).item(store)
    return floor


def routed_columns(scene: Scene, starts: Starts, store: int, is_sent_on: bool) -> tuple[Columns, Ints]:
    """Columns in order of preference, and the capacity each has left; `service` is the lane."""
    image, routes = scene.image, scene.image.routes
    own_profile = image.profile_index if is_sent_on else routes.pickup_profile
    lanes, found = image.transfers.lanes_into(store), image.route_tables(scene.start_minute)
    entry, lane, departure, ready = np.empty((4, len(starts.location) * (len(lanes) + 1)), np.int64)
    count = route_columns(
        starts.location, starts.minute, store, image.profile_index, own_profile, routes.receiving_profile, lanes,
        image.transfers.from_location, image.transfers.transit_days, routes.kind, routes.arrival, found.arrival_minute,
        found.tables, entry, lane, departure, ready,
    )  # fmt: skip
    entry = entry[:count]
    location = starts.location[entry]
    order = np.lexsort((lane[:count], location, ready[:count], image.priority[location]))
    entry, ready = entry[order], ready[order]
    columns = Columns(
        starts.location[entry], lane[order], starts.minute[entry], departure[order], ready, ready, starts.day[entry]
    )
    return columns, starts.capacity_left[entry]


def allowed_routes(scene: Scene, lines: list[BasketLine], columns: Columns, store: int) -> Bools:
    """[n, c]: whether the line's wishes, what its item is and the rules let the column carry it, in time."""
    latest = np.array([line.latest_minute for line in lines], np.int64)
    soonest = np.array([line.earliest_minute for line in lines], np.int64)
    allowed: Bools = (columns.latest <= latest[:, None]) & (columns.earliest >= soonest[:, None])
    for j, line in enumerate(lines):
        sources, able = line_sources(scene, line), scene.image.item_limits.locations(line.item)
        if sources is not None:
            allowed[j] &= sources[columns.location]
        if able is not None and not able[store]:
            # It is the store that hands it over, wherever it comes from.
            allowed[j] = False
        if line.delivery_method is DeliveryMethod.SHIP_TO_STORE:
            allowed[j] &= columns.service != OWN_STOCK
    return allowed


def collection_problem(
    scene: Scene, planned: tuple[int, ...], quantity: Ints, item: Ints, columns: Columns, allowed: Bools, available: Ints,
    capacity_left: Ints,
) -> Problem:  # fmt: skip
    """The problem with every cost weighed by the policy: work where it comes from, and the lane."""
    image, weights = scene.image, scene.weights_ppm
    where, lane, lines = columns.location, columns.service, [scene.basket.lines[i] for i in planned]
    item_index = np.array([line.item for line in lines], np.int64)
    fixed, pick, unit = location_costs(scene)
    of_lane = weigh_all(lane_micros(image.transfers.cost_micros, lane), weights[Term.TRANSFER])
    of_unit = weigh_all(lane_micros(image.transfers.unit_cost_micros, lane), weights[Term.TRANSFER])
    allowed, shared_unit, line_unit = weigh_units(scene, None, item_index, quantity, columns, allowed)
    parts = np.array(line_locations(scene, planned), np.int64)
    whole = (parts <= 1) | (quantity <= 1)
    line_micros = np.tile(pick[where], (len(lines), 1)) + np.where(whole[:, None], line_unit * quantity[:, None], 0)
    line_unit = np.where(whole[:, None], 0, line_unit)
    short = SHORT_TOTAL_MICROS // max(1, int(quantity.sum()))
    if scene.short_micros is not None:
        short = scene.short_micros
    sets, one = whole_sets(scene, planned), np.ones(1, np.int64)
    return new_problem(
        quantity=quantity, item=item, grams=image.weight_grams[item_index], volume=image.volume_mm3[item_index],
        short_micros=np.full(len(lines), short, np.int64), line_locations_max=parts, allowed=allowed, location=where,
        fixed=fixed[where] + of_lane, line_micros=line_micros, unit_micros=unit[where] + shared_unit + of_unit,
        available=available, capacity_kind=image.capacity_unit[where], capacity_left=capacity_left,
        price_row=np.zeros(len(where), np.int64), zone=-one, divisor=0 * one, package_grams_max=UNLIMITED * one,
        tariffs=NO_TARIFFS, split_micros=scene.split_micros, locations_max=scene.locations_max,
        ranked=scene.policy.order_by is not OrderBy.COST,
        sets=np.array(sets, np.int64) if len(set(sets)) < len(sets) else None,
        line_unit_micros=line_unit if line_unit.any() else None,
    )  # fmt: skip


def lane_micros(micros: Ints, lane: Ints) -> Ints:
    """[c]: micros [T] of each column's lane; nothing where it is there."""
    return np.where(lane == OWN_STOCK, 0, np.append(micros, 0)[lane])
