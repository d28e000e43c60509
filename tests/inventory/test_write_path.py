"""Two engines on one store with a real sidecar: who is planned again, who is settled how, and that nobody harms another."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from belofte.v1 import inventory_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.inventory import commit_round
from engine.inventory import store as store_module
from engine.inventory.arena import H_DIRTY
from engine.inventory.commit_round import LogRecord
from engine.inventory.feed_texts import FeedTexts, TextName
from engine.inventory.keys import Keys
from engine.inventory.live import LiveStock
from engine.inventory.transaction import TextTable
from engine.inventory.write_path import Recorded
from engine.network.image import compile_image
from engine.service.adjust import AdjustWrite, decode_adjustment
from engine.service.feed_orders import books_of
from engine.service.fields import Violations
from tests.network.small_network import small_records
from tests.sidecars import RunningSidecar, TestEngine, wait_until
from tests.stores import PARTITION, change, contents
from tests.valkey_server import ValkeyServer
from tests.writes import Take, on_hand, put

KEYS = Keys(PARTITION)


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def sidecar(server: ValkeyServer, ledger_url: str) -> Iterator[RunningSidecar]:
    with RunningSidecar(server.url, ledger_url) as running:
        yield running


@pytest.fixture
def engine(server: ValkeyServer, ledger_url: str, sidecar: RunningSidecar) -> Iterator[TestEngine]:
    with TestEngine(server.url, ledger_url) as made:
        yield made


@pytest.fixture
def other(server: ValkeyServer, ledger_url: str, sidecar: RunningSidecar) -> Iterator[TestEngine]:
    with TestEngine(server.url, ledger_url) as made:
        yield made


def stocked(engine: TestEngine, supply: int, *locations: str) -> None:
    assert engine.path.catch_up()
    filled = put(*[change(supply, location=name) for name in locations or ("ams",)])
    engine.path.run([filled])
    assert isinstance(filled.outcome, Recorded)


def test_answered_when_it_stands_in_the_ledger(engine: TestEngine) -> None:
    stocked(engine, 5)
    take = Take(2)
    engine.path.run([take])
    outcome = take.outcome
    assert outcome == Recorded("1-2", duplicate=False)
    assert engine.ledger.find_requests([take.request_id])[take.request_id].position == "1-2"
    assert on_hand(engine.path.stock) == (5, 2)


def test_stock_that_an_entry_was_applied_to_in_part_is_made_anew(
    engine: TestEngine, other: TestEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever catches the fault: the entry is not applied to it once more, and it is not told for the store's."""
    stocked(engine, 5)
    stocked(other, 7)

    def fail(stock: LiveStock, texts: object) -> None:
        raise RuntimeError("a fault")

    before = engine.path.stock
    with monkeypatch.context() as patch:
        patch.setattr(LiveStock, "apply_texts", fail)
        with pytest.raises(RuntimeError, match="a fault"):
            engine.path.catch_up()
    assert engine.path.stale and before is not None and before.matrix.arena.header[H_DIRTY]
    assert engine.path.catch_up() and engine.path.stock is not before
    assert on_hand(engine.path.stock) == (12, 0)


def test_matrix_is_dirty_while_it_shows_what_is_not_committed(engine: TestEngine) -> None:
    stocked(engine, 5)
    stock = engine.path.stock
    assert stock is not None
    seen = []
    take = Take(2, after_plan=lambda each: seen.append(int(stock.matrix.arena.header[H_DIRTY])))
    engine.path.run([take, Take(1)])
    assert isinstance(take.outcome, Recorded)
    assert seen == [1]
    assert stock.matrix.arena.header[H_DIRTY] == 0


def test_writes_of_a_batch_see_those_before_them(engine: TestEngine) -> None:
    stocked(engine, 3)
    takes = [Take(1) for _ in range(5)]
    engine.path.run(takes)
    assert [take.reason for take in takes] == [None, None, None, Reason.NO_STOCK, Reason.NO_STOCK]
    assert all(take.attempts == [1] for take in takes)
    assert on_hand(engine.path.stock) == (3, 3)


