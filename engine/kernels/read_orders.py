"""Plain orders read where they lie in their messages; all others are told, to be read by the generated classes.

A message is plain only if its bytes are the canonical ones of what it says (fields ascending, no defaults, the shortest
varints, nothing unknown), so that its digest can be made of its bytes. Whatever is in any way else is OTHER, and nothing is
said about why: the ordinary path finds the same and has words for it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.ids import IdTable, find_id, is_same
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_fields import (
    BASKET_LINES,
    BYTES,
    LINE_ITEM_ID,
    LINE_LINE_ID,
    LINE_QUANTITY,
    LINE_UNIT_PRICE_MICROS,
    ORDER_BASKET,
    ORDER_ORDER_ID,
    REQUEST_MODE,
    REQUEST_NETWORK_ID,
    REQUEST_ORDER,
    REQUEST_REQUEST_ID,
)
from engine.kernels.order_tables import (
    A_BODY_BEGIN,
    A_BODY_END,
    A_FIRST_LINE,
    A_ID_BEGIN,
    A_ID_MS,
    A_LINE_COUNT,
    A_NETWORK_BEGIN,
    A_NETWORK_END,
    A_ORDER_ID_BEGIN,
    A_ORDER_ID_END,
    A_STATUS,
    A_TAIL_BEGIN,
    A_TAIL_END,
    B_ITEM,
    B_ITEM_ID_BEGIN,
    B_ITEM_ID_END,
    B_LINE_ID_BEGIN,
    B_LINE_ID_END,
    B_PRICE_MICROS,
    B_QUANTITY,
    OTHER,
    PLAIN,
    REQUEST_ID_BYTES,
)

BAD = -1
COMMIT = 1
"""Mode of a request that says it, though it is what no mode stands for."""

QUANTITY_MAX = 2**31 - 1
PRICE_MICROS_MAX = 10**12
VALUE_MICROS_MAX = 10**18
"""Of a whole basket: Σ quantity · price."""

LINE_BYTES_MIN = 10
"""Tag and length of a line; tag, length and a byte of its id and of its item; tag and a byte of its quantity: `lines` with
a column for so many bytes holds those of all messages."""

ID_LENGTH_MAX = 128
HYPHEN, ZERO, NINE, LOWER_A, LOWER_B, LOWER_F, SEVEN, EIGHT = 45, 48, 57, 97, 98, 102, 55, 56

FIRST, LATER = 2, 1
ID_BYTES = np.zeros(256, np.uint8)
"""By byte: FIRST, it may begin an id; LATER, it may stand within; 0, it may not. As in `domain/ids.py`."""

ID_BYTES[list(b"._:/@+-")] = LATER
ID_BYTES[list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] = FIRST

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def read_orders(
    messages: Bytes, starts: Ints, network: Bytes, lines_max: int, items: IdTable, asked: Ints, lines: Ints
) -> int:  # fmt: skip
    """Columns of `lines` used for the plain ones among n messages, which are messages[starts[i] : starts[i + 1]].

    starts [n + 1]; network: the name of the one served; items: those that may be asked for plainly, which kits may not, since
    they are sourced as their components; asked [n, ASKED_FIELDS] and lines [LINE_READ_FIELDS, …] are written. Of other
    messages only A_STATUS is meant.
    """
    used = 0
    for n in range(len(starts) - 1):
        count = read_request(messages, starts[n], starts[n + 1], network, lines_max, items, asked, n, lines, used)
        asked[n, A_STATUS] = PLAIN if count > 0 else OTHER
        used += count
    return used


@kernel
def read_request(
    messages: Bytes, begin: int, end: int, network: Bytes, lines_max: int, items: IdTable, asked: Ints, n: int, lines: Ints,
    used: int,
) -> int:  # fmt: skip
    """Lines of a plain message, which stand in `lines` from column `used`; 0: it is another."""
    at = begin
    if at < end and messages[at] == REQUEST_NETWORK_ID:
        first, at = read_field(messages, at, end, REQUEST_NETWORK_ID)
        if at <= first or not is_same(messages, first, at, network, 0, len(network)):
            return 0
    asked[n, A_NETWORK_BEGIN], asked[n, A_NETWORK_END] = begin, at
    first, at = read_field(messages, at, end, REQUEST_REQUEST_ID)
    if at == BAD or at - first != REQUEST_ID_BYTES:
        return 0
    unix_ms = read_request_id(messages, first)
    if unix_ms == BAD:
        return 0
    asked[n, A_ID_BEGIN], asked[n, A_ID_MS] = first, unix_ms
    asked[n, A_BODY_BEGIN] = at
    first, at = read_field(messages, at, end, REQUEST_ORDER)
    if at == BAD:
        return 0
    asked[n, A_BODY_END] = at
    if at < end and not (end - at == 2 and messages[at] == REQUEST_MODE and messages[at + 1] == COMMIT):
        return 0
    return read_order(messages, first, at, lines_max, items, asked, n, lines, used)


@kernel
def read_order(
    messages: Bytes, begin: int, end: int, lines_max: int, items: IdTable, asked: Ints, n: int, lines: Ints, used: int
) -> int:
    """Lines of a plain order; 0: it is another."""
    first, at = read_field(messages, begin, end, ORDER_ORDER_ID)
    if at == BAD or not is_id(messages, first, at):
        return 0
    asked[n, A_ORDER_ID_BEGIN], asked[n, A_ORDER_ID_END] = first, at
    first, at = read_field(messages, at, end, ORDER_BASKET)
    if at != end:
        return 0
    count, tail = read_lines(messages, first, end, lines_max, items, lines, used)
    if count == 0 or not is_tail(messages, tail, end):
        return 0
    asked[n, A_FIRST_LINE], asked[n, A_LINE_COUNT] = used, count
    asked[n, A_TAIL_BEGIN], asked[n, A_TAIL_END] = tail, end
    return count


@inlined_kernel
def read_lines(
    messages: Bytes, begin: int, end: int, lines_max: int, items: IdTable, lines: Ints, used: int
) -> tuple[int, int]:  # fmt: skip
    """(lines at the begin of a basket, where they end); 0 lines: one of them, or all together, are not plain."""
    at, count, value_micros = begin, 0, 0
    while at < end and messages[at] == BASKET_LINES:
        first, after = read_field(messages, at, end, BASKET_LINES)
        column = used + count
        if after == BAD or count == lines_max or column >= lines.shape[1]:
            return 0, BAD
        if not read_line(messages, first, after, items, lines, column) or is_repeated(messages, lines, used, column):
            return 0, BAD
        # Each product and each sum before it is checked is less than 2^63.
        quantity, price_micros = lines[B_QUANTITY, column], lines[B_PRICE_MICROS, column]
        if price_micros > VALUE_MICROS_MAX // quantity:
            return 0, BAD
        value_micros += quantity * price_micros
        if value_micros > VALUE_MICROS_MAX:
            return 0, BAD
        count += 1
        at = after
    return count, at


@inlined_kernel
def read_line(messages: Bytes, begin: int, end: int, items: IdTable, lines: Ints, column: int) -> bool:
    """Whether a line is plain by itself."""
    first, at = read_field(messages, begin, end, LINE_LINE_ID)
    if at == BAD or not is_id(messages, first, at):
        return False
    lines[B_LINE_ID_BEGIN, column], lines[B_LINE_ID_END, column] = first, at
    first, at = read_field(messages, at, end, LINE_ITEM_ID)
    if at == BAD or not is_id(messages, first, at):
        return False
    lines[B_ITEM_ID_BEGIN, column], lines[B_ITEM_ID_END, column] = first, at
    item = find_id(messages, first, at, items)
    quantity, at = read_number(messages, at, end, LINE_QUANTITY)
    if item < 0 or at == BAD or not 0 < quantity <= QUANTITY_MAX:
        return False
    price_micros = 0
    if at < end:
        price_micros, at = read_number(messages, at, end, LINE_UNIT_PRICE_MICROS)
        if at != end or not 0 < price_micros <= PRICE_MICROS_MAX:
            return False
    lines[B_ITEM, column], lines[B_QUANTITY, column], lines[B_PRICE_MICROS, column] = item, quantity, price_micros
    return True


@inlined_kernel
def is_repeated(messages: Bytes, lines: Ints, first: int, column: int) -> bool:
    """Whether a line has the id or the item of one before it in its basket."""
    begin, end = lines[B_LINE_ID_BEGIN, column], lines[B_LINE_ID_END, column]
    for other in range(first, column):
        if lines[B_ITEM, other] == lines[B_ITEM, column]:
            return True
        if is_same(messages, begin, end, messages, lines[B_LINE_ID_BEGIN, other], lines[B_LINE_ID_END, other]):
            return True
    return False


@inlined_kernel
def is_tail(messages: Bytes, begin: int, end: int) -> bool:
    """Whether fields follow one another up to the end, ascending and none of them lines. What they say is not looked at.

    All fields of a basket have a length, and tags of one byte: another is unknown, or newer than this.
    """
    at = begin
    before: Any = np.int64(BASKET_LINES)
    while at < end:
        tag: Any = np.int64(messages[at])
        if tag <= before or tag >= 128 or tag & 7 != BYTES:
            return False
        _, at = read_field(messages, at, end, tag)
        if at == BAD:
            return False
        before = tag
    return True


@inlined_kernel
def read_field(messages: Bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """(begin, end) of what a field with a tag of one byte and a length holds; end BAD: no such field is there."""
    if at >= end or messages[at] != tag:
        return at, BAD
    length, first = read_varint(messages, at + 1, end)
    if first == BAD or length > end - first:
        return at, BAD
    return first, first + length


@kernel
def read_number(messages: Bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """(value, where the next field begins) of a field with a tag of one byte; BAD: no such field is there."""
    if at >= end or messages[at] != tag:
        return 0, BAD
    return read_varint(messages, at + 1, end)


@inlined_kernel
def read_varint(messages: Bytes, at: int, end: int) -> tuple[int, int]:
    """(value, where it ends) of a varint in its shortest form, below 2^63; BAD end: it is another, or cut off."""
    value: Any = np.int64(0)
    for shift in range(0, 63, 7):
        if at >= end:
            break
        byte = np.int64(messages[at])
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return (value, BAD) if byte == 0 and shift > 0 else (value, at)
    return value, BAD


@inlined_kernel
def is_id(texts: Bytes, begin: int, end: int) -> bool:
    """Whether a text may be an id."""
    if not 0 < end - begin <= ID_LENGTH_MAX or ID_BYTES[texts[begin]] != FIRST:
        return False
    for at in range(begin + 1, end):
        if ID_BYTES[texts[at]] == 0:
            return False
    return True


@kernel
def read_request_id(texts: Bytes, begin: int) -> int:
    """The Unix milliseconds of a UUID version 7 in its usual form (RFC 9562, sections 4 and 5.7); BAD: it is something else.

    Variant and version stand in the digits that the numbers below name. It has REQUEST_ID_BYTES bytes.
    """
    unix_ms: Any = np.int64(0)
    for i in range(REQUEST_ID_BYTES):
        byte = np.int64(texts[begin + i])
        if i == 8 or i == 13 or i == 18 or i == 23:
            if byte != HYPHEN:
                return BAD
        elif not (ZERO <= byte <= NINE or LOWER_A <= byte <= LOWER_F):
            return BAD
        elif i < 13:
            unix_ms = unix_ms << 4 | (byte - ZERO if byte <= NINE else byte - LOWER_A + 10)
    variant = np.int64(texts[begin + 19])
    if texts[begin + 14] != SEVEN or not (EIGHT <= variant <= NINE or LOWER_A <= variant <= LOWER_B):
        return BAD
    number: int = unix_ms
    return number
