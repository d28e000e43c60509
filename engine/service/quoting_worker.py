"""A worker beside the engine: it answers quotes from the engine's own matrix, and hands everything else on to it.

What changes stock is decided in one process, where orders that come together are planned and committed together; quotes, which
are most of what is asked, are answered by as many as there are.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import uvloop

from engine.domain.clock import Clock
from engine.inventory.shared_stock import SharedMemory
from engine.inventory.write_path import WritePath
from engine.ledger.ledger import Ledger
from engine.network.image import compile_image
from engine.network.records import NetworkRecords
from engine.service.access import gate_of
from engine.service.arena_place import arena_path
from engine.service.desk import Desk
from engine.service.engine import CALLS_WAITING_MAX, DRAIN_SECONDS_MAX, READERS_MAX, gauges_of, new_traces, raise_file_limit
from engine.service.front_native import NativeFront
from engine.service.garbage import spare_what_stays
from engine.service.handlers import METHODS, SERVICES, Handlers, Limits, NetworkSource
from engine.service.meters import EngineMeters, serve_meters
from engine.service.quote_tokens import QuoteKey, quote_secret
from engine.service.settings import Settings

QUOTES = (
    "/belofte.v1.PromiseService/QuotePromise", "/belofte.v1.PromiseService/BatchQuotePromises",
    "/belofte.v1.PromiseService/GetEstimatedDelivery",
)  # fmt: skip
SHARED_SECONDS_MAX = 20.0
"""How long a worker waits for the matrix of the engine, which has announced itself before the worker is started."""

POLL_SECONDS = 0.1


def engine_socket(data_dir: Path) -> Path:
    """Where the engine takes what its workers hand on."""
    return arena_path(data_dir).with_suffix(".sock")


class SharedPath(WritePath):
    """What handlers have in place of a write path: the stock that the engine keeps. Nothing is written."""

    is_shared = True

    def __init__(self, memory: SharedMemory) -> None:
        self._memory = memory
        self.stock, self.stale, self.follower = None, True, None
        self.prices_position = ""
        self.retry_count = self.commit_ns = self._told_ns = self.engine = 0

    def catch_up(self) -> bool:
        """See how far the engine has come; whether its stock is that of the store."""
        self._memory.look()
        self.stock = stock = self._memory.stock
        self.stale = stock is None or stock.is_stale
        return not self.stale


class QuotingWorker:
    """One worker."""

    def __init__(self, settings: Settings, records: NetworkRecords, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._log = structlog.get_logger("worker")
        self._image = image = compile_image(records)
        self._gate = gate_of(settings, METHODS)
        self._traces = new_traces(settings)
        self._ledger = Ledger(settings.ledger_url_in_use)
        self._readers = ThreadPoolExecutor(READERS_MAX, "belofte-read")
        self._memory = SharedMemory(arena_path(settings.data_dir), image.version, image.item_index, image.location_index)
        self._path = SharedPath(self._memory)
        key = QuoteKey(quote_secret(settings), settings.quote_minutes_valid)
        limits = Limits(settings.lines_max, settings.node_budget, settings.reservations_max, key)
        self._handlers = Handlers(image, self._path, self._ledger, limits, clock, self._readers, NO_SOURCE)
        self._desk = Desk(self._handlers, clock, self._readers, CALLS_WAITING_MAX, settings.wait_ms_max)
        self._handlers.decide_again = self._desk.again
        self._handlers.aside.freed = self._desk.wake

    def can_share(self) -> bool:
        """Whether the engine's matrix can be read, and what else is asked handed on to it; it is waited for."""
        give_up_at = time.monotonic() + SHARED_SECONDS_MAX
        while not (self._path.catch_up() and engine_socket(self._settings.data_dir).exists()):
            if time.monotonic() > give_up_at or self._memory.is_other_network:
                self._log.warning("the engine's stock cannot be shared: this worker is an engine of its own")
                return False
            time.sleep(POLL_SECONDS)
        self._handlers.prepare()
        assert self._path.stock is not None
        self._path.stock.still(np.zeros(1, np.int64))  # compiles what reads rows
        return True

    async def serve(self, announce: Callable[[int], None]) -> None:
        """Answer until SIGTERM or SIGINT, or until the engine serves another network: the next worker does then."""
        loop, asked_to_stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked_to_stop.set)
        self._desk.start()
        front = NativeFront(
            self._desk, self._clock, QUOTES, SERVICES, self._settings.message_bytes_max, gate=self._gate, shares_port=True,
            traces=self._traces, others=engine_socket(self._settings.data_dir),
        )  # fmt: skip
        port = await front.start(self._settings.address)
        self._log.info("serving quotes from the engine's stock", address=self._settings.address, port=port)
        stop_meters = self._serve_meters(front)
        announce(port)
        while not (asked_to_stop.is_set() or self._memory.is_other_network):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await asked_to_stop.wait()
        self._log.info("draining")
        await front.stop(DRAIN_SECONDS_MAX)
        stop_meters()

    def _serve_meters(self, front: NativeFront) -> Callable[[], None]:
        if not self._settings.metrics_port:
            return lambda: None
        meters = EngineMeters(front.calls, self._desk.meter, lambda: gauges_of(self._desk, self._handlers))
        return serve_meters(meters, self._settings.metrics_host, self._settings.metrics_port)[0]

    def close(self) -> None:
        """Stop threads and connections."""
        self._desk.stop(DRAIN_SECONDS_MAX)
        self._handlers.aside.stop()
        self._handlers.events.stop()
        self._readers.shutdown(wait=True)
        if self._traces is not None:
            self._traces.stop()
        self._ledger.close()


def _nothing(*_: Any) -> Any:
    raise AssertionError("a worker takes no network over")


NO_SOURCE = NetworkSource(_nothing, _nothing, _nothing)


def run_worker(
    settings: Settings, records: NetworkRecords, clock: Clock, announce: Callable[[int, int | None], None]
) -> bool:  # fmt: skip
    """Run one worker in this process until it is asked to stop. False, at once: there is no matrix that it could share."""
    if not settings.is_native or settings.shards > 1:
        return False
    raise_file_limit()
    worker = QuotingWorker(settings, records, clock)
    try:
        if not worker.can_share():
            return False
        spare_what_stays()
        uvloop.run(worker.serve(lambda port: announce(port, None)))
        return True
    finally:
        worker.close()
