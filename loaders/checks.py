"""What no cell shows alone: keys given twice, ids that nobody has, and rows that contradict themselves or each other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.network.records import AvailabilityRule, CalendarDay, Item, PostalArea, Transfer, Zone
from loaders.columns import Column
from loaders.errors import ERRORS_PER_FILE_MAX, ErrorLog, Fault, nearest
from loaders.kinds import IDENTIFIER, MICROS_MAX
from loaders.kinds_of_time import HOLIDAYS
from loaders.postal import is_ordered
from loaders.sheet import Cells, Sheet

# What is wrong with a record: its column, the reason and what was expected.
Finding = tuple[str, Fault, str]

_KEY_MAX = 2**62
# What a rule may decide, by its field, as its column is named.
_DECIDED = {
    "available": "available", "safety_stock": "safety_stock", "buffer_quantity": "buffer_quantity",
    "buffer_ppm": "buffer_percent", "inbound": "inbound", "pickup_reserve": "pickup_reserve",
}  # fmt: skip
SUGGESTED_IDS_MAX, SUGGESTIONS_MAX = 20_000, 50
"""Of more ids than that it would take too long to find the nearest, and of more names that are not among them."""


def check_keys(sheet: Sheet, log: ErrorLog) -> None:
    """Log every row whose key stood in an earlier row, whatever else is wrong with the two."""
    is_whole = np.ones(sheet.row_count, np.bool_)
    for column in sheet.table.columns:
        if column.name in sheet.table.key:
            cells = sheet.cells[column.name]
            is_unread = np.array([value is None for value in cells.values[:-1]] + [column.required], np.bool_)
            is_whole &= ~is_unread[cells.codes]
    rows = np.flatnonzero(is_whole)
    keys = _row_keys(sheet, rows)
    if np.all(keys[1:] > keys[:-1]):
        return
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    is_repeat = np.concatenate(([False], keys[1:] == keys[:-1]))
    head = np.maximum.accumulate(np.where(is_repeat, 0, np.arange(len(order))))
    _log_repeats(sheet, rows[order[is_repeat]], rows[order[head[is_repeat]]], log)


def check_references(sheets: Mapping[str, Sheet], log: ErrorLog) -> None:
    """Log every cell that names an id its file does not have. A file that could not be read is not held against it."""
    ids_by_stem = {stem: _ids(sheet) for stem, sheet in sheets.items() if _has_ids(sheet)}
    for sheet in sheets.values():
        for column in sheet.table.columns:
            if column.refers_to in ids_by_stem:
                _check_references_of(sheet, column, ids_by_stem[column.refers_to], log)


def _check_references_of(sheet: Sheet, column: Column, ids: set[str], log: ErrorLog) -> None:
    cells = sheet.cells[column.name]
    lacking = [[name for name in _names(value) if name not in ids] for value in cells.values]
    rows = np.flatnonzero(np.array([bool(names) for names in lacking], np.bool_)[cells.codes])
    if column.suggests:
        known = sorted(ids)
        for n, code in enumerate(np.unique(cells.codes[rows]).tolist()):
            near = nearest(cells.values[code], known) if len(known) <= SUGGESTED_IDS_MAX and n < SUGGESTIONS_MAX else ""
            expected = f"an id that {column.refers_to} has{near}"
            sheet.log_rows(log, rows[cells.codes[rows] == code], column.name, Fault.UNKNOWN_REFERENCE, expected)
        return
    if column.kind is IDENTIFIER:
        sheet.log_rows(log, rows, column.name, Fault.UNKNOWN_REFERENCE, f"an id that {column.refers_to} has")
        return
    for row in rows:
        absent = ", ".join(lacking[cells.codes[row]])
        expected = f"ids that {column.refers_to} has; not there: {absent}"
        sheet.log_rows(log, np.array([row]), column.name, Fault.UNKNOWN_REFERENCE, expected)


def check_records(sheet: Sheet, records: Sequence[Any], log: ErrorLog) -> None:
    """Log every record that contradicts itself. `records` are those of the sheet's good rows, in order."""
    check = _CHECK_BY_STEM.get(sheet.table.stem)
    if check is None:
        return
    for row, record in zip(sheet.good_rows(), records, strict=True):
        for column, reason, expected in check(record):
            sheet.log_rows(log, np.array([row]), column, reason, expected)


def check_kits(sheet: Sheet, items: Sequence[Item], log: ErrorLog) -> None:
    """Log every kit that is, through its components, part of itself."""
    components = {item.item_id: [name for name, _ in item.components] for item in items if item.components}
    for row, item in zip(sheet.good_rows(), items, strict=True):
        if item.components and _reaches_itself(item.item_id, components):
            expected = "components that do not hold the kit itself"
            sheet.log_rows(log, np.array([row]), "components", Fault.CONTRADICTION, expected)


