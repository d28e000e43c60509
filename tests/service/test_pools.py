"""Orders that wait for each other, with a clock that is moved: stock is taken, nothing leaves, then all are decided as one."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from belofte.v1 import inventory_service_pb2, order_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.network.records import NetworkRecords, Policy
from tests.network.small_network import WORKDAYS, small_records, weekly
from tests.service.room import ADJUST, SOURCE, Room, opened
from tests.service.test_sweep import HOME, do, order, soon, units_at
from tests.sidecars import RunningSidecar
from tests.valkey_server import ValkeyServer

HELD, SOURCED = types_pb2.ORDER_STATE_HELD, types_pb2.ORDER_STATE_SOURCED
DAYS = (*WORKDAYS, "SAT", "SUN")
MINUTES = 60
HOUR_MS = 3_600_000


def records(**policy: int) -> NetworkRecords:
    """Bolts lie in both Dutch warehouses, lamps in `ams` alone."""
    return small_records(policies=(Policy("default", pool_minutes=MINUTES, **policy), Policy("now")))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[str, str]]:
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    with ValkeyServer() as valkey, RunningSidecar(valkey.url, ledger_url):
        yield valkey.url, ledger_url


@pytest.fixture
def room(stack: tuple[str, str], tmp_path: Path) -> Iterator[Room]:
    with opened(*stack, tmp_path, records()) as made:
        start(made)
        yield made


def start(room: Room) -> None:
    """Ten minutes into an hour at which no cutoff is near; one bolt at `ams`, plenty of all else."""
    minute_of_day = room.clock.unix_ms() // 60_000 % 1_440
    room.clock.ahead_minutes += (8 * 60 + 10 - minute_of_day) % 1_440
    stock = (("bolt", "ams", 1), ("bolt", "ehv", 50), ("lamp", "ams", 50))
    rows = [
        types_pb2.InventoryRecord(item_id=item, location_id=at, quantity=n, kind=types_pb2.INVENTORY_KIND_ON_HAND)
        for item, at, n in stock
    ]
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(room.clock.unix_ms()), records=rows)
    assert isinstance(room.ask(ADJUST, request.SerializeToString()), bytes)


def asked(room: Room, *items: str, **fields: str) -> sourcing_service_pb2.SourceOrderRequest:
    policy_id = fields.pop("policy_id", "")
    lines = [types_pb2.BasketLine(line_id=item, item_id=item, quantity=1) for item in items]
    basket = types_pb2.Basket(lines=lines, destination=HOME, policy_id=policy_id)
    wanted = types_pb2.Order(order_id=f"O-{uuid7()}", basket=basket, **fields)
    return sourcing_service_pb2.SourceOrderRequest(request_id=uuid7(room.clock.unix_ms()), order=wanted)


def source(room: Room, *items: str, **fields: str) -> sourcing_service_pb2.SourceOrderResponse:
    answer = room.ask(SOURCE, asked(room, *items, **fields).SerializeToString())
    assert isinstance(answer, bytes), answer
    return sourcing_service_pb2.SourceOrderResponse.FromString(answer)


def places(room: Room, order_id: str) -> list[str]:
    """Where what has not ended comes from."""
    live = [each for each in order(room, order_id).plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
    return sorted(each.location_id for each in live)


def crossed(room: Room) -> tuple[str, str]:
    """Of two orders the first took the only bolt beside the lamps; the second, of both, has to come from two places."""
    alone, both = source(room, "bolt"), source(room, "bolt", "lamp")
    assert (places(room, alone.order_id), places(room, both.order_id)) == (["ams"], ["ams", "ehv"])
    return alone.order_id, both.order_id


def is_uncrossed(room: Room, alone: str, both: str) -> bool:
    return order(room, alone).state == order(room, both).state == SOURCED and places(room, both) == ["ams"]


def test_orders_wait_with_their_stock_taken_and_go_on_together(room: Room) -> None:
    alone, both = crossed(room)
    until = (room.clock.unix_ms() // HOUR_MS + 1) * HOUR_MS
    before = {}
    for order_id in (alone, both):
        found = before[order_id] = order(room, order_id)
        assert (found.state, found.hold_reason, found.hold_until.ToMilliseconds()) == (HELD, "POOLED", until)
    refused = do(room, "AcceptShipment", order_id=alone, shipment_id=f"{alone}-1")
    assert isinstance(refused, Refusal) and refused.reason is Reason.WRONG_STATE
    assert units_at(room) == {"ams": (1, 1), "ehv": (50, 1), "nyc": (0, 0)} or units_at(room) == {"ams": (1, 1), "ehv": (50, 1)}
    room.clock.ahead_minutes += 45
    time.sleep(1.5)
    assert order(room, alone).state == HELD, "the hour is not over"
    room.clock.ahead_minutes += 10
    soon(lambda: is_uncrossed(room, alone, both))
    assert places(room, alone) == ["ehv"]
    assert {at: taken for at, (_, taken) in units_at(room).items() if taken} == {"ams": 1, "ehv": 1}
    for order_id in (alone, both):
        found = order(room, order_id)
        promised = max(each.delivery_latest.seconds for each in before[order_id].plan.shipments)
        live = [each for each in found.plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
        assert max(each.delivery_latest.seconds for each in live) <= promised
        assert (found.hold_reason, found.HasField("hold_until")) == ("", False)
        assert found.version == 2, "moved and let go at once"
        assert isinstance(do(room, "AcceptShipment", order_id=order_id, shipment_id=live[0].shipment_id), bytes)
    events = order_service_pb2.ListOrderEventsResponse.FromString(bytes(do(room, "ListOrderEvents", order_id=both)))  # type: ignore[arg-type]
    kinds = [event.type for event in events.events]
    assert kinds.count(types_pb2.EVENT_TYPE_ORDER_RESOURCED) == kinds.count(types_pb2.EVENT_TYPE_ORDER_RELEASED) == 1


def test_the_answer_says_until_when_and_a_repeat_says_the_same(room: Room) -> None:
    request = asked(room, "lamp")
    first, again = (room.ask(SOURCE, request.SerializeToString()) for _ in range(2))
    assert isinstance(first, bytes) and isinstance(again, bytes)
    told, repeated = (sourcing_service_pb2.SourceOrderResponse.FromString(each) for each in (first, again))
    assert told.state == HELD and repeated.duplicate
    assert told.pooled_until == repeated.pooled_until
    assert told.pooled_until.ToMilliseconds() == (room.clock.unix_ms() // HOUR_MS + 1) * HOUR_MS
    now, held = source(room, "lamp", policy_id="now"), source(room, "lamp", hold_reason="FRAUD_CHECK")
    assert (now.state, now.HasField("pooled_until")) == (SOURCED, False)
    assert (held.state, held.HasField("pooled_until")) == (HELD, False)
    assert order(room, held.order_id).hold_reason == "FRAUD_CHECK"


def test_an_order_waits_no_longer_than_its_cutoff_allows(stack: tuple[str, str], tmp_path: Path) -> None:
    """Orders at `ams` by 8:25 are handed over the same day; from 15 minutes before that on nothing waits for it."""
    ams, *others = records().locations
    daily = tuple(weekly("DAILY", 0, 1_080, days=DAYS))
    carriers = tuple(replace(each, pickup_minute=1_080) for each in records().carrier_services)
    at_work = replace(ams, calendar_id="DAILY", time_zone="UTC", cutoff_minute=505)
    network = replace(records(), calendars=daily, locations=(at_work, *others), carrier_services=carriers)
    with opened(*stack, tmp_path, network) as room:
        start(room)
        midnight = room.clock.unix_ms() // 86_400_000 * 86_400_000
        room.clock.ahead_minutes -= 8
        early = source(room, "lamp")
        assert early.pooled_until.ToMilliseconds() == midnight + (505 - 15) * 60_000
        room.clock.ahead_minutes += 10
        late = source(room, "lamp")
        assert (late.state, late.HasField("pooled_until")) == (SOURCED, False)
        soon(lambda: order(room, early.order_id).state == SOURCED)
        room.clock.ahead_minutes += 20
        assert source(room, "lamp").pooled_until.ToMilliseconds() == midnight + 9 * HOUR_MS, "for the next day's handover"


def test_what_was_due_when_the_engine_ended_is_done_by_the_next(stack: tuple[str, str], tmp_path: Path) -> None:
    with opened(*stack, tmp_path, records()) as room:
        start(room)
        alone, both = crossed(room)
        ahead = room.clock.ahead_minutes
    with opened(*stack, tmp_path, records()) as room:
        room.clock.ahead_minutes = ahead + MINUTES
        soon(lambda: is_uncrossed(room, alone, both))
        assert {at: taken for at, (_, taken) in units_at(room).items() if taken} == {"ams": 1, "ehv": 1}


def test_orders_in_a_pool_are_held_cancelled_and_let_go_by_whoever_may(room: Room) -> None:
    held, gone, early = (source(room, "lamp").order_id for _ in range(3))
    assert isinstance(do(room, "HoldOrder", order_id=held, hold_reason="FRAUD_CHECK"), bytes)
    assert isinstance(do(room, "CancelOrder", order_id=gone), bytes)
    assert isinstance(do(room, "ReleaseOrder", order_id=early), bytes)
    assert order(room, early).state == SOURCED
    room.clock.ahead_minutes += MINUTES
    time.sleep(2.0)
    assert (order(room, held).state, order(room, held).hold_reason) == (HELD, "FRAUD_CHECK")
    assert order(room, gone).state == types_pb2.ORDER_STATE_CANCELLED
    assert (order(room, early).version, order(room, held).version) == (2, 2)
    waiting = source(room, "lamp").order_id
    for refused in (
        do(room, "HoldOrder", order_id=waiting, hold_reason="POOLED"),
        room.ask(SOURCE, asked(room, "lamp", hold_reason="POOLED").SerializeToString()),
    ):
        assert isinstance(refused, Refusal) and "POOLED is set by the service alone" in refused.message
