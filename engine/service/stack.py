"""The processes of one server: the embedded Valkey, the ledger sidecar and the engine, and what each is started with."""

import math
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from engine.inventory.arena import remove_arena
from engine.service.arena_place import arena_path
from engine.service.network_reload import TAKEN_VARIABLE, new_taken_file
from engine.service.process import EngineReady
from engine.service.settings import PREFIX, Settings
from engine.service.supervisor import Announcements, Child, Supervisor, python_child
from engine.service.valkey import EmbeddedValkey, FolderLock
from loaders.shoe_retailer import shoe_retailer
from loaders.write import write_folder

ENGINE_READY_SECONDS_MAX = 1_800.0
"""From scratch an engine compiles its kernels and loads all inventory first."""

LEDGER_READY_SECONDS_MAX = math.inf
"""It stands by while another one works, and waits for a database that is away: it says so in the log."""

STOP_SECONDS_MAX = 20.0


@contextmanager
def data_folder_held(settings: Settings) -> Iterator[None]:
    """Hold the data folder alone while anything lies in it, so that no second server waits to take it over.

    Where store and ledger are both elsewhere, servers may share one: they stand by for each other. Raises FolderInUseError.
    """
    if not _lies_in_data_folder(settings):
        yield
        return
    with FolderLock(settings.data_dir):
        try:
            yield
        finally:
            # The matrix in shared memory is for an engine that is started again, not for a server that has ended.
            remove_arena(arena_path(settings.data_dir))


def network_folder(settings: Settings, today: date) -> Path:
    """The network folder: the one that was named, or the sample network, written into the data folder once."""
    if settings.network is not None:
        return settings.network
    folder = settings.network_in_use
    if not folder.exists():
        # Written beside and then renamed: a folder that is there is whole.
        unfinished = settings.data_dir / "network.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_folder(shoe_retailer(today=today), unfinished)
        unfinished.rename(folder)
    return folder


def stack(
    settings: Settings, folder: Path, script: Path, on_ready: Callable[[Announcements], None]
) -> Supervisor:  # fmt: skip
    """The supervisor of all processes, not yet running; `script` has the commands `engine`, `ledger` and `outbox`."""
    children: list[Child] = []
    redis_url = settings.redis_url
    if not redis_url:
        valkey = EmbeddedValkey(settings.data_dir)
        children.append(valkey.child())
        redis_url = valkey.url
    environment = _environment(settings, folder, redis_url)
    environment[TAKEN_VARIABLE] = str(new_taken_file(settings.data_dir.resolve()))
    for shard in range(settings.shards):
        # One records each shard; a network that is not split has the one.
        name, arguments = ("ledger", ["ledger"]) if not shard else (f"ledger-{shard}", ["ledger", "--shard", str(shard)])
        children.append(_python(name, script, arguments, environment, LEDGER_READY_SECONDS_MAX))
    place = _shared_port(settings) if settings.workers > 1 else None
    if place is not None:
        environment[PREFIX + "PORT"] = str(place.getsockname()[1])
    children.append(_python("engine", script, ["engine"], environment, ENGINE_READY_SECONDS_MAX))
    for number in range(1, settings.workers):
        # The first one has loaded and compiled what there was to load and compile: these find it.
        own = {**environment}
        if settings.metrics_port:
            own[PREFIX + "METRICS_PORT"] = str(settings.metrics_port + number)
        children.append(_python(f"engine-{number + 1}", script, ["worker"], own, ENGINE_READY_SECONDS_MAX))
    if settings.webhooks is not None:
        children.append(_python("outbox", script, ["outbox"], environment, LEDGER_READY_SECONDS_MAX))

    def ready(announcements: Announcements) -> None:
        # Callers know the first port: an engine that is restarted must not take any other free one.
        environment[PREFIX + "PORT"] = str(EngineReady.parse(announcements["engine"]).port)
        if place is not None:
            place.close()
        on_ready(announcements)

    return Supervisor(children, ready)


def _shared_port(settings: Settings) -> socket.socket:
    """A socket that holds the port of several workers until they have it. Raises OSError where others have it."""
    kind = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    if settings.port:
        # Without sharing: somebody else's server is found out, as it is with one worker.
        with socket.socket(kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    held = socket.socket(kind)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((settings.host, settings.port))
    return held


def _lies_in_data_folder(settings: Settings) -> bool:
    """Whether the store or the ledger does."""
    ledger = urlsplit(settings.ledger_url_in_use)
    is_ledger_inside = ledger.scheme == "sqlite" and Path(ledger.path[1:]).resolve().is_relative_to(settings.data_dir.resolve())
    return not settings.redis_url or is_ledger_inside


def _python(name: str, script: Path, arguments: Sequence[str], environment: dict[str, str], ready_seconds_max: float) -> Child:
    return python_child(name, script, arguments, environment, ready_seconds_max, STOP_SECONDS_MAX)


def _environment(settings: Settings, folder: Path, redis_url: str) -> dict[str, str]:
    """Every setting as a variable, so that a child has the same whatever its working folder."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    values.update(network=folder.resolve(), data_dir=settings.data_dir.resolve(), redis_url=redis_url)
    for name in ("tls_certificate", "tls_key", "tls_client_ca", "webhooks"):
        values[name] = values[name].resolve() if values[name] is not None else ""
    if settings.token_keys and "://" not in settings.token_keys:
        values["token_keys"] = Path(settings.token_keys).resolve()
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}
