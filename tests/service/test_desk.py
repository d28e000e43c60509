"""Lanes, deadlines and bounds of the desk, under a room whose work takes as long as it is told."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.domain.clock import SystemClock
from engine.domain.reasons import Reason, Refusal
from engine.service.caller import nobody
from engine.service.desk import BYTES_WAITING_MAX, Call, Desk, Lane
from tests.sidecars import wait_until

SECONDS_MAX = 30.0


class Working:
    """The room: `b"sleep 0.01"` takes so long, and what is heavy is told by its lines."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.is_free = True

    def lane(self, call: Call) -> Lane:
        return Lane.READ if call.message.startswith(b"read") else Lane.DECIDE

    def lines(self, calls: Sequence[Call]) -> list[int]:
        return [int(call.method) for call in calls]

    def takes_heavy(self) -> bool:
        return self.is_free

    def decide(self, calls: list[Call]) -> None:
        self.gate.wait(SECONDS_MAX)
        self.batches.append([call.message for call in calls])
        for call in calls:
            if call.message.startswith(b"sleep"):
                time.sleep(float(call.message.split()[1]))
            call.answer(call.message)

    def read(self, call: Call) -> bytes | Refusal | Call:
        return call.message

    def idle(self) -> bool:
        return False


class Asking:
    """A desk, and what it has answered."""

    def __init__(self) -> None:
        self.room = Working()
        self.readers = ThreadPoolExecutor(1)
        self.clock = SystemClock()
        self.desk = Desk(self.room, self.clock, self.readers, 10_000)
        self.desk.start()
        self.answers: list[tuple[bytes, bytes | Refusal]] = []

    def call(self, message: bytes, lines: int = 3, seconds: float = SECONDS_MAX, caller: str = "") -> Call:
        deadline = self.clock.unix_ms() + round(seconds * 1000)
        return Call(str(lines), message, deadline, lambda value: self.answers.append((message, value)), caller=nobody(caller))

    def refused(self, reason: Reason) -> list[bytes]:
        return [message for message, value in self.answers if isinstance(value, Refusal) and value.reason is reason]

    def close(self) -> None:
        self.room.gate.set()
        self.desk.stop(SECONDS_MAX)
        self.readers.shutdown()


@pytest.fixture
def asking() -> Iterator[Asking]:
    made = Asking()
    yield made
    made.close()


def test_what_comes_while_the_room_is_busy_is_decided_together(asking: Asking) -> None:
    asking.room.gate.clear()
    asking.desk.submit_all([asking.call(b"%d" % n) for n in range(600)])
    asking.room.gate.set()
    wait_until(lambda: len(asking.answers) == 600)
    assert [message for message, _ in asking.answers] == [b"%d" % n for n in range(600)]
    assert max(map(len, asking.room.batches)) == 256


def test_deadline_is_looked_at_before_work(asking: Asking) -> None:
    asking.room.gate.clear()
    asking.desk.submit(asking.call(b"first"))
    wait_until(lambda: not asking.desk._light.lines)
    asking.desk.submit_all([asking.call(b"late", seconds=0.05), asking.call(b"in time")])
    time.sleep(0.1)
    asking.room.gate.set()
    wait_until(lambda: len(asking.answers) == 3)
    assert asking.refused(Reason.DEADLINE_EXCEEDED) == [b"late"]
    assert [b"late"] not in asking.room.batches


def test_late_reads_are_not_worked_on(asking: Asking) -> None:
    blocked = threading.Event()
    asking.readers.submit(blocked.wait, SECONDS_MAX)
    asking.desk.submit(asking.call(b"read late", seconds=0.05))
    time.sleep(0.1)
    blocked.set()
    wait_until(lambda: len(asking.answers) == 1)
    assert asking.refused(Reason.DEADLINE_EXCEEDED) == [b"read late"]


def test_heavy_calls_let_light_ones_pass(asking: Asking) -> None:
    """Heavy ones that came first have a share of the time: light ones are answered long before the last of them."""
    asking.room.gate.clear()
    asking.desk.submit_all([asking.call(b"sleep 0.02 %d" % n, lines=500) for n in range(4)])
    asking.desk.submit_all([asking.call(b"sleep 0.001 %d" % n) for n in range(200)])
    asking.room.gate.set()
    wait_until(lambda: len(asking.answers) == 204)
    order = [message.startswith(b"sleep 0.02") for message, _ in asking.answers]
    assert order.index(False) <= 1, "one that is begun is finished"
    assert order[-1], "the last heavy one comes after light ones"


def test_heavy_calls_wait_until_the_room_takes_them(asking: Asking) -> None:
    asking.room.is_free = False
    asking.desk.submit(asking.call(b"heavy", lines=50))
    asking.desk.submit(asking.call(b"light"))
    wait_until(lambda: len(asking.answers) == 1)
    assert asking.answers[0][0] == b"light"
    asking.room.is_free = True
    asking.desk.wake()
    wait_until(lambda: len(asking.answers) == 2)


def test_too_much_work_is_refused_at_once_with_the_time_it_takes(asking: Asking) -> None:
    """More than 0.2 ms a line: 5,000 lines wait for more than a second, of which a half at the most is let in."""
    asking.desk.submit_all([asking.call(b"sleep 0.001", lines=5) for _ in range(300)])
    wait_until(lambda: len(asking.answers) == 300)
    asking.answers.clear()
    asking.room.gate.clear()
    asking.desk.submit_all([asking.call(b"sleep 0.001", lines=5) for _ in range(1_000)])
    refused = asking.refused(Reason.OVERLOADED)
    assert 400 < len(refused) <= 998
    assert {value.retry_after_ms for _, value in asking.answers if isinstance(value, Refusal)} == {550}
    asking.room.gate.set()
    wait_until(lambda: len(asking.answers) == 1_000)


def test_a_caller_that_floods_keeps_no_other_waiting(asking: Asking) -> None:
    asking.room.gate.clear()
    asking.desk.submit_all([asking.call(b"flood", caller="a") for _ in range(600)])
    asking.desk.submit(asking.call(b"other", caller="b"))
    asking.room.gate.set()
    wait_until(lambda: len(asking.answers) == 601)
    assert b"other" in asking.room.batches[0] + asking.room.batches[1]


def test_bytes_that_wait_are_bounded(asking: Asking) -> None:
    asking.room.gate.clear()
    size = 1 << 20
    asking.desk.submit_all([asking.call(bytes(size)) for _ in range(100)])
    assert len(asking.refused(Reason.OVERLOADED)) >= 100 - BYTES_WAITING_MAX // size - 2
    asking.room.gate.set()
    wait_until(lambda: len(asking.answers) == 100)
    assert asking.desk._bytes_waiting == 0


def test_a_desk_that_stops_finishes_what_waits_and_takes_no_more(asking: Asking) -> None:
    asking.room.gate.clear()
    asking.desk.submit_all([asking.call(b"x") for _ in range(10)] + [asking.call(b"y", lines=50) for _ in range(3)])
    stopping = threading.Thread(target=asking.desk.stop, args=(SECONDS_MAX,))
    stopping.start()
    wait_until(lambda: asking.desk._stopping)
    asking.desk.submit(asking.call(b"too late"))
    assert asking.refused(Reason.OVERLOADED) == [b"too late"]
    asking.room.gate.set()
    stopping.join(SECONDS_MAX)
    assert len(asking.answers) == 14
