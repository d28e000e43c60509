"""Several engines on one port: connections are spread over them, all sell one stock, and the death of one loses nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest
from belofte.v1 import sourcing_service_pb2

from tests.acceptance.asking import CALL_SECONDS_MAX, basket, lines, order_request, stock_of, stocked
from tests.acceptance.server import CHANNEL_OPTIONS, Server, wait_for

CONNECTIONS = 24
SOURCE = "/belofte.v1.SourcingService/SourceOrder"


@pytest.fixture(scope="module", params=["native", "aio"])
def two(request: pytest.FixtureRequest) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    with Server(folder, front=request.param, workers="2") as running:
        yield running
        assert running.logs("a fault of the engine") == []
        assert running.terminate() == 0
    shutil.rmtree(folder)


def engines(server: Server) -> list[psutil.Process]:
    return [process for process in server.descendants() if process.cmdline()[-1:] == ["engine"]]


def connections(server: Server) -> list[grpc.Channel]:
    return [grpc.insecure_channel(f"127.0.0.1:{server.port}", CHANNEL_OPTIONS) for _ in range(CONNECTIONS)]


def ask(channel: grpc.Channel, item: str) -> sourcing_service_pb2.SourceOrderResponse:
    request = order_request(basket(lines((item, 1))))
    message = request.SerializeToString()
    for attempt in range(200):
        try:
            answer = channel.unary_unary(SOURCE)(message, timeout=CALL_SECONDS_MAX, wait_for_ready=True)
            return sourcing_service_pb2.SourceOrderResponse.FromString(answer)
        except grpc.RpcError as error:
            # Whoever asked the engine that died asks again, with the same id.
            assert error.code().name in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "ABORTED"), error  # type: ignore[attr-defined]
            assert attempt < 199
    raise AssertionError("unreachable")


def test_connections_are_spread_and_sell_from_one_stock(two: Server) -> None:
    item = stocked(two, A=2 * CONNECTIONS)
    channels = connections(two)
    answers = [ask(channel, item) for channel in channels for _ in range(2)]
    assert len({answer.order_id for answer in answers}) == 2 * CONNECTIONS
    held = [
        sum(c.status == psutil.CONN_ESTABLISHED and c.laddr.port == two.port for c in process.net_connections("tcp"))
        for process in engines(two)
    ]
    assert len(held) == 2 and min(held) >= 2, held
    for channel in channels:
        channel.close()
    wait_for(lambda: stock_of(two, item) == (2 * CONNECTIONS, 2 * CONNECTIONS, 0), 30.0)


def test_the_death_of_one_loses_nothing_and_is_healed(two: Server) -> None:
    item = stocked(two, A=3 * CONNECTIONS)
    channels = connections(two)
    answers = [ask(channel, item) for channel in channels]
    victim = engines(two)[0]
    victim.kill()
    answers += [ask(channel, item) for channel in channels]
    wait_for(lambda: len(engines(two)) == 2 and victim.pid not in {each.pid for each in engines(two)}, 120.0)
    answers += [ask(channel, item) for channel in channels]
    assert len({answer.order_id for answer in answers}) == 3 * CONNECTIONS
    for channel in channels:
        channel.close()
    wait_for(lambda: stock_of(two, item) == (3 * CONNECTIONS, 3 * CONNECTIONS, 0), 60.0)
