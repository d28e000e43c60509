import datetime

from belofte.v1 import types_pb2 as _types_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReturnState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RETURN_STATE_UNSPECIFIED: _ClassVar[ReturnState]
    RETURN_STATE_CREATED: _ClassVar[ReturnState]
    RETURN_STATE_PARTIALLY_RECEIVED: _ClassVar[ReturnState]
    RETURN_STATE_RECEIVED: _ClassVar[ReturnState]
    RETURN_STATE_REFUNDED: _ClassVar[ReturnState]

class ReturnDisposition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RETURN_DISPOSITION_UNSPECIFIED: _ClassVar[ReturnDisposition]
    RETURN_DISPOSITION_RESELL: _ClassVar[ReturnDisposition]
    RETURN_DISPOSITION_REFURBISH: _ClassVar[ReturnDisposition]
    RETURN_DISPOSITION_SCRAP: _ClassVar[ReturnDisposition]
RETURN_STATE_UNSPECIFIED: ReturnState
RETURN_STATE_CREATED: ReturnState
RETURN_STATE_PARTIALLY_RECEIVED: ReturnState
RETURN_STATE_RECEIVED: ReturnState
RETURN_STATE_REFUNDED: ReturnState
RETURN_DISPOSITION_UNSPECIFIED: ReturnDisposition
RETURN_DISPOSITION_RESELL: ReturnDisposition
RETURN_DISPOSITION_REFURBISH: ReturnDisposition
RETURN_DISPOSITION_SCRAP: ReturnDisposition

class LineQuantity(_message.Message):
    __slots__ = ("line_id", "quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class DeclinedLine(_message.Message):
    __slots__ = ("line_id", "quantity", "reason", "remove_supply")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REMOVE_SUPPLY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    reason: str
    remove_supply: bool
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., reason: _Optional[str] = ..., remove_supply: _Optional[bool] = ...) -> None: ...

class ReturnLine(_message.Message):
    __slots__ = ("line_id", "item_id", "quantity", "received_quantity", "reason", "condition", "disposition")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    DISPOSITION_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    quantity: int
    received_quantity: int
    reason: str
    condition: str
    disposition: ReturnDisposition
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., received_quantity: _Optional[int] = ..., reason: _Optional[str] = ..., condition: _Optional[str] = ..., disposition: _Optional[_Union[ReturnDisposition, str]] = ...) -> None: ...

class Return(_message.Message):
    __slots__ = ("return_id", "version", "order_id", "lines", "state", "location_id", "value_micros", "refund_micros", "currency", "created_at", "updated_at", "keep", "drop_off_location_id", "drop_off_code", "carrier_service_id", "terms")
    RETURN_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    REFUND_MICROS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    DROP_OFF_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DROP_OFF_CODE_FIELD_NUMBER: _ClassVar[int]
    CARRIER_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    return_id: str
    version: int
    order_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReturnLine]
    state: ReturnState
    location_id: str
    value_micros: int
    refund_micros: int
    currency: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    keep: bool
    drop_off_location_id: str
    drop_off_code: str
    carrier_service_id: str
    terms: _containers.RepeatedCompositeFieldContainer[ReturnTerm]
    def __init__(self, return_id: _Optional[str] = ..., version: _Optional[int] = ..., order_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReturnLine, _Mapping]]] = ..., state: _Optional[_Union[ReturnState, str]] = ..., location_id: _Optional[str] = ..., value_micros: _Optional[int] = ..., refund_micros: _Optional[int] = ..., currency: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., keep: _Optional[bool] = ..., drop_off_location_id: _Optional[str] = ..., drop_off_code: _Optional[str] = ..., carrier_service_id: _Optional[str] = ..., terms: _Optional[_Iterable[_Union[ReturnTerm, _Mapping]]] = ...) -> None: ...

