"""What one generation of the store's data holds, and what an entry changes in it. Never changed in place.

The same function brings forward the store, the stock in an engine's memory, what is rebuilt and what the auditor expects, so
that the model says nothing about arithmetic: that is held by the tests of the real script.
"""

from typing import NamedTuple

CELLS = 2

PUT, ORDER, HOLD, EXTEND, CONFIRM, RELEASE, EXPIRE, CANCEL = (
    "put", "order", "hold", "extend", "confirm", "release", "expire", "cancel"
)  # fmt: skip

FLOOR, SEEN, EXISTS, CANCELLED, ENDED, SUPPLY = "floor", "seen", "exists", "cancelled", "ended", "supply"
"""Why the script refuses."""

REMEMBERED_TICKS = 24
"""How long the store knows a request id (24 hours), from when the id was made."""

MARGIN_TICKS = 8
"""So much before that it is looked up in the ledger as well, and so long it is kept after it was written (an hour)."""


class Change(NamedTuple):
    """What a request changes: an order or a hold takes units of a cell, a put (a feed's absolute count) sets its supply.

    `key`: the order or hold, or the request that is called off. `seen`: supply, or version of the hold, that is expected.
    """

    kind: str
    key: int
    cell: int = 0
    quantity: int = 0
    seen: int = 0
    until: int = 0


class Hold(NamedTuple):
    """A reservation that has not ended."""

    cell: int
    quantity: int
    version: int
    until: int


class Data(NamedTuple):
    """Units by cell; request id → tick until it is remembered; order → (request, cell, units); holds; called off → by."""

    supply: tuple[int, ...]
    demand: tuple[int, ...]
    requests: dict[int, int]
    orders: dict[int, tuple[int, int, int]]
    holds: dict[int, Hold]
    cancelled: dict[int, int]


EMPTY = Data((0,) * CELLS, (0,) * CELLS, {}, {}, {}, {})


def born(request: int) -> int:
    """The tick in which an id was made: ids tell, as UUIDv7 do."""
    return request // 1_000


def refusal(data: Data, request: int, change: Change, now: int, asks_ids: bool) -> str:
    """Which guard fails; "" for none. `asks_ids`: whether ids that were seen are refused."""
    kind, key, cell, quantity, seen, _ = change
    if asks_ids and data.requests.get(request, -1) >= now:
        return SEEN
    if request in data.cancelled:
        return CANCELLED
    if kind == PUT and (data.supply[cell] != seen or data.supply[cell] + quantity < data.demand[cell]):
        return SUPPLY
    if kind in (ORDER, CONFIRM) and key in data.orders:
        return EXISTS
    if kind in (ORDER, HOLD) and data.supply[cell] - data.demand[cell] < quantity:
        return FLOOR
    if kind in (EXTEND, CONFIRM, RELEASE, EXPIRE):
        hold = data.holds.get(key)
        if hold is None or (kind in (EXTEND, EXPIRE) and (hold.version != seen or (kind == EXPIRE and hold.until > now))):
            return ENDED
    return ""


def apply(data: Data, request: int, change: Change, remembered_until: int) -> Data:
    """The data after a change, whose guards have passed."""
    supply, demand, requests, orders, holds, cancelled = data
    kind, key, cell, quantity, _, until = change
    requests = {**requests, request: remembered_until}
    if kind == PUT:
        supply = _moved(supply, cell, quantity)
    elif kind == ORDER:
        demand = _moved(demand, cell, quantity)
        orders = {**orders, key: (request, cell, quantity)}
    elif kind == HOLD:
        demand = _moved(demand, cell, quantity)
        holds = {**holds, key: Hold(cell, quantity, 1, until)}
    elif kind == CANCEL:
        cancelled = {**cancelled, key: request}
        for order, (made_by, at, taken) in orders.items():
            if made_by == key and taken:
                demand = _moved(demand, at, -taken)
                orders = {**orders, order: (made_by, at, 0)}
                break
    elif kind == EXTEND:
        hold = holds[key]
        holds = {**holds, key: Hold(hold.cell, hold.quantity, hold.version + 1, until)}
    else:
        hold = holds[key]
        holds = {other: each for other, each in holds.items() if other != key}
        if kind == CONFIRM:
            orders = {**orders, key: (request, hold.cell, hold.quantity)}
        else:
            demand = _moved(demand, hold.cell, -hold.quantity)
    return Data(supply, demand, requests, orders, holds, cancelled)


def _moved(units: tuple[int, ...], cell: int, by: int) -> tuple[int, ...]:
    return tuple(each + by if at == cell else each for at, each in enumerate(units))


def chunks(data: Data) -> tuple[dict[str, object], ...]:
    """What is rebuilt, in the parts that it is filled in: the fields of `Data` that each part sets."""
    return (
        {"supply": data.supply},
        {"demand": data.demand},
        {"requests": data.requests, "cancelled": data.cancelled},
        {"orders": data.orders, "holds": data.holds},
    )
