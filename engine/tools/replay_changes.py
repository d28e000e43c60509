"""Changes of an order decided again: what was declined or changed and sourced anew, and where a return goes.

The order is as its earlier entries leave it. Everything that an entry says of the order is compared, not its plan alone.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from belofte.v1 import ledger_entry_pb2, types_pb2
from google.protobuf.json_format import MessageToDict
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.pool import StaticPool

from engine.fulfilment.draft import Draft, OrderRecord
from engine.fulfilment.order_record import capacities_left, cell_of, is_held, order_left, returns_left
from engine.inventory.client import ordinal
from engine.inventory.gate import ORIGIN
from engine.inventory.live import LiveStock
from engine.inventory.transaction import Cell
from engine.ledger.insert import insert_rows
from engine.ledger.projection import Projected, project_pegs
from engine.ledger.recorder import replay
from engine.ledger.snapshots import sound
from engine.ledger.tables import order_entries, pegs
from engine.network.image import NetworkImage
from engine.service.life import Doing
from engine.service.life_methods import ORDER_METHODS, SOURCING_METHODS
from engine.service.order_write import Made
from engine.service.sweep import LAPSE_ACCEPTANCE, MINUTE_MS, offer_elsewhere

if TYPE_CHECKING:
    from engine.domain.clock import Clock
    from engine.service.handlers import Handlers

Entry = ledger_entry_pb2.LedgerEntry

METHODS = {each.name: each for each in (*ORDER_METHODS, *SOURCING_METHODS)}
DECIDING = ("DeclineShipmentLines", "ChangeOrder", "ReassignShipment", "CreateReturn", LAPSE_ACCEPTANCE)
"""Changes that choose where something comes from, or goes to. Others do what they are told."""

COMPARED = ("order", "returns", "events", "response", "order_capacities")
TIMINGS = ("solve_micros",)


class Limits(NamedTuple):
    """What one call may ask for: what was within a limit of the server then is not checked again."""

    nodes_max: int
    lines_max: int = 2**31 - 1


class EngineThen(NamedTuple):
    """What a change asks of the engine that decides it, as it was then."""

    image: NetworkImage
    limits: Limits
    clock: "Clock"

    def now_minute(self) -> int:
        """The minute that is decided for, as `Handlers.now_minute` has it."""
        return -(-self.clock.unix_ms() // MINUTE_MS)


def decide_change(
    entry: Entry, record: OrderRecord, image: NetworkImage, stock: LiveStock, node_budget: int, clock: "Clock"
) -> Entry:  # fmt: skip
    """What the change does to the order when it is decided again, as an entry has it. Raises `Refusal`."""
    engine = EngineThen(image, Limits(node_budget), clock)
    draft = Draft(record, image, entry.request_id, entry.decided_unix_ms)
    request, change = _asked(entry, image)
    made = change(Doing(cast("Handlers", engine), draft, request, stock, 1, tuple(record.returns.values())))
    draft.close(frees_capacity=made.frees_capacity)
    found = Entry(
        order=draft.order, returns=made.returns, events=draft.events, response=made.respond(draft.order).SerializeToString()
    )
    for location_id, day, quantity in draft.capacities:
        found.order_capacities.add(location_id=location_id, day=day, quantity_delta=quantity)
    return found


def _asked(entry: Entry, image: NetworkImage) -> tuple[Any, Callable[[Doing], Made]]:
    if entry.method != LAPSE_ACCEPTANCE:
        method = METHODS[entry.method]
        return method.request_kind.FromString(entry.request), method.change
    # Nobody asked for it: the events say whose time was up.
    place = next(each.location_id for each in entry.events if each.type == types_pb2.EVENT_TYPE_SHIPMENT_DECLINED)
    minutes = image.locations[image.location_index[place]].accept_minutes or 0
    before = entry.decided_unix_ms - minutes * MINUTE_MS
    return None, lambda doing: offer_elsewhere(doing, place, before)


def record_before(database: Engine, earlier: Sequence[tuple[str, Entry]], position: str) -> OrderRecord:
    """The order as it was before the entry at a position: of its entries until then, (position, entry) each."""
    messages = [message for _, message in earlier]
    order = order_left(messages)
    units: dict[Cell, int] = {}
    for shipment in order.plan.shipments:
        for line in shipment.lines if is_held(shipment) else ():
            cell = cell_of(shipment, line)
            units[cell] = units.get(cell, 0) + line.quantity
    if any(cell.receipt_id for cell in units):
        units = units_then(database, order.order_id, units, position)
    return OrderRecord(order, units, capacities_left(messages), earlier[-1][0], returns_left(messages))


def units_then(database: Engine, order_id: str, planned: dict[Cell, int], position: str) -> dict[Cell, int]:
    """Units of an order by position, before an entry: those of receipts that have come in by then are on hand.

    Who has units of a receipt that comes in is told by all who were promised some of it, so these are followed as well.
    """
    epoch, sequence = ordinal(position)
    before = f"{epoch}-{sequence - 1}"
    receipts = {(cell.item_id, cell.location_id, cell.receipt_id) for cell in planned if cell.receipt_id}
    memory = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with memory.begin() as connection:
            pegs.create(connection)
            order_entries.create(connection)
            with database.connect() as reading:
                begun, content = next(sound(reading, before), (None, None))
            if content is not None and content["pegs"]:
                insert_rows(connection, pegs, [tuple(row) for row in content["pegs"]])
            for each in replay(database, ORIGIN if begun is None else begun.position, before):
                message = Entry.FromString(each.entry)
                if message.order_id == order_id or _touches(message, receipts):
                    at_epoch, at_sequence = ordinal(each.position)
                    project_pegs(connection, Projected(at_epoch, at_sequence, each.created_id, message))
            rows = connection.execute(select(pegs).where(pegs.c.order_id == order_id)).all()
        return {Cell(row.item_id, row.location_id, row.receipt_id, row.pool): row.quantity for row in rows}
    finally:
        memory.dispose()


def _touches(message: Entry, receipts: set[tuple[str, str, str]]) -> bool:
    effects: tuple[Any, ...] = (*message.positions, *message.pegs, *message.moves)
    return any((each.item_id, each.location_id, each.receipt_id) in receipts for each in effects)


def shown(entry: Entry, response_kind: Any) -> dict[str, Any]:
    """What is compared of an entry, without timings."""
    found: dict[str, Any] = MessageToDict(entry, preserving_proto_field_name=True)
    found = {name: found[name] for name in COMPARED if name in found}
    if response_kind is not None:
        found["response"] = MessageToDict(response_kind.FromString(entry.response), preserving_proto_field_name=True)
    timeless: dict[str, Any] = _without_timings(found)
    return timeless


def response_kind(method: str) -> Any:
    """The message that a change is answered with; None: it was not asked for."""
    return METHODS[method].response_kind if method in METHODS else None


def _without_timings(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _without_timings(each) for name, each in found.items() if name not in TIMINGS}
    return [_without_timings(each) for each in found] if isinstance(found, list) else found
