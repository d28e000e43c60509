"""Named reasons: why something was refused. The wire's code for each stands in `engine/service/errors.py`."""

from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """One reason, spelt as callers see it in `ErrorInfo.reason`."""

    INVALID_FIELD = "INVALID_FIELD"
    UNKNOWN_NETWORK = "UNKNOWN_NETWORK"
    UNKNOWN_ITEM = "UNKNOWN_ITEM"
    UNKNOWN_LOCATION = "UNKNOWN_LOCATION"
    UNKNOWN_POSTAL_CODE = "UNKNOWN_POSTAL_CODE"
    UNKNOWN_POLICY = "UNKNOWN_POLICY"
    UNKNOWN_SCENARIO = "UNKNOWN_SCENARIO"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"
    UNKNOWN_SHIPMENT = "UNKNOWN_SHIPMENT"
    UNKNOWN_LINE = "UNKNOWN_LINE"
    UNKNOWN_RETURN = "UNKNOWN_RETURN"
    INVALID_NETWORK = "INVALID_NETWORK"
    NO_STOCK = "NO_STOCK"
    NO_CAPACITY = "NO_CAPACITY"
    NO_ROUTE = "NO_ROUTE"
    PROMISE_UNREACHABLE = "PROMISE_UNREACHABLE"
    RESTRICTED = "RESTRICTED"
    SHORT_IS_CHEAPER = "SHORT_IS_CHEAPER"
    QUOTE_TAMPERED = "QUOTE_TAMPERED"
    QUOTE_FOREIGN = "QUOTE_FOREIGN"
    QUOTE_EXPIRED = "QUOTE_EXPIRED"
    QUOTE_CHANGED = "QUOTE_CHANGED"
    WRONG_STATE = "WRONG_STATE"
    SUPERSEDED = "SUPERSEDED"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    ORDER_EXISTS = "ORDER_EXISTS"
    REQUEST_CANCELLED = "REQUEST_CANCELLED"
    REQUEST_FORGOTTEN = "REQUEST_FORGOTTEN"
    RESERVATION_EXISTS = "RESERVATION_EXISTS"
    RETURN_EXISTS = "RETURN_EXISTS"
    CONTENDED = "CONTENDED"
    POSITION_LOST = "POSITION_LOST"
    OVERLOADED = "OVERLOADED"
    RECORD_LAGGING = "RECORD_LAGGING"
    SLOW_CONSUMER = "SLOW_CONSUMER"
    STORE_RECOVERING = "STORE_RECOVERING"
    ENGINE_STOPPING = "ENGINE_STOPPING"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_BUILT = "NOT_BUILT"
    FAULT = "FAULT"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One bad field: its path in the request, as `basket.lines[2].quantity`, and what was expected there."""

    field: str
    description: str


@dataclass(frozen=True)
class Refusal(Exception):  # noqa: N818 - a refusal is an outcome, not an error of the program
    """A request that cannot be done, by name. Nothing has been changed when one is raised or returned."""

    reason: Reason
    message: str
    violations: tuple[FieldViolation, ...] = ()
    retry_after_ms: int = 0
    metadata: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


def invalid(violations: list[FieldViolation]) -> Refusal:
    """The refusal that names every bad field of one request."""
    assert violations
    message = "; ".join(f"{v.field}: {v.description}" for v in violations[:10])
    if len(violations) > 10:
        message += f"; and {len(violations) - 10} more"
    return Refusal(Reason.INVALID_FIELD, message, tuple(violations))
