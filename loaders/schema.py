"""The network folder as one table: files, their columns, what each holds, its default and what it refers to.

Reading, defaulting, error texts, reference checks and writing are all driven by it, so a column stands here and in its
record only. A column that is not required takes its record's default unless one is named here.
"""

from collections.abc import Iterable

from engine.domain.enums import (
    CapacityUnit,
    DeclinedLines,
    LocationKind,
    LocationStatus,
    OrderBy,
    ReceiptKind,
    StockStatus,
    Term,
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
from loaders.columns import Column, Table
from loaders.kinds import (
    COUNTRY,
    CURRENCY,
    FLAG,
    GRAMS,
    ID_QUANTITIES,
    IDENTIFIER,
    IDS,
    MICROS,
    PARTS_PER_MILLION,
    PERCENT,
    POSTAL_CODE,
    QUANTITY,
    QUANTITY_MAX,
    RECEIPT_ID,
    STOCK_QUANTITY,
    TEXT,
    decimal,
    parts_per_million,
    whole,
    words,
)
from loaders.kinds_of_time import DAY, MINUTE, MOMENT, MOMENT_TEXT, TIME_ZONE

_LATITUDE, _LONGITUDE = decimal(-90, 90), decimal(-180, 180)
_DAYS = whole(0, 3650, "days")
_METERS = whole(0, 10**8, "meters")
_MILLIMETERS = whole(0, 10**6, "millimeters")
_COUNT = whole(1, QUANTITY_MAX)


NETWORK = Table(
    "network",
    Network,
    (
        Column("name", TEXT, required=True),
        Column("currency", CURRENCY, required=True),
        Column("country_code", COUNTRY, required=True),
        Column("time_zone", TIME_ZONE, required=True),
        Column("horizon_days", whole(1, 3650, "days")),
        Column("demand_days", whole(1, 365, "days")),
    ),
)

POLICY = Table(
    "policy",
    Policy,
    (
        Column("split_micros", MICROS),
        Column("late_micros_per_day", MICROS),
        Column("short_micros", MICROS),
        Column("carbon_micros_per_kg", MICROS),
        Column("capacity_price", MICROS, field="capacity_price_micros"),
        Column("decline_micros", MICROS),
        Column("opportunity_minutes_max", whole(0, 527_040, "minutes")),
        Column("pool_minutes", whole(0, 1_440, "minutes")),
        Column("pool_cutoff_minutes", whole(5, 1_440, "minutes")),
        Column("max_locations_per_order", _COUNT),
        Column("max_locations_per_line", _COUNT),
        Column("allow_split_lines", FLAG),
        Column("no_split_below_micros", MICROS),
        Column("max_distance_meters", _METERS),
        Column("international", FLAG),
        Column("order_by", words(OrderBy)),
        Column("nearest_postal_area", FLAG),
        Column("declined_lines", words(DeclinedLines)),
    ),
)
POLICY_WHEN = Table(
    "when",
    None,
    (
        Column("channel", IDENTIFIER),
        Column("segment", IDENTIFIER),
        Column("customer_class", IDENTIFIER),
        Column("min_value_micros", MICROS),
        Column("from", MOMENT),
        Column("until", MOMENT),
    ),
)


def fees_table(names: Iterable[str]) -> Table:
    """`[policy.NAME.fees]` with these keys: which there may be depends on the service levels of the network."""
    return Table("fees", None, tuple(Column(name, MICROS) for name in names))


# At most 1,000 each: 10^9 micros of a term times 10^9 parts per million is still within int64.
POLICY_WEIGHTS = Table("weights", None, tuple(Column(term, parts_per_million(0, 1000)) for term in Term))

TABLES = (
    Table(
        "postal_areas",
        PostalArea,
        (
            Column("country_code", COUNTRY, required=True),
            Column("postal_from", POSTAL_CODE, required=True),
            Column("postal_to", POSTAL_CODE, required=True),
            Column("latitude", _LATITUDE, required=True),
            Column("longitude", _LONGITUDE, required=True),
        ),
        key=("country_code", "postal_from", "postal_to"),
        required=False,
    ),
    Table(
        "calendars",
        CalendarDay,
        (
            Column("calendar_id", IDENTIFIER, required=True),
            Column("day", DAY, required=True),
            Column("open", MINUTE, default=None, field="open_minute"),
            Column("close", MINUTE, default=None, field="close_minute"),
            Column("country_code", COUNTRY),
        ),
        key=("calendar_id", "day", "country_code"),
    ),
    Table(
        "locations",
        Location,
        (
            Column("location_id", IDENTIFIER, required=True),
            Column("name", TEXT),
            Column("kind", words(LocationKind), required=True),
            # Empty: the network's own.
            Column("country_code", COUNTRY, default=None),
            Column("postal_code", POSTAL_CODE, required=True),
            # Empty: those of the postal area.
            Column("latitude", _LATITUDE, default=None),
            Column("longitude", _LONGITUDE, default=None),
            # Empty: the network's own.
            Column("time_zone", TIME_ZONE, default=None),
            Column("calendar_id", IDENTIFIER, refers_to="calendars"),
            Column("cutoff", MINUTE, field="cutoff_minute"),
            Column("processing_minutes", whole(0, 527_040, "minutes")),
            Column("pick_cost_micros", MICROS),
            Column("unit_cost_micros", MICROS),
            Column("pack_cost_micros", MICROS),
            Column("capacity_per_day", QUANTITY),
            Column("capacity_unit", words(CapacityUnit)),
            Column("ships", FLAG),
            # Empty: true for stores.
            Column("pickup", FLAG, default=None),
            Column("status", words(LocationStatus)),
            Column("priority", STOCK_QUANTITY),
            Column("groups", IDS),
            Column("hazmat", FLAG),
            Column("excluded_item_classes", IDS),
            Column("performance_micros", MICROS),
            Column("decline_ppm", whole(0, PARTS_PER_MILLION, "parts per million")),
            # Empty: whenever it likes.
            Column("accept_minutes", whole(1, 527_040, "minutes"), default=None),
            Column("keep_days", whole(1, 366, "days")),
            Column("returns", FLAG),
            Column("return_cost_micros", MICROS),
            Column("pickup_minutes", whole(0, 527_040, "minutes")),
            Column("receiving_minutes", whole(0, 527_040, "minutes")),
        ),
        key=("location_id",),
    ),
    Table(
        "items",
        Item,
        (
            Column("item_id", IDENTIFIER, required=True),
            Column("name", TEXT),
            Column("item_class", TEXT),
            Column("weight_grams", GRAMS),
            Column("length_mm", _MILLIMETERS),
            Column("width_mm", _MILLIMETERS),
            Column("height_mm", _MILLIMETERS),
            Column("value_micros", MICROS),
            Column("hazmat", FLAG),
            Column("ship_alone", FLAG),
            Column("components", ID_QUANTITIES, refers_to="items"),
            Column("substitutes", IDS, refers_to="items"),
            Column("duty_ppm", whole(0, 10 * PARTS_PER_MILLION, "parts per million")),
            Column("decay_ppm_per_day", whole(0, PARTS_PER_MILLION, "parts per million")),
            Column("supplier_credit_ppm", whole(0, PARTS_PER_MILLION, "parts per million")),
        ),
        key=("item_id",),
    ),
    Table(
        "carrier_services",
        CarrierService,
        (
            Column("carrier_service_id", IDENTIFIER, required=True),
            Column("name", TEXT),
            Column("service_level", IDENTIFIER, required=True),
            Column("pickup_time", MINUTE, field="pickup_minute"),
            Column("pickup_calendar_id", IDENTIFIER, refers_to="calendars"),
            Column("delivery_calendar_id", IDENTIFIER, refers_to="calendars"),
            Column("max_package_grams", whole(1, 10**9, "grams")),
            Column("dimensional_divisor", _COUNT),
            Column("co2_grams_per_tonne_km", whole(0, 10**6, "grams")),
            Column("hazmat", FLAG),
        ),
        key=("carrier_service_id",),
    ),
    Table(
        "zones",
        Zone,
        (
            Column("carrier_service_id", IDENTIFIER, required=True, refers_to="carrier_services"),
            Column("origin_location_id", IDENTIFIER, refers_to="locations"),
            Column("destination_country", COUNTRY, required=True),
            Column("destination_postal_from", POSTAL_CODE),
            Column("destination_postal_to", POSTAL_CODE),
            Column("max_distance_meters", _METERS),
            Column("zone", IDENTIFIER, required=True),
            Column("transit_days", _DAYS, required=True),
        ),
        key=(
            "carrier_service_id",
            "origin_location_id",
            "destination_country",
            "destination_postal_from",
            "destination_postal_to",
            "max_distance_meters",
        ),
    ),
    Table(
        "tariffs",
        Tariff,
        (
            Column("carrier_service_id", IDENTIFIER, required=True, refers_to="carrier_services"),
            Column("zone", IDENTIFIER, required=True),
            Column("max_weight_grams", whole(1, 10**9, "grams"), required=True),
            Column("price_micros", MICROS, required=True),
            Column("per_kg_micros", MICROS),
        ),
        key=("carrier_service_id", "zone", "max_weight_grams"),
    ),
    Table(
        "transfers",
        Transfer,
        (
            Column("from_location_id", IDENTIFIER, required=True, refers_to="locations"),
            Column("to_location_id", IDENTIFIER, required=True, refers_to="locations"),
            Column("transit_days", _DAYS, required=True),
            Column("calendar_id", IDENTIFIER, refers_to="calendars"),
            Column("departure", MINUTE, field="departure_minute"),
            Column("cost_micros", MICROS),
            Column("unit_cost_micros", MICROS),
            Column("arrival", MINUTE, field="arrival_minute"),
        ),
        key=("from_location_id", "to_location_id", "calendar_id", "departure"),
        required=False,
    ),
    Table(
        "segments",
        Segment,
        (
            Column("segment", IDENTIFIER, required=True),
            Column("item_id", IDENTIFIER, refers_to="items"),
            Column("location_id", IDENTIFIER, refers_to="locations"),
            Column("quantity", QUANTITY, required=True),
            Column("consumes_common", FLAG),
        ),
        key=("segment", "item_id", "location_id"),
        required=False,
    ),
    Table(
        "safety_stock",
        SafetyStock,
        (
            Column("item_id", IDENTIFIER, refers_to="items"),
            Column("item_class", TEXT),
            Column("location_id", IDENTIFIER, refers_to="locations"),
            Column("location_group", IDENTIFIER),
            Column("channel", IDENTIFIER),
            Column("quantity", QUANTITY, required=True),
        ),
        key=("item_id", "item_class", "location_id", "location_group", "channel"),
        required=False,
    ),
    Table(
        "availability_rules",
        AvailabilityRule,
        (
            Column("scenario_id", IDENTIFIER),
            Column("item_id", IDENTIFIER, refers_to="items", suggests=True),
            Column("item_class", TEXT),
            Column("location_id", IDENTIFIER, refers_to="locations", suggests=True),
            Column("location_group", IDENTIFIER),
            Column("country_code", COUNTRY),
            Column("channel", IDENTIFIER),
            Column("from", MOMENT_TEXT, field="from_moment"),
            Column("until", MOMENT_TEXT, field="until_moment"),
            Column("available", FLAG),
            Column("safety_stock", QUANTITY),
            Column("buffer_quantity", QUANTITY),
            Column("buffer_percent", PERCENT, field="buffer_ppm"),
            Column("inbound", FLAG),
            Column("pickup_reserve", QUANTITY),
        ),
        key=(
            "scenario_id",
            "item_id",
            "item_class",
            "location_id",
            "location_group",
            "country_code",
            "channel",
            "from",
            "until",
        ),
        required=False,
    ),
    Table(
        "backorders",
        Backorder,
        (
            Column("item_id", IDENTIFIER, refers_to="items"),
            Column("location_id", IDENTIFIER, refers_to="locations"),
            Column("quantity", QUANTITY, required=True),
            Column("lead_time_days", _DAYS, required=True),
        ),
        key=("item_id", "location_id"),
        required=False,
    ),
    Table(
        "inventory",
        None,
        (
            Column("item_id", IDENTIFIER, required=True, refers_to="items"),
            Column("location_id", IDENTIFIER, required=True, refers_to="locations"),
            Column("quantity", STOCK_QUANTITY, required=True),
            Column("pool", IDENTIFIER, default=""),
            Column("status", words(StockStatus), default=StockStatus.AVAILABLE),
        ),
        key=("item_id", "location_id", "pool"),
    ),
    Table(
        "inventory_prices",
        None,
        (
            Column("item_id", IDENTIFIER, required=True, refers_to="items"),
            Column("location_id", IDENTIFIER, required=True, refers_to="locations"),
            Column("stock_out_micros", MICROS, default=0),
            Column("markdown_micros", MICROS, default=0),
        ),
        key=("item_id", "location_id"),
        required=False,
    ),
    Table(
        "receipts",
        Receipt,
        (
            Column("receipt_id", RECEIPT_ID, required=True),
            Column("item_id", IDENTIFIER, required=True, refers_to="items"),
            Column("location_id", IDENTIFIER, required=True, refers_to="locations"),
            Column("quantity", QUANTITY, required=True),
            # With `delay_days` it becomes the record's minute, which needs the location's time zone.
            Column("available_at", MOMENT, required=True, field="available_at_minute"),
            Column("kind", words(ReceiptKind)),
            Column("delay_days", _DAYS, default=0),
        ),
        # A purchase order may hold several items: the receipt's id alone may come again.
        key=("receipt_id", "item_id", "location_id"),
        required=False,
    ),
)
TABLE_BY_STEM = {table.stem: table for table in TABLES}
