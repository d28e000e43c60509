"""Why a line could be short."""

from engine.domain.basket import NO_LATEST, BasketLine
from engine.domain.reasons import Reason
from engine.kernels.entries import UNLIMITED
from engine.network.image import Lanes
from engine.optimizer.candidates import eligible_locations
from engine.optimizer.scene import Scene


def short_reason(scene: Scene, lanes: Lanes, line: BasketLine) -> Reason:
    """The first of stock, route, date and capacity that is missing."""
    stock = scene.item_stock(line.item)
    if int(stock.by_latest[scene.image.active].sum()) < line.quantity:
        return Reason.NO_STOCK
    routed = eligible_locations(scene, lanes) & (lanes.zone_index >= 0).any(axis=0)
    if int(stock.by_latest[routed].sum()) < line.quantity:
        return Reason.NO_ROUTE
    if line.latest_minute < NO_LATEST:
        return Reason.PROMISE_UNREACHABLE
    return Reason.NO_CAPACITY if (scene.image.capacity_per_day < UNLIMITED).any() else Reason.NO_STOCK
