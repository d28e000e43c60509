import datetime

from belofte.v1 import types_pb2 as _types_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SourceMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_MODE_UNSPECIFIED: _ClassVar[SourceMode]
    SOURCE_MODE_COMMIT: _ClassVar[SourceMode]
    SOURCE_MODE_PREVIEW: _ClassVar[SourceMode]
    SOURCE_MODE_SHADOW: _ClassVar[SourceMode]

class RequestStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REQUEST_STATUS_UNSPECIFIED: _ClassVar[RequestStatus]
    REQUEST_STATUS_RECORDED: _ClassVar[RequestStatus]
    REQUEST_STATUS_PENDING: _ClassVar[RequestStatus]
    REQUEST_STATUS_UNKNOWN: _ClassVar[RequestStatus]
SOURCE_MODE_UNSPECIFIED: SourceMode
SOURCE_MODE_COMMIT: SourceMode
SOURCE_MODE_PREVIEW: SourceMode
SOURCE_MODE_SHADOW: SourceMode
REQUEST_STATUS_UNSPECIFIED: RequestStatus
REQUEST_STATUS_RECORDED: RequestStatus
REQUEST_STATUS_PENDING: RequestStatus
REQUEST_STATUS_UNKNOWN: RequestStatus

class SourceOrderRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order", "mode", "incumbent_plan", "quote_token", "reservation_id", "explain")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    INCUMBENT_PLAN_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order: _types_pb2.Order
    mode: SourceMode
    incumbent_plan: _types_pb2.Plan
    quote_token: str
    reservation_id: str
    explain: _types_pb2.ExplainLevel
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., mode: _Optional[_Union[SourceMode, str]] = ..., incumbent_plan: _Optional[_Union[_types_pb2.Plan, _Mapping]] = ..., quote_token: _Optional[str] = ..., reservation_id: _Optional[str] = ..., explain: _Optional[_Union[_types_pb2.ExplainLevel, str]] = ...) -> None: ...

class ShadowComparison(_message.Message):
    __slots__ = ("incumbent_cost_micros", "cost_difference_micros", "delivery_latest_difference_minutes", "different_line_ids", "incumbent_violations")
    INCUMBENT_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    COST_DIFFERENCE_MICROS_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LATEST_DIFFERENCE_MINUTES_FIELD_NUMBER: _ClassVar[int]
    DIFFERENT_LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    INCUMBENT_VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    incumbent_cost_micros: int
    cost_difference_micros: int
    delivery_latest_difference_minutes: int
    different_line_ids: _containers.RepeatedScalarFieldContainer[str]
    incumbent_violations: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, incumbent_cost_micros: _Optional[int] = ..., cost_difference_micros: _Optional[int] = ..., delivery_latest_difference_minutes: _Optional[int] = ..., different_line_ids: _Optional[_Iterable[str]] = ..., incumbent_violations: _Optional[_Iterable[str]] = ...) -> None: ...

class SourceOrderResponse(_message.Message):
    __slots__ = ("order_id", "state", "plan", "attempts", "position", "duplicate", "currency", "version", "policy_id", "network_version", "comparison", "explanation", "policy_version", "pooled_until")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    POOLED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    state: _types_pb2.OrderState
    plan: _types_pb2.Plan
    attempts: int
    position: str
    duplicate: bool
    currency: str
    version: int
    policy_id: str
    network_version: str
    comparison: ShadowComparison
    explanation: _types_pb2.Explanation
    policy_version: str
    pooled_until: _timestamp_pb2.Timestamp
    def __init__(self, order_id: _Optional[str] = ..., state: _Optional[_Union[_types_pb2.OrderState, str]] = ..., plan: _Optional[_Union[_types_pb2.Plan, _Mapping]] = ..., attempts: _Optional[int] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ..., currency: _Optional[str] = ..., version: _Optional[int] = ..., policy_id: _Optional[str] = ..., network_version: _Optional[str] = ..., comparison: _Optional[_Union[ShadowComparison, _Mapping]] = ..., explanation: _Optional[_Union[_types_pb2.Explanation, _Mapping]] = ..., policy_version: _Optional[str] = ..., pooled_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BatchSourceOrdersRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "requests")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    requests: _containers.RepeatedCompositeFieldContainer[SourceOrderRequest]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., requests: _Optional[_Iterable[_Union[SourceOrderRequest, _Mapping]]] = ...) -> None: ...

class BatchSourceOrdersResult(_message.Message):
    __slots__ = ("index", "response", "refusal")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    index: int
    response: SourceOrderResponse
    refusal: _types_pb2.Refusal
    def __init__(self, index: _Optional[int] = ..., response: _Optional[_Union[SourceOrderResponse, _Mapping]] = ..., refusal: _Optional[_Union[_types_pb2.Refusal, _Mapping]] = ...) -> None: ...

