"""Operations take a location out of sourcing and back in, and set the capacity of a day: at once, for all, and for good."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from belofte.v1 import inventory_service_pb2, network_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    available,
    basket,
    lines,
    order_of,
    order_request,
    put,
    quote,
    refusal,
    send,
    shipped,
    source,
    stocked,
)
from tests.acceptance.living import events
from tests.acceptance.server import LOCATIONS, Server, wait_for

ACTIVE, DISABLED = network_service_pb2.LOCATION_STATUS_ACTIVE, network_service_pb2.LOCATION_STATUS_DISABLED


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server whose locations nobody else asks for; Y takes two orders a day."""
    server = Server(tmp_path)
    header, *rows = LOCATIONS.splitlines()
    limited = [f"{row},{2 if row.startswith('Y,') else ''}" for row in rows]
    (tmp_path / "network" / "locations.csv").write_text("\n".join([f"{header},capacity_per_day", *limited, ""]))
    with server:
        yield server


def set_status(server: Server, location_id: str, status: int, **fields: Any) -> network_service_pb2.SetLocationStatusResponse:
    fields.setdefault("request_id", uuid7())
    request = network_service_pb2.SetLocationStatusRequest(location_id=location_id, status=status, **fields)
    return server.network.SetLocationStatus(request, timeout=CALL_SECONDS_MAX)


def set_capacity(server: Server, day: date, limit: int | None, **fields: Any) -> network_service_pb2.Capacity:
    fields.setdefault("request_id", uuid7())
    fields.setdefault("location_id", "Y")
    request = network_service_pb2.SetCapacityRequest(date=day.isoformat(), limit=limit, **fields)
    return server.network.SetCapacity(request, timeout=CALL_SECONDS_MAX).capacity


def capacity(
    server: Server, first: date, last: date | None = None, location_id: str = "Y"
) -> list[network_service_pb2.Capacity]:
    request = network_service_pb2.GetCapacityRequest(
        location_ids=[location_id], from_date=first.isoformat(), to_date=(last or first).isoformat()
    )
    return list(server.network.GetCapacity(request, timeout=CALL_SECONDS_MAX).capacities)


def test_a_location_that_is_out_gives_nothing_until_it_is_back(own: Server) -> None:
    """Quotes, orders, what is collected, and what is told of stock; what is planned there stays, and is named."""
    item = stocked(own, A=5, B=5)
    first = source(own, (item, 1))
    assert shipped(first.plan) == {"A": {"1": 1}}
    request_id = uuid7()
    answer = set_status(own, "A", DISABLED, reason="fire", request_id=request_id)
    assert (answer.location_id, answer.status, answer.version) == ("A", DISABLED, 1)
    assert list(answer.open_order_ids) == [first.order_id] and answer.position and not answer.duplicate
    assert set_status(own, "A", DISABLED, reason="fire", request_id=request_id).duplicate

    assert [s.location_id for s in quote(own, basket(lines((item, 2)))).options[0].plan.shipments] == ["B"]
    assert shipped(source(own, (item, 1)).plan) == {"B": {"1": 1}}
    error = refusal(lambda: source(own, (item, 5)))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "NO_STOCK")
    assert available(own, item)["A"] == 0
    assert order_of(own, first.order_id).plan.shipments[0].location_id == "A"
    put(own, item, {"Z": 5})
    collected = basket(lines((item, 1), delivery_method=types_pb2.DELIVERY_METHOD_PICKUP, pickup_location_id="Z"))
    assert quote(own, collected).options
    set_status(own, "Z", DISABLED)
    assert not quote(own, collected).options

    own.kill_child("engine")
    own.kill_child("valkey")
    wait_for(lambda: is_out(own, item), 60.0)
    answer = set_status(own, "A", ACTIVE, expected_version=1)
    assert (answer.status, answer.version) == (ACTIVE, 2)
    assert shipped(source(own, (item, 1)).plan) == {"A": {"1": 1}}


def is_out(server: Server, item: str) -> bool:
    """Whether an engine that may just be starting again has the location out."""
    try:
        return available(server, item)["A"] == 0
    except grpc.RpcError:
        return False


