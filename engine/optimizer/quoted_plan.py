"""A plan as it was quoted: small enough to be handed out, and made again from it on the stock of another moment.

What a plan consists of is where each shipment comes from, which way and when, and what is in it. Units are pegged anew to
whatever is there in time; all else, the price as well, is as it was, or it is said what has changed.
"""

import struct
from dataclasses import replace
from typing import NamedTuple

from engine.domain.enums import Term
from engine.domain.plan import Certificate, CertificateStatus, CostTerm, Plan, Route, Shipment
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.kernels.entries import UNLIMITED
from engine.kernels.tariffs import weigh
from engine.network.image import NetworkImage
from engine.optimizer.assemble import load_pegs, peg, shipment_hold
from engine.optimizer.collect import Collected
from engine.optimizer.decide import summed_plan
from engine.optimizer.digital import NOWHERE, digital_shipment
from engine.optimizer.load import Chosen, Load
from engine.optimizer.scene import Scene
from engine.optimizer.shipments import consolidated_shipments, shipment_of
from engine.optimizer.shipping import need_of
from engine.optimizer.shortage import Shortfall
from engine.optimizer.substitutes import substitutions

STATUSES = tuple(CertificateStatus)
REASONS = tuple(Reason)
MONEY, HEAD = "<4q", "<7i"


class QuotedPlan(NamedTuple):
    """`capacity_micros`: of each load, what its day's capacity cost then. `short`: (line, units, which reason)."""

    policy: int
    loads: tuple[Load, ...]
    capacity_micros: tuple[int, ...]
    short: tuple[tuple[int, int, int], ...]
    certificate: Certificate
    penalty_raw: int
    penalty_micros: int
    substitutions: tuple[tuple[int, int], ...] = ()
    """(line, item sent instead of the one asked for)."""


def packed(scene: Scene, plan: Plan) -> bytes:
    """A plan as bytes, read by `unpacked`; minutes are counted from the basket's."""
    minute, certificate = scene.basket.request_minute, plan.certificate
    penalty = plan_penalty(plan) if scene.basket.constraints.penalties else (0, 0)
    has_capacity = scene.policy.capacity_price_micros > 0
    capacity = [micros_of(s.terms, Term.CAPACITY)[0] if has_capacity else 0 for s in plan.shipments]
    numbers = [
        policy_index(scene.image, plan.policy_id), STATUSES.index(certificate.status), certificate.candidates,
        certificate.nodes, certificate.cut_by_deadline, len(plan.shipments), len(plan.short_lines),
    ]  # fmt: skip
    for load in map(load_of, plan.shipments):
        numbers += (
            load.location, load.service, load.start_minute - minute, load.day, load.handover - minute,
            load.earliest - minute, load.latest - minute, load.via, load.lane, len(load.quantities),
        )  # fmt: skip
        for pair in load.quantities:
            numbers += pair
    for short in plan.short_lines:
        numbers += short.line, short.quantity, REASONS.index(short.reason)
    money = struct.pack(MONEY, certificate.objective_micros, certificate.lower_bound_micros, *penalty)
    instead = [number for pair in substitutions(scene.basket) for number in pair]
    return money + struct.pack(f"<{len(numbers)}i{len(capacity)}q{len(instead)}i", *numbers, *capacity, *instead)


def load_of(shipment: Shipment) -> Load:
    """The load that a shipment was made of."""
    units: dict[int, int] = {}
    for each in shipment.pegs:
        units[each.line] = units.get(each.line, 0) + each.quantity
    collected = shipment.location if shipment.service < 0 else -1
    if shipment.route is Route.DIGITAL:
        collected = NOWHERE
    return Load(
        shipment.location, shipment.service, shipment.start_minute, shipment.capacity_day, shipment.handover_by_minute,
        shipment.delivery_earliest_minute, shipment.delivery_latest_minute, tuple(units.items()),
        collected if shipment.via < 0 else shipment.via, shipment.lane,
    )  # fmt: skip


