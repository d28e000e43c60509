"""From the wire to the domain: baskets with their strings turned into indexes, every bad field named."""

from collections.abc import Iterable

from belofte.v1 import promise_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.basket import NO_LATEST, Basket, BasketLine, Constraints, DeliveryMethod, DestinationKey
from engine.domain.life import POOLED
from engine.network.image import NetworkImage
from engine.network.kits import components
from engine.optimizer.explanation import Level
from engine.promise.estimate import EstimateRequest
from engine.service.fields import (
    IDS_MAX,
    NAME_LENGTH_MAX,
    Violations,
    check_count,
    check_id,
    check_range,
    check_scenario,
    check_text,
    index_of_item,
    index_of_location,
    indexes_of,
    minute_of,
)
from engine.service.sets import QUANTITY_MAX, join_lines

MONEY_MICROS_MAX = 10**12
METER_MICROS_MAX = 10**8
"""Of a penalty per metre: half the way around the world stays within safe sums."""

COUNT_MAX = 2**31 - 1
TAGS_MAX = SUBSTITUTES_MAX = 20
"""Of one line."""

NAMES_MAX = 100
"""Names in one constraint."""

CALLING_SYSTEM_LENGTH_MAX = 64
POSTAL_CODE_LENGTH_MAX = 16
NAMES = ("channel", "segment", "customer_id", "customer_class", "policy_id", "demand_class")
"""Fields of a basket in the caller's own words."""

PLAIN = frozenset({"line_id", "item_id", "quantity", "unit_price_micros"})
"""Fields of a line that asks for nothing but units of an item."""

NO_LIMITS = Constraints()
OPTIONS_MAX = 10
PICKUPS_MAX = 20
REQUEST_TIME_BEHIND_MINUTES_MAX = 60
"""How far a request time may lie back: clocks differ and queues take time, but nothing is promised for what is past."""

MINUTES_PER_DAY = 1_440
LIMITS = {
    "no_split_below_micros": "no_split_locations", "no_split_item_classes": "no_split_classes",
    "express_only_location_ids": "express_only",
}  # fmt: skip
"""Fields of the wire's constraints whose limit has another name in the domain."""


def decode_basket(
    wire: types_pb2.Basket, field: str, image: NetworkImage, now_minute: int, lines_max: int, violations: Violations,
    *, needs_destination: bool = True,
) -> Basket:  # fmt: skip
    """The basket in indexes. `field` is its path in the request; `now_minute` counts where it names no request time.

    `needs_destination`: what is shipped must say where to.
    """
    request_minute = now_minute
    if wire.HasField("request_time"):
        request_minute = decode_request_time(wire.request_time, f"{field}.request_time", image, now_minute, violations)
    if not 1 <= len(wire.lines) <= lines_max:
        violations.add(f"{field}.lines", f"1 to {lines_max} lines were expected, not {len(wire.lines)}")
    lines = []
    seen: set[str] = set()
    for i, line in enumerate(wire.lines[: lines_max + 1]):
        path = f"{field}.lines[{i}]"
        if check_id(line.line_id, f"{path}.line_id", violations) and line.line_id in seen:
            violations.add(f"{path}.line_id", f"{line.line_id!r} stands on an earlier line")
        seen.add(line.line_id)
        lines.append(decode_line(line, path, image, request_minute, violations))
    shipped = any(line.delivery_method is DeliveryMethod.SHIP for line in lines)
    destination = None
    if (shipped and needs_destination) or wire.HasField("destination"):
        destination = decode_destination(wire.destination, f"{field}.destination", image, violations)
    if wire.currency and wire.currency != image.network.currency:
        violations.add(f"{field}.currency", f"{image.network.currency} was expected, the currency of the network")
    check_scenario(wire.scenario_id, f"{field}.scenario_id", image, violations)
    for name in NAMES:
        if text := getattr(wire, name):
            check_text(text, f"{field}.{name}", NAME_LENGTH_MAX, violations)
    if len(wire.calling_system) > CALLING_SYSTEM_LENGTH_MAX:
        expected = f"at most {CALLING_SYSTEM_LENGTH_MAX} characters were expected, not {len(wire.calling_system)}"
        violations.add(f"{field}.calling_system", expected)
    if sum(line.unit_price_micros * line.quantity for line in lines) > 10**18:
        violations.add(f"{field}.lines", "a total value of at most 10^18 micros was expected")
    limits = NO_LIMITS
    if wire.HasField("constraints"):
        limits = decode_constraints(wire.constraints, f"{field}.constraints", image, violations)
    joined = join_lines(lines, wire.lines[: lines_max + 1], field, image, violations)
    ways = {line.pickup_location for line in joined}
    if limits.ship_complete and not limits.is_soft("ship_complete") and len(ways) > 1:
        expected = "lines that all ship, or are all collected at one location, were expected"
        violations.add(f"{field}.constraints.ship_complete", expected)
    return Basket(
        joined, request_minute, destination, wire.channel, wire.segment, wire.customer_class, wire.currency,
        wire.policy_id, limits, wire.scenario_id,
    )  # fmt: skip


