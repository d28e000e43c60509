"""What can be promised: acceptance cases 8, 9, 11, 12 and 13."""

import time

import pytest
from belofte.v1 import inventory_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tests.acceptance.asking import (
    adjust,
    available,
    basket,
    instant,
    lines,
    order_request,
    put,
    put_available,
    quote,
    record,
    refusal,
    send,
    shipped,
    source,
    stock_of,
    stock_rows,
    stocked,
)
from tests.acceptance.server import Server

DAY_SECONDS = 86_400


@pytest.mark.parametrize("stock", [{"A": 5, "B": 5}, {"A": 1, "B": 20, "Z": 300}, {"Y": 7}, {}])
def test_network_has_what_its_locations_have(server: Server, stock: dict[str, int]) -> None:
    """Case 8. 5 + 5 in two locations: 10 over the network, and 10 can be sold at once."""
    item = stocked(server, **stock)
    total = sum(stock.values())
    assert stock_of(server, item) == (total, 0, total)
    assert available(server, item) == stock
    assert refusal(lambda: source(server, (item, total + 1))).reason == "NO_STOCK"
    if total:
        assert {where: sum(u.values()) for where, u in shipped(source(server, (item, total)).plan).items()} == stock
    assert stock_of(server, item) == (total, total, 0)


def test_safety_stock_is_not_sold(server: Server) -> None:
    """Case 9. 85 − 50 = 35 may be sold: 40 are refused, 30 taken, then 6 refused and 5 taken."""
    put(server, "kept", {"A": 85})
    assert stock_rows(server, "kept")[0].safety_stock == 50
    assert available(server, "kept") == {"A": 35}
    assert refusal(lambda: source(server, ("kept", 40))).reason == "NO_STOCK"
    assert available(server, "kept") == {"A": 35}
    source(server, ("kept", 30))
    assert available(server, "kept") == {"A": 5}
    assert refusal(lambda: source(server, ("kept", 6))).reason == "NO_STOCK"
    source(server, ("kept", 5))
    assert stock_of(server, "kept") == (85, 35, 0)


def test_safety_stock_is_kept_at_each_location(server: Server) -> None:
    """Case 9. A keeps 3 of 4 and B keeps 4 of 10: (4 − 3) + (10 − 4) = 7 may be sold; C, without a rule, keeps none."""
    put(server, "few", {"A": 4, "B": 10, "X": 2})
    assert available(server, "few") == {"A": 1, "B": 6, "X": 2}
    assert refusal(lambda: source(server, ("few", 10))).reason == "NO_STOCK"
    assert shipped(source(server, ("few", 9)).plan) == {"A": {"1": 1}, "B": {"1": 6}, "X": {"1": 2}}


@pytest.mark.parametrize(("debt", "stock"), [(-7, 5), (-1, 1), (-1_000_000, 12)])
def test_negative_on_hand_is_no_debt_elsewhere(server: Server, debt: int, stock: int) -> None:
    """Case 11. −7 at A and 5 at B: 5 can be sold, not −2."""
    item = stocked(server, A=debt, B=stock)
    assert available(server, item) == {"A": debt, "B": stock}
    assert stock_of(server, item).available == stock
    assert refusal(lambda: source(server, (item, stock + 1))).reason == "NO_STOCK"
    assert shipped(source(server, (item, stock)).plan) == {"B": {"1": stock}}


def test_channels_share_a_location(server: Server) -> None:
    """Case 12. Web and app sell from the same 9 units: 4 + 4 leave 1, and neither gets 2 of it."""
    item = stocked(server, A=9)
    for channel in ("web", "app"):
        source(server, (item, 4), channel=channel)
    for channel in ("web", "app"):
        assert refusal(lambda channel=channel: source(server, (item, 2), channel=channel)).reason == "NO_STOCK"  # type: ignore[misc]
    source(server, (item, 1), channel="app")
    assert stock_of(server, item) == (9, 9, 0)


