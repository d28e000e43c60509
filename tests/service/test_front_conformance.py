"""What callers meet is the same on both fronts: results, statuses, deadlines, metadata, limits, bad bytes, health, stopping."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from engine.service import front_aio, front_native
from tests.acceptance.asking import Refused, refusal
from tests.service.fronts import FRONTS, MESSAGE_BYTES_MAX, QUOTE, SECONDS_MAX, SERVICE, RunningFront
from tests.service.raw_http2 import Ended, RawClient, frame
from tests.sidecars import wait_until

INTERNAL, UNIMPLEMENTED, EXHAUSTED, LATE = 13, 12, 8, 4

CALLS = 400
"""At once, half of them for the room."""


@pytest.fixture(params=list(FRONTS))
def running(request: pytest.FixtureRequest) -> Iterator[RunningFront]:
    made = RunningFront(request.param)
    yield made
    made.close()


def ended(running: RunningFront, message: bytes, **options: object) -> Refused:
    return refusal(lambda: running.quote(message, timeout=SECONDS_MAX, **options))


def raw(running: RunningFront, body: bytes, **headers: str) -> Ended:
    with RawClient(running.port) as client:
        return client.call(QUOTE, body, grpc_timeout=headers.pop("grpc_timeout", "20S"), **headers)


# -- results and statuses


@pytest.mark.parametrize("size", [0, 1, 100, 65_536, MESSAGE_BYTES_MAX])
def test_answers_are_bytes_as_the_room_gave_them(running: RunningFront, size: int) -> None:
    message = bytes(n % 251 for n in range(size))
    assert running.quote(message, timeout=SECONDS_MAX) == message


def test_calls_at_once_each_have_their_own_answer(running: RunningFront) -> None:
    """What arrives while the room is busy is decided together, and reads beside it."""
    running.room.gate.clear()
    calls = [running.quote.future(b"%s:%d" % ((b"read", b"x")[n % 2], n), timeout=SECONDS_MAX) for n in range(CALLS)]
    running.room.entered.wait(SECONDS_MAX)
    time.sleep(0.5)
    running.room.gate.set()
    assert [call.result() for call in calls] == [b"%s:%d" % ((b"read", b"x")[n % 2], n) for n in range(CALLS)]
    assert max(running.room.batches) > 10


@pytest.mark.parametrize(
    ("reason", "code", "retry_ms"),
    [
        ("NO_STOCK", "FAILED_PRECONDITION", 0), ("OVERLOADED", "RESOURCE_EXHAUSTED", 100), ("UNKNOWN_ITEM", "NOT_FOUND", 0),
        ("STORE_RECOVERING", "UNAVAILABLE", 1_000), ("CONTENDED", "ABORTED", 20), ("ORDER_EXISTS", "ALREADY_EXISTS", 0),
    ],
)  # fmt: skip
def test_refusal_is_a_status_with_its_details(running: RunningFront, reason: str, code: str, retry_ms: int) -> None:
    found = ended(running, b"refuse:" + reason.encode())
    assert found == (code, reason, (), "100 % of it — “no”", retry_ms)


def test_bad_fields_are_named(running: RunningFront) -> None:
    found = ended(running, b"invalid")
    assert (found.code, found.reason, found.fields) == ("INVALID_ARGUMENT", "INVALID_FIELD", ("basket.lines[0].quantity", "é"))


def test_method_that_is_not_served(running: RunningFront) -> None:
    call = running.channel.unary_unary(f"/{SERVICE}/GetEstimatedDelivery")
    found = refusal(lambda: call(b"", timeout=SECONDS_MAX))
    assert (found.code, found.reason) == ("UNIMPLEMENTED", "NOT_BUILT")


@pytest.mark.parametrize("path", ["/other.v1.Service/Method", "/", "//", f"/{SERVICE}x/QuotePromise"])
def test_method_that_nobody_knows(running: RunningFront, path: str) -> None:
    assert refusal(lambda: running.channel.unary_unary(path)(b"", timeout=SECONDS_MAX)).code == "UNIMPLEMENTED"


def test_a_unary_method_called_as_a_stream_answers_with_one_message(running: RunningFront) -> None:
    assert list(running.channel.unary_stream(QUOTE)(b"a", timeout=SECONDS_MAX)) == [b"a"]
    assert running.channel.stream_unary(QUOTE)(iter([b"a"]), timeout=SECONDS_MAX) == b"a"


# -- deadlines


def test_deadline_reaches_the_room(running: RunningFront) -> None:
    left_ms = int(running.quote(b"deadline", timeout=10.0))
    assert 5_000 < left_ms <= 10_100


def test_call_without_deadline_has_the_longest(running: RunningFront) -> None:
    assert front_aio.DEADLINE_MS_MAX - 2_000 < int(running.quote(b"deadline")) <= front_aio.DEADLINE_MS_MAX
    assert int(running.quote(b"deadline", timeout=10**7)) <= front_aio.DEADLINE_MS_MAX


def test_call_without_deadline_ends_all_the_same(running: RunningFront, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (front_aio, front_native):
        monkeypatch.setattr(module, "DEADLINE_MS_MAX", 300)
    found = refusal(lambda: running.quote(b"hold"))
    assert (found.code, found.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")
    # An answer that comes later harms nobody.
    running.room.held[0].answer(b"late")
    assert running.quote(b"x", timeout=SECONDS_MAX) == b"x"


@pytest.mark.parametrize("timeout", ["0S", "1n"])
def test_call_past_its_deadline_is_not_worked_on(running: RunningFront, timeout: str) -> None:
    assert raw(running, frame(b"hold"), grpc_timeout=timeout).code == LATE
    assert running.room.held == []


def test_late_and_cancelled_calls_are_let_go(running: RunningFront) -> None:
    assert refusal(lambda: running.quote(b"hold", timeout=0.2)).code == "DEADLINE_EXCEEDED"
    call = running.quote.future(b"hold", timeout=SECONDS_MAX)
    wait_until(lambda: len(running.room.held) == 2)
    call.cancel()
    wait_until(lambda: not running.front._in_hand)
    for each in running.room.held:
        each.answer(b"nobody waits")
    assert running.quote(b"x", timeout=SECONDS_MAX) == b"x"


# -- limits


def test_message_over_the_limit_is_refused(running: RunningFront) -> None:
    for size in (MESSAGE_BYTES_MAX + 1, 8 * MESSAGE_BYTES_MAX):
        found = ended(running, bytes(size))
        assert found.code == "RESOURCE_EXHAUSTED"
        assert found.message == f"SERVER: Received message larger than max ({size} vs. {MESSAGE_BYTES_MAX})"
    assert running.quote(bytes(MESSAGE_BYTES_MAX), timeout=SECONDS_MAX) == bytes(MESSAGE_BYTES_MAX)


def test_compressed_message_counts_as_it_is_unpacked(running: RunningFront) -> None:
    gzipped = {"compression": grpc.Compression.Gzip}
    assert running.quote(bytes(MESSAGE_BYTES_MAX), timeout=SECONDS_MAX, **gzipped) == bytes(MESSAGE_BYTES_MAX)
    assert ended(running, bytes(MESSAGE_BYTES_MAX + 1), **gzipped).code == "RESOURCE_EXHAUSTED"
    assert ended(running, bytes(20 * MESSAGE_BYTES_MAX), **gzipped).code == "RESOURCE_EXHAUSTED"


def test_metadata_has_a_limit(running: RunningFront) -> None:
    assert running.quote(b"x", timeout=SECONDS_MAX, metadata=(("k", "v" * 7_000), ("b-bin", b"\0\xff"))) == b"x"
    assert ended(running, b"x", metadata=(("k", "v" * 20_000),)).code == "RESOURCE_EXHAUSTED"


# -- bad bytes


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"", {}, INTERNAL),
        (b"\0\0\0", {}, INTERNAL),
        (frame(b"hello", length=10), {}, INTERNAL),
        (frame(b"abc", flag=1), {}, INTERNAL),
        (frame(b"abc", flag=1), {"grpc_encoding": "gzip"}, INTERNAL),
        (frame(gzip.compress(b"abc")[:-6], flag=1), {"grpc_encoding": "gzip"}, INTERNAL),
        (frame(b"abc", flag=1), {"grpc_encoding": "deflate"}, UNIMPLEMENTED),
    ],
    ids=["nothing", "half a header", "half a message", "packed by nothing", "not packed", "packed, cut off", "deflate"],
)  # fmt: skip
def test_frames_that_are_none_have_a_status(running: RunningFront, body: bytes, headers: dict[str, str], code: int) -> None:
    assert raw(running, body, **headers).code == code
    assert running.quote(b"x", timeout=SECONDS_MAX) == b"x"


@pytest.mark.parametrize("length", [2**20 + 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_length_that_nobody_sends_is_not_believed(running: RunningFront, length: int) -> None:
    assert raw(running, frame(b"hello", length=length)).code in (EXHAUSTED, INTERNAL)
    assert running.quote(b"x", timeout=SECONDS_MAX) == b"x"


@pytest.mark.parametrize(
    "headers",
    [
        {"grpc_encoding": "snappy"}, {"grpc_timeout": "abc"}, {"grpc_timeout": "-1S"}, {"x_bin": "!!!"}, {"method": "GET"},
        {"content_type": "text/html"}, {"content_type": ""}, {"te": ""},
    ],
    ids=str,
)  # fmt: skip
def test_headers_that_are_none_end_the_call_alone(running: RunningFront, headers: dict[str, str]) -> None:
    """It has a status, or its stream or connection is closed; others have their answers."""
    found = raw(running, frame(b"x"), **headers)
    assert found.code in (0, INTERNAL, UNIMPLEMENTED) or found.is_reset
    assert running.quote(b"x", timeout=SECONDS_MAX) == b"x"


def test_call_that_is_given_up_in_the_middle_leaves_nothing(running: RunningFront) -> None:
    for _ in range(10):
        with RawClient(running.port) as client:
            for _ in range(10):
                stream = client.begin(QUOTE)
                client.send(stream, frame(b"x" * 100, length=1_000), end=False)
                client.cancel(stream)
    with RawClient(running.port) as client:
        stream = client.begin(QUOTE)
        client.send(stream, frame(b"x"))
        assert client.ended(stream).body == frame(b"x")
    assert sum(running.room.batches) == 1


def test_connections_that_say_nothing_cost_others_nothing(running: RunningFront) -> None:
    with ThreadPoolExecutor(16) as pool:
        clients = list(pool.map(lambda _: RawClient(running.port), range(300)))
    started = time.monotonic()
    assert running.quote(b"x", timeout=SECONDS_MAX) == b"x"
    assert time.monotonic() - started < 5.0
    for client in clients:
        client.__exit__()


# -- health, reflection, addresses


def test_health_and_reflection_are_on_the_same_port(running: RunningFront) -> None:
    health = health_pb2_grpc.HealthStub(running.channel)
    for service in ("", SERVICE):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS_MAX)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS_MAX)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()
    stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=SECONDS_MAX)
    assert SERVICE in {service.name for service in answer.list_services_response.service}


@pytest.mark.parametrize("kind", list(FRONTS))
def test_a_unix_socket_serves_as_well(kind: str, tmp_path: Path) -> None:
    made = RunningFront(kind, address=f"unix:{tmp_path}/s")
    try:
        assert made.quote(b"x", timeout=SECONDS_MAX) == b"x"
        with pytest.raises(RuntimeError):
            RunningFront(kind, address=f"unix:{tmp_path}/s")
        assert made.quote(b"x", timeout=SECONDS_MAX) == b"x"
    finally:
        made.close()


def test_a_port_is_not_shared_by_accident(running: RunningFront) -> None:
    for kind in FRONTS:
        with pytest.raises(RuntimeError):
            RunningFront(kind, address=f"127.0.0.1:{running.port}")
    assert running.quote(b"x", timeout=SECONDS_MAX) == b"x"


# -- stopping


def stop_beside(running: RunningFront) -> threading.Thread:
    stopping = threading.Thread(target=running.stop, args=(5.0,))
    stopping.start()
    return stopping


def test_calls_in_hand_are_answered_before_it_stops(running: RunningFront) -> None:
    calls = [running.quote.future(b"hold", timeout=SECONDS_MAX) for _ in range(20)]
    wait_until(lambda: len(running.room.held) == 20)
    stopping = stop_beside(running)
    time.sleep(1.5)
    for call in running.room.held:
        call.answer(bytes(500_000))
    assert [len(call.result()) for call in calls] == [500_000] * 20
    stopping.join(SECONDS_MAX)
    assert not stopping.is_alive()


def test_stopped_front_refuses_and_is_gone(running: RunningFront) -> None:
    health = health_pb2_grpc.HealthStub(running.channel)
    watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS_MAX)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    held = running.quote.future(b"hold", timeout=SECONDS_MAX)
    wait_until(lambda: len(running.room.held) == 1)
    stopping = stop_beside(running)
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    held.cancel()
    watch.cancel()
    stopping.join(SECONDS_MAX)
    assert refusal(lambda: running.quote(b"x", timeout=2.0)).code == "UNAVAILABLE"


def status_details(call: Callable[[], object]) -> list[str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    status = rpc_status.from_call(caught.value)  # type: ignore[arg-type]
    assert status is not None
    return [detail.TypeName() for detail in status.details]


def test_details_come_in_order(running: RunningFront) -> None:
    names = [kind.DESCRIPTOR.full_name for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest)]
    assert status_details(lambda: running.quote(b"invalid", timeout=SECONDS_MAX)) == names
