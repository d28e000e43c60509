"""Hashes read where they lie in a reply, against what hiredis makes of it."""

import hiredis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels.replies import BAD, PAIR_BYTES_MIN, read_hashes

FIELDS = st.binary(max_size=12)
VALUES = st.integers(-(2**63) + 1, 2**63 - 1)
HASHES = st.lists(st.tuples(st.booleans(), st.dictionaries(FIELDS, VALUES, max_size=6)), max_size=6)


def string(data: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(data), data)


def encoded(hashes: list[tuple[bool, dict[bytes, int]]]) -> bytes:
    """As RESP2 or RESP3 has each of them."""
    return b"".join(
        (b"%%%d\r\n" % len(each) if is_map else b"*%d\r\n" % (2 * len(each)))
        + b"".join(string(field) + string(b"%d" % value) for field, value in each.items())
        for is_map, each in hashes
    )


def read(reply: bytes, hash_count: int, begin: int = 0) -> tuple[int, int, list[tuple[int, bytes, int]]]:
    starts, ends, hashes, owners, values = np.zeros((5, len(reply) // PAIR_BYTES_MIN + 1), np.int64)
    count, end = read_hashes(
        np.frombuffer(bytearray(reply), np.uint8), begin, hash_count, starts, ends, hashes, owners, values
    )  # fmt: skip
    rows = zip(owners, starts, ends, values, range(count), strict=False)
    return count, end, [(int(owner), reply[start:stop], int(value)) for owner, start, stop, value, _ in rows]


@settings(deadline=None)
@given(HASHES, st.binary(max_size=5))
def test_pairs_are_what_hiredis_reads(hashes: list[tuple[bool, dict[bytes, int]]], before: bytes) -> None:
    reply = encoded(hashes)
    reader = hiredis.Reader()
    reader.feed(reply)
    expected = []
    for owner in range(len(hashes)):
        found = reader.gets()
        pairs = found.items() if isinstance(found, dict) else zip(found[::2], found[1::2], strict=True)
        expected += [(owner, field, int(value)) for field, value in pairs]
    count, end, rows = read(before + reply, len(hashes), len(before))
    assert (count, end) == (len(expected), len(before + reply))
    assert rows == expected


@settings(deadline=None)
@given(HASHES.filter(lambda hashes: any(each for _, each in hashes)), st.data())
def test_reply_that_was_cut_off_is_told(hashes: list[tuple[bool, dict[bytes, int]]], data: st.DataObject) -> None:
    reply = encoded(hashes)
    last = next(i for i in reversed(range(len(hashes))) if hashes[i][1])
    kept = data.draw(st.integers(0, len(encoded(hashes[: last + 1])) - 1))
    count, end, _ = read(reply[:kept], len(hashes))
    assert count == BAD
    assert 0 <= end <= kept


@pytest.mark.parametrize(
    "reply",
    [
        b"", b"+OK\r\n", b"-ERR no\r\n", b"*-1\r\n", b"*2\r\n$1\r\na\r\n$1\r\nx\r\n", b"*2\r\n$1\r\na\r\n$0\r\n\r\n",
        b"*2\r\n$1\r\na\r\n:5\r\n", b"*2\r\n$-1\r\n$1\r\n5\r\n", b"*2\r\n$1\r\na\r\n$3\r\n5.0\r\n",
        b"%1\r\n$1\r\na\r\n$2\r\n5\r\n",
        b"*x\r\n", b"*2\r\n$1\r\na\r\n$1\r\n-\r\n",
    ],
)  # fmt: skip
def test_what_is_no_hash_of_whole_numbers_is_told(reply: bytes) -> None:
    assert read(reply, 1)[0] == BAD
