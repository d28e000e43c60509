"""A reservation that is changed between the look-up of its record and the change that was looked up for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from belofte.v1 import reservation_service_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Refusal
from engine.service.desk import Call
from engine.service.handlers import METHODS
from tests.network.small_network import small_records
from tests.service.hold_writer import call_of
from tests.service.room import Room, running
from tests.sidecars import wait_until


def late(room: Room, words: list[str]) -> tuple[Any, list[Any]]:
    """A call whose record has been looked up and that has not been decided, and where its answer will be."""
    method, message = call_of(uuid7(), words)
    answers: list[Any] = []
    call = Call(method, message, 2**62, answers.append)
    look_up = METHODS[method].look_up
    assert look_up is not None
    return replace(call, found=look_up(room.engine._handlers, call)), answers


@pytest.mark.parametrize(("words", "units"), [(["confirm", "r"], 2), (["extend", "r", "60000"], 2), (["free", "r", "1"], 1)])
def test_what_was_looked_up_before_a_part_was_released_is_not_built_on(tmp_path: Path, words: list[str], units: int) -> None:
    """An order of it would promise a unit that is not held any more: it is looked up again, and then has what is held."""
    with running(tmp_path, small_records()) as room:
        for each in (["put", "bolt", "ams", "3"], ["hold", "r", "bolt", "3", "600000", "LOCATION"]):
            assert not isinstance(room.ask(*call_of(uuid7(), each)), Refusal)
        call, answers = late(room, words)
        assert not isinstance(room.ask(*call_of(uuid7(), ["free", "r", "1"])), Refusal)
        room.engine._desk._queue([call])
        wait_until(lambda: answers)
        (answer,) = answers
        confirmed = answer if words[0] == "confirm" else room.ask(*call_of(uuid7(), ["confirm", "r"]))
        assert isinstance(answer, bytes) and isinstance(confirmed, bytes), answers
        order = reservation_service_pb2.ConfirmReservationResponse.FromString(confirmed).order
        assert sum(line.quantity for shipment in order.plan.shipments for line in shipment.lines) == units
