"""A stream whose deltas no feed numbers: each counts once, in order, and no message ends the feed or keeps others waiting."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from belofte.v1 import inventory_service_pb2, inventory_service_pb2_grpc, types_pb2

from loaders.stream_feed import DELIVERIES_MAX
from loaders.stream_records import request_id_of
from tests.acceptance.asking import CALL_SECONDS_MAX, basket, lines, order_request, record, send, stock_of, stock_rows, stocked
from tests.acceptance.server import ROOT, Server, wait_for
from tests.acceptance.test_stream_feed import DEAD, GROUP, STREAM, WAIT_SECONDS_MAX, delta, feeding, is_fed, pending
from tests.valkey_server import ValkeyServer

ADJUST, COUNT, ON_HAND, RECEIVED, SHIPPED = (
    types_pb2.INVENTORY_KIND_ADJUST, types_pb2.INVENTORY_KIND_COUNT, types_pb2.INVENTORY_KIND_ON_HAND,
    types_pb2.INVENTORY_KIND_RECEIVED, types_pb2.INVENTORY_KIND_SHIPPED,
)  # fmt: skip
LONG_AGO, NO_TIME = "5-1", "20300101120000-1"
"""Message ids that a writer chose himself."""

AHEAD_MS = 2 * 3_600_000
NESTED = b"\x9b\x06" * 100 + b"\x9c\x06" * 100
"""Fields that nobody knows, so deep in each other that the record can be read, and a request with it cannot."""


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as started:
        yield started


def add(client: Any, *records: types_pb2.InventoryRecord) -> None:
    for each in records:
        client.xadd(STREAM, {"payload": each.SerializeToString()})


def letters(client: Any) -> list[tuple[bytes, str]]:
    """(payload, reason) of what was put aside."""
    return [(fields[b"payload"], fields[b"reason"].decode()) for _, fields in client.xrange(DEAD)]


def times_delivered(client: Any) -> int:
    found = client.xpending_range(STREAM, GROUP, "-", "+", 1)
    return int(found[0]["times_delivered"]) if found else 0


def test_consumer_that_ends_between_commit_and_acknowledgement_counts_nothing_twice(
    server: Server, valkey: ValkeyServer
) -> None:
    """It may do everything but acknowledge, and so falls over at the first one, when all is committed."""
    one, other = server.item(), stocked(server, A=100)
    with valkey.client() as client:
        client.xadd(STREAM, {"payload": record(one, "A", 1_000, kind=ADJUST).SerializeToString()}, id=LONG_AGO)
        add(client, *(record(one, "A", 1, kind=ADJUST) for _ in range(150)))
        add(client, *(record(other, "A", -1, kind=ADJUST, source="wms") for _ in range(20)))
        add(client, record(one, "A", 30, kind=RECEIVED), delta(one, 1, 5), record(other, "B", 9))
        client.xadd(STREAM, {"payload": record(one, "A", 2_000, kind=ADJUST).SerializeToString()}, id=NO_TIME)
        expected = [{"A": 1_000 + 150 + 30 + 5 + 2_000}, {"A": 100 - 20, "B": 9}]
        client.acl_setuser("mute", enabled=True, nopass=True, keys=["*"], channels=["*"], commands=["+@all", "-xack"])
        url = valkey.url.replace("unix://", "unix://mute@") + "?password=any"
        command = [sys.executable, str(ROOT / "server.py"), "feed", url, STREAM, "--address", f"127.0.0.1:{server.port}"]
        ended = subprocess.run(command, env=os.environ, capture_output=True, timeout=WAIT_SECONDS_MAX, check=False)
        assert ended.returncode != 0 and b"xack" in ended.stderr, ended.stderr
        assert pending(client) == 1 + 150 + 20 + 3 + 1
        assert [on_hand(server, item) for item in (one, other)] == expected
        with feeding(client, server.port) as feed:
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        assert feed.applied_count == 175 and letters(client) == []
    assert [on_hand(server, item) for item in (one, other)] == expected


def on_hand(server: Server, item: str) -> dict[str, int]:
    return {row.location_id: row.on_hand for row in stock_rows(server, item)}


def test_consumers_that_both_have_a_message_count_it_once(server: Server, valkey: ValkeyServer) -> None:
    """Each waits for so short a time before it takes what the other one has that many are sent by both, at once."""
    item = server.item()
    with valkey.client() as one, valkey.client() as other:
        add(one, *(record(item, "A", 1, kind=ADJUST) for _ in range(600)))
        with feeding(one, server.port, again_ms=1), feeding(other, server.port, "two", again_ms=1):
            wait_for(lambda: is_fed(one), WAIT_SECONDS_MAX)
        assert letters(one) == []
    assert stock_of(server, item).on_hand == 600


@pytest.mark.parametrize("seed", range(3))
def test_records_of_one_position_are_applied_in_the_order_of_the_stream(
    server: Server, valkey: ValkeyServer, seed: int
) -> None:
    draw = random.Random(seed)
    items = [server.item() for _ in range(4)]
    expected = dict.fromkeys(items, 0)
    with valkey.client() as client:
        for n in range(1, 401):
            item, quantity = draw.choice(items), draw.randrange(1, 100)
            kind = draw.choice((ADJUST, ADJUST, ADJUST, RECEIVED, COUNT, ON_HAND))
            expected[item] = quantity + (expected[item] if kind in (ADJUST, RECEIVED) else 0)
            numbered = {"source": f"wms-{item}", "sequence": n} if draw.random() < 0.3 else {}
            add(client, record(item, "A", quantity, kind=kind, **numbered))
        with feeding(client, server.port, again_ms=30_000):
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
    assert {item: stock_of(server, item).on_hand for item in items} == expected


def test_what_was_refused_is_taken_once_it_can_be(server: Server, valkey: ValkeyServer) -> None:
    """The refusal is recorded under the first id of the message, and is the answer to it for ever; not to the message."""
    item = stocked(server, A=10)
    request = order_request(basket(lines((item, 4))))
    leaves = record(item, "A", 4, kind=SHIPPED, order_id=request.order.order_id)
    with valkey.client() as client:
        add(client, leaves)
        with feeding(client, server.port, again_ms=1_500):
            wait_for(lambda: times_delivered(client) >= 2, WAIT_SECONDS_MAX)
            send(server, request)
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        assert letters(client) == []
    assert stock_of(server, item)[:2] == (6, 0)


def test_message_whose_request_id_another_has_used_is_put_aside(server: Server, valkey: ValkeyServer) -> None:
    item = server.item()
    with valkey.client() as client:
        add(client, record(item, "A", 1, kind=ADJUST), record(item, "A", 2, kind=ADJUST), record(item, "A", 4, kind=ADJUST))
        used = client.xrange(STREAM)[1][0]
        request = inventory_service_pb2.AdjustInventoryRequest(
            request_id=request_id_of(STREAM, used, 0), records=[record(item, "B", 50, kind=ADJUST)]
        )
        server.inventory.AdjustInventory(request, timeout=CALL_SECONDS_MAX)
        with feeding(client, server.port):
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        ((payload, reason),) = letters(client)
    assert payload == record(item, "A", 2, kind=ADJUST).SerializeToString()
    assert reason.startswith("REQUEST_ID_REUSED: request_id")
    assert on_hand(server, item) == {"A": 5, "B": 50}


def test_record_for_which_a_whole_request_is_refused_is_put_aside_alone(server: Server, valkey: ValkeyServer) -> None:
    item = server.item()
    poison = [delta(item, 3), record(item, "A", 1, kind=ADJUST), record(item, "B", 1)]
    with valkey.client() as client:
        add(client, delta(item, 1), delta(item, 2))
        for each in poison:
            client.xadd(STREAM, {"payload": each.SerializeToString() + NESTED})
        add(client, delta(item, 4), record(item, "A", 10, kind=ADJUST))
        with feeding(client, server.port):
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
            add(client, delta(item, 5))
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        found = letters(client)
    assert sorted(payload for payload, _ in found) == sorted(each.SerializeToString() + NESTED for each in poison)
    assert all(reason.startswith("INVALID_FIELD: message: a whole serialized") for _, reason in found)
    assert on_hand(server, item) == {"A": 3 + 10 + 1}


def test_message_id_far_ahead_of_the_clock_waits_and_is_not_put_aside(server: Server, valkey: ValkeyServer) -> None:
    """The engine takes no request id of more than an hour from now. What needs none is applied meanwhile."""
    item = server.item()
    with valkey.client() as client:
        ahead = f"{int(time.time() * 1_000) + AHEAD_MS}-1"
        client.xadd(STREAM, {"payload": record(item, "A", 100, kind=ADJUST).SerializeToString()}, id=ahead)
        add(client, delta(item, 1))
        with feeding(client, server.port):
            wait_for(lambda: times_delivered(client) > DELIVERIES_MAX + 1, WAIT_SECONDS_MAX)
            add(client, delta(item, 2))
            wait_for(lambda: stock_of(server, item).on_hand == 2, WAIT_SECONDS_MAX)
        assert pending(client) == 1 and letters(client) == []


class Doorkeeper(inventory_service_pb2_grpc.InventoryServiceServicer):
    """An engine that lets nobody in until it is told to."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self.code: grpc.StatusCode | None = code
        self.refused_count = 0

    def AdjustInventory(self, request: Any, context: Any) -> inventory_service_pb2.AdjustInventoryResponse:  # noqa: N802
        if self.code is not None:
            self.refused_count += 1
            context.abort(self.code, "not now")
        results = [inventory_service_pb2.AdjustInventoryResult(index=i, accepted=True) for i in range(len(request.records))]
        return inventory_service_pb2.AdjustInventoryResponse(results=results)


