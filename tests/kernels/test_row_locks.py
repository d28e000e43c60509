"""Versions of rows against a dictionary; a row is read as it was at one moment, or not at all."""

import random
from threading import Thread

import numpy as np
import pytest

from engine.kernels.row_locks import CHANGING, TOO_LONG, are_unchanged, copy_row, lock_rows, unlock_rows, versions_of


@pytest.mark.parametrize("seed", range(60))
def test_versions_are_what_a_dictionary_says(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.choice([1, 2, 5])
    start = [rng.choice([0, 2, 2**62]) for _ in range(count)]
    version, naive = np.array(start), dict(enumerate(start))
    for _ in range(20):
        items = [rng.randrange(count) for _ in range(rng.randint(0, 4))]
        found, before = np.full(len(items), -7), {i: naive[i] for i in items}
        assert versions_of(np.array(items, np.int64), version, found) == all(v % 2 == 0 for v in before.values())
        if all(v % 2 == 0 for v in before.values()):
            assert found.tolist() == [before[i] for i in items]
        changed = [rng.choice([*range(count), -1]) for _ in range(rng.randint(0, 4))]
        lock = rng.random() < 0.5
        (lock_rows if lock else unlock_rows)(np.array(changed, np.int64), version)
        for i in set(changed) - {-1}:
            naive[i] += naive[i] % 2 == (0 if lock else 1)
        assert version.tolist() == list(naive.values())
        told = np.array([before[i] for i in items], np.int64)
        assert are_unchanged(np.array(items, np.int64), version, told) == (before == {i: naive[i] for i in items})


@pytest.mark.parametrize("seed", range(60))
def test_a_row_is_copied_as_it_stands(seed: int) -> None:
    rng = random.Random(seed)
    counts = [rng.choice([0, 1, 3, 6]) for _ in range(3)]
    total, room = sum(counts) + 2, rng.choice([0, 1, 3, 6, 9])
    columns = [np.array([rng.choice([-(2**31), 0, 5, 2**31 - 1]) for _ in range(total)], np.int32) for _ in range(4)]
    begins = [2 + sum(counts[:i]) for i in range(3)]
    version = np.array([rng.choice([0, 4, 7]) for _ in counts])
    for item in range(3):
        row = np.full((4, room), -9, np.int32)
        copied = copy_row(item, version, np.array(begins), np.array(counts), *columns, row)
        if version[item] % 2:
            assert copied == CHANGING
        elif counts[item] > room:
            assert copied == TOO_LONG
        else:
            assert copied == counts[item]
            span = slice(begins[item], begins[item] + copied)
            assert row[:, :copied].tolist() == [column[span].tolist() for column in columns]
            assert (row[:, copied:] == -9).all()


def test_no_row_is_read_half_changed() -> None:
    """One thread writes a row of equal numbers again and again; what another reads of it is equal numbers."""
    size, rounds = 64, 400
    columns = [np.zeros(size, np.int32) for _ in range(4)]
    version, start, count, item = np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([size]), np.zeros(1, np.int64)

    def write() -> None:
        for value in range(1, rounds):
            lock_rows(item, version)
            for column in columns:
                column[:] = value
            unlock_rows(item, version)

    writer = Thread(target=write)
    writer.start()
    seen = set()
    while writer.is_alive() or not seen:
        row = np.full((4, size), -1, np.int32)
        if copy_row(0, version, start, count, *columns, row) == size:
            assert len(set(row.ravel().tolist())) == 1
            seen.add(int(row[0, 0]))
    writer.join()
    assert version.tolist() == [2 * (rounds - 1)]
