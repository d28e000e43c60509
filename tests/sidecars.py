"""A real sidecar over SQLite or PostgreSQL beside a test, in a thread of its own, and engines that write through it."""

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from engine.domain.clock import SystemClock
from engine.inventory.recorded import RecordedWaiters
from engine.inventory.shards import WHOLE, Shards
from engine.inventory.store import StockStore
from engine.inventory.write_path import WritePath
from engine.ledger.ledger import Ledger
from engine.ledger.sidecar import Sidecar
from tests.stores import ITEMS, LOCATIONS, PARTITION, stock_of, stock_store

WAIT_SECONDS_MAX = 20.0


def wait_until(condition: Callable[[], object], seconds_max: float = WAIT_SECONDS_MAX) -> None:
    """Wait for something that must come."""
    give_up_at = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come"
        time.sleep(0.005)


class RunningSidecar:
    """A sidecar in a thread. `error`: what ended it."""

    def __init__(
        self, redis_url: str, ledger_url: str, location_count: int = len(LOCATIONS), shard: int = 0, shards: Shards = WHOLE,
        partition: str = PARTITION,
    ) -> None:  # fmt: skip
        self.sidecar = Sidecar(redis_url, partition, ledger_url, SystemClock(), lambda: location_count, shard, shards)
        self.openings = 0
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "RunningSidecar":
        self._thread.start()
        self.wait_open(1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End it and wait."""
        self.sidecar.stop()
        self._thread.join(WAIT_SECONDS_MAX)
        assert not self._thread.is_alive()

    def wait_open(self, openings: int) -> None:
        """Wait until it has opened the gate so many times."""
        wait_until(lambda: self.openings >= openings or self.error)
        assert self.error is None, self.error

    def wait_ended(self) -> BaseException | None:
        """Wait until it has ended by itself, and why it did."""
        self._thread.join(WAIT_SECONDS_MAX)
        assert not self._thread.is_alive()
        return self.error

    def _run(self) -> None:
        try:
            self.sidecar.run(self._announce)
        except BaseException as error:
            self.error = error

    def _announce(self) -> None:
        self.openings += 1


class TestEngine:
    """Write path, waiters and ledger of one engine."""

    __test__ = False

    def __init__(
        self, redis_url: str, ledger_url: str, *, attempts_max: int = 4, record_wait_ms_max: int = 10_000,
        items: Sequence[str] = ITEMS, locations: Sequence[str] = LOCATIONS, kind: type[StockStore] = StockStore,
    ) -> None:  # fmt: skip
        self.ledger = Ledger(ledger_url)
        self.store = stock_store(redis_url, items, locations, kind=kind)
        self.waiters = RecordedWaiters(redis_url, PARTITION, self._positions_of, record_wait_ms_max=record_wait_ms_max)
        self.path = WritePath(self.store, self.waiters, lambda image: stock_of(image, items, locations), attempts_max)

    def __enter__(self) -> "TestEngine":
        self.waiters.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.waiters.stop()
        self.store.close()
        self.ledger.close()

    def _positions_of(self, request_ids: list[str]) -> dict[str, str]:
        return {request_id: entry.position for request_id, entry in self.ledger.find_requests(request_ids).items()}
