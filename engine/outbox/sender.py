"""One event sent to one subscriber over HTTP, signed as the Standard Webhooks specification says.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from engine.outbox.cloud_events import CloudEvent
from engine.outbox.subscribers import Subscriber

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
ANSWER_BYTES_MAX = 65_536
"""Of an answer that is read, so that the connection can be used again; a longer one ends it."""

NO_ANSWER = 0
ENDED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class Answer(NamedTuple):
    """What became of an attempt. `status`: HTTP, NO_ANSWER where none came; `again_after_seconds`: as the receiver asks."""

    status: int
    why: str = ""
    again_after_seconds: float = 0.0

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has the event."""
        return 200 <= self.status < 300


def signatures(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over "id.timestamp.body", one for each secret, with a space between."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in secrets)


def message_id(event_id: str) -> str:
    """The event's id without the sign that separates it from the rest of what is signed."""
    return event_id.replace(".", "%2E")


class Sender:
    """A connection to one subscriber, kept from event to event. Used by one thread."""

    def __init__(self, subscriber: Subscriber, unix_seconds: Callable[[], float] = time.time) -> None:
        """Connects when it sends."""
        self._subscriber = subscriber
        self._unix_seconds = unix_seconds
        self._until = 0.0
        """When the attempt under way is given up, by the monotonic clock; 0: none is."""
        self._is_broken_off = False
        parts = urlsplit(subscriber.url)
        assert parts.hostname, "the subscribers were checked"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        seconds = float(subscriber.timeout_seconds_max)
        if parts.scheme == "https":
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=seconds, context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)

    def send(self, event: CloudEvent) -> Answer:
        """Post an event; any failure is an answer. Redirections are not followed."""
        self._is_broken_off = False
        self._until = time.monotonic() + self._subscriber.timeout_seconds_max
        try:
            return self._sent(event)
        finally:
            self._until = 0.0

    def break_off(self) -> None:
        """From another thread: end an attempt that has had its time, however often a receiver sends a byte of its answer."""
        until, sock = self._until, self._connection.sock
        if until and time.monotonic() > until and sock is not None:
            self._is_broken_off = True
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _sent(self, event: CloudEvent) -> Answer:
        timestamp = int(self._unix_seconds())
        sent_as = message_id(event.event_id)
        headers = {
            "Content-Type": CONTENT_TYPE, "User-Agent": "Belofte", "webhook-id": sent_as, "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures(self._subscriber.secrets, sent_as, timestamp, event.body),
        }  # fmt: skip
        was_open = self._connection.sock is not None
        try:
            response = self._post(event.body, headers)
        except ENDED as error:
            self.close()
            if self._is_broken_off or not was_open:
                return self._no_answer(error)
            # A receiver may end a connection that was idle, which is known only now.
            return self._sent(event)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return self._no_answer(error)
        if self._is_broken_off:
            # How far it came is not known: whoever parses it takes the end for that of the headers.
            self.close()
            return self._no_answer(TimeoutError())
        again_after = _seconds(response.getheader("Retry-After"))
        return Answer(response.status, f"HTTP {response.status} {response.reason}", again_after)

    def _post(self, body: bytes, headers: dict[str, str]) -> http.client.HTTPResponse:
        self._connection.request("POST", self._path, body, headers)
        response = self._connection.getresponse()
        response.read(ANSWER_BYTES_MAX)
        if not response.isclosed():
            self.close()
        return response

    def close(self) -> None:
        """Disconnect; the next event connects anew."""
        self._connection.close()

    def _no_answer(self, error: Exception) -> Answer:
        if self._is_broken_off:
            return Answer(NO_ANSWER, f"no whole answer within {self._subscriber.timeout_seconds_max} s")
        return Answer(NO_ANSWER, f"{type(error).__name__}: {error}")


def _seconds(text: str | None) -> float:
    """A Retry-After in seconds; 0 where there is none, or a date."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else 0.0
