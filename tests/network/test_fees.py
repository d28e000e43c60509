"""What customers pay: by the policy, once for each service level and for each way to have something without a carrier."""

from dataclasses import replace
from typing import Any

import numpy as np

from engine.domain.basket import DeliveryMethod
from engine.domain.plan import Route, Shipment
from engine.network.fees import fee_of, service_fees, shipment_fees
from engine.network.image import compile_image
from engine.network.records import CarrierService, Policy
from tests.network.small_network import small_records

PAID = Policy("paid", fees=(("DIGITAL", 1), ("EXPRESS", 9), ("PICKUP", 2), ("STANDARD", 5)))


def shipment(route: Route, service: int = -1) -> Shipment:
    rest: dict[str, Any] = dict.fromkeys(Shipment.__slots__, 0)
    return Shipment(**{**rest, "route": route, "service": service})


def test_the_first_shipment_of_a_level_or_a_way_has_its_fee() -> None:
    services = tuple(CarrierService(name, level) for name, level in (("A", "STANDARD"), ("B", "EXPRESS"), ("C", "STANDARD")))
    image = compile_image(replace(small_records(), carrier_services=services, zones=(), tariffs=()))
    ways = [(Route.SHIP, 2), (Route.SHIP, 0), (Route.CONSOLIDATION, 1), (Route.CONSOLIDATION, 1), (Route.PICKUP, -1)]
    ways += [(Route.PICKUP, -1), (Route.SHIP_TO_STORE, -1), (Route.DIGITAL, -1), (Route.SHIP, 1)]
    assert shipment_fees(image, PAID, [shipment(*way) for way in ways]) == [5, 0, 9, 0, 2, 0, 0, 1, 0]
    assert shipment_fees(image, Policy("free"), [shipment(*way) for way in ways]) == [0] * len(ways)
    assert np.array_equal(service_fees(image, [Policy("free"), PAID]), [[0, 0, 0], [5, 9, 5]])


def test_the_fee_of_one_delivery() -> None:
    assert fee_of(PAID, DeliveryMethod.SHIP, "EXPRESS") == 9
    assert fee_of(PAID, DeliveryMethod.SHIP, "PICKUP") == 2, "a level that is called as a way is charged as it"
    assert [fee_of(PAID, method, "") for method in DeliveryMethod] == [0, 2, 0, 1]
