"""What a stream feed asks the engine: records in batches where they may be repeated, else each under an id of its own."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import Any, NamedTuple

import grpc
from belofte.v1 import inventory_service_pb2, types_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from engine.domain.ids import uuid7
from loaders.stream_records import parts_of, request_id_of, runs_of

Request = inventory_service_pb2.AdjustInventoryRequest
UntilDone = Callable[[Callable[[], Any]], Any]

CALL_SECONDS_MAX = 30.0
CALLS_MAX = 64
"""In flight at once, of records that are sent by themselves."""

ATTEMPTS_MAX = 5
"""Ids that one message is sent under: a refusal is recorded, and would be the answer to every repeat of its id."""

REFUSED_CODES = (
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ALREADY_EXISTS,
)  # fmt: skip
"""Statuses of a whole request that come back however often it is repeated. All others say something of the engine."""

HAS_NO_EFFECT = "SUPERSEDED"
"""Applied before, or older than what was: there is nothing left to do with it."""


class Refusal(NamedTuple):
    """Why a record does not count. Not `is_final`: for now only, whatever is in it."""

    why: str
    is_final: bool = True


@dataclass(slots=True)
class StreamCalls:
    """Records of messages on their way to the engine. `until_done` takes a step until it is answered, see `REFUSED_CODES`."""

    stub: Any
    stream: str
    until_done: UntilDone
    message_ids: Sequence[bytes]
    records: Sequence[types_pb2.InventoryRecord]
    refusals: dict[int, Refusal] = field(default_factory=dict, init=False)

    def send(self) -> dict[int, Refusal]:
        """What was refused, by its place; all else counts."""
        for run in runs_of(self.records):
            for first, last in parts_of([self.records[place].ByteSize() for place in run.together]):
                self._send_together(run.together[first:last])
            self._send_alone(run.alone)
        return self.refusals

    def _send_together(self, places: Sequence[int]) -> None:
        # Repeated until it is answered, under one id: what was applied before an answer was lost is not applied again.
        request = Request(request_id=uuid7(), records=[self.records[place] for place in places])
        try:
            answer = self.until_done(partial(self.stub.AdjustInventory, request, timeout=CALL_SECONDS_MAX))
        except grpc.RpcError as error:
            # Nothing of it was applied. Which record it is that cannot be taken is known when it is alone.
            if len(places) == 1:
                self.refusals[places[0]] = refusal_of(error)
                return
            for place in places:
                self._send_together([place])
            return
        for place, result in zip(places, answer.results, strict=True):
            self._note(place, result)

    def _send_alone(self, places: Sequence[int]) -> None:
        in_flight: deque[tuple[int, Request, Any]] = deque()
        for place in places:
            if len(in_flight) == CALLS_MAX:
                self._finish(*in_flight.popleft())
            request = self._request_of(place, 0)
            in_flight.append((place, request, self.stub.AdjustInventory.future(request, timeout=CALL_SECONDS_MAX)))
        for each in in_flight:
            self._finish(*each)

    def _finish(self, place: int, request: Request, call: Any) -> None:
        steps = chain([call.result], repeat(partial(self.stub.AdjustInventory, request, timeout=CALL_SECONDS_MAX)))
        try:
            answer = self.until_done(lambda: next(steps)())
            for attempt in range(1, ATTEMPTS_MAX):
                # The refusal of a delivery before: the record is not applied, and may be by now.
                if answer.results[0].accepted or not answer.duplicate:
                    break
                again = self._request_of(place, attempt)
                answer = self.until_done(partial(self.stub.AdjustInventory, again, timeout=CALL_SECONDS_MAX))
        except grpc.RpcError as error:
            self.refusals[place] = refusal_of(error)
            return
        self._note(place, answer.results[0])

    def _request_of(self, place: int, attempt: int) -> Request:
        request_id = request_id_of(self.stream, self.message_ids[place], attempt)
        return Request(request_id=request_id, records=[self.records[place]])

    def _note(self, place: int, result: inventory_service_pb2.AdjustInventoryResult) -> None:
        if not result.accepted and result.reason != HAS_NO_EFFECT:
            self.refusals[place] = Refusal(f"{result.reason}: {result.message}")


def refusal_of(error: grpc.RpcError) -> Refusal:
    """What a status says of the only record of a request. An id far ahead of the engine's clock is taken when it is time."""
    assert isinstance(error, grpc.Call)
    reason, is_final = error.code().name, True
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad) and error.code() is grpc.StatusCode.INVALID_ARGUMENT:
            is_final = all(violation.field != "request_id" for violation in bad.field_violations)
    return Refusal(f"{reason}: {error.details()}", is_final)
