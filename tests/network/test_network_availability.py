"""Availability rules: which row counts, where, for whom and when; and that equal answers are one answer."""

from dataclasses import replace

import numpy as np
import pytest

from engine.network.image import NetworkImage, compile_image
from engine.network.policies import moment_minute
from engine.network.records import AvailabilityRule, SafetyStock
from tests.network.small_network import small_records

BOLT, LAMP = 0, 1
NOON = moment_minute("2026-11-27", "Europe/Amsterdam", 0) + 720
ZONE = "Europe/Amsterdam"


def image_with(*rules: AvailabilityRule, safety_stock: tuple[SafetyStock, ...] = ()) -> NetworkImage:
    """Items bolt (0) and lamp (1, class light); ams is in north and big, ehv in big, nyc in the US."""
    records = small_records(safety_stock=safety_stock, availability_rules=rules)
    ams, ehv, nyc = records.locations
    grouped = (replace(ams, groups=("north", "big")), replace(ehv, groups=("big",)), nyc)
    return compile_image(replace(records, locations=grouped))


def floor(image: NetworkImage, item: int = BOLT, channel: str = "", scenario_id: str = "", minute: int = NOON) -> list[int]:
    assert image.availability is not None
    return image.availability.of(item, channel, scenario_id, minute).floor.tolist()


def test_a_network_without_rules_has_none() -> None:
    image = image_with(safety_stock=(SafetyStock(1),))
    assert image.availability is None
    assert image.scenario_ids == ()


def test_the_most_specific_row_counts_for_each_thing_by_itself() -> None:
    """The bolt's own row says nothing of buffers, so that of its channel still counts."""
    image = image_with(
        AvailabilityRule(safety_stock=1, buffer_quantity=10), AvailabilityRule(channel="web", buffer_quantity=20),
        AvailabilityRule(item_id="bolt", safety_stock=2),
        AvailabilityRule(item_class="light", location_group="big", safety_stock=3),
    )  # fmt: skip
    assert floor(image, BOLT) == [12, 12, 12]
    assert floor(image, BOLT, "web") == [22, 22, 22]
    assert floor(image, LAMP) == [13, 13, 11]


def test_a_rule_has_the_word_over_a_row_of_the_same_reach_and_a_wider_one_has_not() -> None:
    safety = (SafetyStock(5, "bolt", location_id="ams"), SafetyStock(4))
    assert floor(image_with(AvailabilityRule(safety_stock=0), safety_stock=safety)) == [5, 0, 0]
    narrow = AvailabilityRule(item_id="bolt", location_id="ams", safety_stock=1)
    assert floor(image_with(narrow, safety_stock=safety)) == [1, 4, 4]


def test_a_scenario_comes_on_top_of_what_is_always_in_force() -> None:
    image = image_with(
        AvailabilityRule("clearance", safety_stock=0), AvailabilityRule("peak", location_id="ehv", safety_stock=9),
        AvailabilityRule(item_id="bolt", safety_stock=3), AvailabilityRule(buffer_quantity=1),
    )  # fmt: skip
    assert image.scenario_ids == ("clearance", "peak")
    assert floor(image) == [4, 4, 4]
    assert floor(image, scenario_id="clearance") == [1, 1, 1]
    assert floor(image, scenario_id="peak") == [4, 10, 4]


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (moment_minute("2026-11-27", ZONE, 0) - 1, 1), (moment_minute("2026-11-27", ZONE, 0), 7),
        (moment_minute("2026-11-28", ZONE, 1) - 1, 7), (moment_minute("2026-11-28", ZONE, 1), 1),
    ],
)  # fmt: skip
def test_dates_are_days_of_the_network_first_and_last_included(minute: int, expected: int) -> None:
    image = image_with(
        AvailabilityRule(safety_stock=1),
        AvailabilityRule(from_moment="2026-11-27", until_moment="2026-11-28", safety_stock=7),
    )
    assert floor(image, minute=minute) == [expected] * 3


def test_of_equals_that_counts_which_leaves_less() -> None:
    """ams is in two groups. Each thing is decided by itself: one group has the larger safety stock, the other is off."""
    image = image_with(
        AvailabilityRule(location_group="big", available=True, safety_stock=8, inbound=False, pickup_reserve=1),
        AvailabilityRule(location_group="north", available=False, safety_stock=3, inbound=True, pickup_reserve=2),
    )
    assert image.availability is not None
    rules = image.availability.of(BOLT, "", "", NOON)
    assert rules.floor.tolist() == [8, 8, 0]
    assert rules.ship_floor.tolist() == [10, 9, 0]
    assert rules.available is not None and rules.available.tolist() == [False, True, True]
    assert rules.inbound is not None and rules.inbound.tolist() == [False, False, True]


def test_country_and_group_must_both_hold() -> None:
    rules = (
        AvailabilityRule(country_code="NL", safety_stock=2),
        AvailabilityRule(country_code="NL", location_group="north", safety_stock=3),
        AvailabilityRule(country_code="US", location_group="north", safety_stock=9),
    )  # fmt: skip
    assert floor(image_with(*rules)) == [3, 2, 0]


def test_a_share_of_what_is_on_hand_is_rounded_up_and_the_same_floor_is_the_same_array() -> None:
    """12.5 % of 85 is 10.625: 11 are left, besides the 2; of −4 nothing. Another channel leaves nothing at all."""
    image = image_with(AvailabilityRule(channel="web", buffer_ppm=125_000, safety_stock=2))
    assert image.availability is not None
    on_hand = np.array([85, 0, -4])
    web = image.availability.of(BOLT, "web", "", NOON)
    kept = image.availability.floor(web, BOLT, lambda: on_hand, False)
    assert kept.tolist() == [13, 2, 2]
    assert image.availability.floor(web, BOLT, lambda: on_hand.copy(), False) is kept
    assert image.availability.floor(web, BOLT, lambda: on_hand + 8, False).tolist() == [14, 3, 3]
    other = image.availability.of(BOLT, "app", "", NOON)
    assert image.availability.floor(other, BOLT, lambda: on_hand, False).tolist() == [0, 0, 0]


def test_items_channels_and_minutes_that_no_row_tells_apart_share_an_answer() -> None:
    image = image_with(AvailabilityRule(item_id="lamp", channel="web", until_moment="2026-11-27", safety_stock=3))
    assert image.availability is not None
    of = image.availability.of
    assert of(BOLT, "app", "", NOON) is of(BOLT, "shop", "", NOON + 60)
    assert of(LAMP, "web", "", NOON) is not of(LAMP, "web", "", NOON + 1440)
