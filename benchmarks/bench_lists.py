"""How long does a page of orders take, of a million of them, by each filter and each pair of filters?

The ledger's own tables are filled as its recorder leaves them, over a year: most orders are completed, a few thousand are
open, one in a hundred is at risk, one in a thousand was returned. Of every list pages are read through the ledger as
`ListOrders` reads them, orders and all: from its beginning, from places drawn from its whole length, and near its end. Filters
that little or nothing agrees with are among them. The target holds for each page.
"""

import itertools
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from belofte.v1 import ledger_entry_pb2, sourcing_service_pb2, types_pb2
from sqlalchemy import Connection, Table

from benchmarks.report import Report
from engine.domain.ids import uuid7
from engine.domain.life import ShipmentState
from engine.ledger.database import open_database, write_to
from engine.ledger.insert import copy_entries, copy_rows
from engine.ledger.ledger import Ledger
from engine.ledger.migrations import prepare_tables
from engine.ledger.order_list import OrderFilter, Place
from engine.ledger.tables import entries, order_returns, order_shipments, orders
from tests.postgres_server import PostgresServer

ORDERS, LOCATIONS, CUSTOMERS = 1_000_000, 200, 100_000
CHUNK = 20_000
PAGE, PAGES, DEEP, AGAIN = 50, 8, 8, 3
TARGET_MS = 50.0
YEAR_MS = 365 * 86_400_000
NOW = 1_790_000_000_000
RARE = "location-0"
"""A store of which hardly anything comes."""

Rows = dict[Table, list[tuple[object, ...]]]


def rows_of(first: int, count: int, total: int, rng: np.random.Generator) -> Rows:
    """Rows of some of the orders, as the ledger has them."""
    rows: Rows = {entries: [], orders: [], order_shipments: [], order_returns: []}
    # The latest are open: the last half a percent of a year.
    for number in range(first, first + count):
        created = NOW - YEAR_MS + YEAR_MS * number // total
        is_open = number > total * 0.995
        state = rng.choice((2, 3, 4, 5)) if is_open else rng.choice((6, 7), p=(0.97, 0.03))
        if rng.random() < 0.0005:
            state = 1
        places = {int(each) for each in 1 + rng.integers(0, LOCATIONS, 2 if rng.random() < 0.4 else 1)}
        if rng.random() < 0.0001:
            places = {0}
        left = ShipmentState.PLANNED if is_open else ShipmentState.CANCELLED if state == 7 else ShipmentState.DELIVERED
        if is_open and rng.random() < 0.5:
            left = ShipmentState(int(rng.choice((2, 4, 5))))
        order_id, customer_id = f"order-{number}", f"customer-{int(rng.integers(CUSTOMERS))}"
        plan = types_pb2.Plan()
        for place in sorted(places):
            shipment = plan.shipments.add(shipment_id=f"{order_id}-{place}", location_id=f"location-{place}")
            shipment.state, shipment.route = left.value, types_pb2.ROUTE_SHIP
            shipment.lines.add(line_id="1", item_id=f"item-{number % 5_000}", quantity=1)
            rows[order_shipments].append((f"location-{place}", left.value, created, 1, number + 1, created))
        basket = types_pb2.Basket(customer_id=customer_id, channel="web")
        basket.lines.add(line_id="1", item_id=f"item-{number % 5_000}", quantity=len(places))
        order = types_pb2.Order(order_id=order_id, basket=basket)
        answer = sourcing_service_pb2.SourceOrderResponse(order_id=order_id, state=int(state), plan=plan)
        request_id = uuid7(created)
        entry = ledger_entry_pb2.LedgerEntry(
            request_id=request_id, method="SourceOrder", order_id=order_id, decided_unix_ms=created,
            request=sourcing_service_pb2.SourceOrderRequest(order=order).SerializeToString(),
            response=answer.SerializeToString(),
        )  # fmt: skip
        content = entry.SerializeToString()
        rows[entries].append((1, number + 1, request_id, order_id, order_id, "0" * 40, bytes(32), created, content))
        is_at_risk = int(rng.random() < 0.01)
        rows[orders].append((1, number + 1, order_id, created, int(state), customer_id, is_at_risk, 0))
        if rng.random() < 0.001:
            rows[order_returns].append(("TOO_SMALL", created, 1, number + 1))
    return rows


def insert(connection: Connection, rows: Rows) -> None:
    """Into either database."""
    for table, some in rows.items():
        if table is entries:
            copy_entries(connection, some)
        else:
            copy_rows(connection, table, some)


