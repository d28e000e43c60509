"""The cheapest plan in which a location may ship at several moments, the slow way: every plan there is, one by one."""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.checker import shipment_cost, short_cost
from tests.naive.assignment import divisions

Loads = dict[int, dict[int, int]]
"""Column (−1: short) → line → units."""


def cheapest_departures(problem: Any, location: list[int], start: list[int], day: list[int]) -> int:
    """The least any plan costs. location, start, day [c]: of each column, in place of the problem's own locations."""
    costs = (plan_micros(problem, loads, location, start, day) for loads in every_plan(problem))
    return min(cost for cost in costs if cost is not None)


def every_plan(problem: Any) -> Iterator[Loads]:
    """Each way to divide each line."""
    lines = range(len(problem.quantity))
    for chosen in product(*(list(divisions(problem, line, divide=True)) for line in lines)):
        loads: Loads = {}
        for line, division in enumerate(chosen):
            for column, units in division:
                loads.setdefault(column, {})[line] = units
        yield loads


def plan_micros(problem: Any, loads: Loads, location: list[int], start: list[int], day: list[int]) -> int | None:
    """What a plan costs; None where it cannot be done."""
    used = [c for c in loads if c >= 0]
    if len({location[c] for c in used}) > problem.locations_max:
        return None
    # One shipment a location and moment.
    if len({(location[c], start[c]) for c in used}) < len(used):
        return None
    if not (lands_in_time(problem, loads, location, start) and has_room(problem, loads, location, day)):
        return None
    total = -int(problem.split_micros) if used else 0
    for column, load in loads.items():
        pairs = tuple(sorted(load.items()))
        cost = short_cost(problem, pairs) if column < 0 else shipment_cost(problem, column, pairs)
        if cost is None:
            return None
        total += cost
    return total


def lands_in_time(problem: Any, loads: Loads, location: list[int], start: list[int]) -> bool:
    """Whether all that leaves a location until some moment is there by then."""
    for c in (c for c in loads if c >= 0):
        taken: Counter[int] = Counter()
        for other, load in loads.items():
            if other >= 0 and location[other] == location[c] and start[other] <= start[c]:
                for line, units in load.items():
                    taken[int(problem.item[line])] += units
        if any(units > int(problem.available[item, c]) for item, units in taken.items()):
            return False
    return True


def has_room(problem: Any, loads: Loads, location: list[int], day: list[int]) -> bool:
    """Whether the shipments of a location on one day fit into what is left of it."""
    need: Counter[tuple[int, int]] = Counter()
    left: dict[tuple[int, int], int] = {}
    for c, load in loads.items():
        if c >= 0:
            key = location[c], day[c]
            need[key] += (1, len(load), sum(load.values()))[int(problem.capacity_kind[c])]
            left[key] = int(problem.capacity_left[c])
    return all(units <= left[key] for key, units in need.items())
