"""From the wire to the domain: every bad field of a request is named, and strings become indexes."""

import hashlib
import re
from collections.abc import Iterable, Sized
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from belofte.v1 import promise_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.basket import NO_LATEST, Basket, BasketLine, Constraints, DeliveryMethod, DestinationKey
from engine.domain.ids import ID_LENGTH_MAX, is_id, is_uuid7, unix_ms_of
from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.network.image import NetworkImage

QUANTITY_MAX = 2**31 - 1
MONEY_MICROS_MAX = 10**12
COUNT_MAX = 2**31 - 1
YEAR_MIN, YEAR_MAX = 2000, 2100
IDS_MAX = 1_000
"""Ids in one list of a request."""

TAGS_MAX = SUBSTITUTES_MAX = 20
"""Of one line."""

NAMES_MAX = 100
"""Names in one constraint."""

CALLING_SYSTEM_LENGTH_MAX = 64
OPTIONS_MAX = 10
REQUEST_TIME_BEHIND_MINUTES_MAX = 60
"""How far a request time may lie back: clocks differ and queues take time, but nothing is promised for what is past."""

MINUTES_PER_DAY = 1_440
REQUEST_ID_AHEAD_MS_MAX = 3_600_000
"""How far a request id may be ahead of the clock: the store remembers ids by the hour in which they were made."""

LINE_WISHES_NOT_BUILT = (
    "ship_set", "arrival_set", "kit_parent_line_id", "min_split_quantity", "kit_ratio", "allow_backorder",
    "allow_preorder", "allow_substitutes", "substitute_item_ids",
)  # fmt: skip
"""Each changes what is decided: to take the line without it would promise something else than was asked for."""

