"""Plain quotes from their bytes to their answers: read, planned and written many at a time, by kernels (`promise/plain.py`).

Whatever is not plain, or is wrong in any way, is left to the ordinary way (`quotes.py`), which knows what to say of it.
"""

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.domain.clock import Clock
from engine.inventory.live import LiveStock
from engine.inventory.matrix import Slot
from engine.kernels.order_tables import B_ITEM, B_PRICE_MICROS, B_QUANTITY, LINE_READ_FIELDS, OTHER, PLAIN, V_SOLVE_MICROS
from engine.kernels.plan_orders import PEGS_USED, SHIPMENTS_USED, SUMS_USED, TERMS_USED
from engine.kernels.quote_tables import (
    A_FIRST_LINE,
    A_FRONTIER,
    A_LINE_COUNT,
    A_LINES_BEGIN,
    A_OPTIONS_MAX,
    A_STATUS,
    A_TAIL_BEGIN,
    A_TAIL_END,
    ASKED_FIELDS,
    POINTS_MAX,
    Q_FIRST_LINE,
    Q_LINE_COUNT,
    Q_STATUS,
    QuoteNames,
)
from engine.kernels.read_orders import LINE_BYTES_MIN
from engine.kernels.read_quotes import read_quotes
from engine.kernels.write_orders import widest_text
from engine.kernels.write_quotes import answers_bytes_max, write_quotes
from engine.network.fees import service_fees
from engine.network.horizon import Horizon
from engine.network.image import NetworkImage
from engine.optimizer.plain import PlainKind, PlainLines
from engine.optimizer.workspace import workspace_of
from engine.promise.plain import PlainQuoter, QuoteTables
from engine.promise.quote import OPTIONS_DEFAULT
from engine.service.order_texts import names_of, slot_names
from engine.service.plain_estimates import PlainListings
from engine.service.plain_kinds import PlainKinds
from engine.service.plain_tokens import PlainSigner, no_tokens
from engine.service.quote_texts import answer_ends, delivery_minutes, quote_words
from engine.service.quote_tokens import QuoteKey

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

TOGETHER_MAX = 256
"""Quotes that are planned before they are written. Of more the tables outgrow the caches; with fewer the code of each stage
comes from memory anew too often: 128 took a tenth longer each."""


class Moment(NamedTuple):
    """When and where the stock stands that quotes are planned on."""

    minute: int
    position: str
    stale: bool


class Asked(NamedTuple):
    """Messages as they were read: tables of `quote_tables`, and the kind of each, None where it is not plain."""

    messages: Bytes
    rows: Ints
    lines: Ints
    kinds: list[PlainKind | None]
    decisive: list[bytes]
    """What of each basket decides anything, as it is written; empty where it is not plain, and where nothing is signed."""

    def items_of(self, rows: Sequence[int]) -> Ints:
        """Items of the quotes in these rows."""
        first, count = self.rows[rows, A_FIRST_LINE], self.rows[rows, A_LINE_COUNT]
        end = np.cumsum(count)
        found: Ints = self.lines[B_ITEM, np.repeat(first - end + count, count) + np.arange(end[-1])]
        return found


