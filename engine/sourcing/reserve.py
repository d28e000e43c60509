"""Stock held for a while before there is an order: at the locations of a plan, or of the network as a whole.

A hold takes units and capacity as an order does. When it becomes an order, nothing of this changes hands: the text of the
hold goes and the order's record comes, in one transaction. A hold at network level stands on positions too, wherever most
is left; they are exchanged for those of a plan when it becomes an order.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from engine.domain.basket import Basket, BasketLine, DeliveryMethod
from engine.domain.clock import Clock
from engine.domain.plan import Peg, ShortLine
from engine.domain.reasons import Reason, Refusal
from engine.inventory.fork import home_slot
from engine.inventory.holds import HeldCapacity, HeldUnits, Hold, merged
from engine.inventory.live import LiveStock
from engine.inventory.transaction import (
    CALLER_MARK,
    CapacityChange,
    Cell,
    CellChange,
    TextChange,
    TextTable,
)
from engine.network.image import NetworkImage
from engine.optimizer.assemble import peg
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.shortage import MESSAGES
from engine.sourcing.cells import cell_of, cells_taken
from engine.sourcing.order import Planned, SourceRequest
from engine.sourcing.source import (
    capacities_of,
    plan_order,
    shortage_refusal,
)

CALLER_DAY = 0
"""Stands where a capacity's day does, for the reservations of a caller."""

ANY = 2**53 - 1
"""A limit that never binds."""


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What is to be held, for how long, and at whose charge. `is_partial`: what can be had, rather than all or nothing."""

    order: SourceRequest
    reservation_id: str
    caller: str
    holds_max: int
    time_to_live_ms: int
    is_partial: bool
    is_network: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as it is to be made, and what it takes. `planned` is None at network level."""

    hold: Hold
    scene: Scene
    pegs: tuple[Peg, ...]
    cells: tuple[CellChange, ...]
    capacities: tuple[CapacityChange, ...]
    short_lines: tuple[ShortLine, ...]
    planned: Planned | None


def plan_hold(
    image: NetworkImage, stock: LiveStock, request: HoldRequest, nodes_max: int, clock: Clock, attempt: int
) -> Held:  # fmt: skip
    """What a reservation would hold on the stock of this moment. Raises `Refusal` where that is less than it must."""
    charge = charge_caller(stock, request.caller, request.holds_max)
    planned = None
    capacities: tuple[CapacityChange, ...] = ()
    if request.is_network:
        scene = set_scene(image, stock, request.order.basket, request.order.field)
        pegs, short_lines = take_anywhere(scene)
    else:
        planned = plan_order(image, stock, request.order, nodes_max, clock, attempt)
        scene, short_lines = planned.scene, planned.plan.short_lines
        pegs = tuple(each for shipment in planned.plan.shipments for each in shipment.pegs)
        capacities = capacities_of(scene, planned.plan)
    # What is short of an option that was quoted was shown.
    if short_lines and not ((request.is_partial or request.order.quoted is not None) and pegs):
        raise shortage_refusal(scene, short_lines, request.order.field)
    hold = Hold(
        request.reservation_id, 1, clock.unix_ms() + request.time_to_live_ms, request.caller, request.is_network,
        planned is not None, held_units(scene, pegs),
        tuple(HeldCapacity(use.location_id, use.day, use.quantity_delta) for use in capacities),
    )  # fmt: skip
    return Held(hold, scene, pegs, cells_taken(scene, pegs), (*capacities, charge), short_lines, planned)


def charge_caller(stock: LiveStock, caller: str, holds_max: int, ending: int = 0) -> CapacityChange:
    """One active reservation more for a caller, where so many are `ending`. Raises `Refusal` where it has too many."""
    if stock.holds.count_of(caller) - ending >= holds_max:
        text = f"{holds_max} reservations are active for the caller, as many as it may have; confirm or release some"
        raise Refusal(Reason.OVERLOADED, text)
    return CapacityChange(CALLER_MARK + caller, CALLER_DAY, 1, holds_max)


