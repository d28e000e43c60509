"""A plan in words, row by row, so that two can stand side by side."""

from belofte.v1 import types_pb2


def plan_rows(plan: types_pb2.Plan) -> dict[str, str]:
    """What a plan says, by the name of the row."""
    rows: dict[str, str] = {}
    for each in plan.shipments:
        units = ", ".join(f"{line.quantity:,} of {line.item_id}" for line in each.lines)
        there = (
            f"there {each.delivery_earliest.ToDatetime():%Y-%m-%d %H:%M} to {each.delivery_latest.ToDatetime():%Y-%m-%d %H:%M}"
        )
        by = f" by {each.carrier_service_id}" if each.carrier_service_id else ""
        rows[each.shipment_id] = f"{units} from {each.location_id}{by}, {there}, {each.cost.total_micros:,} micros"
    for short in plan.short_lines:
        rows[f"short of line {short.line_id}"] = f"{short.short_quantity:,} of {short.item_id}: {short.reason}"
    for term in plan.cost.terms:
        rows[term.term] = f"{term.weighted_micros:,} micros"
    proof = plan.certificate
    rows["total"] = f"{plan.cost.total_micros:,} micros"
    rows["proven"] = (
        f"{types_pb2.CertificateStatus.Name(proof.status).removeprefix('CERTIFICATE_STATUS_')}, no plan below"
        f" {proof.lower_bound_micros:,} micros, {proof.nodes:,} nodes"
    )
    return rows
