"""A hint to the processor to fetch memory ahead of its use: what is read does not change, only when.

Rows of a matrix larger than the caches come from memory at random, a page each, where the processor's own guess starts
anew every time.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import config, types
from numba.extending import intrinsic

READ, KEEP, DATA = 0, 3, 1
"""Arguments of LLVM's `llvm.prefetch`: for reading, into every cache level, as data."""


@intrinsic
def _prefetch(_: Any, array: Any, index: Any) -> tuple[Any, Callable[..., Any]]:
    """Fetch the cache line of array[index]; an index past the end does no harm."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte = ir.IntType(8).as_pointer()
        integer = ir.IntType(32)
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        function = ir.FunctionType(ir.VoidType(), [byte, integer, integer, integer])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [byte], function)
        builder.call(hint, [address, *(ir.Constant(integer, value) for value in (READ, KEEP, DATA))])
        return context.get_dummy_value()

    return types.void(array, index), generate


def _nothing(array: Any, index: Any) -> None:
    """Without a compiler there is nothing to hint at."""


prefetch: Any = _nothing if vars(config)["DISABLE_JIT"] else _prefetch
