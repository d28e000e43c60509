"""The sidecar over real servers: whatever became of the store, it ends as the ledger says, and only then the gate opens."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.domain.clock import SystemClock
from engine.inventory.client import StoreAway, ordinal
from engine.inventory.gate import GATE_MS, NO_LINK, ORIGIN, Hash, StoreGate, opening_of
from engine.inventory.keys import Keys, Layout
from engine.inventory.transaction import Closed, Committed
from engine.inventory.write_path import Recorded
from engine.ledger import sidecar as sidecar_module
from engine.ledger.lease import Lease
from engine.ledger.ledger import Ledger
from engine.ledger.recorder import BrokenLog, Fenced, Recorder
from engine.ledger.sidecar import Sidecar
from tests.ledger.conftest import Database
from tests.sidecars import RunningSidecar, TestEngine, wait_until
from tests.stores import ITEMS, PARTITION, change, contents, dump, stock_of, stock_store, transaction
from tests.valkey_server import ValkeyServer
from tests.writes import Take, on_hand, put

KEYS = Keys(PARTITION)


def work(engine: TestEngine, count: int) -> None:
    """Writes that are recorded."""
    wait_until(engine.path.catch_up)
    supply = [put(change(5, item=ITEMS[i % 3], location=("ams", "ehv")[i % 2])) for i in range(count)]
    orders = [Take(1, item=ITEMS[i % 3], locations=("ams", "ehv"), order_id=f"o{time.time_ns()}-{i}") for i in range(count)]
    for writes in (supply, orders):
        engine.path.run(writes)
        assert [write.reason for write in writes] == [None] * count


def commit_unseen(server: ValkeyServer, count: int) -> list[str]:
    """Committed by an engine while no sidecar runs and the gate is still open; the request ids."""
    store = stock_store(server.url)
    epoch = store.load().epoch
    made = [transaction(change(7), order_id=f"unseen-{i}") for i in range(count)]
    assert {type(outcome) for outcome in store.commit(made, epoch, head_position(server)).outcomes} == {Committed}
    store.close()
    return [each.request_id for each in made]


def head_position(server: ValkeyServer) -> str:
    with server.client() as client:
        head = client.get(KEYS.head)
    assert head is not None
    return head.decode().split()[0]


def hold_gate(server: ValkeyServer) -> None:
    """Let the gate stay open although its sidecar has stopped, so that the test need not hurry."""
    with server.client() as client:
        client.persist(KEYS.gate)


def recorded(database: Database, request_ids: list[str]) -> list[str]:
    ledger = Ledger(database.url)
    found = ledger.find_requests(request_ids)
    ledger.close()
    return [found[each].position for each in request_ids if each in found]


def stored(server: ValkeyServer) -> dict[str, dict[str, str]]:
    """The data in use, under keys without their generation."""
    with server.client() as client:
        layout = client.get(KEYS.layout)
        assert layout is not None
        prefix = KEYS.data(Layout.parse(layout.decode())).prefix
        return {name.removeprefix(prefix): fields for name, fields in dump(client, f"{prefix}*").items()}


def generations(server: ValkeyServer) -> set[str]:
    with server.client() as client:
        return {name.decode().split(":")[1] for name in client.scan_iter(f"{KEYS.tag}[0-9]*", count=1000)}


def test_what_was_committed_and_not_recorded_is_drained(server: ValkeyServer, database: Database) -> None:
    """The sidecar was killed between commit and record: the store goes on, nothing is rebuilt."""
    with RunningSidecar(server.url, database.url) as first, TestEngine(server.url, database.url) as engine:
        work(engine, 5)
        first.stop()
        hold_gate(server)
        request_ids = commit_unseen(server, 3)
        before = stored(server)
        assert recorded(database, request_ids) == []
        with RunningSidecar(server.url, database.url):
            assert recorded(database, request_ids) == ["1-11", "1-12", "1-13"]
            assert stored(server) == before
            assert generations(server) == {"1"}
            work(engine, 2)
            assert engine.path.position == "2-4"


def test_recorded_but_not_told_is_found_in_the_log(server: ValkeyServer, database: Database) -> None:
    """The sidecar was killed between record and telling: the store does not know how far the ledger is."""
    with RunningSidecar(server.url, database.url), TestEngine(server.url, database.url) as engine:
        work(engine, 5)
    with server.client() as client:
        client.set(KEYS.recorded, f"{ORIGIN} {NO_LINK}")
    before = stored(server)
    with RunningSidecar(server.url, database.url):
        assert stored(server) == before and generations(server) == {"1"}


def test_emptied_store_is_rebuilt(server: ValkeyServer, database: Database) -> None:
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        work(engine, 10)
        before, in_memory = stored(server), engine.path.stock
        with server.client() as client:
            client.flushall()
        sidecar.wait_open(2)
        assert stored(server) == before
        work(engine, 1)
        assert engine.path.position == "2-2"
        assert engine.path.stock is not in_memory


def test_store_that_went_back_in_time_is_rebuilt(server: ValkeyServer, database: Database, tmp_path: Path) -> None:
    """Restored from an older copy of its file: what was sold since must not be sold again."""
    with TestEngine(server.url, database.url) as engine:
        with RunningSidecar(server.url, database.url):
            work(engine, 5)
        server.sync()
        server.kill()
        server.copy_data_to(tmp_path / "copy")
        server.start()
        with RunningSidecar(server.url, database.url):
            work(engine, 5)
            before = stored(server)
        server.kill()
        server.restore_data_from(tmp_path / "copy")
        server.start()
        with server.client() as client:
            assert stored(server) != before
            client.persist(KEYS.gate)
        with RunningSidecar(server.url, database.url):
            assert stored(server) == before
            assert engine.path.catch_up() or engine.path.catch_up()
            assert engine.path.stock is not None
            assert contents(engine.path.stock) == contents(stock_of(stock_store(server.url).load()))
            wait_until(lambda: generations(server) == {"3"})


def test_restored_copy_is_rebuilt_while_the_sidecar_runs(server: ValkeyServer, database: Database, tmp_path: Path) -> None:
    """Nobody restarts it: it sees that this is another server by the gate."""
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        work(engine, 5)
        server.sync()
        server.kill()
        server.copy_data_to(tmp_path / "copy")
        server.start()
        sidecar.wait_open(2)
        work(engine, 5)
        before = stored(server)
        server.kill()
        server.restore_data_from(tmp_path / "copy")
        server.start()
        sidecar.wait_open(3)
        assert stored(server) == before
        work(engine, 1)


def test_empty_ledger_empties_the_store(server: ValkeyServer, database: Database) -> None:
    """However many epochs the store has seen: the ledger is the truth, and the new one is opened at once."""
    with TestEngine(server.url, database.url) as engine:
        for _ in range(3):
            with RunningSidecar(server.url, database.url):
                work(engine, 2)
    with server.client() as client:
        client.set(KEYS.epoch, 500)
    database.lose()
    started = time.monotonic()
    with RunningSidecar(server.url, database.url):
        assert time.monotonic() - started < 5
        assert stored(server) == {}
        wait_until(lambda: generations(server) == set())
        with TestEngine(server.url, database.url) as engine:
            assert engine.path.catch_up()
            take = Take(1)
            engine.path.run([take])
            assert on_hand(engine.path.stock) == (0, 0)
            work(engine, 1)
            assert engine.path.position == "501-2"


def test_store_of_another_past_is_rebuilt(server: ValkeyServer, database: Database) -> None:
    """The log holds the ledger's last position with another entry under it."""
    with TestEngine(server.url, database.url) as engine:
        with RunningSidecar(server.url, database.url):
            work(engine, 5)
        before = stored(server)
        store = StoreGate(server.url, PARTITION)
        entry = store.read("1-9")[0]
        with server.client() as client:
            client.xdel(KEYS.log, "1-10")
            client.xtrim(KEYS.log, maxlen=0, approximate=False)
            client.delete(KEYS.log)
            fields = {"previous": "1-9", "request": entry.request_id, "created": "", "link": "e" * 40, "entry": entry.entry}
            client.xadd(KEYS.log, fields, id="1-10")
            client.hset(KEYS.data(Layout(1, 1)).supply("bolt", 0), "ams", 999)
        with RunningSidecar(server.url, database.url):
            assert stored(server) == before


