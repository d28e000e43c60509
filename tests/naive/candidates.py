"""Candidates location by location, in plain Python: what the problem of a basket is, by the words of `Problem`.

Dates and prices come from the engine's kernels, which have twins of their own.
"""

from typing import Any, NamedTuple

import numpy as np

from engine.domain.basket import NO_LATEST
from engine.domain.enums import OrderBy, Term
from engine.kernels.dates import NEVER, delivery_window, handover_minute, processing_day
from engine.optimizer.problem import SHORT_TOTAL_MICROS, Problem, Tariffs, new_problem
from tests.naive.stock import Position, available
from tests.naive.tariffs import weigh

UNLIMITED = 2**61
FULL_DAYS_MAX = 60


class Column(NamedTuple):
    """One way to ship: a location, from a minute on, by a service."""

    location: int
    service: int
    start: int
    handover: int
    earliest: int
    latest: int
    day: int
    left: int


class NaiveCandidates(NamedTuple):
    """As `Candidates`."""

    problem: Problem | None
    lines: tuple[int, ...]
    columns: list[Column]


def naive_candidates(scene: Any, lanes: Any, lines: tuple[int, ...], services: tuple[int, ...]) -> NaiveCandidates:
    """The problem that ships `lines` by `services`; None where nothing of them can be."""
    asked = [scene.basket.lines[i] for i in lines]
    items = list(dict.fromkeys(line.item for line in asked))
    stock = {item: positions(scene, item) for item in items}
    floors = {item: scene.image.safety_stock(item, scene.basket.channel).tolist() for item in items}
    pools = {item: pools_of(scene, item) for item in items}

    def units(item: int, location: int, minute: int) -> int:
        return available(stock[item], location, minute, pools[item], floors[item][location])

    columns = []
    for location, minute in entries(scene, lanes, items, stock, units):
        need = (1, len(asked), sum(line.quantity for line in asked))[int(scene.image.capacity_unit[location])]
        for start, day, left in days_with_capacity(scene, location, minute, need):
            for service in services:
                dates = dates_of(scene, lanes, location, start, service)
                if dates is not None:
                    columns.append(Column(location, service, start, *dates, day, left))
    columns.sort(key=lambda c: preference(scene, lanes, c))
    allowed = [[may_carry(scene, line, c) and units(line.item, c.location, c.start) > 0 for c in columns] for line in asked]
    most = [locations_max(scene, line) for line in asked]
    quantity: list[int] = []
    for j, line in enumerate(asked):
        best: dict[int, int] = {}
        for c, may in zip(columns, allowed[j], strict=True):
            if may:
                best[c.location] = max(best.get(c.location, 0), units(line.item, c.location, c.start))
        same = [o for o, other in enumerate(asked) if other.item == line.item]
        alike = (
            len({(tuple(allowed[o]), asked[o].latest_minute) for o in same}) == 1
            and all(
                most[o] >= len(scene.image.location_ids)
                and not (asked[o].fill_or_kill or asked[o].ship_complete)
                and asked[o].min_split_quantity <= 1
                for o in same
            )
            and not counts_lines(scene)
        )
        # Who goes without is for the solver, unless it makes no difference.
        earlier = sum(q for q, other in zip(quantity, asked, strict=False) if other.item == line.item) if alike else 0
        cover = min(line.quantity, max(0, sum(sorted(best.values(), reverse=True)[: most[j]]) - earlier))
        quantity.append(0 if cover < line.quantity and (line.fill_or_kill or line.ship_complete) else cover)
    held = [j for j, q in enumerate(quantity) if q]
    if not held:
        return NaiveCandidates(None, (), columns)
    keep = [c for c in range(len(columns)) if any(allowed[j][c] for j in held)]
    columns = [columns[c] for c in keep]
    problem = priced(
        scene, lanes, [asked[j] for j in held], [quantity[j] for j in held], columns,
        [[allowed[j][c] for c in keep] for j in held], [[units(item, c.location, c.start) for c in columns] for item in items],
        [items.index(asked[j].item) for j in held], [most[j] for j in held],
    )  # fmt: skip
    return NaiveCandidates(problem, tuple(lines[j] for j in held), columns)


