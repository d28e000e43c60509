"""What operations say of locations: out of sourcing or back in, and the capacity of a day. Recorded as all that decides is."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from belofte.v1 import ledger_entry_pb2, network_service_pb2
from google.protobuf.message import Message

from engine.domain.ids import uuid7
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.inventory.effects import add_effects
from engine.inventory.live import LiveStock
from engine.inventory.places import Closing, DayChange, closing_text, day_field, day_text
from engine.inventory.transaction import CapacityChange, TextChange, TextTable, Transaction
from engine.inventory.write_path import Recorded, Write
from engine.kernels.entries import UNLIMITED
from engine.network.image import NetworkImage
from engine.service.desk import Call
from engine.service.fields import (
    NAME_LENGTH_MAX,
    Violations,
    begin_read,
    begin_write,
    check_range,
    check_text,
    digest_of,
    index_of_location,
    minute_of,
    parse,
)
from engine.service.record import finisher
from engine.sourcing.reserve import ANY

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

SET_LOCATION_STATUS, SET_CAPACITY = "SetLocationStatus", "SetCapacity"
ACTIVE, DISABLED = network_service_pb2.LOCATION_STATUS_ACTIVE, network_service_pb2.LOCATION_STATUS_DISABLED
OPEN_ORDERS_MAX = 1_000
LOCATIONS_MAX, DAYS_MAX = 1_000, 31
LIMIT_MAX = 10**9
NO_LIMIT = 2**40
"""In place of a limit: more than any day takes."""

EPOCH = date(1970, 1, 1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

finished_status = finisher(network_service_pb2.SetLocationStatusResponse)
finished_capacity = finisher(network_service_pb2.SetCapacityResponse)


class PlaceChange(NamedTuple):
    """What a write comes to on the stock of a moment."""

    text: TextChange
    response: Message
    capacities: tuple[CapacityChange, ...] = ()


@dataclass(slots=True)
class PlaceWrite:
    """A change of a location on the write path. `answer` is called once, with what became of it."""

    method: str
    request_id: str
    digest: bytes
    message: bytes
    network_version: str
    unix_ms: Callable[[], int]
    change: Callable[[LiveStock], PlaceChange]
    answer: Callable[["PlaceWrite", Recorded | Refusal], None]
    response: bytes = field(default=b"", init=False)

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """What it changes at this moment. Raises `Refusal`."""
        made = self.change(stock)
        self.response = made.response.SerializeToString()
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=self.request_id, method=self.method, request_digest=self.digest, request=self.message,
            response=self.response, network_version=self.network_version, decided_unix_ms=self.unix_ms(),
        )  # fmt: skip
        add_effects(entry, (), made.capacities, (made.text,))
        return Transaction(
            self.request_id, self.digest, "", (), made.capacities, entry.SerializeToString(), (made.text,)
        )  # fmt: skip

    def hold(self, stock: LiveStock) -> None:
        """Nothing is shown to what is planned after it: what is decided in the same moment is decided before."""

    def release(self, stock: LiveStock) -> None:
        """Nothing was."""

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.answer(self, outcome)


# -- out of sourcing, and back in


def look_up_open(h: "Handlers", call: Call) -> list[str]:
    """Orders with shipments at the location that it has not accepted: in a reader's thread."""
    request = parse(network_service_pb2.SetLocationStatusRequest, call.message)
    if request.location_id not in h.image.location_index:
        return []
    return h.ledger.orders_waiting(request.location_id, h.clock.unix_ms(), OPEN_ORDERS_MAX, with_held=True)


def set_status(h: "Handlers", call: Call) -> bytes | Refusal | Write:
    """SetLocationStatus."""
    request, image, now = parse(network_service_pb2.SetLocationStatusRequest, call.message), h.image, h.clock.unix_ms()
    wrong = begin_write(request, image, now)
    location = index_of_location(request.location_id, "location_id", image, wrong)
    if request.status not in (ACTIVE, DISABLED):
        wrong.add("status", "ACTIVE or DISABLED was expected")
    check_text(request.reason, "reason", NAME_LENGTH_MAX, wrong)
    until = 0
    if request.HasField("until") and minute_of(request.until, "until", wrong):
        until = request.until.seconds * 1_000 + request.until.nanos // 1_000_000
        if not wrong.invalid and (request.status != DISABLED or until <= now):
            wrong.add("until", "an instant yet to come was expected, and only with DISABLED")
    wrong.check()
    if request.status == ACTIVE and not image.active[location]:
        message = f"location_id: the network folder has {request.location_id!r} DISABLED; change it there, and reload"
        raise Refusal(Reason.WRONG_STATE, message, (FieldViolation("location_id", message),))
    h.stock(request.min_position)
    found = call.found
    assert isinstance(found, list), "they were looked up"
    change = partial(changed_status, request, until, found)
    return _write(h, call, SET_LOCATION_STATUS, request, change, finished_status)


