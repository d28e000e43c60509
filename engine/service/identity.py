"""Who a caller is: by the token it sends or the certificate of its connection, and whether it may call a method."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from engine.domain.reasons import Reason, Refusal
from engine.service.caller import Caller, caller_of, nobody

TOKENS_MAX = 10_000
"""Tokens remembered: the signature of one is checked once, its time at each call."""

LEEWAY_SECONDS = 30
BEARER = "bearer "
ROLES_CLAIM = "roles"

Metadata = Iterable[tuple[str, str | bytes]]


class Identity:
    """Proves callers. Used by several threads."""

    def __init__(self, token_keys: str = "", token_issuer: str = "", token_audience: str = "") -> None:
        """`token_keys`: the source of keys, empty where there are no tokens. Raises KeysError."""
        self._issuer, self._audience = token_issuer, token_audience
        self._keys: Any = None
        if token_keys:
            # Only who takes tokens needs what reads them.
            from engine.service.token_keys import TokenKeys

            self._keys = TokenKeys(token_keys)
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()
        self._certificates: dict[bytes, Caller] = {}
        self._lock = threading.Lock()

    def caller(self, metadata: Metadata, certificate: bytes | None = None) -> Caller | Refusal:
        """Who calls: the token's subject where there is one, else the certificate's (PEM)."""
        token = _token_in(metadata)
        if token:
            return self._by_token(token)
        if certificate is not None:
            return self._by_certificate(certificate)
        return _unknown("a bearer token or a client certificate was expected")

    def _by_token(self, token: str) -> Caller | Refusal:
        if self._keys is None:
            return _unknown("tokens are not taken here; a client certificate was expected")
        with self._lock:
            found = self._known.get(token)
        if found is not None:
            caller, until = found
            return caller if time.time() < until else _unknown("the token has expired")
        return self._checked(token)

    def _checked(self, token: str) -> Caller | Refusal:
        import jwt

        from engine.service.token_keys import ALGORITHMS

        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.find(str(header.get("kid", "")))
            if key is None:
                return _unknown("the token is signed with a key that is not known here")
            claims: Mapping[str, Any] = jwt.decode(
                token, key, list(ALGORITHMS), leeway=LEEWAY_SECONDS, issuer=self._issuer or None,
                audience=self._audience or None,
                options={"require": ["exp", "sub"], "verify_aud": bool(self._audience), "verify_iss": bool(self._issuer)},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            return _unknown(f"the token is not good: {error}")
        roles = claims.get(ROLES_CLAIM, [])
        if not isinstance(roles, list):
            return _unknown(f"the claim {ROLES_CLAIM} of the token is no list")
        caller = caller_of(str(claims["sub"]), [role for role in roles if isinstance(role, str)])
        with self._lock:
            self._known[token] = caller, float(claims["exp"]) + LEEWAY_SECONDS
            while len(self._known) > TOKENS_MAX:
                self._known.popitem(last=False)
        return caller

    def _by_certificate(self, pem: bytes) -> Caller:
        """Its common name; its roles are the organizations of its subject, as Kubernetes has it."""
        digest = hashlib.sha256(pem).digest()
        found = self._certificates.get(digest)
        if found is None:
            from cryptography import x509
            from cryptography.x509.oid import NameOID

            subject = x509.load_pem_x509_certificate(pem).subject
            names = [str(each.value) for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
            roles = [str(each.value) for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
            found = caller_of(names[0] if names else "", roles)
            if len(self._certificates) < TOKENS_MAX:
                self._certificates[digest] = found
        return found


class Gate:
    """What both fronts ask before a call is taken."""

    def __init__(self, identity: Identity | None) -> None:
        """`identity`: None where callers are not asked who they are."""
        self._identity = identity

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked."""
        return self._identity is None

    def caller(self, method: str, metadata: Metadata, peer: str, certificate: bytes | None = None) -> Caller | Refusal:
        """Who calls, or why not."""
        if self._identity is None:
            return nobody(peer)
        caller = self._identity.caller(metadata, certificate)
        if isinstance(caller, Caller) and not caller.may_call(method):
            roles = ", ".join(sorted(caller.roles)) or "none"
            return Refusal(Reason.PERMISSION_DENIED, f"{method} is not for {caller.name!r}, whose roles are: {roles}")
        return caller


OPEN = Gate(None)


def _token_in(metadata: Metadata) -> str:
    for name, value in metadata:
        if name == "authorization" and isinstance(value, str) and value[: len(BEARER)].lower() == BEARER:
            return value[len(BEARER) :].strip()
    return ""


def _unknown(message: str) -> Refusal:
    return Refusal(Reason.UNAUTHENTICATED, message)
