"""The slots of many positions, in one step for all of them."""

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

from engine.inventory.effects import ChangeColumns, IdColumn
from engine.inventory.matrix import ON_HAND, InventoryMatrix, Slot
from engine.inventory.stored import Place

Ints = NDArray[np.int64]
Column = NDArray[np.int32]


class UnsellablePlaces:
    """The positions flagged out of stock, so that many can be looked up at once."""

    def __init__(self, unsellable: Set[tuple[int, int, str]], location_count: int) -> None:
        """`unsellable`: (item, location, pool)."""
        self._location_count = location_count
        keys: dict[str, list[int]] = {}
        for item, location, pool in unsellable:
            keys.setdefault(pool, []).append(item * location_count + location)
        self._keys = {pool: np.sort(np.array(each, np.int64)) for pool, each in keys.items()}

    @property
    def pools(self) -> Set[str]:
        """Pools of which a position is flagged."""
        return self._keys.keys()

    def are_sellable(self, pools: IdColumn, item: Ints, location: Ints) -> NDArray[np.bool_]:
        """[rows] whether a position is not flagged."""
        sellable = np.ones(len(item), np.bool_)
        if not self._keys:
            return sellable
        for at, pool in enumerate(pools.ids):
            keys = self._keys.get(pool)
            if keys is not None:
                wanted = item * self._location_count + location
                place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
                sellable[(pools.places == at) & (keys[place] == wanted)] = False
        return sellable


def change_slots(matrix: InventoryMatrix, columns: ChangeColumns, is_sellable: NDArray[np.bool_]) -> Ints:
    """[rows] slot of each change of what is on hand; −1 for changes of receipts, and where the slot is not open yet."""
    # [pools, unsellable or sellable]
    slots = np.array(
        [[matrix.find_slot(Slot("", pool, ON_HAND, flag)) for flag in (False, True)] for pool in columns.pools.ids], np.int64
    )
    found: Ints = slots[columns.pools.places, is_sellable.astype(np.int64)]
    is_receipt = np.array([receipt_id != "" for receipt_id in columns.receipts.ids], np.bool_)
    if is_receipt.any():
        found[is_receipt[columns.receipts.places]] = -1
    return found


class PlaceSlots:
    """The slots of places that come again and again."""

    def __init__(self, matrix: InventoryMatrix, places: Sequence[Place], unsellable: UnsellablePlaces) -> None:
        """Opens the slots that what is on hand at the places may have."""
        pools = list(dict.fromkeys(place.pool for place in places))
        number = {pool: at for at, pool in enumerate(pools)}
        self._pools = IdColumn(pools, np.array([number[place.pool] for place in places], np.int64))
        self._is_receipt = np.array([place.receipt_id != "" for place in places], np.bool_)
        on_hand = {place.pool for place in places if not place.receipt_id}
        # [pools, unsellable or sellable]
        self._slots = np.full((len(pools), 2), -1, np.int64)
        for pool in sorted(on_hand):
            self._slots[number[pool], 1] = matrix.slot_index(Slot("", pool, ON_HAND, True))
            if pool in unsellable.pools:
                self._slots[number[pool], 0] = matrix.slot_index(Slot("", pool, ON_HAND, False))
        self._unsellable = unsellable

    def on_hand(self, place: Column, item: Ints, location: Ints) -> Ints:
        """[rows] slot of each position, −1 of a receipt's."""
        pool = self._pools.places[place]
        is_sellable = self._unsellable.are_sellable(IdColumn(self._pools.ids, pool), item, location)
        slot: Ints = self._slots[pool, is_sellable.astype(np.int64)]
        slot[self._is_receipt[place]] = -1
        return slot
