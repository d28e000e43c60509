"""Every kernel compiled before tests begin, by two processes: else each process of the tests compiles most of them for itself.

    python -m tests.compile_kernels

One goes through what the warm-up decides on from its beginning, one from its end, so that they meet in the middle. Where all
is in the cache already this takes some seconds.
"""

import subprocess
import sys

from rich.console import Console

FORWARD, BACKWARD = "forward", "backward"


def compile_all(way: str) -> None:
    """One process's part."""
    from engine.service.warm_up import steps

    for step in steps("all")[:: 1 if way == FORWARD else -1]:
        step()


def main() -> int:
    """Both ways at once; how many have failed."""
    with Console().status("Compiling kernels, the first time on this machine some minutes"):
        ways = [subprocess.Popen([sys.executable, "-m", "tests.compile_kernels", way]) for way in (FORWARD, BACKWARD)]
        return sum(process.wait() != 0 for process in ways)


if __name__ == "__main__":
    sys.exit(compile_all(sys.argv[1]) if len(sys.argv) > 1 else main())
