"""What every plan of a problem costs at the least, and where branch and bound has seen all that could be best."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.bounds import least_row_prices, line_bounds
from engine.kernels.partition import NEVER
from engine.optimizer.problem import Ints, Problem


def least_prices(problem: Problem) -> Ints:
    """[c]: the least a carrier charges on the column, whatever the weight."""
    rows = np.empty(len(problem.zone), np.int64)
    least_row_prices(problem.zone, problem.carrier_weight_ppm, problem.tariffs.start, problem.tariffs.price_micros, rows)
    by_column: Ints = rows[problem.price_row]
    return by_column


def least_lines(problem: Problem) -> tuple[Ints, Ints]:
    """[n]: the least each line costs; and what it costs above that when a part ships and a part is short."""
    least, divided_extra = np.empty((2, problem.line_count), np.int64)
    line_bounds(
        problem.quantity, problem.short_micros, problem.line_locations_max, problem.allowed, problem.line_micros,
        problem.unit_micros, least, divided_extra,
    )  # fmt: skip
    return least, divided_extra


def steady_rows(problem: Problem) -> NDArray[np.bool_]:
    """[r]: whether the carrier never charges less for more weight, as a weight break with a lower price per kg may."""
    tariffs = problem.tariffs
    steady = np.ones(len(problem.zone), np.bool_)
    for row, zone in enumerate(problem.zone.tolist()):
        if zone < 0:
            continue
        breaks = slice(int(tariffs.start[zone]), int(tariffs.start[zone + 1]))
        limits, prices = tariffs.max_grams[breaks].tolist(), tariffs.price_micros[breaks].tolist()
        per_kg = tariffs.per_kg_micros[breaks].tolist()
        for b in range(len(limits) - 1):
            heaviest = prices[b] - (-per_kg[b] * limits[b] // 1000)
            steady[row] &= heaviest <= prices[b + 1] - (-per_kg[b + 1] * (limits[b] + 1) // 1000)
    return steady


def root_bound(problem: Problem, least_price: Ints, least: Ints, divided_extra: Ints) -> int:
    """Every plan leaves all short, or ships all from as many locations as that takes, or leaves some of a line short.

    A line needs as many locations as its largest stocks take to add up.
    """
    quantity = problem.quantity
    needed = 1
    for j in range(problem.line_count):
        stocks = np.sort(per_location(problem, np.where(problem.allowed[j], -problem.available[problem.item[j]], 0)))
        needed = max(needed, int(np.searchsorted(np.cumsum(-stocks), quantity[j])) + 1)
    short = problem.short_micros * quantity
    some_short = int(np.minimum(short - least, divided_extra).min())
    return min(
        int(short.sum()),
        shipments_bound(problem, least_price, least, needed),
        shipments_bound(problem, least_price, least, 1) + some_short,
    )


def shipments_bound(problem: Problem, least_price: Ints, least: Ints, count: int) -> int:
    """The lines' least and the `count` locations that are cheapest to ship from; NEVER when there are not so many."""
    opening = np.sort(per_location(problem, problem.fixed + least_price, NEVER))[:count]
    if len(opening) < count or opening[-1] >= NEVER:
        return NEVER
    return int(least.sum()) + int(opening.sum()) - problem.split_micros


def per_location(problem: Problem, values: Ints, nothing: int = 0) -> Ints:
    """[locations]: the least of the values of each location's columns."""
    lowest = np.full(int(problem.location.max(initial=-1)) + 1, nothing, np.int64)
    np.minimum.at(lowest, problem.location, values)
    return lowest


def not_divisible(problem: Problem) -> bool:
    """Whether no line can be divided, so that branch and bound looks at every plan."""
    return bool(((problem.line_locations_max <= 1) | (problem.quantity <= 1)).all())


def vertices_suffice(problem: Problem) -> bool:
    """Whether some optimum takes all or the rest everywhere: no shared limits, and one price for any weight up to the full."""
    if len(np.unique(problem.item)) < problem.line_count:
        return False
    need = np.array([1, problem.line_count, problem.quantity.sum()])[problem.capacity_kind]
    if (need > problem.capacity_left).any():
        return False
    return all(one_price(problem, int(row)) for row in np.unique(problem.price_row))


def one_price(problem: Problem, row: int) -> bool:
    """Whether a price row charges the same for a gram as for the whole order in one package."""
    zone, divisor = int(problem.zone[row]), int(problem.divisor[row])
    if zone < 0:
        return True
    billable = int((problem.quantity * problem.grams).sum())
    if divisor:
        billable = max(billable, -(-int((problem.quantity * problem.volume).sum()) // divisor))
    breaks = slice(int(problem.tariffs.start[zone]), int(problem.tariffs.start[zone + 1]))
    below = int(np.searchsorted(problem.tariffs.max_grams[breaks], billable))
    prices = problem.tariffs.price_micros[breaks]
    if below == len(prices) or billable > problem.package_grams_max[row]:
        return False
    per_kg = problem.tariffs.per_kg_micros[breaks][: below + 1]
    return bool((prices[: below + 1] == prices[0]).all() and not per_kg.any())
