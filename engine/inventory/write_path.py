"""Plan, commit, record, answer: the one way by which anything changes stock or capacity.

The writes of a tick are planned in the order they came, each seeing what those before it take, and committed in batches:
the store does one while the next is planned, and nobody looks at what became of them before all are planned.
What another engine was faster with is planned again on what the store holds by then. A write is settled only when the
ledger has recorded it, which it learns by its request id.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from threading import Event
from typing import NamedTuple, Protocol

import structlog

from engine.domain.ids import unix_ms_of
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.inventory.basis import IN_VAIN_MAX, RoundBasis, ShownInVain
from engine.inventory.client import StoreAway, StoreGap
from engine.inventory.commit_round import TRANSACTIONS_SENT, CommitResult
from engine.inventory.feed_texts import FeedTexts, TextName
from engine.inventory.keys import REMEMBERED_MS
from engine.inventory.live import LiveStock, LogEntry
from engine.inventory.parts import Parted, Spanning
from engine.inventory.recorded import OVERRULED, Overruled, RecordedWaiters, Waiter
from engine.inventory.transaction import (
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

GUARDS_NAMED_MAX = 20
"""In one refusal, which trailers must hold; how many there are is told beside."""

GROUP_WRITES_MAX = TRANSACTIONS_SENT
"""Planned in one go: as many as are sent to the store together, which then works while more are planned."""
UNSURE = 2**62
"""A refusal after a fault: what was held then is not known."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The write stands in the ledger. A duplicate was recorded before, under its request id, and is answered from there."""

    position: str
    duplicate: bool


