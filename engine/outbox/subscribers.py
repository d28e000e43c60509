"""Who is told of events: a TOML file with one table for each subscriber, checked as a whole, each bad key named."""

import base64
import binascii
import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from engine.outbox.cloud_events import EVENT_TYPES

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
"""Of the Standard Webhooks specification."""

NUMBERS = {"timeout_seconds_max": (1, 300), "attempts_max": (1, 1_000), "concurrency_max": (1, 64)}


class SubscribersError(ValueError):
    """A file of subscribers that cannot be used: one line for each thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One who is told. What is empty of `types` and `location_ids` bars nothing."""

    name: str
    url: str
    secrets: tuple[bytes, ...] = field(repr=False)
    types: frozenset[str] = frozenset()
    location_ids: frozenset[str] = frozenset()
    from_beginning: bool = False
    timeout_seconds_max: int = 15
    attempts_max: int = 30
    concurrency_max: int = 8


def read_subscribers(path: Path) -> tuple[Subscriber, ...]:
    """The subscribers of a file, in its order. Raises SubscribersError."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SubscribersError(f"{path}: a TOML file that can be read was expected: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SubscribersError(f"{path}: a TOML file was expected: {error}") from None
    wrong: list[str] = []
    found = [_subscriber(name, table, wrong) for name, table in tables.items()]
    if wrong:
        raise SubscribersError("\n".join(f"{path}: {each}" for each in wrong))
    return tuple(each for each in found if each is not None)


def _subscriber(name: str, table: Any, wrong: list[str]) -> Subscriber | None:
    if not NAME.match(name):
        wrong.append(f"{name!r}: 1 to 64 letters, digits, _ or - were expected as the name of a subscriber")
        return None
    if not isinstance(table, dict):
        wrong.append(f"{name}: a table [{name}] with url and secret was expected")
        return None
    before = len(wrong)
    known = ("url", "secret", "types", "location_ids", "from_beginning", *NUMBERS)
    for key in table:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            wrong.append(f"{name}.{key}: there is no such key{hint}")
    options: dict[str, Any] = {key: _number(name, key, table[key], wrong) for key in NUMBERS if key in table}
    if "from_beginning" in table:
        if not isinstance(table["from_beginning"], bool):
            wrong.append(f"{name}.from_beginning: true or false was expected")
        options["from_beginning"] = table["from_beginning"]
    url = _url(name, table.get("url"), wrong)
    secrets = _secrets(name, table.get("secret"), wrong)
    types = _texts(name, "types", table.get("types", []), wrong)
    for each in sorted(types - EVENT_TYPES):
        nearest = difflib.get_close_matches(each, EVENT_TYPES, n=1)
        wrong.append(f"{name}.types: {each!r} is no type of event{f'; did you mean {nearest[0]!r}?' if nearest else ''}")
    location_ids = _texts(name, "location_ids", table.get("location_ids", []), wrong)
    return Subscriber(name, url, secrets, types, location_ids, **options) if len(wrong) == before else None


def _url(name: str, value: Any, wrong: list[str]) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else SplitResult("", "", "", "", "")
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        is_good = False
    if not is_good or "@" in parts.netloc or not value.isascii() or not value.isprintable() or " " in value:
        # Not quoted: a URL may hold a secret of its own.
        wrong.append(f"{name}.url: a URL https://HOST/PATH was expected, or http:// in a network of your own, without a user")
        return ""
    return str(value)


def _secrets(name: str, value: Any, wrong: list[str]) -> tuple[bytes, ...]:
    """The keys to sign with: two while one takes the place of the other."""
    texts = [value] if isinstance(value, str) else value
    keys = []
    for text in texts if isinstance(texts, list) else []:
        try:
            keys.append(base64.b64decode(str(text).removeprefix(SECRET_PREFIX), validate=True))
        except binascii.Error:
            keys.append(b"")
    if not 1 <= len(keys) <= 2 or not all(SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX for key in keys):
        wrong.append(
            f"{name}.secret: {SECRET_PREFIX} and the base64 of {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} random bytes was"
            " expected, or a list of two while one takes the place of the other"
        )
    return tuple(keys)


def _texts(name: str, key: str, value: Any, wrong: list[str]) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        wrong.append(f"{name}.{key}: a list of texts was expected")
        return frozenset()
    return frozenset(value)


def _number(name: str, key: str, value: Any, wrong: list[str]) -> int:
    least, most = NUMBERS[key]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        wrong.append(f"{name}.{key}: a whole number from {least} to {most} was expected")
        return least
    return value
