"""Ids looked up by bytes: what a dictionary says, also where hashes are shared."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.inventory.id_index import IdIndex, laid_out
from engine.kernels.ids import FREE, enter_ids, find_ids

IDS = st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=20)


@settings(deadline=None)
@given(st.dictionaries(IDS, st.integers(0, 10**9), max_size=60), st.lists(IDS, max_size=30))
def test_indexes_are_what_a_dictionary_says(index: dict[str, int], others: list[str]) -> None:
    """Known and unknown ones in turn; among them the empty text and what is not ASCII."""
    wanted = [each for pair in zip([*index, *others], [*others, *index], strict=True) for each in pair]
    assert IdIndex(index).find(wanted).tolist() == [index.get(each, -1) for each in wanted]


@pytest.mark.parametrize("shared", [0, 5, 2**62 - 1])
def test_ids_with_one_hash_are_told_apart_by_their_bytes(shared: int) -> None:
    known, wanted = ["a", "ab", "b", "bb", ""], ["bb", "ba", "", "a", "abc", "ab", "b"]
    slots, numbers = np.full(16, FREE, np.int64), np.zeros(len(wanted), np.int64)
    enter_ids(np.full(len(known), shared), slots)
    find_ids(*laid_out(wanted)[:3], np.full(len(wanted), shared), *laid_out(known)[:3], slots, numbers)
    assert numbers.tolist() == [3, -1, 4, 0, -1, 1, 2]


def test_hash_is_the_published_one() -> None:
    """FNV-1a of "a" is af63dc4c8601ec8c (RFC 9923); its upper half is mixed into the lower one, and two bits are left."""
    _, starts, ends, hashes = laid_out(["a"])
    assert (starts.tolist(), ends.tolist()) == ([0], [1])
    assert hashes.tolist() == [(0xAF63DC4C8601EC8C ^ 0xAF63DC4C) & (2**62 - 1)]


def test_line_feed_is_refused() -> None:
    with pytest.raises(AssertionError, match="line feed"):
        IdIndex({"a": 0}).find(["a\nb"])
    with pytest.raises(AssertionError, match="line feed"):
        IdIndex({"a\nb": 0})
