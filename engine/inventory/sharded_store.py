"""The stores of a network's shards as one: what lies in one shard is committed there, what lies in several in parts.

Positions are those of all logs together, see `shards.py`. Where one shard is out of reach or has begun another epoch, all are
taken to be: the stock in memory is then made anew of all of them.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.inventory.basis import RoundBasis
from engine.inventory.client import StoreAway, StoreGap
from engine.inventory.commit_round import CommitResult, CommitRound, LogRecord
from engine.inventory.feed_texts import TextName
from engine.inventory.keys import SEPARATOR
from engine.inventory.live import LiveStock
from engine.inventory.parts import Parted, Spanning, needs_parts, spanning_of
from engine.inventory.shards import Shards, join
from engine.inventory.store import CAPACITY, DATES, ScanCursor, StockImage, StockStore, StoredField
from engine.inventory.transaction import (
    Cell,
    Closed,
    Committed,
    FailedGuard,
    Guard,
    Outcome,
    Refused,
    TextTable,
    TooFarBehind,
    Transaction,
)


class PartsWatch(Protocol):
    """Who sees to it that parts end."""

    def expect(self, spanning: Spanning) -> None:
        """Its parts are about to be committed."""
        ...

    def abandon(self, spanning: Spanning) -> None:
        """Not all of them were: those that were are to end."""
        ...


@dataclass(frozen=True, slots=True)
class ShardedImage:
    """All stock, each shard's at its own position."""

    images: Sequence[StockImage]

    @property
    def epoch(self) -> int:
        """Of the first shard: each store knows its own."""
        return self.images[0].epoch

    @property
    def position(self) -> str:
        """Of all logs together."""
        return join(image.position for image in self.images)

    @property
    def is_kept(self) -> bool:
        """Nothing is kept of a stock over several logs."""
        return False

    @property
    def position_count(self) -> int:
        """Positions in all of them."""
        return sum(image.position_count for image in self.images)

    def fill(self, stock: LiveStock) -> None:
        """Bring an empty stock to this image."""
        with stock.changed_everywhere():
            for image in self.images:
                image.add_to(stock)
            stock.matrix.position, stock.matrix.epoch = self.position, self.epoch


class ShardedStore:
    """One engine's connections to all shards. Used by one thread."""

    def __init__(self, stores: Sequence[StockStore], shards: Shards, watch: PartsWatch, part_ms_max: int) -> None:
        """`stores` by shard. `part_ms_max`: after which a part that was not decided upon is ended."""
        assert len(stores) == shards.count
        self._stores = tuple(stores)
        self._shards = shards
        self._watch = watch
        self._part_ms_max = part_ms_max
        self._epochs = [0] * shards.count

    def serve(self, item_ids: Sequence[str], location_ids: Sequence[str]) -> None:
        """Load the stock and capacity of these from now on."""
        for shard, store in enumerate(self._stores):
            store.serve([item_id for item_id in item_ids if self._shards.of_item(item_id) == shard], location_ids)

    def close(self) -> None:
        """Disconnect."""
        for store in self._stores:
            store.close()

    def epoch_open(self) -> int | None:
        """The epoch of the first shard; None while the gate of any is closed. Raises StoreAway."""
        opened = [store.epoch_open() for store in self._stores]
        return None if None in opened else opened[0]

    def begin(self, epoch: int, basis: RoundBasis | None = None) -> "ShardedRound":
        """A round of commits, in the epochs that were loaded; there is one at a time.

        What its writes are planned on is not kept: they have no one place in a log, and are not replayed.
        """
        rounds = [store.begin(each) for store, each in zip(self._stores, self._epochs, strict=True)]
        return ShardedRound(rounds, self._shards, self._watch, self._part_ms_max)

    def tail(self, position: str) -> list[LogRecord]:
        """Entries of all logs after a position, each log's oldest first. Raises StoreAway, StoreGap."""
        at = self._shards.parse(position)
        found = []
        for shard, store in enumerate(self._stores):
            for record in store.tail(at[shard]):
                at[shard] = record.position
                found.append(record._replace(position=join(at)))
        return found

    def seen(self, request_ids: Sequence[str]) -> set[str]:
        """Those ids under which something was committed in any shard. Raises StoreAway, StoreGap."""
        return set().union(*(store.seen(request_ids) for store in self._stores))

    def texts(self, parts: Sequence[Sequence[TextName]]) -> Iterator[list[str]]:
        """The texts of each part in turn, "" where there is none. Raises StoreAway, StoreGap."""
        for names in parts:
            found: dict[TextName, str] = {}
            for shard, store in enumerate(self._stores):
                own = [name for name in names if self._shards.of_text(*name) == shard]
                if own:
                    (texts,) = store.texts([own])
                    found.update(zip(own, texts, strict=True))
            yield [found[name] for name in names]

    def units_of(self, items: Sequence[str]) -> tuple[str, dict[Cell, tuple[int, int]]]:
        """(supply, demand) of each position of some items, and where the logs stood then. Raises StoreAway, StoreGap."""
        positions, units = [], {}
        for shard, store in enumerate(self._stores):
            position, found = store.units_of([item_id for item_id in items if self._shards.of_item(item_id) == shard])
            positions.append(position)
            units.update(found)
        return join(positions), units

    def fields_of(self, names: Sequence[StoredField]) -> tuple[str, list[str]]:
        """Where the logs stood, and what fields held then, "" where there was nothing. Raises StoreAway, StoreGap."""
        positions: list[str] = []
        found: dict[StoredField, str] = {}
        for shard, store in enumerate(self._stores):
            own = [name for name in names if self._shard_of(name) == shard]
            position, values = store.fields_of(own)
            positions.append(position)
            found.update(zip(own, values, strict=True))
        return join(positions), [found[name] for name in names]

    def scan(self, table: TextTable, cursor: ScanCursor, count: int) -> tuple[str, ScanCursor | None, dict[str, str]]:
        """Where the logs stood, and about so many texts of a table as of then, shard by shard; None: there are no more."""
        shard = cursor[0]
        positions = [store.fields_of(())[0] for store in self._stores]
        positions[shard], next_one, texts = self._stores[shard].scan(table, cursor, count)
        if next_one is None and shard + 1 < len(self._stores):
            next_one = shard + 1, 0
        return join(positions), next_one, texts

    def _shard_of(self, name: StoredField) -> int:
        if name.table == CAPACITY:
            return self._shards.of_location(name.owner)
        if name.table == DATES:
            return self._shards.of_item(name.field.partition(SEPARATOR)[0])
        return self._shards.of_text(name.table, "", name.field)

    def load(self, kept_epoch: int = 0, kept_position: str = "") -> ShardedImage:
        """All stock of the network's items. Raises StoreAway, StoreGap where an epoch changes meanwhile."""
        assert not kept_position, "nothing is kept of a stock over several logs"
        images = [store.load() for store in self._stores]
        self._epochs = [image.epoch for image in images]
        return ShardedImage(images)


