"""How the sample network ships: three services of a parcel carrier, their zones by distance and ferry, their tariffs."""

from collections.abc import Iterable

from engine.domain.enums import LocationKind
from engine.network.records import CarrierService, Location, Tariff, Zone
from loaders.dutch_places import COUNTRY, ISLAND_RANGES

EURO = 1_000_000

# No parcel above 23 kg; 5,000 cm³ count as a kilogram; a diesel van emits most a tonne-km when it must be early.
CARRIER_SERVICES = (
    CarrierService(
        "PARCEL-EVENING",
        "EVENING",
        "Avond en zaterdag",
        18 * 60 + 30,
        "CARRIER-PICKUP",
        "DELIVERY-SATURDAY",
        23_000,
        5_000,
        210,
    ),
    CarrierService(
        "PARCEL-EXPRESS",
        "EXPRESS",
        "Morgen in huis",
        23 * 60,
        "CARRIER-PICKUP",
        "DELIVERY-SATURDAY",
        23_000,
        5_000,
        480,
    ),
    CarrierService(
        "PARCEL-STANDARD",
        "STANDARD",
        "Standaardpakket",
        18 * 60 + 30,
        "CARRIER-PICKUP",
        "DELIVERY-WEEKDAYS",
        23_000,
        5_000,
        180,
    ),
)
_BREAKS_GRAMS = (2_000, 5_000, 10_000, 23_000)
# Euro cents up to each weight break, by service and zone.
_CENTS = {
    ("PARCEL-EVENING", "NL"): (595, 675, 795, 1_095),
    ("PARCEL-EXPRESS", "NEAR"): (795, 895, 1_095, 1_495),
    ("PARCEL-EXPRESS", "FAR"): (995, 1_145, 1_395, 1_895),
    ("PARCEL-STANDARD", "NL"): (425, 495, 595, 795),
    ("PARCEL-STANDARD", "SUPPLIER"): (475, 545, 645, 845),
    ("PARCEL-STANDARD", "ISLAND"): (695, 795, 945, 1_295),
}
_EXPRESS_NEAR_METERS = 150_000
_EXPRESS_FAR_METERS = 400_000


def shoe_zones(locations: Iterable[Location]) -> tuple[Zone, ...]:
    """Standard everywhere, a day more to the islands and from suppliers; express by distance; evenings ashore only."""
    suppliers = [location for location in locations if location.kind == LocationKind.SUPPLIER]
    return (
        *(Zone("PARCEL-EVENING", COUNTRY, "NL", 1, None, low, high) for low, high in _mainland_ranges()),
        Zone("PARCEL-EXPRESS", COUNTRY, "NEAR", 1, max_distance_meters=_EXPRESS_NEAR_METERS),
        Zone("PARCEL-EXPRESS", COUNTRY, "FAR", 1, max_distance_meters=_EXPRESS_FAR_METERS),
        Zone("PARCEL-STANDARD", COUNTRY, "NL", 1),
        *(Zone("PARCEL-STANDARD", COUNTRY, "ISLAND", 2, None, low, high) for low, high in ISLAND_RANGES),
        *(Zone("PARCEL-STANDARD", COUNTRY, "SUPPLIER", 2, place.location_id) for place in suppliers),
        *(
            Zone("PARCEL-STANDARD", COUNTRY, "ISLAND", 3, place.location_id, low, high)
            for place in suppliers
            for low, high in ISLAND_RANGES
        ),
    )


def shoe_tariffs() -> tuple[Tariff, ...]:
    """The price of a parcel up to each weight break."""
    return tuple(
        Tariff(service, zone, grams, price * EURO // 100)
        for (service, zone), prices in _CENTS.items()
        for grams, price in zip(_BREAKS_GRAMS, prices, strict=True)
    )


def _mainland_ranges() -> list[tuple[str, str]]:
    """The postcodes between those of the islands."""
    ranges, low = [], 1000
    for first, last in ISLAND_RANGES:
        ranges.append((str(low), str(int(first) - 1)))
        low = int(last) + 1
    return [*ranges, (str(low), "9999")]
