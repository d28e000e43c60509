"""Quote tokens: a plan that was quoted, signed, so that any engine that shares the key holds exactly that plan.

A token is the URL-safe base64 of: version, which key, which network, which basket, position, minute of the basket, end of its
validity, the plan, and a keyed BLAKE2b (RFC 7693) of 16 bytes over all of it.
"""

import base64
import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from functools import lru_cache

from belofte.v1 import types_pb2

from engine.domain.plan import Plan, Route
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.inventory.client import ordinal
from engine.inventory.shards import BETWEEN_POSITIONS, ORIGIN
from engine.network.image import NetworkImage
from engine.optimizer.quoted_plan import QuotedPlan, packed, unpacked
from engine.optimizer.scene import Scene
from engine.service.settings import Settings

VERSION = 2
HEAD = struct.Struct("<B4s8s8sqqqq")
MAC_BYTES = 16
TOKEN_LENGTH_MAX = 1 << 17
KEY_FILE, KEY_BYTES = "quote.key", 32
NOT_ASKED = ("request_time", "customer_id", "calling_system", "demand_class")
"""Fields of a basket that decide nothing, or that go by when it is asked for."""


@dataclass(frozen=True, slots=True)
class QuoteKey:
    """What signs and how long a signature counts; without a secret, nothing is signed and none is known."""

    secret: bytes = b""
    minutes_valid: int = 30

    @property
    def key_id(self) -> bytes:
        """Tells keys apart, and nothing of the secret."""
        return mark(b"belofte quote key " + self.secret)


class QuoteSigner:
    """Signs the options of one quote: all that they share is worked out once."""

    def __init__(
        self, key: QuoteKey, image: NetworkImage, basket: types_pb2.Basket, minute: int, position: str, now_minute: int
    ) -> None:
        """minute: that of the basket; position: of the stock that decided."""
        self._key, self._now = key, now_minute
        self._of_all = (VERSION, key.key_id, network_mark(image), basket_digest(basket), *place_of(position), minute)

    def sign(self, scene: Scene, plan: Plan) -> tuple[str, int]:
        """(the token of an option, the minute until which it is accepted): while each cutoff holds, for so long at the most."""
        cutoffs = [s.order_by_minute for s in plan.shipments if s.route is not Route.PICKUP]
        until = min((self._now + self._key.minutes_valid, *cutoffs))
        message = HEAD.pack(*self._of_all, until) + packed(scene, plan)
        signed = message + signature(self._key.secret, message)
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode(), until


def place_of(position: str) -> tuple[int, int]:
    """Epoch and sequence of a position; of one over several logs, those of the first."""
    return ordinal(position.partition(BETWEEN_POSITIONS)[0] or ORIGIN)


def read_token(
    token: str, key: QuoteKey, image: NetworkImage, basket: types_pb2.Basket, now_minute: int
) -> QuotedPlan:  # fmt: skip
    """The plan in a token. Raises `Refusal` that says by name why it does not count."""
    signed = decoded(token)
    if len(signed) < HEAD.size + MAC_BYTES or signed[0] != VERSION:
        raise refused(Reason.QUOTE_TAMPERED, "this is no token of a quote, or a part of one")
    message, mac = signed[:-MAC_BYTES], signed[-MAC_BYTES:]
    _, key_id, network, digest, _, _, minute, until = HEAD.unpack_from(message)
    if not key.secret or key_id != key.key_id:
        raise refused(Reason.QUOTE_FOREIGN, "it was signed with another key than this engine's")
    if not hmac.compare_digest(mac, signature(key.secret, message)):
        raise refused(Reason.QUOTE_TAMPERED, "its signature does not fit what it says")
    if network[:4] != name_mark(image):
        raise refused(Reason.QUOTE_FOREIGN, f"it is of another network than {image.network.name!r}")
    if until < now_minute:
        raise refused(Reason.QUOTE_EXPIRED, "its time is over; ask for another quote")
    if digest != basket_digest(basket):
        raise refused(Reason.QUOTE_CHANGED, "basket: it was quoted for another basket than this one")
    if network != network_mark(image):
        raise refused(Reason.QUOTE_CHANGED, f"network_version: the network was reloaded, it is {image.version[:16]} now")
    return unpacked(message[HEAD.size :], minute)


def plan_in(token: str) -> QuotedPlan:
    """The plan in a token that was accepted before: nothing of it is checked again."""
    message = decoded(token)[:-MAC_BYTES]
    return unpacked(message[HEAD.size :], HEAD.unpack_from(message)[6])


def signature(secret: bytes, message: bytes) -> bytes:
    """The bytes that prove a message."""
    mac = keyed(secret).copy()
    mac.update(message)
    return mac.digest()


@lru_cache(maxsize=16)
def keyed(secret: bytes) -> "hashlib.blake2b":
    """What signs, with the key worked in, to be copied. A secret may be longer than a key: its hash is the key."""
    return hashlib.blake2b(key=hashlib.blake2b(secret).digest(), digest_size=MAC_BYTES)


def decoded(token: str) -> bytes:
    """The bytes of a token; nothing where it is none."""
    if len(token) > TOKEN_LENGTH_MAX:
        return b""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
    except ValueError:
        return b""


def refused(reason: Reason, message: str) -> Refusal:
    """Refused because of the token."""
    return Refusal(reason, f"quote_token: {message}", (FieldViolation("quote_token", message),))


def network_mark(image: NetworkImage) -> bytes:
    """Eight bytes for the network's name and version."""
    return name_mark(image) + bytes.fromhex(image.version[:8])


def name_mark(image: NetworkImage) -> bytes:
    """Four bytes for its name."""
    return mark(image.network.name.encode())


@lru_cache(maxsize=16)
def mark(content: bytes) -> bytes:
    """Four bytes that stand for some content."""
    return hashlib.sha256(content).digest()[:4]


def basket_digest(basket: types_pb2.Basket) -> bytes:
    """Eight bytes for what a basket asks for."""
    return hashlib.sha256(decisive_basket(basket)).digest()[:8]


def decisive_basket(basket: types_pb2.Basket) -> bytes:
    """What of a basket decides anything, as it is written."""
    asked = types_pb2.Basket()
    asked.CopyFrom(basket)
    for name in NOT_ASKED:
        asked.ClearField(name)
    return asked.SerializeToString(deterministic=True)


def quote_secret(settings: Settings) -> bytes:
    """The secret that was set, or that of the data folder, made where there is none yet."""
    if settings.quote_key:
        return settings.quote_key.encode()
    file = settings.data_dir / KEY_FILE
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_bytes()
    with os.fdopen(descriptor, "wb") as made:
        made.write(os.urandom(KEY_BYTES))
    return file.read_bytes()
