"""The commit script in a real Valkey, batch by batch against its naive twin, and each of its refusals by itself."""

import random
import time

import pytest

from engine.domain.ids import unix_ms_of, uuid7
from engine.inventory.client import ordinal
from engine.inventory.gate import NO_LINK, ORIGIN, StoreGate, opening_of
from engine.inventory.keys import DataKeys, Keys, Layout, date_field, place_field
from engine.inventory.store import StockStore
from engine.inventory.transaction import (
    CellChange,
    Closed,
    Committed,
    FailedGuard,
    Guard,
    OrderExists,
    Outcome,
    Refused,
    Seen,
    TextChange,
    TextTable,
    TooFarBehind,
    Transaction,
)
from tests.naive.commit import NaiveStore
from tests.stores import ITEMS, LOCATIONS, PARTITION, change, dump, open_store, stock_store, text, transaction, use
from tests.valkey_server import ValkeyServer

HOUR_MS = 3_600_000
QUANTITY_MAX = 2**31 - 1
KEYS = Keys(PARTITION)


def opened(server: ValkeyServer, *, epoch: int = 1, blocks: int = 1, **options: int) -> tuple[StoreGate, StockStore]:
    gate = open_store(server.url, epoch, blocks)
    store = stock_store(server.url, **options)
    store.load()
    return gate, store


def commit(store: StockStore, *transactions: Transaction, epoch: int = 1) -> list[Outcome]:
    return list(store.commit(transactions, epoch, ORIGIN).outcomes)


# -- against the twin


def drawn_change(draw: random.Random, twin: NaiveStore) -> CellChange:
    receipt = draw.choice(("", "", "po1", "po2"))
    drawn = change(
        draw.choice((0, 0, 1, 5, -3, QUANTITY_MAX)), draw.choice((0, 0, 1, 2, -1, -QUANTITY_MAX)), draw.choice(ITEMS),
        draw.choice(LOCATIONS), receipt, draw.choice(("", "", "vip")),
        floor=draw.choice((None, None, 0, 0, -4, 2)), minute=draw.choice((None, 29_000_000, 29_000_000 + draw.randrange(99))),
    )  # fmt: skip
    if draw.random() < 0.2:
        drawn = drawn._replace(supply_expected=twin.supply.get(drawn.cell, 0) + draw.choice((0, 0, 0, 1)))
    if draw.random() < 0.1:
        drawn = drawn._replace(demand_expected=twin.demand.get(drawn.cell, 0) + draw.choice((0, 0, 0, 1)))
    if receipt and draw.random() < 0.3:
        drawn = drawn._replace(minute_expected=twin.dates.get(drawn.cell[:3], 0) + draw.choice((0, 0, 0, 1)))
    return drawn


def drawn_text(draw: random.Random, twin: NaiveStore) -> TextChange:
    table = draw.choice((TextTable.FEEDS, TextTable.HOLDS, TextTable.MARKS))
    item = draw.choice(ITEMS) if table is TextTable.MARKS else ""
    field = draw.choice(LOCATIONS) if item else draw.choice(("a", "b", "c"))
    expected = draw.choice((None, "", "1", twin.texts.get((table, item, field), "")))
    return text(field, draw.choice(("", "1", "2", "é|x")), expected, table, item)


def drawn_transaction(draw: random.Random, twin: NaiveStore, request_ids: list[str]) -> Transaction:
    cells = [drawn_change(draw, twin) for _ in range(draw.choice((0, 1, 1, 2, 3, 6)))]
    if cells and draw.random() < 0.3:
        cells.append(cells[0]._replace(supply_delta=1, supply_expected=None, demand_expected=None))
    capacities = [
        use(draw.choice((1, 2, -1)), draw.choice((3, 5, 8)), draw.choice(LOCATIONS), draw.choice((20_000, 20_001)))
        for _ in range(draw.choice((0, 0, 1, 2)))
    ]
    order_id = draw.choice(("", "", f"order-{draw.randrange(60)}"))
    request_id = draw.choice(request_ids) if draw.random() < 0.15 else ""
    if not request_id:
        request_id = uuid7(int(time.time() * 1000) - draw.choice((0, 0, HOUR_MS, 30 * HOUR_MS)))
        request_ids.append(request_id)
    return transaction(
        *cells, capacities=capacities, texts=[drawn_text(draw, twin) for _ in range(draw.choice((0, 0, 0, 1, 2)))],
        request_id=request_id, order_id=order_id, note=draw.randbytes(draw.choice((0, 40))),
    )  # fmt: skip


