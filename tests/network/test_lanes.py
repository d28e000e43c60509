"""Which zone row counts for a shipment."""

import random
from dataclasses import replace

import pytest

from engine.network.image import NetworkImage, compile_image
from engine.network.records import CarrierService, Tariff, Zone
from tests.naive.lanes import zone_row
from tests.network.small_network import small_records


def zones_to(image: NetworkImage, country: str, code: str) -> list[list[tuple[str, int] | None]]:
    """(zone, transit days) by service and location."""
    lanes = image.lanes(image.locate_coordinates(country, 52.3731, 4.8922, code))
    return [
        [(image.zones[zone][1], days) if zone >= 0 else None for zone, days in zip(zones, transit, strict=True)]
        for zones, transit in zip(lanes.zone_index.tolist(), lanes.transit_days.tolist(), strict=True)
    ]


def test_each_service_has_its_own_rows() -> None:
    image = compile_image(small_records())
    # Zones are numbered by service and name: air/fly, post/abroad, post/home.
    assert image.zones == ((0, "fly"), (1, "abroad"), (1, "home"))
    lanes = image.lanes(image.locate("US", "10001"))
    assert lanes.zone_index.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert lanes.transit_days.tolist() == [[2, 2, 2], [9, 9, 9]]
    lanes = image.lanes(image.locate("NL", "1011"))
    assert lanes.zone_index.tolist() == [[-1, -1, -1], [2, 2, 2]]
    assert lanes.transit_days.tolist() == [[-1, -1, -1], [1, 1, 1]]


def test_origin_then_range_then_band_then_the_order_of_the_file() -> None:
    rows = (
        Zone("post", "NL", "all", 5),
        Zone("post", "NL", "range", 4, None, "10", "10"),
        Zone("post", "NL", "narrow", 3, None, "1010", "1019"),
        Zone("post", "NL", "narrow and near", 2, None, "1010", "1019", 50_000),
        Zone("post", "NL", "from ehv", 1, "ehv"),
        Zone("post", "NL", "from ehv again", 9, "ehv"),
        Zone("post", "NL", "from ams, far", 8, "ams", None, None, 0),
    )
    image = compile_image(small_records(zones=rows, tariffs=()))
    # The destination is at ams itself, 111 km from ehv.
    assert zones_to(image, "NL", "1015")[1] == [("from ams, far", 8), ("from ehv", 1), ("narrow", 3)]
    image = compile_image(small_records(zones=rows[:4], tariffs=()))
    assert zones_to(image, "NL", "1015")[1] == [("narrow and near", 2), ("narrow", 3), ("narrow", 3)]
    assert zones_to(image, "NL", "1020")[1] == [("range", 4)] * 3
    assert zones_to(image, "NL", "2000")[1] == [("all", 5)] * 3
    assert zones_to(image, "NL", "")[1] == [("all", 5)] * 3
    assert zones_to(image, "BE", "1015")[1] == [None] * 3


@pytest.mark.parametrize(("reach", "expected"), [(111_370, None), (111_371, ("near", 1))])
def test_a_band_holds_its_own_distance(reach: int, expected: tuple[str, int] | None) -> None:
    image = compile_image(small_records(zones=(Zone("post", "NL", "near", 1, "ehv", None, None, reach),), tariffs=()))
    lanes = image.lanes(image.locate_coordinates("NL", 52.3731, 4.8922))
    assert lanes.distance_meters[:2].tolist() == [0, 111_371]
    assert zones_to(image, "NL", "")[1][1] == expected


def test_lanes_are_read_only_and_as_many_are_kept_as_asked_for() -> None:
    image = compile_image(small_records(), lanes_max=1)
    home = image.locate("NL", "1011")
    lanes = image.lanes(home)
    assert image.lanes(home) is lanes
    image.lanes(image.locate("US", "10001"))
    assert image.lanes(home) is not lanes
    for array in (lanes.distance_meters, lanes.zone_index, lanes.transit_days):
        assert not array.flags.writeable


def test_as_the_slow_way_finds_them() -> None:
    rng = random.Random(20261120)
    records = small_records(carrier_services=tuple(CarrierService(name, "STANDARD") for name in "abc"))
    codes = [f"{n:03}" for n in range(0, 200, 7)]
    for _ in range(30):
        rows = []
        for number in range(rng.randrange(40)):
            lower, upper = sorted(code[: rng.choice([2, 3])] for code in rng.sample(codes, 2))
            bounds = (lower, upper) if rng.random() < 0.6 else (None, None)
            origin = rng.choice([None, None, "ams", "ehv", "nyc"])
            band = rng.choice([None, 0, 100_000, 120_000, 6_000_000])
            rows.append(Zone(rng.choice("abc"), rng.choice(["NL", "US"]), str(number), rng.randrange(9), origin, *bounds, band))
        image = compile_image(replace(records, zones=tuple(rows), tariffs=(Tariff("a", "0", 1, 1),)))
        for country, code in (("NL", "000"), ("NL", "070"), ("US", "1401"), ("BE", "000")):
            distance = image.lanes(image.locate_coordinates(country, 52.3731, 4.8922, code)).distance_meters
            expected = [
                [zone_row(rows, s, o, country, code, int(d)) for o, d in zip(("ams", "ehv", "nyc"), distance, strict=True)]
                for s in "abc"
            ]
            assert zones_to(image, country, code) == [[r and (r.zone, r.transit_days) for r in of] for of in expected]
