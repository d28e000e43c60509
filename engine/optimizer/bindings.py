"""Which limits bind a plan: those without which, each dropped alone, another plan would be better."""

from collections import Counter

import numpy as np

from engine.domain.enums import Term
from engine.domain.plan import CostTerm, Plan, Shipment, deliveries
from engine.kernels.entries import UNLIMITED
from engine.network.image import Lanes
from engine.optimizer.assemble import shipment_hold
from engine.optimizer.candidates import ShipRequest
from engine.optimizer.decide import decide_basket
from engine.optimizer.direct import Request, decide_direct
from engine.optimizer.explanation import Binding
from engine.optimizer.load import Chosen
from engine.optimizer.location_limit import limit_of
from engine.optimizer.scene import Scene
from engine.optimizer.shipments import shipments_of
from engine.optimizer.shipping import decide_shipping
from engine.optimizer.shortage import CAPACITY, constrained, restrictions_of, ruled

RESTRICTIONS_MAX = 32
"""Limits that are tried; an order with more is told of the first ones."""

COUNTS = ("max_locations", "max_locations_per_order", "max_locations_per_line")
"""Limits that count locations."""


def bindings_of(
    scene: Scene, plan: Plan, lines: tuple[int, ...], services: tuple[int, ...], nodes_max: int
) -> tuple[Binding, ...]:
    """Limits that bind, in the order of `restrictions_of`; each is one decision more, but for those that plainly do not.

    What is collected stays as it is and is held, unless the number of locations is limited: then all is decided anew.
    """
    lanes = scene.lanes
    assert lanes is not None
    is_whole = limit_of(scene) is not None
    collected = [shipment_hold(s) for s in plan.shipments if s.service < 0] if is_whole else []
    counted = plan.shipments if is_whole else tuple(s for s in plan.shipments if s.service >= 0)
    cost, units = cost_of(scene, plan, counted), sum(peg.quantity for s in counted for peg in s.pegs)

    def replan(freed: Scene) -> tuple[int, int]:
        if not is_whole:
            return replan_shipped(freed, lanes, lines, services, nodes_max)
        for hold in reversed(collected):
            scene.stock.release(*hold)
        try:
            other = decide_basket(freed, services, nodes_max)
        finally:
            for hold in collected:
                scene.stock.hold(*hold)
        return cost_of(freed, other, other.shipments), sum(peg.quantity for s in other.shipments for peg in s.pegs)

    found = []
    for restriction in list(restrictions_of(scene))[:RESTRICTIONS_MAX]:
        if is_idle(scene, restriction.field, lines):
            continue
        freed = restriction.without(scene)
        other_cost, other_units = replan(freed)
        more = other_units - units
        saving = cost - other_cost
        if more > 0 or (more == 0 and saving > 0):
            limit, used = measured(scene, restriction.field, plan.shipments)
            price = None
            if limit is not None and restriction.field.rpartition(".")[2] in COUNTS:
                # Of whole numbers, one more is the least there is of a limit.
                eased = with_limit(scene, restriction.field, limit + 1)
                eased_cost, eased_units = replan(eased)
                price = cost - eased_cost if eased_units == units else None
            found.append(Binding(restriction.field, saving if more == 0 else None, more, limit, used, price))
    return tuple(found)


def cost_of(scene: Scene, plan: Plan, shipments: tuple[Shipment, ...]) -> int:
    """What some shipments of a plan cost, with the limits that it breaks as a whole besides those that its shipments break."""
    splits = scene.split_micros * max(0, deliveries(shipments) - 1)
    broken = penalties(plan.terms) - sum(penalties(s.terms) for s in plan.shipments)
    return sum(s.cost_micros for s in shipments) + splits + broken


def with_limit(scene: Scene, field: str, limit: int) -> Scene:
    """The scene with another limit of policy or constraints."""
    owner, _, name = field.rpartition(".")
    return (ruled if owner == "policy" else constrained)(scene, name, limit)


def penalties(terms: tuple[CostTerm, ...]) -> int:
    """What of the terms is for broken limits."""
    return sum(t.weighted_micros for t in terms if t.term is Term.PENALTY)


def is_idle(scene: Scene, field: str, lines: tuple[int, ...]) -> bool:
    """Whether a limit plainly changes nothing: no location lies beyond it, or no day is near to full."""
    image, lanes = scene.image, scene.lanes
    assert lanes is not None
    able = scene.active & image.ships
    if field.endswith("international"):
        return bool((image.country_index[able] == scene.country_wanted).all())
    if field.endswith("max_distance_meters"):
        limit, _ = measured(scene, field, ())
        assert limit is not None
        return bool((lanes.distance_meters[able] <= limit).all())
    if field == CAPACITY and not scene.policy.capacity_price_micros:
        units = sum(scene.basket.lines[i].quantity for i in lines)
        need = np.array([1, len(lines), units], np.int64)[image.capacity_unit]
        roomy = image.capacity_per_day - scene.stock.capacity_used.max(axis=1) >= need
        return bool((roomy | (image.capacity_per_day >= UNLIMITED))[able].all())
    return False


def replan_shipped(
    scene: Scene, lanes: Lanes, lines: tuple[int, ...], services: tuple[int, ...], nodes_max: int
) -> tuple[int, int]:  # fmt: skip
    """(micros without what is short, units) of the best plan of the lines to ship."""
    ((answer,),) = decide_direct((Request(scene, lanes, lines, (services,)),)) if scene.lanes is lanes else ((None,),)
    chosen: Chosen = answer or decide_shipping(scene, lanes, ShipRequest(lines, services), nodes_max)
    shipments = shipments_of(scene, lanes, chosen.loads, {})
    cost = (
        sum(s.cost_micros for s in shipments) + scene.split_micros * max(0, deliveries(shipments) - 1) + chosen.penalty_micros
    )
    return cost, sum(units for load in chosen.loads for _, units in load.quantities)


def measured(scene: Scene, field: str, shipments: tuple[Shipment, ...]) -> tuple[int | None, int | None]:
    """(the limit, what the plan uses of it), in its own unit; None where it is not a number."""
    owner, _, name = field.rpartition(".")
    if name not in (*COUNTS, "max_distance_meters") or owner not in ("policy", "constraints"):
        return None, None
    limit = getattr(scene.policy if owner == "policy" else scene.basket.constraints, name)
    if name == "max_distance_meters":
        return limit, max((s.distance_meters for s in shipments), default=0)
    if name == "max_locations_per_line":
        at = {(peg.line, s.location) for s in shipments for peg in s.pegs}
        return limit, max(Counter(line for line, _ in at).values(), default=0)
    return limit, len({s.location for s in shipments})
