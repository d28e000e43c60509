"""What a caller may get wrong: each its own clear error that names the field, and nothing is held."""

import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from belofte.v1 import (
    inventory_service_pb2,
    network_service_pb2,
    order_service_pb2,
    promise_service_pb2,
    reservation_service_pb2,
    sourcing_service_pb2,
    types_pb2,
)
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    adjust,
    basket,
    instant,
    lines,
    order_of,
    order_request,
    put,
    quote,
    record,
    refusal,
    send,
    stock_of,
    stock_rows,
    stocked,
)
from tests.acceptance.server import HORIZON_DAYS, Server

INVALID = ("INVALID_ARGUMENT", "INVALID_FIELD")
Change = Callable[[types_pb2.Basket], object]

MALFORMED_IDS = [" ", "two words", "-dash-first", "line\nfeed", "brace{}", "café", "x" * 129, "nul\0", "pipe|", "٣"]


def first(**fields: Any) -> Change:
    """Changes fields of the first line."""

    def change(wanted: types_pb2.Basket) -> None:
        for name, value in fields.items():
            if isinstance(value, list):
                getattr(wanted.lines[0], name).extend(value)
            elif isinstance(value, Timestamp):
                getattr(wanted.lines[0], name).CopyFrom(value)
            else:
                setattr(wanted.lines[0], name, value)

    return change


def repeated(count: int) -> Change:
    """As many lines of the same item, each with an id of its own."""

    def change(wanted: types_pb2.Basket) -> None:
        item = wanted.lines[0].item_id
        del wanted.lines[:]
        wanted.lines.extend(lines(*[(item, 1)] * count))

    return change


def to(**fields: Any) -> Change:
    """Another destination."""
    return lambda wanted: wanted.destination.CopyFrom(types_pb2.Destination(**fields))


def asked_at(minutes: int) -> Change:
    """Decided for an instant some minutes from now."""
    return lambda wanted: wanted.request_time.CopyFrom(Timestamp(seconds=int(time.time()) + 60 * minutes))


def limited(name: str, value: int, penalty_micros: int | None = None) -> Change:
    def change(wanted: types_pb2.Basket) -> None:
        getattr(wanted.constraints, name).value = value
        if penalty_micros is not None:
            getattr(wanted.constraints, name).penalty_micros = penalty_micros

    return change


