"""What of a recorded entry tells who a customer is, found and taken out by the types of the contract, whatever the method."""

from collections.abc import Callable, Iterator

from belofte.v1 import (
    inventory_service_pb2,
    ledger_entry_pb2,
    network_service_pb2,
    order_service_pb2,
    promise_service_pb2,
    reservation_service_pb2,
    sourcing_service_pb2,
    types_pb2,
)
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from engine.service.requests import CANCEL_REQUEST, UNDO_REQUEST

TEXTS = ("customer_id", "tracking_number", "tracking_url")
"""Fields that name a customer, or lead to their door by the carrier's pages."""

FILES = (
    inventory_service_pb2, network_service_pb2, order_service_pb2, promise_service_pb2, reservation_service_pb2,
    sourcing_service_pb2,
)  # fmt: skip
METHODS: dict[str, MethodDescriptor] = {
    method.name: method for file in FILES for service in file.DESCRIPTOR.services_by_name.values() for method in service.methods
}
METHODS[UNDO_REQUEST] = METHODS[CANCEL_REQUEST]

Area = Callable[[types_pb2.Destination], str]
"""The shortest beginning of a destination's postal code that is decided by as the whole code is."""

Entry = ledger_entry_pb2.LedgerEntry


def concerns(entry: Entry, customer_id: str) -> bool:
    """Whether an entry has the basket of a customer."""
    messages = [entry, *(message for message in _parsed(entry) if message is not None)]
    return any(
        isinstance(each, types_pb2.Basket) and each.customer_id == customer_id for whole in messages for each in _within(whole)
    )


def erase(entry: Entry, area: Area) -> None:
    """Take out of an entry what tells who the customer is. What was decided can still be decided by what is left."""
    request, response = _parsed(entry)
    for whole in (entry, request, response):
        for message in _within(whole) if whole is not None else ():
            _erase_own(message, area)
    if request is not None:
        entry.request = request.SerializeToString()
    if response is not None:
        entry.response = response.SerializeToString()


def _erase_own(message: Message, area: Area) -> None:
    """Of a message without those inside it."""
    if isinstance(message, types_pb2.Destination):
        message.postal_code = area(message)
        for name in ("latitude", "longitude", "address_type"):
            message.ClearField(name)
    for name in TEXTS:
        if name in message.DESCRIPTOR.fields_by_name:
            message.ClearField(name)
        if isinstance(message, types_pb2.OrderEvent):
            message.attributes.pop(name, None)


def _parsed(entry: Entry) -> tuple[Message | None, Message | None]:
    """Request and response of an entry; None where its method is none of the contract, whose entries have neither."""
    method = METHODS.get(entry.method)
    if method is None:
        assert not entry.request, f"the request of {entry.method} is of no known type"
        return None, None
    request, response = GetMessageClass(method.input_type)(), GetMessageClass(method.output_type)()
    request.ParseFromString(entry.request)
    response.ParseFromString(entry.response)
    return request, response


def _within(message: Message) -> Iterator[Message]:
    """A message and all inside it, outermost first."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for each in value if field.is_repeated else (value,):
            yield from _within(each)
