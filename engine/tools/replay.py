"""Past decisions made again from the ledger: by the network and on the stock of then, and compared with what was recorded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from belofte.v1 import ledger_entry_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.json_format import MessageToDict
from sqlalchemy import Engine

from engine.domain.reasons import Refusal
from engine.inventory.live import LiveStock
from engine.ledger.ledger import Ledger, RecordedEntry
from engine.ledger.networks import Decider, decider, network_content
from engine.ledger.snapshots import SnapshotError
from engine.network.image import NetworkImage, compile_image
from engine.optimizer.quoted_plan import QuotedPlan
from engine.service.decode import decode_basket, decode_order
from engine.service.encode import encode_plan
from engine.service.fields import Violations
from engine.service.first_load import unsellable_positions
from engine.service.handlers import capacity_days, capacity_first_day
from engine.service.hold_writes import RECORD
from engine.service.learn_prices import prices_in, with_opportunity
from engine.service.network_archive import unpacked
from engine.service.quote_tokens import plan_in
from engine.service.reservations import plan_shown
from engine.sourcing.order import SourceRequest
from engine.sourcing.reserve import HoldRequest, plan_held, plan_hold
from engine.sourcing.source import plan_order
from engine.tools.replay_changes import DECIDING, decide_change, record_before, response_kind, shown
from engine.tools.stock_then import Then, fill_stock, verify_chain

CREATE_RESERVATION = "CreateReservation"
NO_LIMIT = 2**31 - 1
"""What was within a limit of the server then is not checked again."""

Entry = ledger_entry_pb2.LedgerEntry
Plan = types_pb2.Plan


class NoDecisionError(RuntimeError):
    """There is nothing to replay, and why."""


class FrozenClock(NamedTuple):
    """The instant of a decision: no time passes while it is made again, so that nothing cuts it."""

    instant_unix_ms: int

    def unix_ms(self) -> int:
        """The instant."""
        return self.instant_unix_ms

    def monotonic_ns(self) -> int:
        """The same, however often it is asked."""
        return 0


@dataclass(slots=True)
class Replay:
    """One decision. `replayed` is None where none was made again; `notes` say what to know of it."""

    position: str
    method: str
    recorded: Plan
    replayed: Plan | None = None
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether the same plan was made again, in every field but the time that it took."""
        return self.replayed is not None and not self.differences