def test_log_that_breaks_after_the_ledgers_last_entry_is_rebuilt(server: ValkeyServer, database: Database) -> None:
    with RunningSidecar(server.url, database.url) as first, TestEngine(server.url, database.url) as engine:
        work(engine, 5)
        before = stored(server)
        first.stop()
        hold_gate(server)
        request_ids = commit_unseen(server, 3)
        with server.client() as client:
            client.xdel(KEYS.log, "1-12")
        with RunningSidecar(server.url, database.url):
            assert recorded(database, request_ids) == []
            assert stored(server) == before
            work(engine, 1)


def test_log_repeating_a_recorded_request_is_rebuilt(server: ValkeyServer, database: Database) -> None:
    """The store forgot the id too early, and did it again: recording that would fail each time it is tried."""
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        work(engine, 2)
        take = Take(1)
        engine.path.run([take])
        assert isinstance(take.outcome, Recorded)
        before = stored(server)
        with server.client() as client:
            client.unlink(*client.scan_iter(f"{KEYS.tag}1:requests:*"))
        repeat = Take(1, request_id=take.request_id)
        engine.path.run([repeat])
        assert repeat.outcome.position == take.outcome.position  # type: ignore[union-attr]
        sidecar.wait_open(2)
        assert stored(server) == before


def test_log_of_a_server_that_was_not_opened_is_not_recorded(server: ValkeyServer, database: Database) -> None:
    """While it records, the store's name leads to another server, where an older epoch has gone on."""
    with TestEngine(server.url, database.url) as engine, RunningSidecar(server.url, database.url):
        work(engine, 2)
        hold_gate(server)
    (unseen,) = commit_unseen(server, 1)
    recorder = Recorder.take_over(database.url, SystemClock())
    recorder.open_epoch()
    sidecar = Sidecar(server.url, PARTITION, database.url, SystemClock(), lambda: 4)
    with pytest.raises(sidecar_module.Superseded):
        sidecar._record(recorder, StoreGate(server.url, PARTITION))
    # Nor would it be where its entries were read.
    with pytest.raises(BrokenLog):
        recorder.record(StoreGate(server.url, PARTITION).read("1-2", 1))
    recorder.close()
    ledger = Ledger(database.url)
    assert ledger.find_requests([unseen]) == {}
    ledger.close()


