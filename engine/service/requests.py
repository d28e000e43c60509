"""What became of a write, and calling one off: by a tombstone where it never came, undone where it was on its way.

A tombstone is a commit that changes nothing, under the request id that is called off: whatever comes late under that id has
been seen already. A write that was committed before, and not yet recorded, is undone once it is.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2

from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.fulfilment.draft import Draft, OrderRecord
from engine.fulfilment.order_record import instant
from engine.inventory.effects import add_effects, effects_in, texts_in
from engine.inventory.live import LiveStock
from engine.inventory.recorded import Overruled
from engine.inventory.transaction import CapacityChange, Cell, CellChange, TextChange, TextTable, Transaction
from engine.inventory.write_path import Recorded
from engine.ledger.ledger import RecordedEntry
from engine.service.desk import Call
from engine.service.fields import (
    Violations,
    begin_read,
    begin_write,
    check_request_id,
    digest_of,
    parse,
)
from engine.service.hold_writes import RELEASED, Asked
from engine.service.life import AGAIN_MAX, tools_of
from engine.service.order_changes import call_off
from engine.service.order_write import LifeWrite, Made
from engine.service.record import check_recorded, finisher
from engine.sourcing.reserve import ANY

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

CANCEL_REQUEST, UNDO_REQUEST = "CancelRequest", "UndoRequest"
SOURCE_ORDER, CREATE_RESERVATION = "SourceOrder", "CreateReservation"
"""What is undone: it takes stock and nothing else. A change of what stands already has a method that undoes it, a count
another count."""

CALLED_OFF = "called off by CancelRequest while it was being recorded"

NOT_RECORDED = object()
"""Found in the call: the ledger does not have the request."""

Status = sourcing_service_pb2.RequestStatus
Response = sourcing_service_pb2.CancelRequestResponse

finished_cancel = finisher(Response, UNDO_REQUEST)


def look_up_status(h: "Handlers", call: Call) -> bytes | object:
    """GetRequest, of what is recorded: in a reader's thread."""
    request = parse(sourcing_service_pb2.GetRequestRequest, call.message)
    wrong = begin_read(request, h.image)
    target = _checked_target(h, request, wrong)
    check_recorded(request.min_position, h.ledger)
    recorded = h.ledger.find_requests([target]).get(target)
    if recorded is None and isinstance(h.ledger.find_positions([target]).get(target), Overruled):
        # Its shard's store has seen it, and the ledger has said that it does not count.
        return sourcing_service_pb2.GetRequestResponse(status=Status.REQUEST_STATUS_UNKNOWN).SerializeToString()
    if recorded is None:
        return NOT_RECORDED
    entry = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry)
    if entry.method == CANCEL_REQUEST:
        answer = sourcing_service_pb2.GetRequestResponse(status=Status.REQUEST_STATUS_UNKNOWN, cancelled=True)
        return answer.SerializeToString()
    return sourcing_service_pb2.GetRequestResponse(
        status=Status.REQUEST_STATUS_RECORDED, method=entry.method, position=recorded.position, response=entry.response,
        recorded_at=instant(recorded.recorded_unix_ms),
    ).SerializeToString()  # fmt: skip


def get_request(h: "Handlers", call: Call) -> bytes:
    """GetRequest, of what is not recorded."""
    target = parse(sourcing_service_pb2.GetRequestRequest, call.message).target_request_id.lower()
    status = Status.REQUEST_STATUS_PENDING if h.path.seen(target) else Status.REQUEST_STATUS_UNKNOWN
    return sourcing_service_pb2.GetRequestResponse(status=status).SerializeToString()


def look_up(h: "Handlers", call: Call) -> bytes | Refusal | object:
    """In a reader's thread: what the ledger knows of the request that is called off."""
    request = parse(sourcing_service_pb2.CancelRequestRequest, call.message)
    wrong = begin_write(request, h.image, h.clock.unix_ms())
    if request.request_id == request.target_request_id.lower():
        wrong.add("target_request_id", "the id of another request was expected")
    target = _checked_target(h, request, wrong)
    own = h.recorded_answer(request.request_id, digest_of(request), finished_cancel)
    if own is not None:
        return own
    recorded = h.ledger.find_requests([target]).get(target)
    if recorded is None:
        return NOT_RECORDED
    entry = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry)
    if entry.method != CANCEL_REQUEST:
        return Refusal(
            Reason.WRONG_STATE, *_undone_otherwise(f"{entry.method or 'it'} is recorded at {recorded.position}")
        )  # fmt: skip
    before = sourcing_service_pb2.CancelRequestRequest.FromString(entry.request)
    return finished_cancel(entry.response, recorded.position, duplicate=before.request_id.lower() == request.request_id)


def cancel(h: "Handlers", call: Call) -> "CancelWrite | LifeWrite":
    """CancelRequest."""
    request = parse(sourcing_service_pb2.CancelRequestRequest, call.message)
    h.stock(request.min_position)
    if isinstance(call.found, OrderRecord):
        return undo_order(h, call, request, call.found)
    found = call.found if isinstance(call.found, RecordedEntry) else None
    return CancelWrite(h, call, request, found)


