"""What a basket and its policy allow: which locations and columns may carry a line, and what belongs together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import BasketLine
from engine.kernels.columns import cover_lines
from engine.network.image import Lanes
from engine.optimizer.load import Columns
from engine.optimizer.problem import Ints
from engine.optimizer.scene import Scene

EPOCH = date(1970, 1, 1)

STANDARD = "STANDARD"
"""The service level that locations for express orders only do not ship by."""


def eligible_locations(scene: Scene, lanes: Lanes) -> NDArray[np.bool_]:
    """[L]: active locations that ship, within the country and distance the basket and its policy allow."""
    image, limits = scene.image, scene.basket.constraints
    eligible: NDArray[np.bool_] = image.active & image.ships
    if scene.country_wanted >= 0:
        eligible = eligible & (image.country_index == scene.country_wanted)
    asked = None if limits.is_soft("max_distance_meters") else limits.max_distance_meters
    farthest = [d for d in (asked, scene.policy.max_distance_meters) if d is not None]
    return eligible & (lanes.distance_meters <= min(farthest)) if farthest else eligible


def allowed_columns(scene: Scene, lines: list[BasketLine], columns: Columns) -> NDArray[np.bool_]:
    """[n, c]: whether the line's own wishes (locations, service level, latest date) let the column carry it."""
    allowed = np.ones((len(lines), len(columns.location)), np.bool_)
    levels = np.array(scene.image.service_level_index, np.int64)[columns.service]
    item_limits = scene.image.item_limits
    for j, line in enumerate(lines):
        for mask, index in (
            (item_limits.locations(line.item), columns.location),
            (item_limits.services(line.item), columns.service),
        ):
            if mask is not None:
                allowed[j] &= mask[index]
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
    limits = scene.basket.constraints
    if limits.express_only and not limits.is_soft("express_only"):
        allowed &= express_services(scene)[columns.service] | ~np.isin(columns.location, limits.express_only)
    return allowed


def express_services(scene: Scene) -> NDArray[np.bool_]:
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
    zone = ZoneInfo(scene.image.network.time_zone)
    minutes, inverse = np.unique(latest, return_inverse=True)
    dates = [datetime.fromtimestamp((minute - 1) * 60, zone).date() for minute in minutes.tolist()]
    days = np.array([(day - EPOCH).days for day in dates], np.int64)
    return days[inverse.reshape(-1)] if len(days) else np.zeros(0, np.int64)


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
    in_set = Counter(whole_sets(scene, lines))
    locations = []
    for i, of_set in zip(lines, whole_sets(scene, lines), strict=True):
        line = scene.basket.lines[i]
        kept_whole = (
            whole or line.ship_complete or in_set[of_set] > 1
            or (i not in limits.may_split and image.item_class_index.item(line.item) in limits.no_split_classes)
        )  # fmt: skip
        locations.append(1 if kept_whole else min([*most, line.max_splits + 1 if line.max_splits else 2**31]))
    return locations


def coverable(
    scene: Scene, lines: tuple[int, ...], item: Ints, location: Ints, allowed: NDArray[np.bool_], available: Ints
) -> Ints:
    """[n]: at most the part of each line that stock covers, all or nothing where asked.

    Lines of one item share its stock. Where any unit may serve any of them, the first come first, which leaves the solver
    less to do; where wishes differ, each is given all that it could have alone, and the solver decides who goes without. A set
    of which a line is not covered, is not covered at all, and leaves its stock to other lines.
    """
    basket, sets = scene.basket.lines, whole_sets(scene, lines)
    in_set = Counter(sets)
    tied = [in_set[of_set] > 1 for of_set in sets]
    complete = scene.basket.constraints.ship_complete
    whole = np.array([complete or basket[i].fill_or_kill or basket[i].ship_complete for i in lines], np.bool_)
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


def lines_alike(
    scene: Scene, lines: tuple[int, ...], item: Ints, allowed: NDArray[np.bool_], most: Ints, whole: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """[n]: whether any unit of the line's item may serve any of the lines that ask for it, however they are divided."""
    alike = (most >= len(scene.image.location_ids)) & ~whole
    for k in np.flatnonzero(np.bincount(item) > 1):
        rows = np.flatnonzero(item == k)
        due = {scene.basket.lines[lines[j]].latest_minute for j in rows}
        alike[rows] = alike[rows].all() and len(due) == 1 and bool((allowed[rows] == allowed[rows[0]]).all())
    return alike
