import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeliveryMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELIVERY_METHOD_UNSPECIFIED: _ClassVar[DeliveryMethod]
    DELIVERY_METHOD_SHIP: _ClassVar[DeliveryMethod]
    DELIVERY_METHOD_PICKUP: _ClassVar[DeliveryMethod]
    DELIVERY_METHOD_SHIP_TO_STORE: _ClassVar[DeliveryMethod]
    DELIVERY_METHOD_DIGITAL: _ClassVar[DeliveryMethod]

class AddressType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADDRESS_TYPE_UNSPECIFIED: _ClassVar[AddressType]
    ADDRESS_TYPE_RESIDENTIAL: _ClassVar[AddressType]
    ADDRESS_TYPE_BUSINESS: _ClassVar[AddressType]

class Route(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROUTE_UNSPECIFIED: _ClassVar[Route]
    ROUTE_SHIP: _ClassVar[Route]
    ROUTE_PICKUP: _ClassVar[Route]
    ROUTE_SHIP_TO_STORE: _ClassVar[Route]
    ROUTE_CONSOLIDATION: _ClassVar[Route]
    ROUTE_DIGITAL: _ClassVar[Route]

class ShipmentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHIPMENT_STATE_UNSPECIFIED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_PLANNED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_ACCEPTED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_DECLINED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_READY_FOR_PICKUP: _ClassVar[ShipmentState]
    SHIPMENT_STATE_SHIPPED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_DELIVERED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_COLLECTED: _ClassVar[ShipmentState]
    SHIPMENT_STATE_CANCELLED: _ClassVar[ShipmentState]

class OrderState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_STATE_UNSPECIFIED: _ClassVar[OrderState]
    ORDER_STATE_HELD: _ClassVar[OrderState]
    ORDER_STATE_SOURCED: _ClassVar[OrderState]
    ORDER_STATE_PARTIALLY_SOURCED: _ClassVar[OrderState]
    ORDER_STATE_UNSOURCED: _ClassVar[OrderState]
    ORDER_STATE_IN_FULFILLMENT: _ClassVar[OrderState]
    ORDER_STATE_COMPLETED: _ClassVar[OrderState]
    ORDER_STATE_CANCELLED: _ClassVar[OrderState]

class CertificateStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CERTIFICATE_STATUS_UNSPECIFIED: _ClassVar[CertificateStatus]
    CERTIFICATE_STATUS_OPTIMAL: _ClassVar[CertificateStatus]
    CERTIFICATE_STATUS_BOUNDED: _ClassVar[CertificateStatus]
    CERTIFICATE_STATUS_INFEASIBLE: _ClassVar[CertificateStatus]

class CapacityUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAPACITY_UNIT_UNSPECIFIED: _ClassVar[CapacityUnit]
    CAPACITY_UNIT_ORDERS: _ClassVar[CapacityUnit]
    CAPACITY_UNIT_LINES: _ClassVar[CapacityUnit]
    CAPACITY_UNIT_UNITS: _ClassVar[CapacityUnit]
    CAPACITY_UNIT_VALUE: _ClassVar[CapacityUnit]

class InventoryKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INVENTORY_KIND_UNSPECIFIED: _ClassVar[InventoryKind]
    INVENTORY_KIND_ON_HAND: _ClassVar[InventoryKind]
    INVENTORY_KIND_COUNT: _ClassVar[InventoryKind]
    INVENTORY_KIND_INBOUND: _ClassVar[InventoryKind]
    INVENTORY_KIND_ADJUST: _ClassVar[InventoryKind]
    INVENTORY_KIND_RECEIVED: _ClassVar[InventoryKind]
    INVENTORY_KIND_SHIPPED: _ClassVar[InventoryKind]

class ExplainLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXPLAIN_LEVEL_UNSPECIFIED: _ClassVar[ExplainLevel]
    EXPLAIN_LEVEL_CANDIDATES: _ClassVar[ExplainLevel]
    EXPLAIN_LEVEL_FULL: _ClassVar[ExplainLevel]

class DifferenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIFFERENCE_KIND_UNSPECIFIED: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_EXACT: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_AT_LEAST: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_AT_MOST: _ClassVar[DifferenceKind]

class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_TYPE_UNSPECIFIED: _ClassVar[EventType]
    EVENT_TYPE_AVAILABILITY_CHANGED: _ClassVar[EventType]
    EVENT_TYPE_THRESHOLD_CROSSED: _ClassVar[EventType]
    EVENT_TYPE_ORDER_SOURCED: _ClassVar[EventType]
    EVENT_TYPE_ORDER_RESOURCED: _ClassVar[EventType]
    EVENT_TYPE_SHIPMENT_DECLINED: _ClassVar[EventType]
    EVENT_TYPE_PROMISE_AT_RISK: _ClassVar[EventType]
    EVENT_TYPE_ORDER_REPROMISED: _ClassVar[EventType]
    EVENT_TYPE_SHIPMENT_SHIPPED: _ClassVar[EventType]
    EVENT_TYPE_SHIPMENT_READY: _ClassVar[EventType]
    EVENT_TYPE_SHIPMENT_COLLECTED: _ClassVar[EventType]
    EVENT_TYPE_SHIPMENT_DELIVERED: _ClassVar[EventType]
    EVENT_TYPE_LINES_RETURNED: _ClassVar[EventType]
    EVENT_TYPE_LINES_REFUNDED: _ClassVar[EventType]
    EVENT_TYPE_RESERVATION_EXPIRED: _ClassVar[EventType]
    EVENT_TYPE_ORDER_HELD: _ClassVar[EventType]
    EVENT_TYPE_ORDER_RELEASED: _ClassVar[EventType]
    EVENT_TYPE_ORDER_CHANGED: _ClassVar[EventType]
    EVENT_TYPE_ORDER_CANCELLED: _ClassVar[EventType]
    EVENT_TYPE_SHIPMENT_ACCEPTED: _ClassVar[EventType]
    EVENT_TYPE_RETURN_CREATED: _ClassVar[EventType]

class LineState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINE_STATE_UNSPECIFIED: _ClassVar[LineState]
    LINE_STATE_SHORT: _ClassVar[LineState]
    LINE_STATE_PLANNED: _ClassVar[LineState]
    LINE_STATE_ACCEPTED: _ClassVar[LineState]
    LINE_STATE_READY_FOR_PICKUP: _ClassVar[LineState]
    LINE_STATE_SHIPPED: _ClassVar[LineState]
    LINE_STATE_DELIVERED: _ClassVar[LineState]
    LINE_STATE_COLLECTED: _ClassVar[LineState]
    LINE_STATE_CANCELLED: _ClassVar[LineState]
DELIVERY_METHOD_UNSPECIFIED: DeliveryMethod
DELIVERY_METHOD_SHIP: DeliveryMethod
DELIVERY_METHOD_PICKUP: DeliveryMethod
DELIVERY_METHOD_SHIP_TO_STORE: DeliveryMethod
DELIVERY_METHOD_DIGITAL: DeliveryMethod
ADDRESS_TYPE_UNSPECIFIED: AddressType
ADDRESS_TYPE_RESIDENTIAL: AddressType
ADDRESS_TYPE_BUSINESS: AddressType
ROUTE_UNSPECIFIED: Route
ROUTE_SHIP: Route
ROUTE_PICKUP: Route
ROUTE_SHIP_TO_STORE: Route
ROUTE_CONSOLIDATION: Route
ROUTE_DIGITAL: Route
SHIPMENT_STATE_UNSPECIFIED: ShipmentState
SHIPMENT_STATE_PLANNED: ShipmentState
SHIPMENT_STATE_ACCEPTED: ShipmentState
SHIPMENT_STATE_DECLINED: ShipmentState
SHIPMENT_STATE_READY_FOR_PICKUP: ShipmentState
SHIPMENT_STATE_SHIPPED: ShipmentState
SHIPMENT_STATE_DELIVERED: ShipmentState
SHIPMENT_STATE_COLLECTED: ShipmentState
SHIPMENT_STATE_CANCELLED: ShipmentState
ORDER_STATE_UNSPECIFIED: OrderState
ORDER_STATE_HELD: OrderState
ORDER_STATE_SOURCED: OrderState
ORDER_STATE_PARTIALLY_SOURCED: OrderState
ORDER_STATE_UNSOURCED: OrderState
ORDER_STATE_IN_FULFILLMENT: OrderState
ORDER_STATE_COMPLETED: OrderState
ORDER_STATE_CANCELLED: OrderState
CERTIFICATE_STATUS_UNSPECIFIED: CertificateStatus
CERTIFICATE_STATUS_OPTIMAL: CertificateStatus
CERTIFICATE_STATUS_BOUNDED: CertificateStatus
CERTIFICATE_STATUS_INFEASIBLE: CertificateStatus
CAPACITY_UNIT_UNSPECIFIED: CapacityUnit
CAPACITY_UNIT_ORDERS: CapacityUnit
CAPACITY_UNIT_LINES: CapacityUnit
CAPACITY_UNIT_UNITS: CapacityUnit
CAPACITY_UNIT_VALUE: CapacityUnit
INVENTORY_KIND_UNSPECIFIED: InventoryKind
INVENTORY_KIND_ON_HAND: InventoryKind
INVENTORY_KIND_COUNT: InventoryKind
INVENTORY_KIND_INBOUND: InventoryKind
INVENTORY_KIND_ADJUST: InventoryKind
INVENTORY_KIND_RECEIVED: InventoryKind
INVENTORY_KIND_SHIPPED: InventoryKind
EXPLAIN_LEVEL_UNSPECIFIED: ExplainLevel
EXPLAIN_LEVEL_CANDIDATES: ExplainLevel
EXPLAIN_LEVEL_FULL: ExplainLevel
DIFFERENCE_KIND_UNSPECIFIED: DifferenceKind
DIFFERENCE_KIND_EXACT: DifferenceKind
DIFFERENCE_KIND_AT_LEAST: DifferenceKind
DIFFERENCE_KIND_AT_MOST: DifferenceKind
EVENT_TYPE_UNSPECIFIED: EventType
EVENT_TYPE_AVAILABILITY_CHANGED: EventType
EVENT_TYPE_THRESHOLD_CROSSED: EventType
EVENT_TYPE_ORDER_SOURCED: EventType
EVENT_TYPE_ORDER_RESOURCED: EventType
EVENT_TYPE_SHIPMENT_DECLINED: EventType
EVENT_TYPE_PROMISE_AT_RISK: EventType
EVENT_TYPE_ORDER_REPROMISED: EventType
EVENT_TYPE_SHIPMENT_SHIPPED: EventType
EVENT_TYPE_SHIPMENT_READY: EventType
EVENT_TYPE_SHIPMENT_COLLECTED: EventType
EVENT_TYPE_SHIPMENT_DELIVERED: EventType
EVENT_TYPE_LINES_RETURNED: EventType
EVENT_TYPE_LINES_REFUNDED: EventType
EVENT_TYPE_RESERVATION_EXPIRED: EventType
EVENT_TYPE_ORDER_HELD: EventType
EVENT_TYPE_ORDER_RELEASED: EventType
EVENT_TYPE_ORDER_CHANGED: EventType
EVENT_TYPE_ORDER_CANCELLED: EventType
EVENT_TYPE_SHIPMENT_ACCEPTED: EventType
EVENT_TYPE_RETURN_CREATED: EventType
LINE_STATE_UNSPECIFIED: LineState
LINE_STATE_SHORT: LineState
LINE_STATE_PLANNED: LineState
LINE_STATE_ACCEPTED: LineState
LINE_STATE_READY_FOR_PICKUP: LineState
LINE_STATE_SHIPPED: LineState
LINE_STATE_DELIVERED: LineState
LINE_STATE_COLLECTED: LineState
LINE_STATE_CANCELLED: LineState

class Destination(_message.Message):
    __slots__ = ("country_code", "postal_code", "latitude", "longitude", "address_type")
    COUNTRY_CODE_FIELD_NUMBER: _ClassVar[int]
    POSTAL_CODE_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_TYPE_FIELD_NUMBER: _ClassVar[int]
    country_code: str
    postal_code: str
    latitude: float
    longitude: float
    address_type: AddressType
    def __init__(self, country_code: _Optional[str] = ..., postal_code: _Optional[str] = ..., latitude: _Optional[float] = ..., longitude: _Optional[float] = ..., address_type: _Optional[_Union[AddressType, str]] = ...) -> None: ...

class IntegerConstraint(_message.Message):
    __slots__ = ("value", "penalty_micros")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PENALTY_MICROS_FIELD_NUMBER: _ClassVar[int]
    value: int
    penalty_micros: int
    def __init__(self, value: _Optional[int] = ..., penalty_micros: _Optional[int] = ...) -> None: ...

class FlagConstraint(_message.Message):
    __slots__ = ("value", "penalty_micros")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PENALTY_MICROS_FIELD_NUMBER: _ClassVar[int]
    value: bool
    penalty_micros: int
    def __init__(self, value: _Optional[bool] = ..., penalty_micros: _Optional[int] = ...) -> None: ...

class NamesConstraint(_message.Message):
    __slots__ = ("values", "penalty_micros")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    PENALTY_MICROS_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    penalty_micros: int
    def __init__(self, values: _Optional[_Iterable[str]] = ..., penalty_micros: _Optional[int] = ...) -> None: ...

class Constraints(_message.Message):
    __slots__ = ("max_locations", "max_locations_per_line", "max_distance_meters", "no_split_below_micros", "ship_complete", "international", "no_split_item_classes", "express_only_location_ids")
    MAX_LOCATIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_LOCATIONS_PER_LINE_FIELD_NUMBER: _ClassVar[int]
    MAX_DISTANCE_METERS_FIELD_NUMBER: _ClassVar[int]
    NO_SPLIT_BELOW_MICROS_FIELD_NUMBER: _ClassVar[int]
    SHIP_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    INTERNATIONAL_FIELD_NUMBER: _ClassVar[int]
    NO_SPLIT_ITEM_CLASSES_FIELD_NUMBER: _ClassVar[int]
    EXPRESS_ONLY_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    max_locations: IntegerConstraint
    max_locations_per_line: IntegerConstraint
    max_distance_meters: IntegerConstraint
    no_split_below_micros: IntegerConstraint
    ship_complete: FlagConstraint
    international: FlagConstraint
    no_split_item_classes: NamesConstraint
    express_only_location_ids: NamesConstraint
    def __init__(self, max_locations: _Optional[_Union[IntegerConstraint, _Mapping]] = ..., max_locations_per_line: _Optional[_Union[IntegerConstraint, _Mapping]] = ..., max_distance_meters: _Optional[_Union[IntegerConstraint, _Mapping]] = ..., no_split_below_micros: _Optional[_Union[IntegerConstraint, _Mapping]] = ..., ship_complete: _Optional[_Union[FlagConstraint, _Mapping]] = ..., international: _Optional[_Union[FlagConstraint, _Mapping]] = ..., no_split_item_classes: _Optional[_Union[NamesConstraint, _Mapping]] = ..., express_only_location_ids: _Optional[_Union[NamesConstraint, _Mapping]] = ...) -> None: ...

class BasketLine(_message.Message):
    __slots__ = ("line_id", "item_id", "quantity", "unit_price_micros", "delivery_method", "pickup_location_id", "service_level", "earliest_date", "latest_date", "ship_complete", "fill_or_kill", "allow_backorder", "allow_substitutes", "substitute_item_ids", "min_split_quantity", "max_splits", "ship_set", "arrival_set", "kit_parent_line_id", "kit_ratio", "gift_wrap", "tags", "allowed_location_ids", "excluded_location_ids", "preassigned_location_id", "preferred_carrier_service_ids", "allow_preorder")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_METHOD_FIELD_NUMBER: _ClassVar[int]
    PICKUP_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_LEVEL_FIELD_NUMBER: _ClassVar[int]
    EARLIEST_DATE_FIELD_NUMBER: _ClassVar[int]
    LATEST_DATE_FIELD_NUMBER: _ClassVar[int]
    SHIP_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    FILL_OR_KILL_FIELD_NUMBER: _ClassVar[int]
    ALLOW_BACKORDER_FIELD_NUMBER: _ClassVar[int]
    ALLOW_SUBSTITUTES_FIELD_NUMBER: _ClassVar[int]
    SUBSTITUTE_ITEM_IDS_FIELD_NUMBER: _ClassVar[int]
    MIN_SPLIT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    MAX_SPLITS_FIELD_NUMBER: _ClassVar[int]
    SHIP_SET_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_SET_FIELD_NUMBER: _ClassVar[int]
    KIT_PARENT_LINE_ID_FIELD_NUMBER: _ClassVar[int]
    KIT_RATIO_FIELD_NUMBER: _ClassVar[int]
    GIFT_WRAP_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_LOCATION_IDS_FIELD_NUMBER: _ClassVar[int]
    PREASSIGNED_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_CARRIER_SERVICE_IDS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_PREORDER_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    quantity: int
    unit_price_micros: int
    delivery_method: DeliveryMethod
    pickup_location_id: str
    service_level: str
    earliest_date: _timestamp_pb2.Timestamp
    latest_date: _timestamp_pb2.Timestamp
    ship_complete: bool
    fill_or_kill: bool
    allow_backorder: bool
    allow_substitutes: bool
    substitute_item_ids: _containers.RepeatedScalarFieldContainer[str]
    min_split_quantity: int
    max_splits: int
    ship_set: str
    arrival_set: str
    kit_parent_line_id: str
    kit_ratio: int
    gift_wrap: bool
    tags: _containers.RepeatedScalarFieldContainer[str]
    allowed_location_ids: _containers.RepeatedScalarFieldContainer[str]
    excluded_location_ids: _containers.RepeatedScalarFieldContainer[str]
    preassigned_location_id: str
    preferred_carrier_service_ids: _containers.RepeatedScalarFieldContainer[str]
    allow_preorder: bool
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., unit_price_micros: _Optional[int] = ..., delivery_method: _Optional[_Union[DeliveryMethod, str]] = ..., pickup_location_id: _Optional[str] = ..., service_level: _Optional[str] = ..., earliest_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., latest_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ship_complete: _Optional[bool] = ..., fill_or_kill: _Optional[bool] = ..., allow_backorder: _Optional[bool] = ..., allow_substitutes: _Optional[bool] = ..., substitute_item_ids: _Optional[_Iterable[str]] = ..., min_split_quantity: _Optional[int] = ..., max_splits: _Optional[int] = ..., ship_set: _Optional[str] = ..., arrival_set: _Optional[str] = ..., kit_parent_line_id: _Optional[str] = ..., kit_ratio: _Optional[int] = ..., gift_wrap: _Optional[bool] = ..., tags: _Optional[_Iterable[str]] = ..., allowed_location_ids: _Optional[_Iterable[str]] = ..., excluded_location_ids: _Optional[_Iterable[str]] = ..., preassigned_location_id: _Optional[str] = ..., preferred_carrier_service_ids: _Optional[_Iterable[str]] = ..., allow_preorder: _Optional[bool] = ...) -> None: ...