class ReturnTerm(_message.Message):
    __slots__ = ("term", "amount_micros")
    TERM_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    term: str
    amount_micros: int
    def __init__(self, term: _Optional[str] = ..., amount_micros: _Optional[int] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "order_id")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    order_id: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., order_id: _Optional[str] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order", "position", "returns")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    returns: _containers.RepeatedCompositeFieldContainer[Return]
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., returns: _Optional[_Iterable[_Union[Return, _Mapping]]] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "states", "location_ids", "item_ids", "customer_id", "created_from", "created_to", "page_size", "page_token", "shipment_states", "at_risk", "return_reasons")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATED_TO_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_STATES_FIELD_NUMBER: _ClassVar[int]
    AT_RISK_FIELD_NUMBER: _ClassVar[int]
    RETURN_REASONS_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    states: _containers.RepeatedScalarFieldContainer[_types_pb2.OrderState]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    customer_id: str
    created_from: _timestamp_pb2.Timestamp
    created_to: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    shipment_states: _containers.RepeatedScalarFieldContainer[_types_pb2.ShipmentState]
    at_risk: bool
    return_reasons: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_types_pb2.OrderState, str]]] = ..., location_ids: _Optional[_Iterable[str]] = ..., item_ids: _Optional[_Iterable[str]] = ..., customer_id: _Optional[str] = ..., created_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., shipment_states: _Optional[_Iterable[_Union[_types_pb2.ShipmentState, str]]] = ..., at_risk: _Optional[bool] = ..., return_reasons: _Optional[_Iterable[str]] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_page_token", "position")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[_types_pb2.Order]
    next_page_token: str
    position: str
    def __init__(self, orders: _Optional[_Iterable[_Union[_types_pb2.Order, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class ListOrderEventsRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "order_id", "page_size", "page_token")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    order_id: str
    page_size: int
    page_token: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., order_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListOrderEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token", "position")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_types_pb2.OrderEvent]
    next_page_token: str
    position: str
    def __init__(self, events: _Optional[_Iterable[_Union[_types_pb2.OrderEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class WatchEventsRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "from_position", "types", "order_ids", "location_ids")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    FROM_POSITION_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    from_position: str
    types: _containers.RepeatedScalarFieldContainer[_types_pb2.EventType]
    order_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., from_position: _Optional[str] = ..., types: _Optional[_Iterable[_Union[_types_pb2.EventType, str]]] = ..., order_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class WatchEventsResponse(_message.Message):
    __slots__ = ("events", "position")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_types_pb2.OrderEvent]
    position: str
    def __init__(self, events: _Optional[_Iterable[_Union[_types_pb2.OrderEvent, _Mapping]]] = ..., position: _Optional[str] = ...) -> None: ...

class HoldOrderRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "hold_reason", "hold_until")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    HOLD_REASON_FIELD_NUMBER: _ClassVar[int]
    HOLD_UNTIL_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    hold_reason: str
    hold_until: _timestamp_pb2.Timestamp
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., hold_reason: _Optional[str] = ..., hold_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HoldOrderResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class ReleaseOrderRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ...) -> None: ...

class ReleaseOrderResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class ChangeOrderRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "lines", "removed_line_ids", "destination", "allow_repromise", "reason")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    REMOVED_LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    ALLOW_REPROMISE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    lines: _containers.RepeatedCompositeFieldContainer[_types_pb2.BasketLine]
    removed_line_ids: _containers.RepeatedScalarFieldContainer[str]
    destination: _types_pb2.Destination
    allow_repromise: bool
    reason: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[_types_pb2.BasketLine, _Mapping]]] = ..., removed_line_ids: _Optional[_Iterable[str]] = ..., destination: _Optional[_Union[_types_pb2.Destination, _Mapping]] = ..., allow_repromise: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class ChangeOrderResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class CancelOrderRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "lines", "reason")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    lines: _containers.RepeatedCompositeFieldContainer[LineQuantity]
    reason: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[LineQuantity, _Mapping]]] = ..., reason: _Optional[str] = ...) -> None: ...

class CancelOrderResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class AcceptShipmentRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "shipment_id")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    shipment_id: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., shipment_id: _Optional[str] = ...) -> None: ...

class AcceptShipmentResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class DeclineShipmentLinesRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "shipment_id", "lines")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    shipment_id: str
    lines: _containers.RepeatedCompositeFieldContainer[DeclinedLine]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[DeclinedLine, _Mapping]]] = ...) -> None: ...