class ShardedRound:
    """Transactions in the order in which they came; in each shard one is committed, or not, after those before it."""

    def __init__(self, rounds: Sequence[CommitRound], shards: Shards, watch: PartsWatch, part_ms_max: int) -> None:
        """`rounds` by shard."""
        self._rounds = rounds
        self._shards = shards
        self._watch = watch
        self._part_ms_max = part_ms_max
        self._added: list[tuple[Transaction, int | Spanning]] = []

    def add(self, transaction: Transaction) -> None:
        """Have a transaction committed, now or with those that come."""
        slices = self._shards.slices(transaction)
        if len(slices) == 1 and not needs_parts(transaction):
            (shard,) = slices
            self._rounds[shard].add(transaction)
            self._added.append((transaction, shard))
            return
        now = int(time.time() * 1_000)
        spanning = spanning_of(transaction, slices, self._shards, now, now + self._part_ms_max)
        self._watch.expect(spanning)
        for part, held in zip(spanning.parts, spanning.transactions, strict=True):
            self._rounds[part.shard].add(held)
        self._added.append((transaction, spanning))

    def flush(self) -> None:
        """Send what waits to be sent."""
        for each in self._rounds:
            each.flush()

    def end(self, position: str) -> CommitResult:
        """What became of them. `position`: of the stock in memory. Raises StoreAway, StoreGap.

        When it raises, some of the transactions may have been committed: their records will tell, and parts end by their time.
        """
        at = self._shards.parse(position)
        self.flush()
        results, error = [], None
        for shard, each in enumerate(self._rounds):
            try:
                results.append(each.end(at[shard]))
            except (StoreAway, StoreGap) as raised:
                error = raised
        if error is not None:
            for _, where in self._added:
                if isinstance(where, Spanning):
                    self._watch.abandon(where)
            raise error
        entries = []
        for shard, result in enumerate(results):
            for record in result.entries:
                at[shard] = record.position
                entries.append(record._replace(position=join(at)))
        outcomes = [iter(result.outcomes) for result in results]
        return CommitResult([self._outcome(*added, outcomes) for added in self._added], entries)

    def _outcome(
        self, transaction: Transaction, where: int | Spanning, outcomes: Sequence[Iterator[Outcome | Parted]]
    ) -> Outcome | Parted:  # fmt: skip
        if isinstance(where, int):
            return next(outcomes[where])
        found = [next(outcomes[part.shard]) for part in where.parts]
        if all(isinstance(each, Committed) for each in found):
            return Parted(where)
        self._watch.abandon(where)
        for kind in (Closed, TooFarBehind):
            if any(isinstance(each, kind) for each in found):
                return kind()
        guards: list[FailedGuard] = []
        for held, each in zip(where.transactions, found, strict=True):
            if isinstance(each, Refused):
                guards += [guard._replace(place=_place(transaction, held, guard)) for guard in each.guards]
            else:
                assert isinstance(each, Committed), "an id of a part is new"
        return Refused(tuple(guards))


def _place(transaction: Transaction, held: Transaction, failed: FailedGuard) -> int:
    """Where in a transaction stands what a guard of one of its parts is about."""
    match failed.guard:
        case Guard.CAPACITY:
            use = held.capacities[failed.place]
            return [each[:2] for each in transaction.capacities].index(use[:2])
        case Guard.TEXT:
            text = held.texts[failed.place]
            return [each[:3] for each in transaction.texts].index(text[:3])
        case _:
            return [each.cell for each in transaction.cells].index(held.cells[failed.place].cell)
