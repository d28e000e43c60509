"""The program over portions, against every way to take a portion apart."""

import random
from itertools import product

import numpy as np
import pytest

from engine.kernels.partition import NEVER
from engine.kernels.portions import (
    ANY,
    DIGIT_MAX,
    DIGITS,
    EXACT,
    LINE_FIELDS,
    PARTS,
    PLACE,
    QUANTITY,
    SHORT,
    WHOLE,
    digit_units,
    is_left,
    lay_portions,
    list_halves,
    list_lowest,
    list_places,
    share_portions,
)
from engine.kernels.shipments import LEAVES, OPTION_FIELDS, list_options

Digits = tuple[int, ...]


def drawn_lines(rng: random.Random) -> np.ndarray:
    """Lines of any kind of digits, as `choose_digits` leaves them."""
    lines = np.zeros((LINE_FIELDS, rng.randint(1, 4)), np.int64)
    place = 1
    for j in range(lines.shape[1]):
        kind = rng.choice((WHOLE, EXACT, PARTS, ANY))
        quantity = rng.randint(1, 3) if kind in (WHOLE, EXACT) else rng.randint(2, 4)
        most = quantity if kind == EXACT else 2 if kind == PARTS else 1
        lines[[DIGITS, QUANTITY, SHORT, DIGIT_MAX, PLACE], j] = kind, quantity, rng.randint(0, 9), most, place
        place *= most + 1
    return lines


def all_portions(lines: np.ndarray) -> list[Digits]:
    """The digits of every portion, by its number."""
    return [digits[::-1] for digits in product(*(range(most + 1) for most in lines[DIGIT_MAX, ::-1].tolist()))]


def lists_of(lines: np.ndarray, most: np.ndarray, size: int) -> np.ndarray:
    lists = np.zeros(list_places(lines, size)[-1], np.int64)
    list_halves(lines, most, size, lists)
    return lists


def within(t: Digits, s: Digits) -> bool:
    return all(a <= b for a, b in zip(t, s, strict=True))


def shared_naively(lines: np.ndarray, portions: list[Digits], best: list[int]) -> list[int]:
    value = [0]
    for at, s in enumerate(portions[1:], 1):
        j = next(i for i, digit in enumerate(s) if digit > 0)
        costs = [value[at - s[j] * lines[PLACE, j]] + lines[SHORT, j] * digit_units(lines, j, s[j])]
        costs += [best[k] + value[at - k] for k, t in enumerate(portions[: at + 1]) if t[j] > 0 and within(t, s)]
        value.append(int(min(*costs, NEVER)))
    return value


@pytest.mark.parametrize("seed", range(200))
def test_portions_are_shared_out_and_laid_over_at_the_least_cost(seed: int) -> None:
    """Where not the whole program is asked for, what no shipment leaves is left out, and nothing else."""
    rng = random.Random(seed)
    lines = drawn_lines(rng)
    portions = all_portions(lines)
    size = len(portions)
    best = [0] + [NEVER if rng.randint(0, 3) == 0 else rng.randint(0, 30) for _ in range(size - 1)]
    lowest, short, whole, part = np.zeros((4, size), np.int64)
    lists = lists_of(lines, lines[DIGIT_MAX], size)
    list_lowest(lines, lowest, short)
    share_portions(lines, lists, lowest, short, True, np.array(best), whole)
    expected = shared_naively(lines, portions, best)
    assert whole.tolist() == expected

    left = [s for s in range(size) if portions[s][0] < lines[DIGIT_MAX, 0] or s == size - 1]
    share_portions(lines, lists, lowest, short, False, np.array(best), part)
    assert part[left].tolist() == whole[left].tolist()

    most = np.array([rng.randint(0, digit) for digit in lines[DIGIT_MAX].tolist()])
    layer = [cost if within(t, tuple(most)) else NEVER for t, cost in zip(portions, best, strict=True)]
    laid = [
        min(layer[k] + expected[s - k] if k else expected[s] for k in range(s + 1) if within(portions[k], portions[s]))
        for s in range(size)
    ]
    lists = lists_of(lines, most, size)
    lay_portions(lines, lists, True, np.array(layer), whole, part)
    assert part.tolist() == laid
    part[:] = 0
    lay_portions(lines, lists, False, np.array(layer), whole, part)
    assert part[left].tolist() == [laid[s] for s in left]


@pytest.mark.parametrize("seed", range(50))
def test_a_shipment_leaves_all_of_the_first_line_only_where_it_is_said_to(seed: int) -> None:
    lines = drawn_lines(random.Random(seed))
    n = lines.shape[1]
    node = np.concatenate((np.zeros(5, np.int64), lines[QUANTITY], np.zeros(n, np.int64)))
    options, counts = np.zeros((n, OPTION_FIELDS, lines[DIGIT_MAX].max() + 3), np.int64), np.zeros(n, np.int64)
    list_options(0, lines, node, options, counts)
    leaves = options[0, LEAVES, : counts[0]]
    assert is_left(lines) or leaves.max() < lines[DIGIT_MAX, 0]
