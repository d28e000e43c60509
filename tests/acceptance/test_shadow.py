"""Beside another system: its plan priced by the same policy, checked for limits, and compared with what is decided here."""

import pytest
from belofte.v1 import sourcing_service_pb2, types_pb2

from tests.acceptance.asking import basket, lines, order_request, preview, quote, refusal, send, shipped, stock_of, stocked
from tests.acceptance.server import Server

SHADOW = sourcing_service_pb2.SOURCE_MODE_SHADOW
Answer = sourcing_service_pb2.SourceOrderResponse


def shadow(server: Server, wanted: types_pb2.Basket, *shipments: types_pb2.Shipment) -> Answer:
    request = order_request(wanted, SHADOW)
    request.incumbent_plan.shipments.extend(shipments)
    return send(server, request)


def shipment(location_id: str, *units: tuple[str, int], **fields: object) -> types_pb2.Shipment:
    sent = [types_pb2.ShipmentLine(line_id=line_id, quantity=quantity) for line_id, quantity in units]
    return types_pb2.Shipment(location_id=location_id, lines=sent, **fields)  # type: ignore[arg-type]


def test_a_plan_as_good_as_ours_and_one_that_is_dearer(server: Server) -> None:
    """Two shipments where one would do: dearer by a parcel and the price of a split; nothing is taken by either."""
    one, other = stocked(server, A=5, B=5), stocked(server, A=5)
    wanted = basket(lines((one, 1), (other, 2)))
    answer = shadow(server, wanted, shipment("A", ("1", 1), ("2", 2)))
    assert answer.plan == without_time(preview(server, (one, 1), (other, 2)), answer).plan
    same = answer.comparison
    assert same.incumbent_cost_micros == answer.plan.cost.total_micros and same.cost_difference_micros == 0
    assert (list(same.different_line_ids), list(same.incumbent_violations)) == ([], [])
    assert same.delivery_latest_difference_minutes == 0

    dearer = shadow(server, wanted, shipment("B", ("1", 1), carrier_service_id="POST"), shipment("A", ("2", 2))).comparison
    assert dearer.cost_difference_micros == answer.plan.cost.total_micros - dearer.incumbent_cost_micros == -5_950_000
    assert list(dearer.different_line_ids) == ["1"] and not dearer.incumbent_violations
    assert stock_of(server, one).allocated == stock_of(server, other).allocated == 0


def without_time(answer: Answer, other: Answer) -> Answer:
    """With the other's time to solve, and names of shipments, which are those of the order."""
    answer.plan.certificate.solve_micros = other.plan.certificate.solve_micros
    for ours, theirs in zip(answer.plan.shipments, other.plan.shipments, strict=True):
        ours.shipment_id = theirs.shipment_id
    return answer


def test_a_plan_that_breaks_limits_is_priced_and_they_are_named(server: Server) -> None:
    item = stocked(server, A=5, B=5, **{"new-york": 5})
    limits = types_pb2.Constraints(max_locations=types_pb2.IntegerConstraint(value=1))
    wanted = basket(lines((item, 4)), constraints=limits)
    answer = shadow(server, wanted, shipment("A", ("1", 2)), shipment("B", ("1", 2)))
    found = answer.comparison
    assert found.HasField("incumbent_cost_micros") and list(found.different_line_ids) == ["1"]
    assert any("max_locations" in text for text in found.incumbent_violations), found
    abroad = shadow(server, basket(lines((item, 1))), shipment("new-york", ("1", 1))).comparison
    assert abroad.HasField("incumbent_cost_micros")
    assert any("international" in text for text in abroad.incumbent_violations), abroad
    assert abroad.delivery_latest_difference_minutes < 0, "ours is there sooner"


