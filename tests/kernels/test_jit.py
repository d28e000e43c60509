"""Kernels borrow their arrays: no reference is counted on the way, and none may be given back."""

from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.kernels.assign import weigh_lines
from engine.kernels.jit import allocating_kernel, inlined_kernel, kernel


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


def calls_of(kernel: Any) -> list[str]:
    """The calls of a kernel, compiled anew, in one that sums what it says of each row of a table."""
    inner: Any = numba.jit(**kernel.targetoptions)(kernel.py_func)

    @numba.njit(nogil=True, _nrt=False)  # type: ignore[misc]
    def outer(table: Any) -> Any:
        total = 0
        for row in range(table.shape[0]):
            total += inner(table, row)
        return total

    table = np.arange(30).reshape(3, 10)
    assert outer(table) == sum(inner.py_func(table, row) for row in range(3))
    (code,) = outer.inspect_llvm().values()
    return [line for line in code.splitlines() if " call " in line and inner.py_func.__name__ in line]


def test_an_inlined_kernel_is_part_of_who_calls_it() -> None:
    def most_common(table: NDArray[np.int64], row: int) -> int:
        # Long enough that it would not become part of its caller by itself.
        best, most = 0, 0
        for i in range(table.shape[1]):
            count = 0
            for j in range(table.shape[1]):
                for power in range(3, 40):
                    count += table[row, i] // power == table[row, j] // (power + 1) or table[row, i] % power == 1
            if count > most:
                best, most = table[row, i], count
        for i in range(table.shape[1] - 1, 0, -1):
            best += table[row, i] // 7 if table[row, i] > table[row, i - 1] + best else table[row, i] % 11
        return best

    assert calls_of(kernel(most_common))
    assert not calls_of(inlined_kernel(most_common))
