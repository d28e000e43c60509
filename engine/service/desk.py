"""The desk: calls come in by any front, are taken together in batches, and each is answered exactly once.

One thread plans and commits, so that what it reads of the stock never changes under it. Ticks have no timer: the next
begins when the last is done, and takes all that waits. Reads of the ledger run beside it.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import structlog

from engine.domain.clock import Clock
from engine.domain.reasons import Reason, Refusal
from engine.service.outflow import Outflow
from engine.service.stream_spool import StreamSpool

BATCH_CALLS_MAX = 256
EXIT_FAULT = 70
IDLE_SECONDS = 0.02
"""How often an idle desk looks at the log for what other engines did."""

Answer = Callable[[bytes | Refusal], None]


class Lane(Enum):
    """Where a call is worked on."""

    DECIDE = auto()
    """On the stock in memory: planned in the desk's thread."""
    READ = auto()
    """From the ledger: beside it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a front delivers it. `answer` is called once, from any thread; `stream` has what a client streamed.

    `flow` takes the messages of a method that answers with a stream, from when `answer` is given nothing but b"".
    """

    method: str
    message: bytes
    deadline_unix_ms: int
    answer: Answer
    found: object = None
    """What was looked up for it in the ledger, for methods that need that before they are decided."""
    tries: int = 0
    """How often it was looked up again, because what was found had been overtaken."""
    stream: StreamSpool | None = None
    flow: Outflow | None = None


class Room(Protocol):
    """What the desk hands its calls to."""

    def lane(self, call: Call) -> Lane:
        """Where the call is worked on next."""
        ...

    def decide(self, calls: list[Call]) -> None:
        """Work on a batch in the desk's thread and see to it that each call is answered, now or when it is recorded."""
        ...

    def read(self, call: Call) -> bytes | Refusal | Call:
        """Answer one read; or the call as it is to be decided, with what was found for it."""
        ...

    def idle(self) -> bool:
        """Nothing waits: keep up with the log; whether there is more to do at once."""
        ...


class Desk:
    """Queue, batches and threads between fronts and rooms."""

    def __init__(self, room: Room, clock: Clock, readers: Executor, calls_waiting_max: int) -> None:
        """`readers` work on reads; `calls_waiting_max` bounds each queue; beyond it calls are refused at once."""
        self._room = room
        self._clock = clock
        self._calls_waiting_max = calls_waiting_max
        self._waiting: deque[Call] = deque()
        self._arrived = threading.Condition()
        self._stopping = self._is_woken = False
        self._reads_waiting = threading.Semaphore(calls_waiting_max)
        self._readers = readers
        self._planner = threading.Thread(target=self._work, name="belofte-desk", daemon=True)
        self._log = structlog.get_logger("desk")

    def start(self) -> None:
        """Begin to take calls."""
        self._planner.start()

    def stop(self, seconds_max: float) -> None:
        """Finish what waits, take nothing more."""
        with self._arrived:
            self._stopping = True
            self._arrived.notify()
        # An engine that could not be opened never started it.
        if self._planner.is_alive():
            self._planner.join(seconds_max)

    def wake(self) -> None:
        """Something is to be done besides calls; from any thread."""
        with self._arrived:
            self._is_woken = True
            self._arrived.notify()

    def submit(self, call: Call) -> None:
        """Take a call, or refuse it because too many wait."""
        if self._room.lane(call) is Lane.READ:
            if not self._reads_waiting.acquire(blocking=False):
                call.answer(overloaded())
                return
            self._readers.submit(self._read, call)
            return
        self._queue((call,))

    def submit_all(self, calls: Iterable[Call]) -> None:
        """Take calls that came together, each as `submit` does; those to be decided in one step."""
        deciding = []
        for call in calls:
            if self._room.lane(call) is Lane.READ:
                self.submit(call)
            else:
                deciding.append(call)
        self._queue(deciding)

    def _queue(self, calls: Sequence[Call]) -> None:
        with self._arrived:
            room = 0 if self._stopping else max(0, self._calls_waiting_max - len(self._waiting))
            self._waiting.extend(calls[:room])
            self._arrived.notify()
        for call in calls[room:]:
            call.answer(overloaded())

    def _work(self) -> None:
        try:
            self._run()
        except BaseException:
            # A desk that stands still answers nobody. The process ends at once and is started again.
            self._log.critical("the desk failed", exc_info=True)
            os._exit(EXIT_FAULT)

    def _run(self) -> None:
        while True:
            with self._arrived:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_CALLS_MAX))]
                if not batch and self._stopping:
                    return
            if not batch:
                self._is_woken = False
                is_busy = self._room.idle()
                with self._arrived:
                    if not (self._waiting or self._stopping or self._is_woken or is_busy):
                        self._arrived.wait(IDLE_SECONDS)
                continue
            now = self._clock.unix_ms()
            live = [call for call in batch if call.deadline_unix_ms > now]
            for call in batch:
                if call.deadline_unix_ms <= now:
                    call.answer(Refusal(Reason.DEADLINE_EXCEEDED, "the deadline passed before the call was started"))
            if live:
                self._room.decide(live)

    def _read(self, call: Call) -> None:
        self._reads_waiting.release()
        result = self._room.read(call)
        if isinstance(result, Call):
            self._queue((result,))
        else:
            call.answer(result)


def overloaded() -> Refusal:
    """Refused because too much waits."""
    return Refusal(Reason.OVERLOADED, "too many calls wait; come back after the delay given")
