"""Plain orders from their bytes to their record: read, planned and written many at a time, by kernels (`sourcing/plain.py`).

Whatever is not plain, or is wrong in any way, is left to the handlers, which know what to say of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from belofte.v1 import ledger_entry_pb2
from numpy.typing import NDArray

from engine.domain.clock import Clock
from engine.domain.reasons import Refusal
from engine.inventory.keys import REMEMBERED_MS
from engine.inventory.live import LiveStock
from engine.inventory.transaction import CapacityChange, Cell, CellChange, Transaction
from engine.inventory.write_path import Grouped, PlannedGroup, Recorded, Write
from engine.kernels.entries import UNLIMITED
from engine.kernels.order_tables import (
    A_BODY_BEGIN,
    A_BODY_END,
    A_FIRST_LINE,
    A_ID_BEGIN,
    A_ID_MS,
    A_LINE_COUNT,
    A_NETWORK_BEGIN,
    A_NETWORK_END,
    A_ORDER_ID_BEGIN,
    A_ORDER_ID_END,
    A_STATUS,
    A_TAIL_BEGIN,
    A_TAIL_END,
    ASKED_FIELDS,
    B_ITEM,
    B_PRICE_MICROS,
    B_QUANTITY,
    DIGEST_BYTES,
    K_ITEM,
    K_KEPT,
    K_QUANTITY,
    K_SLOT,
    LINE_READ_FIELDS,
    PLAIN,
    REQUEST_ID_BYTES,
    S_CAPACITY,
    S_DAY,
    S_FIRST_PEG,
    S_LOCATION,
    S_PEG_COUNT,
    V_ATTEMPTS,
    V_DECIDED_MS,
    V_FIRST_SHIPMENT,
    V_MESSAGE,
    V_SHIPMENT_COUNT,
    V_SOLVE_MICROS,
    Names,
)
from engine.kernels.plan_orders import PEGS_USED, SHIPMENTS_USED, SUMS_USED, TERMS_USED
from engine.kernels.read_orders import LINE_BYTES_MIN, read_orders
from engine.kernels.write_orders import entries_bytes_max, widest_text, write_orders
from engine.network.image import NetworkImage
from engine.network.policies import policy_version
from engine.optimizer.plain import PlainKind, PlainLines
from engine.service.desk import Call
from engine.service.fields import REQUEST_ID_AHEAD_MS_MAX
from engine.service.order_texts import names_of, pieces_of, slot_names
from engine.service.plain_kinds import PlainKinds
from engine.sourcing.cells import Place, guards_of
from engine.sourcing.plain import PlainPlanner, PlainPlans

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

Answer = Callable[[Call, str, bytes, bytes, Recorded | Refusal], None]
"""Told the call, the request's id and digest, the answer without its position, and what became of it."""


@dataclass(eq=False, slots=True)
class PlainWrite(Grouped):
    """A plain order on the write path; planned by itself it is as any other order."""

    group: "PlainBatch"
    row: int
    """In the tables of its batch."""
    id: str
    kind: PlainKind
    call: Call
    ordinary: Callable[[Call], Write]
    """Makes the write of an order that is planned by itself."""
    answer: Answer
    alone: Write | None = None
    response: bytes = b""

    @property
    def request_id(self) -> str:
        """The caller's id of the request."""
        return self.id

    def plan(self, stock: LiveStock, attempt: int) -> Transaction:
        """What the best plan takes. Raises `Refusal` when a line is short that may not be."""
        if self.alone is None:
            self.alone = self.ordinary(self.call)
        return self.alone.plan(stock, attempt)

    def hold(self, stock: LiveStock) -> None:
        """Show what the plan takes to the orders planned after it."""
        assert self.alone is not None
        self.alone.hold(stock)

    def release(self, stock: LiveStock) -> None:
        """Take the hold back."""
        assert self.alone is not None
        self.alone.release(stock)

    def settle(self, outcome: Recorded | Refusal) -> None:
        """Told how it ended."""
        if self.alone is not None:
            self.alone.settle(outcome)
        else:
            self.answer(self.call, self.id, self.group.digests[self.row], self.response, outcome)


