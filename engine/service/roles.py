"""Who may call what: one table of methods and roles. What is not in it is denied."""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a caller is there for. A store's role names its location: `store:LOCATION`."""

    CHECKOUT = "checkout"
    OMS = "oms"
    STORE = "store"
    FEED = "feed"
    OPERATIONS = "operations"
    ADMIN = "admin"


SELLERS = frozenset({Role.CHECKOUT, Role.OMS, Role.OPERATIONS, Role.ADMIN})
SOURCERS = frozenset({Role.OMS, Role.OPERATIONS, Role.ADMIN})
FULFILLERS = SOURCERS | {Role.STORE}
FEEDERS = frozenset({Role.FEED, Role.OPERATIONS, Role.ADMIN})
OPERATORS = frozenset({Role.OPERATIONS, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
EVERYBODY = frozenset(Role)


def _rows(service: str, roles: frozenset[Role], *methods: str) -> dict[str, frozenset[Role]]:
    return {f"/belofte.v1.{service}/{method}": roles for method in methods}


ROLES: Mapping[str, frozenset[Role]] = {
    **_rows("PromiseService", SELLERS, "QuotePromise", "BatchQuotePromises", "GetEstimatedDelivery"),
    **_rows("SourcingService", SOURCERS, "SourceOrder", "BatchSourceOrders", "CancelRequest", "GetRequest"),
    **_rows("SourcingService", SOURCERS, "ExplainPlan", "ListCandidateLocations"),
    **_rows("SourcingService", OPERATORS, "RerouteOrders", "SimulateSourcing", "ReassignShipment"),
    **_rows(
        "ReservationService", SELLERS, "CreateReservation", "ExtendReservation", "ReleaseReservation", "GetReservation",
        "TransferReservation", "ConfirmReservation",
    ),
    **_rows("ReservationService", SOURCERS, "ListReservations"),
    **_rows("InventoryService", FEEDERS, "AdjustInventory", "SyncInventory"),
    **_rows("InventoryService", EVERYBODY, "GetAvailability"),
    **_rows("InventoryService", EVERYBODY - {Role.STORE}, "WatchAvailability"),
    **_rows("OrderService", FULFILLERS, "GetOrder", "ListOrders"),
    **_rows("OrderService", SOURCERS, "ListOrderEvents", "WatchEvents"),
    **_rows("OrderService", SOURCERS, "HoldOrder", "ReleaseOrder", "ChangeOrder", "CancelOrder"),
    **_rows(
        "OrderService", FULFILLERS, "AcceptShipment", "DeclineShipmentLines", "ShipShipment", "MarkReadyForPickup",
        "CollectShipment", "DeliverShipment",
    ),
    **_rows("OrderService", SOURCERS, "CreateReturn", "ReceiveReturn", "RefundReturn"),
    **_rows("NetworkService", EVERYBODY, "GetNetwork", "GetCapacity"),
    **_rows("NetworkService", OPERATORS, "SetLocationStatus", "SetCapacity", "ValidateNetwork"),
    **_rows("NetworkService", ADMINS, "ReloadNetwork"),
}  # fmt: skip
"""Health and reflection tell nothing of the stock: they are served to whoever can connect."""


class UnguardedMethodsError(RuntimeError):
    """Methods are served that the table has no row for."""


def check_every_method(served: Iterable[str]) -> None:
    """Raise UnguardedMethodsError where a method has no row: nobody has said who may call it."""
    missing = sorted(method for method in served if method not in ROLES)
    if missing:
        raise UnguardedMethodsError(f"the table of roles has no row for {', '.join(missing)}")
