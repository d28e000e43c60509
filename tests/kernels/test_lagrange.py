"""Lagrangian bounds by their definitions, and against every plan that the choices made so far leave."""

import random
from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest

from engine.kernels.column_answers import critical_rate, reward, sort_by_density, value_column, value_open
from engine.kernels.lagrange import ascend, bound_now, drop_columns, insert_column, shift_prices, take_answers
from engine.kernels.long_order import FIXED, FREE, LEFT_SHORT, LOCATIONS_MAX, PLAIN, ROW, SHORT, LongOrder
from engine.kernels.partition import NEVER
from engine.kernels.plans import PlanState, fits, joining_cost
from engine.kernels.search import FRAME_FIELDS, advance
from engine.kernels.search_state import ALIVE, BEST, CREDIT, GOAL, LEAST, MOST, SUNK, Search, copy_values, remove
from engine.kernels.staircase import SLOPES_MAX
from engine.optimizer.problem import Problem
from tests.checker import carrier_micros
from tests.kernels.long_instances import begun, drawn_long
from tests.naive.long_orders import cheapest_answers, column_answer
from tests.naive.plans import cost_of

SEEDS = range(150)


def columns_of(s: Search) -> list[int]:
    return s.alive[: s.now[ALIVE]].tolist()


def drawn_prices(rng: random.Random, t: LongOrder, s: Search) -> None:
    for j in range(len(s.price)):
        s.price[j] = rng.randint(0, int(t.lines[SHORT, j]))


@pytest.mark.parametrize("seed", SEEDS)
def test_columns_leave_and_come_back(seed: int) -> None:
    rng, problem = random.Random(seed), drawn_long(seed)
    if problem is None:
        return
    _, s, _, _ = begun(problem)
    size, all_columns, left = int(s.now[ALIVE]), s.alive.tolist(), set(columns_of(s))
    sizes = [(size, set(left))]
    for c in rng.sample(sorted(left), rng.randint(0, size)):
        remove(s, c)
        left.discard(c)
        sizes.append((int(s.now[ALIVE]), set(left)))
        assert set(columns_of(s)) == left
        assert len(columns_of(s)) == len(left)
        assert s.rank[s.alive].tolist() == list(range(problem.column_count))
    assert sorted(s.alive.tolist()) == sorted(all_columns)
    for size, left in reversed(sizes):
        s.now[ALIVE] = size
        assert set(columns_of(s)) == left


def test_values_are_copied() -> None:
    source, target = np.arange(5), np.full(7, -1)
    copy_values(source, target)
    assert target.tolist() == [0, 1, 2, 3, 4, -1, -1]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_column_answers(seed: int) -> None:
    """From whatever slope the climb begins; prices of decided lines count for nothing."""
    rng, problem = random.Random(seed), drawn_long(seed)
    if problem is None:
        return
    t, s, plan, _ = begun(problem)
    drawn_prices(rng, t, s)
    decided = [rng.random() < 0.3 for _ in s.price]
    plan.column_of[decided] = LEFT_SHORT
    assert shift_prices(t, s, plan) == sum(int(p) for p, gone in zip(s.price, decided, strict=True) if not gone)
    prices = [-1 if gone else int(p) for p, gone in zip(s.price, decided, strict=True)]
    for c in columns_of(s):
        row = int(t.columns[ROW, c])
        lines = range(row * SLOPES_MAX, row * SLOPES_MAX + int(t.slopes[row]))
        rises = [[0 if gone else int(t.rise[k, j]) for j, gone in enumerate(decided)] for k in lines]
        for k, rise in zip(lines, rises, strict=True):
            gains = [p - cost - up for p, cost, up in zip(prices, s.cost[c].tolist(), rise, strict=True)]
            assert reward(s, k, c) == sum(max(0, gain) for gain in gains)
        s.slope_at[c] = rng.randrange(len(lines))
        base = t.base[row, : len(lines)].tolist()
        assert value_column(t, s, c) == column_answer(int(t.columns[FIXED, c]), base, rises, s.cost[c].tolist(), prices)


