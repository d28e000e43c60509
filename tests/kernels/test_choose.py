"""What is decided of an order, against every plan of its columns: whole lines, lines divided, lines short."""

from collections import Counter

import numpy as np

from engine.kernels import asked as a
from engine.kernels.choose import SHORT_TOTAL_MICROS, unit_short
from engine.kernels.partition import NEVER
from engine.optimizer.problem import Problem, Tariffs, new_problem
from tests.kernels.drawn_worlds import World, decided, drawn_world
from tests.kernels.test_offers import cheapest, lines_in
from tests.kernels.test_partition import every_plan
from tests.naive.assignment import cheapest_micros
from tests.naive.offers import Column, columns_of, fixed_micros, late_micros, preference, subset_micros

SEEDS = range(900)


def problem_of(world: World, columns: list[Column], held: list[int], short: int) -> Problem:
    """The columns as a problem of the lines held."""

    def line(field: int) -> list[int]:
        return [world.line(field, j) for j in held]

    zones = [world.zone[c.service][c.source.location] for c in columns]
    services = [z // 3 for z in range(len(world.breaks))]
    ints = {
        "quantity": line(a.L_QUANTITY), "item": range(len(held)), "grams": line(a.L_GRAMS), "volume": line(a.L_VOLUME),
        "short_micros": [short] * len(held), "line_locations_max": line(a.L_MOST),
        "location": [c.source.location for c in columns], "fixed": [fixed_micros(world, c) for c in columns],
        "unit_micros": [world.costs[c.source.location].unit for c in columns],
        "capacity_kind": [world.limits.kind[c.source.location] for c in columns],
        "capacity_left": [c.source.left for c in columns], "price_row": zones, "zone": range(len(world.breaks)),
        "divisor": world.limits.services[0, services], "package_grams_max": world.limits.services[1, services],
        "line_micros": [[world.costs[c.source.location].pick + late_micros(world, c, j) for c in columns] for j in held],
        "available": [[c.source.units[j] for c in columns] for j in held],
    }  # fmt: skip
    return new_problem(
        **{name: np.array(values, np.int64) for name, values in ints.items()},
        allowed=np.array([[j in c.some for c in columns] for j in held], np.bool_), tariffs=Tariffs(*world.tariffs),
        split_micros=world.order(a.O_SPLIT), carrier_weight_ppm=world.order(a.O_CARRIER_PPM),
        locations_max=world.order(a.O_MOST),
    )  # fmt: skip


def test_decisions_against_every_plan() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        world = drawn_world(seed)
        results, placed = decided(world)
        for p, services in enumerate(world.options):
            status, objective, shipments, _, _, held_bits = results[p].tolist()
            columns = columns_of(world, services)
            seen[str(status)] += 1
            if status == a.OUT_OF_RANGE:
                continue
            held = [j for j in range(world.n) if any(j in c.whole for c in columns)]
            some = [j for j in range(world.n) if j not in held and any(j in c.some for c in columns)]
            assert lines_in(held_bits) == tuple(held), seed
            if any(not world.line(a.L_ALL_OR_NOTHING, j) or world.line(a.L_MOST, j) > 1 for j in some):
                assert status == a.PARTIAL, seed
                continue
            if not held:
                assert status == a.EMPTY, seed
                continue
            check_plan(seed, world, columns, held, results[p], placed[p], seen)
            assert shipments >= 0
            assert objective < NEVER
    assert min(seen[str(status)] for status in (a.SOLVED, a.EMPTY, a.PARTIAL, a.REPEATED, a.DIVISIBLE)) > 2, seen
    assert seen["divided"] > 50, seen


def check_plan(
    seed: int, world: World, columns: list[Column], held: list[int], result: np.ndarray, placed: np.ndarray, seen: Counter[str]
) -> None:
    """The program's value is the least of all ways to share lines out; a proven plan is the best of every plan there is."""
    n, status, objective = world.n, int(result[a.R_STATUS]), int(result[a.R_OBJECTIVE])
    units = sum(world.line(a.L_QUANTITY, j) for j in held)
    short = unit_short(world.order(a.O_SHORT), units)
    assert short == (world.order(a.O_SHORT) if world.order(a.O_SHORT) >= 0 else SHORT_TOTAL_MICROS // units)
    best = [0, *(NEVER if (found := cheapest(world, columns, s)) is None else found[0] for s in range(1, 1 << n))]
    line_short = [short * world.line(a.L_QUANTITY, j) if j in held else 0 for j in range(n)]
    split, most = world.order(a.O_SPLIT), min(world.order(a.O_MOST), n)
    plans = [(cost + (0 if count else split), count) for cost, count in every_plan((1 << n) - 1, most, best, line_short)]
    assert (objective + split, int(result[a.R_SHIPMENTS])) == min(plans), seed

    groups: dict[tuple[int, ...], list[int]] = {}
    for j in range(n):
        if placed[j, a.P_LOCATION] >= 0:
            groups.setdefault(tuple(placed[j].tolist()), []).append(j)
    if status == a.REPEATED:
        assert len(groups) < result[a.R_SHIPMENTS] or len({key[a.P_LOCATION] for key in groups}) < len(groups)
    else:
        assert len({key[a.P_LOCATION] for key in groups}) == len(groups) == result[a.R_SHIPMENTS], seed
        total = sum(line_short[j] for j in range(n) if placed[j, a.P_LOCATION] < 0) - (split if groups else 0)
        for key, lines in groups.items():
            found = cheapest(world, columns, sum(1 << j for j in lines))
            assert found is not None
            cost, column = found
            source = column.source
            assert key == (
                source.location, column.service, source.start, source.day, column.handover, column.earliest, column.latest
            ), (seed, preference(world, column))  # fmt: skip
            assert subset_micros(world, column, tuple(lines)) == cost
            total += cost
        assert total == objective, seed

    problem = problem_of(world, columns, held, short)
    if problem.column_count > 8:
        return
    assert objective <= cheapest_micros(problem, divide=False), seed
    if status == a.SOLVED:
        assert objective == cheapest_micros(problem, divide=True), seed
        seen["divided"] += bool(((problem.quantity > 1) & (problem.line_locations_max > 1)).any())
    elif status == a.DIVISIBLE:
        assert objective == cheapest_micros(problem, divide=False), seed
