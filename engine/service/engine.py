"""The engine process: stock in memory, desk and front, from ready to drained."""

import asyncio
import contextlib
import resource
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import uvloop

from engine.domain.clock import Clock
from engine.inventory.arena import H_EPOCH, ArenaFile, ArenaInUseError, position_in
from engine.inventory.live import LiveStock
from engine.inventory.live_audit import LiveAuditor
from engine.inventory.recorded import RecordedWaiters
from engine.inventory.sharded_store import ShardedStore
from engine.inventory.shards import Shards
from engine.inventory.store import StockStore
from engine.inventory.write_path import StoredStock, WritePath
from engine.ledger.ledger import Ledger
from engine.network.image import NetworkImage, compile_image
from engine.network.records import NetworkRecords
from engine.service.access import gate_of, tls_of
from engine.service.arena_place import arena_path
from engine.service.desk import Desk
from engine.service.first_load import LoadFailedError, load_inventory, unsellable_positions
from engine.service.front_aio import AioFront
from engine.service.front_native import NativeFront
from engine.service.garbage import spare_what_stays
from engine.service.handlers import (
    CLIENT_STREAMS,
    METHODS,
    SERVER_STREAMS,
    SERVICES,
    Handlers,
    Limits,
    NetworkSource,
    capacity_days,
    capacity_first_day,
)
from engine.service.meters import Calls, EngineMeters, Gauges, added, serve_meters
from engine.service.network_archive import archived, network_key
from engine.service.network_reload import check_network, keep_first, read_network
from engine.service.quote_tokens import QuoteKey, quote_secret
from engine.service.settings import Settings
from engine.service.split import RECORDS_AWAITED, Split

if TYPE_CHECKING:
    from engine.service.traces import Traces

READERS_MAX = 4
CALLS_WAITING_MAX = 10_000
DRAIN_SECONDS_MAX = 10.0
STORE_SECONDS_MAX = 60.0
STORE_POLL_SECONDS = 0.1


