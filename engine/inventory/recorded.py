"""Writes that wait until the ledger has recorded them, released by request id and never by position.

A position can name two entries, one of a lineage that was lost and one of the lineage that counts; a request id names one
write for ever. What the sidecar publishes may be lost on the way, so that who waits long is asked for in the ledger.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import redis
import structlog

from engine.inventory.client import connect
from engine.inventory.keys import Keys

LISTEN_SECONDS_MAX = 0.1
ASK_POLL_SECONDS = 0.1
"""How often those are looked for whose time has come to be asked for."""

ASK_AFTER_SECONDS = 1.0
"""A waiter that has heard nothing for so long is asked for in the ledger, and again after as long."""

RECONNECT_SECONDS = 0.2
ASKED_MAX = 500
"""Request ids in one question to the ledger."""


OVERRULED = "!"
"""Begins what stands in place of a position."""


class Overruled(StrEnum):
    """In place of a position: the ledger has recorded that the write does not count, and why."""

    REQUEST = "!request"
    """Its request is recorded already, by another shard."""
    RECORD = "!record"
    """What it creates is recorded already, by another shard."""
    PARTS = "!parts"
    """Not all of its parts were held and recorded, or somebody has decided otherwise."""


Settle = Callable[[str | None], None]
"""Told the position of the record, or None when its fate is not known in time."""


@dataclass(slots=True, eq=False)
class Waiter:
    """One write that waits. Until it is armed it only notes that its id was recorded: it may be another's record."""

    request_id: str
    give_up_at: float
    ask_at: float = math.inf
    settle: Settle | None = field(default=None, repr=False)
    position: str | None = None


