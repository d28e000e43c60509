"""Pools of orders that wait to be decided together: what closes them.

An order that waits is held: its stock is taken by the plan of its moment, its promise made, and nothing of it may leave. That
and until when is its record's, so that nothing has to be remembered. When the time of some is up, all of these are planned anew
as one (`engine/reroute`), and each goes on: moved and let go in one transaction, or let go as it is. Whatever was not done when
an engine ended is still due.
"""

import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog
from belofte.v1 import order_service_pb2, sourcing_service_pb2

from engine.domain.ids import uuid7
from engine.domain.life import POOLED
from engine.domain.reasons import Refusal
from engine.fulfilment.draft import Draft, OrderRecord
from engine.inventory.live import LiveStock
from engine.inventory.write_path import Recorded
from engine.service.hold_writes import Asked
from engine.service.life import respond_with, tools_of
from engine.service.order_changes import leave_pool
from engine.service.order_write import LifeWrite, Made
from engine.service.outflow import Outflow
from engine.service.reroute import BATCH_ORDERS, ORDERS_MAX, RerouteJob, in_desk

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

SEARCH_SECONDS_MAX = 60.0
"""Of a search: much less than the minutes that are left before a cutoff."""

TARGET_GAP = 0.001
MOVE_MICROS = 10_000
"""For less than a cent nothing is moved."""

END_POOL = "EndPool"
REASON = "POOL_CLOSED"


class Pools:
    """One engine's. `close` is called from any thread."""

    def __init__(self, h: "Handlers") -> None:
        """Nothing is closed before it is asked for."""
        self._h = h
        self._closing = threading.Lock()
        self._log = structlog.get_logger("pools")

    def close(self) -> None:
        """Begin to close what is due, unless that is under way."""
        if self._closing.acquire(blocking=False):
            threading.Thread(target=self._run, name="belofte-pools", daemon=True).start()

    def _run(self) -> None:
        try:
            self._close()
        except Refusal as refusal:
            self._log.info("pools are closed later", reason=refusal.reason)
        except Exception:
            # Whatever it was: the orders are due as long as they are not let go.
            self._log.exception("a fault of the engine")
        finally:
            self._closing.release()

    def _close(self) -> None:
        h, started = self._h, time.monotonic()
        records = self._due(h.ledger.held_due(h.clock.unix_ms(), ORDERS_MAX))
        if not records:
            return
        request = sourcing_service_pb2.RerouteOrdersRequest(
            request_id=uuid7(h.clock.unix_ms()), mode=sourcing_service_pb2.SOURCE_MODE_COMMIT, target_gap=TARGET_GAP,
            move_price_micros=MOVE_MICROS, reason=REASON,
        )  # fmt: skip
        job = RerouteJob(h, request, b"", Outflow(), ends_pool=True)
        try:
            job.begin(SEARCH_SECONDS_MAX)
            job.commit_all(records)
        finally:
            # Better as they are than too late.
            self._let_go([record.order.order_id for record in records])
        moved = sum(change.changed for change in job.changes.values())
        self._log.info("pool closed", orders=len(records), moved=moved, seconds=round(time.monotonic() - started, 3))

    def _due(self, order_ids: Sequence[str]) -> list[OrderRecord]:
        """Those that still wait, and need not any more."""
        found = []
        now = self._h.clock.unix_ms()
        for order_id in order_ids:
            record = self._h.ledger.find_record(order_id)
            if record is not None and is_over(record, now):
                found.append(record)
        return found

    def _let_go(self, order_ids: Sequence[str]) -> None:
        for first in range(0, len(order_ids), BATCH_ORDERS):
            writes = [self._end(record) for record in self._due(order_ids[first : first + BATCH_ORDERS])]
            in_desk(self._h, partial(self._h.path.run, writes))

    def _end(self, record: OrderRecord) -> LifeWrite:
        h = self._h

        def change(draft: Draft, stock: LiveStock, attempt: int) -> Made:
            leave_pool(draft)
            return Made(respond_with(order_service_pb2.GetOrderResponse))

        def answer(write: LifeWrite, outcome: Recorded | Refusal) -> None:
            if isinstance(outcome, Refusal):
                self._log.info("not let go now", order_id=record.order.order_id, reason=outcome.reason)

        return LifeWrite(Asked(END_POOL, uuid7(h.clock.unix_ms()), bytes(32), b""), record, tools_of(h), change, answer)


def is_over(record: OrderRecord, now_unix_ms: int) -> bool:
    """Whether an order waits in a pool whose time is up."""
    order = record.order
    return order.hold_reason == POOLED and order.hold_until.ToMilliseconds() <= now_unix_ms
