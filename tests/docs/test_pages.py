"""Pages that are generated are up to date, and what they and the other pages link to is there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loaders import describe
from tests.docs.page import ROOT

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
GENERATORS = {"docs/api.md": ["proto/describe.py"], "docs/network-files.md": ["-m", "loaders.describe"]}


def anchors(page: Path) -> set[str]:
    """What its headings are linked by: lower case, without punctuation, hyphens for spaces."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(text)}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Each link to a file of the project, and to a heading in it."""
    here = ROOT / page
    text = re.sub(r"^```.*?^```$", "", here.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in LINK.findall(text):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        there = (here.parent / name).resolve() if name else here
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", GENERATORS)
def test_generated_pages_are_up_to_date(page: str) -> None:
    done = subprocess.run([sys.executable, *GENERATORS[page], "--check"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_page_that_is_stale_is_named(tmp_path: Path) -> None:
    """The contract's page beside a contract that says something else."""
    for name in ("proto", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    contract = tmp_path / "proto/belofte/v1/promise_service.proto"
    contract.write_text(contract.read_text("utf-8").replace("// 1 is the best.", "// 1 is the worst."), "utf-8")
    command = [sys.executable, "proto/describe.py"]
    done = subprocess.run([*command, "--check"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "docs/api.md is stale\nrun make proto\n")
    assert subprocess.run(command, cwd=tmp_path).returncode == 0
    assert "| 1 | `rank` | int32 | 1 is the worst. |" in (tmp_path / "docs/api.md").read_text("utf-8")


def test_a_column_without_a_meaning_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And a meaning that no column has."""
    meanings = {stem: dict(columns) for stem, columns in describe.MEANINGS.items()}
    del meanings["locations"]["cutoff"]
    meanings["items"]["colour"] = "Of a unit."
    monkeypatch.setattr(describe, "MEANINGS", meanings)
    assert describe.main(["--check"]) == 1
    assert capsys.readouterr().err == "loaders/meanings.py and the schema differ in items.colour, locations.cutoff\n"
