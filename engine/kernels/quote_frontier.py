"""The frontier of a plain quote: each point the cheapest plan that is there before the last one, on offers scored once.

As `promise.frontier` finds it by a decision for each point (the ε-constraint method), without reading the stock again.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.asked import (
    DIVISIBLE,
    EMPTY,
    O_FIRST_LINE,
    O_FIRST_OPTION,
    O_LATE_PER_DAY,
    O_LATE_PPM,
    O_LINE_COUNT,
    O_MOST,
    O_NOW,
    O_RUN_ROW,
    O_SHORT,
    O_SPLIT,
    OUT_OF_RANGE,
    P_LATEST,
    P_LOCATION,
    PARTIAL,
    R_HELD,
    R_OBJECTIVE,
    R_STATUS,
    SOLVED,
    Asked,
    Limits,
)
from engine.kernels.choose import choose_plan
from engine.kernels.dates import HorizonTables
from engine.kernels.decide import clear_offers, prove_option
from engine.kernels.divided import is_divisible
from engine.kernels.entry_offers import offer_entries
from engine.kernels.jit import inlined_kernel
from engine.kernels.offers import Offers, offer_runs
from engine.kernels.quote_tables import T_COST_MICROS, T_LATEST
from engine.kernels.runs import RunTables

Ints = NDArray[np.int64]


@inlined_kernel
def find_frontier(
    q: int, orders: Ints, lines: Ints, options: Ints, limits: Limits, runs: RunTables, tables: HorizonTables, start: Ints,
    max_grams: Ints, price: Ints, per_kg: Ints, subsets: Ints, prices: Ints, rows: Ints, offers: Offers, results: Ints,
    placed: Ints, points: Ints,
) -> int:  # fmt: skip
    """Points of the frontier, the latest first; −1: one of them is not proven here, or they are too many.

    After `decide_order` of q, whose first option is solved and holds all lines; the last row of results and placed is
    scratch, and so is the one of `points` for each of POINTS_MAX.
    """
    order = orders[q]
    p, begin, n = results.shape[0] - 1, order[O_FIRST_OPTION], order[O_LINE_COUNT]
    services = options[begin]
    minute, cost, count = last_delivery(n, placed[begin]), results[begin, R_OBJECTIVE], 0
    while True:
        # As good for what it costs, and sooner.
        while count > 0 and points[count - 1, T_COST_MICROS] >= cost:
            count -= 1
        if count + 1 == points.shape[0]:
            return -1
        points[count, T_LATEST], points[count, T_COST_MICROS] = minute, cost
        count += 1
        choose_by(p, minute - 1, order, lines, services, limits, runs, tables, start, max_grams, price, per_kg, subsets,
                  prices, rows, offers, results, placed)  # fmt: skip
        if results[p, R_STATUS] == EMPTY or (
            results[p, R_STATUS] == PARTIAL and lacks_whole(results[p, R_HELD], n, order[O_FIRST_LINE], lines)
        ):
            return count
        if results[p, R_STATUS] != SOLVED:
            return -1
        if results[p, R_HELD] != (1 << n) - 1 or is_short(n, placed[p]):
            return count
        minute, cost = last_delivery(n, placed[p]), results[p, R_OBJECTIVE]


@inlined_kernel
def choose_by(
    p: int, minute: int, order: Ints, lines: Ints, services: int, limits: Limits, runs: RunTables, tables: HorizonTables,
    start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, subsets: Ints, prices: Ints, rows: Ints, offers: Offers,
    results: Ints, placed: Ints,
) -> None:  # fmt: skip
    """results[p], placed[p]: the cheapest plan that is there by a minute, on offers that were scored by `decide_order`."""
    n = order[O_LINE_COUNT]
    asked = Asked(order[O_RUN_ROW], n, order[O_FIRST_LINE], order[O_NOW], services, order[O_LATE_PER_DAY], order[O_LATE_PPM],
                  minute)  # fmt: skip
    results[p, R_STATUS] = OUT_OF_RANGE
    clear_offers(n, subsets, offers)
    entries = offers.clock[1]
    if not offer_runs(asked, lines, runs, tables, subsets, prices, rows[3], offers):
        return
    if entries and not offer_entries(asked, lines, entries, limits.profile, limits.kind, runs, tables, subsets, prices, rows[3],
                                     offers):  # fmt: skip
        return
    choose_plan(p, services, asked, lines, order[O_SPLIT], order[O_SHORT], order[O_MOST], limits.profile, runs, tables,
                subsets, offers, results, placed)  # fmt: skip
    if results[p, R_STATUS] == DIVISIBLE:
        prove_option(p, services, asked, order, lines, runs, tables, start, max_grams, price, per_kg, rows, offers,
                     results)  # fmt: skip


@inlined_kernel
def lacks_whole(held: int, n: int, first_line: int, lines: Ints) -> bool:
    """Whether a line is not among those held that no plan has whole, since it may not be divided either."""
    for j in range(n):
        if held >> j & 1 == 0 and not is_divisible(lines, first_line + j):
            return True
    return False


@inlined_kernel
def is_short(n: int, placed: Ints) -> bool:
    """Whether a plan leaves a line out, as one does for which leaving it out is cheaper."""
    for j in range(n):
        if placed[j, P_LOCATION] < 0:
            return True
    return False


@inlined_kernel
def last_delivery(n: int, placed: Ints) -> int:
    """The minute by which all lines of a plan are there."""
    last: int = placed[0, P_LATEST]
    for j in range(1, n):
        last = max(last, placed[j, P_LATEST])
    return last
