"""A front that serves, in a thread of its own, over a room whose answers are told by what is asked."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc

from engine.domain.clock import SystemClock
from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.service.desk import Call, Desk, Lane
from engine.service.front_aio import AioFront
from engine.service.front_native import NativeFront

SECONDS_MAX = 30.0
MESSAGE_BYTES_MAX = 1 << 20
SERVICE = "belofte.v1.PromiseService"
QUOTE = f"/{SERVICE}/QuotePromise"
FRONTS = {"aio": AioFront, "native": NativeFront}
T = TypeVar("T")


class Telling:
    """The room. It answers with what it is sent, but for messages that say otherwise."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.held: list[Call] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def lane(self, call: Call) -> Lane:
        return Lane.READ if call.message.startswith(b"read") else Lane.DECIDE

    def lines(self, calls: Sequence[Call]) -> list[int]:
        return [11 if call.message.startswith(b"heavy") else 1 for call in calls]

    def takes_heavy(self) -> bool:
        return True

    def decide(self, calls: list[Call]) -> None:
        self.entered.set()
        self.gate.wait()
        self.batches.append(len(calls))
        for call in calls:
            if call.message == b"hold":
                self.held.append(call)
            else:
                call.answer(self.read(call))

    def read(self, call: Call) -> bytes | Refusal:
        what, _, rest = call.message.partition(b":")
        if what == b"refuse":
            return Refusal(Reason(rest.decode()), "100 % of it — “no”")
        if what == b"invalid":
            return invalid([FieldViolation("basket.lines[0].quantity", "more was expected"), FieldViolation("é", "ü")])
        if what == b"deadline":
            return b"%d" % (call.deadline_unix_ms - SystemClock().unix_ms())
        return call.message

    def idle(self) -> bool:
        return False


class RunningFront:
    """A front over a room, and a channel to it."""

    def __init__(
        self, kind: str, room: Any = None, address: str = "127.0.0.1:0", methods: tuple[str, ...] = (QUOTE,), **options: Any
    ) -> None:
        self.room = room or Telling()
        self._readers = ThreadPoolExecutor(2)
        clock = SystemClock()
        self.desk = Desk(self.room, clock, self._readers, 10_000, wait_ms_max=60_000)
        self.desk.start()
        services = tuple(dict.fromkeys(method.split("/")[1] for method in methods))
        self.front = FRONTS[kind](self.desk, clock, methods, services, MESSAGE_BYTES_MAX, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = self.run(lambda: self.front.start(address))
        self.target = address if address.startswith("unix:") else f"127.0.0.1:{self.port}"
        self.channel = self.new_channel()
        self.quote = self.channel.unary_unary(QUOTE)
        self._is_stopped = False

    @property
    def of_streams(self) -> AioFront:
        """The front that has the streams."""
        return self.front._others if isinstance(self.front, NativeFront) else self.front

    def new_channel(self) -> grpc.Channel:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)]
        return grpc.insecure_channel(self.target, options)

    def run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(make(), self._loop).result(SECONDS_MAX)

    def stop(self, grace_seconds: float = 1.0) -> None:
        self._is_stopped = True
        self.run(lambda: self.front.stop(grace_seconds))

    def close(self) -> None:
        self.channel.close()
        if not self._is_stopped:
            self.stop()
        self.desk.stop(SECONDS_MAX)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS_MAX)
        self._loop.close()
        self._readers.shutdown()
