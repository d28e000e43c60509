"""The best plan of the lines to ship where one problem does not hold all that was asked: the best of several.

What may be broken at a price is tried at every price, what must arrive on one day on every day, and what must ship alone
apart from the rest. Each try is proven, or bounded, by itself; the least of all tries' bounds holds for the best of them.
"""

from dataclasses import replace
from itertools import islice, product
from typing import NamedTuple

from engine.domain.enums import OrderBy
from engine.kernels.entries import UNLIMITED
from engine.kernels.subsets import capacity_need
from engine.network.image import Lanes
from engine.optimizer.apart import joint_micros, worth_shipping
from engine.optimizer.assemble import shipment_hold
from engine.optimizer.candidates import Candidates, ShipRequest
from engine.optimizer.collect_candidates import candidates_of
from engine.optimizer.consolidate import best_consolidated
from engine.optimizer.departures import departures_of, solve_departures
from engine.optimizer.limits import delivery_days, whole_sets
from engine.optimizer.load import NOTHING, Chosen, Load
from engine.optimizer.scene import Scene
from engine.optimizer.shipments import shipments_of
from engine.optimizer.small_parts import keep_parts
from engine.optimizer.soft_limits import soft_variants
from engine.optimizer.solve import solve

TRIES_MAX = 64
"""Of one order; beyond that, what is left out makes the plan a bounded one."""

WHOLE_LINES_MAX = 3
"""Lines that are all or nothing for which both are tried; with more in part, those beyond have nothing."""

LINES_USUAL, NODES_MIN = 40, 20
"""Lines up to which an order has the whole budget of nodes, and the least that a longer one has."""

SHORT_UNIT_MICROS = 2**60
"""A unit short, where the policy names no price: more than any plan, so that fewest units short come first."""


OnDay = tuple[tuple[int, int], ...]
"""(line, the local day on which it must be delivered)."""


class Try(NamedTuple):
    """A plan, what it costs with all units short, and what no plan of its kind can cost less than."""

    chosen: Chosen
    total: int
    bound: int


def decide_shipping(scene: Scene, lanes: Lanes | None, request: ShipRequest, nodes_max: int) -> Chosen:
    """The best plan by way of candidates, problem and solver: any order there is."""
    if not request.lines:
        return NOTHING
    variants = list(soft_variants(scene, request.lines))
    best = try_days(variants[0][0] or scene, lanes, request, nodes_max)
    if len(variants) > 1:
        best = least_penalty(variants, best, lanes, request, nodes_max)
    return best.chosen._replace(lower_bound_micros=best.chosen.objective_micros - max(0, best.total - best.bound))


def least_penalty(
    variants: list[tuple[Scene | None, int, int]], kept: Try, lanes: Lanes | None, request: ShipRequest, nodes_max: int
) -> Try:  # fmt: skip
    """The best of keeping every soft limit and of breaking some, each at its price."""
    loosest = variants[-1][0]
    assert loosest is not None
    # No plan costs less than the one that may break every limit for nothing.
    free = try_days(loosest, lanes, request, nodes_max)
    least, best, bound, is_cut = free.bound, kept, kept.bound, kept.chosen.is_cut or free.chosen.is_cut
    for count, (scene, raw, penalty) in enumerate(sorted(variants[1:], key=lambda variant: variant[1]), 1):
        if least + penalty >= best.total:
            break
        cut = loosest.is_cut()
        if scene is None or count >= TRIES_MAX or cut:
            bound = min(bound, least + penalty)
            is_cut |= cut
            continue
        found = try_days(scene, lanes, request, nodes_max)
        is_cut |= found.chosen.is_cut
        bound = min(bound, found.bound + penalty)
        if found.total + penalty < best.total:
            objective = found.chosen.objective_micros + penalty
            chosen = found.chosen._replace(objective_micros=objective, penalty_raw=raw, penalty_micros=penalty)
            best = Try(chosen, found.total + penalty, 0)
    bound = min(bound, best.total)
    return Try(best.chosen._replace(is_cut=is_cut and bound < best.total), best.total, bound)