class Basket(_message.Message):
    __slots__ = ("lines", "destination", "channel", "segment", "customer_id", "customer_class", "currency", "request_time", "constraints", "policy_id", "scenario_id", "demand_class", "calling_system")
    LINES_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_CLASS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TIME_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    DEMAND_CLASS_FIELD_NUMBER: _ClassVar[int]
    CALLING_SYSTEM_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[BasketLine]
    destination: Destination
    channel: str
    segment: str
    customer_id: str
    customer_class: str
    currency: str
    request_time: _timestamp_pb2.Timestamp
    constraints: Constraints
    policy_id: str
    scenario_id: str
    demand_class: str
    calling_system: str
    def __init__(self, lines: _Optional[_Iterable[_Union[BasketLine, _Mapping]]] = ..., destination: _Optional[_Union[Destination, _Mapping]] = ..., channel: _Optional[str] = ..., segment: _Optional[str] = ..., customer_id: _Optional[str] = ..., customer_class: _Optional[str] = ..., currency: _Optional[str] = ..., request_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., constraints: _Optional[_Union[Constraints, _Mapping]] = ..., policy_id: _Optional[str] = ..., scenario_id: _Optional[str] = ..., demand_class: _Optional[str] = ..., calling_system: _Optional[str] = ...) -> None: ...

