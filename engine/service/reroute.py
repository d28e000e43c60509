"""RerouteOrders: many open orders planned anew as one, shown or committed in batches while others keep coming.

A thread of its own selects the orders, copies the stock that they contend for, finds the best plans (`engine/reroute`) and
tells how far it is. What it moves goes by the write path, order by order, each all or nothing: what others took meanwhile is
refused there, and planned again. A move's id follows from that of the request, so that a repeat after a crash goes on where
the first ended and moves nothing twice.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import structlog
from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.duration_pb2 import Duration

from engine.domain.life import OrderState, ShipmentState
from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.draft import OrderRecord
from engine.fulfilment.order_record import instant
from engine.inventory.live import LiveStock
from engine.inventory.write_path import Recorded, fault, recovering
from engine.kernels.pool_orders import plan_micros
from engine.ledger.order_list import OrderFilter
from engine.network.image import NetworkImage
from engine.reroute.optimize import Outcome, Progress, gap_of, optimize
from engine.reroute.order_pool import OpenOrder, OrderPool, Placed, pool_of_orders
from engine.service.desk import Call
from engine.service.errors import refusal_message
from engine.service.feed_rows import ms_of
from engine.service.fields import (
    Violations,
    begin_read,
    check_count,
    check_id,
    check_range,
    check_request_id,
    digest_of,
    index_of_item,
    indexes_of,
    minute_of,
    parse,
)
from engine.service.note_write import NoteWrite
from engine.service.outflow import Outflow
from engine.service.record import finisher
from engine.service.reroute_orders import Movable, child_id, fork_of, give_back, movable, open_order, shocked_places
from engine.service.reroute_writes import REROUTE_ORDERS, Move, Split, Target, move_write, split_of

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

Request = sourcing_service_pb2.RerouteOrdersRequest
Response = sourcing_service_pb2.RerouteOrdersResponse
Result = sourcing_service_pb2.RerouteResult
RerouteChange = sourcing_service_pb2.RerouteChange
T = TypeVar("T")

ORDERS_MAX = 100_000
ORDER_IDS_MAX, IDS_MAX, PRICES_MAX = 10_000, 1_000, 1_000
PAGE_ORDERS = 500
SECONDS_DEFAULT, SECONDS_MAX = 60.0, 3_600.0
BATCH_ORDERS = 64
"""Moves that are committed between others' calls."""

ROUNDS_MAX = 3
"""Times that orders are planned of which others took the stock meanwhile."""

MOVE_PRICE_STEPS = 6
"""Times that the price of a move is doubled, until there are no more moves than allowed."""

RECORD_SECONDS_MAX = 30.0
VERSIONS_BACK = 8
"""How many changes an order may have seen since a reroute moved it that was broken off, and is still known to be moved."""

MINUTE_MS = 60_000
EPOCH = date(1970, 1, 1)
PROGRESS_SECONDS = 0.5

finished_reroute = finisher(Result, REROUTE_ORDERS)


def reroute(h: "Handlers", call: Call) -> bytes:
    """RerouteOrders. Raises `Refusal`."""
    request = parse(Request, call.message)
    _check(h, request)
    assert call.flow is not None, "the front has a stream for it"
    job = RerouteJob(h, request, call.message, call.flow)
    if not call.flow.attach(job.cancelled.set):
        return b""
    threading.Thread(target=job.run, name="belofte-reroute", daemon=True).start()
    return b""


