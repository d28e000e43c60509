"""A pool of open orders as one mixed-integer model for HiGHS: a variable for every subset of lines that a way could carry."""

from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from engine.kernels.partition import NEVER
from engine.kernels.pool_tables import Pool
from engine.kernels.subsets import capacity_need

MICROS = 1e-6


class Solved(NamedTuple):
    """What HiGHS came to, in micros; `is_proven`: within the gap asked for."""

    objective_micros: float
    bound_micros: float
    is_proven: bool


def solve_pool(
    pool: Pool, seconds_max: float, gap: float = 1e-6, *, relaxed: bool = False, counts: NDArray[np.int64] | None = None
) -> Solved:
    """The cheapest plans of whole lines for all orders together; `relaxed`: shares of plans as well.

    counts [orders]: how many there are of each order; None: one.
    """
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("time_limit", float(seconds_max))
    highs.setOptionValue("mip_rel_gap", gap)
    highs.setOptionValue("threads", 1)
    highs.passModel(_model(pool, np.ones(len(pool.most)) if counts is None else counts, relaxed=relaxed))
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    bound = info.objective_function_value if relaxed else info.mip_dual_bound
    return Solved(info.objective_function_value / MICROS, bound / MICROS, status == highspy.HighsModelStatus.kOptimal)


def _model(pool: Pool, counts: NDArray[Any], *, relaxed: bool) -> highspy.HighsLp:
    """Rows: lines, positions, slots, what the first shipment of each order saves, and one shipment a way."""
    lines, positions, orders = len(pool.quantity), len(pool.position_units), len(pool.most)
    slot_row = lines + positions
    free_row = slot_row + len(pool.slot_left)
    once_row = free_row + orders
    costs: list[float] = []
    starts, rows, values = [0], [], []
    for line in range(lines):
        _column(costs, starts, rows, values, int(pool.short_micros[line]), [(line, 1)])
    for o in range(orders):
        # What the first shipment saves: once an order, where there is one.
        _column(costs, starts, rows, values, -int(pool.split_micros[o]), [(free_row + o, -1)])
        first = int(pool.first_line[o])
        for w in range(int(pool.first_way[o]), int(pool.first_way[o + 1])):
            begin, end = int(pool.first_entry[w]), int(pool.first_entry[w + 1])
            for subset in range(1, 1 << (end - begin)):
                entries = [begin + i for i in range(end - begin) if subset >> i & 1]
                mask = sum(1 << int(pool.entry_line[e]) for e in entries)
                price = int(pool.prices[pool.way_price[w] + mask])
                if price >= NEVER:
                    continue
                cost = int(pool.way_fixed[w]) + price + sum(int(pool.entry_micros[e]) for e in entries)
                of_lines = [first + int(pool.entry_line[e]) for e in entries]
                units = [int(pool.quantity[line]) for line in of_lines]
                taken: dict[int, int] = dict.fromkeys(of_lines, 1)
                for e, q in zip(entries, units, strict=True):
                    row = lines + int(pool.entry_position[e])
                    taken[row] = taken.get(row, 0) + q
                slot = int(pool.way_slot[w])
                if slot >= 0:
                    taken[slot_row + slot] = capacity_need(int(pool.slot_kind[slot]), len(entries), sum(units))
                taken[free_row + o] = 1
                taken[once_row + w] = 1
                _column(costs, starts, rows, values, cost, list(taken.items()))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(costs), once_row + len(pool.way_fixed)
    lp.col_cost_ = np.array(costs)
    lp.col_lower_, lp.col_upper_ = np.zeros(len(costs)), np.full(len(costs), counts.max(initial=1))
    asked, once = np.repeat(counts, np.diff(pool.first_line)), np.repeat(counts, np.diff(pool.first_way))
    limits = np.full(positions + len(pool.slot_left), -np.inf)
    lp.row_lower_ = np.concatenate((asked, limits, np.zeros(orders), np.full(len(once), -np.inf)))
    lp.row_upper_ = np.concatenate((asked, pool.position_units, pool.slot_left, np.full(orders, np.inf), once))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.array(starts)
    lp.a_matrix_.index_, lp.a_matrix_.value_ = np.array(rows), np.array(values, np.float64)
    if not relaxed:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(costs)
    return lp


def _column(
    costs: list[float], starts: list[int], rows: list[int], values: list[int], cost: int, taken: list[tuple[int, int]]
) -> None:  # fmt: skip
    """One variable more."""
    costs.append(cost * MICROS)
    for row, value in taken:
        rows.append(row)
        values.append(value)
    starts.append(len(rows))
