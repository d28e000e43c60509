"""One order moved, as one transaction by the write path: what it has is given back and taken where it is to come from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from belofte.v1 import sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.enums import Term
from engine.domain.life import ENDED, Action, ShipmentState
from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.draft import Draft, Wanted
from engine.inventory.live import LiveStock
from engine.inventory.write_path import Recorded
from engine.kernels.tariffs import PPM
from engine.optimizer.scene import Scene
from engine.service.hold_writes import Asked as AskedFor
from engine.service.life import Doing, tools_of
from engine.service.order_changes import leave_pool
from engine.service.order_write import LifeWrite, Made
from engine.service.reroute_orders import Movable, child_id
from engine.service.source_anew import Asked, add_cost, source_given_back

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

REROUTE_ORDERS = "RerouteOrders"


class Target(NamedTuple):
    """Where lines of an order are to come from."""

    line_ids: tuple[str, ...]
    location_id: str
    service_id: str


class Split(NamedTuple):
    """What a shipment more costs by an order's policy, before and after weighting, and the weight."""

    raw_micros: int
    weighted_micros: int
    weight: float


def split_of(scene: Scene) -> Split:
    """By the policy of a scene."""
    return Split(scene.policy.split_micros, scene.split_micros, scene.weights_ppm[Term.SPLIT] / PPM)


@dataclass(slots=True)
class Move:
    """An order to be moved, and what became of that."""

    order: Movable
    targets: tuple[Target, ...]
    keeps_promise: bool
    split: Split
    ends_pool: bool = False
    """It waits in a pool, and goes on in the same transaction."""
    settled: Event = field(default_factory=Event)
    outcome: Recorded | Refusal | None = None
    change: sourcing_service_pb2.RerouteChange | None = None


def move_write(h: "Handlers", move: Move, request_id: str, digest: bytes, reason: str) -> LifeWrite:
    """The write that moves an order. Its id follows from that of the reroute, so that a repeat moves nothing twice."""
    record = move.order.record

    def change(draft: Draft, stock: LiveStock, attempt: int) -> Made:
        return _moved(Doing(h, draft, None, stock, attempt), move, reason)

    def answer(write: LifeWrite, outcome: Recorded | Refusal) -> None:
        if isinstance(outcome, Recorded) and not outcome.duplicate:
            move.change = sourcing_service_pb2.RerouteChange.FromString(write.response)
        move.outcome = outcome
        move.settled.set()

    asked = AskedFor(REROUTE_ORDERS, child_id(request_id, move.order.order_id, record.order.version), digest, b"")
    return LifeWrite(asked, record, tools_of(h), change, answer)


def _moved(doing: Doing, move: Move, reason: str) -> Made:
    draft, order = doing.draft, doing.draft.order
    draft.check(Action.REASSIGN)
    cost_before = order.plan.cost.total_micros
    moving = {line_id for target in move.targets for line_id in target.line_ids}
    promised: dict[str, Timestamp] = {}
    for shipment in list(order.plan.shipments):
        lines = [line_id for line_id, _ in draft.whole(shipment) if line_id in moving]
        if not lines or shipment.state != types_pb2.SHIPMENT_STATE_PLANNED:
            continue
        whole = len(lines) == len(draft.whole(shipment))
        cost = types_pb2.CostBreakdown()
        cost.CopyFrom(shipment.cost)
        part = draft.divide(shipment, [Wanted(line_id, 0, "lines") for line_id in lines], keeps_id=False)
        if whole:
            add_cost(order.plan.cost, cost, -1)
        draft.move_on(part, Action.REASSIGN)
        draft.free(part)
    for line_id, minute in zip(move.order.line_ids, move.order.promised_minute, strict=True):
        if move.keeps_promise:
            promised[line_id] = Timestamp(seconds=minute * 60)
    made = Made(lambda order: sourcing_service_pb2.RerouteChange(), frees_capacity=True)
    before = len(order.plan.shipments)
    for target in move.targets:
        units = {line.line_id: line.quantity for line in order.basket.lines if line.line_id in target.line_ids}
        asked = Asked(
            units, {}, promised, is_strict=True, location_id=target.location_id, service_id=target.service_id,
            field="order.basket",
        )  # fmt: skip
        source_given_back(doing, asked, made)
    found = order.plan.shipments[before:]
    _check_promise(move, found)
    _charge_splits(order, move.split)
    if move.ends_pool:
        leave_pool(draft)
    places = ", ".join(f"{each.shipment_id} from {each.location_id}" for each in found)
    draft.tell(
        types_pb2.EVENT_TYPE_ORDER_RESOURCED, f"rerouted: {places}", None, sorted(moving), reason=reason, shipments=len(found)
    )
    made.respond = lambda left: sourcing_service_pb2.RerouteChange(
        order_id=left.order_id, changed=True, cost_before_micros=cost_before, cost_after_micros=left.plan.cost.total_micros,
        plan=left.plan,
    )  # fmt: skip
    return made


def _charge_splits(order: types_pb2.Order, split: Split) -> None:
    """Each shipment but the first is charged: those that are there now, whatever was charged before."""
    live = sum(bool(each.lines) and ShipmentState(each.state) not in ENDED for each in order.plan.shipments)
    charged = next((each for each in order.plan.cost.terms if each.term == Term.SPLIT), types_pb2.CostTerm())
    more = max(0, live - 1)
    raw, weighted = more * split.raw_micros - charged.raw_micros, more * split.weighted_micros - charged.weighted_micros
    term = types_pb2.CostTerm(term=Term.SPLIT, raw_micros=raw, weighted_micros=weighted, weight=split.weight)
    add_cost(order.plan.cost, types_pb2.CostBreakdown(total_micros=weighted, terms=[term]), 1)


def _check_promise(move: Move, found: Sequence[types_pb2.Shipment]) -> None:
    """A promise is kept whatever the policy would take for being late."""
    if not move.keeps_promise:
        return
    promised = dict(zip(move.order.line_ids, move.order.promised_minute, strict=True))
    for shipment in found:
        latest = shipment.delivery_latest.seconds // 60
        if any(latest > promised[part.line_id] for part in shipment.lines):
            text = f"order {move.order.order_id!r} would be there later than promised by {shipment.location_id}"
            raise Refusal(Reason.PROMISE_UNREACHABLE, text)
