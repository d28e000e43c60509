"""What a plan takes of the shared stock: its pegs as guarded changes of positions, whatever stock it was made on."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.domain.plan import Peg, Shipment
from engine.inventory.fork import home_index, home_slot, is_beyond
from engine.inventory.matrix import Slot
from engine.inventory.transaction import Cell, CellChange
from engine.optimizer.assemble import shipment_hold
from engine.optimizer.scene import Scene


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
        changes.append(CellChange(cell_of(scene, item, location, slot), 0, each.quantity, floor, None, None))
    return tuple(changes)


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
