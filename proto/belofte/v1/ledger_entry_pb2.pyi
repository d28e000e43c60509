from belofte.v1 import order_service_pb2 as _order_service_pb2
from belofte.v1 import reservation_service_pb2 as _reservation_service_pb2
from belofte.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PositionEffect(_message.Message):
    __slots__ = ("item_id", "location_id", "receipt_id", "pool", "supply_delta", "demand_delta", "available_at_minute")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_DELTA_FIELD_NUMBER: _ClassVar[int]
    DEMAND_DELTA_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AT_MINUTE_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    receipt_id: str
    pool: str
    supply_delta: int
    demand_delta: int
    available_at_minute: int
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., receipt_id: _Optional[str] = ..., pool: _Optional[str] = ..., supply_delta: _Optional[int] = ..., demand_delta: _Optional[int] = ..., available_at_minute: _Optional[int] = ...) -> None: ...

class PositionColumns(_message.Message):
    __slots__ = ("row_count", "item_ids", "location_ids", "receipt_ids", "pools", "item_indexes", "location_indexes", "receipt_indexes", "pool_indexes", "supply_deltas", "demand_deltas", "dated_rows", "available_at_minutes")
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_IDS_FIELD_NUMBER: _ClassVar[int]
    POOLS_FIELD_NUMBER: _ClassVar[int]
    ITEM_INDEXES_FIELD_NUMBER: _ClassVar[int]
    LOCATION_INDEXES_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_INDEXES_FIELD_NUMBER: _ClassVar[int]
    POOL_INDEXES_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_DELTAS_FIELD_NUMBER: _ClassVar[int]
    DEMAND_DELTAS_FIELD_NUMBER: _ClassVar[int]
    DATED_ROWS_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AT_MINUTES_FIELD_NUMBER: _ClassVar[int]
    row_count: int
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    receipt_ids: _containers.RepeatedScalarFieldContainer[str]
    pools: _containers.RepeatedScalarFieldContainer[str]
    item_indexes: _containers.RepeatedScalarFieldContainer[int]
    location_indexes: _containers.RepeatedScalarFieldContainer[int]
    receipt_indexes: _containers.RepeatedScalarFieldContainer[int]
    pool_indexes: _containers.RepeatedScalarFieldContainer[int]
    supply_deltas: _containers.RepeatedScalarFieldContainer[int]
    demand_deltas: _containers.RepeatedScalarFieldContainer[int]
    dated_rows: _containers.RepeatedScalarFieldContainer[int]
    available_at_minutes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, row_count: _Optional[int] = ..., item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., receipt_ids: _Optional[_Iterable[str]] = ..., pools: _Optional[_Iterable[str]] = ..., item_indexes: _Optional[_Iterable[int]] = ..., location_indexes: _Optional[_Iterable[int]] = ..., receipt_indexes: _Optional[_Iterable[int]] = ..., pool_indexes: _Optional[_Iterable[int]] = ..., supply_deltas: _Optional[_Iterable[int]] = ..., demand_deltas: _Optional[_Iterable[int]] = ..., dated_rows: _Optional[_Iterable[int]] = ..., available_at_minutes: _Optional[_Iterable[int]] = ...) -> None: ...

class CapacityEffect(_message.Message):
    __slots__ = ("location_id", "day", "quantity_delta")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_DELTA_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    day: int
    quantity_delta: int
    def __init__(self, location_id: _Optional[str] = ..., day: _Optional[int] = ..., quantity_delta: _Optional[int] = ...) -> None: ...

class TextEffect(_message.Message):
    __slots__ = ("table", "item_id", "field", "text")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    table: str
    item_id: str
    field: str
    text: str
    def __init__(self, table: _Optional[str] = ..., item_id: _Optional[str] = ..., field: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class PegEffect(_message.Message):
    __slots__ = ("order_id", "item_id", "location_id", "receipt_id", "pool", "quantity_delta")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_DELTA_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    item_id: str
    location_id: str
    receipt_id: str
    pool: str
    quantity_delta: int
    def __init__(self, order_id: _Optional[str] = ..., item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., receipt_id: _Optional[str] = ..., pool: _Optional[str] = ..., quantity_delta: _Optional[int] = ...) -> None: ...

class ReceiptMove(_message.Message):
    __slots__ = ("item_id", "location_id", "receipt_id", "pool", "quantity")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    receipt_id: str
    pool: str
    quantity: int
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., receipt_id: _Optional[str] = ..., pool: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class ReceiptRisk(_message.Message):
    __slots__ = ("item_id", "location_id", "receipt_id", "pool", "left_quantity", "event")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    LEFT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    receipt_id: str
    pool: str
    left_quantity: int
    event: _types_pb2.OrderEvent
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., receipt_id: _Optional[str] = ..., pool: _Optional[str] = ..., left_quantity: _Optional[int] = ..., event: _Optional[_Union[_types_pb2.OrderEvent, _Mapping]] = ...) -> None: ...

class HoldDecision(_message.Message):
    __slots__ = ("hold_id", "part_ids", "created_id")
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    PART_IDS_FIELD_NUMBER: _ClassVar[int]
    CREATED_ID_FIELD_NUMBER: _ClassVar[int]
    hold_id: str
    part_ids: _containers.RepeatedScalarFieldContainer[str]
    created_id: str
    def __init__(self, hold_id: _Optional[str] = ..., part_ids: _Optional[_Iterable[str]] = ..., created_id: _Optional[str] = ...) -> None: ...