class Write(Protocol):
    """One request that changes stock."""

    @property
    def request_id(self) -> str:
        """The caller's id of it."""
        ...

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """What it would change, on the stock of this moment; raises `Refusal`."""
        ...

    def hold(self, stock: LiveStock) -> None:
        """Show what was planned last to the writes planned after it; opens no position, for others hold by arena index."""
        ...

    def release(self, stock: LiveStock) -> None:
        """Take the hold back."""
        ...

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told once, from any thread, how it ended."""
        ...


class PlannedGroup(NamedTuple):
    """What the first writes of a group take. It is held, all of it, until it is released."""

    transactions: Sequence[Transaction]
    release: Callable[[LiveStock], None]


class Group(Protocol):
    """Writes that are planned in one go, which is faster than one after the other."""

    def plan(self, writes: Sequence[Write], stock: LiveStock, attempt: int) -> PlannedGroup:
        """Plan and hold writes from the first on, until one has to be planned by itself: as many as are returned."""
        ...


class Grouped:
    """A write of a group; planned by itself it is as any other."""

    group: Group


class Reading:
    """A write that is planned on texts of the store: what it needs is read anew, while those before it are planned."""

    texts: FeedTexts

    def names(self) -> Iterable[TextName]:
        """Texts that it needs, as far as is known before it is planned."""
        raise NotImplementedError


@dataclass(eq=False)
class Awaited:
    """A write that another thread waits for: `outcome` is there once it is `settled`."""

    settled: Event = field(default_factory=Event, init=False)
    outcome: Recorded | Refusal | None = field(default=None, init=False)

    def hold(self, stock: LiveStock) -> None:
        """Nothing is shown to what is planned after it."""

    def release(self, stock: LiveStock) -> None:
        """Nothing was."""

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.outcome = outcome
        self.settled.set()


class StoredStock(Protocol):
    """All stock as it was read of the store, or of several."""

    @property
    def epoch(self) -> int:
        """Of the store."""
        ...

    @property
    def position(self) -> str:
        """Consistency token of it."""
        ...

    @property
    def is_kept(self) -> bool:
        """Whether positions were kept from before, and are not in it."""
        ...

    @property
    def position_count(self) -> int:
        """Positions in it."""
        ...

    def fill(self, stock: LiveStock) -> None:
        """Bring a stock to it."""
        ...


class Round(Protocol):
    """Transactions that are committed in one round, see `CommitRound`."""

    def add(self, transaction: Transaction) -> None:
        """Have one committed, now or with those that come."""
        ...

    def end(self, position: str) -> CommitResult:
        """What became of them. `position`: of the stock in memory. Raises StoreAway, StoreGap."""
        ...


class SharedStore(Protocol):
    """The shared stock, in one store or in several: see `StockStore`. All raise StoreAway, and most of them StoreGap."""

    def epoch_open(self) -> int | None:
        """The epoch whose gate is open; None while it is closed."""
        ...

    def begin(self, epoch: int, basis: RoundBasis | None = None) -> Round:
        """A round of commits; there is one at a time. `basis`: what its writes are planned on."""
        ...

    def tail(self, position: str) -> Sequence[LogEntry]:
        """Entries after a position."""
        ...

    def seen(self, request_ids: Sequence[str]) -> set[str]:
        """Those ids under which something was committed."""
        ...

    def texts(self, parts: Sequence[Sequence[TextName]]) -> Iterator[list[str]]:
        """The texts of each part in turn."""
        ...

    def load(self, kept_epoch: int = 0, kept_position: str = "") -> StoredStock:
        """All stock."""
        ...


class Follower(Protocol):
    """Who hears of every change of the stock in memory, in the thread that makes it."""

    def note(self, stock: LiveStock, entry: LogEntry) -> None:
        """An entry is about to be applied."""
        ...

    def reloaded(self, before: str, position: str) -> None:
        """The stock was made anew: it was at the one position, and is at the other."""
        ...


class WritePath:
    """The stock in memory, kept equal to the store's log, and the writes on their way. Used by one thread."""

    is_shared = False
    """Whether another process keeps the stock, and all that is done here is to read it."""

    def __init__(
        self, store: SharedStore, waiters: RecordedWaiters, load: Callable[[StoredStock], LiveStock], attempts_max: int,
        kept: tuple[int, str] | None = None, parted: Callable[[Write, Spanning], None] | None = None,
    ) -> None:  # fmt: skip
        """`load` makes the stock in memory of what the store holds. Nothing is read until `catch_up`.

        `kept`: epoch and position of a matrix that an engine before this one has left, where `load` can take that up.
        `parted` takes writes whose parts several stores hold, and settles them.
        """
        self.stock: LiveStock | None = None
        self.stale = True
        self.follower: Follower | None = None
        self._store = store
        self._waiters = waiters
        self._load = load
        self._attempts_max = attempts_max
        self.retry_count = 0
        """Plans that others took something of, so far."""
        self.commit_ns = 0
        """Time so far that was waited for the store to commit what was planned."""
        self._told_ns = 0
        self._kept = kept
        self._parted = parted
        self._failed: dict[str, tuple[Transaction, Sequence[FailedGuard]]] = {}
        self.engine = 0
        """Number that decisions name: who decides, and by which network; 0: nobody that the ledger knows."""
        self.prices_position = ""
        """Of the entry that recorded the prices of opportunity in force; empty: there are none."""
        self._in_vain: list[ShownInVain] = []
        self._epoch = 0
        self._log = structlog.get_logger("write-path")

    @property
    def position(self) -> str:
        """Consistency token of the stock in memory; empty before the first load."""
        return self.stock.matrix.position if self.stock else ""

    def catch_up(self) -> bool:
        """Apply what the log holds by now; whether the stock in memory is that of the store."""
        try:
            if self.stock is None or self.stale:
                self._reload()
            else:
                self._apply(self._store.tail(self.position))
            self._told_ns = time.monotonic_ns()
        except (StoreGap, StoreAway) as error:
            # A gap: the log was trimmed beyond what is in memory, or belongs to another epoch. Only a fresh copy helps.
            self._lost(error)
        return not self.stale

    def is_told_within(self, ns: int) -> bool:
        """Whether the store has told all that its log has within so long, as a commit does; of several stores, some of it."""
        return not self.stale and time.monotonic_ns() - self._told_ns <= ns

    def seen(self, request_id: str) -> bool:
        """Whether something was committed under an id, as far as the store remembers. Raises `Refusal` while it is away."""
        if self.stock is not None and self.stock.parts.of_request(request_id):
            return True
        try:
            return bool(self._store.seen([request_id]))
        except (StoreGap, StoreAway) as error:
            self._lost(error)
            raise recovering() from error

    def read_texts(self, parts: Sequence[Sequence[TextName]]) -> Iterator[Sequence[str]]:
        """Texts of the store, part by part, for plans that are guarded by them. Raises `Refusal`."""
        try:
            yield from self._store.texts(parts)
        except (StoreGap, StoreAway) as error:
            self._lost(error)
            raise recovering() from error

    def run(self, writes: Sequence[Write]) -> None:
        """Plan and commit a batch; each write is settled, some of them after this returns."""
        waiting = list(writes)
        for attempt in range(1, self._attempts_max + 1):
            if not waiting:
                return
            if self.stale and not self.catch_up():
                for write in waiting:
                    self._tell(write, recovering())
                return
            waiting = self._round(self._unless_recorded(waiting), attempt)
            self.retry_count += len(waiting)
        for write in waiting:
            self._tell(write, self._contended(write))

    def _unless_recorded(self, writes: list[Write]) -> list[Write]:
        """Without repeats that the store has forgotten, or that another store may have seen.

        They are looked up here, where the epoch is known that the others are committed in: what earlier ones have recorded
        cannot become more.
        """
        forgotten = int(time.time() * 1_000) - REMEMBERED_MS
        ids = [write.request_id for write in writes]
        old = ids if self._parted is not None else [each for each in ids if unix_ms_of(each) < forgotten]
        if not old:
            return writes
        try:
            recorded = self._waiters.recorded(old)
        except Exception as error:
            self._log.warning("the ledger cannot be asked for requests before they are planned", error=str(error))
            for write in (write for write in writes if write.request_id in old):
                self._tell(write, recovering())
            return [write for write in writes if write.request_id not in old]
        for write in (write for write in writes if write.request_id in recorded):
            self._wait_for_record(write)
        return [write for write in writes if write.request_id not in recorded]

    def _wait_for_record(self, write: Write) -> None:
        """A repeat waits for the record like the first; it may have been recorded long ago."""
        self._waiters.arm(self._waiters.expect(write.request_id), _settler(write), ask_now=True)

    def _round(self, writes: list[Write], attempt: int) -> list[Write]:
        """Plan and commit once. The writes to plan again, in the order they came."""
        assert self.stock is not None
        _read_ahead([write for write in writes if isinstance(write, Reading)])
        basis = RoundBasis(self.position, self.engine, self._in_vain, self.prices_position)
        committing = _Committing(self._store.begin(self._epoch, basis), self._waiters, [], [])
        planned = committing.planned
        refused: list[tuple[Write, Refusal, int]] = []
        held: list[Callable[[LiveStock], None]] = []
        matrix = self.stock.matrix
        opened = matrix.opened_count
        matrix.begin_changes()
        is_faulty = False
        at = 0
        while at < len(writes):
            members = _group_at(writes, at)
            group = self._plan_group(members, attempt, held) if members else ()
            if group is None:
                is_faulty = True
                at += 1
                continue
            committing.add(members[: len(group)], group)
            at += len(group)
            if members and len(group) == len(members):
                continue
            write = writes[at]
            at += 1
            try:
                transaction = write.plan(self.stock, attempt)
                write.hold(self.stock)
            except Refusal as reason:
                refused.append((write, reason, UNSURE if is_faulty else len(planned)))
            except Exception:
                self._fail(write)
                is_faulty = True
            else:
                held.append(write.release)
                committing.add([write], [transaction])
        assert matrix.opened_count == opened, "a hold opened a position: those before it point elsewhere"
        for release in reversed(held):
            release(self.stock)
        if not is_faulty:
            matrix.end_changes()
        outcomes = self._commit(committing)
        if outcomes and isinstance(outcomes[0], Committed):
            self._in_vain = []  # told with it
        self._in_vain = [*self._in_vain, *basis.in_vain([each for _, each in planned], outcomes)][-IN_VAIN_MAX:]
        again = {id(write) for (write, _), outcome in zip(planned, outcomes, strict=True) if isinstance(outcome, Refused)}
        sure = next((i for i, outcome in enumerate(outcomes) if not isinstance(outcome, Committed)), len(outcomes))
        again |= self._refuse(refused, sure)
        return [write for write in writes if id(write) in again]

    def _plan_group(
        self, members: Sequence[Write], attempt: int, held: list[Callable[[LiveStock], None]]
    ) -> Sequence[Transaction] | None:
        """Plan writes of a group as far as it goes; None: a fault at the first."""
        first = members[0]
        assert self.stock is not None and isinstance(first, Grouped)
        try:
            planned = first.group.plan(members, self.stock, attempt)
        except Exception:
            self._fail(first)
            return None
        held.append(planned.release)
        return planned.transactions

    def _fail(self, write: Write) -> None:
        """In an exception's handler: the engine is at fault, and what was held for the plan may be left."""
        self._log.exception("a fault of the engine", request_id=write.request_id)
        # What comes next starts from a fresh copy of the stock.
        self.stale = True
        self._tell(write, fault())

    def _contended(self, write: Write) -> Refusal:
        """Planned again and again, and each time others were faster; with what the store holds of what failed last."""
        transaction, guards = self._failed.pop(write.request_id, (None, ()))
        found = [named_guard(transaction, guard) for guard in guards] if transaction is not None else []
        text = f"others took what was planned, {self._attempts_max} times; try again"
        if found:
            text += f": {'; '.join(found[:GUARDS_NAMED_MAX])}"
        return Refusal(Reason.CONTENDED, text, metadata={"failed_guards": str(len(found))} if found else {})

    def _refuse(self, refused: Sequence[tuple[Write, Refusal, int]], sure: int) -> set[int]:
        """Settle what cannot be planned; returns the identities of those to plan again.

        Each stands with the number of writes planned before it, of which the first `sure` were committed: a refusal that
        counted on holds which came to nothing says nothing about the stock. Repeats of what was committed are told apart
        first: they may have taken the last units, and planned again they would hold units from those that are new.
        """
        if not refused:
            return set()
        again: set[int] = set()
        seen = self._seen_or_recorded(refused, sure)
        for write, refusal, before in refused:
            if seen is None:
                self._tell(write, recovering())
            elif write.request_id in seen:
                self._wait_for_record(write)
            elif before <= sure:
                self._tell(write, refusal)
            else:
                again.add(id(write))
        return again

    def _seen_or_recorded(self, refused: Sequence[tuple[Write, Refusal, int]], sure: int) -> set[str] | None:
        """Request ids of `_refuse` that were committed before; None where that cannot be known."""
        try:
            seen = self._store.seen([write.request_id for write, _, _ in refused])
        except (StoreGap, StoreAway) as error:
            self._lost(error)
            return None
        final = [write.request_id for write, _, before in refused if before <= sure and write.request_id not in seen]
        try:
            # The store may have been overtaken by another, where the request was done: the ledger has the last word.
            return seen | self._waiters.recorded(final).keys() if final else seen
        except Exception as error:
            self._log.warning("the ledger cannot be asked before a refusal", error=str(error))
            return None

    def _commit(self, committing: "_Committing") -> Sequence[Outcome | Parted | None]:
        """See what was committed and bring the stock up to date; None: whether it was is not known."""
        planned, waiters = committing.planned, committing.waiters
        if not planned:
            return ()
        started = time.monotonic_ns()
        try:
            result = committing.round.end(self.position)
        except (StoreGap, StoreAway) as error:
            self._lost(error)
            # Some of it may have been committed, or was before under the same id: only the ledger can tell.
            for (write, _), waiter in zip(planned, waiters, strict=True):
                self._waiters.arm(waiter, _settler(write))
            return [None] * len(planned)
        self._told_ns = time.monotonic_ns()
        self.commit_ns += self._told_ns - started
        self._apply(result.entries)
        self._failed.clear()
        for (write, transaction), waiter, outcome in zip(planned, waiters, result.outcomes, strict=True):
            self._settle(write, transaction, waiter, outcome)
        return result.outcomes

    def _settle(self, write: Write, transaction: Transaction, waiter: Waiter, outcome: Outcome | Parted) -> None:
        match outcome:
            case Parted(spanning):
                assert self._parted is not None, "one store holds all of it"
                self._parted(write, spanning)
            case Committed(position):
                self._waiters.arm(waiter, _settler(write, position))
                return
            case Seen():
                # Seen is not yet recorded: a duplicate waits for the record like the first.
                self._waiters.arm(waiter, _settler(write), ask_now=True)
                return
            case OrderExists(request_id):
                # What was committed may yet be lost: only of a recorded order can it be said that it exists.
                self._waiters.arm(self._waiters.expect(request_id), _order_settler(write), ask_now=True)
            case TooFarBehind():
                self._tell(write, Refusal(Reason.RECORD_LAGGING, "the ledger is behind; nothing was taken, try again"))
            case Closed():
                self.stale = True
                self._tell(write, recovering())
            case Refused(guards):
                self._failed[write.request_id] = transaction, guards
        self._waiters.forget(waiter)

    def _tell(self, write: Write, outcome: Recorded | Refusal) -> None:
        try:
            write.settle(outcome)
        except Exception:
            # One that cannot be answered harms none of those it came with.
            self._log.exception("a write could not be told how it ended", request_id=write.request_id)

    def _apply(self, entries: Sequence[LogEntry]) -> None:
        assert self.stock is not None
        try:
            if self.follower is None:
                if entries:
                    self.stock.apply_all(entries)
                return
            for entry in entries:
                self.follower.note(self.stock, entry)
                self.stock.apply(entry)
        except BaseException:
            # What was applied in part must not be applied once more: only a fresh copy helps.
            self.stale = True
            raise

    def _reload(self) -> None:
        epoch = self._store.epoch_open()
        if epoch is None:
            self.stale = True
            return
        image = self._read_image()
        before = self.position
        self.stock = self._load(image)
        self._epoch = image.epoch
        self.stale = False
        if self.follower is not None:
            self.follower.reloaded(before, image.position)
        self._log.info("stock loaded", position=image.position, epoch=image.epoch, kept=image.is_kept)

    def _read_image(self) -> StoredStock:
        """What the store holds; of positions that were kept, once, what they lack."""
        kept, self._kept = self._kept, None
        if kept is not None:
            try:
                return self._store.load(*kept)
            except StoreGap as error:
                self._log.info("the matrix that was left is of no use", reason=str(error))
        return self._store.load()

    def _lost(self, error: StoreGap | StoreAway) -> None:
        if not self.stale:
            what = "is away" if isinstance(error, StoreAway) else "has gone on elsewhere"
            self._log.warning(f"the store {what}: quotes go on from memory, writes wait for a fresh copy", error=str(error))
        self.stale = True


