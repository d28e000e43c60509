"""Options of every test: `--full` runs the full counts, which are left out otherwise; `--front` says which front serves."""

import os
import re

import pytest

DRAWN = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)
"""How a UUID begins."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the tests marked `long` as well")
    parser.addoption("--front", default="auto", choices=["auto", "native", "aio"], help="front of servers under test")


def pytest_configure(config: pytest.Config) -> None:
    """Servers under test are started from everywhere: each looks here."""
    os.environ["TEST_FRONT"] = config.getoption("--front")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Tests have the same names in every process: ids that are drawn, and messages that hold them, are no part of them."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and DRAWN.search(val)) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `long` are deselected rather than skipped: nothing that is collected is left out in silence."""
    if config.getoption("--full"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if not item.get_closest_marker("long")]
