"""First load, step by step, over real Valkey and SQLite: cut off at each step, and raced by another loader."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.domain.clock import SystemClock
from engine.network.records import Inventory, Item, NetworkRecords, Receipt
from engine.service import engine as engine_process
from engine.service import first_load
from engine.service.engine import run_engine
from engine.service.first_load import LOADED, LoadFailedError, load_inventory
from engine.service.settings import Settings
from tests.network.small_network import small_records
from tests.sidecars import WAIT_SECONDS_MAX, RunningSidecar, TestEngine
from tests.stores import change, contents
from tests.valkey_server import ValkeyServer
from tests.writes import put

ITEMS = ("bolt", "lamp", "nut")
LOCATIONS = ("ams", "ehv", "nyc")
MINUTE = 29_000_000


class CutOff(Exception):  # noqa: N818 - what a kill does, between two steps
    """The loader is gone."""


@pytest.fixture(autouse=True)
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two positions a step."""
    monkeypatch.setattr(first_load, "CELLS_MAX", 2)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], TestEngine]]:
    """Engines on one store and ledger, each as after a start."""
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    engines: list[TestEngine] = []

    def engine() -> TestEngine:
        made = TestEngine(server.url, ledger_url, items=ITEMS, locations=LOCATIONS).__enter__()
        engines.append(made)
        assert made.path.catch_up()
        return made

    with ValkeyServer() as server, RunningSidecar(server.url, ledger_url, len(LOCATIONS)):
        yield engine
        for each in engines:
            each.__exit__(None, None, None)


def folder(
    quantity: int, items: tuple[str, ...] = ITEMS, receipts: tuple[Receipt, ...] = (), without: tuple[int, int] = (-1, -1)
) -> NetworkRecords:
    """So much of each item at each location, but at `without`."""
    places = [(i, at) for i in range(len(items)) for at in range(len(LOCATIONS)) if (i, at) != without]
    count = len(places)
    item_index, location_index = np.array(places, np.int32).T
    inventory = Inventory(
        item_index, location_index, np.full(count, quantity, np.int64), np.zeros(count, np.int32), np.ones(count, np.bool_)
    )
    return small_records(items=tuple(map(Item, items)), inventory=inventory, receipts=receipts)


def run(
    engine: TestEngine, records: NetworkRecords, advance: Callable[[int, int], None] = lambda done, all_: None
) -> int | None:
    return load_inventory(records, "v1", engine.path, engine.ledger, SystemClock(), advance)


def cut_after(step: int) -> Callable[[int, int], None]:
    def advance(done: int, all_: int) -> None:
        if done >= 2 * step or done == all_:
            raise CutOff

    return advance


def stock(engine: TestEngine) -> dict[tuple[int, int, str, str], tuple[int, int, int]]:
    """(supply, demand, minute) by item, location, receipt and pool, where there is any."""
    assert engine.path.catch_up() and engine.path.stock is not None
    return contents(engine.path.stock)[0]


def whole(quantity: int, without: tuple[int, int] = (-1, -1)) -> dict[tuple[int, int], int]:
    return {(i, at): quantity for i in range(len(ITEMS)) for at in range(len(LOCATIONS)) if (i, at) != without}


def on_hand(engine: TestEngine) -> dict[tuple[int, int], int]:
    return {(i, at): supply for (i, at, receipt, _), (supply, _, _) in stock(engine).items() if not receipt}


@pytest.mark.parametrize("step", range(1, 6))
def test_a_load_cut_off_after_any_step_is_completed_from_the_folder_of_the_next(
    start: Callable[[], TestEngine], step: int
) -> None:
    """Nine positions are five steps. The folder has no (0, 1) any more, and one that it did not have, (2, 2)."""
    with pytest.raises(CutOff):
        run(start(), folder(1, without=(2, 2)), cut_after(step))
    assert not start().ledger.find_order(LOADED)
    engine = start()
    assert run(engine, folder(5, without=(0, 1))) == 8
    assert on_hand(engine) == on_hand(start()) == whole(5, without=(0, 1))
    assert run(start(), folder(7)) is None
    assert on_hand(start()) == whole(5, without=(0, 1))


def test_a_load_cut_off_again_and_again_is_completed(start: Callable[[], TestEngine]) -> None:
    """Each start has another folder, and gets two steps far."""
    for quantity in (1, 2, 3, 4):
        with pytest.raises(CutOff):
            run(start(), folder(quantity), cut_after(2))
    assert run(start(), folder(6)) == 9
    assert on_hand(start()) == whole(6)