def try_days(scene: Scene, lanes: Lanes | None, request: ShipRequest, nodes_max: int) -> Try:
    """The best of leaving one location, and of being put together at one, where the basket must arrive as one."""
    best = try_arrivals(scene, lanes, request, nodes_max)
    is_one = scene.basket.constraints.ship_complete and scene.policy.order_by is OrderBy.COST
    if not is_one or lanes is None or request.collected_at >= 0 or not len(scene.image.transfers.from_location):
        return best
    found = best_consolidated(
        scene, lanes, request, best.total, lambda coming, asked: decide_shipping(coming, None, asked, nodes_max),
        is_had=bool(best.chosen.loads),
    )  # fmt: skip
    total = best.total if found.chosen is None else found.chosen.objective_micros
    bound = min(best.bound, found.bound)
    chosen = found.chosen or best.chosen
    return Try(chosen._replace(is_cut=(best.chosen.is_cut or scene.is_cut()) and bound < total), total, bound)


def try_arrivals(scene: Scene, lanes: Lanes | None, request: ShipRequest, nodes_max: int) -> Try:
    """Lines of an arrival set on every day on which they could all arrive, or else any of them."""
    every = arrival_choices(scene, lanes, request)
    if every == [()]:
        return try_apart(scene, lanes, request, nodes_max)
    found: list[Try] = []
    for on_day in every[:TRIES_MAX]:
        if found and scene.is_cut():
            break
        found.append(try_apart(scene, lanes, request._replace(on_day=on_day), nodes_max))
    best = min(found, key=lambda each: each.total)
    bound = min(each.bound for each in found)
    if len(found) < len(every):
        # Whatever the days, no plan is better than one that need not keep to any.
        bound = min(bound, try_apart(scene, lanes, request, nodes_max).bound)
    is_cut = len(found) < min(len(every), TRIES_MAX) or any(each.chosen.is_cut for each in found)
    return Try(best.chosen._replace(is_cut=is_cut and bound < best.total), best.total, bound)


def arrival_choices(scene: Scene, lanes: Lanes | None, request: ShipRequest) -> list[OnDay]:
    """On which day each line of an arrival set may arrive, every combination, TRIES_MAX + 1 at the most; [()]: no such set."""
    basket = scene.basket.lines
    sets = {basket[i].arrival_set for i in request.lines if basket[i].arrival_set >= 0}
    members = [tuple(i for i in request.lines if basket[i].arrival_set == each) for each in sorted(sets)]
    members = [lines for lines in members if len(lines) > 1]
    if not members:
        return [()]
    free = candidates_of(scene, lanes, request)
    days = [arrival_days(scene, free, lines) for lines in members]
    return [
        tuple((i, day) for lines, day in zip(members, chosen_days, strict=True) for i in lines)
        for chosen_days in islice(product(*days), TRIES_MAX + 1)
    ]


def arrival_days(scene: Scene, free: Candidates, lines: tuple[int, ...]) -> list[int]:
    """Local days on which a set might arrive: those of any of its lines, first those by which each of them could be there.

    What could be there sooner waits where it is, if it may. Days before that are the last: then some of the set is short.
    """
    if free.problem is None:
        return [0]
    days = delivery_days(scene, free.columns.latest)
    each = [set(days[free.problem.allowed[free.lines.index(i)]].tolist()) for i in lines if i in free.lines]
    if not each:
        return [0]
    first = max(min(of_line) for of_line in each)
    return sorted(set().union(*each), key=lambda day: (day < first, day))


def try_apart(scene: Scene, lanes: Lanes | None, request: ShipRequest, nodes_max: int) -> Try:
    """Lines that ship alone, each by itself, and the rest together: exact where they do not get in each other's way."""
    groups = groups_apart(scene, request.lines)
    tries = [try_problem(scene, lanes, request._replace(lines=group), nodes_max) for group in groups]
    if len(tries) == 1:
        return tries[0]
    is_cut = any(each.chosen.is_cut for each in tries)
    if scene.policy.order_by is OrderBy.COST:
        price = SHORT_UNIT_MICROS if scene.short_micros is None else scene.short_micros
        short = [price * sum(scene.basket.lines[i].quantity for i in group) for group in groups]
        bound = joint_micros(scene.split_micros, [each.bound for each in tries], short)
        tries = left_out(scene, tries, short)
        if collide(scene, groups, tries):
            tries = left_out(scene, one_after_the_other(scene, lanes, request, groups, tries, nodes_max), short)
    else:
        bound = joined_total(scene, tries, [each.bound for each in tries])
        if collide(scene, groups, tries):
            tries = one_after_the_other(scene, lanes, request, groups, tries, nodes_max)
    total = joined_total(scene, tries, [each.total for each in tries])
    chosen = joined(scene, [each.chosen for each in tries])
    return Try(chosen._replace(is_cut=(chosen.is_cut or is_cut) and bound < total), total, min(bound, total))


