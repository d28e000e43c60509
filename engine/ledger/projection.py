"""Which orders have units where, and which entries concern them: tables made of the entries, in the order of the log.

They are written in the transaction that records the entries, so that they are never ahead or behind. Most entries make an
order: their units are written as they come. The rest is added up, receipts first come first served.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2, types_pb2
from sqlalchemy import Connection, delete, select, tuple_

from engine.fulfilment.order_record import Order
from engine.inventory.client import ordinal
from engine.inventory.effects import effects_in
from engine.inventory.gate import ORIGIN
from engine.inventory.shards import WHOLE, Shards
from engine.ledger import orders, reservations, tables
from engine.ledger.insert import copy_rows, insert_rows
from engine.ledger.snapshots import NOT_AN_ORDER, RESERVATION, cut_until, may_be_cut, sound
from engine.ledger.tables import CHANGED, entries, order_entries, pegs

REPLAY_ROWS_MAX = 1_000
DAY_MS = 86_400_000
COUNTED = (
    types_pb2.EVENT_TYPE_SHIPMENT_DECLINED, types_pb2.EVENT_TYPE_SHIPMENT_SHIPPED, types_pb2.EVENT_TYPE_SHIPMENT_COLLECTED
)  # fmt: skip
ADD_COUNTS = (
    "ON CONFLICT (location_id, day) DO UPDATE SET served = decline_counts.served + excluded.served,"
    " declined = decline_counts.declined + excluded.declined"
)

MADE_BY = ("SourceOrder", "ConfirmReservation")
"""Methods whose entries make an order; others make records that are known by an id as well."""


PegRow = tuple[str, str, str, str, str, int, int, int]
"""A row of `pegs`."""


class MadeOrder(NamedTuple):
    """What the tables say of an entry that makes an order, and changes nothing else that they tell of."""

    order_id: str
    units: list[PegRow]
    listed: orders.ListedOrder


class Projected(NamedTuple):
    """An entry to be projected, or what the tables say of it."""

    epoch: int
    sequence: int
    created_id: str
    message: ledger_entry_pb2.LedgerEntry | MadeOrder


class _Peg(NamedTuple):
    """Units of an order at a receipt, and the entry that gave them to it."""

    order_id: str
    pool: str
    quantity: int
    epoch: int
    sequence: int


def project(connection: Connection, projected: Iterable[Projected], shards: Shards = WHOLE) -> None:
    """Bring the tables from before these entries, of one shard's log, to after them."""
    made: list[PegRow] = []
    added: list[PegRow] = []
    listed = _Listed(connection, shards)
    for each in projected:
        message = each.message
        if isinstance(message, MadeOrder):
            made += message.units
            listed.add_made(message.listed)
            continue
        listed.add(each, message)
        for reservation in message.reservations:
            reservations.project(connection, f"{each.epoch}-{each.sequence}", reservation)
        if message.pegs or message.moves or message.risks:
            _insert_pegs(connection, made)
            _add_pegs(connection, added)
            made, added = [], []
            _apply(connection, each, message)
        elif (order_id := message.order_id) and not order_id.startswith(NOT_AN_ORDER):
            rows = _demand_rows(each, message)
            if each.created_id == order_id:
                made += rows
            else:
                if any(row[0] == order_id for row in added):
                    # Where all units go and others come, those are of the later entry: whatever is written together.
                    _insert_pegs(connection, made)
                    _add_pegs(connection, added)
                    made, added = [], []
                added += rows
        listed.note_risks(each, message)
    _insert_pegs(connection, made)
    _add_pegs(connection, added)
    listed.end()


def project_pegs(connection: Connection, each: Projected) -> None:
    """Bring `pegs` alone from before an entry to after it, for who follows some orders of the past."""
    message = each.message
    if isinstance(message, MadeOrder):
        _add_pegs(connection, message.units)
    elif message.pegs or message.moves:
        _apply(connection, each, message)
    elif message.order_id and not message.order_id.startswith(NOT_AN_ORDER):
        _add_pegs(connection, _demand_rows(each, message))


