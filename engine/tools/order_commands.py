"""Commands of one order, its story and its decisions made again; and of one customer, erased."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from belofte.v1 import types_pb2
from google.protobuf.json_format import MessageToDict
from rich.table import Table

from engine.service.settings import Settings
from engine.tools.plan_text import plan_rows
from engine.tools.terminal import EXIT_REFUSED, DataOption, JsonOption, err, fail, out, print_json, settings_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from engine.ledger.ledger import Ledger
    from engine.tools.replay import Replay

order_commands = typer.Typer()
# What a command needs is imported by it: each process of a server begins here.


@order_commands.command(epilog="Example: python server.py order o-1001 --data-dir data")
def order(order_id: str, data_dir: DataOption = None, json: JsonOption = False) -> None:
    """Tell one order's story: what was bought, where it comes from, and all that happened to it."""
    from engine.fulfilment.order_record import order_of
    from engine.service.record import events_of

    with _ledger(settings_of(data_dir=data_dir)) as (_, ledger):
        recorded = ledger.find_order(order_id)
        if not recorded:
            fail(f"the ledger has no order {order_id!r}", EXIT_REFUSED)
        found = order_of(recorded)
        events = events_of(ledger.find_order_events(order_id), order_id)
    if json:
        print_json({"order": _dict(found), "events": [_dict(event) for event in events]})
        return
    _print_order(found)
    table = Table("when (UTC)", "position", "what", "", title="What happened", title_justify="left")
    for event in events:
        name = types_pb2.EventType.Name(event.type).removeprefix("EVENT_TYPE_")
        table.add_row(_when(event.time), event.position, name, event.message)
    out.print(table)


@order_commands.command(epilog="Example: python server.py replay o-1001 --data-dir data")
def replay(order_id: str, data_dir: DataOption = None, json: JsonOption = False) -> None:
    """Make an order's decisions again, by the network and on the stock of then, and compare. Exit code 1: they differ.

    The ledger's entries are checked first, from the first one to the order's last.
    """
    from engine.tools.open_ledger import reading
    from engine.tools.replay import NoDecisionError, Replayer
    from engine.tools.stock_then import BrokenChainError

    # They are checked, then added up.
    with _ledger(settings_of(data_dir=data_dir)) as (database, ledger), reading(database, times=2) as told:
        try:
            decisions = Replayer(database, ledger, told).order(order_id)
        except (NoDecisionError, BrokenChainError) as error:
            fail(str(error), EXIT_REFUSED)
    is_equal = all(each.is_equal for each in decisions)
    if json:
        print_json({"order_id": order_id, "equal": is_equal, "decisions": [_shown(each) for each in decisions]})
    else:
        for each in decisions:
            _print_replay(each)
    raise typer.Exit(0 if is_equal else EXIT_REFUSED)


@order_commands.command(epilog="Example: python server.py erase customer-1001 --data-dir data")
def erase(customer_id: str, data_dir: DataOption = None, json: JsonOption = False) -> None:
    """Erase a customer: who they are and where they live go out of the ledger, what was sold to them stays.

    Exit code 1 where the ledger names no such customer.
    """
    from engine.domain.clock import SystemClock
    from engine.tools.erase import Eraser
    from engine.tools.open_ledger import reading

    with _ledger(settings_of(data_dir=data_dir)) as (database, _), reading(database, times=1) as told:
        count = Eraser(database, SystemClock().unix_ms(), told).erase(customer_id)
    if json:
        print_json({"entries": count})
    elif count:
        out.print(f"{count:,} entries no longer say who the customer is. Backups that were made before still do.")
    if not count:
        fail("the ledger names no such customer", EXIT_REFUSED)


@contextmanager
def _ledger(settings: Settings) -> Iterator[tuple["Engine", "Ledger"]]:
    from engine.tools.open_ledger import ledger_of, reader_of

    with ledger_of(settings) as database:
        ledger = reader_of(settings, database)
        try:
            yield database, ledger
        finally:
            ledger.close()


def _print_order(order: types_pb2.Order) -> None:
    state = types_pb2.OrderState.Name(order.state).removeprefix("ORDER_STATE_")
    out.print(f"[bold]Order {order.order_id}[/bold]  {state}, version {order.version}, of {_when(order.created_at)}")
    lines = Table("line", "item", "quantity", title="Lines", title_justify="left")
    for line in order.basket.lines:
        lines.add_row(line.line_id, line.item_id, f"{line.quantity:,}")
    out.print(lines)
    shipments = Table(
        "shipment", "state", "from", "by", "units", "there by (UTC)", "tracking", title="Shipments", title_justify="left"
    )
    for each in order.plan.shipments:
        shipments.add_row(
            each.shipment_id, types_pb2.ShipmentState.Name(each.state).removeprefix("SHIPMENT_STATE_"), each.location_id,
            each.carrier_service_id or "-", ", ".join(f"{line.quantity:,} of {line.item_id}" for line in each.lines),
            _when(each.delivery_latest), each.tracking_url or each.tracking_number or "-",
        )  # fmt: skip
    out.print(shipments)
    for short in order.plan.short_lines:
        out.print(f"Short: {short.short_quantity:,} of {short.item_id}, {short.reason}: {short.message}")


def _print_replay(each: "Replay") -> None:
    table = Table("", "recorded", "replayed", title=f"{each.method} at {each.position}", title_justify="left")
    recorded = plan_rows(each.recorded)
    replayed = plan_rows(each.replayed) if each.replayed is not None else {}
    for name in dict.fromkeys((*recorded, *replayed)):
        pair = recorded.get(name, "-"), replayed.get(name, "-")
        table.add_row(name, *pair, style="" if pair[0] == pair[1] else "red")
    out.print(table)
    for note in each.notes:
        err.print(f"Note: {note}", markup=False, highlight=False)
    if each.is_equal:
        out.print("Equal.")
    for difference in each.differences:
        out.print(difference, style="red", markup=False, highlight=False)


def _shown(each: "Replay") -> dict[str, Any]:
    return {
        "position": each.position, "method": each.method, "equal": each.is_equal, "differences": each.differences,
        "notes": each.notes, "recorded": _dict(each.recorded),
        "replayed": None if each.replayed is None else _dict(each.replayed),
    }  # fmt: skip


def _dict(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found


def _when(stamp: Any) -> str:
    return f"{stamp.ToDatetime():%Y-%m-%d %H:%M}" if stamp.seconds else "-"
