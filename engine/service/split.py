"""What an engine does besides over a network that is split into shards: see to parts, and to what the ledger has overruled."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import structlog

from engine.domain.clock import Clock
from engine.inventory.live import LiveStock
from engine.inventory.parts import Spanning
from engine.inventory.recorded import RecordedWaiters
from engine.inventory.shards import Shards
from engine.inventory.two_phase import TwoPhase
from engine.inventory.write_path import Write
from engine.ledger.ledger import Ledger
from engine.service.overruled import UNDONE_AT_ONCE_MAX, UndoWrite

UNDO_SECONDS = 1.0
"""How often the ledger is asked for what is to be undone."""

RECORDS_AWAITED = 3
"""A part lasts as long as so many records may take: its own, the decision's, and one more for clocks that differ."""


class Split:
    """Of one engine. What other threads hand over is run by the desk's, all of it together."""

    def __init__(
        self, waiters: RecordedWaiters, ledger: Ledger, executor: Executor, clock: Clock, shards: Shards,
        wake: Callable[[], None],
    ) -> None:  # fmt: skip
        """`wake` tells the desk's thread that there is something to run."""
        self._ledger = ledger
        self._executor = executor
        self._clock = clock
        self._shards = shards
        self._wake = wake
        self._handed: deque[Write] = deque()
        self._looked_at = 0.0
        self._is_looking = False
        self._two_phase = TwoPhase(waiters, ledger.decide_expired, self._hand, executor, clock.unix_ms)
        self._log = structlog.get_logger("split")

    def expect(self, spanning: Spanning) -> None:
        """The parts of a write are about to be committed."""
        self._two_phase.expect(spanning)

    def abandon(self, spanning: Spanning) -> None:
        """Not all of them were."""
        self._two_phase.abandon(spanning)

    def begin(self, write: Write, spanning: Spanning) -> None:
        """All of them were."""
        self._two_phase.begin(write, spanning)

    def keep_up(self, stock: LiveStock, run: Callable[[Sequence[Write]], None]) -> None:
        """In the desk's thread: run what was handed over, and look for what nobody ends."""
        writes = [self._handed.popleft() for _ in range(len(self._handed))]
        if writes:
            run(writes)
        self._two_phase.sweep(stock)
        if not self._is_looking and time.monotonic() - self._looked_at > UNDO_SECONDS:
            self._is_looking = True
            self._executor.submit(self._look_for_overruled)

    @property
    def has_work(self) -> bool:
        """Whether anything was handed over."""
        return bool(self._handed)

    def _hand(self, write: Write) -> None:
        self._handed.append(write)
        self._wake()

    def _look_for_overruled(self) -> None:
        try:
            for each in self._ledger.not_undone(UNDONE_AT_ONCE_MAX):
                self._log.warning("a write is undone that another shard was faster with", position=each.position)
                self._hand(UndoWrite(each, self._shards.of_position(each.position), self._clock.unix_ms()))
        except Exception as error:
            self._log.warning("the ledger cannot be asked what is to be undone", error=str(error))
        finally:
            self._looked_at = time.monotonic()
            self._is_looking = False
