"""What each location would charge for all that it can send, term by term, for every location at once."""

import numpy as np

from engine.domain.enums import Term
from engine.kernels.explained import measure_shipments
from engine.kernels.tariffs import PPM
from engine.optimizer.candidates import late_micros
from engine.optimizer.explanation import Bools, Columns, TermTable
from engine.optimizer.footprint import capacity_table, carbon_table, decline_table
from engine.optimizer.limits import shipment_penalties
from engine.optimizer.scene import Ints, Scene
from engine.optimizer.unit_prices import unit_tables
from engine.optimizer.workspace import weigh_all


def send_terms(scene: Scene, lines: tuple[int, ...], sends: Bools, columns: Columns) -> tuple[TermTable, ...]:
    """The terms of one shipment of `sends` from each location [L] by its column, as `assemble` has them; 0 where nothing is.

    lines [n], sends [n, L].
    """
    image, lanes, policy = scene.image, scene.lanes, scene.policy
    assert lanes is not None
    items = np.array([scene.basket.lines[i].item for i in lines], np.int64)
    quantity = np.array([scene.basket.lines[i].quantity for i in lines], np.int64)
    once, line_count, units, carrier = np.empty((4, len(columns.service)), np.int64)
    measure_shipments(
        sends, quantity, image.weight_grams[items], image.volume_mm3[items], columns.service, lanes.zone_index,
        image.dimensional_divisor, image.max_package_grams, image.tariff_start, image.tariff_max_grams,
        image.tariff_price_micros, image.tariff_per_kg_micros, once, line_count, units, carrier,
    )  # fmt: skip
    tables = [
        counted(scene, Term.PICK, image.pick_cost_micros, line_count),
        counted(scene, Term.UNIT, image.unit_cost_micros, units),
        counted(scene, Term.PACK, image.pack_cost_micros, once),
        counted(scene, Term.PRIORITY, image.priority, once),
        counted(scene, Term.PERFORMANCE, image.performance_micros, once),
        counted(scene, Term.CARRIER, carrier, once),
        counted(scene, Term.DISTANCE, lanes.distance_meters // 1000, once),
    ]
    if policy.decline_micros:
        tables.append(counted(scene, Term.DECLINE, decline_table(policy.decline_micros, image.decline_ppm), line_count))
    if policy.late_micros_per_day:
        late = late_micros(scene, [scene.basket.lines[i] for i in lines], columns.latest_minute)
        tables.append(by_unit(scene, Term.LATENESS, late, quantity, sends))
    service, at = np.maximum(columns.service, 0), np.arange(len(columns.service))
    if scene.basket.constraints.penalties:
        tables.append(counted(scene, Term.PENALTY, shipment_penalties(scene, lanes, at, service), once))
    unit_prices = unit_tables(scene, items, at)
    if policy.carbon_micros_per_kg:
        unit_prices.append((Term.CARBON, carbon_of(scene, items, service)))
    tables += [by_unit(scene, term, micros, quantity, sends) for term, micros in unit_prices]
    if policy.capacity_price_micros:
        used = [scene.stock.used_on(location, day) for location, day in enumerate(columns.day.tolist())]
        limit = image.capacity_per_day
        taken = capacity_table(policy.capacity_price_micros, limit - np.array(used, np.int64), limit)
        tables.append(counted(scene, Term.CAPACITY, taken, once))
    return tuple(tables)


def counted(scene: Scene, term: Term, raw: Ints, count: Ints) -> TermTable:
    """A cost that counts `count` times, weighed once and then multiplied."""
    weight = scene.weights_ppm[term]
    weighted = raw if weight == PPM else weigh_all(raw, weight)
    total: Ints = raw * count
    return TermTable(term, weight, total, total if weight == PPM else weighted * count)


def carbon_of(scene: Scene, items: Ints, service: Ints) -> Ints:
    """[n, L]: carbon of a unit of each item, by grams and metres."""
    image, lanes = scene.image, scene.lanes
    assert lanes is not None
    rates = image.co2_grams_per_tonne_km[service]
    return carbon_table(image.weight_grams[items], lanes.distance_meters, rates, scene.policy.carbon_micros_per_kg)


def by_unit(scene: Scene, term: Term, micros: Ints, quantity: Ints, sends: Bools) -> TermTable:
    """A cost of each unit of a line [n, L], weighed once and then multiplied."""
    weight = scene.weights_ppm[term]
    sent = micros * sends
    raw, weighted = ((each * quantity[:, None]).sum(axis=0) for each in (sent, weigh_all(sent, weight)))
    return TermTable(term, weight, raw, weighted)