class BatchSourceOrdersResponse(_message.Message):
    __slots__ = ("results", "position")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchSourceOrdersResult]
    position: str
    def __init__(self, results: _Optional[_Iterable[_Union[BatchSourceOrdersResult, _Mapping]]] = ..., position: _Optional[str] = ...) -> None: ...

class OrderFilter(_message.Message):
    __slots__ = ("order_ids", "location_ids", "item_ids", "states", "max_priority", "created_from", "created_to", "channels", "at_risk_only", "overcommitted_only")
    ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    MAX_PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CREATED_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATED_TO_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    AT_RISK_ONLY_FIELD_NUMBER: _ClassVar[int]
    OVERCOMMITTED_ONLY_FIELD_NUMBER: _ClassVar[int]
    order_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    states: _containers.RepeatedScalarFieldContainer[_types_pb2.OrderState]
    max_priority: int
    created_from: _timestamp_pb2.Timestamp
    created_to: _timestamp_pb2.Timestamp
    channels: _containers.RepeatedScalarFieldContainer[str]
    at_risk_only: bool
    overcommitted_only: bool
    def __init__(self, order_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., item_ids: _Optional[_Iterable[str]] = ..., states: _Optional[_Iterable[_Union[_types_pb2.OrderState, str]]] = ..., max_priority: _Optional[int] = ..., created_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channels: _Optional[_Iterable[str]] = ..., at_risk_only: _Optional[bool] = ..., overcommitted_only: _Optional[bool] = ...) -> None: ...

class RerouteOrdersRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "filter", "mode", "policy_id", "max_duration", "target_gap", "allow_repromise", "reason", "excluded_location_ids", "move_price_micros", "moves_max")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    TARGET_GAP_FIELD_NUMBER: _ClassVar[int]
    ALLOW_REPROMISE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    MOVE_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    MOVES_MAX_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    filter: OrderFilter
    mode: SourceMode
    policy_id: str
    max_duration: _duration_pb2.Duration
    target_gap: float
    allow_repromise: bool
    reason: str
    excluded_location_ids: _containers.RepeatedScalarFieldContainer[str]
    move_price_micros: int
    moves_max: int
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., filter: _Optional[_Union[OrderFilter, _Mapping]] = ..., mode: _Optional[_Union[SourceMode, str]] = ..., policy_id: _Optional[str] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., target_gap: _Optional[float] = ..., allow_repromise: _Optional[bool] = ..., reason: _Optional[str] = ..., excluded_location_ids: _Optional[_Iterable[str]] = ..., move_price_micros: _Optional[int] = ..., moves_max: _Optional[int] = ...) -> None: ...

class SearchProgress(_message.Message):
    __slots__ = ("order_count", "planned_order_count", "rounds", "objective_micros", "lower_bound_micros", "gap", "elapsed", "moved_order_count")
    ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    PLANNED_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    ROUNDS_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_MICROS_FIELD_NUMBER: _ClassVar[int]
    LOWER_BOUND_MICROS_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    MOVED_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    order_count: int
    planned_order_count: int
    rounds: int
    objective_micros: int
    lower_bound_micros: int
    gap: float
    elapsed: _duration_pb2.Duration
    moved_order_count: int
    def __init__(self, order_count: _Optional[int] = ..., planned_order_count: _Optional[int] = ..., rounds: _Optional[int] = ..., objective_micros: _Optional[int] = ..., lower_bound_micros: _Optional[int] = ..., gap: _Optional[float] = ..., elapsed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., moved_order_count: _Optional[int] = ...) -> None: ...

class RerouteChange(_message.Message):
    __slots__ = ("order_id", "changed", "cost_before_micros", "cost_after_micros", "plan", "refusal", "promise_broken")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    COST_BEFORE_MICROS_FIELD_NUMBER: _ClassVar[int]
    COST_AFTER_MICROS_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    PROMISE_BROKEN_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    changed: bool
    cost_before_micros: int
    cost_after_micros: int
    plan: _types_pb2.Plan
    refusal: _types_pb2.Refusal
    promise_broken: bool
    def __init__(self, order_id: _Optional[str] = ..., changed: _Optional[bool] = ..., cost_before_micros: _Optional[int] = ..., cost_after_micros: _Optional[int] = ..., plan: _Optional[_Union[_types_pb2.Plan, _Mapping]] = ..., refusal: _Optional[_Union[_types_pb2.Refusal, _Mapping]] = ..., promise_broken: _Optional[bool] = ...) -> None: ...

class ContentionPrice(_message.Message):
    __slots__ = ("item_id", "location_id", "date", "price_micros")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    date: str
    price_micros: int
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., date: _Optional[str] = ..., price_micros: _Optional[int] = ...) -> None: ...

