"""A problem, location by location: what each could send, and what the best plan with it costs, exactly or within bounds.

Up to ten lines, the program over subsets tells it of all locations at once. Of more lines, one bound tells what each location
costs at the least; those that might be nearest are then solved for, one by one, as far as the nodes go.
"""

from typing import NamedTuple

import numpy as np

from engine.kernels.alternatives import (
    A_CARRIES,
    A_HOW,
    A_SEND_COLUMN,
    A_SEND_MICROS,
    A_SEND_SUBSET,
    A_VALUE,
    AT_LEAST,
    AT_MOST,
)
from engine.kernels.begin import begin, start_prices
from engine.kernels.located import bound_each, send_each
from engine.kernels.long_order import GRAIN, GRAMS, LOCATIONS_MAX
from engine.kernels.partition import NEVER
from engine.kernels.search_state import BEST, GOAL, LEAST, MOST
from engine.optimizer.bounds import not_divisible
from engine.optimizer.candidates import Candidates
from engine.optimizer.column_tables import ColumnTable, by_location, problem_table
from engine.optimizer.cut import IsCut
from engine.optimizer.forced import Bools, best_with, best_without, can_force
from engine.optimizer.long_orders import suits_search, with_units_in_lines
from engine.optimizer.problem import Ints, Problem
from engine.optimizer.search_tables import empty_plan, empty_search, long_order

BOUND_ROUNDS = 60
"""Steps of ascent for the bound on what each location costs."""

BOUND_NODES = 1_000

SOLVED_MIN = 4
"""Locations, of those that might be nearest, among which the nodes are shared out at the least."""

NOTHING = -(2**62)
"""A bound that says nothing."""


class Located(NamedTuple):
    """n lines of the problem, L locations, k that the plan uses; micros NEVER: no such plan, or none known."""

    carries: Bools
    """[n, L]: whether the location can send the line whole."""
    sends: Bools
    """[n, L]: what it sends where it sends the most units, for the least."""
    send_column: Ints
    """[L]: by which column, −1: none."""
    send_units: Ints
    send_micros: Ints
    least: Ints
    most: Ints
    """[L]: what the best plan that uses the location costs at the least, and at the most."""
    without_least: Ints
    without_most: Ints
    """[k]: of the best plan that does not use it."""


def locate(
    candidates: Candidates, count: int, used: Ints, goal: int, nodes_max: int, is_cut: IsCut
) -> Located | None:  # fmt: skip
    """Of `count` locations, against a plan that uses some [k] and costs `goal`; None where nothing can be told."""
    problem = candidates.problem
    assert problem is not None
    table = problem_table(candidates)
    if table is not None:
        return by_subsets(problem, table, count, used)
    if problem.ranked or problem.locations_max <= 0 or not suits_search(problem):
        return None
    return by_search(problem, count, used, goal, nodes_max, is_cut)


def by_subsets(problem: Problem, table: ColumnTable, count: int, used: Ints) -> Located:
    """By the program over subsets."""
    answer, without = by_location(table, count, used)
    bit = np.arange(problem.line_count)[:, None]
    sends = (answer[A_SEND_SUBSET] >> bit & 1).astype(np.bool_)
    return Located(
        (answer[A_CARRIES] >> bit & 1).astype(np.bool_), sends, answer[A_SEND_COLUMN],
        (sends * problem.quantity[:, None]).sum(axis=0), answer[A_SEND_MICROS],
        *as_range(answer[A_VALUE], answer[A_HOW], not not_divisible(problem)), *as_range(without[0], without[1], False),
    )  # fmt: skip


def as_range(micros: Ints, how: Ints, is_divided: bool) -> tuple[Ints, Ints]:
    """(at the least, at the most) of values that are exact, or one of both; is_divided: NEVER may still be a part of a line."""
    least = np.where((how == AT_MOST) | ((micros >= NEVER) & is_divided), NOTHING, micros)
    return least, np.where(how == AT_LEAST, NEVER, micros)


