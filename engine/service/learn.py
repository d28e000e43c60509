"""How often each location declines what it is given, learned from the ledger, for the decline risk that policies charge.

What was learned is recorded like all that changes what is decided, and every engine decides by what was recorded last. A rate
begins as the network folder's, which counts as much as so many lines.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import orjson
import structlog
from belofte.v1 import ledger_entry_pb2
from sqlalchemy.exc import SQLAlchemyError

from engine.domain.ids import uuid7
from engine.network.columns import frozen
from engine.network.image import NetworkImage
from engine.service.note_write import NoteWrite

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

LEARN_DECLINES, RECORD = "LearnDeclines", "@declines"
"""The method that its entries name, and what stands there in place of an order's id."""

LEARN_NS = 10_000_000_000
"""How often the ledger is asked."""

DAYS = 90
"""Whose lines count."""

PRIOR_LINES = 50
"""Lines that the folder's own rate counts as much as."""

STEP_PPM = 1_000
"""A rate that differs by less is left as it is: whatever decides by it is made anew."""

PPM = 1_000_000
DAY_MS = 86_400_000


def learned_ppm(prior_ppm: int, served: int, declined: int) -> int:
    """Share of lines that a location declines, in parts per million."""
    return (declined * PPM + prior_ppm * PRIOR_LINES) // (served + declined + PRIOR_LINES)


class DeclineLearner:
    """One engine's. `tick` is called in the desk's thread."""

    def __init__(self, h: "Handlers", every_ns: int = LEARN_NS) -> None:
        """Asks nothing until it is first called."""
        self._h = h
        self._every_ns = every_ns
        self._asked_ns = -every_ns
        self._asking = Lock()
        self._log = structlog.get_logger("learn")

    def tick(self) -> None:
        """Ask the ledger now and then, where any policy charges for declines."""
        h = self._h
        now = h.clock.monotonic_ns()
        if h.path.stock is None or h.path.stale or now - self._asked_ns < self._every_ns:
            return
        if not any(each.decline_micros for each in h.image.records.policies) or not self._asking.acquire(blocking=False):
            return
        self._asked_ns = now
        try:
            h.readers.submit(self._ask)
        except RuntimeError:
            # The engine is being stopped.
            self._asking.release()

    def _ask(self) -> None:
        """In a reader's thread."""
        h = self._h
        try:
            recorded = h.ledger.last_of(RECORD)
            counts = h.ledger.decline_counts(h.clock.unix_ms() // DAY_MS - DAYS)
        except SQLAlchemyError as error:
            self._log.warning("the ledger cannot be asked for declines", error=str(error))
            return
        finally:
            self._asking.release()
        image = h.image
        known = {} if recorded is None else rates_in(recorded.entry)
        rates = {
            each.location_id: learned_ppm(each.decline_ppm, *counts[each.location_id])
            for each in image.locations if each.location_id in counts
        }  # fmt: skip
        priors = {each.location_id: each.decline_ppm for each in image.locations}
        if any(abs(ppm - known.get(location_id, priors[location_id])) >= STEP_PPM for location_id, ppm in rates.items()):
            entry = ledger_entry_pb2.LedgerEntry(
                request_id=uuid7(h.clock.unix_ms()), method=LEARN_DECLINES, request_digest=bytes(32), order_id=RECORD,
                response=orjson.dumps({**known, **rates}, option=orjson.OPT_SORT_KEYS), network_version=image.version,
                decided_unix_ms=h.clock.unix_ms(),
            )  # fmt: skip
            h.hand_over(partial(self._record, NoteWrite(entry)))
        h.hand_over(partial(self._decide_by, known))

    def _record(self, write: NoteWrite) -> bool:
        """In the desk's thread; what was recorded is decided by once it is read again."""
        self._h.path.run([write])
        return True

    def _decide_by(self, rates: Mapping[str, int]) -> bool:
        """In the desk's thread, between two batches."""
        image = with_rates(self._h.image, rates)
        if image is not self._h.image:
            self._h.image = image
            self._log.info("decline rates taken over", locations=len(rates))
        return True


def rates_in(entry: bytes) -> dict[str, int]:
    """The rates that an entry recorded."""
    found: dict[str, int] = orjson.loads(ledger_entry_pb2.LedgerEntry.FromString(entry).response)
    return found


def with_rates(image: NetworkImage, rates: Mapping[str, int]) -> NetworkImage:
    """The network with these rates, its own where none was learned; the same one where they are those that it has."""
    ppm = np.array([rates.get(each.location_id, each.decline_ppm) for each in image.locations], np.int64)
    return image if np.array_equal(ppm, image.decline_ppm) else replace(image, decline_ppm=frozen(ppm))
