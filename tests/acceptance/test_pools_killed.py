"""Orders that wait for each other, the engine killed as they do and as they are decided: each goes on once, as promised."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from belofte.v1 import order_service_pb2, types_pb2

from tests.acceptance.asking import Answer, adjust, basket, lines, order_of, order_request, record, refused, stock_rows, stocked
from tests.acceptance.server import Server, server_with
from tests.acceptance.test_durability import TRY_AGAIN, insist, wait_back

PAIRS = 40
SECONDS_MAX = 180.0
POLICY = "[policy.pooled]\nsplit_micros = 1000000\npool_minutes = 1\npool_cutoff_minutes = 5\n"


@pytest.fixture
def victim(folder: Path) -> Iterator[Server]:
    """A server whose engine is killed, with a policy by which orders wait for a minute at the most."""
    with server_with(folder, POLICY, record_wait_ms_max="2000") as running:
        yield running


def found_of(server: Server, order_id: str) -> types_pb2.Order:
    """An order, as soon as somebody answers."""
    until = time.monotonic() + SECONDS_MAX
    while True:
        try:
            return order_of(server, order_id)
        except grpc.RpcError as error:
            assert refused(error).code in TRY_AGAIN and time.monotonic() < until, refused(error)
            time.sleep(0.05)


def kinds_of(server: Server, order_id: str) -> list[int]:
    answer = server.order.ListOrderEvents(order_service_pb2.ListOrderEventsRequest(order_id=order_id))
    return [event.type for event in answer.events]


def promised(order: types_pb2.Order) -> int:
    live = [each for each in order.plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
    return max(each.delivery_latest.seconds for each in live)


def test_killed_while_orders_wait_and_while_they_are_decided(victim: Server) -> None:
    """Pairs want both items; A has both once the first item comes in there, so that each can be one shipment of two."""
    first, second = stocked(victim, A=PAIRS), stocked(victim, B=2 * PAIRS)
    wanted = [order_request(basket(lines((first, 1), (second, 1)), policy_id="pooled")) for _ in range(PAIRS)]
    answers = insist(victim, wanted)
    orders = [answer.order_id for answer in answers if isinstance(answer, Answer)]
    assert len(orders) == PAIRS
    assert all(answer.HasField("pooled_until") for answer in answers if isinstance(answer, Answer))
    adjust(victim, record(second, "A", PAIRS))
    before = {order_id: promised(found_of(victim, order_id)) for order_id in orders}
    killed = victim.kill_child("engine")
    wait_back(victim, "engine", killed)
    until = time.monotonic() + SECONDS_MAX
    while all(found_of(victim, order_id).state == types_pb2.ORDER_STATE_HELD for order_id in orders):
        assert time.monotonic() < until, "nothing was decided"
        time.sleep(0.005)
    killed = victim.kill_child("engine")
    wait_back(victim, "engine", killed)
    while any(found_of(victim, order_id).state == types_pb2.ORDER_STATE_HELD for order_id in orders):
        assert time.monotonic() < until, "some wait for ever"
        time.sleep(0.05)
    units: Counter[tuple[str, str]] = Counter()
    merged = 0
    for order_id in orders:
        found = found_of(victim, order_id)
        kinds = kinds_of(victim, order_id)
        assert found.state == types_pb2.ORDER_STATE_SOURCED and found.version == 2
        assert kinds.count(types_pb2.EVENT_TYPE_ORDER_RELEASED) == 1
        assert kinds.count(types_pb2.EVENT_TYPE_ORDER_RESOURCED) <= 1
        assert promised(found) <= before[order_id]
        live = [each for each in found.plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
        merged += len(live) == 1
        units.update((part.item_id, each.location_id) for each in live for part in each.lines)
    assert merged > 0
    for item in (first, second):
        assert sum(units[item, row.location_id] for row in stock_rows(victim, item)) == PAIRS
        for row in stock_rows(victim, item):
            assert row.allocated == units[item, row.location_id]