def test_what_was_lost_never_comes_back(server: ValkeyServer, database: Database) -> None:
    """Another server is opened and nothing is recorded there; then the store's name leads to the first one again."""
    with TestEngine(server.url, database.url) as engine, RunningSidecar(server.url, database.url):
        work(engine, 3)
        recorded = engine.path.position
        hold_gate(server)
    unseen = commit_unseen(server, 2)
    lost = f"1-{ordinal(recorded)[1] + 2}"
    ledger = Ledger(database.url)
    with ValkeyServer() as other, RunningSidecar(other.url, database.url) as sidecar:
        sidecar.wait_open(1)
        with TestEngine(other.url, database.url) as engine:
            # A caller that has read here has seen the opening, and nothing after it.
            assert engine.path.catch_up()
            token = engine.path.position
            assert ordinal(token) == (2, 0) and ledger.has_recorded(token) and ledger.is_lost(lost)
    with RunningSidecar(server.url, database.url) as sidecar:
        sidecar.wait_open(1)
        with TestEngine(server.url, database.url) as engine:
            assert engine.path.catch_up() and ordinal(engine.path.position) == (3, 0)
            assert ledger.find_requests(unseen) == {} and ledger.is_lost(lost)
            work(engine, 1)
            assert ordinal(engine.path.position)[0] == 3
            assert all(ledger.has_recorded(each) for each in (recorded, token, engine.path.position))
    ledger.close()


def test_an_opening_that_was_recorded_and_not_done_is_no_gap(server: ValkeyServer, database: Database) -> None:
    """The sidecar was killed between the two: the store lacks what the ledger goes on from, and is rebuilt."""
    with TestEngine(server.url, database.url) as engine, RunningSidecar(server.url, database.url):
        work(engine, 2)
    recorder = Recorder.take_over(database.url, SystemClock())
    recorder.open_epoch()
    recorder.close()
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        sidecar.wait_open(1)
        work(engine, 1)
        assert ordinal(engine.path.position)[0] == 3


