"""Supply in time and what a customer accepts: acceptance cases 22 to 26 and 28, by hand.

Asked on Thursday 3 January 2030 at noon: a parcel leaves at 18:00 and comes the next delivery day, Monday to Saturday. 20
units are due on the 5th; 10 are on hand, and 10 land on the 9th, so that they can be there on the 10th. By policy `late`
lateness and missing units have a price, by `part` missing units alone; by `cost` an order is whole and in time.
"""

from typing import Any

import pytest
from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tests.acceptance.asking import (
    Answer,
    adjust,
    available,
    basket,
    instant,
    lines,
    local,
    order_request,
    put,
    quote,
    record,
    refusal,
    send,
)
from tests.acceptance.server import Server

ASKED, DUE = instant("2030-01-03T12:00"), instant("2030-01-05T21:00")


def expect(server: Server, item: str, location: str, quantity: int, at: str) -> None:
    """A receipt on its way."""
    adjust(server, record(
        item, location, quantity, kind=types_pb2.INVENTORY_KIND_INBOUND, receipt_id=f"PO-{item}", available_at=instant(at)
    ))  # fmt: skip


def some_now_more_later(server: Server, now_at: str = "A", later_at: str = "A", quantity: int = 10) -> str:
    item = server.item()
    put(server, item, {now_at: quantity})
    expect(server, item, later_at, quantity, "2030-01-09T08:00")
    return item


def asked(item: str, quantity: int, policy_id: str, **wishes: Any) -> types_pb2.Basket:
    return basket(lines((item, quantity), **({"latest_date": DUE} | wishes)), policy_id=policy_id, request_time=ASKED)


def delivered(answer: Answer) -> list[tuple[int, str]]:
    """(units, day) of every shipment."""
    return sorted((sum(line.quantity for line in s.lines), local(s.delivery_latest)) for s in answer.plan.shipments)


@pytest.mark.parametrize("later_at", ["A", "B"])
@pytest.mark.parametrize("quantity", [10, 3])
def test_without_limits_part_is_in_time_and_the_rest_late(server: Server, quantity: int, later_at: str) -> None:
    """Case 22, of one place and of two."""
    item = some_now_more_later(server, "A", later_at, quantity)
    wanted = asked(item, 2 * quantity, "late")
    option = quote(server, wanted).options[0]
    answer = send(server, order_request(wanted))
    for found in (option, answer):
        assert delivered(found) == [(quantity, "Fri 2030-01-04 21:00"), (quantity, "Thu 2030-01-10 21:00")]
        assert not found.plan.short_lines
        assert found.plan.certificate.status == types_pb2.CERTIFICATE_STATUS_OPTIMAL
        # Half of the units five days late; one shipment more than one.
        costs = {term.term: term.raw_micros for term in found.plan.cost.terms}
        assert (costs["lateness"], costs["split"]) == (5_000_000 * quantity, 1_000_000)
    assert sum(available(server, item).values()) == 0


def test_a_plan_of_several_dates_is_held_by_its_token(server: Server) -> None:
    item = some_now_more_later(server)
    wanted = asked(item, 20, "late")
    option = quote(server, wanted).options[0]
    request = order_request(wanted)
    request.quote_token = option.quote_token
    answer = send(server, request)
    assert delivered(answer) == delivered(option) == [(10, "Fri 2030-01-04 21:00"), (10, "Thu 2030-01-10 21:00")]
    assert answer.plan.cost.total_micros == option.cost_micros


def test_every_date_of_a_line_in_parts_is_on_the_frontier(server: Server) -> None:
    """All of it is there on the 10th only: one point, and as late as the second part."""
    item = some_now_more_later(server)
    points = quote(server, asked(item, 20, "late")).frontier
    assert [local(point.delivery_latest) for point in points] == ["Thu 2030-01-10 21:00"]


def test_units_between_what_is_there_and_what_lands_are_late_alone(server: Server) -> None:
    """Other numbers: 7 there, 9 to land, 12 asked: 7 in time, 5 late."""
    item = server.item()
    put(server, item, {"A": 7})
    expect(server, item, "A", 9, "2030-01-09T08:00")
    answer = send(server, order_request(asked(item, 12, "late")))
    assert delivered(answer) == [(5, "Thu 2030-01-10 21:00"), (7, "Fri 2030-01-04 21:00")]


