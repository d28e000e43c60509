"""network.toml and policy.toml: every bad key by its full name."""

from pathlib import Path

import pytest

from loaders.errors import ErrorLog, Fault, RowError
from loaders.toml_files import read_network, read_policies

F = Fault
POLICY_KEYS = (
    "one of split_micros, late_micros_per_day, short_micros, carbon_micros_per_kg, capacity_price, decline_micros, "
    "opportunity_minutes_max, pool_minutes, pool_cutoff_minutes, max_locations_per_order, max_locations_per_line, "
    "allow_split_lines, no_split_below_micros, max_distance_meters, international, order_by, nearest_postal_area, "
    "declined_lines, when, weights, fees"
)
NETWORK_KEYS = "name, currency, country_code, time_zone, horizon_days, demand_days"
MICROS = "a whole number of micros from 0 to 1000000000000"
WEIGHT = "a number from 0 to 1000 with at most six decimals"
MOMENT = "a date YYYY-MM-DD or an instant YYYY-MM-DDTHH:MM with Z or an offset, years 1970 to 2999"


def errors_of_policies(folder: Path, text: str) -> list[tuple[str, str, Fault, str]]:
    log = ErrorLog()
    (folder / "policy.toml").write_text(text, "utf-8")
    policies = read_policies(folder / "policy.toml", log)
    assert (policies == ()) == bool(log.error_count)
    assert all((error.file, error.row) == ("policy.toml", None) for error in log.errors())
    return [(error.column, error.value, error.reason, error.expected) for error in log.errors()]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", ("policy", "", F.EMPTY, "at least one table [policy.NAME]")),
        ("policy = 1", ("policy", "", F.EMPTY, "at least one table [policy.NAME]")),
        ("policy.a = 1", ("policy.a", "1", F.MALFORMED, "a table [policy.NAME]")),
        (
            '[policy."a b"]',
            (
                "policy.a b",
                "a b",
                F.MALFORMED,
                "an id: 1 to 128 letters, digits and . _ : / @ + -, the first a letter or digit",
            ),
        ),
        (
            "[policy.a]\nsplit_micro = 1",
            ("policy.a.split_micro", "1", F.UNKNOWN_COLUMN, f"{POLICY_KEYS}; nearest: split_micros"),
        ),
        ("[policy.a]\nsplit_micros = -1", ("policy.a.split_micros", "-1", F.OUT_OF_RANGE, MICROS)),
        ("[policy.a]\ndecline_micros = -1", ("policy.a.decline_micros", "-1", F.OUT_OF_RANGE, MICROS)),
        ("[policy.a]\ndecline_micros = 1000000000001", ("policy.a.decline_micros", "1000000000001", F.OUT_OF_RANGE, MICROS)),
        ("[policy.a]\nsplit_micros = true", ("policy.a.split_micros", "True", F.MALFORMED, MICROS)),
        ("[policy.a]\nsplit_micros = 1.5", ("policy.a.split_micros", "1.5", F.MALFORMED, MICROS)),
        (
            "[policy.a]\nmax_locations_per_order = 0",
            ("policy.a.max_locations_per_order", "0", F.OUT_OF_RANGE, "a whole number from 1 to 2147483647"),
        ),
        ('[policy.a]\norder_by = "PRICE"', ("policy.a.order_by", "PRICE", F.MALFORMED, "one of COST, PRIORITY, DISTANCE")),
        ("[policy.a]\nfees = 1", ("policy.a.fees", "1", F.MALFORMED, "a table")),
        ("[policy.a]\nfees.STANDARD = -1", ("policy.a.fees.STANDARD", "-1", F.OUT_OF_RANGE, MICROS)),
        ("[policy.a]\nfees.STANDARD = nan", ("policy.a.fees.STANDARD", "NaN", F.MALFORMED, MICROS)),
        ("[policy.a]\nfees.STANDARD = 4.95", ("policy.a.fees.STANDARD", "4.95", F.MALFORMED, MICROS)),
        ("[policy.a]\nweights = 1", ("policy.a.weights", "1", F.MALFORMED, "a table")),
        ("[policy.a]\nweights.carrier = -1", ("policy.a.weights.carrier", "-1", F.OUT_OF_RANGE, WEIGHT)),
        ("[policy.a]\nweights.carrier = 1001", ("policy.a.weights.carrier", "1001", F.OUT_OF_RANGE, WEIGHT)),
        ("[policy.a]\nweights.carrier = nan", ("policy.a.weights.carrier", "NaN", F.MALFORMED, WEIGHT)),
        ("[policy.a]\nweights.carrier = inf", ("policy.a.weights.carrier", "Infinity", F.MALFORMED, WEIGHT)),
        ("[policy.a]\nweights.carrier = 0.0000001", ("policy.a.weights.carrier", "1E-7", F.MALFORMED, WEIGHT)),
        (
            "[policy.a]\nweights.carier = 1",
            (
                "policy.a.weights.carier",
                "1",
                F.UNKNOWN_COLUMN,
                "one of pick, unit, pack, carrier, transfer, split, lateness, priority, distance, capacity, stock_out, "
                "markdown, opportunity, decline, performance, carbon, duty, short, penalty; nearest: carrier",
            ),
        ),
        (
            '[policy.a]\nwhen.chanel = "web"',
            (
                "policy.a.when.chanel",
                "web",
                F.UNKNOWN_COLUMN,
                "one of channel, segment, customer_class, min_value_micros, from, until; nearest: channel",
            ),
        ),
        ("[policy.a]\nwhen.min_value_micros = -5", ("policy.a.when.min_value_micros", "-5", F.OUT_OF_RANGE, MICROS)),
        (
            "[policy.a]\nwhen.from = 2026-01-01T10:00:00",
            ("policy.a.when.from", "2026-01-01 10:00:00", F.MALFORMED, f"{MOMENT}; an instant needs its Z or offset"),
        ),
        (
            "[policy.a]\nwhen.from = 2026-02-01\nwhen.until = 2026-01-01",
            ("policy.a.when.until", "2026-01-01", F.CONTRADICTION, "a date not before from"),
        ),
        (
            "[policy.a]\nwhen.from = 2026-02-01T00:00:00Z\nwhen.until = 2026-02-01T00:00:00Z",
            ("policy.a.when.until", "2026-02-01 00:00:00+00:00", F.CONTRADICTION, "a moment after from"),
        ),
        (
            "[policy.a]\nmax_locations_per_order = 0",
            ("policy.a.max_locations_per_order", "0", F.OUT_OF_RANGE, "a whole number from 1 to 2147483647"),
        ),
    ],
)
def test_bad_policy(tmp_path: Path, text: str, error: tuple[str, str, Fault, str]) -> None:
    assert errors_of_policies(tmp_path, text) == [error]