class Engine:
    """One engine over one network, its shared stock and its ledger."""

    def __init__(self, settings: Settings, redis_url: str, records: NetworkRecords, clock: Clock) -> None:
        """Connect lazily: nothing is read before `open`."""
        self._log = structlog.get_logger("engine")
        self._settings = settings
        self._records = records
        self._clock = clock
        self._gate = gate_of(settings, METHODS)
        self._traces = new_traces(settings)
        self._image = compile_image(records)
        self._unsellable = unsellable_positions(records)
        self._shards = Shards(settings.shards)
        self._ledger = Ledger(settings.ledger_url_in_use, self._shards)
        self._readers = ThreadPoolExecutor(READERS_MAX, "belofte-read")
        names = [self._shards.partition(settings.partition, shard) for shard in range(self._shards.count)]
        self._waiters = RecordedWaiters(
            redis_url, names, self._ledger.find_positions, record_wait_ms_max=settings.record_wait_ms_max
        )
        self._split = Split(self._waiters, self._ledger, self._readers, clock, self._shards, self._wake)
        self._store = self._open_store(redis_url, names)
        self._arena = self._open_arena()
        counts = len(self._image.item_ids), len(self._image.location_ids)
        self._kept = self._arena.kept(*counts) if self._arena is not None else None
        kept = (int(self._kept.header[H_EPOCH]), position_in(self._kept)) if self._kept is not None else None
        self._path = WritePath(
            self._store, self._waiters, self._new_stock, settings.attempts_max, kept,
            self._split.begin if self._shards.count > 1 else None,
        )  # fmt: skip
        key = QuoteKey(quote_secret(settings), settings.quote_minutes_valid)
        limits = Limits(settings.lines_max, settings.node_budget, settings.reservations_max, key)
        folder = settings.network_in_use
        source = NetworkSource(partial(read_network, folder), partial(check_network, folder), self._take_over)
        self._handlers = Handlers(self._image, self._path, self._ledger, limits, clock, self._readers, source, self._shards)
        self._handlers.split = self._split if self._shards.count > 1 else None
        self._desk = Desk(self._handlers, clock, self._readers, CALLS_WAITING_MAX, settings.wait_ms_max)
        self._handlers.decide_again = self._desk.again
        self._handlers.aside.freed = self._desk.wake
        self._handlers.auditor = LiveAuditor(self._store)
        self._waiters.heard = self._handlers.events.wake

    def open(self, advance: Callable[[int, int], None]) -> int | None:
        """Load the stock, and into a ledger without a complete load the folder's inventory first.

        The count of positions loaded from the folder; None where that was complete before. Raises LoadFailedError.
        """
        self._waiters.start()
        self._handlers.prepare()
        self._read_stock()
        self._begin_deciding(self._image, self._records)
        loaded = load_inventory(
            self._records, self._image.version, self._path, self._ledger, self._clock, advance, self._shards
        )
        if loaded is not None:
            self._log.info("inventory loaded from the network folder", positions=loaded)
        # Whoever loaded it, what is served is the whole of it.
        self._read_stock()
        keep_first(self._records)
        return loaded

    def _read_stock(self) -> None:
        """Wait for the store: without it nobody knows whether the stock is whole."""
        give_up_at = time.monotonic() + STORE_SECONDS_MAX
        while not self._path.catch_up():
            if time.monotonic() >= give_up_at:
                raise LoadFailedError(
                    f"the stock could not be read within {STORE_SECONDS_MAX:.0f} s: the store is out of reach, or no ledger"
                    " sidecar records"
                )
            time.sleep(STORE_POLL_SECONDS)

    async def serve(self, announce: Callable[[int], None]) -> None:
        """Answer calls until SIGTERM or SIGINT, then finish those in hand. Raises RuntimeError when the port is taken."""
        loop = asyncio.get_running_loop()
        asked_to_stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked_to_stop.set)
        self._desk.start()
        limit = self._settings.message_bytes_max
        served = self._desk, self._clock, METHODS, SERVICES, limit, CLIENT_STREAMS, SERVER_STREAMS
        given: dict[str, Any] = {"gate": self._gate, "shares_port": self._settings.workers > 1, "traces": self._traces}
        front: AioFront | NativeFront
        if self._settings.is_native:
            front = NativeFront(*served, **given)
        else:
            front = AioFront(*served, tls=tls_of(self._settings), **given)
        port = await front.start(self._settings.address)
        of_workers = await self._serve_workers(served, given)
        self._log.info(
            "serving", address=self._settings.address, port=port, network=self._image.network.name, front=type(front).__name__
        )
        stop_meters = self._serve_meters(lambda: added([each.calls() for each in (front, *of_workers)]))
        announce(port)
        await asked_to_stop.wait()
        self._log.info("draining")
        await asyncio.gather(*(each.stop(DRAIN_SECONDS_MAX) for each in (front, *of_workers)))
        stop_meters()

    async def _serve_workers(self, served: tuple[Any, ...], given: dict[str, Any]) -> list[NativeFront]:
        """Take what workers hand on, where there may be any that share the matrix."""
        if self._settings.workers == 1 or not self._settings.is_native or self._arena is None:
            return []
        socket = self._arena.path.with_suffix(".sock")
        front = NativeFront(*served, **{**given, "shares_port": False})
        try:
            await front.start(f"unix:{socket}")
        except RuntimeError as error:
            self._log.warning("workers share nothing with this engine", reason=str(error))
            return []
        return [front]

    def _serve_meters(self, calls: Callable[[], Calls]) -> Callable[[], None]:
        """Let meters be read, where that is asked for; how to stop that. Raises OSError when the port is taken."""
        if not self._settings.metrics_port:
            return lambda: None
        meters = EngineMeters(calls, self._desk.meter, lambda: gauges_of(self._desk, self._handlers))
        stop, port = serve_meters(meters, self._settings.metrics_host, self._settings.metrics_port)
        self._log.info("meters are served", port=port)
        return stop

    def close(self) -> None:
        """Stop threads and connections."""
        self._desk.stop(DRAIN_SECONDS_MAX)
        self._handlers.aside.stop()
        self._waiters.stop()
        self._handlers.events.stop()
        self._readers.shutdown(wait=True)
        if self._traces is not None:
            self._traces.stop()
        self._store.close()
        self._ledger.close()
        if self._arena is not None:
            self._arena.close()

    def _open_store(self, redis_url: str, partitions: Sequence[str]) -> StockStore | ShardedStore:
        image, settings = self._image, self._settings
        stores = [
            StockStore(
                redis_url, name, record_lag_entries_max=settings.record_lag_entries_max,
                record_lag_ms_max=settings.record_lag_ms_max, item_ids=image.item_ids, location_ids=image.location_ids,
            ) for name in partitions
        ]  # fmt: skip
        if len(stores) == 1:
            return stores[0]
        part_ms_max = RECORDS_AWAITED * settings.record_wait_ms_max
        store = ShardedStore(stores, self._shards, self._split, part_ms_max)
        store.serve(image.item_ids, image.location_ids)
        return store

    def _wake(self) -> None:
        self._desk.wake()

    def _begin_deciding(self, image: NetworkImage, records: NetworkRecords) -> None:
        """What is decided from now on can be replayed: the network is in the ledger, and decisions say which it is."""
        key = network_key(records, image.version)
        content = partial(archived, records)
        self._path.engine = self._ledger.begin_deciding(key, content, self._settings.node_budget, self._clock.unix_ms())

    def _take_over(self, image: NetworkImage, records: NetworkRecords) -> bool:
        before, decider = (self._image, self._records, self._unsellable), self._path.engine
        self._begin_deciding(image, records)
        self._use(image, records, unsellable_positions(records))
        # As after any loss, the stock in memory is made anew, now of the other network's items and locations.
        self._path.stale = True
        if not self._path.catch_up():
            self._use(*before)
            self._path.engine = decider
            return False
        self._log.info("network taken over", network_version=image.version)
        return True

    def _use(self, image: NetworkImage, records: NetworkRecords, unsellable: frozenset[tuple[int, int, str]]) -> None:
        self._image, self._records, self._unsellable = image, records, unsellable
        self._store.serve(image.item_ids, image.location_ids)
        if self._arena is not None:
            self._arena.close()
        self._arena = self._open_arena()

    def _open_arena(self) -> ArenaFile | None:
        """Where the matrix lies, so that the next engine takes it up; None: in memory of the process."""
        if self._shards.count > 1:
            return None  # the file has room for the position of one log
        try:
            return ArenaFile(arena_path(self._settings.data_dir), self._image.version)
        except (OSError, ArenaInUseError) as error:
            self._log.info("the matrix lies in memory of the process: it is loaded anew at each start", reason=str(error))
            return None

    def _new_stock(self, stored: StoredStock) -> LiveStock:
        image = self._image
        stock = LiveStock(
            image.item_index, image.location_index, self._unsellable, capacity_first_day(self._clock.unix_ms()),
            stored.position_count, capacity_days(image.network.horizon_days), self._arena,
            self._kept if stored.is_kept else None,
        )  # fmt: skip
        self._kept = None
        stock.is_split = self._shards.count > 1
        stored.fill(stock)
        return stock


