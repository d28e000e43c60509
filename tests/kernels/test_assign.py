"""Tables of many small orders against plain loops, and their plans against every plan of whole lines there is."""

import random

import numpy as np
import pytest

from engine.kernels.assign import (
    COLUMNS,
    GRAMS_MAX,
    LINES,
    LOCATIONS_MAX,
    MICROS_MAX,
    OUT_FIELDS,
    PLAIN,
    SIZE_FIELDS,
    all_suit,
    assign_orders,
    mask_columns,
    may_divide,
    share_items,
    weigh_lines,
)
from engine.kernels.partition import NEVER
from engine.kernels.subsets import SUBSET_LINES_MAX
from tests.checker import check_solution
from tests.naive.assignment import cheapest_micros
from tests.optimizer.problems import drawn_problem

HUGE = [0, 1, 5, 2**20, 2**31, 2**52, 2**56, 2**60]


@pytest.mark.parametrize("seed", range(200))
def test_what_columns_carry_and_what_it_costs(seed: int) -> None:
    """At the edges of what is added up: beyond them a line or a column goes nowhere."""
    rng = random.Random(seed)
    n, columns, items = rng.randint(1, 5), rng.randint(0, 6), rng.randint(1, 3)
    quantity = [rng.choice([1, 2, 9, 2**31 - 1]) for _ in range(n)]
    item = [rng.randrange(items) for _ in range(n)]
    grams, volume = [[rng.choice(HUGE) for _ in range(n)] for _ in range(2)]
    short = [rng.choice(HUGE) for _ in range(n)]
    weights, volumes, shorts = np.full((3, n), -7)
    arrays = [np.array(each, np.int64) for each in (quantity, grams, volume, short)]
    weigh_lines(*arrays, weights, volumes, shorts)
    assert weights.tolist() == [min(g * q, GRAMS_MAX + 1) for g, q in zip(grams, quantity, strict=True)]
    assert volumes.tolist() == [min(v * q, GRAMS_MAX + 1) for v, q in zip(volume, quantity, strict=True)]
    assert shorts.tolist() == [min(s * q, NEVER) for s, q in zip(short, quantity, strict=True)]

    allowed = [[rng.random() < 0.8 for _ in range(columns)] for _ in range(n)]
    stock = [[rng.choice([0, 1, 2, 9, 2**31 - 1]) for _ in range(columns)] for _ in range(items)]
    fixed, unit = [[rng.choice([0, 7, MICROS_MAX, MICROS_MAX + 1]) for _ in range(columns)] for _ in range(2)]
    unit = [min(u, rng.choice([1, MICROS_MAX // (2**31 - 1), MICROS_MAX // 2 + 1])) for u in unit]
    line = [[rng.choice([0, 3, MICROS_MAX, MICROS_MAX + 1]) for _ in range(columns)] for _ in range(n)]
    handling, mask = np.full((n, max(columns, 1)), -7), np.full(max(columns, 1), -7)
    flat = [np.array(each).reshape(-1) for each in (allowed, line, stock)]
    mask_columns(
        columns, np.array(quantity), np.array(item), flat[0].astype(np.bool_), np.array(fixed, np.int64),
        flat[1].astype(np.int64), np.array(unit, np.int64), flat[2].astype(np.int64), weights, volumes, handling, mask,
    )  # fmt: skip
    for c in range(columns):
        carried = [
            j
            for j, q in enumerate(quantity)
            if allowed[j][c] and stock[item[j]][c] >= q and grams[j] * q <= GRAMS_MAX and volume[j] * q <= GRAMS_MAX
            and max(fixed[c], line[j][c], unit[c] * q) <= MICROS_MAX
        ]  # fmt: skip
        assert mask[c] == sum(1 << j for j in carried)
        assert [handling[j, c] for j in carried] == [line[j][c] + unit[c] * quantity[j] for j in carried]


@pytest.mark.parametrize("seed", range(100))
def test_items_of_several_lines(seed: int) -> None:
    rng = random.Random(seed)
    n, columns, items = rng.randint(1, 5), rng.randint(0, 4), rng.randint(1, 4)
    quantity, item = [rng.randint(1, 2**31 - 1) for _ in range(n)], [rng.randrange(items) for _ in range(n)]
    stock = [[rng.randint(0, 2**33) for _ in range(columns)] for _ in range(items)]
    need, available = np.full((items, 1 << n), -7), np.full((items, max(1, columns)), -7)
    flat = np.array(stock, np.int64).reshape(-1)
    shared = share_items(items, columns, np.array(quantity), np.array(item), flat, np.empty(n, np.int64), need, available)
    several = [i for i in range(items) if item.count(i) > 1]
    assert shared == len(several)
    for k, i in enumerate(several):
        assert available[k, :columns].tolist() == stock[i]
        assert need[k].tolist() == [
            sum(quantity[j] for j in range(n) if s >> j & 1 and item[j] == i) for s in range(1 << n)
        ]  # fmt: skip


def test_lines_that_may_be_divided() -> None:
    for quantity in ([1], [2], [1, 1], [1, 2], [2, 2], []):
        for most in ([1] * len(quantity), [2] * len(quantity), list(range(1, len(quantity) + 1))):
            expected = any(q > 1 and m > 1 for q, m in zip(quantity, most, strict=True))
            assert may_divide(np.array(quantity, np.int64), np.array(most, np.int64)) == expected


def test_orders_for_the_program() -> None:
    good = {LINES: SUBSET_LINES_MAX, COLUMNS: 1, LOCATIONS_MAX: 1, PLAIN: 1}
    bad = {LINES: SUBSET_LINES_MAX + 1, COLUMNS: 0, LOCATIONS_MAX: 0, PLAIN: 0}
    sizes = np.zeros((3, SIZE_FIELDS), np.int64)
    for field, value in good.items():
        sizes[:, field] = value
    assert all_suit(sizes)
    assert all_suit(sizes[:0])
    for field, value in bad.items():
        for order in range(3):
            changed = sizes.copy()
            changed[order, field] = value
            assert not all_suit(changed)


@pytest.mark.parametrize("seed", range(60))
def test_plans_of_many_orders_in_one_call(seed: int) -> None:
    """Exact ones are the cheapest of all plans of whole lines, others a bound; none but its own order's tables counts."""
    rng = random.Random(seed)
    problems = [
        drawn_problem(rng.randint, lines_max=4, locations_max=4, quantity_max=3, divide=True)
        for _ in range(rng.randint(1, 5))
    ]  # fmt: skip
    problems = [p._replace(tariffs=problems[0].tariffs) for p in problems]
    problems = [
        p for p in problems if p.column_count > 0 and p.locations_max > 0 and (p.short_micros * p.quantity).sum() < 2**50
    ]
    if not problems:
        return
    sizes = np.stack([p.sizes for p in problems])
    placed, out = np.full((3, sum(p.line_count for p in problems)), -7), np.full((len(problems), OUT_FIELDS), -7)
    left_open = assign_orders(sizes, *problems[0].tariffs, placed, out)
    assert left_open == sum(row[4] != 1 or row[0] > row[5] for row in out.tolist())
    first = 0
    for problem, (objective, bound, _, _, exact, divided) in zip(problems, out.tolist(), strict=True):
        least = cheapest_micros(problem, divide=False)
        plan = placed[:, first : first + problem.line_count]
        first += problem.line_count
        assert objective == bound <= least
        if exact:
            check_solution(problem, Solved(list(zip(*plan.tolist(), strict=True)), objective, objective))
            assert objective == least
        may = ((problem.quantity > 1) & (problem.line_locations_max > 1)).any()
        assert may or divided == NEVER
        if may and problem.quantity.max() <= 3:
            apart = cheapest_divided(problem)
            assert apart is None or divided <= apart


class Solved:
    """A plan as the checker reads it."""

    def __init__(self, placements: list[tuple[int, int, int]], objective: int, bound: int) -> None:
        self.placements, self.objective_micros, self.lower_bound_micros = placements, objective, bound


def cheapest_divided(problem: object) -> int | None:
    """The cheapest plan that divides one line or more: line by line, that one divided."""
    found = []
    for line in range(problem.line_count):  # type: ignore[attr-defined]
        try:
            found.append(cheapest_micros(problem, may_be=lambda j, parts, line=line: j != line or len(parts) > 1))
        except AssertionError:
            continue
    return min(found, default=None)
