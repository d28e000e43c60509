"""The slots of many changes, in one step for all of them."""

from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from engine.inventory.effects import ChangeColumns, IdColumn
from engine.inventory.matrix import ON_HAND, InventoryMatrix, Slot

Ints = NDArray[np.int64]


class UnsellablePlaces:
    """The positions flagged out of stock, so that many can be looked up at once."""

    def __init__(self, unsellable: Set[tuple[int, int, str]], location_count: int) -> None:
        """`unsellable`: (item, location, pool)."""
        self._location_count = location_count
        keys: dict[str, list[int]] = {}
        for item, location, pool in unsellable:
            keys.setdefault(pool, []).append(item * location_count + location)
        self._keys = {pool: np.sort(np.array(each, np.int64)) for pool, each in keys.items()}

    def are_sellable(self, pools: IdColumn, item: Ints, location: Ints) -> NDArray[np.bool_]:
        """[rows] whether a position is not flagged."""
        sellable = np.ones(len(item), np.bool_)
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
