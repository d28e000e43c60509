"""What a return is worth at a location, from the words of the rule, unit by unit."""

from collections.abc import Sequence

from engine.domain.enums import LocationKind
from engine.network.records import Item, Location


def worth(
    location: Location, items: Sequence[tuple[Item, int, int, int, int]], days: int, shipping_micros: int, kilometers: int,
    distance_weight: int,
) -> int:  # fmt: skip
    """`items`: (item, units that come back, units available there, stock-out, markdown) each."""
    total = -shipping_micros - kilometers * distance_weight
    for item, units, available, stock_out, markdown in items:
        for _ in range(units):
            total -= location.return_cost_micros
            if location.kind is LocationKind.SUPPLIER:
                total += item.value_micros * item.supplier_credit_ppm // 1_000_000
                continue
            lost_a_day = item.value_micros * item.decay_ppm_per_day // 1_000_000
            total += item.value_micros - min(item.value_micros, lost_a_day * days)
            total += stock_out // (1 + max(0, available))
            if available > 0:
                total -= markdown
    return total
