"""What the ledger's lists say of entries that make plain orders, read where it lies in their bytes.

An entry is read here if it makes an order out of a request and changes nothing else that a table says: no receipt, reservation,
return or other order, nothing that has left or is kept for its customer. Whatever is in any way else is OTHER, and nothing is
said about why: the generated classes find the same and know the rest.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.ids import is_same
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_fields import (
    ANSWER_PLAN,
    ANSWER_STATE,
    BASKET_CUSTOMER_ID,
    BYTES,
    ENTRY_BASIS,
    ENTRY_CAPACITIES,
    ENTRY_DECIDED_UNIX_MS,
    ENTRY_EVENTS,
    ENTRY_IN_VAIN,
    ENTRY_METHOD,
    ENTRY_NETWORK_VERSION,
    ENTRY_ORDER_ID,
    ENTRY_POLICY_ID,
    ENTRY_POSITIONS,
    ENTRY_REQUEST,
    ENTRY_REQUEST_DIGEST,
    ENTRY_REQUEST_ID,
    ENTRY_RESPONSE,
    ENTRY_TEXTS,
    EVENT_TYPE,
    FIXED32,
    FIXED64,
    ORDER_BASKET,
    ORDER_HOLD_REASON,
    ORDER_HOLD_UNTIL,
    PLAN_SHIPMENTS,
    POSITION_DEMAND_DELTA,
    POSITION_ITEM_ID,
    POSITION_LOCATION_ID,
    POSITION_POOL,
    POSITION_RECEIPT_ID,
    REQUEST_ORDER,
    SHIPMENT_HANDOVER_BY,
    SHIPMENT_KEEP_UNTIL,
    SHIPMENT_LINES,
    SHIPMENT_LOCATION_ID,
    SHIPMENT_ROUTE,
    SHIPMENT_STATE,
    SHIPMENT_STATE_SINCE,
    TIME_SECONDS,
    VARINT,
)
from engine.kernels.read_orders import BAD, read_varint

OTHER, PLAIN = 0, 1

ENUM_MAX = 2**31 - 1
"""The generated classes take the lower 32 bits of a greater one."""

(
    E_STATUS, E_ORDER_ID_BEGIN, E_ORDER_ID_END, E_CUSTOMER_BEGIN, E_CUSTOMER_END, E_STATE, E_DECIDED_MS, E_DUE_MS, E_FIRST_UNIT,
    E_UNIT_COUNT, E_FIRST_SHIPMENT, E_SHIPMENT_COUNT,
) = range(12)  # fmt: skip
"""Of an entry. E_DUE_MS: when the first of its shipments must have been handed over, in Unix milliseconds; 0: none must."""

ENTRY_READ_FIELDS = 12

U_ITEM, U_LOCATION, U_RECEIPT, U_POOL, U_QUANTITY = 0, 2, 4, 6, 8
"""Of units taken of a position: begin and end of each text, and how many they are."""

UNIT_READ_FIELDS = 9

S_LOCATION, S_STATE = 0, 2
"""Of a shipment: begin and end of its location, and its state."""

SHIPMENT_READ_FIELDS = 3

ROW_BYTES_MIN = 8
"""Tag, length, and a text with its own, of units or a shipment that is read: rows for so many bytes hold those of all."""

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def read_entries(
    entries: Bytes, starts: Ints, method: Bytes, counted: Ints, states: Ints, digital: int, found: Ints, units: Ints,
    shipments: Ints,
) -> int:  # fmt: skip
    """Plain ones among n entries, which are entries[starts[i] : starts[i + 1]].

    method: of the entries that are looked at; counted: types of events that other tables count; states: of shipments that have
    not left; digital: the route of which nothing is handed over. found [n, ENTRY_READ_FIELDS], units […, UNIT_READ_FIELDS] and
    shipments […, SHIPMENT_READ_FIELDS] are written; of other entries only E_STATUS is meant.
    """
    count, unit, shipment = 0, 0, 0
    for n in range(len(starts) - 1):
        found[n] = 0
        found[n, E_FIRST_UNIT], found[n, E_FIRST_SHIPMENT] = unit, shipment
        is_plain = read_entry(
            entries, starts[n], starts[n + 1], method, counted, states, digital, found[n], units[unit:], shipments[shipment:]
        )
        if is_plain:
            found[n, E_STATUS] = PLAIN
            unit += found[n, E_UNIT_COUNT]
            shipment += found[n, E_SHIPMENT_COUNT]
            count += 1
    return count


@inlined_kernel
def read_entry(
    entries: Bytes, begin: int, end: int, method: Bytes, counted: Ints, states: Ints, digital: int, found: Ints, units: Ints,
    shipments: Ints,
) -> bool:  # fmt: skip
    """Whether an entry is plain; `found` [ENTRY_READ_FIELDS] says what it holds, units and shipments are its own rows."""
    at, is_made, before = begin, False, 0
    while at < end:
        tag, value, at = next_field(entries, at, end)
        # Once, but for what repeats: of two the later would count, or both would be one.
        if at == BAD or tag < before or (tag == before and not is_repeating(tag)):
            return False
        before = tag
        if tag == ENTRY_METHOD:
            is_made = is_same(entries, value, at, method, 0, len(method))
        elif tag == ENTRY_ORDER_ID:
            found[E_ORDER_ID_BEGIN], found[E_ORDER_ID_END] = value, at
        elif tag == ENTRY_POSITIONS:
            if not read_units(entries, value, at, found, units):
                return False
        elif tag == ENTRY_REQUEST:
            if not read_request(entries, value, at, found):
                return False
        elif tag == ENTRY_RESPONSE:
            if not read_answer(entries, value, at, states, digital, found, shipments):
                return False
        elif tag == ENTRY_DECIDED_UNIX_MS:
            found[E_DECIDED_MS] = value
        elif tag == ENTRY_EVENTS:
            if not is_uncounted(entries, value, at, counted):
                return False
        elif not is_no_table(tag):
            return False
    return is_made and found[E_ORDER_ID_END] > found[E_ORDER_ID_BEGIN]


@inlined_kernel
def is_repeating(tag: int) -> bool:
    """Whether a field of an entry may stand several times. What it was decided on is written in parts."""
    return tag in (ENTRY_POSITIONS, ENTRY_CAPACITIES, ENTRY_EVENTS, ENTRY_TEXTS, ENTRY_BASIS, ENTRY_IN_VAIN)


@inlined_kernel
def is_no_table(tag: int) -> bool:
    """Whether no table says anything of a field of an entry."""
    return tag in (
        ENTRY_REQUEST_ID, ENTRY_REQUEST_DIGEST, ENTRY_CAPACITIES, ENTRY_NETWORK_VERSION, ENTRY_POLICY_ID, ENTRY_TEXTS,
        ENTRY_BASIS, ENTRY_IN_VAIN,
    )  # fmt: skip


@inlined_kernel
def read_units(entries: Bytes, begin: int, end: int, found: Ints, units: Ints) -> bool:
    """Add a row of what a position gave; none where it gave nothing. False: another row is of the same position."""
    row = found[E_UNIT_COUNT]
    if row == len(units):
        return False
    units[row] = 0
    at = begin
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD:
            return False
        if tag == POSITION_ITEM_ID:
            units[row, U_ITEM], units[row, U_ITEM + 1] = value, at
        elif tag == POSITION_LOCATION_ID:
            units[row, U_LOCATION], units[row, U_LOCATION + 1] = value, at
        elif tag == POSITION_RECEIPT_ID:
            units[row, U_RECEIPT], units[row, U_RECEIPT + 1] = value, at
        elif tag == POSITION_POOL:
            units[row, U_POOL], units[row, U_POOL + 1] = value, at
        elif tag == POSITION_DEMAND_DELTA:
            # Zigzag: 0, −1, 1, −2, … as 0, 1, 2, 3, …
            units[row, U_QUANTITY] = (value >> 1) ^ -(value & 1)
    for other in range(row):
        if is_same_position(entries, units[other], units[row]):
            return False
    if units[row, U_QUANTITY] != 0:
        found[E_UNIT_COUNT] += 1
    return True


@inlined_kernel
def is_same_position(entries: Bytes, one: Ints, other: Ints) -> bool:
    """Whether two rows of `units` are of one position."""
    for text in range(U_ITEM, U_QUANTITY, 2):
        if not is_same(entries, one[text], one[text + 1], entries, other[text], other[text + 1]):
            return False
    return True


@inlined_kernel
def read_request(entries: Bytes, begin: int, end: int, found: Ints) -> bool:
    """Read the customer of a request's order; whether it has one order, of one basket, that no hold ends by itself."""
    at, orders = begin, 0
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD:
            return False
        if tag == REQUEST_ORDER:
            orders += 1
            if orders > 1 or not read_order(entries, value, at, found):
                return False
    return True


