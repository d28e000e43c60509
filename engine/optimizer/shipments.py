"""Loads spelt out as shipments, whichever way they go."""

from collections.abc import Iterable

from engine.domain.enums import Term
from engine.domain.plan import CostTerm, Route, Shipment
from engine.kernels.dates import order_by_minute
from engine.kernels.entries import UNLIMITED
from engine.kernels.routes import OWN_STOCK, transfer_minutes
from engine.kernels.subsets import capacity_need
from engine.network.image import Lanes
from engine.optimizer.assemble import added, carrier_shipment, counted_term, handling_terms, load_pegs, unit_terms
from engine.optimizer.load import Load
from engine.optimizer.pickup_dates import order_by
from engine.optimizer.scene import Scene


def shipments_of(scene: Scene, lanes: Lanes | None, loads: Iterable[Load], made: dict[Load, Shipment]) -> list[Shipment]:
    """One shipment a load, earliest delivery first; those made before are kept in `made`, since options often share them."""
    shipments = []
    for load in loads:
        if load not in made:
            made[load] = shipment_of(scene, lanes, load)
        shipments.append(made[load])
    return sorted(shipments, key=lambda s: (s.delivery_latest_minute, s.location))


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
        last, there = transfer_dates(scene, load)
    limited = image.capacity_per_day.item(location) < UNLIMITED
    need = int(capacity_need(image.capacity_unit.item(location), len(units), sum(units)))
    return Shipment(
        location=location, route=Route.PICKUP if is_there else Route.SHIP_TO_STORE, service=-1, pegs=pegs,
        pick_by_minute=load.handover, handover_by_minute=load.handover, order_by_minute=last,
        delivery_earliest_minute=load.latest, delivery_latest_minute=load.latest, capacity_day=load.day,
        capacity_quantity=need if limited else 0,
        weight_grams=sum(image.weight_grams.item(p.item) * p.quantity for p in pegs), distance_meters=0, co2_grams=0,
        terms=tuple(term for term in terms if term.raw_micros), via=-1 if is_there else load.via,
        via_by_minute=-1 if is_there else there, lane=load.lane, start_minute=load.start_minute,
    )  # fmt: skip


def transfer_terms(scene: Scene, lane: int, units: int) -> list[CostTerm]:
    """What a transfer of so many units costs; weighed by shipment and unit, as the optimizer does."""
    transfers = scene.image.transfers
    of_lane = counted_term(scene, Term.TRANSFER, transfers.cost_micros.item(lane), 1)
    return [added(of_lane, counted_term(scene, Term.TRANSFER, transfers.unit_cost_micros.item(lane), units))]


def transfer_dates(scene: Scene, load: Load) -> tuple[int, int]:
    """(the last minute to order it by, when it is there) of a load that goes by a lane."""
    image, routes, lane = scene.image, scene.image.routes, load.lane
    found, profile, kind = (
        image.route_tables(scene.start_minute),
        image.profile_index.item(load.location),
        routes.kind.item(lane),
    )
    _, arrival, _ = transfer_minutes(
        load.start_minute, profile, kind, image.transfers.transit_days.item(lane), routes.arrival.item(lane),
        routes.receiving_profile.item(load.via), found.arrival_minute, found.tables,
    )  # fmt: skip
    return int(order_by_minute(load.start_minute, profile, kind, found.tables)), int(arrival)