def test_without_lateness_the_rest_is_short(server: Server) -> None:
    """Case 23."""
    item = some_now_more_later(server)
    answer = send(server, order_request(asked(item, 20, "part")))
    assert delivered(answer) == [(10, "Fri 2030-01-04 21:00")]
    (short,) = answer.plan.short_lines
    assert (short.short_quantity, short.promised_quantity, short.reason) == (10, 10, "PROMISE_UNREACHABLE")
    assert list(short.restricted_by) == ["lines[0].latest_date"]


@pytest.mark.parametrize("at", ["A", "week"])
def test_what_comes_too_late_tells_the_earliest_date_and_what_it_waits_for(server: Server, at: str) -> None:
    item = some_now_more_later(server, at, at)
    (short,) = quote(server, asked(item, 20, "part")).unavailable
    assert (local(short.next_date), short.next_date_waits_for) == ("Thu 2030-01-10 21:00", "RECEIPT")
    assert f"receipt PO-{item} lands at {at} at 2030-01-09T07:00Z" in short.message
    # What is asked for by that date is had, and an hour sooner it is not.
    for until, missing in ((short.next_date.ToSeconds(), 0), (short.next_date.ToSeconds() - 3_600, 10)):
        wanted = asked(item, 20, "part", latest_date=Timestamp(seconds=until))
        assert sum(each.short_quantity for each in quote(server, wanted).unavailable) == missing


def test_a_refused_order_tells_the_earliest_date(server: Server) -> None:
    item = some_now_more_later(server)
    refused = refusal(lambda: send(server, order_request(asked(item, 20, "cost"))))
    assert refused.reason == "PROMISE_UNREACHABLE"
    assert "the earliest is 2030-01-10T20:00Z: receipt" in refused.message


@pytest.mark.parametrize(
    ("at", "asked_at", "next_date", "waits_for"),
    [
        ("A", "2030-01-03T12:00", "Fri 2030-01-04 21:00", "TRANSIT"),
        # Its cutoff is at 17:00, and it does not work on Saturday and Sunday.
        ("week", "2030-01-04T17:01", "Tue 2030-01-08 21:00", "CUTOFF"),
    ],
)
def test_what_no_receipt_holds_up_waits_for_hours_and_transit(
    server: Server, at: str, asked_at: str, next_date: str, waits_for: str
) -> None:
    item = server.item()
    put(server, item, {at: 5})
    latest = Timestamp(seconds=instant(asked_at).ToSeconds() + 3_600)
    wanted = basket(lines((item, 2), latest_date=latest), request_time=instant(asked_at))
    (short,) = quote(server, wanted).unavailable
    assert (local(short.next_date), short.next_date_waits_for) == (next_date, waits_for)


def test_of_what_there_is_too_little_there_is_no_date(server: Server) -> None:
    item = some_now_more_later(server)
    found = quote(server, asked(item, 21, "part")).unavailable
    assert [short.HasField("next_date") for short in found] == [False]


@pytest.mark.parametrize("quantity", [10, 4])
def test_what_ships_complete_comes_when_the_last_of_it_does(server: Server, quantity: int) -> None:
    """Case 24."""
    item = some_now_more_later(server, quantity=quantity)
    answer = send(server, order_request(asked(item, 2 * quantity, "late", ship_complete=True)))
    assert delivered(answer) == [(2 * quantity, "Thu 2030-01-10 21:00")]


def test_what_is_filled_or_killed_may_come_in_parts(server: Server) -> None:
    """All of it or nothing, in as many deliveries as is best; of more than there ever is, nothing."""
    item = some_now_more_later(server)
    assert len(quote(server, asked(item, 20, "late", fill_or_kill=True)).options[0].plan.shipments) == 2
    assert not quote(server, asked(item, 21, "late", fill_or_kill=True)).options


@pytest.mark.parametrize("policy_id", ["cost", "part"])
def test_complete_and_in_time_or_not_at_all(server: Server, policy_id: str) -> None:
    """Case 25: nothing promised, nothing held."""
    item = some_now_more_later(server)
    wanted = asked(item, 20, policy_id, ship_complete=True)
    answer = quote(server, wanted)
    assert not answer.options
    assert [(line.short_quantity, line.reason) for line in answer.unavailable] == [(20, "PROMISE_UNREACHABLE")]
    refused = refusal(lambda: send(server, order_request(wanted)))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "PROMISE_UNREACHABLE")
    assert available(server, item) == {"A": 10}


