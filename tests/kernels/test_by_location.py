"""What the best plan costs with a location, and without it, against every plan of tables drawn by chance."""

import random
from collections import Counter
from itertools import product
from typing import NamedTuple

import numpy as np

from engine.kernels.alternatives import (
    A_CARRIES,
    A_COLUMN,
    A_DOMINATORS,
    A_HOW,
    A_SEND_COLUMN,
    A_SEND_MICROS,
    A_SEND_SUBSET,
    A_SUBSET,
    A_VALUE,
    ANSWER_FIELDS,
    AT_LEAST,
    AT_MOST,
    BEST_ROWS,
    C_FIXED,
    C_KIND,
    C_LEFT,
    C_LOCATION,
    C_MASK,
    C_OPENING,
    C_PRICE_ROW,
    COLUMN_FIELDS,
    EXACT,
    NONE,
    explain_locations,
)
from engine.kernels.partition import NEVER
from engine.kernels.subsets import sum_subsets

LOCATIONS = 5


class Case(NamedTuple):
    """Columns over a few lines, and what each of their shipments costs."""

    n: int
    split: int
    most: int
    facts: np.ndarray
    handling: np.ndarray
    price: np.ndarray
    short: list[int]
    units: list[int]
    need: list[int]
    stock: list[int]

    def least(self, location: int, subset: int) -> int | None:
        """The least by any column of a location; None where none can carry the subset."""
        columns = [c for c, at in enumerate(self.facts[C_LOCATION].tolist()) if at == location]
        return min((cost for c in columns if (cost := self.cost(c, subset)) is not None), default=None)

    def dominates(self, better: int, location: int) -> bool:
        """Whether one location ships every subset that the other can, for no more."""
        subsets = range(1, 1 << self.n)
        pairs = [(self.least(better, s), asked) for s in subsets if (asked := self.least(location, s)) is not None]
        return all(cost is not None and cost <= asked for cost, asked in pairs)

    def cost(self, column: int, subset: int) -> int | None:
        """None where the column cannot carry the subset."""
        lines = [j for j in range(self.n) if subset >> j & 1]
        amounts = (1, len(lines), sum(self.units[j] for j in lines))
        if subset & ~int(self.facts[C_MASK, column]) or amounts[self.facts[C_KIND, column]] > self.facts[C_LEFT, column]:
            return None
        if any(self.need) and sum(self.need[j] for j in lines) > self.stock[column]:
            return None
        price = int(self.price[self.facts[C_PRICE_ROW, column], subset])
        if price >= NEVER:
            return None
        return int(self.facts[C_FIXED, column]) + sum(int(self.handling[j, column]) for j in lines) + price


