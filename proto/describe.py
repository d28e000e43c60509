"""Write `docs/api.md` from the contract and its comments; with `--check`, tell whether it is up to date."""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc_tools
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)
from grpc_tools import protoc

from engine.domain.reasons import Reason
from engine.service.errors import CODES, RETRY_MS

PROTO = Path(__file__).resolve().parent
PAGE = PROTO.parent / "docs" / "api.md"
PACKAGE = ".belofte.v1."
NOT_OF_CALLS = "ledger_entry.proto"
"""What the ledger keeps: no caller meets it."""

COMMENT_OF_FILE = (12,)
MESSAGES, ENUMS, SERVICES, FIELDS, VALUES, METHODS = 4, 5, 6, 2, 2, 2
"""Numbers of `descriptor.proto`, of which paths are made."""

MEANINGS = {
    Reason.INVALID_FIELD: "Fields of the request are not as they must be; each is named in `BadRequest`.",
    Reason.UNKNOWN_NETWORK: "The server does not serve a network of that name.",
    Reason.UNKNOWN_ITEM: "The network has no item of that id.",
    Reason.UNKNOWN_LOCATION: "The network has no location of that id.",
    Reason.UNKNOWN_POSTAL_CODE: "The network does not know where the destination lies.",
    Reason.UNKNOWN_POLICY: "The network has no policy of that name.",
    Reason.UNKNOWN_SCENARIO: "No availability rule is of that scenario.",
    Reason.UNKNOWN_ORDER: "No order has that id, or the caller may not see it.",
    Reason.UNKNOWN_RESERVATION: "No reservation has that id.",
    Reason.UNKNOWN_SHIPMENT: "The order has no shipment of that id.",
    Reason.UNKNOWN_LINE: "The order, or the shipment, has no line of that id.",
    Reason.UNKNOWN_RETURN: "The order has no return of that id.",
    Reason.INVALID_NETWORK: "The network folder has errors, so that it was not taken up.",
    Reason.NO_STOCK: "There are not enough units anywhere that may be used.",
    Reason.NO_CAPACITY: "Locations that have the units have no capacity left.",
    Reason.NO_ROUTE: "No carrier service or lane leads from the units to where they are wanted.",
    Reason.PROMISE_UNREACHABLE: "The dates that are asked for cannot be kept.",
    Reason.RESTRICTED: "What was asked, or the policy, rules out every plan.",
    Reason.SHORT_IS_CHEAPER: "The policy's price of a unit short is less than what it costs to send it.",
    Reason.QUOTE_TAMPERED: "The quote token is not as it was signed.",
    Reason.QUOTE_FOREIGN: "The quote token was signed with a key that this server does not have, or is of another network.",
    Reason.QUOTE_EXPIRED: "The quote token is no longer valid.",
    Reason.QUOTE_CHANGED: "What was quoted cannot be had as it was; the message says what has changed.",
    Reason.WRONG_STATE: "The record is in a state, or at a version, in which this cannot be done.",
    Reason.SUPERSEDED: "The record of a feed counted before, or came too late, or a later one has set the position.",
    Reason.REQUEST_ID_REUSED: "The request id came before with other content.",
    Reason.ORDER_EXISTS: "Another request has made an order of that id.",
    Reason.REQUEST_CANCELLED: "The request id was cancelled by CancelRequest.",
    Reason.REQUEST_FORGOTTEN: "The request was recorded so long ago that its answer is no longer kept.",
    Reason.RESERVATION_EXISTS: "Another request has made a reservation of that id.",
    Reason.RETURN_EXISTS: "Another request has made a return of that id.",
    Reason.CONTENDED: "Others were faster each time that it was planned: ask again.",
    Reason.POSITION_LOST: "The position that was asked for was never recorded.",
    Reason.OVERLOADED: "More is asked than can be answered, or decided, in time: come back after the delay.",
    Reason.RECORD_LAGGING: "The ledger is behind: come back after the delay.",
    Reason.SLOW_CONSUMER: "The stream was not read.",
    Reason.STORE_RECOVERING: "The shared store is away or being rebuilt: come back after the delay.",
    Reason.ENGINE_STOPPING: "The engine stops: another one may answer.",
    Reason.DEADLINE_EXCEEDED: "The deadline has passed. What became of a write is unknown: repeat it with the same request id.",
    Reason.UNAUTHENTICATED: "The caller is not known.",
    Reason.PERMISSION_DENIED: "The caller's roles do not allow it.",
    Reason.NOT_BUILT: "This version does not do what a field asks for; the message names it.",
    Reason.FAULT: "A fault of the engine: report it.",
}
assert set(MEANINGS) == set(Reason), "every reason has a meaning"

