"""One attempt: given up when its time is over, however a receiver spends it."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.outbox.cloud_events import CloudEvent
from engine.outbox.sender import NO_ANSWER, Answer, Sender
from engine.outbox.subscribers import Subscriber

EVENT = CloudEvent("e-1", "o-1", b"{}")
SECRET = bytes(32)
WAITED_SECONDS_MAX = 30.0


@contextmanager
def dripping(text: bytes) -> Iterator[int]:
    """A receiver's port; each answer begins with `text`, and goes on byte by byte for as long as it is listened to."""
    listening, is_over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def answer() -> None:
        while not is_over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(text)
                    while not is_over.wait(0.1):
                        connection.sendall(b"x")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        is_over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


@pytest.mark.parametrize("text", [b"", b"HTTP/1.1 200 OK\r\nServer: "])
def test_an_answer_that_does_not_end_is_none(text: bytes) -> None:
    with dripping(text) as port:
        sender = Sender(Subscriber("slow", f"http://127.0.0.1:{port}/", (SECRET,), timeout_seconds_max=1))
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(sender.send(EVENT)))
        thread.start()
        until = time.monotonic() + WAITED_SECONDS_MAX
        while thread.is_alive() and time.monotonic() < until:
            sender.break_off()
            thread.join(0.05)
        assert [each.status for each in answers] == [NO_ANSWER]
        sender.close()


def test_what_has_time_left_is_not_broken_off() -> None:
    with dripping(b"HTTP/1.1 204 No Content\r\n\r\n") as port:
        sender = Sender(Subscriber("quick", f"http://127.0.0.1:{port}/", (SECRET,), timeout_seconds_max=60))
        sender.break_off()
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(sender.send(EVENT)))
        thread.start()
        while thread.is_alive():
            sender.break_off()
            thread.join(0.01)
        assert [each.status for each in answers] == [204] and answers[0].is_taken
        sender.close()
