"""Records from parsed rows: what a row leaves empty is completed from the network, its location or the postal areas."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import LocationKind, StockStatus
from engine.network.records import CalendarDay, Inventory, InventoryPrices, Location, Network, Receipt
from loaders.errors import ErrorLog, Fault
from loaders.kinds_of_time import HOLIDAYS
from loaders.postal import PostalAreas
from loaders.sheet import Sheet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COORDINATES_EXPECTED = "latitude and longitude, or a postal area that holds the location's country and postal code"


def build_records(sheet: Sheet) -> list[Any]:
    """One record for each row that could be read, in the file's order."""
    return _construct(sheet.table.record, _field_values(sheet))


def build_calendar_days(sheet: Sheet, network: Network) -> list[CalendarDay]:
    """`holidays` may name its country in the cell (``holidays NL``), in its column, or mean the network's."""
    by_field = _field_values(sheet)
    for row, day in enumerate(by_field["day"]):
        if day.startswith(HOLIDAYS):
            by_field["day"][row] = HOLIDAYS
            by_field["country_code"][row] = day[len(HOLIDAYS) + 1 :] or by_field["country_code"][row] or network.country_code
    return _construct(CalendarDay, by_field)


def build_locations(sheet: Sheet, network: Network, areas: PostalAreas, log: ErrorLog) -> list[Location]:
    """Country and time zone from the network, coordinates from the postal areas, pickup true for stores."""
    by_field = _field_values(sheet)
    by_field["country_code"] = [country or network.country_code for country in by_field["country_code"]]
    by_field["time_zone"] = [zone or network.time_zone for zone in by_field["time_zone"]]
    by_field["pickup"] = [
        kind == LocationKind.STORE if pickup is None else pickup
        for kind, pickup in zip(by_field["kind"], by_field["pickup"], strict=True)
    ]
    _complete_coordinates(sheet, by_field, areas, log)
    return _construct(Location, by_field)


def build_receipts(sheet: Sheet, locations: Sequence[Location], network: Network) -> list[Receipt]:
    """Dates become the start of that local day at the location; the delay is added; minutes are UTC."""
    zone_by_location = {location.location_id: location.time_zone for location in locations}
    by_field = _field_values(sheet)
    minutes = []
    for moment, delay, location_id in zip(
        by_field["available_at_minute"], sheet.values("delay_days"), by_field["location_id"], strict=True
    ):
        zone = zone_by_location.get(location_id, network.time_zone)
        minutes.append(utc_minute(moment, delay, "" if isinstance(moment, datetime) else zone))
    by_field["available_at_minute"] = minutes
    return _construct(Receipt, by_field)


def build_inventory(sheet: Sheet, item_ids: Sequence[str], location_ids: Sequence[str]) -> Inventory:
    """Columns of a sheet without errors, ordered by item, location and pool. `item_ids`, `location_ids` ascending."""
    assert not sheet.bad.any()
    pools = ("", *sorted({pool for pool in sheet.cells["pool"].values if pool}))
    item_index = _indexes(sheet, "item_id", item_ids)
    location_index = _indexes(sheet, "location_id", location_ids)
    pool_index = _indexes(sheet, "pool", pools)
    quantity = _taken(sheet, "quantity", lambda value: value or 0, np.int64)
    sellable = _taken(sheet, "status", lambda value: value == StockStatus.AVAILABLE, np.bool_)
    key = (item_index.astype(np.int64) * len(location_ids) + location_index) * len(pools) + pool_index
    if np.all(key[1:] > key[:-1]):
        return Inventory(item_index, location_index, quantity, pool_index, sellable, pools)
    order = np.argsort(key, kind="stable")
    return Inventory(item_index[order], location_index[order], quantity[order], pool_index[order], sellable[order], pools)


def build_inventory_prices(sheet: Sheet, item_ids: Sequence[str], location_ids: Sequence[str]) -> InventoryPrices:
    """Columns of a sheet without errors, ordered by item and location. `item_ids`, `location_ids` ascending."""
    assert not sheet.bad.any()
    item_index, location_index = _indexes(sheet, "item_id", item_ids), _indexes(sheet, "location_id", location_ids)
    names = "stock_out_micros", "markdown_micros"
    micros = (_taken(sheet, name, lambda value: value or 0, np.int64) for name in names)
    columns = item_index, location_index, *micros
    key = item_index.astype(np.int64) * len(location_ids) + location_index
    if not np.all(key[1:] > key[:-1]):
        order = np.argsort(key, kind="stable")
        columns = tuple(column[order] for column in columns)
    return InventoryPrices(*columns)


def _complete_coordinates(sheet: Sheet, by_field: dict[str, list[Any]], areas: PostalAreas, log: ErrorLog) -> None:
    latitudes, longitudes = by_field["latitude"], by_field["longitude"]
    for position, row in enumerate(sheet.good_rows()):
        given = [name for name in ("latitude", "longitude") if by_field[name][position] is not None]
        if len(given) == 2:
            continue
        if len(given) == 1:
            lacking = "longitude" if given == ["latitude"] else "latitude"
            if lacking in sheet.absent:
                log.add(sheet.file, None, lacking, None, Fault.MISSING_COLUMN, "latitude and longitude, or neither")
                return
            sheet.log_rows(log, np.array([row]), lacking, Fault.CONTRADICTION, "latitude and longitude, or neither")
            continue
        country = by_field["country_code"][position]
        area = areas.find(country, by_field["postal_code"][position])
        if area is not None:
            latitudes[position], longitudes[position] = area.latitude, area.longitude
        elif country:  # without a country network.toml is at fault, and logged
            sheet.log_rows(log, np.array([row]), "postal_code", Fault.UNKNOWN_REFERENCE, COORDINATES_EXPECTED)


def _field_values(sheet: Sheet) -> dict[str, list[Any]]:
    return {column.field_name: sheet.values(column.name) for column in sheet.table.columns}


def _construct(record: Any, by_field: dict[str, list[Any]]) -> list[Any]:
    return [record(*row) for row in zip(*(by_field[f.name] for f in fields(record)), strict=True)]


@lru_cache(maxsize=65_536)
def utc_minute(moment: date | datetime, delay_days: int, time_zone: str) -> int:
    """The UTC minute from which stock is there: never earlier than stated, so seconds round up."""
    if isinstance(moment, datetime):
        instant = moment + timedelta(days=delay_days)
    else:
        local_day = moment + timedelta(days=delay_days)
        instant = datetime.combine(local_day, time.min, ZoneInfo(time_zone)).astimezone(UTC)
    return -((_EPOCH - instant) // timedelta(minutes=1))


def _indexes(sheet: Sheet, name: str, known: Sequence[str]) -> NDArray[np.int32]:
    index_by_value = {value: index for index, value in enumerate(known)}
    taken = _taken(sheet, name, lambda value: index_by_value.get(value, -1), np.int32)
    assert not len(taken) or taken.min() >= 0
    return taken


def _taken(sheet: Sheet, name: str, number: Callable[[Any], int], dtype: Any) -> NDArray[Any]:
    """`number` of each row's value, worked out once for each distinct value."""
    cells = sheet.cells[name]
    taken: NDArray[Any] = np.array([number(value) for value in cells.values], dtype)[cells.codes]
    return taken