def test_capacity_is_shared_by_the_writes_of_a_batch(engine: TestEngine) -> None:
    stocked(engine, 9, "ams", "ehv")
    takes = [Take(1, locations=("ams", "ehv"), capacity_max=2) for _ in range(5)]
    engine.path.run(takes)
    assert [(take.reason, take.taken_from) for take in takes[:4]] == [(None, "ams")] * 2 + [(None, "ehv")] * 2
    assert takes[4].reason is Reason.NO_STOCK


def test_who_was_slower_is_planned_again_on_what_is_left(engine: TestEngine, other: TestEngine) -> None:
    stocked(engine, 2, "ams", "ehv")
    other.path.catch_up()
    faster = Take(2)

    def race(take: Take) -> None:
        if take.attempts == [1]:
            other.path.run([faster])

    slower = Take(2, locations=("ams", "ehv"), after_plan=race)
    engine.path.run([slower])
    assert isinstance(faster.outcome, Recorded) and isinstance(slower.outcome, Recorded)
    assert (slower.attempts, slower.taken_from) == ([1, 2], "ehv")
    other.path.catch_up()
    assert other.path.stock is not None and engine.path.stock is not None
    assert contents(engine.path.stock) == contents(other.path.stock)
    assert on_hand(engine.path.stock) == on_hand(engine.path.stock, location="ehv") == (2, 2)


def test_planned_again_at_most_so_many_times(engine: TestEngine, other: TestEngine) -> None:
    """Somebody is faster wherever the write turns: it gives up and says why, and has taken nothing."""
    everywhere = ("ams", "ehv", "rtm", "utr")
    stocked(engine, 9, *everywhere)

    def snatch(take: Take) -> None:
        other.path.catch_up()
        other.path.run([Take(1, locations=(take.taken_from,))])

    unlucky, bystander = Take(9, locations=everywhere, after_plan=snatch), Take(8)
    engine.path.run([unlucky, bystander])
    assert (unlucky.attempts, unlucky.reason) == ([1, 2, 3, 4], Reason.CONTENDED)
    assert isinstance(bystander.outcome, Recorded)
    assert on_hand(engine.path.stock) == (9, 9)
    assert [on_hand(engine.path.stock, location=name) for name in everywhere[1:]] == [(9, 1)] * 3


def test_refusal_that_counted_on_a_hold_that_came_to_nothing_is_planned_again(engine: TestEngine, other: TestEngine) -> None:
    """The first of the batch loses its units to another engine, moves elsewhere, and leaves one for the second."""
    stocked(engine, 2, "ams", "ehv")
    other.path.catch_up()
    faster = Take(1)

    def race(take: Take) -> None:
        if take.attempts == [1]:
            other.path.run([faster])

    first = Take(2, locations=("ams", "ehv"), after_plan=race)
    second = Take(1)
    engine.path.run([first, second])
    assert isinstance(first.outcome, Recorded) and isinstance(second.outcome, Recorded)
    assert (first.taken_from, first.attempts, second.attempts) == ("ehv", [1, 2], [1, 2])
    assert on_hand(engine.path.stock) == (2, 2)


# -- batches of a round


