"""Why a plan is what it is: what each location could send, what stands in its way, and how much dearer its best plan is.

Differences come from the program over subsets with each location forced in, see `kernels.alternatives`; an order that is the
best of several problems, or too long for the program, from those problems one by one, see `variants`. What binds is found by
planning anew without it, one limit at a time.
"""

import numpy as np

from engine.domain.plan import Plan, Route, Shipment, deliveries
from engine.kernels.entries import UNLIMITED
from engine.kernels.explained import exclude, spread_answer
from engine.kernels.partition import NEVER
from engine.optimizer.assemble import shipment_hold
from engine.optimizer.bindings import bindings_of
from engine.optimizer.candidates import ShipRequest, ship_candidates
from engine.optimizer.column_tables import ColumnTable, by_location, direct_table, problem_table
from engine.optimizer.decide import any_in_part, decide_basket
from engine.optimizer.explanation import Bools, Columns, Explanation, Known, Level, Without
from engine.optimizer.explanation_costs import send_terms
from engine.optimizer.limits import line_services, line_sources, split_by_method
from engine.optimizer.location_limit import limit_of
from engine.optimizer.scene import Ints, Scene
from engine.optimizer.shipping import groups_apart
from engine.optimizer.soft_limits import soft_variants
from engine.optimizer.variants import Differences, Variants, differences_of, nothing_told, variants_of


def decide_explained(
    scene: Scene, services: tuple[int, ...], nodes_max: int, level: Level, *, with_bindings: bool = True
) -> tuple[Plan, Explanation]:
    """`decide_basket`, and why; stock is left as it was."""
    plan = decide_basket(scene, services, nodes_max)
    if all(shipment.route is Route.SHIP for shipment in plan.shipments):
        return plan, _explain(scene, plan, services, nodes_max, level, with_bindings, is_decided=True)
    return plan, explain_plan(scene, plan, services, nodes_max, level, with_bindings=with_bindings)


def explain_plan(
    scene: Scene, plan: Plan, services: tuple[int, ...], nodes_max: int, level: Level, *, with_bindings: bool = True
) -> Explanation:
    """Why this plan, which was decided on the scene by these services. What it collects is held meanwhile.

    with_bindings False: not what binds, which takes a decision for each limit.
    """
    held = [shipment_hold(s) for s in plan.shipments if s.service < 0]
    for hold in held:
        scene.stock.hold(*hold)
    try:
        return _explain(scene, plan, services, nodes_max, level, with_bindings, is_decided=False)
    finally:
        for hold in reversed(held):
            scene.stock.release(*hold)


def _explain(
    scene: Scene, plan: Plan, services: tuple[int, ...], nodes_max: int, level: Level, with_bindings: bool,
    is_decided: bool,
) -> Explanation:  # fmt: skip
    """is_decided: by these services, on this stock, just now."""
    lines = tuple(split_by_method(scene)[1])
    n, count = len(lines), len(scene.image.location_ids)
    shipments = tuple(s for s in plan.shipments if s.service >= 0)
    chosen = frozenset(s.location for s in plan.shipments)
    # What is shipped goes by what is collected too (see `location_limit`): no plan of it alone is compared with it.
    is_limited = limit_of(scene) is not None
    # Of plans in which a location ships several times nothing is told: those compared with it ship from each once.
    is_once = len({s.location for s in shipments}) == len(shipments) and not is_limited
    table = table_of(scene, lines, services, is_decided=is_decided)
    told = None
    if table is not None and is_once:
        told = differences(scene, lines, shipments, table)
    elif lines and is_once and scene.lanes is not None and is_one_group(scene, lines):
        variants = variants_of(scene, scene.lanes, lines, services)
        if variants is not None:
            used = np.array(sorted({s.location for s in shipments}), np.int64)
            cost = total_micros(scene, shipments, variants)
            told = differences_of(scene, lines, used, cost, variants, nodes_max)
    carries, sends, columns, difference, known, dominator, without = told or nothing_told(n, count)
    units = with_sources(scene, lines, units_of(scene, lines, table))
    is_beside = scene.short_micros is not None and deliveries(s for s in plan.shipments if s.service < 0) > 0
    if is_beside:
        difference, without = beside_collections(scene, shipments, difference, known, without)
    if (scene.short_micros is not None or plan.short_lines) and any_in_part(scene):
        known, without = whole_or_in_part(known, without)
    known[list(chosen)], difference[list(chosen)], dominator[list(chosen)] = Known.EXACT, 0, -1
    why = exclusions(scene, lines, services, carries, units)
    full = level >= Level.FULL
    # Nothing may ship since it would be one delivery more than what is collected: a plan of what ships does not know of that.
    bound = full and n and with_bindings and (shipments or not is_beside)
    return Explanation(
        scene, plan, level, lines, chosen, carries, why, units, difference, known, dominator, columns, sends,
        send_terms(scene, lines, sends, columns) if full and n else (), without if full else (),
        bindings_of(scene, plan, lines, services, nodes_max) if bound else (),
    )  # fmt: skip


