"""The complete front: `grpc.aio` on uvloop. It delivers bytes to the desk and answers back; it decides nothing."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from engine.domain.clock import Clock
from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.service.caller import Caller
from engine.service.desk import Call, Desk, overloaded
from engine.service.errors import wire_status
from engine.service.identity import OPEN, Gate
from engine.service.meters import CallMeter, Calls
from engine.service.outflow import STALLED_SECONDS_MAX, Outflow
from engine.service.stream_spool import STREAM_BYTES_MAX, StreamSpool

if TYPE_CHECKING:
    from engine.service.traces import Traces

DEADLINE_MS_MAX = 300_000
"""A call without a deadline is given this one."""

STREAM_DEADLINE_MS_MAX = 3_600_000
"""What is streamed may be all stock there is."""

BROKEN_OFF_SECONDS = 0.25
"""How long after the end of a client's stream is waited for the news that it was no end but a break."""

WATCHES_MAX = 1_000
"""Server streams at once: each may hold a queue of messages."""

KEEPALIVE_MS, KEEPALIVE_ANSWER_MS = 30_000, 10_000
"""A client that is gone without a word is found out by a ping, and its streams with it."""

COMPRESSIONS = 1 << 0 | 1 << 2
"""Of requests: none and gzip, which the other front has too."""

QUIET_SECONDS_MAX = 1.0
"""How long a stop waits for an instant without calls."""

_QUIET_POLL_SECONDS = 0.01


