"""The invariants. The auditor sees everything at once, as nobody in the model does, and replays the ledger as it grows.

1. No oversell: each guard that an entry passed in the store it passes again in the ledger, at its place; and an open store
   holds all that is recorded, so that nothing is sold from stock that went back in time.
2. An answer is what is recorded: acknowledged ids are in the ledger, once, with the answer that was given; ORDER_EXISTS is
   said of recorded orders, and a refusal is never said of a recorded id.
3. A store that is opened, and the one that is left in the end, equals the replay of the ledger.
4. A hold ends once.
5. History is one chain.
6. Request ids and order ids are recorded once, and no log repeats what is recorded.
7. A consistency token is answered with a state that has seen it, or not at all; what is recorded, then or later, is never
   called lost.
8. What was called off does not happen later.
9. No more entries than allowed wait for the record.
"""

from collections import Counter

from tests.model.rules import Rules
from tests.model.stock import (
    CANCELLED,
    EMPTY,
    ENDED,
    EXISTS,
    FLOOR,
    REMEMBERED_TICKS,
    SUPPLY,
    Change,
    Data,
    apply,
    born,
    refusal,
)
from tests.model.world import LAG_ENTRIES_MAX, Clock, Entry, Last, Ledger, Position, Server

BROKEN = {
    FLOOR: "1: oversold", SUPPLY: "1: supply counted from what is not recorded", ENDED: "4: the hold had ended",
    EXISTS: "6: the order is recorded already", CANCELLED: "8: it had been called off",
}  # fmt: skip

BATCH_MAX = 3


class Violation(Exception):  # noqa: N818 - what the model looks for
    """An invariant is broken; the text begins with its number."""


class Auditor:
    """Raises Violation at the step that breaks an invariant."""

    def __init__(self, clock: Clock, ledger: Ledger, rules: Rules) -> None:
        self.clock, self.ledger, self.rules = clock, ledger, rules
        self.data: Data = EMPTY
        """The replay of the ledger."""
        self.past: dict[int, tuple[Position, int]] = {0: ((0, 0), 0)}
        """Link of each entry that was ever committed → its position, and the link before."""
        self.called_off: set[int] = set()
        self.called_lost: set[int] = set()
        self.counts: Counter[str] = Counter()
        """What happened, so that a test can tell that schedules are about something."""

    def committed(self, server: Server, epoch: int, before: Last, entries: list[Entry]) -> None:
        """Entries were appended to a log."""
        link = before.link
        for entry in entries:
            self.past[entry.link] = entry.position, link
            link = entry.link
        if epoch == self.ledger.epoch and entries:
            if not self._has_seen(before.link, self.ledger.last):
                raise Violation("1: sold from a store that lacks what is recorded")
            waiting = sum(entry.position > server.state.recorded.position for entry in server.state.log)
            if waiting >= LAG_ENTRIES_MAX + BATCH_MAX:
                raise Violation("9: too many wait for the record")

    def recording(self, entries: tuple[Entry, ...]) -> None:
        """Entries are recorded now."""
        ledger, last = self.ledger, self.ledger.last
        for entry in entries:
            if entry.previous != last.position or entry.position <= last.position:
                raise Violation(f"5: {entry.position} follows {last.position}")
            if self.past[entry.link][1] != last.link:
                raise Violation("5: another past than the ledger's")
            if entry.link in self.called_lost:
                raise Violation(f"7: {entry.position} was called lost, and came back")
            if entry.request in ledger.by_request:
                raise Violation("6: the log repeats a recorded request")
            if entry.request in self.called_off:
                raise Violation("8: it had been called off")
            why = refusal(self.data, entry.request, entry.change, self.clock.now, False)
            if why:
                raise Violation(BROKEN[why])
            self.counts[entry.change.kind] += 1
            self.data = apply(self.data, entry.request, entry.change, born(entry.request) + REMEMBERED_TICKS)
            last = Last(entry.position, entry.link)

    def opening(self, before: Last, opening: Last) -> None:
        """An opening is recorded."""
        if opening != before:
            self.past[opening.link] = opening.position, before.link

    def opened(self, server: Server, epoch: int, is_rebuilt: bool) -> None:
        """A gate was opened."""
        self.counts["rebuilt" if is_rebuilt else "drained"] += 1
        if epoch == self.ledger.epoch:
            self.check_store(server)

    def check_store(self, server: Server) -> None:
        """The store equals the replay of the ledger."""
        data, now = server.state.data.get(server.state.layout, EMPTY), self.clock.now
        for name in ("supply", "demand", "orders", "holds", "cancelled"):
            if getattr(data, name) != getattr(self.data, name):
                raise Violation(f"3: {name} {getattr(data, name)}, by the ledger {getattr(self.data, name)}")
        if self.rules.r7_requests_are_remembered:
            for request, until in self.data.requests.items():
                if until >= now and data.requests.get(request, -1) < now:
                    raise Violation("3: the store has forgotten a request")

    def acknowledged(self, request: int, position: Position | None, change: Change | None) -> None:
        """A caller was told that its request is recorded, where and as what."""
        self.counts["acknowledged"] += 1
        entry = self.ledger.by_request.get(request)
        if entry is None:
            raise Violation("2: acknowledged, and not recorded")
        if position is not None and (entry.position, entry.change) != (position, change):
            raise Violation("2: acknowledged otherwise than recorded")

    def refused(self, request: int, why: str, change: Change | None) -> None:
        """A caller was told that its request will not be done."""
        self.counts[f"refused: {why}"] += 1
        if why == EXISTS and change is not None and change.key not in self.data.orders:
            raise Violation("2: ORDER_EXISTS of an order that is not recorded")
        if request in self.ledger.by_request:
            raise Violation("2: refused, and recorded")

    def call_off_told(self, target: int) -> None:
        """A caller was told that a request is called off, and nothing is recorded that says so."""
        self.called_off.add(target)

    def read(self, link: int, token: Last) -> None:
        """A state was shown to a caller that had seen a token."""
        if not self._has_seen(link, token):
            raise Violation(f"7: shown a state that lacks {token.position}")

    def lost(self, token: Last) -> None:
        """A caller was told that a position is lost."""
        self.counts["lost"] += 1
        if token.link in self.ledger.by_link or token.link in self.ledger.openings or token == self.ledger.last:
            raise Violation(f"7: {token.position} is recorded, and was called lost")
        self.called_lost.add(token.link)

    def _has_seen(self, link: int, wanted: Last) -> bool:
        """Whether the past of a link goes through an entry."""
        past = self.past
        while link != wanted.link:
            if not link:
                return False
            position, link = past[link]
            if position < wanted.position:
                return False
        return True
