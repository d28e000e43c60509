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

    def free(self, pools: set[str], floor: int) -> int:
        """What it can still promise to someone who may take from `pools`."""
        if not self.sellable or self.pool not in pools:
            return 0
        on_hand = self.receipt == "" and self.pool == ""
        return max(0, self.supply - self.demand - (floor if on_hand else 0))


def in_order(positions: list[Position], location: int) -> list[Position]:
    """A location's positions, earliest arrival first."""
    return sorted((p for p in positions if p.location == location), key=lambda p: p.available_at)


def available(positions: list[Position], location: int, minute: int, pools: set[str], floor: int) -> int:
    """Units at a location that can be promised by a minute."""
    return sum(p.free(pools, floor) for p in positions if p.location == location and p.available_at <= minute)


def earliest(positions: list[Position], location: int, quantity: int, pools: set[str], floor: int) -> int | None:
    """The first minute at which a location has that many units."""
    minutes = sorted({p.available_at for p in positions if p.location == location})
    return next((m for m in minutes if available(positions, location, m, pools, floor) >= quantity), None)
