"""Plans of orders that are planned together, against the positions and sums they stand for; terms ranked as `Term` has them."""

from collections import Counter

import numpy as np

from engine.domain.enums import Term
from engine.kernels import asked as a
from engine.kernels import order_tables as t
from engine.kernels import plan_orders
from engine.kernels.entries import UNLIMITED
from engine.kernels.tariffs import PPM
from engine.optimizer.plain import new_scratch
from tests.kernels.drawn_worlds import SIZE, World, drawn_world


def test_ranks_of_terms_are_the_order_of_the_enumeration() -> None:
    ranks = [getattr(plan_orders, term.name) for term in Term]
    assert ranks == list(range(len(Term)))
    assert len(Term) == plan_orders.TERMS


def policy_of(world: World) -> np.ndarray:
    """Weights of one, and what the world charges: `fixed` of a location but for the split penalty is its packing."""
    policy = np.zeros((2, plan_orders.RATE_FIELDS), np.int64)
    policy[1, : plan_orders.TERMS] = PPM
    policy[1, plan_orders.DISTANCE], policy[1, plan_orders.CARRIER] = world.distance_ppm, world.order(a.O_CARRIER_PPM)
    policy[1, plan_orders.SPLIT_MICROS], policy[1, plan_orders.LATE_MICROS] = (
        world.order(a.O_SPLIT),
        world.order(a.O_LATE_PER_DAY),
    )
    return policy


def test_orders_one_after_the_other_on_what_is_left() -> None:
    """The same order again and again: pegs are there, costs add up to the plan's, and what is held is gone for the next."""
    planned_in_all = again = 0
    for seed in range(600):
        world = drawn_world(seed)
        count, places, services = 3, len(world.costs), len(world.zone)
        supply = world.arena.supply
        supply[(supply > 0) & (supply < 100)] += 10 * (seed % 2)
        orders = np.repeat(world.orders, count, axis=0)
        orders[:, a.O_FIRST_OPTION], orders[:, a.O_OPTION_COUNT] = range(count), 1
        zeros = np.zeros(places, np.int64)
        fixed, pick, unit, _ = (np.array(each) for each in zip(*world.costs, strict=True))
        rates = plan_orders.Rates(
            pick, unit, fixed - world.order(a.O_SPLIT), zeros, zeros, zeros, np.full(services, 60_000), policy_of(world)
        )
        out = plan_orders.Planned(
            np.zeros((count, t.PLANNED_FIELDS), np.int64), np.zeros((20, t.SHIPMENT_FIELDS), np.int64),
            np.zeros((400, t.PEG_FIELDS), np.int64), np.zeros((400, t.COST_FIELDS), np.int64),
            np.zeros((200, t.COST_FIELDS), np.int64), np.zeros(plan_orders.USED_FIELDS, np.int64),
        )  # fmt: skip
        zones, before = len(world.breaks), world.arena.demand.tolist()
        used_before = world.limits.used.copy()
        planned = plan_orders.plan_orders(
            np.ones(count, np.int64), np.full(count, 7), np.arange(world.lines.shape[1]) + 50, orders, world.lines,
            np.full(count, world.options[0]), world.wishes, world.pools, world.floor, world.arena, world.limits, world.runs,
            world.tables, *world.tariffs, world.subsets, np.zeros(zones * SIZE, np.int64), np.zeros((4, zones), np.int64),
            world.offers, np.zeros((count, a.RESULT_FIELDS), np.int64), np.zeros((count, 10, a.PLACED_FIELDS), np.int64), rates,
            new_scratch(), out,
        )  # fmt: skip
        taken, capacity = np.array(before), used_before.copy()
        for o in range(planned):
            check_plan(seed, world, out, o, taken, capacity)
        assert world.arena.demand.tolist() == taken.tolist(), seed
        assert (world.limits.used == capacity).all(), seed
        planned_in_all += planned
        again += planned > 1
        plan_orders.hold(0, planned, -1, world.limits.first_day, world.limits.used, world.arena.demand, out)
        assert world.arena.demand.tolist() == before
        assert (world.limits.used == used_before).all()
    assert min(planned_in_all, 3 * again) > 60, (planned_in_all, again)


