"""Lower bounds of one order: what its lines and its shipments cost at the least, however they are divided.

A line's cost is concave in what of it ships (once per line, then per unit; the rest is short), so its least lies at all or
nothing; a shipment costs at least its fixed part and the cheapest package.
"""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.partition import NEVER
from engine.kernels.tariffs import weigh_price

Ints = NDArray[np.int64]

QUANTITY_BITS = 31


@inlined_kernel
def within(per_unit: int, quantity: int, most: int) -> bool:
    """Whether per_unit × quantity ≤ most, without the product; quantity is positive and below 2^QUANTITY_BITS."""
    # Most are small enough for any quantity: the division is for the rest.
    return per_unit <= most >> QUANTITY_BITS or per_unit <= most // quantity


@inlined_kernel
def product(per_unit: int, quantity: int) -> int:
    """per_unit × quantity, at most NEVER; quantity is positive and below 2^QUANTITY_BITS."""
    return per_unit * quantity if within(per_unit, quantity, NEVER) else NEVER


@inlined_kernel
def least_row_prices(zone: Ints, weight_ppm: int, start: Ints, price: Ints, out: Ints) -> None:
    """out[row] = the least a carrier charges in the row's zone, whatever the weight; 0 without a carrier (zone −1)."""
    for row in range(zone.shape[0]):
        out[row] = 0
        if zone[row] >= 0:
            least = NEVER
            for at in range(start[zone[row]], start[zone[row] + 1]):
                least = min(least, price[at])
            out[row] = weigh_price(least, weight_ppm)


@kernel
def line_bounds(
    quantity: Ints, short: Ints, most: Ints, allowed: NDArray[np.bool_], line_micros: Ints, unit_micros: Ints,
    least: Ints, divided_extra: Ints,
) -> None:  # fmt: skip
    """least[j] = what line j costs at the least, shipped from anywhere or short.

    divided_extra[j] = what it costs above that at the least when a part of it ships and a part is short; NEVER where it
    must stay whole. short per unit; most: locations it may be divided over; allowed, line_micros [n, c].
    """
    for j in range(quantity.shape[0]):
        line = NEVER
        unit = NEVER
        for c in range(unit_micros.shape[0]):
            if allowed[j, c]:
                line = min(line, line_micros[j, c])
                unit = min(unit, unit_micros[c])
        q = quantity[j]
        least[j] = product(short[j], q)
        divided_extra[j] = NEVER
        if line < NEVER:
            least[j] = min(least[j], line + product(unit, q))
            if most[j] > 1 and q > 1:
                one_ships = line + unit + product(short[j], q - 1)
                one_short = line + product(unit, q - 1) + short[j]
                divided_extra[j] = min(one_ships, one_short) - least[j]


@inlined_kernel
def divided_bound(
    split: int, location: Ints, fixed: Ints, price_row: Ints, row_price: Ints, least: Ints, divided_extra: Ints
) -> int:
    """Every plan that divides a line costs this at least: it ships from two locations, or from one with a part short.

    fixed [c] holds the split penalty `split`, charged but once less than there are shipments.
    """
    first = NEVER
    second = NEVER
    nearest = -1
    for c in range(location.shape[0]):
        cost = fixed[c] + row_price[price_row[c]]
        if cost < first:
            if location[c] != nearest:
                second = first
                nearest = location[c]
            first = cost
        elif location[c] != nearest and cost < second:
            second = cost
    lines = 0
    extra = NEVER
    for j in range(least.shape[0]):
        lines += least[j]
        extra = min(extra, divided_extra[j])
    return lines + first - split + min(second, extra)
