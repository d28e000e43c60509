"""Fields of a request, checked one by one: every bad one is noted by name, and strings become indexes."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sized
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from belofte.v1 import sourcing_service_pb2
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import ID_LENGTH_MAX, is_id, is_uuid7, unix_ms_of
from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.inventory.shards import SHARDS_MAX
from engine.network.image import NetworkImage

YEAR_MIN, YEAR_MAX = 2000, 2100
IDS_MAX = 1_000
"""Ids in one list of a request."""

REQUEST_ID_AHEAD_MS_MAX = 3_600_000
"""How far a request id may be ahead of the clock: the store remembers ids by the hour in which they were made."""

SCENARIOS_SHOWN_MAX = 20
NAME_LENGTH_MAX = 128
"""Characters of a name that is no id."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_OF_ONE_LOG = r"(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})"
_POSITION = re.compile(rf"{_OF_ONE_LOG}(,{_OF_ONE_LOG}){{0,{SHARDS_MAX - 1}}}\Z")
POSITION_EXPECTED = "a position of an answer was expected, as 3-1041"
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


def begin_read(request: Any, image: NetworkImage) -> Violations:
    """Check what every request says of itself: another network is refused at once, all else noted."""
    check_network(request.network_id, image)
    wrong = Violations()
    check_position(request.min_position, wrong)
    return wrong


def begin_write(request: Any, image: NetworkImage, now_unix_ms: int) -> Violations:
    """Check what every write says of itself; its id becomes the one it is known by, whichever way its letters are written."""
    wrong = begin_read(request, image)
    check_request_id(request.request_id, now_unix_ms, wrong)
    request.request_id = request.request_id.lower()
    return wrong


def check_position(position: str, violations: Violations, field: str = "min_position") -> None:
    """A consistency token must be empty, or `epoch-sequence` as an answer gave it; of several logs with commas between."""
    if position and not _POSITION.match(position):
        violations.add(field, POSITION_EXPECTED)


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


def check_text(text: str, field: str, length_max: int, violations: Violations) -> bool:
    """A name in whatever words must not be longer than the contract says, nor hold control characters."""
    if len(text) <= length_max and not _CONTROL.search(text):
        return True
    violations.add(field, f"at most {length_max} characters were expected, none of them a control character, not {text[:40]!r}")
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
    """SHA-256 of what a request asks to be done: without its id, the position it waits for and how much is explained."""
    content = type(message)()
    content.CopyFrom(message)
    for field in ("request_id", "min_position", "explain"):
        if field in message.DESCRIPTOR.fields_by_name:
            content.ClearField(field)
    if getattr(content, "mode", None) == sourcing_service_pb2.SOURCE_MODE_COMMIT:
        content.ClearField("mode")  # it is what no mode stands for
    return hashlib.sha256(content.SerializeToString(deterministic=True)).digest()


def index_of_item(item_id: str, field: str, image: NetworkImage, violations: Violations) -> int:
    """Index of an item, or −1 with the reason noted."""
    return _index_in(image.item_index, item_id, field, Reason.UNKNOWN_ITEM, "item", violations)


def index_of_location(location_id: str, field: str, image: NetworkImage, violations: Violations) -> int:
    """Index of a location, or −1 with the reason noted."""
    return _index_in(image.location_index, location_id, field, Reason.UNKNOWN_LOCATION, "location", violations)


def check_scenario(scenario_id: str, field: str, image: NetworkImage, violations: Violations) -> None:
    """A scenario must be one that the network's rules name; empty: none."""
    if scenario_id and check_id(scenario_id, field, violations) and scenario_id not in image.scenario_ids:
        known = ", ".join(image.scenario_ids[:SCENARIOS_SHOWN_MAX]) or "none"
        message = f"the network's availability rules have no scenario {scenario_id!r}; known: {known}"
        violations.add_unknown(Reason.UNKNOWN_SCENARIO, field, message)


def _index_in(indexes: Mapping[str, int], name: str, field: str, reason: Reason, kind: str, violations: Violations) -> int:
    if not check_id(name, field, violations):
        return -1
    index = indexes.get(name)
    if index is None:
        violations.add_unknown(reason, field, f"the network has no {kind} {name!r}")
        return -1
    return index


def indexes_of(location_ids: Iterable[str], field: str, image: NetworkImage, violations: Violations) -> tuple[int, ...]:
    """Indexes of a list of locations."""
    ids = list(location_ids)
    if not check_count(ids, field, IDS_MAX, violations):
        return ()
    return tuple(index_of_location(each, f"{field}[{i}]", image, violations) for i, each in enumerate(ids))
