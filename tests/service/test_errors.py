"""The table of errors: every reason has one code, and no status is too large to arrive."""

from urllib.parse import quote

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from engine.domain.reasons import FieldViolation, Reason, Refusal, invalid
from engine.service.errors import CODES, RETRY_MS, cut, status_of

TRAILER_BYTES_MAX = 8_192
"""What a gRPC client takes by default."""


def details(status: status_pb2.Status) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info, bad


def wire_size(status: status_pb2.Status) -> int:
    """Bytes in trailers: the message percent-encoded, the whole status in base64, and names."""
    return len(quote(status.message, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")) + -(-status.ByteSize() // 3) * 4 + 200


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code_and_is_named(reason: Reason) -> None:
    status = status_of(Refusal(reason, "why", (FieldViolation("a.b", "what"),), metadata={"k": "v"}))
    info, bad = details(status)
    assert status.code == CODES[reason].value[0] != 0
    assert (info.reason, info.domain, dict(info.metadata)) == (reason.value, "belofte", {"k": "v"})
    assert [(each.field, each.description) for each in bad.field_violations] == [("a.b", "what")]
    assert (len(status.details) == 3) == (reason in RETRY_MS)


def test_only_a_fault_is_internal() -> None:
    """Never INTERNAL or UNKNOWN for anything that a caller can send."""
    assert [reason for reason, code in CODES.items() if code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)] == [
        Reason.FAULT
    ]


@pytest.mark.parametrize("text", ["x", "é", "\n", "%", "\U0001f45f", "\ud800"])
@pytest.mark.parametrize("count", [1, 10, 10_000])
def test_status_fits_in_the_trailers(text: str, count: int) -> None:
    """Fields of any number and length, and text that grows on the wire: é becomes %C3%A9."""
    description = (text * 200).encode(errors="replace").decode()
    refusal = invalid([FieldViolation(f"basket.lines[{n}].quantity", description) for n in range(count)])
    status = status_of(refusal)
    info, bad = details(status)
    assert wire_size(status) <= TRAILER_BYTES_MAX
    shown = len(bad.field_violations)
    assert shown == count if count == 1 else 5 <= shown <= count
    assert int(info.metadata.get("violations_left_out", "0")) == count - shown


@pytest.mark.parametrize(
    ("text", "bytes_max", "expected"),
    [
        ("short", 5, "short"),
        ("longer", 5, "longe..."),
        ("éé", 6, "é..."),
        ("éé", 12, "éé"),
        ("50%", 5, "50%"),
        ("50%", 4, "50..."),
        ("", 0, ""),
    ],
)
def test_text_is_cut_where_it_is_full(text: str, bytes_max: int, expected: str) -> None:
    assert cut(text, bytes_max) == expected
