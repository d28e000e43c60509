"""Orders that are changed: only what must move moves, all of it or nothing, and promises are kept unless said otherwise."""

import pytest
from belofte.v1 import types_pb2

from tests.acceptance.asking import basket, instant, lines, order_request, put, refusal, send, source, stock_of, stocked
from tests.acceptance.living import do, order, state, states, told, units, wrong
from tests.acceptance.server import Server

PICKUP = types_pb2.DELIVERY_METHOD_PICKUP
YORK = types_pb2.Destination(country_code="US", postal_code="10001")


def test_more_is_sourced_for_what_is_more_and_less_gives_back_the_last(server: Server) -> None:
    item = stocked(server, A=3, B=5)
    made = source(server, (item, 3))
    first = order(server, made.order_id).plan.shipments[0]
    found = do(server, "ChangeOrder", order_id=made.order_id, lines=lines((item, 5))).order
    assert found.plan.shipments[0] == first, "what need not move stays"
    assert units(found) == {"1": {"PLANNED": 5}} and stock_of(server, item) == (8, 5, 3)
    found = do(server, "ChangeOrder", order_id=made.order_id, lines=lines((item, 2))).order
    assert units(found) == {"1": {"PLANNED": 2}} and stock_of(server, item) == (8, 2, 6)
    assert found.basket.lines[0].quantity == 2
    assert told(server, made.order_id) == [
        "ORDER_SOURCED", "ORDER_RESOURCED", "ORDER_CHANGED", "ORDER_CHANGED", "LINES_REFUNDED",
    ]  # fmt: skip


def test_lines_are_added_and_taken_out(server: Server) -> None:
    one, other = stocked(server, A=4), stocked(server, A=4)
    made = source(server, (one, 2))
    added = types_pb2.BasketLine(line_id="2", item_id=other, quantity=3)
    found = do(server, "ChangeOrder", order_id=made.order_id, lines=[added]).order
    assert units(found) == {"1": {"PLANNED": 2}, "2": {"PLANNED": 3}}
    found = do(server, "ChangeOrder", order_id=made.order_id, removed_line_ids=["1"]).order
    assert units(found) == {"2": {"PLANNED": 3}}
    assert (stock_of(server, one), stock_of(server, other)) == ((4, 0, 4), (4, 3, 1))


