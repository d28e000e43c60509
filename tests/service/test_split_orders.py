"""Orders over a network that is split into shards: in one shard the ordinary way, over several all of it or nothing."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import ledger_entry_pb2, order_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory.client import ordinal
from engine.inventory.parts import END_PART, HOLD_PART
from engine.inventory.shards import Shards
from engine.ledger.database import open_database
from engine.ledger.ledger import Ledger
from engine.ledger.recorder import Recorder, WrongShards, replay
from engine.service.overruled import UNDO_OVERRULED
from tests.service.room import SOURCE, Room, opened
from tests.service.split_room import SplitRoom, basket, sidecars, source_request, split, split_records
from tests.sidecars import wait_until
from tests.valkey_server import ValkeyServer

ORDERS = "/belofte.v1.OrderService/"
SOURCING = "/belofte.v1.SourcingService/"
ROUNDS_MAX = 100
ROOT = Path(__file__).parent.parent.parent
NOTHING = {"bolt": (0, 0), "lamp": (0, 0), "nut": (0, 0), "cup": (0, 0), "i1": (0, 0)}
"""Of two shards `lamp`, `nut` and `cup` are in the first, `bolt` and `i1` in the second."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SplitRoom]:
    with split(tmp_path_factory.mktemp("split"), 2) as room:
        yield room


@pytest.fixture
def room(shared: SplitRoom) -> Iterator[SplitRoom]:
    """The same for all tests, with what a test leaves held by orders taken out of stock again."""
    before = shared.available()
    yield shared
    wait_until(lambda: ended(shared))
    shared.audit()
    left = {item: promised - have for item, (have, promised) in shared.available().items() if have != promised}
    if left:
        shared.adjust(left)
    assert before.keys() == NOTHING.keys()


def ended(room: SplitRoom) -> bool:
    """Whether nothing is held any more that is not decided, nothing is left to be undone, and all of it is recorded."""
    path, ledger = room.room.engine._path, room.room.engine._ledger
    return not len(path.stock.parts) and not ledger.not_undone(1) and ledger.has_recorded(path.position)


def free(room: SplitRoom) -> dict[str, int]:
    """What may be had of each item that there is something of."""
    return {item: have - promised for item, (have, promised) in room.available().items() if have != promised}


def methods(room: SplitRoom) -> list[list[str]]:
    """What each shard's log tells of, by the entries that the ledger has of it."""
    wait_until(lambda: ended(room))
    database = open_database(room.ledger_url)
    logs = [replay(database, shard=shard, shards=room.shards) for shard in range(room.shards.count)]
    found = [[ledger_entry_pb2.LedgerEntry.FromString(each.entry).method for each in log] for log in logs]
    database.dispose()
    return found


def order_of(room: SplitRoom, order_id: str) -> types_pb2.Order:
    request = order_service_pb2.GetOrderRequest(order_id=order_id)
    answer = room.ask(ORDERS + "GetOrder", request, order_service_pb2.GetOrderResponse)
    assert not isinstance(answer, Refusal), answer
    return answer.order


def test_an_order_over_two_shards(room: SplitRoom) -> None:
    assert room.adjust({"bolt": 5, "lamp": 7}).accepted_count == 2
    before = methods(room)
    answer = room.source({"bolt": 2, "lamp": 3}, "both")
    assert not answer.duplicate and answer.state == types_pb2.ORDER_STATE_SOURCED
    assert len(answer.position.split(",")) == 2, "it has seen both logs"
    request = sourcing_service_pb2.GetRequestRequest(min_position=answer.position, target_request_id=uuid7())
    assert not isinstance(room.ask(SOURCING + "GetRequest", request, sourcing_service_pb2.GetRequestResponse), Refusal)
    assert free(room) == {"bolt": 3, "lamp": 4}
    order = order_of(room, "both")
    assert {line.item_id for shipment in order.plan.shipments for line in shipment.lines} == {"bolt", "lamp"}
    new = [log[len(old) :] for log, old in zip(methods(room), before, strict=True)]
    assert sorted(new[0] + new[1]) == [END_PART, END_PART, HOLD_PART, HOLD_PART, "SourceOrder"]


