"""SimulateSourcing: the same orders on two copies of the live stock, as it is and as it would be, by the real decisions.

A thread of its own plans each order on what those before it left, first on the copy that nothing was changed of, then on the
other. Nothing real is touched: what is held is held on the copies, and what they are made of is read once, between two batches.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import structlog
from belofte.v1 import sourcing_service_pb2, types_pb2
from google.protobuf.duration_pb2 import Duration

from engine.domain.basket import Basket
from engine.domain.enums import Term
from engine.domain.plan import Plan
from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.draft import OrderRecord
from engine.inventory.fork import StockFork, home_index
from engine.inventory.live import LiveStock
from engine.inventory.write_path import fault
from engine.kernels.tariffs import PPM
from engine.network.image import NetworkImage
from engine.optimizer.assemble import shipment_hold
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import Scene, set_scene
from engine.service.decode import decode_basket
from engine.service.desk import Call
from engine.service.encode import encode_plan
from engine.service.errors import refusal_message
from engine.service.fields import (
    Violations,
    begin_read,
    check_count,
    check_id,
    check_range,
    index_of_item,
    index_of_location,
    indexes_of,
    parse,
)
from engine.service.outflow import Outflow
from engine.service.reroute import IDS_MAX, SECONDS_DEFAULT, SECONDS_MAX, check_filter, in_desk, live_stock, selected
from engine.service.reroute_orders import fork_of, opened

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

Request = sourcing_service_pb2.SimulateSourcingRequest
Response = sourcing_service_pb2.SimulateSourcingResponse
Result = sourcing_service_pb2.SimulationResult
Totals = sourcing_service_pb2.SimulationTotals
ABSOLUTE = (types_pb2.INVENTORY_KIND_ON_HAND, types_pb2.INVENTORY_KIND_COUNT)
ORDERS_MAX, RECORDED_MAX = 1_000, 10_000
CAPACITY_MAX = 10**9
WEIGHT_MAX = 1_000.0
PROGRESS_SECONDS = 0.5


def simulate(h: "Handlers", call: Call) -> bytes:
    """SimulateSourcing. Raises `Refusal`."""
    request = parse(Request, call.message)
    _check(h, request)
    assert call.flow is not None, "the front has a stream for it"
    job = _Job(h, request, call.flow)
    if call.flow.attach(job.cancelled.set):
        threading.Thread(target=job.run, name="belofte-simulate", daemon=True).start()
    return b""


def _check(h: "Handlers", request: sourcing_service_pb2.SimulateSourcingRequest) -> None:
    wrong = begin_read(request, h.image)
    scenario = request.scenario
    if scenario.scenario_id:
        wrong.add_unbuilt("scenario.scenario_id")
    if check_count(scenario.disabled_location_ids, "scenario.disabled_location_ids", IDS_MAX, wrong):
        indexes_of(scenario.disabled_location_ids, "scenario.disabled_location_ids", h.image, wrong)
    if check_count(scenario.inventory, "scenario.inventory", IDS_MAX, wrong):
        for i, record in enumerate(scenario.inventory):
            _check_record(h.image, record, f"scenario.inventory[{i}]", wrong)
    if check_count(scenario.capacity_per_day, "scenario.capacity_per_day", IDS_MAX, wrong):
        for location_id, quantity in scenario.capacity_per_day.items():
            index_of_location(location_id, f"scenario.capacity_per_day[{location_id[:40]!r}]", h.image, wrong)
            check_range(quantity, f"scenario.capacity_per_day[{location_id[:40]!r}]", 0, CAPACITY_MAX, wrong)
    terms = {term.value for term in Term}
    for name, weight in scenario.weights.items():
        if name not in terms or not 0 <= weight <= WEIGHT_MAX:
            wrong.add(f"scenario.weights[{name[:40]!r}]", f"a term of costs, from 0 to {WEIGHT_MAX:g}, was expected")
    if check_count(request.orders, "orders", ORDERS_MAX, wrong):
        for i, order in enumerate(request.orders):
            check_id(order.order_id, f"orders[{i}].order_id", wrong)
    if request.HasField("filter"):
        check_filter(h, request.filter, wrong)
    if not request.orders and not request.HasField("filter"):
        wrong.add("orders", "orders, or a filter of recorded ones, were expected")
    seconds = request.max_duration.ToTimedelta().total_seconds() if request.HasField("max_duration") else SECONDS_DEFAULT
    if not 0 < seconds <= SECONDS_MAX:
        wrong.add("max_duration", f"more than 0 and at most {SECONDS_MAX:g} s were expected")
    wrong.check()


def _check_record(image: NetworkImage, record: types_pb2.InventoryRecord, path: str, wrong: Violations) -> None:
    index_of_item(record.item_id, f"{path}.item_id", image, wrong)
    index_of_location(record.location_id, f"{path}.location_id", image, wrong)
    if record.kind in ABSOLUTE:
        check_range(record.quantity, f"{path}.quantity", 0, CAPACITY_MAX, wrong)
    elif record.kind == types_pb2.INVENTORY_KIND_ADJUST:
        check_range(record.quantity, f"{path}.quantity", -CAPACITY_MAX, CAPACITY_MAX, wrong)
    else:
        wrong.add(f"{path}.kind", "ON_HAND, COUNT or ADJUST was expected")
    if record.receipt_id or record.pool:
        wrong.add(path, "what is on hand in the common pool was expected")


class _Case(NamedTuple):
    """An order to source, as it is asked for now; or why it cannot be."""

    order_id: str
    basket: Basket | Refusal
    recorded_micros: int | None = None


class _World(NamedTuple):
    """What is decided on. `weights`: of terms, in place of the policy's."""

    image: NetworkImage
    stock: StockFork
    weights: Mapping[str, float]


