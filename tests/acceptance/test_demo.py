"""What a newcomer sees: the demonstration, at full count with nothing compiled before, as on a machine that never ran it."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 1_200.0
MARK = "DEMONSTRATION"
"""A variable that all processes of one have."""


@pytest.mark.parametrize("is_new", [False, pytest.param(True, marks=[pytest.mark.long, pytest.mark.timeout(1_500)])])
def test_the_demonstration(tmp_path: Path, is_new: bool) -> None:
    """Whatever its calls need is compiled before them: a call that had to compile would be out of time."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BELOFTE_")}
    if "BELOFTE_CACHE" in os.environ:
        environment["BELOFTE_CACHE"] = os.environ["BELOFTE_CACHE"]
    if is_new:
        environment["BELOFTE_CACHE"] = str(tmp_path)
        environment.pop("NUMBA_CACHE_DIR", None)
    environment |= {"COLUMNS": "120", MARK: str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "server.py"), "demo"], env=environment, cwd=tmp_path, capture_output=True, text=True,
        timeout=SECONDS_MAX, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    for title in (
        "The network",
        "A basket, promised",
        "Sooner costs more: every date that pays",
        "Sneakers and boots, collected in a store",
        "Order DEMO-1, sourced",
        "Timing",
    ):
        assert f"─ {title} ─" in done.stdout
    assert done.stdout.count("optimal") >= 4
    assert "cannot be had" not in done.stdout
    assert "all of it" in done.stdout
    assert [process for process in psutil.process_iter() if is_marked(process, str(tmp_path))] == []


def is_marked(process: psutil.Process, mark: str) -> bool:
    """Whether the demonstration started it."""
    with contextlib.suppress(psutil.Error):
        return process.environ().get(MARK) == mark
    return False
