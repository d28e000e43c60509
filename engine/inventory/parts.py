"""A transaction over several shards in parts: what each shard holds until the ledger has decided, and what it does then.

A part takes at once, guarded, all that makes less for others: demand, capacity, supply that goes. What makes more waits for
the decision, and so do texts, which are locked meanwhile. What the part has to do in the end stands in the shard's store as
a text, and thus in its log: whoever finds it there after a crash can end it.

Decided CONFIRMED, it gives what waited; decided EXPIRED, it gives back what it took. Either way its text goes, in the same
transaction and guarded by what it was, so that a part ends once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import orjson
from belofte.v1 import ledger_entry_pb2

from engine.domain.ids import derived_id, uuid7
from engine.inventory.effects import add_effects
from engine.inventory.shards import Shards, Slice
from engine.inventory.transaction import LOCK, CapacityChange, Cell, CellChange, TextChange, TextTable, Transaction

HOLD_PART, END_PART = "HoldPart", "EndPart"
"""Methods of the entries that hold and end a part."""

ANY = 2**53 - 1
"""A limit that never binds."""

NO_RECORD = "@"
"""Begins the ids of records that are no orders."""


class Decision(StrEnum):
    """What the ledger has decided of what is held under one id; the first decision stands."""

    CONFIRMED = "CONFIRMED"
    EXPIRED = "EXPIRED"


class LockedText(NamedTuple):
    """A text that a part has locked: what it was, and what it becomes where the part is confirmed."""

    table: str
    item_id: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a shard holds of a transaction. `request_id`: of the whole; `part_id`: of the entry that holds this part."""

    part_id: str
    hold_id: str
    request_id: str
    shard: int
    expires_unix_ms: int
    taken: tuple[CellChange, ...]
    given: tuple[CellChange, ...]
    used: tuple[CapacityChange, ...]
    freed: tuple[CapacityChange, ...]
    texts: tuple[LockedText, ...]

    def text(self) -> str:
        """As the store keeps it."""
        cells = [[[*c.cell, c.supply_delta, c.demand_delta, c.available_at_minute] for c in each] for each in self._cells()]
        uses = [[[u.location_id, u.day, u.quantity_delta] for u in each] for each in (self.used, self.freed)]
        texts = [list(each) for each in self.texts]
        fields = [self.hold_id, self.request_id, self.shard, self.expires_unix_ms, *cells, *uses, texts]
        return orjson.dumps(fields).decode()

    def _cells(self) -> tuple[tuple[CellChange, ...], tuple[CellChange, ...]]:
        return self.taken, self.given

    @classmethod
    def parse(cls, part_id: str, text: str) -> "Part":
        """The part in a text of the store."""
        hold_id, request_id, shard, expires, taken, given, used, freed, texts = orjson.loads(text)
        return cls(
            part_id, hold_id, request_id, shard, expires, tuple(map(_change, taken)), tuple(map(_change, given)),
            tuple(map(_use, used)), tuple(map(_use, freed)), tuple(LockedText(*each) for each in texts),
        )  # fmt: skip

    @property
    def end_id(self) -> str:
        """Request id of the entry that ends it."""
        return derived_id(self.part_id, "end")

    def cells(self) -> Iterator[Cell]:
        """Positions that it changes, now or in the end."""
        return (change.cell for change in (*self.taken, *self.given))

    def begun(self, cells: Iterable[CellChange], limits: Mapping[tuple[str, int], int], now_unix_ms: int) -> Transaction:
        """What holds it. `cells` with their guards, and the limit of each capacity that it uses."""
        taken = {each.cell: each for each in self.taken}
        guarded = tuple(
            # A guard of what is there holds also where nothing is taken.
            (taken.get(each.cell) or CellChange(each.cell, 0, 0, None, None, None))._replace(
                floor=each.floor, supply_expected=each.supply_expected, demand_expected=each.demand_expected,
                minute_expected=each.minute_expected,
            ) for each in cells if each.cell in taken or each.is_guard
            or any(one is not None for one in (each.supply_expected, each.demand_expected, each.minute_expected))
        )  # fmt: skip
        uses = tuple(each._replace(limit=limits[each.location_id, each.day]) for each in self.used)
        texts = [
            TextChange(TextTable(each.table), each.item_id, each.field, each.before, lock(self.part_id, each.before))
            for each in self.texts
        ]
        own = TextChange(TextTable.PARTS, "", self.part_id, "", self.text())
        return _transaction(self, self.part_id, HOLD_PART, guarded, uses, (*texts, own), now_unix_ms)

    def ended(self, decision: Decision, now_unix_ms: int) -> Transaction:
        """What ends it, as was decided."""
        is_confirmed = decision is Decision.CONFIRMED
        cells = self.given if is_confirmed else tuple(map(_opposite, self.taken))
        uses = self.freed if is_confirmed else self.used
        texts = [
            TextChange(
                TextTable(each.table), each.item_id, each.field, lock(self.part_id, each.before),
                each.after if is_confirmed else each.before,
            ) for each in self.texts
        ]  # fmt: skip
        if not is_confirmed:
            uses = tuple(each._replace(quantity_delta=-each.quantity_delta) for each in uses)
        own = TextChange(TextTable.PARTS, "", self.part_id, self.text(), "")
        return _transaction(self, self.end_id, END_PART, cells, uses, (*texts, own), now_unix_ms)


