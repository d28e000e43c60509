"""What becomes of transactions over several shards: held in each, decided by the ledger, ended in each.

The engine that planned one waits until every part is recorded, then commits the decision to one shard's log. That the
decision is recorded makes it: the ledger confirms it where all parts are recorded and nobody has decided otherwise. Whoever
wants an end first, since a part failed, an answer is late or a part's time is up, has the ledger decide EXPIRED and obeys what
it reads back. The parts are ended afterwards, by whoever finds them; each ends once.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

import structlog

from engine.domain.reasons import Reason, Refusal
from engine.inventory.live import LiveStock
from engine.inventory.parts import Decision, Part, Spanning
from engine.inventory.recorded import OVERRULED, RecordedWaiters, Waiter
from engine.inventory.transaction import Transaction
from engine.inventory.write_path import Recorded, Write, recovering, unsure

SWEPT_MAX = 100
"""Parts that are ended in one go."""


@dataclass(eq=False)
class Held:
    """A write whose parts are held. `left`: what has to happen before the next step."""

    spanning: Spanning
    waiters: list[Waiter]
    write: Write | None = None
    left: int = 0
    is_failed: bool = False


class TwoPhase:
    """All of one engine's. Called from the desk's thread and from those that hear what is recorded."""

    def __init__(
        self, waiters: RecordedWaiters, decide: Callable[[str], Decision], hand: Callable[[Write], None], executor: Executor,
        unix_ms: Callable[[], int],
    ) -> None:  # fmt: skip
        """`decide` has the ledger decide EXPIRED unless it has decided, and returns what stands: it may raise anything.

        `hand` has a write run in the desk's thread; `executor` works on what asks the ledger.
        """
        self._waiters = waiters
        self._decide = decide
        self._hand = hand
        self._executor = executor
        self._unix_ms = unix_ms
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}
        self._swept: set[str] = set()
        self._log = structlog.get_logger("two-phase")

    def expect(self, spanning: Spanning) -> None:
        """Its parts are about to be committed."""
        waiters = [self._waiters.expect(part.part_id) for part in spanning.parts]
        self._held[spanning.hold_id] = Held(spanning, waiters)

    def abandon(self, spanning: Spanning) -> None:
        """Not all of them were: those that were are to end."""
        held = self._held.pop(spanning.hold_id)
        for waiter in held.waiters:
            self._waiters.forget(waiter)
        self._executor.submit(self._resolve, held, recovering())

    def begin(self, write: Write, spanning: Spanning) -> None:
        """All of them were: settle the write once that is decided."""
        held = self._held.pop(spanning.hold_id)
        held.write, held.left = write, len(held.waiters)
        for waiter in held.waiters:
            self._waiters.arm(waiter, lambda position: self._part_recorded(held, position))

    def sweep(self, stock: LiveStock) -> None:
        """In the desk's thread: end parts whose time is up, whoever made them."""
        for part in stock.parts.due(self._unix_ms())[:SWEPT_MAX]:
            with self._lock:
                if part.part_id in self._swept:
                    continue
                self._swept.add(part.part_id)
            self._executor.submit(self._end_due, part)

    # -- one after the other

    def _part_recorded(self, held: Held, position: str | None) -> None:
        with self._lock:
            held.is_failed |= position is None or position.startswith(OVERRULED)
            held.left -= 1
            if held.left:
                return
        if held.is_failed:
            self._executor.submit(self._resolve, held, recovering())
        else:
            self._hand(DecisionWrite(held.spanning, lambda outcome: self._decided(held, outcome)))

    def _decided(self, held: Held, outcome: Recorded | Refusal) -> None:
        if isinstance(outcome, Recorded) and not outcome.position.startswith(OVERRULED):
            self._end(held, Decision.CONFIRMED, Recorded(outcome.position, duplicate=False))
        else:
            self._executor.submit(self._resolve, held, outcome)

    def _resolve(self, held: Held, outcome: Recorded | Refusal) -> None:
        """Decide that it has expired, and obey what was decided. `outcome`: what is said of the write where it has."""
        try:
            decision = self._decide(held.spanning.hold_id)
        except Exception as error:
            self._log.warning(
                "the ledger cannot be asked what was decided: the parts end when their time is up", error=str(error)
            )
            self._tell(held, unsure())
            return
        if decision is Decision.CONFIRMED:
            # Recorded, and not heard of: as any repeat, it is answered from the ledger.
            self._end(held, decision, Recorded("", duplicate=True))
            return
        if isinstance(outcome, Refusal) and outcome.reason is Reason.DEADLINE_EXCEEDED:
            outcome = recovering()  # its fate is known by now
        self._end(held, decision, outcome)

    def _end(self, held: Held, decision: Decision, outcome: Recorded | Refusal) -> None:
        """End its parts. What it gives, or gives back, and what others read of it by name is there before it is answered."""
        parts, is_given_back = held.spanning.parts, decision is Decision.EXPIRED
        awaited = [part for part in parts if is_given_back or part.given or part.freed or part.texts]
        held.left = len(awaited)
        if not awaited:
            self._tell(held, outcome)

        def ended() -> None:
            with self._lock:
                held.left -= 1
                is_last = not held.left
            if is_last:
                self._tell(held, outcome)

        for part in parts:
            self._hand(EndWrite(part, decision, self._unix_ms, ended if part in awaited else _nothing))

    def _end_due(self, part: Part) -> None:
        try:
            decision = self._decide(part.hold_id)
        except Exception as error:
            self._log.warning("the ledger cannot be asked what was decided: asked again", error=str(error))
            self._forget(part)
            return
        self._log.info("a part is ended whose time is up", hold_id=part.hold_id, shard=part.shard, decision=decision)
        self._hand(EndWrite(part, decision, self._unix_ms, lambda: self._forget(part)))

    def _forget(self, part: Part) -> None:
        with self._lock:
            self._swept.discard(part.part_id)

    def _tell(self, held: Held, outcome: Recorded | Refusal) -> None:
        if held.write is None:
            return
        try:
            held.write.settle(outcome)
        except Exception:
            self._log.exception("a write could not be told how it ended", request_id=held.write.request_id)


@dataclass(eq=False)
class _Taking:
    """A write that takes nothing which others could plan on."""

    def hold(self, stock: LiveStock) -> None:
        """Nothing is shown."""

    def release(self, stock: LiveStock) -> None:
        """Nothing was."""


@dataclass(eq=False)
class DecisionWrite(_Taking):
    """The decision on the write path of its shard."""

    spanning: Spanning
    tell: Callable[[Recorded | Refusal], None]

    @property
    def request_id(self) -> str:
        """That of the request itself is recorded where it is confirmed."""
        return self.spanning.hold_id

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """The same, however often it is asked."""
        return self.spanning.decision

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        self.tell(outcome)


@dataclass(eq=False)
class EndWrite(_Taking):
    """The end of a part on the write path of its shard. `ended` is called once, whatever became of it."""

    part: Part
    decision: Decision
    unix_ms: Callable[[], int]
    ended: Callable[[], None]
    request_id: str = field(init=False)

    def __post_init__(self) -> None:
        """The same end has the same id, whoever makes it."""
        self.request_id = self.part.end_id

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """What was decided. Raises `Refusal` where the part has ended, or never was."""
        if stock.parts.get(self.part.part_id) is None:
            raise Refusal(Reason.WRONG_STATE, "the part has ended")
        return self.part.ended(self.decision, self.unix_ms())

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended; where it did not, it is found again when its time is up."""
        self.ended()


def _nothing() -> None:
    """Nobody waits for it."""
