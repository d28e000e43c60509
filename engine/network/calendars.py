"""Calendars and time zones as arrays: which local minutes a day is open, and which UTC minute a local minute is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from engine.network.records import MINUTES_PER_DAY, CalendarDay

CLOSED = -1
HOLIDAYS = "holidays"
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_HOLIDAY_YEARS_MAX = 4096
_ZONES_MAX = 1024
# 1970-01-01 was a Thursday, the fourth of WEEKDAYS.
_EPOCH_WEEKDAY = 3


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The UTC offsets of one time zone over a span of days, each from the local minute at which it starts to count."""

    from_minute: NDArray[np.int64]
    offset_minutes: NDArray[np.int64]

    def utc_minutes(self, local_minutes: NDArray[np.int64]) -> NDArray[np.int64]:
        """UTC minutes of local minutes since 1970: in a gap forward by its length, ambiguous ones the first."""
        index = np.searchsorted(self.from_minute, local_minutes, side="right") - 1
        return local_minutes - self.offset_minutes[index]


@lru_cache(maxsize=_ZONES_MAX)
def time_zone(key: str) -> ZoneInfo:
    """The time zone of an IANA name, by the rules of the pinned `tzdata` package, so that every machine has the same.

    Raises `zoneinfo.ZoneInfoNotFoundError` when neither the package nor the machine knows it.
    """
    known = ZoneInfo(key)
    file = files("tzdata").joinpath("zoneinfo", *key.split("/"))
    if not file.is_file():
        return known
    with file.open("rb") as stream:
        return ZoneInfo.from_file(stream, key=key)


def local_time(zone: ZoneInfo, first_day: int, day_count: int) -> LocalTime:
    """The offsets of `zone` that hold from two days before `first_day` to two days after the last (days since 1970).

    Offsets are looked up at each UTC midnight, and the minute of a change found by bisection between two of them.
    """
    midnights = [day * MINUTES_PER_DAY for day in range(first_day - 2, first_day + day_count + 3)]
    offset = _offset_minutes(zone, midnights[0])
    from_minute, offsets = [midnights[0] - 2 * MINUTES_PER_DAY], [offset]
    for before, after in pairwise(midnights):
        if _offset_minutes(zone, after) == offset:
            continue
        change = _change_minute(zone, before, after)
        previous, offset = offset, _offset_minutes(zone, after)
        # Clocks set forward: from the old time that does not exist any more. Set back: from the end of the hour
        # that comes twice. Either way the old offset counts up to here.
        from_minute.append(change + max(previous, offset))
        offsets.append(offset)
    return LocalTime(np.array(from_minute, np.int64), np.array(offsets, np.int64))


def open_minutes(
    rows: Sequence[CalendarDay] | None, first_day: int, day_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(open, close) local minutes of one calendar on each day from `first_day` (since 1970); `CLOSED` where closed.

    None is always open, 00:00–24:00. A date row counts before a holidays row, that before a weekday row; a day no row
    names is closed. The loader refuses two rows for one day; here the last counts.
    """
    if rows is None:
        return np.zeros(day_count, np.int64), np.full(day_count, MINUTES_PER_DAY, np.int64)
    opens, closes = np.full(day_count, CLOSED, np.int64), np.full(day_count, CLOSED, np.int64)
    weekday = (np.arange(first_day, first_day + day_count) + _EPOCH_WEEKDAY) % 7
    weekdays = [(weekday == WEEKDAYS.index(row.day), row) for row in rows if row.day in WEEKDAYS]
    holiday = [(_holiday_mask(row, first_day, day_count), row) for row in rows if row.day == HOLIDAYS]
    dates = [(_date_mask(row, first_day, day_count), row) for row in rows if row.day not in (*WEEKDAYS, HOLIDAYS)]
    for mask, row in weekdays + holiday + dates:
        opens[mask], closes[mask] = _hours(row)
    return opens, closes


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def _hours(row: CalendarDay) -> tuple[int, int]:
    """(open, close) of a row; a holidays row closes whatever hours it states."""
    if row.day == HOLIDAYS or row.open_minute is None or row.close_minute is None:
        return CLOSED, CLOSED
    return row.open_minute, row.close_minute


def _date_mask(row: CalendarDay, first_day: int, day_count: int) -> NDArray[np.bool_]:
    mask = np.zeros(day_count, np.bool_)
    day = day_number(date.fromisoformat(row.day)) - first_day
    if 0 <= day < day_count:
        mask[day] = True
    return mask


def _holiday_mask(row: CalendarDay, first_day: int, day_count: int) -> NDArray[np.bool_]:
    mask = np.zeros(day_count, np.bool_)
    first_year = date.fromordinal(first_day + _EPOCH_ORDINAL).year
    last_year = date.fromordinal(first_day + day_count - 1 + _EPOCH_ORDINAL).year
    for year in range(first_year, last_year + 1):
        for day in _holidays(row.country_code, year):
            if first_day <= day < first_day + day_count:
                mask[day - first_day] = True
    return mask


@lru_cache(maxsize=_HOLIDAY_YEARS_MAX)
def _holidays(country_code: str, year: int) -> tuple[int, ...]:
    """The public holidays of a country in a year, as days since 1970."""
    return tuple(sorted(day_number(day) for day in holidays.country_holidays(country_code, years=year)))


def _offset_minutes(zone: ZoneInfo, minute: int) -> int:
    offset = (_EPOCH + timedelta(minutes=minute)).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(minutes=1)


def _change_minute(zone: ZoneInfo, before: int, after: int) -> int:
    """The first minute after `before` that has not its offset any more."""
    offset = _offset_minutes(zone, before)
    low, high = before, after
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_minutes(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high
