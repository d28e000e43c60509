"""Where the matrix of a data folder lies, so that an engine which is started again takes it up."""

import hashlib
import os
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a place for memory, not for files


def arena_path(data_dir: Path) -> Path:
    """The file of a data folder's matrix: in shared memory where there is such a place."""
    folder = data_dir.resolve()
    if not SHARED_MEMORY.is_dir():
        return folder / "matrix"
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return SHARED_MEMORY / f"belofte-{os.getuid()}-{name}"
