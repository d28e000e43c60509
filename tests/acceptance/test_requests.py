"""What became of a write, and calling one off: before it came, while it is being recorded, and too late."""

import signal
import time
from pathlib import Path

from belofte.v1 import reservation_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    Answer,
    basket,
    lines,
    order_of,
    order_request,
    refusal,
    send,
    stock_of,
    stocked,
)
from tests.acceptance.server import Server, wait_for
from tests.acceptance.test_reservations import counts, get, hold_request

UNDER_WAY_SECONDS = 0.7
"""By then the engine has looked a call up; the gate stays open for longer without its sidecar."""

UNKNOWN = sourcing_service_pb2.REQUEST_STATUS_UNKNOWN
PENDING = sourcing_service_pb2.REQUEST_STATUS_PENDING
RECORDED = sourcing_service_pb2.REQUEST_STATUS_RECORDED


def status(server: Server, target: str) -> sourcing_service_pb2.GetRequestResponse:
    request = sourcing_service_pb2.GetRequestRequest(target_request_id=target)
    return server.sourcing.GetRequest(request, timeout=CALL_SECONDS_MAX)


def cancel_request(target: str) -> sourcing_service_pb2.CancelRequestRequest:
    return sourcing_service_pb2.CancelRequestRequest(request_id=uuid7(), target_request_id=target)


def test_a_write_called_off_before_it_came_is_refused(server: Server) -> None:
    item = stocked(server, A=5)
    late = order_request(basket(lines((item, 2))))
    assert status(server, late.request_id) == sourcing_service_pb2.GetRequestResponse(status=UNKNOWN)
    request = cancel_request(late.request_id)
    answer = server.sourcing.CancelRequest(request, timeout=CALL_SECONDS_MAX)
    assert answer.status == UNKNOWN and answer.position and not answer.duplicate
    assert server.sourcing.CancelRequest(request, timeout=CALL_SECONDS_MAX).duplicate
    again = server.sourcing.CancelRequest(cancel_request(late.request_id), timeout=CALL_SECONDS_MAX)
    assert (again.status, again.position, again.duplicate) == (UNKNOWN, answer.position, False)
    for _ in range(2):
        wrong = refusal(lambda: send(server, late))
        assert (wrong.code, wrong.reason) == ("FAILED_PRECONDITION", "REQUEST_CANCELLED")
    assert status(server, late.request_id).cancelled and stock_of(server, item) == (5, 0, 5)
    late.request_id = uuid7()
    send(server, late)
    assert stock_of(server, item) == (5, 2, 3)


def test_a_recorded_write_is_told_and_not_called_off(server: Server) -> None:
    item = stocked(server, A=5)
    request = order_request(basket(lines((item, 2))))
    answer = send(server, request)
    found = status(server, request.request_id)
    assert (found.status, found.method, found.position) == (RECORDED, "SourceOrder", answer.position)
    assert Answer.FromString(found.response).plan.shipments == answer.plan.shipments and found.recorded_at.seconds
    wrong = refusal(lambda: server.sourcing.CancelRequest(cancel_request(request.request_id), timeout=CALL_SECONDS_MAX))
    assert (wrong.code, wrong.reason, wrong.fields) == ("FAILED_PRECONDITION", "WRONG_STATE", ("target_request_id",))
    assert stock_of(server, item) == (5, 2, 3)


def test_bad_ids_are_named(server: Server) -> None:
    for target in ("", "x", "0190163d-8694-439b-aea5-966c26f8ad91"):
        assert refusal(lambda target=target: status(server, target)).fields == ("target_request_id",)  # type: ignore[misc]
    request = cancel_request(uuid7())
    request.target_request_id = request.request_id
    wrong = refusal(lambda: server.sourcing.CancelRequest(request, timeout=CALL_SECONDS_MAX))
    assert wrong.fields == ("target_request_id",)


def test_a_write_called_off_while_it_is_recorded_is_undone(folder: Path) -> None:
    """The sidecar stands still: an order and a reservation are committed and wait for their record."""
    with Server(folder, warm_up="short", record_wait_ms_max="20000") as server:
        item = stocked(server, A=9)
        order = order_request(basket(lines((item, 2))))
        held = hold_request((item, 3))
        ledger = server.child("ledger")
        assert ledger is not None
        ledger.send_signal(signal.SIGSTOP)
        try:
            sourced = server.sourcing.SourceOrder.future(order, timeout=CALL_SECONDS_MAX)
            reserved = server.reservation.CreateReservation.future(held, timeout=CALL_SECONDS_MAX)
            for request_id in (order.request_id, held.request_id):
                wait_for(lambda request_id=request_id: status(server, request_id).status == PENDING, 2)  # type: ignore[misc]
            requests = [cancel_request(order.request_id), cancel_request(held.request_id)]
            cancelled = [server.sourcing.CancelRequest.future(each, timeout=CALL_SECONDS_MAX) for each in requests]
            time.sleep(UNDER_WAY_SECONDS)
        finally:
            ledger.send_signal(signal.SIGCONT)
        assert sourced.result().state == types_pb2.ORDER_STATE_SOURCED
        assert reserved.result().reservation.state == reservation_service_pb2.RESERVATION_STATE_ACTIVE
        assert [each.result().status for each in cancelled] == [PENDING, PENDING]
        assert counts(server, item) == (0, 0, 9)
        assert order_of(server, order.order.order_id).state == types_pb2.ORDER_STATE_CANCELLED
        assert get(server, held.request_id).state == reservation_service_pb2.RESERVATION_STATE_RELEASED
        again = server.sourcing.CancelRequest(requests[0], timeout=CALL_SECONDS_MAX)
        assert again.duplicate and again.status == PENDING and counts(server, item) == (0, 0, 9)
