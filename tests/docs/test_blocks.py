"""What a newcomer copies from the README and from `docs/your-network.md` works, and shows what the pages say it does."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server import Server
from tests.docs.page import ROOT, blocks, of_language

README, NETWORK = "README.md", "docs/your-network.md"
ADDRESS = "127.0.0.1:50051"
SECONDS_MAX = 120
DAY = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d [A-Z][a-z]{2}\b")
"""A day as summaries tell it: no page knows when it is read."""

pytestmark = pytest.mark.timeout(1_500)


def write_network(folder: Path) -> None:
    """The files that the page gives."""
    folder.mkdir(parents=True, exist_ok=True)
    for block in blocks(NETWORK):
        if block.file:
            (folder / block.file).write_text(block.text, "utf-8")


def run_console(text: str, folder: Path) -> tuple[int, list[str]]:
    """Exit code and output of a command as the page gives it, in a folder that has `my-network`."""
    command = shlex.split(text.removeprefix("$ "))
    assert command[:2] == [".venv/bin/python", "server.py"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "server.py"), *command[2:]],
        cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS_MAX, env=without_settings(),
    )  # fmt: skip
    return done.returncode, [line.rstrip() for line in done.stdout.splitlines()]


def without_settings() -> dict[str, str]:
    """The environment of somebody who has set nothing."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BELOFTE_") or name == "BELOFTE_CACHE"}


def run_client(command: list[str], program: Path, text: str, port: int) -> list[str]:
    """What a client of a page prints, of a server on another port."""
    assert ADDRESS in text
    program.write_text(text.replace(ADDRESS, f"127.0.0.1:{port}"), "utf-8")
    done = subprocess.run(
        [*command, program.name], cwd=program.parent, capture_output=True, text=True, check=False, timeout=SECONDS_MAX
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [DAY.sub("DAY", line.rstrip()) for line in done.stdout.splitlines()]


@pytest.fixture
def served() -> Iterator[Server]:
    """A server with an empty network folder, not started yet."""
    folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    server = Server(folder)
    shutil.rmtree(folder / "network")
    yield server
    server.end()
    shutil.rmtree(folder)


def test_the_network_of_the_page_is_what_it_says(tmp_path: Path) -> None:
    """Sound as it is, and its mistyped row is told as the page shows it."""
    sound, bad = of_language(NETWORK, "console")
    write_network(tmp_path / "my-network")
    assert run_console(sound.lines[0], tmp_path) == (0, sound.lines[1:])
    (change,) = of_language(NETWORK, "diff")
    before, after = (line[1:] for line in change.lines)
    inventory = tmp_path / "my-network" / "inventory.csv"
    text = inventory.read_text("utf-8")
    assert text.count(before) == 1
    inventory.write_text(text.replace(before, after), "utf-8")
    assert run_console(bad.lines[0], tmp_path) == (1, bad.lines[1:])


def test_the_network_of_the_page_is_quoted(served: Server, tmp_path: Path) -> None:
    """Its clients, one after the other as a reader types them, print what stands below them."""
    write_network(served.folder / "network")
    served.start()
    ready, *shown = of_language(NETWORK, "text")
    clients = of_language(NETWORK, "python")
    assert ready.lines[0].replace(ADDRESS, f"127.0.0.1:{served.port}") in (served.folder / "out").read_text()
    assert len(clients) == len(shown)
    text = "".join(client.text for client in clients)
    expected = [DAY.sub("DAY", line) for block in shown for line in block.lines]
    assert run_client([sys.executable], tmp_path / "quote.py", text, served.port) == expected


def test_the_clients_of_the_readme(served: Server, tmp_path: Path) -> None:
    """Python and Node are told the same of the sample network. Without Node and npm, Python alone is."""
    network = served.folder / "network"
    generate = [sys.executable, str(ROOT / "server.py"), "generate", "shoes", str(network)]
    subprocess.run(generate, check=True, timeout=SECONDS_MAX, capture_output=True)
    served.start()
    (python,) = of_language(README, "python")
    (printed,) = run_client([sys.executable], tmp_path / "client.py", python.text, served.port)
    assert re.fullmatch(r"from [\w-]+ by PARCEL-\w+, there by DAY", printed)
    node = node_folder(tmp_path / "node")
    (script,) = of_language(README, "js")
    assert run_client(["node"], node / "client.mjs", script.text, served.port) == [printed]


def node_folder(folder: Path) -> Path:
    """A folder in which Node finds what `tests/node` pins; the test ends here, with the reason, where it cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the client in Node was left out: node and npm are not installed")
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "tests" / "node" / name, folder)
    (folder / "proto").symlink_to(ROOT / "proto")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--fetch-retries=0"]
    if subprocess.run(command, cwd=folder, check=False, timeout=SECONDS_MAX).returncode != 0:
        pytest.skip("the client in Node was left out: npm cannot fetch @grpc/grpc-js")
    return folder
