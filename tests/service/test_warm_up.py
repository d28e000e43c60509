"""After the warm-up nothing is left to compile: a caller who met a new shape would wait for seconds, and all behind them."""

import random
import sys
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from engine.domain.basket import Basket, BasketLine, Constraints, DeliveryMethod, DestinationKey
from engine.network.image import compile_image
from engine.optimizer.explanation import Level
from engine.promise.quote import quote_promise
from engine.reroute.optimize import optimize
from engine.service import warm_up as warm
from tests.reroute.pools import random_pool

# On a machine without a cache the warm-up compiles every kernel first.
pytestmark = pytest.mark.timeout(1_500)


@pytest.fixture(scope="module")
def warmed() -> None:
    warm.warm_up("all", lambda name: None)


def drawn_basket(rng: random.Random) -> Basket:
    """Any number of lines, from few to more than there is, shipped or collected, under any of the policies."""
    count, tied = rng.choice([1, 1, 2, 3, 5, 8, 13]), rng.random() < 0.2
    lines = []
    for n in range(count):
        wishes: dict[str, object] = {}
        if rng.random() < 0.2:
            wishes.update(delivery_method=DeliveryMethod.PICKUP, pickup_location=rng.randrange(3))
        if rng.random() < 0.2:
            wishes["latest_minute"] = warm.MINUTE + rng.choice([10, 2_000, 5_000])
        if rng.random() < 0.1:
            wishes["ship_complete"] = True
        if tied and "pickup_location" not in wishes:
            wishes[rng.choice(["ship_set", "arrival_set"])] = rng.randrange(2)
        if rng.random() < 0.1:
            wishes["min_split_quantity"] = 3
        lines.append(BasketLine(f"{n}", rng.randrange(3), rng.choice([1, 2, 19, 20, 40, 70, 10**6]), **wishes))  # type: ignore[arg-type]
    limits = Constraints(
        max_locations=rng.choice([None, None, 1, 2]), max_locations_per_line=rng.choice([None, None, 1, 2]),
        max_distance_meters=rng.choice([None, 0, 10**6]), ship_complete=rng.random() < 0.05,
        penalties=rng.choice([(), (), (("max_locations", 5),), (("max_distance_meters", 1), ("ship_complete", 9))]),
    )  # fmt: skip
    place = rng.choice([DestinationKey("NL", "1012"), DestinationKey("NL", "", 52.0, 5.0)])
    policy_id = rng.choice(["cost", "priority", "late", "green"])
    return Basket(tuple(lines), warm.MINUTE + rng.randrange(9_000), place, policy_id=policy_id, constraints=limits)


def signatures() -> dict[str, set[str]]:
    """What every kernel is compiled for, in this process; from the cache on disk or not makes no difference."""
    modules = [module for name, module in sys.modules.items() if name.startswith("engine.")]
    kernels = [value for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)]
    return {f"{kernel.__module__}.{kernel.__name__}": set(map(str, kernel.signatures)) for kernel in kernels}


@pytest.mark.parametrize("locations", [1, 2, 3])
def test_nothing_is_compiled_after_the_warm_up(warmed: None, locations: int) -> None:
    before = signatures()
    records = warm._records()
    image = compile_image(
        replace(records, locations=records.locations[:locations], transfers=records.transfers[: locations // 3])
    )
    stock = warm._stock(image)
    rng = random.Random(locations)
    for _ in range(80):
        basket = drawn_basket(rng)
        if all(line.pickup_location < locations for line in basket.lines):
            quote_promise(image, stock, basket, 0, warm.NODES_MAX, Level.FULL)
    after = signatures()
    assert before.keys() == after.keys() and any(before.values())
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {}


def test_plain_orders_and_quotes_meet_nothing_new(warmed: None) -> None:
    """Also where a batch has one order, or another number of lines."""
    before = signatures()
    image = compile_image(warm._records())
    stock = warm._stock(image)
    for sizes in ((1,), (3, 1, 2), (2, 2, 2, 2)):
        warm._plan_plain(image, stock, sizes)
        warm._quote_plain(image, stock, sizes)
    assert signatures() == before


def test_reroutes_meet_nothing_new(warmed: None) -> None:
    """Of a few orders that all have what they want, and of pools that are short of everything."""
    before = signatures()
    image = compile_image(warm._records())
    stock = warm._stock(image)
    for orders in (1, 2, 90):
        warm._reroute(image, stock, orders)
    rng = np.random.default_rng(5)
    for n in range(40):
        pool = random_pool(rng, orders=1 + n, locations=1 + n % 5)
        checks = count()
        start = np.full(int(pool.first_line[-1]), -1) if n % 2 else None
        optimize(pool, gap_max=0.0, threads=1 + n % 2, start=start, is_cut=lambda checks=checks: next(checks) >= 100)
    assert signatures() == before
