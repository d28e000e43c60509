"""Orders decided by the short way: no plan that divides a line is cheaper, against every plan there is."""

import random
from dataclasses import replace

import numpy as np
import pytest

from engine.domain.basket import Basket, BasketLine
from engine.domain.enums import OrderBy
from engine.kernels.asked import R_NODES, R_STATUS, RESULT_FIELDS, SOLVED
from engine.network.image import compile_image
from engine.optimizer import direct
from engine.optimizer.candidates import ShipRequest, ship_candidates
from engine.optimizer.direct import Request, decide_direct
from engine.optimizer.scene import Scene, set_scene
from tests.naive.assignment import cheapest_micros
from tests.network.small_network import prices
from tests.optimizer.baskets import NOW, drawn_basket, drawn_image, drawn_stock


def divisible_scene(seed: int) -> Scene:
    """Lines of few units that may be divided, under weight breaks, receipts, capacity, dates and prices of all kinds."""
    rng = random.Random(seed)
    records = drawn_image(rng, locations_max=4).records
    policies = tuple(
        replace(
            each, allow_split_lines=True, order_by=OrderBy.COST, carbon_micros_per_kg=0, capacity_price_micros=0,
            short_micros=rng.choice([None, None, 1, 3_000_000, 10**9]),
            late_micros_per_day=rng.choice([0, 0, 100_000]), max_locations_per_line=rng.choice([None, None, 2]),
        )
        for each in records.policies
    )  # fmt: skip
    items = tuple(replace(each, duty_ppm=0) for each in records.items)
    image = compile_image(replace(records, policies=policies, items=items, inventory_prices=prices([])))
    basket = drawn_basket(rng, image, lines_max=3)
    due = rng.random() < 0.3
    lines = tuple(
        BasketLine(f"l{n}", n, rng.choice([1, 2, 2, 3, 4]),
                   **({"latest_minute": NOW + rng.choice([1_000, 4_000])} if due else {}))
        for n in range(len(basket.lines))
    )  # fmt: skip
    return set_scene(image, drawn_stock(rng, image), Basket(lines, NOW, basket.destination, segment=basket.segment))


def test_what_is_decided_short_is_the_best_of_every_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    by_parts = compared = 0
    statuses: list[tuple[int, int]] = []
    decide = direct.decide_orders

    def noted(*arguments: np.ndarray) -> None:
        decide(*arguments)
        assert arguments[-2].shape[1] == RESULT_FIELDS
        statuses.extend((int(row[R_STATUS]), int(row[R_NODES])) for row in arguments[-2])

    monkeypatch.setattr(direct, "decide_orders", noted)
    for seed in range(1_500):
        scene = divisible_scene(seed)
        lines = tuple(range(len(scene.basket.lines)))
        assert scene.lanes is not None
        statuses.clear()
        ((chosen,),) = decide_direct((Request(scene, scene.lanes, lines, (scene.services,)),))
        if chosen is None or not statuses or statuses[0][0] != SOLVED:
            continue
        candidates = ship_candidates(scene, scene.lanes, ShipRequest(lines, scene.services))
        problem = candidates.problem
        asked = [line.quantity for line in scene.basket.lines]
        if problem is None or problem.column_count > 8 or sum(asked) > 8 or problem.quantity.tolist() != asked:
            continue
        compared += 1
        divisible = int(((problem.quantity > 1) & (problem.line_locations_max > 1)).sum())
        # The second program looks at so many sets of parts.
        by_parts += divisible > 0 and statuses[0][1] >= 1 << (problem.line_count + divisible)
        assert chosen.objective_micros == cheapest_micros(problem, divide=True), seed
    assert compared > 200
    assert by_parts > 60
