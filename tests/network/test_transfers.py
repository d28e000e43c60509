"""Transfer lanes: every row in its place, found by where it starts, and part of the network's version."""

from dataclasses import replace

import pytest

from engine.network.image import compile_image
from engine.network.records import Transfer
from tests.network.small_network import small_records

ROWS = (
    Transfer("nyc", "ams", 5, cost_micros=9),
    Transfer("ams", "ehv", 1, "TRUCK", 18 * 60, 220, 15),
    Transfer("ams", "ehv", 2, None, 6 * 60),
)


def test_lanes_by_start_end_and_departure() -> None:
    """ams is 0, ehv 1, nyc 2: nothing starts in ehv."""
    lanes = compile_image(small_records(transfers=ROWS)).transfers
    assert lanes.first.tolist() == [0, 2, 2, 3]
    assert lanes.from_location.tolist() == [0, 0, 2]
    assert lanes.to_location.tolist() == [1, 1, 0]
    assert lanes.departure_minute.tolist() == [360, 1080, 1440]
    assert lanes.transit_days.tolist() == [2, 1, 5]
    assert [lanes.calendar_ids[c] for c in lanes.calendar_index] == [None, "TRUCK", None]
    assert lanes.cost_micros.tolist() == [0, 220, 9]
    assert lanes.unit_cost_micros.tolist() == [0, 15, 0]
    with pytest.raises(ValueError, match="read-only"):
        lanes.cost_micros[0] = 1


def test_a_network_without_lanes() -> None:
    lanes = compile_image(small_records()).transfers
    assert lanes.first.tolist() == [0, 0, 0, 0]
    assert len(lanes.from_location) == len(lanes.cost_micros) == 0


def test_every_field_of_a_lane_is_part_of_the_version() -> None:
    first = ROWS[0]
    changed = [
        replace(first, to_location_id="ehv"), replace(first, transit_days=6), replace(first, calendar_id="TRUCK"),
        replace(first, departure_minute=60), replace(first, cost_micros=8), replace(first, unit_cost_micros=1),
    ]  # fmt: skip
    versions = {compile_image(small_records(transfers=(row, *ROWS[1:]))).version for row in (first, *changed)}
    assert len(versions) == 7
