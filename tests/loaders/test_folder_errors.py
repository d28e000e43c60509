"""Each rule of the network folder, broken once: the exact error, and nothing but it."""

from pathlib import Path

import pytest
from sample_folder import SAMPLE, write_sample

from loaders.errors import Fault, LoadError, RowError
from loaders.folder import load_folder, validate_folder

F = Fault
ID = "an id: 1 to 128 letters, digits and . _ : / @ + -, the first a letter or digit"
MOMENT = "a date YYYY-MM-DD or an instant YYYY-MM-DDTHH:MM with Z or an offset, years 1970 to 2999"
MICROS = "a whole number of micros from 0 to 1000000000000"
DUTY = "item_id,value_micros,duty_ppm"
PPM = "a whole number of parts per million from 0 to 10000000"
COLUMNS = {name.partition(".")[0]: text.partition("\n")[0] for name, text in SAMPLE.items() if name.endswith(".csv")}
EXTRA = {
    "transfers": "from_location_id,to_location_id,transit_days,departure",
    "segments": "segment,item_id,quantity",
    "safety_stock": "item_id,channel,quantity",
    "availability_rules": "item_id,item_class,location_id,location_group,from,until,available,safety_stock,buffer_percent",
    "backorders": "item_id,location_id,quantity,lead_time_days",
    "inventory_prices": "item_id,location_id,stock_out_micros,markdown_micros",
    "receipts": "receipt_id,item_id,location_id,quantity,available_at,delay_days",
}
WIDE = {
    "items": "item_id,components,substitutes,hazmat,name,length_mm,value_micros",
    "locations": "location_id,kind,postal_code,latitude,longitude,time_zone,country_code,cutoff,capacity_unit,groups",
    "calendars": "calendar_id,day,open,close,country_code",
    "zones": "carrier_service_id,destination_country,zone,transit_days,origin_location_id,destination_postal_from,"
    "destination_postal_to",
    "carrier_services": "carrier_service_id,service_level,pickup_calendar_id,delivery_calendar_id",
    "inventory": "item_id,location_id,quantity,pool,status",
}

