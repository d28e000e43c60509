"""What is collected, the slow way: dates of transfers by wall clocks, and the best plan out of every plan there is."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple

from engine.domain.basket import DeliveryMethod
from engine.domain.enums import Term
from tests.naive import dates
from tests.naive.candidates import days_with_capacity, pools_of, positions
from tests.naive.stock import available
from tests.naive.tariffs import weigh


def place_of(records: Any, location: Any, minutes: int, cutoff: int) -> dates.Place:
    """A location, as far as the dates of some work there go."""
    return dates.Place(location.time_zone, calendar_of(records, location.calendar_id), cutoff, minutes)


def calendar_of(records: Any, calendar_id: str | None) -> dates.Calendar:
    return None if calendar_id is None else tuple(row for row in records.calendars if row.calendar_id == calendar_id)


def collectable(records: Any, start: int, source: Any, store: Any, lane: Any, days: dates.Days) -> tuple[int, int] | None:
    """(when it leaves, when it can be collected) of what may be started at a minute; lane None: it is at the store."""
    if lane is None:
        minutes = store.processing_minutes if store.pickup_minutes is None else store.pickup_minutes
        ready = dates.ready(start, place_of(records, store, minutes, store.cutoff_minute), days)
        return None if ready is None else (ready, ready)
    calendar = calendar_of(records, lane.calendar_id)
    truck = dates.Carrier(lane.departure_minute, calendar, calendar)
    left = dates.handover(start, place_of(records, source, source.processing_minutes, source.cutoff_minute), truck, days)
    if left is None:
        return None
    departure, day = left
    open_days = lane.transit_days
    if open_days == 0 and dates.hours(records.network.time_zone, calendar, day) is None:
        open_days = 1
    while open_days > 0:
        day += timedelta(days=1)
        if day > days.last:
            return None
        open_days -= dates.hours(records.network.time_zone, calendar, day) is not None
    there = max(departure, dates.instant(store.time_zone, day, lane.arrival_minute))
    ready = dates.ready(there, place_of(records, store, store.receiving_minutes, 1440), days)
    return None if ready is None else (departure, ready)


class Leg(NamedTuple):
    """One way to a store: from a location by a lane or none, from a minute on, ready at another; and its day's capacity."""

    location: int
    lane: Any
    start: int
    ready: int
    day: int
    left: int


def legs(scene: Any, store: int, lines: list[int], days: dates.Days) -> list[Leg]:
    """Every way to a store for these lines."""
    image, records = scene.image, scene.image.records
    asked = [scene.basket.lines[i] for i in lines]
    found = []
    for location, source in enumerate(image.locations):
        lanes = [t for t in records.transfers if (t.from_location_id, t.to_location_id)
                 == (source.location_id, image.location_ids[store])]  # fmt: skip
        if not image.active[location]:
            continue
        minutes = {scene.start_minute}
        if len(scene.basket.pickup_locations) > 1 and source.capacity_per_day is not None:
            # Another store's share of a day may make this one's wait for a later one.
            minutes |= {scene.start_minute + ahead * 1440 for ahead in (1, 2, 3)}
        for line in asked:
            here = [p for p in positions(scene, line.item) if p.location == location]
            minutes |= {p.available_at for p in here if p.available_at > scene.start_minute}
        need = (1, len(asked), sum(line.quantity for line in asked))[int(image.capacity_unit[location])]
        for minute in minutes:
            for start, day, left in days_with_capacity(scene, location, minute, need):
                for lane in [None] * (location == store) + lanes:
                    when = collectable(records, start, source, image.locations[store], lane, days)
                    if when is not None:
                        found.append(Leg(location, lane, start, when[1], day, left))
    return found


def every_plan(scene: Any, days: dates.Days) -> Iterator[tuple[int, int]]:
    """(units short, micros) of every plan in which each store has each location once."""
    lines = scene.basket.lines
    stores = list(dict.fromkeys(line.pickup_location for line in lines))
    ways = []
    for store in stores:
        found = legs(scene, store, [i for i, line in enumerate(lines) if line.pickup_location == store], days)
        ways += [
            [None, *((store, leg) for leg in found if leg.location == location)] for location in {leg.location for leg in found}
        ]
    for chosen in product(*ways):
        used = [way for way in chosen if way is not None]
        for shares in product(*(divisions(line, used, scene) for line in lines)):
            cost = plan_micros(scene, used, shares)
            if cost is not None:
                yield sum(line.quantity - sum(share) for line, share in zip(lines, shares, strict=True)), cost


def divisions(line: Any, used: list[Any], scene: Any) -> list[tuple[int, ...]]:
    """Units of a line on each way in use: every division."""
    may = [
        store == line.pickup_location and leg.ready <= line.latest_minute
        and not (line.delivery_method is DeliveryMethod.SHIP_TO_STORE and leg.lane is None)
        and leg.location not in line.excluded_locations
        for store, leg in used
    ]  # fmt: skip
    found = [
        share for share in product(*(range(line.quantity + 1 if able else 1) for able in may)) if sum(share) <= line.quantity
    ]
    return [share for share in found if not line.all_or_nothing or sum(share) in (0, line.quantity)]


def plan_micros(scene: Any, used: list[Any], shares: tuple[tuple[int, ...], ...]) -> int | None:
    """What a plan costs without what is short; None where stock, capacity or a way without units forbids it."""
    lines, image, weights = scene.basket.lines, scene.image, scene.weights_ppm
    cost = -scene.split_micros if used else 0
    taken: dict[tuple[int, int], int] = {}
    for n, (_, leg) in enumerate(used):
        carried = [i for i, share in enumerate(shares) if share[n]]
        units = sum(share[n] for share in shares)
        if not units:
            return None
        place = image.locations[leg.location]
        cost += scene.split_micros + weigh(place.pack_cost_micros, weights[Term.PACK])
        cost += weigh(place.pick_cost_micros, weights[Term.PICK]) * len(carried)
        cost += weigh(place.unit_cost_micros, weights[Term.UNIT]) * units
        if leg.lane is not None:
            cost += weigh(leg.lane.cost_micros, weights[Term.TRANSFER])
            cost += weigh(leg.lane.unit_cost_micros, weights[Term.TRANSFER]) * units
        need = (1, len(carried), units)[int(image.capacity_unit[leg.location])]
        taken[leg.location, leg.day] = taken.get((leg.location, leg.day), 0) + need
        if taken[leg.location, leg.day] > leg.left:
            return None
    for item in {line.item for line in lines}:
        row, pools, floors = positions(scene, item), pools_of(scene, item), scene.floor(item).tolist()
        for location in {leg.location for _, leg in used}:
            for minute in {leg.start for _, leg in used}:
                wanted = sum(
                    share[n] for line, share in zip(lines, shares, strict=True) if line.item == item
                    for n, (_, leg) in enumerate(used) if leg.location == location and leg.start <= minute
                )  # fmt: skip
                if wanted > available(row, location, minute, pools, floors[location]):
                    return None
    return cost
