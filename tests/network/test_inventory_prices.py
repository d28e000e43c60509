"""Prices by position: as the rows have them, sparse, and nothing below zero."""

import random

import numpy as np
import pytest

from engine.network.inventory_prices import compile_inventory_prices
from tests.network.small_network import prices


def test_taking_a_unit_costs_the_highest_markdown_less_its_own() -> None:
    """5 is the highest: a unit marked down by 3 costs 2, one that is not marked down all 5, the highest nothing."""
    compiled = compile_inventory_prices(prices([(1, 0, 7, 3), (1, 2, 0, 5), (1, 3, 8, 0)]), 3, 5)
    stock_out, markdown = compiled.of(1, np.arange(5))
    assert stock_out.tolist() == [7, 0, 0, 8, 0]
    assert markdown.tolist() == [2, 5, 0, 5, 5]
    assert [compiled.has(item) for item in range(3)] == [False, True, False]
    assert [each.tolist() for each in compiled.of(0, np.array([4, 0]))] == [[0, 0], [0, 0]]


def test_an_item_that_only_runs_out_is_not_marked_down() -> None:
    compiled = compile_inventory_prices(prices([(0, 1, 9, 0)]), 1, 2)
    assert [each.tolist() for each in compiled.of(0, np.arange(2))] == [[0, 9], [0, 0]]


@pytest.mark.parametrize("seed", range(40))
def test_prices_agree_with_the_rows_whatever_their_order(seed: int) -> None:
    rng = random.Random(seed)
    items, locations = rng.randint(1, 5), rng.randint(1, 7)
    pairs = [(item, place) for item in range(items) for place in range(locations) if rng.random() < rng.choice([0.2, 0.9])]
    rows = [(*pair, rng.choice([0, 1, 10**12]), rng.choice([0, 2, 10**12])) for pair in pairs]
    by_pair = {(item, place): micros for item, place, *micros in rows}
    ordered = compile_inventory_prices(prices(rows), items, locations)
    shuffled = compile_inventory_prices(prices(rng.sample(rows, len(rows))), items, locations)
    where = np.array([rng.randrange(locations) for _ in range(9)], np.int64)
    for item in range(items):
        highest = max((by_pair.get((item, place), (0, 0))[1] for place in range(locations)), default=0)
        expected = [by_pair.get((item, place), [0, 0]) for place in where.tolist()]
        for compiled in (ordered, shuffled):
            assert compiled.has(item) == any(any(by_pair.get((item, place), ())) for place in range(locations))
            stock_out, markdown = compiled.of(item, where)
            assert stock_out.tolist() == [micros[0] for micros in expected]
            assert markdown.tolist() == [highest - micros[1] for micros in expected]


def test_the_arrays_cannot_be_changed() -> None:
    compiled = compile_inventory_prices(prices([(0, 0, 1, 1)]), 1, 1)
    for array in (compiled.first, compiled.location, compiled.stock_out_micros, compiled.markdown_micros):
        assert not array.flags.writeable
