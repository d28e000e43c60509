"""Dates of routes: when what is collected is ready, when a transfer leaves, and when it is there.

The day tables are those of a horizon in which each kind of transfer (calendar, departure) stands where a carrier service does:
it leaves on days open both for its start and for its calendar, and its transit days are counted on the latter. What a
location's profile is for work on parcels, two more are for what is collected of its own stock and for what it receives.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.kernels.dates import NEVER, HorizonTables
from engine.network.columns import distinct, frozen
from engine.network.horizon import DateRules, Days, Profile, build_horizon
from engine.network.records import MINUTES_PER_DAY, CarrierService, Location
from engine.network.transfers import TransferLanes

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RouteRules:
    """What decides the dates of routes. P profiles, those of the network first; T lanes; W kinds of transfer; A arrivals."""

    rules: DateRules
    pickup_profile: Int64s  # [L], of work on what is collected of the location's own stock
    receiving_profile: Int64s  # [L], of work on what came by a transfer
    kind: Int64s  # [T], the kind of each lane
    arrivals: tuple[tuple[str, int], ...]  # [A]: time zone and local minute
    arrival: Int64s  # [T], the arrival of each lane


@dataclass(frozen=True, slots=True, eq=False)
class RouteTables:
    """The day tables of one month, D days."""

    tables: HorizonTables
    arrival_minute: Int64s  # [A, D + 1]: UTC minute at which a transfer that arrives on a day is there, by kind of arrival


def route_rules(rules: DateRules, locations: tuple[Location, ...], transfers: TransferLanes) -> RouteRules:
    """The rules of a network; `rules` are those of its carriers."""
    pickups = [_profile(each, each.cutoff_minute, _pickup_minutes(each)) for each in locations]
    receiving = [_profile(each, MINUTES_PER_DAY, each.receiving_minutes) for each in locations]
    profiles, index = distinct((*rules.profiles, *pickups, *receiving))
    first, count = len(rules.profiles), len(locations)
    kinds, kind = distinct(zip(transfers.calendar_index.tolist(), transfers.departure_minute.tolist(), strict=True))
    ends = [locations[end].time_zone for end in transfers.to_location.tolist()]
    arrivals, arrival = distinct(zip(ends, transfers.arrival_minute.tolist(), strict=True))
    services = tuple(
        CarrierService(f"{n}", "", "", departure, transfers.calendar_ids[calendar], transfers.calendar_ids[calendar])
        for n, (calendar, departure) in enumerate(kinds)
    )
    calendar_index = frozen(np.array([calendar for calendar, _ in kinds], np.int64))
    of_routes = replace(
        rules, profiles=profiles, carrier_services=services, delivery_calendar_ids=transfers.calendar_ids,
        delivery_calendar_index=calendar_index,
    )  # fmt: skip
    return RouteRules(of_routes, frozen(index[first : first + count]), frozen(index[first + count :]), kind, arrivals, arrival)


def build_route_tables(routes: RouteRules, month: int) -> RouteTables:
    """The tables of a month given by `month_number`."""
    horizon = build_horizon(routes.rules, month)
    days = Days(routes.rules, horizon.first_day, horizon.day_count)
    arrivals = np.empty((len(routes.arrivals), horizon.day_count + 1), np.int64)
    for row, (zone, minute) in enumerate(routes.arrivals):
        arrivals[row, :-1] = days.at(zone, np.full(horizon.day_count, minute))
        arrivals[row, -1] = NEVER
    return RouteTables(horizon.tables, frozen(arrivals))


def _profile(location: Location, cutoff_minute: int, minutes: int) -> Profile:
    return Profile(location.calendar_id, location.time_zone, cutoff_minute, minutes)


def _pickup_minutes(location: Location) -> int:
    return location.processing_minutes if location.pickup_minutes is None else location.pickup_minutes
