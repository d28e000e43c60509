"""Sequences of a feed against a set: each once, in whatever order, and what is missing."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.inventory.feed_sequences import GIVEN_UP_MAX, RUNS_MAX, FeedSequences, Gap


def missing(applied: set[int]) -> list[int]:
    return [n for n in range(min(applied), max(applied)) if n not in applied]


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=80))
def test_each_is_applied_once_and_gaps_are_what_is_missing(sequences: list[int]) -> None:
    feed, applied = FeedSequences(), set[int]()
    for sequence in sequences:
        assert feed.is_applied(sequence) == (sequence in applied)
        if not feed.is_applied(sequence):
            feed.add(sequence)
        applied.add(sequence)
        feed = FeedSequences(feed.text())
    assert [n for gap in feed.gaps() for n in range(gap.first, gap.last + 1)] == missing(applied)
    assert feed.gap_count() == len(feed.gaps())
    assert FeedSequences(feed.text()).text() == feed.text()


def test_a_day_out_of_order_leaves_one_run() -> None:
    draw = random.Random(7)
    sequences = sorted(range(1, 20_001), key=lambda n: n + draw.randrange(1_000))
    feed = FeedSequences()
    longest = 0
    for sequence in sequences:
        assert not feed.is_applied(sequence)
        feed.add(sequence)
        longest = max(longest, len(feed.gaps()))
    assert feed.text() == "1:20000" and feed.gaps() == []
    assert longest < RUNS_MAX / 2, "reordering by 1,000 never gives up a gap"


def test_beyond_the_bound_the_oldest_gap_is_given_up_and_still_told() -> None:
    feed = FeedSequences()
    for sequence in range(1, 2 * RUNS_MAX + 2, 2):
        feed.add(sequence)
    assert feed.gaps()[0] == Gap(2, 2, True)
    assert (feed.is_given_up(2), feed.is_applied(2), feed.is_given_up(4), feed.is_applied(3)) == (True, False, False, True)
    again = FeedSequences(feed.text())
    assert again.gaps() == feed.gaps() and again.text() == feed.text()
    for sequence in range(2 * RUNS_MAX + 3, 4 * RUNS_MAX, 2):
        again.add(sequence)
    assert len([gap for gap in again.gaps() if gap.is_given_up]) == GIVEN_UP_MAX
    assert len(again.gaps()) == again.gap_count() == GIVEN_UP_MAX + RUNS_MAX - 1
    for sequence in range(1, 2 * RUNS_MAX):
        assert again.is_applied(sequence) or again.is_given_up(sequence), "none is ever taken twice"


def test_a_feed_that_was_never_heard_of_has_no_gaps() -> None:
    assert FeedSequences().gap_count() == 0


def test_what_is_before_a_gap_given_up_comes_too_late() -> None:
    feed = FeedSequences("100:1,1,1;90-95,97-98")
    assert [feed.is_given_up(n) for n in (5, 92, 96, 98)] == [True, True, True, True]
    assert [feed.is_given_up(n) for n in (99, 100, 101, 103)] == [False] * 4
    assert Gap(101, 101, False) in feed.gaps()
