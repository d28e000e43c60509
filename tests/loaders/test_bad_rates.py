"""A tariff that is no price is refused with its row and column, whichever format the folder has."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sample_folder import SAMPLE, write_sample

from loaders.errors import Fault
from loaders.folder import validate_folder

NAN, INF = float("nan"), float("inf")
COLUMNS = ("carrier_service_id", "zone", "max_weight_grams", "price_micros", "per_kg_micros")
SOUND = ("GROUND", "1", 10_000, 4_950_000, 0)

# fmt: off
RATES: list[tuple[str, Any, Fault]] = [
    ("price_micros", -1, Fault.OUT_OF_RANGE), ("price_micros", 10**12 + 1, Fault.OUT_OF_RANGE),
    ("price_micros", 2**63 - 1, Fault.OUT_OF_RANGE), ("price_micros", 0.5, Fault.MALFORMED),
    ("price_micros", NAN, Fault.MALFORMED), ("price_micros", INF, Fault.MALFORMED), ("price_micros", -INF, Fault.MALFORMED),
    ("price_micros", 1e300, Fault.OUT_OF_RANGE), ("per_kg_micros", NAN, Fault.MALFORMED),
    ("per_kg_micros", -0.25, Fault.MALFORMED), ("per_kg_micros", -5, Fault.OUT_OF_RANGE),
    ("per_kg_micros", 1e13, Fault.OUT_OF_RANGE), ("max_weight_grams", INF, Fault.MALFORMED),
    ("max_weight_grams", 0, Fault.OUT_OF_RANGE), ("max_weight_grams", -10, Fault.OUT_OF_RANGE),
    ("max_weight_grams", 10**9 + 1, Fault.OUT_OF_RANGE),
]
# fmt: on


def rows_with(column: str, value: Any) -> list[dict[str, Any]]:
    """A sound row, then one whose column holds the value."""
    sound = dict(zip(COLUMNS, SOUND, strict=True))
    return [sound, {**sound, "max_weight_grams": 20_000, column: value}]


def write_csv(folder: Path, rows: list[dict[str, Any]]) -> None:
    lines = [",".join(COLUMNS), *(",".join(str(row[name]) for name in COLUMNS) for row in rows)]
    (folder / "tariffs.csv").write_text("\n".join(lines) + "\n", "utf-8")


def write_jsonl(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "tariffs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def write_parquet(folder: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), folder / "tariffs.parquet")


FORMATS = {"csv": (write_csv, 3), "jsonl": (write_jsonl, 2), "parquet": (write_parquet, 2)}
"""How each is written, and the number of the second row in it."""


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(("column", "value", "reason"), RATES, ids=[f"{column}-{value}" for column, value, _ in RATES])
def test_bad_rate(tmp_path: Path, format_name: str, column: str, value: Any, reason: Fault) -> None:
    write, row = FORMATS[format_name]
    folder = write_sample(tmp_path, {"tariffs.csv": None})
    rows = rows_with(column, value)
    if format_name == "parquet" and isinstance(value, float):
        rows[0][column] = float(rows[0][column])
    write(folder, rows)
    errors = [(e.file, e.row, e.column, e.reason) for e in validate_folder(folder).errors]
    assert errors == [(f"tariffs.{format_name}", row, column, reason)]


@pytest.mark.parametrize("literal", ["1e400", "-1e400", "99999999999999999999999", "9" * 400])
def test_json_numbers_beyond_any_type(tmp_path: Path, literal: str) -> None:
    folder = write_sample(tmp_path, {"tariffs.csv": None})
    text = json.dumps(rows_with("price_micros", "HERE")[1]).replace('"HERE"', literal)
    (folder / "tariffs.jsonl").write_text(text + "\n", "utf-8")
    (error,) = validate_folder(folder).errors
    assert (error.file, error.row) == ("tariffs.jsonl", 1)


@pytest.mark.parametrize("stem", ["locations", "items"])
def test_a_network_needs_locations_and_items(tmp_path: Path, stem: str) -> None:
    """Its other files are empty too, so that nothing but the lack itself is an error."""
    header = SAMPLE[f"{stem}.csv"].partition("\n")[0]
    folder = write_sample(tmp_path, {f"{stem}.csv": f"{header}\n", "inventory.csv": "item_id,location_id,quantity\n"})
    (error,) = validate_folder(folder).errors
    assert str(error) == f"{stem}.csv: EMPTY, expected at least one row"