def _check(h: "Handlers", request: sourcing_service_pb2.RerouteOrdersRequest) -> None:
    wrong = begin_read(request, h.image)
    modes = sourcing_service_pb2
    if request.mode not in (modes.SOURCE_MODE_PREVIEW, modes.SOURCE_MODE_COMMIT):
        wrong.add("mode", "PREVIEW or COMMIT was expected")
    if request.request_id or request.mode == modes.SOURCE_MODE_COMMIT:
        check_request_id(request.request_id, h.clock.unix_ms(), wrong)
    request.request_id = request.request_id.lower()
    check_filter(h, request.filter, wrong)
    if check_count(request.excluded_location_ids, "excluded_location_ids", IDS_MAX, wrong):
        indexes_of(request.excluded_location_ids, "excluded_location_ids", h.image, wrong)
    if not 0 <= request.target_gap <= 1:
        wrong.add("target_gap", f"a fraction from 0 to 1 was expected, not {request.target_gap}")
    check_range(request.move_price_micros, "move_price_micros", 0, 10**12, wrong)
    check_range(request.moves_max, "moves_max", 0, ORDERS_MAX, wrong)
    seconds = request.max_duration.ToTimedelta().total_seconds() if request.HasField("max_duration") else SECONDS_DEFAULT
    if not 0 < seconds <= SECONDS_MAX:
        wrong.add("max_duration", f"more than 0 and at most {SECONDS_MAX:g} s were expected")
    wrong.check()


def check_filter(h: "Handlers", chosen: sourcing_service_pb2.OrderFilter, wrong: Violations) -> None:
    """Which orders are asked for."""
    if check_count(chosen.order_ids, "filter.order_ids", ORDER_IDS_MAX, wrong):
        for i, order_id in enumerate(chosen.order_ids):
            check_id(order_id, f"filter.order_ids[{i}]", wrong)
    for name in ("location_ids", "item_ids"):
        check_count(getattr(chosen, name), f"filter.{name}", IDS_MAX, wrong)
    indexes_of(chosen.location_ids[:IDS_MAX], "filter.location_ids", h.image, wrong)
    for i, item_id in enumerate(chosen.item_ids[:IDS_MAX]):
        index_of_item(item_id, f"filter.item_ids[{i}]", h.image, wrong)
    for i, state in enumerate(chosen.states):
        if state not in types_pb2.OrderState.values() or not state:
            wrong.add(f"filter.states[{i}]", f"a state of orders was expected, not {state}")
    for name in ("created_from", "created_to"):
        if chosen.HasField(name):
            minute_of(getattr(chosen, name), f"filter.{name}", wrong)


class _Planned(NamedTuple):
    """Orders with their pool and the best plans that were found."""

    orders: list[Movable]
    pool: OrderPool
    outcome: Outcome
    move_micros: int
    image: NetworkImage
    splits: list[Split]


