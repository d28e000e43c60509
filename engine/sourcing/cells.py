"""What a plan takes of the shared stock: its pegs as guarded changes of positions, whatever stock it was made on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from engine.domain.plan import Peg, Shipment
from engine.inventory.fork import home_index, home_slot, is_beyond
from engine.inventory.live import LiveStock
from engine.inventory.matrix import Slot
from engine.inventory.transaction import Cell, CellChange
from engine.kernels.stock import ON_HAND
from engine.network.image import NetworkImage
from engine.optimizer.assemble import shipment_hold
from engine.optimizer.scene import Scene

Place = tuple[int, int, Slot]
"""An item, a location and a slot: a position, by indexes."""


class _Taken(NamedTuple):
    """Units of one position, what is to be left of it, whether some are collected, and whether some are beyond its stock."""

    quantity: int = 0
    kept: int = 0
    is_collected: bool = False
    is_beyond: bool = False


def cells_taken(scene: Scene, pegs: Iterable[Peg]) -> tuple[CellChange, ...]:
    """Demand per position; what is left must not fall below what the channel leaves there, less what may be backordered."""
    taken: dict[tuple[int, int, Slot], _Taken] = {}
    for peg in pegs:
        key = peg.item, peg.location, home_slot(scene.stock, peg.slot)
        before = taken.get(key, _Taken())
        is_collected = scene.basket.lines[peg.line].is_collected_from(peg.location)
        taken[key] = _Taken(
            # What is collected is taken first: where something is shipped as well, what that leaves is left in the end.
            before.quantity + peg.quantity, max(before.kept, peg.kept), before.is_collected or is_collected,
            before.is_beyond or is_beyond(scene.stock, peg.slot),
        )  # fmt: skip
    changes = []
    for (item, location, slot), each in taken.items():
        floor = backorder_floor(scene, item, location, each) if each.is_beyond else each.kept
        minute = slot.available_at_minute if slot.receipt_id else None
        changes.append(
            CellChange(cell_of(scene, item, location, slot), 0, each.quantity, floor, None, None, minute_expected=minute)
        )  # fmt: skip
    floors = {
        place: scene.floor(place[0], is_collected=each.is_collected).item(place[1]) for place, each in taken.items()
        if place[2].receipt_id
    }  # fmt: skip
    return (*changes, *guards_of(scene.image, scene.stock, floors, taken))


def guards_of(
    image: NetworkImage, stock: LiveStock, floors: Mapping[Place, int], taken: Iterable[Place]
) -> list[CellChange]:  # fmt: skip
    """What must hold of other positions where units of these receipts are taken, each by its floor; none of what is taken."""
    known, guards = set(taken), []
    for (item, location, slot), floor in floors.items():
        for paying, least in paying_before(stock, item, location, slot, floor):
            if (item, location, paying) not in known:
                known.add((item, location, paying))
                cell = Cell(image.item_ids[item], image.location_ids[location], paying.receipt_id, paying.pool)
                guards.append(CellChange(cell, 0, 0, least, None, None))
    return guards


def paying_before(stock: LiveStock, item: int, location: int, slot: Slot, floor: int) -> Iterator[tuple[Slot, int]]:
    """Positions whose units a receipt's own are free because of, and what supply less demand of each must not fall below.

    What is on hand of its pool there pays the floor, and receipts before it what is missing (`kernels.stock.position_left`):
    with less there, the receipt would have to make good more.
    """
    matrix = stock.matrix
    start = int(matrix.row_start[item])
    first, last = start + np.searchsorted(
        matrix.location[start : start + int(matrix.row_count[item])], [location, location + 1]
    )
    debt = 0 if slot.pool else floor
    for at in range(first, last):
        number = int(matrix.slot[at])
        each = matrix.slots[number]
        if each == slot:
            return
        if is_beyond(stock, number) or each.pool != slot.pool or not each.sellable:
            continue
        comes = int(matrix.supply[at])
        units = comes - int(matrix.demand[at])
        if each.available_at_minute == ON_HAND:
            yield each, min(units, debt)
            debt = max(debt - units, 0)
        elif (paid := min(debt, max(min(units, comes), 0))) > 0:
            yield each, paid
            debt -= paid


def backorder_floor(scene: Scene, item: int, location: int, taken: _Taken) -> int:
    """What supply less demand of stock on hand must not fall below where some units are beyond it."""
    backorders = scene.image.backorders
    caps = backorders.caps(item) if backorders is not None else None
    assert caps is not None, "units beyond stock come from a cap"
    return scene.floor(item, is_collected=taken.is_collected).item(location) - caps.quantity.item(location)


def cell_of(scene: Scene, item: int, location: int, slot: Slot) -> Cell:
    """A position by ids."""
    return Cell(scene.image.item_ids[item], scene.image.location_ids[location], slot.receipt_id, slot.pool)


def home_pegs(scene: Scene, pegs: Iterable[Peg]) -> list[tuple[int, int]]:
    """(arena index, units) of pegs in the shared stock; without those that it has no position for yet."""
    at = [(home_index(scene.stock, peg.arena_index), peg.quantity) for peg in pegs]
    return [(index, quantity) for index, quantity in at if index >= 0]


def home_hold(
    scene: Scene, shipment: Shipment
) -> tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int, int]]]:  # fmt: skip
    """What a shipment takes of the shared stock, as `LiveStock.hold` and `release` want it."""
    return home_pegs(scene, shipment.pegs), shipment_hold(shipment)[1]