@inlined_kernel
def read_order(entries: Bytes, begin: int, end: int, found: Ints) -> bool:
    """Read the customer of an order; whether it has one basket, and no hold."""
    at, baskets = begin, 0
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD or tag in (ORDER_HOLD_REASON, ORDER_HOLD_UNTIL):
            return False
        if tag == ORDER_BASKET:
            baskets += 1
            if baskets > 1 or not read_basket(entries, value, at, found):
                return False
    return True


@inlined_kernel
def read_basket(entries: Bytes, begin: int, end: int, found: Ints) -> bool:
    """Read the customer of a basket."""
    at = begin
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD:
            return False
        if tag == BASKET_CUSTOMER_ID:
            found[E_CUSTOMER_BEGIN], found[E_CUSTOMER_END] = value, at
    return True


@inlined_kernel
def read_answer(
    entries: Bytes, begin: int, end: int, states: Ints, digital: int, found: Ints, shipments: Ints
) -> bool:  # fmt: skip
    """Read the state of an order and its shipments out of an answer; whether it has one plan, which is plain."""
    at, plans = begin, 0
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD or (tag == ANSWER_STATE and value > ENUM_MAX):
            return False
        if tag == ANSWER_STATE:
            found[E_STATE] = value
        elif tag == ANSWER_PLAN:
            plans += 1
            if plans > 1 or not read_plan(entries, value, at, states, digital, found, shipments):
                return False
    return True


