"""What customers pay for delivery: each service level, and each other way to have something, once a basket.

A policy names the fees (`[policy.NAME.fees]`), so that they may depend on all that its conditions ask: a basket worth more
may go for nothing. No plan is chosen by them: what a plan costs is the retailer's, what is paid for it the customer's.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import DeliveryMethod
from engine.domain.plan import Route, Shipment
from engine.network.image import NetworkImage
from engine.network.records import Policy

WAYS = tuple(method.name for method in DeliveryMethod if method is not DeliveryMethod.SHIP)
"""What fees are named by besides service levels: how something is had that no carrier brings."""


def fee_of(policy: Policy, method: DeliveryMethod, service_level: str) -> int:
    """Micros for one delivery by a service level, or by a method that has none."""
    return dict(policy.fees).get(service_level if method is DeliveryMethod.SHIP else method.name, 0)


def shipment_fees(image: NetworkImage, policy: Policy, shipments: Iterable[Shipment]) -> list[int]:
    """Micros of each shipment of a plan: the first of its service level, or of its way, has the fee, the others none."""
    left = dict(policy.fees)
    return [left.pop(_way(image, shipment), 0) for shipment in shipments]


def _way(image: NetworkImage, shipment: Shipment) -> str:
    if shipment.route in (Route.SHIP, Route.CONSOLIDATION):
        return image.service_levels[image.service_level_index.item(shipment.service)]
    return shipment.route.name


def service_fees(image: NetworkImage, policies: Sequence[Policy]) -> NDArray[np.int64]:
    """[policies, services]: micros for the first shipment by the level of each."""
    fees = np.zeros((len(policies), len(image.service_ids)), np.int64)
    for row, policy in enumerate(policies):
        of_level = dict(policy.fees)
        fees[row] = [of_level.get(image.service_levels[level], 0) for level in image.service_level_index]
    return fees