@dataclass
class RerouteJob:
    """One reroute, in a thread of its own."""

    h: "Handlers"
    request: sourcing_service_pb2.RerouteOrdersRequest
    message: bytes
    flow: Outflow
    ends_pool: bool = False
    """Its orders wait in a pool: each that is moved is let go at once."""
    cancelled: threading.Event = field(default_factory=threading.Event)
    changes: dict[str, sourcing_service_pb2.RerouteChange] = field(default_factory=dict)
    cost_before: int = 0
    position: str = ""

    def run(self) -> None:
        """All of it, and the end of the stream."""
        try:
            self._run()
        except Refusal as refusal:
            self.flow.end(refusal)
        except Exception:
            structlog.get_logger("reroute").exception("a fault of the engine", request_id=self.request.request_id)
            self.flow.end(fault())

    def begin(self, seconds: float) -> None:
        """From now on it may search for so long."""
        self.started = time.monotonic()
        self.until = self.started + seconds
        self.digest = digest_of(self.request)
        self.is_commit = self.request.mode == sourcing_service_pb2.SOURCE_MODE_COMMIT

    def commit_all(self, records: Sequence[OrderRecord]) -> None:
        """Plan orders as one, and move those for which something is won; `changes` tells."""
        self._commit(self._plan(self._movable(records)))

    def _run(self) -> None:
        seconds = SECONDS_DEFAULT
        if self.request.HasField("max_duration"):
            seconds = self.request.max_duration.ToTimedelta().total_seconds()
        self.begin(seconds)
        known = self._recorded()
        if known is not None:
            self._finish(known)
            return
        if self.request.min_position:
            in_desk(self.h, lambda: self.h.stock(self.request.min_position))
        records = list(islice(selected(self.h, self.request.filter, self._refuse), ORDERS_MAX + 1))
        if len(records) > ORDERS_MAX:
            raise Refusal(Reason.INVALID_FIELD, f"filter: at most {ORDERS_MAX} orders were expected; there are more")
        records = self._not_moved(records)
        orders = self._movable(records)
        first = planned = self._plan(orders)
        result = Result(currency=self.h.image.network.currency)
        if self.is_commit:
            self._commit(planned)
        else:
            self._preview(planned)
        result.changes.extend(self.changes.values())
        result.cost_before_micros = self.cost_before
        _certify(result, first, time.monotonic() - self.started)
        result.prices.extend(_prices(first))
        if self.is_commit:
            result = self._record(result)
        else:
            result.position = self.h.path.position
        self._finish(result)

    def _finish(self, result: sourcing_service_pb2.RerouteResult) -> None:
        self.flow.put(Response(result=result).SerializeToString())
        self.flow.complete()

    # -- which orders

    def _not_moved(self, records: list[OrderRecord]) -> list[OrderRecord]:
        """Without those that this same request has moved before it was broken off: what became of them is noted."""
        if not self.is_commit:
            return records
        ids = {
            child_id(self.request.request_id, each.order.order_id, version): each.order.order_id
            for each in records for version in range(max(1, each.order.version - VERSIONS_BACK), each.order.version)
        }  # fmt: skip
        moved = self.h.ledger.find_requests(list(ids))
        for request_id, found in moved.items():
            entry = ledger_entry_pb2.LedgerEntry.FromString(found.entry)
            self.changes[ids[request_id]] = RerouteChange.FromString(entry.response)
            self.position = found.position
        done = {ids[request_id] for request_id in moved}
        return [each for each in records if each.order.order_id not in done]

    def _movable(self, records: Sequence[OrderRecord]) -> list[Movable]:
        """What of the orders may move; those that may not are told why. Those that were promised most come first."""
        found = []
        for record in records:
            try:
                found.append(movable(record))
            except Refusal as refusal:
                self._refuse(record.order.order_id, refusal)
        return sorted(found, key=lambda each: (-each.record.order.priority, min(each.promised_minute), each.order_id))

    # -- the plan

    def _plan(self, orders: Sequence[Movable]) -> _Planned:
        """The best plans of orders together, with no more moves than allowed where a price can see to that."""
        image = self.h.image
        items = {
            image.item_index[line.item_id] for each in orders for line in each.record.order.basket.lines
            if line.item_id in image.item_index
        }  # fmt: skip
        fork = in_desk(self.h, lambda: fork_of(live_stock(self.h), items)) if items else None
        opened: list[OpenOrder] = []
        kept: list[Movable] = []
        if fork is not None:
            give_back(fork, orders, image)
        for each in orders:
            self._check_cancelled()
            try:
                assert fork is not None
                opened.append(self._open(image, fork, each))
                kept.append(each)
            except Refusal as refusal:
                self._refuse(each.order_id, refusal)
        move_micros = self.request.move_price_micros
        for step in range(MOVE_PRICE_STEPS):
            pool = pool_of_orders(opened, move_micros)
            outcome = self._optimized(pool)
            planned = _Planned(kept, pool, outcome, move_micros, image, [split_of(each.scene) for each in opened])
            if not self.request.moves_max or len(list(_moves(planned))) <= self.request.moves_max or self._is_cut():
                break
            move_micros = max(2 * move_micros, 10**5 << step)
        if not self.cost_before:
            self.cost_before = sum(each.cost_micros for each in kept)
        return planned

    def _open(self, image: NetworkImage, fork: LiveStock, each: Movable) -> OpenOrder:
        keeps = not self.request.allow_repromise
        return open_order(
            self.h, image, fork, each, self.request.excluded_location_ids, self.request.policy_id, keeps_promise=keeps
        )

    def _optimized(self, pool: OrderPool) -> Outcome:
        told = 0.0

        def tell(progress: Progress) -> None:
            nonlocal told
            if time.monotonic() - told >= PROGRESS_SECONDS and self.flow.has_room:
                told = time.monotonic()
                self._tell(progress, len(pool.pool.most))

        return optimize(
            pool.pool, gap_max=self.request.target_gap, threads=os.cpu_count() or 1, is_cut=self._is_cut, start=pool.start,
            tell=tell,
        )  # fmt: skip

    def _tell(self, progress: Progress, order_count: int) -> None:
        elapsed = Duration()
        elapsed.FromMilliseconds(int(1_000 * (time.monotonic() - self.started)))
        moved = sum(change.changed for change in self.changes.values())
        message = sourcing_service_pb2.SearchProgress(
            order_count=order_count, planned_order_count=order_count, rounds=progress.rounds, elapsed=elapsed,
            objective_micros=progress.objective_micros, lower_bound_micros=progress.lower_bound_micros, gap=progress.gap,
            moved_order_count=moved,
        )  # fmt: skip
        self.flow.put(Response(progress=message).SerializeToString())

    # -- what becomes of it

    def _preview(self, planned: _Planned) -> None:
        for at, (o, _) in enumerate(_moves(planned)):
            each = planned.orders[o]
            if self.request.moves_max and at >= self.request.moves_max:
                self._refuse(each.order_id, _too_many(self.request.moves_max))
                continue
            change = RerouteChange(order_id=each.order_id, changed=True, cost_before_micros=each.cost_micros)
            change.cost_after_micros = _own_micros(planned, o)
            change.plan.CopyFrom(_shown_plan(planned, o))
            change.promise_broken = _is_late(planned, o)
            self.changes[each.order_id] = change
        for o in _left_out(planned):
            self._refuse(planned.orders[o].order_id, _nowhere(planned.orders[o]))

    def _commit(self, planned: _Planned) -> None:
        """Move orders in batches; what others took meanwhile is planned again."""
        for round_ in range(ROUNDS_MAX):
            for o in _left_out(planned):
                self._refuse(planned.orders[o].order_id, _nowhere(planned.orders[o]))
            failed = self._move_all(planned)
            if not failed or round_ == ROUNDS_MAX - 1 or self.cancelled.is_set():
                return
            records = [self.h.ledger.find_record(each.order_id) for each in failed]
            planned = self._plan(self._movable([record for record in records if record is not None]))

    def _move_all(self, planned: _Planned) -> list[Movable]:
        """Returns the orders of which others took what was planned: in passes, since one may have what another gives back."""
        pending = [
            Move(planned.orders[o], targets, not self.request.allow_repromise, planned.splits[o], self.ends_pool)
            for o, targets in _moves(planned)
        ]  # fmt: skip
        while pending:
            failed: list[Move] = []
            moved = 0
            for first in range(0, len(pending), BATCH_ORDERS):
                self._check_cancelled()
                batch = pending[first : first + BATCH_ORDERS]
                done = sum(change.changed for change in self.changes.values())
                if self.request.moves_max and done + len(batch) > self.request.moves_max:
                    for each in batch[max(0, self.request.moves_max - done) :]:
                        self._refuse(each.order.order_id, _too_many(self.request.moves_max))
                    batch = batch[: max(0, self.request.moves_max - done)]
                failed += self._move(batch)
                moved += sum(isinstance(each.outcome, Recorded) for each in batch)
            if not moved:
                return [each.order for each in failed]
            again = [(each, self._again(each)) for each in failed]
            pending = [Move(order, m.targets, m.keeps_promise, m.split, m.ends_pool) for m, order in again if order is not None]
        return []

    def _again(self, move: Move) -> Movable | None:
        """The order as it is by now; None: it may not move any more."""
        record = self.h.ledger.find_record(move.order.order_id)
        try:
            return movable(record) if record is not None else None
        except Refusal as refusal:
            self._refuse(move.order.order_id, refusal)
            return None

    def _move(self, batch: Sequence[Move]) -> list[Move]:
        """Those that were refused for what others took; what else became of them is noted."""
        writes = [move_write(self.h, each, self.request.request_id, self.digest, self.request.reason) for each in batch]
        in_desk(self.h, lambda: self.h.path.run(writes))
        failed = []
        for each in batch:
            if not each.settled.wait(RECORD_SECONDS_MAX):
                raise Refusal(Reason.DEADLINE_EXCEEDED, "moves were not recorded in time: repeat with the same request_id")
            match each.outcome:
                case Recorded(position, duplicate):
                    self.position = position
                    change = self._change_of(each) if duplicate else each.change
                    if change is not None:
                        self.changes[each.order.order_id] = change
                case Refusal() as refusal:
                    self._refuse(each.order.order_id, refusal)
                    if refusal.reason in (Reason.CONTENDED, Reason.NO_STOCK, Reason.NO_CAPACITY, Reason.RESTRICTED):
                        failed.append(each)
        return failed

    def _change_of(self, move: Move) -> sourcing_service_pb2.RerouteChange | None:
        """What a move that was made before, under the same id, has answered."""
        request_id = child_id(self.request.request_id, move.order.order_id, move.order.record.order.version)
        found = self.h.ledger.find_requests([request_id]).get(request_id)
        if found is None:
            return None
        return RerouteChange.FromString(ledger_entry_pb2.LedgerEntry.FromString(found.entry).response)

    def _recorded(self) -> sourcing_service_pb2.RerouteResult | None:
        """The result of a repeat."""
        if not self.is_commit:
            return None
        known = self.h.recorded_answer(self.request.request_id, self.digest, finished_reroute)
        if isinstance(known, Refusal):
            raise known
        return Result.FromString(known) if known is not None else None

    def _record(self, result: sourcing_service_pb2.RerouteResult) -> sourcing_service_pb2.RerouteResult:
        """Keep the result: whoever repeats the request is told the same."""
        kept = Result()
        kept.CopyFrom(result)
        for change in kept.changes:
            # The orders themselves tell their plans.
            change.ClearField("plan")
        write = NoteWrite(ledger_entry_pb2.LedgerEntry(
            request_id=self.request.request_id, method=REROUTE_ORDERS, request_digest=self.digest, request=self.message,
            response=kept.SerializeToString(), network_version=self.h.image.version, decided_unix_ms=self.h.clock.unix_ms(),
        ))  # fmt: skip
        in_desk(self.h, lambda: self.h.path.run([write]))
        if not write.settled.wait(RECORD_SECONDS_MAX):
            raise Refusal(Reason.DEADLINE_EXCEEDED, "its fate is unknown: repeat it with the same request_id")
        match write.outcome:
            case Recorded(position, duplicate=False):
                result.position = position
                return result
            case Refusal() as refusal:
                raise refusal
        known = self._recorded()
        assert known is not None, "the ledger said that it was recorded"
        return known

    # -- helpers

    def _refuse(self, order_id: str, refusal: Refusal) -> None:
        self.changes[order_id] = RerouteChange(order_id=order_id, refusal=refusal_message(refusal))

    def _is_cut(self) -> bool:
        return time.monotonic() > self.until or self.cancelled.is_set()

    def _check_cancelled(self) -> None:
        if self.cancelled.is_set():
            raise Refusal(Reason.DEADLINE_EXCEEDED, "the call was cancelled; what was moved until then stays moved")


