"""Messages that nobody would write: good ones mutated, thousands of them, by seed. No fault, and stock stays exact.

A failure names the seed, the method and the message in hexadecimal: the three are a test.
"""

import random
from collections import Counter, deque
from typing import Any

import grpc
import pytest
from belofte.v1 import (
    inventory_service_pb2,
    network_service_pb2,
    order_service_pb2,
    promise_service_pb2,
    reservation_service_pb2,
    sourcing_service_pb2,
    types_pb2,
)
from google.protobuf.message import DecodeError, Message

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    basket,
    instant,
    lines,
    order_request,
    record,
    refused,
    source,
    stock_of,
    stock_rows,
    stocked,
)
from tests.acceptance.server import FUZZED_ITEM_COUNT, ITEM_COUNT, Server

IN_FLIGHT_MAX = 64
CALL_SECONDS_MAX = 60.0
CODES = {
    "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "ALREADY_EXISTS", "ABORTED", "UNIMPLEMENTED",
    "RESOURCE_EXHAUSTED",
}  # fmt: skip
"""What a caller may be told of what it sends; never INTERNAL or UNKNOWN, and none that says nothing of it."""

NUMBERS = [0, 1, -1, 2, 7, 127, 128, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**63 - 1, -(2**63), 10**12, 10**18]
TEXTS = [
    "", " ", "A", "B", "off", "store", "new-york", "f1", "f2", "f39", "x" * 200, "é", "\0", "|", "{}", "%s", "1-1",
    "9-9", "cost", "priority", "1012", "NL", "10001", "US",
]  # fmt: skip
DOUBLES = [0.0, -0.0, 52.37, 90.0, -180.0, 1e308, -1e308, float("inf"), float("-inf"), float("nan"), 5e-324]

SOURCE = "/belofte.v1.SourcingService/SourceOrder"
ADJUST = "/belofte.v1.InventoryService/AdjustInventory"
RESERVATION = "/belofte.v1.ReservationService/"
CONFIRM = RESERVATION + "ConfirmReservation"


def good_messages(rng: random.Random) -> tuple[str, Message]:
    """One of the methods with a message that it accepts."""
    item = f"f{rng.randrange(FUZZED_ITEM_COUNT)}"
    wanted = basket(
        lines((item, rng.randrange(1, 4)), (f"f{rng.randrange(FUZZED_ITEM_COUNT)}", 1)), channel="web",
        request_time=instant("2030-03-29T16:00"),
        constraints=types_pb2.Constraints(max_locations=types_pb2.IntegerConstraint(value=3)),
    )  # fmt: skip
    wanted.lines[0].latest_date.CopyFrom(instant("2030-05-01T00:00"))
    wanted.lines[0].excluded_location_ids.append("Z")
    inbound = record(
        item, "B", 3, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id="PO", available_at=instant("2030-04-02T00:00")
    )
    good: list[tuple[str, Message]] = [
        (SOURCE, order_request(wanted)),
        (SOURCE, order_request(basket(lines((item, 2)), policy_id="priority"))),
        ("/belofte.v1.PromiseService/QuotePromise", promise_service_pb2.QuotePromiseRequest(basket=wanted, max_options=2)),
        (ADJUST, inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[record(item, "A", 30), inbound])),
        (
            "/belofte.v1.InventoryService/GetAvailability",
            inventory_service_pb2.GetAvailabilityRequest(item_ids=[item, "f1"], location_ids=["A"], channel="web"),
        ),
        ("/belofte.v1.OrderService/GetOrder", order_service_pb2.GetOrderRequest(order_id="O-1")),
        ("/belofte.v1.OrderService/ListOrderEvents", order_service_pb2.ListOrderEventsRequest(order_id="O-1", page_size=3)),
        ("/belofte.v1.NetworkService/GetNetwork", network_service_pb2.GetNetworkRequest(network_id="acceptance")),
    ]
    return rng.choice(good) if rng.random() < 0.6 else good_reservation(rng, wanted)


