"""Long orders the slow way: bounds by the definition, sets of columns by trying them all."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any


def column_answer(fixed: int, base: list[int], rises: list[list[int]], costs: list[int], prices: list[int]) -> int:
    """fixed + the largest over the lines below the staircase of base − Σ max(0, price − cost − rise)."""
    return fixed + max(
        start - sum(max(0, price - cost - up) for price, cost, up in zip(prices, costs, rise, strict=True))
        for start, rise in zip(base, rises, strict=True)
    )


def steps_answer(
    fixed: int, limits: list[int], steps: list[int], weights: list[int], costs: list[int], prices: list[int]
) -> int:
    """fixed + the least over sets of lines of the price of their step − Σ (price − cost)."""
    lines = [j for j, (price, cost) in enumerate(zip(prices, costs, strict=True)) if price > cost]
    answers = []
    for size in range(len(lines) + 1):
        for chosen in combinations(lines, size):
            heavy = sum(weights[j] for j in chosen)
            step = next((price for limit, price in zip(limits, steps, strict=True) if heavy <= limit), None)
            if step is not None:
                answers.append(step - sum(prices[j] - costs[j] for j in chosen))
    return fixed + min(answers)


def cheapest_answers(answers: list[tuple[int, int]], least: int, most: int) -> int | None:
    """The least sum of (location, answer), one a location, of `least` to `most` locations; None when there are too few."""
    by_location: dict[int, int] = {}
    for location, answer in answers:
        by_location[location] = min(answer, by_location.get(location, answer))
    sums = [
        sum(chosen)
        for count in range(least, min(most, len(by_location)) + 1)
        for chosen in combinations(by_location.values(), count)
    ]
    return min(sums, default=None)


def cheapest_set(fixed: list[int], location: list[int], handling: list[list[int]], short: list[int], k: int) -> int | None:
    """What the cheapest plan from exactly k columns costs, each line from the cheapest of them or short."""
    costs = [
        sum(fixed[c] for c in chosen) + sum(min([s, *(handling[c][j] for c in chosen)]) for j, s in enumerate(short))
        for chosen in combinations(range(len(fixed)), k)
        if len({location[c] for c in chosen}) == k
    ]
    return min(costs, default=None)


def bits(words: list[int], size: int) -> Iterator[int]:
    """The bits set in words of `size` bits."""
    for w, word in enumerate(words):
        yield from (w * size + i for i in range(size) if word >> i & 1)


def package_price(problem: Any, row: int, grams: int) -> int | None:
    """What the carrier charges for a weight in one price row, weighted; None where no package holds it."""
    from tests.checker import package_micros

    zone, most = int(problem.zone[row]), int(problem.package_grams_max[row])
    if zone < 0:
        return 0
    full = max(0, (grams - 1) // most)
    last = package_micros(problem, zone, grams - full * most)
    each = package_micros(problem, zone, most) if full else 0
    if last is None or each is None:
        return None
    raw, ppm = full * each + last, int(problem.carrier_weight_ppm)
    return raw // 10**6 * ppm + raw % 10**6 * ppm // 10**6
