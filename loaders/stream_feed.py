"""A Redis stream as a feed: its messages become inventory records, and are acknowledged once these are recorded.

Each message has a field `payload`: an InventoryRecord, as JSON or as protobuf. Records with source and sequence, and absolute
ones, count once however often a message is delivered. What is refused is delivered again, since a network may be reloaded
and an order recorded meanwhile; after five times it is moved to a dead-letter stream, with the reason.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import grpc
import redis
import structlog
from belofte.v1 import inventory_service_pb2, inventory_service_pb2_grpc, types_pb2
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from engine.domain.ids import uuid7

RECORDS_MAX = 1_000
PAYLOAD_BYTES_MAX = 16_384
"""Of one message. A record has some 100; one longer than a request may be would be refused with all that are sent with it."""

REQUEST_BYTES_MAX = 2**19
"""Of the records sent together: half of what a server takes by default."""

DELIVERIES_MAX = 5
CALL_SECONDS_MAX = 30.0
READ_MS_MAX = 500
AGAIN_SECONDS = 0.5
TELL_AGAIN_SECONDS = 30.0
HAS_NO_EFFECT = "SUPERSEDED"
"""Applied before, or older than what was: there is nothing left to do with it."""


class Message(NamedTuple):
    """One message of the stream."""

    message_id: bytes
    payload: bytes


@dataclass(slots=True)
class StreamFeed:
    """One consumer of a group. Used by one thread; `stop` may be called from another.

    `again_ms`: how long a message is left to its consumer before anybody, this one as well, may try it again.
    """

    client: "redis.Redis"
    address: str
    stream: str
    group: str
    consumer: str
    dead_letters: str
    again_ms: int
    applied_count: int = field(default=0, init=False)
    dead_count: int = field(default=0, init=False)
    _is_stopping: bool = field(default=False, init=False)
    _claim_at: float = field(default=0.0, init=False)
    _told_at: float = field(default=-TELL_AGAIN_SECONDS, init=False)
    _log: Any = field(default_factory=lambda: structlog.get_logger("feed"), init=False)

    def stop(self) -> None:
        """Ask `run` to end after what it has in hand."""
        self._is_stopping = True

    def run(self, advance: Callable[[int, int], None] = lambda applied, dead: None) -> None:
        """Follow the stream until asked to stop; `advance` is told how many messages were applied, and given up."""
        with grpc.insecure_channel(self.address) as channel:
            stub = inventory_service_pb2_grpc.InventoryServiceStub(channel)
            self._until_done(self._make_group)
            while not self._is_stopping:
                messages = self._until_done(self._next)
                if messages:
                    self._handle(messages, stub)
                    advance(self.applied_count, self.dead_count)

    def _make_group(self) -> None:
        try:
            self.client.xgroup_create(self.stream, self.group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _next(self) -> list[Message]:
        """What nobody has finished with for a while, or else what is new."""
        if time.monotonic() >= self._claim_at:
            _, claimed, *_ = self.client.xautoclaim(
                self.stream, self.group, self.consumer, self.again_ms, "0-0", count=RECORDS_MAX
            )
            if claimed:
                return [_message(*each) for each in claimed]
            self._claim_at = time.monotonic() + self.again_ms / 1_000
        found = self.client.xreadgroup(self.group, self.consumer, {self.stream: ">"}, count=RECORDS_MAX, block=READ_MS_MAX)
        return [_message(*each) for _, messages in found for each in messages]

    def _handle(self, messages: Sequence[Message], stub: Any) -> None:
        refused: dict[bytes, str] = {}
        records: list[types_pb2.InventoryRecord] = []
        of_records: list[Message] = []
        for message in messages:
            try:
                records.append(decode_record(message.payload))
                of_records.append(message)
            except ValueError as error:
                refused[message.message_id] = f"INVALID_FIELD: payload: {error}"
        for first, last in parts_of([each.ByteSize() for each in records]):
            # Repeated until it is answered, under one id: what was applied before an answer was lost is not applied again.
            request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=records[first:last])
            answer = self._until_done(partial(stub.AdjustInventory, request, timeout=CALL_SECONDS_MAX))
            if answer is None:
                return
            for message, result in zip(of_records[first:last], answer.results, strict=True):
                if not result.accepted and result.reason != HAS_NO_EFFECT:
                    refused[message.message_id] = f"{result.reason}: {result.message}"
        done = [message.message_id for message in messages if message.message_id not in refused]
        if done:
            self._until_done(lambda: self.client.xack(self.stream, self.group, *done))
            self.applied_count += len(done)
        if refused:
            self._until_done(lambda: self._give_up([each for each in messages if each.message_id in refused], refused))

    def _give_up(self, messages: Sequence[Message], reasons: dict[bytes, str]) -> None:
        """Move to the dead letters what has been delivered often enough; the rest comes again."""
        asked = self.client.pipeline(transaction=False)
        for message in messages:
            asked.xpending_range(self.stream, self.group, message.message_id, message.message_id, 1)
        for message, pending in zip(messages, asked.execute(), strict=True):
            if not pending or pending[0]["times_delivered"] < DELIVERIES_MAX:
                continue
            moved = self.client.pipeline(transaction=True)
            moved.xadd(self.dead_letters, {
                "payload": message.payload, "reason": reasons[message.message_id], "message_id": message.message_id,
                "stream": self.stream, "deliveries": pending[0]["times_delivered"],
            })  # fmt: skip
            moved.xack(self.stream, self.group, message.message_id)
            moved.execute()
            self.dead_count += 1
            self._log.warning("given up", message_id=message.message_id.decode(), reason=reasons[message.message_id])

    def _until_done(self, step: Callable[[], Any]) -> Any:
        """Take a step, again and again while the store or the engine is away; None when asked to stop meanwhile."""
        while True:
            try:
                return step()
            except (redis.ConnectionError, redis.TimeoutError, grpc.RpcError) as error:
                if isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                    raise
                self._tell_away(error)
                if self._is_stopping:
                    return None
                time.sleep(AGAIN_SECONDS)

    def _tell_away(self, error: Exception) -> None:
        if time.monotonic() - self._told_at >= TELL_AGAIN_SECONDS:
            self._told_at = time.monotonic()
            why = error.details() if isinstance(error, grpc.Call) else str(error)
            self._log.warning("the stream or the engine is away: trying again until it is back", error=why)


def decode_record(payload: bytes) -> types_pb2.InventoryRecord:
    """The record in a message. Raises ValueError."""
    if not payload:
        raise ValueError("an InventoryRecord was expected, as JSON or as protobuf")
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"at most {PAYLOAD_BYTES_MAX} bytes were expected, found {len(payload)}")
    try:
        if payload.lstrip()[:1] == b"{":
            return json_format.Parse(payload, types_pb2.InventoryRecord())
        return types_pb2.InventoryRecord.FromString(payload)
    except (json_format.ParseError, DecodeError, UnicodeDecodeError) as error:
        raise ValueError(" ".join(str(error).split())) from error


def parts_of(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(first, last + 1) of records that go together, in their order: as many as a request may hold."""
    first = size = 0
    for at, each in enumerate(sizes):
        if size + each > REQUEST_BYTES_MAX and at > first:
            yield first, at
            first, size = at, 0
        size += each
    if first < len(sizes):
        yield first, len(sizes)


def _message(message_id: bytes, fields: dict[bytes, bytes]) -> Message:
    return Message(message_id, fields.get(b"payload", b""))
