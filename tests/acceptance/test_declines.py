"""Declines: the location is excluded for that line, its stock corrected by reason, and the line sourced elsewhere at once."""

import pytest
from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    available,
    basket,
    lines,
    order_request,
    put,
    send,
    source,
    stock_of,
    stocked,
)
from tests.acceptance.living import do, events, order, state, states, told, units, wrong
from tests.acceptance.server import Server

TOO_BUSY, DAMAGED, NOT_FOUND = "TOO_BUSY", "DAMAGED", "NOT_FOUND"


def declined(line_id: str, reason: str, quantity: int = 0, **fields: object) -> order_service_pb2.DeclinedLine:
    return order_service_pb2.DeclinedLine(line_id=line_id, quantity=quantity, reason=reason, **fields)


def decline(server: Server, order_id: str, number: int, *asked: order_service_pb2.DeclinedLine) -> types_pb2.Order:
    return do(server, "DeclineShipmentLines", order_id=order_id, shipment_id=f"{order_id}-{number}", lines=asked).order


def test_a_declined_line_goes_from_location_to_location_until_none_is_left(server: Server) -> None:
    """Case 31: damaged at one, at another, none left: cancelled with a refund event; the rest ships."""
    torn, whole = stocked(server, A=1, B=1), stocked(server, A=1)
    wanted = lines((torn, 1), (whole, 1))
    wanted[0].unit_price_micros = 7_500_000
    made = send(server, order_request(basket(wanted)))
    order_id = made.order_id
    assert states(order(server, order_id)) == [("1", "A", "PLANNED", 2)]

    found = decline(server, order_id, 1, declined("1", DAMAGED))
    assert states(found) == [("1", "A", "PLANNED", 1), ("2", "A", "DECLINED", 1), ("3", "B", "PLANNED", 1)]
    assert available(server, torn) == {"A": 0, "B": 0} and stock_of(server, torn) == (1, 1, 0)
    assert found.plan.shipments[0].lines[0].item_id == whole, "the rest of the order is untouched"

    answer = do(server, "DeclineShipmentLines", order_id=order_id, shipment_id=f"{order_id}-3", lines=[declined("1", DAMAGED)])
    assert [(each.line_id, each.short_quantity, each.reason) for each in answer.cancelled_lines] == [("1", 1, "NO_STOCK")]
    assert units(answer.order) == {"1": {"CANCELLED": 1}, "2": {"PLANNED": 1}}
    assert stock_of(server, torn) == (0, 0, 0)
    assert told(server, order_id) == [
        "ORDER_SOURCED", "SHIPMENT_DECLINED", "ORDER_RESOURCED", "SHIPMENT_DECLINED", "ORDER_CANCELLED", "LINES_REFUNDED",
    ]  # fmt: skip
    assert events(server, order_id)[-1].attributes["refund_micros"] == "7500000"
    do(server, "ShipShipment", order_id=order_id, shipment_id=f"{order_id}-1")
    do(server, "DeliverShipment", order_id=order_id, shipment_id=f"{order_id}-1")
    assert state(server, order_id) == "COMPLETED"


@pytest.mark.parametrize(
    ("reason", "remove", "left"), [(DAMAGED, False, 3), (NOT_FOUND, False, 3), (TOO_BUSY, False, 5), (TOO_BUSY, True, 3)]
)
def test_stock_is_corrected_by_the_reason(server: Server, reason: str, remove: bool, left: int) -> None:
    item = stocked(server, A=5)
    made = source(server, (item, 2))
    answer = decline(server, made.order_id, 1, declined("1", reason, remove_supply=remove))
    assert stock_of(server, item) == (left, 0, left)
    assert answer.state == types_pb2.ORDER_STATE_CANCELLED, "the location is not asked again, whatever it has"


def test_a_part_of_a_line_is_declined_and_the_rest_stays(server: Server) -> None:
    item = stocked(server, A=5, B=3)
    made = source(server, (item, 5))
    found = decline(server, made.order_id, 1, declined("1", NOT_FOUND, 4))
    assert states(found) == [("1", "A", "PLANNED", 1), ("2", "A", "DECLINED", 4), ("3", "B", "PLANNED", 3)]
    assert units(found) == {"1": {"PLANNED": 4, "CANCELLED": 1}}
    assert (stock_of(server, item), found.version) == ((4, 4, 0), 2)


def test_what_is_declined_keeps_its_promise_where_that_can_be(server: Server) -> None:
    """`new-york` is cheaper on stock of its own, and three days away: B keeps the promise."""
    item = stocked(server, A=1, **{"new-york": 1})
    wanted = basket(lines((item, 1)), policy_id="abroad")
    made = send(server, order_request(wanted))
    (first,) = made.plan.shipments
    assert first.location_id == "A"
    found = decline(server, made.order_id, 1, declined("1", TOO_BUSY))
    last = found.plan.shipments[-1]
    assert (last.location_id, last.state) == ("new-york", types_pb2.SHIPMENT_STATE_PLANNED), "late is better than never"
    assert last.delivery_latest.seconds > first.delivery_latest.seconds
    assert told(server, made.order_id)[-1] == "ORDER_REPROMISED"


