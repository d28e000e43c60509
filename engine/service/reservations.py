"""Reservations at the door: each method checked, and turned into a write or a read.

A change of a reservation is looked up in the ledger first, beside the desk. What it holds at this moment is then read of the
stock in memory, and guarded in the store.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from belofte.v1 import reservation_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.fulfilment.line_units import ratios_of
from engine.fulfilment.milestones import missed
from engine.fulfilment.order_record import Capacities, instant, state_of
from engine.inventory.holds import Hold
from engine.inventory.live import LiveStock
from engine.inventory.transaction import CapacityChange, CellChange
from engine.inventory.write_path import Recorded
from engine.ledger.reservations import ReservationRecord
from engine.network.image import NetworkImage
from engine.network.policies import policy_version
from engine.service.decode import check_order, decode_basket
from engine.service.desk import Call
from engine.service.encode import add_short_lines, encode_plan
from engine.service.fields import (
    Violations,
    begin_write,
    check_count,
    check_id,
    check_range,
    decode_page_token,
    digest_of,
    index_of_item,
    index_of_location,
    indexes_of,
    parse,
)
from engine.service.hold_writes import (
    ACTIVE,
    CONFIRMED,
    EXPIRED,
    RECORD,
    RELEASED,
    Asked,
    Change,
    HoldWrite,
    State,
    Wire,
    changed,
    check_not_pending,
    check_record,
    check_version,
    encode_hold,
    ended,
    hold_of,
    ordered_late,
    wrong_state,
)
from engine.service.partial_release import capacity_left, less, shrink, units_released
from engine.service.quote_tokens import decisive_basket
from engine.service.record import Finish, finisher, order_state, reserved_order_event
from engine.service.transfer import plan_transfer
from engine.sourcing.cells import home_pegs
from engine.sourcing.order import SourceRequest
from engine.sourcing.reserve import (
    Held,
    HoldRequest,
    end_charge,
    exchanged,
    give_back,
    give_capacity_back,
    plan_held,
    plan_hold,
    position_of,
)
from engine.sourcing.source import capacities_of, cells_of, preview_order

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

ANONYMOUS = "anonymous"
"""Whoever calls where callers are not asked who they are."""

TIME_TO_LIVE_MS, TIME_TO_LIVE_MS_MAX = 15 * 60_000, 7 * 24 * 3_600_000
QUANTITY_MAX = 2**31 - 1
PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX = 100, 1_000
FILTERS_MAX = 100
AGAIN_MAX = 20
"""How often a change is tried again on a reservation that others change at the same time."""

Outcome = bytes | Refusal | HoldWrite | None
Make = Callable[[LiveStock, int], Change]
LookUp = Callable[["Handlers", Call], Any]


finished_create = finisher(reservation_service_pb2.CreateReservationResponse)
finished_extend = finisher(reservation_service_pb2.ExtendReservationResponse)
finished_release = finisher(reservation_service_pb2.ReleaseReservationResponse)
finished_confirm = finisher(reservation_service_pb2.ConfirmReservationResponse)
finished_transfer = finisher(reservation_service_pb2.TransferReservationResponse)


# -- create


def create(h: "Handlers", call: Call) -> Outcome:
    """CreateReservation."""
    request = parse(reservation_service_pb2.CreateReservationRequest, call.message)
    wrong = begin_write(request, h.image, h.clock.unix_ms())
    is_network = request.scope == reservation_service_pb2.RESERVATION_SCOPE_NETWORK
    digest = digest_of(request)
    reservation_id = request.reservation_id or request.request_id
    try:
        check_id(reservation_id, "reservation_id", wrong)
        check_enum(request.scope, "scope", reservation_service_pb2.ReservationScope, "LOCATION or NETWORK", wrong)
        check_enum(request.fill, "fill", reservation_service_pb2.ReservationFill, "ALL_OR_NOTHING or PARTIAL", wrong)
        if request.quote_token and is_network:
            wrong.add("quote_token", "none was expected, a plan is held at locations")
        time_to_live = decode_time_to_live(request, wrong)
        basket = decode_basket(
            request.basket, "basket", h.image, h.now_minute(), h.limits.lines_max, wrong, needs_destination=not is_network
        )
        wrong.check()
        quoted = h.quoted_plan(request, request.basket)
    except Refusal as refusal:
        return h.recorded_or(refusal, call, request.request_id, digest, finished_create)
    h.stock(request.min_position)
    known = h.known(request.request_id, digest, finished_create)
    if known is not None:
        return known
    asked = HoldRequest(
        SourceRequest(request.request_id, digest, "", basket, call.message, field="basket", quoted=quoted), reservation_id,
        call.caller.name if call.caller.is_known else ANONYMOUS,
        h.limits.reservations_max, time_to_live, request.fill == reservation_service_pb2.RESERVATION_FILL_PARTIAL, is_network,
    )  # fmt: skip
    image = h.image

    def change(stock: LiveStock, attempt: int) -> Change:
        held = plan_hold(image, stock, asked, h.limits.nodes_max, h.clock, attempt)
        wire = Wire(
            basket=request.basket, currency=image.network.currency, plan=plan_shown(held, reservation_id),
            policy_id=held.scene.policy.policy_id, policy_version=policy_version(held.scene.policy),
            network_version=image.version, created_at=instant(h.clock.unix_ms()),
        )  # fmt: skip
        encode_hold(held.hold, wire)
        shipments = held.planned.plan.shipments if held.planned else ()
        return Change(
            ((None, held.hold),), (wire,), reservation_service_pb2.CreateReservationResponse(reservation=wire), held.cells,
            held.capacities, RECORD + reservation_id, pegs=home_pegs(held.scene, held.pegs),
            days=[(each.location, each.capacity_day, each.capacity_quantity) for each in shipments],
            start_minute=basket.request_minute,
        )  # fmt: skip

    return write_of(h, call, "CreateReservation", request.request_id, digest, change, finished_create)


def plan_shown(held: Held, prefix: str) -> types_pb2.Plan:
    """The plan that is held; at network level there is none, but what is short is told in it all the same."""
    if held.planned is not None:
        return encode_plan(held.scene, held.planned.plan, prefix, held.planned.solve_micros)
    wire = types_pb2.Plan()
    add_short_lines(wire.short_lines, held.scene, held.short_lines)
    return wire


# -- what is changed was looked up before


def look_up(
    kind: Any, finish: Finish, h: "Handlers", call: Call
) -> ReservationRecord | bytes | Refusal:  # fmt: skip
    """In a reader's thread: what the ledger knows of the reservation that a request changes, or of the request itself."""
    request = parse(kind, call.message)
    wrong = begin_write(request, h.image, h.clock.unix_ms())
    check_id(request.reservation_id, "reservation_id", wrong)
    wrong.check()
    known = h.recorded_answer(request.request_id, digest_of(request), finish)
    if known is not None:
        return known
    return h.ledger.find_reservation(request.reservation_id) or unknown(request.reservation_id, "reservation_id")


