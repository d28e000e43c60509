"""From a solution to shipments: units pegged to positions, dates, and every cost term, raw and weighted."""

from collections import defaultdict

import numpy as np

from engine.domain.basket import NO_LATEST
from engine.domain.enums import Term
from engine.domain.plan import CostTerm, Peg, Route, Shipment
from engine.kernels.dates import order_by_minute
from engine.kernels.stock import take_from_run
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import shipment_micros, weigh
from engine.network.image import Lanes
from engine.optimizer.candidates import MINUTES_PER_DAY, Candidates
from engine.optimizer.problem import Placement
from engine.optimizer.scene import ItemStock, Scene


def ship_shipments(scene: Scene, lanes: Lanes, candidates: Candidates, placements: tuple[Placement, ...]) -> list[Shipment]:
    """One shipment a column in use, earliest delivery first."""
    by_column: dict[int, list[Placement]] = defaultdict(list)
    for placement in placements:
        if placement.column >= 0 and placement.quantity > 0:
            by_column[placement.column].append(placement)
    shipments = [_shipment(scene, lanes, candidates, c, placed) for c, placed in sorted(by_column.items())]
    return sorted(shipments, key=lambda s: (s.delivery_latest_minute, s.location))


def peg(scene: Scene, stock: ItemStock, line: int, location: int, quantity: int, latest: int) -> list[Peg]:
    """Positions the units come from, earliest arrival first; fewer when there are no more by `latest`."""
    matrix, item = scene.stock.matrix, scene.basket.lines[line].item
    first, last = int(stock.first[location]), int(stock.last[location])
    at, units = np.empty((2, max(1, last - first)), np.int64)
    count = take_from_run(
        first, last, quantity, latest, stock.floor[location], scene.pool_allowed, matrix.slot_available_at,
        matrix.slot_pool, matrix.slot_sellable, matrix.slot, matrix.supply, matrix.demand, at, units,
    )  # fmt: skip
    return [Peg(line, item, location, int(matrix.slot[at[i]]), int(at[i]), int(units[i])) for i in range(count)]


def handling_terms(scene: Scene, location: int, line_units: list[int]) -> list[CostTerm]:
    """Pick, unit, pack and priority of a shipment with these units per line."""
    image = scene.image
    pick, unit = int(image.pick_cost_micros[location]), int(image.unit_cost_micros[location])
    return [
        counted_term(scene, Term.PICK, pick, len(line_units)),
        counted_term(scene, Term.UNIT, unit, sum(line_units)),
        counted_term(scene, Term.PACK, int(image.pack_cost_micros[location]), 1),
        counted_term(scene, Term.PRIORITY, int(image.priority[location]), 1),
    ]


def counted_term(scene: Scene, term: Term, raw_micros: int, count: int) -> CostTerm:
    """A cost that counts `count` times; weighed once and then multiplied, as the optimizer does."""
    weight = scene.weights_ppm[term]
    return CostTerm(term, raw_micros * count, weight, int(weigh(raw_micros, weight)) * count)


def _shipment(scene: Scene, lanes: Lanes, candidates: Candidates, c: int, placed: list[Placement]) -> Shipment:
    assert candidates.problem is not None
    problem, columns, image = candidates.problem, candidates.columns, scene.image
    location, service = int(columns.location[c]), int(columns.service[c])
    latest_supply = max(int(columns.start_minute[c]), scene.start_minute)
    pegs: list[Peg] = []
    held: list[tuple[int, int]] = []
    for placement in placed:
        stock = candidates.item_stock[int(problem.item[placement.line])]
        taken = peg(scene, stock, candidates.lines[placement.line], location, placement.quantity, latest_supply)
        assert sum(p.quantity for p in taken) == placement.quantity, "the optimizer promised stock that is not there"
        pegs += taken
        # Two lines of one item draw on the same positions.
        held += [(p.arena_index, p.quantity) for p in taken]
        scene.stock.hold(held[-len(taken) :], ())
    scene.stock.release(held, ())
    grams = sum(int(problem.grams[p.line]) * p.quantity for p in placed)
    volume = sum(int(problem.volume[p.line]) * p.quantity for p in placed)
    row = int(problem.price_row[c])
    raw = int(
        shipment_micros(
            grams, volume, problem.zone[row], problem.divisor[row], problem.package_grams_max[row], *problem.tariffs
        )
    )
    weight = scene.weights_ppm[Term.CARRIER]
    distance = int(lanes.distance_meters[location])
    terms = handling_terms(scene, location, [p.quantity for p in placed])
    terms.append(CostTerm(Term.CARRIER, raw, weight, int(weigh(raw, weight))))
    terms.append(counted_term(scene, Term.DISTANCE, distance // 1000, 1))
    late = [_late_micros(scene, candidates.lines[p.line], int(columns.latest[c])) for p in placed]
    late_weight = scene.weights_ppm[Term.LATENESS]
    terms.append(CostTerm(Term.LATENESS, sum(late), late_weight, sum(int(weigh(micros, late_weight)) for micros in late)))
    profile = int(image.profile_index[location])
    # Stock that lands later leaves no choice of when to order: the promise holds until it is taken.
    order_by = int(order_by_minute(columns.start_minute[c], profile, service, scene.horizon.tables))
    co2 = grams * distance * image.carrier_services[service].co2_grams_per_tonne_km // 10**9
    units = sum(p.quantity for p in placed)
    return Shipment(
        location=location, route=Route.SHIP, service=service, pegs=tuple(pegs),
        pick_by_minute=int(columns.handover[c]), handover_by_minute=int(columns.handover[c]), order_by_minute=order_by,
        delivery_earliest_minute=int(columns.earliest[c]), delivery_latest_minute=int(columns.latest[c]),
        capacity_day=int(columns.day[c]),
        capacity_quantity=int(capacity_need(int(problem.capacity_kind[c]), len(placed), units)),
        weight_grams=grams, distance_meters=distance, co2_grams=co2, terms=tuple(t for t in terms if t.raw_micros),
    )  # fmt: skip


def _late_micros(scene: Scene, line: int, latest: int) -> int:
    due = scene.basket.lines[line].latest_minute
    if due == NO_LATEST or not scene.policy.late_micros_per_day:
        return 0
    return -(-max(0, latest - due) // MINUTES_PER_DAY) * scene.policy.late_micros_per_day
