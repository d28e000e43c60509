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

class LocationStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOCATION_STATUS_UNSPECIFIED: _ClassVar[LocationStatus]
    LOCATION_STATUS_ACTIVE: _ClassVar[LocationStatus]
    LOCATION_STATUS_DISABLED: _ClassVar[LocationStatus]

class FindingSeverity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINDING_SEVERITY_UNSPECIFIED: _ClassVar[FindingSeverity]
    FINDING_SEVERITY_ERROR: _ClassVar[FindingSeverity]
    FINDING_SEVERITY_WARNING: _ClassVar[FindingSeverity]
LOCATION_STATUS_UNSPECIFIED: LocationStatus
LOCATION_STATUS_ACTIVE: LocationStatus
LOCATION_STATUS_DISABLED: LocationStatus
FINDING_SEVERITY_UNSPECIFIED: FindingSeverity
FINDING_SEVERITY_ERROR: FindingSeverity
FINDING_SEVERITY_WARNING: FindingSeverity

class Network(_message.Message):
    __slots__ = ("network_id", "version", "network_version", "name", "currency", "country_code", "time_zone", "horizon_days", "location_count", "item_count", "carrier_service_count", "zone_count", "tariff_count", "policy_ids", "loaded_at")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_CODE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    HORIZON_DAYS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    CARRIER_SERVICE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ZONE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TARIFF_COUNT_FIELD_NUMBER: _ClassVar[int]
    POLICY_IDS_FIELD_NUMBER: _ClassVar[int]
    LOADED_AT_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    version: int
    network_version: str
    name: str
    currency: str
    country_code: str
    time_zone: str
    horizon_days: int
    location_count: int
    item_count: int
    carrier_service_count: int
    zone_count: int
    tariff_count: int
    policy_ids: _containers.RepeatedScalarFieldContainer[str]
    loaded_at: _timestamp_pb2.Timestamp
    def __init__(self, network_id: _Optional[str] = ..., version: _Optional[int] = ..., network_version: _Optional[str] = ..., name: _Optional[str] = ..., currency: _Optional[str] = ..., country_code: _Optional[str] = ..., time_zone: _Optional[str] = ..., horizon_days: _Optional[int] = ..., location_count: _Optional[int] = ..., item_count: _Optional[int] = ..., carrier_service_count: _Optional[int] = ..., zone_count: _Optional[int] = ..., tariff_count: _Optional[int] = ..., policy_ids: _Optional[_Iterable[str]] = ..., loaded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class NetworkFinding(_message.Message):
    __slots__ = ("severity", "file", "row", "column", "reason", "message", "suggestion")
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SUGGESTION_FIELD_NUMBER: _ClassVar[int]
    severity: FindingSeverity
    file: str
    row: int
    column: str
    reason: str
    message: str
    suggestion: str
    def __init__(self, severity: _Optional[_Union[FindingSeverity, str]] = ..., file: _Optional[str] = ..., row: _Optional[int] = ..., column: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., suggestion: _Optional[str] = ...) -> None: ...

class GetNetworkRequest(_message.Message):
    __slots__ = ("network_id", "min_position")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ...) -> None: ...

class GetNetworkResponse(_message.Message):
    __slots__ = ("network", "position", "stale")
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    network: Network
    position: str
    stale: bool
    def __init__(self, network: _Optional[_Union[Network, _Mapping]] = ..., position: _Optional[str] = ..., stale: _Optional[bool] = ...) -> None: ...

class ReloadNetworkRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ...) -> None: ...

class ReloadNetworkResponse(_message.Message):
    __slots__ = ("network", "findings", "position", "duplicate")
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    network: Network
    findings: _containers.RepeatedCompositeFieldContainer[NetworkFinding]
    position: str
    duplicate: bool
    def __init__(self, network: _Optional[_Union[Network, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[NetworkFinding, _Mapping]]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class SetLocationStatusRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "location_id", "status", "reason", "until")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    location_id: str
    status: LocationStatus
    reason: str
    until: _timestamp_pb2.Timestamp
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., location_id: _Optional[str] = ..., status: _Optional[_Union[LocationStatus, str]] = ..., reason: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SetLocationStatusResponse(_message.Message):
    __slots__ = ("location_id", "status", "version", "open_order_ids", "position", "duplicate")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OPEN_ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    status: LocationStatus
    version: int
    open_order_ids: _containers.RepeatedScalarFieldContainer[str]
    position: str
    duplicate: bool
    def __init__(self, location_id: _Optional[str] = ..., status: _Optional[_Union[LocationStatus, str]] = ..., version: _Optional[int] = ..., open_order_ids: _Optional[_Iterable[str]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class Capacity(_message.Message):
    __slots__ = ("location_id", "date", "category", "unit", "limit", "allocated", "reserved", "version")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    ALLOCATED_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    date: str
    category: str
    unit: _types_pb2.CapacityUnit
    limit: int
    allocated: int
    reserved: int
    version: int
    def __init__(self, location_id: _Optional[str] = ..., date: _Optional[str] = ..., category: _Optional[str] = ..., unit: _Optional[_Union[_types_pb2.CapacityUnit, str]] = ..., limit: _Optional[int] = ..., allocated: _Optional[int] = ..., reserved: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...

class SetCapacityRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "location_id", "date", "category", "limit")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    location_id: str
    date: str
    category: str
    limit: int
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., location_id: _Optional[str] = ..., date: _Optional[str] = ..., category: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class SetCapacityResponse(_message.Message):
    __slots__ = ("capacity", "position", "duplicate")
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    capacity: Capacity
    position: str
    duplicate: bool
    def __init__(self, capacity: _Optional[_Union[Capacity, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class GetCapacityRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "location_ids", "from_date", "to_date", "category")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    FROM_DATE_FIELD_NUMBER: _ClassVar[int]
    TO_DATE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    from_date: str
    to_date: str
    category: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., location_ids: _Optional[_Iterable[str]] = ..., from_date: _Optional[str] = ..., to_date: _Optional[str] = ..., category: _Optional[str] = ...) -> None: ...

class GetCapacityResponse(_message.Message):
    __slots__ = ("capacities", "position", "stale")
    CAPACITIES_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    capacities: _containers.RepeatedCompositeFieldContainer[Capacity]
    position: str
    stale: bool
    def __init__(self, capacities: _Optional[_Iterable[_Union[Capacity, _Mapping]]] = ..., position: _Optional[str] = ..., stale: _Optional[bool] = ...) -> None: ...

class ValidateNetworkRequest(_message.Message):
    __slots__ = ("network_id", "min_position")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ...) -> None: ...

class ValidateNetworkResponse(_message.Message):
    __slots__ = ("valid", "findings", "network_version", "position")
    VALID_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    valid: bool
    findings: _containers.RepeatedCompositeFieldContainer[NetworkFinding]
    network_version: str
    position: str
    def __init__(self, valid: _Optional[bool] = ..., findings: _Optional[_Iterable[_Union[NetworkFinding, _Mapping]]] = ..., network_version: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...
