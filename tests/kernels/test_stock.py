"""Rows of positions against plain lists, whatever quantities stand in them."""

import random

import numpy as np
import pytest

from engine.kernels.stock import (
    QUANTITY_MAX,
    QUANTITY_MIN,
    change_positions,
    find_position,
    first_at,
    gather_available,
    insert_position,
    read_positions,
    take_at_location,
    take_from_run,
)
from tests.kernels.drawn_rows import AVAILABLE_AT, POOL, SELLABLE, SLOTS, drawn_pools, drawn_rows, slot_of
from tests.naive.stock import available, left

LOCATIONS = 4


@pytest.mark.parametrize("seed", range(80))
def test_positions_are_found_where_they_stand(seed: int) -> None:
    rng = random.Random(seed)
    rows = drawn_rows(rng, 3, LOCATIONS)
    places = [(i, place, s) for i in range(3) for place in range(LOCATIONS + 1) for s in range(len(SLOTS))]
    rng.shuffle(places)
    item, location, slot = np.array(places).T.copy()
    out = np.full((3, len(places)), -7)
    found = read_positions(item, location, slot, *rows[1:], out)
    expected = []
    for i, place, s in places:
        start, row = int(rows.start[i]), rows.items[i]
        at = next((start + k for k, p in enumerate(row) if (p.location, slot_of(p)) == (place, s)), -1)
        expected.append((at, *((row[at - start].supply, row[at - start].demand) if at >= 0 else (0, 0))))
        assert find_position(start, len(row), place, s, rows.location, rows.slot) == at
        first = start + sum(p.location < place for p in row)
        assert first_at(start, len(row), place, rows.location) == first
    assert list(zip(*out.tolist(), strict=True)) == expected
    assert found == sum(at >= 0 for at, *_ in expected)


@pytest.mark.parametrize("seed", range(200))
def test_what_a_row_can_promise(seed: int) -> None:
    rng = random.Random(seed)
    rows, (may, names) = drawn_rows(rng, 1, LOCATIONS), drawn_pools(rng)
    row, start, count = rows.items[0], int(rows.start[0]), int(rows.count[0])
    floor = [rng.choice([0, 0, 2, 2**31 - 1]) for _ in range(LOCATIONS)]
    now = rng.choice([0, 1_999, 2_000, 5_000])
    latest = now + rng.choice([0, 1, 10_000])
    by_now, by_latest, first, last = np.zeros((4, LOCATIONS), np.int64)
    columns = rows.location, rows.slot, rows.supply, rows.demand
    gather_available(start, count, now, latest, may, np.array(floor), AVAILABLE_AT, POOL, SELLABLE, *columns, by_now, by_latest,
                     first, last)  # fmt: skip
    for place in range(LOCATIONS):
        run = [start + k for k, p in enumerate(row) if p.location == place]
        assert (first[place], last[place]) == ((run[0], run[-1] + 1) if run else (0, 0))
        assert by_now[place] == available(row, place, now, names, floor[place])
        assert by_latest[place] == available(row, place, latest, names, floor[place])


def pegged(row: list, place: int, start: int, quantity: int, latest: int, names: set[str], floor: int) -> list[list[int]]:
    """Index, units and what is to stay of positions taken from: earliest arrival first, of one arrival a segment's own."""
    pegs = []
    for p, free, kept in sorted(left(row, place, names, floor), key=lambda each: (each[0].available_at, each[0].pool == "")):
        units = min(quantity, free) if p.available_at <= latest else 0
        if units > 0:
            pegs.append([start + next(k for k, q in enumerate(row) if q is p), units, kept])
            quantity -= units
    return [[peg[field] for peg in pegs] for field in range(3)]