class CostTerm(_message.Message):
    __slots__ = ("term", "raw_micros", "weight", "weighted_micros")
    TERM_FIELD_NUMBER: _ClassVar[int]
    RAW_MICROS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    WEIGHTED_MICROS_FIELD_NUMBER: _ClassVar[int]
    term: str
    raw_micros: int
    weight: float
    weighted_micros: int
    def __init__(self, term: _Optional[str] = ..., raw_micros: _Optional[int] = ..., weight: _Optional[float] = ..., weighted_micros: _Optional[int] = ...) -> None: ...

class CostBreakdown(_message.Message):
    __slots__ = ("total_micros", "terms")
    TOTAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    total_micros: int
    terms: _containers.RepeatedCompositeFieldContainer[CostTerm]
    def __init__(self, total_micros: _Optional[int] = ..., terms: _Optional[_Iterable[_Union[CostTerm, _Mapping]]] = ...) -> None: ...

class Certificate(_message.Message):
    __slots__ = ("status", "objective_micros", "lower_bound_micros", "gap", "candidates", "nodes", "cut_by_deadline", "solve_micros")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_MICROS_FIELD_NUMBER: _ClassVar[int]
    LOWER_BOUND_MICROS_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    CUT_BY_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    SOLVE_MICROS_FIELD_NUMBER: _ClassVar[int]
    status: CertificateStatus
    objective_micros: int
    lower_bound_micros: int
    gap: float
    candidates: int
    nodes: int
    cut_by_deadline: bool
    solve_micros: int
    def __init__(self, status: _Optional[_Union[CertificateStatus, str]] = ..., objective_micros: _Optional[int] = ..., lower_bound_micros: _Optional[int] = ..., gap: _Optional[float] = ..., candidates: _Optional[int] = ..., nodes: _Optional[int] = ..., cut_by_deadline: _Optional[bool] = ..., solve_micros: _Optional[int] = ...) -> None: ...

