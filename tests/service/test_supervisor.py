"""The supervisor with real processes: in order up, in reverse order down, and nothing left behind however it dies.

A supervisor runs in a session of its own, as a terminal would give it, with children that write what they do to a journal.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.service.process import ChildProcess, StartError, announce_ready
from engine.service.supervisor import Announcements, Child, Supervisor, python_child

WAIT_SECONDS_MAX = 60.0

CHILD = """
import os, signal, subprocess, sys, time
from engine.service.process import announce_ready

name, behaviour, journal = sys.argv[1:]

def note(what):
    with open(journal, "a") as file:
        file.write(f"{name} {what}\\n")

def stop(number, frame):
    note("stopped")
    sys.exit(0)

signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour == "stubborn" else stop)
note("started")
if behaviour in ("stubborn", "never-ready"):
    subprocess.Popen(["sleep", "1000"])
if behaviour == "fails":
    sys.exit(3)
if behaviour != "never-ready":
    announce_ready(f"pid={os.getpid()}")
if behaviour == "dies":
    sys.exit(4)
while True:
    time.sleep(0.05)  # a signal that comes just before it begins to sleep does not cut the sleep short
"""

SUPERVISOR = """
import json, signal, sys
from pathlib import Path
from engine.service.logs import configure_logs
from engine.service.supervisor import Supervisor, python_child

# Also where the tests themselves are run under nohup, which the supervisor would go by.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
folder, ready_seconds_max, stop_seconds_max, restarts_max = Path(sys.argv[1]), *map(float, sys.argv[2:5])
configure_logs("info", "json", "supervisor")
children = []
for pair in sys.argv[5:]:
    name, behaviour = pair.split("=")
    arguments = [name, behaviour, str(folder / "journal")]
    children.append(python_child(name, folder / "child.py", arguments, {}, ready_seconds_max, stop_seconds_max))
sys.exit(Supervisor(children, lambda said: print(json.dumps(dict(said)), flush=True), int(restarts_max)).run())
"""


class Running:
    """A supervisor in a process, and what it and its children have written."""

    def __init__(self, folder: Path, children: tuple[str, ...], limits: tuple[float, float, int]) -> None:
        self.folder = folder
        self.seen: set[psutil.Process] = set()
        (folder / "child.py").write_text(CHILD)
        (folder / "supervisor.py").write_text(SUPERVISOR)
        with (folder / "out").open("wb") as out, (folder / "log").open("wb") as log:
            self.process = psutil.Popen(
                [sys.executable, str(folder / "supervisor.py"), str(folder), *map(str, limits), *children],
                stdout=out, stderr=log, start_new_session=True,
            )  # fmt: skip

    def journal(self) -> list[str]:
        """What the children did, in order."""
        file = self.folder / "journal"
        return file.read_text().splitlines() if file.exists() else []

    def logs(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one event."""
        lines = [json.loads(line) for line in (self.folder / "log").read_text().splitlines(keepends=True) if line[-1:] == "\n"]
        return [line for line in lines if line["event"] == event]

    def wait_ready(self) -> dict[str, int]:
        """Wait until all children are up; their pids by name."""
        wait_for(lambda: (self.folder / "out").read_text().endswith("\n"))
        said = json.loads((self.folder / "out").read_text())
        return {name: int(text.removeprefix("pid=")) for name, text in said.items()}

    def descendants(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        found: list[psutil.Process] = self.process.children(recursive=True)
        self.seen.update(found)
        return found

    def end(self) -> None:
        """Kill what is left, by pid; a failed test may have left children without their supervisor."""
        if self.process.poll() is None:
            self.descendants()
            self.process.kill()
        for process in self.seen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(WAIT_SECONDS_MAX)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts supervisors and sees to their end."""
    started = []

    def start(
        *children: str, ready_seconds_max: float = 20.0, stop_seconds_max: float = 10.0, restarts_per_minute_max: int = 10
    ) -> Running:  # fmt: skip
        started.append(Running(tmp_path, children, (ready_seconds_max, stop_seconds_max, restarts_per_minute_max)))
        return started[-1]

    yield start
    for running in started:
        running.end()


def wait_for(condition: Callable[[], bool], seconds_max: float = WAIT_SECONDS_MAX) -> None:
    """Wait until a condition holds, or fail."""
    until = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < until, f"not within {seconds_max} s"
        time.sleep(0.01)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more; one that nobody has waited for does not run."""
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


IN_ORDER = [
    "store started", "ledger started", "engine started",
    "engine stopped", "ledger stopped", "store stopped",
]  # fmt: skip


def to_process(running: Running, number: signal.Signals) -> None:
    os.kill(running.process.pid, number)


def to_foreground_group(running: Running, number: signal.Signals) -> None:
    """What a terminal does on Ctrl-C, or when it closes."""
    os.killpg(running.process.pid, number)


@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGTERM, to_process), (signal.SIGINT, to_foreground_group), (signal.SIGHUP, to_foreground_group)],
)
def test_stops_in_reverse_order(
    start: Start, number: signal.Signals, send: Callable[[Running, signal.Signals], None]
) -> None:  # fmt: skip
    running = start("store=steady", "ledger=steady", "engine=steady")
    pids = running.wait_ready()
    descendants = running.descendants()
    send(running, number)
    assert running.process.wait(WAIT_SECONDS_MAX) == 0
    assert running.journal() == IN_ORDER
    assert [(line["name"], line["pid"], line["exit_code"]) for line in running.logs("child stopped")] == [
        ("engine", pids["engine"], 0), ("ledger", pids["ledger"], 0), ("store", pids["store"], 0),
    ]  # fmt: skip
    assert [line["signal"] for line in running.logs("stopping")] == [number.name]
    assert gone(descendants)


