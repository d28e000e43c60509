"""The network that a server decides by, for its engines that are started again."""

from pathlib import Path

import pytest

from engine.network.image import compile_image
from engine.service.network_reload import TAKEN_VARIABLE, keep_first, keep_taken, kept_records
from loaders.large_network import large_network


def test_an_engine_that_starts_late_leaves_what_was_reloaded_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    first, second = (large_network(3, 5, 10, seed) for seed in (1, 2))
    versions = [compile_image(records).version for records in (first, second)]
    assert versions[0] != versions[1]

    def kept() -> str | None:
        records = kept_records()
        return compile_image(records).version if records is not None else None

    keep_first(first)  # an engine without a supervisor keeps nothing
    monkeypatch.setenv(TAKEN_VARIABLE, str(tmp_path / "data" / "network.taken"))
    assert kept() is None
    keep_first(first)
    assert kept() == versions[0]
    keep_taken(second)
    keep_first(first)
    assert kept() == versions[1]
