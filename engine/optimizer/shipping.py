"""The best plan of the lines to ship where one problem does not hold all that was asked: the best of several.

What may be broken at a price is tried at every price, what must arrive on one day on every day, and what must ship alone
apart from the rest. Each try is proven, or bounded, by itself; the least of all tries' bounds holds for the best of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, islice, product
from typing import Any, NamedTuple

from engine.domain.enums import Term
from engine.kernels.entries import UNLIMITED
from engine.kernels.subsets import SUBSET_LINES_MAX, capacity_need
from engine.kernels.tariffs import weigh
from engine.network.image import Lanes
from engine.optimizer.assemble import ship_shipments, shipment_hold
from engine.optimizer.candidates import Candidates, ShipRequest, delivery_days, ship_candidates, whole_sets
from engine.optimizer.load import NOTHING, Chosen, Load
from engine.optimizer.problem import Solution
from engine.optimizer.scene import Scene
from engine.optimizer.solve import solve

TRIES_MAX = 64
"""Of one order; beyond that, what is left out makes the plan a bounded one."""

STEPS_MAX, STEPS_LONG_MAX = 16, 3
"""Locations beyond a limit that are tried one by one, of orders of few lines and of many; then all there may be."""

BREACHES_MAX = 4
"""Lines of classes not to be split that are tried in every combination; of more, none or all."""

FLAGS = {"ship_complete": True, "international": False}
"""Limits that are kept or broken, with the value that limits."""

COUNTED = ("max_locations", "max_locations_per_line", "no_split_locations")
"""Limits that are broken by so many more."""

SHORT_UNIT_MICROS = 2**60
"""A unit short, where the policy names no price: more than any plan, so that fewest units short come first."""


class Try(NamedTuple):
    """A plan, what it costs with all units short, and what no plan of its kind can cost less than."""

    chosen: Chosen
    total: int
    bound: int


def decide_shipping(scene: Scene, lanes: Lanes, request: ShipRequest, nodes_max: int) -> Chosen:
    """The best plan by way of candidates, problem and solver: any order there is."""
    if not request.lines:
        return NOTHING
    variants = list(soft_variants(scene, request.lines))
    best = try_days(variants[0][0] or scene, lanes, request, nodes_max)
    if len(variants) > 1:
        best = least_penalty(variants, best, lanes, request, nodes_max)
    return best.chosen._replace(lower_bound_micros=best.chosen.objective_micros - max(0, best.total - best.bound))


def least_penalty(
    variants: list[tuple[Scene | None, int, int]], kept: Try, lanes: Lanes, request: ShipRequest, nodes_max: int
) -> Try:  # fmt: skip
    """The best of keeping every soft limit and of breaking some, each at its price."""
    loosest = variants[-1][0]
    assert loosest is not None
    # No plan costs less than the one that may break every limit for nothing.
    least = try_days(loosest, lanes, request, nodes_max).bound
    best, bound = kept, kept.bound
    for count, (scene, raw, penalty) in enumerate(sorted(variants[1:], key=lambda variant: variant[1]), 1):
        if least + penalty >= best.total:
            break
        if scene is None or count >= TRIES_MAX:
            bound = min(bound, least + penalty)
            continue
        found = try_days(scene, lanes, request, nodes_max)
        bound = min(bound, found.bound + penalty)
        if found.total + penalty < best.total:
            objective = found.chosen.objective_micros + penalty
            chosen = found.chosen._replace(objective_micros=objective, penalty_raw=raw, penalty_micros=penalty)
            best = Try(chosen, found.total + penalty, 0)
    return best._replace(bound=min(bound, best.total))


Choices = list[tuple[dict[str, Any] | None, int]]
"""One limit: (what changes, price), kept for nothing first, broken as far as can be last; None: not tried, at this price or
more."""


def soft_variants(scene: Scene, lines: tuple[int, ...]) -> Iterator[tuple[Scene | None, int, int]]:
    """(scene, penalty, weighted): soft limits kept, then broken at every price; the last breaks all as far as can be."""
    limits = scene.basket.constraints
    choices: list[Choices] = []
    for name, micros in limits.penalties:
        kept = getattr(limits, name)
        if name in FLAGS and kept is FLAGS[name]:
            choices.append([({}, 0), ({name: not kept}, micros)])
        elif name == "no_split_classes":
            choices.append(classes_split(scene, lines, micros))
        elif name in COUNTED and kept is not None:
            choices.append(counted(scene, lines, name, kept, micros))
    for combination in product(*choices):
        raw = sum(micros for _, micros in combination)
        weighted = int(weigh(raw, scene.weights_ppm[Term.PENALTY]))
        if any(change is None for change, _ in combination):
            yield None, raw, weighted
            continue
        changes = {name: value for change, _ in combination for name, value in (change or {}).items()}
        yield replace(scene, basket=replace(scene.basket, constraints=replace(limits, **changes))), raw, weighted


def counted(scene: Scene, lines: tuple[int, ...], name: str, kept: int, micros: int) -> Choices:
    """A limit on a number of locations, broken by one, two and so on."""
    units = sum(scene.basket.lines[i].quantity for i in lines)
    most = max(kept, min(len(scene.image.location_ids), units))
    several = sum(other in COUNTED for other, _ in scene.basket.constraints.penalties)
    steps = STEPS_MAX >> (2 * several - 2) if len(lines) <= SUBSET_LINES_MAX else STEPS_LONG_MAX
    tried = range(kept, min(most, kept + steps) + 1) if micros else [kept]
    choices: Choices = [({name: step}, (step - kept) * micros) for step in tried]
    if tried[-1] + 1 < most and micros:
        choices.append((None, (tried[-1] + 1 - kept) * micros))
    if tried[-1] < most:
        choices.append(({name: most}, (most - kept) * micros))
    return choices


def classes_split(scene: Scene, lines: tuple[int, ...], micros: int) -> Choices:
    """Every set of the lines that are of a class not to be split; of many, none or all."""
    image, limits = scene.image, scene.basket.constraints
    concerned = [i for i in lines if image.item_class_index[scene.basket.lines[i].item] in limits.no_split_classes]
    if len(concerned) > BREACHES_MAX:
        return [({}, 0), (None, micros), ({"may_split": tuple(concerned)}, micros * len(concerned))]
    sets = (each for count in range(len(concerned) + 1) for each in combinations(concerned, count))
    return [({"may_split": may}, micros * len(may)) for may in sets]


def try_days(scene: Scene, lanes: Lanes, request: ShipRequest, nodes_max: int) -> Try:
    """Lines of an arrival set on every day on which they could all arrive, or else any of them."""
    basket = scene.basket.lines
    sets = {basket[i].arrival_set for i in request.lines if basket[i].arrival_set >= 0}
    members = [tuple(i for i in request.lines if basket[i].arrival_set == each) for each in sorted(sets)]
    members = [lines for lines in members if len(lines) > 1]
    if not members:
        return try_apart(scene, lanes, request, nodes_max)
    free = ship_candidates(scene, lanes, request)
    days = [arrival_days(scene, free, lines) for lines in members]
    best: Try | None = None
    bound: int | None = None
    combinations_of_days = product(*days)
    for chosen_days in islice(combinations_of_days, TRIES_MAX):
        on_day = tuple((i, day) for lines, day in zip(members, chosen_days, strict=True) for i in lines)
        found = try_apart(scene, lanes, request._replace(on_day=on_day), nodes_max)
        bound = found.bound if bound is None else min(bound, found.bound)
        if best is None or found.total < best.total:
            best = found
    assert best is not None
    assert bound is not None
    if next(combinations_of_days, None) is not None:
        bound = min(bound, try_apart(scene, lanes, request, nodes_max).bound)
    return best._replace(bound=bound)


def arrival_days(scene: Scene, free: Candidates, lines: tuple[int, ...]) -> list[int]:
    """Local days on which all of these lines could arrive, soonest first; else those on which any could; else one day."""
    if free.problem is None:
        return [0]
    days = delivery_days(scene, free.columns.latest)
    each = [set(days[free.problem.allowed[free.lines.index(i)]].tolist()) for i in lines if i in free.lines]
    common = set.intersection(*each) if len(each) == len(lines) else set()
    return sorted(common or set().union(*each)) or [0]


def try_apart(scene: Scene, lanes: Lanes, request: ShipRequest, nodes_max: int) -> Try:
    """Lines that ship alone, each by itself, and the rest together: exact where they do not get in each other's way."""
    groups = groups_apart(scene, request.lines)
    tries = [try_problem(scene, lanes, request._replace(lines=group), nodes_max) for group in groups]
    if len(tries) == 1:
        return tries[0]
    bound = joined_total(scene, tries, [each.bound for each in tries])
    if collide(scene, groups, tries):
        tries = one_after_the_other(scene, lanes, request, groups, nodes_max)
    total = joined_total(scene, tries, [each.total for each in tries])
    return Try(joined(scene, [each.chosen for each in tries]), total, min(bound, total))


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
        sum(part.columns for part in parts),
    )  # fmt: skip