def held_units(scene: Scene, pegs: Sequence[Peg]) -> tuple[HeldUnits, ...]:
    """Pegged units by line and position, each once."""
    return merged(
        HeldUnits(
            scene.basket.lines[each.line].line_id, cell_of(scene, each.item, each.location, home_slot(scene.stock, each.slot)),
            each.quantity,
        ) for each in pegs
    )  # fmt: skip


def take_anywhere(scene: Scene) -> tuple[tuple[Peg, ...], tuple[ShortLine, ...]]:
    """Units of every line wherever most are left, those on hand first; locations that are equal in this in their order."""
    pegs: list[Peg] = []
    short: list[ShortLine] = []
    lines = scene.basket.lines
    # As in a plan, what is collected comes first: it may take units that what is shipped must leave.
    for i in sorted(range(len(lines)), key=lambda i: not lines[i].is_collected):
        line = lines[i]
        left, latest = line.quantity, min(line.latest_minute, scene.last_minute)
        there = scene.item_stock(line.item, latest, line.delivery_method is DeliveryMethod.PICKUP)
        for location in np.lexsort((-there.by_latest, -there.by_now)).tolist():
            if left == 0 or not there.by_latest[location]:
                break
            if not may_hold_at(scene, i, location):
                continue
            taken = peg(scene, i, location, left, latest)
            scene.stock.hold([(each.arena_index, each.quantity) for each in taken], ())
            pegs += taken
            left -= sum(each.quantity for each in taken)
    scene.stock.release([(each.arena_index, each.quantity) for each in pegs], ())
    pegs = whole_kits(scene, pegs)
    for i, line in enumerate(lines):
        left = line.quantity - sum(each.quantity for each in pegs if each.line == i)
        if left:
            short.append(ShortLine(i, left, Reason.NO_STOCK, MESSAGES[Reason.NO_STOCK]))
    return tuple(sorted(pegs, key=lambda each: each.line)), tuple(short)


