"""SyncInventory: the stock of locations becomes what a stream says, and nothing where it says nothing; demand stays.

The stream is looked at when it has ended well. Its rows are applied in parts, each a transaction under an id that follows
from the request's, so that a repeat of the request goes on where a crash ended it. Then positions that no row named are set
to zero, and at last the request itself is recorded, with the answer. Parts are planned one at a time in the desk's thread,
so that orders and quotes come between.
"""

import hashlib
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np
import orjson
from belofte.v1 import inventory_service_pb2, ledger_entry_pb2, types_pb2
from numpy.typing import NDArray

from engine.domain.ids import derived_id, is_id, unix_ms_of
from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.inventory.effects import add_effects
from engine.inventory.feed_texts import FeedTexts, TextName
from engine.inventory.keys import REMEMBERED_MS
from engine.inventory.live import LiveStock
from engine.inventory.transaction import TextChange, TextTable, Transaction
from engine.inventory.write_path import Awaited, Reading, Recorded, Write
from engine.ledger.ledger import Ledger
from engine.network.image import NetworkImage
from engine.service.adjust import Adjustment, AdjustWrite
from engine.service.feed_orders import OrderBooks
from engine.service.feed_rows import COUNT, INBOUND, ON_HAND, ms_of, refuse_as_of, refuse_record, row_of
from engine.service.fields import (
    begin_write,
    digest_of,
    indexes_of,
    parse,
)
from engine.service.record import check_recorded, finisher, refused_forgotten, refused_reuse

SYNC_INVENTORY = "SyncInventory"
ROWS_EACH = 500
"""Rows in one transaction: others wait while it is planned."""

PARTS_IN_FLIGHT = 2
"""While one is recorded the next is planned; more of them would keep quotes and orders waiting."""

MESSAGE_ROWS_MAX = 1_000
REJECTED_MAX = 1_000
ITEMS_EACH = 2_000
"""Items looked through at once for positions that no row named."""

PART_SECONDS_MAX = 60.0
AGAIN_SECONDS = 0.05
PASSING = (Reason.CONTENDED, Reason.STORE_RECOVERING, Reason.RECORD_LAGGING, Reason.DEADLINE_EXCEEDED)
"""Refusals after which a part is tried again, under the same id."""

Request = inventory_service_pb2.SyncInventoryRequest
Response = inventory_service_pb2.SyncInventoryResponse

finished_sync = finisher(Response)


@dataclass(frozen=True, slots=True)
class SyncTools:
    """What a synchronisation works with. `hand` has the desk's thread do something; `image` and `stock` are for there."""

    image: Callable[[], NetworkImage]
    stock: Callable[[], LiveStock]
    run: Callable[[Sequence[Write]], None]
    hand: Callable[[Callable[[], bool]], None]
    texts: FeedTexts
    books: OrderBooks
    ledger: Ledger
    unix_ms: Callable[[], int]


@dataclass(eq=False)
class _Plain(Reading, Awaited):
    """A transaction of its own: the claim of a source at the start, the answer at the end. `needed`: texts it is made of."""

    request_id: str
    make: Callable[[], Transaction]
    texts: FeedTexts
    needed: Sequence[TextName] = ()

    def names(self) -> Sequence[TextName]:
        """Texts of the store that it needs."""
        return self.needed

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """Raises `Refusal`."""
        return self.make()


