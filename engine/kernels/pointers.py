"""Arrays where they lie, by address: a kernel that is given many small ones is spent on taking them over, one by one.

Whoever hands an address over keeps the array alive, of that type, contiguous, and of that length: nothing checks it here.
"""

import ctypes
from typing import Any

import numba
import numpy as np
from numba.core.types import CPointer, boolean, int64
from numba.extending import intrinsic
from numpy.typing import NDArray

from engine.kernels.jit import allocating_kernel

carray: Any = numba.carray  # type: ignore[attr-defined]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]

    def ints_at(address: int, count: int) -> Ints:
        """The int64 at an address."""
        return np.ctypeslib.as_array((ctypes.c_int64 * int(count)).from_address(int(address)))

    def bools_at(address: int, count: int) -> Bools:
        """The bools at an address."""
        return np.ctypeslib.as_array((ctypes.c_bool * int(count)).from_address(int(address)))

else:

    def _pointer(kind: Any) -> Any:
        def as_pointer(typing_context: Any, address: Any) -> Any:
            """The address as a pointer."""

            def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

            return CPointer(kind)(int64), generate  # type: ignore[no-untyped-call]

        return intrinsic(as_pointer)

    _int_pointer, _bool_pointer = _pointer(int64), _pointer(boolean)

    # They own nothing: counting their references, as these do, is counting nothing.
    @allocating_kernel
    def ints_at(address: int, count: int) -> Ints:
        """The int64 at an address."""
        found: Ints = carray(_int_pointer(address), (count,))
        return found

    @allocating_kernel
    def bools_at(address: int, count: int) -> Bools:
        """The bools at an address."""
        found: Bools = carray(_bool_pointer(address), (count,))
        return found
