"""When one item could be there, by each delivery method and service level: what listing and product pages show."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from engine.domain.basket import Basket, BasketLine, DeliveryMethod, DestinationKey
from engine.domain.plan import Plan
from engine.inventory.live import LiveStock
from engine.network.fees import fee_of
from engine.network.image import NetworkImage
from engine.network.kits import components
from engine.optimizer.candidates import ShipRequest
from engine.optimizer.collect_candidates import candidates_of
from engine.optimizer.cut import IsCut, never_cut
from engine.optimizer.decide import decide_basket
from engine.optimizer.pickup_dates import ready_at
from engine.optimizer.scene import Scene, set_scene
from engine.promise.frontier import by, frontier, there_by, units_short


@dataclass(frozen=True, slots=True)
class EstimateRequest:
    """So many units of one item, or so many kits: to a destination by service levels, and to be collected at locations."""

    item: int
    quantity: int
    request_minute: int
    destination: DestinationKey | None
    pickup_locations: tuple[int, ...]
    service_levels: tuple[str, ...]
    channel: str = ""
    segment: str = ""
    is_collected: bool = True
    """Whether it may be of a pickup location's own stock: PICKUP."""
    is_transferred: bool = False
    """Whether it is estimated as transferred to the pickup locations, whatever is there: SHIP_TO_STORE."""
    is_digital: bool = False


class Estimate(NamedTuple):
    """One way to have all of it: `pickup_location` −1 and a service level where it is shipped. Minutes are UTC."""

    method: DeliveryMethod
    service_level: str
    pickup_location: int
    earliest_minute: int
    latest_minute: int
    order_by_minute: int
    available: int
    """Units there are by then where some can be had by then, whatever is asked for, and whatever a location takes in a day."""
    fee_micros: int
    """What the customer pays for it."""


def estimate_delivery(
    image: NetworkImage, stock: LiveStock, asked: EstimateRequest, nodes_max: int, is_cut: IsCut = never_cut
) -> list[Estimate]:  # fmt: skip
    """The soonest that all units are there, by each way that can have them there at all; soonest first.

    Ways are the service levels asked for, where there is a destination, and the locations to collect at. Raises `Refusal`
    for an unknown postal code.
    """
    line = BasketLine("1", asked.item, asked.quantity)
    methods = [DeliveryMethod.PICKUP] * asked.is_collected + [DeliveryMethod.SHIP_TO_STORE] * asked.is_transferred
    ways = [replace(line, delivery_method=method, pickup_location=at) for method in methods for at in asked.pickup_locations]
    if asked.is_digital:
        ways.append(replace(line, delivery_method=DeliveryMethod.DIGITAL))
    if asked.destination is not None:
        ways += [replace(line, service_level=level) for level in asked.service_levels]
    found = []
    for way in ways:
        basket = Basket(taken_apart(image, way), asked.request_minute, asked.destination, asked.channel, asked.segment)
        scene = set_scene(image, stock, basket, is_cut=is_cut)
        soonest = soonest_plan(scene, nodes_max)
        if soonest is not None:
            found.append(_estimate(scene, way, soonest))
    return sorted(found, key=lambda way: (way.latest_minute, way.earliest_minute, way.method, way.service_level))


def taken_apart(image: NetworkImage, line: BasketLine) -> tuple[BasketLine, ...]:
    """The line, or those of a kit's components, which leave together."""
    parts = components(image, line.item)
    return tuple(
        replace(line, item=item, quantity=ratio * line.quantity, kit_ratio=ratio, ship_set=0, position=0)
        for item, ratio in parts.items()
    ) or (line,)  # fmt: skip


def soonest_plan(scene: Scene, nodes_max: int) -> Plan | None:
    """The plan that has everything there soonest, the cheapest of them; None where none has all of it."""
    best = decide_basket(scene, scene.services, nodes_max)
    points = frontier(scene, best, nodes_max) if not units_short(best) else []
    return points[0] if points else None


def _estimate(scene: Scene, line: BasketLine, plan: Plan) -> Estimate:
    until, shipments = there_by(plan), plan.shipments
    return Estimate(
        line.delivery_method, line.service_level, line.pickup_location,
        min(s.delivery_earliest_minute for s in shipments), until, min(s.order_by_minute for s in shipments),
        _available_by(scene, line, until), fee_of(scene.policy, line.delivery_method, line.service_level),
    )  # fmt: skip


def _available_by(scene: Scene, line: BasketLine, minute: int) -> int:
    """Units, or whole kits, of all locations that could have some there by a minute, whatever a location takes in a day."""
    parts = tuple(replace(part, quantity=max(1, part.kit_ratio)) for part in scene.basket.lines)
    one = by(replace(scene, basket=replace(scene.basket, lines=parts)), minute)
    if line.delivery_method is DeliveryMethod.DIGITAL:
        return min(_digital_by(one, part, minute) // part.quantity for part in parts)
    own = 0
    if line.delivery_method is DeliveryMethod.PICKUP:
        own = min(_collectable_by(one, part, minute) // part.quantity for part in parts)
        if not len(scene.image.transfers.lanes_into(line.pickup_location)):
            return own
    services = one.services if line.is_shipped else ()
    request = ShipRequest(tuple(range(len(parts))), services, collected_at=line.pickup_location)
    candidates = candidates_of(one, one.lanes, request)
    problem = candidates.problem
    if problem is None:
        return own
    # A location is in several columns: what lands later joins what is there. All parts of a kit are of one location.
    most = np.zeros((len(parts), len(one.image.location_ids)), np.int64)
    for j, part in enumerate(parts):
        there = np.where(problem.allowed[j], problem.available[problem.item[j]], 0) // part.quantity
        np.maximum.at(most[j], candidates.columns.location, there)
    return max(int(most.min(axis=0).sum()), own)


def _digital_by(scene: Scene, line: BasketLine, minute: int) -> int:
    sources = scene.sources(line.item)
    able = scene.active if sources is None else scene.active & sources
    return int(np.maximum(scene.item_stock(line.item, minute).by_latest[able], 0).sum())


def _collectable_by(scene: Scene, line: BasketLine, minute: int) -> int:
    matrix, at = scene.stock.matrix, line.pickup_location
    slots = {matrix.slots[matrix.slot[place]].available_at_minute for place in matrix.run(line.item, at)}
    arrivals = [arrival for arrival in slots if ready_at(scene, at, max(arrival, scene.start_minute)) <= minute]
    if not arrivals:
        return 0
    return scene.item_stock(line.item, max(arrivals), is_collected=True).by_latest.item(at)
