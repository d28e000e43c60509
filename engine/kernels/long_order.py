"""The tables of a long order: lines, columns, staircases, and the state of a search over them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import allocating_kernel, kernel
from engine.kernels.partition import NEVER
from engine.kernels.staircase import SLOPES_MAX, billable_parts, least_rate, price_steps, slopes_below
from engine.kernels.tariffs import PPM

Ints = NDArray[np.int64]

LINE_FIELDS = 6
"""Rows of `lines`. GRAMS, VOLUME and SHORT are of the whole line; REPEATED is 1 where another line asks for the item."""
QUANTITY, ITEM, GRAMS, VOLUME, SHORT, REPEATED = range(LINE_FIELDS)

COLUMN_FIELDS = 8
"""Rows of `columns`, by column. LOCATION counts from 0 without gaps; FIXED holds the split penalty."""
LOCATION, FIXED, ROW, KIND, CAPACITY, ZONE, DIVISOR, PACKAGE = range(COLUMN_FIELDS)

RULE_FIELDS = 6
"""`rules`: SPLIT penalty, carrier WEIGHT_PPM, LOCATIONS_MAX, PLAIN (1: the price of a shipment is the same whatever it
holds, and nothing it holds bars another line), GRAIN (all costs are multiples of it), DIVIDED (1: a column may serve a
part of a line)."""
SPLIT, WEIGHT_PPM, LOCATIONS_MAX, PLAIN, GRAIN, DIVIDED = range(RULE_FIELDS)

FREE, LEFT_SHORT = -2, -1
"""Where a line stands that is not on a column."""


class LongOrder(NamedTuple):
    """What does not change while an order is solved; n lines, m columns, r price rows."""

    rules: Ints
    lines: Ints
    columns: Ints
    handling: Ints
    """[m, n]: line micros + units, NEVER where the column cannot carry the whole line."""
    floor: Ints
    """[m, n]: handling and the linear part of the carrier price."""
    available: Ints
    """[items, m]."""
    weight: Ints
    """[r, n]: what a line adds to the billable weight at the least."""
    rate: Ints
    steps: Ints
    """[r]: how many steps a row has."""
    limit: Ints
    step: Ints
    """[r, STEPS_MAX + 1]."""
    slopes: Ints
    base: Ints
    """[r, SLOPES_MAX]: where a line below the staircase begins."""
    rise: Ints
    """[r · SLOPES_MAX, n]: how much it rises with a line's weight."""
    start: Ints
    max_grams: Ints
    price: Ints
    per_kg: Ints


@allocating_kernel
def build_rows(t: LongOrder, zone: Ints, divisor: Ints, package_grams_max: Ints) -> bool:
    """Fill the staircases of every price row; returns whether all of them are one price, whatever the weight."""
    n = t.lines.shape[1]
    exact = True
    slope = np.empty(SLOPES_MAX, np.int64)
    for r in range(zone.shape[0]):
        heaviest = billable_parts(n, divisor[r], t.lines[GRAMS], t.lines[VOLUME], t.weight[r])
        t.rate[r] = 0
        if zone[r] >= 0:
            t.rate[r] = least_rate(zone[r], t.rules[WEIGHT_PPM], t.start, t.per_kg)
            if t.rate[r] > NEVER // 16 // max(heaviest, 1):
                t.rate[r] = 0
        t.steps[r], same = price_steps(
            heaviest, zone[r], divisor[r], package_grams_max[r], t.rules[WEIGHT_PPM], t.rate[r], t.start, t.max_grams,
            t.price, t.per_kg, t.limit[r], t.step[r],
        )  # fmt: skip
        exact &= same
        t.slopes[r] = 0
        if t.steps[r] > 0:
            t.slopes[r] = slopes_below(t.steps[r], t.limit[r], t.step[r], slope, t.base[r])
        for s in range(t.slopes[r]):
            for j in range(n):
                t.rise[r * SLOPES_MAX + s, j] = slope[s] * t.weight[r, j]
    return exact


@kernel
def build_floor(t: LongOrder) -> None:
    """floor = handling + rate · weight; columns whose row ships nothing carry nothing."""
    for c in range(t.handling.shape[0]):
        row = t.columns[ROW, c]
        for j in range(t.handling.shape[1]):
            if t.steps[row] == 0:
                t.handling[c, j] = NEVER
            t.floor[c, j] = min(t.handling[c, j] + t.rate[row] * t.weight[row, j], NEVER)


@kernel
def common_grain(t: LongOrder) -> int:
    """The greatest micros that what every plan costs is a multiple of, as where all prices are whole cents."""
    if t.rules[WEIGHT_PPM] != PPM:
        return 1
    grain: int = t.rules[SPLIT]
    for j in range(t.lines.shape[1]):
        grain = common_divisor(grain, t.lines[SHORT, j])
    for c in range(t.handling.shape[0]):
        grain = common_divisor(grain, t.columns[FIXED, c])
        for j in range(t.handling.shape[1]):
            if t.handling[c, j] < NEVER:
                grain = common_divisor(grain, t.handling[c, j])
        zone = t.columns[ZONE, c]
        if zone >= 0:
            for b in range(t.start[zone], t.start[zone + 1]):
                grain = common_divisor(grain, t.price[b] if t.per_kg[b] == 0 else 1)
        if grain == 1:
            return 1
    return max(grain, 1)


@kernel
def common_divisor(a: int, b: int) -> int:
    """Greatest common divisor; of 0 and b: b."""
    while a != 0:
        a, b = b % a, a
    return b