def check_plan(seed: int, world: World, out: plan_orders.Planned, o: int, taken: np.ndarray, capacity: np.ndarray) -> None:
    """One plan against the positions it takes from, whose demand so far is `taken`, and the sums of its terms."""
    n, plan = world.n, out.orders[o]
    first, count = int(plan[t.V_FIRST_SHIPMENT]), int(plan[t.V_SHIPMENT_COUNT])
    shipments = out.shipments[first : first + count]
    assert [(s[t.S_LATEST], s[t.S_LOCATION]) for s in shipments] == sorted((s[t.S_LATEST], s[t.S_LOCATION]) for s in shipments)
    units, weighted = [0] * n, 0
    terms: Counter[int] = Counter()
    for s in shipments:
        place, grams, lines = int(s[t.S_LOCATION]), 0, set()
        for peg in out.pegs[s[t.S_FIRST_PEG] : s[t.S_FIRST_PEG] + s[t.S_PEG_COUNT]]:
            j, at, q = int(peg[t.K_LINE]) - 7, int(peg[t.K_INDEX]), int(peg[t.K_QUANTITY])
            begin = int(world.rows.start[j])
            assert begin <= at < begin + int(world.rows.count[j])
            assert (
                (world.arena.location[at], world.arena.slot[at]) == (peg[t.K_LOCATION], peg[t.K_SLOT]) == (place, peg[t.K_SLOT])
            )
            assert peg[t.K_ITEM] == world.order(a.O_FIRST_LINE) + j + 50
            kept = int(peg[t.K_KEPT])
            assert kept == int(world.floor[world.line(a.L_FLOOR_ROW, j), place]) if peg[t.K_SLOT] == 0 else kept >= 0
            assert 0 < q <= int(world.arena.supply[at]) - int(taken[at]) - kept, seed
            taken[at] += q
            units[j] += q
            grams += q * world.line(a.L_GRAMS, j)
            lines.add(j)
        assert s[t.S_GRAMS] == grams
        assert s[t.S_METERS] == world.costs[place].meters
        assert s[t.S_CO2_GRAMS] == grams * world.costs[place].meters * 60_000 // 10**9
        amount = (1, len(lines), sum(world.line(a.L_QUANTITY, j) for j in lines))[world.limits.kind[place]]
        assert s[t.S_CAPACITY] == (amount if world.limits.per_day[place] < UNLIMITED else 0)
        if s[t.S_CAPACITY]:
            capacity[s[t.S_DAY] - world.limits.first_day, place] += amount
        rows = out.terms[s[t.S_FIRST_TERM] : s[t.S_FIRST_TERM] + s[t.S_TERM_COUNT]]
        assert s[t.S_TOTAL_MICROS] == rows[:, t.C_WEIGHTED_MICROS].sum()
        assert rows[:, t.C_TERM].tolist() == sorted(set(rows[:, t.C_TERM].tolist()))
        weighted += int(s[t.S_TOTAL_MICROS])
        for row in rows:
            terms[int(row[t.C_TERM])] += int(row[t.C_RAW_MICROS])
    assert units == [world.line(a.L_QUANTITY, j) for j in range(n)], seed
    split = world.order(a.O_SPLIT) * (count - 1)
    assert plan[t.V_TOTAL_MICROS] == weighted + split, seed
    sums = out.sums[plan[t.V_FIRST_SUM] : plan[t.V_FIRST_SUM] + plan[t.V_SUM_COUNT]]
    expected = {**terms, plan_orders.SPLIT: split}
    assert dict(sums[:, [t.C_TERM, t.C_RAW_MICROS]].tolist()) == {rank: raw for rank, raw in expected.items() if raw}


def test_a_shipment_stands_behind_those_that_arrive_before_it() -> None:
    shipments = np.zeros((9, t.SHIPMENT_FIELDS), np.int64)
    places = [(9, 1), (5, 2), (9, 0), (5, 1), (7, 7)]
    for count, (latest, location) in enumerate(places):
        place = np.zeros(a.PLACED_FIELDS, np.int64)
        place[a.P_LATEST], place[a.P_LOCATION], place[a.P_SERVICE] = latest, location, 3
        plan_orders.insert_shipment(2, count, place, shipments)
    assert shipments[2:7, [t.S_LATEST, t.S_LOCATION]].tolist() == [list(each) for each in sorted(places)]
    assert (shipments[2:7, t.S_SERVICE] == 3).all()
    assert not shipments[:2].any()
