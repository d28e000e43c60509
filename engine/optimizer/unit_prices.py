"""What a unit costs by where it comes from, besides work and carrier: the duty of what is delivered to another country."""

from engine.domain.enums import Term
from engine.optimizer.scene import Ints, Scene


def has_unit_prices(scene: Scene, lines: tuple[int, ...]) -> bool:
    """Whether a unit of one of these lines, shipped, may cost more from one location than from another by these terms."""
    image, basket = scene.image, scene.basket.lines
    if not image.has_unit_prices:
        return False
    return (
        scene.country_wanted < 0 and any(image.duty_micros.item(basket[i].item) for i in lines) and bool(scene.is_abroad.any())
    )


def unit_tables(scene: Scene, items: Ints, location: Ints) -> list[tuple[Term, Ints]]:
    """Each term with the micros of one unit of each item shipped from each location [n, c], before weighting.

    items [n], location [c]; terms that cost nothing anywhere are left out.
    """
    image = scene.image
    if not image.has_unit_prices:
        return []
    tables = [(Term.DUTY, image.duty_micros[items][:, None] * scene.is_abroad[location])]
    return [(term, table) for term, table in tables if table.any()]


def unit_micros(scene: Scene, item: int, location: int) -> list[tuple[Term, int]]:
    """The same for one unit of an item shipped from a location."""
    image = scene.image
    if not image.has_unit_prices:
        return []
    return [(Term.DUTY, image.duty_micros.item(item) * bool(scene.is_abroad[location]))]
