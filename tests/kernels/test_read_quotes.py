"""Plain quotes read from their bytes: what the generated classes find, and nothing else taken for one."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from belofte.v1 import promise_service_pb2, types_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.order_tables import (
    B_ITEM,
    B_LINE_ID_BEGIN,
    B_LINE_ID_END,
    B_PRICE_MICROS,
    B_QUANTITY,
    LINE_READ_FIELDS,
    PLAIN,
)
from engine.kernels.quote_fields import BATCH_REQUESTS
from engine.kernels.quote_tables import (
    A_FIRST_LINE,
    A_FRONTIER,
    A_LINE_COUNT,
    A_OPTIONS_MAX,
    A_STATUS,
    A_TAIL_BEGIN,
    A_TAIL_END,
    ASKED_FIELDS,
)
from engine.kernels.read_batch import read_batch
from engine.kernels.read_orders import LINE_BYTES_MIN
from engine.kernels.read_quotes import read_quotes
from tests.kernels.planned_tables import buffer
from tests.kernels.test_read_orders import ITEM_IDS, ITEMS, LINES_MAX, NETWORK, TABLE
from tests.kernels.wire_mutations import LENGTH, encoded, spoilt, varint
from tests.naive.plain_orders import PlainLine, is_canonical_basket
from tests.naive.plain_quotes import PlainQuote, plain_quote

PATHS = ((), (5,), (5, 1), (5, 1))
"""Where fields are: in the request, the basket, a line."""


def quote_drawn_by(rng: random.Random) -> bytes:
    """A plain one."""
    lines = [
        types_pb2.BasketLine(
            line_id=str(n), item_id=item_id, quantity=rng.choice((1, 2, 300, 10**6)),
            unit_price_micros=rng.choice((0, 5, 10**9)),
        )
        for n, item_id in enumerate(rng.sample(ITEM_IDS, rng.choice((1, 2, 3, LINES_MAX))))
    ]  # fmt: skip
    destination = rng.choice((types_pb2.Destination(country_code="NL", postal_code="1012"), types_pb2.Destination()))
    basket = types_pb2.Basket(lines=lines, destination=destination, channel=rng.choice(("", "web")))
    return promise_service_pb2.QuotePromiseRequest(
        network_id=rng.choice(("", NETWORK)), basket=basket, max_options=rng.choice((0, 1, 10)),
        omit_frontier=rng.random() < 0.5,
    ).SerializeToString(deterministic=True)  # fmt: skip


def read(messages: Sequence[bytes], lines_max: int = LINES_MAX) -> list[PlainQuote | None]:
    """What is read of each; None: it is not plain, or its tail, which the caller looks at, is not written as it would be."""
    # Apart, so that what lies between is nobody's.
    together = b"\x2a".join(messages)
    begins = np.cumsum([0, *(len(message) + 1 for message in messages)], dtype=np.int64)[:-1]
    ends = begins + np.array([*map(len, messages)], np.int64)
    asked = np.full((len(messages), ASKED_FIELDS), -7, np.int64)
    lines = np.full((LINE_READ_FIELDS, len(together) // LINE_BYTES_MIN + 1), -7, np.int64)
    used = read_quotes(buffer(together), begins, ends, buffer(NETWORK.encode()), lines_max, TABLE, asked, lines)
    found: list[PlainQuote | None] = []
    next_line = 0
    for row in asked.tolist():
        tail = together[row[A_TAIL_BEGIN] : row[A_TAIL_END]]
        if row[A_STATUS] == PLAIN:
            assert row[A_FIRST_LINE] == next_line
            next_line += row[A_LINE_COUNT]
        if row[A_STATUS] != PLAIN or not is_canonical_basket(tail):
            found.append(None)
            continue
        columns = lines[:, row[A_FIRST_LINE] : next_line].T.tolist()
        of_quote = tuple(
            PlainLine(
                together[column[B_LINE_ID_BEGIN] : column[B_LINE_ID_END]].decode(), column[B_ITEM], column[B_QUANTITY],
                column[B_PRICE_MICROS],
            )
            for column in columns
        )  # fmt: skip
        found.append(PlainQuote(of_quote, tail, row[A_OPTIONS_MAX], bool(row[A_FRONTIER])))
    assert used == next_line
    return found


def expected(messages: Sequence[bytes], lines_max: int = LINES_MAX) -> list[PlainQuote | None]:
    return [plain_quote(message, NETWORK, ITEMS, lines_max) for message in messages]


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32))
def test_spoilt_quotes_are_plain_only_where_the_generated_classes_find_so(seed: int) -> None:
    """200 of them at once: what is read of one must not depend on the others."""
    rng = random.Random(seed)
    messages = [quote_drawn_by(rng) for _ in range(20)]
    assert None not in expected(messages)
    messages += [spoilt(quote_drawn_by(rng), rng, PATHS) for _ in range(180)]
    wanted = expected(messages)
    assert read(messages) == wanted
    assert 30 <= sum(each is not None for each in wanted) <= 140


def test_a_quote_cut_anywhere_is_not_read_on_into_the_next() -> None:
    message = quote_drawn_by(random.Random(1))
    for at in range(len(message)):
        parts = [message[:at], message[at:]]
        assert read(parts) == expected(parts)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_bytes_of_any_kind_are_no_quotes(messages: list[bytes]) -> None:
    assert read(messages) == [None] * len(messages)


@pytest.mark.parametrize("length", [2**31, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
def test_lengths_beyond_everything_in_a_quote_are_told(length: int) -> None:
    message = quote_drawn_by(random.Random(2))
    for at in range(len(message)):
        longer = message[:at] + varint(length) + message[at + 1 :]
        assert read([longer]) == expected([longer])


def test_more_lines_than_there_may_be_are_left_to_the_ordinary_way() -> None:
    rng = random.Random(3)
    messages = [quote_drawn_by(rng) for _ in range(50)]
    assert read(messages, 2) == expected(messages, 2)
    assert 0 < sum(each is None for each in read(messages, 2)) < 50


def spans(message: bytes, room: int) -> list[bytes] | None:
    begins, ends = np.full((2, room), -7, np.int64)
    count = read_batch(buffer(message), BATCH_REQUESTS, begins, ends)
    return None if count < 0 else [message[begins[n] : ends[n]] for n in range(count)]


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 2**32))
def test_requests_of_a_batch_lie_where_the_generated_classes_find_them(seed: int) -> None:
    """Spoilt batches too: what is found is what they find, or nothing."""
    rng = random.Random(seed)
    quotes = [promise_service_pb2.QuotePromiseRequest.FromString(quote_drawn_by(rng)) for _ in range(rng.randint(0, 3))]
    batch = promise_service_pb2.BatchQuotePromisesRequest(
        network_id=rng.choice(("", NETWORK)), min_position=rng.choice(("", "1-1")), requests=quotes
    )
    message = batch.SerializeToString()
    assert spans(message, 3) == [each.SerializeToString() for each in quotes]
    if quotes:
        assert spans(message, len(quotes) - 1) is None
        worse = spoilt(message, rng, ((), (5,)))
        found = spans(worse, 9)
        try:
            told = promise_service_pb2.BatchQuotePromisesRequest.FromString(worse)
        except Exception:
            return
        if found is not None:
            assert [promise_service_pb2.QuotePromiseRequest.FromString(each) for each in found] == list(told.requests)


def test_a_field_of_no_length_ends_the_reading_of_a_batch() -> None:
    assert spans(encoded((5 << 3 | LENGTH, b"ab")) + encoded((6 << 3, varint(1))), 9) is None
