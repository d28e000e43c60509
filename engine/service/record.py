"""What the log and the ledger keep of a decision, and what is answered from it afterwards."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from belofte.v1 import ledger_entry_pb2, order_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.life import POOLED
from engine.domain.plan import Route
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.fulfilment.order_record import RecordedEntry, instant, order_in
from engine.inventory.effects import add_effects
from engine.ledger.ledger import Ledger
from engine.network.policies import policy_version
from engine.service.encode import encode_plan
from engine.sourcing.order import Planned
from engine.sourcing.pooled import pooled_until
from engine.sourcing.source import Taken

SOURCE_ORDER = "SourceOrder"

WAYS = {
    Route.SHIP: "from", Route.PICKUP: "collected at", Route.SHIP_TO_STORE: "to be collected after a transfer from",
    Route.CONSOLIDATION: "to be put together with others, from", Route.DIGITAL: "delivered from",
}  # fmt: skip


class Encoded(NamedTuple):
    """An entry of the log and the answer inside it, serialized; the answer still lacks its position."""

    entry: bytes
    response: bytes


class OrderEntry(RecordedEntry, Protocol):
    """An entry that concerns an order."""

    @property
    def risks(self) -> Sequence[int]:
        """Which of the entry's risks are of the order asked for."""
        ...


def encode_order(planned: Planned, taken: Taken, decided_unix_ms: int) -> Encoded:
    """The entry of a sourced order, with what it changes, what is answered and what happened."""
    request, scene = planned.request, planned.scene
    answer = source_answer(planned, decided_unix_ms)
    response = answer.SerializeToString()
    entry = ledger_entry_pb2.LedgerEntry(
        request_id=request.request_id, method=SOURCE_ORDER, request_digest=request.digest, order_id=request.order_id,
        request=request.message, response=response, network_version=scene.image.version,
        policy_id=planned.plan.policy_id, decided_unix_ms=decided_unix_ms,
        events=order_events(planned, answer, decided_unix_ms),
        basis=ledger_entry_pb2.DecisionBasis(start_minute=scene.start_minute),
    )  # fmt: skip
    add_effects(entry, taken.cells, taken.capacities)
    if answer.HasField("pooled_until"):
        entry.order.CopyFrom(order_in(entry))
        entry.order.hold_reason = POOLED
        entry.order.hold_until.CopyFrom(answer.pooled_until)
        entry.order_capacities.extend(entry.capacities)
    return Encoded(entry.SerializeToString(), response)


def source_answer(planned: Planned, now_unix_ms: int) -> sourcing_service_pb2.SourceOrderResponse:
    """The answer for a plan, without position: COMMIT and PREVIEW alike."""
    plan = planned.plan
    until = None if planned.request.is_held else pooled_until(planned.scene.policy, plan.shipments, now_unix_ms)
    if until is not None:
        return _source_answer(planned, types_pb2.ORDER_STATE_HELD, instant(until))
    return _source_answer(planned, order_state(planned), None)


def _source_answer(
    planned: Planned, state: "types_pb2.OrderState", until: Timestamp | None
) -> sourcing_service_pb2.SourceOrderResponse:
    image, plan = planned.scene.image, planned.plan
    return sourcing_service_pb2.SourceOrderResponse(
        order_id=planned.request.order_id, state=state, pooled_until=until,
        plan=encode_plan(planned.scene, plan, planned.request.order_id, planned.solve_micros), attempts=planned.attempt,
        currency=image.network.currency, policy_id=plan.policy_id, network_version=image.version,
        policy_version=policy_version(planned.scene.policy),
    )  # fmt: skip


def order_state(planned: Planned) -> "types_pb2.OrderState":
    """Whether the order is held, or else all, some or nothing of it has a source."""
    if planned.request.is_held:
        return types_pb2.ORDER_STATE_HELD
    if not planned.plan.shipments:
        return types_pb2.ORDER_STATE_UNSOURCED
    return types_pb2.ORDER_STATE_PARTIALLY_SOURCED if planned.plan.short_lines else types_pb2.ORDER_STATE_SOURCED


