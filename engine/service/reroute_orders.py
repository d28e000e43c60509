"""Open orders as a reroute sees them: what of each may still move, where it comes from now, and until when it was promised."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from belofte.v1 import types_pb2

from engine.domain.basket import NO_LATEST, Basket
from engine.domain.enums import OrderBy
from engine.domain.life import ALLOCATED, ENDED, ORDER_STATES, Action, OrderState, ShipmentState
from engine.domain.reasons import Reason, Refusal
from engine.fulfilment.draft import OrderRecord
from engine.fulfilment.order_record import cell_of
from engine.inventory.fork import ForkedItem, StockFork
from engine.inventory.live import LiveStock
from engine.inventory.transaction import Cell
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.image import NetworkImage
from engine.optimizer.scene import set_scene
from engine.reroute.order_pool import NOWHERE, OpenOrder
from engine.service.decode import decode_basket
from engine.service.fields import Violations

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

Shipment = types_pb2.Shipment


@dataclass(frozen=True, slots=True)
class Movable:
    """What of an order may move: whole lines, each in one planned shipment. `line_ids` in the order of the basket."""

    record: OrderRecord
    line_ids: tuple[str, ...]
    shipment_of: tuple[Shipment, ...]
    """By line."""
    promised_minute: tuple[int, ...]
    """By line: until when it was promised; NO_LATEST: it was not."""

    @property
    def order_id(self) -> str:
        """Its id."""
        return self.record.order.order_id

    @property
    def cells(self) -> list[tuple[Cell, int]]:
        """What the lines hold, by position."""
        wanted = set(self.line_ids)
        shipments = {each.shipment_id: each for each in self.shipment_of}
        return [
            (cell_of(each, part), part.quantity)
            for each in shipments.values() for part in each.lines if part.line_id in wanted
        ]  # fmt: skip

    @property
    def cost_micros(self) -> int:
        """What the shipments of the lines cost, as recorded."""
        return sum(each.cost.total_micros for each in {each.shipment_id: each for each in self.shipment_of}.values())


@dataclass(frozen=True, slots=True)
class ShockedPlaces:
    """Where more is planned than can be: locations that are out, positions by (item, location), days by (location, day)."""

    closed: frozenset[str]
    positions: frozenset[tuple[str, str]]
    days: frozenset[tuple[str, int]]

    def locations(self, image: NetworkImage) -> set[str]:
        """Every location that is concerned."""
        found = self.closed | {location_id for _, location_id in self.positions} | {location_id for location_id, _ in self.days}
        return {each for each in found if each in image.location_index}

    def touch(self, record: OrderRecord) -> bool:
        """Whether an order has something planned there."""
        planned = [s for s in record.order.plan.shipments if s.state == types_pb2.SHIPMENT_STATE_PLANNED and s.lines]
        at = {shipment.location_id for shipment in planned}
        return (
            not self.closed.isdisjoint(at)
            or any((part.item_id, s.location_id) in self.positions for s in planned for part in s.lines)
            or any(location_id in at and (location_id, day) in self.days for location_id, day, _ in record.capacities)
        )


def shocked_places(image: NetworkImage, stock: LiveStock) -> ShockedPlaces:
    """Where more is planned than there is, than a day takes, or than a location does that is out."""
    matrix = stock.matrix
    rows = np.flatnonzero(matrix.row_count)
    rows = rows[np.argsort(matrix.row_start[rows], kind="stable")]
    at = np.flatnonzero(matrix.demand > matrix.supply)
    item = rows[np.searchsorted(matrix.row_start[rows], at, side="right") - 1] if len(rows) else at
    inside = at < matrix.row_start[item] + matrix.row_count[item]
    positions = set()
    for item_at, place, short in zip(
        item[inside].tolist(), matrix.location[at[inside]].tolist(), (matrix.demand - matrix.supply)[at[inside]].tolist(),
        strict=True,
    ):  # fmt: skip
        caps = image.backorders.caps(item_at) if image.backorders is not None else None
        if caps is None or short > caps.quantity[place]:
            positions.add((image.item_ids[item_at], image.location_ids[place]))
    over = np.argwhere(stock.capacity_used > image.capacity_per_day[:, None])
    days = frozenset((image.location_ids[place], stock.first_day + day) for place, day in over.tolist())
    closed = frozenset(image.location_ids[place] for place in np.flatnonzero(stock.closed).tolist())
    return ShockedPlaces(closed, frozenset(positions), days)


def movable(record: OrderRecord) -> Movable:
    """What of an order may move. Raises `Refusal` where nothing may."""
    order = record.order
    if OrderState(order.state) not in ORDER_STATES[Action.REASSIGN]:
        state = types_pb2.OrderState.Name(order.state).removeprefix("ORDER_STATE_")
        raise Refusal(Reason.WRONG_STATE, f"order {order.order_id!r} is {state}: nothing of it may move")
    where: dict[str, list[Shipment]] = {}
    for shipment in (each for each in order.plan.shipments if ShipmentState(each.state) not in ENDED):
        for line_id in dict.fromkeys(part.line_id for part in shipment.lines):
            where.setdefault(line_id, []).append(shipment)
    found = [
        (line.line_id, where[line.line_id][0]) for line in order.basket.lines
        if len(where.get(line.line_id, ())) == 1 and _may_move(line, where[line.line_id][0])
    ]  # fmt: skip
    if not found or len(found) > SUBSET_LINES_MAX:
        why = "no line of it waits in one planned shipment" if not found else f"more than {SUBSET_LINES_MAX} lines of it wait"
        raise Refusal(Reason.WRONG_STATE, f"order {order.order_id!r}: {why}")
    shipments = tuple(shipment for _, shipment in found)
    promised = tuple(_promised(order, shipment) for shipment in shipments)
    return Movable(record, tuple(line_id for line_id, _ in found), shipments, promised)


def _may_move(line: types_pb2.BasketLine, shipment: Shipment) -> bool:
    """A whole line that is shipped, of an item that is no kit, and that its location has not accepted."""
    parts = [part for part in shipment.lines if part.line_id == line.line_id]
    return (
        shipment.state == types_pb2.SHIPMENT_STATE_PLANNED
        and shipment.route == types_pb2.ROUTE_SHIP
        and all(part.item_id == line.item_id for part in parts)
        and sum(part.quantity for part in parts) == line.quantity
        and not line.kit_parent_line_id
    )


def _promised(order: types_pb2.Order, shipment: Shipment) -> int:
    """The minute by which it must be there: what the customer was told, else what the plan says."""
    if order.HasField("promise") and order.promise.HasField("delivery_latest"):
        return order.promise.delivery_latest.seconds // 60
    return shipment.delivery_latest.seconds // 60 if shipment.HasField("delivery_latest") else NO_LATEST


def fork_of(stock: LiveStock, items: Iterable[int]) -> StockFork:
    """A copy of the rows of some items, and of all capacity: what is done to it touches nothing else."""
    fork = StockFork(stock, [ForkedItem(item) for item in dict.fromkeys(items)])
    fork.capacity_used = stock.capacity_used.copy(order="F")
    fork._capacity_later = dict(stock._capacity_later)
    return fork


def opened(fork: StockFork, places: Sequence[tuple[int, int]]) -> StockFork:
    """The fork with a position on hand for each (item, location) that has none yet; its arena is laid out anew."""
    matrix = fork.matrix
    missing = [
        (item, location) for item, location in dict.fromkeys(places)
        if matrix.find(item, location, fork.slot_of(item, location, "", "")) < 0
    ]  # fmt: skip
    if not missing:
        return fork
    rows = np.flatnonzero(matrix.row_count)
    starts, counts = matrix.row_start[rows], matrix.row_count[rows]
    item_of = np.repeat(rows, counts)
    order = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    items = np.concatenate((item_of, [item for item, _ in missing]))
    slots = [fork.slot_of(item, location, "", "") for item, location in missing]
    location = np.concatenate((matrix.location[order], [place for _, place in missing])).astype(np.int32)
    slot = np.concatenate((matrix.slot[order], slots)).astype(np.int32)
    none = np.zeros(len(missing), np.int32)
    supply, demand = np.concatenate((matrix.supply[order], none)), np.concatenate((matrix.demand[order], none))
    home = np.concatenate((fork.home[order], np.full(len(missing), -1)))
    laid = np.lexsort((slot, matrix.slot_available_at[slot], location, items))
    matrix.location, matrix.slot, matrix.supply, matrix.demand = location[laid], slot[laid], supply[laid], demand[laid]
    fork.home = home[laid]
    matrix.row_count = np.bincount(items, minlength=matrix.item_count)
    matrix.row_start = np.concatenate(([0], np.cumsum(matrix.row_count)[:-1]))
    matrix.row_room = matrix.row_count
    return fork


def give_back(fork: LiveStock, orders: Sequence[Movable], image: NetworkImage) -> None:
    """As if the lines that may move held nothing, neither stock nor capacity."""
    for each in orders:
        pegs = []
        for cell, quantity in each.cells:
            item, location = image.item_index.get(cell.item_id), image.location_index.get(cell.location_id)
            if item is None or location is None:
                continue
            at = fork.matrix.find(item, location, fork.slot_of(item, location, cell.receipt_id, cell.pool))
            if at >= 0:
                pegs.append((at, -quantity))
        moving = {shipment.shipment_id for shipment in each.shipment_of}
        stays = {
            shipment.location_id for shipment in each.record.order.plan.shipments
            if ShipmentState(shipment.state) in ALLOCATED and shipment.lines and shipment.shipment_id not in moving
        }  # fmt: skip
        days = [
            (image.location_index[location_id], day, -quantity) for location_id, day, quantity in each.record.capacities
            if location_id in image.location_index and location_id not in stays
        ]  # fmt: skip
        fork.hold(pegs, days)


def open_order(
    h: "Handlers", image: NetworkImage, stock: LiveStock, each: Movable, excluded: Sequence[str], policy_id: str,
    *, keeps_promise: bool,
) -> OpenOrder:  # fmt: skip
    """The order's lines that may move as they are asked for now. Raises `Refusal` where they cannot be."""
    basket = _basket(h, image, each, excluded, policy_id)
    if keeps_promise:
        lines = tuple(
            replace(line, latest_minute=min(line.latest_minute, promised))
            for line, promised in zip(basket.lines, each.promised_minute, strict=True)
        )
        basket = replace(basket, lines=lines)
    scene = set_scene(image, stock, basket, "order.basket")
    if keeps_promise:
        scene = replace(scene, deliver_by=max(each.promised_minute))
    if scene.policy.order_by is not OrderBy.COST:
        text = f"order {each.order_id!r}: policy {scene.policy.policy_id!r} ranks locations, whatever they cost"
        raise Refusal(Reason.RESTRICTED, text)
    if scene.lanes is None:
        raise Refusal(Reason.NO_ROUTE, f"order {each.order_id!r} has no destination any more")
    present = tuple(
        (image.location_index.get(shipment.location_id, -1), image.service_index.get(shipment.carrier_service_id, -1))
        for shipment in each.shipment_of
    )
    gone = {image.location_index.get(location_id, -1) for location_id in excluded}
    return OpenOrder(scene, tuple(NOWHERE if location in gone else (location, service) for location, service in present))


