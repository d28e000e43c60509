"""CreateReturn, ReceiveReturn and RefundReturn: what was bought anywhere comes back anywhere, to where it is worth most."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.basket import Basket, BasketLine
from engine.domain.life import RECEIVABLE, REFUNDABLE, Action, ReturnState, check_return
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.fulfilment.draft import Draft, OrderRecord, Wanted, check_distinct, check_version
from engine.fulfilment.order_record import Order, Return, has_left, instant
from engine.inventory.transaction import Cell
from engine.inventory.write_path import Recorded
from engine.optimizer.return_routes import TERMS, ReturnRoute, Units, by_carrier, by_transfer, rank_routes
from engine.optimizer.scene import Scene, set_scene
from engine.service.decode import decode_destination
from engine.service.desk import Call
from engine.service.fields import (
    Violations,
    begin_write,
    check_id,
    check_range,
    digest_of,
    index_of_location,
    parse,
)
from engine.service.life import (
    QUANTITY_MAX,
    Doing,
    OrderMethod,
    check_line_quantities,
    check_name,
    check_past,
    expected_version,
    ms_given,
)
from engine.service.order_write import LifeWrite, Made

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

RECORD = "@return/"
"""Before a return's id among the ids of records that may not be made twice: no order's id begins so."""

REFUND_MICROS_MAX = 10**18
CODE_LENGTH = 10
MINUTES_PER_DAY = 1_440
RESELL, REFURBISH, SCRAP = (
    order_service_pb2.RETURN_DISPOSITION_RESELL, order_service_pb2.RETURN_DISPOSITION_REFURBISH,
    order_service_pb2.RETURN_DISPOSITION_SCRAP,
)  # fmt: skip
KEPT = "KEEP_IT"


class Routed(NamedTuple):
    """Where a return goes; no location: the customer keeps it."""

    route: ReturnRoute | None
    keep: bool


# -- announced


def check_create(h: "Handlers", request: Any, wrong: Violations) -> None:
    """What comes back, why, from where, and perhaps where to."""
    if request.return_id:
        check_id(request.return_id, "return_id", wrong)
    check_line_quantities(h, request.lines, wrong, needs_some=True)
    for i, line in enumerate(request.lines[: h.limits.lines_max]):
        check_name(line.reason, f"lines[{i}].reason", wrong)
        for name, empty in (("received_quantity", 0), ("condition", ""), ("disposition", 0)):
            if getattr(line, name) != empty:
                wrong.add(f"lines[{i}].{name}", "none was expected, ReceiveReturn says it")
    if request.HasField("origin"):
        decode_destination(request.origin, "origin", h.image, wrong)
    for name in ("location_id", "drop_off_location_id"):
        if getattr(request, name):
            index_of_location(getattr(request, name), name, h.image, wrong)


def create(doing: Doing) -> Made:
    """Note what comes back, and route it."""
    draft, request, h = doing.draft, doing.request, doing.h
    doing.check_order_version()
    draft.check(Action.RETURN)
    return_id = request.return_id or draft.request_id
    order = draft.order
    wanted = [Wanted(line.line_id, line.quantity, f"lines[{i}]") for i, line in enumerate(request.lines)]
    check_distinct(wanted)
    made = Return(
        return_id=return_id, version=1, order_id=order.order_id, state=order_service_pb2.RETURN_STATE_CREATED,
        currency=order.basket.currency or h.image.network.currency, created_at=instant(draft.now_unix_ms),
        updated_at=instant(draft.now_unix_ms), drop_off_location_id=request.drop_off_location_id,
        drop_off_code=sha256(return_id.encode()).hexdigest()[:CODE_LENGTH].upper(),
    )  # fmt: skip
    for each, asked in zip(wanted, request.lines, strict=True):
        line = draft.line(each)
        items = returnable(draft, doing.returns, line)
        item_id = asked.item_id or max(items, key=lambda item_id: items[item_id])
        if item_id not in items:
            text = f"{each.field}.item_id: line {line.line_id!r} is of item {' or '.join(items)}, not {item_id[:40]!r}"
            raise Refusal(Reason.WRONG_STATE, text, (FieldViolation(f"{each.field}.item_id", text),))
        there = items[item_id]
        quantity = each.quantity or there
        if quantity > there or not there:
            text = f"{each.field}.quantity: {there} units of line {line.line_id!r} may come back, not {quantity or 'any'}"
            raise Refusal(Reason.WRONG_STATE, text, (FieldViolation(f"{each.field}.quantity", text),))
        made.lines.add(line_id=line.line_id, item_id=item_id, quantity=quantity, reason=asked.reason)
    routed = route(doing, made)
    apply_route(h, made, routed)
    text = "the customer keeps it" if made.keep else f"to {made.location_id}"
    count = sum(line.quantity for line in made.lines)
    draft.tell(
        types_pb2.EVENT_TYPE_RETURN_CREATED, f"{return_id}: {count} units come back, {text}", None,
        [line.line_id for line in made.lines], return_id=return_id, location_id=made.location_id,
        reasons=",".join(dict.fromkeys(line.reason for line in made.lines if line.reason)), value_micros=made.value_micros,
        drop_off_location_id=made.drop_off_location_id,
    )  # fmt: skip
    return Made(
        lambda order: order_service_pb2.CreateReturnResponse(return_record=made), returns=(made,), created_id=RECORD + return_id
    )


def returnable(draft: Draft, returns: Sequence[Return], line: types_pb2.BasketLine) -> dict[str, int]:
    """Units of a line that the customer may have, and that are not part of a return yet: by the item that was sent."""
    gone = [each for each in draft.order.plan.shipments if is_with_customer(each)]
    items = dict.fromkeys(part.item_id for each in gone for part in each.lines if part.line_id == line.line_id)
    if not items or items.keys() & draft.ratios.get(line.line_id, {}).keys():
        left = {line.item_id: sum(draft.count(each, line.line_id) for each in gone)}
    else:
        left = dict.fromkeys(items, 0)
        for part in (part for each in gone for part in each.lines if part.line_id == line.line_id):
            left[part.item_id] += part.quantity
    for each in returns:
        for back in each.lines:
            if back.line_id == line.line_id:
                # Returns of before this was told apart name the item that was ordered, whatever was sent.
                left[back.item_id if back.item_id in left else next(iter(left))] -= expected(each, back)
    return left


def is_with_customer(shipment: types_pb2.Shipment) -> bool:
    """Whether it is on its way to the customer, or there: not on its way to a store where they are to collect it."""
    is_moved = shipment.route == types_pb2.ROUTE_SHIP_TO_STORE
    return has_left(shipment) and (not is_moved or shipment.state == types_pb2.SHIPMENT_STATE_COLLECTED)


def expected(made: Return, line: "order_service_pb2.ReturnLine") -> int:
    """Units that a return has of a line: of one that is paid back those that came, or that the customer keeps."""
    is_over = made.state == order_service_pb2.RETURN_STATE_REFUNDED and not made.keep
    return line.received_quantity if is_over else line.quantity


def parts_of(draft: Draft, line: "order_service_pb2.ReturnLine") -> dict[str, int]:
    """Units of each item in one unit of what comes back of a line: a kit comes as its components."""
    ordered = next((each.item_id for each in draft.order.basket.lines if each.line_id == line.line_id), "")
    kit = draft.ratios.get(line.line_id) if line.item_id == ordered else None
    return dict(kit or {line.item_id: 1})


def route(doing: Doing, made: Return) -> Routed:
    """The location where it is worth most; none where nothing is worth sending. Raises `Refusal` where it can go nowhere."""
    h, request = doing.h, doing.request
    units = units_of(doing.draft, made)
    scene = scene_of(doing, units)
    if request.drop_off_location_id:
        way = by_transfer(h.image, h.image.location_index[request.drop_off_location_id], units)
    else:
        assert scene.lanes is not None, "it is sent from somewhere"
        way = by_carrier(h.image, scene.lanes, units)
    routes = rank_routes(scene, units, way, scene.start_minute // MINUTES_PER_DAY)
    if request.location_id:
        routes = [each for each in routes if each.location == h.image.location_index[request.location_id]]
    if not routes:
        text = "location_id: it takes no returns from there" if request.location_id else "no location takes returns from there"
        raise Refusal(Reason.NO_ROUTE, text, (FieldViolation("location_id", text),))
    best = routes[0]
    return Routed(best, keep=best.worth_micros <= 0 and not request.location_id)


def units_of(draft: Draft, made: Return) -> list[Units]:
    """Units of each item that come back; of a kit those of its components."""
    index, units = draft.image.item_index, dict[int, int]()
    for line in made.lines:
        for item_id, ratio in parts_of(draft, line).items():
            if item_id not in index:
                raise Refusal(Reason.WRONG_STATE, f"the network has no item {item_id!r} any more")
            units[index[item_id]] = units.get(index[item_id], 0) + ratio * line.quantity
    return [Units(*each) for each in units.items()]


def scene_of(doing: Doing, units: Sequence[Units]) -> Scene:
    """What a return is weighed on: the order's policy, and the way from where the customer sends it."""
    h, order, request = doing.h, doing.draft.order, doing.request
    destination = None
    origin = request.origin if request.HasField("origin") else order.basket.destination
    if not request.drop_off_location_id:
        wrong = Violations()
        destination = decode_destination(origin, "origin", h.image, wrong)
        wrong.check()
    lines = tuple(BasketLine(str(n), item, quantity) for n, (item, quantity) in enumerate(units))
    known = h.image.policies.choose(policy_id=order.policy_id, minute=h.now_minute())
    basket = Basket(
        lines, h.now_minute(), destination, channel=order.basket.channel, policy_id=order.policy_id if known is not None else ""
    )
    return set_scene(h.image, doing.stock, basket, "origin")


