"""What ends by itself: holds of orders, shipments that nobody collected, or that their location did not accept; and milestones
that pass without what had to be done by them.

A reader's thread asks the ledger now and then what is due; the desk's thread does it. Several engines may try at once, and one
of them succeeds: the others find the order changed, and leave it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import structlog
from belofte.v1 import order_service_pb2, types_pb2
from sqlalchemy.exc import SQLAlchemyError

from engine.domain.ids import uuid7
from engine.domain.life import POOLED, OrderState, ShipmentState
from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.draft import Draft, OrderRecord, Wanted
from engine.fulfilment.milestones import missed
from engine.fulfilment.order_record import instant
from engine.inventory.live import LiveStock
from engine.inventory.write_path import Recorded
from engine.service.declines import NOT_ACCEPTED, Declined, decline_lines
from engine.service.hold_writes import Asked
from engine.service.life import Doing, respond_with, tools_of
from engine.service.order_changes import release_draft
from engine.service.order_write import LifeWrite, Made
from engine.service.pickup_changes import lapse

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

SWEEP_NS = 1_000_000_000
"""How often the ledger is asked what is due."""

LAPSE_ACCEPTANCE = "LapseAcceptance"

DUE_MAX = 50
"""Orders of one kind in one go: whoever waits does not wait for all of them."""

MINUTE_MS = 60_000
NOTHING_DUE = Refusal(Reason.WRONG_STATE, "nothing of the order is due any more")


class Due(NamedTuple):
    """An order of which something has come to its end, and what is to be done."""

    method: str
    record: OrderRecord
    change: Callable[[Doing], Made]


class Sweeper:
    """One engine's. `tick` is called in the desk's thread."""

    def __init__(self, h: "Handlers") -> None:
        """Asks nothing until it is first called."""
        self._h = h
        self._asked_ns = 0
        self._asking = Lock()
        self._log = structlog.get_logger("sweep")

    def tick(self) -> None:
        """Ask what is due, where that was not asked for a while."""
        h = self._h
        now = h.clock.monotonic_ns()
        if h.path.stock is None or h.path.stale or now - self._asked_ns < SWEEP_NS or not self._asking.acquire(blocking=False):
            return
        self._asked_ns = now
        try:
            h.readers.submit(self._ask)
        except RuntimeError:
            # The engine is being stopped.
            self._asking.release()

    def _ask(self) -> None:
        """In a reader's thread."""
        try:
            due = self._due()
        except SQLAlchemyError as error:
            self._log.warning("the ledger cannot be asked what is due", error=str(error))
            due = []
        finally:
            self._asking.release()
        if due:
            self._h.hand_over(partial(self._do, due))

    def _due(self) -> list[Due]:
        h, now = self._h, self._h.clock.unix_ms()
        found: dict[str, Due] = {}
        for order_id in h.ledger.orders_due(now, DUE_MAX):
            record = h.ledger.find_record(order_id)
            if record is not None:
                is_held = record.order.state == OrderState.HELD.value and record.order.HasField("hold_until")
                is_over = is_held and record.order.hold_until.ToMilliseconds() <= now
                if is_over and record.order.hold_reason == POOLED:
                    h.pools.close()
                    continue
                is_late = not record.order.HasField("at_risk_since") and bool(missed(record.order.plan, now))
                if is_over:
                    found[order_id] = Due("EndHold", record, end_hold)
                elif is_kept_too_long(record.order, now):
                    found[order_id] = Due("LapseShipment", record, end_keeping)
                elif is_late:
                    found[order_id] = Due("MissMilestone", record, miss_milestone)
        for location in h.image.locations:
            if location.accept_minutes is None:
                continue
            before = now - location.accept_minutes * MINUTE_MS
            for order_id in h.ledger.orders_waiting(location.location_id, before, DUE_MAX):
                record = h.ledger.find_record(order_id) if order_id not in found else None
                if record is not None:
                    change = partial(offer_elsewhere, location_id=location.location_id, before_unix_ms=before)
                    found[order_id] = Due(LAPSE_ACCEPTANCE, record, change)
        return list(found.values())

    def _do(self, due: list[Due]) -> bool:
        """In the desk's thread."""
        h = self._h
        stock = h.path.stock
        if stock is not None and not h.path.stale:
            h.path.run([self._write(each) for each in due])
        return True

    def _write(self, due: Due) -> LifeWrite:
        h = self._h

        def change(draft: Draft, stock: LiveStock, attempt: int) -> Made:
            return due.change(Doing(h, draft, None, stock, attempt))

        def answer(write: LifeWrite, outcome: Recorded | Refusal) -> None:
            if isinstance(outcome, Refusal):
                self._log.info("not done now", method=due.method, order_id=due.record.order.order_id, reason=outcome.reason)

        asked = Asked(due.method, uuid7(h.clock.unix_ms()), bytes(32), b"")
        return LifeWrite(asked, due.record, tools_of(h), change, answer)


