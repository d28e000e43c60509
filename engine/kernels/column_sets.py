"""Plans whose carrier prices know no weight are sets of columns: every line comes from the cheapest. Add, drop, swap."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.long_order import FIXED, LOCATION, ROW, SHORT, LongOrder
from engine.kernels.partition import NEVER

Ints = NDArray[np.int64]


@kernel
def set_cost(t: LongOrder, k: int, members: Ints) -> int:
    """Σ (fixed + carrier) + Σ over lines of the least handling among k columns, or short; NEVER for one location twice."""
    cost = 0
    for a in range(k):
        cost += t.columns[FIXED, members[a]] + t.base[t.columns[ROW, members[a]], 0]
        for b in range(a):
            if t.columns[LOCATION, members[a]] == t.columns[LOCATION, members[b]]:
                return NEVER
    for j in range(t.lines.shape[1]):
        least = t.lines[SHORT, j]
        for a in range(k):
            least = min(least, t.handling[members[a], j])
        cost += least
    return cost


@kernel
def improve_set(
    t: LongOrder, k: int, most: int, members: Ints, count: int, offered: Ints, rest: Ints
) -> tuple[int, int]:  # fmt: skip
    """Change members [≥ most + 1] by one column at a time while that is cheaper; returns how many there are, and the cost.

    offered [≥ count]: columns that may come in. At each place, one more included, the cheapest of all: nothing, or an
    offered column. rest [n] is scratch: what lines cost without the place.
    """
    cost = set_cost(t, k, members)
    changed = True
    while changed:
        changed = False
        at = 0
        while at <= k and at < most:
            others = cost_without(t, k, members, at, rest)
            least, chosen = cost, -1
            for i in range(count):
                c = offered[i]
                swapped = others + t.columns[FIXED, c] + t.base[t.columns[ROW, c], 0]
                for j in range(rest.shape[0]):
                    swapped += min(rest[j], t.handling[c, j])
                if swapped < least and not stands_with(t, k, members, at, c):
                    least, chosen = swapped, c
            if at < k and k > 1:
                for j in range(rest.shape[0]):
                    others += rest[j]
                if others < least:
                    members[at] = members[k - 1]
                    k -= 1
                    cost = others
                    changed = True
                    continue
            if chosen >= 0:
                members[at] = chosen
                k = max(k, at + 1)
                cost = least
                changed = True
            at += 1
    return k, cost


@kernel
def cost_without(t: LongOrder, k: int, members: Ints, at: int, rest: Ints) -> int:
    """rest[j] = what line j costs without the member at a place; returns what the other members cost to open."""
    opening = 0
    for j in range(rest.shape[0]):
        rest[j] = t.lines[SHORT, j]
    for a in range(k):
        c = members[a]
        if a != at:
            opening += t.columns[FIXED, c] + t.base[t.columns[ROW, c], 0]
            for j in range(rest.shape[0]):
                rest[j] = min(rest[j], t.handling[c, j])
    return opening


@kernel
def stands_with(t: LongOrder, k: int, members: Ints, at: int, c: int) -> bool:
    """Whether another member ships from the location of column c."""
    for a in range(k):
        if a != at and t.columns[LOCATION, members[a]] == t.columns[LOCATION, c]:
            return True
    return False
