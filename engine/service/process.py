"""The one way a program is started here: in a process group of its own, and never outliving the process that started it.

A guard leads the group: a shell that reads a pipe of which only the starter holds the other end. When the starter dies,
however it dies, the pipe ends and the guard kills its whole group, itself included, so no process id can be mistaken.
The parent-death signal of Linux would save the shell, but it follows the thread that forked instead of the process, does
not reach grandchildren, and macOS has none. No instant is unguarded: a forked child keeps the pipe open until its exec,
and has joined the group by then.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

READY_VARIABLE = "BELOFTE_READY_FD"
ANNOUNCEMENT_BYTES_MAX = 4_096
_GUARD = ("/bin/sh", "-c", "trap '' HUP INT QUIT TERM; read -r _; kill -KILL 0", "belofte-guard")


class StartError(RuntimeError):
    """A program that could not be started, and why."""


class ChildProcess:
    """A running program. Signals of the terminal do not reach it: only its starter stops it."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None, inherited_fds: Sequence[int] = ()
    ) -> None:  # fmt: skip
        """Start `command` with `environment` over that of this process. Raises StartError.

        It gets no standard input, and shares standard output and error.
        """
        self.announcement: str | None = None
        self._announced = b""
        with contextlib.ExitStack() as undo:
            self._ready_fd, ready_end = os.pipe()
            undo.callback(os.close, self._ready_fd)
            os.set_blocking(self._ready_fd, False)
            variables = {**os.environ, **(environment or {}), READY_VARIABLE: str(ready_end)}
            try:
                self._guard = _Guard()
                undo.callback(self._guard.end)
                self._program = subprocess.Popen(  # noqa: S603 - a command of this project, never one of a caller
                    command, stdin=subprocess.DEVNULL, env=variables, process_group=self._guard.group_id,
                    pass_fds=(ready_end, *inherited_fds),
                )  # fmt: skip
            except OSError as error:
                raise StartError(f"{name} could not be started: {error}") from error
            finally:
                os.close(ready_end)
            undo.pop_all()
        self.pid = self._program.pid
        self._is_open = True

    def has_announced(self) -> bool:
        """Whether the program has called `announce_ready`; what it said is then in `announcement`."""
        if self.announcement is None and self._is_open:
            with contextlib.suppress(BlockingIOError):
                self._announced += os.read(self._ready_fd, ANNOUNCEMENT_BYTES_MAX)
            if b"\n" in self._announced:
                self.announcement = self._announced.partition(b"\n")[0].decode()
        return self.announcement is not None

    def poll(self) -> int | None:
        """None while it runs; then its exit code, −N where signal N ended it.

        A program whose guard is gone is killed: nothing would end it with its starter.
        """
        if self._program.poll() is None and self._guard.is_alive():
            return None
        return self.stop(0)

    def stop(self, seconds_max: float) -> int:
        """Ask it to end (SIGTERM), kill its group after `seconds_max`; returns the exit code. Harmless when it has ended."""
        if seconds_max > 0 and self._program.poll() is None:
            self._program.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._program.wait(seconds_max)
        if self._is_open:
            self._guard.kill_group()
            self._program.wait()  # without a bound, since nothing refuses SIGKILL
            self.has_announced()  # what it said last is still in the pipe
            os.close(self._ready_fd)
            self._guard.end()
            self._is_open = False
        return self._program.returncode


class _Guard:
    """The leader of a group, which kills the group and itself when this process is gone."""

    def __init__(self) -> None:
        read_end, self._lifeline_fd = os.pipe()
        try:
            self._shell = subprocess.Popen(  # noqa: S603 - a constant
                _GUARD, stdin=read_end, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
            )
        except OSError:
            os.close(self._lifeline_fd)
            raise
        finally:
            os.close(read_end)
        self.group_id = self._shell.pid

    def is_alive(self) -> bool:
        """Whether it still watches."""
        return self._shell.poll() is None

    def kill_group(self) -> None:
        """SIGKILL to every process of the group; called while its program has not been waited for, or the guard has not."""
        # An ended group counts as absent on Linux, as forbidden on macOS.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group_id, signal.SIGKILL)

    def end(self) -> None:
        """Let go: the shell reads the end of the pipe, and what is left of the group goes with it."""
        os.close(self._lifeline_fd)
        self._shell.wait()


class EngineReady(NamedTuple):
    """What an engine announces: its port, and how many positions it loaded from the folder; None: stock was there before."""

    port: int
    positions_loaded: int | None

    def __str__(self) -> str:
        """As it is announced."""
        return f"{self.port}" if self.positions_loaded is None else f"{self.port} {self.positions_loaded}"

    @classmethod
    def parse(cls, announcement: str) -> "EngineReady":
        """The same from what was announced."""
        port, _, positions = announcement.partition(" ")
        return cls(int(port), int(positions) if positions else None)


def announce_ready(text: str = "") -> None:
    """Tell the process that started this one that it is ready, with one line of `text`; without such a starter, nothing."""
    fd = os.environ.pop(READY_VARIABLE, None)
    if fd is None:
        return
    line = text.encode() + b"\n"
    assert b"\n" not in line[:-1] and len(line) <= ANNOUNCEMENT_BYTES_MAX, "one line, written in one piece"
    # A starter that is gone takes this process with it: there is nobody left to tell.
    with contextlib.suppress(BrokenPipeError), os.fdopen(int(fd), "wb", buffering=0) as pipe:
        pipe.write(line)
