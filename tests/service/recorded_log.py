"""A ledger for tests, written as the sidecar writes it, without a store before it."""

from belofte.v1 import ledger_entry_pb2, types_pb2

from engine.domain.clock import Clock, SystemClock
from engine.domain.ids import uuid7
from engine.inventory.client import ordinal
from engine.inventory.gate import LogEntry, link_of
from engine.inventory.shards import WHOLE, Shards
from engine.ledger.recorder import Recorder

Entry = ledger_entry_pb2.LedgerEntry


class RecordedLog:
    """What is recorded goes on from what is there; each of these begins an epoch, of a shard where there are several."""

    def __init__(self, url: str, shard: int = 0, shards: Shards = WHOLE, clock: Clock | None = None) -> None:
        self._recorder = Recorder.take_over(url, clock or SystemClock(), 0, shard, shards)
        self._made: set[str] = set()

    def close(self) -> None:
        self._recorder.close()

    def record(self, *entries: Entry) -> list[str]:
        """Their positions."""
        last, log = self._recorder.last, []
        position, link = last.position, last.link
        for entry in entries:
            entry.request_id = entry.request_id or uuid7()
            epoch, sequence = ordinal(position)
            at = f"{self._recorder.epoch}-{sequence + 1 if epoch == self._recorder.epoch else 1}"
            content = entry.SerializeToString()
            link = link_of(link, at, entry.request_id, content)
            created_id = "" if entry.order_id in self._made else entry.order_id
            self._made.add(created_id)
            log.append(LogEntry(at, position, entry.request_id, created_id, link, content))
            position = at
        self._recorder.record(log)
        return [each.position for each in log]


def sourced(order_id: str, **fields: object) -> Entry:
    """An entry that makes an order, with one event."""
    request_id = uuid7()
    event = types_pb2.OrderEvent(
        event_id=f"{request_id}-1", order_id=order_id, type=types_pb2.EVENT_TYPE_ORDER_SOURCED,
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip
    return Entry(request_id=request_id, order_id=order_id, events=[event])
