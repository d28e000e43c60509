"""Many hashes of whole numbers read from the store in one step, as columns: by the million, objects are too slow."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import redis
from numpy.typing import NDArray

from engine.inventory.id_index import IdIndex
from engine.kernels.replies import BAD, PAIR_BYTES_MIN, read_hashes

Ints = NDArray[np.int64]

RECEIVE_BYTES = 1 << 20
GROUPS_AHEAD = 2
"""Groups that are asked for before the one that is read."""

LINE_END = b"\r\n"


class Pairs(NamedTuple):
    """Fields and values, each [pairs]: number of the field's text, number of the hash that it stands in, value."""

    field: Ints
    owner: Ints
    value: Ints


class FieldNumbers:
    """Numbers of fields by their text, given out as they are met."""

    def __init__(self, expected: Sequence[str]) -> None:
        """Those expected have the first numbers."""
        self.texts = list(dict.fromkeys(expected))
        self._number = {text: number for number, text in enumerate(self.texts)}
        self._index = IdIndex(self._number)
        self._missed = 0

    def find(self, reply: NDArray[np.uint8], starts: Ints, ends: Ints, hashes: Ints) -> Ints:
        """[n] the number of each of n fields that lie in a reply."""
        found = self._index.find_in(reply, starts, ends, hashes)
        missing = np.flatnonzero(found < 0)
        for at, start, end in zip(missing.tolist(), starts[missing].tolist(), ends[missing].tolist(), strict=True):
            text = bytes(reply[start:end]).decode()
            number = self._number.get(text)
            if number is None:
                number = self._number[text] = len(self.texts)
                self.texts.append(text)
            else:
                self._missed += 1
            found[at] = number
        if self._missed > len(self.texts):
            # As much as was looked up one by one since the last time is entered into the table now.
            self._index, self._missed = IdIndex(self._number), 0
        return found


class HashReader:
    """Reads hashes over a connection of its own, in groups; what it reads of a group is of one moment."""

    def __init__(self, client: Any, fields: FieldNumbers) -> None:
        """Connects when first used."""
        self.fields = fields
        self._pool = client.connection_pool
        self._end = os.urandom(12).hex().encode()
        self._buffer = bytearray()
        self._received = 0

    def read(self, key: str, groups: Iterable[Sequence[str]]) -> Iterator[tuple[bytes | None, Pairs]]:
        """For each group of hashes the value of `key`, and what stands in them at that moment. Raises redis.RedisError.

        The server works on the next groups while one is looked at.
        """
        connection = self._pool.get_connection()
        # A new one: an answer that could not be read may still hold the old one, which then cannot grow.
        self._buffer, self._received = bytearray(RECEIVE_BYTES), 0
        waiting: deque[int] = deque()
        try:
            for hash_keys in groups:
                connection.send_packed_command([self._question(key, hash_keys)])
                waiting.append(len(hash_keys))
                if len(waiting) > GROUPS_AHEAD:
                    yield self._answer(connection, waiting.popleft())
            while waiting:
                yield self._answer(connection, waiting.popleft())
        finally:
            if waiting:
                # Answers that nobody has read would be taken for those to the next question.
                connection.disconnect()
            self._pool.release(connection)

    def _question(self, key: str, hash_keys: Sequence[str]) -> bytes:
        hashes = [_command(b"HGETALL", each.encode()) for each in hash_keys]
        end = _command(b"ECHO", self._end)
        return b"".join((_command(b"MULTI"), _command(b"GET", key.encode()), *hashes, _command(b"EXEC"), end))

    def _answer(self, connection: Any, hash_count: int) -> tuple[bytes | None, Pairs]:
        try:
            size, end = self._receive(connection._sock)
            answer = self._parse(memoryview(self._buffer)[:size], hash_count)
        except OSError as error:
            connection.disconnect()
            raise redis.ConnectionError(str(error)) from error
        except redis.RedisError:
            connection.disconnect()
            raise
        rest = self._received - end
        self._buffer[:rest] = self._buffer[end : self._received]
        self._received = rest
        return answer

    def _receive(self, connected: Any) -> tuple[int, int]:
        """(bytes of the answer, where the next begins): between them stands the echo that was asked for last."""
        echo = b"$%d\r\n%s\r\n" % (len(self._end), self._end)
        begin = 0
        while (size := self._buffer.find(echo, begin, self._received)) < 0:
            begin = max(0, self._received - len(echo))
            if self._received == len(self._buffer):
                self._buffer += bytes(len(self._buffer))
            with memoryview(self._buffer) as room:
                count: int = connected.recv_into(room[self._received :])
            if count == 0:
                raise redis.ConnectionError("the server has closed the connection")
            self._received += count
        return size, size + len(echo)

    def _parse(self, reply: memoryview, hash_count: int) -> tuple[bytes | None, Pairs]:
        # One answer a command, all of them QUEUED; then those of EXEC.
        before = b"+OK\r\n" + b"+QUEUED\r\n" * (hash_count + 1) + b"*%d\r\n" % (hash_count + 1)
        if bytes(reply[: len(before)]) != before:
            raise redis.ResponseError(_error_in(bytes(reply)))
        value, begin = _string(reply, len(before))
        columns = np.empty((5, len(reply) // PAIR_BYTES_MIN + 1), np.int64)
        starts, ends, hashes, owner, values = columns
        bytes_read = np.frombuffer(reply, np.uint8)
        count, end = read_hashes(bytes_read, begin, hash_count, starts, ends, hashes, owner, values)
        if count == BAD or end != len(reply):
            raise redis.ResponseError(f"not a hash of whole numbers: {bytes(reply[end : end + 80])!r}")
        field = self.fields.find(bytes_read, starts[:count], ends[:count], hashes[:count])
        return value, Pairs(field, owner[:count], values[:count])


def _command(name: bytes, argument: bytes | None = None) -> bytes:
    if argument is None:
        return b"*1\r\n$%d\r\n%s\r\n" % (len(name), name)
    return b"*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(name), name, len(argument), argument)


def _string(reply: memoryview, at: int) -> tuple[bytes | None, int]:
    """A string and where the next reply begins; None where there is none."""
    line, _, rest = bytes(reply[at : at + 32]).partition(LINE_END)
    start = at + len(line) + len(LINE_END)
    if line in (b"$-1", b"_"):
        return None, start
    if not line.startswith(b"$") or not rest:
        raise redis.ResponseError(_error_in(bytes(reply)))
    end = start + int(line[1:])
    return bytes(reply[start:end]), end + len(LINE_END)


def _error_in(reply: bytes) -> str:
    errors = [line for line in reply.split(LINE_END) if line.startswith(b"-")]
    return (errors[0] if errors else reply[:80]).decode(errors="replace")
