"""Records as columns: read-only arrays of what the kernels need, and numbers for what records name."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import CapacityUnit, LocationStatus
from engine.network.records import CarrierService, Item, Location

UNLIMITED = 1 << 62
CAPACITY_UNITS = (CapacityUnit.ORDERS, CapacityUnit.LINES, CapacityUnit.UNITS)

Key = TypeVar("Key", bound=Hashable)
Scalar = TypeVar("Scalar", bound=np.generic)


def frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """The array, contiguous and read-only."""
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array


def distinct(values: Iterable[Key]) -> tuple[tuple[Key, ...], NDArray[np.int64]]:
    """(the distinct values in first-seen order, the number of each value among them)."""
    numbers: dict[Key, int] = {}
    index = _int64s(numbers.setdefault(value, len(numbers)) for value in values)
    return tuple(numbers), index


def index_of(keys: Iterable[Key]) -> Mapping[Key, int]:
    """The place of each key, as a mapping that cannot be changed."""
    return MappingProxyType({key: place for place, key in enumerate(keys)})


def location_columns(locations: Sequence[Location]) -> dict[str, NDArray[Any]]:
    """The columns of locations, [L] each, by their name in the image."""
    return {
        "pick_cost_micros": _int64s(row.pick_cost_micros for row in locations),
        "unit_cost_micros": _int64s(row.unit_cost_micros for row in locations),
        "pack_cost_micros": _int64s(row.pack_cost_micros for row in locations),
        "performance_micros": _int64s(row.performance_micros for row in locations),
        "decline_ppm": _int64s(row.decline_ppm for row in locations),
        "priority": _int64s(row.priority for row in locations),
        "active": _bools(row.status is LocationStatus.ACTIVE for row in locations),
        "ships": _bools(row.ships for row in locations),
        "pickup": _bools(row.pickup for row in locations),
        "capacity_per_day": _int64s(_or(row.capacity_per_day, UNLIMITED) for row in locations),
        "capacity_unit": _int64s(CAPACITY_UNITS.index(row.capacity_unit) for row in locations),
    }


def item_columns(items: Sequence[Item]) -> dict[str, NDArray[Any]]:
    """The columns of items, [I] each, by their name in the image."""
    return {
        "weight_grams": _int64s(row.weight_grams for row in items),
        "length_mm": _int64s(row.length_mm for row in items),
        "width_mm": _int64s(row.width_mm for row in items),
        "height_mm": _int64s(row.height_mm for row in items),
        "volume_mm3": _int64s(row.length_mm * row.width_mm * row.height_mm for row in items),
        "value_micros": _int64s(row.value_micros for row in items),
        "duty_micros": _int64s(row.duty_micros for row in items),
        "hazmat": _bools(row.hazmat for row in items),
        "ship_alone": _bools(row.ship_alone for row in items),
    }


def service_columns(services: Sequence[CarrierService]) -> dict[str, NDArray[Any]]:
    """The columns of carrier services, [S] each, by their name in the image."""
    return {
        "max_package_grams": _int64s(_or(row.max_package_grams, UNLIMITED) for row in services),
        "dimensional_divisor": _int64s(_or(row.dimensional_divisor, 0) for row in services),
        "co2_grams_per_tonne_km": _int64s(row.co2_grams_per_tonne_km for row in services),
    }


def _int64s(values: Iterable[int]) -> NDArray[np.int64]:
    return frozen(np.fromiter(values, np.int64))


def _bools(values: Iterable[bool]) -> NDArray[np.bool_]:
    return frozen(np.fromiter(values, np.bool_))


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