def test_a_location_comes_back_by_itself(own: Server) -> None:
    item = stocked(own, A=5, B=5)
    until = Timestamp()
    until.FromMilliseconds(int((time.time() + 2.0) * 1000))
    set_status(own, "A", DISABLED, until=until)
    assert shipped(source(own, (item, 1)).plan) == {"B": {"1": 1}}
    wait_for(lambda: available(own, item)["A"] == 5, 30.0)
    assert set_status(own, "A", DISABLED, expected_version=2).version == 3, "that it came back is a change of its own"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"location_id": "nowhere"}, "NOT_FOUND", "location_id"),
        ({"status": 0}, "INVALID_ARGUMENT", "status"),
        ({"status": 7}, "INVALID_ARGUMENT", "status"),
        ({"request_id": "x"}, "INVALID_ARGUMENT", "request_id"),
        ({"reason": "a\nb"}, "INVALID_ARGUMENT", "reason"),
        ({"until": Timestamp(seconds=1)}, "INVALID_ARGUMENT", "until"),
        ({"until": Timestamp(seconds=2**62)}, "INVALID_ARGUMENT", "until"),
        ({"until": Timestamp(seconds=1_900_000_000, nanos=-1)}, "INVALID_ARGUMENT", "until"),
        ({"until": Timestamp(seconds=1_900_000_000, nanos=2 * 10**9)}, "INVALID_ARGUMENT", "until"),
        ({"status": ACTIVE, "until": Timestamp(seconds=4_000_000_000)}, "INVALID_ARGUMENT", "until"),
        ({"location_id": "off", "status": ACTIVE}, "FAILED_PRECONDITION", "location_id"),
        ({"expected_version": 9}, "FAILED_PRECONDITION", "expected_version"),
    ],
)  # fmt: skip
def test_a_status_that_makes_no_sense_is_refused(server: Server, fields: dict[str, Any], code: str, field: str) -> None:
    asked = {"location_id": "A", "status": DISABLED, **fields}
    error = refusal(lambda: set_status(server, **asked))
    assert (error.code, error.fields) == (code, (field,))
    item = stocked(server, A=1)
    assert available(server, item)["A"] == 1


def taken(rows: list[network_service_pb2.Capacity]) -> list[int]:
    return [row.allocated for row in rows]


def test_the_capacity_of_a_day_is_what_operations_say(own: Server) -> None:
    """Less or more than the network's; a limit below what is taken stands, and nothing more goes; kept whatever is killed."""
    item = own.item()
    put(own, item, {"Y": 50})
    # Of a day that is over while this runs nothing could be said.
    first = datetime.now(UTC).date() + timedelta(days=1)
    days = [first + timedelta(days=n) for n in range(4)]
    for day in (first - timedelta(days=1), first - timedelta(days=2)):
        set_capacity(own, day, 0)
    assert [(row.limit, row.allocated, row.version) for row in capacity(own, days[0], days[-1])] == [(2, 0, 0)] * 4
    assert {row.unit for row in capacity(own, first)} == {types_pb2.CAPACITY_UNIT_ORDERS}
    changed = set_capacity(own, days[0], 1)
    assert (changed.location_id, changed.date, changed.limit, changed.version) == ("Y", days[0].isoformat(), 1, 1)
    set_capacity(own, days[1], 0, expected_version=0)
    for _ in range(3):
        source(own, (item, 1))
    assert taken(capacity(own, days[0], days[-1])) == [1, 0, 2, 0]

    # More than there is of it, without a limit, and below what is taken.
    set_capacity(own, days[0], 3, expected_version=1)
    source(own, (item, 1))
    source(own, (item, 1))
    source(own, (item, 1))
    assert taken(capacity(own, days[0], days[-1])) == [3, 0, 2, 1]
    assert not set_capacity(own, days[1], None).HasField("limit")
    for _ in range(4):
        source(own, (item, 1))
    row = set_capacity(own, days[1], 1)
    assert (row.limit, row.allocated) == (1, 4)
    source(own, (item, 1))
    rows = capacity(own, days[0], days[-1])
    assert [(row.limit, row.allocated, row.version) for row in rows] == [(3, 3, 2), (1, 4, 3), (2, 2, 0), (2, 2, 0)]

    own.kill_child("engine")
    own.kill_child("valkey")
    wait_for(lambda: shown(own, days) == rows, 60.0)
    held = reservation_service_pb2.CreateReservationRequest(request_id=uuid7(), basket=basket(lines((item, 1))))
    own.reservation.CreateReservation(held, timeout=CALL_SECONDS_MAX)
    (row,) = [row for row in capacity(own, days[-1], days[-1] + timedelta(days=2)) if row.reserved]
    assert (row.date, row.allocated, row.reserved) == ((days[-1] + timedelta(days=1)).isoformat(), 0, 1)


def shown(server: Server, days: list[date]) -> list[network_service_pb2.Capacity]:
    """The rows, of an engine that may just be starting again."""
    try:
        return capacity(server, days[0], days[-1])
    except grpc.RpcError:
        return []


