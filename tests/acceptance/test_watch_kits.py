"""WatchAvailability of kits: told as GetAvailability answers them, with each change of a component.

A table is four legs and a top, a bench four legs and a board, a set one table and two benches.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from belofte.v1 import network_service_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    adjust,
    instant,
    put_available,
    record,
    refused,
    source,
    stock_rows,
)
from tests.acceptance.server import Server
from tests.acceptance.test_watch_availability import ADJUST, INBOUND, NETWORK, Key, Row, Watch, asked, told

PARTS, KITS = ("leg", "top", "board"), ["table", "bench", "set"]


@pytest.fixture(autouse=True, scope="module")
def nothing_left(server: Server) -> Iterator[None]:
    """Other tests find the components as they were: of none can anything be promised."""
    yield
    put_parts(server)


def put_parts(server: Server, **parts: Mapping[str, int]) -> None:
    """What can be promised of components, and nothing elsewhere."""
    for part in PARTS:
        put_available(server, part, parts.get(part, {}))


def change(server: Server, location: str, **units: int) -> str:
    """Add to components in one commit."""
    answer = adjust(server, *(record(part, location, added, kind=ADJUST) for part, added in units.items()))
    assert answer.rejected_count == 0
    return answer.position


def some(rows: Mapping[Key, Row]) -> dict[Key, Row]:
    """Without rows of nothing: of a kit they come with a change, and are no rows of GetAvailability."""
    return {key: row for key, row in rows.items() if any(window.quantity for window in row.windows)}


def changed(watch: Watch) -> set[tuple[str, str]]:
    """Rows that came after the first picture."""
    return {(row.item_id, row.location_id) for message in watch.told[1:] for row in message.availabilities}


def crossed(watch: Watch) -> list[tuple[int, str, int]]:
    return [
        (message.threshold, row.location_id, row.available)
        for message in watch.told[1:] if message.HasField("threshold") for row in message.availabilities
    ]  # fmt: skip


def test_first_picture_and_each_change_of_a_component(server: Server) -> None:
    """12 legs and 5 tops at A are 3 tables; with 4 boards one set, which takes 12 legs."""
    put_parts(server, leg={"A": 12}, top={"A": 5, "B": 5}, board={"A": 4})
    with Watch(server, item_ids=["set", "table"]) as watch:
        assert len(watch.told) == 1
        assert told(watch) == asked(server, "set", "table")
        assert watch.available("table") == {"A": 3} and watch.available("set") == {"A": 1}
        # Orders of another item: of the component itself, and of a kit that shares it and is not watched.
        watch.until_seen(source(server, ("leg", 1)).position)
        assert watch.available("table") == {"A": 2} and watch.available("set") == {"A": 0}
        watch.until_seen(source(server, ("bench", 1)).position)
        assert watch.available("table") == {"A": 1}
        assert some(told(watch)) == some(asked(server, "set", "table"))
        assert changed(watch) == {("set", "A"), ("table", "A")}
        watch.until_seen(change(server, "B", leg=9))
        assert watch.available("table") == {"A": 1, "B": 2}
        assert some(told(watch)) == some(asked(server, "set", "table"))


def test_kits_of_other_components_are_left_alone(server: Server) -> None:
    put_parts(server, leg={"A": 40}, top={"A": 5}, board={"A": 9})
    other = server.item()
    with Watch(server, item_ids=KITS) as watch:
        adjust(server, record(other, "A", 5))
        watch.until_seen(change(server, "A", board=-8))
        assert changed(watch) == {("bench", "A"), ("set", "A")}
        assert watch.available("bench") == {"A": 1} and watch.available("set") == {"A": 0}
    with Watch(server) as everything:
        before = len(everything.told)
        assert everything.available("table") == {"A": 5}
        everything.until_seen(change(server, "A", top=-1))
        found = [(row.item_id, row.available) for message in everything.told[before:] for row in message.availabilities]
        assert sorted(found) == [("set", 0), ("table", 4), ("top", 4)]


def test_thresholds_by_location_are_crossed_both_ways(server: Server) -> None:
    """Whatever component it is that is short, or no longer is; what changes no number of kits crosses nothing."""
    put_parts(server, leg={"A": 40, "B": 40}, top={"A": 10, "B": 6})
    with Watch(server, item_ids=["table"], thresholds=[2, 5]) as watch:
        assert watch.available("table") == {"A": 10, "B": 6}
        steps: list[tuple[str, dict[str, int]]] = [
            ("A", {"leg": -20}), ("A", {"top": -5}), ("A", {"leg": 19}), ("B", {"top": -5}), ("B", {"leg": -36}),
            ("B", {"top": 5}), ("B", {"leg": 8}), ("A", {"top": 9}), ("A", {"leg": -39, "top": -7}),
            ("A", {"leg": 39, "top": 7}),
        ]  # fmt: skip
        for location, units in steps:
            watch.until_seen(change(server, location, **units))
        assert crossed(watch) == [
            (5, "A", 5), (5, "B", 1), (2, "B", 1), (2, "B", 3), (5, "A", 9), (5, "A", 0), (2, "A", 0), (2, "A", 9), (5, "A", 9),
        ]  # fmt: skip
        # Sold as an item of its own: A alone has ten of 14.
        watch.until_seen(source(server, ("top", 10)).position)
        assert crossed(watch)[9:] == [(5, "A", 4)]


def test_thresholds_over_the_network_are_crossed_both_ways(server: Server) -> None:
    """Components at two locations make no kit; a location that owes a component counts as 0."""
    put_parts(server, leg={"A": 8, "B": 4}, top={"A": 2, "B": 1})
    with Watch(server, item_ids=["table"], thresholds=[0, 2], group_by=NETWORK) as watch:
        (row,) = watch.rows.values()
        assert row.available == 3
        steps: list[tuple[str, dict[str, int]]] = [
            ("A", {"leg": -1}), ("A", {"top": -9}), ("B", {"leg": -4}), ("X", {"leg": 4}), ("X", {"top": 3}), ("A", {"top": 9}),
            ("B", {"leg": 4}),
        ]  # fmt: skip
        for location, units in steps:
            watch.until_seen(change(server, location, **units))
        assert [(threshold, available) for threshold, _, available in crossed(watch)] == [(2, 2), (0, 0), (0, 1), (2, 3)]
        assert told(watch) == asked(server, "table", group_by=NETWORK)


def test_pools_receipts_and_views_of_kits(server: Server) -> None:
    put_parts(server, leg={"A": 9, "B": 40}, top={"A": 5, "B": 4})
    views: list[dict[str, Any]] = [
        {}, {"location_ids": ["B", "Y"]}, {"segment": "vip"}, {"group_by": NETWORK}, {"group_by": NETWORK, "segment": "vip"},
        {"group_by": NETWORK, "location_ids": ["A", "Y"]},
    ]  # fmt: skip
    watches = [Watch(server, item_ids=["table"], **view) for view in views]
    for watch, view in zip(watches, views, strict=True):
        assert told(watch) == asked(server, "table", **view), view
    receipt: dict[str, Any] = {"receipt_id": "PO-table", "available_at": instant("2030-01-01T00:00")}
    adjust(server, record("leg", "A", 7, pool="vip"), record("top", "B", -3, kind=ADJUST))
    adjust(server, record("leg", "A", 8, kind=INBOUND, **receipt))
    position = change(server, "Y", leg=4, top=1)
    for watch, view in zip(watches, views, strict=True):
        watch.until_seen(position)
        assert some(told(watch)) == some(asked(server, "table", **view)), view
    # Nine legs are two tables, sixteen are four: those of the pool count for its segment.
    assert watches[0].available("table") == {"A": 2, "B": 1, "Y": 1}
    assert [window.quantity for window in watches[0].rows["table", "A", ""].windows] == [2, 4]
    assert watches[2].available("table") == {"A": 4, "B": 1, "Y": 1}
    position = adjust(server, record("leg", "A", 0, pool="vip"), record("leg", "A", 0, kind=INBOUND, **receipt)).position
    for watch, view in zip(watches, views, strict=True):
        watch.until_seen(position)
        assert some(told(watch)) == some(asked(server, "table", **view)), view
        watch.call.cancel()


def test_goes_on_from_a_position_with_kits_of_what_changed(server: Server) -> None:
    put_parts(server, leg={"A": 40, "B": 40}, top={"A": 9, "B": 9}, board={"A": 3})
    with Watch(server, item_ids=KITS) as watch:
        position = watch.position
    change(server, "A", top=-5)
    with Watch(server, item_ids=KITS, from_position=position) as again:
        again.until(lambda: len(again.rows) == 2)
        assert told(again) == asked(server, "table", "set", location_ids=["A"])
        again.until_seen(change(server, "A", board=1))
        assert again.available("bench") == {"A": 4}
    with Watch(server, item_ids=["table"], from_position=position, thresholds=[5]) as low:
        low.until(lambda: bool(low.rows))
        (message,) = [message for message in low.told if message.availabilities]
        assert (message.threshold, low.available("table")) == (5, {"A": 4})


def test_random_changes_of_components_are_told_as_answered(server: Server) -> None:
    """Orders of kits, of components and adjustments: each watcher has at the end what is answered to its question."""
    draw = random.Random(5)
    put_parts(server, leg={"A": 60, "B": 60}, top={"A": 9, "B": 9}, board={"A": 9, "B": 9})
    watches: list[tuple[Watch, list[str], dict[str, Any]]] = []
    position = ""
    for n in range(40):
        if n % 8 == 0:
            view: dict[str, Any] = draw.choice([{}, {"group_by": NETWORK}, {"location_ids": ["A", "X"]}])
            wanted = draw.sample([*KITS, *PARTS], draw.randrange(2, 5))
            watches.append((Watch(server, item_ids=wanted, **view), wanted, view))
        if draw.random() < 0.3:
            change(server, "A", leg=13, top=1, board=2)
            position = source(server, (draw.choice([*KITS, "leg"]), 1)).position
        else:
            position = change(server, draw.choice("ABX"), **{draw.choice(PARTS): draw.randrange(-4, 9)})
    for watch, wanted, view in watches:
        watch.until_seen(position)
        assert some(told(watch)) == some(asked(server, *wanted, **view)), (wanted, view)
        watch.call.cancel()


def test_a_component_that_is_switched_off(folder: Path) -> None:
    """By a rule of a network that is reloaded: watchers start anew, and of what is not sold there is no kit, whatever comes."""
    with Server(folder) as server:
        put_parts(server, leg={"A": 8, "B": 8}, top={"A": 9, "B": 9})
        watch = Watch(server, item_ids=["table"], thresholds=[0])
        assert watch.available("table") == {"A": 2, "B": 2}
        rules = folder / "network" / "availability_rules.csv"
        rules.write_text("item_id,location_id,available\nleg,A,false\n")
        reload = network_service_pb2.ReloadNetworkRequest(request_id=uuid7())
        server.network.ReloadNetwork(reload, timeout=CALL_SECONDS_MAX)
        with pytest.raises(grpc.RpcError) as caught:
            watch.until(lambda: False)
        found = refused(caught.value)
        assert (found.code, found.reason) == ("ABORTED", "POSITION_LOST")
        with Watch(server, item_ids=["table"], thresholds=[0]) as again, Watch(server, item_ids=["table"]) as each:
            assert again.available("table") == {"B": 2}
            for location in ("A", "B"):
                position = change(server, location, leg=-8)
                again.until_seen(position)
                position = change(server, location, leg=8)
                again.until_seen(position)
            assert crossed(again) == [(0, "B", 0), (0, "B", 2)]
            each.until_seen(position)
            assert each.available("table") == {"A": 0, "B": 2}
            assert [row.location_id for row in stock_rows(server, "table")] == ["B"]
