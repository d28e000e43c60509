"""RerouteOrders: open orders planned anew together, shown or committed, and told one by one."""

from typing import Any

import pytest
from belofte.v1 import order_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import adjust, available, order_of, record, refusal, shipped, source, stocked
from tests.acceptance.server import Server

PREVIEW, COMMIT = sourcing_service_pb2.SOURCE_MODE_PREVIEW, sourcing_service_pb2.SOURCE_MODE_COMMIT
Result = sourcing_service_pb2.RerouteResult
BOTH_AT_A = {"A": {"1": 1, "2": 1}}
Filter = sourcing_service_pb2.OrderFilter


def reroute(server: Server, *order_ids: str, mode: "sourcing_service_pb2.SourceMode" = COMMIT, **fields: Any) -> Result:
    """The last message of the stream."""
    fields.setdefault("request_id", uuid7())
    fields.setdefault("filter", Filter(order_ids=order_ids))
    request = sourcing_service_pb2.RerouteOrdersRequest(mode=mode, target_gap=0.0, **fields)
    messages = list(server.sourcing.RerouteOrders(request, timeout=60))
    assert messages[-1].HasField("result")
    return messages[-1].result


def split_order(server: Server) -> tuple[str, str, str]:
    """An order of two items that had to come from A and B; by now A has both. (order, the items)."""
    first, second = stocked(server, A=5), stocked(server, B=5)
    order_id = source(server, (first, 1), (second, 1)).order_id
    assert len(order_of(server, order_id).plan.shipments) == 2
    adjust(server, record(second, "A", 5))
    return order_id, first, second


def live(server: Server, order_id: str) -> dict[str, dict[str, int]]:
    """Units by location and line of shipments that have not ended."""
    plan = types_pb2.Plan()
    plan.CopyFrom(order_of(server, order_id).plan)
    kept = [each for each in plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
    return shipped(types_pb2.Plan(shipments=kept))


def test_an_order_in_two_shipments_becomes_one(server: Server) -> None:
    order_id, _, second = split_order(server)
    shown = reroute(server, order_id, mode=PREVIEW)
    assert [(change.order_id, change.changed) for change in shown.changes] == [(order_id, True)]
    assert shipped(shown.changes[0].plan) == BOTH_AT_A
    assert order_of(server, order_id).version == 1, "a preview changes nothing"
    before = order_of(server, order_id).plan.cost.total_micros
    result = reroute(server, order_id, reason="PEAK")
    assert live(server, order_id) == BOTH_AT_A
    change = result.changes[0]
    # One shipment less: what a shipment more costs by the policy, and what the carrier asks for one.
    assert change.cost_before_micros == before
    assert change.cost_after_micros == order_of(server, order_id).plan.cost.total_micros < before
    assert result.certificate.status == types_pb2.CERTIFICATE_STATUS_OPTIMAL
    assert available(server, second) == {"A": 4, "B": 5}
    events = server.order.ListOrderEvents(order_service_pb2.ListOrderEventsRequest(order_id=order_id)).events
    assert events[-1].type == types_pb2.EVENT_TYPE_ORDER_RESOURCED
    assert events[-1].attributes["reason"] == "PEAK"


def test_what_a_lost_location_has_is_moved(server: Server) -> None:
    item = stocked(server, A=4)
    orders = [source(server, (item, 2)).order_id for _ in range(2)]
    adjust(server, record(item, "B", 3))
    result = reroute(
        server, filter=Filter(location_ids=["A"], item_ids=[item]), excluded_location_ids=["A"], reason="LOCATION_CLOSED"
    )
    moved = [change.order_id for change in result.changes if change.changed]
    left = [change for change in result.changes if change.HasField("refusal")]
    # Three units at B are enough for one of them.
    assert len(moved) == 1
    assert [change.refusal.reason for change in left] == ["PROMISE_UNREACHABLE"]
    assert {*moved, *(change.order_id for change in left)} == set(orders)
    assert live(server, moved[0]) == {"B": {"1": 2}}
    assert live(server, left[0].order_id) == {"A": {"1": 2}}
    assert available(server, item) == {"A": 2, "B": 1}


def test_what_was_moved_once_may_move_again(server: Server) -> None:
    item = stocked(server, A=1, B=1, X=1)
    order_id = source(server, (item, 1)).order_id
    for excluded, expected in ((["A"], "B"), (["A", "B"], "X")):
        result = reroute(server, order_id, excluded_location_ids=excluded)
        assert [change.changed for change in result.changes] == [True]
        assert live(server, order_id) == {expected: {"1": 1}}
    assert available(server, item) == {"A": 1, "B": 1, "X": 0}
    assert order_of(server, order_id).version == 3


def test_two_orders_of_which_one_takes_what_the_other_frees(server: Server) -> None:
    first, second = stocked(server, A=1, B=1), stocked(server, B=1)
    # This one takes `first` at A; the next has to take it at B, where `second` is.
    single = source(server, (first, 1)).order_id
    double = source(server, (first, 1), (second, 1)).order_id
    assert live(server, double) == {"B": {"1": 1, "2": 1}}
    third = stocked(server, A=2)
    adjust(server, record(second, "A", 1))
    result = reroute(server, single, double, mode=PREVIEW)
    assert not [change for change in result.changes if change.changed], "nothing is to be won"
    assert available(server, third) == {"A": 2}


def test_a_repeat_is_answered_and_moves_nothing(server: Server) -> None:
    order_id, _, _ = split_order(server)
    request_id = uuid7()
    result = reroute(server, order_id, request_id=request_id)
    version = order_of(server, order_id).version
    again = reroute(server, order_id, request_id=request_id)
    assert again.duplicate and not result.duplicate
    assert again.position == result.position
    assert [change.cost_after_micros for change in again.changes] == [change.cost_after_micros for change in result.changes]
    assert order_of(server, order_id).version == version == 2
    assert live(server, order_id) == BOTH_AT_A
    other = refusal(lambda: reroute(server, order_id, request_id=request_id, reason="OTHER"))
    assert other.reason == "REQUEST_ID_REUSED"


def test_what_cannot_move_is_told_and_the_rest_goes_on(server: Server) -> None:
    order_id, _, _ = split_order(server)
    item = stocked(server, A=2)
    ended = source(server, (item, 1)).order_id
    server.order.CancelOrder(order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=ended))
    result = reroute(server, "never-was", ended, order_id)
    told = {change.order_id: change.refusal.reason for change in result.changes}
    assert told == {"never-was": "UNKNOWN_ORDER", ended: "WRONG_STATE", order_id: ""}
    assert live(server, order_id) == BOTH_AT_A


