"""Changes of orders at the door: each method checked, its order looked up beside the desk, and turned into a write."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from belofte.v1 import types_pb2
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.fulfilment.draft import Draft, OrderRecord, Shipment, Wanted, check_version
from engine.fulfilment.order_record import Return
from engine.inventory.live import LiveStock
from engine.inventory.write_path import Recorded
from engine.service.desk import Call
from engine.service.feed_rows import AS_OF_AHEAD_MS_MAX, ms_of
from engine.service.fields import (
    NAME_LENGTH_MAX,
    Violations,
    begin_write,
    check_count,
    check_id,
    check_range,
    check_text,
    digest_of,
    minute_of,
    parse,
)
from engine.service.hold_writes import Asked
from engine.service.order_write import LifeWrite, Made, Tools
from engine.service.record import Finish, finisher

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

QUANTITY_MAX = 2**31 - 1
AGAIN_MAX = 20
"""How often a change is tried again on an order that others change at the same time."""

AGAIN_SECONDS, AGAIN_SECONDS_MAX = 0.005, 0.05
"""How long the ledger is given, each time a little longer, to record what others have changed."""


@dataclass(frozen=True, slots=True)
class Doing:
    """One call being planned: the order's draft, what is asked, and the engine that decides on the stock of this moment."""

    h: "Handlers"
    draft: Draft
    request: Any
    stock: LiveStock
    attempt: int
    returns: tuple[Return, ...] = ()
    """Of the order, as they are recorded."""

    def shipment(self) -> Shipment:
        """The shipment asked for, at the version that the caller thinks."""
        shipment = self.draft.shipment(self.request.shipment_id)
        check_version(shipment.version, expected_version(self.request), f"shipment {shipment.shipment_id!r}")
        return shipment

    def check_order_version(self) -> None:
        """The order must be at the version that the caller thinks."""
        order = self.draft.order
        check_version(order.version, expected_version(self.request), f"order {order.order_id!r}")


@dataclass(frozen=True)
class OrderMethod:
    """A method that changes an order that there is.

    `check` notes what is wrong with a request whatever the order; `change` does it to the draft, or raises `Refusal`.
    """

    name: str
    request_kind: Any
    response_kind: Any
    check: Callable[["Handlers", Any, Violations], None]
    change: Callable[[Doing], Made]

    @property
    def finish(self) -> Finish:
        """Fills position and duplicate into a recorded answer."""
        return finisher(self.response_kind, self.name)

    def look_up(self, h: "Handlers", call: Call) -> OrderRecord | bytes | Refusal:
        """In a reader's thread: what the ledger knows of the order, or of the request itself."""
        request = parse(self.request_kind, call.message)
        wrong = begin_write(request, h.image, h.clock.unix_ms())
        check_id(request.order_id, "order_id", wrong)
        self.check(h, request, wrong)
        wrong.check()
        known = h.recorded_answer(request.request_id, digest_of(request), self.finish)
        if known is not None:
            return known
        self.pause(call)
        return h.ledger.find_record(request.order_id) or unknown_order(request.order_id)

    def pause(self, call: Call) -> None:
        """Give the ledger a little time, where what was found before had been overtaken."""
        if call.tries:
            time.sleep(min(AGAIN_SECONDS * call.tries, AGAIN_SECONDS_MAX))

    def handle(self, h: "Handlers", call: Call) -> LifeWrite:
        """In the desk's thread: the write, planned on stock that has seen the order's record."""
        request = parse(self.request_kind, call.message)
        begin_write(request, h.image, h.clock.unix_ms())
        record = call.found
        assert isinstance(record, OrderRecord)
        for position in (request.min_position, record.position):
            h.stock(position)
        digest = digest_of(request)

        def change(draft: Draft, stock: LiveStock, attempt: int) -> Made:
            return self.change(Doing(h, draft, request, stock, attempt, tuple(record.returns.values())))

        def answer(write: LifeWrite, outcome: Recorded | Refusal) -> None:
            self.settle(h, call, write, digest, outcome)

        asked = Asked(self.name, request.request_id, digest, call.message)
        return LifeWrite(asked, record, tools_of(h), change, answer)

    def settle(
        self, h: "Handlers", call: Call, write: LifeWrite, digest: bytes, outcome: Recorded | Refusal
    ) -> None:  # fmt: skip
        """Answer, or look up again what others have changed meanwhile."""
        match outcome:
            case Refusal(Reason.CONTENDED) if call.tries < AGAIN_MAX:
                h.look_up_again(replace(call, found=None, tries=call.tries + 1), self.look_up)
            case _:
                h.settled(self.finish, call, write.request_id, digest, write.response, outcome)