def test_gate_closes_by_itself_when_nobody_records(server: ValkeyServer, database: Database) -> None:
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        work(engine, 1)
        time.sleep(GATE_MS / 1000 + 0.5)
        assert engine.store.epoch_open() == 1, "it is renewed although nothing is committed"
        sidecar.stop()
        stopped = time.monotonic()
        while engine.store.commit([transaction(change(1))], 1, engine.path.position).outcomes != [Closed()]:
            assert time.monotonic() - stopped < GATE_MS / 1000 + 0.3
            time.sleep(0.02)
            engine.path.catch_up()
        assert engine.store.epoch_open() is None


def test_sidecar_that_was_overtaken_ends_and_changes_nothing(server: ValkeyServer, database: Database) -> None:
    with RunningSidecar(server.url, database.url) as old, TestEngine(server.url, database.url) as engine:
        work(engine, 3)
        with RunningSidecar(server.url, database.url) as new:
            assert isinstance(old.wait_ended(), Fenced)
            work(engine, 3)
            assert engine.path.position == "2-6"
            assert new.openings == 1


def test_paused_sidecar_removes_nothing_of_who_took_over(server: ValkeyServer, database: Database) -> None:
    """It was stopped while it removed what its own rebuild had replaced; meanwhile another has rebuilt once more."""
    gate = StoreGate(server.url, PARTITION)
    gate.close(1)
    gate.fill(1, [Hash(KEYS.data(Layout(1, 1)).dates, ["a", 1])])
    gate.open(1, ORIGIN, NO_LINK, Layout(1, 1))
    paused = gate.leftovers()
    other = StoreGate(server.url, PARTITION)
    other.close(2)
    other.fill(2, [Hash(KEYS.data(Layout(2, 1)).dates, ["a", 2])])
    (names,) = paused
    with pytest.raises(sidecar_module.Superseded):
        gate.remove(1, names)
    assert generations(server) == {"1", "2"}
    other.open(2, ORIGIN, NO_LINK, Layout(2, 1))
    for names in other.leftovers():
        other.remove(2, names)
    assert generations(server) == {"2"}


def test_nothing_is_filled_or_opened_on_a_server_that_was_restarted_since_the_stamp(
    server: ValkeyServer, database: Database
) -> None:
    """The stamp may have reached the disk, and what was filled after it not; connections are made anew without a word."""
    gate = StoreGate(server.url, PARTITION)
    gate.close(1)
    part = [Hash(KEYS.data(Layout(1, 1)).dates, ["a", 1])]
    gate.fill(1, part)
    server.sync()
    server.kill()
    server.start()
    wait_until(lambda: is_stamped(gate, 1))
    with pytest.raises(sidecar_module.Superseded):
        gate.fill(1, part)
    with pytest.raises(sidecar_module.Superseded):
        gate.open(1, ORIGIN, NO_LINK, Layout(1, 1))
    gate.close(2)
    gate.open(2, ORIGIN, NO_LINK, Layout(2, 1))


def test_store_that_goes_on_is_opened_at_the_last_entry_only(server: ValkeyServer, database: Database) -> None:
    """What was drained may have come from another server."""
    with TestEngine(server.url, database.url) as engine, RunningSidecar(server.url, database.url):
        work(engine, 1)
    recorder = Recorder.take_over(database.url, SystemClock())
    gate, last = StoreGate(server.url, PARTITION), recorder.last
    gate.close(recorder.epoch)
    with pytest.raises(sidecar_module.Superseded):
        gate.open(recorder.epoch, *opening_of(recorder.epoch, last.link), None, ("1-3", last.link))
    gate.open(recorder.epoch, *opening_of(recorder.epoch, last.link), None, (last.position, last.link))
    assert gate.head() == f"{recorder.epoch}-0"
    recorder.close()


def is_stamped(gate: StoreGate, epoch: int) -> bool:
    try:
        return gate.stamped() == epoch
    except StoreAway:
        return False


@contextlib.contextmanager
def killed_at_last(process: "subprocess.Popen[str]") -> Iterator[None]:
    """A process that is not waited for, should it go on for ever."""
    with process:
        try:
            yield
        finally:
            process.kill()


