"""How many orders does one engine decide, commit and record durably in a second, and what of it is the commit script?

One engine in this process, without a front: requests of three lines each come as bytes, as many at once as a busy front would
have in hand, and each is answered when the ledger has recorded it. Valkey and the ledger sidecar are processes of their own,
as in a server; each commit of SQLite waits for the disk. The limit is the commit script alone: transactions of orders such as
these, encoded before, in batches of 256, one call after the other. Both take turns within one run.
"""

import time
from argparse import ArgumentParser
from dataclasses import replace
from statistics import median

import numpy as np
from belofte.v1 import sourcing_service_pb2, types_pb2

from benchmarks.report import Report
from benchmarks.running_engine import FIRST_IN_HAND, PARTITION, running_engine
from engine.domain.ids import uuid7
from engine.inventory.batch import TRANSACTIONS_MAX, encode_batch
from engine.inventory.client import connect
from engine.inventory.gate import NO_LINK, ORIGIN, StoreGate
from engine.inventory.keys import Keys, Layout
from engine.inventory.scripts import script_text
from engine.inventory.transaction import CapacityChange, Cell, CellChange, Transaction
from engine.network.records import NetworkRecords
from loaders.large_network import large_network

SEED = 20261129
LOCATIONS, ITEMS, POSITIONS = 200, 5_000, 200_000
LINES = 3
ORDERS, ROUNDS = 20_000, 7
IN_HAND = 2_048
SCRIPT_BATCHES = 100
UNITS = 1_000_000
"""Of each position: no order is refused."""

SOURCE = "/belofte.v1.SourcingService/SourceOrder"
TARGET = 0.4


def network() -> NetworkRecords:
    """A network in which everything is there in plenty."""
    records = large_network(LOCATIONS, ITEMS, POSITIONS, SEED)
    plenty = np.full(len(records.inventory.quantity), UNITS, np.int64)
    return replace(records, inventory=replace(records.inventory, quantity=plenty))


def requests(records: NetworkRecords, count: int, rng: np.random.Generator) -> list[bytes]:
    """Orders of three items each, one or two units, to where the network has postal areas."""
    made = []
    areas = len(records.postal_areas)
    for _ in range(count):
        items = rng.choice(len(records.items), LINES, replace=False)
        area = records.postal_areas[int(rng.integers(areas))]
        basket = types_pb2.Basket(
            lines=[
                types_pb2.BasketLine(line_id=str(n), item_id=records.items[item].item_id, quantity=int(rng.integers(1, 3)))
                for n, item in enumerate(items, 1)
            ],
            destination=types_pb2.Destination(country_code=area.country_code, postal_code=area.postal_from),
        )  # fmt: skip
        request_id = uuid7()
        order = types_pb2.Order(order_id=f"O-{request_id}", basket=basket)
        made.append(sourcing_service_pb2.SourceOrderRequest(request_id=request_id, order=order).SerializeToString())
    return made


class BareScript:
    """The commit script with transactions such as an order's, encoded before, each round in a partition of its own."""

    def __init__(self, url: str, entry: bytes, records: NetworkRecords, rng: np.random.Generator) -> None:
        self._url = url
        self._client = connect(url, Keys("bare-1"))
        self._script = self._client.register_script(script_text("commit"))
        self._entry, self._records, self._rng = entry, records, rng
        self._rounds = 0

    def _transaction(self) -> Transaction:
        rng, records = self._rng, self._records
        location = records.locations[int(rng.integers(LOCATIONS))].location_id
        cells = [
            CellChange(Cell(records.items[int(item)].item_id, location, "", ""), 0, 1, -UNITS, None, None)
            for item in rng.choice(len(records.items), LINES, replace=False)
        ]
        request_id = uuid7()
        use = CapacityChange(location, 20_000, 1, 2**40)
        return Transaction(request_id, bytes(32), f"O-{request_id}", tuple(cells), (use,), self._entry)

    def rate(self) -> float:
        """Transactions a second."""
        self._rounds += 1
        partition, layout = f"bare-{self._rounds}", Layout(1, 1)
        keys = Keys(partition)
        data = keys.data(layout)
        fixed = [keys.gate, keys.layout, keys.head, keys.recorded, keys.log, data.dates, data.orders]
        calls = []
        for _ in range(SCRIPT_BATCHES):
            batch = encode_batch([self._transaction() for _ in range(TRANSACTIONS_MAX)], data)
            calls.append(([*fixed, *batch.keys], ["1", str(layout), "100000000", "100000000", *batch.arguments]))
        gate = StoreGate(self._url, partition)
        gate.close(1)
        gate.open(1, ORIGIN, NO_LINK, layout)
        seconds = 0.0
        for names, arguments in calls:
            started = time.perf_counter()
            reply = self._script(names, arguments)
            seconds += time.perf_counter() - started
            assert len(reply) == TRANSACTIONS_MAX + 1 and isinstance(reply[1], bytes), reply
            gate.tell(1, ORIGIN, NO_LINK, [])
        gate.disconnect()
        with connect(self._url, keys) as client:
            client.delete(*client.keys(f"{keys.tag}*"))
        return SCRIPT_BATCHES * TRANSACTIONS_MAX / seconds


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the orders")
    orders = ORDERS // 10 if parser.parse_args().small else ORDERS
    report = Report("commit", "Orders decided, committed and recorded")
    rng = np.random.default_rng(SEED)
    records = network()
    with running_engine(records, SEED, record_lag_entries_max=100_000, record_wait_ms_max=60_000) as running:
        # The first calls of a process are slow; many in hand would be refused for what these say of the others.
        running.seconds(SOURCE, requests(records, orders // 4, rng), FIRST_IN_HAND // 2)
        entry = _an_entry(running.valkey_url)
        bare = BareScript(running.valkey_url, entry, records, rng)
        rates: list[tuple[float, float]] = []
        for _ in report.track(range(ROUNDS), "rounds"):
            messages = requests(records, orders, rng)
            rates.append((orders / running.seconds(SOURCE, messages, IN_HAND), bare.rate()))
    whole, script = (median(each) for each in zip(*rates, strict=True))
    share = median(one / other for one, other in rates)
    report.table(
        f"{LOCATIONS} locations, orders of {LINES} lines, {IN_HAND:,} in hand, {len(entry):,} bytes an entry",
        ["", "orders a second, median", *(f"round {n}" for n in range(1, ROUNDS + 1))],
        [
            ["decided, committed, recorded", whole, *(r for r, _ in rates)],
            ["commit script alone", script, *(r for _, r in rates)],
        ],
    )
    report.say(f"Share of the script alone, median of the rounds: {share:.3f}. Target: at least {TARGET:g}.")
    report.finish({"durable_orders_per_second": whole, "share_of_script_limit": share, "script_per_second": script})


def _an_entry(url: str) -> bytes:
    """An order's entry as it stands in the log."""
    with connect(url, Keys(PARTITION)) as client:
        rows = client.xrevrange(Keys(PARTITION).log, count=1)
    return bytes(rows[0][1][b"entry"])


if __name__ == "__main__":
    main()