def _row_keys(sheet: Sheet, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number a row, equal where the keys are equal and ascending where they ascend."""
    keys = np.zeros(len(rows), np.int64)
    key_count = 1
    for name in sheet.table.key:
        ranks, rank_count = _ranks(sheet.cells[name])
        if key_count * rank_count > _KEY_MAX:
            distinct, keys = np.unique(keys, return_inverse=True)
            key_count = len(distinct)
        keys = keys * rank_count + ranks[sheet.cells[name].codes[rows]]
        key_count *= rank_count
    return keys


def _log_repeats(sheet: Sheet, rows: NDArray[np.int64], first_rows: NDArray[np.int64], log: ErrorLog) -> None:
    names = [name for name in sheet.table.key if name not in sheet.absent] or list(sheet.table.key)
    first_numbers = sheet.row_numbers(first_rows[:ERRORS_PER_FILE_MAX]).tolist()
    for row, first in zip(rows.tolist(), first_numbers, strict=False):
        expected = f"each {' + '.join(names)} once; row {first} has it"
        sheet.log_rows(log, np.array([row]), names[0], Fault.DUPLICATE, expected)
    log.count_unkept(sheet.file, names[0], Fault.DUPLICATE, len(rows) - len(first_numbers))


def _ranks(cells: Cells) -> tuple[NDArray[np.int64], int]:
    """The rank of each code's value among the distinct values, ascending; so a sorted file has ascending keys."""
    present = sorted({value for value in cells.values if value is not None})
    rank_by_value = {value: rank for rank, value in enumerate([None, *present])}
    return np.array([rank_by_value[value] for value in cells.values], np.int64), len(rank_by_value)


def _has_ids(sheet: Sheet) -> bool:
    """Whether the file has its id column, so that what is not in it is unknown."""
    return sheet.table.key[0] not in sheet.absent or sheet.row_count == 0


def _ids(sheet: Sheet) -> set[str]:
    """All ids of a file, those of rows with other bad cells too, so that one bad cell is one error."""
    return {value for value in sheet.cells[sheet.table.key[0]].values if value is not None}


def _names(value: Any) -> list[str]:
    """The ids in a cell: one, several, or several with quantities."""
    if not value:
        return []
    return [value] if isinstance(value, str) else [part if isinstance(part, str) else part[0] for part in value]


def _reaches_itself(item_id: str, components: Mapping[str, list[str]]) -> bool:
    waiting, seen = list(components[item_id]), set()
    while waiting:
        name = waiting.pop()
        if name == item_id:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(components.get(name, ()))
    return False


def _check_postal_area(area: PostalArea) -> list[Finding]:
    return _check_range(area.postal_from, area.postal_to, "postal_to")


def _check_calendar_day(day: CalendarDay) -> list[Finding]:
    if day.day == HOLIDAYS:
        if day.open_minute is None and day.close_minute is None:
            return []
        given = "close" if day.open_minute is None else "open"
        return [(given, Fault.CONTRADICTION, f"neither open nor close: {HOLIDAYS} closes")]
    if day.country_code:
        return [("country_code", Fault.CONTRADICTION, f"a country only where day is {HOLIDAYS}")]
    if (day.open_minute is None) != (day.close_minute is None):
        lacking = "open" if day.open_minute is None else "close"
        return [(lacking, Fault.CONTRADICTION, "open and close, or neither for a closed day")]
    if day.open_minute is not None and day.close_minute is not None and day.close_minute <= day.open_minute:
        return [("close", Fault.CONTRADICTION, "a time after open")]
    return []


def _check_item(item: Item) -> list[Finding]:
    if item.item_id in item.substitutes:
        return [("substitutes", Fault.CONTRADICTION, "other items than the item itself")]
    if item.duty_micros > MICROS_MAX:
        expected = f"a duty of at most {MICROS_MAX} micros a unit; of its value_micros this is more"
        return [("duty_ppm", Fault.CONTRADICTION, expected)]
    return []


def _check_zone(zone: Zone) -> list[Finding]:
    low, high = zone.destination_postal_from, zone.destination_postal_to
    if low is None or high is None:
        if low == high:
            return []
        lacking = "destination_postal_from" if low is None else "destination_postal_to"
        return [(lacking, Fault.CONTRADICTION, "both ends of the postal range, or neither")]
    return _check_range(low, high, "destination_postal_to")


def _check_transfer(transfer: Transfer) -> list[Finding]:
    if transfer.from_location_id == transfer.to_location_id:
        return [("to_location_id", Fault.CONTRADICTION, "another location than from_location_id")]
    if transfer.transit_days == 0 and 0 < transfer.arrival_minute < transfer.departure_minute:
        return [("arrival", Fault.CONTRADICTION, "a time not before departure where transit_days is 0")]
    return []


def _check_availability_rule(rule: AvailabilityRule) -> list[Finding]:
    decides = {name: getattr(rule, name) for name in _DECIDED}
    given = [name for name, value in decides.items() if value is not None]
    found: list[Finding] = []
    if not given:
        found.append(("available", Fault.CONTRADICTION, f"at least one of {', '.join(_DECIDED.values())}"))
    if rule.available is False and len(given) > 1:
        found.append((_DECIDED[given[1]], Fault.CONTRADICTION, "nothing more where available is false"))
    if rule.item_id is not None and rule.item_class is not None:
        found.append(("item_class", Fault.CONTRADICTION, "item_id or item_class, not both"))
    if rule.location_id is not None and (rule.location_group is not None or rule.country_code is not None):
        column = "location_group" if rule.location_group is not None else "country_code"
        found.append((column, Fault.CONTRADICTION, "location_id alone, or location_group and country_code"))
    first, last = rule.from_moment, rule.until_moment
    # A date and an instant are compared in the time zone of the network, by the lint.
    if first is not None and last is not None and len(first) == len(last) and last < first:
        found.append(("until", Fault.CONTRADICTION, f"a moment not before from, {first}"))
    return found


def _check_range(postal_from: str, postal_to: str, column: str) -> list[Finding]:
    return [] if is_ordered(postal_from, postal_to) else [(column, Fault.CONTRADICTION, f"at least {postal_from}")]


_CHECK_BY_STEM: dict[str, Callable[[Any], list[Finding]]] = {
    "postal_areas": _check_postal_area,
    "calendars": _check_calendar_day,
    "items": _check_item,
    "availability_rules": _check_availability_rule,
    "zones": _check_zone,
    "transfers": _check_transfer,
}
