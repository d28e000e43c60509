"""ListOrders at the door."""

import re
from typing import TYPE_CHECKING

from belofte.v1 import order_service_pb2, types_pb2

from engine.domain.life import OrderState, ShipmentState
from engine.fulfilment.line_units import ratios_of, units_by_state
from engine.ledger.order_list import OrderFilter, Place
from engine.service.desk import Call
from engine.service.feed_rows import ms_of
from engine.service.fields import (
    NAME_LENGTH_MAX,
    Violations,
    check_count,
    check_range,
    check_text,
    index_of_item,
    indexes_of,
    minute_of,
    parse,
)

if TYPE_CHECKING:
    from engine.service.handlers import Handlers

PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX = 100, 1_000
FILTERS_MAX = 100
_TOKEN = re.compile(r"(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})\Z")


def list_orders(h: "Handlers", call: Call) -> bytes:
    """ListOrders."""
    request = parse(order_service_pb2.ListOrdersRequest, call.message)
    wrong = Violations()
    check_range(request.page_size, "page_size", 0, PAGE_SIZE_MAX, wrong)
    after = decode_token(request.page_token, wrong)
    wanted = decode_filter(h, request, wrong)
    h.check_read(request.network_id, request.min_position, None, "", wrong)
    position = h.ledger.last_position()
    page = h.ledger.list_orders(wanted, after, request.page_size or PAGE_SIZE_DEFAULT)
    orders = [with_units(h, order) for order in h.ledger.find_orders(page.order_ids)]
    items = frozenset(request.item_ids)
    if items:
        orders = [order for order in orders if any(line.item_id in items for line in order.basket.lines)]
    token = "-".join(map(str, page.after)) if page.after is not None else ""
    return order_service_pb2.ListOrdersResponse(
        orders=orders, next_page_token=token, position=position
    ).SerializeToString()  # fmt: skip


def with_units(h: "Handlers", order: types_pb2.Order) -> types_pb2.Order:
    """An order with where units of its lines are: what feeds say of them is later than what changes have written.

    One that nothing has happened to is as it was answered, without.
    """
    if order.version > 1:
        del order.line_units[:]
        order.line_units.extend(units_by_state(order, ratios_of(h.image, order.basket)))
    return order


def decode_filter(h: "Handlers", request: order_service_pb2.ListOrdersRequest, wrong: Violations) -> OrderFilter:
    """Which orders are asked for."""
    for i, state in enumerate(request.states):
        check_state(state, f"states[{i}]", types_pb2.OrderState.values(), OrderState, wrong)
    for i, shipment_state in enumerate(request.shipment_states):
        check_state(shipment_state, f"shipment_states[{i}]", types_pb2.ShipmentState.values(), ShipmentState, wrong)
    check_text(request.customer_id, "customer_id", NAME_LENGTH_MAX, wrong)
    if check_count(request.location_ids, "location_ids", FILTERS_MAX, wrong):
        indexes_of(request.location_ids, "location_ids", h.image, wrong)
    if check_count(request.item_ids, "item_ids", FILTERS_MAX, wrong):
        for i, item_id in enumerate(request.item_ids):
            index_of_item(item_id, f"item_ids[{i}]", h.image, wrong)
    limits = []
    for name in ("created_from", "created_to"):
        if request.HasField(name):
            minute_of(getattr(request, name), name, wrong)
        limits.append(ms_of(getattr(request, name)) if request.HasField(name) else 0)
    if check_count(request.return_reasons, "return_reasons", FILTERS_MAX, wrong):
        for i, reason in enumerate(request.return_reasons):
            check_text(reason, f"return_reasons[{i}]", NAME_LENGTH_MAX, wrong)
    return OrderFilter(
        tuple(request.states), tuple(request.location_ids), tuple(request.shipment_states), request.customer_id,
        limits[0], limits[1], request.at_risk, tuple(request.return_reasons),
    )  # fmt: skip


def check_state(
    value: int, field: str, known: list[int], states: type[OrderState] | type[ShipmentState], wrong: Violations
) -> None:
    """A state must be one that the contract has a name for."""
    if value not in known or value == 0:
        wrong.add(field, f"one of {', '.join(each.name for each in states)} was expected")


def decode_token(token: str, wrong: Violations) -> Place | None:
    """Where a page starts; None: at the first order."""
    if not token:
        return None
    found = _TOKEN.match(token)
    if found is None:
        wrong.add("page_token", "the next_page_token of the page before was expected")
        return None
    return Place(*map(int, found.groups()))
