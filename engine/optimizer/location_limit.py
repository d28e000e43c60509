"""Baskets of which something is collected, and that may come from no more than so many locations, or from more at a price.

Where a line is collected is given, so that what may be shipped from how many locations depends on what is collected, which no
problem of lines to ship knows. The plan without the limit comes first: where it keeps to it, it is the best one. Else plans are
made for fewer and fewer locations: for each set of those collected at, the lines of the others being left out, by what may be
shipped from these alone, and from as many as are left.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, combinations
from typing import NamedTuple

from engine.domain.enums import Term
from engine.domain.plan import CertificateStatus, CostTerm, Plan, Route, ShortLine
from engine.domain.reasons import Reason
from engine.kernels.tariffs import weigh
from engine.optimizer.assemble import added
from engine.optimizer.limits import split_by_method
from engine.optimizer.problem import NO_LIMIT
from engine.optimizer.scene import Scene
from engine.optimizer.shipping import SHORT_UNIT_MICROS
from engine.optimizer.shortage import Shortfall, short_text
from engine.optimizer.soft_limits import locations_micros

Decide = Callable[[Scene, tuple[int, ...]], Plan]
"""Decides on a scene; the lines given are left out, and short."""

COLLECTED_MAX = 3
"""Locations collected at of which every set is tried; of more, those of the lines that come first."""

TOTALS_MAX = 3
"""Numbers of locations that are tried below that of the plan without the limit, the most first."""


class Limit(NamedTuple):
    """So many locations at the most, by those fields of request or policy."""

    most: int
    fields: tuple[str, ...]


def limit_of(scene: Scene) -> Limit | None:
    """What basket and policy say of the number of locations; None where they say nothing, or nothing is collected."""
    if not (scene.basket.pickup_locations and scene.location_limits):
        return None
    hard = [limit for limit in scene.location_limits if limit.micros is None]
    least = min((limit.most for limit in hard), default=NO_LIMIT)
    return Limit(least, tuple(limit.field for limit in hard if limit.most == least))


def without_limit(scene: Scene) -> Scene:
    """The scene, from however many locations."""
    limits = scene.basket.constraints
    limits = replace(
        limits, max_locations=None, no_split_below_micros=None, locations_taken=0,
        penalties=tuple(each for each in limits.penalties if each[0] not in ("max_locations", "no_split_locations")),
    )  # fmt: skip
    policy = replace(scene.policy, max_locations_per_order=None, no_split_below_micros=0)
    return replace(scene, policy=policy, basket=replace(scene.basket, constraints=limits))


def decide_within(scene: Scene, limit: Limit, free: Plan, decide: Decide) -> Plan:
    """The best plan found within the limit or beyond it at its price; `free`: the one without it, by the same services."""
    count = locations_of(free)
    if count <= limit.most and not locations_micros(scene, count):
        return free
    least = least_weight(scene, free)
    tried = [priced(scene, free)] if count <= limit.most else []
    first = min(count - 1, limit.most)
    totals = range(first, max(0, first - TOTALS_MAX), -1)
    if not totals and not tried:
        # Other shipments of the order have taken all that there may be.
        pickups, shipped = split_by_method(scene)
        return told(limit, free, decide(*left_out(without_limit(scene), (*chain(*pickups.values()), *shipped))))
    # With more locations than are tried a plan costs what it does without the limit at the least, and their price.
    bounds = [least + weighed(scene, first + 1)] if first < limit.most else []
    nodes, are_all = free.certificate.nodes, is_counted(scene) and 1 in totals
    floor = least + weighed(scene, 0)
    for total in totals:
        # Something is told even where the decision took all the time.
        if tried and (scene.is_cut() or min(weight_of(scene, plan) for plan in tried) <= floor):
            are_all = False
            break
        for part in parts_of(scene, total):
            plans = [decide(*way) for way in ways(scene, part, total)]
            nodes += sum(plan.certificate.nodes for plan in plans)
            tried += [priced(scene, plan) for plan in plans if locations_of(plan) <= total]
            # From the locations collected at alone where there are no others, else from as many as there may be in all.
            bounds.append(least_weight(scene, plans[-1]) + weighed(scene, total))
    if not are_all:
        bounds.append(floor)
    best = min(tried, key=lambda plan: weight_of(scene, plan))
    return told(limit, free, certified(scene, best, min(bounds), nodes))


def is_counted(scene: Scene) -> bool:
    """Whether the sets that are tried are all there are: what is collected may come from nowhere else."""
    pickups = scene.basket.pickup_locations
    transfers = scene.image.transfers
    return len(pickups) <= COLLECTED_MAX and not any(len(transfers.lanes_into(location)) for location in pickups)


def locations_of(plan: Plan) -> int:
    """Locations that a plan comes from; what is digital comes from anywhere."""
    return len({shipment.location for shipment in plan.shipments if shipment.route is not Route.DIGITAL})


def parts_of(scene: Scene, total: int) -> Iterator[tuple[int, ...]]:
    """The sets of locations collected at, of no more than `total`: the largest first."""
    pickups = scene.basket.pickup_locations[:COLLECTED_MAX]
    for size in range(min(total, len(pickups)), -1, -1):
        yield from combinations(pickups, size)


def ways(scene: Scene, part: tuple[int, ...], total: int) -> Iterator[tuple[Scene, tuple[int, ...]]]:
    """(scene, lines left out) of each way to ship from `total` locations at the most, those of `part` among them.

    The last one is a bound of them all.
    """
    basket, (pickups, shipped) = scene.basket, split_by_method(scene)
    out = tuple(chain(*(lines for location, lines in pickups.items() if location not in part)))
    free = without_limit(scene)
    if not shipped:
        yield left_out(free, out)
        return
    if total > len(part):
        for most in sorted({total - len(part), total}):
            limits = replace(free.basket.constraints, max_locations=most)
            yield left_out(replace(free, basket=replace(free.basket, constraints=limits)), out)
    else:
        elsewhere = tuple(location for location in range(len(scene.image.location_ids)) if location not in part)
        changed = list(basket.lines)
        for i in shipped:
            excluded = (*elsewhere, *basket.lines[i].excluded_locations)
            changed[i] = replace(basket.lines[i], excluded_locations=tuple(sorted(set(excluded))))
        yield left_out(replace(free, basket=replace(free.basket, lines=tuple(changed))), out)


def left_out(scene: Scene, lines: tuple[int, ...]) -> tuple[Scene, tuple[int, ...]]:
    """The scene without some lines, and these."""
    return replace(scene, left_out=scene.left_out | set(lines)), lines


def priced(scene: Scene, plan: Plan) -> Plan:
    """The plan with the price of its locations."""
    raw = locations_micros(scene, locations_of(plan))
    if not raw:
        return plan
    weight = scene.weights_ppm[Term.PENALTY]
    more = CostTerm(Term.PENALTY, raw, weight, int(weigh(raw, weight)))
    terms = {term.term: term for term in plan.terms}
    terms[Term.PENALTY] = added(terms[Term.PENALTY], more) if Term.PENALTY in terms else more
    certificate = plan.certificate
    certificate = certificate._replace(objective_micros=certificate.objective_micros + more.weighted_micros)
    return replace(plan, terms=tuple(terms.values()), certificate=certificate)


def weighed(scene: Scene, count: int) -> int:
    """The weighted price of so many locations."""
    return int(weigh(locations_micros(scene, count), scene.weights_ppm[Term.PENALTY]))


def short_weight(scene: Scene, plan: Plan) -> int:
    """What is short, where the policy names no price for it."""
    units = sum(short.quantity for short in plan.short_lines)
    return 0 if scene.short_micros is not None else SHORT_UNIT_MICROS * units


def weight_of(scene: Scene, plan: Plan) -> int:
    """What plans are compared by."""
    return short_weight(scene, plan) + plan.certificate.objective_micros


def least_weight(scene: Scene, plan: Plan) -> int:
    """What no plan of its scene weighs less than."""
    proof = plan.certificate
    # Where nothing is proven of what it costs, nothing is of what is short.
    is_open = proof.status is CertificateStatus.BOUNDED and not proof.lower_bound_micros
    return 0 if is_open else short_weight(scene, plan) + proof.lower_bound_micros


def certified(scene: Scene, plan: Plan, bound: int, nodes: int) -> Plan:
    """The plan with its proof: no plan weighs less than `bound`."""
    objective = plan.certificate.objective_micros
    lower = max(0, min(objective, bound - short_weight(scene, plan)))
    nothing = CertificateStatus.OPTIMAL if plan.shipments else CertificateStatus.INFEASIBLE
    status = nothing if bound >= weight_of(scene, plan) else CertificateStatus.BOUNDED
    is_cut = scene.is_cut() and status is CertificateStatus.BOUNDED
    certificate = plan.certificate._replace(status=status, lower_bound_micros=lower, nodes=nodes, cut_by_deadline=is_cut)
    return replace(plan, certificate=certificate)


def told(limit: Limit, free: Plan, plan: Plan) -> Plan:
    """The plan with the limit as the reason of what is short because of it."""
    before = {short.line: short for short in free.short_lines}
    is_hard = locations_of(free) > limit.most
    why = Shortfall(0, Reason.RESTRICTED, limit.fields) if is_hard else Shortfall(0, Reason.SHORT_IS_CHEAPER)
    short_lines = []
    for short in plan.short_lines:
        same = before.get(short.line)
        if same is None or same.quantity != short.quantity:
            same = ShortLine(short.line, *short_text(why._replace(quantity=short.quantity)))
        short_lines.append(same)
    return replace(plan, short_lines=tuple(short_lines))