def test_a_location_without_a_limit_is_told_as_that(server: Server) -> None:
    (row,) = capacity(server, date(2030, 1, 1), location_id="A")
    assert not row.HasField("limit") and (row.allocated, row.reserved, row.version) == (0, 0, 0)
    error = refusal(lambda: set_capacity(server, datetime.now(UTC).date(), 3, location_id="A"))
    assert (error.code, error.reason, error.fields) == ("FAILED_PRECONDITION", "WRONG_STATE", ("location_id",))


TODAY = datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"location_id": "nowhere"}, "NOT_FOUND", "location_id"),
        ({"date": "2030-02-30"}, "INVALID_ARGUMENT", "date"),
        ({"date": "20300101"}, "INVALID_ARGUMENT", "date"),
        ({"date": "2026-W49-1"}, "INVALID_ARGUMENT", "date"),
        ({"date": ""}, "INVALID_ARGUMENT", "date"),
        ({"date": "2020-01-01"}, "INVALID_ARGUMENT", "date"),
        ({"date": "2999-01-01"}, "INVALID_ARGUMENT", "date"),
        ({"limit": -1}, "INVALID_ARGUMENT", "limit"),
        ({"limit": 2**62}, "INVALID_ARGUMENT", "limit"),
        ({"category": "sofas"}, "UNIMPLEMENTED", "category"),
        ({"request_id": ""}, "INVALID_ARGUMENT", "request_id"),
    ],
)  # fmt: skip
def test_a_capacity_that_makes_no_sense_is_refused(server: Server, fields: dict[str, Any], code: str, field: str) -> None:
    asked = {"location_id": "A", "date": TODAY, "limit": 1, "request_id": uuid7(), **fields}
    request = network_service_pb2.SetCapacityRequest(**asked)
    error = refusal(lambda: server.network.SetCapacity(request, timeout=CALL_SECONDS_MAX))
    assert (error.code, error.fields) == (code, (field,))


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"location_ids": []}, "INVALID_ARGUMENT", "location_ids"),
        ({"location_ids": ["A"] * 1_001}, "INVALID_ARGUMENT", "location_ids"),
        ({"location_ids": ["A", "nowhere"]}, "NOT_FOUND", "location_ids[1]"),
        ({"from_date": "tomorrow"}, "INVALID_ARGUMENT", "from_date"),
        ({"from_date": "2020-01-01"}, "INVALID_ARGUMENT", "from_date"),
        ({"from_date": "2030-01-02", "to_date": "2030-01-01"}, "INVALID_ARGUMENT", "to_date"),
        ({"from_date": "2030-01-01", "to_date": "2030-02-01"}, "INVALID_ARGUMENT", "to_date"),
        ({"category": "sofas"}, "UNIMPLEMENTED", "category"),
    ],
)  # fmt: skip
def test_a_question_of_capacity_that_makes_no_sense_is_refused(
    server: Server, fields: dict[str, Any], code: str, field: str
) -> None:  # fmt: skip
    request = network_service_pb2.GetCapacityRequest(**{"location_ids": ["A"], **fields})
    error = refusal(lambda: server.network.GetCapacity(request, timeout=CALL_SECONDS_MAX))
    assert (error.code, error.fields[0]) == (code, field)


def test_what_is_planned_at_a_location_that_is_out_is_moved_when_it_is_rerouted(own: Server) -> None:
    """Without the location being named as excluded: nobody stays there who can go elsewhere."""
    item = stocked(own, A=4)
    orders = [source(own, (item, 2)).order_id for _ in range(2)]
    put(own, item, {"B": 3})
    set_status(own, "A", DISABLED)
    request = sourcing_service_pb2.RerouteOrdersRequest(
        request_id=uuid7(), mode=sourcing_service_pb2.SOURCE_MODE_COMMIT, reason="FIRE",
        filter=sourcing_service_pb2.OrderFilter(location_ids=["A"]),
    )  # fmt: skip
    result = list(own.sourcing.RerouteOrders(request, timeout=60))[-1].result
    moved = [change.order_id for change in result.changes if change.changed]
    assert len(moved) == 1 and {change.order_id for change in result.changes} == set(orders)
    assert {s.location_id for s in order_of(own, moved[0]).plan.shipments if s.state == types_pb2.SHIPMENT_STATE_PLANNED} == {
        "B"
    }
    (left,) = {*orders} - {*moved}
    assert order_of(own, left).plan.shipments[0].location_id == "A"


