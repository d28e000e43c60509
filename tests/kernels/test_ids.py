"""Ids looked up by bytes: what a dictionary says, also where hashes are shared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inventory.id_index import IdIndex, _texts
from engine.kernels.ids import FREE, enter_ids, find_ids, hash_ids

IDS = st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=20)


@given(st.dictionaries(IDS, st.integers(0, 10**9), max_size=60), st.lists(IDS, max_size=30))
def test_indexes_are_what_a_dictionary_says(index: dict[str, int], others: list[str]) -> None:
    """Known and unknown ones in turn; among them the empty text and what is not ASCII."""
    wanted = [each for pair in zip([*index, *others], [*others, *index], strict=True) for each in pair]
    assert IdIndex(index).find(wanted).tolist() == [index.get(each, -1) for each in wanted]


@pytest.mark.parametrize("shared", [0, 5, 2**62 - 1])
def test_ids_with_one_hash_are_told_apart_by_their_bytes(shared: int) -> None:
    known, wanted = ["a", "ab", "b", "bb", ""], ["bb", "ba", "", "a", "abc", "ab", "b"]
    ends, hashes = np.zeros(len(known), np.int64), np.zeros(len(known), np.int64)
    hash_ids(_texts(known), ends, hashes)
    slots = np.full(16, FREE, np.int64)
    enter_ids(np.full(len(known), shared), slots)
    wanted_ends, numbers = np.zeros((2, len(wanted)), np.int64)
    hash_ids(_texts(wanted), wanted_ends, np.zeros(len(wanted), np.int64))
    find_ids(_texts(wanted), wanted_ends, np.full(len(wanted), shared), _texts(known), ends, slots, numbers)
    assert numbers.tolist() == [3, -1, 4, 0, -1, 1, 2]


def test_hash_is_the_published_one() -> None:
    """FNV-1a of "a" is af63dc4c8601ec8c (RFC 9923); its upper half is mixed into the lower one, and two bits are left."""
    ends, hashes = np.zeros((2, 1), np.int64)
    assert hash_ids(_texts(["a"]), ends, hashes) == 1
    assert hashes[0] == (0xAF63DC4C8601EC8C ^ 0xAF63DC4C) & (2**62 - 1)
    assert hash_ids(_texts(["a", "b", "c"]), ends, hashes) == 2, "there is one more than asked for"


def test_line_feed_is_refused() -> None:
    with pytest.raises(AssertionError, match="line feed"):
        IdIndex({"a": 0}).find(["a\nb"])
    with pytest.raises(AssertionError, match="line feed"):
        IdIndex({"a\nb": 0})
