"""CSV, JSON Lines and Parquet as they come: quotes, blank lines, line ends, encodings, broken files; rows are named right."""

import mmap
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sample_folder import write_sample

from loaders.errors import Fault, RowError
from loaders.folder import load_folder, validate_folder

NAME = "one line of at most 500 characters in UTF-8"
NOT_UTF8 = pa.array([b"\xff"]).view(pa.string())
GRAMS = "a whole number of grams from 0 to 1000000000"


def errors_of(folder: Path, **files: str | bytes) -> list[tuple[int | None, str, str, Fault]]:
    """Errors of the sample with a CSV file replaced (``items_csv`` stands for items.csv)."""
    changes = {name.replace("_", ".", 1): content for name, content in files.items()}
    if not any(name.endswith(".csv") for name in changes):
        changes |= {f"{name.partition('.')[0]}.csv": None for name in changes}
    return [(e.row, e.column, e.value, e.reason) for e in validate_folder(write_sample(folder, changes)).errors]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("item_id,weight_grams\nX,1\nY,bad\n", 3),
        ("item_id,weight_grams\r\nX,1\r\nY,bad\r\n", 3),
        ("\ufeffitem_id,weight_grams\nX,1\nY,bad", 3),
        ("\nitem_id,weight_grams\n\n\nX,1\n\nY,bad\n", 7),
        ('item_id,weight_grams\n"X","1"\n"Y","bad"\n', 3),
        ('"item_id","weight_grams"\nX,1\n\nY,bad\n', 4),
    ],
)
def test_csv_lines_are_counted_as_an_editor_does(tmp_path: Path, content: str, line: int) -> None:
    assert errors_of(tmp_path, items_csv=content) == [(line, "weight_grams", "bad", Fault.MALFORMED)]


def test_csv_rows_after_a_quoted_line_break_keep_their_lines(tmp_path: Path) -> None:
    """The broken name stands on lines 2 and 3, the row with three cells on 4, the bad weight on 5."""
    content = 'item_id,name,weight_grams\nX,"a\nb",1\nY,c,1,1\nY,c,bad\n'
    assert errors_of(tmp_path, items_csv=content) == [
        (2, "name", "a\nb", Fault.MALFORMED),
        (4, "", "4 cells", Fault.MALFORMED),
        (5, "weight_grams", "bad", Fault.MALFORMED),
    ]


def test_csv_is_searched_for_its_lines_once_however_many_rows_are_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice 300 distinct bad cells ask for their lines; with a search for each, 100,000 bad rows took over ten minutes."""
    searches = []
    mapped = mmap.mmap

    def search(*args: Any, **options: Any) -> mmap.mmap:
        searches.append(args)
        return mapped(*args, **options)

    monkeypatch.setattr("mmap.mmap", search)
    content = "item_id,weight_grams,length_mm\n" + "".join(f"I{row},a{row},b{row}\n" for row in range(300))
    found = errors_of(tmp_path, items_csv=content, inventory_csv="item_id,location_id,quantity\n")
    assert found == [
        (row + 2, column, f"{letter}{row}", Fault.MALFORMED)
        for row in range(300)
        for column, letter in (("length_mm", "b"), ("weight_grams", "a"))
    ]
    assert len(searches) == 1


def test_csv_quote_never_closed_does_not_swallow_rows(tmp_path: Path) -> None:
    """The quote opened on line 3 takes in all that follows: refused, though the row has its two cells."""
    content = 'item_id,name\nX,a\nY,"b\nZ,c\n'
    assert errors_of(tmp_path, items_csv=content) == [(3, "name", "b\nZ,c\n", Fault.MALFORMED)]


def test_csv_quote_that_swallows_more_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow gives up on a row longer than its block; the line on which that row begins is named all the same."""
    monkeypatch.setattr("loaders.read_csv.BLOCK_BYTES", 256)
    content = "item_id,name\nX,a\n" + 'Y,"b\n' + "Z,c\n" * 200
    assert errors_of(tmp_path, items_csv=content) == [(3, "", "", Fault.UNREADABLE)]


