"""Stock as a plain list of positions. Shares no code with the engine."""

from dataclasses import dataclass


@dataclass
class Position:
    """Units of one item at a location, of one receipt ("" on hand) and pool ("" common)."""

    location: int
    receipt: str
    pool: str
    available_at: int
    sellable: bool
    supply: int
    demand: int


def in_order(positions: list[Position], location: int) -> list[Position]:
    """A location's positions, earliest arrival first."""
    return sorted((p for p in positions if p.location == location), key=lambda p: p.available_at)


def left(positions: list[Position], location: int, pools: set[str], floor: int) -> list[tuple[Position, int, int]]:
    """(position, what it can still promise to who may take from `pools`, what is to stay of it), earliest arrival first.

    Pool by pool: what is on hand less the floor (of the common pool), and what is missing there off what comes, but not off
    what is demand below zero.
    """
    found = {}
    for pool in pools:
        mine = [p for p in in_order(positions, location) if p.pool == pool and p.sellable]
        owed = floor if pool == "" else 0
        for p in mine:
            free, before = p.supply - p.demand, owed
            if p.available_at == 0:
                found[id(p)] = max(0, free - owed), before
                owed = max(0, owed - free)
                continue
            pays = max(0, min(owed, free, p.supply))
            found[id(p)] = max(0, free) - pays, before
            owed -= pays
    return [(p, *found.get(id(p), (0, 0))) for p in in_order(positions, location)]


def available(positions: list[Position], location: int, minute: int, pools: set[str], floor: int) -> int:
    """Units at a location that can be promised by a minute."""
    return sum(units for p, units, _ in left(positions, location, pools, floor) if p.available_at <= minute)
