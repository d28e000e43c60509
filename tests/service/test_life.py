"""The life of orders against dictionaries: every method that changes one, in any order, on two engines in turn, and what ends
by itself as time passes.

After each step stock, capacity and every order's shipments and state are those of the model. Where to source from is the
engine's to choose: the model says where it may.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog
from belofte.v1 import inventory_service_pb2, order_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from engine.domain.clock import SystemClock
from engine.domain.enums import CapacityUnit
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.order_record import instant
from engine.ledger.audit import Auditor
from engine.ledger.database import open_database, write_to
from engine.ledger.projection import project_anew
from engine.network.records import Item
from tests.ledger.test_order_list import rows_of
from tests.network.small_network import small_records
from tests.service.life_model import (
    CANCELLED,
    COLLECTED,
    DECLINED,
    MOVES,
    OPEN,
    PLANNED,
    READY,
    SHIPPED,
    Life,
    Order,
    Shipment,
    Units,
    packed,
)
from tests.service.room import Room, opened
from tests.sidecars import RunningSidecar
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer

ITEM_COUNT = 2_000
SENDING, STORE = ("ams", "ehv"), "nyc"
HOME = types_pb2.Destination(country_code="NL", postal_code="1012")
SERVICES = {"SourceOrder": "SourcingService", "ReassignShipment": "SourcingService", "AdjustInventory": "InventoryService"}
MODULES = {"SourcingService": sourcing_service_pb2, "InventoryService": inventory_service_pb2}
few, which = st.integers(1, 5), st.integers(0, 1_000_000)
some = st.lists(few, min_size=1, max_size=2)
parts = st.sampled_from((0, 0, 1, 2))
reasons = st.sampled_from(("", "", "PAYMENT", "FRAUD_CHECK", "REMORSE"))
ENDED_SECONDS_MAX = 30.0


class LifeMachine(RuleBasedStateMachine):
    """Each example has two items and its orders for itself."""

    def __init__(self, rooms: list[Room], examples: Iterator[int]) -> None:
        super().__init__()
        self.rooms, self.turn = rooms, 0
        n = next(examples)
        self.items = f"i{2 * n}", f"i{2 * n + 1}"
        self.prefix, self.number = f"e{n}", count()
        self.model = Life()
        self.position = ""
        self.work_before = 0
        self.has_passed = False
        self.returns: list[tuple[str, str, str, int]] = []
        """(return, order, line, units to come)."""

    # -- asking

    def ask(self, method: str, **fields: Any) -> Any:
        """One call to the engine whose turn it is: its answer, or the refusal."""
        self.turn += 1
        service = SERVICES.get(method, "OrderService")
        module = MODULES.get(service, order_service_pb2)
        kind = getattr(module, method + "Request")
        if "request_id" in kind.DESCRIPTOR.fields_by_name:
            fields.setdefault("request_id", uuid7())
        request = kind(min_position=self.position, **fields)
        room = self.rooms[self.turn % len(self.rooms)]
        answer = room.ask(f"/belofte.v1.{service}/{method}", request.SerializeToString())
        if isinstance(answer, Refusal):
            return answer
        found = getattr(module, method + "Response").FromString(answer)
        if "request_id" in fields:
            self.position = found.position
        return found

    def see(self) -> Any:
        """What the first engine has in stock, once it has seen everything."""
        request = inventory_service_pb2.GetAvailabilityRequest(item_ids=self.items, min_position=self.position)
        answer = self.rooms[0].ask("/belofte.v1.InventoryService/GetAvailability", request.SerializeToString())
        assert isinstance(answer, bytes), answer
        return inventory_service_pb2.GetAvailabilityResponse.FromString(answer).availabilities

    def order(self, n: int) -> tuple[str, Order]:
        order_id = list(self.model.orders)[n % len(self.model.orders)]
        return order_id, self.model.orders[order_id]

    # -- stock and orders

    @initialize(a=few, b=few, c=few)
    def begin(self, a: int, b: int, c: int) -> None:
        for item in self.items:
            self.count(item, "ams", a)
            self.count(item, "ehv", b)
            self.count(item, STORE, c)
        self.see()
        self.work_before = work_at(self.rooms[0])

    def count(self, item: str, location: str, quantity: int) -> None:
        record = types_pb2.InventoryRecord(
            item_id=item, location_id=location, quantity=quantity, kind=types_pb2.INVENTORY_KIND_ADJUST
        )
        assert self.ask("AdjustInventory", records=[record]).accepted_count == 1
        self.model.supply[item, location] += quantity

    @rule(item=st.integers(0, 1), location=st.sampled_from((*SENDING, STORE)), quantity=few)
    def stock(self, item: int, location: str, quantity: int) -> None:
        self.count(self.items[item], location, quantity)

    @rule(units=some, is_collected=st.booleans(), reason=reasons, ends=st.booleans(), is_exchange=st.booleans())
    def source(self, units: list[int], is_collected: bool, reason: str, ends: bool, is_exchange: bool) -> None:
        order_id = f"{self.prefix}-o{next(self.number)}"
        items = {str(n): self.items[n] for n in range(len(units))}
        wanted = {str(n): quantity for n, quantity in enumerate(units)}
        lines = [self.line(line, items[line], quantity, is_collected) for line, quantity in wanted.items()]
        order = types_pb2.Order(order_id=order_id, basket=types_pb2.Basket(lines=lines, destination=HOME))
        order.hold_reason = reason
        if reason and ends:
            order.hold_until.CopyFrom(self.soon())
        is_exchange = is_exchange and bool(self.returns)
        if is_exchange:
            order.exchange_return_id = self.returns[-1][0]
            order.basket.ClearField("destination")  # that of the first order
        answer = self.ask("SourceOrder", order=order)
        places = (STORE,) if is_collected else SENDING
        there = {line: sum(self.model.free(items[line], place) for place in places) for line in wanted}
        if any(there[line] < quantity for line, quantity in wanted.items()):
            assert_refused(answer, Reason.NO_STOCK, Reason.RESTRICTED)
            return
        if is_exchange and isinstance(answer, Refusal):
            # What was promised then, from its minute on, may be more than can be promised from this one on.
            assert_refused(answer, Reason.NO_ROUTE, Reason.PROMISE_UNREACHABLE, Reason.RESTRICTED)
            return
        assert not isinstance(answer, Refusal), answer
        found = shipments_of(answer.plan)
        ids = [each.shipment_id for each in answer.plan.shipments]
        made = Order(items, wanted, ids, [], held=bool(reason), ends=bool(reason) and ends)
        self.note_planned(made, found, wanted)
        made.shipments = found
        self.model.orders[order_id] = made

    def line(self, line_id: str, item: str, quantity: int, is_collected: bool) -> types_pb2.BasketLine:
        line = types_pb2.BasketLine(line_id=line_id, item_id=item, quantity=quantity, unit_price_micros=1_000_000)
        if is_collected:
            line.delivery_method, line.pickup_location_id = types_pb2.DELIVERY_METHOD_PICKUP, STORE
        return line

    def note_planned(self, order: Order, found: list[Shipment], wanted: Units) -> None:
        """What was sourced now: as much as was wanted, of what was free, where it may come from."""
        total: Counter[str] = Counter()
        taken: Counter[tuple[str, str]] = Counter()
        for each in found:
            assert each.state == PLANNED
            for line, quantity in each.units:
                assert (line, each.location) not in order.declined
                total[line] += quantity
                taken[order.items[line], each.location] += quantity
                self.model.work[each.location] += quantity
        assert total == Counter({line: quantity for line, quantity in wanted.items() if quantity}), (found, wanted)
        for (item, location), quantity in taken.items():
            assert quantity <= self.model.free(item, location), (item, location, quantity)

    # -- one shipment

    @precondition(lambda self: self.model.orders)
    @rule(
        n=which, s=which, part=parts, line=st.integers(0, 1),
        method=st.sampled_from(("AcceptShipment", "ShipShipment", "DeliverShipment", "MarkReadyForPickup", "CollectShipment")),
    )  # fmt: skip
    def go_on(self, n: int, s: int, part: int, line: int, method: str) -> None:
        """A shipment, or a part of it, goes on to its next state, if it can."""
        order_id, order = self.order(n)
        at = s % len(order.ids)
        shipment = order.shipments[at]
        fields: dict[str, Any] = {"order_id": order_id, "shipment_id": order.ids[at]}
        if method == "MarkReadyForPickup":
            fields["keep_until"] = self.soon()
        asked: Units = {}
        if part and method in ("ShipShipment", "CollectShipment"):
            asked = {str(line): part}
            fields["lines"] = [order_service_pb2.LineQuantity(line_id=str(line), quantity=part)]
        answer = self.ask(method, **fields)
        after = MOVES[method].get((shipment.state, shipment.way))
        if not order.takes(method) or after is None or not covers(order, shipment, asked):
            assert_refused(answer)
            return
        gone = asked or dict(shipment.units)
        rest = less(shipment, gone)
        order.shipments[at] = shipment.part(gone, after)
        if rest:
            order.shipments.append(shipment.part(rest, shipment.state))
        if after in (SHIPPED, COLLECTED):
            for each, quantity in gone.items():
                self.model.supply[order.items[each], shipment.location] -= quantity
        self.check_order(order_id, answer.order)

    @precondition(lambda self: self.model.orders)
    @rule(n=which, s=which, part=parts, line=st.integers(0, 1), reason=st.sampled_from(("TOO_BUSY", "DAMAGED")))
    def decline(self, n: int, s: int, part: int, line: int, reason: str) -> None:
        order_id, order = self.order(n)
        at = s % len(order.ids)
        shipment = order.shipments[at]
        line_id = str(line)
        asked = order_service_pb2.DeclinedLine(line_id=line_id, quantity=part, reason=reason)
        answer = self.ask("DeclineShipmentLines", order_id=order_id, shipment_id=order.ids[at], lines=[asked])
        units = {line_id: part or shipment.of(line_id)}
        is_open = (shipment.state, shipment.way) in MOVES["DeclineShipmentLines"]
        if not order.takes("DeclineShipmentLines") or not is_open or not covers(order, shipment, units):
            assert_refused(answer)
            return
        quantity = units[line_id]
        self.end_part(order, at, units, DECLINED)
        order.declined.add((line_id, shipment.location))
        item = order.items[line_id]
        places = SENDING if shipment.way == "SHIP" else (STORE,)
        free = sum(self.model.free(item, place) for place in places if (line_id, place) not in order.declined)
        if reason == "DAMAGED":
            self.model.supply[item, shipment.location] -= quantity
        found = self.new_shipments(order, answer.order)
        placed = min(free, quantity)
        self.note_planned(order, found, {line_id: placed})
        order.shipments += found
        order.cancelled[line_id] += quantity - placed
        assert sum(each.short_quantity for each in answer.cancelled_lines) == quantity - placed
        self.check_order(order_id, answer.order)

    @precondition(lambda self: self.model.orders)
    @rule(n=which, s=which, location=st.sampled_from(SENDING))
    def reassign(self, n: int, s: int, location: str) -> None:
        order_id, order = self.order(n)
        at = s % len(order.ids)
        shipment = order.shipments[at]
        answer = self.ask(
            "ReassignShipment", order_id=order_id, shipment_id=order.ids[at], location_id=location, allow_late=True
        )
        is_open = (shipment.state, shipment.way) in MOVES["ReassignShipment"]
        there = all(self.model.free(order.items[line], location) >= quantity for line, quantity in shipment.units)
        can = shipment.way == "SHIP" and location != shipment.location and there
        if not order.takes("ReassignShipment") or not is_open or not can:
            assert_refused(answer, Reason.WRONG_STATE, Reason.NO_STOCK, Reason.RESTRICTED, Reason.NO_ROUTE)
            return
        units = dict(shipment.units)
        self.end_part(order, at, units, CANCELLED)
        read = self.ask("GetOrder", order_id=order_id).order
        found = self.new_shipments(order, read)
        order.declined, kept = set(), order.declined
        self.note_planned(order, found, units)
        order.declined = kept
        assert {each.location for each in found} == {location}
        order.shipments += found
        self.check_order(order_id, read)

    def end_part(self, order: Order, at: int, units: Units, state: int) -> None:
        """Units of a shipment are nobody's any more: a shipment of their own, where others are left in it."""
        shipment = order.shipments[at]
        rest = less(shipment, units)
        if shipment.state in OPEN:
            self.model.work[shipment.location] -= sum(units.values())
        if rest:
            order.shipments[at] = shipment.part(rest, shipment.state)
            order.shipments.append(shipment.part(units, state))
        else:
            order.shipments[at] = shipment.part(units, state)

    def new_shipments(self, order: Order, left: types_pb2.Order) -> list[Shipment]:
        """Those of an answer that the model does not have yet."""
        return shipments_of(left.plan)[len(order.shipments) :]

    # -- the whole order

    @precondition(lambda self: self.model.orders)
    @rule(n=which, reason=reasons, ends=st.booleans())
    def hold(self, n: int, reason: str, ends: bool) -> None:
        """Held for a reason, or released where there is none."""
        order_id, order = self.order(n)
        method = "HoldOrder" if reason else "ReleaseOrder"
        fields: dict[str, Any] = {"hold_reason": reason} if reason else {}
        if reason and ends:
            fields["hold_until"] = self.soon()
        answer = self.ask(method, order_id=order_id, **fields)
        if not order.takes(method):
            assert_refused(answer)
            return
        order.held, order.ends = bool(reason), bool(reason) and ends
        self.check_order(order_id, answer.order)

    def soon(self) -> Timestamp:
        """Before the next time that time passes."""
        return instant(self.rooms[0].clock.unix_ms() + 30 * 60_000)

    @precondition(lambda self: not self.has_passed and any(order.is_waiting() for order in self.model.orders.values()))
    @rule()
    def time_passes(self) -> None:
        """Half an hour: holds end, and what nobody has collected is back in stock. Once an example, since it takes a second."""
        self.has_passed = True
        for room in self.rooms:
            room.clock.ahead_minutes += 31
        for order_id, order in self.model.orders.items():
            if not order.is_waiting():
                continue
            order.time_is_up()
            left = self.ask("GetOrder", order_id=order_id).order
            give_up_at = time.monotonic() + ENDED_SECONDS_MAX
            while shipments_of(left.plan) != order.shipments or bool(left.hold_reason) != order.held:
                assert time.monotonic() < give_up_at, (order, left)
                time.sleep(0.05)
                left = self.ask("GetOrder", order_id=order_id).order
            # Two things may have ended, and a milestone may have been missed.
            assert left.version - order.version in (1, 2, 3)
            order.version = left.version - 1
            self.check_order(order_id, left)
            self.position = self.ask("ListOrderEvents", order_id=order_id).events[-1].position

    @precondition(lambda self: self.model.orders)
    @rule(n=which, line=st.integers(0, 1), quantity=st.integers(0, 3), is_all=st.booleans())
    def cancel(self, n: int, line: int, quantity: int, is_all: bool) -> None:
        order_id, order = self.order(n)
        lines = [] if is_all else [order_service_pb2.LineQuantity(line_id=str(line), quantity=quantity)]
        answer = self.ask("CancelOrder", order_id=order_id, lines=lines)
        there = {each: order.open(each) + ready(order, each) for each in order.items}
        asked = {each: there[each] for each in order.items} if is_all else {str(line): quantity or there.get(str(line), 0)}
        is_known = all(each in order.items for each in asked)
        enough = is_known and all(quantity <= there[each] for each, quantity in asked.items()) and any(asked.values())
        if not order.takes("CancelOrder") or not enough:
            assert_refused(answer, Reason.WRONG_STATE, Reason.UNKNOWN_LINE)
            return
        for each, units in asked.items():
            self.take_back(order, each, units)
            order.cancelled[each] += units
        self.check_order(order_id, answer.order)

    def take_back(self, order: Order, line: str, units: int) -> None:
        """What was planned last first, what is ready last of all."""
        waiting = [at for at, each in enumerate(order.shipments) if each.state in OPEN or each.state == READY]
        for at in sorted(waiting, key=lambda at: (order.shipments[at].state, -at)):
            taken = min(units, order.shipments[at].of(line))
            if taken:
                self.end_part(order, at, {line: taken}, CANCELLED)
                units -= taken
        assert not units

    @precondition(lambda self: self.model.orders)
    @rule(n=which, line=st.integers(0, 1), quantity=few)
    def change(self, n: int, line: int, quantity: int) -> None:
        order_id, order = self.order(n)
        line_id = str(line)
        is_collected = order.shipments[0].way == "PICKUP"
        asked = self.line(line_id, self.items[line], quantity, is_collected)
        answer = self.ask("ChangeOrder", order_id=order_id, lines=[asked], allow_repromise=True)
        fixed = order.left(line_id) + ready(order, line_id)
        target, places = quantity - fixed, (STORE,) if is_collected else SENDING
        free = sum(self.model.free(self.items[line], place) for place in places if (line_id, place) not in order.declined)
        more = target - order.open(line_id)
        if not order.takes("ChangeOrder") or target < 0 or more > free:
            assert_refused(answer, Reason.WRONG_STATE, Reason.NO_STOCK, Reason.RESTRICTED)
            return
        order.items[line_id] = self.items[line]
        order.cancelled[line_id] = 0
        order.wanted[line_id] = quantity
        if more > 0:
            found = self.new_shipments(order, answer.order)
            self.note_planned(order, found, {line_id: more})
            order.shipments += found
        elif more < 0:
            self.take_back(order, line_id, -more)
        self.check_order(order_id, answer.order)

    # -- returns

    @precondition(lambda self: self.model.orders)
    @rule(n=which, line=st.integers(0, 1), quantity=few)
    def send_back(self, n: int, line: int, quantity: int) -> None:
        order_id, order = self.order(n)
        line_id = str(line)
        asked = order_service_pb2.ReturnLine(line_id=line_id, quantity=quantity, reason="TOO_SMALL")
        answer = self.ask("CreateReturn", order_id=order_id, lines=[asked], location_id="ehv", origin=HOME)
        if not order.takes("CreateReturn") or quantity > order.left(line_id) - order.returned[line_id]:
            assert_refused(answer, Reason.WRONG_STATE, Reason.UNKNOWN_LINE)
            return
        order.returned[line_id] += quantity
        order.version += 1
        self.returns.append((answer.return_record.return_id, order_id, line_id, quantity))

    @precondition(lambda self: self.returns)
    @rule(n=which, quantity=few, is_sold=st.booleans())
    def receive(self, n: int, quantity: int, is_sold: bool) -> None:
        at = n % len(self.returns)
        return_id, order_id, line_id, to_come = self.returns[at]
        disposition = order_service_pb2.RETURN_DISPOSITION_RESELL if is_sold else order_service_pb2.RETURN_DISPOSITION_SCRAP
        got = order_service_pb2.ReturnLine(line_id=line_id, received_quantity=quantity, disposition=disposition)
        answer = self.ask("ReceiveReturn", return_id=return_id, lines=[got])
        if quantity > to_come:
            assert_refused(answer)
            return
        order = self.model.orders[order_id]
        if is_sold:
            self.model.supply[order.items[line_id], "ehv"] += quantity
        order.version += 1
        self.returns[at] = return_id, order_id, line_id, to_come - quantity

    @precondition(lambda self: self.returns)
    @rule(n=which)
    def pay_back(self, n: int) -> None:
        return_id, order_id, line_id, to_come = self.returns.pop(n % len(self.returns))
        answer = self.ask("RefundReturn", return_id=return_id)
        announced = self.ask("GetOrder", order_id=order_id).returns
        (known,) = [each for each in announced if each.return_id == return_id]
        received = known.lines[0].received_quantity
        if not received:
            assert_refused(answer)
            self.returns.append((return_id, order_id, line_id, to_come))
            return
        assert answer.return_record.refund_micros == received * 1_000_000
        self.model.orders[order_id].version += 1

    # -- what is always so

    def check_order(self, order_id: str, left: types_pb2.Order) -> None:
        """The order of an answer is the model's, and so is what is read of it."""
        order = self.model.orders[order_id]
        order.version += 1
        assert shipments_of(left.plan) == order.shipments, (order_id, left.plan)
        order.ids = [each.shipment_id for each in left.plan.shipments]
        assert len(set(order.ids)) == len(order.ids)
        assert types_pb2.OrderState.Name(left.state) == f"ORDER_STATE_{order.state()}"
        # A milestone that was missed meanwhile is a change as well.
        assert left.version - order.version in (0, 1)
        order.version = left.version
        cancelled = Counter[str]()
        for each in left.cancelled_lines:
            cancelled[each.line_id] += each.short_quantity
        assert +cancelled == +order.cancelled
        total: Counter[str] = Counter()
        for each_state in left.line_units:
            total[each_state.line_id] += each_state.quantity
        assert total == Counter({line: quantity for line, quantity in order.wanted.items() if quantity})
        read = self.ask("GetOrder", order_id=order_id).order
        if read.version != left.version:
            # A milestone was missed since.
            assert read.HasField("at_risk_since") and read.version == left.version + 1
            order.version = read.version
            for each in (read, left):
                for name in ("version", "updated_at", "at_risk_since"):
                    each.ClearField(name)
        assert read == left

    @invariant()
    def stock_and_capacity_are_the_models(self) -> None:
        if not self.position:
            return
        for row in self.see():
            expected = self.model.supply[row.item_id, row.location_id], self.model.demand(row.item_id, row.location_id)
            assert (row.on_hand, row.allocated) == expected, (row.item_id, row.location_id)
        assert work_at(self.rooms[0]) - self.work_before == self.model.work["ams"]


