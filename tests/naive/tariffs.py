"""What a carrier charges, package by package. None stands for never. Shares no code with the engine."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple


class Break(NamedTuple):
    """A weight break."""

    max_grams: int
    price_micros: int
    per_kg_micros: int


def package_micros(grams: int, breaks: Sequence[Break]) -> int | None:
    """The first break that holds the package."""
    for limit, price, per_kg in breaks:
        if grams <= limit:
            return price + ceil(Fraction(per_kg * grams, 1000))
    return None


def shipment_micros(grams: int, volume_mm3: int, divisor: int, package_grams_max: int, breaks: Sequence[Break]) -> int | None:
    """Fill one package after the other until all is packed; even nothing needs one."""
    left = max(grams, ceil(Fraction(volume_mm3, divisor)) if divisor else 0)
    total = 0
    while True:
        packed = min(left, package_grams_max)
        price = package_micros(packed, breaks)
        if price is None:
            return None
        total += price
        left -= packed
        if left == 0:
            return total


def weigh(raw_micros: int, weight_ppm: int) -> int:
    """Whole millions and the rest apart, each rounded down."""
    millions, rest = divmod(raw_micros, 1_000_000)
    return millions * weight_ppm + floor(Fraction(rest * weight_ppm, 1_000_000))
