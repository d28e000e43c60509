"""One server for all tests that leave it as it was: each has items of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.server import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first server on a machine compiles every kernel: the test that starts it is given the time."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(1_500))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with room for a socket below it: pytest's own are too deep."""
    made = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that runs through all of them, and afterwards has met no fault and ends well."""
    made = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    with Server(made) as running:
        yield running
        assert running.logs("a fault of the engine") == []
        assert running.logs("child exited") == []
        assert running.terminate() == 0
    shutil.rmtree(made)
