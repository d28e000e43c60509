"""What is collected at one location: of its own stock as long as that is all there is to it, else by way of a problem.

Where no lane leads there and no two lines ask for one item, each line takes what is there, and nothing is left to choose. In
any other case the problem of `collect_candidates` is solved as that of lines to ship is. It knows a location once; a plan that
hands over of the location's own stock at several hours is tried besides.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from engine.domain.basket import DeliveryMethod
from engine.domain.enums import OrderBy
from engine.domain.plan import Shipment
from engine.domain.reasons import Reason
from engine.optimizer.candidates import ShipRequest
from engine.optimizer.pickup import collect_lines
from engine.optimizer.scene import Scene
from engine.optimizer.shipments import shipments_of
from engine.optimizer.shipping import SHORT_UNIT_MICROS, decide_shipping
from engine.optimizer.shortage import Shortage, Shortfall, Way, why_short, without_soft_limits


class Collected(NamedTuple):
    """The shipments of one location, and what its lines are short of."""

    shipments: list[Shipment]
    shortage: Shortage
    gap_micros: int = 0
    """What another plan for these lines may cost less, at the most."""
    nodes: int = 0
    columns: int = 0
    is_cut: bool = False


def decide_collection(scene: Scene, location: int, lines: list[int], nodes_max: int) -> Collected:
    """The best plan of lines that are collected at a location; stock is left as it was."""
    basket = scene.basket.lines
    if not (scene.active[location] and scene.image.pickup[location]):
        return Collected([], {i: Shortfall(basket[i].quantity, Reason.NO_ROUTE) for i in lines})
    own = [i for i in lines if basket[i].delivery_method is DeliveryMethod.PICKUP]
    shipments, short = collect_lines(scene, location, own)
    if not is_choice(scene, location, lines):
        return Collected(shipments, short)
    return best_routed(scene, location, lines, shipments, nodes_max)


def is_choice(scene: Scene, location: int, lines: list[int]) -> bool:
    """Whether the lines may come from elsewhere, get in each other's way, or be left out for less."""
    items = {scene.basket.lines[i].item for i in lines}
    if scene.short_micros is not None and scene.policy.order_by is OrderBy.COST:
        return True
    return len(scene.image.transfers.lanes_into(location)) > 0 or len(items) < len(lines) or any(
        scene.basket.lines[i].delivery_method is DeliveryMethod.SHIP_TO_STORE for i in lines
    )  # fmt: skip


def best_routed(scene: Scene, location: int, lines: list[int], own: list[Shipment], nodes_max: int) -> Collected:
    """The plan of the problem, or that of the location's own stock where it is no worse: it moves nothing."""
    asked, is_complete = tuple(lines), is_all_or_nothing(scene)
    limits = replace(scene.basket.constraints, ship_complete=False)
    if limits.max_locations is not None:
        # It is said of what is shipped (see `location_limit`): what is collected comes from one then.
        limits = replace(limits, max_locations=1)
    free = without_soft_limits(replace(scene, basket=replace(scene.basket, constraints=limits)))
    request = ShipRequest(asked, (), whole=asked if is_complete else (), collected_at=location)
    chosen = decide_shipping(free, None, request, nodes_max)
    routed = shipments_of(free, None, chosen.loads, {})
    if is_complete and units_missing(scene, lines, routed):
        routed = []
    way = Way(None, (), location)
    if scene.policy.order_by is not OrderBy.COST:
        best = own if not units_missing(scene, lines, own) else routed
        missing = units_missing(scene, lines, best)
        return Collected(best, why_short(free, way, asked, missing, is_cut=chosen.is_cut) if missing else {})
    bound = total_micros(scene, lines, routed) - (chosen.objective_micros - chosen.lower_bound_micros)
    best = min((own, routed), key=lambda each: total_micros(scene, lines, each))
    missing = units_missing(scene, lines, best)
    shortage = why_short(free, way, asked, missing, is_cut=chosen.is_cut) if missing else {}
    return Collected(
        best, shortage, max(0, total_micros(scene, lines, best) - bound), chosen.nodes, chosen.columns,
        chosen.is_cut or bool(missing and scene.is_cut()),
    )  # fmt: skip


def is_all_or_nothing(scene: Scene) -> bool:
    """Whether the whole basket must be had."""
    limits = scene.basket.constraints
    return limits.ship_complete and not limits.is_soft("ship_complete")


def joined(one: Collected, other: Collected) -> Collected:
    """Both, the former first."""
    return Collected(
        one.shipments + other.shipments, one.shortage | other.shortage, one.gap_micros + other.gap_micros,
        one.nodes + other.nodes, one.columns + other.columns, one.is_cut or other.is_cut,
    )  # fmt: skip


def total_micros(scene: Scene, lines: Sequence[int], shipments: list[Shipment]) -> int:
    """What shipments cost, with all that is short of the lines."""
    splits = scene.split_micros * max(0, len(shipments) - 1)
    short = sum(units_missing(scene, lines, shipments).values())
    return sum(shipment.cost_micros for shipment in shipments) + splits + short * short_price(scene)


def short_price(scene: Scene) -> int:
    """Of a unit short; where the policy names none, more than any plan."""
    return SHORT_UNIT_MICROS if scene.short_micros is None else scene.short_micros


def units_missing(scene: Scene, lines: Sequence[int], shipments: list[Shipment]) -> dict[int, int]:
    """What shipments leave out of the lines, by line."""
    given = dict.fromkeys(lines, 0)
    for peg in (peg for shipment in shipments for peg in shipment.pegs):
        given[peg.line] += peg.quantity
    basket = scene.basket.lines
    return {i: basket[i].quantity - units for i, units in given.items() if units < basket[i].quantity}