class RerouteResult(_message.Message):
    __slots__ = ("changes", "cost_before_micros", "certificate", "prices", "currency", "position", "duplicate")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    COST_BEFORE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[RerouteChange]
    cost_before_micros: int
    certificate: _types_pb2.Certificate
    prices: _containers.RepeatedCompositeFieldContainer[ContentionPrice]
    currency: str
    position: str
    duplicate: bool
    def __init__(self, changes: _Optional[_Iterable[_Union[RerouteChange, _Mapping]]] = ..., cost_before_micros: _Optional[int] = ..., certificate: _Optional[_Union[_types_pb2.Certificate, _Mapping]] = ..., prices: _Optional[_Iterable[_Union[ContentionPrice, _Mapping]]] = ..., currency: _Optional[str] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class RerouteOrdersResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: SearchProgress
    result: RerouteResult
    def __init__(self, progress: _Optional[_Union[SearchProgress, _Mapping]] = ..., result: _Optional[_Union[RerouteResult, _Mapping]] = ...) -> None: ...

class Scenario(_message.Message):
    __slots__ = ("scenario_id", "disabled_location_ids", "inventory", "capacity_per_day", "policy_id", "weights")
    class CapacityPerDayEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class WeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    DISABLED_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    INVENTORY_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    scenario_id: str
    disabled_location_ids: _containers.RepeatedScalarFieldContainer[str]
    inventory: _containers.RepeatedCompositeFieldContainer[_types_pb2.InventoryRecord]
    capacity_per_day: _containers.ScalarMap[str, int]
    policy_id: str
    weights: _containers.ScalarMap[str, float]
    def __init__(self, scenario_id: _Optional[str] = ..., disabled_location_ids: _Optional[_Iterable[str]] = ..., inventory: _Optional[_Iterable[_Union[_types_pb2.InventoryRecord, _Mapping]]] = ..., capacity_per_day: _Optional[_Mapping[str, int]] = ..., policy_id: _Optional[str] = ..., weights: _Optional[_Mapping[str, float]] = ...) -> None: ...

class SimulateSourcingRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "scenario", "orders", "filter", "max_duration")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    scenario: Scenario
    orders: _containers.RepeatedCompositeFieldContainer[_types_pb2.Order]
    filter: OrderFilter
    max_duration: _duration_pb2.Duration
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., scenario: _Optional[_Union[Scenario, _Mapping]] = ..., orders: _Optional[_Iterable[_Union[_types_pb2.Order, _Mapping]]] = ..., filter: _Optional[_Union[OrderFilter, _Mapping]] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SimulatedOrder(_message.Message):
    __slots__ = ("order_id", "plan", "refusal", "recorded_cost_micros", "present_cost_micros")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    RECORDED_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    PRESENT_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    plan: _types_pb2.Plan
    refusal: _types_pb2.Refusal
    recorded_cost_micros: int
    present_cost_micros: int
    def __init__(self, order_id: _Optional[str] = ..., plan: _Optional[_Union[_types_pb2.Plan, _Mapping]] = ..., refusal: _Optional[_Union[_types_pb2.Refusal, _Mapping]] = ..., recorded_cost_micros: _Optional[int] = ..., present_cost_micros: _Optional[int] = ...) -> None: ...

class LocationLoad(_message.Message):
    __slots__ = ("location_id", "shipment_count", "unit_quantity")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNIT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    shipment_count: int
    unit_quantity: int
    def __init__(self, location_id: _Optional[str] = ..., shipment_count: _Optional[int] = ..., unit_quantity: _Optional[int] = ...) -> None: ...

class SimulationTotals(_message.Message):
    __slots__ = ("cost_micros", "shipment_count", "split_order_count", "short_quantity", "late_order_count", "refused_order_count", "co2_grams", "loads")
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    SPLIT_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LATE_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    CO2_GRAMS_FIELD_NUMBER: _ClassVar[int]
    LOADS_FIELD_NUMBER: _ClassVar[int]
    cost_micros: int
    shipment_count: int
    split_order_count: int
    short_quantity: int
    late_order_count: int
    refused_order_count: int
    co2_grams: int
    loads: _containers.RepeatedCompositeFieldContainer[LocationLoad]
    def __init__(self, cost_micros: _Optional[int] = ..., shipment_count: _Optional[int] = ..., split_order_count: _Optional[int] = ..., short_quantity: _Optional[int] = ..., late_order_count: _Optional[int] = ..., refused_order_count: _Optional[int] = ..., co2_grams: _Optional[int] = ..., loads: _Optional[_Iterable[_Union[LocationLoad, _Mapping]]] = ...) -> None: ...

