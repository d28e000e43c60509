"""Ring-fenced stock from the network folder to a promise: others leave it alone, and barred items stay apart."""

import numpy as np
import pytest

from engine.domain.basket import Basket, BasketLine, DestinationKey
from engine.inventory.effects import PositionChange
from engine.inventory.live import LiveStock
from engine.network.image import compile_image
from engine.network.records import Inventory, Policy, Segment, Tariff, Zone
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import set_scene
from engine.service.first_load import opening_changes
from tests.network.small_network import small_records
from tests.optimizer.baskets import NOW

BOLT, LAMP = 0, 1
SEGMENTS = (
    Segment("gold", 4, "bolt", "ams"),
    Segment("b2b", 3, "lamp", "ams", consumes_common=False),
    Segment("tin", 0, consumes_common=False),
)


def promised(segment: str, item: int, quantity: int) -> tuple[int, set[str]]:
    """(units promised, the pools they come from) of 10 bolts and 10 lamps in ams."""
    ten = np.full(2, 10, np.int64)
    index = np.zeros(2, np.int32)
    records = small_records(
        segments=SEGMENTS, policies=(Policy("p", short_micros=10**9),), zones=(Zone("post", "NL", "home", 1),),
        tariffs=(Tariff("post", "home", 10_000, 4_950_000),),
        inventory=Inventory(np.array([BOLT, LAMP], np.int32), index, ten, index, np.ones(2, np.bool_)),
    )  # fmt: skip
    image = compile_image(records)
    stock = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1440)
    stock.load(
        PositionChange(c.cell.item_id, c.cell.location_id, c.cell.receipt_id, c.cell.pool, c.supply_delta, 0, None)
        for c in opening_changes(records)
    )
    basket = Basket((BasketLine("l", item, quantity),), NOW, DestinationKey("NL", "1011"), segment=segment)
    scene = set_scene(image, stock, basket)
    plan = decide_basket(scene, scene.services, 1_000)
    pegs = [peg for shipment in plan.shipments for peg in shipment.pegs]
    return sum(peg.quantity for peg in pegs), {stock.matrix.slots[peg.slot].pool for peg in pegs}


@pytest.mark.parametrize(
    ("segment", "item", "units", "pools"),
    [
        ("", BOLT, 6, {""}),  # 10 less the 4 of gold
        ("gold", BOLT, 10, {"", "gold"}),
        ("", LAMP, 7, {""}),  # 10 less the 3 of b2b
        ("gold", LAMP, 7, {""}),
        ("b2b", LAMP, 3, {"b2b"}),  # nothing but its own
        ("b2b", BOLT, 6, {""}),  # the row of lamps says nothing of bolts
        ("tin", BOLT, 0, set()),  # a row without an item bars them all
    ],
)
def test_units_promised_of_ten(segment: str, item: int, units: int, pools: set[str]) -> None:
    assert promised(segment, item, 10) == (units, pools)