def _basket(h: "Handlers", image: NetworkImage, each: Movable, excluded: Sequence[str], policy_id: str) -> Basket:
    order = each.record.order
    wire = types_pb2.Basket()
    wire.CopyFrom(order.basket)
    wire.ClearField("request_time")
    wire.policy_id = policy_id or order.policy_id
    # What was asked of the whole basket says nothing of a part of it.
    if len(each.line_ids) < len(order.basket.lines):
        wire.constraints.ClearField("ship_complete")
    wanted = set(each.line_ids)
    del wire.lines[:]
    for line in order.basket.lines:
        if line.line_id in wanted:
            added = wire.lines.add()
            added.CopyFrom(line)
            added.excluded_location_ids.extend(excluded)
            instead = sent_instead(each, line)
            if instead:
                # What has been promised in its place is what moves.
                added.item_id = instead
                added.ClearField("allow_substitutes")
                added.ClearField("substitute_item_ids")
    wrong = Violations()
    basket = decode_basket(wire, "order.basket", image, h.now_minute(), h.limits.lines_max, wrong)
    wrong.check()
    moving = {shipment.shipment_id for shipment in each.shipment_of}
    rest = {
        shipment.location_id for shipment in order.plan.shipments
        if ShipmentState(shipment.state) in ALLOCATED and shipment.lines and shipment.shipment_id not in moving
    }  # fmt: skip
    return replace(basket, constraints=replace(basket.constraints, locations_taken=len(rest)))


def sent_instead(each: Movable, line: types_pb2.BasketLine) -> str:
    """The item that an order's shipments hold in place of a line's; empty where they hold the line's own."""
    if not line.allow_substitutes:
        return ""
    sent = {
        part.item_id for shipment in each.record.order.plan.shipments if ShipmentState(shipment.state) in ALLOCATED
        for part in shipment.lines if part.line_id == line.line_id
    }  # fmt: skip
    return min(sent - {line.item_id}, default="")


def child_id(request_id: str, order_id: str, version: int) -> str:
    """The id of what a reroute does to one order: always the same one, so that it is done once."""
    parent = uuid.UUID(request_id)
    digest = hashlib.sha256(f"{request_id} {order_id} {version}".encode()).digest()
    value = parent.int >> 80 << 80 | int.from_bytes(digest[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
