"""A connection on which a script is called again before the calls before it are answered."""

import socket
from collections.abc import Sequence
from typing import Any

import hiredis

SEND_BUFFER_BYTES = 2**20
"""Of the connection: a call is sent whole while the server is busy with the one before, instead of being waited for. The
system's usual 208 KiB is less than one batch; it may allow less than is asked for."""


class ScriptLine:
    """Calls of one script, done and answered in the order in which they were sent."""

    def __init__(self, client: Any, script: str) -> None:
        """A connection of the client's pool is taken for each series of calls."""
        self._pool = client.connection_pool
        self._script = script.encode()
        self._connection: Any = None
        self._unanswered = 0

    def send(self, keys: Sequence[str], arguments: Sequence[str | bytes]) -> None:
        """Call the script. Raises redis.RedisError; then nothing more can be received."""
        if self._connection is None:
            self._connection = self._pool.get_connection()
            # The client has no option for it on Unix sockets. Set anew each time: connections of the pool come and go.
            self._connection._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._unanswered += 1
        # By its text and not by its digest: a server that lacks it would refuse one call and, were it loaded by somebody
        # else meanwhile, do the next.
        # Packed here: the client looks at each of thousands of arguments before it does the same. (Its types speak of one.)
        call: Any = ("EVAL", self._script, len(keys), *keys, *arguments)
        self._connection.send_packed_command([hiredis.pack_command(call)])

    def receive(self) -> Any:
        """The answer to the first call that has none yet. Raises redis.RedisError; then nothing more can be received."""
        answer = self._connection.read_response()
        self._unanswered -= 1
        return answer

    def end(self) -> None:
        """End a series; what was not answered will not be."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._unanswered:
                connection.disconnect()
            self._unanswered = 0
            self._pool.release(connection)
