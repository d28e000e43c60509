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

class ReservationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESERVATION_STATE_UNSPECIFIED: _ClassVar[ReservationState]
    RESERVATION_STATE_ACTIVE: _ClassVar[ReservationState]
    RESERVATION_STATE_CONFIRMED: _ClassVar[ReservationState]
    RESERVATION_STATE_RELEASED: _ClassVar[ReservationState]
    RESERVATION_STATE_EXPIRED: _ClassVar[ReservationState]

class ReservationFill(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESERVATION_FILL_UNSPECIFIED: _ClassVar[ReservationFill]
    RESERVATION_FILL_ALL_OR_NOTHING: _ClassVar[ReservationFill]
    RESERVATION_FILL_PARTIAL: _ClassVar[ReservationFill]

class ReservationScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESERVATION_SCOPE_UNSPECIFIED: _ClassVar[ReservationScope]
    RESERVATION_SCOPE_LOCATION: _ClassVar[ReservationScope]
    RESERVATION_SCOPE_NETWORK: _ClassVar[ReservationScope]
RESERVATION_STATE_UNSPECIFIED: ReservationState
RESERVATION_STATE_ACTIVE: ReservationState
RESERVATION_STATE_CONFIRMED: ReservationState
RESERVATION_STATE_RELEASED: ReservationState
RESERVATION_STATE_EXPIRED: ReservationState
RESERVATION_FILL_UNSPECIFIED: ReservationFill
RESERVATION_FILL_ALL_OR_NOTHING: ReservationFill
RESERVATION_FILL_PARTIAL: ReservationFill
RESERVATION_SCOPE_UNSPECIFIED: ReservationScope
RESERVATION_SCOPE_LOCATION: ReservationScope
RESERVATION_SCOPE_NETWORK: ReservationScope

class ReservationLine(_message.Message):
    __slots__ = ("line_id", "item_id", "quantity", "location_id", "receipt_id", "pool")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    quantity: int
    location_id: str
    receipt_id: str
    pool: str
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., location_id: _Optional[str] = ..., receipt_id: _Optional[str] = ..., pool: _Optional[str] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("reservation_id", "version", "lines", "state", "expires_at", "plan", "basket", "scope", "order_id", "created_at", "currency", "policy_id", "policy_version", "network_version")
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    reservation_id: str
    version: int
    lines: _containers.RepeatedCompositeFieldContainer[ReservationLine]
    state: ReservationState
    expires_at: _timestamp_pb2.Timestamp
    plan: _types_pb2.Plan
    basket: _types_pb2.Basket
    scope: ReservationScope
    order_id: str
    created_at: _timestamp_pb2.Timestamp
    currency: str
    policy_id: str
    policy_version: str
    network_version: str
    def __init__(self, reservation_id: _Optional[str] = ..., version: _Optional[int] = ..., lines: _Optional[_Iterable[_Union[ReservationLine, _Mapping]]] = ..., state: _Optional[_Union[ReservationState, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., plan: _Optional[_Union[_types_pb2.Plan, _Mapping]] = ..., basket: _Optional[_Union[_types_pb2.Basket, _Mapping]] = ..., scope: _Optional[_Union[ReservationScope, str]] = ..., order_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., currency: _Optional[str] = ..., policy_id: _Optional[str] = ..., policy_version: _Optional[str] = ..., network_version: _Optional[str] = ...) -> None: ...

class CreateReservationRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "reservation_id", "basket", "quote_token", "time_to_live", "fill", "scope")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_LIVE_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    reservation_id: str
    basket: _types_pb2.Basket
    quote_token: str
    time_to_live: _duration_pb2.Duration
    fill: ReservationFill
    scope: ReservationScope
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., reservation_id: _Optional[str] = ..., basket: _Optional[_Union[_types_pb2.Basket, _Mapping]] = ..., quote_token: _Optional[str] = ..., time_to_live: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., fill: _Optional[_Union[ReservationFill, str]] = ..., scope: _Optional[_Union[ReservationScope, str]] = ...) -> None: ...

class CreateReservationResponse(_message.Message):
    __slots__ = ("reservation", "position", "duplicate")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    position: str
    duplicate: bool
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class ExtendReservationRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "reservation_id", "time_to_live")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_LIVE_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    reservation_id: str
    time_to_live: _duration_pb2.Duration
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., reservation_id: _Optional[str] = ..., time_to_live: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ExtendReservationResponse(_message.Message):
    __slots__ = ("reservation", "position", "duplicate")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    position: str
    duplicate: bool
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class ConfirmReservationRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "reservation_id", "order")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    reservation_id: str
    order: _types_pb2.Order
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., reservation_id: _Optional[str] = ..., order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ...) -> None: ...

