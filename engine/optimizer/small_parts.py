"""Lines that may be divided, but not into smaller parts than asked: the solver divides as it likes, then is restricted."""

import numpy as np

from engine.optimizer.candidates import Candidates
from engine.optimizer.fill import Filling
from engine.optimizer.problem import Placement, Problem, Solution
from engine.optimizer.scene import Scene
from engine.optimizer.solve import leave_all_short, solve

RESTRICTED_MAX = 32
"""Solutions with a part too small that are looked at again."""


def keep_parts(scene: Scene, candidates: Candidates, solution: Solution, nodes_max: int) -> Solution:
    """The solution, or where a part of a line is smaller than asked, the best of those tried whose parts are not; same bound.

    A line of q units with parts of m at the least is whole, or none of its parts has more than q − m, or there is one part and
    the rest is short, or there is nothing of it. All are tried, for each line in turn, of one part the largest that any
    location has; of two parts the second restriction says all that is asked.
    """
    basket = scene.basket.lines
    least = [min(basket[i].min_split_quantity, basket[i].quantity) for i in candidates.lines]
    assert candidates.problem is not None
    best, nodes, is_cut = None, 0, solution.is_cut
    waiting: list[tuple[Problem, Solution]] = [(candidates.problem, solution)]
    tried = 0
    while waiting:
        problem, found = waiting.pop()
        nodes, is_cut = nodes + found.nodes, is_cut or found.is_cut
        small = line_with_small_part(problem, found, least)
        if small is None:
            if best is None or found.objective_micros < best.objective_micros:
                best = found
            continue
        tried += 1
        if tried > RESTRICTED_MAX:
            continue
        ways = (
            leave_out(problem, small), keep_small(problem, small, least[small]), keep_whole(problem, small),
            keep_one(problem, small, least[small]),
        )  # fmt: skip
        for restricted in ways:
            if restricted is None:
                continue
            again = with_left_out(candidates.problem, restricted, solve(restricted, nodes_max, scene.is_cut))
            if best is None or again.lower_bound_micros < best.objective_micros:
                waiting.append((restricted, again))
    if best is None:
        best = leave_all_short(candidates.problem)
    bound = min(solution.lower_bound_micros, best.objective_micros)
    return best._replace(lower_bound_micros=bound, nodes=nodes, is_cut=is_cut and bound < best.objective_micros)


def line_with_small_part(problem: Problem, solution: Solution, least: list[int]) -> int | None:
    """A line of the problem with a part at some location that is smaller than asked; None where there is none."""
    parts: dict[tuple[int, int], int] = {}
    for line, column, units in solution.placements:
        if column >= 0:
            key = line, problem.location.item(column)
            parts[key] = parts.get(key, 0) + units
    small = (line for (line, _), units in parts.items() if units < least[line])
    return next(small, None)


def keep_whole(problem: Problem, line: int) -> Problem | None:
    """The problem with a line that comes from one location; None where it is that already."""
    if problem.line_locations_max[line] <= 1:
        return None
    most = problem.line_locations_max.copy()
    most[line] = 1
    return problem._replace(line_locations_max=most)


def keep_one(problem: Problem, line: int, least: int) -> Problem | None:
    """The problem with a line of which one location sends the most that any can; None where that is all, or not enough."""
    quantity, filling = problem.quantity.item(line), Filling(problem, leave_all_short(problem))
    units = np.where(problem.allowed[line], np.minimum(problem.available[problem.item[line]], quantity), 0)
    most = max((filling.fitting(line, c, units.item(c)) for c in np.flatnonzero(units).tolist()), default=0)
    if not least <= most < quantity:
        return None
    quantities, locations_max = problem.quantity.copy(), problem.line_locations_max.copy()
    quantities[line], locations_max[line] = most, 1
    return problem._replace(quantity=quantities, line_locations_max=locations_max)


def with_left_out(asked: Problem, problem: Problem, solution: Solution) -> Solution:
    """The solution of a problem that asks for less of some lines, as one of what was asked."""
    left = (asked.quantity - problem.quantity).tolist()
    more = tuple(Placement(j, -1, units) for j, units in enumerate(left) if units)
    micros = sum(units * price for units, price in zip(left, asked.short_micros.tolist(), strict=True))
    return solution._replace(
        placements=merged_short(solution.placements + more), objective_micros=solution.objective_micros + micros,
        lower_bound_micros=solution.lower_bound_micros + micros,
    )  # fmt: skip


def merged_short(placements: tuple[Placement, ...]) -> tuple[Placement, ...]:
    """Placements, what is short of a line in one of them."""
    units: dict[tuple[int, int], int] = {}
    for line, column, quantity in placements:
        units[line, column] = units.get((line, column), 0) + quantity
    return tuple(Placement(line, column, quantity) for (line, column), quantity in sorted(units.items()))


def leave_out(problem: Problem, line: int) -> Problem:
    """The problem without a line."""
    allowed = problem.allowed.copy()
    allowed[line] = False
    return problem._replace(allowed=allowed)


def keep_small(problem: Problem, line: int, least: int) -> Problem | None:
    """The problem in which no location sends more of a line than leaves `least` for another; None where that says nothing.

    That is a limit on the stock of its item, and so on no other line's: where others ask for it, only whole is tried.
    """
    item = problem.item[line]
    most = problem.quantity.item(line) - least
    if most < least or (problem.item == item).sum() > 1 or (problem.available[item] <= most).all():
        return None
    available = problem.available.copy()
    available[item] = np.minimum(available[item], most)
    return problem._replace(available=available)
