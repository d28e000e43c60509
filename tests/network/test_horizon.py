"""Horizons: their span, what they share, and any instant of a century."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.network.calendars import day_number
from engine.network.horizon import MINUTE_MAX, MINUTE_MIN, month_number
from engine.network.image import compile_image
from engine.network.records import CarrierService
from tests.network.small_network import small_records, weekly


def minute(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


def test_the_months_of_a_century() -> None:
    assert month_number(MINUTE_MIN) == 2000 * 12
    assert month_number(MINUTE_MAX - 1) == 2100 * 12 + 11
    assert month_number(minute("2026-02-28T23:59")) == 2026 * 12 + 1
    with pytest.raises(AssertionError):
        month_number(MINUTE_MAX)
    with pytest.raises(AssertionError):
        month_number(MINUTE_MIN - 1)


def test_the_span_holds_the_month_and_the_days_after_it() -> None:
    image = compile_image(small_records())
    horizon = image.horizon(minute("2028-02-29T12:00"))
    # Eight days before the first, then 31 of a month, 30 of the network and eight more.
    assert horizon.first_day == day_number(date(2028, 1, 24)) == horizon.tables.first_day
    assert horizon.day_count == 8 + 31 + 30 + 8 == horizon.tables.day_count
    assert image.horizon(minute("2028-02-01T00:00")) is horizon
    assert image.horizon(minute("2028-03-01T00:00")) is not horizon


def test_as_many_months_are_kept_as_asked_for() -> None:
    image = compile_image(small_records(), horizons_max=1)
    january = image.horizon(minute("2027-01-15T00:00"))
    image.horizon(minute("2027-02-15T00:00"))
    again = image.horizon(minute("2027-01-15T00:00"))
    assert again is not january
    assert (again.tables.profile_days == january.tables.profile_days).all()


def test_tables_are_read_only_and_shared_by_what_is_alike() -> None:
    records = small_records(calendars=tuple(weekly("day", 540, 1020)), zones=(), tariffs=())
    locations = tuple(replace(location, calendar_id="day") for location in records.locations)
    services = tuple(CarrierService(name, "STANDARD", "", 1020) for name in ("a", "b"))
    late = CarrierService("c", "STANDARD", "", 1080)
    image = compile_image(replace(records, locations=locations, carrier_services=(*services, late)))
    assert image.profile_index.tolist() == [0, 0, 1]
    tables = image.horizon(minute("2027-01-15T00:00")).tables
    assert tables.pickup_row.tolist() == [[0, 0, 1], [2, 2, 3]]
    assert tables.pickup_minute.shape == (2, 3, tables.day_count)
    for array in tables[1:]:
        assert not array.flags.writeable
        assert array.flags.c_contiguous


def test_hours_in_utc_over_the_change_to_summer_time() -> None:
    records = small_records(calendars=tuple(weekly("day", 540, 1020)))
    location = replace(records.locations[0], calendar_id="day", cutoff_minute=900)
    tables = compile_image(replace(records, locations=(location,))).horizon(minute("2027-03-15T00:00")).tables
    friday = day_number(date(2027, 3, 26)) - tables.first_day
    assert tables.open_minute[0, friday : friday + 4].tolist() == [
        minute("2027-03-26T08:00"),
        -1,
        -1,
        minute("2027-03-29T07:00"),
    ]
    assert tables.close_minute[0, friday] == minute("2027-03-26T16:00")
    assert tables.cutoff_minute[0, friday] == minute("2027-03-26T14:00")
    assert tables.day_start_minute[0, friday + 3] == minute("2027-03-28T22:00")
    # Sunday the 28th has 23 hours.
    assert tables.day_start_minute[0, friday + 3] - tables.day_start_minute[0, friday + 2] == 23 * 60


def test_every_month_of_a_century_can_be_built() -> None:
    image = compile_image(small_records(), horizons_max=1)
    for year in range(2000, 2101, 20):
        instant = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
        tables = image.horizon(int(instant.timestamp()) // 60).tables
        first = date(year, 12, 1) - timedelta(days=8)
        assert tables.first_day == day_number(first)
        assert (tables.day_start_minute[:, 1:] > tables.day_start_minute[:, :-1]).all()
