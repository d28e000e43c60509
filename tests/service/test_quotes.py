"""Many baskets in one call, and what a listing page asks: each by itself, and no other call waits for all of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from belofte.v1 import inventory_service_pb2, promise_service_pb2, types_pb2

from engine.domain.ids import uuid7
from engine.domain.reasons import Reason, Refusal
from engine.service import estimates as estimates_of
from engine.service import handlers, quotes
from engine.service.desk import Call
from engine.service.handlers import METHODS, Handlers
from engine.service.plain_quotes import TOGETHER_MAX, PlainPromises
from tests.network.small_network import small_records
from tests.service.room import ADJUST, Room, running
from tests.service.test_plain_quotes import without_timings

PROMISES = "/belofte.v1.PromiseService/"
HOME = types_pb2.Destination(country_code="NL", postal_code="1012")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    network = small_records()
    network = replace(network, locations=tuple(replace(each, pickup=True) for each in network.locations))
    with running(Path(tmp_path_factory.mktemp("quotes")), network) as made:
        records = [
            types_pb2.InventoryRecord(item_id=item, location_id=place, quantity=units, kind=types_pb2.INVENTORY_KIND_ON_HAND)
            for item, place, units in (("bolt", "ams", 5), ("bolt", "ehv", 3), ("lamp", "ams", 2))
        ]
        request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=records)
        answer = made.ask(ADJUST, request.SerializeToString())
        told = inventory_service_pb2.AdjustInventoryResponse.FromString(answer)  # type: ignore[arg-type]
        assert told.accepted_count == 3, told
        yield made


def quote_request(item: str, quantity: int, **fields: object) -> promise_service_pb2.QuotePromiseRequest:
    line = types_pb2.BasketLine(line_id="1", item_id=item, quantity=quantity)
    return promise_service_pb2.QuotePromiseRequest(basket=types_pb2.Basket(lines=[line], destination=HOME), **fields)  # type: ignore[arg-type]


def batch(
    room: Room, *requests: promise_service_pb2.QuotePromiseRequest, **fields: object
) -> promise_service_pb2.BatchQuotePromisesResponse:
    asked = promise_service_pb2.BatchQuotePromisesRequest(requests=requests, **fields)  # type: ignore[arg-type]
    answer = room.ask(PROMISES + "BatchQuotePromises", asked.SerializeToString())
    assert isinstance(answer, bytes), answer
    return promise_service_pb2.BatchQuotePromisesResponse.FromString(answer)


def without_instants(answer: promise_service_pb2.QuotePromiseResponse) -> promise_service_pb2.QuotePromiseResponse:
    """Without what is another in the next minute, or at another speed."""
    for option in answer.options:
        assert option.quote_token
        option.ClearField("quote_token")
        option.ClearField("valid_until")
    return without_timings(answer)


def test_each_basket_is_answered_as_if_alone(room: Room) -> None:
    """None takes stock from another, and one that is wrong harms none of the others."""
    wanted = [quote_request("bolt", 5), quote_request("bolt", 5), quote_request("screw", 1), quote_request("bolt", 0)]
    told = batch(room, *wanted, quote_request("lamp", 9), quote_request("lamp", 1, min_position="1-1"))
    assert [result.index for result in told.results] == list(range(6))
    for request, result in zip(wanted[:2], told.results[:2], strict=True):
        alone = room.ask(PROMISES + "QuotePromise", request.SerializeToString())
        assert without_instants(result.response) == without_instants(
            promise_service_pb2.QuotePromiseResponse.FromString(alone)  # type: ignore[arg-type]
        )
    refusals = {result.index: result.refusal for result in told.results if result.HasField("refusal")}
    assert {index: refusal.reason for index, refusal in refusals.items()} == {
        2: Reason.UNKNOWN_ITEM.value, 3: Reason.INVALID_FIELD.value, 5: Reason.INVALID_FIELD.value,
    }  # fmt: skip
    assert [violation.field for violation in refusals[3].violations] == ["basket.lines[0].quantity"]
    assert [violation.field for violation in refusals[5].violations] == ["min_position"]
    assert told.results[4].response.unavailable[0].short_quantity == 7
    assert told.position == told.results[0].response.position


@pytest.mark.parametrize("count", [0, quotes.REQUESTS_MAX + 1])
def test_a_batch_has_so_many_baskets(room: Room, count: int) -> None:
    asked = promise_service_pb2.BatchQuotePromisesRequest(requests=[quote_request("bolt", 1)] * count)
    refusal = room.ask(PROMISES + "BatchQuotePromises", asked.SerializeToString())
    assert isinstance(refusal, Refusal) and [each.field for each in refusal.violations] == ["requests"]


def test_others_have_their_turn_between_two_slices(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote that comes together with a batch of many is answered before it."""
    monkeypatch.setattr(quotes, "SLICE_NS", 1)
    answered: list[str] = []

    def noting(name: str) -> Any:
        method = METHODS[PROMISES + name]

        def handle(h: Handlers, call: Call) -> Any:
            found = method.handle(h, call)
            if found is not None:
                answered.append(name)
            return found

        return replace(method, handle=handle)

    methods = {**METHODS, **{PROMISES + name: noting(name) for name in ("BatchQuotePromises", "QuotePromise")}}
    monkeypatch.setattr(handlers, "METHODS", methods)
    many = promise_service_pb2.BatchQuotePromisesRequest(requests=[quote_request("bolt", 1)] * 2 * TOGETHER_MAX)
    one = quote_request("lamp", 1, explain=types_pb2.EXPLAIN_LEVEL_CANDIDATES)
    both = [(PROMISES + "BatchQuotePromises", many.SerializeToString()), (PROMISES + "QuotePromise", one.SerializeToString())]
    assert all(isinstance(each, bytes) for each in room.ask_all(both))
    assert answered == ["QuotePromise", "BatchQuotePromises"]


