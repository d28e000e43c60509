"""A batch of transactions as the arguments of commit.lua, and its reply as outcomes.

Each key and field that a batch touches is sent once; transactions refer to them by number, so that the script reads and
writes every key once, however many orders want it.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from engine.inventory.keys import DataKeys, date_field, place_field
from engine.inventory.transaction import (
    CapacityChange,
    CellChange,
    Closed,
    Committed,
    FailedGuard,
    Guard,
    OrderExists,
    Outcome,
    Refused,
    Seen,
    TextChange,
    TooFarBehind,
    Transaction,
)

TRANSACTIONS_MAX = 256
CELLS_MAX = 2_000
"""Of one script call: it blocks the store while it runs. A single transaction may be larger."""

CLOSED, TOO_FAR_BEHIND = -1, -2
REFUSED, SEEN, ORDER_EXISTS = 1, 2, 3


class Batch(NamedTuple):
    """Keys and arguments of one call, after the fixed ones."""

    keys: list[str]
    arguments: list[str | bytes]


class _Fields:
    """Fields of hashes, each with a number from 1, hash by hash in the order in which the hashes were first seen."""

    def __init__(self) -> None:
        self.by_key: dict[Any, dict[str, int]] = {}

    def add(self, key: Any, field: str) -> None:
        self.by_key.setdefault(key, {}).setdefault(field, 0)

    def number(self) -> list[list[str]]:
        """Give out the numbers; the fields of each hash."""
        count = 0
        for fields in self.by_key.values():
            for field in fields:
                count += 1
                fields[field] = count
        return [list(fields) for fields in self.by_key.values()]


def divide(transactions: Sequence[Transaction]) -> Iterator[Sequence[Transaction]]:
    """Batches within the maxima, in order."""
    start, cells = 0, 0
    for at, transaction in enumerate(transactions):
        wanted = len(transaction.cells) + len(transaction.capacities) + len(transaction.texts)
        if at > start and (at - start == TRANSACTIONS_MAX or cells + wanted > CELLS_MAX):
            yield transactions[start:at]
            start, cells = at, 0
        cells += wanted
    if start < len(transactions):
        yield transactions[start:]


def encode_batch(transactions: Sequence[Transaction], keys: DataKeys) -> Batch:
    """The keys and arguments that commit.lua describes."""
    buckets: dict[str, list[int]] = {}
    capacities, texts, pairs = _Fields(), _Fields(), _Fields()
    arguments: list[str | bytes] = []
    for number, transaction in enumerate(transactions, 1):
        buckets.setdefault(keys.requests(transaction.request_id), []).append(number)
        for use in transaction.capacities:
            capacities.add(use.location_id, str(use.day))
        for text in transaction.texts:
            texts.add(_text_key(text, keys), text.field)
        for change in transaction.cells:
            pairs.add(_pair(change, keys), _field(change))
        arguments += (
            transaction.request_id, transaction.request_digest.hex(), transaction.order_id,
            sha256(transaction.entry).hexdigest(), transaction.entry,
        )  # fmt: skip
    capacity_fields, text_fields, pair_fields = capacities.number(), texts.number(), pairs.number()
    body = [
        {
            "c": [_cell(change, pairs.by_key[_pair(change, keys)][_field(change)]) for change in transaction.cells],
            "k": [_capacity(use, capacities.by_key[use.location_id][str(use.day)]) for use in transaction.capacities],
            "x": [_text(text, texts.by_key[_text_key(text, keys)][text.field]) for text in transaction.texts],
            "d": _dates(transaction),
        }
        for transaction in transactions
    ]
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


def _pair(change: CellChange, keys: DataKeys) -> tuple[str, int]:
    return change.cell.item_id, keys.block(change.cell.location_id)


def _field(change: CellChange) -> str:
    _, location_id, receipt_id, pool = change.cell
    return place_field(location_id, receipt_id, pool)


def _cell(change: CellChange, number: int) -> list[int | bool]:
    # A condition that is not asked is `false`: Lua has no null in lists.
    floor = False if change.floor is None else change.floor
    expected = False if change.supply_expected is None else change.supply_expected
    return [number, change.supply_delta, change.demand_delta, floor, expected]


def _capacity(use: CapacityChange, number: int) -> list[int]:
    return [number, use.quantity_delta, use.limit]


def _text(change: TextChange, number: int) -> list[int | str | bool]:
    return [number, False if change.expected is None else change.expected, change.text]


def _text_key(change: TextChange, keys: DataKeys) -> str:
    return keys.text(change.table, change.item_id, change.field)


def _dates(transaction: Transaction) -> list[str | int]:
    """Fields and minutes in turn, as HSET wants them."""
    dates: list[str | int] = []
    for change in transaction.cells:
        if change.available_at_minute is not None and change.cell.receipt_id:
            item_id, location_id, receipt_id, _ = change.cell
            dates += (date_field(item_id, location_id, receipt_id), change.available_at_minute)
    return dates