@contextmanager
def at_the_door(code: grpc.StatusCode) -> Iterator[SimpleNamespace]:
    engine = grpc.server(ThreadPoolExecutor(4))
    keeper = Doorkeeper(code)
    inventory_service_pb2_grpc.add_InventoryServiceServicer_to_server(keeper, engine)  # type: ignore[no-untyped-call]
    port = engine.add_insecure_port("127.0.0.1:0")
    engine.start()
    yield SimpleNamespace(port=port, keeper=keeper)
    engine.stop(None).wait()


@pytest.mark.parametrize("code", [
    grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.RESOURCE_EXHAUSTED,
])  # fmt: skip
def test_an_engine_that_lets_nobody_in_is_waited_for(valkey: ValkeyServer, code: grpc.StatusCode) -> None:
    """It is no message's fault: nothing is put aside, however often it says so."""
    with valkey.client() as client, at_the_door(code) as engine:
        add(client, record("i", "A", 1), record("i", "A", 1, kind=ADJUST), record("j", "A", 1, kind=ADJUST))
        with feeding(client, engine.port, again_ms=1):
            wait_for(lambda: engine.keeper.refused_count > 3, WAIT_SECONDS_MAX)
            assert pending(client) == 3
            engine.keeper.code = None
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        assert letters(client) == []
