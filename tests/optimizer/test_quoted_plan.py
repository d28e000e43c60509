"""A quoted plan is the same plan when it is made again, whatever was asked; where it cannot be, it is said what changed."""

from dataclasses import replace

import pytest

from engine.domain.plan import Plan
from engine.domain.reasons import Reason, Refusal
from engine.optimizer.assemble import shipment_hold
from engine.optimizer.decide import decide_basket
from engine.optimizer.quoted_plan import made_again, packed, unpacked
from engine.optimizer.scene import Scene
from tests.optimizer.baskets import drawn_scene
from tests.optimizer.test_routes import drawn_routes


def quoted(scene: Scene) -> Plan:
    return decide_basket(scene, scene.services, 500)


def again(scene: Scene, plan: Plan, minutes_later: int = 0) -> Plan:
    data = packed(scene, plan)
    return made_again(scene, unpacked(data, scene.basket.request_minute), scene.start_minute + minutes_later, "basket")


def plain(plan: Plan) -> Plan:
    """Without what is told of lines that are short, which a token does not hold."""
    short = tuple(replace(line, message="", restricted_by=()) for line in plan.short_lines)
    return replace(plan, short_lines=short)


@pytest.mark.parametrize("seed", range(400))
def test_what_was_quoted_is_made_again(seed: int) -> None:
    scene = drawn_scene(seed)
    plan = quoted(scene)
    assert plain(again(scene, plan)) == plain(plan)


@pytest.mark.parametrize("seed", range(100))
def test_what_is_collected_is_made_again(seed: int) -> None:
    scene = drawn_routes(seed, 1 + seed % 2)
    plan = quoted(scene)
    assert plain(again(scene, plan)) == plain(plan)


@pytest.mark.parametrize("seed", range(100))
def test_every_line_whose_stock_is_gone_is_named(seed: int) -> None:
    scene = drawn_scene(seed)
    plan = quoted(scene)
    if not plan.shipments:
        return
    data = packed(scene, plan)
    # Somebody else takes all that the first shipment needs, and all there is besides.
    first = plan.shipments[0]
    matrix = scene.stock.matrix
    for peg in first.pegs:
        for at in matrix.run(peg.item, peg.location):
            matrix.demand[at] = max(matrix.demand[at], matrix.supply[at])
    with pytest.raises(Refusal) as refused:
        made_again(scene, unpacked(data, scene.basket.request_minute), scene.start_minute, "basket")
    assert refused.value.reason is Reason.QUOTE_CHANGED
    named = {violation.field for violation in refused.value.violations if violation.description.startswith("stock: ")}
    assert {f"basket.{scene.basket.path(peg.line)}" for peg in first.pegs} <= named


def test_a_day_that_is_full_and_a_cutoff_that_is_past_are_named() -> None:
    found = set()
    for seed in range(60):
        scene = drawn_scene(seed)
        plan = quoted(scene)
        if not plan.shipments:
            continue
        with pytest.raises(Refusal) as refused:
            again(scene, plan, minutes_later=100_000)
        assert all(violation.description.startswith("cutoff: ") for violation in refused.value.violations)
        found.add("cutoff")
        data, hold = packed(scene, plan), shipment_hold(plan.shipments[0])
        ((location, day, _),) = hold[1]
        limit = scene.image.capacity_per_day.item(location)
        if limit >= 2**61:
            continue
        scene.stock.hold((), [(location, day, limit)])
        with pytest.raises(Refusal) as refused:
            made_again(scene, unpacked(data, scene.basket.request_minute), scene.start_minute, "basket")
        assert all(violation.description.startswith("capacity: ") for violation in refused.value.violations)
        found.add("capacity")
    assert found == {"cutoff", "capacity"}