BAD_BASKETS: list[tuple[str, Change, tuple[str, str], str]] = [
    ("unknown item", first(item_id="nothing"), ("NOT_FOUND", "UNKNOWN_ITEM"), "lines[0].item_id"),
    ("no item", first(item_id=""), INVALID, "lines[0].item_id"),
    *((f"item {i!r}", first(item_id=i), INVALID, "lines[0].item_id") for i in MALFORMED_IDS),
    *((f"line {i!r}", first(line_id=i), INVALID, "lines[0].line_id") for i in ["", *MALFORMED_IDS]),
    ("duplicate line", lambda b: setattr(b.lines[1], "line_id", "1"), INVALID, "lines[1].line_id"),
    *(
        (f"quantity {n}", first(quantity=n), INVALID, "lines[0].quantity")
        for n in (0, -1, -(2**31), -(2**63), 2**31, 2**32 + 1, 2**63 - 1)
    ),
    *(
        (f"price {n}", first(unit_price_micros=n), INVALID, "lines[0].unit_price_micros")
        for n in (-1, 10**12 + 1, -(2**63))
    ),
    ("price beyond count", first(unit_price_micros=2**63 - 1), INVALID, "lines[0].unit_price_micros lines"),
    ("splits below zero", first(max_splits=-1), INVALID, "lines[0].max_splits"),
    ("empty basket", lambda b: b.ClearField("lines"), INVALID, "lines"),
    ("501 lines", repeated(501), INVALID, "lines"),
    ("1,200 lines", repeated(1_200), INVALID, "lines"),
    ("method of no one", first(delivery_method=17), INVALID, "lines[0].delivery_method"),
    ("collected nowhere", first(delivery_method=2), INVALID, "lines[0].pickup_location_id"),
    (
        "collected at an unknown place", first(delivery_method=2, pickup_location_id="moon"),
        ("NOT_FOUND", "UNKNOWN_LOCATION"), "lines[0].pickup_location_id",
    ),
    (
        "collected where nothing is handed over", first(delivery_method=2, pickup_location_id="A"), INVALID,
        "lines[0].pickup_location_id",
    ),
    ("unknown service level", first(service_level="BY_BALLOON"), INVALID, "lines[0].service_level"),
    *(
        (f"unknown place in {name}", first(**{name: "moon"}), ("NOT_FOUND", "UNKNOWN_LOCATION"), f"lines[0].{name}")
        for name in ("preassigned_location_id",)
    ),
    *(
        (f"unknown place in {name}", first(**{name: ["A", "moon"]}), ("NOT_FOUND", "UNKNOWN_LOCATION"), f"lines[0].{name}[1]")
        for name in ("allowed_location_ids", "excluded_location_ids")
    ),
    ("malformed place", first(allowed_location_ids=["a b"]), INVALID, "lines[0].allowed_location_ids[0]"),
    ("1,001 places", first(allowed_location_ids=["A"] * 1_001), INVALID, "lines[0].allowed_location_ids"),
    (
        "unknown carrier service", first(preferred_carrier_service_ids=["PIGEON"]), INVALID,
        "lines[0].preferred_carrier_service_ids[0]",
    ),
    ("date of yesterday", first(latest_date=Timestamp(seconds=int(time.time()) - 86_400)), INVALID, "lines[0].latest_date"),
    ("date of 1970", first(latest_date=Timestamp(seconds=1)), INVALID, "lines[0].latest_date"),
    ("date of year 9999", first(latest_date=Timestamp(seconds=253_402_300_799)), INVALID, "lines[0].latest_date"),
    ("date beyond time", first(latest_date=Timestamp(seconds=2**63 - 1, nanos=2**31 - 1)), INVALID, "lines[0].latest_date"),
    ("time of 1970", lambda b: b.request_time.CopyFrom(Timestamp(seconds=60)), INVALID, "request_time"),
    ("time an hour and a half ago", asked_at(-90), INVALID, "request_time"),
    ("time of last year", asked_at(-366 * 1_440), INVALID, "request_time"),
    ("time beyond the horizon", asked_at((HORIZON_DAYS + 1) * 1_440), INVALID, "request_time"),
    ("time beyond time", lambda b: b.request_time.CopyFrom(Timestamp(seconds=-(2**63))), INVALID, "request_time"),
    (
        "nanoseconds below zero", lambda b: b.request_time.CopyFrom(Timestamp(seconds=2 * 10**9, nanos=-1)), INVALID,
        "request_time",
    ),
    ("no destination", lambda b: b.ClearField("destination"), INVALID, "destination.postal_code"),
    (
        "unknown postcode", to(country_code="NL", postal_code="9999 ZZ"), ("NOT_FOUND", "UNKNOWN_POSTAL_CODE"),
        "destination.postal_code",
    ),
    (
        "country without postcodes", to(country_code="DE", postal_code="1012"), ("NOT_FOUND", "UNKNOWN_POSTAL_CODE"),
        "destination.postal_code",
    ),
    (
        "nonsense postcode", to(country_code="NL", postal_code="☃"), ("NOT_FOUND", "UNKNOWN_POSTAL_CODE"),
        "destination.postal_code",
    ),
    ("postcode without end", to(country_code="NL", postal_code="1" * 17), INVALID, "destination.postal_code"),
    *(
        (f"country {c!r}", to(country_code=c, postal_code="1012"), INVALID, "destination.country_code")
        for c in ("nl", "NLD", "12", "ÑL")
    ),
    ("half a place", to(country_code="NL", latitude=52.0), INVALID, "destination.latitude destination.postal_code"),
    *(
        (f"latitude {x}", to(country_code="NL", latitude=x, longitude=4.9), INVALID, "destination.latitude")
        for x in (90.5, -91, float("inf"), float("nan"))
    ),
    *(
        (f"longitude {x}", to(country_code="NL", latitude=52.0, longitude=x), INVALID, "destination.longitude")
        for x in (181, float("-inf"), float("nan"))
    ),
    ("other currency", lambda b: setattr(b, "currency", "USD"), INVALID, "currency"),
    ("unknown policy", lambda b: setattr(b, "policy_id", "whim"), ("NOT_FOUND", "UNKNOWN_POLICY"), "policy_id"),
    ("no location allowed", limited("max_locations", 0), INVALID, "constraints.max_locations.value"),
    ("distance below zero", limited("max_distance_meters", -1), INVALID, "constraints.max_distance_meters.value"),
    ("value beyond count", limited("no_split_below_micros", 2**63 - 1), INVALID, "constraints.no_split_below_micros.value"),
    ("scenario", lambda b: setattr(b, "scenario_id", "s"), ("NOT_FOUND", "UNKNOWN_SCENARIO"), "scenario_id"),
    ("scenario of no id", lambda b: setattr(b, "scenario_id", "a b"), INVALID, "scenario_id"),
    (
        "substitute of itself", lambda b: first(allow_substitutes=True, substitute_item_ids=[b.lines[0].item_id])(b), INVALID,
        "lines[0].substitute_item_ids[0]",
    ),
    ("substitutes beyond count", first(allow_substitutes=True, substitute_item_ids=[f"f{n}" for n in range(21)]), INVALID,
     "lines[0].substitute_item_ids"),
    ("substitutes not allowed", first(substitute_item_ids=["i1"]), INVALID, "lines[0].substitute_item_ids"),
    *(
        (f"substitute {other}", first(allow_substitutes=True, substitute_item_ids=[other]), error,
         "lines[0].substitute_item_ids[0]")
        for other, error in (("nothing", ("NOT_FOUND", "UNKNOWN_ITEM")), ("table", INVALID))
    ),
    *(
        (f"too many {name}", first(**{name: [value] * (count + 1)}), INVALID, f"lines[0].{name}")
        for name, value, count in (
            ("tags", "t", 20), ("preferred_carrier_service_ids", "POST", 1_000),
            ("excluded_location_ids", "B", 1_000),
        )
    ),
    (
        "too many classes", lambda b: b.constraints.no_split_item_classes.values.extend(["c"] * 101), INVALID,
        "constraints.no_split_item_classes.values",
    ),
    *(
        (f"{how} {name}", lambda b, name=name, value=value: setattr(b, name, value), INVALID, name)
        for name in ("channel", "segment", "customer_id", "customer_class", "policy_id", "demand_class")
        for how, value in (("long", "é" * 129), ("garbled", "a\nb"))
    ),
    ("long system", lambda b: setattr(b, "calling_system", "é" * 65), INVALID, "calling_system"),
    ("shipped and collected", first(pickup_location_id="store"), INVALID, "lines[0].pickup_location_id"),
    ("address of no kind", lambda b: setattr(b.destination, "address_type", 9), INVALID, "destination.address_type"),
    (
        "penalty per metre beyond sums", limited("max_distance_meters", 1, 10**8 + 1), INVALID,
        "constraints.max_distance_meters.penalty_micros",
    ),
    ("ship set", first(ship_set="a b"), INVALID, "lines[0].ship_set"),
    ("arrival set", first(arrival_set="a b"), INVALID, "lines[0].arrival_set"),
    ("part below zero", first(min_split_quantity=-1), INVALID, "lines[0].min_split_quantity"),
    ("component of no line", first(kit_parent_line_id="7", kit_ratio=1), INVALID, "lines[0].kit_parent_line_id"),
    ("component of itself", first(kit_parent_line_id="1", kit_ratio=1), INVALID, "lines[0].kit_parent_line_id"),
    ("component in the wrong number", first(kit_parent_line_id="2", kit_ratio=3), INVALID, "lines[0].kit_ratio"),
    ("component of nothing", first(kit_ratio=2), INVALID, "lines[0].kit_ratio"),
    (
        "unknown class", lambda b: b.constraints.no_split_item_classes.values.append("none"), INVALID,
        "constraints.no_split_item_classes.values[0]",
    ),
    (
        "unknown express place", lambda b: b.constraints.express_only_location_ids.values.append("moon"),
        ("NOT_FOUND", "UNKNOWN_LOCATION"), "constraints.express_only_location_ids.values[0]",
    ),
    (
        "penalty below zero", limited("max_locations", 1, -1), INVALID, "constraints.max_locations.penalty_micros",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "error", "field"), [case[1:] for case in BAD_BASKETS], ids=[case[0] for case in BAD_BASKETS]
)
def test_bad_basket_is_named_and_holds_nothing(server: Server, change: Change, error: tuple[str, str], field: str) -> None:
    """The same in a quote, a preview and an order: the path starts where the basket is in the request."""
    item = stocked(server, A=5, store=5)
    wanted = basket(lines((item, 1), (item, 1)))
    assert len(quote(server, wanted).options) == 1, "without the change it is a good one"
    before = stock_of(server, item)
    change(wanted)
    quoted = refusal(lambda: quote(server, wanted))
    assert (quoted.code, quoted.reason) == error, quoted
    fields = field.split()
    assert quoted.fields == tuple(f"basket.{each}" for each in fields)
    assert all(each in quoted.message for each in fields)
    for mode in (sourcing_service_pb2.SOURCE_MODE_PREVIEW, sourcing_service_pb2.SOURCE_MODE_COMMIT):
        request = order_request(wanted, mode)
        sourced = refusal(lambda request=request: send(server, request))  # type: ignore[misc]
        assert (sourced.code, sourced.reason) == error, sourced
        assert sourced.fields == tuple(f"order.basket.{each}" for each in fields)
        assert refusal(lambda request=request: order_of(server, request.order.order_id)).reason == "UNKNOWN_ORDER"  # type: ignore[misc]
    assert stock_of(server, item) == before


