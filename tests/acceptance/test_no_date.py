"""What no date can be told of: closed for good, lanes in a circle, nowhere to go. Named, and never a date in the past."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import types_pb2

from tests.acceptance.asking import basket, instant, lines, order_request, put, quote, refusal, send
from tests.acceptance.server import Server

ASKED = instant("2030-01-03T12:00")


@pytest.fixture(scope="module")
def closing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`shut` never opens; lanes lead from `A` to `B` and back, and from `shut` to `store`; nothing goes to Belgium."""
    folder = Path(tmp_path_factory.mktemp("no"))
    server = Server(folder)
    more = {
        "calendars.csv": "SHUT,MON,,\n",
        "locations.csv": "shut,STORE,NL,1012,,SHUT,,true,true,,\n",
        "transfers.csv": "A,B,1,,,0,0,\nB,A,1,,,0,0,\nshut,store,1,,,0,0,\n",
        "postal_areas.csv": "BE,1000,1999,50.85,4.35\n",
    }
    for name, rows in more.items():
        with (folder / "network" / name).open("a", encoding="utf-8") as file:
            file.write(rows)
    with server:
        yield server


def test_a_location_that_never_opens_promises_nothing(closing: Server) -> None:
    item = closing.item()
    put(closing, item, {"shut": 5})
    ways = (
        {}, {"delivery_method": types_pb2.DELIVERY_METHOD_PICKUP, "pickup_location_id": "shut"},
        {"delivery_method": types_pb2.DELIVERY_METHOD_SHIP_TO_STORE, "pickup_location_id": "store"},
    )  # fmt: skip
    for way in ways:
        wanted = basket(lines((item, 1), **way), request_time=ASKED)
        answer = quote(closing, wanted)
        assert not answer.options and not answer.frontier
        assert [(short.short_quantity, short.reason) for short in answer.unavailable] == [(1, "NO_ROUTE")], way
        assert not answer.unavailable[0].HasField("next_date")
        refused = refusal(lambda wanted=wanted: send(closing, order_request(wanted)))
        assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "NO_ROUTE")


def test_lanes_in_a_circle_end_where_they_are_wanted(closing: Server) -> None:
    one, other = closing.item(), closing.item()
    put(closing, one, {"A": 5})
    put(closing, other, {"B": 5})
    whole = types_pb2.Constraints(ship_complete=types_pb2.FlagConstraint(value=True))
    option = quote(closing, basket(lines((one, 1), (other, 1)), request_time=ASKED, constraints=whole)).options[0]
    assert len(option.plan.shipments) == 2
    assert {s.via_location_id for s in option.plan.shipments} <= {"A", "B", "hub"}
    assert all(s.pick_by.seconds >= ASKED.seconds for s in option.plan.shipments)


def test_a_destination_that_no_zone_holds(closing: Server) -> None:
    item = closing.item()
    put(closing, item, {"A": 5})
    places = (
        types_pb2.Destination(country_code="BE", postal_code="1000"),
        types_pb2.Destination(country_code="DE", latitude=52.5, longitude=13.4),
    )
    for place in places:
        wanted = basket(lines((item, 1)), request_time=ASKED, destination=place, policy_id="abroad")
        answer = quote(closing, wanted)
        assert not answer.options
        assert [short.reason for short in answer.unavailable] == ["NO_ROUTE"]
        refused = refusal(lambda wanted=wanted: send(closing, order_request(wanted)))
        assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "NO_ROUTE")