@dataclass(frozen=True, slots=True)
class Spanning:
    """A transaction over several shards. `transactions` hold its parts; `decision` makes it count, once they are recorded."""

    hold_id: str
    parts: tuple[Part, ...]
    transactions: tuple[Transaction, ...]
    decision: Transaction


class Parted(NamedTuple):
    """Every shard holds its part; nothing is decided yet."""

    spanning: Spanning


class PendingParts:
    """Every part that has not ended, as of the log position of the stock that it stands beside."""

    def __init__(self) -> None:
        """None."""
        self._parts: dict[str, Part] = {}

    def __len__(self) -> int:
        return len(self._parts)

    def get(self, part_id: str) -> Part | None:
        """A part; None where it has ended, or never was."""
        return self._parts.get(part_id)

    def load(self, texts: Mapping[str, str]) -> None:
        """Take in every part of a shard's store."""
        for part_id, text in texts.items():
            self.apply(part_id, text)

    def apply(self, part_id: str, text: str) -> None:
        """A part's text has become this one; "": it has ended."""
        if text:
            self._parts[part_id] = Part.parse(part_id, text)
        else:
            self._parts.pop(part_id, None)

    def due(self, now_unix_ms: int) -> list[Part]:
        """Those that should have ended by now."""
        return [part for part in self._parts.values() if part.expires_unix_ms <= now_unix_ms]

    def of_request(self, request_id: str) -> bool:
        """Whether anything is held for a request."""
        return any(part.request_id == request_id for part in self._parts.values())

    def changes(self, cell: Cell) -> bool:
        """Whether what becomes of a position is not decided yet."""
        return any(cell in part.cells() for part in self._parts.values())


def lock(part_id: str, before: str) -> str:
    """A text as a part locks it."""
    return f"{LOCK}{part_id}{LOCK}{before}"


def is_locked(text: str) -> bool:
    """Whether a text is locked by a part."""
    return text.startswith(LOCK)


def unlocked(text: str) -> str:
    """A text as it was before it was locked."""
    return text.split(LOCK, 2)[2] if is_locked(text) else text


def needs_parts(transaction: Transaction) -> bool:
    """Whether even what lies in one shard is held there first: a text that is replaced must be again what it was, where the
    ledger overrules it. An end of a part is that itself."""
    return transaction.shard is None and bool(transaction.texts)


def spanning_of(
    transaction: Transaction, slices: Mapping[int, Slice], shards: Shards, now_unix_ms: int, expires_unix_ms: int
) -> Spanning:  # fmt: skip
    """A transaction over several shards, divided."""
    hold_id = uuid7(now_unix_ms)
    parts, transactions = [], []
    for shard, each in slices.items():
        cells, uses = _each_once(each.cells), _netted(each.capacities)
        part = Part(
            derived_id(hold_id, f"part {shard}"), hold_id, transaction.request_id, shard, expires_unix_ms,
            *_divided(cells), tuple(use for use in uses if use.quantity_delta > 0),
            tuple(use for use in uses if use.quantity_delta < 0), tuple(map(_locked, each.texts)),
        )  # fmt: skip
        limits = {(use.location_id, use.day): use.limit for use in uses}
        parts.append(part)
        transactions.append(part.begun(cells, limits, now_unix_ms))
    shard = list(slices)[shards.of_request(transaction.request_id) % len(slices)]
    decision = _decision(transaction, hold_id, [part.part_id for part in parts], shard)
    return Spanning(hold_id, tuple(parts), tuple(transactions), decision)


