"""Long orders, and orders whose locations are limited: problems in, the best plan of whole lines with a proven bound out.

Plans of one, two, three … shipments are searched in turn: a bound on plans of exactly k shipments, or of at least k, is far
above one on plans of any number, since fixed costs count in whole. What is left after a few k is searched as one.
"""

import numpy as np

from engine.kernels.begin import begin, start_prices
from engine.kernels.covers import search_covers
from engine.kernels.lagrange import ALIVE, BEST, GOAL, LEAST, MOST, NODES, NODES_MAX, NOW_FIELDS, Search, ascend
from engine.kernels.long_order import (
    COLUMN_FIELDS,
    FREE,
    GRAIN,
    GRAMS,
    LINE_FIELDS,
    LOCATIONS_MAX,
    PLAIN,
    RULE_FIELDS,
    SHORT,
    LongOrder,
    build_floor,
    build_rows,
    common_grain,
)  # fmt: skip
from engine.kernels.long_tables import divided_line_costs, drop_dominated, nothing_binds, whole_line_costs
from engine.kernels.partition import NEVER
from engine.kernels.plans import LOAD_FIELDS, USED_AT, PlanState
from engine.kernels.search import FRAME_FIELDS, search_plans, try_plan
from engine.kernels.staircase import SLOPES_MAX, STEPS_MAX
from engine.optimizer.bounds import least_lines, least_prices, shipments_bound
from engine.optimizer.problem import Ints, Placement, Problem, Solution

ROOT_PARTS, ROOT_ROUNDS = 3, 20
"""Steps of ascent at the root, and how often a plan is made on the way."""

WINDOW_ROUNDS = 20
WINDOWS_MAX = 8
"""Numbers of shipments that are searched apart."""

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
    search = LongSearch(long_order(problem), nodes_max)
    bound = min(search.run(), search.cost)
    chosen = zip(search.best.column_of.tolist(), problem.quantity.tolist(), strict=True)
    placements = tuple(Placement(j, c, q) for j, (c, q) in enumerate(chosen))
    # While plans are compared, each is charged the split penalty once too often, also one without a shipment.
    split = problem.split_micros
    return Solution(placements, search.cost - split, bound - split, search.nodes)


class LongSearch:
    """One order being searched; the kernels do the work, on tables that are laid out once."""

    def __init__(self, t: LongOrder, nodes_max: int) -> None:
        n, m = t.lines.shape[1], t.columns.shape[1]
        self.t, self.s = t, empty_search(t)
        self.plan, self.best, self.trial, self.spare = (empty_plan(t) for _ in range(4))
        # Heavy lines first, then those that are dear when short.
        self.order = np.lexsort((np.arange(n), -t.lines[SHORT], -t.lines[GRAMS]))
        self.in_use = np.empty(m + n + 1, np.int64)
        self.frames = np.empty((FRAME_FIELDS, n + 1), np.int64)
        self.kept_price = np.empty((n + 1, n), np.int64)
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
        """Whether the budget is."""
        return self.nodes >= int(self.s.now[NODES_MAX])

    def run(self) -> int:
        """A bound on every plan with a shipment, at least what the best plan costs where that is proven."""
        limit = int(self.t.rules[LOCATIONS_MAX])
        self.s.now[LEAST], self.s.now[MOST] = 1, limit
        bound, count = self.ascend(0)
        self.try_plan(count)
        for _ in range(ROOT_PARTS):
            bound, count = self.ascend(ROOT_ROUNDS)
            if self.closed(bound):
                return self.cost
            if self.spent():
                break
            self.try_plan(count)
        unproven = NEVER
        for k in range(1, WINDOWS_MAX + 1):
            self.s.now[LEAST], self.s.now[MOST] = k, limit
            at_least, _ = self.ascend(WINDOW_ROUNDS)
            bound = max(bound, at_least)
            if self.closed(bound) or k > limit:
                return min(unproven, self.cost)
            if k == WINDOWS_MAX or self.spent():
                break
            unproven = min(unproven, self.search_exactly(k))
        rest = int(search_plans(*self.state(), 1, True))
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
            bound = int(search_covers(*self.state(), k, bound))
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

    def state(self) -> tuple[LongOrder, Search, PlanState, PlanState, PlanState, PlanState, Ints, Ints, Ints, Ints]:
        """What the searching kernels take first."""
        return (
            self.t, self.s, self.plan, self.best, self.trial, self.spare, self.order, self.in_use, self.frames,
            self.kept_price,
        )  # fmt: skip


def long_order(problem: Problem, *, is_divided: bool = False) -> LongOrder:
    """The tables of a problem, its dominated columns struck out; is_divided: lines cost what a unit costs at the least."""
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
    per_row = np.zeros((3, rows), np.int64)
    stairs = np.empty((2, rows, STEPS_MAX + 1), np.int64)
    costs = np.empty((2, m, n), np.int64)
    t = LongOrder(
        rules=rules, lines=lines, columns=columns, handling=costs[0], floor=costs[1], available=p.available,
        weight=np.empty((rows, n), np.int64), rate=per_row[0], steps=per_row[1], limit=stairs[0], step=stairs[1],
        slopes=per_row[2], base=np.empty((rows, SLOPES_MAX), np.int64), rise=np.empty((rows * SLOPES_MAX, n), np.int64),
        start=p.tariffs.start, max_grams=p.tariffs.max_grams, price=p.tariffs.price_micros,
        per_kg=p.tariffs.per_kg_micros,
    )  # fmt: skip
    same_price = build_rows(t, p.zone, p.divisor, p.package_grams_max)
    whole_line_costs(t, p.grams, p.volume, p.allowed, p.line_micros, p.unit_micros)
    if is_divided:
        # Before columns are struck out: one that carries no more whole lines than another may carry more of a divided one.
        divided_line_costs(t, p.line_locations_max, p.allowed, p.line_micros, p.unit_micros)
    if len(t.columns[0]) > location.max() + 1:
        drop_dominated(t, np.lexsort((np.arange(m), location)))
    build_floor(t)
    rules[PLAIN] = same_price and nothing_binds(t)
    rules[GRAIN] = common_grain(t)
    return t


def empty_search(t: LongOrder) -> Search:
    """Room for the state of a search."""
    m, n = t.handling.shape
    line, column = np.zeros((5, n), np.int64), np.zeros((10, m), np.int64)
    return Search(
        now=np.zeros(NOW_FIELDS, np.int64), cost=np.empty((m, n), np.int64), price=line[0], price_max=line[1],
        best_price=line[2], covered=line[3], shifted=np.empty((len(t.rise), n), np.int64), alive=column[0],
        rank=column[1], value=column[2], extra=column[3], slope_at=column[4], at_location=column[5], taken=column[6],
        picked=column[7], opened=column[8], ranked=column[9], answer=line[4],
    )  # fmt: skip


def empty_plan(t: LongOrder) -> PlanState:
    """Room for a plan, every line of it free."""
    m, n = t.handling.shape
    load = np.zeros((LOAD_FIELDS, m), np.int64)
    load[USED_AT] = -1
    return PlanState(np.full(n, FREE), load, np.zeros(n + 2, np.int64))


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
