"""Destinations: where on the globe a postal code or a pair of coordinates is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.kernels.geometry import unit_points
from engine.network.postal import PostalRanges, normalise_postal_code
from engine.network.records import Location, PostalArea

# Four decimals of a degree are at most 11 m: near addresses share their lanes, and no carrier prices by less.
_COORDINATE_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Destination:
    """A place an order can go to. Two destinations that are equal have the same lanes.

    `postal_code` is normalised, empty where only coordinates are known. `point` is the unit vector scaled by 2³⁰.
    `country_index` points into the image's countries, −1 where the network names no such country.
    """

    country_code: str
    country_index: int
    postal_code: str
    point: tuple[int, int, int]


class Atlas:
    """Postal areas by country, and the postal codes of locations for what no area holds."""

    def __init__(self, areas: Sequence[PostalArea], locations: Iterable[Location], country_index: Mapping[str, int]) -> None:
        self._country_index = country_index
        self._areas: dict[str, list[PostalArea]] = defaultdict(list)
        for area in areas:
            self._areas[area.country_code].append(area)
        self._ranges = {country: PostalRanges([_range(area) for area in of]) for country, of in self._areas.items()}
        self._locations: dict[tuple[str, str], Location] = {}
        for location in sorted(locations, key=lambda location: location.location_id):
            key = (location.country_code, normalise_postal_code(location.postal_code))
            self._locations.setdefault(key, location)

    def locate(self, country_code: str, postal_code: str) -> Destination | None:
        """The centre of the narrowest postal area that holds the code, else the first location with that very code.

        None when there is neither.
        """
        country, code = country_code.upper(), normalise_postal_code(postal_code)
        found = self._ranges[country].matches(code) if country in self._ranges else []
        place = self._areas[country][found[0]] if found else self._locations.get((country, code))
        if place is None:
            return None
        return self._destination(country, code, place.latitude, place.longitude)

    def locate_nearest(self, country_code: str, postal_code: str) -> Destination | None:
        """The area, or the location, whose codes are next to the code; its own code stands for the one that is not known.

        Codes run through a country as places do, so that the next code is a near place. None for a country without any.
        """
        country, code = country_code.upper(), normalise_postal_code(postal_code)
        codes = [own for of, own in self._locations if of == country and own]
        areas = self._ranges.get(country)
        area_near = areas.nearest(code) if areas else None
        place_near = PostalRanges([(own, own) for own in codes]).nearest(code)
        if area_near is not None and (place_near is None or area_near <= place_near):
            area = self._areas[country][area_near[1]]
            return self._destination(country, normalise_postal_code(area.postal_from), area.latitude, area.longitude)
        if place_near is None:
            return None
        own = codes[place_near[1]]
        place = self._locations[country, own]
        return self._destination(country, own, place.latitude, place.longitude)

    def locate_coordinates(self, country_code: str, latitude: float, longitude: float, postal_code: str = "") -> Destination:
        """The place at degrees, rounded to 11 m; the postal code, when known, still decides the zone."""
        rounded = round(latitude, _COORDINATE_DECIMALS), round(longitude, _COORDINATE_DECIMALS)
        return self._destination(country_code.upper(), normalise_postal_code(postal_code), *rounded)

    def _destination(self, country: str, code: str, latitude: float, longitude: float) -> Destination:
        x, y, z = points([latitude], [longitude])[0].tolist()
        return Destination(country, self._country_index.get(country, -1), code, (x, y, z))


def points(latitudes: Sequence[float], longitudes: Sequence[float]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """int64[N, 3]: unit vectors scaled by 2³⁰ of places in degrees."""
    out = np.empty((len(latitudes), 3), np.int64)
    unit_points(np.array(latitudes, np.float64), np.array(longitudes, np.float64), out)
    return out


def _range(area: PostalArea) -> tuple[str, str]:
    return normalise_postal_code(area.postal_from), normalise_postal_code(area.postal_to)
