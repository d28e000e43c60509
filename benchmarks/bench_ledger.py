"""How many entries does the ledger record durably in a second, and what of it is the bare insertion of the same rows?

Entries of orders of three lines, as the store's log has them, are recorded as they come: many that wait together, in batches;
each commit waits for the disk. The limit is the insertion of the rows that are recorded of them, into the same tables, in
batches of the same size with the same sync: by executemany in SQLite, by COPY in PostgreSQL. Both take turns within one run,
each in a fresh database. Then entries come at half of the rate that was found, and are recorded as a sidecar does it,
everything that waits at once: the delay is from an entry's arrival to its commit.
"""

import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2, types_pb2
from sqlalchemy import Connection, Table, select

from benchmarks.report import Report
from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.inventory.client import ordinal
from engine.inventory.gate import LogEntry, link_of
from engine.ledger.database import open_database, write_to
from engine.ledger.insert import copy_rows
from engine.ledger.migrations import prepare_tables
from engine.ledger.recorder import Last, Recorder
from engine.ledger.tables import entries, order_shipments, orders, pegs
from tests.postgres_server import PostgresServer

ENTRIES, ROUNDS = 20_000, 3
BATCH = 512
"""Entries recorded at once: about what waits when orders come as fast as one engine makes them."""

LINES, ITEMS, LOCATIONS = 3, 5_000, 200
PACED_SECONDS = 3.0
TARGET = 0.5
TABLES = entries, pegs, orders, order_shipments
"""What is written of an order, in the order of the log."""


def order_entry(number: int, rng: np.random.Generator) -> tuple[str, bytes]:
    """An order of three lines from two locations, as its record has it."""
    order_id, request_id = f"order-{number}", uuid7()
    items = [f"item-{n}" for n in rng.choice(ITEMS, LINES, replace=False)]
    places = [f"location-{n}" for n in rng.choice(LOCATIONS, 2, replace=False)]
    lines = [
        types_pb2.BasketLine(line_id=str(n), item_id=item, quantity=1, unit_price_micros=19_950_000)
        for n, item in enumerate(items, 1)
    ]
    destination = types_pb2.Destination(country_code="NL", postal_code="1012 AB")
    order = types_pb2.Order(order_id=order_id, basket=types_pb2.Basket(lines=lines, destination=destination, channel="web"))
    response = sourcing_service_pb2.SourceOrderResponse(order_id=order_id, attempts=1, currency="EUR", network_version="a" * 64)
    response.state = types_pb2.ORDER_STATE_SOURCED
    entry = ledger_entry_pb2.LedgerEntry(
        request_id=request_id, method="SourceOrder", request_digest=rng.bytes(32), order_id=order_id, network_version="a" * 64,
        policy_id="default", decided_unix_ms=1_790_000_000_000,
        request=sourcing_service_pb2.SourceOrderRequest(request_id=request_id, order=order).SerializeToString(),
    )  # fmt: skip
    for n, item in enumerate(items):
        place = places[n % 2]
        entry.positions.add(item_id=item, location_id=place, demand_delta=1)
        if n < len(places):
            shipment = response.plan.shipments.add(
                shipment_id=f"{order_id}-{n + 1}", version=1, location_id=place, carrier_service_id="POST",
                route=types_pb2.ROUTE_SHIP,
                state=types_pb2.SHIPMENT_STATE_PLANNED, weight_grams=700, distance_meters=90_000,
            )  # fmt: skip
            for name in ("pick_by", "handover_by", "ship_by", "delivery_earliest", "delivery_latest"):
                getattr(shipment, name).FromSeconds(1_790_000_000)
            for term in ("pick", "pack", "carrier", "unit"):
                shipment.cost.terms.add(term=term, raw_micros=1_200_000, weight=1, weighted_micros=1_200_000)
            entry.capacities.add(location_id=place, day=20_700, quantity_delta=1)
        shipment = response.plan.shipments[n % 2]
        shipment.lines.add(line_id=str(n + 1), item_id=item, quantity=1)
    entry.response = response.SerializeToString()
    entry.events.add(
        event_id=f"{request_id}-1", order_id=order_id, type=types_pb2.EVENT_TYPE_ORDER_SOURCED, message="sourced",
        attributes={"shipments": "2", "cost_micros": "9600000", "currency": "EUR"},
    )  # fmt: skip
    return order_id, entry.SerializeToString()


def log_of(made: Sequence[tuple[str, bytes]], last: Last, epoch: int) -> list[LogEntry]:
    """Entries as the store's log has them, after the last one."""
    log, position, link = [], last.position, last.link
    sequence = ordinal(position)[1] if ordinal(position)[0] == epoch else 0
    for order_id, content in made:
        sequence += 1
        request_id = ledger_entry_pb2.LedgerEntry.FromString(content).request_id
        at = f"{epoch}-{sequence}"
        link = link_of(link, at, request_id, content)
        log.append(LogEntry(at, position, request_id, order_id, link, content))
        position = at
    return log