@pytest.mark.parametrize("last", ["engine=steady", "engine=stubborn", "engine=never-ready"])
def test_kill_of_the_supervisor_leaves_no_orphan(start: Start, last: str) -> None:
    """Neither children, nor their own children, nor guards; also where a child ignores SIGTERM, and while it starts."""
    running = start("store=steady", "ledger=stubborn", last)
    wait_for(lambda: "engine started" in running.journal())
    # Each child and its guard, and one grandchild of each that is stubborn or never ready.
    count = 3 * 2 + 1 + (last != "engine=steady")
    wait_for(lambda: len(running.descendants()) == count)
    descendants = running.descendants()
    running.process.kill()
    wait_for(lambda: gone(descendants), seconds_max=5)
    assert "store stopped" not in running.journal()


def test_killed_child_is_restarted_alone(start: Start) -> None:
    running = start("store=steady", "engine=steady")
    pids = running.wait_ready()
    os.kill(pids["store"], signal.SIGKILL)
    wait_for(lambda: len(running.logs("child ready")) == 3)
    assert [(line["name"], line["pid"], line["exit_code"]) for line in running.logs("child exited")] == [
        ("store", pids["store"], -9)
    ]
    assert [line["name"] for line in running.logs("child started")] == ["store", "engine", "store"]
    assert psutil.Process(pids["engine"]).is_running()
    running.process.terminate()
    assert running.process.wait(WAIT_SECONDS_MAX) == 0
    assert running.journal() == ["store started", "engine started", "store started", "engine stopped", "store stopped"]


def test_child_that_lost_its_guard_is_replaced(start: Start) -> None:
    """Otherwise a later kill of the supervisor would leave it behind."""
    running = start("store=steady")
    pid = running.wait_ready()["store"]
    (guard,) = [process for process in running.process.children() if process.pid != pid]
    guard.kill()
    wait_for(lambda: len(running.logs("child ready")) == 2)
    descendants = running.descendants()
    assert (len(descendants), psutil.pid_exists(pid)) == (2, False)
    running.process.kill()
    wait_for(lambda: gone(descendants), seconds_max=5)


def test_child_that_keeps_dying_ends_everything_with_1(start: Start) -> None:
    """Two restarts are allowed: the first start and these make three, then all is stopped."""
    running = start("store=steady", "engine=dies", restarts_per_minute_max=2)
    assert running.process.wait(WAIT_SECONDS_MAX) == 1
    assert running.journal() == ["store started", "engine started", "engine started", "engine started", "store stopped"]
    assert [line["exit_code"] for line in running.logs("child exited")] == [4, 4, 4]
    # 0.1 × 2^0 and 0.1 × 2^1 seconds
    assert [line["in_seconds"] for line in running.logs("child will be restarted")] == [0.1, 0.2]
    (last,) = running.logs("child keeps dying: everything stops")
    assert (last["name"], last["level"], last["process"]) == ("engine", "error", "supervisor")


