"""Feeds that speak of orders: what was shipped for them, and receipts that they were promised."""

import time

from belofte.v1 import inventory_service_pb2, order_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7
from tests.acceptance.asking import CALL_SECONDS_MAX, Answer, adjust, order_of, record, source, stock_of, stock_rows, stocked
from tests.acceptance.server import Server

COUNT, INBOUND = types_pb2.INVENTORY_KIND_COUNT, types_pb2.INVENTORY_KIND_INBOUND
RECEIVED, SHIPPED = types_pb2.INVENTORY_KIND_RECEIVED, types_pb2.INVENTORY_KIND_SHIPPED
AdjustResponse = inventory_service_pb2.AdjustInventoryResponse


def shift(seconds: float) -> Timestamp:
    """An instant so far from now."""
    stamp = Timestamp()
    stamp.FromMilliseconds(int((time.time() + seconds) * 1_000))
    return stamp


def ship(item: str, order: Answer, quantity: int, **fields: object) -> types_pb2.InventoryRecord:
    return record(item, "A", quantity, kind=SHIPPED, order_id=order.order_id, **fields)


def expect(server: Server, item: str, receipt: str, quantity: int, days: int = 0, arrival: Timestamp | None = None) -> None:
    arrival = arrival or shift(days * 86_400)
    inbound = record(item, "A", quantity, kind=INBOUND, receipt_id=receipt, available_at=arrival)
    assert adjust(server, inbound).accepted_count == 1


def reasons(answer: AdjustResponse) -> list[str]:
    return [result.reason for result in answer.results]


def events(server: Server, order: Answer) -> list[types_pb2.OrderEvent]:
    request = order_service_pb2.ListOrderEventsRequest(order_id=order.order_id)
    return list(server.order.ListOrderEvents(request, timeout=CALL_SECONDS_MAX).events)


def test_shipping_a_part_leaves_the_rest_allocated(server: Server) -> None:
    """Case 20: 50 of 80 allocated, with 100 on hand."""
    item = stocked(server, A=100)
    order = source(server, (item, 80))
    answer = adjust(server, ship(item, order, 50))
    assert (answer.results[0].supply, answer.results[0].demand) == (50, 30)
    assert stock_of(server, item) == (50, 30, 20)
    told = events(server, order)[-1]
    assert (told.type, told.item_id, told.location_id) == (types_pb2.EVENT_TYPE_SHIPMENT_SHIPPED, item, "A")
    assert order_of(server, order.order_id).version == 2
    # No more than is left, in one request or in several.
    assert reasons(adjust(server, ship(item, order, 31))) == ["WRONG_STATE"]
    assert reasons(adjust(server, ship(item, order, 20), ship(item, order, 20), ship(item, order, 10))) == [
        "",
        "WRONG_STATE",
        "",
    ]
    assert stock_of(server, item) == (20, 0, 20)
    assert reasons(adjust(server, ship(item, order, 1))) == ["WRONG_STATE"]


def test_shipped_side_by_side_never_more_than_was_allocated(server: Server) -> None:
    item = stocked(server, A=100)
    order = source(server, (item, 40))
    requests = [
        inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[ship(item, order, 1)]) for _ in range(60)
    ]
    futures = [server.inventory.AdjustInventory.future(request, timeout=CALL_SECONDS_MAX) for request in requests]
    accepted = contended = 0
    for future in futures:
        if future.exception() is None:
            accepted += future.result().accepted_count
        else:
            assert future.code().name == "ABORTED"
            contended += 1
    assert stock_of(server, item) == (100 - accepted, 40 - accepted, 60)
    assert 1 <= accepted <= 40 and (accepted == 40 or contended)


def test_shipment_is_one_of_the_orders_at_the_location(server: Server) -> None:
    item = stocked(server, A=10)
    order = source(server, (item, 5))
    (shipment,) = order.plan.shipments
    assert reasons(adjust(server, ship(item, order, 1, shipment_id="another"))) == ["WRONG_STATE"]
    assert reasons(adjust(server, ship(item, order, 1, shipment_id=shipment.shipment_id))) == [""]
    assert reasons(adjust(server, record(item, "B", 1, kind=SHIPPED, order_id=order.order_id))) == ["WRONG_STATE"]
    assert stock_of(server, item) == (9, 4, 5)


def test_shipped_before_the_last_count_releases_demand_only(server: Server) -> None:
    item = stocked(server, A=100)
    order = source(server, (item, 80))
    assert adjust(server, record(item, "A", 50, kind=COUNT)).accepted_count == 1
    assert stock_of(server, item) == (50, 80, 0)
    before = ship(item, order, 50, as_of=shift(-60))
    assert "seen" in adjust(server, before).results[0].message
    assert stock_of(server, item) == (50, 30, 20)


