"""Receipts that come later or smaller than they were promised: what the orders that wait for them are told.

Which orders these are is known where the entry is recorded, since all that was promised before it is recorded by then. Those
that come after it are promised the new date, of what is left.
"""

from belofte.v1 import ledger_entry_pb2, types_pb2

from engine.domain.clock import instant_text
from engine.fulfilment.order_record import instant
from engine.inventory.matrix import ON_HAND
from engine.inventory.transaction import Cell

ReceiptRisk = ledger_entry_pb2.ReceiptRisk


def risks_of(cell: Cell, supply: tuple[int, int], minute: tuple[int, int], now_unix_ms: int) -> list[ReceiptRisk]:
    """The risks in a receipt's change, (before, after): a later date is one of all its orders, fewer units of the last ones.

    A date unknown before was promised to nobody.
    """
    item_id, location_id, receipt_id, pool = cell
    found = []
    name = f"receipt {receipt_id} of {item_id} at {location_id}"
    attributes = {"receipt_id": receipt_id, "available_at": instant_text(minute[1]), "quantity": str(supply[1])}

    def event(reason: str, message: str) -> types_pb2.OrderEvent:
        return types_pb2.OrderEvent(
            type=types_pb2.EVENT_TYPE_PROMISE_AT_RISK, time=instant(now_unix_ms), message=message, item_id=item_id,
            location_id=location_id, attributes=attributes | {"reason": reason},
        )  # fmt: skip

    if ON_HAND != minute[0] < minute[1] and minute[1] * 60_000 > now_unix_ms:
        told = event("RECEIPT_LATE", f"{name} comes at {instant_text(minute[1])}, not at {instant_text(minute[0])}")
        found.append(ReceiptRisk(item_id=item_id, location_id=location_id, receipt_id=receipt_id, event=told))
    if supply[1] < supply[0]:
        told = event("RECEIPT_CUT", f"{name} holds {supply[1]}, not {supply[0]}")
        found.append(
            ReceiptRisk(
                item_id=item_id, location_id=location_id, receipt_id=receipt_id, pool=pool, left_quantity=supply[1], event=told
            )
        )
    return found
