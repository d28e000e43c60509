"""What is written is read back equal, in each format, whatever the network."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from string import ascii_letters, digits
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_folder import as_comparable, write_sample

from engine.domain.enums import (
    CapacityUnit,
    LocationKind,
    LocationStatus,
    OrderBy,
    ReceiptKind,
    Term,
)
from engine.network.fees import WAYS
from engine.network.records import (
    AvailabilityRule,
    Backorder,
    CalendarDay,
    CarrierService,
    Inventory,
    InventoryPrices,
    Item,
    Location,
    Network,
    NetworkRecords,
    Policy,
    PostalArea,
    Receipt,
    SafetyStock,
    Segment,
    Tariff,
    Transfer,
    Zone,
)
from loaders.folder import FORMATS, load_folder
from loaders.shoe_retailer import shoe_retailer
from loaders.write import write_folder
from tests.network.small_network import prices

IDS = st.text(ascii_letters + digits + "._:/@+-", min_size=1, max_size=6).filter(lambda text: text[0].isalnum())
# Names with all that CSV, JSON and TOML must quote; no control characters, no halves of surrogate pairs.
TEXTS = st.text(
    st.one_of(st.sampled_from(",;:'\"\\# =[]é漢🥿"), st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])),
    max_size=8,
).filter(lambda text: "\ufffd" not in text)
MICROS = st.integers(0, 10**12)
QUANTITIES = st.integers(0, 2**31 - 1)
MINUTES = st.integers(0, 1440)
ZONES = st.sampled_from(["Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "UTC"])
COUNTRIES = st.sampled_from(["NL", "BE", "US", "NA"])
LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)


def unique(records: st.SearchStrategy[list[object]], *names: str) -> st.SearchStrategy[tuple[object, ...]]:
    """Lists without a key given twice, ordered by the key's first field as a loaded network is."""

    def keep_first(rows: list[object]) -> tuple[object, ...]:
        by_key = {tuple(getattr(row, name) for name in names): row for row in reversed(rows)}
        kept = [row for row in rows if by_key[tuple(getattr(row, name) for name in names)] is row]
        return tuple(sorted(kept, key=lambda row: str(getattr(row, names[0]))))

    return records.map(keep_first)


