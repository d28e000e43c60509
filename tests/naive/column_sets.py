"""Sets of columns where weight costs nothing: every line from the cheapest member, each set priced anew."""

from typing import NamedTuple


class Prices(NamedTuple):
    """Of each column what it costs to open, its location and its lines; of each line what it costs short."""

    opening: list[int]
    location: list[int]
    handling: list[list[int]]
    short: list[int]


def cost_of_set(prices: Prices, members: list[int]) -> int | None:
    """None where a location stands in it twice."""
    if len({prices.location[c] for c in members}) < len(members):
        return None
    lines = sum(min([short, *(prices.handling[c][j] for c in members)]) for j, short in enumerate(prices.short))
    return sum(prices.opening[c] for c in members) + lines


def improved(prices: Prices, members: list[int], most: int, offered: list[int]) -> list[int]:
    """At one place after the other, one more included: out with it, or the cheapest offered column in, while cheaper."""
    changed = True
    while changed:
        changed = False
        at = 0
        while at <= len(members) and at < most:
            now = cost_of_set(prices, members)
            assert now is not None, "a set with a location twice has no cost"
            best, chosen = now, -1
            for c in offered:
                cost = cost_of_set(prices, [*members[:at], c, *members[at + 1 :]])
                if cost is not None and cost < best:
                    best, chosen = cost, c
            if at < len(members) and len(members) > 1:
                dropped = list(members)
                dropped[at] = dropped[-1]
                dropped.pop()
                cost = cost_of_set(prices, dropped)
                if cost is not None and cost < best:
                    members, changed = dropped, True
                    continue
            if chosen >= 0:
                members, changed = [*members[:at], chosen, *members[at + 1 :]], True
            at += 1
    return members
