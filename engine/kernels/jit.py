"""The one place where kernels are compiled: no GIL, cached, integers exact, never fast-math.

Numba's cache does not see an edit of a callee in another file, so the cache folder is keyed by the content of all kernels.
"""

import hashlib
import os
import platform
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

KERNEL_MARK = re.compile(r"^@((allocating_|inlined_)?kernel|intrinsic)$", re.MULTILINE)

NUMBERS = re.compile(r"<class '(int|bool|float)'>|None|tuple\[(int|bool|float)(, (int|bool|float))*\]")


def cache_folder() -> Path:
    """Where compiled kernels are kept: `$BELOFTE_CACHE` or the user's cache folder, one folder per content of kernels."""
    root = os.environ.get("BELOFTE_CACHE")
    base = Path(root) if root else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "belofte"
    # Code with its indexes checked is other code, which the cache would not tell apart.
    digest = hashlib.sha256(f"{platform.python_version()} {os.environ.get('NUMBA_BOUNDSCHECK', '')}".encode())
    for file in sorted(Path(__file__).parent.parent.glob("*/*.py")):
        if KERNEL_MARK.search(text := file.read_text("utf-8")):
            digest.update(text.encode())
    return base / f"kernels-{digest.hexdigest()[:16]}"


os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder()))

import numba  # noqa: E402 - the cache folder must be set first

# Whoever imported numba before has had its settings read without it: kernels would be kept beside their files, and a
# callee's edit go unseen.
numba.config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]  # type: ignore[attr-defined]


def kernel(function: F) -> F:
    """Compile `function` for arrays and scalars: nogil, cached on disk, no fast-math, no parallel threads.

    It borrows the arrays it is given, and may neither make one nor give one back: their references are not counted, which
    would take an atomic instruction per argument at each call, more than small kernels take themselves.
    Raises TypeError for a function annotated to return more than numbers.
    """
    return compiled(of_numbers(function), counted=False)


def inlined_kernel(function: F) -> F:
    """As `kernel`, of a function that becomes part of each that calls it.

    A call hands over an array as seven numbers, and a table of arrays as seven of each: where little is done in it, that is
    most of the work (docs/decisions/0028).
    """
    return compiled(of_numbers(function), counted=False, inlined=True)


def allocating_kernel(function: F) -> F:
    """As `kernel`, of a function that makes arrays of its own, or gives one back."""
    return compiled(function, counted=True)


def of_numbers(function: F) -> F:
    """The function, which returns numbers alone."""
    returned = str(function.__annotations__.get("return"))
    if not NUMBERS.fullmatch(returned):
        raise TypeError(f"{function.__name__} returns {returned}: only an allocating_kernel may return more than numbers")
    return function


def compiled(function: F, *, counted: bool, inlined: bool = False) -> F:
    """Compile as all kernels are compiled; where it is not said, a callee would take over whether its caller counts."""
    options: dict[str, Any] = {"_nrt": counted, "forceinline": inlined}
    return cast(F, numba.njit(nogil=True, cache=True, fastmath=False, **options)(function))
