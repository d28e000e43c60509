"""Commands that keep a ledger from growing for ever: a snapshot taken of it, and what nobody needs any more cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from engine.service.settings import Settings
from engine.tools.terminal import EXIT_MISUSED, EXIT_REFUSED, DataOption, JsonOption, fail, out, print_json, settings_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

retention_commands = typer.Typer()


@retention_commands.command(epilog="Example: python server.py snapshot --data-dir data")
def snapshot(data_dir: DataOption = None, json: JsonOption = False) -> None:
    """Keep in the ledger what all of its entries leave by now, to begin from instead of reading them. The server may run."""
    from engine.domain.clock import SystemClock
    from engine.ledger.snapshot_sums import take_snapshot
    from engine.ledger.snapshots import SnapshotError
    from engine.tools.open_ledger import reading

    with _whole(settings_of(data_dir=data_dir)) as database, reading(database, times=1) as told:
        try:
            taken = take_snapshot(database, SystemClock(), told)
        except SnapshotError as error:
            fail(str(error), EXIT_REFUSED)
    if json:
        print_json({"position": taken.position, "content_hash": taken.content_hash.hex()})
    else:
        out.print(f"There is a snapshot of {taken.position}.", highlight=False)


@retention_commands.command(epilog="Example: python server.py retain --days 730 --data-dir data")
def retain(
    days: Annotated[int, typer.Option(help="Orders that were touched since are kept, and all that they need.", min=1)],
    data_dir: DataOption = None, json: JsonOption = False,
) -> None:  # fmt: skip
    """Cut the content of entries that were recorded before, up to a snapshot, where nothing needs them. The server may run.

    Orders that are over and were not touched for so long are gone then; that they were, and the chain, stays. It waits 30 s
    before it cuts. Broken off, it is gone on with by the next run.
    """
    from engine.domain.clock import SystemClock
    from engine.ledger.retention import cut
    from engine.ledger.snapshots import SnapshotError
    from engine.tools.open_ledger import reading

    with _whole(settings_of(data_dir=data_dir)) as database, reading(database, times=2) as told:
        try:
            done = cut(database, SystemClock(), days, advance=told)
        except SnapshotError as error:
            fail(str(error), EXIT_REFUSED)
    if json:
        kept = done.kept._asdict() if done.kept is not None else None
        print_json({"until": done.until, "entries_cut": done.cut_count, "kept": kept})
        return
    out.print(f"{done.cut_count:,} entries were cut; all up to {done.until} are.", highlight=False)
    if done.kept is not None:
        out.print(f"Kept from {done.kept.position} on: {done.kept.why}.", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _whole(settings: Settings) -> Iterator["Engine"]:
    from engine.ledger.migrations import shard_count_in
    from engine.tools.open_ledger import ledger_of

    with ledger_of(settings) as database:
        # As the ledger has it, whatever the settings of who asks say.
        with database.connect() as connection:
            count = shard_count_in(connection)
        if count > 1:
            fail(
                f"the ledger holds a network over {count} shards: of such no snapshots are taken in this version", EXIT_MISUSED
            )
        yield database
