"""When a date cannot be met: the earliest that can, and what that one waits for.

Whether a line can be had whole by a date never turns from yes to no as the date gets later, so the earliest is found by
bisection over the dates on which anything could be there; each question is a plan of its own, with all else as it was asked.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum

import numpy as np

from engine.domain.basket import NO_LATEST, DeliveryMethod
from engine.domain.clock import instant_text
from engine.domain.ids import BACKORDER
from engine.domain.plan import ShortLine
from engine.domain.reasons import Reason
from engine.kernels.dates import START, processing_day
from engine.kernels.entries import UNLIMITED
from engine.kernels.routes import OWN_STOCK
from engine.optimizer.candidates import ShipRequest
from engine.optimizer.collect_candidates import candidates_of
from engine.optimizer.digital import pegs_of
from engine.optimizer.limits import delivery_days, whole_sets
from engine.optimizer.load import Load
from engine.optimizer.scene import Scene
from engine.optimizer.shipping import decide_shipping, need_of
from engine.optimizer.shortage import NODES_MAX, Way, without_soft_limits

LINES_MAX = 10
"""Short lines of one basket that are told their date."""

EVERY_DATE = "lines[].latest_date"
"""Among what a line could be had without, in baskets of many lines: the dates of all."""


class WaitsFor(StrEnum):
    """What keeps a line from being there sooner."""

    RECEIPT = "RECEIPT"
    BACKORDER = "BACKORDER"
    CAPACITY = "CAPACITY"
    CUTOFF = "CUTOFF"
    TRANSFER = "TRANSFER"
    TRANSIT = "TRANSIT"
    OPENING_HOURS = "OPENING_HOURS"
    EARLIEST_DATE = "EARLIEST_DATE"


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
        landed, peg = found[-1]
        return told(scene, short, landed, *receipt_of(scene, short.line, peg.location, landed, WaitsFor.RECEIPT))
    way = Way(scene.lanes, scene.services) if line.is_shipped else Way(None, (), line.pickup_location)
    of_way = tuple(
        i for i, other in enumerate(scene.basket.lines)
        if (other.is_shipped if line.is_shipped else other.pickup_location == line.pickup_location)
        and other.delivery_method is not DeliveryMethod.DIGITAL and i not in scene.left_out
    )  # fmt: skip
    sets = dict(zip(of_way, whole_sets(scene, of_way), strict=True))
    # What belongs together is there together.
    tied = {i for i in of_way if sets[i] == sets[short.line]}
    # A line without a date of its own is late for those of others.
    asked_by = line.latest_minute if line.latest_minute < NO_LATEST else scene.start_minute - 1
    named = {i for i in of_way if {f"{scene.basket.path(i)}.latest_date", EVERY_DATE} & {*short.restricted_by}}
    open_dates = open_dates | named
    request = ShipRequest(of_way, way.services, collected_at=way.collected_at)
    free = candidates_of(dated(scene, tied, open_dates, NO_LATEST), way.lanes, request)
    if free.problem is None or short.line not in free.lines:
        return short

    def there_by(minute: int) -> int | None:
        """When the last of it is there, of what is wanted by a minute; None where it cannot be."""
        chosen = decide_shipping(dated(scene, tied, open_dates, minute), way.lanes, request, NODES_MAX)
        held = sum(units for load in chosen.loads for _, units in load.quantities)
        if held < sum(scene.basket.lines[i].quantity for i in of_way):
            return None
        return max(load.latest for load in loads_of(chosen.loads, tied))

    columns = free.columns.latest[free.problem.allowed[free.lines.index(short.line)]]
    minutes = [asked_by, *(minute for minute in np.unique(columns).tolist() if minute > asked_by)]
    at = bisect_left(minutes, True, lo=1, key=lambda minute: there_by(minute) is not None)
    minute = minutes[at] if at < len(minutes) else None
    if scene.basket.constraints.ship_complete or len(tied) > 1 or line.arrival_set >= 0:
        # Such lines wait for each other, or are put together on the way: they are there at other minutes than of a column.
        had = there_by(NO_LATEST) if minute is None else minute
        minute = None if had is None else earliest_of(there_by, minutes[at - 1], had)
    if minute is None or minute <= asked_by or scene.is_cut():
        return short
    chosen = decide_shipping(dated(scene, tied, open_dates, minute), way.lanes, request, NODES_MAX)
    if not loads_of(chosen.loads, tied):
        return short
    return told(scene, short, minute, *what_binds(scene, short.line, tied, asked_by, chosen.loads))


def loads_of(loads: Iterable[Load], lines: set[int]) -> list[Load]:
    """The loads that hold some of the lines."""
    return [load for load in loads if any(i in lines for i, _ in load.quantities)]


def earliest_of(there_by: Callable[[int], int | None], too_soon: int, minute: int) -> int:
    """The earliest minute by which it can be there, after one that is too soon and up to one by which it can.

    Nearly always that is soon known, since nothing is there a minute before; else the minutes between are halved.
    """
    while too_soon + 1 < minute:
        found = there_by(minute - 1)
        if found is None:
            break
        middle = (too_soon + found) // 2
        sooner = there_by(middle)
        too_soon, minute = (middle, found) if sooner is None else (too_soon, sooner)
    return minute


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


def what_binds(scene: Scene, i: int, tied: set[int], asked_by: int, loads: tuple[Load, ...]) -> tuple[WaitsFor, str]:
    """What a line waits for that is there with these loads, and in words: what holds up the last of those that come with it."""
    basket = scene.basket
    arrival_set = basket.lines[i].arrival_set
    together = tied | {n for n, line in enumerate(basket.lines) if arrival_set >= 0 and line.arrival_set == arrival_set}
    last = max(loads_of(loads, tied), key=lambda load: load.latest)
    coming = sorted(loads_of(loads, together), key=lambda load: (load.latest, load.start_minute), reverse=True)
    days = delivery_days(scene, np.array([last.latest, *(load.latest for load in coming)], np.int64)).tolist()
    for load, day in zip(coming, days[1:], strict=True):
        found = held_up_by(scene, load, loads) if day == days[0] else None
        if found is not None:
            return found
    later = [n for n in sorted(together) if n != i and basket.lines[n].earliest_minute > asked_by]
    if later:
        path = basket.path(later[0])
        return WaitsFor.EARLIEST_DATE, f"it is there together with {path}, and that not before {path}.earliest_date"
    return on_its_way(scene, last)


def held_up_by(scene: Scene, load: Load, loads: tuple[Load, ...]) -> tuple[WaitsFor, str] | None:
    """What one of the loads of a plan waits for; None where it is put off, to be there with others or no sooner than asked."""
    place, profile = scene.image.location_ids[load.location], scene.image.profile_index.item(load.location)
    since = stocked_since(scene, load)
    if load.start_minute > scene.start_minute:
        for i, _ in load.quantities:
            waits_for, text = receipt_of(scene, i, load.location, load.start_minute, None)
            if waits_for is not None:
                return waits_for, text
    if is_full_until(scene, load, since, loads):
        return WaitsFor.CAPACITY, f"{place} has no capacity left before"
    if load.start_minute > since:
        return None
    tables = scene.horizon.tables
    today = int(np.searchsorted(tables.day_start_minute[profile], since, side="right")) - 1
    if processing_day(since, profile, tables) > today:
        return WaitsFor.CUTOFF, f"{place} is past its cutoff, or closed, until the next day of work"
    return on_its_way(scene, load)


def on_its_way(scene: Scene, load: Load) -> tuple[WaitsFor, str]:
    """What takes the time of a load that waits for nothing else."""
    place = scene.image.location_ids[load.location]
    if load.service >= 0:
        return WaitsFor.TRANSIT, f"opening hours, pickup and transit from {place} take until then"
    if load.lane != OWN_STOCK:
        return WaitsFor.TRANSFER, f"the transfer from {place} is there then"
    return WaitsFor.OPENING_HOURS, f"{place} works on it in its opening hours"


def stocked_since(scene: Scene, load: Load) -> int:
    """The minute from which all that a load takes is there."""
    since, is_collected = scene.start_minute, load.service < 0 and load.lane == OWN_STOCK
    for i, units in load.quantities:
        item = scene.basket.lines[i].item
        landings = {
            slot.available_at_minute for at, slot, _, _ in scene.stock.matrix.rows(item)
            if at == load.location and since < slot.available_at_minute <= load.start_minute
        }  # fmt: skip
        for landed in (since, *sorted(landings)):
            since = landed
            if scene.item_stock(item, landed, is_collected).by_latest.item(load.location) >= units:
                break
    return since


def is_full_until(scene: Scene, load: Load, since: int, loads: tuple[Load, ...]) -> bool:
    """Whether no day from a minute on, before that of a load, has what the load takes of it left, next to the other loads."""
    profile, tables = scene.image.profile_index.item(load.location), scene.horizon.tables
    limit, need = scene.image.capacity_per_day.item(load.location), need_of(scene, load)
    first = day = tables.first_day + int(processing_day(since, profile, tables))
    while limit < UNLIMITED and day < load.day:
        others = sum(need_of(scene, other) for other in loads if (other.location, other.day) == (load.location, day))
        if limit - scene.stock.used_on(load.location, day) - others >= need:
            return False
        tomorrow = tables.profile_days.item(profile, day - tables.first_day + 1, START)
        day = tables.first_day + int(processing_day(tomorrow, profile, tables))
    return limit < UNLIMITED and first < load.day


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
