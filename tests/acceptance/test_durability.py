"""Nothing that was answered is lost: engine, ledger, store and supervisor are killed between calls and during them."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc
import psutil
import pytest
from belofte.v1 import sourcing_service_pb2

from tests.acceptance.asking import (
    Answer,
    Refused,
    basket,
    lines,
    order_of,
    order_request,
    preview,
    put,
    refused,
    send,
    shipped,
    source,
    stock_of,
    stocked,
    without_timings,
)
from tests.acceptance.server import Server, gone, wait_for

BACK_SECONDS_MAX = 60.0
"""An engine that is restarted loads its kernels and all stock before it answers."""

TRY_SECONDS_MAX = 10.0
TRY_AGAIN = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")
"""Codes with which a write is to be repeated, with the same request_id."""

CHILDREN = ("engine", "ledger", "valkey")


@pytest.fixture(scope="module")
def victim() -> Iterator[Server]:
    """A server whose processes are killed one after the other, and come back."""
    made = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
    with Server(made, record_wait_ms_max="2000") as running:
        yield running
        assert running.logs("a fault of the engine") == []
        assert running.logs("the desk failed") == []
    shutil.rmtree(made)


def insist(server: Server, requests: Sequence[sourcing_service_pb2.SourceOrderRequest]) -> list[Answer | Refused]:
    """Repeat calls with the same request_id until each has an answer, as a caller should."""
    until = time.monotonic() + BACK_SECONDS_MAX
    answers: list[Answer | Refused | None] = [None] * len(requests)
    while None in answers:
        left = [n for n, answer in enumerate(answers) if answer is None]
        futures = [server.sourcing.SourceOrder.future(requests[n], timeout=TRY_SECONDS_MAX) for n in left]
        for n, future in zip(left, futures, strict=True):
            error = future.exception()
            if error is None:
                answers[n] = future.result()
            elif refused(error).code not in TRY_AGAIN:
                answers[n] = refused(error)
            else:
                assert time.monotonic() < until, refused(error)
        time.sleep(0.05)
    return [answer for answer in answers if answer is not None]


def wait_back(server: Server, name: str, before: psutil.Process) -> None:
    """Wait until another process stands in the place of the one that was killed."""

    def is_back() -> bool:
        now = server.child(name)
        return now is not None and now.pid != before.pid

    wait_for(is_back, BACK_SECONDS_MAX)


def requests_for(item: str, count: int) -> list[sourcing_service_pb2.SourceOrderRequest]:
    return [order_request(basket(lines((item, 1)))) for _ in range(count)]


@pytest.mark.parametrize("name", CHILDREN)
def test_kill_between_calls_loses_no_order(victim: Server, name: str) -> None:
    """Each acknowledged order is found afterwards, repeats get the same answer, and stock is what it was."""
    item = stocked(victim, A=10, B=3)
    requests = [*requests_for(item, 3), order_request(basket(lines((item, 9))))]
    answers = [send(victim, request) for request in requests]
    wait_back(victim, name, victim.kill_child(name))
    again = insist(victim, requests)
    for first, repeated in zip(answers, again, strict=True):
        assert isinstance(repeated, Answer) and repeated.duplicate
        assert without_timings(repeated) == without_timings(first)
        assert order_of(victim, first.order_id).plan == first.plan
    # 13 − 3 × 1 − 9 = 1 is left: one more order fits, and not two.
    assert stock_of(victim, item) == (13, 12, 1)
    (last,), (too_much,) = insist(victim, requests_for(item, 1)), insist(victim, requests_for(item, 1))
    # A duplicate of itself where its first answer was that nobody knew: the one killed was still on its way back.
    assert isinstance(last, Answer)
    assert isinstance(too_much, Refused) and too_much.reason == "NO_STOCK"


@pytest.mark.parametrize("name", CHILDREN)
def test_kill_during_calls_loses_no_order(victim: Server, name: str) -> None:
    """Killed while 120 orders are in flight: repeated by request_id, each is taken exactly once, and 100 of them are.

    What was answered before the kill is among them, with the same plan.
    """
    item = stocked(victim, A=60, B=40)
    requests = requests_for(item, 120)
    seen: dict[str, Answer] = {}
    first_answer = threading.Event()

    def note(future: grpc.Future) -> None:
        if future.exception() is None:
            answer = future.result()
            seen[answer.order_id] = answer
            first_answer.set()

    futures = []
    for n, request in enumerate(requests):
        if n == 20:
            assert first_answer.wait(BACK_SECONDS_MAX)
        future = victim.sourcing.SourceOrder.future(request, timeout=TRY_SECONDS_MAX)
        future.add_done_callback(note)
        futures.append(future)
    before = victim.kill_child(name)
    for future in futures:
        future.exception(timeout=2 * TRY_SECONDS_MAX)
    wait_back(victim, name, before)
    answers = insist(victim, requests)
    taken = [answer for answer in answers if isinstance(answer, Answer)]
    assert {(answer.code, answer.reason) for answer in answers if isinstance(answer, Refused)} == {
        ("FAILED_PRECONDITION", "NO_STOCK")
    }
    assert len(taken) == 100
    assert seen
    assert {order_id: without_timings(answer) for order_id, answer in seen.items()} == {
        answer.order_id: without_timings(answer) for answer in taken if answer.order_id in seen
    }
    assert all(order_of(victim, answer.order_id).plan == answer.plan for answer in taken)
    assert stock_of(victim, item) == (100, 100, 0)


def test_second_server_on_the_data_folder_is_refused(victim: Server, folder: Path) -> None:
    """It ends with code 1 and says who has the folder; the first is not disturbed."""
    second = Server(folder)
    (folder / "data").symlink_to(victim.folder / "data")
    try:
        assert second.launch().wait(BACK_SECONDS_MAX) == 1
    finally:
        second.end()
    said = " ".join(second.log_text().split())
    assert said.startswith(f"the data folder {victim.folder / 'data'} is in use by process {victim.pid}: stop that process")
    assert second.logs("child started") == []
    assert "Belofte serves" not in (folder / "out").read_text()
    item = stocked(victim, A=1)
    assert source(victim, (item, 1)).order_id


def test_supervisor_killed_leaves_no_orphan_and_the_next_server_has_everything(victim: Server) -> None:
    """kill -9 of the parent ends all its children; the next server on the folder goes on where it was."""
    item = stocked(victim, A=5, B=2)
    put(victim, "flagged", {"B": 9})
    requests = requests_for(item, 4)
    answers = [send(victim, request) for request in requests]
    expected = shipped(preview(victim, (item, 3)).plan)
    descendants = victim.descendants()
    # Three children, each with its guard.
    assert len(descendants) == 6
    victim.kill()
    wait_for(lambda: gone(descendants), BACK_SECONDS_MAX)
    victim.start()
    assert stock_of(victim, item) == (7, 4, 3)
    # Stock is that of the ledger: the folder's inventory (7 at B) is not loaded a second time.
    assert stock_of(victim, "flagged").on_hand == 100 + 9
    for request, first in zip(requests, answers, strict=True):
        repeated = send(victim, request)
        assert repeated.duplicate and without_timings(repeated) == without_timings(first)
        assert order_of(victim, first.order_id).plan == first.plan
    assert shipped(preview(victim, (item, 3)).plan) == expected


def test_stop_answers_calls_in_hand(victim: Server) -> None:
    """SIGTERM: calls in hand are answered, later ones told to go elsewhere, exit code 0; what was answered is kept."""
    item = stocked(victim, A=200)
    requests = requests_for(item, 150)
    futures = [victim.sourcing.SourceOrder.future(request, timeout=BACK_SECONDS_MAX) for request in requests]
    futures[0].result()
    answered: dict[str, Answer] = {}

    def read_answers() -> None:
        for request, future in zip(requests, futures, strict=True):
            error = future.exception()
            if error is None:
                answered[request.order.order_id] = future.result()
            else:
                assert refused(error).code == "UNAVAILABLE", refused(error)

    assert victim.terminate(read_answers) == 0
    assert requests[0].order.order_id in answered
    victim.start()
    for order_id, answer in answered.items():
        assert order_of(victim, order_id).plan == answer.plan
    repeated = insist(victim, requests)
    assert all(isinstance(answer, Answer) for answer in repeated)
    assert stock_of(victim, item) == (200, 150, 50)
    assert victim.terminate() == 0