@pytest.mark.parametrize(
    ("quantities", "code"),
    [((2**31 - 1,), "NO_STOCK"), ((2**31 - 1,) * 2, "NO_STOCK"), ((2**31 - 1,) * 500, "NO_STOCK")],
    ids=["one", "two", "five hundred"],
)
@pytest.mark.parametrize("policy", ["cost", "priority"])
def test_largest_quantity_is_only_too_much(server: Server, quantities: tuple[int, ...], code: str, policy: str) -> None:
    """2^31 − 1 units may be asked for, in 500 lines: sums do not wrap around, and the answer fits in its trailer."""
    item = server.item()
    error = refusal(lambda: send(server, order_request(basket(lines(*((item, n) for n in quantities)), policy_id=policy))))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", code)
    assert error.fields[0] == "order.basket.lines[0].quantity"
    put(server, item, {"A": 2**31 - 1})
    error = refusal(lambda: send(server, order_request(basket(lines((item, 2**31 - 1), (item, 1))))))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "NO_STOCK")
    assert stock_of(server, item) == (2**31 - 1, 0, 2**31 - 1)


def test_every_bad_field_is_named_at_once(server: Server) -> None:
    item = stocked(server, A=5)
    wanted = basket(lines((item, 0), (item, 2**31), ("a b", 1)), currency="USD")
    wanted.lines[1].line_id = "1"
    error = refusal(lambda: quote(server, wanted))
    assert set(error.fields) == {
        "basket.lines[0].quantity", "basket.lines[1].quantity", "basket.lines[1].line_id", "basket.lines[2].item_id",
        "basket.currency",
    }  # fmt: skip


