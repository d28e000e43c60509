"""Stock, receipts and records that others change before what was decided on them is committed, elsewhere or in one batch."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from belofte.v1 import inventory_service_pb2, order_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.network.records import Item
from engine.service.hold_writes import CONFIRMED
from tests.network.small_network import small_records
from tests.service.room import ADJUST, AVAILABILITY, RESERVATIONS, SOURCE, Room, two_rooms
from tests.sidecars import wait_until

ROUNDS = 15
RESERVATIONS_MAX = 4
DAY_SECONDS = 86_400
CANCEL_REQUEST = "/belofte.v1.SourcingService/CancelRequest"
GET_ORDER, CANCEL_ORDER = "/belofte.v1.OrderService/GetOrder", "/belofte.v1.OrderService/CancelOrder"
HOME = types_pb2.Destination(country_code="NL", postal_code="1012")
KINDS = types_pb2.InventoryKind
CALLED_OFF, HELD, AWAY, COUNTED, SOLD, LATER, LATER_ELSEWHERE, CONFIRMED_LATER = (ROUNDS * n for n in range(8))
"""Where the items of each test begin."""


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Room, Room]]:
    """Two engines on one store."""
    folder = tmp_path_factory.mktemp("rooms")
    records = replace(small_records(), items=tuple(Item(f"i{n}") for n in range(8 * ROUNDS)))
    with two_rooms(folder, records, reservations_max=RESERVATIONS_MAX) as both:
        yield both


def in_days(days: int) -> Timestamp:
    return Timestamp(seconds=int(time.time()) + days * DAY_SECONDS)


def done(answer: bytes | Refusal) -> bytes:
    assert isinstance(answer, bytes), answer
    return answer


def adjustment(item: str, kind: KINDS.ValueType, quantity: int, days: int = 0) -> tuple[str, bytes]:
    receipt_id = "po" if kind in (KINDS.INVENTORY_KIND_INBOUND, KINDS.INVENTORY_KIND_RECEIVED) else ""
    row = types_pb2.InventoryRecord(item_id=item, location_id="ams", kind=kind, quantity=quantity, receipt_id=receipt_id)
    if days:
        row.available_at.CopyFrom(in_days(days))
    return ADJUST, inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[row]).SerializeToString()


def stock(room: Room, item: str, kind: KINDS.ValueType, quantity: int, days: int = 0) -> None:
    answer = inventory_service_pb2.AdjustInventoryResponse.FromString(done(room.ask(*adjustment(item, kind, quantity, days))))
    assert answer.accepted_count == 1, answer


def basket(item: str, quantity: int) -> types_pb2.Basket:
    line = types_pb2.BasketLine(line_id="1", item_id=item, quantity=quantity)
    return types_pb2.Basket(lines=[line], destination=HOME)


def order(name: str, item: str, quantity: int, reservation_id: str = "") -> sourcing_service_pb2.SourceOrderRequest:
    made = types_pb2.Order(order_id=name, basket=basket(item, quantity))
    request = sourcing_service_pb2.SourceOrderRequest(request_id=uuid7(), order=made)
    if reservation_id:
        request.reservation_id = reservation_id
    return request


def called_off(request: Message) -> tuple[str, bytes]:
    cancel = sourcing_service_pb2.CancelRequestRequest(request_id=uuid7(), target_request_id=request.request_id)  # type: ignore[attr-defined]
    return CANCEL_REQUEST, cancel.SerializeToString()


def is_pending(answer: bytes | Refusal) -> bool | None:
    """Whether a request was on its way when it was called off; None: it had been recorded."""
    if isinstance(answer, Refusal):
        assert answer.reason is Reason.WRONG_STATE and "is recorded" in answer.message, answer
        return None
    status = sourcing_service_pb2.CancelRequestResponse.FromString(answer).status
    return status == sourcing_service_pb2.REQUEST_STATUS_PENDING


def reserved(room: Room, name: str, item: str, quantity: int, **options: str) -> reservation_service_pb2.Reservation:
    request = reservation_service_pb2.CreateReservationRequest(
        request_id=uuid7(), reservation_id=name, basket=basket(item, quantity), **options
    )
    answer = done(room.ask(RESERVATIONS + "CreateReservation", request.SerializeToString()))
    return reservation_service_pb2.CreateReservationResponse.FromString(answer).reservation


def confirmation(name: str) -> tuple[str, bytes]:
    request = reservation_service_pb2.ConfirmReservationRequest(
        request_id=uuid7(), reservation_id=name, order=types_pb2.Order(order_id=f"O-{name}")
    )
    return RESERVATIONS + "ConfirmReservation", request.SerializeToString()


def found(room: Room, name: str) -> types_pb2.Order:
    answer = done(room.ask(GET_ORDER, order_service_pb2.GetOrderRequest(order_id=name).SerializeToString()))
    return order_service_pb2.GetOrderResponse.FromString(answer).order


def counts(room: Room, item: str) -> tuple[int, int, int, int]:
    """(on hand, reserved, allocated, available within days)."""
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=[item], by_date=in_days(5))
    answer = done(room.ask(AVAILABILITY, request.SerializeToString()))
    rows = inventory_service_pb2.GetAvailabilityResponse.FromString(answer).availabilities
    return (rows[0].on_hand, rows[0].reserved, rows[0].allocated, rows[0].available) if rows else (0, 0, 0, 0)


# -- called off while it is recorded


def test_an_order_that_is_called_off_leaves_nothing_behind(rooms: tuple[Room, Room]) -> None:
    room, _ = rooms
    pending = 0
    for n in range(ROUNDS):
        item = f"i{CALLED_OFF + n}"
        stock(room, item, KINDS.INVENTORY_KIND_ON_HAND, 10)
        request = order(f"off-{n}", item, 4)
        _, answer = room.ask_all([(SOURCE, request.SerializeToString()), called_off(request)])
        assert counts(room, item) == ((10, 0, 0, 10) if is_pending(answer) is not None else (10, 0, 4, 6))
        if is_pending(answer):
            pending += 1
            assert found(room, f"off-{n}").state == types_pb2.ORDER_STATE_CANCELLED
    assert pending, "some were on their way"


def test_an_order_of_a_reservation_that_is_called_off_frees_what_was_held(rooms: tuple[Room, Room]) -> None:
    """Units, and the caller's room for other reservations: more are made one after the other than it may have at once."""
    room, _ = rooms
    pending = 0
    for n in range(ROUNDS):
        item = f"i{HELD + n}"
        stock(room, item, KINDS.INVENTORY_KIND_ON_HAND, 10)
        scope = "RESERVATION_SCOPE_NETWORK" if n % 2 else "RESERVATION_SCOPE_LOCATION"
        made = reserved(room, f"held-{n}", item, 4, scope=scope)
        request = order(f"held-off-{n}", item, 4, made.reservation_id)
        _, answer = room.ask_all([(SOURCE, request.SerializeToString()), called_off(request)])
        if is_pending(answer):
            pending += 1
            assert counts(room, item) == (10, 0, 0, 10)
            assert found(room, f"held-off-{n}").state == types_pb2.ORDER_STATE_CANCELLED
        elif is_pending(answer) is None:
            assert counts(room, item) == (10, 0, 4, 6)
        else:
            assert counts(room, item) == (10, 4, 0, 6)
            request = reservation_service_pb2.ReleaseReservationRequest(request_id=uuid7(), reservation_id=made.reservation_id)
            done(room.ask(RESERVATIONS + "ReleaseReservation", request.SerializeToString()))
    assert pending, "some were on their way"


