"""A replica is promoted while engines sell: what was acknowledged stays, what was not is sold once, and the old primary sells
nothing that counts.

Servers, replication and promotion are Valkey's own. The replica lags because the wire to it is held up, and every process
has an address of its own, which moves when the test says so.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.domain.clock import SystemClock
from engine.domain.reasons import Reason
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import effects_of
from engine.inventory.gate import GATE_MS
from engine.inventory.keys import Keys
from engine.inventory.transaction import Closed
from engine.inventory.write_path import Recorded
from engine.ledger.audit import Auditor
from engine.ledger.database import open_database
from engine.ledger.ledger import Ledger
from engine.ledger.recorder import replay
from tests.relay import Relay
from tests.replicas import Pair, pair
from tests.sidecars import RunningSidecar, TestEngine, wait_until
from tests.stores import PARTITION, change, contents, empty_stock, transaction
from tests.writes import Take, put

KEYS = Keys(PARTITION)
UNSURE_MS = 2_000
"""After this long a write is told that nobody knows."""


class Site:
    """A primary with its replica, a sidecar and two engines; each of the three has an address of its own."""

    def __init__(self, servers: Pair, ledger_url: str, stack: ExitStack) -> None:
        self.servers, self.ledger_url = servers, ledger_url
        self.recording, *self.selling = (stack.enter_context(Relay(servers.primary.socket_path)) for _ in range(3))
        self.sidecar = stack.enter_context(RunningSidecar(self.recording.url, ledger_url))
        self.engines = [
            stack.enter_context(TestEngine(relay.url, ledger_url, record_wait_ms_max=UNSURE_MS)) for relay in self.selling
        ]

    def move(self, *addresses: Relay) -> None:
        """Let these lead to the primary of now, or all where none is named."""
        for address in addresses or (self.recording, *self.selling):
            address.lead_to(self.servers.primary.socket_path)
            # Only once it is cut: what was held up belongs to the server before.
            address.resume()

    def wait_open(self, openings: int) -> None:
        """Wait until the gate was opened so many times, and both engines have seen it."""
        self.sidecar.wait_open(openings)
        for engine in self.engines:
            wait_until(lambda engine=engine: engine.path.catch_up() and engine.path._epoch == self.epoch())

    def epoch(self) -> int:
        with self.servers.primary.client() as client:
            return int(client.get(KEYS.epoch) or 0)

    def commit_unrecorded(self, engine: TestEngine, count: int) -> list[Take]:
        """Orders that are in the primary's log, and that the sidecar has not heard of; its address is left held up."""
        self.recording.pause()
        made = takes(count)
        engine.path.run(made)
        assert not any(write.outcomes for write in made)
        assert Pair.head(self.servers.primary) == engine.path.position
        return made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with pair() as servers, ExitStack() as stack:
        yield Site(servers, f"sqlite:///{tmp_path}/ledger.db", stack)


def takes(count: int) -> list[Take]:
    """Orders of one bolt."""
    made = [Take(1) for _ in range(count)]
    for each in made:
        each.order_id = f"order-{each.request_id}"
    return made


def again(writes: Sequence[Take]) -> list[Take]:
    """The same requests once more."""
    return [Take(1, request_id=each.request_id, order_id=each.order_id) for each in writes]


def done(engine: TestEngine, writes: Sequence[Take]) -> list[str]:
    """Write until each is acknowledged; where they were recorded."""
    assert engine.path.catch_up()
    engine.path.run(writes)
    assert [write.reason for write in writes] == [None] * len(writes)
    return [write.outcome.position for write in writes if isinstance(write.outcome, Recorded)]


def stocked(site: Site, quantity: int) -> None:
    """Bolts, known to both engines."""
    done(site.engines[0], [put(change(quantity))])


