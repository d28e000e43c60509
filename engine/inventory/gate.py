"""The shared store as the ledger's sidecar uses it: close the gate, read the log, rebuild, open, tell what is recorded."""

from collections.abc import Iterator, Sequence
from hashlib import sha1, sha256
from typing import Any, NamedTuple

import orjson
import redis

from engine.inventory.client import StoreAway, connect
from engine.inventory.keys import Keys, Layout
from engine.inventory.recorded import format_recorded
from engine.inventory.scripts import script_text

GATE_MS = 3_000
"""How long the gate stays open without being renewed."""

READ_MS_MAX = 250
"""How long a read of the log waits for an entry."""

READ_ENTRIES_MAX = 1_000
REMOVE_KEYS_MAX = 1_000
ORIGIN = "0-0"
"""The position before the first entry."""

OPENING_SEQUENCE = 0
"""Of the position at which an epoch begins. It is no entry, and has a place in the lineage like one."""

NO_LINK = "0" * 40
SCRIPTS = ("close", "fill", "open", "recorded", "remove")


class LogEntry(NamedTuple):
    """One entry of the log as the sidecar reads it. `link` ties it to the one before, see `link_of`."""

    position: str
    previous: str
    request_id: str
    created_id: str
    link: str
    entry: bytes


class Hash(NamedTuple):
    """A hash to rebuild. `expires_unix`: second at which it is forgotten; 0: never."""

    key: str
    fields: Sequence[str | int]
    expires_unix: int = 0


class Superseded(Exception):  # noqa: N818 - an outcome, not an error of the program
    """Another sidecar has stamped a newer epoch, or the gate of this one is gone: take over anew."""


