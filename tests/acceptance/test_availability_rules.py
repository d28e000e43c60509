"""Rules of what may be promised, backorders and pickup: acceptance cases 10, 12 and 29, and scenarios."""

import time

import pytest
from belofte.v1 import inventory_service_pb2, types_pb2

from tests.acceptance.asking import (
    adjust,
    available,
    basket,
    lines,
    order_request,
    put,
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
from tests.acceptance.test_availability import DAY_SECONDS, days_ahead
from tests.acceptance.test_explain import explain
from tests.acceptance.test_reservations import NETWORK, confirm, hold, release

PICKUP = types_pb2.DELIVERY_METHOD_PICKUP


def beyond(server: Server, item: str, quantity: int) -> "types_pb2.Plan":
    """An order that may be backordered, taken."""
    return send(server, order_request(basket(lines((item, quantity), allow_backorder=True)))).plan


def receipts(plan: "types_pb2.Plan") -> dict[str, int]:
    """Units by receipt."""
    units: dict[str, int] = {}
    for line in (line for shipment in plan.shipments for line in shipment.lines):
        units[line.receipt_id] = units.get(line.receipt_id, 0) + line.quantity
    return units


def collected(server: Server, item: str, quantity: int, place: str = "Z") -> "types_pb2.Plan":
    """An order to collect, taken."""
    wanted = basket(lines((item, quantity), delivery_method=PICKUP, pickup_location_id=place))
    return send(server, order_request(wanted)).plan


def test_backorder_floor(server: Server) -> None:
    """Case 10. Floor −10 on 85 with 93 held: 85 by an order that may not go below zero, 8 by a reservation that may."""
    item = "late3"
    put(server, item, {"A": 85})
    source(server, (item, 85))
    assert refusal(lambda: source(server, (item, 1))).reason == "NO_STOCK"
    held = hold(server, basket=basket(lines((item, 8), allow_backorder=True)))
    assert [(line.quantity, line.receipt_id, line.location_id) for line in held.lines] == [(8, "", "A")]
    assert receipts(held.plan) == {"BACKORDER": 8}
    assert available(server, item) == {"A": -8}
    assert refusal(lambda: beyond(server, item, 3)).reason == "NO_STOCK"
    assert refusal(lambda: hold(server, basket=basket(lines((item, 3), allow_backorder=True)))).reason == "NO_STOCK"
    assert refusal(lambda: source(server, (item, 1))).reason == "NO_STOCK"
    plan = beyond(server, item, 2)
    assert receipts(plan) == {"BACKORDER": 2}
    assert all(s.handover_by.seconds >= time.time() + 3 * DAY_SECONDS - 60 for s in plan.shipments)
    assert refusal(lambda: beyond(server, item, 1)).reason == "NO_STOCK"
    assert available(server, item) == {"A": -10}
    # What is given back may be had again, below zero as before; a part of it is left in the plan.
    assert [line.quantity for line in release(server, held.reservation_id, ("1", 3)).reservation.lines] == [5]
    assert refusal(lambda: beyond(server, item, 4)).reason == "NO_STOCK"
    assert receipts(beyond(server, item, 3)) == {"BACKORDER": 3}
    assert receipts(confirm(server, held.reservation_id).order.plan) == {"BACKORDER": 5}
    # 20 come in: 10 of them were sold before.
    put(server, item, {"A": 105})
    assert available(server, item) == {"A": 10}
    assert receipts(beyond(server, item, 12)) == {"": 10, "BACKORDER": 2}


@pytest.mark.parametrize(("item", "on_hand", "held", "most"), [("late0", 0, 0, 10), ("late1", 7, 5, 12), ("late2", 4, 12, 2)])
def test_no_more_is_backordered_than_the_cap(server: Server, item: str, on_hand: int, held: int, most: int) -> None:
    """Case 10 with other numbers: 10 below zero. One unit more is refused, whoever took what is gone."""
    put(server, item, {"B": on_hand})
    if held:
        beyond(server, item, held)
    assert refusal(lambda: beyond(server, item, most + 1)).reason == "NO_STOCK"
    quoted = quote(server, basket(lines((item, most + 1), allow_backorder=True)))
    assert [short.short_quantity for short in quoted.unavailable] == [1]
    assert sum(receipts(beyond(server, item, most)).values()) == most
    assert stock_of(server, item).allocated == held + most == on_hand + 10


def test_no_receipt_is_called_as_what_is_sold_beyond_stock(server: Server) -> None:
    row = record(
        server.item(), "A", 1, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="BACKORDER", available_at=days_ahead(1)
    )
    (result,) = adjust(server, row).results
    assert (result.accepted, result.reason) == (False, "INVALID_FIELD")
    assert result.message.startswith("receipt_id: another id was expected")


def test_two_locations_have_a_cap_each(server: Server) -> None:
    put(server, "late4", {"A": 1, "B": 2})
    assert refusal(lambda: beyond(server, "late4", 24)).reason == "NO_STOCK"
    plan = beyond(server, "late4", 23)
    assert {place: sum(units.values()) for place, units in shipped(plan).items()} == {"A": 11, "B": 12}
    assert receipts(plan) == {"": 3, "BACKORDER": 20}


def test_what_is_held_of_the_network_may_go_below_zero(server: Server) -> None:
    """5 of 2 are held at network level; what becomes of it is an order of as many."""
    put(server, "late5", {"A": 2})
    held = hold(server, basket=basket(lines(("late5", 5), allow_backorder=True)), scope=NETWORK)
    assert available(server, "late5") == {"A": -3}
    plan = confirm(server, held.reservation_id).order.plan
    assert sum(receipts(plan).values()) == 5
    assert available(server, "late5") == {"A": -3}
    assert refusal(lambda: beyond(server, "late5", 8)).reason == "NO_STOCK"
    beyond(server, "late5", 7)


def test_a_receipt_that_comes_sooner_is_taken_first(server: Server) -> None:
    """late6 takes six days to come; its receipt lands in two."""
    put(server, "late6", {"A": 0})
    inbound = record(
        "late6", "A", 4, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO-9", available_at=days_ahead(2)
    )  # fmt: skip
    assert adjust(server, inbound).accepted_count == 1
    assert receipts(beyond(server, "late6", 5)) == {"PO-9": 4, "BACKORDER": 1}


@pytest.mark.parametrize(
    ("item", "stock", "market", "web"), [("ruled0", 10, 8, 2), ("ruled1", 9, 7, 2), ("ruled2", 1, 0, 1), ("ruled3", 5, 4, 1)]
)
def test_channels_share_a_location_and_one_leaves_a_buffer(
    server: Server, item: str, stock: int, market: int, web: int
) -> None:
    """Case 12. The market leaves 20 % of what is on hand, rounded up; the web may have that, and together no more is sold."""
    put(server, item, {"A": stock})
    assert stock_of(server, item, channel="market") == (stock, 0, market)
    assert stock_rows(server, item, channel="market")[0].safety_stock == stock - market
    assert refusal(lambda: source(server, (item, market + 1), channel="market")).reason == "NO_STOCK"
    if market:
        source(server, (item, market), channel="market")
    assert refusal(lambda: source(server, (item, 1), channel="market")).reason == "NO_STOCK"
    assert refusal(lambda: source(server, (item, web + 1), channel="web")).reason == "NO_STOCK"
    source(server, (item, web), channel="web")
    assert stock_of(server, item) == (stock, stock, 0)


def test_a_location_that_is_off_for_a_channel_has_nothing_for_it(server: Server) -> None:
    """B sells nothing to the market, neither what is there nor what will be; the web may have it. X was off in 2020."""
    put(server, "ruled4", {"B": 6, "X": 1})
    inbound = record("ruled4", "B", 4, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO-8", available_at=days_ahead(1))
    assert adjust(server, inbound).accepted_count == 1
    rows = {row.location_id: row for row in stock_rows(server, "ruled4", channel="market", by_date=days_ahead(9))}
    assert (rows["B"].on_hand, rows["B"].available, [w.quantity for w in rows["B"].windows]) == (6, 0, [0])
    assert rows["X"].available == 0  # 20 % of 1, rounded up, is left
    for call in (
        lambda: source(server, ("ruled4", 1), channel="market"),
        lambda: hold(server, basket=basket(lines(("ruled4", 1)), channel="market"), scope=NETWORK),
    ):
        assert refusal(call).reason == "NO_STOCK"
    assert not quote(server, basket(lines(("ruled4", 1)), channel="market")).options
    seen = {
        c.location_id: c for c in explain(server, basket=basket(lines(("ruled4", 1)), channel="market")).explanation.candidates
    }
    assert [(each.reason, each.message) for each in seen["B"].reasons] == [
        ("DISABLED", "an availability rule keeps the line's item from being promised there")
    ]
    assert [each.available_quantity for each in seen["B"].stock] == [0]
    assert shipped(source(server, ("ruled4", 11), channel="web").plan) == {"B": {"1": 10}, "X": {"1": 1}}


@pytest.mark.parametrize(("stock", "kept", "wanted", "most"), [(5, 4, 2, 1), (7, 3, 5, 4), (3, 3, 1, 0)])
@pytest.mark.parametrize("is_held", [False, True])
def test_pickup_holds_are_left_alone_by_delivery(
    server: Server, stock: int, kept: int, wanted: int, most: int, is_held: bool
) -> None:
    """Case 29. Pickup holds 4 of 5: an order of 2 to ship takes at most 1 there, and the rest elsewhere or not at all."""
    item = stocked(server, Z=stock)
    if is_held:
        hold(server, basket=basket(lines((item, kept), delivery_method=PICKUP, pickup_location_id="Z")))
    else:
        collected(server, item, kept)
    assert refusal(lambda: source(server, (item, wanted))).reason == "NO_STOCK"
    put(server, item, {"B": wanted - most})
    expected = {place: {"1": units} for place, units in (("B", wanted - most), ("Z", most)) if units}
    assert shipped(source(server, (item, wanted)).plan) == expected
    assert stock_of(server, item).available == 0


def test_units_kept_for_pickup_are_not_shipped(server: Server) -> None:
    """Two of Z's are for those who collect: of 5, 3 may be shipped; then both may be collected."""
    put(server, "ruled5", {"Z": 5})
    assert available(server, "ruled5") == {"Z": 5}
    assert refusal(lambda: source(server, ("ruled5", 4))).reason == "NO_STOCK"
    assert refusal(lambda: hold(server, ("ruled5", 4), scope=NETWORK)).reason == "NO_STOCK"
    source(server, ("ruled5", 3))
    collected(server, "ruled5", 2)
    assert stock_of(server, "ruled5") == (5, 5, 0)


def test_a_hold_of_the_network_takes_what_is_collected_first(server: Server) -> None:
    """1 to ship and 2 to collect, of 3 none is left to ship, since 2 stay for pickup; of 5 both are held."""
    mixed = [*lines(("ruled7", 1), ("ruled7", 2))]
    mixed[1].delivery_method, mixed[1].pickup_location_id = PICKUP, "Z"
    put(server, "ruled7", {"Z": 3})
    assert refusal(lambda: hold(server, basket=basket(mixed), scope=NETWORK)).reason == "NO_STOCK"
    put(server, "ruled7", {"Z": 5})
    held = hold(server, basket=basket(mixed), scope=NETWORK)
    assert [(line.line_id, line.quantity) for line in held.lines] == [("1", 1), ("2", 2)]
    assert {
        shipment.route: {line.line_id: line.quantity for line in shipment.lines}
        for shipment in confirm(server, held.reservation_id).order.plan.shipments
    } == {types_pb2.ROUTE_SHIP: {"1": 1}, types_pb2.ROUTE_PICKUP: {"2": 2}}


def test_scenarios(server: Server) -> None:
    """Always: all 5 and the 4 inbound. `on-hand`: no receipts. `lean`: 7 are left of what is on hand. `abroad`: none of NL."""
    item = "ruled6"
    put(server, item, {"A": 8})
    inbound = record(item, "A", 4, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO-7", available_at=days_ahead(1))
    assert adjust(server, inbound).accepted_count == 1
    by = {"by_date": days_ahead(2), "location_ids": ["A"]}
    found = {name: stock_rows(server, item, scenario_id=name, **by)[0] for name in ("", "on-hand", "lean", "abroad")}
    assert {name: row.available for name, row in found.items()} == {"": 12, "on-hand": 8, "lean": 5, "abroad": 0}
    assert {name: row.safety_stock for name, row in found.items()} == {"": 0, "on-hand": 0, "lean": 7, "abroad": 0}
    assert [[w.quantity for w in row.windows] for row in found.values()] == [[8, 12], [8], [1, 5], [0]]
    for name, row in found.items():
        units = row.available
        quoted = quote(server, basket(lines((item, units + 1)), scenario_id=name))
        assert [short.reason for short in quoted.unavailable] == ["NO_STOCK"]
    put(server, item, {"new-york": 9})
    assert shipped(source(server, (item, 9), scenario_id="abroad", policy_id="abroad").plan) == {"new-york": {"1": 9}}
    assert refusal(lambda: source(server, (item, 6), scenario_id="lean")).reason == "NO_STOCK"
    plan = source(server, (item, 5), scenario_id="lean").plan
    assert receipts(plan) == {"": 1, "PO-7": 4}
    # What lean leaves others may take, and lean has nothing any more.
    assert receipts(source(server, (item, 7), scenario_id="on-hand").plan) == {"": 7}
    assert stock_of(server, item, scenario_id="lean").available == 0


def test_unknown_scenario_names_those_known(server: Server) -> None:
    item = stocked(server, A=1)
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=[item], scenario_id="leen")
    for call, field in (
        (lambda: server.inventory.GetAvailability(request), "scenario_id"),
        (lambda: source(server, (item, 1), scenario_id="leen"), "order.basket.scenario_id"),
        (lambda: hold(server, basket=basket(lines((item, 1)), scenario_id="leen")), "basket.scenario_id"),
    ):
        error = refusal(call)
        assert (error.code, error.reason, error.fields) == ("NOT_FOUND", "UNKNOWN_SCENARIO", (field,))
        assert "known: abroad, lean, on-hand" in error.message


def test_preorders_come_from_the_first_receipt(server: Server) -> None:
    """Nothing was ever on hand: the line waits for its receipt."""
    item = server.item()
    inbound = record(item, "A", 4, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO-1", available_at=days_ahead(5))
    assert adjust(server, inbound).accepted_count == 1
    plan = send(server, order_request(basket(lines((item, 3), allow_preorder=True)))).plan
    assert receipts(plan) == {"PO-1": 3}
    assert all(s.handover_by.seconds >= days_ahead(5).seconds - 60 for s in plan.shipments)
