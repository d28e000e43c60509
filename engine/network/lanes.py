"""Lanes: from every location to one destination, the distance, and by carrier service the tariff zone and transit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.kernels.geometry import distances_meters
from engine.kernels.jit import kernel
from engine.network.destinations import Destination
from engine.network.postal import PostalRanges, normalise_postal_code
from engine.network.records import Zone

NO_ZONE = -1
_ALL_ORIGINS = -1
_NO_BAND = 1 << 62


@dataclass(frozen=True, slots=True)
class Lanes:
    """Lanes to one destination, read-only; zone and transit are −1 where the service does not go there."""

    distance_meters: NDArray[np.int64]  # [L]
    zone_index: NDArray[np.int32]  # [S, L]
    transit_days: NDArray[np.int32]  # [S, L]


@kernel
def choose_zones(
    rows: NDArray[np.int64],
    service: NDArray[np.int64],
    origin: NDArray[np.int64],
    max_distance_meters: NDArray[np.int64],
    zone: NDArray[np.int32],
    transit: NDArray[np.int32],
    distance_meters: NDArray[np.int64],
    zone_index: NDArray[np.int32],
    transit_days: NDArray[np.int32],
) -> None:
    """zone_index[s, l] = zone of the first of `rows` that serves s and l within its distance; −1 where none does.

    `rows` are numbers of zone rows, the most specific of a service first; `origin` −1 is every location. Written:
    `zone_index` and `transit_days`, int32[S, L].
    """
    zone_index[:] = NO_ZONE
    transit_days[:] = NO_ZONE
    for row in rows:
        s, reach = service[row], max_distance_meters[row]
        if origin[row] == _ALL_ORIGINS:
            for location in range(distance_meters.shape[0]):
                if zone_index[s, location] == NO_ZONE and distance_meters[location] <= reach:
                    zone_index[s, location] = zone[row]
                    transit_days[s, location] = transit[row]
        elif zone_index[s, origin[row]] == NO_ZONE and distance_meters[origin[row]] <= reach:
            zone_index[s, origin[row]] = zone[row]
            transit_days[s, origin[row]] = transit[row]


class ZoneRows:
    """The rows of `zones`, the most specific first, found by destination country and postal range."""

    def __init__(
        self,
        zones: Sequence[Zone],
        numbers: Mapping[tuple[int, str], int],
        service_index: Mapping[str, int],
        location_index: Mapping[str, int],
    ) -> None:
        """`numbers` gives the zone index of each (service index, zone) pair."""
        self._service_count = len(service_index)
        self._ranges, range_numbers = _postal_ranges(zones)

        def specificity(number: int) -> tuple[bool, int, int, str, str]:
            row = zones[number]
            width, lower, upper = self._ranges[row.destination_country].width(range_numbers[number])
            return row.origin_location_id is None, width, _band(row), lower, upper

        # Ranges of one width may overlap: there the lower one counts, so that the order of the file matters only
        # between rows that say the same.
        ordered = sorted(range(len(zones)), key=specificity)
        rows = [zones[number] for number in ordered]
        self._service = np.array([service_index[row.carrier_service_id] for row in rows], np.int64)
        self._origin = np.array([_origin(row, location_index) for row in rows], np.int64)
        self._max_distance_meters = np.array([_band(row) for row in rows], np.int64)
        pairs = [(service_index[row.carrier_service_id], row.zone) for row in rows]
        self._zone = np.array([numbers[pair] for pair in pairs], np.int32)
        self._transit = np.array([row.transit_days for row in rows], np.int32)
        by_range: dict[tuple[str, int], list[int]] = defaultdict(list)
        for place, number in enumerate(ordered):
            by_range[zones[number].destination_country, range_numbers[number]].append(place)
        self._rows = {key: np.array(places, np.int64) for key, places in by_range.items()}

    def lanes(self, points: NDArray[np.int64], destination: Destination) -> Lanes:
        """The lanes from locations at `points`, int64[L, 3]."""
        distance = np.empty(len(points), np.int64)
        distances_meters(points, np.array(destination.point, np.int64), distance)
        zone = np.empty((self._service_count, len(points)), np.int32)
        transit = np.empty_like(zone)
        choose_zones(
            self._matching(destination),
            self._service,
            self._origin,
            self._max_distance_meters,
            self._zone,
            self._transit,
            distance,
            zone,
            transit,
        )
        for array in (distance, zone, transit):
            array.setflags(write=False)
        return Lanes(distance, zone, transit)

    def _matching(self, destination: Destination) -> NDArray[np.int64]:
        """Rows for the destination's country and postal code, whatever their origin and distance, in order."""
        country = destination.country_code
        ranges = self._ranges.get(country)
        found = ranges.matches(destination.postal_code) if ranges is not None else []
        if not found:
            return np.empty(0, np.int64)
        rows = [self._rows[country, number] for number in found]
        return rows[0] if len(rows) == 1 else np.sort(np.concatenate(rows))


def _postal_ranges(zones: Sequence[Zone]) -> tuple[dict[str, PostalRanges], list[int]]:
    """The distinct postal ranges of each country, and the number in its country of each row's range."""
    distinct: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    numbers = []
    for row in zones:
        lower = normalise_postal_code(row.destination_postal_from or "")
        upper = normalise_postal_code(row.destination_postal_to or "")
        known = distinct[row.destination_country]
        numbers.append(known.setdefault((lower, upper), len(known)))
    return {country: PostalRanges(tuple(known)) for country, known in distinct.items()}, numbers


def _origin(row: Zone, location_index: Mapping[str, int]) -> int:
    return _ALL_ORIGINS if row.origin_location_id is None else location_index[row.origin_location_id]


def _band(row: Zone) -> int:
    return _NO_BAND if row.max_distance_meters is None else row.max_distance_meters