def test_five_hundred_bad_lines_still_give_a_clear_error(server: Server) -> None:
    """A status travels in a trailer of limited size: what does not fit is left out, never the error itself."""
    wanted = basket(lines(*[("no such item " + "x" * 100, -1)] * 500))
    for error in (refusal(lambda: quote(server, wanted)), refusal(lambda: send(server, order_request(wanted)))):
        assert (error.code, error.reason) == INVALID
        assert len(error.fields) >= 10
    long = "n" * 128
    wanted = basket(lines(*[(long, 1)] * 500))
    error = refusal(lambda: quote(server, wanted))
    assert (error.code, error.reason) == ("NOT_FOUND", "UNKNOWN_ITEM")
    assert len(error.fields) >= 10


def request_with(server: Server, **fields: Any) -> tuple[sourcing_service_pb2.SourceOrderRequest, str]:
    """A good order request with some of its own fields replaced, and its item."""
    item = stocked(server, A=5)
    request = order_request(basket(lines((item, 1))))
    for name, value in fields.items():
        setattr(request, name, value)
    return request, item


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        *(("request_id", value, "request_id") for value in [
            "", "1", "not-a-uuid", str(uuid.UUID(int=0)), str(uuid.uuid4()), "0190163d8694739baea5966c26f8ad91",
            "{0190163d-8694-739b-aea5-966c26f8ad91}", "x" * 10_000,
            uuid7(int(time.time() * 1000) + 90 * 60_000), uuid7(2**48 - 1),
        ]),
        *(("min_position", value, "min_position") for value in [
            "now", "1", "1-", "-1", "1-2-3", "01-2", "1-" + "9" * 16, "1-٣", "1-2\n", "*", "$",
        ]),
        ("mode", 99, "mode"),
    ],
)  # fmt: skip
def test_bad_envelope_of_an_order_is_named(server: Server, name: str, value: Any, field: str) -> None:
    """A request id must be a UUID of version 7 that is not from the future; a position one that an answer gave."""
    request, item = request_with(server, **{name: value})
    error = refusal(lambda: send(server, request))
    assert (error.code, error.reason, error.fields) == (*INVALID, (field,))
    assert stock_of(server, item) == (5, 0, 5)


