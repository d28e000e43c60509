"""Answers to plain quotes, straight from the tables that they were planned in: options, frontier and all.

What is written is what `engine/service/encode.py` makes of the same quote with the generated classes. A buffer is filled from
its end; see `put.py`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels import order_fields
from engine.kernels import quote_fields as fields
from engine.kernels.base64_text import base64_length, put_base64
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_tables import (
    B_LINE_ID_BEGIN,
    B_LINE_ID_END,
    B_QUANTITY,
    K_LINE,
    PLAIN,
    S_EARLIEST,
    S_FIRST_PEG,
    S_LATEST,
    S_LOCATION,
    S_PEG_COUNT,
    S_SERVICE,
    V_FIRST_SHIPMENT,
    V_FIRST_SUM,
    V_SHIPMENT_COUNT,
    V_SUM_COUNT,
    V_TOTAL_MICROS,
    Names,
)
from engine.kernels.pack_plans import Tokens
from engine.kernels.plan_orders import Planned
from engine.kernels.put import FULL, put_byte, put_digits, put_head, put_number, put_span, put_word
from engine.kernels.quote_tables import (
    F_CO2_GRAMS,
    F_EARLIEST,
    F_LATEST,
    F_ORDER_BY,
    POINTS_MAX,
    Q_FIRST_LINE,
    Q_LINE_COUNT,
    Q_OPTION_COUNT,
    Q_PIECE,
    Q_POINT_COUNT,
    Q_STATUS,
    T_COST_MICROS,
    T_LATEST,
    T_RANK,
    W_AND,
    W_BY,
    W_FROM,
    W_OPTION,
    W_THERE_BY,
    QuoteNames,
)
from engine.kernels.write_plans import HYPHEN, fee_of, put_certificate, put_cost, put_minute, put_shipment

ANSWER_BYTES, OPTION_BYTES, SHIPMENT_BYTES, PEG_BYTES, TERM_BYTES, PROMISE_BYTES, POINT_BYTES = 200, 520, 710, 450, 50, 200, 60
"""Room for the numbers, tags and lengths of each, and for the ids of lines and items, of at most 128 bytes each."""

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


def answers_bytes_max(
    quotes: int, plans: int, shipments: int, pegs: int, terms: int, promises: int, points: int, widest: int
) -> int:  # fmt: skip
    """Bytes that hold so many answers with so many of each between them; no text has more than `widest` bytes."""
    return (
        quotes * (ANSWER_BYTES + widest) + plans * (OPTION_BYTES + widest) + shipments * (SHIPMENT_BYTES + 8 * widest)
        + pegs * (PEG_BYTES + 2 * widest) + terms * (TERM_BYTES + widest) + promises * PROMISE_BYTES + points * POINT_BYTES
    )  # fmt: skip


@kernel
def write_quotes(
    messages: Bytes, lines: Ints, quotes: Ints, planned: Planned, facts: Ints, ranked: Ints, points: Ints, names: QuoteNames,
    tokens: Tokens, out: Bytes, spans: Ints,
) -> int:  # fmt: skip
    """Bytes of the answers to all PLAIN quotes, which are the last of `out`, in the order of their rows; FULL: no room.

    messages, lines: as they were read; the others: see `quote_tables`. spans [quotes, 2] receives begin and end of each.
    """
    at = len(out)
    for q in range(len(quotes) - 1, -1, -1):
        spans[q, 1] = at
        if quotes[q, Q_STATUS] == PLAIN:
            at = put_answer(messages, lines, quotes[q], q, planned, facts, ranked[q], points, names, tokens, out, at)
            if at == FULL:
                return FULL
        spans[q, 0] = at
    return len(out) - at


@inlined_kernel
def put_answer(
    messages: Bytes, lines: Ints, quote: Ints, q: int, planned: Planned, facts: Ints, ranked: Ints, points: Ints,
    names: QuoteNames, tokens: Tokens, out: Bytes, at: int,
) -> int:  # fmt: skip
    """The answer to one quote."""
    piece = quote[Q_PIECE]
    at = put_word(names.plans.answer_ends, piece, out, at)
    first = q * POINTS_MAX
    # The soonest is the last of them, and the first that is told.
    for row in range(first, first + quote[Q_POINT_COUNT]):
        end = at
        at = put_number(fields.POINT_OPTION_RANK, points[row, T_RANK], out, at)
        at = put_number(fields.POINT_COST_MICROS, points[row, T_COST_MICROS], out, at)
        at = put_minute(fields.POINT_DELIVERY_LATEST, points[row, T_LATEST], out, at)
        at = put_head(fields.ANSWER_FRONTIER, end, out, at)
    for rank in range(quote[Q_OPTION_COUNT], 0, -1):
        end, p = at, ranked[rank - 1]
        at = put_line_promises(messages, lines, quote, planned, p, out, at)
        if rank > 1:
            at = put_difference(planned, facts, p, ranked[0], piece, names.plans, out, at)
        at = put_token(p, tokens, out, at)
        at = put_summary(planned, p, names, out, at)
        at = put_number(fields.OPTION_CO2_GRAMS, facts[p, F_CO2_GRAMS], out, at)
        at = put_number(fields.OPTION_FEE_MICROS, fees_of(planned, p, piece, names.plans), out, at)
        at = put_number(fields.OPTION_COST_MICROS, planned.orders[p, V_TOTAL_MICROS], out, at)
        at = put_minute(fields.OPTION_ORDER_BY, facts[p, F_ORDER_BY], out, at)
        at = put_minute(fields.OPTION_DELIVERY_LATEST, facts[p, F_LATEST], out, at)
        at = put_minute(fields.OPTION_DELIVERY_EARLIEST, facts[p, F_EARLIEST], out, at)
        at = put_option_plan(messages, lines, planned, p, rank, piece, names, out, at)
        at = put_number(fields.OPTION_RANK, rank, out, at)
        at = put_head(fields.ANSWER_OPTIONS, end, out, at)
    return at


@inlined_kernel
def put_token(p: int, tokens: Tokens, out: Bytes, at: int) -> int:
    """A plan's token, and until when it is accepted."""
    begin, end = tokens.spans[p, 0], tokens.spans[p, 1]
    if begin == end:
        return at
    at = put_minute(fields.OPTION_VALID_UNTIL, tokens.until[p], out, at)
    first = at - base64_length(end - begin)
    if first < 0:
        return FULL
    put_base64(tokens.content, begin, end, out, first)
    return put_head(fields.OPTION_QUOTE_TOKEN, at, out, first)