class _Listed:
    """Rows of lists of orders, from entry to entry: those made are written together, those changed as they are left."""

    def __init__(self, connection: Connection, shards: Shards) -> None:
        self._connection = connection
        self._shards = shards
        self._made: list[orders.ListedOrder] = []
        self._changed: dict[str, Order | orders.Place] = {}
        """By id: as it is left, or the place up to which its entries say so."""
        self._counts: dict[tuple[str, int], tuple[int, int]] = {}
        """By location and day: lines that left, and lines that were declined."""

    def add_made(self, order: orders.ListedOrder) -> None:
        self._made.append(order)
        if len(self._made) >= REPLAY_ROWS_MAX:
            self._write_made()

    def add(self, each: Projected, message: ledger_entry_pb2.LedgerEntry) -> None:
        place, order_id = (each.epoch, each.sequence), message.order_id
        if order_id and order_id == each.created_id and not order_id.startswith(NOT_AN_ORDER):
            if message.method in MADE_BY:
                self.add_made(orders.listed_of(place, message))
        elif order_id and message.HasField("order"):
            self._changed[order_id] = message.order if self._shards.count == 1 else place
        for peg in message.pegs:
            if peg.order_id != order_id:
                self._changed[peg.order_id] = place
        for event in message.events:
            if event.type in COUNTED and event.location_id:
                key = event.location_id, message.decided_unix_ms // DAY_MS
                served, declined = self._counts.get(key, (0, 0))
                lines = max(1, len(event.line_ids))
                is_declined = event.type == types_pb2.EVENT_TYPE_SHIPMENT_DECLINED
                self._counts[key] = (served, declined + lines) if is_declined else (served + lines, declined)
        if message.returns:
            # Their order may have been made just before.
            self._write_made()
            for each_return in message.returns:
                orders.note_return(self._connection, each_return)

    def note_risks(self, each: Projected, message: ledger_entry_pb2.LedgerEntry) -> None:
        """Orders that an entry puts at risk: told in the order of the log, since a change ends it."""
        if message.risks:
            self.end()
            place = order_entries.c.epoch == each.epoch, order_entries.c.sequence == each.sequence
            at_risk = select(order_entries.c.order_id).where(*place, order_entries.c.risk != CHANGED)
            orders.note_at_risk(self._connection, self._connection.scalars(at_risk).all())

    def end(self) -> None:
        self._write_made()
        if self._counts:
            rows = [(*key, *counts) for key, counts in self._counts.items()]
            insert_rows(self._connection, tables.decline_counts, rows, ADD_COUNTS)
            self._counts.clear()
        if not self._changed:
            return
        left: dict[str, Order] = {}
        for order_id, found in self._changed.items():
            if isinstance(found, Order):
                left[order_id] = found
            elif (order := orders.read_order(self._connection, order_id, found, self._shards)) is not None:
                left[order_id] = order
        orders.note_changed(self._connection, left)
        self._changed.clear()

    def _write_made(self) -> None:
        if self._made:
            orders.insert_made(self._connection, self._made)
            self._made = []


def project_anew(connection: Connection) -> None:
    """Empty the tables and make them of all entries, of a network that is not split.

    Where entries were cut, of the snapshot that stands for them and those after it. Raises SnapshotError.
    """
    projections = (
        pegs, order_entries, tables.reservations, tables.orders, tables.order_shipments, tables.returns, tables.order_returns,
        tables.decline_counts,
    )  # fmt: skip
    for table in projections:
        connection.execute(delete(table))
    cut = cut_until(connection)
    if cut != ORIGIN:
        _, content = next(sound(connection, cut))
        for table in (pegs, tables.decline_counts):
            if content[table.name]:
                insert_rows(connection, table, [tuple(row) for row in content[table.name]])
    project(connection, _recorded(connection, ordinal(cut)))
    if cut != ORIGIN:
        made = select(entries.c.created_id).where(
            entries.c.created_id.is_not(None), tuple_(entries.c.epoch, entries.c.sequence) <= tuple_(*ordinal(cut)),
            may_be_cut(entries.c.created_id),
        )  # fmt: skip
        drop(connection, list(connection.scalars(made)))


def drop(connection: Connection, record_ids: Sequence[str]) -> None:
    """Rows of records whose entries were cut, out of all tables."""
    for first in range(0, len(record_ids), REPLAY_ROWS_MAX):
        some = record_ids[first : first + REPLAY_ROWS_MAX]
        places = select(entries.c.epoch, entries.c.sequence).where(entries.c.created_id.in_(some))
        for table in (tables.orders, tables.order_shipments, tables.order_returns):
            connection.execute(delete(table).where(tuple_(table.c.epoch, table.c.sequence).in_(places)))
        for table in (tables.returns, order_entries, pegs):
            connection.execute(delete(table).where(table.c.order_id.in_(some)))
        held = [each.removeprefix(RESERVATION) for each in some if each.startswith(RESERVATION)]
        connection.execute(delete(tables.reservations).where(tables.reservations.c.reservation_id.in_(held)))


