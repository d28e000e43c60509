"""The desk: calls come in by any front, are taken together in batches, and each is answered exactly once.

One thread plans and commits, so that what it reads of the stock never changes under it. Ticks have no timer: the next
begins when the last is done, and takes what waits. Reads of the ledger run beside it.

Calls of few lines and of many wait in a lane each, so that the few do not wait for the many. What would wait for too long, or
past its deadline, is refused at once. In a lane callers take turns.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import structlog

from engine.domain.clock import Clock
from engine.domain.reasons import Reason, Refusal
from engine.service.caller import Caller, nobody
from engine.service.lane import Waiting
from engine.service.meters import DeskMeter
from engine.service.outflow import Outflow
from engine.service.stream_spool import StreamSpool
from engine.service.work import LIGHT_LINES_MAX

BATCH_CALLS_MAX = 256
BATCH_LINES_MAX = BATCH_CALLS_MAX * LIGHT_LINES_MAX
LIGHT_LINES_A_TURN, HEAVY_LINES_A_TURN = LIGHT_LINES_MAX, 500
"""What a caller may spend before the next one has its turn."""

WAIT_MS_MAX = 500
"""A call that is expected to wait for longer is refused: whoever has waited that long is better served elsewhere, or later."""

BYTES_WAITING_MAX = 1 << 26
"""Of requests that wait to be decided."""

HEAVY_WAITS = 2
"""How many times as long a heavy call may wait as a light one: each takes longer itself."""

HEAVY_SHARE = 0.5
"""Of the time given to light calls, what heavy ones have while both wait."""

RETRY_MS_STEP = 50
EXIT_FAULT = 70
IDLE_SECONDS = 0.02
"""How often an idle desk looks at the log for what other engines did."""

TURN_SECONDS = 0.000_5
"""After how long a thread gives way to one that waits for the interpreter. The desk's thread lets go of it in every kernel and
every call of the store, and would wait for the usual 5 ms each time somebody else is busy: a tenth of the orders a second."""

NOBODY = nobody("")

Answer = Callable[[bytes | Refusal], None]


class Span(Protocol):
    """The part of a trace that a call is."""

    def add_event(self, name: str, attributes: Mapping[str, str | int] | None = None) -> None:
        """Something happens to it now."""
        ...


class Lane(Enum):
    """Where a call is worked on."""

    DECIDE = auto()
    """On the stock in memory: planned in the desk's thread."""
    READ = auto()
    """From the ledger: beside it."""


