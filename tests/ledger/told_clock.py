"""A clock that is told the time."""


class ToldClock:
    """Stands still until it is moved."""

    def __init__(self, now: int) -> None:
        self.now = now

    def unix_ms(self) -> int:
        """The time it was told."""
        return self.now

    def monotonic_ns(self) -> int:
        """The same, however often it is asked."""
        return self.now * 1_000_000