def test_stock_in_memory_is_held_against_all_stores(room: SplitRoom) -> None:
    auditor, path = room.room.engine._handlers.auditor, room.room.engine._path
    assert auditor is not None
    room.source({"bolt": 1, "lamp": 1})
    rounds, stock = auditor.rounds, path.stock
    wait_until(lambda: auditor.rounds > rounds + 1)
    assert path.stock is stock, "it was not read anew"


def test_an_order_in_one_shard_goes_the_ordinary_way(room: SplitRoom) -> None:
    room.adjust({"lamp": 5, "cup": 5})
    before = methods(room)
    answer = room.source({"lamp": 1, "cup": 2})
    assert "," not in answer.position
    new = [log[len(old) :] for log, old in zip(methods(room), before, strict=True)]
    assert new == [["SourceOrder"], []]
    assert free(room) == {"lamp": 4, "cup": 3}


def test_too_little_in_one_shard_takes_nothing_in_the_other(room: SplitRoom) -> None:
    room.adjust({"bolt": 1, "lamp": 9})
    answer = room.source({"bolt": 2, "lamp": 3})
    assert isinstance(answer, Refusal) and answer.reason is Reason.NO_STOCK
    assert free(room) == {"bolt": 1, "lamp": 9}


def test_a_repeat_is_answered_as_the_first_was_also_by_another_engine(room: SplitRoom, tmp_path: Path) -> None:
    room.adjust({"bolt": 1, "lamp": 1})
    request = source_request({"bolt": 1, "lamp": 1}).SerializeToString()
    first = sourcing_service_pb2.SourceOrderResponse.FromString(room.room.ask(SOURCE, request))
    with opened(room.url, room.ledger_url, tmp_path, split_records(), shards=2) as other:
        # There is nothing left to plan it with: it is known to the ledger alone.
        for each in (room.room, other):
            again = sourcing_service_pb2.SourceOrderResponse.FromString(each.ask(SOURCE, request))
            assert again.duplicate and again.position == first.position and again.plan == first.plan
    assert free(room) == {}


def test_repeats_on_two_engines_at_once_are_one_order(room: SplitRoom, tmp_path: Path) -> None:
    room.adjust({"bolt": 50, "lamp": 50})
    with opened(room.url, room.ledger_url, tmp_path, split_records(), shards=2) as other:
        for _ in range(5):
            request = source_request({"bolt": 1, "lamp": 1}).SerializeToString()
            calls = [(SOURCE, request)] * 2
            answers = room.room.ask_all(calls) + other.ask_all(calls)
            assert all(isinstance(each, bytes) for each in answers), answers
            found = [sourcing_service_pb2.SourceOrderResponse.FromString(each) for each in answers]
            assert sum(not each.duplicate for each in found) == 1
            assert len({each.plan.SerializeToString() for each in found}) == 1
    wait_until(lambda: free(room) == {"bolt": 45, "lamp": 45})


@pytest.mark.parametrize("second", [{"lamp": 1}, {"lamp": 1, "bolt": 1}])
def test_an_order_id_is_one_order_over_all_shards(room: SplitRoom, second: dict[str, int]) -> None:
    """The second is of another shard, or of both; what it took is given back."""
    room.adjust({"bolt": 5, "lamp": 5})
    order_id = f"twice-{len(second)}"
    assert not isinstance(room.source({"bolt": 2}, order_id), Refusal)
    request_id = uuid7()
    for _ in range(2):
        answer = room.source(second, order_id, request_id)
        assert isinstance(answer, Refusal) and answer.reason is Reason.ORDER_EXISTS
    wait_until(lambda: free(room) == {"bolt": 3, "lamp": 5})
    assert [line.quantity for shipment in order_of(room, order_id).plan.shipments for line in shipment.lines] == [2]
    status = room.ask(
        SOURCING + "GetRequest", sourcing_service_pb2.GetRequestRequest(target_request_id=request_id),
        sourcing_service_pb2.GetRequestResponse,
    )  # fmt: skip
    assert status.status == sourcing_service_pb2.REQUEST_STATUS_UNKNOWN


