"""What a package costs."""

import random

import pytest

from engine.network.image import NetworkImage, compile_image
from engine.network.records import CarrierService, Tariff, Zone
from engine.network.tariffs import billable_grams, tariff_price
from tests.naive.lanes import price_micros
from tests.network.small_network import small_records


def price(image: NetworkImage, grams: int, zone: int) -> int:
    return tariff_price(
        grams,
        zone,
        image.tariff_start,
        image.tariff_max_grams,
        image.tariff_price_micros,
        image.tariff_per_kg_micros,
    )


def test_breaks_by_weight_and_none_beyond_the_last() -> None:
    rows = (Tariff("post", "home", 5_000, 3_000_000, 1), Tariff("post", "home", 1_000, 2_000_000))
    image = compile_image(small_records(tariffs=rows))
    home = image.zones.index((1, "home"))
    assert price(image, 0, home) == price(image, 1_000, home) == 2_000_000
    # 1 micro a kilo, rounded up: 1.001 kg and 2 kg are both 2 micros.
    assert price(image, 1_001, home) == price(image, 2_000, home) == 3_000_002
    assert price(image, 5_000, home) == 3_000_005
    assert price(image, 5_001, home) == -1
    assert price(image, 1, image.zones.index((1, "abroad"))) == -1  # a zone without a tariff
    assert price(image, 1, -1) == -1


def test_large_amounts_are_exact() -> None:
    # 9 tonnes at 10⁹ micros a kilo, plus a gram: 9 × 10¹² + 10⁶.
    image = compile_image(small_records(zones=(), tariffs=(Tariff("post", "x", 10**10, 0, 10**9),)))
    assert price(image, 9_000_001, 0) == 9_000_001 * 10**6


@pytest.mark.parametrize(
    ("weight", "volume_mm3", "divisor", "expected"),
    [
        (900, 300 * 200 * 100, 5000, 1200),  # 6,000 cm³ ÷ 5,000 = 1.2 kg
        (1300, 300 * 200 * 100, 5000, 1300),
        (0, 5001, 5000, 2),  # rounded up to the gram
        (900, 10**9, 0, 900),
    ],
)
def test_billable_weight(weight: int, volume_mm3: int, divisor: int, expected: int) -> None:
    assert billable_grams(weight, volume_mm3, divisor) == expected


def test_as_the_slow_way_finds_them() -> None:
    rng = random.Random(7)
    services = tuple(CarrierService(name, "STANDARD") for name in "ab")
    for _ in range(50):
        rows = tuple(
            Tariff(rng.choice("ab"), rng.choice("xyz"), rng.randrange(5_000), rng.randrange(10**7), rng.randrange(3_000))
            for _ in range(rng.randrange(20))
        )
        zones = (Zone("b", "NL", "x", 1), Zone("a", "NL", "w", 1))
        image = compile_image(small_records(carrier_services=services, zones=zones, tariffs=rows))
        for number, (service, zone) in enumerate(image.zones):
            for grams in (0, 1, 999, 2_500, 4_999, *(row.max_weight_grams for row in rows)):
                assert price(image, grams, number) == price_micros(rows, "ab"[service], zone, grams)
