"""The sidecar's process of the crash test, as `server.py ledger` runs it.

crash_sidecar.py REDIS_URL LEDGER_URL PARTITION [SHARD SHARDS]
"""

import sys

from engine.domain.clock import SystemClock
from engine.inventory.shards import Shards
from engine.ledger.lease import Lease
from engine.ledger.sidecar import Sidecar


def main(redis_url: str, ledger_url: str, partition: str, shard: str = "0", shards: str = "1") -> None:
    """Record until killed."""
    lease = Lease(ledger_url, int(shard))
    lease.wait(lambda: False)
    sidecar = Sidecar(redis_url, partition, ledger_url, SystemClock(), lambda: 1, int(shard), Shards(int(shards)))
    sidecar.run(lambda: print("open", flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
