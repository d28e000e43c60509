"""From the domain to the wire."""

from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.plan import CertificateStatus, CostTerm, Plan, Route, Shipment
from engine.inventory.matrix import Slot
from engine.optimizer.scene import Scene

PPM = 1_000_000

STATUSES = {
    CertificateStatus.OPTIMAL: types_pb2.CERTIFICATE_STATUS_OPTIMAL,
    CertificateStatus.BOUNDED: types_pb2.CERTIFICATE_STATUS_BOUNDED,
    CertificateStatus.INFEASIBLE: types_pb2.CERTIFICATE_STATUS_INFEASIBLE,
}
ROUTES = {Route.SHIP: types_pb2.ROUTE_SHIP, Route.PICKUP: types_pb2.ROUTE_PICKUP}


def stamp(minute: int) -> Timestamp:
    """A UTC minute as an instant."""
    return Timestamp(seconds=minute * 60)


def encode_plan(scene: Scene, plan: Plan, shipment_prefix: str, solve_micros: int) -> types_pb2.Plan:
    """A plan with ids in place of indexes; shipments are named `prefix-1`, `prefix-2` …"""
    certificate = plan.certificate
    gap = certificate.objective_micros - certificate.lower_bound_micros
    wire = types_pb2.Plan(
        shipments=[encode_shipment(scene, s, f"{shipment_prefix}-{n}") for n, s in enumerate(plan.shipments, 1)],
        cost=encode_cost(plan.terms),
        certificate=types_pb2.Certificate(
            status=STATUSES[certificate.status], objective_micros=certificate.objective_micros,
            lower_bound_micros=certificate.lower_bound_micros,
            gap=gap / certificate.objective_micros if certificate.objective_micros else 0.0,
            candidates=certificate.candidates, nodes=certificate.nodes, cut_by_deadline=certificate.cut_by_deadline,
            solve_micros=solve_micros,
        ),
    )  # fmt: skip
    for short in plan.short_lines:
        line = scene.basket.lines[short.line]
        wire.short_lines.add(
            line_id=line.line_id, item_id=scene.image.item_ids[line.item], short_quantity=short.quantity,
            promised_quantity=line.quantity - short.quantity, reason=short.reason.value, message=short.message,
        )  # fmt: skip
    return wire


def encode_shipment(scene: Scene, shipment: Shipment, shipment_id: str) -> types_pb2.Shipment:
    """One shipment; units of a line from one receipt and pool stand together."""
    image = scene.image
    wire = types_pb2.Shipment(
        shipment_id=shipment_id, version=1, state=types_pb2.SHIPMENT_STATE_PLANNED,
        location_id=image.location_ids[shipment.location], route=ROUTES[shipment.route],
        carrier_service_id=image.service_ids[shipment.service] if shipment.service >= 0 else "",
        pick_by=stamp(shipment.pick_by_minute), handover_by=stamp(shipment.handover_by_minute),
        ship_by=stamp(shipment.handover_by_minute), delivery_earliest=stamp(shipment.delivery_earliest_minute),
        delivery_latest=stamp(shipment.delivery_latest_minute), weight_grams=shipment.weight_grams,
        distance_meters=shipment.distance_meters, cost=encode_cost(shipment.terms), co2_grams=shipment.co2_grams,
    )  # fmt: skip
    for peg in shipment.pegs:
        slot: Slot = scene.stock.matrix.slots[peg.slot]
        wire.lines.add(
            line_id=scene.basket.lines[peg.line].line_id, item_id=image.item_ids[peg.item], quantity=peg.quantity,
            receipt_id=slot.receipt_id, pool=slot.pool,
        )  # fmt: skip
    return wire


def encode_cost(terms: tuple[CostTerm, ...]) -> types_pb2.CostBreakdown:
    """Every term, and their weighted sum."""
    return types_pb2.CostBreakdown(
        total_micros=sum(term.weighted_micros for term in terms),
        terms=[
            types_pb2.CostTerm(
                term=term.term.value, raw_micros=term.raw_micros, weight=term.weight_ppm / PPM,
                weighted_micros=term.weighted_micros,
            )
            for term in terms
        ],
    )  # fmt: skip