def test_a_limit_with_a_price_is_a_part_of_what_a_plan_costs_and_is_not_broken(server: Server) -> None:
    one, other = stocked(server, A=5), stocked(server, B=5)
    sent = (shipment("A", ("1", 1)), shipment("B", ("2", 1)))
    costs = []
    for micros in (0, 7_000_000):
        limit = types_pb2.IntegerConstraint(value=50_000_000, penalty_micros=micros)
        wanted = basket(lines((one, 1), (other, 1)), constraints=types_pb2.Constraints(no_split_below_micros=limit))
        answer = shadow(server, wanted, *sent)
        assert not answer.comparison.incumbent_violations and not answer.comparison.cost_difference_micros
        costs.append(answer.comparison.incumbent_cost_micros)
    assert costs[1] - costs[0] == 7_000_000


def test_a_plan_of_what_is_not_there_cannot_be_priced(server: Server) -> None:
    item = stocked(server, A=5, B=1)
    found = shadow(server, basket(lines((item, 3))), shipment("B", ("1", 3))).comparison
    assert not found.HasField("incumbent_cost_micros") and len(found.incumbent_violations) == 1
    assert list(found.different_line_ids) == ["1"]


def test_what_a_plan_leaves_out_is_named_and_has_its_price(server: Server) -> None:
    item = stocked(server, A=5)
    part = shadow(server, basket(lines((item, 3))), shipment("A", ("1", 2))).comparison
    assert not part.HasField("incumbent_cost_micros")
    assert list(part.incumbent_violations) == ["line '1': 1 units are in no shipment"]
    answer = shadow(server, basket(lines((item, 3)), policy_id="part"), shipment("A", ("1", 2)))
    assert answer.comparison.incumbent_cost_micros == 100_000_000 + answer.plan.cost.total_micros
    nothing = shadow(server, basket(lines((item, 3)))).comparison
    assert not nothing.HasField("incumbent_cost_micros") and len(nothing.incumbent_violations) == 1


def test_its_own_dates_count_where_it_tells_them(server: Server) -> None:
    item = stocked(server, A=5)
    ours = quote(server, basket(lines((item, 1)))).options[0]
    later = types_pb2.Shipment(location_id="A", lines=[types_pb2.ShipmentLine(line_id="1", quantity=1)])
    later.delivery_latest.FromSeconds(ours.delivery_latest.seconds + 7 * 3_600)
    assert shadow(server, basket(lines((item, 1))), later).comparison.delivery_latest_difference_minutes == -7 * 60


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        (shipment("nowhere", ("1", 1)), "NOT_FOUND", "incumbent_plan.shipments[0].location_id"),
        (shipment("A", ("9", 1)), "INVALID_ARGUMENT", "incumbent_plan.shipments[0].lines[0].line_id"),
        (shipment("A", ("1", 0)), "INVALID_ARGUMENT", "incumbent_plan.shipments[0].lines[0].quantity"),
        (shipment("A", ("1", 2**62)), "INVALID_ARGUMENT", "incumbent_plan.shipments[0].lines[0].quantity"),
        (shipment("A", ("1", 2), ("1", 2)), "INVALID_ARGUMENT", "incumbent_plan.shipments[0].lines[1].quantity"),
        (shipment("A", ("1", 1), carrier_service_id="x"), "INVALID_ARGUMENT", "incumbent_plan.shipments[0].carrier_service_id"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused(server: Server, sent: types_pb2.Shipment, code: str, field: str) -> None:
    item = stocked(server, A=5)
    error = refusal(lambda: shadow(server, basket(lines((item, 3))), sent))
    assert (error.code, error.fields) == (code, (field,))


def test_a_plan_belongs_to_the_mode(server: Server) -> None:
    item = stocked(server, A=5)
    request = order_request(basket(lines((item, 1))), SHADOW)
    assert refusal(lambda: send(server, request)).fields == ("incumbent_plan",)
    request.incumbent_plan.SetInParent()
    request.mode = sourcing_service_pb2.SOURCE_MODE_COMMIT
    assert refusal(lambda: send(server, request)).fields == ("incumbent_plan",)
    assert stock_of(server, item).allocated == 0
    assert shipped(send(server, order_request(basket(lines((item, 1))))).plan) == {"A": {"1": 1}}