def stored_by(twin: NaiveStore, data: DataKeys) -> dict[str, dict[str, str]]:
    """The hashes that the twin's dictionaries stand for."""
    hashes: dict[str, dict[str, str]] = {}

    def put(key: str, field: str, value: object) -> None:
        hashes.setdefault(key, {})[field] = str(value)

    for key_of, units in ((data.supply, twin.supply), (data.demand, twin.demand)):
        for (item_id, location_id, receipt_id, pool), quantity in units.items():
            put(key_of(item_id, data.block(location_id)), place_field(location_id, receipt_id, pool), quantity)
    for (location_id, day), quantity in twin.used.items():
        put(data.capacity(location_id), str(day), quantity)
    for place, minute in twin.dates.items():
        put(data.dates, date_field(*place), minute)
    for request_id, digest in twin.requests.items():
        put(data.requests(request_id), request_id, digest)
    for (table, item_id, field), value in twin.texts.items():
        put(data.text(table, item_id, field), field, value)
    for order_id, request_id in twin.orders.items():
        put(data.orders, order_id, request_id)
    return hashes


@pytest.mark.parametrize(("seed", "blocks"), [(1, 1), (2, 1), (3, 3), (4, 16)])
def test_batches_do_what_the_twin_does(server: ValkeyServer, seed: int, blocks: int) -> None:
    """Outcomes with their current values, every hash, the log with its links, and the head."""
    draw = random.Random(seed)
    gate, store = opened(server, epoch=7, blocks=blocks, lag_entries_max=50)
    twin = NaiveStore(7, ORIGIN, NO_LINK, lag_entries_max=50)
    request_ids: list[str] = []
    seen: set[type] = set()
    failed: set[Guard] = set()
    for number in range(60):
        batch = [drawn_transaction(draw, twin, request_ids) for _ in range(draw.randrange(1, 16))]
        result = store.commit(batch, 7, ORIGIN)
        expected = twin.commit(batch)
        assert list(result.outcomes) == expected, f"seed {seed}, batch {number}"
        seen |= {type(outcome) for outcome in expected}
        failed |= {each.guard for outcome in expected if isinstance(outcome, Refused) for each in outcome.guards}
        if isinstance(expected[0], TooFarBehind):
            twin.recorded_count = len(twin.log) - draw.choice((0, 20))
            recorded = twin.log[twin.recorded_count - 1]
            gate.tell(7, recorded.position, recorded.link, [(recorded.request_id, recorded.position)])
    assert seen == {Committed, Refused, Seen, OrderExists, TooFarBehind}, "the seed draws too little"
    assert failed == set(Guard), "the seed draws too little"
    with server.client() as client:
        assert dump(client, f"{KEYS.tag}[0-9]*") == stored_by(twin, KEYS.data(Layout(7, blocks)))
        head = client.get(KEYS.head)
    assert head is not None and head.decode().split()[:2] == [twin.position, twin.link]
    log = []
    while more := gate.read(log[-1].position if log else ORIGIN, wait_ms_max=1):
        log += more
    assert log == twin.log


# -- guards, one by one


def test_every_failed_guard_is_named_with_what_the_store_holds(server: ValkeyServer) -> None:
    _, store = opened(server)
    capacity = [use(3, 5)]
    commit(store, transaction(change(10, 4), change(QUANTITY_MAX, 0, "lamp"), capacities=capacity))
    refused = transaction(
        change(0, 7, floor=0), change(0, 1, "nut"), change(1, 0, "bolt", expected=9), change(1, 0, "lamp"),
        capacities=[use(1, 5), use(2, 5)],
    )  # fmt: skip
    assert commit(store, refused) == [
        Refused((
            FailedGuard(Guard.FLOOR, 0, (10, 4)),  # 10 − 11 < 0
            FailedGuard(Guard.SUPPLY, 2, (10, 11)),  # as its own first change would leave it
            FailedGuard(Guard.RANGE, 3, (QUANTITY_MAX, 0)),
            FailedGuard(Guard.CAPACITY, 1, (4, 0)),  # 3 + 1 + 2 > 5
        ))
    ]  # fmt: skip
    assert commit(store, transaction(change(0, 6, floor=0), capacities=[use(2, 5)])) == [Committed("1-2")]


def test_release_of_capacity_above_its_limit_is_never_refused(server: ValkeyServer) -> None:
    """A limit that was lowered below what is used must not keep what is used."""
    _, store = opened(server)
    commit(store, transaction(capacities=[use(5, 5)]))
    assert commit(store, transaction(capacities=[use(-1, 2)])) == [Committed("1-2")]


def test_one_request_is_done_once_within_a_batch_and_after_it(server: ValkeyServer) -> None:
    _, store = opened(server)
    first = transaction(change(5), order_id="a")
    other = transaction(change(5), order_id="a")
    assert commit(store, first, first, other) == [Committed("1-1"), Seen(), OrderExists(first.request_id)]
    assert commit(store, other, first) == [OrderExists(first.request_id), Seen()]
    with server.client() as client:
        assert client.hgetall(KEYS.data(Layout(1, 1)).supply("bolt", 0)) == {b"ams": b"5"}
        assert client.xlen(KEYS.log) == 1


