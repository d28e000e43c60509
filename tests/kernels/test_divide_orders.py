"""Plans that may divide lines against every plan there is; tables of lines and digits against loops."""

import random
from collections import Counter

import numpy as np
import pytest

from engine.kernels.assign import GRAMS_MAX, MICROS_MAX
from engine.kernels.divide import (
    DIVIDE_FIELDS,
    divide_orders,
    fill_digits,
    fill_lines,
    fill_usable,
    lower_unsteady,
    number_shared,
)
from engine.kernels.portions import DIGIT_MAX, GRAMS, ITEM, LINE_FIELDS, MOST, QUANTITY, SHARED, SHORT, VOLUME
from engine.optimizer.problem import Placement, Problem
from tests.checker import plan_micros
from tests.kernels.test_layers import drawn_lines
from tests.kernels.test_staircase import arrays, drawn_breaks, price_of
from tests.naive.assignment import cheapest_micros
from tests.naive.portions import EXACT
from tests.naive.tariffs import weigh
from tests.optimizer.problems import drawn_problem

PLACEMENTS_MAX = 200


def divided(problems: list[Problem], which: list[int], incumbents: list[int], nodes_max: int, steps_max: int) -> list:
    """(cost, bound, plan, nodes) of the orders asked for, costs with the split penalty."""
    placed, out = np.full((3, PLACEMENTS_MAX * len(which)), -7), np.full((len(which), DIVIDE_FIELDS), -7)
    divide_orders(
        np.array(which), np.array(incumbents), np.stack([p.sizes for p in problems]), *problems[0].tariffs, nodes_max,
        steps_max, PLACEMENTS_MAX, placed, out,
    )  # fmt: skip
    first, found = 0, []
    for cost, bound, count, nodes in out.tolist():
        plan = [Placement(*row) for row in placed[:, first : first + count].T.tolist()]
        found.append((cost, bound, plan, nodes))
        first += count
    return found


