"""Rows of a feed at the door: why one cannot be applied, whatever the stock, and when what it says happened."""

from typing import NamedTuple

from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import BACKORDER, is_id
from engine.domain.reasons import Reason
from engine.inventory.feed_marks import Event
from engine.inventory.feed_texts import TextName
from engine.inventory.keys import place_field
from engine.inventory.matrix import QUANTITY_MAX, QUANTITY_MIN
from engine.inventory.transaction import Cell, TextTable
from engine.network.image import NetworkImage
from engine.service.fields import YEAR_MIN, Violations, minute_of

ON_HAND, COUNT, INBOUND, ADJUST, RECEIVED, SHIPPED = (
    types_pb2.INVENTORY_KIND_ON_HAND, types_pb2.INVENTORY_KIND_COUNT, types_pb2.INVENTORY_KIND_INBOUND,
    types_pb2.INVENTORY_KIND_ADJUST, types_pb2.INVENTORY_KIND_RECEIVED, types_pb2.INVENTORY_KIND_SHIPPED,
)  # fmt: skip
ABSOLUTE = (ON_HAND, COUNT, INBOUND)
KINDS = (*ABSOLUTE, ADJUST, RECEIVED, SHIPPED)
OF_STOCK_ALONE = (ON_HAND, COUNT, ADJUST)
"""Kinds that speak of stock on hand, and of nothing else."""

NOT_BUILT = ("lot", "condition")
"""Fields that this version cannot honour: a record that sets one is refused, never half understood."""

AS_OF_AHEAD_MS_MAX = 300_000
"""How far a feed's clock may be ahead of this one's: a date far ahead would silence every feed until it has come."""

_AS_OF_MS_MIN = (YEAR_MIN - 1970) * 365 * 86_400_000

Refused = tuple[Reason, str]


class Row(NamedTuple):
    """What most records say, read once; `mark` names the text of the position. The rest is in the record itself."""

    record: types_pb2.InventoryRecord
    kind: "types_pb2.InventoryKind"
    cell: Cell
    mark: TextName
    quantity: int
    source: str
    sequence: int


def row_of(record: types_pb2.InventoryRecord) -> Row:
    """A record as it is applied."""
    item_id, location_id, receipt_id, pool = record.item_id, record.location_id, record.receipt_id, record.pool
    cell = Cell(item_id, location_id, receipt_id, pool)
    return Row(record, record.kind, cell, mark_name(cell), record.quantity, record.source, record.sequence)


def mark_name(cell: Cell) -> TextName:
    """The text of a position."""
    return TextName(TextTable.MARKS, cell.item_id, place_field(cell.location_id, cell.receipt_id, cell.pool))


def moves_name(cell: Cell) -> TextName:
    """The text of who moved units of orders from a receipt to what is on hand."""
    return TextName(TextTable.MOVES, cell.item_id, place_field(cell.location_id, cell.receipt_id, cell.pool))


def plain_row(record: types_pb2.InventoryRecord, image: NetworkImage) -> Row | None:
    """A record as most are, with nothing wrong: only of what is on hand in the common pool, not dated. None says nothing."""
    item_id, location_id, kind, quantity = record.item_id, record.location_id, record.kind, record.quantity
    source, sequence, item = record.source, record.sequence, image.item_index.get(item_id)
    is_plain = (
        # An id that the network knows is one.
        item is not None
        and not image.items[item].components
        and location_id in image.location_index
        and kind in OF_STOCK_ALONE
        and (0 if kind == COUNT else QUANTITY_MIN + 1) <= quantity <= QUANTITY_MAX
        and (sequence >= 0 and is_id(source) if source else sequence == 0)
        and not (record.receipt_id or record.pool or record.order_id or record.shipment_id or record.lot or record.condition)
        and not (record.HasField("as_of") or record.HasField("available_at") or record.HasField("expires_at"))
    )
    if not is_plain:
        return None
    mark = TextName(TextTable.MARKS, item_id, location_id)
    return Row(record, kind, Cell(item_id, location_id, "", ""), mark, quantity, source, sequence)


