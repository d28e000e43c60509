"""A million dates by the tables, against the slow walk over wall clocks; a sample of them unless asked for in full."""

import random
from calendar import isleap
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

from engine.kernels.dates import NEVER, delivery_window, handover_minute, order_by_minute, ready_minute
from engine.network.horizon import Horizon
from engine.network.image import NetworkImage, compile_image
from engine.network.records import CalendarDay, CarrierService
from tests.kernels.test_dates import MOMENTS, WEEK, ZONES, minute
from tests.naive import dates as naive
from tests.network.small_network import WORKDAYS, small_records

EPOCH = date(1970, 1, 1)
MINUTES_PER_DAY = 1_440
CASES_EACH = 1_000
CONTINENTS = ("Europe", "America", "Australia")


class Calendar(tuple[CalendarDay, ...]):
    """Rows of a calendar, told apart by identity: what the twin looks up again and again is found by it."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class Case(NamedTuple):
    """A start at a location, by a service, over so many days of transit."""

    start: int
    location: int
    service: int
    transit: int


def drawn_calendar(rng: random.Random, calendar_id: str, around: date) -> list[CalendarDay]:
    """A week, some dates about `around`, a week closed, holidays; now and then closed for ever."""

    def hours() -> tuple[int, int]:
        opens, closes = sorted(rng.sample(range(1_441), 2))
        return rng.choice([(0, 1_440), (540, 1_020), (480, 1_260), (1_320, 1_440), (120, 180), (opens, closes)])

    rows = [CalendarDay(calendar_id, day, *hours()) for day in rng.choice([WEEK, WEEK, WORKDAYS, WORKDAYS, ("SUN", "MON"), ()])]
    dates: dict[date, tuple[int, int] | tuple[None, None]] = {}
    if rng.random() < 0.25:
        first = around + timedelta(days=rng.randint(-7, 5))
        dates |= {first + timedelta(days=n): (None, None) for n in range(rng.choice([7, 7, 10]))}
    for offset in rng.sample(range(-9, 15), rng.randint(0, 4)):
        dates[around + timedelta(days=offset)] = rng.choice([(None, None), hours()])
    rows += [CalendarDay(calendar_id, day.isoformat(), *of_day) for day, of_day in dates.items()]
    country = rng.choice(["", "NL", "US", "AU"])
    if country:
        rows.append(CalendarDay(calendar_id, "holidays", None, None, country))
    return rows or [CalendarDay(calendar_id, "MON", None, None)]


def drawn_network(rng: random.Random) -> tuple[NetworkImage, int]:
    """Three locations and three carrier services around one of the moments, in that zone mostly; and its minute."""
    zone, text = rng.choice(MOMENTS)
    names = ("a", "b", "c")
    around = date.fromisoformat(text[:10])
    calendars = [row for name in names for row in drawn_calendar(rng, name, around)]

    def wall_minute() -> int:
        return rng.choice([rng.randint(0, 1_440), 0, 120, 150, 1_020, 1_080, 1_440])

    records = small_records(calendars=tuple(calendars), zones=(), tariffs=())
    locations = tuple(
        replace(
            records.locations[0], location_id=f"L{n}", calendar_id=rng.choice([None, *names]),
            time_zone=rng.choice([zone, zone, zone, *ZONES]), cutoff_minute=wall_minute(),
            processing_minutes=rng.choice([0, 1, 60, 240, rng.randint(0, 600), rng.randint(0, 4_000)]),
        )
        for n in range(3)
    )  # fmt: skip
    services = tuple(
        CarrierService(name, "STANDARD", "", wall_minute(), rng.choice([None, *names]), rng.choice([None, *names]))
        for name in ("x", "y", "z")
    )
    network = replace(records.network, time_zone=rng.choice([zone, zone, *ZONES]), horizon_days=rng.choice([2, 20, 40]))
    records = replace(records, locations=locations, carrier_services=services, network=network, safety_stock=())
    return compile_image(records), minute(text, zone)


def drawn_cases(rng: random.Random, around: int, count: int) -> Iterator[Case]:
    """Starts near the moment, and up to some days off."""
    for _ in range(count):
        off = rng.choice([rng.randint(-90, 90), rng.randint(-4 * MINUTES_PER_DAY, 4 * MINUTES_PER_DAY)])
        yield Case(
            max(around + off, minute("2000-01-01T00:00", "UTC")),
            rng.randrange(3),
            rng.randrange(3),
            rng.choice([-1, *range(7)]),
        )


class Twin:
    """The slow walk of one network."""

    def __init__(self, image: NetworkImage, horizon: Horizon) -> None:
        records = image.records
        first = EPOCH + timedelta(days=horizon.first_day)
        self.days = naive.Days(first, first + timedelta(days=horizon.day_count - 1))
        rows: dict[str | None, naive.Calendar] = {None: None}
        for calendar_id in {row.calendar_id for row in records.calendars}:
            rows[calendar_id] = Calendar(row for row in records.calendars if row.calendar_id == calendar_id)
        self.places = [
            naive.Place(each.time_zone, rows[each.calendar_id], each.cutoff_minute, each.processing_minutes)
            for each in records.locations
        ]
        self.carriers = [
            naive.Carrier(each.pickup_minute, rows[each.pickup_calendar_id], rows[each.delivery_calendar_id])
            for each in records.carrier_services
        ]
        self.zone = records.network.time_zone

    def handover(self, start: int, case: Case) -> tuple[int, int]:
        """(minute, day) as the kernel has them."""
        handed = naive.handover(start, self.places[case.location], self.carriers[case.service], self.days)
        return (NEVER, -1) if handed is None else (handed[0], (handed[1] - self.days.first).days)

    def window(self, handed: tuple[int, int], case: Case) -> tuple[int, int]:
        """(earliest, latest) of delivery."""
        on = None if handed[1] < 0 else (handed[0], self.days.first + timedelta(days=handed[1]))
        return naive.delivery(on, case.transit, self.carriers[case.service], self.zone, self.days) or (NEVER, NEVER)


def check_network(seed: int, count: int, met: Counter[str]) -> None:
    """So many cases of a network drawn by a seed; what they met is counted."""
    rng = random.Random(seed)
    image, around = drawn_network(rng)
    twins: dict[int, Twin] = {}
    for n, case in enumerate(drawn_cases(rng, around, count)):
        horizon = image.horizon(case.start)
        twin = twins.setdefault(horizon.first_day, Twin(image, horizon))
        profile, tables = int(image.profile_index[case.location]), horizon.tables
        at = naive.ready(case.start, twin.places[case.location], twin.days)
        assert ready_minute(case.start, profile, tables) == (NEVER if at is None else at), (seed, case)
        handed = twin.handover(case.start, case)
        assert handover_minute(case.start, profile, case.service, tables) == handed, (seed, case)
        window = twin.window(handed, case)
        assert delivery_window(*handed, case.transit, case.service, tables) == window, (seed, case)
        met["cases"] += 1
        met["never"] += handed[1] < 0
        if window[1] < NEVER:
            note(met, case.start, window[1], twin.places[case.location].zone)
        if n % 10 == 0 and handed[1] >= 0:
            order_by = order_by_minute(case.start, profile, case.service, tables)
            assert order_by >= case.start and twin.handover(order_by, case)[0] == handed[0], (seed, case)
            assert twin.handover(order_by + 1, case)[0] > handed[0], (seed, case)
            met["order by"] += 1


def note(met: Counter[str], start: int, latest: int, zone: str) -> None:
    """What lies between a start and its delivery."""
    first, last = (datetime.fromtimestamp(at * 60, UTC).astimezone(naive.zone_of(zone)) for at in (start, latest))
    met["year end"] += first.year < last.year
    leap = date(first.year, 2, 29) if isleap(first.year) else None
    met["29 February"] += leap is not None and first.date() <= leap <= last.date()
    met["a week and more"] += latest - start > 8 * MINUTES_PER_DAY
    if first.utcoffset() != last.utcoffset():
        met[zone.partition("/")[0]] += 1


def check_met(met: Counter[str]) -> None:
    """Every kind of day is among the cases: clocks changed on three continents, year ends, 29 February, weeks closed."""
    kinds = (*CONTINENTS, "year end", "29 February", "a week and more", "never", "order by")
    assert min(met[kind] for kind in kinds) >= met["cases"] // 200, met


def test_a_sample_of_dates_is_that_of_the_slow_walk() -> None:
    met: Counter[str] = Counter()
    for seed in range(60):
        check_network(seed, CASES_EACH // 10, met)
    check_met(met)


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_a_million_dates_are_those_of_the_slow_walk() -> None:
    met: Counter[str] = Counter()
    for seed in range(1_000):
        check_network(1_000 + seed, CASES_EACH, met)
    assert met["cases"] == 10**6
    check_met(met)
