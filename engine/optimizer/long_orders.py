"""Long orders, and orders whose locations are limited: problems in, the best plan of whole lines with a proven bound out."""

import numpy as np

from engine.kernels.lagrange import BEST, GOAL, LEAST, MOST, NODES, NOW_FIELDS, Search, ascend
from engine.kernels.long_order import (
    COLUMN_FIELDS, LINE_FIELDS, LOCATIONS_MAX, PLAIN, RULE_FIELDS, FREE, GRAIN, LongOrder, build_floor, build_rows,
    common_grain,
)  # fmt: skip
from engine.kernels.long_tables import divided_line_costs, drop_dominated, nothing_binds, whole_line_costs
from engine.kernels.plans import LOAD_FIELDS, PlanState
from engine.kernels.search import FRAME_FIELDS
from engine.kernels.staircase import SLOPES_MAX, STEPS_MAX
from engine.kernels.subsets import NEVER
from engine.kernels.windows import begin, solve_long, start_prices
from engine.optimizer.bounds import least_lines, least_prices, shipments_bound
from engine.optimizer.problem import Ints, Placement, Problem, Solution

SHORT_MICROS_MAX = 2**50
"""What leaving all short may cost here at the most: prices of 500 lines then add up far below the range of numbers."""

DIVIDED_ROUNDS = 60
"""Steps of ascent for the bound on plans that divide a line."""

AMOUNT_MAX = 2**55
"""Grams, and mm³, of a whole order."""


def suits_search(problem: Problem) -> bool:
    """Whether there is anything to search, and its sums stay in the range of numbers."""
    quantity = problem.quantity.tolist()
    short, grams, volume = (
        sum(each * q for each, q in zip(values.tolist(), quantity, strict=True))
        for values in (problem.short_micros, problem.grams, problem.volume)
    )
    return problem.column_count > 0 and short <= SHORT_MICROS_MAX and max(grams, volume) <= AMOUNT_MAX


def search_whole_lines(problem: Problem, nodes_max: int) -> Solution:
    """The cheapest plan in which every line comes whole from one location or is short, within a node budget.

    Ties: the plan met first; columns are tried by what they add to the bound, then in the order given.
    """
    t = long_order(problem)
    s, plans = empty_search(t)
    n = problem.line_count
    order = np.lexsort((np.arange(n), -t.lines[4], -t.lines[2]))
    in_use = np.empty(problem.column_count + n + 1, np.int64)
    frames = np.empty((FRAME_FIELDS, n + 1), np.int64)
    bound = solve_long(t, s, *plans, order, in_use, frames, np.empty((n + 1, n), np.int64), nodes_max)
    cost = int(s.now[BEST])
    # While plans are compared, each is charged the split penalty once too often, also one without a shipment.
    least = min(int(bound), cost) - problem.split_micros
    chosen = zip(plans[1].column_of.tolist(), problem.quantity.tolist(), strict=True)
    placements = tuple(Placement(j, c, q) for j, (c, q) in enumerate(chosen))
    return Solution(placements, cost - problem.split_micros, least, int(s.now[NODES]))


def long_order(problem: Problem) -> LongOrder:
    """The tables of a problem, its dominated columns struck out."""
    p = problem
    n, m, rows = p.line_count, p.column_count, len(p.zone)
    _, location = np.unique(p.location, return_inverse=True)
    repeated = np.bincount(p.item, minlength=1)[p.item] > 1
    lines = np.empty((LINE_FIELDS, n), np.int64)
    lines[:] = p.quantity, p.item, p.grams * p.quantity, p.volume * p.quantity, p.short_micros * p.quantity, repeated
    columns = np.empty((COLUMN_FIELDS, m), np.int64)
    row = p.price_row
    columns[:] = (
        location, p.fixed, row, p.capacity_kind, p.capacity_left, p.zone[row], p.divisor[row], p.package_grams_max[row]
    )  # fmt: skip
    rules = np.zeros(RULE_FIELDS, np.int64)
    rules[:] = p.split_micros, p.carrier_weight_ppm, min(p.locations_max, n), 0, 1
    t = LongOrder(
        rules, lines, columns, np.empty((m, n), np.int64), np.empty((m, n), np.int64), p.available,
        np.empty((rows, n), np.int64), *np.zeros((2, rows), np.int64), *np.empty((2, rows, STEPS_MAX + 1), np.int64),
        np.zeros(rows, np.int64), np.empty((rows, SLOPES_MAX), np.int64), np.empty((rows * SLOPES_MAX, n), np.int64),
        *p.tariffs,
    )  # fmt: skip
    same_price = build_rows(t, p.zone, p.divisor, p.package_grams_max)
    whole_line_costs(t, p.grams, p.volume, p.allowed, p.line_micros, p.unit_micros)
    if len(t.columns[0]) > location.max() + 1:
        drop_dominated(t, np.lexsort((np.arange(m), location)))
    build_floor(t)
    rules[PLAIN] = same_price and nothing_binds(t)
    rules[GRAIN] = common_grain(t)
    return t


def empty_search(t: LongOrder) -> tuple[Search, tuple[PlanState, PlanState, PlanState, PlanState]]:
    """Room for the state of a search and its plans: at hand, best, on trial, spare."""
    m, n = t.handling.shape
    by_line = np.zeros((6, n), np.int64)
    by_column = np.zeros((10, m), np.int64)
    s = Search(
        np.zeros(NOW_FIELDS, np.int64), np.empty((m, n), np.int64), *by_line[:4], np.empty((len(t.rise), n), np.int64),
        *by_column, by_line[5],
    )  # fmt: skip
    plans = [PlanState(np.full(n, FREE), np.zeros((LOAD_FIELDS, m), np.int64), np.zeros(n + 2, np.int64)) for _ in range(4)]
    return s, (plans[0], plans[1], plans[2], plans[3])


def divided_plans_bound(problem: Problem, goal: int) -> int:
    """What every plan costs at the least that divides a line; no more than is needed to reach `goal`, the cost of a plan.

    It ships from two locations or more, or from one with a part of some line short.
    """
    p = problem
    t = long_order(problem)
    divided_line_costs(t, p.line_locations_max, p.allowed, p.line_micros, p.unit_micros)
    build_floor(t)
    t.rules[GRAIN] = 1
    s, (plan, best, _, _) = empty_search(t)
    begin(t, s, plan, best, DIVIDED_ROUNDS * 3)
    start_prices(t, s)
    s.now[BEST] = s.now[GOAL] = goal + p.split_micros
    s.now[LEAST], s.now[MOST] = 1, t.rules[LOCATIONS_MAX]
    anyhow, _ = ascend(t, s, plan, DIVIDED_ROUNDS)
    s.now[LEAST] = 2
    apart, _ = ascend(t, s, plan, DIVIDED_ROUNDS)
    if t.rules[LOCATIONS_MAX] < 2:
        apart = NEVER
    least, divided_extra = least_lines(p)
    short = p.short_micros * p.quantity
    part_short = shipments_bound(p, least_prices(p), least, 1) + int(np.minimum(short - least, divided_extra).min())
    return min(int(apart) - p.split_micros, max(int(anyhow) - p.split_micros, part_short))
