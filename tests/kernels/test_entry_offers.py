"""Entries of an order against every source that is not simply there now; where they are too many, it is said."""

import numpy as np
import pytest

from engine.kernels import asked as a
from engine.kernels.cheapest import BARRED
from engine.kernels.entry_offers import entry_bits, full_days, landings, sum_entry
from engine.kernels.offers import E_BITS, E_DAY, E_LEFT, E_LOCATION, E_MINUTE, E_START, LEAST, LINE_COUNT, UNIT_COUNT, hand_over
from engine.kernels.score import ANY_SHIFT
from engine.kernels.subsets import sum_subsets
from tests.kernels.drawn_worlds import World, decided, drawn_world
from tests.naive.entries import UNLIMITED
from tests.naive.offers import Source, sources_of, units_of

SEEDS = range(300)


def is_entry(world: World, source: Source) -> bool:
    return source.landed > 0 or source.start > world.order(a.O_NOW) or source.left < UNLIMITED


def bits_of(world: World, units: tuple[int, ...]) -> int:
    whole = sum(1 << j for j, there in enumerate(units) if there >= world.line(a.L_QUANTITY, j))
    return whole | sum(1 << (ANY_SHIFT + j) for j, there in enumerate(units) if there > 0)


def asked_of(world: World) -> a.Asked:
    return a.Asked(1, world.n, world.order(a.O_FIRST_LINE), world.order(a.O_NOW), 3, 0, 0, 2**62)


def test_entries_are_all_sources_but_those_there_now() -> None:
    seen = 0
    for seed in SEEDS:
        world = drawn_world(seed)
        results, _ = decided(world)
        entries, count = world.offers.entries, int(world.offers.clock[1])
        told = sorted(
            tuple(entries[[E_LOCATION, E_MINUTE, E_START, E_DAY, E_LEFT, E_BITS], e].tolist())
            for e in range(count)
            if entries[E_BITS, e] != 0 and entries[E_LEFT, e] != 0
        )
        expected = sorted(
            (s.location, s.landed, s.start, s.day, s.left, bits_of(world, s.units))
            for s in sources_of(world)
            if is_entry(world, s) and any(s.units)
        )
        assert (results[:, a.R_STATUS] != a.OUT_OF_RANGE).all()
        assert told == expected, seed
        seen += len(told)
    assert seen > 200


@pytest.mark.parametrize("seed", range(60))
def test_entries_for_which_there_is_no_room(seed: int) -> None:
    """Decided as with room, or not at all: never with some of them left out."""
    roomy = drawn_world(seed)
    expected, _ = decided(roomy)
    needed = int(roomy.offers.clock[1])
    for entries in {0, 1, max(0, needed - 1), needed, needed + 1}:
        world = drawn_world(seed, entries=entries)
        results, _ = decided(world)
        if (results[:, a.R_STATUS] == a.OUT_OF_RANGE).all():
            # Receipts of several lines that land together need room each, until they are found to be one.
            positions = sum(len(row) for row in world.rows.items)
            assert entries < needed + positions
        else:
            assert entries >= needed
            assert results.tolist() == expected.tolist()
        if entries >= needed + 20:
            assert (results[:, a.R_STATUS] != a.OUT_OF_RANGE).all()


@pytest.mark.parametrize("seed", range(150))
def test_bits_by_a_later_minute(seed: int) -> None:
    world = drawn_world(seed)
    decided(world)
    now = world.order(a.O_NOW)
    for location in range(len(world.costs)):
        for start in (now, now + 1, now + 2_000, now + 10**6):
            bits = entry_bits(asked_of(world), world.lines, location, start, world.pools[1], world.floor, world.arena,
                              world.offers.units)  # fmt: skip
            wish = int(world.wishes[1, location])
            assert bits & wish == bits_of(world, units_of(world, location, start))


@pytest.mark.parametrize("seed", range(100))
def test_days_that_cannot_hold_the_order(seed: int) -> None:
    world = drawn_world(seed)
    units = sum(world.line(a.L_QUANTITY, j) for j in range(world.n))
    hand_over(world.order(a.O_NOW), world.tables, world.offers)
    bits = world.offers.bits[0]
    bits[:] = [(seed >> place) & 1 for place in range(len(bits))]
    before = bits.tolist()
    full = []
    for place, some in enumerate(before):
        day = int(world.offers.day[world.limits.profile[place]])
        taken = int(world.limits.used[day, place]) if day < len(world.limits.used) else 0
        left = int(world.limits.per_day[place]) - taken
        if some and (left <= 0 or left < (1, world.n, units)[world.limits.kind[place]]):
            full.append(place)
    count = full_days(world.n, units, world.limits, world.tables, world.offers)
    assert count == len(full)
    assert world.offers.entries[E_MINUTE, :count].tolist() == [place << 32 for place in full]
    assert bits.tolist() == [0 if place in full else some for place, some in enumerate(before)]
    small = drawn_world(seed, entries=max(0, count - 1))
    small.offers.bits[0][:] = before
    hand_over(world.order(a.O_NOW), small.tables, small.offers)
    assert count == 0 or full_days(world.n, units, small.limits, small.tables, small.offers) == -1

    keys = landings(asked_of(world), world.lines, world.order(a.O_LATEST), world.arena, world.offers, count)
    expected = sorted(
        {(p.location << 32) + p.available_at for row in world.rows.items for p in row
         if max(0, world.order(a.O_NOW)) < p.available_at <= world.order(a.O_LATEST)}
    )  # fmt: skip
    assert world.offers.entries[E_MINUTE, count:keys].tolist() == expected


@pytest.mark.parametrize("seed", range(100))
def test_subsets_that_take_more_than_is_left(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    mask, kind, left = int(rng.integers(0, 1 << n)), int(rng.integers(0, 3)), int(rng.integers(0, 8))
    quantity = rng.integers(1, 4, n)
    subsets = np.full((14, 1 << n), -7)
    sum_subsets(n, np.ones(n, np.int64), 0, subsets[LINE_COUNT])
    sum_subsets(n, quantity, 0, subsets[UNIT_COUNT])
    fixed, handling = np.array([[0, 40]]), np.array([[[0, 5], [0, 2**31 - 1]]], np.int32)
    sum_entry(mask, 1, 0, kind, left, fixed, handling, subsets)
    for s in range(1, 1 << n):
        if s & ~mask:
            assert subsets[LEAST, s] == -7
            continue
        lines, units = int(subsets[LINE_COUNT, s]), int(subsets[UNIT_COUNT, s])
        cost = 40 + 5 * lines + (2**31 - 1) * units
        assert subsets[LEAST, s] == (cost if (1, lines, units)[kind] <= left else BARRED + cost)
