"""Rows of entries that make plain orders, by a kernel: nearly every entry is such a one when a shop is busy.

The generated classes would read an entry, its request and its answer for some two dozen values, field by field; this reads the
same values from the bytes of all entries at once. What it does not know goes the way of `projection.py`, with the same rows.
"""

from collections.abc import Sequence

import numpy as np

from engine.domain.life import Way
from engine.fulfilment import milestones
from engine.inventory.client import ordinal
from engine.inventory.gate import LogEntry
from engine.kernels.read_entries import (
    E_FIRST_SHIPMENT,
    E_FIRST_UNIT,
    E_SHIPMENT_COUNT,
    E_STATUS,
    E_UNIT_COUNT,
    ENTRY_READ_FIELDS,
    PLAIN,
    ROW_BYTES_MIN,
    SHIPMENT_READ_FIELDS,
    UNIT_READ_FIELDS,
    read_entries,
)
from engine.ledger.orders import ListedOrder
from engine.ledger.projection import COUNTED, MadeOrder
from engine.ledger.snapshots import NOT_AN_ORDER

METHOD = np.frombuffer(b"SourceOrder", np.uint8)
EVENTS_COUNTED = np.array(COUNTED, np.int64)
NOT_LEFT = np.array(milestones.NOT_LEFT, np.int64)


def read_made(log: Sequence[LogEntry]) -> list[MadeOrder | None]:
    """What the tables say of each entry that makes a plain order; None of others."""
    texts = b"".join([each.entry for each in log])
    starts = np.zeros(len(log) + 1, np.int64)
    np.cumsum([len(each.entry) for each in log], out=starts[1:])
    found = np.empty((len(log), ENTRY_READ_FIELDS), np.int64)
    rows_max = len(texts) // ROW_BYTES_MIN + 1
    units, shipments = np.empty((rows_max, UNIT_READ_FIELDS), np.int64), np.empty((rows_max, SHIPMENT_READ_FIELDS), np.int64)
    bytes_of = np.frombuffer(texts, np.uint8)
    count = read_entries(bytes_of, starts, METHOD, EVENTS_COUNTED, NOT_LEFT, Way.DIGITAL.value, found, units, shipments)
    if count == 0:
        return [None] * len(log)
    last = found[np.flatnonzero(found[:, E_STATUS] == PLAIN)[-1]]
    unit_rows = units[: last[E_FIRST_UNIT] + last[E_UNIT_COUNT]].tolist()
    shipment_rows = shipments[: last[E_FIRST_SHIPMENT] + last[E_SHIPMENT_COUNT]].tolist()
    return [
        _made(each, texts, row, unit_rows, shipment_rows) if row[E_STATUS] == PLAIN else None
        for each, row in zip(log, found.tolist(), strict=True)
    ]


def _made(
    each: LogEntry, texts: bytes, row: list[int], units: list[list[int]], shipments: list[list[int]]
) -> MadeOrder | None:  # fmt: skip
    (
        _, order_begin, order_end, customer_begin, customer_end, state, decided_ms, due_ms, first_unit, unit_count,
        first_shipment, shipment_count,
    ) = row  # fmt: skip
    order_id = texts[order_begin:order_end].decode()
    if order_id != each.created_id or order_id.startswith(NOT_AN_ORDER):
        return None
    place = ordinal(each.position)
    of_units = [
        (
            order_id, texts[item:item_end].decode(), texts[location:location_end].decode(),
            texts[receipt:receipt_end].decode(), texts[pool:pool_end].decode(), quantity, *place,
        )
        for item, item_end, location, location_end, receipt, receipt_end, pool, pool_end, quantity
        in units[first_unit : first_unit + unit_count]
    ]  # fmt: skip
    of_shipments = [
        (texts[location:location_end].decode(), of_state, decided_ms, *place, decided_ms)
        for location, location_end, of_state in shipments[first_shipment : first_shipment + shipment_count]
    ]
    customer_id = texts[customer_begin:customer_end].decode()
    listed = ListedOrder((*place, order_id, decided_ms, state, customer_id, 0, due_ms), of_shipments)
    return MadeOrder(order_id, of_units, listed)