def test_lines_that_leave_together_leave_when_the_last_can(server: Server) -> None:
    """Case 26: feasible on the 7th, 15th and 31st alone; together on the 31st."""
    found = []
    for day in ("2030-01-05", "2030-01-14", "2030-01-30"):
        found.append(server.item())
        expect(server, found[-1], "A", 1, f"{day}T08:00")
    alone = [quote(server, basket(lines((item, 1)), request_time=ASKED)).options[0] for item in found]
    days = [local(option.delivery_latest) for option in alone]
    assert days == ["Mon 2030-01-07 21:00", "Tue 2030-01-15 21:00", "Thu 2030-01-31 21:00"]
    wanted = basket(lines(*((item, 1) for item in found), ship_set="all"), request_time=ASKED)
    assert delivered(send(server, order_request(wanted))) == [(3, "Thu 2030-01-31 21:00")]


@pytest.mark.parametrize(
    ("lands", "delivery"),
    [
        # `week` works Monday to Friday from 8 to 18, with a cutoff at 17:00: what lands on Saturday, or after the cutoff of
        # Friday, is worked on on Monday.
        ("2030-01-12T10:00", "Tue 2030-01-15 21:00"), ("2030-01-11T17:01", "Tue 2030-01-15 21:00"),
        ("2030-01-11T17:00", "Sat 2030-01-12 21:00"), ("2030-01-13T23:59", "Tue 2030-01-15 21:00"),
    ],
)  # fmt: skip
def test_what_lands_on_a_closed_day_is_there_on_the_next_open_one(server: Server, lands: str, delivery: str) -> None:
    """Case 28."""
    item = server.item()
    expect(server, item, "week", 1, lands)
    answer = send(server, order_request(basket(lines((item, 1)), request_time=ASKED)))
    assert delivered(answer) == [(1, delivery)]


@pytest.mark.parametrize(
    ("wanted", "delivery"),
    [
        # Sunday has no delivery; the evening of a day is no window that begins then.
        ("2030-01-06T00:00", "Mon 2030-01-07 21:00"), ("2030-01-09T09:00", "Wed 2030-01-09 21:00"),
        ("2030-01-09T09:01", "Thu 2030-01-10 21:00"), ("2030-03-01T00:00", "Fri 2030-03-01 21:00"),
        # In the past of the order: no restriction.
        ("2030-01-02T00:00", "Fri 2030-01-04 21:00"),
    ],
)  # fmt: skip
def test_nothing_is_there_before_the_earliest_date(server: Server, wanted: str, delivery: str) -> None:
    item = server.item()
    put(server, item, {"A": 5})
    answer = send(server, order_request(asked(item, 2, "cost", latest_date=None, earliest_date=instant(wanted))))
    assert delivered(answer) == [(2, delivery)]


def test_what_is_collected_is_not_ready_before_the_earliest_date(server: Server) -> None:
    item = server.item()
    put(server, item, {"store": 5})
    wishes = {"delivery_method": types_pb2.DELIVERY_METHOD_PICKUP, "pickup_location_id": "store", "latest_date": None}
    answer = send(server, order_request(asked(item, 2, "cost", earliest_date=instant("2030-01-08T15:30"), **wishes)))
    assert delivered(answer) == [(2, "Tue 2030-01-08 15:30")]


@pytest.mark.parametrize(
    ("earliest", "latest", "field"),
    [
        ("2030-01-06T00:00", "2030-01-05T00:00", "order.basket.lines[0].latest_date"),
        ("2059-01-01T00:00", None, "order.basket.lines[0].earliest_date"),
    ],
)
def test_dates_that_cannot_be_are_named(server: Server, earliest: str, latest: str | None, field: str) -> None:
    item = server.item()
    put(server, item, {"A": 5})
    wishes = {"earliest_date": instant(earliest), "latest_date": instant(latest) if latest else None}
    found = refusal(lambda: send(server, order_request(asked(item, 1, "cost", **wishes))))
    assert (found.code, found.reason, list(found.fields)) == ("INVALID_ARGUMENT", "INVALID_FIELD", [field])
