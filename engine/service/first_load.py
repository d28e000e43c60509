"""The network folder's inventory into a ledger whose load is not complete: whole or known as unfinished, and complete once.

A load is a row of numbered steps, recorded one after the other; the last of them says that it is complete. What the steps
recorded so far have put into each position is known from the ledger alone, since nothing else may change stock before the
load is complete. So a load that was cut off goes on with the next number, and makes each position what the folder says by
then, also those that earlier steps have filled. A number is taken once: whoever else loads meanwhile is refused it, also after
the last, and looks again at what is recorded.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from belofte.v1 import ledger_entry_pb2

from engine.domain.clock import Clock
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.effects import add_effects, effects_of
from engine.inventory.live import LiveStock
from engine.inventory.shards import WHOLE, Shards
from engine.inventory.transaction import Cell, CellChange, Transaction
from engine.inventory.write_path import Awaited, Recorded, WritePath
from engine.ledger.ledger import Ledger
from engine.network.records import NetworkRecords
from engine.network.segments import ring_fence

CELLS_MAX = 2_000
LOAD_INVENTORY = "LoadInventory"
LOADED = "@inventory/loaded"
"""Record of a load that is complete. No order can have such an id, so nothing else can stand in its place."""

RECORD_SECONDS_MAX = 60.0
AGAIN_SECONDS = 0.2
PASSING = (Reason.ORDER_EXISTS, Reason.STORE_RECOVERING, Reason.RECORD_LAGGING, Reason.DEADLINE_EXCEEDED)
"""Refusals after which the same step is tried again, with the same request id."""


class LoadFailedError(RuntimeError):
    """The inventory could not be loaded, and why; what was loaded is kept, and the next start completes it."""


@dataclass(eq=False)
class _Step(Awaited):
    """One step of the load on the write path. `number_id` is created once; `record_id` is what the ledger finds it by."""

    number_id: str
    record_id: str
    cells: tuple[CellChange, ...]
    network_version: str
    request_id: str
    decided_unix_ms: int

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """The same, however often it is asked."""
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=self.request_id, method=LOAD_INVENTORY, order_id=self.record_id,
            network_version=self.network_version, decided_unix_ms=self.decided_unix_ms, request_digest=bytes(32),
        )  # fmt: skip
        add_effects(entry, self.cells, ())
        return Transaction(self.request_id, bytes(32), self.number_id, self.cells, (), entry.SerializeToString())


def load_inventory(
    records: NetworkRecords, network_version: str, path: WritePath, ledger: Ledger, clock: Clock,
    advance: Callable[[int, int], None], shards: Shards = WHOLE,
) -> int | None:  # fmt: skip
    """Load inventory and receipts: the count of the folder's positions; None where a load was complete without this one.

    `advance` is told (done, all) positions to change. Raises `LoadFailedError`.
    """
    if ledger.find_order(LOADED):
        return None
    opening = tuple(opening_changes(records))
    while not ledger.find_order(LOADED):
        count, held = _recorded_steps(ledger)
        if count:
            structlog.get_logger("first-load").warning(
                "inventory is loaded in part: the load is completed from the network folder as it is now",
                steps=count, positions=len(held),
            )  # fmt: skip
        changes = tuple(_changes_from(held, opening)) if held else opening
        done = 0
        for cells in _steps(changes, shards):
            if not _record(_number_id(count), _number_id(count), cells, network_version, path, ledger, clock):
                break
            count += 1
            done += len(cells)
            advance(done, len(changes))
        else:
            if _record(_number_id(count), LOADED, (), network_version, path, ledger, clock):
                return len(opening)
    return None


def _steps(changes: Sequence[CellChange], shards: Shards) -> Iterator[tuple[CellChange, ...]]:
    """Changes in steps, each of one shard."""
    of_shard: list[list[CellChange]] = [[] for _ in range(shards.count)]
    for change in changes:
        of_shard[shards.of_item(change.cell.item_id)].append(change)
    for each in of_shard:
        yield from (tuple(each[first : first + CELLS_MAX]) for first in range(0, len(each), CELLS_MAX))


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


def _number_id(number: int) -> str:
    return f"@inventory/{number}"


def _recorded_steps(ledger: Ledger) -> tuple[int, dict[Cell, tuple[int, int | None]]]:
    """How many steps are recorded, and what they have left: (supply, date of the receipt) by position."""
    held: dict[Cell, tuple[int, int | None]] = {}
    count = 0
    while found := ledger.find_order(_number_id(count)):
        changes, _ = effects_of(found[0].entry)
        for change in changes:
            cell = Cell(change.item_id, change.location_id, change.receipt_id, change.pool)
            supply, _ = held.get(cell, (0, None))
            held[cell] = supply + change.supply_delta, change.available_at_minute
        count += 1
    return count, held


def _changes_from(held: dict[Cell, tuple[int, int | None]], opening: Sequence[CellChange]) -> Iterator[CellChange]:
    """What makes of `held` what the folder says. Positions that the folder has no more hold nothing afterwards."""
    for change in opening:
        if held.get(change.cell) == (change.supply_delta, change.available_at_minute):
            continue
        supply, _ = held.get(change.cell, (0, None))
        yield change._replace(supply_delta=change.supply_delta - supply, supply_expected=supply)
    wanted = {change.cell for change in opening}
    for cell, (supply, minute) in held.items():
        if supply and cell not in wanted:
            yield CellChange(cell, -supply, 0, None, supply, minute)


def _record(
    number_id: str, record_id: str, cells: tuple[CellChange, ...], network_version: str, path: WritePath, ledger: Ledger,
    clock: Clock,
) -> bool:  # fmt: skip
    """Commit one step and wait for its record; False where another loader has recorded a step of this number."""
    now = clock.unix_ms()
    request_id = uuid7(now)
    give_up_at = time.monotonic() + RECORD_SECONDS_MAX
    while True:
        step = _Step(number_id, record_id, cells, network_version, request_id, now)
        path.run([step])
        if not step.settled.wait(max(0.0, give_up_at - time.monotonic())):
            raise LoadFailedError(
                f"inventory is loaded in part: the ledger did not record {number_id} within {RECORD_SECONDS_MAX:.0f} s. Start"
                " again: the load goes on from there."
            )
        outcome = step.outcome
        if isinstance(outcome, Recorded):
            return True
        assert isinstance(outcome, Refusal)
        # Committed by another loader, its record may still come, or be lost with the store: then the number is free again.
        if outcome.reason is Reason.ORDER_EXISTS and (ledger.find_order(number_id) or ledger.find_order(LOADED)):
            return False
        if outcome.reason not in PASSING or time.monotonic() >= give_up_at:
            raise LoadFailedError(
                f"inventory is loaded in part: {number_id} was refused: {outcome.message}. Start again: the load goes on from"
                " there. Where it is refused again, load into another data folder."
            )
        time.sleep(AGAIN_SECONDS)