def rerouted(server: Server, **fields: Any) -> dict[str, bool]:
    """Orders that were concerned, and whether each was moved."""
    request = sourcing_service_pb2.RerouteOrdersRequest(
        request_id=uuid7(), mode=sourcing_service_pb2.SOURCE_MODE_COMMIT,
        filter=sourcing_service_pb2.OrderFilter(overcommitted_only=True, **fields),
    )  # fmt: skip
    result = list(server.sourcing.RerouteOrders(request, timeout=60))[-1].result
    return {change.order_id: change.changed for change in result.changes}


def planned_at(server: Server, order_id: str) -> set[str]:
    shipments = order_of(server, order_id).plan.shipments
    return {each.location_id for each in shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED and each.lines}


def test_one_call_finds_and_moves_what_a_shock_concerns_and_nothing_else(own: Server) -> None:
    """A count that finds less, a day that takes less, a location that is out."""
    counted, other = stocked(own, A=3), stocked(own, A=3)
    orders = [source(own, (counted, 1)).order_id for _ in range(3)]
    apart = source(own, (other, 1)).order_id
    put(own, counted, {"B": 1})
    assert rerouted(own) == {}
    put(own, counted, {"A": 1})
    told = rerouted(own)
    assert set(told) <= set(orders) and list(told.values()).count(True) == 1, "B has one unit for the two that A lacks"
    assert sorted(len(planned_at(own, each) & {"A"}) for each in orders) == [0, 1, 1]
    put(own, counted, {"A": 2})
    assert rerouted(own) == {}

    item = own.item()
    put(own, item, {"Y": 9})
    full = [source(own, (item, 1)).order_id for _ in range(3)]
    put(own, item, {"X": 9})
    today = datetime.now(UTC).date()
    (busy,) = [row for row in capacity(own, today - timedelta(days=1), today + timedelta(days=3)) if row.allocated == 2]
    set_capacity(own, date.fromisoformat(busy.date), 1)
    told = rerouted(own)
    assert set(told) <= set(full) and list(told.values()).count(True) == 1
    assert rerouted(own) == {}

    set_status(own, "A", DISABLED)
    put(own, other, {"B": 3})
    assert rerouted(own, item_ids=[other]) == {apart: True} and planned_at(own, apart) == {"B"}


def test_a_quote_from_a_location_that_is_out_is_not_taken_up(own: Server) -> None:
    """Neither as an order nor held, shipped or collected; what changed is named."""
    item = stocked(own, A=5, B=5, Z=5)
    collected = lines((item, 1), delivery_method=types_pb2.DELIVERY_METHOD_PICKUP, pickup_location_id="Z")
    for wanted, place in ((basket(lines((item, 1))), "A"), (basket(collected), "Z")):
        option = quote(own, wanted).options[0]
        assert [shipment.location_id for shipment in option.plan.shipments] == [place]
        set_status(own, place, DISABLED)
        request = order_request(wanted)
        request.quote_token = option.quote_token
        error = refusal(lambda request=request: send(own, request))  # type: ignore[misc]
        assert error.reason == "QUOTE_CHANGED" and f"{place} takes no part" in error.message
        held = reservation_service_pb2.CreateReservationRequest(
            request_id=uuid7(), basket=wanted, quote_token=option.quote_token
        )  # fmt: skip
        error = refusal(lambda held=held: own.reservation.CreateReservation(held, timeout=CALL_SECONDS_MAX))  # type: ignore[misc]
        assert error.reason == "QUOTE_CHANGED"


def test_a_reservation_at_a_location_that_is_out_becomes_an_order_elsewhere(own: Server) -> None:
    """What it held there is free again; the order's story says why it is not the plan that was held."""
    item = stocked(own, A=5, B=5)
    request = reservation_service_pb2.CreateReservationRequest(request_id=uuid7(), basket=basket(lines((item, 2))))
    made = own.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX).reservation
    assert shipped(made.plan) == {"A": {"1": 2}}
    set_status(own, "A", DISABLED)
    order_id = f"O-{uuid7()}"
    confirm = reservation_service_pb2.ConfirmReservationRequest(
        request_id=uuid7(), reservation_id=made.reservation_id, order=types_pb2.Order(order_id=order_id)
    )
    order = own.reservation.ConfirmReservation(confirm, timeout=CALL_SECONDS_MAX).order
    assert shipped(order.plan) == {"B": {"1": 2}}
    (told,) = [event.message for event in events(own, order_id)]
    assert "A takes no part any more" in told
    set_status(own, "A", ACTIVE)
    assert available(own, item) == {"A": 5, "B": 3}