def selected(
    h: "Handlers", chosen: sourcing_service_pb2.OrderFilter, refuse: Callable[[str, Refusal], None]
) -> Iterator[OrderRecord]:  # fmt: skip
    """Records of the orders that are asked for. Those that there never were are refused one by one."""
    shocked = in_desk(h, lambda: shocked_places(h.image, live_stock(h))) if chosen.overcommitted_only else None
    listed = _listed(h, chosen, shocked.locations(h.image) if shocked is not None else None)
    for order_id in dict.fromkeys(chosen.order_ids) if chosen.order_ids else listed:
        record = h.ledger.find_record(order_id)
        if record is None:
            refuse(order_id, Refusal(Reason.UNKNOWN_ORDER, f"no order {order_id!r} is recorded"))
        elif _is_wanted(chosen, record) and (shocked is None or shocked.touch(record)):
            yield record


def _listed(h: "Handlers", chosen: sourcing_service_pb2.OrderFilter, within: set[str] | None) -> Iterator[str]:
    """Ids of orders with something planned; `within`: at one of these locations, None: anywhere."""
    location_ids = list(chosen.location_ids)
    if within is not None:
        location_ids = [each for each in location_ids or sorted(within) if each in within]
        if not location_ids:
            return
    states = [int(state) for state in chosen.states] or [
        OrderState.SOURCED, OrderState.PARTIALLY_SOURCED, OrderState.IN_FULFILLMENT, OrderState.HELD
    ]  # fmt: skip
    wanted = OrderFilter(
        states=states, location_ids=location_ids, shipment_states=[int(ShipmentState.PLANNED)],
        created_from=ms_of(chosen.created_from) if chosen.HasField("created_from") else 0,
        created_to=ms_of(chosen.created_to) if chosen.HasField("created_to") else 0, is_at_risk=chosen.at_risk_only,
    )  # fmt: skip
    after = None
    while True:
        page = h.ledger.list_orders(wanted, after, PAGE_ORDERS)
        yield from page.order_ids
        after = page.after
        if after is None:
            return