def test_a_stray_table_is_named(tmp_path: Path) -> None:
    log = ErrorLog()
    (tmp_path / "policy.toml").write_text("[polices.a]\n[policy.b]\n")
    assert [policy.policy_id for policy in read_policies(tmp_path / "policy.toml", log)] == ["b"]
    assert log.errors() == (RowError("policy.toml", None, "polices", "", F.UNKNOWN_COLUMN, "tables [policy.NAME] only"),)


def test_bad_network_names_every_key(tmp_path: Path) -> None:
    log = ErrorLog()
    file = tmp_path / "network.toml"
    file.write_text('name = 1.5\ncurency = "EUR"\ncountry_code = "nl"\nhorizon_days = 0\n')
    assert read_network(file, log) is None
    assert [(e.column, e.value, e.reason, e.expected) for e in log.errors()] == [
        ("country_code", "nl", F.UNKNOWN_REFERENCE, "a country code of two capital letters (ISO 3166)"),
        ("curency", "EUR", F.UNKNOWN_COLUMN, f"one of {NETWORK_KEYS}; nearest: currency"),
        ("currency", "", F.MISSING_COLUMN, "a currency code of three capital letters (ISO 4217)"),
        ("horizon_days", "0", F.OUT_OF_RANGE, "a whole number of days from 1 to 3650"),
        ("name", "1.5", F.MALFORMED, "one line of at most 500 characters in UTF-8"),
        ("time_zone", "", F.MISSING_COLUMN, "a time zone of the IANA database, as Europe/Amsterdam"),
    ]


def test_toml_that_cannot_be_read(tmp_path: Path) -> None:
    log = ErrorLog()
    (tmp_path / "network.toml").write_bytes(b'name = "\xff"\n')
    (tmp_path / "policy.toml").write_text("[policy.a\n")
    assert read_network(tmp_path / "network.toml", log) is None
    assert read_policies(tmp_path / "policy.toml", log) == ()
    assert [(e.file, e.reason) for e in log.errors()] == [
        ("network.toml", F.UNREADABLE),
        ("policy.toml", F.UNREADABLE),
    ]