# Each: stem, header ("" the sample's), rows added to the sample's (None: instead of them), line, then the error.
# fmt: off
CELLS = [
    ("inventory", "", "Y,B2,", 5, "quantity", "", F.EMPTY, "a whole number from -2147483648 to 2147483647"),
    ("inventory", "", "Y,B2,1.5", 5, "quantity", "1.5", F.MALFORMED, "a whole number from -2147483648 to 2147483647"),
    ("inventory", "", "Y,B2,NaN", 5, "quantity", "NaN", F.MALFORMED, "a whole number from -2147483648 to 2147483647"),
    ("inventory", "", "Y,B2,2147483648", 5, "quantity", "2147483648", F.OUT_OF_RANGE,
     "a whole number from -2147483648 to 2147483647"),
    ("inventory", "", "Y,B2,-2147483649", 5, "quantity", "-2147483649", F.OUT_OF_RANGE,
     "a whole number from -2147483648 to 2147483647"),
    ("inventory", "", "Z,B2,1", 5, "item_id", "Z", F.UNKNOWN_REFERENCE, "an id that items has"),
    ("inventory", "", "Y,C3,1", 5, "location_id", "C3", F.UNKNOWN_REFERENCE, "an id that locations has"),
    ("inventory", "", "Y,A1,9", 5, "item_id", "Y", F.DUPLICATE, "each item_id + location_id once; row 4 has it"),
    ("inventory", WIDE["inventory"], "X,A1,1,GOLD,\nX,A1,1,,\nX,A1,2,GOLD,", 4, "item_id", "X", F.DUPLICATE,
     "each item_id + location_id + pool once; row 2 has it"),
    ("inventory", WIDE["inventory"], "X,A1,1,,SOLD_OUT", 2, "status", "SOLD_OUT", F.MALFORMED,
     "one of AVAILABLE, OUT_OF_STOCK"),
    ("inventory", WIDE["inventory"], "X,A1,1,a b,", 2, "pool", "a b", F.MALFORMED, ID),
    ("items", "", "Z Z,5", 4, "item_id", "Z Z", F.MALFORMED, ID),
    ("items", "", "X,5", 4, "item_id", "X", F.DUPLICATE, "each item_id once; row 2 has it"),
    ("items", "", "Z,-1", 4, "weight_grams", "-1", F.OUT_OF_RANGE, "a whole number of grams from 0 to 1000000000"),
    ("items", "", "Z,1000000001", 4, "weight_grams", "1000000001", F.OUT_OF_RANGE,
     "a whole number of grams from 0 to 1000000000"),
    ("items", WIDE["items"], "X,,,,,,\nY,,,,,,1000000000001", 3, "value_micros", "1000000000001", F.OUT_OF_RANGE,
     "a whole number of micros from 0 to 1000000000000"),
    ("items", DUTY, "X,1,-1\nY,,", 2, "duty_ppm", "-1", F.OUT_OF_RANGE, PPM),
    ("items", DUTY, "X,1,10000001\nY,,", 2, "duty_ppm", "10000001", F.OUT_OF_RANGE, PPM),
    ("items", DUTY, "X,1,NaN\nY,,", 2, "duty_ppm", "NaN", F.MALFORMED, PPM),
    ("items", DUTY, "X,1,0.5\nY,,", 2, "duty_ppm", "0.5", F.MALFORMED, PPM),
    ("items", DUTY, "X,1000000000000,1000000\nY,500000000001,2000000", 3, "duty_ppm", "2000000", F.CONTRADICTION,
     "a duty of at most 1000000000000 micros a unit; of its value_micros this is more"),
    ("items", WIDE["items"], "X,,,maybe,,,\nY,,,,,,", 2, "hazmat", "maybe", F.MALFORMED, "true, false, 1, 0, yes or no"),
    ("items", WIDE["items"], "X,Y,,,,,\nY,,,,,,", 2, "components", "Y", F.MALFORMED,
     "id:quantity parted by ; and each id once, quantities from 1 to 2147483647"),
    ("items", WIDE["items"], "X,Y:0,,,,,\nY,,,,,,", 2, "components", "Y:0", F.OUT_OF_RANGE,
     "id:quantity parted by ; and each id once, quantities from 1 to 2147483647"),
    ("items", WIDE["items"], "X,Y:1;Y:2,,,,,\nY,,,,,,", 2, "components", "Y:1;Y:2", F.DUPLICATE,
     "id:quantity parted by ; and each id once, quantities from 1 to 2147483647"),
    ("items", WIDE["items"], "X,Y:1;Z:2,,,,,\nY,,,,,,", 2, "components", "Y:1;Z:2", F.UNKNOWN_REFERENCE,
     "ids that items has; not there: Z"),
    ("items", WIDE["items"], "X,X:1,,,,,\nY,,,,,,", 2, "components", "X:1", F.CONTRADICTION,
     "components that do not hold the kit itself"),
    ("items", WIDE["items"], "X,,V;W,,,,\nY,,,,,,", 2, "substitutes", "V;W", F.UNKNOWN_REFERENCE,
     "ids that items has; not there: V, W"),
    ("items", WIDE["items"], "X,,X,,,,\nY,,,,,,", 2, "substitutes", "X", F.CONTRADICTION,
     "other items than the item itself"),
    ("items", WIDE["items"], "X,,Y;Y,,,,\nY,,,,,,", 2, "substitutes", "Y;Y", F.DUPLICATE, "ids parted by ; and each once"),
    ("items", WIDE["items"], 'X,,,,"a\nb",,\nY,,,,,,', 2, "name", "a\nb", F.MALFORMED,
     "one line of at most 500 characters in UTF-8"),
    ("locations", "", "C3,SHOP,1014,", 4, "kind", "SHOP", F.MALFORMED,
     "one of DC, STORE, SUPPLIER, LOCKER"),
    ("locations", "", "C3,STOR,1014,", 4, "kind", "STOR", F.MALFORMED,
     "one of DC, STORE, SUPPLIER, LOCKER; nearest: STORE"),
    ("locations", "", "A1,DC,1014,", 4, "location_id", "A1", F.DUPLICATE, "each location_id once; row 2 has it"),
    ("locations", "", "C3,DC,9999,", 4, "postal_code", "9999", F.UNKNOWN_REFERENCE,
     "latitude and longitude, or a postal area that holds the location's country and postal code"),
    ("locations", "", "C3,DC,10_1,", 4, "postal_code", "10_1", F.MALFORMED,
     "a postal code: 1 to 16 letters, digits, spaces and hyphens"),
    ("locations", "", "C3,DC,1014,YEAR", 4, "calendar_id", "YEAR", F.UNKNOWN_REFERENCE, "an id that calendars has"),
    ("locations", WIDE["locations"], "A1,DC,1012,inf,4.8,,,,,\nB2,DC,1012,,,,,,,", 2, "latitude", "inf", F.MALFORMED,
     "a number from -90 to 90"),
    ("locations", WIDE["locations"], "A1,DC,1012,90.1,4.8,,,,,\nB2,DC,1012,,,,,,,", 2, "latitude", "90.1",
     F.OUT_OF_RANGE, "a number from -90 to 90"),
    ("locations", WIDE["locations"], "A1,DC,1012,1,-181,,,,,\nB2,DC,1012,,,,,,,", 2, "longitude", "-181",
     F.OUT_OF_RANGE, "a number from -180 to 180"),
    ("locations", WIDE["locations"], "A1,DC,1012,52,,,,,,\nB2,DC,1012,,,,,,,", 2, "longitude", "", F.CONTRADICTION,
     "latitude and longitude, or neither"),
    ("locations", WIDE["locations"], "A1,DC,1012,,,Europe/Utrecht,,,,\nB2,DC,1012,,,,,,,", 2, "time_zone",
     "Europe/Utrecht", F.UNKNOWN_REFERENCE, "a time zone of the IANA database, as Europe/Amsterdam"),
    ("locations", WIDE["locations"], "A1,DC,1012,,,,XX,,,\nB2,DC,1012,,,,,,,", 2, "country_code", "XX",
     F.UNKNOWN_REFERENCE, "a country code of two capital letters (ISO 3166)"),
    ("locations", WIDE["locations"], "A1,DC,1012,,,,,24:01,,\nB2,DC,1012,,,,,,,", 2, "cutoff", "24:01",
     F.OUT_OF_RANGE, "a time from 00:00 to 24:00"),
    ("locations", WIDE["locations"], "A1,DC,1012,,,,,16h,,\nB2,DC,1012,,,,,,,", 2, "cutoff", "16h",
     F.MALFORMED, "a time from 00:00 to 24:00"),
    ("locations", "location_id,kind,postal_code,performance_micros", "A1,DC,1012,-1\nB2,DC,1012,1000000000000", 2,
     "performance_micros", "-1", F.OUT_OF_RANGE, "a whole number of micros from 0 to 1000000000000"),
    ("locations", "location_id,kind,postal_code,performance_micros", "A1,DC,1012,\nB2,DC,1012,1000000000001", 3,
     "performance_micros", "1000000000001", F.OUT_OF_RANGE, "a whole number of micros from 0 to 1000000000000"),
    ("locations", "location_id,kind,postal_code,decline_ppm", "A1,DC,1012,-1\nB2,DC,1012,1000000", 2, "decline_ppm", "-1",
     F.OUT_OF_RANGE, "a whole number of parts per million from 0 to 1000000"),
    ("locations", "location_id,kind,postal_code,decline_ppm", "A1,DC,1012,\nB2,DC,1012,1000001", 3, "decline_ppm",
     "1000001", F.OUT_OF_RANGE, "a whole number of parts per million from 0 to 1000000"),
    ("locations", WIDE["locations"], "A1,DC,1012,,,,,,LINE,\nB2,DC,1012,,,,,,,", 2, "capacity_unit", "LINE",
     F.MALFORMED, "one of ORDERS, LINES, UNITS; nearest: LINES"),
    ("locations", WIDE["locations"], "A1,DC,1012,,,,,,,a;b;a\nB2,DC,1012,,,,,,,", 2, "groups", "a;b;a",
     F.DUPLICATE, "ids parted by ; and each once"),
    ("calendars", "", "WEEK,MONDAY,09:00,18:00", 4, "day", "MONDAY", F.MALFORMED,
     "MON, TUE, WED, THU, FRI, SAT, SUN, a date YYYY-MM-DD, or holidays"),
    ("calendars", "", "WEEK,2026-02-30,,", 4, "day", "2026-02-30", F.MALFORMED,
     "MON, TUE, WED, THU, FRI, SAT, SUN, a date YYYY-MM-DD, or holidays"),
    ("calendars", "", "WEEK,TUE,18:00,18:00", 4, "close", "18:00", F.CONTRADICTION, "a time after open"),
    ("calendars", "", "WEEK,TUE,18:00,", 4, "close", "", F.CONTRADICTION, "open and close, or neither for a closed day"),
    ("calendars", "", "WEEK,TUE,,18:00", 4, "open", "", F.CONTRADICTION, "open and close, or neither for a closed day"),
    ("calendars", "", "WEEK,MON,08:00,12:00", 4, "calendar_id", "WEEK", F.DUPLICATE,
     "each calendar_id + day once; row 2 has it"),
    ("calendars", WIDE["calendars"], "WEEK,holidays,09:00,,", 2, "open", "09:00", F.CONTRADICTION,
     "neither open nor close: holidays closes"),
    ("calendars", WIDE["calendars"], "WEEK,holidays,,,XX", 2, "country_code", "XX", F.UNKNOWN_REFERENCE,
     "a country code of two capital letters (ISO 3166)"),
    ("calendars", "", "WEEK,holidays XX,,", 4, "day", "holidays XX", F.UNKNOWN_REFERENCE,
     "MON, TUE, WED, THU, FRI, SAT, SUN, a date YYYY-MM-DD, or holidays; its country code is of two capital letters "
     "(ISO 3166)"),
    ("calendars", WIDE["calendars"], "WEEK,MON,,,NL", 2, "country_code", "NL", F.CONTRADICTION,
     "a country only where day is holidays"),
    ("postal_areas", "", "NL,1199,1100,52,5", 3, "postal_to", "1100", F.CONTRADICTION, "at least 1199"),
    ("postal_areas", "", "NL,1000,1099,52,5", 3, "country_code", "NL", F.DUPLICATE,
     "each country_code + postal_from + postal_to once; row 2 has it"),
    ("carrier_services", "", "GROUND,EXPRESS", 3, "carrier_service_id", "GROUND", F.DUPLICATE,
     "each carrier_service_id once; row 2 has it"),
    ("carrier_services", WIDE["carrier_services"], "GROUND,STANDARD,YEAR,", 2, "pickup_calendar_id", "YEAR",
     F.UNKNOWN_REFERENCE, "an id that calendars has"),
    ("zones", "", "AIR,NL,1,1", 3, "carrier_service_id", "AIR", F.UNKNOWN_REFERENCE, "an id that carrier_services has"),
    ("zones", "", "GROUND,NL,2,1", 3, "carrier_service_id", "GROUND", F.DUPLICATE,
     "each carrier_service_id + destination_country once; row 2 has it"),
    ("zones", "", "GROUND,BE,1,-1", 3, "transit_days", "-1", F.OUT_OF_RANGE, "a whole number of days from 0 to 3650"),
    ("zones", WIDE["zones"], "GROUND,NL,1,1,C3,,", 2, "origin_location_id", "C3", F.UNKNOWN_REFERENCE,
     "an id that locations has"),
    ("zones", WIDE["zones"], "GROUND,NL,1,1,,2000,1000", 2, "destination_postal_to", "1000", F.CONTRADICTION,
     "at least 2000"),
    ("zones", WIDE["zones"], "GROUND,NL,1,1,,2000,", 2, "destination_postal_to", "", F.CONTRADICTION,
     "both ends of the postal range, or neither"),
    ("tariffs", "", "GROUND,1,10000,5950000", 3, "carrier_service_id", "GROUND", F.DUPLICATE,
     "each carrier_service_id + zone + max_weight_grams once; row 2 has it"),
    ("tariffs", "", "AIR,1,1,1", 3, "carrier_service_id", "AIR", F.UNKNOWN_REFERENCE, "an id that carrier_services has"),
    ("tariffs", "", "GROUND,1,0,1", 3, "max_weight_grams", "0", F.OUT_OF_RANGE,
     "a whole number of grams from 1 to 1000000000"),
    ("tariffs", "", "GROUND,1,1,-1", 3, "price_micros", "-1", F.OUT_OF_RANGE,
     "a whole number of micros from 0 to 1000000000000"),
    ("transfers", EXTRA["transfers"], "A1,A1,1,", 2, "to_location_id", "A1", F.CONTRADICTION,
     "another location than from_location_id"),
    ("transfers", EXTRA["transfers"], "A1,C3,1,", 2, "to_location_id", "C3", F.UNKNOWN_REFERENCE,
     "an id that locations has"),
    ("transfers", EXTRA["transfers"], "A1,B2,1,8:00\nA1,B2,2,08:00", 3, "from_location_id", "A1", F.DUPLICATE,
     "each from_location_id + to_location_id + departure once; row 2 has it"),
    ("segments", EXTRA["segments"], "GOLD,Z,1", 2, "item_id", "Z", F.UNKNOWN_REFERENCE, "an id that items has"),
    ("segments", EXTRA["segments"], "GOLD,X,-1", 2, "quantity", "-1", F.OUT_OF_RANGE,
     "a whole number from 0 to 2147483647"),
    ("segments", EXTRA["segments"], "GOLD,X,1\nGOLD,X,2", 3, "segment", "GOLD", F.DUPLICATE,
     "each segment + item_id once; row 2 has it"),
    ("safety_stock", EXTRA["safety_stock"], ",,1\n,,2", 3, "item_id", "", F.DUPLICATE,
     "each item_id + channel once; row 2 has it"),
    ("availability_rules", EXTRA["availability_rules"], "XX,,,,,,,1,", 2, "item_id", "XX", F.UNKNOWN_REFERENCE,
     "an id that items has; nearest: X"),
    ("availability_rules", EXTRA["availability_rules"], ",,A11,,,,,1,", 2, "location_id", "A11", F.UNKNOWN_REFERENCE,
     "an id that locations has; nearest: A1"),
    ("availability_rules", EXTRA["availability_rules"], "X,,,,,,,,", 2, "available", "", F.CONTRADICTION,
     "at least one of available, safety_stock, buffer_quantity, buffer_percent, inbound, pickup_reserve"),
    ("availability_rules", EXTRA["availability_rules"], "X,,,,,,no,3,", 2, "safety_stock", "3", F.CONTRADICTION,
     "nothing more where available is false"),
    ("availability_rules", EXTRA["availability_rules"], "X,shoes,,,,,no,,", 2, "item_class", "shoes", F.CONTRADICTION,
     "item_id or item_class, not both"),
    ("availability_rules", EXTRA["availability_rules"], ",,A1,north,,,no,,", 2, "location_group", "north", F.CONTRADICTION,
     "location_id alone, or location_group and country_code"),
    ("availability_rules", EXTRA["availability_rules"], ",,,,2026-12-24,2026-12-23,no,,", 2, "until", "2026-12-23",
     F.CONTRADICTION, "a moment not before from, 2026-12-24"),
    ("availability_rules", EXTRA["availability_rules"], ",,,,24-12-2026,,no,,", 2, "from", "24-12-2026", F.MALFORMED, MOMENT),
    ("availability_rules", EXTRA["availability_rules"], ",,,,,,,,100.1", 2, "buffer_percent", "100.1", F.OUT_OF_RANGE,
     "a number from 0 to 100 with at most four decimals"),
    ("availability_rules", EXTRA["availability_rules"], ",,,,,,,,-1", 2, "buffer_percent", "-1", F.OUT_OF_RANGE,
     "a number from 0 to 100 with at most four decimals"),
    ("availability_rules", EXTRA["availability_rules"], ",,,,,,,,0.00001", 2, "buffer_percent", "0.00001", F.MALFORMED,
     "a number from 0 to 100 with at most four decimals"),
    ("availability_rules", EXTRA["availability_rules"], ",,,,,,,-1,", 2, "safety_stock", "-1", F.OUT_OF_RANGE,
     "a whole number from 0 to 2147483647"),
    ("availability_rules", EXTRA["availability_rules"], "X,,,,,,no,,\nX,,,,,,,4,", 3, "item_id", "X", F.DUPLICATE,
     "each item_id + item_class + location_id + location_group + from + until once; row 2 has it"),
    ("backorders", EXTRA["backorders"], "X,C3,1,1", 2, "location_id", "C3", F.UNKNOWN_REFERENCE,
     "an id that locations has"),
    ("backorders", EXTRA["backorders"], "X,A1,1,3651", 2, "lead_time_days", "3651", F.OUT_OF_RANGE,
     "a whole number of days from 0 to 3650"),
    ("inventory_prices", EXTRA["inventory_prices"], "X,A1,-1,", 2, "stock_out_micros", "-1", F.OUT_OF_RANGE, MICROS),
    ("inventory_prices", EXTRA["inventory_prices"], "X,A1,,1000000000001", 2, "markdown_micros", "1000000000001",
     F.OUT_OF_RANGE, MICROS),
    ("inventory_prices", EXTRA["inventory_prices"], "X,A1,,NaN", 2, "markdown_micros", "NaN", F.MALFORMED, MICROS),
    ("inventory_prices", EXTRA["inventory_prices"], "X,A1,0.5,", 2, "stock_out_micros", "0.5", F.MALFORMED, MICROS),
    ("inventory_prices", EXTRA["inventory_prices"], "X,,1,", 2, "location_id", "", F.EMPTY, ID),
    ("inventory_prices", EXTRA["inventory_prices"], "Z,A1,1,", 2, "item_id", "Z", F.UNKNOWN_REFERENCE,
     "an id that items has"),
    ("inventory_prices", EXTRA["inventory_prices"], "X,C3,1,", 2, "location_id", "C3", F.UNKNOWN_REFERENCE,
     "an id that locations has"),
    ("inventory_prices", EXTRA["inventory_prices"], "X,A1,1,\nX,B2,1,\nX,A1,2,", 4, "item_id", "X", F.DUPLICATE,
     "each item_id + location_id once; row 2 has it"),
    ("receipts", EXTRA["receipts"], "R,X,A1,1,2026-01-01T10:00,", 2, "available_at", "2026-01-01T10:00", F.MALFORMED,
     MOMENT + "; an instant needs its Z or offset"),
    ("receipts", EXTRA["receipts"], "R,X,A1,1,1-1-2026,", 2, "available_at", "1-1-2026", F.MALFORMED, MOMENT),
    ("receipts", EXTRA["receipts"], "R,X,A1,1,3026-01-01,", 2, "available_at", "3026-01-01", F.OUT_OF_RANGE, MOMENT),
    ("receipts", EXTRA["receipts"], "R,X,A1,1,2026-01-01T25:00Z,", 2, "available_at", "2026-01-01T25:00Z", F.MALFORMED,
     MOMENT),
    ("receipts", EXTRA["receipts"], "R,X,A1,1,2026-01-01,-1", 2, "delay_days", "-1", F.OUT_OF_RANGE,
     "a whole number of days from 0 to 3650"),
    ("receipts", EXTRA["receipts"], "R,X,A1,1,2026-01-01,\nR,X,A1,2,2026-01-02,", 3, "receipt_id", "R", F.DUPLICATE,
     "each receipt_id + item_id + location_id once; row 2 has it"),
    ("receipts", EXTRA["receipts"], "BACKORDER,X,A1,1,2026-01-01,", 2, "receipt_id", "BACKORDER", F.MALFORMED,
     ID + "; BACKORDER stands for units that are sold beyond stock"),
    ("receipts", EXTRA["receipts"], "R,X,C3,1,2026-01-01,", 2, "location_id", "C3", F.UNKNOWN_REFERENCE,
     "an id that locations has"),
]
# fmt: on


