"""A Redis stream as a feed: its messages become inventory records, and are acknowledged once these are recorded.

Each message has a field `payload`: an InventoryRecord, as JSON or as protobuf. It counts once however often it is delivered:
by the source and sequence of the record, by what an absolute record says, or else, for a delta without them, by a request id
that follows from the stream's name and the message's id. What one consumer reads of a position is applied in the order of the
stream, but for what is refused. That is delivered again, since a network may be reloaded and an order recorded meanwhile;
after five times it is moved to a dead-letter stream, with the reason.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import grpc
import redis
import structlog
from belofte.v1 import inventory_service_pb2_grpc, types_pb2

from loaders.stream_calls import REFUSED_CODES, Refusal, StreamCalls
from loaders.stream_records import decode_record

RECORDS_MAX = 1_000
DELIVERIES_MAX = 5
READ_MS_MAX = 500
AGAIN_SECONDS = 0.5
TELL_AGAIN_SECONDS = 30.0


class Stopped(Exception):  # noqa: N818 - an outcome, not an error of the program
    """Asked to stop while the store or the engine was away."""


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
            with suppress(Stopped):
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
        refused: dict[bytes, Refusal] = {}
        records: list[types_pb2.InventoryRecord] = []
        ids: list[bytes] = []
        for message in messages:
            try:
                records.append(decode_record(message.payload))
                ids.append(message.message_id)
            except ValueError as error:
                refused[message.message_id] = Refusal(f"INVALID_FIELD: payload: {error}")
        calls = StreamCalls(stub, self.stream, self._until_done, ids, records)
        refused.update({ids[place]: refusal for place, refusal in calls.send().items()})
        done = [message.message_id for message in messages if message.message_id not in refused]
        if done:
            self._until_done(lambda: self.client.xack(self.stream, self.group, *done))
            self.applied_count += len(done)
        reasons = {message_id: refusal.why for message_id, refusal in refused.items() if refusal.is_final}
        if reasons:
            self._until_done(lambda: self._give_up([each for each in messages if each.message_id in reasons], reasons))
        early = next((refusal.why for refusal in refused.values() if not refusal.is_final), "")
        if early:
            self._tell("the ids of messages are ahead of the engine's clock: trying again until it is their time", early)

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
        """Take a step, again and again while the store or the engine is away, or lets nobody in.

        Raises `Stopped` when asked to stop meanwhile, and the statuses that say that a request cannot be taken as it is.
        """
        while True:
            try:
                return step()
            except (redis.ConnectionError, redis.TimeoutError, grpc.RpcError) as error:
                if isinstance(error, grpc.Call) and error.code() in REFUSED_CODES:
                    raise
                why = error.details() if isinstance(error, grpc.Call) else str(error)
                self._tell("the stream or the engine is away: trying again until it is back", why or "")
                if self._is_stopping:
                    raise Stopped from error
                time.sleep(AGAIN_SECONDS)

    def _tell(self, what: str, why: str) -> None:
        if time.monotonic() - self._told_at >= TELL_AGAIN_SECONDS:
            self._told_at = time.monotonic()
            self._log.warning(what, error=why)


def _message(message_id: bytes, fields: dict[bytes, bytes]) -> Message:
    return Message(message_id, fields.get(b"payload", b""))