@dataclass
class _Job:
    """One simulation, in a thread of its own."""

    h: "Handlers"
    request: sourcing_service_pb2.SimulateSourcingRequest
    flow: Outflow
    cancelled: threading.Event = field(default_factory=threading.Event)
    told: float = 0.0
    planned: int = 0

    def run(self) -> None:
        """All of it, and the end of the stream."""
        try:
            self._run()
        except Refusal as refusal:
            self.flow.end(refusal)
        except Exception:
            structlog.get_logger("simulate").exception("a fault of the engine")
            self.flow.end(fault())

    def _run(self) -> None:
        self.started = time.monotonic()
        seconds = SECONDS_DEFAULT
        if self.request.HasField("max_duration"):
            seconds = self.request.max_duration.ToTimedelta().total_seconds()
        self.until = self.started + seconds
        h, image, scenario = self.h, self.h.image, self.request.scenario
        if self.request.min_position:
            in_desk(h, lambda: h.stock(self.request.min_position))
        refused: list[_Case] = []
        records: list[OrderRecord] = []
        if self.request.HasField("filter"):
            found = selected(h, self.request.filter, lambda order_id, refusal: refused.append(_Case(order_id, refusal)))
            for record in found:
                records.append(record)
                if len(records) > RECORDED_MAX:
                    raise Refusal(Reason.INVALID_FIELD, f"filter: at most {RECORDED_MAX} orders were expected; there are more")
        wires: list[tuple[str, types_pb2.Basket, int | None]] = [
            (each.order_id, each.basket, None) for each in self.request.orders
        ]
        wires += [(each.order.order_id, each.order.basket, each.order.plan.cost.total_micros) for each in records]
        cases = refused + [_Case(order_id, self._basket(wire), micros) for order_id, wire, micros in wires]
        items = {line.item for case in cases if isinstance(case.basket, Basket) for line in case.basket.lines}
        items |= {image.item_index[record.item_id] for record in scenario.inventory}
        result = Result(currency=image.network.currency)
        if items:
            (present, other), result.position = in_desk(
                h, lambda: ([fork_of(live_stock(h), items) for _ in range(2)], h.path.position)
            )
            for stock in (present, other):
                _give_back(stock, records)
            changed = _World(_changed_image(image, scenario), _changed_stock(image, other, scenario), dict(scenario.weights))
            self.count = 2 * len(cases)
            before = self._sourced(_World(image, present, {}), cases, "", result.present)
            after = self._sourced(changed, cases, scenario.policy_id, result.simulated)
            for case, was, now in zip(cases, before, after, strict=True):
                _tell_order(result.orders.add(order_id=case.order_id), case, was, now)
        result.cost_micros, result.shipment_count = result.simulated.cost_micros, result.simulated.shipment_count
        result.short_quantity, result.co2_grams = result.simulated.short_quantity, result.simulated.co2_grams
        self.flow.put(Response(result=result).SerializeToString())
        self.flow.complete()

    def _basket(self, wire: types_pb2.Basket) -> Basket | Refusal:
        asked = types_pb2.Basket()
        asked.CopyFrom(wire)
        asked.ClearField("request_time")
        wrong = Violations()
        try:
            basket = decode_basket(asked, "order.basket", self.h.image, self.h.now_minute(), self.h.limits.lines_max, wrong)
            wrong.check()
        except Refusal as refusal:
            return refusal
        return basket

    def _sourced(
        self, world: _World, cases: Sequence[_Case], policy_id: str, totals: sourcing_service_pb2.SimulationTotals
    ) -> list[types_pb2.Plan | Refusal]:  # fmt: skip
        """Each order on what those before it left; sums are added to `totals`."""
        answers: list[types_pb2.Plan | Refusal] = []
        loads: dict[int, list[int]] = {}
        for case in cases:
            self._step()
            if isinstance(case.basket, Refusal):
                answers.append(case.basket)
                totals.refused_order_count += 1
                continue
            basket = replace(case.basket, policy_id=policy_id) if policy_id else case.basket
            try:
                scene = _weighed(set_scene(world.image, world.stock, basket, "order.basket"), world.weights)
            except Refusal as refusal:
                answers.append(refusal)
                totals.refused_order_count += 1
                continue
            plan = decide_basket(scene, scene.services, self.h.limits.nodes_max)
            _hold(scene, world.stock, plan)
            answers.append(encode_plan(scene, plan, case.order_id, 0))
            _add(totals, basket, plan, answers[-1], loads)
        for location, (shipments, units) in sorted(loads.items()):
            totals.loads.add(location_id=world.image.location_ids[location], shipment_count=shipments, unit_quantity=units)
        return answers

    def _step(self) -> None:
        if self.cancelled.is_set() or time.monotonic() > self.until:
            raise Refusal(Reason.DEADLINE_EXCEEDED, "the simulation was cancelled, or not done within max_duration")
        self.planned += 1
        if time.monotonic() - self.told > PROGRESS_SECONDS and self.flow.has_room:
            self.told = time.monotonic()
            elapsed = Duration()
            elapsed.FromMilliseconds(int(1_000 * (self.told - self.started)))
            progress = sourcing_service_pb2.SearchProgress(
                order_count=self.count, planned_order_count=self.planned, elapsed=elapsed
            )
            self.flow.put(Response(progress=progress).SerializeToString())