def left_out(scene: Scene, tries: list[Try], short: list[int]) -> list[Try]:
    """The tries, but for those that cost less short than as one shipment more."""
    ships = worth_shipping(scene.split_micros, [each.total for each in tries], short)
    return [each if ship else each._replace(chosen=nothing_of(each.chosen), total=left)
            for each, left, ship in zip(tries, short, ships, strict=True)]  # fmt: skip


def nothing_of(chosen: Chosen) -> Chosen:
    """The plan without what it ships; what looking for it took stays."""
    return NOTHING._replace(nodes=chosen.nodes, columns=chosen.columns, is_cut=chosen.is_cut)


def groups_apart(scene: Scene, lines: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Lines of items that ship alone, one by one, unless they are of a set; the others together."""
    basket, image = scene.basket.lines, scene.image
    tied = whole_sets(scene, lines)
    alone = [i for i, of_set in zip(lines, tied, strict=True) if image.ship_alone[basket[i].item] and tied.count(of_set) == 1]
    rest = tuple(i for i in lines if i not in alone)
    return [rest, *((i,) for i in alone)] if rest else [(i,) for i in alone]


def joined_total(scene: Scene, tries: list[Try], totals: list[int]) -> int:
    """Sum over groups; the first shipment of each costs no split, the first of all still does not."""
    shipping = sum(bool(each.chosen.loads) for each in tries)
    return sum(totals) + scene.split_micros * max(0, shipping - 1)


def joined(scene: Scene, parts: list[Chosen]) -> Chosen:
    """The plan of all groups."""
    splits = scene.split_micros * max(0, sum(bool(part.loads) for part in parts) - 1)
    return Chosen(
        tuple(load for part in parts for load in part.loads), sum(part.objective_micros for part in parts) + splits,
        sum(part.lower_bound_micros for part in parts) + splits, sum(part.nodes for part in parts),
        sum(part.columns for part in parts), is_cut=any(part.is_cut for part in parts),
    )  # fmt: skip


def collide(scene: Scene, groups: list[tuple[int, ...]], tries: list[Try]) -> bool:
    """Whether plans made apart share an item, ask more of a day than it has left, or come from too many locations."""
    shipping = [group for group, each in zip(groups, tries, strict=True) if each.chosen.loads]
    items = [{scene.basket.lines[i].item for i in group} for group in shipping]
    if len(set().union(*items)) < sum(map(len, items)):
        return True
    taken: dict[tuple[int, int], int] = {}
    for load in (load for each in tries for load in each.chosen.loads):
        key = load.location, load.day
        taken[key] = taken.get(key, 0) + need_of(scene, load)
    for (location, day), units in taken.items():
        limit = scene.image.capacity_per_day.item(location)
        if limit < UNLIMITED and units > limit - scene.stock.used_on(location, day):
            return True
    return len({location for location, _ in taken}) > scene.locations_max


def need_of(scene: Scene, load: Load) -> int:
    """What a load takes of its day."""
    kind = scene.image.capacity_unit.item(load.location)
    return int(capacity_need(kind, len(load.quantities), sum(units for _, units in load.quantities)))


def one_after_the_other(
    scene: Scene, lanes: Lanes | None, request: ShipRequest, groups: list[tuple[int, ...]], apart: list[Try], nodes_max: int
) -> list[Try]:  # fmt: skip
    """Each group that ships anything on what those before it leave of stock, capacity and locations."""
    tries: list[Try] = []
    held = []
    used: set[int] = set()
    for group, alone in zip(groups, apart, strict=True):
        if not alone.chosen.loads:
            tries.append(alone)
            continue
        limits = replace(scene.basket.constraints, locations_taken=len(used))
        left = replace(scene, basket=replace(scene.basket, constraints=limits))
        tries.append(try_problem(left, lanes, request._replace(lines=group), nodes_max))
        used |= {load.location for load in tries[-1].chosen.loads}
        for shipment in shipments_of(scene, lanes, tries[-1].chosen.loads, {}):
            held.append(shipment_hold(shipment))
            scene.stock.hold(*held[-1])
    for hold in reversed(held):
        scene.stock.release(*hold)
    return tries


def try_problem(scene: Scene, lanes: Lanes | None, request: ShipRequest, nodes_max: int) -> Try:
    """One problem, solved; of lines that are all or nothing, all or nothing.

    The solver may take a part of such a line. Then every plan that may be taken has either nothing of it or all: the best of
    each kind, of which the one without it is a smaller problem, and the other one in which it comes before anything else.
    """
    found = try_once(scene, lanes, request, nodes_max)
    broken = line_in_part(scene, request, found)
    if broken is None:
        return found
    line = scene.basket.lines[broken]
    short = line.quantity * (SHORT_UNIT_MICROS if scene.short_micros is None else scene.short_micros)
    others = request._replace(lines=tuple(i for i in request.lines if i != broken))
    without = try_problem(scene, lanes, others, nodes_max)
    tries, bound = [Try(without.chosen, without.total + short, 0)], without.bound + short
    whole = None
    if broken not in request.whole and len(request.whole) < WHOLE_LINES_MAX:
        whole = try_problem(scene, lanes, request._replace(whole=(*request.whole, broken)), nodes_max)
        tries.append(whole)
    # Where it was not had whole, it is not known that it cannot be: no plan costs less than one that may have a part of it.
    is_whole = whole is not None and units_by_line(whole).get(broken) == line.quantity
    bound = min(bound, whole.bound if whole is not None and is_whole else found.bound)
    best = min(tries, key=lambda each: each.total)
    chosen = best.chosen._replace(
        nodes=sum(each.chosen.nodes for each in tries) + found.chosen.nodes, columns=found.chosen.columns,
        is_cut=any(each.chosen.is_cut for each in tries) and bound < best.total,
    )  # fmt: skip
    return Try(chosen, best.total, min(bound, best.total))


def line_in_part(scene: Scene, request: ShipRequest, found: Try) -> int | None:
    """A line that is all or nothing and of which a plan has a part; None where there is none."""
    basket, shipped = scene.basket.lines, units_by_line(found)
    parts = (i for i in request.lines if basket[i].all_or_nothing and 0 < shipped.get(i, 0) < basket[i].quantity)
    return next(parts, None)


def units_by_line(found: Try) -> dict[int, int]:
    """Units shipped of each line that is shipped at all."""
    shipped: dict[int, int] = {}
    for load in found.chosen.loads:
        for i, units in load.quantities:
            shipped[i] = shipped.get(i, 0) + units
    return shipped


def try_once(scene: Scene, lanes: Lanes | None, request: ShipRequest, nodes_max: int) -> Try:
    """One problem, solved, whatever part of a line that takes."""
    if not request.lines:
        return Try(NOTHING, 0, 0)
    candidates = candidates_of(scene, lanes, request)
    asked = sum(scene.basket.lines[i].quantity for i in request.lines)
    price = SHORT_UNIT_MICROS if scene.short_micros is None else scene.short_micros
    problem = candidates.problem
    if problem is None or scene.locations_max <= 0:
        return Try(NOTHING, asked * price, asked * price)
    nodes_max = nodes_for(problem.line_count, nodes_max)
    solution = keep_parts(scene, candidates, solve(problem, nodes_max, scene.is_cut), nodes_max)
    is_short = any(placed.column < 0 for placed in solution.placements)
    departure = departures_of(scene, request, candidates, is_short=is_short)
    if departure is not None:
        solution = solve_departures(scene, candidates, departure, solution, nodes_max)
    loads = candidates.loads(solution.placements)
    chosen = Chosen(
        loads, solution.objective_micros, solution.lower_bound_micros, solution.nodes, problem.column_count,
        is_cut=solution.is_cut,
    )  # fmt: skip
    shipped = sum(units for load in loads for _, units in load.quantities)
    short = [(p.line, p.quantity) for p in solution.placements if p.column < 0]
    charged = sum(problem.short_micros.item(line) * units for line, units in short)
    total = solution.objective_micros - charged + (asked - shipped) * price
    return Try(chosen, total, total - (solution.objective_micros - solution.lower_bound_micros))


def nodes_for(n: int, nodes_max: int) -> int:
    """The budget of an order of n lines: the work of a node grows with their square."""
    return nodes_max if n <= LINES_USUAL else max(NODES_MIN, nodes_max * LINES_USUAL**2 // n**2)
