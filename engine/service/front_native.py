"""The fast front: HTTP/2 and gRPC in Rust beside the interpreter, unary calls in batches. It decides nothing.

It has no TLS, reads a message whole before its size is known, and unpacks what is compressed: it is for loopback, a Unix
socket, or behind a proxy. All but unary calls goes on to a `grpc.aio` front on a private socket: streams, reflection, health.
"""

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import structlog
from pygrpc_native import EVENT_CALL, NativeGrpcFront

from engine.domain.clock import Clock
from engine.domain.reasons import Reason, Refusal
from engine.service.caller import Caller
from engine.service.desk import EXIT_FAULT, Call, Desk
from engine.service.errors import wire_status
from engine.service.front_aio import (
    DEADLINE_MS_MAX,
    KEEPALIVE_ANSWER_MS,
    KEEPALIVE_MS,
    QUIET_SECONDS_MAX,
    AioFront,
    check_unused,
    stopping,
)
from engine.service.identity import OPEN, Gate
from engine.service.meters import Calls, Counted
from engine.service.outflow import STALLED_SECONDS_MAX

if TYPE_CHECKING:
    from engine.service.traces import Traces

EVENTS_MAX = 256
"""Calls taken at once from the transport's own queue, which has no bound: whatever there is goes on at once to the desk's."""

POLL_MS = 100
"""How long at the most is waited for a call. A wait without end would keep signals from being seen."""

IO_THREADS = 1
CALLS_MAX = 1_024
"""Calls at once on one connection."""

METADATA_BYTES_MAX = 16_384
"""Of one call, as HTTP/2 counts it. The transport takes four times that: what it refuses itself has no gRPC status."""

_FIELD_BYTES = 32
"""What HTTP/2 counts for a field besides its name and value."""

_DRAINED_POLL_SECONDS = 0.01

RELAY_SECONDS = 0.25
"""For the last words of streams to pass on from the other front: the transport says nothing of what it has left of those."""


