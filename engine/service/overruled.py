"""Entries that the ledger has overruled are undone: what they changed of stock is taken back in their own shard, once."""

from dataclasses import dataclass

from belofte.v1 import ledger_entry_pb2

from engine.domain.ids import derived_id
from engine.inventory.effects import add_effects
from engine.inventory.live import LiveStock
from engine.inventory.transaction import Transaction
from engine.inventory.write_path import Awaited
from engine.ledger.ledger import RecordedEntry
from engine.service.requests import opposite

UNDO_OVERRULED = "UndoOverruled"
UNDONE_AT_ONCE_MAX = 100


@dataclass(eq=False)
class UndoWrite(Awaited):
    """The opposite of an overruled entry; several engines may try, and one of them succeeds."""

    overruled: RecordedEntry
    shard: int
    unix_ms: int

    def __post_init__(self) -> None:
        """The same undoing has the same id, whoever makes it."""
        self._entry = ledger_entry_pb2.LedgerEntry.FromString(self.overruled.entry)
        self.request_id = derived_id(self._entry.request_id, f"undo {self.overruled.position}")

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """The same, however often it is asked."""
        cells, days, texts = opposite(self._entry)
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=self.request_id, method=UNDO_OVERRULED, request_digest=bytes(32), undoes=self.overruled.position,
            decided_unix_ms=self.unix_ms,
        )  # fmt: skip
        add_effects(entry, cells, days, texts)
        return Transaction(
            self.request_id, bytes(32), "", cells, days, entry.SerializeToString(), texts, self.shard
        )  # fmt: skip
