"""Lines of a request, by reading it as a message of which every field is unknown."""

from collections.abc import Sequence

from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

LENGTH = 2


def count_lines(message: bytes, path: Sequence[int]) -> int:
    """Fields with a length that the field numbers of a path lead to. Raises DecodeError."""
    found = [
        field.data for field in UnknownFieldSet(Empty.FromString(message))
        if field.field_number == path[0] and field.wire_type == LENGTH
    ]  # fmt: skip
    return len(found) if len(path) == 1 else sum(count_lines(each, path[1:]) for each in found)
