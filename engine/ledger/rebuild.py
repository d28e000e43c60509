"""The shared store rebuilt from the ledger: every recorded effect added up, then written under keys of its own."""

from collections.abc import Callable, Iterable, Iterator

import structlog

from engine.inventory.gate import Hash, StoreGate
from engine.inventory.keys import Layout, blocks_for
from engine.ledger.recorder import Recorder
from engine.ledger.snapshot_sums import begin
from engine.ledger.snapshots import NOTHING_YET
from engine.ledger.sums import Sums

FIELDS_MAX = 2_000
"""Fields written by one script call."""


def rebuild_store(
    recorder: Recorder, gate: StoreGate, location_count: int, advance: Callable[[int], None]
) -> Layout:  # fmt: skip
    """Fill the keys of a new generation; nothing reads them before the gate is opened with the layout returned.

    The newest snapshot is gone on from, where there is one. `location_count` is how many locations the network has; `advance`
    is told how many entries have been read. Raises Superseded, StoreAway, SnapshotError.
    """
    sums = Sums(recorder.clock.unix_ms())
    begun = begin(recorder.database, sums) if recorder.shards.count == 1 else NOTHING_YET
    if begun is not NOTHING_YET:
        structlog.get_logger("rebuild").info("goes on from a snapshot", position=begun.position)
    for count, replayed in enumerate(recorder.replay(begun.position), 1):
        sums.add(replayed)
        if count % FIELDS_MAX == 0:
            advance(count)
    layout = Layout(recorder.epoch, blocks_for(max(location_count, len(sums.locations()))))
    for chunk in in_chunks(sums.hashes(gate.keys.data(layout))):
        gate.fill(recorder.epoch, chunk)
    return layout


def in_chunks(pieces: Iterable[tuple[str, dict[str, int | str], int]]) -> Iterator[list[Hash]]:
    """Hashes in groups of at most FIELDS_MAX fields; a larger hash is divided."""
    chunk: list[Hash] = []
    room = FIELDS_MAX
    for key, fields, expires in pieces:
        flat = list(fields.items())
        while flat:
            part, flat = flat[:room], flat[room:]
            chunk.append(Hash(key, [text for pair in part for text in pair], expires))
            room -= len(part)
            if room == 0:
                yield chunk
                chunk, room = [], FIELDS_MAX
    if chunk:
        yield chunk
