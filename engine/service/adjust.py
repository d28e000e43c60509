"""Inventory records of a feed on the write path: each accepted or refused by itself, the accepted ones committed together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from belofte.v1 import inventory_service_pb2, ledger_entry_pb2, types_pb2

from engine.domain.ids import is_id
from engine.domain.reasons import Reason, Refusal
from engine.inventory.effects import add_effects
from engine.inventory.live import LiveStock
from engine.inventory.matrix import QUANTITY_MAX, QUANTITY_MIN
from engine.inventory.transaction import Cell, CellChange, Transaction
from engine.inventory.write_path import Recorded
from engine.network.image import NetworkImage
from engine.service.fields import Violations, minute_of

ADJUST_INVENTORY = "AdjustInventory"
RECORDS_MAX = 1_000

ABSOLUTE = (types_pb2.INVENTORY_KIND_ON_HAND, types_pb2.INVENTORY_KIND_COUNT, types_pb2.INVENTORY_KIND_INBOUND)
BUILT = (*ABSOLUTE, types_pb2.INVENTORY_KIND_ADJUST)
NOT_CHECKED = ("order_id", "shipment_id", "lot", "condition", "source", "sequence")
"""Fields that this version cannot honour: a record that sets one is refused, never half understood."""

Result = inventory_service_pb2.AdjustInventoryResult


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A request with its records checked: `refusals` says why a record is out, by its place."""

    request_id: str
    digest: bytes
    message: bytes
    records: tuple[types_pb2.InventoryRecord, ...]
    refusals: dict[int, tuple[Reason, str]]


@dataclass(slots=True)
class AdjustWrite:
    """An adjustment on the write path. `answer` is called once, with what became of it."""

    adjustment: Adjustment
    image: NetworkImage
    unix_ms: Callable[[], int]
    answer: Callable[["AdjustWrite", Recorded | Refusal], None]
    response: bytes = field(default=b"", init=False)
    _held: list[tuple[int, int, int, int]] = field(default_factory=list, init=False)

    @property
    def request_id(self) -> str:
        """The caller's id of the request."""
        return self.adjustment.request_id

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """The change that makes the stock of this moment what the records say."""
        asked = self.adjustment
        book = _Book(self.image, stock)
        results = [
            _refused(i, *asked.refusals[i]) if i in asked.refusals else book.apply(i, record)
            for i, record in enumerate(asked.records)
        ]
        answer = inventory_service_pb2.AdjustInventoryResponse(
            results=results, accepted_count=sum(result.accepted for result in results),
            rejected_count=sum(not result.accepted for result in results),
        )  # fmt: skip
        self.response = answer.SerializeToString()
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=asked.request_id, method=ADJUST_INVENTORY, request_digest=asked.digest, request=asked.message,
            response=self.response, network_version=self.image.version, decided_unix_ms=self.unix_ms(),
        )  # fmt: skip
        cells = book.changes()
        self._held = book.deltas()
        add_effects(entry, cells, ())
        return Transaction(asked.request_id, asked.digest, "", cells, (), entry.SerializeToString())

    def hold(self, stock: LiveStock) -> None:
        """Show the changed supply to what is planned next."""
        for item, location, slot, delta in self._held:
            stock.matrix.change(item, location, slot, delta, 0)

    def release(self, stock: LiveStock) -> None:
        """Take it back."""
        for item, location, slot, delta in self._held:
            stock.matrix.change(item, location, slot, -delta, 0)

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.answer(self, outcome)


def decode_adjustment(
    wire: inventory_service_pb2.AdjustInventoryRequest, image: NetworkImage, digest: bytes, message: bytes,
    violations: Violations,
) -> Adjustment:  # fmt: skip
    """The records, those that cannot be applied told apart. Only the request as a whole is noted in `violations`."""
    if not 1 <= len(wire.records) <= RECORDS_MAX:
        violations.add("records", f"1 to {RECORDS_MAX} records were expected, not {len(wire.records)}")
    refusals = {}
    for i, record in enumerate(wire.records[: RECORDS_MAX + 1]):
        refusal = refuse_record(record, image)
        if refusal is not None:
            refusals[i] = refusal
    return Adjustment(wire.request_id, digest, message, tuple(wire.records), refusals)


def refuse_record(record: types_pb2.InventoryRecord, image: NetworkImage) -> tuple[Reason, str] | None:
    """Why a record cannot be applied, whatever the stock; None when it can."""
    for name in ("item_id", "location_id", "receipt_id", "pool"):
        given = getattr(record, name)
        if not is_id(given) and (given or name in ("item_id", "location_id")):
            return Reason.INVALID_FIELD, f"{name}: an id of 1–128 letters, digits or ._:/@+- was expected"
    if record.item_id not in image.item_index:
        return Reason.UNKNOWN_ITEM, f"item_id: the network has no item {record.item_id!r}"
    if record.location_id not in image.location_index:
        return Reason.UNKNOWN_LOCATION, f"location_id: the network has no location {record.location_id!r}"
    if record.kind not in BUILT:
        if record.kind in types_pb2.InventoryKind.values() and record.kind:
            return Reason.NOT_BUILT, f"kind: {types_pb2.InventoryKind.Name(record.kind)} is not served by this version"
        return Reason.INVALID_FIELD, "kind: ON_HAND, COUNT, INBOUND or ADJUST was expected"
    for name in NOT_CHECKED:
        if getattr(record, name):
            return Reason.NOT_BUILT, f"{name}: is not served by this version"
    for name in ("as_of", "expires_at"):
        if record.HasField(name):
            return Reason.NOT_BUILT, f"{name}: is not served by this version"
    return _refuse_amount(record) or _refuse_receipt(record)


