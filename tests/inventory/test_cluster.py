"""A real cluster of three nodes: partitions lie on different ones, a slot moves while it is sold from, a node comes back."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.domain.clock import SystemClock
from engine.inventory.gate import NO_LINK, ORIGIN, StoreGate
from engine.inventory.keys import Layout
from engine.inventory.transaction import Committed
from engine.ledger.audit import Auditor
from tests.cluster import NODES, READY_SECONDS_MAX, Cluster
from tests.sidecars import RunningSidecar, TestEngine, wait_until
from tests.stores import PARTITION, change, stock_store, transaction
from tests.writes import Take, on_hand, put


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


def test_partitions_lie_on_different_nodes(cluster: Cluster) -> None:
    """Each is reached by way of any node."""
    names = [next(f"p{i}" for i in range(1_000) if cluster.owner(f"p{i}") == n) for n in range(NODES)]
    for n, name in enumerate(names):
        for seed in range(NODES):
            gate = StoreGate(cluster.url(seed), name)
            epoch = gate.stamped() + 1
            gate.close(epoch)
            if epoch == 1:
                gate.open(1, ORIGIN, NO_LINK, Layout(1, 1))
            gate.disconnect()
        with cluster.node(n) as node:
            assert {key.decode().split("}")[0] for key in node.keys("*")} == {f"{{{name}"}


def test_stock_is_sold_from_a_slot_that_moves(cluster: Cluster, tmp_path: Path) -> None:
    """Reached by way of another node; moved twice; nothing is lost, and nothing sold twice."""
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    home = cluster.owner(PARTITION)
    others = [n for n in range(NODES) if n != home]
    with (
        RunningSidecar(cluster.url(others[0]), ledger_url) as sidecar,
        TestEngine(cluster.url(others[1]), ledger_url) as engine,
    ):
        wait_until(engine.path.catch_up)
        filled = put(change(100))
        engine.path.run([filled])
        assert filled.reason is None
        taken = 0
        for openings, target in enumerate((others[0], home), 2):
            taken += take_some(engine)
            cluster.move(PARTITION, target)
            sidecar.wait_open(openings)
            wait_until(engine.path.catch_up)
        taken += take_some(engine)
        wait_until(lambda: on_hand(engine.path.stock) == (100, taken))
        report = Auditor(cluster.url(others[0]), PARTITION, ledger_url, SystemClock()).run()
        assert report.is_clean and report.entries == 1 + taken


def take_some(engine: TestEngine) -> int:
    """Take one at a time until five were taken, as a caller that repeats what is refused for now."""
    taken = 0
    until = time.monotonic() + READY_SECONDS_MAX
    while taken < 5:
        assert time.monotonic() < until
        take = Take(1)
        engine.path.run([take])
        if take.reason is None:
            taken += 1
        else:
            time.sleep(0.1)
    return taken


def test_a_node_that_comes_back_is_gone_on_with(cluster: Cluster, tmp_path: Path) -> None:
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    home = cluster.owner(PARTITION)
    with RunningSidecar(cluster.url((home + 1) % NODES), ledger_url) as sidecar:
        store = stock_store(cluster.url((home + 1) % NODES))
        sidecar.wait_open(1)
        position = store.load().position
        assert isinstance(store.commit([transaction(change(3))], 1, position).outcomes[0], Committed)
        cluster.kill(home)
        cluster.start(home)
        sidecar.wait_open(2)
        image = store.load()
        assert image.epoch == 2 and image.stored.count == 1
        store.close()
