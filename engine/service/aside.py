"""What takes long and only reads: planned beside the desk's thread, on the stock as it was when its turn came."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import structlog

from engine.domain.reasons import Refusal
from engine.inventory.fork import ForkedItem, StockFork
from engine.inventory.live import LiveStock
from engine.inventory.write_path import fault
from engine.service.desk import Call

IN_HAND_MAX = 2
"""Works at once, one of them at work and one ready: each has a copy of the stock of its items."""


def stock_as_it_is(stock: LiveStock, items: Iterable[int]) -> StockFork:
    """The stock of some items at this moment. Nothing that is done with it shows in the stock it is of, nor the other way."""
    some = list(dict.fromkeys(items))
    fork = StockFork(stock.still(np.array(some, np.int64)), [ForkedItem(item) for item in some])
    fork.own_capacity()
    return fork


class Aside:
    """One thread beside the desk's. Kernels run without the interpreter's lock, and so at the same time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "belofte-aside")
        self._lock = threading.Lock()
        self._in_hand = 0
        self._log = structlog.get_logger("aside")
        self.freed: Callable[[], object] = lambda: None
        """Told when there is room: set by who makes the desk."""

    @property
    def has_room(self) -> bool:
        """Whether another work may come."""
        return self._in_hand < IN_HAND_MAX

    def run(self, call: Call, work: Callable[[], bytes]) -> None:
        """Answer a call with what `work` returns, or with the refusal that it raises."""
        with self._lock:
            self._in_hand += 1
        self._thread.submit(self._run, call, work)

    def _run(self, call: Call, work: Callable[[], bytes]) -> None:
        answer: bytes | Refusal
        try:
            answer = work()
        except Refusal as refusal:
            answer = refusal
        except Exception:
            self._log.exception("a fault of the engine", method=call.method)
            answer = fault()
        with self._lock:
            self._in_hand -= 1
        call.answer(answer)
        self.freed()

    def stop(self) -> None:
        """Finish what is in hand."""
        self._thread.shutdown(wait=True)
