"""The one table of wire errors: each reason's gRPC code, and the details every refusal carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import grpc
from belofte.v1 import types_pb2
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from engine.domain.reasons import Reason, Refusal

DOMAIN = "belofte"
MESSAGE_BYTES_MAX, DESCRIPTION_BYTES_MAX, STATUS_BYTES_MAX = 1_200, 400, 4_400
"""Of one status: clients refuse trailers beyond 8 KiB, which hold the message twice, and all details in base64."""

VIOLATIONS_LEFT_OUT = "violations_left_out"
"""In the metadata of ErrorInfo: how many bad fields did not fit."""

CODES: Mapping[Reason, grpc.StatusCode] = {
    Reason.INVALID_FIELD: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.UNKNOWN_NETWORK: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_ITEM: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_LOCATION: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_POSTAL_CODE: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_POLICY: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_SCENARIO: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_ORDER: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_RESERVATION: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_SHIPMENT: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_LINE: grpc.StatusCode.NOT_FOUND,
    Reason.UNKNOWN_RETURN: grpc.StatusCode.NOT_FOUND,
    Reason.INVALID_NETWORK: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NO_STOCK: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NO_CAPACITY: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NO_ROUTE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.PROMISE_UNREACHABLE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.RESTRICTED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.SHORT_IS_CHEAPER: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.QUOTE_TAMPERED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.QUOTE_FOREIGN: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.QUOTE_EXPIRED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.QUOTE_CHANGED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.WRONG_STATE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.SUPERSEDED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.REQUEST_ID_REUSED: grpc.StatusCode.ALREADY_EXISTS,
    Reason.ORDER_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.REQUEST_CANCELLED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.REQUEST_FORGOTTEN: grpc.StatusCode.ALREADY_EXISTS,
    Reason.RESERVATION_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.RETURN_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.CONTENDED: grpc.StatusCode.ABORTED,
    Reason.POSITION_LOST: grpc.StatusCode.ABORTED,
    Reason.OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.RECORD_LAGGING: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.SLOW_CONSUMER: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.STORE_RECOVERING: grpc.StatusCode.UNAVAILABLE,
    Reason.ENGINE_STOPPING: grpc.StatusCode.UNAVAILABLE,
    Reason.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Reason.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.NOT_BUILT: grpc.StatusCode.UNIMPLEMENTED,
    Reason.FAULT: grpc.StatusCode.INTERNAL,
}

RETRY_MS = {
    Reason.OVERLOADED: 100, Reason.RECORD_LAGGING: 200, Reason.SLOW_CONSUMER: 1_000, Reason.STORE_RECOVERING: 1_000,
    Reason.ENGINE_STOPPING: 200, Reason.CONTENDED: 20,
}  # fmt: skip
"""When to come back, where the refusal itself does not say."""

assert set(CODES) == set(Reason), "every reason has a code"


def status_of(refusal: Refusal) -> status_pb2.Status:
    """The refusal as `google.rpc.Status`: ErrorInfo always, BadRequest with the fields, RetryInfo where it may help."""
    status = status_pb2.Status(code=CODES[refusal.reason].value[0], message=cut(refusal.message, MESSAGE_BYTES_MAX))
    info = error_details_pb2.ErrorInfo(reason=refusal.reason.value, domain=DOMAIN, metadata=refusal.metadata)
    bad = error_details_pb2.BadRequest()
    left = STATUS_BYTES_MAX - status.ByteSize() - info.ByteSize()
    for violation in refusal.violations:
        text = cut(violation.description, DESCRIPTION_BYTES_MAX)
        left -= bad.field_violations.add(field=violation.field, description=text).ByteSize() + 4
        if left < 0:
            bad.field_violations.pop()
            info.metadata[VIOLATIONS_LEFT_OUT] = str(len(refusal.violations) - len(bad.field_violations))
            break
    _attach(status, info)
    if refusal.violations:
        _attach(status, bad)
    delay = retry_delay(refusal)
    if delay is not None:
        _attach(status, error_details_pb2.RetryInfo(retry_delay=delay))
    return status


@dataclass(frozen=True, slots=True)
class WireStatus:
    """A status as it is sent: code, message in plain text, trailers."""

    code: grpc.StatusCode
    message: str
    trailers: list[tuple[str, str | bytes]]


def wire_status(refusal: Refusal) -> WireStatus:
    """The refusal as a front sends it; that of many calls alike is made once, for under overload there are many."""
    if refusal.violations or refusal.metadata:
        return _wired(refusal)
    return _alike(refusal.reason, refusal.message, refusal.retry_after_ms)


@lru_cache(maxsize=256)
def _alike(reason: Reason, message: str, retry_after_ms: int) -> WireStatus:
    return _wired(Refusal(reason, message, retry_after_ms=retry_after_ms))


def _wired(refusal: Refusal) -> WireStatus:
    status = rpc_status.to_status(status_of(refusal))
    return WireStatus(status.code, status.details, list(status.trailing_metadata))


def refusal_message(refusal: Refusal) -> types_pb2.Refusal:
    """A refusal inside an answer: what it would have been as the status of a call."""
    return types_pb2.Refusal(
        code=CODES[refusal.reason].value[0], reason=refusal.reason.value, message=refusal.message,
        violations=[types_pb2.FieldViolation(field=each.field, description=each.description) for each in refusal.violations],
        retry_after=retry_delay(refusal), metadata=refusal.metadata,
    )  # fmt: skip


def retry_delay(refusal: Refusal) -> duration_pb2.Duration | None:
    """When to come back; None where that does not help."""
    retry_ms = refusal.retry_after_ms or RETRY_MS.get(refusal.reason, 0)
    return duration_pb2.Duration(seconds=retry_ms // 1000, nanos=retry_ms % 1000 * 1_000_000) if retry_ms else None


def cut(text: str, bytes_max: int) -> str:
    """The text as far as it fits on the wire, where all but printable ASCII is percent-encoded, three bytes for each."""
    size = 0
    for at, character in enumerate(text):
        size += 1 if " " <= character <= "~" and character != "%" else 3 * len(character.encode(errors="replace"))
        if size > bytes_max:
            return text[:at] + "..."
    return text


def _attach(status: status_pb2.Status, detail: Message) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)
