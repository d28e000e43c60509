"""One order as arrays: the lines to ship, and the columns (location, carrier service, ready date) that could ship them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.tariffs import PPM

Ints = NDArray[np.int64]

SHORT_TOTAL_MICROS = 2**50
"""Charged for a wholly short order where a policy names no price: more than any plan costs, yet sums stay in int64."""

SHORT_ALL_MICROS_MAX = 2**58
"""What leaving everything short may cost at the most: plans are sums below that, so that int64 holds them."""


class Tariffs(NamedTuple):
    """Weight breaks of every zone, one behind the other: start [zones + 1], the rest [breaks]."""

    start: Ints
    max_grams: Ints
    price_micros: Ints
    per_kg_micros: Ints


class Problem(NamedTuple):
    """Lines [n], items [k] (distinct among the lines), columns [c] in order of preference, price rows [r].

    Money is weighted micros, none of it negative. `fixed` holds the split penalty of its shipment; `locations_max` limits
    the locations of the order, `line_locations_max` [n] those of a line: of more than one, what is left may be short; of
    one, the line goes whole or not at all. `ranked` replaces cost by the order of the columns' locations.
    """

    quantity: Ints
    item: Ints
    grams: Ints
    """Grams per unit."""
    volume: Ints
    """mm³ per unit."""
    short_micros: Ints
    """Per unit left out; SHORT_ALL_MICROS_MAX for all units together."""
    line_locations_max: Ints
    allowed: NDArray[np.bool_]
    """[n, c]: whether the column may carry the line at all."""
    location: Ints
    fixed: Ints
    line_micros: Ints
    """[n, c]: once per line and shipment."""
    unit_micros: Ints
    available: Ints
    """[k, c]: units the column can promise by its date."""
    capacity_kind: Ints
    capacity_left: Ints
    price_row: Ints
    zone: Ints
    divisor: Ints
    package_grams_max: Ints
    tariffs: Tariffs
    split_micros: int = 0
    carrier_weight_ppm: int = PPM
    locations_max: int = 2**31
    ranked: bool = False
    sets: Ints | None = None
    """[n]: lines of one number leave one location together, whole, or are all short; None: each line by itself."""
    line_unit_micros: Ints | None = None
    """[n, c]: per unit of the line on the column, besides `unit_micros`; None: nothing."""

    @property
    def line_count(self) -> int:
        """Lines of the order."""
        return len(self.quantity)

    @property
    def column_count(self) -> int:
        """Columns to choose from."""
        return len(self.location)


class Placement(NamedTuple):
    """Units of a line on a column; column −1: short."""

    line: int
    column: int
    quantity: int


class Solution(NamedTuple):
    """The best plan found: OPTIMAL when objective and lower bound are equal."""

    placements: tuple[Placement, ...]
    objective_micros: int
    lower_bound_micros: int
    nodes: int
