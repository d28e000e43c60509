"""Lines collected at a location: where they come from is given, so only stock, capacity and the hour remain."""

from collections.abc import Iterator
from typing import NamedTuple

from engine.domain.basket import NO_LATEST
from engine.domain.plan import Peg, Route, Shipment
from engine.domain.reasons import Reason
from engine.kernels.dates import NEVER
from engine.kernels.entries import UNLIMITED, day_with_capacity, roomier_day
from engine.kernels.subsets import capacity_need
from engine.optimizer.assemble import handling_terms, lead_minutes, peg, unit_terms
from engine.optimizer.limits import whole_sets, wished_locations
from engine.optimizer.pickup_dates import order_by, ready_at, start_for
from engine.optimizer.scene import Scene
from engine.optimizer.shortage import NO_FIELDS, Shortage, Shortfall

COLLECTED_MAX = 2**53
"""Micros, and grams, of one line collected: those of 500 lines add up within int64."""


class Wanted(NamedTuple):
    """What is there of one line, and from when work on it may begin: all has landed, and it is not ready too soon."""

    line: int
    pegs: tuple[Peg, ...]
    arrival: int

    @property
    def units(self) -> int:
        """How many are there."""
        return sum(p.quantity for p in self.pegs)


def collect_lines(scene: Scene, location: int, lines: list[int]) -> tuple[list[Shipment], Shortage]:
    """Shipments to collect at `location`, and per line what is short and why; lines of a set together or not at all."""
    out: Shortage = {}
    while True:
        shipments, short = collect_apart(scene, location, [i for i in lines if i not in out])
        broken = broken_set(scene, lines, shipments, out)
        if not broken:
            return shipments, out | short
        for i in broken:
            reason = short.get(i, Shortfall(0, Reason.RESTRICTED, (f"{scene.basket.path(i)}.ship_set",)))
            out[i] = reason._replace(quantity=scene.basket.lines[i].quantity)


def broken_set(scene: Scene, lines: list[int], shipments: list[Shipment], out: Shortage) -> list[int]:
    """Lines of the first set that is not collected whole in one shipment; those that are out already do not count."""
    sets = dict(zip(lines, whole_sets(scene, lines), strict=True))
    for of_set in dict.fromkeys(sets.values()):
        members = [i for i in lines if sets[i] == of_set and i not in out]
        whole = [
            all(sum(p.quantity for p in s.pegs if p.line == i) == scene.basket.lines[i].quantity for i in members)
            for s in shipments
        ]
        if len(members) > 1 and not any(whole):
            return members
    return []


def collect_apart(scene: Scene, location: int, lines: list[int]) -> tuple[list[Shipment], Shortage]:
    """Shipments to collect at `location`, and per line what is short and why, whatever the sets.

    Each line takes what is there, earliest arrival first. All are collected together, once the last unit has been processed
    within opening hours; lines wanted before that are collected on their own, earlier. The pegs are not held afterwards.
    """
    image = scene.image
    if not (scene.active[location] and image.pickup[location]):
        return [], {i: Shortfall(scene.basket.lines[i].quantity, Reason.NO_ROUTE) for i in lines}
    short: Shortage = {}
    rest = peg_lines(scene, location, lines, short)
    shipments: list[Shipment] = []
    while rest:
        ready = max(ready_at(scene, location, wanted.arrival) for wanted in rest)
        together = [wanted for wanted in rest if scene.basket.lines[wanted.line].latest_minute >= ready]
        rest = [wanted for wanted in rest if wanted not in together]
        shipment = collect_together(scene, location, together, short)
        if shipment is not None:
            shipments.append(shipment)
            # Each is held, since the next one comes out of what is left of the day.
            scene.stock.hold((), [(location, shipment.capacity_day, shipment.capacity_quantity)])
    for shipment in shipments:
        scene.stock.release((), [(location, shipment.capacity_day, shipment.capacity_quantity)])
    return shipments[::-1], short


def peg_lines(scene: Scene, location: int, lines: list[int], short: Shortage) -> list[Wanted]:
    """What stock covers of each line in time, each after the lines before it; what it does not is noted as short."""
    found: list[Wanted] = []
    for i in lines:
        line = scene.basket.lines[i]
        pegs = peg(scene, i, location, line.quantity, min(scene.last_minute, line.latest_minute))
        arrival = max([scene.start_minute, *(scene.stock.matrix.slot_available_at.item(p.slot) for p in pegs)])
        arrival = start_for(scene, location, arrival, line.earliest_minute)
        reason, fields = Reason.NO_STOCK, NO_FIELDS
        wished, sources = wished_locations(scene, line), scene.sources(line.item)
        if sources is not None and not sources[location]:
            pegs = []
        elif wished is not None and not wished[location]:
            pegs, reason, fields = [], Reason.RESTRICTED, (f"{scene.basket.path(i)}.pickup_location_id",)
        elif not may_leave(scene, location, line.item, sum(p.quantity for p in pegs)):
            pegs, reason = [], Reason.NO_ROUTE
        elif pegs and ready_at(scene, location, arrival) > min(line.latest_minute, NEVER - 1):
            pegs, reason = [], Reason.NO_ROUTE
            if line.latest_minute < NO_LATEST:
                reason, fields = Reason.PROMISE_UNREACHABLE, (f"{scene.basket.path(i)}.latest_date",)
        there = sum(p.quantity for p in pegs)
        if there < line.quantity:
            if line.all_or_nothing or there < line.min_split_quantity:
                pegs, there = [], 0
            short[i] = Shortfall(line.quantity - there, reason, fields)
        if pegs:
            found.append(Wanted(i, tuple(pegs), arrival))
            scene.stock.hold([(p.arena_index, p.quantity) for p in pegs], ())
    for wanted in found:
        scene.stock.release([(p.arena_index, p.quantity) for p in wanted.pegs], ())
    return found


