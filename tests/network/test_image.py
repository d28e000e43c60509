"""The image holds the records as numbers, and nothing in it can be changed."""

from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

from engine.domain.enums import CapacityUnit, LocationStatus
from engine.network.image import compile_image
from engine.network.kits import components, kits_by_component
from engine.network.records import CarrierService, Item, Receipt
from tests.network.small_network import inventory, prices, small_records

NO_LIMIT = 2**62


def test_locations() -> None:
    records = small_records()
    ams = replace(
        records.locations[0],
        pick_cost_micros=1,
        unit_cost_micros=2,
        pack_cost_micros=3,
        performance_micros=6,
        decline_ppm=7,
        priority=4,
        capacity_per_day=5,
        capacity_unit=CapacityUnit.UNITS,
        cutoff_minute=900,
    )
    nyc = replace(records.locations[2], ships=False, status=LocationStatus.DISABLED)
    image = compile_image(replace(records, locations=(ams, records.locations[1], nyc)))
    assert image.location_ids == ("ams", "ehv", "nyc")
    assert image.location_index == {"ams": 0, "ehv": 1, "nyc": 2}
    assert image.pick_cost_micros.tolist() == [1, 0, 0]
    assert image.unit_cost_micros.tolist() == [2, 0, 0]
    assert image.pack_cost_micros.tolist() == [3, 0, 0]
    assert image.performance_micros.tolist() == [6, 0, 0]
    assert image.decline_ppm.tolist() == [7, 0, 0]
    assert image.priority.tolist() == [4, 0, 0]
    assert image.active.tolist() == [True, True, False]
    assert image.ships.tolist() == [True, True, False]
    assert image.pickup.tolist() == [False, False, True]
    assert image.capacity_per_day.tolist() == [5, NO_LIMIT, NO_LIMIT]
    assert image.capacity_unit.tolist() == [2, 0, 0]
    assert image.countries == ("NL", "US")
    assert image.country_index.tolist() == [0, 0, 1]
    assert image.profile_index.tolist() == [0, 1, 2]
    assert image.profiles[0] == (None, "Europe/Amsterdam", 900, 0)
    # Unit vectors to the rounding: the squared length is 2⁶⁰ within 2 · √3 · ½ · 2³⁰ and a bit.
    lengths = (image.point.astype(object) ** 2).sum(axis=1)
    assert all(abs(length - 2**60) < 2**31 for length in lengths)


def test_items() -> None:
    lamp = Item("lamp", "", "light", 900, 300, 200, 100, 25_000_000, True, True, duty_ppm=47_000)
    image = compile_image(small_records(items=(Item("bolt"), Item("fuse", item_class="light"), lamp)))
    assert image.item_index["lamp"] == 2
    assert image.weight_grams.tolist() == [0, 0, 900]
    assert (image.length_mm[2], image.width_mm[2], image.height_mm[2]) == (300, 200, 100)
    assert image.volume_mm3.tolist() == [0, 0, 6_000_000]
    assert image.value_micros.tolist() == [0, 0, 25_000_000]
    assert image.duty_micros.tolist() == [0, 0, 1_175_000]
    assert image.has_unit_prices
    assert not compile_image(small_records()).has_unit_prices
    assert image.hazmat.tolist() == image.ship_alone.tolist() == [False, False, True]
    assert image.item_classes == ("", "light")
    assert image.item_class_index.tolist() == [0, 1, 1]


def test_kits_are_found_by_what_they_hold_in_the_end() -> None:
    """A case holds two pairs, which are taken apart: it is found by bolts and lamps, and not by pairs."""
    pair, case = Item("pair", components=(("bolt", 2), ("lamp", 1))), Item("case", components=(("pair", 2), ("lamp", 1)))
    image = compile_image(small_records(items=(case, Item("bolt"), Item("lamp"), pair, Item("cup"))))
    assert image.kits == {1: (0, 3), 2: (0, 3)}
    assert kits_by_component((0, 1, 4), image.items, image.item_index) == {1: (0,), 2: (0,)}
    assert components(image, 0) == {1: 4, 2: 3} and components(image, 1) == {}


def test_carrier_services() -> None:
    services = (
        CarrierService("air", "EXPRESS", max_package_grams=30_000, dimensional_divisor=5000),
        CarrierService("bike", "EXPRESS", delivery_calendar_id=None, co2_grams_per_tonne_km=7),
        CarrierService("post", "STANDARD", delivery_calendar_id="day"),
    )
    image = compile_image(small_records(carrier_services=services))
    assert image.service_ids == ("air", "bike", "post")
    assert image.service_index == {"air": 0, "bike": 1, "post": 2}
    assert image.service_levels == ("EXPRESS", "STANDARD")
    assert image.service_level_index.tolist() == [0, 0, 1]
    assert image.max_package_grams.tolist() == [30_000, NO_LIMIT, NO_LIMIT]
    assert image.dimensional_divisor.tolist() == [5000, 0, 0]
    assert image.co2_grams_per_tonne_km.tolist() == [0, 7, 0]
    assert image.delivery_calendar_ids == (None, "day")
    assert image.delivery_calendar_index.tolist() == [0, 0, 1]


def test_any_price_of_inventory_is_one_by_unit() -> None:
    assert compile_image(small_records(inventory_prices=prices([(0, 1, 0, 1)]))).has_unit_prices
    assert not compile_image(small_records(inventory_prices=prices([(0, 1, 0, 0)]))).has_unit_prices


def test_nothing_in_it_can_be_changed() -> None:
    image = compile_image(small_records())
    arrays = [getattr(image, field.name) for field in fields(image) if isinstance(getattr(image, field.name), np.ndarray)]
    assert len(arrays) == 33
    for array in arrays:
        assert array.dtype in (np.int64, np.bool_)
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(FrozenInstanceError):
        image.version = ""
    with pytest.raises(TypeError):
        image.item_index["x"] = 1


def test_it_keeps_its_records_but_no_stock() -> None:
    records = small_records(inventory=inventory(5), receipts=(Receipt("r", "lamp", "ams", 5, 30_000_000),))
    image = compile_image(records)
    assert image.records.items is records.items
    assert len(image.records.inventory.quantity) == 0
    assert image.records.receipts == ()


def test_the_same_records_compile_to_the_same_image() -> None:
    first, second = compile_image(small_records()), compile_image(small_records())
    assert first.version == second.version
    assert first.point.tolist() == second.point.tolist()
    assert first != second


def test_a_network_of_nothing() -> None:
    image = compile_image(small_records(locations=(), items=(), carrier_services=(), zones=(), tariffs=(), postal_areas=()))
    here = image.locate_coordinates("NL", 52.0, 5.0)
    assert image.lanes(here).zone_index.shape == (0, 0)
    assert image.horizon(29_800_000).tables.profile_days.shape[0] == 0
