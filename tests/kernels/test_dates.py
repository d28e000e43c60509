"""Dates by the kernels agree with the slow walk over wall clocks, and with dates worked out by hand."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.dates import (
    NEVER,
    delivery_window,
    handover_minute,
    local_day,
    order_by_minute,
    pickup_after,
    processing_day,
    ready_minute,
)
from engine.network.image import NetworkImage, compile_image
from engine.network.records import CalendarDay, CarrierService, NetworkRecords
from tests.naive import dates as naive
from tests.network.small_network import WORKDAYS, small_records, weekly

AMSTERDAM = "Europe/Amsterdam"
WEEK = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def minute(text: str, zone: str = AMSTERDAM) -> int:
    """UTC minute of a wall time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=naive.zone_of(zone)).timestamp()) // 60


def one_place(calendar: list[CalendarDay], *, service: CarrierService | None = None, **place: object) -> NetworkImage:
    """A network of one location, open by `calendar`, and one carrier service."""
    records = small_records(calendars=tuple(calendar), tariffs=(), zones=())
    location = replace(records.locations[0], calendar_id=calendar[0].calendar_id if calendar else None, **place)
    return compile_image(
        replace(records, locations=(location,), carrier_services=(service or CarrierService("post", "STANDARD"),))
    )


def test_one_minute_after_the_cutoff_across_the_change_to_summer_time() -> None:
    # Open Monday to Saturday 09:00–17:00, cutoff 15:00, an hour of work. Clocks go forward on Sunday 2027-03-28.
    image = one_place(weekly("day", 540, 1020, WEEK[:6]), cutoff_minute=900, processing_minutes=60)
    tables = image.horizon(minute("2027-03-27T15:00")).tables
    assert ready_minute(minute("2027-03-27T15:00"), 0, tables) == minute("2027-03-27T16:00")
    late = minute("2027-03-27T15:01")
    # 10:00 on Monday is 08:00 UTC in summer time: 15:01 is 14:01 UTC, 41 h 59 min earlier.
    assert ready_minute(late, 0, tables) == minute("2027-03-29T10:00") == late + 41 * 60 + 59
    assert tables.first_day + processing_day(late, 0, tables) == (date(2027, 3, 29) - date(1970, 1, 1)).days


def test_processing_goes_on_the_next_open_day_without_its_cutoff() -> None:
    # 09:00–12:00, cutoff 10:00, 7 hours of work from Friday 09:30: 2:30 on Friday, 3:00 on Monday, 1:30 on Tuesday.
    image = one_place(weekly("short", 540, 720), cutoff_minute=600, processing_minutes=420)
    start = minute("2026-11-20T09:30")
    assert ready_minute(start, 0, image.horizon(start).tables) == minute("2026-11-24T10:30")


@pytest.mark.parametrize(
    ("processing_minutes", "start", "expected"),
    [
        (0, "2026-11-20T08:00", "2026-11-20T09:00"),  # before opening
        (0, "2026-11-20T12:00", "2026-11-20T12:00"),  # closing time is still in time when there is nothing to do
        (0, "2026-11-20T12:01", "2026-11-23T09:00"),  # after closing, though before the cutoff of 24:00
        (1, "2026-11-20T11:59", "2026-11-20T12:00"),  # the last open minute
        (1, "2026-11-20T12:00", "2026-11-23T09:01"),  # no open minute is left
        (180, "2026-11-21T00:00", "2026-11-23T12:00"),  # a whole day of work, started on a closed day
    ],
)
def test_processing_around_closing_time(processing_minutes: int, start: str, expected: str) -> None:
    image = one_place(weekly("short", 540, 720), processing_minutes=processing_minutes)
    assert ready_minute(minute(start), 0, image.horizon(minute(start)).tables) == minute(expected)


def test_a_location_without_a_calendar_works_through_the_night_and_the_hour_that_comes_twice() -> None:
    # From 23:00 on 2026-10-24 four hours later it is 02:00 for the second time: 01:00 UTC.
    image = one_place([], processing_minutes=240)
    start = minute("2026-10-24T23:00")
    assert ready_minute(start, 0, image.horizon(start).tables) == start + 240 == minute("2026-10-25T02:00") + 60


