"""What is answered: a plan of shipments, with every cost term and a certificate of how good it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from engine.domain.enums import Term
from engine.domain.reasons import Reason


class Route(StrEnum):
    """How a shipment reaches the customer."""

    SHIP = "SHIP"
    PICKUP = "PICKUP"
    SHIP_TO_STORE = "SHIP_TO_STORE"
    CONSOLIDATION = "CONSOLIDATION"
    DIGITAL = "DIGITAL"


class CertificateStatus(StrEnum):
    """What is proven of a plan."""

    OPTIMAL = "OPTIMAL"
    BOUNDED = "BOUNDED"
    INFEASIBLE = "INFEASIBLE"


class CostTerm(NamedTuple):
    """One term: raw micros, the policy's weight in parts per million, weighted micros."""

    term: Term
    raw_micros: int
    weight_ppm: int
    weighted_micros: int


class Certificate(NamedTuple):
    """Proof of a plan: the objective lies between `lower_bound_micros` and itself; equal means optimal."""

    status: CertificateStatus
    objective_micros: int
    lower_bound_micros: int
    candidates: int
    nodes: int
    cut_by_deadline: bool = False


class Peg(NamedTuple):
    """Units of a line taken from one position: demand is always pegged to where it will come from."""

    line: int
    item: int
    location: int
    slot: int
    arena_index: int
    quantity: int
    kept: int
    """What supply less demand of the position must not fall below."""


@dataclass(frozen=True, slots=True)
class ShortLine:
    """A line, or the part of one, that no shipment holds, and why."""

    line: int
    quantity: int
    reason: Reason
    message: str
    restricted_by: tuple[str, ...] = ()
    next_minute: int = 0
    """UTC minute by which all of the line could be there; 0: not known."""
    waits_for: str = ""
    """What keeps it from being there sooner."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """Units that leave one location together. Minutes are UTC; `service` is −1 where they are collected."""

    location: int
    route: Route
    service: int
    pegs: tuple[Peg, ...]
    pick_by_minute: int
    handover_by_minute: int
    order_by_minute: int
    delivery_earliest_minute: int
    delivery_latest_minute: int
    capacity_day: int
    capacity_quantity: int
    weight_grams: int
    distance_meters: int
    co2_grams: int
    terms: tuple[CostTerm, ...]
    via: int = -1
    """The location that they are transferred to; −1: none."""
    via_by_minute: int = -1
    """When they are there."""
    lane: int = -1
    """The transfer lane that they go by; −1: none."""
    start_minute: int = 0
    """When work on them may start."""

    @property
    def cost_micros(self) -> int:
        """Σ weighted terms."""
        return sum(term.weighted_micros for term in self.terms)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a basket comes from and when: `terms` hold every shipment's and the plan's own (split, short)."""

    shipments: tuple[Shipment, ...]
    short_lines: tuple[ShortLine, ...]
    terms: tuple[CostTerm, ...]
    certificate: Certificate
    policy_id: str

    @property
    def delivery_count(self) -> int:
        """Shipments as the customer sees them."""
        return deliveries(self.shipments)

    @property
    def cost_micros(self) -> int:
        """Σ weighted terms: the plan's objective."""
        return sum(term.weighted_micros for term in self.terms)


def deliveries(shipments: Iterable[Shipment]) -> int:
    """Parcels and collections that a customer has: what is put together on its way counts as one, what is not moved as none."""
    routes = [shipment.route for shipment in shipments]
    apart = sum(route not in (Route.CONSOLIDATION, Route.DIGITAL) for route in routes)
    return apart + (Route.CONSOLIDATION in routes)
