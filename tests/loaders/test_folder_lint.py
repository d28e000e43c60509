"""A folder that loads and still cannot mean what it says: each finding with its file and row."""

from pathlib import Path

import pytest
from sample_folder import SAMPLE, write_sample

from loaders.errors import FolderWarning
from loaders.folder import validate_folder
from loaders.report import errors_json, render_warnings

SEGMENTS = "segment,item_id,location_id,quantity\n"


def warnings_of(folder: Path, changes: dict[str, str | bytes | None]) -> list[tuple[str, int | None, str, str]]:
    validation = validate_folder(write_sample(folder, changes))
    assert validation.ok
    return [(each.file, each.row, each.column, each.message) for each in validation.warnings]


def test_the_sample_has_none(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("file", "rows", "expected"),
    [
        ("zones.csv", "GROUND,BE,2,2\nGROUND,DE,2,2\n",
         ("zones.csv", 3, "zone", "zone 2 of GROUND ships nothing: tariffs has no row of it")),
        ("tariffs.csv", "GROUND,1,20000,5950000\nGROUND,9,1,1\n",
         ("tariffs.csv", 4, "zone", "never charged: zones has no zone 9 of GROUND")),
        ("carrier_services.csv", "AIR,EXPRESS\n",
         ("carrier_services.csv", 3, "carrier_service_id", "AIR ships nothing: zones has no row of it")),
    ],
)  # fmt: skip
def test_carriers(tmp_path: Path, file: str, rows: str, expected: tuple[str, int, str, str]) -> None:
    assert warnings_of(tmp_path, {file: SAMPLE[file] + rows}) == [expected]


def test_a_zone_of_another_carrier_has_no_tariff_by_its_name(tmp_path: Path) -> None:
    changes: dict[str, str | bytes | None] = {
        "carrier_services.csv": SAMPLE["carrier_services.csv"] + "AIR,EXPRESS\n",
        "zones.csv": SAMPLE["zones.csv"] + "AIR,NL,1,1\n",
    }
    assert warnings_of(tmp_path, changes) == [
        ("zones.csv", 3, "zone", "zone 1 of AIR ships nothing: tariffs has no row of it")
    ]  # fmt: skip


def test_a_duty_on_no_value(tmp_path: Path) -> None:
    """X is worth something, Y and Z are not: the first of them is named."""
    rows = "item_id,value_micros,duty_ppm\nX,5,1\nY,0,1\nZ,,2\n"
    message = "has no effect: value_micros is not set (2 rows)"
    assert warnings_of(tmp_path, {"items.csv": rows}) == [("items.csv", 3, "duty_ppm", message)]


def test_a_kit_is_charged_what_its_components_are(tmp_path: Path) -> None:
    """A duty of the kit K itself, or a price of its stock, is charged to nobody."""
    items = "item_id,components,value_micros,duty_ppm\nX,,5,1\nY,,,\nK,X:2,5,1\n"
    prices = "item_id,location_id,stock_out_micros\nX,A1,1\nK,B2,1\nK,A1,1\n"
    message = "has no effect: a kit is charged what its components are"
    assert warnings_of(tmp_path, {"items.csv": items, "inventory_prices.csv": prices}) == [
        ("items.csv", 4, "duty_ppm", message), ("inventory_prices.csv", 3, "item_id", message + " (2 rows)"),
    ]  # fmt: skip


def test_ring_fenced_beyond_what_is_there(tmp_path: Path) -> None:
    """X has 5 in A1 and none in B2. A row that names no location takes what there is, without a word."""
    rows = SEGMENTS + "GOLD,X,A1,5\nGOLD,X,B2,1\nGOLD,Y,A1,8\nTIN,Y,,1\n"
    message = "{} of {} are ring-fenced: common stock for sale there, above safety stock, holds no more"
    assert warnings_of(tmp_path, {"segments.csv": rows}) == [
        ("segments.csv", 3, "quantity", message.format(0, 1)), ("segments.csv", 4, "quantity", message.format(7, 8)),
    ]  # fmt: skip


def test_files_without_rows_are_not_spoken_of(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, {"transfers.csv": "from_location_id,to_location_id,transit_days\n"}) == []


def test_warnings_for_a_program_and_for_a_person(tmp_path: Path) -> None:
    validation = validate_folder(
        write_sample(tmp_path, {"carrier_services.csv": "carrier_service_id,service_level\nGROUND,S\nAIR,S\n"})
    )
    warning = FolderWarning("carrier_services.csv", 3, "carrier_service_id", "AIR ships nothing: zones has no row of it")
    assert validation.warnings == (warning,)
    assert '"warnings":[{"file":"carrier_services.csv","row":3,' in errors_json(validation)
    assert render_warnings(validation).row_count == 1
