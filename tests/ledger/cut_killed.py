"""A retention that is killed at a step: cut_killed.py LEDGER_URL NOW_UNIX_MS DAYS STEP, and the name of the step."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from engine.ledger import retention
from engine.ledger.database import open_database
from tests.ledger.told_clock import ToldClock

STEPS = ("_prove", "_announce", "_begin", "_cut_rows", "drop")


def killed_at(function: Callable[..., Any], countdown: list[int]) -> Callable[..., Any]:
    """The function, after which the process ends as by a power cut; inside its transaction where it is called in one."""

    def called(*arguments: Any) -> Any:
        found = function(*arguments)
        countdown[0] -= 1
        if countdown[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    return called


def main(url: str, now_unix_ms: str, days: str, name: str, calls: str) -> None:
    """Cut until killed, at a call of a step; "done" where it came to its end."""
    retention.ENTRIES_EACH = 7
    setattr(retention, name, killed_at(getattr(retention, name), [int(calls)]))
    retention.cut(open_database(url), ToldClock(int(now_unix_ms)), int(days), lambda seconds: None)
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
