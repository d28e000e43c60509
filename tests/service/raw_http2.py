"""A client that sends gRPC frames as it is told, right or wrong, and says how the call ended."""

import socket
import ssl
import struct
from typing import NamedTuple

import h2.config
import h2.connection
import h2.events

SECONDS_MAX = 20.0


class Ended(NamedTuple):
    """How a call ended: HTTP status, gRPC status (-1: none was told), its message, what was answered, whether it was reset."""

    http: int
    code: int
    message: str
    body: bytes
    is_reset: bool


def frame(message: bytes, flag: int = 0, length: int | None = None) -> bytes:
    """A gRPC frame: flag, length, message."""
    return struct.pack(">BI", flag, len(message) if length is None else length) + message


class RawClient:
    """One HTTP/2 connection."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(("127.0.0.1", port), SECONDS_MAX)
        self._socket = plain if tls is None else tls.wrap_socket(plain, server_hostname="localhost")
        config = h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        self._h2 = h2.connection.H2Connection(config)
        self._h2.initiate_connection()
        self._flush()

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def begin(self, path: str, **headers: str) -> int:
        """Open a call; headers replace those that belong to it, "" leaves one out."""
        given = {"content-type": "application/grpc", "te": "trailers"}
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        fields = [(":method", given.pop("method", "POST")), (":scheme", "http"), (":path", path), (":authority", "localhost")]
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, fields + [(name, value) for name, value in given.items() if value])
        self._flush()
        return stream

    def send(self, stream: int, data: bytes, end: bool = True) -> None:
        """Send data as the window lets it; what the server does not want any more is not sent."""
        while data:
            size = min(len(data), self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
            if size:
                self._h2.send_data(stream, data[:size])
                data = data[size:]
                self._flush()
            elif not self._is_open(stream, self._events()):
                return
        if end:
            self._h2.end_stream(stream)
            self._flush()

    def call(self, path: str, body: bytes, **headers: str) -> Ended:
        """A whole call with these bytes as its body."""
        stream = self.begin(path, **headers)
        self.send(stream, body)
        return self.ended(stream)

    def cancel(self, stream: int) -> None:
        self._h2.reset_stream(stream, 8)
        self._flush()

    def ended(self, stream: int) -> Ended:
        """Wait for the end of a call."""
        http, code, message, body = 0, -1, "", b""
        while True:
            for event in self._events():
                if isinstance(event, h2.events.ConnectionTerminated):
                    return Ended(http, code, message, body, True)
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, h2.events.ResponseReceived | h2.events.TrailersReceived):
                    fields = dict(event.headers or ())
                    http, code = int(fields.get(":status", http)), int(fields.get("grpc-status", code))
                    message = fields.get("grpc-message", message)
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                    self._h2.acknowledge_received_data(event.flow_controlled_length, stream)
                    self._flush()
                elif isinstance(event, h2.events.StreamEnded):
                    return Ended(http, code, message, body, False)
                elif isinstance(event, h2.events.StreamReset):
                    return Ended(http, code, message, body, True)

    def _is_open(self, stream: int, events: list[h2.events.Event]) -> bool:
        closing = (h2.events.StreamReset, h2.events.StreamEnded, h2.events.ConnectionTerminated)
        return not any(isinstance(event, closing) for event in events)

    def _events(self) -> list[h2.events.Event]:
        data = self._socket.recv(1 << 16)
        if not data:
            return [h2.events.ConnectionTerminated()]
        events = self._h2.receive_data(data)
        self._flush()
        return events

    def _flush(self) -> None:
        self._socket.sendall(self._h2.data_to_send())
