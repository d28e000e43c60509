"""A network folder, read whole or refused whole: every bad row of every file is named, and nothing half-loads."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.network.records import Network, NetworkRecords
from loaders.build import (
    build_calendar_days,
    build_inventory,
    build_inventory_prices,
    build_locations,
    build_receipts,
    build_records,
)
from loaders.checks import check_keys, check_kits, check_records, check_references
from loaders.columns import Table
from loaders.errors import ErrorKind, ErrorLog, Fault, FolderWarning, LoadError, RowError, nearest
from loaders.folder_lint import lint_folder
from loaders.postal import PostalAreas
from loaders.progress import ProgressReporter, SilentProgress
from loaders.raw_sheet import RawSheet
from loaders.read_csv import read_csv
from loaders.read_jsonl import read_jsonl
from loaders.read_parquet import read_parquet
from loaders.schema import TABLE_BY_STEM, TABLES
from loaders.sheet import Sheet, empty_sheet, parse_sheet
from loaders.toml_files import check_fees, read_network, read_policies

FORMATS = ("csv", "parquet", "jsonl")

_READ_BY_FORMAT: dict[str, Callable[[Path, Table, ErrorLog, ProgressReporter], RawSheet | None]] = {
    "csv": read_csv,
    "parquet": read_parquet,
    "jsonl": read_jsonl,
}
_TOML_STEMS = ("network", "policy")
_ROWS_NEEDED = ("locations", "items")
# Stands in while the rest of a folder is checked whose network.toml cannot be read.
_UNKNOWN_NETWORK = Network("", "", "", "UTC")


@dataclass(frozen=True, slots=True)
class Validation:
    """What is wrong with a folder. `counts` has the errors that were too many to keep as well.

    `warnings` do not keep it from being used.
    """

    errors: tuple[RowError, ...] = ()
    counts: Counter[ErrorKind] = field(default_factory=Counter)
    warnings: tuple[FolderWarning, ...] = ()

    @property
    def error_count(self) -> int:
        """All errors, those not kept too."""
        return self.counts.total()

    @property
    def ok(self) -> bool:
        """Whether the folder would load."""
        return not self.errors


def load_folder(path: Path, progress: ProgressReporter | None = None) -> NetworkRecords:
    """The records of a network folder, ordered by id where a file has one; zones and tariffs keep the file's order.

    Raises `LoadError` with every bad row of every file when there is any.
    """
    return _load(path, progress)[0]


def validate_folder(path: Path, progress: ProgressReporter | None = None) -> Validation:
    """What `load_folder` would refuse the folder for, or what should be looked at although it would not."""
    try:
        return validate_records(path, progress)[1]
    except LoadError as error:
        return Validation(error.errors, error.counts)


def validate_records(path: Path, progress: ProgressReporter | None = None) -> tuple[NetworkRecords, Validation]:
    """The records of a folder, and what should be looked at in it. Raises `LoadError`, as `load_folder` does."""
    records, sheets, rows = _load(path, progress)
    return records, Validation(warnings=lint_folder(records, sheets, rows))


def _load(path: Path, progress: ProgressReporter | None) -> tuple[NetworkRecords, dict[str, Sheet], dict[str, list[Any]]]:
    """(the records, the sheets they come from, and each sheet's records in the order of its rows)."""
    log = ErrorLog()
    files = _find_files(path, log)
    network = read_network(files["network"], log) if "network" in files else None
    policies = read_policies(files["policy"], log) if "policy" in files else ()
    sheets = _read_sheets(files, log, progress or SilentProgress())
    records = _build(sheets, network or _UNKNOWN_NETWORK, log)
    if "carrier_services" in sheets:
        levels = {level for level in sheets["carrier_services"].cells["service_level"].values if level}
        check_fees(policies, levels, files["policy"].name if "policy" in files else "", log)
    if log.error_count:
        raise LoadError(log.errors(file.name for file in files.values()), log.counts)
    assert network is not None
    items = _by_id(records["items"], "item_id")
    locations = _by_id(records["locations"], "location_id")
    item_ids, location_ids = [item.item_id for item in items], [place.location_id for place in locations]
    loaded = NetworkRecords(
        network=network,
        locations=locations,
        calendars=_by_id(records["calendars"], "calendar_id"),
        items=items,
        carrier_services=_by_id(records["carrier_services"], "carrier_service_id"),
        zones=tuple(records["zones"]),
        tariffs=tuple(records["tariffs"]),
        policies=policies,
        inventory=build_inventory(sheets["inventory"], item_ids, location_ids),
        postal_areas=tuple(records["postal_areas"]),
        transfers=tuple(records["transfers"]),
        segments=tuple(records["segments"]),
        safety_stock=tuple(records["safety_stock"]),
        availability_rules=tuple(records["availability_rules"]),
        backorders=tuple(records["backorders"]),
        receipts=_by_id(records["receipts"], "receipt_id"),
        inventory_prices=build_inventory_prices(sheets["inventory_prices"], item_ids, location_ids),
        sources=tuple(file.name for file in files.values()),
    )
    return loaded, sheets, records


def _find_files(path: Path, log: ErrorLog) -> dict[str, Path]:
    """The folder's files by stem, in the order of the schema. Logs what is missing, unknown or there twice."""
    if not path.is_dir():
        log.add(path.name, None, "", None, Fault.MISSING_FILE, f"a folder at {path}")
        return {}
    found: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        stem, _, suffix = file.name.partition(".")
        if not stem or not _is_ours(stem, file.suffix.removeprefix(".")):
            continue
        if stem not in (*_TOML_STEMS, *TABLE_BY_STEM):
            names = (*_TOML_STEMS, *TABLE_BY_STEM)
            expected = f"a file of the network folder: {', '.join(names)}{nearest(stem, names)}"
            log.add(file.name, None, "", None, Fault.UNKNOWN_FILE, expected)
        elif suffix not in _suffixes(stem) or not file.is_file():
            log.add(file.name, None, "", None, Fault.UNKNOWN_FILE, f"a file {_file_names(stem)}")
        elif stem in found:
            log.add(file.name, None, "", None, Fault.DUPLICATE, f"one file only; {found[stem].name} is there as well")
        else:
            found[stem] = file
    # Only what is there under no name at all is missing; a file in another format has been named above.
    given = {file.name.partition(".")[0] for file in path.iterdir()}
    for stem in (*_TOML_STEMS, *(table.stem for table in TABLES if table.required)):
        if stem not in given:
            log.add(f"{stem}.{_suffixes(stem)[0]}", None, "", None, Fault.MISSING_FILE, f"a file {_file_names(stem)}")
    return {stem: found[stem] for stem in (*_TOML_STEMS, *TABLE_BY_STEM) if stem in found}


def _is_ours(stem: str, suffix: str) -> bool:
    """Whether a file is meant as part of the network: by its suffix, or by its stem. A README is not."""
    return suffix in (*FORMATS, "toml") or stem in _TOML_STEMS or stem in TABLE_BY_STEM


def _suffixes(stem: str) -> tuple[str, ...]:
    return ("toml",) if stem in _TOML_STEMS else FORMATS


def _file_names(stem: str) -> str:
    return " or ".join(f"{stem}.{suffix}" for suffix in _suffixes(stem))


def _read_sheets(files: dict[str, Path], log: ErrorLog, progress: ProgressReporter) -> dict[str, Sheet]:
    """The parsed tables by stem; those that could not be read at all, which is logged, are left out."""
    sheets = {}
    for table in TABLES:
        if table.stem not in files:
            if not table.required:
                sheets[table.stem] = empty_sheet(table)
            continue
        file = files[table.stem]
        raw = _READ_BY_FORMAT[file.suffix.removeprefix(".")](file, table, log, progress)
        if raw is None:
            continue
        sheets[table.stem] = parse_sheet(raw, table, log)
        if raw.row_count == 0 and table.stem in _ROWS_NEEDED:
            log.add(file.name, None, "", None, Fault.EMPTY, "at least one row")
    return sheets


def _build(sheets: dict[str, Sheet], network: Network, log: ErrorLog) -> dict[str, list[Any]]:
    """The records of every table that has them, by stem and in file order, with all checks across cells and files."""
    records: dict[str, list[Any]] = {}
    for stem, sheet in sheets.items():
        if stem == "calendars":
            records[stem] = build_calendar_days(sheet, network)
        elif stem == "locations":
            records[stem] = build_locations(sheet, network, PostalAreas(records.get("postal_areas", ())), log)
        elif stem == "receipts":
            records[stem] = build_receipts(sheet, records.get("locations", ()), network)
        elif sheet.table.record is not None:
            records[stem] = build_records(sheet)
        check_keys(sheet, log)
        check_records(sheet, records.get(stem, ()), log)
    check_references(sheets, log)
    if "items" in sheets:
        check_kits(sheets["items"], records["items"], log)
    return records


def _by_id(records: list[Any], name: str) -> tuple[Any, ...]:
    return tuple(sorted(records, key=lambda record: getattr(record, name)))
