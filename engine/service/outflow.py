"""What a server stream sends: a short queue between who makes its messages, in whatever thread, and the front that sends them.

Who makes messages asks for room first and goes on later where there is none, so that a slow reader keeps nobody waiting and
costs no memory. One that takes nothing at all for long is let go.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from engine.domain.reasons import Reason, Refusal

MESSAGES_MAX = 64
BYTES_MAX = 256 * 1024
"""Of messages that wait: with so many, or so much, there is no room."""

STALLED_SECONDS_MAX = 10.0
"""How long a reader may leave messages where they are."""

SIGN_OF_LIFE_SECONDS = 5.0
"""A stream that has nothing to tell says so as often."""


def _nothing() -> None:
    """Nobody is told."""


def _nobody(refusal: Refusal) -> None:
    """Nobody is told why."""


class Outflow:
    """The messages of one stream. `put` and `end` are for its maker, `take` and `close` for the front, each from any thread."""

    def __init__(
        self, ready: Callable[[], object] = _nothing, ended: Callable[[Refusal], object] = _nobody,
        stalled_seconds_max: float = STALLED_SECONDS_MAX,
    ) -> None:  # fmt: skip
        """`ready`: there is something to take where there was nothing. `ended`: why it ends. Both return at once."""
        self._ready = ready
        self._ended = ended
        self._stalled_seconds_max = stalled_seconds_max
        self._lock = Lock()
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._is_over = False
        self._is_complete = False
        self._release: Callable[[], object] = _nothing
        self._room: Callable[[], object] = _nothing
        self._moved_at = time.monotonic()
        self.put_at = time.monotonic()
        """When something was put last."""

    def attach(self, release: Callable[[], object], room: Callable[[], object] = _nothing) -> bool:
        """Say whom to tell that the stream is over, and that there is room again. False: it is over already."""
        with self._lock:
            if self._is_over:
                return False
            self._release, self._room = release, room
            return True

    @property
    def has_room(self) -> bool:
        """Whether another message should be put."""
        return len(self._messages) < MESSAGES_MAX and self._bytes < BYTES_MAX

    @property
    def is_stalled(self) -> bool:
        """Whether messages have waited for too long."""
        return bool(self._messages) and time.monotonic() - self._moved_at > self._stalled_seconds_max

    def put(self, message: bytes) -> None:
        """Send a message; nothing where the stream is over."""
        with self._lock:
            if self._is_over:
                return
            self.put_at = time.monotonic()
            if not self._messages:
                self._moved_at = self.put_at
                # Under the lock: once it is over, the front hears nothing any more.
                self._ready()
            self._messages.append(message)
            self._bytes += len(message)

    def end(self, refusal: Refusal) -> None:
        """End the stream with an error, at once: what waits is not sent, for its reader goes on from what it has."""
        with self._lock:
            if self._is_over:
                return
            self._finish()
            self._ended(refusal)

    def complete(self) -> None:
        """Nothing more comes: the stream ends well once what waits is sent."""
        with self._lock:
            if not self._is_over:
                self._is_complete = True
                self._ready()

    @property
    def is_done(self) -> bool:
        """Whether it is complete, and all of it was taken."""
        return self._is_complete and not self._messages

    def end_stalled(self) -> None:
        """End the stream of a reader that takes nothing."""
        self.end(
            Refusal(
                Reason.SLOW_CONSUMER, f"nothing was read for {self._stalled_seconds_max:g} s; go on from the last position read"
            )
        )

    def take(self) -> bytes | None:
        """The next message; None: nothing yet."""
        with self._lock:
            if not self._messages:
                return None
            message = self._messages.popleft()
            self._bytes -= len(message)
            self._moved_at = time.monotonic()
            room = self._room if not self._messages else _nothing
        room()
        return message

    def close(self) -> None:
        """The stream is over: whoever makes its messages lets go of it."""
        with self._lock:
            self._finish()
            release, self._release = self._release, _nothing
        release()

    def _finish(self) -> None:
        self._is_over = True
        self._messages.clear()
        self._bytes = 0