def beside_collections(
    scene: Scene, shipments: tuple[Shipment, ...], difference: Ints, known: Ints, without: tuple[Without, ...]
) -> tuple[Ints, tuple[Without, ...]]:
    """The differences where something is collected too: every shipment then is a delivery more, and shipping nothing saves it.

    Where a unit short has a price, the best plan without a location may ship nothing: told is what it costs at the most.
    """
    if not shipments:
        is_plan = (known == Known.EXACT) | (known == Known.AT_MOST)
        difference = np.where(is_plan, difference + scene.split_micros, difference)
    return difference, tuple(
        each._replace(known=Known.AT_MOST)
        if each.known in (Known.EXACT, Known.AT_MOST)
        else Without(each.location, 0, Known.UNKNOWN)
        for each in without
    )  # fmt: skip


def whole_or_in_part(known: Ints, without: tuple[Without, ...]) -> tuple[Ints, tuple[Without, ...]]:
    """Where a part would do of a line that may not be divided: the plans that were compared have it whole, or not at all.

    What one of them costs is what the best plan costs at the most; what they cost at the least says nothing of the others.
    """
    known = np.where(known == Known.EXACT, Known.AT_MOST, known)
    known = np.where(known == Known.AT_LEAST, Known.UNKNOWN, known)
    told = {Known.EXACT: Known.AT_MOST, Known.AT_MOST: Known.AT_MOST}
    return known, tuple(
        each._replace(known=told[each.known]) if each.known in told else Without(each.location, 0, Known.UNKNOWN)
        for each in without
    )  # fmt: skip


def table_of(
    scene: Scene, lines: tuple[int, ...], services: tuple[int, ...], *, is_decided: bool = False
) -> ColumnTable | None:  # fmt: skip
    """The columns of the lines to ship; None where the program over subsets is not the whole of what is asked."""
    lanes = scene.lanes
    if not lines or lanes is None:
        return None
    table = direct_table(scene, lanes, lines, services, is_decided=is_decided)
    if table is None and is_one_problem(scene, lines):
        table = problem_table(ship_candidates(scene, lanes, ShipRequest(lines, services)))
    return table


def is_one_problem(scene: Scene, lines: tuple[int, ...]) -> bool:
    """Whether the best plan is that of one problem, not the best of several: see `shipping`."""
    arriving = [s for i in lines if (s := scene.basket.lines[i].arrival_set) >= 0]
    return len(arriving) == len(set(arriving)) and is_one_group(scene, lines)


def is_one_group(scene: Scene, lines: tuple[int, ...]) -> bool:
    """Whether no line ships alone, and no limit may be broken at a price."""
    variants = soft_variants(scene, lines)
    next(variants)
    return len(groups_apart(scene, lines)) == 1 and next(variants, None) is None


def total_micros(scene: Scene, shipments: tuple[Shipment, ...], variants: Variants) -> int:
    """What the plan costs as the variants count."""
    shipped = sum(peg.quantity for s in shipments for peg in s.pegs)
    split = scene.split_micros * max(0, len(shipments) - 1)
    return sum(s.cost_micros for s in shipments) + split + (variants.wanted - shipped) * variants.short_micros