def test_what_is_moved_to_another_reservation_takes_its_day_along(own: Server) -> None:
    """Two orders of Y's day are held: it stays full however they are moved, and is free again when they are released."""
    item = stocked(own, Y=9)
    at_y = {"allowed_location_ids": ["Y"]}

    def create() -> reservation_service_pb2.Reservation:
        request = reservation_service_pb2.CreateReservationRequest(request_id=uuid7(), basket=basket(lines((item, 2), **at_y)))
        return own.reservation.CreateReservation(request, timeout=CALL_SECONDS_MAX).reservation

    def move(made: reservation_service_pb2.Reservation, to: str = "") -> reservation_service_pb2.Reservation:
        request = reservation_service_pb2.TransferReservationRequest(
            request_id=uuid7(), reservation_id=made.reservation_id, target_reservation_id=to
        )
        return own.reservation.TransferReservation(request, timeout=CALL_SECONDS_MAX).target

    first, second = create(), create()
    day = second.plan.shipments[0].handover_by.ToDatetime().date()
    assert used_near(own, day) == 2
    moved = move(first)
    assert used_near(own, day) == 2
    both = move(moved, second.reservation_id)
    assert used_near(own, day) == 2
    request = reservation_service_pb2.ReleaseReservationRequest(request_id=uuid7(), reservation_id=both.reservation_id)
    own.reservation.ReleaseReservation(request, timeout=CALL_SECONDS_MAX)
    assert used_near(own, day) == 0


def used_near(server: Server, day: date) -> int:
    """What is taken of Y on a day and on those beside it: its local day may be another."""
    return sum(int(each.reserved + each.allocated) for each in capacity(server, day - timedelta(1), day + timedelta(1)))


def test_orders_that_are_held_are_told_as_well_when_their_location_goes_out(own: Server) -> None:
    item = stocked(own, A=5)
    request = order_request(basket(lines((item, 1))))
    request.order.hold_reason = "PAYMENT"
    order_id = send(own, request).order_id
    assert list(set_status(own, "A", DISABLED).open_order_ids) == [order_id]


def test_who_watches_is_told_to_look_again(own: Server) -> None:
    item = stocked(own, A=5)
    watching = own.inventory.WatchAvailability(inventory_service_pb2.WatchAvailabilityRequest(item_ids=[item]), timeout=60)
    assert next(watching)
    set_status(own, "A", DISABLED)
    error = refusal(lambda: list(watching))
    assert error.reason == "POSITION_LOST" and "a location went out" in error.message


def test_a_reload_leaves_days_as_they_were_set(own: Server) -> None:
    today = datetime.now(UTC).date()
    days = [today + timedelta(days=n) for n in range(3, 6)]
    for day, limit in zip(days, (0, 5, None), strict=True):
        set_capacity(own, day, limit)
    path = own.folder / "network" / "locations.csv"
    path.write_text("\n".join(f"{row[:-2]},7" if row.startswith("Y,") else row for row in path.read_text().splitlines()) + "\n")
    own.network.ReloadNetwork(network_service_pb2.ReloadNetworkRequest(request_id=uuid7()), timeout=CALL_SECONDS_MAX)
    rows = capacity(own, days[0] - timedelta(days=1), days[-1])
    assert [row.limit if row.HasField("limit") else None for row in rows] == [7, 0, 5, None]
    assert [(row.allocated, row.version) for row in rows] == [(0, 0), (0, 1), (0, 1), (0, 1)]


def test_a_scenario_has_its_own_capacity_on_days_that_were_set(own: Server) -> None:
    """Shut by it though they were opened, and open though they were shut."""
    item = own.item()
    put(own, item, {"Y": 9})
    today = datetime.now(UTC).date()
    for limit, given, short in ((None, 0, 2), (0, 9, 0)):
        for n in range(40):
            set_capacity(own, today + timedelta(days=n), limit)
        scenario = sourcing_service_pb2.Scenario(capacity_per_day={"Y": given})
        request = sourcing_service_pb2.SimulateSourcingRequest(scenario=scenario)
        request.orders.add(order_id=f"O-{uuid7()}").basket.CopyFrom(basket(lines((item, 2)), policy_id="part"))
        result = list(own.sourcing.SimulateSourcing(request, timeout=60))[-1].result
        if given == 0:
            assert result.simulated.short_quantity == short
        else:
            assert result.orders[0].plan.shipments[0].handover_by.seconds // 86_400 - int(time.time()) // 86_400 < 10
