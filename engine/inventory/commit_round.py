"""What is committed in one round: batches, each sent when it is full, so that the store works while more is planned."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine.inventory.basis import RoundBasis
from engine.inventory.batch import CELLS_MAX, TRANSACTIONS_MAX, decode_reply
from engine.inventory.client import StoreAway
from engine.inventory.effects import CapacityUse, PositionChange, TextEffect, changes_of
from engine.inventory.parts import Parted
from engine.inventory.transaction import Committed, Outcome, Transaction

CELLS_SENT, TRANSACTIONS_SENT = CELLS_MAX // 2, TRANSACTIONS_MAX // 2
"""A batch is full with so many of either, so that the store begins early. Smaller ones cost more to plan than they save:
plain orders a second on 2 cores are 5,000 in batches of 64, 7,000 of 128, and 6,800 of 256."""


class LogRecord(NamedTuple):
    """What one entry of the log did to stock."""

    position: str
    changes: Sequence[PositionChange]
    capacities: tuple[CapacityUse, ...]
    texts: tuple[TextEffect, ...] = ()


class CommitResult(NamedTuple):
    """An outcome a transaction, and every entry of the log since the position given, foreign ones as well."""

    outcomes: Sequence[Outcome | Parted]
    entries: Sequence[LogRecord]


class CommitWire(NamedTuple):
    """The way to the store, where batches are done in the order in which they are sent. All raise StoreAway.

    `receive` gives the answer to the first that has none yet; `end` lets go of those that have none.
    """

    send: Callable[[Sequence[Transaction], Sequence[bytes]], None]
    """Transactions, and what is added to the entry of each; none: nothing."""
    receive: Callable[[], Any]
    end: Callable[[], None]
    tail: Callable[[str, str], Sequence[LogRecord]]
    """Entries of the log after a position and up to another, some of them; raises StoreGap."""


class CommitRound:
    """Transactions in the order in which they came; each is committed, or not, after those before it."""

    def __init__(self, wire: CommitWire, basis: RoundBasis | None = None) -> None:
        self._wire = wire
        self._basis = basis
        self._sent_count = 0
        self._batch: list[Transaction] = []
        self._cells = 0
        self._sent: list[list[Transaction]] = []
        self._away: StoreAway | None = None

    def add(self, transaction: Transaction) -> None:
        """Have a transaction committed, now or with those that come."""
        cells = len(transaction.cells) + len(transaction.capacities) + len(transaction.texts)
        if self._batch and self._cells + cells > CELLS_MAX:
            self._send()
        self._batch.append(transaction)
        self._cells += cells
        if len(self._batch) >= TRANSACTIONS_SENT or self._cells >= CELLS_SENT:
            self._send()

    def flush(self) -> None:
        """Send what waits to be sent."""
        if self._batch:
            self._send()

    def end(self, position: str) -> CommitResult:
        """What became of them. `position`: of the stock in memory. Raises StoreAway, StoreGap.

        When it raises, some of the transactions may have been committed: their records will tell.
        """
        self.flush()
        try:
            if self._away is not None:
                raise self._away
            return self._received(position)
        finally:
            self._wire.end()

    def _send(self) -> None:
        batch, self._batch, self._cells = self._batch, [], 0
        first, self._sent_count = self._sent_count, self._sent_count + len(batch)
        bases = [self._basis.of(first + at) for at in range(len(batch))] if self._basis is not None else ()
        if self._away is not None:
            return
        try:
            self._wire.send(batch, bases)
        except StoreAway as error:
            # Nothing may follow what is lost. It is told when all is planned.
            self._away = error
        else:
            self._sent.append(batch)

    def _received(self, position: str) -> CommitResult:
        outcomes: list[Outcome] = []
        entries: list[LogRecord] = []
        for batch in self._sent:
            head, results = decode_reply(self._wire.receive(), len(batch))
            while head and head != position:
                foreign = self._wire.tail(position, head)
                entries += foreign
                position = foreign[-1].position
            outcomes += results
            for transaction, outcome in zip(batch, results, strict=True):
                if isinstance(outcome, Committed):
                    entries.append(_own_record(transaction, outcome.position))
            if entries:
                position = entries[-1].position
        return CommitResult(outcomes, entries)


def _own_record(transaction: Transaction, position: str) -> LogRecord:
    uses = tuple(CapacityUse(use.location_id, use.day, use.quantity_delta) for use in transaction.capacities)
    texts = tuple(TextEffect(text.table, text.item_id, text.field, text.text) for text in transaction.texts)
    return LogRecord(position, changes_of(transaction.cells), uses, texts)
