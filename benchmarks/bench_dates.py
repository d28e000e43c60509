"""How many dates are computed a second by the day tables, and how many by a loop over days with `zoneinfo`?

A date is the whole of it: from the minute an order may start, over opening hours, cutoff and processing, to the carrier's
pickup, and from there over transit days to the window of delivery. Dates are asked for as decisions do: at random minutes of a
month, each time of 1,000 locations by three carrier services, by the kernel that decisions have for it; locations of four time
zones with calendars and holidays. It finds a pickup once for locations that are alike in their hours, so that the same
is measured too of starts that differ from date to date. Two loops with `zoneinfo` take date by date: the twin of the tests,
which spends the processing minutes one by one and reads calendars row by row, and one that goes by whole days, with
dictionaries of weekdays and sets of holidays. All compute the same dates, which is checked. In one thread.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report
from engine.domain.enums import LocationKind
from engine.kernels.columns import date_columns
from engine.kernels.dates import HorizonTables, delivery_window, handover_minute
from engine.kernels.jit import kernel
from engine.network.image import NetworkImage, compile_image
from engine.network.records import (
    CalendarDay,
    CarrierService,
    Inventory,
    Item,
    Location,
    Network,
    NetworkRecords,
    Policy,
)
from tests.naive import dates as naive

SEED = 20261201
ZONES = ("Europe/Amsterdam", "America/New_York", "Australia/Sydney", "Asia/Kolkata")
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
LOCATIONS, MINUTES, WALKED, TWINNED, ROUNDS = 1_000, 300, 2_000, 200, 7
FIRST, LAST = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
TARGET = 1_000
ONE_DAY = timedelta(days=1)
EPOCH = date(1970, 1, 1)


def network() -> NetworkRecords:
    """Locations alike in their hours by the score, and three carrier services."""
    calendars = [
        CalendarDay(name, day, opens, closes)
        for name, days, opens, closes in (
            ("dc", DAYS[:6], 360, 1_320),
            ("store", DAYS, 600, 1_080),
            ("office", DAYS[:5], 540, 1_020),
        )
        for day in days
    ]  # fmt: skip
    calendars += [CalendarDay(name, "holidays", None, None, code) for name, code in (("dc", "NL"), ("office", "US"))]
    empty = np.zeros(0, np.int32)
    return NetworkRecords(
        network=Network("dates", "EUR", "NL", "Europe/Amsterdam"),
        locations=tuple(
            Location(
                f"L{n}", LocationKind.STORE, "1012", "NL", 52.0, 4.9, ZONES[n % len(ZONES)],
                calendar_id=("dc", "store", "office")[n % 3], cutoff_minute=(900, 1_200, 720)[n % 3],
                processing_minutes=(60, 240, 600)[n % 5 // 2],
            )
            for n in range(LOCATIONS)
        ),
        calendars=tuple(calendars), items=(Item("i"),),
        carrier_services=(
            CarrierService("van", "STANDARD", pickup_minute=1_080, pickup_calendar_id="office", delivery_calendar_id="dc"),
            CarrierService("air", "EXPRESS", pickup_minute=1_200), CarrierService("bike", "SAMEDAY", pickup_minute=840),
        ),
        zones=(), tariffs=(), policies=(Policy("default"),),
        inventory=Inventory(empty, empty, np.zeros(0, np.int64), empty, np.zeros(0, np.bool_)), postal_areas=(),
    )  # fmt: skip


@kernel
def compute_dates(start, profile, service, transit, tables, latest):  # type: ignore[no-untyped-def]
    """latest[n] = the last minute of delivery of each, whatever the others'."""
    for n in range(len(start)):
        minute, day = handover_minute(start[n], profile[n], service[n], tables)
        _, latest[n] = delivery_window(minute, day, transit[n], service[n], tables)
    return len(start)


