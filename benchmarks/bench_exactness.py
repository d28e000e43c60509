"""Are the plans called OPTIMAL optimal, and how much faster are they found than by HiGHS and CP-SAT?

Each order of the sample is given to HiGHS, to CP-SAT in a process of its own, and, where it is small, to a search over every
plan. Their plans are priced anew in whole micros; floating objectives are never compared. All run on one thread, and times
are of the processor, so that other work on the machine does not count.
"""

import importlib.util
import json
import pickle
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import cycle, islice
from math import comb, prod
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.highs_model import solve_with_highs
from benchmarks.instances import Sizes, random_orders
from benchmarks.order_program import is_divisible
from benchmarks.report import Report
from engine.optimizer.problem import Placement, Problem, Solution
from engine.optimizer.solve import solve_orders
from tests.checker import check_solution, plan_micros
from tests.naive.assignment import cheapest_micros

SEED = 20_260_901
ORDERS = 10_000
WHOLE_LINES = Sizes(lines_max=6, locations_min=5, locations_max=200, splits_share=0)
WHOLE_LINES_ORDERS = 500
NODES_MAX = 200_000
SECONDS_MAX = 3.0
"""What a solver may take for one order: where that does not suffice, its time counts for less than it is."""

HIGHS_COMPARED = 520
CPSAT_ORDERS = 250
BRUTE_ORDERS = 250
BRUTE_PLANS_MAX = 20_000
BATCH = 128
REPEATS, REPEATED_SECONDS_MAX = 5, 0.02
COPIES, COPIES_SECONDS_MAX = BATCH, 0.001
LOCATION_BANDS = (30, 173)
"""Where the middle and the upper third of log-uniform 5 … 1,000 begin."""


class Run(NamedTuple):
    """Our answers, the mean seconds of all in batches, and for the orders of the sample what each takes, and alone."""

    problems: list[Problem]
    solutions: list[Solution]
    mean_seconds: float
    seconds: dict[int, float]
    alone_seconds: dict[int, float]


class Rival(NamedTuple):
    """What a solver did with some of the orders: its seconds, and its plan priced in micros, or None when out of time."""

    seconds: dict[int, float]
    micros: dict[int, int | None]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark; `--small` compares whole lines only."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=None, help=f"orders to solve, {ORDERS:,} by default")
    parser.add_argument("--small", action="store_true", help=f"only the {WHOLE_LINES_ORDERS} orders of whole lines")
    options = parser.parse_args(arguments)
    report = Report("exactness", "Exactness: optimal plans, and the time to find them")
    whole_count = min(options.orders or WHOLE_LINES_ORDERS, WHOLE_LINES_ORDERS)
    whole = measure_whole_lines(report, whole_count)
    if options.small:
        report.finish(whole)
        return
    figures = measure_orders(report, options.orders or ORDERS)
    report.finish({**figures, **{f"whole_lines_{key}": value for key, value in whole.items()}})


def measure_whole_lines(report: Report, count: int) -> dict[str, float | None]:
    """Orders of up to 6 lines and 200 locations without quantity splits, every one against HiGHS."""
    problems = random_orders(SEED + 1, count, WHOLE_LINES)
    run = solve_all(report, problems, range(count))
    highs = run_highs(report, problems, range(count), count)
    report.say(f"Whole lines: {count} orders of up to 6 lines and 200 locations, all given to HiGHS.")
    return compare_all(report, run, {"highs": highs})


def measure_orders(report: Report, count: int) -> dict[str, float | None]:
    """The exactness family; both solvers get a random sample of it."""
    problems = random_orders(SEED, count, Sizes())
    sample = np.random.default_rng(SEED).permutation(count).tolist()
    run = solve_all(report, problems, sample[: 2 * HIGHS_COMPARED])
    cpsat = start_cpsat(report, problems, sample[:CPSAT_ORDERS])
    highs = run_highs(report, problems, sample[: 2 * HIGHS_COMPARED], HIGHS_COMPARED)
    rivals = {"highs": highs}
    if cpsat:
        rivals["cpsat"] = finish_cpsat(report, problems, sample[:CPSAT_ORDERS], cpsat)
    brute = run_brute_force(report, problems)
    return compare_all(report, run, rivals, brute)


def may_divide(problem: Problem) -> bool:
    """Whether any line may be divided."""
    return any(is_divisible(problem, j) for j in range(problem.line_count))