def check(site: Site, acknowledged: Sequence[Take], left: int) -> None:
    """The ledger has each of these once, at its position; store and both engines hold what the ledger's replay does."""
    database = open_database(site.ledger_url)
    replayed = list(replay(database))
    database.dispose()
    assert max(Counter(each.request_id for each in replayed).values()) == 1
    position_of = {each.request_id: each.position for each in replayed}
    said = {write.request_id: write.outcome.position for write in acknowledged if isinstance(write.outcome, Recorded)}
    assert len(said) == len(acknowledged)
    assert {request_id: position_of.get(request_id) for request_id in said} == said
    stock = empty_stock()
    for each in replayed:
        stock.apply(LogRecord(each.position, *effects_of(each.entry)))
        at = stock.matrix.find(0, 0, 0)
        assert stock.matrix.demand[at] <= stock.matrix.supply[at], f"oversold at {each.position}"
    assert int(stock.matrix.supply[at] - stock.matrix.demand[at]) == left
    ledger = Ledger(site.ledger_url)
    last = ledger.last_position()  # an opening, where nothing was recorded since
    ledger.close()
    for engine in site.engines:
        assert engine.path.catch_up()
        assert engine.path.position == last
        assert contents(engine.path.stock) == contents(stock)
    report = Auditor(site.recording.url, PARTITION, site.ledger_url, SystemClock()).run()
    assert report.is_clean and report.ledger_digest == report.store_digest and report.entries == len(replayed)


def test_promoted_replica_that_lags_is_rebuilt(site: Site) -> None:
    """It lacks four acknowledged orders, and both lack one that was never recorded: its caller is told that nobody knows."""
    stocked(site, 10)
    first, second = site.engines
    orders = takes(4)
    site.servers.wait_same()
    site.servers.wire.pause()
    done(first, orders[:2])
    done(second, orders[2:])
    (lost,) = site.commit_unrecorded(first, 1)
    site.servers.promote()
    assert Pair.head(site.servers.primary) == "1-1"
    site.move()
    site.wait_open(2)
    assert lost.reason is Reason.DEADLINE_EXCEEDED
    repeated = again([lost])
    assert done(second, repeated) == ["2-1"]
    # 10 − 4 − 1: all of it can be sold, and no unit more.
    rest = takes(5)
    done(first, rest)
    too_much = takes(1)
    second.path.run(too_much)
    assert too_much[0].reason is Reason.NO_STOCK
    check(site, [*orders, *repeated, *rest], left=0)


def test_promoted_replica_that_has_everything_is_drained(site: Site) -> None:
    """What waited for its record is acknowledged after the promotion, by the same call and at its own position."""
    stocked(site, 10)
    first, _ = site.engines
    first.waiters._wait_seconds_max = 20.0
    waiting = site.commit_unrecorded(first, 3)
    site.servers.wait_same()
    site.servers.promote()
    site.move()
    site.wait_open(2)
    assert [write.outcome for write in waiting] == [Recorded(f"1-{n}", duplicate=False) for n in (2, 3, 4)]
    with site.servers.primary.client() as client:
        assert (client.get(KEYS.layout) or b"").startswith(b"1 "), "not rebuilt"
    check(site, waiting, left=7)


def test_there_and_back_again(site: Site) -> None:
    """A to B to A to B, each time without the last acknowledged orders: the old primary copies the new one in between."""
    stocked(site, 30)
    acknowledged: list[Take] = []
    for turn in range(3):
        for engine in site.engines:
            acknowledged += (some := takes(2))
            done(engine, some)
        site.servers.wait_same()
        site.servers.wire.pause()
        for engine in reversed(site.engines):
            acknowledged += (some := takes(2))
            done(engine, some)
        lost = site.commit_unrecorded(site.engines[turn % 2], 1)
        site.servers.promote()
        site.move()
        site.wait_open(2 + turn)
        assert lost[0].reason is Reason.DEADLINE_EXCEEDED
        site.servers.follow()
    check(site, acknowledged, left=30 - 3 * 8)


