"""When an order leaves and arrives: acceptance case 27, cutoffs and calendars in local time across changes of the clock.

Days of 2030, by hand: clocks go forward on 31 March in Amsterdam and on 10 March in New York, back on 27 October and on
3 November; Easter Monday is 22 April. `week` works Monday to Friday with a cutoff at 17:00 and a pickup at 18:00, parcels
come one day later, Monday to Saturday from 09:00 to 21:00. `new-york` has its cutoff at 15:00, and parcels take 3 days.
"""

import pytest
from belofte.v1 import types_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tests.acceptance.asking import (
    AMSTERDAM,
    basket,
    instant,
    lines,
    local,
    order_request,
    put,
    quote,
    refusal,
    send,
    stocked,
)
from tests.acceptance.server import Server

NEW_YORK = "America/New_York"


def promise(server: Server, location: str, asked: Timestamp, zone: str, policy_id: str = "cost") -> tuple[str, str, str, str]:
    """(order by, handed over, earliest, latest) of the quote for one unit; an order at that instant gets the same."""
    item = stocked(server, **{location: 1})
    wanted = basket(lines((item, 1)), request_time=asked, policy_id=policy_id)
    (option,) = quote(server, wanted).options
    (shipment,) = option.plan.shipments
    (taken,) = send(server, order_request(wanted)).plan.shipments
    assert (taken.handover_by, taken.delivery_earliest, taken.delivery_latest) == (
        shipment.handover_by, option.delivery_earliest, option.delivery_latest,
    )  # fmt: skip
    return (
        local(option.order_by, zone), local(shipment.handover_by, zone), local(option.delivery_earliest),
        local(option.delivery_latest),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "order_by", "handover", "delivery"),
    [
        # At the cutoff on Friday, the same evening; the parcel comes on Saturday.
        ("2030-03-29T17:00", "Fri 2030-03-29 17:00", "Fri 2030-03-29 18:00", "Sat 2030-03-30"),
        # One minute later on Monday: the clocks have gone forward on the Sunday between.
        ("2030-03-29T17:01", "Mon 2030-04-01 17:00", "Mon 2030-04-01 18:00", "Tue 2030-04-02"),
        ("2030-03-30T12:00", "Mon 2030-04-01 17:00", "Mon 2030-04-01 18:00", "Tue 2030-04-02"),
        ("2030-03-31T23:59", "Mon 2030-04-01 17:00", "Mon 2030-04-01 18:00", "Tue 2030-04-02"),
        ("2030-10-25T17:00", "Fri 2030-10-25 17:00", "Fri 2030-10-25 18:00", "Sat 2030-10-26"),
        # And back on Sunday 27 October.
        ("2030-10-25T17:01", "Mon 2030-10-28 17:00", "Mon 2030-10-28 18:00", "Tue 2030-10-29"),
        # Within the week, and over a holiday: Friday 19 April is a working day in the Netherlands, Monday is Easter.
        ("2030-04-17T17:01", "Thu 2030-04-18 17:00", "Thu 2030-04-18 18:00", "Fri 2030-04-19"),
        ("2030-04-19T17:01", "Tue 2030-04-23 17:00", "Tue 2030-04-23 18:00", "Wed 2030-04-24"),
        # New Year's Eve 2029 is a Monday; the day after is a holiday.
        ("2029-12-31T17:01", "Wed 2030-01-02 17:00", "Wed 2030-01-02 18:00", "Thu 2030-01-03"),
    ],
)
def test_one_minute_after_the_cutoff_is_the_next_working_day(
    server: Server, asked: str, order_by: str, handover: str, delivery: str
) -> None:
    """Case 27, in the time zone of the network."""
    assert promise(server, "week", instant(asked), AMSTERDAM) == (
        order_by, handover, f"{delivery} 09:00", f"{delivery} 21:00",
    )  # fmt: skip


def test_one_second_after_the_cutoff_is_after_it(server: Server) -> None:
    """Case 27. Nothing is promised that began before it was asked for: seconds round up."""
    late = Timestamp(seconds=instant("2030-03-29T17:00").seconds + 1)
    assert promise(server, "week", late, AMSTERDAM)[1] == "Mon 2030-04-01 18:00"
    later = Timestamp(seconds=instant("2030-03-29T17:00").seconds, nanos=1)
    assert promise(server, "week", later, AMSTERDAM)[1] == "Mon 2030-04-01 18:00"