def location_band(problem: Problem) -> int:
    """The third of the range of locations that the order lies in."""
    return sum(problem.column_count >= begin for begin in LOCATION_BANDS)


def solve_all(report: Report, problems: list[Problem], sample: Sequence[int]) -> Run:
    """Solve and check every order in batches, and time those of the sample."""
    solve_orders(problems[:20], 1_000)  # compiles
    solutions: list[Solution] = []
    spent = 0.0
    for at in report.track(range(0, len(problems), BATCH), "Belofte, in batches"):
        begin = time.process_time()
        solutions += solve_orders(problems[at : at + BATCH], NODES_MAX)
        spent += time.process_time() - begin
    for problem, solution in zip(problems, solutions, strict=True):
        check_solution(problem, solution)
    alone = {i: seconds_each([problems[i]]) for i in report.track(sample, "Belofte, one at a time")}
    classes: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, problem in enumerate(problems):
        if not may_divide(problem):
            classes[problem.line_count, location_band(problem)].append(i)
    whole = {key: seconds_each([problems[i] for i in islice(cycle(members), BATCH)]) for key, members in classes.items()}
    seconds = {}
    for i in report.track(sample, "Belofte, per order"):
        if not may_divide(problems[i]):
            seconds[i] = whole[problems[i].line_count, location_band(problems[i])]
        else:
            seconds[i] = alone[i] if alone[i] > COPIES_SECONDS_MAX else seconds_each([problems[i]] * COPIES)
    return Run(problems, solutions, spent / len(problems), seconds, alone)


def seconds_each(batch: list[Problem]) -> float:
    """What one call takes by order: the median of a few calls, or the only one where it takes long."""
    spent: list[float] = []
    while len(spent) < REPEATS and sum(spent) < REPEATED_SECONDS_MAX:
        begin = time.process_time()
        solve_orders(batch, NODES_MAX)
        spent.append(time.process_time() - begin)
    return median(spent) / len(batch)


def run_highs(report: Report, problems: Sequence[Problem], sample: Iterable[int], enough: int) -> Rival:
    """HiGHS on the orders of the sample, until it has solved enough of them."""
    seconds: dict[int, float] = {}
    micros: dict[int, int | None] = {}
    for i in report.track(list(sample), "HiGHS"):
        begin = time.process_time()
        placements = solve_with_highs(problems[i], SECONDS_MAX)
        seconds[i] = time.process_time() - begin
        micros[i] = None if placements is None else plan_micros(problems[i], placements)
        if sum(value is not None for value in micros.values()) == enough:
            break
    return Rival(seconds, micros)


def start_cpsat(report: Report, problems: Sequence[Problem], sample: Iterable[int]) -> "subprocess.Popen[bytes] | None":
    """CP-SAT beside HiGHS, in a process of its own, where OR-Tools is installed."""
    if importlib.util.find_spec("ortools") is None:
        report.say("CP-SAT is left out: no release of OR-Tools for this Python fits our protobuf.")
        return None
    command = [sys.executable, "-m", "benchmarks.cpsat_model"]
    root = Path(__file__).parent.parent
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(pickle.dumps(([problems[i] for i in sample], SECONDS_MAX)))
    process.stdin.close()
    return process


def finish_cpsat(
    report: Report, problems: Sequence[Problem], sample: Sequence[int], process: "subprocess.Popen[bytes]"
) -> Rival:
    """Wait for CP-SAT and price its plans."""
    report.say("Waiting for CP-SAT, which ran beside HiGHS on the other core.")
    with process:
        assert process.stdout is not None
        answers = json.loads(process.stdout.read())
    assert process.returncode == 0, "CP-SAT failed"
    priced: dict[int, int | None] = {}
    for i, (_, placements) in zip(sample, answers, strict=True):
        priced[i] = None if placements is None else plan_micros(problems[i], [Placement(*place) for place in placements])
    return Rival({i: seconds for i, (seconds, _) in zip(sample, answers, strict=True)}, priced)


def run_brute_force(report: Report, problems: Sequence[Problem]) -> dict[int, int]:
    """What the cheapest of all plans costs, of the first orders with few enough of them."""
    small = [i for i, problem in enumerate(problems) if plan_count(problem) <= BRUTE_PLANS_MAX][:BRUTE_ORDERS]
    return {i: cheapest_micros(problems[i]) for i in report.track(small, "Brute force")}


