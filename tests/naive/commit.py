"""The commit script's twin: dictionaries, one transaction after the other, nothing clever."""

from collections.abc import Sequence
from hashlib import sha1, sha256

from engine.inventory.gate import LogEntry
from engine.inventory.transaction import (
    Cell,
    Committed,
    FailedGuard,
    Guard,
    OrderExists,
    Outcome,
    Refused,
    Seen,
    TooFarBehind,
    Transaction,
)


class NaiveStore:
    """What a store that was opened for an epoch holds."""

    def __init__(self, epoch: int, position: str, link: str, lag_entries_max: int) -> None:
        self.epoch = epoch
        self.position, self.link = position, link
        self.lag_entries_max = lag_entries_max
        self.recorded_count = 0
        self.supply: dict[Cell, int] = {}
        self.demand: dict[Cell, int] = {}
        self.used: dict[tuple[str, int], int] = {}
        self.dates: dict[tuple[str, str, str], int] = {}
        self.requests: dict[str, str] = {}
        self.orders: dict[str, str] = {}
        self.texts: dict[tuple[str, str, str], str] = {}
        self.log: list[LogEntry] = []

    def commit(self, transactions: Sequence[Transaction]) -> list[Outcome]:
        """One batch."""
        if len(self.log) - self.recorded_count >= self.lag_entries_max:
            return [TooFarBehind()] * len(transactions)
        return [self._commit(transaction) for transaction in transactions]

    def _commit(self, transaction: Transaction) -> Outcome:
        if transaction.request_id in self.requests:
            return Seen()
        if transaction.order_id in self.orders:
            return OrderExists(self.orders[transaction.order_id])
        supply, demand, used, texts = dict(self.supply), dict(self.demand), dict(self.used), dict(self.texts)
        failed = []
        for place, change in enumerate(transaction.cells):
            cell = change.cell
            before = supply.get(cell, 0), demand.get(cell, 0)
            after = before[0] + change.supply_delta, before[1] + change.demand_delta
            if change.supply_expected is not None and before[0] != change.supply_expected:
                failed.append(FailedGuard(Guard.SUPPLY, place, before))
            elif change.demand_expected is not None and before[1] != change.demand_expected:
                failed.append(FailedGuard(Guard.DEMAND, place, before))
            elif change.minute_expected is not None and self.dates.get(cell[:3], 0) != change.minute_expected:
                failed.append(FailedGuard(Guard.DATE, place, before))
            elif any(abs(quantity) > 2**31 - 1 for quantity in after):
                failed.append(FailedGuard(Guard.RANGE, place, before))
            elif change.floor is not None and after[0] - after[1] < change.floor:
                failed.append(FailedGuard(Guard.FLOOR, place, before))
            if change.supply_delta or cell in supply:
                supply[cell] = after[0]
            if change.demand_delta or cell in demand:
                demand[cell] = after[1]
        for place, use in enumerate(transaction.capacities):
            key = use.location_id, use.day
            taken = used.get(key, 0)
            used[key] = taken + use.quantity_delta
            if use.quantity_delta > 0 and used[key] > use.limit:
                failed.append(FailedGuard(Guard.CAPACITY, place, (taken, 0)))
        for place, text in enumerate(transaction.texts):
            name = text.table, text.item_id, text.field
            before = texts.get(name, "")
            if text.expected is not None and before != text.expected:
                failed.append(FailedGuard(Guard.TEXT, place, (0, 0), before))
            texts[name] = text.text
        if failed:
            return Refused(tuple(failed))
        self.supply, self.demand, self.used = supply, demand, used
        self.texts = {name: text for name, text in texts.items() if text}
        for change in transaction.cells:
            if change.available_at_minute is not None and change.cell.receipt_id:
                self.dates[change.cell[:3]] = change.available_at_minute
        self.requests[transaction.request_id] = transaction.request_digest.hex()
        if transaction.order_id:
            self.orders[transaction.order_id] = transaction.request_id
        self._append(transaction)
        return Committed(self.position)

    def _append(self, transaction: Transaction) -> None:
        previous, self.position = self.position, f"{self.epoch}-{len(self.log) + 1}"
        text = f"{self.link} {self.position} {transaction.request_id} {sha256(transaction.entry).hexdigest()}"
        self.link = sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.log.append(
            LogEntry(self.position, previous, transaction.request_id, transaction.order_id, self.link, transaction.entry)
        )
