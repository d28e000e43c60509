"""Twenty lines that must not be wrong, each made wrong by itself: the tests named beside it must notice.

    python -m tests.mutations          all of them; ends with 1 where one was not noticed
    python -m tests.mutations 3 17     some of them

Each works on a copy of what git knows of the tree, so that nothing here is changed; tests pass there first, unchanged.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parent.parent
TESTS_FAILED, PASSED = 1, 0
"""Exit codes of pytest."""


class Mutation(NamedTuple):
    """One line made wrong. `tests` are what must notice, as pytest is given them."""

    file: str
    right: str
    wrong: str
    tests: str
    meaning: str


K, I, L, S = "engine/kernels/", "engine/inventory/", "engine/ledger/", "tests/service/"  # noqa: E741 - where things lie
DATES, STOCK, SCORE = "tests/kernels/test_dates.py", "tests/kernels/test_stock.py", "tests/kernels/test_score.py"
COMMIT, LIFE = "tests/inventory/test_commit.py", S + "test_life.py"

MUTATIONS = (
    Mutation(K + "dates.py", "start > days[profile, day, CUTOFF]", "start >= days[profile, day, CUTOFF]", DATES,
             "an order at the cutoff itself is too late"),
    Mutation(K + "dates.py", "if begin + left <= close:", "if begin + left < close:", DATES,
             "work that ends at closing time is not done"),
    Mutation(K + "dates.py", "if minute >= ready:", "if minute > ready:", DATES, "what is ready as the carrier comes stays"),
    Mutation(K + "dates.py", "while handover > days[calendar, index, DELIVERY_CLOSE]:",
             "while handover >= days[calendar, index, DELIVERY_CLOSE]:", DATES, "a day that closes with the handover is lost"),
    Mutation(K + "stock.py", "        if arrival <= latest:", "        if arrival < latest:", STOCK,
             "a receipt of the last minute does not count"),
    Mutation(K + "score.py", "(whole if units >= asked else np.int32(0))", "(whole if units > asked else np.int32(0))", SCORE,
             "the last unit of a location is not seen"),
    Mutation(K + "assign.py", "(stock[c] >= q)", "(stock[c] >= q - 1)", "tests/kernels/test_assign.py",
             "a location may give one unit more than it has"),
    Mutation(K + "tariffs.py", "if grams <= max_grams[row]:", "if grams < max_grams[row]:", "tests/kernels/test_tariffs.py",
             "a weight break ends a gram early"),
    Mutation(K + "bounds.py", "    return lines + first - split + min(second, extra)",
             "    return lines + first - split + max(second, extra)", "tests/kernels/test_line_bounds.py",
             "a lower bound above the truth"),
    Mutation(I + "commit.lua", "floor and s_after - d_after < floor", "floor and s_after - d_after < floor - 1", COMMIT,
             "one unit is sold twice"),
    Mutation(I + "commit.lua", "(delta > 0 and after > limit)", "(delta > 0 and after > limit + 1)", COMMIT,
             "a location takes one more than its day holds"),
    Mutation(I + "commit.lua", "if expected and before ~= expected then", "if expected and before == nil then", COMMIT,
             "two who change a hold at once both succeed"),
    Mutation(I + "commit.lua", "supply[cells[i]], demand[cells[i]] = cells_before[i], cells_before[i + 1]",
             "supply[cells[i]] = cells_before[i]", COMMIT, "a refused transaction keeps its demand"),
    Mutation(I + "commit.lua", "if known[request_id] then", "if known[order_id] then", COMMIT, "a repeat is done twice"),
    Mutation(I + "recorded.lua", "if not gate_is_open(KEYS[1], ARGV[1]) then", "if false then", "tests/ledger/test_sidecar.py",
             "a sidecar that was overtaken opens the gate again"),
    Mutation(L + "recorder.py", "fence.c.epoch == self.epoch, ", "", "tests/ledger/test_recorder.py",
             "a sidecar that was overtaken records"),
    Mutation(I + "feed_sequences.py", "return at >= 0 and sequence <= self._lasts[at]",
             "return at >= 0 and sequence < self._lasts[at]", "tests/inventory/test_feed_sequences.py",
             "the last record of a run counts twice"),
    Mutation("engine/domain/life.py", "Step(Action.CANCEL, EVERY_WAY, S.ACCEPTED, S.CANCELLED),", "", LIFE,
             "what a store has accepted cannot be cancelled"),
    Mutation("engine/domain/life.py", "all(state in (S.DELIVERED, S.COLLECTED)", "all(state in (S.SHIPPED, *GONE)",
             "tests/domain/test_state_table.py", "an order is completed before all of it is there"),
    Mutation("engine/fulfilment/line_units.py", "            part.quantity -= units", "            part.quantity -= 1", LIFE,
             "units that were taken out stay in the shipment"),
)  # fmt: skip


def copy_of_tree(folder: Path) -> None:
    """What git knows of the tree, as it stands here."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def run_tests(folder: Path, tests: str) -> int:
    """Exit code of pytest."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False).returncode


def is_noticed(folder: Path, mutation: Mutation) -> bool:
    """Whether tests fail with the line made wrong; the file is as before afterwards."""
    file = folder / mutation.file
    text = file.read_text("utf-8")
    assert text.count(mutation.right) == 1, f"{mutation.file}: one {mutation.right!r} was expected"
    file.write_text(text.replace(mutation.right, mutation.wrong), "utf-8")
    try:
        return run_tests(folder, mutation.tests) == TESTS_FAILED
    finally:
        file.write_text(text, "utf-8")


def main(*numbers: str) -> int:
    """Try them; how many were not noticed."""
    out = Console()
    chosen = [(n, each) for n, each in enumerate(MUTATIONS, 1) if not numbers or str(n) in numbers]
    table = Table("", "file", "what is wrong then", "noticed by", "seconds")
    missed = 0
    with tempfile.TemporaryDirectory(prefix="belofte-mutations-") as name:
        folder = Path(name)
        copy_of_tree(folder)
        for tests in track(dict.fromkeys(each.tests for _, each in chosen), "unchanged", console=out):
            assert run_tests(folder, tests) == PASSED, f"{tests} fails without any change"
        for n, each in track(chosen, "made wrong", console=out):
            started = time.monotonic()
            noticed = is_noticed(folder, each)
            missed += not noticed
            seconds = f"{time.monotonic() - started:.0f}"
            table.add_row(str(n), each.file, each.meaning, each.tests if noticed else "[red]nobody[/red]", seconds)
    out.print(table)
    out.print(f"{len(chosen) - missed} of {len(chosen)} were noticed.")
    return missed


if __name__ == "__main__":
    sys.exit(min(1, main(*sys.argv[1:])))
