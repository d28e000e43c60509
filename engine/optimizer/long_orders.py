"""Long orders, and orders whose locations are limited: problems in, the best plan of whole lines with a proven bound out.

Plans of one, two, three … shipments are searched in turn: a bound on plans of exactly k shipments, or of at least k, is far
above one on plans of any number, since fixed costs count in whole. What is left after a few k is searched as one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.kernels.begin import begin, start_prices
from engine.kernels.covers import fewest_columns, search_covers
from engine.kernels.dive import dive_again
from engine.kernels.lagrange import ascend
from engine.kernels.long_order import (
    GRAIN,
    GRAMS,
    LOCATIONS_MAX,
    PLAIN,
    SHORT,
    LongOrder,
)  # fmt: skip
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState
from engine.kernels.search import FRAME_FIELDS, PAUSED, nearest_columns, search_plans, try_plan
from engine.kernels.search_state import ALIVE, BEST, GOAL, LEAST, MOST, NODES, NODES_MAX, PAUSE_AT, Search
from engine.optimizer.bounds import least_lines, least_prices, shipments_bound
from engine.optimizer.cut import IsCut, never_cut
from engine.optimizer.problem import Ints, Placement, Problem, Solution
from engine.optimizer.search_tables import WINDOWS_MAX, empty_covers, empty_plan, empty_search, long_order

ROOT_PARTS, ROOT_ROUNDS = 3, 20
"""Steps of ascent at the root, and how often a plan is made on the way."""

WINDOW_ROUNDS = 20
STEPPED_PARTS, NEAR_MAX = 4, 24
"""Where what carriers charge depends on weight: parts of the ascent, and columns offered to what finds its way anew."""

SHORT_MICROS_MAX = 2**50
"""What leaving all short may cost here at the most: prices of 500 lines then add up far below the range of numbers."""

SLICE_NODES = 64
"""Between two looks at the clock: a few milliseconds."""

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


def search_whole_lines(problem: Problem, nodes_max: int, is_cut: IsCut = never_cut) -> Solution:
    """The cheapest plan in which every line comes whole from one location or is short, within a node budget.

    Ties: the plan met first; columns are tried by what they add to the bound, then in the order given. Where the clock cuts,
    the best plan until then, with its bound.
    """
    search = LongSearch(long_order(problem), nodes_max, is_cut)
    bound = min(search.run(), search.cost)
    chosen = zip(search.best.column_of.tolist(), problem.quantity.tolist(), strict=True)
    placements = tuple(Placement(j, c, q) for j, (c, q) in enumerate(chosen))
    # While plans are compared, each is charged the split penalty once too often, also one without a shipment.
    split = problem.split_micros
    return Solution(placements, search.cost - split, bound - split, search.nodes, search.was_cut and bound < search.cost)


class LongSearch:
    """One order being searched; the kernels do the work, on tables that are laid out once."""

    def __init__(self, t: LongOrder, nodes_max: int, is_cut: IsCut = never_cut) -> None:
        self.is_cut, self.was_cut = is_cut, False
        n, m = t.lines.shape[1], t.columns.shape[1]
        self.t, self.s = t, empty_search(t)
        self.plan, self.best, self.trial, self.spare = (empty_plan(t) for _ in range(4))
        # Heavy lines first, then those that are dear when short.
        self.order = np.lexsort((np.arange(n), -t.lines[SHORT], -t.lines[GRAMS]))
        self.in_use = np.empty(m + n + 1, np.int64)
        self.frames = np.empty((FRAME_FIELDS, n + 1), np.int64)
        self.kept_price = np.empty((n + 1, n), np.int64)
        self.covers = empty_covers(n, m)
        begin(t, self.s, self.plan, self.best, nodes_max)
        start_prices(t, self.s)

    @property
    def cost(self) -> int:
        """What the best plan costs."""
        return int(self.s.now[BEST])

    @property
    def nodes(self) -> int:
        """Bounds taken."""
        return int(self.s.now[NODES])

    def closed(self, bound: int) -> bool:
        """Whether a bound leaves nothing cheaper than the best plan."""
        return bound >= int(self.s.now[GOAL])

    def spent(self) -> bool:
        """Whether the budget is; the clock cuts by leaving no more nodes than were taken."""
        spent = self.nodes >= int(self.s.now[NODES_MAX])
        if not spent and self.is_cut():
            self.s.now[NODES_MAX], self.was_cut = self.nodes, True
        return spent or self.was_cut

    def in_slices(self, search: Callable[..., int], *arguments: Any) -> int:
        """What a kernel that searches returns in the end; the clock is looked at between its slices."""
        while True:
            self.s.now[PAUSE_AT] = self.nodes + SLICE_NODES
            bound = int(search(*self.state(), *arguments))
            if bound != PAUSED:
                return bound
            self.spent()

    def run(self) -> int:
        """A bound on every plan with a shipment, at least what the best plan costs where that is proven."""
        limit = int(self.t.rules[LOCATIONS_MAX])
        self.s.now[LEAST], self.s.now[MOST] = 1, limit
        bound, count = self.ascend(0)
        self.try_plan(count)
        least = 0
        for _ in range(ROOT_PARTS if self.t.rules[PLAIN] else STEPPED_PARTS):
            bound, count = self.ascend(ROOT_ROUNDS)
            if self.closed(bound):
                return self.cost
            if self.spent():
                break
            self.try_plan(count)
            if not self.t.rules[PLAIN]:
                self.dive_again()
            if least == 0:
                least = int(fewest_columns(self.t, self.s, self.covers, bound, WINDOWS_MAX))
                if least > limit:
                    return self.cost
                self.s.now[LEAST] = least
        unproven = NEVER
        for k in range(max(least, 1), WINDOWS_MAX + 1):
            self.s.now[LEAST], self.s.now[MOST] = k, limit
            at_least, _ = self.ascend(WINDOW_ROUNDS if k > least else 0)
            bound = max(bound, at_least)
            if self.closed(bound) or k > limit:
                return min(unproven, self.cost)
            if k == WINDOWS_MAX or self.spent():
                break
            unproven = min(unproven, self.search_exactly(k))
        rest = self.in_slices(search_plans, 1, True)
        return min(unproven, self.cost if self.closed(rest) else max(rest, bound))

    def search_exactly(self, k: int) -> int:
        """A bound on plans of exactly k shipments, NEVER where none is cheaper; columns and prices stay as they were."""
        size, price = int(self.s.now[ALIVE]), self.s.price.copy()
        self.s.now[MOST] = k
        # Plans of one and two are few: looking at all of them takes less time than a better bound.
        bound, count = self.ascend(WINDOW_ROUNDS if k > 2 else 0)
        if not self.closed(bound) and k > 2:
            self.try_plan(count)
        if not self.closed(bound):
            bound = self.in_slices(search_covers, self.covers, k, bound)
        self.s.now[ALIVE] = size
        self.s.price[:] = price
        return NEVER if self.closed(bound) else bound

    def ascend(self, rounds: int) -> tuple[int, int]:
        """Raise the bound; how many columns it takes."""
        bound, count = ascend(self.t, self.s, self.plan, rounds)
        return int(bound), int(count)

    def try_plan(self, count: int) -> None:
        """Make a plan from what the bound takes."""
        try_plan(
            self.t, self.s, self.plan, self.best, self.trial, self.spare, self.order, self.in_use, count, True
        )  # fmt: skip

    def dive_again(self) -> None:
        """Improve the best plan a column or two at a time."""
        near = nearest_columns(self.s, NEAR_MAX)
        dive_again(self.t, self.s, self.best, self.trial, self.spare, near, self.s.ranked, self.order, self.in_use)

    def state(self) -> tuple[LongOrder, Search, PlanState, PlanState, PlanState, PlanState, Ints, Ints, Ints, Ints]:
        """What the searching kernels take first."""
        return (
            self.t, self.s, self.plan, self.best, self.trial, self.spare, self.order, self.in_use, self.frames,
            self.kept_price,
        )  # fmt: skip


def with_units_in_lines(problem: Problem) -> Problem:
    """The problem with what only a line's own units cost charged once for all that a column can give it.

    A plan that takes so many, or the whole line, costs the same; one that takes fewer costs less, but a unit of it does not.
    """
    p = problem
    assert p.line_unit_micros is not None
    most = np.where(p.capacity_kind == 2, p.capacity_left, p.quantity.max(initial=0))
    units = np.maximum(0, np.minimum(np.minimum(p.available[p.item], most), p.quantity[:, None]))
    is_whole = (p.line_locations_max <= 1) | (p.quantity == 1)
    units[is_whole] = p.quantity[is_whole, None]
    return p._replace(line_micros=p.line_micros + p.line_unit_micros * units, line_unit_micros=None)


def divided_plans_bound(problem: Problem, goal: int) -> int:
    """What every plan costs at the least that divides a line; no more than is needed to reach `goal`, the cost of a plan.

    It ships from two locations or more, or from one with a part of some line short. Units may cost more on one line than on
    another.
    """
    p = problem
    t = long_order(p if p.line_unit_micros is None else with_units_in_lines(p), is_divided=True)
    # A divided line ships from several: there may be more of them than lines.
    t.rules[LOCATIONS_MAX] = min(p.locations_max, len(np.unique(p.location)))
    t.rules[GRAIN] = 1
    s, plan = empty_search(t), empty_plan(t)
    begin(t, s, plan, empty_plan(t), DIVIDED_ROUNDS * 3)
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
