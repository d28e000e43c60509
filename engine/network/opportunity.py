"""Prices of opportunity: what a unit taken from a location of now costs the orders that are still to come."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.network.columns import frozen
from engine.network.records import Policy

Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]
Micros = Mapping[str, Mapping[str, int]]
"""By item and location."""


@dataclass(frozen=True, slots=True, eq=False)
class OpportunityPrices:
    """Priced pairs of item and location, ascending; read-only. Those of an item: first[i] … first[i + 1]."""

    solved_minute: int
    """UTC minute of the stock and demand that they are of."""
    first: Int64s  # [I + 1]
    location: Int64s  # [P], index
    micros: Int64s  # [P], per unit taken
    is_priced: Bools  # [I]

    def of(self, item: int, location: Int64s) -> Int64s:
        """Micros of taking a unit of an item from each location [c]; 0 where there is no price."""
        rows = slice(self.first.item(item), self.first.item(item + 1))
        held = self.location[rows]
        if not len(held):
            return np.zeros(len(location), np.int64)
        at = np.minimum(np.searchsorted(held, location), len(held) - 1)
        found: Int64s = np.where(held[at] == location, self.micros[rows][at], 0)
        return found

    def count_for(self, policy: Policy, minute: int) -> bool:
        """Whether a policy charges them for an order of a minute: it does, and they are no older than it takes."""
        return policy.opportunity_minutes_max > 0 and self.is_young(minute, policy.opportunity_minutes_max)

    def is_young(self, minute: int, minutes_max: int) -> bool:
        """Whether they are no older than so much at a minute."""
        return minute - self.solved_minute <= minutes_max


def opportunity_prices(
    micros: Micros, solved_minute: int, item_index: Mapping[str, int], location_index: Mapping[str, int]
) -> OpportunityPrices:  # fmt: skip
    """These prices by index; what a network does not know of them is left out."""
    rows = sorted(
        (item_index[item_id], location_index[location_id], price)
        for item_id, prices in micros.items() if item_id in item_index
        for location_id, price in prices.items() if location_id in location_index and price > 0
    )  # fmt: skip
    item, location, price = np.array(rows, np.int64).reshape(-1, 3).T
    first = np.searchsorted(item, np.arange(len(item_index) + 1)).astype(np.int64)
    is_priced: Bools = np.diff(first) > 0
    return OpportunityPrices(solved_minute, frozen(first), frozen(location), frozen(price), frozen(is_priced))
