"""Calendars and time zones as arrays."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
import pytest

from engine.network.calendars import CLOSED, day_number, local_time, open_minutes, time_zone
from engine.network.records import CalendarDay
from tests.naive.dates import zone_of
from tests.network.small_network import weekly

CHRISTMAS_WEEK = day_number(date(2026, 12, 21))  # a Monday


def test_day_numbers() -> None:
    assert day_number(date(1970, 1, 1)) == 0
    assert day_number(date(2000, 3, 1)) == 11_017


def test_no_calendar_is_always_open() -> None:
    opens, closes = open_minutes(None, CHRISTMAS_WEEK, 3)
    assert (opens.tolist(), closes.tolist()) == ([0, 0, 0], [1440, 1440, 1440])


def test_a_date_counts_before_a_holiday_and_that_before_a_weekday() -> None:
    rows = [
        CalendarDay("shop", "2026-12-26", 720, 1020),  # Boxing Day, a Saturday: open after all
        CalendarDay("shop", "2026-12-24", 540, 960),  # Thursday: closes early
        CalendarDay("shop", "holidays", None, None, "NL"),  # 25 and 26 December
        *weekly("shop", 540, 1080, ("MON", "TUE", "WED", "THU", "FRI", "SAT")),
        CalendarDay("shop", "2026-12-22", None, None),  # Tuesday: closed
    ]
    opens, closes = open_minutes(rows, CHRISTMAS_WEEK, 8)
    assert opens.tolist() == [540, CLOSED, 540, 540, CLOSED, 720, CLOSED, 540]
    assert closes.tolist() == [1080, CLOSED, 1080, 960, CLOSED, 1020, CLOSED, 1080]


def test_holidays_of_every_year_and_country_a_span_touches() -> None:
    rows = [
        *weekly("all", 0, 1440, ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")),
        CalendarDay("all", "holidays", None, None, "US"),
        CalendarDay("all", "holidays", None, None, "NL"),
    ]
    opens, _ = open_minutes(rows, day_number(date(2026, 1, 1)), 2 * 365)
    closed = [day_number(date(2026, 1, 1)) + int(day) for day in np.flatnonzero(opens == CLOSED)]
    for day in (date(2026, 4, 27), date(2026, 11, 26), date(2027, 4, 27), date(2027, 11, 25)):
        assert day_number(day) in closed  # King's Day and Thanksgiving of both years


def test_a_day_without_a_row_is_closed() -> None:
    opens, _ = open_minutes([], CHRISTMAS_WEEK, 2)
    assert opens.tolist() == [CLOSED, CLOSED]


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2027-03-28T01:59", "2027-03-28T00:59"),
        ("2027-03-28T02:00", "2027-03-28T01:00"),  # does not exist: 03:00
        ("2027-03-28T02:30", "2027-03-28T01:30"),  # does not exist: 03:30
        ("2027-03-28T03:00", "2027-03-28T01:00"),
        ("2026-10-25T02:00", "2026-10-25T00:00"),  # twice: the first
        ("2026-10-25T02:59", "2026-10-25T00:59"),  # twice: the first
        ("2026-10-25T03:00", "2026-10-25T02:00"),
    ],
)
def test_changes_of_clocks_in_amsterdam(wall: str, utc: str) -> None:
    minute = _minute(wall)
    clock = local_time(time_zone("Europe/Amsterdam"), minute // 1440 - 3, 6)
    assert clock.utc_minutes(np.array([minute])).tolist() == [_minute(utc)]


@pytest.mark.parametrize(
    "zone",
    ["Europe/Amsterdam", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Cairo", "UTC"],
)
def test_every_ten_minutes_of_two_years_as_datetime_has_them(zone: str) -> None:
    first = day_number(date(2027, 1, 1))
    minutes = np.arange(first * 1440, (first + 730) * 1440, 10)
    expected = [int(datetime.fromtimestamp(int(m) * 60, UTC).replace(tzinfo=zone_of(zone)).timestamp()) // 60 for m in minutes]
    assert local_time(time_zone(zone), first, 730).utc_minutes(minutes).tolist() == expected


def test_an_unknown_time_zone() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        time_zone("Europe/Atlantis")


def _minute(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60