@pytest.mark.parametrize("seed", range(400))
def test_answers_taken_are_the_cheapest(seed: int) -> None:
    """One a location, as few and as many as may ship besides those that already do."""
    rng, problem = random.Random(seed), drawn_long(seed, 3, 6)
    if problem is None:
        return
    t, s, _, _ = begun(problem)
    columns = columns_of(s)
    spread = rng.choice([1, 5, 2**40])
    for c in columns:
        s.value[c] = rng.randint(-spread, spread)
    opened = rng.randint(0, 2)
    s.now[LEAST] = opened + rng.randint(-opened, 3)
    s.now[MOST] = max(s.now[LEAST], opened) + rng.randint(0, 2)
    least, most = int(s.now[LEAST]) - opened, int(s.now[MOST]) - opened
    answers = [(int(t.columns[0, c]), int(s.value[c])) for c in columns]
    expected = cheapest_answers(answers, max(least, 0), most)
    total, count = take_answers(t, s, opened)
    if expected is None:
        assert (total, count) == (NEVER, 0)
        return
    picked = s.picked[:count].tolist()
    assert total == expected == sum(int(s.value[c]) for c in picked)
    assert max(least, 0) <= count <= most
    assert len({int(t.columns[0, c]) for c in picked}) == count
    assert sorted(picked) == [c for c in sorted(columns) if s.taken[c]]
    # One more that ships instead of another answers for it at the most what the dearest does.
    dearest = max((int(s.value[c]) for c in picked), default=0)
    bound = count == most or (count == least and dearest > 0)
    assert s.now[CREDIT] == (dearest if count and bound else 0)
    for c in set(columns) - set(picked):
        forced = cheapest_forced(answers, (int(t.columns[0, c]), int(s.value[c])), max(least, 0), most)
        instead = next((int(s.value[d]) for d in picked if t.columns[0, d] == t.columns[0, c]), int(s.now[CREDIT]))
        assert forced is None or total + max(0, int(s.value[c]) - instead) <= forced


def cheapest_forced(answers: list[tuple[int, int]], one: tuple[int, int], least: int, most: int) -> int | None:
    """The cheapest choice that holds one of them."""
    rest = [each for each in answers if each[0] != one[0]]
    found = cheapest_answers(rest, max(0, least - 1), most - 1) if most > 0 else None
    return None if found is None else found + one[1]


@pytest.mark.parametrize("seed", range(100))
def test_the_columns_that_answer_least(seed: int) -> None:
    rng, problem = random.Random(seed), drawn_long(seed, 3, 8)
    if problem is None:
        return
    _, s, _, _ = begun(problem)
    columns = rng.sample(range(problem.column_count), problem.column_count)
    most = rng.randint(1, problem.column_count)
    count = 0
    for k, c in enumerate(columns):
        s.value[c] = rng.randint(0, 3)
        count = insert_column(s, c, count, most)
        expected = sorted(columns[: k + 1], key=lambda d: (s.value[d], d))[:most]
        assert s.ranked[:count].tolist() == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_still_free_in_an_open_column(seed: int) -> None:
    """No set of free lines that joins it costs less, handling and carrier, than what it asks and their prices."""
    made = decided(seed)
    if made is None:
        return
    rng, problem, t, s, plan = made
    drawn_prices(rng, t, s)
    shift_prices(t, s, plan)
    free = [j for j in range(problem.line_count) if plan.column_of[j] == FREE]
    for c in s.opened[: plan.used[0]].tolist():
        s.covered[:] = 0
        value = value_open(t, s, plan, c)
        carried = [j for j in range(problem.line_count) if plan.column_of[j] == c]
        able = [j for j in free if s.cost[c, j] < NEVER]
        for count in range(len(able) + 1):
            for lines in combinations(able, count):
                load = tuple((j, int(problem.quantity[j])) for j in sorted((*carried, *lines)))
                carrier = carrier_micros(problem, int(problem.price_row[c]), load)
                if carrier is None:
                    continue
                # Plain prices are sunk with what opened the column.
                carrier = 0 if t.rules[PLAIN] == 1 else carrier
                assert value <= carrier + sum(int(t.handling[c, j]) - int(s.price[j]) for j in lines)


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_by_worth_and_the_first_that_does_not_fit(seed: int) -> None:
    rng, problem = random.Random(seed), drawn_long(seed)
    if problem is None:
        return
    t, s, _, _ = begun(problem)
    row, c = int(t.columns[ROW, 0]), 0
    n = problem.line_count
    t.weight[row] = [rng.choice([0, 1, 3, 10]) for _ in range(n)]
    s.cost[c] = [rng.randint(0, 9) for _ in range(n)]
    s.price[:] = s.cost[c] + [rng.randint(1, 30) for _ in range(n)]
    lines = rng.sample(range(n), rng.randint(0, n))
    s.answer[: len(lines)] = lines
    sort_by_density(t, s, row, c, len(lines))

    def worth(j: int) -> int:
        return int(s.price[j] - s.cost[c, j])

    expected = sorted(lines, key=lambda j: -worth(j) / float(t.weight[row, j]) if t.weight[row, j] else -(2.0**60))
    assert s.answer[: len(lines)].tolist() == expected
    for room in (-1, 0, 3, 12, 100):
        filled, rate = 0, 0
        for j in expected:
            filled += int(t.weight[row, j])
            if filled > room:
                rate = worth(j) // max(int(t.weight[row, j]), 1)
                break
        assert critical_rate(t, s, row, c, len(lines), room) == rate


