"""Messages spoilt at random: by bytes, and by fields with all lengths around them put right."""

import random
from collections.abc import Callable, Sequence

LENGTH = 2
NUMBERS = (0, 1, 2, 127, 128, 10**12, 10**12 + 1, 2**31 - 1, 2**31, 2**32, 2**35 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
TEXTS = (
    b"", b"-", b"a\n", b"a ", "é".encode(), b"\xff", b"I0", b"I1", b"0", b"x" * 128, b"x" * 129, b"small", b"other",
    b"0190163D-8694-739B-AEA5-966C26F8AD91", b"0190163d-8694-739b-aea5-966c26f8ad91", b"0190163d-8694-439b-aea5-966c26f8ad91",
    b"0190163d-8694-739b-cea5-966c26f8ad91", b"0190163d8694739baea5966c26f8ad91",
)  # fmt: skip
PATHS: Sequence[tuple[int, ...]] = ((), (5,), (5, 3), (5, 3, 1), (5, 3, 1))
"""Where fields are in that of an order: in the request, its order, the basket, a line."""

Field = tuple[int, bytes]
"""Tag, and what follows a length, or the varint itself."""


def varint(value: int, padding: int = 0) -> bytes:
    """A varint, made longer by so many bytes that say nothing."""
    groups = []
    while True:
        groups.append(value & 127)
        value >>= 7
        if not value:
            break
    groups += [0] * padding
    return bytes([group | 128 for group in groups[:-1]] + groups[-1:])


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
        shift += 7


def fields_of(message: bytes) -> list[Field]:
    """Fields of a message that is none but varints and what has a length."""
    fields, at = [], 0
    while at < len(message):
        tag, at = read_varint(message, at)
        first = at
        value, at = read_varint(message, at)
        if tag & 7 == LENGTH:
            first, at = at, at + value
        fields.append((tag, message[first:at]))
    return fields


def encoded(field: Field, tag_padding: int = 0, length_padding: int = 0) -> bytes:
    tag, content = field
    head = varint(tag, tag_padding)
    return head + (varint(len(content), length_padding) if tag & 7 == LENGTH else b"") + content


def spoilt(message: bytes, rng: random.Random, paths: Sequence[tuple[int, ...]] = PATHS) -> bytes:
    """The message with one thing changed, or a few bytes."""
    if rng.random() < 0.3:
        return rng.choice((flipped, cut, cut_within, grown))(message, rng)
    return with_fields(message, rng.choice(paths), rng)


def flipped(message: bytes, rng: random.Random) -> bytes:
    data = bytearray(message)
    for _ in range(rng.choice((1, 1, 2, 5))):
        data[rng.randrange(len(data))] = rng.choice((rng.randrange(256), 0, 127, 128, 255))
    return bytes(data)


def cut(message: bytes, rng: random.Random) -> bytes:
    return message[: rng.randrange(len(message))]


def cut_within(message: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(message))
    return message[:at] + message[at + rng.choice((1, 1, 2, 9)) :]


def grown(message: bytes, rng: random.Random) -> bytes:
    at = rng.choice((len(message), rng.randrange(len(message))))
    return message[:at] + rng.randbytes(rng.choice((1, 2, 10))) + message[at:]


def with_fields(message: bytes, path: tuple[int, ...], rng: random.Random) -> bytes:
    """Something done to the fields at a path; the lengths of what they lie in are those that they then have."""
    fields = fields_of(message)
    if not path:
        return rng.choice(CHANGES)(fields, rng)
    (at,) = rng.sample([i for i, (tag, _) in enumerate(fields) if tag == path[0] << 3 | LENGTH], 1)
    fields[at] = fields[at][0], with_fields(fields[at][1], path[1:], rng)
    return b"".join(map(encoded, fields))


def swapped(fields: list[Field], rng: random.Random) -> bytes:
    i, j = rng.randrange(len(fields)), rng.randrange(len(fields))
    fields[i], fields[j] = fields[j], fields[i]
    return b"".join(map(encoded, fields))


def doubled(fields: list[Field], rng: random.Random) -> bytes:
    fields.insert(rng.randrange(len(fields) + 1), rng.choice(fields))
    return b"".join(map(encoded, fields))


def dropped(fields: list[Field], rng: random.Random) -> bytes:
    del fields[rng.randrange(len(fields))]
    return b"".join(map(encoded, fields))


def padded(fields: list[Field], rng: random.Random) -> bytes:
    """A tag, a length or a value longer than it need be."""
    at, part, padding = rng.randrange(len(fields)), rng.randrange(3), rng.choice((1, 1, 3, 9))
    parts = list(map(encoded, fields))
    if part < 2:
        parts[at] = encoded(fields[at], padding if part else 0, 0 if part else padding)
    elif fields[at][0] & 7 != LENGTH:
        parts[at] = varint(fields[at][0]) + varint(read_varint(fields[at][1], 0)[0], padding)
    return b"".join(parts)


def inserted(fields: list[Field], rng: random.Random) -> bytes:
    """Another field, known or not, mostly where its number puts it."""
    number, wire_type = rng.choice((*range(1, 18), 2**29 - 1)), rng.choice((0, LENGTH))
    content = varint(rng.choice(NUMBERS)) if wire_type == 0 else rng.choice(TEXTS)
    at = sum(tag >> 3 <= number for tag, _ in fields) if rng.random() < 0.8 else rng.randrange(len(fields) + 1)
    fields.insert(at, (number << 3 | wire_type, content))
    return b"".join(map(encoded, fields))


def replaced(fields: list[Field], rng: random.Random) -> bytes:
    """Another value."""
    at = rng.randrange(len(fields))
    tag = fields[at][0]
    fields[at] = tag, rng.choice(TEXTS) if tag & 7 == LENGTH else varint(rng.choice(NUMBERS))
    return b"".join(map(encoded, fields))


def lied(fields: list[Field], rng: random.Random) -> bytes:
    """A length that is not that of what follows."""
    parts = list(map(encoded, fields))
    at = rng.randrange(len(fields))
    tag, content = fields[at]
    if tag & 7 == LENGTH:
        length = rng.choice((len(content) + 1, max(0, len(content) - 1), *NUMBERS))
        parts[at] = varint(tag) + varint(length) + content
    return b"".join(parts)


CHANGES: Sequence[Callable[[list[Field], random.Random], bytes]] = (
    swapped, doubled, dropped, padded, inserted, replaced, replaced, replaced, lied,
)  # fmt: skip
