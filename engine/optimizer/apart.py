"""Parts of a basket that are planned apart: which of them are worth a shipment, once all are put together.

A part by itself has its first shipment free of the split penalty. Put together, only one part has, and where a unit short has
a price, a part may cost less short than with the penalty.
"""

from collections.abc import Sequence


def worth_shipping(split: int, totals: Sequence[int], short: Sequence[int]) -> list[bool]:
    """Which parts to ship, so that all cost the least; totals: of each part by itself, short: of each left out, in micros.

    Each part that ships but one costs the split more. A tie leaves a part out, as it does within a part: fewer shipments.
    """
    ships = [total + split < left for total, left in zip(totals, short, strict=True)]
    if not any(ships):
        # The only one to ship is free of the penalty.
        saved = [left - total for total, left in zip(totals, short, strict=True)]
        best = max(saved)
        if best > 0:
            ships[saved.index(best)] = True
    return ships


def joint_micros(split: int, totals: Sequence[int], short: Sequence[int]) -> int:
    """What the parts cost the least together; of lower bounds a lower bound."""
    ships = worth_shipping(split, totals, short)
    parts = sum(total if ship else left for total, left, ship in zip(totals, short, ships, strict=True))
    return parts + split * max(0, sum(ships) - 1)
