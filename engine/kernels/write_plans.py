"""Plans of plain orders as they are answered: shipments, costs and certificate, written backwards; see `put.py`."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels import order_fields as fields
from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_tables import (
    B_ITEM_ID_BEGIN,
    B_ITEM_ID_END,
    B_LINE_ID_BEGIN,
    B_LINE_ID_END,
    C_RAW_MICROS,
    C_TERM,
    C_WEIGHT_PPM,
    C_WEIGHTED_MICROS,
    K_LINE,
    K_QUANTITY,
    K_SLOT,
    S_CO2_GRAMS,
    S_EARLIEST,
    S_FIRST_PEG,
    S_FIRST_TERM,
    S_GRAMS,
    S_HANDOVER,
    S_LATEST,
    S_LOCATION,
    S_METERS,
    S_PEG_COUNT,
    S_SERVICE,
    S_TERM_COUNT,
    S_TOTAL_MICROS,
    V_CANDIDATES,
    V_FIRST_SHIPMENT,
    V_FIRST_SUM,
    V_NODES,
    V_PIECE,
    V_SHIPMENT_COUNT,
    V_SOLVE_MICROS,
    V_SUM_COUNT,
    V_TOTAL_MICROS,
    W_ROUTE,
    W_SHIPMENT_STATE,
    W_STATUS,
    Names,
    Texts,
)
from engine.kernels.put import put_byte, put_bytes, put_digits, put_double, put_head, put_number, put_span, put_text, put_word

PPM = 1_000_000
SECONDS_PER_MINUTE = 60
HYPHEN = 45

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@inlined_kernel
def put_plan(
    messages: Bytes, id_begin: int, id_end: int, lines: Ints, planned: Ints, row: int, shipments: Ints, pegs: Ints,
    terms: Ints, sums: Ints, names: Names, out: Bytes, at: int,
) -> int:  # fmt: skip
    """Plan of an order whose id is messages[id_begin : id_end]: field `plan` of an answer."""
    end = at
    at = put_certificate(planned, row, names.words, out, at)
    at = put_cost(
        fields.PLAN_COST, planned[row, V_TOTAL_MICROS], sums, planned[row, V_FIRST_SUM], planned[row, V_SUM_COUNT],
        names.terms, out, at,
    )  # fmt: skip
    first = planned[row, V_FIRST_SHIPMENT]
    for number in range(planned[row, V_SHIPMENT_COUNT], 0, -1):
        shipment_end = at
        fee = fee_of(shipments, first, first + number - 1, planned[row, V_PIECE], names)
        at = put_shipment(messages, lines, shipments, first + number - 1, fee, pegs, terms, names, out, at)
        id_field_end = at
        at = put_shipment_id(messages, id_begin, id_end, number, out, at)
        at = put_head(fields.SHIPMENT_SHIPMENT_ID, id_field_end, out, at)
        at = put_head(fields.PLAN_SHIPMENTS, shipment_end, out, at)
    return put_head(fields.ANSWER_PLAN, end, out, at)


@inlined_kernel
def put_certificate(planned: Ints, row: int, words: Texts, out: Bytes, at: int) -> int:
    """What is proven of a plan: that no other is cheaper."""
    end, micros = at, planned[row, V_TOTAL_MICROS]
    at = put_number(fields.CERTIFICATE_SOLVE_MICROS, planned[row, V_SOLVE_MICROS], out, at)
    at = put_number(fields.CERTIFICATE_NODES, planned[row, V_NODES], out, at)
    at = put_number(fields.CERTIFICATE_CANDIDATES, planned[row, V_CANDIDATES], out, at)
    at = put_number(fields.CERTIFICATE_LOWER_BOUND_MICROS, micros, out, at)
    at = put_number(fields.CERTIFICATE_OBJECTIVE_MICROS, micros, out, at)
    at = put_word(words, W_STATUS, out, at)
    return put_head(fields.PLAN_CERTIFICATE, end, out, at)


@inlined_kernel
def put_shipment_id(messages: Bytes, id_begin: int, id_end: int, number: int, out: Bytes, at: int) -> int:
    """An order's id, a hyphen and the shipment's number, as text."""
    at = put_byte(HYPHEN, out, put_digits(number, out, at))
    return put_bytes(messages, id_begin, id_end, out, at)


@inlined_kernel
def fee_of(shipments: Ints, first: int, row: int, piece: int, names: Names) -> int:
    """Micros of a shipment of a plan whose shipments begin at `first`: only the first of a service level has a fee."""
    service = shipments[row, S_SERVICE]
    for before in range(first, row):
        if names.levels[shipments[before, S_SERVICE]] == names.levels[service]:
            return 0
    fee: int = names.fees[piece, service]
    return fee


@inlined_kernel
def put_shipment(
    messages: Bytes, lines: Ints, shipments: Ints, row: int, fee_micros: int, pegs: Ints, terms: Ints, names: Names, out: Bytes,
    at: int,
) -> int:  # fmt: skip
    """All fields of a shipment after its id. It is picked by when it is handed over, and leaves then."""
    at = put_number(fields.SHIPMENT_CO2_GRAMS, shipments[row, S_CO2_GRAMS], out, at)
    at = put_number(fields.SHIPMENT_FEE_MICROS, fee_micros, out, at)
    at = put_cost(
        fields.SHIPMENT_COST, shipments[row, S_TOTAL_MICROS], terms, shipments[row, S_FIRST_TERM],
        shipments[row, S_TERM_COUNT], names.terms, out, at,
    )  # fmt: skip
    at = put_number(fields.SHIPMENT_DISTANCE_METERS, shipments[row, S_METERS], out, at)
    at = put_number(fields.SHIPMENT_WEIGHT_GRAMS, shipments[row, S_GRAMS], out, at)
    handover = shipments[row, S_HANDOVER]
    at = put_minute(fields.SHIPMENT_DELIVERY_LATEST, shipments[row, S_LATEST], out, at)
    at = put_minute(fields.SHIPMENT_DELIVERY_EARLIEST, shipments[row, S_EARLIEST], out, at)
    at = put_minute(fields.SHIPMENT_SHIP_BY, handover, out, at)
    at = put_minute(fields.SHIPMENT_HANDOVER_BY, handover, out, at)
    at = put_minute(fields.SHIPMENT_PICK_BY, handover, out, at)
    first = shipments[row, S_FIRST_PEG]
    for peg in range(first + shipments[row, S_PEG_COUNT] - 1, first - 1, -1):
        at = put_peg(messages, lines, pegs, peg, names, out, at)
    at = put_text(fields.SHIPMENT_CARRIER_SERVICE_ID, names.services, shipments[row, S_SERVICE], out, at)
    at = put_word(names.words, W_ROUTE, out, at)
    at = put_text(fields.SHIPMENT_LOCATION_ID, names.locations, shipments[row, S_LOCATION], out, at)
    return put_word(names.words, W_SHIPMENT_STATE, out, at)


@inlined_kernel
def put_minute(tag: int, minute: int, out: Bytes, at: int) -> int:
    """A field of a UTC minute."""
    return put_head(tag, at, out, put_number(fields.TIME_SECONDS, minute * SECONDS_PER_MINUTE, out, at))


@inlined_kernel
def put_peg(messages: Bytes, lines: Ints, pegs: Ints, row: int, names: Names, out: Bytes, at: int) -> int:
    """Units of one line from one position."""
    end, line, slot = at, pegs[row, K_LINE], pegs[row, K_SLOT]
    at = put_text(fields.SENT_POOL, names.pools, slot, out, at)
    at = put_text(fields.SENT_RECEIPT_ID, names.receipts, slot, out, at)
    at = put_number(fields.SENT_QUANTITY, pegs[row, K_QUANTITY], out, at)
    at = put_span(fields.SENT_ITEM_ID, messages, lines[B_ITEM_ID_BEGIN, line], lines[B_ITEM_ID_END, line], out, at)
    at = put_span(fields.SENT_LINE_ID, messages, lines[B_LINE_ID_BEGIN, line], lines[B_LINE_ID_END, line], out, at)
    return put_head(fields.SHIPMENT_LINES, end, out, at)


@kernel
def put_cost(tag: int, total_micros: int, terms: Ints, first: int, count: int, names: Texts, out: Bytes, at: int) -> int:
    """A cost, term by term."""
    end = at
    for row in range(first + count - 1, first - 1, -1):
        term_end = at
        at = put_number(fields.TERM_WEIGHTED_MICROS, terms[row, C_WEIGHTED_MICROS], out, at)
        at = put_double(fields.TERM_WEIGHT, terms[row, C_WEIGHT_PPM] / PPM, out, at)
        at = put_number(fields.TERM_RAW_MICROS, terms[row, C_RAW_MICROS], out, at)
        at = put_text(fields.TERM_TERM, names, terms[row, C_TERM], out, at)
        at = put_head(fields.COST_TERMS, term_end, out, at)
    at = put_number(fields.COST_TOTAL_MICROS, total_micros, out, at)
    return put_head(tag, end, out, at)
