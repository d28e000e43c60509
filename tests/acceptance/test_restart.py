"""An engine that is started again takes up the matrix that the one before it has left, and sells from the same stock."""

from pathlib import Path

from engine.service.arena_place import arena_path
from tests.acceptance.asking import available, source, stocked
from tests.acceptance.server import Server, wait_for
from tests.acceptance.test_reservations import counts, hold

BACK_SECONDS_MAX = 60.0


def test_matrix_outlives_its_engine_and_not_its_server(folder: Path) -> None:
    with Server(folder) as server:
        place = arena_path(folder / "data")
        item, other = stocked(server, A=9, B=4), stocked(server, A=2)
        source(server, (item, 3))
        hold(server, (item, 2), (other, 1))
        before = available(server, item)
        loads = len(server.logs("stock loaded"))
        engine = server.kill_child("engine")
        wait_for(lambda: server.child("engine") not in (None, engine), BACK_SECONDS_MAX)
        wait_for(lambda: len(server.logs("serving")) == 2, BACK_SECONDS_MAX)
        assert available(server, item) == before and counts(server, item) == (2, 3, 8)
        assert counts(server, other) == (1, 0, 1)
        again = server.logs("stock loaded")[loads:]
        assert next(iter(again))["kept"] is True, again
        source(server, (item, 8))
        assert counts(server, item) == (2, 11, 0)
        assert place.exists()
        assert server.terminate() == 0
        assert not place.exists() and not place.with_suffix(".lock").exists()
