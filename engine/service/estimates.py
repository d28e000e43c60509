"""What product and listing pages show: when one item could be there, or each of many, in slices between other work."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from belofte.v1 import promise_service_pb2

from engine.domain.basket import DeliveryMethod
from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage
from engine.optimizer.scene import build_tables, cut_for
from engine.promise.estimate import Estimate, EstimateRequest, estimate_delivery
from engine.service.decode import decode_estimate
from engine.service.desk import Call
from engine.service.encode import stamp
from engine.service.fields import begin_read, parse
from engine.service.plain_quotes import TOGETHER_MAX, Moment, PlainPromises
from engine.service.quotes import SLICE_NS, moment

if TYPE_CHECKING:
    from engine.service.handlers import Handlers


@dataclass(slots=True)
class Listing:
    """A call between two slices: what is asked of which network, and what is answered so far, a field of the answer an item."""

    image: NetworkImage
    request: promise_service_pb2.GetEstimatedDeliveryRequest
    asked: EstimateRequest
    items: list[int]
    rest: bytes
    """All other fields of the answer."""
    answers: list[bytes] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether all of it is answered."""
        return len(self.answers) == len(self.items)

    def take_plain(self, promises: PlainPromises, stock: LiveStock) -> list[bytes | None]:
        """The answers to the next items, many at a time; None: by the ordinary way."""
        first = len(self.answers)
        items = self.items[first : first + TOGETHER_MAX]
        return promises.listings.answer(self.request, self.asked, items, stock.still(np.array(items, np.int64)))

    def encoded(self) -> bytes:
        """The answer, where all of it is answered."""
        return b"".join(self.answers) + self.rest


def estimate(h: "Handlers", call: Call) -> bytes | None:
    """GetEstimatedDelivery: most items together, and those of which more is to be known one by one."""
    listing = call.found
    if not isinstance(listing, Listing) or listing.image is not h.image:
        # Items of a network mean nothing in another one.
        listing = begin_listing(call.message, h.image, moment(h))
    stock, until = h.stock(listing.request.min_position), h.clock.monotonic_ns() + SLICE_NS
    while True:
        for answer in listing.take_plain(h.promises(), stock):
            listing.answers.append(estimated_alone(h, call, listing, stock) if answer is None else answer)
            if answer is None and h.clock.monotonic_ns() >= until:
                break
        if listing.is_done:
            return listing.encoded()
        if h.clock.monotonic_ns() >= until:
            h.decide_again(replace(call, found=listing))
            return None


def begin_listing(message: bytes, image: NetworkImage, now: Moment) -> Listing:
    """What is asked. Raises `Refusal`."""
    request = parse(promise_service_pb2.GetEstimatedDeliveryRequest, message)
    wrong = begin_read(request, image)
    asked, items = decode_estimate(request, image, now.minute, wrong)
    wrong.check()
    rest = promise_service_pb2.GetEstimatedDeliveryResponse(
        currency=image.network.currency, position=now.position, network_version=image.version, stale=now.stale,
        nearest_postal_code=nearest_code(image, asked),
    )  # fmt: skip
    return Listing(image, request, asked, items, rest.SerializeToString())


def nearest_code(image: NetworkImage, asked: EstimateRequest) -> str:
    """The postal code that an estimate is for where the network does not know its own; empty: it does."""
    where = asked.destination
    if where is None or where.latitude is not None or image.locate(where.country_code, where.postal_code) is not None:
        return ""
    found = image.locate_nearest(where.country_code, where.postal_code)
    return found.postal_code if found is not None else ""


def estimated_alone(h: "Handlers", call: Call, listing: Listing, stock: LiveStock) -> bytes:
    """What is told of the next item by the ordinary way."""
    image, item = listing.image, listing.items[len(listing.answers)]
    build_tables(image, listing.asked.request_minute, listing.asked.destination)
    is_cut = cut_for(h.clock, call.deadline_unix_ms)
    stock = stock.still(np.array([item], np.int64))
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
        order_by=None if each.method is DeliveryMethod.DIGITAL else stamp(each.order_by_minute), fee_micros=each.fee_micros,
        available_quantity=each.available,
    )  # fmt: skip