def decode_request_time(stamp: Timestamp, field: str, image: NetworkImage, now_minute: int, violations: Violations) -> int:
    """UTC minute that a basket is decided for: hardly before now, and not beyond the horizon."""
    wrong_before = len(violations.invalid)
    minute = minute_of(stamp, field, violations)
    if len(violations.invalid) > wrong_before:
        return minute
    horizon_days = image.network.horizon_days
    if minute < now_minute - REQUEST_TIME_BEHIND_MINUTES_MAX:
        expected = f"an instant at most {REQUEST_TIME_BEHIND_MINUTES_MAX} minutes before now was expected, this one is past"
        violations.add(field, expected)
    elif minute > now_minute + horizon_days * MINUTES_PER_DAY:
        expected = f"an instant within {horizon_days} days from now was expected, the network's horizon_days"
        violations.add(field, expected)
    return minute


def decode_line(
    wire: types_pb2.BasketLine, path: str, image: NetworkImage, request_minute: int, violations: Violations
) -> BasketLine:
    """One line in indexes; unknown names become −1 and are named in `violations`."""
    item = index_of_item(wire.item_id, f"{path}.item_id", image, violations)
    check_range(wire.quantity, f"{path}.quantity", 1, QUANTITY_MAX, violations)
    check_range(wire.unit_price_micros, f"{path}.unit_price_micros", 0, MONEY_MICROS_MAX, violations)
    if all(descriptor.name in PLAIN for descriptor, _ in wire.ListFields()):
        # Most lines: what they do not say need not be looked at word by word.
        return BasketLine(wire.line_id, item, wire.quantity, wire.unit_price_micros)
    check_range(wire.max_splits, f"{path}.max_splits", 0, COUNT_MAX, violations)
    check_range(wire.min_split_quantity, f"{path}.min_split_quantity", 0, QUANTITY_MAX, violations)
    check_range(wire.kit_ratio, f"{path}.kit_ratio", 0, QUANTITY_MAX, violations)
    try:
        method = DeliveryMethod(wire.delivery_method or DeliveryMethod.SHIP)
    except ValueError:
        violations.add(f"{path}.delivery_method", "SHIP, PICKUP, SHIP_TO_STORE or DIGITAL was expected")
        method = DeliveryMethod.SHIP
    pickup = -1
    if wire.pickup_location_id and method in (DeliveryMethod.SHIP, DeliveryMethod.DIGITAL):
        violations.add(f"{path}.pickup_location_id", f"none was expected, the delivery method is {method.name}")
    if method in (DeliveryMethod.PICKUP, DeliveryMethod.SHIP_TO_STORE):
        pickup = index_of_location(wire.pickup_location_id, f"{path}.pickup_location_id", image, violations)
        if pickup >= 0 and not image.pickup[pickup]:
            violations.add(f"{path}.pickup_location_id", f"{wire.pickup_location_id!r} hands nothing over to customers")
    if wire.service_level and wire.service_level not in image.service_levels:
        known = ", ".join(image.service_levels)
        violations.add(f"{path}.service_level", f"one of {known} was expected, not {wire.service_level[:40]!r}")
    latest = NO_LATEST
    if wire.HasField("latest_date"):
        # A deadline is not moved by rounding: the minute it lies in has begun, and no more.
        wrong_before = len(violations.invalid)
        latest = minute_of(wire.latest_date, f"{path}.latest_date", violations)
        if latest < request_minute and len(violations.invalid) == wrong_before:
            violations.add(f"{path}.latest_date", "an instant after the request time was expected, this one is past")
    check_count(wire.tags, f"{path}.tags", TAGS_MAX, violations)
    check_count(wire.substitute_item_ids, f"{path}.substitute_item_ids", SUBSTITUTES_MAX, violations)
    earliest = decode_earliest(wire, path, image, request_minute, latest, violations) if wire.HasField("earliest_date") else 0
    return BasketLine(
        line_id=wire.line_id, item=item, quantity=wire.quantity, unit_price_micros=wire.unit_price_micros,
        delivery_method=method, pickup_location=pickup, service_level=wire.service_level, earliest_minute=earliest,
        latest_minute=latest,
        ship_complete=wire.ship_complete, fill_or_kill=wire.fill_or_kill, max_splits=wire.max_splits,
        min_split_quantity=wire.min_split_quantity,
        allowed_locations=indexes_of(wire.allowed_location_ids, f"{path}.allowed_location_ids", image, violations),
        excluded_locations=indexes_of(wire.excluded_location_ids, f"{path}.excluded_location_ids", image, violations),
        preassigned_location=index_of_location(
            wire.preassigned_location_id, f"{path}.preassigned_location_id", image, violations
        ) if wire.preassigned_location_id else -1,
        preferred_services=preferred_services(wire, path, image, violations), allow_backorder=wire.allow_backorder,
        substitutes=decode_substitutes(wire, path, item, image, violations),
    )  # fmt: skip


