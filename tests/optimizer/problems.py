"""Small orders for the optimizer's tests: by hand with defaults, or drawn from a source of whole numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.optimizer.problem import Problem, Tariffs, new_problem

UNLIMITED = 2**61
QUANTITY_MAX = 2**31 - 1

Draw = Callable[[int, int], int]
"""draw(low, high): a whole number between both."""


def flat_tariffs(*prices: int) -> Tariffs:
    """One zone a price, whatever the weight."""
    count = len(prices)
    return Tariffs(
        np.arange(count + 1, dtype=np.int64), np.full(count, 2**40), np.array(prices, np.int64), np.zeros(count, np.int64)
    )


def hand_made(available: Sequence[Sequence[int]], quantity: Sequence[int], **changed: Any) -> Problem:
    """An order over one column a location: available [items][columns], by default line j asks for item j.

    Nothing costs anything but 100 a shipment (10 of it split penalty), a unit left out costs 1,000; all of it can be changed.
    """
    n, columns = len(quantity), len(available[0])
    fields: dict[str, Any] = {
        "item": range(n), "grams": [1] * n, "volume": [0] * n, "short_micros": [1000] * n,
        "line_locations_max": [2**31] * n, "allowed": np.ones((n, columns), np.bool_), "location": range(columns),
        "fixed": [100] * columns, "line_micros": np.zeros((n, columns), np.int64), "unit_micros": [0] * columns,
        "capacity_kind": [0] * columns, "capacity_left": [UNLIMITED] * columns, "price_row": [0] * columns, "zone": [0],
        "divisor": [0], "package_grams_max": [2**40], "tariffs": flat_tariffs(0), "split_micros": 10,
    }  # fmt: skip
    fields |= {"available": available, "quantity": quantity} | changed
    scalars = {"tariffs", "split_micros", "carrier_weight_ppm", "locations_max", "ranked"}
    fields = {name: value for name, value in fields.items() if value is not None}
    return new_problem(**{
        name: value if name in scalars else np.array(value, np.bool_ if name == "allowed" else np.int64)
        for name, value in fields.items()
    })  # fmt: skip


def drawn_problem(
    draw: Draw, *, lines_max: int, locations_max: int, quantity_max: int, divide: bool, huge: bool = True,
    unit_prices: bool = False,
) -> Problem:  # fmt: skip
    """An order as hostile as its sizes allow: ties, shared items, no stock, no capacity, several columns a location.

    divide: some lines may be divided; huge: a tenth of the orders asks for quantities up to QUANTITY_MAX; unit_prices: in
    a third of them units cost more on one line than on another.
    """
    n, locations = draw(1, lines_max), draw(0, locations_max)
    location = [place for place in range(locations) for _ in range(draw(1, 2))]
    if draw(0, 1):
        location = location[::-1]
    columns, rows = len(location), draw(1, 3)
    item = [draw(0, n - 1) if draw(0, 2) == 0 else j for j in range(n)]
    item = [sorted(set(item)).index(k) for k in item]
    money = (3, 20, 1_000_000)[draw(0, 2)]
    split = draw(0, money)
    scale = QUANTITY_MAX // quantity_max if huge and draw(0, 9) == 0 else 1
    quantity = [draw(1, quantity_max) * scale for _ in range(n)]
    stock = draw(1, 4)

    def many(count: int, low: int, high: int) -> list[int]:
        return [draw(low, high) for _ in range(count)]

    def sometimes(low: int, high: int, otherwise: int, one_in: int) -> int:
        return draw(low, high) if draw(1, one_in) == 1 else otherwise

    whole = not divide or draw(0, 3) == 0
    items = len(set(item)) + draw(0, 1)  # stock of an item that no line asks for does no harm
    return hand_made(
        [[draw(0, quantity_max + 1) * scale * (draw(0, stock) > 0) for _ in location] for _ in range(items)],
        quantity,
        item=item,
        grams=many(n, 0, 4),
        volume=many(n, 0, 30),
        short_micros=many(n, 0, (money, 10 * money)[draw(0, 1)]),
        line_locations_max=[1 if whole else (1, 2, 3, 2**31)[draw(0, 3)] for _ in range(n)],
        allowed=[[draw(0, 5) > 0 for _ in location] for _ in range(n)],
        location=location,
        fixed=[split + draw(0, money) for _ in location],
        line_micros=[many(columns, 0, money // 3 + 1) for _ in range(n)],
        unit_micros=many(columns, 0, money // 5 + 1),
        capacity_kind=many(columns, 0, 2),
        capacity_left=[sometimes(0, 4 * scale**draw(0, 1), UNLIMITED, 3) for _ in location],
        price_row=many(columns, 0, rows - 1),
        zone=[draw(-1, 2) for _ in range(rows)],
        divisor=[draw(0, 6) for _ in range(rows)],
        package_grams_max=[sometimes(3, 12, 2**62, 2) for _ in range(rows)],
        tariffs=_drawn_tariffs(draw, money, 3),
        split_micros=split,
        carrier_weight_ppm=(1_000_000, 1_000_000, 0, 333_333, 2_500_000)[draw(0, 4)],
        locations_max=sometimes(0, 3, 2**31, 3),
        line_unit_micros=[many(columns, 0, money // 5 + 1) for _ in range(n)] if unit_prices and draw(0, 2) == 0 else None,
    )  # fmt: skip


def _drawn_tariffs(draw: Draw, money: int, zones: int) -> Tariffs:
    """Zones of up to three weight breaks, dearer or cheaper by weight; one in eight has none at all."""
    starts, breaks = [0], []
    for _ in range(zones):
        limit = 0
        for step in range(draw(1, 3) if draw(0, 7) else 0):
            limit += draw(1, 6)
            unbounded = step == 0 and draw(0, 2) == 0
            breaks.append((2**60 if unbounded else limit, draw(0, money), draw(0, 2) * draw(0, 500 * money)))
            if unbounded:
                break
        starts.append(len(breaks))
    table = np.array(breaks, np.int64).reshape(len(breaks), 3)
    return Tariffs(np.array(starts, np.int64), *(np.ascontiguousarray(table[:, f]) for f in range(3)))
