"""The cheapest plan of one order, the slow way: every line on every column in every quantity, all of them priced."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from tests.checker import Load, shipment_cost, short_cost

Division = tuple[tuple[int, int], ...]
"""(column, units) of one line; column −1 is short."""


def any_division(line: int, division: Division) -> bool:
    """No rule."""
    return True


def cheapest_micros(
    problem: Any, *, divide: bool = True, may_be: Callable[[int, Division], bool] = any_division
) -> int:  # fmt: skip
    """The least any plan costs; `divide` False: only plans in which each line comes whole from one location or is short.

    may_be: whether a line may be divided so.
    """
    n = len(problem.quantity)

    @cache
    def cost(column: int, load: Load) -> int | None:
        return short_cost(problem, load) if column < 0 else shipment_cost(problem, column, load)

    def plans(line: int, loads: dict[int, Load]) -> Iterator[dict[int, Load]]:
        if line == n:
            yield loads
            return
        for division in divisions(problem, line, divide):
            if not may_be(line, division):
                continue
            merged = dict(loads)
            for column, quantity in division:
                merged[column] = (*merged.get(column, ()), (line, quantity))
            if keeps_limits(problem, merged):
                yield from plans(line + 1, merged)

    least: int | None = None
    for loads in plans(0, {}):
        costs = [cost(column, load) for column, load in loads.items()]
        if None in costs:
            continue
        total = sum(micros for micros in costs if micros is not None)
        if any(column >= 0 for column in loads):
            total -= int(problem.split_micros)
        least = total if least is None else min(least, total)
    assert least is not None, "everything can be left short"
    return least


def divisions(problem: Any, line: int, divide: bool) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every way to spread one line's units over columns; column −1 is short. A line for one location goes whole."""
    quantity, most = int(problem.quantity[line]), int(problem.line_locations_max[line])
    columns = [c for c in range(len(problem.location)) if problem.allowed[line, c]]
    if not divide or most <= 1:
        yield from ((((c, quantity)),) for c in [-1, *columns])
        return
    yield from spread(quantity, columns, most)


def spread(quantity: int, columns: list[int], most: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Whole numbers on at most `most` of the columns, what is left on column −1."""
    if quantity == 0:
        yield ()
        return
    yield ((-1, quantity),)
    if most == 0:
        return
    for index, column in enumerate(columns):
        for units in range(1, quantity + 1):
            for rest in spread(quantity - units, columns[index + 1 :], most - 1):
                yield ((column, units), *rest)


def keeps_limits(problem: Any, loads: dict[int, Load]) -> bool:
    """Whether each location ships once and there are not too many."""
    used = [int(problem.location[column]) for column in loads if column >= 0]
    return len(used) == len(set(used)) <= problem.locations_max and keeps_sets(problem, loads)


def keeps_sets(problem: Any, loads: dict[int, Load]) -> bool:
    """Whether the lines of each set that have been placed stand on one column, each of them whole."""
    column_of: dict[int, int] = {}
    for column, load in loads.items():
        for line, _ in load:
            number = line if problem.sets is None else int(problem.sets[line])
            alone = problem.sets is None or problem.sets.tolist().count(number) == 1
            if not alone and column_of.setdefault(number, column) != column:
                return False
    return True


def subsets_of(full: int) -> list[int]:
    """Every subset of a bit mask, itself and nothing included."""
    return [s for s in range(full + 1) if s & ~full == 0]


def cheapest_partition(full: int, best: list[int], short: list[int], once: list[list[int]]) -> tuple[int, int]:
    """(least cost, fewest shipments) to share the lines of `full` out: some short, some in shipments T of best[T], as many
    as there are, and at most one shipment T of each table in `once`."""
    if once:
        plans = []
        for t in subsets_of(full):
            cost, count = cheapest_partition(full & ~t, best, short, once[1:])
            plans.append((cost + once[0][t], count + 1) if t else (cost, count))
        return min(plans)
    if full == 0:
        return 0, 0
    low = full & -full
    cost, count = cheapest_partition(full & ~low, best, short, [])
    plans = [(cost + short[low.bit_length() - 1], count)]
    for t in subsets_of(full):
        if t & low:
            cost, count = cheapest_partition(full & ~t, best, short, [])
            plans.append((cost + best[t], count + 1))
    return min(plans)


def cheapest_charged(full: int, split: int, best: list[int], short: list[int]) -> tuple[int, int]:
    """As `cheapest_partition`, but a plan without a shipment is charged `split`."""
    all_short = (sum(s for j, s in enumerate(short) if full >> j & 1) + split, 0)
    shipping = []
    for t in subsets_of(full)[1:]:
        cost, count = cheapest_partition(full & ~t, best, short, [])
        shipping.append((cost + best[t], count + 1))
    return min([all_short, *shipping])