def _is_wanted(chosen: sourcing_service_pb2.OrderFilter, record: OrderRecord) -> bool:
    order = record.order
    shipments = [each for each in order.plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED and each.lines]
    return (
        (not chosen.HasField("max_priority") or order.priority <= chosen.max_priority)
        and (not chosen.states or order.state in chosen.states)
        and (not chosen.item_ids or any(line.item_id in set(chosen.item_ids) for line in order.basket.lines))
        and (not chosen.location_ids or any(each.location_id in set(chosen.location_ids) for each in shipments))
        and (not chosen.channels or order.basket.channel in set(chosen.channels))
    )


def live_stock(h: "Handlers") -> LiveStock:
    """The stock in memory. Raises `Refusal` before there is any."""
    if h.path.stock is None:
        raise recovering()
    return h.path.stock


def in_desk(h: "Handlers", call: Callable[[], T]) -> T:
    """Have something done in the desk's thread, between two batches of calls."""
    done: Future[T] = Future()

    def run() -> bool:
        try:
            done.set_result(call())
        except BaseException as error:
            done.set_exception(error)
        return True

    h.hand_over(run)
    return done.result(RECORD_SECONDS_MAX)


def _moves(planned: _Planned) -> Iterator[tuple[int, tuple[Target, ...]]]:
    """(order, its shipments that are to be others than now), of orders all of whose lines have a place.

    A line that joins a shipment makes it another one, and so does one that leaves it.
    """
    for o, each in enumerate(planned.orders):
        placed = planned.pool.placed(planned.outcome.plan, o)
        if any(where is None for where in placed):
            continue
        present: dict[str, set[str]] = {}
        groups: dict[tuple[str, str], list[str]] = {}
        for line_id, shipment, where in zip(each.line_ids, each.shipment_of, placed, strict=True):
            assert where is not None
            present.setdefault(shipment.shipment_id, set()).add(line_id)
            groups.setdefault(_names(planned, where), []).append(line_id)
        stays = {
            (shipment.location_id, shipment.carrier_service_id, frozenset(present[shipment.shipment_id]))
            for shipment in each.shipment_of
        }
        targets = tuple(
            Target(tuple(lines), *target) for target, lines in groups.items() if (*target, frozenset(lines)) not in stays
        )
        if targets:
            yield o, targets