def test_positions_that_are_right_are_not_written_again(start: Callable[[], TestEngine]) -> None:
    """Cut off after all nine, the same folder needs only the step that says so."""
    with pytest.raises(CutOff):
        run(start(), folder(3), cut_after(5))
    engine, changed = start(), []
    assert run(engine, folder(3), lambda done, all_: changed.append((done, all_))) == 9
    assert changed == []
    assert on_hand(start()) == whole(3)


def test_receipts_get_their_new_quantity_and_date(start: Callable[[], TestEngine]) -> None:
    """R is moved to another day and quantity, S is no longer expected."""
    before = (Receipt("R", "bolt", "ams", 4, MINUTE), Receipt("S", "bolt", "ehv", 2, MINUTE))
    with pytest.raises(CutOff):
        run(start(), folder(1, receipts=before), cut_after(9))
    assert run(start(), folder(1, receipts=(Receipt("R", "bolt", "ams", 3, MINUTE + 60),))) == 10
    found = {key: value for key, value in stock(start()).items() if key[2]}
    assert found == {(0, 0, "R", ""): (3, 0, MINUTE + 60)}


def test_items_that_have_left_the_network_keep_nothing(start: Callable[[], TestEngine]) -> None:
    """Back in the network later, an item has what feeds bring, not what a load left that was cut off."""
    with pytest.raises(CutOff):
        run(start(), folder(1), cut_after(5))
    assert run(start(), folder(2, items=("bolt", "lamp"))) == 6
    assert on_hand(start()) == {place: 2 for place in whole(2) if place[0] < 2}


def test_a_loader_overtaken_by_another_changes_nothing_more(start: Callable[[], TestEngine]) -> None:
    """Paused after its second step, it finds the load complete and stock moved: it leaves both as they are."""
    paused, go_on = threading.Event(), threading.Event()
    slow, fast = start(), start()
    outcomes: list[int | None] = []

    def pause(done: int, all_: int) -> None:
        if done == 4:
            paused.set()
            assert go_on.wait(WAIT_SECONDS_MAX)

    thread = threading.Thread(target=lambda: outcomes.append(run(slow, folder(1), pause)))
    thread.start()
    assert paused.wait(WAIT_SECONDS_MAX)
    assert run(fast, folder(5)) == 9
    moved = put(change(-2, item="nut", location="nyc"))
    fast.path.run([moved])
    assert moved.reason is None
    go_on.set()
    thread.join(WAIT_SECONDS_MAX)
    assert outcomes == [None]
    assert on_hand(start()) == whole(5) | {(2, 2): 3}


def test_two_loaders_at_once_load_once(start: Callable[[], TestEngine]) -> None:
    """One of them completes it; both end, and each position is there once."""
    outcomes: list[int | None] = []
    engines = start(), start()
    threads = [threading.Thread(target=lambda each=each: outcomes.append(run(each, folder(4)))) for each in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3 * WAIT_SECONDS_MAX)
    assert sorted(outcomes, key=str) == [9, None]
    assert on_hand(start()) == whole(4)


def test_stock_changed_before_the_load_was_complete_is_refused_with_what_to_do(start: Callable[[], TestEngine]) -> None:
    """No engine serves before that: what the ledger of loads does not know of is a fault, never overwritten."""
    with pytest.raises(CutOff):
        run(start(), folder(1), cut_after(2))
    engine = start()
    moved = put(change(3, item="bolt", location="ams"))
    engine.path.run([moved])
    assert moved.reason is None
    with pytest.raises(LoadFailedError, match=r"inventory is loaded in part.*another data folder"):
        run(engine, folder(5))


def test_an_engine_that_cannot_read_the_stock_serves_nothing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is there, and nobody has opened it: whether stock is whole is not known."""
    monkeypatch.setattr(engine_process, "STORE_SECONDS_MAX", 0.5)
    served: list[int] = []
    with ValkeyServer() as valkey:
        settings = Settings(data_dir=tmp_path, redis_url=valkey.url, port=0)
        with pytest.raises(LoadFailedError, match="the stock could not be read within"):
            run_engine(
                settings, valkey.url, folder(1), SystemClock(), lambda *announced: served.append(1), lambda done, all_: None
            )
    assert served == []