def changed_status(
    request: network_service_pb2.SetLocationStatusRequest, until: int, open_orders: list[str], stock: LiveStock
) -> PlaceChange:  # fmt: skip
    """The status and what it was, guarded. Raises `Refusal`."""
    name = request.location_id
    expected, before = stock.places.text(TextTable.CLOSED, name), stock.places.closing(name)
    check_version(request, before.version, f"location {name!r}")
    after = Closing(request.status == DISABLED, before.version + 1, until)
    response = network_service_pb2.SetLocationStatusResponse(
        location_id=name, status=request.status, version=after.version, open_order_ids=open_orders
    )
    return PlaceChange(TextChange(TextTable.CLOSED, "", name, expected, closing_text(after)), response)


def reopenings(h: "Handlers", stock: LiveStock) -> list[Write]:
    """Writes that take locations back in whose time out is over; several engines may try, and one of them succeeds."""
    now = h.clock.unix_ms()
    return [_reopening(h, name, stock.places.closing(name)) for name in stock.places.due(now)]


def _reopening(h: "Handlers", name: str, closing: Closing) -> PlaceWrite:
    request = network_service_pb2.SetLocationStatusRequest(
        request_id=uuid7(h.clock.unix_ms()), location_id=name, status=ACTIVE, reason="its time out is over"
    )

    def change(stock: LiveStock) -> PlaceChange:
        if stock.places.closing(name) != closing:
            raise Refusal(Reason.WRONG_STATE, "another engine was faster, or it was said anew")
        return changed_status(request, 0, [], stock)

    return _own_write(h, SET_LOCATION_STATUS, request, change)


# -- capacity


def set_capacity(h: "Handlers", call: Call) -> bytes | Refusal | Write:
    """SetCapacity."""
    request, image = parse(network_service_pb2.SetCapacityRequest, call.message), h.image
    wrong = begin_write(request, image, h.clock.unix_ms())
    location = index_of_location(request.location_id, "location_id", image, wrong)
    day = day_of(request.date, "date", wrong)
    if request.category:
        wrong.add_unbuilt("category")
    if request.HasField("limit"):
        check_range(request.limit, "limit", 0, LIMIT_MAX, wrong)
    wrong.check()
    today = h.clock.unix_ms() // 86_400_000
    if not today - 1 <= day <= today + image.network.horizon_days:
        wrong.add("date", f"a day from today on, within the {image.network.horizon_days} days of the network, was expected")
        wrong.check()
    if image.capacity_per_day[location] >= UNLIMITED:
        message = (
            f"location_id: {request.location_id!r} has no capacity_per_day in the network folder, so that nothing is counted "
            "there; give it one, and reload"
        )
        raise Refusal(Reason.WRONG_STATE, message, (FieldViolation("location_id", message),))
    h.stock(request.min_position)
    return _write(h, call, SET_CAPACITY, request, partial(changed_capacity, request, image, location, day), finished_capacity)


def changed_capacity(
    request: network_service_pb2.SetCapacityRequest, image: NetworkImage, location: int, day: int, stock: LiveStock
) -> PlaceChange:  # fmt: skip
    """What the limit takes of the day, guarded. Raises `Refusal`."""
    name, place = request.location_id, day_field(request.location_id, day)
    expected, before = stock.places.text(TextTable.LIMITS, place), stock.places.day(name, day)
    check_version(request, before.version, f"the capacity of {name!r} on {request.date}")
    limit = request.limit if request.HasField("limit") else None
    after = DayChange(taken_by(image, location, limit), before.version + 1, limit)
    use = CapacityChange(name, day, after.taken - before.taken, ANY)
    shown = capacity_row(image, stock, location, day, reserved_on(stock))
    shown.version = after.version
    shown.ClearField("limit")
    if limit is not None:
        shown.limit = limit
    response = network_service_pb2.SetCapacityResponse(capacity=shown)
    text = TextChange(TextTable.LIMITS, "", place, expected, day_text(after))
    return PlaceChange(text, response, (use,) if use.quantity_delta else ())


def get_capacity(h: "Handlers", call: Call) -> bytes:
    """GetCapacity."""
    request, image = parse(network_service_pb2.GetCapacityRequest, call.message), h.image
    wrong = begin_read(request, image)
    if not 1 <= len(request.location_ids) <= LOCATIONS_MAX:
        wrong.add("location_ids", f"1 to {LOCATIONS_MAX} locations were expected, not {len(request.location_ids)}")
    locations = [
        index_of_location(each, f"location_ids[{i}]", image, wrong)
        for i, each in enumerate(request.location_ids[:LOCATIONS_MAX])
    ]
    if request.category:
        wrong.add_unbuilt("category")
    dated = [
        day_of(getattr(request, name), name, wrong) if getattr(request, name) else None for name in ("from_date", "to_date")
    ]
    wrong.check()
    stock, rows = h.stock(request.min_position), []
    reserved, now = reserved_on(stock), datetime.fromtimestamp(h.clock.unix_ms() / 1000, UTC)
    for at in locations:
        today = (now.astimezone(ZoneInfo(image.locations[at].time_zone)).date() - EPOCH).days
        first = today if dated[0] is None else dated[0]
        last = first if dated[1] is None else dated[1]
        if first < stock.first_day:
            earliest = (EPOCH + timedelta(days=stock.first_day)).isoformat()
            wrong.add("from_date", f"a day from {earliest} on was expected: what was taken before is not kept here")
        elif not first <= last < first + DAYS_MAX:
            wrong.add("to_date", f"a day not before from_date was expected, and at most {DAYS_MAX} days in all")
        wrong.check()
        rows += [capacity_row(image, stock, at, day, reserved) for day in range(first, last + 1)]
    return network_service_pb2.GetCapacityResponse(
        capacities=rows, position=stock.matrix.position, stale=h.path.stale
    ).SerializeToString()  # fmt: skip