class Replayer:
    """Makes decisions of one ledger again."""

    def __init__(self, database: Engine, ledger: Ledger, advance: Callable[[], None] = lambda: None) -> None:
        """`advance` is told of each entry that was read."""
        self._database, self._ledger, self._advance = database, ledger, advance
        self._images: dict[str, tuple[NetworkImage, frozenset[tuple[int, int, str]]]] = {}

    def order(self, order_id: str) -> list[Replay]:
        """Every plan that was made for an order, oldest first. Raises NoDecisionError, BrokenChainError."""
        entries = self._ledger.find_order(order_id)
        if not entries:
            raise NoDecisionError(f"the ledger has no order {order_id!r}")
        # Before anything is read of an entry it is known to be what was recorded.
        verify_chain(self._database, entries[-1].position, self._advance)
        parsed = [(each, Entry.FromString(each.entry)) for each in entries]
        found = [*self._of_reservation(parsed), *parsed]
        decisions = [
            self._replay(recorded, entry, parsed[: parsed.index((recorded, entry))] if _is_change(entry) else ())
            for recorded, entry in found if _is_decision(entry) or _is_change(entry)
        ]  # fmt: skip
        if not decisions:
            methods = ", ".join(dict.fromkeys(entry.method for _, entry in parsed))
            raise NoDecisionError(f"no decision of order {order_id!r} can be replayed by this version: {methods}")
        return decisions

    def _of_reservation(self, parsed: Sequence[tuple[RecordedEntry, Entry]]) -> Iterator[tuple[RecordedEntry, Entry]]:
        """What made the reservation that an order came of: its plan became the order's."""
        for reservation_id in {entry.order.reservation_id for _, entry in parsed} - {""}:
            for each in self._ledger.find_order(RECORD + reservation_id):
                entry = Entry.FromString(each.entry)
                if entry.method == CREATE_RESERVATION:
                    yield each, entry

    def _replay(self, recorded: RecordedEntry, entry: Entry, earlier: Sequence[tuple[RecordedEntry, Entry]]) -> Replay:
        found = Replay(recorded.position, entry.method, _plan_in(entry))
        if found.recorded.certificate.cut_by_deadline:
            found.notes.append("the search was cut by its deadline: replayed it goes on, and may find a better plan")
        with self._database.connect() as connection:
            decided_by = decider(connection, entry.basis.engine)
        if decided_by is None:
            found.notes.append(
                "not replayed: its entry does not say what it was decided on (it is of an earlier version, or over shards)"
            )
            return found
        try:
            question = self._question(recorded, entry, decided_by)
            if _is_change(entry):
                self._change(found, question, [(each.position, message) for each, message in earlier])
                return found
            found.replayed = PLANNED_BY[entry.method](question)
        except SnapshotError as error:
            found.notes.append(f"not replayed: {error}")
            return found
        except Refusal as refusal:
            found.differences.append(f"recorded: a plan; replayed: refused, {refusal.reason}: {refusal.message}")
            return found
        found.recorded.certificate.solve_micros = 0
        found.differences += differences(_dict(found.recorded), _dict(found.replayed))
        return found

    def _change(self, found: Replay, asked: "Question", earlier: Sequence[tuple[str, Entry]]) -> None:
        """A change of the order, all that its entry says of it."""
        record = record_before(self._database, earlier, found.position)
        made = decide_change(asked.entry, record, asked.image, asked.stock, asked.node_budget, asked.clock)
        found.replayed = made.order.plan
        kind = response_kind(asked.entry.method)
        found.differences += differences(shown(asked.entry, kind), shown(made, kind), "entry")

    def _question(self, recorded: RecordedEntry, entry: Entry, decided_by: Decider) -> "Question":
        image, unsellable = self._image(decided_by.network_key)
        basis = entry.basis
        if basis.prices_position:
            charged = self._ledger.entry_at(basis.prices_position)
            assert charged is not None, "what is charged was recorded before"
            image = with_opportunity(image, *prices_in(charged.entry))
        stock = LiveStock(
            image.item_index, image.location_index, unsellable, capacity_first_day(entry.decided_unix_ms),
            capacity_days=capacity_days(image.network.horizon_days),
        )  # fmt: skip
        then = Then(basis.position, basis.engine, basis.place, recorded.position)
        fill_stock(stock, self._database, then, self._advance)
        return Question(entry, image, stock, decided_by.node_budget, FrozenClock(entry.decided_unix_ms))

    def _image(self, key: str) -> tuple[NetworkImage, frozenset[tuple[int, int, str]]]:
        if key not in self._images:
            with self._database.connect() as connection:
                content = network_content(connection, key)
            assert content is not None, "a network is kept before anything is decided by it"
            records = unpacked(content)
            self._images[key] = compile_image(records), unsellable_positions(records)
        return self._images[key]


class Question(NamedTuple):
    """A decision to be made again."""

    entry: Entry
    image: NetworkImage
    stock: LiveStock
    node_budget: int
    clock: FrozenClock


def _source_order(asked: Question) -> Plan:
    if asked.entry.order.reservation_id:
        return _of_reservation(asked)
    entry, wrong = asked.entry, Violations()
    request = sourcing_service_pb2.SourceOrderRequest.FromString(entry.request)
    response = sourcing_service_pb2.SourceOrderResponse.FromString(entry.response)
    basket = decode_order(request, asked.image, entry.basis.start_minute, NO_LIMIT, wrong)
    wrong.check()
    order = SourceRequest(
        entry.request_id, entry.request_digest, request.order.order_id, basket, entry.request,
        quoted=_quoted(request.quote_token),
    )  # fmt: skip
    planned = plan_order(asked.image, asked.stock, order, asked.node_budget, asked.clock, response.attempts)
    return encode_plan(planned.scene, planned.plan, order.order_id, 0)


