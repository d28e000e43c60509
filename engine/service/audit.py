"""An audit's report, for a person and for a program."""

from collections.abc import Sequence

import orjson
from rich.console import Console
from rich.table import Table

from engine.ledger.audit import Report

SHOWN_MAX = 50


def report_json(reports: Sequence[Report]) -> str:
    """Everything that was found, as JSON; at most 1,000 differences by name. Of several shards a list of it."""
    found = [_found(report) for report in reports]
    return orjson.dumps(found if len(found) > 1 else found[0], option=orjson.OPT_INDENT_2).decode()


def _found(report: Report) -> dict[str, object]:
    return {
        "clean": report.is_clean, "position": report.position, "entries": report.entries, "hashes": report.hashes,
        "fields": report.fields, "ledger_digest": report.ledger_digest, "store_digest": report.store_digest,
        "broken_at": report.broken_at, "broken_snapshots": report.broken_snapshots, "difference_count": report.difference_count,
        "differences": [each._asdict() for each in report.differences],
    }  # fmt: skip


def print_report(report: Report, out: Console, title: str = "") -> None:
    """What was compared, and a table of differences."""
    table = Table(show_header=False, title=title or None)
    for name, value in (
        ("compared up to", report.position), ("ledger entries", f"{report.entries:,}"), ("hashes", f"{report.hashes:,}"),
        ("fields", f"{report.fields:,}"), ("digest of the ledger", report.ledger_digest),
        ("digest of the store", report.store_digest),
        ("history", f"broken at {report.broken_at}" if report.broken_at else "whole"),
        ("snapshots", f"wrong: {', '.join(report.broken_snapshots)}" if report.broken_snapshots else "of this history"),
        ("differences", f"{report.difference_count:,}"),
    ):  # fmt: skip
        table.add_row(name, value)
    out.print(table)
    if report.differences:
        rows = Table("hash", "field", "ledger", "store", title="Differences")
        for each in report.differences[:SHOWN_MAX]:
            rows.add_row(each.key, each.field, each.ledger or "-", each.store or "-")
        out.print(rows)
        out.print(
            "The ledger is the truth. Stop the server, remove the store's data (valkey/ in the data folder) and start again:"
            " the store is rebuilt from the ledger."
        )
    elif report.is_clean:
        out.print("Ledger and store are equal.")
