"""Several engines on one port: connections are spread over them, all sell one stock, and the death of one loses nothing."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest
from belofte.v1 import network_service_pb2, promise_service_pb2, sourcing_service_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from engine.domain.ids import uuid7
from tests.acceptance.asking import CALL_SECONDS_MAX, basket, lines, order_request, stock_of, stocked
from tests.acceptance.server import CHANNEL_OPTIONS, Server, wait_for

CONNECTIONS = 24
HEALED_SECONDS_MAX = 120.0
QUOTE = "/belofte.v1.PromiseService/QuotePromise"
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
    """The engine, and the worker beside it."""
    found: dict[str, list[psutil.Process]] = {"engine": [], "worker": []}
    for process in server.descendants():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            for name in process.cmdline()[-1:]:
                found.get(name, []).append(process)
    return [*found["engine"], *found["worker"]]


def connections(server: Server) -> list[grpc.Channel]:
    return [grpc.insecure_channel(f"127.0.0.1:{server.port}", CHANNEL_OPTIONS) for _ in range(CONNECTIONS)]


def ask(channel: grpc.Channel, item: str) -> sourcing_service_pb2.SourceOrderResponse:
    request = order_request(basket(lines((item, 1))))
    message = request.SerializeToString()
    give_up_at = time.monotonic() + HEALED_SECONDS_MAX
    while True:
        try:
            answer = channel.unary_unary(SOURCE)(message, timeout=CALL_SECONDS_MAX, wait_for_ready=True)
            return sourcing_service_pb2.SourceOrderResponse.FromString(answer)
        except grpc.RpcError as error:
            # Whoever asked the engine that died asks again, with the same id.
            assert error.code().name in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "ABORTED"), error  # type: ignore[attr-defined]
            assert time.monotonic() < give_up_at
            time.sleep(0.05)


def quoted(channel: grpc.Channel, item: str, min_position: str = "") -> promise_service_pb2.QuotePromiseResponse:
    request = promise_service_pb2.QuotePromiseRequest(basket=basket(lines((item, 1))), min_position=min_position)
    answer = channel.unary_unary(QUOTE)(request.SerializeToString(), timeout=CALL_SECONDS_MAX, wait_for_ready=True)
    return promise_service_pb2.QuotePromiseResponse.FromString(answer)


def known_to_all(channels: list[grpc.Channel], item: str) -> None:
    """Wait until engines with a matrix of their own have read what another one was told."""
    wait_for(lambda: all(quoted(channel, item).options for channel in channels), 30.0)


def test_connections_are_spread_and_sell_from_one_stock(two: Server) -> None:
    item = stocked(two, A=2 * CONNECTIONS)
    channels = connections(two)
    known_to_all(channels, item)
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


@pytest.mark.parametrize("which", [0, 1])
def test_the_death_of_one_loses_nothing_and_is_healed(two: Server, which: int) -> None:
    item = stocked(two, A=3 * CONNECTIONS)
    channels = connections(two)
    known_to_all(channels, item)
    answers = [ask(channel, item) for channel in channels]
    victim = engines(two)[which]
    victim.kill()
    answers += [ask(channel, item) for channel in channels]
    wait_for(lambda: len(engines(two)) == 2 and victim.pid not in {each.pid for each in engines(two)}, HEALED_SECONDS_MAX)
    answers += [ask(channel, item) for channel in channels]
    assert len({answer.order_id for answer in answers}) == 3 * CONNECTIONS
    for channel in channels:
        channel.close()
    wait_for(lambda: stock_of(two, item) == (3 * CONNECTIONS, 3 * CONNECTIONS, 0), 60.0)


# -- one matrix


@pytest.fixture(scope="module")
def sharing() -> Iterator[Server]:
    """An engine, and a worker that answers quotes from its matrix."""
    folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    with Server(folder, front="native", workers="2") as running:
        assert running.logs("serving quotes from the engine's stock")
        yield running
        assert running.logs("a fault of the engine") == []
        assert running.terminate() == 0
    shutil.rmtree(folder)


def of_process(server: Server, process: psutil.Process, channels: list[grpc.Channel]) -> grpc.Channel:
    """A connection to one of the processes, each of which is asked something first."""
    mine = {c.raddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_ESTABLISHED}
    for channel in channels:
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_SECONDS_MAX).status == 1
        now = {c.raddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_ESTABLISHED}
        if now - mine:
            return channel
    raise AssertionError("no connection led there")


def test_a_worker_has_a_location_out_as_soon_as_the_engine_has(sharing: Server) -> None:
    item, channels = stocked(sharing, A=5, B=5), connections(sharing)
    worker = of_process(sharing, engines(sharing)[1], channels)
    for status, place in ((2, "B"), (1, "A")):
        request = network_service_pb2.SetLocationStatusRequest(request_id=uuid7(), location_id="A", status=status)
        position = sharing.network.SetLocationStatus(request, timeout=CALL_SECONDS_MAX).position
        assert quoted(worker, item, position).options[0].plan.shipments[0].location_id == place


def test_a_worker_reads_what_was_written_a_moment_ago(sharing: Server) -> None:
    """Whatever is sold through the worker or the engine, the next quote with its position has seen it."""
    item, channels = stocked(sharing, A=40), connections(sharing)
    worker = of_process(sharing, engines(sharing)[1], channels)
    for n in range(40):
        answer = ask(worker, item)
        found = quoted(worker, item, answer.position)
        assert not found.stale and bool(found.options) == (n < 39), n
    refused = [each.reason for each in found.unavailable]
    assert refused
    for channel in channels:
        channel.close()


def test_quotes_go_on_without_the_engine_and_writes_wait_for_it(sharing: Server) -> None:
    item, channels = stocked(sharing, A=5), connections(sharing)
    engine, other = engines(sharing)
    worker = of_process(sharing, other, channels)
    assert quoted(worker, item).options
    engine.kill()
    stale = 0
    for _ in range(400):
        found = quoted(worker, item)
        assert found.options
        stale += found.stale
        if stale and not found.stale:
            break
        time.sleep(0.02)
    assert stale, "nobody looked after it for a while"
    assert ask(worker, item).order_id
    wait_for(lambda: not quoted(worker, item).stale, 60.0)
    assert other.is_running(), "it was not restarted"
    for channel in channels:
        channel.close()


def test_another_network_is_taken_over_by_both(sharing: Server) -> None:
    item = stocked(sharing, A=5)
    (sharing.folder / "network" / "policy.toml").write_text(
        (sharing.folder / "network" / "policy.toml").read_text() + "\n[policy.other]\nsplit_micros = 7000000\n"
    )
    before = engines(sharing)[1]
    answer = sharing.network.ReloadNetwork(
        network_service_pb2.ReloadNetworkRequest(request_id=uuid7()), timeout=CALL_SECONDS_MAX
    )
    version = answer.network.network_version

    def all_answer_by_it() -> bool:
        channels, found = connections(sharing), set()
        try:
            found = {quoted(channel, item).network_version for channel in channels}
        except grpc.RpcError as error:
            # The worker that serves the network before goes, and with it its connections.
            assert error.code() is grpc.StatusCode.UNAVAILABLE, error  # type: ignore[attr-defined]
        for channel in channels:
            channel.close()
        return found == {version} and len(engines(sharing)) == 2 and engines(sharing)[1].pid != before.pid

    wait_for(all_answer_by_it, 120.0)
