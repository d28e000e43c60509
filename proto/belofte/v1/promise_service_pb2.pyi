import datetime

from belofte.v1 import types_pb2 as _types_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QuotePromiseRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "basket", "max_options", "explain", "omit_frontier")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    MAX_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    OMIT_FRONTIER_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    basket: _types_pb2.Basket
    max_options: int
    explain: _types_pb2.ExplainLevel
    omit_frontier: bool
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., basket: _Optional[_Union[_types_pb2.Basket, _Mapping]] = ..., max_options: _Optional[int] = ..., explain: _Optional[_Union[_types_pb2.ExplainLevel, str]] = ..., omit_frontier: _Optional[bool] = ...) -> None: ...

class OptionDifference(_message.Message):
    __slots__ = ("cost_difference_micros", "fee_difference_micros", "delivery_latest_difference_minutes", "shipment_count_difference", "co2_difference_grams")
    COST_DIFFERENCE_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEE_DIFFERENCE_MICROS_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LATEST_DIFFERENCE_MINUTES_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_COUNT_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    CO2_DIFFERENCE_GRAMS_FIELD_NUMBER: _ClassVar[int]
    cost_difference_micros: int
    fee_difference_micros: int
    delivery_latest_difference_minutes: int
    shipment_count_difference: int
    co2_difference_grams: int
    def __init__(self, cost_difference_micros: _Optional[int] = ..., fee_difference_micros: _Optional[int] = ..., delivery_latest_difference_minutes: _Optional[int] = ..., shipment_count_difference: _Optional[int] = ..., co2_difference_grams: _Optional[int] = ...) -> None: ...

class LinePromise(_message.Message):
    __slots__ = ("line_id", "quantity", "delivery_earliest", "delivery_latest", "substitute_item_id")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_EARLIEST_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LATEST_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTE_ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    delivery_earliest: _timestamp_pb2.Timestamp
    delivery_latest: _timestamp_pb2.Timestamp
    substitute_item_id: str
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ..., delivery_earliest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_latest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., substitute_item_id: _Optional[str] = ...) -> None: ...

class PromiseOption(_message.Message):
    __slots__ = ("rank", "plan", "delivery_earliest", "delivery_latest", "order_by", "cost_micros", "fee_micros", "co2_grams", "summary", "quote_token", "valid_until", "difference", "line_promises")
    RANK_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_EARLIEST_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LATEST_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CO2_GRAMS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    LINE_PROMISES_FIELD_NUMBER: _ClassVar[int]
    rank: int
    plan: _types_pb2.Plan
    delivery_earliest: _timestamp_pb2.Timestamp
    delivery_latest: _timestamp_pb2.Timestamp
    order_by: _timestamp_pb2.Timestamp
    cost_micros: int
    fee_micros: int
    co2_grams: int
    summary: str
    quote_token: str
    valid_until: _timestamp_pb2.Timestamp
    difference: OptionDifference
    line_promises: _containers.RepeatedCompositeFieldContainer[LinePromise]
    def __init__(self, rank: _Optional[int] = ..., plan: _Optional[_Union[_types_pb2.Plan, _Mapping]] = ..., delivery_earliest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_latest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., order_by: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cost_micros: _Optional[int] = ..., fee_micros: _Optional[int] = ..., co2_grams: _Optional[int] = ..., summary: _Optional[str] = ..., quote_token: _Optional[str] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., difference: _Optional[_Union[OptionDifference, _Mapping]] = ..., line_promises: _Optional[_Iterable[_Union[LinePromise, _Mapping]]] = ...) -> None: ...

class FrontierPoint(_message.Message):
    __slots__ = ("delivery_latest", "cost_micros", "option_rank")
    DELIVERY_LATEST_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPTION_RANK_FIELD_NUMBER: _ClassVar[int]
    delivery_latest: _timestamp_pb2.Timestamp
    cost_micros: int
    option_rank: int
    def __init__(self, delivery_latest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cost_micros: _Optional[int] = ..., option_rank: _Optional[int] = ...) -> None: ...

class UnavailableLine(_message.Message):
    __slots__ = ("line_id", "item_id", "short_quantity", "promised_quantity", "reason", "message", "next_date", "restricted_by", "next_date_waits_for")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PROMISED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NEXT_DATE_FIELD_NUMBER: _ClassVar[int]
    RESTRICTED_BY_FIELD_NUMBER: _ClassVar[int]
    NEXT_DATE_WAITS_FOR_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    short_quantity: int
    promised_quantity: int
    reason: str
    message: str
    next_date: _timestamp_pb2.Timestamp
    restricted_by: _containers.RepeatedScalarFieldContainer[str]
    next_date_waits_for: str
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., short_quantity: _Optional[int] = ..., promised_quantity: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., next_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., restricted_by: _Optional[_Iterable[str]] = ..., next_date_waits_for: _Optional[str] = ...) -> None: ...

