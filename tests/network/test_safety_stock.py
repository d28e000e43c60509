"""What is never sold, where."""

from dataclasses import replace

from engine.network.image import NetworkImage, compile_image
from engine.network.records import SafetyStock
from tests.network.small_network import small_records


def image_with(*rows: SafetyStock) -> NetworkImage:
    """Items bolt (0) and lamp (1, class light); ams is in north and big, ehv in big."""
    records = small_records(safety_stock=rows)
    ams, ehv, nyc = records.locations
    grouped = (replace(ams, groups=("north", "big")), replace(ehv, groups=("big",)), nyc)
    return compile_image(replace(records, locations=grouped))


def test_none_without_rows() -> None:
    floor = image_with().safety_stock(0, "web")
    assert floor.tolist() == [0, 0, 0]
    assert not floor.flags.writeable


def test_item_before_class_before_all() -> None:
    image = image_with(SafetyStock(3, "lamp"), SafetyStock(2, item_class="light", location_id="ams"), SafetyStock(1))
    assert image.safety_stock(0, "").tolist() == [1, 1, 1]
    assert image.safety_stock(1, "").tolist() == [3, 3, 3]
    image = image_with(SafetyStock(2, item_class="light", location_id="ams"), SafetyStock(1, location_id="nyc"))
    assert image.safety_stock(1, "").tolist() == [2, 0, 1]


def test_location_before_group_before_all_and_then_the_channel() -> None:
    rows = (
        SafetyStock(9, channel="web"),
        SafetyStock(5, location_group="big"),
        SafetyStock(4, location_group="north"),
        SafetyStock(3, location_id="ehv"),
        SafetyStock(2, location_id="ehv", channel="web"),
        SafetyStock(1, location_group="gone"),
    )
    image = image_with(*rows)
    # ams is in two groups: the larger quantity counts.
    assert image.safety_stock(0, "").tolist() == [5, 3, 0]
    assert image.safety_stock(0, "web").tolist() == [5, 2, 9]
    assert image_with(*rows[::-1]).safety_stock(0, "web").tolist() == [5, 2, 9]


def test_items_and_channels_without_rows_share_an_array() -> None:
    image = image_with(SafetyStock(1), SafetyStock(2, "lamp"), SafetyStock(3, channel="web"))
    assert image.safety_stock(0, "shop") is image.safety_stock(0, "")
    assert image.safety_stock(1, "web") is not image.safety_stock(0, "web")
