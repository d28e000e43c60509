"""Delivers the events of one subscriber: in order within a lane, many lanes at once, each event again until it is taken.

A lane is what belongs together: an order, a reservation, the supply. Its first event is attempted until it is taken or given
up, and only then the next. So one event that a receiver cannot take delays those of its own order and no others.
"""

import heapq
import random
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from engine.ledger.post import WHY_CHARACTERS_MAX, Letter, LetterKey, LetterState
from engine.outbox.cloud_events import CloudEvent
from engine.outbox.sender import NO_ANSWER, Answer, Sender
from engine.outbox.subscribers import Subscriber

WINDOW_MAX = 2_000
"""Events in hand: nothing more is read before there is room. A receiver that is away keeps no more than this in memory."""

JOIN_SECONDS = 0.2

GONE = 410
"""The receiver asks never to be sent this again."""

AWAY = (NO_ANSWER, 502, 503, 504)
"""Statuses that tell of a receiver that is out of reach: once it answers, all that waits for it is due."""


class Backoff(NamedTuple):
    """How long to wait after a failure: doubled each time, and half of it left to chance, so that not all come at once."""

    seconds_min: float = 2.0
    seconds_max: float = 10_800.0

    def after(self, attempts: int, chance: float) -> float:
        """Seconds after so many attempts; `chance` from 0 to 1."""
        longest = min(self.seconds_max, self.seconds_min * 2.0 ** min(attempts - 1, 60))
        return longest * (1 + chance) / 2


@dataclass(slots=True, eq=False)
class InHand:
    """An event that is not taken yet."""

    key: LetterKey
    event: CloudEvent
    attempts: int = 0
    due: float = 0.0
    status: int = NO_ANSWER
    why: str = ""
    is_stored: bool = False
    """Whether the ledger's database has it as a letter; what is stored of its attempts may be older."""


class Changes(NamedTuple):
    """What is to be stored since the last time: letters as they are now, and those that are gone."""

    kept: list[Letter]
    done: list[LetterKey]


