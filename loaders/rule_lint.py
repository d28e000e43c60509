"""Availability rules that load and still cannot mean what they say: those that nothing falls under, or that contradict."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np

from engine.network.availability import period_of_rule
from engine.network.policies import Period
from engine.network.records import AvailabilityRule, NetworkRecords
from loaders.errors import FolderWarning, nearest
from loaders.sheet import Sheet

COMPARED_MAX = 100
"""Rows alike in all but their dates that are compared with each other."""

_DATES = ("from_moment", "until_moment")
_WHERE = ("scenario_id", "item_id", "item_class", "location_id", "location_group", "country_code", "channel")
_DECIDED = tuple(each.name for each in fields(AvailabilityRule) if each.name not in (*_WHERE, *_DATES))


def lint_rules(records: NetworkRecords, sheet: Sheet, rules: Sequence[AvailabilityRule]) -> Iterator[FolderWarning]:
    """Warnings, row by row. `rules` are the records of the sheet, in the order of its rows."""
    if not rules:
        return
    known = {
        "item_class": {item.item_class for item in records.items if item.item_class},
        "location_group": {group for location in records.locations for group in location.groups},
        "country_code": {location.country_code for location in records.locations},
    }
    periods = [period_of_rule(rule, records.network.time_zone) for rule in rules]
    contradicted = dict(_contradictions(rules, periods))
    for row, (rule, period) in enumerate(zip(rules, periods, strict=True)):
        for column, names in known.items():
            name = getattr(rule, column)
            if name is not None and name not in names:
                yield _warning(
                    sheet, row, column, f"nothing falls under it: no {_OWNERS[column]} {name}{nearest(name, sorted(names))}"
                )
        if period.is_empty:
            yield _warning(sheet, row, "until", "never counts: until ends before from begins")
        if row in contradicted:
            other = int(sheet.row_numbers(np.array([contradicted[row]]))[0])
            message = f"contradicts row {other} while both are in force: then that counts which leaves less to promise"
            yield _warning(sheet, row, "from", message)


_OWNERS = {"item_class": "item is of class", "location_group": "location is in group", "country_code": "location is in"}


def _contradictions(rules: Sequence[AvailabilityRule], periods: Sequence[Period]) -> Iterable[tuple[int, int]]:
    """(row, an earlier one): alike in all but their dates, in force at once, and deciding one thing differently."""
    alike: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for row, rule in enumerate(rules):
        if rule.from_moment is not None or rule.until_moment is not None:
            alike[tuple(getattr(rule, name) for name in _WHERE)].append(row)
    for rows in alike.values():
        for at, row in enumerate(rows[:COMPARED_MAX]):
            for earlier in rows[:at]:
                if _overlap(periods[row], periods[earlier]) and _differ(rules[row], rules[earlier]):
                    yield row, earlier
                    break


def _overlap(one: Period, other: Period) -> bool:
    starts = max((each.first for each in (one, other) if each.first is not None), default=None)
    ends = min((each.end for each in (one, other) if each.end is not None), default=None)
    return starts is None or ends is None or starts < ends


def _differ(one: AvailabilityRule, other: AvailabilityRule) -> bool:
    pairs = ((getattr(one, name), getattr(other, name)) for name in _DECIDED)
    return any(a is not None and b is not None and a != b for a, b in pairs)


def _warning(sheet: Sheet, row: int, column: str, message: str) -> FolderWarning:
    return FolderWarning(sheet.file, int(sheet.row_numbers(np.array([row]))[0]), column, message)