def test_from_shipping_to_collecting_and_back(server: Server) -> None:
    item, other = stocked(server, A=2, store=2), stocked(server, A=1)
    made = source(server, (item, 2), (other, 1))
    kept = next(each for each in order(server, made.order_id).plan.shipments if each.location_id == "A")
    line = types_pb2.BasketLine(line_id="1", item_id=item, quantity=2, delivery_method=PICKUP, pickup_location_id="store")
    found = do(server, "ChangeOrder", order_id=made.order_id, lines=[line], allow_repromise=True).order
    live = [each for each in found.plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
    assert {each.location_id: each.route for each in live} == {"A": types_pb2.ROUTE_SHIP, "store": types_pb2.ROUTE_PICKUP}
    assert next(each for each in live if each.location_id == "A").shipment_id == kept.shipment_id
    assert stock_of(server, item) == (4, 2, 2)
    back = types_pb2.BasketLine(line_id="1", item_id=item, quantity=2)
    found = do(server, "ChangeOrder", order_id=made.order_id, lines=[back], allow_repromise=True).order
    live = [each for each in found.plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
    assert {each.location_id for each in live} == {"A"} and stock_of(server, item) == (4, 2, 2)


def test_another_address_moves_what_is_shipped_and_has_not_left(server: Server) -> None:
    item = stocked(server, A=5, **{"new-york": 5})
    made = send(server, order_request(basket(lines((item, 3)), policy_id="abroad")))
    do(server, "ShipShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-1", lines=[("1", 1)])
    home = types_pb2.Destination(country_code="NL", postal_code="1099 ZZ")
    found = do(server, "ChangeOrder", order_id=made.order_id, destination=home, allow_repromise=True).order
    assert found.basket.destination == home
    assert units(found) == {"1": {"PLANNED": 2, "SHIPPED": 1}}
    assert stock_of(server, item) == (9, 2, 7)


def test_units_given_back_by_a_change_may_be_taken_by_it(server: Server) -> None:
    """There are no others: planned as if they were free, they are found again."""
    item = stocked(server, A=2)
    made = source(server, (item, 2))
    home = types_pb2.Destination(country_code="NL", postal_code="1050")
    found = do(server, "ChangeOrder", order_id=made.order_id, destination=home).order
    assert units(found) == {"1": {"PLANNED": 2}} and stock_of(server, item) == (2, 2, 0)
    assert state(server, made.order_id) == "SOURCED"


def test_a_promise_is_kept_or_the_change_refused(server: Server) -> None:
    item = stocked(server, A=1, **{"new-york": 5})
    made = send(server, order_request(basket(lines((item, 1)), policy_id="abroad")))
    refused = wrong(server, "ChangeOrder", order_id=made.order_id, lines=lines((item, 3)))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "PROMISE_UNREACHABLE")
    assert stock_of(server, item) == (6, 1, 5)
    found = do(server, "ChangeOrder", order_id=made.order_id, lines=lines((item, 3)), allow_repromise=True).order
    assert units(found) == {"1": {"PLANNED": 3}}


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"lines": 6}, "FAILED_PRECONDITION", "NO_STOCK"),
        ({"lines": 1}, "FAILED_PRECONDITION", "WRONG_STATE"),
        ({"removed_line_ids": ["1"]}, "FAILED_PRECONDITION", "WRONG_STATE"),
        ({"removed_line_ids": ["9"]}, "NOT_FOUND", "UNKNOWN_LINE"),
        ({}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"destination": types_pb2.Destination(country_code="NL", postal_code="9999")}, "NOT_FOUND", "UNKNOWN_POSTAL_CODE"),
        ({"lines": 3, "expected_version": 9}, "FAILED_PRECONDITION", "WRONG_STATE"),
        ({"lines": 3, "removed_line_ids": ["1"]}, "INVALID_ARGUMENT", "INVALID_FIELD"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(server: Server, fields: dict[str, object], code: str, reason: str) -> None:
    """Two of five have left."""
    item = stocked(server, A=5)
    made = source(server, (item, 5))
    do(server, "ShipShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-1", lines=[("1", 2)])
    before = order(server, made.order_id)
    fields = dict(fields)
    if "lines" in fields:
        fields["lines"] = lines((item, fields["lines"]))  # type: ignore[arg-type]
    refused = wrong(server, "ChangeOrder", order_id=made.order_id, **fields)
    assert (refused.code, refused.reason) == (code, reason), refused
    assert order(server, made.order_id) == before and stock_of(server, item) == (3, 3, 0)


def test_a_shipment_is_moved_by_hand(server: Server) -> None:
    item = stocked(server, A=2, B=2)
    made = source(server, (item, 2))
    (first,) = made.plan.shipments
    target = "B" if first.location_id == "A" else "A"
    answer = do(
        server, "ReassignShipment", order_id=made.order_id, shipment_id=first.shipment_id, location_id=target, reason="PEAK"
    )
    assert answer.version == 2
    assert states(order(server, made.order_id)) == [
        ("1", first.location_id, "CANCELLED", 2), ("2", target, "PLANNED", 2)
    ]  # fmt: skip
    assert stock_of(server, item) == (4, 2, 2)
    # Where there is too little, it stays.
    put(server, item, {first.location_id: 1})
    refused = wrong(
        server, "ReassignShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-2", location_id=first.location_id
    )
    assert refused.code == "FAILED_PRECONDITION" and stock_of(server, item) == (3, 2, 1)
    assert (
        wrong(
            server, "ReassignShipment", order_id=made.order_id, shipment_id=f"{made.order_id}-2", location_id="nowhere"
        ).reason
        == "UNKNOWN_LOCATION"
    )


def test_a_held_order_is_sourced_and_kept(server: Server) -> None:
    item = stocked(server, A=2)
    request = order_request(basket(lines((item, 2))))
    request.order.hold_reason = "PAYMENT"
    answer = send(server, request)
    assert answer.state == types_pb2.ORDER_STATE_HELD and stock_of(server, item) == (2, 2, 0)
    assert wrong(server, "AcceptShipment", order_id=answer.order_id, shipment_id=f"{answer.order_id}-1").reason == "WRONG_STATE"
    assert do(server, "ReleaseOrder", order_id=answer.order_id).order.state == types_pb2.ORDER_STATE_SOURCED
    request = order_request(basket(lines((item, 1))))
    request.order.hold_until.CopyFrom(instant("2030-01-01T00:00"))
    assert refusal(lambda: send(server, request)).fields == ("order.hold_until",)
