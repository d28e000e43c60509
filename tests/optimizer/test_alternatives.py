"""Explanations against every plan there is, and against numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain.enums import OrderBy
from engine.kernels.alternatives import AT_LEAST, AT_MOST, EXACT
from engine.kernels.explained import OUT_OF_STOCK, SERVES
from engine.optimizer.candidates import ShipRequest, ship_candidates
from engine.optimizer.column_tables import direct_table
from engine.optimizer.decide import decide_basket
from engine.optimizer.explain import Level, decide_explained, explain_plan, is_one_problem
from engine.optimizer.explanation import Known
from tests.naive.alternatives import cheapest_by_use, cheapest_with, cheapest_without
from tests.optimizer.baskets import drawn_scene

NODES_MAX = 100_000
SEEDS = range(600)


def small_scene(seed):
    """A drawn scene whose plans can be counted: few lines, few units, ranked by cost."""
    scene = drawn_scene(seed, lines_max=3, locations_max=5)
    lines = tuple(line for line in scene.basket.lines if line.quantity <= 3)
    if not lines or scene.lanes is None:
        return None
    policy = replace(scene.policy, order_by=OrderBy.COST)
    return replace(scene, basket=replace(scene.basket, lines=lines), policy=policy)


def test_differences_are_those_of_every_plan_counted() -> None:
    """EXACT is the number; AT_LEAST never above it, AT_MOST never below; both ways of building the columns agree with it."""
    seen = {EXACT: 0, AT_LEAST: 0, AT_MOST: 0}
    direct = long = 0
    for seed in SEEDS:
        scene = small_scene(seed)
        if scene is None:
            continue
        lines = tuple(range(len(scene.basket.lines)))
        if not is_one_problem(scene, lines):
            continue
        problem = ship_candidates(scene, scene.lanes, ShipRequest(lines, scene.services)).problem
        if problem is None or problem.column_count > 14 or problem.locations_max <= 0:
            continue
        plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
        is_direct = direct_table(scene, scene.lanes, lines, scene.services) is not None
        direct, long = direct + is_direct, long + (not is_direct)
        plans = cheapest_by_use(problem, divide=True)
        optimum = min(micros for _, micros in plans)
        if plan.certificate.status.value == "BOUNDED":
            continue
        unpriced = scene.policy.short_micros is None
        for location in range(len(scene.image.location_ids)):
            known, micros = explained.known.item(location), explained.difference_micros.item(location)
            true = cheapest_with(plans, location)
            if location in explained.chosen or known == Known.UNKNOWN:
                continue
            assert true is not None, (seed, location)
            seen[known] += 1
            check(micros, true - optimum, known, (seed, location))
        for location, micros, known in explained.without:
            true = cheapest_without(plans, location) - optimum
            if known == Known.UNKNOWN:
                assert unpriced
                continue
            seen[known] += 1
            check(micros, true, known, (seed, location, "without"))
    assert min(direct, long) > 50
    assert seen[EXACT] > 150


def check(micros: int, true: int, known: int, where: object) -> None:
    if known == EXACT:
        assert micros == true, where
    elif known == AT_LEAST:
        assert micros <= true, where
    else:
        assert micros >= true, where


def test_an_explanation_is_of_the_plan_and_changes_nothing() -> None:
    """The same plan as without it, the same explanation each time, and stock as it was."""
    for seed in SEEDS[:120]:
        scene = drawn_scene(seed)
        matrix = scene.stock.matrix
        demand = matrix.demand.copy()
        plan = decide_basket(scene, scene.services, NODES_MAX)
        again, first = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
        second = explain_plan(scene, plan, scene.services, NODES_MAX, Level.FULL)
        assert again == plan
        assert np.array_equal(matrix.demand, demand)
        for name in ("carries", "why", "units", "difference_micros", "known", "sends"):
            assert np.array_equal(getattr(first, name), getattr(second, name)), (seed, name)
        assert (first.without, first.bindings, first.ranked()) == (second.without, second.bindings, second.ranked())


def test_terms_are_those_of_the_shipment() -> None:
    """Where a location of the plan would send just what the plan has it send, the terms are the shipment's, one by one."""
    compared = 0
    for seed in SEEDS:
        scene = drawn_scene(seed)
        plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.FULL)
        if not explained.terms:
            continue
        for s in plan.shipments:
            sent = {explained.lines[j] for j in np.flatnonzero(explained.sends[:, s.location])}
            in_full = all(scene.basket.lines[i].quantity == sum(p.quantity for p in s.pegs if p.line == i) for i in sent)
            same = sent == {p.line for p in s.pegs} and explained.columns.service[s.location] == s.service
            if same and in_full and explained.columns.latest_minute[s.location] == s.delivery_latest_minute:
                ours = {t.term: t for t in explained.cost_terms(s.location)}
                assert ours == {t.term: t for t in s.terms}, seed
                compared += 1
    assert compared > 100


@pytest.mark.parametrize("seed", range(5))
def test_a_location_without_stock_says_so(seed: int) -> None:
    """Whatever else: where no unit can be promised, the reason is stock, or something before it."""
    scene = drawn_scene(seed)
    plan, explained = decide_explained(scene, scene.services, NODES_MAX, Level.CANDIDATES)
    if plan.short_lines:
        return  # of a line that is short everywhere, what there is counts as the whole
    asked = np.array([scene.basket.lines[i].quantity for i in explained.lines])[:, None]
    assert (explained.why[explained.units < asked] <= OUT_OF_STOCK).all()
    assert (explained.why[explained.units < asked] != SERVES).all()