def tools_of(h: "Handlers") -> Tools:
    """What changes of orders work with, as of now."""

    def moved_at(request_id: str) -> str:
        found = h.ledger.find_requests([request_id]).get(request_id)
        return found.position if found is not None else ""

    return Tools(h.image, h.feed_texts, h.order_books, moved_at, h.clock.unix_ms, h.shards)


def respond_with(kind: Any) -> Callable[[types_pb2.Order], Message]:
    """An answer that holds the order as it is left."""

    def respond(order: types_pb2.Order) -> Message:
        message: Message = kind(order=order)
        return message

    return respond


def expected_version(request: Any) -> int | None:
    """The version that the caller thinks a record is at; None: any."""
    return request.expected_version if request.HasField("expected_version") else None


def wanted_of(lines: Any, field: str = "lines") -> list[Wanted]:
    """Lines of a request with their quantities."""
    return [Wanted(line.line_id, line.quantity, f"{field}[{i}]") for i, line in enumerate(lines)]


def check_line_quantities(h: "Handlers", lines: Any, wrong: Violations, *, needs_some: bool = False) -> None:
    """Lines of a request: named, and 0 for all of one, or so many."""
    check_count(lines, "lines", h.limits.lines_max, wrong)
    if needs_some and not lines:
        wrong.add("lines", "at least one was expected")
    for i, line in enumerate(lines[: h.limits.lines_max]):
        check_id(line.line_id, f"lines[{i}].line_id", wrong)
        check_range(line.quantity, f"lines[{i}].quantity", 0, QUANTITY_MAX, wrong)


def check_shipment_id(request: Any, wrong: Violations) -> None:
    """A shipment must be named."""
    check_id(request.shipment_id, "shipment_id", wrong)


def check_name(text: str, field: str, wrong: Violations, *, is_needed: bool = False) -> None:
    """A reason in the caller's own words."""
    if is_needed and not text:
        wrong.add(field, "a reason was expected")
    check_text(text, field, NAME_LENGTH_MAX, wrong)


def check_past(h: "Handlers", request: Any, field: str, wrong: Violations) -> None:
    """An instant at which something happened: not in the future, but for what clocks differ."""
    if not request.HasField(field):
        return
    before = len(wrong.invalid)
    minute_of(getattr(request, field), field, wrong)
    if len(wrong.invalid) == before and ms_of(getattr(request, field)) > h.clock.unix_ms() + AS_OF_AHEAD_MS_MAX:
        wrong.add(field, f"an instant by now was expected, this one is more than {AS_OF_AHEAD_MS_MAX // 60_000} minutes ahead")


def check_future(h: "Handlers", request: Any, field: str, wrong: Violations) -> None:
    """An instant at which something is to end: it must not have passed."""
    if not request.HasField(field):
        return
    before = len(wrong.invalid)
    minute_of(getattr(request, field), field, wrong)
    if len(wrong.invalid) == before and ms_of(getattr(request, field)) <= h.clock.unix_ms():
        wrong.add(field, "an instant after now was expected, this one is past")


def ms_given(request: Any, field: str) -> int | None:
    """Unix milliseconds of an instant in a request; None where it names none."""
    stamp: Timestamp = getattr(request, field)
    return ms_of(stamp) if request.HasField(field) else None


def unknown_order(order_id: str) -> Refusal:
    """Refused because there never was such an order."""
    message = f"order_id: no order {order_id!r} is recorded"
    return Refusal(Reason.UNKNOWN_ORDER, message, (FieldViolation("order_id", message),))