LOOK_UP_EXTEND = partial(look_up, reservation_service_pb2.ExtendReservationRequest, finished_extend)
LOOK_UP_RELEASE = partial(look_up, reservation_service_pb2.ReleaseReservationRequest, finished_release)
LOOK_UP_CONFIRM = partial(look_up, reservation_service_pb2.ConfirmReservationRequest, finished_confirm)
LOOK_UP_ORDER = partial(look_up, sourcing_service_pb2.SourceOrderRequest)


def found(call: Call) -> ReservationRecord:
    """What `look_up` found."""
    assert isinstance(call.found, ReservationRecord)
    return call.found


def extend(h: "Handlers", call: Call) -> Outcome:
    """ExtendReservation."""
    request = parse(reservation_service_pb2.ExtendReservationRequest, call.message)
    wrong = begin_write(request, h.image, h.clock.unix_ms())
    time_to_live = decode_time_to_live(request, wrong)
    wrong.check()
    record = found(call).reservation

    def change(stock: LiveStock, attempt: int) -> Change:
        now = h.clock.unix_ms()
        hold = hold_of(stock, record, now, version_expected(request))
        after = replace(hold, version=hold.version + 1, expires_unix_ms=now + time_to_live)
        wire = changed(record, after)
        return Change(((hold, after),), (wire,), reservation_service_pb2.ExtendReservationResponse(reservation=wire))

    return write_found(h, call, "ExtendReservation", request, change, finished_extend, LOOK_UP_EXTEND)