def test_refused_request_may_be_repeated_in_the_same_batch(server: ValkeyServer) -> None:
    """Only what was done is remembered."""
    _, store = opened(server)
    wanted = transaction(change(0, 1, floor=0), order_id="a")
    outcomes = commit(store, wanted, transaction(change(1)), wanted)
    assert outcomes == [Refused((FailedGuard(Guard.FLOOR, 0, (0, 0)),)), Committed("1-1"), Committed("1-2")]


# -- the gate


def test_closed_for_another_epoch_layout_or_server(server: ValkeyServer) -> None:
    _, store = opened(server, epoch=2)
    take = transaction(change(1))
    with server.client() as client:
        gate_value = client.get(KEYS.gate)
        assert gate_value is not None
        _, run_id, replid = gate_value.decode().split()
        assert commit(store, take, epoch=1) == [Closed()]
        assert commit(store, take, epoch=3) == [Closed()]
        for value in (f"3 {run_id} {replid}", f"2 {'0' * 40} {replid}", f"2 {run_id} {'0' * 40}", "nonsense"):
            client.set(KEYS.gate, value)
            assert commit(store, take, epoch=2) == [Closed()], value
        client.set(KEYS.gate, gate_value)
        client.set(KEYS.layout, "9 1")
        assert commit(store, take, epoch=2) == [Closed()]
        client.set(KEYS.layout, "2 1")
        client.pexpire(KEYS.gate, 1)
        time.sleep(0.01)
        assert commit(store, take, epoch=2) == [Closed()]
        client.set(KEYS.gate, gate_value)
        assert commit(store, take, epoch=2) == [Committed("2-1")]


def test_closed_on_a_replica_and_after_it_was_promoted(server: ValkeyServer) -> None:
    """A promotion changes the replication id, so that the gate which the old primary left does not open the new one."""
    _, store = opened(server)
    take = transaction(change(1))
    with server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        assert commit(store, take) == [Closed()]
        client.execute_command("REPLICAOF", "NO", "ONE")
        assert client.exists(KEYS.gate) == 1
    assert commit(store, take) == [Closed()]


def test_closed_after_a_restart_with_the_gate_still_there() -> None:
    with ValkeyServer() as server:
        _, store = opened(server)
        commit(store, transaction(change(1)))
        with server.client() as client:
            client.persist(KEYS.gate)
        server.sync()
        server.kill()
        server.start()
        with server.client() as client:
            assert client.exists(KEYS.gate) == 1
        assert commit(store, transaction(change(1))) == [Closed()]


def test_script_is_sent_again_to_a_server_that_forgot_it(server: ValkeyServer) -> None:
    _, store = opened(server)
    assert commit(store, transaction(change(1))) == [Committed("1-1")]
    with server.client() as client:
        client.script_flush()
    assert commit(store, transaction(change(1))) == [Committed("1-2")]


# -- lag


def test_too_far_behind_by_count(server: ValkeyServer) -> None:
    gate, store = opened(server, lag_entries_max=2)
    assert commit(store, *[transaction(change(1)) for _ in range(3)]) == [Committed(f"1-{i}") for i in (1, 2, 3)]
    assert commit(store, transaction(change(1))) == [TooFarBehind()]
    log = gate.read(ORIGIN)
    gate.tell(1, log[1].position, log[1].link, [(log[1].request_id, log[1].position)])
    assert commit(store, transaction(change(1))) == [Committed("1-4")]


def test_too_far_behind_by_age_of_what_waits(server: ValkeyServer) -> None:
    gate, store = opened(server, lag_ms_max=100)
    assert commit(store, transaction(change(1))) == [Committed("1-1")]
    assert commit(store, transaction(change(1))) == [Committed("1-2")]
    time.sleep(0.15)
    assert commit(store, transaction(change(1))) == [TooFarBehind()]
    (first, second) = gate.read(ORIGIN)
    gate.tell(1, first.position, first.link, [(first.request_id, first.position)])
    # The entry that was timed is recorded: the next one is timed anew, whatever else waits.
    assert commit(store, transaction(change(1))) == [Committed("1-3")]
    time.sleep(0.15)
    assert commit(store, transaction(change(1))) == [TooFarBehind()]
    gate.tell(1, second.position, second.link, [(second.request_id, second.position)])
    assert commit(store, transaction(change(1))) == [TooFarBehind()]