def decode_substitutes(
    wire: types_pb2.BasketLine, path: str, item: int, image: NetworkImage, violations: Violations
) -> tuple[int, ...]:  # fmt: skip
    """Items that may be sent instead: those named, or else the item's own; no kits, and none in place of a kit or its parts."""
    if not wire.allow_substitutes:
        if wire.substitute_item_ids:
            violations.add(f"{path}.substitute_item_ids", "none was expected without allow_substitutes")
        return ()
    if wire.kit_parent_line_id or (item >= 0 and image.items[item].components):
        violations.add(f"{path}.allow_substitutes", "false was expected, the line is a kit or a part of one")
    found: list[int] = []
    for i, item_id in enumerate(wire.substitute_item_ids[:SUBSTITUTES_MAX]):
        field = f"{path}.substitute_item_ids[{i}]"
        other = index_of_item(item_id, field, image, violations)
        if other >= 0 and (other == item or other in found):
            violations.add(field, f"an item other than the line's own and those before it was expected, not {item_id!r}")
        elif other >= 0 and image.items[other].components:
            violations.add(field, f"an item that is no kit was expected, not {item_id!r}")
        found.append(other)
    if found or item < 0:
        return tuple(found)
    own = (image.item_index[item_id] for item_id in image.items[item].substitutes)
    return tuple(other for other in own if not image.items[other].components)


def decode_earliest(
    wire: types_pb2.BasketLine, path: str, image: NetworkImage, request_minute: int, latest: int, violations: Violations
) -> int:  # fmt: skip
    """UTC minute before which nothing of a line is to be there; 0 where that is no restriction."""
    wrong_before = len(violations.invalid)
    minute = minute_of(wire.earliest_date, f"{path}.earliest_date", violations)
    if len(violations.invalid) > wrong_before or minute <= request_minute:
        return 0
    horizon_days = image.network.horizon_days
    if minute > latest:
        violations.add(f"{path}.latest_date", f"an instant not before {path}.earliest_date was expected")
    elif minute > request_minute + horizon_days * MINUTES_PER_DAY:
        expected = f"an instant within {horizon_days} days from the request time was expected, the network's horizon_days"
        violations.add(f"{path}.earliest_date", expected)
    return minute