def apply_route(h: "Handlers", made: Return, routed: Routed) -> None:
    """Write where it goes into its record."""
    best, made.keep = routed.route, routed.keep
    if best is None or routed.keep:
        return
    made.location_id = h.image.location_ids[best.location]
    made.value_micros = best.worth_micros
    made.carrier_service_id = h.image.service_ids[best.service] if best.service >= 0 else ""
    for term, amount in zip(TERMS, best.terms, strict=True):
        if amount:
            made.terms.add(term=term, amount_micros=amount)


# -- received


def check_receive(h: "Handlers", request: Any, wrong: Violations) -> None:
    """What was received, in which condition, and what is done with it."""
    if not request.lines:
        wrong.add("lines", "at least one was expected")
    for i, line in enumerate(request.lines[: h.limits.lines_max]):
        check_id(line.line_id, f"lines[{i}].line_id", wrong)
        check_range(line.received_quantity, f"lines[{i}].received_quantity", 1, QUANTITY_MAX, wrong)
        check_name(line.condition, f"lines[{i}].condition", wrong)
        if line.disposition not in order_service_pb2.ReturnDisposition.values():
            wrong.add(f"lines[{i}].disposition", "RESELL, REFURBISH or SCRAP was expected")
    if request.location_id:
        index_of_location(request.location_id, "location_id", h.image, wrong)
    check_past(h, request, "received_at", wrong)


