"""The whole interface against dictionaries: two engines on one store, asked in turn, by a real sidecar over a real ledger.

What Hypothesis finds, it repeats with the steps that lead there; `--full` tries more and longer ones.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog
from belofte.v1 import (
    inventory_service_pb2,
    order_service_pb2,
    reservation_service_pb2,
    sourcing_service_pb2,
    types_pb2,
)
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.transaction import Cell
from engine.ledger.audit import Auditor
from engine.network.records import Item
from engine.service.hold_writes import ACTIVE, CONFIRMED, EXPIRED, RELEASED
from tests.network.small_network import small_records
from tests.service.interface_model import HoldModel, StockModel, Units, by_item, by_place, on_hand, units_of
from tests.service.room import Room, opened
from tests.sidecars import RunningSidecar, wait_until
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer

PACKAGE = "/belofte.v1."
ITEM_COUNT = 4_000
LOCATIONS = ("ams", "ehv")
MINUTE_MS = 60_000
TOLERANCE_MS = 30_000
"""Between two readings of the clock; steps of the clock are whole minutes."""

Inventory, Sourcing, Reservations = inventory_service_pb2, sourcing_service_pb2, reservation_service_pb2
METHODS: dict[str, tuple[str, Any]] = {
    "AdjustInventory": ("InventoryService", Inventory.AdjustInventoryResponse),
    "GetAvailability": ("InventoryService", Inventory.GetAvailabilityResponse),
    "SourceOrder": ("SourcingService", Sourcing.SourceOrderResponse),
    "GetRequest": ("SourcingService", Sourcing.GetRequestResponse),
    "CancelRequest": ("SourcingService", Sourcing.CancelRequestResponse),
    "GetOrder": ("OrderService", order_service_pb2.GetOrderResponse),
    "CreateReservation": ("ReservationService", Reservations.CreateReservationResponse),
    "ExtendReservation": ("ReservationService", Reservations.ExtendReservationResponse),
    "ReleaseReservation": ("ReservationService", Reservations.ReleaseReservationResponse),
    "ConfirmReservation": ("ReservationService", Reservations.ConfirmReservationResponse),
    "TransferReservation": ("ReservationService", Reservations.TransferReservationResponse),
    "GetReservation": ("ReservationService", Reservations.GetReservationResponse),
}

places = st.sampled_from(LOCATIONS)
which_item = st.integers(0, 1)
few = st.integers(1, 6)
minutes = st.integers(1, 60)
names = st.sampled_from((0, 0, 0, 1, 1, 2, 4, 6))
any_number = st.integers(0, 1_000_000)
wanted = st.dictionaries(which_item, few, min_size=1, max_size=2)


class Interface(RuleBasedStateMachine):
    """Each example has two items and its reservations for itself."""

    def __init__(self, rooms: list[Room], examples: Iterator[int]) -> None:
        super().__init__()
        self.rooms, self.turn = rooms, 0
        n = next(examples)
        self.items = (f"i{2 * n}", f"i{2 * n + 1}")
        self.prefix = f"e{n}"
        self.model = StockModel()
        self.position = ""
        self.recorded: dict[str, tuple[str, Any, Any]] = {}
        """Method, request and answer by request id."""
        self.cancelled: set[str] = set()
        self.made: dict[str, types_pb2.Plan] = {}
        self.number = count()

    # -- asking

    def now(self) -> int:
        return self.rooms[0].clock.unix_ms()

    def minute(self) -> int:
        """The minute that is asked for: begun ones count as over."""
        return -(-self.now() // MINUTE_MS)

    def ask(self, method: str, request: Any) -> Any:
        """The answer of the engine whose turn it is, or its refusal."""
        self.turn += 1
        self.room = self.rooms[self.turn % len(self.rooms)]
        service, kind = METHODS[method]
        answer = self.room.ask(f"{PACKAGE}{service}/{method}", request.SerializeToString())
        assert not isinstance(answer, Refusal) or answer.reason is not Reason.FAULT
        return answer if isinstance(answer, Refusal) else kind.FromString(answer)

    def write(self, method: str, request: Any) -> Any:
        """A new request, which has seen all that was answered before."""
        request.request_id, request.min_position = self.new_id(), self.position
        answer = self.ask(method, request)
        if not isinstance(answer, Refusal):
            assert not answer.duplicate
            self.position = answer.position
            self.recorded[request.request_id] = method, request, answer
        return answer

    def new_id(self) -> str:
        return uuid7(self.now())

    def basket(self, items: Counter[str]) -> types_pb2.Basket:
        lines = [types_pb2.BasketLine(line_id=item, item_id=item, quantity=n) for item, n in sorted(items.items())]
        return types_pb2.Basket(lines=lines, destination=types_pb2.Destination(country_code="NL", postal_code="1012"))

    def order(self) -> types_pb2.Order:
        return types_pb2.Order(order_id=f"{self.prefix}-o{next(self.number)}")

    def name(self, n: int) -> str:
        """A reservation, active ones first, or one that there never was."""
        active = self.model.active()
        known = [*reversed(active), *(each for each in self.model.holds if each not in active), f"{self.prefix}-none"]
        return known[n % len(known)]

    def asked_items(self, asked: dict[int, int]) -> Counter[str]:
        return Counter({self.items[n]: quantity for n, quantity in asked.items()})

    def see_holds(self) -> None:
        """Where the engine's holds stand now: its own choice, but for how many units of which item they have."""
        stock = self.room.engine._path.stock
        assert stock is not None
        for name, hold in self.model.active().items():
            there = stock.holds.get(name)
            assert there is not None, f"{name} is not held"
            assert (there.version, there.expires_unix_ms) == (hold.version, hold.expires_unix_ms)
            hold.units = Counter()
            for each in there.units:
                hold.units[each.cell] += each.quantity
            assert by_item(hold.units) == hold.items

    # -- stock

    @initialize(quantity=st.integers(5, 12), is_network=st.booleans())
    def stocked(self, quantity: int, is_network: bool) -> None:
        for item in self.items:
            for location in LOCATIONS:
                self.feed(item, location, types_pb2.INVENTORY_KIND_ON_HAND, quantity)
        # Most rules are about reservations: of two there are, one has two lines.
        self.hold(0, {0: 2, 1: 3}, 30, is_network)
        self.hold(0, {0: 2}, 40, not is_network)

    def feed(self, item: str, location: str, kind: int, quantity: int, **fields: Any) -> Any:
        record = types_pb2.InventoryRecord(item_id=item, location_id=location, kind=kind, quantity=quantity, **fields)
        answer = self.write("AdjustInventory", Inventory.AdjustInventoryRequest(records=[record]))
        assert not isinstance(answer, Refusal), answer
        (result,) = answer.results
        if not result.accepted:
            return result
        if kind == types_pb2.INVENTORY_KIND_RECEIVED and record.receipt_id:
            cell = Cell(item, location, record.receipt_id, "")
            held_before, for_holds = self.model.reserved(cell), self.model.receive_for_orders(cell, quantity)
            self.see_holds()
            assert self.model.reserved(cell) == held_before - for_holds
        self.model.feed(record, record.available_at.seconds // 60)
        return result

    @rule(item=which_item, at=places, quantity=st.integers(0, 12), is_count=st.booleans())
    def set_on_hand(self, item: int, at: str, quantity: int, is_count: bool) -> None:
        kind = types_pb2.INVENTORY_KIND_COUNT if is_count else types_pb2.INVENTORY_KIND_ON_HAND
        assert self.feed(self.items[item], at, kind, quantity).accepted

    @rule(item=which_item, at=places, quantity=st.integers(-3, 6))
    def adjust(self, item: int, at: str, quantity: int) -> None:
        assert self.feed(self.items[item], at, types_pb2.INVENTORY_KIND_ADJUST, quantity).accepted

    @rule(item=which_item, at=places, quantity=st.integers(0, 9), receipt=st.integers(1, 2), after=minutes)
    def expect_receipt(self, item: int, at: str, quantity: int, receipt: int, after: int) -> None:
        seconds = (self.now() // MINUTE_MS + after) * 60
        assert self.feed(
            self.items[item], at, types_pb2.INVENTORY_KIND_INBOUND, quantity, receipt_id=f"{self.prefix}-po{receipt}",
            available_at=Timestamp(seconds=seconds),
        ).accepted  # fmt: skip

    @rule(item=which_item, at=places, quantity=few, receipt=st.integers(0, 2))
    def receive(self, item: int, at: str, quantity: int, receipt: int) -> None:
        cell = Cell(self.items[item], at, f"{self.prefix}-po{receipt}" if receipt else "", "")
        if receipt and cell not in self.model.arrives:
            return
        assert self.feed(*cell[:2], types_pb2.INVENTORY_KIND_RECEIVED, quantity, receipt_id=cell.receipt_id).accepted

    @precondition(lambda self: self.model.orders)
    @rule(n=any_number, item=which_item, at=places, quantity=few)
    def ship(self, n: int, item: int, at: str, quantity: int) -> None:
        order_id = list(self.model.orders)[n % len(self.model.orders)]
        has = self.model.orders[order_id][on_hand(self.items[item], at)]
        result = self.feed(self.items[item], at, types_pb2.INVENTORY_KIND_SHIPPED, quantity, order_id=order_id)
        assert result.accepted == (quantity <= has), result

    # -- orders

    @rule(asked=wanted)
    def source(self, asked: dict[int, int]) -> None:
        items, order = self.asked_items(asked), self.order()
        order.basket.CopyFrom(self.basket(items))
        self.take_order(order.order_id, items, self.write("SourceOrder", Sourcing.SourceOrderRequest(order=order)))

    def take_order(self, order_id: str, items: Counter[str], answer: Any, plan: types_pb2.Plan | None = None) -> bool:
        """Note an order without a reservation, or what it was refused for."""
        if isinstance(answer, Refusal):
            assert answer.reason is Reason.NO_STOCK
            assert not self.model.has_at_one_place(items, LOCATIONS), answer
            return False
        plan = plan or answer.plan
        self.note_order(order_id, items, plan)
        return True

    def note_order(self, order_id: str, items: Counter[str], plan: types_pb2.Plan, freed: Units | None = None) -> None:
        units = units_of(plan)
        assert by_item(units) == items
        self.model.check_taken(units, freed)
        self.model.orders[order_id] = units
        self.made[order_id] = plan

    @precondition(lambda self: self.made)
    @rule(n=any_number)
    def read_order(self, n: int) -> None:
        order_id = list(self.made)[n % len(self.made)]
        answer = self.ask("GetOrder", order_service_pb2.GetOrderRequest(order_id=order_id, min_position=self.position))
        plan, made = answer.order.plan, self.made[order_id]
        assert (units_of(plan), plan.cost, plan.certificate) == (units_of(made), made.cost, made.certificate)
        # What a feed says has left is in shipments of its own.
        planned = types_pb2.Plan(shipments=[each for each in plan.shipments if each.state == types_pb2.SHIPMENT_STATE_PLANNED])
        left = self.model.orders[order_id]
        assert by_place(units_of(planned)) == by_place(left), (plan, left)

    # -- reservations

    @rule(again=names, asked=wanted, ttl=minutes, is_network=st.booleans())
    def hold(self, again: int, asked: dict[int, int], ttl: int, is_network: bool) -> None:
        # Now and then an id that was taken before.
        name = self.name(0) if again == 6 else f"{self.prefix}-h{next(self.number)}"
        items = self.asked_items(asked)
        scope = Reservations.RESERVATION_SCOPE_NETWORK if is_network else Reservations.RESERVATION_SCOPE_LOCATION
        request = Reservations.CreateReservationRequest(
            reservation_id=name, basket=self.basket(items), time_to_live=Duration(seconds=60 * ttl), scope=scope
        )
        answer = self.write("CreateReservation", request)
        if isinstance(answer, Refusal):
            if answer.reason is Reason.RESERVATION_EXISTS:
                assert name in self.model.holds
            else:
                assert answer.reason is Reason.NO_STOCK
                assert not self.model.has_at_one_place(items, LOCATIONS), answer
            return
        assert name not in self.model.holds
        expires = answer.reservation.expires_at.ToMilliseconds()
        assert abs(expires - self.now() - ttl * MINUTE_MS) < TOLERANCE_MS
        stock = self.room.engine._path.stock
        assert stock is not None
        units: Units = Counter()
        for each in stock.holds.get(name).units:  # type: ignore[union-attr]
            units[each.cell] += each.quantity
        self.model.check_taken(units)
        self.model.holds[name] = HoldModel(items, expires, units, is_planned=not is_network)

    def changed(self, name: str, answer: Any) -> HoldModel | None:
        """The active hold that a request has changed; None where it was refused, as it must be where there is none."""
        hold = self.model.holds.get(name)
        if hold is None:
            assert isinstance(answer, Refusal) and answer.reason is Reason.UNKNOWN_RESERVATION
            return None
        if hold.state != ACTIVE:
            assert isinstance(answer, Refusal) and answer.reason is Reason.WRONG_STATE, answer
            return None
        return hold

    @rule(n=names, ttl=minutes)
    def extend(self, n: int, ttl: int) -> None:
        name = self.name(n)
        request = Reservations.ExtendReservationRequest(reservation_id=name, time_to_live=Duration(seconds=60 * ttl))
        answer = self.write("ExtendReservation", request)
        if hold := self.changed(name, answer):
            hold.version += 1
            hold.expires_unix_ms = answer.reservation.expires_at.ToMilliseconds()
            assert abs(hold.expires_unix_ms - self.now() - ttl * MINUTE_MS) < TOLERANCE_MS

    @rule(n=names, item=st.sampled_from((0, 0, 1, 1, None)), quantity=st.sampled_from((1, 1, 2, 2, 0, 3, 9)))
    def release(self, n: int, item: int | None, quantity: int) -> None:
        name = self.name(n)
        request = Reservations.ReleaseReservationRequest(reservation_id=name)
        if item is not None:
            request.lines.add(line_id=self.items[item], quantity=quantity)
        answer = self.write("ReleaseReservation", request)
        hold = self.changed(name, answer)
        if hold is None:
            return
        if item is not None and not hold.items[self.items[item]]:
            assert isinstance(answer, Refusal) and answer.reason is Reason.INVALID_FIELD
            return
        hold.version += 1
        if item is None:
            left: Counter[str] = Counter()
        else:
            gone = min(quantity or hold.items[self.items[item]], hold.items[self.items[item]])
            left = hold.items - Counter({self.items[item]: gone})
        if left:
            hold.items = left
            self.see_holds()
        else:
            hold.state = RELEASED
        assert answer.reservation.state == hold.state

    @rule(n=names, is_sourced=st.booleans())
    def confirm(self, n: int, is_sourced: bool) -> None:
        name, order = self.name(n), self.order()
        if is_sourced:
            sourced = Sourcing.SourceOrderRequest(order=order, reservation_id=name)
            answer = self.write("SourceOrder", sourced)
        else:
            request = Reservations.ConfirmReservationRequest(reservation_id=name, order=order)
            answer = self.write("ConfirmReservation", request)
        plan = None
        if not isinstance(answer, Refusal):
            plan = answer.plan if is_sourced else answer.order.plan
        hold = self.model.holds.get(name)
        if hold is not None and hold.state == EXPIRED:
            # Tried as a new order, without what was held.
            if hold.is_ordered:
                assert isinstance(answer, Refusal) and answer.reason is Reason.WRONG_STATE, answer
            else:
                hold.is_ordered = self.take_order(order.order_id, hold.items, answer, plan)
                hold.version += hold.is_ordered
            return
        hold = self.changed(name, answer)
        if hold is None:
            return
        if isinstance(answer, Refusal):
            assert answer.reason is Reason.NO_STOCK and not hold.is_planned, answer
            return
        assert plan is not None
        if hold.is_planned:
            assert units_of(plan) == hold.units
        self.note_order(order.order_id, hold.items, plan, freed=hold.units)
        hold.version, hold.state = hold.version + 1, CONFIRMED

    @rule(n=names, to=st.none() | names, at=st.none() | places)
    def transfer(self, n: int, to: int | None, at: str | None) -> None:
        name, target = self.name(n), self.name(to) if to is not None else ""
        request = Reservations.TransferReservationRequest(
            reservation_id=name, target_reservation_id=target, target_location_id=at or ""
        )
        answer = self.write("TransferReservation", request)
        if target == name and at is None:
            assert isinstance(answer, Refusal)
            assert answer.reason in (Reason.INVALID_FIELD, Reason.UNKNOWN_RESERVATION)
            return
        taker = self.model.holds.get(target)
        if isinstance(answer, Refusal) and target and (taker is None or taker.state != ACTIVE):
            # Of the one that gives or the one that takes: both are looked at.
            assert answer.reason in (Reason.UNKNOWN_RESERVATION, Reason.WRONG_STATE, Reason.NO_STOCK)
            return
        giver = self.changed(name, answer)
        if giver is None:
            return
        missing = {
            item: quantity - giver.units[on_hand(item, at)] - max(0, self.model.left(on_hand(item, at)))
            for item, quantity in giver.items.items()
            if at is not None
        }
        if isinstance(answer, Refusal):
            assert answer.reason is Reason.NO_STOCK and any(short > 0 for short in missing.values()), answer
            return
        assert not any(short > 0 for short in missing.values())
        items = Counter(giver.items)
        giver.version, giver.is_planned = giver.version + 1, False
        if target != name:
            giver.state = RELEASED
        if target and target != name:
            assert taker is not None
            taker.items, taker.version, taker.is_planned = taker.items + items, taker.version + 1, False
        elif not target:
            self.model.holds[request.request_id] = HoldModel(items, giver.expires_unix_ms, Counter(), is_planned=False)
        self.see_holds()

    @precondition(lambda self: self.model.holds)
    @rule(n=any_number)
    def read_reservation(self, n: int) -> None:
        self.read_hold(list(self.model.holds)[n % len(self.model.holds)])

    def read_hold(self, name: str) -> None:
        hold = self.model.holds[name]
        request = Reservations.GetReservationRequest(reservation_id=name, min_position=self.position)
        found = self.ask("GetReservation", request).reservation
        assert (found.state, found.version) == (hold.state, hold.version)
        assert found.expires_at.ToMilliseconds() == hold.expires_unix_ms

    # -- time

    @rule(ahead=st.sampled_from((1, 5, 20, 45, 25 * 60)))
    def move_clock(self, ahead: int) -> None:
        """Holds whose end has come are ended by whichever engine sees it first; a day on, ids are not remembered any more."""
        for room in self.rooms:
            room.clock.ahead_minutes += ahead
        due = [name for name, hold in self.model.active().items() if hold.expires_unix_ms <= self.now()]
        for name in due:
            request = Reservations.GetReservationRequest(reservation_id=name)
            wait_until(lambda request=request: self.ask("GetReservation", request).reservation.state == EXPIRED)
            hold = self.model.holds[name]
            hold.version, hold.state = hold.version + 1, EXPIRED
            found = self.ask("GetReservation", request)
            self.position = max(self.position, found.position, key=lambda each: tuple(map(int, each.split("-"))))

    # -- requests

    @precondition(lambda self: self.recorded)
    @rule(n=any_number)
    def repeat(self, n: int) -> None:
        """The same answer, whatever has happened since."""
        method, request, answer = self.recorded[list(self.recorded)[n % len(self.recorded)]]
        again = self.ask(method, request)
        assert not isinstance(again, Refusal), again
        assert again.duplicate
        again.duplicate = False
        assert again == answer

    @precondition(lambda self: self.recorded)
    @rule(n=any_number)
    def reuse(self, n: int) -> None:
        """The id of what is recorded, with other content."""
        method, request, _ = self.recorded[list(self.recorded)[n % len(self.recorded)]]
        other = type(request)()
        other.CopyFrom(request)
        match method:
            case "AdjustInventory":
                other.records[0].quantity += 1
            case "CreateReservation":
                other.basket.lines[0].quantity += 1
            case "ExtendReservation":
                other.time_to_live.seconds += 60
            case "ReleaseReservation" | "TransferReservation":
                other.lines.add(line_id="other", quantity=1)
            case _:
                other.order.order_id += "x"
        answer = self.ask(method, other)
        assert isinstance(answer, Refusal) and answer.reason is Reason.REQUEST_ID_REUSED, answer

    @rule(n=any_number, is_recorded=st.booleans())
    def call_off(self, n: int, is_recorded: bool) -> None:
        target = self.new_id()
        if is_recorded and self.recorded:
            target = list(self.recorded)[n % len(self.recorded)]
        request = Sourcing.CancelRequestRequest(request_id=self.new_id(), target_request_id=target, min_position=self.position)
        answer = self.ask("CancelRequest", request)
        if target in self.recorded:
            assert isinstance(answer, Refusal) and answer.reason is Reason.WRONG_STATE, answer
            return
        assert answer.status == Sourcing.REQUEST_STATUS_UNKNOWN
        self.position = answer.position
        self.cancelled.add(target)
        again = self.ask("CancelRequest", request)
        assert (again.status, again.position, again.duplicate) == (answer.status, answer.position, True)

    @precondition(lambda self: self.cancelled)
    @rule(n=any_number, asked=wanted)
    def come_late(self, n: int, asked: dict[int, int]) -> None:
        """What was called off does nothing any more."""
        target, order = sorted(self.cancelled)[n % len(self.cancelled)], self.order()
        order.basket.CopyFrom(self.basket(self.asked_items(asked)))
        answer = self.ask(
            "SourceOrder", Sourcing.SourceOrderRequest(request_id=target, order=order, min_position=self.position)
        )
        assert isinstance(answer, Refusal) and answer.reason is Reason.REQUEST_CANCELLED, answer

    @rule(n=any_number)
    def read_request(self, n: int) -> None:
        known = [*self.recorded, *sorted(self.cancelled), self.new_id()]
        target = known[n % len(known)]
        answer = self.ask("GetRequest", Sourcing.GetRequestRequest(target_request_id=target, min_position=self.position))
        if target in self.recorded:
            method, _, recorded = self.recorded[target]
            assert (answer.status, answer.method) == (Sourcing.REQUEST_STATUS_RECORDED, method)
            assert answer.position == recorded.position
        else:
            assert (answer.status, answer.cancelled) == (Sourcing.REQUEST_STATUS_UNKNOWN, target in self.cancelled)

    # -- what is always so

    @invariant()
    def availability_is_the_models(self) -> None:
        if not self.position:
            return
        request = Inventory.GetAvailabilityRequest(item_ids=self.items, location_ids=LOCATIONS, min_position=self.position)
        minute_before = self.minute()
        answer = self.ask("GetAvailability", request)
        assert not isinstance(answer, Refusal), answer
        moments = minute_before, self.minute()
        assert not answer.stale
        rows = {(row.item_id, row.location_id): row for row in answer.availabilities}
        assert len(rows) == len(self.items) * len(LOCATIONS)
        for (item, location), row in rows.items():
            cell = on_hand(item, location)
            expected = self.model.supply[cell], self.model.reserved(cell), self.model.allocated(cell), self.model.left(cell)
            receipts = self.model.receipts(item, location)
            available = [
                expected[3] + sum(max(0, self.model.left(each)) for each in receipts if self.model.arrives[each] <= moment)
                for moment in moments
            ]
            assert (row.on_hand, row.reserved, row.allocated) == expected[:3], (item, location)
            assert row.available in available, (item, location)
            in_the_end = expected[3] + sum(max(0, self.model.left(each)) for each in receipts)
            assert row.windows[-1].quantity == max(0, in_the_end), (item, location)
        self.see_holds()


@pytest.mark.parametrize(
    ("examples", "steps"),
    [(100, 50), pytest.param(400, 80, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])],
)
def test_interface_does_as_the_dictionaries(tmp_path: Path, examples: int, steps: int) -> None:
    records = replace(small_records(), items=tuple(Item(f"i{n}") for n in range(ITEM_COUNT)))
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    numbers = count()
    with ExitStack() as stack, structlog.testing.capture_logs() as logs:
        valkey = stack.enter_context(ValkeyServer())
        stack.enter_context(RunningSidecar(valkey.url, ledger_url))
        rooms = [stack.enter_context(opened(valkey.url, ledger_url, tmp_path, records)) for _ in range(2)]
        run_state_machine_as_test(
            lambda: Interface(rooms, numbers),
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, database=None, derandomize=True,
                suppress_health_check=list(HealthCheck), print_blob=True,
            ),
        )  # fmt: skip
        report = Auditor(valkey.url, PARTITION, ledger_url, SystemClock()).run()
        assert report.is_clean and report.entries > examples
    assert [line for line in logs if line["log_level"] in ("error", "critical")] == []