def test_new_epoch_waits_for_nothing_of_the_old(server: ValkeyServer) -> None:
    """Sequences begin again: entries of another epoch are neither counted nor timed."""
    _, store = opened(server, lag_entries_max=2, lag_ms_max=10)
    commit(store, transaction(change(1)), transaction(change(1)))
    time.sleep(0.02)
    assert commit(store, transaction(change(1))) == [TooFarBehind()]
    gate = StoreGate(server.url, PARTITION)
    last = gate.read(ORIGIN)[-1]
    gate.close(2)
    gate.open(2, *opening_of(2, last.link), None, (last.position, last.link))
    assert store.commit([transaction(change(1))], 2, store.load().position).outcomes == [Committed("2-1")]
    (entry,) = gate.read(last.position)
    assert (last.position, entry.position, entry.previous) == ("1-2", "2-1", "2-0")


# -- request ids


def test_request_ids_are_remembered_a_day_and_late_ones_an_hour(server: ValkeyServer) -> None:
    _, store = opened(server)
    now_ms = int(time.time() * 1000)
    for age_hours, least, most in ((0, 24, 25), (10, 14, 15), (23.5, 1, 1.5), (24.5, 1, 1), (1_000, 1, 1), (-0.9, 24.9, 26)):
        request_id = uuid7(now_ms - int(age_hours * HOUR_MS))
        commit(store, transaction(change(1), request_id=request_id))
        with server.client() as client:
            left_hours = client.pttl(KEYS.data(Layout(1, 1)).requests(request_id)) / HOUR_MS
        assert least - 0.01 <= left_hours <= most + 0.01, age_hours
        assert commit(store, transaction(change(1), request_id=request_id)) == [Seen()]


def test_expiry_of_a_bucket_is_never_put_before_what_it_was(server: ValkeyServer) -> None:
    _, store = opened(server)
    made = uuid7(int(time.time() * 1000) - 5 * HOUR_MS)
    key = KEYS.data(Layout(1, 1)).requests(made)
    bucket_end = unix_ms_of(made) // HOUR_MS * 3_600 + 3_600 + 86_400
    for _ in range(2):
        commit(store, transaction(change(1), request_id=uuid7(unix_ms_of(made))))
        with server.client() as client:
            assert client.expiretime(key) == bucket_end


# -- size


@pytest.mark.parametrize("count", [5_000, 9_000])
def test_transaction_of_more_positions_than_a_call_may_name(server: ValkeyServer, count: int) -> None:
    """Lua gives up below 8,000 values in one call: when reading 9,000; when writing 5,000, others being written before."""
    _, store = opened(server)
    cells = [change(1, 1, "lamp"), *[change(3, 1, receipt=f"po{i}", minute=i, floor=0) for i in range(count)]]
    assert commit(store, transaction(*cells)) == [Committed("1-1")]
    data = KEYS.data(Layout(1, 1))
    with server.client() as client:
        assert client.hgetall(data.supply("bolt", 0)) == {f"ams|po{i}|".encode(): b"3" for i in range(count)}
        assert client.hgetall(data.demand("bolt", 0)) == {f"ams|po{i}|".encode(): b"1" for i in range(count)}
        assert client.hgetall(data.dates) == {f"bolt|ams|po{i}".encode(): str(i).encode() for i in range(count)}
    again = [change(0, 3, receipt=f"po{i}", floor=0) for i in range(count)]
    (refused,) = commit(store, transaction(*again))
    assert refused == Refused(tuple(FailedGuard(Guard.FLOOR, i, (3, 1)) for i in range(count)))
    with server.client() as client:
        assert client.xlen(KEYS.log) == 1


def test_large_numbers_keep_every_digit(server: ValkeyServer) -> None:
    _, store = opened(server)
    most = 2**53 - 1
    commit(store, transaction(change(QUANTITY_MAX, -QUANTITY_MAX), capacities=[use(most, most)]))
    data = KEYS.data(Layout(1, 1))
    with server.client() as client:
        assert client.hgetall(data.supply("bolt", 0)) == {b"ams": b"2147483647"}
        assert client.hgetall(data.demand("bolt", 0)) == {b"ams": b"-2147483647"}
        assert client.hgetall(data.capacity("ams")) == {b"20000": b"9007199254740991"}
    assert commit(store, transaction(capacities=[use(1, most)])) == [
        Refused((FailedGuard(Guard.CAPACITY, 0, (most, 0)),))
    ]  # fmt: skip


def test_batches_are_divided_and_answered_in_order(server: ValkeyServer) -> None:
    _, store = opened(server)
    many = [transaction(*[change(1, 0, receipt=f"po{i % 9}") for i in range(9)]) for _ in range(600)]
    result = store.commit(many, 1, ORIGIN)
    assert result.outcomes == [Committed(f"1-{i}") for i in range(1, 601)]
    positions = [record.position for record in result.entries]
    assert positions == sorted(positions, key=ordinal) and len(positions) == 600