def good_reservation(rng: random.Random, wanted: types_pb2.Basket) -> tuple[str, Message]:
    """A method of reservations, of one of a few."""
    reservation_id = f"R-{rng.randrange(200)}"
    held = {"request_id": uuid7(), "reservation_id": reservation_id}
    part = reservation_service_pb2.ReservationLineQuantity(line_id="1", quantity=1)
    scope = rng.choice([0, 1, 2])
    good: list[tuple[str, Message]] = [
        ("CreateReservation", reservation_service_pb2.CreateReservationRequest(**held, basket=wanted, scope=scope, fill=2)),
        ("CreateReservation", reservation_service_pb2.CreateReservationRequest(**held, basket=wanted, scope=scope)),
        ("ExtendReservation", reservation_service_pb2.ExtendReservationRequest(**held)),
        ("ReleaseReservation", reservation_service_pb2.ReleaseReservationRequest(**held, lines=[part])),
        ("TransferReservation", reservation_service_pb2.TransferReservationRequest(**held, lines=[part])),
        (
            "TransferReservation",
            reservation_service_pb2.TransferReservationRequest(
                **held, target_reservation_id=f"R-{rng.randrange(200)}", target_location_id=rng.choice(["", "A", "B"])
            ),
        ),
        (
            "ConfirmReservation",
            reservation_service_pb2.ConfirmReservationRequest(**held, order=types_pb2.Order(order_id=f"O-{uuid7()}")),
        ),
        ("GetReservation", reservation_service_pb2.GetReservationRequest(reservation_id=reservation_id)),
        ("ListReservations", reservation_service_pb2.ListReservationsRequest(item_ids=["f1"], page_size=2)),
    ]  # fmt: skip
    method, message = rng.choice(good)
    return RESERVATION + method, message


def set_something(rng: random.Random, message: Message) -> None:
    """Give one field, at any depth, a value from the edges of its type."""
    fields = message.DESCRIPTOR.fields
    if not fields:
        return
    inner_fields = [field for field in fields if field.message_type is not None]
    field: Any = rng.choice(inner_fields if inner_fields and rng.random() < 0.5 else fields)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return
    if field.message_type is not None:
        inner = getattr(message, field.name)
        if field.is_repeated:
            inner = rng.choice(inner) if inner and rng.random() < 0.8 else inner.add()
        inner.SetInParent()
        set_something(rng, inner)
        return
    value: Any = edge_value(rng, field)
    try:
        if field.is_repeated:
            getattr(message, field.name).extend([value] * rng.choice([1, 1, 2, 20]))
        else:
            setattr(message, field.name, value)
    except ValueError:
        # Beyond the type's range: the wire cannot carry it either.
        message.ClearField(field.name)


def edge_value(rng: random.Random, field: Any) -> Any:
    if field.cpp_type == field.CPPTYPE_STRING:
        text = rng.choice(TEXTS)
        return text.encode() if field.type == field.TYPE_BYTES else text
    if field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        return rng.choice(DOUBLES)
    if field.cpp_type == field.CPPTYPE_BOOL:
        return True
    if field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_ENUM):
        return rng.choice([n for n in NUMBERS if -(2**31) <= n < 2**31])
    return rng.choice(NUMBERS)


