"""What a basket and its policy allow: which locations and columns may carry a line, and what belongs together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import BasketLine
from engine.domain.enums import CapacityUnit, Term
from engine.kernels.columns import cover_lines
from engine.kernels.entries import UNLIMITED
from engine.network.calendars import day_number, time_zone
from engine.network.image import Lanes
from engine.optimizer.load import Columns
from engine.optimizer.problem import Ints
from engine.optimizer.scene import Scene

Bools = NDArray[np.bool_]

LINES = list(CapacityUnit).index(CapacityUnit.LINES)
"""The kind of capacity of which a line takes one, whatever its quantity."""

STANDARD = "STANDARD"
"""The service level that locations for express orders only do not ship by."""


def split_by_method(scene: Scene) -> tuple[dict[int, list[int]], list[int]]:
    """Lines to collect, by location in basket order, and lines to ship."""
    pickups: dict[int, list[int]] = {}
    shipped = []
    for i, line in enumerate(scene.basket.lines):
        if i in scene.left_out:
            continue
        if line.is_collected:
            pickups.setdefault(line.pickup_location, []).append(i)
        elif line.is_shipped:
            shipped.append(i)
    return pickups, shipped


def eligible_locations(scene: Scene, lanes: Lanes) -> Bools:
    """[L]: active locations that ship, within the country and distance the basket and its policy allow."""
    image = scene.image
    eligible: Bools = scene.active & image.ships
    if scene.country_wanted >= 0:
        eligible = eligible & (image.country_index == scene.country_wanted)
    farthest = scene.farthest_meters
    return eligible if farthest is None else eligible & (lanes.distance_meters <= farthest)


def wished_locations(scene: Scene, line: BasketLine) -> Bools | None:
    """[L]: locations that the line's own wishes let it come from; None where it wishes nothing of them."""
    if not (line.allowed_locations or line.excluded_locations or line.preassigned_location >= 0):
        return None
    wanted = np.ones(len(scene.image.location_ids), np.bool_)
    if line.allowed_locations:
        wanted[:] = False
        wanted[list(line.allowed_locations)] = True
    wanted[list(line.excluded_locations)] = False
    if line.preassigned_location >= 0:
        wanted &= np.arange(len(wanted)) == line.preassigned_location
    return wanted


def line_sources(scene: Scene, line: BasketLine) -> Bools | None:
    """[L]: locations that may send a line, by its wishes, what its item is, and the rules; None where all may."""
    wished, able = wished_locations(scene, line), scene.image.item_limits.locations(line.item)
    if scene.image.availability is not None:
        ruled = scene.sources(line.item)
        if ruled is not None:
            able = ruled if able is None else able & ruled
    if wished is None or able is None:
        return able if wished is None else wished
    return wished & able


def line_services(scene: Scene, line: BasketLine) -> Bools | None:
    """[S]: carrier services that a line may go by, by its wishes and what its item is; None where it may by all."""
    image = scene.image
    able = image.item_limits.services(line.item)
    if not line.service_level and not line.preferred_services:
        return able
    services = np.ones(len(image.service_ids), np.bool_) if able is None else able.copy()
    if line.service_level:
        services &= image.service_level_index == image.service_levels.index(line.service_level)
    if line.preferred_services:
        services &= np.isin(np.arange(len(services)), line.preferred_services)
    return services


def allowed_columns(scene: Scene, lines: list[BasketLine], columns: Columns) -> Bools:
    """[n, c]: whether the line's own wishes (locations, service level, dates) let the column carry it."""
    allowed = np.tile(columns.latest <= scene.deliver_by, (len(lines), 1))
    for j, line in enumerate(lines):
        sources, services = line_sources(scene, line), line_services(scene, line)
        if sources is not None:
            allowed[j] &= sources[columns.location]
        if services is not None:
            allowed[j] &= services[columns.service]
        if not scene.policy.late_micros_per_day:
            allowed[j] &= columns.latest <= line.latest_minute
        if line.earliest_minute:
            allowed[j] &= columns.earliest >= line.earliest_minute
    limits = scene.basket.constraints
    if limits.express_only and not limits.is_soft("express_only"):
        allowed &= express_services(scene)[columns.service] | ~np.isin(columns.location, limits.express_only)
    return allowed


def express_services(scene: Scene) -> Bools:
    """[S]: services of another level than the standard one."""
    levels = np.array([level != STANDARD for level in scene.image.service_levels], np.bool_)
    return levels[scene.image.service_level_index]


