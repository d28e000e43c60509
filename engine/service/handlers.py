"""Every method that is served: check, decide, encode. One table says which, and where each is worked on."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event, Lock, Semaphore
from typing import Any, TypeVar

import structlog
from belofte.v1 import (
    inventory_service_pb2,
    ledger_entry_pb2,
    network_service_pb2,
    order_service_pb2,
    sourcing_service_pb2,
    types_pb2,
)

from engine.domain.clock import Clock
from engine.domain.ids import is_uuid7, unix_ms_of
from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.fulfilment.order_record import order_left, order_of, returns_left
from engine.inventory.feed_texts import FeedTexts
from engine.inventory.keys import REMEMBERED_MS
from engine.inventory.live import LiveStock
from engine.inventory.live_audit import LiveAuditor
from engine.inventory.shards import WHOLE, Shards
from engine.inventory.write_path import Recorded, Write, WritePath, fault, order_exists, recovering
from engine.ledger.ledger import Ledger, RecordedEntry
from engine.network.horizon import DAYS_AFTER, MONTH_DAYS_MAX
from engine.network.image import NetworkImage, compile_image
from engine.network.records import NetworkRecords
from engine.optimizer.explain import decide_explained
from engine.optimizer.explanation import Level
from engine.optimizer.quoted_plan import QuotedPlan
from engine.optimizer.scene import build_tables, cut_for, set_scene
from engine.service import estimates, place_writes, quotes, requests, reservations
from engine.service.adjust import AdjustWrite, decode_adjustment, finished_adjustment
from engine.service.aside import Aside
from engine.service.availability import get_availability
from engine.service.batch_source import SOURCE_METHOD, source_batch
from engine.service.decode import decode_basket, decode_level, decode_order
from engine.service.desk import Call, Lane
from engine.service.encode import encode_plan
from engine.service.exchange import fill_exchange
from engine.service.explain import encode_candidates, encode_explanation
from engine.service.feed_orders import books_of
from engine.service.fields import (
    POSITION_EXPECTED,
    Violations,
    begin_read,
    begin_write,
    check_id,
    check_network,
    check_position,
    check_range,
    check_request_id,
    decode_page_token,
    digest_of,
    parse,
)
from engine.service.hold_writes import EXPIRED_AT_ONCE_MAX, expiry
from engine.service.learn import DeclineLearner
from engine.service.learn_prices import PriceLearner
from engine.service.life_methods import ORDER_METHODS, SOURCING_METHODS
from engine.service.network_reload import (
    FINDINGS_MAX,
    RELOAD_NETWORK,
    TakeOver,
    error_of,
    finished_reload,
    keep_taken,
    refused_name,
    version_of,
)
from engine.service.note_write import NoteWrite
from engine.service.order_reads import list_orders, with_units
from engine.service.plain_orders import PlainOrders, PlainWrite
from engine.service.plain_quotes import PlainPromises
from engine.service.pools import Pools
from engine.service.quote_tokens import QuoteKey, read_token
from engine.service.reads import describe_network
from engine.service.record import (
    Finish,
    check_recorded,
    encode_order,
    events_of,
    finished_answer,
    page_of_events,
    refused_forgotten,
    refused_reuse,
    source_answer,
)
from engine.service.reroute import reroute
from engine.service.shadow import compared
from engine.service.simulate import simulate
from engine.service.split import Split
from engine.service.store_view import seen_by_store, shown_to_store
from engine.service.sweep import Sweeper
from engine.service.sync import Sync, SyncTools, finished_sync
from engine.service.watch_availability import StockWatch, watch_availability
from engine.service.watch_events import EventWatch, watch_events
from engine.service.work import lines_of
from engine.sourcing.order import Planned, SourceRequest
from engine.sourcing.source import OrderWrite, Taken, preview_order

Found = TypeVar("Found")

PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX = 100, 1_000
MINUTES_PER_DAY = 1_440
CAPACITY_DAYS_BEFORE = 8
"""Days of capacity kept from before today: an order may be asked for a little late, and clocks differ."""

CAPACITY_DAYS_SPARE = 8
"""The capacity table moves on once a day: a clock that is set forward finds room until then."""

CATCH_UP_NS = 20_000_000
"""How far the stock in memory may lag behind what other engines commit, while this one is busy."""

CONTENDED_TRIES_MAX = 25
SPLIT_TRIES_MAX = 500
"""Of a feed over several shards, where each request of a source waits for the decision on the one before."""

AGAIN_SECONDS, AGAIN_SECONDS_MAX = 0.0005, 0.05
"""How long a change waits that another was faster than: twice as long each time."""

RECORD_NS = 10_000_000
"""How often, and after how long, a feed that speaks of an order in change is planned again: the ledger records in between."""

SYNCS_MAX = 2
"""Synchronisations at once: each takes one of the threads that read the ledger for everybody."""

AUDIT_NS, AUDIT_SHARE = 250_000_000, 200
"""How often some items of the stock in memory are compared with the store, and what part of the time that may take."""

PLAIN_TOGETHER_MIN = 2
"""Orders that are worth being read together."""

RELOAD_SECONDS_MAX = 60.0
"""How long a reload waits for the ledger, and for the shared stock."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may ask for."""

    lines_max: int
    nodes_max: int
    reservations_max: int
    quote_key: QuoteKey = field(default_factory=QuoteKey)


@dataclass(frozen=True, slots=True)
class NetworkSource:
    """Where another network comes from, and what swaps it in together with its stock."""

    read: Callable[[], tuple[NetworkRecords, list[network_service_pb2.NetworkFinding]]]
    check: Callable[[], tuple[NetworkRecords | None, list[network_service_pb2.NetworkFinding]]]
    take_over: TakeOver


