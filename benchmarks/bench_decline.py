"""How many declines does one engine take in a second: the line sourced anew elsewhere, committed and recorded?

One engine in this process, without a front; Valkey and the ledger sidecar are processes of their own, as in a server. Orders of
three lines each are sourced, then a line of each is declined, many at once as busy stores would: each is looked up in the
ledger, planned without the location that declined, committed and recorded before it is answered. Declined again one at a time,
each answered before the next is asked, they tell how long a store waits.
"""

import time
from argparse import ArgumentParser

import numpy as np
from belofte.v1 import order_service_pb2, sourcing_service_pb2

from benchmarks.bench_commit import LOCATIONS, SEED, SOURCE, network, requests
from benchmarks.report import Report
from benchmarks.running_engine import RunningEngine, running_engine
from engine.domain.ids import uuid7

ORDERS, ALONE, ROUNDS = 4_000, 200, 3
IN_HAND = 256
DECLINE = "/belofte.v1.OrderService/DeclineShipmentLines"


def sourced(running: RunningEngine, messages: list[bytes]) -> tuple[float, list[sourcing_service_pb2.SourceOrderResponse]]:
    """Orders a second, and what they were answered."""
    answers: list[sourcing_service_pb2.SourceOrderResponse] = []
    kind = sourcing_service_pb2.SourceOrderResponse
    seconds = running.seconds(SOURCE, messages, IN_HAND, lambda value: answers.append(kind.FromString(value)))
    return len(messages) / seconds, answers


def declines(answers: list[sourcing_service_pb2.SourceOrderResponse]) -> list[bytes]:
    """The first line of the first shipment of each order, declined."""
    made = []
    for each in answers:
        shipment = each.plan.shipments[0]
        line = order_service_pb2.DeclinedLine(line_id=shipment.lines[0].line_id, reason="TOO_BUSY")
        request = order_service_pb2.DeclineShipmentLinesRequest(
            request_id=uuid7(), order_id=each.order_id, shipment_id=shipment.shipment_id, lines=[line]
        )
        made.append(request.SerializeToString())
    return made


def check(value: bytes) -> object:
    """What is wrong with an answer: there is enough of everything, elsewhere as well."""
    answer = order_service_pb2.DeclineShipmentLinesResponse.FromString(value)
    return "cancelled, with stock elsewhere" if answer.cancelled_lines else None


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the orders")
    orders = ORDERS // 10 if parser.parse_args().small else ORDERS
    report = Report("decline", "Declines sourced anew, committed and recorded")
    rng = np.random.default_rng(SEED)
    records = network()
    rates: list[tuple[float, float]] = []
    with running_engine(
        records, SEED, record_lag_entries_max=100_000, record_lag_ms_max=60_000, record_wait_ms_max=60_000
    ) as running:
        _, warm = sourced(running, requests(records, IN_HAND, rng))
        running.seconds(DECLINE, declines(warm), IN_HAND, check)
        for _ in report.track(range(ROUNDS), "rounds"):
            sourcing, answers = sourced(running, requests(records, orders, rng))
            rates.append((orders / running.seconds(DECLINE, declines(answers), IN_HAND, check), sourcing))
        _, answers = sourced(running, requests(records, ALONE, rng))
        waits = []
        for message in declines(answers):
            started = time.perf_counter()
            running.seconds(DECLINE, [message], 1, check)
            waits.append((time.perf_counter() - started) * 1_000)
    declined, sourcing = (sorted(each)[len(rates) // 2] for each in zip(*rates, strict=True))
    p50, p99 = (float(np.percentile(waits, share)) for share in (50, 99))
    report.table(
        f"{LOCATIONS} locations, a line of an order of three declined, {IN_HAND} in hand",
        ["", "a second, median", *(f"round {n}" for n in range(1, ROUNDS + 1))],
        [["declined and sourced anew", declined, *(r for r, _ in rates)], ["sourced", sourcing, *(r for _, r in rates)]],
    )
    report.say(f"One at a time, a store waits {p50:.1f} ms (p50), {p99:.1f} ms (p99) for its decline.")
    report.finish(
        {
            "declines_per_second": declined, "share_of_sourcing": declined / sourcing, "decline_ms_p50": p50,
            "decline_ms_p99": p99,
        }
    )  # fmt: skip


if __name__ == "__main__":
    main()