class PlainPromises:
    """Reads, plans and writes plain quotes of one network image. Used by one thread."""

    def __init__(self, image: NetworkImage, lines_max: int, clock: Clock, key: QuoteKey | None = None) -> None:
        """key: signs options; None: they are not signed."""
        self.image = image
        self.clock = clock
        self.key = key if key is not None and key.secret else None
        self.quoter = PlainQuoter(image)
        self.kinds = PlainKinds(image, lines_max, self.quoter.policies)
        self.listings = PlainListings(image, self.kinds)
        self._names: QuoteNames | None = None
        self._horizon: Horizon | None = None
        self._slots: Sequence[Slot] | None = None
        self._made_of: tuple[Moment, int, int] | None = None
        self._slot_count = self._widest = 0
        self._out = np.empty(0, np.uint8)
        """Kept, since memory that is new costs more than what is written there."""
        self.stage_ns = {"read": 0, "plan": 0, "write": 0}
        """Time spent so far on each part of the way."""

    def answer(
        self, messages: Sequence[bytes], stock: LiveStock, moment: Moment
    ) -> list[bytes | None]:  # fmt: skip
        """An answer to each QuotePromiseRequest, signed where there is a key; None: by the ordinary way."""
        ends = np.cumsum([*map(len, messages)], dtype=np.int64)
        return self.answer_within(b"".join(messages), np.append(0, ends[:-1]), ends, stock, moment)

    def answer_within(self, text: bytes, begins: Ints, ends: Ints, stock: LiveStock, moment: Moment) -> list[bytes | None]:
        """`answer` to requests that are text[begins[i] : ends[i]]."""
        answers: list[bytes | None] = [None] * len(begins)
        if self.kinds.items is None or not answers:
            return answers
        ns, started = self.clock.monotonic_ns, self.clock.monotonic_ns()
        asked = self.read(text, begins, ends, stock, moment.minute)
        self.stage_ns["read"] += ns() - started
        plain = [n for n, kind in enumerate(asked.kinds) if kind is not None]
        # Those of a kind follow each other: what their destination costs from every location is in the cache then.
        plain.sort(key=lambda n: id(asked.kinds[n]))
        most = min(TOGETHER_MAX, workspace_of(self.image).row_count)
        for first in range(0, len(plain), most):
            rows, started = plain[first : first + most], ns()
            tables = self.plan(asked, rows, stock.still(asked.items_of(rows)), moment.minute)
            planned = ns()
            signer = None
            if self.key is not None:
                baskets, policies = [asked.decisive[row] for row in rows], self.quoter.policies.policies
                signer = PlainSigner(self.key, self.image, policies, moment.minute, moment.position, baskets)
            for n, answer in zip(rows, self.write(asked, tables, stock, moment, signer), strict=True):
                answers[n] = answer
            self.stage_ns["plan"] += planned - started
            self.stage_ns["write"] += ns() - planned
        return answers

    def read(self, text: bytes, begins: Ints, ends: Ints, stock: LiveStock, minute: int) -> Asked:
        """What is asked, and of what kind it is."""
        kinds = self.kinds
        assert kinds.items is not None, "there are items that may be asked for plainly"
        kinds.follow(stock)
        messages = np.frombuffer(bytearray(text), np.uint8)
        asked = np.empty((len(begins), ASKED_FIELDS), np.int64)
        lines = np.empty((LINE_READ_FIELDS, len(text) // LINE_BYTES_MIN + 1), np.int64)
        count = read_quotes(messages, begins, ends, kinds.network, kinds.lines_max, kinds.items, asked, lines)
        # What each basket holds and is worth: its sum is the difference of two running sums.
        quantity, price = lines[B_QUANTITY, :count], lines[B_PRICE_MICROS, :count]
        units = [0, *np.cumsum(quantity).tolist()]
        # Running sums of money may pass int64 and begin anew; what one basket is worth does not.
        value = [0, *np.cumsum(price * quantity).tolist()]
        found: list[PlainKind | None] = []
        decisive: list[bytes] = []
        for row in asked.tolist():
            kind, basket = None, b""
            if row[A_STATUS] == PLAIN:
                first = row[A_FIRST_LINE]
                last = first + row[A_LINE_COUNT]
                quantity_sum = units[last] - units[first]
                tail = kinds.tail_of(text[row[A_TAIL_BEGIN] : row[A_TAIL_END]], minute, stock)
                kind = tail.always
                if kind is None:
                    kind = kinds.kind_in(tail, (value[last] - value[first]) % 2**64, quantity_sum, minute, stock)
                elif quantity_sum > kind.units_max:
                    kind = None
                if self.key is not None:
                    basket = text[row[A_LINES_BEGIN] : row[A_TAIL_BEGIN]] + tail.decisive
            found.append(kind)
            decisive.append(basket)
        return Asked(messages, asked, lines, found, decisive)

    def plan(self, asked: Asked, rows: Sequence[int], stock: LiveStock, minute: int) -> QuoteTables:
        """Plans of the quotes in these rows."""
        of = asked.rows[rows]
        wanted = of[:, A_OPTIONS_MAX : A_FRONTIER + 1].copy()
        wanted[wanted[:, 0] == 0, 0] = OPTIONS_DEFAULT
        started = self.clock.monotonic_ns()
        tables = self.quoter.plan(
            stock, minute, [kind for row in rows if (kind := asked.kinds[row]) is not None], of[:, A_FIRST_LINE],
            of[:, A_LINE_COUNT], PlainLines(asked.lines[B_ITEM], asked.lines[B_QUANTITY]), wanted,
        )  # fmt: skip
        # They were decided in one go: each has its share of the time.
        tables.planned.orders[:, V_SOLVE_MICROS] = (self.clock.monotonic_ns() - started) // 1_000 // len(rows)
        tables.quotes[:, Q_FIRST_LINE], tables.quotes[:, Q_LINE_COUNT] = of[:, A_FIRST_LINE], of[:, A_LINE_COUNT]
        return tables

    def write(
        self, asked: Asked, tables: QuoteTables, stock: LiveStock, moment: Moment, signer: PlainSigner | None = None
    ) -> list[bytes | None]:
        """The answers to what was planned, in the order of its rows; signed where there is who signs."""
        names, quotes = self._names_of(stock, moment), tables.quotes
        used = tables.planned.used.tolist()
        plans, promises = tables.ranked.size, int(quotes[:, Q_LINE_COUNT].sum()) * tables.ranked.shape[1]
        size = answers_bytes_max(
            len(quotes), plans, used[SHIPMENTS_USED], used[PEGS_USED], used[TERMS_USED] + used[SUMS_USED], promises,
            len(quotes) * POINTS_MAX, self._widest,
        )  # fmt: skip
        tokens = no_tokens(plans) if signer is None else signer.sign(tables)
        size += 2 * len(tokens.content)  # as text they are longer by a third
        if len(self._out) < size:
            self._out = np.empty(size, np.uint8)
        out, spans = self._out, np.empty((len(quotes), 2), np.int64)
        written = write_quotes(
            asked.messages, asked.lines, quotes, tables.planned, tables.facts, tables.ranked, tables.points, names, tokens, out,
            spans,
        )  # fmt: skip
        assert written >= 0, "there is room for what is written at the most"
        view, left = out.data, quotes[:, Q_STATUS] == OTHER
        answers: list[bytes | None] = [bytes(view[begin:end]) for begin, end in spans.tolist()]
        if left.any():
            for q in np.flatnonzero(left).tolist():
                answers[q] = None
        return answers

    def _names_of(self, stock: LiveStock, moment: Moment) -> QuoteNames:
        """What the numbers in the tables are called by now."""
        policies, slots, horizon = self.quoter.policies.policies, stock.matrix.slots, self.image.horizon(moment.minute)
        made_of = moment._replace(minute=horizon.first_day), len(policies), len(slots)
        if self._slots is not slots:
            # Stock that was loaded anew numbers its slots anew, however many they are.
            self._names, self._slots = None, slots
        if self._names is None or self._made_of != made_of:
            self._names, self._made_of = self._new_names(slots, horizon, moment), made_of
            of_plans = self._names.plans
            self._widest = max(widest_text(of_plans), widest_text(of_plans._replace(receipts=self._names.minute_texts)))
        return self._names

    def _new_names(self, slots: Sequence[Slot], horizon: Horizon, moment: Moment) -> QuoteNames:
        """Only what is another now is made anew: positions change with each batch, days with each month."""
        image, last = self.image, self._names
        if last is None or self._horizon is not horizon:
            minutes, texts = delivery_minutes(horizon, ZoneInfo(image.network.time_zone))
            last = QuoteNames(names_of(image, slots, (), ()), quote_words(), minutes, texts)
            self._horizon, self._slot_count = horizon, len(slots)
        plans = last.plans._replace(
            answer_ends=answer_ends(image, self.quoter.policies.policies, moment.position, moment.stale),
            fees=service_fees(image, self.quoter.policies.policies),
        )
        if self._slot_count < len(slots):
            receipts, pools = slot_names(slots)
            plans = plans._replace(receipts=receipts, pools=pools)
            self._slot_count = len(slots)
        return last._replace(plans=plans)
