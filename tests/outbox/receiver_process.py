"""A receiver of webhooks, as a process of its own; it needs nothing but Python, so that it is there at once.

What it does with a request stands in the file `mode`, read at each: ok; fail (500); hang (no answer); mixed (any of these, and
answers that come too late, by chance); refuse:ORDER (500 for events of one order); a status. What it takes, it notes before it
answers.
"""

import base64
import json
import os
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LATE_SECONDS = 1.3
"""Longer than subscribers of tests wait."""


def serve(port: int, folder: Path) -> None:
    """Until it is killed."""
    chance, lock = random.Random(port), threading.Lock()
    note = os.open(folder / "taken", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # Its sender was killed as it sent: no receiver takes half a request.
                self.close_connection = True
                return
            mode = (folder / "mode").read_text()
            if mode == "mixed":
                with lock:
                    mode = chance.choices(["ok", "fail", "hang", "late", "lost"], [64, 25, 3, 3, 5])[0]
            if mode.startswith("refuse:"):
                mode = "fail" if json.loads(body)["subject"] == mode.removeprefix("refuse:") else "ok"
            if mode == "hang":
                time.sleep(LATE_SECONDS)
                self.close_connection = True
                return
            if mode == "late":
                time.sleep(LATE_SECONDS)
            if mode.isdigit():
                self.answer(int(mode))
            elif mode == "fail":
                self.answer(500)
            else:
                headers = {name.lower(): value for name, value in self.headers.items()}
                line = {"headers": headers, "path": self.path, "body": base64.b64encode(body).decode()}
                os.write(note, json.dumps(line).encode() + b"\n")
                if mode == "lost":
                    self.close_connection = True  # taken, and the answer never comes
                    return
                self.answer(204)

        def answer(self, status: int) -> None:
            try:
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing."""

    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
