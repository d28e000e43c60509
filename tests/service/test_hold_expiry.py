"""What is asked of a reservation in the instants in which it ends: while it is ended, and while that is being recorded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import inventory_service_pb2, reservation_service_pb2, types_pb2
from google.protobuf.duration_pb2 import Duration

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.service.hold_writes import EXPIRED
from tests.network.small_network import small_records
from tests.service.room import ADJUST, AVAILABILITY, RESERVATIONS, Room, running
from tests.sidecars import wait_until

ROUNDS = 25
HOME = types_pb2.Destination(country_code="NL", postal_code="1012")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with running(tmp_path, small_records()) as made:
        record = types_pb2.InventoryRecord(
            item_id="bolt", location_id="ams", quantity=10 * ROUNDS, kind=types_pb2.INVENTORY_KIND_ON_HAND
        )
        request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[record])
        assert isinstance(made.ask(ADJUST, request.SerializeToString()), bytes)
        yield made


def hold(room: Room, quantity: int) -> str:
    line = types_pb2.BasketLine(line_id="1", item_id="bolt", quantity=quantity)
    return create(room, line, 60).reservation_id


def create(room: Room, line: types_pb2.BasketLine, seconds: int) -> reservation_service_pb2.Reservation:
    request = reservation_service_pb2.CreateReservationRequest(
        request_id=uuid7(room.clock.unix_ms()), basket=types_pb2.Basket(lines=[line], destination=HOME),
        time_to_live=Duration(seconds=seconds),
    )  # fmt: skip
    answer = room.ask(RESERVATIONS + "CreateReservation", request.SerializeToString())
    assert isinstance(answer, bytes), answer
    return reservation_service_pb2.CreateReservationResponse.FromString(answer).reservation


def confirmation(room: Room, reservation_id: str) -> bytes:
    return reservation_service_pb2.ConfirmReservationRequest(
        request_id=uuid7(room.clock.unix_ms()), reservation_id=reservation_id, order=types_pb2.Order(order_id=f"O-{uuid7()}")
    ).SerializeToString()


def confirm(room: Room, reservation_id: str) -> reservation_service_pb2.ConfirmReservationResponse:
    answer = room.ask(RESERVATIONS + "ConfirmReservation", confirmation(room, reservation_id))
    assert isinstance(answer, bytes), answer
    return reservation_service_pb2.ConfirmReservationResponse.FromString(answer)


def counts(room: Room) -> tuple[int, int]:
    """(reserved, allocated) at `ams`."""
    request = inventory_service_pb2.GetAvailabilityRequest(item_ids=["bolt"], location_ids=["ams"])
    answer = room.ask(AVAILABILITY, request.SerializeToString())
    assert isinstance(answer, bytes), answer
    row = inventory_service_pb2.GetAvailabilityResponse.FromString(answer).availabilities[0]
    return row.reserved, row.allocated


def test_a_confirm_that_comes_with_the_expiry_is_tried_as_a_new_order(room: Room) -> None:
    """It never has the plan of the hold that has ended, and is never refused for being asked a moment too early."""
    for n in range(1, ROUNDS + 1):
        reservation_id = hold(room, 2)
        room.clock.ahead_minutes += 1
        assert confirm(room, reservation_id).reservation.state == EXPIRED
        assert counts(room) == (0, 2 * n)


def test_what_has_expired_becomes_one_order_however_many_ask_at_once(room: Room) -> None:
    """None of those that come together finds the order of another in the ledger yet."""
    for n in range(1, ROUNDS + 1):
        reservation_id = hold(room, 2)
        room.clock.ahead_minutes += 1
        wait_until(lambda: counts(room)[0] == 0)
        calls = [(RESERVATIONS + "ConfirmReservation", confirmation(room, reservation_id)) for _ in range(4)]
        answers = room.ask_all(calls)
        [made] = [each for each in answers if isinstance(each, bytes)]
        order_id = reservation_service_pb2.ConfirmReservationResponse.FromString(made).order.order_id
        refused = [each for each in answers if isinstance(each, Refusal)]
        assert all(each.reason is Reason.WRONG_STATE and order_id in each.message for each in refused), refused
        assert counts(room) == (0, 2 * n)


def test_what_is_digital_keeps_the_plan_that_was_held(room: Room) -> None:
    """It is handed over to nobody: no handover passes while it is held."""
    line = types_pb2.BasketLine(line_id="1", item_id="bolt", quantity=2, delivery_method=types_pb2.DELIVERY_METHOD_DIGITAL)
    made = create(room, line, 600)
    room.clock.ahead_minutes += 5
    assert confirm(room, made.reservation_id).order.plan == made.plan


def test_what_else_is_asked_of_it_then_is_told_that_it_has_expired(room: Room) -> None:
    for _ in range(ROUNDS):
        reservation_id = hold(room, 2)
        room.clock.ahead_minutes += 1
        request = reservation_service_pb2.ReleaseReservationRequest(
            request_id=uuid7(room.clock.unix_ms()), reservation_id=reservation_id
        )
        answer = room.ask(RESERVATIONS + "ReleaseReservation", request.SerializeToString())
        assert isinstance(answer, Refusal) and answer.reason is Reason.WRONG_STATE and "EXPIRED" in answer.message, answer