def test_quotes_of_a_batch_that_go_the_ordinary_way_are_a_slice_each(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long each of them takes, others wait for one of them and no more."""
    monkeypatch.setattr(quotes, "SLICE_NS", 1)
    slices: list[int] = []
    taken = quotes.plain_of_batch

    def noting(h: Handlers, batch: quotes.Batch, call: Call) -> list[bytes | None]:
        slices.append(len(batch.results))
        return taken(h, batch, call)

    monkeypatch.setattr(quotes, "plain_of_batch", noting)
    told = batch(room, *[quote_request("bolt", 1, explain=types_pb2.EXPLAIN_LEVEL_CANDIDATES)] * 4, quote_request("bolt", 1))
    assert [result.index for result in told.results] == list(range(5))
    assert all(result.response.options for result in told.results) and slices == [0, 1, 2, 3, 4]


def test_a_fault_of_the_short_way_is_nobodys_but_its_own(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes then go the ordinary way, and the engine goes on."""
    asked = quote_request("bolt", 1).SerializeToString()
    before = room.ask(PROMISES + "QuotePromise", asked)

    def failing(*asked: object) -> list[bytes | None]:
        raise ValueError("as a position that is none")

    monkeypatch.setattr(PlainPromises, "answer", failing)
    after = room.ask(PROMISES + "QuotePromise", asked)
    told = [promise_service_pb2.QuotePromiseResponse.FromString(each) for each in (before, after)]  # type: ignore[arg-type]
    assert without_instants(told[0]) == without_instants(told[1])


def estimates(room: Room, **fields: object) -> promise_service_pb2.GetEstimatedDeliveryResponse:
    asked = promise_service_pb2.GetEstimatedDeliveryRequest(**{"item_id": "bolt", "destination": HOME} | fields)  # type: ignore[arg-type]
    answer = room.ask(PROMISES + "GetEstimatedDelivery", asked.SerializeToString())
    assert isinstance(answer, bytes), answer
    return promise_service_pb2.GetEstimatedDeliveryResponse.FromString(answer)


def test_an_estimate_is_the_soonest_that_a_quote_shows(room: Room) -> None:
    """By service level, with what could be had by then; nothing where there is not enough."""
    told = estimates(room, quantity=2)
    assert told.currency == "EUR" and told.position and not told.stale
    shipped = [each for each in told.estimates if each.delivery_method == types_pb2.DELIVERY_METHOD_SHIP]
    assert shipped and [each.delivery_latest.seconds for each in shipped] == sorted(e.delivery_latest.seconds for e in shipped)
    answer = room.ask(PROMISES + "QuotePromise", quote_request("bolt", 2).SerializeToString())
    quote = promise_service_pb2.QuotePromiseResponse.FromString(answer)  # type: ignore[arg-type]
    assert shipped[0].delivery_latest == quote.frontier[0].delivery_latest
    assert all(each.available_quantity >= 2 and each.order_by.seconds > 0 for each in shipped)
    assert not estimates(room, quantity=900).estimates


def test_an_estimate_names_what_is_wrong(room: Room) -> None:
    asked = promise_service_pb2.GetEstimatedDeliveryRequest(
        item_id="bolt", quantity=-1, service_levels=["TELEPORT"], delivery_methods=[types_pb2.DELIVERY_METHOD_PICKUP]
    )
    refusal = room.ask(PROMISES + "GetEstimatedDelivery", asked.SerializeToString())
    assert isinstance(refusal, Refusal)
    assert {each.field for each in refusal.violations} == {"quantity", "service_levels[0]", "pickup_location_ids"}
    nowhere = [types_pb2.DELIVERY_METHOD_SHIP_TO_STORE]
    asked = promise_service_pb2.GetEstimatedDeliveryRequest(item_id="bolt", delivery_methods=nowhere)
    refusal = room.ask(PROMISES + "GetEstimatedDelivery", asked.SerializeToString())
    assert isinstance(refusal, Refusal) and refusal.reason is Reason.INVALID_FIELD


def test_a_listing_estimates_each_of_its_items(room: Room) -> None:
    """Collected too, which goes the ordinary way; and in slices, so that no other call waits for all of it."""
    both = estimates(room, item_id="", item_ids=["lamp", "bolt", "lamp"], quantity=2)
    assert [each.item_id for each in both.items] == ["lamp", "bolt", "lamp"] and not both.estimates
    assert both.currency == "EUR" and both.position and both.network_version and not both.stale
    for each in both.items:
        assert list(each.estimates) == list(estimates(room, item_id=each.item_id, quantity=2).estimates)
    collected = estimates(room, item_id="", item_ids=["lamp", "bolt"], pickup_location_ids=["ehv"])
    ways = [way.delivery_method for way in collected.items[1].estimates]
    assert types_pb2.DELIVERY_METHOD_PICKUP in ways and types_pb2.DELIVERY_METHOD_SHIP in ways


def test_others_have_their_turn_between_two_slices_of_a_listing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates_of, "SLICE_NS", 1)
    slices: list[int] = []
    taken = estimates_of.Listing.take_plain

    def noting(listing: estimates_of.Listing, *rest: Any) -> list[bytes | None]:
        slices.append(len(listing.answers))
        return taken(listing, *rest)

    monkeypatch.setattr(estimates_of.Listing, "take_plain", noting)
    ids = ["lamp", "bolt"] * TOGETHER_MAX
    told = estimates(room, item_id="", item_ids=ids, quantity=2)
    assert [each.item_id for each in told.items] == ids and slices == [0, TOGETHER_MAX]
    # Collected, each goes the ordinary way, and has a slice of its own.
    slices.clear()
    told = estimates(room, item_id="", item_ids=ids[:5], pickup_location_ids=["ehv"])
    assert [each.item_id for each in told.items] == ids[:5] and slices == [0, 1, 2, 3, 4]