class AioFront:
    """Serves the given methods from a desk: unary, with a client's stream or with the server's.

    The services' other methods answer UNIMPLEMENTED.
    """

    def __init__(
        self, desk: Desk, clock: Clock, methods: Iterable[str], services: Iterable[str], message_bytes_max: int,
        client_streams: Iterable[str] = (), server_streams: Iterable[str] = (),
        stalled_seconds_max: float = STALLED_SECONDS_MAX, gate: Gate = OPEN, tls: grpc.ServerCredentials | None = None,
        shares_port: bool = False, traces: "Traces | None" = None,
    ) -> None:  # fmt: skip
        """`methods` are full paths (`/belofte.v1.PromiseService/QuotePromise`), `services` full names for reflection.

        `client_streams` and `server_streams`: those of the methods that take a stream, and that answer with one, which ends
        when nothing of it is read for `stalled_seconds_max`. `gate` says who may call what, `tls` how connections are secured,
        `shares_port` whether other processes serve the same port, `traces` where calls are told of.
        """
        self._gate, self._tls, self._shares_port, self._traces = gate, tls, shares_port, traces
        self._desk = desk
        self._clock = clock
        self._client_streams = frozenset(client_streams)
        self._server_streams = frozenset(server_streams)
        self._methods = frozenset(methods) - self._client_streams - self._server_streams
        self._stalled_seconds_max = stalled_seconds_max
        self._watches: set[Outflow] = set()
        self._is_stopping = False
        self._services = tuple(services)
        self._message_bytes_max = message_bytes_max
        self._server: Any = None
        self._in_hand = 0
        self._health: Any = health.aio.HealthServicer()  # type: ignore[attr-defined]
        self._log = structlog.get_logger("front")
        self._meter = CallMeter()

    async def start(self, address: str) -> int:
        """Listen, alone, on `address` (host:port or unix:path); returns the port. Raises RuntimeError when it is taken."""
        server = aio.server(
            options=[
                ("grpc.so_reuseport", int(self._shares_port)),
                ("grpc.max_receive_message_length", self._message_bytes_max),
                ("grpc.max_send_message_length", -1),
                ("grpc.compression_enabled_algorithms_bitset", COMPRESSIONS),
                ("grpc.keepalive_time_ms", KEEPALIVE_MS),
                ("grpc.keepalive_timeout_ms", KEEPALIVE_ANSWER_MS),
            ]
        )
        server.add_generic_rpc_handlers((_Handlers(self),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        check_unused(address)
        port = server.add_secure_port(address, self._tls) if self._tls else server.add_insecure_port(address)
        await server.start()
        self._server = server
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        for service in self._services:
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def drain(self) -> None:
        """Report NOT_SERVING; streams to clients end, and no other begins."""
        await self._health.enter_graceful_shutdown()
        self._is_stopping = True
        for flow in tuple(self._watches):
            flow.end(stopping())

    async def stop(self, grace_seconds: float) -> None:
        """Drain, refuse new calls, let those in hand finish."""
        await self.drain()
        # A call that has arrived but is not in hand yet would be cut off as CANCELLED, which tells its caller nothing.
        loop = asyncio.get_running_loop()
        quiet_until = loop.time() + QUIET_SECONDS_MAX
        while self._in_hand and loop.time() < quiet_until:
            await asyncio.sleep(_QUIET_POLL_SECONDS)
        if self._server is not None:
            await self._server.stop(grace_seconds)

    def calls(self) -> Calls:
        """What has ended of calls that are answered once."""
        return self._meter.calls()

    async def call(self, method: str, message: bytes, context: Any) -> bytes:
        """Hand one call to the desk and wait for its answer."""
        self._in_hand += 1
        started = time.monotonic()
        try:
            return await self._answer(method, message, context, DEADLINE_MS_MAX)
        finally:
            self._in_hand -= 1
            code = context.code() or grpc.StatusCode.OK
            self._meter.add(method, code.value[0], time.monotonic() - started)

    async def call_stream(self, method: str, messages: AsyncIterable[bytes], context: Any) -> bytes:
        """Take in a client's stream; it goes to the desk when it has ended well, and nowhere when it breaks off."""
        caller = self._caller(method, context)
        if isinstance(caller, Refusal):
            # Before anything is taken in.
            await _refuse(context, caller)
        self._in_hand += 1
        spool = StreamSpool()
        try:
            async for message in messages:
                if not spool.add(message):
                    whole = invalid([FieldViolation("message", f"at most {STREAM_BYTES_MAX} bytes in all were expected")])
                    await _refuse(context, whole)
            # The transport ends a stream that breaks off as it ends any other, and tells only afterwards that it was
            # cancelled: this task then, while it waits.
            await asyncio.sleep(BROKEN_OFF_SECONDS)
            return await self._answer(method, b"", context, STREAM_DEADLINE_MS_MAX, spool)
        finally:
            self._in_hand -= 1

    async def call_watch(self, method: str, message: bytes, context: Any) -> None:
        """Answer with a stream: the desk says who makes it, and it lasts until its client or its maker ends it."""
        if self._is_stopping or len(self._watches) >= WATCHES_MAX:
            await _refuse(context, stopping() if self._is_stopping else overloaded())
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        ended: asyncio.Future[bytes | Refusal] = loop.create_future()
        flow = Outflow(
            lambda: loop.call_soon_threadsafe(ready.set),
            lambda refusal: loop.call_soon_threadsafe(_resolve, ended, refusal), self._stalled_seconds_max,
        )  # fmt: skip
        self._in_hand += 1
        self._watches.add(flow)
        try:
            await self._answer(method, message, context, DEADLINE_MS_MAX, flow=flow)
            # Apart: a write waits for as long as its client reads nothing, and must not keep the end of the stream waiting.
            sending = asyncio.ensure_future(_send(flow, ready, context))
            try:
                timeout = context.time_remaining()
                done, _ = await asyncio.wait((sending, ended), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sending.cancel()
            flow.close()
            await asyncio.wait((sending,))
            if sending in done and sending.exception() is None:
                return
            if sending in done:
                self._log.debug("the client of a stream is gone", method=method, error=str(sending.exception()))
                return
            ending = ended.result() if ended in done else Refusal(Reason.DEADLINE_EXCEEDED, "the deadline of the stream passed")
            assert isinstance(ending, Refusal)
            await _refuse(context, ending)
        finally:
            flow.close()
            self._watches.discard(flow)
            self._in_hand -= 1

    def _caller(self, method: str, context: Any) -> Caller | Refusal:
        if self._gate.is_open:
            return self._gate.caller(method, (), context.peer())
        certificates = context.auth_context().get("x509_pem_cert") or [None]
        return self._gate.caller(method, context.invocation_metadata() or (), context.peer(), certificates[0])

    async def _answer(
        self, method: str, message: bytes, context: Any, deadline_ms_max: int, stream: StreamSpool | None = None,
        flow: Outflow | None = None,
    ) -> bytes:  # fmt: skip
        caller = self._caller(method, context)
        if isinstance(caller, Refusal):
            await _refuse(context, caller)
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bytes | Refusal] = loop.create_future()

        def answer(value: bytes | Refusal) -> None:
            loop.call_soon_threadsafe(_resolve, answered, value)

        left = context.time_remaining()
        wait_ms = deadline_ms_max if left is None else min(deadline_ms_max, int(left * 1000))
        deadline_ms = self._clock.unix_ms() + wait_ms
        call = Call(method, message, deadline_ms, answer, stream=stream, flow=flow, caller=caller)
        self._desk.submit(call if self._traces is None else self._traces.traced(call, context.invocation_metadata() or ()))
        try:
            # Not `wait_for`: in Python 3.11 it forgets that the call was cancelled where the answer comes at that moment.
            async with asyncio.timeout(wait_ms / 1000):
                value = await answered
        except TimeoutError:
            value = Refusal(Reason.DEADLINE_EXCEEDED, "no answer within the deadline; a write may still be recorded")
        if isinstance(value, Refusal):
            await _refuse(context, value)
        return value


def check_unused(address: str) -> None:
    """Raise RuntimeError where somebody listens on a Unix socket: the transport would take its path over in silence."""
    if address.startswith("unix:"):
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            probe.connect(address.removeprefix("unix:"))
            raise RuntimeError(f"{address} is in use by another server")


async def _send(flow: Outflow, ready: asyncio.Event, context: Any) -> None:
    """Send what there is, each message when the client has room for it, until cancelled, or until it is complete."""
    while not flow.is_done:
        message = flow.take()
        if message is not None:
            await context.write(message)
            continue
        await ready.wait()
        ready.clear()


async def _refuse(context: Any, refusal: Refusal) -> NoReturn:
    """End the call with an error."""
    status = wire_status(refusal)
    await context.abort(status.code, status.message, tuple(status.trailers))
    raise AssertionError("abort raises")


def stopping() -> Refusal:
    """A stream ends because its engine does."""
    return Refusal(Reason.ENGINE_STOPPING, "the engine is asked to stop; call again, from the last position read")


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Finds the handler of a method by its path."""

    def __init__(self, front: AioFront) -> None:
        self._front = front

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        front, method = self._front, handler_call_details.method
        if method in front._methods:
            # As a stream of one: of a call that ends without a message the transport tells a unary method nothing, ever.
            async def unary(messages: AsyncIterable[bytes], context: Any) -> bytes:
                async for message in messages:
                    return await front.call(method, message, context)
                await context.abort(grpc.StatusCode.INTERNAL, "Missing request message.")
                raise AssertionError("abort raises")

            return grpc.stream_unary_rpc_method_handler(unary)
        if method in front._client_streams:

            async def client_stream(messages: AsyncIterable[bytes], context: Any) -> bytes:
                return await front.call_stream(method, messages, context)

            return grpc.stream_unary_rpc_method_handler(client_stream)
        if method in front._server_streams:

            async def server_stream(message: bytes, context: Any) -> None:
                await front.call_watch(method, message, context)

            return grpc.unary_stream_rpc_method_handler(server_stream)
        if method.lstrip("/").split("/")[0] in front._services:

            async def refuse(messages: object, context: Any) -> None:
                await _refuse(context, Refusal(Reason.NOT_BUILT, f"{method} is not served by this version"))

            # A stream of streams answers a call of any arity.
            return grpc.stream_stream_rpc_method_handler(refuse)
        return None


def _resolve(future: "asyncio.Future[bytes | Refusal]", value: bytes | Refusal) -> None:
    if not future.done():
        future.set_result(value)
