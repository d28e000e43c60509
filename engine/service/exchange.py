"""Exchanges: an order for what is sent instead of a return, with what the first order said, and the same promise."""

from typing import TYPE_CHECKING

from belofte.v1 import types_pb2

from engine.domain.ids import is_id
from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.fulfilment.order_record import instant

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

TAKEN_OVER = ("channel", "segment", "customer_id", "customer_class", "policy_id", "scenario_id", "demand_class")


def fill_exchange(h: "Handlers", order: types_pb2.Order) -> None:
    """Fill in what an exchange does not say itself. Raises `Refusal` where there is no such return."""
    field = "order.exchange_return_id"
    if not is_id(order.exchange_return_id):
        raise invalid([FieldViolation(field, "the return_id of a return was expected")])
    left = h.ledger.find_return(order.exchange_return_id)
    record = h.ledger.find_record(left.order_id) if left is not None else None
    if record is None:
        message = f"{field}: no return {order.exchange_return_id!r} is recorded"
        raise Refusal(Reason.UNKNOWN_RETURN, message, (FieldViolation(field, message),))
    first, basket = record.order, order.basket
    for name in TAKEN_OVER:
        if not getattr(basket, name):
            setattr(basket, name, getattr(first.basket, name))
    if not basket.HasField("destination") and first.basket.HasField("destination"):
        basket.destination.CopyFrom(first.basket.destination)
    promised = promised_minutes(first)
    if promised is None:
        return
    until = instant(h.clock.unix_ms() + promised * 60_000)
    for line in basket.lines:
        if not line.HasField("latest_date"):
            line.latest_date.CopyFrom(until)


def promised_minutes(first: types_pb2.Order) -> int | None:
    """How long after it was recorded an order was promised in full, rounded up; None: it was promised nothing."""
    if first.promise.HasField("delivery_latest"):
        latest = first.promise.delivery_latest.seconds
    else:
        # Of what was planned when it was made: shipments that were sourced anew later have a state of their own since then.
        latest = max((each.delivery_latest.seconds for each in first.plan.shipments if each.lines), default=0)
    return -(-(latest - first.created_at.seconds) // 60) if latest else None
