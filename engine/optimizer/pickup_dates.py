"""When what is made ready of a location's own stock is ready, and until when to order it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import partial

from engine.kernels.dates import ready_minute
from engine.optimizer.scene import Scene


def ready_at(scene: Scene, location: int, start: int) -> int:
    """The minute at which work that may begin at `start` is done."""
    found = scene.image.route_tables(scene.start_minute)
    return int(ready_minute(start, scene.image.routes.pickup_profile.item(location), found.tables))


def start_for(scene: Scene, location: int, start: int, wanted: int) -> int:
    """The first minute, from `start` on, at which work may begin that is done no sooner than at `wanted`."""
    minutes = range(start, max(start, wanted) + 1)
    return minutes[bisect_left(minutes, wanted, hi=len(minutes) - 1, key=lambda minute: ready_at(scene, location, minute))]


def order_by(scene: Scene, location: int, start: int, ready: int) -> int:
    """The last minute from which the work is still done at `ready`, as it is from `start`."""
    return last_start(start, ready, partial(ready_at, scene, location))


def last_start(start: int, until: int, ready: Callable[[int], int]) -> int:
    """The last minute at which work may begin that is done by `until`, as it is from `start`: it is never done earlier."""
    minutes = range(start, until + 1)
    return minutes[bisect_right(minutes, until, key=ready) - 1]
