"""The earliest date of what comes too late, and what it waits for: by hand, and against plans by that date and before it."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from engine.domain.basket import NO_LATEST, Basket
from engine.domain.plan import ShortLine
from engine.inventory.matrix import Slot
from engine.optimizer.decide import decide_basket
from engine.optimizer.next_dates import with_next_dates
from engine.optimizer.scene import Scene, set_scene
from tests.optimizer.baskets import NOW, drawn_scene
from tests.optimizer.test_consolidate import drawn_basket_as_one, put_together_scene
from tests.optimizer.test_routes import FRIDAY_16, MONDAY, collected, drawn_routes, shop
from tests.optimizer.test_shortage import AMS, BOLT, EHV, LAMP, line, small_scene

DAY = 1_440
STOCK = {(BOLT, AMS): 5, (LAMP, EHV): 5}
SET = {"arrival_set": 0}


def told(scene: Scene) -> list[ShortLine]:
    return list(with_next_dates(scene, decide_basket(scene, scene.services, 2_000).short_lines))


def by(scene: Scene, i: int, minute: int) -> Scene:
    """The scene in which a line is wanted by a minute."""
    asked = tuple(replace(each, latest_minute=minute) if n == i else each for n, each in enumerate(scene.basket.lines))
    return replace(scene, basket=replace(scene.basket, lines=asked))


def is_had(scene: Scene, i: int) -> bool:
    return i not in {short.line for short in decide_basket(scene, scene.services, 2_000).short_lines}


def landing(scene: Scene, item: int, location: int, minute: int) -> Scene:
    matrix = scene.stock.matrix
    matrix.change(item, location, matrix.slot_index(Slot("R", "", minute, True)), 5, 0)
    return scene


def test_what_is_collected_is_ready_as_soon_as_it_may_be_there() -> None:
    """The shop is open until 18:00: of an hour of work for what is wanted from 19:00 on, a minute is left for the morning."""
    image, stock = shop({(0, 1): 1})
    seven = MONDAY + 19 * 60
    asked = replace(collected(0), earliest_minute=seven, latest_minute=seven + 60)
    scene = set_scene(image, stock, Basket((asked,), FRIDAY_16))
    (short,) = told(scene)
    assert (short.next_minute, short.waits_for) == (MONDAY + DAY + 10 * 60 + 1, "OPENING_HOURS")
    assert is_had(by(scene, 0, short.next_minute), 0)
    assert not is_had(by(scene, 0, short.next_minute - 1), 0)


@pytest.mark.parametrize("capacity", [None, 5])
def test_what_waits_for_others_of_its_set_does_not_wait_for_capacity(capacity: int | None) -> None:
    asked = line(BOLT, 1, earliest_minute=NOW + 9 * DAY, **SET), line(LAMP, 1, latest_minute=NOW + 5 * DAY, **SET)
    scene = small_scene(*asked, stock=STOCK, capacity=capacity)
    (short,) = told(scene)
    assert (short.line, short.waits_for) == (1, "EARLIEST_DATE")
    assert "together with lines[0], and that not before lines[0].earliest_date" in short.message
    assert is_had(by(scene, 1, short.next_minute), 1)


def test_full_days_are_what_is_waited_for() -> None:
    scene = small_scene(line(LAMP, 2, latest_minute=NOW + 2 * DAY), stock=STOCK, capacity=2)
    today = NOW // DAY
    scene.stock.hold((), [(EHV, today, 1), (EHV, today + 1, 2), (EHV, today + 2, 1)])
    (short,) = told(scene)
    assert short.waits_for == "CAPACITY"
    assert "ehv has no capacity left before" in short.message


def test_an_arrival_set_comes_with_the_last_of_it() -> None:
    """One line is there, and must be earlier than the receipt of the other one lets both be."""
    scene = small_scene(line(BOLT, 1, latest_minute=NOW + 4 * DAY, **SET), line(LAMP, 1, **SET), stock={(BOLT, AMS): 5})
    (short,) = told(landing(scene, LAMP, EHV, NOW + 6 * DAY))
    # It is the other one that goes short for the date.
    assert (short.line, short.restricted_by, short.waits_for) == (1, ("lines[0].latest_date",), "RECEIPT")
    assert "receipt R lands at ehv" in short.message
    assert is_had(by(scene, 0, short.next_minute), 1)
    assert not is_had(by(scene, 0, short.next_minute - 1), 1)


def test_what_waits_where_it_is_is_there_with_the_last_of_its_set() -> None:
    """Two units of the line that is late go short rather than one of the other."""
    scene = small_scene(line(BOLT, 1, latest_minute=NOW + 4 * DAY, **SET), line(LAMP, 2, **SET), stock={(BOLT, AMS): 5})
    (short,) = told(landing(scene, LAMP, EHV, NOW + 6 * DAY))
    assert (short.line, short.waits_for) == (0, "RECEIPT")
    assert is_had(by(scene, 0, short.next_minute), 0)
    assert not is_had(by(scene, 0, short.next_minute - 1), 0)


def test_what_is_put_together_has_the_date_of_its_delivery() -> None:
    plan = decide_basket(put_together_scene(ship_complete=True), (0,), 100)
    late = plan.shipments[0].delivery_latest_minute
    found = told(put_together_scene(latest=late - 1, ship_complete=True))
    assert {(short.next_minute, short.waits_for) for short in found} == {(late, "TRANSIT")}


def test_lines_that_come_together_can_be_had_by_the_date_and_not_before() -> None:
    seen = Counter[bool]()
    for seed in range(120):
        scene = drawn_together(seed)
        for short in told(scene):
            if short.next_minute and short.line == 0:
                assert is_had(by(scene, 0, short.next_minute), 0), seed
                assert not is_had(by(scene, 0, short.next_minute - 1), 0), seed
                seen[scene.basket.constraints.ship_complete] += 1
    assert min(seen[True], seen[False]) >= 5, seen


def test_what_is_collected_from_a_time_on_can_be_had_by_the_date_and_not_before() -> None:
    seen = Counter[str]()
    for seed in range(150):
        rng, scene = random.Random(seed), drawn_routes(seed, 1)
        wanted = NOW + rng.randint(0, 6_000)
        asked = replace(
            scene.basket.lines[0], quantity=1, earliest_minute=wanted, latest_minute=wanted + rng.choice([0, 30, 600])
        )
        policy = replace(scene.policy, short_micros=None)
        scene = replace(scene, policy=policy, basket=replace(scene.basket, lines=(asked,)))
        for short in told(scene):
            if short.next_minute:
                assert is_had(by(scene, 0, short.next_minute), 0), seed
                assert not is_had(by(scene, 0, short.next_minute - 1), 0), seed
                seen[short.waits_for] += 1
    assert min(seen["TRANSFER"], seen["OPENING_HOURS"]) >= 5, seen


def drawn_together(seed: int) -> Scene:
    """A basket of which one line is wanted early, and that arrives on one day, or as one."""
    rng = random.Random(seed)
    scene = drawn_basket_as_one(seed) if seed % 2 else drawn_scene(seed)
    lines = tuple(
        replace(each, latest_minute=NO_LATEST if n else NOW + rng.choice([10, 2_000, 4_000]), arrival_set=-1 if seed % 2 else 0)
        for n, each in enumerate(scene.basket.lines)
    )
    policy = replace(scene.policy, late_micros_per_day=0, short_micros=None)
    return replace(scene, policy=policy, basket=replace(scene.basket, lines=lines))
