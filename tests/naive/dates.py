"""The dates of one order, worked out the slow way: wall clocks from `datetime`, processing minute by minute, days one
by one. Shares no code with the engine but the records it reads. None stands for never.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import holidays

from engine.network.records import CalendarDay

Calendar = tuple[CalendarDay, ...] | None
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """A location, as far as dates go."""

    zone: str
    calendar: Calendar
    cutoff_minute: int
    processing_minutes: int


@dataclass(frozen=True)
class Carrier:
    """A carrier service, as far as dates go."""

    pickup_minute: int
    pickup_calendar: Calendar
    delivery_calendar: Calendar


@dataclass(frozen=True)
class Days:
    """The days that are known: from the first to the last, both included."""

    first: date
    last: date


@cache
def zone_of(key: str) -> ZoneInfo:
    """The time zone by the rules of the `tzdata` package: those of the machine may be of another year."""
    with resources.files("tzdata").joinpath("zoneinfo", *key.split("/")).open("rb") as stream:
        return ZoneInfo.from_file(stream, key)


@cache
def _country(code: str) -> holidays.HolidayBase:
    return holidays.country_holidays(code)


@lru_cache(2**16)
def wall_hours(calendar: Calendar, day: date) -> tuple[int, int] | None:
    if calendar is None:
        return 0, 1440
    hours = None
    for row in calendar:
        if row.day == ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")[day.weekday()]:
            hours = row.open_minute, row.close_minute
    for row in calendar:
        if row.day == "holidays" and day in _country(row.country_code):
            hours = None
    for row in calendar:
        if row.day == day.isoformat():
            hours = row.open_minute, row.close_minute
    return None if hours is None or hours[0] is None or hours[1] is None else (hours[0], hours[1])


@lru_cache(2**16)
def instant(zone: str, day: date, minute: int) -> int:
    """UTC minute of a wall time, kept within its day."""

    def utc(on: date, minutes: int) -> int:
        wall = datetime(on.year, on.month, on.day) + timedelta(minutes=minutes)  # noqa: DTZ001
        return int(wall.replace(tzinfo=zone_of(zone)).timestamp()) // 60

    return max(utc(day, 0), min(utc(day, minute), utc(day + ONE_DAY, 0)))


@lru_cache(2**16)
def hours(zone: str, calendar: Calendar, day: date) -> tuple[int, int] | None:
    wall = wall_hours(calendar, day)
    if wall is None:
        return None
    opens, closes = instant(zone, day, wall[0]), instant(zone, day, wall[1])
    return (opens, closes) if opens < closes else None


def wall_date(minute: int, zone: str) -> date:
    return datetime.fromtimestamp(minute * 60, UTC).astimezone(zone_of(zone)).date()


def ready(start: int, place: Place, days: Days) -> int | None:
    day = wall_date(start, place.zone)
    if start > instant(place.zone, day, place.cutoff_minute):
        day += ONE_DAY
    left = place.processing_minutes
    while day <= days.last:
        open_hours = hours(place.zone, place.calendar, day)
        if open_hours is not None:
            minute = max(start, open_hours[0])
            while left > 0 and minute < open_hours[1]:
                minute += 1
                left -= 1
            if left == 0 and minute <= open_hours[1]:
                return minute
        day += ONE_DAY
    return None


def handover(start: int, place: Place, carrier: Carrier, days: Days) -> tuple[int, date] | None:
    at = ready(start, place, days)
    if at is None:
        return None
    day = max(wall_date(at, place.zone) - 3 * ONE_DAY, days.first)
    while day <= days.last:
        if hours(place.zone, place.calendar, day) and wall_hours(carrier.pickup_calendar, day):
            pickup = instant(place.zone, day, carrier.pickup_minute)
            if pickup >= at:
                return pickup, day
        day += ONE_DAY
    return None


def delivery(handed: tuple[int, date] | None, transit: int, carrier: Carrier, zone: str, days: Days) -> tuple | None:
    if handed is None or transit < 0:
        return None
    minute, day = handed
    left = transit
    if left == 0 and hours(zone, carrier.delivery_calendar, day) is None:
        left = 1
    while left > 0:
        day += ONE_DAY
        if day > days.last:
            return None
        if hours(zone, carrier.delivery_calendar, day) is not None:
            left -= 1
    window = hours(zone, carrier.delivery_calendar, day)
    while window is None or window[1] < minute:
        day += ONE_DAY
        if day > days.last:
            return None
        window = hours(zone, carrier.delivery_calendar, day)
    return max(minute, window[0]), window[1]