def test_received_moves_a_receipt_and_who_waits_for_it(server: Server) -> None:
    item = server.item()
    expect(server, item, "PO-1", 10, days=3)
    first, second = source(server, (item, 4)), source(server, (item, 5))
    assert reasons(adjust(server, ship(item, first, 1))) == ["WRONG_STATE"], "it is not there yet"
    received = adjust(server, record(item, "A", 6, kind=RECEIVED, receipt_id="PO-1"))
    assert (received.results[0].supply, received.results[0].demand) == (6, 6)
    assert stock_of(server, item, by_date=shift(4 * 86_400)) == (6, 6, 1)
    # First come, first served: the first order has all of its units, the second one two.
    assert reasons(adjust(server, ship(item, first, 4), ship(item, second, 3), ship(item, second, 2))) == [
        "",
        "WRONG_STATE",
        "",
    ]
    # More than was expected becomes on hand.
    assert adjust(server, record(item, "A", 7, kind=RECEIVED, receipt_id="PO-1")).accepted_count == 1
    assert stock_of(server, item, by_date=shift(4 * 86_400)) == (7, 3, 4)
    assert adjust(server, ship(item, second, 3)).accepted_count == 1
    assert stock_of(server, item) == (4, 0, 4)
    assert adjust(server, record(item, "A", 2, kind=RECEIVED)).results[0].supply == 6
    (row,) = stock_rows(server, item, location_ids=["A"])
    assert [window.quantity for window in row.windows] == [6]


def test_receipt_told_after_it_was_received_is_expected_no_more(server: Server) -> None:
    """The feed of receipts comes late: what came in counts once."""
    item = server.item()
    rows = [
        record(item, "A", 6, kind=RECEIVED, receipt_id="PO-1", as_of=shift(-50)),
        record(item, "A", 10, kind=INBOUND, receipt_id="PO-1", available_at=shift(86_400), as_of=shift(-100)),
    ]
    assert [result.supply for result in adjust(server, *rows).results] == [6, 4]
    assert stock_of(server, item, by_date=shift(2 * 86_400)) == (6, 0, 10)


def at_risk(server: Server, order: Answer) -> list[str]:
    found = [each for each in events(server, order) if each.type == types_pb2.EVENT_TYPE_PROMISE_AT_RISK]
    assert all(each.order_id == order.order_id and each.position and each.message for each in found)
    assert len({each.event_id for each in found}) == len(found)
    return [each.attributes["reason"] for each in found]


def test_late_receipt_names_exactly_the_orders_that_wait_for_it(server: Server) -> None:
    item, other = stocked(server, A=1), server.item()
    expect(server, item, "PO-1", 10, days=3)
    expect(server, other, "PO-1", 10, days=3)
    from_stock = source(server, (item, 1))
    waiting = [source(server, (item, 4)), source(server, (item, 3), (other, 1))]
    bystander = source(server, (other, 1))
    expect(server, item, "PO-1", 10, days=2)
    assert [at_risk(server, order) for order in waiting] == [[], []], "sooner harms nobody"
    late = shift(9 * 86_400)
    expect(server, item, "PO-1", 10, arrival=late)
    assert [at_risk(server, order) for order in waiting] == [["RECEIPT_LATE"], ["RECEIPT_LATE"]]
    assert at_risk(server, from_stock) == at_risk(server, bystander) == []
    after = source(server, (item, 2))
    expect(server, item, "PO-1", 10, arrival=late)
    assert at_risk(server, after) == []
    assert order_of(server, waiting[0].order_id).version == 1, "it was told something, not changed"


def test_cut_receipt_names_the_orders_that_no_longer_fit(server: Server) -> None:
    item, arrival = server.item(), shift(3 * 86_400)
    expect(server, item, "PO-2", 10, arrival=arrival)
    orders = [source(server, (item, quantity)) for quantity in (4, 3, 3)]
    cut = record(item, "A", 6, kind=INBOUND, receipt_id="PO-2", available_at=arrival)
    assert adjust(server, cut).accepted_count == 1
    assert [at_risk(server, order) for order in orders] == [[], ["RECEIPT_CUT"], ["RECEIPT_CUT"]]
    # What comes in goes to those who came first, and only what is left can be cut.
    assert adjust(server, record(item, "A", 4, kind=RECEIVED, receipt_id="PO-2")).accepted_count == 1
    called_off = record(item, "A", 0, kind=INBOUND, receipt_id="PO-2", available_at=arrival)
    assert adjust(server, called_off).accepted_count == 1
    assert [at_risk(server, order) for order in orders] == [[], ["RECEIPT_CUT"] * 2, ["RECEIPT_CUT"] * 2]
