"""What is it worth to know what stock will be needed for? Orders that come one by one, decided at prices learned from them.

INSTANCES of the small network of `stream_network`. Each policy sources the same orders in the same sequence, each order by its
best plan on what is left: at no prices (greedy), at prices of the true rates, and at prices learned from the arrivals alone,
re-solved UPDATES times. The yardstick is the linear program that knows all orders beforehand.
"""

from statistics import mean
from typing import NamedTuple

import numpy as np

from benchmarks.pool_model import solve_pool
from benchmarks.report import Report
from benchmarks.stream_network import PERIODS, Ints, Network, draw_network, pool_of
from engine.kernels.pool_tables import Pool
from engine.reroute.plans import PlanSearch
from engine.reroute.prices import Prices, free_prices
from engine.reroute.rates import learned_prices
from engine.reroute.workers import Workers

SEED = 20260808
INSTANCES, UPDATES = 30, 25
FIRST_UPDATE = 100
"""Periods seen before the first prices: later ones come as often as it takes for UPDATES of them."""

HINDSIGHT_SECONDS = 120.0
THREADS = 2


class Costs(NamedTuple):
    """Of all orders of an instance, over what the linear program in hindsight costs."""

    greedy: float
    static: float
    online: float


def free(pool: Pool) -> Prices:
    with Workers(pool, 1) as workers:
        return free_prices(workers)


def static_prices(network: Network) -> Prices:
    """Prices of what is to be expected of the true rates over all periods."""
    return learned(network, network.chance[1:], PERIODS * float(network.chance[1:].sum()), network.stock)


def learned(network: Network, weights: np.ndarray, count: float, stock: Ints) -> Prices:
    """Prices of so many orders that are to be expected, of kinds as often as their weights say, for so much stock."""
    return learned_prices(weights, count, lambda kinds: pool_of(network, kinds + 1, stock), THREADS)


def online_cost(network: Network, arrivals: Ints, pool: Pool) -> int:
    """What orders cost at prices learned on the way; `arrivals` [PERIODS]: the kind that came, 0: none."""
    search, prices = PlanSearch(pool, 0), free(pool)
    number = np.cumsum(arrivals > 0) - (arrivals > 0)
    updates = np.unique(np.linspace(FIRST_UPDATE, PERIODS, UPDATES + 1).astype(int)[:-1])
    for begin, end in zip([0, *updates.tolist()], [*updates.tolist(), PERIODS], strict=True):
        if begin:
            seen = np.bincount(arrivals[:begin], minlength=len(network.chance))[1:]
            left = search.plans.units_left[: network.stock.size].reshape(network.stock.shape)
            prices = learned(network, seen, float(seen.sum()) / begin * (PERIODS - begin), left)
        came = number[begin:end][arrivals[begin:end] > 0]
        search.place(came, prices)
    return search.cost_micros


def run(rng: np.random.Generator) -> Costs:
    network = draw_network(rng)
    arrivals = rng.choice(len(network.chance), PERIODS, p=network.chance)
    came = arrivals[arrivals > 0]
    pool = pool_of(network, came, network.stock)
    # Orders of one kind are one variable each in the program.
    kinds, counts = np.unique(came, return_counts=True)
    hindsight = solve_pool(pool_of(network, kinds, network.stock), HINDSIGHT_SECONDS, relaxed=True, counts=counts)
    assert hindsight.is_proven, "the program in hindsight is solved"
    costs = []
    for prices in (free(pool), static_prices(network)):
        search = PlanSearch(pool, 0)
        search.place(np.arange(len(came)), prices)
        costs.append(search.cost_micros)
    costs.append(online_cost(network, arrivals, pool))
    return Costs(*(cost / hindsight.objective_micros for cost in costs))


def main() -> None:
    report = Report("stream", "Orders one by one, at prices learned from them")
    rng = np.random.default_rng(SEED)
    runs = [run(rng) for _ in report.track(range(INSTANCES), "instances", INSTANCES)]
    ratio = {name: mean(getattr(each, name) for each in runs) for name in Costs._fields}
    captured = {name: (ratio["greedy"] - ratio[name]) / (ratio["greedy"] - 1) for name in ratio}
    rows = [[name, ratio[name], captured[name]] for name in ratio]
    report.table(f"{INSTANCES} instances, {PERIODS:,} periods", ["", "cost ÷ hindsight", "gap captured"], rows)
    report.finish({
        "greedy_cost_ratio": ratio["greedy"], "static_cost_ratio": ratio["static"], "online_cost_ratio": ratio["online"],
        "gap_captured": captured["online"], "gap_captured_static": captured["static"], "instances": INSTANCES,
    })  # fmt: skip


if __name__ == "__main__":
    main()
