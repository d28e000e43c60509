"""Units of orders that leave a location: taken from what the ledger says each order has there, once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from belofte.v1 import ledger_entry_pb2, types_pb2
from sqlalchemy.exc import SQLAlchemyError

from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.order_record import order_of
from engine.inventory.feed_texts import FeedTexts, TextName
from engine.inventory.transaction import Cell, TextTable
from engine.ledger.ledger import Ledger, OrderPegs
from engine.service.feed_rows import SHIPPED, mark_name

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class OrderBooks:
    """What the ledger knows of orders. Both raise `Refusal` where it cannot be asked."""

    pegs: Callable[[Sequence[str]], Mapping[str, OrderPegs]]
    shipments: Callable[[str], Mapping[str, str]]
    """Location by shipment of an order's plan."""


def books_of(ledger: Ledger) -> OrderBooks:
    """What a ledger knows."""

    def shipments(order_id: str) -> Mapping[str, str]:
        plan = order_of(ledger.find_order(order_id)).plan
        return {each.shipment_id: each.location_id for each in plan.shipments}

    return OrderBooks(partial(_asked, ledger.find_pegs), partial(_asked, shipments))


def _asked(question: Callable[[Question], Answer], about: Question) -> Answer:
    try:
        return question(about)
    except SQLAlchemyError as error:
        raise Refusal(
            Reason.STORE_RECOVERING, "the ledger cannot be asked about orders; nothing was taken, try again"
        ) from error


class FeedOrders:
    """The orders that one request speaks of. What is taken of them is guarded by a count of such changes in the store."""

    def __init__(self, records: Iterable[types_pb2.InventoryRecord], books: OrderBooks) -> None:
        """Asks the ledger, where any record speaks of an order."""
        asked = dict.fromkeys(record.order_id for record in records if record.kind == SHIPPED)
        self._books = books
        self._pegs = dict(books.pegs(list(asked))) if asked else {}
        self._shipments: dict[str, Mapping[str, str]] = {}
        self._taken: list[tuple[str, Cell, int]] = []

    def names(self, records: Iterable[types_pb2.InventoryRecord]) -> Iterator[TextName]:
        """The texts that guard the orders, and those of where they have what the records say was shipped."""
        yield from map(peg_name, self._pegs)
        for record in records:
            yield from map(mark_name, self.cells_of(record))

    def check(self, texts: FeedTexts) -> None:
        """Raise `Refusal` where a change of an order is on its way to the ledger: what it leaves is not known yet."""
        for order_id, order in self._pegs.items():
            if texts.get(peg_name(order_id)) != _count(order):
                raise Refusal(Reason.CONTENDED, f"order {order_id} is being changed; try again")

    def cells_of(self, record: types_pb2.InventoryRecord) -> list[Cell]:
        """Where the order has units on hand that the record may mean, the common pool first."""
        order = self._pegs.get(record.order_id)
        place = record.item_id, record.location_id, ""
        found = sorted(cell for cell in order.units if cell[:3] == place) if order else []
        return [cell for cell in found if not record.pool or cell.pool == record.pool]

    def take(self, record: types_pb2.InventoryRecord) -> list[tuple[Cell, int]] | tuple[Reason, str]:
        """Take what was shipped: units by position, or why it cannot be."""
        order = self._pegs.get(record.order_id)
        if order is None:
            return Reason.UNKNOWN_ORDER, f"order_id: no order {record.order_id!r} is recorded"
        if record.shipment_id:
            location_id = self._shipments_of(record.order_id).get(record.shipment_id)
            if location_id != record.location_id:
                return (
                    Reason.WRONG_STATE,
                    f"shipment_id: the order has no shipment {record.shipment_id!r} from {record.location_id}",
                )
        cells = self.cells_of(record)
        have = sum(order.units[cell] for cell in cells)
        if have < record.quantity:
            return (
                Reason.WRONG_STATE,
                f"quantity: {record.order_id} has {have} of {record.item_id} allocated on hand at {record.location_id},"
                f" not {record.quantity}",
            )
        left, taken = record.quantity, []
        for cell in cells:
            quantity = min(left, order.units[cell])
            if quantity > 0:
                taken.append((cell, quantity))
                order.units[cell] -= quantity
                left -= quantity
        self._taken += [(record.order_id, *each) for each in taken]
        return taken

    def effects(self) -> list[ledger_entry_pb2.PegEffect]:
        """What was taken, for the entry."""
        return [
            ledger_entry_pb2.PegEffect(order_id=order_id, quantity_delta=-quantity, **cell._asdict())
            for order_id, cell, quantity in self._taken
        ]

    def texts(self) -> list[tuple[TextName, str]]:
        """The counts of the orders that were changed, one higher."""
        changed = dict.fromkeys(order_id for order_id, _, _ in self._taken)
        return [(peg_name(order_id), str(self._pegs[order_id].change_count + 1)) for order_id in changed]

    def _shipments_of(self, order_id: str) -> Mapping[str, str]:
        if order_id not in self._shipments:
            self._shipments[order_id] = self._books.shipments(order_id)
        return self._shipments[order_id]


def peg_name(order_id: str) -> TextName:
    """The text that guards an order's units."""
    return TextName(TextTable.PEGS, "", order_id)


def _count(order: OrderPegs) -> str:
    return str(order.change_count) if order.change_count else ""
