"""The version of a network: a hash of its content, whatever the order of its rows."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from engine.network.records import NetworkRecords

# Live stock is no part of the network, and the names of the files say nothing of their content.
_LEFT_OUT = ("inventory", "receipts", "sources")
# Many millions of rows, as columns: see `_prices`.
_COLUMNAR = "inventory_prices"
# The first policy that fits counts, so their order is content.
_ORDERED = ("policies",)
# Rows alike in these count in the order of the file, so that order stays between them; other rows are sorted as wholes.
_ALIKE = {
    "calendars": ("calendar_id", "day"),
    "postal_areas": ("country_code", "postal_from", "postal_to"),
    "zones": (
        "carrier_service_id",
        "destination_country",
        "origin_location_id",
        "destination_postal_from",
        "destination_postal_to",
        "max_distance_meters",
    ),
    "tariffs": ("carrier_service_id", "zone", "max_weight_grams"),
}


def network_version(records: NetworkRecords) -> str:
    """SHA-256, 64 hex digits, of all records but inventory and receipts; equal for equal rows in another order.

    Each file counts by its name, its fields and its rows as JSON arrays, so that an added column changes the version; prices
    of inventory count column by column.
    """
    digest = hashlib.sha256()
    for file in fields(records):
        if file.name in _LEFT_OUT:
            continue
        value = getattr(records, file.name)
        if file.name == _COLUMNAR:
            digest.update(orjson.dumps([file.name, len(value.item_index), _names((value,))]))
            for column in _prices(records):
                digest.update(column.astype("<i8").tobytes())
            continue
        rows = value if isinstance(value, tuple) else (value,)
        digest.update(orjson.dumps([file.name, len(rows), _names(rows)]))
        for line in _canonical(file.name, rows):
            digest.update(line)
            digest.update(b"\n")
    return digest.hexdigest()


def _prices(records: NetworkRecords) -> tuple[NDArray[np.int64], ...]:
    """The columns of `inventory_prices`, ordered by the ids of items and locations, for which their ranks stand."""
    prices = records.inventory_prices
    if not len(prices.item_index):
        return ()
    item = _ranks([item.item_id for item in records.items])[prices.item_index]
    location = _ranks([location.location_id for location in records.locations])[prices.location_index]
    key = item * len(records.locations) + location
    columns = key, prices.stock_out_micros, prices.markdown_micros
    if np.all(key[1:] > key[:-1]):
        return columns
    order = np.argsort(key, kind="stable")
    return tuple(column[order] for column in columns)


def _ranks(ids: Sequence[str]) -> NDArray[np.int64]:
    """The place of each id among all of them in ascending order."""
    ranks = np.empty(len(ids), np.int64)
    ranks[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return ranks


def _canonical(file: str, rows: Sequence[Any]) -> Iterable[bytes]:
    if not rows:
        return ()
    whole = attrgetter(*_names(rows))
    lines = [orjson.dumps(whole(row)) for row in rows]
    if file in _ORDERED:
        return lines
    if file not in _ALIKE:
        return sorted(lines)
    alike = attrgetter(*_ALIKE[file])
    keys = [orjson.dumps(alike(row)) for row in rows]
    return [line for _, line in sorted(zip(keys, lines, strict=True), key=lambda pair: pair[0])]


def _names(rows: Sequence[Any]) -> list[str]:
    return [field.name for field in fields(rows[0])] if rows else []
