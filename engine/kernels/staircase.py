"""A carrier's price as a staircase over a linear part, never above the price itself: what bounds of long orders stand on.

Every price row charges P(w) ≥ rate · w + step price of w. Step prices ascend with the weight, also where the carrier's own
do not: each is the least from there on. The weight of a line is what it adds to the billable weight at the least.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.kernels.partition import NEVER
from engine.kernels.tariffs import PPM, shipment_micros, weigh, weigh_price

STEPS_MAX = 160
"""Steps of one row, enough for a price a pound up to the 150 of the great carriers; what lies beyond is one step more, at the
least it can cost."""

SLOPES_MAX = 6
"""Lines below a staircase: flat, and along the edges of its lower hull."""

Ints = NDArray[np.int64]


@kernel
def billable_parts(n: int, divisor: int, grams: Ints, volume_mm3: Ints, out: Ints) -> int:
    """out[j] = grams[j], or ⌊mm³ ÷ divisor⌋ where the order is billed by volume; returns ⌈the whole order's⌉.

    Billable weight is the larger of both sums, so either sum of parts lies below it.
    """
    all_grams = 0
    all_volume = 0
    for j in range(n):
        all_grams += grams[j]
        all_volume += volume_mm3[j]
    by_volume = divisor > 0 and all_volume // max(divisor, 1) > all_grams
    for j in range(n):
        out[j] = volume_mm3[j] // max(divisor, 1) if by_volume else grams[j]
    billable: int = all_grams
    return max(billable, (all_volume + divisor - 1) // divisor) if divisor > 0 else billable


@kernel
def least_rate(zone: int, weight_ppm: int, start: Ints, per_kg: Ints) -> int:
    """Weighted micros per gram that every weight break charges at the least, rounded down."""
    least = NEVER
    for b in range(start[zone], start[zone + 1]):
        least = min(least, per_kg[b])
    if least >= NEVER or least > PPM * PPM:
        return 0
    rate: int = weigh(least // 1000, weight_ppm)
    return rate


@kernel
def price_steps(
    heaviest: int, zone: int, divisor: int, package_grams_max: int, weight_ppm: int, rate: int, start: Ints,
    max_grams: Ints, price: Ints, per_kg: Ints, limit: Ints, step: Ints,
) -> tuple[int, bool]:  # fmt: skip
    """limit[i], step[i] = the weight up to which a step holds, and its price; for shipments of up to `heaviest` grams.

    Returns the number of steps (0: no weight can ship) and whether the staircase is the price itself, one step for all.
    limit and step [STEPS_MAX + 1]. Within a break the price rises by `rate` a gram at the least, so that what it charges
    above is least at its first gram.
    """
    if zone < 0:
        limit[0], step[0] = heaviest, 0
        return 1, True
    count = 0
    lower = 0
    full = 0
    exact = True
    cheapest = NEVER
    for b in range(start[zone], start[zone + 1]):
        cheapest = min(cheapest, price[b])
    each = shipment_micros(package_grams_max, 0, zone, 0, package_grams_max, start, max_grams, price, per_kg)
    while lower <= heaviest and count < STEPS_MAX:
        for b in range(start[zone], start[zone + 1] + 1):
            last = b == start[zone + 1]
            upper = full * package_grams_max + (package_grams_max if last else min(max_grams[b], package_grams_max))
            if upper < lower or lower > heaviest or count == STEPS_MAX:
                continue
            raw = shipment_micros(lower, 0, zone, 0, package_grams_max, start, max_grams, price, per_kg)
            weighted = weigh_price(raw, weight_ppm)
            limit[count] = min(upper, heaviest)
            step[count] = weighted - rate * lower if weighted < NEVER else NEVER
            exact &= weighted < NEVER and weighted == step[0] and (last or per_kg[b] == 0)
            lower = upper + 1
            count += 1
        if lower <= (full + 1) * package_grams_max:
            # The steps have run out within a package.
            break
        full += 1
        if each >= NEVER // (full + 1):
            lower = heaviest + 1
    if lower <= heaviest:
        # Whatever is heavier has so many full packages at the least, and a last one.
        beyond = weigh_price(full * each + cheapest, weight_ppm)
        limit[count] = heaviest
        step[count] = max(0, beyond - rate * heaviest) if beyond < NEVER else NEVER
        exact = False
        count += 1
    return merge_steps(count, limit, step), exact


@kernel
def merge_steps(count: int, limit: Ints, step: Ints) -> int:
    """Let prices ascend from step to step, drop what never ships, join steps of one price; returns how many remain."""
    for i in range(count - 2, -1, -1):
        step[i] = min(step[i], step[i + 1])
    kept = 0
    for i in range(count):
        if step[i] >= NEVER:
            break
        if kept > 0 and step[kept - 1] == step[i]:
            limit[kept - 1] = limit[i]
        else:
            limit[kept], step[kept] = limit[i], step[i]
            kept += 1
    return kept


@kernel
def slopes_below(count: int, limit: Ints, step: Ints, slope: Ints, base: Ints) -> int:
    """base[s] + slope[s] · w ≤ step price of every w: flat first, then along the lower hull; returns how many lines.

    slope, base [SLOPES_MAX], slopes whole and ascending.
    """
    slope[0], base[0] = 0, step[0]
    lines = 1
    at = 0
    while at < count - 1 and lines < SLOPES_MAX:
        nearest = at + 1
        for i in range(at + 2, count):
            # Doubles only choose where the line goes; that it lies below is reckoned in integers.
            rise, best = float(step[i] - step[at]), float(step[nearest] - step[at])
            if rise * float(limit[nearest] - limit[at]) <= best * float(limit[i] - limit[at]):
                nearest = i
        steep = (step[nearest] - step[at]) // (limit[nearest] - limit[at])
        if steep > slope[lines - 1] and steep <= NEVER // 4 // max(limit[count - 1], 1):
            lowest = NEVER
            for i in range(count):
                lowest = min(lowest, step[i] - steep * limit[i])
            slope[lines], base[lines] = steep, lowest
            lines += 1
        at = nearest
    return lines