def collide(scene: Scene, groups: list[tuple[int, ...]], tries: list[Try]) -> bool:
    """Whether plans made apart share an item, ask more of a day than it has left, or come from too many locations."""
    items = [{scene.basket.lines[i].item for i in group} for group in groups]
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
    scene: Scene, lanes: Lanes, request: ShipRequest, groups: list[tuple[int, ...]], nodes_max: int
) -> list[Try]:
    """Each group on what those before it leave of stock, capacity and locations."""
    tries: list[Try] = []
    held = []
    used: set[int] = set()
    for group in groups:
        limits = replace(scene.basket.constraints, locations_taken=len(used))
        left = replace(scene, basket=replace(scene.basket, constraints=limits))
        tries.append(try_problem(left, lanes, request._replace(lines=group), nodes_max))
        used |= {load.location for load in tries[-1].chosen.loads}
        for shipment in ship_shipments(scene, lanes, tries[-1].chosen.loads, {}):
            held.append(shipment_hold(shipment))
            scene.stock.hold(*held[-1])
    for hold in reversed(held):
        scene.stock.release(*hold)
    return tries


def try_problem(scene: Scene, lanes: Lanes, request: ShipRequest, nodes_max: int) -> Try:
    """One problem, solved."""
    candidates = ship_candidates(scene, lanes, request)
    asked = sum(scene.basket.lines[i].quantity for i in request.lines)
    price = SHORT_UNIT_MICROS
    if scene.policy.short_micros is not None:
        price = int(weigh(scene.policy.short_micros, scene.weights_ppm[Term.SHORT]))
    problem = candidates.problem
    if problem is None or scene.locations_max <= 0:
        return Try(NOTHING, asked * price, asked * price)
    solution = keep_parts(scene, candidates, solve(problem, nodes_max), nodes_max)
    loads = candidates.loads(solution.placements)
    chosen = Chosen(
        loads, solution.objective_micros, solution.lower_bound_micros, solution.nodes, problem.column_count
    )  # fmt: skip
    shipped = sum(units for load in loads for _, units in load.quantities)
    short = [(p.line, p.quantity) for p in solution.placements if p.column < 0]
    charged = sum(problem.short_micros.item(line) * units for line, units in short)
    total = solution.objective_micros - charged + (asked - shipped) * price
    return Try(chosen, total, total - (solution.objective_micros - solution.lower_bound_micros))


def keep_parts(scene: Scene, candidates: Candidates, solution: Solution, nodes_max: int) -> Solution:
    """The solution, or where a part of a line is smaller than asked, the best one that keeps such lines whole; same bound."""
    problem = candidates.problem
    assert problem is not None
    least = [scene.basket.lines[i].min_split_quantity for i in candidates.lines]
    small: set[int] = set()
    while True:
        parts: dict[tuple[int, int], int] = {}
        for line, column, units in solution.placements:
            if column >= 0:
                key = line, problem.location.item(column)
                parts[key] = parts.get(key, 0) + units
        found = {line for (line, _), units in parts.items() if units < min(least[line], problem.quantity.item(line))} - small
        if not found:
            return solution
        small |= found
        most = problem.line_locations_max.copy()
        most[list(small)] = 1
        whole = solve(problem._replace(line_locations_max=most), nodes_max)
        bound = min(solution.lower_bound_micros, whole.objective_micros)
        solution = whole._replace(lower_bound_micros=bound, nodes=solution.nodes + whole.nodes)
