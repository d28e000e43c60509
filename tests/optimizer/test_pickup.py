"""Lines to collect, by hand: until when to order, and what no location hands over."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.domain.basket import Basket, BasketLine, DeliveryMethod
from engine.domain.enums import Term
from engine.domain.plan import Plan
from engine.domain.reasons import Reason
from engine.inventory.live import LiveStock
from engine.inventory.matrix import ON_HAND, QUANTITY_MAX, Slot
from engine.network.image import compile_image
from engine.network.records import Item, Policy
from engine.optimizer.decide import decide_basket
from engine.optimizer.pickup import COLLECTED_MAX
from engine.optimizer.scene import set_scene
from engine.service.encode import encode_cost
from tests.network.small_network import WORKDAYS, small_records, weekly
from tests.optimizer.baskets import FIRST_DAY

EHV = 1
HOURS = {"calendar_id": "shop", "cutoff_minute": 960, "processing_minutes": 150}


def minute(local: str) -> int:
    """UTC minute of a time in Amsterdam in summer."""
    return int(datetime.fromisoformat(local).replace(tzinfo=UTC).timestamp()) // 60 - 120


def plan_at(
    asked: str, lines: int = 1, units: int = 1, grams: int = 0, wishes: Any = None, weights: Any = (), days: Any = WORKDAYS,
    **place: Any,
) -> Plan:  # fmt: skip
    """Lines of one item each, asked for at this time, to collect at Eindhoven, open on these days from 09:00 to 18:00."""
    records = small_records(
        calendars=tuple(weekly("shop", 540, 1080, days)), policies=(Policy("all", weights=weights),),
        items=tuple(Item(f"i{n}", weight_grams=grams) for n in range(lines)),
    )  # fmt: skip
    places = list(records.locations)
    places[EHV] = replace(places[EHV], pickup=True, **place)
    image = compile_image(replace(records, locations=tuple(places)))
    stock = LiveStock(image.item_index, image.location_index, frozenset(), FIRST_DAY)
    asking = []
    for item in range(lines):
        stock.matrix.change(item, EHV, stock.matrix.slot_index(Slot("", "", ON_HAND, True)), units, 0)
        wish = {"delivery_method": DeliveryMethod.PICKUP, "pickup_location": EHV} | (wishes or {})
        asking.append(BasketLine(f"{item}", item, units, **wish))
    return decide_basket(set_scene(image, stock, Basket(tuple(asking), minute(asked))), (), 100)


def shorts(plan: Plan) -> list[tuple[int, Reason, tuple[str, ...]]]:
    return [(short.quantity, short.reason, short.restricted_by) for short in plan.short_lines]


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


@pytest.mark.parametrize(
    ("wanted", "ready", "order_by"),
    [
        # Work begins so much before that it is ready just then.
        ("2026-06-22T14:11", "2026-06-22T14:11", "2026-06-22T11:41"),
        ("2026-06-22T11:30", "2026-06-22T11:30", "2026-06-22T09:00"),
        # What is begun on Friday is done on Monday.
        ("2026-06-22T09:30", "2026-06-22T09:30", "2026-06-19T16:00"),
        # Past the hours of Monday: a part of it then, a minute or more on Tuesday, but that the cutoff is at 16:00.
        ("2026-06-22T18:30", "2026-06-23T09:01", "2026-06-22T15:31"),
        # Ready later than that as it is.
        ("2026-06-19T11:00", "2026-06-19T12:30", "2026-06-19T10:00"),
    ],
)  # fmt: skip
def test_it_is_ready_no_sooner_than_it_is_wanted_and_no_later_than_work_takes(wanted: str, ready: str, order_by: str) -> None:
    window = {"earliest_minute": minute(wanted), "latest_minute": minute(ready)}
    (shipment,) = plan_at("2026-06-19T10:00", wishes=window, **HOURS).shipments
    assert (shipment.pick_by_minute, shipment.order_by_minute) == (minute(ready), minute(order_by))


@pytest.mark.parametrize(
    "more",
    [
        {"units": QUANTITY_MAX, "unit_cost_micros": 10**12},
        {"units": QUANTITY_MAX, "unit_cost_micros": 10**12, "weights": (("unit", 0),)},
        {"units": 9_008, "unit_cost_micros": 10**9, "weights": (("unit", 10**9),)},
        {"lines": 6, "units": QUANTITY_MAX, "grams": 999_999_999},
    ],
)
def test_what_costs_or_weighs_more_than_sums_hold_is_not_collected(more: Any) -> None:
    plan = plan_at("2026-06-18T10:00", **more)
    assert (plan.shipments, plan.terms) == ((), ())
    assert shorts(plan) == [(more["units"], Reason.NO_ROUTE, ())] * more.get("lines", 1)


def test_the_most_that_is_collected_adds_up() -> None:
    units = COLLECTED_MAX // 999_999_999
    plan = plan_at("2026-06-18T10:00", lines=500, units=units, grams=999_999_999, unit_cost_micros=999_999_999)
    assert not plan.short_lines
    (shipment,) = plan.shipments
    (term,) = [term for term in plan.terms if term.term is Term.UNIT]
    assert shipment.weight_grams == term.weighted_micros == 500 * units * 999_999_999 <= 500 * COLLECTED_MAX < 2**63
    assert encode_cost(plan.terms).total_micros == plan.cost_micros


def test_a_place_that_never_opens_is_no_matter_of_dates_unless_one_is_asked_for() -> None:
    closed = {"days": ("2020-01-06",), "calendar_id": "shop"}
    assert shorts(plan_at("2026-06-18T10:00", **closed)) == [(1, Reason.NO_ROUTE, ())]
    by = {"latest_minute": minute("2026-06-30T12:00")}
    reached = plan_at("2026-06-18T10:00", wishes=by, **closed)
    assert shorts(reached) == [(1, Reason.PROMISE_UNREACHABLE, ("lines[0].latest_date",))]