def plan_count(problem: Problem) -> int:
    """Ways to spread every line over the columns that may carry it and short."""
    return prod(
        comb(int(allowed.sum()) + int(quantity), int(quantity)) if is_divisible(problem, j) else int(allowed.sum()) + 1
        for j, (allowed, quantity) in enumerate(zip(problem.allowed, problem.quantity, strict=True))
    )


def compare_all(
    report: Report, run: Run, rivals: dict[str, Rival], brute: dict[int, int] | None = None
) -> dict[str, float | None]:
    """The tables and the figures; a disagreement is printed with the order's index."""
    optimal = [s.objective_micros == s.lower_bound_micros for s in run.solutions]
    equal, compared = 0, 0
    known = {name: rival.micros for name, rival in rivals.items()} | ({"brute force": brute} if brute else {})
    for name, micros in known.items():
        for i, cost in micros.items():
            if cost is None or not optimal[i]:
                continue
            compared += 1
            equal += cost == run.solutions[i].objective_micros
            if cost != run.solutions[i].objective_micros:
                report.say(f"DIFFERENT: order {i}, {name} {cost}, Belofte {run.solutions[i].objective_micros}")
    for name, micros in known.items():
        out = sum(cost is None for cost in micros.values())
        report.say(f"{name}: {len(micros) - out} compared, {out} out of time after {SECONDS_MAX:g} s.")
    report.say(
        "An order out of time is not compared, and counts with the time it had: a lower bound. Times are of the processor. "
        f"Our time of an order: where no line may be divided, the mean in a batch of {BATCH} of its size class through "
        f"solve_orders; else the mean of {COPIES} copies of it in one call, or where it takes over a millisecond, alone. "
        "The figures ending in _alone are one order a call."
    )
    figures: dict[str, float | None] = {
        "orders": len(run.problems), "compared": compared, "equal_share": equal / compared if compared else None,
        "optimal_share": sum(optimal) / len(optimal),
        "order_us_mean": run.mean_seconds * 1e6,
        "order_us_median": median(run.seconds.values()) * 1e6,
        "order_alone_us_median": median(run.alone_seconds.values()) * 1e6,
    }  # fmt: skip
    groups = size_groups(run.problems)
    rows: list[list[Any]] = []
    for label, members in groups.items():
        timed = [run.seconds[i] for i in members if i in run.seconds]
        proven = sum(optimal[i] for i in members) / len(members)
        rows.append([label, len(members), proven, median(timed) * 1e6 if timed else None])
    for name, rival in rivals.items():
        figures[f"{name}_compared"] = sum(cost is not None for cost in rival.micros.values())
        figures[f"{name}_out_of_time"] = sum(cost is None for cost in rival.micros.values())
        figures[f"{name}_ms_median"] = median(rival.seconds.values()) * 1e3
        figures[f"speedup_vs_{name}"] = speedup(rival, run.seconds, rival.seconds)
        figures[f"speedup_vs_{name}_alone"] = speedup(rival, run.alone_seconds, rival.seconds)
        for row, (label, members) in zip(rows, groups.items(), strict=True):
            row.append(speedup(rival, run.seconds, members))
            figures[f"speedup_vs_{name}_{label.replace(' ', '_')}"] = row[-1]
    report.table("By size class", ["orders of", "orders", "optimal", "µs", *(f"{name} ÷ ours" for name in rivals)], rows)
    return figures


def speedup(rival: Rival, ours: dict[int, float], members: Iterable[int]) -> float | None:
    """The median, over those of the orders that the rival was given, of its time by ours."""
    ratios = [rival.seconds[i] / ours[i] for i in members if i in rival.seconds]
    return median(ratios) if ratios else None


def size_groups(problems: Sequence[Problem]) -> dict[str, list[int]]:
    """The orders by lines, by locations, and by whether a line may be divided."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, problem in enumerate(problems):
        groups[f"lines {problem.line_count:02}"].append(i)
        groups[("locations to 29", "locations to 172", "locations to 1000")[location_band(problem)]].append(i)
        groups["divisible" if may_divide(problem) else "whole"].append(i)
    return dict(sorted(groups.items()))


if __name__ == "__main__":
    main()
