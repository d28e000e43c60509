"""A small hand-made network for tests: two Dutch warehouses and a store in New York, two carrier services."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.domain.enums import LocationKind
from engine.network.records import (
    CalendarDay,
    CarrierService,
    Inventory,
    InventoryPrices,
    Item,
    Location,
    Network,
    NetworkRecords,
    PostalArea,
    Tariff,
    Zone,
)

WORKDAYS = ("MON", "TUE", "WED", "THU", "FRI")


def inventory(rows: int = 0) -> Inventory:
    index = np.zeros(rows, np.int32)
    return Inventory(index, index, np.ones(rows, np.int64), index, np.ones(rows, np.bool_))


def prices(rows: Sequence[tuple[int, int, int, int]]) -> InventoryPrices:
    """Of (item, location, stock-out, markdown): indexes, and micros."""
    item, location, stock_out, markdown = np.array(rows, np.int64).reshape(-1, 4).T
    return InventoryPrices(item.astype(np.int32), location.astype(np.int32), stock_out.copy(), markdown.copy())


def weekly(calendar_id: str, open_minute: int, close_minute: int, days: tuple[str, ...] = WORKDAYS) -> list[CalendarDay]:
    return [CalendarDay(calendar_id, day, open_minute, close_minute) for day in days]


def small_records(**changes: Any) -> NetworkRecords:
    """The network, with some of its files replaced."""
    records = NetworkRecords(
        network=Network("small", "EUR", "NL", "Europe/Amsterdam", horizon_days=30),
        locations=(
            Location("ams", LocationKind.DC, "1012 AB", "NL", 52.3731, 4.8922, "Europe/Amsterdam"),
            Location("ehv", LocationKind.DC, "5611", "NL", 51.4392, 5.4789, "Europe/Amsterdam"),
            Location("nyc", LocationKind.STORE, "10001", "US", 40.7506, -73.9972, "America/New_York", pickup=True),
        ),
        calendars=(),
        items=(Item("bolt"), Item("lamp", item_class="light")),
        carrier_services=(CarrierService("air", "EXPRESS"), CarrierService("post", "STANDARD")),
        zones=(Zone("post", "NL", "home", 1), Zone("post", "US", "abroad", 9), Zone("air", "US", "fly", 2)),
        tariffs=(Tariff("post", "home", 10_000, 4_950_000), Tariff("post", "abroad", 10_000, 14_950_000)),
        policies=(),
        inventory=inventory(),
        postal_areas=(PostalArea("NL", "1011", "1019", 52.37, 4.90), PostalArea("US", "100", "102", 40.78, -73.97)),
    )
    return replace(records, **changes)
