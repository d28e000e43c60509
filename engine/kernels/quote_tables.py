"""The tables by which plain quotes go from their bytes to ranked options and from the options to the bytes of their answers.

Lines, plans, shipments, pegs and terms stand in the tables of plain orders (`order_tables`); what is of quotes alone is here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.order_tables import Names, Texts

Ints = NDArray[np.int64]

(
    A_STATUS, A_FIRST_LINE, A_LINE_COUNT, A_LINES_BEGIN, A_TAIL_BEGIN, A_TAIL_END, A_OPTIONS_MAX, A_FRONTIER, ASKED_FIELDS,
) = range(9)  # fmt: skip
"""Columns of what is read of each message. A_LINES_BEGIN: where its basket begins, which is lines up
to A_TAIL_BEGIN; A_TAIL_…: what it says besides them; A_FRONTIER: 1 where it is told."""

(Q_STATUS, Q_MESSAGE, Q_FIRST_LINE, Q_LINE_COUNT, Q_OPTION_COUNT, Q_POINT_COUNT, Q_PIECE, QUOTE_FIELDS) = range(8)
"""Columns of what is quoted, a quote a row. Q_STATUS: PLAIN, or OTHER where it has to be decided by itself. Of quote q with c
choices of services the plans are the rows c · q … of `planned`, the best first in `ranked`; its points the rows
POINTS_MAX · q … of `points`."""

(F_EARLIEST, F_LATEST, F_ORDER_BY, F_CO2_GRAMS, FACT_FIELDS) = range(5)
"""Columns of `facts`, a plan a row: over all its shipments; minutes are UTC."""

(T_LATEST, T_COST_MICROS, T_RANK, POINT_FIELDS) = range(4)
"""Columns of points of the frontier, the soonest last. T_RANK: of the option that it is, 0 where it is none."""

(W_FROM, W_BY, W_THERE_BY, W_AND, W_OPTION, WORDS) = range(6)
"""Texts of an option: W_FROM … W_AND make its summary, W_OPTION begins the ids of its shipments."""

OPTIONS_MAX = 10
POINTS_MAX = 32
"""Of one frontier; as `promise.frontier` has it."""


class QuoteNames(NamedTuple):
    """What the numbers in the tables are called."""

    plans: Names
    """`answer_ends`, by piece: the fields of an answer that are the same for all quotes of a policy, encoded."""
    words: Texts
    minute: Ints
    """Minutes of delivery of the horizon, ascending; `minute_texts` has what a person calls each."""
    minute_texts: Texts
