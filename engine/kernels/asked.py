"""The tables by which orders, their lines and options go into the deciding kernel, and its answers come out.

Few and wide, since every array costs a call a tenth of a microsecond.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bools = NDArray[np.bool_]

(
    O_FIRST_LINE, O_LINE_COUNT, O_FIRST_OPTION, O_OPTION_COUNT, O_NOW, O_LATEST, O_RUN_ROW, O_POOL_ROW, O_WISH_ROW,
    O_DISTANCE_MAX, O_COUNTRY, O_LIMITED, O_SPLIT, O_CARRIER_PPM, O_LATE_PER_DAY, O_LATE_PPM, O_SHORT, O_MOST, O_BY,
    ORDER_FIELDS,
) = range(20)  # fmt: skip
"""Rows of `orders`. O_LATEST: the last minute of the horizon; O_WISH_ROW and O_DISTANCE_MAX and O_COUNTRY −1: no such
limit; O_LIMITED: some location's capacity is; O_SHORT per unit, −1: shared out over the units asked for; O_MOST locations;
O_BY: the last minute of delivery, whatever lateness costs."""

(
    L_ROW_START, L_ROW_COUNT, L_FLOOR_ROW, L_QUANTITY, L_GRAMS, L_VOLUME, L_MOST, L_ALL_OR_NOTHING, L_LATEST, L_SERVICES,
    LINE_FIELDS,
) = range(11)  # fmt: skip
"""Columns of `lines` [LINE_FIELDS, lines]; grams and mm³ per unit; L_MOST locations; L_SERVICES as bits."""

(R_STATUS, R_OBJECTIVE, R_SHIPMENTS, R_NODES, R_COLUMNS, R_HELD, RESULT_FIELDS) = range(7)
"""Columns of `results` [options, …]; R_HELD: bits of the lines that the plan holds, the others have no stock at all."""

(P_LOCATION, P_SERVICE, P_START, P_DAY, P_HANDOVER, P_EARLIEST, P_LATEST, PLACED_FIELDS) = range(8)
"""Columns of `placed` [options, lines, …]: where a line comes from, and when; location −1: short."""

SOLVED, EMPTY, PARTIAL, REPEATED, DIVISIBLE, OUT_OF_RANGE = range(6)
"""Status of an option: proven optimal; nothing to ship; a line has some of its units only; a location stands in the plan
twice; a plan that divides a line might be better; a number is out of the range in which sums are safe."""


class Arena(NamedTuple):
    """The inventory matrix as kernels read it."""

    location: Int32s
    slot: Int32s
    supply: Int32s
    demand: Int32s
    slot_available_at: Ints
    slot_pool: Ints
    slot_sellable: Bools


class Limits(NamedTuple):
    """Which locations may ship at all, and how much a day."""

    country: Int32s  # [L]: −1 where it does not ship
    profile: Int32s  # [L]
    kind: Int32s  # [L]
    per_day: Ints  # [L]
    used: Ints  # [days, L], the first of `first_day`
    services: Ints  # [2, S]: dimensional divisor, grams of a package at the most
    first_day: int


class Asked(NamedTuple):
    """What of an order its offers depend on, besides its columns of `lines`, the first at `first_line`."""

    row: int  # of the run tables
    n: int
    first_line: int
    now: int
    services: int  # bits of those to look at
    late_micros_per_day: int
    late_ppm: int
    by: int  # the last minute of delivery
