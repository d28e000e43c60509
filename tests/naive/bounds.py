"""What a line and a shipment cost at the least, by trying every quantity and every pair."""

from itertools import permutations


def line_costs(quantity: int, short: int, line: list[int], unit: list[int]) -> list[int]:
    """What shipping x of the units costs at the least, for x = 0 … quantity: the cheapest line and the cheapest unit."""
    costs = [quantity * short]
    if line:
        costs += [min(line) + min(unit) * x + short * (quantity - x) for x in range(1, quantity + 1)]
    return costs


def two_openings(location: list[int], cost: list[int]) -> int | None:
    """The cheapest two columns of different locations."""
    pairs = [cost[a] + cost[b] for a, b in permutations(range(len(cost)), 2) if location[a] != location[b]]
    return min(pairs, default=None)
