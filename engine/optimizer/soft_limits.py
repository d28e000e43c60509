"""Soft limits: every way to keep or break them, each as hard limits of its own at a price."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from engine.domain.enums import Term
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.kernels.tariffs import weigh
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


def classes_split(scene: Scene, lines: tuple[int, ...], micros: int) -> Choices:
    """Every set of the lines that are of a class not to be split; of many, none or all."""
    image, limits = scene.image, scene.basket.constraints
    concerned = [i for i in lines if image.item_class_index[scene.basket.lines[i].item] in limits.no_split_classes]
    if len(concerned) > BREACHES_MAX:
        return [({}, 0), (None, micros), ({"may_split": tuple(concerned)}, micros * len(concerned))]
    sets = (each for count in range(len(concerned) + 1) for each in combinations(concerned, count))
    return [({"may_split": may}, micros * len(may)) for may in sets]
