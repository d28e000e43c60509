"""Locations in runs, by a dictionary of those that are alike."""

from collections.abc import Callable, Hashable
from typing import NamedTuple

from tests.naive.tariffs import weigh

INT32_MAX = 2**31 - 1


class Costs(NamedTuple):
    """Weighted micros of a location: per shipment, per line, per unit; meters to the destination."""

    fixed: int
    pick: int
    unit: int
    meters: int


def shipment_fixed(costs: Costs, distance_ppm: int) -> int:
    return costs.fixed + weigh(costs.meters // 1000, distance_ppm)


def runs_of(order: list[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    """Those of one key together, in the order in which keys, and locations, first appear."""
    runs: dict[Hashable, list[int]] = {}
    for location in order:
        runs.setdefault(key(location), []).append(location)
    return list(runs.values())


def sizes_of(costs: list[Costs], distance_ppm: int) -> list[int]:
    """The most a shipment and a line or unit cost, and the least a line and a unit do; 2^62 where one is below zero."""
    fixed = max((shipment_fixed(each, distance_ppm) for each in costs), default=0)
    if any(min(each.fixed, each.pick, each.unit, distance_ppm) < 0 for each in costs):
        fixed = 2**62
    handling = max((max(each.pick, each.unit) for each in costs), default=0)
    least = [
        min((cost for cost in costs_of), default=2**62) for costs_of in zip(*((c.pick, c.unit) for c in costs), strict=True)
    ]
    return [max(fixed, 0), max(handling, 0), *least]
