"""What a newcomer sees: the demonstration with nothing compiled before, as on a machine that never ran it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 600.0


def test_the_demonstration_on_a_machine_that_never_ran_it(tmp_path: Path) -> None:
    """Whatever its calls need is compiled before them: a call that had to compile would be out of time."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BELOFTE_")}
    environment |= {"BELOFTE_CACHE": str(tmp_path), "COLUMNS": "120"}
    environment.pop("NUMBA_CACHE_DIR", None)
    before = {process.pid for process in psutil.process_iter()}
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
    started = (process for process in psutil.process_iter(["cmdline"]) if process.pid not in before)
    left = [command for process in started if str(ROOT / "server.py") in (command := " ".join(process.info["cmdline"] or ()))]
    assert left == []
