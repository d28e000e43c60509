"""What does an explanation cost beside the decision it explains?

The same baskets are decided by `decide_basket` and by `decide_explained`, which decides and explains every location of the
network: for CANDIDATES what each has, what stands in its way and how much dearer the best plan with it is; for FULL every
cost term too, what binds and what would flip the decision. The three take turns, basket by basket, in one thread; the
ratio is that of their medians. Writing the answer out for the wire is timed apart.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np

from benchmarks import bench_kernel
from benchmarks.report import Report
from engine.domain.basket import BasketLine, DestinationKey
from engine.optimizer.decide import decide_basket
from engine.optimizer.explain import Level, decide_explained
from engine.optimizer.scene import Scene, set_scene
from engine.service.explain import encode_explanation

SEED = 20260808
LOCATIONS, LINES, BASKETS, AREAS = 1_000, 3, 1_000, 90
NODES_MAX = 1_000
TARGET = 3.0


def baskets(rng: np.random.Generator) -> list[Scene]:
    """Baskets of three random items, one or two units each, to random postal areas."""
    scene, _ = bench_kernel.network(LOCATIONS, rng)
    scenes = []
    for _ in range(BASKETS):
        items = rng.choice(len(scene.image.items), LINES, replace=False).tolist()
        lines = tuple(BasketLine(str(j), item, int(rng.integers(1, 3))) for j, item in enumerate(items))
        where = DestinationKey("DE", f"{int(rng.integers(AREAS)):02}500")
        scenes.append(set_scene(scene.image, scene.stock, replace(scene.basket, lines=lines, destination=where)))
    return scenes


def seconds(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    report = Report("explain", "Explanation beside decision")
    scenes = baskets(np.random.default_rng(SEED))
    ways: dict[str, Callable[[Scene], Any]] = {
        "decision": lambda s: decide_basket(s, s.services, NODES_MAX),
        "candidates": lambda s: decide_explained(s, s.services, NODES_MAX, Level.CANDIDATES),
        "full": lambda s: decide_explained(s, s.services, NODES_MAX, Level.FULL),
    }
    times: dict[str, list[float]] = {name: [] for name in (*ways, "wire")}
    for scene in scenes[:AREAS]:
        for run in ways.values():
            run(scene)
    names = list(ways)
    for n, scene in enumerate(report.track(scenes, "baskets")):
        for name in names[n % len(names) :] + names[: n % len(names)]:
            # A scene of its own, which has looked nothing up: what comes second would find it looked up, and rows at hand.
            own = replace(scene)
            times[name].append(seconds(lambda run=ways[name], own=own: run(own)))  # type: ignore[misc]
    for scene in scenes[:20]:
        _, explained = ways["full"](scene)
        times["wire"].append(seconds(lambda explained=explained: encode_explanation(explained)))  # type: ignore[misc]
    middle = {name: median(each) * 1e6 for name, each in times.items()}
    ratio = {name: middle[name] / middle["decision"] for name in ("candidates", "full")}
    report.table(
        f"{LOCATIONS:,} locations × {LINES} lines, {BASKETS:,} baskets", ["", "µs, median", "÷ decision"],
        [[name, micros, ratio.get(name)] for name, micros in middle.items()],
    )  # fmt: skip
    report.say(f"Target: an explanation of all locations costs at most {TARGET:g} times the decision alone.")
    report.finish({
        "explain_cost_ratio": ratio["full"], "explain_cost_ratio_candidates": ratio["candidates"],
        "decision_us": middle["decision"], "candidates_us": middle["candidates"], "full_us": middle["full"],
        "wire_us": middle["wire"],
    })  # fmt: skip


if __name__ == "__main__":
    main()