_POSITION = re.compile(r"(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})\Z")
_PAGE_TOKEN = re.compile(r"[1-9][0-9]{0,9}\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_MIN = (datetime(YEAR_MIN, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1)
_MINUTE_MAX = (datetime(YEAR_MAX, 12, 31, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1)


Wire = TypeVar("Wire", bound=Message)


class Violations:
    """What is wrong with one request so far: unknown names are told apart from malformed fields."""

    def __init__(self) -> None:
        self.invalid: list[FieldViolation] = []
        self.unknown: list[tuple[Reason, FieldViolation]] = []
        self.unbuilt: list[FieldViolation] = []

    def add(self, field: str, expected: str) -> None:
        """A field with a value no network could accept."""
        self.invalid.append(FieldViolation(field, expected))

    def add_unknown(self, reason: Reason, field: str, message: str) -> None:
        """A well-formed name that this network does not have."""
        self.unknown.append((reason, FieldViolation(field, message)))

    def add_unbuilt(self, field: str) -> None:
        """A wish that this version cannot grant, and must not ignore."""
        self.unbuilt.append(FieldViolation(field, "is not served by this version"))

    def check(self) -> None:
        """Raise `Refusal` when anything is wrong: malformed before unknown before not built."""
        if self.invalid:
            raise invalid(self.invalid + [violation for _, violation in self.unknown])
        if self.unknown:
            fields = tuple(violation for _, violation in self.unknown)
            message = "; ".join(f"{v.field}: {v.description}" for v in fields[:10])
            raise Refusal(self.unknown[0][0], message, fields)
        if self.unbuilt:
            message = "; ".join(f"{v.field} {v.description}" for v in self.unbuilt[:10])
            raise Refusal(Reason.NOT_BUILT, message, tuple(self.unbuilt))


def check_network(network_id: str, image: NetworkImage) -> None:
    """Refuse a request for another network than the one served."""
    if network_id and network_id != image.network.name:
        message = f"network_id: this engine serves {image.network.name!r}, not {network_id[:ID_LENGTH_MAX]!r}"
        raise Refusal(Reason.UNKNOWN_NETWORK, message, (FieldViolation("network_id", message),))


def parse(kind: type[Wire], message: bytes) -> Wire:
    """The message in its bytes. Raises `Refusal` where they are cut off or are not one."""
    try:
        return kind.FromString(message)
    except DecodeError:
        expected = f"a whole serialized {kind.DESCRIPTOR.full_name} was expected; these bytes are cut off or are something else"
        raise invalid([FieldViolation("message", expected)]) from None


def check_request_id(request_id: str, now_unix_ms: int, violations: Violations) -> None:
    """A write must carry a UUID version 7, made no later than within the hour."""
    if not is_uuid7(request_id):
        violations.add("request_id", "a UUID version 7 was expected, as 0190163d-8694-739b-aea5-966c26f8ad91")
    elif unix_ms_of(request_id) > now_unix_ms + REQUEST_ID_AHEAD_MS_MAX:
        violations.add("request_id", "a UUID version 7 made by now was expected, this one is more than an hour ahead")


def check_position(position: str, violations: Violations) -> None:
    """A consistency token must be empty, or `epoch-sequence` as an answer gave it."""
    if position and not _POSITION.match(position):
        violations.add("min_position", "a position of an answer was expected, as 3-1041")


def decode_page_token(token: str, violations: Violations) -> int:
    """Where a page starts; 0: the first page. A token is the number that the page before gave, and nothing else."""
    if token and not _PAGE_TOKEN.match(token):
        violations.add("page_token", "the next_page_token of the page before was expected")
        return 0
    return int(token or 0)


def check_id(text: str, field: str, violations: Violations) -> bool:
    """An id must be 1–128 letters, digits and ``._:/@+-``."""
    if is_id(text):
        return True
    violations.add(field, f"an id of 1–{ID_LENGTH_MAX} letters, digits or ._:/@+- was expected, not {text[:40]!r}")
    return False


def check_range(value: int, field: str, low: int, high: int, violations: Violations) -> bool:
    """A whole number must lie between bounds, both included."""
    if low <= value <= high:
        return True
    violations.add(field, f"a whole number from {low} to {high} was expected, not {value}")
    return False


def check_count(values: Sized, field: str, count_max: int, violations: Violations) -> bool:
    """A list must not be longer than the contract says."""
    if len(values) <= count_max:
        return True
    violations.add(field, f"at most {count_max} were expected, not {len(values)}")
    return False


def minute_of(stamp: Timestamp, field: str, violations: Violations) -> int:
    """UTC minute of an instant, rounded up to a whole minute."""
    seconds = stamp.seconds + (1 if stamp.nanos > 0 else 0)
    minute = -(-seconds // 60)
    if not (_MINUTE_MIN <= minute <= _MINUTE_MAX and 0 <= stamp.nanos < 10**9):
        violations.add(field, f"an instant between the years {YEAR_MIN} and {YEAR_MAX} was expected")
        return _MINUTE_MIN
    return minute


def digest_of(message: Message) -> bytes:
    """SHA-256 of a request's content: without its id and the position it waits for."""
    content = type(message)()
    content.CopyFrom(message)
    for field in ("request_id", "min_position"):
        content.ClearField(field)
    return hashlib.sha256(content.SerializeToString(deterministic=True)).digest()


def decode_basket(
    wire: types_pb2.Basket, field: str, image: NetworkImage, now_minute: int, lines_max: int, violations: Violations
) -> Basket:
    """The basket in indexes. `field` is its path in the request; `now_minute` counts where it names no request time."""
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
    if shipped or wire.HasField("destination"):
        destination = decode_destination(wire.destination, f"{field}.destination", image, violations)
    if wire.currency and wire.currency != image.network.currency:
        violations.add(f"{field}.currency", f"{image.network.currency} was expected, the currency of the network")
    if wire.scenario_id:
        violations.add_unbuilt(f"{field}.scenario_id")
    if len(wire.calling_system) > CALLING_SYSTEM_LENGTH_MAX:
        expected = f"at most {CALLING_SYSTEM_LENGTH_MAX} characters were expected, not {len(wire.calling_system)}"
        violations.add(f"{field}.calling_system", expected)
    if sum(line.unit_price_micros * line.quantity for line in lines) > 10**18:
        violations.add(f"{field}.lines", "a total value of at most 10^18 micros was expected")
    return Basket(
        tuple(lines), request_minute, destination, wire.channel, wire.segment, wire.customer_class, wire.currency,
        wire.policy_id, decode_constraints(wire.constraints, f"{field}.constraints", violations),
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
    check_range(wire.max_splits, f"{path}.max_splits", 0, COUNT_MAX, violations)
    try:
        method = DeliveryMethod(wire.delivery_method or DeliveryMethod.SHIP)
    except ValueError:
        violations.add(f"{path}.delivery_method", "SHIP, PICKUP, SHIP_TO_STORE or DIGITAL was expected")
        method = DeliveryMethod.SHIP
    if method in (DeliveryMethod.SHIP_TO_STORE, DeliveryMethod.DIGITAL):
        violations.add_unbuilt(f"{path}.delivery_method {method.name}")
    pickup = -1
    if wire.pickup_location_id and method in (DeliveryMethod.SHIP, DeliveryMethod.DIGITAL):
        violations.add(f"{path}.pickup_location_id", f"none was expected, the delivery method is {method.name}")
    if method is DeliveryMethod.PICKUP:
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
    for name in LINE_WISHES_NOT_BUILT:
        if getattr(wire, name):
            violations.add_unbuilt(f"{path}.{name}")
    if wire.HasField("earliest_date"):
        violations.add_unbuilt(f"{path}.earliest_date")
    return BasketLine(
        line_id=wire.line_id, item=item, quantity=wire.quantity, unit_price_micros=wire.unit_price_micros,
        delivery_method=method, pickup_location=pickup, service_level=wire.service_level, latest_minute=latest,
        ship_complete=wire.ship_complete, fill_or_kill=wire.fill_or_kill, max_splits=wire.max_splits,
        allowed_locations=indexes_of(wire.allowed_location_ids, f"{path}.allowed_location_ids", image, violations),
        excluded_locations=indexes_of(wire.excluded_location_ids, f"{path}.excluded_location_ids", image, violations),
        preassigned_location=index_of_location(
            wire.preassigned_location_id, f"{path}.preassigned_location_id", image, violations
        ) if wire.preassigned_location_id else -1,
        preferred_services=preferred_services(wire, path, image, violations),
    )  # fmt: skip


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
        return DestinationKey(country, wire.postal_code, wire.latitude, wire.longitude)
    if not 1 <= len(wire.postal_code) <= 16:
        violations.add(f"{field}.postal_code", "a postal code of 1–16 characters, or coordinates, were expected")
    return DestinationKey(country, wire.postal_code)


def decode_constraints(wire: types_pb2.Constraints, field: str, violations: Violations) -> Constraints:
    """Hard constraints; a constraint that is absent does not limit."""

    def limit(name: str, low: int) -> int | None:
        if not wire.HasField(name):
            return None
        given: types_pb2.IntegerConstraint = getattr(wire, name)
        check_range(given.value, f"{field}.{name}.value", low, 10**15, violations)
        return given.value

    for name in ("max_locations", "max_locations_per_line", "max_distance_meters", "no_split_below_micros", "ship_complete",
                 "international"):  # fmt: skip
        if getattr(wire, name).HasField("penalty_micros"):
            violations.add_unbuilt(f"{field}.{name}.penalty_micros")
    for name in ("no_split_item_classes", "express_only_location_ids"):
        check_count(getattr(wire, name).values, f"{field}.{name}.values", NAMES_MAX, violations)
        if wire.HasField(name):
            violations.add_unbuilt(f"{field}.{name}")
    return Constraints(
        max_locations=limit("max_locations", 1),
        max_locations_per_line=limit("max_locations_per_line", 1),
        max_distance_meters=limit("max_distance_meters", 0),
        no_split_below_micros=limit("no_split_below_micros", 0),
        ship_complete=wire.ship_complete.value,
        international=wire.international.value if wire.HasField("international") else None,
    )


def index_of_item(item_id: str, field: str, image: NetworkImage, violations: Violations) -> int:
    """Index of an item, or −1 with the reason noted."""
    if not check_id(item_id, field, violations):
        return -1
    index = image.item_index.get(item_id)
    if index is None:
        violations.add_unknown(Reason.UNKNOWN_ITEM, field, f"the network has no item {item_id!r}")
        return -1
    return index


def index_of_location(location_id: str, field: str, image: NetworkImage, violations: Violations) -> int:
    """Index of a location, or −1 with the reason noted."""
    if not check_id(location_id, field, violations):
        return -1
    index = image.location_index.get(location_id)
    if index is None:
        violations.add_unknown(Reason.UNKNOWN_LOCATION, field, f"the network has no location {location_id!r}")
        return -1
    return index


def indexes_of(location_ids: Iterable[str], field: str, image: NetworkImage, violations: Violations) -> tuple[int, ...]:
    """Indexes of a list of locations."""
    ids = list(location_ids)
    if not check_count(ids, field, IDS_MAX, violations):
        return ()
    return tuple(index_of_location(each, f"{field}[{i}]", image, violations) for i, each in enumerate(ids))


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
    if wire.explain:
        violations.add_unbuilt("explain")
    return decode_basket(wire.basket, "basket", image, now_minute, lines_max, violations)


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
    check_id(wire.order.order_id, "order.order_id", violations)
    known = sourcing_service_pb2.SourceMode.values()
    if wire.mode not in known:
        violations.add("mode", "COMMIT or PREVIEW was expected")
    if wire.mode == sourcing_service_pb2.SOURCE_MODE_SHADOW or wire.HasField("incumbent_plan"):
        violations.add_unbuilt("mode SHADOW")
    for name in ("quote_token", "reservation_id", "expected_version"):
        if wire.HasField(name):
            violations.add_unbuilt(name)
    if wire.explain:
        violations.add_unbuilt("explain")
    if wire.order.hold_reason:
        violations.add_unbuilt("order.hold_reason")
    for name in ("delivery_earliest", "delivery_latest"):
        if wire.order.promise.HasField(name):
            minute_of(getattr(wire.order.promise, name), f"order.promise.{name}", violations)
    check_range(wire.order.priority, "order.priority", -COUNT_MAX, COUNT_MAX, violations)
    check_range(wire.order.value_micros, "order.value_micros", 0, 10**18, violations)
    return decode_basket(wire.order.basket, "order.basket", image, now_minute, lines_max, violations)
