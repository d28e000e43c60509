"""Another system's plan of an order, priced and checked by the network and policy that decide here.

Its lines are divided as that plan divides them, each part from its location and by its service: deciding on that basket without
any limit says what the plan costs, and with all limits which of them it breaks.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from engine.domain.basket import BasketLine
from engine.domain.plan import Plan
from engine.optimizer.decide import decide_basket
from engine.optimizer.limits import line_locations
from engine.optimizer.scene import Scene
from engine.optimizer.shortage import restrictions_of, without

PARTS_MAX = 500
"""Of the other plan's lines by shipment; plans of more are not priced."""


class OtherPart(NamedTuple):
    """Units of a line (index in the basket) that come from a location; service −1: it is not said by which."""

    line: int
    location: int
    service: int
    quantity: int


class Shadow(NamedTuple):
    """What is found of the other plan: it as it would be decided here, None where it cannot be had or priced; what it costs
    with what it leaves out; and the hard limits that it breaks, for a person."""

    plan: Plan | None
    cost_micros: int | None
    violations: tuple[str, ...]


def shadowed(scene: Scene, parts: Sequence[OtherPart], nodes_max: int) -> Shadow:
    """Price and check another plan on the stock of this moment; stock is left as it was."""
    missing = units_missing(scene, parts)
    violations = [f"line {line_id_of(scene, i)!r}: {units} units are in no shipment" for i, units in missing.items()]
    violations += [*too_divided(scene, parts), *not_as_wished(scene, parts)]
    if not parts or len(parts) > PARTS_MAX:
        return Shadow(None, None, tuple(violations))
    hard = [each for each in restrictions_of(scene) if not each.is_soft]
    priced = decide_basket(assigned(without(scene, hard), parts), scene.services, nodes_max)
    if priced.short_lines:
        found = [f"line {line_id_of(scene, parts[short.line].line)!r}: {short.message}" for short in priced.short_lines]
        return Shadow(None, None, tuple(dict.fromkeys([*violations, *found])))
    for each in hard:
        others = [other for other in hard if other is not each]
        kept = decide_basket(assigned(without(scene, others), parts), scene.services, nodes_max)
        lines = dict.fromkeys(line_id_of(scene, parts[short.line].line) for short in kept.short_lines)
        violations += [f"{each.field}: not kept by line {line_id!r}" for line_id in lines]
    return Shadow(priced, cost_with(scene, priced, sum(missing.values())), tuple(violations))


def line_id_of(scene: Scene, line: int) -> str:
    """The caller's id of a line."""
    return scene.basket.lines[line].line_id


def not_as_wished(scene: Scene, parts: Sequence[OtherPart]) -> list[str]:
    """Parts from another location, or by another service, than the line itself names."""
    found = []
    for part in parts:
        line, path = scene.basket.lines[part.line], scene.basket.path(part.line)
        if line.preassigned_location not in (-1, part.location):
            found.append(f"{path}.preassigned_location_id: not kept by line {line.line_id!r}")
        if part.service >= 0 and line.preferred_services and part.service not in line.preferred_services:
            found.append(f"{path}.preferred_carrier_service_ids: not kept by line {line.line_id!r}")
    return found


def units_missing(scene: Scene, parts: Sequence[OtherPart]) -> dict[int, int]:
    """Units of each line that no part has."""
    left = Counter({i: line.quantity for i, line in enumerate(scene.basket.lines)})
    for part in parts:
        left[part.line] -= part.quantity
    return {i: units for i, units in left.items() if units > 0}


def too_divided(scene: Scene, parts: Sequence[OtherPart]) -> list[str]:
    """Lines of more locations than they may be divided over."""
    places = Counter(line for line, _ in {(part.line, part.location) for part in parts})
    shipped = [i for i, line in enumerate(scene.basket.lines) if line.is_shipped]
    most = dict(zip(shipped, line_locations(scene, shipped), strict=True))
    return [
        f"line {scene.basket.lines[i].line_id!r} comes from {count} locations, of which {most[i]} may be had at the most"
        for i, count in sorted(places.items()) if count > most.get(i, count)
    ]  # fmt: skip


def assigned(scene: Scene, parts: Sequence[OtherPart]) -> Scene:
    """The scene of a basket whose lines are the parts, each of which can come from nowhere else."""
    lines = []
    for part in parts:
        line = scene.basket.lines[part.line]
        position = line.position if line.position >= 0 else part.line
        services = (part.service,) if part.service >= 0 else line.preferred_services
        lines.append(_of_part(line, part, position, services))
    return replace(scene, basket=replace(scene.basket, lines=tuple(lines)))


def _of_part(line: BasketLine, part: OtherPart, position: int, services: tuple[int, ...]) -> BasketLine:
    return replace(
        line, quantity=part.quantity, position=position, preassigned_location=part.location, preferred_services=services,
        fill_or_kill=False, min_split_quantity=0, substitutes=(),
    )  # fmt: skip


def cost_with(scene: Scene, plan: Plan, missing: int) -> int | None:
    """What a plan costs with units that it leaves out; None where the policy names no price for those."""
    if not missing:
        return plan.cost_micros
    return None if scene.short_micros is None else plan.cost_micros + missing * scene.short_micros
