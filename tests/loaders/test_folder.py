"""A folder is read into typed records: defaults, completions, formats and order."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sample_folder import as_comparable, write_sample

from engine.domain.enums import (
    CapacityUnit,
    LocationKind,
    LocationStatus,
    OrderBy,
    ReceiptKind,
)
from engine.network.records import (
    AvailabilityRule,
    Backorder,
    CalendarDay,
    CarrierService,
    Item,
    Location,
    Network,
    Policy,
    PostalArea,
    Receipt,
    SafetyStock,
    Segment,
    Tariff,
    Transfer,
    Zone,
)
from loaders.folder import Validation, load_folder, validate_folder

FULL = {
    "locations.csv": (
        "location_id,name,kind,country_code,postal_code,latitude,longitude,time_zone,calendar_id,cutoff,"
        "processing_minutes,pick_cost_micros,unit_cost_micros,pack_cost_micros,capacity_per_day,capacity_unit,ships,"
        "pickup,status,priority,groups,performance_micros,decline_ppm\n"
        "B2,,STORE,,1013,,,,,,,,,,,,,,,,,,\n"
        "A1,Depot,DC,BE,2000,51.2,4.4,Europe/Brussels,WEEK,24:00,30,1,2,3,40,LINES,no,yes,DISABLED,-2,x;y,4,5\n"
    ),
    "calendars.csv": (
        "calendar_id,day,open,close,country_code\n"
        "WEEK,MON,9:00,24:00,\nWEEK,2026-12-24,,,\nWEEK,holidays,,,\nWEEK,holidays,,,BE\nABC,holidays DE,,,\n"
    ),
    "items.csv": (
        "item_id,name,item_class,weight_grams,length_mm,width_mm,height_mm,value_micros,hazmat,ship_alone,components,"
        'substitutes,duty_ppm\nY,"Set, ""blue""",KIT,1,2,3,4,5,TRUE,1,X:2;Z:1,X;Z,6\nX,,,,,,,,,,,,\nZ,,,,,,,,,,,,\n'
    ),
    "carrier_services.csv": (
        "carrier_service_id,name,service_level,pickup_time,pickup_calendar_id,delivery_calendar_id,max_package_grams,"
        "dimensional_divisor,co2_grams_per_tonne_km\nGROUND,Road,STANDARD,17:30,WEEK,ABC,30000,5000,90\n"
        "AIR,,EXPRESS,,,,,,\n"
    ),
    "zones.csv": (
        "carrier_service_id,origin_location_id,destination_country,destination_postal_from,destination_postal_to,"
        "max_distance_meters,zone,transit_days\nGROUND,B2,NL,1000,1099,50000,1,2\nAIR,,NL,,,,1,0\n"
    ),
    "tariffs.csv": "carrier_service_id,zone,max_weight_grams,price_micros,per_kg_micros\nGROUND,1,10,2,3\nGROUND,1,5,1,\n",
    "transfers.csv": (
        "from_location_id,to_location_id,transit_days,calendar_id,departure,cost_micros,unit_cost_micros\n"
        "A1,B2,1,WEEK,18:00,5,6\nB2,A1,2,,,,\n"
    ),
    "segments.csv": "segment,item_id,location_id,quantity,consumes_common\nGOLD,X,A1,3,0\nB2B,,,1,\n",
    "safety_stock.csv": ("item_id,item_class,location_id,location_group,channel,quantity\nX,,A1,,,2\n,KIT,,x,web,4\n,,,,,0\n"),
    "availability_rules.csv": (
        "scenario_id,item_id,item_class,location_id,location_group,country_code,channel,from,until,available,safety_stock,"
        "buffer_quantity,buffer_percent,inbound,pickup_reserve\npeak,X,,A1,,,web,2026-11-20,2026-12-26T01:00+01:00,,3,4,12.5,0,6\n"
        ",,KIT,,x,BE,,,,false,,,,,\n"
    ),
    "backorders.csv": "item_id,location_id,quantity,lead_time_days\nX,A1,10,14\n,,5,30\n",
    "receipts.csv": (
        "receipt_id,item_id,location_id,quantity,available_at,kind,delay_days\n"
        "PO2,X,B2,4,2026-03-28,,1\nPO1,Y,A1,5,2026-01-01T10:00:30+01:00,TRANSFER,2\nPO1,X,A1,5,2026-01-01T10:00Z,,\n"
    ),
    "inventory.csv": (
        "item_id,location_id,quantity,pool,status\nY,B2,3,,\nX,A1,-4,GOLD,OUT_OF_STOCK\nX,A1,9,,AVAILABLE\nX,B2,1,B2B,\n"
    ),
    "inventory_prices.csv": "item_id,location_id,stock_out_micros,markdown_micros\nY,B2,1,\nX,B2,,2\nX,A1,3,4\n",
    "policy.toml": (
        '[policy.peak]\nwhen = {channel = "web", from = 2026-11-20, until = 2026-12-26T00:00:00Z, '
        "min_value_micros = 5}\nweights.pick = 1.5\nweights.carbon = 0.000001\nlate_micros_per_day = 7\n"
        "short_micros = 8\ncarbon_micros_per_kg = 9\ncapacity_price = 10\ndecline_micros = 13\n"
        "opportunity_minutes_max = 14\nmax_locations_per_order = 2\n"
        "max_locations_per_line = 1\nallow_split_lines = false\nno_split_below_micros = 11\n"
        'max_distance_meters = 12\ninternational = true\norder_by = "DISTANCE"\nsplit_micros = 6\n'
        "fees = {STANDARD = 4950000, PICKUP = 1}\n"
        "[policy.default]\n"
    ),
}


