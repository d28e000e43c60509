"""Webhooks of a whole server: what was sourced is told to a receiver, and the command line says how far it has come."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.acceptance.asking import source, stocked
from tests.acceptance.server import ROOT, Server, wait_for
from tests.outbox.receiver import SECRET, Receiver, verify

DELIVERED_SECONDS_MAX = 20.0


def command(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command on the data of a server."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("BELOFTE_")}
    command = [sys.executable, str(ROOT / "server.py"), *arguments, "--data-dir", str(folder / "data")]
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=60, check=False)


def test_a_server_tells_its_subscribers_and_goes_on_after_its_outbox_was_killed(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "webhooks.toml"
    with Receiver(tmp_path) as receiver:
        path.write_text(
            f'[erp]\nurl = "{receiver.url}"\nsecret = "whsec_{base64.b64encode(SECRET).decode()}"\ntypes = ["ORDER_SOURCED"]\n'
        )
        with Server(folder, webhooks=str(path)) as server:
            item = stocked(server, A=9)
            first = source(server, (item, 3))
            wait_for(lambda: len(receiver.taken()) == 1, DELIVERED_SECONDS_MAX)
            outbox = server.kill_child("outbox")
            second = source(server, (item, 2))
            wait_for(lambda: server.child("outbox") not in (None, outbox), DELIVERED_SECONDS_MAX)
            wait_for(lambda: {note["event"]["subject"] for note in receiver.taken()} == {first.order_id, second.order_id}, 20)
            wait_for(lambda: standing(folder)["position"] == second.position, DELIVERED_SECONDS_MAX)
            assert server.terminate() == 0
        for note in receiver.taken():
            verify(note)
            assert note["event"]["source"] == "urn:belofte:belofte"
            assert [each["location_id"] for each in note["event"]["data"]["shipments"]] == ["A"]
    assert standing(folder) == {"name": "erp", "position": second.position, "waiting": 0, "dead": 0}
    assert command(folder, "dead-letters").stdout == "No event was given up.\n"
    refused = command(folder, "resend", "erp")
    assert (refused.returncode, "no such event was given up" in refused.stderr) == (1, True)


def standing(folder: Path) -> dict[str, object]:
    done = command(folder, "webhooks", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["subscribers"]
    return found
