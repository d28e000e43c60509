"""The supervisor: starts children in order, restarts those that die, and stops all in reverse order.

A child that dies again and again ends everything with exit code 1: what cannot run is better seen than retried.
"""

import contextlib
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

import structlog

from engine.service.process import ChildProcess, StartError

RESTARTS_PER_MINUTE_MAX = 10
BACKOFF_SECONDS_MIN = 0.1
BACKOFF_SECONDS_MAX = 2.0
_STARTING_POLL_SECONDS = 0.02
_RUNNING_POLL_SECONDS = 1.0

Announcements = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Child:
    """What the supervisor knows of a child. `is_ready` is asked often and answers at once."""

    name: str
    start: Callable[[], ChildProcess]
    is_ready: Callable[[ChildProcess], bool]
    ready_seconds_max: float
    stop_seconds_max: float
    log_path: Path | None = None
    """Where it writes what standard error does not show."""


def python_child(
    name: str,
    script: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    ready_seconds_max: float,
    stop_seconds_max: float,
) -> Child:
    """A script run by this interpreter, ready when it calls `announce_ready`.

    It is a new process, never a fork: gRPC does not survive one.
    """

    def start() -> ChildProcess:
        return ChildProcess(name, (sys.executable, str(script), *arguments), environment)

    return Child(name, start, ChildProcess.has_announced, ready_seconds_max, stop_seconds_max)


class Supervisor:
    """Runs children until SIGTERM, SIGINT or SIGHUP, `stop`, or a child that will not stay up."""

    def __init__(
        self,
        children: Sequence[Child],
        on_ready: Callable[[Announcements], None] | None = None,
        restarts_per_minute_max: int = RESTARTS_PER_MINUTE_MAX,
    ) -> None:
        """`on_ready` is called once, when all are up, with what each announced by its name; it must return at once."""
        self._watches = [_Watch(child, restarts_per_minute_max) for child in children]
        self._on_ready = on_ready
        self._exit_code: int | None = None
        self._wake: _Wake | None = None
        self._log = structlog.get_logger("supervisor")

    def run(self) -> int:
        """Start, watch and stop the children, from the main thread; returns the exit code of the whole.

        0: asked to stop. 1: a child did not come up, or died more often than allowed.
        """
        with _Wake() as self._wake:
            try:
                self._run_until_asked(self._wake)
            finally:
                for watch in reversed(self._watches):
                    watch.stop()
        assert self._exit_code is not None
        return self._exit_code

    def stop(self, exit_code: int = 0) -> None:
        """Ask for an orderly stop, from any thread; the first exit code counts."""
        if self._exit_code is None:
            self._exit_code = exit_code
        if self._wake is not None:
            self._wake.wake()

    def _run_until_asked(self, wake: "_Wake") -> None:
        for started, watch in enumerate(self._watches, 1):
            while not watch.was_ready:
                self._tend(wake, self._watches[:started])
                if self._exit_code is not None:
                    return
        if self._on_ready is not None:
            self._on_ready({watch.child.name: watch.announcement for watch in self._watches})
        while self._exit_code is None:
            self._tend(wake, self._watches)

    def _tend(self, wake: "_Wake", watches: Sequence["_Watch"]) -> None:
        wake.wait(_RUNNING_POLL_SECONDS if all(watch.is_ready for watch in watches) else _STARTING_POLL_SECONDS)
        if wake.stop_signal is not None:
            self._log.info("stopping", signal=wake.stop_signal.name)
            self.stop(0)
        elif not all(watch.tend() for watch in watches):
            self.stop(1)


class _Watch:
    """One child over its restarts."""

    def __init__(self, child: Child, restarts_per_minute_max: int) -> None:
        self.child = child
        self.was_ready = False
        self.is_ready = False
        self.announcement = ""
        self._restarts_max = restarts_per_minute_max
        self._failures: deque[float] = deque()
        self._process: ChildProcess | None = None
        self._start_at = 0.0
        self._ready_until = 0.0
        self._log = structlog.get_logger("supervisor").bind(name=child.name)

    def tend(self) -> bool:
        """Look after it once: start it, see whether it is ready, whether it still runs. False: it is beyond help."""
        now = time.monotonic()
        if self._process is None:
            return now < self._start_at or self._start(now)
        code = self._process.poll()
        ready = self.is_ready or self._see_ready()
        if code is None and not ready and now > self._ready_until:
            self._log.error("child not ready in time", pid=self._process.pid, seconds_max=self.child.ready_seconds_max)
            code = self._process.stop(0)
        if code is None:
            return True
        self._log.error("child exited", pid=self._process.pid, exit_code=code, **self._hint())
        self._process = None
        self.is_ready = False
        return self._plan_restart(now)

    def stop(self) -> None:
        """Stop it in its time, or kill it."""
        if self._process is not None:
            code = self._process.stop(self.child.stop_seconds_max)
            self._log.info("child stopped", pid=self._process.pid, exit_code=code)

    def _start(self, now: float) -> bool:
        try:
            self._process = self.child.start()
        except (StartError, OSError) as error:
            self._log.error("child not started", error=str(error))
            return self._plan_restart(now)
        self._ready_until = time.monotonic() + self.child.ready_seconds_max
        self._log.info("child started", pid=self._process.pid)
        return True

    def _see_ready(self) -> bool:
        assert self._process is not None
        if self.child.is_ready(self._process):
            self.is_ready = self.was_ready = True
            self.announcement = self._process.announcement or ""
            self._log.info("child ready", pid=self._process.pid, announced=self.announcement)
        return self.is_ready

    def _plan_restart(self, now: float) -> bool:
        if not self.was_ready:
            # What is wrong at the first start is a setting, a port, a folder: it would be wrong again.
            self._log.error("child did not come up: everything stops", **self._hint())
            return False
        self._failures.append(now)
        while self._failures[0] < now - 60:
            self._failures.popleft()
        if len(self._failures) > self._restarts_max:
            self._log.error("child keeps dying: everything stops", restarts_per_minute_max=self._restarts_max, **self._hint())
            return False
        seconds = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MIN * 2 ** (len(self._failures) - 1))
        self._start_at = now + seconds
        self._log.warning("child will be restarted", restarts=len(self._failures), in_seconds=seconds)
        return True

    def _hint(self) -> dict[str, str]:
        return {} if self.child.log_path is None else {"log": str(self.child.log_path)}


class _Wake:
    """Waits that signals cut short. The handlers only write to a socket: one that took a lock could wait for itself."""

    def __init__(self) -> None:
        self.stop_signal: signal.Signals | None = None
        self._read_end, self._write_end = socket.socketpair()
        self._read_end.setblocking(False)
        self._write_end.setblocking(False)

    def __enter__(self) -> "_Wake":
        self._fd_before = signal.set_wakeup_fd(self._write_end.fileno(), warn_on_full_buffer=False)
        stops = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup, and stays so
            stops.append(signal.SIGHUP)
        self._handlers_before = {number: signal.signal(number, self._ask_to_stop) for number in stops}
        # A handler that does nothing: with it, the end of a child wakes as well.
        self._handlers_before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda number, frame: None)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._read_end.close()
        self._write_end.close()

    def wait(self, seconds_max: float) -> None:
        """Wait for a signal, a `wake`, or the end of the time."""
        if select.select([self._read_end], [], [], seconds_max)[0]:
            self._read_end.recv(4_096)

    def wake(self) -> None:
        """End the wait, from any thread."""
        # Full: it will wake. Closed: there is nothing to wake any more.
        with contextlib.suppress(OSError):
            self._write_end.send(b"\0")

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_signal = signal.Signals(number)
