"""Horizons: the day tables of a network around one month, from which the kernels of `engine.kernels.dates` read.

What the tables mean is written there. A horizon belongs to a month (UTC) and holds some days before it, so that local
dates and pickups of the day before are there, the whole month, and `horizon_days` more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.dates import DELIVERY_CLOSE, DELIVERY_DAY, DELIVERY_OPEN, NEVER, RANK, START, HorizonTables
from engine.network.calendars import CLOSED, LocalTime, local_time, open_minutes, time_zone
from engine.network.columns import frozen
from engine.network.records import MINUTES_PER_DAY, CalendarDay, CarrierService

DAYS_BEFORE = 8
DAYS_AFTER = 8
MONTH_DAYS_MAX = 31

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 2000-01-01T00:00Z up to 2101-01-01T00:00Z, exclusive: the instants a horizon can be asked for.
MINUTE_MIN = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1)
MINUTE_MAX = (datetime(2101, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1)


class Profile(NamedTuple):
    """What of a location decides its dates; locations alike in it share a profile."""

    calendar_id: str | None
    time_zone: str
    cutoff_minute: int
    processing_minutes: int


@dataclass(frozen=True, slots=True)
class DateRules:
    """What of a network decides its dates: rows of `calendars` by calendar, profiles and carrier services by index."""

    time_zone: str
    horizon_days: int
    calendars: Mapping[str, Sequence[CalendarDay]]
    profiles: tuple[Profile, ...]
    carrier_services: tuple[CarrierService, ...]
    delivery_calendar_ids: tuple[str | None, ...]
    delivery_calendar_index: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Horizon:
    """The day tables for days [first_day, first_day + day_count), counted since 1970-01-01."""

    first_day: int
    day_count: int
    tables: HorizonTables
    last_minute: int
    """The first minute that some profile's days no longer hold: receipts after it promise nothing."""


def month_number(minute: int) -> int:
    """Months since year 0 of the month (UTC) a minute is in. The instant must be between 2000 and 2100."""
    assert MINUTE_MIN <= minute < MINUTE_MAX, minute
    instant = _EPOCH + timedelta(minutes=minute)
    return instant.year * 12 + instant.month - 1


def build_horizon(rules: DateRules, month: int) -> Horizon:
    """The horizon of a month given by `month_number`."""
    start = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
    first_day = (start - _EPOCH).days - DAYS_BEFORE
    day_count = DAYS_BEFORE + MONTH_DAYS_MAX + rules.horizon_days + DAYS_AFTER
    days = Days(rules, first_day, day_count)
    pickup_row, pickup_days = _pickup_tables(rules, days)
    tables = HorizonTables(
        first_day=first_day,
        profile_days=_tables([days.profile(profile) for profile in rules.profiles], day_count, 5),
        processing_minutes=frozen(np.array([p.processing_minutes for p in rules.profiles], np.int64)),
        pickup_row=pickup_row,
        pickup_days=pickup_days,
        delivery_row=rules.delivery_calendar_index,
        delivery_days=_tables([days.delivery(each) for each in rules.delivery_calendar_ids], day_count, 4),
    )
    last_minute = int(tables.profile_days[:, -1, START].min(initial=NEVER))
    return Horizon(first_day, day_count, tables, last_minute)


