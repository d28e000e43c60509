"""The outbox: follows the ledger for every subscriber, and stores how far each has come.

Whatever goes wrong with the database, everything in hand is dropped and taken up again from what is stored: an event is then
delivered once more, and none is lost.
"""

import random
import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from engine.domain.clock import Clock
from engine.inventory.shards import WHOLE, Shards
from engine.ledger.database import open_database
from engine.ledger.ledger import Ledger
from engine.ledger.post import Post
from engine.outbox.courier import Backoff, Courier
from engine.outbox.follower import Follower
from engine.outbox.subscribers import Subscriber

POLL_SECONDS = 0.1
"""How often the ledger is looked at."""

STORE_SECONDS = 1.0
"""How often it is stored what became of events: what a crash delivers once more."""

AGAIN_SECONDS = 1.0
"""After the database could not be asked."""


class Outbox:
    """Delivers the events of one ledger. Run by one thread; `stop` may be called from another."""

    def __init__(
        self, ledger_url: str, source: str, subscribers: Sequence[Subscriber], clock: Clock, backoff: Backoff | None = None,
        chance: random.Random | None = None, shards: Shards = WHOLE,
    ) -> None:  # fmt: skip
        """`source`: what the events name as theirs."""
        self._shards = shards
        self._ledger_url, self._source, self._subscribers, self._clock = ledger_url, source, subscribers, clock
        self._backoff = backoff or Backoff()
        self._chance = chance or random.Random()  # noqa: S311 - spreads attempts, guards nothing
        self._is_stopping = False
        self._log = structlog.get_logger("outbox")

    def stop(self) -> None:
        """Ask `run` to end after what is being sent."""
        self._is_stopping = True

    def run(self, announce: Callable[[], None]) -> None:
        """Deliver until asked to stop; `announce` is called when everything stored was taken up. Raises Fenced."""
        while not self._is_stopping:
            try:
                self._deliver(announce)
            except SQLAlchemyError as error:
                self._log.warning("the ledger cannot be asked: trying again", error=" ".join(str(error).split()))
                time.sleep(AGAIN_SECONDS)

    def _deliver(self, announce: Callable[[], None]) -> None:
        database = open_database(self._ledger_url)
        ledger = Ledger(self._ledger_url, self._shards)
        couriers: list[Courier] = []
        try:
            post = Post(database, self._shards)
            followers = []
            for subscriber in self._subscribers:
                courier = Courier(subscriber, self._backoff, self._chance)
                followers.append(Follower(courier, post, ledger, self._source, self._clock))
                couriers.append(courier)
            for courier in couriers:
                courier.start()
            announce()
            self._follow(followers)
        finally:
            for courier in couriers:
                courier.stop()
            for courier in couriers:
                courier.end()
            ledger.close()
            database.dispose()

    def _follow(self, followers: Sequence[Follower]) -> None:
        store_at = time.monotonic() + STORE_SECONDS
        while not self._is_stopping:
            is_behind = False
            for follower in followers:
                is_behind |= follower.read()
                follower.courier.break_off()
            if time.monotonic() >= store_at:
                for follower in followers:
                    follower.store()
                store_at = time.monotonic() + STORE_SECONDS
            if not is_behind:
                time.sleep(POLL_SECONDS)
        for follower in followers:
            follower.courier.stop()
        for follower in followers:
            follower.courier.end()
            follower.store()