def counts_lines(scene: Any) -> bool:
    """Whether it makes a difference how many lines a location has to pick."""
    weight = dict(scene.policy.weights).get("pick", 1_000_000)
    return any(
        (place.pick_cost_micros and weight) or (place.capacity_unit == "LINES" and place.capacity_per_day is not None)
        for place in scene.image.locations
    )


def pools_of(scene: Any, item: int) -> set[str]:
    """The segment's own pool, and the common one unless a row of the segment bars it for the item or for all."""
    segment, item_id = scene.basket.segment, scene.image.item_ids[item]
    rules = [rule for rule in scene.image.records.segments if rule.segment == segment and rule.item_id in (None, item_id)]
    return {segment, ""} if all(rule.consumes_common for rule in rules) else {segment} - {""}


def positions(scene: Any, item: int) -> list[Position]:
    """An item's row, with its slots spelt out."""
    return [
        Position(location, slot.receipt_id, slot.pool, slot.available_at_minute, slot.sellable, supply, demand)
        for location, slot, supply, demand in scene.stock.matrix.rows(item)
    ]


def eligible(scene: Any, lanes: Any, location: int) -> bool:
    image, limits, policy = scene.image, scene.basket.constraints, scene.policy
    international = policy.international if limits.international is None else limits.international
    farthest = [d for d in (limits.max_distance_meters, policy.max_distance_meters) if d is not None]
    return bool(
        image.active[location]
        and image.ships[location]
        and (international or image.locations[location].country_code == scene.basket.destination.country_code)
        and all(lanes.distance_meters[location] <= d for d in farthest)
    )


def entries(scene: Any, lanes: Any, items: list[int], stock: Any, units: Any) -> list[tuple[int, int]]:
    """(location, minute): what has something now, then every receipt that lands later."""
    now = scene.start_minute
    locations = [place for place in range(len(scene.image.location_ids)) if eligible(scene, lanes, place)]
    first = [(place, now) for place in locations if any(units(item, place, now) > 0 for item in items)]
    later = {
        (p.location, p.available_at)
        for item in items
        for p in stock[item]
        if max(0, now) < p.available_at <= scene.last_minute and p.location in locations
    }
    return first + sorted(later)


def days_with_capacity(scene: Any, location: int, minute: int, need: int) -> list[tuple[int, int, int]]:
    """(start, day, capacity left) of the first day on which anything is left, then of each with more, until all fits."""
    image, tables = scene.image, scene.horizon.tables
    profile, limit = int(image.profile_index[location]), int(image.capacity_per_day[location])
    days: list[tuple[int, int, int]] = []
    looked = 0
    while looked < FULL_DAYS_MAX:
        looked += 1
        day = int(processing_day(minute, profile, tables))
        if limit >= UNLIMITED or day >= scene.horizon.day_count:
            break
        left = limit - scene.stock.used_on(location, tables.first_day + day)
        if left > (days[-1][2] if days else 0):
            days.append((minute, tables.first_day + day, left))
            looked = 0
        if days and days[-1][2] >= min(need, limit):
            return days
        minute = int(tables.profile_days[profile, day + 1, 0])
    return days or [(minute, tables.first_day + day, UNLIMITED if limit >= UNLIMITED else 0)]


def dates_of(scene: Any, lanes: Any, location: int, start: int, service: int) -> tuple[int, int, int] | None:
    """(handover, earliest, latest) or None where the service does not go."""
    if lanes.zone_index[service, location] < 0:
        return None
    tables = scene.horizon.tables
    minute, day = handover_minute(start, int(scene.image.profile_index[location]), service, tables)
    earliest, latest = delivery_window(minute, day, int(lanes.transit_days[service, location]), service, tables)
    return None if minute >= NEVER or latest >= NEVER else (int(minute), int(earliest), int(latest))


def preference(scene: Any, lanes: Any, column: Column) -> tuple[int, ...]:
    priority = int(scene.image.priority[column.location])
    if scene.policy.order_by is OrderBy.DISTANCE:
        return int(lanes.distance_meters[column.location]), column.location, column.latest, column.service
    if scene.policy.order_by is OrderBy.PRIORITY:
        return priority, column.location, column.latest, column.service
    return priority, column.latest, column.location, column.service


