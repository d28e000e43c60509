"""One subscriber's place in the ledger: what is read for its courier, and what is stored of it."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import structlog
from belofte.v1 import types_pb2

from engine.domain.clock import Clock
from engine.fulfilment.order_record import order_of
from engine.inventory.client import ordinal
from engine.inventory.gate import ORIGIN
from engine.ledger.follow import LogEntry
from engine.ledger.ledger import Ledger
from engine.ledger.post import Letter, LetterKey, LetterState, Post
from engine.outbox.cloud_events import CloudEvent, Wanted, events_of
from engine.outbox.courier import Courier, InHand

PAGE_ENTRIES = 200
UNWANTED = "the subscriber's location_ids were changed: it no longer wants this"


class Follower:
    """Reads for one courier, and stores what became of it. Used by one thread."""

    def __init__(self, courier: Courier, post: Post, ledger: Ledger, source: str, clock: Clock) -> None:
        """Takes the subscriber over, with everything that waits for it."""
        self.courier = courier
        self._post, self._ledger, self._source, self._clock = post, ledger, source, clock
        subscriber = courier.subscriber
        self._name = subscriber.name
        self._wanted = Wanted(subscriber.types, subscriber.location_ids)
        self._log = structlog.get_logger("outbox").bind(subscriber=self._name)
        # Who is new is told what happens from now on, unless it asks for everything.
        start = ORIGIN if subscriber.from_beginning else ledger.last_position()
        self._read_to, waiting = post.take_over(self._name, start)
        self._stored_to = ""
        self._unwanted: list[Letter] = []
        self._take_letters(waiting)
        # No more of the address than this: the rest may hold a secret.
        host = urlsplit(subscriber.url).netloc
        self._log.info("delivering", host=host, position=self._read_to, waiting=len(waiting))

    def read(self) -> bool:
        """Take in hand what was recorded since, as far as there is room; whether there may be more at once."""
        room = self.courier.room
        if room <= 0:
            return False
        page = self._ledger.entries_after(self._read_to, min(room, PAGE_ENTRIES))
        for recorded in page:
            self.courier.take(self._in_hand(recorded))
            self._read_to = recorded.after
        return len(page) == PAGE_ENTRIES

    def store(self) -> None:
        """Store how far it has come, where that has changed; take up what was asked for again. Raises Fenced."""
        changes = self.courier.changes(self._clock.unix_ms() / 1000)
        kept = changes.kept + self._unwanted
        if kept or changes.done or self._read_to != self._stored_to:
            self._post.save(self._name, self._read_to, kept, changes.done)
            self._stored_to, self._unwanted = self._read_to, []
        self._take_letters(self._post.asked_again(self._name))

    def _in_hand(self, recorded: LogEntry) -> Iterator[InHand]:
        for event in events_of(recorded, self._source, self._wanted, self._find_order):
            yield InHand(LetterKey(self._name, *ordinal(recorded.position), event.event_id), event)

    def _take_letters(self, letters: list[Letter]) -> None:
        """Take in hand what is stored, each event read from its entry anew, in the order in which the entry tells of it."""
        now_ms, now = self._clock.unix_ms(), time.monotonic()
        by_entry: dict[str, dict[str, Letter]] = {}
        for letter in letters:
            by_entry.setdefault(letter.key.position, {})[letter.key.event_id] = letter
        positions = list(by_entry)
        if self._ledger.shards.count > 1:
            # Of several logs as they are followed: by when they were recorded.
            positions.sort(key=lambda position: (each := self._ledger.entry_at(position)) is not None and each.recorded_unix_ms)
        for position in positions:
            wanted = by_entry[position]
            for event in self._events_at(position):
                letter_of_it = wanted.pop(event.event_id, None)
                if letter_of_it is not None:
                    self.courier.take([_again(letter_of_it, event, now, now_ms)])
            self._unwanted += [each._replace(state=LetterState.DEAD, why=UNWANTED) for each in wanted.values()]

    def _events_at(self, position: str) -> Iterator[CloudEvent]:
        recorded = self._ledger.entry_at(position)
        if recorded is not None:
            # The types may have been changed since: what was to be told then is told.
            yield from events_of(recorded, self._source, self._wanted._replace(types=frozenset()), self._find_order)

    def _find_order(self, order_id: str, position: str) -> types_pb2.Order | None:
        entries = self._ledger.find_order_until(order_id, position)
        return order_of(entries) if entries else None


def _again(letter: Letter, event: CloudEvent, now: float, now_ms: int) -> InHand:
    wait_seconds = 0.0 if letter.state == LetterState.AGAIN else max(0.0, (letter.due_unix_ms - now_ms) / 1000)
    return InHand(letter.key, event, letter.attempts, now + wait_seconds, letter.status, letter.why, is_stored=True)
