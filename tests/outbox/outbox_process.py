"""The outbox as a process of its own, to be killed: as `server.py outbox` runs it, but that it does not wait for long."""

import sys
from pathlib import Path

from engine.domain.clock import SystemClock
from engine.outbox.courier import Backoff
from engine.outbox.outbox import Outbox
from engine.outbox.subscribers import read_subscribers

if __name__ == "__main__":
    subscribers = read_subscribers(Path(sys.argv[2]))
    Outbox(sys.argv[1], "urn:belofte:test", subscribers, SystemClock(), Backoff(0.02, 0.2)).run(lambda: None)