def may_carry(scene: Any, line: Any, column: Column) -> bool:
    """Whether the line's own wishes allow the column."""
    level = scene.image.service_levels[scene.image.service_level_index[column.service]]
    item, place = scene.image.items[line.item], scene.image.locations[column.location]
    carrier = scene.image.carrier_services[column.service]
    return (
        (not line.allowed_locations or column.location in line.allowed_locations)
        and column.location not in line.excluded_locations
        and item.item_class not in place.excluded_item_classes
        and (not item.hazmat or (place.hazmat and carrier.hazmat))
        and (carrier.max_package_grams is None or item.weight_grams <= carrier.max_package_grams)
        and line.preassigned_location in (-1, column.location)
        and line.service_level in ("", level)
        and (not line.preferred_services or column.service in line.preferred_services)
        and (scene.policy.late_micros_per_day > 0 or column.latest <= line.latest_minute)
    )


def locations_max(scene: Any, line: Any) -> int:
    limits, policy = scene.basket.constraints, scene.policy
    below = max(limits.no_split_below_micros or 0, policy.no_split_below_micros)
    if not policy.allow_split_lines or scene.basket.value_micros < below or order_locations_max(scene) == 1:
        return 1
    if line.ship_complete:
        return 1
    given = [limits.max_locations_per_line, policy.max_locations_per_line, line.max_splits + 1 if line.max_splits else None]
    return min([m for m in given if m is not None], default=2**31)


def order_locations_max(scene: Any) -> int:
    limits, policy = scene.basket.constraints, scene.policy
    below = max(limits.no_split_below_micros or 0, policy.no_split_below_micros)
    given = [limits.max_locations, policy.max_locations_per_order, 1 if scene.basket.value_micros < below else None]
    return min([m for m in given if m is not None], default=2**31)


def unit_prices(scene: Any, item: int, location: int) -> dict[Term, int]:
    """What one unit costs by where it comes from and goes to, from the records."""
    image, record = scene.image, scene.image.items[item]
    is_abroad = image.locations[location].country_code != scene.basket.destination.country_code
    duty = (2 * record.value_micros * record.duty_ppm + 10**6) // (2 * 10**6)
    prices = scene.image.records.inventory_prices
    rows = [row for row in range(len(prices.item_index)) if prices.item_index[row] == item]
    stock_out = sum(int(prices.stock_out_micros[row]) for row in rows if prices.location_index[row] == location)
    here = sum(int(prices.markdown_micros[row]) for row in rows if prices.location_index[row] == location)
    highest = max((int(prices.markdown_micros[row]) for row in rows), default=0)
    return {
        Term.DUTY: duty if is_abroad else 0, Term.STOCK_OUT: stock_out, Term.MARKDOWN: highest - here,
        Term.OPPORTUNITY: _opportunity(scene, item, location),
    }  # fmt: skip


def _opportunity(scene: Any, item: int, location: int) -> int:
    prices = scene.image.opportunity
    if prices is None or not scene.policy.opportunity_minutes_max:
        return 0
    if scene.start_minute > prices.solved_minute + scene.policy.opportunity_minutes_max:
        return 0
    pairs = {
        (i, int(prices.location[row])): int(prices.micros[row])
        for i in range(len(prices.first) - 1) for row in range(int(prices.first[i]), int(prices.first[i + 1]))
    }  # fmt: skip
    return pairs.get((item, location), 0)


