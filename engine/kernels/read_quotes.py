"""Plain quotes read where they lie in their messages; all others are told, to be read by the generated classes.

As of plain orders (`read_orders`), nothing is taken that is not checked in full, and nothing is said about why.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels import quote_fields as fields
from engine.kernels.ids import IdTable, is_same
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_tables import OTHER, PLAIN
from engine.kernels.quote_tables import (
    A_FIRST_LINE,
    A_FRONTIER,
    A_LINE_COUNT,
    A_LINES_BEGIN,
    A_OPTIONS_MAX,
    A_STATUS,
    A_TAIL_BEGIN,
    A_TAIL_END,
    OPTIONS_MAX,
)
from engine.kernels.read_orders import BAD, is_tail, read_field, read_lines, read_number

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@kernel
def read_quotes(
    messages: Bytes, begins: Ints, ends: Ints, network: Bytes, lines_max: int, items: IdTable, asked: Ints, lines: Ints
) -> int:  # fmt: skip
    """Columns of `lines` used for the plain ones among n messages, which are messages[begins[i] : ends[i]].

    As `read_orders`; asked [n, ASKED_FIELDS] of `quote_tables`. Of other messages only A_STATUS is meant.
    """
    used = 0
    for n in range(len(begins)):
        count = read_quote(messages, begins[n], ends[n], network, lines_max, items, asked, n, lines, used)
        asked[n, A_STATUS] = PLAIN if count > 0 else OTHER
        used += count
    return used


@inlined_kernel
def read_quote(
    messages: Bytes, begin: int, end: int, network: Bytes, lines_max: int, items: IdTable, asked: Ints, n: int, lines: Ints,
    used: int,
) -> int:  # fmt: skip
    """Lines of a plain message, which stand in `lines` from column `used`; 0: it is another."""
    at = begin
    if at < end and messages[at] == fields.QUOTE_NETWORK_ID:
        first, at = read_field(messages, at, end, fields.QUOTE_NETWORK_ID)
        if at <= first or not is_same(messages, first, at, network, 0, len(network)):
            return 0
    first, basket_end = read_field(messages, at, end, fields.QUOTE_BASKET)
    if basket_end == BAD:
        return 0
    at = basket_end
    options_max, omits = 0, 0
    if at < end and messages[at] == fields.QUOTE_MAX_OPTIONS:
        options_max, at = read_number(messages, at, end, fields.QUOTE_MAX_OPTIONS)
        if at == BAD or not 0 < options_max <= OPTIONS_MAX:
            return 0
    if at < end and messages[at] == fields.QUOTE_OMIT_FRONTIER:
        omits, at = read_number(messages, at, end, fields.QUOTE_OMIT_FRONTIER)
        if at == BAD or omits != 1:
            return 0
    if at != end:
        return 0
    count, tail = read_lines(messages, first, basket_end, lines_max, items, lines, used)
    if count == 0 or not is_tail(messages, tail, basket_end):
        return 0
    asked[n, A_FIRST_LINE], asked[n, A_LINE_COUNT] = used, count
    asked[n, A_LINES_BEGIN], asked[n, A_TAIL_BEGIN], asked[n, A_TAIL_END] = first, tail, basket_end
    asked[n, A_OPTIONS_MAX], asked[n, A_FRONTIER] = options_max, 1 - omits
    return count