def release(h: "Handlers", call: Call) -> Outcome:
    """ReleaseReservation."""
    request = parse(reservation_service_pb2.ReleaseReservationRequest, call.message)
    wrong = begin_write(request, h.image, h.clock.unix_ms())
    check_lines(request.lines, h, wrong)
    wrong.check()
    record = found(call).reservation

    def change(stock: LiveStock, attempt: int) -> Change:
        hold = hold_of(stock, record, h.clock.unix_ms(), version_expected(request))
        kits = ratios_of(h.image, record.basket)
        gone, over = units_released(hold, request.lines, kits) if request.lines else (hold.units, [])
        response = reservation_service_pb2.ReleaseReservationResponse(over_releases=over)
        units = less(hold.units, gone)
        if not units:
            wire = ended(record, hold, RELEASED)
            response.reservation.CopyFrom(wire)
            freed = (*give_capacity_back(hold.capacities), end_charge(hold))
            return Change(((hold, None),), (wire,), response, give_back(hold.units), freed)
        kept, back = capacity_left(h.image, hold, units)
        after = replace(hold, version=hold.version + 1, units=units, capacities=kept)
        wire = changed(record, after)
        shrink(wire, record, after, kits)
        response.reservation.CopyFrom(wire)
        return Change(((hold, after),), (wire,), response, give_back(gone), give_capacity_back(back))

    return write_found(h, call, "ReleaseReservation", request, change, finished_release, LOOK_UP_RELEASE)


def confirm(h: "Handlers", call: Call) -> Outcome:
    """ConfirmReservation."""
    request = parse(reservation_service_pb2.ConfirmReservationRequest, call.message)

    def respond(order: types_pb2.Order, wire: Wire) -> reservation_service_pb2.ConfirmReservationResponse:
        return reservation_service_pb2.ConfirmReservationResponse(order=order, reservation=wire)

    change = ordering(h, call, request, respond)
    return write_found(h, call, "ConfirmReservation", request, change, finished_confirm, LOOK_UP_CONFIRM)


def source_reserved(h: "Handlers", call: Call, finish: Finish) -> Outcome:
    """SourceOrder of an order whose stock is held already."""
    request = parse(sourcing_service_pb2.SourceOrderRequest, call.message)
    if request.mode not in (sourcing_service_pb2.SOURCE_MODE_UNSPECIFIED, sourcing_service_pb2.SOURCE_MODE_COMMIT):
        message = "mode: COMMIT was expected, a reservation is not previewed: its plan is known"
        return Refusal(Reason.INVALID_FIELD, message, (FieldViolation("mode", message),))

    def respond(order: types_pb2.Order, wire: Wire) -> sourcing_service_pb2.SourceOrderResponse:
        return sourcing_service_pb2.SourceOrderResponse(
            order_id=order.order_id, state=order.state, plan=order.plan, attempts=1, currency=order.currency,
            policy_id=order.policy_id, network_version=order.network_version, policy_version=order.policy_version,
        )  # fmt: skip

    change = ordering(h, call, request, respond)
    return write_found(h, call, "SourceOrder", request, change, finish, partial(LOOK_UP_ORDER, finish))