def decided(seed: int) -> tuple[random.Random, Problem, LongOrder, Search, PlanState] | None:
    """A search in which some lines are decided, one after the other as the search does it."""
    problem = drawn_long(seed, 4, 3)
    if problem is None:
        return None
    rng = random.Random(seed)
    t, s, plan, _ = begun(problem)
    n = problem.line_count
    s.now[LEAST] = rng.randint(1, 2)
    s.now[MOST] = max(int(s.now[LEAST]), min(int(t.rules[LOCATIONS_MAX]), rng.randint(1, 3)))
    frames = np.zeros((FRAME_FIELDS, n + 1), np.int64)
    for depth, j in enumerate(rng.sample(range(n), rng.randint(0, n - 1))):
        may = [
            c
            for c in (*columns_of(s), *s.opened[: plan.used[0]].tolist())
            if s.cost[c, j] < NEVER and fits(t, plan, j, c) and joining_cost(t, plan, j, c) < NEVER
        ]
        is_open = [c for c in may if c in s.opened[: plan.used[0]]]
        if t.rules[PLAIN] == 1:
            # There a line comes from the cheapest column in use.
            may = [c for c in may if c not in is_open] + [
                c for c in is_open if t.handling[c, j] == t.handling[is_open, j].min()
            ][:1]
        short = [] if t.rules[PLAIN] == 1 and any(t.handling[c, j] < t.lines[SHORT, j] for c in is_open) else [LEFT_SHORT]
        choices = short + (may if plan.used[0] < s.now[MOST] else [c for c in may if c in is_open])
        if not choices:
            break
        advance(t, s, plan, frames, depth, j, rng.choice(choices))
    return rng, problem, t, s, plan


def completions(problem: Problem, t: LongOrder, s: Search, plan: PlanState) -> list[tuple[list[int], int]]:
    """Every plan that goes on from what is decided, from open and undecided columns, and its cost."""
    columns = {*columns_of(s), *s.opened[: plan.used[0]].tolist()}
    choices = [
        [int(at)] if at != FREE else [LEFT_SHORT, *(c for c in columns if t.handling[c, j] < NEVER)]
        for j, at in enumerate(plan.column_of)
    ]  # fmt: skip
    found = []
    for where in product(*choices):
        used = set(where) - {LEFT_SHORT}
        cost = cost_of(problem, list(where))
        if cost is not None and s.now[LEAST] <= len(used) <= s.now[MOST]:
            found.append((list(where), cost))
    return found


def test_no_plan_from_here_on_costs_less_than_the_bound() -> None:
    """At any prices, after any rounds of ascent; and what is dropped on the way is in no plan that is cheap enough."""
    seen: Counter[str] = Counter()
    for seed in range(400):
        made = decided(seed)
        if made is None:
            continue
        rng, problem, t, s, plan = made
        assert s.now[SUNK] == sunk_cost(problem, t, plan), seed
        plans = completions(problem, t, s, plan)
        cheapest = min((cost for _, cost in plans), default=NEVER)
        s.now[GOAL] = s.now[BEST] = rng.choice([NEVER, cheapest, cheapest + 1, max(1, cheapest // 2)])
        drawn_prices(rng, t, s)
        bound, count = bound_now(t, s, plan)
        assert bound <= cheapest, seed
        seen["bounds"] += 1
        if bound >= NEVER:
            seen["never"] += 1
            continue
        assert count <= s.now[MOST] - plan.used[0]
        before = columns_of(s)
        drop_columns(t, s, bound)
        for c in set(before) - set(columns_of(s)):
            assert min((cost for where, cost in plans if c in where), default=NEVER) >= s.now[GOAL], (seed, c)
            seen["dropped"] += 1
        for c in columns_of(s):
            assert bound + s.extra[c] <= min((cost for where, cost in plans if c in where), default=NEVER), (seed, c)
        bound, _ = ascend(t, s, plan, rng.choice([0, 3, 30]))
        assert min(bound, int(s.now[GOAL])) <= cheapest, seed
        seen["proven"] += bound >= s.now[GOAL]
        seen["tight"] += bound == cheapest
    assert min(seen["dropped"], seen["proven"], seen["tight"], seen["never"]) > 5, seen


def sunk_cost(problem: Problem, t: LongOrder, plan: PlanState) -> int:
    """What is decided, without carriers; but for those whose price knows no weight."""
    where = plan.column_of.tolist()
    used = set(where) - {FREE, LEFT_SHORT}
    cost = sum(int(t.handling[c, j]) if c >= 0 else int(t.lines[SHORT, j]) for j, c in enumerate(where) if c != FREE)
    carriers = [carrier_micros(problem, int(problem.price_row[c]), ()) or 0 for c in used]
    return cost + sum(int(problem.fixed[c]) for c in used) + (sum(carriers) if t.rules[PLAIN] == 1 else 0)
