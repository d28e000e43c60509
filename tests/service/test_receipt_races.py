"""A receipt comes in while units of it are promised, reserved or given back, at another engine or in the same batch."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from belofte.v1 import (
    inventory_service_pb2,
    order_service_pb2,
    reservation_service_pb2,
    sourcing_service_pb2,
    types_pb2,
)
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7
from engine.domain.reasons import Refusal
from engine.network.records import Item
from tests.network.small_network import small_records
from tests.service.room import ADJUST, AVAILABILITY, RESERVATIONS, SOURCE, Room, two_rooms

ROUNDS = 60
DAY_SECONDS = 86_400
HOME = types_pb2.Destination(country_code="NL", postal_code="1012")
CREATE, CANCEL = RESERVATIONS + "CreateReservation", "/belofte.v1.OrderService/CancelOrder"


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Room, Room]]:
    """Two engines on one store."""
    folder = tmp_path_factory.mktemp("rooms")
    with two_rooms(folder, replace(small_records(), items=tuple(Item(f"i{n}") for n in range(4 * ROUNDS)))) as both:
        yield both


def in_days(days: int) -> Timestamp:
    return Timestamp(seconds=int(time.time()) + days * DAY_SECONDS)


def asked(answer: bytes | Refusal) -> bytes:
    assert isinstance(answer, bytes), answer
    return answer


def record(item: str, kind: types_pb2.InventoryKind, quantity: int) -> Message:
    row = types_pb2.InventoryRecord(item_id=item, location_id="ams", kind=kind, quantity=quantity, receipt_id="po")
    if kind == types_pb2.INVENTORY_KIND_INBOUND:
        row.available_at.CopyFrom(in_days(1))
    return inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[row])


def basket(item: str, quantity: int) -> types_pb2.Basket:
    line = types_pb2.BasketLine(line_id="1", item_id=item, quantity=quantity)
    return types_pb2.Basket(lines=[line], destination=HOME)


def order(item: str, quantity: int) -> sourcing_service_pb2.SourceOrderRequest:
    made = types_pb2.Order(order_id=f"O-{item}", basket=basket(item, quantity))
    return sourcing_service_pb2.SourceOrderRequest(request_id=uuid7(), order=made)


def reservation(item: str, quantity: int) -> reservation_service_pb2.CreateReservationRequest:
    return reservation_service_pb2.CreateReservationRequest(
        request_id=uuid7(), reservation_id=f"R-{item}", basket=basket(item, quantity)
    )


def counts(room: Room, item: str, position: str = "") -> tuple[int, int, int, int]:
    """(on hand, reserved, allocated, available within days)."""
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=[item], by_date=in_days(5), min_position=position)
    answer = asked(room.ask(AVAILABILITY, request.SerializeToString()))
    row = inventory_service_pb2.GetAvailabilityResponse.FromString(answer).availabilities[0]
    return row.on_hand, row.reserved, row.allocated, row.available


def together(*calls: Callable[[], bytes | Refusal]) -> list[bytes | Refusal]:
    """Calls that begin within the same few milliseconds, and their answers."""
    answers: list[bytes | Refusal] = [b""] * len(calls)

    def call(n: int) -> None:
        time.sleep(random.random() * 0.002)
        answers[n] = calls[n]()

    threads = [threading.Thread(target=call, args=(n,)) for n in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def inbound(room: Room, item: str) -> str:
    """10 of it are to come tomorrow; the position of that."""
    answer = asked(room.ask(ADJUST, record(item, types_pb2.INVENTORY_KIND_INBOUND, 10).SerializeToString()))
    return inventory_service_pb2.AdjustInventoryResponse.FromString(answer).position


@pytest.mark.parametrize("what", ["ordered", "reserved", "cancelled"])
def test_units_of_a_receipt_go_with_it_whatever_another_engine_does(rooms: tuple[Room, Room], what: str) -> None:
    first, second = rooms
    done = 0
    for n in range(ROUNDS):
        item = f"i{n + ROUNDS * ['ordered', 'reserved', 'cancelled'].index(what)}"
        position = inbound(first, item)
        if what == "cancelled":
            counts(second, item, position)
            answer = asked(second.ask(SOURCE, order(item, 4).SerializeToString()))
            position = sourcing_service_pb2.SourceOrderResponse.FromString(answer).position
        for room in rooms:
            counts(room, item, position)
        method, message = {
            "ordered": (SOURCE, order(item, 4)), "reserved": (CREATE, reservation(item, 4)),
            "cancelled": (CANCEL, order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=f"O-{item}")),
        }[what]  # fmt: skip
        received = record(item, types_pb2.INVENTORY_KIND_RECEIVED, 10)
        answers = together(
            lambda received=received: first.ask(ADJUST, received.SerializeToString()),
            lambda method=method, message=message: second.ask(method, message.SerializeToString()),
        )
        if any(isinstance(answer, Refusal) for answer in answers):
            continue
        done += 1
        # Both have been recorded by now; the second engine has seen its own write at the least, the first the receipt.
        wanted = {"ordered": (10, 0, 4, 6), "reserved": (10, 4, 0, 6), "cancelled": (10, 0, 0, 10)}[what]
        until = time.monotonic() + 30
        while counts(first, item) != wanted and time.monotonic() < until:
            time.sleep(0.01)
        assert counts(first, item) == wanted
    assert done > ROUNDS // 2


def test_a_receipt_that_comes_in_beside_its_reservation_in_one_batch(rooms: tuple[Room, Room]) -> None:
    """What was reserved is given back where it is: nothing is left of it, on hand or to come."""
    room = rooms[0]
    for n in range(3 * ROUNDS, 4 * ROUNDS):
        item = f"i{n}"
        inbound(room, item)
        calls = [
            (CREATE, reservation(item, 4).SerializeToString()),
            (ADJUST, record(item, types_pb2.INVENTORY_KIND_RECEIVED, 10).SerializeToString()),
        ]
        held, received = room.ask_all(calls)
        assert isinstance(received, bytes), received
        reservation_id = reservation_service_pb2.CreateReservationResponse.FromString(asked(held)).reservation.reservation_id
        assert counts(room, item) == (10, 4, 0, 6)
        back = reservation_service_pb2.ReleaseReservationRequest(request_id=uuid7(), reservation_id=reservation_id)
        asked(room.ask(RESERVATIONS + "ReleaseReservation", back.SerializeToString()))
        assert counts(room, item) == (10, 0, 0, 10)