def _changed_image(image: NetworkImage, scenario: sourcing_service_pb2.Scenario) -> NetworkImage:
    active, capacity = image.active.copy(), image.capacity_per_day.copy()
    for location_id in scenario.disabled_location_ids:
        active[image.location_index[location_id]] = False
    for location_id, quantity in scenario.capacity_per_day.items():
        capacity[image.location_index[location_id]] = quantity
    return replace(image, active=active, capacity_per_day=capacity)


def _changed_stock(image: NetworkImage, stock: StockFork, scenario: sourcing_service_pb2.Scenario) -> StockFork:
    places = [(image.item_index[each.item_id], image.location_index[each.location_id]) for each in scenario.inventory]
    stock = opened(stock, places)
    for record, (item, location) in zip(scenario.inventory, places, strict=True):
        at = stock.matrix.find(item, location, stock.slot_of(item, location, "", ""))
        before = 0 if record.kind in ABSOLUTE else int(stock.matrix.supply[at])
        stock.matrix.supply[at] = max(0, before + record.quantity)
    # Days that were given another capacity have the scenario's, too.
    said = [
        (image.location_index[name], day, -each.taken) for name, day, each in stock.places.days()
        if name in scenario.capacity_per_day and name in image.location_index
    ]  # fmt: skip
    stock.hold((), said)
    return stock