def test_csv_is_the_same_in_small_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 rows of 12 bytes over blocks of 256: one dictionary, codes in order."""
    rows = "".join(f"{'XY'[row % 2]},A1,{row % 7},P{row:03d}\n" for row in range(300))
    folder = write_sample(tmp_path, {"inventory.csv": f"item_id,location_id,quantity,pool\n{rows}"})
    whole = load_folder(folder).inventory
    monkeypatch.setattr("loaders.read_csv.BLOCK_BYTES", 256)
    parted = load_folder(folder).inventory
    assert whole.pools == parted.pools == ("", *(f"P{row:03d}" for row in range(300)))
    assert whole.quantity.tolist() == parted.quantity.tolist()
    assert whole.quantity.tolist() == [r % 7 for r in range(0, 300, 2)] + [r % 7 for r in range(1, 300, 2)]


def test_csv_cells_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    content = "item_id,name,weight_grams\nX,Café,1\nY,Cafe,bad\nZ,Müller,\n".encode("latin-1")
    assert errors_of(tmp_path, items_csv=content) == [
        (2, "name", "Caf\ufffd", Fault.MALFORMED),
        (3, "weight_grams", "bad", Fault.MALFORMED),
        (4, "name", "M\ufffdller", Fault.MALFORMED),
    ]


def test_csv_with_semicolons_lacks_its_columns(tmp_path: Path) -> None:
    errors = errors_of(tmp_path, items_csv="item_id;name\nX;a\n")
    assert errors == [(1, "item_id", "", Fault.MISSING_COLUMN), (1, "item_id;name", "", Fault.UNKNOWN_COLUMN)]


def test_jsonl_names_each_bad_cell_by_its_record(tmp_path: Path) -> None:
    """A cell of another type makes Arrow refuse the file; read line by line, each bad cell has its name."""
    lines = (
        '{"item_id": "X", "weight_grams": 1}',
        "",
        '{"item_id": "Y", "weight_grams": "bad", "hazmat": "perhaps"}',
        '{"item_id": "Z", "weight_grams": 1.5, "name": {"en": "shoe"}}',
        '{"item_id": "V", "weight_grams": NaN, "name": "\\ud800"}',
        '{"item_id": "W", "weight_grams": true, "weight": 5}',
    )
    assert errors_of(tmp_path, items_jsonl="\n".join(lines)) == [
        (None, "weight", "", Fault.UNKNOWN_COLUMN),
        (2, "hazmat", "perhaps", Fault.MALFORMED),
        (2, "weight_grams", "bad", Fault.MALFORMED),
        (3, "name", '{"en": "shoe"}', Fault.MALFORMED),
        (3, "weight_grams", "1.5", Fault.MALFORMED),
        (4, "name", "\ufffd", Fault.MALFORMED),
        (4, "weight_grams", "NaN", Fault.MALFORMED),
        (5, "weight_grams", "true", Fault.MALFORMED),
    ]


@pytest.mark.parametrize(
    "value",
    ['{"a":1}', '{ "a" : [1.50, {}] ,"b":"\\u00e9 }" }', "{}", "[1]", '["bolt"]', "[]", "[[1]]", "[null]"],
)
@pytest.mark.parametrize("column", ["quantity", "pool", "status"])
def test_jsonl_object_or_list_as_a_cell_is_told_as_it_stands(tmp_path: Path, value: str, column: str) -> None:
    """Each column by its own kind: a number, an id and a word. A list of one number is no number."""
    others = {"item_id": '"X"', "location_id": '"A1"', "quantity": "1"}
    cells = ", ".join(f'"{name}":  {cell} ' for name, cell in (others | {column: value}).items())
    assert errors_of(tmp_path, inventory_jsonl=f"  {{ {cells}}} \n") == [(1, column, value, Fault.MALFORMED)]


@pytest.mark.parametrize("value", ['["Y", null]', '["Y", true]', '["Y", ["Z"]]', '[{"item_id": "Y"}]', '{"Y": 1}'])
def test_jsonl_list_of_other_than_ids_is_told_as_it_stands(tmp_path: Path, value: str) -> None:
    lines = f'{{"item_id": "X", "substitutes": {value}}}\n{{"item_id": "Y", "substitutes": ["X"]}}\n'
    assert errors_of(tmp_path, items_jsonl=lines) == [(1, "substitutes", value, Fault.MALFORMED)]


def test_jsonl_key_given_twice_is_told_with_its_second_value(tmp_path: Path) -> None:
    lines = '{"item_id": "X"}\n{"item_id": "Y"}\n{"item_id": "Z", "name": {"a":1}, "name": {"b": 1}}\n'
    assert errors_of(tmp_path, items_jsonl=lines) == [(3, "name", '{"b": 1}', Fault.DUPLICATE)]


def test_jsonl_lines_that_are_no_objects(tmp_path: Path) -> None:
    content = '{"item_id": "X"}\n{"item_id": "Y"\n[1]\n{"item_id": "Y", "name": "a", "name": "b"}\n{"item_id": "Y"}\n'
    assert errors_of(tmp_path, items_jsonl=content) == [
        (2, "", "", Fault.UNREADABLE),
        (3, "", "[1]", Fault.UNREADABLE),
        (4, "name", "b", Fault.DUPLICATE),
    ]


def test_jsonl_without_trouble_names_unknown_and_lacking_columns(tmp_path: Path) -> None:
    content = '{"name": "a"}\n{"name": "b", "nmae": 5}\n'
    assert errors_of(tmp_path, items_jsonl=content) == [
        (None, "item_id", "", Fault.MISSING_COLUMN),
        (None, "nmae", "", Fault.UNKNOWN_COLUMN),
    ]


def test_jsonl_empty_cells_of_a_required_column(tmp_path: Path) -> None:
    content = '{"item_id": "X"}\n{"item_id": null}\n{"name": "a"}\n{"item_id": "Y"}\n'
    assert errors_of(tmp_path, items_jsonl=content) == [
        (2, "item_id", "", Fault.EMPTY),
        (3, "item_id", "", Fault.EMPTY),
    ]


def test_jsonl_that_is_not_utf8(tmp_path: Path) -> None:
    content = b'{"item_id": "X", "name": "Caf\xe9"}\n{"item_id": "Y"}\n'
    assert errors_of(tmp_path, items_jsonl=content) == [(1, "name", "Caf\ufffd", Fault.MALFORMED)]


def test_jsonl_line_by_line_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numeric ids force the line-by-line way; its chunks of two rows join to the same sheet."""
    monkeypatch.setattr("loaders.read_jsonl.CHUNK_ROWS", 2)
    folder = write_sample(
        tmp_path,
        {
            "items.csv": "item_id\n1\n2\n3\n4\n5\n",
            "inventory.csv": None,
            "inventory.jsonl": "".join(
                f'{{"item_id": {item}, "location_id": "A1", "quantity": {9 - item}}}\n' for item in (5, 3, 1, 2, 4)
            ),
        },
    )
    inventory = load_folder(folder).inventory
    assert inventory.item_index.tolist() == [0, 1, 2, 3, 4]
    assert inventory.quantity.tolist() == [8, 7, 6, 5, 4]


