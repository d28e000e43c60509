"""How long orders wait for others: until the end of their stretch, and never beyond what their promise allows."""

import random
from dataclasses import replace
from typing import Any

from engine.domain.plan import Route, Shipment
from engine.network.records import Policy
from engine.sourcing.pooled import MINUTE_MS, last_moment, pooled_until

ANY = Shipment(
    location=0, route=Route.SHIP, service=0, pegs=(), pick_by_minute=0, handover_by_minute=0, order_by_minute=0,
    delivery_earliest_minute=0, delivery_latest_minute=0, capacity_day=0, capacity_quantity=0, weight_grams=0,
    distance_meters=0, co2_grams=0, terms=(),
)  # fmt: skip


def shipment(order_by: int, **fields: Any) -> Shipment:
    return replace(ANY, order_by_minute=order_by, **fields)


def naive(policy: Policy, shipments: list[Shipment], now_ms: int) -> int | None:
    """Minute by minute from the next one on: the first that ends a stretch, or is the last that the promise allows."""
    if policy.pool_minutes == 0 or all(each.route is not Route.SHIP for each in shipments):
        return None
    last = min(each.order_by_minute for each in shipments) - policy.pool_cutoff_minutes
    for minute in range(now_ms // MINUTE_MS + 1, now_ms // MINUTE_MS + policy.pool_minutes + 1):
        if minute > last:
            return last * MINUTE_MS if last * MINUTE_MS > now_ms else None
        if minute % policy.pool_minutes == 0:
            return minute * MINUTE_MS
    raise AssertionError("some minute ends the stretch")


def test_orders_wait_until_their_stretch_ends_or_their_promise_would() -> None:
    seen = set()
    for seed in range(2_000):
        rng = random.Random(seed)
        policy = Policy("p", pool_minutes=rng.choice([0, 1, 7, 60]), pool_cutoff_minutes=rng.choice([5, 15]))
        now = rng.randrange(10**6, 10**6 + 120) * MINUTE_MS + rng.choice([0, 1, 59_999])
        routes = [rng.choice([Route.SHIP, Route.PICKUP, Route.DIGITAL]) for _ in range(rng.randint(1, 3))]
        shipments = [shipment(now // MINUTE_MS + rng.randrange(-5, 90), route=route) for route in routes]
        found = pooled_until(policy, shipments, now)
        assert found == naive(policy, shipments, now), seed
        assert found is None or now < found <= min(now + policy.pool_minutes * MINUTE_MS, last_moment(policy, shipments))
        seen.add("none" if found is None else "stretch" if found % (policy.pool_minutes * MINUTE_MS) == 0 else "promise")
    assert seen == {"none", "stretch", "promise"}