def shipments_of(plan: types_pb2.Plan) -> list[Shipment]:
    found = []
    for each in plan.shipments:
        units: Counter[str] = Counter()
        for line in each.lines:
            units[line.line_id] += line.quantity
        way = "PICKUP" if each.route == types_pb2.ROUTE_PICKUP else "SHIP"
        found.append(Shipment(each.location_id, way, int(each.state), packed(dict(units))))
    return found


def covers(order: Order, shipment: Shipment, units: Units) -> bool:
    """Whether a shipment has these units; no units: it is asked for as a whole."""
    return all(line in order.items and 0 < quantity <= shipment.of(line) for line, quantity in units.items())


def less(shipment: Shipment, units: Units) -> Units:
    left = {line: quantity - units.get(line, 0) for line, quantity in shipment.units}
    return {line: quantity for line, quantity in left.items() if quantity}


def ready(order: Order, line: str) -> int:
    return sum(each.of(line) for each in order.shipments if each.state == READY)


def assert_refused(answer: Any, *reasons: Reason) -> None:
    assert isinstance(answer, Refusal), answer
    assert answer.reason in (reasons or (Reason.WRONG_STATE, Reason.UNKNOWN_LINE)), answer


def work_at(room: Room) -> int:
    """Units of capacity taken at `ams`, on whatever days."""
    stock = room.engine._path.stock
    assert stock is not None
    return int(stock.capacity_used[stock.location_index["ams"]].sum())


