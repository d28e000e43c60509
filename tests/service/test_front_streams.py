"""Streams to clients, by the front alone: flow control, how slow readers, calls and engines end, and that nothing is left."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import grpc
import pytest

from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.service import front_aio
from engine.service.desk import Call, Lane
from engine.service.outflow import MESSAGES_MAX, Outflow
from tests.acceptance.asking import refused
from tests.service.fronts import FRONTS, SECONDS_MAX, RunningFront
from tests.sidecars import wait_until

METHOD = "/belofte.v1.OrderService/WatchEvents"
STALLED_SECONDS = 0.5


class Streams:
    """The room: each call gets a stream, and tests put into it."""

    def __init__(self) -> None:
        self.flows: list[Outflow] = []

    def lane(self, call: Call) -> Lane:
        return Lane.READ

    def lines(self, calls: Sequence[Call]) -> list[int]:
        return [1] * len(calls)

    def takes_heavy(self) -> bool:
        return True

    def decide(self, calls: list[Call]) -> None:
        raise AssertionError("nothing is decided")

    def read(self, call: Call) -> bytes | Refusal | Call:
        if call.message == b"refuse":
            return invalid([FieldViolation("types[0]", "another was expected")])
        assert call.flow is not None
        self.flows.append(call.flow)
        call.flow.attach(lambda: self.flows.remove(call.flow))  # type: ignore[arg-type]
        return b""

    def idle(self) -> bool:
        return False


class Running(RunningFront):
    """A front that streams."""

    def __init__(self, kind: str) -> None:
        self.streams = Streams()
        super().__init__(kind, self.streams, methods=(METHOD,), server_streams=(METHOD,), stalled_seconds_max=STALLED_SECONDS)
        self.watch = self.channel.unary_stream(METHOD)

    def flow(self) -> Outflow:
        """The only stream that there is, once there is one."""
        wait_until(lambda: len(self.streams.flows) == 1)
        return self.streams.flows[0]

    def is_empty(self) -> bool:
        return not self.streams.flows and not self.of_streams._watches and not self.of_streams._in_hand


@pytest.fixture(params=list(FRONTS))
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    made = Running(request.param)
    yield made
    made.close()


@contextmanager
def ends_with(code: str, reason: str) -> Iterator[None]:
    with pytest.raises(grpc.RpcError) as caught:
        yield
    found = refused(caught.value)
    assert (found.code, found.reason) == (code, reason)


def test_messages_come_in_order_and_all_of_them(running: Running) -> None:
    call = running.watch(b"", timeout=SECONDS_MAX)
    flow = running.flow()

    def make() -> None:
        for n in range(2_000):
            wait_until(lambda: flow.has_room)
            flow.put(b"%d" % n)

    maker = threading.Thread(target=make)
    maker.start()
    assert [next(call) for _ in range(2_000)] == [b"%d" % n for n in range(2_000)]
    maker.join()
    call.cancel()
    wait_until(running.is_empty)


def test_cancelled_call_is_let_go_at_once(running: Running) -> None:
    calls = [running.watch(b"", timeout=SECONDS_MAX) for _ in range(20)]
    wait_until(lambda: len(running.streams.flows) == 20)
    started = time.monotonic()
    for call in calls:
        call.cancel()
    wait_until(running.is_empty)
    assert time.monotonic() - started < 2.0


def test_client_that_is_gone_is_let_go(running: Running) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{running.port}") as other:
        call = other.unary_stream(METHOD)(b"", timeout=SECONDS_MAX)
        running.flow().put(b"x")
        assert next(call) == b"x"
    wait_until(running.is_empty)


def test_reader_that_stalls_keeps_little_and_is_told_when_it_reads_on(running: Running) -> None:
    """It gets what was on its way, and then why nothing follows."""
    call = running.watch(b"", timeout=SECONDS_MAX)
    flow = running.flow()
    put = 0
    until = time.monotonic() + 5.0
    while not flow.is_stalled and time.monotonic() < until:
        if flow.has_room:
            flow.put(bytes(50_000))
            put += 1
        else:
            time.sleep(0.01)
    assert flow.is_stalled and put < 10 * MESSAGES_MAX
    flow.end_stalled()
    wait_until(lambda: not running.streams.flows)
    received = 0
    with ends_with("RESOURCE_EXHAUSTED", "SLOW_CONSUMER"):
        for message in call:
            assert len(message) == 50_000
            received += 1
    assert received < put
    wait_until(running.is_empty)


def test_deadline_ends_it(running: Running) -> None:
    call = running.watch(b"", timeout=0.5)
    running.flow()
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until(running.is_empty)


def test_refused_call_has_no_stream(running: Running) -> None:
    with ends_with("INVALID_ARGUMENT", "INVALID_FIELD"):
        next(running.watch(b"refuse", timeout=SECONDS_MAX))
    wait_until(running.is_empty)


def test_too_many_are_refused(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_aio, "WATCHES_MAX", 3)
    calls = [running.watch(b"", timeout=SECONDS_MAX) for _ in range(3)]
    wait_until(lambda: len(running.streams.flows) == 3)
    with ends_with("RESOURCE_EXHAUSTED", "OVERLOADED"):
        next(running.watch(b"", timeout=SECONDS_MAX))
    calls[0].cancel()
    wait_until(lambda: len(running.of_streams._watches) == 2)
    again = running.watch(b"", timeout=SECONDS_MAX)
    wait_until(lambda: len(running.streams.flows) == 3)
    for call in (*calls[1:], again):
        call.cancel()
    wait_until(running.is_empty)


def test_maker_ends_it_with_a_reason(running: Running) -> None:
    call = running.watch(b"", timeout=SECONDS_MAX)
    running.flow().end(Refusal(Reason.POSITION_LOST, "start anew"))
    with ends_with("ABORTED", "POSITION_LOST"):
        next(call)
    wait_until(running.is_empty)


def test_stop_ends_streams_also_of_those_who_do_not_read(running: Running) -> None:
    quiet, stalled = running.watch(b"", timeout=SECONDS_MAX), running.watch(b"", timeout=SECONDS_MAX)
    wait_until(lambda: len(running.streams.flows) == 2)
    for flow in tuple(running.streams.flows):
        while flow.has_room:
            flow.put(bytes(50_000))
    for _ in range(3):
        next(quiet)
    started = time.monotonic()
    stopping = threading.Thread(target=running.stop, args=(2.0,))
    stopping.start()
    with ends_with("UNAVAILABLE", "ENGINE_STOPPING"):
        list(quiet)
    stopping.join()
    assert time.monotonic() - started < 8.0
    with pytest.raises(grpc.RpcError) as caught:
        list(stalled)
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    assert not running.streams.flows


def test_reader_that_stalls_does_not_keep_others_waiting(running: Running) -> None:
    """Eight that read nothing, each with more than the transport holds for one stream; a ninth gets all it is sent."""
    stalled = [running.watch(b"", timeout=SECONDS_MAX) for _ in range(8)]
    wait_until(lambda: len(running.streams.flows) == 8)
    flows = tuple(running.streams.flows)
    for _ in range(200):
        for flow in flows:
            if flow.has_room:
                flow.put(bytes(50_000))
        time.sleep(0.002)
    with grpc.insecure_channel(f"127.0.0.1:{running.port}", [("grpc.use_local_subchannel_pool", 1)]) as other:
        call = other.unary_stream(METHOD)(b"", timeout=SECONDS_MAX)
        wait_until(lambda: len(running.streams.flows) == 9)
        (flow,) = (each for each in running.streams.flows if each not in flows)
        for n in range(100):
            wait_until(lambda: flow.has_room)
            flow.put(b"%d" % n + bytes(10_000))
            assert next(call).startswith(b"%d" % n)
        call.cancel()
    for each in stalled:
        each.cancel()
    wait_until(running.is_empty)
