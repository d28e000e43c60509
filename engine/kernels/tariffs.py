"""What a carrier charges for a shipment, and how a policy weighs a cost: exact integers throughout."""

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel
from engine.kernels.partition import NEVER

PPM = 1_000_000
"""A weight of 1 in the policy, in parts per million."""

FLAT_PRICE_MAX = 2**36
FLAT_PACKAGES_MAX = 2**20
"""A million packages at 68,000 of the currency each are added up as they are: the sum stays below NEVER."""

Ints = NDArray[np.int64]


@inlined_kernel
def weigh(raw_micros: int, weight_ppm: int) -> int:
    """weighted = ⌊raw × weight⌋, split so that 10^12 micros times a weight of 1,000 stays within int64."""
    return (raw_micros // PPM) * weight_ppm + (raw_micros % PPM) * weight_ppm // PPM


@inlined_kernel
def weigh_price(raw_micros: int, weight_ppm: int) -> int:
    """`weigh`, but NEVER stays NEVER, and so does what would pass it."""
    if raw_micros >= NEVER or (weight_ppm > PPM and raw_micros // PPM >= NEVER // weight_ppm):
        return NEVER
    return raw_micros if weight_ppm == PPM else weigh(raw_micros, weight_ppm)


@inlined_kernel
def tariff_micros(grams: int, zone: int, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints) -> int:
    """price + ⌈per_kg × grams ÷ 1000⌉ of the first weight break that holds `grams`; NEVER beyond the last.

    start [zones + 1] points into the breaks of each zone, which ascend by max_grams.
    """
    for row in range(start[zone], start[zone + 1]):
        if grams <= max_grams[row]:
            micros: int = price[row]
            if per_kg[row] == 0:
                return micros
            kilos = grams // 1000
            if per_kg[row] >= NEVER // (kilos + 1):
                return NEVER
            # Whole kilos and the rest apart, so that the product stays within int64.
            micros += kilos * per_kg[row] + (grams % 1000 * per_kg[row] + 999) // 1000
            return min(micros, NEVER)
    return NEVER


@inlined_kernel
def is_steady(zone: int, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints) -> bool:
    """Whether the carrier never charges less for more weight, as a weight break with a lower price per kg may."""
    steady = True
    for row in range(start[zone], start[zone + 1] - 1):
        limit = max_grams[row]
        steady &= tariff_micros(limit, zone, start, max_grams, price, per_kg) <= tariff_micros(
            limit + 1, zone, start, max_grams, price, per_kg
        )
    return steady


@inlined_kernel
def shipment_micros(
    grams: int, volume_mm3: int, zone: int, divisor: int, package_grams_max: int, start: Ints, max_grams: Ints,
    price: Ints, per_kg: Ints,
) -> int:  # fmt: skip
    """Price of one shipment by billable weight = max(grams, ⌈mm³ ÷ divisor⌉), in full packages and a last one.

    divisor: cm³ per kg (0: actual weight only), which is mm³ per gram. Without a carrier (zone −1) it is free.
    """
    billable = grams
    if divisor > 0:
        billable = max(billable, (volume_mm3 + divisor - 1) // divisor)
    full = 0
    if billable > package_grams_max:
        full = (billable - 1) // package_grams_max
    # Both looked up in any case: tables used under a condition cost atomic counts of references.
    each = tariff_micros(min(billable, package_grams_max), max(zone, 0), start, max_grams, price, per_kg)
    last = tariff_micros(billable - full * package_grams_max, max(zone, 0), start, max_grams, price, per_kg)
    if zone < 0:
        return 0
    if each >= NEVER // (full + 1):
        return NEVER
    return min(full * each + last, NEVER)


@inlined_kernel
def price_subsets(
    size: int, rows: int, first: int, zone: Ints, divisor: Ints, package_grams_max: Ints, weight_ppm: int, grams: Ints,
    volume_mm3: Ints, start: Ints, max_grams: Ints, price: Ints, per_kg: Ints, step: Ints, full: Ints, out: Ints,
) -> None:  # fmt: skip
    """out[row, S] = weighted shipment price of subset S < size in the zone of price row `first` + row.

    grams and volume_mm3 [≥ size]. Rows of one carrier mostly share their weight breaks: which break holds a subset is
    then looked up once. step and full [≥ size] are scratch.
    """
    before = -1
    plain = False
    for row in range(rows):
        r = first + row
        z, d, most = zone[r], divisor[r], package_grams_max[r]
        out[row, 0] = 0
        if z < 0:
            out[row, :size] = 0
            continue
        if before < 0 or d != divisor[before] or most != package_grams_max[before] \
                or not same_breaks(z, zone[before], start, max_grams):  # fmt: skip
            plain = find_breaks(size, d, most, grams, volume_mm3, start[z], start[z + 1], max_grams, out[row], step, full)
            out[row, 0] = 0
            before = r
        each = tariff_micros(most, z, start, max_grams, price, per_kg)
        flat = each < NEVER and has_flat_prices(z, start, price, per_kg)
        if flat and plain and weight_ppm == PPM:
            # As below, without a branch; nearly all orders are of this kind.
            tariff = price[start[z] :]
            for s in range(1, size):
                out[row, s] = tariff[np.uint64(step[s])] + full[s] * each
            continue
        for s in range(1, size):
            if flat and step[s] >= 0:
                raw = price[start[z] + step[s]]
                if full[s] > 0:
                    raw += full[s] * each
            else:
                raw = shipment_micros(grams[s], volume_mm3[s], z, d, most, start, max_grams, price, per_kg)
            out[row, s] = weigh_price(raw, weight_ppm)


@inlined_kernel
def same_breaks(zone: int, other: int, start: Ints, max_grams: Ints) -> bool:
    """Whether two zones have weight breaks at the same grams."""
    count = start[zone + 1] - start[zone]
    if start[other + 1] - start[other] != count:
        return False
    for b in range(count):
        if max_grams[start[zone] + b] != max_grams[start[other] + b]:
            return False
    return True


@inlined_kernel
def has_flat_prices(zone: int, start: Ints, price: Ints, per_kg: Ints) -> bool:
    """Whether no weight break has a price per kg, and none a price whose sums over many packages could leave int64."""
    for row in range(start[zone], start[zone + 1]):
        if per_kg[row] != 0 or price[row] >= FLAT_PRICE_MAX:
            return False
    return True


@inlined_kernel
def find_breaks(
    size: int, divisor: int, package_grams_max: int, grams: Ints, volume_mm3: Ints, begin: int, end: int,
    max_grams: Ints, last: Ints, step: Ints, full: Ints,
) -> bool:  # fmt: skip
    """full[S], step[S] = full packages before the last one, and which of the breaks begin … end holds that one.

    step is −1 where there is none, or so many packages that only `shipment_micros` adds them up safely; returns whether it
    is nowhere. last [≥ size] is scratch: what the last package weighs.
    """
    heaviest = np.int64(0)
    for s in range(1, size):
        last[s] = grams[s]
        full[s] = 0
        step[s] = 0
    if divisor > 0:
        for s in range(1, size):
            last[s] = max(last[s], (volume_mm3[s] + divisor - 1) // divisor)
    for s in range(1, size):
        heaviest = max(heaviest, last[s])
    if heaviest > package_grams_max:
        fill_packages(size, package_grams_max, last, full)
    # Counting without a branch: weights are random, so that a search would guess wrong at every subset.
    for b in range(begin, end):
        limit = max_grams[b]
        for s in range(1, size):
            step[s] += last[s] > limit
    plain = True
    for s in range(1, size):
        safe = (step[s] < end - begin) & (full[s] < FLAT_PACKAGES_MAX)
        step[s] = step[s] if safe else -1
        plain &= safe
    return plain


@inlined_kernel
def fill_packages(size: int, package_grams_max: int, last: Ints, full: Ints) -> None:
    """full[S] = packages of the most grams before the last one, ⌊(grams − 1) ÷ most⌋, and last[S] what then is left.

    By the reciprocal, put right by one where it was rounded: a division takes longer than all else here.
    """
    each = 1.0 / package_grams_max
    for s in range(1, size):
        before = max(last[s] - 1, 0)
        packages = np.int64(before * each)
        if packages >= FLAT_PACKAGES_MAX:
            packages = before // package_grams_max
        packages -= packages * package_grams_max > before
        packages += (packages + 1) * package_grams_max <= before
        full[s] = packages
        last[s] -= packages * package_grams_max