@dataclass(slots=True, eq=False)
class Call:
    """One call as a front delivers it. `answer` is called once, from any thread; `stream` has what a client streamed.

    Nobody changes one; it is not frozen, since that makes each take three times as long to make. `flow` takes the messages of
    a method that answers with a stream, from when `answer` is given nothing but b"".
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
    caller: Caller = NOBODY
    """Who asks, as far as a front can tell: callers take turns."""
    span: Span | None = None
    """Where it is traced."""


class Room(Protocol):
    """What the desk hands its calls to."""

    def lane(self, call: Call) -> Lane:
        """Where the call is worked on next."""
        ...

    def lines(self, calls: Sequence[Call]) -> list[int]:
        """How much work each call is, as lines of a basket; more than `LIGHT_LINES_MAX`: it waits with the heavy ones."""
        ...

    def takes_heavy(self) -> bool:
        """Whether a heavy call may come; if not now, the desk is woken when it may."""
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

    def __init__(
        self, room: Room, clock: Clock, readers: Executor, calls_waiting_max: int, wait_ms_max: int = WAIT_MS_MAX
    ) -> None:  # fmt: skip
        """`readers` work on reads; `calls_waiting_max` bounds each queue; beyond it calls are refused at once."""
        self._room = room
        self._clock = clock
        self._light: Waiting[Call] = Waiting(LIGHT_LINES_A_TURN, calls_waiting_max, wait_ms_max)
        self._heavy: Waiting[Call] = Waiting(HEAVY_LINES_A_TURN, calls_waiting_max, HEAVY_WAITS * wait_ms_max)
        self._bytes_waiting = 0
        self._heavy_debt_ns = 0
        self.meter = DeskMeter()
        self._arrived = threading.Condition()
        self._stopping = self._is_woken = False
        self._reads_waiting = threading.Semaphore(calls_waiting_max)
        self._readers = readers
        self._planner = threading.Thread(target=self._work, name="belofte-desk", daemon=True)
        self._log = structlog.get_logger("desk")

    def start(self) -> None:
        """Begin to take calls."""
        sys.setswitchinterval(TURN_SECONDS)
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
        deciding, lane_of = [], self._room.lane
        for call in calls:
            if lane_of(call) is Lane.READ:
                self.submit(call)
            else:
                deciding.append(call)
        self._queue(deciding)

    def again(self, call: Call) -> None:
        """Take a call once more that was taken before and is not answered yet: it is not refused."""
        lines = self._room.lines((call,))[0]
        with self._arrived:
            self._put(call, lines)
            self._arrived.notify()

    def _queue(self, calls: Sequence[Call]) -> None:
        if not calls:
            return
        refused: list[tuple[Call, int]] = []
        lines_of, now = self._room.lines(calls), self._clock.unix_ms()
        with self._arrived:
            for call, lines in zip(calls, lines_of, strict=True):
                lane = self._lane_of(lines)
                is_full = self._stopping or self._bytes_waiting > BYTES_WAITING_MAX
                if is_full or not lane.has_room(call.deadline_unix_ms - now):
                    refused.append((call, lane.wait_ms))
                else:
                    self._put(call, lines)
            self._arrived.notify()
        if refused:
            self._refuse(refused)

    def _refuse(self, calls: Sequence[tuple[Call, int]]) -> None:
        """Refuse calls that would have to wait for so many milliseconds; those of one wait with one refusal."""
        self.meter.refused["overloaded"] += len(calls)
        refusals: dict[int, Refusal] = {}
        for call, wait_ms in calls:
            refusal = refusals.get(wait_ms)
            if refusal is None:
                refusal = refusals[wait_ms] = overloaded(wait_ms)
            call.answer(refusal)

    def _lane_of(self, lines: int) -> Waiting[Call]:
        return self._light if lines <= LIGHT_LINES_MAX else self._heavy

    def _put(self, call: Call, lines: int) -> None:
        self._lane_of(lines).put(call.caller.name, call.deadline_unix_ms, lines, call)
        self._bytes_waiting += len(call.message)

    def _work(self) -> None:
        try:
            self._run()
        except BaseException:
            # A desk that stands still answers nobody. The process ends at once and is started again.
            self._log.critical("the desk failed", exc_info=True)
            os._exit(EXIT_FAULT)

    def _run(self) -> None:
        idled, is_busy = 0.0, False
        while True:
            light, heavy, is_done = self._next()
            if is_done:
                return
            if light:
                self._heavy_debt_ns -= round(self._decide(light, "light") * HEAVY_SHARE)
            if heavy:
                self._heavy_debt_ns = max(0, self._heavy_debt_ns) + self._decide(heavy, "heavy")
            if light or heavy:
                continue
            # That nothing waits at this moment is no idleness: under load it is so between any two batches.
            left = idled + IDLE_SECONDS - self._clock.monotonic_ns() / 1e9
            if self._is_woken or is_busy or left <= 0:
                self._is_woken = False
                is_busy = self._room.idle()
                idled, left = self._clock.monotonic_ns() / 1e9, IDLE_SECONDS
            with self._arrived:
                is_waited_for = len(self._light) or self._may_take_heavy() or self._is_woken or is_busy
                if not (is_waited_for or self._stopping):
                    self._arrived.wait(left)

    def _next(self) -> tuple[list[Call], list[Call], bool]:
        """Light calls and heavy ones to work on; whether nothing is left to do."""
        heavy: list[Call] = []
        with self._arrived:
            now = self._clock.monotonic_ns()
            light = self._light.take(BATCH_LINES_MAX, BATCH_CALLS_MAX, now)
            # While light calls wait, heavy ones have their share of the time and no more.
            if self._may_take_heavy() and (not light or self._heavy_debt_ns <= 0):
                heavy = self._heavy.take(1, 1, now)
            for call in (*light, *heavy):
                self._bytes_waiting -= len(call.message)
            is_done = self._stopping and not (light or len(self._heavy) or heavy)
        return light, heavy, is_done

    def _may_take_heavy(self) -> bool:
        return bool(len(self._heavy)) and self._room.takes_heavy()

    def _decide(self, batch: list[Call], lane: str) -> int:
        """Let the room work on those whose deadline has not passed; the nanoseconds that took."""
        started, now = self._clock.monotonic_ns(), self._clock.unix_ms()
        live = [call for call in batch if call.deadline_unix_ms > now]
        if len(live) < len(batch):
            for call in batch:
                if call.deadline_unix_ms <= now:
                    call.answer(LATE)
        if live:
            if live[0].span is not None:
                _note_taken(live, lane)
            self._room.decide(live)
        nanoseconds = self._clock.monotonic_ns() - started
        self.meter.refused["late"] += len(batch) - len(live)
        self.meter.add(lane, len(live), nanoseconds)
        return nanoseconds

    def lanes(self) -> dict[str, Waiting[Call]]:
        """What waits, by the name of the lane."""
        return {"light": self._light, "heavy": self._heavy}

    def _read(self, call: Call) -> None:
        self._reads_waiting.release()
        result = self._room.read(call) if call.deadline_unix_ms > self._clock.unix_ms() else LATE
        if isinstance(result, Call):
            self._queue((result,))
        else:
            call.answer(result)


def _note_taken(calls: Sequence[Call], lane: str) -> None:
    for call in calls:
        if call.span is not None:
            call.span.add_event("taken", {"belofte.lane": lane, "belofte.batch_calls": len(calls)})


LATE = Refusal(Reason.DEADLINE_EXCEEDED, "the deadline passed before the call was started")


def overloaded(wait_ms: int = 0) -> Refusal:
    """Refused because too much waits, for about so long."""
    after_ms = -(-max(1, wait_ms) // RETRY_MS_STEP) * RETRY_MS_STEP if wait_ms else 0
    return Refusal(Reason.OVERLOADED, "too many calls wait; come back after the delay given", retry_after_ms=after_ms)
