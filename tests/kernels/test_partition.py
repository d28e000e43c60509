"""The program over subsets with a limit on shipments, against every way to share the lines out."""

import random

import numpy as np
import pytest

from engine.kernels.partition import NEVER, TABLES_EACH, partition_within
from tests.naive.assignment import subsets_of


def every_plan(full: int, most: int, best: list[int], short: list[int]) -> list[tuple[int, int]]:
    """(cost, shipments) of each way to share out `full` with at most so many shipments."""
    if full == 0:
        return [(0, 0)]
    low = full & -full
    plans = [(cost + short[low.bit_length() - 1], count) for cost, count in every_plan(full & ~low, most, best, short)]
    if most > 0:
        for t in subsets_of(full):
            if t & low and best[t] < NEVER:
                plans += [(cost + best[t], count + 1) for cost, count in every_plan(full & ~t, most - 1, best, short)]
    return plans


@pytest.mark.parametrize("seed", range(200))
def test_the_least_plan_within_the_limit(seed: int) -> None:
    """Cost first, then the fewest shipments; a plan without any is charged the split penalty; choices lead to the cost."""
    rng = random.Random(seed)
    n, split = rng.randint(1, 4), rng.randint(0, 4)
    most = rng.randint(1, n)
    best = [0] + [NEVER if rng.randint(0, 3) == 0 else rng.randint(0, 12) for _ in range((1 << n) - 1)]
    short = [rng.randint(0, 9) for _ in range(n)]
    tables = np.zeros((TABLES_EACH * (most + 1), 1 << n), np.int64)
    value, count, choice = np.zeros((3, 1 << n), np.int64)
    partition_within(n, most, split, np.array(best), np.array(short), tables, value, count, choice)
    full = (1 << n) - 1
    plans = [(cost + (split if shipments == 0 else 0), shipments) for cost, shipments in every_plan(full, most, best, short)]
    assert (value[full], count[full]) == min(plans)
    rest, cost, shipments = full, 0, 0
    while rest:
        taken = int(choice[rest])
        if taken < 0:
            cost += short[(rest & -rest).bit_length() - 1]
            rest &= rest - 1
        else:
            cost, shipments, rest = cost + best[taken], shipments + 1, rest ^ taken
    assert (cost + (split if shipments == 0 else 0), shipments) == min(plans)