def test_a_pickup_at_midnight_belongs_to_the_day_that_ends() -> None:
    image = one_place([], processing_minutes=0)
    tables = image.horizon(minute("2026-11-20T10:00")).tables
    midnight = minute("2026-11-21T00:00")
    friday = (date(2026, 11, 20) - date(1970, 1, 1)).days - tables.first_day
    assert handover_minute(minute("2026-11-20T10:00"), 0, 0, tables) == (midnight, friday)
    assert handover_minute(midnight, 0, 0, tables) == (midnight, friday)
    assert handover_minute(midnight + 1, 0, 0, tables) == (midnight + 1440, friday + 1)
    assert local_day(midnight, 0, tables) == friday + 1


def test_pickup_needs_both_calendars_and_delivery_its_own() -> None:
    # The carrier collects Tuesdays at 16:30 and delivers on workdays 08:00–18:00, two days after.
    service = CarrierService("post", "STANDARD", "", 990, "tuesdays", "workdays")
    calendar = weekly("day", 540, 1020) + weekly("tuesdays", 0, 1440, ("TUE",)) + weekly("workdays", 480, 1080)
    closed = CalendarDay("day", "2026-11-24", None, None)
    image = one_place([*calendar, closed], service=service, processing_minutes=30)
    start = minute("2026-11-18T11:00")  # a Wednesday; the Tuesday after, the location is closed
    tables = image.horizon(start).tables
    handed, day = handover_minute(start, 0, 0, tables)
    assert handed == minute("2026-12-01T16:30")
    assert delivery_window(handed, day, 2, 0, tables) == (minute("2026-12-03T08:00"), minute("2026-12-03T18:00"))
    # Four days after Tuesday, Saturday and Sunday not counted, is Monday.
    assert delivery_window(handed, day, 4, 0, tables) == (minute("2026-12-07T08:00"), minute("2026-12-07T18:00"))
    assert delivery_window(handed, day, -1, 0, tables) == (NEVER, NEVER)
    # To be ready by 16:30 after half an hour of work; the Tuesday when the location is closed has no pickup at all.
    assert order_by_minute(start, 0, 0, tables) == minute("2026-12-01T16:00")


def test_delivery_on_the_day_of_the_handover() -> None:
    # Handed over on Friday at 12:00, delivered the same day 08:00–18:00 but not before the handover; at 18:00 at once, at 19:00
    # on Monday.
    workdays = weekly("workdays", 480, 1080)
    for pickup, expected in (
        (720, ("2026-11-20T12:00", "2026-11-20T18:00")),
        (1080, ("2026-11-20T18:00", "2026-11-20T18:00")),
        (1140, ("2026-11-23T08:00", "2026-11-23T18:00")),
    ):
        service = CarrierService("bike", "EXPRESS", "", pickup, None, "workdays")
        image = one_place([], service=service)
        image = compile_image(replace(image.records, calendars=tuple(workdays)))
        start = minute("2026-11-20T10:00")
        tables = image.horizon(start).tables
        handed, day = handover_minute(start, 0, 0, tables)
        assert delivery_window(handed, day, 0, 0, tables) == tuple(map(minute, expected))
        # On Saturday, which is closed, transit 0 and transit 1 both mean Monday.
        handed, day = handover_minute(start + 1440, 0, 0, tables)
        monday = minute("2026-11-23T08:00"), minute("2026-11-23T18:00")
        assert delivery_window(handed, day, 0, 0, tables) == monday == delivery_window(handed, day, 1, 0, tables)


def test_what_the_horizon_does_not_hold_is_never() -> None:
    image = one_place([CalendarDay("closed", "MON", None, None)])
    start = minute("2026-11-20T10:00")
    tables = image.horizon(start).tables
    assert ready_minute(start, 0, tables) == NEVER
    assert pickup_after(NEVER, 0, 0, tables) == (NEVER, -1)
    assert handover_minute(start, 0, 0, tables) == (NEVER, -1)
    assert delivery_window(NEVER, -1, 1, 0, tables) == (NEVER, NEVER)
    assert order_by_minute(start, 0, 0, tables) == NEVER
    tables = one_place([]).horizon(start).tables
    end = int(tables.day_start_minute[0, -1])
    assert ready_minute(end, 0, tables) == NEVER
    assert processing_day(end, 0, tables) == tables.day_count
    assert ready_minute(0, 0, tables) == tables.day_start_minute[0, 0]


