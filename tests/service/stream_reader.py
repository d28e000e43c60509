"""Who reads a server stream, behind the front."""

from collections.abc import Callable
from typing import Any

from engine.domain.reasons import Refusal
from engine.service.outflow import Outflow
from tests.sidecars import wait_until


class StreamReader:
    """A stream and what was read of it so far."""

    def __init__(self, parse: Callable[[bytes], Any], stalled_seconds_max: float = 10.0) -> None:
        self.ending: Refusal | None = None
        self.flow = Outflow(ended=self._ended, stalled_seconds_max=stalled_seconds_max)
        self.messages: list[Any] = []
        self._parse = parse

    def _ended(self, refusal: Refusal) -> None:
        self.ending = refusal

    def read(self) -> bool:
        """One message, where there is one."""
        message = self.flow.take()
        if message is not None:
            self.messages.append(self._parse(message))
        return message is not None

    @property
    def position(self) -> str:
        """The last one that was told."""
        return next((message.position for message in reversed(self.messages) if message.position), "")

    def wait_for(self, position: str) -> None:
        """Read until everything up to a position was told."""

        def is_there() -> bool:
            while self.read():
                pass
            return self.position == position

        wait_until(is_there)
