"""The benchmark of recovery: its entries are those of orders, so that a sidecar records them and a store is made of them."""

import tempfile
from pathlib import Path

from benchmarks.bench_recovery import recovery_seconds
from benchmarks.report import Report


def test_a_store_is_made_of_what_was_recorded() -> None:
    with tempfile.TemporaryDirectory(prefix="br", dir="/tmp") as folder:
        assert 0 < recovery_seconds(Path(folder), 1_500, Report("recovery", "Recovery")) < 60
