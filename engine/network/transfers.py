"""Transfer lanes as arrays: on which stock may move between locations, when it leaves, how long it takes, what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.network.columns import distinct, frozen
from engine.network.records import Transfer

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TransferLanes:
    """T lanes, ascending by start, end, departure and then as given; read-only. Lanes of a start: first[l] … first[l + 1]."""

    first: Int64s  # [L + 1]
    from_location: Int64s  # [T], index
    to_location: Int64s  # [T], index
    transit_days: Int64s  # [T]
    departure_minute: Int64s  # [T], of the local day at the start
    calendar_ids: tuple[str | None, ...]
    calendar_index: Int64s  # [T], index into calendar_ids
    cost_micros: Int64s  # [T], per shipment
    unit_cost_micros: Int64s  # [T]
    arrival_minute: Int64s  # [T], of the local day at the end
    into_first: Int64s  # [L + 1]: lanes that end in l are into[into_first[l] … into_first[l + 1]], ascending by start
    into: Int64s  # [T], lanes

    def lanes_into(self, location: int) -> Int64s:
        """The lanes that end at a location."""
        return self.into[self.into_first.item(location) : self.into_first.item(location + 1)]


def compile_transfers(rows: Sequence[Transfer], location_index: Mapping[str, int]) -> TransferLanes:
    """The lanes of checked rows; the order of the rows counts only between lanes equal in start, end and departure."""

    def place(row: Transfer) -> tuple[int, int, int]:
        return location_index[row.from_location_id], location_index[row.to_location_id], row.departure_minute

    lanes = sorted(rows, key=place)
    start, end, departure = np.array([place(row) for row in lanes], np.int64).reshape(-1, 3).T
    calendar_ids, calendar_index = distinct(row.calendar_id for row in lanes)
    days, cost, unit_cost, arrival = (
        np.array([[row.transit_days, row.cost_micros, row.unit_cost_micros, row.arrival_minute] for row in lanes], np.int64)
        .reshape(-1, 4).T
    )  # fmt: skip
    into, places = np.argsort(end, kind="stable"), np.arange(len(location_index) + 1)
    return TransferLanes(
        frozen(np.searchsorted(start, places)), frozen(start), frozen(end), frozen(days), frozen(departure), calendar_ids,
        calendar_index, frozen(cost), frozen(unit_cost), frozen(arrival), frozen(np.searchsorted(end[into], places)),
        frozen(into),
    )  # fmt: skip