@pytest.mark.parametrize("second", [{"lamp": 1}, {"lamp": 1, "bolt": 1}])
def test_a_request_id_is_one_request_over_all_shards(room: SplitRoom, second: dict[str, int]) -> None:
    room.adjust({"bolt": 5, "lamp": 5})
    request_id = uuid7()
    assert not isinstance(room.source({"bolt": 2}, "first-" + request_id, request_id), Refusal)
    answer = room.source(second, "second-" + request_id, request_id)
    assert isinstance(answer, Refusal) and answer.reason is Reason.REQUEST_ID_REUSED
    wait_until(lambda: free(room) == {"bolt": 3, "lamp": 5})


def test_what_was_overruled_is_undone_once(room: SplitRoom, tmp_path: Path) -> None:
    """By two engines that both look for it."""
    room.adjust({"bolt": 5, "lamp": 5})
    before = methods(room)
    with opened(room.url, room.ledger_url, tmp_path, split_records(), shards=2):
        room.source({"bolt": 1}, "undone")
        assert isinstance(room.source({"lamp": 1}, "undone"), Refusal)
        wait_until(lambda: ended(room))
    assert [log[len(old) :] for log, old in zip(methods(room), before, strict=True)] == [
        ["SourceOrder", UNDO_OVERRULED], ["SourceOrder"],
    ]  # fmt: skip


def test_an_order_that_was_called_off_before_it_came(room: SplitRoom) -> None:
    room.adjust({"bolt": 5, "lamp": 5})
    target = uuid7()
    cancel = sourcing_service_pb2.CancelRequestRequest(request_id=uuid7(), target_request_id=target)
    answer = room.ask(SOURCING + "CancelRequest", cancel, sourcing_service_pb2.CancelRequestResponse)
    assert answer.status == sourcing_service_pb2.REQUEST_STATUS_UNKNOWN
    late = room.source({"bolt": 1, "lamp": 1}, request_id=target)
    assert isinstance(late, Refusal) and late.reason is Reason.REQUEST_CANCELLED
    wait_until(lambda: free(room) == {"bolt": 5, "lamp": 5})


def test_an_order_that_is_called_off_on_its_way(room: SplitRoom) -> None:
    """Whichever was faster: it is an order that is cancelled, or none; nothing stays taken."""
    room.adjust({"bolt": 5, "lamp": 5})
    for _ in range(5):
        request = source_request({"bolt": 1, "lamp": 1})
        cancel = sourcing_service_pb2.CancelRequestRequest(request_id=uuid7(), target_request_id=request.request_id)
        order, called_off = room.room.ask_all(
            [(SOURCE, request.SerializeToString()), (SOURCING + "CancelRequest", cancel.SerializeToString())]
        )
        assert isinstance(called_off, bytes), called_off
        assert isinstance(order, bytes) or order.reason is Reason.REQUEST_CANCELLED
        wait_until(lambda: free(room) == {"bolt": 5, "lamp": 5})


@pytest.mark.parametrize("token", ["2-1,4-1", "1-1,2-1,3-1", "2-1,", "2-1;3-1"])
def test_a_token_with_two_positions_of_a_log_is_none(room: SplitRoom, token: str) -> None:
    request = sourcing_service_pb2.SourceOrderRequest(
        request_id=uuid7(), order=types_pb2.Order(order_id="token", basket=basket({"lamp": 1})), min_position=token
    )
    answer = room.ask(SOURCE, request, sourcing_service_pb2.SourceOrderResponse)
    assert isinstance(answer, Refusal) and answer.reason is Reason.INVALID_FIELD, answer


def test_capacity_of_a_location_is_taken_once_with_the_order(tmp_path: Path) -> None:
    """All of it lies in the first shard, whatever the items; `ams` and `ehv` take two orders a day each."""
    with split(tmp_path, 2, split_records(capacity=2)) as room:
        room.adjust({"bolt": 9, "lamp": 9})
        for units in ({"bolt": 1, "lamp": 1}, {"bolt": 1}, {"lamp": 1}, {"bolt": 1, "lamp": 1}):
            assert room.source(units).state == types_pb2.ORDER_STATE_SOURCED
        # Two a day, and then the next day.
        used = room.room.engine._path.stock.capacity_used
        assert sorted(used[used > 0].tolist()) == [2, 2]
        wait_until(lambda: ended(room))
        room.audit()


