"""Loads spelt out as shipments, whichever way they go."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from engine.domain.enums import Term
from engine.domain.plan import CostTerm, Route, Shipment
from engine.kernels.columns import NEVER_MINUTE
from engine.kernels.dates import delivery_window, order_by_minute, pickup_after, ready_minute
from engine.kernels.entries import UNLIMITED
from engine.kernels.partition import NEVER
from engine.kernels.routes import OWN_STOCK, transfer_minutes
from engine.kernels.subsets import capacity_need
from engine.kernels.tariffs import shipment_micros, weigh
from engine.network.image import Lanes
from engine.optimizer.assemble import (
    added,
    carbon_term,
    carrier_shipment,
    counted_term,
    handling_terms,
    late_term,
    lead_minutes,
    load_pegs,
    shipment_hold,
    unit_terms,
)
from engine.optimizer.limits import shipment_penalties
from engine.optimizer.load import Load
from engine.optimizer.pickup_dates import last_start, order_by
from engine.optimizer.scene import Scene


def shipments_of(scene: Scene, lanes: Lanes | None, loads: Iterable[Load], made: dict[Load, Shipment]) -> list[Shipment]:
    """One shipment a load, earliest delivery first; those made before are kept in `made`, since options often share them."""
    shipments = []
    consolidated = []
    apart = []
    loads = list(loads)
    places = Counter(load.location for load in loads)
    for load in loads:
        if load.via >= 0 and load.service >= 0:
            consolidated.append(load)
            continue
        if places[load.location] > 1:
            apart.append(load)
            continue
        if load not in made:
            made[load] = shipment_of(scene, lanes, load)
        shipments.append(made[load])
    shipments += shipments_apart(scene, lanes, apart)
    if consolidated:
        assert lanes is not None, "what a carrier takes goes somewhere"
        shipments += consolidated_shipments(scene, lanes, consolidated)
    return sorted(shipments, key=delivered_first)


def delivered_first(shipment: Shipment) -> tuple[int, int]:
    """The order of a plan's shipments."""
    return shipment.delivery_latest_minute, shipment.location


def shipments_apart(scene: Scene, lanes: Lanes | None, loads: list[Load]) -> list[Shipment]:
    """Of locations that ship several times: the first to start has what is there first, each what those before it leave."""
    shipments = []
    held: list[tuple[int, int]] = []
    for load in sorted(loads, key=lambda load: load.start_minute):
        shipments.append(shipment_of(scene, lanes, load))
        hold, _ = shipment_hold(shipments[-1])
        scene.stock.hold(hold, ())
        held += hold
    scene.stock.release(held, ())
    return shipments


def shipment_of(scene: Scene, lanes: Lanes | None, load: Load) -> Shipment:
    """The shipment of a load."""
    if load.via >= 0:
        return collected_shipment(scene, load)
    assert lanes is not None, "what a carrier takes goes somewhere"
    return carrier_shipment(scene, lanes, load)


def collected_shipment(scene: Scene, load: Load) -> Shipment:
    """What is collected at `load.via`: of the stock there, or once a transfer is there."""
    image, location, is_there = scene.image, load.location, load.lane == OWN_STOCK
    pegs = tuple(load_pegs(scene, load))
    units = [quantity for _, quantity in load.quantities]
    terms = handling_terms(scene, location, units)
    items = [(scene.basket.lines[line].item, quantity) for line, quantity in load.quantities]
    terms += unit_terms(scene, location, items, is_shipped=False)
    last, there = order_by(scene, location, load.start_minute, load.latest), load.latest
    if not is_there:
        terms += transfer_terms(scene, load.lane, sum(units))
        last, there, _ = transfer_dates(scene, load)
    limited = image.capacity_per_day.item(location) < UNLIMITED
    need = int(capacity_need(image.capacity_unit.item(location), len(units), sum(units)))
    return Shipment(
        location=location, route=Route.PICKUP if is_there else Route.SHIP_TO_STORE, service=-1, pegs=pegs,
        pick_by_minute=load.handover, handover_by_minute=load.handover, order_by_minute=last - lead_minutes(scene, pegs),
        delivery_earliest_minute=load.latest, delivery_latest_minute=load.latest, capacity_day=load.day,
        capacity_quantity=need if limited else 0,
        weight_grams=sum(image.weight_grams.item(p.item) * p.quantity for p in pegs), distance_meters=0, co2_grams=0,
        terms=tuple(term for term in terms if term.raw_micros), via=-1 if is_there else load.via,
        via_by_minute=-1 if is_there else there, lane=load.lane, start_minute=load.start_minute,
    )  # fmt: skip


