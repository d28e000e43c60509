"""A batch of transactions as the arguments of commit.lua, and its reply as outcomes.

Each key and field that a batch touches is sent once; transactions refer to them by number, so that the script reads and
writes every key once, however many orders want it.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import repeat
from typing import Any, NamedTuple

import orjson

from engine.inventory.keys import DataKeys, date_field, place_field
from engine.inventory.transaction import (
    Cell,
    Closed,
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

TRANSACTIONS_MAX = 256
CELLS_MAX = 2_000
"""Of one script call: it blocks the store while it runs. A single transaction may be larger."""

CLOSED, TOO_FAR_BEHIND = -1, -2
REFUSED, SEEN, ORDER_EXISTS = 1, 2, 3


Expected = int | bool | list[int | bool | str]
"""A cell's numbers for the script, and what must be there before."""


class Batch(NamedTuple):
    """Keys and arguments of one call, after the fixed ones."""

    keys: list[str]
    arguments: list[str | bytes]


class _Fields:
    """Fields of hashes, each with a number from 1, hash by hash in the order in which the hashes were first seen."""

    def __init__(self) -> None:
        self.by_key: dict[Any, dict[str, int]] = {}
        self._added: list[tuple[dict[str, int], str]] = []

    def add(self, key: Any, field: str) -> None:
        fields = self.by_key.get(key)
        if fields is None:
            fields = self.by_key[key] = {}
        fields[field] = 0
        self._added.append((fields, field))

    def number(self) -> list[list[str]]:
        """Give out the numbers; the fields of each hash."""
        count = 0
        for fields in self.by_key.values():
            for field in fields:
                count += 1
                fields[field] = count
        return [list(fields) for fields in self.by_key.values()]

    def numbers(self) -> Iterator[int]:
        """Those of the fields as they were added."""
        return (fields[field] for fields, field in self._added)


def encode_batch(transactions: Sequence[Transaction], keys: DataKeys, bases: Sequence[bytes] = ()) -> Batch:
    """The keys and arguments that commit.lua describes. `bases`: what is added to the entry of each; none: nothing."""
    assert not bases or len(bases) == len(transactions)
    buckets: dict[str, list[int]] = {}
    capacities, texts, pairs = _Fields(), _Fields(), _Fields()
    arguments: list[str | bytes] = []
    for number, (transaction, basis) in enumerate(zip(transactions, bases or repeat(b""), strict=False), 1):
        buckets.setdefault(keys.requests(transaction.request_id), []).append(number)
        for use in transaction.capacities:
            capacities.add(use.location_id, str(use.day))
        for table, text_item_id, field, _, _ in transaction.texts:
            texts.add(keys.text(table, text_item_id, field), field)
        for (item_id, location_id, receipt_id, pool), *_ in transaction.cells:
            pairs.add((item_id, keys.block(location_id)), place_field(location_id, receipt_id, pool))
        entry = transaction.entry + basis
        arguments += (
            transaction.request_id, transaction.request_digest.hex(), transaction.order_id,
            sha256(entry).hexdigest(), entry,
        )  # fmt: skip
    capacity_fields, text_fields, pair_fields = capacities.number(), texts.number(), pairs.number()
    capacity_numbers, text_numbers, pair_numbers = capacities.numbers(), texts.numbers(), pairs.numbers()
    body = [
        {
            "c": _cells(transaction, pair_numbers), "k": _capacities(transaction, capacity_numbers),
            "x": _texts(transaction, text_numbers), "d": _dates(transaction),
        }
        for transaction in transactions
    ]  # fmt: skip
    tables = {
        "buckets": list(buckets.values()), "capacities": capacity_fields, "texts": text_fields, "pairs": pair_fields,
        "body": body,
    }  # fmt: skip
    names = [*buckets, *map(keys.capacity, capacities.by_key), *texts.by_key]
    for item_id, block in pairs.by_key:
        names += (keys.supply(item_id, block), keys.demand(item_id, block))
    return Batch(names, [orjson.dumps(tables), *arguments])


def decode_reply(reply: Any, count: int) -> tuple[str, list[Outcome]]:
    """(position of the log before the batch, an outcome per transaction); "" where the script did not look."""
    if reply == CLOSED:
        return "", [Closed()] * count
    if reply == TOO_FAR_BEHIND:
        return "", [TooFarBehind()] * count
    head, *results = reply
    assert len(results) == count, "the script answers each transaction"
    return head.decode(), [_outcome(result) for result in results]


def _outcome(result: Any) -> Outcome:
    if isinstance(result, bytes):
        return Committed(result.decode())
    kind, *details = result
    if kind == SEEN:
        return Seen()
    if kind == ORDER_EXISTS:
        return OrderExists(details[0].decode())
    assert kind == REFUSED
    return Refused(tuple(map(_failed_guard, details)))


def _failed_guard(details: Any) -> FailedGuard:
    guard, number, x, y, *text = details
    return FailedGuard(Guard(guard), number - 1, (int(x), int(y)), text[0].decode() if text else "")


def _cells(transaction: Transaction, numbers: Iterator[int]) -> list[Expected]:
    cells: list[Expected] = []
    for cell, supply_delta, demand_delta, floor, supply_expected, _, demand_expected, minute_expected in transaction.cells:
        # A condition that is not asked is `false`: Lua has no null in lists.
        cells += (
            next(numbers), supply_delta, demand_delta, False if floor is None else floor,
            _expected(cell, supply_expected, demand_expected, minute_expected),
        )  # fmt: skip
    return cells


def _expected(cell: Cell, supply: int | None, demand: int | None, minute: int | None) -> Expected:
    """Supply alone where only that is asked for, as nearly always."""
    if demand is None and minute is None:
        return False if supply is None else supply
    found: list[int | bool | str] = [False if each is None else each for each in (supply, demand)]
    if minute is not None:
        found += (date_field(cell.item_id, cell.location_id, cell.receipt_id), minute)
    return found


def _capacities(transaction: Transaction, numbers: Iterator[int]) -> list[int]:
    uses: list[int] = []
    for use in transaction.capacities:
        uses += (next(numbers), use.quantity_delta, use.limit)
    return uses


def _texts(transaction: Transaction, numbers: Iterator[int]) -> list[int | str | bool]:
    texts: list[int | str | bool] = []
    for _, _, _, expected, text in transaction.texts:
        texts += (next(numbers), False if expected is None else expected, text)
    return texts


def _dates(transaction: Transaction) -> list[str | int]:
    """Fields and minutes in turn, as HSET wants them."""
    dates: list[str | int] = []
    for (item_id, location_id, receipt_id, _), _, _, _, _, minute, *_ in transaction.cells:
        if minute is not None and receipt_id:
            dates += (date_field(item_id, location_id, receipt_id), minute)
    return dates