def shipment_penalties(scene: Scene, lanes: Lanes, location: Ints, service: Ints) -> Ints:
    """[c]: what one shipment from each location by each service costs for the soft limits it breaks, before weighting."""
    limits, micros = scene.basket.constraints, np.zeros(len(location), np.int64)
    penalties = dict(limits.penalties)
    if "max_distance_meters" in penalties and limits.max_distance_meters is not None:
        beyond = np.maximum(0, lanes.distance_meters[location] - limits.max_distance_meters)
        micros += beyond * penalties["max_distance_meters"]
    if "express_only" in penalties:
        micros[np.isin(location, limits.express_only) & ~express_services(scene)[service]] += penalties["express_only"]
    return micros


def delivery_days(scene: Scene, latest: Ints) -> Ints:
    """Days since 1970, local to the network, by the end of which the minutes lie: midnight belongs to the day that ends."""
    zone = time_zone(scene.image.network.time_zone)
    minutes, inverse = np.unique(latest, return_inverse=True)
    days = [day_number(datetime.fromtimestamp((minute - 1) * 60, zone).date()) for minute in minutes.tolist()]
    return np.array(days, np.int64)[inverse.reshape(-1)]


def whole_sets(scene: Scene, lines: Iterable[int]) -> list[int]:
    """Of each line the number of its set: lines of one number leave together or not at all, a line of its own has its own."""
    if scene.basket.constraints.ship_complete:
        return [0 for _ in lines]
    return [s if (s := scene.basket.lines[i].ship_set) >= 0 else -1 - i for i in lines]


def line_locations(scene: Scene, lines: Sequence[int]) -> list[int]:
    """Locations that each line may be divided over."""
    limits, policy, image = scene.basket.constraints, scene.policy, scene.image
    most = [m for m in (limits.max_locations_per_line, policy.max_locations_per_line) if m is not None]
    whole = not policy.allow_split_lines or scene.locations_max == 1 or limits.ship_complete
    sets = whole_sets(scene, lines)
    in_set = Counter(sets)
    locations = []
    for i, of_set in zip(lines, sets, strict=True):
        line = scene.basket.lines[i]
        kept_whole = (
            whole or line.ship_complete or in_set[of_set] > 1
            or (i not in limits.may_split and image.item_class_index.item(line.item) in limits.no_split_classes)
        )  # fmt: skip
        locations.append(1 if kept_whole else min([*most, line.max_splits + 1 if line.max_splits else 2**31]))
    return locations


def coverable(scene: Scene, lines: tuple[int, ...], item: Ints, location: Ints, allowed: Bools, available: Ints) -> Ints:
    """[n]: at most the part of each line that stock covers, all or nothing where asked.

    Lines of one item share its stock. Where any unit may serve any of them, the first come first, which leaves the solver
    less to do; where wishes differ, each is given all that it could have alone, and the solver decides who goes without. A set
    of which a line is not covered, is not covered at all, and leaves its stock to other lines.
    """
    basket, sets = scene.basket.lines, whole_sets(scene, lines)
    in_set = Counter(sets)
    tied = [in_set[of_set] > 1 for of_set in sets]
    complete = scene.basket.constraints.ship_complete
    whole = np.array([complete or basket[i].all_or_nothing for i in lines], np.bool_)
    whole |= np.array(tied, np.bool_)
    most, scratch = np.array(line_locations(scene, lines), np.int64), np.empty(len(scene.image.location_ids), np.int64)
    alike = lines_alike(scene, lines, item, allowed, most, whole)
    broken: set[int] = set()
    while True:
        quantity = np.array([basket[i].quantity for i in lines], np.int64)
        out = np.array([of_set in broken for of_set in sets], np.bool_)
        cover_lines(item, location, allowed & ~out[:, None], available, most, whole, alike, scratch, quantity)
        found = {of_set for of_set, t, q in zip(sets, tied, quantity.tolist(), strict=True) if t and not q} - broken
        if not found:
            return quantity
        broken |= found


def lines_alike(scene: Scene, lines: tuple[int, ...], item: Ints, allowed: Bools, most: Ints, whole: Bools) -> Bools:
    """[n]: whether any unit of the line's item may serve any of the lines that ask for it, however they are divided."""
    image = scene.image
    alike = (most >= len(image.location_ids)) & ~whole
    by_line = (image.capacity_unit == LINES) & (image.capacity_per_day < UNLIMITED)
    picked = image.pick_cost_micros.any() and scene.weights_ppm[Term.PICK]
    declined = scene.policy.decline_micros and image.decline_ppm.any() and scene.weights_ppm[Term.DECLINE]
    if by_line.any() or picked or declined:
        # Which of them are served decides how many there are to pick.
        alike[:] = False
    alike &= np.array([scene.basket.lines[i].min_split_quantity <= 1 for i in lines], np.bool_)
    for k in np.flatnonzero(np.bincount(item) > 1):
        rows = np.flatnonzero(item == k)
        due = {scene.basket.lines[lines[j]].latest_minute for j in rows}
        alike[rows] = alike[rows].all() and len(due) == 1 and bool((allowed[rows] == allowed[rows[0]]).all())
    return alike