class QuotePromiseResponse(_message.Message):
    __slots__ = ("options", "frontier", "unavailable", "position", "network_version", "stale", "currency", "policy_id", "explanation", "policy_version", "nearest_postal_code")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    FRONTIER_FIELD_NUMBER: _ClassVar[int]
    UNAVAILABLE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    NEAREST_POSTAL_CODE_FIELD_NUMBER: _ClassVar[int]
    options: _containers.RepeatedCompositeFieldContainer[PromiseOption]
    frontier: _containers.RepeatedCompositeFieldContainer[FrontierPoint]
    unavailable: _containers.RepeatedCompositeFieldContainer[UnavailableLine]
    position: str
    network_version: str
    stale: bool
    currency: str
    policy_id: str
    explanation: _types_pb2.Explanation
    policy_version: str
    nearest_postal_code: str
    def __init__(self, options: _Optional[_Iterable[_Union[PromiseOption, _Mapping]]] = ..., frontier: _Optional[_Iterable[_Union[FrontierPoint, _Mapping]]] = ..., unavailable: _Optional[_Iterable[_Union[UnavailableLine, _Mapping]]] = ..., position: _Optional[str] = ..., network_version: _Optional[str] = ..., stale: _Optional[bool] = ..., currency: _Optional[str] = ..., policy_id: _Optional[str] = ..., explanation: _Optional[_Union[_types_pb2.Explanation, _Mapping]] = ..., policy_version: _Optional[str] = ..., nearest_postal_code: _Optional[str] = ...) -> None: ...

class BatchQuotePromisesRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "requests")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    requests: _containers.RepeatedCompositeFieldContainer[QuotePromiseRequest]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., requests: _Optional[_Iterable[_Union[QuotePromiseRequest, _Mapping]]] = ...) -> None: ...

class BatchQuotePromisesResult(_message.Message):
    __slots__ = ("index", "response", "refusal")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    index: int
    response: QuotePromiseResponse
    refusal: _types_pb2.Refusal
    def __init__(self, index: _Optional[int] = ..., response: _Optional[_Union[QuotePromiseResponse, _Mapping]] = ..., refusal: _Optional[_Union[_types_pb2.Refusal, _Mapping]] = ...) -> None: ...

class BatchQuotePromisesResponse(_message.Message):
    __slots__ = ("results", "position")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchQuotePromisesResult]
    position: str
    def __init__(self, results: _Optional[_Iterable[_Union[BatchQuotePromisesResult, _Mapping]]] = ..., position: _Optional[str] = ...) -> None: ...

class GetEstimatedDeliveryRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "item_id", "quantity", "destination", "pickup_location_ids", "delivery_methods", "service_levels", "channel", "segment", "request_time", "item_ids")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    PICKUP_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_METHODS_FIELD_NUMBER: _ClassVar[int]
    SERVICE_LEVELS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIME_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    item_id: str
    quantity: int
    destination: _types_pb2.Destination
    pickup_location_ids: _containers.RepeatedScalarFieldContainer[str]
    delivery_methods: _containers.RepeatedScalarFieldContainer[_types_pb2.DeliveryMethod]
    service_levels: _containers.RepeatedScalarFieldContainer[str]
    channel: str
    segment: str
    request_time: _timestamp_pb2.Timestamp
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., destination: _Optional[_Union[_types_pb2.Destination, _Mapping]] = ..., pickup_location_ids: _Optional[_Iterable[str]] = ..., delivery_methods: _Optional[_Iterable[_Union[_types_pb2.DeliveryMethod, str]]] = ..., service_levels: _Optional[_Iterable[str]] = ..., channel: _Optional[str] = ..., segment: _Optional[str] = ..., request_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., item_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class DeliveryEstimate(_message.Message):
    __slots__ = ("delivery_method", "service_level", "pickup_location_id", "delivery_earliest", "delivery_latest", "order_by", "fee_micros", "available_quantity")
    DELIVERY_METHOD_FIELD_NUMBER: _ClassVar[int]
    SERVICE_LEVEL_FIELD_NUMBER: _ClassVar[int]
    PICKUP_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_EARLIEST_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LATEST_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    FEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    delivery_method: _types_pb2.DeliveryMethod
    service_level: str
    pickup_location_id: str
    delivery_earliest: _timestamp_pb2.Timestamp
    delivery_latest: _timestamp_pb2.Timestamp
    order_by: _timestamp_pb2.Timestamp
    fee_micros: int
    available_quantity: int
    def __init__(self, delivery_method: _Optional[_Union[_types_pb2.DeliveryMethod, str]] = ..., service_level: _Optional[str] = ..., pickup_location_id: _Optional[str] = ..., delivery_earliest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_latest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., order_by: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fee_micros: _Optional[int] = ..., available_quantity: _Optional[int] = ...) -> None: ...

class ItemEstimates(_message.Message):
    __slots__ = ("item_id", "estimates")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    ESTIMATES_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    estimates: _containers.RepeatedCompositeFieldContainer[DeliveryEstimate]
    def __init__(self, item_id: _Optional[str] = ..., estimates: _Optional[_Iterable[_Union[DeliveryEstimate, _Mapping]]] = ...) -> None: ...

class GetEstimatedDeliveryResponse(_message.Message):
    __slots__ = ("estimates", "currency", "position", "network_version", "stale", "items", "nearest_postal_code")
    ESTIMATES_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEAREST_POSTAL_CODE_FIELD_NUMBER: _ClassVar[int]
    estimates: _containers.RepeatedCompositeFieldContainer[DeliveryEstimate]
    currency: str
    position: str
    network_version: str
    stale: bool
    items: _containers.RepeatedCompositeFieldContainer[ItemEstimates]
    nearest_postal_code: str
    def __init__(self, estimates: _Optional[_Iterable[_Union[DeliveryEstimate, _Mapping]]] = ..., currency: _Optional[str] = ..., position: _Optional[str] = ..., network_version: _Optional[str] = ..., stale: _Optional[bool] = ..., items: _Optional[_Iterable[_Union[ItemEstimates, _Mapping]]] = ..., nearest_postal_code: _Optional[str] = ...) -> None: ...
