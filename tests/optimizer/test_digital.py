"""What is delivered without being moved: as many units as there are in time, each as soon as can be."""

from dataclasses import replace

import pytest

from engine.domain.basket import NO_LATEST, Basket, BasketLine, DeliveryMethod
from engine.domain.plan import CertificateStatus, Plan, Route
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import Scene, set_scene
from tests.naive.candidates import pools_of, positions
from tests.naive.stock import available
from tests.optimizer.baskets import NOW, drawn_scene
from tests.optimizer.test_quoted_plan import again, plain
from tests.optimizer.test_routes import FRIDAY_16, collected, shop


def drawn_digital(seed: int) -> Scene:
    """The drawn basket, of distinct items, with none of it to be moved."""
    scene = drawn_scene(seed)
    lines = tuple(
        replace(line, delivery_method=DeliveryMethod.DIGITAL, item=i, service_level="", preferred_services=())
        for i, line in enumerate(scene.basket.lines)
    )
    return replace(scene, basket=replace(scene.basket, lines=lines))


def soonest(scene: Scene, i: int) -> tuple[int, int]:
    """(units, the minute by which they are there) of a line, minute by minute."""
    line, row = scene.basket.lines[i], positions(scene, scene.basket.lines[i].item)
    limits = scene.image.item_limits.locations(line.item)
    places = [
        l for l in range(len(scene.image.locations))  # noqa: E741
        if scene.image.active[l] and (limits is None or limits[l]) and l not in line.excluded_locations
        and (not line.allowed_locations or l in line.allowed_locations) and line.preassigned_location in (-1, l)
    ]  # fmt: skip
    floors = scene.floor(line.item).tolist()
    best = 0, NOW
    for minute in sorted({NOW, *(p.available_at for p in row if NOW < p.available_at <= scene.last_minute)}):
        units = sum(available(row, l, minute, pools_of(scene, line.item), floors[l]) for l in places)  # noqa: E741
        if minute <= line.latest_minute and min(units, line.quantity) > best[0]:
            best = min(units, line.quantity), minute
    return (0, NOW) if line.all_or_nothing and best[0] < line.quantity else best


@pytest.mark.parametrize("seed", range(120))
def test_each_line_has_all_there_is_as_soon_as_can_be(seed: int) -> None:
    scene = drawn_digital(seed)
    plan = decide_basket(scene, scene.services, 100)
    assert all(s.route is Route.DIGITAL and s.service == -1 for s in plan.shipments)
    for i, line in enumerate(scene.basket.lines):
        units = sum(p.quantity for s in plan.shipments for p in s.pegs if p.line == i)
        there = max((s.delivery_latest_minute for s in plan.shipments if any(p.line == i for p in s.pegs)), default=NOW)
        assert (units, there) == soonest(scene, i)
        assert sum(short.quantity for short in plan.short_lines if short.line == i) == line.quantity - units
    assert plain(again(scene, plan)) == plain(plan)


def mixed(units: dict[tuple[int, int], int]) -> Plan:
    """A line to collect and one that is delivered at once, of different items."""
    image, stock = shop(units)
    lines = collected(0), BasketLine("d", 1, 1, delivery_method=DeliveryMethod.DIGITAL, latest_minute=NO_LATEST)
    return decide_basket(set_scene(image, stock, Basket(lines, FRIDAY_16)), (), 100)


def test_what_is_not_moved_divides_no_order() -> None:
    plan = mixed({(0, 1): 1, (1, 0): 1})
    assert [(s.route, s.delivery_latest_minute) for s in plan.shipments] == [
        (Route.DIGITAL, FRIDAY_16), (Route.PICKUP, FRIDAY_16 + 60),
    ]  # fmt: skip
    # Work at the shop alone: 10 + 1, and no split.
    assert plan.certificate[:3] == (CertificateStatus.OPTIMAL, 11, 11)


def test_no_unit_is_a_matter_of_stock() -> None:
    (short,) = mixed({(0, 1): 1}).short_lines
    assert (short.line, short.quantity, short.reason.value) == (1, 1, "NO_STOCK")