def plan_penalty(plan: Plan) -> tuple[int, int]:
    """(raw, weighted) micros of the limits that a plan breaks as a whole, besides those that its shipments break."""
    raw, weighted = micros_of(plan.terms, Term.PENALTY)
    each = [micros_of(s.terms, Term.PENALTY) for s in plan.shipments]
    return raw - sum(r for r, _ in each), weighted - sum(w for _, w in each)


def micros_of(terms: tuple[CostTerm, ...], wanted: Term) -> tuple[int, int]:
    """(raw, weighted) micros of one term."""
    found = [term for term in terms if term.term is wanted]
    return sum(term.raw_micros for term in found), sum(term.weighted_micros for term in found)


def unpacked(data: bytes, minute: int) -> QuotedPlan:
    """The plan that was packed for a basket of that minute."""
    objective, bound, raw, weighted = struct.unpack_from(MONEY, data)
    at = struct.calcsize(MONEY)
    policy, status, candidates, nodes, is_cut, load_count, short_count = struct.unpack_from(HEAD, data, at)
    at += struct.calcsize(HEAD)
    loads = []
    for _ in range(load_count):
        location, service, start, day, handover, earliest, latest, via, lane, count = struct.unpack_from("<10i", data, at)
        pairs = struct.unpack_from(f"<{2 * count}i", data, at + 40)
        at += 40 + 8 * count
        quantities = tuple(zip(pairs[::2], pairs[1::2], strict=True))
        dates = handover + minute, earliest + minute, latest + minute
        loads.append(Load(location, service, start + minute, day, *dates, quantities, via, lane))
    short = tuple(struct.unpack_from("<3i", data, at + 12 * i) for i in range(short_count))
    at += 12 * short_count
    capacity = struct.unpack_from(f"<{load_count}q", data, at)
    instead = tuple(struct.iter_unpack("<2i", data[at + 8 * load_count :]))
    certificate = Certificate(STATUSES[status], objective, bound, candidates, nodes, bool(is_cut))
    return QuotedPlan(policy, tuple(loads), capacity, short, certificate, raw, weighted, instead)


def made_again(scene: Scene, quoted: QuotedPlan, now_minute: int, field: str) -> Plan:
    """The plan on the stock of this moment. Raises `Refusal` QUOTE_CHANGED that names every line and what is different.

    field: the basket's path in the request. Stock is left as it was.
    """
    changes: list[FieldViolation] = []
    made: dict[int, Shipment] = {}
    held = []
    # The first to start has what is there first, as where the plan was made.
    for at in sorted(range(len(quoted.loads)), key=lambda at: quoted.loads[at].start_minute):
        load, capacity_micros = quoted.loads[at], quoted.capacity_micros[at]
        changed = changes_of(scene, load, field)
        if changed:
            changes += changed
            continue
        shipment = priced_as_then(scene, made_of(scene, load), capacity_micros)
        # What is collected of the store's own stock stays promised as long as the quote counts: no carrier leaves without it.
        if shipment.order_by_minute < now_minute and shipment.route is not Route.PICKUP:
            text = f"cutoff: it is too late for {place_of(scene, load)} to hand it over as quoted"
            changes += [FieldViolation(f"{field}.{scene.basket.path(i)}", text) for i, _ in load.quantities]
        made[at] = shipment
        held.append(shipment_hold(shipment))
        scene.stock.hold(*held[-1])
    for hold in reversed(held):
        scene.stock.release(*hold)
    if changes:
        raise changed_refusal(changes)
    shipments = sent_on_together(scene, quoted, [made[at] for at in range(len(quoted.loads))])
    missing = {line: Shortfall(units, REASONS[reason]) for line, units, reason in quoted.short}
    certificate = quoted.certificate
    chosen = Chosen((), 0, 0, 0, 0, quoted.penalty_raw, quoted.penalty_micros)
    plan = summed_plan(scene, shipments, missing, chosen, Collected(shipments, missing))
    if plan.cost_micros != certificate.objective_micros:
        text = f"price: it costs {plan.cost_micros} micros, not {certificate.objective_micros} as quoted"
        raise changed_refusal([FieldViolation("quote_token", text)])
    return Plan(plan.shipments, plan.short_lines, plan.terms, certificate, plan.policy_id)