def decode_destination(wire: types_pb2.Destination, field: str, image: NetworkImage, violations: Violations) -> DestinationKey:
    """A country with a postal code or both coordinates; the network's country where none is given."""
    country = wire.country_code or image.network.country_code
    if len(country) != 2 or not country.isascii() or not country.isalpha() or not country.isupper():
        violations.add(f"{field}.country_code", f"two capital letters (ISO 3166) were expected, not {country[:10]!r}")
    if wire.address_type not in types_pb2.AddressType.values():
        violations.add(f"{field}.address_type", "RESIDENTIAL or BUSINESS was expected")
    if wire.HasField("latitude") != wire.HasField("longitude"):
        violations.add(f"{field}.latitude", "latitude and longitude were expected together")
    if wire.HasField("latitude") and wire.HasField("longitude"):
        if not -90 <= wire.latitude <= 90:
            violations.add(f"{field}.latitude", "degrees from −90 to 90 were expected")
        if not -180 <= wire.longitude <= 180:
            violations.add(f"{field}.longitude", "degrees from −180 to 180 were expected")
        check_text(wire.postal_code, f"{field}.postal_code", POSTAL_CODE_LENGTH_MAX, violations)
        return DestinationKey(country, wire.postal_code, wire.latitude, wire.longitude)
    if wire.postal_code:
        check_text(wire.postal_code, f"{field}.postal_code", POSTAL_CODE_LENGTH_MAX, violations)
    else:
        expected = f"a postal code of 1–{POSTAL_CODE_LENGTH_MAX} characters, or coordinates, were expected"
        violations.add(f"{field}.postal_code", expected)
    return DestinationKey(country, wire.postal_code)


def decode_constraints(wire: types_pb2.Constraints, field: str, image: NetworkImage, violations: Violations) -> Constraints:
    """Limits, hard or soft; one that is absent does not limit."""
    penalties: list[tuple[str, int]] = []
    for descriptor, given in wire.ListFields():
        if given.HasField("penalty_micros"):
            path = f"{field}.{descriptor.name}.penalty_micros"
            most = METER_MICROS_MAX if descriptor.name == "max_distance_meters" else MONEY_MICROS_MAX
            check_range(given.penalty_micros, path, 0, most, violations)
            penalties.append((LIMITS.get(descriptor.name, descriptor.name), given.penalty_micros))

    def limit(name: str, low: int) -> int | None:
        if not wire.HasField(name):
            return None
        given: types_pb2.IntegerConstraint = getattr(wire, name)
        check_range(given.value, f"{field}.{name}.value", low, 10**15, violations)
        return given.value

    classes: tuple[int, ...] = ()
    locations: tuple[int, ...] = ()
    if check_count(wire.no_split_item_classes.values, f"{field}.no_split_item_classes.values", NAMES_MAX, violations):
        classes = class_indexes(wire.no_split_item_classes.values, f"{field}.no_split_item_classes.values", image, violations)
    named = wire.express_only_location_ids.values
    if check_count(named, f"{field}.express_only_location_ids.values", NAMES_MAX, violations):
        locations = indexes_of(named, f"{field}.express_only_location_ids.values", image, violations)
    return Constraints(
        max_locations=limit("max_locations", 1),
        max_locations_per_line=limit("max_locations_per_line", 1),
        max_distance_meters=limit("max_distance_meters", 0),
        no_split_below_micros=limit("no_split_below_micros", 0),
        ship_complete=wire.ship_complete.value,
        international=wire.international.value if wire.HasField("international") else None,
        no_split_classes=classes,
        express_only=locations,
        penalties=tuple(penalties),
    )


