"""An address that stays while the servers behind it change, and a wire that can be held up: bytes passed on between sockets."""

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

CHUNK_BYTES = 65_536
CONNECT_SECONDS_MAX = 5.0


class Relay:
    """Passes connections on to the Unix socket that it leads to at this moment.

    It is reached by a Unix socket (`url`, as engines and sidecars are told) and on a port of this machine (`port`, as a replica
    is told: there is no `REPLICAOF` by Unix socket).
    """

    def __init__(self, target: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="br", dir="/tmp"))
        self.url = f"unix://{self.folder / 's'}"
        self._target = target
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_flowing = threading.Event()
        self._is_flowing.set()
        by_path, by_port = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_INET)
        by_path.bind(str(self.folder / "s"))
        by_port.bind(("127.0.0.1", 0))
        self.port: int = by_port.getsockname()[1]
        self._listening = (by_path, by_port)
        for listening in self._listening:
            listening.listen()
            self._start(self._accept, listening)

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for listening in self._listening:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        self.resume()
        self.cut()
        shutil.rmtree(self.folder)

    def lead_to(self, target: Path) -> None:
        """Lead elsewhere from now on; who was connected is cut off, as by an address that moves."""
        with self._lock:
            self._target = target
        self.cut()

    def cut(self) -> None:
        """End every connection; what was on its way is lost."""
        with self._lock:
            ended = list(self._open)
            self._open.clear()
        for each in ended:
            _end(each)

    def pause(self) -> None:
        """Pass nothing on for now: connections stay, and nobody is told."""
        self._is_flowing.clear()

    def resume(self) -> None:
        """Pass on again, first of all what has come meanwhile."""
        self._is_flowing.set()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                target = self._target
            far = socket.socket(socket.AF_UNIX)
            far.settimeout(CONNECT_SECONDS_MAX)
            try:
                far.connect(str(target))
            except OSError:
                _end(near)
                _end(far)
                continue
            far.settimeout(None)
            with self._lock:
                # It may lead elsewhere by now: a connection to where it led before would never be cut.
                is_stale = target != self._target
                if not is_stale:
                    self._open |= {near, far}
            if is_stale:
                _end(near)
                _end(far)
                continue
            self._start(self._pump, near, far)
            self._start(self._pump, far, near)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                self._is_flowing.wait()
                with self._lock:
                    if source not in self._open:
                        # Cut while it was held up.
                        break
                sink.sendall(chunk)
        with self._lock:
            self._open -= {source, sink}
        _end(source)
        _end(sink)

    def _start(self, run: Callable[..., None], *given: socket.socket) -> None:
        threading.Thread(target=run, args=given, daemon=True).start()


def _end(connection: socket.socket) -> None:
    # Shut down first: closing alone wakes nobody who waits in `recv`.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