def test_by_policy_what_nobody_has_waits(server: Server) -> None:
    item = stocked(server, A=3)
    made = send(server, order_request(basket(lines((item, 3)), policy_id="patient")))
    answer = do(
        server, "DeclineShipmentLines", order_id=made.order_id, shipment_id=f"{made.order_id}-1",
        lines=[declined("1", DAMAGED, 2)],
    )  # fmt: skip
    assert not answer.cancelled_lines
    assert units(answer.order) == {"1": {"SHORT": 2, "PLANNED": 1}}
    assert answer.order.state == types_pb2.ORDER_STATE_PARTIALLY_SOURCED
    assert "LINES_REFUNDED" not in told(server, made.order_id)
    # What waits can be cancelled like anything else.
    do(server, "CancelOrder", order_id=made.order_id, lines=[("1", 2)])
    assert units(order(server, made.order_id)) == {"1": {"PLANNED": 1, "CANCELLED": 2}}


def test_a_kit_is_declined_and_sourced_anew_as_a_kit(server: Server) -> None:
    legs, tops = (stock_of(server, part).allocated for part in ("leg", "top"))
    for part in ("leg", "top"):
        put(server, part, {"Y": 1_000, "Z": 1_000})
    made = source(server, ("table", 2))
    (first,) = made.plan.shipments
    found = decline(server, made.order_id, 1, declined("1", TOO_BUSY, 1))
    moved = found.plan.shipments[-1]
    assert moved.location_id != first.location_id
    assert {(line.item_id, line.quantity) for line in moved.lines} == {("leg", 4), ("top", 1)}
    assert units(found) == {"1": {"PLANNED": 2}}
    assert (stock_of(server, "leg").allocated - legs, stock_of(server, "top").allocated - tops) == (8, 2)


@pytest.mark.parametrize(
    ("asked", "code", "reason", "field"),
    [
        ([declined("2", DAMAGED)], "FAILED_PRECONDITION", "WRONG_STATE", "lines[0]"),
        ([declined("1", DAMAGED, 3)], "FAILED_PRECONDITION", "WRONG_STATE", "lines[0]"),
        ([declined("9", DAMAGED)], "NOT_FOUND", "UNKNOWN_LINE", "lines[0]"),
        ([declined("1", "")], "INVALID_ARGUMENT", "INVALID_FIELD", "lines[0].reason"),
        ([], "INVALID_ARGUMENT", "INVALID_FIELD", "lines"),
    ],
)
def test_a_bad_decline_is_named_and_changes_nothing(
    server: Server, asked: list[order_service_pb2.DeclinedLine], code: str, reason: str, field: str
) -> None:
    """The second line is another location's."""
    one, other = stocked(server, A=2), stocked(server, B=2)
    made = source(server, (one, 2), (other, 2))
    at_a = next(each.shipment_id for each in made.plan.shipments if each.location_id == "A")
    before = order(server, made.order_id)
    refused = wrong(server, "DeclineShipmentLines", order_id=made.order_id, shipment_id=at_a, lines=asked)
    assert (refused.code, refused.reason) == (code, reason) and field in refused.fields
    assert order(server, made.order_id) == before
    assert (stock_of(server, one), stock_of(server, other)) == ((2, 2, 0), (2, 2, 0))


def test_what_has_left_cannot_be_declined(server: Server) -> None:
    item = stocked(server, A=2, B=2)
    made = source(server, (item, 2))
    do(server, "ShipShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-1")
    refused = wrong(
        server, "DeclineShipmentLines", order_id=made.order_id, shipment_id=f"{made.order_id}-1", lines=[declined("1", DAMAGED)]
    )
    assert refused.reason == "WRONG_STATE" and "SHIPPED" in refused.message


def test_side_by_side_declines_never_take_a_unit_twice(server: Server) -> None:
    """Ten orders at A, of which B can have six: six are sourced there, four are cancelled."""
    item = stocked(server, A=10)
    made = [source(server, (item, 1)) for _ in range(10)]
    put(server, item, {"B": 6})
    requests = [
        order_service_pb2.DeclineShipmentLinesRequest(
            request_id=uuid7(), order_id=each.order_id, shipment_id=f"{each.order_id}-1", lines=[declined("1", NOT_FOUND)]
        )
        for each in made
    ]
    futures = [server.order.DeclineShipmentLines.future(request, timeout=CALL_SECONDS_MAX) for request in requests]
    cancelled = sum(len(future.result().cancelled_lines) for future in futures)
    assert (cancelled, stock_of(server, item)) == (4, (6, 6, 0))
    places = [each.location_id for one in made for each in order(server, one.order_id).plan.shipments if each.state == 1]
    assert places == ["B"] * 6
