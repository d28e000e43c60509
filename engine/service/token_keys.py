"""The public keys that tokens are signed with: from a file, PEM or a JSON Web Key Set, or from the URL of such a set."""

import json
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import jwt
import structlog

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Public keys only: whoever can check a token of another kind could make one."""

FETCH_SECONDS_MAX = 5.0
KEYS_BYTES_MAX = 1 << 20
FRESH_SECONDS = 300.0
"""How long keys are used before they are looked for again."""

UNKNOWN_SECONDS_MIN = 10.0
"""How soon after the last look an unknown key is looked for."""


class KeysError(RuntimeError):
    """No key can be read."""


class TokenKeys:
    """Keys by id. A source that fails later leaves those known in force."""

    def __init__(self, source: str) -> None:
        """source: a path, or an http(s) URL. Raises KeysError."""
        self._source = source
        self._lock = threading.Lock()
        self._keys: dict[str, Any] = {}
        self._read_at = 0.0
        self._log = structlog.get_logger("identity")
        try:
            self._keys = _read(source)
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise KeysError(f"{source}: the keys of tokens cannot be read: {error}") from error
        self._read_at = time.monotonic()

    def find(self, key_id: str) -> Any:
        """The key of an id; of a source with only one key that one, where the token names none. None: there is none."""
        age = time.monotonic() - self._read_at
        if age > FRESH_SECONDS or (self._one(key_id) is None and age > UNKNOWN_SECONDS_MIN):
            self._read_again()
        return self._one(key_id)

    def _one(self, key_id: str) -> Any:
        if not key_id or "" in self._keys:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _read_again(self) -> None:
        with self._lock:
            if time.monotonic() - self._read_at < UNKNOWN_SECONDS_MIN:
                return
            self._read_at = time.monotonic()
            try:
                self._keys = _read(self._source)
            except (OSError, ValueError, jwt.PyJWTError) as error:
                self._log.warning("the keys of tokens cannot be read anew", source=self._source, error=str(error))


def _read(source: str) -> dict[str, Any]:
    if source.startswith(("https://", "http://")):
        with urllib.request.urlopen(source, timeout=FETCH_SECONDS_MAX) as answer:  # noqa: S310 - http only, by the line above
            text = answer.read(KEYS_BYTES_MAX + 1)
    else:
        text = Path(source).read_bytes()
    if len(text) > KEYS_BYTES_MAX:
        raise ValueError(f"at most {KEYS_BYTES_MAX} bytes were expected")
    if text.lstrip().startswith(b"{"):
        found = {key.key_id or "": key.key for key in jwt.PyJWKSet.from_dict(json.loads(text)).keys}
    else:
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        found = {"": load_pem_public_key(text)}
    if not found:
        raise ValueError("a key was expected")
    return found