def _quoted(token: str) -> QuotedPlan | None:
    """The plan that had been quoted, where one had."""
    return plan_in(token) if token else None


def _create_reservation(asked: Question) -> Plan:
    entry, wrong = asked.entry, Violations()
    request = reservation_service_pb2.CreateReservationRequest.FromString(entry.request)
    is_network = request.scope == reservation_service_pb2.RESERVATION_SCOPE_NETWORK
    basket = decode_basket(
        request.basket, "basket", asked.image, entry.basis.start_minute, NO_LIMIT, wrong, needs_destination=not is_network
    )
    wrong.check()
    reservation_id = request.reservation_id or request.request_id
    order = SourceRequest(
        entry.request_id, entry.request_digest, "", basket, entry.request, field="basket", quoted=_quoted(request.quote_token)
    )
    is_partial = request.fill == reservation_service_pb2.RESERVATION_FILL_PARTIAL
    hold = HoldRequest(order, reservation_id, "", NO_LIMIT, 1, is_partial, is_network)
    plan = plan_shown(plan_hold(asked.image, asked.stock, hold, asked.node_budget, asked.clock, 1), reservation_id)
    plan.certificate.solve_micros = 0
    return plan


def _of_reservation(asked: Question) -> Plan:
    """An order that was planned anew when its reservation became one, on what it held and all that was left."""
    entry, wrong = asked.entry, Violations()
    basket = decode_basket(entry.order.basket, "order.basket", asked.image, entry.basis.start_minute, NO_LIMIT, wrong)
    wrong.check()
    order = SourceRequest(entry.request_id, entry.request_digest, entry.order_id, basket, entry.request)
    hold = asked.stock.holds.get(entry.order.reservation_id)
    if hold is None:
        planned = plan_order(asked.image, asked.stock, order, asked.node_budget, asked.clock)
    else:
        planned = plan_held(asked.image, asked.stock, hold, order, asked.node_budget, asked.clock, 1)
    return encode_plan(planned.scene, planned.plan, order.order_id, 0)


PLANNED_BY: dict[str, Callable[[Question], Plan]] = {
    "SourceOrder": _source_order,
    "ConfirmReservation": _of_reservation,
    CREATE_RESERVATION: _create_reservation,
}


def _is_decision(entry: Entry) -> bool:
    """Whether a plan was made that can be made again. An order may also keep that of its reservation."""
    return entry.method in PLANNED_BY and (not entry.HasField("order") or entry.basis.start_minute > 0)


def _is_change(entry: Entry) -> bool:
    """Whether it changed an order, and chose where something comes from or goes to."""
    return entry.method in DECIDING and entry.HasField("order")


def _plan_in(entry: Entry) -> Plan:
    """The plan that an entry records."""
    plan = Plan()
    if entry.method == CREATE_RESERVATION:
        plan.CopyFrom(entry.reservations[0].plan)
    elif entry.HasField("order"):
        plan.CopyFrom(entry.order.plan)
    else:
        plan.CopyFrom(sourcing_service_pb2.SourceOrderResponse.FromString(entry.response).plan)
    return plan


def differences(recorded: Any, replayed: Any, path: str = "plan") -> list[str]:
    """Every field that is not the same, by its path."""
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        names = [*recorded, *(name for name in replayed if name not in recorded)]
        return [
            each for name in names for each in differences(recorded.get(name), replayed.get(name), f"{path}.{name}")
        ]  # fmt: skip
    if isinstance(recorded, list) and isinstance(replayed, list):
        found = []
        for at in range(max(len(recorded), len(replayed))):
            before, after = (side[at] if at < len(side) else None for side in (recorded, replayed))
            found += differences(before, after, f"{path}[{at}]")
        return found
    return [] if recorded == replayed else [f"{path}: recorded {recorded}, replayed {replayed}"]


def _dict(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(plan, preserving_proto_field_name=True)
    return found
