"""What is told of a folder's errors: every one, or how many of each kind and what to type for every one."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from sample_folder import write_sample

from loaders.errors import Fault
from loaders.folder import Validation, validate_folder
from loaders.report import errors_json, print_errors, print_warnings

SERVER = Path(__file__).resolve().parents[2] / "server.py"


def printed(validation: Validation, folder: Path, width: int = 110) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_errors(validation, folder, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def bad_rows(path: Path, count: int) -> Path:
    """An inventory of so many rows, each with another bad quantity and an item that is not there; lines 2 and on."""
    rows = "".join(f"I{row},A1,q{row}\n" for row in range(count))
    return write_sample(path, {"inventory.csv": f"item_id,location_id,quantity\n{rows}"})


def test_a_thousand_errors_are_all_shown(tmp_path: Path) -> None:
    """500 rows of two errors each: nothing is left out, so nothing else need be typed."""
    folder = bad_rows(tmp_path, 500)
    text = printed(validate_folder(folder), folder)
    assert re.findall(r"│ (q\d+) ", text) == [f"q{row}" for row in range(500)]
    assert re.findall(r"│ (I\d+) ", text) == [f"I{row}" for row in range(500)]
    assert text.splitlines()[-1].strip() == "1,000 errors"


def test_more_than_a_thousand_errors_are_counted_by_kind_and_how_to_see_them_all_is_told(tmp_path: Path) -> None:
    """501 rows of two errors each; on a terminal of 60 columns the command is in one line all the same."""
    folder = bad_rows(tmp_path / "my network", 501)
    text = printed(validate_folder(folder), folder)
    assert "1,002 errors, the first 1,000 shown" in text
    assert re.search(r"│ inventory.csv │ quantity +│ MALFORMED +│ +501 │", text)
    assert re.search(r"│ inventory.csv │ item_id +│ UNKNOWN_REFERENCE +│ +501 │", text)
    command = f"All of them: python server.py validate '{folder}' --json"
    assert text.splitlines()[-1] == command
    assert printed(validate_folder(folder), folder, width=60).splitlines()[-1] == command


def test_json_has_every_error(tmp_path: Path) -> None:
    """60,000 rows of two errors each: 120,000 errors of one file, the last row's on line 60,001."""
    found = json.loads(errors_json(validate_folder(bad_rows(tmp_path, 60_000))))
    assert (found["ok"], found["error_count"], found["errors_left_out"]) == (False, 120_000, 0)
    assert len(found["errors"]) == 120_000
    assert found["errors"][-1] == {
        "file": "inventory.csv", "row": 60_001, "column": "quantity", "value": "q59999", "reason": "MALFORMED",
        "expected": "a whole number from -2147483648 to 2147483647",
    }  # fmt: skip


def test_errors_beyond_the_cap_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """10 rows, each with a bad quantity, an unknown item, and 9 of them given twice; 4 errors a file are kept."""
    for module in ("errors", "sheet", "checks", "report"):
        monkeypatch.setattr(f"loaders.{module}.ERRORS_PER_FILE_MAX", 4)
    monkeypatch.setattr("loaders.report.ROWS_SHOWN_MAX", 3)
    folder = write_sample(tmp_path, {"inventory.csv": "item_id,location_id,quantity\n" + "Q,A1,x\n" * 10})
    validation = validate_folder(folder)
    assert (len(validation.errors), validation.error_count) == (4, 10 + 10 + 9)
    assert validation.counts == {
        ("inventory.csv", "quantity", Fault.MALFORMED): 10,
        ("inventory.csv", "item_id", Fault.DUPLICATE): 9,
        ("inventory.csv", "item_id", Fault.UNKNOWN_REFERENCE): 10,
    }
    found = json.loads(errors_json(validation))
    assert (found["error_count"], len(found["errors"]), found["errors_left_out"]) == (29, 4, 25)
    command = f"python server.py validate {folder} --json"
    assert printed(validation, folder).splitlines()[-1] == f"All but 25 of them (4 a file are kept): {command}"


def test_more_than_a_thousand_warnings_tell_how_to_see_them_all(tmp_path: Path) -> None:
    """1,001 carrier services without a zone."""
    rows = "".join(f"S{row},STANDARD\n" for row in range(1_001))
    folder = write_sample(tmp_path, {"carrier_services.csv": f"carrier_service_id,service_level\nGROUND,STANDARD\n{rows}"})
    console = Console(file=io.StringIO(), width=110)
    print_warnings(validate_folder(folder), folder, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "1,001 warnings, the first 1,000 shown" in text
    assert text.splitlines()[-1] == f"All of them: python server.py validate {folder} --json"


@pytest.mark.parametrize(
    "command",
    [["validate"], ["load", "--data-dir", "data"], ["serve", "--port", "0", "--data-dir", "data", "--network"]],
    ids=lambda command: command[0],
)
def test_each_command_tells_how_to_see_them_all(tmp_path: Path, command: list[str]) -> None:
    folder = bad_rows(tmp_path / "network", 501)
    ran = subprocess.run(
        [sys.executable, str(SERVER), *command, str(folder)], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert f"All of them: python server.py validate {folder} --json\n" in ran.stdout + ran.stderr