def by_search(problem: Problem, count: int, used: Ints, goal: int, nodes_max: int, is_cut: IsCut) -> Located:
    """By a bound for all, and the search for those that may be nearest: twice the nodes of one decision, at the most."""
    located = sent(problem, count)
    least, most = least_with(problem, count, goal), np.full(count, NEVER)
    if not_divisible(problem):
        least[~located.carries.any(axis=0)] = NEVER
    share = nodes_max // max(1, len(used))
    untold = NOTHING, NEVER
    each_without = [untold if is_cut() else best_without(problem, each, share, is_cut)[:2] for each in used.tolist()]
    without = np.array(each_without, np.int64).reshape(-1, 2)
    if can_force(problem):
        nodes = 0
        skip = set(used.tolist())
        for location in np.argsort(least, kind="stable").tolist():
            if nodes >= nodes_max or is_cut() or least[location] >= NEVER:
                break
            if location not in skip:
                found = best_with(problem, location, nodes_max // SOLVED_MIN, is_cut)
                # One that takes no node takes time all the same.
                nodes += max(1, found.nodes)
                least[location], most[location] = max(least.item(location), found.least), found.most
    return located._replace(least=least, most=most, without_least=without[:, 0], without_most=without[:, 1])


def sent(problem: Problem, count: int) -> Located:
    """What each location could send of whole lines: the heaviest first, as many as fit."""
    t = long_order(with_whole_costs(problem))
    n, m = problem.line_count, problem.column_count
    carries, sends = np.empty((2, m, n), np.bool_)
    units, micros = np.empty((2, m), np.int64)
    order = np.lexsort((np.arange(n), -t.lines[GRAMS]))
    send_each(t, empty_plan(t), order, carries, sends, units, micros)
    by_location = np.zeros((n, count), np.bool_)
    for j in range(n):
        by_location[j, problem.location[carries[:, j]]] = True
    none = np.zeros(0, np.int64)
    nothing = np.full(count, NEVER)
    located = Located(
        by_location, np.zeros((n, count), np.bool_), np.full(count, -1), np.zeros(count, np.int64), nothing.copy(),
        nothing.copy(), nothing.copy(), none, none,
    )  # fmt: skip
    # The last one written stays: the most units, then the least micros, then the column given first.
    for c in np.lexsort((-np.arange(m), -micros, units)).tolist():
        if units[c]:
            location = problem.location[c]
            located.sends[:, location], located.send_column[location] = sends[c], c
            located.send_units[location], located.send_micros[location] = units[c], micros[c]
    return located


def with_whole_costs(problem: Problem) -> Problem:
    """The problem with what a line's own units cost charged for all of them at once."""
    p = problem
    if p.line_unit_micros is None:
        return p
    return p._replace(line_micros=p.line_micros + p.line_unit_micros * p.quantity[:, None], line_unit_micros=None)


def least_with(problem: Problem, count: int, goal: int) -> Ints:
    """[L]: what every plan that uses a location costs at the least; NEVER where none can."""
    p = problem
    t = long_order(p if p.line_unit_micros is None else with_units_in_lines(p), is_divided=True)
    t.rules[LOCATIONS_MAX] = min(p.locations_max, len(np.unique(p.location)))
    t.rules[GRAIN] = 1
    s, plan = empty_search(t), empty_plan(t)
    begin(t, s, plan, empty_plan(t), BOUND_NODES)
    start_prices(t, s)
    s.now[BEST] = s.now[GOAL] = goal + p.split_micros
    s.now[LEAST], s.now[MOST] = 1, t.rules[LOCATIONS_MAX]
    by_column = np.empty(p.column_count, np.int64)
    bound_each(t, s, plan, BOUND_ROUNDS, by_column)
    least = np.full(count, NEVER)
    np.minimum.at(least, p.location, np.where(by_column < NEVER, by_column - p.split_micros, NEVER))
    return least
