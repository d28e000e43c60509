"""When a date cannot be met: the earliest that can, and what that one waits for.

Whether a line can be had whole by a date never turns from yes to no as the date gets later, so the earliest is found by
bisection over the dates on which anything could be there; each question is a plan of its own, with all else as it was asked.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

import numpy as np

from engine.domain.basket import NO_LATEST, DeliveryMethod
from engine.domain.clock import instant_text
from engine.domain.ids import BACKORDER
from engine.domain.plan import ShortLine
from engine.domain.reasons import Reason
from engine.kernels.dates import processing_day
from engine.kernels.routes import OWN_STOCK
from engine.optimizer.candidates import ShipRequest
from engine.optimizer.collect_candidates import candidates_of
from engine.optimizer.digital import pegs_of
from engine.optimizer.limits import whole_sets
from engine.optimizer.load import Load
from engine.optimizer.scene import Scene
from engine.optimizer.shipping import decide_shipping
from engine.optimizer.shortage import NODES_MAX, Way, can_be_had, without_soft_limits

LINES_MAX = 10
"""Short lines of one basket that are told their date."""


class WaitsFor(StrEnum):
    """What keeps a line from being there sooner."""

    RECEIPT = "RECEIPT"
    BACKORDER = "BACKORDER"
    CAPACITY = "CAPACITY"
    CUTOFF = "CUTOFF"
    TRANSFER = "TRANSFER"
    TRANSIT = "TRANSIT"
    OPENING_HOURS = "OPENING_HOURS"


def with_next_dates(scene: Scene, short_lines: Iterable[ShortLine]) -> tuple[ShortLine, ...]:
    """Short lines, those that come too late with the earliest date on which they could be had whole, and what it waits for."""
    short_lines = tuple(short_lines)
    late = [short.line for short in short_lines if short.reason is Reason.PROMISE_UNREACHABLE]
    return tuple(
        next_date(scene, short, set(late)) if short.line in late[:LINES_MAX] and not scene.is_cut() else short
        for short in short_lines
    )


def next_date(scene: Scene, short: ShortLine, open_dates: set[int]) -> ShortLine:
    """The line with its date, or as it is where there is none, whatever the date."""
    line = scene.basket.lines[short.line]
    if line.delivery_method is DeliveryMethod.DIGITAL:
        found = pegs_of(dated(scene, {short.line}, {short.line}, NO_LATEST), short.line)
        if sum(peg.quantity for _, peg in found) < line.quantity:
            return short
        minute, peg = found[-1]
        return told(scene, short, minute, *receipt_of(scene, short.line, peg.location, minute, WaitsFor.RECEIPT))
    way = Way(scene.lanes, scene.services) if line.is_shipped else Way(None, (), line.pickup_location)
    of_way = tuple(
        i for i, other in enumerate(scene.basket.lines)
        if (other.is_shipped if line.is_shipped else other.pickup_location == line.pickup_location)
        and other.delivery_method is not DeliveryMethod.DIGITAL and i not in scene.left_out
    )  # fmt: skip
    sets = dict(zip(of_way, whole_sets(scene, of_way), strict=True))
    # What belongs together is there together.
    tied = {i for i in of_way if sets[i] == sets[short.line]}
    request = ShipRequest(of_way, way.services, collected_at=way.collected_at)
    free = candidates_of(dated(scene, tied, open_dates, NO_LATEST), way.lanes, request)
    if free.problem is None or short.line not in free.lines:
        return short
    columns = free.columns.latest[free.problem.allowed[free.lines.index(short.line)]]
    minutes = [minute for minute in np.unique(columns).tolist() if minute > line.latest_minute]
    at = bisect_left(minutes, True, key=lambda minute: can_be_had(dated(scene, tied, open_dates, minute), way, of_way))
    if at == len(minutes) or scene.is_cut():
        return short
    chosen = decide_shipping(dated(scene, tied, open_dates, minutes[at]), way.lanes, request, NODES_MAX)
    last = max(
        (load for load in chosen.loads if any(i in tied for i, _ in load.quantities)),
        key=lambda load: load.latest,
        default=None,
    )
    if last is None:
        return short
    return told(scene, short, minutes[at], *what_binds(scene, short.line, last))


def dated(scene: Scene, lines: set[int], open_dates: set[int], minute: int) -> Scene:
    """The scene in which some lines are wanted by a minute at the latest, and dates that cannot be met are no matter."""
    is_late = scene.policy.late_micros_per_day > 0
    changed = tuple(
        replace(line, latest_minute=minute if i in lines else NO_LATEST if is_late or i in open_dates else line.latest_minute)
        for i, line in enumerate(scene.basket.lines)
    )
    scene = without_soft_limits(scene)
    policy = replace(scene.policy, late_micros_per_day=0, short_micros=None)
    return replace(scene, policy=policy, basket=replace(scene.basket, lines=changed))


def what_binds(scene: Scene, i: int, load: Load) -> tuple[WaitsFor, str]:
    """What a load waits for, and in words."""
    image, place = scene.image, scene.image.location_ids[load.location]
    profile, tables = image.profile_index.item(load.location), scene.horizon.tables
    of_transit, text = WaitsFor.TRANSIT, f"opening hours, pickup and transit from {place} take until then"
    if load.service < 0:
        of_transit, text = WaitsFor.OPENING_HOURS, f"{place} works on it in its opening hours"
        if load.lane != OWN_STOCK:
            of_transit, text = WaitsFor.TRANSFER, f"the transfer from {place} is there then"
    if load.start_minute > scene.start_minute:
        found = receipt_of(scene, i, load.location, load.start_minute, None)
        if found[0] is not None:
            return found[0], found[1]
        return WaitsFor.CAPACITY, f"{place} has no capacity left before"
    first = tables.first_day + int(processing_day(scene.start_minute, profile, tables))
    today = tables.first_day + int(np.searchsorted(tables.day_start_minute[profile], scene.start_minute, side="right")) - 1
    if load.day > first:
        return WaitsFor.CAPACITY, f"{place} has no capacity left before"
    if first > today:
        return WaitsFor.CUTOFF, f"{place} is past its cutoff, or closed, until the next day of work"
    return of_transit, text


def receipt_of(
    scene: Scene, i: int, location: int, minute: int, otherwise: WaitsFor | None
) -> tuple[WaitsFor | None, str]:  # fmt: skip
    """The receipt of a line's item that lands at a location at a minute."""
    place = scene.image.location_ids[location]
    for at, slot, _, _ in scene.stock.matrix.rows(scene.basket.lines[i].item):
        if at == location and slot.available_at_minute == minute:
            if slot.receipt_id == BACKORDER:
                return WaitsFor.BACKORDER, f"{place} has more after its lead time"
            return WaitsFor.RECEIPT, f"receipt {slot.receipt_id} lands at {place} at {instant_text(minute)}"
    return otherwise, f"{place} has it then"


def told(scene: Scene, short: ShortLine, minute: int, waits_for: WaitsFor | None, why: str) -> ShortLine:
    """The short line with its date, also in words."""
    message = f"{short.message}; the earliest is {instant_text(minute)}: {why}"
    return replace(short, message=message, next_minute=minute, waits_for=(waits_for or WaitsFor.TRANSIT).value)
