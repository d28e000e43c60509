"""The facts of an explanation against plain loops over lines and locations."""

import random

import numpy as np
import pytest

from engine.kernels.alternatives import (
    A_CARRIES,
    A_DOMINATORS,
    A_HOW,
    A_SEND_COLUMN,
    A_SEND_SUBSET,
    A_VALUE,
    ANSWER_FIELDS,
    AT_LEAST,
    C_DAY,
    C_FIXED,
    C_LATEST,
    C_MASK,
    C_OPENING,
    C_PRICE_ROW,
    C_SERVICE,
    C_START,
    COLUMN_FIELDS,
    EXACT,
)
from engine.kernels.asked import L_FLOOR_ROW, L_LATEST, L_QUANTITY, L_ROW_COUNT, L_ROW_START, LINE_FIELDS, Arena, Asked
from engine.kernels.explained import (
    ABROAD,
    DISABLED,
    NO_ZONE,
    NOT_SHIPPING,
    OUT_OF_STOCK,
    SERVES,
    TOO_FAR,
    UNDELIVERED,
    UNWANTED,
    columns_of_problem,
    exclude,
    handle_lines,
    lateness,
    measure_shipments,
    spread_answer,
    units_in_time,
    write_column,
)
from engine.kernels.offers import NEVER_MINUTE
from engine.kernels.partition import NEVER
from tests.checker import carrier_micros
from tests.kernels.drawn_rows import AVAILABLE_AT, POOL, SELLABLE, drawn_pools, drawn_rows
from tests.kernels.test_staircase import arrays, drawn_breaks
from tests.naive.stock import available
from tests.naive.tariffs import shipment_micros, weigh
from tests.optimizer.problems import drawn_problem