def new_traces(settings: Settings) -> "Traces | None":
    """Where spans of calls are sent; None: nowhere."""
    if not settings.traces_url:
        return None
    # Only who asks for traces needs what sends them.
    from engine.service.traces import Traces

    return Traces(settings.traces_url)


def gauges_of(desk: Desk, handlers: Handlers) -> Gauges:
    """How it is with a process that serves calls."""
    lanes, path = desk.lanes(), handlers.path
    return Gauges(
        {name: lane.lines for name, lane in lanes.items()}, {name: len(lane) for name, lane in lanes.items()},
        {name: lane.wait_ms / 1_000 for name, lane in lanes.items()}, path.stale, path.retry_count, path.position,
        handlers.stage_seconds(),
    )  # fmt: skip


def raise_file_limit() -> None:
    """As many connections as may be: what shells set by default is far below."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS says that there is no limit, and takes no such number.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run_engine(
    settings: Settings, redis_url: str, records: NetworkRecords, clock: Clock,
    announce: Callable[[int, int | None], None], advance: Callable[[int, int], None],
) -> None:  # fmt: skip
    """Run one engine in this process until it is asked to stop.

    `announce` is told its port and how many positions it loaded from the folder, None where that was done before.
    """
    raise_file_limit()
    engine = Engine(settings, redis_url, records, clock)
    try:
        loaded = engine.open(advance)
        spare_what_stays()
        uvloop.run(engine.serve(lambda port: announce(port, loaded)))
    finally:
        engine.close()