def test_defaults_and_completions(tmp_path: Path) -> None:
    """What is left empty comes from the record, the network, the location's kind or the postal area."""
    records = load_folder(write_sample(tmp_path))
    assert records.network == Network("Test", "EUR", "NL", "Europe/Amsterdam", 400)
    assert records.locations == (
        Location("A1", LocationKind.DC, "1012 AB", "NL", 52.37, 4.89, "Europe/Amsterdam", calendar_id="WEEK"),
        Location("B2", LocationKind.STORE, "1013", "NL", 52.37, 4.89, "Europe/Amsterdam", pickup=True),
    )
    assert records.items == (Item("X", weight_grams=100), Item("Y", weight_grams=200))
    assert records.calendars == (CalendarDay("WEEK", "MON", 540, 1080), CalendarDay("WEEK", "SUN", None, None))
    assert records.policies == (Policy("default", split_micros=1_000_000),)
    assert records.transfers == records.segments == records.safety_stock == records.backorders == records.receipts == ()
    assert records.availability_rules == ()
    assert records.sources == (
        "network.toml",
        "policy.toml",
        "postal_areas.csv",
        "calendars.csv",
        "locations.csv",
        "items.csv",
        "carrier_services.csv",
        "zones.csv",
        "tariffs.csv",
        "inventory.csv",
    )


def test_every_column(tmp_path: Path) -> None:
    """Every column of every file arrives in its record; rows are ordered by id, zones and tariffs stay in file order."""
    records = load_folder(write_sample(tmp_path, FULL))
    assert records.locations == (
        Location(
            "A1",
            LocationKind.DC,
            "2000",
            "BE",
            51.2,
            4.4,
            "Europe/Brussels",
            "Depot",
            "WEEK",
            1440,
            30,
            1,
            2,
            3,
            40,
            CapacityUnit.LINES,
            False,
            True,
            LocationStatus.DISABLED,
            -2,
            ("x", "y"),
            performance_micros=4,
            decline_ppm=5,
        ),
        Location("B2", LocationKind.STORE, "1013", "NL", 52.37, 4.89, "Europe/Amsterdam", pickup=True),
    )
    assert records.calendars == (
        CalendarDay("ABC", "holidays", None, None, "DE"),
        CalendarDay("WEEK", "MON", 540, 1440),
        CalendarDay("WEEK", "2026-12-24", None, None),
        CalendarDay("WEEK", "holidays", None, None, "NL"),
        CalendarDay("WEEK", "holidays", None, None, "BE"),
    )
    assert records.items == (
        Item("X"),
        Item("Y", 'Set, "blue"', "KIT", 1, 2, 3, 4, 5, True, True, (("X", 2), ("Z", 1)), ("X", "Z"), 6),
        Item("Z"),
    )
    assert records.carrier_services == (
        CarrierService("AIR", "EXPRESS"),
        CarrierService("GROUND", "STANDARD", "Road", 1050, "WEEK", "ABC", 30_000, 5_000, 90),
    )
    assert records.zones == (Zone("GROUND", "NL", "1", 2, "B2", "1000", "1099", 50_000), Zone("AIR", "NL", "1", 0))
    assert records.tariffs == (Tariff("GROUND", "1", 10, 2, 3), Tariff("GROUND", "1", 5, 1))
    assert records.transfers == (Transfer("A1", "B2", 1, "WEEK", 1080, 5, 6), Transfer("B2", "A1", 2))
    assert records.segments == (Segment("GOLD", 3, "X", "A1", False), Segment("B2B", 1))
    assert records.safety_stock == (
        SafetyStock(2, "X", None, "A1"),
        SafetyStock(4, None, "KIT", None, "x", "web"),
        SafetyStock(0),
    )
    assert records.availability_rules == (
        AvailabilityRule(
            "peak", "X", None, "A1", None, None, "web", "2026-11-20", "2026-12-26T00:00:00Z", None, 3, 4, 125_000, False, 6
        ),
        AvailabilityRule(None, None, "KIT", None, "x", "BE", available=False),
    )
    assert records.backorders == (Backorder(10, 14, "X", "A1"), Backorder(5, 30))
    assert records.policies == (
        Policy(
            "peak",
            (
                ("channel", "web"),
                ("from", "2026-11-20"),
                ("min_value_micros", "5"),
                ("until", "2026-12-26T00:00:00Z"),
            ),
            (("carbon", 1), ("pick", 1_500_000)),
            6,
            7,
            8,
            9,
            10,
            13,
            2,
            1,
            False,
            11,
            12,
            True,
            OrderBy.DISTANCE,
            fees=(("PICKUP", 1), ("STANDARD", 4_950_000)),
            opportunity_minutes_max=14,
        ),
        Policy("default"),
    )
    assert records.postal_areas == (PostalArea("NL", "1000", "1099", 52.37, 4.89),)


