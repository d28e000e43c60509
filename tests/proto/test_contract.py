"""The contract is the only thing that outside programs are written against: its names, numbers and comments are fixed here."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc_tools
import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

PROTO = Path(__file__).parents[2] / "proto"
UNIMPLEMENTED = "Answers UNIMPLEMENTED in this version."
SERVICES = {
    "PromiseService": "QuotePromise BatchQuotePromises GetEstimatedDelivery",
    "SourcingService": "SourceOrder BatchSourceOrders RerouteOrders SimulateSourcing ExplainPlan ListCandidateLocations"
    " ReassignShipment GetRequest CancelRequest",
    "ReservationService": "CreateReservation ExtendReservation ConfirmReservation ReleaseReservation GetReservation"
    " ListReservations TransferReservation",
    "InventoryService": "AdjustInventory SyncInventory GetAvailability WatchAvailability",
    "OrderService": "GetOrder ListOrders ListOrderEvents WatchEvents HoldOrder ReleaseOrder ChangeOrder CancelOrder"
    " AcceptShipment DeclineShipmentLines ShipShipment MarkReadyForPickup CollectShipment DeliverShipment CreateReturn"
    " ReceiveReturn RefundReturn",
    "NetworkService": "GetNetwork ReloadNetwork SetLocationStatus SetCapacity GetCapacity ValidateNetwork",
}
STREAMS = {  # method: (the client streams, the server streams)
    "RerouteOrders": (False, True),
    "SimulateSourcing": (False, True),
    "SyncInventory": (True, False),
    "WatchAvailability": (False, True),
    "WatchEvents": (False, True),
}
NEW_RECORD_WRITES = {
    *("BatchSourceOrders", "RerouteOrders", "CancelRequest", "CreateReservation", "AdjustInventory", "SyncInventory")
}
EXISTING_RECORD_WRITES = {
    *("SourceOrder", "ReassignShipment"),
    *("ExtendReservation", "ConfirmReservation", "ReleaseReservation", "TransferReservation"),
    *("HoldOrder", "ReleaseOrder", "ChangeOrder", "CancelOrder", "AcceptShipment", "DeclineShipmentLines", "ShipShipment"),
    *("MarkReadyForPickup", "CollectShipment", "DeliverShipment", "CreateReturn", "ReceiveReturn", "RefundReturn"),
    *("ReloadNetwork", "SetLocationStatus", "SetCapacity"),
}
FIXED_FIELDS = {
    "QuotePromiseRequest": "network_id min_position basket max_options explain",
    "Basket": "lines destination channel segment customer_id customer_class currency request_time constraints policy_id"
    " scenario_id",
    "BasketLine": "line_id item_id quantity unit_price_micros delivery_method pickup_location_id service_level earliest_date"
    " latest_date ship_complete fill_or_kill allow_backorder allow_substitutes substitute_item_ids min_split_quantity"
    " max_splits ship_set arrival_set kit_parent_line_id kit_ratio gift_wrap tags allowed_location_ids"
    " excluded_location_ids preassigned_location_id preferred_carrier_service_ids",
    "Constraints": "max_locations max_locations_per_line max_distance_meters no_split_below_micros ship_complete international",
    "IntegerConstraint": "value penalty_micros",
    "FlagConstraint": "value penalty_micros",
    "Destination": "country_code postal_code latitude longitude address_type",
    "QuotePromiseResponse": "options frontier unavailable position network_version stale",
    "FrontierPoint": "delivery_latest cost_micros",
    "PromiseOption": "rank plan delivery_earliest delivery_latest order_by cost_micros fee_micros co2_grams summary"
    " quote_token valid_until",
    "Plan": "shipments short_lines cost certificate",
    "Shipment": "shipment_id version state location_id route via_location_id carrier_service_id lines packages"
    " tracking_number tracking_url pick_by handover_by ship_by delivery_earliest delivery_latest weight_grams"
    " distance_meters cost fee_micros co2_grams",
    "ShipmentLine": "line_id item_id quantity receipt_id pool",
    "CostBreakdown": "total_micros terms",
    "CostTerm": "term raw_micros weight weighted_micros",
    "Certificate": "status objective_micros lower_bound_micros gap candidates nodes cut_by_deadline solve_micros",
    "SourceOrderRequest": "network_id min_position request_id order mode incumbent_plan quote_token reservation_id explain",
    "Order": "order_id version basket promise priority value_micros hold_reason",
    "Promise": "delivery_earliest delivery_latest",
    "SourceOrderResponse": "order_id state plan attempts position duplicate",
    "Reservation": "reservation_id version lines state expires_at plan",
    "GetAvailabilityRequest": "item_ids location_ids segment channel scenario_id by_date group_by",
    "Availability": "item_id location_id pool on_hand reserved allocated safety_stock available windows position",
    "AvailabilityWindow": "from to quantity",
    "InventoryRecord": "item_id location_id quantity kind receipt_id available_at pool order_id shipment_id lot condition"
    " expires_at source sequence as_of",
}
FIXED_VALUES = {
    "DeliveryMethod": "SHIP PICKUP SHIP_TO_STORE DIGITAL",
    "CertificateStatus": "OPTIMAL BOUNDED INFEASIBLE",
    "SourceMode": "COMMIT PREVIEW SHADOW",
    "RequestStatus": "RECORDED PENDING UNKNOWN",
    "ReservationState": "ACTIVE CONFIRMED RELEASED EXPIRED",
    "GroupBy": "LOCATION NETWORK",
    "InventoryKind": "ON_HAND COUNT INBOUND ADJUST RECEIVED SHIPPED",
}
LEDGER_NUMBERS = {  # entries outlive every version of the program, so their numbers may never move
    "LedgerEntry": "request_id method request_digest order_id positions capacities request response network_version policy_id"
    " decided_unix_ms events texts reservations order position_columns pegs moves risks order_capacities returns"
    " decision=30 undoes=31 basis=40 in_vain=41",
    "HoldDecision": "hold_id part_ids created_id",
    "DecisionBasis": "position engine place start_minute prices_position",
    "ShownInVain": "position place positions capacities",
    "PositionEffect": "item_id location_id receipt_id pool supply_delta demand_delta available_at_minute",
    "PositionColumns": "row_count item_ids location_ids receipt_ids pools item_indexes location_indexes receipt_indexes"
    " pool_indexes supply_deltas demand_deltas dated_rows available_at_minutes",
    "CapacityEffect": "location_id day quantity_delta",
    "TextEffect": "table item_id field text",
    "PegEffect": "order_id item_id location_id receipt_id pool quantity_delta",
    "ReceiptMove": "item_id location_id receipt_id pool quantity",
    "ReceiptRisk": "item_id location_id receipt_id pool left_quantity event",
}
FRACTIONS = {"latitude", "longitude", "weight", "gap", "target_gap"}
WHOLE = (FieldDescriptorProto.TYPE_INT64, FieldDescriptorProto.TYPE_SINT64)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[FileDescriptorProto]:
    """Every file of the contract, with its comments."""
    out = tmp_path_factory.mktemp("contract") / "contract.binpb"
    includes = [f"--proto_path={PROTO}", f"--proto_path={Path(grpc_tools.__file__).parent / '_proto'}"]
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("belofte/v1/*.proto"))
    options = ["--include_source_info", f"--descriptor_set_out={out}"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *includes, *options, *sources], check=True)
    return list(FileDescriptorSet.FromString(out.read_bytes()).file)


@pytest.fixture(scope="module")
def messages(files: list[FileDescriptorProto]) -> dict[str, DescriptorProto]:
    return {message.name: message for file in files for message in file.message_type}


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, folder / "generate.py", "--check"], capture_output=True, text=True)


def test_generated_modules_are_up_to_date() -> None:
    done = check(PROTO)
    assert (done.returncode, done.stderr) == (0, "")


def test_check_names_changed_missing_and_orphaned_modules(tmp_path: Path) -> None:
    folder = tmp_path / "proto"
    shutil.copytree(PROTO, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "belofte/v1/types_pb2.py").open("a") as module:
        module.write("\n")
    (folder / "belofte/v1/order_service_pb2.pyi").unlink()
    (folder / "belofte/v1/gone_pb2_grpc.py").write_text("")
    stale = ["gone_pb2_grpc.py", "order_service_pb2.pyi", "types_pb2.py"]
    done = check(folder)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"proto/belofte/v1/{name} is stale" for name in stale] + ["run make proto"]
    assert not (folder / "belofte/v1/order_service_pb2.pyi").exists()


def test_services_and_methods_are_those_of_the_contract(files: list[FileDescriptorProto]) -> None:
    actual = {service.name: [method.name for method in service.method] for file in files for service in file.service}
    assert actual == {service: methods.split() for service, methods in SERVICES.items()}


def test_methods_stream_where_the_contract_says_so(files: list[FileDescriptorProto]) -> None:
    for method in (method for file in files for service in file.service for method in service.method):
        assert (method.client_streaming, method.server_streaming) == STREAMS.get(method.name, (False, False)), method.name
        types = (f".belofte.v1.{method.name}Request", f".belofte.v1.{method.name}Response")
        assert (method.input_type, method.output_type) == types


def test_every_request_begins_with_the_envelope(messages: dict[str, DescriptorProto]) -> None:
    """A proxy can read the envelope of any request without knowing its method: same names, types and numbers."""
    text, whole = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_INT64
    for name in " ".join(SERVICES.values()).split():
        expected = {("network_id", 1, text, False), ("min_position", 2, text, False)}
        if name in NEW_RECORD_WRITES | EXISTING_RECORD_WRITES:
            expected.add(("request_id", 3, text, False))
        if name in EXISTING_RECORD_WRITES:
            expected.add(("expected_version", 4, whole, True))
        fields = messages[name + "Request"].field
        assert {(f.name, f.number, f.type, f.proto3_optional) for f in fields if f.number < 5} == expected, name


def test_fixed_fields_are_there(messages: dict[str, DescriptorProto]) -> None:
    for name, fixed in FIXED_FIELDS.items():
        assert set(fixed.split()) - {field.name for field in messages[name].field} == set(), name


def test_fixed_enum_values_are_there(files: list[FileDescriptorProto]) -> None:
    enums = {enum.name: [value.name for value in enum.value] for file in files for enum in file.enum_type}
    for name, fixed in FIXED_VALUES.items():
        prefix = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name).lstrip("_")
        assert enums[name] == [f"{prefix}_{value}" for value in ["UNSPECIFIED", *fixed.split()]]


def test_ledger_entries_keep_their_numbers(messages: dict[str, DescriptorProto]) -> None:
    for name, fields in LEDGER_NUMBERS.items():
        numbers = {}
        for number, field in enumerate(fields.split(), 1):
            word, _, own = field.partition("=")
            numbers[word] = int(own or number)
        assert {field.name: field.number for field in messages[name].field} == numbers


def test_quantities_and_money_are_whole_numbers(messages: dict[str, DescriptorProto]) -> None:
    units = ("_micros", "quantity", "_grams", "_meters", "_mm", "_delta")
    for message in messages.values():
        for field in message.field:
            if field.name.endswith(units):
                is_constraint = field.type_name.endswith(".IntegerConstraint")
                assert is_constraint or field.type in WHOLE, f"{message.name}.{field.name}"
            if field.type in (FieldDescriptorProto.TYPE_DOUBLE, FieldDescriptorProto.TYPE_FLOAT):
                assert field.name in FRACTIONS, f"{message.name}.{field.name}"


def test_everything_has_a_comment(files: list[FileDescriptorProto]) -> None:
    for file in files:
        comments = leading_comments(file)
        assert [name for path, name in elements(file) if not comments.get(path, "").strip()] == [], file.name


def test_no_method_is_left_to_be_built(files: list[FileDescriptorProto]) -> None:
    for file in files:
        comments = leading_comments(file)
        for s, service in enumerate(file.service):
            for m, method in enumerate(service.method):
                assert UNIMPLEMENTED not in " ".join(comments[6, s, 2, m].split()), method.name


def leading_comments(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    """Comment before each element, by its path of field numbers and indexes in descriptor.proto."""
    return {tuple(location.path): location.leading_comments for location in file.source_code_info.location}


def elements(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    """Path and name of every message, field, oneof, enum, value, service and method; numbers as in descriptor.proto."""
    for i, message in enumerate(file.message_type):
        yield (4, i), message.name
        yield from (((4, i, 2, j), f"{message.name}.{field.name}") for j, field in enumerate(message.field))
        oneofs = [oneof.name for oneof in message.oneof_decl if not oneof.name.startswith("_")]  # "_…": of `optional`
        yield from (((4, i, 8, j), f"{message.name}.{name}") for j, name in enumerate(oneofs))
    for i, enum in enumerate(file.enum_type):
        yield (5, i), enum.name
        yield from (((5, i, 2, j), value.name) for j, value in enumerate(enum.value))
    for i, service in enumerate(file.service):
        yield (6, i), service.name
        yield from (((6, i, 2, j), method.name) for j, method in enumerate(service.method))
