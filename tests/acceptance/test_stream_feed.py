"""A Redis stream as a feed: every message counts once and is acknowledged, and what is refused for good is put aside."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from belofte.v1 import types_pb2
from google.protobuf import json_format

from loaders.stream_feed import DELIVERIES_MAX, StreamFeed
from tests.acceptance.asking import record, stock_of
from tests.acceptance.server import ROOT, Server, wait_for
from tests.valkey_server import ValkeyServer

ADJUST = types_pb2.INVENTORY_KIND_ADJUST
STREAM, GROUP, DEAD = "stock", "belofte", "stock.dead"
WAIT_SECONDS_MAX = 60.0


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as started:
        yield started


@contextmanager
def feeding(client: Any, port: int, consumer: str = "one", again_ms: int = 100) -> Iterator[StreamFeed]:
    """A consumer in a thread, of the server at this port."""
    feed = StreamFeed(client, f"127.0.0.1:{port}", STREAM, GROUP, consumer, DEAD, again_ms)
    thread = threading.Thread(target=feed.run, daemon=True)
    thread.start()
    try:
        yield feed
    finally:
        feed.stop()
        thread.join(WAIT_SECONDS_MAX)
        assert not thread.is_alive()


def delta(item: str, sequence: int, quantity: int = 1) -> types_pb2.InventoryRecord:
    return record(item, "A", quantity, kind=ADJUST, source=f"stream-{item}", sequence=sequence)


def pending(client: Any) -> int:
    return int(client.xpending(STREAM, GROUP)["pending"])


def is_fed(client: Any) -> bool:
    """Whether all there is has been delivered, and acknowledged or put aside."""
    groups = client.xinfo_groups(STREAM)
    return bool(groups) and groups[0]["lag"] == 0 and groups[0]["pending"] == 0


def test_messages_count_once_however_they_are_written(server: Server, valkey: ValkeyServer) -> None:
    item = server.item()
    with valkey.client() as client:
        for sequence in range(1, 501):
            made = delta(item, sequence)
            payload = made.SerializeToString() if sequence % 2 else json_format.MessageToJson(made)
            for _ in range(1 + (sequence % 5 == 0)):
                client.xadd(STREAM, {"payload": payload})
        with feeding(client, server.port) as feed, feeding(client, server.port, "two"):
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        assert stock_of(server, item).on_hand == 500
        assert feed.applied_count <= 600
        assert client.xlen(DEAD) == 0


def test_what_a_consumer_left_is_finished_by_another(server: Server, valkey: ValkeyServer) -> None:
    """It fell over between the record and its acknowledgement, or before."""
    item = server.item()
    with valkey.client() as client:
        for sequence in (1, 2, 3):
            client.xadd(STREAM, {"payload": delta(item, sequence).SerializeToString()})
        client.xgroup_create(STREAM, GROUP, id="0")
        assert client.xreadgroup(GROUP, "gone", {STREAM: ">"})
        assert pending(client) == 3
        with feeding(client, server.port):
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        assert stock_of(server, item).on_hand == 3


def test_what_is_refused_five_times_is_put_aside_with_the_reason(server: Server, valkey: ValkeyServer) -> None:
    item = server.item()
    bad = {
        b"{nonsense": "INVALID_FIELD: payload",
        b"": "INVALID_FIELD: payload",
        b'{"item_id": "' + b"x" * 2**21 + b'"}': "INVALID_FIELD: payload: at most 16384 bytes",
        delta("nothing", 1).SerializeToString(): "UNKNOWN_ITEM: item_id",
        delta(item, 1, 2**40).SerializeToString(): "INVALID_FIELD: quantity",
    }
    with valkey.client() as client:
        client.xadd(STREAM, {"payload": delta(item, 2).SerializeToString()})
        for payload in bad:
            client.xadd(STREAM, {"payload": payload})
        client.xadd(STREAM, {"payload": delta(item, 3).SerializeToString()})
        with feeding(client, server.port):
            wait_for(lambda: client.xlen(DEAD) == len(bad), WAIT_SECONDS_MAX)
            wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        letters = [fields for _, fields in client.xrange(DEAD)]
    assert {letter[b"payload"] for letter in letters} == set(bad)
    for letter in letters:
        assert letter[b"reason"].decode().startswith(bad[letter[b"payload"]])
        assert int(letter[b"deliveries"]) == DELIVERIES_MAX
    assert stock_of(server, item).on_hand == 2


def test_command_feeds_until_it_is_asked_to_stop(server: Server, valkey: ValkeyServer) -> None:
    item = server.item()
    with valkey.client() as client:
        client.xadd(STREAM, {"payload": json_format.MessageToJson(delta(item, 1, 7))})
        command = [sys.executable, str(ROOT / "server.py"), "feed", valkey.url, STREAM, "--address", f"127.0.0.1:{server.port}"]
        process = subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for(lambda: stock_of(server, item).on_hand == 7, WAIT_SECONDS_MAX)
        wait_for(lambda: is_fed(client), WAIT_SECONDS_MAX)
        process.send_signal(signal.SIGTERM)
        printed, logged = process.communicate(timeout=WAIT_SECONDS_MAX)
    assert process.returncode == 0, logged
    assert b"1 messages applied, 0 given up." in printed
