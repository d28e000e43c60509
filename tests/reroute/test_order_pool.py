"""Real orders as a pool: at no prices each costs what the optimizer says its best plan of whole lines does."""

import numpy as np

from engine.domain.basket import DeliveryMethod
from engine.domain.enums import OrderBy
from engine.optimizer.candidates import ShipRequest, ship_candidates
from engine.optimizer.scene import Scene
from engine.optimizer.solve import solve
from engine.reroute.order_pool import LEFT_OUT_MICROS, NOWHERE, OpenOrder, pool_of_orders
from engine.reroute.workers import Workers
from tests.optimizer.baskets import drawn_scene

SEEDS = 600
NODES_MAX = 100_000


def is_plain(scene: Scene) -> bool:
    """Shipped lines without sets, compared by cost: what a reroute takes."""
    lines = scene.basket.lines
    return (
        scene.lanes is not None and scene.policy.order_by is OrderBy.COST and scene.locations_max >= 1
        and all(line.delivery_method is DeliveryMethod.SHIP and line.ship_set < 0 for line in lines)
        and not scene.basket.constraints.ship_complete
    )  # fmt: skip


def test_an_order_costs_what_its_problem_does() -> None:
    equal = below = 0
    for seed in range(SEEDS):
        scene = drawn_scene(seed)
        if not is_plain(scene):
            continue
        assert scene.lanes is not None
        lines = scene.basket.lines
        found = ship_candidates(scene, scene.lanes, ShipRequest(tuple(range(len(lines))), scene.services))
        p = found.problem
        if p is None or any(p.quantity[j] != lines[i].quantity for j, i in enumerate(found.lines)):
            continue
        made = pool_of_orders([OpenOrder(scene, (NOWHERE,) * len(lines))], 0)
        with Workers(made.pool, 1) as workers:
            position, slot = np.zeros(len(made.pool.position_units), np.int64), np.zeros(len(made.pool.slot_left), np.int64)
            value = workers.price(position, slot).total - LEFT_OUT_MICROS * (len(lines) - len(found.lines))
        short = np.full(len(p.quantity), LEFT_OUT_MICROS, np.int64)
        # Whole or not at all, and short at the same price for the line.
        whole = p._replace(line_locations_max=np.ones(len(p.quantity), np.int64), short_micros=-(-short // p.quantity))
        best = solve(whole, NODES_MAX)
        missing = sum(int(whole.short_micros[x.line]) * x.quantity - LEFT_OUT_MICROS for x in best.placements if x.column < 0)
        # Capacity, and a location that ships once, bind the problem and not each order of a pool.
        assert value <= best.objective_micros - missing
        equal += value == best.objective_micros - missing
        below += value < best.objective_micros - missing
    assert equal >= 60
    assert below <= equal // 4


def test_what_a_move_costs_is_charged_where_the_order_has_nothing_now() -> None:
    scene = next(scene for seed in range(SEEDS) if is_plain(scene := drawn_scene(seed)) and _has_two_places(scene))
    here = pool_of_orders([OpenOrder(scene, (NOWHERE,) * len(scene.basket.lines))], 0)
    location = here.way[0].location
    present = ((location, here.way[0].service), *([NOWHERE] * (len(scene.basket.lines) - 1)))
    made = pool_of_orders([OpenOrder(scene, present)], 1_000)
    more = (made.pool.way_fixed - here.pool.way_fixed).tolist()
    assert more == [0 if way.location == location else 1_000 for way in made.way]
    assert 1_000 in more


def _has_two_places(scene: Scene) -> bool:
    made = pool_of_orders([OpenOrder(scene, (NOWHERE,) * len(scene.basket.lines))], 0)
    return len({way.location for way in made.way}) > 1
