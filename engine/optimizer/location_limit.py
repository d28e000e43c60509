"""Baskets of which something is collected, and that may come from no more than so many locations, or from more at a price.

Where a line is collected is given, so that what may be shipped from how many locations depends on what is collected, which no
problem of lines to ship knows. The plan without the limit comes first: where it keeps to it, it is the best one. Else plans are
made for fewer and fewer locations: for each set of those collected at, the lines of the others being left out, by what may be
shipped from these alone, and from as many as are left.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from engine.domain.enums import Term
from engine.domain.plan import CertificateStatus, CostTerm, Plan, Route, ShortLine
from engine.domain.reasons import Reason
from engine.kernels.tariffs import weigh
from engine.optimizer.assemble import added
from engine.optimizer.scene import Scene
from engine.optimizer.shortage import Shortfall, short_text

Decide = Callable[[Scene, tuple[int, ...]], Plan]
"""Decides on a scene; the lines given are left out, and short."""

NO_LIMIT = 2**31

COLLECTED_MAX = 3
"""Locations collected at of which every set is tried; of more, those of the lines that come first."""

TOTALS_MAX = 3
"""Numbers of locations that are tried below that of the plan without the limit, the most first."""

SHORT_UNIT_WEIGHT = 2**70
"""A unit short, where the policy names no price: more than any plan costs."""


class Limit(NamedTuple):
    """So many locations at the most, by those fields of request or policy; beyond (so many), each has a price (micros)."""

    most: int
    fields: tuple[str, ...]
    priced: tuple[tuple[int, int], ...]

    def allows(self, count: int) -> bool:
        """Whether a plan may come from so many, for nothing."""
        return count <= self.most and not self.raw_micros(count)

    def raw_micros(self, count: int) -> int:
        """The price of so many locations, before it is weighted."""
        return sum(micros * max(0, count - kept) for kept, micros in self.priced)


def limit_of(scene: Scene) -> Limit | None:
    """What basket and policy say of the number of locations; None where they say nothing, or nothing is collected."""
    if not scene.basket.pickup_locations:
        return None
    limits, policy, value = scene.basket.constraints, scene.policy, scene.basket.value_micros
    is_small = value < (limits.no_split_below_micros or 0)
    asked = [
        ("constraints.max_locations", "max_locations", limits.max_locations),
        ("constraints.no_split_below_micros", "no_split_locations", limits.no_split_locations if is_small else None),
        ("policy.max_locations_per_order", "", policy.max_locations_per_order),
        ("policy.no_split_below_micros", "", 1 if value < policy.no_split_below_micros else None),
    ]
    prices = dict(limits.penalties)
    counted = [(field, name, most - limits.locations_taken) for field, name, most in asked if most is not None]
    hard = [(field, most) for field, name, most in counted if name not in prices]
    least = min((most for _, most in hard), default=NO_LIMIT)
    found = Limit(
        least, tuple(field for field, most in hard if most == least),
        tuple((most, prices[name]) for _, name, most in counted if name in prices),
    )  # fmt: skip
    return found if counted else None


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
    if limit.allows(count):
        return free
    least = least_weight(scene, free)
    tried = [priced(scene, limit, free)] if count <= limit.most else []
    first = min(count - 1, limit.most)
    totals = list(range(first, max(0, first - TOTALS_MAX), -1))
    # With more locations than are tried a plan costs what it does without the limit at the least, and their price.
    bounds = [least + weighed(scene, limit, first + 1)] if first < limit.most else []
    nodes = free.certificate.nodes
    if not totals and not tried:
        # Other shipments of the order have taken all that there may be.
        tried.append(decide(*left_out(without_limit(scene), tuple(range(len(scene.basket.lines))))))
        bounds.append(least_weight(scene, tried[0]))
    for at, total in enumerate(totals):
        price = weighed(scene, limit, total)
        # Something is told even where the decision took all the time.
        if tried and (scene.is_cut() or min(weight_of(scene, plan) for plan in tried) <= least + weighed(scene, limit, 0)):
            bounds.append(least + weighed(scene, limit, 0))
            break
        for part in parts_of(scene, total):
            plans = [decide(*way) for way in ways(scene, part, total)]
            nodes += sum(plan.certificate.nodes for plan in plans)
            tried += [priced(scene, limit, plan) for plan in plans if locations_of(plan) <= total]
            # From the locations collected at alone where there are no others, else from as many as there may be in all.
            bounds.append(least_weight(scene, plans[-1]) + price)
        if at == len(totals) - 1 and total > 1:
            bounds.append(least + weighed(scene, limit, 0))
    if not is_counted(scene):
        bounds.append(least + weighed(scene, limit, 0))
    best = min(tried, key=lambda plan: weight_of(scene, plan))
    return told(scene, limit, free, certified(scene, best, min(bounds), nodes))


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
    basket = scene.basket
    lines = [(i, line) for i, line in enumerate(basket.lines) if i not in scene.left_out]
    out = tuple(i for i, line in lines if line.is_collected and line.pickup_location not in part)
    shipped = tuple(i for i, line in lines if line.is_shipped)
    free = without_limit(scene)
    if not shipped:
        yield left_out(free, out)
        return
    for most in sorted({total - len(part), total} if total > len(part) else set()):
        limits = replace(free.basket.constraints, max_locations=most)
        yield left_out(replace(free, basket=replace(free.basket, constraints=limits)), out)
    if total == len(part):
        elsewhere = tuple(location for location in range(len(scene.image.location_ids)) if location not in part)
        changed = list(basket.lines)
        for i in shipped:
            excluded = (*elsewhere, *basket.lines[i].excluded_locations)
            changed[i] = replace(basket.lines[i], excluded_locations=tuple(sorted(set(excluded))))
        yield left_out(replace(free, basket=replace(free.basket, lines=tuple(changed))), out)


def left_out(scene: Scene, lines: tuple[int, ...]) -> tuple[Scene, tuple[int, ...]]:
    """The scene without some lines, and these."""
    return replace(scene, left_out=scene.left_out | set(lines)), lines


def priced(scene: Scene, limit: Limit, plan: Plan) -> Plan:
    """The plan with the price of its locations."""
    raw = limit.raw_micros(locations_of(plan))
    if not raw:
        return plan
    weight = scene.weights_ppm[Term.PENALTY]
    more = CostTerm(Term.PENALTY, raw, weight, int(weigh(raw, weight)))
    terms = {term.term: term for term in plan.terms}
    terms[Term.PENALTY] = added(terms[Term.PENALTY], more) if Term.PENALTY in terms else more
    certificate = plan.certificate
    certificate = certificate._replace(objective_micros=certificate.objective_micros + more.weighted_micros)
    return replace(plan, terms=tuple(terms.values()), certificate=certificate)


def weighed(scene: Scene, limit: Limit, count: int) -> int:
    """The weighted price of so many locations."""
    return int(weigh(limit.raw_micros(count), scene.weights_ppm[Term.PENALTY]))


def short_weight(scene: Scene, plan: Plan) -> int:
    """What is short, where the policy names no price for it."""
    units = sum(short.quantity for short in plan.short_lines)
    return 0 if scene.short_micros is not None else SHORT_UNIT_WEIGHT * units


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


def told(scene: Scene, limit: Limit, free: Plan, plan: Plan) -> Plan:
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
