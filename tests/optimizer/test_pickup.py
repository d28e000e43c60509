"""Lines to collect, by hand: until when to order, and what no location hands over."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.domain.basket import Basket, BasketLine, DeliveryMethod
from engine.domain.plan import Plan
from engine.inventory.live import LiveStock
from engine.inventory.matrix import ON_HAND, Slot
from engine.network.image import compile_image
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import set_scene
from tests.network.small_network import small_records, weekly
from tests.optimizer.baskets import FIRST_DAY

EHV = 1
HOURS = {"calendar_id": "shop", "cutoff_minute": 960, "processing_minutes": 150}


def minute(local: str) -> int:
    """UTC minute of a time in Amsterdam in summer."""
    return int(datetime.fromisoformat(local).replace(tzinfo=UTC).timestamp()) // 60 - 120


def plan_at(asked: str, **place: Any) -> Plan:
    """One unit, asked for at this time, to collect at Eindhoven, open on workdays from 09:00 to 18:00."""
    records = small_records(calendars=tuple(weekly("shop", 540, 1080)))
    places = list(records.locations)
    places[EHV] = replace(places[EHV], pickup=True, **place)
    image = compile_image(replace(records, locations=tuple(places)))
    stock = LiveStock(image.item_index, image.location_index, frozenset(), FIRST_DAY)
    stock.matrix.change(0, EHV, stock.matrix.slot_index(Slot("", "", ON_HAND, True)), 1, 0)
    line = BasketLine("1", 0, 1, delivery_method=DeliveryMethod.PICKUP, pickup_location=EHV)
    return decide_basket(set_scene(image, stock, Basket((line,), minute(asked))), (), 100)


@pytest.mark.parametrize(
    ("asked", "place", "order_by", "ready"),
    [
        # After the cutoff of Thursday, work begins when Friday does: whoever orders by then has it as early.
        ("2026-06-18T16:01", HOURS, "2026-06-19T09:00", "2026-06-19T11:30"),
        ("2026-06-19T03:00", HOURS, "2026-06-19T09:00", "2026-06-19T11:30"),
        ("2026-06-19T16:01", HOURS, "2026-06-22T09:00", "2026-06-22T11:30"),
        # Work has begun: a minute later is ready a minute later.
        ("2026-06-18T10:00", HOURS, "2026-06-18T10:00", "2026-06-18T12:30"),
        # What does not fit into today goes on tomorrow.
        ("2026-06-18T15:59", HOURS, "2026-06-18T15:59", "2026-06-19T09:29"),
        # Nothing to do, always open.
        ("2026-06-18T16:01", {}, "2026-06-18T16:01", "2026-06-18T16:01"),
    ],
)
def test_order_by_is_the_last_minute_that_is_ready_as_early(asked: str, place: Any, order_by: str, ready: str) -> None:
    (shipment,) = plan_at(asked, **place).shipments
    assert (shipment.order_by_minute, shipment.pick_by_minute) == (minute(order_by), minute(ready))
