"""What a search over shipments does at a node, against loops over lines and units."""

import random
from itertools import product

import numpy as np
import pytest

from engine.kernels.portions import DIGIT_MAX, DIGITS, LINE_FIELDS, PLACE, QUANTITY, SHARED
from engine.kernels.shipments import (
    COLUMN,
    NODE_FIELDS,
    OPTION_FIELDS,
    choices_max,
    first_wanted,
    list_choices,
    list_options,
    mark_locations,
    parts_so_far,
    pick_options,
    units_fit,
)
from tests.naive.portions import ANY, EXACT, PARTS, WHOLE


def drawn_lines(rng: random.Random) -> np.ndarray:
    lines, place = np.zeros((LINE_FIELDS, rng.randint(1, 4)), np.int64), 1
    for j in range(lines.shape[1]):
        kind = rng.choice((WHOLE, EXACT, PARTS, ANY))
        quantity = rng.randint(1, 3) if kind in (WHOLE, EXACT) else rng.randint(2, 4)
        most = quantity if kind == EXACT else 2 if kind == PARTS else 1
        lines[[DIGITS, QUANTITY, DIGIT_MAX, PLACE], j] = kind, quantity, most, place
        place *= most + 1
    lines[SHARED] = [rng.choice([-1, 0, 1]) for _ in range(lines.shape[1])]
    return lines


def digit(lines: np.ndarray, j: int, units: int) -> int:
    kind, quantity = int(lines[DIGITS, j]), int(lines[QUANTITY, j])
    if units == 0 or kind == EXACT:
        return units
    return 2 if kind == PARTS and units == quantity else 1


def portion(lines: np.ndarray, j: int, wanted: int, units: int) -> tuple[int, int]:
    """The digits of what is taken, and of what is left; of a part of a line both are a part."""
    if lines[DIGITS, j] == EXACT or units in (0, wanted):
        return digit(lines, j, units), digit(lines, j, wanted - units)
    return 1, 1


@pytest.mark.parametrize("seed", range(200))
def test_every_shipment_of_a_node_is_within_one_choice(seed: int) -> None:
    """Every way to take units of the lines wanted, some of the first; counted in portions, no less than it takes or leaves."""
    rng = random.Random(seed)
    lines = drawn_lines(rng)
    n = lines.shape[1]
    wanted = [rng.choice([0, q]) if kind == WHOLE else rng.randint(0, q) for kind, q in lines[[DIGITS, QUANTITY]].T.tolist()]
    if not any(wanted):
        return
    first = next(j for j, units in enumerate(wanted) if units)
    node = np.array([0] * NODE_FIELDS + wanted + [0] * n)
    assert first_wanted(n, node) == first
    options, counts = np.zeros((n, OPTION_FIELDS, int(lines[DIGIT_MAX].max()) + 3), np.int64), np.zeros(n, np.int64)
    assert list_options(first, lines, node, options, counts) == n
    takes, leaves = np.zeros((2, choices_max(lines)), np.int64)
    count = list_choices(n, options, counts, takes, leaves)
    assert count == np.prod(counts) <= choices_max(lines)
    choices = []
    for choice in range(count):
        low, high = np.zeros((2, n), np.int64)
        pick_options(n, choice, options, counts, low, high)
        choices.append((low.tolist(), high.tolist(), int(takes[choice]), int(leaves[choice])))
    place = lines[PLACE].tolist()
    for units in product(*(range(u + 1) for u in wanted)):
        whole_only = any(lines[DIGITS, j] == WHOLE and units[j] not in (0, wanted[j]) for j in range(n))
        holding = [c for c in choices if all(a <= u <= b for a, u, b in zip(c[0], units, c[1], strict=True))]
        if units[first] == 0 or whole_only:
            assert not holding
            continue
        ((_, _, taken, left),) = holding
        portions = [portion(lines, j, w, u) for j, (w, u) in enumerate(zip(wanted, units, strict=True))]
        assert taken == sum(more * at for (more, _), at in zip(portions, place, strict=True))
        assert left == sum(rest * at for (_, rest), at in zip(portions, place, strict=True))
    assert first_wanted(n, np.zeros(NODE_FIELDS + 2 * n, np.int64)) == n


@pytest.mark.parametrize("seed", range(150))
def test_what_stands_on_the_path(seed: int) -> None:
    rng = random.Random(seed)
    n, depth, locations = rng.randint(1, 3), rng.randint(0, 4), 4
    path = np.array([[rng.randint(0, 3) for _ in range(NODE_FIELDS + 2 * n)] for _ in range(6)])
    location = rng.sample(range(locations), 4)
    columns = rng.sample(range(4), depth) if rng.random() < 0.5 else [rng.choice([-1, c]) for c in rng.sample(range(4), depth)]
    path[1 : depth + 1, COLUMN] = columns
    seen = np.zeros(locations, np.bool_)
    shipping = {location[c] for c in columns if c >= 0}
    assert mark_locations(depth, path, np.array(location), seen, True) == len(shipping)
    assert set(np.flatnonzero(seen).tolist()) == shipping
    assert mark_locations(depth, path, np.array(location), seen, False) == len(shipping)
    assert not seen.any()
    for j in range(n):
        parts = sum(path[d, COLUMN] >= 0 and path[d, NODE_FIELDS + n + j] > 0 for d in range(1, depth + 1))
        assert parts_so_far(n, j, depth, path) == parts


@pytest.mark.parametrize("seed", range(200))
def test_whether_units_fit(seed: int) -> None:
    rng = random.Random(seed)
    lines, kind, spare = drawn_lines(rng), rng.randrange(3), rng.randint(0, 6)
    n, shared = lines.shape[1], rng.randint(0, 2)
    units, stock = [rng.randint(0, 3) for _ in range(n)], [[rng.randint(0, 5) for _ in range(2)] for _ in range(2)]
    fits = (1, sum(u > 0 for u in units), sum(units))[kind] <= spare
    for k in range(shared):
        fits &= sum(u for u, item in zip(units, lines[SHARED].tolist(), strict=True) if item == k) <= stock[k][1]
    assert units_fit(1, kind, spare, lines, np.array(units), shared, np.array(stock)) == fits
