"""Connections to the shared store, how they fail, and the order of positions."""

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.inventory.cluster import connection_options
from engine.inventory.keys import Keys

ANSWER_SECONDS_MAX = 5.0


class StoreAway(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The store could not be reached, or did not answer."""


class StoreGap(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The log cannot be followed from here: another epoch has begun, or it was trimmed. Only loading anew helps."""


def connect(redis_url: str, keys: Keys, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> Any:
    """A client that never repeats a command by itself: whether to is a matter of the protocol.

    It speaks to the server named, or to the node of its cluster that has the partition of `keys`.

    Untyped, since its stubs allow for text wherever bytes come.
    """
    return redis.Redis.from_url(
        redis_url, socket_timeout=answer_seconds_max, socket_connect_timeout=answer_seconds_max,
        retry=Retry(NoBackoff(), 0), **connection_options(redis_url, keys.tag),
    )  # fmt: skip


def ordinal(position: str) -> tuple[int, int]:
    """A position in the order of the log."""
    epoch, _, sequence = position.partition("-")
    return int(epoch), int(sequence)
