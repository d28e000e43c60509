"""Candidates are those of the slow way, column by column; plans by the short way are those of the long one."""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from engine.domain.basket import Basket, BasketLine, DestinationKey
from engine.domain.enums import LocationKind
from engine.inventory.live import LiveStock
from engine.kernels.assign import LINES_AT
from engine.network.image import compile_image
from engine.network.records import Location, Zone
from engine.optimizer import workspace
from engine.optimizer.candidates import Candidates, ShipRequest, ship_candidates
from engine.optimizer.direct import Request, decide_direct
from engine.optimizer.load import NOTHING, Chosen, Columns
from engine.optimizer.problem import Problem
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.solve import solve
from tests.naive.candidates import NaiveCandidates, naive_candidates
from tests.network.small_network import small_records
from tests.optimizer.baskets import NOW, drawn_basket, drawn_scene

NODES_MAX = 2_000
CHOICES = ((0, 1, 2), (0,), (1, 2))


def shipped(scene: Scene) -> tuple[int, ...]:
    return tuple(range(len(scene.basket.lines)))


def assert_same(problem: Problem, expected: Problem) -> None:
    for name, value in expected._asdict().items():
        found = getattr(problem, name)
        if name == "sizes":
            # What comes after is where the tables lie.
            value, found = value[:LINES_AT], found[:LINES_AT]
        if isinstance(value, np.ndarray):
            assert (found.dtype, found.tolist()) == (value.dtype, value.tolist()), name
        else:
            assert found == value or name == "tariffs", name


@pytest.mark.parametrize("seed", range(300))
def test_candidates_agree_with_the_slow_way(seed: int) -> None:
    scene = drawn_scene(seed)
    for services in CHOICES:
        expected: NaiveCandidates = naive_candidates(scene, scene.lanes, shipped(scene), services)
        found: Candidates = ship_candidates(scene, scene.lanes, ShipRequest(shipped(scene), services))
        if expected.problem is None:
            assert found.problem is None
            continue
        assert found.problem is not None
        assert found.lines == expected.lines
        facts = zip(*(values.tolist() for values in found.columns), strict=True)
        wanted = [(c.location, c.service, c.start, c.handover, c.earliest, c.latest, c.day) for c in expected.columns]
        assert list(facts) == wanted
        assert_same(found.problem, expected.problem)


def expected_plan(scene: Scene, services: tuple[int, ...]) -> Chosen:
    """The solver's plan of the slow candidates."""
    naive = naive_candidates(scene, scene.lanes, shipped(scene), services)
    if naive.problem is None:
        return NOTHING
    solution = solve(naive.problem, NODES_MAX)
    facts: dict[str, Any] = {
        name: np.array([getattr(c, field) for c in naive.columns], np.int64)
        for name, field in (("location", "location"), ("service", "service"), ("start_minute", "start"),
                            ("handover", "handover"), ("earliest", "earliest"), ("latest", "latest"), ("day", "day"))
    }  # fmt: skip
    loads = Candidates(naive.problem, naive.lines, Columns(**facts)).loads(solution.placements)
    return Chosen(loads, solution.objective_micros, solution.lower_bound_micros, solution.nodes, len(naive.columns))


def compare(scene: Scene) -> Counter[str]:
    assert scene.lanes is not None
    (answers,) = decide_direct([Request(scene, scene.lanes, shipped(scene), CHOICES)])
    ways: Counter[str] = Counter()
    for services, found in zip(CHOICES, answers, strict=True):
        if found is None:
            ways["long"] += 1
            continue
        expected = expected_plan(scene, services)
        assert sorted(found.loads) == sorted(expected.loads)
        assert (found.objective_micros, found.lower_bound_micros) == (expected.objective_micros, expected.lower_bound_micros)
        # Columns are counted without a look at stock.
        assert found.columns >= expected.columns
        ways["nothing" if found == NOTHING else "direct"] += 1
    return ways


@pytest.mark.parametrize("first_seed", range(0, 600, 50))
@pytest.mark.parametrize("classes_max", [0, 16])
def test_the_short_way_finds_the_plans_of_the_long_one(
    first_seed: int, classes_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With runs in order of cost, and without."""
    monkeypatch.setattr(workspace, "HANDLING_CLASSES_MAX", classes_max)
    ways: Counter[str] = Counter()
    for seed in range(first_seed, first_seed + 50):
        ways += compare(drawn_scene(seed))
    assert ways["direct"] > 10


@pytest.mark.parametrize("lines_max", [4, 7])
@pytest.mark.parametrize("classes_max", [0, 16])
def test_runs_of_many_locations(lines_max: int, classes_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "HANDLING_CLASSES_MAX", classes_max)
    ways: Counter[str] = Counter()
    for seed in range(60):
        ways += compare(drawn_scene(seed, lines_max, locations_max=60))
    assert ways["direct"] > 10


@pytest.mark.parametrize(
    ("changed", "quantity"),
    [
        ({"pick_cost_micros": 2**40}, 1),
        ({"unit_cost_micros": 2**31 - 1}, 2**31 - 1),
        ({"pack_cost_micros": 2**60}, 1),
        ({"unit_cost_micros": 2**62}, 2),
    ],
)
def test_costs_beyond_safe_sums_take_the_long_way(changed: dict[str, int], quantity: int) -> None:
    """Never a wrapped sum: the kernel refuses, and the solver leaves such lines short."""
    location = Location("dear", LocationKind.DC, "1012", "NL", 52.37, 4.89, "Europe/Amsterdam", **changed)
    image = compile_image(small_records(locations=(location,), zones=(Zone("post", "NL", "home", 1),)))
    stock = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1440)
    stock.matrix.change(0, 0, 0, 2**31 - 1, 0)
    basket = Basket((BasketLine("l", 0, quantity),), NOW, DestinationKey("NL", "1011"))
    scene = set_scene(image, stock, basket)
    assert scene.lanes is not None
    assert decide_direct([Request(scene, scene.lanes, (0,), ((0, 1),))]) == [[None]]


def test_a_batch_is_decided_as_its_orders_are_alone() -> None:
    first = drawn_scene(4, locations_max=30)
    rng = random.Random(8)
    scenes = [set_scene(first.image, first.stock, drawn_basket(rng, first.image)) for _ in range(40)]
    requests = [Request(scene, scene.lanes, shipped(scene), CHOICES) for scene in scenes if scene.lanes is not None]
    assert decide_direct(requests) == [decide_direct([request])[0] for request in requests]
    assert any(answer not in (None, NOTHING) for answers in decide_direct(requests) for answer in answers)
