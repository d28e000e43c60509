"""Belofte's command line and composition root: every process and tool starts here."""

import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from engine.domain.clock import SystemClock
from engine.service.logs import configure_logs
from engine.service.process import EngineReady, StartError, announce_ready
from engine.service.settings import Settings, SettingsError, mask_url
from engine.tools.copy_commands import copy_commands
from engine.tools.order_commands import order_commands
from engine.tools.retention_commands import retention_commands
from engine.tools.terminal import EXIT_MISUSED, EXIT_REFUSED, DataOption, JsonOption, err, out
from engine.tools.terminal import counted as _counted
from engine.tools.terminal import fail as _fail
from engine.tools.terminal import settings_of as _settings
from engine.tools.webhook_commands import webhook_commands
from loaders.errors import LoadError

SCRIPT = Path(__file__).resolve()

app = typer.Typer(
    name="belofte",
    help="Order promising and order sourcing: when can a basket be there, and where should it come from.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip
app.add_typer(order_commands)
app.add_typer(copy_commands)
app.add_typer(retention_commands)
app.add_typer(webhook_commands)

NetworkOption = Annotated[Path | None, typer.Option(help="Network folder; without it, the sample network.")]
PortOption = Annotated[int | None, typer.Option(help="Port to serve on; 0: any free one.")]


class Sample(StrEnum):
    """Which network `generate` makes."""

    SHOES = "shoes"
    LARGE = "large"


class Format(StrEnum):
    """How `generate` writes tables."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"


@app.command(epilog="Example: python server.py serve --network my-network --port 50051")
def serve(
    network: NetworkOption = None, data_dir: DataOption = None, port: PortOption = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Engines on one port, each a process of its own.")] = None,
) -> None:  # fmt: skip
    """Serve a network until Ctrl-C: embedded Valkey, ledger sidecar and engine, each restarted when it dies."""
    from engine.service.access import check_access

    settings = _settings(network=network, data_dir=data_dir, port=port, host=host, workers=workers)
    try:
        check_access(settings)
    except SettingsError as error:
        _fail(str(error), EXIT_MISUSED)
    _print_settings(settings)

    def ready(announcements: Any) -> None:
        address = settings.model_copy(update={"port": EngineReady.parse(announcements["engine"]).port}).address
        out.print(f"Belofte serves on [bold]{address}[/bold] (gRPC, with reflection and health). Stop it with Ctrl-C.")

    raise typer.Exit(_run_stack(settings, ready))


@app.command(epilog="Example: python server.py load my-network --data-dir data")
def load(folder: Path, data_dir: DataOption = None) -> None:
    """Load a network folder's inventory into the ledger of a data folder, and stop: `serve` then starts at once.

    Exit code 1 when stock was loaded there before: it has moved since, and is left as it is.
    """
    settings = _settings(network=folder, data_dir=data_dir, port=0)
    supervisors: list[Any] = []

    def ready(announcements: Any) -> None:
        positions = EngineReady.parse(announcements["engine"]).positions_loaded
        if positions is None:
            holder = f"ledger {mask_url(settings.ledger_url)}" if settings.ledger_url else f"data folder {settings.data_dir}"
            err.print(
                f"the {holder} already holds stock that was loaded earlier: nothing was changed. Change stock with"
                f" AdjustInventory, or load {folder} into another one.", style="red", markup=False, highlight=False,
            )  # fmt: skip
            supervisors[0].stop(EXIT_REFUSED)
            return
        out.print(
            f"{positions:,} positions of {folder} are loaded into {settings.data_dir}; start it with:"
            f" python server.py serve --network {folder} --data-dir {settings.data_dir}",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
        supervisors[0].stop()

    raise typer.Exit(_run_stack(settings, ready, supervisors.append))


@app.command(epilog="Example: python server.py feed redis://localhost:6379 stock --address localhost:50051")
def feed(
    redis_url: str, stream: str,
    address: Annotated[str, typer.Option(help="Of the server that is fed.")] = "127.0.0.1:50051",
    group: Annotated[str, typer.Option(help="Consumers of one group share the stream.")] = "belofte",
    consumer: Annotated[str | None, typer.Option(help="Name of this one in its group; without it, host and process.")] = None,
    dead_letters: Annotated[str | None, typer.Option(help="Stream of what was given up; without it, STREAM.dead.")] = None,
    again_seconds: Annotated[float, typer.Option(help="After which a message is delivered again.", min=0.1)] = 30.0,
) -> None:  # fmt: skip
    """Feed a server with the inventory records of a Redis stream until Ctrl-C: each message's field `payload` is one.

    As JSON or protobuf of belofte.v1.InventoryRecord. Each counts once however often it is delivered; those with source and
    sequence, and absolute ones, are sent many at a time. What is refused five times is moved to the dead-letter stream, with
    the reason.
    """
    import os
    import socket

    import redis

    from loaders.stream_feed import StreamFeed

    configure_logs("info", "console", "feed")
    try:
        client = redis.Redis.from_url(redis_url)
    except ValueError as error:
        _fail(f"{error}; give the store as redis://HOST:PORT", EXIT_MISUSED)
    following = StreamFeed(
        client, address, stream, group, consumer or f"{socket.gethostname()}-{os.getpid()}", dead_letters or f"{stream}.dead",
        round(again_seconds * 1_000),
    )  # fmt: skip
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: following.stop())
    out.print(f"Feeding {address} from {stream}. Stop it with Ctrl-C.", markup=False, highlight=False)
    following.run()
    out.print(f"{following.applied_count:,} messages applied, {following.dead_count:,} given up.", highlight=False)


@app.command(epilog="Example: python server.py validate my-network --json")
def validate(folder: Path, json: JsonOption = False) -> None:
    """Check a network folder: every bad row of every file is named. Exit code 1 when there is any."""
    from loaders.folder import validate_folder
    from loaders.progress import TerminalProgress
    from loaders.report import errors_json, print_errors, print_warnings

    with TerminalProgress(err) as progress:
        validation = validate_folder(folder, progress)
    if json:
        sys.stdout.write(errors_json(validation) + "\n")
    elif validation.ok:
        out.print(f"{folder} is a sound network folder.")
        print_warnings(validation, folder, out)
    else:
        print_errors(validation, folder, out)
    raise typer.Exit(0 if validation.ok else EXIT_REFUSED)


@app.command(epilog="Example: python server.py generate shoes my-network")
def generate(
    sample: Sample, folder: Path,
    format: Annotated[Format, typer.Option(help="Of the tables.")] = Format.CSV,  # noqa: A002 - the word for it
    locations: Annotated[int, typer.Option(help="Of the large network.", min=1)] = 1_000,
    items: Annotated[int, typer.Option(help="Of the large network.", min=1)] = 10_000,
    positions: Annotated[int, typer.Option(help="Inventory rows of the large network.", min=0)] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same network.")] = 1,
) -> None:  # fmt: skip
    """Write a sample network folder: a Dutch shoe retailer, or a large network of any size."""
    from loaders.large_network import large_network
    from loaders.shoe_retailer import shoe_retailer
    from loaders.write import write_folder

    try:
        if sample is Sample.SHOES:
            records = shoe_retailer(today=datetime.now(UTC).date(), seed=seed)
        else:
            records = large_network(locations, items, positions, seed)
        write_folder(records, folder, format.value)
    except (ValueError, OSError) as error:
        _fail(f"{error}; choose other sizes or another folder", EXIT_MISUSED)
    out.print(f"{folder}: {len(records.locations):,} locations, {len(records.items):,} items, "
              f"{len(records.inventory.quantity):,} inventory rows")  # fmt: skip


@app.command(epilog="Example: python server.py audit --data-dir data --json")
def audit(data_dir: DataOption = None, json: JsonOption = False) -> None:
    """Compare store and memory of a running server with its ledger; every difference is named. Exit code 1: there is one.

    The memory is that of this data folder's engine, on its host. A split network is compared shard by shard, without it.
    """
    from engine.inventory.client import StoreAway
    from engine.inventory.shards import Shards
    from engine.ledger.audit import Auditor, AuditRefusedError
    from engine.service.audit import memory_of, print_report, report_json
    from engine.service.valkey import EmbeddedValkey

    settings = _settings(data_dir=data_dir)
    redis_url = settings.redis_url or EmbeddedValkey(settings.data_dir).url
    shards = Shards(settings.shards)
    ledger_url = settings.ledger_url_in_use
    memory = memory_of(settings.data_dir, ledger_url) if shards.count == 1 else None
    auditors = [
        Auditor(redis_url, settings.partition, ledger_url, SystemClock(), shard, shards, memory)
        for shard in range(shards.count)
    ]
    try:
        with _counted("Comparing", None) as advance:
            reports = [auditor.run(advance) for auditor in auditors]
    except StoreAway as error:
        _fail(f"the store {mask_url(redis_url)} cannot be reached: {error}. Start the server whose data it is.", EXIT_REFUSED)
    except AuditRefusedError as error:
        _fail(str(error), EXIT_REFUSED)
    if json:
        sys.stdout.write(report_json(reports) + "\n")
    else:
        for shard, report in enumerate(reports):
            print_report(report, out, f"Shard {shard} of {shards.count}" if shards.count > 1 else "")
    raise typer.Exit(0 if all(report.is_clean for report in reports) else EXIT_REFUSED)


@app.command(epilog="Example: python server.py top --metrics http://127.0.0.1:9464/metrics")
def top(
    metrics: Annotated[str, typer.Option(help="Where the engine serves its meters.")] = "http://127.0.0.1:9464/metrics",
    seconds: Annotated[float, typer.Option(help="Between two looks.", min=0.1)] = 1.0,
    looks: Annotated[int, typer.Option(help="After which it ends; 0: Ctrl-C.", min=0)] = 0,
) -> None:
    """Show live what an engine does: calls a second, latencies, batches, what waits. It must serve BELOFTE_METRICS_PORT."""
    import itertools
    import time

    from rich.live import Live

    from engine.service.top import look, shown

    try:
        before = look(metrics, time.monotonic())
        with Live(console=out, refresh_per_second=4) as live:
            for _ in range(looks) if looks else itertools.count():
                time.sleep(seconds)
                now = look(metrics, time.monotonic())
                live.update(shown(before, now), refresh=True)
                before = now
    except OSError as error:
        _fail(f"{metrics} cannot be read: {error}; start the server with BELOFTE_METRICS_PORT", EXIT_REFUSED)
    except KeyboardInterrupt:
        return


@app.command(epilog="Example: make demo")
def demo() -> None:
    """Show a basket promised and the same basket's order sourced, over gRPC, on the sample network; leaves nothing."""
    import tempfile

    from engine.service.demo import show

    with tempfile.TemporaryDirectory(prefix="belofte-") as folder:
        settings = _settings(data_dir=Path(folder), port=0, host="127.0.0.1", log_level="warning", warm_up="short")
        supervisors: list[Any] = []

        def tell(announcements: Any) -> None:
            try:
                port = EngineReady.parse(announcements["engine"]).port
                show(f"127.0.0.1:{port}", out, datetime.now(UTC))
            except Exception as error:
                err.print(f"[red]The demonstration failed:[/red] {error}")
                supervisors[0].stop(EXIT_REFUSED)
            else:
                supervisors[0].stop()

        def ready(announcements: Any) -> None:
            threading.Thread(target=tell, args=(announcements,), name="belofte-demo", daemon=True).start()

        code = _run_stack(settings, ready, supervisors.append)
    raise typer.Exit(code)


@app.command(hidden=True)
def engine() -> None:
    """Run one engine against a store and a ledger that run already; `serve` starts it so."""
    _run_engine(is_worker=False)


@app.command(hidden=True)
def worker() -> None:
    """Run a worker beside the engine of this machine; `serve` starts it so. Where it cannot share the stock it is an engine."""
    _run_engine(is_worker=True)


def _run_engine(is_worker: bool) -> None:
    from engine.service.engine import run_engine
    from engine.service.first_load import LoadFailedError
    from engine.service.network_reload import kept_records
    from engine.service.quoting_worker import run_worker
    from engine.service.warm_up import COMPILATIONS_EXPECTED, warm_up

    settings = _settings()
    configure_logs(settings.log_level, settings.log_format, "engine")
    # An engine that is started again goes on with the network in force, whatever has become of the folder since.
    records = kept_records() or _records(settings)
    expected = COMPILATIONS_EXPECTED[settings.warm_up]
    with _counted("Compiling kernels, the first time on this machine", expected) as advance:
        compiled = 0

        def told(name: str) -> None:
            nonlocal compiled
            compiled += 1
            advance(min(compiled, expected), expected)

        warm_up(settings.warm_up, told)

    def announce(port: int, positions_loaded: int | None) -> None:
        announce_ready(str(EngineReady(port, positions_loaded)))

    try:
        if is_worker and run_worker(settings, records, SystemClock(), announce):
            return
        with _counted("Loading inventory", None) as advance:
            run_engine(settings, settings.redis_url, records, SystemClock(), announce, advance)
    except (RuntimeError, SettingsError, LoadFailedError) as error:
        _fail(str(error), EXIT_REFUSED)


@app.command(hidden=True)
def ledger(shard: Annotated[int, typer.Option(help="Which shard it records, from 0 on.", min=0)] = 0) -> None:
    """Run the ledger sidecar of a shard; `serve` starts it so. Several may be started: one works, the others wait."""
    from engine.inventory.shards import Shards
    from engine.ledger.lease import Lease, LedgerRefused
    from engine.ledger.migrations import LedgerVersionError, WrongShards
    from engine.ledger.recorder import Fenced
    from engine.ledger.sidecar import Sidecar
    from engine.ledger.snapshots import SnapshotError
    from engine.service.garbage import spare_what_stays

    settings = _settings()
    configure_logs(settings.log_level, settings.log_format, "ledger")
    stopping = threading.Event()
    if shard >= settings.shards:
        _fail(f"--shard: a number below {settings.shards} was expected, as BELOFTE_SHARDS says, not {shard}", EXIT_MISUSED)
    lease = Lease(settings.ledger_url_in_use, shard)
    sidecar = Sidecar(
        settings.redis_url, settings.partition, settings.ledger_url_in_use, SystemClock(),
        lambda: len(_records(settings).locations), shard, Shards(settings.shards),
    )  # fmt: skip

    def stop(*_: object) -> None:
        stopping.set()
        sidecar.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        if not lease.wait(stopping.is_set):
            return
    except LedgerRefused as error:
        _fail(str(error), EXIT_REFUSED)
    spare_what_stays()
    try:
        sidecar.run(announce_ready)
    except Fenced as error:
        _fail(f"another ledger sidecar records this ledger: {error}", EXIT_REFUSED)
    except (LedgerVersionError, WrongShards) as error:
        _fail(str(error), EXIT_REFUSED)
    except SnapshotError as error:
        _fail(f"the store cannot be rebuilt: {error}; restore a backup", EXIT_REFUSED)
    finally:
        lease.release()


@app.command(hidden=True)
def outbox() -> None:
    """Deliver the ledger's events to subscribers; `serve` starts it so. Several may be started: one works, the others wait."""
    from engine.inventory.shards import Shards
    from engine.ledger.lease import Lease, LedgerRefused
    from engine.ledger.recorder import Fenced
    from engine.outbox.outbox import Outbox

    settings = _settings()
    configure_logs(settings.log_level, settings.log_format, "outbox")
    delivering = Outbox(
        settings.ledger_url_in_use, f"urn:belofte:{settings.partition}", _subscribers(settings), SystemClock(),
        shards=Shards(settings.shards),
    )  # fmt: skip
    stopping = threading.Event()

    def stop(*_: object) -> None:
        stopping.set()
        delivering.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    lease = Lease(settings.ledger_url_in_use, is_outbox=True)
    # Who stands by is ready too: what it waits for may run elsewhere for as long as it likes.
    announce_ready()
    try:
        if lease.wait(stopping.is_set):
            delivering.run(lambda: None)
    except (LedgerRefused, Fenced) as error:
        _fail(str(error), EXIT_REFUSED)
    finally:
        lease.release()


def main() -> None:
    """The command line; exit code 0 done, 1 refused or failed, 2 misused."""
    app()


def _run_stack(
    settings: Settings, on_ready: Callable[[Any], None], with_supervisor: Callable[[Any], None] | None = None
) -> int:
    from engine.ledger.migrations import WrongShards, check_shards
    from engine.service.stack import data_folder_held, network_folder, stack

    configure_logs(settings.log_level, settings.log_format, "serve")
    _subscribers(settings)  # what is wrong there is told before anything is started
    try:
        with data_folder_held(settings):
            check_shards(settings.ledger_url_in_use, settings.shards)
            folder = network_folder(settings, datetime.now(UTC).date())
            supervisor = stack(settings, folder, SCRIPT, on_ready)
            if with_supervisor is not None:
                with_supervisor(supervisor)
            return supervisor.run()
    except (StartError, WrongShards, OSError) as error:
        _fail(str(error), EXIT_REFUSED)


def _subscribers(settings: Settings) -> Any:
    from engine.outbox.subscribers import SubscribersError, read_subscribers

    try:
        return read_subscribers(settings.webhooks) if settings.webhooks is not None else ()
    except SubscribersError as error:
        _fail(str(error), EXIT_MISUSED)


def _records(settings: Settings) -> Any:
    from loaders.folder import Validation, load_folder
    from loaders.progress import TerminalProgress
    from loaders.report import print_errors

    assert settings.network is not None, "the supervisor names the folder"
    try:
        with TerminalProgress(err) as progress:
            return load_folder(settings.network, progress)
    except LoadError as error:
        print_errors(Validation(error.errors, error.counts), settings.network, err)
        _fail(f"{settings.network} was refused as a whole; nothing was loaded. Mend the rows named above.", EXIT_REFUSED)


def _print_settings(settings: Settings) -> None:
    table = Table(title="Settings", show_header=False, title_justify="left")
    for name, value in settings.shown().items():
        table.add_row(name, str(value))
    out.print(table)


if __name__ == "__main__":
    main()
