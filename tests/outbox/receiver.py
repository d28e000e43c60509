"""A receiver of webhooks for a test: its process, which can be killed, and what it has taken, verified as receivers do."""

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.sidecars import wait_until

SECRET = bytes(range(32))
PROCESS = Path(__file__).with_name("receiver_process.py")


class Receiver:
    """The process, and what it has taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.mode("ok")

    def __enter__(self) -> "Receiver":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?from=belofte"

    def mode(self, text: str) -> None:
        fresh = self.folder / "mode.new"
        fresh.write_text(text)
        fresh.rename(self.folder / "mode")

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, str(PROCESS), str(self.port), str(self.folder)])

        def answers() -> bool:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                return False
            return True

        wait_until(answers)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def taken(self) -> list[dict[str, Any]]:
        """What was taken, in order: headers, body and the event in it."""
        path = self.folder / "taken"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        found = []
        for line in lines:
            if line.endswith("\n"):
                note = json.loads(line)
                note["body"] = base64.b64decode(note["body"])
                note["event"] = json.loads(note["body"])
                found.append(note)
        return found

    def taken_ids(self) -> list[str]:
        return [note["event"]["id"] for note in self.taken()]


def verify(note: dict[str, Any], secret: bytes = SECRET) -> None:
    """As the specification tells a receiver to: written without the sender's code."""
    headers = note["headers"]
    signed = b"%s.%s.%s" % (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), note["body"])
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    versions = [each.split(",", 1) for each in headers["webhook-signature"].split(" ")]
    assert ["v1", expected] in versions, headers
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300
    assert "." not in headers["webhook-id"]
