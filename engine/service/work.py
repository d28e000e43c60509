"""How much work a call is, told from its bytes before anything else of it is read: lines, or what stands for one."""

from collections.abc import Sequence

import numpy as np

from engine.kernels.count_lines import DEPTH, count_lines

LIGHT_LINES_MAX = 10
"""A call of more lines is heavy, and waits behind others like it."""

LINE_BYTES = 512
"""A call counts for a line as often as it has so many bytes, whatever fields they are said to be."""

Path = tuple[int, ...]
"""The field numbers that lead from a request to its lines; none: it is one."""


def lines_of(messages: Sequence[bytes], paths: Sequence[Path]) -> list[int]:
    """Lines of each message, by the path of its method; at least 1, and never heavy where there is no path."""
    if len(messages) == 1 and not paths[0]:
        return [_by_size(messages[0])]
    ends = np.cumsum([*map(len, messages)], dtype=np.int64)
    begins = np.append(0, ends[:-1])
    buffer = np.frombuffer(bytearray(b"".join(messages)), np.uint8)
    numbers = {path: number for number, path in enumerate(dict.fromkeys(paths))}
    along = np.array([(*path, 0, 0, 0, 0)[:DEPTH] for path in numbers], np.int64)[[numbers[path] for path in paths]]
    counts = np.zeros(len(messages), np.int64)
    count_lines(buffer, begins, ends, along, np.empty(DEPTH, np.int64), counts)
    return [
        max(1, count, len(message) // LINE_BYTES) if path else _by_size(message)
        for message, path, count in zip(messages, paths, counts.tolist(), strict=True)
    ]


def _by_size(message: bytes) -> int:
    return min(LIGHT_LINES_MAX, max(1, len(message) // LINE_BYTES))
