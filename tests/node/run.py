"""Starts a server for each front and lets `@grpc/grpc-js` call them: `make test-node`."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.acceptance.server import Server

HERE = Path(__file__).parent
SECONDS_MAX = 300


def main() -> int:
    """The exit code of the tests."""
    with ExitStack() as servers:
        addresses = {}
        for front in ("native", "aio"):
            folder = Path(tempfile.mkdtemp(prefix="ba", dir="/tmp")).resolve()
            servers.callback(shutil.rmtree, folder)
            server = servers.enter_context(Server(folder, front=front))
            addresses[f"BELOFTE_TEST_{front.upper()}"] = f"127.0.0.1:{server.port}"
        command = ["node", "--test", "--test-concurrency=1", str(HERE / "conformance.test.mjs")]
        return subprocess.run(command, env={**os.environ, **addresses}, timeout=SECONDS_MAX, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
