"""SourceOrder in mode SHADOW: beside another system, its plan compared with the one that would be made here."""

from belofte.v1 import sourcing_service_pb2, types_pb2

from engine.network.image import NetworkImage
from engine.optimizer.scene import Scene
from engine.service.fields import Violations, index_of_location, minute_of
from engine.sourcing.order import Planned
from engine.sourcing.shadow import OtherPart, Shadow, shadowed

FIELD = "incumbent_plan"
SECONDS_PER_MINUTE = 60


def compared(planned: Planned, other: types_pb2.Plan, nodes_max: int) -> sourcing_service_pb2.ShadowComparison:
    """How the plan compares with the incumbent's. Raises `Refusal` where that names what the basket or network has not."""
    scene, wrong = planned.scene, Violations()
    parts = read_parts(other, scene, wrong)
    wrong.check()
    # What is put together on its way may be put together elsewhere when it is decided here: that would be another price.
    is_priced = all(shipment.route != types_pb2.ROUTE_CONSOLIDATION for shipment in other.shipments)
    found = shadowed(scene, parts if is_priced else (), nodes_max)
    answer = sourcing_service_pb2.ShadowComparison(
        different_line_ids=different_lines(planned, parts), incumbent_violations=found.violations,
        delivery_latest_difference_minutes=minutes_later(planned, other, found),
    )  # fmt: skip
    if found.cost_micros is not None:
        answer.incumbent_cost_micros = found.cost_micros
        answer.cost_difference_micros = planned.plan.cost_micros - found.cost_micros
    return answer


def read_parts(other: types_pb2.Plan, scene: Scene, wrong: Violations) -> list[OtherPart]:
    """Units of each line by shipment, as far as they are in order."""
    image, basket, parts = scene.image, scene.basket, []
    left = [line.quantity for line in basket.lines]
    for s, shipment in enumerate(other.shipments):
        path = f"{FIELD}.shipments[{s}]"
        if shipment.HasField("delivery_latest"):
            minute_of(shipment.delivery_latest, f"{path}.delivery_latest", wrong)
        location = index_of_location(shipment.location_id, f"{path}.location_id", image, wrong)
        service = service_of(shipment.carrier_service_id, f"{path}.carrier_service_id", image, wrong)
        for n, sent in enumerate(shipment.lines):
            of_line = [
                i for i, line in enumerate(basket.lines)
                if line.line_id == sent.line_id and sent.item_id in ("", image.item_ids[line.item])
            ]  # fmt: skip
            if not of_line:
                wrong.add(
                    f"{path}.lines[{n}].line_id", f"a line of the order, and its item, was expected, not {sent.line_id[:40]!r}"
                )
                continue
            i = of_line[0]
            if not 1 <= sent.quantity <= left[i]:
                wrong.add(f"{path}.lines[{n}].quantity", f"1 to {left[i]} units were expected, as left of the line")
                continue
            left[i] -= sent.quantity
            parts.append(OtherPart(i, location, service if basket.lines[i].is_shipped else -1, sent.quantity))
    return parts


def service_of(service_id: str, field: str, image: NetworkImage, wrong: Violations) -> int:
    """Index of a carrier service; −1 where none is named."""
    if service_id and service_id not in image.service_index:
        wrong.add(field, f"one of {', '.join(image.service_ids[:20])} was expected")
    return image.service_index.get(service_id, -1)


def different_lines(planned: Planned, parts: list[OtherPart]) -> list[str]:
    """Lines that come from other locations, or in other numbers, in the order of the basket."""
    ours: dict[str, dict[int, int]] = {}
    theirs: dict[str, dict[int, int]] = {}
    lines = planned.scene.basket.lines
    for shipment in planned.plan.shipments:
        for peg in shipment.pegs:
            of_line = ours.setdefault(lines[peg.line].line_id, {})
            of_line[shipment.location] = of_line.get(shipment.location, 0) + peg.quantity
    for part in parts:
        of_line = theirs.setdefault(lines[part.line].line_id, {})
        of_line[part.location] = of_line.get(part.location, 0) + part.quantity
    return [name for name in dict.fromkeys(line.line_id for line in lines) if ours.get(name) != theirs.get(name)]


def minutes_later(planned: Planned, other: types_pb2.Plan, found: Shadow) -> int:
    """The plan's latest delivery less the incumbent's own, or where it tells none, that of its plan as decided here."""
    if not planned.plan.shipments or not other.shipments:
        return 0
    ours = max(shipment.delivery_latest_minute for shipment in planned.plan.shipments)
    if all(shipment.HasField("delivery_latest") for shipment in other.shipments):
        return ours - max(shipment.delivery_latest.seconds for shipment in other.shipments) // SECONDS_PER_MINUTE
    if found.plan is None:
        return 0
    return ours - max(shipment.delivery_latest_minute for shipment in found.plan.shipments)