def _names(planned: _Planned, where: Placed) -> tuple[str, str]:
    image = planned.image
    return image.location_ids[where.location], image.service_ids[where.service]


def _left_out(planned: _Planned) -> Iterator[int]:
    """Orders of which a line has no place that it may come from."""
    for o in range(len(planned.orders)):
        if any(where is None for where in planned.pool.placed(planned.outcome.plan, o)):
            yield o


def _own_micros(planned: _Planned, o: int) -> int:
    """What an order costs by the plan that was found, without the price of moving it."""
    pool, first = planned.pool.pool, int(planned.pool.pool.first_line[o])
    plan = planned.outcome.plan
    ways = set(plan[first : int(pool.first_line[o + 1])].tolist()) - {-1}
    here = {planned.image.location_index.get(each.location_id, -1) for each in planned.orders[o].shipment_of}
    moved = sum(planned.pool.way[w].location not in here for w in ways)
    return int(plan_micros(o, pool, plan, first)) - moved * planned.move_micros


def _is_late(planned: _Planned, o: int) -> bool:
    """Whether a plan breaks what the order was promised."""
    placed = planned.pool.placed(planned.outcome.plan, o)
    promised = planned.orders[o].promised_minute
    return any(where is not None and where.latest_minute > until for where, until in zip(placed, promised, strict=True))