class NativeFront:
    """Serves the same as `AioFront`, with the same answers, errors, limits and deadlines."""

    def __init__(
        self, desk: Desk, clock: Clock, methods: Iterable[str], services: Iterable[str], message_bytes_max: int,
        client_streams: Iterable[str] = (), server_streams: Iterable[str] = (),
        stalled_seconds_max: float = STALLED_SECONDS_MAX, gate: Gate = OPEN,
        shares_port: bool = False, traces: "Traces | None" = None, others: Path | None = None,
    ) -> None:  # fmt: skip
        """All as for `AioFront`, but for TLS, which it has not.

        `others`: socket of a front of another process that serves everything else; None: one of this process does.
        """
        self._gate, self._shares_port, self._traces = gate, shares_port, traces
        self._desk = desk
        self._clock = clock
        self._message_bytes_max = message_bytes_max
        methods, client_streams, server_streams = tuple(methods), tuple(client_streams), tuple(server_streams)
        self._methods = tuple(set(methods) - set(client_streams) - set(server_streams))
        self._elsewhere = others
        self._others = None if others is not None else AioFront(
            desk, clock, methods, services, message_bytes_max, client_streams, server_streams, stalled_seconds_max, gate,
            traces=traces,
        )  # fmt: skip
        self._in_hand: dict[int, int] = {}
        """Deadlines of the calls that are not answered yet, Unix milliseconds, by the transport's id."""
        self._respond: Callable[[int, bytes], bool] = lambda call_id, answer: False
        self._swept_ms = 0
        self._is_stopping = False
        self._folder: Path | None = None
        self._front: NativeGrpcFront | None = None
        self._receiver = threading.Thread(target=self._receive, name="belofte-front", daemon=True)
        self._log = structlog.get_logger("front")

    async def start(self, address: str) -> int:
        """Listen, alone, on `address` (host:port or unix:path); returns the port. Raises RuntimeError when it is taken."""
        check_unused(address)
        others = self._elsewhere
        if self._others is not None:
            self._folder = Path(tempfile.mkdtemp(prefix="belofte-front-"))
            others = self._folder / "others"
            await self._others.start(f"unix:{others}")
        try:
            front = NativeGrpcFront(
                address, [(method, False) for method in self._methods], io_threads=IO_THREADS, call_details=True,
                metrics=True, keepalive_time_ms=KEEPALIVE_MS, keepalive_timeout_ms=KEEPALIVE_ANSWER_MS,
                max_concurrent_streams=CALLS_MAX, max_metadata_size=4 * METADATA_BYTES_MAX, reuse_port=self._shares_port,
            )  # fmt: skip
        except OSError as error:
            await self._close_others(0)
            raise RuntimeError(str(error)) from error
        front.set_fallback(str(others))
        front.start()
        self._front, self._respond = front, front.respond
        self._receiver.start()
        return front.bound_port

    async def stop(self, grace_seconds: float) -> None:
        """Report NOT_SERVING, refuse new calls, let those in hand finish; streams to clients end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + grace_seconds
        if self._others is not None:
            await self._others.drain()
        quiet_until = loop.time() + QUIET_SECONDS_MAX
        while self._in_hand and loop.time() < quiet_until:
            await asyncio.sleep(_DRAINED_POLL_SECONDS)
        self._is_stopping = True
        # What is answered is not sent yet: the transport closes without waiting for that.
        while self._unsent() and loop.time() < until:
            await asyncio.sleep(_DRAINED_POLL_SECONDS)
        await self._close_others(max(0.0, until - loop.time()))
        if self._front is not None:
            if self._others is not None:
                await asyncio.sleep(RELAY_SECONDS)
            self._front.close()
            self._receiver.join()

    async def _close_others(self, grace_seconds: float) -> None:
        if self._others is not None:
            await self._others.stop(grace_seconds)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def calls(self) -> Calls:
        """What has ended, as the transport counts it; calls that went on to the other front as that one does."""
        counts = self._front.metrics() if self._front is not None else None
        found = dict(self._others.calls()) if self._others is not None else {}
        if counts is None:
            return found
        for method, each in counts["methods"].items():
            for code, row in each["status"].items():
                found[method, code] = Counted(row["count"], row["sum"], counts["bounds"], row["buckets"])
        return found

    def _unsent(self) -> int:
        """Calls that the transport has begun and not ended yet."""
        assert self._front is not None
        counts = self._front.metrics()
        assert counts is not None, "they are asked for"
        return sum(
            method["started"] - sum(status["count"] for status in method["status"].values())
            for method in counts["methods"].values()
        )

    def _receive(self) -> None:
        try:
            self._deliver()
        except BaseException:
            # A front that hears nothing answers nobody. The process ends at once and is started again.
            self._log.critical("the front failed", exc_info=True)
            os._exit(EXIT_FAULT)

    def _deliver(self) -> None:
        """Hand calls to the desk, all that came together at once, until the transport is closed."""
        assert self._front is not None
        receive = self._front.recv_batch_details
        while (events := receive(EVENTS_MAX, POLL_MS)) is not None:
            now, calls = self._clock.unix_ms(), []
            for kind, call_id, method, message, _, details in events:
                if kind != EVENT_CALL:
                    # Its client is gone, or its deadline has passed: the transport has ended it.
                    self._in_hand.pop(call_id, None)
                    continue
                assert message is not None and details is not None
                metadata, peer, seconds_left = details
                if not self._fits(call_id, message, metadata):
                    continue
                caller = self._gate.caller(self._methods[method], metadata, peer)
                if isinstance(caller, Refusal):
                    self._refuse(call_id, caller)
                    continue
                call = self._taken(call_id, method, message, caller, seconds_left, now)
                if call is not None:
                    calls.append(call if self._traces is None else self._traces.traced(call, metadata))
            if calls:
                self._desk.submit_all(calls)
            if now - self._swept_ms > POLL_MS:
                self._swept_ms = now
                self._end_late(now)

    def _fits(self, call_id: int, message: bytes, metadata: Iterable[tuple[str, str | bytes]]) -> bool:
        """Whether a call is within its limits; if not it is refused, in the words of gRPC itself on the other front."""
        size, most = len(message), self._message_bytes_max
        if size > most:
            text = f"SERVER: Received message larger than max ({size} vs. {most})"
            self._fail(call_id, grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            return False
        size = 0
        for name, value in metadata:
            size += len(name) + len(value) + _FIELD_BYTES
        if size > METADATA_BYTES_MAX:
            text = f"received metadata size exceeds hard limit ({size} vs. {METADATA_BYTES_MAX})"
            self._fail(call_id, grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            return False
        return True

    def _taken(
        self, call_id: int, method: int, message: bytes, caller: Caller, seconds_left: float | None, now_ms: int
    ) -> Call | None:  # fmt: skip
        """The call as the desk takes it; None: it is refused."""
        wait_ms = DEADLINE_MS_MAX if seconds_left is None else min(DEADLINE_MS_MAX, int(seconds_left * 1000))
        if wait_ms <= 0:
            self._refuse(call_id, Refusal(Reason.DEADLINE_EXCEEDED, "the deadline passed before the call was taken"))
            return None
        if self._is_stopping:
            self._refuse(call_id, stopping())
            return None
        deadline_ms = self._in_hand[call_id] = now_ms + wait_ms
        return Call(self._methods[method], message, deadline_ms, partial(self._answer, call_id), caller=caller)

    def _answer(self, call_id: int, value: bytes | Refusal) -> None:
        """Send an answer, from any thread; nothing where the call has ended."""
        if self._in_hand.pop(call_id, None) is None:
            return
        if isinstance(value, bytes):
            self._respond(call_id, value)
        else:
            self._refuse(call_id, value)

    def _end_late(self, now_ms: int) -> None:
        """End calls without an answer at their deadline, also those that came without one."""
        for call_id, deadline_ms in tuple(self._in_hand.items()):
            if deadline_ms <= now_ms:
                message = "no answer within the deadline; a write may still be recorded"
                self._answer(call_id, Refusal(Reason.DEADLINE_EXCEEDED, message))

    def _refuse(self, call_id: int, refusal: Refusal) -> None:
        status = wire_status(refusal)
        self._fail(call_id, status.code, status.message, status.trailers)

    def _fail(
        self, call_id: int, code: grpc.StatusCode, message: str, trailers: list[tuple[str, str | bytes]] | None = None
    ) -> None:
        assert self._front is not None
        self._front.fail(call_id, code.value[0], message, trailing_metadata=trailers)
