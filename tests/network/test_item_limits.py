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


def test_a_network_that_bars_nothing_has_no_masks() -> None:
    limits = compile_image(small_records(items=(Item("acid", hazmat=True),))).item_limits
    assert (limits.locations(0), limits.services(0)) == (None, None)
