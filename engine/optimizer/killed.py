"""Lines to be filled or killed give way: where one of them keeps the rest of an order from being had, it is left out.

Where a unit short has no price, the best plan is the one with the fewest units short, whichever lines they are of; it may give
the last stock, capacity or location to a line that the order can do without. Which lines are killed is settled first, by the
order of the basket: none where that can be, else those that come later. The plan is then the best one of what is left.
"""

from collections.abc import Callable
from dataclasses import replace

from engine.domain.basket import DeliveryMethod
from engine.domain.plan import Plan, ShortLine
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import Scene

KEPT_TRIES_MAX = 8
"""Lines for which it is tried whether they can stay, a decision each; those beyond are left out with the rest."""

KILLED = "left out, so that the rest of the order can go on"


def without_killed(
    scene: Scene, plan: Plan, nodes_max: int, accepts: Callable[[tuple[ShortLine, ...]], bool]
) -> tuple[Scene, Plan] | None:  # fmt: skip
    """The scene and plan without as few lines as need be, `plan` being refused; None where the rest cannot be had either."""
    may = [i for i, line in enumerate(scene.basket.lines) if line.fill_or_kill and stands_alone(scene, i)]
    found = decided(scene, frozenset(may), plan, nodes_max) if may else None
    if found is None or not (found[1].shipments and accepts(found[1].short_lines)):
        return None
    for i in may[:KEPT_TRIES_MAX]:
        tried = decided(scene, found[0].left_out - {i}, plan, nodes_max)
        if accepts(tried[1].short_lines) and all(short.line != i for short in tried[1].short_lines):
            found = tried
    return found


def stands_alone(scene: Scene, i: int) -> bool:
    """Whether a line may go without others that belong to it."""
    line = scene.basket.lines[i]
    together = line.ship_set >= 0 or line.arrival_set >= 0 or line.kit_ratio > 0
    return not together and line.delivery_method is not DeliveryMethod.DIGITAL


def decided(scene: Scene, left_out: frozenset[int], refused: Plan, nodes_max: int) -> tuple[Scene, Plan]:
    """The best plan without some lines, which it names as short for the reason of the plan that was refused."""
    scene = replace(scene, left_out=left_out)
    plan = decide_basket(scene, scene.services, nodes_max)
    reason = refused.short_lines[0].reason
    killed = tuple(ShortLine(i, scene.basket.lines[i].quantity, reason, KILLED, ()) for i in left_out)
    return scene, replace(plan, short_lines=tuple(sorted((*plan.short_lines, *killed), key=lambda short: short.line)))
