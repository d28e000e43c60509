"""Units of an order sourced once more: what was declined, changed or moved, on the stock of this moment.

The rest of the order stays as it is. What was promised is kept where that can be; where it cannot, late is better than never.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.basket import Basket, Constraints
from engine.domain.life import ENDED, ShipmentState
from engine.domain.reasons import Refusal
from engine.fulfilment.draft import Draft
from engine.fulfilment.line_units import short_of
from engine.fulfilment.order_record import instant, next_shipment_id
from engine.inventory.live import LiveStock
from engine.inventory.transaction import Cell
from engine.optimizer.scene import Scene
from engine.service.decode import decode_basket
from engine.service.encode import encode_plan
from engine.service.fields import Violations
from engine.service.life import Doing
from engine.service.order_write import Made
from engine.sourcing.cells import home_hold
from engine.sourcing.order import Planned, SourceRequest
from engine.sourcing.reserve import position_of
from engine.sourcing.source import capacities_of, cells_of, plan_order

COUNT_LIMITS = ("max_locations", "no_split_below_micros", "ship_complete")
"""Limits on the whole of a basket, which a part of it says nothing about any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be sourced: units by line, where each may not come from, and until when it was promised."""

    units: Mapping[str, int]
    excluded: Mapping[str, Sequence[str]]
    promised_until: Timestamp | None = None
    allow_backorder: bool = False
    is_strict: bool = False
    """No later than the lines ask for, and within every limit; else what cannot be had so may be had otherwise."""


def source_anew(doing: Doing, asked: Asked, made: Made) -> types_pb2.Plan:
    """Plan units and add what is found to the order; the plan tells what is short. What it takes is added to `made`.

    Raises `Refusal` only where a plan must be strict and the basket cannot be understood any more.
    """
    found: Planned | None = None
    for basket in _baskets(doing, asked):
        planned = _plan(doing, basket)
        if found is None or _short(planned) < _short(found):
            found = planned
        if not planned.plan.short_lines:
            break
    if found is None:
        return types_pb2.Plan(short_lines=_all_short(doing.draft, asked))
    return _added(doing.draft, found, made)


def excluded_by_declines(draft: Draft) -> dict[str, list[str]]:
    """Locations that have declined each line."""
    found: dict[str, list[str]] = {}
    for shipment in draft.order.plan.shipments:
        if shipment.state == types_pb2.SHIPMENT_STATE_DECLINED:
            for part in shipment.lines:
                found.setdefault(part.line_id, []).append(shipment.location_id)
    return found


def _baskets(doing: Doing, asked: Asked) -> Iterator[Basket]:
    """Ways to ask for the units, the one that keeps most of what was promised first."""
    latest = asked.promised_until
    if latest is not None and not asked.is_strict:
        basket = _decoded(doing, asked, latest, is_free=False)
        if basket is not None:
            yield basket
    strict = _decoded(doing, asked, None, is_free=False)
    if strict is not None:
        yield strict
    if not asked.is_strict:
        free = _decoded(doing, asked, None, is_free=True)
        if free is not None:
            yield free


def _decoded(doing: Doing, asked: Asked, latest: Timestamp | None, *, is_free: bool) -> Basket | None:
    """The basket of these units; None where it cannot be asked for, as when a date has passed. `is_free`: without limits."""
    h, order = doing.h, doing.draft.order
    wire = types_pb2.Basket()
    wire.CopyFrom(order.basket)
    wire.ClearField("request_time")
    wire.policy_id = order.policy_id
    del wire.lines[:]
    for line in order.basket.lines:
        units = asked.units.get(line.line_id, 0)
        if not units:
            continue
        part = wire.lines.add()
        part.CopyFrom(line)
        part.quantity = units
        part.excluded_location_ids.extend(asked.excluded.get(line.line_id, ()))
        part.allow_backorder = part.allow_backorder or asked.allow_backorder
        # Components may be declined one by one: those that are still picked elsewhere do not come with them.
        part.kit_parent_line_id, part.kit_ratio = "", 0
        if is_free:
            part.ClearField("latest_date")
        elif latest is not None and (not part.HasField("latest_date") or latest.seconds < part.latest_date.seconds):
            part.latest_date.CopyFrom(latest)
    for name in COUNT_LIMITS if is_free else ("ship_complete",):
        if not asked.is_strict:
            wire.constraints.ClearField(name)
    wrong = Violations()
    basket = decode_basket(wire, "order.basket", h.image, h.now_minute(), h.limits.lines_max, wrong)
    if wrong.invalid or wrong.unknown or wrong.unbuilt:
        if asked.is_strict:
            wrong.check()
        return None
    if is_free:
        return basket
    return replace(basket, constraints=_counted(doing.draft, basket.constraints))


def _counted(draft: Draft, limits: Constraints) -> Constraints:
    """Limits, with the locations that the rest of the order comes from counted."""
    live = {each.location_id for each in draft.order.plan.shipments if each.lines and ShipmentState(each.state) not in ENDED}
    return replace(limits, locations_taken=len(live))


def _plan(doing: Doing, basket: Basket) -> Planned:
    h, draft = doing.h, doing.draft
    request = SourceRequest(draft.request_id, b"", draft.order.order_id, basket, b"")
    try:
        return plan_order(h.image, doing.stock, request, h.limits.nodes_max, h.clock, doing.attempt)
    except Refusal:
        # The policy, or the postal area, is there no more: the network's own policy decides.
        free = replace(request, basket=replace(basket, policy_id=""))
        return plan_order(h.image, doing.stock, free, h.limits.nodes_max, h.clock, doing.attempt)


def _short(planned: Planned) -> int:
    return sum(line.quantity for line in planned.plan.short_lines)


def _all_short(draft: Draft, asked: Asked) -> list[types_pb2.ShortLine]:
    message = "the network does not know the item, or the way to the customer, any more"
    return [
        types_pb2.ShortLine(
            line_id=line.line_id, item_id=line.item_id, short_quantity=units, reason="NO_ROUTE", message=message
        )
        for line in draft.order.basket.lines if (units := asked.units.get(line.line_id, 0))
    ]  # fmt: skip


def _added(draft: Draft, planned: Planned, made: Made) -> types_pb2.Plan:
    """Put what was planned into the order and into what the change takes."""
    scene, plan, order = planned.scene, planned.plan, draft.order
    wire = encode_plan(scene, plan, order.order_id, planned.solve_micros)
    since = instant(draft.now_unix_ms)
    for shipment in wire.shipments:
        shipment.shipment_id = next_shipment_id(order)
        shipment.state_since.CopyFrom(since)
        order.plan.shipments.add().CopyFrom(shipment)
    order.plan.certificate.CopyFrom(wire.certificate)
    add_cost(order.plan.cost, wire.cost, 1)
    taken = capacities_of(scene, plan)
    draft.capacities += tuple((use.location_id, use.day, use.quantity_delta) for use in taken)
    made.cells += cells_of(scene, plan)
    made.capacities += taken
    pegs, days = held_of(scene, planned)
    made.pegs, made.days = (*made.pegs, *pegs), (*made.days, *days)
    made.policy_id = plan.policy_id
    order.network_version = scene.image.version
    return wire


def held_of(scene: Scene, planned: Planned) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
    """What a plan takes of the shared stock, to be shown to what is planned after it."""
    pegs: list[tuple[int, int]] = []
    days: list[tuple[int, int, int]] = []
    for shipment in planned.plan.shipments:
        some, of_day = home_hold(scene, shipment)
        pegs += some
        days += of_day
    return pegs, days


def add_cost(total: types_pb2.CostBreakdown, cost: types_pb2.CostBreakdown, sign: int) -> None:
    """Add a cost to another, term by term; −1: take it away."""
    terms = {each.term: each for each in total.terms}
    for term in cost.terms:
        if term.term not in terms:
            terms[term.term] = total.terms.add(term=term.term, weight=term.weight)
        terms[term.term].raw_micros += sign * term.raw_micros
        terms[term.term].weighted_micros += sign * term.weighted_micros
    total.total_micros += sign * cost.total_micros
    kept = [types_pb2.CostTerm.FromString(each.SerializeToString()) for each in total.terms if each.raw_micros]
    del total.terms[:]
    total.terms.extend(kept)


@contextmanager
def given_back(stock: LiveStock, units: Sequence[tuple[Cell, int]], days: Sequence[tuple[str, int, int]]) -> Iterator[None]:
    """Plan as if units and capacity of the order were free; the stock is as before afterwards."""
    pegs = [(position_of(stock, cell), -quantity) for cell, quantity in units]
    used = [(stock.location_index[place], day, -quantity) for place, day, quantity in days if place in stock.location_index]
    stock.hold(pegs, used)
    try:
        yield
    finally:
        stock.release(pegs, used)


def short_units(draft: Draft, plan: types_pb2.Plan) -> dict[str, tuple[int, types_pb2.ShortLine]]:
    """Units of each line that a plan is short of, a kit as one, and the first reason."""
    found: dict[str, tuple[int, types_pb2.ShortLine]] = {}
    for short in plan.short_lines:
        if short.line_id not in found:
            found[short.line_id] = short_of(plan, short.line_id, draft.ratios), short
    return found