class _Behind(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The stock in memory has not reached a position that it may reach yet: the call waits until its deadline."""


_BEHIND = object()
"""In place of a call's answer: it waits for its position."""


class Handlers:
    """The room behind the desk. `decide` and `idle` are called by one thread, `read` by several."""

    def __init__(
        self, image: NetworkImage, path: WritePath, ledger: Ledger, limits: Limits, clock: Clock, readers: Executor,
        source: NetworkSource, shards: Shards = WHOLE,
    ) -> None:  # fmt: skip
        """`readers` work on what needs the ledger after a write was settled; `source`: where another network comes from."""
        self.shards = shards
        self.split: Split | None = None
        """Of a network over several shards; set by who has the desk."""
        self.image = image
        self._images_taken = 1
        self._source = source
        self._reloading = Lock()
        self._handed: deque[Callable[[], bool]] = deque()
        self.path = path
        self.feed_texts = FeedTexts(path.read_texts)
        self.order_books = books_of(ledger)
        self._syncs = Semaphore(SYNCS_MAX)
        self._sync_tools = SyncTools(
            lambda: self.image, self._stock_in_memory, path.run, self._handed.append, self.feed_texts, self.order_books, ledger,
            clock.unix_ms,
        )  # fmt: skip
        self.ledger = ledger
        self.events = EventWatch(ledger)
        self.stock_watch = StockWatch(path, ledger, readers)
        self.limits = limits
        self.clock = clock
        self.readers = readers
        self._plain = PlainOrders(image, limits.lines_max, clock)
        self._promises = PlainPromises(image, limits.lines_max, clock, limits.quote_key)
        self._behind: list[Call] = []
        self.auditor: LiveAuditor | None = None
        """Compares the stock with the store's; set by who has the store."""
        self._audit_due_ns = 0
        self._caught_up_ns = 0
        self._prepared_day = -1
        self.pools = Pools(self)
        self._sweeper = Sweeper(self)
        self._learner = DeclineLearner(self)
        self.price_learner = PriceLearner(self)
        self.log = structlog.get_logger("handlers")
        self.aside = Aside()
        self.decide_again: Callable[[Call], None] = lambda call: call.answer(recovering())
        """Takes a call that waited for a look-up: set by who makes the desk."""

    def lane(self, call: Call) -> Lane:
        """Where the call is worked on next."""
        method = METHODS[call.method]
        return Lane.READ if method.look_up is not None and call.found is None else method.lane

    def lines(self, calls: Sequence[Call]) -> list[int]:
        """How much work each call is."""
        return lines_of([call.message for call in calls], [METHODS[call.method].lines for call in calls])

    def takes_heavy(self) -> bool:
        """Whether another call of many lines may come."""
        return self.aside.has_room

    def decide(self, calls: list[Call]) -> None:
        """Quotes and reads of stock are answered as they come; what changes stock is committed together."""
        is_handed = self._handed or (self.split is not None and self.split.has_work)
        if is_handed or self.clock.monotonic_ns() - self._caught_up_ns > CATCH_UP_NS:
            self._keep_up(is_asked=False)
        writes: list[Write] = []
        calls = self._quote_together(calls)
        plain = self._read_plain(calls)
        for call in calls:
            result = plain.get(id(call)) or self._guarded(call, METHODS[call.method].handle)
            if isinstance(result, bytes | Refusal):
                call.answer(result)
            elif result is _BEHIND:
                self._behind.append(call)
            elif result is not None:
                writes.append(result)
        if writes:
            self.path.run(writes)

    def _read_plain(self, calls: list[Call]) -> dict[int, PlainWrite]:
        """Writes of the plain orders among calls, by the identity of the call; what comes alone is as fast as it is."""
        orders = [call for call in calls if call.method == SOURCE_METHOD and call.found is None]
        if len(orders) < PLAIN_TOGETHER_MIN or self.path.stock is None:
            return {}
        if self._plain.image is not self.image:
            self._plain = PlainOrders(self.image, self.limits.lines_max, self.clock)
        batch = self._plain.read(orders, self.path.stock, self.now_minute())
        if batch is None:
            return {}
        return {
            id(write.call): write for write in batch.writes(orders, self._planned_alone, partial(self.settled, finished_answer))
        }

    def _quote_together(self, calls: list[Call]) -> list[Call]:
        """Answer plain quotes; the calls left. Where there is a fault each is quoted by itself, and whose it is shows."""
        asked = [call for call in calls if call.method == quotes.QUOTE_METHOD]
        if not asked:
            return calls
        try:
            answers = quotes.quoted_together(self, asked)
        except Refusal:
            return calls  # each is told by itself
        except Exception:
            self.log.exception("a fault of the engine", method=quotes.QUOTE_METHOD)
            return calls
        answered = set()
        for call, answer in zip(asked, answers, strict=True):
            if answer is not None:
                call.answer(answer)
                answered.add(id(call))
        return [] if len(answered) == len(calls) else [call for call in calls if id(call) not in answered]

    def promises(self) -> PlainPromises:
        """What answers plain quotes, of the image in force."""
        if self._promises.image is not self.image:
            self._promises = PlainPromises(self.image, self.limits.lines_max, self.clock, self.limits.quote_key)
        return self._promises

    def stage_seconds(self) -> dict[str, float]:
        """Time spent so far on parts of plain quotes, and waiting for commits; from any thread."""
        stages = {**self._promises.stage_ns, "commit": self.path.commit_ns}
        return {name: ns / 1e9 for name, ns in stages.items()}

    def _planned_alone(self, call: Call) -> Write:
        write = self.source(call)
        assert isinstance(write, OrderWrite), "what is plain is in order"
        return write

    def read(self, call: Call) -> bytes | Refusal | Call:
        """Answer one read of the ledger, or look up what a call needs before it is decided."""
        method = METHODS[call.method]
        if call.caller.is_store_only:
            seen = self._guarded(call, seen_by_store)
            if isinstance(seen, Refusal):
                return seen
            call = seen
        look_up = method.look_up if call.found is None else None
        result = self._guarded(call, look_up or method.handle)
        if call.caller.is_store_only and look_up is None and isinstance(result, bytes):
            return shown_to_store(call, result)
        if look_up is not None and not isinstance(result, bytes | Refusal):
            return replace(call, found=result)
        assert isinstance(result, bytes | Refusal)
        return result

    def prepare(self) -> None:
        """Build the day tables of now and tomorrow before a caller waits for them, and move the capacity table on."""
        minute = self.now_minute()
        if minute // MINUTES_PER_DAY != self._prepared_day:
            self._prepared_day = minute // MINUTES_PER_DAY
            self._build_day_tables(self.image)
            if self.path.stock is not None:
                self.path.stock.start_capacity(capacity_first_day(self.clock.unix_ms()))

    def _build_day_tables(self, image: NetworkImage) -> None:
        minute = self.now_minute()
        for ahead in (0, MINUTES_PER_DAY):
            build_tables(image, minute + ahead, None)

    def idle(self) -> bool:
        """Nothing waits: keep up with the log, and look after the stock; whether more is to be done at once."""
        is_busy = self._keep_up()
        self._audit()
        return is_busy

    def _keep_up(self, *, is_asked: bool = True) -> bool:
        """Follow what other engines commit, do what other threads handed over, tell who watches; whether more is to be told.

        Unless it `is_asked` for, the store is not asked where a commit has just told all: it is busy with the next ones.
        """
        if is_asked or self.shards.count > 1 or not self.path.is_told_within(CATCH_UP_NS):
            self.path.catch_up()
        # Those that are there now: what is tried again comes after all else.
        for _ in range(len(self._handed)):
            if not self._handed[0]():
                break
            self._handed.popleft()
        self.prepare()
        if not self.path.is_shared:
            self._look_after_stock()
        self._learner.tick()
        self.price_learner.tick()
        self._look_again()
        is_busy = self.stock_watch.tell(self.image, self.now_minute())
        self._caught_up_ns = self.clock.monotonic_ns()
        return is_busy

    def _look_after_stock(self) -> None:
        """What one engine does for all who read its stock."""
        self._end_holds()
        if self.split is not None and self.path.stock is not None:
            self.split.keep_up(self.path.stock, self.path.run)
        self._sweeper.tick()
        if self.path.stock is not None:
            self.path.stock.matrix.beat(self.path.stale, self.clock.monotonic_ns())

    def hand_over(self, work: Callable[[], bool]) -> None:
        """Have something done in the desk's thread, between two batches; it says whether it is done. From any thread."""
        self._handed.append(work)

    def _audit(self) -> None:
        """Now and then, compare some of the stock with the store's."""
        now, stock = self.clock.monotonic_ns(), self.path.stock
        if self.auditor is None or stock is None or self.path.stale or now < self._audit_due_ns:
            return
        is_equal, done = self.auditor.look(stock), self.clock.monotonic_ns()
        self._audit_due_ns = done + max(AUDIT_NS, AUDIT_SHARE * (done - now))
        if not is_equal:
            self.path.stale = True
            self.stock_watch.start_anew("the stock in memory was not that of the store: start anew, without from_position")

    def _look_again(self) -> None:
        """Let those be decided again that waited for a position, or tell them that their deadline has passed."""
        waiting, self._behind = self._behind, []
        now = self.clock.unix_ms()
        for call in waiting:
            if call.deadline_unix_ms <= now:
                call.answer(Refusal(Reason.DEADLINE_EXCEEDED, "the stock did not reach min_position within the deadline"))
            elif self.path.stale:
                self._behind.append(call)
            else:
                self.decide_again(call)

    def _end_holds(self) -> None:
        """End the reservations whose time is up, and take back in the locations whose time out is over."""
        stock = self.path.stock
        if stock is None or self.path.stale:
            return
        due = stock.holds.due(self.clock.unix_ms(), EXPIRED_AT_ONCE_MAX)
        ends: list[Write] = [expiry(hold, self.image.version, self.clock) for hold in due]
        ends += place_writes.reopenings(self, stock)
        if ends:
            self.path.run(ends)

    def _guarded(self, call: Call, handle: "Handle") -> Any:
        try:
            return handle(self, call)
        except Refusal as refusal:
            return refusal
        except _Behind:
            return _BEHIND
        except Exception:
            self.log.exception("a fault of the engine", method=call.method)
            if METHODS[call.method].plans:
                # What was held for the plan may be left: the next call starts from a fresh copy of the stock.
                self.path.stale = True
            return fault()

    def stock(self, min_position: str, field: str = "min_position") -> LiveStock:
        """The stock in memory, no older than the caller asks. Raises `Refusal`, and `_Behind` where that may yet come."""
        if min_position:
            self.check_logs(min_position, field)
            if self._is_ahead(min_position):
                self._keep_up()
            is_ahead = self._is_ahead(min_position)
            # A store that went back to before what is recorded comes forward again, once it is reconciled.
            if is_ahead and (self.path.stale or self.ledger.has_recorded(min_position)):
                raise _Behind
            if is_ahead or not self._is_of_this_past(min_position):
                message = f"{field}: {min_position} was never recorded; the log is at {self.path.position}"
                raise Refusal(Reason.POSITION_LOST, message, (FieldViolation(field, message),))
        if self.path.stock is None:
            raise recovering()
        return self.path.stock

    def check_logs(self, position: str, field: str) -> None:
        """Raise `Refusal` where a consistency token has two positions of one log."""
        try:
            self.shards.parse(position)
        except ValueError:
            raise invalid([FieldViolation(field, POSITION_EXPECTED)]) from None

    def _is_ahead(self, position: str) -> bool:
        return not self.path.position or self.shards.is_ahead(position, self.path.position)

    def _is_of_this_past(self, position: str) -> bool:
        """Whether a position of an epoch that has ended was recorded: what came after the last record is lost."""
        return self.shards.is_of_epoch(position, self.path.position) or self.ledger.has_recorded(position)

    # -- sourcing

    def source(self, call: Call) -> bytes | Refusal | Write | None:
        """SourceOrder: a preview is answered from memory, an order goes on the write path."""
        request = parse(sourcing_service_pb2.SourceOrderRequest, call.message)
        if request.HasField("reservation_id"):
            if call.found is None:
                self.look_up_again(call, partial(reservations.LOOK_UP_ORDER, finished_answer))
                return None
            return reservations.source_reserved(self, call, finished_answer)
        image = self.image
        wrong = begin_read(request, image)
        is_shadow = request.mode == sourcing_service_pb2.SOURCE_MODE_SHADOW
        preview = is_shadow or request.mode == sourcing_service_pb2.SOURCE_MODE_PREVIEW
        if request.request_id or not preview:
            check_request_id(request.request_id, self.clock.unix_ms(), wrong)
        request.request_id = request.request_id.lower()  # the same id, whichever way its letters are written
        # Of what was asked, whatever is filled in.
        digest, message = digest_of(request), call.message
        try:
            if request.order.exchange_return_id:
                fill_exchange(self, request.order)
                message = request.SerializeToString()
            basket = decode_order(request, image, self.now_minute(), self.limits.lines_max, wrong)
            level = decode_level(request.explain, wrong)
            wrong.check()
        except Refusal as refusal:
            return self.recorded_or(refusal, call, request.request_id, digest, finished_answer)
        try:
            quoted = self.quoted_plan(request, request.order.basket)
        except Refusal as refusal:
            return self.recorded_or(refusal, call, request.request_id, digest, finished_answer)
        order = SourceRequest(
            request.request_id, digest, request.order.order_id, basket, message, level,
            is_held=bool(request.order.hold_reason), quoted=quoted,
        )  # fmt: skip
        stock = self.stock(request.min_position)
        if preview:
            planned = preview_order(image, stock, order, self.limits.nodes_max, self.clock)
            answer = source_answer(planned, self.clock.unix_ms())
            answer.position = self.path.position
            answer.MergeFromString(explained_answer(planned))
            if is_shadow:
                answer.comparison.CopyFrom(compared(planned, request.incumbent_plan, self.limits.nodes_max))
            self.readers.submit(self._answer_preview, call, order.order_id, answer.SerializeToString())
            return None
        known = self.known(order.request_id, order.digest, finished_answer)
        write = partial(OrderWrite, order, image, self.limits.nodes_max, self.clock, self._encode_order)
        return known or write(partial(self._sourced, call), explained_answer)

    def quoted_plan(self, request: Any, basket: types_pb2.Basket) -> QuotedPlan | None:
        """The plan of the quote that a request names; None where it names none. Raises `Refusal`."""
        if not request.quote_token:
            return None
        return read_token(request.quote_token, self.limits.quote_key, self.image, basket, self.now_minute())

    def look_up_again(self, call: Call, look_up: "Handle") -> None:
        """Beside the desk, look up what a call needs, and let it be decided with that; from any thread."""
        self.readers.submit(self._look_up, look_up, call)

    def _look_up(self, look_up: "Handle", call: Call) -> None:
        if call.tries:
            # Whatever was faster is to be recorded first, or it would be met again.
            time.sleep(min(AGAIN_SECONDS * 2**call.tries, AGAIN_SECONDS_MAX))
        result = self._guarded(call, look_up)
        if isinstance(result, bytes | Refusal):
            call.answer(result)
        else:
            self.decide_again(replace(call, found=result))

    def _answer_preview(self, call: Call, order_id: str, answer: bytes) -> None:
        """The plan, unless the order is recorded already: then nothing would be planned for it."""
        try:
            call.answer(order_exists() if self.ledger.has_record(order_id) else answer)
        except Exception:
            # As quotes do, previews go on from memory.
            self.log.exception("the ledger cannot be asked", method=call.method)
            call.answer(answer)

    def _encode_order(self, planned: Planned, taken: Taken) -> tuple[bytes, bytes]:
        return encode_order(planned, taken, self.clock.unix_ms())

    def _sourced(self, call: Call, write: OrderWrite, outcome: Recorded | Refusal) -> None:
        answer = write.response + write.explained
        self.settled(finished_answer, call, write.request_id, write.request.digest, answer, outcome)

    # -- inventory

    def adjust(self, call: Call) -> bytes | Refusal | Write:
        """AdjustInventory."""
        request = parse(inventory_service_pb2.AdjustInventoryRequest, call.message)
        image = self.image
        now = self.clock.unix_ms()
        wrong = begin_write(request, image, now)
        adjustment = decode_adjustment(request, image, digest_of(request), call.message, now, wrong)
        wrong.check()
        self.stock(request.min_position)
        known = self.known(request.request_id, adjustment.digest, finished_adjustment)
        answer = partial(self._adjusted, call)
        return known or AdjustWrite(adjustment, image, self.feed_texts, self.order_books, self.clock.unix_ms, answer)

    def _adjusted(self, call: Call, write: AdjustWrite, outcome: Recorded | Refusal) -> None:
        match outcome:
            case Refusal(Reason.CONTENDED) if write.tries < (CONTENDED_TRIES_MAX if self.split is None else SPLIT_TRIES_MAX):
                write.tries += 1
                self._handed.append(partial(self._try_again, write, self.clock.monotonic_ns() + RECORD_NS))
            case _:
                self.settled(finished_adjustment, call, write.request_id, write.adjustment.digest, write.response, outcome)

    def _try_again(self, write: AdjustWrite, due_ns: int) -> bool:
        """In the desk's thread: plan it again, once what is on its way to the ledger may have arrived there."""
        if self.clock.monotonic_ns() < due_ns:
            return False
        if write.image.version != self.image.version:
            # Indexes of the one network mean nothing in the other.
            write.tries = SPLIT_TRIES_MAX
            write.settle(Refusal(Reason.CONTENDED, "the network was reloaded meanwhile; try again"))
        else:
            self.path.run([write])
        return True

    def sync(self, call: Call) -> bytes | Refusal:
        """SyncInventory: its parts are planned in the desk's thread, one between others' calls."""
        assert call.stream is not None, "the front gathers the stream"
        if not self._syncs.acquire(blocking=False):
            return Refusal(Reason.OVERLOADED, f"{SYNCS_MAX} synchronisations are under way; come back after the delay given")
        try:
            sync = Sync(call.stream, self.image, self._sync_tools)
            digest = sync.digest()
            return self.recorded_answer(sync.request_id, digest, finished_sync) or sync.apply(digest)
        finally:
            self._syncs.release()
            call.stream.close()

    def _stock_in_memory(self) -> LiveStock:
        stock = self.path.stock
        assert stock is not None, "an engine that serves has loaded it"
        return stock

    def availability(self, call: Call) -> bytes:
        """GetAvailability."""
        request = parse(inventory_service_pb2.GetAvailabilityRequest, call.message)
        image = self.image
        wrong = begin_read(request, image)
        wrong.check()
        stock = self.stock(request.min_position)
        answer = get_availability(request, image, stock, self.now_minute())
        answer.stale = self.path.stale
        return answer.SerializeToString()

    # -- network

    def network(self, call: Call) -> bytes:
        """GetNetwork."""
        request = parse(network_service_pb2.GetNetworkRequest, call.message)
        image = self.image
        wrong = begin_read(request, image)
        wrong.check()
        stock = self.stock(request.min_position)
        answer = network_service_pb2.GetNetworkResponse(
            network=describe_network(image, self._images_taken), position=stock.matrix.position, stale=self.path.stale
        )
        return answer.SerializeToString()

    def reload(self, call: Call) -> bytes | Refusal:
        """ReloadNetwork: all but the swap is done beside the calls in hand."""
        request = parse(network_service_pb2.ReloadNetworkRequest, call.message)
        wrong = begin_write(request, self.image, self.clock.unix_ms())
        wrong.check()
        digest = digest_of(request)
        known = self.recorded_answer(request.request_id, digest, finished_reload)
        if isinstance(known, Refusal) or (known is not None and version_of(known) == self.image.version):
            return known
        if known is None:
            place_writes.check_version(request, self._images_taken, "the network")
        if not self._reloading.acquire(blocking=False):
            return Refusal(Reason.CONTENDED, "another reload is under way; try again when it is done")
        try:
            return self._reload(request, digest, call.message, known)
        finally:
            self._reloading.release()

    def validate(self, call: Call) -> bytes:
        """ValidateNetwork: all of ReloadNetwork but the record and the swap."""
        request = parse(network_service_pb2.ValidateNetworkRequest, call.message)
        self.check_read(request.network_id, request.min_position, None, "")
        records, found = self._source.check()
        if records is not None and records.network.name != self.image.network.name:
            message = refused_name(records.network.name, self.image.network.name).message
            found.insert(0, error_of("network.toml", message, "UNKNOWN_NETWORK"))
            records = None
        return network_service_pb2.ValidateNetworkResponse(
            valid=records is not None, findings=found[:FINDINGS_MAX], position=self.path.position,
            network_version=compile_image(records).version if records is not None else "",
        ).SerializeToString()  # fmt: skip

    def _reload(
        self, request: network_service_pb2.ReloadNetworkRequest, digest: bytes, message: bytes, known: bytes | None
    ) -> bytes | Refusal:
        """Read, compile, record, swap: what fails before the record leaves everything as it was.

        known: what was recorded under the request's id, by a call that may have ended before the swap or on another engine.
        """
        try:
            records, found = self._source.read()
        except Refusal as refusal:
            return known or refusal
        image = compile_image(records)
        if image.network.name != self.image.network.name:
            return known or refused_name(image.network.name, self.image.network.name)
        self._build_day_tables(image)
        answer = known or self._record_reload(request, digest, message, image, found)
        if isinstance(answer, Refusal) or version_of(answer) != image.version:
            return answer
        keep_taken(records)
        taken = Event()
        self._handed.append(partial(self._take_over, image, records, taken))
        if not taken.wait(RELOAD_SECONDS_MAX):
            return Refusal(Reason.STORE_RECOVERING, "recorded, and taken over as soon as the shared stock can be read")
        return answer

    def _record_reload(
        self, request: network_service_pb2.ReloadNetworkRequest, digest: bytes, message: bytes, image: NetworkImage,
        found: list[network_service_pb2.NetworkFinding],
    ) -> bytes | Refusal:  # fmt: skip
        """Record it by way of the desk's thread, and wait for that."""
        response = network_service_pb2.ReloadNetworkResponse(
            network=describe_network(image, self._images_taken + 1), findings=found
        )
        write = NoteWrite(ledger_entry_pb2.LedgerEntry(
            request_id=request.request_id, method=RELOAD_NETWORK, request_digest=digest, request=message,
            response=response.SerializeToString(), network_version=image.version, decided_unix_ms=self.clock.unix_ms(),
        ))  # fmt: skip
        self._handed.append(partial(self._record, write))
        if not write.settled.wait(RELOAD_SECONDS_MAX):
            return Refusal(Reason.DEADLINE_EXCEEDED, "its fate is unknown: repeat it with the same request_id")
        match write.outcome:
            case Recorded(position, duplicate=False):
                return finished_reload(write.entry.response, position, duplicate=False)
            case Refusal() as refusal:
                return refusal
        answer = self.recorded_answer(request.request_id, digest, finished_reload)
        assert answer is not None, "the ledger said that it was recorded"
        return answer

    def _record(self, write: NoteWrite) -> bool:
        """In the desk's thread: the write is on its way, and settled when it is recorded."""
        self.path.run([write])
        return True

    def _take_over(self, image: NetworkImage, records: NetworkRecords, taken: Event) -> bool:
        """In the desk's thread, between two batches: from here on everything is decided by the other image."""
        if not self._source.take_over(image, records):
            return False
        self.image = image
        self._images_taken += 1
        self._prepared_day = -1
        self.prepare()
        if self.path.stock is not None and (writes := place_writes.corrections(self, self.path.stock)):
            self.path.run(writes)
        taken.set()
        return True

    # -- explanations

    def explain(self, call: Call) -> bytes:
        """ExplainPlan."""
        request = parse(sourcing_service_pb2.ExplainPlanRequest, call.message)
        image = self.image
        wrong = begin_read(request, image)
        level = decode_level(request.explain, wrong) or Level.FULL
        subject, asked = request.WhichOneof("subject"), request.basket
        if subject == "quote_token":
            wrong.add_unbuilt("quote_token")
        elif subject is None:
            wrong.add("basket", "an order_id or a basket was expected")
        elif subject == "order_id" and check_id(request.order_id, "order_id", wrong):
            asked = order_of(self._entries_of(request.order_id)).basket
            # What was asked then is planned from now on.
            asked.ClearField("request_time")
        if subject == "basket" or (subject == "order_id" and not wrong.invalid):
            basket = decode_basket(asked, "basket", image, self.now_minute(), self.limits.lines_max, wrong)
        wrong.check()
        stock = self.stock(request.min_position)
        build_tables(image, basket.request_minute, basket.destination)
        scene = set_scene(image, stock, basket, is_cut=cut_for(self.clock, call.deadline_unix_ms))
        started = self.clock.monotonic_ns()
        plan, explained = decide_explained(scene, scene.services, self.limits.nodes_max, level)
        micros = (self.clock.monotonic_ns() - started) // 1_000
        return sourcing_service_pb2.ExplainPlanResponse(
            plan=encode_plan(scene, plan, "explained", micros), explanation=encode_explanation(explained),
            currency=image.network.currency, position=self.path.position, network_version=image.version,
        ).SerializeToString()  # fmt: skip

    def candidates(self, call: Call) -> bytes:
        """ListCandidateLocations."""
        request = parse(sourcing_service_pb2.ListCandidateLocationsRequest, call.message)
        image = self.image
        wrong = begin_read(request, image)
        check_range(request.page_size, "page_size", 0, PAGE_SIZE_MAX, wrong)
        start = decode_page_token(request.page_token, wrong)
        basket = decode_basket(request.basket, "basket", image, self.now_minute(), self.limits.lines_max, wrong)
        wrong.check()
        stock = self.stock(request.min_position)
        build_tables(image, basket.request_minute, basket.destination)
        scene = set_scene(image, stock, basket, is_cut=cut_for(self.clock, call.deadline_unix_ms))
        _, explained = decide_explained(scene, scene.services, self.limits.nodes_max, Level.FULL, with_bindings=False)
        ranked = explained.ranked()
        if request.feasible_only:
            ranked = [each for each in ranked if each in explained.chosen or explained.carries[:, each].any()]
        end = start + (request.page_size or PAGE_SIZE_DEFAULT)
        return sourcing_service_pb2.ListCandidateLocationsResponse(
            candidates=encode_candidates(explained, ranked[start:end]),
            next_page_token=str(end) if end < len(ranked) else "", currency=image.network.currency,
            position=self.path.position,
        ).SerializeToString()  # fmt: skip

    # -- orders

    def order(self, call: Call) -> bytes:
        """GetOrder."""
        request = parse(order_service_pb2.GetOrderRequest, call.message)
        self.check_read(request.network_id, request.min_position, request.order_id, "order_id")
        entries = self._entries_of(request.order_id)
        messages = [ledger_entry_pb2.LedgerEntry.FromString(each.entry) for each in entries]
        answer = order_service_pb2.GetOrderResponse(
            order=with_units(self, order_left(messages)), position=entries[-1].position,
            returns=returns_left(messages).values(),
        )  # fmt: skip
        return answer.SerializeToString()

    def order_events(self, call: Call) -> bytes:
        """ListOrderEvents."""
        request = parse(order_service_pb2.ListOrderEventsRequest, call.message)
        wrong = Violations()
        check_range(request.page_size, "page_size", 0, PAGE_SIZE_MAX, wrong)
        start = decode_page_token(request.page_token, wrong)
        self.check_read(request.network_id, request.min_position, request.order_id, "order_id", wrong)
        entries = self._known_order(self.ledger.find_order_events(request.order_id), request.order_id)
        events = events_of(entries, request.order_id)
        answer = page_of_events(events, request.page_size or PAGE_SIZE_DEFAULT, start)
        answer.position = entries[-1].position
        return answer.SerializeToString()

    def check_read(
        self, network_id: str, min_position: str, record_id: str | None, field: str, wrong: Violations | None = None
    ) -> None:
        """Check a read of the ledger: of one record by id, or of many where that is None. Raises `Refusal`."""
        wrong = wrong or Violations()
        check_network(network_id, self.image)
        check_position(min_position, wrong)
        if record_id is not None:
            check_id(record_id, field, wrong)
        wrong.check()
        self.check_logs(min_position, "min_position")
        check_recorded(min_position, self.ledger)

    def _entries_of(self, order_id: str) -> tuple[RecordedEntry, ...]:
        return self._known_order(self.ledger.find_order(order_id), order_id)

    def _known_order(self, entries: tuple[Found, ...], order_id: str) -> tuple[Found, ...]:
        if not entries:
            message = f"order_id: no order {order_id!r} is recorded"
            raise Refusal(Reason.UNKNOWN_ORDER, message, (FieldViolation("order_id", message),))
        return entries

    # -- duplicates

    def known(self, request_id: str, digest: bytes, finish: Finish) -> bytes | Refusal | None:
        """The recorded answer of an id too old for the store to remember; None: not recorded, or young enough."""
        if self.clock.unix_ms() - unix_ms_of(request_id) < REMEMBERED_MS:
            return None
        return self.recorded_answer(request_id, digest, finish)

    def recorded_or(self, refusal: Refusal, call: Call, request_id: str, digest: bytes, finish: Finish) -> Refusal | None:
        """Refuse what cannot be asked for now, unless it was recorded when it could; None: answered when the ledger has said.

        A repeat may come when the latest date has passed, or when the network does not have the item any more.
        """
        if not is_uuid7(request_id):
            return refusal
        self.readers.submit(self._answer_recorded_or, refusal, call, request_id, digest, finish)
        return None

    def _answer_recorded_or(
        self, refusal: Refusal, call: Call, request_id: str, digest: bytes, finish: Finish
    ) -> None:  # fmt: skip
        answer: bytes | Refusal | None = None
        try:
            answer = self.recorded_answer(request_id, digest, finish)
        except Exception:
            self.log.exception("the ledger cannot be asked", method=call.method)
        call.answer(answer if isinstance(answer, bytes) else refusal)

    def settled(
        self, finish: Finish, call: Call, request_id: str, digest: bytes, response: bytes, outcome: Recorded | Refusal
    ) -> None:  # fmt: skip
        """Answer a write: by its own response, or by the recorded one where it was done before."""
        match outcome:
            case Recorded(duplicate=True):
                self.readers.submit(self.answer_duplicate, call, request_id, digest, finish)
            case Recorded(position):
                self.log.debug("recorded", method=call.method, request_id=request_id, position=position)
                call.answer(finish(response, position, duplicate=False))
            case Refusal():
                self.log.debug("refused", method=call.method, request_id=request_id, reason=outcome.reason)
                call.answer(outcome)

    def answer_duplicate(self, call: Call, request_id: str, digest: bytes, finish: Finish) -> None:
        """Answer a repeat that the ledger has recorded by now."""
        try:
            answer = self.recorded_answer(request_id, digest, finish)
        except Exception:
            self.log.exception("a fault of the engine", method=call.method)
            answer = fault()
        assert answer is not None, "the ledger said that it was recorded"
        call.answer(answer)

    def recorded_answer(self, request_id: str, digest: bytes, finish: Finish) -> bytes | Refusal | None:
        """What was answered to a request that is recorded; a refusal where its id had other content; None: not recorded."""
        recorded = self.ledger.find_requests([request_id]).get(request_id)
        if recorded is None:
            return None
        if not recorded.entry:
            return refused_forgotten(recorded.position)
        entry = ledger_entry_pb2.LedgerEntry.FromString(recorded.entry)
        if entry.method == requests.CANCEL_REQUEST:
            return Refusal(Reason.REQUEST_CANCELLED, "request_id: it was called off by CancelRequest; nothing was done")
        if entry.method != finish.method or entry.request_digest != digest:
            return refused_reuse()
        return finish(entry.response, recorded.position, duplicate=True)

    def now_minute(self) -> int:
        """The UTC minute that an order of this moment is decided for."""
        # Whatever minute it is, the order comes after it began.
        return -(-self.clock.unix_ms() // 60_000)


def capacity_first_day(unix_ms: int) -> int:
    """The first day of the capacity table at an instant."""
    return unix_ms // 60_000 // MINUTES_PER_DAY - CAPACITY_DAYS_BEFORE


def capacity_days(horizon_days: int) -> int:
    """Days in the capacity table: an order may be for the end of the horizon, and be promised over another one."""
    return CAPACITY_DAYS_BEFORE + 2 * horizon_days + MONTH_DAYS_MAX + DAYS_AFTER + CAPACITY_DAYS_SPARE


def explained_answer(planned: Planned) -> bytes:
    """The explanation as a part of the answer to an order; empty where none was asked for."""
    if planned.explanation is None:
        return b""
    explanation = encode_explanation(planned.explanation)
    return sourcing_service_pb2.SourceOrderResponse(explanation=explanation).SerializeToString()


Handle = Callable[[Handlers, Call], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """A method that is served: where it is worked on, and by what."""

    lane: Lane
    handle: Handle
    """Its answer, or the write that it asks for; None: it is answered by another thread."""
    look_up: Handle | None = None
    """Beside the desk, before `handle`: the answer, or what is to be found in the call."""
    plans: bool = False
    """It plans on the stock in memory, where a fault may leave what it held."""
    takes_stream: bool = False
    """The client streams what it asks."""
    lines: tuple[int, ...] = ()
    """Field numbers that lead from a request to its lines; none: it is little work."""
    sends_stream: bool = False
    """It answers with a stream: b"" once that stands."""


METHODS: Mapping[str, Method] = {
    "/belofte.v1.PromiseService/QuotePromise": Method(Lane.DECIDE, quotes.quote, plans=True, lines=(5, 1)),
    "/belofte.v1.PromiseService/BatchQuotePromises": Method(Lane.DECIDE, quotes.quote_batch, plans=True, lines=(5, 5, 1)),
    "/belofte.v1.PromiseService/GetEstimatedDelivery": Method(Lane.DECIDE, estimates.estimate, plans=True),
    SOURCE_METHOD: Method(Lane.DECIDE, Handlers.source, plans=True, lines=(5, 3, 1)),
    "/belofte.v1.SourcingService/BatchSourceOrders": Method(Lane.DECIDE, source_batch, plans=True, lines=(5, 5, 3, 1)),
    "/belofte.v1.SourcingService/ExplainPlan": Method(Lane.DECIDE, Handlers.explain, plans=True, lines=(6, 1)),
    "/belofte.v1.SourcingService/ListCandidateLocations": Method(Lane.DECIDE, Handlers.candidates, plans=True, lines=(5, 1)),
    "/belofte.v1.SourcingService/GetRequest": Method(Lane.DECIDE, requests.get_request, requests.look_up_status),
    "/belofte.v1.SourcingService/CancelRequest": Method(Lane.DECIDE, requests.cancel, requests.look_up),
    "/belofte.v1.SourcingService/RerouteOrders": Method(Lane.READ, reroute, sends_stream=True),
    "/belofte.v1.SourcingService/SimulateSourcing": Method(Lane.READ, simulate, sends_stream=True),
    **{f"/belofte.v1.SourcingService/{each.name}": Method(Lane.DECIDE, each.handle, each.look_up) for each in SOURCING_METHODS},
    "/belofte.v1.InventoryService/AdjustInventory": Method(Lane.DECIDE, Handlers.adjust),
    "/belofte.v1.InventoryService/SyncInventory": Method(Lane.READ, Handlers.sync, takes_stream=True),
    "/belofte.v1.InventoryService/GetAvailability": Method(Lane.DECIDE, Handlers.availability),
    "/belofte.v1.InventoryService/WatchAvailability": Method(Lane.DECIDE, watch_availability, sends_stream=True),
    "/belofte.v1.ReservationService/CreateReservation": Method(Lane.DECIDE, reservations.create, plans=True, lines=(6, 1)),
    "/belofte.v1.ReservationService/ExtendReservation": Method(Lane.DECIDE, reservations.extend, reservations.LOOK_UP_EXTEND),
    "/belofte.v1.ReservationService/ReleaseReservation": Method(
        Lane.DECIDE, reservations.release, reservations.LOOK_UP_RELEASE
    ),
    "/belofte.v1.ReservationService/ConfirmReservation": Method(
        Lane.DECIDE, reservations.confirm, reservations.LOOK_UP_CONFIRM
    ),
    "/belofte.v1.ReservationService/TransferReservation": Method(Lane.DECIDE, reservations.transfer, reservations.look_up_both),
    "/belofte.v1.ReservationService/GetReservation": Method(Lane.READ, reservations.get),
    "/belofte.v1.ReservationService/ListReservations": Method(Lane.READ, reservations.list_page),
    "/belofte.v1.OrderService/GetOrder": Method(Lane.READ, Handlers.order),
    "/belofte.v1.OrderService/ListOrderEvents": Method(Lane.READ, Handlers.order_events),
    "/belofte.v1.OrderService/ListOrders": Method(Lane.READ, list_orders),
    **{f"/belofte.v1.OrderService/{each.name}": Method(Lane.DECIDE, each.handle, each.look_up) for each in ORDER_METHODS},
    "/belofte.v1.OrderService/WatchEvents": Method(Lane.READ, watch_events, sends_stream=True),
    "/belofte.v1.NetworkService/GetNetwork": Method(Lane.DECIDE, Handlers.network),
    "/belofte.v1.NetworkService/ReloadNetwork": Method(Lane.READ, Handlers.reload),
    "/belofte.v1.NetworkService/ValidateNetwork": Method(Lane.READ, Handlers.validate),
    "/belofte.v1.NetworkService/SetLocationStatus": Method(Lane.DECIDE, place_writes.set_status, place_writes.look_up_open),
    "/belofte.v1.NetworkService/SetCapacity": Method(Lane.DECIDE, place_writes.set_capacity),
    "/belofte.v1.NetworkService/GetCapacity": Method(Lane.DECIDE, place_writes.get_capacity),
}

CLIENT_STREAMS = tuple(name for name, method in METHODS.items() if method.takes_stream)
SERVER_STREAMS = tuple(name for name, method in METHODS.items() if method.sends_stream)

SERVICES = (
    "belofte.v1.PromiseService",
    "belofte.v1.SourcingService",
    "belofte.v1.ReservationService",
    "belofte.v1.InventoryService",
    "belofte.v1.OrderService",
    "belofte.v1.NetworkService",
)
