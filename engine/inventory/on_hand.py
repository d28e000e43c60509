"""What of an item is on hand and for sale in the common pool, location by location."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.matrix import InventoryMatrix
from engine.kernels.stock import ON_HAND_SLOT


class OnHand(NamedTuple):
    """Units at every location [L]; zeros where there is no such position."""

    supply: NDArray[np.int64]
    demand: NDArray[np.int64]


def on_hand_of(matrix: InventoryMatrix, item: int) -> OnHand:
    """One pass over the item's row."""
    supply, demand = np.zeros((2, matrix.location_count), np.int64)
    row = matrix.row(item)
    is_on_hand = matrix.slot[row] == ON_HAND_SLOT
    location = matrix.location[row][is_on_hand]
    supply[location] = matrix.supply[row][is_on_hand]
    demand[location] = matrix.demand[row][is_on_hand]
    return OnHand(supply, demand)


def locations_with(matrix: InventoryMatrix, item: int) -> NDArray[np.bool_]:
    """[L]: whether an item has any position there."""
    found = np.zeros(matrix.location_count, np.bool_)
    found[matrix.location[matrix.row(item)]] = True
    return found
