"""An audit's report, for a person and for a program, and where it finds an engine's memory."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from engine.inventory.arena import open_arena, version_in
from engine.inventory.memory_reader import MemoryReader
from engine.ledger.audit import MemoryReport, Report
from engine.ledger.database import open_database
from engine.ledger.networks import network_contents
from engine.network.version import network_version
from engine.service.arena_place import arena_path
from engine.service.network_archive import unpacked

SHOWN_MAX = 50


def memory_of(data_dir: Path, ledger_url: str) -> MemoryReader | None:
    """The matrix of this data folder's engine, by the network that it was started with; None: it is not on this host.

    What the network calls its items and locations is kept in the ledger, whatever its folder says by now.
    """
    path = arena_path(data_dir)
    arena = open_arena(path)
    version = version_in(arena) if arena is not None else None
    if version is None:
        return None
    database = open_database(ledger_url)
    try:
        with database.connect() as connection:
            for records in map(unpacked, network_contents(connection)):
                if network_version(records) == version:
                    location_ids = [each.location_id for each in records.locations]
                    return MemoryReader(path, version, [each.item_id for each in records.items], location_ids)
    finally:
        database.dispose()
    return None


def report_json(reports: Sequence[Report]) -> str:
    """Everything that was found, as JSON; at most 1,000 differences by name. Of several shards a list of it."""
    found = [_found(report) for report in reports]
    return orjson.dumps(found if len(found) > 1 else found[0], option=orjson.OPT_INDENT_2).decode()


def _found(report: Report) -> dict[str, object]:
    return {
        "clean": report.is_clean, "position": report.position, "entries": report.entries, "hashes": report.hashes,
        "fields": report.fields, "ledger_digest": report.ledger_digest, "store_digest": report.store_digest,
        "memory": asdict(report.memory), "broken_at": report.broken_at, "broken_snapshots": report.broken_snapshots,
        "difference_count": report.difference_count,
        "differences": [each._asdict() for each in report.differences],
    }  # fmt: skip


def print_report(report: Report, out: Console, title: str = "") -> None:
    """What was compared, and a table of differences."""
    table = Table(show_header=False, title=title or None)
    for name, value in (
        ("compared up to", report.position), ("ledger entries", f"{report.entries:,}"), ("hashes", f"{report.hashes:,}"),
        ("fields", f"{report.fields:,}"), ("digest of the ledger", report.ledger_digest),
        ("digest of the store", report.store_digest), *_memory_rows(report.memory),
        ("history", f"broken at {report.broken_at}" if report.broken_at else "whole"),
        ("snapshots", f"wrong: {', '.join(report.broken_snapshots)}" if report.broken_snapshots else "of this history"),
        ("differences", f"{report.difference_count:,}"),
    ):  # fmt: skip
        table.add_row(name, value)
    out.print(table)
    if report.differences:
        rows = Table("hash", "field", "ledger", "store", "memory", title="Differences")
        for each in report.differences[:SHOWN_MAX]:
            rows.add_row(each.key, each.field, each.ledger or "-", _shown(each.store), _shown(each.memory))
        out.print(rows)
        out.print(
            "The ledger is the truth. Stop the server, remove the store's data (valkey/ in the data folder) and start again:"
            " the store is rebuilt from the ledger, and the memory from the store."
        )
    elif report.is_clean:
        out.print(f"Ledger{', store and memory' if not report.memory.reason else ' and store'} are equal.")


def _memory_rows(memory: MemoryReport) -> list[tuple[str, str]]:
    if memory.reason:
        return [("memory", memory.reason)]
    return [
        ("memory compared up to", memory.position), ("positions in memory", f"{memory.positions:,}"),
        ("digest of their units in the ledger", memory.ledger_digest), ("digest of the memory", memory.digest),
    ]  # fmt: skip


def _shown(value: str | None) -> str:
    return "" if value is None else value or "-"
