"""What counts of the entries of one shard's log, where a network has several: judged in the transaction that records them.

A shard's store knows the requests and records of its own log alone. That a request is done once and a record created once is
a matter of the ledger: an entry that contradicts what another shard has recorded is recorded as overruled. It keeps its place
in the log, changes no order, and what it changed of stock is taken back by an entry that undoes it.

A write over several shards is made by one entry, its decision. It is confirmed where all of its parts are recorded and nobody
has decided otherwise before; that is one row, and the first insert of it stands.
"""

from collections.abc import Sequence
from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2
from sqlalchemy import ColumnElement, Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.domain.ids import derived_id
from engine.inventory.client import ordinal
from engine.inventory.gate import LogEntry
from engine.inventory.parts import Decision
from engine.inventory.recorded import Overruled
from engine.inventory.shards import Shards, join
from engine.ledger.tables import decisions, entries, overruled

IDS_MAX = 500


class Verdict(NamedTuple):
    """Under which request and as which record an entry is recorded, whether it counts, and what its waiter is told."""

    request_id: str
    created_id: str
    counts: bool
    told: str


def judge(
    connection: Connection, log: Sequence[LogEntry], messages: Sequence[ledger_entry_pb2.LedgerEntry], shards: Shards
) -> list[Verdict]:  # fmt: skip
    """The verdict on each entry that is about to be recorded; decisions and what is overruled are written."""
    asked = [_asked(each, message) for each, message in zip(log, messages, strict=True)]
    requests = _found(connection, entries.c.request_id, [request_id for request_id, _ in asked])
    records = _found(connection, entries.c.created_id, [created_id for _, created_id in asked if created_id])
    parts_wanted = [part_id for message in messages for part_id in message.decision.part_ids]
    recorded = _positions(connection, parts_wanted)
    verdicts: list[Verdict] = []
    rows: list[dict[str, object]] = []
    for each, message, (request_id, created_id) in zip(log, messages, asked, strict=True):
        why: Overruled | None = None
        told = each.position
        if request_id in requests:
            why = Overruled.REQUEST
        elif created_id and created_id in records:
            why = Overruled.RECORD
        if message.HasField("decision"):
            parts = {part_id: recorded[part_id] for part_id in message.decision.part_ids if part_id in recorded}
            # Who has seen all this has seen the whole of it; of one log the later position is enough.
            seen = {shards.of_position(position): position for position in (*parts.values(), each.position)}
            told = join(seen.values()) if len(parts) == len(message.decision.part_ids) else ""
            wanted = Decision.CONFIRMED if told and why is None else Decision.EXPIRED
            if decide(connection, message.decision.hold_id, wanted, told) is not Decision.CONFIRMED and why is None:
                why = Overruled.PARTS
        if message.undoes:
            epoch, sequence = ordinal(message.undoes)
            of_it = (overruled.c.epoch == epoch) & (overruled.c.sequence == sequence)
            connection.execute(update(overruled).where(of_it).values(is_undone=1))
        if why is None:
            verdicts.append(Verdict(request_id, created_id, True, told))
            requests.add(request_id)
            records.add(created_id)
            recorded[request_id] = each.position
            continue
        # A decision changes no stock itself: its parts see to that.
        is_undone = int(message.HasField("decision") or not _changes_stock(message))
        epoch, sequence = ordinal(each.position)
        rows.append({
            "epoch": epoch, "sequence": sequence, "request_id": each.request_id, "created_id": each.created_id, "why": why,
            "is_undone": is_undone,
        })  # fmt: skip
        verdicts.append(Verdict(derived_id(each.request_id, f"overruled {each.position}"), "", False, why))
    if rows:
        connection.execute(insert(overruled), rows)
    return verdicts


def decide(connection: Connection, hold_id: str, wanted: Decision, position: str = "") -> Decision:
    """Decide what becomes of all that is held under an id, unless it was decided; what stands."""
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"hold_id": hold_id, "decision": wanted, "position": position if wanted is Decision.CONFIRMED else ""}
    connection.execute(kind.insert(decisions).values(row).on_conflict_do_nothing())
    found = select(decisions.c.decision).where(decisions.c.hold_id == hold_id)
    return Decision(connection.execute(found).scalar_one())


def _asked(each: LogEntry, message: ledger_entry_pb2.LedgerEntry) -> tuple[str, str]:
    """(request, record that it creates) of an entry; of a decision those of the whole."""
    if message.HasField("decision"):
        return message.request_id, message.decision.created_id
    return each.request_id, each.created_id


def _changes_stock(message: ledger_entry_pb2.LedgerEntry) -> bool:
    return bool(message.positions or message.HasField("position_columns") or message.capacities or message.texts)


def _positions(connection: Connection, part_ids: Sequence[str]) -> dict[str, str]:
    """Positions of those parts that are recorded."""
    found: dict[str, str] = {}
    columns = select(entries.c.request_id, entries.c.epoch, entries.c.sequence)
    for first in range(0, len(part_ids), IDS_MAX):
        for row in connection.execute(columns.where(entries.c.request_id.in_(part_ids[first : first + IDS_MAX]))):
            found[row.request_id] = f"{row.epoch}-{row.sequence}"
    return found


def _found(connection: Connection, column: ColumnElement[str], ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for first in range(0, len(ids), IDS_MAX):
        found.update(connection.execute(select(column).where(column.in_(ids[first : first + IDS_MAX]))).scalars())
    return found