class Courier:
    """One subscriber's lanes and the threads that deliver them."""

    def __init__(self, subscriber: Subscriber, backoff: Backoff, chance: random.Random) -> None:
        """Delivers nothing before `start`."""
        self.subscriber = subscriber
        self._backoff, self._chance = backoff, chance
        self._changed = threading.Condition()
        self._lanes: dict[str, deque[InHand]] = {}
        self._due: list[tuple[float, int, str]] = []
        self._numbers = 0
        self._in_hand: dict[LetterKey, InHand] = {}
        self._touched: set[LetterKey] = set()
        self._ended: list[tuple[InHand, bool]] = []
        self._is_away = self._is_stopping = False
        self._senders = [Sender(subscriber) for _ in range(subscriber.concurrency_max)]
        self._threads = [
            threading.Thread(target=self._run, args=(sender,), name=f"belofte-courier-{subscriber.name}-{n}", daemon=True)
            for n, sender in enumerate(self._senders)
        ]
        self._log = structlog.get_logger("outbox").bind(subscriber=subscriber.name)

    def start(self) -> None:
        """Deliver from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    def end(self) -> None:
        """`stop`, and wait for what is being sent. Harmless when it has ended, or never started."""
        self.stop()
        for thread in self._threads:
            while thread.is_alive():
                self.break_off()
                thread.join(JOIN_SECONDS)

    def break_off(self) -> None:
        """End attempts that have had their time: to be asked for now and then."""
        for sender in self._senders:
            sender.break_off()

    @property
    def room(self) -> int:
        """How many more events may be taken in hand."""
        return WINDOW_MAX - len(self._in_hand)

    def take(self, events: Iterable[InHand]) -> None:
        """Take events in hand, in the order of the log; one that is in hand already is left as it is."""
        with self._changed:
            for each in events:
                if each.key in self._in_hand:
                    continue
                self._in_hand[each.key] = each
                self._touched.add(each.key)
                lane = self._lanes.setdefault(each.event.lane, deque())
                lane.append(each)
                if len(lane) == 1:
                    self._plan(each)
            self._changed.notify_all()

    def changes(self, unix_seconds: float) -> Changes:
        """What is to be stored since it was last asked for; due times are of the wall clock, `unix_seconds` being now."""
        with self._changed:
            offset = unix_seconds - time.monotonic()
            ended, self._ended = self._ended, []
            touched, self._touched = self._touched, set()
            kept = [_letter(self._in_hand[key], LetterState.WAITING, offset) for key in touched if key in self._in_hand]
            for key in touched & self._in_hand.keys():
                self._in_hand[key].is_stored = True
        done = []
        for each, is_dead in ended:
            if is_dead:
                kept.append(_letter(each, LetterState.DEAD, offset))
            elif each.is_stored:
                done.append(each.key)
        return Changes(kept, done)

    def _plan(self, first: InHand) -> None:
        """Attempt the first event of a lane when it is due."""
        self._numbers += 1
        heapq.heappush(self._due, (first.due, self._numbers, first.event.lane))

    def _run(self, sender: Sender) -> None:
        while (each := self._next()) is not None:
            try:
                answer = sender.send(each.event)
            except Exception as error:
                # A defect here must not end the thread, and with it the deliveries.
                self._log.exception("an event could not be sent")
                sender.close()
                answer = Answer(NO_ANSWER, f"{type(error).__name__}: {error}")
            self._settle(each, answer)
        sender.close()

    def _next(self) -> InHand | None:
        """The first event of the lane that is due first; waits for one. None: no more."""
        with self._changed:
            while not self._is_stopping:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    lane = self._lanes[heapq.heappop(self._due)[2]]
                    return lane[0]
                self._changed.wait(self._due[0][0] - now if self._due else None)
            return None

    def _settle(self, each: InHand, answer: Answer) -> None:
        with self._changed:
            each.attempts += 1
            each.status, each.why = answer.status, answer.why[:WHY_CHARACTERS_MAX]
            if answer.is_taken:
                self._end(each, is_dead=False)
                self._is_back()
            elif each.attempts >= self.subscriber.attempts_max or answer.status == GONE:
                self._log.error("an event was given up", event_id=each.key.event_id, attempts=each.attempts, why=each.why)
                self._end(each, is_dead=True)
            else:
                seconds = self._backoff.after(each.attempts, self._chance.random())
                each.due = time.monotonic() + max(seconds, min(answer.again_after_seconds, self._backoff.seconds_max))
                self._touched.add(each.key)
                if answer.status in AWAY and not self._is_away:
                    self._is_away = True
                    self._log.warning("the receiver is away", why=each.why)
                self._plan(each)
            self._changed.notify()

    def _end(self, each: InHand, is_dead: bool) -> None:
        self._ended.append((each, is_dead))
        del self._in_hand[each.key]
        lane = self._lanes[each.event.lane]
        assert lane[0] is each, "one at a time in a lane"
        lane.popleft()
        if lane:
            self._plan(lane[0])
        else:
            del self._lanes[each.event.lane]

    def _is_back(self) -> None:
        """The receiver answers again: what failed since it was out of reach is due now."""
        if not self._is_away:
            return
        self._is_away = False
        self._log.info("the receiver is back", waiting=len(self._in_hand))
        now = time.monotonic()
        due = []
        for at, number, lane in self._due:
            first = self._lanes[lane][0]
            if first.status in AWAY:
                first.due = at = min(at, now)
            due.append((at, number, lane))
        heapq.heapify(due)
        self._due = due
        self._changed.notify_all()


def _letter(each: InHand, state: LetterState, offset: float) -> Letter:
    return Letter(each.key, state, each.attempts, round((each.due + offset) * 1000), each.status, each.why)