class DecisionBasis(_message.Message):
    __slots__ = ("position", "engine", "place", "start_minute", "prices_position")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    START_MINUTE_FIELD_NUMBER: _ClassVar[int]
    PRICES_POSITION_FIELD_NUMBER: _ClassVar[int]
    position: str
    engine: int
    place: int
    start_minute: int
    prices_position: str
    def __init__(self, position: _Optional[str] = ..., engine: _Optional[int] = ..., place: _Optional[int] = ..., start_minute: _Optional[int] = ..., prices_position: _Optional[str] = ...) -> None: ...

class ShownInVain(_message.Message):
    __slots__ = ("position", "place", "positions", "capacities")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    CAPACITIES_FIELD_NUMBER: _ClassVar[int]
    position: str
    place: int
    positions: _containers.RepeatedCompositeFieldContainer[PositionEffect]
    capacities: _containers.RepeatedCompositeFieldContainer[CapacityEffect]
    def __init__(self, position: _Optional[str] = ..., place: _Optional[int] = ..., positions: _Optional[_Iterable[_Union[PositionEffect, _Mapping]]] = ..., capacities: _Optional[_Iterable[_Union[CapacityEffect, _Mapping]]] = ...) -> None: ...

class LedgerEntry(_message.Message):
    __slots__ = ("request_id", "method", "request_digest", "order_id", "positions", "capacities", "request", "response", "network_version", "policy_id", "decided_unix_ms", "events", "texts", "reservations", "order", "position_columns", "pegs", "moves", "risks", "order_capacities", "returns", "decision", "undoes", "basis", "in_vain")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    CAPACITIES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    DECIDED_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    PEGS_FIELD_NUMBER: _ClassVar[int]
    MOVES_FIELD_NUMBER: _ClassVar[int]
    RISKS_FIELD_NUMBER: _ClassVar[int]
    ORDER_CAPACITIES_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    UNDOES_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    IN_VAIN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    method: str
    request_digest: bytes
    order_id: str
    positions: _containers.RepeatedCompositeFieldContainer[PositionEffect]
    capacities: _containers.RepeatedCompositeFieldContainer[CapacityEffect]
    request: bytes
    response: bytes
    network_version: str
    policy_id: str
    decided_unix_ms: int
    events: _containers.RepeatedCompositeFieldContainer[_types_pb2.OrderEvent]
    texts: _containers.RepeatedCompositeFieldContainer[TextEffect]
    reservations: _containers.RepeatedCompositeFieldContainer[_reservation_service_pb2.Reservation]
    order: _types_pb2.Order
    position_columns: PositionColumns
    pegs: _containers.RepeatedCompositeFieldContainer[PegEffect]
    moves: _containers.RepeatedCompositeFieldContainer[ReceiptMove]
    risks: _containers.RepeatedCompositeFieldContainer[ReceiptRisk]
    order_capacities: _containers.RepeatedCompositeFieldContainer[CapacityEffect]
    returns: _containers.RepeatedCompositeFieldContainer[_order_service_pb2.Return]
    decision: HoldDecision
    undoes: str
    basis: DecisionBasis
    in_vain: _containers.RepeatedCompositeFieldContainer[ShownInVain]
    def __init__(self, request_id: _Optional[str] = ..., method: _Optional[str] = ..., request_digest: _Optional[bytes] = ..., order_id: _Optional[str] = ..., positions: _Optional[_Iterable[_Union[PositionEffect, _Mapping]]] = ..., capacities: _Optional[_Iterable[_Union[CapacityEffect, _Mapping]]] = ..., request: _Optional[bytes] = ..., response: _Optional[bytes] = ..., network_version: _Optional[str] = ..., policy_id: _Optional[str] = ..., decided_unix_ms: _Optional[int] = ..., events: _Optional[_Iterable[_Union[_types_pb2.OrderEvent, _Mapping]]] = ..., texts: _Optional[_Iterable[_Union[TextEffect, _Mapping]]] = ..., reservations: _Optional[_Iterable[_Union[_reservation_service_pb2.Reservation, _Mapping]]] = ..., order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., position_columns: _Optional[_Union[PositionColumns, _Mapping]] = ..., pegs: _Optional[_Iterable[_Union[PegEffect, _Mapping]]] = ..., moves: _Optional[_Iterable[_Union[ReceiptMove, _Mapping]]] = ..., risks: _Optional[_Iterable[_Union[ReceiptRisk, _Mapping]]] = ..., order_capacities: _Optional[_Iterable[_Union[CapacityEffect, _Mapping]]] = ..., returns: _Optional[_Iterable[_Union[_order_service_pb2.Return, _Mapping]]] = ..., decision: _Optional[_Union[HoldDecision, _Mapping]] = ..., undoes: _Optional[str] = ..., basis: _Optional[_Union[DecisionBasis, _Mapping]] = ..., in_vain: _Optional[_Iterable[_Union[ShownInVain, _Mapping]]] = ...) -> None: ...