class ConfirmReservationResponse(_message.Message):
    __slots__ = ("order", "reservation", "position", "duplicate")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    order: _types_pb2.Order
    reservation: Reservation
    position: str
    duplicate: bool
    def __init__(self, order: _Optional[_Union[_types_pb2.Order, _Mapping]] = ..., reservation: _Optional[_Union[Reservation, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class ReservationLineQuantity(_message.Message):
    __slots__ = ("line_id", "quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class ReleaseReservationRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "reservation_id", "lines")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    reservation_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReservationLineQuantity]
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., reservation_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReservationLineQuantity, _Mapping]]] = ...) -> None: ...

class OverRelease(_message.Message):
    __slots__ = ("line_id", "requested_quantity", "released_quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    RELEASED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    requested_quantity: int
    released_quantity: int
    def __init__(self, line_id: _Optional[str] = ..., requested_quantity: _Optional[int] = ..., released_quantity: _Optional[int] = ...) -> None: ...

class ReleaseReservationResponse(_message.Message):
    __slots__ = ("reservation", "over_releases", "position", "duplicate")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    OVER_RELEASES_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    over_releases: _containers.RepeatedCompositeFieldContainer[OverRelease]
    position: str
    duplicate: bool
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ..., over_releases: _Optional[_Iterable[_Union[OverRelease, _Mapping]]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class GetReservationRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "reservation_id")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    reservation_id: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., reservation_id: _Optional[str] = ...) -> None: ...

class GetReservationResponse(_message.Message):
    __slots__ = ("reservation", "position")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    position: str
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ..., position: _Optional[str] = ...) -> None: ...

class ListReservationsRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "states", "item_ids", "location_ids", "customer_id", "page_size", "page_token")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    states: _containers.RepeatedScalarFieldContainer[ReservationState]
    item_ids: _containers.RepeatedScalarFieldContainer[str]
    location_ids: _containers.RepeatedScalarFieldContainer[str]
    customer_id: str
    page_size: int
    page_token: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., states: _Optional[_Iterable[_Union[ReservationState, str]]] = ..., item_ids: _Optional[_Iterable[str]] = ..., location_ids: _Optional[_Iterable[str]] = ..., customer_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReservationsResponse(_message.Message):
    __slots__ = ("reservations", "next_page_token", "position")
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    reservations: _containers.RepeatedCompositeFieldContainer[Reservation]
    next_page_token: str
    position: str
    def __init__(self, reservations: _Optional[_Iterable[_Union[Reservation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class TransferReservationRequest(_message.Message):
    __slots__ = ("network_id", "min_position", "request_id", "expected_version", "reservation_id", "lines", "target_reservation_id", "target_location_id")
    NETWORK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    TARGET_RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    network_id: str
    min_position: str
    request_id: str
    expected_version: int
    reservation_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ReservationLineQuantity]
    target_reservation_id: str
    target_location_id: str
    def __init__(self, network_id: _Optional[str] = ..., min_position: _Optional[str] = ..., request_id: _Optional[str] = ..., expected_version: _Optional[int] = ..., reservation_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ReservationLineQuantity, _Mapping]]] = ..., target_reservation_id: _Optional[str] = ..., target_location_id: _Optional[str] = ...) -> None: ...

class TransferReservationResponse(_message.Message):
    __slots__ = ("source", "target", "position", "duplicate")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    source: Reservation
    target: Reservation
    position: str
    duplicate: bool
    def __init__(self, source: _Optional[_Union[Reservation, _Mapping]] = ..., target: _Optional[_Union[Reservation, _Mapping]] = ..., position: _Optional[str] = ..., duplicate: _Optional[bool] = ...) -> None: ...