def refuse_record(record: types_pb2.InventoryRecord, image: NetworkImage, now_unix_ms: int) -> Refused | None:
    """Why a record cannot be applied, whatever the stock; None when it can."""
    for name in ("item_id", "location_id", "receipt_id", "pool", "source"):
        given = getattr(record, name)
        if not is_id(given) and (given or name in ("item_id", "location_id")):
            return Reason.INVALID_FIELD, f"{name}: an id of 1–128 letters, digits or ._:/@+- was expected"
    if record.item_id not in image.item_index:
        return Reason.UNKNOWN_ITEM, f"item_id: the network has no item {record.item_id!r}"
    if image.items[image.item_index[record.item_id]].components:
        return Reason.INVALID_FIELD, f"item_id: {record.item_id!r} is a kit: its components have stock, it has none of its own"
    if record.location_id not in image.location_index:
        return Reason.UNKNOWN_LOCATION, f"location_id: the network has no location {record.location_id!r}"
    if record.kind not in KINDS:
        return Reason.INVALID_FIELD, "kind: ON_HAND, COUNT, INBOUND, ADJUST, RECEIVED or SHIPPED was expected"
    for name in NOT_BUILT:
        if getattr(record, name):
            return Reason.NOT_BUILT, f"{name}: is not served by this version"
    if record.HasField("expires_at"):
        return Reason.NOT_BUILT, "expires_at: is not served by this version"
    return (
        _refuse_amount(record) or _refuse_receipt(record, now_unix_ms) or _refuse_order(record)
        or _refuse_time(record, now_unix_ms)
    )  # fmt: skip


def event_of(row: Row, decided_unix_ms: int) -> Event:
    """When what the row says happened: as of its own date, or else now.

    Nothing has happened later than now, whatever a clock that is ahead says: a count of then would swallow what happens since.
    """
    is_dated = row.record.HasField("as_of")
    unix_ms = min(ms_of(row.record.as_of), decided_unix_ms) if is_dated else decided_unix_ms
    return Event(unix_ms, is_dated, row.source, row.sequence)


def ms_of(stamp: Timestamp) -> int:
    """Unix milliseconds of an instant."""
    return stamp.seconds * 1_000 + stamp.nanos // 1_000_000


def refuse_as_of(stamp: Timestamp, now_unix_ms: int) -> Refused | None:
    """Why a feed cannot speak of an instant; None when it can."""
    if not (0 <= stamp.nanos < 10**9 and ms_of(stamp) >= _AS_OF_MS_MIN):
        return Reason.INVALID_FIELD, f"as_of: an instant after the year {YEAR_MIN} was expected"
    if ms_of(stamp) > now_unix_ms + AS_OF_AHEAD_MS_MAX:
        minutes = AS_OF_AHEAD_MS_MAX // 60_000
        return Reason.INVALID_FIELD, f"as_of: an instant by now was expected, this one is more than {minutes} minutes ahead"
    return None


def _refuse_amount(record: types_pb2.InventoryRecord) -> Refused | None:
    low = {COUNT: 0, INBOUND: 0, RECEIVED: 1, SHIPPED: 1}.get(record.kind, QUANTITY_MIN + 1)
    if not low <= record.quantity <= QUANTITY_MAX:
        return (
            Reason.INVALID_FIELD,
            f"quantity: a whole number from {low} to {QUANTITY_MAX} was expected, not {record.quantity}",
        )
    return None


def _refuse_receipt(record: types_pb2.InventoryRecord, now_unix_ms: int) -> Refused | None:
    is_inbound = record.kind == INBOUND
    if is_inbound and not record.receipt_id:
        return Reason.INVALID_FIELD, "receipt_id: the receipt was expected that INBOUND speaks of"
    if record.receipt_id == BACKORDER:
        return Reason.INVALID_FIELD, f"receipt_id: another id was expected, {BACKORDER} stands for units sold beyond stock"
    if record.receipt_id and record.kind not in (INBOUND, RECEIVED):
        return Reason.INVALID_FIELD, "receipt_id: none was expected, only INBOUND and RECEIVED speak of a receipt"
    if is_inbound != record.HasField("available_at"):
        return Reason.INVALID_FIELD, "available_at: it was expected with INBOUND, and only there"
    if is_inbound:
        wrong = Violations()
        minute = minute_of(record.available_at, "available_at", wrong)
        if wrong.invalid:
            return Reason.INVALID_FIELD, f"available_at: {wrong.invalid[0].description}"
        if minute * 60_000 < now_unix_ms and record.quantity:
            text = "an instant to come was expected: what has come in is told by RECEIVED, what is late by a later instant"
            return Reason.INVALID_FIELD, f"available_at: {text}"
    return None


def _refuse_order(record: types_pb2.InventoryRecord) -> Refused | None:
    if record.kind == SHIPPED:
        for name in ("order_id", "shipment_id"):
            given = getattr(record, name)
            if not is_id(given) and (given or name == "order_id"):
                return Reason.INVALID_FIELD, f"{name}: an id of 1–128 letters, digits or ._:/@+- was expected"
        return None
    for name in ("order_id", "shipment_id"):
        if getattr(record, name):
            return Reason.INVALID_FIELD, f"{name}: none was expected, only SHIPPED speaks of an order"
    return None


def _refuse_time(record: types_pb2.InventoryRecord, now_unix_ms: int) -> Refused | None:
    if record.sequence < 0 or (record.sequence and not record.source):
        return Reason.INVALID_FIELD, "sequence: a number from 1 was expected, of the source named beside it"
    return refuse_as_of(record.as_of, now_unix_ms) if record.HasField("as_of") else None