@pytest.mark.parametrize(
    ("asked", "order_by", "handover", "delivery"),
    [
        # Friday 8 March, 15:00 in New York is 21:00 in Amsterdam. Three delivery days: Sat 9, Mon 11, Tue 12.
        ("2030-03-08T15:00", "Fri 2030-03-08 15:00", "Fri 2030-03-08 18:00", "Tue 2030-03-12"),
        # Monday after the change there, which is not yet that of Amsterdam: 18:00 is 23:00 there, the same date.
        ("2030-03-08T15:01", "Mon 2030-03-11 15:00", "Mon 2030-03-11 18:00", "Thu 2030-03-14"),
        ("2030-03-10T03:00", "Mon 2030-03-11 15:00", "Mon 2030-03-11 18:00", "Thu 2030-03-14"),
        # Back on 3 November; three delivery days after Monday 4.
        ("2030-11-01T15:01", "Mon 2030-11-04 15:00", "Mon 2030-11-04 18:00", "Thu 2030-11-07"),
        # Independence Day is a Thursday: closed there, while the Netherlands work. Fri 5: Sat 6, Mon 8, Tue 9.
        ("2030-07-03T15:01", "Fri 2030-07-05 15:00", "Fri 2030-07-05 18:00", "Tue 2030-07-09"),
    ],
)
def test_cutoff_is_in_the_time_zone_of_the_location(
    server: Server, asked: str, order_by: str, handover: str, delivery: str
) -> None:
    """Case 27, in another time zone than the network's, with its own calendar and its own change of the clock."""
    assert promise(server, "new-york", instant(asked, NEW_YORK), NEW_YORK, "abroad") == (
        order_by, handover, f"{delivery} 09:00", f"{delivery} 21:00",
    )  # fmt: skip


def test_both_cutoffs_count_for_an_order_from_two_places(server: Server) -> None:
    """Case 27. At 17:00 in Amsterdam it is 12:00 in New York, whose clocks are ahead by then."""
    here, there = stocked(server, week=1), stocked(server, **{"new-york": 1})
    asked = instant("2030-03-29T17:01")
    wanted = basket(lines((here, 1), (there, 1)), request_time=asked, policy_id="abroad")
    (option,) = quote(server, wanted).options
    zones = {"week": AMSTERDAM, "new-york": NEW_YORK}
    assert {s.location_id: local(s.handover_by, zones[s.location_id]) for s in option.plan.shipments} == {
        "week": "Mon 2030-04-01 18:00", "new-york": "Fri 2030-03-29 18:00",
    }  # fmt: skip
    # The first cutoff is New York's, 15:00 the same day: 19:00Z, 20:00 in Amsterdam.
    assert local(option.order_by) == "Fri 2030-03-29 20:00"
    # New York: Sat 30 March, Mon 1, Tue 2 April. Amsterdam: Tue 2 April.
    assert local(option.delivery_latest) == "Tue 2030-04-02 21:00"


@pytest.mark.parametrize(
    ("latest", "served"), [("2030-03-30T21:00", False), ("2030-04-02T21:00", True), ("2030-04-02T20:59", False)]
)
def test_latest_date_is_held_to_the_minute(server: Server, latest: str, served: bool) -> None:
    """After the cutoff of Friday delivery is on Tuesday by 21:00: a customer who needs it sooner is told so."""
    item = stocked(server, week=1)
    wanted = basket(lines((item, 1), latest_date=instant(latest)), request_time=instant("2030-03-29T17:01"))
    answer = quote(server, wanted)
    assert len(answer.options) == served
    assert [line.reason for line in answer.unavailable] == ([] if served else ["PROMISE_UNREACHABLE"])


@pytest.mark.parametrize(("postal_code", "nearest"), [("1012 AB", ""), ("1400 XX", "1000"), ("9999", "1000"), ("0500", "1000")])
def test_an_unknown_postal_code_is_the_nearest_known_one_and_flagged(server: Server, postal_code: str, nearest: str) -> None:
    item = server.item()
    put(server, item, {"A": 5})
    where = types_pb2.Destination(country_code="NL", postal_code=postal_code)
    found = quote(server, basket(lines((item, 1)), destination=where, policy_id="near"))
    assert found.nearest_postal_code == nearest
    assert found.options[0].cost_micros == quote(server, basket(lines((item, 1)))).options[0].cost_micros
    # By a policy that does not take it, and in a country of which nothing is known, it is refused.
    if nearest:
        refused = refusal(lambda: quote(server, basket(lines((item, 1)), destination=where)))
        assert (refused.code, refused.reason) == ("NOT_FOUND", "UNKNOWN_POSTAL_CODE")
    abroad = types_pb2.Destination(country_code="FR", postal_code="75001")
    refused = refusal(lambda: quote(server, basket(lines((item, 1)), destination=abroad, policy_id="near")))
    assert (refused.code, refused.reason) == ("NOT_FOUND", "UNKNOWN_POSTAL_CODE")
