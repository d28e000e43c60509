"""One order, from request to answer: validate, plan, commit, record, answer.

The door (`engine/service/decode.py`) has validated the request and turned its strings into indexes. Here it is planned on
the stock in memory, and what the plan takes is written as one transaction: all of it or nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from engine.domain.clock import Clock, instant_text
from engine.domain.enums import OrderBy
from engine.domain.plan import Plan, ShortLine
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.inventory.live import LiveStock
from engine.inventory.transaction import CapacityChange, CellChange, Transaction
from engine.inventory.write_path import Recorded
from engine.network.image import NetworkImage
from engine.optimizer.decide import decide_basket
from engine.optimizer.explain import explain_plan
from engine.optimizer.killed import without_killed
from engine.optimizer.next_dates import with_next_dates
from engine.optimizer.quoted_plan import made_again
from engine.optimizer.scene import DECIDE_MS_MAX, Scene, build_tables, cut_after, set_scene
from engine.optimizer.substitutes import substituted, with_substitutes
from engine.sourcing.cells import cells_taken, home_hold
from engine.sourcing.order import Planned, SourceRequest

UNLIMITED = 2**62
"""A location's capacity where it has no limit."""

MINUTE_MS = 60_000

FUNDAMENTAL = (
    Reason.NO_STOCK, Reason.NO_ROUTE, Reason.NO_CAPACITY, Reason.PROMISE_UNREACHABLE, Reason.RESTRICTED,
    Reason.SHORT_IS_CHEAPER, Reason.OVERLOADED,
)  # fmt: skip
"""Reasons of short lines; where they differ, the order is refused for the first of them, which the least can be done about."""


class Taken(NamedTuple):
    """What a plan takes, guarded."""

    cells: tuple[CellChange, ...]
    capacities: tuple[CapacityChange, ...]


Encode = Callable[[Planned, Taken], tuple[bytes, bytes]]
"""The entry of the log for a planned order (what was asked, what is answered, what it changes), and the answer in it."""