@pytest.mark.parametrize("seed", range(100))
def test_what_lines_cost_for_being_late(seed: int) -> None:
    """By started days; nothing where no date was asked, or lateness has no price."""
    rng = random.Random(seed)
    n, first, latest = rng.randint(1, 4), rng.randint(0, 2), rng.randint(0, 10_000)
    per_day, ppm = rng.choice([0, 1, 700, 10**9]), rng.choice([0, 333_333, 10**6, 10**9])
    lines = np.zeros((LINE_FIELDS, first + n), np.int64)
    lines[L_LATEST] = [
        rng.choice([latest - 1441, latest - 1440, latest - 1, latest, latest + 9, NEVER_MINUTE, 0]) for _ in range(first + n)
    ]
    late = np.full(n, -7)
    lateness(Asked(0, n, first, 0, 1, per_day, ppm, NEVER_MINUTE), lines, latest, late)
    for j in range(n):
        due = int(lines[L_LATEST, first + j])
        days = 0 if due >= NEVER_MINUTE else -(-max(0, latest - due) // 1440)
        assert late[j] == (weigh(days * per_day, ppm) if per_day else -7)


@pytest.mark.parametrize("seed", range(50))
def test_a_column_and_what_its_lines_cost(seed: int) -> None:
    rng = random.Random(seed)
    places, n, first = 4, rng.randint(1, 3), rng.randint(0, 2)
    fixed = np.array([[rng.randint(0, 99) for _ in range(places)] for _ in range(2)])
    handled = np.array([[[rng.choice([0, 5, 2**31 - 1]) for _ in range(places)] for _ in range(2)] for _ in range(2)], np.int32)
    lines = np.zeros((LINE_FIELDS, first + n), np.int64)
    lines[L_QUANTITY] = [rng.choice([1, 3, 2**31 - 1]) for _ in range(first + n)]
    late, handling = np.array([rng.randint(0, 9) for _ in range(n)]), np.full((n, 3), -7)
    facts = np.full((COLUMN_FIELDS, 3), -7)
    told = [rng.randint(0, 2**40) for _ in range(8)]
    location, service, mask, kind, left, start, day, latest = told
    place, row_price = rng.randrange(places), np.array([4, 50])
    write_column(1, location, service, mask, place, 1, 1, kind, left, start, day, latest, row_price, fixed, facts)
    opening = int(fixed[1, place]) + 50
    assert facts[:, 1].tolist() == [
        location, service, mask, int(fixed[1, place]), 1, kind, left, start, day, latest, opening, -7,
    ]  # fmt: skip
    assert (facts[:, [0, 2]] == -7).all()
    handle_lines(1, place, 1, n, first, lines, late, handled, handling)
    pick, unit = (int(each) for each in handled[1, :, place])
    assert handling[:, 1].tolist() == [pick + unit * int(lines[L_QUANTITY, first + j]) + int(late[j]) for j in range(n)]
    assert (handling[:, [0, 2]] == -7).all()


@pytest.mark.parametrize("seed", range(150))
def test_units_by_the_latest_date_of_each_line(seed: int) -> None:
    rng = random.Random(seed)
    items, places = 2, 4
    rows, (may, names) = drawn_rows(rng, items, places), drawn_pools(rng)
    n, until = rng.randint(0, 3), rng.choice([0, 2_000, 5_000])
    floor = np.array([[rng.choice([0, 0, 2, 2**31 - 1]) for _ in range(places)] for _ in range(2)], np.int32)
    lines = np.zeros((LINE_FIELDS, n), np.int64)
    asked = [(rng.randrange(items), rng.randrange(2), rng.choice([0, 1_999, 3_500, NEVER_MINUTE])) for _ in range(n)]
    for j, (item, row, latest) in enumerate(asked):
        lines[[L_ROW_START, L_ROW_COUNT], j] = rows.start[item], rows.count[item]
        lines[[L_FLOOR_ROW, L_LATEST], j] = row, latest
    arena = Arena(*rows[3:], AVAILABLE_AT, POOL, SELLABLE)
    units = np.full((n, places), -7)
    units_in_time(lines, until, floor, np.stack((may, ~may)), arena, units)
    assert units.tolist() == [
        [available(rows.items[i], place, min(until, latest), names, int(floor[row, place])) for place in range(places)]
        for i, row, latest in asked
    ]


@pytest.mark.parametrize("seed", range(150))
def test_what_each_location_sends(seed: int) -> None:
    rng = random.Random(seed)
    n, places, services = rng.randint(1, 4), 5, 2
    breaks = drawn_breaks(rng)
    tables = arrays([], breaks)
    zone = np.array([[rng.choice([-1, 1]) for _ in range(places)] for _ in range(services)], np.int32)
    quantity, grams, volume = [[rng.randint(low, 5) for _ in range(n)] for low in (1, 0, 0)]
    sends = np.array([[rng.random() < 0.6 for _ in range(places)] for _ in range(n)])
    service = [rng.randint(-1, services - 1) for _ in range(places)]
    divisor, package = [rng.choice([0, 3]) for _ in range(services)], [rng.choice([4, 2**40]) for _ in range(services)]
    out = np.full((4, places), -7)
    measure_shipments(
        sends, *(np.array(each, np.int64) for each in (quantity, grams, volume, service)), zone, np.array(divisor),
        np.array(package), *tables, *out,
    )  # fmt: skip
    for place, s in enumerate(service):
        lines = [j for j in range(n) if sends[j, place]]
        if s < 0:
            assert out[:, place].tolist() == [0, 0, 0, 0]
            continue
        weight, space = (sum(quantity[j] * each[j] for j in lines) for each in (grams, volume))
        micros = 0 if zone[s, place] < 0 else shipment_micros(weight, space, divisor[s], package[s], breaks)
        expected = [1, len(lines), sum(quantity[j] for j in lines), NEVER if micros is None else micros]
        assert out[:, place].tolist() == expected


@pytest.mark.parametrize("seed", range(150))
def test_why_a_location_does_not_carry_a_line(seed: int) -> None:
    rng = random.Random(seed)
    n, places = rng.randint(1, 3), 6
    services, wished, farthest = 2, rng.choice([-1, 0, 1]), rng.choice([5, 2**62])
    active, ships = (np.array([rng.random() < 0.8 for _ in range(places)]) for _ in range(2))
    country, distance = (np.array([rng.randrange(high) for _ in range(places)]) for high in (2, 10))
    zone = np.array([[rng.choice([-1, 0, 3]) for _ in range(places)] for _ in range(services)], np.int32)
    going = np.array([[rng.random() < 0.6 for _ in range(services)] for _ in range(n)])
    carries, wanted = (np.array([[rng.random() < 0.6 for _ in range(places)] for _ in range(n)]) for _ in range(2))
    units = [[rng.choice([0, 2, 3, 4, 2**40]) for _ in range(places)] for _ in range(n)]
    quantity, why = [rng.choice([1, 3]) for _ in range(n)], np.full((n, places), -7)
    exclude(
        active, ships, country, wished, distance, farthest, zone, going, carries, wanted, np.array(units), np.array(quantity),
        why,
    )  # fmt: skip
    for j in range(n):
        for place in range(places):
            reached = any(going[j, s] and zone[s, place] >= 0 for s in range(services))
            reasons = [
                (carries[j, place], SERVES), (not active[place], DISABLED), (not ships[place], NOT_SHIPPING),
                (wished not in (-1, country[place]), ABROAD), (distance[place] > farthest, TOO_FAR),
                (not wanted[j, place], UNWANTED), (not reached, NO_ZONE), (units[j][place] < quantity[j], OUT_OF_STOCK),
                (True, UNDELIVERED),
            ]  # fmt: skip
            assert why[j, place] == next(reason for is_so, reason in reasons if is_so)


@pytest.mark.parametrize("seed", range(150))
def test_answers_as_differences(seed: int) -> None:
    rng = random.Random(seed)
    n, places, columns = rng.randint(1, 3), 5, 3
    answer = np.zeros((ANSWER_FIELDS, places), np.int64)
    cost, beyond = rng.randint(0, 50), rng.choice([10, 2**50])
    facts = np.array([[rng.randint(0, 99) for _ in range(columns)] for _ in range(COLUMN_FIELDS)])
    for place in range(places):
        answer[[A_CARRIES, A_SEND_SUBSET], place] = rng.randrange(1 << n), rng.randrange(1 << n)
        answer[A_SEND_COLUMN, place] = rng.randint(-1, columns - 1)
        answer[[A_VALUE, A_HOW], place] = rng.choice([rng.randint(0, 80), NEVER]), rng.choice([EXACT, AT_LEAST])
    index = rng.sample(range(4), n)
    carries, sends = np.zeros((2, 4, places), np.bool_)
    told, difference, known, dominator = np.full((4, places), -1), *np.zeros((3, places), np.int64)
    chosen = np.array(rng.sample(range(places), 2))
    answer[A_DOMINATORS] = [rng.randrange(4) for _ in range(places)]
    spread_answer(answer, facts, cost, beyond, np.array(index), chosen, carries, sends, told, difference, known, dominator)
    for place in range(places):
        for row in range(4):
            bit = index.index(row) if row in index else -1
            assert carries[row, place] == (bit >= 0 and bool(answer[A_CARRIES, place] >> bit & 1))
            assert sends[row, place] == (bit >= 0 and bool(answer[A_SEND_SUBSET, place] >> bit & 1))
        dominating = [int(d) for i, d in enumerate(chosen) if answer[A_CARRIES, place] and answer[A_DOMINATORS, place] >> i & 1]
        assert dominator[place] == (dominating or [-1])[0]
        c = int(answer[A_SEND_COLUMN, place])
        assert told[:, place].tolist() == ([-1] * 4 if c < 0 else facts[[C_SERVICE, C_START, C_DAY, C_LATEST], c].tolist())
        value, how = answer[[A_VALUE, A_HOW], place].tolist()
        told_at_all = value < NEVER and value - cost < beyond
        assert known[place] == (how if told_at_all else 0)
        micros = max(value - cost, 0) if how == AT_LEAST else value - cost
        assert difference[place] == (micros if told_at_all else 0)


@pytest.mark.parametrize("seed", range(150))
def test_columns_of_a_problem(seed: int) -> None:
    p = drawn_problem(random.Random(seed).randint, lines_max=4, locations_max=4, quantity_max=3, divide=True, huge=False)
    n, columns, size = p.line_count, p.column_count, 1 << p.line_count
    if columns == 0:
        return
    facts, handling = np.full((COLUMN_FIELDS, columns), -7), np.full((n, columns), -7)
    prices, short = np.full((len(p.zone), size), -7), np.full(n, -7)
    need, stock, counts = np.full((n, size), -7), np.full((n, columns), -7), np.full((2, size), -7)
    shared = columns_of_problem(
        p.carrier_weight_ppm, p.quantity, p.item, p.grams, p.volume, p.short_micros, p.allowed.reshape(-1), p.fixed,
        p.line_micros.reshape(-1), p.unit_micros, p.available.reshape(-1), p.price_row, p.zone, p.divisor, p.package_grams_max,
        *p.tariffs, facts, handling, prices, short, need, stock, counts, np.empty((4, size), np.int64),
    )  # fmt: skip
    quantity, item = p.quantity.tolist(), p.item.tolist()
    several = [i for i in range(max(item) + 1) if item.count(i) > 1]
    assert shared == len(several)
    assert short.tolist() == (p.short_micros * p.quantity).tolist()
    for k, i in enumerate(several):
        assert stock[k].tolist() == p.available[i].tolist()
    for s in range(size):
        lines = [j for j in range(n) if s >> j & 1]
        assert counts[:, s].tolist() == [len(lines), sum(quantity[j] for j in lines)]
        for k, i in enumerate(several):
            assert need[k, s] == sum(quantity[j] for j in lines if item[j] == i)
        for row in range(len(p.zone)):
            micros = carrier_micros(p, row, tuple((j, quantity[j]) for j in lines)) if s else 0
            assert prices[row, s] == (NEVER if micros is None else micros)
    for c in range(columns):
        carried = [j for j in range(n) if p.allowed[j, c] and p.available[item[j], c] >= quantity[j]]
        assert facts[C_MASK, c] == sum(1 << j for j in carried)
        assert [handling[j, c] for j in carried] == [p.line_micros[j, c] + p.unit_micros[c] * quantity[j] for j in carried]
        zone = int(p.zone[p.price_row[c]])
        breaks = p.tariffs.price_micros[p.tariffs.start[zone] : p.tariffs.start[zone + 1]].tolist() if zone >= 0 else [0]
        least = weigh(min(breaks), p.carrier_weight_ppm) if breaks else NEVER
        assert facts[[C_FIXED, C_PRICE_ROW, C_OPENING], c].tolist() == [
            int(p.fixed[c]), int(p.price_row[c]), int(p.fixed[c]) + least,
        ]  # fmt: skip