def test_parquet_names_bad_cells_and_columns(tmp_path: Path) -> None:
    folder = write_sample(tmp_path, {"items.csv": None})
    columns = {
        "item_id": ["X", "Y", None],
        "weight_grams": pa.array([1.0, float("nan"), 2.5]),
        "name": pa.array([{"en": "shoe"}, None, None]),
        "wieght": [1, 2, 3],
    }
    pq.write_table(pa.table(columns), folder / "items.parquet")
    assert validate_folder(folder).errors == (
        RowError(
            "items.parquet",
            None,
            "wieght",
            "",
            Fault.UNKNOWN_COLUMN,
            "one of item_id, name, item_class, weight_grams, length_mm, width_mm, height_mm, value_micros, hazmat, "
            "ship_alone, components, substitutes, duty_ppm, decay_ppm_per_day, supplier_credit_ppm; nearest: weight_grams",
        ),
        RowError(
            "items.parquet",
            1,
            "name",
            '{"en":"shoe"}',
            Fault.MALFORMED,
            f"{NAME}, not a column of type struct<en: string>",
        ),
        RowError("items.parquet", 2, "weight_grams", "nan", Fault.MALFORMED, GRAMS),
        RowError(
            "items.parquet",
            3,
            "item_id",
            "",
            Fault.EMPTY,
            "an id: 1 to 128 letters, digits and . _ : / @ + -, the first a letter or digit",
        ),
        RowError("items.parquet", 3, "weight_grams", "2.5", Fault.MALFORMED, GRAMS),
    )