def sent_on_together(scene: Scene, quoted: QuotedPlan, shipments: list[Shipment]) -> list[Shipment]:
    """The shipments, or where they are put together on their way, what becomes of them there."""
    together = [load for load in quoted.loads if load.via >= 0 and load.service >= 0]
    if not together:
        return shipments
    assert scene.lanes is not None and len(together) == len(shipments), "what comes together is all that is shipped"
    sent = consolidated_shipments(scene, scene.lanes, together)
    return [priced_as_then(scene, s, micros) for s, micros in zip(sent, quoted.capacity_micros, strict=True)]


def made_of(scene: Scene, load: Load) -> Shipment:
    """The shipment of a load, whichever way it goes."""
    if load.via == NOWHERE:
        return digital_shipment(scene, load.location, load.latest, load_pegs(scene, load))
    return shipment_of(scene, scene.lanes, load)


def changed_refusal(changes: list[FieldViolation]) -> Refusal:
    """Refused because the world is another than when the quote was made."""
    message = "; ".join(f"{change.field}: {change.description}" for change in changes[:10])
    return Refusal(Reason.QUOTE_CHANGED, message, tuple(changes))


def changes_of(scene: Scene, load: Load, field: str) -> list[FieldViolation]:
    """Lines of a load of which there is not enough any more, or for which its day has no room left."""
    found, held = [], []
    stock, place = scene.stock, place_of(scene, load)
    for each in {load.location, *([load.via] if load.via >= 0 else [])}:
        if not scene.active[each]:
            text = f"location: {scene.image.location_ids[each]} takes no part any more"
            return [FieldViolation(f"{field}.{scene.basket.path(i)}", text) for i, _ in load.quantities]
    latest = max(load.start_minute, scene.start_minute)
    for i, units in load.quantities:
        pegs = peg(scene, i, load.location, units, latest)
        hold = [(p.arena_index, p.quantity) for p in pegs]
        stock.hold(hold, ())
        held += hold
        there = sum(p.quantity for p in pegs)
        if there < units:
            found.append(FieldViolation(f"{field}.{scene.basket.path(i)}", f"stock: {place} has {there} of {units} units left"))
    stock.release(held, ())
    limit = scene.image.capacity_per_day.item(load.location)
    left = limit - stock.used_on(load.location, load.day)
    if load.via != NOWHERE and limit < UNLIMITED and need_of(scene, load) > left:
        found += [
            FieldViolation(f"{field}.{scene.basket.path(i)}", f"capacity: {place} has no room left on that day")
            for i, _ in load.quantities
        ]
    return found


def priced_as_then(scene: Scene, shipment: Shipment, capacity_micros: int) -> Shipment:
    """The shipment at the price of capacity that it was quoted with: the only one that changes with what others order."""
    weight = scene.weights_ppm[Term.CAPACITY]
    terms = tuple(term for term in shipment.terms if term.term is not Term.CAPACITY)
    if capacity_micros:
        terms += (CostTerm(Term.CAPACITY, capacity_micros, weight, int(weigh(capacity_micros, weight))),)
    return replace(shipment, terms=terms)


def policy_index(image: NetworkImage, policy_id: str) -> int:
    """Which of the network's policies it is; −1: the one that stands where there is none."""
    return next((i for i, policy in enumerate(image.records.policies) if policy.policy_id == policy_id), -1)


def place_of(scene: Scene, load: Load) -> str:
    """Where a load comes from."""
    return scene.image.location_ids[load.location]