def test_a_day_that_a_time_zone_skips_is_closed() -> None:
    # Samoa went from Thursday 2011-12-29 straight to Saturday 2011-12-31. Of 9 h 30 min of work half an hour is done
    # on Thursday, eight hours on Saturday and the last hour on Sunday.
    apia = "Pacific/Apia"
    service = CarrierService("post", "STANDARD", pickup_minute=1080, delivery_calendar_id="all")
    image = one_place(
        weekly("all", 540, 1020, WEEK), service=service, time_zone=apia, cutoff_minute=1000, processing_minutes=570
    )
    image = compile_image(replace(image.records, network=replace(image.network, time_zone=apia)))
    start = minute("2011-12-29T16:30", apia)
    tables = image.horizon(start).tables
    assert ready_minute(start, 0, tables) == minute("2012-01-01T10:00", apia)
    # Handed over on Thursday at 18:00, delivered on the first open day after: Saturday.
    handed, day = pickup_after(start, 0, 0, tables)
    assert handed == minute("2011-12-29T18:00", apia)
    window = minute("2011-12-31T09:00", apia), minute("2011-12-31T17:00", apia)
    assert delivery_window(handed, day, 1, 0, tables) == window


# Instants around which local time does something: changes of clock on every side of the globe, one at midnight and one
# of half an hour, year ends, 29 February, Christmas, and days that are nothing special.
MOMENTS = (
    (AMSTERDAM, "2027-03-28T02:00"),
    (AMSTERDAM, "2026-10-25T02:30"),
    ("America/New_York", "2026-11-01T01:30"),
    ("America/New_York", "2027-03-14T02:30"),
    ("Australia/Sydney", "2026-10-04T02:00"),
    ("Australia/Sydney", "2027-04-04T02:30"),
    ("Australia/Lord_Howe", "2027-04-04T01:45"),
    ("America/Santiago", "2026-09-06T00:00"),
    ("America/Santiago", "2027-04-04T00:00"),
    ("Asia/Kathmandu", "2026-12-31T23:59"),
    ("Pacific/Apia", "2011-12-29T12:00"),
    (AMSTERDAM, "2028-02-29T12:00"),
    ("America/New_York", "2096-02-29T23:00"),
    (AMSTERDAM, "2026-12-24T18:00"),
    ("UTC", "2000-01-01T00:00"),
    ("Pacific/Kiritimati", "2099-12-31T12:00"),
)
ZONES = sorted({zone for zone, _ in MOMENTS})


@st.composite
def calendars(draw: st.DrawFn, calendar_id: str, around: date) -> list[CalendarDay]:
    """Any week, some dates about `around`, perhaps holidays; may be closed altogether."""
    bounds = st.lists(st.integers(0, 1440), min_size=2, max_size=2, unique=True).map(sorted)
    usual = draw(st.sampled_from([(0, 1440), (540, 1020), (1320, 1440), (120, 180)]))
    rows = []
    for day in draw(st.sampled_from([WEEK, WORKDAYS, ("SUN", "MON"), ()])):
        opens, closes = draw(st.one_of(st.just(usual), bounds))
        rows.append(CalendarDay(calendar_id, day, opens, closes))
    offsets = draw(st.lists(st.integers(-9, 9), max_size=4, unique=True))
    for offset in offsets:
        opens, closes = draw(st.one_of(st.just((None, None)), bounds))
        rows.append(CalendarDay(calendar_id, (around + timedelta(days=offset)).isoformat(), opens, closes))
    country = draw(st.sampled_from(["", "NL", "US", "AU"]))
    if country:
        rows.append(CalendarDay(calendar_id, "holidays", None, None, country))
    return rows or [CalendarDay(calendar_id, "MON", None, None)]