def _shown_plan(planned: _Planned, o: int) -> types_pb2.Plan:
    """Where the lines of an order that may move would come from; the rest of it stays as it is."""
    plan = types_pb2.Plan()
    shipments: dict[tuple[str, str], types_pb2.Shipment] = {}
    each = planned.orders[o]
    lines = {line.line_id: line for line in each.record.order.basket.lines}
    for line_id, where in zip(each.line_ids, planned.pool.placed(planned.outcome.plan, o), strict=True):
        assert where is not None
        key = _names(planned, where)
        if key not in shipments:
            shipments[key] = plan.shipments.add(
                location_id=key[0], carrier_service_id=key[1], route=types_pb2.ROUTE_SHIP,
                delivery_earliest=instant(where.earliest_minute * MINUTE_MS),
                delivery_latest=instant(where.latest_minute * MINUTE_MS),
            )  # fmt: skip
        shipments[key].lines.add(line_id=line_id, item_id=lines[line_id].item_id, quantity=lines[line_id].quantity)
    plan.cost.total_micros = _own_micros(planned, o)
    return plan


def _certify(result: sourcing_service_pb2.RerouteResult, planned: _Planned, seconds: float) -> None:
    """What is proven of the plans that were found first, prices of moves included."""
    outcome = planned.outcome
    status = types_pb2.CERTIFICATE_STATUS_OPTIMAL if outcome.gap == 0 else types_pb2.CERTIFICATE_STATUS_BOUNDED
    result.certificate.status = status
    result.certificate.objective_micros = outcome.objective_micros
    result.certificate.lower_bound_micros = outcome.lower_bound_micros
    result.certificate.gap = gap_of(outcome.objective_micros, outcome.lower_bound_micros)
    result.certificate.candidates = len(planned.pool.way)
    result.certificate.cut_by_deadline = outcome.is_cut
    result.certificate.solve_micros = int(seconds * 1e6)


def _prices(planned: _Planned) -> list[sourcing_service_pb2.ContentionPrice]:
    """The highest prices of what was contended."""
    image, pool = planned.image, planned.pool
    found = [
        sourcing_service_pb2.ContentionPrice(
            item_id=image.item_ids[item], location_id=image.location_ids[location], price_micros=price
        )
        for (item, location), price in zip(pool.positions, planned.outcome.position_micros.tolist(), strict=True) if price
    ]  # fmt: skip
    found += [
        sourcing_service_pb2.ContentionPrice(
            location_id=image.location_ids[location], date=(EPOCH + timedelta(days=day)).isoformat(), price_micros=price
        )
        for (location, day), price in zip(pool.slots, planned.outcome.slot_micros.tolist(), strict=True) if price
    ]  # fmt: skip
    return sorted(found, key=lambda each: -each.price_micros)[:PRICES_MAX]


def _nowhere(each: Movable) -> Refusal:
    return Refusal(
        Reason.PROMISE_UNREACHABLE, f"order {each.order_id!r} can be had nowhere else as promised; it stays as it is"
    )


def _too_many(moves_max: int) -> Refusal:
    return Refusal(Reason.RESTRICTED, f"moves_max: {moves_max} orders are moved already; this one stays as it is")