def some(record: type, /, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    return st.lists(st.builds(record, **fields), max_size=4)


@st.composite
def networks(draw: st.DrawFn) -> NetworkRecords:
    """Small networks that keep every rule of the folder."""
    item_ids = sorted(draw(st.sets(IDS, min_size=1, max_size=4)))
    location_ids = sorted(draw(st.sets(IDS, min_size=2, max_size=4)))
    services = sorted(draw(st.sets(IDS, min_size=1, max_size=3)))
    item, location, service = (st.sampled_from(ids) for ids in (item_ids, location_ids, services))
    calendars = draw(calendar_days())
    calendar = st.none() | st.sampled_from([day.calendar_id for day in calendars]) if calendars else st.none()
    maybe_item, maybe_location = st.none() | item, st.none() | location
    pair = st.lists(location, min_size=2, max_size=2, unique=True)
    return NetworkRecords(
        network=Network(draw(TEXTS.filter(bool)), "EUR", draw(COUNTRIES), draw(ZONES), draw(st.integers(1, 3650))),
        locations=tuple(draw(locations(location_id, calendar)) for location_id in location_ids),
        calendars=calendars,
        items=tuple(draw(items(index, item_ids)) for index in range(len(item_ids))),
        carrier_services=tuple(draw(carrier_services(service_id, calendar)) for service_id in services),
        zones=draw(zones(service, maybe_location)),
        tariffs=draw(keyed_tariffs(service)),
        policies=draw(policies()),
        inventory=draw(inventories(len(item_ids), len(location_ids))),
        inventory_prices=draw(inventory_prices(len(item_ids), len(location_ids))),
        postal_areas=draw(
            st.builds(lambda latitude, longitude: (PostalArea("NL", "10", "1099", latitude, longitude),), LATITUDES, LONGITUDES)
        ),
        transfers=draw(
            unique(
                st.lists(
                    st.builds(
                        lambda ends, days, calendar_id, minute, cost: Transfer(*ends, days, calendar_id, minute, cost, cost),
                        pair,
                        st.integers(0, 3650),
                        calendar,
                        MINUTES,
                        MICROS,
                    ),
                    max_size=4,
                ),
                "from_location_id",
                "to_location_id",
                "calendar_id",
                "departure_minute",
            )
        ),
        segments=draw(
            unique(
                some(
                    Segment,
                    segment=IDS,
                    quantity=QUANTITIES,
                    item_id=maybe_item,
                    location_id=maybe_location,
                    consumes_common=st.booleans(),
                ),
                "segment",
                "item_id",
                "location_id",
            )
        ),
        safety_stock=draw(
            unique(
                some(
                    SafetyStock,
                    quantity=QUANTITIES,
                    item_id=maybe_item,
                    item_class=st.none() | TEXTS.filter(bool),
                    location_id=maybe_location,
                    location_group=st.none() | IDS,
                    channel=st.none() | IDS,
                ),
                "item_id",
                "item_class",
                "location_id",
                "location_group",
                "channel",
            )
        ),
        availability_rules=draw(
            unique(
                some_rules(item, location),
                "scenario_id",
                "item_id",
                "item_class",
                "location_id",
                "location_group",
                "country_code",
                "channel",
                "from_moment",
                "until_moment",
            )
        ),
        backorders=draw(
            unique(
                some(
                    Backorder,
                    quantity=QUANTITIES,
                    lead_time_days=st.integers(0, 3650),
                    item_id=maybe_item,
                    location_id=maybe_location,
                ),
                "item_id",
                "location_id",
            )
        ),
        receipts=draw(
            unique(
                some(
                    Receipt,
                    receipt_id=IDS,
                    item_id=item,
                    location_id=location,
                    quantity=QUANTITIES,
                    available_at_minute=st.integers(0, 500_000_000),
                    kind=st.sampled_from(ReceiptKind),
                ),
                "receipt_id",
                "item_id",
                "location_id",
            )
        ),
    )


def some_rules(item: st.SearchStrategy[str], location: st.SearchStrategy[str]) -> st.SearchStrategy[list[object]]:
    """Rules that name an item or a class, and a location or its group and country, and decide something."""
    decides = (
        st.fixed_dictionaries({"available": st.just(False)})
        | st.fixed_dictionaries({"safety_stock": QUANTITIES, "inbound": st.none() | st.booleans()})
        | st.fixed_dictionaries({"buffer_ppm": st.integers(0, 10**6), "buffer_quantity": st.none() | QUANTITIES})
        | st.fixed_dictionaries({"pickup_reserve": QUANTITIES, "available": st.none() | st.just(True)})
    )
    what = st.fixed_dictionaries({"item_id": item}) | st.fixed_dictionaries({"item_class": st.none() | TEXTS.filter(bool)})
    where = st.fixed_dictionaries({"location_id": location}) | st.fixed_dictionaries(
        {"location_group": st.none() | IDS, "country_code": st.none() | COUNTRIES}
    )
    first, last = st.just("2026-01-01"), st.sampled_from(["2026-01-02", "2026-01-01T10:00:00Z"])
    dates = st.fixed_dictionaries({}, optional={"from_moment": first, "until_moment": last})
    whom = st.fixed_dictionaries({"scenario_id": st.none() | IDS, "channel": st.none() | IDS})
    parts = st.tuples(what, where, decides, dates, whom)
    return st.lists(parts.map(lambda found: AvailabilityRule(**{k: v for part in found for k, v in part.items()})), max_size=4)


def locations(location_id: str, calendar: st.SearchStrategy[str | None]) -> st.SearchStrategy[Location]:
    return st.builds(
        Location,
        location_id=st.just(location_id),
        kind=st.sampled_from(LocationKind),
        postal_code=st.sampled_from(["1012", "1012 AB", "SW1A-1AA", "0"]),
        country_code=COUNTRIES,
        latitude=LATITUDES,
        longitude=LONGITUDES,
        time_zone=ZONES,
        name=TEXTS,
        calendar_id=calendar,
        cutoff_minute=MINUTES,
        processing_minutes=st.integers(0, 527_040),
        pick_cost_micros=MICROS,
        unit_cost_micros=MICROS,
        pack_cost_micros=MICROS,
        capacity_per_day=st.none() | QUANTITIES,
        capacity_unit=st.sampled_from(CapacityUnit),
        ships=st.booleans(),
        pickup=st.booleans(),
        status=st.sampled_from(LocationStatus),
        priority=st.integers(-(2**31), 2**31 - 1),
        groups=st.lists(IDS, max_size=3, unique=True).map(tuple),
        performance_micros=MICROS,
        decline_ppm=st.integers(0, 10**6),
    )


def items(index: int, item_ids: list[str]) -> st.SearchStrategy[Item]:
    """Kits hold only items before themselves, so none holds itself."""
    others = [item_id for position, item_id in enumerate(item_ids) if position != index]
    component = st.tuples(st.sampled_from(item_ids[:index] or ["-"]), st.integers(1, 2**31 - 1))
    millimeters = st.integers(0, 10**6)
    return st.builds(
        Item,
        item_id=st.just(item_ids[index]),
        name=TEXTS,
        item_class=TEXTS,
        weight_grams=st.integers(0, 10**9),
        length_mm=millimeters,
        width_mm=millimeters,
        height_mm=millimeters,
        value_micros=MICROS,
        duty_ppm=st.integers(0, 10**6),
        hazmat=st.booleans(),
        ship_alone=st.booleans(),
        components=st.lists(component, max_size=2 * (index > 0), unique_by=lambda pair: pair[0]).map(tuple),
        substitutes=st.lists(st.sampled_from(others or ["-"]), max_size=2 * bool(others), unique=True).map(tuple),
    )


def carrier_services(service_id: str, calendar: st.SearchStrategy[str | None]) -> st.SearchStrategy[CarrierService]:
    return st.builds(
        CarrierService,
        carrier_service_id=st.just(service_id),
        service_level=IDS,
        name=TEXTS,
        pickup_minute=MINUTES,
        pickup_calendar_id=calendar,
        delivery_calendar_id=calendar,
        max_package_grams=st.none() | st.integers(1, 10**9),
        dimensional_divisor=st.none() | st.integers(1, 2**31 - 1),
        co2_grams_per_tonne_km=st.integers(0, 10**6),
    )


@st.composite
def calendar_days(draw: st.DrawFn) -> tuple[CalendarDay, ...]:
    days = st.sampled_from(["MON", "SUN", "2026-12-25", "2024-02-29"])
    hours = st.none() | st.tuples(st.integers(0, 700), st.integers(701, 1440))
    opened = st.builds(lambda name, day, span: CalendarDay(name, day, *(span or (None, None))), IDS, days, hours)
    closed = st.builds(lambda name, country: CalendarDay(name, "holidays", None, None, country), IDS, COUNTRIES)
    rows: tuple[CalendarDay, ...] = draw(unique(st.lists(opened | closed, max_size=5), "calendar_id", "day", "country_code"))
    return rows


@st.composite
def zones(draw: st.DrawFn, service: st.SearchStrategy[str], origin: st.SearchStrategy[str | None]) -> tuple[Zone, ...]:
    spans = st.sampled_from([(None, None), ("1000", "1099"), ("10", "1099"), ("A", "B")])
    distances = st.none() | st.integers(0, 10**8)
    zone = st.builds(
        lambda name, country, code, days, place, span, distance: Zone(name, country, code, days, place, *span, distance),
        service,
        COUNTRIES,
        IDS,
        st.integers(0, 3650),
        origin,
        spans,
        distances,
    )
    rows = draw(st.lists(zone, max_size=4, unique_by=lambda z: replace(z, zone="", transit_days=0)))
    return tuple(rows)


@st.composite
def keyed_tariffs(draw: st.DrawFn, service: st.SearchStrategy[str]) -> tuple[Tariff, ...]:
    tariff = st.builds(
        Tariff,
        carrier_service_id=service,
        zone=IDS,
        max_weight_grams=st.integers(1, 10**9),
        price_micros=MICROS,
        per_kg_micros=MICROS,
    )
    key = lambda t: (t.carrier_service_id, t.zone, t.max_weight_grams)  # noqa: E731 - a key is a lambda
    return tuple(draw(st.lists(tariff, max_size=4, unique_by=key)))


@st.composite
def policies(draw: st.DrawFn) -> tuple[Policy, ...]:
    names = sorted(draw(st.sets(IDS, min_size=1, max_size=3)))
    when = st.fixed_dictionaries(
        {},
        optional={
            "channel": IDS,
            "customer_class": IDS,
            "from": st.sampled_from(["2026-01-01", "2026-01-01T08:30:00Z"]),
            "min_value_micros": MICROS.map(str),
            "segment": IDS,
            "until": st.sampled_from(["2026-01-01", "2026-12-31T08:30:00Z"]),
        },
    )
    weights = st.dictionaries(st.sampled_from(Term).map(str), st.integers(0, 10**9))
    optional_count = st.none() | st.integers(1, 2**31 - 1)
    return tuple(
        draw(
            st.builds(
                Policy,
                policy_id=st.just(name),
                when=when.map(lambda pairs: tuple(sorted(pairs.items()))),
                weights=weights.map(lambda pairs: tuple(sorted(pairs.items()))),
                fees=st.dictionaries(st.sampled_from(WAYS), MICROS).map(lambda pairs: tuple(sorted(pairs.items()))),
                split_micros=MICROS,
                late_micros_per_day=MICROS,
                short_micros=st.none() | MICROS,
                carbon_micros_per_kg=MICROS,
                capacity_price_micros=MICROS,
                decline_micros=MICROS,
                opportunity_minutes_max=st.integers(0, 527_040),
                max_locations_per_order=optional_count,
                max_locations_per_line=optional_count,
                allow_split_lines=st.booleans(),
                no_split_below_micros=MICROS,
                max_distance_meters=st.none() | st.integers(0, 10**8),
                international=st.booleans(),
                order_by=st.sampled_from(OrderBy),
            )
        )
        for name in names
    )


@st.composite
def inventories(draw: st.DrawFn, item_count: int, location_count: int) -> Inventory:
    """Distinct positions in order; only pools that a row uses, since a file knows no others."""
    names = sorted(draw(st.sets(IDS, max_size=2)))
    position = st.tuples(st.integers(0, item_count - 1), st.integers(0, location_count - 1), st.sampled_from(["", *names]))
    rows = sorted(draw(st.sets(position, max_size=8)))
    pools = ("", *sorted({pool for _, _, pool in rows if pool}))
    count = len(rows)
    return Inventory(
        np.array([item for item, _, _ in rows], np.int32),
        np.array([location for _, location, _ in rows], np.int32),
        np.array(draw(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=count, max_size=count)), np.int64),
        np.array([pools.index(pool) for _, _, pool in rows], np.int32),
        np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), np.bool_),
        pools,
    )