class StoreGate:
    """One sidecar's connection to the shared store of one partition."""

    def __init__(self, redis_url: str, partition: str) -> None:
        """Connects when first used."""
        self.keys = Keys(partition)
        self._client = connect(redis_url, self.keys)
        scripts = {name: self._client.register_script(script_text(name)) for name in SCRIPTS}
        self._scripts = scripts
        self._server_id = ""
        """Of the server that was stamped."""

    def disconnect(self) -> None:
        """Close the connections."""
        self._client.close()

    def stamped(self) -> int:
        """The newest epoch that was here; 0: none. Raises StoreAway."""
        with _away():
            epoch = self._client.get(self.keys.epoch)
        return int(epoch or 0)

    def close(self, epoch: int) -> None:
        """Close the gate for everybody and stamp the epoch. Raises Superseded, StoreAway."""
        self._server_id = self._run("close", [self.keys.gate, self.keys.epoch], [epoch]).decode()

    def holds(self, position: str, link: str) -> bool:
        """Whether the store's log goes through this entry: it is in the log, or was the last one recorded."""
        with _away():
            layout, head, recorded = self._client.mget(self.keys.layout, self.keys.head, self.keys.recorded)
            rows = self._client.xrange(self.keys.log, position, position)
        if layout is None or head is None:
            return False
        if rows:
            return bool(rows[0][1][b"link"].decode() == link)
        wanted = f"{position} {link}".encode()
        return bool(recorded == wanted and (head.startswith(wanted) or self._has_after(position)))

    def _has_after(self, position: str) -> bool:
        with _away():
            rows = self._client.xrange(self.keys.log, f"({position}", "+", 1)
        return bool(rows) and rows[0][1][b"previous"].decode() == position

    def head(self) -> str:
        """Position of the newest entry."""
        with _away():
            head = self._client.get(self.keys.head)
        return head.split()[0].decode() if head else ORIGIN

    def read(self, position: str, wait_ms_max: int = READ_MS_MAX) -> list[LogEntry]:
        """Entries after `position`, oldest first; waits for one when there is none yet. Raises StoreAway."""
        with _away():
            found = self._client.xread({self.keys.log: position}, count=READ_ENTRIES_MAX, block=wait_ms_max)
        return [_entry(at, fields) for _, rows in found for at, fields in rows]

    def fill(self, epoch: int, hashes: Sequence[Hash]) -> None:
        """Write a part of what is rebuilt. Raises Superseded, StoreAway."""
        tables = [{"fields": each.fields, "expires": each.expires_unix} for each in hashes]
        self._run("fill", [self.keys.epoch, *(each.key for each in hashes)], [epoch, orjson.dumps(tables), self._server_id])

    def open(self, epoch: int, position: str, link: str, rebuilt: Layout | None, after: tuple[str, str] = ("", "")) -> None:
        """Open the gate: from here on the log goes on from `position` and `link`. `rebuilt`: where the data stands that was
        filled; None: it stays, and the log must end at the position and link `after`. Raises Superseded, StoreAway.
        """
        keys = self.keys
        names = [keys.gate, keys.epoch, keys.layout, keys.head, keys.recorded, keys.log]
        layout = str(rebuilt) if rebuilt else ""
        self._run("open", names, [epoch, GATE_MS, f"{position} {link}", layout, self._server_id, " ".join(after)])

    def tell(
        self, epoch: int, position: str, link: str, recorded: Sequence[tuple[str, str]], keep_from: str = ""
    ) -> None:  # fmt: skip
        """Publish (request id, position) pairs, if any, and keep the gate open. Raises Superseded, StoreAway."""
        keys = self.keys
        message = format_recorded(recorded)
        arguments = [epoch, GATE_MS, f"{position} {link}", message, keep_from]
        self._run("recorded", [keys.gate, keys.recorded, keys.log, keys.recorded_channel], arguments)

    def leftovers(self) -> Iterator[list[str]]:
        """Keys of generations other than the one in use, in parts, some of them empty. Raises StoreAway."""
        with _away():
            layout = self._client.get(self.keys.layout)
        if layout is None:
            return
        in_use = self.keys.data(Layout.parse(layout.decode())).prefix
        cursor = -1
        while cursor != 0:
            with _away():
                cursor, names = self._client.scan(max(cursor, 0), f"{self.keys.tag}[0-9]*", REMOVE_KEYS_MAX)
            yield [name.decode() for name in names if not name.decode().startswith(in_use)]

    def remove(self, epoch: int, names: Sequence[str]) -> None:
        """Remove what `leftovers` found. Raises Superseded, StoreAway."""
        self._run("remove", [self.keys.epoch, *names], [epoch])

    def _run(self, name: str, keys: list[str], arguments: list[Any]) -> Any:
        with _away():
            done = self._scripts[name](keys, arguments)
        if not done:
            raise Superseded(f"{name} was refused: the store belongs to another epoch")
        return done


def link_of(previous_link: str, position: str, request_id: str, entry: bytes) -> str:
    """SHA-1 of (link before, position, request id, SHA-256 of the entry): what commit.lua computes, for lineage alone."""
    return link_over(previous_link, position, request_id, sha256(entry).hexdigest())


def link_over(previous_link: str, position: str, request_id: str, entry_hash: str) -> str:
    """The same, where the entry was hashed already."""
    text = f"{previous_link} {position} {request_id} {entry_hash}"
    return sha1(text.encode(), usedforsecurity=False).hexdigest()


def opening_of(epoch: int, previous_link: str) -> tuple[str, str]:
    """Position and link of an epoch's opening: before its first entry, after all that was recorded of older ones."""
    position = f"{epoch}-{OPENING_SEQUENCE}"
    return position, sha1(f"{previous_link} {position}".encode(), usedforsecurity=False).hexdigest()


class _away:  # noqa: N801 - reads as a word of the language
    """Turns an error of the client into StoreAway."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, redis.RedisError):
            raise StoreAway(str(error)) from error


def _entry(at: bytes, fields: dict[bytes, bytes]) -> LogEntry:
    text = {name: fields[name].decode() for name in (b"previous", b"request", b"created", b"link")}
    return LogEntry(
        at.decode(), text[b"previous"], text[b"request"], text[b"created"], text[b"link"], fields[b"entry"]
    )  # fmt: skip
