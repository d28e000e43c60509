"""From the domain to the wire."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from belofte.v1 import promise_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.enums import Term
from engine.domain.plan import CertificateStatus, CostTerm, Plan, Route, Shipment, ShortLine
from engine.inventory.matrix import Slot
from engine.network.fees import shipment_fees
from engine.network.policies import policy_version
from engine.optimizer.scene import Scene
from engine.optimizer.substitutes import asked_item, substitutions
from engine.promise.frontier import there_by, units_short
from engine.promise.quote import Quote
from engine.service.quote_tokens import QuoteSigner
from engine.service.words import local_text

PPM = 1_000_000

STATUSES = {
    CertificateStatus.OPTIMAL: types_pb2.CERTIFICATE_STATUS_OPTIMAL,
    CertificateStatus.BOUNDED: types_pb2.CERTIFICATE_STATUS_BOUNDED,
    CertificateStatus.INFEASIBLE: types_pb2.CERTIFICATE_STATUS_INFEASIBLE,
}
ROUTES = {
    Route.SHIP: types_pb2.ROUTE_SHIP,
    Route.PICKUP: types_pb2.ROUTE_PICKUP,
    Route.SHIP_TO_STORE: types_pb2.ROUTE_SHIP_TO_STORE,
    Route.CONSOLIDATION: types_pb2.ROUTE_CONSOLIDATION,
    Route.DIGITAL: types_pb2.ROUTE_DIGITAL,
}

TERM_RANKS = {term: rank for rank, term in enumerate(Term)}


def stamp(minute: int) -> Timestamp:
    """A UTC minute as an instant."""
    return Timestamp(seconds=minute * 60)


def encode_quote(
    quote: Quote, position: str, stale: bool, solve_micros: int, signer: QuoteSigner | None = None
) -> promise_service_pb2.QuotePromiseResponse:
    """The options of a quote, ranked, each with how it differs from the first, and signed."""
    image = quote.scene.image
    wire = promise_service_pb2.QuotePromiseResponse(
        options=[encode_option(quote.scene, plan, rank, solve_micros) for rank, plan in enumerate(quote.options, 1)],
        position=position, network_version=image.version, stale=stale, currency=image.network.currency,
        policy_id=quote.scene.policy.policy_id, policy_version=policy_version(quote.scene.policy),
        nearest_postal_code=quote.scene.nearest_postal_code,
    )  # fmt: skip
    if signer is not None:
        for option, plan in zip(wire.options, quote.options, strict=True):
            option.quote_token, until = signer.sign(quote.scene, plan)
            option.valid_until.CopyFrom(stamp(until))
    for option in wire.options[1:]:
        option.difference.CopyFrom(difference(option, wire.options[0]))
    ranks = {(there_by(plan), plan.cost_micros): rank for rank, plan in reversed([*enumerate(quote.options, 1)])}
    for plan in quote.frontier:
        minute, cost = there_by(plan), plan.cost_micros
        wire.frontier.add(delivery_latest=stamp(minute), cost_micros=cost, option_rank=ranks.get((minute, cost), 0))
    add_short_lines(wire.unavailable, quote.scene, quote.unavailable)
    return wire


def encode_option(scene: Scene, plan: Plan, rank: int, solve_micros: int) -> promise_service_pb2.PromiseOption:
    """One option; its order-by instant is the first cutoff among its shipments."""
    shipments = plan.shipments
    option = promise_service_pb2.PromiseOption(
        rank=rank, plan=encode_plan(scene, plan, f"option-{rank}", solve_micros),
        delivery_earliest=stamp(min(s.delivery_earliest_minute for s in shipments)),
        delivery_latest=stamp(there_by(plan)),
        order_by=first_cutoff(shipments), cost_micros=plan.cost_micros,
        fee_micros=sum(shipment_fees(scene.image, scene.policy, shipments)),
        co2_grams=sum(s.co2_grams for s in shipments), summary=summary(scene, plan),
    )  # fmt: skip
    by_line: dict[str, list[int]] = {}
    for i, line in enumerate(scene.basket.lines):
        by_line.setdefault(line.line_id, []).append(i)
    for line_id, parts in by_line.items():
        carrying = [s for s in shipments if any(peg.line in parts for peg in s.pegs)]
        if carrying:
            # Components of a kit stand for the kit: as many as the first of them is enough for.
            units = sum(p.quantity for s in carrying for p in s.pegs if p.line == parts[0])
            ratio = scene.basket.lines[parts[0]].kit_ratio if len(parts) > 1 else 1
            option.line_promises.add(
                line_id=line_id, quantity=units // max(1, ratio),
                delivery_earliest=stamp(min(s.delivery_earliest_minute for s in carrying)),
                delivery_latest=stamp(max(s.delivery_latest_minute for s in carrying)),
                substitute_item_id=instead_of(scene, parts[0]),
            )  # fmt: skip
    return option


def first_cutoff(shipments: Iterable[Shipment]) -> Timestamp | None:
    """When the first of the shipments that go by a cutoff must have been ordered; None: none does."""
    cutoffs = [s.order_by_minute for s in shipments if s.route is not Route.DIGITAL]
    return stamp(min(cutoffs)) if cutoffs else None


def instead_of(scene: Scene, i: int) -> str:
    """The item that is sent in place of what a line asks for; empty where it is that."""
    line = scene.basket.lines[i]
    return scene.image.item_ids[line.item] if asked_item(line) != line.item else ""


def difference(
    option: promise_service_pb2.PromiseOption, first: promise_service_pb2.PromiseOption
) -> promise_service_pb2.OptionDifference:
    """What an option costs and takes more than the first."""
    return promise_service_pb2.OptionDifference(
        cost_difference_micros=option.cost_micros - first.cost_micros,
        fee_difference_micros=option.fee_micros - first.fee_micros,
        delivery_latest_difference_minutes=(option.delivery_latest.seconds - first.delivery_latest.seconds) // 60,
        shipment_count_difference=len(option.plan.shipments) - len(first.plan.shipments),
        co2_difference_grams=option.co2_grams - first.co2_grams,
    )  # fmt: skip


def summary(scene: Scene, plan: Plan) -> str:
    """One English sentence for a person, in the time of the network."""
    zone = ZoneInfo(scene.image.network.time_zone)
    parts = []
    for shipment in plan.shipments:
        by = local_text(shipment.delivery_latest_minute * 60, zone)
        place = scene.image.location_ids[shipment.location]
        if shipment.route is Route.PICKUP:
            parts.append(f"ready at {place} {by}")
        elif shipment.route is Route.DIGITAL:
            parts.append(f"delivered at once, {by}")
        elif shipment.route is Route.SHIP_TO_STORE:
            parts.append(f"from {place} to {scene.image.location_ids[shipment.via]}, ready there {by}")
        elif shipment.route is Route.CONSOLIDATION:
            meeting, service = scene.image.location_ids[shipment.via], scene.image.service_ids[shipment.service]
            parts.append(f"from {place} to {meeting}, from there together by {service}, there by {by}")
        else:
            parts.append(f"from {place} by {scene.image.service_ids[shipment.service]}, there by {by}")
    parts += [
        f"{scene.image.item_ids[item]} in place of {scene.image.item_ids[asked_item(scene.basket.lines[i])]}"
        for i, item in substitutions(scene.basket)
    ]
    short = units_short(plan)
    return "; ".join(parts) + (f"; {short} units short" if short else "")


def encode_plan(scene: Scene, plan: Plan, shipment_prefix: str, solve_micros: int) -> types_pb2.Plan:
    """A plan with ids in place of indexes; shipments are named `prefix-1`, `prefix-2` …"""
    certificate, fees = plan.certificate, shipment_fees(scene.image, scene.policy, plan.shipments)
    gap = certificate.objective_micros - certificate.lower_bound_micros
    wire = types_pb2.Plan(
        shipments=[
            encode_shipment(scene, shipment, f"{shipment_prefix}-{n}", fee)
            for n, (shipment, fee) in enumerate(zip(plan.shipments, fees, strict=True), 1)
        ],
        cost=encode_cost(plan.terms),
        certificate=types_pb2.Certificate(
            status=STATUSES[certificate.status], objective_micros=certificate.objective_micros,
            lower_bound_micros=certificate.lower_bound_micros,
            gap=gap / certificate.objective_micros if certificate.objective_micros else 0.0,
            candidates=certificate.candidates, nodes=certificate.nodes, cut_by_deadline=certificate.cut_by_deadline,
            solve_micros=solve_micros,
        ),
    )  # fmt: skip
    add_short_lines(wire.short_lines, scene, plan.short_lines)
    return wire


def add_short_lines(wires: Any, scene: Scene, short_lines: Iterable[ShortLine]) -> None:
    """What cannot be promised, and why, into a plan's short lines or a quote's unavailable ones."""
    for short in short_lines:
        line = scene.basket.lines[short.line]
        wires.add(
            line_id=line.line_id, item_id=scene.image.item_ids[asked_item(line)], short_quantity=short.quantity,
            promised_quantity=line.quantity - short.quantity, reason=short.reason.value, message=short.message,
            restricted_by=short.restricted_by, next_date=stamp(short.next_minute) if short.next_minute else None,
            next_date_waits_for=short.waits_for,
        )  # fmt: skip


def encode_shipment(scene: Scene, shipment: Shipment, shipment_id: str, fee_micros: int) -> types_pb2.Shipment:
    """One shipment; units of a line from one receipt and pool stand together."""
    image = scene.image
    wire = types_pb2.Shipment(
        shipment_id=shipment_id, version=1, state=types_pb2.SHIPMENT_STATE_PLANNED,
        location_id=image.location_ids[shipment.location], route=ROUTES[shipment.route],
        carrier_service_id=image.service_ids[shipment.service] if shipment.service >= 0 else "",
        pick_by=stamp(shipment.pick_by_minute), handover_by=stamp(shipment.handover_by_minute),
        ship_by=stamp(shipment.handover_by_minute), delivery_earliest=stamp(shipment.delivery_earliest_minute),
        delivery_latest=stamp(shipment.delivery_latest_minute), weight_grams=shipment.weight_grams,
        distance_meters=shipment.distance_meters, cost=encode_cost(shipment.terms), fee_micros=fee_micros,
        co2_grams=shipment.co2_grams,
    )  # fmt: skip
    if shipment.via >= 0:
        wire.via_location_id = image.location_ids[shipment.via]
        wire.via_by.CopyFrom(stamp(shipment.via_by_minute))
    for peg in shipment.pegs:
        slot: Slot = scene.stock.matrix.slots[peg.slot]
        wire.lines.add(
            line_id=scene.basket.lines[peg.line].line_id, item_id=image.item_ids[peg.item], quantity=peg.quantity,
            receipt_id=slot.receipt_id, pool=slot.pool,
        )  # fmt: skip
    return wire


def encode_cost(terms: tuple[CostTerm, ...]) -> types_pb2.CostBreakdown:
    """Every term, in the order of `Term`, and their weighted sum."""
    return types_pb2.CostBreakdown(
        total_micros=sum(term.weighted_micros for term in terms),
        terms=[
            types_pb2.CostTerm(
                term=term.term.value, raw_micros=term.raw_micros, weight=term.weight_ppm / PPM,
                weighted_micros=term.weighted_micros,
            )
            for term in sorted(terms, key=lambda term: TERM_RANKS[term.term])
        ],
    )  # fmt: skip