def test_a_listing_is_of_the_stock_of_this_moment(room: Room) -> None:
    """Nothing is kept from one call to the next: what was taken meanwhile is gone."""
    assert not estimates(room, item_id="", item_ids=["lamp"], quantity=7).items[0].estimates
    record = types_pb2.InventoryRecord(
        item_id="lamp", location_id="ams", quantity=7, kind=types_pb2.INVENTORY_KIND_ON_HAND
    )  # fmt: skip
    request = inventory_service_pb2.AdjustInventoryRequest(request_id=uuid7(), records=[record])
    room.ask(ADJUST, request.SerializeToString())
    after = estimates(room, item_id="", item_ids=["lamp"], quantity=7)
    assert {way.available_quantity for way in after.items[0].estimates} == {7}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"item_id": "bolt", "item_ids": ["lamp"]}, "item_id"),
        ({"item_id": "", "item_ids": ["lamp", "nothing"]}, "item_ids[1]"),
        ({"item_id": "", "item_ids": ["lamp"] * 1_001}, "item_ids"),
    ],
)  # fmt: skip
def test_a_listing_names_what_is_wrong(room: Room, fields: dict[str, Any], wrong: str) -> None:
    asked = promise_service_pb2.GetEstimatedDeliveryRequest(destination=HOME, **fields)
    refusal = room.ask(PROMISES + "GetEstimatedDelivery", asked.SerializeToString())
    assert isinstance(refusal, Refusal) and [each.field for each in refusal.violations] == [wrong]