@st.composite
def inventory_prices(draw: st.DrawFn, item_count: int, location_count: int) -> InventoryPrices:
    """Distinct pairs in order."""
    pair = st.tuples(st.integers(0, item_count - 1), st.integers(0, location_count - 1))
    rows = sorted(draw(st.sets(pair, max_size=6)))
    return prices([(*row, draw(MICROS), draw(MICROS)) for row in rows])


@given(records=networks(), format=st.sampled_from(FORMATS))
@settings(max_examples=60, deadline=None)
def test_any_network_comes_back_equal(records: NetworkRecords, format: str) -> None:  # noqa: A002 - as the function's
    with TemporaryDirectory() as folder:
        write_folder(records, Path(folder) / "network", format)
        assert as_comparable(load_folder(Path(folder) / "network")) == as_comparable(records)


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_sample_network_comes_back_equal(tmp_path: Path, format_name: str) -> None:
    records = shoe_retailer(today=date(2026, 3, 2))
    write_folder(records, tmp_path, format_name)
    assert as_comparable(load_folder(tmp_path)) == as_comparable(records)


def test_columns_of_defaults_and_files_without_rows_are_left_out(tmp_path: Path) -> None:
    """The sample has no optional files but postal areas; its columns are those that say something."""
    write_folder(load_folder(write_sample(tmp_path / "in")), tmp_path / "out")
    text_by_name = {file.name: file.read_text() for file in (tmp_path / "out").iterdir()}
    assert text_by_name == {
        "network.toml": 'name = "Test"\ncurrency = "EUR"\ncountry_code = "NL"\ntime_zone = "Europe/Amsterdam"\n',
        "policy.toml": "[policy.default]\nsplit_micros = 1000000\n",
        "postal_areas.csv": "country_code,postal_from,postal_to,latitude,longitude\nNL,1000,1099,52.37,4.89\n",
        "calendars.csv": "calendar_id,day,open,close\nWEEK,MON,09:00,18:00\nWEEK,SUN,,\n",
        "locations.csv": "location_id,kind,country_code,postal_code,latitude,longitude,time_zone,calendar_id,pickup\n"
        "A1,DC,NL,1012 AB,52.37,4.89,Europe/Amsterdam,WEEK,false\n"
        "B2,STORE,NL,1013,52.37,4.89,Europe/Amsterdam,,true\n",
        "items.csv": "item_id,weight_grams\nX,100\nY,200\n",
        "carrier_services.csv": "carrier_service_id,service_level\nGROUND,STANDARD\n",
        "zones.csv": "carrier_service_id,destination_country,zone,transit_days\nGROUND,NL,1,1\n",
        "tariffs.csv": "carrier_service_id,zone,max_weight_grams,price_micros\nGROUND,1,10000,4950000\n",
        "inventory.csv": "item_id,location_id,quantity\nX,A1,5\nX,B2,0\nY,A1,7\n",
    }


def test_a_folder_with_files_is_not_written_over(tmp_path: Path) -> None:
    records = load_folder(write_sample(tmp_path / "in"))
    with pytest.raises(FileExistsError, match="is not empty"):
        write_folder(records, tmp_path / "in")


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    records = load_folder(write_sample(tmp_path / "in"))
    with pytest.raises(ValueError, match="format 'xlsx' is none of csv, parquet, jsonl"):
        write_folder(records, tmp_path / "out", "xlsx")