class Sync:
    """One request, from its stream to its answer. Used by one thread beside the desk."""

    def __init__(self, stream: Iterable[bytes], image: NetworkImage, tools: SyncTools) -> None:
        """Checks the first message. Raises `Refusal`."""
        self._stream = stream
        self._image = image
        self._tools = tools
        first = next(iter(stream), b"")
        self._first = parse(Request, first)
        self._locations = self._check(self._first)
        self._named = array("q")
        self._named_apart: set[tuple[int, int, str, str]] = set()
        self._answer = Response()
        self._place = 0

    @property
    def request_id(self) -> str:
        """The caller's id of the request."""
        return self._first.request_id

    def digest(self) -> bytes:
        """SHA-256 of all that the stream asks for. Raises `Refusal` where a message is none, or too large."""
        digest = hashlib.sha256()
        for number, message in enumerate(self._stream):
            part = parse(Request, message)
            if len(part.records) > MESSAGE_ROWS_MAX:
                text = (
                    f"at most {MESSAGE_ROWS_MAX} records a message were expected, not {len(part.records)} in message {number}"
                )
                raise invalid([FieldViolation("records", text)])
            digest.update(digest_of(part))
        return digest.digest()

    def apply(self, digest: bytes) -> bytes:
        """Do it, and wait for the record: the answer. Raises `Refusal`; what was done then is completed by a repeat."""
        self._claim(digest)
        started: deque[Callable[[], None]] = deque()
        for number, rows in enumerate(self._parts()):
            started.append(self._apply_rows(f"rows/{number}", rows, digest))
            if len(started) == PARTS_IN_FLIGHT:
                started.popleft()()
        for finish in started:
            finish()
        for rows in self._unnamed():
            text = b"".join(row.SerializeToString(deterministic=True) for row in rows)
            answer = self._write_rows(f"zero/{hashlib.sha256(text).hexdigest()}", rows, digest)()
            self._answer.zeroed_count += answer.accepted_count
        response = self._answer.SerializeToString()
        position = self._write(
            lambda: _Plain(
                self.request_id, lambda: self._transaction(self.request_id, digest, response), self._tools.texts
            ),
            digest,
        )  # fmt: skip
        return finished_sync(response, position, duplicate=False)

    # -- the first message

    def _check(self, first: inventory_service_pb2.SyncInventoryRequest) -> tuple[int, ...]:
        now = self._tools.unix_ms()
        wrong = begin_write(first, self._image, now)
        locations = indexes_of(first.location_ids, "location_ids", self._image, wrong)
        if first.source and not is_id(first.source):
            wrong.add("source", "an id of 1–128 letters, digits or ._:/@+- was expected")
        if first.HasField("as_of") and (refusal := refuse_as_of(first.as_of, now)):
            wrong.add("as_of", refusal[1].removeprefix("as_of: "))
        wrong.check()
        check_recorded(first.min_position, self._tools.ledger)
        return locations

    def _claim(self, digest: bytes) -> None:
        """Say whose synchronisation is the newest of its source, for each location it replaces. Raises `Refusal`."""
        source = self._first.source
        if not source:
            return
        claimed = [_sync_name(source, location_id) for location_id in self._first.location_ids or ("",)]
        names = list(dict.fromkeys([*claimed, _sync_name(source, "")]))
        request_id = self._part_id("claim")

        def make() -> Transaction:
            self._tools.texts.need(names)
            before = {name: self._tools.texts.get(name) for name in names}
            for text in before.values():
                self._refuse_older(text)
            as_of = [ms_of(self._first.as_of), 1] if self._first.HasField("as_of") else [self._tools.unix_ms(), 0]
            text = orjson.dumps([*as_of, self.request_id]).decode()
            changes = tuple(TextChange(*name, before[name], text) for name in claimed)
            return self._transaction(request_id, digest, b"", changes)

        self._write(lambda: _Plain(request_id, make, self._tools.texts, names), digest)

    def _refuse_older(self, text: str) -> None:
        if not text:
            return
        unix_ms, is_dated, request_id = orjson.loads(text)
        if request_id != self.request_id and is_dated and self._first.HasField("as_of") and ms_of(self._first.as_of) < unix_ms:
            message = f"as_of: a newer synchronisation of {self._first.source} has been applied, {request_id}"
            raise Refusal(Reason.WRONG_STATE, message, (FieldViolation("as_of", message),))

    # -- rows

    def _parts(self) -> Iterator[list[types_pb2.InventoryRecord]]:
        rows: list[types_pb2.InventoryRecord] = []
        for message in self._stream:
            for record in parse(Request, message).records:
                rows.append(record)
                if len(rows) == ROWS_EACH:
                    yield rows
                    rows = []
        if rows:
            yield rows

    def _apply_rows(self, name: str, rows: list[types_pb2.InventoryRecord], digest: bytes) -> Callable[[], None]:
        """Put one part on its way; what is returned waits for it and adds it up."""
        for record in rows:
            self._note_named(record)
            self._complete(record)
        ended = self._write_rows(name, rows, digest)

        def finish() -> None:
            answer = ended()
            self._answer.accepted_count += answer.accepted_count
            self._answer.rejected_count += answer.rejected_count
            for result in answer.results:
                if not result.accepted and len(self._answer.rejected) < REJECTED_MAX:
                    self._answer.rejected.add().CopyFrom(result)
                    self._answer.rejected[-1].index = self._place + result.index
            self._place += len(rows)
            del self._answer.gaps[:]
            self._answer.gaps.extend(answer.gaps)
            self._answer.gap_count = answer.gap_count

        return finish

    def _complete(self, record: types_pb2.InventoryRecord) -> None:
        """What a row does not say itself, the stream says."""
        record.source = record.source or self._first.source
        if not record.HasField("as_of") and self._first.HasField("as_of"):
            record.as_of.CopyFrom(self._first.as_of)

    def _note_named(self, record: types_pb2.InventoryRecord) -> None:
        """Also by a row that is refused: what is wrong with it, it is not that there is nothing."""
        item, location = self._image.item_index.get(record.item_id), self._image.location_index.get(record.location_id)
        if item is None or location is None:
            return
        if record.receipt_id or record.pool:
            self._named_apart.add((item, location, record.receipt_id, record.pool))
        else:
            self._named.append(item * len(self._image.location_ids) + location)

    def _refuse(self, record: types_pb2.InventoryRecord) -> tuple[Reason, str] | None:
        refusal = refuse_record(record, self._image, self._tools.unix_ms())
        if refusal is not None:
            return refusal
        if record.kind not in (ON_HAND, COUNT, INBOUND):
            return Reason.INVALID_FIELD, "kind: ON_HAND, COUNT or INBOUND was expected"
        if self._locations and self._image.location_index[record.location_id] not in self._locations:
            return Reason.INVALID_FIELD, f"location_id: {record.location_id} is not among the locations that are replaced"
        return None

    def _write_rows(
        self, name: str, rows: list[types_pb2.InventoryRecord], digest: bytes
    ) -> Callable[[], inventory_service_pb2.AdjustInventoryResponse]:
        """Put rows on their way under an id that follows from `name`; what is returned waits for what becomes of them."""
        request_id = self._part_id(name)
        refusals = {} if name.startswith("zero/") else {i: why for i, row in enumerate(rows) if (why := self._refuse(row))}
        message = Request(source=self._first.source, records=rows).SerializeToString()
        accepted = {i: row_of(row) for i, row in enumerate(rows) if i not in refusals}
        adjustment = Adjustment(request_id, digest, message, accepted, refusals)
        written: list[_Part] = []

        def make() -> _Part:
            tools = self._tools
            part = _Part(adjustment, self._image, tools.texts, tools.books, tools.unix_ms, _tell_nobody, SYNC_INVENTORY)
            written.append(part)
            return part

        first = self._start(make())

        def ended() -> inventory_service_pb2.AdjustInventoryResponse:
            self._finish(first, make, digest)
            part = written[-1]
            assert isinstance(part.outcome, Recorded)
            # One that was known already was never planned.
            response = b"" if part.outcome.duplicate else part.response
            if part.outcome.duplicate:
                recorded = self._tools.ledger.find_requests([request_id])[request_id]
                response = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry).response
            return inventory_service_pb2.AdjustInventoryResponse.FromString(response)

        return ended

    # -- what no row named

    def _unnamed(self) -> Iterator[list[types_pb2.InventoryRecord]]:
        """Rows of zero for positions of the locations that hold something and were not named."""
        named = np.unique(np.frombuffer(self._named, np.int64)) if self._named else np.zeros(0, np.int64)
        for first in range(0, len(self._image.item_ids), ITEMS_EACH):
            found: list[types_pb2.InventoryRecord] = []
            looked_through = Event()

            def look(first: int = first, found: list[types_pb2.InventoryRecord] = found, done: Event = looked_through) -> bool:
                if self._tools.image() is self._image:
                    found += self._unnamed_of(range(first, min(first + ITEMS_EACH, len(self._image.item_ids))), named)
                done.set()
                return True

            self._tools.hand(look)
            if not looked_through.wait(PART_SECONDS_MAX):
                raise Refusal(Reason.OVERLOADED, "the engine is busy; repeat it with the same request_id")
            for at in range(0, len(found), ROWS_EACH):
                yield found[at : at + ROWS_EACH]

    def _unnamed_of(self, items: range, named: NDArray[np.int64]) -> Iterator[types_pb2.InventoryRecord]:
        image, matrix = self._image, self._tools.stock().matrix
        for item in items:
            row = matrix.row(item)
            for at in row.start + np.flatnonzero(matrix.supply[row]):
                slot, location = matrix.slots[matrix.slot[at]], int(matrix.location[at])
                if self._locations and location not in self._locations:
                    continue
                if slot.receipt_id or slot.pool:
                    if (item, location, slot.receipt_id, slot.pool) in self._named_apart:
                        continue
                else:
                    key = item * len(image.location_ids) + location
                    place = int(np.searchsorted(named, key))
                    if place < len(named) and named[place] == key:
                        continue
                record = types_pb2.InventoryRecord(
                    item_id=image.item_ids[item], location_id=image.location_ids[location], receipt_id=slot.receipt_id,
                    pool=slot.pool, kind=INBOUND if slot.receipt_id else ON_HAND,
                )  # fmt: skip
                self._complete(record)
                yield record

    # -- on the write path

    def _transaction(
        self, request_id: str, digest: bytes, response: bytes, texts: tuple[TextChange, ...] = ()
    ) -> Transaction:  # fmt: skip
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=request_id, method=SYNC_INVENTORY, request_digest=digest, response=response,
            network_version=self._image.version, decided_unix_ms=self._tools.unix_ms(),
            request=Request(
                request_id=self.request_id, source=self._first.source, location_ids=self._first.location_ids,
                as_of=self._first.as_of if self._first.HasField("as_of") else None,
            ).SerializeToString(),
        )  # fmt: skip
        add_effects(entry, (), (), texts)
        return Transaction(request_id, digest, "", (), (), entry.SerializeToString(), texts)

    def _write(self, make: "Callable[[], _Plain | _Part]", digest: bytes) -> str:
        """Commit by way of the desk's thread and wait for the record: its position. Raises `Refusal`."""
        return self._finish(self._start(make()), make, digest)

    def _start(self, write: "_Plain | _Part") -> "_Plain | _Part":
        recorded = self._tools.ledger.find_requests([write.request_id]) if self._is_old() else {}
        if recorded:
            write.settle(Recorded(recorded[write.request_id].position, duplicate=True))
        else:
            self._tools.hand(lambda: self._run(write))
        return write

    def _is_old(self) -> bool:
        """Whether the store may have forgotten the ids of its parts, so that only the ledger knows them."""
        return self._tools.unix_ms() - unix_ms_of(self.request_id) >= REMEMBERED_MS

    def _finish(self, write: "_Plain | _Part", make: "Callable[[], _Plain | _Part]", digest: bytes) -> str:
        """Wait for what was put on its way, which is made anew where it may be tried again."""
        give_up_at = time.monotonic() + PART_SECONDS_MAX
        while True:
            if not write.settled.wait(PART_SECONDS_MAX):
                raise Refusal(Reason.DEADLINE_EXCEEDED, "a part was not recorded in time; repeat it with the same request_id")
            outcome = write.outcome
            if isinstance(outcome, Recorded):
                if outcome.duplicate:
                    self._check_same(write.request_id, digest)
                return outcome.position
            assert isinstance(outcome, Refusal)
            if outcome.reason not in PASSING or time.monotonic() > give_up_at or self._tools.image() is not self._image:
                raise outcome
            time.sleep(AGAIN_SECONDS)
            write = self._start(make())

    def _run(self, write: "_Plain | _Part") -> bool:
        if self._tools.image() is self._image:
            self._tools.run([write])
        else:
            # Indexes of the one network mean nothing in the other.
            write.settle(Refusal(Reason.CONTENDED, "the network was reloaded meanwhile; repeat it with the same request_id"))
        return True

    def _check_same(self, request_id: str, digest: bytes) -> None:
        recorded = self._tools.ledger.find_requests([request_id]).get(request_id)
        assert recorded is not None, "the ledger said that it was recorded"
        if not recorded.entry:
            raise refused_forgotten(recorded.position)
        entry = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry)
        if entry.method != SYNC_INVENTORY or entry.request_digest != digest:
            raise refused_reuse()

    def _part_id(self, name: str) -> str:
        return derived_id(self.request_id, name)


@dataclass(eq=False)
class _Part(AdjustWrite, Awaited):
    """Rows of a synchronisation on the write path."""

    settle = Awaited.settle


def _tell_nobody(write: AdjustWrite, outcome: Recorded | Refusal) -> None:
    """A part is no call of its own."""


def _sync_name(source: str, location_id: str) -> TextName:
    """The text that says which synchronisation of a source is the newest at a location, or of the whole network."""
    return TextName(TextTable.FEEDS, "", f"|{source}|{location_id}")
