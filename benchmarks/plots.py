"""The plots of the README, drawn from what the benchmarks have measured last: `make plots`, which `make bench` ends with.

Each names the command and the date of its figures. Where one was not measured yet, there is no plot of it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import RESULTS

PLOTS = Path(__file__).parent.parent / "docs" / "plots"
OURS, THEIRS = "#0b6e4f", "#9aa5b1"
WIDTH, HEIGHT = 7.2, 3.4
SOLVERS = {"highs": ("HiGHS", "o", OURS), "cpsat": ("CP-SAT", "s", THEIRS)}

Figures = Mapping[str, Any]
Draw = Callable[[Axes, Figures], None]


def draw_exactness(axes: Axes, figures: Figures) -> None:
    """How many times as fast as general solvers, by lines of the order."""
    for key, (solver, marker, color) in SOLVERS.items():
        found = {
            int(match[1]): value for name, value in figures.items()
            if (match := re.fullmatch(f"speedup_vs_{key}_lines_(\\d+)", name)) and value is not None
        }  # fmt: skip
        axes.plot(list(found), list(found.values()), marker=marker, color=color, label=f"against {solver}")
    axes.set_yscale("log")
    axes.set(xlabel="lines of the order", ylabel="times as fast")
    axes.legend(frameon=False)


def draw_stream(axes: Axes, figures: Figures) -> None:
    """What orders cost that are decided one by one, over what they would cost if all were known."""
    bars = {
        "each order the cheapest way": figures["greedy_cost_ratio"], "prices from a forecast": figures["static_cost_ratio"],
        "prices learned as orders come": figures["online_cost_ratio"],
    }  # fmt: skip
    draw_bars(axes, {name: 100 * (ratio - 1) for name, ratio in bars.items()}, "{:.1f} %", ours="prices learned as orders come")
    axes.set(xlabel="% more")


def draw_rpc(axes: Axes, figures: Figures) -> None:
    """Whole decisions a second against empty servers."""
    quotes = figures["quotes_per_second"]
    draw_bars(
        axes,
        {
            "quotes with three options": quotes, "empty echo, grpc.aio on uvloop": quotes / figures["quote_vs_aio_echo"],
            "empty echo, pygrpc-native": quotes / figures["quote_vs_native_echo"],
        },
        "{:,.0f}", ours="quotes with three options",
    )  # fmt: skip
    axes.set(xlabel="answers a second")
    axes.xaxis.set_major_formatter("{x:,.0f}")


def draw_bars(axes: Axes, values: Mapping[str, float], text: str, ours: str) -> None:
    """Horizontal bars with their values; `ours` is the one that stands out."""
    names = list(values)
    colors = [OURS if name == ours else THEIRS for name in names]
    bars = axes.barh(names[::-1], [values[name] for name in names[::-1]], color=colors[::-1])
    axes.bar_label(bars, [text.format(values[name]) for name in names[::-1]], padding=4)
    axes.margins(x=0.15)


DRAWN: dict[str, tuple[str, Draw]] = {
    "exactness": ("The same optimum as a general solver, so many times as fast", draw_exactness),
    "stream": ("Cost above that of a plan that knew every order beforehand", draw_stream),
    "rpc": ("Answers a second over gRPC, with the load generator on the same two cores", draw_rpc),
}
"""Title of each, by the benchmark whose figures it shows."""


def draw(name: str, run: Mapping[str, Any]) -> Path:
    """Draw one plot; where it is."""
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    title, draw_figures = DRAWN[name]
    figure.suptitle(title, fontsize=11)
    draw_figures(axes, run["figures"])
    # The commit is not told: a plot that is drawn once more from the same figures is the same file.
    figure.supxlabel(f"{run['command']}, {run['date'][:10]}, {run['machine']}", fontsize=7, color="#52606d")
    path = PLOTS / f"{name}.svg"
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    return path


def main(names: Iterable[str] = DRAWN) -> None:
    """Draw all that there are figures of."""
    # Text stays text, and the same figures give the same file.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "belofte", "font.family": "sans-serif", "font.size": 10})
    PLOTS.mkdir(parents=True, exist_ok=True)
    for name in names:
        results = RESULTS / f"{name}.json"
        if results.is_file():
            print(draw(name, json.loads(results.read_text("utf-8"))))


if __name__ == "__main__":
    main()