def order_events(
    planned: Planned, answer: sourcing_service_pb2.SourceOrderResponse, decided_unix_ms: int
) -> list[types_pb2.OrderEvent]:
    """One event: the order is sourced. Its position is known when it is read."""
    plan, image = planned.plan, planned.scene.image
    parts = [
        f"{shipment.shipment_id} {WAYS[wanted.route]} {image.location_ids[wanted.location]}"
        for shipment, wanted in zip(answer.plan.shipments, plan.shipments, strict=True)
    ]
    message = f"sourced as {len(parts)} shipment{'s' if len(parts) != 1 else ''}: " + ", ".join(parts)
    if plan.short_lines:
        message += f"; {sum(line.quantity for line in plan.short_lines)} units short"
    if answer.HasField("pooled_until"):
        message += f"; waits for others until {answer.pooled_until.ToJsonString()}"
    request = planned.request
    return [
        types_pb2.OrderEvent(
            event_id=f"{request.request_id}-1", order_id=request.order_id, type=types_pb2.EVENT_TYPE_ORDER_SOURCED,
            time=instant(decided_unix_ms), message=message,
            attributes={
                "shipments": str(len(parts)), "cost_micros": str(plan.cost_micros), "currency": image.network.currency,
                "policy_id": plan.policy_id, "certificate": plan.certificate.status.value,
            },
        )
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finish:
    """Fills position and duplicate into a recorded answer. Protobuf merges messages by putting one after the other."""

    kind: Callable[..., Any]
    method: str
    """Of the entries that hold such answers."""
    fixed: Mapping[str, Any]

    def __call__(self, response: bytes, position: str, duplicate: bool) -> bytes:
        """The answer whole."""
        rest: bytes = self.kind(position=position, duplicate=duplicate, **self.fixed).SerializeToString()
        return response + rest


def finisher(kind: Any, method: str = "", **fixed: Any) -> Finish:
    """What finishes a method's answers; method: where its name is not that of the response."""
    return Finish(kind, method or kind.DESCRIPTOR.name.removesuffix("Response"), fixed)


finished_answer = finisher(sourcing_service_pb2.SourceOrderResponse, version=1)


def refused_reuse() -> Refusal:
    """Refused because a request's id is recorded, with other content."""
    message = "request_id: it was used before with other content; a new request needs a new id"
    return Refusal(Reason.REQUEST_ID_REUSED, message, (FieldViolation("request_id", message),))


def refused_forgotten(position: str) -> Refusal:
    """Refused because a request was recorded so long ago that what it was answered is no longer kept."""
    message = f"request_id: it was recorded at {position} and its answer is no longer kept; nothing was done again"
    return Refusal(Reason.REQUEST_FORGOTTEN, message, (FieldViolation("request_id", message),))


def check_recorded(min_position: str, ledger: Ledger) -> None:
    """Raise `Refusal` where a caller has read what is not recorded."""
    if min_position and not ledger.has_recorded(min_position):
        message = f"min_position: {min_position} is not recorded"
        raise Refusal(Reason.POSITION_LOST, message, (FieldViolation("min_position", message),))


def reserved_order_event(
    order: types_pb2.Order, request_id: str, decided_unix_ms: int, why_anew: str = ""
) -> types_pb2.OrderEvent:  # fmt: skip
    """The event of an order whose stock was held before; `why_anew`: why it has another plan than was held."""
    places = ", ".join(f"{each.shipment_id} from {each.location_id}" for each in order.plan.shipments)
    anew = f", planned anew since {why_anew}" if why_anew else ""
    return types_pb2.OrderEvent(
        event_id=f"{request_id}-1", order_id=order.order_id, type=types_pb2.EVENT_TYPE_ORDER_SOURCED,
        time=instant(decided_unix_ms), message=f"sourced of reservation {order.reservation_id}{anew}: {places}",
        attributes={
            "shipments": str(len(order.plan.shipments)), "cost_micros": str(order.plan.cost.total_micros),
            "currency": order.currency, "policy_id": order.policy_id, "reservation_id": order.reservation_id,
        },
    )  # fmt: skip


def events_of(entries: Iterable[OrderEntry], order_id: str) -> list[types_pb2.OrderEvent]:
    """What happened to an order, oldest first, each with its place in the log."""
    events = []
    for recorded in entries:
        entry = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry)
        found = [event for event in entry.events if event.order_id == order_id]
        found += [risk_event(entry, place, order_id) for place in recorded.risks]
        for event in found:
            event.position = recorded.position
        events += found
    return events


def risk_event(entry: ledger_entry_pb2.LedgerEntry, place: int, order_id: str) -> types_pb2.OrderEvent:
    """What one of the orders is told that a risk of an entry is about; without its place in the log."""
    event = types_pb2.OrderEvent()
    event.CopyFrom(entry.risks[place].event)
    event.event_id = f"{entry.request_id}-risk-{place + 1}-{order_id}"
    event.order_id = order_id
    return event


def page_of_events(
    events: list[types_pb2.OrderEvent], page_size: int, start: int
) -> order_service_pb2.ListOrderEventsResponse:  # fmt: skip
    """One page; the token of the next is the number of the event it starts with."""
    end = start + page_size
    token = str(end) if end < len(events) else ""
    return order_service_pb2.ListOrderEventsResponse(events=events[start:end], next_page_token=token)
