"""What a sound network folder may still get wrong: rows that nothing leads to, and what has no effect."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from engine.network.records import Item, NetworkRecords
from engine.network.segments import ring_fence
from loaders.errors import FolderWarning
from loaders.policy_lint import lint_policies
from loaders.rule_lint import lint_rules
from loaders.sheet import Sheet

NOT_OF_KITS = "has no effect: a kit is charged what its components are"


def lint_folder(
    records: NetworkRecords, sheets: Mapping[str, Sheet], rows: Mapping[str, Sequence[Any]]
) -> tuple[FolderWarning, ...]:
    """Warnings about a folder that loads, file by file. `rows` are the records of each sheet in the order of its rows."""
    return (
        *_carriers(sheets, rows),
        *_segments(records, sheets["segments"]),
        *lint_rules(records, sheets["availability_rules"], rows["availability_rules"]),
        *_duties(sheets["items"], rows["items"]),
        *_kit_prices(records, sheets["inventory_prices"]),
        *lint_policies(records.policies, records.network.time_zone, records.locations, records.items, records.inventory_prices),
    )


def _carriers(sheets: Mapping[str, Sheet], rows: Mapping[str, Sequence[Any]]) -> Iterator[FolderWarning]:
    """A shipment needs a zone of its carrier service and a tariff of that zone: one without the other serves nobody."""
    zones = _first_rows((zone.carrier_service_id, zone.zone) for zone in rows["zones"])
    tariffs = _first_rows((tariff.carrier_service_id, tariff.zone) for tariff in rows["tariffs"])
    served = {service for service, _ in zones}
    for row, service in enumerate(rows["carrier_services"]):
        if service.carrier_service_id not in served:
            message = f"{service.carrier_service_id} ships nothing: zones has no row of it"
            yield _warning(sheets["carrier_services"], row, "carrier_service_id", message)
    for (service_id, zone), row in zones.items():
        if (service_id, zone) not in tariffs:
            message = f"zone {zone} of {service_id} ships nothing: tariffs has no row of it"
            yield _warning(sheets["zones"], row, "zone", message)
    for (service_id, zone), row in tariffs.items():
        if (service_id, zone) not in zones:
            yield _warning(sheets["tariffs"], row, "zone", f"never charged: zones has no zone {zone} of {service_id}")


def _segments(records: NetworkRecords, sheet: Sheet) -> Iterator[FolderWarning]:
    for row, units in ring_fence(records).cut:
        wanted = records.segments[row].quantity
        message = f"{units} of {wanted} are ring-fenced: common stock for sale there, above safety stock, holds no more"
        yield _warning(sheet, row, "quantity", message)


def _duties(sheet: Sheet, items: Sequence[Item]) -> Iterator[FolderWarning]:
    """A duty is a share of a value: of none, it is none. A kit owes what its components do."""
    kits = [row for row, item in enumerate(items) if item.duty_ppm and item.components]
    if kits:
        yield _warning(sheet, kits[0], "duty_ppm", NOT_OF_KITS + _more(kits))
    free = [row for row, item in enumerate(items) if item.duty_ppm and not item.components and not item.value_micros]
    if free:
        yield _warning(sheet, free[0], "duty_ppm", "has no effect: value_micros is not set" + _more(free))


def _kit_prices(records: NetworkRecords, sheet: Sheet) -> Iterator[FolderWarning]:
    is_kit = np.array([bool(item.components) for item in records.items], np.bool_)
    priced = {records.items[item].item_id for item in np.unique(records.inventory_prices.item_index) if is_kit[item]}
    if priced:
        cells = sheet.cells["item_id"]
        is_priced = np.array([value in priced for value in cells.values], np.bool_)
        rows = np.flatnonzero(is_priced[cells.codes]).tolist()
        yield _warning(sheet, rows[0], "item_id", NOT_OF_KITS + _more(rows))


def _more(rows: Sequence[int]) -> str:
    return f" ({len(rows)} rows)" if len(rows) > 1 else ""


def _first_rows(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Each key with the first row that has it."""
    first: dict[tuple[str, str], int] = {}
    for row, key in enumerate(keys):
        first.setdefault(key, row)
    return first


def _warning(sheet: Sheet, row: int, column: str, message: str) -> FolderWarning:
    return FolderWarning(sheet.file, int(sheet.row_numbers(np.array([row]))[0]), column, message)