class AllLocations:
    """The dates of all locations by all services, as decisions find them."""

    def __init__(self, image: NetworkImage, transit: NDArray[np.int64], tables: HorizonTables) -> None:
        """transit [S, L]."""
        services, locations = transit.shape
        self.location, self.services = np.arange(locations), np.arange(services)
        self.profile, self.tables = image.profile_index, tables
        self.zone, self.transit = np.zeros((services, locations), np.int32), transit.astype(np.int32)
        self.out = np.empty((5, services * locations), np.int64)

    def latest(self, minute: int) -> NDArray[np.int64]:
        """[L · S] last minutes of delivery, service by service of each location."""
        start = np.full(len(self.location), minute)
        count = date_columns(
            self.location, start, self.services, self.profile, self.zone, self.transit, self.tables, *self.out
        )  # fmt: skip
        assert count == self.out.shape[1], "the horizon holds all of them"
        return self.out[4]


class Walker:
    """The loop by whole days."""

    def __init__(self, records: NetworkRecords) -> None:
        self.hours: dict[str | None, dict[int, tuple[int, int]]] = {None: dict.fromkeys(range(7), (0, 1_440))}
        self.holidays: dict[str | None, set[date]] = {None: set()}
        for row in records.calendars:
            of_week = self.hours.setdefault(row.calendar_id, {})
            closed = self.holidays.setdefault(row.calendar_id, set())
            if row.day == "holidays":
                closed |= set(holidays.country_holidays(row.country_code, years=range(2026, 2029)))
            elif row.open_minute is not None and row.close_minute is not None:
                of_week[DAYS.index(row.day)] = row.open_minute, row.close_minute
        self.locations, self.services = records.locations, records.carrier_services
        self.zones = [ZoneInfo(each.time_zone) for each in records.locations]
        self.home = ZoneInfo(records.network.time_zone)

    def open_on(self, calendar: str | None, day: date) -> tuple[int, int] | None:
        """Local minutes of opening and closing."""
        return None if day in self.holidays[calendar] else self.hours[calendar].get(day.weekday())

    def latest(self, start: int, location: int, service: int, transit: int) -> int:
        """The last minute of delivery."""
        place, carrier, zone = self.locations[location], self.services[service], self.zones[location]
        day = datetime.fromtimestamp(start * 60, zone).date()
        if start > instant(zone, day, place.cutoff_minute):
            day += ONE_DAY
        left = place.processing_minutes
        while True:
            hours = self.open_on(place.calendar_id, day)
            if hours is not None:
                begin, close = max(start, instant(zone, day, hours[0])), instant(zone, day, hours[1])
                if begin + left <= close:
                    break
                left -= max(0, close - begin)
            day += ONE_DAY
        ready = begin + left
        while True:
            if self.open_on(place.calendar_id, day) and self.open_on(carrier.pickup_calendar_id, day):
                handover = instant(zone, day, carrier.pickup_minute)
                if handover >= ready:
                    break
            day += ONE_DAY
        for _ in range(transit):
            day += ONE_DAY
            while self.open_on(carrier.delivery_calendar_id, day) is None:
                day += ONE_DAY
        hours = self.open_on(carrier.delivery_calendar_id, day)
        assert hours is not None, "there is a transit day, so that it is open"
        return instant(self.home, day, hours[1])


def twin_of(records: NetworkRecords, tables: HorizonTables) -> Callable[[int, int, int, int], int]:
    """The twin of the tests, as `Walker.latest`."""
    first = EPOCH + timedelta(days=tables.first_day)
    days = naive.Days(first, first + timedelta(days=tables.day_count - 1))
    rows: dict[str | None, naive.Calendar] = {None: None}
    for row in records.calendars:
        rows[row.calendar_id] = (*(rows.get(row.calendar_id) or ()), row)
    places = [naive.Place(p.time_zone, rows[p.calendar_id], p.cutoff_minute, p.processing_minutes) for p in records.locations]
    carriers = [
        naive.Carrier(s.pickup_minute, rows[s.pickup_calendar_id], rows[s.delivery_calendar_id])
        for s in records.carrier_services
    ]

    def latest(start: int, location: int, service: int, transit: int) -> int:
        handed = naive.handover(start, places[location], carriers[service], days)
        window = naive.delivery(handed, transit, carriers[service], records.network.time_zone, days)
        assert window is not None, "the horizon holds all of them"
        return int(window[1])

    return latest


