"""kill -9 while reservations are made, extended, given back, confirmed and expire: each ends once, and nothing else is held.

`BELOFTE_CRASH_CYCLES` and `BELOFTE_CRASH_SEED` repeat what was found elsewhere.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from belofte.v1 import ledger_entry_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2

from engine.inventory.effects import effects_in, texts_in
from engine.inventory.holds import Hold
from engine.inventory.transaction import CALLER_MARK, Cell, TextTable
from engine.ledger.recorder import Replayed
from engine.ledger.sidecar import RETRY_SECONDS
from engine.service.hold_writes import ACTIVE, CONFIRMED, EXPIRED, RELEASED
from engine.service.settings import Settings
from tests.ledger.landscape import Landscape, check_history, check_store, writers
from tests.network.small_network import small_records
from tests.service import hold_writer
from tests.service.room import opened
from tests.sidecars import RunningSidecar, wait_until
from tests.stores import contents, empty_stock
from tests.valkey_server import ValkeyServer

CYCLES = int(os.environ.get("BELOFTE_CRASH_CYCLES", "3"))
CYCLES_LONG = 50
SEED = int(os.environ.get("BELOFTE_CRASH_SEED", "1"))
CYCLE_SECONDS = 1.0, 3.0
START_SECONDS_MAX = 1_400.0
"""The first start on a machine compiles the kernels."""

BACK_SECONDS_MAX = 90.0
"""An engine loads its kernels and all stock before it asks anything."""

VICTIMS = ("writer-0 torn", "sidecar", "writer-1 valkey", "torn", "sidecar torn", "writer-0 sidecar")


@pytest.mark.parametrize(
    ("cycles", "seed"),
    [(CYCLES, SEED), pytest.param(CYCLES_LONG, SEED + 1, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])],
)
def test_each_reservation_ends_once(tmp_path: Path, cycles: int, seed: int) -> None:
    draw = random.Random(seed)
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    with ValkeyServer() as server:
        landscape = Landscape(server, ledger_url, tmp_path, seed, hold_writer)
        try:
            for name in ("sidecar", *writers()):
                landscape.start(name)
            wait_until(lambda: landscape.done() > 50, START_SECONDS_MAX)
            for n in range(cycles):
                time.sleep(draw.uniform(*CYCLE_SECONDS))
                victims = VICTIMS[n % len(VICTIMS)].split()
                for name in victims:
                    landscape.kill(name, draw)
                time.sleep(draw.choice((0, 0, RETRY_SECONDS)))
                for name in victims:
                    landscape.start(name)
                before = landscape.done()
                wait_until(lambda before=before: landscape.done() > before + 40, BACK_SECONDS_MAX)
            for name in writers():
                landscape.kill(name, draw)
        finally:
            landscape.end()
        assert "a fault" not in landscape.log_text() and "the desk failed" not in landscape.log_text()
        check(server, landscape)


def check(server: ValkeyServer, landscape: Landscape) -> None:
    """Let what is still held expire, then hold the ledger, the store and an engine's memory against each other."""
    with (
        RunningSidecar(server.url, landscape.ledger_url),
        opened(server.url, landscape.ledger_url, landscape.folder, small_records()) as room,
    ):
        path = room.engine._path
        wait_until(lambda: path.stock is not None and not path.stale and len(path.stock.holds) == 0)
        in_memory = contents(path.stock)
    replayed = check_history(server.url, landscape)
    stock = empty_stock(("bolt", "lamp"), ("ams", "ehv", "nyc"))
    check_store(server, replayed, stock, Settings().reservations_max)
    # The caller's charge is a capacity of the store alone: no location's.
    assert in_memory == contents(stock)
    assert check_reservations(replayed).keys() >= {CONFIRMED, RELEASED, EXPIRED}, "each way to end was taken"


def check_reservations(replayed: Sequence[Replayed]) -> Counter[int]:
    """Demand is what holds and orders have, and the charge counts the holds, at each position; how many ended in which way."""
    holds: dict[str, Hold] = {}
    versions: dict[str, int] = {}
    left: dict[str, int] = {}
    late: set[str] = set()
    demand: Counter[Cell] = Counter()
    ordered: Counter[Cell] = Counter()
    charge = 0
    for each in replayed:
        message = ledger_entry_pb2.LedgerEntry.FromString(each.entry)
        changes, uses = effects_in(message)
        for change in changes:
            demand[Cell(*change[:4])] += change.demand_delta
        charge += sum(use.quantity_delta for use in uses if use.location_id.startswith(CALLER_MARK))
        for text in texts_in(message):
            if text.table == TextTable.HOLDS:
                holds.pop(text.field, None)
                if text.text:
                    holds[text.field] = Hold.parse(text.field, text.text)
        for wire in message.reservations:
            name = wire.reservation_id
            # One that had expired is told of once more as it becomes an order, by a confirm that came too late.
            is_late = left.get(name) == wire.state == EXPIRED and message.method == "ConfirmReservation" and name not in late
            assert left.get(name, ACTIVE) == ACTIVE or (is_late and wire.order_id), f"{name} had ended before {each.position}"
            late.update({name} if is_late else ())
            assert wire.version == versions.get(name, 0) + 1, f"{name} at {each.position}"
            versions[name], left[name] = wire.version, wire.state
        ordered.update(dict(units_ordered(message)))
        held: Counter[Cell] = Counter()
        for hold in holds.values():
            for units in hold.units:
                held[units.cell] += units.quantity
        assert +demand == held + ordered, f"at {each.position}"
        assert charge == len(holds), f"at {each.position}"
        assert holds.keys() == {name for name, state in left.items() if state == ACTIVE}
    assert not holds
    return Counter(left.values())


def units_ordered(message: ledger_entry_pb2.LedgerEntry) -> Iterator[tuple[Cell, int]]:
    """What the plan of an order that an entry makes takes where."""
    plan = types_pb2.Plan()
    if message.method == "SourceOrder":
        plan = sourcing_service_pb2.SourceOrderResponse.FromString(message.response).plan
    elif message.method == "ConfirmReservation":
        plan = reservation_service_pb2.ConfirmReservationResponse.FromString(message.response).order.plan
    units: Counter[Cell] = Counter()
    for shipment in plan.shipments:
        for line in shipment.lines:
            units[Cell(line.item_id, shipment.location_id, line.receipt_id, line.pool)] += line.quantity
    return iter(units.items())
