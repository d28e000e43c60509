"""The trade-off of date against cost: for every date that some plan can meet, the cheapest plan that does.

Method: each point asks for the cheapest plan that is there before the last one (the ε-constraint method; Haimes, Lasdon and
Wismer 1971), so that there are as many decisions as points, and one more.
"""

from collections.abc import Iterator
from dataclasses import replace

from engine.domain.plan import Plan
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import Scene

POINTS_MAX = 32
"""Of one basket; the soonest are left out where there are more."""


def frontier(scene: Scene, best: Plan, nodes_max: int) -> list[Plan]:
    """Plans by which everything that `best` promises is there sooner the more they cost, soonest first, `best` the last.

    best: the plan decided on the scene by all services. No plan is there by the date of one of them for less, but where its
    certificate leaves that open; where time is up, the soonest are missing. Stock is left as it was.
    """
    points: list[Plan] = []
    for plan in plans_ever_sooner(scene, best, nodes_max):
        # As good for what it costs, and sooner.
        while points and points[-1].cost_micros >= plan.cost_micros:
            points.pop()
        points.append(plan)
        if len(points) == POINTS_MAX:
            break
    return points[::-1]


def plans_ever_sooner(scene: Scene, best: Plan, nodes_max: int) -> Iterator[Plan]:
    """The best plan, then the best of those that are there before it, and so on, none of them shorter of units."""
    plan, short = best, units_short(best)
    while plan.shipments and units_short(plan) <= short:
        yield plan
        if scene.is_cut():
            return
        plan = decide_basket(by(scene, there_by(plan) - 1), scene.services, nodes_max)


def there_by(plan: Plan) -> int:
    """Minute by which everything is there."""
    return max(shipment.delivery_latest_minute for shipment in plan.shipments)


def units_short(plan: Plan) -> int:
    """Units that a plan leaves out."""
    return sum(line.quantity for line in plan.short_lines)


def by(scene: Scene, minute: int) -> Scene:
    """The scene of those who want everything by a minute, whatever lateness costs."""
    lines = tuple(
        replace(line, latest_minute=min(line.latest_minute, minute)) if not line.is_shipped else line
        for line in scene.basket.lines
    )
    return replace(scene, basket=replace(scene.basket, lines=lines), deliver_by=minute)
