"""The front that may be exposed: large messages, bombs, clients that do not read and that say nothing cost it no memory."""

import resource
import shutil
import socket
import tempfile
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
from tests.acceptance.server import Server, wait_for
from tests.service.raw_http2 import RawClient, frame

MIB = 1 << 20
QUOTE = "/belofte.v1.PromiseService/QuotePromise"
EXHAUSTED = 8
IDLE_BYTES_MAX = 64 * 1024


IDLE_CONNECTIONS = 10_000
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""What a client of HTTP/2 says first, with no setting of its own."""


@pytest.fixture(scope="module", params=["aio", "native"])
def either(request: pytest.FixtureRequest) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    with Server(folder, front=request.param) as running:
        yield running
        assert running.logs("a fault of the engine") == running.logs("child exited") == []
        assert running.terminate() == 0
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def exposed() -> Iterator[Server]:
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


def test_idle_connections_cost_little(either: Server) -> None:
    """Ten thousand that have said hello and nothing since; others are served, and when they are gone others may come."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    engine = either.child("engine")
    assert engine is not None
    clients: list[socket.socket] = []

    def connect() -> None:
        for _ in range(IDLE_CONNECTIONS):
            client = socket.create_connection(("127.0.0.1", either.port), CALL_SECONDS_MAX)
            client.sendall(HELLO)
            clients.append(client)
        wait_for(lambda: engine.num_fds() > IDLE_CONNECTIONS, CALL_SECONDS_MAX)
        started = time.monotonic()
        still_serves(either)
        assert time.monotonic() - started < CALL_SECONDS_MAX

    try:
        still_serves(either)
        assert growth_mib(either, connect) * MIB / IDLE_CONNECTIONS < IDLE_BYTES_MAX
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_for(lambda: engine.num_fds() < IDLE_CONNECTIONS // 10, CALL_SECONDS_MAX)
    still_serves(either)


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
