"""Units of an order sourced once more: what was declined, changed or moved, on the stock of this moment.

The rest of the order stays as it is. What was promised is kept where that can be; where it cannot, late is better than never.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.basket import Basket, Constraints
from engine.domain.life import ENDED, POOLED, ShipmentState
from engine.domain.reasons import Refusal
from engine.fulfilment.draft import Draft
from engine.fulfilment.line_units import short_of
from engine.fulfilment.order_record import instant, next_shipment_id
from engine.optimizer.scene import Scene
from engine.service.decode import decode_basket
from engine.service.encode import encode_plan
from engine.service.fields import Violations
from engine.service.life import Doing
from engine.service.order_write import Made
from engine.sourcing.cells import home_hold
from engine.sourcing.order import Planned, SourceRequest
from engine.sourcing.pooled import last_moment
from engine.sourcing.reserve import position_of
from engine.sourcing.source import capacities_of, cells_of, plan_order, refuse_shortage

COUNT_LIMITS = ("max_locations", "no_split_below_micros", "ship_complete")
"""Limits on the whole of a basket, which a part of it says nothing about any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be sourced: units by line, where each may not come from, and until when it was promised."""

    units: Mapping[str, int]
    excluded: Mapping[str, Sequence[str]]
    promised: Mapping[str, Timestamp] = field(default_factory=dict)
    allow_backorder: bool = False
    is_strict: bool = False
    """All of it, no later than promised and within every limit, or a refusal; else what cannot be had so is had otherwise."""
    location_id: str = ""
    """Chosen by hand: whatever was wished for, it comes from here; empty: free to choose."""
    service_id: str = ""
    """Carrier service chosen by hand."""
    field: str = "lines"
    """What of the request asks for it, for refusals."""


def source_anew(doing: Doing, asked: Asked, made: Made) -> types_pb2.Plan:
    """Plan units and add what is found to the order; the plan tells what is short. What it takes is added to `made`.

    Raises `Refusal` only where it must be strict, and the units cannot be had so.
    """
    if asked.is_strict:
        basket = _decoded(doing, asked, keeps_promise=True, is_free=False)
        assert basket is not None, "what is wrong with it was told"
        planned = _plan(doing, basket)
        refuse_shortage(planned.scene, planned.plan, asked.field)
        return _added(doing.draft, planned, made)
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
    for keeps_promise, is_free in ((True, False), (False, False), (False, True)):
        basket = _decoded(doing, asked, keeps_promise=keeps_promise, is_free=is_free)
        if basket is not None:
            yield basket


def _decoded(doing: Doing, asked: Asked, *, keeps_promise: bool, is_free: bool) -> Basket | None:
    """The basket of these units; None where it cannot be asked for, as when a date has passed. `is_free`: without limits."""
    h, order = doing.h, doing.draft.order
    wire = types_pb2.Basket()
    wire.CopyFrom(order.basket)
    wire.ClearField("request_time")
    wire.policy_id = order.policy_id
    del wire.lines[:]
    for line in order.basket.lines:
        if asked.units.get(line.line_id, 0):
            _ask(wire.lines.add(), line, asked, keeps_promise=keeps_promise, is_free=is_free)
    for name in COUNT_LIMITS if is_free else ("ship_complete",):
        if not asked.is_strict:
            wire.constraints.ClearField(name)
    wrong = Violations()
    basket = decode_basket(wire, "order.basket", h.image, h.now_minute(), h.limits.lines_max, wrong)
    if asked.is_strict:
        wrong.check()
    if wrong.invalid or wrong.unknown or wrong.unbuilt:
        return None
    if is_free:
        return basket
    return replace(basket, constraints=_counted(doing.draft, basket.constraints))


def _ask(part: types_pb2.BasketLine, line: types_pb2.BasketLine, asked: Asked, *, keeps_promise: bool, is_free: bool) -> None:
    """Units of a line as they are asked for."""
    part.CopyFrom(line)
    part.quantity = asked.units[line.line_id]
    part.allow_backorder = part.allow_backorder or asked.allow_backorder
    # Components may be declined one by one: those that are still picked elsewhere do not come with them.
    part.kit_parent_line_id, part.kit_ratio = "", 0
    if asked.location_id:
        del part.allowed_location_ids[:], part.excluded_location_ids[:]
        part.preassigned_location_id = asked.location_id
    else:
        part.excluded_location_ids.extend(asked.excluded.get(line.line_id, ()))
    if asked.service_id:
        part.preferred_carrier_service_ids[:] = [asked.service_id]
    latest = asked.promised.get(line.line_id) if keeps_promise else None
    if is_free:
        part.ClearField("latest_date")
    elif latest is not None and (not part.HasField("latest_date") or latest.seconds < part.latest_date.seconds):
        part.latest_date.CopyFrom(latest)


def _counted(draft: Draft, limits: Constraints) -> Constraints:
    """Limits, with the locations that the rest of the order comes from counted."""
    live = {each.location_id for each in draft.order.plan.shipments if each.lines and ShipmentState(each.state) not in ENDED}
    return replace(limits, locations_taken=len(live))


def _plan(doing: Doing, basket: Basket) -> Planned:
    h, draft = doing.h, doing.draft
    request = SourceRequest(draft.request_id, b"", draft.order.order_id, basket, b"", field="order.basket")
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
    since, is_charged = instant(draft.now_unix_ms), bool(order.plan.shipments)
    for shipment in wire.shipments:
        if is_charged:
            # The customer pays for the delivery that was bought, whatever it takes to keep the promise.
            shipment.fee_micros = 0
        shipment.shipment_id = next_shipment_id(order)
        shipment.state_since.CopyFrom(since)
        order.plan.shipments.add().CopyFrom(shipment)
    if order.hold_reason == POOLED and plan.shipments:
        # It waits for others no longer than this allows.
        until = min(order.hold_until.ToMilliseconds(), last_moment(scene.policy, plan.shipments))
        order.hold_until.CopyFrom(instant(until))
    order.plan.certificate.CopyFrom(wire.certificate)
    add_cost(order.plan.cost, wire.cost, 1)
    taken = capacities_of(scene, plan)
    draft.add_capacity(tuple((use.location_id, use.day, use.quantity_delta) for use in taken))
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


def source_given_back(doing: Doing, asked: Asked, made: Made) -> types_pb2.Plan:
    """As `source_anew`, as if what the order has given back so far were free; the stock is as before afterwards."""
    draft, stock = doing.draft, doing.stock
    draft.settle_capacity(frees=True)
    pegs = [(position_of(stock, cell), -quantity) for cell, quantity in draft.freed]
    places = stock.location_index
    days = [(places[place], day, -quantity) for place, day, quantity in draft.capacities_freed if place in places]
    stock.hold(pegs, days)
    try:
        return source_anew(doing, asked, made)
    finally:
        stock.release(pegs, days)


def short_units(draft: Draft, plan: types_pb2.Plan) -> dict[str, tuple[int, types_pb2.ShortLine]]:
    """Units of each line that a plan is short of, a kit as one, and the first reason."""
    found: dict[str, tuple[int, types_pb2.ShortLine]] = {}
    for short in plan.short_lines:
        if short.line_id not in found:
            found[short.line_id] = short_of(plan, short.line_id, draft.ratios), short
    return found
