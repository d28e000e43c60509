"""A basket promised: one option per service level, and the cheapest mix, ranked."""

from dataclasses import dataclass, replace

from engine.domain.basket import Basket
from engine.domain.plan import Plan, ShortLine
from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage
from engine.optimizer.cut import IsCut, never_cut
from engine.optimizer.decide import decide_choices
from engine.optimizer.explain import explain_plan
from engine.optimizer.explanation import Explanation, Level
from engine.optimizer.next_dates import with_next_dates
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.substitutes import with_substitutes
from engine.promise.frontier import frontier, there_by, units_short

OPTIONS_DEFAULT = 3


@dataclass(frozen=True, slots=True)
class Quote:
    """Options, best first: fewest units short, then cheapest, then earliest; and what even the first leaves out."""

    scene: Scene
    options: tuple[Plan, ...]
    unavailable: tuple[ShortLine, ...]
    frontier: tuple[Plan, ...] = ()
    """Soonest first: no plan is there by the date of one of them for less."""
    explanation: Explanation | None = None


def quote_promise(
    image: NetworkImage, stock: LiveStock, basket: Basket, options_max: int, nodes_max: int, explain: Level = Level.NONE,
    is_cut: IsCut = never_cut, *, with_frontier: bool = True,
) -> Quote:  # fmt: skip
    """Every service level alone and all of them together, planned on the stock of this moment; nothing is held.

    Raises `Refusal` for an unknown policy or postal code.
    """
    basket = with_substitutes(image, stock, basket, "basket", nodes_max, is_cut)
    scene = set_scene(image, stock, basket, is_cut=is_cut)
    plans: dict[tuple[object, ...], Plan] = {}
    decided = decide_choices(scene, tuple(service_choices(scene)), nodes_max)
    for plan in decided:
        plans.setdefault(contents(plan), plan)
    ranked = sorted(plans.values(), key=rank)
    options = tuple(plan for plan in ranked if plan.shipments)[: options_max or OPTIONS_DEFAULT]
    unavailable = with_next_dates(scene, options[0].short_lines if options else ranked[0].short_lines)
    if options:
        options = (replace(options[0], short_lines=unavailable), *options[1:])
    explanation = None
    if explain:
        # The first option is the best plan by all services, or one that costs and holds as much.
        explanation = explain_plan(scene, (options or ranked)[0], scene.services, nodes_max, explain)
    points = frontier(scene, decided[0], nodes_max) if with_frontier and decided[0].shipments else ()
    return Quote(scene, options, unavailable, tuple(points), explanation)


def service_choices(scene: Scene) -> list[tuple[int, ...]]:
    """All services together, then each service level alone; one choice when nothing is shipped."""
    if not any(line.is_shipped for line in scene.basket.lines):
        return [()]
    return level_choices(scene.image)


def level_choices(image: NetworkImage) -> list[tuple[int, ...]]:
    """All services of a network together, then those of each level; only the first where there is but one level."""
    everything = tuple(range(len(image.service_ids)))
    levels = [
        tuple(s for s in everything if image.service_level_index[s] == level) for level in range(len(image.service_levels))
    ]
    return [everything, *levels] if len(levels) > 1 else [everything]


def contents(plan: Plan) -> tuple[object, ...]:
    """What makes two options the same to a customer: what comes from where, by which service, and what is short."""
    return (
        tuple((s.location, s.service, s.delivery_latest_minute, s.pegs) for s in plan.shipments),
        plan.short_lines,
    )


def rank(plan: Plan) -> tuple[int, int, int]:
    """Fewest units short, then the lowest cost, then the earliest complete delivery."""
    return units_short(plan), plan.cost_micros, there_by(plan) if plan.shipments else 0
