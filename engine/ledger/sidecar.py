"""The ledger sidecar: takes over, reconciles the shared store with the ledger, opens the gate, and records the log.

The ledger is the truth. A store that holds the ledger's last entry is drained into it; any other is rebuilt from it. While
this process records, it keeps the gate open; when it stops, for whatever reason, the gate closes by itself.
"""

import importlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import structlog

from engine.domain.clock import Clock
from engine.inventory.client import StoreAway
from engine.inventory.gate import READ_MS_MAX, StoreGate, Superseded
from engine.inventory.keys import Layout
from engine.inventory.shards import WHOLE, Shards
from engine.ledger.rebuild import rebuild_store
from engine.ledger.recorder import BrokenLog, Fenced, Recorder

LOG_TAIL_SECONDS = 60.0
"""How long recorded entries stay in the store's log, for engines that follow it."""

RETRY_SECONDS = 0.5


class StoreLost(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The gate of this epoch is closed: it expired, or the store went on elsewhere."""


class Sidecar:
    """One recorder of one partition, or of one shard. Run by one thread; `stop` may be called from another."""

    def __init__(
        self, redis_url: str, partition: str, ledger_url: str, clock: Clock, location_count: Callable[[], int],
        shard: int = 0, shards: Shards = WHOLE,
    ) -> None:  # fmt: skip
        """`location_count` is asked only where the store is rebuilt. `partition`: the network's, of which it has a shard."""
        self._redis_url = redis_url
        self._partition = shards.partition(partition, shard)
        self._shard, self._shards = shard, shards
        self._ledger_url = ledger_url
        self._clock = clock
        self._location_count = location_count
        self._is_stopping = False
        self._log = structlog.get_logger("sidecar")

    def stop(self) -> None:
        """Ask `run` to end after what it is recording."""
        self._is_stopping = True

    def run(self, announce: Callable[[], None]) -> None:
        """Record until asked to stop; `announce` is called when the gate is first open. Raises Fenced, WrongShards."""
        while not self._is_stopping:
            gate = StoreGate(self._redis_url, self._partition)
            try:
                self._run_epoch(gate, announce)
            except (StoreAway, StoreLost, BrokenLog) as error:
                # Whatever became of the store, the next epoch begins with the ledger's word against the store's.
                self._log.warning("the epoch has ended", error=str(error))
                time.sleep(RETRY_SECONDS)
            finally:
                gate.disconnect()

    def _run_epoch(self, gate: StoreGate, announce: Callable[[], None]) -> None:
        # Above what the store has seen as well: a ledger that began anew would be refused there for as many epochs.
        recorder = Recorder.take_over(self._ledger_url, self._clock, gate.stamped(), self._shard, self._shards)
        try:
            gate.close(recorder.epoch)
            layout = self._reconcile(recorder, gate)
            before = recorder.last
            # Recorded first: were it the other way round, a store that was sold from could be followed by one that was not
            # opened then, and what that one has beyond the record would come back after it was called lost.
            recorder.open_epoch()
            last = recorder.last
            gate.open(recorder.epoch, last.position, last.link, layout, (before.position, before.link))
            self._log.info("gate open", epoch=recorder.epoch, position=recorder.last.position, rebuilt=layout is not None)
            announce()
            self._record(recorder, gate)
        except (Superseded, BrokenLog) as error:
            # A log that does not go on from the record may be that of a newer epoch, which another has opened meanwhile.
            if gate.stamped() > recorder.epoch:
                # To take over in turn would go on for ever; whoever holds the lease is to record.
                raise Fenced(f"a newer epoch than {recorder.epoch} was stamped") from error
            if isinstance(error, Superseded):
                raise StoreLost(str(error)) from error
            raise
        finally:
            recorder.close()

    def _reconcile(self, recorder: Recorder, gate: StoreGate) -> Layout | None:
        """Bring store and ledger together; the layout of what was rebuilt, None where the store went on from the ledger."""
        last = recorder.last
        if gate.holds(last.position, last.link):
            try:
                self._drain(recorder, gate)
                return None
            except BrokenLog as error:
                self._log.error("the store's log does not continue the ledger", error=str(error))
        started = time.monotonic()
        layout = rebuild_store(recorder, gate, self._location_count(), self._told_replay)
        self._log.info("store rebuilt from the ledger", position=recorder.last.position,
                       seconds=round(time.monotonic() - started, 3))  # fmt: skip
        return layout

    def _drain(self, recorder: Recorder, gate: StoreGate) -> None:
        """Record what was committed and not recorded. The gate is closed, so that this comes to an end."""
        end = gate.head()
        while recorder.last.position != end:
            log = gate.read(recorder.last.position, wait_ms_max=1)
            if not log:
                raise BrokenLog(f"the log ends after {recorder.last.position}, its head is {end}")
            recorder.record(log)
            self._log.info("drained", entries=len(log), position=recorder.last.position)

    def _record(self, recorder: Recorder, gate: StoreGate) -> None:
        told: deque[tuple[float, str]] = deque()
        if self._shards.count == 1:  # Over shards each entry is judged first, and read whole.
            threading.Thread(target=_speed_up, args=(recorder,), name="belofte-kernels", daemon=True).start()
        # What a rebuild replaced goes bit by bit, so that recording and the gate do not wait for it.
        leftovers: Iterator[list[str]] | None = gate.leftovers()
        while not self._is_stopping:
            log = gate.read(recorder.last.position, READ_MS_MAX if leftovers is None else 1)
            recorded: list[tuple[str, str]] = []
            if log:
                recorded = recorder.record(log)
            keep_from = self._keep_from(told, recorder.last.position)
            gate.tell(recorder.epoch, recorder.last.position, recorder.last.link, recorded, keep_from)
            if leftovers is not None:
                names = next(leftovers, None)
                if names is None:
                    leftovers = None
                elif names:
                    gate.remove(recorder.epoch, names)

    def _keep_from(self, told: deque[tuple[float, str]], position: str) -> str:
        """The position that was the last one a while ago; "" most of the time, since trimming each time is for nothing."""
        now = time.monotonic()
        if not told or now - told[-1][0] >= 1.0:
            told.append((now, position))
        keep_from = ""
        while told and now - told[0][0] > LOG_TAIL_SECONDS:
            keep_from = told.popleft()[1]
        return keep_from

    def _told_replay(self, count: int) -> None:
        if count % 100_000 == 0:
            self._log.info("reading the ledger", entries=count)


def _speed_up(recorder: Recorder) -> None:
    """Have the entries of plain orders read by a kernel from when it is there: who takes over does not wait for it."""
    read_made = importlib.import_module("engine.ledger.made_orders").read_made
    read_made(())
    recorder.read_made = read_made
