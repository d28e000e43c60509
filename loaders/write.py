"""A network's records as a folder of plain files, in any of the three formats; what `load_folder` reads back equal."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from engine.domain.enums import StockStatus
from engine.network.records import Inventory, NetworkRecords, Policy, Receipt
from loaders.columns import Column, Table
from loaders.folder import FORMATS
from loaders.schema import NETWORK, POLICY, POLICY_WEIGHTS, POLICY_WHEN, TABLES

CHUNK_ROWS = 1 << 16


def write_folder(records: NetworkRecords, path: Path, format: str = "csv") -> None:  # noqa: A002 - the word for it
    """Write the network into `path`, which is made, or empty. `format` is csv, parquet or jsonl.

    Columns that hold their default in every row are left out, and so are optional files without rows. Raises
    `FileExistsError` for a folder that has files: a stale one among them would be read as part of the network.
    """
    if format not in FORMATS:
        raise ValueError(f"format {format!r} is none of {', '.join(FORMATS)}")
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise FileExistsError(f"{path} is not empty")
    (path / "network.toml").write_text(_network_toml(records), "utf-8")
    (path / "policy.toml").write_text("\n".join(_policy_toml(policy) for policy in records.policies), "utf-8")
    for table in TABLES:
        rows = _TABLE_BY_STEM.get(table.stem, _record_table)(records, table)
        if table.required or rows.num_rows:
            _WRITE_BY_FORMAT[format](rows, path / f"{table.stem}.{format}")


def _record_table(records: NetworkRecords, table: Table) -> pa.Table:
    rows = getattr(records, table.stem)
    columns = {}
    for column in table.columns:
        default = table.default(column)
        values = [_value(row, column) for row in rows]
        if column.required or any(value != default for value in values):
            # An empty cell is the column's default; a text that is empty cannot be told from it.
            cells = [None if value in (None, "", ()) else column.kind.write(value) for value in values]
            columns[column.name] = pa.array(cells, column.kind.arrow)
    return pa.table(columns)


def _value(row: Any, column: Column) -> Any:
    if isinstance(row, Receipt):
        if column.name == "available_at":
            return datetime.fromtimestamp(row.available_at_minute * 60, UTC)
        if column.name == "delay_days":  # already in the minute
            return 0
    return getattr(row, column.field_name)


def _inventory_table(records: NetworkRecords, table: Table) -> pa.Table:
    inventory: Inventory = records.inventory
    columns = {
        "item_id": _named([item.item_id for item in records.items], inventory.item_index),
        "location_id": _named([location.location_id for location in records.locations], inventory.location_index),
        "quantity": pa.array(inventory.quantity),
    }
    if np.any(inventory.pool_index):
        columns["pool"] = _named([pool or None for pool in inventory.pools], inventory.pool_index)
    if not np.all(inventory.sellable):
        statuses = [StockStatus.OUT_OF_STOCK.value, StockStatus.AVAILABLE.value]
        columns["status"] = _named(statuses, inventory.sellable.astype(np.int32))
    assert set(columns) <= set(table.column_names)
    return pa.table(columns)


def _prices_table(records: NetworkRecords, table: Table) -> pa.Table:
    prices = records.inventory_prices
    columns = {
        "item_id": _named([item.item_id for item in records.items], prices.item_index),
        "location_id": _named([location.location_id for location in records.locations], prices.location_index),
    }
    for name in ("stock_out_micros", "markdown_micros"):
        if np.any(micros := getattr(prices, name)):
            columns[name] = pa.array(micros)
    assert set(columns) <= set(table.column_names)
    return pa.table(columns)


def _named(names: list[Any], indexes: Any) -> pa.DictionaryArray:
    # A name that is None is a null of the column, not a null among its names: Parquet cannot hold the latter.
    nameless = np.array([name is None for name in names], np.bool_)
    known = [name or "" for name in names]
    return pa.DictionaryArray.from_arrays(pa.array(indexes, mask=nameless[indexes]), pa.array(known, pa.string()))


def _write_csv(rows: pa.Table, file: Path) -> None:
    """Inventory and its prices go through Arrow, for their many rows: ids need no quotes. The rest may hold commas, quotes."""
    if file.stem in _TABLE_BY_STEM:
        arrow_csv.write_csv(rows, file, arrow_csv.WriteOptions(quoting_style="none", quoting_header="none"))
        return
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(rows.column_names)
        for row in _dicts(rows):
            writer.writerow("" if cell is None else _csv_cell(cell) for cell in row.values())


def _csv_cell(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _write_parquet(rows: pa.Table, file: Path) -> None:
    arrow_parquet.write_table(rows, file)


def _write_jsonl(rows: pa.Table, file: Path) -> None:
    with file.open("wb") as lines:
        for row in _dicts(rows):
            given = {name: cell for name, cell in row.items() if cell is not None}
            lines.write(orjson.dumps(given, option=orjson.OPT_APPEND_NEWLINE))


def _dicts(rows: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in rows.to_batches(CHUNK_ROWS):
        yield from batch.to_pylist()


def _network_toml(records: NetworkRecords) -> str:
    return _keys_toml(records.network, NETWORK)


def _policy_toml(policy: Policy) -> str:
    head = f"[policy.{_key(policy.policy_id)}]\n" + _keys_toml(policy, POLICY)
    kind_by_term = {column.name: column.kind for column in POLICY_WEIGHTS.columns}
    lines = [f"weights.{term} = {_toml(kind_by_term[term].write(parts))}\n" for term, parts in policy.weights]
    lines += [f"fees.{_key(name)} = {micros}\n" for name, micros in policy.fees]
    is_text = {column.name: column.kind.arrow == pa.string() for column in POLICY_WHEN.columns}
    lines += [f"when.{key} = {_toml(value) if is_text[key] else value}\n" for key, value in policy.when]
    return head + "".join(lines)


def _keys_toml(record: Any, table: Table) -> str:
    """One line a key, those that hold their default left out."""
    lines = []
    for column in table.columns:
        value = getattr(record, column.field_name)
        if column.required or value != table.default(column):
            lines.append(f"{column.name} = {_toml(column.kind.write(value))}\n")
    return "".join(lines)


def _toml(value: Any) -> str:
    """A TOML value. A basic string of TOML is a JSON string but for the delete character."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def _key(policy_id: str) -> str:
    return policy_id if re.fullmatch(r"[A-Za-z0-9_-]+", policy_id) else json.dumps(policy_id)


_TABLE_BY_STEM: dict[str, Callable[[NetworkRecords, Table], pa.Table]] = {
    "inventory": _inventory_table,
    "inventory_prices": _prices_table,
}

_WRITE_BY_FORMAT: dict[str, Callable[[pa.Table, Path], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "jsonl": _write_jsonl,
}
