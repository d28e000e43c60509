"""What an engine reads of the store: loaded, followed or both, it is what replaying the log gives."""

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.inventory import store as store_module
from engine.inventory.client import StoreAway, StoreGap
from engine.inventory.commit_round import TRANSACTIONS_SENT, LogRecord
from engine.inventory.effects import effects_of
from engine.inventory.feed_texts import TextName
from engine.inventory.gate import ORIGIN, Hash, StoreGate, opening_of
from engine.inventory.keys import DataKeys, Keys, Layout, blocks_for
from engine.inventory.live import LiveStock
from engine.inventory.store import StockStore
from engine.inventory.transaction import Closed, Committed, TextTable, Transaction
from tests.sidecars import wait_until
from tests.stores import (
    FIRST_DAY,
    ITEMS,
    LOCATIONS,
    PARTITION,
    change,
    contents,
    empty_stock,
    open_store,
    stock_of,
    stock_store,
    text,
    transaction,
    use,
)
from tests.valkey_server import ValkeyServer

KEYS = Keys(PARTITION)


class DisturbedStore(StockStore):
    """Something happens before each step of a load is asked for, while the server still works on those before."""

    disturb: Callable[[int], None]
    step = 0

    def _unit_keys(self, data: DataKeys, items: Sequence[str]) -> list[str]:
        self.step += 1
        self.disturb(self.step)
        return super()._unit_keys(data, items)


def drawn(draw: random.Random, items: Sequence[str] = ITEMS, locations: Sequence[str] = LOCATIONS) -> Transaction:
    cells = [
        change(
            draw.randrange(-2, 9), draw.randrange(0, 4), draw.choice(items), draw.choice(locations),
            receipt, draw.choice(("", "vip")), minute=draw.choice((None, 100, 200)) if receipt else None,
        )
        for receipt in draw.choices(("", "po1", "po2"), k=draw.randrange(0, 4))
    ]  # fmt: skip
    capacities = [use(1, 10**6, draw.choice(locations), FIRST_DAY + draw.randrange(5)) for _ in range(draw.randrange(3))]
    return transaction(*cells, capacities=capacities)


def replayed(gate: StoreGate, items: Sequence[str] = ITEMS, locations: Sequence[str] = LOCATIONS) -> LiveStock:
    """Every entry of the log, one after the other."""
    stock = empty_stock(items, locations)
    position = ORIGIN
    while log := gate.read(position, wait_ms_max=1):
        for entry in log:
            stock.apply(LogRecord(entry.position, *effects_of(entry.entry)))
        position = log[-1].position
    return stock


def follow(store: StockStore, stock: LiveStock) -> None:
    while more := store.tail(stock.matrix.position):
        for record in more:
            stock.apply(record)


@pytest.mark.parametrize(("seed", "blocks"), [(1, 1), (2, 4)])
def test_loaded_followed_and_replayed_stock_are_equal(server: ValkeyServer, seed: int, blocks: int) -> None:
    draw = random.Random(seed)
    gate = open_store(server.url, 1, blocks)
    writer, reader = stock_store(server.url), stock_store(server.url)
    writer.load()
    early = stock_of(reader.load())
    for _ in range(30):
        writer.commit([drawn(draw) for _ in range(10)], 1, ORIGIN)
    follow(reader, early)
    late = stock_of(reader.load())
    assert contents(early) == contents(late) == contents(replayed(gate))
    assert contents(late)[0] and contents(late)[1]
    assert early.matrix.position == late.matrix.position == "1-300"