@pytest.mark.parametrize("order_id", ["", *MALFORMED_IDS])
def test_malformed_order_id_is_named(server: Server, order_id: str) -> None:
    request, item = request_with(server)
    request.order.order_id = order_id
    for call, field in [
        (lambda: send(server, request), "order.order_id"),
        (lambda: order_of(server, order_id), "order_id"),
        (lambda: list_events(server, order_id), "order_id"),
    ]:
        error = refusal(call)
        assert (error.code, error.reason, error.fields) == (*INVALID, (field,))
    assert stock_of(server, item) == (5, 0, 5)


def test_request_without_an_order_is_named(server: Server) -> None:
    error = refusal(lambda: send(server, sourcing_service_pb2.SourceOrderRequest(request_id=uuid7())))
    assert (error.code, error.reason) == INVALID
    assert "order" in error.fields


def test_a_promise_that_ends_before_it_begins_is_named(server: Server) -> None:
    request, item = request_with(server)
    request.order.promise.delivery_earliest.CopyFrom(instant("2030-04-02T12:00"))
    request.order.promise.delivery_latest.CopyFrom(instant("2030-04-01T12:00"))
    error = refusal(lambda: send(server, request))
    assert (error.code, error.reason, error.fields) == (*INVALID, ("order.promise.delivery_latest",))
    assert stock_of(server, item) == (5, 0, 5)


def test_a_version_of_nothing_is_refused(server: Server) -> None:
    """An order that is new has none, and no reservation is named whose version it could be."""
    request, item = request_with(server)
    request.expected_version = 1
    error = refusal(lambda: send(server, request))
    assert (error.code, error.reason, error.fields) == (*INVALID, ("expected_version",))
    assert stock_of(server, item) == (5, 0, 5)


def list_events(server: Server, order_id: str, **fields: Any) -> order_service_pb2.ListOrderEventsResponse:
    request = order_service_pb2.ListOrderEventsRequest(order_id=order_id, **fields)
    return server.order.ListOrderEvents(request, timeout=CALL_SECONDS_MAX)


def test_unknown_order_is_named(server: Server) -> None:
    for call in (order_of, list_events):
        error = refusal(lambda call=call: call(server, "O-nobody"))  # type: ignore[misc]
        assert (error.code, error.reason, error.fields) == ("NOT_FOUND", "UNKNOWN_ORDER", ("order_id",))


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"page_size": -1}, "page_size"), ({"page_size": 1_001}, "page_size")]
    + [({"page_token": token}, "page_token") for token in ("x", "-1", "007", "٣", "9" * 30)],
)
def test_bad_page_is_named(server: Server, fields: dict[str, Any], field: str) -> None:
    error = refusal(lambda: list_events(server, "O-nobody", **fields))
    if error.reason == "UNKNOWN_ORDER":
        # A number like any other; that it is beyond the end is no fault of the caller.
        assert fields == {"page_token": "9" * 30}
    else:
        assert (error.code, error.reason, error.fields) == (*INVALID, (field,))


def test_position_that_never_was_is_told(server: Server) -> None:
    """A consistency token of another server, or from the future: not answered as if it had been seen."""
    item = stocked(server, A=5)
    for call in (
        lambda: quote(server, basket(lines((item, 1))), min_position="999999-1"),
        lambda: list_events(server, "O-nobody", min_position="999999-1"),
        lambda: stock_of(server, item, min_position="999999-1"),
    ):
        error = refusal(call)
        assert (error.code, error.reason, error.fields) == ("ABORTED", "POSITION_LOST", ("min_position",))


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"item_ids": []}, INVALID, "item_ids"),
        ({"item_ids": ["i0"] * 501}, INVALID, "item_ids"),
        ({"item_ids": ["i0", "nothing"]}, ("NOT_FOUND", "UNKNOWN_ITEM"), "item_ids[1]"),
        ({"item_ids": ["a b"]}, INVALID, "item_ids[0]"),
        ({"item_ids": ["i0"], "location_ids": ["moon"]}, ("NOT_FOUND", "UNKNOWN_LOCATION"), "location_ids[0]"),
        ({"item_ids": ["i0"], "group_by": 9}, INVALID, "group_by"),
        ({"item_ids": ["i0"], "by_date": Timestamp(seconds=1)}, INVALID, "by_date"),
        ({"item_ids": ["i0"], "scenario_id": "s"}, ("NOT_FOUND", "UNKNOWN_SCENARIO"), "scenario_id"),
        ({"item_ids": ["i0"], "segment": "é" * 129}, INVALID, "segment"),
        ({"item_ids": ["i0"], "channel": "a\nb"}, INVALID, "channel"),
        ({"item_ids": ["i0"], "min_position": "x"}, INVALID, "min_position"),
    ],
)
def test_bad_question_for_availability_is_named(
    server: Server, fields: dict[str, Any], error: tuple[str, str], field: str
) -> None:
    items = fields.pop("item_ids")
    try:
        refused = refusal(lambda: stock_rows(server, *items, **fields))
    finally:
        fields["item_ids"] = items
    assert (refused.code, refused.reason, refused.fields) == (*error, (field,))


