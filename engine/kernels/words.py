"""Eight bytes at a time: bytes of a buffer read and written as one word, little-endian, wherever they lie.

Written byte by byte the compiler does not make one instruction of them, since any of the bytes may be the last of the buffer.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import config, types
from numba.extending import intrinsic

WORD_BYTES = 8

_WORD = ir.IntType(64)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _WORD.as_pointer())


@intrinsic
def _load_word(_: Any, array: Any, at: Any) -> tuple[Any, Callable[..., Any]]:
    """array[at : at + 8], bytes, as a number; nothing checks that they are there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = builder.load(_address(context, builder, signature.args[0], *arguments))
        word.align = 1
        return word

    return types.uint64(array, at), generate


@intrinsic
def _store_word(_: Any, array: Any, at: Any, word: Any) -> tuple[Any, Callable[..., Any]]:
    """array[at : at + 8] = word; nothing checks that there is room."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _address(context, builder, signature.args[0], *arguments[:2])).align = 1
        return context.get_dummy_value()

    return types.void(array, at, types.uint64), generate


@intrinsic
def _leading_zeros(_: Any, word: Any) -> tuple[Any, Callable[..., Any]]:
    """How many of the highest bits of a word are 0."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


def _load_slowly(array: Any, at: Any) -> Any:
    return np.uint64(int.from_bytes(array[int(at) : int(at) + WORD_BYTES].tobytes(), "little"))


def _store_slowly(array: Any, at: Any, word: Any) -> None:
    array[int(at) : int(at) + WORD_BYTES] = np.frombuffer(int(word).to_bytes(WORD_BYTES, "little"), np.uint8)


def _count_slowly(word: Any) -> int:
    return 64 - int(word).bit_length()


_SLOWLY = vars(config)["DISABLE_JIT"]
load_word: Any = _load_slowly if _SLOWLY else _load_word
store_word: Any = _store_slowly if _SLOWLY else _store_word
leading_zeros: Any = _count_slowly if _SLOWLY else _leading_zeros
