"""What one order may ship, source by source: where from, by when, by which services, and what each subset of lines costs."""

from typing import Any, NamedTuple

from engine.kernels import asked as a
from engine.kernels.dates import NEVER, delivery_window, handover_minute, processing_day
from tests.naive.entries import UNLIMITED, days_with_room
from tests.naive.runs import shipment_fixed
from tests.naive.stock import available
from tests.naive.tariffs import shipment_micros, weigh

NEVER_MINUTE = 2**62
UNITS_MAX = 2**31 - 1


class Source(NamedTuple):
    """A location from a minute on; landed: the minute of its receipt, 0 for what is there now; units of each line."""

    location: int
    landed: int
    start: int
    day: int
    left: int
    units: tuple[int, ...]


class Column(NamedTuple):
    """A source by a service: the lines it may carry a unit of, and those it has whole."""

    source: Source
    service: int
    handover: int
    earliest: int
    latest: int
    some: tuple[int, ...]
    whole: tuple[int, ...]


def may_ship(world: Any, location: int) -> bool:
    country, wanted, most = int(world.limits.country[location]), world.order(a.O_COUNTRY), world.order(a.O_DISTANCE_MAX)
    near = most < 0 or world.costs[location].meters <= most
    return country >= 0 and wanted in (-1, country) and near


def wished(world: Any, location: int, j: int) -> bool:
    return bool(world.wishes[world.order(a.O_WISH_ROW), location] >> j & 1)


def units_of(world: Any, location: int, minute: int) -> tuple[int, ...]:
    """Of each line what can be promised by a minute, 0 where the line does not want the location."""
    return tuple(
        min(UNITS_MAX, available(row, location, minute, world.names, int(world.floor[world.line(a.L_FLOOR_ROW, j), location])))
        * wished(world, location, j)
        for j, row in enumerate(world.rows.items)
    )


def sources_of(world: Any) -> list[Source]:
    """What is there now where the day holds the whole order; else, and when receipts land, days with ever more room."""
    now, n, tables = world.order(a.O_NOW), world.n, world.tables
    total = sum(world.line(a.L_QUANTITY, j) for j in range(n))
    found = []
    for location in range(len(world.costs)):
        if not may_ship(world, location):
            continue
        profile, limit = int(world.limits.profile[location]), int(world.limits.per_day[location])
        need = (1, n, total)[int(world.limits.kind[location])]

        def taken(day: int, location: int = location) -> int:
            return int(world.limits.used[day, location]) if day < len(world.limits.used) else 0

        def day_of(minute: int, profile: int = profile) -> int:
            return int(processing_day(minute, profile, tables))

        starts = tables.profile_days[profile, :, 0].tolist()
        # A day beyond the tables is as full as its limit says: nothing is known to be taken.
        today = day_of(now)
        left = UNLIMITED if limit >= UNLIMITED else limit - taken(today)
        landings = sorted(
            {p.available_at for row in world.rows.items for p in row
             if p.location == location and now < p.available_at <= world.order(a.O_LATEST)}
        )  # fmt: skip
        entries = [(minute, minute) for minute in landings]
        if any(units_of(world, location, now)):
            if left >= need and left > 0:
                found.append(Source(location, 0, now, tables.first_day + today, UNLIMITED, units_of(world, location, now)))
            else:
                entries = [(0, now), *entries]
        for landed, minute in entries:
            days = days_with_room(minute, limit, need, taken, day_of, starts)
            found += [
                Source(location, landed, start, tables.first_day + day, room, units_of(world, location, start))
                for start, day, room in days
            ]
    return found


def columns_of(world: Any, services: int) -> list[Column]:
    """Every source by every service that is asked for, goes there, and delivers some line of it in time."""
    found = []
    for source in sources_of(world):
        profile = int(world.limits.profile[source.location])
        for s, zones in enumerate(world.zone):
            if zones[source.location] < 0 or not services >> s & 1:
                continue
            handover, day = handover_minute(source.start, profile, s, world.tables)
            earliest, latest = delivery_window(handover, day, world.transit[s][source.location], s, world.tables)
            if handover >= NEVER or latest >= NEVER or latest > world.order(a.O_BY):
                continue
            permitted = [
                j
                for j in range(world.n)
                if world.line(a.L_SERVICES, j) >> s & 1
                and (latest <= world.line(a.L_LATEST, j) or world.order(a.O_LATE_PER_DAY) > 0)
            ]
            some = tuple(j for j in permitted if source.units[j] > 0)
            whole = tuple(j for j in permitted if source.units[j] >= world.line(a.L_QUANTITY, j))
            if some:
                found.append(Column(source, s, int(handover), int(earliest), int(latest), some, whole))
    return found


def late_micros(world: Any, column: Column, j: int) -> int:
    due, per_day = world.line(a.L_LATEST, j), world.order(a.O_LATE_PER_DAY)
    days = 0 if due >= NEVER_MINUTE else -(-max(0, column.latest - due) // 1440)
    return weigh(days * per_day, world.order(a.O_LATE_PPM))


def fixed_micros(world: Any, column: Column) -> int:
    return shipment_fixed(world.costs[column.source.location], world.distance_ppm)


def subset_micros(world: Any, column: Column, lines: tuple[int, ...]) -> int | None:
    """What whole lines cost together from a column; None where it cannot carry them."""
    if not set(lines) <= set(column.whole):
        return None
    source, quantity = column.source, [world.line(a.L_QUANTITY, j) for j in lines]
    if (1, len(lines), sum(quantity))[int(world.limits.kind[source.location])] > source.left:
        return None
    grams, volume = (
        sum(q * world.line(field, j) for q, j in zip(quantity, lines, strict=True)) for field in (a.L_GRAMS, a.L_VOLUME)
    )
    divisor, package = world.limits.services[:, column.service].tolist()
    raw = shipment_micros(grams, volume, divisor, package, world.breaks[world.zone[column.service][source.location]])
    if raw is None:
        return None
    costs = world.costs[source.location]
    handling = sum(costs.pick + costs.unit * q + late_micros(world, column, j) for q, j in zip(quantity, lines, strict=True))
    return fixed_micros(world, column) + handling + weigh(raw, world.order(a.O_CARRIER_PPM))


def preference(world: Any, column: Column) -> tuple[int, ...]:
    source = column.source
    priority = int(world.runs.priority[source.location])
    entry = 0 if source.left == UNLIMITED and source.landed == 0 and source.start == world.order(a.O_NOW) else source.start
    return priority, column.latest, source.location, column.service, source.landed, entry
