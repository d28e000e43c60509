"""Many orders in one call: each all or nothing by itself, in the order given."""

import pytest
from belofte.v1 import sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    basket,
    lines,
    order_of,
    order_request,
    refusal,
    shipped,
    stock_of,
    stocked,
)
from tests.acceptance.server import Server

Request = sourcing_service_pb2.BatchSourceOrdersRequest


def batch(
    server: Server, *requests: sourcing_service_pb2.SourceOrderRequest, **fields: str
) -> sourcing_service_pb2.BatchSourceOrdersResponse:
    request = Request(request_id=fields.pop("request_id", uuid7()), requests=requests, **fields)
    return server.sourcing.BatchSourceOrders(request, timeout=CALL_SECONDS_MAX)


def test_each_order_has_its_own_result_in_the_order_given(server: Server) -> None:
    """The first ones have what there is; what is wrong harms no other; what is large is planned in its turn as well."""
    item = stocked(server, A=4)
    many = [stocked(server, A=1) for _ in range(20)]
    good = [order_request(basket(lines((item, 2)))) for _ in range(3)]
    large = order_request(basket(lines((item, 1), *((each, 1) for each in many))))
    bad = order_request(basket(lines((item, 0))))
    preview = order_request(basket(lines((item, 1))), sourcing_service_pb2.SOURCE_MODE_PREVIEW)
    told = batch(server, good[0], bad, large, good[1], preview, good[2])
    assert [each.index for each in told.results] == list(range(6))
    outcomes = [each.refusal.reason or shipped(each.response.plan)["A"]["1"] for each in told.results]
    assert outcomes == [2, "INVALID_FIELD", 1, "NO_STOCK", 1, "NO_STOCK"]
    assert told.results[1].refusal.violations[0].field == "order.basket.lines[0].quantity"
    assert stock_of(server, item) == (4, 3, 1)
    assert order_of(server, large.order.order_id).order_id == large.order.order_id
    assert told.position == max((told.results[i].response.position for i in (0, 2)), key=lambda at: int(at.split("-")[1]))

    # Repeated as a whole, each is answered as before.
    again = batch(server, good[0], bad, large)
    assert [each.response.duplicate for each in again.results] == [True, False, True]
    assert again.results[0].response.plan == told.results[0].response.plan
    assert stock_of(server, item) == (4, 3, 1)


def test_a_thousand_orders_are_all_answered(server: Server) -> None:
    item = stocked(server, A=990)
    told = batch(server, *(order_request(basket(lines((item, 1)))) for _ in range(1_000)))
    assert [each.HasField("response") for each in told.results] == [True] * 990 + [False] * 10
    assert stock_of(server, item) == (990, 990, 0)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (Request(), "requests"),
        (Request(requests=[sourcing_service_pb2.SourceOrderRequest()] * 1_001), "requests"),
        (Request(requests=[sourcing_service_pb2.SourceOrderRequest(network_id="x")]), "requests[0].network_id"),
        (Request(requests=[sourcing_service_pb2.SourceOrderRequest(min_position="1-1")]), "requests[0].min_position"),
        (Request(request_id="x", requests=[sourcing_service_pb2.SourceOrderRequest()]), "request_id"),
        (Request(min_position="x", requests=[sourcing_service_pb2.SourceOrderRequest()]), "min_position"),
    ],
)  # fmt: skip
def test_a_batch_that_makes_no_sense_is_refused(server: Server, request_: Request, field: str) -> None:
    request = Request()
    request.CopyFrom(request_)
    request.request_id = request.request_id or uuid7()
    error = refusal(lambda: server.sourcing.BatchSourceOrders(request, timeout=CALL_SECONDS_MAX))
    assert (error.code, error.fields) == ("INVALID_ARGUMENT", (field,))


def test_an_order_of_a_batch_is_held_and_kept_as_any_other(server: Server) -> None:
    item = stocked(server, A=2)
    held = order_request(basket(lines((item, 1))))
    held.order.hold_reason = "PAYMENT"
    (found,) = batch(server, held).results
    assert found.response.state == types_pb2.ORDER_STATE_HELD
    assert order_of(server, held.order.order_id).state == types_pb2.ORDER_STATE_HELD
