"""A partition in a Redis Cluster: all its keys share one hash tag, so that one node has them all, and that node is spoken to.

A client that spreads commands over a cluster is not needed, and would not do: what belongs together is one transaction on one
node. Who connects asks any node for the one that has the partition's slot; when the slot has moved, the next connection asks
again. What that means for what was under way is a matter of the protocol, as after any other loss of the store.
"""

import contextlib
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.crc import key_slot
from redis.exceptions import MovedError

CLUSTER_ENABLED = b"cluster_enabled:1"


class _ToOwner:
    """Connects to the node of a cluster that has a slot, or to the server that was named, where that is no cluster's."""

    def __init__(self, *, slot_key: str = "", **options: Any) -> None:
        """`slot_key`: any key of the partition."""
        super().__init__(**options)
        self._options = options
        self._slot = key_slot(slot_key.encode())
        self._nodes: list[tuple[str, int]] = [(options["host"], options["port"])]

    def _connect(self) -> Any:
        # Those that had it last are asked first; the one that was named is asked when they are gone.
        for node in reversed(self._nodes):
            with contextlib.suppress(redis.RedisError, OSError):
                self.host, self.port = self._owner(*node)
                self._nodes = [self._nodes[0], *({(self.host, self.port)} - {self._nodes[0]})]
                break
        else:
            self.host, self.port = self._nodes[0]
        return super()._connect()  # type: ignore[misc]

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        """As of any server; where the slot has moved, the next connection goes where it is."""
        try:
            return super().read_response(*arguments, **options)  # type: ignore[misc]
        except MovedError:
            self.disconnect()  # type: ignore[attr-defined]
            raise

    def _owner(self, host: str, port: int) -> tuple[str, int]:
        """The node that has the slot, by what this one knows."""
        kind = redis.SSLConnection if isinstance(self, redis.SSLConnection) else redis.Connection
        asked: Any = kind(**{**self._options, "host": host, "port": port})
        try:
            asked.send_command("INFO", "cluster")
            if CLUSTER_ENABLED not in asked.read_response(disable_decoding=True):
                return host, port
            asked.send_command("CLUSTER", "SLOTS")
            for first, last, owner, *_ in asked.read_response(disable_decoding=True):
                if first <= self._slot <= last:
                    # A node that does not know its own address has the one that it was asked at.
                    return (owner[0] or host.encode()).decode(), int(owner[1])
        finally:
            asked.disconnect()
        raise redis.RedisError(f"no node has slot {self._slot}")


class PartitionConnection(_ToOwner, redis.Connection):
    """In the clear."""


class PartitionSSLConnection(_ToOwner, redis.SSLConnection):
    """By TLS."""


def connection_options(redis_url: str, slot_key: str) -> dict[str, Any]:
    """What a pool needs for connections to a partition; a Unix socket is never a cluster's."""
    kinds = {"redis": PartitionConnection, "rediss": PartitionSSLConnection}
    kind = kinds.get(urlsplit(redis_url).scheme)
    return {} if kind is None else {"connection_class": kind, "slot_key": slot_key}
