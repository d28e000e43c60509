"""The matrix against a dictionary: rows grow, positions stay in order, loading is the same as changing."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from engine.inventory.arena import Arena
from engine.inventory.matrix import ON_HAND, QUANTITY_MAX, QUANTITY_MIN, InventoryMatrix, Slot

ITEMS, LOCATIONS = 7, 20
Model = dict[tuple[int, int, Slot], list[int]]


def slots_of(draw: random.Random) -> list[Slot]:
    """On hand and receipts in two pools; two receipts arrive in the same minute."""
    minutes = {"": ON_HAND, "po1": 900, "po2": 100, "po3": 900, "po4": 500}
    slots = [Slot(name, pool, minute, True) for name, minute in minutes.items() for pool in ("", "vip")]
    draw.shuffle(slots)
    return [*slots, Slot("", "", ON_HAND, False)]


def drawn_changes(draw: random.Random, count: int) -> list[tuple[int, int, Slot, int, int]]:
    slots = slots_of(draw)
    return [
        (
            min(int(draw.expovariate(0.7)), ITEMS - 1), draw.randrange(LOCATIONS), draw.choice(slots),
            draw.randrange(-5, 50), draw.randrange(-5, 20),
        )
        for _ in range(count)
    ]  # fmt: skip


def changed(changes: list[tuple[int, int, Slot, int, int]]) -> tuple[InventoryMatrix, Model]:
    matrix, model = InventoryMatrix(ITEMS, LOCATIONS), Model()
    for item, location, slot, supply, demand in changes:
        matrix.change(item, location, matrix.slot_index(slot), supply, demand)
        units = model.setdefault((item, location, slot), [0, 0])
        units[0] += supply
        units[1] += demand
    return matrix, model


def check(matrix: InventoryMatrix, model: Model) -> None:
    found = {}
    for item in range(ITEMS):
        row = matrix.rows(item)
        # Equal arrivals stand in the order in which their slots were opened.
        order = [(location, slot.available_at_minute, matrix.slot_index(slot)) for location, slot, _, _ in row]
        assert order == sorted(order)
        for location, slot, supply, demand in row:
            found[item, location, slot] = [supply, demand]
        for location in range(LOCATIONS):
            run = matrix.run(item, location)
            assert [matrix.slots[matrix.slot[at]] for at in run] == [slot for at, slot, _, _ in row if at == location]
    assert found == model
    places = [
        (item, location, slot) for item in range(ITEMS) for location in range(LOCATIONS) for slot in range(len(matrix.slots))
    ]
    columns = np.array(places, np.int64).reshape(-1, 3).T.copy()
    for (item, location, slot), (at, *units) in zip(places, matrix.read_many(*columns).T.tolist(), strict=True):
        assert units == model.get((item, location, matrix.slots[slot]), [0, 0])
        assert at == matrix.find(item, location, slot)
    for (item, location, slot), (supply, _) in model.items():
        at = matrix.find(item, location, matrix.slot_index(slot))
        assert matrix.supply[at] == supply


@pytest.mark.parametrize("seed", range(5))
def test_changes_are_what_a_dictionary_says(seed: int) -> None:
    check(*changed(drawn_changes(random.Random(seed), 1_500)))


@pytest.mark.parametrize("seed", range(5))
def test_loading_is_the_same_as_changing(seed: int) -> None:
    """Also when it goes on changing afterwards: loaded rows have little room."""
    draw = random.Random(seed)
    changes = drawn_changes(draw, 400)
    matrix, model = changed(changes)
    loaded = InventoryMatrix(ITEMS, LOCATIONS)
    for slot in matrix.slots:
        loaded.slot_index(slot)
    rows = [(item, at, loaded.slot_index(slot), *units) for (item, at, slot), units in model.items()]
    draw.shuffle(rows)
    table = np.array(rows, np.int64)
    item, location, slot = table[:, :3].astype(np.int32).T
    loaded.load(item, location, slot, table[:, 3], table[:, 4])
    check(loaded, model)
    for each in drawn_changes(draw, 400):
        matrix.change(each[0], each[1], matrix.slot_index(each[2]), *each[3:])
        loaded.change(each[0], each[1], loaded.slot_index(each[2]), *each[3:])
    assert [matrix.rows(i) for i in range(ITEMS)] == [loaded.rows(i) for i in range(ITEMS)]


def test_load_of_nothing() -> None:
    matrix = InventoryMatrix(ITEMS, LOCATIONS)
    none, no_units = np.zeros(0, np.int32), np.zeros(0, np.int64)
    matrix.load(none, none, none, no_units, no_units)
    check(matrix, {})
    matrix.change(3, 4, 0, 5, 1)
    check(matrix, {(3, 4, Slot("", "", ON_HAND, True)): [5, 1]})


def test_row_moves_when_it_is_full_and_takes_its_positions_along() -> None:
    """4 places, then half as many again: 4, 6, 9 … up to 100 positions, between which another row grows."""
    matrix = InventoryMatrix(2, 200)
    for location in range(100):
        matrix.change(0, 199 - location, 0, location + 1, 0)
        matrix.change(1, location, 0, 1, 1)
    assert [(location, supply) for location, _, supply, _ in matrix.rows(0)] == [(100 + i, 100 - i) for i in range(100)]
    assert len(matrix.rows(1)) == 100
    assert matrix.opened_count == 200


def test_units_stay_within_their_columns() -> None:
    matrix = InventoryMatrix(1, 1)
    matrix.change(0, 0, 0, QUANTITY_MAX, QUANTITY_MIN)
    assert matrix.rows(0)[0][2:] == (QUANTITY_MAX, QUANTITY_MIN)
    for supply, demand in ((1, 0), (0, -1), (0, 2**40)):
        with pytest.raises(AssertionError, match="range of int32"):
            matrix.change(0, 0, 0, supply, demand)
    assert matrix.rows(0)[0][2:] == (QUANTITY_MAX, QUANTITY_MIN)
    one = np.zeros(1, np.int32)
    with pytest.raises(AssertionError, match="range of int32"):
        InventoryMatrix(1, 1).load(one, one, one, np.array([2**31]), np.array([0]))
    with pytest.raises(AssertionError, match="adds to none"):
        matrix.load(one, one, one, np.array([1]), np.array([0]))


def test_pools_are_numbered_as_they_come_and_the_common_one_is_first() -> None:
    matrix = InventoryMatrix(1, 1)
    assert matrix.slot_index(Slot("po1", "vip", 5, True)) == 1
    assert matrix.slot_index(Slot("po1", "vip", 5, True)) == 1
    assert matrix.slot_index(Slot("", "", ON_HAND, False)) == 2
    assert matrix.pools == ("", "vip")
    assert matrix.slot_available_at.tolist() == [0, 5, 0]
    assert matrix.slot_pool.tolist() == [0, 1, 0]
    assert matrix.slot_sellable.tolist() == [True, True, False]


def test_slots_opened_one_by_one_are_copied_less_than_twice() -> None:
    """Room for 16, then 32, 64 … 2,048: seven times the columns are copied, 2,032 slots in all for the 2,000 there are."""
    matrix = InventoryMatrix(1, 1)
    copied, room = 0, matrix.slot_available_at.base
    for n in range(1, 2_000):
        assert matrix.slot_index(Slot(f"po{n}", "", n, n % 3 > 0)) == n
        if matrix.slot_available_at.base is not room:
            copied, room = copied + n, matrix.slot_available_at.base
    assert copied == 16 + 32 + 64 + 128 + 256 + 512 + 1_024
    assert matrix.slot_available_at.tolist() == list(range(2_000))
    assert matrix.slot_sellable.tolist() == [True, *(n % 3 > 0 for n in range(1, 2_000))]
    assert matrix.slot_pool.tolist() == [0] * 2_000
    assert matrix.slot_available_at.flags.c_contiguous


GROWN_ITEMS, GROWN_LOCATIONS, GROWN_BY = 250, 2_000, 10
BYTES_MAX = 24
COPIES_MAX = 25


def arena_bytes(arena: Arena) -> int:
    """Of columns and row tables."""
    return sum(part.nbytes for part in arena[2:])


def nearly_even(draw: random.Random) -> int:
    return draw.randrange(GROWN_ITEMS)


def skewed(draw: random.Random) -> int:
    """Few items have most of what is opened."""
    return min(int(draw.expovariate(8 / GROWN_ITEMS)), GROWN_ITEMS - 1)


def one_after_the_other(draw: random.Random) -> int:
    """Rows that are full grow, one after the other; those that have room are left alone."""
    one_after_the_other.next += 1  # type: ignore[attr-defined]
    return one_after_the_other.next // 40 % GROWN_ITEMS  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("drawn", [nearly_even, skewed, one_after_the_other])
@pytest.mark.parametrize("seed", range(2))
def test_arena_that_has_grown_is_compact_and_was_copied_few_times(drawn: Callable[[random.Random], int], seed: int) -> None:
    """Ten times as many positions as were loaded: every unit is where it was, at 24 bytes a position in all."""
    draw = random.Random(seed)
    one_after_the_other.next = 0  # type: ignore[attr-defined]
    matrix, model = InventoryMatrix(GROWN_ITEMS, GROWN_LOCATIONS), Model()
    slots = [matrix.slot_index(slot) for slot in slots_of(draw)]
    places = [(item, at, slots[item % 3]) for item in range(GROWN_ITEMS) for at in draw.sample(range(GROWN_LOCATIONS), 12)]
    item, location, slot = np.array(places, np.int32).T
    ones = np.ones(len(places), np.int64)
    matrix.load(item, location, slot, ones, 0 * ones)
    for item_at, at, of in places:
        model[item_at, at, matrix.slots[of]] = [1, 0]
    loaded, arena, copied = len(model), matrix.arena, 0
    while len(model) < GROWN_BY * loaded:
        key = drawn(draw), draw.randrange(GROWN_LOCATIONS), draw.choice(slots)
        supply, demand = draw.randrange(9), draw.randrange(9)
        matrix.change(*key, supply, demand)
        units = model.setdefault((*key[:2], matrix.slots[key[2]]), [0, 0])
        units[0], units[1] = units[0] + supply, units[1] + demand
        if matrix.arena is not arena:
            arena, copied = matrix.arena, copied + len(model)
            assert (matrix.row_count < matrix.row_room).sum() >= GROWN_ITEMS - 1
    found = {
        (item, at, slot): [supply, demand] for item in range(GROWN_ITEMS) for at, slot, supply, demand in matrix.rows(item)
    }
    assert found == model
    assert arena_bytes(matrix.arena) <= BYTES_MAX * len(model)
    assert copied <= COPIES_MAX * matrix.opened_count


def test_another_arena_may_be_the_smaller_one() -> None:
    """Rows that grew one after the other leave more holes than there are positions."""
    matrix = InventoryMatrix(2, 4_000)
    for location in range(1_000):
        matrix.change(0, location, 0, 1, 0)
    matrix._reserve(len(matrix.location))
    before = len(matrix.location)
    matrix._reserve(before - matrix.used + 1, 0)
    assert len(matrix.location) < before
    assert [supply for _, _, supply, _ in matrix.rows(0)] == [1] * 1_000
