"""Stock ring-fenced for a segment is sold to it and to nobody else; availability, quotes and orders say the same of it.

`gold` has 4 of 10 units at A besides the common ones, `b2b` has 3 of 10 of another item and takes no common unit of it, and
`tin` has none of its own and takes no common stock at all.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import inventory_service_pb2, types_pb2

from tests.acceptance.asking import (
    adjust,
    basket,
    lines,
    order_request,
    preview,
    quote,
    record,
    refusal,
    send,
    stock_of,
    stock_rows,
)
from tests.acceptance.living import do
from tests.acceptance.server import Server
from tests.acceptance.test_reservations import confirm, hold

SEGMENTS = "segment,item_id,location_id,quantity,consumes_common\ngold,i0,A,4,\nb2b,i1,A,3,false\ntin,,,0,false\n"
BOTH, OWN, FED = "i0", "i1", "i2"
"""Items: of gold, of b2b, and one of which feeds alone say what is whose."""


@pytest.fixture(scope="module")
def fenced() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    server = Server(folder)
    (folder / "network" / "segments.csv").write_text(SEGMENTS, "utf-8")
    with (folder / "network" / "inventory.csv").open("a", encoding="utf-8") as inventory:
        inventory.write(f"{BOTH},A,10,AVAILABLE\n{OWN},A,10,AVAILABLE\n")
    with server as running:
        yield running
        assert running.logs("a fault of the engine") == []
    shutil.rmtree(folder)


def pools(plan: types_pb2.Plan) -> dict[str, int]:
    """Units by the pool they come from; empty: the common one."""
    units: Counter[str] = Counter()
    for shipment in plan.shipments:
        for line in shipment.lines:
            units[line.pool] += line.quantity
    return dict(units)


def left(server: Server, item: str, segment: str = "") -> dict[str, int]:
    """Available at A by pool, which must add up to what is available over the network."""
    rows = stock_rows(server, item, segment=segment)
    assert sum(row.available for row in rows) == stock_of(server, item, segment=segment).available
    return {row.pool: row.available for row in rows if row.location_id == "A"}


def sell(server: Server, item: str, quantity: int, segment: str) -> dict[str, int]:
    """Quote, preview and order of so many units, which must be the same; one unit more than are left must be refused.

    The pools that the order's units come from.
    """
    check_no_more(server, item, segment)
    most = stock_of(server, item, segment=segment).available
    wanted = basket(lines((item, quantity)), segment=segment)
    (option,) = quote(server, wanted).options
    planned = preview(server, (item, quantity), segment=segment)
    ordered = send(server, order_request(wanted))
    assert pools(option.plan) == pools(planned.plan) == pools(ordered.plan)
    assert option.cost_micros == ordered.plan.cost.total_micros
    assert stock_of(server, item, segment=segment).available == most - quantity
    return pools(ordered.plan)


def check_no_more(server: Server, item: str, segment: str) -> None:
    """One unit more than are available is neither sold nor held, and a quote for it says that it is short."""
    most = stock_of(server, item, segment=segment).available
    wanted = basket(lines((item, most + 1)), segment=segment)
    quoted = quote(server, wanted)
    assert [sum(pools(option.plan).values()) for option in quoted.options] == ([most] if most else [])
    assert [line.line_id for line in quoted.unavailable] == ["1"]
    assert refusal(lambda: send(server, order_request(wanted))).reason == "NO_STOCK"
    assert refusal(lambda: hold(server, basket=wanted)).reason == "NO_STOCK"


def test_a_segment_takes_its_own_stock_which_no_other_takes_and_then_what_is_common(fenced: Server) -> None:
    """10 at A: 6 are common and 4 of gold. Gold buys 7: 4 + 3, so that there are still 2 for others."""
    assert left(fenced, BOTH) == left(fenced, BOTH, "silver") == {"": 6}
    assert left(fenced, BOTH, "gold") == {"": 6, "gold": 4}
    assert left(fenced, BOTH, "tin") == {}
    check_no_more(fenced, BOTH, "tin")
    assert sell(fenced, BOTH, 1, "silver") == {"": 1}
    assert sell(fenced, BOTH, 3, "gold") == {"gold": 3}
    for other in ("", "silver", "b2b"):
        check_no_more(fenced, BOTH, other)
    assert left(fenced, BOTH, "gold") == {"": 5, "gold": 1}
    assert sell(fenced, BOTH, 4, "gold") == {"": 3, "gold": 1}
    assert left(fenced, BOTH, "silver") == {"": 2}
    assert sell(fenced, BOTH, 2, "silver") == {"": 2}
    check_no_more(fenced, BOTH, "gold")
    found = stock_rows(fenced, BOTH, segment="gold", group_by=inventory_service_pb2.GROUP_BY_NETWORK)
    assert [(row.on_hand, row.allocated, row.available) for row in found] == [(10, 10, 0)]


def test_a_segment_that_takes_its_own_alone_leaves_the_common_stock(fenced: Server) -> None:
    """10 at A: 7 are common and 3 of b2b, which may have these 3 and no more."""
    assert left(fenced, OWN, "b2b") == {"b2b": 3}
    assert sell(fenced, OWN, 2, "b2b") == {"b2b": 2}
    assert left(fenced, OWN) == {"": 7}
    assert sell(fenced, OWN, 7, "gold") == {"": 7}
    assert left(fenced, OWN, "b2b") == {"b2b": 1}
    assert sell(fenced, OWN, 1, "b2b") == {"b2b": 1}
    for segment in ("", "gold", "b2b"):
        check_no_more(fenced, OWN, segment)


def test_pools_that_feeds_tell_of_are_kept_apart_in_holds_and_when_an_order_is_cancelled(fenced: Server) -> None:
    """2 common and 3 of vip, by a feed: a hold of 4 takes 3 + 1; confirmed, then cancelled, each is back in its pool."""
    assert adjust(fenced, record(FED, "A", 2), record(FED, "A", 3, pool="vip")).accepted_count == 2
    made = hold(fenced, basket=basket(lines((FED, 4)), segment="vip"))
    assert {line.pool: line.quantity for line in made.lines} == {"": 1, "vip": 3}
    assert left(fenced, FED, "vip") == {"": 1, "vip": 0}
    check_no_more(fenced, FED, "")
    order = confirm(fenced, made.reservation_id).order
    assert pools(order.plan) == {"": 1, "vip": 3}
    do(fenced, "CancelOrder", order_id=order.order_id)
    assert left(fenced, FED, "vip") == {"": 2, "vip": 3}
    assert sell(fenced, FED, 2, "") == {"": 2}
    assert sell(fenced, FED, 3, "vip") == {"vip": 3}
