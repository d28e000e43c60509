"""One order as a mixed-integer program for HiGHS: assignment, weight-break and short variables, built column-wise."""

from typing import NamedTuple

from benchmarks.instances import CENT_MICROS
from engine.optimizer.problem import Problem


class Levels(NamedTuple):
    """Weight and price of every step of one price row up to what the whole order weighs."""

    grams: list[int]
    cents: list[float]


def weight_levels(problem: Problem, row: int, total_grams: int) -> Levels:
    """Full packages and one with the rest, as one staircase."""
    tariffs, zone, most = problem.tariffs, int(problem.zone[row]), int(problem.package_grams_max[row])
    steps = range(int(tariffs.start[zone]), int(tariffs.start[zone + 1]))
    breaks = [(int(tariffs.max_grams[b]), int(tariffs.price_micros[b]) / CENT_MICROS) for b in steps]
    grams: list[int] = []
    cents: list[float] = []
    packages = 0
    while not grams or grams[-1] < total_grams:
        for limit, price in breaks:
            grams.append(packages * most + limit)
            cents.append(packages * breaks[-1][1] + price)
            if grams[-1] >= total_grams:
                break
        packages += 1
    return Levels(grams, cents)
