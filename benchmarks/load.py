"""A load of gRPC calls on a server: closed loop (as many as it can) or open loop (so many a second, whatever happens).

    python benchmarks/load.py 127.0.0.1:50051 /belofte.v1.NetworkService/GetNetwork --seconds 5 --rate 2000

Several processes, each with connections of its own. A call counts as good where its trailers say `grpc-status: 0`. In an
open loop latency counts from when the call was due, so that a server that stands still is not spared the calls that waited
meanwhile (no coordinated omission), and calls that were due are waited for beyond the end. Percentiles come from a histogram
with 128 steps to each power of two.

It writes HTTP/2 itself: a client of gRPC would need more of the two cores than the server that is measured.
"""

import argparse
import json
import multiprocessing
import multiprocessing.connection
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hpack
import numpy as np
from numba import njit

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
HEADER_TABLE_SIZE, INITIAL_WINDOW = 1, 4
"""Settings: without a table of headers equal trailers are equal bytes, which are decoded once."""

WINDOW_MAX = 2**31 - 1
WINDOW_BYTES = 1 << 30
READ_BYTES = 1 << 18
FRAMES_MAX = READ_BYTES // 9 + 1
STREAM_WINDOW = 65_535
FRAME_BYTES_MAX = 16_384
DRAIN_SECONDS_MAX = 15.0
"""How long after its end an open loop waits for calls that it has sent."""

OPEN_IN_HAND_MAX = 1_000
"""Calls at once on one connection that servers take by their own limits."""

OK = 0
BROKEN = -1
"""In place of a status: the stream or its connection was reset."""

STEPS = 128
BUCKETS = 64 * STEPS


@dataclass(slots=True)
class Load:
    """What is sent, and how."""

    address: str
    method: str
    seconds: float
    warm_up_seconds: float = 1.0
    rate: float = 0.0
    """Calls a second over all processes; 0: a closed loop."""
    connections: int = 4
    """Of each process."""
    in_hand: int = 25
    """Calls at once on one connection, where it is a closed loop; an open one has as many as there are."""
    processes: int = 1
    timeout_ms: int = 0
    """The deadline that each call is given; 0: none."""
    cpus: tuple[int, ...] = ()
    """Where the processes are pinned; empty: anywhere."""


@dataclass(slots=True)
class Result:
    """What came back within the seconds measured."""

    seconds: float
    statuses: dict[int, int] = field(default_factory=dict)
    """Calls by gRPC status."""
    histogram: Any = None
    """Latency of good calls, microseconds, by `bucket_of`."""
    due: int = 0
    """Calls that were due; in a closed loop those that were sent."""
    offered: int = 0
    """Calls that were sent. Fewer than were due: the generator could not, or was not let."""
    answer_bytes: int = 0
    """Of the last good answer."""

    @property
    def good(self) -> int:
        """Calls that were answered OK."""
        return self.statuses.get(OK, 0)

    @property
    def per_second(self) -> float:
        """Good calls a second."""
        return self.good / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Latency that so many percent of the good calls did not exceed."""
        total = int(self.histogram.sum())
        if not total:
            return float("nan")
        at = int(np.searchsorted(np.cumsum(self.histogram), np.ceil(total * percent / 100)))
        return value_of(at) / 1_000

    def merged(self, other: "Result") -> "Result":
        """Of two processes together."""
        statuses = dict(self.statuses)
        for status, count in other.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
        return Result(
            max(self.seconds, other.seconds), statuses, self.histogram + other.histogram, self.due + other.due,
            self.offered + other.offered, max(self.answer_bytes, other.answer_bytes),
        )  # fmt: skip


def bucket_of(micros: int) -> int:
    """The histogram's bucket of a latency: exact below 256 µs, then 1/128 of it at the most apart."""
    octave = max(0, micros.bit_length() - 8)
    return octave * STEPS + (micros >> octave)