def damaged(rng: random.Random, data: bytes) -> bytes:
    """A few bytes changed, taken out, put in or repeated."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                del changed[at : at + rng.randrange(1, 9)]
            case 2:
                changed[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 3:
                changed += changed[at : at + rng.randrange(1, 40)]
            case _:
                del changed[at:]
    return bytes(changed)


def mutated(rng: random.Random) -> tuple[str, bytes]:
    method, message = good_messages(rng)
    if rng.random() < 0.6:
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            set_something(rng, message)
        return method, message.SerializeToString()
    return method, damaged(rng, message.SerializeToString())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mutated_messages_meet_no_fault(server: Server, seed: int) -> None:
    fuzz(server, seed, count=1_200)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", range(100, 350))
def test_a_million_mutated_messages_meet_no_fault(server: Server, seed: int) -> None:
    fuzz(server, seed, count=4_000)


def fuzz(server: Server, seed: int, count: int) -> None:
    """Send mutated messages, many at a time; what was accepted, and nothing else, is allocated afterwards."""
    rng = random.Random(seed)
    before = allocated(server)
    engine = server.child("engine")
    taken: Counter[tuple[str, str]] = Counter()
    told: Counter[str] = Counter()
    waiting: deque[tuple[int, str, bytes, grpc.Future]] = deque()

    def settle() -> None:
        number, method, message, future = waiting.popleft()
        where = f"seed {seed}, message {number}: {method} {message.hex()}"
        error = future.exception()
        if error is not None:
            assert isinstance(error, grpc.RpcError)
            known = refused(error)
            assert known.code in CODES and known.reason, f"{where}: {known}"
            told[known.reason] += 1
            return
        told["OK"] += 1
        if method == SOURCE:
            count_taken(taken, message, future.result(), where)
        if method == CONFIRM:
            confirmed = reservation_service_pb2.ConfirmReservationResponse.FromString(future.result())
            count_plan(taken, {} if confirmed.duplicate else None, confirmed.order.plan, where)

    for number in range(count):
        method, message = mutated(rng)
        waiting.append((number, method, message, server.channel.unary_unary(method).future(message, timeout=CALL_SECONDS_MAX)))
        if len(waiting) >= IN_FLIGHT_MAX:
            settle()
    while waiting:
        settle()
    after = allocated(server)
    assert {key: n for key in after | before if (n := after[key] - before[key])} == taken
    assert engine == server.child("engine")
    assert [server.logs(event) for event in ("a fault of the engine", "the desk failed", "child exited")] == [[], [], []]
    # It met good ones, bad ones and strange ones, or it would say little.
    assert {"OK", "INVALID_FIELD", "UNKNOWN_ORDER"} <= told.keys(), told
    item = stocked(server, A=2)
    source(server, (item, 2))
    assert stock_of(server, item) == (2, 2, 0)


def count_taken(taken: Counter[tuple[str, str]], message: bytes, answer: bytes, where: str) -> None:
    """Add what an order took from what is on hand."""
    try:
        asked = sourcing_service_pb2.SourceOrderRequest.FromString(message)
        sourced = sourcing_service_pb2.SourceOrderResponse.FromString(answer)
    except DecodeError as error:
        raise AssertionError(where) from error
    if asked.mode == sourcing_service_pb2.SOURCE_MODE_PREVIEW or sourced.duplicate:
        return
    count_plan(taken, Counter({line.line_id: line.quantity for line in asked.order.basket.lines}), sourced.plan, where)


def count_plan(taken: Counter[tuple[str, str]], wanted: dict[str, int] | None, plan: types_pb2.Plan, where: str) -> None:
    """Add what a plan takes from what is on hand; `wanted` is what it may take at most, empty: it counts no more."""
    if wanted == {}:
        return
    for shipment in plan.shipments:
        for line in shipment.lines:
            assert line.quantity > 0, where
            if wanted is not None:
                assert line.quantity <= wanted[line.line_id], where
                wanted[line.line_id] -= line.quantity
            if not line.receipt_id:
                taken[line.item_id, shipment.location_id] += line.quantity


def allocated(server: Server) -> Counter[tuple[str, str]]:
    """Units on hand allocated to orders, by item and location."""
    items = ["flagged", "kept", "few", *(f"f{n}" for n in range(FUZZED_ITEM_COUNT)), *(f"i{n}" for n in range(ITEM_COUNT))]
    rows = [row for first in range(0, len(items), 500) for row in stock_rows(server, *items[first : first + 500])]
    return Counter({(row.item_id, row.location_id): row.allocated for row in rows if row.allocated})
