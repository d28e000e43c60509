"""Records of plain orders, straight from the tables that they were planned in: entries of the log with answer and event.

What is written is what `engine/service/record.py` makes of the same order with the generated classes, but that positions
stand row by row however many they are. A buffer is filled from its end; see `put.py`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels import order_fields as fields
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_tables import (
    A_ID_BEGIN,
    A_ORDER_ID_BEGIN,
    A_ORDER_ID_END,
    B_ITEM_ID_BEGIN,
    B_ITEM_ID_END,
    DIGEST_BYTES,
    K_ITEM,
    K_LINE,
    K_LOCATION,
    K_QUANTITY,
    K_SLOT,
    REQUEST_ID_BYTES,
    S_CAPACITY,
    S_DAY,
    S_FIRST_PEG,
    S_LOCATION,
    S_PEG_COUNT,
    V_ATTEMPTS,
    V_DECIDED_MS,
    V_FIRST_SHIPMENT,
    V_MESSAGE,
    V_PIECE,
    V_SHIPMENT_COUNT,
    V_TOTAL_MICROS,
    W_AND,
    W_COST,
    W_EVENT_TYPE,
    W_FROM,
    W_METHOD,
    W_SHIPMENT,
    W_SHIPMENT_COUNT,
    W_SHIPMENTS,
    W_SOURCED,
    W_STATE,
    Names,
    Texts,
)
from engine.kernels.put import (
    FULL,
    put_byte,
    put_bytes,
    put_delta,
    put_digits,
    put_head,
    put_number,
    put_span,
    put_text,
    put_word,
)
from engine.kernels.write_plans import HYPHEN, put_plan, put_shipment_id

ONE = 49
MS_PER_SECOND, NANOS_PER_MS = 1_000, 1_000_000

ORDER_BYTES, SHIPMENT_BYTES, PEG_BYTES, TERM_BYTES = 900, 560, 450, 50
"""Room for the numbers, tags and lengths of each, and for the ids of order, lines and items, of at most 128 bytes each."""

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]


def widest_text(names: Names) -> int:
    """Bytes of the longest of all names."""
    texts = [each for each in names if isinstance(each, Texts) and len(each.ends)]
    return max((int((each.ends - each.starts).max()) for each in texts), default=0)


def entries_bytes_max(
    message_bytes: int, order_count: int, shipment_count: int, peg_count: int, term_count: int, widest: int
) -> int:  # fmt: skip
    """Bytes that hold the entries of so many orders, shipments, pegs and terms, those of sums among them.

    message_bytes: of the orders' messages together; widest: no text has more bytes.
    """
    return (
        message_bytes + order_count * (ORDER_BYTES + 3 * widest) + shipment_count * (SHIPMENT_BYTES + 4 * widest)
        + peg_count * (PEG_BYTES + 5 * widest) + term_count * (TERM_BYTES + widest)
    )  # fmt: skip


@kernel
def write_orders(
    messages: Bytes, starts: Ints, digests: Bytes, asked: Ints, lines: Ints, planned: Ints, shipments: Ints, pegs: Ints,
    terms: Ints, sums: Ints, limited: Bools, names: Names, out: Bytes, spans: Ints,
) -> int:  # fmt: skip
    """Bytes of the entries of all planned orders, which are the last of `out`, in the order of their rows; FULL: no room.

    messages, starts, asked and lines: as they were read; digests: DIGEST_BYTES a message, of its request; planned, shipments,
    pegs, terms (of shipments) and sums (of orders): tables, a row each; limited [locations]: where capacity is counted;
    spans [planned, 4] receives begin and end of each entry in `out`, then of the answer within it.
    """
    at = len(out)
    for row in range(len(planned) - 1, -1, -1):
        spans[row, 1] = at
        at = put_entry(
            messages, starts, digests, asked, lines, planned, row, shipments, pegs, terms, sums, limited, names, out, at, spans
        )
        if at == FULL:
            return FULL
        spans[row, 0] = at
    return len(out) - at


@inlined_kernel
def put_entry(
    messages: Bytes, starts: Ints, digests: Bytes, asked: Ints, lines: Ints, planned: Ints, row: int, shipments: Ints,
    pegs: Ints, terms: Ints, sums: Ints, limited: Bools, names: Names, out: Bytes, at: int, spans: Ints,
) -> int:  # fmt: skip
    """What is recorded of one order."""
    message, piece = planned[row, V_MESSAGE], planned[row, V_PIECE]
    request_id, id_begin, id_end = asked[message, A_ID_BEGIN], asked[message, A_ORDER_ID_BEGIN], asked[message, A_ORDER_ID_END]
    at = put_event(messages, request_id, id_begin, id_end, planned, row, shipments, names, out, at)
    at = put_number(fields.ENTRY_DECIDED_UNIX_MS, planned[row, V_DECIDED_MS], out, at)
    at = put_word(names.entry_ends, piece, out, at)
    answer_end = at
    at = put_word(names.answer_ends, piece, out, at)
    at = put_number(fields.ANSWER_ATTEMPTS, planned[row, V_ATTEMPTS], out, at)
    at = put_plan(messages, id_begin, id_end, lines, planned, row, shipments, pegs, terms, sums, names, out, at)
    at = put_word(names.words, W_STATE, out, at)
    at = put_span(fields.ANSWER_ORDER_ID, messages, id_begin, id_end, out, at)
    spans[row, 2], spans[row, 3] = at, answer_end
    at = put_head(fields.ENTRY_RESPONSE, answer_end, out, at)
    at = put_span(fields.ENTRY_REQUEST, messages, starts[message], starts[message + 1], out, at)
    first = planned[row, V_FIRST_SHIPMENT]
    end = first + planned[row, V_SHIPMENT_COUNT]
    at = put_capacities(shipments, first, end, limited, names.locations, out, at)
    at = put_positions(messages, lines, shipments, first, end, pegs, names, out, at)
    at = put_span(fields.ENTRY_ORDER_ID, messages, id_begin, id_end, out, at)
    digest = DIGEST_BYTES * message
    at = put_span(fields.ENTRY_REQUEST_DIGEST, digests, digest, digest + DIGEST_BYTES, out, at)
    at = put_word(names.words, W_METHOD, out, at)
    return put_span(fields.ENTRY_REQUEST_ID, messages, request_id, request_id + REQUEST_ID_BYTES, out, at)


# -- effects


@inlined_kernel
def put_capacities(shipments: Ints, first: int, end: int, limited: Bools, locations: Texts, out: Bytes, at: int) -> int:
    """What shipments first … end − 1 take of the days of their locations, each day once, in the order in which they come."""
    for row in range(end - 1, first - 1, -1):
        location, day = shipments[row, S_LOCATION], shipments[row, S_DAY]
        quantity, is_first = 0, limited[location]
        for other in range(first, end):
            if shipments[other, S_LOCATION] == location and shipments[other, S_DAY] == day:
                is_first = is_first and other >= row
                quantity += shipments[other, S_CAPACITY]
        if is_first and quantity:
            effect_end = at
            at = put_delta(fields.CAPACITY_QUANTITY_DELTA, quantity, out, at)
            at = put_number(fields.CAPACITY_DAY, day, out, at)
            at = put_text(fields.CAPACITY_LOCATION_ID, locations, location, out, at)
            at = put_head(fields.ENTRY_CAPACITIES, effect_end, out, at)
    return at


@inlined_kernel
def put_positions(
    messages: Bytes, lines: Ints, shipments: Ints, first: int, end: int, pegs: Ints, names: Names, out: Bytes, at: int
) -> int:
    """What they take of positions, each position once, in the order in which they come."""
    for row in range(end - 1, first - 1, -1):
        first_peg = shipments[row, S_FIRST_PEG]
        for peg in range(first_peg + shipments[row, S_PEG_COUNT] - 1, first_peg - 1, -1):
            quantity = units_taken(shipments, first, end, pegs, row, peg)
            if quantity:
                effect_end, slot, line = at, pegs[peg, K_SLOT], pegs[peg, K_LINE]
                at = put_delta(fields.POSITION_DEMAND_DELTA, quantity, out, at)
                at = put_text(fields.POSITION_POOL, names.pools, slot, out, at)
                at = put_text(fields.POSITION_RECEIPT_ID, names.receipts, slot, out, at)
                at = put_text(fields.POSITION_LOCATION_ID, names.locations, pegs[peg, K_LOCATION], out, at)
                at = put_span(
                    fields.POSITION_ITEM_ID, messages, lines[B_ITEM_ID_BEGIN, line], lines[B_ITEM_ID_END, line], out, at
                )
                at = put_head(fields.ENTRY_POSITIONS, effect_end, out, at)
    return at


@inlined_kernel
def units_taken(shipments: Ints, first: int, end: int, pegs: Ints, row: int, peg: int) -> int:
    """Units that shipments first … end − 1 take of the position of `peg`, of shipment `row`; 0 where a peg before it has it."""
    units = 0
    for other_row in range(first, end):
        first_peg = shipments[other_row, S_FIRST_PEG]
        for other in range(first_peg, first_peg + shipments[other_row, S_PEG_COUNT]):
            if (
                pegs[other, K_ITEM] == pegs[peg, K_ITEM]
                and pegs[other, K_LOCATION] == pegs[peg, K_LOCATION]
                and pegs[other, K_SLOT] == pegs[peg, K_SLOT]
            ):
                if other_row < row or (other_row == row and other < peg):
                    return 0
                units += pegs[other, K_QUANTITY]
    return units


# -- event


@inlined_kernel
def put_event(
    messages: Bytes, request_id: int, id_begin: int, id_end: int, planned: Ints, row: int, shipments: Ints, names: Names,
    out: Bytes, at: int,
) -> int:  # fmt: skip
    """That the order is sourced: field `events` of an entry."""
    end, words, count = at, names.words, planned[row, V_SHIPMENT_COUNT]
    at = put_attribute(words, W_SHIPMENT_COUNT, count, out, at)
    at = put_attribute(words, W_COST, planned[row, V_TOTAL_MICROS], out, at)
    at = put_word(names.attributes, planned[row, V_PIECE], out, at)
    message_end = at
    for number in range(count, 0, -1):
        location = shipments[planned[row, V_FIRST_SHIPMENT] + number - 1, S_LOCATION]
        at = put_word(words, W_FROM, out, put_word(names.locations, location, out, at))
        at = put_shipment_id(messages, id_begin, id_end, number, out, at)
        if number > 1:
            at = put_word(words, W_AND, out, at)
    at = put_digits(count, out, put_word(words, W_SHIPMENT if count == 1 else W_SHIPMENTS, out, at))
    at = put_head(fields.EVENT_MESSAGE, message_end, out, put_word(words, W_SOURCED, out, at))
    time_end, unix_ms = at, planned[row, V_DECIDED_MS]
    at = put_number(fields.TIME_NANOS, unix_ms % MS_PER_SECOND * NANOS_PER_MS, out, at)
    at = put_number(fields.TIME_SECONDS, unix_ms // MS_PER_SECOND, out, at)
    at = put_head(fields.EVENT_TIME, time_end, out, at)
    at = put_word(words, W_EVENT_TYPE, out, at)
    at = put_span(fields.EVENT_ORDER_ID, messages, id_begin, id_end, out, at)
    event_id_end = at
    at = put_byte(HYPHEN, out, put_byte(ONE, out, at))
    at = put_bytes(messages, request_id, request_id + REQUEST_ID_BYTES, out, at)
    at = put_head(fields.EVENT_EVENT_ID, event_id_end, out, at)
    return put_head(fields.ENTRY_EVENTS, end, out, at)


@inlined_kernel
def put_attribute(words: Texts, name: int, value: int, out: Bytes, at: int) -> int:
    """A number among the event's further facts."""
    end = at
    at = put_head(fields.ATTRIBUTE_VALUE, end, out, put_digits(value, out, at))
    at = put_text(fields.ATTRIBUTE_KEY, words, name, out, at)
    return put_head(fields.EVENT_ATTRIBUTES, end, out, at)