@pytest.mark.parametrize(
    ("stem", "header", "rows", "line", "column", "value", "reason", "expected"),
    CELLS,
    ids=[f"{case[0]}-{case[4]}-{case[6]}-{number}" for number, case in enumerate(CELLS)],
)
def test_bad_cell(
    tmp_path: Path,
    stem: str,
    header: str,
    rows: str,
    line: int,
    column: str,
    value: str,
    reason: Fault,
    expected: str,
) -> None:
    """One bad cell is one error that names file, line, column, value, reason and what was expected."""
    file = f"{stem}.csv"
    content = f"{header}\n{rows}\n" if header else f"{SAMPLE[file]}{rows}\n"
    folder = write_sample(tmp_path, {file: content})
    assert validate_folder(folder).errors == (RowError(file, line, column, value, reason, expected),)


def test_a_kit_cycle_names_each_kit_in_it(tmp_path: Path) -> None:
    """V holds W, W holds V; U holds V but is no part of itself."""
    folder = write_sample(tmp_path, {"items.csv": "item_id,components\nX,\nY,\nU,V:1\nV,W:1;X:1\nW,V:2\n"})
    expected = "components that do not hold the kit itself"
    assert validate_folder(folder).errors == (
        RowError("items.csv", 5, "components", "W:1;X:1", F.CONTRADICTION, expected),
        RowError("items.csv", 6, "components", "V:2", F.CONTRADICTION, expected),
    )


