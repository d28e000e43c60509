"""Lines whose item cannot be had: another item in its place, where the line allows one.

A line is sent as one item. Its own comes first; only where a plan leaves units of it short are its substitutes tried, best
first, and the first one is taken of which the whole line can be had without leaving more of others short. Lines are settled in
the order of the basket.
"""

from dataclasses import replace

from engine.domain.basket import Basket, BasketLine
from engine.domain.plan import Plan
from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage
from engine.optimizer.cut import IsCut
from engine.optimizer.decide import decide_basket
from engine.optimizer.scene import set_scene

TRIES_MAX = 20
"""Plans made for the substitutes of one basket."""


def with_substitutes(
    image: NetworkImage, stock: LiveStock, basket: Basket, field: str, nodes_max: int, is_cut: IsCut
) -> Basket:  # fmt: skip
    """The basket, with other items on lines that cannot be had as they are; field: its path in the request."""
    if not any(line.substitutes for line in basket.lines):
        return basket

    def decide(tried: Basket) -> Plan:
        scene = set_scene(image, stock, tried, field, is_cut)
        return decide_basket(scene, scene.services, nodes_max)

    plan, tries = decide(basket), 0
    for i, line in enumerate(basket.lines):
        short = short_units(plan)
        if not short.get(i):
            continue
        for item in line.substitutes:
            if tries == TRIES_MAX:
                return basket
            tries += 1
            other = substituted(basket, ((i, item),))
            found = decide(other)
            left = short_units(found)
            if not left.get(i) and sum(left.values()) < sum(short.values()):
                basket, plan = other, found
                break
    return basket


def substituted(basket: Basket, items: tuple[tuple[int, int], ...]) -> Basket:
    """The basket with (line, item) in place of what was asked for."""
    lines = list(basket.lines)
    for i, item in items:
        lines[i] = replace(lines[i], item=item, asked_item=asked_item(lines[i]))
    return replace(basket, lines=tuple(lines))


def substitutions(basket: Basket) -> tuple[tuple[int, int], ...]:
    """(line, item) of those that are sent as another item than they ask for."""
    return tuple((i, line.item) for i, line in enumerate(basket.lines) if asked_item(line) != line.item)


def asked_item(line: BasketLine) -> int:
    """The item that a line asks for."""
    return line.asked_item if line.asked_item >= 0 else line.item


def short_units(plan: Plan) -> dict[int, int]:
    """Units that a plan leaves out, by line."""
    return {short.line: short.quantity for short in plan.short_lines}
