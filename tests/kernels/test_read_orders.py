"""Plain orders read from their bytes: what the generated classes find, and nothing else taken for one."""

import hashlib
import random
from collections.abc import Sequence

import numpy as np
import pytest
from belofte.v1 import sourcing_service_pb2, types_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.ids import uuid7
from engine.inventory.id_index import IdIndex
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
    B_ITEM_ID_BEGIN,
    B_ITEM_ID_END,
    B_LINE_ID_BEGIN,
    B_LINE_ID_END,
    B_PRICE_MICROS,
    B_QUANTITY,
    LINE_READ_FIELDS,
    OTHER,
    PLAIN,
    REQUEST_ID_BYTES,
)
from engine.kernels.read_orders import LINE_BYTES_MIN, read_orders
from engine.network.image import NetworkImage, compile_image
from engine.network.records import Item
from engine.service.decode import decode_order
from engine.service.fields import Violations, digest_of
from tests.kernels.wire_mutations import LENGTH, encoded, spoilt, varint
from tests.naive.plain_orders import PlainLine, PlainOrder, is_canonical_basket, plain_order
from tests.network.small_network import small_records
from tests.optimizer.baskets import NOW

NETWORK, LINES_MAX = "small", 10
ITEM_IDS = [f"I{n}" for n in range(12)] + ["x" * 128, "a.b_c:/@+-"]
ITEMS = {item_id: 7 * n for n, item_id in enumerate(ITEM_IDS)}
TABLE = IdIndex(ITEMS).table
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}", fullmatch=True)
QUANTITIES = st.one_of(st.integers(1, 3), st.integers(1, 2**31 - 1))
PRICES = st.one_of(st.just(0), st.integers(0, 10**8), st.integers(0, 10**12))
TAILS = st.builds(
    types_pb2.Basket,
    destination=st.one_of(
        st.none(),
        st.builds(types_pb2.Destination, country_code=st.sampled_from(["", "NL"]), postal_code=st.sampled_from(["1012", "é"]),
                  latitude=st.one_of(st.none(), st.floats(-90, 90))),
    ),
    channel=st.sampled_from(["", "web", "店" * 60]), segment=st.sampled_from(["", "vip"]),
    currency=st.sampled_from(["", "EUR"]), calling_system=st.sampled_from(["", "checkout"]),
    constraints=st.one_of(st.none(), st.builds(types_pb2.Constraints)),
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> sourcing_service_pb2.SourceOrderRequest:
    """Requests that are plain but for the value of their baskets, which may be too large."""
    item_ids = draw(st.lists(st.sampled_from(ITEM_IDS), min_size=1, max_size=LINES_MAX, unique=True))
    line_ids = draw(st.lists(IDS, min_size=len(item_ids), max_size=len(item_ids), unique=True))
    basket = types_pb2.Basket(
        lines=[
            types_pb2.BasketLine(line_id=a, item_id=b, quantity=draw(QUANTITIES), unit_price_micros=draw(PRICES))
            for a, b in zip(line_ids, item_ids, strict=True)
        ]
    )
    basket.MergeFrom(draw(TAILS))
    return sourcing_service_pb2.SourceOrderRequest(
        network_id=draw(st.sampled_from(["", NETWORK])), request_id=uuid7(draw(st.integers(0, 2**48 - 1))),
        order=types_pb2.Order(order_id=draw(IDS), basket=basket), mode=draw(st.sampled_from([0, 1])),
    )  # fmt: skip


def request_drawn_by(rng: random.Random) -> bytes:
    """A plain one, far sooner than hypothesis draws it."""
    item_ids = rng.sample(ITEM_IDS, rng.choice((1, 2, 3, LINES_MAX)))
    lines = [
        types_pb2.BasketLine(
            line_id=str(n),
            item_id=item_id,
            quantity=rng.choice((1, 2, 300, 10**6)),
            unit_price_micros=rng.choice((0, 5, 10**9)),
        )
        for n, item_id in enumerate(item_ids)
    ]
    destination = rng.choice((types_pb2.Destination(country_code="NL", postal_code="1012"), types_pb2.Destination()))
    basket = types_pb2.Basket(lines=lines, destination=destination, channel=rng.choice(("", "web")))
    request = sourcing_service_pb2.SourceOrderRequest(
        network_id=rng.choice(("", NETWORK)), request_id=uuid7(1_750_000_000_000 + rng.randrange(10**9)),
        order=types_pb2.Order(order_id="A-1", basket=basket), mode=rng.choice((0, 1)),
    )  # fmt: skip
    return request.SerializeToString(deterministic=True)


def read(messages: Sequence[bytes], lines_max: int = LINES_MAX, network_id: str = NETWORK) -> list[PlainOrder | None]:
    """What is read of each; None: it is not plain, or its tail, which the caller looks at, is not written as it would be."""
    together = b"".join(messages)
    starts = np.cumsum([0, *map(len, messages)])
    asked = np.full((len(messages), ASKED_FIELDS), -7, np.int64)
    lines = np.full((LINE_READ_FIELDS, len(together) // LINE_BYTES_MIN), -7, np.int64)
    network = np.frombuffer(bytearray(network_id.encode()), np.uint8)
    used = read_orders(np.frombuffer(bytearray(together), np.uint8), starts, network, lines_max, TABLE, asked, lines)
    found: list[PlainOrder | None] = []
    next_line = 0
    for n, row in enumerate(asked.tolist()):
        tail = together[row[A_TAIL_BEGIN] : row[A_TAIL_END]]
        if row[A_STATUS] == PLAIN:
            assert row[A_FIRST_LINE] == next_line
            next_line += row[A_LINE_COUNT]
        if row[A_STATUS] != PLAIN or not is_canonical_basket(tail):
            found.append(None)
            continue
        assert starts[n] <= row[A_ID_BEGIN] < row[A_BODY_BEGIN] < row[A_TAIL_BEGIN] <= row[A_TAIL_END] <= starts[n + 1]
        request = sourcing_service_pb2.SourceOrderRequest.FromString(messages[n])
        digested = together[row[A_NETWORK_BEGIN] : row[A_NETWORK_END]] + together[row[A_BODY_BEGIN] : row[A_BODY_END]]
        assert hashlib.sha256(digested).digest() == digest_of(request)
        columns = lines[:, row[A_FIRST_LINE] : next_line].T.tolist()
        item_ids = [together[column[B_ITEM_ID_BEGIN] : column[B_ITEM_ID_END]].decode() for column in columns]
        assert item_ids == [line.item_id for line in request.order.basket.lines]
        found.append(
            PlainOrder(
                together[row[A_ID_BEGIN] : row[A_ID_BEGIN] + REQUEST_ID_BYTES].decode(), row[A_ID_MS],
                together[row[A_ORDER_ID_BEGIN] : row[A_ORDER_ID_END]].decode(),
                tuple(
                    PlainLine(
                        together[column[B_LINE_ID_BEGIN] : column[B_LINE_ID_END]].decode(), column[B_ITEM], column[B_QUANTITY],
                        column[B_PRICE_MICROS],
                    )
                    for column in columns
                ), tail,
            )
        )  # fmt: skip
    assert used == next_line
    return found


def expected(messages: Sequence[bytes], lines_max: int = LINES_MAX) -> list[PlainOrder | None]:
    return [plain_order(message, NETWORK, ITEMS, lines_max) for message in messages]


@pytest.fixture(scope="module")
def image() -> NetworkImage:
    return compile_image(small_records(items=tuple(map(Item, ITEM_IDS))))


def check_decoded(message: bytes, found: PlainOrder, image: NetworkImage) -> None:
    """The ordinary path finds nothing wrong but in what the reader leaves to its caller, and the same lines."""
    request = sourcing_service_pb2.SourceOrderRequest.FromString(message)
    wrong = Violations()
    basket = decode_order(request, image, NOW, LINES_MAX, wrong)
    fields = [each.field for each in (*wrong.invalid, *(each for _, each in wrong.unknown), *wrong.unbuilt)]
    in_tail = tuple(f"order.basket.{field.name}" for field in types_pb2.Basket.DESCRIPTOR.fields if field.name != "lines")
    assert all(field.startswith(in_tail) for field in fields), fields
    assert [(line.line_id, ITEM_IDS[line.item], line.quantity, line.unit_price_micros) for line in basket.lines] == [
        (line.line_id, ITEM_IDS[line.item // 7], line.quantity, line.price_micros) for line in found.lines
    ]


@settings(deadline=None, max_examples=150)
@given(st.lists(requests(), min_size=1, max_size=4))
def test_columns_are_what_the_generated_classes_find(
    image: NetworkImage, wanted: list[sourcing_service_pb2.SourceOrderRequest]
) -> None:
    messages = [each.SerializeToString(deterministic=True) for each in wanted]
    found = read(messages)
    assert found == expected(messages)
    for message, request, each in zip(messages, wanted, found, strict=True):
        value = sum(line.quantity * line.unit_price_micros for line in request.order.basket.lines)
        assert (each is not None) == (value <= 10**18)
        if each is not None:
            check_decoded(message, each, image)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32))
def test_spoilt_messages_are_plain_only_where_the_generated_classes_find_so(image: NetworkImage, seed: int) -> None:
    """200 of them at once: what is read of one must not depend on the others."""
    rng = random.Random(seed)
    messages = [spoilt(request_drawn_by(rng), rng) for _ in range(200)]
    wanted = expected(messages)
    assert read(messages) == wanted
    # Between a tenth and a half is plain, so that both answers are tried.
    assert 10 <= sum(each is not None for each in wanted) <= 120
    for message, each in zip(messages[:20], wanted, strict=False):
        if each is not None:
            check_decoded(message, each, image)


def test_a_message_cut_anywhere_is_not_read_on_into_the_next() -> None:
    """The rest of it follows in the buffer: whoever reads beyond the end finds just what is wanted there."""
    message = request_drawn_by(random.Random(1))
    for at in range(len(message)):
        parts = [message[:at], message[at:]]
        assert read(parts) == expected(parts)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_bytes_of_any_kind_are_not_plain(messages: list[bytes]) -> None:
    assert read(messages) == [None] * len(messages)


@pytest.mark.parametrize("length", [2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
def test_lengths_beyond_everything_are_told(length: int) -> None:
    """At every depth: also where begin plus length would not fit into 64 bits."""
    message = request_drawn_by(random.Random(2))
    for at in range(len(message)):
        longer = message[:at] + varint(length) + message[at + 1 :]
        assert read([longer]) == expected([longer])


def request_of(line_count: int, **line: int) -> bytes:
    lines = [
        types_pb2.BasketLine(**{"line_id": str(n), "item_id": ITEM_IDS[n], "quantity": 1} | line) for n in range(line_count)
    ]
    basket = types_pb2.Basket(lines=lines)
    order = types_pb2.Order(order_id="A", basket=basket)
    return sourcing_service_pb2.SourceOrderRequest(request_id=uuid7(), order=order).SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    ("message", "is_plain"),
    [
        (request_of(1), True), (request_of(3), True), (request_of(4), False), (request_of(0), False),
        (request_of(1, quantity=2**31 - 1), True), (request_of(1, quantity=2**31), False), (request_of(1, quantity=-1), False),
        (request_of(1, unit_price_micros=10**12), True), (request_of(1, unit_price_micros=10**12 + 1), False),
        (request_of(1, unit_price_micros=-1), False),
        (request_of(1, unit_price_micros=10**12, quantity=10**6), True),
        (request_of(1, unit_price_micros=10**12, quantity=10**6 + 1), False),
        (request_of(2, unit_price_micros=10**12, quantity=500_001), False),
    ],
)  # fmt: skip
def test_limits_of_what_is_plain(message: bytes, is_plain: bool) -> None:
    """At most three lines here, a price of 10^12, a basket of 10^18."""
    (found,) = read([message], lines_max=3)
    assert (found is not None) == is_plain
    assert [found] == expected([message], lines_max=3)


@pytest.mark.parametrize(
    ("request_id", "is_plain"),
    [
        ("0190163d-8694-739b-8ea5-966c26f8ad91", True), ("ffffffff-ffff-7fff-bfff-ffffffffffff", True),
        ("0190163D-8694-739b-8ea5-966c26f8ad91", False), ("0190163d-8694-739b-8ea5-966c26f8ad9F", False),
        ("0190163d-8694-739b-Aea5-966c26f8ad91", False), ("0190163d-8694-639b-8ea5-966c26f8ad91", False),
        ("0190163d-8694-739b-7ea5-966c26f8ad91", False), ("0190163d-8694-739b-cea5-966c26f8ad91", False),
        ("0190163d-8694-739b-8ea5-966c26f8ad9g", False), ("0190163d-8694-739b-8ea5-966c26f8ad911", False),
        ("0190163d-8694-739b-8ea5-966c26f8ad9", False), ("0190163d08694-739b-8ea5-966c26f8ad91", False),
        ("0190163d-86940739b-8ea5-966c26f8ad91", False), ("0190163d-8694-739b08ea5-966c26f8ad91", False),
        ("0190163d-8694-739b-8ea50966c26f8ad91", False), ("0190163d8694739b8ea5966c26f8ad91", False),
        ("{190163d-8694-739b-8ea5-966c26f8ad91", False),
    ],
)  # fmt: skip
def test_request_ids_are_of_version_7_in_their_usual_form(request_id: str, is_plain: bool) -> None:
    request = sourcing_service_pb2.SourceOrderRequest.FromString(request_of(1))
    request.request_id = request_id
    message = request.SerializeToString(deterministic=True)
    (found,) = read([message])
    assert (found is not None) == is_plain
    assert [found] == expected([message])


@pytest.mark.parametrize(
    ("tail", "is_plain"),
    [
        (b"", True), (b"\x12\x00", True), (b"\x12\x02ab\x1a\x01c\x6a\x00", True),
        (b"\x12\x00\x12\x00", False), (b"\x1a\x01a\x12\x00", False), (b"\x12\x00\x0a\x00", False), (b"\x18\x01", False),
        (b"\x12\x01", False), (b"\x12", False), (b"\x12\x80\x00", False), (b"\x82\x01\x00", False), (b"\x92\x00\x00", False),
    ],
)  # fmt: skip
def test_tail_of_a_basket_is_fields_in_their_order(tail: bytes, is_plain: bool) -> None:
    """What they say is not looked at, which is the caller's: here it has no say."""
    line = types_pb2.BasketLine(line_id="1", item_id="I0", quantity=1).SerializeToString()
    basket = encoded((1 << 3 | LENGTH, line)) + tail
    order = encoded((1 << 3 | LENGTH, b"A")) + encoded((3 << 3 | LENGTH, basket))
    message = encoded((3 << 3 | LENGTH, uuid7().encode())) + encoded((5 << 3 | LENGTH, order))
    assert status_of(message) == (PLAIN if is_plain else OTHER)


def status_of(message: bytes) -> int:
    asked, lines = np.zeros((1, ASKED_FIELDS), np.int64), np.zeros((LINE_READ_FIELDS, LINES_MAX), np.int64)
    starts, network = np.array([0, len(message)]), np.frombuffer(bytearray(NETWORK.encode()), np.uint8)
    read_orders(np.frombuffer(bytearray(message), np.uint8), starts, network, LINES_MAX, TABLE, asked, lines)
    return int(asked[0, A_STATUS])


def test_a_network_without_a_name_is_not_named_by_an_empty_field() -> None:
    message = request_of(1)
    assert read([message], network_id="") != [None]
    assert read([b"\x0a\x00" + message], network_id="") == [None]


def test_lines_that_do_not_fit_are_not_plain() -> None:
    """The caller has given too little room: what fits is read, nothing is written beyond."""
    message = request_of(3)
    starts, network = np.array([0, len(message)]), np.frombuffer(bytearray(NETWORK.encode()), np.uint8)
    for room in range(5):
        asked, lines = np.zeros((1, ASKED_FIELDS), np.int64), np.zeros((LINE_READ_FIELDS, room), np.int64)
        used = read_orders(np.frombuffer(bytearray(message), np.uint8), starts, network, LINES_MAX, TABLE, asked, lines)
        assert (used, asked[0, A_STATUS] == PLAIN) == ((3, True) if room >= 3 else (0, False))
