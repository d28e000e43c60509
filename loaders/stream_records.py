"""Messages of a stream as inventory records: what one holds, which are sent together, and which wait for others."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from belofte.v1 import types_pb2
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from engine.domain.ids import named_id

PAYLOAD_BYTES_MAX = 16_384
"""Of one message. A record has some 100; one longer than a request may be would be refused with all that are sent with it."""

REQUEST_BYTES_MAX = 2**19
"""Of the records sent together: half of what a server takes by default."""

MESSAGE_MS_MAX = 4_102_444_800_000
"""The year 2100: a message id that begins with more was written by hand, and says nothing of when."""

DELTAS = (types_pb2.INVENTORY_KIND_ADJUST, types_pb2.INVENTORY_KIND_RECEIVED, types_pb2.INVENTORY_KIND_SHIPPED)


class Run(NamedTuple):
    """Records that need not wait for each other, by their places. Those sent together keep their order."""

    together: list[int]
    alone: list[int]


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


def is_repeatable(record: types_pb2.InventoryRecord) -> bool:
    """Whether it may be sent again under another request id: a delta only where its feed numbers it."""
    return record.kind not in DELTAS or bool(record.source and record.sequence)


def request_id_of(stream: str, message_id: bytes, attempt: int) -> str:
    """The request id of a message that is sent by itself, whoever sends it; `attempt`: how often it was refused before.

    Its time is the message's own. By it the engine knows how long to look for a repeat, and refuses one that is far ahead.
    """
    unix_ms = int(message_id.partition(b"-")[0])
    return named_id(unix_ms if unix_ms < MESSAGE_MS_MAX else 0, f"{stream}/{message_id.decode()}/{attempt}")


def runs_of(records: Sequence[types_pb2.InventoryRecord]) -> list[Run]:
    """Runs to be sent one after the other, so that records of one item and location, or of one order, keep their order.

    Deltas of one kind may change places, for they add up to the same; and what is sent together keeps its order anyhow.
    A record is in the first run in which nothing that it waits for is left.
    """
    runs: list[Run] = []
    # By what records have in common: the last run of each sort of them.
    last: defaultdict[tuple[str, ...], dict[tuple[int, bool], int]] = defaultdict(dict)
    for at, record in enumerate(records):
        is_alone = not is_repeatable(record)
        run, sort = 0, (int(record.kind), is_alone)
        keys: list[tuple[str, ...]] = [(record.item_id, record.location_id)]
        if record.order_id:
            keys.append((record.order_id,))
        for key in keys:
            for (kind, was_alone), earlier in last[key].items():
                is_any_alone = is_alone or was_alone
                may_change_places = is_any_alone and kind == record.kind and len(key) > 1
                if not may_change_places:
                    run = max(run, earlier + is_any_alone)
        for key in keys:
            last[key][sort] = max(run, last[key].get(sort, 0))
        if run == len(runs):
            runs.append(Run([], []))
        (runs[run].alone if is_alone else runs[run].together).append(at)
    return runs


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
