"""A change of an order as one transaction: its record before and after, what leaves, what is free again, what is taken anew.

The record was looked up in the ledger. A text of the store counts the changes of each order, those on their way to the ledger
as well: it guards that nothing has changed since, here and where feeds say what was shipped.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from belofte.v1 import ledger_entry_pb2
from google.protobuf.message import Message
from numpy.typing import NDArray

from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.draft import Draft, OrderRecord
from engine.fulfilment.order_record import Order, Return
from engine.inventory.effects import add_effects
from engine.inventory.feed_marks import Event
from engine.inventory.feed_texts import FeedTexts, TextName
from engine.inventory.live import LiveStock
from engine.inventory.shards import Shards
from engine.inventory.transaction import LOCK, CapacityChange, CellChange, TextChange, Transaction
from engine.inventory.write_path import Reading, Recorded
from engine.network.image import NetworkImage
from engine.service.adjust import change_open
from engine.service.feed_book import Book
from engine.service.feed_orders import FeedOrders, OrderBooks, peg_name
from engine.service.feed_rows import mark_name, moves_name
from engine.service.hold_writes import Asked
from engine.sourcing.reserve import ANY

MINUTE_MS = 60_000
"""What is planned is planned for one minute, which its entry tells: so it can be planned again."""


@dataclass(slots=True)
class Made:
    """What a change comes to, besides what the draft says: its answer, and what is taken for units that were sourced anew."""

    respond: Callable[[Order], Message]
    frees_capacity: bool = False
    """Capacity that the order does not need any more was not used."""
    happened_unix_ms: int | None = None
    """When units left or were found missing, where the caller says so; None: now."""
    cells: tuple[CellChange, ...] = ()
    capacities: tuple[CapacityChange, ...] = ()
    pegs: Sequence[tuple[int, int]] = ()
    """(arena index, units) that are taken, and (location, day, quantity) of capacity: nobody else may plan on them."""
    days: Sequence[tuple[int, int, int]] = ()
    policy_id: str = ""
    returns: tuple[Return, ...] = ()
    """Returns of the order that are new or others, as they are left."""
    created_id: str = ""
    """A record that must not exist yet."""


Change = Callable[[Draft, LiveStock, int], Made]
"""What is done to the draft, on the stock of this moment, at which attempt. Raises `Refusal`."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every change of an order works with."""

    image: NetworkImage
    texts: FeedTexts
    books: OrderBooks
    moved_at: Callable[[str], str]
    """Position at which a request is recorded; "" where it is not. Raises `Refusal`."""
    unix_ms: Callable[[], int]
    shards: Shards


