"""What is paid back, what comes back to stock, and which days are free again, where a part of an order goes another way."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from belofte.v1 import inventory_service_pb2, ledger_entry_pb2, order_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.enums import CapacityUnit, DeclinedLines
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.ledger.database import open_database
from engine.ledger.recorder import replay
from engine.network.records import Item, NetworkRecords, Policy, Transfer
from tests.network.small_network import small_records
from tests.service.room import ADJUST, AVAILABILITY, SOURCE, Room, running
from tests.sidecars import wait_until

DAY_SECONDS = 86_400
PRICE = 10_000_000
HOME = types_pb2.Destination(country_code="NL", postal_code="1012")
KINDS = types_pb2.InventoryKind
ON_HAND, INBOUND, SHIPPED = KINDS.INVENTORY_KIND_ON_HAND, KINDS.INVENTORY_KIND_INBOUND, KINDS.INVENTORY_KIND_SHIPPED
FROM_AMS = {"allowed_location_ids": ["ams"]}


def records(**of_center: Any) -> NetworkRecords:
    """A center, and a store that it sends to."""
    base = small_records()
    ams, ehv, nyc = base.locations
    return replace(
        base,
        locations=(replace(ams, **of_center), replace(ehv, pickup=True), nyc),
        items=tuple(Item(f"i{n}") for n in range(20)),
        transfers=(Transfer("ams", "ehv", 1),),
        policies=(Policy("p", declined_lines=DeclinedLines.BACKORDER),),
    )


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The center must accept within minutes."""
    with running(tmp_path_factory.mktemp("room"), records(accept_minutes=5)) as made:
        yield made


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Room]:
    """The center takes three units a day."""
    with running(tmp_path, records(capacity_per_day=3, capacity_unit=CapacityUnit.UNITS)) as made:
        yield made


def in_days(days: int) -> Timestamp:
    return Timestamp(seconds=int(time.time()) + days * DAY_SECONDS)


def ask(room: Room, method: str, lines: Any = (), **fields: Any) -> Any:
    """A call of OrderService; lines are (line, quantity) or messages."""
    kind = getattr(order_service_pb2, method + "Request")
    if "request_id" in kind.DESCRIPTOR.fields_by_name:
        fields["request_id"] = uuid7(room.clock.unix_ms())
    request = kind(**fields)
    for each in lines:
        is_pair = isinstance(each, tuple)
        request.lines.append(order_service_pb2.LineQuantity(line_id=each[0], quantity=each[1]) if is_pair else each)
    answer = room.ask("/belofte.v1.OrderService/" + method, request.SerializeToString())
    return answer if isinstance(answer, Refusal) else getattr(order_service_pb2, method + "Response").FromString(answer)


def done(answer: Any) -> Any:
    assert not isinstance(answer, Refusal), answer
    return answer


def stock(room: Room, item: str, kind: KINDS.ValueType, quantity: int, location: str = "ams", **fields: Any) -> None:
    row = types_pb2.InventoryRecord(item_id=item, location_id=location, kind=kind, quantity=quantity, **fields)
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[row])
    answer = done(room.ask(ADJUST, request.SerializeToString()))
    assert inventory_service_pb2.AdjustInventoryResponse.FromString(answer).accepted_count == 1, answer


def line(item: str, quantity: int, line_id: str = "1", price: int = PRICE, **wishes: Any) -> types_pb2.BasketLine:
    return types_pb2.BasketLine(line_id=line_id, item_id=item, quantity=quantity, unit_price_micros=price, **wishes)


def ordered(room: Room, name: str, *lines: types_pb2.BasketLine) -> types_pb2.Order:
    made = types_pb2.Order(order_id=name, basket=types_pb2.Basket(lines=lines, destination=HOME))
    request = sourcing_service_pb2.SourceOrderRequest(request_id=uuid7(room.clock.unix_ms()), order=made)
    done(room.ask(SOURCE, request.SerializeToString()))
    return found(room, name)


def found(room: Room, name: str) -> types_pb2.Order:
    order: types_pb2.Order = done(ask(room, "GetOrder", order_id=name)).order
    return order


def on_hand(room: Room, item: str, location: str = "ams") -> int:
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=[item], location_ids=[location])
    answer = done(room.ask(AVAILABILITY, request.SerializeToString()))
    rows = inventory_service_pb2.GetAvailabilityResponse.FromString(answer).availabilities
    return rows[0].on_hand if rows else 0


def paid_back(room: Room, name: str) -> int:
    """Units of PRICE that are to be paid back."""
    events = done(ask(room, "ListOrderEvents", order_id=name, page_size=1_000)).events
    refunds = [each for each in events if each.type == types_pb2.EVENT_TYPE_LINES_REFUNDED]
    return sum(int(each.attributes["refund_micros"]) for each in refunds) // PRICE


def back(line_id: str, quantity: int = 0, **fields: Any) -> order_service_pb2.ReturnLine:
    return order_service_pb2.ReturnLine(line_id=line_id, quantity=quantity, **fields)