def value_of(bucket: int) -> int:
    """The largest latency in a bucket."""
    octave = max(0, bucket // STEPS - 1)
    low = bucket - octave * STEPS
    return ((low + 1) << octave) - 1


MakeMessages = Callable[[int], Sequence[bytes]]
"""The messages of one process, by its number; it is sent to the process, so it is a function of a module or of a dataclass."""


def run(load: Load, make_messages: MakeMessages) -> Result:
    """Put one load on."""
    return run_together([(load, make_messages)])[0]


def run_together(loads: Sequence[tuple[Load, MakeMessages]]) -> list[Result]:
    """Put several loads on at the same time, each in processes of its own; they begin together."""
    context = multiprocessing.get_context("spawn")
    started = []
    for of, (load, make_messages) in enumerate(loads):
        for number in range(load.processes):
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(load, make_messages, number, there), daemon=True)
            process.start()
            there.close()
            started.append((of, here, process))
    for _, pipe, _ in started:
        pipe.recv()
    starts_at = time.monotonic() + 0.1
    for _, pipe, _ in started:
        pipe.send(starts_at)
    results: list[Result | None] = [None] * len(loads)
    for of, pipe, process in started:
        result, before = pipe.recv(), results[of]
        process.join()
        results[of] = result if before is None else before.merged(result)
    return [result for result in results if result is not None]


def _work(
    load: Load, make_messages: MakeMessages, number: int, pipe: "multiprocessing.connection.Connection"
) -> None:  # fmt: skip
    if load.cpus:
        os.sched_setaffinity(0, {load.cpus[number % len(load.cpus)]})
    frames = np.empty((FRAMES_MAX, 4), np.int64)
    split_frames(np.zeros(16, np.uint8), 9, frames)
    generator = Generator(load, make_messages(number))
    pipe.send("ready")
    starts_at = pipe.recv()
    pipe.send(generator.run(starts_at))


@njit(cache=True)
def split_frames(buffer, size, frames):  # type: ignore[no-untyped-def]
    """Frames that are whole: (type, flags, stream, where its content begins); returns their count and where they end."""
    at, count = 0, 0
    while size - at >= 9:
        length = (np.int64(buffer[at]) << 16) | (np.int64(buffer[at + 1]) << 8) | np.int64(buffer[at + 2])
        if size - at < 9 + length:
            break
        stream = np.int64(0)
        for k in range(5, 9):
            stream = (stream << 8) | np.int64(buffer[at + k])
        frames[count, 0], frames[count, 1], frames[count, 2] = buffer[at + 3], buffer[at + 4], stream & 0x7FFFFFFF
        frames[count, 3] = at + 9
        count += 1
        at += 9 + length
    return count, at


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """One frame of HTTP/2."""
    return struct.pack(">I", len(content))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + content


class Connection:
    """One HTTP/2 connection."""

    def __init__(self, address: str, head: bytes) -> None:
        if address.startswith("unix:"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address.removeprefix("unix:"))
        else:
            host, _, port = address.rpartition(":")
            self.socket = socket.create_connection((host.strip("[]"), int(port)))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(10.0)
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW, WINDOW_MAX)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW, 0, 0, struct.pack(">I", WINDOW_BYTES)))
        self.socket.setblocking(False)
        self.head = head
        self.window = STREAM_WINDOW
        self.received = 0
        self.next_stream = 1
        self.due: dict[int, float] = {}
        """When each open call was due, by its stream."""
        self.out = bytearray()
        self.rest = b""
        self.is_open = True

    def call(self, message: bytes, due: float) -> None:
        """Queue a call; `flush` sends it."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        body = struct.pack(">BI", 0, len(message)) + message
        assert len(body) <= FRAME_BYTES_MAX, "a message is one frame"
        self.due[stream] = due
        self.window -= len(body)
        self.out += frame(HEADERS, END_HEADERS, stream, self.head) + frame(DATA, END_STREAM, stream, body)

    def has_room(self, in_hand_max: int) -> bool:
        """Whether another call may be sent: no more than half a window of the server's is used up by one message."""
        return self.is_open and len(self.due) < in_hand_max and self.window >= STREAM_WINDOW // 2

    def flush(self) -> None:
        """Send as much as goes."""
        if self.out and self.is_open:
            try:
                del self.out[: self.socket.send(self.out)]
            except BlockingIOError:
                return
            except OSError:
                self.is_open = False


