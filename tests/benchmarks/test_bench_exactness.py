"""The benchmark runs, and its last line is what later steps read."""

import importlib.util
import json
from pathlib import Path

import pytest

from benchmarks import bench_exactness, report
from benchmarks.bench_exactness import main


@pytest.fixture(autouse=True)
def shorter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Results go elsewhere, and nothing takes long."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(bench_exactness, "SECONDS_MAX", 0.3)
    monkeypatch.setattr(bench_exactness, "NODES_MAX", 2_000)


def test_a_small_run_prints_its_figures_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--orders", "6"])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["name"] == "exactness"
    figures = last["figures"]
    assert (figures["orders"], figures["equal_share"], figures["whole_lines_orders"]) == (6, 1.0, 6)
    assert figures["highs_compared"] + figures["highs_out_of_time"] == 6
    assert ("speedup_vs_cpsat" in figures) == (importlib.util.find_spec("ortools") is not None)
    kept = json.loads((tmp_path / "exactness.json").read_text("utf-8"))
    assert kept["figures"] == figures
    assert {"command", "commit", "date", "machine"} <= kept.keys()


def test_a_disagreement_is_said_and_lowers_the_share(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_exactness, "plan_micros", lambda problem, placements: -1)
    main(["--small", "--orders", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1])["figures"]["equal_share"] == 0.0
    assert sum(line.startswith("DIFFERENT: order") for line in lines) > 0
