"""Baskets of which parts go different ways, and what is collected may come from elsewhere: parts that may want the same.

Each part is planned on all there is. Where these plans do not get in each other's way, together they are the best plan. Else
each is planned on what those before it leave, in both orders, and the better one is as good as the parts planned apart allow
to prove. Where a unit short has a price, parts depend on each other by the split penalty too: see `apart`.
"""

from typing import NamedTuple

from engine.domain.enums import OrderBy
from engine.domain.plan import Peg
from engine.domain.reasons import Reason
from engine.kernels.entries import UNLIMITED
from engine.kernels.stock import QUANTITY_MAX
from engine.optimizer.apart import joint_micros, worth_shipping
from engine.optimizer.assemble import peg, shipment_hold
from engine.optimizer.candidates import ShipRequest
from engine.optimizer.collect import (
    Collected,
    decide_collection,
    is_all_or_nothing,
    joined,
    short_price,
    total_micros,
    units_missing,
)
from engine.optimizer.direct import Request, decide_direct
from engine.optimizer.load import Chosen
from engine.optimizer.scene import Scene
from engine.optimizer.shipments import shipments_of
from engine.optimizer.shipping import decide_shipping
from engine.optimizer.shortage import Shortfall, Way, why_short
from engine.optimizer.soft_limits import without_kept


class Part(NamedTuple):
    """Lines that go one way."""

    lines: tuple[int, ...]
    way: Way


class Planned(NamedTuple):
    """A part's plan; `chosen`: of what is shipped. `total` is what it costs with all that is short, `bound` the least."""

    found: Collected
    chosen: Chosen | None
    total: int
    bound: int


def are_coupled(scene: Scene, pickups: dict[int, list[int]], shipped: list[int]) -> bool:
    """Whether parts of a basket may want the same stock or capacity, or one may be left out for less."""
    if len(pickups) + bool(shipped) < 2:
        return False
    if scene.short_micros is not None and scene.policy.order_by is OrderBy.COST:
        return True
    return any(len(scene.image.transfers.lanes_into(location)) for location in pickups)


def decide_parts(scene: Scene, parts: list[Part], nodes_max: int) -> tuple[Collected, Chosen | None]:
    """The best plan of all parts, and what of it is shipped; its proof stands in the former. Stock is left as it was."""
    apart = [decide_part(scene, part, nodes_max) for part in parts]
    best = left_out(scene, parts, apart)
    if not collide(scene, best):
        return together(scene, parts, best, apart)
    ways = [left_out(scene, parts, in_turn(scene, parts, nodes_max))]
    if not scene.is_cut():
        back = left_out(scene, parts, in_turn(scene, parts[::-1], nodes_max)[::-1])
        # Of what is kept for those who collect nothing may be shipped, also once some of it has been collected.
        ways += [back] * (not collide(scene, back))
    best = min(ways, key=lambda planned: joint_total(scene, planned))
    return together(scene, parts, best, apart)


def all_short(scene: Scene, parts: list[Part]) -> list[int]:
    """What each part costs when nothing of it is had."""
    return [sum(scene.basket.lines[i].quantity for i in part.lines) * short_price(scene) for part in parts]


def left_out(scene: Scene, parts: list[Part], planned: list[Planned]) -> list[Planned]:
    """The plans, but for those of parts that cost less short than as one delivery more."""
    if scene.policy.order_by is not OrderBy.COST or is_all_or_nothing(scene):
        return planned
    short = all_short(scene, parts)
    ships = worth_shipping(scene.split_micros, [each.total for each in planned], short)
    return [each if ship or not each.found.shipments else without_shipments(scene, part, each, micros)
            for part, each, micros, ship in zip(parts, planned, short, ships, strict=True)]  # fmt: skip


def without_shipments(scene: Scene, part: Part, planned: Planned, micros: int) -> Planned:
    """Nothing of a part, which costs so much."""
    shortage = {i: Shortfall(scene.basket.lines[i].quantity, Reason.SHORT_IS_CHEAPER) for i in part.lines}
    found = planned.found._replace(shipments=[], shortage=planned.found.shortage | shortage)
    return Planned(found, None, micros, min(planned.bound, micros))


