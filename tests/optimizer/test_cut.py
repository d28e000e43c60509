"""The clock only cuts: slices change nothing, and a search that is cut gives its best plan, with a bound, and says so."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from benchmarks.large_instances import Family, large_orders
from engine.domain.plan import CertificateStatus
from engine.optimizer import long_orders
from engine.optimizer.decide import decide_basket
from engine.optimizer.long_orders import suits_search
from engine.optimizer.problem import Problem, Solution
from engine.optimizer.scene import DECIDE_MS_MAX, cut_for
from engine.optimizer.solve import solve
from engine.sourcing.order import SourceRequest
from engine.sourcing.source import plan_order
from tests.checker import check_solution
from tests.naive.assignment import cheapest_micros
from tests.optimizer.baskets import drawn_scene
from tests.optimizer.problems import drawn_problem


def cut_at(look: int) -> Callable[[], bool]:
    """A clock by which the time is up when it is asked for the so-manieth time."""
    looks = iter(range(look))
    return lambda: next(looks, None) is None


def drawn(seed: int, lines_max: int = 6, locations_max: int = 6, *, divide: bool = False) -> Problem:
    problem = drawn_problem(
        random.Random(seed).randint, lines_max=lines_max, locations_max=locations_max, quantity_max=3, divide=divide, huge=False
    )  # fmt: skip
    if seed % 3 == 0:
        problem = problem._replace(zone=np.full(len(problem.zone), -1), capacity_left=np.full(problem.column_count, 2**40))
    return problem


def long_problems() -> list[Problem]:
    """Of every family, with weight breaks and without; the hard ones take hundreds of nodes."""
    return [
        problem for family in Family for breaks in (False, True) for problem in large_orders(5, 2, family, weight_breaks=breaks)
    ]


@pytest.mark.parametrize("slice_nodes", [1, 7])
def test_slices_change_nothing(monkeypatch: pytest.MonkeyPatch, slice_nodes: int) -> None:
    problems = [p for seed in range(300) if suits_search(p := drawn(seed))]

    def solved(slice_nodes: int) -> list[Solution]:
        monkeypatch.setattr(long_orders, "SLICE_NODES", slice_nodes)
        small = [long_orders.search_whole_lines(p, budget) for p in problems for budget in (3, 50, 10_000)]
        return small + [solve(p, 600) for p in long_problems()]

    assert solved(slice_nodes) == solved(10**9)


def test_wherever_a_search_is_cut_its_bound_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_orders, "SLICE_NODES", 3)
    cut = 0
    for problem in [*(p for seed in range(150) if suits_search(p := drawn(seed))), *long_problems()]:
        best = long_orders.search_whole_lines(problem, 700)
        for look in (0, 1, 2, 5, 12, 40):
            solution = long_orders.search_whole_lines(problem, 700, cut_at(look))
            check_solution(problem, solution)
            assert solution.lower_bound_micros <= best.objective_micros <= solution.objective_micros
            # Where what is left turns out to be ruled out already, the plan is proven all the same.
            assert solution.is_cut or solution[1:3] == best[1:3]
            assert not solution.is_cut or solution.lower_bound_micros < solution.objective_micros
            cut += solution.is_cut
    assert cut > 100


def test_a_deadline_that_has_passed_still_gives_a_plan_and_a_bound() -> None:
    seen: Counter[str] = Counter()
    for seed in range(300):
        problem = drawn(seed, 4, 4, divide=seed % 2 == 0)
        if not suits_search(problem) or problem.sets is not None or problem.ranked or problem.line_unit_micros is not None:
            continue
        # Without a limit, the program over subsets would solve these at once.
        problem = problem._replace(locations_max=3)
        least = cheapest_micros(problem, divide=seed % 2 == 0)
        solution = solve(problem, 10_000, cut_at(0))
        check_solution(problem, solution)
        assert solution.lower_bound_micros <= least <= solution.objective_micros, seed
        assert not (solution.is_cut and solution.lower_bound_micros == solution.objective_micros)
        seen["cut" if solution.is_cut else "proven"] += 1
    for problem in long_problems():
        solution, best = solve(problem, 600, cut_at(0)), solve(problem, 600)
        check_solution(problem, solution)
        assert solution.lower_bound_micros <= best.objective_micros <= solution.objective_micros
        assert solution.is_cut == (solution.lower_bound_micros < solution.objective_micros)
        assert not best.is_cut
        seen["long cut"] += solution.is_cut
    assert min(seen.values()) >= 5, seen


def test_the_certificate_says_that_the_clock_cut() -> None:
    """Orders of a dozen lines, some of them twice; a decision that is cut is a bounded one, and is within its bound."""
    seen: Counter[str] = Counter()
    for seed in range(200):
        scene = drawn_scene(seed, lines_max=8, locations_max=9)
        lines = (scene.basket.lines * 6)[:12]
        scene = replace(scene, basket=replace(scene.basket, lines=lines))
        uncut = decide_basket(scene, scene.services, 2_000).certificate
        plan = decide_basket(replace(scene, is_cut=cut_at(0)), scene.services, 2_000)
        cut = plan.certificate
        assert not uncut.cut_by_deadline
        assert cut.lower_bound_micros <= uncut.objective_micros or scene.policy.short_micros is None
        # Where lines are short, it may be their reasons that there was no time for.
        assert not cut.cut_by_deadline or cut.status is CertificateStatus.BOUNDED or plan.short_lines
        seen["cut" if cut.cut_by_deadline else "whole"] += 1
    assert min(seen["cut"], seen["whole"]) > 5, seen


@dataclass
class StoppedClock:
    """A clock that tests move."""

    ms: int

    def unix_ms(self) -> int:
        return 1_700_000_000_000 + self.ms

    def monotonic_ns(self) -> int:
        return self.ms * 1_000_000


@pytest.mark.parametrize(("deadline_ms", "end_ms"), [(-5, 0), (0, 0), (30, 30), (DECIDE_MS_MAX + 1, DECIDE_MS_MAX)])
def test_a_decision_ends_in_time_for_who_waits(deadline_ms: int, end_ms: int) -> None:
    clock = StoppedClock(0)
    is_cut = cut_for(clock, clock.unix_ms() + deadline_ms)
    clock.ms = end_ms
    assert not is_cut()
    clock.ms += 1
    assert is_cut()


def test_tables_that_are_kept_are_not_counted_in_the_time_of_a_decision() -> None:
    """The first decision of a month and a destination has as much time as those after it."""
    clock, built = StoppedClock(0), Counter[str]()
    scene = drawn_scene(0)

    def slow(name: str) -> Any:
        build, kept = getattr(scene.image, name), set[Any]()

        def first(of: Any) -> Any:
            if of not in kept:
                kept.add(of)
                built[name] += 1
                clock.ms += DECIDE_MS_MAX + 1
            return build(of)

        return first

    tables = {name: slow(name) for name in ("_horizon", "_route_tables", "_lanes")}
    pickup = np.ones(len(scene.image.pickup), np.bool_)
    image = replace(scene.image, pickup=pickup, **tables)
    request = SourceRequest("", b"", "", scene.basket, b"")
    planned = plan_order(image, scene.stock, request, 500, clock)
    assert built == dict.fromkeys(tables, 1)
    assert not planned.scene.is_cut()
    assert planned.plan == plan_order(image, scene.stock, request, 500, clock).plan
