"""What a unit costs by where it comes from, besides work and carrier: duty across a border, and prices of inventory.

Those of the network's own file say what a unit taken is worth where it lay; those of opportunity, to orders still to come.
"""

import numpy as np

from engine.domain.enums import Term
from engine.optimizer.scene import Ints, Scene


def has_unit_prices(scene: Scene, lines: tuple[int, ...]) -> bool:
    """Whether a unit of one of these lines, shipped, may cost more from one location than from another by these terms."""
    image, opportunity = scene.image, scene.opportunity
    items = [scene.basket.lines[i].item for i in lines]
    if opportunity is not None and any(map(opportunity.is_priced.item, items)):
        return True
    if not image.has_unit_prices:
        return False
    if any(map(image.inventory_prices.has, items)):
        return True
    return scene.country_wanted < 0 and any(map(image.duty_micros.item, items)) and bool(scene.is_abroad.any())


def unit_tables(scene: Scene, items: Ints, location: Ints, *, is_shipped: bool = True) -> list[tuple[Term, Ints]]:
    """Each term with the micros of one unit of each item from each location [n, c], before weighting.

    items [n], location [c]; terms that cost nothing anywhere are left out. What is collected crosses no border.
    """
    image, prices = scene.image, scene.opportunity
    if not image.has_unit_prices and prices is None:
        return []
    duty, stock_out, markdown, opportunity = np.zeros((4, len(items), len(location)), np.int64)
    for j, item in enumerate(items.tolist()):
        if prices is not None and prices.is_priced.item(item):
            opportunity[j] = prices.of(item, location)
        if is_shipped and image.duty_micros.item(item):
            duty[j] = image.duty_micros.item(item) * scene.is_abroad[location]
        if image.inventory_prices.has(item):
            stock_out[j], markdown[j] = image.inventory_prices.of(item, location)
    tables = [
        (Term.DUTY, duty), (Term.STOCK_OUT, stock_out), (Term.MARKDOWN, markdown), (Term.OPPORTUNITY, opportunity)
    ]  # fmt: skip
    return [(term, table) for term, table in tables if table.any()]


def unit_micros(scene: Scene, item: int, location: int, *, is_shipped: bool) -> list[tuple[Term, int]]:
    """The same for one unit of an item from a location; what is collected there crosses no border."""
    image = scene.image
    is_dutiable = is_shipped and image.duty_micros.item(item) and scene.is_abroad[location]
    terms = [(Term.DUTY, image.duty_micros.item(item))] if is_dutiable else []
    if image.inventory_prices.has(item):
        stock_out, markdown = image.inventory_prices.of(item, np.array([location], np.int64))
        terms += [(Term.STOCK_OUT, stock_out.item()), (Term.MARKDOWN, markdown.item())]
    if scene.opportunity is not None and scene.opportunity.is_priced.item(item):
        terms.append((Term.OPPORTUNITY, scene.opportunity.of(item, np.array([location], np.int64)).item()))
    return terms
