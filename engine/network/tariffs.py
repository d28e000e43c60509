"""Carrier tariffs: what a package costs by service, zone and billable weight."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel
from engine.network.columns import frozen
from engine.network.records import Tariff, Zone

NO_PRICE = -1
_GRAMS_PER_KG = 1000


class TariffTables(NamedTuple):
    """Tariff breaks of all (service, zone) pairs, one after the other; those of zone z are start[z] up to start[z + 1].

    Breaks of a zone go up in `max_grams`; money is in micros.
    """

    start: NDArray[np.int64]  # [Z + 1]
    max_grams: NDArray[np.int64]
    price_micros: NDArray[np.int64]
    per_kg_micros: NDArray[np.int64]


@kernel
def billable_grams(weight_grams: int, volume_mm3: int, dimensional_divisor: int) -> int:
    """max(weight, ⌈volume ÷ divisor⌉): the weight a carrier bills; a divisor of 0 bills the weight.

    A divisor is stated in cm³ per kg (5000 is usual), which is the same number of mm³ per gram.
    """
    if dimensional_divisor == 0:
        return weight_grams
    return max(weight_grams, -(-volume_mm3 // dimensional_divisor))


@kernel
def tariff_price(
    grams: int,
    zone: int,
    start: NDArray[np.int64],
    max_grams: NDArray[np.int64],
    price_micros: NDArray[np.int64],
    per_kg_micros: NDArray[np.int64],
) -> int:
    """price + ⌈per_kg · grams ÷ 1000⌉ micros of the first break with grams ≤ max; −1 beyond the last, or zone −1."""
    if zone < 0:
        return NO_PRICE
    for row in range(start[zone], start[zone + 1]):
        if grams <= max_grams[row]:
            per_kg: int = per_kg_micros[row]
            # Whole kilos and the rest apart, so that the product stays far from the end of int64.
            rest = -(-(grams % _GRAMS_PER_KG * per_kg) // _GRAMS_PER_KG)
            price: int = price_micros[row] + grams // _GRAMS_PER_KG * per_kg + rest
            return price
    return NO_PRICE


def zone_numbers(
    zones: Iterable[Zone], tariffs: Iterable[Tariff], service_index: Mapping[str, int]
) -> dict[tuple[int, str], int]:
    """The number of each distinct (service index, zone) pair named by `zones` or `tariffs`, in sorted order."""
    pairs = {(service_index[row.carrier_service_id], row.zone) for row in zones}
    pairs |= {(service_index[row.carrier_service_id], row.zone) for row in tariffs}
    return {pair: number for number, pair in enumerate(sorted(pairs))}


def compile_tariffs(
    tariffs: Iterable[Tariff], numbers: Mapping[tuple[int, str], int], service_index: Mapping[str, int]
) -> TariffTables:
    """The breaks of each zone, by weight; a zone without a tariff has none, so no price."""
    rows: dict[int, list[Tariff]] = defaultdict(list)
    for row in tariffs:
        rows[numbers[service_index[row.carrier_service_id], row.zone]].append(row)
    start = np.zeros(len(numbers) + 1, np.int64)
    for number, breaks in rows.items():
        start[number + 1] = len(breaks)
    ordered = [row for number in sorted(rows) for row in sorted(rows[number], key=lambda row: row.max_weight_grams)]
    return TariffTables(
        start=frozen(np.cumsum(start)),
        max_grams=frozen(np.array([row.max_weight_grams for row in ordered], np.int64)),
        price_micros=frozen(np.array([row.price_micros for row in ordered], np.int64)),
        per_kg_micros=frozen(np.array([row.per_kg_micros for row in ordered], np.int64)),
    )
