"""One basket, one plan: collect what is to be collected, ship the rest, add up costs and proof."""

from collections import Counter
from functools import partial

from engine.domain.basket import NO_LATEST, DeliveryMethod
from engine.domain.enums import OrderBy, Term
from engine.domain.plan import Certificate, CertificateStatus, CostTerm, Plan, Shipment, ShortLine, deliveries
from engine.domain.reasons import Reason
from engine.kernels.choose import SHORT_TOTAL_MICROS
from engine.kernels.entries import UNLIMITED
from engine.optimizer.assemble import added, counted_term, shipment_hold
from engine.optimizer.candidates import ShipRequest
from engine.optimizer.collect import Collected, decide_collection, joined, units_missing
from engine.optimizer.coupled import Part, are_coupled, decide_parts
from engine.optimizer.digital import deliver_digital
from engine.optimizer.direct import Request, decide_direct
from engine.optimizer.limits import line_locations, split_by_method, whole_sets
from engine.optimizer.load import Chosen, Load
from engine.optimizer.location_limit import decide_within, limit_of, without_limit
from engine.optimizer.scene import Scene
from engine.optimizer.shipments import shipments_of
from engine.optimizer.shipping import decide_shipping
from engine.optimizer.shortage import (
    NO_ROUTE,
    NO_TIME,
    Shortage,
    Shortfall,
    Way,
    more_could_be_had,
    short_text,
    why_short,
    without_soft_limits,
)
from engine.optimizer.soft_limits import without_kept

UNITS_COMPARED_MAX = 2**10
"""Units of a basket of which each, short, weighs more than any plan may cost, where it has no price."""


def decide_basket(scene: Scene, services: tuple[int, ...], nodes_max: int) -> Plan:
    """The best plan for a basket by the given carrier services, within a node budget; stock is left as it was."""
    return decide_choices(scene, (services,), nodes_max)[0]


def decide_choices(scene: Scene, choices: tuple[tuple[int, ...], ...], nodes_max: int) -> list[Plan]:
    """`decide_basket` by each choice of services; those after the first only as long as there is time."""
    if all(line.delivery_method is not DeliveryMethod.DIGITAL for line in scene.basket.lines):
        return decide_located(scene, choices, nodes_max, Collected([], {}))
    digital = deliver_digital(scene)
    holds = [shipment_hold(shipment) for shipment in digital.shipments]
    for hold in holds:
        scene.stock.hold(*hold)
    plans = decide_located(scene, choices, nodes_max, digital)
    for hold in reversed(holds):
        scene.stock.release(*hold)
    return plans


def decide_located(
    scene: Scene, choices: tuple[tuple[int, ...], ...], nodes_max: int, found: Collected
) -> list[Plan]:  # fmt: skip
    """What is collected and shipped, besides what is found already and held, from as many locations as it may."""
    limit = limit_of(scene)
    if limit is None:
        return decide_moved(scene, choices, nodes_max, found)
    plans = decide_moved(without_limit(scene), choices, nodes_max, found)

    def decide(services: tuple[int, ...], within: Scene, out: tuple[int, ...]) -> Plan:
        short: Shortage = {i: Shortfall(scene.basket.lines[i].quantity, Reason.RESTRICTED) for i in out}
        return decide_moved(within, (services,), nodes_max, joined(found, Collected([], short)))[0]

    return [
        decide_within(scene, limit, plan, partial(decide, services)) for services, plan in zip(choices, plans, strict=False)
    ]


def decide_moved(scene: Scene, choices: tuple[tuple[int, ...], ...], nodes_max: int, found: Collected) -> list[Plan]:
    """What is collected and shipped, besides what is found already and held."""
    pickups, shipped = split_by_method(scene)
    if are_coupled(scene, pickups, shipped):
        return decide_coupled(scene, pickups, tuple(shipped), choices, nodes_max, found)
    held = []
    for location, lines in pickups.items():
        part = decide_collection(scene, location, lines, nodes_max)
        found = joined(found, part)
        for shipment in part.shipments:
            # What is collected has no other source, so it comes before what is shipped.
            hold = shipment_hold(shipment)
            held.append(hold)
            scene.stock.hold(*hold)
    if shipped:
        plans = ship_lines(scene, tuple(shipped), choices, nodes_max, found)
    else:
        plans = [summed_plan(scene, found.shipments, found.shortage, None, found) for _ in choices]
    for hold in reversed(held):
        scene.stock.release(*hold)
    return plans