def _divided(cells: Sequence[CellChange]) -> tuple[tuple[CellChange, ...], tuple[CellChange, ...]]:
    """What is taken at once, and what is given in the end; without guards."""
    taken, given = [], []
    for cell, supply, demand, _, _, minute, *_ in cells:
        if supply < 0 or demand > 0:
            taken.append(CellChange(cell, min(supply, 0), max(demand, 0), None, None, None))
        if supply > 0 or demand < 0 or minute is not None:
            given.append(CellChange(cell, max(supply, 0), min(demand, 0), None, None, minute))
    return tuple(taken), tuple(given)


def _netted(uses: Sequence[CapacityChange]) -> list[CapacityChange]:
    """Each day of a location once: what is taken again of what is given back needs no room of its own."""
    found: dict[tuple[str, int], CapacityChange] = {}
    for use in uses:
        before = found.get((use.location_id, use.day), use._replace(quantity_delta=0, limit=ANY))
        total = before.quantity_delta + use.quantity_delta
        found[use.location_id, use.day] = use._replace(quantity_delta=total, limit=min(before.limit, use.limit))
    return list(found.values())


def _each_once(cells: Sequence[CellChange]) -> list[CellChange]:
    """Each position once: what holds before the first change of it, and after the last."""
    found: dict[Cell, CellChange] = {}
    for change in cells:
        before = found.get(change.cell)
        if before is not None:
            floors = [each.floor for each in (before, change) if each.floor is not None]
            change = CellChange(
                change.cell, before.supply_delta + change.supply_delta, before.demand_delta + change.demand_delta,
                max(floors, default=None), before.supply_expected,
                before.available_at_minute if change.available_at_minute is None else change.available_at_minute,
                before.demand_expected, before.minute_expected,
            )  # fmt: skip
        found[change.cell] = change
    return list(found.values())


def _locked(change: TextChange) -> LockedText:
    assert change.expected is not None, "a text that is replaced is one that was read"
    return LockedText(change.table, change.item_id, change.field, change.expected, change.text)


def _decision(transaction: Transaction, hold_id: str, part_ids: Sequence[str], shard: int) -> Transaction:
    """The entry of the whole, without what the parts' entries have; units of an order are told apart from positions."""
    entry = ledger_entry_pb2.LedgerEntry.FromString(transaction.entry)
    if not entry.HasField("order"):
        entry.order_capacities.extend(entry.capacities)
    for name in ("positions", "position_columns", "capacities", "texts"):
        entry.ClearField(name)
    if entry.order_id and not entry.order_id.startswith(NO_RECORD) and not entry.pegs:
        for change in transaction.cells:
            if change.demand_delta:
                entry.pegs.add(order_id=entry.order_id, quantity_delta=change.demand_delta, **change.cell._asdict())
    entry.decision.hold_id, entry.decision.created_id = hold_id, transaction.order_id
    entry.decision.part_ids.extend(part_ids)
    return Transaction(hold_id, transaction.request_digest, "", (), (), entry.SerializeToString(), shard=shard)


def _transaction(
    part: Part, request_id: str, method: str, cells: tuple[CellChange, ...], uses: tuple[CapacityChange, ...],
    texts: tuple[TextChange, ...], now_unix_ms: int,
) -> Transaction:  # fmt: skip
    entry = ledger_entry_pb2.LedgerEntry(
        request_id=request_id, method=method, request_digest=bytes(32), decided_unix_ms=now_unix_ms
    )
    add_effects(entry, cells, uses, texts)
    return Transaction(request_id, bytes(32), "", cells, uses, entry.SerializeToString(), texts, part.shard)


def _opposite(change: CellChange) -> CellChange:
    return CellChange(change.cell, -change.supply_delta, -change.demand_delta, None, None, None)


def _change(row: Sequence[object]) -> CellChange:
    item_id, location_id, receipt_id, pool, supply, demand, minute = row
    return CellChange(Cell(item_id, location_id, receipt_id, pool), supply, demand, None, None, minute)  # type: ignore[arg-type]


def _use(row: Sequence[object]) -> CapacityChange:
    location_id, day, quantity = row
    return CapacityChange(location_id, day, quantity, ANY)  # type: ignore[arg-type]