class _Committing(NamedTuple):
    """What was planned in a round so far, on its way to the store; who waits is there before it is committed."""

    round: Round
    expected: RecordedWaiters
    planned: list[tuple[Write, Transaction]]
    waiters: list[Waiter]

    def add(self, writes: Sequence[Write], transactions: Sequence[Transaction]) -> None:
        self.planned.extend(zip(writes, transactions, strict=True))
        self.waiters.extend([self.expected.expect(write.request_id) for write in writes])
        for transaction in transactions:
            self.round.add(transaction)


def _read_ahead(readers: Sequence[Reading]) -> None:
    """Have the texts read that the writes of a round need, as they are from now on."""
    for texts in dict.fromkeys(write.texts for write in readers):
        texts.expect([write.names() for write in readers if write.texts is texts])


def _group_at(writes: Sequence[Write], at: int) -> list[Write]:
    """The writes of one group that follow each other from `at` on, as many as are planned together; none: it is of no group."""
    first = writes[at]
    if not isinstance(first, Grouped):
        return []
    some = islice(writes, at, at + GROUP_WRITES_MAX)
    return list(takewhile(lambda write: isinstance(write, Grouped) and write.group is first.group, some))


def named_guard(transaction: Transaction, failed: FailedGuard) -> str:
    """A guard that failed, and what the store holds there, for a person."""
    match failed.guard:
        case Guard.CAPACITY:
            use = transaction.capacities[failed.place]
            return f"capacity of {use.location_id}: {failed.current[0]} of {use.limit} is used"
        case Guard.TEXT:
            text = transaction.texts[failed.place]
            return f"{text.table} {text.field} was changed"
        case Guard.DATE:
            cell = transaction.cells[failed.place].cell
            return f"receipt {cell.receipt_id} of {cell.item_id} at {cell.location_id} was moved to another date"
        case _:
            item_id, location_id, receipt_id, _ = transaction.cells[failed.place].cell
            place = f"{item_id} at {location_id}" + (f" of receipt {receipt_id}" if receipt_id else "")
            return f"{place}: {failed.current[0]} there, {failed.current[1]} of it taken"


