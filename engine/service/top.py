"""What an engine is doing right now, in a terminal: the difference of two looks at its meters."""

import urllib.request
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Group
from rich.table import Table

FETCH_SECONDS_MAX = 5.0
Labels = tuple[tuple[str, str], ...]
Samples = Mapping[tuple[str, Labels], float]


class Look(NamedTuple):
    """Every sample at one moment."""

    seconds: float
    samples: Samples

    def value(self, name: str, **labels: str) -> float:
        """One of them; 0 where there is none."""
        return self.samples.get((name, tuple(sorted(labels.items()))), 0.0)

    def labels(self, name: str) -> list[dict[str, str]]:
        """The labels under which a name is found."""
        return [dict(labels) for found, labels in self.samples if found == name]


def look(url: str, seconds: float) -> Look:
    """Look at an engine's meters. Raises OSError."""
    with urllib.request.urlopen(url, timeout=FETCH_SECONDS_MAX) as answer:  # noqa: S310 - the operator names the address
        text = answer.read().decode()
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    return Look(seconds, samples)


def shown(before: Look, now: Look) -> Group:
    """Two tables: calls by method, and the state of the engine."""
    elapsed = max(now.seconds - before.seconds, 1e-9)
    calls = Table(title="calls", title_justify="left")
    for name in ("method", "a second", "refused or failed a second", "p50 ms", "p99 ms"):
        calls.add_column(name, justify="left" if name == "method" else "right")
    for method in sorted({labels["method"] for labels in now.labels("belofte_calls_total")}):
        rates: dict[bool, float] = {True: 0.0, False: 0.0}
        for labels in now.labels("belofte_calls_total"):
            if labels["method"] == method:
                gained = now.value("belofte_calls_total", **labels) - before.value("belofte_calls_total", **labels)
                rates[labels["code"] == "OK"] += gained / elapsed
        quantiles = [quantile_ms(before, now, method, part) for part in (0.5, 0.99)]
        shown_quantiles = ["–" if each is None else f"{each:.3g}" for each in quantiles]
        calls.add_row(method.rpartition("/")[2], f"{rates[True]:,.0f}", f"{rates[False]:,.0f}", *shown_quantiles)
    state = Table(title="engine", title_justify="left", show_header=False)
    batches = now.value("belofte_batch_calls_count") - before.value("belofte_batch_calls_count")
    together = now.value("belofte_batch_calls_sum") - before.value("belofte_batch_calls_sum")
    state.add_row("calls a batch", f"{together / batches:.1f}" if batches else "–")
    for lane in ("light", "heavy"):
        busy = now.value("belofte_decide_seconds_total", lane=lane) - before.value("belofte_decide_seconds_total", lane=lane)
        state.add_row(
            f"{lane}: waiting, wait, busy",
            f"{now.value('belofte_calls_waiting', lane=lane):,.0f} calls, "
            f"{1_000 * now.value('belofte_wait_seconds', lane=lane):,.0f} ms, {100 * busy / elapsed:.0f} %",
        )
    state.add_row("position", f"{now.value('belofte_position_epoch'):.0f}-{now.value('belofte_position_sequence'):.0f}")
    state.add_row("stale", "yes" if now.value("belofte_stale") else "no")
    state.add_row("plans made anew", f"{now.value('belofte_plan_retries_total'):,.0f}")
    return Group(calls, state)


def quantile_ms(before: Look, now: Look, method: str, part: float) -> float | None:
    """The upper bound of the bucket that holds a quantile of what came between the two looks; None: nothing came."""
    name = "belofte_call_seconds_bucket"
    bounds = sorted(
        (float(labels["le"]), labels["le"]) for labels in now.labels(name) if labels["method"] == method
    )  # fmt: skip
    counts: Sequence[float] = [
        now.value(name, method=method, le=text) - before.value(name, method=method, le=text) for _, text in bounds
    ]
    if not counts or counts[-1] <= 0:
        return None
    for (bound, _), count in zip(bounds, counts, strict=True):
        if count >= part * counts[-1]:
            return 1_000 * bound
    return None
