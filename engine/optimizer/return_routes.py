"""Where a return is worth most: what its units sell for there, less what it costs to have them there.

    worth(l) = Σ over lines: units × (resale + stock-out ÷ (1 + available) − decay × days − markdown where there are some
               − handling) − shipping − distance

A supplier pays its credit in place of resale, and asks neither what is in stock nor for how long it was on its way.
Nothing is worth sending where the most is not above zero. Money is int64 micros, each term rounded down once.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import LocationKind, Term
from engine.inventory.live import LiveStock
from engine.kernels.partition import NEVER
from engine.kernels.tariffs import PPM, shipment_micros, weigh
from engine.network.image import Lanes, NetworkImage
from engine.optimizer.scene import Scene

Ints = NDArray[np.int64]
TERMS = ("resale", "decay", "stock_out", "markdown", "supplier_credit", "handling", "shipping", "distance")


class Units(NamedTuple):
    """Units of an item that come back."""

    item: int
    quantity: int


class Way(NamedTuple):
    """How a return gets to each location [L]: what that costs, how many days it takes, and by which service; −1: by none.

    A cost of NEVER: it does not get there.
    """

    cost_micros: Ints
    days: Ints
    service: Ints
    distance_meters: Ints


class ReturnRoute(NamedTuple):
    """A location that a return may go to, and what it is worth there, term by term as in TERMS."""

    location: int
    service: int
    worth_micros: int
    terms: tuple[int, ...]


def by_carrier(image: NetworkImage, lanes: Lanes, units: Sequence[Units]) -> Way:
    """Sent with a label: by the cheapest carrier that goes there, at what it asks for the way from there."""
    count = len(image.location_ids)
    grams = sum(int(image.weight_grams[each.item]) * each.quantity for each in units)
    volume = sum(int(image.volume_mm3[each.item]) * each.quantity for each in units)
    cost, days, service = np.full(count, NEVER, np.int64), np.zeros(count, np.int64), np.full(count, -1, np.int64)
    for s in range(len(image.service_ids)):
        zones = lanes.zone_index[s]
        for zone in np.unique(zones[zones >= 0]).tolist():
            price = shipment_micros(
                grams, volume, zone, image.dimensional_divisor.item(s), image.max_package_grams.item(s), image.tariff_start,
                image.tariff_max_grams, image.tariff_price_micros, image.tariff_per_kg_micros,
            )  # fmt: skip
            cheaper = (zones == zone) & (price < cost)
            cost[cheaper], days[cheaper], service[cheaper] = price, lanes.transit_days[s][cheaper], s
    return Way(cost, days, service, lanes.distance_meters)


def by_transfer(image: NetworkImage, drop_off: int, units: Sequence[Units]) -> Way:
    """Handed in at a location: it stays there, or goes on by a transfer."""
    count = len(image.location_ids)
    cost, days = np.full(count, NEVER, np.int64), np.zeros(count, np.int64)
    cost[drop_off] = 0
    lanes, quantity = image.transfers, sum(each.quantity for each in units)
    for row in range(lanes.first.item(drop_off), lanes.first.item(drop_off + 1)):
        to = lanes.to_location.item(row)
        price = lanes.cost_micros.item(row) + lanes.unit_cost_micros.item(row) * quantity
        if price < cost[to]:
            cost[to], days[to] = price, lanes.transit_days.item(row)
    return Way(cost, days, np.full(count, -1, np.int64), np.zeros(count, np.int64))


def rank_routes(scene: Scene, units: Sequence[Units], way: Way, start_day: int) -> list[ReturnRoute]:
    """Every location that the return can go to, the one where it is worth most first; equal ones in the network's order.

    `start_day`: the day on which it is sent, from which its days count for the capacity of locations.
    """
    image = scene.image
    terms = np.zeros((len(TERMS), len(image.location_ids)), np.int64)
    is_supplier = np.array([each.kind is LocationKind.SUPPLIER for each in image.locations], np.bool_)
    handling = np.array([each.return_cost_micros for each in image.locations], np.int64)
    takes = scene.active & np.array([each.returns for each in image.locations], np.bool_) & (way.cost_micros < NEVER)
    for item, quantity in units:
        there = scene.item_stock(item).by_now
        terms += quantity * _unit_terms(image, item, there, way.days, is_supplier, handling)
        takes &= ~is_supplier | (image.items[item].supplier_credit_ppm > 0)
        if image.items[item].hazmat:
            takes &= np.array([each.hazmat for each in image.locations], np.bool_)
    shipping = Term.TRANSFER if (way.service < 0).all() else Term.CARRIER
    weights = scene.weights_ppm
    found = []
    for location in np.flatnonzero(takes).tolist():
        if not has_capacity(image, scene.stock, location, start_day + way.days.item(location)):
            continue
        own = terms[:, location].tolist()
        own[TERMS.index("shipping")] = -int(weigh(way.cost_micros.item(location), weights[shipping]))
        own[TERMS.index("distance")] = -int(weigh(way.distance_meters.item(location) // 1000, weights[Term.DISTANCE]))
        found.append(ReturnRoute(location, way.service.item(location), sum(own), tuple(own)))
    return sorted(found, key=lambda route: -route.worth_micros)


def has_capacity(image: NetworkImage, stock: LiveStock, location: int, day: int) -> bool:
    """Whether a location has any of a local day left."""
    return stock.used_on(location, day) < image.capacity_per_day.item(location)


def _unit_terms(
    image: NetworkImage, item: int, there: Ints, days: Ints, is_supplier: NDArray[np.bool_], handling: Ints
) -> Ints:  # fmt: skip
    """[terms, L]: what one unit is worth at each location, but for its way there."""
    record = image.items[item]
    value = record.value_micros
    stock_out, markdown = image.inventory_prices.at(item, len(there))
    sold = ~is_supplier
    available = np.maximum(there, 0)
    decay = np.minimum(value, value * record.decay_ppm_per_day // PPM * days)
    credit = value * record.supplier_credit_ppm // PPM
    rows = np.zeros((len(TERMS), len(there)), np.int64)
    rows[TERMS.index("resale")] = np.where(sold, value, 0)
    rows[TERMS.index("decay")] = -np.where(sold, decay, 0)
    rows[TERMS.index("stock_out")] = np.where(sold, stock_out // (1 + available), 0)
    rows[TERMS.index("markdown")] = -np.where(sold & (available > 0), markdown, 0)
    rows[TERMS.index("supplier_credit")] = np.where(is_supplier, credit, 0)
    rows[TERMS.index("handling")] = -handling
    return rows
