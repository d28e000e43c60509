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

class GroupBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUP_BY_UNSPECIFIED: _ClassVar[GroupBy]
    GROUP_BY_LOCATION: _ClassVar[GroupBy]
    GROUP_BY_NETWORK: _ClassVar[GroupBy]
GROUP_BY_UNSPECIFIED: GroupBy
GROUP_BY_LOCATION: GroupBy
GROUP_BY_NETWORK: GroupBy

class AdjustInventoryRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "records")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    records: _containers.RepeatedCompositeFieldContainer[_types_pb2.InventoryRecord]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., records: _Optional[_Iterable[_Union[_types_pb2.InventoryRecord, _Mapping]]] = ...) -> None: ...

class AdjustInventoryResult(_message.Message):
    __slots__ = ("index", "accepted", "reason", "message", "supply", "demand")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    DEMAND_FIELD_NUMBER: _ClassVar[int]
    index: int
    accepted: bool
    reason: str
    message: str
    supply: int
    demand: int
    def __init__(self, index: _Optional[int] = ..., accepted: _Optional[bool] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., supply: _Optional[int] = ..., demand: _Optional[int] = ...) -> None: ...

class FeedGap(_message.Message):
    __slots__ = ("source", "first_sequence", "last_sequence", "given_up")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    GIVEN_UP_FIELD_NUMBER: _ClassVar[int]
    source: str
    first_sequence: int
    last_sequence: int
    given_up: bool
    def __init__(self, source: _Optional[str] = ..., first_sequence: _Optional[int] = ..., last_sequence: _Optional[int] = ..., given_up: _Optional[bool] = ...) -> None: ...

class AdjustInventoryResponse(_message.Message):
    __slots__ = ("results", "accepted_count", "rejected_count", "position", "duplicate", "gaps", "gap_count")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    GAP_COUNT_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[AdjustInventoryResult]
    accepted_count: int
    rejected_count: int
    position: str
    duplicate: bool
    gaps: _containers.RepeatedCompositeFieldContainer[FeedGap]
    gap_count: int
    def __init__(self, results: _Optional[_Iterable[_Union[AdjustInventoryResult, _Mapping]]] = ..., accepted_count: _Optional[int] = ..., rejected_count: _Optional[int] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ..., gaps: _Optional[_Iterable[_Union[FeedGap, _Mapping]]] = ..., gap_count: _Optional[int] = ...) -> None: ...

class SyncInventoryRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "location_ids", "source", "as_of", "records")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    source: str
    as_of: _timestamp_pb2.Timestamp
    records: _containers.RepeatedCompositeFieldContainer[_types_pb2.InventoryRecord]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., location_ids: _Optional[_Iterable[str]] = ..., source: _Optional[str] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., records: _Optional[_Iterable[_Union[_types_pb2.InventoryRecord, _Mapping]]] = ...) -> None: ...

class SyncInventoryResponse(_message.Message):
    __slots__ = ("rejected", "accepted_count", "rejected_count", "zeroed_count", "position", "duplicate", "gaps", "gap_count")
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ZEROED_COUNT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    GAP_COUNT_FIELD_NUMBER: _ClassVar[int]
    rejected: _containers.RepeatedCompositeFieldContainer[AdjustInventoryResult]
    accepted_count: int
    rejected_count: int
    zeroed_count: int
    position: str
    duplicate: bool
    gaps: _containers.RepeatedCompositeFieldContainer[FeedGap]
    gap_count: int
    def __init__(self, rejected: _Optional[_Iterable[_Union[AdjustInventoryResult, _Mapping]]] = ..., accepted_count: _Optional[int] = ..., rejected_count: _Optional[int] = ..., zeroed_count: _Optional[int] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ..., gaps: _Optional[_Iterable[_Union[FeedGap, _Mapping]]] = ..., gap_count: _Optional[int] = ...) -> None: ...

class GetAvailabilityRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "item_ids", "location_ids", "segment", "channel", "scenario_id", "by_date", "group_by")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    BY_DATE_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    segment: str
    channel: str
    scenario_id: str
    by_date: _timestamp_pb2.Timestamp
    group_by: GroupBy
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., segment: _Optional[str] = ..., channel: _Optional[str] = ..., scenario_id: _Optional[str] = ..., by_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_by: _Optional[_Union[GroupBy, str]] = ...) -> None: ...

class AvailabilityWindow(_message.Message):
    __slots__ = ("to", "quantity")
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    to: _timestamp_pb2.Timestamp
    quantity: int
    def __init__(self, to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., quantity: _Optional[int] = ..., **kwargs) -> None: ...

class Availability(_message.Message):
    __slots__ = ("item_id", "location_id", "pool", "on_hand", "reserved", "allocated", "safety_stock", "available", "windows", "position")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    ON_HAND_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    ALLOCATED_FIELD_NUMBER: _ClassVar[int]
    SAFETY_STOCK_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    pool: str
    on_hand: int
    reserved: int
    allocated: int
    safety_stock: int
    available: int
    windows: _containers.RepeatedCompositeFieldContainer[AvailabilityWindow]
    position: str
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., pool: _Optional[str] = ..., on_hand: _Optional[int] = ..., reserved: _Optional[int] = ..., allocated: _Optional[int] = ..., safety_stock: _Optional[int] = ..., available: _Optional[int] = ..., windows: _Optional[_Iterable[_Union[AvailabilityWindow, _Mapping]]] = ..., position: _Optional[str] = ...) -> None: ...

class GetAvailabilityResponse(_message.Message):
    __slots__ = ("availabilities", "position", "stale")
    AVAILABILITIES_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    availabilities: _containers.RepeatedCompositeFieldContainer[Availability]
    position: str
    stale: bool
    def __init__(self, availabilities: _Optional[_Iterable[_Union[Availability, _Mapping]]] = ..., position: _Optional[str] = ..., stale: _Optional[bool] = ...) -> None: ...

class WatchAvailabilityRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "item_ids", "location_ids", "segment", "channel", "group_by", "thresholds", "from_position")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDS_FIELD_NUMBER: _ClassVar[int]
    FROM_POSITION_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    segment: str
    channel: str
    group_by: GroupBy
    thresholds: _containers.RepeatedScalarFieldContainer[int]
    from_position: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., segment: _Optional[str] = ..., channel: _Optional[str] = ..., group_by: _Optional[_Union[GroupBy, str]] = ..., thresholds: _Optional[_Iterable[int]] = ..., from_position: _Optional[str] = ...) -> None: ...

class WatchAvailabilityResponse(_message.Message):
    __slots__ = ("availabilities", "threshold", "position")
    AVAILABILITIES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    availabilities: _containers.RepeatedCompositeFieldContainer[Availability]
    threshold: int
    position: str
    def __init__(self, availabilities: _Optional[_Iterable[_Union[Availability, _Mapping]]] = ..., threshold: _Optional[int] = ..., position: _Optional[str] = ...) -> None: ...