INBOUND = types_pb2.INVENTORY_KIND_INBOUND


@pytest.mark.parametrize(
    ("fields", "reason", "named"),
    [
        ({"item_id": "nothing"}, "UNKNOWN_ITEM", "item_id"),
        ({"item_id": "a b"}, "INVALID_FIELD", "item_id"),
        ({"location_id": "moon"}, "UNKNOWN_LOCATION", "location_id"),
        ({"location_id": ""}, "INVALID_FIELD", "location_id"),
        ({"pool": "a|b"}, "INVALID_FIELD", "pool"),
        ({"kind": 0}, "INVALID_FIELD", "kind"),
        ({"kind": 77}, "INVALID_FIELD", "kind"),
        ({"kind": types_pb2.INVENTORY_KIND_SHIPPED}, "INVALID_FIELD", "order_id"),
        ({"kind": types_pb2.INVENTORY_KIND_SHIPPED, "order_id": "nobody"}, "UNKNOWN_ORDER", "order_id"),
        ({"kind": types_pb2.INVENTORY_KIND_SHIPPED, "order_id": "nobody", "quantity": 0}, "INVALID_FIELD", "quantity"),
        ({"kind": types_pb2.INVENTORY_KIND_RECEIVED, "quantity": -1}, "INVALID_FIELD", "quantity"),
        ({"order_id": "O-1"}, "INVALID_FIELD", "order_id"),
        ({"quantity": 2**31}, "INVALID_FIELD", "quantity"),
        ({"quantity": 2**63 - 1}, "INVALID_FIELD", "quantity"),
        ({"quantity": -(2**63)}, "INVALID_FIELD", "quantity"),
        ({"kind": types_pb2.INVENTORY_KIND_ADJUST, "quantity": 2**31 - 1}, "INVALID_FIELD", "quantity"),
        ({"kind": INBOUND, "receipt_id": "R"}, "INVALID_FIELD", "available_at"),
        ({"kind": INBOUND, "available_at": instant("2030-01-01T00:00")}, "INVALID_FIELD", "receipt_id"),
        ({"kind": INBOUND, "receipt_id": "R", "available_at": Timestamp(seconds=2**62)}, "INVALID_FIELD", "available_at"),
        (
            {"kind": INBOUND, "receipt_id": "R", "available_at": instant("2030-01-01T00:00"), "quantity": -1},
            "INVALID_FIELD", "quantity",
        ),
        ({"receipt_id": "R"}, "INVALID_FIELD", "receipt_id"),
        ({"lot": "L"}, "NOT_BUILT", "lot"),
        ({"as_of": instant("2030-01-01T00:00")}, "INVALID_FIELD", "as_of"),
        ({"as_of": instant("1990-01-01T00:00")}, "INVALID_FIELD", "as_of"),
        ({"sequence": 7}, "INVALID_FIELD", "sequence"),
        ({"sequence": -1, "source": "wms"}, "INVALID_FIELD", "sequence"),
        ({"source": "a b"}, "INVALID_FIELD", "source"),
    ],
)  # fmt: skip
def test_bad_record_is_refused_by_itself(server: Server, fields: dict[str, Any], reason: str, named: str) -> None:
    """The records around it count; it says which it is and what was wrong with it."""
    item, other = stocked(server, A=5), server.item()
    bad = record(item=item, location="A", quantity=6)
    for name, value in fields.items():
        if isinstance(value, Timestamp):
            getattr(bad, name).CopyFrom(value)
        else:
            setattr(bad, name, value)
    answer = adjust(server, record(other, "A", 1), bad, record(other, "B", 2))
    assert (answer.accepted_count, answer.rejected_count) == (2, 1)
    assert [(result.index, result.accepted) for result in answer.results] == [(0, True), (1, False), (2, True)]
    assert answer.results[1].reason == reason
    assert answer.results[1].message.startswith(f"{named}: ")
    assert stock_of(server, item) == (5, 0, 5)
    assert stock_of(server, other) == (3, 0, 3)


