"""Tables of long orders against their definitions, at the edges of what is added up."""

import random

import numpy as np
import pytest

from engine.kernels.long_order import CAPACITY, FIXED, ITEM, KIND, LOCATION, QUANTITY, REPEATED, ROW, LongOrder
from engine.kernels.long_tables import divided_line_costs, drop_dominated, is_dominated, nothing_binds, whole_line_costs
from engine.kernels.partition import NEVER
from tests.kernels.long_instances import bare_order
from tests.naive.long_tables import GRAMS_MAX, MICROS_MAX, Column, binds, divided_cost, makes_needless, whole_cost

SEEDS = range(250)


def drawn(rng: random.Random, *, hostile: bool) -> LongOrder:
    n, m, items = rng.randint(1, 4), rng.randint(1, 6), rng.randint(1, 3)
    t = bare_order(n, m, items)
    item = [rng.randrange(items) for _ in range(n)]
    t.lines[QUANTITY] = [rng.choice([1, 2, 3, 6] + [2**31 - 1] * hostile) for _ in range(n)]
    t.lines[ITEM], t.lines[REPEATED] = item, [item.count(i) > 1 for i in item]
    t.columns[LOCATION] = [rng.randrange(3) for _ in range(m)]
    t.columns[FIXED] = [rng.choice([0, 1, 2] + [MICROS_MAX, MICROS_MAX + 1] * hostile) for _ in range(m)]
    t.columns[ROW], t.columns[KIND] = [rng.randrange(2) for _ in range(m)], [rng.randrange(3) for _ in range(m)]
    t.columns[CAPACITY] = [rng.choice([0, 1, 2, 5, 9, 2**61]) for _ in range(m)]
    t.available[:] = [[rng.choice([0, 1, 2, 5, 9] + [2**33] * hostile) for _ in range(m)] for _ in range(items)]
    return t


@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_whole_and_divided_lines(seed: int, hostile: bool) -> None:
    rng = random.Random(seed)
    t = drawn(rng, hostile=hostile)
    m, n = t.handling.shape
    amounts = [0, 3, 2**20, GRAMS_MAX, GRAMS_MAX + 1] if hostile else [0, 3]
    grams, volume = [[rng.choice(amounts) for _ in range(n)] for _ in range(2)]
    money = [0, 1, 7, 2**25, MICROS_MAX, MICROS_MAX + 1] if hostile else [0, 1, 7, 20]
    unit, line = [rng.choice(money) for _ in range(m)], [[rng.choice(money) for _ in range(m)] for _ in range(n)]
    allowed = [[rng.random() < 0.8 for _ in range(m)] for _ in range(n)]
    arrays = np.array(allowed), np.array(line), np.array(unit)
    whole_line_costs(t, np.array(grams), np.array(volume), *arrays)
    columns = [
        [
            {
                "fixed": int(t.columns[FIXED, c]), "unit": unit[c], "kind": int(t.columns[KIND, c]),
                "capacity": int(t.columns[CAPACITY, c]), "stock": int(t.available[t.lines[ITEM, j], c]),
            }
            for j in range(n)
        ]
        for c in range(m)
    ]  # fmt: skip
    quantity = t.lines[QUANTITY].tolist()
    for c in range(m):
        for j, q in enumerate(quantity):
            cost = whole_cost(q, grams[j], volume[j], allowed[j][c], line[j][c], columns[c][j])
            assert t.handling[c, j] == (NEVER if cost is None else cost)

    whole, most = t.handling.copy(), [rng.choice([1, 2, 2**31]) for _ in range(n)]
    divided_line_costs(t, np.array(most), *arrays)
    for c in range(m):
        for j, q in enumerate(quantity):
            found = int(t.handling[c, j])
            if most[j] <= 1 or q == 1:
                assert found == whole[c, j]
            elif q < 100:
                cost = divided_cost(q, allowed[j][c], line[j][c], columns[c][j])
                # Beyond the range nothing is added up any more, and the bound is lower.
                assert found == cost or (found == NEVER) == (cost is None)
                assert cost is None or found <= cost
                assert found == (NEVER if cost is None else cost) or max(unit[c], line[j][c]) * q > MICROS_MAX
            else:
                assert 0 <= found <= 2 * MICROS_MAX or found == NEVER


@pytest.mark.parametrize("seed", SEEDS)
def test_whether_anything_binds(seed: int) -> None:
    rng = random.Random(seed)
    t = drawn(rng, hostile=False)
    t.available[:] += rng.choice([0, 5, 20])
    t.columns[CAPACITY] += rng.choice([0, 5, 20])
    m, n = t.handling.shape
    t.handling[:] = [[rng.choice([4, NEVER]) for _ in range(n)] for _ in range(m)]
    if seed % 2:
        # One column alone carries anything.
        t.handling[np.arange(m) != seed % m] = NEVER
    item, quantity = t.lines[ITEM].tolist(), t.lines[QUANTITY].tolist()
    expected = False
    for c in range(m):
        carried = [(item[j], quantity[j]) for j in range(n) if t.handling[c, j] < NEVER]
        stock = {i: int(t.available[i, c]) for i, _ in carried if item.count(i) > 1}
        expected |= binds(int(t.columns[KIND, c]), int(t.columns[CAPACITY, c]), carried, stock)
    assert nothing_binds(t) == (not expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_columns_that_another_makes_needless(seed: int) -> None:
    """Many are equal in much: of two the same, the first stays."""
    rng = random.Random(seed)
    t = drawn(rng, hostile=False)
    m, n = t.handling.shape
    t.columns[[LOCATION, ROW, KIND]] //= 2
    t.columns[CAPACITY] = [rng.choice([3, 4]) for _ in range(m)]
    t.available[:] = [[rng.choice([5, 5, 6]) for _ in range(m)] for _ in t.available]
    t.handling[:] = [[rng.choice([1, 1, 2, NEVER]) for _ in range(n)] for _ in range(m)]
    before = t.handling.copy()
    shared = [j for j in range(n) if t.lines[REPEATED, j]]
    columns = [
        Column(
            *t.columns[[LOCATION, FIXED, ROW, KIND, CAPACITY], c].tolist(), tuple(before[c].tolist()),
            tuple(int(t.available[t.lines[ITEM, j], c]) for j in shared),
        )
        for c in range(m)
    ]  # fmt: skip
    for c in range(m):
        others = [d for d in range(m) if d != c and columns[d].location == columns[c].location]
        assert any(is_dominated(t, c, d, d < c) for d in others) == makes_needless(columns, c)
    drop_dominated(t, np.lexsort((np.arange(m), t.columns[LOCATION])))
    for c in range(m):
        expected = [NEVER] * n if makes_needless(columns, c) else before[c].tolist()
        assert t.handling[c].tolist() == expected
