"""Where compiled kernels are kept: a folder named by the content of all of them, whoever imported numba first."""

import os
import subprocess
import sys

import pytest

FOLDERS = "import engine.kernels.jit as jit; print(jit.numba.config.CACHE_DIR); print(jit.cache_folder())"


@pytest.mark.parametrize("before", ["", "import numba; ", "import numba.core.event; "])
def test_cache_is_keyed_by_content_whatever_was_imported_before(before: str) -> None:
    """A kernel kept beside its file would go on calling a callee in another file as it was before an edit."""
    variables = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    said = subprocess.run([sys.executable, "-c", before + FOLDERS], env=variables, check=True, capture_output=True, text=True)
    used, keyed = said.stdout.splitlines()
    assert used == keyed