def test_receipts_are_dated_in_utc_minutes(tmp_path: Path) -> None:
    """A date is the start of the local day after the delay, across a DST change; seconds of an instant round up."""
    records = load_folder(write_sample(tmp_path, FULL))

    def minute(*moment: int) -> int:
        return int(datetime(*moment, tzinfo=UTC).timestamp()) // 60

    assert records.receipts == (
        # 10:00:30+01:00 is 09:00:30Z, so 09:01Z, two days on.
        Receipt("PO1", "Y", "A1", 5, minute(2026, 1, 3, 9, 1), ReceiptKind.TRANSFER),
        Receipt("PO1", "X", "A1", 5, minute(2026, 1, 1, 10, 0)),
        # 28 March + 1 day is the day the clocks go forward; it starts at 00:00+01:00, so 23:00Z the day before.
        Receipt("PO2", "X", "B2", 4, minute(2026, 3, 28, 23, 0)),
    )


def test_inventory_prices_are_columns_ordered_by_item_and_location(tmp_path: Path) -> None:
    """What is left empty is 0; a network without the file has no prices."""
    prices = load_folder(write_sample(tmp_path, FULL)).inventory_prices
    assert (prices.item_index.tolist(), prices.location_index.tolist()) == ([0, 0, 1], [0, 1, 1])
    assert (prices.stock_out_micros.tolist(), prices.markdown_micros.tolist()) == ([3, 0, 1], [4, 2, 0])
    assert [a.dtype for a in (prices.item_index, prices.location_index, prices.stock_out_micros, prices.markdown_micros)] == [
        np.int32, np.int32, np.int64, np.int64,
    ]  # fmt: skip
    assert len(load_folder(write_sample(tmp_path / "none")).inventory_prices.item_index) == 0


def test_inventory_is_columns_ordered_by_item_location_and_pool(tmp_path: Path) -> None:
    """Indexes point into the sorted items and locations; the common pool is 0; a negative count stays negative."""
    inventory = load_folder(write_sample(tmp_path, FULL)).inventory
    assert inventory.pools == ("", "B2B", "GOLD")
    assert inventory.item_index.tolist() == [0, 0, 0, 1]
    assert inventory.location_index.tolist() == [0, 0, 1, 1]
    assert inventory.pool_index.tolist() == [0, 2, 1, 0]
    assert inventory.quantity.tolist() == [9, -4, 1, 3]
    assert inventory.sellable.tolist() == [True, False, True, True]
    assert [a.dtype for a in (inventory.item_index, inventory.quantity, inventory.sellable)] == [
        np.int32,
        np.int64,
        np.bool_,
    ]