def short_of_two(room: Room, name: str, item: str) -> types_pb2.Order:
    """Five are ordered of the store, which finds three."""
    stock(room, item, ON_HAND, 5, "ehv")
    [shipment] = ordered(room, name, line(item, 5)).plan.shipments
    lost = order_service_pb2.DeclinedLine(line_id="1", quantity=2, reason="NOT_FOUND")
    order: types_pb2.Order = done(
        ask(room, "DeclineShipmentLines", order_id=name, shipment_id=shipment.shipment_id, lines=[lost])
    ).order
    assert [each.short_quantity for each in order.plan.short_lines] == [2]
    return order


def taken_of_days(room: Room, *orders: str) -> Counter[int]:
    """Capacity of the center that entries of these orders take, by day."""
    database = open_database(room.engine._settings.ledger_url)
    days: Counter[int] = Counter()
    for each in replay(database):
        entry = ledger_entry_pb2.LedgerEntry.FromString(each.entry)
        if entry.order_id in orders:
            for use in entry.capacities:
                days[use.day] += use.quantity_delta
    database.dispose()
    return +days


# -- what comes back


def test_what_waits_for_its_customer_at_a_store_is_paid_back_once(room: Room) -> None:
    """While it is on its way there it cannot be returned: not collected, it goes back by itself."""
    stock(room, "i0", ON_HAND, 3)
    method = types_pb2.DELIVERY_METHOD_SHIP_TO_STORE
    [shipment] = ordered(room, "store", line("i0", 1, delivery_method=method, pickup_location_id="ehv")).plan.shipments
    about = {"order_id": "store", "shipment_id": shipment.shipment_id}
    done(ask(room, "ShipShipment", **about))
    wrong = ask(room, "CreateReturn", order_id="store", lines=[back("1", 1)], location_id="ams")
    assert isinstance(wrong, Refusal) and wrong.reason is Reason.WRONG_STATE
    done(ask(room, "MarkReadyForPickup", **about))
    done(ask(room, "CollectShipment", **about))
    done(ask(room, "CreateReturn", order_id="store", return_id="R-store", lines=[back("1", 1)], location_id="ams"))
    done(ask(room, "ReceiveReturn", return_id="R-store", lines=[back("1", received_quantity=1)]))
    done(ask(room, "RefundReturn", return_id="R-store"))
    assert paid_back(room, "store") == 1 and on_hand(room, "i0") == 3


def test_a_substitute_comes_back_as_what_it_is(room: Room) -> None:
    stock(room, "i2", ON_HAND, 3)
    wanted = line("i1", 2, allow_substitutes=True, substitute_item_ids=["i2"])
    [shipment] = ordered(room, "instead", wanted).plan.shipments
    assert {part.item_id for part in shipment.lines} == {"i2"}
    done(ask(room, "ShipShipment", order_id="instead", shipment_id=shipment.shipment_id))
    wrong = ask(room, "CreateReturn", order_id="instead", lines=[back("1", 1, item_id="i1")], location_id="ams")
    assert isinstance(wrong, Refusal) and "i2" in wrong.message
    done(ask(room, "CreateReturn", order_id="instead", return_id="R-instead", lines=[back("1", 2)], location_id="ams"))
    done(ask(room, "ReceiveReturn", return_id="R-instead", lines=[back("1", received_quantity=2)]))
    assert (on_hand(room, "i1"), on_hand(room, "i2")) == (0, 3)


def test_what_comes_after_a_return_was_paid_back_may_be_announced_anew(room: Room) -> None:
    stock(room, "i3", ON_HAND, 3)
    [shipment] = ordered(room, "late", line("i3", 3)).plan.shipments
    done(ask(room, "ShipShipment", order_id="late", shipment_id=shipment.shipment_id))
    for name, announced, came in (("R-late-1", 3, 2), ("R-late-2", 1, 1)):
        done(ask(room, "CreateReturn", order_id="late", return_id=name, lines=[back("1", announced)], location_id="ams"))
        done(ask(room, "ReceiveReturn", return_id=name, lines=[back("1", received_quantity=came)]))
        done(ask(room, "RefundReturn", return_id=name))
    assert isinstance(ask(room, "CreateReturn", order_id="late", lines=[back("1", 1)], location_id="ams"), Refusal)
    assert paid_back(room, "late") == 3 and on_hand(room, "i3") == 3


def test_what_has_left_is_paid_back_at_its_price(room: Room) -> None:
    """Of a line of which some has left the price stays, named or not."""
    stock(room, "i4", ON_HAND, 3)
    [shipment] = ordered(room, "price", line("i4", 2)).plan.shipments
    done(ask(room, "ShipShipment", order_id="price", shipment_id=shipment.shipment_id, lines=[("1", 1)]))
    wrong = ask(room, "ChangeOrder", order_id="price", lines=[line("i4", 2, price=90 * PRICE)])
    assert isinstance(wrong, Refusal) and wrong.reason is Reason.WRONG_STATE
    done(ask(room, "ChangeOrder", order_id="price", lines=[line("i4", 3, price=0)]))
    assert [each.unit_price_micros for each in found(room, "price").basket.lines] == [PRICE]
    done(ask(room, "CreateReturn", order_id="price", return_id="R-price", lines=[back("1", 1)], location_id="ams"))
    done(ask(room, "ReceiveReturn", return_id="R-price", lines=[back("1", received_quantity=1)]))
    done(ask(room, "RefundReturn", return_id="R-price"))
    done(ask(room, "CancelOrder", order_id="price"))
    assert paid_back(room, "price") == 3