@pytest.mark.parametrize(
    ("column", "values", "row", "value", "type_"),
    [
        ("quantity", [[1], [2]], 1, "[1]", "list<element: int64>"),
        ("quantity", [None, []], 2, "[]", "list<element: null>"),
        ("quantity", [None, {"a": 1}], 2, '{"a":1}', "struct<a: int64>"),
        ("quantity", pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), 1, '[["a",1]]', "map<string, int64>"),
        ("quantity", pa.array([[1], [2]], pa.large_list(pa.int64())), 1, "[1]", "large_list<element: int64>"),
        ("quantity", pa.array([[1], [2]], pa.list_(pa.int64(), 1)), 1, "[1]", "fixed_size_list<element: int64>[1]"),
        ("quantity", pa.array([None, None], pa.list_(pa.int64())), None, "", "list<element: int64>"),
        ("item_id", [["X"], ["Y"]], 1, '["X"]', "list<element: string>"),
        ("pool", pa.ListArray.from_arrays([0, 0, 1], NOT_UTF8), 1, "[]", "list<element: string>"),
        ("pool", pa.ListArray.from_arrays([0, 1, 1], NOT_UTF8), 1, "", "list<element: string>"),
    ],
)
def test_parquet_column_of_lists_or_structs_is_refused(
    tmp_path: Path, column: str, values: Any, row: int | None, value: str, type_: str
) -> None:
    """A list of one number is no number: one error for the column, with the first row that has a value."""
    columns = {"item_id": ["X", "Y"], "location_id": ["A1", "A1"], "quantity": [1, 2], "pool": [None, "P"]}
    folder = write_sample(tmp_path, {"inventory.csv": None})
    pq.write_table(pa.table(columns | {column: values}), folder / "inventory.parquet")
    (error,) = validate_folder(folder).errors
    assert (error.row, error.column, error.value, error.reason) == (row, column, value, Fault.MALFORMED)
    assert re.sub(r" \('\w+'\)", "", error.expected).endswith(f", not a column of type {type_}")


def test_parquet_column_of_lists_is_refused_by_its_first_value_in_a_later_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of two rows; the first value stands in the fifth row."""
    monkeypatch.setattr("loaders.read_parquet.BATCH_ROWS", 2)
    folder = write_sample(tmp_path)
    columns = {"segment": list("abcdef"), "quantity": pa.array([None] * 4 + [[7], [8]])}
    pq.write_table(pa.table(columns), folder / "segments.parquet")
    (error,) = validate_folder(folder).errors
    assert (error.row, error.column, error.value) == (5, "quantity", "[7]")


def test_parquet_list_with_a_part_that_is_null_is_not_an_empty_cell(tmp_path: Path) -> None:
    """X's list holds Y and nothing; Y has an empty list and Z none, which are both empty cells."""
    folder = write_sample(tmp_path, {"items.csv": None})
    columns = {"item_id": ["X", "Y", "Z"], "substitutes": [["Y", None], [], None]}
    pq.write_table(pa.table(columns), folder / "items.parquet")
    (error,) = validate_folder(folder).errors
    assert (error.row, error.column, error.value, error.reason) == (1, "substitutes", "Y;(null)", Fault.MALFORMED)


def test_parquet_instant_without_a_zone_is_refused(tmp_path: Path) -> None:
    folder = write_sample(tmp_path)
    columns = {
        "receipt_id": ["R"],
        "item_id": ["X"],
        "location_id": ["A1"],
        "quantity": [1],
        "available_at": pa.array([0], pa.timestamp("s")),
    }
    pq.write_table(pa.table(columns), folder / "receipts.parquet")
    (error,) = validate_folder(folder).errors
    assert (error.row, error.column, error.value, error.reason) == (
        1,
        "available_at",
        "1970-01-01 00:00:00",
        Fault.MALFORMED,
    )


def test_a_file_that_is_not_parquet(tmp_path: Path) -> None:
    assert errors_of(tmp_path, items_parquet="item_id\nX\nY\n") == [(None, "", "", Fault.UNREADABLE)]
