"""How long does each part of one quote take: decode, decide, the whole quote with its options, encode?

1,000 locations, three lines, every item everywhere; pytest-benchmark runs `tests/benchmarks/test_parts.py` and this prints what
it measured. The parts are those of one caller at a time; batches share much of it.
"""

import json
import sys
import tempfile
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "proto")]

from benchmarks.report import Report  # noqa: E402


def main() -> None:
    """Run them and report."""
    report = Report("parts", "The parts of one quote")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "parts.json"
        tests = str(Path(__file__).parent.parent / "tests/benchmarks/test_parts.py")
        code = pytest.main([tests, "--benchmark-enable", "--benchmark-only", f"--benchmark-json={out}", "-q"])
        if code:
            raise SystemExit(f"the benchmarks ended with {code}")
        found = json.loads(out.read_text("utf-8"))["benchmarks"]
    figures: dict[str, float | None] = {}
    rows = []
    for each in found:
        name, stats = each["name"].removeprefix("test_"), each["stats"]
        figures[f"{name}_us_median"] = stats["median"] * 1e6
        rows.append((name, stats["median"] * 1e6, stats["q3"] * 1e6, stats["rounds"]))
    report.table("Microseconds", ("part", "median", "third quartile", "rounds"), rows)
    report.finish(figures)


if __name__ == "__main__":
    main()
