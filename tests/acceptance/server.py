"""A real server for acceptance tests: `server.py serve` on a network written by hand, called over gRPC, ended by its pid."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
import psutil
from belofte.v1 import (
    inventory_service_pb2_grpc,
    network_service_pb2_grpc,
    order_service_pb2_grpc,
    promise_service_pb2_grpc,
    reservation_service_pb2_grpc,
    sourcing_service_pb2_grpc,
)

from engine.inventory.arena import remove_arena
from engine.service.arena_place import arena_path

ROOT = Path(__file__).parent.parent.parent
START_SECONDS_MAX = 1_400.0
"""The first start on a machine compiles the kernels."""

STOP_SECONDS_MAX = 60.0
CONNECT_SECONDS_MAX = 5.0
CHANNEL_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1),
]  # fmt: skip
"""A server that comes back is found at once; one test's connection is never another's."""

ITEM_COUNT, FUZZED_ITEM_COUNT, RULED_ITEM_COUNT = 3_000, 40, 20
"""Besides a few by name: items of no class, those of fuzzed calls, those that may be backordered or fall under rules."""

LOCATIONS = """\
location_id,kind,country_code,postal_code,time_zone,calendar_id,cutoff,ships,pickup,status,priority
A,DC,NL,1012,,,,,,,
B,DC,NL,1012,,,,,,,
X,DC,NL,1012,,,,,,,
Y,DC,NL,1012,,,,,,,
Z,DC,NL,1012,,,,,true,,
eu-1,DC,NL,1012,,,,,,,1
eu-2,DC,NL,1012,,,,,,,2
off,DC,NL,1012,,,,,,DISABLED,
week,DC,NL,1012,,WEEK,17:00,,,,
new-york,DC,US,10001,America/New_York,WEEK-US,15:00,,,,
store,STORE,NL,1012,,,,false,true,,
corner,STORE,NL,1012,,SHOP,,false,true,,
hub,DC,NL,1012,,,,,,,
"""
"""A, B, X, Y and Z are alike in everything, but that Z hands over to customers too; eu-1 comes before eu-2; `week` and
`new-york` have cutoffs and closed days; lanes lead to `corner`
and `hub` alone."""

HORIZON_DAYS = 3_650
"""The longest there is: tests of dates ask for days of 2030."""

WORKDAYS = ("MON", "TUE", "WED", "THU", "FRI")

NETWORK: Mapping[str, str] = {
    "network.toml": 'name = "acceptance"\ncurrency = "EUR"\ncountry_code = "NL"\ntime_zone = "Europe/Amsterdam"\n'
    f"horizon_days = {HORIZON_DAYS}\n",
    "policy.toml": (
        "[policy.cost]\nsplit_micros = 1000000\n\n"
        '[policy.priority]\norder_by = "PRIORITY"\n\n'
        "[policy.abroad]\ninternational = true\n\n"
        '[policy.patient]\ndeclined_lines = "BACKORDER"\n\n'
        "[policy.late]\nsplit_micros = 1000000\nlate_micros_per_day = 1000000\nshort_micros = 100000000\n\n"
        "[policy.part]\nshort_micros = 100000000\n\n[policy.near]\nnearest_postal_area = true\n\n"
        "[policy.paid]\nfees = {STANDARD = 4950000, PICKUP = 1000000, SHIP_TO_STORE = 2000000, DIGITAL = 3000000}\n"
    ),
    "postal_areas.csv": (
        "country_code,postal_from,postal_to,latitude,longitude\nNL,1000,1099,52.37,4.89\nUS,10000,10099,40.75,-73.99\n"
    ),
    "calendars.csv": (
        "calendar_id,day,open,close\n"
        + "".join(f"WEEK,{day},08:00,18:00\nWEEK-US,{day},08:00,18:00\n" for day in WORKDAYS)
        + "".join(f"DELIVERY,{day},09:00,21:00\n" for day in (*WORKDAYS, "SAT"))
        + "".join(f"SHOP,{day},10:00,18:00\nTRUCK,{day},00:00,24:00\n" for day in WORKDAYS)
        + "SHOP,SAT,12:00,16:00\nWEEK,holidays NL,,\nWEEK-US,holidays US,,\nTRUCK,holidays NL,,\n"
    ),
    "locations.csv": LOCATIONS,
    "items.csv": (
        "item_id,weight_grams,item_class,ship_alone,components\nflagged,100,,,\nkept,100,,,\nfew,100,,,\nscarce,100,,,\nstone,4000000,,,\n"
        "leg,100,,,\ntop,100,,,\nboard,100,,,\ntable,,,,leg:4;top:1\nbench,,,,leg:4;board:1\nset,,,,table:1;bench:2\n"
        "sofa,100,whole,true,\ncup,100,whole,,\n"
        + "".join(f"late{n},100,,,\nruled{n},100,ruled,,\n" for n in range(RULED_ITEM_COUNT))
        + "".join(f"f{n},100,,,\n" for n in range(FUZZED_ITEM_COUNT))
        + "".join(f"i{n},100,,,\n" for n in range(ITEM_COUNT))
    ),
    "safety_stock.csv": "item_id,location_id,quantity\nkept,A,50\nfew,A,3\nfew,B,4\nscarce,A,50\n",
    "backorders.csv": (
        "item_id,location_id,quantity,lead_time_days\n" + "".join(f"late{n},,10,{n}\n" for n in range(RULED_ITEM_COUNT))
    ),
    "availability_rules.csv": (
        "scenario_id,item_class,location_id,country_code,channel,from,until,available,safety_stock,buffer_percent,inbound,"
        "pickup_reserve\n"
        ",ruled,,,market,,,,,20,,\n,ruled,B,,market,,,false,,,,\n,ruled,Z,,,,,,,,,2\n"
        ",ruled,X,,,2020-01-01,2020-12-31,false,,,,\n"
        "on-hand,ruled,,,,,,,,,false,\nabroad,ruled,,NL,,,,false,,,,\nlean,ruled,,,,,,,7,,,\n"
    ),
    "transfers.csv": (
        "from_location_id,to_location_id,transit_days,calendar_id,departure,cost_micros,unit_cost_micros,arrival\n"
        "A,corner,1,TRUCK,20:00,2000000,100000,\nB,corner,2,TRUCK,12:00,500000,0,14:00\n"
        "A,hub,1,TRUCK,20:00,100000,0,\nB,hub,0,TRUCK,12:00,200000,0,\n"
    ),
    "carrier_services.csv": (
        "carrier_service_id,service_level,pickup_time,delivery_calendar_id\nPOST,STANDARD,18:00,DELIVERY\n"
    ),
    "zones.csv": (
        "carrier_service_id,origin_location_id,destination_country,zone,transit_days\nPOST,,NL,home,1\nPOST,new-york,NL,far,3\n"
    ),
    "tariffs.csv": (
        "carrier_service_id,zone,max_weight_grams,price_micros\nPOST,home,100000000,4950000\nPOST,far,100000000,19950000\n"
    ),
    "inventory.csv": "item_id,location_id,quantity,status\nflagged,A,100,OUT_OF_STOCK\nflagged,B,7,AVAILABLE\n",
}  # fmt: skip


class Server:
    """`server.py serve` on a folder of its own. It can be killed and started again on the same data."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """`folder` is made and filled when missing; nothing is started yet. `settings` are those of the server."""
        self.folder = folder
        self.port = 0
        # On a machine that is busy with something else what is asked at once may wait for long.
        settings.setdefault("wait_ms_max", "30000")
        settings.setdefault("front", os.environ.get("TEST_FRONT", "auto"))
        self._settings = {f"BELOFTE_{name.upper()}": value for name, value in settings.items()}
        self._items = iter(range(ITEM_COUNT))
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: set[psutil.Process] = set()
        self._channel: grpc.Channel | None = None
        network = folder / "network"
        network.mkdir(parents=True, exist_ok=True)
        for name, text in NETWORK.items():
            (network / name).write_text(text, "utf-8")

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        assert self._process is not None
        return self._process.pid

    def item(self) -> str:
        """An item that no other test of this server has, with nothing in stock."""
        return f"i{next(self._items)}"

    def start(self) -> None:
        """Start it and wait for the address it prints."""
        self.launch()
        self.await_address(START_SECONDS_MAX)

    def await_address(self, seconds_max: float) -> None:
        """Wait for the address that a launched server prints."""
        process = self._process
        assert process is not None
        printed = self.folder / "out"
        found: list[str] = []

        def has_printed() -> bool:
            assert process.poll() is None, f"ended with {process.returncode}:\n{self.log_text()[-4_000:]}"
            found[:] = re.findall(r"Belofte serves on 127\.0\.0\.1:(\d+)", printed.read_text())
            return bool(found)

        wait_for(has_printed, seconds_max)
        self.port = int(found[0])
        self.descendants()

    def launch(self, *options: str) -> "subprocess.Popen[bytes]":
        """Start it without waiting; `options` are added to the command line."""
        assert self._process is None
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith("BELOFTE_") or name == "BELOFTE_CACHE"
        }
        variables.update(self._settings, COLUMNS="200", BELOFTE_LOG_FORMAT="json")
        command = [
            sys.executable, str(ROOT / "server.py"), "serve", "--network", str(self.folder / "network"),
            "--data-dir", str(self.folder / "data"), "--port", "0", *options,
        ]  # fmt: skip
        with (self.folder / "out").open("wb") as out, (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, env=variables, stdout=out, stderr=log)
        return self._process

    def terminate(self, while_stopping: Callable[[], None] = lambda: None) -> int:
        """SIGTERM; the exit code. Fails where a process of it is left. Calls may be in hand: `while_stopping` awaits them."""
        descendants = self.descendants()
        assert self._process is not None
        self._process.terminate()
        while_stopping()
        code = self._process.wait(STOP_SECONDS_MAX)
        self._process = None
        self.disconnect()
        assert gone(descendants), descendants
        return code

    def kill(self) -> None:
        """SIGKILL to the supervisor alone, as a person or the kernel would; it is waited for, its children are not."""
        self.disconnect()
        self.descendants()
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_SECONDS_MAX)
        self._process = None

    def end(self) -> None:
        """Whatever state it is in, nothing is left of it."""
        self.disconnect()
        if self._process is not None:
            if self._process.poll() is None:
                self.descendants()
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS_MAX)
            self._process.kill()
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None
        for process in self._seen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        # A server that was killed leaves it to the next one.
        remove_arena(arena_path(self.folder / "data"))

    def descendants(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        found: list[psutil.Process] = psutil.Process(self.pid).children(recursive=True)
        self._seen.update(found)
        return found

    def child(self, name: str) -> psutil.Process | None:
        """The running `engine`, `ledger` or `valkey`; None where there is none right now."""
        for process in self.descendants():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                command = process.cmdline()
                if name == "valkey" and "valkey" in Path(command[0]).name:
                    return process
                if command[-1:] == [name] and process.status() != psutil.STATUS_ZOMBIE:
                    return process
        return None

    def kill_child(self, name: str) -> psutil.Process:
        """SIGKILL to one child, by its pid."""
        process = self.child(name)
        assert process is not None, f"no {name} runs"
        process.kill()
        return process

    def log_text(self) -> str:
        """All that supervisor and children have logged."""
        return (self.folder / "log").read_text(errors="replace")

    def logs(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one event."""
        lines = (line for line in self.log_text().splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n"))
        return [line for line in map(json.loads, lines) if line["event"] == event]

    # -- calls

    @property
    def channel(self) -> grpc.Channel:
        """A connection, kept until the server is stopped."""
        if self._channel is None:
            self._channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", CHANNEL_OPTIONS)
            # On a busy machine a first attempt may be broken off; a test may also be about a server that is gone.
            with contextlib.suppress(grpc.FutureTimeoutError):
                grpc.channel_ready_future(self._channel).result(CONNECT_SECONDS_MAX)
        return self._channel

    def disconnect(self) -> None:
        """Close the connection; the next call opens another."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    @property
    def promise(self) -> "promise_service_pb2_grpc.PromiseServiceStub":
        """PromiseService."""
        return promise_service_pb2_grpc.PromiseServiceStub(self.channel)

    @property
    def sourcing(self) -> "sourcing_service_pb2_grpc.SourcingServiceStub":
        """SourcingService."""
        return sourcing_service_pb2_grpc.SourcingServiceStub(self.channel)

    @property
    def reservation(self) -> "reservation_service_pb2_grpc.ReservationServiceStub":
        """ReservationService."""
        return reservation_service_pb2_grpc.ReservationServiceStub(self.channel)

    @property
    def inventory(self) -> "inventory_service_pb2_grpc.InventoryServiceStub":
        """InventoryService."""
        return inventory_service_pb2_grpc.InventoryServiceStub(self.channel)

    @property
    def order(self) -> "order_service_pb2_grpc.OrderServiceStub":
        """OrderService."""
        return order_service_pb2_grpc.OrderServiceStub(self.channel)

    @property
    def network(self) -> "network_service_pb2_grpc.NetworkServiceStub":
        """NetworkService."""
        return network_service_pb2_grpc.NetworkServiceStub(self.channel)


def wait_for(condition: Callable[[], bool], seconds_max: float) -> None:
    """Wait until a condition holds, or fail."""
    until = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < until, f"not within {seconds_max} s"
        time.sleep(0.02)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more; one that nobody has waited for does not run."""
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


@contextlib.contextmanager
def server_with(folder: Path, policy: str, **settings: str) -> Iterator[Server]:
    """A server whose network has one more policy, which has met no fault afterwards."""
    server = Server(folder, **settings)
    policies = folder / "network" / "policy.toml"
    policies.write_text(policies.read_text("utf-8") + "\n" + policy, "utf-8")
    with server as running:
        yield running
        assert running.logs("a fault of the engine") == []