@inlined_kernel
def put_option_plan(
    messages: Bytes, lines: Ints, planned: Planned, p: int, rank: int, piece: int, names: QuoteNames, out: Bytes, at: int
) -> int:  # fmt: skip
    """The plan of an option; its shipments are named by its rank and their number."""
    end, orders = at, planned.orders
    at = put_certificate(orders, p, names.plans.words, out, at)
    at = put_cost(
        order_fields.PLAN_COST, orders[p, V_TOTAL_MICROS], planned.sums, orders[p, V_FIRST_SUM], orders[p, V_SUM_COUNT],
        names.plans.terms, out, at,
    )  # fmt: skip
    first = orders[p, V_FIRST_SHIPMENT]
    for number in range(orders[p, V_SHIPMENT_COUNT], 0, -1):
        shipment_end = at
        fee = fee_of(planned.shipments, first, first + number - 1, piece, names.plans)
        at = put_shipment(
            messages, lines, planned.shipments, first + number - 1, fee, planned.pegs, planned.terms, names.plans, out, at
        )
        id_end = at
        at = put_byte(HYPHEN, out, put_digits(number, out, at))
        at = put_word(names.words, W_OPTION, out, put_digits(rank, out, at))
        at = put_head(order_fields.SHIPMENT_SHIPMENT_ID, id_end, out, at)
        at = put_head(order_fields.PLAN_SHIPMENTS, shipment_end, out, at)
    return put_head(fields.OPTION_PLAN, end, out, at)


@inlined_kernel
def put_summary(planned: Planned, p: int, names: QuoteNames, out: Bytes, at: int) -> int:
    """An option in one sentence: from where, by which service, and when each shipment is there."""
    end, words, first = at, names.words, planned.orders[p, V_FIRST_SHIPMENT]
    for s in range(first + planned.orders[p, V_SHIPMENT_COUNT] - 1, first - 1, -1):
        shipment = planned.shipments[s]
        at = put_word(names.minute_texts, find_minute(shipment[S_LATEST], names.minute), out, at)
        at = put_word(words, W_THERE_BY, out, at)
        at = put_word(names.plans.services, shipment[S_SERVICE], out, at)
        at = put_word(words, W_BY, out, at)
        at = put_word(names.plans.locations, shipment[S_LOCATION], out, at)
        at = put_word(words, W_FROM, out, at)
        if s > first:
            at = put_word(words, W_AND, out, at)
    return put_head(fields.OPTION_SUMMARY, end, out, at)