def class_indexes(names: Iterable[str], field: str, image: NetworkImage, violations: Violations) -> tuple[int, ...]:
    """Indexes of a list of item classes."""
    found = []
    for i, name in enumerate(names):
        if name in image.item_classes:
            found.append(image.item_classes.index(name))
        else:
            violations.add(f"{field}[{i}]", f"a class of the network's items was expected, not {name[:40]!r}")
    return tuple(found)


def preferred_services(wire: types_pb2.BasketLine, path: str, image: NetworkImage, violations: Violations) -> tuple[int, ...]:
    """Indexes of the carrier services a line is limited to."""
    found: list[int] = []
    if not check_count(wire.preferred_carrier_service_ids, f"{path}.preferred_carrier_service_ids", IDS_MAX, violations):
        return ()
    for i, service_id in enumerate(wire.preferred_carrier_service_ids):
        index = image.service_index.get(service_id)
        if index is None:
            known = ", ".join(image.service_ids[:20])
            violations.add(f"{path}.preferred_carrier_service_ids[{i}]", f"one of {known} was expected")
        else:
            found.append(index)
    return tuple(found)


def decode_quote(
    wire: promise_service_pb2.QuotePromiseRequest, image: NetworkImage, now_minute: int, lines_max: int, violations: Violations
) -> Basket:
    """The basket of a quote."""
    return decode_basket(wire.basket, "basket", image, now_minute, lines_max, violations)


def decode_estimate(
    wire: promise_service_pb2.GetEstimatedDeliveryRequest, image: NetworkImage, now_minute: int, violations: Violations
) -> tuple[EstimateRequest, list[int]]:
    """The ways to estimate, those asked for or all that can serve, of the first item; and all items."""
    minute = now_minute
    if wire.HasField("request_time"):
        minute = decode_request_time(wire.request_time, "request_time", image, now_minute, violations)
    items = estimated_items(wire, image, violations)
    check_range(wire.quantity, "quantity", 0, QUANTITY_MAX, violations)
    for name in ("channel", "segment"):
        check_text(getattr(wire, name), name, NAME_LENGTH_MAX, violations)
    methods = set(wire.delivery_methods)
    for i, method in enumerate(wire.delivery_methods):
        if method == types_pb2.DELIVERY_METHOD_UNSPECIFIED or method not in types_pb2.DeliveryMethod.values():
            violations.add(f"delivery_methods[{i}]", "SHIP, PICKUP, SHIP_TO_STORE or DIGITAL was expected")
    ships = types_pb2.DELIVERY_METHOD_SHIP in methods or not methods
    collects = types_pb2.DELIVERY_METHOD_PICKUP in methods or not methods
    transfers = types_pb2.DELIVERY_METHOD_SHIP_TO_STORE in methods
    destination = None
    if wire.HasField("destination"):
        destination = decode_destination(wire.destination, "destination", image, violations)
    elif types_pb2.DELIVERY_METHOD_SHIP in methods:
        violations.add("destination", "one was expected with SHIP")
    pickups: list[int] = []
    if check_count(wire.pickup_location_ids, "pickup_location_ids", PICKUPS_MAX, violations):
        for i, location_id in enumerate(wire.pickup_location_ids):
            at = index_of_location(location_id, f"pickup_location_ids[{i}]", image, violations)
            if at >= 0 and not image.pickup[at]:
                violations.add(f"pickup_location_ids[{i}]", f"{location_id!r} hands nothing over to customers")
            pickups.append(at)
    if (types_pb2.DELIVERY_METHOD_PICKUP in methods or transfers) and not pickups:
        violations.add("pickup_location_ids", "at least one was expected with PICKUP or SHIP_TO_STORE")
    for i, level in enumerate(wire.service_levels):
        if level not in image.service_levels:
            known = ", ".join(image.service_levels)
            violations.add(f"service_levels[{i}]", f"one of {known} was expected, not {level[:40]!r}")
    asked = EstimateRequest(
        items[0], wire.quantity or 1, minute, destination if ships else None,
        tuple(dict.fromkeys(pickups)) if collects or transfers else (),
        tuple(dict.fromkeys(wire.service_levels)) or image.service_levels, wire.channel, wire.segment,
        is_collected=collects, is_transferred=transfers, is_digital=types_pb2.DELIVERY_METHOD_DIGITAL in methods,
    )  # fmt: skip
    return asked, items