class Days:
    """UTC minutes of local times on the days of one horizon, each time zone and calendar worked out once."""

    def __init__(self, rules: DateRules, first_day: int, day_count: int) -> None:
        self._rules = rules
        self._first_day = first_day
        self.day_count = day_count
        self._midnights = np.arange(first_day, first_day + day_count + 1) * MINUTES_PER_DAY
        self._local: dict[str, LocalTime] = {}
        self._open_minutes: dict[str | None, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._hours: dict[tuple[str | None, str], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def starts(self, zone: str) -> NDArray[np.int64]:
        """int64[D + 1]: the first midnight of each local day, and of the day after the last."""
        return self._local_time(zone).utc_minutes(self._midnights)

    def at(self, zone: str, minutes: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[D]: local minutes of each day, kept within their day."""
        starts = self.starts(zone)
        instants = self._local_time(zone).utc_minutes(self._midnights[:-1] + minutes)
        return np.clip(instants, starts[:-1], starts[1:])

    def open_minutes(self, calendar_id: str | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(open, close) int64[D] in local minutes of the day, `CLOSED` where closed."""
        if calendar_id not in self._open_minutes:
            rows = None if calendar_id is None else self._rules.calendars[calendar_id]
            self._open_minutes[calendar_id] = open_minutes(rows, self._first_day, self.day_count)
        return self._open_minutes[calendar_id]

    def hours(self, calendar_id: str | None, zone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(open, close) int64[D] in UTC minutes, `CLOSED` where closed or where no minute is left between them."""
        if (calendar_id, zone) not in self._hours:
            opens, closes = self.open_minutes(calendar_id)
            open_utc, close_utc = self.at(zone, opens), self.at(zone, closes)
            closed = (opens == CLOSED) | (open_utc >= close_utc)
            self._hours[calendar_id, zone] = np.where(closed, CLOSED, open_utc), np.where(closed, CLOSED, close_utc)
        return self._hours[calendar_id, zone]

    def profile(self, profile: Profile) -> NDArray[np.int64]:
        """int64[D + 1, 5]: the row of `HorizonTables.profile_days`."""
        opens, closes = self.hours(profile.calendar_id, profile.time_zone)
        cutoffs = self.at(profile.time_zone, np.full(self.day_count, profile.cutoff_minute))
        cutoffs = np.where(opens == CLOSED, CLOSED, cutoffs)
        starts = self.starts(profile.time_zone)
        return np.column_stack([starts, _ended(opens), _ended(closes), _ended(cutoffs), _next_day(opens)])

    def pickups(self, profile: Profile, service: CarrierService) -> NDArray[np.int64]:
        """int64[D + 1, 2]: the row of `HorizonTables.pickup_days`; open must be both the location and the service."""
        opens, _ = self.hours(profile.calendar_id, profile.time_zone)
        collects, _ = self.open_minutes(service.pickup_calendar_id)
        pickups = self.at(profile.time_zone, np.full(self.day_count, service.pickup_minute))
        pickups = np.where((opens == CLOSED) | (collects == CLOSED), CLOSED, pickups)
        return np.column_stack([_ended(pickups), _next_day(pickups)])

    def delivery(self, calendar_id: str | None) -> NDArray[np.int64]:
        """int64[D + 1, 4]: the row of `HorizonTables.delivery_days`, in the network's time zone."""
        opens, closes = self.hours(calendar_id, self._rules.time_zone)
        listed = np.flatnonzero(opens != CLOSED)
        days = np.full((self.day_count + 1, 4), NEVER, np.int64)
        days[:, RANK] = np.cumsum(_ended(opens) != CLOSED)
        days[:, DELIVERY_DAY] = self.day_count
        days[: len(listed), DELIVERY_DAY] = listed
        days[: len(listed), DELIVERY_OPEN] = opens[listed]
        days[: len(listed), DELIVERY_CLOSE] = closes[listed]
        return days

    def _local_time(self, zone: str) -> LocalTime:
        if zone not in self._local:
            self._local[zone] = local_time(time_zone(zone), self._first_day, self.day_count)
        return self._local[zone]


def _pickup_tables(rules: DateRules, days: Days) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(row int64[P, S], tables int64[R, D + 1, 2]): profiles and services with the same pickups share a row."""
    rows: dict[tuple[str | None, str, str | None, int], int] = {}
    tables: list[NDArray[np.int64]] = []
    index = np.empty((len(rules.profiles), len(rules.carrier_services)), np.int64)
    for p, profile in enumerate(rules.profiles):
        for s, service in enumerate(rules.carrier_services):
            key = (profile.calendar_id, profile.time_zone, service.pickup_calendar_id, service.pickup_minute)
            if key not in rows:
                rows[key] = len(rows)
                tables.append(days.pickups(profile, service))
            index[p, s] = rows[key]
    return frozen(index), _tables(tables, days.day_count, 2)


def _ended(minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The minutes of the days, and `CLOSED` for the day after the last."""
    return np.append(minutes, CLOSED)


def _next_day(minutes: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[D + 1]: the first day at or after each that is not closed, D when there is none."""
    day_count = len(minutes)
    following = np.append(np.where(minutes == CLOSED, day_count, np.arange(day_count)), day_count)
    return np.minimum.accumulate(following[::-1])[::-1]


def _tables(tables: Sequence[NDArray[np.int64]], day_count: int, width: int) -> NDArray[np.int64]:
    """Tables of equal shape as one frozen array, also when there are none."""
    return frozen(np.array(tables, np.int64).reshape(len(tables), day_count + 1, width))
