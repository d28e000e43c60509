"""Which locations and carrier services may take which items: classes a location never sends, hazardous and heavy goods."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.network.columns import frozen
from engine.network.records import CarrierService, Item, Location

Bools = NDArray[np.bool_]


class ItemLimits:
    """Masks by item; None for an item that nothing bars, as nearly all are."""

    def __init__(self, locations: Sequence[Location], services: Sequence[CarrierService], items: Sequence[Item]) -> None:
        """The records, in the order of the image's indexes."""
        barred = {name for location in locations for name in location.excluded_item_classes}
        self._classes = {
            name: frozen(np.array([name not in each.excluded_item_classes for each in locations])) for name in barred
        }
        self._locations = frozen(np.array([each.hazmat for each in locations], np.bool_))
        self._services = frozen(np.array([each.hazmat for each in services], np.bool_))
        # A shipment is divided into packages, but no unit is.
        most = [2**62 if each.max_package_grams is None else each.max_package_grams for each in services]
        self._package_grams = frozen(np.array(most, np.int64))
        self._package_grams_least = min(most, default=2**62)
        self._items = items
        self._bars_hazmat_at = not self._locations.all()
        self._bars_hazmat_by = not self._services.all()

    def locations(self, item: int) -> Bools | None:
        """[L]: locations that may send or hand over an item."""
        record = self._items[item]
        mask = self._classes.get(record.item_class)
        if record.hazmat and self._bars_hazmat_at:
            return self._locations if mask is None else mask & self._locations
        return mask

    def services(self, item: int) -> Bools | None:
        """[S]: carrier services that may take an item."""
        record = self._items[item]
        mask = self._services if self._bars_hazmat_by and record.hazmat else None
        if record.weight_grams <= self._package_grams_least:
            return mask
        fits: Bools = self._package_grams >= record.weight_grams
        return fits if mask is None else mask & fits
