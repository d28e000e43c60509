"""A store rebuilt from the ledger is, byte by byte, the store that was."""

import random
import time

import pytest

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.inventory.gate import ORIGIN, StoreGate, Superseded
from engine.inventory.keys import DataKeys, Keys, Layout
from engine.inventory.transaction import Committed, TextTable
from engine.ledger.rebuild import FIELDS_MAX, in_chunks, rebuild_store
from engine.ledger.recorder import Recorder
from tests.ledger.conftest import Database
from tests.stores import FIRST_DAY, ITEMS, LOCATIONS, PARTITION, change, dump, open_store, stock_store, text, transaction, use
from tests.valkey_server import ValkeyServer

HOUR_MS = 3_600_000
KEYS = Keys(PARTITION)


def generation(server: ValkeyServer, number: int) -> tuple[dict[str, dict[str, str]], dict[str, int]]:
    """Every hash of a generation, and when it expires, under keys without the generation's name."""
    prefix = f"{KEYS.tag}{number}:"
    with server.client() as client:
        found = dump(client, f"{prefix}*")
        expiries = {name.removeprefix(prefix): int(client.expiretime(name)) for name in found}
    return {name.removeprefix(prefix): fields for name, fields in found.items()}, expiries


def fill_randomly(server: ValkeyServer, recorder: Recorder, gate: StoreGate, seed: int, blocks: int) -> None:
    """Commit and record what a day brings: orders, releases to nothing, receipts that move, texts, ids of the last day."""
    draw = random.Random(seed)
    store = stock_store(server.url)
    store.load()
    now_ms = int(time.time() * 1000)
    for number in range(40):
        batch = []
        for each in range(10):
            cells = [
                change(
                    draw.randrange(-2, 5), draw.randrange(-2, 4), draw.choice(ITEMS), draw.choice(LOCATIONS), receipt,
                    draw.choice(("", "vip")), minute=draw.choice((None, 100, 900)) if receipt else None,
                )
                for receipt in draw.choices(("", "po1", "po2"), k=draw.randrange(4))
            ]  # fmt: skip
            capacities = [use(draw.choice((1, -1)), 99, draw.choice(LOCATIONS), FIRST_DAY + draw.randrange(3))]
            request_id = uuid7(now_ms - draw.randrange(20) * HOUR_MS)
            order_id = draw.choice(("", f"order-{number}-{each}"))
            item = draw.choice(ITEMS)
            texts = [
                text(draw.choice("abc"), draw.choice(("", "1", "2")), table=draw.choice((TextTable.HOLDS, TextTable.FEEDS))),
                text(draw.choice(LOCATIONS), draw.choice(("", "5", "6")), table=TextTable.MARKS, item=item),
            ]
            if number == 39:
                texts = [each._replace(text="9") for each in texts]
            batch.append(
                transaction(
                    *cells,
                    capacities=capacities[draw.randrange(2) :],
                    texts=texts[draw.randrange(3) :],
                    request_id=request_id,
                    order_id=order_id,
                )
            )
        assert {type(outcome) for outcome in store.commit(batch, recorder.epoch, ORIGIN).outcomes} == {Committed}
    while log := gate.read(recorder.last.position, wait_ms_max=1):
        recorder.record(log)


@pytest.mark.parametrize(("seed", "blocks"), [(1, 1), (2, 3)])
def test_rebuilt_store_equals_the_store_that_was(server: ValkeyServer, database: Database, seed: int, blocks: int) -> None:
    recorder = Recorder.take_over(database.url, SystemClock())
    gate = open_store(server.url, recorder.epoch, blocks)
    fill_randomly(server, recorder, gate, seed, blocks)
    recorder.close()
    recorder = Recorder.take_over(database.url, SystemClock())
    told: list[int] = []
    gate.close(2)
    layout = rebuild_store(recorder, gate, 256 * blocks, told.append)
    assert layout == Layout(2, blocks)
    before, after = generation(server, 1), generation(server, 2)
    assert len(before[0]) > 20
    assert before == after
    recorder.close()


def test_requests_of_a_day_are_remembered_and_orders_for_ever(server: ValkeyServer, database: Database) -> None:
    now_ms = int(time.time() * 1000)
    request_ids = {hours: uuid7(now_ms - hours * HOUR_MS) for hours in (0, 1, 23, 24, 26, 1_000)}
    recorder = Recorder.take_over(database.url, SystemClock())
    gate = open_store(server.url, recorder.epoch)
    store = stock_store(server.url)
    store.load()
    store.commit([transaction(change(1), request_id=i, order_id=f"order-{h}") for h, i in request_ids.items()], 1, ORIGIN)
    recorder.record(gate.read(ORIGIN))
    recorder.close()
    with server.client() as client:
        client.flushall()
    recorder = Recorder.take_over(database.url, SystemClock())
    gate.close(2)
    layout = rebuild_store(recorder, gate, 1, lambda count: None)
    gate.open(2, recorder.last.position, recorder.last.link, layout)
    store.load()
    assert store.seen(list(request_ids.values())) == {request_ids[hours] for hours in (0, 1, 23, 24)}
    with server.client() as client:
        assert client.hkeys(KEYS.data(layout).orders) == [f"order-{hours}".encode() for hours in request_ids]
    recorder.close()


def test_rebuild_is_refused_once_another_epoch_was_stamped(server: ValkeyServer, database: Database) -> None:
    recorder = Recorder.take_over(database.url, SystemClock())
    gate = open_store(server.url, recorder.epoch)
    fill_randomly(server, recorder, gate, 1, 1)
    gate.close(recorder.epoch + 1)
    with pytest.raises(Superseded):
        rebuild_store(recorder, gate, 1, lambda count: None)
    with pytest.raises(Superseded):
        gate.open(recorder.epoch, recorder.last.position, recorder.last.link, Layout(recorder.epoch, 1))
    with pytest.raises(Superseded):
        gate.close(recorder.epoch)
    recorder.close()


def test_hashes_are_written_in_parts_of_bounded_size() -> None:
    keys = DataKeys("x:", 1)
    pieces = [(keys.dates, {str(i): i for i in range(2 * FIELDS_MAX + 5)}, 0), ("b", {"f": 1}, 7), ("c", {}, 0)]
    chunks = list(in_chunks(iter(pieces)))
    sizes = [sum(len(each.fields) // 2 for each in chunk) for chunk in chunks]
    assert sizes == [FIELDS_MAX, FIELDS_MAX, 6]
    written: dict[str, dict[object, object]] = {}
    for chunk in chunks:
        for each in chunk:
            written.setdefault(each.key, {}).update(zip(each.fields[::2], each.fields[1::2], strict=True))
            assert each.expires_unix == (7 if each.key == "b" else 0)
    assert written == {key: fields for key, fields, _ in pieces if fields}
