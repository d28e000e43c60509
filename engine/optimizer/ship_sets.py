"""Lines that leave one location together, contracted to one line each: what is proven of the contracted order holds."""

from typing import NamedTuple

import numpy as np

from engine.kernels.assign import GRAMS_MAX
from engine.optimizer.problem import SHORT_ALL_MICROS_MAX, Ints, Placement, Problem, Solution

LINES, UNITS = 1, 2
"""Kinds of capacity, see `kernels.subsets.capacity_need`."""


class Contracted(NamedTuple):
    """An order with one line a set; `sets` [n] are the contracted lines of the original lines."""

    problem: Problem
    sets: Ints


def contract(problem: Problem) -> Contracted | None:
    """The order with one line of one unit for each set; None where the order must be solved line by line.

    That is so where an item stands in two sets, since they share its stock, where a location's capacity of lines or units
    could bind, since a contracted line counts as one, and where amounts would leave their range.
    """
    p = problem
    assert p.sets is not None and p.line_unit_micros is None
    _, sets = np.unique(p.sets, return_inverse=True)
    members = [np.flatnonzero(sets == s) for s in range(int(sets.max()) + 1)]
    alone = np.array([len(lines) == 1 for lines in members], np.bool_)
    if _shares_items(p, members) or _capacity_may_bind(p) or _is_too_large(p):
        return None
    columns = p.column_count
    one = np.ones(len(members), np.int64)
    available = np.empty((len(members), columns), np.int64)
    line_micros = np.empty((len(members), columns), np.int64)
    allowed = np.empty((len(members), columns), np.bool_)
    for s, lines in enumerate(members):
        stock, quantity = p.available[p.item[lines]], p.quantity[lines][:, None]
        allowed[s] = p.allowed[lines].all(axis=0)
        if alone[s]:
            available[s], line_micros[s] = stock[0], p.line_micros[lines[0]]
            continue
        available[s] = _bundles(p, lines)
        # One unit of the set is charged the location's unit cost once: all others' are charged here.
        units = p.unit_micros * (quantity.sum() - 1)
        line_micros[s] = p.line_micros[lines].sum(axis=0) + units
    first = np.array([lines[0] for lines in members], np.int64)
    contracted = p._replace(
        quantity=np.where(alone, p.quantity[first], one),
        item=np.arange(len(members), dtype=np.int64),
        grams=_summed(p.grams, p, members, alone),
        volume=_summed(p.volume, p, members, alone),
        short_micros=_summed(p.short_micros, p, members, alone),
        line_locations_max=np.where(alone, p.line_locations_max[first], one),
        allowed=allowed, line_micros=line_micros, available=available, sets=None,
    )  # fmt: skip
    return Contracted(contracted, sets)


def expand(solution: Solution, problem: Problem, sets: Ints) -> Solution:
    """The plan of the contracted order for the original lines."""
    placements: list[Placement] = []
    for line, column, quantity in solution.placements:
        members = np.flatnonzero(sets == line)
        if len(members) == 1:
            placements.append(Placement(int(members[0]), column, quantity))
        else:
            placements += [Placement(int(j), column, int(problem.quantity[j])) for j in members]
    return solution._replace(placements=tuple(sorted(placements, key=lambda p: (p.line, p.column))))


def _shares_items(p: Problem, members: list[Ints]) -> bool:
    items = [item for lines in members for item in set(p.item[lines].tolist())]
    return len(set(items)) < len(items)


def _capacity_may_bind(p: Problem) -> bool:
    need = np.array([0, p.line_count, int(p.quantity.sum())])[p.capacity_kind]
    return bool((need > p.capacity_left).any())


def _is_too_large(p: Problem) -> bool:
    totals = [sum(int(x) * int(q) for x, q in zip(each, p.quantity, strict=True)) for each in (p.grams, p.volume)]
    highest = int(p.line_micros.max(initial=0)) * p.line_count + int(p.unit_micros.max(initial=0)) * int(p.quantity.sum())
    return max(totals) > GRAMS_MAX or highest > SHORT_ALL_MICROS_MAX


def _bundles(p: Problem, lines: Ints) -> Ints:
    """[c]: whether a column has enough for all lines of a set, as one unit or none; lines of one item add up."""
    enough = np.ones(p.column_count, np.bool_)
    for item in set(p.item[lines].tolist()):
        enough &= p.available[item] >= p.quantity[lines][p.item[lines] == item].sum()
    return enough.astype(np.int64)


def _summed(values: Ints, p: Problem, members: list[Ints], alone: "np.typing.NDArray[np.bool_]") -> Ints:
    """Per unit of a contracted line: the value itself for a line alone, the sum over all units for a set."""
    return np.array(
        [values[lines[0]] if alone[s] else (values[lines] * p.quantity[lines]).sum() for s, lines in enumerate(members)],
        np.int64,
    )
