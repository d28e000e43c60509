"""The events of one recorded entry as watchers are sent them: those that a watcher wants, in messages of a bounded size."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2, order_service_pb2, types_pb2

from engine.inventory.client import ordinal
from engine.ledger.follow import LogEntry
from engine.service.record import risk_event

EVENTS_EACH = 200
"""Events in one message: a receipt that is late may put any number of orders at risk."""

Response = order_service_pb2.WatchEventsResponse


class Filter(NamedTuple):
    """What a watcher wants; what is empty bars nothing."""

    types: frozenset[int] = frozenset()
    order_ids: frozenset[str] = frozenset()
    location_ids: frozenset[str] = frozenset()

    def takes(self, event: types_pb2.OrderEvent) -> bool:
        """Whether an event is wanted."""
        return (
            (not self.types or event.type in self.types)
            and (not self.order_ids or event.order_id in self.order_ids)
            and (not self.location_ids or event.location_id in self.location_ids)
        )


EVERYTHING = Filter()


class Commit:
    """One entry that tells of something. `size`: what it takes in memory, about."""

    def __init__(self, position: str, events: Collection[types_pb2.OrderEvent], risks: "Risks | None") -> None:
        """`events` have their position; `risks` are made into events when they are asked for."""
        self.position = position
        self.place = ordinal(position)
        self._events = events
        self._risks = risks
        self.size = sum(event.ByteSize() for event in events) + (risks.size if risks else 0)
        self._whole: tuple[bytes, ...] = ()
        self._whole_at = ""

    def events(self) -> Iterator[types_pb2.OrderEvent]:
        """All of them: those that the entry names, then by risk and order."""
        yield from self._events
        if self._risks is not None:
            yield from self._risks.events(self.position)

    def messages(self, wanted: Filter, before: str, after: str) -> Iterator[bytes]:
        """What a watcher is sent. It has been told everything up to `before`, until the last of these; then up to `after`."""
        if wanted != EVERYTHING or (self._risks is not None and len(self._risks.at_risk) > EVENTS_EACH):
            yield from self._messages(wanted, before, after)
            return
        if self._whole_at != after:
            # One message, or few: made once for all who want everything, and have come as far.
            self._whole, self._whole_at = tuple(self._messages(wanted, before, after)), after
        yield from self._whole

    def _messages(self, wanted: Filter, before: str, after: str) -> Iterator[bytes]:
        found = filter(wanted.takes, self.events())
        part = list(islice(found, EVENTS_EACH))
        while part:
            later = list(islice(found, EVENTS_EACH))
            yield Response(events=part, position=before if later else after).SerializeToString()
            part = later


class Risks(NamedTuple):
    """Orders that an entry puts at risk."""

    entry: ledger_entry_pb2.LedgerEntry
    at_risk: tuple[tuple[int, str], ...]

    @property
    def size(self) -> int:
        """What it takes in memory, about."""
        return self.entry.ByteSize() + 100 * len(self.at_risk)

    def events(self, position: str) -> Iterator[types_pb2.OrderEvent]:
        """One event for each order and risk of it."""
        for place, order_id in self.at_risk:
            event = risk_event(self.entry, place, order_id)
            event.position = position
            yield event


def commit_of(recorded: LogEntry) -> Commit | None:
    """What a recorded entry tells; None: nothing."""
    if not recorded.counts:
        return None
    entry = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry)
    if not entry.events and not recorded.at_risk:
        return None
    events = []
    for each in entry.events:
        # A copy: one that stands in the entry would keep all of it in memory.
        event = types_pb2.OrderEvent()
        event.CopyFrom(each)
        event.position = recorded.position
        events.append(event)
    risks = None
    if recorded.at_risk:
        told = ledger_entry_pb2.LedgerEntry(request_id=entry.request_id, risks=entry.risks)
        risks = Risks(told, recorded.at_risk)
    return Commit(recorded.position, events, risks)