@pytest.mark.parametrize("seed", range(200))
def test_units_are_pegged_to_the_earliest_arrivals(seed: int) -> None:
    rng = random.Random(seed)
    rows, (may, names) = drawn_rows(rng, 2, LOCATIONS), drawn_pools(rng)
    row, start, count = rows.items[1], int(rows.start[1]), int(rows.count[1])
    place, floor = rng.randrange(LOCATIONS + 1), rng.choice([0, 2, 2**31 - 1])
    quantity, latest = rng.choice([0, 1, 5, 12, 2**40]), rng.choice([0, 2_000, 10_000])
    run = [start + k for k, p in enumerate(row) if p.location == place]
    expected = pegged(row, place, start, quantity, latest, names, floor)
    first = start + sum(p.location < place for p in row)
    rest = (AVAILABLE_AT, POOL, SELLABLE)
    out = np.full((3, len(run)), -7)
    written = take_from_run(
        first, first + len(run), quantity, latest, floor, may, *rest, rows.slot, rows.supply, rows.demand, out
    )
    assert out[:, :written].tolist() == expected
    assert (out[:, written:] == -7).all()
    for room in (len(run), len(run) + 1, max(0, len(run) - 1)):
        out = np.full((3, room), -7)
        written = take_at_location(
            start, count, place, quantity, latest, floor, may, *rest, rows.location, rows.slot, rows.supply, rows.demand, out
        )
        assert written == (-1 if room < len(run) else len(expected[0]))
        assert written < 0 or out[:, :written].tolist() == expected


@pytest.mark.parametrize("seed", range(150))
def test_changes_one_by_one(seed: int) -> None:
    """Until one that cannot be: of an unknown slot, in a full row, or beyond int32; others are left out or done."""
    rng = random.Random(seed)
    items, room = rng.randint(1, 3), [rng.choice([0, 1, 3, 8]) for _ in range(3)]
    start, count = [sum(room[:i]) for i in range(3)], np.zeros(3, np.int64)
    location, slot, supply, demand = (np.full(sum(room) + 1, -9, np.int32) for _ in range(4))
    model: dict[tuple[int, int, int], list[int]] = {}
    for _ in range(5):
        edges = [3, -2, 0, 2**31 - 1, -(2**31), 2**32]
        changes = [
            [
                rng.choice([*range(items), -1]), rng.randrange(3), -1 if rng.random() < 0.03 else rng.randrange(len(SLOTS)),
                *(rng.choice(edges) if rng.random() < 0.2 else rng.randint(-3, 5) for _ in range(2)),
            ]
            for _ in range(rng.choice([0, 1, 12, 40]))
        ]  # fmt: skip
        first = rng.randint(0, min(2, len(changes)))
        done, opened = len(changes), 0
        for at, (i, place, s, more, taken) in enumerate(changes):
            if at < first or i < 0:
                continue
            units = model.get((i, place, s), [0, 0])
            after = [units[0] + more, units[1] + taken]
            full = (i, place, s) not in model and sum(key[0] == i for key in model) == room[i]
            if s < 0 or min(after) < QUANTITY_MIN or max(after) > QUANTITY_MAX or full:
                done = at
                break
            opened += (i, place, s) not in model
            model[i, place, s] = after
        table = np.array(changes, np.int64).reshape(-1, 5).T.copy()
        found = change_positions(
            first, *table, np.array(start), count, np.array(room), AVAILABLE_AT, location, slot, supply, demand
        )
        assert found == (done, opened)
        for i in range(3):
            keys = sorted((key for key in model if key[0] == i), key=lambda key: (key[1], SLOTS[key[2]][2], key[2]))
            span = slice(start[i], start[i] + int(count[i]))
            rows = zip(location[span].tolist(), slot[span].tolist(), supply[span].tolist(), demand[span].tolist(), strict=True)
            assert list(rows) == [(place, s, *model[_, place, s]) for _, place, s in keys]
        assert [location[-1], slot[-1], supply[-1], demand[-1]] == [-9] * 4


def test_a_position_is_opened_between_its_neighbours() -> None:
    # Location 3 holds slot 1 (minute 0) and slot 3 (minute 2,000); slot 5 (minute 0) comes between them.
    columns = [np.array(values, np.int32) for values in ([3, 3, 4, 9], [1, 3, 0, 9], [5, 6, 7, 9], [1, 2, 3, 9])]
    assert insert_position(0, 3, 3, 5, AVAILABLE_AT, *columns) == 1
    assert [column.tolist() for column in columns] == [[3, 3, 3, 4], [1, 5, 3, 0], [5, 0, 6, 7], [1, 0, 2, 3]]
