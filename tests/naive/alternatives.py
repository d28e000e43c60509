"""What the best plan costs that uses a location, or does not: every plan of whole lines of a problem, priced."""

from itertools import product
from typing import Any

from tests.checker import shipment_cost, short_cost
from tests.naive.assignment import divisions, keeps_limits


def cheapest_by_use(problem: Any, divide: bool = False) -> list[tuple[frozenset[int], int]]:
    """(locations used, the least micros) of every set of locations that some plan uses."""
    least: dict[frozenset[int], int] = {}
    choices = [list(divisions(problem, line, divide)) for line in range(len(problem.quantity))]
    for division in product(*choices):
        loads: dict[int, tuple[tuple[int, int], ...]] = {}
        for line, parts in enumerate(division):
            for column, quantity in parts:
                loads[column] = (*loads.get(column, ()), (line, quantity))
        if not keeps_limits(problem, loads):
            continue
        costs = [short_cost(problem, load) if c < 0 else shipment_cost(problem, c, load) for c, load in loads.items()]
        if None in costs:
            continue
        used = frozenset(int(problem.location[c]) for c in loads if c >= 0)
        total = sum(cost for cost in costs if cost is not None) - (int(problem.split_micros) if used else 0)
        least[used] = min(total, least.get(used, total))
    return list(least.items())


def cheapest_with(plans: list[tuple[frozenset[int], int]], location: int) -> int | None:
    """The least of the plans that use a location."""
    return min((micros for used, micros in plans if location in used), default=None)


def cheapest_without(plans: list[tuple[frozenset[int], int]], location: int) -> int:
    """The least of the plans that do not."""
    return min(micros for used, micros in plans if location not in used)
