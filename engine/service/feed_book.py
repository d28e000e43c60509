"""The positions that one request of a feed touches: what each row makes of them, row by row in the order given."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from belofte.v1 import inventory_service_pb2, types_pb2
from belofte.v1.ledger_entry_pb2 import ReceiptMove, ReceiptRisk
from numpy.typing import NDArray

from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.order_record import instant
from engine.inventory.feed_marks import Change, Event, Mark
from engine.inventory.feed_sequences import FeedSequences
from engine.inventory.feed_texts import FeedTexts, TextName
from engine.inventory.live import LiveStock
from engine.inventory.matrix import QUANTITY_MAX, QUANTITY_MIN
from engine.inventory.transaction import Cell, CellChange, TextChange, TextTable
from engine.network.image import NetworkImage
from engine.service.feed_holds import MovedHolds
from engine.service.feed_orders import FeedOrders
from engine.service.feed_risks import risks_of
from engine.service.feed_rows import (
    ABSOLUTE,
    INBOUND,
    OF_STOCK_ALONE,
    RECEIVED,
    SHIPPED,
    Row,
    event_of,
    mark_name,
    moves_name,
)
from engine.service.fields import Violations, minute_of

GAPS_MAX = 100
"""Gaps told in one answer."""

Result = inventory_service_pb2.AdjustInventoryResult


@dataclass(slots=True)
class Page:
    """One position: what it holds in the store, and what it is to hold."""

    item: int
    location: int
    slot: int
    cell: Cell
    name: TextName
    mark: Mark
    supply_before: int
    demand_before: int
    supply: int
    demand: int
    is_open: bool
    is_guarded: bool = False
    """The new supply was reckoned from the one before, which must not have changed meanwhile."""
    is_demand_guarded: bool = False
    """Likewise the demand: who has units of it decides where they go."""
    available_at_minute: int | None = None
    minute_before: int | None = None
    """Of a receipt that may be moved: its date before."""


class Book:
    """What a request does to the stock of a moment."""

    def __init__(
        self, image: NetworkImage, stock: LiveStock, texts: FeedTexts, orders: FeedOrders, decided_unix_ms: int,
        request_id: str,
    ) -> None:  # fmt: skip
        """`texts` must have those that `names_of` and `FeedOrders.names` name."""
        self._image = image
        self._stock = stock
        self._texts = texts
        self._now = decided_unix_ms
        self._pages: dict[Cell, Page] = {}
        self._feeds: dict[str, FeedSequences] = {}
        self._orders = orders
        self._holds = MovedHolds(stock.holds)
        self._request_id = request_id
        self._moved: dict[TextName, str] = {}
        self.moves: list[ReceiptMove] = []
        self.risks: list[ReceiptRisk] = []
        self.events: list[types_pb2.OrderEvent] = []

    def open(self, rows: Iterable[Row]) -> None:
        """Look up what rows say of stock on hand, which nearly all do, in one step: not needed, but far faster."""
        cells = {row.cell: row.mark for row in rows if row.kind in OF_STOCK_ALONE}
        item_index, location_index = self._image.item_index, self._image.location_index
        items = [item_index[cell.item_id] for cell in cells]
        locations = [location_index[cell.location_id] for cell in cells]
        slots = self._stock.on_hand_slots(items, locations, [cell.pool for cell in cells])
        found = self._stock.matrix.read_many(
            np.array(items, np.int64), np.array(locations, np.int64), np.array(slots, np.int64)
        )  # fmt: skip
        places = zip(cells.items(), items, locations, slots, *found.tolist(), strict=True)
        for (cell, name), item, location, slot, at, supply, demand in places:
            self._pages[cell] = self._new_page(item, location, slot, cell, name, at, supply, demand)

    def apply(self, index: int, row: Row) -> Result:
        """Apply a row that nothing was found wrong with at the door, or say why not."""
        source, sequence = row.source, row.sequence
        feed = self._feed(source) if source else None
        if feed is not None and sequence:
            if feed.is_given_up(sequence):
                return refused(index, Reason.SUPERSEDED, f"sequence: {sequence} comes too late, it was given up")
            if feed.is_applied(sequence):
                return refused(index, Reason.SUPERSEDED, f"sequence: {sequence} of {source} was applied before")
        result = self._applied(index, row, event_of(row, self._now))
        # A row that was refused may be mended and sent again, but for one that will be too old for ever.
        if feed is not None and sequence and (result.accepted or result.reason == Reason.SUPERSEDED.value):
            feed.add(sequence)
        return result

    def _applied(self, index: int, row: Row, event: Event) -> Result:
        if row.kind in ABSOLUTE:
            return self._set(index, row, event)
        if row.kind == SHIPPED:
            return self._ship(index, row.record, event)
        result = self._adjust(index, row, event)
        if row.kind == RECEIVED and row.cell.receipt_id and result.accepted:
            result.demand = self._receive(row, event)
        return result

    def _set(self, index: int, row: Row, event: Event) -> Result:
        page = self._page(row.cell, row.mark)
        mark = page.mark
        if mark.is_superseded(event):
            return refused(index, Reason.SUPERSEDED, f"{_told_by(event)}: a later record has set the position")
        if mark.is_forgotten(event):
            return refused(index, Reason.WRONG_STATE, "as_of: changes after it are not remembered any more; count again")
        changes = mark.since(event)
        units = row.quantity + sum([change.quantity for change in changes])
        # More of a receipt may have come in than it was expected to hold.
        supply = max(0, units) if row.cell.receipt_id else units
        if not _is_in_range(supply):
            return _out_of_range(index, supply)
        mark.set(event, changes)
        mark.owed = units - supply
        if row.kind == INBOUND:
            if page.minute_before is None:
                page.minute_before = self._stock.matrix.slots[page.slot].available_at_minute
            known = page.minute_before if page.available_at_minute is None else page.available_at_minute
            minute = known
            # A receipt that a whole synchronisation does not speak of any more has no new date.
            if row.record.HasField("available_at"):
                minute = page.available_at_minute = minute_of(row.record.available_at, "available_at", Violations())
            self.risks += risks_of(page.cell, (page.supply, supply), (known, minute), self._now)
        page.supply = supply
        page.is_guarded = True
        return Result(index=index, accepted=True, supply=supply, demand=page.demand)

    def _adjust(self, index: int, row: Row, event: Event) -> Result:
        if row.cell.receipt_id:
            on_hand = row.cell._replace(receipt_id="")
            page = self._page(on_hand, mark_name(on_hand))
        else:
            page = self._page(row.cell, row.mark)
        if not page.mark.counts(event):
            return Result(index=index, accepted=True, supply=page.supply, demand=page.demand, message=SEEN_BY_COUNT)
        supply = page.supply + row.quantity
        if not _is_in_range(supply):
            return _out_of_range(index, supply)
        page.mark.add(Change(event, row.quantity), self._now)
        page.supply = supply
        return Result(index=index, accepted=True, supply=supply, demand=page.demand)

    def _receive(self, row: Row, event: Event) -> int:
        """The rest of what was received: the receipt is less by it, and who waits for it has it on hand. Demand there."""
        cell, on_hand_cell = row.cell, row.cell._replace(receipt_id="")
        page, on_hand = self._page(cell, row.mark), self._page(on_hand_cell, mark_name(on_hand_cell))
        if page.mark.counts(event):
            left = page.supply + page.mark.owed - row.quantity
            page.supply, page.is_guarded = max(0, left), True
            page.mark.owed = left - page.supply
            page.mark.add(Change(event, -row.quantity), self._now)
        if self._stock.parts.changes(cell):
            # Whose units they are is known when it is decided.
            raise Refusal(Reason.CONTENDED, f"{cell.item_id} of receipt {cell.receipt_id} is being promised; try again")
        if self._stock.holds.is_expected(cell):
            # Whether they are an order's or a reservation's is known when that is committed.
            raise Refusal(Reason.CONTENDED, f"{cell.item_id} of receipt {cell.receipt_id} is being reserved; try again")
        page.is_demand_guarded = True
        quantity = min(row.quantity, page.demand)
        if quantity > 0:
            # Orders before reservations: what was bought is due before what may be bought.
            of_orders = min(quantity, max(0, page.demand - self._holds.reserved(cell)))
            if of_orders:
                self.moves.append(ReceiptMove(quantity=of_orders, **cell._asdict()))
                self._moved[moves_name(cell)] = self._request_id
            if quantity > of_orders:
                self._holds.move(cell, quantity - of_orders)
            page.demand -= quantity
            on_hand.demand += quantity
        return on_hand.demand

    def _ship(self, index: int, record: types_pb2.InventoryRecord, event: Event) -> Result:
        taken = self._orders.take(record)
        if isinstance(taken, tuple):
            return refused(index, *taken)
        message, supply, demand = "", 0, 0
        for cell, quantity in taken:
            if not self.add(cell, -quantity, event):
                message = SEEN_BY_COUNT
            page = self.free(cell, quantity)
            supply, demand = page.supply, page.demand
        self.events.append(_shipped(record, event))
        return Result(index=index, accepted=True, supply=supply, demand=demand, message=message)

    # -- what orders do to stock

    def add(self, cell: Cell, quantity: int, event: Event) -> bool:
        """Units come to a position, or go; whether that counts: a count that has seen it already says how many there are."""
        page = self._page(cell, mark_name(cell))
        counts = page.mark.counts(event)
        if counts:
            page.mark.add(Change(event, quantity), self._now)
            page.supply += quantity
        return counts

    def free(self, cell: Cell, quantity: int) -> Page:
        """Units of a position are demand no more."""
        page = self._page(cell, mark_name(cell))
        page.demand -= quantity
        return page

    # -- what comes of it

    def cells(self) -> tuple[CellChange, ...]:
        """Absolute records count on the supply they were planned on; deltas add to whatever there is."""
        return tuple(
            CellChange(
                page.cell, page.supply - page.supply_before, page.demand - page.demand_before, None,
                page.supply_before if page.is_guarded else None, page.available_at_minute,
                page.demand_before if page.is_demand_guarded else None, page.minute_before,
            )
            for page in self._pages.values()
            if page.is_guarded or page.is_demand_guarded
            or page.supply != page.supply_before or page.demand != page.demand_before
        )  # fmt: skip

    def texts(self) -> tuple[TextChange, ...]:
        """Feeds, marks, orders and holds that became others; nobody else may have changed them meanwhile."""
        new = [(feed_name(source), feed.text()) for source, feed in self._feeds.items()]
        new += [(page.name, page.mark.text()) for page in self._pages.values()]
        new += [*self._orders.texts(), *self._moved.items()]
        own = [(name, self._texts.get(name), text) for name, text in new] + self._holds.texts()
        return tuple([TextChange(*name, before, text) for name, before, text in own if text != before])

    def held(self) -> NDArray[np.int64]:
        """[5, positions]: item, location, slot, supply and demand delta of what changed and is there.

        What is not there yet is not held: to open a position moves what others hold.
        """
        rows = [
            (page.item, page.location, page.slot, page.supply - page.supply_before, page.demand - page.demand_before)
            for page in self._pages.values()
            if page.is_open and (page.supply != page.supply_before or page.demand != page.demand_before)
        ]
        return np.array(rows, np.int64).reshape(-1, 5).T.copy()

    def pending(self) -> dict[Cell, tuple[int, int]]:
        """(supply, demand) of each position that is not there yet."""
        return {page.cell: (page.supply, page.demand) for page in self._pages.values() if not page.is_open}

    def gaps(self) -> list[inventory_service_pb2.FeedGap]:
        """What is missing of the feeds that were heard, as many as are told: of all of them what was given up first."""
        found = [(gap, source) for source, feed in self._feeds.items() for gap in feed.gaps(GAPS_MAX)]
        found.sort(key=lambda each: not each[0].is_given_up)
        return [
            inventory_service_pb2.FeedGap(source=source, first_sequence=first, last_sequence=last, given_up=is_given_up)
            for (first, last, is_given_up), source in found[:GAPS_MAX]
        ]

    def gap_count(self) -> int:
        """How many gaps these feeds have in all."""
        return sum([feed.gap_count() for feed in self._feeds.values()])

    def _feed(self, source: str) -> FeedSequences:
        if source not in self._feeds:
            self._feeds[source] = FeedSequences(self._texts.get(feed_name(source)))
        return self._feeds[source]

    def _page(self, cell: Cell, name: TextName) -> Page:
        page = self._pages.get(cell)
        if page is None:
            item, location = self._image.item_index[cell.item_id], self._image.location_index[cell.location_id]
            matrix = self._stock.matrix
            slot = self._stock.slot_of(item, location, cell.receipt_id, cell.pool)
            at = matrix.find(item, location, slot)
            supply, demand = (int(matrix.supply[at]), int(matrix.demand[at])) if at >= 0 else (0, 0)
            page = self._pages[cell] = self._new_page(item, location, slot, cell, name, at, supply, demand)
        return page

    def _new_page(
        self, item: int, location: int, slot: int, cell: Cell, name: TextName, at: int, supply: int, demand: int
    ) -> Page:  # fmt: skip
        if at < 0:
            supply, demand = self._texts.pending(cell)
        mark = Mark.parse(self._texts.get(name))
        return Page(item, location, slot, cell, name, mark, supply, demand, supply, demand, at >= 0)


SEEN_BY_COUNT = "the last record that set the position has seen it: supply stays"


def names_of(rows: Iterable[Row]) -> list[TextName]:
    """The texts that these rows are applied to, but for those of orders: see `FeedOrders.names`."""
    rows = list(rows)
    sources = dict.fromkeys([row.source for row in rows if row.source])
    names = [*map(feed_name, sources), *[row.mark for row in rows if row.kind != SHIPPED]]
    received = [row.cell for row in rows if row.kind == RECEIVED and row.cell.receipt_id]
    return names + [mark_name(cell._replace(receipt_id="")) for cell in received] + [moves_name(cell) for cell in received]


def feed_name(source: str) -> TextName:
    """The text of a feed."""
    return TextName(TextTable.FEEDS, "", source)


def refused(index: int, reason: Reason, message: str) -> Result:
    """A row that is not applied, and why."""
    return Result(index=index, accepted=False, reason=reason.value, message=message)


def _shipped(record: types_pb2.InventoryRecord, event: Event) -> types_pb2.OrderEvent:
    return types_pb2.OrderEvent(
        order_id=record.order_id, type=types_pb2.EVENT_TYPE_SHIPMENT_SHIPPED, time=instant(event.unix_ms),
        shipment_id=record.shipment_id, item_id=record.item_id, location_id=record.location_id,
        message=f"{record.quantity} of {record.item_id} left {record.location_id}",
        attributes={"quantity": str(record.quantity)},
    )  # fmt: skip


def _told_by(event: Event) -> str:
    return "as_of" if event.is_dated else "sequence"


def _is_in_range(supply: int) -> bool:
    return QUANTITY_MIN < supply <= QUANTITY_MAX


def _out_of_range(index: int, supply: int) -> Result:
    return refused(index, Reason.INVALID_FIELD, f"quantity: the position would hold {supply}, out of range")
