"""Classes that never leave a location, and hazardous goods: which locations and carrier services may take an item."""

from dataclasses import replace

from engine.network.image import compile_image
from engine.network.records import CarrierService, Item
from tests.network.small_network import small_records


def test_an_item_is_barred_by_its_class_and_by_being_hazardous() -> None:
    records = small_records(
        items=(
            Item("acid", hazmat=True),
            Item("bolt"),
            Item("glass", item_class="frail", hazmat=True),
            Item("vase", item_class="frail"),
        ),
        carrier_services=(CarrierService("air", "EXPRESS", hazmat=False), CarrierService("post", "STANDARD")),
    )
    ams, ehv, nyc = records.locations
    places = (replace(ams, excluded_item_classes=("frail", "none")), replace(ehv, hazmat=False), nyc)
    limits = compile_image(replace(records, locations=places)).item_limits
    masks = [limits.locations(item) for item in range(4)]
    assert [None if mask is None else mask.tolist() for mask in masks] == [
        [True, False, True], None, [False, False, True], [False, True, True]
    ]  # fmt: skip
    services = [limits.services(item) for item in range(4)]
    assert [None if mask is None else mask.tolist() for mask in services] == [[False, True], None, [False, True], None]


def test_no_carrier_takes_a_unit_that_is_heavier_than_its_packages() -> None:
    """A shipment of many units goes in several packages; 10,001 g in one piece do not."""
    records = small_records(
        items=(
            Item("acid", weight_grams=20_000, hazmat=True), Item("anvil", weight_grams=10_001),
            Item("bolt", weight_grams=10_000),
        ),
        carrier_services=(
            CarrierService("air", "EXPRESS", max_package_grams=30_000, hazmat=False),
            CarrierService("post", "STANDARD", max_package_grams=10_000), CarrierService("truck", "STANDARD"),
        ),
    )  # fmt: skip
    image = compile_image(records)
    services = [image.item_limits.services(image.item_index[item]) for item in ("anvil", "bolt", "acid")]
    assert [None if mask is None else mask.tolist() for mask in services] == [
        [True, False, True], None, [False, False, True]
    ]  # fmt: skip


def test_a_network_that_bars_nothing_has_no_masks() -> None:
    limits = compile_image(small_records(items=(Item("acid", hazmat=True),))).item_limits
    assert (limits.locations(0), limits.services(0)) == (None, None)
