"""Where a postal code is."""

from dataclasses import replace

from engine.network.image import compile_image
from engine.network.records import PostalArea
from tests.network.small_network import small_records


def test_the_narrowest_area_that_holds_the_code() -> None:
    areas = (PostalArea("NL", "10", "10", 52.0, 4.0), PostalArea("NL", "1012", "1013", 52.37, 4.89))
    image = compile_image(small_records(postal_areas=areas))
    found = image.locate("nl", "1012 ab")
    assert found == image.locate_coordinates("NL", 52.37, 4.89, "1012AB")
    assert (found.country_code, found.country_index, found.postal_code) == ("NL", 0, "1012AB")
    assert image.locate("NL", "1099ZZ") == image.locate_coordinates("NL", 52.0, 4.0, "1099ZZ")


def test_else_the_location_with_that_very_code() -> None:
    records = small_records(postal_areas=())
    twin = replace(records.locations[0], location_id="aaa", latitude=1.0, longitude=2.0)
    image = compile_image(replace(records, locations=(*records.locations, twin)))
    assert image.locate("NL", "5611") == image.locate_coordinates("NL", 51.4392, 5.4789, "5611")
    assert image.locate("NL", "1012ab") == image.locate_coordinates("NL", 1.0, 2.0, "1012AB")  # aaa before ams
    assert image.locate("NL", "5611AA") is None
    assert image.locate("US", "5611") is None


def test_a_code_no_one_knows() -> None:
    image = compile_image(small_records())
    assert image.locate("NL", "9999") is None
    assert image.locate("XX", "1012") is None
    assert image.locate("NL", "") is None


def test_coordinates_are_rounded_so_that_neighbours_share_lanes() -> None:
    image = compile_image(small_records())
    here = image.locate_coordinates("NL", 52.123449, 5.00001)
    assert here == image.locate_coordinates("nl", 52.12345 - 4e-5, 5.0)
    assert here != image.locate_coordinates("NL", 52.1236, 5.0)
    assert image.lanes(here) is image.lanes(image.locate_coordinates("NL", 52.1234, 5.0))


def test_a_country_the_network_does_not_name() -> None:
    assert compile_image(small_records()).locate_coordinates("FR", 48.85, 2.35).country_index == -1


def test_the_area_next_to_a_code_that_no_one_knows() -> None:
    areas = PostalArea("NL", "10", "10", 52.0, 4.0), PostalArea("NL", "1500", "1599", 52.4, 4.8)
    records = small_records(postal_areas=areas)
    image = compile_image(records)
    assert image.locate_nearest("NL", "1400") == image.locate_coordinates("NL", 52.4, 4.8, "1500")
    assert image.locate_nearest("nl", "11 20 ab") == image.locate_coordinates("NL", 52.0, 4.0, "10")
    # A location's own code is one too: 5611 is nearer than the areas.
    place = next(each for each in records.locations if each.postal_code == "5611")
    assert image.locate_nearest("NL", "5700") == image.locate_coordinates("NL", place.latitude, place.longitude, "5611")
    assert image.locate_nearest("FR", "75001") is None
    assert image.locate_nearest("NL", "☃") is not None