@inlined_kernel
def find_minute(minute: int, minutes: Ints) -> int:
    """Where a minute stands among all of them, which are ascending; it is one of them."""
    low, high = 0, len(minutes) - 1
    while low < high:
        middle = (low + high) // 2
        if minutes[middle] < minute:
            low = middle + 1
        else:
            high = middle
    return low


@inlined_kernel
def fees_of(planned: Planned, p: int, piece: int, names: Names) -> int:
    """What the customer pays for all shipments of a plan."""
    first, fees = planned.orders[p, V_FIRST_SHIPMENT], 0
    for row in range(first, first + planned.orders[p, V_SHIPMENT_COUNT]):
        fees += fee_of(planned.shipments, first, row, piece, names)
    return fees


@inlined_kernel
def put_difference(
    planned: Planned, facts: Ints, p: int, best: int, piece: int, names: Names, out: Bytes, at: int
) -> int:  # fmt: skip
    """What an option costs and takes more than the best."""
    end, orders = at, planned.orders
    at = put_number(
        fields.DIFFERENCE_CO2_DIFFERENCE_GRAMS, facts[p, F_CO2_GRAMS] - facts[best, F_CO2_GRAMS], out, at
    )  # fmt: skip
    shipments = orders[p, V_SHIPMENT_COUNT] - orders[best, V_SHIPMENT_COUNT]
    at = put_number(fields.DIFFERENCE_SHIPMENT_COUNT_DIFFERENCE, shipments, out, at)
    minutes = facts[p, F_LATEST] - facts[best, F_LATEST]
    at = put_number(fields.DIFFERENCE_DELIVERY_LATEST_DIFFERENCE_MINUTES, minutes, out, at)
    fees = fees_of(planned, p, piece, names) - fees_of(planned, best, piece, names)
    at = put_number(fields.DIFFERENCE_FEE_DIFFERENCE_MICROS, fees, out, at)
    cost = orders[p, V_TOTAL_MICROS] - orders[best, V_TOTAL_MICROS]
    at = put_number(fields.DIFFERENCE_COST_DIFFERENCE_MICROS, cost, out, at)
    return put_head(fields.OPTION_DIFFERENCE, end, out, at)


@inlined_kernel
def put_line_promises(messages: Bytes, lines: Ints, quote: Ints, planned: Planned, p: int, out: Bytes, at: int) -> int:
    """When each line is there, in the order of the basket; all of it comes in one shipment."""
    first = quote[Q_FIRST_LINE]
    for line in range(first + quote[Q_LINE_COUNT] - 1, first - 1, -1):
        end, shipment = at, planned.shipments[shipment_of(line, planned, p)]
        at = put_minute(fields.PROMISED_DELIVERY_LATEST, shipment[S_LATEST], out, at)
        at = put_minute(fields.PROMISED_DELIVERY_EARLIEST, shipment[S_EARLIEST], out, at)
        at = put_number(fields.PROMISED_QUANTITY, lines[B_QUANTITY, line], out, at)
        at = put_span(fields.PROMISED_LINE_ID, messages, lines[B_LINE_ID_BEGIN, line], lines[B_LINE_ID_END, line], out, at)
        at = put_head(fields.OPTION_LINE_PROMISES, end, out, at)
    return at


@inlined_kernel
def shipment_of(line: int, planned: Planned, p: int) -> int:
    """The row of the shipment of a plan that holds a line."""
    first = planned.orders[p, V_FIRST_SHIPMENT]
    for s in range(first, first + planned.orders[p, V_SHIPMENT_COUNT] - 1):
        peg: int = planned.shipments[s, S_FIRST_PEG]
        for k in range(peg, peg + planned.shipments[s, S_PEG_COUNT]):
            if planned.pegs[k, K_LINE] == line:
                return s
    last: int = first + planned.orders[p, V_SHIPMENT_COUNT] - 1
    return last