def _refuse_amount(record: types_pb2.InventoryRecord) -> tuple[Reason, str] | None:
    low = 0 if record.kind == types_pb2.INVENTORY_KIND_INBOUND else QUANTITY_MIN + 1
    if not low <= record.quantity <= QUANTITY_MAX:
        return (
            Reason.INVALID_FIELD,
            f"quantity: a whole number from {low} to {QUANTITY_MAX} was expected, not {record.quantity}",
        )
    return None


def _refuse_receipt(record: types_pb2.InventoryRecord) -> tuple[Reason, str] | None:
    is_inbound = record.kind == types_pb2.INVENTORY_KIND_INBOUND
    if is_inbound and not record.receipt_id:
        return Reason.INVALID_FIELD, "receipt_id: the receipt was expected that INBOUND speaks of"
    if not is_inbound and record.receipt_id:
        return Reason.INVALID_FIELD, "receipt_id: none was expected, only INBOUND speaks of a receipt"
    if is_inbound != record.HasField("available_at"):
        return Reason.INVALID_FIELD, "available_at: it was expected with INBOUND, and only there"
    if is_inbound:
        wrong = Violations()
        minute_of(record.available_at, "available_at", wrong)
        if wrong.invalid:
            return Reason.INVALID_FIELD, f"available_at: {wrong.invalid[0].description}"
    return None


@dataclass(slots=True)
class _Page:
    """One position: what it holds in the store, and what it is to hold."""

    item: int
    location: int
    cell: Cell
    supply_before: int
    supply: int
    demand: int
    is_open: bool
    is_absolute: bool = False
    available_at_minute: int | None = None


class _Book:
    """The positions that one request touches."""

    def __init__(self, image: NetworkImage, stock: LiveStock) -> None:
        self._image = image
        self._stock = stock
        self._pages: dict[Cell, _Page] = {}

    def apply(self, index: int, record: types_pb2.InventoryRecord) -> Result:
        page = self._page(record)
        is_absolute = record.kind in ABSOLUTE
        supply = record.quantity if is_absolute else page.supply + record.quantity
        if not QUANTITY_MIN < supply <= QUANTITY_MAX:
            return _refused(index, Reason.INVALID_FIELD, f"quantity: the position would hold {supply}, out of range")
        page.supply = supply
        page.is_absolute |= is_absolute
        if record.kind == types_pb2.INVENTORY_KIND_INBOUND:
            page.available_at_minute = minute_of(record.available_at, "available_at", Violations())
        return Result(index=index, accepted=True, supply=supply, demand=page.demand)

    def changes(self) -> tuple[CellChange, ...]:
        """Absolute records count on the supply they were planned on; deltas add to whatever there is."""
        return tuple(
            CellChange(
                page.cell, page.supply - page.supply_before, 0, None, page.supply_before if page.is_absolute else None,
                page.available_at_minute,
            )
            for page in self._pages.values()
        )  # fmt: skip

    def deltas(self) -> list[tuple[int, int, int, int]]:
        """(item, location, slot, supply delta) of each position there is: to open one would move what others hold."""
        pages: Sequence[_Page] = list(self._pages.values())
        return [
            (page.item, page.location, self._slot(page), page.supply - page.supply_before)
            for page in pages
            if page.is_open and page.supply != page.supply_before
        ]

    def _slot(self, page: _Page) -> int:
        _, _, receipt_id, pool = page.cell
        return self._stock.slot_of(page.item, page.location, receipt_id, pool)

    def _page(self, record: types_pb2.InventoryRecord) -> _Page:
        cell = Cell(record.item_id, record.location_id, record.receipt_id, record.pool)
        if cell not in self._pages:
            item, location = self._image.item_index[cell.item_id], self._image.location_index[cell.location_id]
            matrix = self._stock.matrix
            slot = self._stock.slot_of(item, location, cell.receipt_id, cell.pool)
            at = matrix.find(item, location, slot)
            supply, demand = (int(matrix.supply[at]), int(matrix.demand[at])) if at >= 0 else (0, 0)
            self._pages[cell] = _Page(item, location, cell, supply, supply, demand, at >= 0)
        return self._pages[cell]


def _refused(index: int, reason: Reason, message: str) -> Result:
    return Result(index=index, accepted=False, reason=reason.value, message=message)


def finished_adjustment(response: bytes, position: str, duplicate: bool) -> bytes:
    """The recorded answer with its position. Protobuf merges serialized messages by putting one after the other."""
    rest = inventory_service_pb2.AdjustInventoryResponse(position=position, duplicate=duplicate)
    return response + rest.SerializeToString()
