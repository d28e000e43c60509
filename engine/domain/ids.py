"""Identifiers: what an id may look like, and request ids (UUID version 7, RFC 9562)."""

import hashlib
import os
import re
import time
import uuid

ID_LENGTH_MAX = 128
BACKORDER = "BACKORDER"
"""Stands where a receipt's id does for units that are neither there nor on their way; no receipt is named so."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}\Z")


def is_id(text: str) -> bool:
    """Whether `text` may name an item, location, order, line and the like: 1–128 letters, digits and ``._:/@+-``.

    Anything else is refused at the door, so that ids can stand in Redis fields and file names without escaping.
    """
    return _ID.match(text) is not None


def uuid7(unix_ms: int | None = None) -> str:
    """A new request id: 48 bits of Unix milliseconds, then 74 random bits (RFC 9562, section 5.7)."""
    return _uuid7(int(time.time() * 1000) if unix_ms is None else unix_ms, os.urandom(10))


def _uuid7(unix_ms: int, rest: bytes) -> str:
    value = unix_ms << 80 | int.from_bytes(rest, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def derived_id(request_id: str, name: str) -> str:
    """A request id that follows from another and a name: of the same instant, and random to anybody else."""
    return named_id(unix_ms_of(request_id), f"{request_id}/{name}")


def named_id(unix_ms: int, name: str) -> str:
    """A request id of an instant that follows from a name: always the same, and random to anybody else."""
    return _uuid7(unix_ms, hashlib.sha256(name.encode()).digest()[6:16])


def is_uuid7(text: str) -> bool:
    """Whether `text` is a UUID version 7 in its usual 36 characters."""
    try:
        value = uuid.UUID(text)
    except ValueError:
        return False
    return value.version == 7 and str(value) == text.lower()


def unix_ms_of(request_id: str) -> int:
    """The Unix milliseconds in a UUID version 7 in its usual 36 characters."""
    return int(request_id[:8] + request_id[9:13], 16)
