"""An engine over a network that is split into shards, each with a sidecar of its own, and calls of its methods."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from belofte.v1 import inventory_service_pb2, reservation_service_pb2, sourcing_service_pb2, types_pb2

from engine.domain.clock import SystemClock
from engine.domain.ids import uuid7
from engine.domain.reasons import Refusal
from engine.inventory.shards import Shards
from engine.ledger.audit import Auditor, Report
from engine.network.records import Item, NetworkRecords
from tests.network.small_network import small_records
from tests.service.room import ADJUST, AVAILABILITY, RESERVATIONS, SOURCE, Room, opened
from tests.sidecars import RunningSidecar
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer

ITEMS = ("bolt", "lamp", "nut", "cup", "i1")
"""Of three shards each has some, and of two."""


def split_records(capacity: int | None = None, **changes: Any) -> NetworkRecords:
    """The small network with more items. `capacity`: orders a day at each location."""
    records = small_records(items=tuple(map(Item, ITEMS)), **changes)
    if capacity is None:
        return records
    locations = tuple(replace(each, capacity_per_day=capacity) for each in records.locations)
    return replace(records, locations=locations)


@dataclass
class SplitRoom:
    """A room and its calls."""

    room: Room
    shards: Shards
    url: str
    ledger_url: str
    partition: str = PARTITION

    def adjust(self, units: Mapping[str, int], location: str = "ams", request_id: str = "", **fields: Any) -> Any:
        """Put units of items there, all in one request."""
        records = [
            types_pb2.InventoryRecord(
                item_id=item, location_id=location, quantity=quantity, **{"kind": types_pb2.INVENTORY_KIND_ADJUST, **fields}
            ) for item, quantity in units.items()
        ]  # fmt: skip
        request = inventory_service_pb2.AdjustInventoryRequest(request_id=request_id or uuid7(), records=records)
        return self.ask(ADJUST, request, inventory_service_pb2.AdjustInventoryResponse)

    def source(self, units: Mapping[str, int], order_id: str = "", request_id: str = "") -> Any:
        """One order."""
        return self.ask(SOURCE, source_request(units, order_id, request_id), sourcing_service_pb2.SourceOrderResponse)

    def reserve(self, units: Mapping[str, int], reservation_id: str, seconds: int = 60, request_id: str = "") -> Any:
        """One reservation."""
        request = reservation_service_pb2.CreateReservationRequest(
            request_id=request_id or uuid7(), reservation_id=reservation_id, basket=basket(units)
        )
        request.time_to_live.seconds = seconds
        return self.ask(RESERVATIONS + "CreateReservation", request, reservation_service_pb2.CreateReservationResponse)

    def available(self, min_position: str = "") -> dict[str, tuple[int, int]]:
        """(on hand, promised) of each item over all locations."""
        request = inventory_service_pb2.GetAvailabilityRequest(
            item_ids=ITEMS, group_by=inventory_service_pb2.GROUP_BY_NETWORK, min_position=min_position
        )
        answer = self.ask(AVAILABILITY, request, inventory_service_pb2.GetAvailabilityResponse)
        assert not isinstance(answer, Refusal), answer
        return {each.item_id: (each.on_hand, each.allocated + each.reserved) for each in answer.availabilities}

    def ask(self, method: str, request: Any, kind: Any) -> Any:
        """The answer, or why it was refused."""
        answer = self.room.ask(method, request.SerializeToString())
        return answer if isinstance(answer, Refusal) else kind.FromString(answer)

    def audit(self) -> list[Report]:
        """Ledger against stores, shard by shard: all of them clean."""
        return audit(self.url, self.ledger_url, self.shards, self.partition)


def source_request(
    units: Mapping[str, int], order_id: str = "", request_id: str = ""
) -> sourcing_service_pb2.SourceOrderRequest:  # fmt: skip
    request_id = request_id or uuid7()
    order = types_pb2.Order(order_id=order_id or f"order-{request_id}", basket=basket(units))
    return sourcing_service_pb2.SourceOrderRequest(request_id=request_id, order=order)


def basket(units: Mapping[str, int]) -> types_pb2.Basket:
    """A basket with a line an item."""
    lines = [types_pb2.BasketLine(line_id=item, item_id=item, quantity=quantity) for item, quantity in units.items()]
    return types_pb2.Basket(lines=lines, destination=types_pb2.Destination(country_code="NL", postal_code="1012"))


def audit(url: str, ledger_url: str, shards: Shards, partition: str = PARTITION) -> list[Report]:
    reports = [
        Auditor(url, partition, ledger_url, SystemClock(), shard, shards).run() for shard in range(shards.count)
    ]  # fmt: skip
    for report in reports:
        assert report.is_clean, (report.differences, report.broken_at)
    return reports


@contextmanager
def sidecars(url: str, ledger_url: str, shards: Shards, partition: str = PARTITION) -> Iterator[list[RunningSidecar]]:
    """One a shard."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(RunningSidecar(url, ledger_url, 3, shard, shards, partition)) for shard in range(shards.count)
        ]


@contextmanager
def split(folder: Path, count: int, records: NetworkRecords | None = None, **settings: Any) -> Iterator[SplitRoom]:
    """A room over one store and a ledger of its own."""
    shards, ledger_url = Shards(count), f"sqlite:///{folder / 'ledger.sqlite3'}"
    with (
        ValkeyServer() as valkey,
        sidecars(valkey.url, ledger_url, shards),
        opened(valkey.url, ledger_url, folder, records or split_records(), shards=count, **settings) as room,
    ):
        yield SplitRoom(room, shards, valkey.url, ledger_url)
