"""Bytes of protobuf fields, written forwards one after the other. Shares no code with the engine or with protobuf."""

import struct


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; below zero as 2^64 + value."""
    rest = value % 2**64
    out = []
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    return bytes([*out, rest])


def counted(tag: int, body: bytes) -> bytes:
    """A field with a length, also where it is empty."""
    return varint(tag) + varint(len(body)) + body


def text(tag: int, body: bytes) -> bytes:
    return counted(tag, body) if body else b""


def number(tag: int, value: int) -> bytes:
    return varint(tag) + varint(value) if value else b""


def delta(tag: int, value: int) -> bytes:
    """0, −1, 1, −2, 2 … are counted from 0."""
    return number(tag, 2 * value if value >= 0 else -2 * value - 1)


def double(tag: int, value: float) -> bytes:
    bits = struct.pack("<d", value)
    return varint(tag) + bits if any(bits) else b""
