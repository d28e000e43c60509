"""The front that may be exposed: large messages, bombs, clients that do not read and that say nothing cost it no memory."""

import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import psutil
import pytest
from belofte.v1 import network_service_pb2, order_service_pb2

from tests.acceptance.asking import CALL_SECONDS_MAX, refusal, source, stock_of, stocked
from tests.acceptance.server import Server
from tests.service.raw_http2 import RawClient, frame

MIB = 1 << 20
QUOTE = "/belofte.v1.PromiseService/QuotePromise"
EXHAUSTED = 8


@pytest.fixture(scope="module")
def exposed() -> Iterator[Server]:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    with Server(folder, front="aio") as running:
        yield running
        assert running.logs("a fault of the engine") == running.logs("child exited") == []
        assert running.terminate() == 0
    shutil.rmtree(folder)


def growth_mib(server: Server, work: Callable[[], object]) -> float:
    """How much larger the engine is at its largest while something is done than before it."""
    engine = server.child("engine")
    assert engine is not None
    before = engine.memory_info().rss
    largest, done = [before], threading.Event()

    def look() -> None:
        while not done.wait(0.005):
            largest[0] = max(largest[0], psutil.Process(engine.pid).memory_info().rss)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        work()
    finally:
        done.set()
        looking.join()
    return (largest[0] - before) / MIB


def still_serves(server: Server) -> None:
    item = stocked(server, A=2)
    source(server, (item, 2))
    assert stock_of(server, item) == (2, 2, 0)


def bomb(mib: int) -> bytes:
    """So many MiB of zeros, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(bytes(MIB)) for _ in range(mib)), packer.flush()])


def test_message_of_64_mib_is_refused_unread(exposed: Server) -> None:
    still_serves(exposed)
    call = exposed.channel.unary_unary(QUOTE)
    message = bytes(64 * MIB)

    def send() -> None:
        for _ in range(3):
            assert refusal(lambda: call(message, timeout=60.0)).code == "RESOURCE_EXHAUSTED"

    assert growth_mib(exposed, send) < 32
    still_serves(exposed)


def test_gzip_bomb_of_300_mib_is_not_unpacked(exposed: Server) -> None:
    still_serves(exposed)
    packed = bomb(300)
    assert len(packed) < MIB

    def send() -> None:
        for _ in range(3):
            with RawClient(exposed.port) as client:
                assert client.call(QUOTE, frame(packed, flag=1), grpc_encoding="gzip").code == EXHAUSTED

    assert growth_mib(exposed, send) < 32
    still_serves(exposed)


def test_idle_connections_cost_little(exposed: Server) -> None:
    still_serves(exposed)
    clients: list[RawClient] = []

    def connect() -> None:
        clients.extend(RawClient(exposed.port) for _ in range(500))
        started = time.monotonic()
        still_serves(exposed)
        assert time.monotonic() - started < CALL_SECONDS_MAX

    grown = growth_mib(exposed, connect)
    for client in clients:
        client.__exit__()
    assert grown < 96


def test_clients_that_stop_reading_are_let_go(exposed: Server) -> None:
    """Each asks for a large answer over and over and reads none of it."""
    still_serves(exposed)
    request = frame(network_service_pb2.GetNetworkRequest().SerializeToString())

    def ask() -> None:
        clients = [RawClient(exposed.port) for _ in range(20)]
        for client in clients:
            for _ in range(50):
                client.send(client.begin("/belofte.v1.NetworkService/GetNetwork"), request)
        still_serves(exposed)
        for client in clients:
            client.__exit__()

    assert growth_mib(exposed, ask) < 64
    watch = exposed.order.WatchEvents(order_service_pb2.WatchEventsRequest(), timeout=CALL_SECONDS_MAX)
    next(watch)
    watch.cancel()
    with pytest.raises(grpc.RpcError):
        next(watch)
    still_serves(exposed)