def differences(scene: Scene, lines: tuple[int, ...], shipments: tuple[Shipment, ...], table: ColumnTable) -> Differences:
    """Against the plan of these shipments, from the columns."""
    count = len(scene.image.location_ids)
    used = np.array(sorted({s.location for s in shipments}), np.int64)
    answer, without = by_location(table, count, used)
    cost = shipped_micros(shipments, table)
    # Where a unit short has no price, a plan that leaves more short costs more than any other.
    beyond = NEVER if scene.policy.short_micros is not None else table.short_unit // 2
    bits, columns = np.zeros((2, len(lines), count), np.bool_), np.full((4, count), -1, np.int64)
    difference, known, dominator = np.zeros((3, count), np.int64)
    index = np.array([lines.index(i) for i in table.lines], np.int64)
    spread_answer(answer, table.facts, cost, beyond, index, used, bits[0], bits[1], columns, difference, known,
                  dominator)  # fmt: skip
    return Differences(bits[0], bits[1], Columns(*columns), difference, known, dominator, tuple(
        Without(location, micros - cost, Known(how))
        # A bound that is not above zero tells nothing.
        if micros - cost < beyond and not (how == Known.AT_LEAST and micros <= cost)
        else Without(location, 0, Known.UNKNOWN)
        for location, micros, how in zip(used.tolist(), *without.tolist(), strict=True)
    ))  # fmt: skip


def shipped_micros(shipments: tuple[Shipment, ...], table: ColumnTable) -> int:
    """What the plan costs as the table counts: what is shipped, and what of the table's lines is short."""
    shipped = dict.fromkeys(table.lines, 0)
    for peg in (peg for s in shipments for peg in s.pegs):
        shipped[peg.line] += peg.quantity
    left = sum(
        micros * max(0, q - shipped[i]) // q
        for i, q, micros in zip(table.lines, table.quantity, table.short.tolist(), strict=True)
    )
    return int(sum(s.cost_micros for s in shipments) + table.split * max(0, len(shipments) - 1) + left)


def units_of(scene: Scene, lines: tuple[int, ...], table: ColumnTable | None) -> Ints:
    """[n, L]: units that can be promised by each line's date."""
    if table is not None and table.units is not None:
        return table.units
    units = np.empty((len(lines), len(scene.image.location_ids)), np.int64)
    for j, i in enumerate(lines):
        line = scene.basket.lines[i]
        units[j] = scene.item_stock(line.item, line.latest_minute).by_latest
    return units


def with_sources(scene: Scene, lines: tuple[int, ...], units: Ints) -> Ints:
    """The units where rules let them be promised at all."""
    off = [(j, mask) for j, i in enumerate(lines) if (mask := scene.sources(scene.basket.lines[i].item)) is not None]
    if off:
        units = units.copy()
        for j, mask in off:
            units[j, ~mask] = 0
    return units


def exclusions(scene: Scene, lines: tuple[int, ...], services: tuple[int, ...], carries: Bools, units: Ints) -> Ints:
    """[n, L]: why each location does not carry each line."""
    image, basket, lanes = scene.image, scene.basket, scene.lanes
    why = np.zeros(carries.shape, np.int64)
    if not lines or lanes is None:
        return why
    wanted, going = np.ones(carries.shape, np.bool_), np.zeros((len(lines), len(image.service_ids)), np.bool_)
    going[:, list(services)] = True
    for j, i in enumerate(lines):
        sources, able = line_sources(scene, basket.lines[i]), line_services(scene, basket.lines[i])
        if sources is not None:
            wanted[j] = sources
        if able is not None:
            going[j] &= able
    quantity = np.array([basket.lines[i].quantity for i in lines], np.int64)
    farthest = UNLIMITED if scene.farthest_meters is None else scene.farthest_meters
    exclude(
        scene.active, image.ships, image.country_index, scene.country_wanted, lanes.distance_meters, farthest,
        lanes.zone_index, going, carries, wanted, units, quantity, why,
    )  # fmt: skip
    return why