def days_ahead(days: int) -> Timestamp:
    """A whole minute some days from now: what is inbound cannot be dated by a fixed calendar."""
    return Timestamp(seconds=(int(time.time()) // 60 + 1) * 60 + days * DAY_SECONDS)


@pytest.mark.parametrize(("on_hand", "inbound", "days"), [(3, 4, 5), (0, 9, 30), (10, 10, 1)])
def test_stock_in_transit_counts_from_its_arrival(server: Server, on_hand: int, inbound: int, days: int) -> None:
    """Case 13. It is not on hand, and not available before its date; an order that can wait for it is sent after it."""
    item = stocked(server, A=on_hand)
    arrival = days_ahead(days)
    answer = adjust(
        server, record(item, "A", inbound, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO-1", available_at=arrival)
    )
    assert answer.accepted_count == 1
    assert stock_of(server, item) == (on_hand, 0, on_hand)
    before = Timestamp(seconds=arrival.seconds - 60)
    assert stock_of(server, item, by_date=before).available == on_hand
    assert stock_of(server, item, by_date=arrival).available == on_hand + inbound
    (row,) = stock_rows(server, item, location_ids=["A"])
    assert [(window.quantity, window.to.seconds) for window in row.windows] == [
        (on_hand, arrival.seconds), (on_hand + inbound, 0),
    ]  # fmt: skip
    # There by the minute before it arrives: only what is on hand can be.
    early = basket(lines((item, on_hand + 1), latest_date=before))
    assert refusal(lambda: send(server, order_request(early))).code == "FAILED_PRECONDITION"
    assert stock_of(server, item).allocated == 0
    late = source(server, (item, on_hand + inbound))
    assert sum(sum(units.values()) for units in shipped(late.plan).values()) == on_hand + inbound
    receipts = {line.receipt_id: line.quantity for shipment in late.plan.shipments for line in shipment.lines}
    assert receipts == {**({"": on_hand} if on_hand else {}), "PO-1": inbound}
    (carrying,) = [s for s in late.plan.shipments if any(line.receipt_id for line in s.lines)]
    assert carrying.handover_by.seconds >= arrival.seconds
    assert refusal(lambda: source(server, (item, 1))).reason == "NO_STOCK"


def test_receipt_that_moves_is_there_later(server: Server) -> None:
    """Case 13. A delayed receipt counts from its new date; one called off counts no more."""
    item = server.item()

    def expect(quantity: int, days: int) -> None:
        inbound = record(
            item, "B", quantity, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO-2", available_at=days_ahead(days)
        )
        assert adjust(server, inbound).accepted_count == 1

    expect(6, days=2)
    assert stock_of(server, item, by_date=days_ahead(3)).available == 6
    expect(6, days=8)
    assert stock_of(server, item, by_date=days_ahead(3)).available == 0
    assert stock_of(server, item, by_date=days_ahead(9)).available == 6
    expect(0, days=8)
    assert stock_of(server, item, by_date=days_ahead(9)).available == 0
    assert quote(server, basket(lines((item, 1)))).unavailable[0].reason == "NO_STOCK"


def test_a_kit_is_available_as_often_as_its_components_are_at_one_location(server: Server) -> None:
    """On hand and as receipts come; it has no stock of its own, which is refused by name."""
    for part, units in (
        ("leg", {"A": 9, "B": 3}),
        ("top", {"A": 3, "B": 5}),
    ):
        put_available(server, part, units)
    arrival = instant("2030-04-02T00:00")
    inbound = record("leg", "B", 5, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="KIT-PO", available_at=arrival)
    assert adjust(server, inbound).accepted_count == 1
    rows = {row.location_id: row for row in stock_rows(server, "table")}
    assert {place: row.available for place, row in rows.items()} == {"A": 2, "B": 0}
    assert [window.quantity for window in rows["B"].windows] == [0, 2]
    (summed,) = stock_rows(server, "table", group_by=inventory_service_pb2.GROUP_BY_NETWORK, by_date=arrival)
    assert summed.available == 4
    (row,) = stock_rows(server, "table", location_ids=["X"])
    assert (row.location_id, row.available) == ("X", 0)
    answer = adjust(server, record("table", "A", 5))
    assert answer.accepted_count == 0 and "is a kit" in answer.results[0].message
    # Other tests find no receipt of what all of them share.
    inbound.quantity = 0
    assert adjust(server, inbound).accepted_count == 1