class ShipmentLine(_message.Message):
    __slots__ = ("line_id", "item_id", "quantity", "receipt_id", "pool")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    quantity: int
    receipt_id: str
    pool: str
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ..., receipt_id: _Optional[str] = ..., pool: _Optional[str] = ...) -> None: ...

class PackageLine(_message.Message):
    __slots__ = ("line_id", "quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    quantity: int
    def __init__(self, line_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class Package(_message.Message):
    __slots__ = ("package_id", "lines", "weight_grams", "billable_weight_grams", "length_mm", "width_mm", "height_mm", "tracking_number")
    PACKAGE_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_GRAMS_FIELD_NUMBER: _ClassVar[int]
    BILLABLE_WEIGHT_GRAMS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_MM_FIELD_NUMBER: _ClassVar[int]
    WIDTH_MM_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_MM_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    package_id: str
    lines: _containers.RepeatedCompositeFieldContainer[PackageLine]
    weight_grams: int
    billable_weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int
    tracking_number: str
    def __init__(self, package_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[PackageLine, _Mapping]]] = ..., weight_grams: _Optional[int] = ..., billable_weight_grams: _Optional[int] = ..., length_mm: _Optional[int] = ..., width_mm: _Optional[int] = ..., height_mm: _Optional[int] = ..., tracking_number: _Optional[str] = ...) -> None: ...