def estimated_items(
    wire: promise_service_pb2.GetEstimatedDeliveryRequest, image: NetworkImage, violations: Violations
) -> list[int]:
    """The one item, or those of a listing; at least one, −1 where it is unknown."""
    ids = [("item_id", wire.item_id)]
    if wire.item_ids:
        if wire.item_id:
            violations.add("item_id", "none was expected with item_ids")
        check_count(wire.item_ids, "item_ids", IDS_MAX, violations)
        ids = [(f"item_ids[{n}]", item_id) for n, item_id in enumerate(wire.item_ids[:IDS_MAX])]
    items = []
    for field, item_id in ids:
        item = index_of_item(item_id, field, image, violations)
        most = max(components(image, item).values(), default=1) if item >= 0 else 1
        if 0 < wire.quantity <= QUANTITY_MAX < most * wire.quantity:
            violations.add("quantity", f"at most {QUANTITY_MAX} units of each component of {field} were expected")
        items.append(item)
    return items


def decode_level(level: int, violations: Violations) -> Level:
    """How much to explain."""
    if level in types_pb2.ExplainLevel.values():
        return Level(level)
    violations.add("explain", "CANDIDATES or FULL was expected")
    return Level.NONE


def decode_options_max(max_options: int, violations: Violations) -> int:
    """Options wanted; 0: as many as is usual."""
    check_range(max_options, "max_options", 0, OPTIONS_MAX, violations)
    return max_options


def decode_order(
    wire: sourcing_service_pb2.SourceOrderRequest, image: NetworkImage, now_minute: int, lines_max: int, violations: Violations
) -> Basket:
    """The basket of an order, with all else that an order asks for checked."""
    if not wire.HasField("order"):
        violations.add("order", "an order was expected")
    known = sourcing_service_pb2.SourceMode.values()
    if wire.mode not in known:
        violations.add("mode", "COMMIT, PREVIEW or SHADOW was expected")
    is_shadow = wire.mode == sourcing_service_pb2.SOURCE_MODE_SHADOW
    if is_shadow != wire.HasField("incumbent_plan"):
        violations.add("incumbent_plan", "a plan was expected with SHADOW, and with no other mode")
    if wire.HasField("expected_version"):
        violations.add("expected_version", "none was expected without a reservation_id")
    check_order(wire.order, violations)
    return decode_basket(wire.order.basket, "order.basket", image, now_minute, lines_max, violations)


def check_order(order: types_pb2.Order, violations: Violations) -> None:
    """What an order says besides its basket must make sense."""
    check_id(order.order_id, "order.order_id", violations)
    check_text(order.hold_reason, "order.hold_reason", NAME_LENGTH_MAX, violations)
    check_hold_reason(order.hold_reason, "order.hold_reason", violations)
    if order.HasField("hold_until"):
        minute_of(order.hold_until, "order.hold_until", violations)
        if not order.hold_reason:
            violations.add("order.hold_until", "none was expected without a hold_reason")
    promise = order.promise
    first, last = (
        minute_of(getattr(promise, name), f"order.promise.{name}", violations) if promise.HasField(name) else None
        for name in ("delivery_earliest", "delivery_latest")
    )
    if first is not None and last is not None and first > last:
        violations.add("order.promise.delivery_latest", "a date not before order.promise.delivery_earliest was expected")
    check_range(order.priority, "order.priority", -COUNT_MAX, COUNT_MAX, violations)
    check_range(order.value_micros, "order.value_micros", 0, 10**18, violations)


def check_hold_reason(reason: str, field: str, violations: Violations) -> None:
    """That an order waits in a pool is the service's to say."""
    if reason == POOLED:
        violations.add(field, f"another reason was expected: {POOLED} is set by the service alone")