@pytest.mark.parametrize("count", [0, 1_001])
def test_too_few_or_many_records_are_refused_as_a_whole(server: Server, count: int) -> None:
    item = stocked(server, A=5)
    error = refusal(lambda: adjust(server, *[record(item, "A", 9)] * count))
    assert (error.code, error.reason, error.fields) == (*INVALID, ("records",))
    assert stock_of(server, item) == (5, 0, 5)


REQUESTS: dict[str, Callable[[], Message]] = {
    "/belofte.v1.PromiseService/QuotePromise": promise_service_pb2.QuotePromiseRequest,
    "/belofte.v1.PromiseService/BatchQuotePromises": promise_service_pb2.BatchQuotePromisesRequest,
    "/belofte.v1.PromiseService/GetEstimatedDelivery": promise_service_pb2.GetEstimatedDeliveryRequest,
    "/belofte.v1.SourcingService/SourceOrder": sourcing_service_pb2.SourceOrderRequest,
    "/belofte.v1.SourcingService/ExplainPlan": sourcing_service_pb2.ExplainPlanRequest,
    "/belofte.v1.SourcingService/ListCandidateLocations": sourcing_service_pb2.ListCandidateLocationsRequest,
    "/belofte.v1.InventoryService/AdjustInventory": inventory_service_pb2.AdjustInventoryRequest,
    "/belofte.v1.InventoryService/GetAvailability": inventory_service_pb2.GetAvailabilityRequest,
    "/belofte.v1.OrderService/GetOrder": order_service_pb2.GetOrderRequest,
    "/belofte.v1.OrderService/ListOrderEvents": order_service_pb2.ListOrderEventsRequest,
    "/belofte.v1.NetworkService/GetNetwork": network_service_pb2.GetNetworkRequest,
    "/belofte.v1.NetworkService/ReloadNetwork": network_service_pb2.ReloadNetworkRequest,
    "/belofte.v1.NetworkService/ValidateNetwork": network_service_pb2.ValidateNetworkRequest,
    "/belofte.v1.NetworkService/SetLocationStatus": network_service_pb2.SetLocationStatusRequest,
    "/belofte.v1.NetworkService/SetCapacity": network_service_pb2.SetCapacityRequest,
    "/belofte.v1.NetworkService/GetCapacity": network_service_pb2.GetCapacityRequest,
    "/belofte.v1.SourcingService/BatchSourceOrders": sourcing_service_pb2.BatchSourceOrdersRequest,
    "/belofte.v1.SourcingService/GetRequest": sourcing_service_pb2.GetRequestRequest,
    "/belofte.v1.SourcingService/CancelRequest": sourcing_service_pb2.CancelRequestRequest,
} | {
    f"/belofte.v1.ReservationService/{name}": getattr(reservation_service_pb2, name + "Request")
    for name in (
        "CreateReservation", "ExtendReservation", "ConfirmReservation", "ReleaseReservation", "GetReservation",
        "ListReservations", "TransferReservation",
    )
}  # fmt: skip
LIFE = (
    "HoldOrder", "ReleaseOrder", "CancelOrder", "AcceptShipment", "ShipShipment", "DeliverShipment", "DeclineShipmentLines",
    "MarkReadyForPickup", "CollectShipment", "ChangeOrder", "CreateReturn", "ReceiveReturn", "RefundReturn",
)  # fmt: skip
REQUESTS |= {f"/belofte.v1.OrderService/{name}": getattr(order_service_pb2, name + "Request") for name in (*LIFE, "ListOrders")}
REQUESTS["/belofte.v1.SourcingService/ReassignShipment"] = sourcing_service_pb2.ReassignShipmentRequest
WATCHES: dict[str, Callable[[], Message]] = {
    "/belofte.v1.InventoryService/WatchAvailability": inventory_service_pb2.WatchAvailabilityRequest,
    "/belofte.v1.OrderService/WatchEvents": order_service_pb2.WatchEventsRequest,
    "/belofte.v1.SourcingService/RerouteOrders": sourcing_service_pb2.RerouteOrdersRequest,
    "/belofte.v1.SourcingService/SimulateSourcing": sourcing_service_pb2.SimulateSourcingRequest,
}
REQUESTS |= WATCHES
NEED_NOTHING = ("GetNetwork", "ValidateNetwork", "ListReservations", "ListOrders", "WatchEvents", "WatchAvailability")
SYNC = "/belofte.v1.InventoryService/SyncInventory"
SERVICES = [
    module.DESCRIPTOR.services_by_name[name]
    for module, name in [
        (promise_service_pb2, "PromiseService"), (sourcing_service_pb2, "SourcingService"),
        (reservation_service_pb2, "ReservationService"), (inventory_service_pb2, "InventoryService"),
        (order_service_pb2, "OrderService"), (network_service_pb2, "NetworkService"),
    ]
]  # fmt: skip