def instant(zone: ZoneInfo, day: date, minute: int) -> int:
    """UTC minute of a local time."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    return int(wall.timestamp()) // 60


def main() -> None:
    """Run the benchmark."""
    report = Report("dates", "Dates: by day tables, and by a loop over days")
    rng = np.random.default_rng(SEED)
    records = network()
    image = compile_image(records)
    first, last = (int(each.timestamp()) // 60 for each in (FIRST, LAST))
    started = time.perf_counter()
    tables = image.horizon(first).tables
    built_ms = (time.perf_counter() - started) * 1e3
    services = len(records.carrier_services)
    transit = rng.integers(1, 4, (services, LOCATIONS))
    together, walker, twin = AllLocations(image, transit, tables), Walker(records), twin_of(records, tables)
    together.latest(first)
    seconds: dict[str, list[float]] = {"together": [], "apart": [], "days": [], "twin": []}
    for _ in report.track(range(ROUNDS), "rounds"):
        minutes = rng.integers(first, last, MINUTES).tolist()
        started = time.perf_counter()
        for minute in minutes:
            together.latest(minute)
        seconds["together"].append((time.perf_counter() - started) / (MINUTES * LOCATIONS * services))
        start = rng.integers(first, last, MINUTES * LOCATIONS)
        location, service = rng.integers(0, LOCATIONS, len(start)), rng.integers(0, services, len(start))
        latest, profile = np.empty(len(start), np.int64), image.profile_index.astype(np.int64)[location]
        compute_dates(start[:9], profile[:9], service[:9], transit[service, location][:9], tables, latest[:9])
        arguments = start, profile, service, transit[service, location], tables, latest
        started = time.perf_counter()
        compute_dates(*arguments)
        seconds["apart"].append((time.perf_counter() - started) / len(start))
        cases = list(zip(*(each[:WALKED].tolist() for each in (start, location, service, arguments[3])), strict=True))
        started = time.perf_counter()
        walked = [walker.latest(*case) for case in cases]
        seconds["days"].append((time.perf_counter() - started) / WALKED)
        started = time.perf_counter()
        twinned = [twin(*case) for case in cases[:TWINNED]]
        seconds["twin"].append((time.perf_counter() - started) / TWINNED)
        assert walked == latest[:WALKED].tolist() and twinned == walked[:TWINNED]
        for at, place, by, _ in cases[:20]:
            assert together.latest(at)[place * services + by] == walker.latest(at, place, by, int(transit[by, place]))
    each = {name: median(times) for name, times in seconds.items()}
    report.table(
        f"{LOCATIONS:,} locations in {len(ZONES)} time zones, {services} carrier services",
        ["", "ns a date, median", "million dates a second", "× the twin", "× the days"],
        [
            [name, each[way] * 1e9, 1e-6 / each[way], each["twin"] / each[way], each["days"] / each[way]]
            for name, way in (
                ("tables, all locations of a start", "together"), ("tables, each its own start", "apart"),
                ("zoneinfo, by whole days", "days"), ("zoneinfo, the twin", "twin"),
            )
        ],
    )  # fmt: skip
    report.say(f"Tables of {tables.day_count} days built in {built_ms:,.0f} ms. Target: {TARGET:,} times the twin.")
    report.finish({
        "million_dates_per_second": 1e-6 / each["together"], "ratio_vs_zoneinfo": each["twin"] / each["together"],
        "ratio_vs_zoneinfo_days": each["days"] / each["together"],
        "million_dates_per_second_apart": 1e-6 / each["apart"], "ratio_vs_zoneinfo_apart": each["twin"] / each["apart"],
        "ratio_vs_zoneinfo_days_apart": each["days"] / each["apart"],
        "tables_built_ms": built_ms,
    })  # fmt: skip


if __name__ == "__main__":
    main()
