"""How the clock cuts a search: it is asked now and then whether the time is up, and does no more than end it early."""

from collections.abc import Callable

IsCut = Callable[[], bool]
"""Whether the time is up; once it is, it stays so."""


def never_cut() -> bool:
    """Nodes alone end a search: the same plan on any machine."""
    return False