def receive(doing: Doing) -> Made:
    """It is there: what can be sold again becomes supply where it was received."""
    draft, request = doing.draft, doing.request
    left = the_return(doing)
    check_return("ReceiveReturn", ReturnState(left.state), RECEIVABLE, left.return_id)
    location_id = request.location_id or left.location_id or left.drop_off_location_id
    if not location_id:
        text = "location_id: where it was received was expected, the customer was to keep it"
        raise Refusal(Reason.WRONG_STATE, text, (FieldViolation("location_id", text),))
    check_distinct([Wanted(line.line_id, 0, f"lines[{i}].line_id") for i, line in enumerate(request.lines)])
    happened = ms_given(request, "received_at")
    known = {line.line_id: line for line in left.lines}
    for i, line in enumerate(request.lines):
        there = known.get(line.line_id)
        if there is None:
            text = f"lines[{i}].line_id: return {left.return_id!r} has no line {line.line_id!r}"
            raise Refusal(Reason.UNKNOWN_LINE, text, (FieldViolation(f"lines[{i}].line_id", text),))
        open_units = there.quantity - there.received_quantity
        if line.received_quantity > open_units:
            text = (
                f"lines[{i}].received_quantity: {open_units} of line {line.line_id!r} are to come, not {line.received_quantity}"
            )
            raise Refusal(Reason.WRONG_STATE, text, (FieldViolation(f"lines[{i}].received_quantity", text),))
        disposition = line.disposition or RESELL
        there.received_quantity += line.received_quantity
        there.condition, there.disposition = line.condition, disposition
        if disposition == RESELL:
            for item_id, ratio in parts_of(draft, there).items():
                draft.put.append((Cell(item_id, location_id, "", ""), ratio * line.received_quantity))
        draft.tell(
            types_pb2.EVENT_TYPE_LINES_RETURNED,
            f"{line.received_quantity} of line {line.line_id} received at {location_id}", None, [line.line_id], happened,
            return_id=left.return_id, quantity=line.received_quantity, condition=line.condition,
            disposition=order_service_pb2.ReturnDisposition.Name(disposition).removeprefix("RETURN_DISPOSITION_"),
            reason=there.reason, location_id=location_id,
        )  # fmt: skip
    is_whole = all(line.received_quantity == line.quantity for line in left.lines)
    left.state = order_service_pb2.RETURN_STATE_RECEIVED if is_whole else order_service_pb2.RETURN_STATE_PARTIALLY_RECEIVED
    left.location_id = location_id
    return changed(draft, left, order_service_pb2.ReceiveReturnResponse, happened)


