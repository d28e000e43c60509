"""The benchmark runs, and its last line is what later steps read."""

import json
from pathlib import Path

import pytest

from benchmarks import bench_matrix, report, running_engine


def test_a_small_run_prints_its_figures_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    # Loggers of this process stay as they are: other tests read what is logged.
    monkeypatch.setattr(running_engine, "configure_logs", lambda *_: None)
    for name, value in {
        "ITEMS": 20_000,
        "FEED_ENTRIES": 11,
        "FEED_ROUNDS": 2,
        "QUOTES": 5,
        "QUOTE_ROUNDS": 3,
        "RESTARTS": 1,
    }.items():
        monkeypatch.setattr(bench_matrix, name, value)
    bench_matrix.main(["--small"])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["name"] == "matrix"
    figures = last["figures"]
    assert figures["positions"] == 200 * 100
    assert 16 < figures["bytes_per_position"] <= 24
    assert json.loads((tmp_path / "matrix.json").read_text("utf-8"))["figures"] == figures