@pytest.fixture
def one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction is sent as soon as it is planned."""
    monkeypatch.setattr(commit_round, "TRANSACTIONS_SENT", 1)


@pytest.mark.usefixtures("one_each")
def test_the_store_commits_while_more_is_planned(server: ValkeyServer, engine: TestEngine, other: TestEngine) -> None:
    """Who is planned later sees what those before it take, once, committed or not; what others commit between is merged."""
    stocked(engine, 4)
    other.path.catch_up()
    in_memory = []

    def wait(take: Take) -> None:
        with server.client() as client:
            wait_until(lambda: client.xlen(KEYS.log) == 2)
        in_memory.append(on_hand(engine.path.stock))
        other.path.run([put(change(5))])

    takes = [Take(2), Take(2, after_plan=wait), Take(1)]
    engine.path.run(takes)
    assert in_memory == [(4, 2)]
    assert [take.outcome for take in takes[:2]] == [Recorded("1-2", duplicate=False), Recorded("1-4", duplicate=False)]
    assert takes[2].reason is Reason.NO_STOCK
    assert on_hand(engine.path.stock) == (9, 4)
    other.path.catch_up()
    assert other.path.stock is not None and engine.path.stock is not None
    assert contents(engine.path.stock) == contents(other.path.stock)


@pytest.mark.usefixtures("one_each")
def test_a_batch_that_is_refused_takes_no_other_with_it(engine: TestEngine, other: TestEngine) -> None:
    """The first loses its units to another engine; the second, planned while that is so, is committed all the same."""
    stocked(engine, 2, "ams", "ehv")
    other.path.catch_up()
    faster = Take(2)

    def race(take: Take) -> None:
        if take.attempts == [1]:
            other.path.run([faster])

    first, second = Take(2, locations=("ams", "ehv"), after_plan=race), Take(1, locations=("ehv",))
    engine.path.run([first, second])
    assert isinstance(second.outcome, Recorded) and second.attempts == [1]
    assert first.reason is Reason.NO_STOCK
    assert (on_hand(engine.path.stock), on_hand(engine.path.stock, location="ehv")) == ((2, 2), (2, 1))


@pytest.mark.usefixtures("one_each")
def test_store_lost_between_two_batches(tmp_path: Path) -> None:
    """What was sent before may be recorded, what comes after is not sent; nobody knows of either, and nothing is held."""
    with ValkeyServer() as server:
        url = f"sqlite:///{tmp_path}/ledger.db"
        with RunningSidecar(server.url, url), TestEngine(server.url, url, record_wait_ms_max=300) as engine:
            stocked(engine, 5)
            takes = [Take(1), Take(1, after_plan=lambda take: server.kill()), Take(1)]
            engine.path.run(takes)
            assert [take.reason for take in takes[1:]] == [Reason.DEADLINE_EXCEEDED] * 2
            assert takes[0].reason in (None, Reason.DEADLINE_EXCEEDED)
            assert engine.path.stale
            assert on_hand(engine.path.stock) == (5, 0)


def test_texts_of_a_round_are_read_once_and_anew_in_the_next(engine: TestEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three feeds in one tick: the second is planned on what the first leaves, which no store has told."""
    stocked(engine, 10, "ams", "ehv")
    image, texts, books = compile_image(small_records()), FeedTexts(engine.path.read_texts), books_of(engine.ledger)
    asked: list[list[int]] = []
    original = engine.store.texts

    def read(parts: list[list[TextName]]) -> Iterator[list[str]]:
        asked.append([len(names) for names in parts])
        return original(parts)

    monkeypatch.setattr(engine.store, "texts", read)
    answers: list[Recorded | Refusal] = []

    def adjust(sequence: int, name: str) -> AdjustWrite:
        record = types_pb2.InventoryRecord(
            item_id="bolt", location_id=name, kind=types_pb2.INVENTORY_KIND_ADJUST, quantity=1, source="erp", sequence=sequence
        )
        wire = inventory_service_pb2.AdjustInventoryRequest(records=[record], request_id=uuid7())
        adjustment = decode_adjustment(wire, image, bytes(32), b"", 0, Violations())
        return AdjustWrite(adjustment, image, texts, books, lambda: 0, lambda write, outcome: answers.append(outcome))

    engine.path.run([adjust(1, "ams"), adjust(2, "ams"), adjust(3, "ehv")])
    assert asked == [[2, 1]], "one feed, two positions"
    engine.path.run([adjust(4, "ams")])
    assert asked == [[2, 1], [2]]
    wait_until(lambda: len(answers) == 4)
    assert all(isinstance(each, Recorded) for each in answers)
    assert (on_hand(engine.path.stock), on_hand(engine.path.stock, location="ehv")) == ((13, 0), (11, 0))
    assert list(original([[TextName(TextTable.FEEDS, "", "erp")]])) == [["1:4"]]


# -- repeats


def test_repeat_is_a_duplicate_and_waits_for_the_same_record(engine: TestEngine, other: TestEngine) -> None:
    stocked(engine, 5)
    other.path.catch_up()
    take = Take(2)
    engine.path.run([take, Take(2, request_id=take.request_id)])
    for path in (engine.path, other.path):
        repeat = Take(2, request_id=take.request_id)
        path.run([repeat])
        assert take.outcome == Recorded("1-2", duplicate=False)
        assert repeat.outcome == Recorded("1-2", duplicate=True)
    assert on_hand(engine.path.stock) == (5, 2)