FILES = [
    ({"tariffs.csv": None}, RowError("tariffs.csv", None, "", "", F.MISSING_FILE,
     "a file tariffs.csv or tariffs.parquet or tariffs.jsonl")),
    ({"network.toml": None}, RowError("network.toml", None, "", "", F.MISSING_FILE, "a file network.toml")),
    ({"policy.toml": None}, RowError("policy.toml", None, "", "", F.MISSING_FILE, "a file policy.toml")),
    ({"inventry.csv": "x"}, RowError("inventry.csv", None, "", "", F.UNKNOWN_FILE,
     "a file of the network folder: network, policy, postal_areas, calendars, locations, items, carrier_services, "
     "zones, tariffs, transfers, segments, safety_stock, availability_rules, backorders, inventory, inventory_prices, "
     "receipts; nearest: inventory")),
    ({"receipts.xlsx": "x"}, RowError("receipts.xlsx", None, "", "", F.UNKNOWN_FILE,
     "a file receipts.csv or receipts.parquet or receipts.jsonl")),
    ({"policy.csv": "x"}, RowError("policy.csv", None, "", "", F.UNKNOWN_FILE, "a file policy.toml")),
    ({"items.jsonl": ""}, RowError("items.jsonl", None, "", "", F.DUPLICATE,
     "one file only; items.csv is there as well")),
    ({"items.csv": "item_id,weight_grams\n", "inventory.csv": "item_id,location_id,quantity\n"},
     RowError("items.csv", None, "", "", F.EMPTY, "at least one row")),
    ({"zones.csv": ""}, RowError("zones.csv", None, "", "", F.UNREADABLE, "a header line naming the columns")),
    ({"items.csv": "item_id,wieght_grams\nX,1\nY,1\n"}, RowError("items.csv", 1, "wieght_grams", "", F.UNKNOWN_COLUMN,
     "one of item_id, name, item_class, weight_grams, length_mm, width_mm, height_mm, value_micros, hazmat, "
     "ship_alone, components, substitutes, duty_ppm, decay_ppm_per_day, supplier_credit_ppm; nearest: weight_grams")),
    ({"items.csv": "item_id,qqqqqqqq\nX,1\nY,1\n"}, RowError("items.csv", 1, "qqqqqqqq", "", F.UNKNOWN_COLUMN,
     "one of item_id, name, item_class, weight_grams, length_mm, width_mm, height_mm, value_micros, hazmat, "
     "ship_alone, components, substitutes, duty_ppm, decay_ppm_per_day, supplier_credit_ppm")),
    ({"items.csv": "item_id,item_id\nX,1\nY,1\n"}, RowError("items.csv", 1, "item_id", "", F.DUPLICATE,
     "each column once")),
    ({"items.csv": "name\nX\nY\n"}, RowError("items.csv", 1, "item_id", "", F.MISSING_COLUMN,
     f"a column holding {ID}")),
    ({"inventory.csv": "item_id,location_id,quantity\nX,A1\n"}, RowError("inventory.csv", 2, "", "2 cells", F.MALFORMED,
     "3 cells, as the header has")),
    ({"locations.csv": "location_id,kind,postal_code,latitude\nA1,DC,1012,52\nB2,DC,1013,52\n"},
     RowError("locations.csv", None, "longitude", "", F.MISSING_COLUMN, "latitude and longitude, or neither")),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "error"), FILES, ids=[f"{e.file}-{e.reason}-{e.column}" for _, e in FILES])
