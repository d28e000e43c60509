"""What feeds have said of one position: the last absolute record, and the changes that happened after it.

An absolute record speaks of an instant, and supply becomes its quantity plus the changes after that instant, whichever
came first. So the changes are kept for a while: until an absolute record has seen them, or until they are too many or too
old, from when on an absolute record of an instant before them is refused.
"""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

CHANGES_MAX = 1_000
"""Changes kept of one position."""

KEPT_MS = 48 * 3_600_000
"""How long a change is kept."""


class Event(NamedTuple):
    """When a record happened, and its place in its feed. Without a date of its own it is dated when it is decided."""

    unix_ms: int
    is_dated: bool
    source: str
    sequence: int

    def follows(self, other: "Event") -> bool | None:
        """Whether it comes after another one of the same feed, by their sequences; None where these do not tell."""
        if self.source and self.source == other.source and self.sequence and other.sequence:
            return self.sequence > other.sequence
        return None


class Change(NamedTuple):
    """A change of supply, and when it happened."""

    event: Event
    quantity: int


@dataclass(slots=True)
class Mark:
    """What is known of one position. `forgotten_ms`: the newest event time among changes that were let go.

    `owed`: a receipt's units that came in without having been expected so far, as a number below zero.
    """

    last: Event | None = None
    forgotten_ms: int = 0
    owed: int = 0
    changes: list[Change] = field(default_factory=list)

    def is_superseded(self, event: Event) -> bool:
        """Whether an absolute record is older than the last one: by date where both have one, else by sequence."""
        last = self.last
        if last is None:
            return False
        follows = event.follows(last)
        if event.is_dated and last.is_dated and event.unix_ms != last.unix_ms:
            return event.unix_ms < last.unix_ms
        if follows is not None:
            return not follows
        # Clocks differ between engines: of two that are dated by them, the later is the one that comes later.
        return event.is_dated != last.is_dated and event.unix_ms < last.unix_ms

    def is_forgotten(self, event: Event) -> bool:
        """Whether changes after an absolute record may have been let go."""
        return event.is_dated and event.unix_ms < self.forgotten_ms

    def since(self, event: Event) -> list[Change]:
        """The changes that an absolute record has not seen."""
        return [each for each in self.changes if is_after(each.event, event, comes_later=False)]

    def set(self, event: Event, changes: list[Change]) -> None:
        """Note an absolute record and the changes that it has not seen."""
        self.last, self.changes, self.owed = event, changes, 0
        if self.forgotten_ms <= event.unix_ms:
            self.forgotten_ms = 0

    def counts(self, event: Event) -> bool:
        """Whether a change that comes now counts: the last absolute record has not seen it."""
        return self.last is None or is_after(event, self.last, comes_later=True)

    def add(self, change: Change, now_unix_ms: int) -> None:
        """Keep a change that counts, and let go of what is too old, or too much."""
        insort(self.changes, change, key=lambda each: each.event.unix_ms)
        over = len(self.changes) - CHANGES_MAX
        oldest = now_unix_ms - KEPT_MS
        gone = 0
        while gone < len(self.changes) and (gone < over or self.changes[gone].event.unix_ms < oldest):
            self.forgotten_ms = max(self.forgotten_ms, self.changes[gone].event.unix_ms)
            gone += 1
        del self.changes[:gone]

    def text(self) -> str:
        """As the store keeps it; the same mark gives the same text, since it is what guards compare."""
        last = self.last or Event(0, False, "", 0)
        sources = list(dict.fromkeys(each.event.source for each in self.changes))
        numbers: list[int] = []
        before = last.unix_ms
        for event, quantity in self.changes:
            numbers += (event.unix_ms - before, 2 * sources.index(event.source) + event.is_dated, event.sequence, quantity)
            before = event.unix_ms
        fields: list[object] = [
            last.unix_ms, int(last.is_dated), last.source, last.sequence, self.forgotten_ms, self.owed, sources, numbers
        ]  # fmt: skip
        while fields and not fields[-1]:
            fields.pop()
        return orjson.dumps(fields).decode() if fields else ""

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """The mark in a text of the store."""
        if not text:
            return cls()
        fields = orjson.loads(text)
        fields += (0, 0, "", 0, 0, 0, [], [])[len(fields) :]
        unix_ms, is_dated, source, sequence, forgotten_ms, owed, sources, numbers = fields
        last = Event(unix_ms, bool(is_dated), source, sequence) if unix_ms else None
        return cls(last, forgotten_ms, owed, list(_changes(unix_ms, sources, numbers)))


def is_after(event: Event, absolute: Event, *, comes_later: bool) -> bool:
    """Whether a change happened after the instant that an absolute record speaks of.

    `comes_later`: the change comes after the record; this decides only where dates and sequences do not.
    """
    if event.is_dated and absolute.is_dated:
        return event.unix_ms > absolute.unix_ms
    follows = event.follows(absolute)
    if follows is not None:
        return follows
    if event.is_dated == absolute.is_dated or event.unix_ms == absolute.unix_ms:
        return comes_later
    return event.unix_ms > absolute.unix_ms


def _changes(unix_ms: int, sources: list[str], numbers: list[int]) -> Iterable[Change]:
    for at in range(0, len(numbers), 4):
        after_ms, code, sequence, quantity = numbers[at : at + 4]
        unix_ms += after_ms
        yield Change(Event(unix_ms, bool(code % 2), sources[code // 2], sequence), quantity)
