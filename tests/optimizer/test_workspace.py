"""What a thread keeps between calls."""

import random
from gc import collect
from weakref import ref

from engine.optimizer.direct import Request, decide_direct, suits_direct
from engine.optimizer.explain import decide_explained
from engine.optimizer.explanation import Level
from engine.optimizer.scene import Scene
from tests.optimizer.baskets import drawn_scene


def test_stock_that_is_no_more_is_not_kept_in_memory() -> None:
    """A decision and its reasons leave nothing of the stock behind: it may be loaded anew after that."""
    direct = 0
    for seed in random.Random(1).sample(range(1_000), 40):
        scene = drawn_scene(seed)
        direct += decided(scene)
        kept = ref(scene.stock), ref(scene.stock.matrix)
        del scene
        collect()
        assert [each() for each in kept] == [None, None], seed
    assert direct > 5


def decided(scene: Scene) -> bool:
    """Decide and explain; whether by the short way."""
    decide_explained(scene, scene.services, 300, Level.FULL, with_bindings=False)
    if scene.lanes is None:
        return False
    request = Request(scene, scene.lanes, tuple(range(len(scene.basket.lines))), (scene.services,))
    decide_direct([request])
    return suits_direct(request)