def ordering(h: "Handlers", call: Call, request: Any, respond: Callable[[types_pb2.Order, Wire], Any]) -> Make:
    """What makes an order of a reservation: its plan as it is held, or a plan made now where none is.

    None is held at network level, once units were moved, and after it expired: then it is tried as a new order.
    """
    record, asked = found(call).reservation, request.order
    wrong = begin_write(request, h.image, h.clock.unix_ms())
    check_order(asked, wrong)
    if record.state == EXPIRED and record.order_id:
        raise wrong_state(f"reservation {record.reservation_id!r} has expired, and became order {record.order_id!r} then")
    if asked.basket.lines and lines_of(asked.basket) != lines_of(record.basket):
        wrong.add("order.basket.lines", "the lines of the reservation were expected, or none")
    order = types_pb2.Order()
    order.CopyFrom(asked)
    if not asked.basket.lines:
        order.basket.CopyFrom(record.basket)
    order.basket.ClearField("request_time")  # what was asked for then becomes an order now
    basket = decode_basket(order.basket, "order.basket", h.image, h.now_minute(), h.limits.lines_max, wrong)
    wrong.check()
    digest, image = digest_of(request), h.image
    source = SourceRequest(request.request_id, digest, asked.order_id, basket, call.message, is_held=bool(asked.hold_reason))

    def change(stock: LiveStock, attempt: int) -> Change:
        now = h.clock.unix_ms()
        made = types_pb2.Order()
        made.CopyFrom(order)
        made.reservation_id, made.version, made.currency = record.reservation_id, 1, image.network.currency
        made.created_at.CopyFrom(instant(now))
        made.updated_at.CopyFrom(instant(now))
        cells: tuple[CellChange, ...] = ()
        days: tuple[CapacityChange, ...] = ()
        check_not_pending(stock, record)
        hold = stock.holds.get(record.reservation_id)
        if hold is None and record.state != EXPIRED:
            hold_of(stock, record, now, None)  # it has ended otherwise, which this says
        if hold is not None:
            check_version(hold, version_expected(request))
            check_record(hold, record)
            if hold.expires_unix_ms <= now:
                # It is ended between two batches, and then tried as a new order: what it held belongs to nobody before.
                raise Refusal(Reason.CONTENDED, f"reservation {record.reservation_id!r} is about to expire; try again")
        is_planned = hold is not None and hold.is_planned
        why_anew = not_kept(image, stock, hold, record, order.basket, now) if hold is not None and is_planned else ""
        is_kept = is_planned and not why_anew
        if is_kept:
            made.plan.CopyFrom(record.plan)
            made.policy_id, made.policy_version = record.policy_id, record.policy_version
            made.network_version = record.network_version
            made.state = state_of(made)
        else:
            if hold is None:
                planned = preview_order(image, stock, source, h.limits.nodes_max, h.clock)
            else:
                planned = plan_held(image, stock, hold, source, h.limits.nodes_max, h.clock, attempt)
            made.plan.CopyFrom(encode_plan(planned.scene, planned.plan, asked.order_id, planned.solve_micros))
            made.policy_id, made.policy_version = planned.plan.policy_id, policy_version(planned.scene.policy)
            made.network_version, made.state = image.version, order_state(planned)
            cells, days = cells_of(planned.scene, planned.plan), capacities_of(planned.scene, planned.plan)
        event = reserved_order_event(made, request.request_id, now, why_anew)
        minute = 0 if is_kept else basket.request_minute
        if hold is None:
            wire = Wire()
            wire.CopyFrom(record)
            wire.state, wire.order_id, wire.version = EXPIRED, asked.order_id, record.version + 1
            return Change(
                (), (wire,), respond(made, wire), cells, days, asked.order_id, made, events=(event,),
                order_capacities=capacities_taken(days), start_minute=minute, guards=(ordered_late(record.reservation_id),),
            )  # fmt: skip
        wire = ended(record, hold, CONFIRMED)
        wire.order_id = asked.order_id
        held = [(each.cell, each.quantity) for each in hold.units]
        # An order that is planned now takes capacity anew.
        freed = () if is_kept else give_capacity_back(hold.capacities)
        units = held if is_kept else [(each.cell, each.demand_delta) for each in cells if each.demand_delta]
        return Change(
            ((hold, None),), (wire,), respond(made, wire), kept_guards(stock, hold) if is_kept else exchanged(hold, cells),
            (*freed, *days, end_charge(hold)), asked.order_id, made, events=(event,), units=tuple(units),
            order_capacities=held_capacities(hold) if is_kept else capacities_taken(days),
            start_minute=minute,
        )  # fmt: skip

    return change


def capacities_taken(days: Iterable[CapacityChange]) -> Capacities:
    """What an order takes of its locations' days."""
    return tuple((use.location_id, use.day, use.quantity_delta) for use in days)


def held_capacities(hold: Hold) -> Capacities:
    """What a hold takes of its locations' days."""
    return tuple((use.location_id, use.day, use.quantity) for use in hold.capacities)


def kept_guards(stock: LiveStock, hold: Hold) -> tuple[CellChange, ...]:
    """What `not_kept` found of receipts must hold at the commit as well."""
    slots, slot = stock.matrix.slots, stock.matrix.slot
    return tuple(
        CellChange(
            cell, 0, 0, 0, None, None, minute_expected=slots[int(slot[position_of(stock, cell)])].available_at_minute
        ) for cell in dict.fromkeys(each.cell for each in hold.units if each.cell.receipt_id)
    )  # fmt: skip


