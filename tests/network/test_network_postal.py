"""Postal codes and their ranges."""

import random

from engine.network.postal import PostalRanges, normalise_postal_code
from tests.naive.lanes import holds, width


def test_codes_are_compared_without_case_spaces_and_hyphens() -> None:
    assert normalise_postal_code(" 1012 ab") == "1012AB"
    assert normalise_postal_code("00-950") == "00950"
    assert normalise_postal_code("SW1A 1AA") == "SW1A1AA"
    assert normalise_postal_code("١٢") == ""


def test_a_code_is_compared_on_as_many_characters_as_the_bound_has() -> None:
    ranges = PostalRanges([("10", "10"), ("1012", "1012"), ("1000", "1099"), ("1012AA", "1012AZ"), ("", "")])
    assert ranges.matches("1012AB") == [3, 1, 2, 0, 4]
    assert ranges.matches("1012BB") == [1, 2, 0, 4]
    assert ranges.matches("1099ZZ") == [2, 0, 4]
    assert ranges.matches("10") == [0, 4]
    assert ranges.matches("11") == [4]
    assert ranges.matches("") == [4]


def test_bounds_of_different_lengths() -> None:
    ranges = PostalRanges([("1000", "11")])
    assert [ranges.matches(code) for code in ("0999", "1000", "1150AA", "1200")] == [[], [0], [0], []]


def test_equally_narrow_ranges_come_lowest_first_then_as_given() -> None:
    ranges = PostalRanges([("15", "24"), ("10", "19"), ("10", "19")])
    assert ranges.matches("17") == [1, 2, 0]


def test_as_the_slow_way_finds_them() -> None:
    rng = random.Random(1012)
    for _ in range(200):
        given = []
        for _ in range(rng.randrange(1, 40)):
            length = rng.randrange(1, 5)
            lower, upper = sorted("".join(rng.choices("01AZ", k=length)) for _ in range(2))
            given.append((lower, upper))
        ranges = PostalRanges(given)
        for _ in range(20):
            code = "".join(rng.choices("01AZ", k=rng.randrange(1, 6)))
            found = [n for n, (lower, upper) in enumerate(given) if holds(lower, upper, code)]
            assert ranges.matches(code) == sorted(found, key=lambda n: (width(*given[n]), given[n], n))
