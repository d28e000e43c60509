"""Portions with locations laid over the program: what every location at most once costs, found without asking for it."""

import random
from collections import Counter

import numpy as np
import pytest

from engine.kernels.layers import LAYERS_MAX, find_portion, holds, lay_repeated, lines_cost, pick_digits
from engine.kernels.partition import NEVER
from engine.kernels.portions import (
    DIGIT_MAX,
    DIGITS,
    LINE_FIELDS,
    PLACE,
    QUANTITY,
    SHORT,
    count_lines,
    list_places,
    sum_portions,
)
from tests.naive.portions import ANY, EXACT, PARTS, WHOLE, Column, Digits, Line, all_digits, less, once_each, within

LOCATIONS = 4


def drawn_lines(rng: random.Random) -> tuple[list[Line], np.ndarray]:
    lines, table, place = [], np.zeros((LINE_FIELDS, rng.randint(1, 3)), np.int64), 1
    for j in range(table.shape[1]):
        kind = rng.choice((WHOLE, EXACT, PARTS, ANY))
        quantity = rng.randint(1, 3) if kind in (WHOLE, EXACT) else rng.randint(2, 4)
        most = quantity if kind == EXACT else 2 if kind == PARTS else 1
        lines.append(Line(kind, quantity, rng.randint(0, 30), most))
        table[[DIGITS, QUANTITY, SHORT, DIGIT_MAX, PLACE], j] = kind, quantity, lines[j].short, most, place
        place *= most + 1
    return lines, table


def drawn_columns(rng: random.Random, lines: list[Line]) -> list[Column]:
    money = rng.choice([2, 12])
    return [
        Column(
            rng.randrange(LOCATIONS), tuple(rng.randint(0, line.digit_max) for line in lines), rng.randint(0, money),
            tuple(rng.randint(0, money) for _ in lines), rng.randint(0, 3),
        )
        for _ in range(rng.randint(1, 5))
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(150))
def test_portions_and_what_they_cost(seed: int) -> None:
    rng = random.Random(seed)
    lines, table = drawn_lines(rng)
    columns = drawn_columns(rng, lines)
    portions = all_digits(tuple(line.digit_max for line in lines))
    n, number = len(lines), {s: k for k, s in enumerate(portions)}
    most = np.array([c.digit_max for c in columns]).T.copy()
    line_micros, unit_micros = np.array([c.line for c in columns]).T.copy(), np.array([c.unit for c in columns])
    best = [NEVER if rng.random() < 0.3 else rng.randint(0, 9) for _ in portions]
    below = [rng.randint(0, 9) for _ in portions]

    def takes(s: Digits, t: Digits, lowest: bool) -> bool:
        first = next((j for j, d in enumerate(s) if d), None)
        return within(t, s) and not (lowest and first is not None and t[first] == 0)

    for k, s in enumerate(portions):
        digits, units = np.full((2, n), -7)
        pick_digits(table, k, digits, units)
        assert tuple(digits.tolist()) == s
        assert units.tolist() == [line.units(d) for line, d in zip(lines, s, strict=True)]
        for c, column in enumerate(columns):
            cost = column.cost(lines, s)
            found = lines_cost(c, digits, units, most, line_micros, unit_micros)
            assert found == (NEVER if cost is None else cost - column.fixed)
        for lowest in (False, True):
            for t in portions[:k]:
                assert holds(table, k, number[t], lowest) == takes(s, t, lowest)
            for cost in range(12):
                first = next(
                    (t for t in range(1, k + 1) if best[t] < NEVER and takes(s, portions[t], lowest)
                     and best[t] + below[number[less(s, portions[t])]] == cost),
                    0,
                )  # fmt: skip
                assert find_portion(table, k, cost, lowest, np.array(best), np.array(below)) == first


def test_no_location_ships_twice() -> None:
    """With room and stock for all, exactly what it costs where each location ships once; with few steps, a bound."""
    seen: Counter[str] = Counter()
    for seed in range(500):
        rng = random.Random(seed)
        lines, table = drawn_lines(rng)
        columns = drawn_columns(rng, lines)
        portions = all_digits(tuple(line.digit_max for line in lines))
        n, size, count = len(lines), len(portions), len(columns)
        rows = [rng.randrange(2) for _ in columns]
        prices = [[0, *(rng.choice([0, rng.randint(0, 9)]) for _ in range(size - 1))] for _ in range(2)]
        line_count, unit_count = np.zeros((2, size), np.int64)
        count_lines(table, line_count)
        sum_portions(table, np.ones(n, np.int64), unit_count)
        lowest, short, best, codes, sums = np.zeros((5, size), np.int64)
        layer_best, values = np.zeros((LAYERS_MAX, size), np.int64), np.zeros((LAYERS_MAX + 1, size), np.int64)
        layered, seen_at = np.zeros(LAYERS_MAX, np.int64), np.zeros(LOCATIONS, np.bool_)
        steps_max = rng.choice([1, 2**40, 2**40])
        layers, steps = lay_repeated(
            table, steps_max, NEVER, np.array([c.digit_max for c in columns]).T.copy(), np.array([c.location for c in columns]),
            np.array([c.fixed for c in columns]), np.array([c.line for c in columns]).T.copy(),
            np.array([c.unit for c in columns]), np.array(rows), np.array(prices), np.zeros(count, np.int64),
            np.full(count, 2**61), line_count, unit_count, 0, np.zeros((0, size), np.int64), np.zeros((0, count), np.int64),
            codes, sums, lowest, short, best, layer_best, values, layered, np.zeros(count, np.int64),
            np.zeros((6, n), np.int64), np.zeros((2, list_places(table, size)[-1]), np.int64), seen_at,
        )  # fmt: skip
        least, found = once_each(lines, columns, prices, rows), int(values[layers, size - 1])
        assert not seen_at.any()
        assert steps > 0
        assert len(set(layered[:layers].tolist())) == layers
        assert set(layered[:layers].tolist()) <= {c.location for c in columns}
        assert found <= least, seed
        if steps_max > 1:
            assert found == least, seed
        seen["layered"] += layers > 0
        seen["bound"] += found < least
    assert min(seen["layered"], 10 * seen["bound"]) > 50, seen