# -- paid back


def check_refund(h: "Handlers", request: Any, wrong: Violations) -> None:
    """What is paid back, in which currency, and why."""
    check_name(request.reason, "reason", wrong)
    if request.HasField("refund_micros"):
        check_range(request.refund_micros, "refund_micros", 0, REFUND_MICROS_MAX, wrong)
    if request.currency and request.currency != h.image.network.currency:
        wrong.add("currency", f"{h.image.network.currency} was expected, the currency of the network")


def refund(doing: Doing) -> Made:
    """It is to be paid back: what was received, or all of what the customer keeps."""
    draft, request = doing.draft, doing.request
    left = the_return(doing)
    allowed = REFUNDABLE | {ReturnState.CREATED} if left.keep else REFUNDABLE
    check_return("RefundReturn", ReturnState(left.state), allowed, left.return_id)
    prices = {line.line_id: line.unit_price_micros for line in draft.order.basket.lines}
    units = [(line.line_id, line.quantity if left.keep else line.received_quantity) for line in left.lines]
    micros = sum(prices.get(line_id, 0) * quantity for line_id, quantity in units)
    if request.HasField("refund_micros"):
        micros = request.refund_micros
    left.state, left.refund_micros = order_service_pb2.RETURN_STATE_REFUNDED, micros
    draft.tell(
        types_pb2.EVENT_TYPE_LINES_REFUNDED, f"{left.return_id}: {micros} micros {left.currency} are to be paid back", None,
        [line_id for line_id, quantity in units if quantity], refund_micros=micros, currency=left.currency,
        return_id=left.return_id, reason=request.reason or ",".join(dict.fromkeys(line.reason for line in left.lines)),
        quantity=sum(quantity for _, quantity in units),
    )  # fmt: skip
    return changed(draft, left, order_service_pb2.RefundReturnResponse, None)


def the_return(doing: Doing) -> Return:
    """A copy of the return that a request names, at the version that its caller thinks."""
    left = Return()
    left.CopyFrom(next(each for each in doing.returns if each.return_id == doing.request.return_id))
    check_version(left.version, expected_version(doing.request), f"return {left.return_id!r}")
    return left


def changed(draft: Draft, left: Return, kind: Any, happened: int | None) -> Made:
    """A return that is another than before."""
    left.version += 1
    left.updated_at.CopyFrom(instant(draft.now_unix_ms))

    def respond(order: Order) -> Any:
        return kind(return_record=left)

    return Made(respond, happened_unix_ms=happened, returns=(left,))


class ReturnMethod(OrderMethod):
    """A method that changes a return: the order is that which it is of."""

    def look_up(self, h: "Handlers", call: Call) -> OrderRecord | bytes | Refusal:
        """In a reader's thread: what the ledger knows of the return's order, or of the request itself."""
        request = parse(self.request_kind, call.message)
        wrong = begin_write(request, h.image, h.clock.unix_ms())
        check_id(request.return_id, "return_id", wrong)
        self.check(h, request, wrong)
        wrong.check()
        known = h.recorded_answer(request.request_id, digest_of(request), self.finish)
        if known is not None:
            return known
        self.pause(call)
        found = h.ledger.find_return(request.return_id)
        record = h.ledger.find_record(found.order_id) if found is not None else None
        if record is None:
            message = f"return_id: no return {request.return_id!r} is recorded"
            return Refusal(Reason.UNKNOWN_RETURN, message, (FieldViolation("return_id", message),))
        return record


class NewReturnMethod(OrderMethod):
    """CreateReturn: an id that is taken is told so."""

    def settle(
        self, h: "Handlers", call: Call, write: LifeWrite, digest: bytes, outcome: Recorded | Refusal
    ) -> None:  # fmt: skip
        """As any other, but for its own id."""
        if isinstance(outcome, Refusal) and outcome.reason is Reason.ORDER_EXISTS:
            message = "return_id: the return was recorded before, under another request_id"
            outcome = Refusal(Reason.RETURN_EXISTS, message, (FieldViolation("return_id", message),))
        super().settle(h, call, write, digest, outcome)


CREATE = NewReturnMethod(
    "CreateReturn", order_service_pb2.CreateReturnRequest, order_service_pb2.CreateReturnResponse, check_create, create
)
RECEIVE = ReturnMethod(
    "ReceiveReturn", order_service_pb2.ReceiveReturnRequest, order_service_pb2.ReceiveReturnResponse, check_receive, receive
)
REFUND = ReturnMethod(
    "RefundReturn", order_service_pb2.RefundReturnRequest, order_service_pb2.RefundReturnResponse, check_refund, refund
)
