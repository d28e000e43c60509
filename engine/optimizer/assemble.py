"""From a plan's loads to shipments: units pegged to positions, dates, and every cost term, raw and weighted."""

from collections.abc import Iterable

import numpy as np

from engine.domain.basket import NO_LATEST
from engine.domain.enums import Term
from engine.domain.ids import BACKORDER
from engine.domain.plan import CostTerm, Peg, Route, Shipment
from engine.kernels.dates import order_by_minute
from engine.kernels.stock import take_at_location
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import shipment_micros, weigh
from engine.network.image import Lanes
from engine.optimizer.footprint import capacity_micros, carbon_micros, decline_micros
from engine.optimizer.limits import shipment_penalties
from engine.optimizer.load import Load
from engine.optimizer.scene import Scene
from engine.optimizer.unit_prices import unit_micros

MINUTES_PER_DAY = 1440
PEGS_EXPECTED = 8


def peg(scene: Scene, line: int, location: int, quantity: int, latest: int) -> list[Peg]:
    """Positions the units come from, earliest arrival first; fewer when there are no more by `latest`."""
    matrix, item = scene.stock.matrix, scene.basket.lines[line].item
    start, count = matrix.row_start.item(item), matrix.row_count.item(item)
    is_collected = scene.basket.lines[line].is_collected_from(location)
    floor = scene.floor(item, is_collected).item(location)
    taken = -1
    size = PEGS_EXPECTED
    while taken < 0:
        out = np.empty((3, size), np.int64)
        taken = take_at_location(
            start, count, location, quantity, latest, floor, scene.item_pools(item), matrix.slot_available_at, matrix.slot_pool,
            matrix.slot_sellable, matrix.location, matrix.slot, matrix.supply, matrix.demand, out,
        )  # fmt: skip
        size = count
    at, units, kept = out[:, :taken].tolist()
    return [Peg(line, item, location, matrix.slot.item(a), a, u, k) for a, u, k in zip(at, units, kept, strict=True)]


def handling_terms(scene: Scene, location: int, line_units: list[int]) -> list[CostTerm]:
    """Pick, unit, pack, priority, performance and decline risk of a shipment with these units per line."""
    image, price = scene.image, scene.policy.decline_micros
    pick, unit = int(image.pick_cost_micros[location]), int(image.unit_cost_micros[location])
    terms = [
        counted_term(scene, Term.PICK, pick, len(line_units)),
        counted_term(scene, Term.UNIT, unit, sum(line_units)),
        counted_term(scene, Term.PACK, int(image.pack_cost_micros[location]), 1),
        counted_term(scene, Term.PRIORITY, int(image.priority[location]), 1),
        counted_term(scene, Term.PERFORMANCE, int(image.performance_micros[location]), 1),
    ]
    if price:
        risk = decline_micros(price, image.decline_ppm.item(location))
        terms.append(counted_term(scene, Term.DECLINE, risk, len(line_units)))
    return terms


def unit_terms(
    scene: Scene, location: int, quantities: Iterable[tuple[int, int]], *, is_shipped: bool
) -> list[CostTerm]:  # fmt: skip
    """What the (item, units) of a shipment cost by where they come from, each unit weighed by itself."""
    if not scene.image.has_unit_prices and scene.opportunity is None:
        return []
    sums: dict[Term, CostTerm] = {}
    for item, units in quantities:
        for term, micros in unit_micros(scene, item, location, is_shipped=is_shipped):
            more = counted_term(scene, term, micros, units)
            sums[term] = added(sums[term], more) if term in sums else more
    return list(sums.values())


def added(one: CostTerm, other: CostTerm) -> CostTerm:
    """The sum of two costs of one term."""
    raw, weighted = one.raw_micros + other.raw_micros, one.weighted_micros + other.weighted_micros
    return one._replace(raw_micros=raw, weighted_micros=weighted)


def counted_term(scene: Scene, term: Term, raw_micros: int, count: int) -> CostTerm:
    """A cost that counts `count` times; weighed once and then multiplied, as the optimizer does."""
    weight = scene.weights_ppm[term]
    return CostTerm(term, raw_micros * count, weight, int(weigh(raw_micros, weight)) * count)