def test_an_order_that_is_called_off_while_its_receipt_comes_in_frees_what_came(rooms: tuple[Room, Room]) -> None:
    room, _ = rooms
    for n in range(ROUNDS):
        item = f"i{AWAY + n}"
        stock(room, item, KINDS.INVENTORY_KIND_INBOUND, 10, 1)
        request = order(f"came-{n}", item, 4)
        received = adjustment(item, KINDS.INVENTORY_KIND_RECEIVED, 10)
        _, came, answer = room.ask_all([(SOURCE, request.SerializeToString()), received, called_off(request)])
        done(came)
        assert counts(room, item) == ((10, 0, 0, 10) if is_pending(answer) is not None else (10, 0, 4, 6))


# -- receipts


@pytest.mark.parametrize("how", ["elsewhere", "in one batch"])
def test_what_is_missing_is_made_good_whoever_asks(rooms: tuple[Room, Room], how: str) -> None:
    """5 are sold of 5 that a count does not find: of a receipt of 10, 5 are to be had, at an engine that knows or does not."""
    room, other = rooms
    for n in range(ROUNDS):
        item, name = f"i{(COUNTED if how == 'elsewhere' else SOLD) + n}", f"{how}-{n}".replace(" ", "-")
        stock(room, item, KINDS.INVENTORY_KIND_ON_HAND, 5)
        stock(room, item, KINDS.INVENTORY_KIND_INBOUND, 10, 1)
        done(room.ask(SOURCE, order(f"sold-{name}", item, 5).SerializeToString()))
        counted = adjustment(item, KINDS.INVENTORY_KIND_COUNT, 0)
        wanted = SOURCE, order(f"all-{name}", item, 10).SerializeToString()
        if how == "elsewhere":
            wait_until(lambda item=item: counts(other, item) == (5, 0, 5, 10))
            done(room.ask(*counted))
            answer = other.ask(*wanted)
        else:
            _, answer = room.ask_all([counted, wanted])
        assert isinstance(answer, Refusal) and answer.reason is Reason.NO_STOCK, answer
        assert counts(room, item) == (0, 0, 5, 5)


