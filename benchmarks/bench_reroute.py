"""How near to the best is one optimum over many open orders, how long does it take, and what does it save?

Pools of 2,000, 20,000 and 100,000 orders over 1,000 locations, of which one is lost (see `reroute_pools`): until the gap is
GAP_MAX, or for SECONDS_MAX. Pools short of stock are searched for SHORT_SECONDS. Small pools are compared with HiGHS on the
same model, and a pool that was sourced order by order tells how many shipments less it takes when all are decided at once.
"""

import math
import os
import time
from statistics import mean
from typing import NamedTuple

import numpy as np

from benchmarks.pool_model import solve_pool
from benchmarks.report import Report
from benchmarks.reroute_pools import UNIT, Shape, planted_pool
from engine.kernels.pool_tables import Pool
from engine.reroute.optimize import Outcome, optimize
from engine.reroute.plans import PlanSearch
from engine.reroute.prices import free_prices
from engine.reroute.workers import Workers

SEED = 20260808
SIZES = (2_000, 20_000, 100_000)
LOCATIONS, ITEMS = 1_000, 5_000
GAP_MAX = 0.01
SECONDS_MAX = 600.0
SHORT_ORDERS, SHORT_SECONDS = 20_000, 60.0
SMALL_POOLS, SMALL_SECONDS, HIGHS_SECONDS, HIGHS_GAP = 10, 20.0, 600.0, 1e-6
THREADS = os.cpu_count() or 1


class Run(NamedTuple):
    """One pool, optimized."""

    pool: Pool
    outcome: Outcome
    seconds: float
    contended: float
    """Share of the positions in use of which nothing is left."""
    capacity_use: float
    short: float
    """Share of the lines left out."""


def run(pool: Pool, gap_max: float, seconds_max: float) -> Run:
    started = time.perf_counter()
    outcome = optimize(pool, gap_max=gap_max, threads=THREADS, is_cut=lambda: time.perf_counter() - started > seconds_max)
    seconds = time.perf_counter() - started
    search = PlanSearch(pool, 0)
    search.adopt(outcome.plan)
    assert search.cost_micros == outcome.objective_micros, "the plans are feasible, and cost what the optimizer says"
    left = search.plans.units_left
    used = left < pool.position_units
    capacity = 1 - float(search.plans.slot_left.sum()) / float(pool.slot_left.sum())
    return Run(pool, outcome, seconds, float((left[used] == 0).mean()), capacity, float((outcome.plan < 0).mean()))


def warm_up() -> None:
    """Kernels are compiled, or read from their cache, before anything is timed."""
    optimize(planted_pool(Shape(60, 20, 20, short=0.2), np.random.default_rng(1)).pool, gap_max=0.0, threads=THREADS,
             is_cut=iter([False] * 200 + [True] * 10_000).__next__)  # fmt: skip


def extra_shipments(pool: Pool, plan: np.ndarray) -> int:
    """Shipments beyond the first of every order."""
    order = np.repeat(np.arange(len(pool.most)), np.diff(pool.first_line))
    shipped = plan >= 0
    return len(np.unique(plan[shipped])) - len(np.unique(order[shipped]))


def one_by_one(rng: np.random.Generator) -> tuple[int, int]:
    """Extra shipments of a pool (sourced order by order, as they came; all at once)."""
    shape = Shape(4_000, 200, 2_000, carried=0.2, exact=0.6, bias=2.0, lines_max=5)
    pool = planted_pool(shape, rng).pool
    search = PlanSearch(pool, 0)
    with Workers(pool, 1) as workers:
        search.place(np.arange(len(pool.most)), free_prices(workers))
    before = search.found()
    started = time.perf_counter()
    after = optimize(pool, gap_max=0.001, threads=THREADS, start=before.plan,
                     is_cut=lambda: time.perf_counter() - started > SHORT_SECONDS)  # fmt: skip
    return extra_shipments(pool, before.plan), extra_shipments(pool, after.plan)


def main() -> None:
    report = Report("reroute", "Many open orders at once")
    rng = np.random.default_rng(SEED)
    warm_up()
    runs = {size: run(planted_pool(Shape(size, LOCATIONS, ITEMS, short_micros=60 * UNIT), rng).pool, GAP_MAX, SECONDS_MAX)
            for size in SIZES}  # fmt: skip
    short = run(planted_pool(Shape(SHORT_ORDERS, LOCATIONS, ITEMS, short=0.15), rng).pool, 0.0, SHORT_SECONDS)
    columns = ["orders", "seconds", "gap", "contended", "capacity used", "lines short"]
    rows = [[f"{size:,}", r.seconds, r.outcome.gap, r.contended, r.capacity_use, r.short] for size, r in runs.items()]
    rows.append(
        [f"{SHORT_ORDERS:,}, short", short.seconds, short.outcome.gap, short.contended, short.capacity_use, short.short]
    )
    report.table(f"{LOCATIONS:,} locations, one of them lost, {THREADS} threads", columns, rows)
    excess, proven = [], 0
    for n in report.track(range(SMALL_POOLS), "small pools"):
        shape = Shape(200, 30, 60, carried=0.3, short=0.15 if n % 2 else 0.0)
        pool = planted_pool(shape, rng).pool
        found = run(pool, 0.0, SMALL_SECONDS).outcome
        solved = solve_pool(pool, HIGHS_SECONDS, HIGHS_GAP)
        assert found.lower_bound_micros <= solved.objective_micros + 1, "nothing costs less than the bound"
        proven += solved.is_proven
        if solved.is_proven:
            excess.append(found.objective_micros / solved.objective_micros - 1)
    report.table(f"{SMALL_POOLS} pools of 200 orders × 30 locations, half of them short of stock, against HiGHS",
                 ["", "mean", "worst"], [["cost above the optimum", mean(excess), max(excess)]])  # fmt: skip
    before, after = one_by_one(rng)
    report.say(f"Sourced one by one: {before:,} shipments beyond the first of each order; all at once: {after:,}.")
    slow, fast = SIZES[-1], SIZES[-2]
    report.finish({
        "gap": runs[fast].outcome.gap, "seconds": runs[fast].seconds,
        "gap_100000": runs[slow].outcome.gap, "seconds_100000": runs[slow].seconds,
        "growth_exponent": math.log(runs[slow].seconds / runs[fast].seconds) / math.log(slow / fast),
        "contended_share": runs[fast].contended, "capacity_use": runs[fast].capacity_use,
        "short_pool_gap": short.outcome.gap, "excess_vs_milp": mean(excess), "excess_vs_milp_worst": max(excess),
        "milp_proven_share": proven / SMALL_POOLS, "extra_shipments_removed": 1 - after / before,
    })  # fmt: skip


if __name__ == "__main__":
    main()
