"""How many orders does a server source, commit and record durably over gRPC in a second, and against an empty server?

`server.py serve` on a network in which everything is there in plenty: orders of three lines, each answered when the ledger has
recorded it. The load generator is another process on the same machine. The empty server, `grpc.aio` on uvloop, answers
messages of the same sizes with bytes made before; they take turns, and the ratio is that of a round. Latencies are those of an
open loop at half the orders a second, counted from when a call was due. Only calls whose trailers say OK count.
"""

from argparse import ArgumentParser
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.bench_commit import LINES, SOURCE, network, requests
from benchmarks.echo_servers import METHOD as ECHO
from benchmarks.load import Load, OneMessage, run
from benchmarks.report import Report
from benchmarks.running_server import echo_server, running_server

SEED = 20261202
ROUNDS, SECONDS = 3, 4.0
IN_HAND = 64
PER_SECOND_MAX = 15_000
"""Orders that are made beforehand for each second of a round: each is asked for once."""

LIGHT_LOAD = 0.5
TARGET = 1.5


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders that nobody has asked for yet."""

    count: int

    def __call__(self, number: int) -> list[bytes]:
        """Those of one process of the load generator."""
        return requests(network(), self.count, np.random.default_rng())


def main() -> None:
    """Run the benchmark."""
    parser = ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--small", action="store_true", help="one short round")
    rounds, seconds = (1, 2.0) if parser.parse_args().small else (ROUNDS, SECONDS)
    report = Report("source", "Orders over gRPC")
    orders = Orders(int(PER_SECOND_MAX * (seconds + 1)))
    question = orders(0)[0]
    rows: list[dict[str, float]] = []
    with running_server(network(), record_lag_entries_max="100000", record_wait_ms_max="60000", wait_ms_max="10000") as server:
        report.say(f"The server stood after {server.seconds_to_start:.0f} s.")
        first = run(Load(server.address, SOURCE, 2.0, in_hand=IN_HAND), orders)
        assert set(first.statuses) == {0}, first.statuses
        with echo_server("aio", first.answer_bytes) as aio:
            for _ in report.track(range(rounds), "rounds"):
                sourced = run(Load(server.address, SOURCE, seconds, in_hand=IN_HAND), orders)
                assert set(sourced.statuses) == {0}, sourced.statuses
                echoed = run(Load(aio, ECHO, seconds), OneMessage(question))
                calm = run(Load(server.address, SOURCE, seconds, rate=LIGHT_LOAD * sourced.per_second), orders)
                assert set(calm.statuses) == {0}, calm.statuses
                rows.append({
                    "orders_per_second": sourced.per_second, "aio_echo_per_second": echoed.per_second,
                    "orders_vs_aio_echo": sourced.per_second / echoed.per_second,
                    "p50_ms": calm.percentile_ms(50), "p99_ms": calm.percentile_ms(99),
                    "p50_busy_ms": sourced.percentile_ms(50), "p99_busy_ms": sourced.percentile_ms(99),
                })  # fmt: skip
    report.table(
        f"orders of {LINES} lines, {len(question)} bytes asked, {first.answer_bytes:,} answered",
        ["", "median", *(f"round {n}" for n in range(1, rounds + 1))],
        [[name, median(row[name] for row in rows), *(row[name] for row in rows)] for name in rows[0]],
    )
    report.say(f"Target: orders_vs_aio_echo at least {TARGET:g}.")
    report.finish({name: median(row[name] for row in rows) for name in rows[0]})


if __name__ == "__main__":
    main()