def drawn(rng: random.Random) -> Case:
    n, columns, money = rng.randint(1, 4), rng.randint(0, 6), rng.choice([2, 30, 10**12])
    size, split, places = 1 << n, rng.randint(0, money), rng.choice([2, 3, LOCATIONS - 1])
    facts = np.zeros((COLUMN_FIELDS, max(columns, 1)), np.int64)[:, :columns].copy()
    for c in range(columns):
        facts[C_LOCATION, c], facts[C_MASK, c] = rng.randrange(places), rng.randrange(size)
        facts[C_FIXED, c], facts[C_PRICE_ROW, c] = split + rng.choice([0, rng.randint(0, money)]), rng.randrange(2)
        facts[C_KIND, c], facts[C_LEFT, c] = rng.randrange(3), rng.choice([0, 1, 2, 4, 2**61, 2**61])
        facts[C_OPENING, c] = rng.randint(0, 2 * money)
    price = np.array([[0, *(rng.choice([0, rng.randint(0, money), NEVER]) for _ in range(size - 1))] for _ in range(2)])
    handling = np.array([[rng.randint(0, money) for _ in range(columns)] for _ in range(n)], np.int64).reshape(n, columns)
    need = [rng.randint(0, 2) for _ in range(n)] if rng.random() < 0.5 else [0] * n
    return Case(
        n, split, rng.randint(1, n + 1), facts, handling,
        price, [rng.choice([0, money // 2, 5 * money]) for _ in range(n)], [rng.randint(1, 3) for _ in range(n)], need,
        [rng.randint(0, 4) for _ in range(columns)],
    )  # fmt: skip


def explained(case: Case, base: int, opening: int, extra: int, chosen: list[int]) -> tuple[int, np.ndarray, np.ndarray]:
    n, columns = case.n, case.facts.shape[1]
    size = 1 << n
    lines, units, need = np.zeros((3, size), np.int64)
    for values, out in (([1] * n, lines), (case.units, units), (case.need, need)):
        sum_subsets(n, np.array(values), 0, out)
    answer, without = np.full((ANSWER_FIELDS, LOCATIONS), -7), np.full((2, len(chosen)), -7)
    tables = np.full((BEST_ROWS + 6 * n + 6, size), -7)
    least = explain_locations(
        n, columns, case.split, case.most, base, opening, extra, case.facts, case.handling, case.price, np.array(case.short),
        int(any(case.need)), need.reshape(1, -1), np.array([case.stock], np.int64), lines, units, np.array(chosen, np.int64),
        tables, answer, without,
    )  # fmt: skip
    return least, answer, without


def all_plans(case: Case) -> list[tuple[dict[int, int], int]]:
    """(lines of each column, cost) of every plan."""
    plans = []
    for where in product(range(-1, case.facts.shape[1]), repeat=case.n):
        subsets: dict[int, int] = {}
        for j, c in enumerate(where):
            if c >= 0:
                subsets[c] = subsets.get(c, 0) | 1 << j
        places = {int(case.facts[C_LOCATION, c]) for c in subsets}
        costs = [case.cost(c, subset) for c, subset in subsets.items()]
        if len(places) < len(subsets) or len(places) > case.most or None in costs:
            continue
        total = sum(cost for cost in costs if cost is not None) - (case.split if subsets else 0)
        plans.append((subsets, total + sum(case.short[j] for j, c in enumerate(where) if c < 0)))
    return plans


def test_every_location_of_an_order() -> None:
    seen: Counter[str] = Counter()
    for seed in range(1_200):
        rng = random.Random(seed)
        case = drawn(rng)
        opening, extra = rng.randint(0, 50), rng.choice([NEVER, 0, 9])
        base = rng.choice([NEVER, NEVER, 0, 40])
        chosen = rng.sample(range(LOCATIONS), rng.randint(0, 2))
        least, answer, without = explained(case, base, opening, extra, chosen)
        plans = all_plans(case)
        best = min(cost for _, cost in plans)
        assert least <= best, seed
        locations = case.facts[C_LOCATION].tolist()
        for place in range(LOCATIONS):
            columns = [c for c, at in enumerate(locations) if at == place]
            using = [(subsets, cost) for subsets, cost in plans if any(c in subsets for c in columns)]
            true = min((cost for _, cost in using), default=NEVER)
            value, how = int(answer[A_VALUE, place]), int(answer[A_HOW, place])
            bound = NEVER
            if base < NEVER and columns:
                bound = base + min(int(case.facts[C_OPENING, c]) for c in columns) + min(opening, extra)
            dominating = [i for i, d in enumerate(chosen) if place not in chosen and case.dominates(d, place)]
            assert answer[A_DOMINATORS, place] == sum(1 << i for i in dominating), (seed, place)
            seen["dominated"] += bool(dominating) and bool(columns)
            if how == NONE:
                assert value == true == NEVER, (seed, place)
            elif how == AT_LEAST:
                assert value <= min(true, bound), (seed, place)
                seen["bounds"] += 1
            else:
                assert value == true, (seed, place)
                assert how == (AT_MOST if value > bound else EXACT)
                column, subset = int(answer[A_COLUMN, place]), int(answer[A_SUBSET, place])
                assert column in columns
                assert min(cost for subsets, cost in using if subsets.get(column) == subset) == true, (seed, place)
                seen["at most" if how == AT_MOST else "exact"] += 1
            sends = [
                (-sum(case.units[j] for j in range(case.n) if s >> j & 1), cost, c, s)
                for c in columns
                for s in range(1, 1 << case.n)
                if (cost := case.cost(c, s)) is not None
            ]
            assert answer[A_CARRIES, place] == np.bitwise_or.reduce([0, *(s for *_, s in sends)])
            sent = answer[[A_SEND_COLUMN, A_SEND_SUBSET], place].tolist()
            if not sends:
                assert sent == [-1, 0]
                continue
            most = min(sends)[:2]
            assert answer[A_SEND_MICROS, place] == most[1]
            assert tuple(sent) in {(c, s) for *amount, c, s in sends if tuple(amount) == most}
        for i, place in enumerate(chosen):
            true = min(cost for subsets, cost in plans if all(locations[c] != place for c in subsets))
            bound = base + opening + min(opening, extra) if base < NEVER else NEVER
            value, how = without[:, i].tolist()
            if how == AT_LEAST:
                assert value <= min(true, bound), (seed, place)
            else:
                assert value == true, (seed, place)
                assert how == (AT_MOST if value > bound else EXACT)
                seen["without"] += 1
    assert min(seen["exact"], seen["at most"], seen["without"], seen["dominated"]) > 100, seen
    assert seen["exact"] > 20 * seen["bounds"] > 100, seen
