"""How long does a server take from its command to its first answer?

`server.py serve` is started, asked for a quote, and ended, several times on the same data folder: kernels come from the cache
of compiled ones, the stock from what the first start loaded. That first start is told apart; `--scratch` compiles every kernel
anew in a cache of its own before it, with progress shown, which takes minutes.
"""

import os
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from statistics import median

import grpc

from benchmarks.bench_rpc import QUOTE, Quotes, network
from benchmarks.report import Report
from benchmarks.running_server import served
from loaders.write import write_folder

STARTS = 3
ANSWER_SECONDS_MAX = 60.0
TARGET = 5.0


def seconds_to_answer(folder: Path, question: bytes) -> float:
    """From the command to the answer."""
    started = time.monotonic()
    with served(folder, record_wait_ms_max="60000") as server, grpc.insecure_channel(server.address) as channel:
        assert channel.unary_unary(QUOTE)(question, timeout=ANSWER_SECONDS_MAX)
        return time.monotonic() - started


def main() -> None:
    """Run the benchmark."""
    parser = ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scratch", action="store_true", help="compile every kernel first")
    is_scratch = parser.parse_args().scratch
    report = Report("start", "From the command to the first answer")
    question = Quotes(3, 1)(0)[0]
    with tempfile.TemporaryDirectory(prefix="be", dir="/tmp") as name:
        folder = Path(name)
        records = network()
        write_folder(records, folder / "network", "parquet")
        if is_scratch:
            os.environ["BELOFTE_CACHE"] = str(folder / "cache")
        first = seconds_to_answer(folder, question)
        warm = [seconds_to_answer(folder, question) for _ in report.track(range(STARTS), "starts")]
    report.table(
        f"{len(records.locations):,} locations, {len(records.inventory.quantity):,} positions", ["", "seconds"],
        [["first, stock loaded" + (", kernels compiled" if is_scratch else ""), first], ["again, median", median(warm)]],
    )  # fmt: skip
    report.say(f"Target: again within {TARGET:g} s.")
    report.finish({"seconds_warm": median(warm), "seconds_first": first, "seconds_scratch": first if is_scratch else None})


if __name__ == "__main__":
    main()