@pytest.mark.parametrize("how", ["elsewhere", "in one batch", "confirmed"])
def test_who_comes_after_a_delay_is_promised_the_new_date(rooms: tuple[Room, Room], how: str) -> None:
    """Or had the old one before it, and is told that it is at risk."""
    room, other = rooms
    first = {"elsewhere": LATER_ELSEWHERE, "in one batch": LATER, "confirmed": CONFIRMED_LATER}[how]
    for n in range(ROUNDS):
        item, name = f"i{first + n}", f"later-{how}-{n}".replace(" ", "-")
        stock(room, item, KINDS.INVENTORY_KIND_INBOUND, 10, 1)
        asks = SOURCE, order(name, item, 4).SerializeToString()
        wait_until(lambda item=item: counts(other, item)[3] == 10)
        if how == "confirmed":
            assert reserved(room, name, item, 4).plan.shipments
            asks = confirmation(name)
        delayed = adjustment(item, KINDS.INVENTORY_KIND_INBOUND, 10, 9)
        for answer in room.ask_all([delayed, asks]) if how == "in one batch" else [room.ask(*delayed), other.ask(*asks)]:
            done(answer)
        made = found(room, f"O-{name}" if how == "confirmed" else name)
        [shipment] = made.plan.shipments
        is_late = shipment.delivery_latest.seconds < in_days(8).seconds
        assert not is_late or made.HasField("at_risk_since"), made


# -- repeats


def test_an_id_that_was_used_by_another_method_is_told(rooms: tuple[Room, Room]) -> None:
    """Their requests may be the same, byte for byte."""
    room, _ = rooms
    item = f"i{CALLED_OFF}"
    reserved(room, "both", item, 3)
    request = reservation_service_pb2.ExtendReservationRequest(request_id=uuid7(), reservation_id="both").SerializeToString()
    done(room.ask(RESERVATIONS + "ExtendReservation", request))
    done(room.ask(RESERVATIONS + "ExtendReservation", request))
    answer = room.ask(RESERVATIONS + "ReleaseReservation", request)
    assert isinstance(answer, Refusal) and answer.reason is Reason.REQUEST_ID_REUSED
    assert counts(room, item)[1] == 3
    done(room.ask(*confirmation("both")))


# -- what can be had, rather than all of it


@pytest.mark.parametrize("scope", ["RESERVATION_SCOPE_LOCATION", "RESERVATION_SCOPE_NETWORK"])
@pytest.mark.parametrize("released", [0, 5, 20])
def test_a_part_that_is_held_becomes_an_order_of_that_part(rooms: tuple[Room, Room], scope: str, released: int) -> None:
    """30 are asked for of 20: what is given back is asked for no more, what was short stays so."""
    room, _ = rooms
    name = f"part-{scope[18:]}-{released}"
    item = f"i{CALLED_OFF + 1}"
    stock(room, item, KINDS.INVENTORY_KIND_ON_HAND, 20)
    made = reserved(room, name, item, 30, scope=scope, fill="RESERVATION_FILL_PARTIAL")
    assert sum(line.quantity for line in made.lines) == 20
    if released:
        part = reservation_service_pb2.ReservationLineQuantity(line_id="1", quantity=released)
        request = reservation_service_pb2.ReleaseReservationRequest(request_id=uuid7(), reservation_id=name, lines=[part])
        answer = done(room.ask(RESERVATIONS + "ReleaseReservation", request.SerializeToString()))
        made = reservation_service_pb2.ReleaseReservationResponse.FromString(answer).reservation
    if released == 20:
        assert made.state != CONFIRMED and counts(room, item) == (20, 0, 0, 20)
        return
    answer = reservation_service_pb2.ConfirmReservationResponse.FromString(done(room.ask(*confirmation(name))))
    assert [line.quantity for line in answer.order.basket.lines] == [30 - released]
    [short] = answer.order.plan.short_lines
    shipped = sum(line.quantity for shipment in answer.order.plan.shipments for line in shipment.lines)
    # At network level it is planned now, and may have again what was given back.
    assert shipped == (20 if scope.endswith("NETWORK") else 20 - released)
    assert shipped + short.short_quantity == 30 - released and counts(room, item) == (20, 0, shipped, 20 - shipped)
    cancel = order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=f"O-{name}").SerializeToString()
    left = order_service_pb2.CancelOrderResponse.FromString(done(room.ask(CANCEL_ORDER, cancel))).order
    assert left.state == types_pb2.ORDER_STATE_CANCELLED and counts(room, item) == (20, 0, 0, 20)
    cancelled: Counter[str] = Counter()
    for each in left.cancelled_lines:
        cancelled[each.line_id] += each.short_quantity
    assert cancelled == {"1": 30 - released}