def consolidated_shipments(scene: Scene, lanes: Lanes, loads: list[Load]) -> list[Shipment]:
    """What is put together at one location and sent on from there: the last to come bears what that costs."""
    first, found = loads[0], [collected_shipment(scene, load) for load in loads]
    pegs = [peg for shipment in found for peg in shipment.pegs]
    sent = sent_on_terms(scene, lanes, first.via, first.service, [(peg.item, peg.quantity) for peg in pegs])
    units = Counter[int]()
    for load in loads:
        units.update(dict(load.quantities))
    late = late_term(scene, units.items(), first.latest)
    meters, rate = lanes.distance_meters.item(first.via), scene.image.co2_grams_per_tonne_km.item(first.service)
    readies = [ready_at_meeting(scene, load) for load in loads]
    last = max(range(len(loads)), key=lambda i: (readies[i], i))
    leaves, _, _ = sent_on_dates(scene, lanes, first.via, first.service, readies[last])
    grams = sum(shipment.weight_grams for shipment in found)
    shipments = []
    for i, (load, shipment) in enumerate(zip(loads, found, strict=True)):
        onward = tuple(term for term in (*sent, late) if term.raw_micros) if i == last else ()
        if load.lane == OWN_STOCK:
            # Nothing has to be done of it before the carrier comes for all that is put together.
            own_last = last_start(load.start_minute, leaves, partial(ready_when_begun, scene, load))
            own_last -= lead_minutes(scene, shipment.pegs)
            shipment = replace(
                shipment, pick_by_minute=leaves, handover_by_minute=leaves, via_by_minute=leaves, order_by_minute=own_last
            )  # fmt: skip
        shipments.append(replace(
            shipment, route=Route.CONSOLIDATION, service=load.service, via=load.via, delivery_earliest_minute=load.earliest,
            distance_meters=meters, co2_grams=grams * meters * rate // 10**9 if i == last else 0,
            terms=shipment.terms + onward,
        ))  # fmt: skip
    return shipments


def sent_on_dates(scene: Scene, lanes: Lanes, meeting: int, service: int, ready: int) -> tuple[int, int, int]:
    """(when the carrier takes it, earliest and latest delivery) of what is ready at a meeting point, or NEVER.

    It waits there where a line may not come before a date.
    """
    tables, profile = scene.horizon.tables, scene.image.profile_index.item(meeting)
    wanted = max(line.earliest_minute for line in scene.basket.lines)
    while True:
        minute, day = pickup_after(ready, profile, service, tables)
        earliest, latest = delivery_window(minute, day, lanes.transit_days.item(service, meeting), service, tables)
        if earliest >= wanted or minute >= NEVER_MINUTE:
            return int(minute), int(earliest), int(latest)
        ready = int(minute) + 1


def ready_when_begun(scene: Scene, load: Load, start: int) -> int:
    """`ready_at_meeting`, of work that begins at another minute."""
    return ready_at_meeting(scene, load._replace(start_minute=start))


def ready_at_meeting(scene: Scene, load: Load) -> int:
    """When a load can be sent on from the location that it is put together at."""
    if load.lane == OWN_STOCK:
        profile = scene.image.profile_index.item(load.location)
        return int(ready_minute(load.start_minute, profile, scene.horizon.tables))
    return transfer_dates(scene, load)[2]


def sent_on_terms(scene: Scene, lanes: Lanes, meeting: int, service: int, quantities: list[tuple[int, int]]) -> list[CostTerm]:
    """What it costs to put (item, units) together at a location and to send them on; NEVER where the carrier takes it not."""
    image, weights = scene.image, scene.weights_ppm
    grams = sum(image.weight_grams.item(item) * units for item, units in quantities)
    volume = sum(image.volume_mm3.item(item) * units for item, units in quantities)
    raw = int(shipment_micros(
        grams, volume, lanes.zone_index.item(service, meeting), image.dimensional_divisor.item(service),
        image.max_package_grams.item(service), image.tariff_start, image.tariff_max_grams, image.tariff_price_micros,
        image.tariff_per_kg_micros,
    ))  # fmt: skip
    meters, penalty = lanes.distance_meters.item(meeting), 0
    if scene.basket.constraints.penalties:
        penalty = shipment_penalties(scene, lanes, np.array([meeting]), np.array([service])).item(0)
    return [
        counted_term(scene, Term.PACK, image.pack_cost_micros.item(meeting), 1),
        CostTerm(Term.CARRIER, raw, weights[Term.CARRIER], int(weigh(raw, weights[Term.CARRIER])) if raw < NEVER else NEVER),
        counted_term(scene, Term.DISTANCE, meters // 1000, 1), counted_term(scene, Term.PENALTY, penalty, 1),
        carbon_term(scene, service, meters, quantities),
    ]  # fmt: skip


def transfer_terms(scene: Scene, lane: int, units: int) -> list[CostTerm]:
    """What a transfer of so many units costs; weighed by shipment and unit, as the optimizer does."""
    transfers = scene.image.transfers
    of_lane = counted_term(scene, Term.TRANSFER, transfers.cost_micros.item(lane), 1)
    return [added(of_lane, counted_term(scene, Term.TRANSFER, transfers.unit_cost_micros.item(lane), units))]


def transfer_dates(scene: Scene, load: Load) -> tuple[int, int, int]:
    """(the last minute to order it by, when it is there, when it can be collected or sent on) of a load on a lane."""
    image, routes, lane = scene.image, scene.image.routes, load.lane
    found, profile, kind = (
        image.route_tables(scene.start_minute),
        image.profile_index.item(load.location),
        routes.kind.item(lane),
    )
    _, arrival, ready = transfer_minutes(
        load.start_minute, profile, kind, image.transfers.transit_days.item(lane), routes.arrival.item(lane),
        routes.receiving_profile.item(load.via), found.arrival_minute, found.tables,
    )  # fmt: skip
    return int(order_by_minute(load.start_minute, profile, kind, found.tables)), int(arrival), int(ready)
