"""A reroute while orders keep coming, its engine killed half-way: repeated, it ends, and every unit is where it is said."""

import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from belofte.v1 import order_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    Answer,
    Refused,
    adjust,
    basket,
    lines,
    order_of,
    order_request,
    record,
    refused,
    stock_rows,
    stocked,
)
from tests.acceptance.server import Server
from tests.acceptance.test_durability import TRY_AGAIN, insist, wait_back

ORDERS, ROOM, LATER = 150, 100, 40
SECONDS_MAX = 120.0


@pytest.fixture
def victim() -> Iterator[Server]:
    """A server whose engine is killed."""
    made = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    with Server(made, record_wait_ms_max="2000") as running:
        yield running
        assert running.logs("a fault of the engine") == []
    shutil.rmtree(made)


def rerouted(server: Server, request: sourcing_service_pb2.RerouteOrdersRequest) -> sourcing_service_pb2.RerouteResult:
    """Repeat a reroute with the same request_id until it has ended, as a caller should."""
    until = time.monotonic() + SECONDS_MAX
    while True:
        try:
            return list(server.sourcing.RerouteOrders(request, timeout=SECONDS_MAX))[-1].result
        except grpc.RpcError as error:
            assert refused(error).code in TRY_AGAIN and time.monotonic() < until, refused(error)
            time.sleep(0.1)


def test_killed_half_way_it_goes_on_and_moves_nothing_twice(victim: Server) -> None:
    first, second = stocked(victim, A=ORDERS), stocked(victim, B=ORDERS + LATER)
    answers = insist(victim, [order_request(basket(lines((first, 1), (second, 1)))) for _ in range(ORDERS)])
    orders = [answer.order_id for answer in answers if isinstance(answer, Answer)]
    assert len(orders) == ORDERS
    adjust(victim, record(second, "A", ROOM))
    request = sourcing_service_pb2.RerouteOrdersRequest(
        request_id=uuid7(),
        mode=sourcing_service_pb2.SOURCE_MODE_COMMIT,
        filter=sourcing_service_pb2.OrderFilter(item_ids=[first]),
    )
    results: list[sourcing_service_pb2.RerouteResult] = []
    rerouting = threading.Thread(target=lambda: results.append(rerouted(victim, request)))
    later: list[Answer | Refused] = []
    coming = threading.Thread(
        target=lambda: later.extend(insist(victim, [order_request(basket(lines((second, 1)))) for _ in range(LATER)]))
    )
    rerouting.start()
    while not any(order_of(victim, order_id).version > 1 for order_id in orders):
        time.sleep(0.005)
    before = victim.kill_child("engine")
    coming.start()
    wait_back(victim, "engine", before)
    rerouting.join(SECONDS_MAX)
    coming.join(SECONDS_MAX)
    (result,) = results
    assert all(isinstance(answer, Answer) for answer in later)
    units: Counter[tuple[str, str]] = Counter()
    merged = 0
    for order_id in [*orders, *(answer.order_id for answer in later if isinstance(answer, Answer))]:
        plan = order_of(victim, order_id).plan
        live = [each for each in plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED]
        for each in live:
            for part in each.lines:
                units[part.item_id, each.location_id] += part.quantity
        merged += order_id in orders and len(live) == 1
        events = server_events(victim, order_id)
        assert events.count(types_pb2.EVENT_TYPE_ORDER_RESOURCED) <= 1
    assert units[first, "A"] == ORDERS
    assert units[second, "A"] + units[second, "B"] == ORDERS + LATER
    # Nothing is left at A that an order in two shipments could have had.
    assert units[second, "A"] == ROOM
    assert merged == sum(change.changed for change in result.changes) > 0
    for item in (first, second):
        for row in stock_rows(victim, item):
            assert row.allocated == units[item, row.location_id]


def server_events(server: Server, order_id: str) -> list[int]:
    """Types of what happened to an order."""
    answer = server.order.ListOrderEvents(order_service_pb2.ListOrderEventsRequest(order_id=order_id))
    return [event.type for event in answer.events]
