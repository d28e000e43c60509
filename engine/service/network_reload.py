"""ReloadNetwork: the folder is read beside the calls in hand, recorded, and taken over between two batches, or not at all."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

from belofte.v1 import network_service_pb2

from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.network.image import NetworkImage
from engine.network.records import NetworkRecords
from engine.service.record import finisher
from loaders.errors import NEAREST, LoadError, RowError
from loaders.folder import Validation, validate_records

RELOAD_NETWORK = "ReloadNetwork"
finished_reload = finisher(network_service_pb2.ReloadNetworkResponse)

FINDINGS_MAX = 1_000
VIOLATIONS_MAX = 100
TAKEN_FILES = "network.{}.taken"
"""In the data folder, by the supervisor's pid: the records that a server decides by, for an engine that is started again."""

TAKEN_VARIABLE = "_BELOFTE_TAKEN"
"""Names that file to the engine. Not a setting: nobody but the supervisor sets it."""


def read_network(folder: Path) -> tuple[NetworkRecords, list[network_service_pb2.NetworkFinding]]:
    """The records of a folder, and what should be looked at in it. Raises `Refusal` with the bad rows where it is refused."""
    try:
        records, validation = validate_records(folder)
    except LoadError as error:
        raise refused_folder(error) from None
    except OSError as error:
        message = f"network folder: it cannot be read: {error.strerror or 'an error of the disk'}"
        raise Refusal(Reason.INVALID_NETWORK, message, (FieldViolation("network folder", message),)) from None
    return records, findings(validation)


def check_network(folder: Path) -> tuple[NetworkRecords | None, list[network_service_pb2.NetworkFinding]]:
    """The records of a folder, None where it is refused, and all that is wrong with it or should be looked at."""
    try:
        records, validation = validate_records(folder)
    except LoadError as error:
        return None, [finding_of(each) for each in error.errors[:FINDINGS_MAX]]
    except OSError as error:
        return None, [error_of("", f"it cannot be read: {error.strerror or 'an error of the disk'}", "UNREADABLE")]
    return records, findings(validation)


def finding_of(error: RowError) -> network_service_pb2.NetworkFinding:
    """A bad row as the wire has it."""
    expected, _, suggestion = error.expected.partition(NEAREST)
    text = f"{expected} was expected" + (f", not {error.value!r}" if error.value else "")
    found = error_of(error.file, text, error.reason)
    found.row, found.column, found.suggestion = error.row or 0, error.column, suggestion
    return found


def error_of(file: str, message: str, reason: str) -> network_service_pb2.NetworkFinding:
    """Something that keeps a folder from being used."""
    return network_service_pb2.NetworkFinding(
        severity=network_service_pb2.FINDING_SEVERITY_ERROR, file=file, reason=reason, message=message
    )


def refused_folder(error: LoadError) -> Refusal:
    """What is wrong with a folder, by file and row; nothing of it is taken."""
    violations = [
        FieldViolation(e.file if e.row is None else f"{e.file}:{e.row}", str(e)) for e in error.errors[:VIOLATIONS_MAX]
    ]
    message = (
        f"the network folder has {error.error_count} errors; nothing of it is taken, the first is {violations[0].description}"
    )
    return Refusal(Reason.INVALID_NETWORK, message, tuple(violations))


def findings(validation: Validation) -> list[network_service_pb2.NetworkFinding]:
    """Warnings as the wire has them."""
    return [
        network_service_pb2.NetworkFinding(
            severity=network_service_pb2.FINDING_SEVERITY_WARNING, file=warning.file, row=warning.row or 0,
            column=warning.column, reason="WARNING", message=warning.message,
        )
        for warning in validation.warnings[:FINDINGS_MAX]
    ]  # fmt: skip


def version_of(answer: bytes) -> str:
    """The network that an answer speaks of."""
    return network_service_pb2.ReloadNetworkResponse.FromString(answer).network.network_version


def refused_name(name: str, served: str) -> Refusal:
    """A folder of another network: its orders and stock lie elsewhere."""
    message = f"network.toml: name {served!r} was expected, as of the network that is served, not {name!r}"
    return Refusal(Reason.INVALID_NETWORK, message, (FieldViolation("network.toml", message),))


TakeOver = Callable[[NetworkImage, NetworkRecords], bool]
"""Swaps in an image and the stock of it, in the desk's thread; False: the shared stock is away, and nothing changed."""


def new_taken_file(data_dir: Path) -> Path:
    """Where the engines of this server keep the network in force; what servers left that were killed is cleared away."""
    for left in data_dir.glob(TAKEN_FILES.format("*")):
        pid = left.name.split(".")[1]
        if not pid.isdigit() or not _runs(int(pid)):
            left.unlink(missing_ok=True)
    file = data_dir / TAKEN_FILES.format(os.getpid())
    file.unlink(missing_ok=True)
    return file


def keep_taken(records: NetworkRecords) -> None:
    """Keep the records in force, whole or not at all."""
    if file := _taken_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.stem}.unfinished.taken")
        unfinished.write_bytes(pickle.dumps(records, pickle.HIGHEST_PROTOCOL))
        unfinished.rename(file)


def keep_first(records: NetworkRecords) -> None:
    """Keep the records that a server starts with, unless one of its engines has kept some: by now others may be in force."""
    file = _taken_file()
    if file is not None and not file.exists():
        keep_taken(records)


def kept_records() -> NetworkRecords | None:
    """The records in force of this server, where one of its engines took any before."""
    file = _taken_file()
    if file is None or not file.exists():
        return None
    records = pickle.loads(file.read_bytes())  # noqa: S301 - our own file, in the data folder
    assert isinstance(records, NetworkRecords)
    return records


def _taken_file() -> Path | None:
    name = os.environ.get(TAKEN_VARIABLE)
    return Path(name) if name else None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
