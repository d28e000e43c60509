"""Distances agree with the haversine formula to the meter, and are exact numbers."""

import hashlib
import math
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.geometry import POINT_SCALE, arcsine, distances_meters, sine_cosine, unit_points
from tests.naive.geometry import haversine_meters

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


def points(places: list[tuple[float, float]]) -> np.ndarray:
    out = np.empty((len(places), 3), np.int64)
    unit_points(np.array([place[0] for place in places]), np.array([place[1] for place in places]), out)
    return out


def distance(a: tuple[float, float], b: tuple[float, float]) -> int:
    out = np.empty(1, np.int64)
    distances_meters(points([a]), points([b])[0], out)
    return int(out[0])


def test_points_on_the_axes() -> None:
    places = [(0.0, 0.0), (0.0, 90.0), (0.0, 180.0), (0.0, -180.0), (0.0, -90.0), (90.0, 0.0), (-90.0, 45.0)]
    one = POINT_SCALE
    expected = [[one, 0, 0], [0, one, 0], [-one, 0, 0], [-one, 0, 0], [0, -one, 0], [0, 0, one], [0, 0, -one]]
    assert expected == points(places).tolist()


def test_known_distances() -> None:
    # A quarter of the circle: R × π ÷ 2 = 6,371,008.8 × 1.5707963 = 10,007,557.2 m; half of it twice that.
    assert distance((0.0, 0.0), (0.0, 90.0)) == 10_007_557
    assert distance((90.0, 0.0), (-90.0, 0.0)) == 20_015_114
    assert distance((52.0, 5.0), (52.0, 5.0)) == 0
    # One degree along a meridian: R × π ÷ 180 = 111,195.08 m, across the date line as well.
    assert distance((10.0, 179.5), (11.0, 179.5)) == 111_195
    assert distance((0.0, 179.5), (0.0, -179.5)) == 111_195


@given(latitudes, longitudes, latitudes, longitudes)
@settings(max_examples=500, derandomize=True, deadline=None)
def test_within_a_meter_of_haversine(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> None:
    a, b = (lat_a, lon_a), (lat_b, lon_b)
    assert abs(distance(a, b) - haversine_meters(a, b)) < 1
    assert distance(a, b) == distance(b, a)


def test_within_a_meter_near_and_across_the_globe() -> None:
    rng = random.Random(20270328)
    for _ in range(2_000):
        latitude, longitude = math.degrees(math.asin(rng.uniform(-1, 1))), rng.uniform(-180, 180)
        near = latitude + rng.uniform(-0.01, 0.01) * (abs(latitude) < 89), longitude + rng.uniform(-0.01, 0.01)
        across = -near[0], near[1] + 180
        for place in (near, across):
            assert abs(distance((latitude, longitude), place) - haversine_meters((latitude, longitude), place)) < 1


@given(st.floats(-400, 400))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_sines_are_close_to_the_machine_s(degrees: float) -> None:
    sine, cosine = sine_cosine(degrees)
    assert abs(sine - math.sin(math.radians(degrees))) < 2e-15
    assert abs(cosine - math.cos(math.radians(degrees))) < 2e-15


@given(st.floats(0, 0.71))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_arc_sine_is_close_to_the_machine_s(x: float) -> None:
    assert abs(arcsine(x) - math.asin(x)) < 1e-12


def test_every_machine_gives_these_very_numbers() -> None:
    # Steps of 37/64 and 53/32 degree are exact in binary, so the places are the same everywhere too.
    places = [(-90 + 37 * k / 64, -180 + 53 * k / 32) for k in range(217)]
    vectors = points(places)
    out = np.empty((len(places), len(places)), np.int64)
    for k in range(len(places)):
        distances_meters(vectors, vectors[k], out[k])
    digest = hashlib.sha256(vectors.astype("<i8").tobytes() + out.astype("<i8").tobytes()).hexdigest()
    assert digest == "b5c9aeb732861f5dfb461a96fa83815464df3501f333495a753c4db6fc5aa23c"