class Shipment(_message.Message):
    __slots__ = ("shipment_id", "version", "state", "location_id", "route", "via_location_id", "carrier_service_id", "lines", "packages", "tracking_number", "tracking_url", "pick_by", "handover_by", "ship_by", "delivery_earliest", "delivery_latest", "weight_grams", "distance_meters", "cost", "fee_micros", "co2_grams", "keep_until", "state_since", "via_by")
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    VIA_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    CARRIER_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    PACKAGES_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_URL_FIELD_NUMBER: _ClassVar[int]
    PICK_BY_FIELD_NUMBER: _ClassVar[int]
    HANDOVER_BY_FIELD_NUMBER: _ClassVar[int]
    SHIP_BY_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_EARLIEST_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LATEST_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_GRAMS_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_METERS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    FEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CO2_GRAMS_FIELD_NUMBER: _ClassVar[int]
    KEEP_UNTIL_FIELD_NUMBER: _ClassVar[int]
    STATE_SINCE_FIELD_NUMBER: _ClassVar[int]
    VIA_BY_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    version: int
    state: ShipmentState
    location_id: str
    route: Route
    via_location_id: str
    carrier_service_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ShipmentLine]
    packages: _containers.RepeatedCompositeFieldContainer[Package]
    tracking_number: str
    tracking_url: str
    pick_by: _timestamp_pb2.Timestamp
    handover_by: _timestamp_pb2.Timestamp
    ship_by: _timestamp_pb2.Timestamp
    delivery_earliest: _timestamp_pb2.Timestamp
    delivery_latest: _timestamp_pb2.Timestamp
    weight_grams: int
    distance_meters: int
    cost: CostBreakdown
    fee_micros: int
    co2_grams: int
    keep_until: _timestamp_pb2.Timestamp
    state_since: _timestamp_pb2.Timestamp
    via_by: _timestamp_pb2.Timestamp
    def __init__(self, shipment_id: _Optional[str] = ..., version: _Optional[int] = ..., state: _Optional[_Union[ShipmentState, str]] = ..., location_id: _Optional[str] = ..., route: _Optional[_Union[Route, str]] = ..., via_location_id: _Optional[str] = ..., carrier_service_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ShipmentLine, _Mapping]]] = ..., packages: _Optional[_Iterable[_Union[Package, _Mapping]]] = ..., tracking_number: _Optional[str] = ..., tracking_url: _Optional[str] = ..., pick_by: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., handover_by: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ship_by: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_earliest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_latest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., weight_grams: _Optional[int] = ..., distance_meters: _Optional[int] = ..., cost: _Optional[_Union[CostBreakdown, _Mapping]] = ..., fee_micros: _Optional[int] = ..., co2_grams: _Optional[int] = ..., keep_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., via_by: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ShortLine(_message.Message):
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