def test_the_cheapest_of_every_plan() -> None:
    """Proven where the search ends; a bound that holds where nodes or digits do not suffice; orders of a call keep apart."""
    seen: Counter[str] = Counter()
    for seed in range(120):
        rng = random.Random(seed)
        problems = [
            drawn_problem(rng.randint, lines_max=3, locations_max=3, quantity_max=3, divide=True, huge=False) for _ in range(3)
        ]
        problems = [p._replace(tariffs=problems[0].tariffs) for p in problems]
        problems = [p for p in problems if p.column_count > 0 and p.locations_max > 0]
        if not problems:
            continue
        which = sorted(rng.sample(range(len(problems)), rng.randint(1, len(problems))))
        short = [int((problems[o].short_micros * problems[o].quantity).sum() + problems[o].split_micros) for o in which]
        for nodes_max, steps_max in ((200_000, 2**16), (200_000, 1), (rng.randint(0, 40), 40)):
            # Nothing shipped is known; or a plan as dear as the optimum, than which nothing is cheaper.
            for more in (1, 0):
                results = divided(problems, which, [micros + more for micros in short], nodes_max, steps_max)
                for o, known, (cost, bound, plan, nodes) in zip(which, short, results, strict=True):
                    problem = problems[o]
                    split, least = problem.split_micros, cheapest_micros(problem)
                    assert bound <= max(least + split, 0), seed
                    assert nodes >= 0
                    if plan:
                        assert cost == plan_micros(problem, plan) + split, seed
                        assert cost < known + more
                    else:
                        assert cost == known + more
                    if bound == cost:
                        # No cheaper plan: the one found, or the one known.
                        assert cost == least + split or (not plan and least + split >= cost), seed
                        seen["proven"] += 1
                    else:
                        assert bound < cost
                        assert nodes_max < 200_000, seed
                        seen["open"] += 1
    assert min(seen["proven"] // 5, seen["open"]) > 5, seen


@pytest.mark.parametrize("seed", range(150))
def test_which_columns_are_of_use(seed: int) -> None:
    rng = random.Random(seed)
    n, columns = rng.randint(1, 3), rng.randint(1, 4)
    quantity = [rng.choice([1, 4, 2**31 - 1]) for _ in range(n)]
    grams, volume = [[rng.choice([0, 2, 2**21, GRAMS_MAX, GRAMS_MAX + 1]) for _ in range(n)] for _ in range(2)]
    allowed = [[rng.random() < 0.8 for _ in range(columns)] for _ in range(n)]
    fixed, unit = [[rng.choice([0, 2**25, MICROS_MAX, MICROS_MAX + 1]) for _ in range(columns)] for _ in range(2)]
    line = [[rng.choice([0, MICROS_MAX, MICROS_MAX + 1]) for _ in range(columns)] for _ in range(n)]
    item, short, most = [rng.randrange(3) for _ in range(n)], [rng.randint(0, 9) for _ in range(n)], [1] * n
    usable, lines = np.full((n, columns), -7), np.full((LINE_FIELDS, n), -7)
    q, g, v = (np.array(each) for each in (quantity, grams, volume))
    fill_usable(q, g, v, np.array(allowed), np.array(fixed), np.array(line), np.array(unit), usable)
    for j in range(n):
        light = max(grams[j], volume[j]) * quantity[j] <= GRAMS_MAX
        assert usable[j].tolist() == [
            allowed[j][c] and light and max(fixed[c], line[j][c], unit[c] * quantity[j]) <= MICROS_MAX for c in range(columns)
        ]
    fill_lines(q, np.array(item), g, v, np.array(short), np.array(most), usable, lines)
    weights = [each if usable[j].any() else [0, 0] for j, each in enumerate(zip(grams, volume, strict=True))]
    assert lines[[QUANTITY, ITEM, SHORT, MOST]].tolist() == [quantity, item, short, most]
    assert lines[[GRAMS, VOLUME]].T.tolist() == [list(each) for each in weights]


@pytest.mark.parametrize("seed", range(150))
def test_digits_that_stock_allows_and_items_asked_for_twice(seed: int) -> None:
    rng = random.Random(seed)
    lines, table = drawn_lines(rng)
    n, columns, items = len(lines), 4, 2
    item = [rng.randrange(items) for _ in range(n)]
    table[ITEM] = item
    stock = [[rng.randint(0, 4) for _ in range(columns)] for _ in range(items)]
    usable = [[rng.choice([0, 1, 1]) for _ in range(columns)] for _ in range(n)]
    digits = np.array(usable)
    fill_digits(table, np.array(stock), digits)
    for j, line in enumerate(lines):
        for c in range(columns):
            may = [d for d in range(line.digit_max + 1) if line.units(d) <= stock[item[j]][c]]
            assert digits[j, c] == (max(may) if usable[j][c] else 0)
    several = [i for i in dict.fromkeys(item) if item.count(i) > 1]
    assert number_shared(table) == len(several)
    numbers = table[SHARED].tolist()
    assert [number >= 0 for number in numbers] == [i in several for i in item]
    assert {(i, k) for i, k in zip(item, numbers, strict=True) if k >= 0} == {
        (i, numbers[item.index(i)]) for i in several
    }  # fmt: skip
    assert sorted({k for k in numbers if k >= 0}) == list(range(len(several)))


@pytest.mark.parametrize("seed", range(150))
def test_prices_that_fall_with_the_weight(seed: int) -> None:
    """Where a digit may stand for more units than it counts, the least price is all that is sure."""
    rng = random.Random(seed)
    lines, table = drawn_lines(rng)
    zones, ppm = [[], drawn_breaks(rng), drawn_breaks(rng)], rng.choice([0, 10**6, 333_333])
    zone, size = [rng.choice([-1, 1, 2]) for _ in range(3)], int(np.prod(table[DIGIT_MAX] + 1))
    prices = np.array([[0, *(rng.randint(0, 99) for _ in range(size - 1))] for _ in zone])
    before = prices.tolist()
    lower_unsteady(table, np.array(zone), ppm, *arrays(*zones), np.empty(3, np.int64), prices)
    counted = all(line.kind <= EXACT for line in lines)
    for row, z in enumerate(zone):
        edges = [] if z < 0 else [each.max_grams for each in zones[z][:-1]]
        falls = any(
            (price_of(edge, 10**6, 2**40, zones[z]) or 0) > (price_of(edge + 1, 10**6, 2**40, zones[z]) or 0) for edge in edges
        )
        if counted or not falls:
            assert prices[row].tolist() == before[row]
        else:
            least = weigh(min(each.price_micros for each in zones[z]), ppm)
            assert prices[row].tolist() == [0] + [least] * (size - 1)
