"""Soft limits: every way to keep or break them, each as hard limits of its own at a price."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from engine.domain.enums import Term
from engine.domain.plan import Shipment, deliveries
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.kernels.tariffs import weigh
from engine.optimizer.load import Chosen
from engine.optimizer.problem import NO_LIMIT
from engine.optimizer.scene import Scene

STEPS_MAX, STEPS_LONG_MAX = 16, 3
"""Locations beyond a limit that are tried one by one, of orders of few lines and of many; then all there may be."""

BREACHES_MAX = 4
"""Lines of classes not to be split that are tried in every combination; of more, none or all."""

FLAGS = {"ship_complete": True, "international": False}
"""Limits that are kept or broken, with the value that limits."""

COUNTED = ("max_locations", "max_locations_per_line", "no_split_locations")
"""Limits that are broken by so many more."""

Choices = list[tuple[dict[str, Any] | None, int]]
"""One limit: (what changes, price), kept for nothing first, broken as far as can be last; None: not tried, at this price or
more."""


def soft_variants(scene: Scene, lines: tuple[int, ...]) -> Iterator[tuple[Scene | None, int, int]]:
    """(scene, penalty, weighted): soft limits kept, then broken at every price; the last breaks all as far as can be."""
    limits = scene.basket.constraints
    choices: list[Choices] = []
    for name, micros in limits.penalties:
        kept = getattr(limits, name)
        if name in FLAGS and kept is FLAGS[name]:
            choices.append([({}, 0), ({name: not kept}, micros)])
        elif name == "no_split_classes":
            choices.append(classes_split(scene, lines, micros))
        elif name in COUNTED and kept is not None:
            choices.append(counted(scene, lines, name, kept, micros))
    for combination in product(*choices):
        raw = sum(micros for _, micros in combination)
        weighted = int(weigh(raw, scene.weights_ppm[Term.PENALTY]))
        if any(change is None for change, _ in combination):
            yield None, raw, weighted
            continue
        changes = {name: value for change, _ in combination for name, value in (change or {}).items()}
        yield replace(scene, basket=replace(scene.basket, constraints=replace(limits, **changes))), raw, weighted


def counted(scene: Scene, lines: tuple[int, ...], name: str, kept: int, micros: int) -> Choices:
    """A limit on a number of locations, broken by one, two and so on."""
    units = sum(scene.basket.lines[i].quantity for i in lines)
    most = max(kept, min(len(scene.image.location_ids), units))
    several = sum(other in COUNTED for other, _ in scene.basket.constraints.penalties)
    steps = STEPS_MAX >> (2 * several - 2) if len(lines) <= SUBSET_LINES_MAX else STEPS_LONG_MAX
    tried = range(kept, min(most, kept + steps) + 1) if micros else [kept]
    choices: Choices = [({name: step}, (step - kept) * micros) for step in tried]
    if tried[-1] + 1 < most and micros:
        choices.append((None, (tried[-1] + 1 - kept) * micros))
    if tried[-1] < most:
        choices.append(({name: most}, (most - kept) * micros))
    return choices


def without_kept(scene: Scene, chosen: Chosen, shipments: Sequence[Shipment], *, is_short: bool) -> Chosen:
    """The plan without the price of limits that might have been broken for it and are not."""
    if not chosen.penalty_raw:
        return chosen
    raw = min(chosen.penalty_raw, broken_micros(scene, shipments, is_short))
    weighted = int(weigh(raw, scene.weights_ppm[Term.PENALTY]))
    objective = chosen.objective_micros - chosen.penalty_micros + weighted
    return chosen._replace(
        objective_micros=objective, lower_bound_micros=min(chosen.lower_bound_micros, objective), penalty_raw=raw,
        penalty_micros=weighted,
    )  # fmt: skip


def broken_micros(scene: Scene, shipments: Sequence[Shipment], is_short: bool) -> int:
    """Σ prices of the soft limits that shipments break as a whole, before weighting."""
    limits, image = scene.basket.constraints, scene.image
    parts = Counter(line for shipment in shipments for line in {peg.line for peg in shipment.pegs})
    places = len({shipment.location for shipment in shipments})
    of_class = [i for i in parts if image.item_class_index[scene.basket.lines[i].item] in limits.no_split_classes]
    times = {
        "max_locations_per_line": max(parts.values(), default=0) - (limits.max_locations_per_line or NO_LIMIT),
        "ship_complete": int(bool(shipments) and (is_short or deliveries(shipments) > 1)),
        "international": int(any(scene.is_abroad[shipment.location] for shipment in shipments)),
        "no_split_classes": sum(parts[i] > 1 for i in of_class),
    }
    each = sum(micros * max(0, times.get(name, 0)) for name, micros in limits.penalties)
    return each + locations_micros(scene, places)


def locations_micros(scene: Scene, count: int) -> int:
    """What so many locations cost, before weighting, where there is a price for more than asked."""
    return sum((limit.micros or 0) * max(0, count - limit.most) for limit in scene.location_limits)


def classes_split(scene: Scene, lines: tuple[int, ...], micros: int) -> Choices:
    """Every set of the lines that are of a class not to be split; of many, none or all."""
    image, limits = scene.image, scene.basket.constraints
    concerned = [i for i in lines if image.item_class_index[scene.basket.lines[i].item] in limits.no_split_classes]
    if len(concerned) > BREACHES_MAX:
        return [({}, 0), (None, micros), ({"may_split": tuple(concerned)}, micros * len(concerned))]
    sets = (each for count in range(len(concerned) + 1) for each in combinations(concerned, count))
    return [({"may_split": may}, micros * len(may)) for may in sets]
