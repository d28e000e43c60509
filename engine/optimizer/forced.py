"""What the best plan costs if it must use a location, or must not: the problem changed so that it must, and solved again."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.assign import MICROS_MAX
from engine.kernels.partition import NEVER
from engine.optimizer.bounds import not_divisible
from engine.optimizer.cut import IsCut
from engine.optimizer.problem import SHORT_ALL_MICROS_MAX, Problem
from engine.optimizer.solve import solve

Bools = NDArray[np.bool_]

SHORT_ALL_MAX = 2**48
"""What leaving all short may cost here, so that one line more, which must not be short, fits in besides."""

MUST_MICROS = 2**49
"""What leaving that one short costs: more than any plan."""


class Range(NamedTuple):
    """What a best plan costs: at the least, and at the most. NEVER: there is no such plan, or none is known."""

    least: int
    most: int
    nodes: int


def best_without(problem: Problem, location: int, nodes_max: int, is_cut: IsCut) -> Range:
    """The best plan that does not use a location."""
    allowed = problem.allowed & (problem.location != location)
    solution = solve(problem._replace(allowed=allowed), nodes_max, is_cut)
    return Range(solution.lower_bound_micros, solution.objective_micros, solution.nodes)


def best_with(problem: Problem, location: int, nodes_max: int, is_cut: IsCut) -> Range:
    """The best plan that uses a location: the best that opens it, which is a bound where nothing comes from it then.

    In that case each line in turn is made to come from there, as far as the nodes go; short of all, and where a line might
    come from there in part, the bound stands.
    """
    assert can_force(problem)
    used = problem.location == location
    # The line more is a unit, too: what that costs is taken off again, or charged to no unit but the other lines'.
    unit = problem.unit_micros[used]
    is_even = bool((unit == unit[0]).all())
    opened = solve(open_location(problem if is_even else with_line_costs(problem), used), nodes_max, is_cut)
    nodes, more = opened.nodes, unit.item(0) if is_even else 0
    if opened.lower_bound_micros >= MUST_MICROS:
        return Range(NEVER, NEVER, nodes)
    bound = opened.lower_bound_micros - more
    carried = any(q.column >= 0 and used[q.column] for q in opened.placements if q.line < problem.line_count)
    if carried and opened.objective_micros < MUST_MICROS:
        return Range(bound, opened.objective_micros - more, nodes)
    least, most, complete = NEVER, NEVER, not_divisible(problem)
    for line in nearest_lines(problem, used):
        if nodes >= nodes_max or is_cut():
            complete = False
            break
        solution = solve(force_line(problem, line, used), nodes_max - nodes, is_cut)
        nodes += solution.nodes
        least = min(least, solution.lower_bound_micros)
        if solution.objective_micros < MUST_MICROS:
            most = min(most, solution.objective_micros)
        if most <= bound:
            break
    if complete and least >= MUST_MICROS:
        return Range(NEVER, NEVER, nodes)
    return Range(max(bound, least if complete else 0), most, nodes)


def can_force(problem: Problem) -> bool:
    """Whether a line that must not be short may be added: sums hold it."""
    short = sum(each * q for each, q in zip(problem.short_micros.tolist(), problem.quantity.tolist(), strict=True))
    handling = with_line_costs(problem).line_micros if not problem.ranked else problem.line_micros
    # The line that must not be short may be any of them, with all its units.
    most = short + MUST_MICROS * int(problem.quantity.max())
    is_within = short <= SHORT_ALL_MAX and most <= SHORT_ALL_MICROS_MAX
    return not problem.ranked and is_within and bool((handling[problem.allowed] <= MICROS_MAX).all())


def with_line_costs(problem: Problem) -> Problem:
    """The problem with nothing charged by the unit of any line: whole lines pay it once, others by units of their own."""
    p = problem
    each = p.unit_micros + (0 if p.line_unit_micros is None else p.line_unit_micros)
    if not_divisible(p):
        whole = np.where(p.allowed, p.line_micros + each * p.quantity[:, None], p.line_micros)
        return p._replace(line_micros=whole, unit_micros=np.zeros_like(p.unit_micros), line_unit_micros=None)
    units = np.broadcast_to(each, p.allowed.shape).copy()
    return p._replace(unit_micros=np.zeros_like(p.unit_micros), line_unit_micros=units)


def nearest_lines(problem: Problem, used: Bools) -> list[int]:
    """Lines that may come from a location, those first whose way from there is dearer by the least."""
    p = problem
    each = p.unit_micros + (0 if p.line_unit_micros is None else p.line_unit_micros)
    handling = np.where(p.allowed, p.line_micros + each * p.quantity[:, None], NEVER)
    there = handling[:, used].min(axis=1, initial=NEVER)
    dearer = there - handling.min(axis=1, initial=NEVER)
    order = np.lexsort((np.arange(p.line_count), dearer))
    return [line for line in order.tolist() if there[line] < NEVER]


def force_line(problem: Problem, line: int, used: Bools) -> Problem:
    """The problem whose line comes whole from one location, which it must."""
    p = problem
    allowed, short, parts = p.allowed.copy(), p.short_micros.copy(), p.line_locations_max.copy()
    allowed[line] &= used
    short[line], parts[line] = MUST_MICROS, 1
    return p._replace(allowed=allowed, short_micros=short, line_locations_max=parts)


def open_location(problem: Problem, used: Bools) -> Problem:
    """The problem with one line more, of nothing, that only one location has, for nothing, and that must not be short."""
    p = problem
    one, none = np.ones(1, np.int64), np.zeros((1, p.column_count), np.int64)
    # What the line takes of a day's lines or units is added to the day.
    room = used & (p.capacity_kind > 0)
    return p._replace(
        quantity=np.append(p.quantity, one), item=np.append(p.item, one * len(p.available)), grams=np.append(p.grams, 0 * one),
        volume=np.append(p.volume, 0 * one), short_micros=np.append(p.short_micros, one * MUST_MICROS),
        line_locations_max=np.append(p.line_locations_max, one), allowed=np.concatenate((p.allowed, used[None])),
        line_micros=np.concatenate((p.line_micros, none)), available=np.concatenate((p.available, none + used)),
        capacity_left=p.capacity_left + room,
        line_unit_micros=None if p.line_unit_micros is None else np.concatenate((p.line_unit_micros, none)),
        sets=None if p.sets is None else np.append(p.sets, one * (int(p.sets.max()) + 1)),
    )  # fmt: skip