def capacity_row(
    image: NetworkImage, stock: LiveStock, location: int, day: int, reserved: dict[tuple[str, int], int]
) -> network_service_pb2.Capacity:  # fmt: skip
    """What a location can take on a day, and who takes it."""
    name, limit = image.location_ids[location], image.capacity_per_day.item(location)
    change = stock.places.day(name, day)
    row = network_service_pb2.Capacity(
        location_id=name, date=(EPOCH + timedelta(days=day)).isoformat(), version=change.version,
        unit=f"CAPACITY_UNIT_{image.locations[location].capacity_unit}", reserved=reserved.get((name, day), 0),
    )  # fmt: skip
    if limit >= UNLIMITED:
        return row
    row.allocated = stock.used_on(location, day) - change.taken - row.reserved
    if change.version == 0:
        row.limit = limit
    elif change.limit is not None:
        row.limit = change.limit
    return row


def taken_by(image: NetworkImage, location: int, limit: int | None) -> int:
    """What a limit takes of a day of a location: the difference to its own."""
    return image.capacity_per_day.item(location) - (NO_LIMIT if limit is None else limit)


def corrections(h: "Handlers", stock: LiveStock) -> list[Write]:
    """Writes for days whose limit was said under another capacity of their location: they take what it takes now."""
    image, found = h.image, []
    for name, day, said in stock.places.days():
        location = image.location_index.get(name, -1)
        if location < 0 or day < stock.first_day or image.capacity_per_day[location] >= UNLIMITED:
            continue
        if said.taken != taken_by(image, location, said.limit):
            found.append(_correction(h, location, day))
    return list(found)


def _correction(h: "Handlers", location: int, day: int) -> PlaceWrite:
    image, name = h.image, h.image.location_ids[location]
    request = network_service_pb2.SetCapacityRequest(
        request_id=uuid7(h.clock.unix_ms()), location_id=name, date=(EPOCH + timedelta(days=day)).isoformat()
    )

    def change(stock: LiveStock) -> PlaceChange:
        said, place = stock.places.day(name, day), day_field(name, day)
        after = said._replace(taken=taken_by(image, location, said.limit))
        if after == said:
            raise Refusal(Reason.WRONG_STATE, "another engine was faster")
        expected = stock.places.text(TextTable.LIMITS, place)
        use = CapacityChange(name, day, after.taken - said.taken, ANY)
        text = TextChange(TextTable.LIMITS, "", place, expected, day_text(after))
        return PlaceChange(text, network_service_pb2.SetCapacityResponse(), (use,))

    return _own_write(h, SET_CAPACITY, request, change)


def reserved_on(stock: LiveStock) -> dict[tuple[str, int], int]:
    """What reservations hold, by location and local day."""
    found: dict[tuple[str, int], int] = {}
    for hold in stock.holds:
        for location_id, day, quantity in hold.capacities:
            found[location_id, day] = found.get((location_id, day), 0) + quantity
    return found


# -- both


def day_of(text: str, field: str, wrong: Violations) -> int:
    """A date as days since 1970; 0, and noted, where it is none."""
    with suppress(ValueError):
        if _DATE.fullmatch(text):
            return (date.fromisoformat(text) - EPOCH).days
    wrong.add(field, f"a date YYYY-MM-DD was expected, not {text[:40]!r}")
    return 0


def check_version(request: Any, version: int, what: str) -> None:
    """Raise `Refusal` where a record is at another version than its caller thinks."""
    if request.HasField("expected_version") and request.expected_version != version:
        message = f"expected_version: {what} is at version {version}"
        raise Refusal(Reason.WRONG_STATE, message, (FieldViolation("expected_version", message),))


def _write(h: "Handlers", call: Call, method: str, request: Any, change: Any, finish: Any) -> bytes | Refusal | PlaceWrite:
    digest = digest_of(request)

    def answer(write: PlaceWrite, outcome: Recorded | Refusal) -> None:
        h.settled(finish, call, write.request_id, digest, write.response, outcome)

    return h.known(request.request_id, digest, finish) or PlaceWrite(
        method, request.request_id, digest, call.message, h.image.version, h.clock.unix_ms, change, answer
    )


def _own_write(h: "Handlers", method: str, request: Any, change: Callable[[LiveStock], PlaceChange]) -> PlaceWrite:
    """A write that nobody has asked for, so that nobody is answered."""
    return PlaceWrite(
        method, request.request_id, digest_of(request), request.SerializeToString(), h.image.version, h.clock.unix_ms,
        change, lambda write, outcome: None,
    )  # fmt: skip
