"""The network folder is read again while calls are served: swapped in one step, or not at all."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from belofte.v1 import network_service_pb2, types_pb2

from engine.domain.ids import uuid7
from tests.acceptance.asking import (
    CALL_SECONDS_MAX,
    basket,
    lines,
    order_of,
    put,
    quote,
    refusal,
    shipped,
    source,
    stock_of,
    stocked,
)
from tests.acceptance.server import Server, wait_for


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Server]:
    """A server whose folder may be changed."""
    with Server(tmp_path) as server:
        yield server


def edit(server: Server, file: str, before: str, after: str) -> None:
    path = server.folder / "network" / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


def reload(server: Server, request_id: str = "") -> network_service_pb2.ReloadNetworkResponse:
    request = network_service_pb2.ReloadNetworkRequest(request_id=request_id or uuid7())
    return server.network.ReloadNetwork(request, timeout=CALL_SECONDS_MAX)


def network_of(server: Server) -> network_service_pb2.Network:
    """Waits for an engine that is being started again."""
    request = network_service_pb2.GetNetworkRequest()
    return server.network.GetNetwork(request, timeout=60.0, wait_for_ready=True).network


def test_a_reload_swaps_in_one_step_and_is_recorded(edited: Server) -> None:
    item = stocked(edited, A=5, B=7)
    order = source(edited, (item, 3))
    before = network_of(edited)
    # A stands aside, C and a new item come in.
    edit(edited, "locations.csv", "A,DC,NL,1012,,,,,,,", "A,DC,NL,1012,,,,,,DISABLED,\nC,DC,NL,1012,,,,,,,")
    edit(edited, "items.csv", "kept,100", "novelty,100,,,\nkept,100")
    assert stock_of(edited, item).available == 9
    faults: list[Exception] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                assert quote(edited, basket(lines((item, 2)))).options
            except Exception as error:
                faults.append(error)
                return

    asking = threading.Thread(target=ask)
    asking.start()
    request_id = uuid7()
    answer = reload(edited, request_id)
    done.set()
    asking.join()
    assert not faults
    after = network_of(edited)
    assert answer.network == after
    assert (after.version, after.location_count, after.item_count) == (
        before.version + 1, before.location_count + 1, before.item_count + 1
    )  # fmt: skip
    assert after.network_version != before.network_version
    # Stock is where it was, but for A's, which may not be promised; the order keeps what it has.
    assert stock_of(edited, item).on_hand == 12
    assert order_of(edited, order.order_id).plan == order.plan
    put(edited, "novelty", {"C": 4})
    assert shipped(source(edited, ("novelty", 4)).plan) == {"C": {"1": 4}}
    again = reload(edited, request_id)
    assert again.duplicate and (again.position, again.network) == (answer.position, answer.network)
    assert network_of(edited).version == after.version


def test_prices_of_inventory_take_effect_with_a_reload(edited: Server) -> None:
    """Where a sale would be lost without it, a unit stays; the plan shows what it costs to take it from where it is not."""
    item = stocked(edited, A=5, B=5)
    assert shipped(source(edited, (item, 1)).plan) == {"A": {"1": 1}}
    prices = edited.folder / "network" / "inventory_prices.csv"
    prices.write_text(f"item_id,location_id,stock_out_micros,markdown_micros\n{item},A,2000000,900000\n{item},B,,600000\n")
    before = network_of(edited)
    assert reload(edited).network.network_version != before.network_version
    plan = source(edited, (item, 2)).plan
    assert shipped(plan) == {"B": {"1": 2}}
    costs = {term.term: (term.raw_micros, term.weighted_micros) for term in plan.cost.terms}
    assert (costs["markdown"], "stock_out" in costs) == ((600_000, 600_000), False)
    # An engine that is started again goes on with these prices.
    killed = edited.kill_child("engine")
    wait_for(lambda: (child := edited.child("engine")) is not None and child.pid != killed.pid, 60.0)
    assert network_of(edited).network_version != before.network_version
    assert shipped(source(edited, (item, 1)).plan) == {"B": {"1": 1}}


def test_a_folder_with_errors_leaves_the_network_as_it_was(edited: Server) -> None:
    item = stocked(edited, A=5)
    before = network_of(edited)
    edit(edited, "locations.csv", "B,DC,NL,1012", "B,DC,NL,postal code")
    edit(edited, "items.csv", "kept,100", "kept,heavy")
    error = refusal(lambda: reload(edited))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "INVALID_NETWORK")
    assert [field.split(":")[0] for field in error.fields] == ["locations.csv", "items.csv"]
    assert network_of(edited) == before
    assert quote(edited, basket(lines((item, 5)))).options
    # An engine that is started again goes on with what was in force, and not with a folder that is being edited.
    killed = edited.kill_child("engine")
    wait_for(lambda: (child := edited.child("engine")) is not None and child.pid != killed.pid, 60.0)
    assert network_of(edited).network_version == before.network_version
    assert source(edited, (item, 5)).state == types_pb2.ORDER_STATE_SOURCED


def test_another_network_is_not_taken_over(edited: Server) -> None:
    edit(edited, "network.toml", 'name = "acceptance"', 'name = "another"')
    error = refusal(lambda: reload(edited))
    assert (error.code, error.reason, error.fields) == ("FAILED_PRECONDITION", "INVALID_NETWORK", ("network.toml",))


def test_a_reload_needs_an_id_of_its_own(edited: Server) -> None:
    error = refusal(lambda: edited.network.ReloadNetwork(network_service_pb2.ReloadNetworkRequest()))
    assert (error.code, error.fields) == ("INVALID_ARGUMENT", ("request_id",))


def test_a_repeated_reload_takes_over_what_was_recorded_while_the_folder_says_so(edited: Server) -> None:
    """The first call may have ended before the swap, or have come to another engine."""
    plain, more = "kept,100", "novelty,100,,,\nkept,100"
    before = network_of(edited)
    edit(edited, "items.csv", plain, more)
    request_id = uuid7()
    first = reload(edited, request_id)
    edit(edited, "items.csv", more, plain)
    assert reload(edited).network.network_version == before.network_version
    # The folder says something else: the answer is the recorded one, and nothing is taken over.
    again = reload(edited, request_id)
    assert (again.duplicate, again.network) == (True, first.network)
    assert network_of(edited).network_version == before.network_version
    edit(edited, "items.csv", plain, "kept,heavy")
    assert reload(edited, request_id).network == first.network
    edit(edited, "items.csv", "kept,heavy", more)
    again = reload(edited, request_id)
    assert (again.duplicate, again.position, again.network) == (True, first.position, first.network)
    assert network_of(edited).network_version == first.network.network_version


def test_a_folder_is_checked_and_nothing_is_changed(edited: Server) -> None:
    """All that ReloadNetwork would say of it, as findings; and the version that it would then be."""

    def check() -> network_service_pb2.ValidateNetworkResponse:
        return edited.network.ValidateNetwork(network_service_pb2.ValidateNetworkRequest(), timeout=CALL_SECONDS_MAX)

    before = network_of(edited)
    found = check()
    assert found.valid and found.network_version == before.network_version and found.position
    assert all(each.severity == network_service_pb2.FINDING_SEVERITY_WARNING for each in found.findings)
    edit(edited, "locations.csv", "A,DC,NL,1012,,,,,,,", "A,DX,NL,1012,,,,,,,")
    edit(edited, "policy.toml", "split_micros", "split_micro")
    found = check()
    assert not found.valid and not found.network_version
    told = [(each.file, each.row, each.column, each.reason, each.suggestion) for each in found.findings]
    assert told == [
        ("policy.toml", 0, "policy.cost.split_micro", "UNKNOWN_COLUMN", "split_micros"),
        ("locations.csv", 2, "kind", "MALFORMED", "DC"),
    ]
    assert {each.severity for each in found.findings} == {network_service_pb2.FINDING_SEVERITY_ERROR}
    edit(edited, "policy.toml", "split_micro ", "split_micros ")
    edit(edited, "locations.csv", "A,DX,NL", "A,DC,NL")
    edit(edited, "network.toml", "acceptance", "elsewhere")
    (finding,) = [each for each in check().findings if each.severity == network_service_pb2.FINDING_SEVERITY_ERROR]
    assert finding.file == "network.toml"
    assert network_of(edited) == before


def test_a_reload_of_another_version_is_refused(edited: Server) -> None:
    version = network_of(edited).version
    request = network_service_pb2.ReloadNetworkRequest(request_id=uuid7(), expected_version=version + 1)
    error = refusal(lambda: edited.network.ReloadNetwork(request, timeout=CALL_SECONDS_MAX))
    assert (error.code, error.fields) == ("FAILED_PRECONDITION", ("expected_version",))
    request = network_service_pb2.ReloadNetworkRequest(request_id=uuid7(), expected_version=version)
    assert edited.network.ReloadNetwork(request, timeout=CALL_SECONDS_MAX).network.version == version + 1
