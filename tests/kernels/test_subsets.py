"""The program over subsets agrees with sharing the lines out in every way there is."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.partition import NEVER, PACKED_MAX, partition, partition_all
from engine.kernels.subsets import add_layer, capacity_need, cheapest_column, scan_columns, sum_subsets
from tests.naive.assignment import cheapest_charged, cheapest_partition

costs = st.integers(0, 12) | st.just(NEVER)


def tables(n: int) -> st.SearchStrategy[list[int]]:
    """A cost for each subset of n lines; the empty one costs nothing."""
    return st.lists(costs, min_size=(1 << n) - 1, max_size=(1 << n) - 1).map(lambda row: [0, *row])


def shorts(n: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 15), min_size=n, max_size=n)


def solve_partition(n: int, split: int, best: list[int], short: list[int]) -> np.ndarray:
    """value, count and choice [3, 2^n] of all subsets; what is asked of the whole order alone is the same."""
    full = (1 << n) - 1
    every, out = np.full((2, 3, 1 << n), -7)
    partition_all(n, split, np.array(best), np.array(short), *every)
    partition(n, split, np.array(best), np.array(short), *out)
    assert out[:, full].tolist() == every[:, full].tolist()
    rest = full
    while rest:
        taken = int(out[2, rest])
        assert taken == every[2, rest]
        rest = rest & (rest - 1) if taken < 0 else rest ^ taken
    return every


def read_choice(full: int, choice: np.ndarray, best: list[int], short: list[int]) -> tuple[int, int]:
    """Cost and shipments of the plan that `choice` spells."""
    cost = count = 0
    while full:
        taken = int(choice[full])
        if taken < 0:
            low = full & -full
            cost, full = cost + short[low.bit_length() - 1], full ^ low
        else:
            assert taken & ~full == 0 < taken
            cost, count, full = cost + best[taken], count + 1, full ^ taken
    return cost, count


def test_sums_of_subsets() -> None:
    out = np.empty(8, np.int64)
    sum_subsets(3, np.array([99, 1, 20, 300]), 1, out)
    assert out.tolist() == [0, 1, 20, 21, 300, 301, 320, 321]


def test_what_a_shipment_takes_of_a_day() -> None:
    assert [capacity_need(kind, 3, 7) for kind in (0, 1, 2)] == [1, 3, 7]


def test_the_larger_shipment_wins_a_tie() -> None:
    # Both lines together cost 8, one by one 4 + 4, short 4 + 4: nothing shipped is charged 1 more.
    assert solve_partition(2, 1, [0, 4, 4, 8], [4, 4])[:, 3].tolist() == [8, 1, 3]
    assert solve_partition(2, 0, [0, 4, 4, 8], [4, 4])[:, 3].tolist() == [8, 0, -1]


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, 5), tables(n), shorts(n))))
def test_partitions(case: tuple[int, int, list[int], list[int]]) -> None:
    n, split, best, short = case
    full = (1 << n) - 1
    value, count, choice = solve_partition(n, split, best, short)
    for s in range(full):
        assert (value[s], count[s]) == cheapest_partition(s, best, short, [])
    assert (value[full], count[full]) == cheapest_charged(full, split, best, short)
    charged = split if count[full] == 0 else 0
    assert read_choice(full, choice, best, short) == (value[full] - charged, count[full])


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.integers(1, 3).flatmap(lambda n: st.tuples(st.just(n), tables(n), shorts(n), tables(n), tables(n))))
def test_layers(case: tuple[int, list[int], list[int], list[int], list[int]]) -> None:
    n, best, short, first, second = case
    size = 1 << n
    # The charge for shipping nothing belongs to the partition: left out here.
    below, below_count, _ = solve_partition(n, 0, best, short)
    for layers in ([first], [second, first]):
        value, count, choice = np.full((3, size), -7)
        add_layer(n, 0, np.array(layers[0]), below, below_count, value, count, choice)
        last = np.full((3, size), -7)
        add_layer(n, size - 1, np.array(layers[0]), below, below_count, *last)
        assert last[:, -1].tolist() == [value[-1], count[-1], choice[-1]]
        for s in range(size):
            assert (value[s], count[s]) == cheapest_partition(s, best, short, layers)
            t = int(choice[s])
            assert value[s] == below[s & ~t] + layers[0][t]
        below, below_count = value, count


def test_a_layered_location_is_preferred_to_one_below_that_costs_the_same() -> None:
    below, below_count, _ = solve_partition(1, 0, [0, 5], [9])
    value, count, choice = np.zeros((3, 2), np.int64)
    add_layer(1, 0, np.array([0, 5]), below, below_count, value, count, choice)
    assert (value[1], count[1], choice[1]) == (5, 1, 1)


@dataclass
class Columns:
    """A few columns over n lines, as `scan_columns` takes them."""

    n: int
    mask: list[int]
    fixed: list[int]
    handling: list[list[int]]
    price: list[int]
    need: list[int]
    stock: list[int]
    kind: list[int]
    left: list[int]
    units: list[int]

    def cost(self, s: int, c: int) -> int | None:
        """The cost of subset s on column c, or None where it cannot carry it."""
        lines = [j for j in range(self.n) if s >> j & 1]
        amounts = (1, len(lines), sum(self.units[j] for j in lines))
        if s & ~self.mask[c] or amounts[self.kind[c]] > self.left[c] or sum(self.need[j] for j in lines) > self.stock[c]:
            return None
        return self.fixed[c] + sum(self.handling[j][c] for j in lines) + self.price[s]

    def arguments(self) -> dict[str, object]:
        """What the kernels ask for besides n and the order."""
        need, lines, units = np.empty((3, 1 << self.n), np.int64)
        sum_subsets(self.n, np.array(self.need), 0, need)
        sum_subsets(self.n, np.ones(self.n, np.int64), 0, lines)
        sum_subsets(self.n, np.array(self.units), 0, units)
        return {
            "mask": np.array(self.mask), "fixed": np.array(self.fixed), "handling": np.array(self.handling),
            "price_row": np.zeros(len(self.mask), np.int64), "price": np.array([self.price]),
            "shared": 1 if any(self.need) else 0, "shared_need": need.reshape(1, -1),
            "shared_available": np.array([self.stock]),
            "capacity_kind": np.array(self.kind), "capacity_left": np.array(self.left), "line_count": lines,
            "unit_count": units,
        }  # fmt: skip


@st.composite
def columns(draw: st.DrawFn) -> Columns:
    n, c = draw(st.integers(1, 4)), draw(st.integers(1, 5))

    def some(count: int, low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=count, max_size=count))

    return Columns(
        n, some(c, 0, (1 << n) - 1), some(c, 0, 9), [some(c, 0, 5) for _ in range(n)], [0, *some((1 << n) - 1, 0, 6)],
        some(n, 0, 2), some(c, 0, 4), some(c, 0, 2), some(c, 0, 5), some(n, 1, 2),
    )  # fmt: skip


@settings(max_examples=400, derandomize=True, deadline=None)
@given(columns())
def test_the_best_column_of_each_subset(given_columns: Columns) -> None:
    g, count, size = given_columns, len(given_columns.mask), 1 << given_columns.n
    order = np.array([c for c in range(count) if g.mask[c]] + [-1] * count)
    used = int((order >= 0).sum())
    bit_line = np.zeros(size, np.int64)
    for j in range(g.n):
        bit_line[1 << j] = j
    sums, best, best_column = np.full((3, size), -7)
    scan_columns(
        n=g.n, used=used, order=order, bit_line=bit_line, sums=sums, best=best, best_column=best_column, **g.arguments()
    )  # fmt: skip
    for s in range(1, size):
        offers = [(cost, c) for c in order[:used].tolist() if (cost := g.cost(s, c)) is not None]
        if not offers:
            assert best[s] == NEVER
            continue
        # min compares the column next: the first of those that cost the least.
        assert (best[s], best_column[s]) == min(offers)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(columns(), st.data())
def test_the_cheapest_column_of_one_location(given_columns: Columns, data: st.DataObject) -> None:
    g, count = given_columns, len(given_columns.mask)
    location = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    for s in range(1, 1 << g.n):
        offers = [(cost, c) for c in range(count) if location[c] == 1 and (cost := g.cost(s, c)) is not None]
        found = cheapest_column(n=g.n, subset=s, wanted=1, columns=count, location=np.array(location), **g.arguments())
        assert found == (min(offers)[1] if offers else -1)


def test_costs_too_large_to_be_packed() -> None:
    # Both lines together cost more than one by one by less than the packed range would tell.
    best = [0, PACKED_MAX, PACKED_MAX + 1, 2 * PACKED_MAX + 2]
    assert solve_partition(2, 0, best, [2**57, 2**57])[:, 3].tolist() == [2 * PACKED_MAX + 1, 2, 1]
    assert solve_partition(2, 0, [0, 5, NEVER, NEVER], [2**57, 2**57])[:, 3].tolist() == [2**57 + 5, 1, 1]
    assert solve_partition(1, 1, [0, 2**57], [9])[:, 1].tolist() == [10, 0, -1]


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.integers(5, 8), st.integers(0, 2**32 - 1))
def test_longer_orders_alone_and_with_all_subsets(n: int, seed: int) -> None:
    """`solve_partition` compares both ways; few different costs, so that ties are many."""
    rng = np.random.default_rng(seed)
    best = np.where(rng.random(1 << n) < 0.2, NEVER, rng.integers(0, 20, 1 << n))
    solve_partition(n, 2, [0, *best[1:].tolist()], rng.integers(3, 9, n).tolist())


@pytest.mark.parametrize("n", [1, 5, 10])
def test_nothing_can_ship(n: int) -> None:
    value, count, choice = solve_partition(n, 7, [0] + [NEVER] * ((1 << n) - 1), [3] * n)
    assert (value[-1], count[-1], choice[-1]) == (3 * n + 7, 0, -1)
