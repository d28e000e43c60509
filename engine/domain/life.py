"""The life of an order as one table: what may be done in which state, and what becomes of a shipment by it.

Numbers are those of the wire. What stands in no row of the table is refused, naming the state and what it allows.
"""

from enum import IntEnum, StrEnum
from typing import NamedTuple

from engine.domain.reasons import Reason, Refusal


class OrderState(IntEnum):
    """Where an order is in its life."""

    HELD = 1
    SOURCED = 2
    PARTIALLY_SOURCED = 3
    UNSOURCED = 4
    IN_FULFILLMENT = 5
    COMPLETED = 6
    CANCELLED = 7


class ShipmentState(IntEnum):
    """Where a shipment is in its life."""

    PLANNED = 1
    ACCEPTED = 2
    DECLINED = 3
    READY_FOR_PICKUP = 4
    SHIPPED = 5
    DELIVERED = 6
    COLLECTED = 7
    CANCELLED = 8


class Way(IntEnum):
    """How a shipment travels: the wire's routes."""

    SHIP = 1
    PICKUP = 2
    SHIP_TO_STORE = 3
    CONSOLIDATION = 4
    DIGITAL = 5


class Action(StrEnum):
    """What is done to an order, or to a shipment of it."""

    HOLD = "HoldOrder"
    RELEASE = "ReleaseOrder"
    CHANGE = "ChangeOrder"
    CANCEL = "CancelOrder"
    REASSIGN = "ReassignShipment"
    ACCEPT = "AcceptShipment"
    DECLINE = "DeclineShipmentLines"
    SHIP = "ShipShipment"
    READY = "MarkReadyForPickup"
    COLLECT = "CollectShipment"
    LAPSE = "LapseShipment"
    DELIVER = "DeliverShipment"
    RETURN = "CreateReturn"


S, O = ShipmentState, OrderState  # noqa: E741 - the table is read by its columns
EVERY_WAY = frozenset(Way)
SENT = EVERY_WAY - {Way.PICKUP}
TO_THE_DOOR = SENT - {Way.SHIP_TO_STORE}
HANDED_OVER = frozenset({Way.PICKUP, Way.SHIP_TO_STORE})
AT_A_STORE, TO_A_STORE = frozenset({Way.PICKUP}), frozenset({Way.SHIP_TO_STORE})


class Step(NamedTuple):
    """A shipment that travels one of these ways goes from one state to another."""

    action: Action
    ways: frozenset[Way]
    before: ShipmentState
    after: ShipmentState


STEPS = (
    Step(Action.ACCEPT, EVERY_WAY, S.PLANNED, S.ACCEPTED),
    Step(Action.DECLINE, EVERY_WAY, S.PLANNED, S.DECLINED),
    Step(Action.DECLINE, EVERY_WAY, S.ACCEPTED, S.DECLINED),
    Step(Action.CANCEL, EVERY_WAY, S.PLANNED, S.CANCELLED),
    Step(Action.CANCEL, EVERY_WAY, S.ACCEPTED, S.CANCELLED),
    Step(Action.CANCEL, AT_A_STORE, S.READY_FOR_PICKUP, S.CANCELLED),
    Step(Action.CHANGE, EVERY_WAY, S.PLANNED, S.CANCELLED),
    Step(Action.CHANGE, EVERY_WAY, S.ACCEPTED, S.CANCELLED),
    Step(Action.REASSIGN, EVERY_WAY, S.PLANNED, S.CANCELLED),
    Step(Action.REASSIGN, EVERY_WAY, S.ACCEPTED, S.CANCELLED),
    Step(Action.SHIP, SENT, S.PLANNED, S.SHIPPED),
    Step(Action.SHIP, SENT, S.ACCEPTED, S.SHIPPED),
    Step(Action.DELIVER, TO_THE_DOOR, S.SHIPPED, S.DELIVERED),
    Step(Action.READY, AT_A_STORE, S.PLANNED, S.READY_FOR_PICKUP),
    Step(Action.READY, AT_A_STORE, S.ACCEPTED, S.READY_FOR_PICKUP),
    Step(Action.READY, TO_A_STORE, S.SHIPPED, S.READY_FOR_PICKUP),
    Step(Action.COLLECT, HANDED_OVER, S.READY_FOR_PICKUP, S.COLLECTED),
    Step(Action.LAPSE, HANDED_OVER, S.READY_FOR_PICKUP, S.CANCELLED),
)

