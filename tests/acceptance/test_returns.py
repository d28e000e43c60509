"""Returns: what may come back, where it is worth most, what becomes of it; and a shoe retailer's story from order to refund."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import basket, lines, order_request, refusal, send, stock_rows
from tests.acceptance.living import do, events, listed, order, state, states, told, units, wrong
from tests.acceptance.server import Server
from tests.acceptance.shoe_retailer import shoe_server

PICKUP = types_pb2.DELIVERY_METHOD_PICKUP
SCRAP = order_service_pb2.RETURN_DISPOSITION_SCRAP
HOME = types_pb2.Destination(country_code="NL", postal_code="1015")


@pytest.fixture(scope="module")
def shoes() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    with shoe_server(folder) as running:
        yield running
        assert running.logs("a fault of the engine") == []
    shutil.rmtree(folder)


def on_hand(server: Server, item: str) -> dict[str, int]:
    return {row.location_id: row.on_hand for row in stock_rows(server, item)}


def bought(server: Server, item: str, quantity: int, price: int = 0, **line: object) -> str:
    """An order, delivered."""
    wanted = basket(lines((item, quantity), unit_price_micros=price, **line), destination=HOME, policy_id="")
    order_id = send(server, order_request(wanted)).order_id
    for shipment in order(server, order_id).plan.shipments:
        do(server, "ShipShipment", order_id=order_id, shipment_id=shipment.shipment_id)
        do(server, "DeliverShipment", order_id=order_id, shipment_id=shipment.shipment_id)
    return order_id


def back(line_id: str, quantity: int = 0, reason: str = "TOO_SMALL") -> order_service_pb2.ReturnLine:
    return order_service_pb2.ReturnLine(line_id=line_id, quantity=quantity, reason=reason)


def received(line_id: str, quantity: int, **fields: object) -> order_service_pb2.ReturnLine:
    return order_service_pb2.ReturnLine(line_id=line_id, received_quantity=quantity, **fields)


def announce(server: Server, order_id: str, *asked: order_service_pb2.ReturnLine, **fields: object) -> order_service_pb2.Return:
    made: order_service_pb2.Return = do(server, "CreateReturn", order_id=order_id, lines=asked, **fields).return_record
    return made


def test_a_return_goes_to_where_it_is_worth_most(shoes: Server) -> None:
    """Case 33. South has none left and would sell it at once: 80 + 30 − 0.4 − 0.5 − 4.95, more than anywhere else."""
    order_id = bought(shoes, "runner", 1)
    made = announce(shoes, order_id, back("1"))
    assert (made.location_id, made.carrier_service_id, made.keep) == ("south", "POST", False)
    amounts = {term.term: term.amount_micros for term in made.terms}
    assert amounts == {
        "resale": 80_000_000, "decay": -400_000, "stock_out": 30_000_000, "handling": -500_000, "shipping": -4_950_000,
    }  # fmt: skip
    assert made.value_micros == sum(amounts.values())


def test_what_is_in_stock_already_is_worth_less(shoes: Server) -> None:
    """With one at south, a second is worth half the sale that is missed there: still more than north, which has two."""
    there = on_hand(shoes, "runner").get("south", 0)
    order_id = bought(shoes, "runner", 1)
    before = announce(shoes, order_id, back("1"))
    do(shoes, "ReceiveReturn", return_id=before.return_id, lines=[received("1", 1, condition="NEW")])
    assert on_hand(shoes, "runner")["south"] == there + 1
    second = announce(shoes, bought(shoes, "runner", 1), back("1"))
    amounts = {term.term: term.amount_micros for term in second.terms}
    if second.location_id == "south":
        assert amounts["stock_out"] == 30_000_000 // (2 + there)


def test_without_a_label_it_stays_where_it_is_handed_in_or_goes_on_by_a_transfer(shoes: Server) -> None:
    """From west there is no way to south: it goes to the center, or stays; a boot has no price by place, and stays."""
    boot = announce(shoes, bought(shoes, "boot", 1), back("1"), drop_off_location_id="west")
    assert (boot.location_id, boot.carrier_service_id) == ("west", "") and len(boot.drop_off_code) == 10
    made = announce(shoes, bought(shoes, "runner", 1), back("1"), drop_off_location_id="north")
    assert made.location_id == "south"
    assert {term.term: term.amount_micros for term in made.terms}["shipping"] == -400_000


def test_a_supplier_takes_back_what_it_pays_more_for(shoes: Server) -> None:
    """The maker pays 90 %: less than a store would sell it for, more where the store is far from selling it."""
    order_id = bought(shoes, "sample", 1)
    assert announce(shoes, order_id, back("1"), location_id="maker").value_micros == 72_000_000 - 4_950_000
    best = announce(shoes, bought(shoes, "sample", 1), back("1"))
    assert best.value_micros > 72_000_000 - 4_950_000 and best.location_id != "maker"


def test_what_is_not_worth_sending_is_kept_and_paid_back(shoes: Server) -> None:
    order_id = bought(shoes, "lace", 2, price=1_500_000)
    made = announce(shoes, order_id, back("1", reason="WRONG_COLOUR"))
    assert (made.keep, made.location_id) == (True, "")
    refused = wrong(shoes, "ReceiveReturn", return_id=made.return_id, lines=[received("1", 1)])
    assert refused.reason == "WRONG_STATE"
    paid = do(shoes, "RefundReturn", return_id=made.return_id).return_record
    assert (paid.refund_micros, paid.state) == (3_000_000, order_service_pb2.RETURN_STATE_REFUNDED)


def test_received_in_parts_with_condition_and_disposition(shoes: Server) -> None:
    order_id = bought(shoes, "boot", 3, price=100_000_000)
    made = announce(shoes, order_id, back("1", 2), location_id="center")
    before = on_hand(shoes, "boot")
    left = do(shoes, "ReceiveReturn", return_id=made.return_id, lines=[received("1", 1, condition="NEW")]).return_record
    assert left.state == order_service_pb2.RETURN_STATE_PARTIALLY_RECEIVED
    assert on_hand(shoes, "boot")["center"] == before["center"] + 1
    torn = received("1", 1, condition="TORN", disposition=SCRAP)
    left = do(shoes, "ReceiveReturn", return_id=made.return_id, lines=[torn], expected_version=2).return_record
    assert (left.state, left.version) == (order_service_pb2.RETURN_STATE_RECEIVED, 3)
    assert on_hand(shoes, "boot")["center"] == before["center"] + 1, "what is thrown away is no stock"
    paid = do(shoes, "RefundReturn", return_id=made.return_id, refund_micros=150_000_000).return_record
    assert paid.refund_micros == 150_000_000
    assert wrong(shoes, "RefundReturn", return_id=made.return_id).reason == "WRONG_STATE"
    found = do(shoes, "GetOrder", order_id=order_id)
    assert list(found.returns) == [paid]
    assert told(shoes, order_id)[-4:] == ["RETURN_CREATED", "LINES_RETURNED", "LINES_RETURNED", "LINES_REFUNDED"]
    assert events(shoes, order_id)[-2].attributes["condition"] == "TORN"


def test_reasons_can_be_asked_for(shoes: Server) -> None:
    reason = f"REASON_{uuid7()}"
    first, second = bought(shoes, "lace", 2), bought(shoes, "lace", 1)
    announce(shoes, first, back("1", 1, reason))
    announce(shoes, first, back("1", 1, reason))
    announce(shoes, second, back("1", 1, reason))
    assert listed(shoes, return_reasons=[reason]) == [second, first]
    assert listed(shoes, return_reasons=[reason], states=[types_pb2.ORDER_STATE_HELD]) == []


@pytest.mark.parametrize(
    ("asked", "fields", "code", "reason"),
    [
        ([back("1", 3)], {}, "FAILED_PRECONDITION", "WRONG_STATE"),
        ([back("9")], {}, "NOT_FOUND", "UNKNOWN_LINE"),
        ([back("1"), back("1")], {}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ([order_service_pb2.ReturnLine(line_id="1", item_id="boot")], {}, "FAILED_PRECONDITION", "WRONG_STATE"),
        ([], {}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ([back("1")], {"location_id": "outlet"}, "FAILED_PRECONDITION", "NO_ROUTE"),
        ([back("1")], {"location_id": "nowhere"}, "NOT_FOUND", "UNKNOWN_LOCATION"),
        ([back("1")], {"order_id": "nobody"}, "NOT_FOUND", "UNKNOWN_ORDER"),
    ],
)
def test_a_return_of_what_was_never_bought_is_refused(
    shoes: Server, asked: list[order_service_pb2.ReturnLine], fields: dict[str, object], code: str, reason: str
) -> None:
    order_id = bought(shoes, "lace", 2)
    before = do(shoes, "GetOrder", order_id=order_id)
    refused = wrong(shoes, "CreateReturn", **{"order_id": order_id, "lines": asked, **fields})
    assert (refused.code, refused.reason) == (code, reason), refused
    assert do(shoes, "GetOrder", order_id=order_id) == before


def test_what_has_not_left_cannot_come_back_and_no_id_is_taken_twice(shoes: Server) -> None:
    order_id = send(shoes, order_request(basket(lines(("lace", 2)), destination=HOME, policy_id=""))).order_id
    assert wrong(shoes, "CreateReturn", order_id=order_id, lines=[back("1")]).reason == "WRONG_STATE"
    delivered = bought(shoes, "lace", 2)
    return_id = f"R-{uuid7()}"
    announce(shoes, delivered, back("1", 1), return_id=return_id)
    refused = wrong(shoes, "CreateReturn", order_id=delivered, lines=[back("1", 1)], return_id=return_id)
    assert (refused.code, refused.reason) == ("ALREADY_EXISTS", "RETURN_EXISTS")
    assert wrong(shoes, "ReceiveReturn", return_id="nothing", lines=[received("1", 1)]).reason == "UNKNOWN_RETURN"


def test_an_exchange_is_a_new_order_with_the_same_promise(shoes: Server) -> None:
    first = bought(shoes, "sample", 1)
    made = announce(shoes, first, back("1"))
    wanted = lines(("sample", 1))
    request = order_request(types_pb2.Basket(lines=wanted))
    request.order.exchange_return_id = made.return_id
    answer = send(shoes, request)
    found, before = order(shoes, answer.order_id), order(shoes, first)
    assert (found.exchange_return_id, found.basket.destination) == (made.return_id, HOME)
    promised = before.plan.shipments[0].delivery_latest.seconds - before.created_at.seconds
    (line,) = found.basket.lines
    assert 0 <= line.latest_date.seconds - found.created_at.seconds - promised <= 120
    assert found.plan.shipments[0].delivery_latest.seconds <= line.latest_date.seconds
    # Repeated, it is the same order, though time has passed.
    again = send(shoes, request)
    assert again.duplicate and again.plan.shipments == answer.plan.shipments
    request.request_id, request.order.order_id, request.order.exchange_return_id = uuid7(), "X-1", "nothing"
    assert refusal(lambda: send(shoes, request)).reason == "UNKNOWN_RETURN"


def test_story_from_order_to_refund(shoes: Server) -> None:
    """A customer orders two pairs to collect and one to be sent; a pair is torn, one too small, and all ends well."""
    before = {item: sum(on_hand(shoes, item).values()) for item in ("runner", "boot")}
    # Lea buys runners, to be sent, and boots, to collect at west, and has a day to think it over.
    wanted = lines(("runner", 2), ("boot", 1), unit_price_micros=99_000_000)
    wanted[1].delivery_method, wanted[1].pickup_location_id = PICKUP, "west"
    request = order_request(basket(wanted, destination=HOME, policy_id=""))
    request.order.hold_reason = "REMORSE"
    order_id = send(shoes, request).order_id
    assert state(shoes, order_id) == "HELD"
    # She keeps it. The order is released, and shows up on the lists of those who have work with it.
    do(shoes, "ReleaseOrder", order_id=order_id)
    sent, kept = sorted(order(shoes, order_id).plan.shipments, key=lambda each: each.route)
    work = listed(shoes, location_ids=[sent.location_id], shipment_states=[types_pb2.SHIPMENT_STATE_PLANNED])
    assert order_id in work
    # One of the runners is torn: it is sent from elsewhere at once, and the rest goes as it was to.
    do(shoes, "AcceptShipment", order_id=order_id, shipment_id=sent.shipment_id)
    torn = order_service_pb2.DeclinedLine(line_id="1", quantity=1, reason="DAMAGED")
    found = do(shoes, "DeclineShipmentLines", order_id=order_id, shipment_id=sent.shipment_id, lines=[torn]).order
    other = found.plan.shipments[-1]
    assert other.location_id != sent.location_id and units(found)["1"] == {"ACCEPTED": 1, "PLANNED": 1}
    # Both pairs leave, with numbers to follow them by, and arrive; the boots wait at west and are collected.
    for shipment_id in (sent.shipment_id, other.shipment_id):
        do(shoes, "ShipShipment", order_id=order_id, shipment_id=shipment_id, tracking_url="https://post.example/1")
        do(shoes, "DeliverShipment", order_id=order_id, shipment_id=shipment_id)
    do(shoes, "MarkReadyForPickup", order_id=order_id, shipment_id=kept.shipment_id)
    do(shoes, "CollectShipment", order_id=order_id, shipment_id=kept.shipment_id)
    assert state(shoes, order_id) == "COMPLETED"
    assert {each[2] for each in states(order(shoes, order_id))} == {"DELIVERED", "COLLECTED", "DECLINED"}
    # One pair is too small. She hands it in at north, without a label; it goes where it is missed most.
    made = announce(shoes, order_id, back("1", 1), drop_off_location_id="north")
    do(shoes, "ReceiveReturn", return_id=made.return_id, lines=[received("1", 1, condition="NEW")])
    paid = do(shoes, "RefundReturn", return_id=made.return_id).return_record
    assert paid.refund_micros == 99_000_000
    # Of the runners one was torn and one is worn: the third is for sale again. Nothing is promised to anybody any more.
    after = {item: sum(on_hand(shoes, item).values()) for item in ("runner", "boot")}
    assert after == {"runner": before["runner"] - 2, "boot": before["boot"] - 1}
    assert told(shoes, order_id) == [
        "ORDER_SOURCED", "ORDER_RELEASED", "SHIPMENT_ACCEPTED", "SHIPMENT_DECLINED", "ORDER_RESOURCED", "SHIPMENT_SHIPPED",
        "SHIPMENT_DELIVERED", "SHIPMENT_SHIPPED", "SHIPMENT_DELIVERED", "SHIPMENT_READY", "SHIPMENT_COLLECTED",
        "RETURN_CREATED", "LINES_RETURNED", "LINES_REFUNDED",
    ]  # fmt: skip
