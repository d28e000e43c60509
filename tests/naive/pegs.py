"""Which order has units where, the slow way: a list of who has what, walked through for each entry."""

from belofte.v1 import ledger_entry_pb2

from engine.inventory.effects import effects_in

Place = tuple[str, str, str, str]
"""Item, location, receipt, pool."""


class NaivePegs:
    """Units of orders, in the order in which they came, and the entries that concern each."""

    def __init__(self) -> None:
        self.units: dict[tuple[str, Place], int] = {}
        self.since: dict[tuple[str, Place], int] = {}
        self.concerned: set[tuple[str, int, int]] = set()

    def apply(self, number: int, entry: ledger_entry_pb2.LedgerEntry) -> None:
        self.concerned |= {(peg.order_id, number, -1) for peg in entry.pegs}
        if entry.pegs:
            for peg in entry.pegs:
                place = peg.item_id, peg.location_id, peg.receipt_id, peg.pool
                self._add(peg.order_id, place, peg.quantity_delta, number)
        elif entry.order_id:
            for change in effects_in(entry)[0]:
                place = change.item_id, change.location_id, change.receipt_id, change.pool
                self._add(entry.order_id, place, change.demand_delta, number)
        for move in entry.moves:
            place = move.item_id, move.location_id, move.receipt_id, move.pool
            for _ in range(move.quantity):
                first = next(iter(self._waiting(place)), None)
                if first is not None:
                    since = self.since[first, place]
                    self._add(first, place, -1, number)
                    self._add(first, (*place[:2], "", place[3]), 1, since)
        for at, risk in enumerate(entry.risks):
            told: set[str] = set()
            for place in {place for _, place in self.units if place[:3] == (risk.item_id, risk.location_id, risk.receipt_id)}:
                if not risk.HasField("left_quantity"):
                    told.update(self._waiting(place))
                elif place[3] == risk.pool:
                    line = [order for order in self._waiting(place) for _ in range(self.units[order, place])]
                    told.update(line[risk.left_quantity :])
            self.concerned |= {(order, number, at) for order in told}

    def _waiting(self, place: Place) -> list[str]:
        found = [order for (order, at), quantity in self.units.items() if at == place and quantity > 0]
        return sorted(found, key=lambda order: (self.since[order, place], order))

    def _add(self, order: str, place: Place, quantity: int, since: int) -> None:
        if not quantity:
            return
        key = order, place
        self.since.setdefault(key, since)
        self.units[key] = self.units.get(key, 0) + quantity
        if not self.units[key]:
            del self.units[key], self.since[key]
