"""What a product page asks: an item by each delivery method, as a quote of it would have it."""

import pytest
from belofte.v1 import promise_service_pb2, types_pb2

from tests.acceptance.asking import CALL_SECONDS_MAX, HOME, basket, instant, lines, put, put_available, quote, refusal
from tests.acceptance.server import Server

ASKED = instant("2030-01-03T12:00")
METHODS = (
    types_pb2.DELIVERY_METHOD_SHIP, types_pb2.DELIVERY_METHOD_PICKUP, types_pb2.DELIVERY_METHOD_SHIP_TO_STORE,
    types_pb2.DELIVERY_METHOD_DIGITAL,
)  # fmt: skip


@pytest.mark.parametrize("as_listing", [False, True])
def test_an_item_by_each_method_is_as_it_is_quoted(server: Server, as_listing: bool) -> None:
    item = server.item()
    put(server, item, {"A": 5, "corner": 1})
    named = {"item_ids": [item]} if as_listing else {"item_id": item}
    request = promise_service_pb2.GetEstimatedDeliveryRequest(
        quantity=2, destination=HOME, pickup_location_ids=["corner"], delivery_methods=METHODS, request_time=ASKED, **named
    )
    answer = server.promise.GetEstimatedDelivery(request, timeout=CALL_SECONDS_MAX)
    found = answer.items[0].estimates if as_listing else answer.estimates
    assert sorted(each.delivery_method for each in found) == sorted(METHODS)
    for each in found:
        at = {"pickup_location_id": each.pickup_location_id} if each.pickup_location_id else {}
        wanted = basket(lines((item, 2), delivery_method=each.delivery_method, **at), request_time=ASKED)
        assert min(option.delivery_latest.seconds for option in quote(server, wanted).options) >= each.delivery_latest.seconds
        assert each.delivery_latest.seconds >= ASKED.seconds
        # The truck brings what A has; what is there besides it can be collected, but not transferred.
        stays = each.delivery_method in (types_pb2.DELIVERY_METHOD_SHIP, types_pb2.DELIVERY_METHOD_SHIP_TO_STORE)
        assert each.available_quantity == (5 if stays else 6)


def test_a_kit_is_estimated_as_its_components_are_quoted(server: Server) -> None:
    """Whole kits that could be had, each of one location; by methods that its components go together by."""
    for part, at_a, at_corner in (("leg", 9, 5), ("top", 3, 5)):
        put_available(server, part, {"A": at_a, "corner": at_corner})
    request = promise_service_pb2.GetEstimatedDeliveryRequest(
        item_ids=["top", "table"], quantity=2, destination=HOME, pickup_location_ids=["corner"], delivery_methods=METHODS,
        request_time=ASKED,
    )  # fmt: skip
    top, table = server.promise.GetEstimatedDelivery(request, timeout=CALL_SECONDS_MAX).items
    assert {each.delivery_method for each in table.estimates} == {each.delivery_method for each in top.estimates} == {*METHODS}
    for each in table.estimates:
        at = {"pickup_location_id": each.pickup_location_id} if each.pickup_location_id else {}
        wanted = basket(lines(("table", 2), delivery_method=each.delivery_method, **at), request_time=ASKED)
        assert min(option.delivery_latest.seconds for option in quote(server, wanted).options) >= each.delivery_latest.seconds
        # A has two, of which a top is left; the corner, where a leg is left, hands over what it has itself.
        by_truck = each.delivery_method in (types_pb2.DELIVERY_METHOD_SHIP, types_pb2.DELIVERY_METHOD_SHIP_TO_STORE)
        assert each.available_quantity == (2 if by_truck else 3), each


def test_more_kits_than_there_can_be_components(server: Server) -> None:
    request = promise_service_pb2.GetEstimatedDeliveryRequest(item_id="table", quantity=2**30, destination=HOME)
    error = refusal(lambda: server.promise.GetEstimatedDelivery(request, timeout=CALL_SECONDS_MAX))
    assert (error.code, error.fields) == ("INVALID_ARGUMENT", ("quantity",))
