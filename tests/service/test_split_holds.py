"""Reservations and feeds over a network that is split into shards: as over any other, whatever lies where."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from belofte.v1 import inventory_service_pb2, network_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from tests.service.room import ADJUST, RESERVATIONS, SOURCE, opened
from tests.service.split_room import SplitRoom, source_request, split, split_records
from tests.service.test_split_orders import ended, free
from tests.sidecars import wait_until

ACTIVE, CONFIRMED, RELEASED, EXPIRED = (
    getattr(reservation_service_pb2, f"RESERVATION_STATE_{name}") for name in ("ACTIVE", "CONFIRMED", "RELEASED", "EXPIRED")
)
ITEMS = ("bolt", "lamp", "i1")
NETWORK = "/belofte.v1.NetworkService/"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SplitRoom]:
    with split(tmp_path_factory.mktemp("split"), 3, split_records(capacity=100)) as room:
        yield room


@pytest.fixture
def room(shared: SplitRoom) -> Iterator[SplitRoom]:
    """The same for all tests, with five of each item free."""
    shared.adjust({item: 5 - free(shared).get(item, 0) for item in ITEMS})
    yield shared
    wait_until(lambda: ended(shared))
    shared.audit()


def change(room: SplitRoom, method: str, reservation_id: str, **fields: Any) -> Any:
    """A method on one reservation."""
    kinds = [getattr(reservation_service_pb2, f"{method}Reservation{kind}") for kind in ("Request", "Response")]
    request = kinds[0](request_id=uuid7(), reservation_id=reservation_id, **fields)
    return room.ask(f"{RESERVATIONS}{method}Reservation", request, kinds[1])


def state_of(room: SplitRoom, reservation_id: str) -> int:
    request = reservation_service_pb2.GetReservationRequest(reservation_id=reservation_id)
    answer = room.ask(RESERVATIONS + "GetReservation", request, reservation_service_pb2.GetReservationResponse)
    return int(answer.reservation.state)


def all_five(taken: int = 0) -> dict[str, int]:
    return {item: 5 - taken for item in ITEMS if taken < 5}


def test_reserved_extended_and_released(room: SplitRoom) -> None:
    made = room.reserve(dict.fromkeys(ITEMS, 2), "r1")
    assert made.reservation.state == ACTIVE and {line.item_id for line in made.reservation.lines} == set(ITEMS)
    assert free(room) == all_five(2)
    later = change(room, "Extend", "r1", time_to_live={"seconds": 600})
    assert later.reservation.expires_at.seconds > made.reservation.expires_at.seconds + 300
    line = reservation_service_pb2.ReservationLineQuantity(line_id="bolt", quantity=1)
    change(room, "Release", "r1", lines=[line])
    assert free(room) == {**all_five(2), "bolt": 4}
    gone = change(room, "Release", "r1")
    assert gone.reservation.state == RELEASED and state_of(room, "r1") == RELEASED
    assert free(room) == all_five()
    again = change(room, "Release", "r1")
    assert isinstance(again, Refusal) and again.reason is Reason.WRONG_STATE


def test_reserved_and_confirmed(room: SplitRoom) -> None:
    room.reserve(dict.fromkeys(ITEMS, 2), "r2")
    done = change(room, "Confirm", "r2", order=types_pb2.Order(order_id="of-r2"))
    assert done.reservation.state == CONFIRMED and done.order.state == types_pb2.ORDER_STATE_SOURCED
    assert free(room) == all_five(2)
    assert state_of(room, "r2") == CONFIRMED
    other = room.source({"lamp": 1}, "of-r2")
    assert isinstance(other, Refusal) and other.reason is Reason.ORDER_EXISTS


def test_a_reservation_expires_in_every_shard(room: SplitRoom) -> None:
    room.reserve(dict.fromkeys(ITEMS, 5), "r3", seconds=1)
    refused = room.source({"lamp": 1})
    assert isinstance(refused, Refusal) and refused.reason is Reason.NO_STOCK
    wait_until(lambda: free(room) == all_five())
    wait_until(lambda: state_of(room, "r3") == EXPIRED)


def test_a_reservation_id_is_one_reservation_over_all_shards(room: SplitRoom) -> None:
    room.reserve({"bolt": 1, "lamp": 1}, "r4")
    other = room.reserve({"i1": 1}, "r4")
    assert isinstance(other, Refusal) and other.reason in (Reason.RESERVATION_EXISTS, Reason.CONTENDED), other
    wait_until(lambda: free(room) == {"bolt": 4, "lamp": 4, "i1": 5})
    change(room, "Release", "r4")


def test_more_than_there_is_holds_nothing(room: SplitRoom) -> None:
    refused = room.reserve({"bolt": 5, "lamp": 6}, "r5")
    assert isinstance(refused, Refusal) and refused.reason is Reason.NO_STOCK
    assert free(room) == all_five()


def test_racing_changes_of_one_reservation_end_it_once(room: SplitRoom, tmp_path: Path) -> None:
    with opened(room.url, room.ledger_url, tmp_path, split_records(capacity=100), shards=3) as other:
        for n in range(5):
            name = f"raced-{n}"
            room.reserve(dict.fromkeys(ITEMS, 1), name)
            confirm = reservation_service_pb2.ConfirmReservationRequest(
                request_id=uuid7(), reservation_id=name, order=types_pb2.Order(order_id=f"of-{name}")
            )
            release = reservation_service_pb2.ReleaseReservationRequest(request_id=uuid7(), reservation_id=name)
            calls = [
                (RESERVATIONS + "ConfirmReservation", confirm.SerializeToString()),
                (RESERVATIONS + "ReleaseReservation", release.SerializeToString()),
            ]
            answers = room.room.ask_all(calls[n % 2 :]) + other.ask_all(calls[: n % 2 + 1])
            assert sum(isinstance(each, bytes) for each in answers) >= 1, answers
            assert state_of(room, name) in (CONFIRMED, RELEASED)
        wait_until(lambda: ended(room) and not len(room.room.engine._path.stock.holds))


# -- feeds


def feed(numbers: list[int], request_id: str = "") -> inventory_service_pb2.AdjustInventoryRequest:
    """Records of one source, each with its number; record n adds n units of one of the items."""
    records = [
        types_pb2.InventoryRecord(
            item_id=ITEMS[n % 3], location_id="ehv", quantity=n, kind=types_pb2.INVENTORY_KIND_ADJUST, source="wms", sequence=n
        ) for n in numbers
    ]  # fmt: skip
    return inventory_service_pb2.AdjustInventoryRequest(request_id=request_id or uuid7(), records=records)


def test_a_feed_that_is_repeated_and_out_of_order_counts_once(room: SplitRoom) -> None:
    """Its sequences are one row, whatever shard a record's item is in."""
    draw = random.Random(1)
    before = free(room)
    numbers = [*range(1, 41), *draw.sample(range(1, 41), 20)]
    draw.shuffle(numbers)
    requests = [feed(numbers[first : first + 10]) for first in range(0, len(numbers), 10)]
    answers = room.room.ask_all([(ADJUST, each.SerializeToString()) for each in (*requests, *requests)])
    assert all(isinstance(each, bytes) for each in answers), answers
    found = [inventory_service_pb2.AdjustInventoryResponse.FromString(each) for each in answers]
    assert sum(each.accepted_count for each in found if not each.duplicate) == 40
    assert sum(each.duplicate for each in found) == len(requests)
    put = {item: sum(n for n in range(1, 41) if ITEMS[n % 3] == item) for item in ITEMS}
    wait_until(lambda: free(room) == {item: before[item] + put[item] for item in ITEMS})
    (gap,) = room.ask(ADJUST, feed([50]), inventory_service_pb2.AdjustInventoryResponse).gaps
    assert (gap.first_sequence, gap.last_sequence) == (41, 49)


