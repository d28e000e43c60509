"""The table of states: what it allows stands in it, all else is refused by name, and nothing leads back from an end."""

from itertools import product

import pytest

from engine.domain.life import (
    ENDED,
    GONE,
    ORDER_STATES,
    STEPS,
    Action,
    OrderState,
    ShipmentState,
    Way,
    check_order,
    next_state,
    order_state,
)
from engine.domain.reasons import Reason, Refusal

S, O = ShipmentState, OrderState  # noqa: E741


def test_every_step_is_in_the_table_or_refused_with_what_is_allowed() -> None:
    taken = 0
    for action, state, way in product(Action, ShipmentState, Way):
        found = [step for step in STEPS if step.action is action and step.before is state and way in step.ways]
        assert len(found) <= 1, "one thing comes of it"
        if found:
            taken += 1
            assert next_state(action, state, way, "s") is found[0].after
            continue
        with pytest.raises(Refusal) as caught:
            next_state(action, state, way, "s")
        assert caught.value.reason is Reason.WRONG_STATE
        assert state.name in caught.value.message and caught.value.metadata["state"] == state.name
    assert taken == sum(len(step.ways) for step in STEPS)


def test_what_has_ended_or_left_never_comes_back() -> None:
    assert all(step.before not in ENDED for step in STEPS)
    for step in STEPS:
        if step.before in GONE:
            assert step.after in GONE or step.after is S.READY_FOR_PICKUP, step


@pytest.mark.parametrize("action", Action)
def test_order_states_are_told_with_what_is_allowed(action: Action) -> None:
    for state in OrderState:
        if state in ORDER_STATES[action]:
            check_order(action, state, "o")
            continue
        with pytest.raises(Refusal) as caught:
            check_order(action, state, "o")
        assert state.name in caught.value.message
        assert set(caught.value.metadata["allowed_states"].split(", ")) == {each.name for each in ORDER_STATES[action]}


@pytest.mark.parametrize(
    ("shipments", "held", "short", "state"),
    [
        ([S.PLANNED, S.PLANNED], False, False, O.SOURCED),
        ([S.PLANNED], False, True, O.PARTIALLY_SOURCED),
        ([S.DECLINED], False, True, O.UNSOURCED),
        ([], False, False, O.CANCELLED),
        ([S.CANCELLED, S.DECLINED], True, False, O.CANCELLED),
        ([S.PLANNED], True, False, O.HELD),
        ([S.PLANNED, S.ACCEPTED], False, False, O.IN_FULFILLMENT),
        ([S.DELIVERED, S.SHIPPED], False, False, O.IN_FULFILLMENT),
        ([S.DELIVERED, S.COLLECTED, S.CANCELLED], False, False, O.COMPLETED),
        ([S.DELIVERED], False, True, O.IN_FULFILLMENT),
        ([S.DELIVERED], True, False, O.COMPLETED),
    ],
)
def test_the_state_of_an_order_follows_from_its_shipments(
    shipments: list[ShipmentState], held: bool, short: bool, state: OrderState
) -> None:
    assert order_state(shipments, is_held=held, is_short=short) is state