class PlainOrders:
    """Reads and writes plain orders of one network image. Used by one thread."""

    def __init__(self, image: NetworkImage, lines_max: int, clock: Clock) -> None:
        self.image = image
        self.clock = clock
        self.planner = PlainPlanner(image)
        self.kinds = PlainKinds(image, lines_max, self.planner.policies)
        self.limited = image.capacity_per_day < UNLIMITED
        self._names: Names | None = None
        self._policy_count = self._slot_count = 0
        self.widest = 0

    def read(self, calls: Sequence[Call], stock: LiveStock, now_minute: int) -> "PlainBatch | None":
        """The plain ones among calls of SourceOrder; None where there can be none."""
        kinds = self.kinds
        if kinds.items is None or not calls:
            return None
        self._follow(stock)
        messages = [call.message for call in calls]
        buffer = np.frombuffer(bytearray(b"".join(messages)), np.uint8)
        starts = np.cumsum([0, *map(len, messages)], dtype=np.int64)
        asked = np.empty((len(messages), ASKED_FIELDS), np.int64)
        lines = np.empty((LINE_READ_FIELDS, len(buffer) // LINE_BYTES_MIN + 1), np.int64)
        line_count = read_orders(buffer, starts, kinds.network, kinds.lines_max, kinds.items, asked, lines)
        return PlainBatch(self, now_minute, buffer, starts, asked, lines, line_count, stock)

    def _follow(self, stock: LiveStock) -> None:
        if self.kinds.follow(stock):
            self._names = None

    def names(self, stock: LiveStock) -> Names:
        """What the numbers in the tables are called by now."""
        self._follow(stock)
        image, slots, policies = self.image, stock.matrix.slots, self.planner.policies.policies
        if self._names is not None and (self._policy_count, self._slot_count) == (len(policies), len(slots)):
            return self._names
        if self._names is None or self._policy_count < len(policies):
            pieces = [
                pieces_of(image.network.currency, policy.policy_id, image.version, policy_version(policy))
                for policy in policies
            ]
            self._names = names_of(image, slots, pieces, policies)
        else:
            receipts, pools = slot_names(slots)
            self._names = self._names._replace(receipts=receipts, pools=pools)
        self._policy_count, self._slot_count = len(policies), len(slots)
        self.widest = widest_text(self._names)
        return self._names


class PlainBatch:
    """Calls that came together, read. The plain ones among them are a group on the write path."""

    def __init__(
        self, orders: PlainOrders, minute: int, messages: Bytes, starts: Ints, asked: Ints, lines: Ints,
        line_count: int, stock: LiveStock,
    ) -> None:  # fmt: skip
        """messages, starts, asked, lines, line_count: as `read_orders` has them."""
        self._orders, self._minute = orders, minute
        self._messages, self._starts, self._asked, self._lines = messages, starts, asked, lines
        self._bytes = messages.tobytes()
        self._rows = rows = asked.tolist()
        self.digests: list[bytes] = [b""] * len(rows)
        self.kinds: list[PlainKind | None] = [None] * len(rows)
        text, now = self._bytes, orders.clock.unix_ms()
        # What each order holds and is worth: its sum is the difference of two running sums.
        units = np.cumsum(lines[B_QUANTITY, :line_count]).tolist()
        value = np.cumsum(lines[B_PRICE_MICROS, :line_count] * lines[B_QUANTITY, :line_count]).tolist()
        units.append(0)
        value.append(0)
        for row, each in enumerate(rows):
            # An id of long ago may have been recorded long ago; one far ahead is refused.
            if each[A_STATUS] != PLAIN or not now - REMEMBERED_MS < each[A_ID_MS] <= now + REQUEST_ID_AHEAD_MS_MAX:
                continue
            first = each[A_FIRST_LINE]
            last = first + each[A_LINE_COUNT] - 1
            tail = text[each[A_TAIL_BEGIN] : each[A_TAIL_END]]
            # Running sums of money may pass int64 and begin anew; what one order is worth does not.
            worth, count = (value[last] - value[first - 1]) % 2**64, units[last] - units[first - 1]
            self.kinds[row] = orders.kinds.kind_of(tail, worth, count, minute, stock)
            network, body = text[each[A_NETWORK_BEGIN] : each[A_NETWORK_END]], text[each[A_BODY_BEGIN] : each[A_BODY_END]]
            self.digests[row] = sha256(network + body).digest()
        self._digest_bytes = np.frombuffer(bytearray(b"".join(each or bytes(DIGEST_BYTES) for each in self.digests)), np.uint8)

    def writes(
        self, calls: Sequence[Call], ordinary: Callable[[Call], Write], answer: Answer
    ) -> list["PlainWrite"]:  # fmt: skip
        """The plain ones of the calls that it was read of; see `PlainWrite`."""
        return [
            PlainWrite(self, row, self.request_id(row), kind, call, ordinary, answer)
            for row, (call, kind) in enumerate(zip(calls, self.kinds, strict=True))
            if kind is not None
        ]

    def request_id(self, row: int) -> str:
        """The id of a request."""
        begin = self._rows[row][A_ID_BEGIN]
        return self._bytes[begin : begin + REQUEST_ID_BYTES].decode()

    def plan(self, writes: Sequence[Write], stock: LiveStock, attempt: int) -> PlannedGroup:
        """Plan and hold orders from the first on, until one has to be planned by itself."""
        members = [write for write in writes if isinstance(write, PlainWrite)]
        rows = np.array([write.row for write in members], np.int64)
        asked, clock = self._asked[rows], self._orders.clock
        started = clock.monotonic_ns()
        plans = self._orders.planner.plan(
            stock, self._minute, [write.kind for write in members], asked[:, A_FIRST_LINE], asked[:, A_LINE_COUNT],
            PlainLines(self._lines[B_ITEM], self._lines[B_QUANTITY]),
        )  # fmt: skip
        micros = (clock.monotonic_ns() - started) // 1_000
        count = plans.order_count
        if not count:
            return PlannedGroup((), plans.release)
        planned = plans.tables.orders[:count]
        planned[:, V_MESSAGE], planned[:, V_ATTEMPTS], planned[:, V_DECIDED_MS] = rows[:count], attempt, clock.unix_ms()
        # They were decided in one go: each has its share of the time.
        planned[:, V_SOLVE_MICROS] = micros // count
        entries = self._write(plans, stock, members[:count])
        return PlannedGroup(self._transactions(plans, stock, members[:count], entries), plans.release)

    def _write(self, plans: PlainPlans, stock: LiveStock, members: Sequence[PlainWrite]) -> list[bytes]:
        """The entries of what was planned, and the answers in them given to the members."""
        tables, used, names = plans.tables, plans.tables.used.tolist(), self._orders.names(stock)
        size = entries_bytes_max(
            len(self._bytes), len(members), used[SHIPMENTS_USED], used[PEGS_USED], used[TERMS_USED] + used[SUMS_USED],
            self._orders.widest,
        )  # fmt: skip
        out, spans = np.empty(size, np.uint8), np.empty((len(members), 4), np.int64)
        written = write_orders(
            self._messages, self._starts, self._digest_bytes, self._asked, self._lines, tables.orders[: len(members)],
            tables.shipments, tables.pegs, tables.terms, tables.sums, self._orders.limited, names, out, spans,
        )  # fmt: skip
        assert written >= 0, "there is room for what is written at the most"
        entries, view = [], out.data
        basis = ledger_entry_pb2.DecisionBasis(start_minute=self._minute)
        rest = ledger_entry_pb2.LedgerEntry(basis=basis).SerializeToString()
        for member, (begin, end, answer_begin, answer_end) in zip(members, spans.tolist(), strict=True):
            entries.append(bytes(view[begin:end]) + rest)
            member.response = bytes(view[answer_begin:answer_end])
        return entries

    def _transactions(
        self, plans: PlainPlans, stock: LiveStock, members: Sequence[PlainWrite], entries: Sequence[bytes]
    ) -> list[Transaction]:
        """What each of them takes, guarded."""
        image, slots, tables = self._orders.image, stock.matrix.slots, plans.tables
        item_ids, location_ids = image.item_ids, image.location_ids
        limits = image.capacity_per_day
        pegs, shipments = (
            tables.pegs[: tables.used[PEGS_USED]].tolist(),
            tables.shipments[: tables.used[SHIPMENTS_USED]].tolist(),
        )
        made = []
        for member, entry, plan in zip(members, entries, tables.orders[: len(members)].tolist(), strict=True):
            asked = self._rows[member.row]
            order_id = self._bytes[asked[A_ORDER_ID_BEGIN] : asked[A_ORDER_ID_END]].decode()
            cells, uses = [], []
            taken: list[Place] = []
            for shipment in shipments[plan[V_FIRST_SHIPMENT] : plan[V_FIRST_SHIPMENT] + plan[V_SHIPMENT_COUNT]]:
                location_id = location_ids[shipment[S_LOCATION]]
                if shipment[S_CAPACITY]:
                    limit = limits.item(shipment[S_LOCATION])
                    uses.append(CapacityChange(location_id, shipment[S_DAY], shipment[S_CAPACITY], limit))
                first = shipment[S_FIRST_PEG]
                for k in range(first, first + shipment[S_PEG_COUNT]):
                    peg = pegs[k]
                    slot = slots[peg[K_SLOT]]
                    cell = Cell(item_ids[peg[K_ITEM]], location_id, slot.receipt_id, slot.pool)
                    minute = slot.available_at_minute if slot.receipt_id else None
                    cells.append(CellChange(cell, 0, peg[K_QUANTITY], peg[K_KEPT], None, None, minute_expected=minute))
                    taken.append((peg[K_ITEM], shipment[S_LOCATION], slot))
            receipts = [place for place in taken if place[2].receipt_id]
            if receipts:
                kind = self.kinds[member.row]
                assert kind is not None, "it is plain"
                channel = kind.scene.basket.channel
                floors = {place: image.safety_stock(place[0], channel).item(place[1]) for place in receipts}
                cells += guards_of(image, stock, floors, taken)
            made.append(
                Transaction(member.id, self.digests[member.row], order_id, tuple(cells), tuple(uses), entry)
            )  # fmt: skip
        return made