def test_a_count_over_shards(room: SplitRoom) -> None:
    answer = room.adjust(dict.fromkeys(ITEMS, 40), "nyc", kind=types_pb2.INVENTORY_KIND_COUNT)
    assert answer.accepted_count == 3
    answer = room.adjust(dict.fromkeys(ITEMS, 30), "nyc", kind=types_pb2.INVENTORY_KIND_COUNT)
    assert [each.supply for each in answer.results] == [30] * 3
    room.adjust(dict.fromkeys(ITEMS, 0), "nyc", kind=types_pb2.INVENTORY_KIND_COUNT)


def test_shipped_of_an_order_over_shards(room: SplitRoom) -> None:
    room.source({"bolt": 2, "lamp": 2}, "shipped")
    answer = room.adjust({"bolt": 2, "lamp": 2}, kind=types_pb2.INVENTORY_KIND_SHIPPED, order_id="shipped")
    if not answer.accepted_count:
        # Its stock may have been at the other place.
        answer = room.adjust({"bolt": 2, "lamp": 2}, "ehv", kind=types_pb2.INVENTORY_KIND_SHIPPED, order_id="shipped")
    assert answer.accepted_count == 2, answer
    too_much = room.adjust({"bolt": 1}, kind=types_pb2.INVENTORY_KIND_SHIPPED, order_id="shipped")
    assert too_much.results[0].reason == Reason.WRONG_STATE


def test_locations_and_days_are_changed_over_shards(room: SplitRoom) -> None:
    """Wherever the texts and the capacity of a location lie; kept by whoever opens the stores anew, and audited."""

    def set_status(location_id: str, status: int) -> Any:
        request = network_service_pb2.SetLocationStatusRequest(request_id=uuid7(), location_id=location_id, status=status)
        return room.ask(NETWORK + "SetLocationStatus", request, network_service_pb2.SetLocationStatusResponse)

    def limit_of(location_id: str) -> int:
        request = network_service_pb2.GetCapacityRequest(location_ids=[location_id], from_date=day, to_date=day)
        (row,) = room.ask(NETWORK + "GetCapacity", request, network_service_pb2.GetCapacityResponse).capacities
        return int(row.limit)

    day = (datetime.now(UTC).date() + timedelta(days=5)).isoformat()
    for location_id in ("ams", "ehv"):
        request = network_service_pb2.SetCapacityRequest(request_id=uuid7(), location_id=location_id, date=day, limit=7)
        answer = room.ask(NETWORK + "SetCapacity", request, network_service_pb2.SetCapacityResponse)
        assert answer.capacity.limit == 7 and answer.position, answer
        wait_until(lambda location_id=location_id: limit_of(location_id) == 7)  # type: ignore[misc]
    # Answered when it is decided; each shard hears of it a moment later.
    (place,) = sources(room)
    assert set_status(place, 2).version == 1
    wait_until(lambda: place not in sources(room))
    assert set_status(place, 1).version == 2
    wait_until(lambda: sources(room) == {place})


def sources(room: SplitRoom) -> set[str]:
    """Where an order of one unit would come from."""
    request = source_request({"bolt": 1}, "", "")
    request.mode = sourcing_service_pb2.SOURCE_MODE_PREVIEW
    answer = room.ask(SOURCE, request, sourcing_service_pb2.SourceOrderResponse)
    return set() if isinstance(answer, Refusal) else {shipment.location_id for shipment in answer.plan.shipments}