# -- fewer


@pytest.mark.parametrize(("quantity", "short"), [(5, 2), (4, 1), (3, 0), (2, 0)])
def test_fewer_of_what_is_short_are_paid_back_each_once(room: Room, quantity: int, short: int) -> None:
    name, item = f"fewer-{quantity}", f"i{5 + quantity}"
    short_of_two(room, name, item)
    order = done(ask(room, "ChangeOrder", order_id=name, lines=[line(item, quantity)])).order
    assert [each.short_quantity for each in order.plan.short_lines] == [short][: bool(short)]
    assert paid_back(room, name) == 5 - quantity
    done(ask(room, "CancelOrder", order_id=name))
    assert paid_back(room, name) == 5


def test_another_item_in_place_of_what_is_short_pays_the_rest_back(room: Room) -> None:
    short_of_two(room, "other", "i11")
    stock(room, "i12", ON_HAND, 3)
    order = done(ask(room, "ChangeOrder", order_id="other", lines=[line("i12", 3)], allow_repromise=True)).order
    assert not order.plan.short_lines and paid_back(room, "other") == 2


# -- days


def test_the_day_of_what_was_cancelled_is_free_and_no_other(busy: Room) -> None:
    """A shipment of now and one of a receipt to come take a day each: the later one goes, and its day with it."""
    stock(busy, "i13", ON_HAND, 2)
    stock(busy, "i14", INBOUND, 2, receipt_id="po", available_at=in_days(5))
    now = line("i13", 2, "1", latest_date=in_days(3), **FROM_AMS)
    ordered(busy, "days", now, line("i14", 2, "2", **FROM_AMS))
    before = taken_of_days(busy, "days")
    assert sorted(before.values()) == [2, 2]
    done(ask(busy, "CancelOrder", order_id="days", lines=[("2", 0)]))
    assert taken_of_days(busy, "days") == {min(before): 2}
    done(ask(busy, "CancelOrder", order_id="days"))
    assert not taken_of_days(busy, "days")


@pytest.mark.parametrize("how", ["feed", "call"])
def test_what_has_left_keeps_the_day_that_it_took(busy: Room, how: str) -> None:
    item, name = {"feed": "i15", "call": "i16"}[how], f"left-{how}"
    stock(busy, item, ON_HAND, 3)
    [shipment] = ordered(busy, name, line(item, 3, **FROM_AMS)).plan.shipments
    if how == "feed":
        stock(busy, item, SHIPPED, 2, order_id=name)
    else:
        done(ask(busy, "ShipShipment", order_id=name, shipment_id=shipment.shipment_id, lines=[("1", 2)]))
    done(ask(busy, "CancelOrder", order_id=name))
    assert list(taken_of_days(busy, name).values()) == [2] and paid_back(busy, name) == 1


# -- not there yet, not accepted


def test_nothing_is_ready_that_has_not_come_in(room: Room) -> None:
    stock(room, "i17", INBOUND, 2, "ehv", receipt_id="po", available_at=in_days(2))
    wanted = line("i17", 1, delivery_method=types_pb2.DELIVERY_METHOD_PICKUP, pickup_location_id="ehv")
    [shipment] = ordered(room, "ready", wanted).plan.shipments
    wrong = ask(room, "MarkReadyForPickup", order_id="ready", shipment_id=shipment.shipment_id)
    assert isinstance(wrong, Refusal) and wrong.reason is Reason.WRONG_STATE and "po" in wrong.message


def test_two_shipments_that_were_not_accepted_share_what_is_left_elsewhere(room: Room) -> None:
    """One unit is there: one of them has it, the other is short, in one change."""
    stock(room, "i18", ON_HAND, 2)
    ordered(room, "two", line("i18", 1, "1", **FROM_AMS), line("i18", 1, "2", latest_date=in_days(9), **FROM_AMS))
    done(ask(room, "ChangeOrder", order_id="two", lines=[line("i18", 1, "2", allowed_location_ids=["ams", "ehv"])]))
    done(ask(room, "ChangeOrder", order_id="two", lines=[line("i18", 1, "1", allowed_location_ids=["ams", "ehv"])]))
    assert len([each for each in found(room, "two").plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]) == 2
    stock(room, "i18", ON_HAND, 1, "ehv")
    room.clock.ahead_minutes += 6
    wait_until(lambda: len(found(room, "two").plan.short_lines) == 1, 30)
    planned = [each for each in found(room, "two").plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
    assert [each.location_id for each in planned] == ["ehv"]
