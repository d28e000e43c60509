"""Two real Valkey servers of which one replicates from the other, as late as the test wants, and is promoted by hand."""

import contextlib
from collections.abc import Iterator

from engine.inventory.keys import Keys
from tests.relay import Relay
from tests.sidecars import wait_until
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer

KEYS = Keys(PARTITION)


class Pair:
    """`primary` and `replica`; the wire between them is `wire`. After a promotion the names have changed places."""

    def __init__(self, first: ValkeyServer, second: ValkeyServer, wire: Relay) -> None:
        self.primary, self.replica, self.wire = first, second, wire
        self.follow()

    def follow(self) -> None:
        """Let the replica copy the primary, whatever it held before, and wait until it has."""
        self.wire.resume()
        self.wire.lead_to(self.primary.socket_path)
        with self.primary.client() as client:
            client.config_set("repl-diskless-sync-delay", 0)
        with self.replica.client() as client:
            client.replicaof("127.0.0.1", self.wire.port)
        self.wait_same()

    def wait_same(self) -> None:
        """Wait until the replica has all that the primary has; writers must stand still."""
        with self.replica.client() as replica, self.primary.client() as primary:
            wait_until(lambda: replica.info("replication").get("master_link_status") == "up")
            wait_until(
                lambda: replica.info("replication")["slave_repl_offset"] == primary.info("replication")["master_repl_offset"]
            )
            assert replica.get(KEYS.head) == primary.get(KEYS.head)

    def promote(self) -> None:
        """The replica becomes a primary of its own, with what has reached it; the old one knows nothing of it and goes on."""
        self.wire.cut()
        with self.replica.client() as client:
            client.replicaof("NO", "ONE")
        self.primary, self.replica = self.replica, self.primary

    @staticmethod
    def head(server: ValkeyServer) -> str:
        """Position of a server's newest entry."""
        with server.client() as client:
            head = client.get(KEYS.head)
        assert isinstance(head, bytes)
        return head.split()[0].decode()


@contextlib.contextmanager
def pair() -> Iterator[Pair]:
    """A primary and its replica."""
    with ValkeyServer() as first, ValkeyServer() as second, Relay(first.socket_path) as wire:
        yield Pair(first, second, wire)
