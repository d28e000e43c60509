"""Plans of plain quotes packed as tokens hold them, see `optimizer.quoted_plan`: whole numbers, little-endian."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.kernels.jit import inlined_kernel, kernel
from engine.kernels.order_tables import (
    K_LINE,
    K_QUANTITY,
    PLAIN,
    S_DAY,
    S_EARLIEST,
    S_FIRST_PEG,
    S_HANDOVER,
    S_LATEST,
    S_LOCATION,
    S_PEG_COUNT,
    S_SERVICE,
    V_CANDIDATES,
    V_FIRST_SHIPMENT,
    V_NODES,
    V_SHIPMENT_COUNT,
    V_TOTAL_MICROS,
)
from engine.kernels.plan_orders import Planned
from engine.kernels.quote_tables import F_ORDER_BY, Q_FIRST_LINE, Q_OPTION_COUNT, Q_PIECE, Q_STATUS

INT, LONG = 4, 8
"""Bytes of a number."""

PLAN_BYTES, SHIPMENT_BYTES, PEG_BYTES = LONG + 4 * LONG + 7 * INT, 10 * INT + LONG, 2 * INT

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class Tokens(NamedTuple):
    """The tokens of options before they are written as text: what is signed is signed outside of kernels."""

    content: Bytes
    spans: Ints  # [plans, 2]: where in `content` the token of each begins and ends; both 0: it has none
    until: Ints  # [plans]: the minute until which it is accepted


@kernel
def pack_plans(
    quotes: Ints, planned: Planned, facts: Ints, starts: Ints, ranked: Ints, policies: Ints, minute: int, latest: int,
    optimal: int, heads: Bytes, mac_bytes: int, tokens: Tokens,
) -> None:  # fmt: skip
    """Tokens of the options of PLAIN quotes: head, end of validity, plan, and room for a signature.

    policies [pieces]: numbers in the network; minute: of the baskets, minutes are counted from it; latest: no plan is valid
    longer; optimal: the number of that status; heads [quotes, n]: what the tokens of each quote begin with. Rows of `tokens`
    that are of no option are left as they are.
    """
    at, out = 0, tokens.content
    for q in range(len(quotes)):
        for k in range(quotes[q, Q_OPTION_COUNT] if quotes[q, Q_STATUS] == PLAIN else 0):
            p = ranked[q, k]
            tokens.until[p] = min(latest, facts[p, F_ORDER_BY])
            tokens.spans[p, 0] = at
            for n in range(heads.shape[1]):
                out[at + n] = heads[q, n]
            at = pack(tokens.until[p], LONG, out, at + heads.shape[1])
            at = pack_plan(p, quotes[q, Q_FIRST_LINE], planned, starts, policies[quotes[q, Q_PIECE]], minute, optimal, out, at)
            at += mac_bytes
            tokens.spans[p, 1] = at


@inlined_kernel
def pack_plan(
    p: int, first_line: int, planned: Planned, starts: Ints, policy: int, minute: int, optimal: int, out: Bytes, at: int
) -> int:  # fmt: skip
    """A plan of whole lines, proven: it breaks no limit, and pays for no day's capacity."""
    plan = planned.orders[p]
    first, count = plan[V_FIRST_SHIPMENT], plan[V_SHIPMENT_COUNT]
    for micros in (plan[V_TOTAL_MICROS], plan[V_TOTAL_MICROS], 0, 0):
        at = pack(micros, LONG, out, at)
    for number in (policy, optimal, plan[V_CANDIDATES], plan[V_NODES], 0, count, 0):
        at = pack(number, INT, out, at)
    for s in range(first, first + count):
        shipment = planned.shipments[s]
        for number in (
            shipment[S_LOCATION], shipment[S_SERVICE], starts[s] - minute, shipment[S_DAY], shipment[S_HANDOVER] - minute,
            shipment[S_EARLIEST] - minute, shipment[S_LATEST] - minute, -1, -1,
        ):  # fmt: skip
            at = pack(number, INT, out, at)
        line_count_at, line_count = at, 0
        at += INT
        peg, end = shipment[S_FIRST_PEG], shipment[S_FIRST_PEG] + shipment[S_PEG_COUNT]
        while peg < end:
            line, units = planned.pegs[peg, K_LINE], 0
            while peg < end and planned.pegs[peg, K_LINE] == line:
                units += planned.pegs[peg, K_QUANTITY]
                peg += 1
            at = pack(units, INT, out, pack(line - first_line, INT, out, at))
            line_count += 1
        pack(line_count, INT, out, line_count_at)
    for _ in range(count):
        at = pack(0, LONG, out, at)
    return at


@inlined_kernel
def pack(number: int, size: int, out: Bytes, at: int) -> int:
    """A number in so many bytes; returns where it ends."""
    for i in range(size):
        out[at + i] = number >> (8 * i) & 255
    return at + size