def test_racing_orders_for_the_last_units_over_shards(tmp_path: Path) -> None:
    """Two engines, more asked for than there is: each order is whole or nothing, and what is held is what was answered."""
    with split(tmp_path, 3) as room, opened(
        room.url, room.ledger_url, tmp_path / "other", split_records(), shards=3
    ) as other:  # fmt: skip
        room.adjust({"bolt": 12, "lamp": 12, "i1": 12})
        baskets = [dict.fromkeys(items.split(), 1) for items in ("bolt lamp i1", "lamp i1 bolt", "i1 bolt", "lamp bolt")]
        done: list[dict[str, int]] = []
        lock = threading.Lock()

        def buy(engine: Room) -> None:
            for _ in range(ROUNDS_MAX):
                if sum(units.get("bolt", 0) for units in done) == 12:
                    return
                calls = [(SOURCE, source_request(units).SerializeToString()) for units in baskets]
                for units, answer in zip(baskets, engine.ask_all(calls), strict=True):
                    if isinstance(answer, bytes):
                        with lock:
                            done.append(units)
                    else:
                        assert answer.reason in (Reason.NO_STOCK, Reason.CONTENDED, Reason.STORE_RECOVERING), answer

        buyers = [threading.Thread(target=buy, args=(each,)) for each in (room.room, other)]
        for buyer in buyers:
            buyer.start()
        for buyer in buyers:
            buyer.join()
        sold = {item: sum(units.get(item, 0) for units in done) for item in ("bolt", "lamp", "i1")}
        assert sold["bolt"] == 12, "what nobody got may be had"
        wait_until(lambda: ended(room))
        wait_until(lambda: {item: promised for item, (_, promised) in room.available().items() if promised} == sold)
        assert all(promised <= have for have, promised in room.available().values())
        room.audit()


def test_an_order_s_story_is_told_from_the_command_line(room: SplitRoom) -> None:
    """Epochs of two logs tell no order: what was done in the log of the lower one came later all the same."""
    room.adjust({"bolt": 40, "lamp": 40})
    ledger = Ledger(room.ledger_url, room.shards)
    is_told_backwards = False
    for number in range(40):
        order_id = f"told-{number}"
        room.source({"bolt": 1} if number % 2 else {"lamp": 1}, order_id)
        request = order_service_pb2.CancelOrderRequest(request_id=uuid7(), order_id=order_id)
        room.ask(ORDERS + "CancelOrder", request, order_service_pb2.CancelOrderResponse)
        made, cancelled = (ordinal(each.position) for each in ledger.find_order(order_id))
        if cancelled < made:
            is_told_backwards = True
            break
    ledger.close()
    assert is_told_backwards
    command = [sys.executable, str(ROOT / "server.py"), "order", order_id, "--json"]
    variables = {**os.environ, "BELOFTE_LEDGER_URL": room.ledger_url}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=120, check=True)
    told = json.loads(done.stdout)
    assert told["order"]["state"] == "ORDER_STATE_CANCELLED" and told["order"]["version"] == "2"
    kinds = [each["type"].removeprefix("EVENT_TYPE_") for each in told["events"]]
    assert kinds == ["ORDER_SOURCED", "ORDER_CANCELLED", "LINES_REFUNDED"]


def test_the_number_of_shards_stays(tmp_path: Path) -> None:
    """Once something is recorded; before that it may be chosen anew."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    clock = SystemClock()
    for count in (1, 3, 2):
        Recorder.take_over(url, clock, 0, 0, Shards(count)).close()
    with ValkeyServer() as valkey, sidecars(valkey.url, url, Shards(2)):
        with opened(valkey.url, url, tmp_path, split_records(), shards=2):
            pass
        for count in (1, 3):
            with pytest.raises(WrongShards, match=f"over 2 shards, not {count}: .* Set BELOFTE_SHARDS=2"):
                Recorder.take_over(url, clock, 0, 0, Shards(count))
