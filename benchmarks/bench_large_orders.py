"""Long orders on a thousand locations: how many are proven optimal, how fast, and how far the others may be from it.

Every solution is refuted or not by the independent checker before it counts. Each order is solved RUNS times and the
shortest counts: the answer is the same each time. Times are of the processor, so that other work on the machine does not
count.
"""

import time
from typing import NamedTuple

import numpy as np

from benchmarks.large_instances import Family, large_orders
from benchmarks.report import Report
from engine.optimizer.solve import solve
from tests.checker import check_solution

SEED = 20_260
ORDERS, WEIGHT_BREAK_ORDERS = 150, 25
RUNS = 3
NODES_MAX, WEIGHT_BREAK_NODES_MAX = 20_000, 4_000
MS_MAX = 10.0
"""Within this time an order counts as proven."""


class Measured(NamedTuple):
    """One family: gap and milliseconds of every order."""

    gap: np.ndarray
    ms: np.ndarray


def measure(report: Report, family: Family, *, weight_breaks: bool) -> Measured:
    """Solve and check the orders of one family."""
    count, runs, nodes_max = (WEIGHT_BREAK_ORDERS, 1, WEIGHT_BREAK_NODES_MAX) if weight_breaks else (ORDERS, RUNS, NODES_MAX)
    gaps, ms = [], []
    problems = large_orders(SEED, count, family, weight_breaks=weight_breaks)
    for problem in report.track(problems, f"{family}{', weight breaks' if weight_breaks else ''}"):
        times = []
        for _ in range(runs):
            begun = time.process_time()
            solution = solve(problem, nodes_max)
            times.append((time.process_time() - begun) * 1e3)
        check_solution(problem, solution)
        gaps.append((solution.objective_micros - solution.lower_bound_micros) / solution.objective_micros)
        ms.append(min(times))
    return Measured(np.array(gaps), np.array(ms))


def row(label: str, measured: Measured) -> list[str | float]:
    """One family in the table."""
    gap, ms = measured
    in_time = float(((gap == 0) & (ms <= MS_MAX)).mean())
    p50, p99 = np.percentile(ms, (50, 99)).tolist()
    return [label, len(gap), float((gap == 0).mean()), in_time, float(gap.max()), p50, p99]


def main() -> None:
    """Run the benchmark."""
    report = Report("large_orders", "Long orders: proven optimal, and how fast")
    # The first call compiles.
    for weight_breaks in (False, True):
        solve(large_orders(SEED + 1, 1, Family.CENTERS, weight_breaks=weight_breaks)[0], NODES_MAX)
    figures: dict[str, float] = {}
    linear = {family: measure(report, family, weight_breaks=False) for family in Family}
    for family, measured in linear.items():
        figures[f"{family}_p50_ms"] = round(float(np.percentile(measured.ms, 50)), 2)
        figures[f"{family}_p99_ms"] = round(float(np.percentile(measured.ms, 99)), 2)
        figures[f"{family}_proven_share"] = float((measured.gap == 0).mean())
        figures[f"{family}_proven_in_time_share"] = float(((measured.gap == 0) & (measured.ms <= MS_MAX)).mean())
    easy = [linear[family] for family in Family if family is not Family.HARD]
    figures["proven_optimal_share"] = float(np.mean([(m.gap == 0) & (m.ms <= MS_MAX) for m in easy]))
    figures["worst_gap"] = float(max(m.gap.max() for m in easy))
    figures["hard_family_worst_gap"] = float(linear[Family.HARD].gap.max())
    breaks = {family: measure(report, family, weight_breaks=True) for family in Family}
    figures["weight_break_proven_share"] = float(np.mean([m.gap == 0 for m in breaks.values()]))
    figures["weight_break_worst_gap"] = float(max(m.gap.max() for m in breaks.values()))
    figures["weight_break_mean_gap"] = float(np.mean([m.gap.mean() for m in breaks.values()]))
    figures["weight_break_p99_ms"] = round(max(float(np.percentile(m.ms, 99)) for m in breaks.values()), 1)
    rows = [row(family, measured) for family, measured in linear.items()]
    rows += [row(f"{family}, weight breaks", measured) for family, measured in breaks.items()]
    report.table("By family", ["orders of", "orders", "proven", "proven in time", "worst gap", "p50 ms", "p99 ms"], rows)
    report.finish(figures)


if __name__ == "__main__":
    main()
