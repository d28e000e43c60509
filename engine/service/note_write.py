"""What is recorded though it changes no stock: what is learned, reloaded, or found by a long job."""

from dataclasses import dataclass

from belofte.v1.ledger_entry_pb2 import LedgerEntry

from engine.inventory.live import LiveStock
from engine.inventory.transaction import Transaction
from engine.inventory.write_path import Awaited


@dataclass(eq=False)
class NoteWrite(Awaited):
    """An entry on the write path, as it is."""

    entry: LedgerEntry

    @property
    def request_id(self) -> str:
        """The caller's id of the request, or one of the engine's own."""
        return self.entry.request_id

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """The same, however often it is asked."""
        return Transaction(self.request_id, self.entry.request_digest, "", (), (), self.entry.SerializeToString())