def not_kept(
    image: NetworkImage, stock: LiveStock, hold: Hold, record: Wire, basket: types_pb2.Basket, now_unix_ms: int
) -> str:  # fmt: skip
    """Why an order cannot have the plan that is held, for a person; empty: it can."""
    if decisive_basket(basket) != decisive_basket(record.basket):
        return "the order asks for something else"
    for late in missed(record.plan, now_unix_ms):
        return f"the handover at {late.shipment.location_id} has passed"
    is_open = stock.open_of(image.active)
    for shipment in record.plan.shipments:
        location = image.location_index.get(shipment.location_id, -1)
        # What is digital is sent from nowhere.
        if shipment.location_id and (location < 0 or not is_open[location]):
            return f"{shipment.location_id} takes no part any more"
        needed = shipment.pick_by if shipment.HasField("pick_by") else shipment.handover_by
        for part in shipment.lines:
            for line_id, cell, _ in hold.units:
                is_of_part = (line_id, cell.receipt_id) == (part.line_id, part.receipt_id)
                if not cell.receipt_id or not is_of_part or shipment.location_id not in ("", cell.location_id):
                    continue
                at = position_of(stock, cell)
                minute = stock.matrix.slots[stock.matrix.slot[at]].available_at_minute
                if needed.seconds and minute * 60 > needed.seconds:
                    return f"receipt {cell.receipt_id} is late"
                if stock.matrix.supply[at] < stock.matrix.demand[at]:
                    return f"receipt {cell.receipt_id} is less than was promised of it"
    return ""


def lines_of(basket: types_pb2.Basket) -> list[tuple[str, str, int]]:
    """What makes two baskets ask for the same."""
    return [(line.line_id, line.item_id, line.quantity) for line in basket.lines]


# -- transfer


def look_up_both(h: "Handlers", call: Call) -> Any:
    """As `look_up`, of the reservation that gives and the one that takes, None: a new one."""
    source = look_up(reservation_service_pb2.TransferReservationRequest, finished_transfer, h, call)
    target_id = parse(reservation_service_pb2.TransferReservationRequest, call.message).target_reservation_id
    if isinstance(source, bytes | Refusal) or not target_id:
        return source if isinstance(source, bytes | Refusal) else (source, None)
    wrong = Violations()
    check_id(target_id, "target_reservation_id", wrong)
    wrong.check()
    target = h.ledger.find_reservation(target_id)
    return unknown(target_id, "target_reservation_id") if target is None else (source, target)


def transfer(h: "Handlers", call: Call) -> Outcome:
    """TransferReservation."""
    request = parse(reservation_service_pb2.TransferReservationRequest, call.message)
    wrong = begin_write(request, h.image, h.clock.unix_ms())
    image = h.image
    check_lines(request.lines, h, wrong)
    location = -1
    if request.target_location_id:
        location = index_of_location(request.target_location_id, "target_location_id", image, wrong)
    if request.target_reservation_id == request.reservation_id and location < 0:
        wrong.add("target_reservation_id", "another reservation, or another location, was expected")
    wrong.check()
    assert isinstance(call.found, tuple)
    source_record, target_record = call.found
    for record in (source_record, target_record):
        if record is not None:
            h.stock(record.position)
    h.stock(request.min_position)

    def change(stock: LiveStock, attempt: int) -> Change:
        return plan_transfer(image, stock, request, source_record.reservation, target_record and target_record.reservation,
                             location, h.clock.unix_ms(), h.limits.reservations_max)  # fmt: skip

    return write_of(
        h, call, "TransferReservation", request.request_id, digest_of(request), change, finished_transfer, look_up_both
    )  # fmt: skip


# -- reads


def get(h: "Handlers", call: Call) -> bytes:
    """GetReservation."""
    request = parse(reservation_service_pb2.GetReservationRequest, call.message)
    h.check_read(request.network_id, request.min_position, request.reservation_id, "reservation_id")
    record = h.ledger.find_reservation(request.reservation_id)
    if record is None:
        raise unknown(request.reservation_id, "reservation_id")
    answer = reservation_service_pb2.GetReservationResponse(reservation=record.reservation, position=record.position)
    return answer.SerializeToString()


