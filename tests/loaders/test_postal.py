"""Postal codes against ranges: prefixes, spaces, letters; the narrowest area counts."""

import pytest

from engine.network.records import PostalArea
from loaders.postal import PostalAreas, is_ordered


@pytest.mark.parametrize(
    ("postal_from", "postal_to", "expected"),
    [
        ("1000", "1099", True),
        ("1000", "1000", True),
        ("1099", "1000", False),
        ("10", "1099", True),  # compared by the two digits both have
        ("1099", "10", True),
        ("11", "1099", False),
        ("1012ab", "1012 AZ", True),
        ("SW1A 1AA", "SW1A-9ZZ", True),
    ],
)
def test_is_ordered(postal_from: str, postal_to: str, expected: bool) -> None:
    assert is_ordered(postal_from, postal_to) is expected


def test_the_narrowest_area_that_holds_a_code() -> None:
    """Latitudes name the areas: 1 all of 10–19, 2 its hundred, 3 its ten, 4 the code, 5 the street's letters."""
    areas = PostalAreas(
        [
            PostalArea("NL", "10", "19", 1.0, 0.0),
            PostalArea("NL", "1000", "1099", 2.0, 0.0),
            PostalArea("NL", "1010", "1019", 3.0, 0.0),
            PostalArea("NL", "1012", "1012", 4.0, 0.0),
            PostalArea("NL", "1012AB", "1012AB", 5.0, 0.0),
            PostalArea("BE", "1000", "1999", 6.0, 0.0),
        ]
    )

    def latitude(country_code: str, postal_code: str) -> float | None:
        area = areas.find(country_code, postal_code)
        return area and area.latitude

    codes = ("1012 ab", "1012 AC", "1012", "1013 XX", "1020", "1900ZZ", "2000", "1")
    assert [latitude("NL", code) for code in codes] == [5.0, 4.0, 4.0, 3.0, 2.0, 1.0, None, None]
    assert latitude("BE", "1012") == 6.0
    assert latitude("DE", "1012") is None
