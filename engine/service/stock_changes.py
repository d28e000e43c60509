"""Changes of stock added up for those who watch it: noted entry by entry, or read from the ledger where they were missed."""

import time
from collections.abc import Collection
from operator import add
from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2

from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.inventory.effects import ChangeColumns, PositionChange, effects_in, texts_in
from engine.inventory.holds import Hold
from engine.inventory.live import LiveStock, LogEntry
from engine.inventory.matrix import ON_HAND
from engine.inventory.parts import unlocked
from engine.inventory.transaction import TextTable
from engine.ledger.ledger import Ledger
from engine.service.reads import UNCHANGED, Change, Place

PAGE_ENTRIES = 500
PAGES_EACH = 10
"""Read in one go: the threads that read the ledger are for everybody."""

MISSED_ENTRIES_MAX = 100_000
"""Who missed more starts anew."""

NOTHING = (0, 0)
RECORD_SECONDS_MAX = 10.0
"""How long the ledger may take to come to where the stock in memory is."""

CellSums = dict[tuple[str, str, str, str], tuple[int, int]]
"""(item, location, receipt, pool) → base units added to its supply and to its demand."""

Places = dict[Place, Change]
"""Changes of an item."""

Changes = dict[int, Places]
"""Changes by item, as index."""


def add_to(sums: CellSums, change: PositionChange) -> None:
    """Add a change."""
    cell = change[:4]
    supply, demand = sums.get(cell, NOTHING)
    sums[cell] = supply + change.supply_delta, demand + change.demand_delta


def note_changes(sums: CellSums, stock: LiveStock, entry: LogEntry, items: Collection[str] | None) -> None:
    """Add what an entry, before it is applied, changes of these items; None: of all."""
    changes = entry.changes
    if items is None or not isinstance(changes, ChangeColumns) or any(each in items for each in set(changes.items.ids)):
        for change in changes:
            if items is None or change.item_id in items:
                add_to(sums, change)
    for text in entry.texts:
        if text.table == TextTable.HOLDS:
            # What was reserved may be allocated now, without a change of demand.
            after = Hold.parse(text.field, left) if (left := unlocked(text.text)) else None
            for hold in (stock.holds.get(text.field), after):
                for each in hold.units if hold is not None else ():
                    if items is None or each.cell.item_id in items:
                        sums.setdefault(each.cell, NOTHING)


def places_by_item(sums: CellSums, stock: LiveStock, now_minute: int) -> Changes:
    """The same by index. Of receipts only those add anything that can be used by now."""
    found: Changes = {}
    for (item_id, location_id, receipt_id, pool), (supply, demand) in sums.items():
        item, location = stock.item_index.get(item_id), stock.location_index.get(location_id)
        if item is None or location is None:
            continue
        minute = stock.receipt_minute(item, location, receipt_id)
        if minute == ON_HAND:
            change = Change(supply - demand, 0, 0 if receipt_id else supply)
        else:
            change = Change(arrived=supply - demand) if minute <= now_minute else UNCHANGED
        merge_places(found.setdefault(item, {}), {(location, pool): change})
    return found


def merge_places(into: Places, other: Places) -> None:
    """Add up."""
    for place, change in other.items():
        before = into.get(place)
        into[place] = change if before is None else Change(*map(add, before, change))


class Missed(NamedTuple):
    """What changed in a stretch of the log."""

    sums: CellSums


class CatchUp:
    """Reads what happened between two positions of the log, or of each, from the ledger, some at a time, beside the desk."""

    def __init__(self, ledger: Ledger, after: str, until: str, field: str = "") -> None:
        """`field`: what `after` was asked by, for a refusal; empty: by nobody."""
        self._ledger = ledger
        self._after = self._at = after
        self._until = until
        self._field = field
        self._sums: CellSums = {}
        self._entries = 0
        self._is_proven = ledger.shards.is_of_epoch(after, until)
        self._give_up_at = time.monotonic() + RECORD_SECONDS_MAX

    def read(self) -> Missed | Refusal | None:
        """Go on; None: there is more, or the ledger is not there yet."""
        if not self._is_proven:
            if not self._ledger.has_recorded(self._after):
                return self._lost(f"{self._after} was lost before it was recorded: start anew")
            self._is_proven = True
        if self._at == self._after and not self._ledger.is_kept_after(self._after):
            return self._lost(f"what came after {self._after} was cut by retention: start anew")
        shards = self._ledger.shards
        for _ in range(PAGES_EACH):
            if not shards.is_ahead(self._until, self._at):
                return Missed(self._sums)
            page = self._ledger.entries_after(self._at, PAGE_ENTRIES)
            if not page:
                if time.monotonic() < self._give_up_at:
                    return None
                return Refusal(Reason.STORE_RECOVERING, "the ledger is behind; go on from the last position read")
            self._entries += len(page)
            if self._entries > MISSED_ENTRIES_MAX:
                return self._lost(f"more than {MISSED_ENTRIES_MAX} entries came after {self._after}: start anew")
            for recorded in page:
                # Of what is after it the stock in memory tells.
                if not shards.is_ahead(recorded.position, self._until):
                    self._add(ledger_entry_pb2.LedgerEntry.FromString(recorded.entry))
            self._at = page[-1].after
            self._give_up_at = time.monotonic() + RECORD_SECONDS_MAX
        return None

    def _add(self, entry: ledger_entry_pb2.LedgerEntry) -> None:
        sums = self._sums
        for change in effects_in(entry)[0]:
            add_to(sums, change)
        for peg in entry.pegs:
            sums.setdefault((peg.item_id, peg.location_id, peg.receipt_id, peg.pool), NOTHING)
        for text in texts_in(entry):
            if text.table == TextTable.HOLDS and (left := unlocked(text.text)):
                for each in Hold.parse(text.field, left).units:
                    sums.setdefault(each.cell, NOTHING)

    def _lost(self, why: str) -> Refusal:
        if not self._field:
            return Refusal(Reason.POSITION_LOST, why)
        return Refusal(Reason.POSITION_LOST, f"{self._field}: {why}", (FieldViolation(self._field, why),))
