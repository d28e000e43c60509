"""The most that lines are worth which fit within a weight: max Σ worth so that Σ weight ≤ room, each line once or not at all.

Method: depth-first search with the bound of the relaxed problem (Horowitz & Sahni 1974).
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

Ints = NDArray[np.int64]

LINES_MAX = 62
"""Lines whose choice is told as the bits of one number."""

NO_BETTER, TOO_LONG = -1, -2
"""Instead of a choice."""


@kernel
def relaxed(first: int, count: int, room: int, worth: Ints, weight: Ints) -> int:
    """No less than the lines from `first` on are worth within `room`, the last of them in part; the best per weight first."""
    total = 0
    for k in range(first, count):
        if weight[k] > room:
            part = worth[k]
            if room == 0:
                part = 0
            elif worth[k] <= (1 << 62) // room:
                part = worth[k] * room // weight[k]
            total += part
            break
        total += worth[k]
        room -= weight[k]
    return total


@kernel
def fill_room(
    count: int, room: int, worth: Ints, weight: Ints, known: int, looks_max: int
) -> tuple[int, int]:  # fmt: skip
    """(most, which): what lines are worth that fit within `room`, more than `known`, and their bits.

    Where none are, (known, NO_BETTER). worth and weight [count ≤ LINES_MAX], the best per weight first. Where `looks_max`
    bounds do not suffice, most is a bound from above, and which is TOO_LONG.
    """
    best, which = known, NO_BETTER
    top = relaxed(0, count, room, worth, weight)
    taken, total, k, looks = 0, 0, 0, 0
    while True:
        above = total + relaxed(k, count, room, worth, weight)
        looks += 1
        if looks > looks_max:
            return top, TOO_LONG
        if above > best:
            while k < count and weight[k] <= room:
                taken |= 1 << k
                total += worth[k]
                room -= weight[k]
                k += 1
            if k < count:
                # It does not fit: go on without it.
                k += 1
                continue
            if total > best:
                best, which = total, taken
                if best == top:
                    return best, which
        # Leave out the last one taken.
        k = min(k, count) - 1
        while k >= 0 and (taken >> k) & 1 == 0:
            k -= 1
        if k < 0:
            return best, which
        taken ^= 1 << k
        total -= worth[k]
        room += weight[k]
        k += 1
