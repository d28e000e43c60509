"""The tables by which plain orders go from their bytes to a plan and from the plan to the bytes of their record.

A *plain* order asks for whole lines of different items and for nothing else; `read_orders` says of the others that they are
not. Rows are int64; a text is a begin and an end (exclusive) in a buffer of bytes, so that nothing is copied in between.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

(
    A_STATUS, A_ID_BEGIN, A_ID_MS, A_NETWORK_BEGIN, A_NETWORK_END, A_BODY_BEGIN, A_BODY_END, A_ORDER_ID_BEGIN,
    A_ORDER_ID_END, A_FIRST_LINE, A_LINE_COUNT, A_TAIL_BEGIN, A_TAIL_END, ASKED_FIELDS,
) = range(14)  # fmt: skip
"""Columns of what is read of each message. A_ID_BEGIN: the 36 bytes of its request id, A_ID_MS the time in it; A_NETWORK_…,
A_BODY_…: the fields `network_id` and `order` with their tags and lengths, which its digest is made of; A_TAIL_…: what its
basket says besides its lines."""

(
    B_ITEM, B_QUANTITY, B_PRICE_MICROS, B_LINE_ID_BEGIN, B_LINE_ID_END, B_ITEM_ID_BEGIN, B_ITEM_ID_END, LINE_READ_FIELDS,
) = range(8)  # fmt: skip
"""Rows of [LINE_READ_FIELDS, lines], the lines of all messages one behind the other. Items are called by their ids in
the messages, which are at hand when a record is written: a table of all of a network's would come from memory."""

PLAIN, OTHER = range(2)
"""Status of a message: read, or left to the generated classes, whatever is the matter with it."""

REQUEST_ID_BYTES = 36
DIGEST_BYTES = 32

(
    V_MESSAGE, V_FIRST_SHIPMENT, V_SHIPMENT_COUNT, V_FIRST_SUM, V_SUM_COUNT, V_TOTAL_MICROS, V_CANDIDATES, V_NODES,
    V_SOLVE_MICROS, V_ATTEMPTS, V_PIECE, V_DECIDED_MS, PLANNED_FIELDS,
) = range(13)  # fmt: skip
"""Columns of what is planned, an order a row: V_MESSAGE its row of what was asked, V_FIRST_SUM the terms of its whole cost,
V_PIECE the texts of its policy. No unit is short, every shipment is shipped, and no plan is cheaper (OPTIMAL)."""

(
    S_LOCATION, S_SERVICE, S_FIRST_PEG, S_PEG_COUNT, S_HANDOVER, S_EARLIEST, S_LATEST, S_DAY, S_CAPACITY, S_GRAMS, S_METERS,
    S_CO2_GRAMS, S_TOTAL_MICROS, S_FIRST_TERM, S_TERM_COUNT, SHIPMENT_FIELDS,
) = range(16)  # fmt: skip
"""Columns of shipments, those of an order one behind the other as they are told. Minutes are UTC. S_CAPACITY is what
it takes of the day S_DAY, wherever the location has a limit or not."""

(K_LINE, K_ITEM, K_LOCATION, K_SLOT, K_INDEX, K_QUANTITY, K_KEPT, PEG_FIELDS) = range(8)
"""Columns of pegs: K_LINE the column of the line, K_INDEX where the position lies in the arena, K_KEPT what supply less demand
of it must not fall below. Those of a shipment stand one behind the other."""

(C_TERM, C_RAW_MICROS, C_WEIGHT_PPM, C_WEIGHTED_MICROS, COST_FIELDS) = range(5)
"""Columns of cost terms, none of them zero, by rank within each shipment and each sum."""


(
    W_METHOD, W_STATE, W_SHIPMENT_STATE, W_ROUTE, W_STATUS, W_EVENT_TYPE, W_SOURCED, W_SHIPMENT, W_SHIPMENTS, W_FROM, W_AND,
    W_SHIPMENT_COUNT, W_COST, WORDS,
) = range(14)  # fmt: skip
"""Texts that are the same in every record. The first six are fields, encoded: the method of an entry, the state of an answer,
version and state of a shipment, its route, the status of a certificate, the type of an event. W_SOURCED, W_SHIPMENT (of one),
W_SHIPMENTS (of several), W_FROM and W_AND make an event's message; W_SHIPMENT_COUNT and W_COST are names of its attributes."""


class Texts(NamedTuple):
    """Texts by number: the bytes of number i are texts[starts[i]:ends[i]]."""

    texts: Bytes
    starts: Ints
    ends: Ints


class Names(NamedTuple):
    """What the numbers in the tables are called."""

    locations: Texts
    services: Texts
    receipts: Texts  # by slot, empty on hand
    pools: Texts  # by slot, empty the common pool
    terms: Texts
    words: Texts
    answer_ends: Texts  # by piece: the fields of an answer that its policy and network say, encoded
    entry_ends: Texts  # by piece: the same of an entry
    attributes: Texts  # by piece: the same of the attributes of its event
    levels: NDArray[np.int64]  # [services]: service level of each
    fees: NDArray[np.int64]  # [pieces, services]: micros for the first shipment by its level
