"""Distances on the sphere, equal to the last bit on every machine.

A place is a unit vector in integers, scaled by 2³⁰ (6 mm on the ground). Squared chords of such vectors are exact in
int64; from there only + − × ÷ and √ are used, each of which IEEE 754 rounds the same everywhere. No libm: its sines
differ from one machine to the next, and with them ties between plans.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import kernel

POINT_SCALE = 1 << 30
# Mean radius of the earth, IUGG (Moritz, Geodetic Reference System 1980).
EARTH_RADIUS_METERS = 6_371_008.8

_RADIANS_PER_DEGREE = math.pi / 180
_HALF_PER_POINT = 0.5 / POINT_SCALE


@kernel
def sine_cosine(degrees: float) -> tuple[float, float]:
    """(sin, cos) of an angle in degrees, by Taylor series on ±45° (error below 1e-15) and the quadrant."""
    quadrant = math.floor(degrees / 90.0 + 0.5)
    x = (degrees - 90.0 * quadrant) * _RADIANS_PER_DEGREE
    y = x * x
    sine = 1.0 - y / 210.0
    sine = 1.0 - y / 156.0 * sine
    sine = 1.0 - y / 110.0 * sine
    sine = 1.0 - y / 72.0 * sine
    sine = 1.0 - y / 42.0 * sine
    sine = 1.0 - y / 20.0 * sine
    sine = x * (1.0 - y / 6.0 * sine)
    cosine = 1.0 - y / 240.0
    cosine = 1.0 - y / 182.0 * cosine
    cosine = 1.0 - y / 132.0 * cosine
    cosine = 1.0 - y / 90.0 * cosine
    cosine = 1.0 - y / 56.0 * cosine
    cosine = 1.0 - y / 30.0 * cosine
    cosine = 1.0 - y / 12.0 * cosine
    cosine = 1.0 - y / 2.0 * cosine
    turn = quadrant % 4
    if turn == 1:
        return cosine, -sine
    if turn == 2:
        return -sine, -cosine
    if turn == 3:
        return -cosine, sine
    return sine, cosine


@kernel
def unit_points(latitudes: NDArray[np.float64], longitudes: NDArray[np.float64], out: NDArray[np.int64]) -> None:
    """out[i] = round(2³⁰ · (cos φ cos λ, cos φ sin λ, sin φ)), φ and λ in degrees; `out` is int64[N, 3]."""
    for index in range(latitudes.shape[0]):
        sine_latitude, cosine_latitude = sine_cosine(latitudes[index])
        sine_longitude, cosine_longitude = sine_cosine(longitudes[index])
        out[index, 0] = math.floor(cosine_latitude * cosine_longitude * POINT_SCALE + 0.5)
        out[index, 1] = math.floor(cosine_latitude * sine_longitude * POINT_SCALE + 0.5)
        out[index, 2] = math.floor(sine_latitude * POINT_SCALE + 0.5)


@kernel
def arcsine(x: float) -> float:
    """asin x for 0 ≤ x ≤ 0.71: one half-angle step, then 13 terms of the Maclaurin series (error below 1e-12)."""
    half = x / math.sqrt(2.0 * (1.0 + math.sqrt(1.0 - x * x)))
    y = half * half
    series = 1.0 + y * (529.0 / 600.0)
    series = 1.0 + y * (441.0 / 506.0) * series
    series = 1.0 + y * (361.0 / 420.0) * series
    series = 1.0 + y * (289.0 / 342.0) * series
    series = 1.0 + y * (225.0 / 272.0) * series
    series = 1.0 + y * (169.0 / 210.0) * series
    series = 1.0 + y * (121.0 / 156.0) * series
    series = 1.0 + y * (81.0 / 110.0) * series
    series = 1.0 + y * (49.0 / 72.0) * series
    series = 1.0 + y * (25.0 / 42.0) * series
    series = 1.0 + y * (9.0 / 20.0) * series
    series = 1.0 + y * (1.0 / 6.0) * series
    return 2.0 * half * series


@kernel
def distances_meters(points: NDArray[np.int64], point: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    """out[i] = R · 2 asin(chord ÷ 2) from `points[i]` to `point`, in meters, rounded.

    `points` is int64[N, 3] and `point` int64[3], both from `unit_points`; `out` is int64[N]. Beyond a quarter of the
    earth the chord to the antipode is used, since the arc sine is ill-conditioned near 1.
    """
    x, y, z = point[0], point[1], point[2]
    for index in range(points.shape[0]):
        a, b, c = points[index, 0], points[index, 1], points[index, 2]
        near = a * x + b * y + c * z >= 0
        sign = -1 if near else 1
        u, v, w = a + sign * x, b + sign * y, c + sign * z
        angle = 2.0 * arcsine(math.sqrt(np.float64(u * u + v * v + w * w)) * _HALF_PER_POINT)
        if not near:
            angle = math.pi - angle
        out[index] = math.floor(EARTH_RADIUS_METERS * angle + 0.5)