class SimulationResult(_message.Message):
    __slots__ = ("orders", "cost_micros", "shipment_count", "short_quantity", "co2_grams", "currency", "position", "scenario_id", "present", "simulated")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHORT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CO2_GRAMS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    SIMULATED_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[SimulatedOrder]
    cost_micros: int
    shipment_count: int
    short_quantity: int
    co2_grams: int
    currency: str
    position: str
    scenario_id: str
    present: SimulationTotals
    simulated: SimulationTotals
    def __init__(self, orders: _Optional[_Iterable[_Union[SimulatedOrder, _Mapping]]] = ..., cost_micros: _Optional[int] = ..., shipment_count: _Optional[int] = ..., short_quantity: _Optional[int] = ..., co2_grams: _Optional[int] = ..., currency: _Optional[str] = ..., position: _Optional[str] = ..., scenario_id: _Optional[str] = ..., present: _Optional[_Union[SimulationTotals, _Mapping]] = ..., simulated: _Optional[_Union[SimulationTotals, _Mapping]] = ...) -> None: ...

class SimulateSourcingResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: SearchProgress
    result: SimulationResult
    def __init__(self, progress: _Optional[_Union[SearchProgress, _Mapping]] = ..., result: _Optional[_Union[SimulationResult, _Mapping]] = ...) -> None: ...

class ExplainPlanRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "order_id", "basket", "quote_token", "explain")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPLAIN_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    order_id: str
    basket: _types_pb2.Basket
    quote_token: str
    explain: _types_pb2.ExplainLevel
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., order_id: _Optional[str] = ..., basket: _Optional[_Union[_types_pb2.Basket, _Mapping]] = ..., quote_token: _Optional[str] = ..., explain: _Optional[_Union[_types_pb2.ExplainLevel, str]] = ...) -> None: ...

class ExplainPlanResponse(_message.Message):
    __slots__ = ("plan", "explanation", "currency", "position", "network_version")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    plan: _types_pb2.Plan
    explanation: _types_pb2.Explanation
    currency: str
    position: str
    network_version: str
    def __init__(self, plan: _Optional[_Union[_types_pb2.Plan, _Mapping]] = ..., explanation: _Optional[_Union[_types_pb2.Explanation, _Mapping]] = ..., currency: _Optional[str] = ..., position: _Optional[str] = ..., network_version: _Optional[str] = ...) -> None: ...

class ListCandidateLocationsRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "basket", "feasible_only", "page_size", "page_token")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    FEASIBLE_ONLY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    basket: _types_pb2.Basket
    feasible_only: bool
    page_size: int
    page_token: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., basket: _Optional[_Union[_types_pb2.Basket, _Mapping]] = ..., feasible_only: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCandidateLocationsResponse(_message.Message):
    __slots__ = ("candidates", "next_page_token", "currency", "position")
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    candidates: _containers.RepeatedCompositeFieldContainer[_types_pb2.CandidateLocation]
    next_page_token: str
    currency: str
    position: str
    def __init__(self, candidates: _Optional[_Iterable[_Union[_types_pb2.CandidateLocation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., currency: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class ReassignShipmentRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "order_id", "shipment_id", "location_id", "carrier_service_id", "line_ids", "allow_late", "reason")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    CARRIER_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_LATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    order_id: str
    shipment_id: str
    location_id: str
    carrier_service_id: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    allow_late: bool
    reason: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., order_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., location_id: _Optional[str] = ..., carrier_service_id: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., allow_late: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class ReassignShipmentResponse(_message.Message):
    __slots__ = ("plan", "version", "currency", "position", "duplicate")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    plan: _types_pb2.Plan
    version: int
    currency: str
    position: str
    duplicate: bool
    def __init__(self, plan: _Optional[_Union[_types_pb2.Plan, _Mapping]] = ..., version: _Optional[int] = ..., currency: _Optional[str] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class GetRequestRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "target_request_id")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    TARGET_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    target_request_id: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., target_request_id: _Optional[str] = ...) -> None: ...

class GetRequestResponse(_message.Message):
    __slots__ = ("status", "method", "position", "recorded_at", "response", "cancelled")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    status: RequestStatus
    method: str
    position: str
    recorded_at: _timestamp_pb2.Timestamp
    response: bytes
    cancelled: bool
    def __init__(self, status: _Optional[_Union[RequestStatus, str]] = ..., method: _Optional[str] = ..., position: _Optional[str] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., response: _Optional[bytes] = ..., cancelled: _Optional[bool] = ...) -> None: ...

class CancelRequestRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "target_request_id")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    target_request_id: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., target_request_id: _Optional[str] = ...) -> None: ...

class CancelRequestResponse(_message.Message):
    __slots__ = ("status", "position", "duplicate")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    status: RequestStatus
    position: str
    duplicate: bool
    def __init__(self, status: _Optional[_Union[RequestStatus, str]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...