def decide_coupled(
    scene: Scene, pickups: dict[int, list[int]], shipped: tuple[int, ...], choices: tuple[tuple[int, ...], ...], nodes_max: int,
    before: Collected,
) -> list[Plan]:  # fmt: skip
    """A plan by each choice of services, where parts of the basket may want the same stock or capacity."""
    plans: list[Plan] = []
    for services in choices:
        if plans and scene.is_cut():
            continue
        parts = [Part(tuple(lines), Way(None, (), location)) for location, lines in pickups.items()]
        if shipped:
            parts.append(Part(shipped, Way(scene.lanes, services)))
        moved, chosen = decide_parts(scene, parts, nodes_max)
        found = joined(before, moved)
        plans.append(summed_plan(scene, found.shipments, found.shortage, chosen, found))
    return plans


def ship_lines(
    scene: Scene, shipped: tuple[int, ...], choices: tuple[tuple[int, ...], ...], nodes_max: int, collected: Collected
) -> list[Plan]:
    """A plan by each choice of services: what is collected, and what is shipped by the short way or the long one."""
    lanes = scene.lanes
    assert lanes is not None, "the door asks for a destination where lines are shipped"
    plans: list[Plan] = []
    made: dict[Load, Shipment] = {}
    (answers,) = decide_direct((Request(scene, lanes, shipped, choices),))
    first: Shortage | None = None
    for services, answer in zip(choices, answers, strict=True):
        if plans and answer is None and scene.is_cut():
            continue
        chosen = answer if answer is not None else decide_shipping(scene, lanes, ShipRequest(shipped, services), nodes_max)
        shipments = shipments_of(scene, lanes, chosen.loads, made)
        missing = units_missing(scene, shipped, shipments)
        chosen = without_kept(scene, chosen, shipments, is_short=bool(missing))
        # Of a date that nobody asked for, nobody asks why it cannot be met.
        is_asked = bool(missing) and scene.deliver_by == NO_LATEST
        if first is None:
            first = why_short(scene, Way(lanes, services), shipped, missing, is_cut=chosen.is_cut) if is_asked else {}
            if is_asked and scene.is_cut():
                # The reasons may be others, with time to look for them.
                chosen = chosen._replace(is_cut=True)
        # What is short by fewer services alone has no route by them.
        otherwise = NO_TIME if chosen.is_cut else NO_ROUTE
        short = {
            i: first.get(i, otherwise)._replace(quantity=units, is_rest=units < scene.basket.lines[i].quantity)
            for i, units in missing.items()
        }  # fmt: skip
        is_weighed = is_asked and scene.short_micros is None
        if is_weighed and more_could_be_had(scene, Way(lanes, services), shipped, missing):
            # A plan that holds more is the better one, whatever it costs.
            chosen = chosen._replace(lower_bound_micros=chosen.objective_micros - SHORT_TOTAL_MICROS)
        plans.append(summed_plan(scene, collected.shipments + shipments, collected.shortage | short, chosen, collected))
    return plans


def least_untried(scene: Scene, shortage: Shortage) -> int | None:
    """What a plan may cost at the least of those that are not looked for; None where all are.

    In each of them a unit is short that need not be. A line that may not be divided is had whole or, where no location has all
    of it, in one part; an order is not spread over days for their capacity; of lines that are collected and ask for one item
    not every division of it is tried; and where a unit short has no price, what is collected comes first, and of very many
    units each weighs too little.
    """
    price, lines = scene.short_micros, scene.basket.lines
    if price is None:
        if not shortage:
            return None
        is_free = sum(line.quantity for line in lines) > UNITS_COMPARED_MAX or is_collected_first(scene, shortage)
    else:
        is_free = False
    is_free = is_free or any(short.reason is Reason.NO_CAPACITY for short in shortage.values())
    items = Counter(line.item for line in lines)
    collected = {line.item for line in lines if not line.is_shipped}
    is_shared = any(items[lines[i].item] > 1 and lines[i].item in collected for i in shortage)
    return price or 0 if is_free or is_shared or any_in_part(scene) else None


