"""The batch optimizer: what it returns is feasible and costs what it says, and no plan costs less than its bound."""

import numpy as np
import pytest

from benchmarks.pool_model import solve_pool
from engine.kernels.pool_tables import Pool
from engine.reroute.optimize import Outcome, Progress, optimize
from engine.reroute.plans import PlanSearch
from engine.reroute.prices import free_prices
from engine.reroute.tighten import reachable, tightened
from engine.reroute.workers import Workers
from tests.naive import pools as naive
from tests.reroute.pools import random_pool


def checked(pool: Pool, outcome: Outcome) -> Outcome:
    """The outcome, once its plans are feasible and cost what it says."""
    plans = [naive.parts_of(pool, outcome.plan.tolist(), o) for o in range(len(pool.most))]
    assert naive.is_feasible(pool, plans)
    assert all(len(parts) <= pool.most[o] for o, parts in enumerate(plans))
    assert outcome.objective_micros == sum(naive.parts_micros(pool, o, parts) for o, parts in enumerate(plans))
    assert outcome.lower_bound_micros <= outcome.objective_micros
    return outcome


def turns(count: int):  # type: ignore[no-untyped-def]
    """A clock that cuts at its n-th look."""
    left = iter(range(count))
    return lambda: next(left, None) is None


@pytest.mark.parametrize("seed", range(40))
def test_small_pools_lie_between_bound_and_best_of_all(seed: int) -> None:
    pool = random_pool(np.random.default_rng(seed))
    outcome = checked(pool, optimize(pool, gap_max=0.0, threads=1, seed=seed, is_cut=turns(145)))
    best = naive.least_micros(pool)
    assert outcome.lower_bound_micros <= best <= outcome.objective_micros
    # Three orders are few enough to find what is best, but where one location would ship an order twice.
    assert outcome.objective_micros <= best * 1.05


def test_pools_of_many_orders_come_near_to_what_highs_proves() -> None:
    excess = []
    for seed in range(3):
        pool = random_pool(np.random.default_rng(seed), orders=40, locations=6, items=12)
        pool = pool._replace(position_units=pool.position_units * 3, slot_left=pool.slot_left * 6)
        pool = pool._replace(most=np.full(40, 9, np.int32))
        outcome = checked(pool, optimize(pool, gap_max=0.0, threads=2, seed=seed, is_cut=turns(300)))
        proven = solve_pool(pool, 30)
        assert proven.is_proven
        assert outcome.lower_bound_micros <= proven.objective_micros + 1
        excess.append(outcome.objective_micros / proven.objective_micros - 1)
    assert min(excess) >= -1e-9
    assert sum(excess) / 3 <= 0.005


def test_prices_prove_more_than_orders_for_themselves() -> None:
    pool = random_pool(np.random.default_rng(5), orders=200, locations=8, items=20)
    with Workers(tightened(pool).pool, 1) as workers:
        free = free_prices(workers).bound_micros
    outcome = checked(pool, optimize(pool, gap_max=0.0, threads=1, is_cut=turns(145)))
    assert outcome.lower_bound_micros > free
    assert (outcome.position_micros > 0).any()
    assert (outcome.slot_micros > 0).any()


def test_cut_at_once_there_is_an_answer() -> None:
    pool = random_pool(np.random.default_rng(1), orders=100, locations=5, items=8)
    outcome = checked(pool, optimize(pool, gap_max=0.0, threads=2, is_cut=lambda: True))
    assert outcome.is_cut
    assert (outcome.plan >= 0).any()


def test_no_capacity_at_all_leaves_everything_short() -> None:
    pool = random_pool(np.random.default_rng(2), orders=20)
    pool = pool._replace(slot_left=np.zeros_like(pool.slot_left), way_slot=np.maximum(pool.way_slot, 0))
    outcome = checked(pool, optimize(pool, gap_max=0.0, threads=1))
    assert (outcome.plan == -1).all()
    assert outcome.objective_micros == outcome.lower_bound_micros == int(pool.short_micros.sum())


def test_plans_to_begin_from_become_no_worse() -> None:
    pool = random_pool(np.random.default_rng(3), orders=60, locations=6, items=8)
    good = checked(pool, optimize(pool, gap_max=0.0, threads=1, is_cut=turns(200)))
    told: list[Progress] = []
    again = checked(pool, optimize(pool, gap_max=0.0, threads=1, seed=9, start=good.plan, is_cut=turns(2), tell=told.append))
    assert again.objective_micros <= good.objective_micros
    assert told[0].objective_micros <= good.objective_micros


def test_same_seed_same_plans() -> None:
    pool = random_pool(np.random.default_rng(4), orders=80, locations=6, items=8)
    first, second = (optimize(pool, gap_max=0.0, threads=t, seed=7, is_cut=turns(150)) for t in (1, 2))
    assert first.objective_micros == second.objective_micros
    assert (first.plan == second.plan).all()


def test_plans_are_followed_exactly_while_the_search_goes_on() -> None:
    pool = random_pool(np.random.default_rng(6), orders=60, locations=5, items=6)
    narrow = tightened(pool).pool
    search = PlanSearch(narrow, 11)
    with Workers(narrow, 1) as workers:
        prices = free_prices(workers)
    rng = np.random.default_rng(1)
    search.place(rng.permutation(60), prices)
    for _ in range(30):
        search.improve(rng.permutation(60), prices)
        search.renew(50, prices, search.cost_micros, 0.01)
        plans = [naive.parts_of(narrow, search.plans.plan.tolist(), o) for o in range(60)]
        units, needs = naive.used(narrow, plans)
        assert search.plans.units_left.tolist() == [t - u for t, u in zip(narrow.position_units.tolist(), units, strict=True)]
        assert search.plans.slot_left.tolist() == [t - n for t, n in zip(narrow.slot_left.tolist(), needs, strict=True)]
        assert naive.is_feasible(narrow, plans)
        assert search.plans.cost.tolist() == [naive.parts_micros(narrow, o, parts) for o, parts in enumerate(plans)]


@pytest.mark.parametrize("seed", range(20))
def test_a_tightened_pool_has_the_same_plans(seed: int) -> None:
    pool = random_pool(np.random.default_rng(seed))
    narrow = tightened(pool)
    assert naive.least_micros(narrow.pool) == naive.least_micros(pool)
    plan = np.full(len(pool.quantity), -1)
    for o in range(len(pool.most)):
        for w, mask in min(naive.all_parts(narrow.pool, o), key=lambda parts: naive.parts_micros(narrow.pool, o, parts)):
            plan[[int(pool.first_line[o]) + j for j in naive.entries(narrow.pool, w) if mask >> j & 1]] = w
    assert (narrow.narrow(narrow.widen(plan)) == plan).all()


def test_units_that_no_sum_of_quantities_reaches_are_not_there() -> None:
    # Position 0 holds 5 and is asked for in twos; position 1 holds 7, for 3 + 3 or 2 + 3; position 2 has a single one.
    units = np.array([5, 7, 4])
    position, quantity = np.array([0, 0, 0, 1, 1, 1, 2]), np.array([2, 2, 2, 3, 3, 5, 1])
    assert reachable(units, position, quantity).tolist() == [4, 6, 1]
