"""Estimates of items written straight from the table that they were planned in; see `put.py`."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels import quote_fields as fields
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_tables import Texts
from engine.kernels.plan_estimates import E_AVAILABLE, E_EARLIEST, E_LATEST, E_ORDER_BY, E_STATUS, TOLD
from engine.kernels.put import FULL, put_head, put_number, put_text
from engine.kernels.write_plans import put_minute

SHIP = 1
"""The delivery method of all that is told here."""

ESTIMATE_BYTES, ITEM_BYTES = 90, 20
"""Room for the numbers, tags and lengths of each."""

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def write_estimates(
    told: Ints, level_count: int, levels: Texts, ranks: Ints, fees: Ints, item_ids: Texts, is_listing: bool, out: Bytes,
    spans: Ints,
) -> int:  # fmt: skip
    """Bytes of all items, which are the last of `out`, in the order of their rows; FULL: no room.

    told [items · level_count, TOLD_FIELDS]; levels, ranks, fees [level_count]: names, how they are told of equal dates, and
    what the customer pays by each (micros); of a listing each item is told with its id. spans [items, 2] receives begin and
    end of each.
    """
    at = len(out)
    for item in range(len(spans) - 1, -1, -1):
        spans[item, 1] = at
        end, first = at, item * level_count
        for place in range(level_count - 1, -1, -1):
            for level in range(level_count):
                if told[first + level, E_STATUS] == TOLD and place_of(level, told, first, level_count, ranks) == place:
                    at = put_estimate(told[first + level], levels, level, fees[level], is_listing, out, at)
        if is_listing:
            at = put_text(fields.ITEM_ITEM_ID, item_ids, item, out, at)
            at = put_head(fields.ESTIMATED_ITEMS, end, out, at)
        if at == FULL:
            return FULL
        spans[item, 0] = at
    return len(out) - at


@inlined_kernel
def place_of(level: int, told: Ints, first: int, level_count: int, ranks: Ints) -> int:
    """How many levels are told before this one: the soonest first, by latest then by earliest date, then by rank."""
    before, own = 0, told[first + level]
    for other in range(level_count):
        row = told[first + other]
        is_sooner = row[E_LATEST] < own[E_LATEST]
        if row[E_LATEST] == own[E_LATEST]:
            is_sooner = row[E_EARLIEST] < own[E_EARLIEST]
            if row[E_EARLIEST] == own[E_EARLIEST]:
                is_sooner = ranks[other] < ranks[level]
        before += int(row[E_STATUS] == TOLD and is_sooner)
    return before


@inlined_kernel
def put_estimate(told: Ints, levels: Texts, level: int, fee_micros: int, is_listing: bool, out: Bytes, at: int) -> int:
    """When an item could be there by a level."""
    end = at
    at = put_number(fields.ESTIMATE_AVAILABLE_QUANTITY, told[E_AVAILABLE], out, at)
    at = put_number(fields.ESTIMATE_FEE_MICROS, fee_micros, out, at)
    at = put_minute(fields.ESTIMATE_ORDER_BY, told[E_ORDER_BY], out, at)
    at = put_minute(fields.ESTIMATE_DELIVERY_LATEST, told[E_LATEST], out, at)
    at = put_minute(fields.ESTIMATE_DELIVERY_EARLIEST, told[E_EARLIEST], out, at)
    at = put_text(fields.ESTIMATE_SERVICE_LEVEL, levels, level, out, at)
    at = put_number(fields.ESTIMATE_DELIVERY_METHOD, SHIP, out, at)
    return put_head(fields.ITEM_ESTIMATES if is_listing else fields.ESTIMATED_ESTIMATES, end, out, at)