def is_collected_first(scene: Scene, shortage: Shortage) -> bool:
    """Whether more might be shipped, did what is collected not take of a location's day first."""
    lines, capacity = scene.basket.lines, scene.image.capacity_per_day
    short = [i for i, each in shortage.items() if lines[i].is_shipped and each.reason is not Reason.NO_STOCK]
    return bool(short) and any(capacity[location] < UNLIMITED for location in scene.basket.pickup_locations)


def any_in_part(scene: Scene) -> bool:
    """Whether a part would do of some of the lines that may not be divided, and are no part of a set."""
    basket = scene.basket.lines
    shipped = split_by_method(scene)[1]
    if all(basket[i].quantity == 1 or basket[i].all_or_nothing for i in shipped):
        return False
    most, sets = line_locations(scene, shipped), whole_sets(without_soft_limits(scene), shipped)
    return any(
        m <= 1 and sets.count(of_set) == 1 and basket[i].quantity > 1 and not basket[i].all_or_nothing
        for i, m, of_set in zip(shipped, most, sets, strict=True)
    )


def summed_plan(
    scene: Scene, shipments: list[Shipment], shortage: Shortage, chosen: Chosen | None, collected: Collected
) -> Plan:
    """Terms summed over the shipments and the plan's own; the objective is their sum, checked against the optimizer's."""
    terms: dict[Term, CostTerm] = {}
    own = [counted_term(scene, Term.SPLIT, scene.policy.split_micros, max(0, deliveries(shipments) - 1))]
    if chosen is not None and chosen.penalty_micros:
        weight = scene.weights_ppm[Term.PENALTY]
        own.append(CostTerm(Term.PENALTY, chosen.penalty_raw, weight, chosen.penalty_micros))
    if scene.policy.short_micros is not None:
        own += [counted_term(scene, Term.SHORT, scene.policy.short_micros, units) for units, *_ in shortage.values()]
    for term in [t for s in shipments for t in s.terms] + own:
        terms[term.term] = added(terms[term.term], term) if term.term in terms else term
    objective = sum(term.weighted_micros for term in terms.values())
    gap = collected.gap_micros + (chosen.objective_micros - chosen.lower_bound_micros if chosen else 0)
    # Where a unit short has no price, nothing may cost nothing, and yet more could be had.
    is_open, gap = gap > 0, min(gap, objective)
    untried = least_untried(scene, shortage) if scene.policy.order_by is OrderBy.COST or shortage else None
    if untried is not None:
        gap = max(gap, objective - untried)
    is_open |= gap > 0 or (untried is not None and bool(shortage))
    columns = collected.columns + (chosen.columns if chosen else 0)
    is_choice = bool(shipments) or any(short.reason is Reason.SHORT_IS_CHEAPER for short in shortage.values())
    proven = CertificateStatus.OPTIMAL if is_choice else CertificateStatus.INFEASIBLE
    status = CertificateStatus.BOUNDED if is_open else proven
    if chosen is not None and chosen.columns and not shortage and scene.policy.order_by is OrderBy.COST:
        collecting = sum(s.cost_micros for s in shipments if s.service < 0)
        pickups = deliveries(s for s in shipments if s.service < 0)
        splits = pickups if deliveries(shipments) > pickups else max(0, pickups - 1)
        expected = chosen.objective_micros + collecting + scene.split_micros * splits
        assert objective == expected, f"plan costs {objective}, the optimizer said {expected}"
    return Plan(
        shipments=tuple(shipments),
        short_lines=tuple(ShortLine(i, *short_text(shortfall)) for i, shortfall in sorted(shortage.items())),
        terms=tuple(term for term in terms.values() if term.raw_micros),
        certificate=Certificate(
            status, objective, objective - gap, columns or len(shipments),
            collected.nodes + (chosen.nodes if chosen else 0), collected.is_cut or bool(chosen and chosen.is_cut),
        ),
        policy_id=scene.policy.policy_id,
    )  # fmt: skip
