"""A client's stream, kept until it has ended well: in memory while it is small, in a file that nobody else sees when not."""

import tempfile
from collections.abc import Iterator
from typing import IO

MEMORY_BYTES_MAX = 16 * 2**20
STREAM_BYTES_MAX = 2 * 2**30
_LENGTH_BYTES = 4


class StreamSpool:
    """Messages in the order they came. They can be read more than once."""

    def __init__(self) -> None:
        """Empty."""
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX)  # noqa: SIM115 - closed by close()
        self._size = 0

    def add(self, message: bytes) -> bool:
        """Keep a message; False where there is no more room."""
        self._size += _LENGTH_BYTES + len(message)
        if self._size > STREAM_BYTES_MAX:
            return False
        self._file.write(len(message).to_bytes(_LENGTH_BYTES, "big"))
        self._file.write(message)
        return True

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while length := self._file.read(_LENGTH_BYTES):
            yield self._file.read(int.from_bytes(length, "big"))

    def close(self) -> None:
        """Let go of it."""
        self._file.close()
