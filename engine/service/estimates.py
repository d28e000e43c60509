"""What product and listing pages show: when one item could be there, or each of many, in slices between other work."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from belofte.v1 import promise_service_pb2

from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage
from engine.optimizer.scene import cut_for
from engine.promise.estimate import Estimate, EstimateRequest, estimate_delivery
from engine.service.decode import decode_estimate
from engine.service.desk import Call
from engine.service.encode import stamp
from engine.service.fields import begin_read, parse
from engine.service.plain_quotes import Moment, PlainPromises
from engine.service.quotes import SLICE_NS, moment

if TYPE_CHECKING:
    from engine.service.handlers import Handlers


@dataclass(slots=True)
class Listing:
    """A call between two slices: what is asked, and what is answered so far, a field of the answer an item."""

    request: promise_service_pb2.GetEstimatedDeliveryRequest
    asked: EstimateRequest
    items: list[int]
    answers: list[bytes | None]
    rest: bytes
    """All other fields of the answer."""

    def encoded(self) -> bytes:
        """The answer, where all of it is answered."""
        return b"".join(filter(None, self.answers)) + self.rest


def estimate(h: "Handlers", call: Call) -> bytes | None:
    """GetEstimatedDelivery: most items together, and those of which more is to be known one by one."""
    listing = call.found
    if not isinstance(listing, Listing):
        listing = begin_listing(call.message, h.image, h.promises(), h.stock, moment(h))
    until = h.clock.monotonic_ns() + SLICE_NS
    for n, answer in enumerate(listing.answers):
        if answer is None:
            listing.answers[n] = estimated_alone(h, call, listing, n, h.stock(""))
            if h.clock.monotonic_ns() >= until:
                break
    if None in listing.answers:
        h.decide_again(replace(call, found=listing))
        return None
    return listing.encoded()


def begin_listing(
    message: bytes, image: NetworkImage, promises: PlainPromises, stock_of: Callable[[str], LiveStock], now: Moment
) -> Listing:
    """What is asked, and what is known of it at once; `stock_of` has seen a position. Raises `Refusal`."""
    request = parse(promise_service_pb2.GetEstimatedDeliveryRequest, message)
    wrong = begin_read(request, image)
    asked, items = decode_estimate(request, image, now.minute, wrong)
    wrong.check()
    answers = promises.listings.answer(request, asked, items, stock_of(request.min_position))
    rest = promise_service_pb2.GetEstimatedDeliveryResponse(
        currency=image.network.currency, position=now.position, network_version=image.version, stale=now.stale
    )
    return Listing(request, asked, items, answers, rest.SerializeToString())


def estimated_alone(h: "Handlers", call: Call, listing: Listing, n: int, stock: LiveStock) -> bytes:
    """What is told of an item by the ordinary way."""
    image, item = h.image, listing.items[n]
    is_cut = cut_for(h.clock, call.deadline_unix_ms)
    found = estimate_delivery(image, stock, replace(listing.asked, item=item), h.limits.nodes_max, is_cut)
    estimates = [encode_estimate(each, image.location_ids) for each in found]
    if not listing.request.item_ids:
        return promise_service_pb2.GetEstimatedDeliveryResponse(estimates=estimates).SerializeToString()
    told = promise_service_pb2.ItemEstimates(item_id=image.item_ids[item], estimates=estimates)
    return promise_service_pb2.GetEstimatedDeliveryResponse(items=[told]).SerializeToString()


def encode_estimate(each: Estimate, location_ids: tuple[str, ...]) -> promise_service_pb2.DeliveryEstimate:
    """One way to have the item."""
    return promise_service_pb2.DeliveryEstimate(
        delivery_method=f"DELIVERY_METHOD_{each.method.name}", service_level=each.service_level,
        pickup_location_id=location_ids[each.pickup_location] if each.pickup_location >= 0 else "",
        delivery_earliest=stamp(each.earliest_minute), delivery_latest=stamp(each.latest_minute),
        order_by=stamp(each.order_by_minute), available_quantity=each.available,
    )  # fmt: skip