class Plan(_message.Message):
    __slots__ = ("shipments", "short_lines", "cost", "certificate")
    SHIPMENTS_FIELD_NUMBER: _ClassVar[int]
    SHORT_LINES_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    shipments: _containers.RepeatedCompositeFieldContainer[Shipment]
    short_lines: _containers.RepeatedCompositeFieldContainer[ShortLine]
    cost: CostBreakdown
    certificate: Certificate
    def __init__(self, shipments: _Optional[_Iterable[_Union[Shipment, _Mapping]]] = ..., short_lines: _Optional[_Iterable[_Union[ShortLine, _Mapping]]] = ..., cost: _Optional[_Union[CostBreakdown, _Mapping]] = ..., certificate: _Optional[_Union[Certificate, _Mapping]] = ...) -> None: ...

class Promise(_message.Message):
    __slots__ = ("delivery_earliest", "delivery_latest")
    DELIVERY_EARLIEST_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LATEST_FIELD_NUMBER: _ClassVar[int]
    delivery_earliest: _timestamp_pb2.Timestamp
    delivery_latest: _timestamp_pb2.Timestamp
    def __init__(self, delivery_earliest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_latest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("order_id", "version", "basket", "promise", "priority", "value_micros", "hold_reason", "state", "plan", "created_at", "updated_at", "currency", "policy_id", "network_version", "reservation_id", "policy_version", "cancelled_lines", "hold_until", "line_units", "at_risk_since", "exchange_return_id")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BASKET_FIELD_NUMBER: _ClassVar[int]
    PROMISE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    VALUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    HOLD_REASON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    NETWORK_VERSION_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_LINES_FIELD_NUMBER: _ClassVar[int]
    HOLD_UNTIL_FIELD_NUMBER: _ClassVar[int]
    LINE_UNITS_FIELD_NUMBER: _ClassVar[int]
    AT_RISK_SINCE_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_RETURN_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    version: int
    basket: Basket
    promise: Promise
    priority: int
    value_micros: int
    hold_reason: str
    state: OrderState
    plan: Plan
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    currency: str
    policy_id: str
    network_version: str
    reservation_id: str
    policy_version: str
    cancelled_lines: _containers.RepeatedCompositeFieldContainer[ShortLine]
    hold_until: _timestamp_pb2.Timestamp
    line_units: _containers.RepeatedCompositeFieldContainer[LineUnits]
    at_risk_since: _timestamp_pb2.Timestamp
    exchange_return_id: str
    def __init__(self, order_id: _Optional[str] = ..., version: _Optional[int] = ..., basket: _Optional[_Union[Basket, _Mapping]] = ..., promise: _Optional[_Union[Promise, _Mapping]] = ..., priority: _Optional[int] = ..., value_micros: _Optional[int] = ..., hold_reason: _Optional[str] = ..., state: _Optional[_Union[OrderState, str]] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., currency: _Optional[str] = ..., policy_id: _Optional[str] = ..., network_version: _Optional[str] = ..., reservation_id: _Optional[str] = ..., policy_version: _Optional[str] = ..., cancelled_lines: _Optional[_Iterable[_Union[ShortLine, _Mapping]]] = ..., hold_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., line_units: _Optional[_Iterable[_Union[LineUnits, _Mapping]]] = ..., at_risk_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., exchange_return_id: _Optional[str] = ...) -> None: ...

class LineUnits(_message.Message):
    __slots__ = ("line_id", "state", "quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    state: LineState
    quantity: int
    def __init__(self, line_id: _Optional[str] = ..., state: _Optional[_Union[LineState, str]] = ..., quantity: _Optional[int] = ...) -> None: ...

class OrderEvent(_message.Message):
    __slots__ = ("event_id", "position", "order_id", "type", "time", "shipment_id", "line_ids", "message", "attributes", "item_id", "location_id")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    position: str
    order_id: str
    type: EventType
    time: _timestamp_pb2.Timestamp
    shipment_id: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    message: str
    attributes: _containers.ScalarMap[str, str]
    item_id: str
    location_id: str
    def __init__(self, event_id: _Optional[str] = ..., position: _Optional[str] = ..., order_id: _Optional[str] = ..., type: _Optional[_Union[EventType, str]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., shipment_id: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., message: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ..., item_id: _Optional[str] = ..., location_id: _Optional[str] = ...) -> None: ...

class InventoryRecord(_message.Message):
    __slots__ = ("item_id", "location_id", "quantity", "kind", "receipt_id", "available_at", "pool", "order_id", "shipment_id", "lot", "condition", "expires_at", "source", "sequence", "as_of")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_ID_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_AT_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LOT_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    location_id: str
    quantity: int
    kind: InventoryKind
    receipt_id: str
    available_at: _timestamp_pb2.Timestamp
    pool: str
    order_id: str
    shipment_id: str
    lot: str
    condition: str
    expires_at: _timestamp_pb2.Timestamp
    source: str
    sequence: int
    as_of: _timestamp_pb2.Timestamp
    def __init__(self, item_id: _Optional[str] = ..., location_id: _Optional[str] = ..., quantity: _Optional[int] = ..., kind: _Optional[_Union[InventoryKind, str]] = ..., receipt_id: _Optional[str] = ..., available_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pool: _Optional[str] = ..., order_id: _Optional[str] = ..., shipment_id: _Optional[str] = ..., lot: _Optional[str] = ..., condition: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[str] = ..., sequence: _Optional[int] = ..., as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExclusionReason(_message.Message):
    __slots__ = ("reason", "message", "line_ids", "dominated_by_location_id")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LINE_IDS_FIELD_NUMBER: _ClassVar[int]
    DOMINATED_BY_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    line_ids: _containers.RepeatedScalarFieldContainer[str]
    dominated_by_location_id: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., line_ids: _Optional[_Iterable[str]] = ..., dominated_by_location_id: _Optional[str] = ...) -> None: ...

class CandidateStock(_message.Message):
    __slots__ = ("line_id", "item_id", "needed_quantity", "available_quantity")
    LINE_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    NEEDED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    line_id: str
    item_id: str
    needed_quantity: int
    available_quantity: int
    def __init__(self, line_id: _Optional[str] = ..., item_id: _Optional[str] = ..., needed_quantity: _Optional[int] = ..., available_quantity: _Optional[int] = ...) -> None: ...

class CandidateLocation(_message.Message):
    __slots__ = ("location_id", "feasible", "reasons", "stock", "capacity_left", "capacity_unit", "distance_meters", "zone", "carrier_service_id", "delivery_earliest", "delivery_latest", "cost", "difference_micros", "chosen", "difference_kind")
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    FEASIBLE_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    STOCK_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_LEFT_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_UNIT_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_METERS_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    CARRIER_SERVICE_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_EARLIEST_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_LATEST_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_KIND_FIELD_NUMBER: _ClassVar[int]
    location_id: str
    feasible: bool
    reasons: _containers.RepeatedCompositeFieldContainer[ExclusionReason]
    stock: _containers.RepeatedCompositeFieldContainer[CandidateStock]
    capacity_left: int
    capacity_unit: CapacityUnit
    distance_meters: int
    zone: str
    carrier_service_id: str
    delivery_earliest: _timestamp_pb2.Timestamp
    delivery_latest: _timestamp_pb2.Timestamp
    cost: CostBreakdown
    difference_micros: int
    chosen: bool
    difference_kind: DifferenceKind
    def __init__(self, location_id: _Optional[str] = ..., feasible: _Optional[bool] = ..., reasons: _Optional[_Iterable[_Union[ExclusionReason, _Mapping]]] = ..., stock: _Optional[_Iterable[_Union[CandidateStock, _Mapping]]] = ..., capacity_left: _Optional[int] = ..., capacity_unit: _Optional[_Union[CapacityUnit, str]] = ..., distance_meters: _Optional[int] = ..., zone: _Optional[str] = ..., carrier_service_id: _Optional[str] = ..., delivery_earliest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delivery_latest: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cost: _Optional[_Union[CostBreakdown, _Mapping]] = ..., difference_micros: _Optional[int] = ..., chosen: _Optional[bool] = ..., difference_kind: _Optional[_Union[DifferenceKind, str]] = ...) -> None: ...

class BindingConstraint(_message.Message):
    __slots__ = ("constraint", "limit", "used", "shadow_price_micros", "message", "saving_micros", "more_quantity")
    CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    SHADOW_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SAVING_MICROS_FIELD_NUMBER: _ClassVar[int]
    MORE_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    constraint: str
    limit: int
    used: int
    shadow_price_micros: int
    message: str
    saving_micros: int
    more_quantity: int
    def __init__(self, constraint: _Optional[str] = ..., limit: _Optional[int] = ..., used: _Optional[int] = ..., shadow_price_micros: _Optional[int] = ..., message: _Optional[str] = ..., saving_micros: _Optional[int] = ..., more_quantity: _Optional[int] = ...) -> None: ...

class Flip(_message.Message):
    __slots__ = ("message", "term", "change_micros", "location_id", "kind", "dearer")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    CHANGE_MICROS_FIELD_NUMBER: _ClassVar[int]
    LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DEARER_FIELD_NUMBER: _ClassVar[int]
    message: str
    term: str
    change_micros: int
    location_id: str
    kind: DifferenceKind
    dearer: bool
    def __init__(self, message: _Optional[str] = ..., term: _Optional[str] = ..., change_micros: _Optional[int] = ..., location_id: _Optional[str] = ..., kind: _Optional[_Union[DifferenceKind, str]] = ..., dearer: _Optional[bool] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("candidates", "binding_constraints", "flips", "summary")
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    BINDING_CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    FLIPS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    candidates: _containers.RepeatedCompositeFieldContainer[CandidateLocation]
    binding_constraints: _containers.RepeatedCompositeFieldContainer[BindingConstraint]
    flips: _containers.RepeatedCompositeFieldContainer[Flip]
    summary: str
    def __init__(self, candidates: _Optional[_Iterable[_Union[CandidateLocation, _Mapping]]] = ..., binding_constraints: _Optional[_Iterable[_Union[BindingConstraint, _Mapping]]] = ..., flips: _Optional[_Iterable[_Union[Flip, _Mapping]]] = ..., summary: _Optional[str] = ...) -> None: ...

class FieldViolation(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("code", "reason", "message", "violations", "retry_after", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: str
    message: str
    violations: _containers.RepeatedCompositeFieldContainer[FieldViolation]
    retry_after: _duration_pb2.Duration
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., violations: _Optional[_Iterable[_Union[FieldViolation, _Mapping]]] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...
