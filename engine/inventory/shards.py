"""One network's stock split by item over several partitions, called shards: which has what, and positions over all of them.

Each shard is a partition of its own: hash tag, gate, log and sidecar. What belongs to an item lies in the item's shard. A
location's capacity is of all items, so it lies in one place, the location's shard. A shard is told by the epoch of a
position: epochs of shard s leave the remainder s when they are divided by the number of shards.
"""

from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

from engine.inventory.client import ordinal
from engine.inventory.keys import SEPARATOR
from engine.inventory.transaction import CapacityChange, CellChange, TextChange, TextTable, Transaction

ORIGIN = "0-0"
BETWEEN_POSITIONS = ","
BETWEEN_NAMES = "/"
"""Between a partition's name and the number of a shard: no name of a partition holds it."""


SHARDS_MAX = 32
"""As many logs as a consistency token speaks of."""


class Slice(NamedTuple):
    """What a transaction changes in one shard."""

    cells: tuple[CellChange, ...]
    capacities: tuple[CapacityChange, ...]
    texts: tuple[TextChange, ...]


class Shards:
    """How many shards a network has, and what follows from it. It is the same for as long as there is a ledger."""

    def __init__(self, count: int) -> None:
        """With one of them everything lies in it."""
        assert count >= 1
        self.count = count
        self._of_item: dict[str, int] = {}

    def partition(self, partition: str, shard: int) -> str:
        """The name of a shard's partition; a network that is not split has the one that it is given."""
        return partition if self.count == 1 else f"{partition}{BETWEEN_NAMES}{shard}"

    # -- where things lie

    def of_item(self, item_id: str) -> int:
        """The shard of an item."""
        found = self._of_item.get(item_id)
        if found is None:
            found = self._of_item[item_id] = crc32(item_id.encode()) % self.count
        return found

    def of_location(self, location_id: str) -> int:
        """The shard that has the capacity of a location, or counts the reservations of a caller."""
        return crc32(f"location {location_id}".encode()) % self.count

    def of_text(self, table: str, item_id: str, field: str) -> int:
        """The shard of a text: that of its item, where the table is one an item."""
        if table == TextTable.LIMITS:
            return self.of_location(field.partition(SEPARATOR)[0])  # beside the capacity that it sets
        return self.of_item(item_id) if item_id else crc32(f"{table} {field}".encode()) % self.count

    def of_request(self, request_id: str) -> int:
        """The shard that has what changes no stock."""
        return crc32(request_id.encode()) % self.count

    def slices(self, transaction: Transaction) -> dict[int, Slice]:
        """What a transaction changes, by shard; one that changes nothing has an empty slice."""
        if transaction.shard is not None:
            return {transaction.shard: Slice(transaction.cells, transaction.capacities, transaction.texts)}
        found: dict[int, tuple[list[CellChange], list[CapacityChange], list[TextChange]]] = {}
        for cell in transaction.cells:
            found.setdefault(self.of_item(cell.cell.item_id), ([], [], []))[0].append(cell)
        for use in transaction.capacities:
            found.setdefault(self.of_location(use.location_id), ([], [], []))[1].append(use)
        for text in transaction.texts:
            found.setdefault(self.of_text(text.table, text.item_id, text.field), ([], [], []))[2].append(text)
        if not found:
            return {self.of_request(transaction.request_id): Slice((), (), ())}
        return {shard: Slice(*map(tuple, lists)) for shard, lists in sorted(found.items())}  # type: ignore[arg-type]

    # -- positions

    def of_position(self, position: str) -> int:
        """The shard whose log has a position; one with ORIGIN is not told."""
        return ordinal(position)[0] % self.count

    def parse(self, position: str) -> list[str]:
        """The position in each shard's log; ORIGIN where a consistency token tells none. Raises ValueError."""
        found = [ORIGIN] * self.count
        for each in position.split(BETWEEN_POSITIONS) if position else ():
            if each == ORIGIN:
                continue
            shard = self.of_position(each)
            if found[shard] != ORIGIN:
                raise ValueError(f"{position} has two positions of one log")
            found[shard] = each
        return found

    def is_ahead(self, position: str, of: str) -> bool:
        """Whether a token has seen more of any log than another one."""
        pairs = zip(self.parse(position), self.parse(of), strict=True)
        return any(ordinal(one) > ordinal(other) for one, other in pairs)

    def latest(self, position: str, other: str) -> str:
        """The token of who has seen what either of two has."""
        if self.count == 1:
            return max(position, other, key=ordinal)
        return join(max(pair, key=ordinal) for pair in zip(self.parse(position), self.parse(other), strict=True))

    def is_of_epoch(self, position: str, of: str) -> bool:
        """Whether a token is of the epochs of another one, in each log that it tells of."""
        known = self.parse(of)
        return all(ordinal(each)[0] == ordinal(known[self.of_position(each)])[0] for each in each_of(position))


def join(positions: Iterable[str]) -> str:
    """A token of positions in several logs."""
    return BETWEEN_POSITIONS.join(each for each in positions if each != ORIGIN) or ORIGIN


def each_of(position: str) -> list[str]:
    """The positions in a token."""
    return position.split(BETWEEN_POSITIONS)


WHOLE = Shards(1)
"""A network that is not split."""
