"""The network folder's inventory into a ledger that has none: exactly once, whatever is killed and whoever else tries."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event

import numpy as np
from belofte.v1 import ledger_entry_pb2

from engine.domain.clock import Clock
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.live import LiveStock
from engine.inventory.transaction import Cell, CellChange, Transaction
from engine.inventory.write_path import Recorded, WritePath
from engine.ledger.ledger import Ledger
from engine.network.records import NetworkRecords
from engine.network.segments import ring_fence
from engine.service.record import add_effects

CELLS_MAX = 2_000
LOAD_INVENTORY = "LoadInventory"
LOADED = "@inventory/loaded"
"""Record of a load that is complete. No order can have such an id, so nothing else can stand in its place."""

RECORD_SECONDS_MAX = 60.0
AGAIN_SECONDS = 0.2


class LoadFailedError(RuntimeError):
    """The inventory could not be loaded, and why; what was loaded is kept, and the next start goes on from there."""


@dataclass(slots=True)
class _Chunk:
    """One part of the load on the write path: created once under its own name, on positions that are still empty."""

    record_id: str
    cells: tuple[CellChange, ...]
    network_version: str
    request_id: str
    decided_unix_ms: int
    settled: Event = field(default_factory=Event, init=False)
    outcome: Recorded | Refusal | None = field(default=None, init=False)

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """The same, however often it is asked."""
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=self.request_id, method=LOAD_INVENTORY, order_id=self.record_id,
            network_version=self.network_version, decided_unix_ms=self.decided_unix_ms, request_digest=bytes(32),
        )  # fmt: skip
        add_effects(entry, self.cells, ())
        return Transaction(self.request_id, bytes(32), self.record_id, self.cells, (), entry.SerializeToString())

    def hold(self, stock: LiveStock) -> None:
        """Nothing is planned after it."""

    def release(self, stock: LiveStock) -> None:
        """Nothing was held."""

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.outcome = outcome
        self.settled.set()


def load_inventory(
    records: NetworkRecords, network_version: str, path: WritePath, ledger: Ledger, clock: Clock,
    advance: Callable[[int, int], None],
) -> bool:  # fmt: skip
    """Load inventory and receipts unless that was done before; whether anything was. `advance` is told (done, all) rows.

    Raises `LoadFailedError`.
    """
    if ledger.find_order(LOADED):
        return False
    changes = list(opening_changes(records))
    chunks = [changes[i : i + CELLS_MAX] for i in range(0, len(changes), CELLS_MAX)]
    for number, cells in enumerate(chunks):
        _load(f"@inventory/{number}", tuple(cells), network_version, path, ledger, clock)
        advance(min((number + 1) * CELLS_MAX, len(changes)), len(changes))
    _load(LOADED, (), network_version, path, ledger, clock)
    return True


def opening_changes(records: NetworkRecords) -> Iterator[CellChange]:
    """Every position with its supply, which must be empty before, ring-fenced stock apart; receipts with their dates."""
    inventory = ring_fence(records).inventory
    items, locations, pools = records.items, records.locations, inventory.pools
    for at in range(len(inventory.quantity)):
        cell = Cell(
            items[inventory.item_index[at]].item_id, locations[inventory.location_index[at]].location_id, "",
            pools[inventory.pool_index[at]],
        )  # fmt: skip
        yield CellChange(cell, int(inventory.quantity[at]), 0, None, 0, None)
    for receipt in records.receipts:
        cell = Cell(receipt.item_id, receipt.location_id, receipt.receipt_id, "")
        yield CellChange(cell, receipt.quantity, 0, None, 0, receipt.available_at_minute)


def unsellable_positions(records: NetworkRecords) -> frozenset[tuple[int, int, str]]:
    """(item, location, pool) of the positions flagged out of stock."""
    inventory = records.inventory
    return frozenset(
        (int(inventory.item_index[at]), int(inventory.location_index[at]), inventory.pools[inventory.pool_index[at]])
        for at in np.flatnonzero(~inventory.sellable)
    )


def _load(
    record_id: str, cells: Sequence[CellChange], network_version: str, path: WritePath, ledger: Ledger, clock: Clock
) -> None:  # fmt: skip
    give_up_at = time.monotonic() + RECORD_SECONDS_MAX
    while True:
        now = clock.unix_ms()
        chunk = _Chunk(record_id, tuple(cells), network_version, uuid7(now), now)
        path.run([chunk])
        if not chunk.settled.wait(max(0.0, give_up_at - time.monotonic())):
            raise LoadFailedError(f"the ledger did not record {record_id} within {RECORD_SECONDS_MAX:.0f} s")
        outcome = chunk.outcome
        if isinstance(outcome, Recorded) or ledger.find_order(record_id):
            return
        # Committed by a loader before, the record may still come, or be lost with the store: then it is loaded again.
        assert isinstance(outcome, Refusal)
        if outcome.reason is not Reason.ORDER_EXISTS or time.monotonic() >= give_up_at:
            raise LoadFailedError(f"{record_id} was refused: {outcome.message}")
        time.sleep(AGAIN_SECONDS)