def test_typed_parquet_and_jsonl_hold_the_same_as_text(tmp_path: Path) -> None:
    """Dates, instants, times, lists, flags and categories may come in their own types, numbers as ids too."""
    text = {
        "items.csv": "item_id,weight_grams,hazmat,substitutes\n1,100,true,2;3\n2,200,false,\n3,,,\n",
        "calendars.csv": "calendar_id,day,open,close\nWEEK,2026-12-24,09:30,18:00\n",
        "locations.csv": "location_id,kind,postal_code,latitude,longitude,groups\nA1,DC,1012,52.5,4.25,x;y\n",
        "inventory.csv": "item_id,location_id,quantity\n1,A1,5\n2,A1,-3\n",
        "receipts.csv": "receipt_id,item_id,location_id,quantity,available_at\nR,1,A1,1,2026-05-01T10:00:00Z\n",
    }
    expected = as_comparable(load_folder(write_sample(tmp_path / "csv", text)))
    no_csv = dict.fromkeys(text)
    parquet = write_sample(tmp_path / "parquet", no_csv)
    tables = {
        "items": {
            "item_id": pa.array([1, 2, 3], pa.int32()),
            "weight_grams": pa.array([100.0, 200.0, None]),
            "hazmat": [True, False, None],
            "substitutes": pa.array([["2", "3"], [], None]),
            "name": pa.nulls(3),
        },
        "calendars": {
            "calendar_id": pa.array(["WEEK"]).dictionary_encode(),
            "day": [date(2026, 12, 24)],
            "open": pa.array([time(9, 30)], pa.time32("s")),
            "close": pa.array([time(18, 0)], pa.time64("ns")),
        },
        "locations": {
            "location_id": ["A1"],
            "kind": ["DC"],
            "postal_code": [1012],
            "latitude": pa.array([52.5], pa.float32()),
            "longitude": pa.array([4.25], pa.float32()).cast(pa.float16()),
            "groups": [["x", "y"]],
        },
        "inventory": {
            "item_id": pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["1", "2"])),
            "location_id": pa.array(["A1", "A1"], pa.large_string()),
            "quantity": pa.array([5, -3], pa.int16()),
        },
        "receipts": {
            "receipt_id": ["R"],
            "item_id": ["1"],
            "location_id": ["A1"],
            "quantity": [1],
            "available_at": pa.array([datetime(2026, 5, 1, 10, tzinfo=UTC)], pa.timestamp("ns", "UTC")),
        },
    }
    for stem, columns in tables.items():
        pq.write_table(pa.table(columns), parquet / f"{stem}.parquet")
    jsonl = write_sample(
        tmp_path / "jsonl",
        no_csv
        | {
            "items.jsonl": '{"item_id": 1, "weight_grams": 100.0, "hazmat": true, "substitutes": ["2", "3"]}\n'
            '\n{"item_id": "2", "weight_grams": "200", "hazmat": 0, "substitutes": []}\n{"item_id": 3}\n',
            "calendars.jsonl": '{"calendar_id": "WEEK", "day": "2026-12-24", "open": "9:30", "close": "18:00"}\n',
            "locations.jsonl": '{"location_id": "A1", "kind": "DC", "postal_code": "1012", "latitude": 52.5, '
            '"longitude": 4.25, "groups": "x;y"}\n',
            "inventory.jsonl": '{"item_id": "1", "location_id": "A1", "quantity": 5}\n'
            '{"item_id": "2", "location_id": "A1", "quantity": -3}\n',
            "receipts.jsonl": '{"receipt_id": "R", "item_id": "1", "location_id": "A1", "quantity": 1, '
            '"available_at": "2026-05-01T10:00:00Z"}\n',
        },
    )
    assert as_comparable(load_folder(parquet)) == expected
    assert as_comparable(load_folder(jsonl)) == expected


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_files_without_rows(tmp_path: Path, suffix: str) -> None:
    """A network may have no calendars, carriers or stock yet: the files are there, without rows."""
    stems = ("calendars", "carrier_services", "zones", "tariffs", "inventory")
    folder = write_sample(
        tmp_path,
        {f"{stem}.csv": None for stem in stems} | {"locations.csv": "location_id,kind,postal_code\nA1,DC,1012\n"},
    )
    headers = {"calendars": "calendar_id,day", "carrier_services": "carrier_service_id,service_level"}
    headers |= {"zones": "carrier_service_id,destination_country,zone,transit_days"}
    headers |= {"tariffs": "carrier_service_id,zone,max_weight_grams,price_micros"}
    headers |= {"inventory": "item_id,location_id,quantity"}
    for stem in stems:
        names = headers[stem].split(",")
        if suffix == "parquet":
            pq.write_table(pa.table({name: pa.array([], pa.string()) for name in names}), folder / f"{stem}.parquet")
        else:
            (folder / f"{stem}.{suffix}").write_text(f"{headers[stem]}\n" if suffix == "csv" else "")
    records = load_folder(folder)
    assert (records.calendars, records.carrier_services, records.zones, records.tariffs) == ((), (), (), ())
    assert records.inventory.quantity.tolist() == []


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """A README or a hidden file in the folder is nobody's business."""
    folder = write_sample(tmp_path, {"README.md": "hello", ".DS_Store": b"\xff", "LICENSE": "", "map.png": b"\x89"})
    assert validate_folder(folder) == Validation()
    assert validate_folder(folder).ok