@st.composite
def networks(draw: st.DrawFn) -> tuple[NetworkRecords, int]:
    """Two locations, two carrier services, and an instant at which to start."""
    zone, text = draw(st.sampled_from(MOMENTS))
    start = minute(text, zone) + draw(st.one_of(st.integers(-90, 90), st.integers(-4 * 1440, 4 * 1440)))
    start = max(start, minute("2000-01-01T00:00", "UTC"))
    names = ("a", "b", "c")
    rows = [row for name in names for row in draw(calendars(name, date.fromisoformat(text[:10])))]
    calendar = st.sampled_from([None, *names])
    minutes = st.one_of(st.integers(0, 1440), st.sampled_from([0, 120, 150, 1020, 1440]))
    records = small_records(calendars=tuple(rows), zones=(), tariffs=())
    locations = tuple(
        replace(
            location,
            calendar_id=draw(calendar),
            time_zone=draw(st.sampled_from([zone, zone, *ZONES])),
            cutoff_minute=draw(minutes),
            processing_minutes=draw(st.one_of(st.sampled_from([0, 1, 60]), st.integers(0, 4000))),
        )
        for location in records.locations[:2]
    )
    services = tuple(CarrierService(name, "STANDARD", "", draw(minutes), draw(calendar), draw(calendar)) for name in ("x", "y"))
    network = replace(records.network, time_zone=draw(st.sampled_from([zone, *ZONES])), horizon_days=2)
    return replace(records, locations=locations, carrier_services=services, network=network), start


@given(networks(), st.integers(0, 6))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_the_kernels_agree_with_the_slow_walk(network: tuple[NetworkRecords, int], transit: int) -> None:
    records, start = network
    image = compile_image(records)
    horizon = image.horizon(start)
    tables = horizon.tables
    epoch = date(1970, 1, 1)
    first = epoch + timedelta(days=horizon.first_day)
    days = naive.Days(first, first + timedelta(days=horizon.day_count - 1))
    rows: dict[str | None, naive.Calendar] = {None: None}
    for row in records.calendars:
        rows[row.calendar_id] = (*(rows.get(row.calendar_id) or ()), row)
    transit_days = np.array([[transit, -1], [0, transit]], np.int32)
    for l, location in enumerate(records.locations):  # noqa: E741
        place = naive.Place(location.time_zone, rows[location.calendar_id], location.cutoff_minute, location.processing_minutes)
        profile = int(image.profile_index[l])
        assert ready_minute(start, profile, tables) == (_or_never(naive.ready(start, place, days)))
        for s, service in enumerate(records.carrier_services):
            carrier = naive.Carrier(service.pickup_minute, rows[service.pickup_calendar_id], rows[service.delivery_calendar_id])
            handed = naive.handover(start, place, carrier, days)
            expected = (NEVER, -1) if handed is None else (handed[0], (handed[1] - first).days)
            assert handover_minute(start, profile, s, tables) == expected
            window = naive.delivery(handed, int(transit_days[s, l]), carrier, records.network.time_zone, days)
            window = window or (NEVER, NEVER)
            assert delivery_window(*expected, transit_days[s, l], s, tables) == window
            order_by = order_by_minute(start, profile, s, tables)
            if handed is None:
                assert order_by == NEVER
            else:
                assert order_by >= start
                assert naive.handover(order_by, place, carrier, days)[0] == handed[0]
                after = naive.handover(order_by + 1, place, carrier, days)
                assert after is None or after[0] > handed[0]


def _or_never(value: int | None) -> int:
    return NEVER if value is None else value


def test_a_start_of_any_minute_in_a_week_around_each_change_of_clocks() -> None:
    image = one_place(weekly("day", 130, 1020, WEEK), cutoff_minute=150, processing_minutes=45)
    calendar = image.records.calendars
    place = naive.Place(AMSTERDAM, calendar, 150, 45)
    carrier = naive.Carrier(1440, None, None)
    for around in ("2026-10-25T00:00", "2027-03-28T00:00"):
        middle = minute(around)
        horizon = image.horizon(middle)
        first = date(1970, 1, 1) + timedelta(days=horizon.first_day)
        days = naive.Days(first, first + timedelta(days=horizon.day_count - 1))
        for start in range(middle - 300, middle + 1800, 7):
            assert ready_minute(start, 0, horizon.tables) == naive.ready(start, place, days)
            handed, day = naive.handover(start, place, carrier, days)
            assert handover_minute(start, 0, 0, horizon.tables) == (handed, (day - first).days)