def priced(
    scene: Any, lanes: Any, lines: list[Any], quantity: list[int], columns: list[Column], allowed: Any, available: Any,
    item: list[int], most: list[int],
) -> Problem:  # fmt: skip
    image, policy, weights = scene.image, scene.policy, scene.weights_ppm
    split = weigh(policy.split_micros, weights[Term.SPLIT])

    def fixed(place: int) -> int:
        pack, priority = int(image.pack_cost_micros[place]), int(image.priority[place])
        km, performance = int(lanes.distance_meters[place]) // 1000, image.locations[place].performance_micros
        parts = ((pack, Term.PACK), (priority, Term.PRIORITY), (km, Term.DISTANCE), (performance, Term.PERFORMANCE))
        return split + sum(weigh(raw, weights[term]) for raw, term in parts)

    def capacity(column: Column) -> int:
        limit = int(image.capacity_per_day[column.location])
        if limit >= UNLIMITED or limit == 0:
            return 0
        used = min(max(0, scene.stock.used_on(column.location, column.day)), limit)
        return weigh(policy.capacity_price_micros * (used * 10**6 // limit) // 10**6, weights[Term.CAPACITY])

    def late_micros(line: Any, column: Column) -> int:
        late = 0 if line.latest_minute == NO_LATEST else -(-max(0, column.latest - line.latest_minute) // 1440)
        return late * policy.late_micros_per_day

    def of_unit(line: Any, column: Column) -> int:
        gram_meters = int(image.weight_grams[line.item]) * int(lanes.distance_meters[column.location])
        rate = int(image.co2_grams_per_tonne_km[column.service]) * policy.carbon_micros_per_kg
        carbon = weigh(gram_meters * rate // 10**12, weights[Term.CARBON])
        late = weigh(late_micros(line, column), weights[Term.LATENESS])
        return (
            carbon
            + late
            + sum(weigh(raw, weights[term]) for term, raw in unit_prices(scene, line.item, column.location).items())
        )

    every = [min(of_unit(line, c) for line in lines) for c in columns]
    own = [[of_unit(line, c) - least for c, least in zip(columns, every, strict=True)] for line in lines]
    divided = [q > 1 and m > 1 for q, m in zip(quantity, most, strict=True)]
    per_line = [[0 if d else q * micros for micros in row] for row, q, d in zip(own, quantity, divided, strict=True)]
    per_unit = [[micros if d else 0 for micros in row] for row, d in zip(own, divided, strict=True)]

    def line_cost(line: Any, column: Column) -> int:
        pick = weigh(int(image.pick_cost_micros[column.location]), weights[Term.PICK])
        declined = policy.decline_micros * image.locations[column.location].decline_ppm // 10**6
        return pick + weigh(declined, weights[Term.DECLINE])

    zones = sorted({int(lanes.zone_index[c.service, c.location]) for c in columns})
    service = [image.zones[zone][0] for zone in zones]
    short = SHORT_TOTAL_MICROS // sum(quantity)
    if policy.short_micros is not None:
        short = weigh(policy.short_micros, weights[Term.SHORT])
    ints: dict[str, Any] = {
        "quantity": quantity, "item": item, "grams": [image.weight_grams[line.item] for line in lines],
        "volume": [image.volume_mm3[line.item] for line in lines], "short_micros": [short] * len(lines),
        "line_locations_max": most, "location": [c.location for c in columns],
        "fixed": [fixed(c.location) + capacity(c) for c in columns],
        "line_micros": [
            [line_cost(line, c) + micros for c, micros in zip(columns, row, strict=True)]
            for line, row in zip(lines, per_line, strict=True)
        ],
        "unit_micros": [
            weigh(int(image.unit_cost_micros[c.location]), weights[Term.UNIT]) + least
            for c, least in zip(columns, every, strict=True)
        ],
        "available": available, "capacity_kind": [image.capacity_unit[c.location] for c in columns],
        "capacity_left": [c.left for c in columns],
        "price_row": [zones.index(lanes.zone_index[c.service, c.location]) for c in columns], "zone": zones,
        "divisor": image.dimensional_divisor[service], "package_grams_max": image.max_package_grams[service],
    }  # fmt: skip
    return new_problem(
        **{name: np.array(values, np.int64) for name, values in ints.items()},
        allowed=np.array(allowed, np.bool_),
        tariffs=Tariffs(image.tariff_start, image.tariff_max_grams, image.tariff_price_micros, image.tariff_per_kg_micros),
        split_micros=split,
        carrier_weight_ppm=weights[Term.CARRIER],
        locations_max=order_locations_max(scene),
        ranked=policy.order_by is not OrderBy.COST,
        line_unit_micros=np.array(per_unit, np.int64) if any(map(any, per_unit)) else None,
    )
