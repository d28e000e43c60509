"""What feeds have said of one position: the last absolute record, and the changes that happened after it.

An absolute record speaks of an instant, and supply becomes its quantity plus the changes after that instant, whichever
came first. So the changes are kept for a while: until an absolute record has seen them, or until they are too many or too
old, from when on an absolute record of an instant before them is refused.
"""

from bisect import bisect_right
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


NEVER = Event(0, False, "", 0)
NUMBERS_EACH = 4
"""Of a change: milliseconds after the first one's, source and whether it is dated, sequence, quantity."""


class Change(NamedTuple):
    """A change of supply, and when it happened."""

    event: Event
    quantity: int


@dataclass(slots=True)
class Mark:
    """What is known of one position. `forgotten_ms`: the newest event time among changes that were let go.

    `owed`: a receipt's units that came in without having been expected so far, as a number below zero.
    Changes are kept as they are written, four numbers each, by event time: most rows only add one at the end.
    """

    last: Event | None = None
    forgotten_ms: int = 0
    owed: int = 0
    _from_ms: int = 0
    _sources: list[str] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)

    @property
    def changes(self) -> list[Change]:
        """The changes that no absolute record has seen, by event time."""
        numbers, sources = iter(self._numbers), self._sources
        return [
            Change(Event(self._from_ms + after_ms, bool(code % 2), sources[code // 2], sequence), quantity)
            for after_ms, code, sequence, quantity in zip(numbers, numbers, numbers, numbers, strict=True)
        ]

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
        if not self._numbers:
            return []
        return [each for each in self.changes if is_after(each.event, event, comes_later=False)]

    def set(self, event: Event, changes: list[Change]) -> None:
        """Note an absolute record and the changes that it has not seen."""
        self.last, self.owed = event, 0
        self._from_ms, self._sources, self._numbers = 0, [], []
        for change in changes:
            self._insert(change)
        if self.forgotten_ms <= event.unix_ms:
            self.forgotten_ms = 0

    def counts(self, event: Event) -> bool:
        """Whether a change that comes now counts: the last absolute record has not seen it."""
        return self.last is None or is_after(event, self.last, comes_later=True)

    def add(self, change: Change, now_unix_ms: int) -> None:
        """Keep a change that counts, and let go of what is too old, or too much."""
        self._insert(change)
        gone = max(0, len(self._numbers) - NUMBERS_EACH * CHANGES_MAX)
        oldest = now_unix_ms - KEPT_MS - self._from_ms
        while gone < len(self._numbers) and self._numbers[gone] < oldest:
            gone += NUMBERS_EACH
        if gone:
            self.forgotten_ms = max(self.forgotten_ms, self._from_ms + self._numbers[gone - NUMBERS_EACH])
            del self._numbers[:gone]

    def _insert(self, change: Change) -> None:
        event, quantity = change
        if not self._numbers:
            self._from_ms = event.unix_ms
        if event.source not in self._sources:
            self._sources.append(event.source)
        after_ms = event.unix_ms - self._from_ms
        at = len(self._numbers)
        if at and after_ms < self._numbers[-NUMBERS_EACH]:
            at = NUMBERS_EACH * bisect_right(self._numbers[::NUMBERS_EACH], after_ms)
        code = 2 * self._sources.index(event.source) + event.is_dated
        self._numbers[at:at] = (after_ms, code, event.sequence, quantity)

    def text(self) -> str:
        """As the store keeps it; the same mark gives the same text, since it is what guards compare."""
        last = self.last or NEVER
        fields: list[object] = [
            last.unix_ms, int(last.is_dated), last.source, last.sequence, self.forgotten_ms, self.owed,
        ]  # fmt: skip
        if self._numbers:
            fields += (self._from_ms, self._sources, self._numbers)
        while fields and not fields[-1]:
            fields.pop()
        return orjson.dumps(fields).decode() if fields else ""

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """The mark in a text of the store."""
        if not text:
            return cls()
        fields = orjson.loads(text)
        fields += (0, 0, "", 0, 0, 0, 0, [], [])[len(fields) :]
        unix_ms, is_dated, source, sequence, *rest = fields
        return cls(Event(unix_ms, bool(is_dated), source, sequence) if unix_ms else None, *rest)


def is_after(event: Event, absolute: Event, *, comes_later: bool) -> bool:
    """Whether a change happened after the instant that an absolute record speaks of.

    `comes_later`: the change comes after the record; this decides only where dates and sequences do not.
    """
    if event.is_dated and absolute.is_dated and event.unix_ms != absolute.unix_ms:
        return event.unix_ms > absolute.unix_ms
    follows = event.follows(absolute)
    if follows is not None:
        return follows
    if event.is_dated and absolute.is_dated:
        return False
    if event.is_dated == absolute.is_dated or event.unix_ms == absolute.unix_ms:
        return comes_later
    return event.unix_ms > absolute.unix_ms
