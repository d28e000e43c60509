"""Watchers of stock behind the desk: what slow readers are told, in parts and after what they missed; nothing is left."""

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from belofte.v1 import inventory_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.holds import HeldUnits, Hold
from engine.inventory.live import LiveStock
from engine.inventory.store import _record
from engine.inventory.transaction import Cell, TextTable
from engine.ledger.ledger import Ledger
from engine.network.records import AvailabilityRule, Item
from engine.service import outflow, stock_changes, stock_telling, watch_availability
from engine.service.desk import Call
from engine.service.outflow import Outflow
from engine.service.stock_changes import CatchUp, CellSums, Missed, note_changes
from tests.network.small_network import inventory, small_records
from tests.service.recorded_log import Entry, RecordedLog
from tests.service.room import AVAILABILITY
from tests.service.stream_reader import StreamReader
from tests.service.test_handlers import ADJUST, Room, running
from tests.sidecars import wait_until

WATCH = "/belofte.v1.InventoryService/WatchAvailability"
Request, Response = inventory_service_pb2.WatchAvailabilityRequest, inventory_service_pb2.WatchAvailabilityResponse
ITEMS, LOCATIONS = ("bolt", "lamp"), ("ams", "ehv", "nyc")
PAIR = Item("pair", components=(("bolt", 2), ("lamp", 1)))
WITH_PAIR = (*small_records().items, PAIR)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with running(tmp_path, small_records()) as made:
        yield made


class Reader(StreamReader):
    """A stream of a room and who reads it."""

    def __init__(self, room: Room, stalled_seconds_max: float = 10.0, **fields: object) -> None:
        super().__init__(Response.FromString, stalled_seconds_max)
        answered = threading.Event()
        message = Request(**fields).SerializeToString()  # type: ignore[arg-type]
        room.engine._desk.submit(Call(WATCH, message, 2**62, lambda value: answered.set(), flow=self.flow))
        assert answered.wait(30)


def add(room: Room, item: str, location: str, units: int) -> str:
    change = types_pb2.InventoryRecord(item_id=item, location_id=location, quantity=units, kind=types_pb2.INVENTORY_KIND_ADJUST)
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[change])
    answer = room.ask(ADJUST, request.SerializeToString())
    assert isinstance(answer, bytes)
    return inventory_service_pb2.AdjustInventoryResponse.FromString(answer).position


def test_slow_reader_is_told_the_last_of_it_in_few_messages(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outflow, "MESSAGES_MAX", 2)
    monkeypatch.setattr(watch_availability, "SIGN_OF_LIFE_SECONDS", 0.1)
    reader = Reader(room)
    for _ in range(60):
        position = add(room, "bolt", "ams", 1)
    reader.wait_for(position)
    told = [row.on_hand for message in reader.messages for row in message.availabilities]
    assert told[-1] == 60 and len(told) <= 4


def test_picture_in_parts_has_its_position_when_it_is_complete(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock_telling, "ROWS_EACH", 1)
    for item in ITEMS:
        for location in LOCATIONS:
            position = add(room, item, location, 5)
    reader = Reader(room)
    reader.wait_for(position)
    rows = [[(row.item_id, row.location_id) for row in message.availabilities] for message in reader.messages]
    assert rows == [*([(item, location) for location in LOCATIONS] for item in ITEMS), []]
    assert [message.position for message in reader.messages] == ["", "", position]


@pytest.mark.parametrize(("seed", "buffer_ppm"), [(0, 0), (1, 0), (2, 0), (3, 400_000), (4, 400_000)])
def test_crossings_are_told_once_each_however_slowly_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, buffer_ppm: int
) -> None:
    """Of every row and threshold, kits among them: to the other side each time, from where it was at first to where it is in
    the end.

    Rows come in parts of one, in no time at all, and watchers break off and go on from their last position. What is left of
    stock may be a share of it, which is another one after each change.
    """
    rules = (AvailabilityRule(buffer_ppm=buffer_ppm),) if buffer_ppm else ()
    with running(tmp_path, small_records(items=WITH_PAIR, availability_rules=rules)) as room:
        follow_crossings(room, monkeypatch, seed, buffer_ppm)


