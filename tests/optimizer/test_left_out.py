"""What a search might leave out: lines to divide in long orders, least parts, lines of one item; and what is said of it."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from engine.domain.basket import Basket, BasketLine, Constraints, DestinationKey
from engine.domain.plan import CertificateStatus, Plan
from engine.inventory.effects import PositionChange
from engine.inventory.live import LiveStock
from engine.network.image import compile_image
from engine.network.records import CarrierService, Item, Location, LocationKind, Policy, Tariff, Zone
from engine.optimizer.decide import decide_basket
from engine.optimizer.explain import decide_explained
from engine.optimizer.explanation import Known, Level
from engine.optimizer.fill import filled_up, with_cheaper_services
from engine.optimizer.problem import Placement, Problem, Solution
from engine.optimizer.scene import Scene, set_scene
from engine.optimizer.solve import leave_all_short
from tests.checker import RefutedError, check_solution, plan_micros
from tests.network.small_network import small_records
from tests.optimizer.problems import drawn_problem

NOW = 29_000_000
NODES_MAX = 100_000


def scene(
    stock: dict[tuple[int, int], int],
    lines: list[BasketLine],
    policy: Policy,
    carrier_grams: int = 10**6,
    **of_locations: object,
) -> Scene:
    """Locations that differ in their carrier's price by weight; stock by (item, location)."""
    items, count = max(i for i, _ in stock) + 1, max(at for _, at in stock) + 1
    locations = tuple(
        Location(f"L{n}", LocationKind.DC, "1012", "NL", 52.1, 5.2, "Europe/Amsterdam", **of_locations)  # type: ignore[arg-type]
        for n in range(count)
    )
    breaks = sorted({min(grams, carrier_grams) for grams in (1_000, 10_000, 10**6)})
    records = small_records(
        locations=locations, items=tuple(Item(f"I{i}", weight_grams=1_000) for i in range(items)), policies=(policy,),
        carrier_services=(CarrierService("s", "STANDARD"),),
        zones=tuple(Zone("s", "NL", f"z{n}", 1, origin_location_id=f"L{n}") for n in range(count)),
        tariffs=tuple(Tariff("s", f"z{n}", grams, 100 + n + grams // 1_000) for n in range(count) for grams in breaks),
    )  # fmt: skip
    image = compile_image(records)
    live = LiveStock(image.item_index, image.location_index, frozenset(), NOW // 1440)
    for (item, at), units in stock.items():
        live.apply_change(PositionChange(f"I{item}", f"L{at}", "", "", units, 0, None))
    return set_scene(image, live, Basket(tuple(lines), NOW, DestinationKey("NL", "1012"), constraints=Constraints()))


def plain(short_micros: int | None = None, **fields: object) -> Policy:
    return Policy("p", weights=(("distance", 0),), short_micros=short_micros, **fields)  # type: ignore[arg-type]


def shipped(plan: Plan) -> int:
    return sum(peg.quantity for shipment in plan.shipments for peg in shipment.pegs)


@pytest.mark.parametrize("count", [11, 20, 30, 40, 60, 100])
@pytest.mark.parametrize("short_micros", [None, 10**6])
def test_a_long_order_has_its_line_that_must_be_divided(count: int, short_micros: int | None) -> None:
    """Whatever the search has spent on the others."""
    rng = random.Random(count)
    for _ in range(4):
        divided = rng.randrange(count)
        stock = {(i, at): rng.choice([0, 3, 3]) for i in range(count) for at in range(8)}
        stock |= {(i, rng.randrange(8)): 3 for i in range(count)}
        stock |= {(divided, at): (2, 1)[at] if at < 2 else 0 for at in range(8)}
        plan = decide_basket(found := scene(stock, [BasketLine(f"l{i}", i, 3) for i in range(count)], plain(short_micros)),
                             found.services, NODES_MAX)  # fmt: skip
        assert shipped(plan) == 3 * count and not plan.short_lines
        assert plan.certificate.lower_bound_micros <= plan.cost_micros


@pytest.mark.parametrize("count", [300, 450, 500])
def test_a_very_long_order_of_which_every_line_must_be_divided_is_shipped(count: int) -> None:
    found = scene(
        {(i, at): 1 for i in range(count) for at in range(2)}, [BasketLine(f"l{i}", i, 2) for i in range(count)], plain()
    )
    plan = decide_basket(found, found.services, NODES_MAX)
    assert shipped(plan) == 2 * count and plan.certificate.status is not CertificateStatus.INFEASIBLE


def drawn_small(seed: int) -> tuple[random.Random, Problem]:
    """What draws, and an order of few lines, some of which may be divided."""
    rng = random.Random(seed)
    return rng, drawn_problem(
        rng.randint, lines_max=8, locations_max=6, quantity_max=4, divide=True, unit_prices=seed % 2 == 0
    )  # fmt: skip


def test_what_is_filled_up_passes_the_checker_and_is_no_dearer() -> None:
    """From plans that leave all short: feasible, at the cost that it says."""
    better = 0
    for seed in range(1_500):
        rng, problem = drawn_small(seed)
        if seed % 3 == 0:
            problem = problem._replace(sets=np.array([rng.randrange(3) for _ in range(problem.line_count)], np.int64))
        start = leave_all_short(problem)._replace(lower_bound_micros=0)
        full = filled_up(problem, start)
        check_solution(problem, full)
        assert full.objective_micros <= start.objective_micros, seed
        better += full.objective_micros < start.objective_micros
    assert better > 300


def test_no_shipment_would_cost_less_on_another_column_of_its_location() -> None:
    """From plans whose shipments are on any column: feasible, at the cost that it says, and no swap of one is better."""
    better = 0
    for seed in range(1_500):
        rng, problem = drawn_small(seed)
        start = filled_up(problem, leave_all_short(problem)._replace(lower_bound_micros=0))
        for placements, micros in swapped(problem, start):
            if rng.random() < 0.5:
                start = start._replace(placements=placements, objective_micros=micros)
                break
        found = with_cheaper_services(problem, start)
        check_solution(problem, found)
        better += found.objective_micros < start.objective_micros
        assert all(micros >= found.objective_micros for _, micros in swapped(problem, found)), seed
    assert better > 20, better


def swapped(problem: Problem, solution: Solution) -> Iterator[tuple[tuple[Placement, ...], int]]:
    """Plans, and what they cost, in which one shipment is on another column of its location."""
    for c in sorted({column for _, column, _ in solution.placements if column >= 0}):
        for other in np.flatnonzero(problem.location == problem.location[c]).tolist():
            placements = tuple(Placement(j, other if at == c else at, x) for j, at, x in solution.placements)
            try:
                micros = plan_micros(problem, placements)
            except RefutedError:
                continue
            if other != c:
                yield placements, micros


@pytest.mark.parametrize(
    ("quantity", "least", "stock"), [(3, 2, 2), (4, 3, 3), (5, 3, 3), (7, 4, 5), (100, 60, 80)]
)  # fmt: skip
@pytest.mark.parametrize("short_micros", [None, 1_000])
def test_more_stock_never_makes_a_least_part_vanish(quantity: int, least: int, stock: int, short_micros: int | None) -> None:
    line = BasketLine("l", 0, quantity, min_split_quantity=least)
    one, two = (scene({(0, at): stock for at in range(count)}, [line], plain(short_micros)) for count in (1, 2))
    plans = [decide_basket(each, each.services, NODES_MAX) for each in (one, two)]
    assert [shipped(plan) for plan in plans] == [stock, stock]
    assert plans[1].certificate.status is not CertificateStatus.INFEASIBLE


def test_a_least_part_is_as_much_as_a_carrier_takes() -> None:
    found = scene({(0, 0): 5, (0, 1): 5}, [BasketLine("l", 0, 4, min_split_quantity=3)], plain(), carrier_grams=3_000)
    plan = decide_basket(found, found.services, NODES_MAX)
    assert shipped(plan) == 3


def test_of_lines_of_one_item_those_are_served_whose_risk_of_decline_is_least() -> None:
    lines = [BasketLine("a", 0, 1), BasketLine("b", 0, 4)]
    found = scene({(0, 0): 3}, lines, plain(decline_micros=1_000_000), decline_ppm=500_000)
    plan = decide_basket(found, found.services, NODES_MAX)
    assert [(peg.line, peg.quantity) for shipment in plan.shipments for peg in shipment.pegs] == [(1, 3)]
    assert plan.certificate.lower_bound_micros <= plan.cost_micros


def test_differences_from_plans_that_might_have_a_part_are_no_more_than_that() -> None:
    """A part of the line from the other location costs less than leaving it out, which is what was compared."""
    found = scene({(0, 0): 5, (0, 1): 1}, [BasketLine("l", 0, 2)], plain(10_000, allow_split_lines=False))
    plan, explained = decide_explained(found, found.services, NODES_MAX, Level.FULL)
    (without,) = explained.without
    assert shipped(plan) == 2 and without.known == Known.AT_MOST


def test_of_the_rest_of_a_line_nobody_says_that_there_is_no_way() -> None:
    found = scene({(0, 0): 9}, [BasketLine("l", 0, 5)], plain(), carrier_grams=3_000)
    (short,) = decide_basket(found, found.services, NODES_MAX).short_lines
    assert short.quantity == 2 and short.message == "stock is there, but no location that has it can send more of it"