def test_repeat_of_what_took_the_last_units_is_not_out_of_stock(engine: TestEngine, other: TestEngine) -> None:
    """The first answer was lost: its repeat finds nothing left to plan with, since it has it already."""
    stocked(engine, 2)
    take = Take(2)
    beside = Take(2, request_id=take.request_id)
    engine.path.run([take, beside])
    other.path.catch_up()
    later = Take(2, request_id=take.request_id)
    stranger = Take(2)
    other.path.run([later, stranger])
    assert take.outcome == Recorded("1-2", duplicate=False)
    assert beside.outcome == later.outcome == Recorded("1-2", duplicate=True)
    assert stranger.reason is Reason.NO_STOCK


def test_repeats_among_new_ones_hold_nothing_from_them(engine: TestEngine) -> None:
    """All of a burst comes again after half of it was done: nobody is told to try again because of those that were."""
    stocked(engine, 14)
    done = [Take(1) for _ in range(12)]
    engine.path.run(done)
    repeats = [Take(1, request_id=take.request_id) for take in done]
    new = [Take(1) for _ in range(12)]
    engine.path.run([*repeats, *new])
    assert all(isinstance(take.outcome, Recorded) and take.outcome.duplicate for take in repeats)
    assert [isinstance(take.outcome, Recorded) for take in new] == [True] * 2 + [False] * 10
    assert {take.reason for take in new[2:]} == {Reason.NO_STOCK}


def test_repeat_of_what_the_store_has_forgotten_is_looked_up_in_its_epoch(engine: TestEngine, server: ValkeyServer) -> None:
    """Ids of long ago are remembered for an hour after they came: then the ledger is asked, by the path itself."""
    stocked(engine, 5)
    take = Take(2, request_id=uuid7(int(time.time() * 1_000) - 25 * 3_600_000))
    engine.path.run([take])
    assert isinstance(take.outcome, Recorded) and not take.outcome.duplicate
    with redis.Redis.from_url(server.url) as client:
        assert client.delete(*client.keys("*requests:*"))
    again, new = Take(2, request_id=take.request_id), Take(3)
    engine.path.run([again, new])
    assert isinstance(again.outcome, Recorded) and again.outcome.duplicate
    assert isinstance(new.outcome, Recorded) and not new.outcome.duplicate
    assert on_hand(engine.path.stock) == (5, 5)


def test_order_is_made_once_under_whatever_request(engine: TestEngine) -> None:
    stocked(engine, 5)
    first, second = Take(1, order_id="order-1"), Take(1, order_id="order-1")
    engine.path.run([first])
    engine.path.run([second])
    assert isinstance(first.outcome, Recorded)
    assert second.reason is Reason.ORDER_EXISTS
    assert on_hand(engine.path.stock) == (5, 1)


def test_an_order_exists_once_it_is_recorded(server: ValkeyServer, ledger_url: str) -> None:
    """Committed and not recorded it may yet be lost: until then nobody is told that there is such an order."""
    with TestEngine(server.url, ledger_url) as engine:
        with RunningSidecar(server.url, ledger_url):
            stocked(engine, 5)
        # The gate stays open for a while after its sidecar has gone.
        first, second = Take(order_id="A-1"), Take(order_id="A-1")
        engine.path.run([first])
        engine.path.run([second])
        time.sleep(0.3)
        assert not first.outcomes and not second.outcomes
        with RunningSidecar(server.url, ledger_url):
            assert isinstance(first.outcome, Recorded)
            assert second.reason is Reason.ORDER_EXISTS


