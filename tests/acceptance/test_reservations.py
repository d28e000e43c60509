"""Stock held for a while: acceptance cases 14 to 19 and 21, and the whole life of a hold."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from belofte.v1 import order_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.duration_pb2 import Duration

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    adjust,
    basket,
    lines,
    order_of,
    order_request,
    put,
    record,
    refusal,
    refused,
    send,
    shipped,
    source,
    stock_rows,
    stocked,
)
from tests.acceptance.server import Server, wait_for

ADJUST, COUNT = types_pb2.INVENTORY_KIND_ADJUST, types_pb2.INVENTORY_KIND_COUNT
ACTIVE = reservation_service_pb2.RESERVATION_STATE_ACTIVE
CONFIRMED = reservation_service_pb2.RESERVATION_STATE_CONFIRMED
RELEASED = reservation_service_pb2.RESERVATION_STATE_RELEASED
EXPIRED = reservation_service_pb2.RESERVATION_STATE_EXPIRED
PARTIAL = reservation_service_pb2.RESERVATION_FILL_PARTIAL
NETWORK = reservation_service_pb2.RESERVATION_SCOPE_NETWORK
SWEEP_SECONDS_MAX = 10.0

Reservation = reservation_service_pb2.Reservation


def hold_request(
    *wanted: tuple[str, int], seconds: float = 600, **fields: object
) -> "reservation_service_pb2.CreateReservationRequest":
    """A request to hold (item, quantity) lines."""
    given: dict[str, object] = {"basket": basket(lines(*wanted)), "request_id": uuid7(), **fields}
    time_to_live = Duration()
    time_to_live.FromMilliseconds(round(seconds * 1000))
    return reservation_service_pb2.CreateReservationRequest(time_to_live=time_to_live, **given)  # type: ignore[arg-type]


def hold(server: Server, *wanted: tuple[str, int], **fields: object) -> Reservation:
    request = hold_request(*wanted, **fields)  # type: ignore[arg-type]
    return server.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX).reservation


def get(server: Server, reservation_id: str) -> Reservation:
    request = reservation_service_pb2.GetReservationRequest(reservation_id=reservation_id)
    return server.reservation.GetReservation(request, timeout=CALL_SECONDS_MAX).reservation


def extend(server: Server, reservation_id: str, seconds: int, **fields: object) -> Reservation:
    request = reservation_service_pb2.ExtendReservationRequest(
        request_id=uuid7(), reservation_id=reservation_id, time_to_live=Duration(seconds=seconds), **fields  # type: ignore[arg-type]
    )  # fmt: skip
    return server.reservation.ExtendReservation(request, timeout=CALL_SECONDS_MAX).reservation


def release(
    server: Server, reservation_id: str, *given_back: tuple[str, int]
) -> reservation_service_pb2.ReleaseReservationResponse:
    request = reservation_service_pb2.ReleaseReservationRequest(
        request_id=uuid7(), reservation_id=reservation_id,
        lines=[reservation_service_pb2.ReservationLineQuantity(line_id=i, quantity=q) for i, q in given_back],
    )  # fmt: skip
    return server.reservation.ReleaseReservation(request, timeout=CALL_SECONDS_MAX)


def confirm(server: Server, reservation_id: str, **fields: object) -> reservation_service_pb2.ConfirmReservationResponse:
    request_id = uuid7()
    order = types_pb2.Order(order_id=f"O-{request_id}", **fields)  # type: ignore[arg-type]
    request = reservation_service_pb2.ConfirmReservationRequest(
        request_id=request_id, reservation_id=reservation_id, order=order
    )
    return server.reservation.ConfirmReservation(request, timeout=CALL_SECONDS_MAX)


def transfer(server: Server, reservation_id: str, **fields: object) -> reservation_service_pb2.TransferReservationResponse:
    request = reservation_service_pb2.TransferReservationRequest(
        request_id=uuid7(), reservation_id=reservation_id, **fields  # type: ignore[arg-type]
    )  # fmt: skip
    return server.reservation.TransferReservation(request, timeout=CALL_SECONDS_MAX)


def counts(server: Server, item: str) -> tuple[int, int, int]:
    """(reserved, allocated, available) over the network."""
    rows = stock_rows(server, item)
    return sum(r.reserved for r in rows), sum(r.allocated for r in rows), sum(r.available for r in rows)


def held(reservation: Reservation) -> dict[str, dict[str, int]]:
    """Units by location and line."""
    units: dict[str, dict[str, int]] = {}
    for line in reservation.lines:
        of_location = units.setdefault(line.location_id, {})
        of_location[line.line_id] = of_location.get(line.line_id, 0) + line.quantity
    return units


def swept(server: Server, *reservation_ids: str) -> None:
    """Wait until these have expired."""
    wait_for(lambda: all(get(server, each).state == EXPIRED for each in reservation_ids), SWEEP_SECONDS_MAX)


# -- create


@pytest.mark.parametrize(("first", "second", "stock"), [(8, 8, 10), (6, 5, 10), (1, 1, 1)])
def test_two_lines_of_one_item_are_held_together_or_not_at_all(server: Server, first: int, second: int, stock: int) -> None:
    """Case 14. 8 + 8 of 10: refused, both lines named, nothing held."""
    item = stocked(server, A=stock)
    wrong = refusal(lambda: hold(server, (item, first), (item, second)))
    assert (wrong.code, wrong.reason) == ("FAILED_PRECONDITION", "NO_STOCK")
    assert wrong.fields == ("basket.lines[0].quantity", "basket.lines[1].quantity")
    assert counts(server, item) == (0, 0, stock)
    made = hold(server, (item, stock - 1), (item, 1)) if stock > 1 else hold(server, (item, 1))
    assert sum(line.quantity for line in made.lines) == stock
    assert counts(server, item) == (stock, 0, 0)


def test_repeated_request_holds_once(server: Server) -> None:
    """Case 15. Same request_id twice: one hold, the same answer; other content: refused."""
    item = stocked(server, A=9)
    request = hold_request((item, 4))
    first, second = (server.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX) for _ in range(2))
    assert (first.duplicate, second.duplicate) == (False, True)
    assert first.reservation == second.reservation and first.position == second.position
    assert counts(server, item) == (4, 0, 5)
    request.basket.lines[0].quantity = 5
    wrong = refusal(lambda: server.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX))
    assert (wrong.code, wrong.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    request.request_id, request.reservation_id = uuid7(), first.reservation.reservation_id
    wrong = refusal(lambda: server.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX))
    assert (wrong.code, wrong.reason, wrong.fields) == ("ALREADY_EXISTS", "RESERVATION_EXISTS", ("reservation_id",))
    assert counts(server, item) == (4, 0, 5)


def test_a_short_line_leaves_no_hold_on_any(server: Server) -> None:
    """Case 16."""
    there, short = stocked(server, A=5, B=5), stocked(server, B=2)
    wrong = refusal(lambda: hold(server, (there, 7), (short, 3)))
    assert (wrong.reason, wrong.fields) == ("NO_STOCK", ("basket.lines[1].quantity",))
    assert counts(server, there) == (0, 0, 10) and counts(server, short) == (0, 0, 2)


def test_what_can_be_had_is_held_where_that_is_asked_for(server: Server) -> None:
    there, short, none = stocked(server, A=5), stocked(server, A=2), stocked(server)
    made = hold(server, (there, 3), (short, 3), (none, 1), fill=PARTIAL)
    assert held(made) == {"A": {"1": 3, "2": 2}}
    assert {line.line_id: line.short_quantity for line in made.plan.short_lines} == {"2": 1, "3": 1}
    order = confirm(server, made.reservation_id).order
    assert order.state == types_pb2.ORDER_STATE_PARTIALLY_SOURCED
    assert refusal(lambda: hold(server, (none, 1), fill=PARTIAL)).reason == "NO_STOCK"


def test_parallel_holds_take_what_there_is_and_no_more(server: Server) -> None:
    """Case 17. 50 units, 200 parallel requests of 1: exactly 50 accepted; demand equals live holds."""
    item = stocked(server, A=20, B=30)
    made, reasons = in_parallel([lambda: hold(server, (item, 1)) for _ in range(200)])
    assert len(made) == 50 and set(reasons) == {"NO_STOCK"}
    assert len({each.reservation_id for each in made}) == 50
    assert counts(server, item) == (50, 0, 0)


def test_baskets_in_opposite_order_do_not_block_each_other(server: Server) -> None:
    """Case 18. {A,B} and {B,A} in parallel: no deadlock, exact sums."""
    one, other = stocked(server, A=40), stocked(server, A=30)
    asked = [lambda: hold(server, (one, 1), (other, 1)), lambda: hold(server, (other, 1), (one, 1))] * 30
    made, reasons = in_parallel(asked)
    assert len(made) == 30 and set(reasons) == {"NO_STOCK"}
    assert counts(server, one) == (30, 0, 10) and counts(server, other) == (30, 0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_stock_that_arrives_while_it_is_reserved_is_all_there(server: Server, seed: int) -> None:
    """Case 21. Deltas add up to 20 + 40 × 3 − 10 = 130, snapshots end at 90, while callers hold units and release some.

    No update is lost, of either: what is on hand is what the feeds say, what is reserved is what live holds have, and all the
    rest can be had.
    """
    draw = random.Random(seed)
    added, counted = stocked(server, A=20), stocked(server, A=20)
    expected = {added: 130, counted: 90}
    made: dict[str, str] = {}

    def feed(*records: types_pb2.InventoryRecord) -> None:
        assert adjust(server, *records).rejected_count == 0

    def take(item: str, is_released: bool) -> None:
        try:
            reservation_id = hold(server, (item, 1)).reservation_id
        except grpc.RpcError as error:
            assert refused(error).reason == "NO_STOCK"
            return
        made[reservation_id] = item
        if is_released:
            release(server, reservation_id)
            del made[reservation_id]

    calls: list[Callable[[], None]] = [partial(feed, record(added, "A", 3, kind=ADJUST)) for _ in range(40)]
    calls += [partial(feed, record(added, "A", -1, kind=ADJUST)) for _ in range(10)]
    calls += [partial(take, item, n % 3 == 0) for item in expected for n in range(80)]
    draw.shuffle(calls)
    snapshots = [partial(feed, record(counted, "A", 30 + n, kind=COUNT)) for n in range(0, 61, 2)]

    def tell(snapshots: list[Callable[[], None]]) -> None:
        for each in snapshots:
            each()

    with ThreadPoolExecutor(16) as pool:
        told = pool.submit(tell, snapshots)
        list(pool.map(lambda call: call(), calls))
        told.result()
    for item, on_hand in expected.items():
        live = list(made.values()).count(item)
        assert live > 0
        assert counts(server, item) == (live, 0, on_hand - live)
        assert sum(row.on_hand for row in stock_rows(server, item)) == on_hand
        hold(server, (item, on_hand - live))
        assert counts(server, item) == (on_hand, 0, 0)
        assert refusal(lambda item=item: hold(server, (item, 1))).reason == "NO_STOCK"  # type: ignore[misc]


def in_parallel(asked: list[Callable[[], Reservation]]) -> tuple[list[Reservation], list[str]]:
    """What was held, and why the rest was refused."""
    made: list[Reservation] = []
    reasons: list[str] = []

    def ask(call: Callable[[], Reservation]) -> None:
        try:
            made.append(call())
        except grpc.RpcError as error:
            reasons.append(refused(error).reason)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(ask, asked))
    return made, reasons


def test_network_level_holds_units_of_the_network(server: Server) -> None:
    """Locations are chosen when it is confirmed: units that moved meanwhile included, and no destination is needed before."""
    item = stocked(server, A=3, B=5)
    asked = hold_request((item, 7), scope=NETWORK)
    asked.basket.ClearField("destination")
    made = server.reservation.CreateReservation(asked, timeout=CALL_SECONDS_MAX).reservation
    assert held(made) == {"": {"1": 7}} and not made.plan.shipments
    assert counts(server, item) == (7, 0, 1)
    assert refusal(lambda: source(server, (item, 2))).reason == "NO_STOCK"
    put(server, item, {"Y": 50})
    wrong = refusal(lambda: confirm(server, made.reservation_id))
    assert wrong.fields == ("order.basket.destination.postal_code",)
    order = confirm(server, made.reservation_id, basket=basket(lines((item, 7)))).order
    assert shipped(order.plan) == {"Y": {"1": 7}}
    assert counts(server, item) == (0, 7, 51)
    assert {row.location_id: row.allocated for row in stock_rows(server, item)} == {"A": 0, "B": 0, "Y": 7}


# -- extend, release, expire


def test_expired_holds_return_their_units(server: Server) -> None:
    """Case 19. Expired holds return exactly their units; live ones stay, and one that was extended lives."""
    item = stocked(server, A=20)
    short = [hold(server, (item, quantity), seconds=0.3) for quantity in (1, 2, 3)]
    live, extended = hold(server, (item, 5)), hold(server, (item, 4), seconds=2)
    assert counts(server, item) == (15, 0, 5)
    assert extend(server, extended.reservation_id, 600).version == 2
    swept(server, *(each.reservation_id for each in short))
    assert counts(server, item) == (9, 0, 11)
    time.sleep(2)
    assert [get(server, each.reservation_id).state for each in (live, extended)] == [ACTIVE, ACTIVE]
    assert counts(server, item) == (9, 0, 11)
    for each in short:
        for call in (
            lambda each=each: extend(server, each.reservation_id, 60),
            lambda each=each: release(server, each.reservation_id),
        ):
            wrong = refusal(call)
            assert (wrong.code, wrong.reason) == ("FAILED_PRECONDITION", "WRONG_STATE") and "EXPIRED" in wrong.message


def test_confirm_of_an_expired_hold_is_tried_as_a_new_order(server: Server) -> None:
    item = stocked(server, A=3)
    made = hold(server, (item, 2), seconds=0.2)
    swept(server, made.reservation_id)
    answer = confirm(server, made.reservation_id)
    assert answer.reservation.state == EXPIRED and shipped(answer.order.plan) == {"A": {"1": 2}}
    assert counts(server, item) == (0, 2, 1)
    again = refusal(lambda: confirm(server, made.reservation_id))
    assert again.reason == "WRONG_STATE" and answer.order.order_id in again.message
    assert counts(server, item) == (0, 2, 1)
    gone = hold(server, (item, 1), seconds=0.2)
    swept(server, gone.reservation_id)
    source(server, (item, 1))
    wrong = refusal(lambda: confirm(server, gone.reservation_id))
    assert (wrong.reason, wrong.fields) == ("NO_STOCK", ("order.basket.lines[0].quantity",))


def test_an_order_that_asks_for_something_else_does_not_get_the_plan_that_was_held(server: Server) -> None:
    """Another address, or another way: it is planned for that, on what is held, or refused as it would be by itself."""
    item = stocked(server, A=5, Z=5)
    made = hold(server, (item, 5))
    assert held(made) == {"A": {"1": 5}}
    far = types_pb2.Destination(country_code="US", postal_code="10001")
    abroad = basket(lines((item, 5)), destination=far)
    alone = refusal(lambda: send(server, order_request(abroad)))
    wrong = refusal(lambda: confirm(server, made.reservation_id, basket=abroad))
    assert (wrong.code, wrong.reason) == (alone.code, alone.reason)
    assert get(server, made.reservation_id).state == ACTIVE and counts(server, item)[0] == 5
    fetched = basket(lines((item, 5), delivery_method=types_pb2.DELIVERY_METHOD_PICKUP, pickup_location_id="Z"))
    order = confirm(server, made.reservation_id, basket=fetched).order
    assert [(each.location_id, each.route) for each in order.plan.shipments] == [("Z", types_pb2.ROUTE_PICKUP)]
    assert counts(server, item)[:2] == (0, 5)


def test_release_gives_back_all_or_a_part_and_says_what_was_too_much(server: Server) -> None:
    item, other = stocked(server, A=9), stocked(server, A=9)
    made = hold(server, (item, 6), (other, 2))
    part = release(server, made.reservation_id, ("1", 4), ("2", 5))
    assert held(part.reservation) == {"A": {"1": 2}} and part.reservation.version == 2 and part.reservation.state == ACTIVE
    assert [(o.line_id, o.requested_quantity, o.released_quantity) for o in part.over_releases] == [("2", 5, 2)]
    assert counts(server, item) == (2, 0, 7) and counts(server, other) == (0, 0, 9)
    assert get(server, made.reservation_id) == part.reservation
    assert shipped(part.reservation.plan) == {"A": {"1": 2}}
    wrong = refusal(lambda: release(server, made.reservation_id, ("9", 1)))
    assert (wrong.code, wrong.fields) == ("INVALID_ARGUMENT", ("lines[0].line_id",))
    assert release(server, made.reservation_id).reservation.state == RELEASED
    assert counts(server, item) == (0, 0, 9)
    assert refusal(lambda: release(server, made.reservation_id)).reason == "WRONG_STATE"
    assert refusal(lambda: confirm(server, made.reservation_id)).reason == "WRONG_STATE"


def test_a_kit_is_given_back_whole(server: Server) -> None:
    put(server, "leg", {"A": 8})
    put(server, "top", {"A": 2})
    before = {item: counts(server, item) for item in ("leg", "top")}
    made = hold(server, ("table", 2))
    assert counts(server, "leg")[0] == before["leg"][0] + 8
    assert refusal(lambda: release(server, made.reservation_id, ("1", 1))).fields == ("lines[0].quantity",)
    release(server, made.reservation_id, ("1", 0))
    assert {item: counts(server, item) for item in ("leg", "top")} == before


def test_a_kit_moves_whole_and_stays_one(server: Server) -> None:
    """Into a reservation without such a line, then into one that has it: as many kits, not as many as it has parts."""
    put(server, "leg", {"A": 12})
    put(server, "top", {"A": 3})
    made, other = hold(server, ("table", 1)), hold(server, (stocked(server, A=1), 1))
    third = hold(server, ("table", 2))
    moved = transfer(server, made.reservation_id).target
    assert [(line.item_id, line.quantity) for line in moved.basket.lines] == [("table", 1)]
    moved = transfer(server, moved.reservation_id, target_reservation_id=third.reservation_id).target
    assert [(line.item_id, line.quantity) for line in moved.basket.lines] == [("table", 3)]
    wrong = refusal(lambda: transfer(server, other.reservation_id, target_reservation_id=third.reservation_id))
    assert (wrong.reason, wrong.fields) == ("WRONG_STATE", ("target_reservation_id",))
    order = confirm(server, third.reservation_id).order
    assert shipped(order.plan) == {"A": {"1": 15}} and not order.plan.short_lines


# -- confirm


def test_confirmed_hold_is_the_order_of_its_plan(server: Server) -> None:
    """What was held is allocated, at the locations and dates that were promised; the second confirm is told."""
    item = stocked(server, A=3, B=3)
    made = hold(server, (item, 5))
    answer = confirm(server, made.reservation_id, priority=3)
    assert answer.reservation.state == CONFIRMED and answer.reservation.order_id == answer.order.order_id
    assert answer.order.plan == made.plan and answer.order.reservation_id == made.reservation_id
    assert counts(server, item) == (0, 5, 1)
    read = order_of(server, answer.order.order_id)
    assert read == answer.order and read.priority == 3 and read.basket.lines[0].quantity == 5
    events = server.order.ListOrderEvents(order_service_pb2.ListOrderEventsRequest(order_id=read.order_id)).events
    assert [event.type for event in events] == [types_pb2.EVENT_TYPE_ORDER_SOURCED]
    wrong = refusal(lambda: confirm(server, made.reservation_id))
    assert wrong.reason == "WRONG_STATE" and "CONFIRMED" in wrong.message
    assert counts(server, item) == (0, 5, 1)


def test_repeated_confirm_is_answered_from_the_record(server: Server) -> None:
    item = stocked(server, A=3)
    made = hold(server, (item, 2))
    request = reservation_service_pb2.ConfirmReservationRequest(
        request_id=uuid7(), reservation_id=made.reservation_id, order=types_pb2.Order(order_id=f"O-{uuid7()}")
    )
    first, second = (server.reservation.ConfirmReservation(request, timeout=CALL_SECONDS_MAX) for _ in range(2))
    assert (first.duplicate, second.duplicate) == (False, True) and first.order == second.order
    assert counts(server, item) == (0, 2, 1)


def test_parallel_confirms_make_one_order(server: Server) -> None:
    item = stocked(server, A=3)
    made = hold(server, (item, 3))
    orders: list[str] = []
    reasons: list[str] = []

    def ask(_: int) -> None:
        try:
            orders.append(confirm(server, made.reservation_id).order.order_id)
        except grpc.RpcError as error:
            reasons.append(refused(error).reason)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))
    assert len(orders) == 1 and set(reasons) == {"WRONG_STATE"}
    assert counts(server, item) == (0, 3, 0)


def test_source_order_takes_what_is_reserved(server: Server) -> None:
    item = stocked(server, A=2)
    made = hold(server, (item, 2))
    request = sourcing_service_pb2.SourceOrderRequest(
        request_id=uuid7(), order=types_pb2.Order(order_id=f"O-{uuid7()}"), reservation_id=made.reservation_id
    )
    answer = server.sourcing.SourceOrder(request, timeout=CALL_SECONDS_MAX)
    assert answer.plan == made.plan and answer.state == types_pb2.ORDER_STATE_SOURCED
    assert counts(server, item) == (0, 2, 0)
    again = server.sourcing.SourceOrder(request, timeout=CALL_SECONDS_MAX)
    assert again.duplicate and again.plan == answer.plan
    assert order_of(server, request.order.order_id).reservation_id == made.reservation_id


def test_order_must_be_that_of_the_reservation(server: Server) -> None:
    item = stocked(server, A=5)
    made = hold(server, (item, 2))
    wrong = refusal(lambda: confirm(server, made.reservation_id, basket=basket(lines((item, 3)))))
    assert (wrong.code, wrong.fields) == ("INVALID_ARGUMENT", ("order.basket.lines",))
    taken = source(server, (item, 1)).order_id
    request = reservation_service_pb2.ConfirmReservationRequest(
        request_id=uuid7(), reservation_id=made.reservation_id, order=types_pb2.Order(order_id=taken)
    )
    wrong = refusal(lambda: server.reservation.ConfirmReservation(request, timeout=CALL_SECONDS_MAX))
    assert (wrong.code, wrong.reason) == ("ALREADY_EXISTS", "ORDER_EXISTS")
    assert get(server, made.reservation_id).state == ACTIVE and counts(server, item) == (2, 1, 2)


# -- transfer, read


def test_units_move_between_reservations_and_locations(server: Server) -> None:
    item = stocked(server, A=5, B=5)
    giver, taker = hold(server, (item, 4)), hold(server, (item, 1))
    (home,) = held(giver)
    answer = transfer(
        server, giver.reservation_id, target_reservation_id=taker.reservation_id,
        lines=[reservation_service_pb2.ReservationLineQuantity(line_id="1", quantity=3)],
    )  # fmt: skip
    assert sum(line.quantity for line in answer.source.lines) == 1
    assert sum(line.quantity for line in answer.target.lines) == 4 and answer.target.basket.lines[0].quantity == 4
    assert counts(server, item) == (5, 0, 5)
    elsewhere = "B" if home == "A" else "A"
    answer = transfer(server, giver.reservation_id, target_location_id=elsewhere)
    assert answer.source.state == RELEASED and held(answer.target) == {elsewhere: {"1": 1}}
    assert answer.target.expires_at == giver.expires_at
    assert counts(server, item) == (5, 0, 5)
    order = confirm(server, answer.target.reservation_id).order
    assert shipped(order.plan) == {elsewhere: {"1": 1}}
    order = confirm(server, taker.reservation_id).order
    assert sum(sum(units.values()) for units in shipped(order.plan).values()) == 4
    assert counts(server, item) == (0, 5, 5)


def test_no_more_is_moved_than_is_held_or_there(server: Server) -> None:
    item = stocked(server, A=5, B=1)
    giver = hold(server, (item, 4))
    wrong = refusal(lambda: transfer(server, giver.reservation_id, target_location_id="B"))
    assert (wrong.reason, wrong.fields) == ("NO_STOCK", ("target_location_id",))
    asked = [reservation_service_pb2.ReservationLineQuantity(line_id="1", quantity=5)]
    wrong = refusal(lambda: transfer(server, giver.reservation_id, lines=asked))
    assert wrong.fields == ("lines[0].quantity",)
    wrong = refusal(lambda: transfer(server, giver.reservation_id, target_reservation_id="none"))
    assert (wrong.reason, wrong.fields) == ("UNKNOWN_RESERVATION", ("target_reservation_id",))
    assert counts(server, item) == (4, 0, 2)


@pytest.mark.parametrize(
    "limits",
    [{"excluded_location_ids": ["B"]}, {"allowed_location_ids": ["A"]}, {"preassigned_location_id": "A"}],
)
def test_nothing_is_moved_to_where_no_order_could_have_it(server: Server, limits: dict[str, Any]) -> None:
    item = stocked(server, A=5, B=5)
    made = hold(server, basket=basket(lines((item, 2), **limits)))
    wrong = refusal(lambda: transfer(server, made.reservation_id, target_location_id="B"))
    assert (wrong.code, wrong.reason, wrong.fields) == ("FAILED_PRECONDITION", "RESTRICTED", ("target_location_id",))
    assert held(get(server, made.reservation_id)) == {"A": {"1": 2}}


def test_reservations_are_listed_page_by_page(server: Server) -> None:
    item = stocked(server, A=9)
    made = [
        hold(server, (item, 1), seconds=seconds, basket=basket(lines((item, 1)), customer_id="listed"))
        for seconds in (300, 100, 200)
    ]
    release(server, made[0].reservation_id)
    request = reservation_service_pb2.ListReservationsRequest(item_ids=[item], page_size=1)
    found = []
    while True:
        page = server.reservation.ListReservations(request, timeout=CALL_SECONDS_MAX)
        found += [each.reservation_id for each in page.reservations]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert found == [made[1].reservation_id, made[2].reservation_id]
    request = reservation_service_pb2.ListReservationsRequest(states=[RELEASED, ACTIVE], customer_id="listed")
    assert len(server.reservation.ListReservations(request, timeout=CALL_SECONDS_MAX).reservations) == 3
    request.location_ids.append("B")
    assert not server.reservation.ListReservations(request, timeout=CALL_SECONDS_MAX).reservations


def test_version_and_unknown_ids_are_checked(server: Server) -> None:
    item = stocked(server, A=9)
    made = hold(server, (item, 1))
    assert extend(server, made.reservation_id, 50, expected_version=1).version == 2
    wrong = refusal(lambda: extend(server, made.reservation_id, 50, expected_version=1))
    assert wrong.reason == "WRONG_STATE" and "version 2" in wrong.message
    for call in (
        lambda: get(server, "none"), lambda: extend(server, "none", 5), lambda: release(server, "none"),
        lambda: confirm(server, "none"), lambda: transfer(server, "none"),
    ):  # fmt: skip
        wrong = refusal(call)
        assert (wrong.code, wrong.reason, wrong.fields) == ("NOT_FOUND", "UNKNOWN_RESERVATION", ("reservation_id",))


@pytest.mark.parametrize("seconds", [0, -5, 7 * 86_400 + 1])
def test_time_to_live_has_bounds(server: Server, seconds: int) -> None:
    item = stocked(server, A=9)
    assert refusal(lambda: hold(server, (item, 1), seconds=seconds)).fields == ("time_to_live",)
    made = hold(server, (item, 1))
    assert refusal(lambda: extend(server, made.reservation_id, seconds)).fields == ("time_to_live",)
    assert counts(server, item) == (1, 0, 8)


def test_a_caller_has_only_so_many_reservations(folder: Path) -> None:
    """Twelve at once where three are allowed: three are held; one that ends makes room for one."""
    with Server(folder, warm_up="short", reservations_max="3") as server:
        item = stocked(server, A=50)
        made, reasons = in_parallel([lambda: hold(server, (item, 1), seconds=60) for _ in range(12)])
        assert len(made) == 3 and set(reasons) <= {"OVERLOADED", "CONTENDED"} and counts(server, item) == (3, 0, 47)
        wrong = refusal(lambda: hold(server, (item, 1)))
        assert (wrong.code, wrong.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED") and wrong.retry_after_ms > 0
        release(server, made[0].reservation_id)
        confirm(server, made[1].reservation_id)
        short = hold(server, (item, 1), seconds=0.3)
        full = hold(server, (item, 2))
        assert refusal(lambda: hold(server, (item, 1))).reason == "OVERLOADED"
        # Nor is there room for what is moved into a new one, but where the one that gives ends.
        one = reservation_service_pb2.ReservationLineQuantity(line_id="1", quantity=1)
        assert refusal(lambda: transfer(server, full.reservation_id, lines=[one])).reason == "OVERLOADED"
        assert transfer(server, full.reservation_id).source.state == RELEASED
        swept(server, short.reservation_id)
        hold(server, (item, 1))
