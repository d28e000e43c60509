"""The shoes of the sample network, and how many stand where: 100 models in 4 colours and 10 sizes, 4,000 items."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import LocationKind, ReceiptKind
from engine.network.records import Inventory, Item, Location, Receipt
from loaders.build import utc_minute

COLOURS = (("BLACK", "zwart"), ("WHITE", "wit"), ("BROWN", "bruin"), ("BLUE", "blauw"))
SIZES_PER_MODEL = 10

# Models sell by rank^−0.8 as a long tail does, sizes by a bell around the middle of the run, colours dark before light.
POPULARITY_EXPONENT = -0.8
_COLOUR_SHARES = (0.45, 0.30, 0.15, 0.10)
_SIZE_SPREAD = 2.2

# Mean units of an item on hand for one location of the kind, and the share of items the kind carries at all.
_MEAN_UNITS = {LocationKind.DC: 45.0, LocationKind.STORE: 1.1, LocationKind.SUPPLIER: 60.0}
_CARRIED_SHARE = {LocationKind.DC: 0.95, LocationKind.STORE: 0.55, LocationKind.SUPPLIER: 0.30}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of shoes: models share class, sizes, box and price range. Money in euros, sizes in millimetres."""

    item_class: str
    code: str
    name: str
    model_count: int
    size_first: int
    weight_grams: int
    box_mm: tuple[int, int, int]
    price_low: int
    price_high: int


_LINES = (
    _Line("SNEAKER", "SNK", "Sneaker", 34, 37, 850, (330, 205, 125), 60, 160),
    _Line("BOOT", "BOT", "Laars", 18, 36, 1_450, (400, 320, 130), 90, 240),
    _Line("FORMAL", "FRM", "Veterschoen", 14, 38, 1_050, (335, 210, 125), 80, 200),
    _Line("HEEL", "HEL", "Pump", 10, 35, 700, (300, 190, 110), 50, 150),
    _Line("SANDAL", "SND", "Sandaal", 8, 36, 550, (300, 180, 100), 30, 110),
    _Line("KIDS", "KID", "Kinderschoen", 12, 26, 450, (250, 160, 95), 30, 80),
    _Line("SLIPPER", "SLP", "Pantoffel", 4, 36, 350, (290, 180, 100), 20, 50),
)


def shoe_items(rng: np.random.Generator) -> tuple[Item, ...]:
    """All items ordered by id, which reads class, model, colour and size: ``SNK-01-BLACK-42``.

    A substitute is the same shoe and size in the colour that sells most, or next to most.
    """
    items = []
    for line in _LINES:
        for model in range(1, line.model_count + 1):
            price_micros = int(rng.integers(line.price_low, line.price_high)) * 1_000_000 + 950_000
            for step in range(SIZES_PER_MODEL):
                items.extend(_in_colours(line, model, line.size_first + step, step, price_micros))
    return tuple(sorted(items, key=lambda item: item.item_id))


def shoe_popularity(items: tuple[Item, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """How an item sells against the mean item (1.0), in the order of `items`."""
    models = sorted({item.item_id[:6] for item in items})
    rank_by_model = dict(zip(models, rng.permutation(len(models)) + 1, strict=True))
    share_by_colour = dict(zip((code for code, _ in COLOURS), _COLOUR_SHARES, strict=True))
    size_first_by_code = {line.code: line.size_first for line in _LINES}
    popularity = np.empty(len(items))
    for index, item in enumerate(items):
        code, _, colour, size = item.item_id.split("-")
        from_middle = int(size) - size_first_by_code[code] - (SIZES_PER_MODEL - 1) / 2
        bell = np.exp(-0.5 * (from_middle / _SIZE_SPREAD) ** 2)
        popularity[index] = rank_by_model[item.item_id[:6]] ** POPULARITY_EXPONENT * share_by_colour[colour] * bell
    relative: NDArray[np.float64] = popularity / popularity.mean()
    return relative


def shoe_inventory(
    locations: tuple[Location, ...],
    popularity: NDArray[np.float64],
    rng: np.random.Generator,
) -> Inventory:
    """On hand, ordered by item and location: deep in the DCs, a pair or none in most stores, some counts gone wrong."""
    kinds = [location.kind for location in locations]
    shape = (len(popularity), len(locations))
    is_carried = rng.random(shape) < np.array([_CARRIED_SHARE[kind] for kind in kinds])
    mean = popularity[:, None] * np.array([_MEAN_UNITS[kind] for kind in kinds])
    quantity = rng.poisson(mean * rng.gamma(1.5, 1 / 1.5, shape))
    # A count of −1: sold before it was booked in. Happens in stores.
    is_miscounted = (rng.random(shape) < 0.002) & np.array([kind == LocationKind.STORE for kind in kinds])
    quantity[is_miscounted] = -1
    item_index, location_index = np.nonzero(is_carried | is_miscounted)
    return Inventory(
        item_index.astype(np.int32),
        location_index.astype(np.int32),
        quantity[item_index, location_index].astype(np.int64),
        np.zeros(len(item_index), np.int32),
        rng.random(len(item_index)) >= 0.003,
    )


def shoe_receipts(
    items: tuple[Item, ...], locations: tuple[Location, ...], today: date, rng: np.random.Generator
) -> tuple[Receipt, ...]:
    """Inbound in the five weeks after `today`: purchases to the DCs, production of the suppliers, transfers to stores."""
    flows = (
        ("PO", ReceiptKind.PURCHASE, LocationKind.DC, 400, (3, 35), (12, 97)),
        ("SP", ReceiptKind.SUPPLIER, LocationKind.SUPPLIER, 200, (2, 28), (10, 61)),
        ("TR", ReceiptKind.TRANSFER, LocationKind.STORE, 120, (1, 4), (1, 7)),
    )
    receipts = []
    for prefix, kind, location_kind, receipt_count, days, quantities in flows:
        places = [location for location in locations if location.kind == location_kind]
        for number in range(1, receipt_count + 1):
            place = places[int(rng.integers(len(places)))]
            available_at_minute = utc_minute(today, int(rng.integers(*days)), place.time_zone)
            item = items[int(rng.integers(len(items)))]
            quantity = int(rng.integers(*quantities))
            receipts.append(
                Receipt(f"{prefix}-{number:05d}", item.item_id, place.location_id, quantity, available_at_minute, kind)
            )
    return tuple(receipts)


def _in_colours(line: _Line, model: int, size: int, step: int, price_micros: int) -> list[Item]:
    length, width, height = line.box_mm
    ids = [f"{line.code}-{model:02d}-{colour}-{size}" for colour, _ in COLOURS]
    return [
        Item(
            item_id,
            name=f"{line.name} {model} {colour}, maat {size}",
            item_class=line.item_class,
            weight_grams=line.weight_grams + 25 * step,
            length_mm=length,
            width_mm=width,
            height_mm=height,
            value_micros=price_micros,
            substitutes=(ids[1] if item_id == ids[0] else ids[0],),
        )
        for item_id, (_, colour) in zip(ids, COLOURS, strict=True)
    ]
