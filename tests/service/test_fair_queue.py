"""Callers take turns by the lines they ask for, whatever one of them piles up; and what waits too long is not let in."""

import random

import pytest

from engine.service.fair_queue import FairQueue
from engine.service.lane import LINES_FREE, Waiting

MS = 1_000_000


def test_of_one_caller_the_earliest_deadline_comes_first_and_what_is_alike_in_order() -> None:
    queue: FairQueue[str] = FairQueue(10)
    for name, deadline in (("c", 9), ("a", 5), ("b", 5), ("d", 9)):
        queue.put("one", deadline, 3, name)
    assert queue.take(6, 10) == ["a", "b"]
    assert (queue.lines, queue.count) == (6, 2)
    assert queue.take(100, 1) == ["c"]
    assert queue.take(100, 10) == ["d"]
    assert queue.take(100, 10) == []
    assert (queue.lines, queue.count) == (0, 0)


def test_who_asks_for_little_does_not_wait_behind_who_asks_for_much() -> None:
    queue: FairQueue[str] = FairQueue(10)
    for n in range(1_000):
        queue.put("flood", 0, 3, f"f{n}")
    for n in range(3):
        queue.put("other", 0, 3, f"o{n}")
    taken = queue.take(60, 20)
    assert {"o0", "o1", "o2"} <= set(taken)
    assert taken[0].startswith("f") or taken[0].startswith("o")


def test_turns_are_by_lines_and_not_by_calls() -> None:
    """One asks for ten lines a call, the other for one: of the lines taken each has about half."""
    queue: FairQueue[int] = FairQueue(10)
    for _ in range(500):
        queue.put("large", 0, 10, 10)
        for _ in range(10):
            queue.put("small", 0, 1, 1)
    taken = queue.take(1_000, 10_000)
    large = sum(lines for lines in taken if lines == 10)
    assert 400 <= large <= 600 and sum(taken) == 1_000


def test_the_first_is_taken_however_many_lines_it_has() -> None:
    queue: FairQueue[str] = FairQueue(10)
    queue.put("one", 0, 10_000, "large")
    queue.put("other", 0, 1, "small")
    assert sorted(queue.take(5, 1) + queue.take(5, 1)) == ["large", "small"]


@pytest.mark.parametrize("seed", range(10))
def test_everything_put_is_taken_once(seed: int) -> None:
    rng = random.Random(seed)
    queue: FairQueue[int] = FairQueue(rng.choice([1, 10, 500]))
    put, taken = 0, []
    for _ in range(2_000):
        if rng.random() < 0.6:
            queue.put(str(rng.randrange(5)), rng.randrange(3), rng.randrange(1, 40), put)
            put += 1
        else:
            taken += queue.take(rng.randrange(1, 100), rng.randrange(1, 20))
    while queue.count:
        taken += queue.take(100, 10)
    assert sorted(taken) == list(range(put)) and queue.lines == 0


def measured(lane: Waiting[int], lines: int, nanos_per_line: int) -> None:
    """Let it see how fast lines are worked on."""
    now = 1
    for n in range(200):
        lane.put("", 0, lines, n)
    while lane.take(lines, 1, now):
        now += lines * nanos_per_line


def test_before_anything_is_measured_a_burst_is_let_in() -> None:
    lane: Waiting[int] = Waiting(10, 10_000, 250)
    for n in range(LINES_FREE // 10 + 1):
        assert lane.has_room(1)
        lane.put("", 0, 10, n)
    assert not lane.has_room(10**9)


def test_a_lane_is_full_when_the_wait_would_be_too_long() -> None:
    """A millisecond a line: 250 lines wait a quarter of a second; but two calls are always let in."""
    lane: Waiting[int] = Waiting(10, 10_000, 250)
    measured(lane, 10, MS)
    for n in range(26):
        assert lane.wait_ms == pytest.approx(10 * n, abs=1) and lane.has_room(10**9)
        lane.put("", 0, 10, n)
    assert not lane.has_room(10**9)
    slow: Waiting[int] = Waiting(10, 10_000, 250)
    measured(slow, 10, MS)
    for n in range(2):
        assert slow.has_room(10**9)
        slow.put("", 0, 1_000, n)
    assert not slow.has_room(10**9)


def test_a_slow_call_alone_says_nothing_about_many() -> None:
    """One at a time each took a second, as on a machine that is busy: a burst of them is let in, and goes together."""
    lane: Waiting[int] = Waiting(10, 10_000, 250)
    measured(lane, 1, 1_000 * MS)
    for n in range(300):
        assert lane.has_room(20_000)
        lane.put("", 0, 1, n)


def test_a_call_that_cannot_be_in_time_is_not_let_in() -> None:
    lane: Waiting[int] = Waiting(10, 10_000, 250)
    measured(lane, 10, MS // 20)
    for _ in range(2):
        lane.put("", 0, 2_000, 0)
    assert lane.wait_ms == pytest.approx(200, rel=0.02)
    assert lane.has_room(1_000) and not lane.has_room(100)


def test_a_pause_is_no_slowness() -> None:
    """Between the last of the waiting and the next that comes nothing was worked on."""
    lane: Waiting[int] = Waiting(10, 10_000, 250)
    measured(lane, 10, MS // 100)
    lane.put("", 0, 10, 0)
    assert lane.take(10, 1, 10**15) == [0]
    lane.put("", 0, 10_000, 0)
    assert lane.wait_ms == pytest.approx(100, rel=0.05)


def test_calls_are_bounded_by_count_as_well() -> None:
    lane: Waiting[int] = Waiting(10, 3, 250)
    for n in range(3):
        assert lane.has_room(1)
        lane.put("", 0, 1, n)
    assert not lane.has_room(1)