@dataclass(slots=True)
class LifeWrite(Reading):
    """A change of an order on the write path. `answer` is called once, with what became of it."""

    asked: Asked
    record: OrderRecord
    tools: Tools
    change: Change
    answer: Callable[["LifeWrite", Recorded | Refusal], None]
    response: bytes = field(default=b"", init=False)
    _made: Made | None = field(default=None, init=False)
    _book: Book | None = field(default=None, init=False)
    _told: dict[TextName, str] = field(default_factory=dict, init=False)
    _held: NDArray[np.int64] = field(default_factory=lambda: np.zeros((5, 0), np.int64), init=False)

    @property
    def request_id(self) -> str:
        """The caller's id of the request."""
        return self.asked.request_id

    @property
    def texts(self) -> FeedTexts:  # type: ignore[override]
        """Texts of the store, shared with the feeds."""
        return self.tools.texts

    def names(self) -> Iterable[TextName]:
        """The order's count of changes, and what is known of the positions that it has units at."""
        cells = self.record.units
        yield peg_name(self.record.order.order_id)
        for cell in cells:
            yield mark_name(cell)
            if cell.receipt_id:
                yield moves_name(cell)

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """What it changes at this moment. Raises `Refusal`."""
        asked, record, tools = self.asked, self.record, self.tools
        self.texts.need(self.names())
        guards = self._guards()
        now = tools.unix_ms()
        draft = Draft(record, tools.image, asked.request_id, now)
        made = self._made = self.change(draft, stock, attempt)
        if -(-tools.unix_ms() // MINUTE_MS) != -(-now // MINUTE_MS):
            raise Refusal(Reason.CONTENDED, "the minute that it was planned for is over; try again")
        draft.close(frees_capacity=made.frees_capacity)
        self.response = made.respond(draft.order).SerializeToString()
        book = self._book = self._booked(draft, made, stock, now)
        taken = tuple(CapacityChange(location_id, day, -quantity, ANY) for location_id, day, quantity in draft.capacities_freed)
        cells, capacities = (*book.cells(), *made.cells), (*taken, *made.capacities)
        texts = (*guards, *book.texts())
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=asked.request_id, method=asked.method, request_digest=asked.digest, order_id=record.order.order_id,
            request=asked.message, response=self.response, network_version=tools.image.version, decided_unix_ms=now,
            events=draft.events, order=draft.order, policy_id=made.policy_id, returns=made.returns,
        )  # fmt: skip
        for location_id, day, quantity in draft.capacities:
            entry.order_capacities.add(location_id=location_id, day=day, quantity_delta=quantity)
        add_effects(entry, cells, capacities, texts)
        self._told = {TextName(table, item_id, name): text for table, item_id, name, _, text in texts}
        return Transaction(asked.request_id, asked.digest, made.created_id, cells, capacities, entry.SerializeToString(), texts)

    def _guards(self) -> tuple[TextChange, ...]:
        """The order is as it was looked up, and so are its units; where it is not, it must be looked up again."""
        order = self.record.order
        name, known = peg_name(order.order_id), count_text(order.version)
        if self.texts.get(name) != known:
            raise Refusal(Reason.CONTENDED, f"order {order.order_id!r} is being changed; try again")
        guards = [TextChange(*name, known, str(order.version))]
        for cell in self.record.units:
            if not cell.receipt_id:
                continue
            moved = self.texts.get(moves_name(cell))
            position = self.tools.moved_at(moved) if moved else ""
            if moved and (not position or self.tools.shards.is_ahead(position, self.record.position)):
                raise Refusal(Reason.CONTENDED, f"receipt {cell.receipt_id} is coming in; try again")
            guards.append(TextChange(*moves_name(cell), moved, moved))
        return tuple(guards)

    def _booked(self, draft: Draft, made: Made, stock: LiveStock, now: int) -> Book:
        image = self.tools.image
        at = made.happened_unix_ms
        event = Event(now if at is None else at, at is not None, "", 0)
        changed = [*draft.left, *draft.freed, *draft.lost, *draft.put]
        for cell, _ in changed:
            if cell.item_id not in image.item_index or cell.location_id not in image.location_index:
                raise Refusal(Reason.WRONG_STATE, f"the network has no {cell.item_id} at {cell.location_id} any more")
        self.texts.need([mark_name(cell) for cell, _ in changed])
        book = Book(image, stock, self.texts, FeedOrders((), self.tools.books), now, self.asked.request_id)
        for cell, quantity in (*draft.left, *draft.lost):
            book.add(cell, -quantity, event)
        for cell, quantity in draft.put:
            book.add(cell, quantity, event)
        for cell, quantity in (*draft.left, *draft.freed):
            book.free(cell, quantity)
        return book

    def hold(self, stock: LiveStock) -> None:
        """Show the changed stock and texts to what is planned next."""
        assert self._book is not None and self._made is not None
        self._held = self._book.held()
        change_open(stock, self._held, 1)
        stock.hold(self._made.pegs, self._made.days)
        # Over shards it is not decided yet, whatever is committed: nobody may go on from there.
        told = dict.fromkeys(self._told, LOCK) if stock.is_split else self._told
        self.texts.hold(told, self._book.pending())

    def release(self, stock: LiveStock) -> None:
        """Take it back."""
        assert self._made is not None
        self.texts.release()
        stock.release(self._made.pegs, self._made.days)
        change_open(stock, self._held, -1)

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.answer(self, outcome)


def count_text(version: int) -> str:
    """The text of an order that is at a version: how many changes it has seen since it was made."""
    return str(version - 1) if version > 1 else ""
