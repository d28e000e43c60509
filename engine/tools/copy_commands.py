"""Commands on a whole ledger: backed up, restored, moved to another database. Each is a copy that is proven by its chain."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.service.settings import mask_url
from engine.tools.terminal import EXIT_MISUSED, EXIT_REFUSED, DataOption, counted, fail, out, settings_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

copy_commands = typer.Typer()


@copy_commands.command(epilog="Example: python server.py backup ledger-monday.sqlite3 --data-dir data")
def backup(file: Path, data_dir: DataOption = None) -> None:
    """Copy the ledger, of whichever database, into a SQLite file. The server may run: one instant is copied."""
    from engine.tools.open_ledger import ledger_of

    if file.exists():
        fail(f"{file} exists already: name another file", EXIT_MISUSED)
    with ledger_of(settings_of(data_dir=data_dir)) as source:
        count = _copied(source, f"sqlite:///{file.resolve()}")
    out.print(f"{count:,} entries are in {file}, and proven.", markup=False, highlight=False, soft_wrap=True)


@copy_commands.command(epilog="Example: python server.py restore ledger-monday.sqlite3 --data-dir data")
def restore(file: Path, data_dir: DataOption = None) -> None:
    """Copy a backup into the ledger of the settings, which must be empty. Stop the server before."""
    from sqlalchemy.exc import DatabaseError

    from engine.ledger.database import open_database, write_to
    from engine.ledger.migrations import LedgerVersionError, prepare_tables, shard_count_in

    if not file.is_file():
        fail(f"{file} is not a file", EXIT_MISUSED)
    url = settings_of(data_dir=data_dir).ledger_url_in_use
    with tempfile.TemporaryDirectory(prefix="belofte-") as folder, _at_rest(url):
        # The backup stays as it is, also where it is of an earlier version.
        own = Path(folder) / "ledger.sqlite3"
        shutil.copyfile(file, own)
        source = open_database(f"sqlite:///{own}")
        try:
            with write_to(source) as connection:
                prepare_tables(connection, shard_count_in(connection))
            count = _copied(source, url)
        except (LedgerVersionError, DatabaseError) as error:
            fail(f"{file} is no ledger that can be restored: {error}", EXIT_REFUSED)
        finally:
            source.dispose()
    out.print(f"{count:,} entries are in {mask_url(url)}, and proven. Start the server.", markup=False, soft_wrap=True)


@copy_commands.command(epilog="Example: python server.py move-ledger --to postgresql://belofte@db/belofte --data-dir data")
def move_ledger(
    to: Annotated[str, typer.Option(help="URL of an empty database: sqlite:///PATH or postgresql://USER@HOST/DATABASE.")],
    data_dir: DataOption = None,
) -> None:  # fmt: skip
    """Copy the ledger into another database, for a server to go on with it there. Stop the server before."""
    from engine.tools.open_ledger import ledger_of

    settings = settings_of(data_dir=data_dir)
    url = settings_of(data_dir=data_dir, ledger_url=to).ledger_url
    if url == settings.ledger_url_in_use:
        fail("--to names the database that the ledger is in", EXIT_MISUSED)
    with _at_rest(settings.ledger_url_in_use), _at_rest(url), ledger_of(settings) as source:
        count = _copied(source, url)
    out.print(
        f"{count:,} entries are in {mask_url(url)}, and proven. Start the server with BELOFTE_LEDGER_URL set to it; the old"
        " database is left as it was, and is to be used no more.", markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip


def _copied(source: "Engine", url: str) -> int:
    from engine.ledger.copying import CopyError, copy_ledger
    from engine.ledger.database import open_database

    target = open_database(url)
    try:
        with counted("Copying the ledger", None) as advance:
            return copy_ledger(source, target, advance)
    except CopyError as error:
        fail(f"{mask_url(url)}: {error}", EXIT_REFUSED)
    finally:
        target.dispose()


@contextmanager
def _at_rest(url: str) -> Iterator[None]:
    """Hold the lease of a ledger, so that no server records it meanwhile."""
    from engine.ledger.lease import Lease, LedgerRefused

    lease = Lease(url)
    try:
        if not lease.wait(lambda: True):
            fail(f"{mask_url(url)} is in use by a server, or out of reach: stop the server first", EXIT_REFUSED)
        yield
    except LedgerRefused as error:
        fail(str(error), EXIT_REFUSED)
    finally:
        lease.release()
