"""What a policy charges for carbon, a day's capacity and declines: integers, rounded down once, the same for plan and proof."""

import numpy as np

from engine.kernels.assign import MICROS_MAX
from engine.kernels.entries import UNLIMITED
from engine.optimizer.problem import Ints

GRAM_METERS_PER_KG = 10**12
"""grams · meters · grams of CO2e per tonne and km, by kg of CO2e: a tonne is 10⁶ grams, a km 10³ meters, a kg 10³ grams."""

PPM = 1_000_000


def carbon_micros(grams: int, meters: int, co2_grams_per_tonne_km: int, micros_per_kg: int) -> int:
    """⌊grams × meters × g/tkm × price ÷ 10¹²⌋: the carbon price of one unit. Per unit, so that units add up however divided."""
    return grams * meters * co2_grams_per_tonne_km * micros_per_kg // GRAM_METERS_PER_KG


def carbon_table(grams: Ints, meters: Ints, co2_grams_per_tonne_km: Ints, micros_per_kg: int) -> Ints:
    """[n, c]: `carbon_micros` of a unit of each line on each column; MICROS_MAX + 1 where it is more than that.

    grams [n]; meters and co2_grams_per_tonne_km [c].
    """
    rate = meters * co2_grams_per_tonne_km
    if int(grams.max(initial=0)) * int(rate.max(initial=0)) * micros_per_kg < 2**63:
        table: Ints = grams[:, None] * rate * micros_per_kg // GRAM_METERS_PER_KG
        return table
    exact = grams.astype(object)[:, None] * rate.astype(object) * micros_per_kg // GRAM_METERS_PER_KG
    least: Ints = np.minimum(exact, MICROS_MAX + 1).astype(np.int64)
    return least


def capacity_micros(price_micros: int, used: int, limit: int) -> int:
    """⌊price × share of the day used already⌋, the share in whole parts per million; 0 where there is no limit."""
    if limit >= UNLIMITED or limit <= 0:
        return 0
    return price_micros * (min(max(used, 0), limit) * PPM // limit) // PPM


def capacity_table(price_micros: int, left: Ints, limit: Ints) -> Ints:
    """[c]: `capacity_micros` of columns with `left` of `limit`."""
    is_limited = (limit > 0) & (limit < UNLIMITED)
    of = np.where(is_limited, limit, 1)
    used = np.where(is_limited, np.clip(of - left, 0, of), 0)
    micros: Ints = price_micros * (used * PPM // of) // PPM
    return micros


def decline_micros(price_micros: int, decline_ppm: int) -> int:
    """⌊price × share of lines that the location declines⌋: the price of one line's risk."""
    return price_micros * decline_ppm // PPM


def decline_table(price_micros: int, decline_ppm: Ints) -> Ints:
    """[L]: `decline_micros` of each location; no share is above a million, so that a price within int64 stays there."""
    micros: Ints = price_micros // PPM * decline_ppm + price_micros % PPM * decline_ppm // PPM
    return micros