def test_bad_file(tmp_path: Path, changes: dict[str, str | None], error: RowError) -> None:
    """What is wrong with a file as a whole is one error, not one for each row or reference it spoils."""
    assert validate_folder(write_sample(tmp_path, changes)).errors == (error,)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    expected = RowError("nowhere", None, "", "", F.MISSING_FILE, f"a folder at {path}")
    assert validate_folder(path).errors == (expected,)


def test_all_bad_rows_of_all_files_are_reported_in_order(tmp_path: Path) -> None:
    """Errors come in the order of files, then rows; an unreadable network.toml does not hide the rest."""
    folder = write_sample(
        tmp_path,
        {
            "network.toml": "name = \n",
            "items.csv": "item_id,weight_grams\nX,a\nY,b\n",
            "inventory.csv": "item_id,location_id,quantity\nX,A1,q\nQ,B2,1\nY,A1,q\n",
        },
    )
    errors = validate_folder(folder).errors
    assert [(e.file, e.row, e.column, e.value) for e in errors] == [
        ("network.toml", None, "", ""),
        ("items.csv", 2, "weight_grams", "a"),
        ("items.csv", 3, "weight_grams", "b"),
        ("inventory.csv", 2, "quantity", "q"),
        ("inventory.csv", 3, "item_id", "Q"),
        ("inventory.csv", 4, "quantity", "q"),
    ]


def test_load_error_reads_as_its_first_error(tmp_path: Path) -> None:
    folder = write_sample(tmp_path, {"items.csv": "item_id,weight_grams\nX,a\nY,1\nY,2\n"})
    with pytest.raises(LoadError) as raised:
        load_folder(folder)
    assert str(raised.value) == (
        "items.csv:2: weight_grams 'a': MALFORMED, expected a whole number of grams from 0 to 1000000000 (and 1 more)"
    )
    assert raised.value.error_count == 2


def test_fees_of_service_levels_that_no_carrier_has(tmp_path: Path) -> None:
    """They may be named by the levels of the network's carriers, bad rows among them too, and by ways without a carrier."""
    files = {"policy.toml": "[policy.a]\nfees = {STANDART = 1, DIGITAL = 2, SHIP_TO_STORE = 3, PICKUP = 4, STANDARD = 5}\n"}
    with pytest.raises(LoadError) as refused:
        load_folder(write_sample(tmp_path, files))
    expected = "one of STANDARD, PICKUP, SHIP_TO_STORE, DIGITAL; nearest: STANDARD"
    assert refused.value.errors == (
        RowError("policy.toml", None, "policy.a.fees.STANDART", "1", Fault.UNKNOWN_REFERENCE, expected),
    )