def undo_order(
    h: "Handlers", call: Call, request: sourcing_service_pb2.CancelRequestRequest, record: OrderRecord
) -> LifeWrite:  # fmt: skip
    """Cancel an order that was recorded while it was called off, wherever its units are by now. It has seen no other change."""
    h.stock(record.position)
    digest = digest_of(request)

    def change(draft: Draft, stock: LiveStock, attempt: int) -> Made:
        if record.order.version > 1:
            raise Refusal(Reason.WRONG_STATE, *_undone_otherwise(f"order {record.order.order_id!r} was changed since it"))
        call_off(draft, CALLED_OFF)
        return Made(lambda order: Response(status=Status.REQUEST_STATUS_PENDING), frees_capacity=True)

    def answer(write: LifeWrite, outcome: Recorded | Refusal) -> None:
        match outcome:
            case Refusal(Reason.CONTENDED) if call.tries < AGAIN_MAX:
                h.look_up_again(replace(call, found=None, tries=call.tries + 1), look_up_pending)
            case _:
                h.settled(finished_cancel, call, write.request_id, digest, write.response, outcome)

    asked = Asked(UNDO_REQUEST, request.request_id.lower(), digest, call.message)
    return LifeWrite(asked, record, tools_of(h), change, answer)


class CancelWrite:
    """A tombstone for a request that is not known, or the end of a reservation that was recorded while it was called off."""

    def __init__(
        self, h: "Handlers", call: Call, request: sourcing_service_pb2.CancelRequestRequest, undone: RecordedEntry | None
    ) -> None:  # fmt: skip
        """`undone`: the entry that is undone; None: a tombstone is put."""
        self._h = h
        self._call = call
        self._request = request
        self._undone = undone
        status = Status.REQUEST_STATUS_UNKNOWN if undone is None else Status.REQUEST_STATUS_PENDING
        self._response = Response(status=status).SerializeToString()
        self.request_id = (request.target_request_id if undone is None else request.request_id).lower()

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """Nothing but the id, or the opposite of what was done."""
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=self.request_id, method=CANCEL_REQUEST if self._undone is None else UNDO_REQUEST,
            request_digest=digest_of(self._request), request=self._call.message, response=self._response,
            network_version=self._h.image.version, decided_unix_ms=self._h.clock.unix_ms(),
        )  # fmt: skip
        cells: tuple[CellChange, ...] = ()
        days: tuple[CapacityChange, ...] = ()
        texts: tuple[TextChange, ...] = ()
        if self._undone is not None:
            done = ledger_entry_pb2.LedgerEntry.FromString(self._undone.entry)
            cells, days, texts = opposite(done)
            _say_undone(entry, done)
        add_effects(entry, cells, days, texts)
        return Transaction(self.request_id, entry.request_digest, "", cells, days, entry.SerializeToString(), texts)

    def hold(self, stock: LiveStock) -> None:
        """Nothing is taken."""

    def release(self, stock: LiveStock) -> None:
        """Nothing was."""

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        match outcome:
            case Recorded(position, duplicate=False):
                self._call.answer(finished_cancel(self._response, position, duplicate=False))
            case Recorded():
                # The id was known to the store, and is recorded by now: by the write that is called off, or by a tombstone.
                self._h.look_up_again(self._call, look_up_pending)
            case Refusal():
                self._call.answer(outcome)


def look_up_pending(h: "Handlers", call: Call) -> bytes | Refusal | RecordedEntry | OrderRecord:
    """In a reader's thread: the write that was on its way when it was called off, as it is recorded now."""
    again = look_up(h, call)
    if isinstance(again, bytes):
        return again
    target = parse(sourcing_service_pb2.CancelRequestRequest, call.message).target_request_id.lower()
    recorded = h.ledger.find_requests([target])[target]
    entry = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry)
    if entry.method == SOURCE_ORDER:
        record = h.ledger.find_record(entry.order_id)
        assert record is not None, "its entry was found"
        return record
    if entry.method == CREATE_RESERVATION:
        return recorded
    assert isinstance(again, Refusal)
    return again


def opposite(
    done: ledger_entry_pb2.LedgerEntry,
) -> tuple[tuple[CellChange, ...], tuple[CapacityChange, ...], tuple[TextChange, ...]]:
    """What undoes the entry of a reservation. Its hold must be as it was."""
    changes, uses = effects_in(done)
    cells = tuple(
        CellChange(
            Cell(c.item_id, c.location_id, c.receipt_id, c.pool), -c.supply_delta, -c.demand_delta, None, None, None
        ) for c in changes if c.supply_delta or c.demand_delta
    )  # fmt: skip
    days = tuple(CapacityChange(use.location_id, use.day, -use.quantity_delta, ANY) for use in uses)
    texts = tuple(
        TextChange(TextTable.HOLDS, "", text.field, text.text, "") for text in texts_in(done) if text.table == TextTable.HOLDS
    )
    return cells, days, texts


def _say_undone(entry: ledger_entry_pb2.LedgerEntry, done: ledger_entry_pb2.LedgerEntry) -> None:
    """The reservation as it is left."""
    entry.order_id = done.order_id
    for made in done.reservations:
        ended = entry.reservations.add()
        ended.CopyFrom(made)
        ended.version, ended.state = made.version + 1, RELEASED


def _undone_otherwise(what: str) -> tuple[str, tuple[FieldViolation, ...]]:
    text = f"target_request_id: {what}, and is undone by its own method"
    return text, (FieldViolation("target_request_id", text),)


def _checked_target(
    h: "Handlers", request: sourcing_service_pb2.GetRequestRequest | sourcing_service_pb2.CancelRequestRequest,
    wrong: Violations,
) -> str:  # fmt: skip
    own = Violations()
    check_request_id(request.target_request_id, h.clock.unix_ms(), own)
    for violation in own.invalid:
        wrong.add("target_request_id", violation.description)
    wrong.check()
    return request.target_request_id.lower()
