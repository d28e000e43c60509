"""What `make demo` shows: one basket promised, the same basket's order sourced, and what the ledger keeps of it."""

import statistics
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import grpc
from belofte.v1 import (
    network_service_pb2,
    network_service_pb2_grpc,
    order_service_pb2,
    order_service_pb2_grpc,
    promise_service_pb2,
    promise_service_pb2_grpc,
    sourcing_service_pb2,
    sourcing_service_pb2_grpc,
    types_pb2,
)
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table

from engine.domain.ids import uuid7
from engine.service.words import local_text, money_text

CALL_SECONDS_MAX = 10.0
DESTINATION = types_pb2.Destination(country_code="NL", postal_code="3512 JE")
EURO = 1_000_000
LINES = (
    ("1", "SNK-12-WHITE-39", 1, 80 * EURO), ("2", "BOT-14-BLUE-45", 1, 130 * EURO), ("3", "SND-04-BLUE-45", 1, 50 * EURO),
)  # fmt: skip
STORE = "STORE-UTRECHT"
QUOTES_AGAIN = 200
BAR_LENGTH = 30


def show(address: str, console: Console, now: datetime) -> None:
    """Ask the server at `address`, and print its answers for a person."""
    with grpc.insecure_channel(address) as channel:
        network = network_service_pb2_grpc.NetworkServiceStub(channel).GetNetwork(
            network_service_pb2.GetNetworkRequest(), timeout=CALL_SECONDS_MAX
        ).network  # fmt: skip
        zone = ZoneInfo(network.time_zone)
        console.print(_network_panel(network))
        basket = demo_basket()
        ask = promise_service_pb2_grpc.PromiseServiceStub(channel).QuotePromise
        asked = promise_service_pb2.QuotePromiseRequest(basket=basket)
        quote = ask(asked, timeout=CALL_SECONDS_MAX)
        console.print(_quote_panel(basket, quote, zone))
        console.print(_frontier_panel(quote, zone))
        collected = promise_service_pb2.QuotePromiseRequest(basket=demo_collection())
        console.print(_collection_panel(ask(collected, timeout=CALL_SECONDS_MAX), zone))
        # Before the order takes the last of an item, which would be another question.
        again = [solve_micros(ask(asked, timeout=CALL_SECONDS_MAX)) for _ in range(QUOTES_AGAIN)]
        request = sourcing_service_pb2.SourceOrderRequest(
            request_id=uuid7(int(now.timestamp() * 1000)), order=types_pb2.Order(order_id="DEMO-1", basket=basket)
        )
        order = sourcing_service_pb2_grpc.SourcingServiceStub(channel).SourceOrder(request, timeout=CALL_SECONDS_MAX)
        events = order_service_pb2_grpc.OrderServiceStub(channel).ListOrderEvents(
            order_service_pb2.ListOrderEventsRequest(order_id="DEMO-1"), timeout=CALL_SECONDS_MAX
        )
        console.print(_order_panel(order, events, zone))
        console.print(_timing_panel(solve_micros(quote), order.plan.certificate.solve_micros, again))


def demo_basket() -> types_pb2.Basket:
    """Sneakers, boots and sandals, to Utrecht."""
    lines = [
        types_pb2.BasketLine(line_id=line_id, item_id=item, quantity=units, unit_price_micros=price)
        for line_id, item, units, price in LINES
    ]
    return types_pb2.Basket(lines=lines, destination=DESTINATION, channel="web")


def demo_collection() -> types_pb2.Basket:
    """Sneakers and boots, collected in a store."""
    basket = demo_basket()
    basket.ClearField("destination")
    del basket.lines[2:]
    for line in basket.lines:
        line.delivery_method, line.pickup_location_id = types_pb2.DELIVERY_METHOD_PICKUP, STORE
    return basket


def _network_panel(network: network_service_pb2.Network) -> Panel:
    text = (
        f"[bold]{network.name}[/bold]: {network.location_count} locations, {network.item_count:,} items, "
        f"{network.carrier_service_count} carrier services, policies {', '.join(network.policy_ids)}\n"
        f"image {network.network_version[:16]}, {network.currency}, {network.time_zone}, {network.horizon_days} days ahead"
    )
    return Panel(text, title="The network", title_align="left")


def _quote_panel(
    basket: types_pb2.Basket, quote: promise_service_pb2.QuotePromiseResponse, zone: ZoneInfo
) -> Panel:  # fmt: skip
    wanted = ", ".join(f"{line.quantity} × {line.item_id}" for line in basket.lines)
    table = Table(box=None, padding=(0, 1))
    for heading in ("option", "cost", "fee", "there by", "from", "by", "order before", "proof"):
        table.add_column(heading, justify="right" if heading in ("cost", "fee") else "left", no_wrap=True)
    for option in quote.options:
        shipments = option.plan.shipments
        table.add_row(
            str(option.rank), money_text(option.cost_micros, quote.currency),
            money_text(option.fee_micros, quote.currency) if option.fee_micros else "free",
            "\n".join(_due(s.delivery_latest, zone) for s in shipments), "\n".join(s.location_id for s in shipments),
            "\n".join(s.carrier_service_id or "collected" for s in shipments), _due(option.order_by, zone),
            _proof(option.plan.certificate),
        )  # fmt: skip
    short = [f"{line.short_quantity} × {line.item_id} cannot be had: {line.message}" for line in quote.unavailable]
    return Panel(
        Group(f"{wanted} to {basket.destination.postal_code}", table, *short), title="A basket, promised", title_align="left"
    )