def carrier_shipment(scene: Scene, lanes: Lanes, load: Load) -> Shipment:
    """What goes from a location to the destination by a carrier."""
    image, location, service = scene.image, load.location, load.service
    pegs = load_pegs(scene, load)
    grams = volume = 0
    for line, quantity in load.quantities:
        item = scene.basket.lines[line].item
        grams += image.weight_grams.item(item) * quantity
        volume += image.volume_mm3.item(item) * quantity
    raw = int(
        shipment_micros(
            grams, volume, lanes.zone_index.item(service, location), image.dimensional_divisor.item(service),
            image.max_package_grams.item(service), image.tariff_start, image.tariff_max_grams, image.tariff_price_micros,
            image.tariff_per_kg_micros,
        )
    )  # fmt: skip
    weights, distance = scene.weights_ppm, lanes.distance_meters.item(location)
    units = [quantity for _, quantity in load.quantities]
    terms = handling_terms(scene, location, units)
    terms.append(CostTerm(Term.CARRIER, raw, weights[Term.CARRIER], int(weigh(raw, weights[Term.CARRIER]))))
    terms.append(counted_term(scene, Term.DISTANCE, distance // 1000, 1))
    if scene.policy.late_micros_per_day:
        terms.append(late_term(scene, load.quantities, load.latest))
    if scene.basket.constraints.penalties:
        penalty = shipment_penalties(scene, lanes, np.array([location]), np.array([service]))
        terms.append(counted_term(scene, Term.PENALTY, penalty.item(0), 1))
    items = [(scene.basket.lines[line].item, quantity) for line, quantity in load.quantities]
    terms += unit_terms(scene, location, items, is_shipped=True)
    if scene.policy.carbon_micros_per_kg:
        terms.append(carbon_term(scene, service, distance, items))
    if scene.policy.capacity_price_micros:
        terms.append(_capacity_term(scene, load))
    # Stock that lands later leaves no choice of when to order: the promise holds until it is taken.
    order_by = int(order_by_minute(load.start_minute, image.profile_index.item(location), service, scene.horizon.tables))
    order_by -= lead_minutes(scene, pegs)
    kind = image.capacity_unit.item(location)
    return Shipment(
        location=location, route=Route.SHIP, service=service, pegs=tuple(pegs), pick_by_minute=load.handover,
        handover_by_minute=load.handover, order_by_minute=order_by, delivery_earliest_minute=load.earliest,
        delivery_latest_minute=load.latest, capacity_day=load.day,
        capacity_quantity=int(capacity_need(kind, len(units), sum(units))), weight_grams=grams, distance_meters=distance,
        co2_grams=grams * distance * image.co2_grams_per_tonne_km.item(service) // 10**9,
        terms=tuple(t for t in terms if t.raw_micros), start_minute=load.start_minute,
    )  # fmt: skip


def shipment_hold(shipment: Shipment) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
    """What a shipment takes, as `LiveStock.hold` and `release` want it."""
    pegs = [(p.arena_index, p.quantity) for p in shipment.pegs]
    return pegs, [(shipment.location, shipment.capacity_day, shipment.capacity_quantity)]


def load_pegs(scene: Scene, load: Load) -> list[Peg]:
    """The units of every line, pegged; lines of one item draw on the same positions one after the other."""
    pegs: list[Peg] = []
    latest = max(load.start_minute, scene.start_minute)
    for line, quantity in load.quantities:
        taken = peg(scene, line, load.location, quantity, latest)
        assert sum(p.quantity for p in taken) == quantity, "the optimizer promised stock that is not there"
        pegs += taken
        scene.stock.hold([(p.arena_index, p.quantity) for p in taken], ())
    scene.stock.release([(p.arena_index, p.quantity) for p in pegs], ())
    return pegs


def lead_minutes(scene: Scene, pegs: Iterable[Peg]) -> int:
    """The lead time of what is sold beyond stock: it runs from the order on, so that nothing of it can be ordered later."""
    slots = scene.stock.matrix.slots
    beyond = (slots[p.slot].available_at_minute for p in pegs if slots[p.slot].receipt_id == BACKORDER)
    return max(beyond, default=scene.start_minute) - scene.start_minute


def late_term(scene: Scene, quantities: Iterable[tuple[int, int]], delivered: int) -> CostTerm:
    """What (line, units) cost that are delivered later than they are due: each unit for each day begun."""
    weight, per_day = scene.weights_ppm[Term.LATENESS], scene.policy.late_micros_per_day
    raw = weighted = 0
    for i, units in quantities:
        due = scene.basket.lines[i].latest_minute
        micros = 0 if due == NO_LATEST else -(-max(0, delivered - due) // MINUTES_PER_DAY) * per_day
        raw, weighted = raw + micros * units, weighted + int(weigh(micros, weight)) * units
    return CostTerm(Term.LATENESS, raw, weight, weighted)


def carbon_term(scene: Scene, service: int, meters: int, quantities: Iterable[tuple[int, int]]) -> CostTerm:
    """The carbon price of (item, units) that a carrier takes so far."""
    image, weight = scene.image, scene.weights_ppm[Term.CARBON]
    rate, price = image.co2_grams_per_tonne_km.item(service), scene.policy.carbon_micros_per_kg
    raw = weighted = 0
    for item, quantity in quantities:
        micros = carbon_micros(image.weight_grams.item(item), int(meters), rate, price)
        raw, weighted = raw + micros * quantity, weighted + int(weigh(micros, weight)) * quantity
    return CostTerm(Term.CARBON, raw, weight, weighted)


def _capacity_term(scene: Scene, load: Load) -> CostTerm:
    """A shipment pays for how full its day was before it, not for what it adds itself."""
    used, limit = scene.stock.used_on(load.location, load.day), scene.image.capacity_per_day.item(load.location)
    return counted_term(scene, Term.CAPACITY, capacity_micros(scene.policy.capacity_price_micros, used, limit), 1)
