"""An order over two shards: a hold in each, and one decision that both obey. Every order of steps is tried, none at random.

Each shard records its own log later than it commits, may lose what it has not recorded, and sweeps holds whose time is up.
Clocks differ, so a sweeper may come at any moment. The ledger decides: the first insert of `decision(hold)` wins.
"""

from typing import NamedTuple

SHARDS = (0, 1)
CONFIRMED, EXPIRED = "confirmed", "expired"

NONE, COMMITTED, RECORDED = "none", "committed", "recorded"
"""A shard's hold: not there; in its store only; in the ledger as well."""

HELD, KEPT, FREED = "held", "kept", "freed"
"""What its store does with the units."""


class ShardRules(NamedTuple):
    """All on is the protocol."""

    holds_are_recorded_first: bool = True
    """The order is recorded only when every shard's hold is; else when every shard has committed it."""

    first_decision_wins: bool = True
    """A sweeper asks for its decision and obeys what it reads back; else it frees what its time is up for."""


class State(NamedTuple):
    """One unit in each shard. `sold_again`: shards in which another order took the unit."""

    holds: tuple[str, str] = (NONE, NONE)
    units: tuple[str, str] = (FREED, FREED)
    decision: str = ""
    sold_again: tuple[bool, bool] = (False, False)


def following(state: State, rules: ShardRules) -> list[tuple[str, State]]:
    """What may happen next, by whom."""
    steps: list[tuple[str, State]] = []
    for shard in SHARDS:
        steps += [(f"shard {shard}: {what}", after) for what, after in _of_shard(state, shard, rules)]
    wanted = (RECORDED,) if rules.holds_are_recorded_first else (COMMITTED, RECORDED)
    if not state.decision and all(hold in wanted for hold in state.holds):
        steps.append(("the order is recorded", state._replace(decision=CONFIRMED)))
    return steps


def _of_shard(state: State, shard: int, rules: ShardRules) -> list[tuple[str, State]]:
    hold, unit, sold = state.holds[shard], state.units[shard], state.sold_again[shard]
    steps: list[tuple[str, State]] = []
    if hold == NONE and unit == FREED and not sold and not state.decision:
        steps.append(("holds", _with(state, shard, hold=COMMITTED, unit=HELD)))
    if hold == COMMITTED:
        steps.append(("records", _with(state, shard, hold=RECORDED)))
        steps.append(("loses what is not recorded", _with(state, shard, hold=NONE, unit=FREED)))
    if unit == HELD:
        if state.decision == CONFIRMED:
            steps.append(("keeps what was confirmed", _with(state, shard, unit=KEPT)))
        if state.decision == EXPIRED or not rules.first_decision_wins:
            steps.append(("frees the unit", _with(state, shard, unit=FREED)))
        if not state.decision:
            steps.append(("decides that it expired", state._replace(decision=EXPIRED)))
    if unit == FREED and not sold:
        steps.append(("sells the unit to another", _with(state, shard, sold=True)))
    return steps


def _with(state: State, shard: int, *, hold: str = "", unit: str = "", sold: bool = False) -> State:
    def put(values: tuple, value: object) -> tuple:
        return tuple(value if at == shard else each for at, each in enumerate(values)) if value else values

    return State(put(state.holds, hold), put(state.units, unit), state.decision, put(state.sold_again, sold))


def is_oversold(state: State) -> bool:
    """The order is confirmed, and another has its unit."""
    return state.decision == CONFIRMED and any(state.sold_again)


class Explored(NamedTuple):
    """How many states can be reached, how many of them are final, and a shortest way to one that is oversold."""

    states: int
    finals: tuple[State, ...]
    way: tuple[str, ...] | None


def explore(rules: ShardRules) -> Explored:
    """All states, breadth first; ends at the first that is oversold."""
    first = State()
    ways: dict[State, tuple[str, ...]] = {first: ()}
    queue, finals = [first], []
    for state in queue:
        if is_oversold(state):
            return Explored(len(ways), tuple(finals), ways[state])
        steps = following(state, rules)
        if not steps:
            finals.append(state)
        for what, after in steps:
            if after not in ways:
                ways[after] = (*ways[state], what)
                queue.append(after)
    return Explored(len(ways), tuple(finals), None)
