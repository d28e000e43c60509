"""What columns answer to prices: a bound below every set of lines they might serve, and exact where that is said."""

import random
from fractions import Fraction

import numpy as np
import pytest

from engine.kernels.column_answers import (
    WEIGHT_MAX,
    WORTH_MAX,
    answer,
    answer_whole,
    cover_by_rate,
    list_worth,
    value_steps,
)
from engine.kernels.lagrange import cover_by_answer, shift_prices
from engine.kernels.long_order import DIVIDED, FIXED, FREE, LEFT_SHORT, PLAIN, ROW, SHORT, LongOrder
from engine.kernels.plans import PlanState
from engine.kernels.search_state import ALIVE, BY_LINE, BY_WHOLE_LINES, Search
from engine.kernels.staircase import SLOPES_MAX
from engine.optimizer.search_tables import empty_plan, empty_search
from tests.kernels.long_instances import bare_order, begun, drawn_long
from tests.naive.long_orders import column_answer, steps_answer

SEEDS = range(300)

Drawn = tuple[LongOrder, Search, PlanState, list[int], list[int]]


def drawn(seed: int) -> Drawn | None:
    """Tables of a drawn order, some of its lines decided, by drawn prices; the undecided columns, and prices, −1 decided.

    Every third order is of lines that weigh next to nothing, or nothing.
    """
    rng, problem = random.Random(seed), drawn_long(seed, 7, 4)
    if problem is None:
        return None
    t, s, plan, _ = begun(problem)
    if seed % 3 == 0:
        t.weight[:] = np.minimum(t.weight, np.array([rng.choice([0, 1, 1, 2, 4]) for _ in s.price]))
        for r in range(len(t.steps)):
            t.limit[r, : t.steps[r]] = np.minimum(t.limit[r, : t.steps[r]], 3 * np.arange(1, t.steps[r] + 1))
            t.limit[r, t.steps[r] - 1] = 10**6
        t.rise[:] = 0
    plan.column_of[[rng.random() < 0.2 for _ in s.price]] = LEFT_SHORT
    for j in range(len(s.price)):
        s.price[j] = rng.randint(0, int(t.lines[SHORT, j]))
    shift_prices(t, s, plan)
    prices = [int(p) if where == FREE else -1 for p, where in zip(s.price, plan.column_of, strict=True)]
    return t, s, plan, s.alive[: s.now[ALIVE]].tolist(), prices


def by_lines(t: LongOrder, s: Search, c: int, prices: list[int]) -> int:
    row = int(t.columns[ROW, c])
    lines = range(row * SLOPES_MAX, row * SLOPES_MAX + int(t.slopes[row]))
    rises = [[0 if price < 0 else int(up) for up, price in zip(t.rise[k], prices, strict=True)] for k in lines]
    return column_answer(int(t.columns[FIXED, c]), t.base[row, : len(lines)].tolist(), rises, s.cost[c].tolist(), prices)


def by_sets(t: LongOrder, s: Search, c: int, prices: list[int]) -> int:
    row = int(t.columns[ROW, c])
    steps = int(t.steps[row])
    return steps_answer(
        int(t.columns[FIXED, c]), t.limit[row, :steps].tolist(), t.step[row, :steps].tolist(), t.weight[row].tolist(),
        s.cost[c].tolist(), prices,
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_are_bounds_and_exact_where_they_pay(seed: int) -> None:
    made = drawn(seed)
    if made is None:
        return
    t, s, plan, columns, prices = made
    for c in columns:
        line, exact = by_lines(t, s, c, prices), by_sets(t, s, c, prices)
        answer(t, s, plan, c)
        assert int(s.below[c]) == line <= int(s.value[c]) <= exact
        relaxed, rate = value_steps(t, s, plan, c, list_worth(t, s, plan, c), 0)
        assert relaxed + int(t.columns[FIXED, c]) <= exact
        assert rate >= 0
        how = int(s.rate_at[c])
        if how == BY_WHOLE_LINES:
            assert s.value[c] == exact
        else:
            assert s.value[c] == (line if how == BY_LINE else relaxed + int(t.columns[FIXED, c]))
            # What pays is looked at closely, where weight makes a difference.
            assert s.value[c] in (exact, max(0, int(s.value[c]))) or t.rules[PLAIN] == 1 or t.steps[t.columns[ROW, c]] == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_in_part_are_never_answered_whole(seed: int) -> None:
    made = drawn(seed)
    if made is None:
        return
    t, s, plan, columns, _ = made
    t.rules[DIVIDED] = 1
    for c in columns:
        answer(t, s, plan, c)
        assert s.rate_at[c] != BY_WHOLE_LINES


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lines_of_an_answer_are_worth_it(seed: int) -> None:
    """Those covered are free and worth more than they cost; by whole lines, they are worth what the answer says."""
    made = drawn(seed)
    if made is None:
        return
    t, s, plan, columns, prices = made
    for c in columns:
        count = list_worth(t, s, plan, c)
        worth = {j: price - int(s.cost[c, j]) for j, price in enumerate(prices) if price > s.cost[c, j]}
        listed = s.answer[:count].tolist()
        assert sorted(listed) == sorted(worth)
        weight = t.weight[t.columns[ROW, c]].tolist()
        densities = [Fraction(worth[j], weight[j]) if weight[j] else 2**60 for j in listed]
        assert densities == sorted(densities, reverse=True)
        s.value[c], s.rate_at[c] = -(2**60), BY_LINE
        answer_whole(t, s, c, count)
        assert s.rate_at[c] == BY_WHOLE_LINES
        s.covered[:] = 0
        cover_by_answer(t, s, plan, c)
        chosen = np.flatnonzero(s.covered).tolist()
        assert set(chosen) <= set(worth)
        row, heavy = int(t.columns[ROW, c]), sum(weight[j] for j in chosen)
        step = next(int(t.step[row, i]) for i in range(int(t.steps[row])) if heavy <= t.limit[row, i])
        assert int(t.columns[FIXED, c]) + step - sum(worth[j] for j in chosen) == s.value[c] == by_sets(t, s, c, prices)
        s.covered[:] = 0
        cover_by_rate(t, s, plan, c, 3)
        assert s.covered.tolist() == [int(worth.get(j, 0) > 3 * weight[j]) for j in range(len(prices))]


def test_a_heavy_line_before_light_ones_is_no_bound() -> None:
    """Four lines of 8 a gram are worth more than one of 21 for four grams, which comes after them."""
    found = drawn_order_of([21, 8, 8, 8, 8], [4, 1, 1, 1, 1], room=4)
    assert found == -32


def drawn_order_of(worth: list[int], weight: list[int], room: int) -> int:
    """What a column without costs answers to lines of these worths, that may weigh so much together for nothing."""
    n = len(worth)
    t = bare_order(n, 1, n)
    s, plan = empty_search(t), empty_plan(t)
    s.cost[:] = 0
    t.weight[0], s.price[:], t.steps[0] = weight, worth, 2
    t.limit[0, :2], t.step[0, :2] = [room, 10**6], [0, 10**6]
    plan.column_of[:] = FREE
    s.value[0] = -(2**60)
    answer_whole(t, s, 0, list_worth(t, s, plan, 0))
    return int(s.value[0])


def test_lines_beyond_exact_order_are_not_searched() -> None:
    for worth, weight in (([WORTH_MAX + 1, 5], [2, 1]), ([5, 5], [WEIGHT_MAX + 1, 1])):
        assert drawn_order_of(worth, weight, room=1) == -(2**60)
