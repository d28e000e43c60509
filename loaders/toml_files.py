"""`network.toml` and `policy.toml`: the same columns and kinds as the tables, as keys."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.domain.ids import is_id
from engine.network.fees import WAYS
from engine.network.records import Network, Policy
from loaders.columns import Table
from loaders.errors import ErrorLog, Fault, nearest
from loaders.kinds import IDENTIFIER, BadCellError
from loaders.schema import NETWORK, POLICY, POLICY_WEIGHTS, POLICY_WHEN, fees_table


def read_network(path: Path, log: ErrorLog) -> Network | None:
    """The network's own keys; None, and logged, when any cannot be read."""
    document = _read(path, log)
    if document is None:
        return None
    error_count = log.error_count
    values = _parse_keys(document, NETWORK, path.name, "", log)
    return Network(**values) if log.error_count == error_count else None


def read_policies(path: Path, log: ErrorLog) -> tuple[Policy, ...]:
    """The policies in the order of the file, in which they are tried, without those that have errors, which are logged."""
    document = _read(path, log)
    if document is None:
        return ()
    for key in document:
        if key != "policy":
            log.add(path.name, None, key, None, Fault.UNKNOWN_COLUMN, "tables [policy.NAME] only")
    named = document.get("policy", {})
    if not _is_table(named) or not named:
        log.add(path.name, None, "policy", None, Fault.EMPTY, "at least one table [policy.NAME]")
        return ()
    policies = [_policy(name, keys, path.name, log) for name, keys in named.items()]
    return tuple(policy for policy in policies if policy is not None)


def _policy(name: str, keys: Any, file: str, log: ErrorLog) -> Policy | None:
    place = f"policy.{name}"
    error_count = log.error_count
    if not is_id(name):
        log.add(file, None, place, name, Fault.MALFORMED, IDENTIFIER.expected)
    if not _is_table(keys):
        log.add(file, None, place, keys, Fault.MALFORMED, "a table [policy.NAME]")
        return None
    parts = {part: keys.get(part, {}) for part in ("when", "weights", "fees")}
    for part, table in parts.items():
        if not _is_table(table):
            log.add(file, None, f"{place}.{part}", table, Fault.MALFORMED, "a table")
            parts[part] = {}
    own = {key: value for key, value in keys.items() if key not in parts}
    values = _parse_keys(own, POLICY, file, f"{place}.", log, also=tuple(parts))
    weights = _parse_keys(parts["weights"], POLICY_WEIGHTS, file, f"{place}.weights.", log)
    fees = _parse_keys(parts["fees"], fees_table(parts["fees"]), file, f"{place}.fees.", log)
    when = _when(parts["when"], file, f"{place}.when.", log)
    if log.error_count > error_count:
        return None
    return replace(Policy(name, **values), when=when, weights=tuple(sorted(weights.items())), fees=tuple(sorted(fees.items())))


def check_fees(policies: Sequence[Policy], service_levels: Iterable[str], file: str, log: ErrorLog) -> None:
    """Log every fee that is named by nothing that the network has."""
    known = (*sorted(service_levels), *WAYS)
    for policy in policies:
        for name, micros in policy.fees:
            if name not in known:
                expected = f"one of {', '.join(known)}{nearest(name, known)}"
                log.add(file, None, f"policy.{policy.policy_id}.fees.{name}", micros, Fault.UNKNOWN_REFERENCE, expected)


def _when(table: Mapping[str, Any], file: str, place: str, log: ErrorLog) -> tuple[tuple[str, str], ...]:
    """The conditions as text, ordered by key: dates and instants as ``2026-11-27`` and ``2026-11-27T00:00:00Z``."""
    values = _parse_keys(table, POLICY_WHEN, file, place, log)
    start, end = values.get("from"), values.get("until")
    if type(start) is type(end) and start is not None and (end < start or (isinstance(end, datetime) and end == start)):
        # A date counts until its last minute, so that both may be one day.
        expected = "a moment after from" if isinstance(end, datetime) else "a date not before from"
        log.add(file, None, f"{place}until", end, Fault.CONTRADICTION, expected)
    write_by_name = {column.name: column.kind.write for column in POLICY_WHEN.columns}
    return tuple((key, str(write_by_name[key](value))) for key, value in sorted(values.items()))


def _parse_keys(
    given: Mapping[str, Any], table: Table, file: str, place: str, log: ErrorLog, also: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The values that could be read, by field name; logs unknown keys, lacking ones and values that cannot be read."""
    known = (*table.column_names, *also)
    for key, value in given.items():
        if key not in known:
            expected = f"one of {', '.join(known)}{nearest(key, known)}"
            log.add(file, None, f"{place}{key}", value, Fault.UNKNOWN_COLUMN, expected)
    values = {}
    for column in table.columns:
        if column.name not in given:
            if column.required:
                log.add(file, None, f"{place}{column.name}", None, Fault.MISSING_COLUMN, column.kind.expected)
            continue
        value = given[column.name]
        try:
            values[column.field_name] = column.kind.parse(value)
        except BadCellError as error:
            log.add(file, None, f"{place}{column.name}", value, error.reason, column.kind.expected + error.hint)
    return values


def _read(path: Path, log: ErrorLog) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        log.add(path.name, None, "", None, Fault.UNREADABLE, f"TOML in UTF-8 ({error})")
        return None


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)
