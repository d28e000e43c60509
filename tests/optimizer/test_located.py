"""Differences of long orders and of sets, against every plan there is: exact is the number, no bound is on the wrong side."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.large_instances import Family, large_orders
from engine.domain.enums import OrderBy
from engine.kernels.partition import NEVER
from engine.optimizer import located
from engine.optimizer.candidates import Candidates
from engine.optimizer.cut import never_cut
from engine.optimizer.decide import decide_basket
from engine.optimizer.explain import Level, decide_explained, is_one_group
from engine.optimizer.explanation import Known
from engine.optimizer.forced import best_with, best_without, can_force
from engine.optimizer.load import Columns
from engine.optimizer.long_orders import suits_search
from engine.optimizer.problem import Problem
from engine.optimizer.solve import solve
from engine.optimizer.variants import variants_of
from tests.naive.alternatives import cheapest_by_use, cheapest_with, cheapest_without
from tests.optimizer.baskets import drawn_scene
from tests.optimizer.problems import drawn_problem, hand_made
from tests.optimizer.test_ship_sets import with_sets

NODES_MAX = 100_000


def drawn(seed: int) -> tuple[Problem, bool]:
    """A small problem, and whether its lines may be divided; in a third of them some lines are tied."""
    rng = random.Random(seed)
    divide = seed % 4 == 0
    problem = drawn_problem(
        rng.randint, lines_max=3, locations_max=4, quantity_max=3, divide=divide, huge=False, unit_prices=seed % 5 == 0
    )  # fmt: skip
    if seed % 3 == 0 and problem.line_unit_micros is None:
        problem = with_sets(problem, rng)
    return problem, divide


def candidates_of(problem: Problem) -> Candidates:
    nothing = np.zeros(problem.column_count, np.int64)
    return Candidates(problem, tuple(range(problem.line_count)), Columns(*[nothing] * 7))


def within(least: int, true: int | None, most: int) -> bool:
    """Whether what is told holds; no plan is as good as any that costs more than all there are."""
    return most >= NEVER if true is None else least <= true <= most


def test_a_location_that_must_be_used_or_must_not() -> None:
    seen: Counter[str] = Counter()
    for seed in range(500):
        problem, divide = drawn(seed)
        if not can_force(problem) or problem.column_count == 0:
            continue
        plans = cheapest_by_use(problem, divide)
        for location in sorted(set(problem.location.tolist())):
            least, most, _ = best_with(problem, location, NODES_MAX, never_cut)
            true = cheapest_with(plans, location)
            assert within(least, true, most), (seed, location)
            seen["exact"] += least == most == true
            seen["never"] += true is None and least >= NEVER
            seen["open"] += true is not None and least < most
            # A few nodes give bounds that hold as well.
            few = best_with(problem, location, 1, never_cut)
            assert true is None or few.least <= true <= few.most, (seed, location)
            least, most, _ = best_without(problem, location, NODES_MAX, never_cut)
            assert least <= cheapest_without(plans, location) <= most
            seen["without"] += least == most
    assert min(seen["exact"], seen["without"]) > 5 * seen["open"] > 0, seen
    assert seen["never"] > 20


@pytest.mark.parametrize("by_search", [False, True])
def test_all_locations_of_a_problem(monkeypatch: pytest.MonkeyPatch, by_search: bool) -> None:
    """By the program and by the search: what they tell of every location holds, and is mostly exact."""
    if by_search:
        monkeypatch.setattr(located, "problem_table", lambda candidates: None)
    seen: Counter[str] = Counter()
    for seed in range(400):
        problem, divide = drawn(seed)
        if problem.column_count == 0 or not suits_search(problem) or problem.locations_max <= 0 or problem.ranked:
            continue
        solution = solve(problem, NODES_MAX)
        used = np.array(sorted({int(problem.location[p.column]) for p in solution.placements if p.column >= 0}), np.int64)
        for nodes_max in (0, 3, NODES_MAX):
            found = located.locate(candidates_of(problem), 5, used, solution.objective_micros, nodes_max, never_cut)
            assert found is not None
            plans = cheapest_by_use(problem, divide)
            for location in range(5):
                true = cheapest_with(plans, location)
                least, most = found.least.item(location), found.most.item(location)
                assert within(least, true, most), (seed, location)
                if true is not None and location not in used and nodes_max == NODES_MAX:
                    seen["exact" if least == most else "open"] += 1
            for k, location in enumerate(used.tolist()):
                assert found.without_least[k] <= cheapest_without(plans, location) <= found.without_most[k], seed
    assert seen["exact"] > 3 * seen["open"], seen


def test_what_a_location_can_send() -> None:
    """Two units of room: the heavier of the two lines that are there, though both could come alone; the third is elsewhere."""
    problem = hand_made(
        [[2, 0], [2, 2], [0, 5]], [2, 1, 1], grams=[1, 5, 1], capacity_kind=[2, 2], capacity_left=[2, 9],
        line_locations_max=[1] * 3,
    )  # fmt: skip
    found = located.sent(problem, 2)
    assert found.carries.tolist() == [[True, False], [True, True], [False, True]]
    # Of 2 × 1 g and 1 × 5 g the second goes on first; then there is room for one unit more, and the first has two.
    assert found.sends.tolist() == [[False, False], [True, True], [False, True]]
    assert found.send_units.tolist() == [1, 2]


@pytest.mark.parametrize("sets", ["ship", "arrival"])
@pytest.mark.parametrize("by_search", [False, True])
def test_differences_of_orders_with_sets(monkeypatch: pytest.MonkeyPatch, sets: str, by_search: bool) -> None:
    """Against every plan of every day on which a set may arrive."""
    if by_search:
        monkeypatch.setattr(located, "problem_table", lambda candidates: None)
    seen: Counter[str] = Counter()
    for seed in range(600):
        scene = drawn_scene(seed, lines_max=3, locations_max=5)
        kept = tuple(line for line in scene.basket.lines if line.quantity <= 3)
        if len(kept) < 2 or scene.lanes is None:
            continue
        lines = tuple(replace(each, **{f"{sets}_set": 0}) for each in kept[:2]) + kept[2:]
        scene = replace(scene, basket=replace(scene.basket, lines=lines), policy=replace(scene.policy, order_by=OrderBy.COST))
        indexes = tuple(range(len(lines)))
        variants = variants_of(scene, scene.lanes, indexes, scene.services) if is_one_group(scene, indexes) else None
        if variants is None or any(v.candidates.problem.column_count > 14 for v in variants.each):
            continue
        plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
        if plan.certificate.status.value == "BOUNDED":
            continue
        plans = [
            (used, micros + v.offset)
            for v in variants.each
            for used, micros in cheapest_by_use(v.candidates.problem, divide=True)
        ]
        optimum = min(micros for _, micros in plans)
        for location in range(len(scene.image.location_ids)):
            known, micros = explained.known.item(location), explained.difference_micros.item(location)
            true = cheapest_with(plans, location)
            if location in explained.chosen or known == Known.UNKNOWN:
                seen["unknown"] += location not in explained.chosen and bool(explained.carries[:, location].any())
                continue
            assert true is not None, (seed, location)
            seen[Known(known).name] += 1
            check(micros, true - optimum, known, (seed, location))
        for location, micros, known in explained.without:
            if known != Known.UNKNOWN:
                seen["without"] += 1
                check(micros, cheapest_without(plans, location) - optimum, known, (seed, location, "without"))
    assert seen["EXACT"] > 30, seen
    assert seen["without"] > 20, seen


def check(micros: int, true: int, known: int, where: object) -> None:
    if known == Known.EXACT:
        assert micros == true, where
    elif known == Known.AT_LEAST:
        assert micros <= max(true, 0), where
    else:
        assert micros >= true, where


def test_orders_of_more_than_ten_lines_are_told_of_every_location_that_could_serve() -> None:
    told = 0
    for seed in range(60):
        scene = drawn_scene(seed, lines_max=8, locations_max=9)
        lines = (scene.basket.lines * 12)[:12]
        scene = replace(scene, basket=replace(scene.basket, lines=lines), policy=replace(scene.policy, order_by=OrderBy.COST))
        demand = scene.stock.matrix.demand.copy()
        plan, explained = decide_explained(scene, scene.services, 300, Level.FULL)
        assert plan == decide_basket(scene, scene.services, 300)
        assert np.array_equal(scene.stock.matrix.demand, demand)
        if not is_one_group(scene, tuple(range(12))):
            continue
        for location in np.flatnonzero(explained.known != Known.UNKNOWN).tolist():
            assert location in explained.chosen or explained.carries[:, location].any()
            told += location not in explained.chosen
            assert plan.certificate.status.value == "BOUNDED" or explained.difference_micros[location] >= 0
        assert plan.certificate.status.value == "BOUNDED" or all(
            each.micros >= 0 for each in explained.without if each.known in (Known.EXACT, Known.AT_MOST)
        )
    assert told > 30


def test_a_large_order_tells_the_nearest_exactly_and_bounds_the_rest() -> None:
    """A thousand locations and a budget of one decision: no location is told of below the best plan."""
    problem = large_orders(3, 1, Family.CENTERS, weight_breaks=False)[0]
    problem = problem._replace(short_micros=np.full(problem.line_count, 10**9))
    solution = solve(problem, 1_000)
    assert solution.lower_bound_micros == solution.objective_micros
    used = np.array(sorted({int(problem.location[p.column]) for p in solution.placements if p.column >= 0}), np.int64)
    found = located.locate(candidates_of(problem), 1_000, used, solution.objective_micros, 1_000, never_cut)
    assert found is not None
    others = np.setdiff1d(np.arange(1_000), used)
    assert (found.without_most >= solution.objective_micros).all()
    assert (found.most[others] >= solution.objective_micros).all()
    assert (found.least <= found.most).all()
    exact = others[found.least[others] == found.most[others]]
    assert 1 <= len(exact) < len(others)
    assert found.least[exact].min() >= solution.objective_micros