def test_child_that_fails_at_the_first_start_ends_everything_with_1(start: Start) -> None:
    running = start("store=steady", "ledger=fails", "engine=steady")
    assert running.process.wait(WAIT_SECONDS_MAX) == 1
    assert running.journal() == ["store started", "ledger started", "store stopped"]
    assert [(line["name"], line["exit_code"]) for line in running.logs("child exited")] == [("ledger", 3)]
    assert [line["name"] for line in running.logs("child did not come up: everything stops")] == ["ledger"]


def test_child_that_is_not_ready_in_time_ends_everything_with_1(start: Start) -> None:
    running = start("engine=never-ready", ready_seconds_max=0.5)
    assert running.process.wait(WAIT_SECONDS_MAX) == 1
    assert [line["seconds_max"] for line in running.logs("child not ready in time")] == [0.5]


def test_stop_while_starting(start: Start) -> None:
    running = start("store=steady", "engine=never-ready")
    wait_for(lambda: "engine started" in running.journal())
    running.process.terminate()
    assert running.process.wait(WAIT_SECONDS_MAX) == 0
    assert running.journal() == ["store started", "engine started", "engine stopped", "store stopped"]


def test_child_that_ignores_the_stop_is_killed_with_its_own_children(start: Start) -> None:
    running = start("store=steady", "engine=stubborn", stop_seconds_max=0.3)
    running.wait_ready()
    wait_for(lambda: len(running.descendants()) == 5)
    descendants = running.descendants()
    running.process.terminate()
    assert running.process.wait(WAIT_SECONDS_MAX) == 0
    assert [(line["name"], line["exit_code"]) for line in running.logs("child stopped")] == [("engine", -9), ("store", 0)]
    assert gone(descendants)


def test_stop_by_call_gives_its_exit_code(tmp_path: Path) -> None:
    """The way of a command that is done by itself; handlers are afterwards what they were."""
    (tmp_path / "child.py").write_text(CHILD)
    said: dict[str, str] = {}
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)]

    def ready(announcements: Announcements) -> None:
        said.update(announcements)
        threading.Timer(0.05, supervisor.stop, (7,)).start()

    arguments = ["engine", "steady", str(tmp_path / "journal")]
    supervisor = Supervisor([python_child("engine", tmp_path / "child.py", arguments, {}, 20, 10)], ready)
    assert supervisor.run() == 7
    supervisor.stop(8)
    assert not psutil.pid_exists(int(said["engine"].removeprefix("pid=")))
    assert handlers == [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)]


def test_program_that_cannot_be_started() -> None:
    before = psutil.Process().children()
    with pytest.raises(StartError, match=r"^store could not be started: .*No such file or directory: '/nowhere/program'"):
        ChildProcess("store", ["/nowhere/program"])
    child = Child("store", lambda: ChildProcess("store", ["/nowhere/program"]), ChildProcess.has_announced, 1, 1)
    assert Supervisor([child]).run() == 1
    assert psutil.Process().children() == before


def test_environment_and_exit_code_of_a_child() -> None:
    process = ChildProcess("x", ["/bin/sh", "-c", 'exit "$CODE"'], {"CODE": "5"})
    wait_for(lambda: process.poll() is not None)
    assert (process.poll(), process.stop(1), process.has_announced()) == (5, 5, False)


def test_announcement_without_a_supervisor_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BELOFTE_READY_FD", raising=False)
    announce_ready("port=1")


LOGS = """
import logging, sys, structlog
from engine.service.logs import configure_logs

configure_logs(sys.argv[1], sys.argv[2], "engine")
log = structlog.get_logger("front")
log.info("not shown at this level")
log.warning("slow", ms=12)
logging.getLogger("library").warning("said %s", "this")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
"""


def logged(*arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", LOGS, *arguments], check=True, capture_output=True, text=True).stderr


def test_logs_as_json_with_those_of_libraries() -> None:
    slow, said, failed = (json.loads(line) for line in logged("warning", "json").splitlines())
    assert slow.pop("timestamp").endswith("Z")
    assert slow == {"event": "slow", "ms": 12, "level": "warning", "logger": "front", "process": "engine"}
    assert (said["event"], said["logger"], said["process"]) == ("said this", "library", "engine")
    assert (failed["event"], failed["exception"][0]["exc_type"]) == ("failed", "ZeroDivisionError")


def test_logs_for_a_person() -> None:
    text = logged("warning", "console")
    assert "not shown" not in text
    assert "slow" in text.splitlines()[0] and "ms=12" in text.splitlines()[0]
    assert "said this" in text and "ZeroDivisionError: division by zero" in text