def _frontier_panel(quote: promise_service_pb2.QuotePromiseResponse, zone: ZoneInfo) -> Panel:
    """What each day sooner costs: a bar a date, as long as its cost, and in words against the cheapest."""
    table = Table(box=None, padding=(0, 1))
    for heading in ("all of it there by", "costs at the least", "", "which is"):
        table.add_column(heading, justify="right" if "cost" in heading else "left", no_wrap=True)
    dearest = max((point.cost_micros for point in quote.frontier), default=0)
    for point in quote.frontier:
        table.add_row(
            _due(point.delivery_latest, zone), money_text(point.cost_micros, quote.currency),
            "█" * round(BAR_LENGTH * point.cost_micros / max(1, dearest)), _traded(point, quote, zone),
        )  # fmt: skip
    return Panel(table, title="Sooner costs more: every date that pays", title_align="left")


def _traded(point: promise_service_pb2.FrontierPoint, quote: promise_service_pb2.QuotePromiseResponse, zone: ZoneInfo) -> str:
    """A point against the cheapest, which comes last: how much sooner, for how much more."""
    cheapest = quote.frontier[-1]
    days = [point.delivery_latest.ToDatetime(UTC).astimezone(zone).date() for point in (point, cheapest)]
    named = f"option {point.option_rank}, " if point.option_rank else ""
    if point == cheapest:
        return f"{named}the cheapest"
    sooner = (days[1] - days[0]).days
    more = money_text(point.cost_micros - cheapest.cost_micros, quote.currency)
    return (
        f"{named}{sooner} day{'s' * (sooner != 1)} sooner for {more} more" if sooner else f"{named}hours sooner for {more} more"
    )


def _collection_panel(quote: promise_service_pb2.QuotePromiseResponse, zone: ZoneInfo) -> Panel:
    """What is in the store, and what a truck brings there, by when the customer may come."""
    table = Table(box=None, padding=(0, 1))
    for heading in ("lines", "from", "on the truck by", "in the store by", "to be collected from"):
        table.add_column(heading, no_wrap=True)
    for option in quote.options[:1]:
        for s in option.plan.shipments:
            lines = "\n".join(f"{line.quantity} × {line.item_id}" for line in s.lines)
            by_truck = (_due(s.handover_by, zone), _due(s.via_by, zone)) if s.via_location_id else ("", "is there")
            table.add_row(lines, s.location_id, *by_truck, _due(s.delivery_latest, zone))
        table.add_row("[bold]all of it[/bold]", STORE, "", "", f"[bold]{_due(option.delivery_latest, zone)}[/bold]")
    return Panel(table, title="Sneakers and boots, collected in a store", title_align="left")


def _order_panel(
    order: sourcing_service_pb2.SourceOrderResponse, events: order_service_pb2.ListOrderEventsResponse, zone: ZoneInfo
) -> Panel:
    shipments = Table(box=None, padding=(0, 1))
    for heading in ("shipment", "from", "by", "lines", "hand over by", "there by", "cost"):
        shipments.add_column(heading, justify="right" if heading == "cost" else "left", no_wrap=True)
    for s in order.plan.shipments:
        lines = "\n".join(f"{line.quantity} × {line.item_id}" for line in s.lines)
        shipments.add_row(
            s.shipment_id, s.location_id, s.carrier_service_id, lines, _due(s.handover_by, zone),
            _due(s.delivery_latest, zone), money_text(s.cost.total_micros, order.currency),
        )  # fmt: skip
    terms = Table(box=None, padding=(0, 1))
    for heading in ("cost term", "raw", "weight", "weighted"):
        terms.add_column(heading, justify="left" if heading == "cost term" else "right")
    for term in order.plan.cost.terms:
        raw, weighted = money_text(term.raw_micros, order.currency), money_text(term.weighted_micros, order.currency)
        terms.add_row(term.term, raw, f"{term.weight:g}", weighted)
    terms.add_row("[bold]total[/bold]", "", "", f"[bold]{money_text(order.plan.cost.total_micros, order.currency)}[/bold]")
    told = "\n".join(
        f"{event.position}  {_due(event.time, zone)}  {types_pb2.EventType.Name(event.type).removeprefix('EVENT_TYPE_')}: "
        f"{event.message}"
        for event in events.events
    )
    c = order.plan.certificate
    proof = (
        f"Certificate: {_proof(c)}, objective {money_text(c.objective_micros, order.currency)}, lower bound "
        f"{money_text(c.lower_bound_micros, order.currency)}, {c.candidates} candidates, {c.nodes} nodes"
    )
    ledger = f"Ledger, at {order.position}:\n{told}"
    return Panel(
        Group(shipments, "", terms, "", proof, "", ledger), title=f"Order {order.order_id}, sourced", title_align="left"
    )


def solve_micros(quote: promise_service_pb2.QuotePromiseResponse) -> int:
    """Microseconds that deciding on all options took."""
    return quote.options[0].plan.certificate.solve_micros


def _timing_panel(first: int, order: int, again: list[int]) -> Panel:
    text = (
        f"deciding took {first:,} µs for the first quote and {order:,} µs for the order; "
        f"asked {len(again)} times more, {statistics.median(again):,.0f} µs a quote in the middle"
    )
    return Panel(text, title="Timing", title_align="left")


def _proof(certificate: types_pb2.Certificate) -> str:
    return types_pb2.CertificateStatus.Name(certificate.status).removeprefix("CERTIFICATE_STATUS_").lower()


def _due(stamp: Timestamp, zone: ZoneInfo) -> str:
    return local_text(stamp.seconds, zone)
