"""A load that is cut off is known as such: the next start makes every position what the folder says by then, and only once."""

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from belofte.v1 import ledger_entry_pb2

from engine.inventory.effects import effects_in
from tests.acceptance.asking import put, source, stock_of
from tests.acceptance.server import ITEM_COUNT, NETWORK, ROOT, START_SECONDS_MAX, Server, gone, wait_for

LOCATIONS = ("A", "B", "X", "Y", "Z", "eu-1", "eu-2")
POSITION_COUNT = ITEM_COUNT * len(LOCATIONS)
"""21,000: eleven steps of a load, and the one that completes it."""

CUT_SECONDS_MAX = 60.0


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    """Not started yet; whatever becomes of it, it is ended."""
    made = Server(folder)
    yield made
    made.end()


def write_inventory(network: Path, quantity: int) -> None:
    """So much of every item at every location."""
    rows = [f"i{n},{location_id},{quantity}\n" for n in range(ITEM_COUNT) for location_id in LOCATIONS]
    (network / "inventory.csv").write_text("item_id,location_id,quantity\n" + "".join(rows))


def load_entries(data: Path) -> list[ledger_entry_pb2.LedgerEntry]:
    """What the ledger of a data folder has of loads, oldest first; nothing where there is no ledger yet."""
    file = data / "ledger.sqlite3"
    if not file.exists():
        return []
    with closing(sqlite3.connect(file, timeout=5)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries_order'").fetchone():
            return []
        rows = database.execute("SELECT entry FROM entries ORDER BY epoch, sequence").fetchall()
    found = [ledger_entry_pb2.LedgerEntry.FromString(entry) for (entry,) in rows]
    return [entry for entry in found if entry.method == "LoadInventory"]


def positions_by_quantity(data: Path) -> Counter[int]:
    """How many positions hold how much after the loads of a data folder."""
    held: Counter[tuple[str, str]] = Counter()
    for entry in load_entries(data):
        for change in effects_in(entry)[0]:
            held[change.item_id, change.location_id] += change.supply_delta
    return Counter(held.values())


def cut_off(server: Server, child: str = "") -> None:
    """Start it, and kill it, or a child of it, once two steps of its load are recorded. It serves nothing meanwhile."""
    process = server.launch()
    wait_for(lambda: len(load_entries(server.folder / "data")) >= 2, START_SECONDS_MAX)
    engine = server.child("engine")
    assert engine is not None
    listening = [at for at in engine.net_connections("inet") if at.status == psutil.CONN_LISTEN]
    if child:
        server.kill_child(child)
        # What dies before it was ever ready is not started again: all of it ends.
        assert process.wait(CUT_SECONDS_MAX) == 1
        server.end()
    else:
        descendants = server.descendants()
        server.kill()
        wait_for(lambda: gone(descendants), CUT_SECONDS_MAX)
    assert listening == []
    assert "Belofte serves" not in (server.folder / "out").read_text()
    recorded = load_entries(server.folder / "data")
    assert len(recorded) >= 2 and recorded[-1].order_id != "@inventory/loaded", "the load was over before the kill"


@pytest.mark.parametrize("child", ["", "engine"])
def test_load_cut_off_is_completed_from_the_folder_as_it_is_then(server: Server, child: str) -> None:
    """Quantity 1 everywhere, killed meanwhile, then 5 everywhere. Started once more, stock that moved is left alone."""
    network, data = server.folder / "network", server.folder / "data"
    write_inventory(network, 1)
    cut_off(server, child)
    assert 0 < positions_by_quantity(data)[1] < POSITION_COUNT
    write_inventory(network, 5)
    server.start()
    assert positions_by_quantity(data) == {5: POSITION_COUNT}
    assert len(server.logs("inventory is loaded in part: the load is completed from the network folder as it is now")) == 1
    (loaded,) = server.logs("inventory loaded from the network folder")
    assert loaded["positions"] == POSITION_COUNT
    # The first item was loaded before the kill, the last one after it.
    assert [stock_of(server, item).available for item in ("i0", f"i{ITEM_COUNT - 1}")] == [35, 35]
    put(server, "i0", {"A": 9})
    source(server, ("i0", 1))
    assert server.terminate() == 0
    write_inventory(network, 7)
    server.start()
    # 6 locations with 5 and one with 9, less the order's one.
    assert stock_of(server, "i0") == (39, 1, 38)
    assert positions_by_quantity(data) == {5: POSITION_COUNT}
    assert server.terminate() == 0


def load(network: Path, data: Path) -> tuple[int, str]:
    """Exit code of `server.py load`, and what it printed, on one line."""
    command = [sys.executable, str(ROOT / "server.py"), "load", str(network), "--data-dir", str(data)]
    done = subprocess.run(command, cwd=network, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_load_says_what_it_loaded_and_that_it_loads_no_second_time(folder: Path) -> None:
    """The second folder is not loaded, and its quantities are not there: exit code 1."""
    first, second, data = folder / "first", folder / "second", folder / "data"
    for network, quantity in ((first, 4), (second, 8)):
        network.mkdir()
        for name, text in NETWORK.items():
            (network / name).write_text(text, "utf-8")
        write_inventory(network, quantity)
    code, said = load(first, data)
    assert (code, f"21,000 positions of {first} are loaded into {data}" in said) == (0, True), said
    for network in (second, first):
        code, said = load(network, data)
        assert code == 1, said
        assert f"the data folder {data} already holds stock that was loaded earlier: nothing was changed" in said
        assert "are loaded into" not in said
    assert positions_by_quantity(data) == {4: POSITION_COUNT}