def decide_part(scene: Scene, part: Part, nodes_max: int) -> Planned:
    """The plan of one part on the stock of this moment."""
    lines, way = part.lines, part.way
    if way.collected_at >= 0:
        found, chosen = decide_collection(scene, way.collected_at, list(lines), nodes_max), None
    else:
        assert way.lanes is not None
        ((answer,),) = decide_direct((Request(scene, way.lanes, lines, (way.services,)),))
        chosen = answer or decide_shipping(scene, way.lanes, ShipRequest(lines, way.services), nodes_max)
        shipments = shipments_of(scene, way.lanes, chosen.loads, {})
        missing = units_missing(scene, lines, shipments)
        chosen = without_kept(scene, chosen, shipments, is_short=bool(missing))
        found = Collected(
            shipments, why_short(scene, way, lines, missing, is_cut=chosen.is_cut) if missing else {},
            chosen.objective_micros - chosen.lower_bound_micros, chosen.nodes, chosen.columns, chosen.is_cut,
        )  # fmt: skip
    total = total_micros(scene, lines, found.shipments) + (chosen.penalty_micros if chosen else 0)
    return Planned(found, chosen, total, total - found.gap_micros)


def in_turn(scene: Scene, parts: list[Part], nodes_max: int) -> list[Planned]:
    """Each part on what those before it leave of stock and capacity."""
    planned: list[Planned] = []
    held = []
    for part in parts:
        planned.append(decide_part(scene, part, nodes_max))
        for shipment in planned[-1].found.shipments:
            held.append(shipment_hold(shipment))
            scene.stock.hold(*held[-1])
    for hold in reversed(held):
        scene.stock.release(*hold)
    return planned


def collide(scene: Scene, apart: list[Planned]) -> bool:
    """Whether plans take more of a position or of a day than there is."""
    days: dict[tuple[int, int], int] = {}
    pegs: dict[int, list[Peg]] = {}
    for shipment in (shipment for planned in apart for shipment in planned.found.shipments):
        for each in shipment.pegs:
            pegs.setdefault(each.arena_index, []).append(each)
        key = shipment.location, shipment.capacity_day
        days[key] = days.get(key, 0) + shipment.capacity_quantity
    for (location, day), units in days.items():
        limit = scene.image.capacity_per_day.item(location)
        if limit < UNLIMITED and units > limit - scene.stock.used_on(location, day):
            return True
    return any(is_overdrawn(scene, taken) for taken in pegs.values())


def is_overdrawn(scene: Scene, taken: list[Peg]) -> bool:
    """Whether pegs take more of their position than it has, for the strictest of them."""

    def kept(each: Peg) -> int:
        return scene.floor(each.item, scene.basket.lines[each.line].is_collected_from(each.location)).item(each.location)

    strictest = max(taken, key=kept)
    there = peg(scene, strictest.line, strictest.location, QUANTITY_MAX, scene.last_minute)
    units = sum(each.quantity for each in there if each.arena_index == strictest.arena_index)
    return sum(each.quantity for each in taken) > units


def together(scene: Scene, parts: list[Part], best: list[Planned], apart: list[Planned]) -> tuple[Collected, Chosen | None]:
    """One plan of those of the parts, proven by what each costs at the least by itself."""
    found = Collected([], {})
    for planned in best:
        found = joined(found, planned.found)
    # Of parts that may be left out, of which then no shipment divides the order.
    least = joint_micros(scene.split_micros, [planned.bound for planned in apart], all_short(scene, parts))
    gap = max(0, joint_total(scene, best) - least)
    chosen = next((planned.chosen for planned in best if planned.chosen is not None), None)
    if chosen is not None:
        # Its part of the proof is in the gap of all.
        found = found._replace(nodes=found.nodes - chosen.nodes, columns=found.columns - chosen.columns)
        chosen = chosen._replace(lower_bound_micros=chosen.objective_micros)
    is_cut = gap > 0 and any(planned.found.is_cut for planned in apart)
    return found._replace(gap_micros=gap, is_cut=is_cut), chosen


def joint_total(scene: Scene, planned: list[Planned]) -> int:
    """What the plans cost together: the first shipment of each but the first divides the order too."""
    shipping = sum(bool(each.found.shipments) for each in planned)
    return sum(each.total for each in planned) + scene.split_micros * max(0, shipping - 1)