def end_hold(doing: Doing) -> Made:
    """A hold whose time is up."""
    release_draft(doing.draft, ": its time is up")
    return Made(respond_with(order_service_pb2.GetOrderResponse))


def end_keeping(doing: Doing) -> Made:
    """Shipments that were not collected in time."""
    if not lapse(doing.draft):
        raise NOTHING_DUE
    return Made(respond_with(order_service_pb2.GetOrderResponse), frees_capacity=True)


def is_kept_too_long(order: types_pb2.Order, now_unix_ms: int) -> bool:
    """Whether a shipment waits for its customer beyond its time."""
    return any(
        shipment.state == ShipmentState.READY_FOR_PICKUP.value and shipment.HasField("keep_until")
        and shipment.keep_until.ToMilliseconds() <= now_unix_ms
        for shipment in order.plan.shipments
    )  # fmt: skip


def miss_milestone(doing: Doing) -> Made:
    """Shipments that were not picked, handed over or transferred in time: their promise is at risk, before it is broken."""
    draft = doing.draft
    late = missed(draft.order.plan, draft.now_unix_ms)
    if not late:
        raise NOTHING_DUE
    for unix_ms, name, shipment in late:
        due = instant(unix_ms).ToJsonString()
        draft.tell(
            types_pb2.EVENT_TYPE_PROMISE_AT_RISK,
            f"shipment {shipment.shipment_id} from {shipment.location_id} missed its {name} of {due}", shipment,
            dict.fromkeys(line.line_id for line in shipment.lines), location_id=shipment.location_id, reason=name, due=due,
            delivery_latest=shipment.delivery_latest.ToJsonString(),
        )  # fmt: skip
    draft.order.at_risk_since.CopyFrom(instant(draft.now_unix_ms))
    return Made(respond_with(order_service_pb2.GetOrderResponse))


def offer_elsewhere(doing: Doing, location_id: str, before_unix_ms: int) -> Made:
    """Shipments that their location did not accept in time: as if it had declined them."""
    draft = doing.draft
    made = Made(respond_with(order_service_pb2.GetOrderResponse))
    created = draft.order.created_at.ToMilliseconds()
    waiting = [
        each for each in draft.order.plan.shipments
        if each.location_id == location_id and each.state == ShipmentState.PLANNED.value and each.lines
        and (each.state_since.ToMilliseconds() if each.HasField("state_since") else created) <= before_unix_ms
    ]  # fmt: skip
    if not waiting:
        raise NOTHING_DUE
    stock = doing.stock
    shown: list[tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int, int]]]] = []
    try:
        for shipment in waiting:
            lines = [Declined(Wanted(line_id, 0, ""), NOT_ACCEPTED, is_lost=False) for line_id, _ in draft.whole(shipment)]
            pegs, days = len(made.pegs), len(made.days)
            decline_lines(doing, shipment, lines, made)
            # What one of them takes the next one cannot have.
            shown.append((made.pegs[pegs:], made.days[days:]))
            stock.hold(*shown[-1])
    finally:
        for taken in shown:
            stock.release(*taken)
    return made