def test_no_more_orders_are_moved_than_allowed_nor_for_less_than_a_move_costs(server: Server) -> None:
    orders = [split_order(server)[0] for _ in range(3)]
    result = reroute(server, *orders, moves_max=2)
    assert sum(change.changed for change in result.changes) == 2
    assert sum(len(live(server, order_id)) == 1 for order_id in orders) == 2
    first, second = stocked(server, A=1), stocked(server, B=1)
    order_id = source(server, (first, 1), (second, 1)).order_id
    adjust(server, record(first, "X", 1), record(second, "X", 1))
    # One shipment in place of two saves what a shipment costs, 4.95, and what one more does, 1.
    dear = reroute(server, order_id, move_price_micros=5_950_001)
    assert not [change for change in dear.changes if change.changed]
    cheap = reroute(server, order_id, move_price_micros=5_949_999)
    assert [change.cost_before_micros - change.cost_after_micros for change in cheap.changes] == [5_950_000]
    assert live(server, order_id) == {"X": {"1": 1, "2": 1}}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"mode": sourcing_service_pb2.SOURCE_MODE_SHADOW}, "mode"), ({"request_id": "x"}, "request_id"),
        ({"filter": Filter(location_ids=["nowhere"])}, "filter.location_ids[0]"), ({"moves_max": -1}, "moves_max"),
        ({"excluded_location_ids": ["nowhere"]}, "excluded_location_ids[0]"), ({"move_price_micros": -1}, "move_price_micros"),
    ],
)  # fmt: skip
def test_bad_fields_are_named(server: Server, fields: dict[str, Any], field: str) -> None:
    told = refusal(lambda: reroute(server, **{"filter": Filter(), **fields}))
    assert told.fields == (field,)
