"""Time comes in by parameter: a clock is passed, never asked for, so that tests and replays choose the instant."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the engine may know of time."""

    def unix_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00Z."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds since an instant of no meaning: for stretches of time."""
        ...


class SystemClock:
    """The machine's clock."""

    def unix_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00Z."""
        return time.time_ns() // 1_000_000

    def monotonic_ns(self) -> int:
        """Nanoseconds since an instant of no meaning: for stretches of time."""
        return time.perf_counter_ns()


def instant_text(minute: int) -> str:
    """A UTC minute as ISO 8601 has it."""
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H:%MZ}"
