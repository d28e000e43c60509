"""A network of any size for measurements: locations on a square, items by popularity, stock by the million rows.

The map is a square of 1,000 by 1,000 kilometres around 50° N, 10° E. Everything follows from the seed.
"""

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import LocationKind
from engine.network.records import (
    CarrierService,
    Inventory,
    Item,
    Location,
    Network,
    NetworkRecords,
    Policy,
    PostalArea,
    Tariff,
    Zone,
)

DC_SHARE = 0.02
POPULARITY_EXPONENT = -0.8
QUANTITY_MEAN = 8.0
AREAS_PER_SIDE = 10

_SIDE_DEGREES = (9.0, 14.0)
_CORNER = (45.5, 3.0)
_BAND_METERS = (150_000, 400_000, 800_000, 2_000_000)
_WEIGHT_BREAKS_GRAMS = (1_000, 5_000, 10_000, 30_000)


def large_network(locations: int, items: int, positions: int, seed: int) -> NetworkRecords:
    """A network of so many locations, items and inventory rows.

    One location in fifty is a DC, the rest are stores. An item's rows are in proportion to rank^−0.8, at most one a
    location; quantities are geometric with mean 8. `positions` at most `locations` × `items`.
    """
    if not (1 <= locations <= 10**6 and 1 <= items <= 10**8 and 0 <= positions <= locations * items):
        raise ValueError("large_network: positions must fit in locations × items, and each be in range")
    rng = np.random.default_rng(seed)
    return NetworkRecords(
        network=Network("large", "EUR", "DE", "Europe/Berlin"),
        locations=_locations(locations, rng),
        calendars=(),
        items=_items(items, rng),
        carrier_services=(
            CarrierService("GROUND", "STANDARD", pickup_minute=18 * 60, max_package_grams=30_000),
            CarrierService("AIR", "EXPRESS", pickup_minute=20 * 60, max_package_grams=30_000),
        ),
        zones=_zones(),
        tariffs=_tariffs(),
        policies=(Policy("default", split_micros=1_500_000),),
        inventory=_inventory(locations, items, positions, rng),
        postal_areas=_postal_areas(),
    )


def _locations(location_count: int, rng: np.random.Generator) -> tuple[Location, ...]:
    dc_count = max(1, round(location_count * DC_SHARE))
    latitudes, longitudes = (_CORNER[axis] + _SIDE_DEGREES[axis] * rng.random(location_count) for axis in (0, 1))
    return tuple(
        Location(
            f"L{index:06d}",
            LocationKind.DC if index < dc_count else LocationKind.STORE,
            _postal_code(latitude, longitude),
            "DE",
            latitude,
            longitude,
            "Europe/Berlin",
            cutoff_minute=20 * 60 if index < dc_count else 16 * 60,
            pick_cost_micros=300_000 if index < dc_count else 700_000,
            pack_cost_micros=600_000 if index < dc_count else 900_000,
            pickup=index >= dc_count,
        )
        for index, (latitude, longitude) in enumerate(
            zip(latitudes.round(5).tolist(), longitudes.round(5).tolist(), strict=True)
        )
    )


def _items(item_count: int, rng: np.random.Generator) -> tuple[Item, ...]:
    weights = np.minimum(rng.lognormal(6.5, 0.8, item_count), 25_000).astype(np.int64) + 10
    values = (rng.lognormal(3.2, 0.7, item_count) * 100).astype(np.int64) * 10_000 + 990_000
    return tuple(
        Item(f"I{index:08d}", weight_grams=weight, value_micros=value)
        for index, (weight, value) in enumerate(zip(weights.tolist(), values.tolist(), strict=True))
    )


def _inventory(location_count: int, item_count: int, position_count: int, rng: np.random.Generator) -> Inventory:
    """Rows of an item: a run of locations from a random start in a random stride, so none comes twice."""
    row_counts = _row_counts(location_count, item_count, position_count)
    item_index = np.repeat(np.arange(item_count, dtype=np.int32), row_counts)
    starts = np.cumsum(row_counts) - row_counts
    step = np.arange(position_count, dtype=np.int64) - np.repeat(starts, row_counts)
    coprimes = np.flatnonzero(np.gcd(np.arange(location_count + 1), location_count) == 1)
    stride = rng.choice(coprimes, item_count)
    origin = rng.integers(0, location_count, item_count)
    location = (np.repeat(origin, row_counts) + step * np.repeat(stride, row_counts)) % location_count
    order = np.argsort(item_index.astype(np.int64) * location_count + location, kind="stable")
    return Inventory(
        item_index,
        location[order].astype(np.int32),
        rng.geometric(1 / (QUANTITY_MEAN + 1), position_count) - 1,
        np.zeros(position_count, np.int32),
        np.ones(position_count, np.bool_),
    )


def _row_counts(location_count: int, item_count: int, position_count: int) -> NDArray[np.int64]:
    """How many locations hold each item: in proportion to popularity, at most all; the sum is exact."""
    popularity = np.arange(1, item_count + 1, dtype=np.float64) ** POPULARITY_EXPONENT
    # The factor is found by halving: with it, shares capped at every location add up to the rows wanted.
    low, high = 0.0, location_count / popularity[-1]
    for _ in range(100):
        middle = (low + high) / 2
        if np.minimum(popularity * middle, location_count).sum() < position_count:
            low = middle
        else:
            high = middle
    counts = np.minimum(np.floor(popularity * low), location_count).astype(np.int64)
    while (lacking := position_count - int(counts.sum())) > 0:
        open_items = np.flatnonzero(counts < location_count)[:lacking]
        counts[open_items] += 1
    return counts


def _postal_code(latitude: float, longitude: float) -> str:
    """Two digits for one of 10 × 10 fields of the map, three for the place within it."""
    row, column = (
        min(AREAS_PER_SIDE - 1, int((value - corner) / side * AREAS_PER_SIDE))
        for value, corner, side in zip((latitude, longitude), _CORNER, _SIDE_DEGREES, strict=True)
    )
    return f"{row}{column}{int(longitude * 1000) % 1000:03d}"


def _postal_areas() -> tuple[PostalArea, ...]:
    height, width = (side / AREAS_PER_SIDE for side in _SIDE_DEGREES)
    return tuple(
        PostalArea(
            "DE",
            f"{row}{column}000",
            f"{row}{column}999",
            round(_CORNER[0] + (row + 0.5) * height, 5),
            round(_CORNER[1] + (column + 0.5) * width, 5),
        )
        for row in range(AREAS_PER_SIDE)
        for column in range(AREAS_PER_SIDE)
    )


def _zones() -> tuple[Zone, ...]:
    ground = tuple(
        Zone("GROUND", "DE", str(band), 1 + band // 2, max_distance_meters=meters)
        for band, meters in enumerate(_BAND_METERS, start=1)
    )
    return (*ground, Zone("AIR", "DE", "1", 1))


def _tariffs() -> tuple[Tariff, ...]:
    ground = tuple(
        Tariff("GROUND", str(band), grams, 3_200_000 + 400_000 * band + 900_000 * step)
        for band in range(1, len(_BAND_METERS) + 1)
        for step, grams in enumerate(_WEIGHT_BREAKS_GRAMS)
    )
    air = tuple(Tariff("AIR", "1", grams, 9_900_000 + 2_000_000 * step) for step, grams in enumerate(_WEIGHT_BREAKS_GRAMS))
    return (*ground, *air)