def list_page(h: "Handlers", call: Call) -> bytes:
    """ListReservations."""
    request = parse(reservation_service_pb2.ListReservationsRequest, call.message)
    wrong = Violations()
    check_range(request.page_size, "page_size", 0, PAGE_SIZE_MAX, wrong)
    start = decode_page_token(request.page_token, wrong)
    for state in request.states:
        check_enum(state, "states", State, "ACTIVE, CONFIRMED, RELEASED or EXPIRED", wrong)
    if check_count(request.item_ids, "item_ids", FILTERS_MAX, wrong):
        for i, item_id in enumerate(request.item_ids):
            index_of_item(item_id, f"item_ids[{i}]", h.image, wrong)
    if check_count(request.location_ids, "location_ids", FILTERS_MAX, wrong):
        indexes_of(request.location_ids, "location_ids", h.image, wrong)
    h.check_read(request.network_id, request.min_position, None, "", wrong)
    items, locations = frozenset(request.item_ids), frozenset(request.location_ids)

    def is_wanted(record: ReservationRecord) -> bool:
        lines = record.reservation.lines
        with_item = not items or any(line.item_id in items for line in lines)
        return with_item and (not locations or any(line.location_id in locations for line in lines))

    count = request.page_size or PAGE_SIZE_DEFAULT
    states = [state for state in request.states if state] or [ACTIVE]
    page = h.ledger.list_reservations(states, request.customer_id, is_wanted, start, count + 1)
    return reservation_service_pb2.ListReservationsResponse(
        reservations=[record.reservation for record in page[:count]],
        next_page_token=str(start + count) if len(page) > count else "", position=h.path.position,
    ).SerializeToString()  # fmt: skip


# -- what all have in common


def check_lines(lines: Any, h: "Handlers", wrong: Violations) -> None:
    """Lines to give back or to move."""
    check_count(lines, "lines", h.limits.lines_max, wrong)
    for i, line in enumerate(lines):
        check_id(line.line_id, f"lines[{i}].line_id", wrong)
        check_range(line.quantity, f"lines[{i}].quantity", 0, QUANTITY_MAX, wrong)


def check_enum(value: int, name: str, kind: Any, expected: str, wrong: Violations) -> None:
    """A value must be one that the contract has a name for."""
    if value not in kind.values():
        wrong.add(name, f"{expected} was expected")


def decode_time_to_live(request: Any, wrong: Violations) -> int:
    """Milliseconds that a hold is to last from now."""
    if not request.HasField("time_to_live"):
        return TIME_TO_LIVE_MS
    given = request.time_to_live
    milliseconds: int = given.seconds * 1_000 + given.nanos // 1_000_000
    if not (1 <= milliseconds <= TIME_TO_LIVE_MS_MAX and 0 <= given.nanos < 10**9):
        wrong.add("time_to_live", "more than nothing and at most 7 days were expected")
    return milliseconds


def version_expected(request: Any) -> int | None:
    """The version that the caller thinks the reservation is at; None: any."""
    return request.expected_version if request.HasField("expected_version") else None


def unknown(reservation_id: str, name: str) -> Refusal:
    """Refused because there never was such a reservation."""
    message = f"{name}: no reservation {reservation_id!r} is recorded"
    return Refusal(Reason.UNKNOWN_RESERVATION, message, (FieldViolation(name, message),))


def write_found(
    h: "Handlers", call: Call, method: str, request: Any, change: Make, finish: Finish, look_up: LookUp
) -> HoldWrite:  # fmt: skip
    """The write of a request whose reservation was looked up: planned on stock that has seen the record."""
    for position in (request.min_position, found(call).position):
        h.stock(position)
    return write_of(h, call, method, request.request_id, digest_of(request), change, finish, look_up)


def write_of(
    h: "Handlers", call: Call, method: str, request_id: str, digest: bytes, change: Make, finish: Finish,
    look_up: LookUp | None = None,
) -> HoldWrite:  # fmt: skip
    """A write that is answered by its own response, or by the recorded one where it was done before.

    `look_up`: what is asked of the ledger again where the reservation was changed meanwhile.
    """

    def answer(write: HoldWrite, outcome: Recorded | Refusal) -> None:
        match outcome:
            case Refusal(Reason.ORDER_EXISTS) if method == "CreateReservation":
                message = "reservation_id: the reservation was recorded before, under another request_id"
                call.answer(Refusal(Reason.RESERVATION_EXISTS, message, (FieldViolation("reservation_id", message),)))
            case Refusal(Reason.CONTENDED) if look_up is not None and call.tries < AGAIN_MAX:
                h.look_up_again(replace(call, found=None, tries=call.tries + 1), look_up)
            case _:
                h.settled(finish, call, request_id, digest, write.response, outcome)

    return HoldWrite(Asked(method, request_id, digest, call.message), h.image.version, h.clock, change, answer)