def call_raw(server: Server, method: str, message: bytes) -> bytes:
    """A call whose message goes as it is; the first answer of a stream."""
    if method in WATCHES:
        call = server.channel.unary_stream(method)(message, timeout=CALL_SECONDS_MAX)
        try:
            first: bytes = next(call)
            return first
        finally:
            call.cancel()
    answer: bytes = server.channel.unary_unary(method)(message, timeout=CALL_SECONDS_MAX)
    return answer


@pytest.mark.parametrize("method", REQUESTS)
def test_other_network_is_named(server: Server, method: str) -> None:
    message = REQUESTS[method]()
    message.network_id = "elsewhere"  # type: ignore[attr-defined]
    error = refusal(lambda: call_raw(server, method, message.SerializeToString()))
    assert (error.code, error.reason, error.fields) == ("NOT_FOUND", "UNKNOWN_NETWORK", ("network_id",))


@pytest.mark.parametrize("method", REQUESTS)
@pytest.mark.parametrize("junk", [b"\xff", b"\x0a\x05abc", b"\x0a\x01\xff", b"\x00", b"\x0b\x0b\x0b", bytes(range(256)), b"{}"])
def test_bytes_that_are_no_message_are_refused(server: Server, method: str, junk: bytes) -> None:
    error = refusal(lambda: call_raw(server, method, junk))
    assert (error.code, error.reason, error.fields) == (*INVALID, ("message",))


def test_message_cut_off_anywhere_is_refused(server: Server) -> None:
    """The order is the last field of the message: no part of it is a good one by accident."""
    request, item = request_with(server)
    request.ClearField("mode")
    whole = request.SerializeToString()
    for length in range(len(whole)):
        error = refusal(lambda length=length: call_raw(server, "/belofte.v1.SourcingService/SourceOrder", whole[:length]))  # type: ignore[misc]
        assert (error.code, error.reason) == INVALID, whole[:length].hex()
        assert error.fields
    assert stock_of(server, item) == (5, 0, 5)
    assert call_raw(server, "/belofte.v1.SourcingService/SourceOrder", whole)
    assert stock_of(server, item) == (5, 1, 4)


@pytest.mark.parametrize("method", [each for each in REQUESTS if not each.endswith(NEED_NOTHING)])
def test_random_bytes_are_refused(server: Server, method: str) -> None:
    """Whatever they happen to be, fields are missing (the others need none): a clear error, and never a fault."""
    rng = random.Random(method)
    for _ in range(30):
        junk = rng.randbytes(rng.randrange(1, 80))
        error = refusal(lambda junk=junk: call_raw(server, method, junk))  # type: ignore[misc]
        assert error.code == "INVALID_ARGUMENT" and error.reason == "INVALID_FIELD" and error.fields, junk.hex()


@pytest.mark.parametrize("method", REQUESTS)
def test_message_over_the_limit_is_refused_unread(server: Server, method: str) -> None:
    """1 MiB is the limit; the transport refuses what is longer, with a code that says so."""
    item = stocked(server, A=5)
    error = refusal(lambda: call_raw(server, method, b"\x0a" + bytes(2**20)))
    assert error.code == "RESOURCE_EXHAUSTED"
    assert stock_of(server, item) == (5, 0, 5)


def test_every_method_of_the_contract_is_asked_here() -> None:
    assert {f"/{service.full_name}/{method.name}" for service in SERVICES for method in service.methods} == {*REQUESTS, SYNC}


@pytest.mark.parametrize(
    "path", ["/belofte.v1.OrderService/Nothing", "/belofte.v1.Nothing/GetOrder", "/belofte.v2.OrderService/GetOrder"]
)
def test_unknown_method_is_unimplemented(server: Server, path: str) -> None:
    assert refusal(lambda: call_raw(server, path, b"")).code == "UNIMPLEMENTED"


def test_deadline_that_has_passed_takes_nothing(server: Server) -> None:
    """A call that nobody waits for any more is not started; repeated with the same id it is one order."""
    item = stocked(server, A=5)
    request = order_request(basket(lines((item, 1))))
    with pytest.raises(grpc.RpcError) as caught:
        server.sourcing.SourceOrder(request, timeout=0.000_001)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    send(server, request)
    assert stock_of(server, item) == (5, 1, 4)
