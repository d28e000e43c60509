"""Kernels borrow their arrays: no reference is counted on the way, and none may be given back."""

from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.kernels.assign import weigh_lines
from engine.kernels.jit import allocating_kernel, kernel


def compiled_code(function: Any) -> str:
    """Compiled anew with the kernel's own options: what comes from the cache cannot be looked at."""
    anew = numba.jit(**function.targetoptions)(function.py_func)
    grams = np.empty((3, 2), np.int64)
    anew(*np.array([[2, 1], [30, 40], [5, 6], [7, 8]]), *grams)
    assert grams.tolist() == [[60, 40], [10, 6], [14, 8]]
    return "".join(anew.inspect_llvm().values())


def test_a_kernel_counts_no_references_and_an_allocating_one_does() -> None:
    assert "NRT_incref" not in compiled_code(weigh_lines)
    assert "NRT_incref" in compiled_code(allocating_kernel(weigh_lines.py_func))  # type: ignore[attr-defined]


def test_a_kernel_may_not_give_an_array_back() -> None:
    def half(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return values[:1]

    with pytest.raises(TypeError, match="only an allocating_kernel may return more than numbers"):
        kernel(half)