def may_leave(scene: Scene, location: int, item: int, units: int) -> bool:
    """Whether a location may hand an item over, and so many units of it neither weigh nor cost more than sums can hold."""
    mask = scene.image.item_limits.locations(item)
    if mask is not None and not mask[location]:
        return False
    terms = handling_terms(scene, location, [units]) + unit_terms(scene, location, [(item, units)], is_shipped=False)
    micros = max(sum(term.raw_micros for term in terms), sum(term.weighted_micros for term in terms))
    most = min(COLLECTED_MAX, 2**62 // len(scene.basket.lines))
    return max(micros, scene.image.weight_grams.item(item) * units) <= most


def collect_together(scene: Scene, location: int, together: list[Wanted], short: Shortage) -> Shipment | None:
    """One shipment of as many of these units as the capacity of one day allows, in time for each line."""
    best: list[Wanted] = []
    best_start = best_day = 0
    need = capacity_of(scene, location, together)
    for start, day, left in roomy_days(scene, location, max(wanted.arrival for wanted in together), need):
        ready = ready_at(scene, location, start)
        taken = within_capacity(scene, location, together, ready, left)
        if sum(w.units for w in taken) > sum(w.units for w in best):
            best, best_start, best_day = taken, start, day
    given = {wanted.line: wanted.units for wanted in best}
    for wanted in together:
        missing = wanted.units - given.get(wanted.line, 0)
        if missing:
            before = short.get(wanted.line, Shortfall(0, Reason.NO_CAPACITY))
            short[wanted.line] = before._replace(quantity=before.quantity + missing)
    return collected(scene, location, best, best_start, best_day) if best else None


def within_capacity(scene: Scene, location: int, together: list[Wanted], ready: int, left: int) -> list[Wanted]:
    """What of the lines in time at `ready` a day's capacity holds, the first of the basket first."""
    kind = scene.image.capacity_unit.item(location)
    taken: list[Wanted] = []
    for wanted in together:
        line = scene.basket.lines[wanted.line]
        if ready >= NEVER or ready > line.latest_minute:
            continue
        units = sum(w.units for w in taken)
        room = wanted.units if capacity_need(kind, len(taken) + 1, 0) <= left else 0
        if kind == 2:
            room = min(wanted.units, left - units)
        if room < wanted.units and (room <= 0 or line.all_or_nothing):
            continue
        taken.append(wanted if room == wanted.units else Wanted(wanted.line, first_units(wanted.pegs, room), wanted.arrival))
    return taken


def first_units(pegs: tuple[Peg, ...], quantity: int) -> tuple[Peg, ...]:
    """The first so many units of the pegs."""
    taken: list[Peg] = []
    for p in pegs:
        units = min(p.quantity, quantity - sum(t.quantity for t in taken))
        if units:
            taken.append(p._replace(quantity=units))
    return tuple(taken)


def collected(scene: Scene, location: int, lines: list[Wanted], start: int, day: int) -> Shipment:
    """The shipment of these lines, with work on it from `start` on."""
    image = scene.image
    pegs = tuple(p for wanted in lines for p in wanted.pegs)
    ready = ready_at(scene, location, start)
    limited = image.capacity_per_day.item(location) < UNLIMITED
    terms = handling_terms(scene, location, [wanted.units for wanted in lines])
    terms += unit_terms(scene, location, [(scene.basket.lines[w.line].item, w.units) for w in lines], is_shipped=False)
    return Shipment(
        location=location, route=Route.PICKUP, service=-1, pegs=pegs, pick_by_minute=ready, handover_by_minute=ready,
        order_by_minute=order_by(scene, location, start, ready) - lead_minutes(scene, pegs), delivery_earliest_minute=ready,
        delivery_latest_minute=ready,
        capacity_day=day, capacity_quantity=capacity_of(scene, location, lines) if limited else 0,
        weight_grams=sum(image.weight_grams.item(p.item) * p.quantity for p in pegs), distance_meters=0, co2_grams=0,
        terms=tuple(term for term in terms if term.raw_micros), start_minute=start,
    )  # fmt: skip


def capacity_of(scene: Scene, location: int, lines: list[Wanted]) -> int:
    """What the lines together take of a day."""
    return int(capacity_need(scene.image.capacity_unit.item(location), len(lines), sum(w.units for w in lines)))


def roomy_days(scene: Scene, location: int, minute: int, need: int) -> Iterator[tuple[int, int, int]]:
    """(start minute, local day, capacity left) of the first day with any left, then of each with more, until all fits."""
    image, stock, tables = scene.image, scene.stock, scene.horizon.tables
    profile, limit = image.profile_index.item(location), image.capacity_per_day.item(location)
    used = stock.capacity_used.T, stock.first_day, tables
    start, day, left = day_with_capacity(location, minute, profile, limit, 0, *used)
    while left:
        yield int(start), int(day), int(left)
        start, day, left = roomier_day(location, day, profile, limit, left, need, *used)