def whole_kits(scene: Scene, pegs: Sequence[Peg]) -> list[Peg]:
    """Of components no more than there are kits for; what is taken last goes first."""
    lines = scene.basket.lines
    units: Counter[int] = Counter()
    for each in pegs:
        units[each.line] += each.quantity
    kits: dict[str, int] = {}
    for i, line in enumerate(lines):
        if line.kit_ratio:
            path = scene.basket.path(i)
            kits[path] = min(kits.get(path, line.quantity), units[i] // line.kit_ratio)
    kept: list[Peg] = []
    left = {i: kits[scene.basket.path(i)] * line.kit_ratio for i, line in enumerate(lines) if line.kit_ratio}
    for each in pegs:
        quantity = min(each.quantity, left.get(each.line, each.quantity))
        if each.line in left:
            left[each.line] -= quantity
        if quantity:
            kept.append(each._replace(quantity=quantity))
    return kept


def may_hold_at(scene: Scene, i: int, location: int) -> bool:
    """Whether units of a line may be held at a location at all."""
    line = scene.basket.lines[i]
    sources = scene.sources(line.item)
    if sources is not None and not sources[location]:
        return False
    if not scene.active[location] or location in line.excluded_locations:
        return False
    if line.preassigned_location >= 0 and location != line.preassigned_location:
        return False
    return not line.allowed_locations or location in line.allowed_locations


@contextmanager
def set_aside(stock: LiveStock, hold: Hold) -> Iterator[None]:
    """Plan as if a hold's units and capacity were free; the stock is as before afterwards."""
    pegs = [(position_of(stock, each.cell), -each.quantity) for each in hold.units]
    days = [(stock.location_index[use.location_id], use.day, -use.quantity) for use in hold.capacities]
    stock.hold(pegs, days)
    try:
        yield
    finally:
        stock.release(pegs, days)


def position_of(stock: LiveStock, cell: Cell) -> int:
    """Arena index of a position that is held. Raises `Refusal` where the network does not have it any more."""
    item, location = stock.item_index.get(cell.item_id), stock.location_index.get(cell.location_id)
    at = -1
    if item is not None and location is not None:
        at = stock.matrix.find(item, location, stock.slot_of(item, location, cell.receipt_id, cell.pool))
    if at < 0:
        raise Refusal(Reason.WRONG_STATE, f"the network has no {cell.item_id} at {cell.location_id} any more; release the hold")
    return at


def plan_held(
    image: NetworkImage, stock: LiveStock, hold: Hold, request: SourceRequest, nodes_max: int, clock: Clock, attempt: int
) -> Planned:  # fmt: skip
    """The best plan for an order that may have what a hold has. Raises `Refusal` where more of a line is short than before.

    What was moved stays where it is held. A hold whose own plan cannot be kept may be planned anywhere.
    """
    if not hold.is_network and not hold.is_planned:
        request = replace(request, basket=kept_at(image, hold, request.basket))
    with set_aside(stock, hold):
        planned = plan_order(image, stock, request, nodes_max, clock, attempt)
    lines = planned.scene.basket.lines
    beyond = tuple(each for each in planned.plan.short_lines if each.quantity > not_held(hold, image, lines[each.line]))
    if beyond:
        raise shortage_refusal(planned.scene, beyond, request.field)
    return planned


def not_held(hold: Hold, image: NetworkImage, line: BasketLine) -> int:
    """Units of a line that a hold was made without."""
    of_line = (each for each in hold.units if each.line_id == line.line_id)
    # Components of a kit have their line's id in common.
    units = sum(each.quantity for each in of_line if not line.kit_ratio or each.cell.item_id == image.item_ids[line.item])
    return line.quantity - units


def kept_at(image: NetworkImage, hold: Hold, basket: Basket) -> Basket:
    """The basket with each line's locations cut down to those that it is held at."""
    places: dict[str, list[int]] = {}
    for each in hold.units:
        location = image.location_index.get(each.cell.location_id)
        if location is not None:
            places.setdefault(each.line_id, []).append(location)
    lines = (replace(line, allowed_locations=tuple(dict.fromkeys(places.get(line.line_id, ())))) for line in basket.lines)
    return replace(basket, lines=tuple(lines))


def exchanged(hold: Hold, cells: Sequence[CellChange]) -> tuple[CellChange, ...]:
    """What a plan takes in place of what a hold has: one change a position, guarded where more is taken or nothing."""
    wanted = {change.cell: change for change in cells}
    for change in give_back(hold.units):
        new = wanted.get(change.cell)
        demand = change.demand_delta + (new.demand_delta if new else 0)
        is_guarded = new is not None and (demand > 0 or not new.demand_delta)
        wanted[change.cell] = change._replace(
            demand_delta=demand, floor=new.floor if new and is_guarded else None,
            minute_expected=new.minute_expected if new else None,
        )  # fmt: skip
    return tuple(
        change for change in wanted.values() if change.demand_delta or change.is_guard or change.minute_expected is not None
    )  # fmt: skip


def give_back(units: Sequence[HeldUnits]) -> tuple[CellChange, ...]:
    """Demand that goes with units that are held no more."""
    back: dict[Cell, int] = {}
    for each in units:
        back[each.cell] = back.get(each.cell, 0) - each.quantity
    return tuple(CellChange(cell, 0, delta, None, None, None) for cell, delta in back.items())


def give_capacity_back(capacities: Sequence[HeldCapacity]) -> tuple[CapacityChange, ...]:
    """Capacity that goes with them."""
    return tuple(CapacityChange(each.location_id, each.day, -each.quantity, ANY) for each in capacities)


def end_charge(hold: Hold) -> CapacityChange:
    """The caller has one active reservation less."""
    return CapacityChange(CALLER_MARK + hold.caller, CALLER_DAY, -1, ANY)


def hold_change(before: Hold | None, after: Hold | None) -> TextChange:
    """A hold's text becomes another; None: there is none."""
    known = before or after
    assert known is not None
    return TextChange(
        TextTable.HOLDS, "", known.reservation_id, before.text() if before else "", after.text() if after else ""
    )  # fmt: skip