class DeclineShipmentLinesResponse(_message.Message):
    __slots__ = ("order", "cancelled_lines", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_LINES_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    cancelled_lines: _containers.RepeatedCompositeFieldContainer[_types_pb2.ShortLine]
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., cancelled_lines: _Optional[_Iterable[_Union[_types_pb2.ShortLine, _Mapping]]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class ShipShipmentRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "shipment_id", "shipped_at", "packages", "tracking_number", "tracking_url", "lines")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPPED_AT_FIELD_NUMBER: _ClassVar[int]
    PACKAGES_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_URL_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    shipment_id: str
    shipped_at: _timestamp_pb2.Timestamp
    packages: _containers.RepeatedCompositeFieldContainer[_types_pb2.Package]
    tracking_number: str
    tracking_url: str
    lines: _containers.RepeatedCompositeFieldContainer[LineQuantity]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., shipped_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., packages: _Optional[_Iterable[_Union[_types_pb2.Package, _Mapping]]] = ..., tracking_number: _Optional[str] = ..., tracking_url: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[LineQuantity, _Mapping]]] = ...) -> None: ...

class ShipShipmentResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class MarkReadyForPickupRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "shipment_id", "ready_at", "keep_until")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    READY_AT_FIELD_NUMBER: _ClassVar[int]
    KEEP_UNTIL_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    shipment_id: str
    ready_at: _timestamp_pb2.Timestamp
    keep_until: _timestamp_pb2.Timestamp
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., ready_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., keep_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MarkReadyForPickupResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class CollectShipmentRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "shipment_id", "collected_at", "lines")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTED_AT_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    shipment_id: str
    collected_at: _timestamp_pb2.Timestamp
    lines: _containers.RepeatedCompositeFieldContainer[LineQuantity]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., collected_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[LineQuantity, _Mapping]]] = ...) -> None: ...

class CollectShipmentResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class DeliverShipmentRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "shipment_id", "delivered_at")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_AT_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    shipment_id: str
    delivered_at: _timestamp_pb2.Timestamp
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., delivered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DeliverShipmentResponse(_message.Message):
    __slots__ = ("order", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class CreateReturnRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "return_id", "lines", "origin", "location_id", "drop_off_location_id")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    RETURN_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DROP_OFF_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    return_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReturnLine]
    origin: _types_pb2.Destination
    location_id: str
    drop_off_location_id: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., return_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReturnLine, _Mapping]]] = ..., origin: _Optional[_Union[_types_pb2.Destination, _Mapping]] = ..., location_id: _Optional[str] = ..., drop_off_location_id: _Optional[str] = ...) -> None: ...

class CreateReturnResponse(_message.Message):
    __slots__ = ("return_record", "position", "duplicate")
    RETURN_RECORD_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    return_record: Return
    position: str
    duplicate: bool
    def __init__(self, return_record: _Optional[_Union[Return, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class ReceiveReturnRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "return_id", "lines", "location_id", "received_at")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    RETURN_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    return_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReturnLine]
    location_id: str
    received_at: _timestamp_pb2.Timestamp
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., return_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReturnLine, _Mapping]]] = ..., location_id: _Optional[str] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReceiveReturnResponse(_message.Message):
    __slots__ = ("return_record", "position", "duplicate")
    RETURN_RECORD_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    return_record: Return
    position: str
    duplicate: bool
    def __init__(self, return_record: _Optional[_Union[Return, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class RefundReturnRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "return_id", "refund_micros", "currency", "reason")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    RETURN_ID_FIELD_NUMBER: _ClassVar[int]
    REFUND_MICROS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    return_id: str
    refund_micros: int
    currency: str
    reason: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., return_id: _Optional[str] = ..., refund_micros: _Optional[int] = ..., currency: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RefundReturnResponse(_message.Message):
    __slots__ = ("return_record", "position", "duplicate")
    RETURN_RECORD_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    return_record: Return
    position: str
    duplicate: bool
    def __init__(self, return_record: _Optional[_Union[Return, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...