class Generator:
    """The calls of one process."""

    def __init__(self, load: Load, messages: Sequence[bytes]) -> None:
        self.load = load
        self.messages = messages
        self.sent = 0
        self.in_hand_max = OPEN_IN_HAND_MAX if load.rate else load.in_hand
        head = [
            (":method", "POST"), (":scheme", "http"), (":path", load.method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]  # fmt: skip
        if load.timeout_ms:
            head.append(("grpc-timeout", f"{load.timeout_ms}m"))
        encoder = hpack.Encoder()
        encoder.header_table_size = 0
        block = encoder.encode(head)
        self.connections = [Connection(load.address, block) for _ in range(load.connections)]
        self.status_of: dict[bytes, int] = {}
        self.frames: Any = np.empty((FRAMES_MAX, 4), np.int64)
        self.histogram = np.zeros(BUCKETS, np.int64)
        self.statuses: dict[int, int] = {}
        self.answer_bytes = 0
        self.due = self.offered = 0

    def run(self, starts_at: float) -> Result:
        """From the start to the end of the seconds measured."""
        load = self.load
        self.measured_from = starts_at + load.warm_up_seconds
        ends_at = self.measured_from + load.seconds
        gap = load.processes / load.rate if load.rate else 0.0
        next_due = starts_at
        late: deque[float] = deque()
        poller = select.poll()
        by_fd = {}
        for connection in self.connections:
            poller.register(connection.socket, select.POLLIN)
            by_fd[connection.socket.fileno()] = connection
        time.sleep(max(0.0, starts_at - time.monotonic()))
        while (now := time.monotonic()) < ends_at:
            if gap:
                while next_due <= now:
                    late.append(next_due)
                    self.due += next_due >= self.measured_from
                    next_due += gap
                self._send_due(late)
            else:
                self._fill(now)
            waiting = False
            for connection in self.connections:
                connection.flush()
                waiting = waiting or bool(connection.out)
            timeout = min(0.001 if waiting else 0.02, max(0.0, next_due - time.monotonic()) if gap else 0.02)
            for fd, _ in poller.poll(timeout * 1_000):
                self._receive(by_fd[fd])
            if not any(connection.is_open for connection in self.connections):
                break
        seconds = min(time.monotonic(), ends_at) - self.measured_from
        until = ends_at + DRAIN_SECONDS_MAX
        while gap and any(each.is_open and each.due for each in self.connections) and time.monotonic() < until:
            for connection in self.connections:
                connection.flush()
            for fd, _ in poller.poll(20):
                self._receive(by_fd[fd])
        for connection in self.connections:
            connection.socket.close()
        return Result(seconds, self.statuses, self.histogram, self.due, self.offered, self.answer_bytes)

    def _message(self) -> bytes:
        self.sent += 1
        return self.messages[(self.sent - 1) % len(self.messages)]

    def _fill(self, now: float) -> None:
        for connection in self.connections:
            while connection.has_room(self.in_hand_max):
                self.due += now >= self.measured_from
                self.offered += now >= self.measured_from
                connection.call(self._message(), now)

    def _send_due(self, late: deque[float]) -> None:
        free = [each for each in self.connections if each.has_room(self.in_hand_max)]
        while late and free:
            for connection in tuple(free):
                if not late:
                    return
                due = late.popleft()
                self.offered += due >= self.measured_from
                connection.call(self._message(), due)
                if not connection.has_room(self.in_hand_max):
                    free.remove(connection)

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._broken(connection)
            return
        if connection.rest:
            data = connection.rest + data
        now = time.monotonic()
        frames = self.frames if len(data) // 9 < FRAMES_MAX else np.empty((len(data) // 9 + 1, 4), np.int64)
        count, end = split_frames(np.frombuffer(data, np.uint8), len(data), frames)
        connection.rest = data[end:]
        connection.received += len(data)
        rows = frames[:count].tolist()
        ends = [row[3] - 9 for row in rows[1:]] + [end]
        for (kind, flags, stream, begin), until in zip(rows, ends, strict=True):
            if kind == HEADERS:
                if flags & END_STREAM:
                    self._ended(connection, stream, self._status(data[begin:until]), now)
            elif kind == DATA:
                self.answer_bytes = until - begin - 5
            elif kind == WINDOW:
                if not stream:
                    connection.window += struct.unpack(">I", data[begin:until])[0]
            elif kind == SETTINGS:
                if not flags & ACK:
                    connection.out += frame(SETTINGS, ACK, 0, b"")
            elif kind == PING:
                if not flags & ACK:
                    connection.out += frame(PING, ACK, 0, data[begin:until])
            elif kind == RESET:
                self._ended(connection, stream, BROKEN, now)
            elif kind == GOAWAY:
                self._broken(connection)
                return
        if connection.received > WINDOW_BYTES // 2:
            connection.out += frame(WINDOW, 0, 0, struct.pack(">I", connection.received))
            connection.received = 0

    def _status(self, block: bytes) -> int:
        status = self.status_of.get(block)
        if status is None:
            fields = dict(hpack.Decoder().decode(block))
            status = int(fields.get("grpc-status", BROKEN))
            if len(self.status_of) < 10_000:
                self.status_of[block] = status
        return status

    def _ended(self, connection: Connection, stream: int, status: int, now: float) -> None:
        due = connection.due.pop(stream, None)
        # Of an open loop those count that were due while it was measured, of a closed one those that were answered then.
        if due is None or (due if self.load.rate else now) < self.measured_from:
            return
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == OK:
            self.histogram[bucket_of(int((now - due) * 1e6))] += 1

    def _broken(self, connection: Connection) -> None:
        connection.is_open = False
        self.statuses[BROKEN] = self.statuses.get(BROKEN, 0) + len(connection.due)
        connection.due.clear()


def h2load_per_second(load: Load, message: bytes, folder: Path) -> float | None:
    """Raw requests a second by h2load, where it is installed; it knows HTTP statuses only. None: it is not."""
    body = folder / "body"
    body.write_bytes(struct.pack(">BI", 0, len(message)) + message)
    command = [
        "h2load", "-D", f"{load.seconds:g}", f"--warm-up-time={load.warm_up_seconds:g}", "-c", f"{load.connections}", "-m",
        f"{load.in_hand}", "-t", "1", "-d", str(body), "-H", "te: trailers", "-H", "content-type: application/grpc",
        f"http://{load.address}{load.method}",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        return None
    words = done.stdout.split("finished in", 1)[1].split()
    return float(words[words.index("req/s,") - 1])


def no_messages(number: int) -> list[bytes]:
    """An empty message."""
    return [b""]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("address")
    parser.add_argument("method")
    parser.add_argument("--message", type=Path, help="file with one serialized request; without it, an empty one")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=0.0, help="calls a second; 0: as many as the server answers")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--in-hand", type=int, default=25)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    load = Load(
        given.address, given.method, given.seconds, rate=given.rate, connections=given.connections, in_hand=given.in_hand,
        processes=given.processes,
    )  # fmt: skip
    result = run(load, OneMessage(given.message.read_bytes()) if given.message else no_messages)
    json.dump(
        {
            "per_second": result.per_second, "due": result.due, "offered": result.offered, "statuses": result.statuses,
            **{f"p{p:g}_ms": result.percentile_ms(p) for p in (50, 95, 99, 99.9)},
        },
        sys.stdout,
    )  # fmt: skip
    print()


@dataclass(frozen=True, slots=True)
class OneMessage:
    """The same message over and over."""

    message: bytes

    def __call__(self, number: int) -> list[bytes]:
        """As `make_messages`."""
        return [self.message]


if __name__ == "__main__":
    main()
