"""Inventory records of a feed on the write path: each accepted or refused by itself, the accepted ones committed together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from belofte.v1 import inventory_service_pb2, ledger_entry_pb2
from numpy.typing import NDArray

from engine.domain.reasons import Reason, Refusal
from engine.inventory.effects import add_effects
from engine.inventory.feed_texts import FeedTexts, TextName
from engine.inventory.live import LiveStock
from engine.inventory.transaction import LOCK, TextChange, TextTable, Transaction
from engine.inventory.write_path import Reading, Recorded
from engine.network.image import NetworkImage
from engine.service.feed_book import Book, names_of, refused
from engine.service.feed_orders import FeedOrders, OrderBooks
from engine.service.feed_rows import SHIPPED, Row, plain_row, refuse_record, row_of
from engine.service.fields import Violations
from engine.service.record import finisher

ADJUST_INVENTORY = "AdjustInventory"
RECORDS_MAX = 1_000

finished_adjustment = finisher(inventory_service_pb2.AdjustInventoryResponse)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A request with its records checked: each is either a row or refused, by its place."""

    request_id: str
    digest: bytes
    message: bytes
    rows: dict[int, Row]
    refusals: dict[int, tuple[Reason, str]]


@dataclass(slots=True)
class AdjustWrite(Reading):
    """An adjustment on the write path. `answer` is called once, with what became of it."""

    adjustment: Adjustment
    image: NetworkImage
    texts: FeedTexts
    books: OrderBooks
    unix_ms: Callable[[], int]
    answer: Callable[["AdjustWrite", Recorded | Refusal], None]
    method: str = ADJUST_INVENTORY
    response: bytes = field(default=b"", init=False)
    tries: int = field(default=1, init=False)
    _book: Book | None = field(default=None, init=False)
    _changed: tuple[TextChange, ...] = field(default=(), init=False)
    _held: NDArray[np.int64] = field(default_factory=lambda: np.zeros((5, 0), np.int64), init=False)

    @property
    def request_id(self) -> str:
        """The caller's id of the request."""
        return self.adjustment.request_id

    def names(self) -> Iterable[TextName]:
        """Texts of its feeds and positions; those of orders depend on what the ledger says of them."""
        return names_of(self.adjustment.rows.values())

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """The change that makes the stock of this moment what the records say. Raises `Refusal`."""
        asked, decided_unix_ms = self.adjustment, self.unix_ms()
        rows = asked.rows
        shipped = [row.record for row in rows.values() if row.kind == SHIPPED]
        orders = FeedOrders(shipped, self.books)
        self.texts.need(chain(names_of(rows.values()), orders.names(shipped)))
        orders.check(self.texts)
        book = self._book = Book(self.image, stock, self.texts, orders, decided_unix_ms, asked.request_id)
        book.open(rows.values())
        places = range(len(rows) + len(asked.refusals))
        results = [book.apply(i, rows[i]) if i in rows else refused(i, *asked.refusals[i]) for i in places]
        accepted_count = sum([result.accepted for result in results])
        answer = inventory_service_pb2.AdjustInventoryResponse(
            results=results, accepted_count=accepted_count, rejected_count=len(results) - accepted_count, gaps=book.gaps(),
            gap_count=book.gap_count(),
        )  # fmt: skip
        self.response = answer.SerializeToString()
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=asked.request_id, method=self.method, request_digest=asked.digest, request=asked.message,
            response=self.response, network_version=self.image.version, decided_unix_ms=decided_unix_ms,
            pegs=orders.effects(), moves=book.moves, risks=book.risks,
        )  # fmt: skip
        for number, event in enumerate(book.events, 1):
            event.event_id = f"{asked.request_id}-{number}"
        entry.events.extend(book.events)
        cells, self._changed = book.cells(), book.texts()
        add_effects(entry, cells, (), self._changed)
        return Transaction(asked.request_id, asked.digest, "", cells, (), entry.SerializeToString(), self._changed)

    def hold(self, stock: LiveStock) -> None:
        """Show the changed stock and texts to what is planned next."""
        assert self._book is not None
        self._held = self._book.held()
        change_open(stock, self._held, 1)
        # Holds are followed by the log: who plans on one that was moved in this tick is refused, and plans again.
        told = {TextName(table, item_id, field): text for table, item_id, field, _, text in self._changed
                if table is not TextTable.HOLDS}  # fmt: skip
        if stock.is_split:
            # It is not decided yet, whatever is committed: nobody may go on from there.
            told = dict.fromkeys(told, LOCK)
        self.texts.hold(told, self._book.pending())

    def release(self, stock: LiveStock) -> None:
        """Take it back."""
        change_open(stock, self._held, -1)
        self.texts.release()

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.answer(self, outcome)


def change_open(stock: LiveStock, held: NDArray[np.int64], sign: int) -> None:
    """Change positions that are there, as `Book.held` names them; sign −1: back again."""
    item, location, slot, supply, demand = held
    done = stock.matrix.change_many(0, item, location, slot, sign * supply, sign * demand)
    assert done == len(item), "the sums stay within their columns"


def decode_adjustment(
    wire: inventory_service_pb2.AdjustInventoryRequest, image: NetworkImage, digest: bytes, message: bytes, now_unix_ms: int,
    violations: Violations,
) -> Adjustment:  # fmt: skip
    """The records, those that cannot be applied told apart. Only the request as a whole is noted in `violations`."""
    if not 1 <= len(wire.records) <= RECORDS_MAX:
        violations.add("records", f"1 to {RECORDS_MAX} records were expected, not {len(wire.records)}")
    rows, refusals = {}, {}
    for i, record in enumerate(wire.records[: RECORDS_MAX + 1]):
        row = plain_row(record, image)
        if row is None:
            refusal = refuse_record(record, image, now_unix_ms)
            if refusal is not None:
                refusals[i] = refusal
                continue
            row = row_of(record)
        rows[i] = row
    return Adjustment(wire.request_id, digest, message, rows, refusals)