@pytest.mark.parametrize("seed", range(4))
def test_load_while_others_commit(server: ValkeyServer, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Each step of a load sees another position of the log; entries in between count once for each item and capacity."""
    monkeypatch.setattr(store_module, "LOAD_KEYS_MAX", 2)
    draw = random.Random(seed)
    gate = open_store(server.url)
    writer = stock_store(server.url)
    writer.load()
    writer.commit([drawn(draw) for _ in range(40)], 1, ORIGIN)
    reader = stock_store(server.url, kind=DisturbedStore)
    assert isinstance(reader, DisturbedStore)
    reader.disturb = lambda step: writer.commit([drawn(draw) for _ in range(7)], 1, ORIGIN) and None
    stock = stock_of(reader.load())
    assert reader.step == len(ITEMS)
    assert stock.matrix.position == "1-61"
    assert contents(stock) == contents(replayed(gate))


def test_load_over_several_blocks(server: ValkeyServer) -> None:
    """More than 256 locations: an item's locations are spread over hashes, and all of them are read."""
    locations = [f"store-{i}" for i in range(600)]
    blocks = blocks_for(len(locations))
    assert blocks == 3
    gate = open_store(server.url, 1, blocks)
    writer = stock_store(server.url, locations=locations)
    writer.load()
    writer.commit([transaction(*[change(i + 1, i % 5, location=name) for i, name in enumerate(locations)])], 1, ORIGIN)
    stock = stock_of(stock_store(server.url, locations=locations).load(), locations=locations)
    assert contents(stock) == contents(replayed(gate, locations=locations))
    assert len(contents(stock)[0]) == 600
    with server.client() as client:
        sizes = [client.hlen(KEYS.data(Layout(1, blocks)).supply("bolt", block)) for block in range(blocks)]
    assert sum(sizes) == 600 and min(sizes) > 100


def test_own_commit_brings_the_entries_of_others_before_it(server: ValkeyServer) -> None:
    open_store(server.url)
    mine, other = stock_store(server.url), stock_store(server.url)
    mine.load()
    other.load()
    other.commit([transaction(change(3)), transaction(change(4))], 1, ORIGIN)
    result = mine.commit([transaction(change(5))], 1, ORIGIN)
    assert [record.position for record in result.entries] == ["1-1", "1-2", "1-3"]
    assert [record.changes[0].supply_delta for record in result.entries] == [3, 4, 5]


def test_engine_that_lagged_far_behind_misses_nothing(server: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is read in parts; an own entry behind a hole would leave the stock in memory wrong for good."""
    monkeypatch.setattr(store_module, "TAIL_ENTRIES_MAX", 10)
    gate = open_store(server.url)
    mine, other = stock_store(server.url), stock_store(server.url)
    stock = stock_of(mine.load())
    other.load()
    other.commit([transaction(change(1)) for _ in range(25)], 1, ORIGIN)
    result = mine.commit([transaction(change(100))], 1, stock.matrix.position)
    assert [record.position for record in result.entries] == [f"1-{i}" for i in range(1, 27)]
    for record in result.entries:
        stock.apply(record)
    assert contents(stock) == contents(replayed(gate))


# -- gaps


def test_gap_where_a_new_epoch_has_begun(server: ValkeyServer) -> None:
    gate = open_store(server.url)
    store = stock_store(server.url)
    store.load()
    assert store.tail(ORIGIN) == []
    gate.close(2)
    with pytest.raises(StoreGap, match="epoch b'2' has begun"):
        store.tail(ORIGIN)
    assert store.epoch_open() is None


def test_gap_where_the_log_was_trimmed(server: ValkeyServer) -> None:
    open_store(server.url)
    store = stock_store(server.url)
    store.load()
    store.commit([transaction(change(1)) for _ in range(5)], 1, ORIGIN)
    with server.client() as client:
        client.xtrim(KEYS.log, minid="1-4", approximate=False)
        with pytest.raises(StoreGap, match="the log continues b'1-3', not 0-0"):
            store.tail(ORIGIN)
        assert [record.position for record in store.tail("1-3")] == ["1-4", "1-5"]
        client.xtrim(KEYS.log, maxlen=0, approximate=False)
    with pytest.raises(StoreGap, match="holds nothing after 1-3"):
        store.tail("1-3")
    with pytest.raises(StoreGap, match="holds nothing after 1-3"):
        store.commit([transaction(change(1))], 1, "1-3")
    assert store.tail("1-6") == []


def test_gap_where_nothing_was_opened_or_all_was_emptied(server: ValkeyServer) -> None:
    store = stock_store(server.url)
    with pytest.raises(StoreGap, match="has not been opened"):
        store.load()
    assert store.commit([transaction(change(1))], 1, ORIGIN).outcomes == [Closed()]
    open_store(server.url)
    store.load()
    with server.client() as client:
        client.flushall()
    with pytest.raises(StoreGap):
        store.tail(ORIGIN)
    assert store.commit([transaction(change(1))], 1, ORIGIN).outcomes == [Closed()]


@pytest.mark.parametrize("at_step", [1, 2, 3])
def test_gap_where_the_epoch_changes_during_a_load(server: ValkeyServer, monkeypatch: pytest.MonkeyPatch, at_step: int) -> None:
    monkeypatch.setattr(store_module, "LOAD_KEYS_MAX", 2)
    gate = open_store(server.url)
    reader = stock_store(server.url, kind=DisturbedStore)
    assert isinstance(reader, DisturbedStore)
    reader.disturb = lambda step: gate.close(2) if step == at_step else None
    with pytest.raises(StoreGap, match="epoch b'2' has begun"):
        reader.load()


@pytest.mark.parametrize("at_step", [1, 2, 3])
def test_gap_where_all_is_emptied_during_a_load(server: ValkeyServer, monkeypatch: pytest.MonkeyPatch, at_step: int) -> None:
    monkeypatch.setattr(store_module, "LOAD_KEYS_MAX", 2)
    open_store(server.url)
    reader = stock_store(server.url, kind=DisturbedStore)
    assert isinstance(reader, DisturbedStore)

    def empty(step: int) -> None:
        if step == at_step:
            with server.client() as client:
                client.flushall()

    reader.disturb = empty
    with pytest.raises(StoreGap):
        reader.load()


def test_gap_where_the_store_is_rebuilt_during_a_load(server: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that began when the next epoch was stamped, and not yet opened, must not mix old data and new."""
    monkeypatch.setattr(store_module, "LOAD_KEYS_MAX", 2)
    gate = open_store(server.url)
    writer = stock_store(server.url)
    writer.load()
    writer.commit([transaction(*[change(5, item=item) for item in ITEMS])], 1, ORIGIN)
    (entry,) = gate.read(ORIGIN)
    gate.close(2)
    reader = stock_store(server.url, kind=DisturbedStore)
    assert isinstance(reader, DisturbedStore)

    def rebuild(step: int) -> None:
        if step == 2:
            key = KEYS.data(Layout(2, 1)).supply
            gate.fill(2, [Hash(key(item, 0), ["ams", 7]) for item in ITEMS])
            gate.open(2, entry.position, entry.link, Layout(2, 1))

    reader.disturb = rebuild
    with pytest.raises(StoreGap, match="the store was rebuilt"):
        reader.load()
    reader.disturb = lambda step: None
    assert {supply for supply, _, _ in contents(stock_of(reader.load()))[0].values()} == {7}


def test_store_away(tmp_path: Path) -> None:
    with ValkeyServer() as server:
        open_store(server.url)
        store = stock_store(server.url)
        store.load()
        server.kill()
        for ask in (store.load, store.epoch_open, lambda: store.tail(ORIGIN)):
            with pytest.raises(StoreAway):
                ask()
        with pytest.raises(StoreAway):
            store.commit([transaction(change(1))], 1, ORIGIN)
    nowhere = stock_store(f"unix://{tmp_path}/none")
    with pytest.raises(StoreAway):
        nowhere.load()


def test_store_is_used_again_after_it_was_away() -> None:
    with ValkeyServer() as server:
        open_store(server.url)
        store = stock_store(server.url)
        store.load()
        store.commit([transaction(change(1))], 1, ORIGIN)
        server.sync()
        server.kill()
        with pytest.raises(StoreAway):
            store.tail(ORIGIN)
        server.start()
        assert [record.position for record in store.tail(ORIGIN)] == ["1-1"]
        gate = StoreGate(server.url, PARTITION)
        (entry,) = gate.read(ORIGIN)
        gate.close(2)
        gate.open(2, *opening_of(2, entry.link), None, (entry.position, entry.link))
        assert store.commit([transaction(change(1))], 2, store.load().position).outcomes == [Committed("2-1")]


def test_epoch_open_is_the_gates(server: ValkeyServer) -> None:
    store = stock_store(server.url)
    assert store.epoch_open() is None
    open_store(server.url, epoch=5)
    assert store.epoch_open() == 5
    with server.client() as client:
        client.pexpire(KEYS.gate, 1)
    time.sleep(0.01)
    assert store.epoch_open() is None


def test_texts_are_read_in_parts(server: ValkeyServer) -> None:
    """More than a script may pass on at once; of hashes with one field and with many; more parts than are asked for ahead."""
    open_store(server.url)
    store = stock_store(server.url)
    store.load()
    changes = [text(f"f{i}", f"é{i}", "") for i in range(10_000)]
    changes += [text(name, f"{item} {name}", "", TextTable.MARKS, item) for item in ITEMS for name in LOCATIONS]
    assert isinstance(store.commit([transaction(texts=changes)], 1, ORIGIN).outcomes[0], Committed)
    names = [TextName(each.table, each.item_id, each.field) for each in changes]
    none = [TextName(TextTable.FEEDS, "", "none"), TextName(TextTable.HOLDS, "", "f1")]
    assert list(store.texts([names, *([name] for name in names[-20:]), none])) == [
        [each.text for each in changes], *([each.text] for each in changes[-20:]), ["", ""],
    ]  # fmt: skip
    assert list(store.texts([])) == []
    # Who does not read on leaves nothing behind.
    assert next(store.texts([names[:1], names[1:2]])) == ["é0"]
    assert next(store.texts([names[2:3]])) == ["é2"]


def test_a_round_that_was_given_up_leaves_nothing_to_the_next(server: ValkeyServer) -> None:
    """What it has sent may be committed; its answers are not taken for those of the next round."""
    open_store(server.url)
    store = stock_store(server.url)
    store.load()
    given_up = store.begin(1)
    for _ in range(TRANSACTIONS_SENT + 3):
        given_up.add(transaction(change(1)))
    with server.client() as client:
        wait_until(lambda: client.xlen(KEYS.log) == TRANSACTIONS_SENT)
    result = store.commit([transaction(change(7))], 1, ORIGIN)
    assert result.outcomes == [Committed(f"1-{TRANSACTIONS_SENT + 1}")]
    assert [record.changes[0].supply_delta for record in result.entries] == [1] * TRANSACTIONS_SENT + [7]