@pytest.mark.parametrize(
    ("examples", "steps"),
    [(40, 40), pytest.param(600, 80, marks=[pytest.mark.long, pytest.mark.timeout(3_600)])],
)
def test_the_life_of_orders_is_that_of_the_dictionaries(tmp_path: Path, examples: int, steps: int) -> None:
    records = small_records()
    ams = replace(records.locations[0], capacity_per_day=100_000, capacity_unit=CapacityUnit.UNITS)
    items = tuple(Item(f"i{n}") for n in range(ITEM_COUNT))
    records = replace(records, items=items, locations=(ams, *records.locations[1:]))
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    numbers = count()
    with ExitStack() as stack, structlog.testing.capture_logs() as logs:
        valkey = stack.enter_context(ValkeyServer())
        stack.enter_context(RunningSidecar(valkey.url, ledger_url))
        rooms = [stack.enter_context(opened(valkey.url, ledger_url, tmp_path, records)) for _ in range(2)]
        run_state_machine_as_test(
            lambda: LifeMachine(rooms, numbers),
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, database=None, derandomize=True,
                suppress_health_check=list(HealthCheck), print_blob=True,
            ),
        )  # fmt: skip
        report = Auditor(valkey.url, PARTITION, ledger_url, SystemClock()).run()
        assert report.is_clean and report.entries > examples
    assert [line for line in logs if line["log_level"] in ("error", "critical")] == []
    database = open_database(ledger_url)
    with database.connect() as connection:
        before = rows_of(connection)
    with write_to(database) as connection:
        project_anew(connection)
    with database.connect() as connection:
        assert rows_of(connection) == before
    database.dispose()
