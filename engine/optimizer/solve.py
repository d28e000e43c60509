"""The door of the optimizer: problems in, solutions with proven bounds out.

Whole lines go through the exact program over subsets; long orders, and orders whose number of locations is limited, through
the search with a Lagrangian bound. Where a quantity may be divided, a bound on every plan that does is tried first, then a
search over shipments; branch and bound is for what these leave open.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise, repeat
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels.assign import GRAMS_MAX, LINES, MICROS_MAX, OUT_FIELDS, SIZE_FIELDS, SPLIT, all_suit, assign_orders
from engine.kernels.branch import LATER, TIED, branch_lines
from engine.kernels.divide import DIVIDE_FIELDS, divide_orders
from engine.kernels.partition import NEVER
from engine.optimizer.bounds import least_lines, least_prices, not_divisible, root_bound, steady_rows, vertices_suffice
from engine.optimizer.cut import IsCut, never_cut
from engine.optimizer.fill import filled_up, with_cheaper_services
from engine.optimizer.long_orders import divided_plans_bound, search_whole_lines, suits_search
from engine.optimizer.problem import SHORT_ALL_MICROS_MAX, Ints, Placement, Problem, Solution
from engine.optimizer.ranked import fill_by_rank
from engine.optimizer.ship_sets import contract, expand

OUT_OF_RANGE = "what the lines cost when short is out of range"
PLACEMENTS_PER_LINE_MAX = 8
PLACEMENTS_EXTRA_MAX = 64

STEPS_MIN, STEPS_MAX = 2**16, 2**25
STEPS_PER_NODE_MAX = 256
"""Steps of the program over portions by the node budget: about an eighth of the time that its nodes would take."""

SIZES = itemgetter(Problem._fields.index("sizes"))
SHOWN_FIELDS, EXACT, DIVIDED = 4, 4, 5
"""Of `out` of the kernel: what a solution shows comes first, then whether it is exact, and the bound on divided plans."""


def new_placements(fields: Iterable[tuple[int, int, int]]) -> Iterator[Placement]:
    """Half the time of the constructor, which goes through Python: placements are a third of what a small order takes."""
    return map(tuple.__new__, repeat(Placement), fields)


def solve(problem: Problem, nodes_max: int, is_cut: IsCut = never_cut) -> Solution:
    """The cheapest plan of one order within a node budget; see `solve_orders`."""
    return solve_orders((problem,), nodes_max, is_cut)[0]


def solve_orders(problems: Sequence[Problem], nodes_max: int, is_cut: IsCut = never_cut) -> list[Solution]:
    """Solve independent orders, sharing one kernel call; all must be of one network (its tariffs).

    Each solution is optimal for its problem, or carries the lower bound proven within `nodes_max` nodes of branch and
    bound. Ties between plans of whole lines: fewer shipments, then for each of them the column given first; in a search,
    the plan it meets first, which is always the same one. A search asks the clock, `is_cut`, between slices of nodes: cut, it
    gives the best plan until then with its bound, and says so.
    """
    sizes = all_sizes(problems)
    if len(problems) and all_suit(sizes):
        return solve_whole_lines(problems, sizes, nodes_max, is_cut)
    by_program = [i for i, p in enumerate(problems) if suits_program(p)]
    suited = [problems[i] for i in by_program]
    solved = iter(solve_orders(suited, nodes_max, is_cut) if suited else ())
    through_program = set(by_program)
    return [next(solved) if i in through_program else solve_alone(p, nodes_max, is_cut) for i, p in enumerate(problems)]


def solve_alone(problem: Problem, nodes_max: int, is_cut: IsCut) -> Solution:
    """An order that the program over subsets does not suit as it is."""
    if problem.ranked:
        return fill_by_rank(problem)
    if problem.line_unit_micros is not None:
        return solve_unit_prices(problem, nodes_max, is_cut)
    if problem.sets is None:
        return solve_by_search(problem, nodes_max, is_cut)
    contracted = contract(problem)
    if contracted is None:
        return branch(problem, None, nodes_max)
    return expand(solve(contracted.problem, nodes_max, is_cut), problem, contracted.sets)


def suits_program(problem: Problem) -> bool:
    """Whether the program over subsets is exact for the plan of whole lines and small enough."""
    return all_suit(all_sizes((problem,)))


def all_sizes(problems: Sequence[Problem]) -> Ints:
    """[problems, SIZE_FIELDS]: `sizes` of every problem."""
    return np.frombuffer(b"".join(map(SIZES, problems)), np.int64).reshape(-1, SIZE_FIELDS)


def solve_unit_prices(problem: Problem, nodes_max: int, is_cut: IsCut) -> Solution:
    """An order whose units cost more on one line than on another, as carbon by weight and the prices of inventory do.

    For whole lines that is a cost per line. Plans that divide one have a bound of their own, and cost at the least what they
    would without it; where that proves nothing, branch and bound looks for a better one.
    """
    assert problem.line_unit_micros is not None
    if problem.sets is not None:
        return branch(problem, None, nodes_max)
    per_line = problem.line_micros + problem.line_unit_micros * problem.quantity[:, None]
    folded = problem._replace(line_micros=per_line, line_unit_micros=None)
    if not_divisible(problem):
        return solve(folded, nodes_max, is_cut)
    whole = solve(folded._replace(line_locations_max=np.minimum(problem.line_locations_max, 1)), nodes_max, is_cut)
    cheaper = problem._replace(line_unit_micros=None)
    bound = 0
    if suits_search(cheaper):
        bound = min(whole.lower_bound_micros, divided_plans_bound(problem, whole.objective_micros))
    if bound < whole.objective_micros:
        below = solve(cheaper, max(0, nodes_max - whole.nodes), is_cut)
        bound = max(bound, below.lower_bound_micros)
        whole = whole._replace(nodes=whole.nodes + below.nodes, is_cut=whole.is_cut or below.is_cut)
        # The plan that is best without these prices is one with them too: it divides lines in ways that `branch` does not try.
        priced = below.objective_micros + unit_prices_of(problem, below.placements)
        if priced < whole.objective_micros:
            whole = whole._replace(placements=below.placements, objective_micros=priced)
    whole = whole._replace(lower_bound_micros=min(bound, whole.objective_micros))
    if bound >= whole.objective_micros:
        return whole._replace(is_cut=False)
    return branch(problem, whole, nodes_left(whole, nodes_max), bound)


def unit_prices_of(problem: Problem, placements: Sequence[Placement]) -> int:
    """What the units of a plan cost by the lines they are of."""
    prices = problem.line_unit_micros
    assert prices is not None
    return sum(int(prices[each.line, each.column]) * each.quantity for each in placements if each.column >= 0)


def solve_whole_lines(problems: Sequence[Problem], sizes: Ints, nodes_max: int, is_cut: IsCut) -> list[Solution]:
    """The exact plans of whole lines, each shown to beat every plan that divides one, or a better plan that does."""
    ends = list(accumulate(sizes[:, LINES].tolist(), initial=0))
    placed = np.empty((3, ends[-1]), np.int64)
    out = np.empty((len(problems), OUT_FIELDS), np.int64)
    tariffs = problems[0].tariffs
    open_count = assign_orders(sizes, *tariffs, placed, out)
    placements = tuple(new_placements(zip(*placed.tolist(), strict=True)))
    objective, bound, _, nodes = out[:, :SHOWN_FIELDS].T.tolist()
    assert max(objective) < NEVER, OUT_OF_RANGE
    each = [placements[begin:end] for begin, end in pairwise(ends)]
    solutions = list(map(tuple.__new__, repeat(Solution), zip(each, objective, bound, nodes, repeat(False))))
    if open_count == 0:
        return solutions
    is_exact = out[:, EXACT] == 1
    for index in np.flatnonzero(~is_exact).tolist():
        solutions[index] = solve_by_search(problems[index], nodes_max, is_cut)
    searched = np.flatnonzero(is_exact & (out[:, 0] > out[:, DIVIDED])).tolist()
    if searched:
        divide_lines(problems, solutions, searched, out[searched, DIVIDED], [sizes, *tariffs], nodes_max)
    return solutions


def solve_by_search(problem: Problem, nodes_max: int, is_cut: IsCut) -> Solution:
    """The best plan of whole lines by search; where lines may be divided, what of the budget is left goes to such plans."""
    assert problem.line_unit_micros is None, "the search knows one price per unit and column"
    if not suits_search(problem):
        return branch(problem, None, nodes_max)
    solution = search_whole_lines(problem, nodes_max, is_cut)
    if solution.objective_micros > solution.lower_bound_micros:
        solution = with_cheaper_services(problem, solution)
    if not_divisible(problem):
        return solution
    if solution.is_cut:
        return branch(problem, solution, 0, 0)
    bound = min(solution.lower_bound_micros, divided_plans_bound(problem, solution.objective_micros))
    if bound >= solution.objective_micros:
        return solution
    return branch(problem, solution, nodes_left(solution, nodes_max), bound)


def nodes_left(solution: Solution, nodes_max: int) -> int:
    """What is left of a budget; nothing where the clock has cut."""
    return 0 if solution.is_cut else max(0, nodes_max - solution.nodes)


def divide_lines(
    problems: Sequence[Problem], solutions: list[Solution], searched: list[int], divided_bounds: Ints,
    shared: list[Any], nodes_max: int,
) -> None:  # fmt: skip
    """Replace exact plans of whole lines by the best that may divide them, in one kernel call for all that are searched.

    Every plan that divides a line costs its `divided_bound` at the least. Where the nodes do not suffice, `branch` may
    still find a better one: it looks at fewer plans. shared: sizes of all the problems, and their tariffs.
    """
    steps_max = min(max(nodes_max * STEPS_PER_NODE_MAX, STEPS_MIN), STEPS_MAX)
    which = np.array(searched)
    split = shared[0][which, SPLIT]
    placements_max = PLACEMENTS_PER_LINE_MAX * int(shared[0][which, LINES].max()) ** 2
    placed = np.empty((3, len(searched) * placements_max), np.int64)
    out = np.empty((len(searched), DIVIDE_FIELDS), np.int64)
    incumbents = np.array([solutions[i].objective_micros for i in searched], np.int64) + split
    arguments = [which, incumbents, *shared, nodes_max, steps_max, placements_max, placed, out]
    divide_orders(*arguments)
    cost, proven, count, nodes = out.T
    ends = list(accumulate(count.tolist(), initial=0))
    placements = tuple(new_placements(zip(*placed[:, : ends[-1]].tolist(), strict=True)))
    bounds = np.minimum(np.maximum(proven - split, divided_bounds), cost - split)
    results = zip(searched, pairwise(ends), (cost - split).tolist(), bounds.tolist(), nodes.tolist(), strict=True)
    for i, (begin, end), objective, bound, more in results:
        whole = solutions[i]
        plan = placements[begin:end] if end > begin else whole.placements
        solution = Solution(plan, objective, bound, more + whole.nodes)
        solutions[i] = solution if bound == objective else branch(problems[i], solution, nodes_max, bound)


def branch(problem: Problem, whole: Solution | None, nodes_max: int, divided_bound: int = NEVER) -> Solution:
    """Branch and bound from the best plan of whole lines, when there is one, else from leaving everything short.

    Every plan but those ruled out with the plan of whole lines costs `divided_bound` at the least.
    """
    incumbent = whole or leave_all_short(problem)
    if problem.column_count == 0:
        return incumbent
    least_price = least_prices(problem)
    least, divided_extra = least_lines(problem)
    sequence, *tables = branching_tables(problem, least_price, least)
    placements_max = PLACEMENTS_PER_LINE_MAX * problem.line_count + PLACEMENTS_EXTRA_MAX
    out_line, out_column, out_quantity = np.empty((3, placements_max), np.int64)
    out = np.zeros(4, np.int64)
    arguments: list[Any] = [
        *tables, *problem.tariffs, problem.carrier_weight_ppm, problem.split_micros, problem.locations_max, nodes_max,
        incumbent.objective_micros + problem.split_micros, out_line, out_column, out_quantity, out,
    ]  # fmt: skip
    branch_lines(*arguments)
    cost, count, nodes, complete = out.tolist()
    objective = cost - problem.split_micros
    placements = incumbent.placements
    if count:
        placements = tuple(
            Placement(int(sequence[out_line[d]]), int(out_column[d]), int(out_quantity[d])) for d in range(count)
        )
    if complete and (not_divisible(problem) or vertices_suffice(problem)):
        bound = objective
    else:
        # Other plans of whole lines are known to cost as much as this one, or as the bound given.
        bound = max(root_bound(problem, least_price, least, divided_extra), divided_bound if whole else 0)
    is_cut = incumbent.is_cut and bound < objective
    found = Solution(placements, objective, min(objective, bound), nodes + incumbent.nodes, is_cut)
    # A search whose budget is spent may have left out what it never came to.
    return found if complete else filled_up(problem, found)


def leave_all_short(problem: Problem) -> Solution:
    """The plan without shipments; its bound is true where there is no column at all."""
    short = [int(micros) * int(q) for micros, q in zip(problem.short_micros, problem.quantity, strict=True)]
    assert sum(short) <= SHORT_ALL_MICROS_MAX, OUT_OF_RANGE
    placements = tuple(Placement(j, -1, q) for j, q in enumerate(problem.quantity.tolist()))
    return Solution(placements, sum(short), sum(short), 0)


def branching_tables(problem: Problem, least_price: Ints, least: Ints) -> tuple[Any, ...]:
    """Which line stands where, those with the fewest columns first; then the tables of `branch_lines` in that order."""
    p = problem
    allowed = usable(p)
    sequence, tied = branching_sequence(p, allowed.sum(axis=1))
    later = np.append(np.cumsum(least[sequence][:0:-1])[::-1], 0)
    of_lines = (p.quantity, p.item, p.grams, p.volume, p.short_micros, p.line_locations_max, least, least)
    # Contiguous whatever the number of lines: another layout would be compiled while a caller waits.
    lines = np.ascontiguousarray(np.stack(of_lines)[:, sequence])
    lines[LATER], lines[TIED] = later, tied
    row = p.price_row
    columns = np.stack((
        p.location, p.fixed, least_price, steady_rows(p)[row], p.capacity_kind, p.capacity_left, p.zone[row], p.divisor[row],
        p.package_grams_max[row],
    ))  # fmt: skip
    line_micros = np.where(allowed, p.line_micros, NEVER)
    key = p.fixed + np.minimum(line_micros, NEVER // 2) + least_price
    options = np.argsort(np.where(allowed, key, NEVER), axis=1, kind="stable")
    options = np.where(np.take_along_axis(allowed, options, axis=1), options, -1)
    unit_micros = np.tile(p.unit_micros, (p.line_count, 1))
    if p.line_unit_micros is not None:
        unit_micros += p.line_unit_micros
    return sequence, lines, columns, options[sequence], line_micros[sequence], unit_micros[sequence], p.available


def branching_sequence(problem: Problem, choices: Ints) -> tuple[Ints, Ints]:
    """Which line stands where, those with the fewest choices first and lines of a set together; where a set goes on (1)."""
    lines = np.arange(problem.line_count)
    sets = lines if problem.sets is None else problem.sets
    fewest = np.array([choices[sets == s].min() for s in sets], np.int64) if problem.sets is not None else choices
    sequence = np.lexsort((lines, sets, fewest))
    goes_on = np.append(False, sets[sequence][1:] == sets[sequence][:-1])
    return sequence, goes_on.astype(np.int64)


def usable(problem: Problem) -> NDArray[np.bool_]:
    """[n, c]: allowed columns, but for amounts beyond the range of what is added up (see `kernels.assign`)."""
    q = problem.quantity
    light: NDArray[np.bool_] = (problem.grams <= GRAMS_MAX // q) & (problem.volume <= GRAMS_MAX // q)
    cheap: NDArray[np.bool_] = (problem.line_micros <= MICROS_MAX) & (problem.unit_micros <= MICROS_MAX // q[:, None])
    if problem.line_unit_micros is not None:
        cheap &= problem.line_unit_micros <= MICROS_MAX // q[:, None]
    carried: NDArray[np.bool_] = problem.allowed & light[:, None] & cheap & (problem.fixed <= MICROS_MAX)
    return carried