def plan_order(
    image: NetworkImage, stock: LiveStock, request: SourceRequest, nodes_max: int, clock: Clock, attempt: int = 1
) -> Planned:  # fmt: skip
    """The plan that was quoted, or the best one on the stock of this moment; nothing is taken. Raises `Refusal`."""
    started = clock.monotonic_ns()
    basket, quoted = request.basket, request.quoted
    if quoted is not None and quoted.policy >= 0:
        basket = replace(basket, policy_id=image.records.policies[quoted.policy].policy_id)
    build_tables(image, basket.request_minute, basket.destination)
    is_cut = cut_after(clock, DECIDE_MS_MAX)
    if quoted is None:
        basket = with_substitutes(image, stock, basket, request.field, nodes_max, is_cut)
    else:
        basket = substituted(basket, quoted.substitutions)
    scene = set_scene(image, stock, basket, request.field, is_cut)
    if quoted is not None:
        plan = made_again(scene, quoted, -(-clock.unix_ms() // MINUTE_MS), request.field)
    else:
        plan = decide_basket(scene, scene.services, nodes_max)
        if plan.short_lines and scene.policy.short_micros is None and not may_go_without(scene, plan.short_lines):
            scene, plan = without_killed(scene, plan, nodes_max, partial(may_go_without, scene)) or (scene, plan)
        plan = replace(plan, short_lines=with_next_dates(scene, plan.short_lines))
    micros = (clock.monotonic_ns() - started) // 1_000
    explanation = None
    if request.explain:
        explanation = explain_plan(scene, plan, scene.services, nodes_max, request.explain)
    return Planned(request, scene, plan, attempt, micros, explanation)


def preview_order(image: NetworkImage, stock: LiveStock, request: SourceRequest, nodes_max: int, clock: Clock) -> Planned:
    """The plan that the order would get now. Raises `Refusal` where the order would be refused."""
    planned = plan_order(image, stock, request, nodes_max, clock)
    refuse_unknown_shortage(planned)
    return planned


@dataclass(slots=True)
class OrderWrite:
    """An order on the write path. `answer` is called once, with what became of it and the plan made last."""

    request: SourceRequest
    image: NetworkImage
    nodes_max: int
    clock: Clock
    encode: Encode
    answer: Callable[["OrderWrite", Recorded | Refusal], None]
    explain: Callable[[Planned], bytes] = lambda planned: b""
    """What is answered besides, and not kept: told before the plan is held, since it reads the stock."""
    explained: bytes = field(default=b"", init=False)
    response: bytes = field(default=b"", init=False)
    planned: Planned | None = field(default=None, init=False)

    @property
    def request_id(self) -> str:
        """The caller's id of the request."""
        return self.request.request_id

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """What the best plan takes. Raises `Refusal` when a line is short that may not be."""
        self.planned = plan_order(self.image, stock, self.request, self.nodes_max, self.clock, attempt)
        refuse_unknown_shortage(self.planned)
        taken = taken_by(self.planned)
        entry, self.response = self.encode(self.planned, taken)
        self.explained = self.explain(self.planned)
        return transaction_of(self.request, taken, entry)

    def hold(self, stock: LiveStock) -> None:
        """Show what the plan takes to the orders planned after it."""
        assert self.planned is not None
        for shipment in self.planned.plan.shipments:
            stock.hold(*home_hold(self.planned.scene, shipment))

    def release(self, stock: LiveStock) -> None:
        """Take the hold back."""
        assert self.planned is not None
        for shipment in self.planned.plan.shipments:
            stock.release(*home_hold(self.planned.scene, shipment))

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.answer(self, outcome)


def taken_by(planned: Planned) -> Taken:
    """The plan as guarded changes: units pegged to their positions, capacity to its days."""
    return Taken(cells_of(planned.scene, planned.plan), capacities_of(planned.scene, planned.plan))


def transaction_of(request: SourceRequest, taken: Taken, entry: bytes) -> Transaction:
    """All of it or nothing, and the order's record with it."""
    return Transaction(
        request_id=request.request_id, request_digest=request.digest, order_id=request.order_id, cells=taken.cells,
        capacities=taken.capacities, entry=entry,
    )  # fmt: skip


def cells_of(scene: Scene, plan: Plan) -> tuple[CellChange, ...]:
    """Demand per position; what is left must not fall below what the channel leaves there."""
    return cells_taken(scene, (peg for shipment in plan.shipments for peg in shipment.pegs))


def capacities_of(scene: Scene, plan: Plan) -> tuple[CapacityChange, ...]:
    """Capacity per location and local day, within the limit of the day. Days without a limit are not counted."""
    used: dict[tuple[int, int], int] = {}
    for shipment in plan.shipments:
        key = shipment.location, shipment.capacity_day
        used[key] = used.get(key, 0) + shipment.capacity_quantity
    image = scene.image
    return tuple(
        CapacityChange(image.location_ids[location], day, quantity, limit)
        for (location, day), quantity in used.items()
        if quantity and (limit := int(image.capacity_per_day[location])) < UNLIMITED
    )


def refuse_unknown_shortage(planned: Planned) -> None:
    """`refuse_shortage`, but of a plan that was quoted: what is short of it was shown, and it is taken as it was."""
    if planned.request.quoted is None:
        refuse_shortage(planned.scene, planned.plan, planned.request.field)


def refuse_shortage(scene: Scene, plan: Plan, field: str) -> None:
    """Raise `Refusal` when lines are short that may not be, or nothing is left."""
    if plan.short_lines and not (plan.shipments and may_go_without(scene, plan.short_lines)):
        raise shortage_refusal(scene, plan.short_lines, field)


def shortage_refusal(scene: Scene, short_lines: tuple[ShortLine, ...], field: str) -> Refusal:
    """Why a basket cannot be had whole; `field` is its path in the request.

    All lines of an item of which there is too little are named: whichever would go without, together they ask for too much.
    """
    reason = min((short.reason for short in short_lines), key=FUNDAMENTAL.index)
    found = [_violation(scene, i, short_lines, field) for i in _lines_concerned(scene, short_lines)]
    # Components of one kit stand for one line.
    violations = tuple({violation.field: violation for violation in reversed(found)}.values())[::-1]
    message = "; ".join(f"{v.field}: {v.description}" for v in violations[:10])
    fields = dict.fromkeys(field for short in short_lines for field in short.restricted_by)
    metadata = {"restricted_by": ", ".join(fields)} if fields else {}
    if all(short.next_minute for short in short_lines):
        metadata["next_date"] = instant_text(max(short.next_minute for short in short_lines))
    return Refusal(reason, message, violations, metadata=metadata)


def may_go_without(scene: Scene, short_lines: tuple[ShortLine, ...]) -> bool:
    """Whether an order may be sourced without what is short of these lines.

    It may where a unit short has a price, or locations are a fixed ranking; and a line to be filled or killed is killed, and
    the rest goes on. A line, or an order, that is to come complete keeps the whole order from going without it.
    """
    basket, policy = scene.basket, scene.policy
    if basket.constraints.ship_complete and not basket.constraints.is_soft("ship_complete"):
        return False
    takes_part = policy.short_micros is not None or policy.order_by is not OrderBy.COST
    lines = [basket.lines[short.line] for short in short_lines]
    return all(line.fill_or_kill or (takes_part and not line.ship_complete) for line in lines)


def _lines_concerned(scene: Scene, short_lines: tuple[ShortLine, ...]) -> list[int]:
    lines = scene.basket.lines
    short = {short.line for short in short_lines}
    items = {lines[short.line].item for short in short_lines if short.reason is Reason.NO_STOCK}
    return [i for i, line in enumerate(lines) if i in short or line.item in items]


def _violation(scene: Scene, i: int, short_lines: tuple[ShortLine, ...], field: str) -> FieldViolation:
    line = scene.basket.lines[i]
    name = f"{field}.{scene.basket.path(i)}.quantity"
    item_id = scene.image.item_ids[line.item]
    for short in short_lines:
        if short.line == i:
            text = f"line {line.line_id!r} is {short.quantity} of {line.quantity} units of {item_id} short: {short.message}"
            return FieldViolation(name, text)
    return FieldViolation(name, f"line {line.line_id!r} asks for the same item {item_id}, of which there is too little")