def follow_crossings(room: Room, monkeypatch: pytest.MonkeyPatch, seed: int, buffer_ppm: int) -> None:
    draw = random.Random(seed)
    monkeypatch.setattr(outflow, "MESSAGES_MAX", 3)
    monkeypatch.setattr(stock_telling, "ROWS_EACH", 1)
    monkeypatch.setattr(watch_availability, "TELL_SECONDS_MIN", 0.0)
    monkeypatch.setattr(watch_availability, "SIGN_OF_LIFE_SECONDS", 0.05)
    thresholds = [0, 3, 8]
    on_hand = {(item, location): 0 for item in ITEMS for location in LOCATIONS}
    rows = [*on_hand, *((PAIR.item_id, location) for location in LOCATIONS)]

    def available(item: str, location: str) -> int:
        if item == PAIR.item_id:
            return min(max(0, available(part, location)) // units for part, units in PAIR.components)
        units = on_hand[item, location]
        return units + (-max(0, units) * buffer_ppm // 1_000_000)

    def is_above(row: tuple[str, str], threshold: int) -> bool:
        return available(*row) > threshold

    fields: dict[str, object] = {"thresholds": thresholds}
    reader, position = Reader(room, **fields), ""
    reader.wait_for(room.engine._path.position)
    side = {(*row, threshold): is_above(row, threshold) for row in rows for threshold in thresholds}

    def look() -> None:
        for message in reader.messages:
            for row in message.availabilities:
                if message.HasField("threshold"):
                    key = row.item_id, row.location_id, message.threshold
                    assert side[key] != (row.available > message.threshold), key
                    side[key] = row.available > message.threshold
        reader.messages.clear()

    reader.messages.clear()
    for n in range(120):
        row = draw.choice(tuple(on_hand))
        units = draw.randrange(-6, 8)
        on_hand[row] += units
        position = add(room, *row, units)
        if draw.random() < 0.3:
            reader.read()
        if n % 40 == 39:
            reader.wait_for(position)
            look()
            reader.flow.close()
            fields["from_position"] = position
            for row in on_hand:
                position = add(room, *row, 1)
                on_hand[row] += 1
            reader = Reader(room, **fields)
    reader.wait_for(position)
    look()
    assert side == {(*row, threshold): is_above(row, threshold) for row in rows for threshold in thresholds}


def test_reader_that_takes_nothing_is_let_go(room: Room) -> None:
    reader = Reader(room, stalled_seconds_max=0.2)
    wait_until(lambda: reader.ending)
    assert reader.ending is not None and reader.ending.reason is Reason.SLOW_CONSUMER
    assert len(room.engine._handlers.stock_watch) == 0


def test_nothing_is_left_of_watchers_that_are_gone(room: Room) -> None:
    """Nor is anything noted when nobody watches, and nothing of what nobody watches."""
    watch, path = room.engine._handlers.stock_watch, room.engine._path
    assert path.follower is None
    readers = [Reader(room, item_ids=["bolt"]) for _ in range(10)] + [Reader(room)]
    assert len(watch) == 11 and path.follower is watch
    readers.pop().flow.close()
    wait_until(lambda: not watch._everything)
    add(room, "lamp", "ams", 1)
    assert "lamp" not in {cell[0] for cell in watch._sums}
    for reader in readers:
        reader.flow.close()
    assert len(watch) == 0
    wait_until(lambda: path.follower is None)
    assert (watch._watched, watch._everything, watch._sums, watch._waiting) == ({}, 0, {}, [])
    late = Outflow()
    late.close()
    answered = threading.Event()
    room.engine._desk.submit(Call(WATCH, b"", 2**62, lambda value: answered.set(), flow=late))
    assert answered.wait(30)
    assert len(watch) == 0


def test_of_a_kit_its_components_are_noted(tmp_path: Path) -> None:
    """And nothing is left of it. Stock that it has of its own, from when it was no kit, is no kit of anything."""
    own = replace(inventory(1), item_index=np.array([2], np.int32), quantity=np.array([5]))
    with running(tmp_path, small_records(items=WITH_PAIR, inventory=own)) as room:
        watch = room.engine._handlers.stock_watch
        asked = [{"item_ids": ["pair"]}, {"item_ids": ["pair", "bolt"]}, {"item_ids": ["lamp"]}]
        readers = [Reader(room, **each) for each in asked]
        assert watch._watched == {"pair": 2, "bolt": 2, "lamp": 3}
        for reader in readers:
            reader.wait_for(room.engine._path.position)
        add(room, "bolt", "ams", 5)
        position = add(room, "lamp", "ehv", 1)
        told = []
        for reader in readers:
            reader.wait_for(position)
            told.append([(row.item_id, row.available) for message in reader.messages for row in message.availabilities])
        request = inventory_service_pb2.GetAvailabilityRequest(item_ids=["pair"])
        answer = room.ask(AVAILABILITY, request.SerializeToString())
        assert isinstance(answer, bytes)
        assert not inventory_service_pb2.GetAvailabilityResponse.FromString(answer).availabilities
        assert {units for rows in told for item, units in rows if item == "pair"} == {0}
        assert {item for item, _ in told[0]} == {"pair"} and {item for item, _ in told[2]} == {"lamp"}
        for reader in readers:
            reader.flow.close()
        wait_until(lambda: room.engine._path.follower is None)
        assert watch._watched == {}


# -- what was missed


def drawn_entry(draw: random.Random, stock_holds: dict[str, Hold]) -> Entry:
    """Positions few or many, and a hold made, changed or ended as the service writes it: what it frees is in the positions."""
    entry = Entry()
    for _ in range(draw.choice((1, 3, 20))):
        cell = {"item_id": draw.choice(ITEMS), "location_id": draw.choice(LOCATIONS), "pool": draw.choice(("", "vip"))}
        receipt = draw.choice(("", "", "po"))
        entry.positions.add(
            **cell, receipt_id=receipt, supply_delta=draw.randrange(-3, 9), demand_delta=draw.randrange(3)
        )  # fmt: skip
    if draw.random() < 0.5:
        name = draw.choice(("R1", "R2"))
        units = (HeldUnits("1", Cell(draw.choice(ITEMS), draw.choice(LOCATIONS), "", ""), 1),)
        hold = Hold(name, 1, 10**13, "", False, False, units, ())
        before = stock_holds.get(name)
        for each in before.units if before is not None else ():
            entry.positions.add(item_id=each.cell.item_id, location_id=each.cell.location_id, demand_delta=-each.quantity)
        stock_holds[name] = hold
        entry.texts.add(table=TextTable.HOLDS, field=name, text=hold.text())
    return entry


@pytest.mark.parametrize("seed", range(3))
def test_what_was_missed_is_what_is_noted(tmp_path: Path, seed: int) -> None:
    """Between any two positions the ledger gives the sums that were noted live, over every entry and over epochs."""
    draw = random.Random(seed)
    url = f"sqlite:///{tmp_path}/ledger.db"
    log, ledger = RecordedLog(url), Ledger(url)
    stock = LiveStock({item: n for n, item in enumerate(ITEMS)}, {each: n for n, each in enumerate(LOCATIONS)}, frozenset(), 0)
    positions, noted, holds = ["0-0"], [], {}
    for n in range(30):
        if n == 17:
            log.close()
            log = RecordedLog(url)
        entry = drawn_entry(draw, holds)
        (position,) = log.record(entry)
        record = _record(position, entry.SerializeToString())
        sums: CellSums = {}
        note_changes(sums, stock, record, None)
        stock.apply(record)
        positions.append(position)
        noted.append(sums)
    for _ in range(10):
        first, last = sorted(draw.sample(range(1, 31), 2))
        expected: CellSums = {}
        for sums in noted[first:last]:
            for cell, (supply, demand) in sums.items():
                before = expected.get(cell, (0, 0))
                expected[cell] = before[0] + supply, before[1] + demand
        missed = CatchUp(ledger, positions[first], positions[last], "from_position").read()
        assert missed == Missed(expected)
    ledger.close()
    log.close()


def test_what_cannot_be_caught_up_with_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    log, ledger = RecordedLog(url), Ledger(url)
    first, second = log.record(Entry(), Entry())
    log.close()
    log = RecordedLog(url)
    (third,) = log.record(Entry())
    assert CatchUp(ledger, second, third).read() == Missed({})
    lost = CatchUp(ledger, "1-3", third).read()
    assert isinstance(lost, Refusal) and (lost.reason, lost.violations) == (Reason.POSITION_LOST, ())
    not_there = CatchUp(ledger, third, "2-9")
    assert not_there.read() is None
    not_there._give_up_at = 0.0
    behind = not_there.read()
    assert isinstance(behind, Refusal) and behind.reason is Reason.STORE_RECOVERING
    monkeypatch.setattr(stock_changes, "MISSED_ENTRIES_MAX", 1)
    too_far = CatchUp(ledger, first, third, "from_position").read()
    assert isinstance(too_far, Refusal) and too_far.reason is Reason.POSITION_LOST
    assert [each.field for each in too_far.violations] == ["from_position"]
    ledger.close()
    log.close()
