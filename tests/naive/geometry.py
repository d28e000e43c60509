"""Distance on a sphere by the haversine formula, with the machine's own sines."""

from math import asin, cos, radians, sin, sqrt


def haversine_meters(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Between two (latitude, longitude) in degrees; the mean radius of the earth is 6,371,008.8 m."""
    (latitude_a, longitude_a), (latitude_b, longitude_b) = map(radians, a), map(radians, b)
    height = sin((latitude_b - latitude_a) / 2) ** 2
    height += cos(latitude_a) * cos(latitude_b) * sin((longitude_b - longitude_a) / 2) ** 2
    return 2 * 6_371_008.8 * asin(sqrt(min(1.0, height)))