def _give_back(stock: LiveStock, records: Sequence[OrderRecord]) -> None:
    """As if recorded orders held nothing."""
    for record in records:
        pegs = []
        for cell, quantity in record.units.items():
            item, location = stock.item_index.get(cell.item_id), stock.location_index.get(cell.location_id)
            if item is None or location is None:
                continue
            at = stock.matrix.find(item, location, stock.slot_of(item, location, cell.receipt_id, cell.pool))
            if at >= 0:
                pegs.append((at, -quantity))
        days = [
            (stock.location_index[place], day, -quantity) for place, day, quantity in record.capacities
            if place in stock.location_index
        ]  # fmt: skip
        stock.hold(pegs, days)


def _weighed(scene: Scene, weights: Mapping[str, float]) -> Scene:
    """The scene by a policy with other weights."""
    if not weights:
        return scene
    named = {**dict(scene.policy.weights), **{name: round(weight * PPM) for name, weight in weights.items()}}
    return replace(scene, policy=replace(scene.policy, weights=tuple(sorted(named.items()))))


def _hold(scene: Scene, stock: StockFork, plan: Plan) -> None:
    """What a plan takes, taken from the copy that later orders are planned on."""
    for shipment in plan.shipments:
        pegs, days = shipment_hold(shipment)
        if scene.stock is not stock:
            pegs = [(at, quantity) for index, quantity in pegs if (at := home_index(scene.stock, index)) >= 0]
        stock.hold(pegs, days)


def _add(
    totals: sourcing_service_pb2.SimulationTotals, basket: Basket, plan: Plan, wire: types_pb2.Plan | Refusal,
    loads: dict[int, list[int]],
) -> None:  # fmt: skip
    assert isinstance(wire, types_pb2.Plan)
    totals.cost_micros += wire.cost.total_micros
    totals.shipment_count += len(wire.shipments)
    totals.split_order_count += len(wire.shipments) > 1
    totals.short_quantity += sum(line.short_quantity for line in wire.short_lines)
    totals.co2_grams += sum(shipment.co2_grams for shipment in wire.shipments)
    late = any(
        peg.line < len(basket.lines) and shipment.delivery_latest_minute > basket.lines[peg.line].latest_minute
        for shipment in plan.shipments for peg in shipment.pegs
    )  # fmt: skip
    totals.late_order_count += late
    for shipment in plan.shipments:
        load = loads.setdefault(shipment.location, [0, 0])
        load[0] += 1
        load[1] += sum(peg.quantity for peg in shipment.pegs)


def _tell_order(
    order: sourcing_service_pb2.SimulatedOrder, case: _Case, was: types_pb2.Plan | Refusal, now: types_pb2.Plan | Refusal
) -> None:
    if isinstance(now, Refusal):
        order.refusal.CopyFrom(refusal_message(now))
    else:
        order.plan.CopyFrom(now)
    if case.recorded_micros is not None:
        order.recorded_cost_micros = case.recorded_micros
    if isinstance(was, types_pb2.Plan):
        order.present_cost_micros = was.cost.total_micros