_OPEN = frozenset({O.SOURCED, O.PARTIALLY_SOURCED, O.UNSOURCED, O.IN_FULFILLMENT})
ORDER_STATES = {
    Action.HOLD: _OPEN,
    Action.RELEASE: frozenset({O.HELD}),
    Action.CHANGE: _OPEN | {O.HELD},
    Action.CANCEL: _OPEN | {O.HELD},
    Action.REASSIGN: _OPEN | {O.HELD},
    Action.DECLINE: _OPEN | {O.HELD},
    Action.LAPSE: _OPEN | {O.HELD},
    # A hold keeps what has not left where it is; what has left arrives all the same.
    Action.ACCEPT: _OPEN,
    Action.SHIP: _OPEN,
    Action.READY: _OPEN,
    Action.COLLECT: _OPEN,
    Action.DELIVER: _OPEN | {O.HELD},
    Action.RETURN: _OPEN | {O.HELD, O.COMPLETED},
}

POOLED = "POOLED"
"""Why an order is held that waits to be decided together with others; nobody else may give this reason."""

ALLOCATED = frozenset({S.PLANNED, S.ACCEPTED})
"""Nothing has been made ready or sent: units stand on their positions."""

ENDED = frozenset({S.DECLINED, S.CANCELLED})
GONE = frozenset({S.SHIPPED, S.DELIVERED, S.COLLECTED})
UNDER_WAY = frozenset({S.PLANNED, S.ACCEPTED, S.READY_FOR_PICKUP, S.SHIPPED})
NOT_OVER = _OPEN | {O.HELD}
"""An order with a shipment that is under way is in one of these states."""

assert set(ORDER_STATES) == set(Action), "every action has its row"


def holds_stock(state: ShipmentState, way: Way) -> bool:
    """Whether units of a shipment are still demand at the location that it comes from."""
    return state in ALLOCATED or (state is S.READY_FOR_PICKUP and way is Way.PICKUP)


def check_order(action: Action, state: OrderState, order_id: str) -> None:
    """Raise `Refusal` where an order's state does not allow what is to be done."""
    allowed = ORDER_STATES[action]
    if state not in allowed:
        expected = ", ".join(each.name for each in O if each in allowed)
        raise Refusal(
            Reason.WRONG_STATE, f"order {order_id!r} is {state.name}; {action} takes one that is {expected}",
            metadata={"state": state.name, "allowed_states": expected},
        )  # fmt: skip


def next_state(action: Action, state: ShipmentState, way: Way, shipment_id: str) -> ShipmentState:
    """What becomes of a shipment. Raises `Refusal` where its state, or the way it travels, does not allow it."""
    for step in STEPS:
        if step.action is action and step.before is state and way in step.ways:
            return step.after
    before = ", ".join(step.before.name for step in STEPS if step.action is action and way in step.ways)
    actions = ", ".join(dict.fromkeys(step.action for step in STEPS if step.before is state and way in step.ways))
    expected = f"{action} takes one that is {before}" if before else f"{action} is not for one that travels so"
    text = f"shipment {shipment_id!r} ({way.name}) is {state.name}; {expected}; what it allows is {actions or 'nothing more'}"
    raise Refusal(Reason.WRONG_STATE, text, metadata={"state": state.name, "allowed_states": before})


def order_state(shipments: list[ShipmentState], *, is_held: bool, is_short: bool) -> OrderState:
    """The state of an order by those of its shipments, of which those that ended without a customer do not count."""
    live = [state for state in shipments if state not in ENDED]
    if not live and not is_short:
        return O.CANCELLED
    if live and not is_short and all(state in (S.DELIVERED, S.COLLECTED) for state in live):
        return O.COMPLETED
    if is_held:
        return O.HELD
    if not live:
        return O.UNSOURCED
    if any(state is not S.PLANNED for state in live):
        return O.IN_FULFILLMENT
    return O.PARTIALLY_SOURCED if is_short else O.SOURCED


class ReturnState(IntEnum):
    """Where a return is in its life."""

    CREATED = 1
    PARTIALLY_RECEIVED = 2
    RECEIVED = 3
    REFUNDED = 4


RECEIVABLE = frozenset({ReturnState.CREATED, ReturnState.PARTIALLY_RECEIVED})
REFUNDABLE = frozenset({ReturnState.PARTIALLY_RECEIVED, ReturnState.RECEIVED})


def check_return(method: str, state: ReturnState, allowed: frozenset[ReturnState], return_id: str) -> None:
    """Raise `Refusal` where a return's state does not allow what is to be done."""
    if state not in allowed:
        expected = ", ".join(each.name for each in ReturnState if each in allowed)
        raise Refusal(
            Reason.WRONG_STATE, f"return {return_id!r} is {state.name}; {method} takes one that is {expected}",
            metadata={"state": state.name, "allowed_states": expected},
        )  # fmt: skip
