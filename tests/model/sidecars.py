"""A ledger sidecar: takes over, reconciles, opens, records. A generator whose every step is one call of store or ledger.

Mirrors engine/ledger/sidecar.py, recorder.py and rebuild.py. The lease is left out: several may run at any time.
"""

from collections.abc import Callable, Iterator

from tests.model.auditor import Auditor
from tests.model.stock import chunks
from tests.model.world import ORIGIN, Away, BrokenLog, Entry, Fenced, Last, Ledger, Position, Server

Publish = Callable[[Server, tuple[tuple[int, Position], ...]], None]


class StoreLost(Exception):  # noqa: N818 - an outcome
    """The gate of this epoch is closed, or another was stamped."""


class Sidecar:
    """One process; `server` is whom it reaches at the moment."""

    def __init__(self, name: str, server: Server, ledger: Ledger, auditor: Auditor, publish: Publish) -> None:
        self.name = name
        self.server, self.ledger, self.auditor, self.publish = server, ledger, auditor, publish
        self.epoch = 0
        self.last = Last(ORIGIN, 0)
        self.doing = ""
        self.steps: Iterator[str] | None = None

    def start(self) -> None:
        """Begin anew, knowing nothing."""
        self.steps = self._run()

    def stop(self) -> None:
        """Die, wherever it is."""
        self.steps = None

    def step(self) -> None:
        """One call; nothing where it does not run."""
        if self.steps is not None:
            try:
                self.doing = next(self.steps)
            except StopIteration:
                self.steps = None

    def _run(self) -> Iterator[str]:
        while True:
            try:
                yield from self._run_epoch()
            except (Away, StoreLost, BrokenLog):
                yield "the epoch has ended"
            except Fenced:
                return

    def _run_epoch(self) -> Iterator[str]:
        above = self.server.state.stamp
        yield "asked what is stamped"
        self.epoch = self.ledger.take_over(above)
        yield "took over"
        self.last = self.ledger.last
        yield "read the last entry"
        self._done(self.server.close(self.epoch))
        yield "closed the gate"
        layout = yield from self._reconcile()
        before = self.last
        self.last = self.ledger.record_opening(self.epoch, before)
        self.auditor.opening(before, self.last)
        yield "recorded the opening"
        self._done(self.server.open(self.epoch, before, self.last, layout))
        self.auditor.opened(self.server, self.epoch, bool(layout))
        yield "opened the gate"
        yield from self._record_log()

    def _reconcile(self) -> Iterator[str]:
        """Returns the layout of what was rebuilt, 0 where the store goes on."""
        goes_on = self.server.holds(self.last) or not self.ledger.rules.r5_reconcile
        yield "compared"
        if goes_on:
            try:
                yield from self._drain()
                if self.server.state.layout:
                    return 0
            except BrokenLog:
                if not self.ledger.rules.r5_reconcile:
                    return 0
        replayed = self.auditor.data
        yield "read the ledger"
        for part in chunks(replayed):
            self._done(self.server.fill(self.epoch, part))
            yield "filled a part"
        return self.epoch

    def _drain(self) -> Iterator[str]:
        end = self.server.state.head.position
        yield "read the head"
        while self.last.position != end:
            entries = self.server.read(self.last.position)[:2]
            yield "read the log"
            if not entries:
                raise BrokenLog
            self._record(entries)
            yield "drained"

    def _record_log(self) -> Iterator[str]:
        while True:
            entries = self.server.read(self.last.position)[:4]
            if entries:
                yield "read the log"
                self._record(entries)
                yield "recorded"
            self._done(self.server.tell(self.epoch, self.last))
            if entries:
                self.publish(self.server, tuple((entry.request, entry.position) for entry in entries))
            yield "told"

    def _record(self, entries: tuple[Entry, ...]) -> None:
        self.ledger.check_record(self.epoch, self.last, entries)
        self.auditor.recording(entries)
        self.last = self.ledger.record(entries)

    def _done(self, is_done: bool) -> None:
        if not is_done:
            if self.server.state.stamp > self.epoch:
                raise Fenced
            raise StoreLost
