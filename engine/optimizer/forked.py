"""Decisions for which the stock as it is will not do: inbound stock left out by rule, and units sold beyond stock.

They are made on a fork of the stock. All others are made on the stock itself, and lose no time here.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.inventory.fork import Beyond, ForkedItem, StockFork
from engine.inventory.on_hand import locations_with, on_hand_of

if TYPE_CHECKING:
    from engine.optimizer.scene import Scene

MINUTES_PER_DAY = 1440


def on_own_stock(scene: "Scene") -> "Scene":
    """The scene on a fork of its stock where rules or backorders ask for one, else the scene itself."""
    image, lines = scene.image, scene.basket.lines
    beyond = frozenset[int]() if image.backorders is None else may_go_beyond(scene)
    if image.availability is None and not beyond:
        return scene
    forked = [forked_item(scene, item, item in beyond) for item in dict.fromkeys(line.item for line in lines)]
    if all(each.inbound is None and each.beyond is None for each in forked):
        return scene
    return replace(scene, stock=StockFork(scene.stock, forked))


def may_go_beyond(scene: "Scene") -> frozenset[int]:
    """Items that each of their lines allows to be backordered: units cannot be told apart by the lines that ask for them."""
    lines = scene.basket.lines
    allowed = {line.item for line in lines if line.allow_backorder}
    return frozenset(allowed - {line.item for line in lines if not line.allow_backorder}) if allowed else frozenset()


def forked_item(scene: "Scene", item: int, is_beyond: bool) -> ForkedItem:
    """How an item's rows differ for this decision."""
    rules = scene.item_rules(item)
    return ForkedItem(item, rules.inbound if rules is not None else None, beyond_stock(scene, item) if is_beyond else None)


def beyond_stock(scene: "Scene", item: int) -> Beyond | None:
    """What may be sold of an item beyond its stock: down to the cap below what can be promised, as far as it is not used up."""
    backorders = scene.image.backorders
    caps = backorders.caps(item) if backorders is not None else None
    if caps is None:
        return None
    supply, demand = on_hand_of(scene.stock.matrix, item)
    quantity = caps.quantity + np.minimum(0, supply - demand - scene.floor(item))
    wanted = (quantity > 0) & (caps.is_named | locations_with(scene.stock.matrix, item))
    flagged = scene.stock.is_flagged
    location = np.array([place for place in np.flatnonzero(wanted).tolist() if not flagged(item, place, "")], np.int64)
    if not len(location):
        return None
    return Beyond(location, quantity[location], scene.start_minute + caps.lead_time_days[location] * MINUTES_PER_DAY)
