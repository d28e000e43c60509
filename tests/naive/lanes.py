"""Zones and tariffs by trying every row."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from engine.network.records import Tariff, Zone


def holds(lower: str, upper: str, code: str) -> bool:
    return lower <= code[: len(lower)] and code[: len(upper)] <= upper


def width(lower: str, upper: str) -> int:
    """How many codes of six letters and digits lie in a range."""
    return int((upper + "ZZZZZZ")[:6], 36) - int((lower + "000000")[:6], 36)


def zone_row(zones: Sequence[Zone], service: str, location: str, country: str, code: str, distance_meters: int) -> Zone | None:
    """The most specific row that matches."""
    matching = []
    for place, row in enumerate(zones):
        lower, upper = row.destination_postal_from or "", row.destination_postal_to or ""
        if (
            row.carrier_service_id == service
            and row.destination_country == country
            and row.origin_location_id in (None, location)
            and holds(lower, upper, code)
            and (row.max_distance_meters is None or distance_meters <= row.max_distance_meters)
        ):
            band = float("inf") if row.max_distance_meters is None else row.max_distance_meters
            matching.append((row.origin_location_id is None, width(lower, upper), band, lower, upper, place, row))
    return min(matching)[-1] if matching else None


def price_micros(tariffs: Sequence[Tariff], service: str, zone: str, grams: int) -> int:
    """−1 when no row reaches the weight."""
    rows = [row for row in tariffs if (row.carrier_service_id, row.zone) == (service, zone)]
    for row in sorted(rows, key=lambda row: row.max_weight_grams):
        if grams <= row.max_weight_grams:
            return row.price_micros + ceil(Fraction(row.per_kg_micros * grams, 1000))
    return -1