def test_what_cannot_be_planned_is_looked_up_before_it_is_refused(engine: TestEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that was overtaken does not know the request: the ledger has the last word."""
    stocked(engine, 2)
    first = Take(2)
    engine.path.run([first])
    assert isinstance(first.outcome, Recorded)
    monkeypatch.setattr(engine.store, "seen", lambda ids: set())
    again = Take(2, request_id=first.request_id)
    engine.path.run([again])
    assert isinstance(again.outcome, Recorded) and again.outcome.duplicate
    other = Take(1)
    engine.path.run([other])
    assert other.reason is Reason.NO_STOCK


# -- faults


def test_fault_in_one_write_harms_no_other(engine: TestEngine) -> None:
    stocked(engine, 3)

    def fail(take: Take) -> None:
        raise ZeroDivisionError("a bug in planning")

    def fail_with_a_hold(take: Take) -> None:
        assert engine.path.stock is not None
        engine.path.stock.hold([(engine.path.stock.matrix.find(0, 0, 0), 2)], [])
        raise ZeroDivisionError("a bug that leaves a hold")

    class Unanswerable(Take):
        def settle(self, outcome: Recorded | Refusal) -> None:
            super().settle(outcome)
            raise ConnectionError("the caller is gone")

    before, broken, leaky, last = Take(1), Take(1, before_plan=fail), Take(1, before_plan=fail_with_a_hold), Take(2)
    gone, gone_too = Unanswerable(1), Unanswerable(50)
    engine.path.run([before, broken, leaky, last, gone_too])
    assert (broken.reason, leaky.reason) == (Reason.FAULT, Reason.FAULT)
    assert isinstance(before.outcome, Recorded)
    assert isinstance(last.outcome, Recorded), "a hold that was left is no reason to be refused"
    assert last.attempts == [1, 2]
    assert gone_too.reason is Reason.NO_STOCK
    assert engine.path.catch_up()
    assert on_hand(engine.path.stock) == (3, 3)
    engine.path.run([put(change(1))])
    engine.path.run([gone])
    assert isinstance(gone.outcome, Recorded)
    after = put(change(1))
    engine.path.run([after])
    assert isinstance(after.outcome, Recorded)


def test_supply_for_a_new_position_beside_an_order_for_the_same_item(engine: TestEngine) -> None:
    """Orders hold by their place in the arena: a position that is opened meanwhile would move it away from under them."""
    image = compile_image(small_records())
    stocked(engine, 10, "ehv")
    wire = inventory_service_pb2.AdjustInventoryRequest(
        records=[
            types_pb2.InventoryRecord(item_id="bolt", location_id=name, kind=types_pb2.INVENTORY_KIND_ON_HAND, quantity=40)
            for name in ("ams", "ehv")
        ],
    )  # fmt: skip
    answers: list[Recorded | Refusal] = []
    wire.request_id = Take().request_id
    adjustment = decode_adjustment(wire, image, bytes(32), b"", 0, Violations())
    # This network has other indexes than the small one, whose first item and first locations are the same two.
    assert engine.path.stock is not None
    texts = FeedTexts(engine.path.read_texts)
    books = books_of(engine.ledger)
    adjust = AdjustWrite(adjustment, image, texts, books, lambda: 0, lambda write, outcome: answers.append(outcome))
    order = Take(3, locations=("ehv",))
    engine.path.run([order, adjust])
    assert isinstance(order.outcome, Recorded)
    wait_until(lambda: answers)
    assert isinstance(answers[0], Recorded)
    in_memory = contents(engine.path.stock)
    engine.path.stale = True
    assert engine.path.catch_up()
    assert in_memory == contents(engine.path.stock)
    assert on_hand(engine.path.stock) == (40, 0)
    assert on_hand(engine.path.stock, location="ehv") == (40, 3)


# -- the store away, closed or gone on


def test_refused_while_the_gate_is_closed_and_served_when_it_opens(
    server: ValkeyServer, ledger_url: str, sidecar: RunningSidecar, engine: TestEngine
) -> None:
    stocked(engine, 5)
    sidecar.stop()
    with server.client() as client:
        client.delete(KEYS.gate)
    closed, refused, repeat = Take(1), Take(50), Take(1)
    engine.path.run([closed, refused])
    assert closed.reason is Reason.STORE_RECOVERING
    assert refused.reason in (Reason.NO_STOCK, Reason.STORE_RECOVERING)
    assert engine.path.stale
    engine.path.run([repeat])
    assert repeat.reason is Reason.STORE_RECOVERING
    with RunningSidecar(server.url, ledger_url):
        assert engine.path.catch_up()
        again = Take(1, request_id=closed.request_id)
        engine.path.run([again])
        assert again.outcome == Recorded("2-1", duplicate=False)


def test_store_away_is_refused_and_what_is_under_way_is_unknown(tmp_path: Path) -> None:
    with ValkeyServer() as server:
        url = f"sqlite:///{tmp_path}/ledger.db"
        with RunningSidecar(server.url, url), TestEngine(server.url, url, record_wait_ms_max=300) as engine:
            stocked(engine, 5)
            take, refused, later = Take(1), Take(50), Take(1)
            server.kill()
            engine.path.run([take, refused])
            assert take.reason is Reason.DEADLINE_EXCEEDED
            assert refused.reason is Reason.STORE_RECOVERING
            engine.path.run([later])
            assert later.reason is Reason.STORE_RECOVERING
            assert engine.path.position == "1-1", "quotes go on from memory"


def test_commit_whose_answer_was_lost_is_answered_from_the_ledger(engine: TestEngine, other: TestEngine) -> None:
    """The commit is done, and reading the log after it fails: only the ledger can tell."""
    stocked(engine, 5)
    other.path.catch_up()

    def lose(take: Take) -> None:
        other.path.run([Take(1)])
        original = engine.store.tail

        def lost(position: str, until: str = "+") -> list[LogRecord]:
            engine.store.tail = original  # type: ignore[method-assign]
            raise store_module.StoreAway("the connection was cut")

        engine.store.tail = lost  # type: ignore[method-assign]

    take = Take(1, after_plan=lose)
    engine.path.run([take])
    assert take.outcome == Recorded("1-3", duplicate=True)
    assert engine.path.stale and engine.path.catch_up()
    assert on_hand(engine.path.stock) == (5, 2)


def test_lost_commit_that_was_repeated_elsewhere_is_answered_by_its_record(
    server: ValkeyServer, ledger_url: str, tmp_path: Path
) -> None:
    """The record of an id may be that of a repeat, which planned otherwise: then it is a duplicate for the first as well."""
    with TestEngine(server.url, ledger_url) as engine, TestEngine(server.url, ledger_url) as other:
        with RunningSidecar(server.url, ledger_url):
            stocked(engine, 1, "ams", "ehv")
        with server.client() as client:
            client.persist(KEYS.gate)
        server.sync()
        server.kill()
        server.copy_data_to(tmp_path / "copy")
        server.start()
        with RunningSidecar(server.url, ledger_url):
            wait_until(engine.path.catch_up)
        with server.client() as client:
            client.persist(KEYS.gate)
        first = Take(1, locations=("ams",))
        engine.path.run([first])
        server.kill()
        server.restore_data_from(tmp_path / "copy")
        server.start()
        with RunningSidecar(server.url, ledger_url):
            wait_until(other.path.catch_up)
            repeat = Take(1, locations=("ehv",), request_id=first.request_id)
            other.path.run([repeat])
            assert repeat.outcome == Recorded("3-1", duplicate=False)
            assert first.outcome == Recorded("3-1", duplicate=True)


def test_ledger_that_lags_is_named(server: ValkeyServer, ledger_url: str, sidecar: RunningSidecar, engine: TestEngine) -> None:
    stocked(engine, 5)
    sidecar.stop()
    engine.store._lag = 2, 60_000
    takes = [Take(1) for _ in range(3)]
    for take in takes:
        engine.path.run([take])
    assert takes[2].reason is Reason.RECORD_LAGGING
    with RunningSidecar(server.url, ledger_url):
        assert [take.outcome for take in takes[:2]] == [Recorded("1-2", duplicate=False), Recorded("1-3", duplicate=False)]


def test_engine_follows_what_others_commit(engine: TestEngine, other: TestEngine) -> None:
    stocked(engine, 5)
    assert other.path.catch_up()
    engine.path.run([Take(1)])
    assert other.path.catch_up()
    assert engine.path.stock is not None and other.path.stock is not None
    assert contents(other.path.stock) == contents(engine.path.stock)
    assert other.path.position == engine.path.position == "1-2"


def test_not_recorded_in_time_is_unknown(server: ValkeyServer, ledger_url: str, sidecar: RunningSidecar) -> None:
    with TestEngine(server.url, ledger_url, record_wait_ms_max=200) as engine:
        stocked(engine, 5)
        sidecar.stop()
        take = Take(1)
        started = time.monotonic()
        engine.path.run([take])
        assert take.reason is Reason.DEADLINE_EXCEEDED
        assert 0.2 <= time.monotonic() - started < 1.0