class RecordedWaiters:
    """Waiters of one engine, and the threads that release them: one hears what is recorded, one asks the ledger."""

    def __init__(
        self, redis_url: str, partitions: str | Sequence[str], positions_of: Callable[[list[str]], Mapping[str, str]], *,
        record_wait_ms_max: int,
    ) -> None:  # fmt: skip
        """`partitions`: the one that is listened to, or several.

        `positions_of` asks the ledger for the positions of those request ids that are recorded.
        """
        self._url = redis_url
        self._positions_of = positions_of
        self._wait_seconds_max = record_wait_ms_max / 1000
        self._waiting: dict[str, list[Waiter]] = {}
        self._lock = threading.Lock()
        self._is_stopped = False
        self._stopping = threading.Event()
        self._is_asked_now = threading.Event()
        self.heard: Callable[[], None] = lambda: None
        """Told that something was recorded, whatever it is: for who follows the ledger. Returns at once."""
        self._threads = [
            *(
                threading.Thread(target=self._run, args=(Keys(each),), name="belofte-recorded", daemon=True)
                for each in ([partitions] if isinstance(partitions, str) else partitions)
            ),
            threading.Thread(target=self._keep_asking, name="belofte-asking", daemon=True),
        ]
        self._log = structlog.get_logger("recorded")

    def start(self) -> None:
        """Begin to listen."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop listening; whoever still waits is told that its fate is not known."""
        self._stopping.set()
        self._is_asked_now.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        with self._lock:
            self._is_stopped = True
            left = [waiter.settle for waiters in self._waiting.values() for waiter in waiters if waiter.settle is not None]
            self._waiting.clear()
        for settle in left:
            self._tell(settle, None)

    def expect(self, request_id: str) -> Waiter:
        """Listen for an id from now on, before it is committed: the record may be published before the commit returns."""
        waiter = Waiter(request_id, time.monotonic() + self._wait_seconds_max)
        with self._lock:
            self._waiting.setdefault(request_id, []).append(waiter)
        return waiter

    def arm(self, waiter: Waiter, settle: Settle, *, ask_now: bool = False) -> None:
        """Call `settle` once, from any thread, when the id is recorded. `ask_now`: it may have been recorded long ago."""
        now = time.monotonic()
        with self._lock:
            waiter.settle = settle
            waiter.ask_at = now if ask_now else min(now + ASK_AFTER_SECONDS, waiter.give_up_at)
            is_known = waiter.position is not None or self._is_stopped
        if is_known:
            self._tell(settle, waiter.position)
        elif ask_now:
            self._is_asked_now.set()

    def recorded(self, request_ids: Sequence[str]) -> Mapping[str, str]:
        """Positions of those that the ledger has recorded. Raises whatever it raises where it cannot be asked."""
        return self._positions_of(list(request_ids))

    def forget(self, waiter: Waiter) -> None:
        """The write came to nothing, and its waiter was not armed."""
        with self._lock:
            waiters = self._waiting.get(waiter.request_id, [])
            if waiter in waiters:
                waiters.remove(waiter)
            if not waiters:
                self._waiting.pop(waiter.request_id, None)

    def _run(self, keys: Keys) -> None:
        while not self._stopping.is_set():
            try:
                self._listen(keys)
            except (redis.RedisError, OSError) as error:
                self._log.warning("cannot hear what is recorded; the ledger is asked instead", error=str(error))
                self._stopping.wait(RECONNECT_SECONDS)
            except Exception:
                # Without this thread nobody would be answered any more.
                self._log.exception("a fault while listening to what is recorded")
                self._stopping.wait(RECONNECT_SECONDS)

    def _listen(self, keys: Keys) -> None:
        with connect(self._url, keys) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
            channel.subscribe(keys.recorded_channel)
            while not self._stopping.is_set():
                message = channel.get_message(timeout=LISTEN_SECONDS_MAX)
                if message is not None:
                    self._release(parse_recorded(message["data"]))
                    self.heard()

    def _keep_asking(self) -> None:
        while not self._stopping.is_set():
            # A duplicate does not wait until the next look: it may have been recorded long ago.
            self._is_asked_now.wait(ASK_POLL_SECONDS)
            self._is_asked_now.clear()
            try:
                self._settle_overdue()
            except Exception:
                # Without this thread those whose record was not heard of would not be answered any more.
                self._log.exception("a fault while asking what is recorded")
                self._stopping.wait(RECONNECT_SECONDS)

    def _release(self, positions: Mapping[str, str]) -> None:
        armed: list[tuple[Settle, str]] = []
        with self._lock:
            for request_id, position in positions.items():
                for waiter in self._waiting.pop(request_id, ()):
                    waiter.position = position
                    if waiter.settle is not None:
                        armed.append((waiter.settle, position))
        for settle, position in armed:
            self._tell(settle, position)

    def _settle_overdue(self) -> None:
        now = time.monotonic()
        with self._lock:
            overdue = [id_ for id_, waiters in self._waiting.items() if any(waiter.ask_at <= now for waiter in waiters)]
        if not overdue:
            return
        try:
            for first in range(0, len(overdue), ASKED_MAX):
                self._release(self._positions_of(overdue[first : first + ASKED_MAX]))
        except Exception:
            # The ledger cannot be asked either: those whose time is up are told that nobody knows.
            self._log.exception("the ledger cannot be asked what is recorded")
        for settle in self._give_up(overdue, now):
            self._tell(settle, None)

    def _give_up(self, request_ids: list[str], now: float) -> list[Settle]:
        """Take out those whose time is up; the rest is asked for again later."""
        given_up: list[Settle] = []
        with self._lock:
            for request_id in request_ids:
                for waiter in list(self._waiting.get(request_id, ())):
                    if waiter.settle is None:
                        continue
                    waiter.ask_at = min(now + ASK_AFTER_SECONDS, waiter.give_up_at)
                    if waiter.give_up_at <= now:
                        self._waiting[request_id].remove(waiter)
                        given_up.append(waiter.settle)
                if not self._waiting.get(request_id):
                    self._waiting.pop(request_id, None)
        return given_up

    def _tell(self, settle: Settle, position: str | None) -> None:
        try:
            settle(position)
        except Exception:
            # One that cannot be answered keeps nobody else waiting.
            self._log.exception("a write could not be told how it ended", position=position)


def format_recorded(positions: Sequence[tuple[str, str]]) -> str:
    """(request id, position) pairs as they are published."""
    return "\n".join(f"{request_id} {position}" for request_id, position in positions)


def parse_recorded(text: bytes) -> dict[str, str]:
    """Position by request id, as published."""
    return dict(line.split(" ") for line in text.decode().splitlines())
