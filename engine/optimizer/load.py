"""What a plan ships, before its costs are spelt out: columns in use, with the units of each line on them."""

from typing import NamedTuple

from engine.optimizer.problem import Ints


class Columns(NamedTuple):
    """What each column [c] of a problem stands for; minutes are UTC, `day` the local day whose capacity it takes."""

    location: Ints
    service: Ints
    start_minute: Ints
    handover: Ints
    earliest: Ints
    latest: Ints
    day: Ints


class Load(NamedTuple):
    """Lines that leave one location by one service. Minutes are UTC, `day` the local day whose capacity it takes."""

    location: int
    service: int
    """−1 where they are collected, or nothing is moved."""
    start_minute: int
    day: int
    handover: int
    earliest: int
    latest: int
    quantities: tuple[tuple[int, int], ...]
    """(line of the basket, units)."""
    via: int = -1
    """The location that they are collected at; −1: they go to the destination."""
    lane: int = -1
    """The transfer lane on which they go there; −1: none, they are there."""


class Chosen(NamedTuple):
    """The best plan found of the lines to ship. `columns` 0: there was nothing to choose from."""

    loads: tuple[Load, ...]
    objective_micros: int
    lower_bound_micros: int
    nodes: int
    columns: int
    penalty_raw: int = 0
    """Of the limits broken by the plan as a whole, before weighting."""
    penalty_micros: int = 0
    """Weighted: part of the objective."""
    is_cut: bool = False
    """Whether the clock left something untried."""


NOTHING = Chosen((), 0, 0, 0, 0)