@inlined_kernel
def read_plan(
    entries: Bytes, begin: int, end: int, states: Ints, digital: int, found: Ints, shipments: Ints
) -> bool:  # fmt: skip
    """Read the shipments of a plan; whether each is plain, and of a location and a state of its own."""
    at = begin
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD:
            return False
        if tag == PLAN_SHIPMENTS and not read_shipment(entries, value, at, states, digital, found, shipments):
            return False
    return True


@inlined_kernel
def read_shipment(
    entries: Bytes, begin: int, end: int, states: Ints, digital: int, found: Ints, shipments: Ints
) -> bool:  # fmt: skip
    """Add a row of a shipment; none where it has no lines."""
    row = found[E_SHIPMENT_COUNT]
    if row == len(shipments):
        return False
    shipments[row] = 0
    at, route, has_lines, handover_begin, handover_end = begin, 0, False, 0, BAD
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD or tag in (SHIPMENT_KEEP_UNTIL, SHIPMENT_STATE_SINCE):
            return False
        if tag == SHIPMENT_ROUTE and value > ENUM_MAX:
            return False
        if tag == SHIPMENT_STATE:
            shipments[row, S_STATE] = value
        elif tag == SHIPMENT_LOCATION_ID:
            shipments[row, S_LOCATION], shipments[row, S_LOCATION + 1] = value, at
        elif tag == SHIPMENT_ROUTE:
            route = value
        elif tag == SHIPMENT_LINES:
            has_lines = True
        elif tag == SHIPMENT_HANDOVER_BY:
            if handover_end != BAD:
                return False
            handover_begin, handover_end = value, at
    if not has_lines:
        return True
    if not is_among(shipments[row, S_STATE], states):
        return False
    for other in range(row):
        # Rows are of a location and a state: the first of several would be looked for.
        if is_same(
            entries, shipments[other, S_LOCATION], shipments[other, S_LOCATION + 1], entries, shipments[row, S_LOCATION],
            shipments[row, S_LOCATION + 1],
        ):  # fmt: skip
            return False
    if route != digital and handover_end != BAD:
        due_ms = read_seconds(entries, handover_begin, handover_end) * 1_000
        if due_ms <= 0:
            return False
        found[E_DUE_MS] = due_ms if found[E_DUE_MS] == 0 else min(found[E_DUE_MS], due_ms)
    found[E_SHIPMENT_COUNT] += 1
    return True


@inlined_kernel
def read_seconds(entries: Bytes, begin: int, end: int) -> int:
    """Seconds of an instant after 1970 and before 10^12; BAD: of another."""
    at: Any = begin
    seconds: Any = np.int64(0)
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD:
            return BAD
        if tag == TIME_SECONDS:
            seconds = value
    found: int = seconds if 0 < seconds < 10**12 else BAD
    return found


@inlined_kernel
def is_uncounted(entries: Bytes, begin: int, end: int, counted: Ints) -> bool:
    """Whether an event is of a type that no table counts."""
    at, type_ = begin, 0
    while at < end:
        tag, value, at = next_field(entries, at, end)
        if at == BAD or (tag == EVENT_TYPE and value > ENUM_MAX):
            return False
        if tag == EVENT_TYPE:
            type_ = value
    return not is_among(type_, counted)


@inlined_kernel
def is_among(value: int, values: Ints) -> bool:
    """Whether a number is one of a few."""
    for each in values:
        if each == value:
            return True
    return False


@kernel
def next_field(entries: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """(tag, value, where the next begins) of the field at a place; BAD: it cannot be read.

    The value of a field that has a length is where its content begins; that of one with a fixed width is not read.
    """
    tag, first = read_varint(entries, at, end)
    if first == BAD:
        return 0, 0, BAD
    kind = tag & 7
    if kind == VARINT:
        value, after = read_varint(entries, first, end)
        return tag, value, after
    length = 8 if kind == FIXED64 else 4 if kind == FIXED32 else BAD
    if kind == BYTES:
        length, first = read_varint(entries, first, end)
    if length == BAD or first == BAD or length > end - first:
        return 0, 0, BAD
    return tag, first, first + length
