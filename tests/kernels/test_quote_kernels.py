"""Small kernels of quotes and estimates, against one line each of what they find."""

import random

import numpy as np

from engine.kernels.order_tables import V_TOTAL_MICROS
from engine.kernels.plan_estimates import E_EARLIEST, E_LATEST, E_STATUS, NONE, TOLD, TOLD_FIELDS
from engine.kernels.plan_quotes import insert_ranked
from engine.kernels.quote_tables import F_LATEST, FACT_FIELDS
from engine.kernels.write_estimates import place_of
from engine.kernels.write_quotes import find_minute
from engine.optimizer.plain import new_tables


def test_a_minute_is_found_among_all_of_them() -> None:
    rng = random.Random(1)
    for _ in range(200):
        minutes = sorted(rng.sample(range(-50, 1_000), rng.randint(1, 60)))
        for place, minute in enumerate(minutes):
            assert find_minute(minute, np.array(minutes)) == place


def test_levels_are_told_by_date_and_then_by_rank() -> None:
    rng = random.Random(2)
    for _ in range(300):
        count, first = rng.randint(1, 5), rng.randint(0, 3)
        told = np.full((first + count, TOLD_FIELDS), 7, np.int64)
        ranks = np.array(rng.sample(range(count), count))
        told[first:, E_STATUS] = [rng.choice([TOLD, TOLD, NONE]) for _ in range(count)]
        told[first:, E_EARLIEST], told[first:, E_LATEST] = np.array([rng.choices(range(3), k=count) for _ in range(2)])
        levels = [level for level in range(count) if told[first + level, E_STATUS] == TOLD]
        in_order = sorted(levels, key=lambda n: (told[first + n, E_LATEST], told[first + n, E_EARLIEST], ranks[n]))
        assert [place_of(level, told, first, count, ranks) for level in in_order] == list(range(len(levels)))


def test_options_are_ranked_by_cost_and_then_by_date_and_as_they_came() -> None:
    rng = random.Random(3)
    for _ in range(300):
        count = rng.randint(1, 6)
        plans, facts = new_tables(count, count), np.zeros((count, FACT_FIELDS), np.int64)
        ranked = np.full(count, -7)
        for p in range(count):
            plans.orders[p, V_TOTAL_MICROS], facts[p, F_LATEST] = rng.randrange(3), rng.randrange(3)
            insert_ranked(p, ranked, p, plans, facts)
        expected = sorted(range(count), key=lambda p: (plans.orders[p, V_TOTAL_MICROS], facts[p, F_LATEST]))
        assert ranked.tolist() == expected