HEAD = """\
# The contract

What callers may ask, method by method: package `belofte.v1`, over gRPC, with reflection and health on the same port. Written
by `make proto` from the comments in `proto/belofte/v1`; change them there.

A type ends with `[]` where there may be several, and with `?` where absent is not the same as zero or empty; a field that
is a message may always be absent.
"""


def main(arguments: list[str]) -> int:
    """Exit status: 0 done or up to date, 1 stale, 2 misused."""
    if arguments not in ([], ["--check"]):
        print("usage: python proto/describe.py [--check]", file=sys.stderr)
        return 2
    page = describe(read_contract())
    if not arguments:
        PAGE.write_text(page, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page:
        print("docs/api.md is stale\nrun make proto", file=sys.stderr)
        return 1
    return 0


def read_contract() -> list["File"]:
    """Every file that callers meet, with its comments: types last, since services are read first."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "contract.binpb"
        includes = [f"--proto_path={PROTO}", f"--proto_path={Path(grpc_tools.__file__).parent / '_proto'}"]
        sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("belofte/v1/*.proto"))
        options = ["--include_source_info", f"--descriptor_set_out={out}"]
        if protoc.main(["protoc", *includes, *options, *sources]) != 0:
            raise SystemExit(1)
        files = FileDescriptorSet.FromString(out.read_bytes()).file
    found = [File(file) for file in files if Path(file.name).name != NOT_OF_CALLS]
    return sorted(found, key=lambda file: (not file.proto.service, file.proto.name))


class File:
    """A file of the contract, and the comment of each of its elements by path."""

    def __init__(self, proto: FileDescriptorProto) -> None:
        self.proto = proto
        self._places = {tuple(location.path): location for location in proto.source_code_info.location}

    def about(self) -> str:
        """What the file says before anything in it."""
        place = self._places[COMMENT_OF_FILE]
        return _clean("\n".join([*place.leading_detached_comments, place.leading_comments]))

    def comment(self, *path: int) -> str:
        """What stands before an element, as paragraphs."""
        return _clean(self._places[path].leading_comments)


def describe(files: list[File]) -> str:
    """The page."""
    services = [(file, at, service) for file in files for at, service in enumerate(file.proto.service)]
    messages = sorted(
        ((file, at, message) for file in files for at, message in enumerate(file.proto.message_type)),
        key=lambda each: each[2].name,
    )
    enums = sorted(
        ((file, at, enum) for file in files for at, enum in enumerate(file.proto.enum_type)), key=lambda each: each[2].name
    )
    parts = [HEAD, *_contents(services), "## Conventions", files[-1].about().partition("\n\n")[2]]
    for file, at, service in services:
        parts += _service(file, at, service)
    parts += ["## Error reasons", *_reasons(services), "## Messages"]
    for file, at, message in messages:
        parts += _message(file, at, message)
    parts.append("## Enumerations")
    for file, at, enum in enums:
        parts += _enum(file, at, enum)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _contents(services: list[tuple[File, int, ServiceDescriptorProto]]) -> Iterator[str]:
    rows = [
        f"| [{service.name}](#{service.name.lower()}) | {', '.join(_link(method.name) for method in service.method)} |"
        for _, _, service in services
    ]
    yield "\n".join(["| service | methods |", "|---|---|", *rows])
    yield (
        "Also here: [conventions](#conventions), [error reasons](#error-reasons), [messages](#messages),"
        " [enumerations](#enumerations)."
    )


def _service(file: File, at: int, service: ServiceDescriptorProto) -> Iterator[str]:
    yield f"## {service.name}"
    yield file.comment(SERVICES, at)
    for index, method in enumerate(service.method):
        yield f"### {method.name}"
        yield _signature(method)
        yield file.comment(SERVICES, at, METHODS, index)


def _signature(method: MethodDescriptorProto) -> str:
    asked = "stream of " * method.client_streaming + _link(_name(method.input_type))
    answered = "stream of " * method.server_streaming + _link(_name(method.output_type))
    return f"{asked} → {answered}"


def _message(file: File, at: int, message: DescriptorProto) -> Iterator[str]:
    yield f"### {message.name}"
    yield file.comment(MESSAGES, at)
    rows = [
        f"| {field.number} | `{field.name}` | {_type(field, message)} | {_in_cell(file.comment(MESSAGES, at, FIELDS, index))} |"
        for index, field in enumerate(message.field)
    ]
    if rows:
        yield "\n".join(["| no. | field | type | |", "|---|---|---|---|", *rows])


def _enum(file: File, at: int, enum: EnumDescriptorProto) -> Iterator[str]:
    yield f"### {enum.name}"
    yield file.comment(ENUMS, at)
    rows = [
        f"| {value.number} | `{value.name}` | {_in_cell(file.comment(ENUMS, at, VALUES, index))} |"
        for index, value in enumerate(enum.value)
    ]
    yield "\n".join(["| no. | value | |", "|---|---|---|", *rows])


def _reasons(services: list[tuple[File, int, ServiceDescriptorProto]]) -> Iterator[str]:
    """Every reason with its code, and the methods whose comments name it."""
    yield (
        "`ErrorInfo.reason` of the domain `belofte`, with the code of the status. A delay is that of `RetryInfo`, where the"
        " refusal has none of its own. Methods that say when they answer it are named; others may answer it all the same."
    )
    named: dict[str, list[str]] = {reason.value: [] for reason in Reason}
    for file, at, service in services:
        for index, method in enumerate(service.method):
            for reason in re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", _asked(file, at, index)):
                if reason in named and _link(method.name) not in named[reason]:
                    named[reason].append(_link(method.name))
    rows = [
        f"| `{reason}` | {code.name} | {f'{RETRY_MS[reason]} ms' if reason in RETRY_MS else ''} | {MEANINGS[reason]}"
        f" | {', '.join(named[reason.value]) if len(named[reason.value]) <= 6 else 'many'} |"
        for reason, code in CODES.items()
    ]
    yield "\n".join(["| reason | code | delay | | named by |", "|---|---|---|---|---|", *rows])


def _asked(file: File, at: int, index: int) -> str:
    """What the comments of a method say, and those of its request's fields."""
    method = file.proto.service[at].method[index]
    number, request = next(
        (number, message) for number, message in enumerate(file.proto.message_type) if message.name == _name(method.input_type)
    )
    fields = (file.comment(MESSAGES, number, FIELDS, field) for field in range(len(request.field)))
    return "\n".join([file.comment(SERVICES, at, METHODS, index), *fields])


def _type(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    entries = {entry.name: entry for entry in message.nested_type if entry.options.map_entry}
    if field.type == FieldDescriptorProto.TYPE_MESSAGE and _name(field.type_name) in entries:
        key, value = entries[_name(field.type_name)].field
        return f"map of {_type(key, message)} to {_type(value, message)}"
    if field.type_name.startswith(PACKAGE):
        name = _link(_name(field.type_name))
    else:
        name = _name(field.type_name) or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"{name}[]"
    if field.HasField("oneof_index") and not field.proto3_optional:
        return f"{name}, one of `{message.oneof_decl[field.oneof_index].name}`"
    return f"{name}{'?' if field.proto3_optional else ''}"


def _name(full_name: str) -> str:
    return full_name.rpartition(".")[2]


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _clean(comment: str) -> str:
    return "\n".join(line.removeprefix(" ").rstrip() for line in comment.strip("\n").splitlines()).strip()


def _in_cell(comment: str) -> str:
    paragraphs = [" ".join(paragraph.split()) for paragraph in comment.split("\n\n")]
    return "<br>".join(paragraphs).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
