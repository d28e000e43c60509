"""One basket, one plan: collect what is to be collected, ship the rest, add up costs and proof."""

from engine.domain.basket import DeliveryMethod
from engine.domain.enums import OrderBy, Term
from engine.domain.plan import Certificate, CertificateStatus, CostTerm, Plan, Shipment, ShortLine
from engine.domain.reasons import Reason
from engine.kernels.tariffs import weigh
from engine.optimizer.assemble import counted_term, ship_shipments
from engine.optimizer.candidates import Candidates, ShipRequest, ship_candidates
from engine.optimizer.pickup import collect_lines
from engine.optimizer.problem import Solution
from engine.optimizer.scene import Scene
from engine.optimizer.solve import solve

Shortage = dict[int, tuple[int, Reason]]
"""Per line of the basket: units short, and why."""

MESSAGES = {
    Reason.NO_STOCK: "not enough stock at any location that may serve it",
    Reason.NO_ROUTE: "stock is there, but no location that has it can serve this destination",
    Reason.PROMISE_UNREACHABLE: "no location can have it there by the latest date",
    Reason.NO_CAPACITY: "stock is there, but no location that has it has capacity left",
}


def decide_basket(scene: Scene, services: tuple[int, ...], nodes_max: int) -> Plan:
    """The best plan for a basket by the given carrier services, within a node budget; stock is left as it was."""
    pickups, shipped = split_by_method(scene)
    shipments: list[Shipment] = []
    shortage: Shortage = {}
    held = []
    for location, lines in pickups.items():
        shipment, short = collect_lines(scene, location, lines)
        shortage.update(short)
        if shipment is not None:
            shipments.append(shipment)
            # What is collected has no other source, so it comes before what is shipped.
            hold = shipment_hold(shipment)
            held.append(hold)
            scene.stock.hold(*hold)
    solution, candidates = None, None
    if shipped:
        assert scene.lanes is not None, "the door asks for a destination where lines are shipped"
        candidates = ship_candidates(scene, scene.lanes, ShipRequest(tuple(shipped), services))
        if candidates.problem is not None:
            solution = solve(candidates.problem, nodes_max)
            shipments += ship_shipments(scene, scene.lanes, candidates, solution.placements)
        shortage.update(ship_shortage(scene, candidates, shipped, shipments))
    for hold in reversed(held):
        scene.stock.release(*hold)
    return summed_plan(scene, shipments, shortage, solution, candidates)


def shipment_hold(shipment: Shipment) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
    """What a shipment takes, as `LiveStock.hold` and `release` want it."""
    pegs = [(p.arena_index, p.quantity) for p in shipment.pegs]
    return pegs, [(shipment.location, shipment.capacity_day, shipment.capacity_quantity)]


def split_by_method(scene: Scene) -> tuple[dict[int, list[int]], list[int]]:
    """Lines to collect, by location in basket order, and lines to ship."""
    pickups: dict[int, list[int]] = {}
    shipped = []
    for i, line in enumerate(scene.basket.lines):
        if line.delivery_method is DeliveryMethod.PICKUP:
            pickups.setdefault(line.pickup_location, []).append(i)
        else:
            shipped.append(i)
    return pickups, shipped


def ship_shortage(scene: Scene, candidates: Candidates, lines: list[int], shipments: list[Shipment]) -> Shortage:
    """What the shipments leave out of the lines to ship."""
    given = dict.fromkeys(lines, 0)
    for shipment in shipments:
        for p in shipment.pegs:
            if p.line in given:
                given[p.line] += p.quantity
    return {
        i: (scene.basket.lines[i].quantity - units, candidates.reasons[i])
        for i, units in given.items()
        if units < scene.basket.lines[i].quantity
    }


def summed_plan(
    scene: Scene, shipments: list[Shipment], shortage: Shortage, solution: Solution | None, candidates: Candidates | None
) -> Plan:
    """Terms summed over the shipments and the plan's own; the objective is their sum, checked against the optimizer's."""
    terms: dict[Term, CostTerm] = {}
    own = [counted_term(scene, Term.SPLIT, scene.policy.split_micros, max(0, len(shipments) - 1))]
    if scene.policy.short_micros is not None:
        own += [counted_term(scene, Term.SHORT, scene.policy.short_micros, units) for units, _ in shortage.values()]
    for term in [t for s in shipments for t in s.terms] + own:
        seen = terms.get(term.term, CostTerm(term.term, 0, term.weight_ppm, 0))
        terms[term.term] = seen._replace(
            raw_micros=seen.raw_micros + term.raw_micros, weighted_micros=seen.weighted_micros + term.weighted_micros
        )
    objective = sum(term.weighted_micros for term in terms.values())
    gap = solution.objective_micros - solution.lower_bound_micros if solution else 0
    if not shipments:
        status = CertificateStatus.INFEASIBLE
    else:
        status = CertificateStatus.OPTIMAL if gap == 0 else CertificateStatus.BOUNDED
    problem = candidates.problem if candidates else None
    if problem is not None and solution is not None and not shortage and scene.policy.order_by is OrderBy.COST:
        collected = sum(s.cost_micros for s in shipments if s.service < 0)
        pickups = sum(s.service < 0 for s in shipments)
        split = int(weigh(scene.policy.split_micros, scene.weights_ppm[Term.SPLIT]))
        expected = solution.objective_micros + collected + (split * pickups if len(shipments) > pickups else 0)
        assert objective == expected, f"plan costs {objective}, the optimizer said {expected}"
    return Plan(
        shipments=tuple(shipments),
        short_lines=tuple(ShortLine(i, units, reason, MESSAGES[reason]) for i, (units, reason) in sorted(shortage.items())),
        terms=tuple(term for term in terms.values() if term.raw_micros),
        certificate=Certificate(
            status, objective, objective - gap, problem.column_count if problem else len(shipments),
            solution.nodes if solution else 0,
        ),
        policy_id=scene.policy.policy_id,
    )  # fmt: skip
