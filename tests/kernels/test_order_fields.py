"""Tags that kernels have by name, against the fields of the contract."""

from types import ModuleType

import pytest
from belofte.v1 import ledger_entry_pb2, promise_service_pb2, sourcing_service_pb2, types_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from engine.kernels import order_fields, quote_fields
from engine.kernels.order_fields import BYTES, FIXED64, VARINT

MESSAGES: dict[str, Descriptor] = {
    "REQUEST": sourcing_service_pb2.SourceOrderRequest.DESCRIPTOR,
    "ORDER": types_pb2.Order.DESCRIPTOR,
    "BASKET": types_pb2.Basket.DESCRIPTOR,
    "LINE": types_pb2.BasketLine.DESCRIPTOR,
    "ENTRY": ledger_entry_pb2.LedgerEntry.DESCRIPTOR,
    "POSITION": ledger_entry_pb2.PositionEffect.DESCRIPTOR,
    "CAPACITY": ledger_entry_pb2.CapacityEffect.DESCRIPTOR,
    "ANSWER": sourcing_service_pb2.SourceOrderResponse.DESCRIPTOR,
    "PLAN": types_pb2.Plan.DESCRIPTOR,
    "SHIPMENT": types_pb2.Shipment.DESCRIPTOR,
    "SENT": types_pb2.ShipmentLine.DESCRIPTOR,
    "COST": types_pb2.CostBreakdown.DESCRIPTOR,
    "TERM": types_pb2.CostTerm.DESCRIPTOR,
    "CERTIFICATE": types_pb2.Certificate.DESCRIPTOR,
    "EVENT": types_pb2.OrderEvent.DESCRIPTOR,
    "ATTRIBUTE": types_pb2.OrderEvent.DESCRIPTOR.fields_by_name["attributes"].message_type,
    "TIME": Timestamp.DESCRIPTOR,
}
PROMISES: dict[str, Descriptor] = {
    "QUOTE": promise_service_pb2.QuotePromiseRequest.DESCRIPTOR,
    "ANSWER": promise_service_pb2.QuotePromiseResponse.DESCRIPTOR,
    "OPTION": promise_service_pb2.PromiseOption.DESCRIPTOR,
    "DIFFERENCE": promise_service_pb2.OptionDifference.DESCRIPTOR,
    "PROMISED": promise_service_pb2.LinePromise.DESCRIPTOR,
    "POINT": promise_service_pb2.FrontierPoint.DESCRIPTOR,
    "BATCH": promise_service_pb2.BatchQuotePromisesRequest.DESCRIPTOR,
    "RESULTS": promise_service_pb2.BatchQuotePromisesResponse.DESCRIPTOR,
    "RESULT": promise_service_pb2.BatchQuotePromisesResult.DESCRIPTOR,
    "ESTIMATED": promise_service_pb2.GetEstimatedDeliveryResponse.DESCRIPTOR,
    "ITEM": promise_service_pb2.ItemEstimates.DESCRIPTOR,
    "ESTIMATE": promise_service_pb2.DeliveryEstimate.DESCRIPTOR,
}
WIRE_TYPES = {
    FieldDescriptor.TYPE_STRING: BYTES, FieldDescriptor.TYPE_BYTES: BYTES, FieldDescriptor.TYPE_MESSAGE: BYTES,
    FieldDescriptor.TYPE_INT32: VARINT, FieldDescriptor.TYPE_INT64: VARINT, FieldDescriptor.TYPE_SINT64: VARINT,
    FieldDescriptor.TYPE_ENUM: VARINT, FieldDescriptor.TYPE_BOOL: VARINT, FieldDescriptor.TYPE_DOUBLE: FIXED64,
}  # fmt: skip


@pytest.mark.parametrize(("fields", "messages", "least"), [(order_fields, MESSAGES, 70), (quote_fields, PROMISES, 25)])
def test_tags_are_those_of_the_contract(fields: ModuleType, messages: dict[str, Descriptor], least: int) -> None:
    names = [name for name in vars(fields) if "_" in name.strip("_") and name.isupper()]
    assert len(names) > least
    for name in names:
        prefix, field = name.split("_", 1)
        descriptor = messages[prefix].fields_by_name[field.lower()]
        assert vars(fields)[name] == descriptor.number << 3 | WIRE_TYPES[descriptor.type], name


def test_deltas_are_zigzag_and_other_numbers_are_not() -> None:
    """The writer puts the former with `put_delta`, the latter with `put_number`."""
    for name in (name for name in vars(order_fields) if name.split("_")[0] in MESSAGES):
        prefix, field = name.split("_", 1)
        descriptor = MESSAGES[prefix].fields_by_name[field.lower()]
        assert (descriptor.type == FieldDescriptor.TYPE_SINT64) == field.endswith("_DELTA"), name


def test_fields_of_a_basket_have_a_length_and_a_tag_of_one_byte() -> None:
    """The reader steps over those after the lines by their lengths."""
    for field in MESSAGES["BASKET"].fields:
        assert WIRE_TYPES[field.type] == BYTES
        assert field.number < 16