def test_engine_left_on_the_old_primary_acknowledges_nothing(site: Site) -> None:
    """Both sides of a split sell the same three units; what the old side sold was never recorded, and its gate closes."""
    stocked(site, 3)
    first, second = site.engines
    assert second.path.catch_up()
    site.servers.wait_same()
    site.servers.promote()
    old = site.servers.replica
    with old.client() as client:
        # Stays open as long as the test needs for its writes, however slow the machine.
        assert client.persist(KEYS.gate)
    site.move(site.recording, site.selling[1])
    cut_off = takes(3)
    first.path.run(cut_off)
    assert Pair.head(old) == "1-4", "committed on the old side"
    site.sidecar.wait_open(2)
    wait_until(second.path.catch_up)
    taken = takes(3)
    assert done(second, taken) == ["2-1", "2-2", "2-3"]
    assert [write.reason for write in cut_off] == [Reason.DEADLINE_EXCEEDED] * 3
    with old.client() as client:
        client.pexpire(KEYS.gate, GATE_MS)
        wait_until(lambda: not client.exists(KEYS.gate))
    supply = put(change(5))
    first.path.run([supply])
    assert supply.reason is Reason.STORE_RECOVERING, "closed: nothing is committed"
    assert Pair.head(old) == "1-4"
    site.move(site.selling[0])
    wait_until(first.path.catch_up)
    repeated = again(cut_off)
    first.path.run(repeated)
    assert [write.reason for write in repeated] == [Reason.NO_STOCK] * 3
    check(site, taken, left=0)


def test_nothing_is_sold_from_a_primary_that_no_sidecar_has_opened(site: Site) -> None:
    """The engines have found the new primary, the sidecar has not: the copy of the gate there names another server."""
    stocked(site, 5)
    first, second = site.engines
    site.servers.wait_same()
    site.servers.promote()
    with site.servers.primary.client() as client:
        # The copy would expire by itself: it has to be refused for whom it names.
        assert client.persist(KEYS.gate)
    site.move(*site.selling)
    for engine in (first, second):
        for _ in range(2):
            # By the connection that was cut, then by a new one.
            (refused,) = takes(1)
            engine.path.run([refused])
            assert refused.reason in (Reason.STORE_RECOVERING, Reason.DEADLINE_EXCEEDED)
        assert not engine.path.catch_up()
        # Where an engine would not look at the gate itself, the script does.
        made = transaction(change(0, 1, floor=0))
        assert engine.store.commit([made], engine.path._epoch, engine.path.position).outcomes == [Closed()]
    assert Pair.head(site.servers.primary) == "1-1"
    site.move(site.recording)
    site.wait_open(2)
    taken = takes(5)
    done(first, taken)
    check(site, taken, left=0)


def test_primary_without_a_replica_takes_no_writes(site: Site) -> None:
    """`min-replicas-to-write 1`: what could be lost with the primary is refused, whole; it goes on when the replica is back."""
    stocked(site, 5)
    first, _ = site.engines
    with site.servers.primary.client() as client:
        client.config_set("min-replicas-to-write", 1)
        before = done(first, (taken := takes(1)))
        site.servers.wire.lead_to(Path("/nowhere"))
        wait_until(lambda: client.info("replication")["connected_slaves"] == 0)
        held = client.dump(KEYS.head), client.xlen(KEYS.log)
        refused = takes(1)
        first.path.run(refused)
        assert refused[0].reason in (Reason.DEADLINE_EXCEEDED, Reason.STORE_RECOVERING)
        time.sleep(GATE_MS / 1000)
        first.path.run(late := takes(1))
        assert late[0].reason in (Reason.DEADLINE_EXCEEDED, Reason.STORE_RECOVERING)
        assert (client.dump(KEYS.head), client.xlen(KEYS.log)) == held, "no half of a commit"
    assert before == ["1-2"]
    opened = site.sidecar.openings
    site.servers.follow()
    site.wait_open(opened + 1)
    repeated = again([*refused, *late])
    done(first, repeated)
    check(site, [*taken, *repeated], left=2)