def filters() -> Iterator[tuple[str, OrderFilter]]:
    """Each filter, and each pair of them; with those that little agrees with."""
    month = {"created_from": NOW - YEAR_MS // 12, "created_to": NOW}
    day = {"created_from": NOW - 200 * 86_400_000, "created_to": NOW - 199 * 86_400_000}
    single: dict[str, dict[str, object]] = {
        "state": {"states": (6,)}, "open": {"states": (2, 3, 4, 5)}, "held": {"states": (1,)},
        "location": {"location_ids": ("location-7",)},
        "locations": {"location_ids": ("location-7", "location-8", "location-9")},
        "rare location": {"location_ids": (RARE,)}, "month": month, "day": day, "risk": {"is_at_risk": True},
        "work": {"shipment_states": (1, 2)}, "customer": {"customer_id": "customer-77"},
        "returned": {"return_reasons": ("TOO_SMALL",)},
        # Nobody, nothing, and half of all.
        "nobody": {"customer_id": "customer-none"}, "lost": {"shipment_states": (3,)},
        "hundred locations": {"location_ids": tuple(f"location-{number}" for number in range(100))},
    }  # fmt: skip
    yield "all", OrderFilter()
    for name, fields in single.items():
        yield name, replace(OrderFilter(), **fields)
    for (one, first), (other, second) in itertools.combinations(single.items(), 2):
        if not first.keys() & second.keys():
            yield f"{one} + {other}", replace(OrderFilter(), **first, **second)


def page_times(ledger: Ledger, wanted: OrderFilter, places: list[Place]) -> list[float]:
    """Milliseconds of pages: one after the other from the beginning, and one from each of these places."""
    times: list[float] = []

    def page(after: Place | None) -> Place | None:
        started = time.perf_counter()
        found = ledger.list_orders(wanted, after, PAGE)
        ledger.find_orders(found.order_ids)
        times.append((time.perf_counter() - started) * 1_000)
        return found.after

    after = page(None)
    for _ in range(PAGES - 1):
        if after is None:
            break
        after = page(after)
    for place in places:
        page(place)
    return times


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a twentieth of the orders")
    count = ORDERS // 20 if parser.parse_args().small else ORDERS
    report = Report("lists", "Pages of ListOrders")
    figures: dict[str, float | None] = {"orders": count}
    table = []
    with tempfile.TemporaryDirectory(prefix="bl") as folder, PostgresServer() as postgres:
        urls = {"sqlite": f"sqlite:///{Path(folder) / 'ledger.sqlite3'}", "postgres": postgres.new_database()}
        databases = {name: open_database(url) for name, url in urls.items()}
        for database in databases.values():
            with write_to(database) as connection:
                prepare_tables(connection)
        rng = np.random.default_rng(20261130)
        for first in report.track(range(0, count, CHUNK), "filling"):
            rows = rows_of(first, min(CHUNK, count - first), count, rng)
            for database in databases.values():
                with write_to(database) as connection:
                    insert(connection, rows)
        for name, database in databases.items():
            with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE" if name == "sqlite" else "VACUUM ANALYZE")
            ledger = Ledger(urls[name])
            worst: dict[str, float] = {}
            every: list[float] = []
            drawn = [Place(NOW - int(each), 1, 1) for each in (*rng.integers(0, YEAR_MS, DEEP), YEAR_MS * 0.999)]
            for title, wanted in filters():
                times = page_times(ledger, wanted, drawn)
                # What the machine does beside it hits any page: the best of some times tells what the page takes.
                again = [page_times(ledger, wanted, drawn) for _ in range(AGAIN)]
                best = [min(pair) for pair in zip(times, *again, strict=True)]
                worst[title], every = max(best), every + best
            slowest = max(worst, key=worst.__getitem__)
            p50, p99 = (float(np.percentile(every, q)) for q in (50, 99))
            figures |= {f"{name}_page_ms_p50": p50, f"{name}_page_ms_p99": p99, f"{name}_worst_page_ms": worst[slowest]}
            table.append([name, len(worst), p50, p99, worst[slowest], slowest])
            for title, milliseconds in sorted(worst.items(), key=lambda each: -each[1])[:8]:
                report.say(f"{name}: {title}: {milliseconds:.1f} ms")
            ledger.close()
            database.dispose()
    report.table(f"Pages of {PAGE} of {count:,} orders, milliseconds", ["", "filters", "p50", "p99", "slowest", "which"], table)
    report.say(f"Target: each page within {TARGET_MS:g} ms.")
    report.finish(figures)


if __name__ == "__main__":
    main()
