"""Days with capacity, one after the other: when a location may start, and how much room it has then."""

from collections.abc import Callable

FULL_DAYS_MAX = 60
UNLIMITED = 2**61


def days_after(minute: int, day_of: Callable[[int], int], starts: list[int]) -> list[tuple[int, int]]:
    """(start minute, day) of each working day from a minute on, ending with the first that is beyond the tables."""
    found = []
    for _ in range(FULL_DAYS_MAX):
        day = day_of(minute)
        found.append((minute, day))
        if day >= len(starts) - 1:
            break
        minute = starts[day + 1]
    return found


def first_with_more(
    minute: int, limit: int, more_than: int, used: Callable[[int], int], day_of: Callable[[int], int], starts: list[int]
) -> tuple[int, int, int] | None:
    """(start minute, day, what is left) of the first day with more than so much left; None where there is no such day."""
    for start, day in days_after(minute, day_of, starts):
        if limit >= UNLIMITED:
            return start, day, UNLIMITED
        if day >= len(starts) - 1:
            return None
        if limit - used(day) > more_than:
            return start, day, limit - used(day)
    return None


def days_with_room(
    minute: int, limit: int, need: int, used: Callable[[int], int], day_of: Callable[[int], int], starts: list[int]
) -> list[tuple[int, int, int]]:
    """The first day with anything left, then each that has more left, until all that is needed fits."""
    found: list[tuple[int, int, int]] = []
    day = first_with_more(minute, limit, 0, used, day_of, starts)
    while day is not None:
        found.append(day)
        left = day[2]
        if left >= min(need, limit):
            break
        day = first_with_more(starts[day[1] + 1], limit, left, used, day_of, starts)
    return found