def _recorded(connection: Connection, after: tuple[int, int]) -> Iterator[Projected]:
    """Every entry after a place in order, some at a time: what is made of them is written between two questions."""
    columns = entries.c.epoch, entries.c.sequence
    while True:
        rows = connection.execute(
            select(*columns, entries.c.created_id, entries.c.entry)
            .where(tuple_(*columns) > after).order_by(*columns).limit(REPLAY_ROWS_MAX)
        ).all()  # fmt: skip
        for epoch, sequence, created_id, entry in rows:
            yield Projected(epoch, sequence, created_id or "", ledger_entry_pb2.LedgerEntry.FromString(bytes(entry)))
        if len(rows) < REPLAY_ROWS_MAX:
            return
        after = (rows[-1].epoch, rows[-1].sequence)


def _demand_rows(each: Projected, message: ledger_entry_pb2.LedgerEntry) -> list[PegRow]:
    # Few changes are read as they stand: this is done for every order.
    changes = effects_in(message)[0] if message.HasField("position_columns") else message.positions
    units: dict[tuple[str, str, str, str], int] = {}
    for change in changes:
        if delta := change.demand_delta:
            cell = change.item_id, change.location_id, change.receipt_id, change.pool
            units[cell] = units.get(cell, 0) + delta
    return [(message.order_id, *cell, quantity, each.epoch, each.sequence) for cell, quantity in units.items()]


def _apply(connection: Connection, each: Projected, message: ledger_entry_pb2.LedgerEntry) -> None:
    """What an entry says of several orders: units moved, receipts that came in, receipts that are late or smaller."""
    at = each.epoch, each.sequence
    if message.pegs:
        rows = [
            (peg.order_id, peg.item_id, peg.location_id, peg.receipt_id, peg.pool, peg.quantity_delta, *at)
            for peg in message.pegs
        ]
        _add_pegs(connection, rows)
    for move in message.moves:
        _add_pegs(connection, list(_moved(connection, move)))
    told = [(order_id, *at, CHANGED) for order_id in sorted({peg.order_id for peg in message.pegs} - {message.order_id})]
    for place, risk in enumerate(message.risks):
        told += [(order_id, *at, place) for order_id in sorted(set(_at_risk(connection, risk)))]
    if told:
        insert_rows(connection, order_entries, told)


def _moved(connection: Connection, move: ledger_entry_pb2.ReceiptMove) -> Iterator[PegRow]:
    left = move.quantity
    for peg in _pegged(connection, move):
        if peg.pool != move.pool:
            continue
        quantity = min(left, peg.quantity)
        if quantity <= 0:
            return
        left -= quantity
        cell = move.item_id, move.location_id
        yield peg.order_id, *cell, move.receipt_id, move.pool, -quantity, peg.epoch, peg.sequence
        yield peg.order_id, *cell, "", move.pool, quantity, peg.epoch, peg.sequence


def _at_risk(connection: Connection, risk: ledger_entry_pb2.ReceiptRisk) -> Iterator[str]:
    left = risk.left_quantity
    for peg in _pegged(connection, risk):
        if not risk.HasField("left_quantity"):
            yield peg.order_id
        elif peg.pool == risk.pool:
            left -= peg.quantity
            if left < 0:
                yield peg.order_id


def _pegged(
    connection: Connection, receipt: ledger_entry_pb2.ReceiptMove | ledger_entry_pb2.ReceiptRisk
) -> list[_Peg]:  # fmt: skip
    """Who has units of a receipt, by place in the log."""
    columns = pegs.c.order_id, pegs.c.pool, pegs.c.quantity, pegs.c.epoch, pegs.c.sequence
    question = select(*columns).where(
        pegs.c.receipt_id == receipt.receipt_id, pegs.c.receipt_id != "", pegs.c.item_id == receipt.item_id,
        pegs.c.location_id == receipt.location_id, pegs.c.quantity > 0,
    )  # fmt: skip
    found = connection.execute(question.order_by(pegs.c.epoch, pegs.c.sequence, pegs.c.order_id, pegs.c.pool))
    return [_Peg(*row) for row in found]


def _insert_pegs(connection: Connection, rows: Sequence[PegRow]) -> None:
    """Rows that are not there yet."""
    if rows:
        copy_rows(connection, pegs, rows)


_ADD = (
    "ON CONFLICT (order_id, item_id, location_id, receipt_id, pool) DO UPDATE SET quantity = pegs.quantity + excluded.quantity"
)


def _add_pegs(connection: Connection, rows: Sequence[PegRow]) -> None:
    """Add units; where none are left the row goes."""
    if not rows:
        return
    insert_rows(connection, pegs, rows, _ADD)
    orders = sorted({row[0] for row in rows})
    for first in range(0, len(orders), REPLAY_ROWS_MAX):
        part_of = orders[first : first + REPLAY_ROWS_MAX]
        connection.execute(delete(pegs).where(pegs.c.order_id.in_(part_of), pegs.c.quantity == 0))
