"""What of an item is left in stock for whom: the floors and sources that rules give, or safety stock alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inventory.live import LiveStock
from engine.inventory.on_hand import on_hand_of
from engine.network.availability import ItemRules
from engine.network.image import NetworkImage


class Asker(NamedTuple):
    """Who asks: a channel, by a scenario's rules where that is not empty, at a UTC minute."""

    channel: str = ""
    scenario_id: str = ""
    minute: int = 0


def rules_for(image: NetworkImage, item: int, asker: Asker) -> ItemRules | None:
    """What availability rules say of an item, by index; None where the network has none."""
    return None if image.availability is None else image.availability.of(item, *asker)


def floor_for(
    image: NetworkImage, stock: LiveStock, item: int, asker: Asker, is_collected: bool = False
) -> NDArray[np.int64]:  # fmt: skip
    """int64[L]: units on hand of an item that are left at each location, by lines that ship or by those collected."""
    if image.availability is None:
        return image.safety_stock(item, asker.channel)
    rules = image.availability.of(item, *asker)
    return image.availability.floor(rules, item, lambda: on_hand_of(stock.matrix, item).supply, is_collected)