def recovering() -> Refusal:
    """Refused because the shared stock cannot be reached or is being rebuilt; nothing was taken."""
    return Refusal(Reason.STORE_RECOVERING, "the shared stock is out of reach or being rebuilt; nothing was taken, try again")


def unsure() -> Refusal:
    """Refused because nobody knows in time whether it is recorded."""
    text = "not recorded within the time allowed; its fate is unknown: repeat it with the same request_id"
    return Refusal(Reason.DEADLINE_EXCEEDED, text)


def order_exists() -> Refusal:
    """Refused because the caller's id of the order is taken."""
    message = "the order was recorded before, under another request_id"
    return Refusal(Reason.ORDER_EXISTS, f"order.order_id: {message}", (FieldViolation("order.order_id", message),))


def fault() -> Refusal:
    """A fault of the engine itself; what it was stands in its log, never in the answer."""
    return Refusal(Reason.FAULT, "a fault of the engine, written to its log; a write may be repeated with the same request_id")


def overruled(position: str) -> Recorded | Refusal | None:
    """What is said of a write that the ledger has overruled, told in place of its position; None: it was not."""
    if not position.startswith(OVERRULED):
        return None
    match position:
        case Overruled.REQUEST:
            # Another engine was faster with the same request.
            return Recorded(position, duplicate=True)
        case Overruled.RECORD:
            return order_exists()
        case _:
            text = "not every shard held and recorded its part in time; nothing was taken, try again"
            return Refusal(Reason.STORE_RECOVERING, text)


def _order_settler(write: Write) -> Callable[[str | None], None]:
    def settle(position: str | None) -> None:
        text = "another request for the order is being recorded, and its fate is unknown; nothing was taken, try again"
        write.settle(order_exists() if position is not None else Refusal(Reason.STORE_RECOVERING, text))

    return settle


def _settler(write: Write, own_position: str = "") -> Callable[[str | None], None]:
    """Settles a write by its record.

    A record at another position than its own commit is that of a repeat, made elsewhere after this commit was lost: it may
    tell of another plan, and so is answered as any duplicate.
    """

    def settle(position: str | None) -> None:
        if position is None:
            write.settle(unsure())
        else:
            write.settle(overruled(position) or Recorded(position, duplicate=position != own_position))

    return settle
