"""What an entry of the log changes, by ids."""

from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2


class PositionChange(NamedTuple):
    """One position's change, by ids. `available_at_minute` None: the receipt's date stays."""

    item_id: str
    location_id: str
    receipt_id: str
    pool: str
    supply_delta: int
    demand_delta: int
    available_at_minute: int | None


class CapacityUse(NamedTuple):
    """A location's capacity taken (or given back) on a local day."""

    location_id: str
    day: int
    quantity_delta: int


class TextEffect(NamedTuple):
    """A text of the store that became another; "" was removed."""

    table: str
    item_id: str
    field: str
    text: str


def effects_of(entry: bytes) -> tuple[tuple[PositionChange, ...], tuple[CapacityUse, ...]]:
    """What a serialized LedgerEntry changes."""
    return effects_in(ledger_entry_pb2.LedgerEntry.FromString(entry))


def effects_in(message: ledger_entry_pb2.LedgerEntry) -> tuple[tuple[PositionChange, ...], tuple[CapacityUse, ...]]:
    """What a LedgerEntry changes."""
    changes = tuple(
        PositionChange(
            p.item_id, p.location_id, p.receipt_id, p.pool, p.supply_delta, p.demand_delta,
            p.available_at_minute if p.HasField("available_at_minute") else None,
        )
        for p in message.positions
    )  # fmt: skip
    return changes, tuple(CapacityUse(c.location_id, c.day, c.quantity_delta) for c in message.capacities)


def texts_in(message: ledger_entry_pb2.LedgerEntry) -> tuple[TextEffect, ...]:
    """Which texts of the store a LedgerEntry replaces."""
    return tuple(TextEffect(t.table, t.item_id, t.field, t.text) for t in message.texts)