def record_rate(url: str, made: Sequence[tuple[str, bytes]]) -> float:
    """Entries a second, all waiting."""
    recorder = Recorder.take_over(url, SystemClock())
    log = log_of(made, recorder.last, recorder.epoch)
    started = time.perf_counter()
    for first in range(0, len(log), BATCH):
        recorder.record(log[first : first + BATCH])
    seconds = time.perf_counter() - started
    recorder.close()
    return len(log) / seconds


def bare_rate(recorded_url: str, url: str) -> float:
    """Entries a second where the rows that were recorded of them, in the same tables, are inserted and nothing else is done."""
    recorded, database = open_database(recorded_url), open_database(url)
    with recorded.connect() as connection:
        rows = {
            table: [tuple(row) for row in connection.execute(select(table).order_by(table.c.epoch, table.c.sequence))]
            for table in TABLES
        }
    with write_to(database) as connection:
        prepare_tables(connection)
    count = -(-len(rows[entries]) // BATCH)
    started = time.perf_counter()
    for batch in range(count):
        with write_to(database) as connection:
            for table, all_of_it in rows.items():
                part = all_of_it[batch * len(all_of_it) // count : (batch + 1) * len(all_of_it) // count]
                insert_bare(connection, table, part)
    seconds = time.perf_counter() - started
    recorded.dispose()
    database.dispose()
    return len(rows[entries]) / seconds


def insert_bare(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """By the fastest way of the driver."""
    if table is not entries or connection.dialect.name != "postgresql":
        copy_rows(connection, table, rows)
        return
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {table.name} FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int8", "varchar", "varchar", "varchar", "varchar", "bytea", "int8", "bytea"])
        for row in rows:
            copy.write_row(row)


def paced_delays_ms(url: str, made: Sequence[tuple[str, bytes]], rate: float) -> np.ndarray:
    """From arrival to commit, entry by entry, at a rate."""
    recorder = Recorder.take_over(url, SystemClock())
    log = log_of(made[: max(1, int(rate * PACED_SECONDS))], recorder.last, recorder.epoch)
    due = np.arange(len(log)) / rate
    delays, done, started = np.zeros(len(log)), 0, time.perf_counter()
    while done < len(log):
        there = int(np.searchsorted(due, time.perf_counter() - started, "right"))
        if there == done:
            time.sleep(max(0.0, due[done] - (time.perf_counter() - started)))
            continue
        recorder.record(log[done:there])
        delays[done:there] = time.perf_counter() - started - due[done:there]
        done = there
    recorder.close()
    return delays * 1_000


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the entries")
    count = ENTRIES // 10 if parser.parse_args().small else ENTRIES
    report = Report("ledger", "Entries recorded durably")
    rng = np.random.default_rng(20261129)
    figures: dict[str, float | None] = {}
    shares, table = [], []
    with tempfile.TemporaryDirectory(prefix="bl") as folder, PostgresServer() as postgres:
        numbers = iter(range(10_000))
        urls = {
            "sqlite": lambda: f"sqlite:///{Path(folder) / f'ledger-{next(numbers)}.sqlite3'}",
            "postgres": postgres.new_database,
        }
        made = [order_entry(number, rng) for number in range(count)]
        for name, new_url in urls.items():
            rates = []
            for _ in report.track(range(ROUNDS), f"{name}: rounds"):
                url = new_url()
                rates.append((record_rate(url, made), bare_rate(url, new_url())))
            recorded, bare = (sorted(each)[ROUNDS // 2] for each in zip(*rates, strict=True))
            share = sorted(one / other for one, other in rates)[ROUNDS // 2]
            delays = paced_delays_ms(new_url(), made, recorded / 2)
            p50, p99 = (float(np.percentile(delays, q)) for q in (50, 99))
            figures |= {
                f"{name}_events_per_second": recorded, f"{name}_bare_per_second": bare, f"{name}_share_of_bare_insert": share,
                f"{name}_delay_ms_p50": p50, f"{name}_delay_ms_p99": p99,
            }  # fmt: skip
            shares.append(share)
            table.append([name, recorded, bare, share, p50, p99])
    report.table(
        f"{count:,} entries of {len(made[0][1]):,} bytes, {BATCH} at once, median of {ROUNDS} rounds",
        ["", "recorded a second", "bare rows a second", "share", "delay p50, ms", "delay p99, ms"], table,
    )  # fmt: skip
    report.say(f"Target: at least {TARGET:g} of the bare insertion, in either database.")
    report.finish({**figures, "share_of_bare_insert": min(shares)})


if __name__ == "__main__":
    main()
