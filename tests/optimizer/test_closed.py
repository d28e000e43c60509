"""Locations that operations have taken out: decided, quoted and estimated as if the network had them disabled."""

import random
from collections import Counter
from dataclasses import replace

from engine.domain.enums import LocationStatus
from engine.domain.reasons import Refusal
from engine.inventory.effects import TextEffect
from engine.inventory.live import LiveStock
from engine.inventory.places import Closing, closing_text
from engine.inventory.transaction import TextTable
from engine.network.image import NetworkImage, compile_image
from engine.optimizer.decide import decide_basket
from engine.optimizer.explain import decide_explained
from engine.optimizer.explanation import Level
from engine.optimizer.scene import set_scene
from tests.optimizer.baskets import drawn_basket, drawn_image, drawn_stock

NODES_MAX = 2_000


def closed_at(stock: LiveStock, image: NetworkImage, locations: list[int], *, is_closed: bool = True) -> None:
    text = closing_text(Closing(is_closed, 1))
    stock.apply_texts([TextEffect(TextTable.CLOSED, "", image.location_ids[at], text) for at in locations])


def disabled(image: NetworkImage, locations: list[int]) -> NetworkImage:
    records = image.records
    changed = tuple(
        replace(each, status=LocationStatus.DISABLED) if at in locations else each for at, each in enumerate(records.locations)
    )
    return compile_image(replace(records, locations=changed))


def test_decisions_are_those_of_a_network_that_has_them_disabled() -> None:
    """Plans, proofs, reasons and explanations; and back in, as before."""
    told: Counter[str] = Counter()
    for seed in range(400):
        rng = random.Random(seed)
        image = drawn_image(rng)
        stock, basket = drawn_stock(rng, image), drawn_basket(rng, image)
        closed = [at for at in range(len(image.location_ids)) if rng.random() < 0.4]
        try:
            scene = set_scene(image, stock, basket)
        except Refusal:
            continue
        before = decide_basket(scene, scene.services, NODES_MAX)
        closed_at(stock, image, closed)
        scene = set_scene(image, stock, basket)
        plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
        other_image = disabled(image, closed)
        other = set_scene(other_image, stock, basket)
        expected, expected_why = decide_explained(other, other.services, NODES_MAX, Level.FULL)
        assert plan == expected, seed
        assert explained.chosen == expected_why.chosen and (explained.why == expected_why.why).all(), seed
        assert not {shipment.location for shipment in plan.shipments} & set(closed), seed
        told["others"] += plan.shipments != before.shipments
        closed_at(stock, image, closed, is_closed=False)
        assert decide_basket(set_scene(image, stock, basket), scene.services, NODES_MAX) == before, seed
    assert told["others"] > 50, told
