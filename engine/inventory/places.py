"""What operations say of locations while they are served: which take no part, and other limits for some of their days.

Each is a text of the store, replaced as a whole and guarded by what it was, so that of two who change one at once only one
succeeds. Engines follow the texts by the log. A day's limit is no more than that: the difference to the location's own
is taken from the day as orders take theirs, so that whoever asks for what is left finds it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.domain.reasons import Reason, Refusal
from engine.inventory.keys import SEPARATOR
from engine.inventory.parts import is_locked, unlocked
from engine.inventory.transaction import TextTable


class Closing(NamedTuple):
    """Whether a location takes no part, and until when (Unix milliseconds; 0: until it is told). `version` counts changes."""

    is_closed: bool = False
    version: int = 0
    until_unix_ms: int = 0


class DayChange(NamedTuple):
    """What is taken of a location's local day besides what orders take; below zero: given. `version` counts changes.

    `limit`: that was said, of which `taken` is the difference to the location's own; None: none, or that there is none.
    """

    taken: int = 0
    version: int = 0
    limit: int | None = None


class PlaceTexts:
    """All of these, as of the log position of the stock that they stand beside."""

    def __init__(self) -> None:
        """None."""
        self._texts: dict[tuple[str, str], str] = {}

    def apply(self, table: str, field: str, text: str) -> None:
        """A text has become another one."""
        self._texts[table, field] = text

    def text(self, table: TextTable, field: str) -> str:
        """As the store has it, "" where there is none. Raises `Refusal` while it is being changed over shards."""
        found = self._texts.get((table, field), "")
        if is_locked(found):
            raise Refusal(Reason.CONTENDED, f"{field.replace(SEPARATOR, ' ')} is being changed; try again")
        return found

    def stored(self, table: TextTable, field: str) -> str:
        """As the store has it, also while it is being changed; "" where there is none."""
        return self._texts.get((table, field), "")

    def fields(self, table: TextTable) -> list[str]:
        """Of a table's texts, also those that are no more."""
        return [field for each, field in self._texts if each == table]

    def closing(self, location_id: str) -> Closing:
        """What is said of a location."""
        return parse_closing(self._texts.get((TextTable.CLOSED, location_id), ""))

    def day(self, location_id: str, day: int) -> DayChange:
        """What is said of a location's local day (days since 1970)."""
        return parse_day(self._texts.get((TextTable.LIMITS, day_field(location_id, day)), ""))

    def days(self) -> Iterator[tuple[str, int, DayChange]]:
        """(location, local day, what is said of it), of all days that anything was said of, and that nobody changes now."""
        for (table, field), text in self._texts.items():
            if table == TextTable.LIMITS and not is_locked(text):
                location_id, _, day = field.partition(SEPARATOR)
                yield location_id, int(day), parse_day(text)

    def due(self, now_unix_ms: int) -> Iterator[str]:
        """Locations that were to take part again by now."""
        for (table, location_id), text in self._texts.items():
            if table == TextTable.CLOSED and not is_locked(text):
                found = parse_closing(text)
                if found.is_closed and 0 < found.until_unix_ms <= now_unix_ms:
                    yield location_id


def parse_closing(text: str) -> Closing:
    """What a text says of a location."""
    text = unlocked(text)
    if not text:
        return Closing()
    is_closed, version, until = map(int, text.split())
    return Closing(bool(is_closed), version, until)


def closing_text(closing: Closing) -> str:
    """As the store keeps it."""
    return f"{int(closing.is_closed)} {closing.version} {closing.until_unix_ms}"


def parse_day(text: str) -> DayChange:
    """What a text says of a location's day."""
    text = unlocked(text)
    if not text:
        return DayChange()
    taken, version, limit = map(int, text.split())
    return DayChange(taken, version, None if limit < 0 else limit)


def day_text(change: DayChange) -> str:
    """As the store keeps it."""
    return f"{change.taken} {change.version} {-1 if change.limit is None else change.limit}"


def day_field(location_id: str, day: int) -> str:
    """Field of a location's day."""
    return f"{location_id}{SEPARATOR}{day}"
