"""Availability rules that load and still cannot mean what they say: each with its row and the reason."""

from pathlib import Path

from sample_folder import write_sample

from loaders.folder import validate_folder

HEADER = "scenario_id,item_class,location_group,country_code,channel,from,until,available,safety_stock\n"
LOCATIONS = "location_id,kind,postal_code,groups\nA1,DC,1012 AB,north\nB2,STORE,1013,south\n"
ITEMS = "item_id,item_class\nX,shoes\nY,socks\n"


def warnings_of(folder: Path, rows: str) -> list[tuple[int | None, str, str]]:
    files = {"locations.csv": LOCATIONS, "items.csv": ITEMS, "availability_rules.csv": HEADER + rows}
    validation = validate_folder(write_sample(folder, files))
    assert validation.ok
    return [(each.row, each.column, each.message) for each in validation.warnings]


def test_sound_rules_give_no_warning(tmp_path: Path) -> None:
    """Dates that follow each other, and rows of one time for two scenarios, contradict nothing."""
    rows = (
        ",shoes,north,NL,web,2026-01-01,2026-01-31,,3\n,shoes,north,NL,web,2026-02-01,2026-02-28,,4\n"
        "peak,,,,,2026-01-01,,,3\nfire,,,,,2026-01-01,,,4\n,,,,,2026-01-01,,no,\n,,,,,2026-01-02,,false,\n"
    )
    assert warnings_of(tmp_path, rows) == []


def test_names_that_nothing_has(tmp_path: Path) -> None:
    rows = ",shoe,,,,,,no,\n,,nort,,,,,no,\n,,,BE,,,,no,\n"
    assert warnings_of(tmp_path, rows) == [
        (2, "item_class", "nothing falls under it: no item is of class shoe; nearest: shoes"),
        (3, "location_group", "nothing falls under it: no location is in group nort; nearest: north"),
        (4, "country_code", "nothing falls under it: no location is in BE"),
    ]


def test_dates_that_overlap(tmp_path: Path) -> None:
    """The 31st of January is in both; an instant that ends before its day begins in Amsterdam never comes."""
    rows = (
        ",shoes,,,web,2026-01-01,2026-01-31,,3\n,shoes,,,web,2026-01-31,,,4\n"
        ",,,,,2026-01-02,2026-01-01T22:59:00Z,no,\n"
    )  # fmt: skip
    assert warnings_of(tmp_path, rows) == [
        (3, "from", "contradicts row 2 while both are in force: then that counts which leaves less to promise"),
        (4, "until", "never counts: until ends before from begins"),
    ]