def test_paused_sidecar_harms_nobody_when_it_goes_on(server: ValkeyServer, database: Database) -> None:
    """SIGSTOP for longer than the gate stays open; another takes over, without the lease that would keep it waiting."""
    run = (
        "import sys; from engine.domain.clock import SystemClock; from engine.ledger.sidecar import Sidecar; "
        "Sidecar(*sys.argv[1:], SystemClock(), lambda: 4).run(lambda: print('open', flush=True))"
    )
    command = [sys.executable, "-c", run, server.url, PARTITION, database.url]
    paused = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with killed_at_last(paused), TestEngine(server.url, database.url) as engine:
        assert paused.stdout is not None
        assert any(line == "open\n" for line in paused.stdout)
        work(engine, 5)
        paused.send_signal(signal.SIGSTOP)
        unheard = Take(1)
        engine.path.run([unheard])
        time.sleep(GATE_MS / 1000 + 0.2)
        assert engine.store.epoch_open() is None
        with RunningSidecar(server.url, database.url) as other:
            assert unheard.outcome == Recorded("1-11", duplicate=False)
            work(engine, 5)
            before = stored(server)
            paused.send_signal(signal.SIGCONT)
            assert paused.wait(10) != 0
            assert paused.stderr is not None and "Fenced" in paused.stderr.read()
            assert stored(server) == before
            work(engine, 5)
            assert (other.openings, engine.path.position) == (1, "2-20")


def test_leftovers_of_a_large_store_do_not_close_the_gate(
    server: ValkeyServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of a rebuild long ago, whose removal was interrupted."""
    with server.client() as client:
        pipe = client.pipeline(transaction=False)
        for i in range(30_000):
            pipe.hset(f"{KEYS.tag}0:supply:item-{i}:0", "ams", i)
        pipe.execute()
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        work(engine, 5)
        wait_until(lambda: generations(server) == {"1"})
        work(engine, 5)
        assert sidecar.openings == 1


def test_log_is_trimmed_below_what_engines_still_read(
    server: ValkeyServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecar_module, "LOG_TAIL_SECONDS", 1.0)
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        work(engine, 300)
        before = stored(server)
        with server.client() as client:
            wait_until(lambda: client.xlen(KEYS.log) < 300)
            left = client.xlen(KEYS.log)
        assert left >= 1, "the last entry that was recorded stays"
        work(engine, 1)
        sidecar.stop()
        with RunningSidecar(server.url, database.url):
            assert generations(server) == {"1"}, "a trimmed log is no reason to rebuild"
            assert stored(server).keys() == before.keys()
            work(engine, 1)


def test_second_sidecar_waits_for_the_lease_of_the_first(database: Database) -> None:
    """Held by a process: the kernel, or the database, lets go of it when that is killed."""
    hold = (
        "import sys, time; from engine.ledger.lease import Lease; lease = Lease(sys.argv[1]); "
        "lease.wait(lambda: False); print('held', flush=True); time.sleep(1000)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold, database.url], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        lease = Lease(database.url)
        give_up_at = time.monotonic() + 0.5
        assert not lease.wait(lambda: time.monotonic() > give_up_at)
        holder.kill()
        holder.wait()
        give_up_at = time.monotonic() + 10
        assert lease.wait(lambda: time.monotonic() > give_up_at)
        lease.release()


def test_sidecar_waits_for_a_store_that_is_away_without_using_up_epochs(server: ValkeyServer, database: Database) -> None:
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        work(engine, 3)
        server.sync()
        server.kill()
        time.sleep(1.5)
        server.start()
        sidecar.wait_open(2)
        work(engine, 1)
        assert engine.path.position == "2-2"


def test_valkey_whose_folder_was_lost_is_rebuilt(server: ValkeyServer, database: Database) -> None:
    with RunningSidecar(server.url, database.url) as sidecar, TestEngine(server.url, database.url) as engine:
        work(engine, 5)
        before = stored(server)
        server.kill()
        shutil.rmtree(server.folder / "appendonlydir")
        server.start()
        sidecar.wait_open(2)
        assert stored(server) == before
        work(engine, 1)
